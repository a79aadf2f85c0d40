/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/corpus.h"

/* clang-format off */
const struct corpus_row corpus_rows[] = {
	{ .object = "aborted" },
	{ .object = "arith" },
	{ .object = "arp", .elems = {
		{ "neighbours", "0a 00 00 02", "02 00 00 00 00 22 00 00" },
	} },
	{ .object = "atomics" },
	{ .object = "balancer", .elems = {
		{ "services", "c0 00 02 50  00 50  06 00", "00 00 00 00" },
		{ "services", "c0 00 02 50  01 bb  11 00", "07 00 00 00" },
		{ "table", "03 00 00 00", "01 00 00 00" },
		{ "table", "80 00 00 00", "02 00 00 00" },
		{ "backends", "00 00 00 00", "0a 01 00 01  02 00 00 00 01 01  00 00" },
		{ "backends", "01 00 00 00", "0a 01 00 02  02 00 00 00 01 02  00 00" },
		{ "hits", "00 00 00 00", "05 00 00 00 00 00 00 00" },
	} },
	{ .object = "checksum" },
	{ .object = "clocks", .not_compared = "reads clocks" },
	{ .object = "conntrack" },
	{ .object = "dns", .elems = {
		{ "blocked", "2e 62 61 64 2e 65 78 61 6d 70 6c 65 2e 6f 72 67" /* .bad.example.org */
			     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
			     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
			     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "01" },
	} },
	{ .object = "drop" },
	{ .object = "dynptr_log" },
	{ .object = "each" },
	{ .object = "fib_router", .net = &corpus_network },
	{ .object = "firewall", .elems = {
		{ "blocked4", "18 00 00 00  c6 33 64 00", "00 00 00 00 00 00 00 00" },
		{ "blocked4", "20 00 00 00  cb 00 71 07", "00 00 00 00 00 00 00 00" },
		{ "blocked6", "30 00 00 00  20 01 0d b8 0b ad 00 00 00 00 00 00 00 00 00 00",
		  "00 00 00 00 00 00 00 00" },
		{ "open_ports", "16 00 06 00", "00 00 00 00 00 00 00 00" },
		{ "open_ports", "50 00 06 00", "00 00 00 00 00 00 00 00" },
		{ "open_ports", "bb 01 06 00", "00 00 00 00 00 00 00 00" },
		{ "open_ports", "35 00 11 00", "00 00 00 00 00 00 00 00" },
		{ "open_ports", "7b 00 11 00", "00 00 00 00 00 00 00 00" },
	} },
	{ .object = "five_tuple" },
	{ .object = "flow_expiry" },
	{ .object = "mtu_guard", .net = &corpus_network },
	{ .object = "new_flows" },
	{ .object = "frags" },
	{ .object = "globals" },
	{ .object = "guarded" },
	{ .object = "headroom" },
	{ .object = "icmp_echo" },
	{ .object = "icmp_too_big" },
	{ .object = "ipip_decap" },
	{ .object = "ipip_encap" },
	{ .object = "kconfig" },
	{ .object = "loop" },
	{ .object = "meta" },
	{ .object = "mirror", .elems = {
		{ "group", "02 00 00 00", "01 00 00 00  00 00 00 00" },
		{ "group", "63 00 00 00", "01 00 00 00  prog:xdp_mirror_egress" },
	} },
	{ .object = "multi" },
	{ .object = "nat", .elems = {
		{ "forwards", "c0 00 02 50  01 bb  00 00", "0a 00 00 63  1f 90  00 00" },
		{ "forwards", "0a 00 00 02  1b 59  00 00", "0a 00 00 64  00 35  00 00" },
	} },
	{ .object = "pad" },
	{ .object = "pass" },
	{ .object = "percpu" },
	{ .object = "perf" },
	{ .object = "pinned" },
	{ .object = "queue" },
	{ .object = "rate_limit", .not_compared = "reads the clock" },
	{ .object = "redirect" },
	{ .object = "reflect" },
	{ .object = "ringbuf" },
	{ .object = "router", .elems = {
		{ "routes", "00 00 00 00  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
		  "07 00 00 00  02 00 00 00 00 fe  02 00 00 00 00 01" },
		{ "routes", "68 00 00 00  00 00 00 00 00 00 00 00 00 00 ff ff 0a 00 00 00",
		  "00 00 00 00  02 00 00 00 00 aa  02 00 00 00 00 01" },
		{ "routes", "80 00 00 00  00 00 00 00 00 00 00 00 00 00 ff ff c0 00 02 50",
		  "01 00 00 00  02 00 00 00 00 bb  02 00 00 00 00 01" },
		{ "routes", "40 00 00 00  fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
		  "02 00 00 00  02 00 00 00 00 cc  02 00 00 00 00 01" },
		{ "tx_ports", "00 00 00 00", "01 00 00 00  00 00 00 00" },
		{ "tx_ports", "01 00 00 00", "01 00 00 00  00 00 00 00" },
	} },
	{ .object = "sample", .not_compared = "draws random numbers" },
	{ .object = "snprintf" },
	{ .object = "spin_lock" },
	{ .object = "spread", .elems = {
		{ "cpus", "00 00 00 00", "80 00 00 00  00 00 00 00" },
		{ "cpus", "01 00 00 00", "40 00 00 00  prog:xdp_spread_remote" },
	} },
	{ .object = "strtol" },
	{ .object = "subprog" },
	{ .object = "syn_proxy", .net = &corpus_sockets },
	{ .object = "syncookie" },
	{ .object = "tail_call" },
	{ .object = "tailroom" },
	{ .object = "tenants" },
	{ .object = "truncate" },
	{ .object = "ttl" },
	{ .object = "vlan_pop" },
	{ .object = "vlan_push" },
	{ .object = "vxlan" },
	{ .object = "xsk" },
};
const u32 corpus_row_cnt = XB_ARRAY_SIZE(corpus_rows);

#define PORT(hex, value) { "filter_ports", hex, value " 00 00 00 00 00 00 00" }
#define FILTERS \
	PORT("00 35 00 00", "0d"), PORT("00 50 00 00", "05"), PORT("01 bb 00 00", "06"), \
	PORT("00 b3 00 00", "0f"), PORT("02 08 00 00", "0c"), \
	{ "filter_ipv4", "0a 00 00 01", "01 00 00 00 00 00 00 00" }, \
	{ "filter_ipv4", "c0 a8 00 01", "02 00 00 00 00 00 00 00" }

const struct corpus_row foreign_rows[] = {
	{ .object = "xdpfilt_alw_all", .elems = { FILTERS } },
	{ .object = "xdpfilt_alw_eth", .elems = { FILTERS } },
	{ .object = "xdpfilt_alw_ip", .elems = { FILTERS } },
	{ .object = "xdpfilt_alw_tcp", .elems = { FILTERS } },
	{ .object = "xdpfilt_alw_udp", .elems = { FILTERS } },
	{ .object = "xdpfilt_dny_all", .elems = { FILTERS } },
	{ .object = "xdpfilt_dny_eth", .elems = { FILTERS } },
	{ .object = "xdpfilt_dny_ip", .elems = { FILTERS } },
	{ .object = "xdpfilt_dny_tcp", .elems = { FILTERS } },
	{ .object = "xdpfilt_dny_udp", .elems = { FILTERS } },
	{ .object = "xdp-dispatcher" },
	{ .object = "xdpdump_xdp" },
	{ .object = "xsk_def_xdp_prog" },
	{ .object = "xsk_def_xdp_prog_5.3" },
};
const u32 foreign_row_cnt = XB_ARRAY_SIZE(foreign_rows);
/* clang-format on */
