/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_parts.c - bytes, checksums and legacy loads of packets that no test run could have: of which
 * a part lies in fragments, whose checksum a device has verified or is to finish. On the emulator
 * alone; what is wanted comes from the source (net/core/filter.c, net/core/utils.c,
 * include/linux/skbuff.h).
 */
#include "tests/skb/direct.h"

#include <errno.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#ifndef BPF_F_IPV6
#define BPF_F_IPV6 (1ull << 7)
#endif

#define ENOTSUPP 524
#define L2_BYTES 14u
#define LINEAR   40u /* of TCP4's 74 bytes: up to the middle of the TCP header */

struct row {
	const char *name;
	u32 linear; /* bytes in the linear part, before and after */
	u32 linear_after;
	struct xb_skb_ctx ctx;
	struct script script;
	enum xb_checksum ip_summed; /* afterwards */
	bool summed;                /* the last step's result is the sum behind the link header */
};

#define LOAD(off, n) CALL(skb_load_bytes, CTX, IMM(off), BUF(0), IMM(n))
#define LOAD_REL(off, n, from)                                                                     \
	CALL(skb_load_bytes_relative, CTX, IMM(off), BUF(0), IMM(n), IMM(from))
#define STORE(off, n, flags)  CALL(skb_store_bytes, CTX, IMM(off), BUF(0), IMM(n), IMM(flags))
#define PULL(n)               CALL(skb_pull_data, CTX, IMM(n))
#define L3(off, from, to, fl) CALL(l3_csum_replace, CTX, IMM(off), IMM(from), IMM(to), IMM(fl))
#define L4(off, from, to, fl) CALL(l4_csum_replace, CTX, IMM(off), IMM(from), IMM(to), IMM(fl))
#define UPDATE(v)             CALL(csum_update, CTX, IMM(v))
#define QUERY                 CALL(csum_level, CTX, IMM(BPF_CSUM_LEVEL_QUERY))
#define INC                   CALL(csum_level, CTX, IMM(BPF_CSUM_LEVEL_INC))
#define DEC                   CALL(csum_level, CTX, IMM(BPF_CSUM_LEVEL_DEC))
#define RESET                 CALL(csum_level, CTX, IMM(BPF_CSUM_LEVEL_RESET))

#define MAC     BPF_HDR_START_MAC
#define NET     BPF_HDR_START_NET
#define REDO    BPF_F_RECOMPUTE_CSUM
#define PSEUDO  BPF_F_PSEUDO_HDR
#define MANGLED BPF_F_MARK_MANGLED_0

#define SKIPPED   .want = SCRIPT_SKIPPED
#define UNREACHED .want = SCRIPT_UNREACHED

#define COMPLETE                                                                                   \
	{                                                                                          \
		.ip_summed = XB_CHECKSUM_COMPLETE, .csum_sum = true                                \
	}
#define INGRESS                                                                                    \
	{                                                                                          \
		.ip_summed = XB_CHECKSUM_COMPLETE, .csum_sum = true, .at_ingress = true            \
	}
#define PARTIAL                                                                                    \
	{                                                                                          \
		.ip_summed = XB_CHECKSUM_PARTIAL, .csum_start = 34, .csum_offset = 16              \
	}
#define LEVEL(level)                                                                               \
	{                                                                                          \
		.ip_summed = XB_CHECKSUM_UNNECESSARY, .csum_level = (level)                        \
	}
#define KEPT(state) .ip_summed = XB_CHECKSUM_##state
#define RIGHT       .ip_summed = XB_CHECKSUM_COMPLETE, .summed = true

/* clang-format off */
static const struct row rows[] = {
	{ "load across", LINEAR, LINEAR, .script = STEPS({ LOAD(38, 4) }, { BUF_LD(0, 4), .want = 0x04030201 }) },
	{ "load behind", LINEAR, LINEAR, .script = STEPS({ LOAD(72, 2) }, { BUF_LD(0, 2), .want = 0x867f }) },
	{ "load all", LINEAR, LINEAR, .script = STEPS({ LOAD(0, 74) }, { BUF_LD(70, 4), .want = 0x867f7871 }) },
	{ "load past the end", LINEAR, LINEAR, .script = STEPS({ LOAD(72, 3), .want = -EFAULT }, { BUF_LD(0, 2) }) },
	{ "load, nothing linear", 14, 14, .script = STEPS({ LOAD(14, 4) }, { BUF_LD(0, 4), .want = 0x3c000045 }) },
	{ "load relative to link, last", LINEAR, LINEAR, .script = STEPS({ LOAD_REL(36, 4, MAC) }, { BUF_LD(0, 4), .want = 0x0201d007 }) },
	{ "load relative to link, across", LINEAR, LINEAR, .script = STEPS({ LOAD_REL(37, 4, MAC), .want = -EFAULT }, { BUF_LD(0, 4) }) },
	{ "load relative to net, last", LINEAR, LINEAR, .script = STEPS({ LOAD_REL(22, 4, NET) }, { BUF_LD(0, 4), .want = 0x0201d007 }) },
	{ "load relative to net, across", LINEAR, LINEAR, .script = STEPS({ LOAD_REL(23, 4, NET), .want = -EFAULT }, { BUF_LD(0, 4) }) },
	{ "load relative to net, pulled", LINEAR, 41, .script = STEPS({ PULL(41) }, { LOAD_REL(23, 4, NET) }, { BUF_LD(0, 4), .want = 0x030201d0 }) },

	{ "direct access ends", LINEAR, LINEAR, .script = STEPS({ PKT_LD(39, 1), .want = 2 }, { PKT_LD(40, 1), SKIPPED }, { PKT_LD(38, 4), SKIPPED }) },
	{ "pull nothing", LINEAR, LINEAR, .script = STEPS({ PULL(0) }, { PKT_LD(40, 1), SKIPPED }) },
	{ "pull what is there", LINEAR, LINEAR, .script = STEPS({ PULL(40) }, { PKT_LD(40, 1), SKIPPED }) },
	{ "pull one", LINEAR, 41, .script = STEPS({ PULL(41) }, { PKT_LD(40, 1), .want = 3 }, { PKT_LD(41, 1), SKIPPED }) },
	{ "pull less", LINEAR, LINEAR, .script = STEPS({ PULL(20) }, { PKT_LD(39, 1), .want = 2 }) },
	{ "pull all", LINEAR, 74, .script = STEPS({ PULL(74) }, { PKT_LD(73, 1), .want = 0x86 }) },
	{ "pull too much", LINEAR, LINEAR, .script = STEPS({ PULL(75), .want = -ENOMEM }, { PKT_LD(40, 1), SKIPPED }) },
	{ "pull twice", LINEAR, 60, .script = STEPS({ PULL(50) }, { PULL(60) }, { PULL(45) }) },

	{ "store before", LINEAR, LINEAR, .script = STEPS({ STORE(36, 4, 0) }, { LOAD(36, 4) }, { BUF_LD(0, 4), .want = 0xa6a7a4a5 }) },
	{ "store across", LINEAR, 42, .script = STEPS({ STORE(38, 4, 0) }, { PKT_LD(38, 4), .want = 0xa6a7a4a5 }, { PKT_LD(42, 1), SKIPPED }) },
	{ "store behind", LINEAR, 74, .script = STEPS({ STORE(70, 4, 0) }, { PKT_LD(70, 4), .want = 0xa6a7a4a5 }) },
	{ "store past the end", LINEAR, LINEAR, .script = STEPS({ STORE(71, 4, 0), .want = -EFAULT }) },
	{ "store with a bad flag", LINEAR, LINEAR, .script = STEPS({ STORE(60, 4, 4), .want = -EINVAL }) },
	{ "store across, sum", LINEAR, 42, COMPLETE, STEPS({ STORE(38, 4, REDO) }, { UPDATE(0), ANY }), RIGHT },
	{ "store behind, odd, sum", LINEAR, 66, COMPLETE, STEPS({ STORE(61, 5, REDO) }, { UPDATE(0), ANY }), RIGHT },
	{ "store, sum of the whole", LINEAR, 74, COMPLETE, STEPS({ STORE(14, 60, REDO) }, { UPDATE(0), ANY }), RIGHT },
	{ "store on the way in, sum", 74, 74, INGRESS, STEPS({ STORE(38, 4, REDO) }, { UPDATE(0), ANY }), RIGHT },
	{ "store, verified", 74, 74, LEVEL(2), STEPS({ STORE(38, 4, REDO) }, { QUERY, .want = 2 }), KEPT(UNNECESSARY) },
	{ "store, to be finished", 74, 74, PARTIAL, STEPS({ STORE(38, 4, REDO) }), KEPT(PARTIAL) },

	{ "l3: before", LINEAR, LINEAR, .script = STEPS({ L3(38, 1, 2, 2) }) },
	{ "l3: behind", LINEAR, 42, .script = STEPS({ L3(40, 1, 2, 2) }, { PKT_LD(40, 2), .want = 0x0402 }) },
	{ "l3: a bad size behind", LINEAR, 62, .script = STEPS({ L3(60, 1, 2, 3), .want = -EINVAL }) },
	{ "l3: a bad value behind", LINEAR, 62, .script = STEPS({ L3(60, 1, 2, 0), .want = -EINVAL }) },
	{ "l3: a bad flag behind", LINEAR, LINEAR, .script = STEPS({ L3(60, 1, 2, 0x12), .want = -EINVAL }) },
	{ "l3: odd behind", LINEAR, LINEAR, .script = STEPS({ L3(61, 1, 2, 2), .want = -EFAULT }) },
	{ "l3: past the end", LINEAR, LINEAR, .script = STEPS({ L3(74, 1, 2, 2), .want = -EFAULT }) },
	{ "l3: to be finished", 74, 74, PARTIAL, STEPS({ PKT_ST(24, 2, 0x1111) }, { L3(24, 1, 3, 2) }, { PKT_LD(24, 2), .want = 0x110f }), KEPT(PARTIAL) },

	{ "l4: behind", LINEAR, 52, .script = STEPS({ L4(50, 0, 0, 2) }, { PKT_LD(51, 1), ANY }, { PKT_LD(52, 1), SKIPPED }) },
	{ "l4: a bad size behind", LINEAR, 62, .script = STEPS({ L4(60, 1, 2, 3), .want = -EINVAL }) },
	{ "l4: a bad flag behind", LINEAR, LINEAR, .script = STEPS({ L4(60, 1, 2, 0x102), .want = -EINVAL }) },
	{ "l4: no checksum behind", LINEAR, 54, .script = STEPS({ L4(52, 1, 2, 2 | MANGLED) }, { PKT_LD(52, 2) }) },
	{ "l4: verified", 74, 74, LEVEL(1), STEPS({ PKT_ST(50, 2, 0x1111) }, { L4(50, 1, 3, 2 | PSEUDO) }, { PKT_LD(50, 2), .want = 0x110f }, { QUERY, .want = 1 }), KEPT(UNNECESSARY) },
	{ "l4: to be finished, half", 74, 74, PARTIAL, STEPS({ PKT_ST(50, 2, 0x1111) }, { L4(50, 1, 3, 2) }, { PKT_LD(50, 2), .want = 0x1111 }), KEPT(PARTIAL) },
	{ "l4: to be finished, word", 74, 74, PARTIAL, STEPS({ PKT_ST(50, 2, 0x1111) }, { L4(50, 1, 3, 4) }, { PKT_LD(50, 2), .want = 0x1111 }), KEPT(PARTIAL) },
	{ "l4: to be finished, difference", 74, 74, PARTIAL, STEPS({ PKT_ST(50, 2, 0x1111) }, { L4(50, 0, 3, 0) }, { PKT_LD(50, 2), .want = 0x1111 }), KEPT(PARTIAL) },
	{ "l4: to be finished, half of the pseudo-header", 74, 74, PARTIAL, STEPS({ PKT_ST(50, 2, 0x1111) }, { L4(50, 1, 3, 2 | PSEUDO) }, { PKT_LD(50, 2), .want = 0x1113 }), KEPT(PARTIAL) },
	{ "l4: to be finished, word of the pseudo-header", 74, 74, PARTIAL, STEPS({ PKT_ST(50, 2, 0x1111) }, { L4(50, 0x10000, 0x30000, 4 | PSEUDO) }, { PKT_LD(50, 2), .want = 0x1113 }), KEPT(PARTIAL) },
	{ "l4: to be finished, difference of the pseudo-header", 74, 74, PARTIAL, STEPS({ PKT_ST(50, 2, 0x1111) }, { L4(50, 0, 3, PSEUDO) }, { PKT_LD(50, 2), .want = 0x1114 }, { L4(50, 0, 3, PSEUDO | BPF_F_IPV6) }, { PKT_LD(50, 2), .want = 0x1117 }), KEPT(PARTIAL) },
	{ "l4: to be finished, mangled", 74, 74, PARTIAL, STEPS({ PKT_ST(50, 2, 0) }, { L4(50, 1, 3, 2 | PSEUDO | MANGLED) }, { PKT_LD(50, 2) }, { L4(50, 1, 3, 2 | PSEUDO | MANGLED | BPF_F_MARK_ENFORCE) }, { PKT_LD(50, 2), .want = 2 }), KEPT(PARTIAL) },
	{ "l4: sum, a port", LINEAR, 52, COMPLETE, STEPS({ L4(50, 0xe803, 0x1111, 2) }, { PKT_ST(34, 2, 0x1111) }, { UPDATE(0), ANY }), RIGHT },
	{ "l4: sum, an address", LINEAR, 52, COMPLETE, STEPS({ L4(50, 0x010200c0, 0x630200c0, 4 | PSEUDO) }, { L3(24, 0x010200c0, 0x630200c0, 4) }, { PKT_ST(26, 4, 0x630200c0) }, { UPDATE(0), ANY }), RIGHT },
	{ "l4: on the way in, an address", 74, 74, INGRESS, STEPS({ L4(50, 0x010200c0, 0x630200c0, 4 | PSEUDO) }, { L3(24, 0x010200c0, 0x630200c0, 4) }, { PKT_ST(26, 4, 0x630200c0) }, { UPDATE(0), ANY }), RIGHT },

	{ "update: nobody has looked", 74, 74, .script = STEPS({ UPDATE(0), .want = -ENOTSUPP }) },
	{ "update: verified", 74, 74, LEVEL(0), STEPS({ UPDATE(0), .want = -ENOTSUPP }), KEPT(UNNECESSARY) },
	{ "update: to be finished", 74, 74, PARTIAL, STEPS({ UPDATE(0), .want = -ENOTSUPP }), KEPT(PARTIAL) },
	{ "update: a sum given", 74, 74, { .ip_summed = XB_CHECKSUM_COMPLETE, .csum = 0x100 }, STEPS({ UPDATE(5), .want = 0x105 }, { UPDATE(0xfffffeff), .want = 5 }), KEPT(COMPLETE) },
	{ "update: a sum of 0", 74, 74, { .ip_summed = XB_CHECKSUM_COMPLETE }, STEPS({ UPDATE(0) }, { UPDATE(-1), .want = 0xffffffff }, { UPDATE(1), .want = 1 }), KEPT(COMPLETE) },

	{ "level: one verified", 74, 74, LEVEL(0), STEPS({ QUERY }, { DEC }, { QUERY, .want = -EACCES }, { DEC }), KEPT(NONE) },
	{ "level: all verified", 74, 74, LEVEL(3), STEPS({ QUERY, .want = 3 }, { INC }, { QUERY, .want = 3 }, { DEC }, { QUERY, .want = 2 }), KEPT(UNNECESSARY) },
	{ "level: reset", 74, 74, LEVEL(3), STEPS({ RESET }, { QUERY, .want = -EACCES }, { INC }, { QUERY }), KEPT(UNNECESSARY) },
	{ "level: summed", 74, 74, COMPLETE, STEPS({ INC }, { DEC }, { RESET }, { QUERY, .want = -EACCES }, { UPDATE(0), ANY }), RIGHT },
	{ "level: to be finished", 74, 74, PARTIAL, STEPS({ INC }, { DEC }, { RESET }, { QUERY, .want = -EACCES }), KEPT(PARTIAL) },

	{ "LD_ABS across", LINEAR, LINEAR, .script = STEPS({ LD_ABS(4, 38), .want = 0x01020304 }) },
	{ "LD_ABS behind", LINEAR, LINEAR, .script = STEPS({ LD_ABS(4, 70), .want = 0x71787f86 }) },
	{ "LD_ABS past the end", LINEAR, LINEAR, .script = STEPS({ LD_ABS(4, 71), UNREACHED }) },
	{ "LD_ABS of net, across", LINEAR, LINEAR, .script = STEPS({ LD_ABS(4, SKF_NET_OFF + 24), .want = 0x01020304 }) },
	{ "LD_ABS of net, behind", LINEAR, LINEAR, .script = STEPS({ LD_ABS(4, SKF_NET_OFF + 56), .want = 0x71787f86 }) },
	{ "LD_ABS of net, past the end", LINEAR, LINEAR, .script = STEPS({ LD_ABS(4, SKF_NET_OFF + 57), UNREACHED }) },
	{ "LD_ABS of link, across", LINEAR, LINEAR, .script = STEPS({ LD_ABS(2, SKF_LL_OFF + 39), .want = 0x0203 }) },
	{ "LD_ABS of link, past the end", LINEAR, LINEAR, .script = STEPS({ LD_ABS(1, SKF_LL_OFF + 74), UNREACHED }) },
	{ "LD_IND across", LINEAR, LINEAR, .script = STEPS({ LD_IND(4, 30, 8), .want = 0x01020304 }) },
};
/* clang-format on */

/* Whether the last step's result is the packet's sum. */
static bool
sum_is_right(const struct direct *d, const struct row *row)
{
	u32 last = script_cnt(&row->script) - 1;
	__wsum sum = xb_csum_partial(d->out.data + L2_BYTES, d->out.bytes - L2_BYTES, 0);

	return xb_csum_fold((__wsum)d->kept.results[last]) == xb_csum_fold(sum);
}

static void
check(struct direct *d, const struct row *row)
{
	u8 data[PACKET_MAX_BYTES];
	const struct direct_run run = {
		.in = { .data = data,
		        .bytes = packet_build(TCP4, data),
		        .linear_bytes = row->linear,
		        .ctx = &row->ctx },
		.script = &row->script,
	};

	direct_run(d, &run);
	direct_check(d, row->name, &row->script);
	if (d->out.linear_bytes != row->linear_after)
		fail_msg("%s: %u bytes are linear", row->name, d->out.linear_bytes);
	if (d->out.ip_summed != row->ip_summed)
		fail_msg("%s: ip_summed is %u", row->name, d->out.ip_summed);
	if (row->summed && !sum_is_right(d, row))
		fail_msg("%s: the sum is wrong", row->name);
}

static void
test_rows(void **state)
{
	struct direct *d = direct_new();

	(void)state;
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++)
		check(d, &rows[i]);
	direct_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests_name("skb in parts", tests, NULL, NULL);
}
