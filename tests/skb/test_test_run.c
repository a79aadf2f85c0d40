/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_test_run.c - BPF_PROG_TEST_RUN of TC programs: what is refused, and what first; what the
 * program finds; what is written back, also where it fails.
 *
 * Every row runs as a classifier and as an action, on the kernel and on the emulator, and all must
 * give the same: the call's result, its attributes, both outputs, and what the program saw.
 */
#include "tests/skb/call.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define CTX_BYTES ((u32)sizeof(struct __sk_buff))
#define CSUM      BPF_F_TEST_SKB_CHECKSUM_COMPLETE

/* clang-format off */
#define HEAD(...)  .head = { __VA_ARGS__ }, .head_bytes = sizeof((const u8[]){ __VA_ARGS__ })
#define TYPE(a, b) HEAD(0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, a, b)
#define DST(...)   HEAD(__VA_ARGS__)
#define SAW(field, v) { FIELD_##field, v }
#define RUN(...)   .steps = { __VA_ARGS__ }
#define SPOIL      RUN({ PKT_ST(60, 1, 0x55) }) /* a part of the payload, and so the sum */

static const struct call_row rows[] = {
	/* Sizes. */
	{ "13 bytes", ETHER, .bytes = 13, .ret = -EINVAL },
	{ "14 bytes", ETHER, .saw = { SAW(len, 14), SAW(wire_len, 14), SAW(linear, 14) } },
	{ "no bytes", TCP4, .bytes = CALL_NO_BYTES, .ret = -EINVAL },
	{ "2^32 - 2 bytes", TCP4, .bytes = 0xfffffffe, .ret = -EINVAL },
	{ "3712 bytes", LARGE, .saw = { SAW(len, 3712), SAW(wire_len, 3712), SAW(linear, 3712), SAW(ifindex, 1), SAW(has_sk, 1) } },
	{ "3713 bytes", LARGE, .bytes = 3713, .ret = -EINVAL },
	{ "4096 bytes", LARGE, .bytes = 4096, .ret = -EINVAL },
	{ "IPv4 of 33 bytes", TCP4, .bytes = 33, .ret = -EINVAL },
	{ "IPv4 of 34 bytes", TCP4, .bytes = 34, .saw = { SAW(len, 34), SAW(protocol, 8) } },
	{ "IPv4 of 14 bytes", TCP4, .bytes = 14, .ret = -EINVAL },
	{ "IPv6 of 53 bytes", TCP6, .bytes = 53, .ret = -EINVAL },
	{ "IPv6 of 54 bytes", TCP6, .bytes = 54, .saw = { SAW(len, 54), SAW(protocol, 0xdd86) } },
	{ "ARP of 14 bytes", ARP, .bytes = 14, .saw = { SAW(len, 14), SAW(protocol, 0x0608) } },
	{ "tag of 14 bytes", VLAN, .bytes = 14, .saw = { SAW(len, 14), SAW(protocol, 0x81) } },
	{ "tag and 3 bytes", VLAN, .bytes = 17, .saw = { SAW(len, 17), SAW(protocol, 0x81), SAW(vlan_tci, 0) } },
	{ "tag, IPv4 cut short", VLAN, .bytes = 30, .saw = { SAW(len, 30), SAW(protocol, 0x81) } },
	{ "two tags", QINQ, .saw = { SAW(len, 82), SAW(protocol, 0xa888) } },

	/* Types and destinations. */
	{ "type 0x600", UNKNOWN, TYPE(6, 0), .saw = { SAW(protocol, 6) } },
	{ "type 0x5ff", UNKNOWN, TYPE(5, 0xff), .saw = { SAW(protocol, 0x400) } },
	{ "type 0", UNKNOWN, TYPE(0, 0), .saw = { SAW(protocol, 0x400) } },
	{ "type 0x26, ffff behind", UNKNOWN, HEAD(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x26, 0xff, 0xff), .saw = { SAW(protocol, 0x100) } },
	{ "type 0x26, fffe behind", UNKNOWN, HEAD(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x26, 0xff, 0xfe), .saw = { SAW(protocol, 0x400) } },
	{ "type 0x26, ff behind, 15 bytes", UNKNOWN, .bytes = 15, HEAD(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x26, 0xff), .saw = { SAW(protocol, 0x400) } },
	{ "type 0x26, ffff behind, 16 bytes", UNKNOWN, .bytes = 16, HEAD(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x26, 0xff, 0xff), .saw = { SAW(protocol, 0x100) } },
	{ "type 0x26, 14 bytes", UNKNOWN, .bytes = 14, TYPE(0, 0x26), .saw = { SAW(protocol, 0x400) } },
	{ "type of IPv4, ones behind", UNKNOWN, TYPE(8, 0), .saw = { SAW(protocol, 8) }, RUN({ SK_LD(family), .want = 2 }) },
	{ "to the loopback", UNKNOWN, DST(0, 0, 0, 0, 0, 0), .saw = { SAW(pkt_type, 0), SAW(len, 64) } },
	{ "to another host", UNKNOWN, DST(2, 0, 0, 0, 0, 2), .saw = { SAW(pkt_type, 3) } },
	{ "to nearly the loopback", UNKNOWN, DST(0, 0, 0, 0, 0, 1), .saw = { SAW(pkt_type, 3) } },
	{ "to a group", UNKNOWN, DST(1, 0, 0x5e, 0, 0, 1), .saw = { SAW(pkt_type, 2) } },
	{ "to a group of zeros", UNKNOWN, DST(1, 0, 0, 0, 0, 0), .saw = { SAW(pkt_type, 2) } },
	{ "to all", UNKNOWN, DST(0xff, 0xff, 0xff, 0xff, 0xff, 0xff), .saw = { SAW(pkt_type, 2) } },

	/* The socket. */
	{ "socket of IPv4", TCP4, RUN({ SK_LD(family), .want = 2 }, { SK_LD(state), .want = 7 }, { SK_LD(src_ip4), .want = 0x010200c0 }, { SK_LD(dst_ip4), .want = 0x020200c0 }, { SK_LD(src_ip6[0]) }, { SK_LD(dst_ip6[3]) }, { SK_LD(src_port) }, { SK_LD(dst_port) }, { SK_LD(bound_dev_if) }, { SK_LD(rx_queue_mapping), .want = 0xffffffff }) },
	{ "socket of IPv6", TCP6, RUN({ SK_LD(family), .want = 10 }, { SK_LD(state), .want = 7 }, { SK_LD(src_ip4) }, { SK_LD(dst_ip4) }, { SK_LD(src_ip6[0]), .want = 0xb80d0120 }, { SK_LD(src_ip6[3]), .want = 0x01000000 }, { SK_LD(dst_ip6[0]), .want = 0xb80d0120 }, { SK_LD(dst_ip6[3]), .want = 0x02000000 }) },
	{ "socket of ARP", ARP, RUN({ SK_LD(family) }, { SK_LD(state), .want = 7 }, { SK_LD(src_ip4) }, { SK_LD(dst_ip4) }, { SK_LD(rx_queue_mapping), .want = 0xffffffff }) },
	{ "socket of a tagged packet", VLAN, RUN({ SK_LD(family) }, { SK_LD(src_ip4) }, { SK_LD(dst_ip6[0]) }) },
	{ "socket of what was written", TCP4, .repeat = 2, RUN({ PKT_ST(26, 4, 0) }, { SK_LD(src_ip4), .want = 0x010200c0 }, { SK_LD(dst_ip4), .want = 0x020200c0 }) },

	/* The context. */
	{ "no contexts", TCP4, .ctx_out_at = NONE, .saw = { SAW(len, 74), SAW(ifindex, 1), SAW(wire_len, 0), SAW(has_sk, 1), SAW(linear, 74) } },
	{ "ctx_out alone", TCP4, .ctx_out = CTX_IN(.ifindex = 1, .wire_len = 74) },
	{ "ctx_in alone", TCP4, .ctx = CTX_IN(.mark = 5), .ctx_out_at = NONE, .saw = { SAW(mark, 5) } },
	{ "a zero context", TCP4, .ctx = CTX_IN(.mark = 0), .ctx_out = CTX_IN(.ifindex = 1, .wire_len = 74) },
	{ "mark, priority", TCP4, .ctx = CTX_IN(.mark = 0xffffffff, .priority = 0x81828384), .saw = { SAW(mark, 0xffffffff), SAW(priority, 0x81828384) }, .ctx_out = CTX_IN(.mark = 0xffffffff, .priority = 0x81828384, .ifindex = 1, .wire_len = 74) },
	{ "ingress_ifindex of none", TCP4, .ctx = CTX_IN(.ingress_ifindex = 0x81828384), .saw = { SAW(ingress_ifindex, 0x81828384), SAW(ifindex, 1) }, .ctx_out = CTX_IN(.ingress_ifindex = 0x81828384, .ifindex = 1, .wire_len = 74) },
	{ "ifindex of the loopback", TCP4, .ctx = CTX_IN(.ifindex = 1), .saw = { SAW(ifindex, 1) } },
	{ "ifindex of none", TCP4, .ctx = CTX_IN(.ifindex = 99999), .ret = -ENODEV },
	{ "ifindex of -1", TCP4, .ctx = CTX_IN(.ifindex = 0xffffffff), .ret = -ENODEV },
	{ "ifindex of the least number", TCP4, .ctx = CTX_IN(.ifindex = 0x80000000), .ret = -ENODEV },
	{ "cb", TCP4, .ctx = CTX_IN(.cb = { 1, 2, 3, 4, 0xffffffff }), .saw = { SAW(cb0, 1), SAW(cb1, 2), SAW(cb2, 3), SAW(cb3, 4), SAW(cb4, 0xffffffff), SAW(tc_classid, 0) } },
	{ "tstamp, hwtstamp", TCP4, .ctx = CTX_IN(.tstamp = ~0ull, .hwtstamp = 1ull << 63), .saw = { SAW(tstamp, ~0ull), SAW(hwtstamp, 1ull << 63), SAW(tstamp_type, 0) } },
	{ "wire_len", TCP4, .ctx = CTX_IN(.wire_len = 74), .saw = { SAW(wire_len, 74) } },
	{ "wire_len less", TCP4, .ctx = CTX_IN(.wire_len = 73), .ret = -EINVAL },
	{ "wire_len most", TCP4, .ctx = CTX_IN(.wire_len = 65536), .saw = { SAW(wire_len, 65536), SAW(len, 74) } },
	{ "wire_len more", TCP4, .ctx = CTX_IN(.wire_len = 65537), .ret = -EINVAL },
	{ "wire_len of -1", TCP4, .ctx = CTX_IN(.wire_len = 0xffffffff), .ret = -EINVAL },
	{ "gso_segs", TCP4, .ctx = CTX_IN(.gso_segs = 65535), .saw = { SAW(gso_segs, 65535), SAW(gso_size, 0) } },
	{ "gso_segs more", TCP4, .ctx = CTX_IN(.gso_segs = 65536), .ret = -EINVAL },
	{ "gso_size", TCP4, .ctx = CTX_IN(.gso_size = 0x12345), .saw = { SAW(gso_size, 0x2345), SAW(gso_segs, 0) }, .ctx_out = CTX_IN(.gso_size = 0x12345, .ifindex = 1, .wire_len = 74) },
	{ "gso_size of -1", TCP4, .ctx = CTX_IN(.gso_size = 0xffffffff, .gso_segs = 1), .saw = { SAW(gso_size, 0xffff), SAW(gso_segs, 1) } },
	{ "ctx_in of 1 byte", TCP4, .ctx = CTX_IN(.mark = 0x81828384), .ctx_bytes = 1, .saw = { SAW(mark, 0), SAW(len, 74) } },
	{ "ctx_in of a part of mark", TCP4, .ctx = CTX_IN(.mark = 0x81828384), .ctx_bytes = 10, .saw = { SAW(mark, 0x8384) } },
	{ "ctx_in of 1 byte, refused", TCP4, .ctx = CTX_IN(.len = 1), .ctx_bytes = 1, .ret = -EINVAL },
	{ "ctx_in before what is refused", TCP4, .ctx = CTX_IN(.queue_mapping = 1), .ctx_bytes = 12, .saw = { SAW(queue_mapping, 0), SAW(len, 74) } },
	{ "ctx_in, zeros behind", TCP4, .ctx = CTX_IN(.mark = 6), .ctx_bytes = 200, .saw = { SAW(mark, 6) } },
	{ "ctx_in, more behind", TCP4, .ctx = CTX_IN(.mark = 6), .ctx_bytes = 193, .ctx_tail = 1, .ret = -E2BIG },
	{ "ctx_in of a page", TCP4, .ctx = CTX_IN(.mark = 6), .ctx_bytes = 4096, .saw = { SAW(mark, 6) } },
	{ "ctx_in of more than a page", TCP4, .ctx = CTX_IN(.mark = 6), .ctx_bytes = 4097, .ret = -E2BIG },
	{ "ctx_in at nothing", TCP4, .ctx = CTX_IN(.mark = 6), .ctx_at = BAD, .ret = -EFAULT },
	{ "ctx_in, half of it there", TCP4, .ctx = CTX_IN(.mark = 6), .ctx_at = HALF, .ret = -EFAULT },
	{ "ctx_in, what is asked for there", TCP4, .ctx = CTX_IN(.mark = 6), .ctx_at = HALF, .ctx_bytes = 10, .saw = { SAW(mark, 6) } },
	{ "ctx_in, too long at nothing", TCP4, .ctx = CTX_IN(.mark = 6), .ctx_at = BAD, .ctx_bytes = 4097, .ret = -E2BIG },
	{ "ctx_in, tail at nothing", TCP4, .ctx = CTX_IN(.mark = 6), .ctx_at = BAD, .ctx_bytes = 200, .ret = -EFAULT },
	{ "ctx_in of no size", TCP4, .ctx = CTX_IN(.mark = 6), .ctx_bytes = CALL_NO_BYTES, .ret = -EINVAL },
	{ "ctx_size_in of nothing", TCP4, .ctx_at = NONE, .ctx_bytes = 192, .ret = -EINVAL },
	{ "ctx_out of no size", TCP4, .ctx_out_bytes = CALL_NO_BYTES, .ret = -EINVAL },
	{ "ctx_size_out of nothing", TCP4, .ctx_out_at = NONE, .ctx_out_bytes = 192, .ret = -EINVAL },

	/* Flags; which error comes first. */
	{ "flag 1", TCP4, .flags = 1, .ret = -EINVAL },
	{ "flag 2", TCP4, .flags = 2, .ret = -EINVAL },
	{ "flag 8", TCP4, .flags = 8, .ret = -EINVAL },
	{ "flag 4 and another", TCP4, .flags = CSUM | 1u << 31, .ret = -EINVAL },
	{ "cpu", TCP4, .cpu = 1, .ret = -EINVAL },
	{ "batch_size", TCP4, .batch_size = 1, .ret = -EINVAL },
	{ "no data", TCP4, .data_at = NONE, .ret = -EFAULT },
	{ "data at nothing", TCP4, .data_at = BAD, .ret = -EFAULT },
	{ "data, half of it there", TCP4, .data_at = HALF, .ret = -EFAULT },
	{ "order: flags, data", TCP4, .flags = 1, .data_at = BAD, .ret = -EINVAL },
	{ "order: size, data", ETHER, .bytes = 13, .data_at = BAD, .ret = -EINVAL },
	{ "order: long, data", LARGE, .bytes = 3713, .data_at = BAD, .ret = -EINVAL },
	{ "order: context sizes, data", TCP4, .data_at = BAD, .ctx_bytes = 192, .ctx_at = NONE, .ret = -EINVAL },
	{ "order: ctx_out's size, data", TCP4, .data_at = BAD, .ctx_out_bytes = CALL_NO_BYTES, .ret = -EINVAL },
	{ "order: data, long context", TCP4, .data_at = BAD, .ctx = CTX_IN(.mark = 6), .ctx_bytes = 4097, .ret = -EFAULT },
	{ "order: data, interface", TCP4, .data_at = BAD, .ctx = CTX_IN(.ifindex = 99999), .ret = -EFAULT },
	{ "order: long context, short packet", TCP4, .bytes = 33, .ctx = CTX_IN(.mark = 6), .ctx_bytes = 4097, .ret = -E2BIG },
	{ "order: context at nothing, short packet", TCP4, .bytes = 33, .ctx = CTX_IN(.mark = 6), .ctx_at = BAD, .ret = -EFAULT },
	{ "order: long context, interface", TCP4, .ctx = CTX_IN(.ifindex = 99999), .ctx_bytes = 200, .ctx_tail = 1, .ret = -E2BIG },
	{ "order: interface, short packet", TCP4, .bytes = 33, .ctx = CTX_IN(.ifindex = 99999), .ret = -ENODEV },
	{ "order: interface, refused field", TCP4, .ctx = CTX_IN(.ifindex = 99999, .len = 1), .ret = -ENODEV },
	{ "order: interface, wire_len", TCP4, .ctx = CTX_IN(.ifindex = 99999, .wire_len = 1), .ret = -ENODEV },

	/* data_out. */
	{ "data_out of 74", TCP4, .data_out_bytes = 74 },
	{ "data_out of 73", TCP4, .data_out_bytes = 73, .ret = -ENOSPC },
	{ "data_out of 1", TCP4, .data_out_bytes = 1, .ret = -ENOSPC },
	{ "data_out of no size", TCP4, .data_out_bytes = CALL_NO_BYTES },
	{ "data_out of no size, at nothing", TCP4, .data_out_bytes = CALL_NO_BYTES, .data_out_at = BAD, .ret = -EFAULT },
	{ "no data_out", TCP4, .data_out_at = NONE },
	{ "no data_out, no size", TCP4, .data_out_at = NONE, .data_out_bytes = CALL_NO_BYTES },
	{ "no data_out, a short size", TCP4, .data_out_at = NONE, .data_out_bytes = 10, .ret = -ENOSPC },
	{ "data_out at nothing", TCP4, .data_out_at = BAD, .ret = -EFAULT },
	{ "data_out at nothing, a short size", TCP4, .data_out_at = BAD, .data_out_bytes = 10, .ret = -ENOSPC },
	{ "data_out, half of it there", TCP4, .data_out_at = HALF, .ret = -EFAULT },
	{ "data_out, what is asked for there", TCP4, .data_out_at = HALF, .data_out_bytes = CALL_HALF, .ret = -ENOSPC },
	{ "data_out, one more asked for", TCP4, .data_out_at = HALF, .data_out_bytes = CALL_HALF + 1, .ret = -ENOSPC },
	{ "data_out of what was written", TCP4, RUN({ PKT_ST(0, 8, 0x1122334455667788) }, { PKT_ST(73, 1, 0x99) }) },

	/* ctx_out. */
	{ "ctx_out of 191", TCP4, .ctx = CTX_IN(.hwtstamp = ~0ull), .ctx_out_bytes = 191, .ret = -ENOSPC },
	{ "ctx_out of 1", TCP4, .ctx = CTX_IN(.mark = ~0u), .ctx_out_bytes = 1, .ret = -ENOSPC },
	{ "ctx_out of a part of mark", TCP4, .ctx = CTX_IN(.mark = ~0u), .ctx_out_bytes = 10, .ret = -ENOSPC },
	{ "ctx_out of more", TCP4, .ctx = CTX_IN(.mark = ~0u), .ctx_out_bytes = 1000 },
	{ "ctx_out at nothing", TCP4, .ctx = CTX_IN(.mark = ~0u), .ctx_out_at = BAD, .ret = -EFAULT },
	{ "ctx_out at nothing, a short size", TCP4, .ctx = CTX_IN(.mark = ~0u), .ctx_out_at = BAD, .ctx_out_bytes = 10, .ret = -ENOSPC },
	{ "ctx_out, half of it there", TCP4, .ctx = CTX_IN(.mark = ~0u), .ctx_out_at = HALF, .ret = -EFAULT },
	{ "ctx_out, what is asked for there", TCP4, .ctx = CTX_IN(.mark = ~0u), .ctx_out_at = HALF, .ctx_out_bytes = CALL_HALF, .ret = -ENOSPC },
	{ "short data_out, short ctx_out", TCP4, .ctx = CTX_IN(.mark = ~0u), .data_out_bytes = 10, .ctx_out_bytes = 10, .ret = -ENOSPC },
	{ "short data_out, ctx_out at nothing", TCP4, .ctx = CTX_IN(.mark = ~0u), .data_out_bytes = 10, .ctx_out_at = BAD, .ret = -ENOSPC },
	{ "both at nothing", TCP4, .ctx = CTX_IN(.mark = ~0u), .data_out_at = BAD, .ctx_out_at = BAD, .ret = -EFAULT },
	{ "ctx_out of stores", TCP4, .ctx = CTX_IN(.mark = 1, .priority = 2, .tstamp = 3), .ctx_out = CTX_IN(.mark = 0x11, .priority = 0x12, .tstamp = 0x13, .cb = { 0, 0, 0, 0x14 }, .ifindex = 1, .wire_len = 74), RUN({ CTX_ST(mark, 0x11) }, { CTX_ST(priority, 0x12) }, { CTX_ST(tstamp, 0x13) }, { CTX_ST(cb[3], 0x14) }, { CTX_ST(queue_mapping, 0x15) }, { CTX_ST(tc_index, 0x16) }, { CTX_ST(tc_classid, 0x17) }) },
	{ "ctx_out of what is no store's", TCP4, .ctx = CTX_IN(.gso_segs = 7, .gso_size = 0x10008, .hwtstamp = 9, .ingress_ifindex = 10, .wire_len = 100), .ctx_out = CTX_IN(.gso_segs = 7, .gso_size = 0x10008, .hwtstamp = 9, .ingress_ifindex = 10, .wire_len = 100, .ifindex = 1) },

	/* Verdicts, repeats. */
	{ "verdict of 77", TCP4, .verdict = 77 },
	{ "verdict of -1", TCP4, .verdict = -1 },
	{ "verdict of TC_ACT_REDIRECT", TCP4, .verdict = 7 },
	{ "verdict of TC_ACT_SHOT", TCP4, .verdict = 2 },
	{ "verdict of 64 bits", TCP4, .ctx = CTX_IN(.tstamp = 0x1122334455667788), .verdict = SCRIPT_LAST, RUN({ CTX_LD(tstamp), .want = 0x1122334455667788 }) },
	{ "1000 runs", TCP4, .repeat = 1000, .verdict = 3 },
	{ "the last run's verdict", TCP4, .repeat = 2, .verdict = SCRIPT_LAST, RUN({ CTX_LD(mark), .want = 5 }, { CTX_ST(mark, 5) }, { BUF_LD(0, 1), .want = 0xa5 }, { CTX_LD(mark), .want = 5 }) },
	{ "the last run's bytes", TCP4, .repeat = 3, RUN({ PKT_LD(60, 1), .want = 0x77 }, { PKT_ST(60, 1, 0x77) }) },
	{ "wire_len stays", TCP4, .repeat = 2, RUN({ CALL(skb_change_tail, CTX, IMM(60), IMM(0)) }, { CTX_LD(len), .want = 60 }, { CTX_LD(wire_len), .want = 74 }) },
	{ "data_out of what grew", TCP4, .data_out_bytes = 90, .ret = -ENOSPC, RUN({ CALL(skb_change_tail, CTX, IMM(100), IMM(0)) }) },
	{ "data_out of what grew beyond a page", LARGE, RUN({ CALL(skb_change_tail, CTX, IMM(4000), IMM(0)) }, { CTX_LD(len), .want = 4000 }) },
	{ "zeros where it shrank and grew", TCP4, RUN({ CALL(skb_change_tail, CTX, IMM(40), IMM(0)) }, { CALL(skb_change_tail, CTX, IMM(60), IMM(0)) }, { PKT_LD(40, 8) }, { PKT_LD(52, 8) }) },
	{ "a tag beside the packet", TCP4, RUN({ CALL(skb_vlan_push, CTX, IMM(0x81), IMM(0x2123)) }, { CTX_LD(vlan_present), .want = 1 }, { CTX_LD(vlan_tci), .want = 0x2123 }, { CTX_LD(len), .want = 74 }) },

	/* The sum. */
	{ "sum of IPv4", TCP4, .flags = CSUM },
	{ "sum of IPv6", TCP6, .flags = CSUM },
	{ "sum of ARP", ARP, .flags = CSUM },
	{ "sum of 14 bytes", ETHER, .flags = CSUM },
	{ "sum of 15 bytes", UNKNOWN, .bytes = 15, .flags = CSUM },
	{ "sum of 3711 bytes", LARGE, .bytes = 3711, .flags = CSUM },
	{ "sum left wrong", TCP4, .flags = CSUM, SPOIL, .ret = -EBADMSG },
	{ "sum left wrong without the flag", TCP4, SPOIL },
	{ "sum without the link header", TCP4, .flags = CSUM, RUN({ PKT_ST(0, 8, -1) }, { PKT_ST(12, 2, 0) }) },
	{ "sum of a store across the headers", TCP4, .flags = CSUM, RUN({ PKT_ST(10, 8, 0x1122334455667788) }), .ret = -EBADMSG },
	{ "sum of 0 and 0xffff", TCP4, .flags = CSUM, RUN({ PKT_ST(60, 2, 0) }), .ret = -EBADMSG },
	{ "sum, words exchanged", TCP4, .flags = CSUM, RUN({ PKT_ST(54, 2, 0x160f) }, { PKT_ST(56, 2, 0x0801) }) },
	{ "sum made right again", TCP4, .flags = CSUM, .repeat = 2, RUN({ PKT_LD(60, 1), .want = 0x2b }, { PKT_ST(60, 1, 0x55) }, { PKT_ST(60, 1, 0x2b) }) },
	{ "sum, verdict of a drop", TCP4, .flags = CSUM, .verdict = 2 },
	{ "sum left wrong, short data_out", TCP4, .flags = CSUM, SPOIL, .data_out_bytes = 10, .ret = -EBADMSG },
	{ "sum left wrong, data_out at nothing", TCP4, .flags = CSUM, SPOIL, .data_out_at = BAD, .ret = -EBADMSG },
	{ "sum left wrong, short ctx_out", TCP4, .flags = CSUM, SPOIL, .ctx_out_bytes = 10, .ret = -EBADMSG },
	{ "sum, refused field", TCP4, .flags = CSUM, .ctx = CTX_IN(.len = 1), .ret = -EINVAL },
	{ "sum, updated by 0", TCP4, .flags = CSUM, RUN({ CALL(csum_update, CTX, IMM(0)), ANY }) },
	{ "sum, updated by 5", TCP4, .flags = CSUM, RUN({ CALL(csum_update, CTX, IMM(5)), ANY }), .ret = -EBADMSG },
	{ "sum, updated by 0xffff", TCP4, .flags = CSUM, RUN({ CALL(csum_update, CTX, IMM(0xffff)), ANY }) },
	{ "sum, updated by -1", TCP4, .flags = CSUM, RUN({ CALL(csum_update, CTX, IMM(0xffffffff)), ANY }) },
	{ "sum, tag beside the packet", TCP4, .flags = CSUM, RUN({ CALL(skb_vlan_push, CTX, IMM(0x81), IMM(1)) }) },
	{ "sum, tag into the packet", TCP4, .flags = CSUM, RUN({ CALL(skb_vlan_push, CTX, IMM(0x81), IMM(1)) }, { CALL(skb_vlan_push, CTX, IMM(0x81), IMM(2)) }), .ret = -EBADMSG },
	{ "sum, tag out of the packet", VLAN, .flags = CSUM, RUN({ CALL(skb_vlan_pop, CTX) }), .ret = -EBADMSG },
	{ "sum, shrunk", TCP4, .flags = CSUM, RUN({ CALL(skb_change_tail, CTX, IMM(60), IMM(0)) }), .ret = -EBADMSG },
	{ "sum, grown", TCP4, .flags = CSUM, RUN({ CALL(skb_change_tail, CTX, IMM(80), IMM(0)) }) },
};
/* clang-format on */

static const u32 types[] = { BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SCHED_ACT };

static void
test_rows(void **state)
{
	struct call_pair *p = call_open();
	u32 i, t;

	(void)state;
	for (t = 0; t < XB_ARRAY_SIZE(types); t++)
		for (i = 0; i < XB_ARRAY_SIZE(rows); i++)
			call_do(p, &rows[i], types[t]);
	call_close(p);
}

/* What comes of a context of zeros but for one byte, which is 1: where nothing is said, EINVAL. */
static const struct {
	u32 off, bytes;
	long ret;
} ctx_bytes[] = {
	{ 8, 4, 0 },        /* mark */
	{ 32, 4, 0 },       /* priority */
	{ 36, 4, 0 },       /* ingress_ifindex */
	{ 40, 1, 0 },       /* ifindex: the loopback's */
	{ 41, 3, -ENODEV }, /* of none */
	{ 48, 20, 0 },      /* cb */
	{ 152, 8, 0 },      /* tstamp */
	{ 161, 2, 0 }, /* wire_len: 256, 65536; 1 is less than the packet's, 1 << 24 too long */
	{ 164, 2, 0 }, /* gso_segs: up to 65535 */
	{ 176, 4, 0 }, /* gso_size */
	{ 184, 8, 0 }, /* hwtstamp */
};

static void
test_ctx_bytes(void **state)
{
	struct call_pair *p = call_open();
	u32 i, k, t;

	(void)state;
	for (t = 0; t < XB_ARRAY_SIZE(types); t++)
		for (i = 0; i < CTX_BYTES; i++) {
			char name[64];
			struct __sk_buff ctx;
			struct call_row row = { name, TCP4, .ctx = &ctx, .ret = -EINVAL };

			for (k = 0; k < XB_ARRAY_SIZE(ctx_bytes); k++)
				if (i - ctx_bytes[k].off < ctx_bytes[k].bytes)
					row.ret = ctx_bytes[k].ret;
			snprintf(name, sizeof(name), "byte %u of ctx_in", i);
			memset(&ctx, 0, sizeof(ctx));
			((u8 *)&ctx)[i] = 1;
			call_do(p, &row, types[t]);
		}
	call_close(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_ctx_bytes),
	};

	return cmocka_run_group_tests_name("skb test run", tests, NULL, NULL);
}
