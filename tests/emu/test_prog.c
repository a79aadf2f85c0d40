/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_prog.c - BPF_PROG_LOAD: what is refused, with which error, here and in the kernel; tags and
 * information.
 */
#include "tests/emu/sys_rig.h"
#define XB_INSN_BRACES
#include "tests/insns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FD_ARRAY_MAP -1001 /* imm of an ldimm64: stands for the descriptor of ... */
#define FD_TWO       -1002 /* an array of two values */
#define FD_HASH      -1003
#define FD_NULL      -1004 /* /dev/null */
#define FD_PROG      -1005
#define FD_BAD       -1006 /* not open */
#define BAD_PTR      0x10ull
#define ZERO         0x8000000000000000ull /* in a field where 0 means "the usual" */
#define MAX_INSNS    8

/* Names of descriptors as BTF ids and the like are: by place. */
struct fds {
	int array, two, hash, null, prog, btf;
	u32 func_id, second_func_id, int_id;
};

enum func_info { FI_NONE, FI_GOOD, FI_COUNT, FI_FIRST, FI_TYPE, FI_REC_SIZE, FI_TAIL, FI_BTF };
enum line_info { LI_NONE, LI_GOOD, LI_ORDER, LI_FAR, LI_MISSING, LI_NAME, LI_MIDDLE, LI_REC_SIZE };

struct row {
	const char *name;
	int rc; /* 0: it loads; -errno */
	struct bpf_insn insns[MAX_INSNS];
	u32 insn_cnt;
	u64 insns_at, license_at; /* pointers to use instead */
	u32 type, flags;
	const char *prog_name;
	u32 log_level, log_bytes;
	bool log_null, log_bad;
	u32 attach_prog_fd_is_prog, attach_btf_id;
	u32 expected_attach_type;
	u32 attr_bytes; /* of the call, where not all of it */
	u8 tail;        /* put into the last of them */
	u64 fd_array_at;
	enum func_info func_info;
	enum line_info line_info;
	const char *says;     /* in the emulator's log */
	const char *both_say; /* in its log and the kernel's */
	bool emu_only;
};

/* clang-format off */
#define RETURN_0_CNT(cnt) { XB_MOV64_IMM(0, 0), XB_EXIT() }, .insn_cnt = cnt
#define RETURN_0 RETURN_0_CNT(2)
#define LOADS(...) { __VA_ARGS__, XB_MOV64_IMM(0, 0), XB_EXIT() }, .insn_cnt = 4
#define CALLS { XB_CALL_FUNC(1), XB_EXIT(), XB_MOV64_IMM(0, 3), XB_EXIT() }, .insn_cnt = 4
/* clang-format on */

static const struct row rows[] = {
	{ "as small as can be", 0, RETURN_0 },
	{ "other type", -EINVAL, RETURN_0, .type = 200 },
	{ "no instructions", -E2BIG, RETURN_0_CNT(0) },
	{ "too many instructions", -E2BIG, RETURN_0_CNT(1000001) },
	{ "instructions nowhere", -EFAULT, RETURN_0, .insns_at = BAD_PTR },
	{ "licence nowhere", -EFAULT, RETURN_0, .license_at = BAD_PTR },
	{ "no licence", -EFAULT, RETURN_0, .license_at = ZERO },
	{ "unknown flag", -EINVAL, RETURN_0, .flags = 1u << 30 },
	{ "known flags", 0, RETURN_0, .flags = BPF_F_STRICT_ALIGNMENT | BPF_F_XDP_HAS_FRAGS },
	{ "XDP program that may sleep", -EINVAL, RETURN_0, .type = BPF_PROG_TYPE_XDP,
	  .flags = BPF_F_SLEEPABLE, .both_say = "programs can be sleepable" },
	{ "TC program that may sleep", -EINVAL, RETURN_0, .type = BPF_PROG_TYPE_SCHED_CLS,
	  .flags = BPF_F_SLEEPABLE, .both_say = "programs can be sleepable" },
	{ "TC action that may sleep", -EINVAL, RETURN_0, .type = BPF_PROG_TYPE_SCHED_ACT,
	  .flags = BPF_F_SLEEPABLE, .both_say = "programs can be sleepable" },
	{ "socket filter that may sleep", -EINVAL, RETURN_0, .type = BPF_PROG_TYPE_SOCKET_FILTER,
	  .flags = BPF_F_SLEEPABLE, .both_say = "programs can be sleepable" },
	{ "SK_MSG program that may sleep", -EINVAL, RETURN_0, .type = BPF_PROG_TYPE_SK_MSG,
	  .flags = BPF_F_SLEEPABLE, .both_say = "programs can be sleepable" },
	{ "tracepoint program that may sleep", -EINVAL, RETURN_0, .type = BPF_PROG_TYPE_TRACEPOINT,
	  .flags = BPF_F_SLEEPABLE, .both_say = "programs can be sleepable" },
	{ "uprobe program that may sleep", 0, RETURN_0, .type = BPF_PROG_TYPE_KPROBE,
	  .flags = BPF_F_SLEEPABLE },
	{ "bpf(2) program that may sleep", 0, RETURN_0, .type = BPF_PROG_TYPE_SYSCALL,
	  .flags = BPF_F_SLEEPABLE },
	{ "bpf(2) program that may not sleep", -EINVAL, RETURN_0, .type = BPF_PROG_TYPE_SYSCALL,
	  .both_say = "Syscall programs can only be sleepable" },
	{ "name", 0, RETURN_0, .prog_name = "a_b.C9" },
	{ "name with a dash", -EINVAL, RETURN_0, .prog_name = "a-b" },
	{ "name without an end", -EINVAL, RETURN_0, .prog_name = "sixteen_letters_" },
	{ "log of level 0", -EINVAL, RETURN_0, .log_bytes = 512, .log_level = UINT32_MAX },
	{ "log nowhere", -EINVAL, RETURN_0, .log_bytes = 512, .log_level = 1, .log_null = true },
	{ "log that cannot be written", -EFAULT, RETURN_0, .log_bytes = 512, .log_level = 1,
	  .log_bad = true, .emu_only = true },
	{ "log of unknown level", -EINVAL, RETURN_0, .log_bytes = 512, .log_level = 16 },
	{ "log", 0, RETURN_0, .log_bytes = 512, .log_level = 1,
	  .both_say = "processed 2 insns (limit 1000000) max_states_per_insn" },
	{ "log of errors too short", -ENOSPC, LOADS(XB_LD_IMM64_RAW(1, 9, 0, 0)), .log_bytes = 4,
	  .log_level = 1 },
	{ "attributes of a page", 0, RETURN_0, .attr_bytes = 4096 },
	{ "attributes beyond a page", -E2BIG, RETURN_0, .attr_bytes = 4097 },
	{ "attributes with something behind", -E2BIG, RETURN_0, .attr_bytes = 400, .tail = 1 },
	{ "target of an XDP program", -EINVAL, RETURN_0, .attach_prog_fd_is_prog = 1 },
	{ "BTF id of an XDP program", -EINVAL, RETURN_0, .attach_btf_id = 1 },
	{ "map", 0, LOADS(XB_LD_MAP_FD(1, FD_ARRAY_MAP)) },
	{ "map that is not open", -EBADF, LOADS(XB_LD_MAP_FD(1, FD_BAD)),
	  .says = "is not pointing to valid bpf_map" },
	{ "map that is a file", -EINVAL, LOADS(XB_LD_MAP_FD(1, FD_NULL)) },
	{ "map that is a program", -EINVAL, LOADS(XB_LD_MAP_FD(1, FD_PROG)) },
	{ "map with an offset", -EINVAL, LOADS(XB_LD_IMM64_RAW(1, 1, FD_ARRAY_MAP, 4)),
	  .says = "unrecognized bpf_ld_imm64 insn" },
	{ "value", 0, LOADS(XB_LD_MAP_VALUE(1, FD_ARRAY_MAP, 0)) },
	{ "last byte of a value", 0, LOADS(XB_LD_MAP_VALUE(1, FD_ARRAY_MAP, 15)) },
	{ "byte behind a value", -EINVAL, LOADS(XB_LD_MAP_VALUE(1, FD_ARRAY_MAP, 16)),
	  .says = "value_size=16 off=16" },
	{ "offset beyond any value", -EINVAL, LOADS(XB_LD_MAP_VALUE(1, FD_ARRAY_MAP, 1 << 29)),
	  .says = "direct value offset of 536870912 is not allowed" },
	{ "value of two", -XB_ENOTSUPP, LOADS(XB_LD_MAP_VALUE(1, FD_TWO, 0)) },
	{ "value of a hash", -EINVAL, LOADS(XB_LD_MAP_VALUE(1, FD_HASH, 0)),
	  .says = "no direct value access support" },
	{ "index without an array", -EPROTO, LOADS(XB_LD_IMM64_RAW(1, BPF_PSEUDO_MAP_IDX, 0, 0)),
	  .says = "fd_idx without fd_array is invalid" },
	{ "index into nowhere", -EFAULT, LOADS(XB_LD_IMM64_RAW(1, BPF_PSEUDO_MAP_IDX, 0, 0)),
	  .fd_array_at = BAD_PTR },
	{ "unknown form", -EINVAL, LOADS(XB_LD_IMM64_RAW(1, 9, 0, 0)),
	  .says = "unrecognized bpf_ld_imm64 insn" },
	{ "half an ldimm64",
	  -EINVAL,
	  { XB_MOV64_IMM(0, 0), XB_INSN(BPF_LD | BPF_DW | BPF_IMM, 1, 0, 0, 0) },
	  .insn_cnt = 2,
	  .says = "invalid bpf_ld_imm64 insn" },
	{ "second half with a register", -EINVAL,
	  LOADS(XB_INSN(BPF_LD | BPF_DW | BPF_IMM, 1, 0, 0, 0), XB_INSN(0, 1, 0, 0, 0)),
	  .says = "invalid bpf_ld_imm64 insn" },
	{ "function information", 0, CALLS, .func_info = FI_GOOD },
	{ "function information of other BTF", -EINVAL, CALLS, .func_info = FI_BTF },
	{ "too few functions", -EINVAL, CALLS, .func_info = FI_COUNT,
	  .says = "number of funcs in func_info doesn't match number of subprogs" },
	{ "first function not at 0", -EINVAL, CALLS, .func_info = FI_FIRST,
	  .says = "nonzero insn_off 1 for the first func info record" },
	{ "function of type int", -EINVAL, CALLS, .func_info = FI_TYPE, .says = "in func info" },
	{ "short function records", -EINVAL, CALLS, .func_info = FI_REC_SIZE,
	  .says = "invalid func info rec size 4" },
	{ "long function records", -E2BIG, CALLS, .func_info = FI_TAIL,
	  .says = "nonzero tailing record in func info" },
	{ "lines", 0, CALLS, .func_info = FI_GOOD, .line_info = LI_GOOD },
	{ "lines out of order", -EINVAL, CALLS, .func_info = FI_GOOD, .line_info = LI_ORDER,
	  .says = "Invalid line_info[1].insn_off:0" },
	{ "line behind the program", -EINVAL, CALLS, .func_info = FI_GOOD, .line_info = LI_FAR,
	  .says = "Invalid line_info[1].insn_off:4" },
	{ "function without a line", -EINVAL, CALLS, .func_info = FI_GOOD, .line_info = LI_MISSING,
	  .says = "missing bpf_line_info for func#1" },
	{ "line without a text", -EINVAL, CALLS, .func_info = FI_GOOD, .line_info = LI_NAME,
	  .says = "Invalid line_info[0].line_off or .file_name_off" },
	{ "line records of odd size", -EINVAL, CALLS, .func_info = FI_GOOD,
	  .line_info = LI_REC_SIZE },
	{ "type that is not emulated, named", -EINVAL, RETURN_0, .type = BPF_PROG_TYPE_LIRC_MODE2,
	  .prog_name = "wanted", .emu_only = true,
	  .says = "programs of type lirc_mode2 are not emulated" },
	{ "type that is not emulated, asked about", 0, RETURN_0,
	  .type = BPF_PROG_TYPE_SOCKET_FILTER },
};

static int
make_map(struct sys_rig *rig, u32 type, u32 entries)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = 16;
	attr.max_entries = entries;
	return (int)sys_rig_bpf(rig, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void
make_btf(struct sys_rig *rig, struct fds *fds)
{
	struct btf *btf = btf__new_empty();
	union bpf_attr attr;
	int proto;

	memset(&attr, 0, sizeof(attr));
	assert_non_null(btf);
	fds->int_id = (u32)btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	proto = btf__add_func_proto(btf, (int)fds->int_id);
	fds->func_id = (u32)btf__add_func(btf, "first", BTF_FUNC_GLOBAL, proto);
	fds->second_func_id = (u32)btf__add_func(btf, "second", BTF_FUNC_STATIC, proto);
	assert_true(fds->second_func_id > 0);
	attr.btf = (uintptr_t)btf__raw_data(btf, &attr.btf_size);
	fds->btf = (int)sys_rig_bpf(rig, BPF_BTF_LOAD, &attr, sizeof(attr));
	assert_true(fds->btf >= 0);
	btf__free(btf);
}

static void
make_fds(struct sys_rig *rig, struct fds *fds)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 0), XB_EXIT() };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "GPL";
	fds->array = make_map(rig, BPF_MAP_TYPE_ARRAY, 1);
	fds->two = make_map(rig, BPF_MAP_TYPE_ARRAY, 2);
	fds->hash = make_map(rig, BPF_MAP_TYPE_HASH, 1);
	fds->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fds->prog = (int)sys_rig_bpf(rig, BPF_PROG_LOAD, &attr, sizeof(attr));
	assert_true(fds->array >= 0 && fds->two >= 0 && fds->hash >= 0 && fds->prog >= 0);
	make_btf(rig, fds);
}

static void
close_fds(const struct fds *fds)
{
	close(fds->btf);
	close(fds->prog);
	close(fds->null);
	close(fds->hash);
	close(fds->two);
	close(fds->array);
}

static s32
real_fd(const struct fds *fds, s32 imm)
{
	switch (imm) {
	case FD_ARRAY_MAP:
		return fds->array;
	case FD_TWO:
		return fds->two;
	case FD_HASH:
		return fds->hash;
	case FD_NULL:
		return fds->null;
	case FD_PROG:
		return fds->prog;
	case FD_BAD:
		return 999;
	default:
		return imm;
	}
}

/* What the attributes of one row point to. */
struct memory {
	struct bpf_insn insns[MAX_INSNS];
	struct bpf_func_info funcs[2];
	u32 long_funcs[2][3];
	struct bpf_line_info lines[2];
	char log[1024];
	union {
		union bpf_attr attr;
		u8 bytes[8192];
	} u;
};

static void
set_funcs(const struct row *row, const struct fds *fds, struct memory *m)
{
	union bpf_attr *attr = &m->u.attr;

	if (row->func_info == FI_NONE)
		return;
	m->funcs[0] = (struct bpf_func_info){ 0, fds->func_id };
	m->funcs[1] = (struct bpf_func_info){ 2, fds->second_func_id };
	attr->prog_btf_fd = (u32)(row->func_info == FI_BTF ? fds->null : fds->btf);
	attr->func_info = (uintptr_t)m->funcs;
	attr->func_info_cnt = row->func_info == FI_COUNT ? 1 : 2;
	attr->func_info_rec_size = row->func_info == FI_REC_SIZE ? 4 : sizeof(m->funcs[0]);
	if (row->func_info == FI_FIRST)
		m->funcs[0].insn_off = 1;
	if (row->func_info == FI_TYPE)
		m->funcs[0].type_id = fds->int_id;
	if (row->func_info == FI_TAIL) {
		m->long_funcs[0][1] = fds->func_id;
		m->long_funcs[0][2] = 1;
		attr->func_info = (uintptr_t)m->long_funcs;
		attr->func_info_rec_size = sizeof(m->long_funcs[0]);
	}
}

static void
set_lines(const struct row *row, struct memory *m)
{
	union bpf_attr *attr = &m->u.attr;

	if (row->line_info == LI_NONE)
		return;
	m->lines[0] = (struct bpf_line_info){ 0, 1, 1, 1 << 10 };
	m->lines[1] = (struct bpf_line_info){ 2, 1, 1, 2 << 10 };
	attr->line_info = (uintptr_t)m->lines;
	attr->line_info_cnt = row->line_info == LI_MISSING ? 1 : 2;
	attr->line_info_rec_size = row->line_info == LI_REC_SIZE ? 18 : sizeof(m->lines[0]);
	if (row->line_info == LI_ORDER)
		m->lines[1].insn_off = 0;
	if (row->line_info == LI_FAR)
		m->lines[1].insn_off = 4;
	if (row->line_info == LI_NAME)
		m->lines[0].line_off = 100000;
}

static u64
pointer(u64 instead, const void *usual)
{
	if (instead == 0)
		return (uintptr_t)usual;
	return instead == ZERO ? 0 : instead;
}

static void
set_attr(const struct row *row, const struct fds *fds, struct memory *m)
{
	union bpf_attr *attr = &m->u.attr;

	memset(m, 0, sizeof(*m));
	for (int i = 0; i < MAX_INSNS; i++) {
		m->insns[i] = row->insns[i];
		m->insns[i].imm = real_fd(fds, m->insns[i].imm);
	}
	attr->prog_type = row->type ? row->type : BPF_PROG_TYPE_XDP;
	attr->insns = pointer(row->insns_at, m->insns);
	attr->insn_cnt = row->insn_cnt;
	attr->license = pointer(row->license_at, "GPL");
	attr->prog_flags = row->flags;
	if (row->prog_name)
		memcpy(attr->prog_name, row->prog_name, strnlen(row->prog_name, 16));
	if (row->log_bytes || row->says || row->both_say) {
		attr->log_level = row->log_level ? row->log_level : 1;
		attr->log_level = row->log_level == UINT32_MAX ? 0 : attr->log_level;
		attr->log_size = row->log_bytes ? row->log_bytes : sizeof(m->log);
		attr->log_buf = row->log_null ? 0 : (uintptr_t)m->log;
		if (row->log_bad)
			attr->log_buf = BAD_PTR;
	}
	attr->attach_prog_fd = row->attach_prog_fd_is_prog ? (u32)fds->prog : 0;
	attr->attach_btf_id = row->attach_btf_id;
	attr->expected_attach_type = row->expected_attach_type;
	attr->fd_array = row->fd_array_at;
	set_funcs(row, fds, m);
	set_lines(row, m);
	if (row->attr_bytes)
		m->u.bytes[row->attr_bytes - 1] = row->tail;
}

static void
run_rows(struct sys_rig *rig)
{
	const char *whose = rig->emu ? "emulator" : "kernel";
	struct fds fds;

	make_fds(rig, &fds);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct memory m;
		long rc;

		if (row->emu_only && rig->emu == NULL)
			continue;
		set_attr(row, &fds, &m);
		rc = sys_rig_bpf(rig, BPF_PROG_LOAD, &m.u.attr,
		                 row->attr_bytes ? row->attr_bytes : (u32)sizeof(m.u.attr));
		if (rc >= 0)
			close((int)rc);
		if ((rc < 0 ? rc : 0) != row->rc)
			fail_msg("%s: %s: %ld, not %d: %s", whose, row->name, rc, row->rc, m.log);
		if (rig->emu && row->says && strstr(m.log, row->says) == NULL)
			fail_msg("%s: the log says: %s", row->name, m.log);
		if (row->both_say && strstr(m.log, row->both_say) == NULL)
			fail_msg("%s: %s: the log says: %s", whose, row->name, m.log);
		if (row->func_info == FI_TAIL)
			assert_int_equal(m.u.attr.func_info_rec_size, 8);
	}
	close_fds(&fds);
}

static void
test_rows(void **state)
{
	struct sys_rig rig;

	(void)state;
	sys_rig_init(&rig, NULL);
	run_rows(&rig);
	sys_rig_fini(&rig);
	if (sys_rig_init_kernel(&rig))
		run_rows(&rig);
}

static u64
tag_of(struct sys_rig *rig, const struct row *row, const struct fds *fds)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr;
	struct memory m;
	long fd;
	u64 tag;

	memset(&attr, 0, sizeof(attr));
	set_attr(row, fds, &m);
	fd = sys_rig_bpf(rig, BPF_PROG_LOAD, &m.u.attr, sizeof(m.u.attr));
	assert_true(fd >= 0);
	attr.info.bpf_fd = (u32)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	assert_int_equal(sys_rig_bpf(rig, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	close((int)fd);
	memcpy(&tag, info.tag, sizeof(tag));
	return __builtin_bswap64(tag);
}

/* SHA-1, as Linux made tags until 6.17, with descriptors left out. */
static void
test_tag(void **state)
{
	static const struct row plain = { .insns = RETURN_0 };
	static const struct row one_map = { .insns = LOADS(XB_LD_MAP_FD(1, FD_ARRAY_MAP)) };
	static const struct row other_map = { .insns = LOADS(XB_LD_MAP_FD(1, FD_HASH)) };
	static const struct row value = { .insns = LOADS(XB_LD_MAP_VALUE(1, FD_ARRAY_MAP, 0)) };
	struct sys_rig rig;
	struct fds fds;

	(void)state;
	sys_rig_init(&rig, NULL);
	make_fds(&rig, &fds);
	assert_int_equal(tag_of(&rig, &plain, &fds), 0xa04f5eef06a7f555ull);
	assert_int_equal(tag_of(&rig, &one_map, &fds), tag_of(&rig, &other_map, &fds));
	assert_int_not_equal(tag_of(&rig, &one_map, &fds), tag_of(&rig, &value, &fds));
	close_fds(&fds);
	sys_rig_fini(&rig);
}

static void
test_info(void **state)
{
	struct bpf_insn xlated[MAX_INSNS] = { 0 };
	u32 map_ids[4] = { 0 };
	struct bpf_func_info funcs[2];
	struct bpf_line_info lines[2];
	struct bpf_prog_info info = {
		.xlated_prog_insns = (uintptr_t)xlated,
		.xlated_prog_len = sizeof(xlated),
		.map_ids = (uintptr_t)map_ids,
		.nr_map_ids = 4,
		.func_info = (uintptr_t)funcs,
		.func_info_rec_size = sizeof(funcs[0]),
		.nr_func_info = 2,
		.line_info = (uintptr_t)lines,
		.line_info_rec_size = sizeof(lines[0]),
		.nr_line_info = 2,
	};
	const struct row row = {
		.insns = { XB_LD_MAP_VALUE(1, FD_ARRAY_MAP, 8), XB_LD_MAP_FD(1, FD_HASH),
		           XB_CALL_FUNC(1), XB_EXIT(), XB_MOV64_IMM(0, 3), XB_EXIT() },
		.insn_cnt = 8,
		.func_info = FI_GOOD,
		.line_info = LI_GOOD,
		.prog_name = "told",
	};
	union bpf_attr attr;
	struct sys_rig rig;
	struct memory m;
	struct fds fds;
	long fd;

	(void)state;
	memset(&attr, 0, sizeof(attr));
	sys_rig_init(&rig, NULL);
	make_fds(&rig, &fds);
	set_attr(&row, &fds, &m);
	m.funcs[1].insn_off = 6;
	m.lines[1].insn_off = 6;
	fd = sys_rig_bpf(&rig, BPF_PROG_LOAD, &m.u.attr, sizeof(m.u.attr));
	assert_true(fd >= 0);
	attr.info.bpf_fd = (u32)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	assert_int_equal(sys_rig_bpf(&rig, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	assert_int_equal(attr.info.info_len, sizeof(info));
	assert_int_equal(info.type, BPF_PROG_TYPE_XDP);
	assert_string_equal(info.name, "told");
	assert_int_equal(info.gpl_compatible, 1);
	assert_int_equal(info.xlated_prog_len, 8 * sizeof(struct bpf_insn));
	assert_int_equal(info.nr_map_ids, 2);
	assert_int_equal(map_ids[0], 1);
	assert_int_equal(map_ids[1], 3);
	assert_int_equal(xlated[0].src_reg, BPF_PSEUDO_MAP_VALUE);
	assert_int_equal(xlated[0].imm, map_ids[0]);
	assert_int_equal(xlated[1].imm, 8);
	assert_int_equal(xlated[2].src_reg, BPF_PSEUDO_MAP_FD);
	assert_int_equal(xlated[2].imm, map_ids[1]);
	assert_int_equal(info.nr_func_info, 2);
	assert_int_equal(funcs[1].insn_off, 6);
	assert_int_equal(info.nr_line_info, 2);
	assert_int_equal(lines[1].insn_off, 6);
	assert_int_equal(info.btf_id, 1);
	close((int)fd);
	close_fds(&fds);
	sys_rig_fini(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_tag),
		cmocka_unit_test(test_info),
	};

	return cmocka_run_group_tests_name("prog", tests, NULL, NULL);
}
