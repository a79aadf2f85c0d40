/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes as hosts use them: the shape of their stacks, stopping them from outside, registers and
 * frames in the midst of a run.
 */
#include "tests/insns.h"
#include "vm/proc.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define RETURN(v) XB_MOV64_IMM(0, v), XB_EXIT()

/* A machine with the shape asked for, one process, and a helper that calls R2 with (i) R1 times. */
struct box {
	struct xb_vm *vm;
	struct xb_proc *proc;
	struct xb_prog *prog;
};

static u64
call_loop(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	u64 cnt = r[1], func = r[2], r0;

	(void)call;
	for (u64 i = 0; i < cnt; i++) {
		const u64 args[5] = { i };

		if (!xb_proc_callback(proc, func, args, &r0))
			return 0;
	}
	return cnt;
}

static int
bind_call(void *emu, const struct xb_prog *prog, u32 pc, u64 r1_const, struct xb_call *call,
          struct xb_err *err)
{
	(void)emu;
	(void)prog;
	(void)pc;
	(void)r1_const;
	(void)err;
	*call = (struct xb_call){ .fn = call_loop, .name = "loop" };
	return 0;
}

static const struct xb_vm_ops ops = { .bind_call = bind_call };

static void
box_open(struct box *b, struct xb_vm_opts opts)
{
	struct xb_err err = XB_ERR_INIT;

	opts.ops = &ops;
	opts.vcpu_cnt = 2;
	b->prog = NULL;
	b->vm = xb_vm_new(&opts, &err);
	if (!b->vm)
		fail_msg("%s", err.msg);
	b->proc = xb_proc_new(b->vm, 0, &err);
	assert_non_null(b->proc);
}

static void
box_close(struct box *b)
{
	xb_prog_free(b->prog);
	xb_proc_free(b->proc);
	xb_vm_free(b->vm);
}

static int
box_load(struct box *b, const struct bpf_insn *insns, u32 cnt, struct xb_err *err)
{
	const struct xb_prog_opts opts = { .name = "prog", .insns = insns, .insn_cnt = cnt };

	xb_prog_free(b->prog);
	b->prog = xb_prog_new(b->vm, &opts, err);
	return b->prog ? 0 : -1;
}

static enum xb_run_status
box_run(struct box *b, const struct bpf_insn *insns, u32 cnt)
{
	struct xb_err err = XB_ERR_INIT;

	if (box_load(b, insns, cnt, &err))
		fail_msg("%s", err.msg);
	return xb_proc_run(b->proc, b->prog, 0);
}

static void
expect_fault(const struct box *b, const char *name, enum xb_fault_kind kind, const char *message)
{
	const struct xb_fault *f = &b->proc->fault;

	if (f->kind != kind || strcmp(f->message, message) != 0)
		fail_msg("%s: %s: %s", name, xb_fault_kind_name(f->kind), f->message);
}

/* Which options a machine takes. */
static void
test_options(void **state)
{
	static const struct {
		const char *name;
		u32 bytes, cnt;
		const char *error; /* NULL: taken */
	} rows[] = {
		{ "as Linux", 0, 0, NULL },
		{ "the least", 16, 1, NULL },
		{ "the most", 4096, 64, NULL },
		{ "less", 8, 1, "stack frames of 8 bytes; 16 to 4096 are allowed, in steps of 8" },
		{ "ragged", 20, 1,
		  "stack frames of 20 bytes; 16 to 4096 are allowed, in steps of 8" },
		{ "more", 4104, 1,
		  "stack frames of 4104 bytes; 16 to 4096 are allowed, in steps of 8" },
		{ "more frames", 512, 65, "65 stack frames; 1 to 64 are allowed" },
	};

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct xb_vm_opts opts = { .vcpu_cnt = 1,
			                         .frame_bytes = rows[i].bytes,
			                         .frame_cnt = rows[i].cnt };
		struct xb_err err = XB_ERR_INIT;
		struct xb_vm *vm = xb_vm_new(&opts, &err);

		if ((vm != NULL) != (rows[i].error == NULL) ||
		    (rows[i].error && strcmp(err.msg, rows[i].error) != 0))
			fail_msg("%s: %s", rows[i].name, vm ? "taken" : err.msg);
		xb_vm_free(vm);
	}
}

static const u32 frame_sizes[] = { 16, 24, 504, 512, 520, 2048, 4096 };

/* Every byte of a frame, and none around it; whether the access was proved at load or not. */
static void
test_frame_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(frame_sizes); i++) {
		s32 size = (s32)frame_sizes[i];
		const struct bpf_insn inside[] = {
			XB_LDX_MEM(BPF_DW, 0, 10, -size), XB_LDX_MEM(BPF_DW, 1, 10, -8),
			XB_ALU64_REG(BPF_OR, 0, 1),       XB_ST_MEM(BPF_DW, 10, -size, -1),
			XB_ST_MEM(BPF_DW, 10, -8, -1),    XB_EXIT(),
		};
		const struct bpf_insn below[] = { XB_ST_MEM(BPF_B, 10, -size - 1, 0), RETURN(0) };
		const struct bpf_insn below_later[] = { XB_STX_MEM(BPF_DW, 10, 10, -8),
			                                XB_LDX_MEM(BPF_DW, 2, 10, -8),
			                                XB_ST_MEM(BPF_W, 2, -size - 4, 0),
			                                RETURN(0) };
		const struct bpf_insn above[] = { XB_LDX_MEM(BPF_B, 0, 10, 0), XB_EXIT() };
		struct box b;
		char message[100];

		box_open(&b, (struct xb_vm_opts){ .frame_bytes = (u32)size });
		for (u32 again = 0; again < 2; again++) {
			assert_int_equal(box_run(&b, inside, XB_ARRAY_SIZE(inside)), XB_RUN_EXIT);
			assert_int_equal(b.proc->r[0], 0); /* zeroed each time */
		}
		assert_int_equal(box_run(&b, below, XB_ARRAY_SIZE(below)), XB_RUN_FAULT);
		snprintf(message, sizeof(message), "1 byte before the start of stack (%d bytes)",
		         size);
		expect_fault(&b, "below", XB_FAULT_OOB_WRITE, message);
		assert_int_equal(box_run(&b, below_later, XB_ARRAY_SIZE(below_later)),
		                 XB_RUN_FAULT);
		snprintf(message, sizeof(message), "4 bytes before the start of stack (%d bytes)",
		         size);
		expect_fault(&b, "below, spilled", XB_FAULT_OOB_WRITE, message);
		assert_int_equal(box_run(&b, above, XB_ARRAY_SIZE(above)), XB_RUN_FAULT);
		snprintf(message, sizeof(message), "1 byte past the end of stack (%d bytes)", size);
		expect_fault(&b, "above", XB_FAULT_OOB_READ, message);
		box_close(&b);
	}
}

/* Calls of `cnt` functions one in the other, each with a store to all of its frame. */
static u32
chain(struct bpf_insn *insns, u32 cnt, s32 bytes)
{
	u32 n = 0;

	for (u32 i = 0; i < cnt; i++) {
		insns[n++] = XB_ST_MEM(BPF_DW, 10, -bytes, 1);
		insns[n++] = i + 1 < cnt ? XB_CALL_FUNC(2) : XB_MOV64_IMM(0, 0);
		insns[n++] = XB_ALU64_IMM(BPF_ADD, 0, 1);
		insns[n++] = XB_EXIT();
	}
	return n;
}

static void
test_frame_cnt(void **state)
{
	static const struct {
		u32 bytes, cnt;
	} rows[] = { { 16, 1 }, { 512, 2 }, { 4096, 9 }, { 512, 64 }, { 4096, 64 } };
	struct bpf_insn insns[4 * 65];

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		u32 cnt = rows[i].cnt, n = chain(insns, cnt, (s32)rows[i].bytes);
		const struct bpf_insn one_more[] = {
			XB_MOV64_IMM(1, 1), XB_LD_FUNC(2, 3),   XB_CALL(1),
			XB_EXIT(),          XB_MOV64_IMM(0, 0), XB_EXIT(),
		};
		struct xb_err err = XB_ERR_INIT;
		char message[60];
		struct box b;

		box_open(&b, (struct xb_vm_opts){ .frame_bytes = rows[i].bytes, .frame_cnt = cnt });
		assert_int_equal(box_run(&b, insns, n), XB_RUN_EXIT);
		assert_int_equal(b.proc->r[0], cnt);
		for (u32 f = 1; f < cnt; f++)
			assert_true(b.proc->frames[f].top - rows[i].bytes >=
			            b.proc->frames[f - 1].top + XB_PROC_FRAME_GAP);
		n = chain(insns, cnt + 1, 8);
		assert_int_equal(box_load(&b, insns, n, &err), -1);
		snprintf(message, sizeof(message), "more than %u frames of calls", cnt);
		assert_non_null(strstr(err.msg, message));
		assert_int_equal(box_run(&b, one_more, XB_ARRAY_SIZE(one_more)),
		                 cnt > 1 ? XB_RUN_EXIT : XB_RUN_FAULT);
		if (cnt == 1)
			expect_fault(&b, "callback", XB_FAULT_CALL_DEPTH, message);
		box_close(&b);
	}
}

/* A frame that is not looked at is zeroed too. */
static void
test_zeroing(void **state)
{
	/* The callee stores through an address that is not R10's, and finds it there or not. */
	static const struct bpf_insn insns[] = {
		XB_MOV64_REG(1, 10),
		XB_ALU64_IMM(BPF_ADD, 1, XB_PROC_FRAME_STRIDE - 8),
		XB_MOV64_REG(6, 1),
		XB_CALL_FUNC(3),
		XB_MOV64_REG(1, 6),
		XB_CALL_FUNC(1),
		XB_EXIT(),
		XB_LDX_MEM(BPF_DW, 0, 1, 0),
		XB_ST_MEM(BPF_DW, 1, 0, 7),
		XB_EXIT(),
	};

	(void)state;
	for (u32 zeroing = XB_ZERO_NEEDED; zeroing <= XB_ZERO_ALWAYS; zeroing++) {
		struct box b;

		box_open(&b, (struct xb_vm_opts){ .zeroing = (enum xb_zeroing)zeroing });
		assert_int_equal(box_run(&b, insns, XB_ARRAY_SIZE(insns)), XB_RUN_EXIT);
		assert_int_equal(b.proc->r[0], zeroing == XB_ZERO_ALWAYS ? 0 : 7);
		box_close(&b);
	}
}

/* Endless, or nearly so, each in its own way. */
static const struct {
	const char *name;
	struct bpf_insn insns[10];
	u32 cnt;
} endless[] = {
	{ "jump", { XB_JA(-1), XB_EXIT() }, 2 },
	{ "gotol", { XB_MOV64_IMM(0, 0), XB_GOTOL(-2), XB_EXIT() }, 3 },
	{ "condition", { XB_JMP_IMM(BPF_JNE, 2, 1, -1), XB_EXIT() }, 2 },
	{ "call", { XB_CALL_FUNC(2), XB_JMP_IMM(BPF_JEQ, 0, 0, -2), XB_EXIT(), RETURN(0) }, 5 },
	{ "helper that loops",
	  { XB_LD_IMM64(1, 1ull << 60), XB_LD_FUNC(2, 3), XB_CALL(1), XB_EXIT(), RETURN(0) },
	  8 },
	{ "loop in a callback",
	  { XB_MOV64_IMM(1, 1), XB_LD_FUNC(2, 3), XB_CALL(1), XB_EXIT(), XB_JA(-1), XB_EXIT() },
	  7 },
};

#define HUGE_BUDGET (1ull << 62)

struct asked {
	u32 times, most;
	u64 at[8]; /* instructions, each time */
	enum xb_stop stop;
};

static enum xb_stop
poll(struct xb_proc *proc, void *arg)
{
	struct asked *a = arg;

	if (a->times < XB_ARRAY_SIZE(a->at))
		a->at[a->times] = proc->insns;
	return ++a->times >= a->most ? a->stop : XB_STOP_NONE;
}

/* Asked once a slice, until it says stop. */
static void
test_poll(void **state)
{
	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(endless); i++) {
		struct asked a = { .most = 5,
			           .stop = i % 2 ? XB_STOP_CANCELLED : XB_STOP_DEADLINE };
		u64 last = 0;
		struct box b;

		box_open(&b, (struct xb_vm_opts){ .max_insns = HUGE_BUDGET });
		b.proc->poll = poll;
		b.proc->poll_arg = &a;
		assert_int_equal(box_run(&b, endless[i].insns, endless[i].cnt), XB_RUN_FAULT);
		expect_fault(&b, endless[i].name, XB_FAULT_STOPPED,
		             i % 2 ? "cancelled" : "deadline passed");
		assert_int_equal(a.times, 5);
		for (u32 k = 0; k < a.times; k++) {
			assert_in_range(a.at[k] - last, XB_PROC_SLICE_INSNS,
			                XB_PROC_SLICE_INSNS + 8);
			last = a.at[k];
		}
		assert_int_equal(b.proc->insns, last);
		box_close(&b);
	}
}

/* A budget of any size ends a run where it did before there were slices. */
static void
test_budget(void **state)
{
	static const u64 budgets[] = { 1,     2,      3,      1000,   65535,  65536,  65537,
		                       65538, 131071, 131072, 131073, 131074, 200000, 1000000 };
	static const struct bpf_insn loop[] = { XB_ALU64_IMM(BPF_ADD, 0, 1), XB_JA(-2), XB_EXIT() };

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(budgets); i++) {
		u64 insns = (budgets[i] + 2) / 2 * 2; /* the first jump past it, which counts */
		char message[60];
		struct box b;

		box_open(&b, (struct xb_vm_opts){ .max_insns = budgets[i] });
		assert_int_equal(box_run(&b, loop, XB_ARRAY_SIZE(loop)), XB_RUN_FAULT);
		snprintf(message, sizeof(message), "stopped after %llu instructions",
		         (unsigned long long)insns);
		expect_fault(&b, "loop", XB_FAULT_BUDGET, message);
		assert_int_equal(b.proc->r[0], insns / 2);
		assert_int_equal(b.proc->pc, 1);
		box_close(&b);
	}
}

static void *
stop_soon(void *arg)
{
	const struct timespec soon = { .tv_nsec = 20 * 1000 * 1000 };

	nanosleep(&soon, NULL);
	xb_proc_stop(arg, XB_STOP_CANCELLED);
	return NULL;
}

/* From another thread; the process runs again once that is taken back. */
static void
test_stop(void **state)
{
	static const struct bpf_insn quick[] = { RETURN(3) };

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(endless); i++) {
		pthread_t thread;
		struct box b;

		box_open(&b, (struct xb_vm_opts){ .max_insns = HUGE_BUDGET });
		assert_int_equal(pthread_create(&thread, NULL, stop_soon, b.proc), 0);
		assert_int_equal(box_run(&b, endless[i].insns, endless[i].cnt), XB_RUN_FAULT);
		expect_fault(&b, endless[i].name, XB_FAULT_STOPPED, "cancelled");
		pthread_join(thread, NULL);
		/* It lasts, but not for runs that are shorter than a slice. */
		assert_int_equal(box_run(&b, endless[i].insns, endless[i].cnt), XB_RUN_FAULT);
		expect_fault(&b, endless[i].name, XB_FAULT_STOPPED, "cancelled");
		assert_in_range(b.proc->insns, XB_PROC_SLICE_INSNS, XB_PROC_SLICE_INSNS + 8);
		xb_proc_stop(b.proc, XB_STOP_NONE);
		assert_int_equal(box_run(&b, quick, XB_ARRAY_SIZE(quick)), XB_RUN_EXIT);
		box_close(&b);
	}
}

static void
test_vcpu(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct box b;

	(void)state;
	box_open(&b, (struct xb_vm_opts){ .vcpu_cnt = 2 });
	assert_int_equal(xb_proc_set_vcpu(b.proc, 1, &err), 0);
	assert_int_equal(b.proc->vcpu, 1);
	assert_int_equal(xb_proc_set_vcpu(b.proc, 2, &err), -1);
	assert_string_equal(err.msg, "vCPU 2 of 2");
	assert_int_equal(b.proc->vcpu, 1);
	box_close(&b);
}

/* Registers that a debugger writes prove nothing, though the program was loaded as if they did. */
static void
test_set_reg(void **state)
{
	static const struct bpf_insn insns[] = {
		XB_MOV64_REG(6, 10),
		XB_ST_MEM(BPF_DW, 6, -8, 5),
		XB_LDX_MEM(BPF_DW, 0, 6, -8),
		XB_EXIT(),
	};
	struct xb_err err = XB_ERR_INIT;
	struct box b;

	(void)state;
	box_open(&b, (struct xb_vm_opts){ 0 });
	assert_int_equal(box_load(&b, insns, XB_ARRAY_SIZE(insns), &err), 0);
	for (u32 at = 1; at <= 2; at++) {
		xb_proc_start(b.proc, b.prog, 0);
		for (u32 i = 0; i < at; i++)
			assert_int_equal(xb_vm_step(b.proc), XB_RUN_RUNNING);
		xb_proc_set_reg(b.proc, 6, 0x7fff00000000);
		assert_int_equal(b.proc->r[6], 0x7fff00000000);
		assert_int_equal(at == 1 ? xb_vm_step(b.proc) : xb_proc_continue(b.proc),
		                 XB_RUN_FAULT);
		expect_fault(&b, "wild", at == 1 ? XB_FAULT_OOB_WRITE : XB_FAULT_OOB_READ,
		             "address 0x7ffefffffff8 is in no object");
		xb_proc_start(b.proc, b.prog, 0);
		xb_proc_set_reg(b.proc, 9, 1);
		assert_int_equal(xb_proc_continue(b.proc), XB_RUN_EXIT);
		assert_int_equal(b.proc->r[0], 5);
	}
	assert_int_equal(xb_proc_run(b.proc, b.prog, 0), XB_RUN_EXIT);
	assert_false(b.proc->check_all);
	box_close(&b);
}

static void
expect_frame(const struct xb_proc *proc, u32 idx, u32 pc)
{
	struct xb_frame_info info;

	assert_true(xb_proc_frame(proc, idx, &info));
	assert_ptr_equal(info.prog, proc->prog);
	assert_int_equal(info.pc, pc);
	assert_int_equal(info.bytes, XB_PROC_FRAME_BYTES);
	assert_int_equal(info.gaddr, proc->frames[proc->depth - idx].top - XB_PROC_FRAME_BYTES);
}

/* main calls a function, which calls a helper, which calls one back, and that one faults. */
static void
test_frames(void **state)
{
	static const struct bpf_insn insns[] = {
		XB_MOV64_IMM(6, 1),
		XB_CALL_FUNC(1),
		XB_EXIT(),
		/* 3 */ XB_MOV64_IMM(1, 1),
		XB_LD_FUNC(2, 3),
		XB_CALL(1),
		XB_EXIT(),
		/* 8 */ XB_CALL_FUNC(1),
		XB_EXIT(),
		/* 10 */ XB_MOV64_IMM(1, 0),
		XB_LDX_MEM(BPF_DW, 0, 1, 0),
		XB_EXIT(),
	};
	struct xb_frame_info info;
	struct box b;

	(void)state;
	box_open(&b, (struct xb_vm_opts){ 0 });
	assert_int_equal(box_run(&b, insns, XB_ARRAY_SIZE(insns)), XB_RUN_FAULT);
	expect_frame(b.proc, 0, 11);
	expect_frame(b.proc, 1, 8);
	expect_frame(b.proc, 2, 6);
	expect_frame(b.proc, 3, 1);
	assert_false(xb_proc_frame(b.proc, 4, &info));
	xb_proc_abandon(b.proc);
	assert_true(xb_proc_frame(b.proc, 0, &info));
	assert_false(xb_proc_frame(b.proc, 1, &info));
	box_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),   cmocka_unit_test(test_frame_bytes),
		cmocka_unit_test(test_frame_cnt), cmocka_unit_test(test_zeroing),
		cmocka_unit_test(test_poll),      cmocka_unit_test(test_budget),
		cmocka_unit_test(test_stop),      cmocka_unit_test(test_vcpu),
		cmocka_unit_test(test_set_reg),   cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
