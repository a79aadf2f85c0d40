/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/vcpu.h"
#include "tests/emu/sys_rig.h"

#include "tests/insns.h"
#include "tests/rig/permitted.h"
#include "vm/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CTX_BYTES    24u
#define PACKET_BYTES 64u

/* Where libbpf's warnings go: its print function has no argument of ours. */
static struct sys_rig *speaking;

static u32
ctx_bytes(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return CTX_BYTES;
}

static const struct xb_prog_type xdp_type = {
	.type = BPF_PROG_TYPE_XDP,
	.name = "xdp",
	.ctx_bytes = ctx_bytes,
};

void
sys_rig_init(struct sys_rig *rig, const char *pin_dir)
{
	const struct xb_emu_opts opts = { .cpu_cnt = 2, .seed = 1, .pin_dir = pin_dir };
	struct xb_err err = XB_ERR_INIT;

	memset(rig, 0, sizeof(*rig));
	rig->emu = xb_emu_new(&opts, &err);
	if (rig->emu == NULL)
		fail_msg("%s", err.msg);
	xb_prog_type_register(rig->emu, &xdp_type);
}

bool
sys_rig_init_kernel(struct sys_rig *rig)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 0), XB_EXIT() };
	int fd;

	memset(rig, 0, sizeof(*rig));
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, NULL, "GPL", insns, XB_ARRAY_SIZE(insns), NULL);
	if (!probe_permitted(fd)) {
		printf("skipped: bpf(2) not permitted\n");
		return false;
	}
	close(fd);
	return true;
}

void
sys_rig_fini(struct sys_rig *rig)
{
	xb_emu_free(rig->emu);
}

static int XB_PRINTF(2, 0) note(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	size_t used = strlen(speaking->log);

	if (level == LIBBPF_DEBUG)
		return 0;
	return vsnprintf(speaking->log + used, sizeof(speaking->log) - used, fmt, ap);
}

void
sys_rig_enter(struct sys_rig *rig)
{
	speaking = rig;
	rig->log[0] = '\0';
	libbpf_set_print(note);
	xb_emu_enter(rig->emu);
}

void
sys_rig_leave(void)
{
	xb_emu_enter(NULL);
	libbpf_set_print(NULL);
	speaking = NULL;
}

long
sys_rig_bpf(struct sys_rig *rig, int cmd, union bpf_attr *attr, u32 bytes)
{
	long rc;

	if (rig->emu)
		return xb_emu_bpf(rig->emu, cmd, attr, bytes);
	rc = syscall(SYS_bpf, cmd, attr, bytes);
	return rc < 0 ? -errno : rc;
}

struct xb_obj *
sys_rig_obj(struct sys_rig *rig, int fd, enum xb_obj_kind kind)
{
	struct xb_obj *obj = NULL;

	return xb_obj_by_fd(rig->emu, fd, kind, &obj) ? NULL : obj;
}

static u32
run_emulated(struct sys_rig *rig, int prog_fd)
{
	struct xb_obj *obj = sys_rig_obj(rig, prog_fd, XB_OBJ_PROG);
	const struct xb_region_opts opts = { .name = "context", .bytes = CTX_BYTES, .low = true };
	struct xb_err err = XB_ERR_INIT;
	struct xb_region *ctx;
	struct xb_proc *proc;
	u32 result;

	assert_non_null(obj);
	ctx = xb_mem_map(rig->emu->mem, &opts, &err);
	proc = xb_proc_new(rig->emu->vm, 0, &err);
	if (ctx == NULL || proc == NULL)
		fail_msg("%s", err.msg);
	xb_mem_allow(rig->emu->mem, ctx->gaddr, CTX_BYTES, XB_MEM_READ);
	if (xb_proc_run(proc, XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj)->vm, ctx->gaddr) !=
	    XB_RUN_EXIT)
		fail_msg("fault: %s", proc->fault.message);
	result = (u32)proc->r[0];
	xb_emu_run_end(rig->emu, 0);
	xb_proc_free(proc);
	xb_mem_unmap(rig->emu->mem, ctx);
	return result;
}

static u32
run_kernel(int prog_fd)
{
	u8 packet[PACKET_BYTES] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

	if (bpf_prog_test_run_opts(prog_fd, &opts))
		fail_msg("test run: %s", strerror(errno));
	return opts.retval;
}

u32
sys_rig_run(struct sys_rig *rig, int prog_fd)
{
	return rig->emu ? run_emulated(rig, prog_fd) : run_kernel(prog_fd);
}

/* The map's name in place of its descriptor. */
static const char *
map_name(struct bpf_object *obj, s32 fd)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) if (bpf_map__fd(map) == fd) return bpf_map__name(map);
	return "?";
}

static bool
same_insn(struct bpf_object *a, const struct bpf_insn *x, struct bpf_object *b,
          const struct bpf_insn *y)
{
	struct bpf_insn copy = *y;

	copy.imm = x->imm;
	if (memcmp(x, &copy, sizeof(copy)))
		return false;
	if (x->code == (BPF_LD | BPF_IMM | BPF_DW) &&
	    (x->src_reg == BPF_PSEUDO_MAP_FD || x->src_reg == BPF_PSEUDO_MAP_VALUE))
		return strcmp(map_name(a, x->imm), map_name(b, y->imm)) == 0;
	return x->imm == y->imm;
}

void
sys_rig_same_insns(const char *name, struct bpf_object *a, struct bpf_object *b)
{
	struct bpf_program *p, *q = NULL;

	bpf_object__for_each_program(p, a)
	{
		const struct bpf_insn *x = bpf_program__insns(p), *y;

		q = bpf_object__next_program(b, q);
		y = bpf_program__insns(q);
		assert_string_equal(bpf_program__name(p), bpf_program__name(q));
		assert_int_equal(bpf_program__insn_cnt(p), bpf_program__insn_cnt(q));
		for (size_t i = 0; i < bpf_program__insn_cnt(p); i++)
			if (!same_insn(a, &x[i], b, &y[i]))
				fail_msg("%s: %s: instruction %zu differs", name,
				         bpf_program__name(p), i);
	}
}
