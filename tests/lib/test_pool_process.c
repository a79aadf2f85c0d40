/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes of a pool: what a job may say of its own, what done() may do with it, and other
 * emulators than Linux.
 */
#include "tests/lib/pool_rig.h"

#include "xdpbench/emulator.h"

#define LENGTH PROG(XB_CALL(BPF_FUNC_xdp_get_buff_len), XB_EXIT())

static void
move(void *arg, struct xb_process *p, const struct xb_err *err)
{
	struct xb_err e = XB_ERR_INIT;
	unsigned *bad = arg;

	(void)err;
	*bad += !p || xb_process_vcpu(p) != 1 || xb_process_set_vcpu(p, 0, &e) != 0;
}

/* Jobs run on their own virtual CPU, whatever a job before did with its process. */
static void
process_that_moved(void **state)
{
	struct pool_rig rig;
	struct xb_program *program;
	unsigned bad = 0;

	(void)state;
	rig_open_vcpus(&rig, 2);
	program = rig_program(&rig, (struct xb_program_opts){ LENGTH });
	struct xb_context *c = rig_context(PACKET_60);
	rig_start(&rig, 0);
	for (int i = 0; i < 4; i++)
		rig_enqueue(&rig, (struct xb_job){ .program = program,
		                                   .context = c,
		                                   .vcpu = 1,
		                                   .done = move,
		                                   .arg = &bad });
	rig_close(&rig);
	xb_context_free(c);
	assert_int_equal(bad, 0);
}

struct notes {
	struct tally t;
	unsigned cnt;
};

static void
note(void *arg, struct xb_process *p, const char *text)
{
	struct notes *n = arg;

	n->cnt += p && strstr(text, "recorded call 1 has 0x7 in r2, the program 0x0") != NULL;
}

static void
note_done(void *arg, struct xb_process *p, const struct xb_err *err)
{
	struct notes *n = arg;

	tally(&n->t, p, err);
}

/* A call with another number than was recorded, and one more than were. */
static void
recorded_calls(void **state)
{
	static const char recorded[] = "{\"type\":\"captured\",\"ctx\":{\"subContext\":" PACKET_60
	                               ",\"helperCalls\":{\"44\":[{\"params\":[{\"reg\":2,"
	                               "\"value\":7}],\"results\":[{\"reg\":0,\"value\":3}]}]}}}";
	static const struct {
		bool strict, emulate;
		unsigned exited, faulted, notes;
	} options[] = {
		{ false, false, 0, 1, 1 },
		{ false, true, 1, 0, 1 },
		{ true, true, 0, 1, 0 },
		{ false, true, 1, 0, 1 },
	};
	struct pool_rig rig;

	(void)state;
	rig_open_vcpus(&rig, 1);
	struct xb_context *c = rig_context(recorded);
	struct xb_program *program = rig_program(
	        &rig, (struct xb_program_opts){ PROG(
	                      XB_MOV64_REG(6, 1), XB_MOV64_IMM(2, 0),
	                      XB_CALL(BPF_FUNC_xdp_adjust_head), XB_MOV64_REG(1, 6),
	                      XB_MOV64_IMM(2, 0), XB_CALL(BPF_FUNC_xdp_adjust_head), XB_EXIT()) });
	rig_start(&rig, 0);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct notes n = { .cnt = 0 };

		rig_enqueue(&rig, (struct xb_job){ .program = program,
		                                   .context = c,
		                                   .done = note_done,
		                                   .arg = &n,
		                                   .note = note,
		                                   .strict_calls = options[i].strict,
		                                   .emulate_calls = options[i].emulate });
		xb_pool_drain(rig.pool);
		if (n.t.exited != options[i].exited || n.t.faulted != options[i].faulted ||
		    n.cnt != options[i].notes)
			fail_msg("row %zu: %u exited, %u faulted, %u notes: %s", i, n.t.exited,
			         n.t.faulted, n.cnt, n.t.text);
	}
	rig_close(&rig);
	xb_context_free(c);
}

/* Of an emulator of the user's: helper 1 adds the virtual CPU's calls up. */
struct own_emulator {
	uint64_t calls[VCPUS]; /* each vCPU's own */
};

static const char *
own_bind(void *self, const struct xb_callee *callee, struct xb_err *err)
{
	(void)self;
	if (callee->kind == XB_CALLEE_HELPER && callee->number == 1)
		return "count";
	xb_err_set(err, XB_ERR_LOAD, "there is no such helper");
	return NULL;
}

static uint64_t
own_call(void *self, struct xb_process *p, const struct xb_callee *callee, const uint64_t args[5])
{
	struct own_emulator *e = self;

	(void)callee;
	e->calls[xb_process_vcpu(p)] += args[0];
	return args[0];
}

static void
emulator_of_ones_own(void **state)
{
	static struct own_emulator own;
	const struct xb_emulator_ops ops = { .size = sizeof(ops),
		                             .bind = own_bind,
		                             .call = own_call };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine_opts opts = { .size = sizeof(opts),
		                        .vcpu_cnt = VCPUS,
		                        .emulator = xb_emulator_new(&ops, &own, &err) };
	struct pool_rig rig = { .machine = xb_machine_new(&opts, &err) };
	struct tally t = { 0 };
	uint64_t sum = 0;

	(void)state;
	assert_non_null(rig.machine);
	memset(&own, 0, sizeof(own));
	struct xb_program *program = rig_program(
	        &rig, (struct xb_program_opts){ PROG(XB_MOV64_IMM(1, 3), XB_CALL(1), XB_EXIT()) });
	for (int i = 0; i < 2; i++) {
		rig_start(&rig, 0);
		for (int j = 0; j < 10000; j++)
			rig_enqueue(&rig, (struct xb_job){ .program = program,
			                                   .vcpu = XB_POOL_ANY_VCPU,
			                                   .done = tally,
			                                   .arg = &t });
		xb_pool_stop(rig.pool);
	}
	rig.pool = NULL;
	for (uint32_t i = 0; i < VCPUS; i++)
		sum += own.calls[i];
	assert_int_equal(sum, 60000);
	assert_int_equal(t.sum, 60000);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(process_that_moved),
		cmocka_unit_test(recorded_calls),
		cmocka_unit_test(emulator_of_ones_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
