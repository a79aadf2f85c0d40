/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/corpus.h"

#define COMPLETE(object_) .name = object_ ", sum known", .object = object_, .skb = CORPUS_SUM_KNOWN
#define SEGMENTS(object_) .name = object_ ", segments", .object = object_, .skb = CORPUS_SEGMENTS

/* clang-format off */
#define DNAT4 { \
	{ "forwards", "c0 00 02 50  01 bb  11 00", "0a 00 00 63  20 fb  11 00" }, \
	{ "forwards", "c0 00 02 50  00 50  06 00", "0a 00 00 63  1f 90  06 00" }, \
	{ "forwards", "0a 00 00 02  00 35  11 00", "0a 00 00 64  14 e9  11 00" }, \
	{ "forwards", "c0 00 02 0a  01 bb  06 00", "0a 00 00 62  20 fb  06 00" }, \
	{ "backwards", "0a 00 00 63  20 fb  11 00", "c0 00 02 50  01 bb  11 00" }, \
	{ "backwards", "0a 00 00 63  1f 90  06 00", "c0 00 02 50  00 50  06 00" }, \
}
#define NAT46 { \
	{ "hosts", "c0 00 02 50", "20 01 0d b8 00 46 00 00 00 00 00 00 00 00 00 80" }, \
	{ "hosts", "0a 00 00 02", "20 01 0d b8 00 46 00 00 00 00 00 00 00 00 00 02" }, \
	{ "hosts", "c0 00 02 0a", "20 01 0d b8 00 46 00 00 00 00 00 00 00 00 00 10" }, \
}
#define NAT6 { \
	{ "inside", "fd 00 00 01 00 00  00 00", "20 01 0d b8 00 0f  00 00" }, \
	{ "inside", "20 01 0d b8 00 01  00 00", "20 01 0d b8 a1 a1  00 00" }, \
	{ "outside", "20 01 0d b8 00 0f  00 00", "fd 00 00 01 00 00  00 00" }, \
	{ "outside", "20 01 0d b8 00 02  00 00", "20 01 0d b8 b2 b2  00 00" }, \
}
/* An identity of an IPv4 network of so many bits; the address is ::ffff and then its own. */
#define ID4(bits, addr, id) \
	{ "identities", bits " 00 00 00  00 00 00 00 00 00 00 00 00 00 ff ff " addr, id " 00 00" }
#define ID6(bits, addr, id) \
	{ "identities", bits " 00 00 00 " addr " 00 00 00 00 00 00 00 00 00 00", id " 00 00" }
#define RULE(from, to, port_proto, allow, priority) \
	{ "rules", from " 00 00 " to " 00 00 " port_proto " 00", \
	  allow " 00 00 00 " priority " 00 00 00  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00" }
#define VERDICT(mark, set, verdict) \
	{ "actions", mark " 00 00 00", "0f 00 00 00  " set " 00 00 00 " verdict "  00 00 00 00" }

const struct corpus_row tc_rows[] = {
	{ .object = "act", .elems = {
		{ "holes", "18 00 00 00  c6 33 64 00", "00 00 00 00 00 00 00 00" },
		{ "holes", "20 00 00 00  c0 00 02 50", "07 00 00 00 00 00 00 00" },
	} },
	{ .object = "arp_responder", .elems = {
		{ "neighbours", "0a 00 00 02", "02 00 00 00 00 22 00 00" },
		{ "neighbours", "c0 00 02 0a", "02 00 00 00 00 33 00 00" },
	} },
	{ .object = "chooser", .elems = {
		{ "routes", "c0 00 02 50", "01 00 00 00  01 00 00 00  00 00 00 00" },
		{ "routes", "0a 00 00 02", "02 00 00 00  01 00 00 00  00 00 00 00" },
		{ "routes", "0a 00 00 01", "03 00 00 00  01 00 00 00  00 00 00 00" },
		{ "routes", "c6 33 64 14", "04 00 00 00  01 00 00 00  00 00 00 00" },
		{ "routes", "c0 00 02 0a", "05 00 00 00  01 00 00 00  0a 00 00 fe" },
		{ "routes", "e0 00 00 01", "06 00 00 00  01 00 00 00  00 00 00 00" },
	} },
	{ .object = "classes" },
	{ .object = "csum" },
	{ COMPLETE("csum") },
	{ .object = "decap" },
	{ COMPLETE("decap") },
	{ .object = "dispatcher" },
	{ .object = "dnat4", .elems = DNAT4 },
	{ COMPLETE("dnat4"), .elems = DNAT4 },
	{ .object = "ecn" },
	{ COMPLETE("ecn") },
	{ .object = "edt" },
	{ .object = "encap4" },
	{ COMPLETE("encap4") },
	{ SEGMENTS("encap4") },
	{ .object = "encap6" },
	{ .object = "ext6" },
	{ .object = "fib_forward", .net = &corpus_network },
	{ .object = "flow_events" },
	{ .object = "flow_hash" },
	{ .object = "flowtrack" },
	{ .object = "gateway" },
	{ SEGMENTS("gateway") },
	{ .object = "frag_needed" },
	{ .object = "gso" },
	{ SEGMENTS("gso") },
	{ .object = "hash_spread", .not_compared = "hashes with a secret of the boot" },
	{ .object = "hop_limit" },
	{ COMPLETE("hop_limit") },
	{ .object = "ip_option" },
	{ COMPLETE("ip_option") },
	{ .object = "ld_abs" },
	{ .object = "left_meta" },
	{ .object = "marks", .elems = {
		VERDICT("00", "01", "ff ff ff ff"),
		VERDICT("01", "02", "00 00 00 00"),
		VERDICT("02", "03", "01 00 00 00"),
		VERDICT("03", "04", "02 00 00 00"),
		VERDICT("04", "05", "03 00 00 00"),
		VERDICT("05", "06", "04 00 00 00"),
		VERDICT("06", "07", "05 00 00 00"),
		VERDICT("07", "08", "06 00 00 00"),
		VERDICT("08", "09", "07 00 00 00"),
		VERDICT("09", "0a", "08 00 00 00"),
	} },
	{ .object = "mpls", .elems = {
		{ "swaps", "e8 03 00 00", "d0 07 00 00" },
	} },
	{ .object = "mss_clamp" },
	{ COMPLETE("mss_clamp") },
	{ .object = "mtu_police", .net = &corpus_network },
	{ SEGMENTS("mtu_police"), .net = &corpus_network },
	{ .object = "nat46", .elems = NAT46 },
	{ COMPLETE("nat46"), .elems = NAT46 },
	{ SEGMENTS("nat46"), .elems = NAT46 },
	{ .object = "nat6", .elems = NAT6 },
	{ COMPLETE("nat6"), .elems = NAT6 },
	{ .object = "nat64" },
	{ COMPLETE("nat64") },
	{ SEGMENTS("nat64") },
	{ .object = "pacer", .not_compared = "reads the clock" },
	{ .object = "ping_responder" },
	{ COMPLETE("ping_responder") },
	{ .object = "policy", .elems = {
		ID4("68", "0a 00 00 00", "64 00"),
		ID4("78", "c0 00 02 00", "c8 00"),
		ID4("78", "cb 00 71 00", "f4 01"),
		ID6("30", "20 01 0d b8 00 01", "2c 01"),
		ID6("30", "20 01 0d b8 00 02", "90 01"),
		RULE("64 00", "c8 00", "01 bb 11", "01", "05"),
		RULE("64 00", "c8 00", "00 50 06", "01", "00"),
		RULE("64 00", "c8 00", "00 00 11", "00", "00"),
		RULE("64 00", "64 00", "00 00 00", "01", "01"),
		RULE("f4 01", "c8 00", "00 00 06", "01", "02"),
		RULE("2c 01", "90 01", "01 bb 06", "01", "03"),
	} },
	{ .object = "pull_write" },
	{ .object = "qname", .elems = {
		{ "blocked", "03 62 61 64 07 65 78 61 6d 70 6c 65 03 6f 72 67" /* bad.example.org */
			     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
			     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
			     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "01 00 00 00" },
	} },
	{ .object = "relative" },
	{ .object = "sampler" },
	{ .object = "sk_fields" },
	{ .object = "snap" },
	{ COMPLETE("snap") },
	{ SEGMENTS("snap") },
	{ .object = "snat4" },
	{ COMPLETE("snat4") },
	{ .object = "sock_accounts", .net = &corpus_sockets },
	{ .object = "sock_dispatch", .net = &corpus_sockets, .elems = {
		{ "ports", "50 00 06 00", "00 50  00 00 c0 00 02 50" },
		{ "ports", "06 00 06 00", "01 bb  00 00 00 00 00 00" },
		{ "ports", "d0 07 11 00", "00 35  00 00 00 00 00 00" },
	} },
	{ .object = "span" },
	{ .object = "stages" },
	{ .object = "tcx" },
	{ .object = "tunnel_meta" },
	{ .object = "vlan_rewrite", .elems = {
		{ "translate", "05 00", "f4 01" },
		{ "translate", "64 00", "65 00" },
	} },
	{ .object = "vlan_tag" },
	{ COMPLETE("vlan_tag") },
	{ .object = "vlan_untag" },
	{ COMPLETE("vlan_untag") },
};
const u32 tc_row_cnt = XB_ARRAY_SIZE(tc_rows);
/* clang-format on */
