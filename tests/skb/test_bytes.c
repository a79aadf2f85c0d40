/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bytes.c - bpf_skb_load_bytes, bpf_skb_store_bytes, bpf_skb_load_bytes_relative and
 * bpf_skb_pull_data.
 */
#include "tests/skb/run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* clang-format off */
static const struct skb_case cases[] = {
	{ "load_bytes: ethertype", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(12), BUF(0), IMM(2)) }, { BUF_LD(0, 4), .want = 0xa6a70008 }) },
	{ "load_bytes: all", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(0), BUF(0), IMM(74)) }, { BUF_LD(0, 8), .want = 0x2000000000000 }, { BUF_LD(66, 8), .want = (s64)0x867f78716a635c55 }, { BUF_LD(74, 2), .want = 0xeeef }) },
	{ "load_bytes: last", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(73), BUF(0), IMM(1)) }, { BUF_LD(0, 2), .want = 0xa486 }) },
	{ "load_bytes: past the end", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(73), BUF(0), IMM(2)), .want = -EFAULT }, { BUF_LD(0, 4), .want = 0xa6a70000 }) },
	{ "load_bytes: at the end", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(74), BUF(0), IMM(1)), .want = -EFAULT }, { BUF_LD(0, 2), .want = 0xa400 }) },
	{ "load_bytes: more than the packet", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(0), BUF(0), IMM(75)), .want = -EFAULT }, { BUF_LD(0, 8) }, { BUF_LD(67, 8) }, { BUF_LD(75, 1), .want = 0xee }) },
	{ "load_bytes: all of the buffer", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(0), BUF(0), IMM(8192)), .want = -EFAULT }, { BUF_LD(8184, 8) }) },
	{ "load_bytes: offset of INT_MAX", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(2147483647), BUF(0), IMM(1)), .want = -EFAULT }, { BUF_LD(0, 1) }) },
	{ "load_bytes: offset of INT_MAX + 1", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(2147483648), BUF(0), IMM(1)), .want = -EFAULT }, { BUF_LD(0, 1) }) },
	{ "load_bytes: offset of -1", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(-1), BUF(0), IMM(4)), .want = -EFAULT }, { BUF_LD(0, 4) }) },
	{ "load_bytes: offset beyond 32 bits", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(0x10000000cll), BUF(0), IMM(2)) }, { BUF_LD(0, 2), .want = 8 }) },
	{ "load_bytes: no bytes", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(0), BUF(0), IMM(0)) }), .load = -EACCES },
	{ "load_bytes: 14-byte packet", ETHER, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(0), BUF(0), IMM(14)) }, { BUF_LD(8, 8), .want = (s64)0xaaabb58801000000 }) },
	{ "load_bytes: past 14 bytes", ETHER, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(0), BUF(0), IMM(15)), .want = -EFAULT }, { BUF_LD(8, 8), .want = (s64)0xaa00000000000000 }) },
	{ "load_bytes: longest packet", LARGE, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(0), BUF(0), IMM(3712)) }, { BUF_LD(3704, 8), .want = 0xf9f2ebe4ddd6cf }) },
	{ "load_bytes: past the longest", LARGE, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(1), BUF(0), IMM(3712)), .want = -EFAULT }, { BUF_LD(3704, 8) }) },
	{ "load_bytes: what was written", TCP4, .script = STEPS({ PKT_ST(20, 4, 0x11223344) }, { CALL(skb_load_bytes, CTX, IMM(20), BUF(0), IMM(4)) }, { BUF_LD(0, 4), .want = 0x11223344 }) },
	{ "load_bytes: onto the stack", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(26), STACK(8), IMM(4)) }, { BUF_LD(8, 4), .want = 0x10200c0 }) },
	{ "load_bytes: past the end, onto the stack", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(72), STACK(8), IMM(4)), .want = -EFAULT }, { BUF_LD(8, 4) }) },
	{ "load_bytes: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { CALL(skb_load_bytes, CTX, IMM(12), BUF(0), IMM(2)) }, { BUF_LD(0, 2), .want = 8 } } } },

	{ "store_bytes: first", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(1), IMM(0)) }, { PKT_LD(0, 2), .want = 17 }) },
	{ "store_bytes: last", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(73), BUF(0), IMM(1), IMM(0)) }, { PKT_LD(72, 2), .want = 0x117f }) },
	{ "store_bytes: past the end", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(73), BUF(0), IMM(2), IMM(0)), .want = -EFAULT }, { PKT_LD(72, 2), .want = 0x867f }) },
	{ "store_bytes: at the end", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(74), BUF(0), IMM(1), IMM(0)), .want = -EFAULT }) },
	{ "store_bytes: all", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(74), IMM(0)) }, { PKT_LD(0, 8), .want = (s64)0x8877665544332211 }, { PKT_LD(66, 8), .want = (s64)0xecede2e3e0e1e6e7 }) },
	{ "store_bytes: more than the packet", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(75), IMM(0)), .want = -EFAULT }, { PKT_LD(0, 4) }) },
	{ "store_bytes: longest packet", LARGE, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(3712), IMM(0)) }, { PKT_LD(3708, 4), .want = 0xd4d5d6d7 }) },
	{ "store_bytes: past the longest", LARGE, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(1), BUF(0), IMM(3712), IMM(0)), .want = -EFAULT }, { PKT_LD(3708, 4), .want = 0xf9f2eb }) },
	{ "store_bytes: offset of INT_MAX", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(2147483647), BUF(0), IMM(1), IMM(0)), .want = -EFAULT }) },
	{ "store_bytes: offset of INT_MAX + 1", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(2147483648), BUF(0), IMM(1), IMM(0)), .want = -EFAULT }) },
	{ "store_bytes: offset of -1", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(-1), BUF(0), IMM(1), IMM(0)), .want = -EFAULT }) },
	{ "store_bytes: offset beyond 32 bits", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0x100000002ll), BUF(0), IMM(2), IMM(0)) }, { PKT_LD(0, 4), .want = 0x22110000 }) },
	{ "store_bytes: no bytes", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(0), IMM(0)) }), .load = -EACCES },
	{ "store_bytes: flag 4", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(1), IMM(4)), .want = -EINVAL }, { PKT_LD(0, 1) }) },
	{ "store_bytes: flag of 63 bits", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(1), IMM(1ull << 63)), .want = -EINVAL }, { PKT_LD(0, 1) }) },
	{ "store_bytes: flag 4 and past the end", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(80), BUF(0), IMM(1), IMM(4)), .want = -EINVAL }) },
	{ "store_bytes: all flags", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(1), IMM(-1)), .want = -EINVAL }) },
	{ "store_bytes: recompute", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(40), BUF(0), IMM(4), IMM(BPF_F_RECOMPUTE_CSUM)) }, { PKT_LD(40, 4), .want = 0x44332211 }) },
	{ "store_bytes: recompute past the end", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(72), BUF(0), IMM(4), IMM(BPF_F_RECOMPUTE_CSUM)), .want = -EFAULT }, { PKT_LD(70, 4), .want = 0x867f7871 }) },
	{ "store_bytes: hash stays", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { CALL(skb_store_bytes, CTX, IMM(40), BUF(0), IMM(4), IMM(0)) }, { CTX_LD(hash), .want = 77 }) },
	{ "store_bytes: hash goes", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { CALL(skb_store_bytes, CTX, IMM(40), BUF(0), IMM(4), IMM(BPF_F_INVALIDATE_HASH)) }, { CTX_LD(hash) }) },
	{ "store_bytes: hash goes, recompute", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { CALL(skb_store_bytes, CTX, IMM(40), BUF(0), IMM(4), IMM(BPF_F_INVALIDATE_HASH | BPF_F_RECOMPUTE_CSUM)) }, { CTX_LD(hash) }) },
	{ "store_bytes: hash stays on error", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { CALL(skb_store_bytes, CTX, IMM(72), BUF(0), IMM(4), IMM(BPF_F_INVALIDATE_HASH)), .want = -EFAULT }, { CTX_LD(hash), .want = 77 }) },
	{ "store_bytes: hash stays on a bad flag", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { CALL(skb_store_bytes, CTX, IMM(40), BUF(0), IMM(4), IMM(BPF_F_INVALIDATE_HASH | 8)), .want = -EINVAL }, { CTX_LD(hash), .want = 77 }) },
	{ "store_bytes: sum kept right", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(40), BUF(0), IMM(4), IMM(BPF_F_RECOMPUTE_CSUM)) }) },
	{ "store_bytes: sum kept right, odd offset", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(41), BUF(0), IMM(4), IMM(BPF_F_RECOMPUTE_CSUM)) }) },
	{ "store_bytes: sum kept right, odd length", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(40), BUF(0), IMM(3), IMM(BPF_F_RECOMPUTE_CSUM)) }) },
	{ "store_bytes: sum kept right, both odd", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(41), BUF(0), IMM(7), IMM(BPF_F_RECOMPUTE_CSUM)) }) },
	{ "store_bytes: sum kept right, last byte", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(73), BUF(0), IMM(1), IMM(BPF_F_RECOMPUTE_CSUM)) }) },
	{ "store_bytes: sum kept right, twice", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(15), BUF(0), IMM(1), IMM(BPF_F_RECOMPUTE_CSUM)) }, { CALL(skb_store_bytes, CTX, IMM(50), BUF(0), IMM(5), IMM(BPF_F_RECOMPUTE_CSUM)) }) },
	{ "store_bytes: sum kept right, repeatedly", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .repeat = 3, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(15), BUF(0), IMM(1), IMM(BPF_F_RECOMPUTE_CSUM)) }, { CALL(skb_store_bytes, CTX, IMM(50), BUF(0), IMM(5), IMM(BPF_F_RECOMPUTE_CSUM)) }) },
	{ "store_bytes: sum left wrong", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(40), BUF(0), IMM(4), IMM(0)) }), .ret = -EBADMSG },
	{ "store_bytes: sum of the link header is none", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(4), IMM(0)) }) },
	{ "store_bytes: sum of the link header, recomputed", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(4), IMM(BPF_F_RECOMPUTE_CSUM)) }), .ret = -EBADMSG },
	{ "store_bytes: sum across both headers", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(12), BUF(0), IMM(4), IMM(BPF_F_RECOMPUTE_CSUM)) }), .ret = -EBADMSG },
	{ "store_bytes: sum of the same bytes", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(40), BUF(0), IMM(4)) }, { CALL(skb_store_bytes, CTX, IMM(40), BUF(0), IMM(4), IMM(0)) }) },
	{ "store_bytes: sum of a longest packet", LARGE, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(14), BUF(0), IMM(3698), IMM(BPF_F_RECOMPUTE_CSUM)) }) },
	{ "store_bytes: from the stack", TCP4, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(30), STACK(4), IMM(4), IMM(0)) }, { PKT_LD(30, 4), .want = 0x88776655 }) },
	{ "store_bytes: 14-byte packet", ETHER, PRESET(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88), .script = STEPS({ CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(14), IMM(0)) }, { PKT_LD(10, 4), .want = 0xa8a9aeaf }) },

	{ "load_bytes_relative: mac", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(12), BUF(0), IMM(2), IMM(BPF_HDR_START_MAC)) }, { BUF_LD(0, 4), .want = 0xa6a70008 }) },
	{ "load_bytes_relative: net", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(9), BUF(0), IMM(1), IMM(BPF_HDR_START_NET)) }, { BUF_LD(0, 2), .want = 0xa406 }) },
	{ "load_bytes_relative: net, tagged", VLAN, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(0), IMM(4), IMM(BPF_HDR_START_NET)) }, { BUF_LD(0, 4), .want = 0x86460 }) },
	{ "load_bytes_relative: mac, last", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(73), BUF(0), IMM(1), IMM(BPF_HDR_START_MAC)) }, { BUF_LD(0, 1), .want = 0x86 }) },
	{ "load_bytes_relative: mac, past the end", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(73), BUF(0), IMM(2), IMM(BPF_HDR_START_MAC)), .want = -EFAULT }, { BUF_LD(0, 2) }) },
	{ "load_bytes_relative: mac, at the end", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(74), BUF(0), IMM(1), IMM(BPF_HDR_START_MAC)), .want = -EFAULT }, { BUF_LD(0, 1) }) },
	{ "load_bytes_relative: net, last", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(59), BUF(0), IMM(1), IMM(BPF_HDR_START_NET)) }, { BUF_LD(0, 1), .want = 0x86 }) },
	{ "load_bytes_relative: net, past the end", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(59), BUF(0), IMM(2), IMM(BPF_HDR_START_NET)), .want = -EFAULT }, { BUF_LD(0, 2) }) },
	{ "load_bytes_relative: net, all", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(0), IMM(60), IMM(BPF_HDR_START_NET)) }, { BUF_LD(52, 8), .want = (s64)0x867f78716a635c55 }) },
	{ "load_bytes_relative: mac, all", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(0), IMM(74), IMM(BPF_HDR_START_MAC)) }, { BUF_LD(66, 8), .want = (s64)0x867f78716a635c55 }) },
	{ "load_bytes_relative: net, more than all", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(0), IMM(61), IMM(BPF_HDR_START_NET)), .want = -EFAULT }, { BUF_LD(0, 8) }) },
	{ "load_bytes_relative: no header", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(0), IMM(4), IMM(2)), .want = -EFAULT }, { BUF_LD(0, 4) }) },
	{ "load_bytes_relative: header of -1", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(0), IMM(4), IMM(-1)), .want = -EFAULT }, { BUF_LD(0, 4) }) },
	{ "load_bytes_relative: header beyond 32 bits", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(0), IMM(4), IMM(0x100000000ll)) }, { BUF_LD(0, 4) }) },
	{ "load_bytes_relative: offset of 0xffff", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(65535), BUF(0), IMM(1), IMM(BPF_HDR_START_NET)), .want = -EFAULT }, { BUF_LD(0, 1) }) },
	{ "load_bytes_relative: offset of 0x10000", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(65536), BUF(0), IMM(1), IMM(BPF_HDR_START_NET)), .want = -EFAULT }, { BUF_LD(0, 1) }) },
	{ "load_bytes_relative: offset of -1", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(-1), BUF(0), IMM(1), IMM(BPF_HDR_START_NET)), .want = -EFAULT }, { BUF_LD(0, 1) }) },
	{ "load_bytes_relative: offset beyond 32 bits", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(0x100000009ll), BUF(0), IMM(1), IMM(BPF_HDR_START_NET)) }, { BUF_LD(0, 1), .want = 6 }) },
	{ "load_bytes_relative: no bytes", TCP4, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(0), IMM(0), IMM(BPF_HDR_START_NET)) }), .load = -EACCES },
	{ "load_bytes_relative: net of a 14-byte packet", ETHER, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(0), IMM(1), IMM(BPF_HDR_START_NET)), .want = -EFAULT }, { BUF_LD(0, 1) }) },
	{ "load_bytes_relative: mac of a 14-byte packet", ETHER, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(12), BUF(0), IMM(2), IMM(BPF_HDR_START_MAC)) }, { BUF_LD(0, 2), .want = 0xb588 }) },
	{ "load_bytes_relative: longest packet", LARGE, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(0), IMM(3698), IMM(BPF_HDR_START_NET)) }, { BUF_LD(3690, 8), .want = 0xf9f2ebe4ddd6cf }) },
	{ "load_bytes_relative: past the longest", LARGE, .script = STEPS({ CALL(skb_load_bytes_relative, CTX, IMM(1), BUF(0), IMM(3698), IMM(BPF_HDR_START_NET)), .want = -EFAULT }) },
	{ "load_bytes_relative: after change_head", TCP4, .script = STEPS({ CALL(skb_change_head, CTX, IMM(14), IMM(0)) }, { CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(0), IMM(4), IMM(BPF_HDR_START_MAC)) }, { CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(4), IMM(4), IMM(BPF_HDR_START_NET)) }, { BUF_LD(0, 8), .want = 0x3c00004500000000 }) },
	{ "load_bytes_relative: after vlan_push", TCP4, .script = STEPS({ CALL(skb_vlan_push, CTX, IMM(0xa888), IMM(5)) }, { CALL(skb_vlan_push, CTX, IMM(0x0081), IMM(6)) }, { CALL(skb_load_bytes_relative, CTX, IMM(12), BUF(0), IMM(4), IMM(BPF_HDR_START_MAC)) }, { CALL(skb_load_bytes_relative, CTX, IMM(0), BUF(4), IMM(4), IMM(BPF_HDR_START_NET)) }, { BUF_LD(0, 8), .want = 0x805000500a888 }) },

	{ "pull_data: nothing said", TCP4, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(0)) }) },
	{ "pull_data: all", TCP4, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(74)) }, { PKT_LD(73, 1), .want = 0x86 }) },
	{ "pull_data: a part", TCP4, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(20)) }, { PKT_LD(73, 1), .want = 0x86 }) },
	{ "pull_data: too much", TCP4, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(75)), .want = -ENOMEM }) },
	{ "pull_data: far too much", TCP4, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(2147483647)), .want = -ENOMEM }) },
	{ "pull_data: 2^31", TCP4, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(2147483648)), .want = -ENOMEM }) },
	{ "pull_data: -1", TCP4, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(-1)), .want = -ENOMEM }) },
	{ "pull_data: length beyond 32 bits", TCP4, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(0x100000000ll)) }) },
	{ "pull_data: 14-byte packet", ETHER, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(14)) }) },
	{ "pull_data: past 14 bytes", ETHER, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(15)), .want = -ENOMEM }) },
	{ "pull_data: longest packet", LARGE, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(3712)) }) },
	{ "pull_data: past the longest", LARGE, .script = STEPS({ CALL(skb_pull_data, CTX, IMM(3713)), .want = -ENOMEM }) },
};
/* clang-format on */

static void
test_cases(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests_name("skb bytes", tests, NULL, NULL);
}
