/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_own.c - instructions of the emulator's own, at once and in single steps.
 *
 * The toy emulator's, told apart by opcode: TRIPLE dst, src, imm: dst = 3 * src + imm, where off
 * must be 0; SWAP dst, src; POP dst: the 8 bytes at R10 + off, from memory; CALL_BACK: R0 = what
 * the function in dst returns for src; ALL: R0 to R10 become imm; STOP; GO: a tail call.
 */
#include "tests/insns.h"
#include "vm/bytes.h"
#include "vm/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
	TRIPLE = 0xff,
	SWAP = 0x8f,
	POP = 0x60,
	CALL_BACK = 0xe7,
	ALL = 0x00,
	STOP = 0xef,
	GO = 0xee
};

#define OWN(code, dst, src, off, imm) XB_INSN(code, dst, src, off, imm)
#define RETURN(v)                     XB_MOV64_IMM(0, v), XB_EXIT()

static const struct xb_prog *
target_of(const struct xb_proc *proc)
{
	const struct xb_prog *const *target = proc->vm->emu;

	return *target;
}

static int
own_insn(void *emu, const struct bpf_insn *insn, char *text, size_t bytes, struct xb_err *err)
{
	static const char *const names[256] = {
		[TRIPLE] = "triple", [SWAP] = "swap", [POP] = "pop", [CALL_BACK] = "back",
		[ALL] = "all",       [STOP] = "stop", [GO] = "go"
	};

	(void)emu;
	if (!names[insn->code])
		return 0;
	if (insn->code == TRIPLE && insn->off)
		return xb_err_set(err, XB_ERR_LOAD, "triple: off is %d", insn->off);
	snprintf(text, bytes, "%s r%u, r%u, %d", names[insn->code], insn->dst_reg, insn->src_reg,
	         insn->imm);
	return 1;
}

static void
pop(struct xb_proc *proc, const struct bpf_insn *insn)
{
	u64 gaddr = proc->r[BPF_REG_10] + (u64)(s64)insn->off;
	const void *p = xb_mem_range(proc->vm->mem, gaddr, 8, XB_MEM_READ);

	proc->r[insn->dst_reg] = 4711;
	if (p)
		proc->r[insn->dst_reg] = xb_ld64(p);
	else
		xb_proc_fault_mem(proc, gaddr, 8, XB_MEM_READ, "pop");
}

static void
exec_own_insn(struct xb_proc *proc, const struct bpf_insn *insn)
{
	u64 *r = proc->r, *dst = &r[insn->dst_reg], *src = &r[insn->src_reg], was = *dst;

	switch (insn->code) {
	case TRIPLE:
		*dst = 3 * *src + (u64)(s64)insn->imm;
		break;
	case SWAP:
		*dst = *src;
		*src = was;
		break;
	case POP:
		pop(proc, insn);
		break;
	case CALL_BACK:
		if (xb_proc_callback(proc, *dst, (const u64[5]){ *src }, &was))
			r[0] = was;
		break;
	case GO:
		xb_proc_tail_call(proc, target_of(proc));
		break;
	case STOP:
		r[0] = 99;
		xb_proc_fault(proc, XB_FAULT_BAD_ARGUMENT, "stopped by r%u", insn->dst_reg);
		break;
	default:
		for (u32 i = 0; i <= BPF_REG_10; i++)
			r[i] = (u64)(s64)insn->imm;
	}
}

static const struct xb_vm_ops ops = { .own_insn = own_insn, .exec_own_insn = exec_own_insn };

struct row {
	const char *name;
	struct bpf_insn insns[10];
	u32 cnt;
	u64 r0, insns_cnt;
	enum xb_fault_kind kind;
	const char *message;
};

#define RETURNS(v, n)       .r0 = (v), .insns_cnt = (n)
#define FAULTS(id, n, text) .kind = XB_FAULT_##id, .insns_cnt = (n), .message = (text)

/* clang-format off */
static const struct row rows[] = {
	{ "triple", { XB_MOV64_IMM(2, 5), OWN(TRIPLE, 0, 2, 0, -4), XB_EXIT() }, 3, RETURNS(11, 3) },
	{ "both change", { XB_MOV64_IMM(0, 1), XB_MOV64_IMM(9, 2), OWN(SWAP, 0, 9, 0, 0), XB_ALU64_IMM(BPF_LSH, 9, 4), XB_ALU64_REG(BPF_OR, 0, 9), XB_EXIT() }, 6, RETURNS(0x12, 6) },
	{ "reads memory", { XB_ST_MEM(BPF_DW, 10, -8, 7), OWN(POP, 0, 0, -8, 0), XB_EXIT() }, 3, RETURNS(7, 3) },
	{ "sees a frame that nobody names, zeroed", { XB_CALL_FUNC(1), XB_EXIT(), OWN(POP, 0, 0, -8, 0), XB_EXIT() }, 4, RETURNS(0, 4) },
	{ "calls back", { XB_LD_FUNC(3, 5), XB_MOV64_IMM(4, 20), OWN(CALL_BACK, 3, 4, 0, 0), XB_ALU64_REG(BPF_ADD, 0, 4), XB_EXIT(), XB_MOV64_REG(0, 1), XB_ALU64_IMM(BPF_ADD, 0, 1), XB_EXIT() }, 9, RETURNS(41, 8) },
	{ "tail call", { OWN(GO, 0, 0, 0, 0), RETURN(1) }, 3, RETURNS(5, 3) },
	{ "R10 stays", { OWN(ALL, 0, 0, 0, 77), XB_ST_MEM(BPF_DW, 10, -8, 3), XB_LDX_MEM(BPF_DW, 0, 10, -8), XB_EXIT() }, 4, RETURNS(3, 4) },
	{ "a constant before it", { XB_MOV64_IMM(2, 1), OWN(TRIPLE, 2, 2, 0, 0), XB_JMP_IMM(BPF_JEQ, 2, 3, 1), XB_MOV64_IMM(2, 0), XB_MOV64_REG(0, 2), XB_EXIT() }, 6, RETURNS(3, 5) },

	{ "fault", { XB_MOV64_IMM(0, 6), OWN(STOP, 3, 0, 0, 0), XB_EXIT() }, 3, .r0 = 6, FAULTS(BAD_ARGUMENT, 2, "stopped by r3") },
	{ "bad memory", { XB_MOV64_IMM(0, 6), OWN(POP, 0, 0, -4, 0), XB_EXIT() }, 3, .r0 = 6, FAULTS(OOB_READ, 2, "pop: 1 byte past the end of stack (512 bytes)") },
	{ "callback that faults", { XB_LD_FUNC(3, 3), OWN(CALL_BACK, 3, 4, 0, 0), XB_EXIT(), XB_MOV64_IMM(0, 8), OWN(STOP, 4, 0, 0, 0), XB_EXIT() }, 7, .r0 = 8, FAULTS(BAD_ARGUMENT, 4, "stopped by r4") },
	/* What led into the frame does so no more. */
	{ "nothing is proved behind it", { XB_MOV64_REG(2, 10), OWN(TRIPLE, 2, 2, 0, 0), XB_LDX_MEM(BPF_B, 0, 2, -8), XB_EXIT() }, 4, FAULTS(OOB_READ, 3, NULL) },
	{ "of no register", { XB_MOV64_REG(2, 10), OWN(ALL, 9, 9, 0, 0), XB_ST_MEM(BPF_B, 2, -8, 0), RETURN(0) }, 5, FAULTS(OOB_WRITE, 3, NULL) },
	{ "not of the context", { OWN(ALL, 9, 9, 0, 8), XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT() }, 3, .r0 = 8, FAULTS(NULL_POINTER, 2, "address 0x8 is a null pointer or near one") },
};
/* clang-format on */

struct own {
	struct xb_vm *vm;
	struct xb_proc *proc;
	struct xb_region *ctx;
	const struct xb_prog *target;
};

static struct xb_prog *
load(struct own *t, const struct bpf_insn *insns, u32 cnt, struct xb_err *err)
{
	const struct xb_prog_opts opts = {
		.name = "prog", .insns = insns, .insn_cnt = cnt, .ctx_bytes = 64
	};

	return xb_prog_new(t->vm, &opts, err);
}

static void
own_open(struct own *t, const struct xb_vm_ops *vm_ops)
{
	const struct xb_vm_opts opts = { .vcpu_cnt = 1, .ops = vm_ops, .emu = &t->target };
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
own_close(struct own *t)
{
	xb_proc_free(t->proc);
	xb_vm_free(t->vm);
}

static void
check(const struct own *t, const struct row *row, const char *how, enum xb_run_status status)
{
	const struct xb_fault *f = &t->proc->fault;

	if (status != (row->kind ? XB_RUN_FAULT : XB_RUN_EXIT))
		fail_msg("%s, %s: %s", row->name, how, row->kind ? "no fault" : f->message);
	if (t->proc->r[0] != row->r0 || t->proc->insns != row->insns_cnt)
		fail_msg("%s, %s: R0 is %llu after %llu instructions", row->name, how,
		         (unsigned long long)t->proc->r[0], (unsigned long long)t->proc->insns);
	if (row->kind &&
	    (f->kind != row->kind || (row->message && strcmp(f->message, row->message) != 0)))
		fail_msg("%s, %s: %s: %s", row->name, how, xb_fault_kind_name(f->kind), f->message);
}

static void
test_rows(void **state)
{
	static const struct bpf_insn target[] = { RETURN(5) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *behind;
	struct own t;

	(void)state;
	own_open(&t, &ops);
	t.target = behind = load(&t, target, XB_ARRAY_SIZE(target), &err);
	assert_non_null(t.target);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct xb_prog *prog = load(&t, rows[i].insns, rows[i].cnt, &err);
		enum xb_run_status status;

		if (!prog)
			fail_msg("%s: %s", rows[i].name, err.msg);
		check(&t, &rows[i], "at once", xb_proc_run(t.proc, prog, t.ctx->gaddr));
		xb_proc_start(t.proc, prog, t.ctx->gaddr);
		while ((status = xb_vm_step(t.proc)) == XB_RUN_RUNNING)
			;
		check(&t, &rows[i], "in steps", status);
		xb_prog_free(prog);
	}
	xb_prog_free(behind);
	own_close(&t);
}

/* What is refused when a program is loaded, with and without such an emulator. */
static void
test_refused(void **state)
{
	static const struct xb_vm_ops none = { .bind_call = NULL };
	static const struct {
		const char *name;
		struct bpf_insn insn;
		const char *with, *without; /* error, or NULL */
	} refused[] = {
		{ "taken", OWN(TRIPLE, 1, 1, 0, 0), NULL, "insn 0: unknown opcode 0xff" },
		{ "any fields", OWN(SWAP, 15, 15, -1, -1), NULL, "insn 0: unknown opcode 0x8f" },
		{ "bad field", OWN(TRIPLE, 1, 1, 3, 0), "insn 0: triple: off is 3",
		  "insn 0: unknown opcode 0xff" },
		{ "nobody's", OWN(0xfe, 1, 1, 0, 0), "insn 0: unknown opcode 0xfe",
		  "insn 0: unknown opcode 0xfe" },
		{ "one that is known", OWN(BPF_ALU64 | BPF_NEG, 1, 1, 0, 0),
		  "insn 0: opcode 0x87: src_reg must be 0, is 1",
		  "insn 0: opcode 0x87: src_reg must be 0, is 1" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * XB_ARRAY_SIZE(refused); i++) {
		bool with = i % 2;
		const char *expected = with ? refused[i / 2].with : refused[i / 2].without;
		const struct bpf_insn insns[] = { refused[i / 2].insn, RETURN(0) };
		struct xb_err err = XB_ERR_INIT;
		struct xb_prog *prog;
		struct own t;

		own_open(&t, with ? &ops : &none);
		prog = load(&t, insns, XB_ARRAY_SIZE(insns), &err);
		if ((prog != NULL) != (expected == NULL) ||
		    (expected && strcmp(err.msg, expected) != 0))
			fail_msg("%s: %s", refused[i / 2].name, prog ? "taken" : err.msg);
		xb_prog_free(prog);
		own_close(&t);
	}
}

static void
test_disasm(void **state)
{
	static const struct bpf_insn insns[] = { OWN(TRIPLE, 1, 2, 0, -3), RETURN(0) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *prog;
	char text[64];
	struct own t;

	(void)state;
	own_open(&t, &ops);
	prog = load(&t, insns, XB_ARRAY_SIZE(insns), &err);
	assert_non_null(prog);
	assert_int_equal(xb_prog_disasm(prog, 0, text, sizeof(text)), 1);
	assert_string_equal(text, "triple r1, r2, -3");
	xb_prog_free(prog);
	own_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_disasm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
