/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog_load.c - BPF_PROG_LOAD: attributes are checked in the kernel's order, then the instructions.
 *
 * Loaders learn what a kernel can do by loading a few instructions of a type that nobody emulates.
 * Such programs (short, without a name of their own, without BTF) are taken, but hold no machine
 * program: they cannot be run or attached.
 */
#include "emu/arena.h"
#include "emu/btf.h"
#include "emu/map.h"
#include "emu/prog_priv.h"
#include "emu/user.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_INSNS   8u
#define LICENSE_BYTES 128u
/*
 * The flags of Linux 6.1; BPF_F_XDP_DEV_BOUND_ONLY, which without a device (prog_ifindex) says
 * nothing; and BPF_F_TEST_REG_INVARIANTS, a wish to the verifier, as most of them.
 */
#define LOAD_FLAGS                                                                                 \
	(BPF_F_STRICT_ALIGNMENT | BPF_F_ANY_ALIGNMENT | BPF_F_TEST_RND_HI32 |                      \
	 BPF_F_TEST_STATE_FREQ | BPF_F_SLEEPABLE | BPF_F_XDP_HAS_FRAGS | 1u << 6 | 1u << 7)

/* cf. include/linux/license.h: license_is_gpl_compatible */
static bool
is_gpl_compatible(const char *license)
{
	static const char *const compatible[] = {
		"GPL",          "GPL v2",       "GPL and additional rights",
		"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(compatible); i++)
		if (strcmp(license, compatible[i]) == 0)
			return true;
	return false;
}

/* Letters, digits, '_' and '.', and a zero within the bytes there are (cf. bpf_obj_name_cpy). */
static bool
name_is_valid(const char *name, size_t bytes)
{
	size_t len = strnlen(name, bytes);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '.')
			return false;
	return len < bytes;
}

/* A loader's question and not a program. */
static bool
is_probe(const union bpf_attr *attr)
{
	return attr->insn_cnt <= PROBE_INSNS && attr->func_info_cnt == 0 &&
	       attr->line_info_cnt == 0 &&
	       (attr->prog_name[0] == '\0' || strcmp(attr->prog_name, "libbpf_nametest") == 0);
}

/* The program that attach_prog_fd names; 0 and NULL for none (cf. bpf_prog_load_check_attach). */
static int
find_attach_prog(struct xb_emu *emu, const union bpf_attr *attr, struct xb_bpf_prog **prog)
{
	bool may_attach =
	        attr->prog_type == BPF_PROG_TYPE_TRACING || attr->prog_type == BPF_PROG_TYPE_EXT ||
	        attr->prog_type == BPF_PROG_TYPE_LSM || attr->prog_type == BPF_PROG_TYPE_STRUCT_OPS;
	struct xb_obj *obj;

	*prog = NULL;
	if (attr->attach_btf_id && !may_attach)
		return -EINVAL;
	if (attr->attach_prog_fd == 0)
		return 0;
	if (!may_attach || xb_obj_by_fd(emu, (int)attr->attach_prog_fd, XB_OBJ_PROG, &obj))
		return -EINVAL;
	*prog = XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj);
	return 0;
}

/* What can be said of the attributes before any memory is spent. */
static int
check_attr(struct xb_emu *emu, const union bpf_attr *attr, struct xb_bpf_prog *prog)
{
	char license[LICENSE_BYTES];
	int rc;

	if (attr->prog_flags & ~LOAD_FLAGS)
		return -EINVAL;
	if (xb_user_str(license, attr->license, sizeof(license)))
		return -EFAULT;
	prog->gpl_compatible = is_gpl_compatible(license);
	if (attr->insn_cnt == 0 || attr->insn_cnt > XB_PROG_MAX_INSNS)
		return -E2BIG;
	rc = find_attach_prog(emu, attr, &prog->attach_prog);
	if (rc)
		return rc;
	if (attr->prog_type < XB_ARRAY_SIZE(emu->prog_types))
		prog->ops = emu->prog_types[attr->prog_type];
	if (prog->ops && prog->ops->check)
		rc = prog->ops->check(attr);
	return rc;
}

static int
copy_attr(const union bpf_attr *attr, struct xb_bpf_prog *prog)
{
	prog->type = attr->prog_type;
	prog->expected_attach_type = attr->expected_attach_type;
	prog->flags = attr->prog_flags;
	prog->attach_btf_id = attr->attach_btf_id;
	prog->insn_cnt = attr->insn_cnt;
	prog->insns = malloc(attr->insn_cnt * sizeof(struct bpf_insn));
	if (prog->insns == NULL)
		return -ENOMEM;
	if (xb_user_read(prog->insns, attr->insns, attr->insn_cnt * sizeof(struct bpf_insn)))
		return -EFAULT;
	if (!name_is_valid(attr->prog_name, sizeof(attr->prog_name)))
		return -EINVAL;
	memcpy(prog->name, attr->prog_name, sizeof(prog->name));
	return 0;
}

/* What is not there at all, by name. */
static int
check_emulated(const struct xb_bpf_prog *prog, const union bpf_attr *attr, struct xb_log *log)
{
	const char *name = xb_prog_type_name(prog->type);

	if (attr->prog_ifindex) {
		xb_log_printf(log, "programs bound to a device (prog_ifindex) are not emulated\n");
		return -EINVAL;
	}
	if (attr->core_relo_cnt) {
		xb_log_printf(log, "CO-RE relocation by the kernel is not emulated\n");
		return -EINVAL;
	}
	if (prog->ops || (name && is_probe(attr)))
		return 0;
	if (name)
		xb_log_printf(log, "programs of type %s are not emulated\n", name);
	else
		xb_log_printf(log, "program type %u is not emulated\n", prog->type);
	return -EINVAL;
}

static void
name_func(struct xb_bpf_prog *prog)
{
	const char *name = prog->func_cnt ? prog->funcs[0].name : prog->name;

	snprintf(prog->func_name, sizeof(prog->func_name), "%s", name);
}

/* The checked and decoded program of the machine. */
static int
build(struct xb_bpf_prog *prog, struct xb_log *log)
{
	struct xb_err err = XB_ERR_INIT;
	const struct xb_space space =
	        prog->arena ? xb_arena_space(prog->arena) : (struct xb_space){ 0 };
	const struct xb_prog_opts opts = {
		.name = prog->func_name,
		.insns = prog->insns,
		.insn_cnt = prog->insn_cnt,
		.space = prog->arena ? &space : NULL,
		.funcs = prog->funcs,
		.func_cnt = prog->func_cnt,
		.lines = prog->lines,
		.line_cnt = prog->line_cnt,
		.ctx_bytes = prog->ops->ctx_bytes ? prog->ops->ctx_bytes(prog) : 0,
		.may_load_packet = prog->ops->may_load_packet,
		.user = prog,
	};

	prog->vm = xb_prog_new(prog->emu->vm, &opts, &err);
	if (prog->vm)
		return 0;
	xb_log_printf(log, "%s\n", err.msg);
	if (err.kind == XB_ERR_SYSTEM)
		return -ENOMEM;
	return prog->refusal ? prog->refusal : -EINVAL;
}

/*
 * Maps of programs take those of one kind, and so do programs that use them (cf. kernel/bpf/core.c:
 * bpf_check_tail_call).
 */
static int
check_maps(const struct xb_bpf_prog *prog, struct xb_log *log)
{
	for (u32 i = 0; i < prog->map_cnt; i++) {
		if (xb_map_prog_compatible(prog->maps[i], prog))
			continue;
		xb_log_printf(log,
		              "map '%s' is for programs of another type, attach type or use of "
		              "frags\n",
		              prog->maps[i]->name);
		return -EINVAL;
	}
	return 0;
}

/* cf. kernel/bpf/verifier.c: can_be_sleepable */
static bool
can_be_sleepable(const struct xb_bpf_prog *prog)
{
	switch (prog->type) {
	case BPF_PROG_TYPE_TRACING:
		return prog->expected_attach_type == BPF_TRACE_FENTRY ||
		       prog->expected_attach_type == BPF_TRACE_FEXIT ||
		       prog->expected_attach_type == BPF_MODIFY_RETURN ||
		       prog->expected_attach_type == BPF_TRACE_ITER;
	case BPF_PROG_TYPE_SYSCALL:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_STRUCT_OPS:
		return true;
	default:
		return false;
	}
}

/* cf. kernel/bpf/verifier.c: check_attach_btf_id */
static int
check_sleepable(const struct xb_bpf_prog *prog, struct xb_log *log)
{
	bool sleepable = prog->flags & BPF_F_SLEEPABLE;

	if (prog->type == BPF_PROG_TYPE_SYSCALL && !sleepable) {
		xb_log_printf(log, "Syscall programs can only be sleepable\n");
		return -EINVAL;
	}
	if (sleepable && !can_be_sleepable(prog)) {
		xb_log_printf(log, "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops "
		                   "programs can be sleepable\n");
		return -EINVAL;
	}
	return 0;
}

/* cf. kernel/bpf/verifier.c: bpf_check */
static int
check(struct xb_bpf_prog *prog, union bpf_attr *attr, struct xb_log *log)
{
	bool needs_target = prog->type == BPF_PROG_TYPE_EXT || prog->type == BPF_PROG_TYPE_TRACING;
	int rc = check_emulated(prog, attr, log);

	if (rc == 0)
		rc = xb_prog_calc_tag(prog);
	if (rc == 0)
		rc = xb_btf_prog_info(prog, attr, log);
	if (rc)
		return rc;
	name_func(prog);
	rc = check_sleepable(prog, log);
	if (rc == 0 && prog->ops && needs_target)
		rc = xb_prog_check_target(prog, prog->attach_prog, prog->attach_btf_id, log);
	if (rc == 0)
		rc = xb_prog_resolve(prog, attr, log);
	if (rc == 0 && prog->ops)
		rc = build(prog, log);
	if (rc == 0)
		rc = check_maps(prog, log);
	return rc;
}

static void
free_prog(struct xb_obj *obj)
{
	xb_prog_discard(XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj));
}

/*
 * The line that ends the log of a program that was taken (cf. kernel/bpf/verifier.c:
 * print_verification_stats). Each instruction is looked at once, and no states are kept.
 */
static void
print_stats(const struct xb_bpf_prog *prog, struct xb_log *log)
{
	xb_log_printf(log,
	              "processed %u insns (limit %u) max_states_per_insn 0 total_states 0 "
	              "peak_states 0 mark_read 0\n",
	              prog->insn_cnt, XB_PROG_MAX_INSNS);
}

static int
load(struct xb_bpf_prog *prog, union bpf_attr *attr)
{
	struct xb_log log;
	int rc = copy_attr(attr, prog);

	if (rc == 0)
		rc = xb_log_begin(&log, attr->log_level, attr->log_buf, attr->log_size);
	if (rc)
		return rc;
	rc = check(prog, attr, &log);
	if (rc == 0)
		print_stats(prog, &log);
	/*
	 * What the log is for: a reason that the caller did not make room for is lost, and it is
	 * told so.
	 */
	rc = xb_log_end(&log, rc);
	if (rc)
		return rc;
	prog->load_time_ns = prog->emu->clock.now_ns - prog->emu->clock.boot_ns;
	return xb_obj_add(prog->emu, &prog->obj, XB_OBJ_PROG, prog->name, free_prog);
}

int
xb_prog_load(struct xb_emu *emu, union bpf_attr *attr, u32 bytes)
{
	struct xb_bpf_prog *prog = calloc(1, sizeof(*prog));
	int rc;

	(void)bytes;
	if (prog == NULL)
		return -ENOMEM;
	prog->emu = emu;
	rc = check_attr(emu, attr, prog);
	if (rc == 0)
		rc = load(prog, attr);
	if (rc == 0)
		return xb_obj_fd(&prog->obj);
	xb_prog_discard(prog);
	return rc;
}
