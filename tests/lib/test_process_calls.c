/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of helpers that a process's run makes, recorded: played back on a machine that has other
 * numbers, another time and other values in its map, the run comes to the same end.
 */
#define XB_INSN_BRACES
#include "tests/insns.h"
#include "tests/lib/linux_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PACKET                                                                                     \
	"{\"name\":\"one\",\"type\":\"xdp_md\",\"ctx\":{\"packet_hex\":"                           \
	"\"020000000001020000000002080045000102\"}}"
#define OWN_ID    250u
#define VCPUS     2u
#define FAR_IN_NS 1700000000000000000ull

#define CALL(id)   XB_CALL(BPF_FUNC_##id)
#define ADD_R0     XB_ALU64_REG(BPF_ADD, 7, 0)
#define FP(r, off) XB_MOV64_REG(r, 10), XB_ALU64_IMM(BPF_ADD, r, off)
/* Sums a random number, the time, a map's value, a number from text and two bytes of the packet. */
#define SUM(map_fd)                                                                                \
	XB_MOV64_REG(6, 1), XB_MOV64_IMM(7, 0), CALL(get_prandom_u32), ADD_R0, CALL(ktime_get_ns), \
	        ADD_R0, CALL(get_prandom_u32), ADD_R0, XB_ST_MEM(BPF_W, 10, -4, 0),                \
	        XB_LD_MAP_FD(1, map_fd), FP(2, -4), CALL(map_lookup_elem),                         \
	        XB_JMP_IMM(BPF_JEQ, 0, 0, 2), XB_LDX_MEM(BPF_DW, 0, 0, 0), ADD_R0,                 \
	        XB_ST_MEM(BPF_DW, 10, -16, 0x3231), FP(1, -16), XB_MOV64_IMM(2, 8),                \
	        XB_MOV64_IMM(3, 0), FP(4, -24), CALL(strtol), XB_LDX_MEM(BPF_DW, 0, 10, -24),      \
	        ADD_R0, XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, 15), FP(3, -32), XB_MOV64_IMM(4, 2),   \
	        CALL(xdp_load_bytes), XB_LDX_MEM(BPF_H, 0, 10, -32), ADD_R0, XB_MOV64_REG(1, 6),   \
	        XB_MOV64_IMM(2, -4), CALL(xdp_adjust_head), ADD_R0, XB_MOV64_REG(0, 7)

struct box {
	struct rig rig;
	struct xb_program *sum;
};

static void
box_open(struct box *box, uint64_t seed, uint64_t value)
{
	const struct xb_linux_opts opts = {
		.size = sizeof(opts), .seed = seed, .now_ns = FAR_IN_NS + seed, .watch_calls = true
	};
	struct xb_linux_map *map;
	uint32_t key = 0;

	rig_open(&box->rig, &opts, VCPUS);
	map = rig_map(&box->rig, BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	assert_int_equal(xb_linux_map_update(map, &key, &value, BPF_ANY), 0);
	box->sum = rig_prog(&box->rig, BPF_PROG_TYPE_XDP, SUM(xb_linux_map_fd(map)), XB_EXIT());
}

static void
box_close(struct box *box)
{
	rig_close(&box->rig);
}

static struct xb_context *
context_of(const char *json)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = xb_context_parse(NULL, json, strlen(json), &err);

	if (!c)
		fail_msg("%s\n%s", err.msg, json);
	return c;
}

static struct xb_process *
process(const struct box *box, struct xb_program *program, const struct xb_context *c,
        const struct xb_process_opts *more)
{
	struct xb_process_opts opts = *more;
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p;

	opts.size = sizeof(opts);
	p = xb_process_new(box->rig.machine, program, c, &opts, &err);
	if (!p)
		fail_msg("%s", err.msg);
	return p;
}

static char *
recorded(struct xb_process *p)
{
	struct xb_err err = XB_ERR_INIT;
	char *text = xb_process_save_calls(p, &err);

	if (!text)
		fail_msg("%s", err.msg);
	return text;
}

/* A run that is recorded: its result, and the recording. */
static char *
record(const struct box *box, struct xb_program *program, const struct xb_context *c, uint64_t *r0)
{
	struct xb_process *p =
	        process(box, program, c, &(struct xb_process_opts){ .record_calls = true });
	char *text;

	xb_process_run(p, NULL);
	*r0 = xb_process_result(p);
	text = recorded(p);
	xb_process_free(p);
	return text;
}

static void
no_note(void *arg, struct xb_process *p, const char *text)
{
	(void)arg;
	(void)p;
	fail_msg("note: %s", text);
}

/* The result of a recording's run; what it calls is the recording again. */
static uint64_t
play(const struct box *box, struct xb_program *program, const char *text)
{
	const struct xb_process_opts opts = { .strict_calls = true,
		                              .note = no_note,
		                              .record_calls = true };
	struct xb_context *c = context_of(text);
	struct xb_process *p = process(box, program, c, &opts);
	struct xb_fault_info fault;
	char *again;
	uint64_t r0;

	xb_process_run(p, NULL);
	if (xb_process_fault(p, &fault))
		fail_msg("%s", fault.message);
	r0 = xb_process_result(p);
	again = recorded(p);
	assert_string_equal(again, text);
	free(again);
	xb_process_free(p);
	xb_context_free(c);
	return r0;
}

static void
test_played_back(void **state)
{
	struct xb_context *c = context_of(PACKET), *written;
	uint64_t first, other;
	struct box here, there;
	char *text, *unlike;

	(void)state;
	box_open(&here, 1, 1000);
	box_open(&there, 2, 5);
	text = record(&here, here.sum, c, &first);
	unlike = record(&there, there.sum, c, &other);
	assert_true(first != other);
	assert_string_not_equal(text, unlike);
	assert_int_equal(play(&there, there.sum, text), first);
	assert_int_equal(play(&here, here.sum, text), first);
	assert_int_equal(play(&here, here.sum, unlike), other);

	written = context_of(text);
	assert_string_equal(xb_context_type(written), "captured");
	assert_string_equal(xb_context_name(written), "one");
	assert_string_equal(xb_context_type(xb_context_sub(written)), "xdp_md");
	xb_context_free(written);
	free(text);
	free(unlike);
	xb_context_free(c);
	box_close(&here);
	box_close(&there);
}

/* One instruction of each in turn, on one virtual CPU: each has its own calls. */
static void
test_steps(void **state)
{
	const struct xb_process_opts opts = { .record_calls = true };
	struct xb_context *c = context_of(PACKET);
	struct xb_process *p[3];
	struct box box;
	bool left;

	(void)state;
	box_open(&box, 1, 1000);
	for (uint32_t i = 0; i < 2; i++)
		p[i] = process(&box, box.sum, c, &opts);
	p[2] = process(&box, box.sum, c, &(struct xb_process_opts){ .vcpu = 0 });
	do {
		left = false;
		for (uint32_t i = 0; i < 3; i++)
			left |= xb_process_step(p[i]) == XB_PROCESS_RUNNING;
	} while (left);
	for (uint32_t i = 0; i < 2; i++) {
		char *text = recorded(p[i]);

		assert_int_equal(play(&box, box.sum, text), xb_process_result(p[i]));
		free(text);
	}
	for (uint32_t i = 0; i < 3; i++)
		xb_process_free(p[i]);
	xb_context_free(c);
	box_close(&box);
}

/* A run that is reset begins its recording anew. */
static void
test_reset(void **state)
{
	const struct xb_process_opts opts = { .record_calls = true };
	struct xb_context *c = context_of(PACKET);
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p;
	struct box box;
	char *text;

	(void)state;
	box_open(&box, 1, 1000);
	p = process(&box, box.sum, c, &opts);
	for (uint32_t i = 0; i < 8; i++)
		xb_process_step(p);
	assert_null(xb_process_save_calls(p, &err));
	rig_says(&err, "the process is not over");
	assert_int_equal(xb_process_reset(p, &err), 0);
	xb_process_run(p, NULL);
	text = recorded(p);
	assert_int_equal(play(&box, box.sum, text), xb_process_result(p));
	free(text);
	xb_process_free(p);
	xb_context_free(c);
	box_close(&box);
}

struct own {
	const struct box *box;
	const struct xb_context *c;
	uint32_t calls;
};

/* A helper of the host's, which runs a program itself. */
static uint64_t
own(struct xb_process *p, const union xb_helper_arg args[5], void *state)
{
	struct own *o = state;
	struct xb_process *inner =
	        process(o->box, o->box->sum, o->c, &(struct xb_process_opts){ 0 });

	(void)p;
	xb_process_run(inner, NULL);
	xb_process_free(inner);
	memcpy(args[0].mem, "\x11\x22\x33\x44", 4);
	return ++o->calls;
}

static void
test_own_helper(void **state)
{
	struct box box;
	struct own o = { .box = &box };
	const struct xb_helper_opts helper = { .size = sizeof(helper),
		                               .id = OWN_ID,
		                               .name = "own",
		                               .args = { XB_ARG_MEM_W, XB_ARG_SIZE },
		                               .fn = own,
		                               .state = &o };
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = context_of(PACKET);
	struct xb_program *prog;
	uint64_t r0;
	char *text;

	(void)state;
	box_open(&box, 1, 1000);
	o.c = c;
	assert_int_equal(xb_linux_add_helper(box.rig.lx, &helper, &err), 0);
	prog = rig_prog(&box.rig, BPF_PROG_TYPE_XDP, CALL(get_prandom_u32), XB_MOV64_REG(6, 0),
	                FP(1, -4), XB_MOV64_IMM(2, 4), XB_CALL(OWN_ID), XB_ALU64_REG(BPF_ADD, 6, 0),
	                XB_LDX_MEM(BPF_W, 0, 10, -4), XB_ALU64_REG(BPF_ADD, 6, 0),
	                CALL(get_prandom_u32), XB_ALU64_REG(BPF_ADD, 0, 6), XB_EXIT());
	text = record(&box, prog, c, &r0);
	assert_int_equal(o.calls, 1);
	assert_non_null(strstr(text, "\"250\""));
	assert_null(strstr(text, "\"5\"")); /* the inner run's */
	assert_int_equal(play(&box, prog, text), r0);
	assert_int_equal(o.calls, 1);
	free(text);
	xb_context_free(c);
	box_close(&box);
}

/* What was called before a fault is there, and leads to the same one. */
static void
test_fault(void **state)
{
	struct xb_context *c = context_of(PACKET), *replay;
	struct xb_fault_info was, is;
	struct xb_process *p, *again;
	struct xb_program *prog;
	struct box box;
	char *text;

	(void)state;
	box_open(&box, 1, 1000);
	prog = rig_prog(&box.rig, BPF_PROG_TYPE_XDP, CALL(get_prandom_u32),
	                XB_ALU64_IMM(BPF_AND, 0, 0xfff), XB_LDX_MEM(BPF_W, 0, 0, 0), XB_EXIT());
	p = process(&box, prog, c, &(struct xb_process_opts){ .record_calls = true });
	assert_int_equal(xb_process_run(p, NULL), XB_PROCESS_FAULTED);
	assert_true(xb_process_fault(p, &was));
	text = recorded(p);
	replay = context_of(text);
	again = process(&box, prog, replay, &(struct xb_process_opts){ .strict_calls = true });
	assert_int_equal(xb_process_run(again, NULL), XB_PROCESS_FAULTED);
	assert_true(xb_process_fault(again, &is));
	assert_string_equal(is.message, was.message);
	free(text);
	xb_process_free(again);
	xb_process_free(p);
	xb_context_free(replay);
	xb_context_free(c);
	box_close(&box);
}

/* Without a context, and recorded calls alone: all numbers the same, and no "subContext". */
static void
test_no_context(void **state)
{
	struct xb_context *c;
	struct xb_program *prog;
	struct box box;
	uint64_t r0;
	char *text;

	(void)state;
	box_open(&box, 1, 1000);
	prog = rig_prog(&box.rig, BPF_PROG_TYPE_KPROBE, CALL(get_prandom_u32), XB_EXIT());
	text = record(&box, prog, NULL, &r0);
	assert_true(r0 != 0);
	c = context_of(text);
	assert_null(xb_context_sub(c));
	xb_context_free(c);
	free(text);
	box_close(&box);
}

static void
test_refused(void **state)
{
	const struct xb_linux_opts unwatched = { .size = sizeof(unwatched) };
	const struct xb_process_opts on = { .size = sizeof(on), .record_calls = true };
	const struct xb_machine_opts bare = { .size = sizeof(bare) };
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 1), XB_EXIT() };
	const struct xb_program_opts opts = { .size = sizeof(opts), .insns = insns, .insn_cnt = 2 };
	struct xb_machine *machine;
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p;
	struct rig rig;
	struct box box;

	(void)state;
	rig_open(&rig, &unwatched, 1);
	assert_null(xb_process_new(rig.machine,
	                           rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_MOV64_IMM(0, 1), XB_EXIT()),
	                           NULL, &on, &err));
	rig_says(&err, "process: calls of programs are not watched: the emulator's option "
	               "watch_calls is not set");
	rig_close(&rig);

	machine = xb_machine_new(&bare, &err);
	assert_null(xb_process_new(machine, xb_machine_add_program(machine, &opts, &err), NULL, &on,
	                           &err));
	rig_says(&err, "process: calls are recorded of Linux's programs");
	xb_machine_free(machine);

	box_open(&box, 1, 1);
	p = process(&box, box.sum, NULL, &(struct xb_process_opts){ .vcpu = 1 });
	xb_process_run(p, NULL);
	assert_null(xb_process_save_calls(p, &err));
	rig_says(&err, "calls are not recorded: the process's option record_calls is not set");
	xb_process_free(p);
	box_close(&box);
}

struct job {
	uint64_t r0;
	char *text;
};

static void
done(void *arg, struct xb_process *p, const struct xb_err *err)
{
	struct job *job = arg;
	struct xb_err ignored = XB_ERR_INIT;

	(void)err;
	if (!p)
		return;
	job->r0 = xb_process_result(p);
	job->text = xb_process_save_calls(p, &ignored);
}

/* Jobs on all virtual CPUs at once, of which every other one is recorded. */
static void
test_pool(void **state)
{
	struct job jobs[40] = { { .r0 = 0 } };
	struct xb_context *c = context_of(PACKET);
	struct xb_err err = XB_ERR_INIT;
	struct xb_pool *pool;
	struct box box;

	(void)state;
	box_open(&box, 1, 1000);
	pool = xb_pool_start(box.rig.machine, NULL, &err);
	assert_non_null(pool);
	for (uint32_t i = 0; i < 40; i++) {
		const struct xb_job job = { .size = sizeof(job),
			                    .program = box.sum,
			                    .context = c,
			                    .vcpu = XB_POOL_ANY_VCPU,
			                    .done = done,
			                    .arg = &jobs[i],
			                    .record_calls = i % 2 };

		assert_int_equal(xb_pool_enqueue(pool, &job, true), 0);
	}
	xb_pool_stop(pool);
	for (uint32_t i = 0; i < 40; i++) {
		if (i % 2)
			assert_int_equal(play(&box, box.sum, jobs[i].text), jobs[i].r0);
		else
			assert_null(jobs[i].text);
		free(jobs[i].text);
	}
	xb_context_free(c);
	box_close(&box);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_played_back), cmocka_unit_test(test_steps),
		cmocka_unit_test(test_reset),       cmocka_unit_test(test_own_helper),
		cmocka_unit_test(test_fault),       cmocka_unit_test(test_no_context),
		cmocka_unit_test(test_refused),     cmocka_unit_test(test_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
