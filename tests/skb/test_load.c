/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_load.c - BPF_PROG_LOAD of the TC types: which expected attach types are taken, here and in
 * the kernel.
 */
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <unistd.h>

static const struct row {
	const char *name;
	u32 type, first, last; /* expected attach types */
	long rc;               /* of all of them; 0: they load */
} rows[] = {
	{ "sched_cls: whatever there is", BPF_PROG_TYPE_SCHED_CLS, 0, 60, 0 },
	{ "sched_cls: what nobody knows", BPF_PROG_TYPE_SCHED_CLS, ~0u - 1, ~0u - 1, 0 },
	{ "sched_act: whatever there is", BPF_PROG_TYPE_SCHED_ACT, 0, 60, 0 },
	{ "sched_act: what nobody knows", BPF_PROG_TYPE_SCHED_ACT, ~0u - 1, ~0u - 1, 0 },
};

static void
load_all(const struct backend *b, const struct row *row)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 0), XB_EXIT() };
	char text[1024];

	for (u32 attach = row->first; attach <= row->last; attach++) {
		const struct backend_prog prog = { .insns = insns,
			                           .insn_cnt = XB_ARRAY_SIZE(insns),
			                           .type = row->type,
			                           .attach_type = attach };
		long rc = backend_try_prog(b, &prog, text, sizeof(text));

		if (rc >= 0)
			close((int)rc);
		if ((rc < 0 ? rc : 0) != row->rc)
			fail_msg("%s: %s: attach type %u: %ld, not %ld: %s", b->name, row->name,
			         attach, rc, row->rc, text);
	}
}

static void
load_rows(const struct backend *b)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		load_all(b, &rows[i]);
}

static void
test_attach_types(void **state)
{
	struct backend b;

	(void)state;
	backend_open_emu(&b, xb_skb_register);
	load_rows(&b);
	backend_close(&b);
	if (!backend_open_kernel(&b))
		return;
	load_rows(&b);
	backend_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_attach_types) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
