/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults: what is said of them, and that accesses proved at load end as those that are checked.
 */
#include "tests/vm/ending.h"
#include "tests/vm/machine.h"
#include "tests/vm/twice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct xb_ending rows[] = {
	{ "null",
	  { MOVK(1, 0), XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT() },
	  FAULTS(NULL_POINTER, 1),
	  ADDRESS(ZERO, 0, 4, ""),
	  .insns_cnt = 2,
	  .message = "address 0x0 is a null pointer or near one" },
	{ "field of null",
	  { MOVK(1, 0), XB_ST_MEM(BPF_DW, 1, 32767, 1), XB_EXIT() },
	  FAULTS(NULL_POINTER, 1),
	  ADDRESS(ZERO, 32767, 8, ""),
	  .message = "address 0x7fff is a null pointer or near one" },
	{ "no object",
	  { XB_LD_IMM64(1, 0x700000000), XB_LDX_MEM(BPF_B, 0, 1, 0), XB_EXIT() },
	  FAULTS(OOB_READ, 2),
	  ADDRESS(ZERO, 0x700000000, 1, ""),
	  .insns_cnt = 2,
	  .message = "address 0x700000000 is in no object" },
	{ "beyond the arena",
	  { XB_LD_IMM64(1, 0x7fffffffffffffff), XB_STX_MEM(BPF_DW, 1, 3, 0), XB_EXIT() },
	  FAULTS(OOB_WRITE, 2),
	  ADDRESS(ZERO, INT64_MAX, 8, ""),
	  .message = "address 0x7fffffffffffffff is in no object" },
	{ "around the end of all addresses",
	  { MOVK(1, -4), XB_LDX_MEM(BPF_DW, 0, 1, 0), XB_EXIT() },
	  FAULTS(OOB_READ, 1),
	  ADDRESS(ZERO, -4, 8, ""),
	  .message = "address 0xfffffffffffffffc is in no object" },
	{ "1 byte past the context",
	  { ADDK(1, END - 8), XB_LDX_MEM(BPF_DW, 0, 1, 1), XB_EXIT() },
	  FAULTS(OOB_READ, 1),
	  ADDRESS(CTX, END - 7, 8, "ctx"),
	  .message = "1 byte past the end of ctx (4096 bytes)" },
	{ "3 bytes past the context",
	  { ADDK(1, END), XB_ST_MEM(BPF_B, 1, 2, 0), XB_EXIT() },
	  FAULTS(OOB_WRITE, 1),
	  ADDRESS(CTX, END + 2, 1, "ctx"),
	  .message = "3 bytes past the end of ctx (4096 bytes)" },
	{ "2 bytes before the context",
	  { XB_STX_MEM(BPF_W, 1, 2, -2), XB_EXIT() },
	  FAULTS(OOB_WRITE, 0),
	  ADDRESS(CTX, -2, 4, "ctx"),
	  .message = "2 bytes before the start of ctx (4096 bytes)" },
	{ "stack overflow",
	  { XB_ST_MEM(BPF_B, 10, -513, 1), XB_EXIT() },
	  FAULTS(OOB_WRITE, 0),
	  ADDRESS(FRAME, -513, 1, "stack"),
	  .insns_cnt = 1,
	  .message = "1 byte before the start of stack (512 bytes)" },
	{ "stack overflow by a word",
	  { XB_STX_MEM(BPF_DW, 10, 1, -520), XB_EXIT() },
	  FAULTS(OOB_WRITE, 0),
	  ADDRESS(FRAME, -520, 8, "stack"),
	  .message = "8 bytes before the start of stack (512 bytes)" },
	{ "above the stack",
	  { XB_LDX_MEM(BPF_W, 0, 10, -3), XB_EXIT() },
	  FAULTS(OOB_READ, 0),
	  ADDRESS(FRAME, -3, 4, "stack"),
	  .message = "1 byte past the end of stack (512 bytes)" },
	{ "far above the stack",
	  { XB_MOV64_REG(1, 10), XB_LDX_MEM(BPF_W, 0, 1, 20000), XB_EXIT() },
	  FAULTS(OOB_READ, 1),
	  ADDRESS(FRAME, 20000, 4, "stack"),
	  .message = "memory for stack, none of which is in use within 4096 bytes" },
	{ "a callee's stack overflow",
	  { XB_CALL_FUNC(TO(0, 2)), XB_EXIT(), XB_ST_MEM(BPF_H, 10, -514, 1), XB_EXIT() },
	  FAULTS(OOB_WRITE, 2),
	  ADDRESS(FRAME, XB_PROC_FRAME_STRIDE - 514, 2, "stack"),
	  .insns_cnt = 2,
	  .message = "2 bytes before the start of stack (512 bytes)" },
	{ "load_acquire out of bounds",
	  { XB_ATOMIC(BPF_DW, BPF_LOAD_ACQ, 0, 10, 0), XB_EXIT() },
	  FAULTS(OOB_READ, 0),
	  ADDRESS(FRAME, 0, 8, "stack"),
	  .message = "1 byte past the end of stack (512 bytes)" },
	{ "atomic out of bounds",
	  { XB_ATOMIC(BPF_DW, BPF_ADD, 10, 1, -4), XB_EXIT() },
	  FAULTS(OOB_WRITE, 0),
	  ADDRESS(FRAME, -4, 8, "stack"),
	  .message = "1 byte past the end of stack (512 bytes)" },
	{ "cmpxchg out of bounds leaves R0",
	  { MOVK(0, 8), XB_ATOMIC(BPF_W, BPF_CMPXCHG, 10, 1, 0), XB_EXIT() },
	  FAULTS(OOB_WRITE, 1),
	  ADDRESS(FRAME, 0, 4, "stack"),
	  .message = "1 byte past the end of stack (512 bytes)" },
	{ "load_acquire misaligned",
	  { XB_ATOMIC(BPF_H, BPF_LOAD_ACQ, 0, 10, -7), XB_EXIT() },
	  FAULTS(BAD_ATOMIC, 0),
	  .insns_cnt = 1,
	  .message = "load-acquire and store-release must be aligned" },
	{ "store_release misaligned",
	  { XB_ATOMIC(BPF_DW, BPF_STORE_REL, 10, 1, -12), XB_EXIT() },
	  FAULTS(BAD_ATOMIC, 0),
	  .insns_cnt = 1,
	  .message = "load-acquire and store-release must be aligned" },
};

static void
test_rows(void **state)
{
	u32 failures = 0;

	(void)state;
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++)
		failures += xb_ending_check(&rows[i]);
	assert_int_equal(failures, 0);
}

/* After a fault the next run is as the first. */
static void
test_reuse_after_fault(void **state)
{
	static const struct bpf_insn insns[] = {
		XB_ST_MEM(BPF_DW, 10, -8, 1),
		XB_CALL_FUNC(TO(1, 3)),
		XB_EXIT(),
		/* 3 */ XB_LDX_MEM(BPF_DW, 0, 1, 0),
		XB_JMP_IMM(BPF_JEQ, 0, 0, 1),
		XB_LDX_MEM(BPF_DW, 0, 10, 0),
		XB_EXIT(),
	};
	struct xb_machine m;
	struct xb_prog *prog;

	(void)state;
	xb_machine_init(&m, 0);
	prog = xb_machine_must_load(&m, "reuse", insns, XB_ARRAY_SIZE(insns));
	for (u32 i = 0; i < 4; i++) {
		*(u64 *)xb_machine_ctx(&m) = i % 2;
		assert_int_equal(xb_proc_run(m.proc, prog, m.ctx->gaddr),
		                 i % 2 ? XB_RUN_FAULT : XB_RUN_EXIT);
		assert_int_equal(m.proc->insns, i % 2 ? 5 : 6);
		assert_int_equal(m.proc->depth, i % 2);
	}
	xb_prog_free(prog);
	xb_machine_fini(&m);
}

static void
test_names_and_lines(void **state)
{
	static const struct bpf_insn insns[] = {
		XB_CALL_FUNC(TO(0, 2)),
		XB_EXIT(),
		XB_LDX_MEM(BPF_B, 0, 10, 0),
		XB_EXIT(),
	};
	static const struct xb_func funcs[] = { { 0, "parse" }, { 2, "step" } };
	static const struct xb_line lines[] = { { 0, 10, 2, "a.c", "step();" },
		                                { 2, 20, 9, "a.h", "return *p;" } };
	struct xb_prog_opts opts = { .name = "p",
		                     .insns = insns,
		                     .insn_cnt = XB_ARRAY_SIZE(insns),
		                     .funcs = funcs,
		                     .func_cnt = XB_ARRAY_SIZE(funcs),
		                     .lines = lines,
		                     .line_cnt = XB_ARRAY_SIZE(lines) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine m;
	struct xb_prog *prog;
	const struct xb_fault *f;

	(void)state;
	xb_machine_init(&m, 0);
	prog = xb_prog_new(m.vm, &opts, &err);
	assert_non_null(prog);
	assert_int_equal(xb_machine_run(&m, prog), XB_RUN_FAULT);
	f = &m.proc->fault;
	assert_int_equal(f->pc, 2);
	assert_string_equal(xb_prog_func_name(prog, f->pc), "step");
	assert_string_equal(xb_prog_func_name(prog, 1), "parse");
	assert_int_equal(xb_prog_line(prog, f->pc)->line, 20);
	assert_string_equal(xb_prog_line(prog, 1)->file, "a.c");
	assert_string_equal(xb_prog_name(prog), "p");
	xb_prog_free(prog);
	opts.funcs = NULL;
	opts.func_cnt = 0;
	opts.lines = NULL;
	opts.line_cnt = 0;
	prog = xb_prog_new(m.vm, &opts, &err);
	assert_non_null(prog);
	assert_string_equal(xb_prog_func_name(prog, 2), "p");
	assert_null(xb_prog_line(prog, 2));
	xb_prog_free(prog);
	xb_machine_fini(&m);
}

static void
test_read_only_object(void **state)
{
	struct xb_region_opts opts = { .name = "value of map 'rules'", .bytes = 20 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine m;
	struct xb_region *r;

	(void)state;
	xb_machine_init(&m, 0);
	r = xb_mem_map(m.vm->mem, &opts, &err);
	assert_non_null(r);
	xb_mem_allow(m.vm->mem, r->gaddr, 20, XB_MEM_READ);
	for (u32 i = 0; i < 2; i++) {
		const struct bpf_insn insns[] = { XB_LD_IMM64(1, r->gaddr),
			                          XB_LDX_MEM(BPF_W, 0, 1, 16),
			                          i ? XB_ATOMIC(BPF_W, BPF_ADD, 1, 0, 4)
			                            : XB_ST_MEM(BPF_B, 1, 4, 1),
			                          XB_EXIT() };
		struct xb_prog *prog =
		        xb_machine_must_load(&m, "read-only", insns, XB_ARRAY_SIZE(insns));

		assert_int_equal(xb_machine_run_twice(&m, prog, "read-only"), XB_RUN_FAULT);
		assert_int_equal(m.proc->fault.kind, XB_FAULT_READ_ONLY);
		assert_int_equal(m.proc->fault.pc, 3);
		assert_string_equal(m.proc->fault.message,
		                    "value of map 'rules' (20 bytes) is read-only");
		assert_int_equal(*(u32 *)xb_mem_host(m.vm->mem, r->gaddr + 4), 0);
		xb_prog_free(prog);
	}
	xb_mem_unmap(m.vm->mem, r);
	xb_machine_fini(&m);
}

/* One access; `base` is R10 or R1 at the start, itself or hidden from what is known at load. */
static enum xb_run_status
run_access(struct xb_machine *m, struct bpf_insn insn, u8 base, bool hidden, u32 ctx_bytes)
{
	const struct bpf_insn insns[] = {
		base == 1 ? XB_MOV64_REG(6, 1) : XB_MOV64_REG(6, 10),
		XB_LDX_MEM(BPF_DW, 2, 1, 0),
		hidden ? ADD(6, 2) : MOVK(2, 0),
		MOVK(0, 0),
		MOVK(3, 0x5a),
		XB_ST_MEM(BPF_DW, 10, -512, 0x1234567),
		XB_ST_MEM(BPF_DW, 10, -8, -3),
		XB_ST_MEM(BPF_DW, 1, 56, -5),
		insn,
		XB_EXIT(),
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *prog = xb_machine_load(m, insns, XB_ARRAY_SIZE(insns), ctx_bytes, &err);
	enum xb_run_status status;

	if (!prog)
		fail_msg("%s", err.msg);
	status = xb_machine_run_twice(m, prog, hidden ? "hidden" : "plain");
	/* The program goes, and the fault must not point to it. */
	m->proc->fault.prog = NULL;
	xb_prog_free(prog);
	return status;
}

/* Accesses that are proved at load and those that are not end alike. */
static void
test_proved_and_checked(void **state)
{
	static const u8 sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
	static const s32 offs[] = { -530, -520, -514, -513, -512, -511, -505, -504, -100,
		                    -9,   -8,   -7,   -4,   -3,   -2,   -1,   0,    1,
		                    55,   56,   57,   60,   62,   63,   64,   65 };
	struct xb_machine m;
	u32 faults = 0, exits = 0;

	(void)state;
	xb_machine_init(&m, 0);
	for (u32 n = 0; n < XB_ARRAY_SIZE(offs) * XB_ARRAY_SIZE(sizes) * 4 * 2; n++) {
		s32 off = offs[n % XB_ARRAY_SIZE(offs)];
		u32 rest = n / (u32)XB_ARRAY_SIZE(offs);
		u8 size = sizes[rest % 4], form = rest / 4 % 4, base = rest / 16 ? 1 : 10;
		struct bpf_insn insn = form == 0        ? XB_LDX_MEM(size, 0, 6, off)
		                       : form == 1      ? XB_STX_MEM(size, 6, 3, off)
		                       : form == 2      ? XB_ST_MEM(size, 6, off, -2)
		                       : size == BPF_DW ? XB_LDX_MEM(size, 0, 6, off)
		                                        : XB_LDX_MEMSX(size, 0, 6, off);
		enum xb_run_status want, got;
		struct xb_fault fault;
		u64 r0;

		want = run_access(&m, insn, base, true, 0);
		fault = m.proc->fault;
		r0 = m.proc->r[0];
		got = run_access(&m, insn, base, false, 64);
		if (want != got || (want == XB_RUN_EXIT && r0 != m.proc->r[0]) ||
		    (want == XB_RUN_FAULT && memcmp(&fault, &m.proc->fault, sizeof(fault)) != 0))
			fail_msg("base r%u off %d code 0x%02x: checked %d '%s', proved %d '%s'",
			         base, off, insn.code, want, fault.message, got,
			         m.proc->fault.message);
		faults += want == XB_RUN_FAULT;
		exits += want == XB_RUN_EXIT;
	}
	assert_true(faults > 100 && exits > 100);
	xb_machine_fini(&m);
}

/* An instruction of the row; registers that it names are 2 and 4. False for what goes elsewhere. */
static bool
plain_insn(const struct xb_insn_row *row, struct bpf_insn *insn)
{
	*insn = XB_INSN(row->code, XB_FIELD_KIND(row->dst) == XB_FIELD_ZERO ? 0 : 2,
	                XB_FIELD_KIND(row->src) == XB_FIELD_ZERO ? 0 : 4, 0, 0);
	if (XB_FIELD_KIND(row->src) == XB_FIELD_VALUE)
		return false;
	if (XB_FIELD_KIND(row->off) == XB_FIELD_VALUE)
		insn->off = (s16)XB_FIELD_VALUE_OF(row->off);
	if (XB_FIELD_KIND(row->imm) == XB_FIELD_VALUE)
		insn->imm = XB_FIELD_VALUE_OF(row->imm);
	return row->code != (BPF_JMP | BPF_EXIT) && !xb_insn_is_cast(insn);
}

/*
 * All registers lead into the frame, and that is known; then the instruction, and a load by `reg`
 * (or none, for 10).
 */
static enum xb_run_status
run_and_load(struct xb_machine *m, const char *name, struct bpf_insn insn, u32 reg)
{
	static const struct bpf_insn load[] = {
		XB_LDX_MEM(BPF_B, 9, 0, -16), XB_LDX_MEM(BPF_B, 9, 1, -16),
		XB_LDX_MEM(BPF_B, 9, 2, -16), XB_LDX_MEM(BPF_B, 9, 3, -16),
		XB_LDX_MEM(BPF_B, 9, 4, -16), XB_LDX_MEM(BPF_B, 9, 5, -16),
	};
	const struct bpf_insn insns[] = {
		XB_MOV64_REG(0, 10),
		ADDK(0, -64),
		XB_MOV64_REG(1, 0),
		XB_MOV64_REG(2, 0),
		XB_MOV64_REG(3, 0),
		XB_MOV64_REG(4, 0),
		XB_MOV64_REG(5, 0),
		insn,
		reg < XB_ARRAY_SIZE(load) ? load[reg] : XB_MOV64_IMM(9, 0),
		XB_EXIT(),
	};
	struct xb_prog *prog = xb_machine_must_load(m, name, insns, XB_ARRAY_SIZE(insns));
	enum xb_run_status status = xb_machine_run_twice(m, prog, name);

	xb_prog_free(prog);
	return status;
}

/* What an instruction may change is not taken for what it was: no load is proved by it. */
static void
test_changed_registers_are_checked(void **state)
{
	static const u8 packet[8192] = { 1 };
	u32 exits = 0, faults = 0;
	struct xb_machine m;

	(void)state;
	xb_machine_init(&m, 0);
	m.packet = packet;
	m.packet_bytes = sizeof(packet);
	for (u32 n = 0; n < XB_INSN_OWN * 6; n++) {
		const struct xb_insn_row *row = xb_insn_row((enum xb_insn_id)(n / 6));
		struct bpf_insn insn;
		bool allowed;

		if (!plain_insn(row, &insn) || run_and_load(&m, row->name, insn, 10) != XB_RUN_EXIT)
			continue;
		allowed = xb_mem_check(m.vm->mem, m.proc->r[n % 6] - 16, 1, XB_MEM_READ);
		if ((run_and_load(&m, row->name, insn, n % 6) == XB_RUN_EXIT) != allowed)
			fail_msg("%s: a load by r%u is %sallowed", row->name, n % 6,
			         allowed ? "" : "not ");
		exits += allowed;
		faults += !allowed;
	}
	assert_true(exits > 500 && faults > 50);
	xb_machine_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_reuse_after_fault),
		cmocka_unit_test(test_names_and_lines),
		cmocka_unit_test(test_read_only_object),
		cmocka_unit_test(test_proved_and_checked),
		cmocka_unit_test(test_changed_registers_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
