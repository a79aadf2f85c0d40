/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_lwt.c - bpf_lwt_push_encap on kernel and emulator.
 *
 * Linux's SEG6 form wants the route of a packet, which a test run's has not: it is tried on the
 * emulator alone, with the helpers of lwt_seg6local, which has no test run.
 */
#include "tests/insns.h"
#include "tests/skb/direct.h"

#include <errno.h>
#include <linux/seg6_local.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define CSUM BPF_F_TEST_SKB_CHECKSUM_COMPLETE

/* clang-format off */
#define LWT_IN    .type = BPF_PROG_TYPE_LWT_IN
#define XMIT      .type = BPF_PROG_TYPE_LWT_XMIT
#define SEG6LOCAL .type = BPF_PROG_TYPE_LWT_SEG6LOCAL
#define OF(t, ...) .script = { t, .steps = { __VA_ARGS__ } }
#define IP(n)     CALL(lwt_push_encap, CTX, IMM(BPF_LWT_ENCAP_IP), BUF(0), IMM(n))
#define INLINE(n) CALL(lwt_push_encap, CTX, IMM(BPF_LWT_ENCAP_SEG6_INLINE), BUF(0), IMM(n))
#define SEG6(n)   CALL(lwt_push_encap, CTX, IMM(BPF_LWT_ENCAP_SEG6), BUF(0), IMM(n))

/* Outer headers: first byte, protocol; the rest as it comes. */
#define V4(first, proto) PRESET(first, 0, 0, 80, 1, 2, 0, 0, 64, proto, 0, 0, 192, 0, 2, 9, 192, 0, 2, 10)
#define V4_GRE           PRESET(0x45, 0, 0, 80, 1, 2, 0, 0, 64, 47, 0, 0, 192, 0, 2, 9, 192, 0, 2, 10, 0x80, 0, 8, 0, 1, 2, 3, 4)
#define V4_CHECK         PRESET(0x45, 0, 0, 80, 1, 2, 0, 0, 64, 4, 1, 2, 192, 0, 2, 9, 192, 0, 2, 10)
#define V6(next)         PRESET(0x60, 0, 0, 0, 0, 60, next, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 2, 3, 4, 0, 8, 5, 6)
/* Segment routing headers: of two segments, with a TLV. */
#define SEGMENT(n)       0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, n
#define SRH(len, type, left, first, ...) PRESET(0, len, type, left, first, 0, 0, 7, SEGMENT(1), SEGMENT(2), __VA_ARGS__)

static const struct skb_case cases[] = {
	{ "in: IPv4", TCP4, V4(0x45, 4), OF(LWT_IN, { IP(20) }, { CTX_LD(len), .want = 80 }, { PKT_LD(0, 4), .want = 0x50000045 }, { PKT_LD(20, 1), .want = 0x45 }) },
	{ "in: IPv4, sum", TCP4, .flags = CSUM, V4_CHECK, OF(LWT_IN, { IP(20) }) },
	{ "in: IPv4, sum without a checksum", TCP4, .flags = CSUM, V4(0x45, 4), OF(LWT_IN, { IP(20) }), .ret = -EBADMSG },
	{ "in: IPv4 over IPv6", TCP6, V4(0x45, 41), OF(LWT_IN, { IP(20) }, { CTX_LD(protocol), .want = 8 }) },
	{ "in: IPv6 over IPv4", TCP4, V6(4), OF(LWT_IN, { IP(40) }, { CTX_LD(protocol), .want = 0xdd86 }) },
	{ "in: IPv6, sum", TCP4, .flags = CSUM, V6(4), OF(LWT_IN, { IP(40) }) },
	{ "in: twice", TCP4, V4_CHECK, OF(LWT_IN, { IP(20) }, { IP(20) }, { CTX_LD(len), .want = 100 }) },
	{ "in: over ARP", ARP, V4_CHECK, OF(LWT_IN, { IP(20) }, { CTX_LD(protocol), .want = 8 }) },
	{ "in: over nothing", ETHER, V4_CHECK, OF(LWT_IN, { IP(20) }, { CTX_LD(len), .want = 20 }) },
	{ "in: 19 bytes", TCP4, V4(0x45, 4), OF(LWT_IN, { IP(19), .want = -EINVAL }) },
	{ "in: 256 bytes", TCP4, V4(0x45, 4), OF(LWT_IN, { IP(256) }, { CTX_LD(len), .want = 316 }) },
	{ "in: 257 bytes", TCP4, V4(0x45, 4), OF(LWT_IN, { IP(257), .want = -EINVAL }) },
	{ "in: IPv6 of 39 bytes", TCP4, V6(4), OF(LWT_IN, { IP(39), .want = -EINVAL }) },
	{ "in: options", TCP4, V4(0x46, 4), OF(LWT_IN, { IP(24) }) },
	{ "in: options cut off", TCP4, V4(0x46, 4), OF(LWT_IN, { IP(23), .want = -EINVAL }) },
	{ "in: a short header", TCP4, V4(0x44, 4), OF(LWT_IN, { IP(20) }) },
	{ "in: no header", TCP4, V4(0x40, 4), OF(LWT_IN, { IP(20) }) },
	{ "in: version 5", TCP4, V4(0x55, 4), OF(LWT_IN, { IP(20), .want = -EINVAL }) },
	{ "in: UDP", TCP4, V4(0x45, 17), OF(LWT_IN, { IP(28) }) },
	{ "in: UDP cut off", TCP4, V4(0x45, 17), OF(LWT_IN, { IP(27), .want = -EINVAL }) },
	{ "in: UDP over IPv6", TCP4, V6(17), OF(LWT_IN, { IP(48) }) },
	{ "in: UDP over IPv6 cut off", TCP4, V6(17), OF(LWT_IN, { IP(47), .want = -EINVAL }) },
	{ "in: gso", TCP4, .ctx = CTX_IN(.gso_size = 100), V4(0x45, 4), OF(LWT_IN, { IP(20), .want = -524 }, { CTX_LD(len), .want = 80 }) },
	{ "in: kind 3", TCP4, V4(0x45, 4), OF(LWT_IN, { CALL(lwt_push_encap, CTX, IMM(3), BUF(0), IMM(20)), .want = -EINVAL }) },
	{ "in: hash", TCP4, V4(0x45, 4), OF(LWT_IN, { CALL(get_hash_recalc, CTX), UNLIKE }, { IP(20) }, { CTX_LD(hash) }) },
	{ "in: longest packet", LARGE, V4(0x45, 4), OF(LWT_IN, { IP(256) }) },
	{ "in: room gets short", TCP4, V4_CHECK, OF(LWT_IN, { IP(40) }, { IP(39) }, { IP(20) }) },
	{ "xmit: IPv4", TCP4, V4(0x45, 4), OF(XMIT, { IP(20) }, { CTX_LD(len), .want = 80 }) },
	{ "xmit: sum", TCP4, .flags = CSUM, V4_CHECK, OF(XMIT, { IP(20) }), .ret = -EBADMSG },
	{ "xmit: GRE", TCP4, V4_GRE, OF(XMIT, { IP(28) }) },
	{ "xmit: IPv6", TCP6, V6(41), OF(XMIT, { IP(40) }) },
	{ "xmit: then tail", TCP4, V4(0x45, 4), OF(XMIT, { IP(20) }, { CALL(skb_change_tail, CTX, IMM(100), IMM(0)), .want = -524 }) },
	{ "xmit: then bytes", TCP4, V4(0x45, 4), OF(XMIT, { IP(20) }, { CALL(skb_store_bytes, CTX, IMM(20), BUF(0), IMM(20), IMM(0)) }) },
	{ "xmit: SEG6", TCP6, SRH(4, 4, 1, 1), OF(XMIT, { SEG6(40), .want = -EINVAL }) },
	{ "xmit: 257 bytes", TCP4, V4(0x45, 4), OF(XMIT, { IP(257), .want = -EINVAL }) },

	/* No route leads to the segment. */
	{ "inline", TCP6, SRH(4, 4, 1, 1), OF(LWT_IN, { INLINE(40), .want = -ENETUNREACH }, { PKT_LD(6, 1), .want = 43 }, { PKT_LD(40, 1), .want = 6 }, { CTX_LD(len), .want = 120 }) },
	{ "inline, sum", TCP6, .flags = CSUM, SRH(4, 4, 1, 1), OF(LWT_IN, { INLINE(40), .want = -ENETUNREACH }) },
	{ "inline, one segment", TCP6, PRESET(0, 2, 4, 0, 0, 0, 0, 0, SEGMENT(1)), OF(LWT_IN, { INLINE(24), .want = -ENETUNREACH }, { PKT_LD(39, 1), .want = 2 }, { CTX_LD(len), .want = 104 }) },
	{ "inline, to the loopback", TCP6, PRESET(0, 4, 4, 0, 1, 0, 0, 0, SEGMENT(1), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), OF(LWT_IN, { INLINE(40), .want = -EINVAL }) },
	{ "inline, IPv4", TCP4, SRH(4, 4, 1, 1), OF(LWT_IN, { INLINE(40), .want = -EBADMSG }) },
	{ "inline, with a TLV", TCP6, SRH(5, 4, 1, 1, 5, 6, 0, 0, 0, 0, 0, 0), OF(LWT_IN, { INLINE(48), .want = -ENETUNREACH }) },
	{ "inline, a TLV too long", TCP6, SRH(5, 4, 1, 1, 5, 7, 0, 0, 0, 0, 0, 0), OF(LWT_IN, { INLINE(48), .want = -EINVAL }) },
	{ "inline, a TLV cut off", TCP6, SRH(5, 4, 1, 1, 5, 5, 0, 0, 0, 0, 0, 0), OF(LWT_IN, { INLINE(48), .want = -EINVAL }) },
	{ "inline, another length", TCP6, SRH(4, 4, 1, 1), OF(LWT_IN, { INLINE(48), .want = -EINVAL }) },
	{ "inline, 7 bytes", TCP6, SRH(4, 4, 1, 1), OF(LWT_IN, { INLINE(7), .want = -EINVAL }) },
	{ "inline, another type", TCP6, SRH(4, 3, 1, 1), OF(LWT_IN, { INLINE(40), .want = -EINVAL }) },
	{ "inline, too many left", TCP6, SRH(4, 4, 2, 1), OF(LWT_IN, { INLINE(40), .want = -EINVAL }) },
	{ "inline, none left", TCP6, SRH(4, 4, 0, 1), OF(LWT_IN, { INLINE(40), .want = -ENETUNREACH }) },
	{ "inline, segments beyond it", TCP6, SRH(4, 4, 1, 2), OF(LWT_IN, { INLINE(40), .want = -EINVAL }) },
	{ "inline, no segment", TCP6, SRH(0, 4, 0, 0), OF(LWT_IN, { INLINE(8), .want = -EINVAL }) },
	{ "inline, twice", TCP6, SRH(4, 4, 1, 1), OF(LWT_IN, { INLINE(40), .want = -ENETUNREACH }, { INLINE(40), .want = -ENETUNREACH }) },
};
/* clang-format on */

static void
test_rows(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

/* clang-format off */
/* Of an IPv6 packet with a segment routing header of two segments at 40, which ends at 80. */
static const struct {
	const char *name;
	u32 type;
	struct skb_case c;
} alone[] = {
	{ "SEG6", BPF_PROG_TYPE_LWT_IN, { .name = "", SRH(4, 4, 1, 1), OF(LWT_IN, { SEG6(40), .want = -ENETUNREACH }, { PKT_LD(6, 1), .want = 43 }, { PKT_LD(40, 1), .want = 41 }, { PKT_LD(39, 1), .want = 2 }, { PKT_LD(86, 1), .want = 43 }, { PKT_LD(4, 2), .want = 0x8c00 }) } },
	{ "SEG6 of another type", BPF_PROG_TYPE_LWT_IN, { .name = "", SRH(4, 3, 1, 1), OF(LWT_IN, { SEG6(40), .want = -EINVAL }) } },
	{ "local: the next segment", BPF_PROG_TYPE_LWT_SEG6LOCAL, { .name = "", OF(SEG6LOCAL, { PKT_LD(39, 1), .want = 1 }, { PKT_LD(43, 1), .want = 0 }) } },
	{ "local: flags and tag", BPF_PROG_TYPE_LWT_SEG6LOCAL, { .name = "", OF(SEG6LOCAL, { CALL(lwt_seg6_store_bytes, CTX, IMM(45), BUF(0), IMM(3)) }, { PKT_LD(45, 1), .want = 0xa5 }, { CALL(lwt_seg6_store_bytes, CTX, IMM(44), BUF(0), IMM(1)), .want = -EFAULT }, { CALL(lwt_seg6_store_bytes, CTX, IMM(47), BUF(0), IMM(2)), .want = -EFAULT }) } },
	{ "local: the last segment's end", BPF_PROG_TYPE_LWT_SEG6LOCAL, { .name = "", OF(SEG6LOCAL, { CALL(lwt_seg6_store_bytes, CTX, IMM(72), BUF(0), IMM(8)) }, { CALL(lwt_seg6_store_bytes, CTX, IMM(71), BUF(0), IMM(8)), .want = -EFAULT }, { CALL(lwt_seg6_store_bytes, CTX, IMM(73), BUF(0), IMM(8)), .want = -EFAULT }) } },
	{ "local: grow", BPF_PROG_TYPE_LWT_SEG6LOCAL, { .name = "", PRESET(4, 6, 0, 0, 0, 0, 0, 0), OF(SEG6LOCAL, { CALL(lwt_seg6_adjust_srh, CTX, IMM(80), IMM(8)) }, { CTX_LD(len), .want = 108 }, { PKT_LD(4, 2), .want = 0x4400 }, { CALL(lwt_seg6_store_bytes, CTX, IMM(80), BUF(0), IMM(8)) }, { PKT_LD(41, 1), .want = 4 }, { CALL(lwt_seg6_action, CTX, IMM(SEG6_LOCAL_ACTION_END_T), BUF(0), IMM(4)), .want = -EINVAL }, { PKT_LD(41, 1), .want = 5 }, { CALL(lwt_seg6_adjust_srh, CTX, IMM(80), IMM(-8)) }, { CTX_LD(len), .want = 100 }) } },
	{ "local: not by a half", BPF_PROG_TYPE_LWT_SEG6LOCAL, { .name = "", OF(SEG6LOCAL, { CALL(lwt_seg6_adjust_srh, CTX, IMM(80), IMM(4)) }, { CALL(lwt_seg6_action, CTX, IMM(SEG6_LOCAL_ACTION_END_T), BUF(0), IMM(4)), .want = -EBADMSG }), .ret = BPF_DROP } },
	{ "local: outside", BPF_PROG_TYPE_LWT_SEG6LOCAL, { .name = "", OF(SEG6LOCAL, { CALL(lwt_seg6_adjust_srh, CTX, IMM(79), IMM(8)), .want = -EFAULT }, { CALL(lwt_seg6_adjust_srh, CTX, IMM(81), IMM(8)), .want = -EFAULT }, { CALL(lwt_seg6_adjust_srh, CTX, IMM(80), IMM(-8)), .want = -EFAULT }) } },
	{ "local: END_X", BPF_PROG_TYPE_LWT_SEG6LOCAL, { .name = "", PRESET(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), OF(SEG6LOCAL, { CALL(lwt_seg6_action, CTX, IMM(SEG6_LOCAL_ACTION_END_X), BUF(0), IMM(16)), .want = -EINVAL }, { CALL(lwt_seg6_action, CTX, IMM(SEG6_LOCAL_ACTION_END_X), BUF(0), IMM(15)), .want = -EINVAL }, { CALL(lwt_seg6_action, CTX, IMM(SEG6_LOCAL_ACTION_END), BUF(0), IMM(15)), .want = -EINVAL }) } },
	{ "local: END_DT6 of no IPv6", BPF_PROG_TYPE_LWT_SEG6LOCAL, { .name = "", OF(SEG6LOCAL, { CALL(lwt_seg6_action, CTX, IMM(SEG6_LOCAL_ACTION_END_DT6), BUF(0), IMM(4)), .want = -EBADMSG }) } },
	{ "local: END_B6_ENCAP, END_DT6", BPF_PROG_TYPE_LWT_SEG6LOCAL, { .name = "", SRH(4, 4, 1, 1), OF(SEG6LOCAL, { CALL(lwt_seg6_action, CTX, IMM(SEG6_LOCAL_ACTION_END_B6_ENCAP), BUF(0), IMM(40)), .want = -ENETUNREACH }, { CTX_LD(len), .want = 180 }, { CALL(lwt_seg6_action, CTX, IMM(SEG6_LOCAL_ACTION_END_DT6), BUF(100), IMM(4)), .want = -EINVAL }, { CTX_LD(len), .want = 100 }) } },
};
/* clang-format on */

/* Ethernet, IPv6 from 2001:db8::1 to 2001:db8::2, the header, and 20 bytes of who knows what. */
static u32
build(u8 *to)
{
	const u8 srh[] = { 6, 4, 4, 1, 1, 0, 0, 0, SEGMENT(1), SEGMENT(2) };
	u8 *ip = to + 14;

	memset(to, 0, 114);
	to[12] = 0x86;
	to[13] = 0xdd;
	ip[0] = 0x60;
	ip[5] = 60;
	ip[6] = 43;
	ip[7] = 64;
	ip[8] = ip[24] = 0x20;
	ip[9] = ip[25] = 1;
	ip[23] = 1;
	ip[39] = 2;
	memcpy(ip + 40, srh, sizeof(srh));
	return 114;
}

static void
test_alone(void **state)
{
	const struct xb_skb_ctx ctx = { .ifindex = 1 };
	struct direct *d = direct_new();
	u8 data[128];

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(alone); i++) {
		const struct skb_case *c = &alone[i].c;

		direct_run(d, &(struct direct_run){
		                      .in = { .data = data,
		                              .bytes = build(data),
		                              .ctx = &ctx,
		                              .prog_type = alone[i].type },
		                      .script = &c->script,
		                      .preset = c->preset,
		                      .preset_bytes = c->preset_bytes,
		              });
		direct_check(d, alone[i].name, &c->script);
		if (d->out.retval != c->ret)
			fail_msg("%s: returned %u", alone[i].name, d->out.retval);
	}
	direct_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_alone),
	};

	return cmocka_run_group_tests_name("skb lwt", tests, NULL, NULL);
}
