/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_strict.c - what strict machines refuse to read, at once and in single steps; and that other
 * machines let the same programs pass.
 */
#include "tests/insns.h"
#include "vm/strict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The toy emulator's helpers. */
enum {
	LOOP = 1, /* R1 times the function R2, with what is in R3 */
	SUM,      /* of R2 bytes at R1 */
	FILL,     /* R2 bytes at R1 */
	TAIL,     /* goes on in the program `next` */
	NOTHING,  /* has no arguments */
};
#define OWN(dst)     XB_INSN(0xff, dst, 0, 0, 0) /* dst = 1, and R9 = 2 */
#define RETURN(v)    XB_MOV64_IMM(0, v), XB_EXIT()
#define FP(reg, off) XB_MOV64_REG(reg, 10), XB_ALU64_IMM(BPF_ADD, reg, off)

struct toy {
	struct xb_vm *vm;
	struct xb_proc *proc;
	struct xb_region *ctx;
	struct xb_prog *next;
};

static u64
call_toy(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	const struct toy *t = proc->vm->emu;
	u64 sum = 0, r0;
	u8 *p;

	switch (call->aux) {
	case LOOP:
		for (u64 i = 0; i < r[1]; i++)
			if (!xb_proc_callback(proc, r[2], (const u64[5]){ r[3] }, &r0))
				return 0;
		return 0;
	case SUM:
		p = xb_mem_range(proc->vm->mem, r[1], r[2], XB_MEM_READ);
		if (!xb_strict_written(proc, r[1], r[2]))
			return xb_strict_fault(proc, r[1], r[2], call->name);
		for (u64 i = 0; i < r[2]; i++)
			sum += p[i];
		return sum;
	case FILL:
		p = xb_mem_range(proc->vm->mem, r[1], r[2], XB_MEM_WRITE);
		xb_strict_write(proc, r[1], r[2]);
		memset(p, 1, r[2]);
		return 0;
	case TAIL:
		xb_proc_tail_call(proc, t->next);
		return 0;
	default:
		return 5;
	}
}

static int
bind_call(void *emu, const struct xb_prog *prog, u32 pc, u64 r1_const, struct xb_call *call,
          struct xb_err *err)
{
	static const u8 reads[] = {
		[LOOP] = 0xe, [SUM] = 6, [FILL] = 6, [TAIL] = 0, [NOTHING] = 0
	};
	u32 cnt, id = (u32)xb_prog_insns(prog, &cnt)[pc].imm;

	(void)emu;
	(void)r1_const;
	(void)err;
	*call = (struct xb_call){ .fn = call_toy, .name = "toy", .aux = id, .reads = reads[id] };
	return 0;
}

static int
own_insn(void *emu, const struct bpf_insn *insn, char *text, size_t bytes, struct xb_err *err)
{
	(void)emu;
	(void)err;
	snprintf(text, bytes, "own");
	return insn->code == 0xff;
}

static void
exec_own_insn(struct xb_proc *proc, const struct bpf_insn *insn)
{
	proc->r[insn->dst_reg] = 1;
	proc->r[9] = 2;
}

static bool
load_packet(struct xb_proc *proc, s32 off, u32 bytes, u64 *value)
{
	(void)proc;
	*value = bytes;
	return off >= 0 && off < 64;
}

static const struct xb_vm_ops ops = { .bind_call = bind_call,
	                              .own_insn = own_insn,
	                              .exec_own_insn = exec_own_insn,
	                              .load_packet = load_packet };

struct row {
	const char *name;
	struct bpf_insn insns[14];
	u32 cnt;
	const char *message; /* NULL: it may */
	u64 insns_cnt;       /* executed, with the one that is refused; 0: any */
	u64 r0;              /* of those that may */
};

#define GIVES(v, n)    .r0 = (v), .insns_cnt = (n)
#define STOPS(text, n) .message = (text), .insns_cnt = (n)
#define REG(r)         "register r" #r " was never written"

/* clang-format off */
static const struct row rows[] = {
	{ "the context", { XB_MOV64_REG(2, 1), RETURN(0) }, 3, GIVES(0, 3) },
	{ "the frame", { XB_MOV64_REG(2, 10), RETURN(0) }, 3, GIVES(0, 3) },
	{ "R0", { XB_MOV64_REG(2, 0), RETURN(0) }, 3, STOPS(REG(0), 1) },
	{ "R2", { XB_MOV64_REG(3, 2), RETURN(0) }, 3, STOPS(REG(2), 1) },
	{ "R9", { XB_MOV64_IMM(8, 1), XB_MOV64_REG(8, 9), RETURN(0) }, 4, STOPS(REG(9), 2) },
	{ "no result", { XB_EXIT() }, 1, STOPS(REG(0), 1) },
	{ "dst of an operation", { XB_ALU64_IMM(BPF_ADD, 3, 1), RETURN(0) }, 3, STOPS(REG(3), 1) },
	{ "src of an operation", { XB_MOV64_IMM(3, 1), XB_ALU32_REG(BPF_ADD, 3, 4), RETURN(0) }, 4, STOPS(REG(4), 2) },
	{ "xor of itself", { XB_ALU64_REG(BPF_XOR, 0, 0), XB_EXIT() }, 2, STOPS(REG(0), 1) },
	{ "neg", { XB_ALU64_IMM(BPF_NEG, 5, 0), RETURN(0) }, 3, STOPS(REG(5), 1) },
	{ "byte swap", { XB_BSWAP(5, 16), RETURN(0) }, 3, STOPS(REG(5), 1) },
	{ "32 bits write all", { XB_MOV32_IMM(0, 3), XB_EXIT() }, 2, GIVES(3, 2) },
	{ "compared, dst", { XB_JMP_IMM(BPF_JEQ, 3, 1, 0), RETURN(0) }, 3, STOPS(REG(3), 1) },
	{ "compared, src", { XB_JMP_REG(BPF_JEQ, 1, 4, 0), RETURN(0) }, 3, STOPS(REG(4), 1) },
	{ "one of two ways", { XB_JMP_IMM(BPF_JEQ, 1, 0, 1), XB_MOV64_IMM(6, 1), XB_MOV64_REG(0, 6), XB_EXIT() }, 4, GIVES(1, 4) },
	{ "the other way", { XB_JMP_IMM(BPF_JNE, 1, 0, 1), XB_MOV64_IMM(6, 1), XB_MOV64_REG(0, 6), XB_EXIT() }, 4, STOPS(REG(6), 2) },
	{ "address of a load", { XB_LDX_MEM(BPF_W, 0, 3, 0), XB_EXIT() }, 2, STOPS(REG(3), 1) },
	{ "address of a store", { XB_ST_MEM(BPF_W, 3, 0, 0), RETURN(0) }, 3, STOPS(REG(3), 1) },
	{ "value of a store", { XB_STX_MEM(BPF_W, 10, 3, -4), RETURN(0) }, 3, STOPS(REG(3), 1) },
	{ "a load writes", { XB_LDX_MEM(BPF_B, 0, 1, 0), XB_EXIT() }, 2, GIVES(0, 2) },
	{ "ldimm64 writes", { XB_LD_IMM64(0, 4), XB_EXIT() }, 3, GIVES(4, 2) },

	{ "stack", { XB_LDX_MEM(BPF_DW, 0, 10, -16), XB_EXIT() }, 2, STOPS("bytes 0 to 7 of the stack at fp-16 were never written", 1) },
	{ "its upper half", { XB_ST_MEM(BPF_W, 10, -16, 1), XB_LDX_MEM(BPF_DW, 0, 10, -16), XB_EXIT() }, 3, STOPS("bytes 4 to 7 of the stack at fp-16 were never written", 2) },
	{ "its lower half", { XB_ST_MEM(BPF_W, 10, -12, 1), XB_LDX_MEM(BPF_DW, 0, 10, -16), XB_EXIT() }, 3, STOPS("bytes 0 to 3 of the stack at fp-16 were never written", 2) },
	{ "its middle", { XB_ST_MEM(BPF_H, 10, -16, 1), XB_ST_MEM(BPF_B, 10, -13, 1), XB_ST_MEM(BPF_W, 10, -12, 1), XB_LDX_MEM(BPF_DW, 0, 10, -16), XB_EXIT() }, 5, STOPS("byte 2 of the stack at fp-16 was never written", 4) },
	{ "both halves", { XB_ST_MEM(BPF_W, 10, -16, 1), XB_ST_MEM(BPF_W, 10, -12, 0), XB_LDX_MEM(BPF_DW, 0, 10, -16), XB_EXIT() }, 4, GIVES(1, 4) },
	{ "the byte beside it", { XB_ST_MEM(BPF_B, 10, -1, 1), XB_LDX_MEM(BPF_B, 0, 10, -2), XB_EXIT() }, 3, STOPS("byte 0 of the stack at fp-2 was never written", 2) },
	{ "the first byte", { XB_ST_MEM(BPF_B, 10, -512, 1), XB_LDX_MEM(BPF_B, 0, 10, -512), XB_EXIT() }, 3, GIVES(1, 3) },
	{ "with sign", { XB_LDX_MEMSX(BPF_H, 0, 10, -2), XB_EXIT() }, 2, STOPS("bytes 0 to 1 of the stack at fp-2 were never written", 1) },
	{ "through a copy", { FP(2, -8), XB_LDX_MEM(BPF_W, 0, 2, 4), XB_EXIT() }, 4, STOPS("bytes 0 to 3 of the stack at fp-4 were never written", 3) },
	{ "outside of it", { XB_LDX_MEM(BPF_W, 0, 10, -2), XB_EXIT() }, 2, STOPS("1 byte past", 1) },
	{ "a store that faults writes nothing", { XB_ST_MEM(BPF_W, 10, -2, 0), RETURN(0) }, 3, STOPS("1 byte past the end", 1) },
	{ "an atomic reads", { XB_MOV64_IMM(0, 1), XB_ATOMIC(BPF_DW, BPF_ADD, 10, 0, -8), XB_EXIT() }, 3, STOPS("bytes 0 to 7 of the stack at fp-8 were never written", 2) },
	{ "an exchange too", { XB_ST_MEM(BPF_W, 10, -8, 0), XB_MOV64_IMM(0, 1), XB_ATOMIC(BPF_DW, BPF_XCHG, 10, 0, -8), XB_EXIT() }, 4, STOPS("bytes 4 to 7 of the stack at fp-8 were never written", 3) },
	{ "compare-exchange reads R0", { XB_ST_MEM(BPF_DW, 10, -8, 0), XB_MOV64_IMM(3, 1), XB_ATOMIC(BPF_DW, BPF_CMPXCHG, 10, 3, -8), XB_EXIT() }, 4, STOPS(REG(0), 3) },
	{ "load-acquire", { XB_ATOMIC(BPF_W, BPF_LOAD_ACQ, 0, 10, -4), XB_EXIT() }, 2, STOPS("bytes 0 to 3 of the stack at fp-4 were never written", 1) },
	{ "store-release writes", { XB_MOV64_IMM(2, 9), XB_ATOMIC(BPF_W, BPF_STORE_REL, 10, 2, -4), XB_LDX_MEM(BPF_W, 0, 10, -4), XB_EXIT() }, 4, GIVES(9, 4) },

	{ "an argument", { XB_MOV64_IMM(1, 1), XB_CALL(SUM), XB_EXIT() }, 3, STOPS("toy: register r2 was never written", 2) },
	{ "no argument", { XB_CALL(NOTHING), XB_EXIT() }, 2, GIVES(5, 2) },
	{ "R1 after a call", { XB_CALL(NOTHING), XB_MOV64_REG(0, 1), XB_EXIT() }, 3, STOPS("register r1 was lost in a call", 2) },
	{ "R2 after a call", { XB_CALL(NOTHING), XB_MOV64_REG(0, 2), XB_EXIT() }, 3, STOPS(REG(2), 2) },
	{ "R6 after a call", { XB_MOV64_REG(6, 1), XB_CALL(NOTHING), XB_LDX_MEM(BPF_B, 0, 6, 0), XB_EXIT() }, 4, GIVES(0, 4) },
	{ "R1 written again", { XB_CALL(NOTHING), XB_MOV64_IMM(1, 3), XB_MOV64_REG(0, 1), XB_EXIT() }, 4, GIVES(3, 4) },
	{ "R1 for a second call", { FP(1, -8), XB_MOV64_IMM(2, 8), XB_CALL(FILL), XB_CALL(SUM), XB_EXIT() }, 6, STOPS("toy: register r1 was lost in a call", 5) },
	{ "a helper reads", { XB_ST_MEM(BPF_DW, 10, -16, 0), FP(1, -16), XB_MOV64_IMM(2, 9), XB_CALL(SUM), XB_EXIT() }, 6, STOPS("toy: byte 8 of the stack at fp-16 was never written", 5) },
	{ "a helper reads what is there", { XB_ST_MEM(BPF_DW, 10, -16, 7), FP(1, -16), XB_MOV64_IMM(2, 8), XB_CALL(SUM), XB_EXIT() }, 6, GIVES(7, 6) },
	{ "a helper writes", { FP(1, -16), XB_MOV64_IMM(2, 9), XB_CALL(FILL), XB_LDX_MEM(BPF_B, 0, 10, -8), XB_EXIT() }, 6, GIVES(1, 6) },
	{ "and not more", { FP(1, -16), XB_MOV64_IMM(2, 9), XB_CALL(FILL), XB_LDX_MEM(BPF_H, 0, 10, -8), XB_EXIT() }, 6, STOPS("byte 1 of the stack at fp-8 was never written", 5) },

	{ "a function gets its arguments", { XB_CALL_FUNC(1), XB_EXIT(), XB_LDX_MEM(BPF_B, 0, 1, 0), XB_EXIT() }, 4, GIVES(0, 4) },
	{ "and those alone that are there", { XB_CALL_FUNC(1), XB_EXIT(), XB_MOV64_REG(0, 2), XB_EXIT() }, 4, STOPS(REG(2), 2) },
	{ "not R6", { XB_MOV64_IMM(6, 1), XB_CALL_FUNC(1), XB_EXIT(), XB_MOV64_REG(0, 6), XB_EXIT() }, 5, STOPS(REG(6), 3) },
	{ "its caller keeps R6", { XB_MOV64_IMM(6, 1), XB_CALL_FUNC(2), XB_MOV64_REG(0, 6), XB_EXIT(), RETURN(0) }, 6, GIVES(1, 6) },
	{ "but did not get one", { XB_CALL_FUNC(2), XB_MOV64_REG(0, 6), XB_EXIT(), XB_MOV64_IMM(6, 1), RETURN(0) }, 6, STOPS(REG(6), 5) },
	{ "its caller loses R1", { XB_CALL_FUNC(2), XB_LDX_MEM(BPF_B, 0, 1, 0), XB_EXIT(), RETURN(0) }, 5, STOPS("register r1 was lost in a call", 4) },
	{ "it returns nothing", { XB_CALL_FUNC(2), RETURN(3), XB_EXIT() }, 4, GIVES(3, 4) },
	{ "which nobody may read", { XB_MOV64_IMM(0, 1), XB_CALL_FUNC(1), XB_EXIT(), XB_EXIT() }, 4, STOPS(REG(0), 4) },
	{ "it writes its caller's frame", { FP(1, -8), XB_CALL_FUNC(2), XB_LDX_MEM(BPF_W, 0, 10, -8), XB_EXIT(), XB_ST_MEM(BPF_W, 1, 0, 5), XB_EXIT() }, 7, GIVES(5, 7) },
	{ "and may not read all of it", { FP(1, -8), XB_CALL_FUNC(1), XB_EXIT(), XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT() }, 6, STOPS("bytes 0 to 3 of the stack at fp-8 of frame 0 were never written", 4) },
	{ "a frame that was used before", { XB_CALL_FUNC(4), XB_CALL_FUNC(1), XB_EXIT(), XB_LDX_MEM(BPF_B, 0, 10, -1), XB_EXIT(), XB_ST_MEM(BPF_B, 10, -1, 1), XB_EXIT() }, 7, STOPS("byte 0 of the stack at fp-1 was never written", 5) },

	{ "callbacks", { XB_MOV64_IMM(1, 2), XB_LD_FUNC(2, 6), XB_MOV64_IMM(3, 7), XB_MOV64_IMM(6, 5), XB_CALL(LOOP), XB_MOV64_REG(0, 6), XB_EXIT(), XB_STX_MEM(BPF_W, 10, 1, -4), RETURN(0) }, 11, GIVES(5, 7 + 6) },
	{ "a callback without result", { XB_MOV64_IMM(1, 2), XB_LD_FUNC(2, 4), XB_MOV64_IMM(3, 7), XB_CALL(LOOP), XB_EXIT(), XB_EXIT() }, 7, STOPS(REG(0), 5) },
	{ "a callback's R6", { XB_MOV64_IMM(1, 2), XB_LD_FUNC(2, 5), XB_MOV64_IMM(3, 7), XB_MOV64_IMM(6, 7), XB_CALL(LOOP), XB_EXIT(), XB_MOV64_REG(0, 6), XB_EXIT() }, 9, STOPS(REG(6), 6) },
	{ "its frame, the second time", { XB_MOV64_IMM(1, 2), XB_LD_FUNC(2, 4), XB_MOV64_IMM(3, 7), XB_CALL(LOOP), XB_EXIT(), XB_JMP_IMM(BPF_JEQ, 1, 7, 1), XB_LDX_MEM(BPF_B, 0, 10, -1), XB_ST_MEM(BPF_B, 10, -1, 1), RETURN(0) }, 11, GIVES(0, 0) },
	{ "R1 after callbacks", { XB_MOV64_IMM(1, 1), XB_LD_FUNC(2, 5), XB_MOV64_IMM(3, 7), XB_CALL(LOOP), XB_MOV64_REG(0, 3), XB_EXIT(), RETURN(0) }, 9, STOPS("register r3 was lost in a call", 7) },

	{ "the program after a tail call", { XB_MOV64_IMM(6, 1), XB_ST_MEM(BPF_B, 10, -1, 1), XB_CALL(TAIL), XB_EXIT() }, 4, STOPS(REG(6), 4) },
	{ "an instruction of the emulator's", { OWN(3), XB_MOV64_REG(0, 3), XB_ALU64_REG(BPF_ADD, 0, 9), XB_EXIT() }, 4, GIVES(3, 4) },
	{ "writes no other", { OWN(3), XB_MOV64_REG(0, 4), XB_EXIT() }, 3, STOPS(REG(4), 2) },
	{ "LD_ABS wants R6", { XB_LD_ABS(BPF_B, 1), XB_EXIT() }, 2, STOPS(REG(6), 1) },
	{ "LD_ABS loses R1", { XB_MOV64_REG(6, 1), XB_LD_ABS(BPF_B, 1), XB_MOV64_REG(2, 1), XB_EXIT() }, 4, STOPS("register r1 was lost in a call", 3) },
	{ "LD_ABS writes R0", { XB_MOV64_REG(6, 1), XB_LD_ABS(BPF_H, 1), XB_EXIT() }, 3, GIVES(2, 3) },
	{ "LD_IND wants its register", { XB_MOV64_REG(6, 1), XB_LD_IND(BPF_H, 7, 1), XB_EXIT() }, 3, STOPS(REG(7), 2) },
	{ "LD_ABS ends a function", { XB_MOV64_REG(6, 1), XB_CALL_FUNC(1), XB_EXIT(), XB_MOV64_REG(6, 1), XB_LD_ABS(BPF_H, 100), XB_EXIT() }, 6, GIVES(0, 5) },
	{ "may_goto reads nothing", { XB_MAY_GOTO(0), RETURN(2) }, 3, GIVES(2, 3) },
};
/* clang-format on */

static void
toy_open(struct toy *t, bool strict)
{
	const struct xb_vm_opts opts = { .vcpu_cnt = 1, .strict = strict, .ops = &ops, .emu = t };
	const struct xb_region_opts ctx = { .name = "ctx", .bytes = 64, .low = true };
	struct xb_err err = XB_ERR_INIT;

	memset(t, 0, sizeof(*t));
	t->vm = xb_vm_new(&opts, &err);
	assert_non_null(t->vm);
	t->proc = xb_proc_new(t->vm, 0, &err);
	t->ctx = xb_mem_map(t->vm->mem, &ctx, &err);
	assert_non_null(t->proc);
	assert_non_null(t->ctx);
	xb_mem_allow(t->vm->mem, t->ctx->gaddr, 64, XB_MEM_READ);
}

static void
toy_close(struct toy *t)
{
	xb_prog_free(t->next);
	xb_proc_free(t->proc);
	xb_vm_free(t->vm);
}

static struct xb_prog *
load(struct toy *t, const char *name, const struct bpf_insn *insns, u32 cnt)
{
	const struct xb_prog_opts opts = { .name = "prog",
		                           .insns = insns,
		                           .insn_cnt = cnt,
		                           .ctx_bytes = 64,
		                           .may_load_packet = true };
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *prog = xb_prog_new(t->vm, &opts, &err);

	if (!prog)
		fail_msg("%s: %s", name, err.msg);
	return prog;
}

static void
check(const struct toy *t, const struct row *row, const char *how, enum xb_run_status status)
{
	const struct xb_fault *f = &t->proc->fault;

	if (status != (row->message ? XB_RUN_FAULT : XB_RUN_EXIT))
		fail_msg("%s, %s: %s", row->name, how, row->message ? "no fault" : f->message);
	if (row->insns_cnt && t->proc->insns != row->insns_cnt)
		fail_msg("%s, %s: %llu instructions", row->name, how,
		         (unsigned long long)t->proc->insns);
	if (row->message && !strstr(f->message, row->message))
		fail_msg("%s, %s: %s: %s", row->name, how, xb_fault_kind_name(f->kind), f->message);
	if (row->message && strstr(row->message, "never written") && f->kind != XB_FAULT_UNINIT)
		fail_msg("%s, %s: %s", row->name, how, xb_fault_kind_name(f->kind));
	if (!row->message && t->proc->r[0] != row->r0)
		fail_msg("%s, %s: R0 is %llu", row->name, how, (unsigned long long)t->proc->r[0]);
}

static void
test_rows(void **state)
{
	/* Reads what the program before it wrote: its frame, and R6. */
	static const struct bpf_insn next[] = { XB_MOV64_REG(0, 6), XB_EXIT() };
	struct toy t;

	(void)state;
	toy_open(&t, true);
	t.next = load(&t, "next", next, XB_ARRAY_SIZE(next));
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct xb_prog *prog = load(&t, rows[i].name, rows[i].insns, rows[i].cnt);
		enum xb_run_status status;

		check(&t, &rows[i], "at once", xb_proc_run(t.proc, prog, t.ctx->gaddr));
		xb_proc_start(t.proc, prog, t.ctx->gaddr);
		while ((status = xb_vm_step(t.proc)) == XB_RUN_RUNNING)
			;
		check(&t, &rows[i], "in steps", status);
		xb_prog_free(prog);
	}
	toy_close(&t);
}

/* Elsewhere only what is outside of the stack stops a program. */
static void
test_lenient(void **state)
{
	static const struct bpf_insn next[] = { RETURN(0) };
	struct toy t;

	(void)state;
	toy_open(&t, false);
	t.next = load(&t, "next", next, XB_ARRAY_SIZE(next));
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct xb_prog *prog = load(&t, rows[i].name, rows[i].insns, rows[i].cnt);

		if (xb_proc_run(t.proc, prog, t.ctx->gaddr) == XB_RUN_FAULT &&
		    t.proc->fault.kind == XB_FAULT_UNINIT)
			fail_msg("%s: %s", rows[i].name, t.proc->fault.message);
		xb_prog_free(prog);
	}
	toy_close(&t);
}

/* Frames of another size; a register that the host sets counts as written; the budget holds. */
static void
test_host(void **state)
{
	static const struct bpf_insn insns[] = { XB_MOV64_REG(0, 3), XB_EXIT() };
	static const struct bpf_insn endless[] = { XB_JA(-1), XB_EXIT() };
	struct toy t;
	struct xb_prog *prog;

	(void)state;
	toy_open(&t, true);
	assert_int_equal(t.vm->zeroing, XB_ZERO_ALWAYS);
	prog = load(&t, "register", insns, XB_ARRAY_SIZE(insns));
	xb_proc_start(t.proc, prog, t.ctx->gaddr);
	xb_proc_set_reg(t.proc, 3, 8);
	assert_int_equal(xb_proc_continue(t.proc), XB_RUN_EXIT);
	assert_int_equal(t.proc->r[0], 8);
	assert_int_equal(xb_proc_run(t.proc, prog, t.ctx->gaddr), XB_RUN_FAULT);
	xb_prog_free(prog);
	prog = load(&t, "endless", endless, XB_ARRAY_SIZE(endless));
	t.vm->max_insns = 200000;
	assert_int_equal(xb_proc_run(t.proc, prog, t.ctx->gaddr), XB_RUN_FAULT);
	assert_int_equal(t.proc->fault.kind, XB_FAULT_BUDGET);
	assert_int_equal(t.proc->insns, 200001);
	xb_proc_stop(t.proc, XB_STOP_DEADLINE);
	assert_int_equal(xb_proc_run(t.proc, prog, t.ctx->gaddr), XB_RUN_FAULT);
	assert_string_equal(t.proc->fault.message, "deadline passed");
	xb_prog_free(prog);
	toy_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_lenient),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
