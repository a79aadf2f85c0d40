/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs: the machine refuses or runs them, in one go and in steps alike, and is never led
 * astray by them.
 */
#include "tests/vm/generate.h"
#include "tests/vm/machine.h"
#include "tests/vm/twice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PROGRAMS 200000
#define BUDGET   300

static void
test_random_programs(void **state)
{
	static const u8 packet[64] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct xb_chance chance = { .state = 1 };
	u32 loaded = 0, exits = 0, faults[XB_FAULT_KIND_CNT] = { 0 };
	struct bpf_insn insns[XB_GENERATE_MAX_INSNS];
	struct xb_machine m;

	(void)state;
	xb_machine_init(&m, BUDGET);
	m.packet = packet;
	m.packet_bytes = sizeof(packet);
	for (u32 i = 0; i < PROGRAMS; i++) {
		u32 cnt = xb_generate(&chance, insns);
		struct xb_err err = XB_ERR_INIT;
		struct xb_prog *prog = xb_machine_load(&m, insns, cnt, 128, &err);
		char name[32], text[128];

		if (!prog) {
			assert_int_equal(err.kind, XB_ERR_LOAD);
			continue;
		}
		loaded++;
		snprintf(name, sizeof(name), "random program %u", i);
		for (u32 pc = 0; pc < cnt;)
			pc += xb_prog_disasm(prog, pc, text, sizeof(text));
		m.targets[0] = m.targets[3] = prog;
		if (xb_machine_run_twice(&m, prog, name) == XB_RUN_FAULT)
			faults[m.proc->fault.kind]++;
		else
			exits++;
		m.targets[0] = m.targets[3] = NULL;
		xb_prog_free(prog);
	}
	print_message("%u of %u programs loaded, %u returned\n", loaded, PROGRAMS, exits);
	for (u32 kind = 1; kind < XB_FAULT_KIND_CNT; kind++)
		print_message("%8u %s\n", faults[kind],
		              xb_fault_kind_name((enum xb_fault_kind)kind));
	assert_true(loaded > PROGRAMS / 4 && exits > PROGRAMS / 10);
	assert_true(faults[XB_FAULT_OOB_READ] > 100 && faults[XB_FAULT_OOB_WRITE] > 100 &&
	            faults[XB_FAULT_NULL_POINTER] > 100 && faults[XB_FAULT_BUDGET] > 100 &&
	            faults[XB_FAULT_BAD_ATOMIC] > 10 && faults[XB_FAULT_BAD_CALL] > 10);
	xb_machine_fini(&m);
}

/* No structure at all: bytes. */
static void
test_random_bytes(void **state)
{
	struct xb_chance chance = { .state = 2 };
	struct bpf_insn insns[40];
	struct xb_machine m;

	(void)state;
	xb_machine_init(&m, BUDGET);
	for (u32 i = 0; i < PROGRAMS; i++) {
		u32 cnt = 1 + xb_chance_below(&chance, XB_ARRAY_SIZE(insns));
		struct xb_err err = XB_ERR_INIT;
		struct xb_prog *prog;
		u8 *bytes = (u8 *)insns;

		for (u32 k = 0; k < cnt * sizeof(insns[0]); k++)
			bytes[k] = (u8)xb_chance_below(&chance, 256);
		/* An end, so that more than the first instruction matters. */
		if (i % 2)
			bytes[(cnt - 1) * 8] = BPF_JMP | BPF_EXIT;
		prog = xb_machine_load(&m, insns, cnt, 0, &err);
		if (prog)
			xb_machine_run_twice(&m, prog, "random bytes");
		else
			assert_int_not_equal(err.msg[0], 0);
		xb_prog_free(prog);
	}
	xb_machine_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_programs),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
