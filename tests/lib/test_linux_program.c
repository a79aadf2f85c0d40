/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs of Linux's by the library's options: what BPF_PROG_LOAD takes, and what it refuses. */
#define XB_INSN_BRACES
#include "tests/insns.h"
#include "tests/lib/linux_rig.h"
#include "tests/rig/permitted.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define F_DEV_BOUND_ONLY      (1u << 6)
#define F_TEST_REG_INVARIANTS (1u << 7)

static const struct bpf_insn nothing[] = { XB_MOV64_IMM(0, 0), XB_EXIT() };

static const struct flags_row {
	const char *name;
	uint32_t type, flags;
	int error; /* of BPF_PROG_LOAD */
	const char *text;
} flags_rows[] = {
	{ "none", BPF_PROG_TYPE_XDP, 0, 0, NULL },
	{ "frags", BPF_PROG_TYPE_XDP, BPF_F_XDP_HAS_FRAGS, 0, NULL },
	{ "frags, of TC", BPF_PROG_TYPE_SCHED_CLS, BPF_F_XDP_HAS_FRAGS, 0, NULL },
	{ "strict alignment", BPF_PROG_TYPE_XDP, BPF_F_STRICT_ALIGNMENT, 0, NULL },
	{ "any alignment", BPF_PROG_TYPE_XDP, BPF_F_ANY_ALIGNMENT, 0, NULL },
	{ "both", BPF_PROG_TYPE_XDP, BPF_F_STRICT_ALIGNMENT | BPF_F_ANY_ALIGNMENT, 0, NULL },
	{ "upper halves", BPF_PROG_TYPE_XDP, BPF_F_TEST_RND_HI32, 0, NULL },
	{ "states", BPF_PROG_TYPE_XDP, BPF_F_TEST_STATE_FREQ, 0, NULL },
	{ "invariants", BPF_PROG_TYPE_XDP, F_TEST_REG_INVARIANTS, 0, NULL },
	{ "sleepable", BPF_PROG_TYPE_SYSCALL, BPF_F_SLEEPABLE, 0, NULL },
	{ "sleepable uprobe", BPF_PROG_TYPE_KPROBE, BPF_F_SLEEPABLE, 0, NULL },
	{ "must be sleepable", BPF_PROG_TYPE_SYSCALL, 0, EINVAL,
	  "Syscall programs can only be sleepable" },
	{ "cannot be sleepable", BPF_PROG_TYPE_XDP, BPF_F_SLEEPABLE, EINVAL,
	  "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be "
	  "sleepable" },
	{ "of a device, without one", BPF_PROG_TYPE_XDP, F_DEV_BOUND_ONLY, 0, NULL },
	{ "token", BPF_PROG_TYPE_XDP, 1u << 16, EINVAL, "flags 0x10000: Invalid argument" },
	{ "unknown", BPF_PROG_TYPE_XDP, 1u << 8, EINVAL, "flags 0x100: Invalid argument" },
	{ "the last", BPF_PROG_TYPE_XDP, 1u << 31, EINVAL, "flags 0x80000000: Invalid argument" },
	{ "unknown beside known", BPF_PROG_TYPE_XDP, BPF_F_XDP_HAS_FRAGS | 1u << 20, EINVAL,
	  "flags 0x100020: Invalid argument" },
};

/* 0 or -errno. */
static int
kernel_load(uint32_t type, uint32_t flags)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.prog_flags = flags;
	attr.insns = (uintptr_t)nothing;
	attr.insn_cnt = RIG_CNT(XB_MOV64_IMM(0, 0), XB_EXIT());
	attr.license = (uintptr_t) "GPL";
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

static void
check_flags(const struct rig *rig, const struct flags_row *row)
{
	const struct xb_program_opts opts = { .size = sizeof(opts),
		                              .type = row->type,
		                              .flags = row->flags,
		                              .insns = nothing,
		                              .insn_cnt = 2 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_program *program = xb_machine_add_program(rig->machine, &opts, &err);

	if (!program != (row->error != 0))
		fail_msg("%s: %s", row->name, program ? "was loaded" : err.msg);
	if (program)
		return;
	assert_int_equal(err.kind, XB_ERR_LOAD);
	rig_says(&err, row->text);
}

static void
test_flags(void **state)
{
	bool permitted = probe_permitted(kernel_load(BPF_PROG_TYPE_SOCKET_FILTER, 0));
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	for (size_t i = 0; i < sizeof(flags_rows) / sizeof(flags_rows[0]); i++) {
		const struct flags_row *row = &flags_rows[i];

		check_flags(&rig, row);
		if (permitted && kernel_load(row->type, row->flags) != -row->error)
			fail_msg("%s: the kernel: %s", row->name,
			         strerror(-kernel_load(row->type, row->flags)));
	}
	if (!permitted)
		print_message("skipped: bpf(2) not permitted\n");
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
