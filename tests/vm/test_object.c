/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_object.c - objects that are not memory alone: which accesses go unchecked, which come to the
 * emulator, and what becomes of its answers; the same run at once and in single steps.
 *
 * The toy emulator's context has CTX_BYTES. Up to PLAIN_BYTES it is memory; at COUNT is a counter,
 * which a load increments and a store sets to twice the value; all else is refused. Elsewhere is an
 * object whose bytes hold their offset's complement and take no store, and one without rules.
 */
#include "tests/insns.h"
#include "vm/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define CTX_BYTES   32
#define PLAIN_BYTES 16
#define COUNT       16
#define MAX_INSNS   16
#define ANY         ~0ull

struct toy {
	struct xb_vm *vm;
	struct xb_proc *proc;
	struct xb_region *ctx, *thing, *unruled;
	u64 count;
	u32 calls; /* of access_object */
	u64 value; /* of its last store */
};

static bool
stores(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) != BPF_LDX;
}

static bool
ctx_plain(const struct xb_prog *prog, const struct bpf_insn *insn, u32 off)
{
	(void)prog;
	return off + xb_insn_bytes(insn->code) <= PLAIN_BYTES;
}

static void
access_ctx(struct xb_proc *proc, const struct bpf_insn *insn, u64 off, u64 *value)
{
	struct toy *t = proc->vm->emu;
	u32 bytes = xb_insn_bytes(insn->code);
	u8 *at = xb_mem_host(proc->vm->mem, t->ctx->gaddr + off);

	if (BPF_MODE(insn->code) == BPF_ATOMIC || (off >= PLAIN_BYTES && off != COUNT))
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT, "no field at %d of %u", (s32)off, bytes);
	else if (off == COUNT && stores(insn))
		t->count = 2 * *value;
	else if (off == COUNT)
		*value = t->count++;
	else if (stores(insn))
		memcpy(at, value, bytes);
	else
		memcpy(value, at, bytes);
}

static bool
access_object(struct xb_proc *proc, const struct bpf_insn *insn, u64 gaddr, u64 *value)
{
	struct toy *t = proc->vm->emu;
	u64 off = gaddr - t->ctx->gaddr;

	t->calls++;
	if (stores(insn))
		t->value = *value;
	else
		*value = 0;
	if (off + 64 < CTX_BYTES + 128) {
		access_ctx(proc, insn, off, value);
		return true;
	}
	if (gaddr - t->thing->gaddr >= t->thing->bytes)
		return false;
	*value = ~(gaddr - t->thing->gaddr) & (~0ull >> (64 - 8 * xb_insn_bytes(insn->code)));
	if (stores(insn))
		xb_proc_fault(proc, XB_FAULT_READ_ONLY, "a thing");
	return true;
}

static const struct xb_vm_ops ops = { .ctx_plain = ctx_plain, .access_object = access_object };

static struct xb_region *
map(struct toy *t, const char *name, u64 bytes)
{
	const struct xb_region_opts opts = {
		.name = name, .bytes = bytes, .low = true, .opaque = true
	};
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
	t->ctx = map(t, "ctx", CTX_BYTES);
	t->thing = map(t, "thing", 64);
	t->unruled = map(t, "unruled", 64);
}

static void
close_toy(struct toy *t)
{
	xb_proc_free(t->proc);
	xb_vm_free(t->vm);
}

/* What the plain part holds at first: addresses of the other objects. */
static void
fill(struct toy *t)
{
	const u64 ctx[CTX_BYTES / 8] = { t->thing->gaddr, t->unruled->gaddr, 0xdead, 0xdead };

	memcpy(xb_mem_host(t->vm->mem, t->ctx->gaddr), ctx, sizeof(ctx));
	t->count = 0x8182838485868788;
	t->calls = 0;
	t->value = 0;
}

struct row {
	const char *name;
	struct bpf_insn insns[MAX_INSNS]; /* up to the last that is one */
	u64 r0;
	u32 calls;  /* of the emulator, when it runs */
	u64 stored; /* what it was told to store at last */
	enum xb_fault_kind kind;
	u32 pc; /* of the fault */
	const char *message;
};

#define RETURN(v)           XB_MOV64_IMM(0, v), XB_EXIT()
#define FAULT(id, at, text) .kind = XB_FAULT_##id, .pc = (at), .message = (text)
#define SPILL               XB_STX_MEM(BPF_DW, 10, 1, -8), XB_LDX_MEM(BPF_DW, 6, 10, -8)
#define THING               XB_LDX_MEM(BPF_DW, 2, 1, 0)
#define UNRULED             XB_LDX_MEM(BPF_DW, 2, 1, 8)

/* clang-format off */
static const struct row rows[] = {
	{ "plain load",			{ XB_ST_MEM(BPF_DW, 1, 8, -2), XB_LDX_MEM(BPF_W, 0, 1, 8), XB_EXIT() }, .r0 = 0xfffffffe },
	{ "plain load through a copy",	{ XB_MOV64_REG(6, 1), XB_ST_MEM(BPF_H, 6, 8, 7), XB_LDX_MEM(BPF_H, 0, 6, 8), XB_EXIT() }, .r0 = 7 },
	{ "plain load through a sum",	{ XB_MOV64_REG(6, 1), XB_ALU64_IMM(BPF_ADD, 6, 12), XB_ST_MEM(BPF_B, 6, -4, 7), XB_LDX_MEM(BPF_B, 0, 6, -4), XB_EXIT() }, .r0 = 7 },
	{ "plain load with sign",	{ XB_ST_MEM(BPF_DW, 1, 8, 0x80), XB_LDX_MEMSX(BPF_B, 0, 1, 8), XB_EXIT() }, .r0 = (u64)-0x80 },
	{ "plain store of a register",	{ XB_MOV64_IMM(2, -3), XB_STX_MEM(BPF_DW, 1, 2, 8), XB_LDX_MEM(BPF_DW, 0, 1, 8), XB_EXIT() }, .r0 = (u64)-3 },
	{ "plain load, spilled",	{ SPILL, XB_ST_MEM(BPF_DW, 1, 8, -2), XB_LDX_MEM(BPF_W, 0, 6, 8), XB_EXIT() }, .r0 = 0xfffffffe, .calls = 1 },
	{ "plain store, spilled",	{ SPILL, XB_ST_MEM(BPF_DW, 6, 8, -2), XB_LDX_MEM(BPF_DW, 0, 1, 8), XB_EXIT() }, .r0 = (u64)-2, .calls = 1, .stored = (u64)-2 },
	{ "plain load in a function",	{ XB_ST_MEM(BPF_DW, 1, 8, 9), XB_CALL_FUNC(1), XB_EXIT(), XB_LDX_MEM(BPF_DW, 0, 1, 8), XB_EXIT() }, .r0 = 9, .calls = 1 },
	{ "plain load where ways meet",	{ XB_MOV64_REG(6, 1), XB_ST_MEM(BPF_DW, 1, 8, 9), XB_JMP_IMM(BPF_JEQ, 1, 0, 1), XB_ALU64_IMM(BPF_ADD, 6, 8), XB_LDX_MEM(BPF_DW, 0, 6, 0), XB_EXIT() }, .r0 = 9, .calls = 1 },

	{ "field load",			{ XB_LDX_MEM(BPF_DW, 0, 1, COUNT), XB_EXIT() }, .r0 = 0x8182838485868788, .calls = 1 },
	{ "field load, twice",		{ XB_LDX_MEM(BPF_DW, 2, 1, COUNT), XB_LDX_MEM(BPF_DW, 0, 1, COUNT), XB_EXIT() }, .r0 = 0x8182838485868789, .calls = 2 },
	{ "field load, spilled",	{ SPILL, XB_LDX_MEM(BPF_DW, 0, 6, COUNT), XB_EXIT() }, .r0 = 0x8182838485868788, .calls = 1 },
	{ "field load over its base",	{ XB_LDX_MEM(BPF_DW, 1, 1, COUNT), XB_MOV64_REG(0, 1), XB_EXIT() }, .r0 = 0x8182838485868788, .calls = 1 },
	{ "field load, 1 with sign",	{ XB_LDX_MEMSX(BPF_B, 0, 1, COUNT), XB_EXIT() }, .r0 = (u64)(s8)0x88, .calls = 1 },
	{ "field load, 2 with sign",	{ XB_LDX_MEMSX(BPF_H, 0, 1, COUNT), XB_EXIT() }, .r0 = (u64)(s16)0x8788, .calls = 1 },
	{ "field load, 4 with sign",	{ XB_LDX_MEMSX(BPF_W, 0, 1, COUNT), XB_EXIT() }, .r0 = (u64)(s32)0x85868788, .calls = 1 },
	{ "field store of a register",	{ XB_LD_IMM64(2, 0x1122334455667788), XB_STX_MEM(BPF_B, 1, 2, COUNT), XB_LDX_MEM(BPF_DW, 0, 1, COUNT), XB_EXIT() }, .r0 = 0x22446688aaccef10, .calls = 2, .stored = 0x1122334455667788 },
	{ "field store of a number",	{ XB_ST_MEM(BPF_W, 1, COUNT, -5), XB_LDX_MEM(BPF_DW, 0, 1, COUNT), XB_EXIT() }, .r0 = (u64)-10, .calls = 2, .stored = (u64)-5 },
	{ "field store of a number, 64 bits", { XB_ST_MEM(BPF_DW, 1, COUNT, 5), XB_LDX_MEM(BPF_DW, 0, 1, COUNT), XB_EXIT() }, .r0 = 10, .calls = 2, .stored = 5 },

	{ "refused load",		{ XB_MOV64_IMM(0, 5), XB_LDX_MEM(BPF_W, 0, 1, 20), XB_EXIT() }, .r0 = 5, .calls = 1, FAULT(BAD_CONTEXT, 1, "no field at 20 of 4") },
	{ "refused load over its base",	{ XB_MOV64_IMM(0, 5), XB_LDX_MEM(BPF_W, 1, 1, 20), XB_EXIT() }, .r0 = 5, .calls = 1, FAULT(BAD_CONTEXT, 1, "no field at 20 of 4") },
	{ "refused load with sign",	{ XB_MOV64_IMM(0, 5), XB_LDX_MEMSX(BPF_B, 0, 1, 24), XB_EXIT() }, .r0 = 5, .calls = 1, FAULT(BAD_CONTEXT, 1, "no field at 24 of 1") },
	{ "refused store",		{ XB_ST_MEM(BPF_W, 1, 28, 3), RETURN(0) }, .calls = 1, .stored = 3, FAULT(BAD_CONTEXT, 0, "no field at 28 of 4") },
	{ "refused, spilled",		{ SPILL, XB_STX_MEM(BPF_DW, 6, 10, 24), RETURN(0) }, .calls = 1, .stored = ANY, FAULT(BAD_CONTEXT, 2, "no field at 24 of 8") },
	{ "refused in a function",	{ XB_MOV64_IMM(0, 5), XB_CALL_FUNC(1), XB_EXIT(), XB_LDX_MEM(BPF_W, 0, 1, 20), XB_EXIT() }, .r0 = 5, .calls = 1, FAULT(BAD_CONTEXT, 3, "no field at 20 of 4") },
	{ "across the end",		{ XB_LDX_MEM(BPF_DW, 0, 1, 28), XB_EXIT() }, .calls = 1, FAULT(BAD_CONTEXT, 0, "no field at 28 of 8") },
	{ "behind",			{ XB_LDX_MEM(BPF_DW, 0, 1, 32), XB_EXIT() }, .calls = 1, FAULT(BAD_CONTEXT, 0, "no field at 32 of 8") },
	{ "before",			{ XB_LDX_MEM(BPF_B, 0, 1, -1), XB_EXIT() }, .calls = 1, FAULT(BAD_CONTEXT, 0, "no field at -1 of 1") },
	{ "across the start",		{ XB_ST_MEM(BPF_DW, 1, -4, 0), RETURN(0) }, .calls = 1, FAULT(BAD_CONTEXT, 0, "no field at -4 of 8") },
	{ "atomic, plain",		{ XB_MOV64_IMM(2, 6), XB_ATOMIC(BPF_DW, BPF_ADD, 1, 2, 8), RETURN(0) }, .calls = 1, .stored = 6, FAULT(BAD_CONTEXT, 1, "no field at 8 of 8") },
	{ "fetch keeps its register",	{ XB_MOV64_IMM(0, 6), XB_ATOMIC(BPF_W, BPF_ADD | BPF_FETCH, 1, 0, 16), RETURN(0) }, .r0 = 6, .calls = 1, .stored = 6, FAULT(BAD_CONTEXT, 1, "no field at 16 of 4") },
	{ "load-acquire",		{ XB_MOV64_IMM(0, 6), XB_ATOMIC(BPF_W, 0x100, 0, 1, 16), RETURN(0) }, .r0 = 6, .calls = 1, .stored = ANY, FAULT(BAD_CONTEXT, 1, "no field at 16 of 4") },
	{ "store-release",		{ XB_MOV64_IMM(2, 6), XB_ATOMIC(BPF_H, 0x110, 1, 2, 2), RETURN(0) }, .calls = 1, .stored = 6, FAULT(BAD_CONTEXT, 1, "no field at 2 of 2") },

	{ "thing",			{ THING, XB_LDX_MEM(BPF_W, 0, 2, 5), XB_EXIT() }, .r0 = 0xfffffffa, .calls = 1 },
	{ "thing with sign",		{ THING, XB_LDX_MEMSX(BPF_H, 0, 2, 5), XB_EXIT() }, .r0 = (u64)-6, .calls = 1 },
	{ "thing stored to",		{ THING, XB_ST_MEM(BPF_W, 2, 5, 4), RETURN(0) }, .calls = 1, .stored = 4, FAULT(READ_ONLY, 1, "a thing") },
	{ "unruled",			{ UNRULED, XB_LDX_MEM(BPF_W, 0, 2, 5), XB_EXIT() }, .calls = 1, FAULT(BAD_CONTEXT, 1, "unruled is no memory to pass on") },
	{ "null",			{ XB_MOV64_IMM(2, 0), XB_LDX_MEM(BPF_W, 0, 2, 5), XB_EXIT() }, .calls = 1, FAULT(NULL_POINTER, 1, "address 0x5 is a null pointer") },
	{ "stack",			{ XB_ST_MEM(BPF_DW, 10, -8, 3), XB_LDX_MEM(BPF_DW, 0, 10, -8), XB_EXIT() }, .r0 = 3 },
	{ "below the stack",		{ XB_LDX_MEM(BPF_DW, 0, 10, 0), XB_EXIT() }, .calls = 1, FAULT(OOB_READ, 0, "past the end of stack") },
};
/* clang-format on */

static struct xb_prog *
load(struct toy *t, const struct row *row)
{
	struct xb_prog_opts opts = { .name = "prog", .insns = row->insns, .ctx_bytes = CTX_BYTES };
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *prog;

	for (u32 i = 0; i < MAX_INSNS; i++)
		if (row->insns[i].code)
			opts.insn_cnt = i + 1; /* the second half of a constant has code 0 */
	prog = xb_prog_new(t->vm, &opts, &err);
	if (!prog)
		fail_msg("%s: %s", row->name, err.msg);
	return prog;
}

static void
check(const struct toy *t, const struct row *row, const char *how, enum xb_run_status status)
{
	const struct xb_fault *f = &t->proc->fault;

	if (status != (row->kind ? XB_RUN_FAULT : XB_RUN_EXIT))
		fail_msg("%s, %s: %s", row->name, how, row->kind ? "no fault" : f->message);
	if (t->proc->r[0] != row->r0)
		fail_msg("%s, %s: R0 is 0x%llx", row->name, how, (unsigned long long)t->proc->r[0]);
	if (t->calls != row->calls)
		fail_msg("%s, %s: the emulator was called %u times", row->name, how, t->calls);
	if (row->stored != ANY && t->value != row->stored)
		fail_msg("%s, %s: stored 0x%llx", row->name, how, (unsigned long long)t->value);
	if (row->kind && (f->kind != row->kind || f->pc != row->pc || t->proc->pc != row->pc ||
	                  !strstr(f->message, row->message)))
		fail_msg("%s, %s: %s at %u: %s", row->name, how, xb_fault_kind_name(f->kind), f->pc,
		         f->message);
}

static void
test_rows(void **state)
{
	struct toy t;

	(void)state;
	open_toy(&t);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct xb_prog *prog = load(&t, &rows[i]);
		enum xb_run_status status;
		u64 insns, steps = 0;

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
