/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Emulators of one's own: what they are asked, and when; what they may do in calls and in
 * instructions of theirs; and that they are released once.
 */
#include "tests/lib/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OP_OWN 0xe7

/* What is done in a call, or an instruction, by its number. */
enum {
	ADD = 1,  /* r1 + r2 */
	STOP,     /* faults, twice */
	CALLBACK, /* calls the function r1 with r2, twice */
	READ,     /* the 8 bytes at r1 */
	WRITE,    /* r2 to the 8 bytes at r1 */
	TWO,      /* the 8 bytes at r1, and then those at r2 */
	SET_R6,   /* r6 = r1; 0 where that is allowed */
	SET_R0,
	PROCESS,  /* what cannot be done to a process in a call */
	ODD_KIND, /* stops with a kind that there is not */
	OWN_CNT,
};

struct own {
	struct xb_machine *machine;
	uint32_t attached, released, resolved, bound, called;
	bool fails_attach, maps, adds, no_resolve;
	struct xb_callee last;
	uint64_t args[5];
	uint32_t unmapped;
};

static void
own_unmap(void *arg)
{
	struct own *o = arg;

	o->unmapped++;
}

static const struct xb_memory_ops memory_ops = { .unmap = own_unmap };

static int
attach(void *self, struct xb_machine *machine, struct xb_err *err)
{
	struct own *o = self;
	const struct xb_memory_opts opts = {
		.size = sizeof(opts), .bytes = 8, .access = 1, .ops = &memory_ops, .arg = o
	};
	uint64_t gaddr;

	o->attached++;
	o->machine = machine;
	assert_null(xb_machine_next_program(machine, NULL));
	assert_ptr_equal(xb_emulator_self(xb_machine_emulator(machine)), o);
	assert_int_equal(xb_machine_vcpu_cnt(machine), 1);
	if (o->maps)
		assert_int_equal(xb_machine_map(machine, &opts, &gaddr, err), 0);
	if (o->adds)
		KIT_PROGRAM(machine, XB_MOV64_IMM(0, 3), XB_EXIT());
	return o->fails_attach ? xb_err_set(err, XB_ERR_USAGE, "not today") : 0;
}

static void
release(void *self)
{
	struct own *o = self;

	o->released++;
}

/* ldimm64 with src_reg 7 is 100 times its number, if that is not 13. */
static int
resolve(void *self, const struct xb_program_opts *opts, struct bpf_insn *insns, uint32_t cnt,
        struct xb_err *err)
{
	struct own *o = self;

	o->resolved++;
	assert_int_equal(opts->insn_cnt, cnt);
	assert_ptr_not_equal(opts->insns, insns);
	assert_memory_equal(opts->insns, insns, cnt * sizeof(*insns));
	for (uint32_t i = 0; i < cnt && !o->no_resolve; i++) {
		if (insns[i].code != (BPF_LD | BPF_IMM | BPF_DW) || insns[i].src_reg != 7)
			continue;
		if (insns[i].imm == 13)
			return xb_err_set(err, XB_ERR_LOAD, "insn %u: there is no 13", i);
		insns[i].src_reg = 0;
		insns[i].imm *= 100;
	}
	return 0;
}

static const char *
bind(void *self, const struct xb_callee *callee, struct xb_err *err)
{
	static const char *const names[OWN_CNT] = {
		"",    "add", "stop", "callback", "read", "write",
		"two", "set", "set",  "process",  "odd",
	};
	struct own *o = self;

	o->bound++;
	if (callee->kind == XB_CALLEE_KFUNC && callee->number == 1000)
		return "kfunc";
	if (callee->kind == XB_CALLEE_HELPER && callee->number > 0 && callee->number < OWN_CNT)
		return names[callee->number];
	xb_err_set(err, XB_ERR_LOAD, "nothing to call is %d", (int)callee->number);
	return NULL;
}

static void
check_process(struct xb_process *p)
{
	struct xb_err err = XB_ERR_INIT;
	uint64_t value;

	assert_int_equal(xb_process_run(p, NULL), xb_process_status(p));
	assert_int_equal(xb_process_step(p), xb_process_status(p));
	assert_int_equal(xb_process_reset(p, &err), -1);
	assert_string_equal(err.msg, "process: in the midst of an instruction");
	assert_int_equal(xb_process_set_vcpu(p, 0, &err), -1);
	assert_int_equal(xb_process_reg(p, 6, &value), 0);
	assert_int_equal(value, 66);
	assert_int_equal(xb_process_pc(p), 1);
	assert_int_equal(xb_process_insns(p), 2);
	assert_int_equal(xb_process_frame_cnt(p), 1);
	assert_ptr_equal(xb_process_current_program(p), xb_process_program(p));
}

static uint64_t
act(struct xb_process *p, int32_t number, const uint64_t args[5])
{
	uint64_t result = 0, next = 0, *mem, *more;

	switch (number) {
	case ADD:
		return args[0] + args[1];
	case STOP:
		assert_int_equal(xb_process_stop(p, XB_FAULT_BAD_ARGUMENT, "%s %d", "no", 5), 0);
		return xb_process_stop(p, XB_FAULT_STOPPED, "never seen");
	case CALLBACK: {
		const uint64_t with[5] = { args[1], 2, 3, 4, 5 };

		if (!xb_process_callback(p, args[0], with, &result) ||
		    !xb_process_callback(p, args[0], with, &next))
			return 0;
		return result + next;
	}
	case READ:
		mem = xb_process_memory(p, args[0], 8, XB_ACCESS_READ, "reading");
		return mem ? *mem : 1;
	case WRITE:
		mem = xb_process_memory(p, args[0], 8, XB_ACCESS_WRITE, "writing");
		if (mem)
			*mem = args[1];
		return 0;
	case TWO:
		mem = xb_process_memory(p, args[0], 8, XB_ACCESS_WRITE, "first");
		more = xb_process_memory(p, args[1], 8, XB_ACCESS_READ, "second");
		if (mem && more)
			*mem = *more;
		return mem && more ? 0 : 1;
	case SET_R6:
		return xb_process_set_reg(p, 6, args[0]) == 0 ? 0 : 1;
	case SET_R0:
		return (uint64_t)xb_process_set_reg(p, 0, 9);
	case PROCESS:
		check_process(p);
		return 7;
	default:
		return xb_process_stop(p, (enum xb_fault_kind)99, "odd");
	}
}

static uint64_t
call(void *self, struct xb_process *process, const struct xb_callee *callee, const uint64_t args[5])
{
	struct own *o = self;

	o->called++;
	o->last = *callee;
	memcpy(o->args, args, sizeof(o->args));
	if (callee->kind == XB_CALLEE_KFUNC)
		return (uint64_t)callee->off;
	return act(process, callee->number, args);
}

static bool
claim_insn(void *self, const struct bpf_insn *insn, char *buf, size_t bytes)
{
	(void)self;
	snprintf(buf, bytes, "own %d", insn->imm);
	return insn->code == OP_OWN && insn->imm < OWN_CNT;
}

/* The same as a call: R1 to R5 in, R0 out; and R9 grows. */
static void
run_insn(void *self, struct xb_process *process, const struct bpf_insn *insn)
{
	uint64_t args[5], r9, r0;

	(void)self;
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(xb_process_reg(process, 1 + i, &args[i]), 0);
	r0 = act(process, insn->imm, args);
	assert_int_equal(xb_process_reg(process, 9, &r9), 0);
	assert_int_equal(xb_process_set_reg(process, 9, r9 + 1), 0);
	assert_int_equal(xb_process_set_reg(process, 0, r0), 0);
	assert_int_equal(xb_process_set_reg(process, 10, 0), -1);
}

static const struct xb_emulator_ops all_ops = {
	.size = sizeof(all_ops),
	.attach = attach,
	.release = release,
	.resolve = resolve,
	.bind = bind,
	.call = call,
	.claim_insn = claim_insn,
	.run_insn = run_insn,
};

static struct xb_emulator *
new_emulator(const struct xb_emulator_ops *ops, struct own *o)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_emulator *e = xb_emulator_new(ops, o, &err);

	if (!e)
		fail_msg("%s", err.msg);
	return e;
}

static struct xb_machine *
new_machine(struct own *o)
{
	*o = (struct own){ .attached = 0 };
	return kit_machine(new_emulator(&all_ops, o));
}

/* Released once, however it ends. */
static void
test_release(void **state)
{
	struct own o = { .attached = 0 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_emulator_ops ops = all_ops;
	struct xb_machine_opts opts = { .size = sizeof(opts) };
	struct xb_machine *m;

	(void)state;
	xb_emulator_free(NULL);
	xb_emulator_free(new_emulator(&all_ops, &o)); /* no machine's */
	assert_int_equal(o.attached, 0);
	assert_int_equal(o.released, 1);

	o = (struct own){ .maps = true };
	opts.emulator = new_emulator(&all_ops, &o);
	m = xb_machine_new(&opts, &err);
	assert_int_equal(o.attached, 1);
	assert_ptr_equal(xb_machine_emulator(m), opts.emulator);
	assert_null(xb_machine_new(&opts, &err)); /* it is m's, and stays */
	assert_string_equal(err.msg, "machine: the emulator is another one's");
	assert_int_equal(o.released + o.unmapped, 0);
	xb_machine_free(m);
	assert_int_equal(o.released, 1);
	assert_int_equal(o.unmapped, 1);

	o = (struct own){ .maps = true, .adds = true, .fails_attach = true };
	opts.emulator = new_emulator(&all_ops, &o);
	assert_null(xb_machine_new(&opts, &err));
	assert_string_equal(err.msg, "not today");
	assert_int_equal(o.attached, 1);
	assert_int_equal(o.released, 1);
	assert_int_equal(o.unmapped, 1);

	o = (struct own){ .attached = 0 };
	opts.emulator = new_emulator(&all_ops, &o);
	opts.frame_bytes = 3; /* before it could be attached */
	assert_null(xb_machine_new(&opts, &err));
	assert_int_equal(o.attached, 0);
	assert_int_equal(o.released, 1);
	opts.emulator = new_emulator(&all_ops, &o);
	opts.vcpu_cnt = 1000;
	assert_null(xb_machine_new(&opts, &err));
	assert_int_equal(o.released, 2);

	ops.release = NULL;
	xb_emulator_free(new_emulator(&ops, &o));
	ops.size = 0;
	assert_null(xb_emulator_new(&ops, &o, &err));
	assert_string_equal(err.msg, "emulator: size is not set");
	assert_int_equal(o.released, 2);
}

/* Options that cannot be understood take the emulator with them, too. */
static void
test_release_opts(void **state)
{
	struct {
		struct xb_machine_opts opts;
		uint64_t more;
	} later = { .opts = { .size = sizeof(later) }, .more = 1 };
	struct own o = { .attached = 0 };
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	later.opts.emulator = new_emulator(&all_ops, &o);
	assert_null(xb_machine_new(&later.opts, &err));
	assert_int_equal(o.released, 1);
	later.opts.size = 0; /* nothing is known of the rest: it is still the caller's */
	later.opts.emulator = new_emulator(&all_ops, &o);
	assert_null(xb_machine_new(&later.opts, &err));
	assert_int_equal(o.released, 1);
	xb_emulator_free(later.opts.emulator);
	assert_int_equal(o.released, 2);
}

/* Tables in which something is missing. */
static void
test_missing(void **state)
{
	const struct xb_emulator_ops empty = { .size = sizeof(empty) };
	const struct xb_emulator_ops no_call = { .size = sizeof(empty), .bind = bind };
	const struct xb_emulator_ops no_run = { .size = sizeof(empty), .claim_insn = claim_insn };
	const struct xb_emulator_ops *const tables[] = { &empty, &no_call, &no_run };
	const struct bpf_insn insns[] = { XB_CALL(ADD), XB_EXIT() },
	                      own[] = { XB_INSN(OP_OWN, 0, 0, 0, ADD), XB_EXIT() };
	struct xb_program_opts opts = { .size = sizeof(opts), .insn_cnt = 2 };
	struct xb_err err = XB_ERR_INIT;
	struct own o = { .attached = 0 };

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(tables); i++) {
		struct xb_machine *m = kit_machine(new_emulator(tables[i], &o));

		KIT_EXPECT_EXIT(4, KIT_RUN(m, XB_MOV64_IMM(0, 4), XB_EXIT()));
		opts.insns = insns;
		assert_null(xb_machine_add_program(m, &opts, &err));
		assert_string_equal(err.msg,
		                    "program '': insn 0: the machine has no emulator to call");
		opts.insns = own;
		assert_null(xb_machine_add_program(m, &opts, &err));
		assert_string_equal(err.msg, "program '': insn 0: unknown opcode 0xe7");
		xb_machine_free(m);
	}
	assert_int_equal(o.bound, 0);
	assert_null(xb_emulator_self(xb_linux_emulator(xb_linux_of(*state))));
}

static void
test_resolve(void **state)
{
	struct own o;
	struct xb_machine *m = new_machine(&o);
	const struct bpf_insn bad[] = { XB_LD_IMM64_RAW(0, 7, 13, 0), XB_EXIT() },
	                      left[] = { XB_MOV64_IMM(0, 0), XB_LD_IMM64_RAW(0, 5, 1, 0),
		                         XB_EXIT() };
	struct xb_program_opts opts = { .size = sizeof(opts), .insns = bad, .insn_cnt = 3 };
	struct xb_err err = XB_ERR_INIT;
	const struct bpf_insn *insns;
	uint32_t cnt;

	(void)state;
	KIT_EXPECT_EXIT(1200, KIT_RUN(m, XB_LD_IMM64_RAW(0, 7, 12, 0), XB_EXIT()));
	insns = xb_program_insns(xb_machine_next_program(m, NULL), &cnt);
	assert_int_equal(insns[0].src_reg, 0); /* as they are executed */
	assert_int_equal(insns[0].imm, 1200);
	assert_int_equal(o.resolved, 1);
	assert_null(xb_machine_add_program(m, &opts, &err));
	assert_string_equal(err.msg, "program '': insn 0: there is no 13");
	opts.insns = left;
	opts.insn_cnt = 4;
	assert_null(xb_machine_add_program(m, &opts, &err));
	assert_string_equal(err.msg, "program '': insn 1: the emulator does not resolve ldimm64 "
	                             "with src_reg 5");
	xb_machine_free(m);
	assert_int_equal(o.released, 1);
}

static void
test_bind(void **state)
{
	struct own o;
	struct xb_machine *m = new_machine(&o);
	const struct bpf_insn bad[] = { XB_MOV64_IMM(1, 0), XB_CALL(555), XB_EXIT() };
	struct xb_program_opts opts = { .size = sizeof(opts), .insns = bad, .insn_cnt = 3 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_program *p;
	char text[60];

	(void)state;
	assert_null(xb_machine_add_program(m, &opts, &err));
	assert_string_equal(err.msg, "program '': insn 1: nothing to call is 555");
	assert_int_equal(o.bound, 1);
	KIT_EXPECT_EXIT(2, KIT_RUN(m, XB_MOV64_IMM(0, 2), XB_JA(1), XB_CALL(555), XB_EXIT()));
	assert_int_equal(o.bound, 2);
	p = KIT_PROGRAM(m, XB_CALL(ADD), XB_CALL_KFUNC(1000, 3), XB_INSN(OP_OWN, 0, 0, 0, 2),
	                XB_EXIT());
	assert_int_equal(xb_program_disasm(p, 0, text, sizeof(text)), 1);
	assert_string_equal(text, "call add#1");
	xb_program_disasm(p, 1, text, sizeof(text));
	assert_non_null(strstr(text, "kfunc"));
	assert_int_equal(xb_program_disasm(p, 2, text, sizeof(text)), 1);
	assert_string_equal(text, "own 2");
	xb_machine_free(m);
}

static void
test_call(void **state)
{
	static const uint64_t args[5] = { 40, 2, 3, 4, 5 };
	struct own o;
	struct xb_machine *m = new_machine(&o);

	(void)state;
	KIT_EXPECT_EXIT(42,
	                KIT_RUN(m, XB_MOV64_IMM(1, 40), XB_MOV64_IMM(2, 2), XB_MOV64_IMM(3, 3),
	                        XB_MOV64_IMM(4, 4), XB_MOV64_IMM(5, 5), XB_CALL(ADD), XB_EXIT()));
	assert_int_equal(o.called, 1);
	assert_memory_equal(o.args, args, sizeof(args));
	assert_int_equal(o.last.kind, XB_CALLEE_HELPER);
	assert_int_equal(o.last.number, ADD);
	KIT_EXPECT_EXIT(17, KIT_RUN(m, XB_CALL_KFUNC(1000, 17), XB_EXIT()));
	assert_int_equal(o.last.kind, XB_CALLEE_KFUNC);
	assert_int_equal(o.last.number, 1000);
	assert_int_equal(o.last.off, 17);
	KIT_EXPECT_FAULT(BAD_ARGUMENT, "no 5", KIT_RUN(m, XB_CALL(STOP), XB_EXIT()));
	KIT_EXPECT_FAULT(INTERNAL, "odd", KIT_RUN(m, XB_CALL(ODD_KIND), XB_EXIT()));
	KIT_EXPECT_EXIT(7, KIT_RUN(m, XB_MOV64_IMM(6, 66), XB_CALL(PROCESS), XB_EXIT()));
	xb_machine_free(m);
}

/* A program's registers are its own in a call; what was proved of them would not hold. */
static void
test_set_reg(void **state)
{
	struct own o;
	struct xb_machine *m = new_machine(&o);

	(void)state;
	KIT_EXPECT_EXIT(8, KIT_RUN(m, XB_MOV64_REG(6, 10), XB_ST_MEM(BPF_DW, 10, -8, 8),
	                           XB_LD_IMM64(1, 0x7fffffff0000), XB_CALL(SET_R6),
	                           XB_LDX_MEM(BPF_DW, 0, 6, -8), XB_EXIT()));
	KIT_EXPECT_EXIT(UINT64_MAX, KIT_RUN(m, XB_CALL(SET_R0), XB_EXIT()));
	/* An instruction may, and what follows is checked. */
	KIT_EXPECT_FAULT(OOB_READ, "address 0x7ffffffefff8 is in no object",
	                 KIT_RUN(m, XB_MOV64_REG(6, 10), XB_ST_MEM(BPF_DW, 10, -8, 8),
	                         XB_LD_IMM64(1, 0x7fffffff0000), XB_INSN(OP_OWN, 0, 0, 0, SET_R6),
	                         XB_LDX_MEM(BPF_DW, 0, 6, -8), XB_EXIT()));
	xb_machine_free(m);
}

/* A function of the program: 10 * r1 + r5; the caller's registers stay. */
#define FUNC_OF(how)                                                                               \
	XB_MOV64_IMM(6, 1), XB_LD_FUNC(1, 5), XB_MOV64_IMM(2, 7), how,                             \
	        XB_ALU64_REG(BPF_ADD, 0, 6), XB_EXIT(), /* 7: */ XB_MOV64_IMM(6, 100),             \
	        XB_MOV64_REG(0, 1), XB_ALU64_IMM(BPF_MUL, 0, 10), XB_ALU64_REG(BPF_ADD, 0, 5),     \
	        XB_EXIT()
#define BAD_FUNC_OF(how)                                                                           \
	XB_LD_FUNC(1, 3), how, XB_EXIT(), /* 4: */ XB_ST_MEM(BPF_B, 10, 0, 1), XB_MOV64_IMM(0, 0), \
	        XB_EXIT()

static void
test_callback(void **state)
{
	const struct bpf_insn ways[] = { XB_CALL(CALLBACK), XB_INSN(OP_OWN, 0, 0, 0, CALLBACK) };
	struct own o;
	struct xb_machine *m = new_machine(&o);
	struct xb_process *p;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(ways); i++) {
		KIT_EXPECT_EXIT(151, KIT_RUN(m, FUNC_OF(ways[i])));
		KIT_EXPECT_FAULT(BAD_CALL, "callback 0x3 is not a function",
		                 KIT_RUN(m, XB_MOV64_IMM(1, 3), ways[i], XB_EXIT()));
		p = kit_process(m, KIT_PROGRAM(m, BAD_FUNC_OF(ways[i])));
		assert_int_equal(kit_run(p).kind, XB_FAULT_OOB_WRITE);
		assert_int_equal(xb_process_pc(p), 4);
		assert_int_equal(xb_process_frame_cnt(p), 2);
		xb_process_free(p);
	}
	/* A step is all of it. */
	p = kit_process(m, KIT_PROGRAM(m, FUNC_OF(ways[0])));
	for (int i = 0; i < 4; i++)
		xb_process_step(p);
	assert_int_equal(xb_process_pc(p), 5);
	assert_int_equal(xb_process_insns(p), 4 + 2 * 5);
	xb_process_free(p);
	xb_machine_free(m);
}

/* Bytes that the host's function works on, and those that the program may not have. */
static int
store(void *arg, uint64_t off, uint32_t bytes, uint64_t value)
{
	(void)off;
	(void)bytes;
	*(uint64_t *)arg = value;
	return 0;
}

static int
load(void *arg, uint64_t off, uint32_t bytes, uint64_t *value)
{
	(void)off;
	(void)bytes;
	*value = *(uint64_t *)arg;
	return 0;
}

static void
test_memory(void **state)
{
	static const struct xb_memory_ops ops = { .load = load, .store = store };
	uint64_t cell = 5, custom, rom;
	struct xb_memory_opts opts = { .size = sizeof(opts),
		                       .name = "cell",
		                       .bytes = 8,
		                       .access = XB_ACCESS_READ | XB_ACCESS_WRITE,
		                       .ops = &ops,
		                       .arg = &cell };
	const struct xb_memory_opts rom_opts = {
		.size = sizeof(opts), .name = "rom", .bytes = 8, .access = XB_ACCESS_READ
	};
	const struct bpf_insn ways[] = { XB_CALL(0), XB_INSN(OP_OWN, 0, 0, 0, 0) };
	struct xb_err err = XB_ERR_INIT;
	struct own o;
	struct xb_machine *m = new_machine(&o);

	(void)state;
	assert_int_equal(xb_machine_map(m, &opts, &custom, &err), 0);
	assert_int_equal(xb_machine_map(m, &rom_opts, &rom, &err), 0);
	for (size_t i = 0; i < XB_ARRAY_SIZE(ways); i++) {
		struct bpf_insn rd = ways[i], wr = ways[i], two = ways[i];

		rd.imm = READ;
		wr.imm = WRITE;
		two.imm = TWO;
		cell = 5;
		KIT_EXPECT_EXIT(5, KIT_RUN(m, XB_LD_IMM64(1, custom), rd, XB_EXIT()));
		KIT_EXPECT_EXIT(
		        0, KIT_RUN(m, XB_LD_IMM64(1, custom), XB_MOV64_IMM(2, 6), wr, XB_EXIT()));
		assert_int_equal(cell, 6);
		KIT_EXPECT_EXIT(0, KIT_RUN(m, XB_LD_IMM64(1, rom), rd, XB_EXIT()));
		KIT_EXPECT_FAULT(READ_ONLY, "writing: rom (8 bytes) is read-only",
		                 KIT_RUN(m, XB_LD_IMM64(1, rom), wr, XB_EXIT()));
		KIT_EXPECT_FAULT(OOB_READ, "reading: 1 byte past the end of cell (8 bytes)",
		                 KIT_RUN(m, XB_LD_IMM64(1, custom + 1), rd, XB_EXIT()));
		KIT_EXPECT_FAULT(NULL_POINTER, "reading: address 0x0 is a null pointer or near one",
		                 KIT_RUN(m, XB_MOV64_IMM(1, 0), rd, XB_EXIT()));
		/* What comes after something that was fetched. */
		KIT_EXPECT_EXIT(
		        0, KIT_RUN(m, XB_LD_IMM64(1, custom), XB_LD_IMM64(2, rom), two, XB_EXIT()));
		assert_int_equal(cell, 0);
		cell = 4;
		KIT_EXPECT_FAULT(OOB_READ, "second: 1 byte past the end of rom (8 bytes)",
		                 KIT_RUN(m, XB_LD_IMM64(1, custom), XB_LD_IMM64(2, rom + 1), two,
		                         XB_EXIT()));
		assert_int_equal(cell, 4);
	}
	xb_machine_free(m);
}

static void
test_insn(void **state)
{
	struct own o;
	struct xb_machine *m = new_machine(&o);
	struct xb_process *p;
	uint64_t r9, r10, before;

	(void)state;
	KIT_EXPECT_EXIT(30, KIT_RUN(m, XB_MOV64_IMM(1, 10), XB_MOV64_IMM(2, 20),
	                            XB_INSN(OP_OWN, 0, 0, 0, ADD), XB_EXIT()));
	KIT_EXPECT_EXIT(3, KIT_RUN(m, XB_INSN(OP_OWN, 1, 2, 3, ADD), XB_INSN(OP_OWN, 0, 0, 0, ADD),
	                           XB_INSN(OP_OWN, 0, 0, 0, ADD), XB_MOV64_REG(0, 9), XB_EXIT()));
	/* One that stops leaves the registers as they were. */
	p = kit_process(
	        m, KIT_PROGRAM(m, XB_MOV64_IMM(9, 50), XB_INSN(OP_OWN, 0, 0, 0, STOP), XB_EXIT()));
	xb_process_reg(p, 10, &before);
	KIT_EXPECT_FAULT(BAD_ARGUMENT, "no 5", kit_run(p));
	assert_int_equal(xb_process_pc(p), 1);
	xb_process_reg(p, 9, &r9);
	xb_process_reg(p, 10, &r10);
	assert_int_equal(r9, 50);
	assert_int_equal(r10, before);
	xb_process_free(p);
	/* It is stepped as others are. */
	p = kit_process(m, KIT_PROGRAM(m, XB_INSN(OP_OWN, 0, 0, 0, ADD), XB_EXIT()));
	assert_int_equal(xb_process_step(p), XB_PROCESS_RUNNING);
	assert_int_equal(xb_process_pc(p), 1);
	xb_process_reg(p, 9, &r9);
	assert_int_equal(r9, 1);
	assert_int_equal(xb_process_step(p), XB_PROCESS_EXITED);
	xb_process_free(p);
	xb_machine_free(m);
}

/* Values that an emulator keeps with processes, and contexts that say something to it. */
static void
test_context(void **state)
{
	struct xb_context *c = kit_context(
	        "{\"type\":\"generic\",\"ctx\":{\"registers\":{\"r1\":\"n\",\"r2\":\"n\"},"
	        "\"memory\":[{\"name\":\"n\",\"type\":\"int\",\"value\":{\"value\":21,\"size\":8}}]"
	        ","
	        "\"emulator\":{\"speed\":[1,2]}}}");
	struct own o;
	struct xb_machine *m = new_machine(&o);
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p =
	        xb_process_new(m, KIT_PROGRAM(m, XB_CALL(ADD), XB_EXIT()), c, NULL, &err);

	(void)state;
	assert_non_null(p);
	KIT_EXPECT_EXIT(42, kit_run(p));
	assert_string_equal(xb_context_emulator_value(c, "speed"), "[1,2]");
	assert_null(xb_context_emulator_value(c, "other"));
	xb_process_free(p);
	xb_context_free(c);
	xb_machine_free(m);
}

static int
linux_up(void **state)
{
	*state = kit_linux();
	return 0;
}

static int
linux_down(void **state)
{
	xb_machine_free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_release_opts),
		cmocka_unit_test_setup_teardown(test_missing, linux_up, linux_down),
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_set_reg),
		cmocka_unit_test(test_callback),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_insn),
		cmocka_unit_test(test_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
