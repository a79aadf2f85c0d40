/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_tail.c - tail calls that functions make: the program that comes in takes the place of the
 * function, with room for all its own calls. The emulator and, where it is permitted, the kernel.
 */
#include "tests/emu/sys_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>

#define RUNS 34u /* the first, and cf. include/linux/bpf.h: MAX_TAIL_CALL_CNT */

static const struct {
	const char *prog;
	u32 depth; /* functions that are called until one makes the tail call */
} rows[] = { { "depth1", 1 }, { "depth2", 2 }, { "depth3", 3 }, { "depth7", 7 } };

/* Of each program all frames but the last are still there when the next one comes. */
static void
check_row(struct sys_rig *rig, struct bpf_object *obj, size_t i)
{
	int prog = bpf_program__fd(bpf_object__find_program_by_name(obj, rows[i].prog));
	int progs = bpf_object__find_map_fd_by_name(obj, "progs");
	int map = bpf_object__find_map_fd_by_name(obj, "runs");
	u32 want = RUNS * rows[i].depth + 1, frames, runs = 0, key = 0;

	sys_rig_enter(rig);
	assert_int_equal(bpf_map_update_elem(progs, &rows[i].depth, &prog, 0), 0);
	assert_int_equal(bpf_map_update_elem(map, &key, &runs, 0), 0);
	sys_rig_leave();
	for (u32 again = 1; again <= 2; again++) {
		frames = sys_rig_run(rig, prog);
		sys_rig_enter(rig);
		assert_int_equal(bpf_map_lookup_elem(map, &key, &runs), 0);
		sys_rig_leave();
		if (frames != want || runs != again * RUNS)
			fail_msg("%s, %s: %u frames, not %u; %u programs, not %u", rows[i].prog,
			         rig->emu ? "emulator" : "kernel", frames, want, runs,
			         again * RUNS);
	}
}

static void
check_all(struct sys_rig *rig)
{
	struct bpf_object *obj;
	int rc;

	sys_rig_enter(rig);
	obj = bpf_object__open_file(TEST_PROGS_DIR "/tail.o", NULL);
	assert_non_null(obj);
	rc = bpf_object__load(obj);
	sys_rig_leave();
	if (rc)
		fail_msg("%s: %s", strerror(-rc), rig->log);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		check_row(rig, obj, i);
	sys_rig_enter(rig);
	bpf_object__close(obj);
	sys_rig_leave();
}

static void
test_tail(void **state)
{
	struct sys_rig rig;

	(void)state;
	sys_rig_init(&rig, NULL);
	check_all(&rig);
	sys_rig_fini(&rig);
	if (!sys_rig_init_kernel(&rig))
		return;
	check_all(&rig);
	sys_rig_fini(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_tail) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
