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

/* Names of the programs of every.bpf.c, one for each section that says a type. */
static const struct {
	const char *name;
	uint32_t type; /* that it is loaded as */
} every[] = {
	{ "on_socket", BPF_PROG_TYPE_SOCKET_FILTER },
	{ "on_kprobe_any", BPF_PROG_TYPE_KPROBE },
	{ "on_uprobe_bin_true_main", BPF_PROG_TYPE_KPROBE },
	{ "on_tc", BPF_PROG_TYPE_SCHED_CLS },
	{ "on_action", BPF_PROG_TYPE_SCHED_ACT },
	{ "on_tracepoint_a_b", BPF_PROG_TYPE_TRACEPOINT },
	{ "on_xdp", BPF_PROG_TYPE_XDP },
	{ "on_perf_event", BPF_PROG_TYPE_PERF_EVENT },
	{ "on_cgroup_skb_ingress", BPF_PROG_TYPE_CGROUP_SKB },
	{ "on_cgroup_sock_create", BPF_PROG_TYPE_CGROUP_SOCK },
	{ "on_lwt_in", BPF_PROG_TYPE_LWT_IN },
	{ "on_lwt_out", BPF_PROG_TYPE_LWT_OUT },
	{ "on_lwt_xmit", BPF_PROG_TYPE_LWT_XMIT },
	{ "on_sockops", BPF_PROG_TYPE_SOCK_OPS },
	{ "on_sk_skb_stream_verdict", BPF_PROG_TYPE_SK_SKB },
	{ "on_cgroup_dev", BPF_PROG_TYPE_CGROUP_DEVICE },
	{ "on_sk_msg", BPF_PROG_TYPE_SK_MSG },
	{ "on_raw_tp_any", BPF_PROG_TYPE_RAW_TRACEPOINT },
	{ "on_cgroup_connect4", BPF_PROG_TYPE_CGROUP_SOCK_ADDR },
	{ "on_lwt_seg6local", BPF_PROG_TYPE_LWT_SEG6LOCAL },
	{ "on_lirc_mode2", BPF_PROG_TYPE_LIRC_MODE2 },
	{ "on_sk_reuseport", BPF_PROG_TYPE_SK_REUSEPORT },
	{ "on_flow_dissector", BPF_PROG_TYPE_FLOW_DISSECTOR },
	{ "on_cgroup_sysctl", BPF_PROG_TYPE_CGROUP_SYSCTL },
	{ "on_raw_tp_w_any", BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE },
	{ "on_cgroup_getsockopt", BPF_PROG_TYPE_CGROUP_SOCKOPT },
	{ "on_fentry_any", BPF_PROG_TYPE_TRACING },
	{ "on_fexit_any", BPF_PROG_TYPE_TRACING },
	{ "on_fmod_ret_any", BPF_PROG_TYPE_TRACING },
	{ "on_fentry_s_any", BPF_PROG_TYPE_TRACING },
	{ "on_tp_btf_any", BPF_PROG_TYPE_TRACING },
	{ "on_iter_any", BPF_PROG_TYPE_TRACING },
	{ "on_struct_ops_any", BPF_PROG_TYPE_STRUCT_OPS },
	{ "on_freplace_any", BPF_PROG_TYPE_TRACING },
	{ "on_lsm_any", BPF_PROG_TYPE_LSM },
	{ "on_lsm_s_any", BPF_PROG_TYPE_LSM },
	{ "on_lsm_cgroup_any", BPF_PROG_TYPE_LSM },
	{ "on_sk_lookup", BPF_PROG_TYPE_SK_LOOKUP },
	{ "on_syscall", BPF_PROG_TYPE_SYSCALL },
};

/* R1 has 256 bytes, more than any type's context, which begin with 40 and 2. */
#define A11  "AAAAAAAAAAA"
#define A110 A11 A11 A11 A11 A11 A11 A11 A11 A11 A11
#define NUMBERS                                                                                    \
	"{\"type\":\"generic\",\"ctx\":{\"registers\":{\"r1\":\"b\"},\"memory\":[{\"name\":\"b\"," \
	"\"type\":\"block\",\"value\":{\"byteorder\":\"le\",\"value\":\"KAAAAAIAAAAA" A110 A110    \
	        A110 "==\"}}]}}"

static void
test_every_section(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	rig_load(&rig, "every");
	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
		struct xb_program *p = xb_machine_find_program(rig.machine, every[i].name);
		uint64_t r0;

		print_message("%s\n", every[i].name);
		assert_non_null(p);
		assert_int_equal(xb_program_type(p), every[i].type);
		r0 = rig_run(&rig, p, NUMBERS);
		assert_int_equal(r0, 42);
	}
	rig_close(&rig);
}

/* Types that have to say one. */
static uint32_t
attach_of(uint32_t type)
{
	switch (type) {
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
		return BPF_CGROUP_INET4_CONNECT;
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
		return BPF_CGROUP_GETSOCKOPT;
	case BPF_PROG_TYPE_SK_LOOKUP:
		return BPF_SK_LOOKUP;
	default:
		return 0;
	}
}

/* From instructions alone, and with nothing to attach to. */
static void
test_every_type(void **state)
{
	static const struct bpf_insn add[] = {
		XB_LDX_MEM(BPF_W, 0, 1, 0),
		XB_LDX_MEM(BPF_W, 2, 1, 4),
		XB_ALU64_REG(BPF_ADD, 0, 2),
		XB_EXIT(),
	};
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	for (uint32_t type = BPF_PROG_TYPE_SOCKET_FILTER; type <= BPF_PROG_TYPE_SYSCALL; type++) {
		const struct xb_program_opts opts = {
			.size = sizeof(opts),
			.type = type,
			.flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0,
			.expected_attach_type = attach_of(type),
			.insns = add,
			.insn_cnt = sizeof(add) / sizeof(add[0]),
		};
		struct xb_err err = XB_ERR_INIT;
		struct xb_program *p = xb_machine_add_program(rig.machine, &opts, &err);

		if (!p)
			fail_msg("type %u: %s", type, err.msg);
		if (rig_run(&rig, p, NUMBERS) != 42)
			fail_msg("type %u: another result", type);
	}
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_every_section),
		cmocka_unit_test(test_every_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
