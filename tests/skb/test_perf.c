/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_perf.c - bpf_perf_event_output: the sample that a reader gets, packet bytes included.
 */
#include "tests/skb/direct.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define THIS_CPU 0xffffffffull /* BPF_F_CURRENT_CPU */
#define FIRST    0ull
#define MORE(n)  ((u64)(n) << 32) /* bytes of the packet */

#define OUTPUT(flags, off, bytes)                                                                  \
	CALL(perf_event_output, CTX, MAP(PERF), IMM(flags), BUF(off), IMM(bytes))

/* clang-format off */
static const struct skb_case cases[] = {
	{ "record of 8", TCP4, .script = STEPS({ OUTPUT(THIS_CPU, 0, 8) }) },
	{ "record of 4", TCP4, .script = STEPS({ OUTPUT(THIS_CPU, 0, 4) }) },
	{ "record of 5", TCP4, .script = STEPS({ OUTPUT(THIS_CPU, 3, 5) }) },
	{ "longest record", TCP4, .script = STEPS({ OUTPUT(THIS_CPU, 0, SCRIPT_BUF) }) },
	{ "record on the stack", TCP4, .script = STEPS({ CALL(perf_event_output, CTX, MAP(PERF), IMM(THIS_CPU), STACK(8), IMM(16)) }) },
	{ "nothing", TCP4, .script = STEPS({ OUTPUT(THIS_CPU, 0, 0) }) },
	{ "slot by number", TCP4, .script = STEPS({ OUTPUT(FIRST, 0, 8) }) },
	{ "packet alone", TCP4, .script = STEPS({ OUTPUT(MORE(74) | THIS_CPU, 0, 0) }) },
	{ "one byte of the packet", TCP4, .script = STEPS({ OUTPUT(MORE(1) | THIS_CPU, 0, 3) }) },
	{ "a part of the packet", TCP4, .script = STEPS({ OUTPUT(MORE(20) | FIRST, 0, 8) }) },
	{ "record and packet", UDP4, .script = STEPS({ OUTPUT(MORE(62) | THIS_CPU, 0, 3) }) },
	{ "packet of 14", ETHER, .script = STEPS({ OUTPUT(MORE(14) | THIS_CPU, 0, 8) }) },
	{ "longest packet", LARGE, .script = STEPS({ OUTPUT(MORE(3712) | THIS_CPU, 0, 8) }) },
	{ "packet as it is by then", TCP4, .script = STEPS({ PKT_ST(0, 4, 0x44332211) }, { OUTPUT(MORE(8) | THIS_CPU, 0, 4) }, { PKT_ST(0, 4, 0) }) },
	{ "last of two", TCP4, .script = STEPS({ OUTPUT(MORE(8) | THIS_CPU, 0, 4) }, { OUTPUT(THIS_CPU, 100, 20) }) },
	{ "one a run", TCP4, .repeat = 3, .script = STEPS({ OUTPUT(MORE(8) | THIS_CPU, 0, 4) }) },
	{ "action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { OUTPUT(MORE(74) | THIS_CPU, 0, 8) } } } },

	{ "more than the packet", TCP4, .script = STEPS({ OUTPUT(MORE(75) | THIS_CPU, 0, 8), .want = -EFAULT }, { OUTPUT(MORE(0xfffff) | THIS_CPU, 0, 8), .want = -EFAULT }) },
	{ "unknown flags", TCP4, .script = STEPS({ OUTPUT(1ull << 52, 0, 8), .want = -EINVAL }, { OUTPUT(1ull << 63, 0, 8), .want = -EINVAL }, { OUTPUT(-1, 0, 8), .want = -EINVAL }) },
	{ "unknown flags before the packet", TCP4, .script = STEPS({ OUTPUT(MORE(75) | 1ull << 52, 0, 8), .want = -EINVAL }) },
	{ "slot without a reader", TCP4, .script = STEPS({ OUTPUT(1, 0, 8), .want = -ENOENT }, { OUTPUT(3, 0, 8), .want = -ENOENT }) },
	{ "slot past the map", TCP4, .script = STEPS({ OUTPUT(4, 0, 8), .want = -E2BIG }, { OUTPUT(0xfffffffe, 0, 8), .want = -E2BIG }) },
	{ "packet before the slot", TCP4, .script = STEPS({ OUTPUT(MORE(75) | 4, 0, 8), .want = -EFAULT }) },
	{ "another map", TCP4, .script = STEPS({ CALL(perf_event_output, CTX, MAP(ARRAY), IMM(0), BUF(0), IMM(8)) }), .load = -EINVAL },
	{ "past the buffer", TCP4, .script = STEPS({ OUTPUT(THIS_CPU, 1, SCRIPT_BUF) }), .load = -EACCES },
	{ "no record", TCP4, .script = STEPS({ CALL(perf_event_output, CTX, MAP(PERF), IMM(THIS_CPU), IMM(0), IMM(8)) }), .load = -EACCES },
	{ "no licence", TCP4, .script = { .proprietary = true, .steps = { { OUTPUT(THIS_CPU, 0, 8) } } }, .load = -EINVAL },
	{ "no licence, action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .proprietary = true, .steps = { { OUTPUT(THIS_CPU, 0, 8) } } }, .load = -EINVAL },
};
/* clang-format on */

static void
test_cases(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

/* What the kernel cannot show of the padding, and of packets in parts. */
static const struct sample_row {
	const char *name;
	u32 bytes, linear_bytes; /* of the packet */
	u32 more, record, sample;
} rows[] = {
	{ "no padding", 74, 0, 0, 4, 4 },
	{ "padding of one", 74, 0, 0, 3, 4 },
	{ "padding of seven", 74, 0, 0, 5, 12 },
	{ "nothing", 74, 0, 0, 0, 4 },
	{ "packet behind the record", 74, 0, 20, 5, 28 },
	{ "packet in parts", 74, 20, 74, 8, 84 },
	{ "part that is not linear", 74, 20, 21, 8, 36 },
	{ "all of the longest", XB_SKB_MAX_BYTES, 0, XB_SKB_MAX_BYTES, 4, XB_SKB_MAX_BYTES + 4 },
};

static void
check_sample(const struct sample_row *row, const struct samples *s, const u8 *packet)
{
	u32 i;

	if (s->cnt != 1 || s->bytes != row->sample)
		fail_msg("%s: %u samples, the last of %u bytes", row->name, s->cnt, s->bytes);
	for (i = 0; i < s->bytes; i++) {
		u32 from = i - row->record;
		u8 want = i < row->record ? script_pattern(i) : from < row->more ? packet[from] : 0;

		if (s->data[i] != want)
			fail_msg("%s: byte %u is 0x%x, not 0x%x", row->name, i, s->data[i], want);
	}
}

static void
run_row(struct direct *d, const struct sample_row *row, const u8 *packet)
{
	const struct xb_skb_ctx ctx = { .ifindex = 1 };
	const struct script script = STEPS({ OUTPUT(MORE(row->more) | THIS_CPU, 0, row->record) });
	const struct direct_run run = { .in = { .data = packet,
		                                .bytes = row->bytes,
		                                .linear_bytes = row->linear_bytes,
		                                .ctx = &ctx },
		                        .script = &script };

	direct_run(d, &run);
	direct_check(d, row->name, &script);
	check_sample(row, &d->rig.samples, packet);
	if (d->out.linear_bytes < row->bytes && row->linear_bytes)
		assert_int_equal(d->out.linear_bytes, row->linear_bytes);
}

static void
test_samples(void **state)
{
	static u8 packet[XB_SKB_MAX_BYTES];
	struct direct *d = direct_new();

	(void)state;
	for (u32 i = 0; i < sizeof(packet); i++)
		packet[i] = (u8)(i * 7 + 1 + i / 256);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		run_row(d, &rows[i], packet);
	direct_free(d);
}

/* A tag that is not in the packet is not in the sample. */
static void
test_tag(void **state)
{
	static const struct script script =
	        STEPS({ OUTPUT(MORE(74) | THIS_CPU, 0, 2) },
	              { OUTPUT(MORE(75) | THIS_CPU, 0, 2), .want = -EFAULT });
	const struct xb_skb_ctx ctx = {
		.ifindex = 1, .vlan_present = true, .vlan_tci = 5, .vlan_proto = 0x0081
	};
	struct direct *d = direct_new();
	u8 data[PACKET_MAX_BYTES];

	(void)state;
	direct_on_tcp4(d, "tag", &script, &ctx);
	assert_int_equal(d->rig.samples.cnt, 1);
	assert_int_equal(packet_build(TCP4, data), 74);
	assert_memory_equal(d->rig.samples.data + 2, data, 74);
	direct_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_tag),
	};

	return cmocka_run_group_tests_name("skb perf", tests, NULL, NULL);
}
