/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_syscall.c - programs of type SYSCALL: what their helpers return, and what BPF_PROG_TEST_RUN
 * makes of their contexts, in the emulator and, where it is permitted, by the kernel.
 *
 * A row's program finds its context, CTX_BYTES of it, in R6; what it returns is R0.
 */
#define XB_INSN_BRACES
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "vm/bytes.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define CTX_BYTES 256
#define NAME_AT   128 /* in the context: the row's name or bytes */
#define USER_AT   192 /* the host address of `user` */

#define PROG(...)                                                                                  \
	.insns = (const struct bpf_insn[]){ XB_MOV64_REG(6, 1), __VA_ARGS__, XB_EXIT() },          \
	.insn_cnt = 2 + sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn)

/* The row's name is copied to the stack; R1, R2: it and its size. */
#define NAME(bytes)                                                                                \
	XB_LDX_MEM(BPF_DW, 0, 6, NAME_AT), XB_STX_MEM(BPF_DW, 10, 0, -32),                         \
	        XB_LDX_MEM(BPF_DW, 0, 6, NAME_AT + 8), XB_STX_MEM(BPF_DW, 10, 0, -24),             \
	        XB_ST_MEM(BPF_DW, 10, -16, 0), XB_MOV64_REG(1, 10), XB_ALU64_IMM(BPF_ADD, 1, -32), \
	        XB_MOV64_IMM(2, bytes)
#define FIND(bytes, kind, flags)                                                                   \
	NAME(bytes), XB_MOV64_IMM(3, kind), XB_MOV64_IMM(4, flags),                                \
	        XB_CALL(BPF_FUNC_btf_find_by_name_kind)
#define IS_FOUND                                                                                   \
	XB_MOV64_REG(1, 0), XB_MOV64_IMM(0, 1), XB_JMP_IMM(BPF_JSGT, 1, 0, 1), XB_MOV64_REG(0, 1)
#define SYMBOL(bytes, flags)                                                                       \
	NAME(bytes), XB_LD_IMM64(3, flags), XB_MOV64_REG(4, 10), XB_ALU64_IMM(BPF_ADD, 4, -16),    \
	        XB_CALL(BPF_FUNC_kallsyms_lookup_name)
/* bpf(cmd, zeros) with `bytes` of attributes, of which the last is `last` */
#define BPF(cmd, bytes, last)                                                                      \
	XB_ST_MEM(BPF_DW, 10, -16, 0), XB_ST_MEM(BPF_DW, 10, -8, 0),                               \
	        XB_ST_MEM(BPF_B, 10, -17 + (bytes), last), XB_MOV64_IMM(1, cmd),                   \
	        XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -16), XB_MOV64_IMM(3, bytes),        \
	        XB_CALL(BPF_FUNC_sys_bpf)
/* An array of 1 with values of 8 bytes: R0 := its descriptor, in R9 too. */
#define MAP                                                                                        \
	XB_ST_MEM(BPF_W, 10, -16, BPF_MAP_TYPE_ARRAY), XB_ST_MEM(BPF_W, 10, -12, 4),               \
	        XB_ST_MEM(BPF_W, 10, -8, 8), XB_ST_MEM(BPF_W, 10, -4, 1),                          \
	        XB_MOV64_IMM(1, BPF_MAP_CREATE), XB_MOV64_REG(2, 10),                              \
	        XB_ALU64_IMM(BPF_ADD, 2, -16), XB_MOV64_IMM(3, 16), XB_CALL(BPF_FUNC_sys_bpf),     \
	        XB_MOV64_REG(9, 0)
/* bpf(MAP_UPDATE_ELEM) of it with addresses of the stack: key, value */
#define UPDATE(key)                                                                                \
	XB_STX_MEM(BPF_W, 10, 9, -48), XB_ST_MEM(BPF_W, 10, -44, 0), XB_MOV64_REG(1, 10),          \
	        XB_ALU64_IMM(BPF_ADD, 1, -8), XB_STX_MEM(BPF_DW, 10, 1, -40),                      \
	        XB_ALU64_IMM(BPF_ADD, 1, -8), XB_STX_MEM(BPF_DW, 10, 1, -32),                      \
	        XB_ST_MEM(BPF_DW, 10, -24, 0), XB_ST_MEM(BPF_DW, 10, -8, key),                     \
	        XB_ST_MEM(BPF_DW, 10, -16, 77), XB_MOV64_IMM(1, BPF_MAP_UPDATE_ELEM),              \
	        XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -48), XB_MOV64_IMM(3, 32),           \
	        XB_CALL(BPF_FUNC_sys_bpf)
#define CLOSE XB_MOV64_REG(1, 9), XB_CALL(BPF_FUNC_sys_close)
#define KEEP  XB_MOV64_REG(8, 0)
#define KEPT  XB_MOV64_REG(0, 8)
#define USER(size, off)                                                                            \
	XB_ST_MEM(BPF_DW, 10, -16, -1), XB_ST_MEM(BPF_DW, 10, -8, -1), XB_MOV64_REG(1, 10),        \
	        XB_ALU64_IMM(BPF_ADD, 1, -16), XB_MOV64_IMM(2, size),                              \
	        XB_LDX_MEM(BPF_DW, 3, 6, USER_AT), XB_ALU64_IMM(BPF_ADD, 3, off),                  \
	        XB_CALL(BPF_FUNC_copy_from_user)
#define SHOW XB_LDX_MEM(BPF_DW, 1, 10, -16), XB_STX_MEM(BPF_DW, 6, 1, 0)

static const struct row {
	const char *name;
	const struct bpf_insn *insns;
	u32 insn_cnt;
	const char *text; /* at NAME_AT */
	s32 want;
	u64 out; /* at the start of the context, after */
	bool bad_user;
} rows[] = {
	{ "context is written back", PROG(XB_ST_MEM(BPF_W, 6, 0, 5), XB_MOV64_IMM(0, 3)), .want = 3,
	  .out = 5 },
	{ "BTF, a struct", PROG(FIND(12, 4, 0), IS_FOUND), "task_struct", .want = 1 },
	{ "BTF, an integer", PROG(FIND(4, 1, 0), IS_FOUND), "int", .want = 1 },
	{ "BTF, of another kind", PROG(FIND(12, 1, 0)), "task_struct", .want = -ENOENT },
	{ "BTF, nothing", PROG(FIND(12, 4, 0)), "xb_no_struct", .want = -EINVAL },
	{ "BTF, nothing of that name", PROG(FIND(13, 4, 0)), "xb_no_struct", .want = -ENOENT },
	{ "BTF, flags", PROG(FIND(12, 4, 1)), "task_struct", .want = -EINVAL },
	{ "BTF, no NUL", PROG(FIND(11, 4, 0)), "task_struct", .want = -EINVAL },
	{ "BTF, an empty name", PROG(FIND(1, 4, 0)), "", .want = -EINVAL },
	{ "symbol, none", PROG(SYMBOL(13, 0)), "xb_no_symbol", .want = -ENOENT },
	{ "symbol, flags", PROG(SYMBOL(13, 1)), "xb_no_symbol", .want = -EINVAL },
	{ "symbol, no NUL", PROG(SYMBOL(12, 0)), "xb_no_symbol", .want = -EINVAL },
	{ "symbol, an empty name", PROG(SYMBOL(1, 0)), "", .want = -EINVAL },
	{ "bpf, a command not for programs", PROG(BPF(BPF_MAP_LOOKUP_ELEM, 16, 0)),
	  .want = -EINVAL },
	{ "bpf, a test run", PROG(BPF(BPF_PROG_TEST_RUN, 16, 0)), .want = -EINVAL },
	{ "bpf, no command", PROG(BPF(999, 16, 0)), .want = -EINVAL },
	{ "bpf, nothing in it", PROG(BPF(BPF_MAP_CREATE, 16, 0)), .want = -EINVAL },
	{ "bpf, a map",
	  PROG(MAP, XB_MOV64_IMM(8, 1), XB_JMP_IMM(BPF_JSGT, 9, 0, 1), KEEP, CLOSE, KEPT),
	  .want = 1 },
	{ "bpf, update", PROG(MAP, UPDATE(0), KEEP, CLOSE, KEPT), .want = 0 },
	{ "bpf, update, no such element", PROG(MAP, UPDATE(1), KEEP, CLOSE, KEPT), .want = -E2BIG },
	{ "bpf, update of no map", PROG(XB_MOV64_IMM(9, 9999), UPDATE(0)), .want = -EBADF },
	{ "close", PROG(MAP, CLOSE), .want = 0 },
	{ "close twice", PROG(MAP, CLOSE, CLOSE), .want = -EBADF },
	{ "close nothing", PROG(XB_MOV64_IMM(9, -1), CLOSE), .want = -EBADF },
	{ "copy from user", PROG(USER(8, 0), SHOW), .want = 0, .out = 0x1122334455667788ull },
	{ "copy from user, a part", PROG(USER(2, 1), SHOW), .want = 0,
	  .out = 0xffffffffffff6677ull },
	{ "copy from user, nothing", PROG(USER(0, 0), SHOW), .want = 0, .out = ~0ull },
	{ "copy from user, nobody's", PROG(USER(4, 0), SHOW), .want = -EFAULT,
	  .out = 0xffffffff00000000ull, .bad_user = true },
};

static const u64 user = 0x1122334455667788ull;

static long
test_run(const struct backend *b, int prog, void *ctx, u32 bytes, u32 *retval)
{
	union bpf_attr attr;
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.ctx_in = (uintptr_t)ctx;
	attr.test.ctx_size_in = bytes;
	ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
	*retval = attr.test.retval;
	return ret;
}

static int
load(const struct backend *b, const struct bpf_insn *insns, u32 cnt)
{
	return backend_prog(b, &(struct backend_prog){ .insns = insns,
	                                               .insn_cnt = cnt,
	                                               .type = BPF_PROG_TYPE_SYSCALL,
	                                               .flags = BPF_F_SLEEPABLE });
}

static u32
check_rows(const struct backend *b)
{
	u32 bad = 0;

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		u8 ctx[CTX_BYTES] = { 0 };
		int prog = load(b, row->insns, row->insn_cnt);
		u32 retval;
		long ret;

		if (row->text)
			strcpy((char *)ctx + NAME_AT, row->text);
		xb_st64(ctx + USER_AT, row->bad_user ? 16 : (uintptr_t)&user);
		ret = test_run(b, prog, ctx, sizeof(ctx), &retval);
		if (ret || (s32)retval != row->want || xb_ld64(ctx) != row->out) {
			print_error("%s: %s: %ld, returned %d, not %d, out 0x%llx, not 0x%llx\n",
			            b->name, row->name, ret, (s32)retval, row->want,
			            (unsigned long long)xb_ld64(ctx), (unsigned long long)row->out);
			bad++;
		}
		close(prog);
	}
	return bad;
}

/* Attributes of a test run, each of which is wrong where it is not 0. */
static const struct attr_row {
	const char *name;
	u32 off, value;
	long want;
} attr_rows[] = {
#define FIELD(field, number, ret)                                                                  \
	{                                                                                          \
#field, offsetof(union bpf_attr, test.field), number, ret                          \
	}
	FIELD(retval, 7, 0),
	FIELD(data_size_in, 7, 0),
	FIELD(data_size_out, 7, 0),
	FIELD(data_in, 1, -EINVAL),
	FIELD(data_out, 1, -EINVAL),
	FIELD(repeat, 1, -EINVAL),
	FIELD(duration, 1, -EINVAL),
	FIELD(ctx_size_in, 65536, -EINVAL),
	FIELD(ctx_size_in, 0, -EINVAL),
	FIELD(ctx_in, 16, -EFAULT),
	FIELD(flags, 1, -EINVAL),
	FIELD(cpu, 7, 0),
	FIELD(batch_size, 1, -EINVAL),
};

static u32
check_attrs(const struct backend *b)
{
	static const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 9), XB_EXIT() };
	int prog = load(b, insns, XB_ARRAY_SIZE(insns));
	u32 bad = 0;

	for (size_t i = 0; i < XB_ARRAY_SIZE(attr_rows); i++) {
		const struct attr_row *row = &attr_rows[i];
		static u8 ctx[65536];
		union bpf_attr attr;
		long ret;

		memset(&attr, 0, sizeof(attr));
		attr.test.prog_fd = (u32)prog;
		attr.test.ctx_in = (uintptr_t)ctx;
		attr.test.ctx_size_in = 8;
		xb_st32((u8 *)&attr + row->off, row->value);
		if (row->off == offsetof(union bpf_attr, test.ctx_in))
			attr.test.ctx_in = row->value;
		ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
		if (ret != row->want || (ret == 0 && attr.test.retval != 9)) {
			print_error("%s: %s: %ld, not %ld (%u)\n", b->name, row->name, ret,
			            row->want, attr.test.retval);
			bad++;
		}
	}
	close(prog);
	return bad;
}

/* What cannot be loaded. */
static u32
check_loads(const struct backend *b)
{
	static const struct bpf_insn plain[] = { XB_MOV64_IMM(0, 9), XB_EXIT() };
	static const struct bpf_insn copies[] = { XB_MOV64_REG(1, 10),
		                                  XB_ALU64_IMM(BPF_ADD, 1, -8),
		                                  XB_MOV64_IMM(2, 8),
		                                  XB_MOV64_IMM(3, 0),
		                                  XB_CALL(BPF_FUNC_copy_from_user),
		                                  XB_MOV64_IMM(0, 0),
		                                  XB_EXIT() };
	const struct backend_prog progs[] = {
		{ .insns = plain, .insn_cnt = 2, .type = BPF_PROG_TYPE_SYSCALL },
		{ .insns = plain,
		  .insn_cnt = 2,
		  .type = BPF_PROG_TYPE_SYSCALL,
		  .flags = BPF_F_SLEEPABLE,
		  .attach_type = BPF_XDP },
		{ .insns = copies, .insn_cnt = 7, .type = BPF_PROG_TYPE_XDP },
	};
	char log[4096];
	u32 bad = 0;

	for (size_t i = 0; i < XB_ARRAY_SIZE(progs); i++) {
		long ret = backend_try_prog(b, &progs[i], log, sizeof(log));

		if (ret == -EINVAL)
			continue;
		print_error("%s: load %zu: %ld: %s\n", b->name, i, ret, log);
		bad++;
	}
	return bad;
}

/* A context that is too short for what is known of the program, or for what it does. */
static u32
check_short(const struct backend *b)
{
	static const struct bpf_insn insns[] = { XB_LDX_MEM(BPF_W, 0, 1, 8), XB_EXIT() };
	int prog = load(b, insns, XB_ARRAY_SIZE(insns));
	u8 ctx[16] = { 0 };
	u32 retval;
	long ret = test_run(b, prog, ctx, 11, &retval);
	u32 bad = ret != -EINVAL;

	if (bad)
		print_error("%s: short context: %ld\n", b->name, ret);
	if (test_run(b, prog, ctx, 12, &retval)) {
		print_error("%s: context of 12\n", b->name);
		bad++;
	}
	close(prog);
	return bad;
}

static u32
check_all(const struct backend *b)
{
	return check_rows(b) + check_attrs(b) + check_loads(b) + check_short(b);
}

static void
test_syscall(void **state)
{
	struct backend emu, kernel;
	u32 bad;

	(void)state;
	backend_open_emu(&emu, xb_xdp_register);
	bad = check_all(&emu);
	backend_close(&emu);
	if (backend_open_kernel(&kernel)) {
		bad += check_all(&kernel);
		backend_close(&kernel);
	}
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_syscall) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
