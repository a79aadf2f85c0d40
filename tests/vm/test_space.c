/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_space.c - the second address space: which instructions go there, how far its addresses
 * reach, and what becomes of accesses that miss; the same run at once and in single steps.
 *
 * The toy emulator's has three pages, known as HIGH | FIRST and so on: the first is addressable,
 * the second becomes it when it is asked for, the third never does. FIRST is so far up that the
 * third ends where 32 bits do. A program may write its context, and returns.
 */
#include "tests/insns.h"
#include "vm/bytes.h"
#include "vm/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PAGE      4096
#define FIRST     0xffffd000u
#define HIGH      0x7100000000ull
#define CTX_BYTES 64
#define MAX_INSNS 20
#define SEED      0x8877665544332211ull /* what each page starts and ends with */

struct toy {
	struct xb_vm *vm;
	struct xb_proc *proc;
	struct xb_region *ctx, *pages;
	u32 fills;
};

static bool
fill_space(void *emu, const struct xb_space *space, u64 gaddr, u32 bytes)
{
	struct toy *t = emu;
	u64 off = gaddr - space->gaddr;

	(void)bytes;
	t->fills++;
	if (off / PAGE != 1)
		return false;
	xb_mem_allow(t->vm->mem, space->gaddr + PAGE, PAGE, XB_MEM_WRITE);
	return true;
}

static const struct xb_vm_ops ops = { .fill_space = fill_space };

static struct xb_region *
map(struct toy *t, const char *name, u64 bytes, bool low)
{
	const struct xb_region_opts opts = { .name = name, .bytes = bytes, .low = low };
	struct xb_err err = XB_ERR_INIT;
	struct xb_region *r = xb_mem_map(t->vm->mem, &opts, &err);

	assert_non_null(r);
	return r;
}

static void
open_toy(struct toy *t)
{
	const struct xb_vm_opts opts = { .vcpu_cnt = 1, .ops = &ops, .emu = t };
	struct xb_err err = XB_ERR_INIT;

	memset(t, 0, sizeof(*t));
	t->vm = xb_vm_new(&opts, &err);
	assert_non_null(t->vm);
	t->proc = xb_proc_new(t->vm, 0, &err);
	assert_non_null(t->proc);
	t->ctx = map(t, "ctx", CTX_BYTES, true);
	t->pages = map(t, "pages", 3 * PAGE, false);
	xb_mem_allow(t->vm->mem, t->ctx->gaddr, CTX_BYTES, XB_MEM_WRITE);
}

static void
close_toy(struct toy *t)
{
	xb_proc_free(t->proc);
	xb_vm_free(t->vm);
}

static void
fill(struct toy *t)
{
	u8 *at = xb_mem_host(t->vm->mem, t->pages->gaddr);

	t->fills = 0;
	memset(xb_mem_host(t->vm->mem, t->ctx->gaddr), 0, CTX_BYTES);
	memset(at, 0, 3 * PAGE);
	for (u32 i = 0; i < 3; i++) {
		xb_st64(at + i * PAGE, SEED);
		xb_st64(at + (i + 1) * PAGE - 8, SEED);
	}
	xb_mem_forbid(t->vm->mem, t->pages->gaddr, 3 * PAGE);
	xb_mem_allow(t->vm->mem, t->pages->gaddr, PAGE, XB_MEM_WRITE);
}

struct row {
	const char *name;
	struct bpf_insn insns[MAX_INSNS]; /* up to the last that is one */
	u64 r0;
	u32 fills;
	enum xb_fault_kind kind;
};

#define P(reg, off)     XB_LD_IMM64(reg, HIGH | (FIRST + (u32)(off))), XB_CAST_TO_0(reg, reg)
#define RETURN(reg)     XB_MOV64_REG(0, reg), XB_EXIT()
#define LOAD(size, off) XB_LDX_MEM(size, 0, 2, off), XB_EXIT()
#define CALLEE(...)     XB_CALL_FUNC(1), XB_EXIT(), __VA_ARGS__
#define ACQ             0x100
#define REL             0x110

/* clang-format off */
static const struct row rows[] = {
	{ "a pointer is 32 bits wide",	{ P(2, 8), RETURN(2) }, .r0 = FIRST + 8 },
	{ "and comes back",		{ P(2, 8), XB_CAST_TO_1(0, 2), XB_EXIT() }, .r0 = HIGH | (FIRST + 8) },
	{ "null stays null",		{ XB_MOV64_IMM(2, 0), XB_CAST_TO_0(2, 2), XB_CAST_TO_1(0, 2), XB_EXIT() }, .r0 = 0 },
	{ "what becomes 0 is null",	{ XB_LD_IMM64(2, 5ull << 32), XB_CAST_TO_1(0, 2), XB_EXIT() }, .r0 = 0 },
	{ "upper bits are dropped",	{ XB_LD_IMM64(2, ~0ull), XB_CAST_TO_1(0, 2), XB_EXIT() }, .r0 = HIGH | 0xffffffff },
	{ "source and target differ",	{ XB_LD_IMM64(3, HIGH | FIRST), XB_CAST_TO_0(2, 3), XB_ALU64_REG(BPF_SUB, 3, 2), RETURN(3) }, .r0 = 0 },

	{ "load 8",			{ P(2, 0), LOAD(BPF_DW, 0) }, .r0 = SEED },
	{ "load 4",			{ P(2, 0), LOAD(BPF_W, 4) }, .r0 = 0x88776655 },
	{ "load 2",			{ P(2, 4), LOAD(BPF_H, -2) }, .r0 = 0x4433 },
	{ "load 1",			{ P(2, 4), LOAD(BPF_B, 3) }, .r0 = 0x88 },
	{ "load with sign",		{ P(2, 4), XB_LDX_MEMSX(BPF_B, 0, 2, 3), XB_EXIT() }, .r0 = (u64)(s8)0x88 },
	{ "load over its base",		{ P(2, 0), XB_LDX_MEM(BPF_DW, 2, 2, 0), RETURN(2) }, .r0 = SEED },
	{ "store 8",			{ P(2, 0), XB_ST_MEM(BPF_DW, 2, 16, -2), LOAD(BPF_DW, 16) }, .r0 = (u64)-2 },
	{ "store 4",			{ P(2, 0), XB_ST_MEM(BPF_W, 2, 0, -2), LOAD(BPF_DW, 0) }, .r0 = 0x88776655fffffffe },
	{ "store 2",			{ P(2, 0), XB_MOV64_IMM(3, -2), XB_STX_MEM(BPF_H, 2, 3, 0), LOAD(BPF_DW, 0) }, .r0 = 0x887766554433fffe },
	{ "store 1",			{ P(2, 0), XB_MOV64_IMM(3, -2), XB_STX_MEM(BPF_B, 2, 3, 1), LOAD(BPF_DW, 0) }, .r0 = 0x887766554433fe11 },
	{ "atomic add",			{ P(2, 0), XB_MOV64_IMM(3, 1), XB_ATOMIC(BPF_DW, BPF_ADD, 2, 3, 0), LOAD(BPF_DW, 0) }, .r0 = SEED + 1 },
	{ "atomic fetch",		{ P(2, 0), XB_MOV64_IMM(3, 1), XB_ATOMIC(BPF_W, BPF_ADD | BPF_FETCH, 2, 3, 0), RETURN(3) }, .r0 = (u32)SEED },
	{ "compare and exchange",	{ P(2, 0), XB_LD_IMM64(0, SEED), XB_MOV64_IMM(3, 1), XB_ATOMIC(BPF_DW, BPF_CMPXCHG, 2, 3, 0), LOAD(BPF_DW, 0) }, .r0 = 1 },
	{ "load-acquire",		{ P(2, 0), XB_ATOMIC(BPF_W, ACQ, 0, 2, 0), XB_EXIT() }, .r0 = (u32)SEED },
	{ "load-acquire, misaligned",	{ P(2, 0), XB_ATOMIC(BPF_W, ACQ, 0, 2, 2), XB_EXIT() }, .r0 = 0x66554433 },
	{ "store-release",		{ P(2, 0), XB_MOV64_IMM(3, 1), XB_ATOMIC(BPF_DW, REL, 2, 3, 0), LOAD(BPF_DW, 0) }, .r0 = 1 },
	{ "store-release, misaligned",	{ P(2, 0), XB_MOV64_IMM(3, 1), XB_ATOMIC(BPF_H, REL, 2, 3, 1), LOAD(BPF_DW, 0) }, .r0 = 0x8877665544000111 },

	{ "a page is made addressable",	{ P(2, PAGE), LOAD(BPF_DW, 0) }, .r0 = SEED, .fills = 1 },
	{ "for a store",		{ P(2, PAGE), XB_ST_MEM(BPF_DW, 2, 0, 3), LOAD(BPF_DW, 0) }, .r0 = 3, .fills = 1 },
	{ "for an atomic",		{ P(2, PAGE), XB_MOV64_IMM(3, 1), XB_ATOMIC(BPF_DW, BPF_ADD | BPF_FETCH, 2, 3, 0), RETURN(3) }, .r0 = SEED, .fills = 1 },
	{ "across the end of a page",	{ P(2, PAGE), XB_LDX_MEM(BPF_B, 0, 2, 0), LOAD(BPF_DW, -4) }, .r0 = 0x4433221188776655, .fills = 1 },
	{ "across it, not refilled",	{ P(2, PAGE), LOAD(BPF_DW, -4) }, .fills = 1 },
	{ "a load that misses is 0",	{ P(2, 2 * PAGE), XB_MOV64_IMM(0, 5), LOAD(BPF_DW, 0) }, .fills = 1 },
	{ "over its base too",		{ P(2, 2 * PAGE), XB_LDX_MEMSX(BPF_B, 2, 2, 0), RETURN(2) }, .fills = 1 },
	{ "a store that misses is lost", { P(2, 2 * PAGE), XB_ST_MEM(BPF_DW, 2, 0, 1), LOAD(BPF_DW, 0) }, .fills = 2 },
	{ "half a miss is a miss",	{ P(2, 2 * PAGE), XB_ST_MEM(BPF_B, 2, -1, 1), XB_ST_MEM(BPF_DW, 2, -4, -1), LOAD(BPF_DW, -8) }, .r0 = 0x0177665544332211, .fills = 2 },
	{ "fetch that misses",		{ P(2, 2 * PAGE), XB_MOV64_IMM(3, 1), XB_ATOMIC(BPF_DW, BPF_ADD | BPF_FETCH, 2, 3, 0), RETURN(3) }, .r0 = 1, .fills = 1 },
	{ "compare that misses",	{ P(2, 2 * PAGE), XB_MOV64_IMM(0, 9), XB_MOV64_IMM(3, 1), XB_ATOMIC(BPF_DW, BPF_CMPXCHG, 2, 3, 0), XB_EXIT() }, .r0 = 9, .fills = 1 },
	{ "load-acquire that misses",	{ P(2, 2 * PAGE), XB_MOV64_IMM(0, 9), XB_ATOMIC(BPF_W, ACQ, 0, 2, 0), XB_EXIT() }, .r0 = 9, .fills = 1 },
	{ "before the first page",	{ P(2, 0), XB_MOV64_IMM(0, 5), LOAD(BPF_DW, -1) }, .fills = 1 },
	{ "behind the last",		{ P(2, 3 * PAGE - 8), XB_MOV64_IMM(0, 5), LOAD(BPF_DW, 8) }, .fills = 1 },
	{ "an offset does not wrap",	{ P(2, 0), XB_ALU64_IMM(BPF_SUB, 2, FIRST), LOAD(BPF_DW, -8) }, .fills = 1 },
	{ "null misses",		{ XB_MOV64_IMM(2, 0), XB_CAST_TO_0(2, 2), LOAD(BPF_DW, 0) }, .fills = 1 },

	{ "sums wrap at 32 bits",	{ P(2, 3 * PAGE - 8), XB_ALU64_IMM(BPF_ADD, 2, 8), RETURN(2) }, .r0 = 0 },
	{ "and so do those of numbers",	{ P(2, 3 * PAGE - 8), XB_MOV64_IMM(3, 16), XB_ALU64_REG(BPF_ADD, 3, 2), RETURN(3) }, .r0 = 8 },
	{ "a sum can be used",		{ P(2, 0), XB_MOV64_IMM(3, 4), XB_ALU64_REG(BPF_ADD, 3, 2), XB_LDX_MEM(BPF_W, 0, 3, 0), XB_EXIT() }, .r0 = 0x88776655 },
	{ "a sum of 32 bits too",	{ P(2, 0), XB_ALU32_IMM(BPF_ADD, 2, 4), LOAD(BPF_W, 0) }, .r0 = 0x88776655 },
	{ "shifts are of 32 bits",	{ P(2, 0), XB_ALU64_IMM(BPF_ARSH, 2, 4), RETURN(2) }, .r0 = 0xfffffd00 },
	{ "negation is of 64",		{ P(2, 0), XB_INSN(BPF_ALU64 | BPF_NEG, 2, 0, 0, 0), RETURN(2) }, .r0 = (u64)-(s64)FIRST },
	{ "a swap is of 64",		{ P(2, 0), XB_BSWAP(2, 64), RETURN(2) }, .r0 = 0x00d0ffff00000000 },
	{ "a move keeps it",		{ P(3, 0), XB_MOV64_REG(2, 3), LOAD(BPF_DW, 0) }, .r0 = SEED },
	{ "numbers elsewhere are of 64",	{ P(2, 0), XB_LD_IMM64(3, 1ull << 32), XB_ALU64_IMM(BPF_ADD, 3, 1), RETURN(3) }, .r0 = (1ull << 32) + 1 },

	{ "through the frame",		{ P(3, 0), XB_STX_MEM(BPF_DW, 10, 3, -8), XB_LDX_MEM(BPF_DW, 2, 10, -8), LOAD(BPF_DW, 0) }, .r0 = SEED },
	{ "its lowest slot",		{ P(3, 0), XB_STX_MEM(BPF_DW, 10, 3, -512), XB_LDX_MEM(BPF_DW, 2, 10, -512), LOAD(BPF_DW, 0) }, .r0 = SEED },
	{ "overwritten in the frame",	{ P(3, 0), XB_STX_MEM(BPF_DW, 10, 3, -8), XB_STX_MEM(BPF_DW, 10, 10, -8), XB_ST_MEM(BPF_DW, 10, -16, 6), XB_LDX_MEM(BPF_DW, 2, 10, -8), LOAD(BPF_DW, -16) }, .r0 = 6 },
	{ "the context is no space",	{ P(3, 0), XB_ST_MEM(BPF_W, 1, 8, 7), XB_LDX_MEM(BPF_W, 0, 1, 8), XB_EXIT() }, .r0 = 7 },
	{ "into a function",		{ XB_LD_IMM64(1, HIGH | FIRST), XB_CAST_TO_0(1, 1), CALLEE(XB_LDX_MEM(BPF_DW, 0, 1, 0), XB_EXIT()) }, .r0 = SEED },
	{ "out of one",			{ XB_CALL_FUNC(2), XB_LDX_MEM(BPF_DW, 0, 0, 0), XB_EXIT(), P(0, 0), XB_EXIT() }, .r0 = SEED },
	{ "out of a later one",		{ XB_CALL_FUNC(2), XB_LDX_MEM(BPF_DW, 0, 0, 0), XB_EXIT(), XB_CALL_FUNC(1), XB_EXIT(), P(0, 0), XB_EXIT() }, .r0 = SEED },
	{ "kept over a call",		{ P(6, 0), XB_CALL_FUNC(2), XB_LDX_MEM(BPF_DW, 0, 6, 0), XB_EXIT(), XB_MOV64_IMM(0, 0), XB_EXIT() }, .r0 = SEED },
	{ "meets null",			{ P(2, 0), XB_LDX_MEM(BPF_W, 3, 1, 0), XB_JMP_IMM(BPF_JEQ, 3, 0, 1), XB_MOV64_IMM(2, 0), XB_MOV64_IMM(0, 0), XB_JMP_IMM(BPF_JEQ, 2, 0, 1), XB_LDX_MEM(BPF_DW, 0, 2, 0), XB_EXIT() }, .r0 = SEED },
	{ "meets null, the other way",	{ XB_MOV64_IMM(2, 0), XB_LDX_MEM(BPF_W, 3, 1, 0), XB_JMP_IMM(BPF_JNE, 3, 0, 3), P(2, 0), XB_MOV64_IMM(0, 0), XB_JMP_IMM(BPF_JEQ, 2, 0, 1), XB_LDX_MEM(BPF_DW, 0, 2, 0), XB_EXIT() }, .r0 = SEED },
	{ "meets an address above 4 GiB", { P(2, 0), XB_LDX_MEM(BPF_W, 3, 1, 0), XB_JMP_IMM(BPF_JNE, 3, 0, 1), XB_MOV64_REG(2, 10), XB_ST_MEM(BPF_DW, 10, -8, 4), XB_LDX_MEM(BPF_DW, 0, 2, -8), XB_EXIT() }, .r0 = 4 },
	{ "and out of bounds there",	{ P(2, 0), XB_LDX_MEM(BPF_W, 3, 1, 0), XB_JMP_IMM(BPF_JNE, 3, 0, 1), XB_MOV64_REG(2, 10), XB_LDX_MEM(BPF_DW, 0, 2, 0), XB_EXIT() }, .kind = XB_FAULT_OOB_READ },
	{ "not without a cast",		{ XB_LD_IMM64(2, FIRST), XB_LDX_MEM(BPF_DW, 0, 2, 0), XB_EXIT() }, .kind = XB_FAULT_OOB_READ },
	{ "nor cast back",		{ P(2, 0), XB_CAST_TO_1(2, 2), LOAD(BPF_DW, 0) }, .kind = XB_FAULT_OOB_READ },
	{ "nor once moved by 32 bits",	{ P(2, 0), XB_MOV32_REG(2, 2), LOAD(BPF_DW, 0) }, .kind = XB_FAULT_OOB_READ },
};
/* clang-format on */

static struct xb_prog *
load(struct toy *t, const struct row *row, const struct xb_space *space, struct xb_err *err)
{
	struct xb_prog_opts opts = {
		.name = "prog", .insns = row->insns, .ctx_bytes = CTX_BYTES, .space = space
	};

	for (u32 i = 0; i < MAX_INSNS; i++)
		if (row->insns[i].code)
			opts.insn_cnt = i + 1;
	return xb_prog_new(t->vm, &opts, err);
}

static void
check(const struct toy *t, const struct row *row, const char *how, enum xb_run_status status)
{
	const struct xb_fault *f = &t->proc->fault;

	if (status != (row->kind ? XB_RUN_FAULT : XB_RUN_EXIT) ||
	    (row->kind && f->kind != row->kind))
		fail_msg("%s, %s: fault '%s'", row->name, how, f->message);
	if (!row->kind && t->proc->r[0] != row->r0)
		fail_msg("%s, %s: R0 is 0x%llx", row->name, how, (unsigned long long)t->proc->r[0]);
	if (t->fills != row->fills)
		fail_msg("%s, %s: asked for %u pages", row->name, how, t->fills);
}

static void
test_rows(void **state)
{
	struct toy t;

	(void)state;
	open_toy(&t);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct xb_space space = { t.pages->gaddr, 3 * PAGE, FIRST, HIGH, NULL };
		struct xb_err err = XB_ERR_INIT;
		struct xb_prog *prog = load(&t, &rows[i], &space, &err);
		enum xb_run_status status;
		u64 insns, steps = 0;

		if (!prog)
			fail_msg("%s: %s", rows[i].name, err.msg);
		fill(&t);
		check(&t, &rows[i], "at once", xb_proc_run(t.proc, prog, t.ctx->gaddr));
		insns = t.proc->insns;
		fill(&t);
		xb_proc_start(t.proc, prog, t.ctx->gaddr);
		do {
			status = xb_vm_step(t.proc);
			steps++;
		} while (status == XB_RUN_RUNNING);
		check(&t, &rows[i], "in steps", status);
		if (steps != insns || t.proc->insns != insns)
			fail_msg("%s: %llu instructions, %llu steps", rows[i].name,
			         (unsigned long long)insns, (unsigned long long)steps);
		xb_prog_free(prog);
	}
	close_toy(&t);
}

/* Without an upper half a pointer is the same outside. */
static void
test_no_high(void **state)
{
	const struct row row = { .insns = { P(2, 8), XB_CAST_TO_1(0, 2), XB_EXIT() } };
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *prog;
	struct toy t;

	(void)state;
	open_toy(&t);
	prog = load(&t, &row, &(struct xb_space){ t.pages->gaddr, 3 * PAGE, FIRST, 0, NULL }, &err);
	assert_non_null(prog);
	assert_int_equal(xb_proc_run(t.proc, prog, t.ctx->gaddr), XB_RUN_EXIT);
	assert_int_equal(t.proc->r[0], FIRST + 8);
	xb_prog_free(prog);
	close_toy(&t);
}

/* clang-format off */
static const struct {
	const char *name;
	struct row row;
	bool space;
	const char *message; /* NULL: it loads */
} refused[] = {
	{ "no space", { .insns = { P(2, 0), RETURN(2) } }, false, "insn 2: addr_space_cast insn can only be used in a program that has an associated arena" },
	{ "no space, never reached", { .insns = { XB_MOV64_IMM(0, 0), XB_JMP_IMM(BPF_JEQ, 0, 0, 1), XB_CAST_TO_0(0, 0), XB_EXIT() } }, false, NULL },
	{ "to 0 from 0", { .insns = { XB_CAST(0, 0, 0, 1), XB_EXIT() } }, true, "insn 0: addr_space_cast insn can only convert between address space 1 and 0" },
	{ "to 1 from 1", { .insns = { XB_CAST(1, 1, 0, 1), XB_EXIT() } }, true, "between address space 1 and 0" },
	{ "from 2", { .insns = { XB_CAST(0, 2, 0, 1), XB_EXIT() } }, false, "between address space 1 and 0" },
	{ "of 32 bits", { .insns = { XB_INSN(BPF_ALU | BPF_MOV | BPF_X, 0, 1, 1, 1), XB_EXIT() } }, true, "opcode 0xbc" },
	{ "to r10", { .insns = { XB_CAST_TO_0(10, 1), XB_EXIT() } }, true, "dst_reg" },
};
/* clang-format on */

static void
test_refused(void **state)
{
	struct toy t;

	(void)state;
	open_toy(&t);
	for (size_t i = 0; i < XB_ARRAY_SIZE(refused); i++) {
		const struct xb_space space = { t.pages->gaddr, 3 * PAGE, FIRST, HIGH, NULL };
		const char *want = refused[i].message;
		struct xb_err err = XB_ERR_INIT;
		struct xb_prog *prog =
		        load(&t, &refused[i].row, refused[i].space ? &space : NULL, &err);

		if (!want != !!prog || (want && !strstr(err.msg, want)))
			fail_msg("%s: '%s'", refused[i].name, err.msg);
		xb_prog_free(prog);
	}
	close_toy(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_no_high),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
