/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_states.c - the tables against the uapi header: every helper number and every map type has an
 * answer, and says which.
 */
#include "emu/helper.h"
#include "emu/map.h"
#include "emu/prog.h"
#include "emu/sk_msg.h"
#include "emu/sock_ops.h"
#include "skb/skb.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LAST_HELPER   211u /* cgrp_storage_delete: no more will be given out */
#define LAST_MAP_TYPE 33u  /* arena; insn_array is in no installed header yet */

static int
setup(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_emu *emu = xb_emu_new(&(struct xb_emu_opts){ .cpu_cnt = 1 }, &err);

	if (!emu)
		return -1;
	xb_sock_ops_register(emu);
	xb_xdp_register(emu);
	xb_sk_msg_register(emu);
	xb_skb_register(emu);
	*state = emu;
	return 0;
}

static int
teardown(void **state)
{
	xb_emu_free(*state);
	return 0;
}

/* The installed header may know fewer numbers than this, and not more. */
static void
test_header(void **state)
{
	(void)state;
	assert_true(__BPF_FUNC_MAX_ID - 1 <= LAST_HELPER);
	for (u32 id = 1; id <= LAST_HELPER; id++)
		assert_non_null(xb_helper_name(id));
	assert_null(xb_helper_name(LAST_HELPER + 1));
}

static void
test_helpers(void **state)
{
	const struct xb_emu *emu = *state;
	u32 missing = 0;

	for (u32 id = 1; id <= LAST_HELPER; id++) {
		const char *foreign;
		const struct xb_helper *row = xb_helper_find(emu, id, ~0u);

		if (xb_helper_state_of(emu, id, &foreign) == XB_HELPER_MISSING) {
			print_error("bpf_%s#%u has no row\n", xb_helper_name(id), id);
			missing++;
		}
		assert_true(!row != !foreign || (!row && !foreign));
		if (row && !strstr(row->source, ": bpf_") && !strstr(row->source, ": sk_"))
			fail_msg("bpf_%s: source '%s'", row->name, row->source);
	}
	assert_int_equal(missing, 0);
}

/* Two rows for one helper and program type: one of them is never found. */
static void
test_no_row_twice(void **state)
{
	const struct xb_emu *emu = *state;

	for (u32 t = 0; t < emu->helper_tables; t++) {
		for (u32 i = 0; i < emu->helpers_cnt[t]; i++) {
			const struct xb_helper *row = &emu->helpers[t][i];
			bool found = false;

			for (u32 type = 1; type < 64 && !found; type++)
				found = row->prog_types & XB_PROG_TYPE_BIT(type) &&
				        xb_helper_find(emu, row->id, type) == row;
			if (!found)
				fail_msg("bpf_%s (%s): no program type finds this row", row->name,
				         row->source);
		}
	}
}

static void
test_maps(void **state)
{
	u32 missing = 0;

	(void)state;
	for (u32 type = 1; type <= LAST_MAP_TYPE; type++) {
		assert_non_null(xb_map_type_name(type));
		if (!xb_map_ops_of(type)) {
			print_error("map type %s (%u) has no row\n", xb_map_type_name(type), type);
			missing++;
		}
	}
	assert_null(xb_map_ops_of(LAST_MAP_TYPE + 1));
	assert_int_equal(missing, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_helpers),
		cmocka_unit_test(test_no_row_twice),
		cmocka_unit_test(test_maps),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
