/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes without a context: run, stepped, looked at, stopped, put to another virtual CPU, reset,
 * and freed at any time.
 */
#include "tests/lib/kit.h"

#include <setjmp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* 5 + 4 + ... + 1 times 3 + 1 = 46, by a function, which starts at slot 10. */
#define SUM                                                                                        \
	XB_MOV64_IMM(6, 0), XB_MOV64_IMM(7, 5), XB_MOV64_REG(1, 7), XB_CALL_FUNC(6),               \
	        XB_ALU64_REG(BPF_ADD, 6, 0), XB_ALU64_IMM(BPF_SUB, 7, 1),                          \
	        XB_JMP_IMM(BPF_JNE, 7, 0, -5), XB_MOV64_REG(0, 6), XB_ALU64_IMM(BPF_ADD, 0, 1),    \
	        XB_EXIT(), XB_STX_MEM(BPF_DW, 10, 1, -8), XB_LDX_MEM(BPF_DW, 0, 10, -8),           \
	        XB_ALU64_IMM(BPF_MUL, 0, 3), XB_EXIT()
#define SUM_R0    46
#define SUM_INSNS 50

#define ENDLESS XB_MOV64_IMM(0, 0), XB_ALU64_IMM(BPF_ADD, 0, 1), XB_JA(-2), XB_EXIT()

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static uint64_t
reg(struct xb_process *p, uint32_t n)
{
	uint64_t value = 0;

	assert_int_equal(xb_process_reg(p, n, &value), 0);
	return value;
}

static void
check_end(struct xb_process *p)
{
	struct xb_fault_info fault;

	assert_int_equal(xb_process_status(p), XB_PROCESS_EXITED);
	assert_int_equal(xb_process_result(p), SUM_R0);
	assert_int_equal(xb_process_insns(p), SUM_INSNS);
	assert_int_equal(xb_process_pc(p), 9);
	assert_int_equal(reg(p, 6), SUM_R0 - 1);
	assert_false(xb_process_fault(p, &fault));
	assert_int_equal(xb_process_step(p), XB_PROCESS_EXITED);
	assert_int_equal(xb_process_run(p, NULL), XB_PROCESS_EXITED);
	assert_int_equal(xb_process_insns(p), SUM_INSNS);
}

/* So many steps, the rest at once: it is the same. */
static void
test_mixture(void **state)
{
	struct xb_machine *m = kit_machine(NULL);
	struct xb_process *p = kit_process(m, KIT_PROGRAM(m, SUM));
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	for (uint64_t steps = 0; steps <= SUM_INSNS; steps++) {
		assert_int_equal(xb_process_status(p), XB_PROCESS_READY);
		assert_int_equal(xb_process_pc(p), 0);
		for (uint64_t i = 1; i <= steps; i++) {
			assert_int_equal(xb_process_step(p),
			                 i < SUM_INSNS ? XB_PROCESS_RUNNING : XB_PROCESS_EXITED);
			assert_int_equal(xb_process_insns(p), i);
		}
		assert_int_equal(xb_process_run(p, NULL), XB_PROCESS_EXITED);
		check_end(p);
		assert_int_equal(xb_process_reset(p, &err), 0);
		assert_int_equal(xb_process_insns(p), 0);
	}
	xb_process_free(p);
	xb_machine_free(m);
}

/* ldimm64 is one instruction, and two slots. */
static void
test_pc(void **state)
{
	struct xb_machine *m = kit_machine(NULL);
	struct xb_program *prog = KIT_PROGRAM(m, XB_LD_IMM64(0, 1), XB_LD_IMM64(0, 2), XB_EXIT());
	struct xb_process *p = kit_process(m, prog);
	const uint32_t pcs[] = { 0, 2, 4 };

	(void)state;
	assert_ptr_equal(xb_process_program(p), prog);
	assert_ptr_equal(xb_process_machine(p), m);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(xb_process_pc(p), pcs[i]);
		assert_int_equal(reg(p, 0), i);
		assert_ptr_equal(xb_process_current_program(p), prog);
		assert_int_equal(xb_process_insns(p), i);
		xb_process_step(p);
	}
	assert_int_equal(xb_process_pc(p), 4);
	assert_int_equal(xb_process_status(p), XB_PROCESS_EXITED);
	xb_process_free(p);
	xb_machine_free(m);
}

static void
test_regs(void **state)
{
	struct xb_machine *m = kit_machine(NULL);
	struct xb_process *p = kit_process(m, KIT_PROGRAM(m, SUM));
	struct xb_stack_frame frame;
	struct xb_err err = XB_ERR_INIT;
	uint64_t value = 55;

	(void)state;
	assert_int_equal(xb_process_reg(p, 11, &value), -1);
	assert_int_equal(xb_process_reg(p, UINT32_MAX, &value), -1);
	assert_int_equal(value, 55);
	assert_int_equal(xb_process_set_reg(p, 10, 1), -1);
	assert_int_equal(xb_process_set_reg(p, 11, 1), -1);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(reg(p, i), 0);
	assert_int_equal(xb_process_frame(p, 0, &frame), 0);
	assert_int_equal(reg(p, 10), frame.top);
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(xb_process_set_reg(p, i, i + 0x1000000000), 0);
		assert_int_equal(reg(p, i), i + 0x1000000000);
	}
	xb_process_step(p);
	xb_process_step(p);
	assert_int_equal(reg(p, 7), 5);
	assert_int_equal(xb_process_set_reg(p, 7, 1), 0);
	KIT_EXPECT_EXIT(4, kit_run(p));
	assert_int_equal(xb_process_reset(p, &err), 0);
	assert_int_equal(reg(p, 5), 0);
	check_end((kit_run(p), p));
	xb_process_free(p);
	xb_machine_free(m);
}

/* What was known of a register when the program was loaded is not when somebody set it. */
static void
test_set_known(void **state)
{
	struct xb_machine *m = kit_machine(NULL);
	struct xb_process *p =
	        kit_process(m, KIT_PROGRAM(m, XB_MOV64_REG(6, 10), XB_ST_MEM(BPF_DW, 6, -8, 1),
	                                   XB_LDX_MEM(BPF_DW, 0, 6, -8), XB_EXIT()));

	(void)state;
	xb_process_step(p);
	assert_int_equal(xb_process_set_reg(p, 6, 0x7fffffff0000), 0);
	assert_int_equal(kit_run(p).kind, XB_FAULT_OOB_WRITE);
	assert_int_equal(xb_process_pc(p), 1);
	assert_int_equal(reg(p, 6), 0x7fffffff0000);
	xb_process_free(p);
	xb_machine_free(m);
}

static void
test_frames(void **state)
{
	const struct xb_machine_opts opts = { .size = sizeof(opts), .frame_bytes = 64 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine *m = xb_machine_new(&opts, &err);
	struct xb_program *prog = KIT_PROGRAM(m, SUM);
	struct xb_process *p = kit_process(m, prog);
	struct xb_stack_frame outer, inner;

	(void)state;
	assert_int_equal(xb_process_frame_cnt(p), 1);
	for (int i = 0; i < 5; i++) /* up to the function's store, and behind it */
		xb_process_step(p);
	assert_int_equal(xb_process_frame_cnt(p), 2);
	assert_int_equal(xb_process_frame(p, 0, &outer), 0);
	assert_int_equal(xb_process_frame(p, 1, &inner), 0);
	assert_int_equal(xb_process_frame(p, 2, &inner), -1);
	assert_int_equal(outer.pc, 3);
	assert_int_equal(inner.pc, 11);
	assert_int_equal(outer.bytes, 64);
	assert_int_equal(inner.bytes, 64);
	assert_ptr_equal(outer.program, prog);
	assert_ptr_equal(inner.program, prog);
	assert_string_equal(inner.function, "prog");
	assert_int_equal(inner.top, reg(p, 10));
	assert_int_not_equal(inner.top, outer.top);
	assert_int_equal(*(uint64_t *)xb_machine_host(m, inner.top - 8, 8), 5);
	xb_process_step(p);
	xb_process_step(p);
	xb_process_step(p); /* exit */
	assert_int_equal(xb_process_frame_cnt(p), 1);
	assert_int_equal(reg(p, 10), outer.top);
	assert_null(xb_machine_host(m, inner.top - 8, 8));
	xb_process_free(p);
	xb_machine_free(m);
}

/* A fault in a function that was called shows where, and its frames and registers. */
static void
test_fault(void **state)
{
	struct xb_machine *m = kit_machine(NULL);
	struct xb_process *p = kit_process(
	        m, KIT_PROGRAM(m, XB_MOV64_IMM(6, 9), XB_CALL_FUNC(1), XB_EXIT(),
	                       XB_MOV64_IMM(6, 4), XB_STX_MEM(BPF_W, 10, 6, -514), XB_EXIT()));
	struct xb_stack_frame frame;
	struct xb_fault_info f;
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	assert_false(xb_process_fault(p, &f));
	assert_int_equal(xb_process_run(p, NULL), XB_PROCESS_FAULTED);
	assert_true(xb_process_fault(p, &f));
	assert_int_equal(f.kind, XB_FAULT_OOB_WRITE);
	assert_string_equal(f.message, "2 bytes before the start of stack (512 bytes)");
	assert_int_equal(f.pc, 4);
	assert_string_equal(f.program, "prog");
	assert_string_equal(f.function, "prog");
	assert_null(f.file);
	assert_int_equal(f.line + f.col, 0);
	assert_int_equal(f.gaddr, reg(p, 10) - 514);
	assert_int_equal(f.bytes, 4);
	assert_string_equal(f.object, "stack");
	assert_int_equal(xb_process_pc(p), 4);
	assert_int_equal(xb_process_insns(p), 4);
	assert_int_equal(reg(p, 6), 4);
	assert_int_equal(xb_process_frame_cnt(p), 2);
	assert_int_equal(xb_process_frame(p, 0, &frame), 0);
	assert_int_equal(frame.pc, 1);
	assert_int_equal(xb_process_run(p, NULL), XB_PROCESS_FAULTED);
	assert_int_equal(xb_process_step(p), XB_PROCESS_FAULTED);
	assert_int_equal(xb_process_reset(p, &err), 0);
	assert_false(xb_process_fault(p, &f));
	assert_int_equal(xb_process_frame_cnt(p), 1);
	xb_process_free(p);
	xb_machine_free(m);
}

/* Nothing stops a program that looks at a context that it has not, but a fault. */
static void
test_no_context(void **state)
{
	static const struct {
		const char *name;
		uint32_t type;
		struct bpf_insn insns[4];
		enum xb_fault_kind kind;
	} rows[] = {
#define ROW(type, kind, ...)                                                                       \
	{ #type " " #__VA_ARGS__, BPF_PROG_TYPE_##type, { __VA_ARGS__ }, XB_FAULT_##kind }
		ROW(XDP, NULL_POINTER, XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT()),
		ROW(XDP, NULL_POINTER, XB_LDX_MEM(BPF_W, 0, 1, 16), XB_EXIT()),
		ROW(XDP, NULL_POINTER, XB_MOV64_REG(6, 1), XB_LDX_MEM(BPF_W, 0, 6, 4), XB_EXIT()),
		ROW(XDP, NULL_POINTER, XB_LDX_MEM(BPF_W, 2, 1, 0), XB_LDX_MEM(BPF_B, 0, 2, 0),
		    XB_EXIT()),
		ROW(XDP, NOT_EMULATED, XB_MOV64_IMM(2, 4), XB_CALL(BPF_FUNC_xdp_adjust_head),
		    XB_EXIT()),
		ROW(SCHED_CLS, NULL_POINTER, XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT()),
		ROW(SCHED_CLS, NULL_POINTER, XB_LDX_MEM(BPF_W, 0, 1, 76), XB_EXIT()),
		ROW(SCHED_CLS, NULL_POINTER, XB_ST_MEM(BPF_W, 1, 8, 3), XB_EXIT()),
		ROW(SCHED_CLS, NOT_EMULATED, XB_LD_ABS(BPF_B, 0), XB_EXIT()),
		ROW(SCHED_CLS, NOT_EMULATED, XB_MOV64_IMM(2, 0), XB_CALL(BPF_FUNC_skb_pull_data),
		    XB_EXIT()),
		ROW(SOCKET_FILTER, NULL_POINTER, XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT()),
		ROW(CGROUP_SKB, NULL_POINTER, XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT()),
		ROW(SK_LOOKUP, NULL_POINTER, XB_LDX_MEM(BPF_W, 0, 1, 8), XB_EXIT()),
		ROW(KPROBE, NULL_POINTER, XB_LDX_MEM(BPF_DW, 0, 1, 0), XB_EXIT()),
#undef ROW
	};
	struct xb_machine *m = kit_linux();
	struct kit_out out;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		uint32_t cnt = 1;
		struct xb_process *p;

		while (rows[i].insns[cnt - 1].code != (BPF_JMP | BPF_EXIT))
			cnt++;
		for (int step = 0; step < 2; step++) {
			p = kit_process(m, kit_typed(m, rows[i].type, rows[i].insns, cnt));
			while (step && xb_process_step(p) == XB_PROCESS_RUNNING)
				;
			out = kit_run(p);
			if (out.kind != rows[i].kind)
				fail_msg("%s: %s: %s", rows[i].name, xb_fault_kind_name(out.kind),
				         out.message);
			xb_process_free(p);
		}
	}
	xb_machine_free(m);
}

/* Of an emulator of one's own, too. */
static void
test_no_context_own(void **state)
{
	const struct bpf_insn insns[] = { XB_LDX_MEM(BPF_DW, 0, 1, 0), XB_EXIT() };
	const struct xb_program_opts opts = {
		.size = sizeof(opts), .insns = insns, .insn_cnt = 2, .ctx_bytes = 8
	};
	struct xb_machine *m = kit_machine(NULL);
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p = kit_process(m, xb_machine_add_program(m, &opts, &err));

	(void)state;
	KIT_EXPECT_FAULT(NULL_POINTER, "address 0x0 is a null pointer or near one", kit_run(p));
	xb_process_free(p);
	xb_machine_free(m);
}

static void
test_deadline(void **state)
{
	struct xb_machine *m = kit_machine(NULL);
	struct xb_program *prog = KIT_PROGRAM(m, SUM);
	struct xb_run_opts opts = { .size = sizeof(opts), .deadline_ns = 1 };
	struct xb_process *p = kit_process(m, prog);
	struct xb_err err = XB_ERR_INIT;
	const struct xb_machine_opts machine_opts = { .size = sizeof(machine_opts),
		                                      .max_insns = UINT64_MAX };
	uint64_t began;

	(void)state;
	assert_int_equal(xb_process_run(p, &opts), XB_PROCESS_FAULTED);
	KIT_EXPECT_FAULT(STOPPED, "deadline passed", kit_out(p));
	assert_int_equal(xb_process_insns(p), 0);
	xb_process_reset(p, &err);
	opts.deadline_ns = now_ns() + 60000000000ull;
	assert_int_equal(xb_process_run(p, &opts), XB_PROCESS_EXITED);
	check_end(p);
	xb_process_reset(p, &err);
	opts = (struct xb_run_opts){ .deadline_ns = 1 };
	assert_int_equal(xb_process_run(p, &opts), XB_PROCESS_FAULTED);
	KIT_EXPECT_FAULT(STOPPED, "run: size is not set", kit_out(p));
	xb_process_free(p);
	xb_machine_free(m);

	m = xb_machine_new(&machine_opts, &err);
	p = kit_process(m, KIT_PROGRAM(m, ENDLESS));
	began = now_ns();
	opts = (struct xb_run_opts){ .size = sizeof(opts), .deadline_ns = began + 50000000 };
	assert_int_equal(xb_process_run(p, &opts), XB_PROCESS_FAULTED);
	KIT_EXPECT_FAULT(STOPPED, "deadline passed", kit_out(p));
	assert_true(now_ns() - began >= 50000000);
	assert_true(now_ns() - began < 5000000000ull);
	assert_true(xb_process_insns(p) > 65536);
	xb_process_free(p);
	xb_machine_free(m);
}

static void *
cancel_soon(void *arg)
{
	int *cancel = arg;

	usleep(30000);
	__atomic_store_n(cancel, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void
test_cancel(void **state)
{
	const struct xb_machine_opts machine_opts = { .size = sizeof(machine_opts),
		                                      .max_insns = UINT64_MAX };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine *m = xb_machine_new(&machine_opts, &err);
	struct xb_process *p = kit_process(m, KIT_PROGRAM(m, ENDLESS));
	int cancel = 1;
	const struct xb_run_opts opts = { .size = sizeof(opts), .cancel = &cancel };
	pthread_t thread;

	(void)state;
	xb_process_step(p);
	assert_int_equal(xb_process_run(p, &opts), XB_PROCESS_FAULTED);
	KIT_EXPECT_FAULT(STOPPED, "cancelled", kit_out(p));
	assert_int_equal(xb_process_insns(p), 1);
	assert_int_equal(xb_process_pc(p), 1);
	cancel = 0;
	xb_process_reset(p, &err);
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &cancel), 0);
	assert_int_equal(xb_process_run(p, &opts), XB_PROCESS_FAULTED);
	pthread_join(thread, NULL);
	KIT_EXPECT_FAULT(STOPPED, "cancelled", kit_out(p));
	assert_true(xb_process_insns(p) > 65536);
	xb_process_free(p);
	xb_machine_free(m);
}

static void
test_budget(void **state)
{
	const struct xb_machine_opts opts = { .size = sizeof(opts), .max_insns = 1000 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine *m = xb_machine_new(&opts, &err);
	struct xb_process *p = kit_process(m, KIT_PROGRAM(m, ENDLESS));
	struct kit_out run = kit_run(p), step;

	(void)state;
	xb_process_reset(p, &err);
	while (xb_process_step(p) == XB_PROCESS_RUNNING)
		;
	step = kit_out(p);
	assert_int_equal(run.kind, XB_FAULT_BUDGET);
	assert_memory_equal(&run, &step, sizeof(run));
	xb_process_reset(p, &err); /* a new run has all of it */
	for (int i = 0; i < 900; i++)
		assert_int_equal(xb_process_step(p), XB_PROCESS_RUNNING);
	assert_int_equal(kit_run(p).insns, run.insns);
	xb_process_free(p);
	xb_machine_free(m);
}

static void
test_opts(void **state)
{
	struct xb_machine *m = kit_linux(), *other = kit_machine(NULL);
	struct xb_program *prog = KIT_PROGRAM(m, XB_CALL(BPF_FUNC_get_smp_processor_id), XB_EXIT());
	struct xb_process_opts opts = { .vcpu = 1 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p;

	(void)state;
	assert_null(xb_process_new(m, prog, NULL, &opts, &err));
	assert_string_equal(err.msg, "process: size is not set");
	opts.size = sizeof(opts);
	assert_null(xb_process_new(other, prog, NULL, NULL, &err));
	assert_string_equal(err.msg, "process: the program is another machine's");
	opts.vcpu = 2;
	assert_null(xb_process_new(m, prog, NULL, &opts, &err));
	assert_string_equal(err.msg, "process: virtual CPU 2 of 2");
	opts.vcpu = 1;
	p = xb_process_new(m, prog, NULL, &opts, &err);
	assert_int_equal(xb_process_vcpu(p), 1);
	KIT_EXPECT_EXIT(1, kit_run(p));
	assert_int_equal(xb_process_set_vcpu(p, 2, &err), -1);
	assert_string_equal(err.msg, "process: virtual CPU 2 of 2");
	assert_int_equal(xb_process_vcpu(p), 1);
	assert_int_equal(xb_process_status(p), XB_PROCESS_EXITED);
	assert_int_equal(xb_process_set_vcpu(p, 0, &err), 0);
	assert_int_equal(xb_process_vcpu(p), 0);
	assert_int_equal(xb_process_status(p), XB_PROCESS_READY);
	KIT_EXPECT_EXIT(0, kit_run(p));
	xb_process_free(p);
	xb_process_free(NULL);
	xb_machine_free(m);
	xb_machine_free(other);
}

static int keys[3];

static void
release(void *value)
{
	++*(int *)value;
}

static void
test_values(void **state)
{
	struct xb_machine *m = kit_machine(NULL);
	struct xb_process *p = kit_process(m, KIT_PROGRAM(m, SUM));
	struct xb_process *q = kit_process(m, xb_process_program(p));
	struct xb_err err = XB_ERR_INIT;
	int a = 0, b = 0, c = 0;

	(void)state;
	assert_null(xb_process_value(p, &keys[0]));
	assert_int_equal(xb_process_set_value(p, &keys[0], NULL, release, &err), 0);
	assert_int_equal(xb_process_set_value(p, &keys[0], &a, release, &err), 0);
	assert_int_equal(xb_process_set_value(p, &keys[1], &b, NULL, &err), 0);
	assert_ptr_equal(xb_process_value(p, &keys[0]), &a);
	assert_ptr_equal(xb_process_value(p, &keys[1]), &b);
	assert_null(xb_process_value(q, &keys[0]));
	assert_int_equal(xb_process_set_value(p, &keys[0], &c, release, &err), 0);
	assert_int_equal(a, 1);
	assert_int_equal(xb_process_set_value(p, &keys[0], &c, release, &err), 0);
	assert_int_equal(c, 0); /* it is the same, and stays */
	assert_int_equal(xb_process_set_value(p, &keys[1], NULL, release, &err), 0);
	assert_null(xb_process_value(p, &keys[1]));
	assert_int_equal(xb_process_set_value(p, &keys[2], &b, release, &err), 0);
	assert_int_equal(xb_process_reset(p, &err), 0);
	assert_ptr_equal(xb_process_value(p, &keys[0]), &c);
	xb_process_free(p);
	xb_process_free(q);
	assert_int_equal(a, 1);
	assert_int_equal(b, 1);
	assert_int_equal(c, 1);
	xb_machine_free(m);
}

/* Two that are under way at once, and one that is given up: the maps know nothing of it. */
static void
test_interleaved(void **state)
{
	struct xb_machine *m = kit_linux();
	struct xb_linux *lx = xb_linux_of(m);
	const struct xb_linux_map_opts map_opts = { .size = sizeof(map_opts),
		                                    .type = BPF_MAP_TYPE_HASH,
		                                    .key_size = 4,
		                                    .value_size = 8,
		                                    .max_entries = 2 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map *h = xb_linux_map_create(lx, &map_opts, &err);
	struct xb_program *prog =
	        KIT_PROGRAM(m, XB_ST_MEM(BPF_W, 10, -4, 1), XB_LD_MAP_FD(1, xb_linux_map_fd(h)),
	                    XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -4),
	                    XB_CALL(BPF_FUNC_map_lookup_elem), XB_JMP_IMM(BPF_JEQ, 0, 0, 1),
	                    XB_LDX_MEM(BPF_DW, 0, 0, 0), XB_EXIT());
	struct xb_process *p = kit_process(m, prog), *q = kit_process(m, prog);
	uint64_t value = 5;
	uint32_t key = 1;

	(void)state;
	for (int round = 0; round < 3; round++) {
		assert_int_equal(xb_linux_map_update(h, &key, &value, 0), 0);
		for (int i = 0; i < 6; i++)
			xb_process_step(p); /* it has a pointer to the value */
		assert_int_equal(xb_linux_map_delete(h, &key), 0);
		KIT_EXPECT_EXIT(0, kit_run(q)); /* and another one begins and ends */
		assert_int_equal(xb_process_reset(q, &err), 0);
		if (round == 1) { /* given up */
			assert_int_equal(xb_process_reset(p, &err), 0);
			assert_int_equal(xb_linux_map_update(h, &key, &value, 0), 0);
		}
		KIT_EXPECT_EXIT(5, kit_run(p));
		assert_int_equal(xb_process_reset(p, &err), 0);
		xb_linux_map_delete(h, &key);
	}
	for (int i = 0; i < 4; i++)
		xb_process_step(p);
	xb_process_free(p);
	xb_process_step(q);
	xb_process_free(q);
	xb_machine_free(m);
}

static struct xb_process *
process_of(struct xb_machine *m, const char *program, const struct xb_context *c)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_program *prog = xb_machine_find_program(m, program);
	struct xb_process *p = prog ? xb_process_new(m, prog, c, NULL, &err) : NULL;

	if (!p)
		fail_msg("%s: %s", program, err.msg);
	return p;
}

#define XDP_IP4                                                                                    \
	"{\"type\":\"xdp_md\",\"ctx\":{\"packet_hex\":\"0200000000010200000000020800"              \
	"450000140000000040000000c0000201c0000202\"}}"

/* A program of the object: where it is, through tail calls. */
static void
test_tail_call(void **state)
{
	struct xb_machine *m = kit_linux();
	struct xb_context *c = kit_context(XDP_IP4);
	struct xb_source_line line;
	struct xb_process *p;
	struct xb_program *first, *second;
	struct xb_stack_frame frame;
	struct xb_err err = XB_ERR_INIT;

	kit_load_object(m, *state, "tail_call");
	p = process_of(m, "xdp_tail_call", c);
	first = xb_process_program(p);
	second = xb_machine_find_program(m, "xdp_stage_ip4");
	assert_ptr_not_equal(first, second);
	while (xb_process_current_program(p) == first)
		assert_int_equal(xb_process_step(p), XB_PROCESS_RUNNING);
	assert_ptr_equal(xb_process_current_program(p), second);
	assert_ptr_equal(xb_process_program(p), first);
	assert_int_equal(xb_process_pc(p), 0);
	assert_int_equal(xb_process_frame(p, 0, &frame), 0);
	assert_ptr_equal(frame.program, second);
	assert_string_equal(frame.function, "xdp_stage_ip4");
	xb_program_source(second, frame.pc, &line);
	assert_non_null(strstr(line.file, "tail_call.bpf.c"));
	assert_true(line.line > 0);
	KIT_EXPECT_EXIT(3 /* XDP_TX */, kit_run(p));
	assert_ptr_equal(xb_process_current_program(p), second);
	assert_int_equal(xb_process_reset(p, &err), 0);
	assert_ptr_equal(xb_process_current_program(p), first);
	KIT_EXPECT_EXIT(3, kit_run(p));
	xb_process_free(p);
	xb_context_free(c);
	xb_machine_free(m);
}

static void
test_fault_source(void **state)
{
	struct xb_machine *m = kit_linux();
	struct xb_context *c = kit_context(XDP_IP4);
	struct xb_fault_info f;
	struct xb_process *p;

	kit_load_object(m, *state, "bad/null_value");
	p = xb_process_new(m, xb_machine_next_program(m, NULL), c, NULL, &(struct xb_err){ 0 });
	assert_int_equal(xb_process_run(p, NULL), XB_PROCESS_FAULTED);
	assert_true(xb_process_fault(p, &f));
	assert_int_equal(f.kind, XB_FAULT_NULL_POINTER);
	assert_non_null(strstr(f.file, "null_value.bpf.c"));
	assert_true(f.line > 0 && f.col > 0);
	assert_string_equal(f.program, xb_program_name(xb_process_program(p)));
	assert_string_equal(f.function, f.program);
	assert_string_equal(f.object, "");
	xb_process_free(p);
	xb_context_free(c);
	xb_machine_free(m);
}

/* A lock that a run holds is free when that is stopped, reset or freed. */
static void
test_lock(void **state)
{
	const struct xb_run_opts late = { .size = sizeof(late), .deadline_ns = 1 };
	struct xb_machine *m = kit_linux();
	struct xb_context *c = kit_context(XDP_IP4);
	struct xb_process *p, *q;
	struct xb_err err = XB_ERR_INIT;
	char text[80];

	kit_load_object(m, *state, "spin_lock");
	q = process_of(m, "xdp_spin_lock", c);
	for (int how = 0; how < 3; how++) {
		p = process_of(m, "xdp_spin_lock", c);
		do {
			xb_program_disasm(xb_process_program(p), xb_process_pc(p), text,
			                  sizeof(text));
			assert_int_equal(xb_process_step(p), XB_PROCESS_RUNNING);
		} while (!strstr(text, "call spin_lock"));
		if (how == 0) {
			assert_int_equal(xb_process_run(p, &late), XB_PROCESS_FAULTED);
			KIT_EXPECT_FAULT(STOPPED, "deadline passed", kit_out(p));
		} else if (how == 1) {
			assert_int_equal(xb_process_reset(p, &err), 0);
		}
		if (how == 2)
			xb_process_free(p);
		KIT_EXPECT_EXIT(2 /* XDP_PASS */, kit_run(q));
		assert_int_equal(xb_process_reset(q, &err), 0);
		if (how != 2)
			xb_process_free(p);
	}
	xb_process_free(q);
	xb_context_free(c);
	xb_machine_free(m);
}

int
main(int argc, char **argv)
{
	char *dir = argc > 1 ? argv[1] : NULL;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mixture),
		cmocka_unit_test(test_pc),
		cmocka_unit_test(test_regs),
		cmocka_unit_test(test_set_known),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_no_context),
		cmocka_unit_test(test_no_context_own),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_opts),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_interleaved),
		cmocka_unit_test_prestate(test_tail_call, dir),
		cmocka_unit_test_prestate(test_fault_source, dir),
		cmocka_unit_test_prestate(test_lock, dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
