/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_helper.c - all tests of helpers in one program, so that it can tell whether each helper has
 * a row.
 */
#include "emu/helper.h"
#include "tests/emu/helper_rig.h"
#include "tests/rig/backend.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* In the order of the files. */
/* clang-format off */
#define TESTS(X) \
	X(elem) \
	X(queue) \
	X(inner) \
	X(bad) \
	X(tail) \
	X(loop) \
	X(each) \
	X(nested) \
	X(lock) \
	X(time) \
	X(ringbuf) \
	X(perf) \
	X(strtol) \
	X(strncmp) \
	X(csum) \
	X(csum_random) \
	X(number) \
	X(pointer) \
	X(size) \
	X(trace) \
	X(room) \
	X(formats) \
	X(bind) \
	X(needs_ctx) \
	X(unresolved) \
	X(time_values) \
	X(random) \
	X(printk) \
	X(sample) \
	X(captured) \
	X(dynptr) \
	X(dynptr_ringbuf) \
	X(timer) \
	X(timer_hash) \
	X(timer_callback) \
	X(kptr) \
	X(btf) \
	X(user_ringbuf)
/* clang-format on */

#define DECLARE(name) void test_helper_##name(void **state);
TESTS(DECLARE)

/* Those that test_owner_prog.c calls; the numbers are cgrp_storage_get's and cgrp_storage_delete's.
 */
static const u32 elsewhere[] = { BPF_FUNC_task_storage_get, BPF_FUNC_task_storage_delete, 210,
	                         211 };

static bool
called(u32 id)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(elsewhere); i++)
		if (elsewhere[i] == id)
			return true;
	return rig_has_called(id);
}

/* Every row of the registry is whole, and has been called by one of ours. */
static void
test_every_row(void **state)
{
	struct backend b;
	u32 bad = 0;

	(void)state;
	backend_open_emu(&b, xb_xdp_register);
	for (u32 id = 0; id < XB_EMU_HELPER_MAX; id++) {
		const struct xb_helper *row = xb_helper_find(b.emu, id, ~0u);

		if (!row)
			continue;
		assert_non_null(row->fn);
		assert_non_null(row->source);
		assert_string_equal(row->name, xb_helper_name(id));
		if (row->prog_types == XB_PROG_TYPES_ALL && row->state != XB_HELPER_CAPTURED &&
		    !row->might_sleep && !called(id)) {
			print_error("no row calls bpf_%s\n", row->name);
			bad++;
		}
	}
	backend_close(&b);
	assert_int_equal(bad, 0);
}

int
main(void)
{
#define TEST(name) { "test_helper_" #name, test_helper_##name, NULL, NULL, NULL },
	const struct CMUnitTest tests[] = { TESTS(TEST) cmocka_unit_test(test_every_row) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
