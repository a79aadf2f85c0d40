/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_fib.c - what the helpers that ask about routes look at beside the world: the program's
 * licence, packets that will be cut, and whether there is a socket; and where bpf_redirect_neigh
 * finds a route.
 */
#include "tests/rig/network.h"
#include "tests/skb/direct.h"
#include "tests/skb/run.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define FIB(flags, bytes) CALL(fib_lookup, CTX, BUF(0), IMM(bytes), IMM(flags))
#define MTU(ifindex, diff, flags)                                                                  \
	CALL(check_mtu, CTX, IMM(ifindex), BUF(128), IMM(diff), IMM(flags))

/* clang-format off */
static const struct skb_case cases[] = {
	{ "fib: forwarding is off", TCP4, PRESET_OF(struct bpf_fib_lookup, .family = 2, .ifindex = 1), .script = STEPS({ FIB(0, 64), .want = BPF_FIB_LKUP_RET_FWD_DISABLED }) },
	{ "fib: more bytes", TCP4, PRESET_OF(struct bpf_fib_lookup, .family = 2, .ifindex = 1), .script = STEPS({ FIB(0, 100), .want = BPF_FIB_LKUP_RET_FWD_DISABLED }) },
	{ "fib: too few bytes", TCP4, PRESET_OF(struct bpf_fib_lookup, .family = 2, .ifindex = 1), .script = STEPS({ FIB(0, 63), .want = -EINVAL }, { FIB(0, 1), .want = -EINVAL }) },
	{ "fib: no bytes", TCP4, .script = STEPS({ FIB(0, 0) }), .load = -EACCES },
	{ "fib: past the buffer", TCP4, .script = STEPS({ FIB(0, SCRIPT_BUF + 1) }), .load = -EACCES },
	{ "fib: no interface", TCP4, PRESET_OF(struct bpf_fib_lookup, .family = 2, .ifindex = 99), .script = STEPS({ FIB(0, 64), .want = -ENODEV }) },
	{ "fib: no family", TCP4, PRESET_OF(struct bpf_fib_lookup, .ifindex = 1), .script = STEPS({ FIB(0, 64), .want = -EAFNOSUPPORT }) },
	{ "fib: flags", TCP4, PRESET_OF(struct bpf_fib_lookup, .family = 2, .ifindex = 1), .script = STEPS({ FIB(63, 64), .want = BPF_FIB_LKUP_RET_FWD_DISABLED }, { FIB(64, 64), .want = -EINVAL }, { FIB(1ull << 32, 64), .want = BPF_FIB_LKUP_RET_FWD_DISABLED }) },
	{ "fib: action", TCP4, PRESET_OF(struct bpf_fib_lookup, .family = 2, .ifindex = 1), .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { FIB(0, 64), .want = BPF_FIB_LKUP_RET_FWD_DISABLED } } } },
	{ "fib: no licence", TCP4, .script = { .proprietary = true, .steps = { { FIB(0, 64) } } }, .load = -EINVAL },

	{ "mtu: the packet's interface", TCP4, .script = STEPS({ CALL(check_mtu, CTX, IMM(0), BUF(0), IMM(0), IMM(0)), ANY }, { BUF_LD(0, 4), .want = 65536 }) },
	{ "mtu: lengths", TCP4, PRESET(0, 0, 1, 0), .script = STEPS({ CALL(check_mtu, CTX, IMM(1), BUF(0), IMM(0), IMM(0)) }, { CALL(check_mtu, CTX, IMM(1), BUF(0), IMM(1), IMM(0)), .want = BPF_MTU_CHK_RET_FRAG_NEEDED }, { CALL(check_mtu, CTX, IMM(1), BUF(0), IMM(-1), IMM(0)) }) },
	{ "mtu: errors", TCP4, PRESET(5, 0, 0, 0), .script = STEPS({ CALL(check_mtu, CTX, IMM(99), BUF(0), IMM(0), IMM(0)), .want = -ENODEV }, { BUF_LD(0, 4), .want = 5 }, { CALL(check_mtu, CTX, IMM(1), BUF(0), IMM(0), IMM(2)), .want = -EINVAL }, { CALL(check_mtu, CTX, IMM(1), BUF(0), IMM(0), IMM(1)), .want = -EINVAL }, { BUF_LD(0, 4), .want = 5 }) },
	{ "mtu: segments", TCP4, PRESET(0, 0, 0, 0), .script = STEPS({ CALL(check_mtu, CTX, IMM(1), BUF(0), IMM(0), IMM(1)) }, { BUF_LD(0, 4), .want = 65536 }) },
	{ "mtu: segments with a difference", TCP4, PRESET(0, 0, 0, 0), .script = STEPS({ CALL(check_mtu, CTX, IMM(1), BUF(0), IMM(1), IMM(1)), .want = -EINVAL }) },
	{ "mtu: cut, long", TCP4, .ctx = CTX_IN(.gso_size = 100), PRESET(0, 0, 1, 0), .script = STEPS({ CALL(check_mtu, CTX, IMM(1), BUF(0), IMM(9), IMM(0)) }) },
	{ "mtu: unaligned", TCP4, .script = STEPS({ CALL(check_mtu, CTX, IMM(1), BUF(1), IMM(0), IMM(0)) }), .load = -EACCES },
	{ "mtu: no licence", TCP4, .script = { .proprietary = true, .steps = { { MTU(1, 0, 0) } } }, .load = -EINVAL },

	{ "cookie: of the first namespace", TCP4, .script = STEPS({ CALL(get_netns_cookie, IMM(0)), UNLIKE }) },
	{ "cookie: no licence", TCP4, .script = { .proprietary = true, .steps = { { CALL(get_netns_cookie, IMM(0)), UNLIKE } } } },
};
/* clang-format on */

static void
test_cases(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

/*
 * Packets that will be cut into segments of gso_size. On a device's way in the transport header is
 * taken to be where IP's is: the source address says then that TCP's has 48 bytes.
 */
static void
test_segments(void **state)
{
	static const struct {
		const char *name;
		u32 gso_size, gso_type, want;
		bool unknown;
	} rows[] = {
		{ "fit", 65536 - 48, 1, BPF_MTU_CHK_RET_SUCCESS, false },
		{ "too big", 65536 - 47, 1, BPF_MTU_CHK_RET_SEGS_TOOBIG, false },
		{ "without a type", 65535, 0, BPF_MTU_CHK_RET_SUCCESS, false },
		{ "UDP", 65536 - 8, 1 << 17, BPF_MTU_CHK_RET_SUCCESS, false },
		{ "UDP, too big", 65536 - 7, 1 << 17, BPF_MTU_CHK_RET_SEGS_TOOBIG, false },
		{ "transport header unknown", 100, 1, (u32)-EINVAL, true },
	};
	const u32 none = 0;
	static u8 data[70000];
	struct direct *d = direct_new();

	(void)state;
	packet_build(TCP4, data);
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct script script =
		        STEPS({ CALL(check_mtu, CTX, IMM(1), BUF(0), IMM(0), IMM(BPF_MTU_CHK_SEGS)),
		                .want = (s32)rows[i].want });
		const struct xb_skb_ctx ctx = { .ifindex = 1,
			                        .gso_size = rows[i].gso_size,
			                        .gso_type = rows[i].gso_type,
			                        .trans_set = !rows[i].unknown };
		const struct direct_run run = {
			.in = { .data = data, .bytes = sizeof(data), .ctx = &ctx },
			.script = &script,
			.preset = &none,
			.preset_bytes = sizeof(none),
		};

		direct_run(d, &run);
		direct_check(d, rows[i].name, &script);
	}
	direct_free(d);
}

/* Where bpf_redirect_neigh without a next hop leads in a world: through what it has a route for. */
static void
test_neigh(void **state)
{
	static const struct net_link links[] = {
		{ .name = "eth0", .peer = "far0", .ifindex = 10, .mac = "02:00:00:00:00:10" },
		{ .name = "far0", .ifindex = 11, .mac = "02:00:00:00:00:11" },
		{ .name = "eth1", .peer = "far1", .ifindex = 20, .mac = "02:00:00:00:00:20" },
		{ .name = "far1", .ifindex = 21, .mac = "02:00:00:00:00:21", .down = true },
	};
	static const struct net_route routes[] = {
		{ "default", .hops = { NET_VIA("10.9.0.1", "eth0") } },
		{ "default", .hops = { NET_VIA("fd00::1", "eth0") }, .metric = 1 },
	};
	static const struct net_rule rules[] = {
		{ .priority = 1, .mark = 1, .mask = 0xff, .action = "blackhole" },
		{ .priority = 2, .ip6 = true, .mark = 1, .mask = 0xff, .action = "blackhole" },
	};
	static const struct net_neigh neighs[] = {
		{ "eth0", "10.9.0.1", "02:00:00:00:00:99", "reachable" },
		{ "eth0", "192.0.2.2", "02:00:00:00:00:98", "stale" },
		{ "eth0", "fd00::1", "02:00:00:00:00:97", "permanent" },
		{ "eth1", "192.0.2.2", "02:00:00:00:00:96", "delay" },
		{ "far0", "192.0.2.2", NULL, "failed" },
		{ "far1", "192.0.2.2", "02:00:00:00:00:95", "permanent" },
	};
	static const struct network net = { NETWORK_PART(link, links), NETWORK_PART(route, routes),
		                            NETWORK_PART(rule, rules),
		                            NETWORK_PART(neigh, neighs) };
	static const struct {
		const char *name;
		enum packet packet;
		u32 ifindex, mark;
		enum xb_skb_redirect_kind want;
		u8 to, from; /* last bytes of the MAC addresses */
		bool stays;  /* a test run, where all of the packet is as it was */
	} rows[] = {
		{ "IPv4", TCP4, 10, 0, XB_SKB_REDIRECT_NEIGH, 0x99, 0x10, false },
		{ "IPv4, in a test run", TCP4, 10, 0, XB_SKB_REDIRECT_NONE, 0, 0, true },
		{ "IPv4, taken as on link", TCP4, 20, 0, XB_SKB_REDIRECT_NEIGH, 0x96, 0x20, false },
		{ "IPv4, refused by a rule, likewise", TCP4, 10, 1, XB_SKB_REDIRECT_NEIGH, 0x98,
		  0x10, false },
		{ "IPv4, a neighbour that failed", TCP4, 11, 0, XB_SKB_REDIRECT_NONE, 0, 0, false },
		{ "IPv4, down", TCP4, 21, 0, XB_SKB_REDIRECT_NONE, 0, 0, false },
		{ "IPv6", TCP6, 10, 0, XB_SKB_REDIRECT_NEIGH, 0x97, 0x10, false },
		{ "IPv6, the neighbour of another interface", TCP6, 20, 0, XB_SKB_REDIRECT_NONE, 0,
		  0, false },
		{ "IPv6, refused by a rule", TCP6, 10, 1, XB_SKB_REDIRECT_NONE, 0, 0, false },
		{ "no such interface", TCP4, 99, 0, XB_SKB_REDIRECT_NONE, 0, 0, false },
		{ "no IP", ARP, 10, 0, XB_SKB_REDIRECT_NONE, 0, 0, false },
	};
	struct direct *d = direct_new();
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	assert_int_equal(xb_world_set(d->rig.b.emu, network_world(&net, 1), &err), 0);
	d->opts.any_ifindex = true;
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct script script = {
			.verdict = TC_ACT_REDIRECT,
			.steps = { { CALL(redirect_neigh, IMM(rows[i].ifindex), IMM(0), IMM(0),
			                  IMM(0)),
			             ANY } },
		};
		const struct xb_skb_ctx ctx = { .ifindex = 10, .mark = rows[i].mark };
		u8 data[PACKET_MAX_BYTES];
		const struct direct_run run = {
			.in = { .data = data,
			        .bytes = packet_build(rows[i].packet, data),
			        .ctx = &ctx },
			.script = &script,
		};

		d->opts.stays = rows[i].stays;
		direct_run(d, &run);
		if (rows[i].stays)
			assert_memory_equal(d->out.data, data, run.in.bytes);
		if (d->out.redirect.kind != rows[i].want)
			fail_msg("%s: %s", rows[i].name,
			         xb_skb_redirect_kind_name(d->out.redirect.kind));
		if (rows[i].to && (d->out.data[5] != rows[i].to || d->out.data[11] != rows[i].from))
			fail_msg("%s: from %02x to %02x", rows[i].name, d->out.data[11],
			         d->out.data[5]);
	}
	direct_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_neigh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
