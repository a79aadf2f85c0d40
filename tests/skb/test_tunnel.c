/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_tunnel.c - bpf_skb_set_tunnel_key, bpf_skb_get_tunnel_key and the options of both.
 *
 * Rows find the key to set at the buffer's start, and get what the packet then has at GOT.
 */
#include "emu/world.h"
#include "tests/skb/direct.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#ifndef BPF_F_NO_TUNNEL_KEY
#define BPF_F_NO_TUNNEL_KEY (1ull << 4)
#endif

#define GOT  256
#define FULL (s64)sizeof(struct bpf_tunnel_key)
/* Sizes that the key had. */
#define NO_LOCAL (s64) offsetof(struct bpf_tunnel_key, local_ipv6)
#define NO_LABEL (s64) offsetof(struct bpf_tunnel_key, tunnel_label)
#define NO_EXT   (s64) offsetof(struct bpf_tunnel_key, tunnel_ext)
#define ONLY_V4  (s64) offsetof(struct bpf_tunnel_key, remote_ipv6[1])

#define IPV6  BPF_F_TUNINFO_IPV6
#define FLAGS BPF_F_TUNINFO_FLAGS

#define SET(bytes, flags)     CALL(skb_set_tunnel_key, CTX, BUF(0), IMM(bytes), IMM(flags))
#define GET(bytes, flags)     CALL(skb_get_tunnel_key, CTX, BUF(GOT), IMM(bytes), IMM(flags))
#define SET_OPT(off, bytes)   CALL(skb_set_tunnel_opt, CTX, BUF(off), IMM(bytes))
#define GET_OPT(bytes)        CALL(skb_get_tunnel_opt, CTX, BUF(GOT), IMM(bytes))
#define GOT_LD(member, bytes) BUF_LD(GOT + offsetof(struct bpf_tunnel_key, member), bytes)
#define BAD                   .want = -EINVAL

#define KEY(...)                                                                                   \
	.preset =                                                                                  \
	        &(const struct bpf_tunnel_key){                                                    \
		        .tunnel_id = 0x04030201,                                                   \
		        .remote_ipv6 = { 0x14131211, 0x24232221, 0x34333231, 0x44434241 },         \
		        .tunnel_tos = 0x7a,                                                        \
		        .tunnel_ttl = 0x40,                                                        \
		        .local_ipv6 = { 0x54535251, 0x64636261, 0x74737271, 0x84838281 },          \
		        __VA_ARGS__                                                                \
	        },                                                                                 \
	.preset_bytes = sizeof(struct bpf_tunnel_key)

/* clang-format off */
static const struct skb_case cases[] = {
	{ "get: none", TCP4, KEY(), .script = STEPS({ GET(FULL, 0), BAD }, { GOT_LD(tunnel_id, 8) }, { GOT_LD(local_ipv6[2], 8) }) },
	{ "get: none, other sizes", TCP4, KEY(), .script = STEPS({ GET(1, 0), BAD }, { BUF_LD(GOT, 2), .want = 0xa500 }, { GET(SCRIPT_BUF - GOT, 0), BAD }, { BUF_LD(SCRIPT_BUF - 8, 8) }) },
	{ "get: none, bad flag", TCP4, KEY(), .script = STEPS({ GET(FULL, 4), BAD }) },
	{ "get: no bytes", TCP4, KEY(), .script = STEPS({ GET(0, 0) }), .load = -EACCES },

	{ "set: flags", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET(FULL, BPF_F_ZERO_CSUM_TX) }, { SET(FULL, BPF_F_DONT_FRAGMENT) }, { SET(FULL, BPF_F_SEQ_NUMBER) }, { SET(FULL, BPF_F_NO_TUNNEL_KEY) }, { SET(FULL, 31) }) },
	{ "set: unknown flags", TCP4, KEY(), .script = STEPS({ SET(FULL, 1 << 5), BAD }, { SET(FULL, 1 << 6), BAD }, { SET(FULL, 1ull << 32), BAD }, { SET(FULL, 1ull << 63), BAD }, { SET(FULL, -1), BAD }, { GET(FULL, 0), BAD }) },
	{ "set: sizes", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET(NO_LOCAL, 0) }, { SET(NO_LABEL, 0) }, { SET(NO_EXT, 0) }, { SET(ONLY_V4, 0) }) },
	{ "set: sizes of IPv6", TCP4, KEY(), .script = STEPS({ SET(FULL, IPV6) }, { SET(NO_LOCAL, IPV6) }, { SET(NO_LABEL, IPV6) }, { SET(NO_EXT, IPV6) }, { SET(ONLY_V4, IPV6) }) },
	{ "set: other sizes", TCP4, KEY(), .script = STEPS({ SET(1, 0), BAD }, { SET(4, 0), BAD }, { SET(ONLY_V4 - 1, 0), BAD }, { SET(ONLY_V4 + 1, 0), BAD }, { SET(20, 0), BAD }, { SET(FULL - 1, 0), BAD }, { SET(FULL + 1, 0), BAD }, { SET(SCRIPT_BUF, 0), BAD }, { GET(FULL, 0), BAD }) },
	{ "set: no bytes", TCP4, KEY(), .script = STEPS({ SET(0, 0) }), .load = -EACCES },
	{ "set: from the stack", TCP4, KEY(), .script = STEPS({ CALL(skb_set_tunnel_key, CTX, STACK(0), IMM(FULL), IMM(0)) }, { GET(FULL, 0) }) },
	{ "set: label with IPv4", TCP4, KEY(.tunnel_label = 1), .script = STEPS({ SET(FULL, 0), BAD }, { SET(NO_LOCAL, 0), BAD }, { SET(NO_LABEL, 0) }) },
	{ "set: label with IPv6", TCP4, KEY(.tunnel_label = 0x44332211), .script = STEPS({ SET(FULL, IPV6) }, { GET(FULL, IPV6) }, { GOT_LD(tunnel_label, 4), .want = 0x32211 }) },
	{ "set: ext", TCP4, KEY(.tunnel_ext = 1), .script = STEPS({ SET(FULL, 0), BAD }, { SET(FULL, IPV6), BAD }, { SET(NO_LABEL, 0), BAD }, { SET(NO_EXT, 0) }) },
	{ "set: high byte of ext", TCP4, KEY(.tunnel_ext = 0x100), .script = STEPS({ SET(FULL, 0), BAD }) },
	{ "set: a key stays when the next is refused", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET(FULL - 1, IPV6), BAD }, { GET(FULL, 0) }, { GOT_LD(tunnel_id, 4), .want = 0x04030201 }) },

	{ "IPv4", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(FULL, 0) }, { GOT_LD(tunnel_id, 4), .want = 0x04030201 }, { GOT_LD(remote_ipv4, 4), .want = 0x54535251 }, { GOT_LD(remote_ipv6[1], 4) }, { GOT_LD(local_ipv4, 4), .want = 0x14131211 }, { GOT_LD(local_ipv6[1], 4) }, { GOT_LD(tunnel_tos, 2), .want = 0x407a }, { GOT_LD(tunnel_ext, 2) }, { GOT_LD(tunnel_label, 4) }) },
	{ "IPv6", TCP4, KEY(), .script = STEPS({ SET(FULL, IPV6) }, { GET(FULL, IPV6) }, { GOT_LD(remote_ipv6[0], 4), .want = 0x54535251 }, { GOT_LD(remote_ipv6[3], 4), .want = 0x84838281 }, { GOT_LD(local_ipv6[0], 4), .want = 0x14131211 }, { GOT_LD(local_ipv6[3], 4), .want = 0x44434241 }, { GOT_LD(tunnel_tos, 2), .want = 0x407a }) },
	{ "IPv4, got as IPv6", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(FULL, IPV6), .want = -EPROTO }, { GOT_LD(tunnel_id, 8) }, { GOT_LD(local_ipv6[2], 8) }) },
	{ "IPv6, got as IPv4", TCP4, KEY(), .script = STEPS({ SET(FULL, IPV6) }, { GET(FULL, 0), .want = -EPROTO }, { GOT_LD(tunnel_id, 8) }) },
	{ "IPv6 packet, IPv4 key", TCP6, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(FULL, 0) }) },
	{ "get: bad flags", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(FULL, 2), BAD }, { GET(FULL, 4), BAD }, { GET(FULL, 8), BAD }, { GET(FULL, 32), BAD }, { GET(FULL, 1ull << 32), BAD }, { GET(FULL, -1), BAD }, { GOT_LD(tunnel_id, 4) }) },
	{ "get: bad flags before the family", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(FULL, IPV6 | 4), BAD }) },
	{ "get: family before the size", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(5, IPV6), .want = -EPROTO }, { BUF_LD(GOT, 8), .want = (s64)0xa3a2a10000000000 }) },
	{ "get: sizes", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(NO_LOCAL, 0) }, { GET(NO_LABEL, 0) }, { GET(NO_EXT, 0) }, { GET(ONLY_V4, 0) }) },
	{ "get: without local", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(NO_LOCAL, FLAGS) }, { BUF_LD(GOT + NO_LOCAL - 8, 8), .want = 0x520407a }, { BUF_LD(GOT + NO_LOCAL, 1), .want = 0xb8 }) },
	{ "get: without label", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(NO_LABEL, FLAGS) }, { BUF_LD(GOT + NO_LABEL, 1), .want = 0xbc }) },
	{ "get: without ext", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(NO_EXT, FLAGS) }, { BUF_LD(GOT + NO_EXT - 2, 4), .want = (s64)0xb3b2407a }) },
	{ "get: IPv4 alone", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(ONLY_V4, 0) }, { BUF_LD(GOT, 8), .want = 0x5453525104030201 }, { BUF_LD(GOT + 8, 1), .want = 0xac }) },
	{ "get: sizes of IPv6", TCP4, KEY(), .script = STEPS({ SET(FULL, IPV6) }, { GET(NO_LOCAL, IPV6) }, { GET(NO_LABEL, IPV6) }, { GET(NO_EXT, IPV6) }, { GET(ONLY_V4, IPV6), BAD }, { BUF_LD(GOT, 8) }) },
	{ "get: other sizes", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(1, 0), BAD }, { GET(ONLY_V4 - 1, 0), BAD }, { GET(ONLY_V4 + 1, 0), BAD }, { GET(FULL - 1, 0), BAD }, { GET(FULL + 1, 0), BAD }, { GET(200, 0), BAD }, { BUF_LD(GOT + 192, 8) }, { BUF_LD(GOT + 200, 1), .want = 0x6c }) },
	{ "short key, got in full", TCP4, KEY(), .script = STEPS({ SET(ONLY_V4, 0) }, { GET(FULL, 0) }, { GOT_LD(local_ipv4, 4), .want = 0x14131211 }, { GOT_LD(remote_ipv4, 4) }, { GOT_LD(tunnel_tos, 2) }) },
	{ "short key of IPv6, got in full", TCP4, KEY(), .script = STEPS({ SET(ONLY_V4, IPV6) }, { GET(FULL, IPV6) }, { GOT_LD(local_ipv6[0], 8), .want = 0x14131211 }, { GOT_LD(remote_ipv4, 4) }) },
	{ "second key", TCP4, KEY(), .script = STEPS({ SET(FULL, IPV6) }, { SET(NO_EXT, 0) }, { GET(FULL, 0) }, { GOT_LD(remote_ipv4, 4) }) },
	{ "next run", TCP4, KEY(), .repeat = 2, .script = STEPS({ GET(FULL, 0) }, { SET(FULL, 0) }) },
	{ "action", TCP4, KEY(), .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { SET(FULL, 0) }, { GET(FULL, 0) }, { SET_OPT(0, 4) }, { GET_OPT(4), .want = 4 } } } },
	{ "no licence", TCP4, KEY(), .script = { .proprietary = true, .steps = { { SET(FULL, 0) }, { GET(FULL, 0) }, { SET_OPT(0, 4) }, { GET_OPT(4), .want = 4 } } } },

	{ "flags: none", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET(FULL, FLAGS) }, { GOT_LD(tunnel_flags, 2), .want = 0x0520 }) },
	{ "flags: no checksum", TCP4, KEY(), .script = STEPS({ SET(FULL, BPF_F_ZERO_CSUM_TX) }, { GET(FULL, FLAGS) }, { GOT_LD(tunnel_flags, 2), .want = 0x0420 }) },
	{ "flags: do not fragment", TCP4, KEY(), .script = STEPS({ SET(FULL, BPF_F_DONT_FRAGMENT) }, { GET(FULL, FLAGS) }, { GOT_LD(tunnel_flags, 2), .want = 0x0521 }) },
	{ "flags: sequence number", TCP4, KEY(), .script = STEPS({ SET(FULL, BPF_F_SEQ_NUMBER) }, { GET(FULL, FLAGS) }, { GOT_LD(tunnel_flags, 2), .want = 0x0d20 }) },
	{ "flags: no key", TCP4, KEY(), .script = STEPS({ SET(FULL, BPF_F_NO_TUNNEL_KEY) }, { GET(FULL, FLAGS) }, { GOT_LD(tunnel_flags, 2), .want = 0x0120 }) },
	{ "flags: all, IPv6", TCP4, KEY(), .script = STEPS({ SET(FULL, 31) }, { GET(FULL, IPV6 | FLAGS) }, { GOT_LD(tunnel_flags, 2), .want = 0x0821 }) },
	{ "flags: options", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET_OPT(0, 8) }, { GET(FULL, FLAGS) }, { GOT_LD(tunnel_flags, 2), .want = 0x05f8 }) },

	{ "options: no key", TCP4, KEY(), .script = STEPS({ SET_OPT(0, 8), BAD }, { SET_OPT(0, 256), BAD }, { GET_OPT(8), .want = -ENOENT }, { BUF_LD(GOT, 8) }, { BUF_LD(GOT + 8, 1), .want = 0xac }) },
	{ "options: none", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET_OPT(8), .want = -ENOENT }, { BUF_LD(GOT, 8) }) },
	{ "options: sizes", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET_OPT(0, 1), BAD }, { SET_OPT(0, 3), BAD }, { SET_OPT(0, 4) }, { SET_OPT(0, 5), BAD }, { SET_OPT(0, 252) }, { SET_OPT(0, 254), BAD }, { SET_OPT(0, 255), BAD }, { SET_OPT(0, 256), .want = -ENOMEM }, { SET_OPT(0, 257), BAD }, { SET_OPT(0, SCRIPT_BUF), .want = -ENOMEM }, { GET_OPT(252), .want = 252 }) },
	{ "options: no bytes", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET_OPT(0, 0) }), .load = -EACCES },
	{ "options: got into no bytes", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { GET_OPT(0) }), .load = -EACCES },
	{ "options: got", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET_OPT(0, 8) }, { GET_OPT(8), .want = 8 }, { BUF_LD(GOT, 8), .want = 0x1413121104030201 }) },
	{ "options: got with zeros behind", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET_OPT(0, 8) }, { GET_OPT(13), .want = 8 }, { BUF_LD(GOT + 8, 8), .want = (s64)0xabaaa90000000000 }) },
	{ "options: got into less", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET_OPT(0, 8) }, { GET_OPT(7), .want = -ENOMEM }, { BUF_LD(GOT, 8), .want = (s64)0xa300000000000000 }) },
	{ "options: got into all", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET_OPT(0, 8) }, { GET_OPT(SCRIPT_BUF - GOT), .want = 8 }, { BUF_LD(SCRIPT_BUF - 8, 8) }) },
	{ "options: fewer the next time", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET_OPT(0, 16) }, { SET_OPT(8, 4) }, { GET_OPT(16), .want = 4 }, { BUF_LD(GOT, 8), .want = 0x24232221 }) },
	{ "options: stay when the next are refused", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET_OPT(0, 4) }, { SET_OPT(8, 256), .want = -ENOMEM }, { GET_OPT(4), .want = 4 }, { BUF_LD(GOT, 4), .want = 0x04030201 }) },
	{ "options: gone with a new key", TCP4, KEY(), .script = STEPS({ SET(FULL, 0) }, { SET_OPT(0, 4) }, { SET(FULL, 0) }, { GET_OPT(4), .want = -ENOENT }) },
};
/* clang-format on */

static void
test_cases(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

/* The next packet of the same buffer has no key of the last one; nor has one whose run faulted. */
static void
test_next_packet(void **state)
{
	static const struct script set = STEPS({ SET(FULL, 0) }, { GET(FULL, 0) });
	static const struct script fault = STEPS({ SET(FULL, 0) }, { GET(0, 0) });
	static const struct script get = STEPS(
	        { GET(FULL, 0), BAD }, { GET_OPT(4), .want = -ENOENT }, { SET_OPT(0, 4), BAD });
	const struct xb_skb_ctx ctx = { .ifindex = 1 };
	struct direct *d = direct_new();
	u8 data[PACKET_MAX_BYTES];
	const struct direct_run run = {
		.in = { .data = data, .bytes = packet_build(TCP4, data), .ctx = &ctx },
		.script = &set,
		KEY(),
	};

	(void)state;
	direct_run(d, &run);
	direct_check(d, "set", &set);
	xb_skb_load(d->s, &run.in);
	direct_again(d, &get);
	direct_check(d, "next packet", &get);
	direct_again(d, &fault);
	assert_int_equal(d->out.status, XB_RUN_FAULT);
	direct_again(d, &get);
	direct_check(d, "after a fault", &get);
	direct_free(d);
}

/* What the packet came in with, in a world: addresses as they are, and not to be altered. */
static void
test_received(void **state)
{
	static const char json[] =
	        "{\"links\": [{\"ifindex\": 7, \"ifname\": \"gnv0\","
	        "   \"linkinfo\": {\"info_kind\": \"geneve\"}},"
	        "  {\"ifindex\": 8, \"ifname\": \"vx0\"}, {\"ifindex\": 9, \"ifname\": \"eth0\"}],"
	        " \"tunnels\": [{\"dev\": \"gnv0\", \"remote\": \"192.0.2.9\", \"local\": "
	        "\"192.0.2.1\","
	        "   \"id\": 42, \"tos\": 3, \"ttl\": 64, \"csum\": true, \"opts\": "
	        "\"0102030405060708\"},"
	        "  {\"dev\": \"vx0\", \"remote\": \"fd00::9\", \"local\": \"fd00::1\", \"label\": "
	        "5}]}";
	static const struct script none = STEPS(
	        { GET(FULL, 0), BAD }, { GET_OPT(8), .want = -ENOENT }, { SET_OPT(0, 4), BAD });
	static const struct script ip4 =
	        STEPS({ GET(FULL, FLAGS) }, { GOT_LD(tunnel_id, 4), .want = 42 },
	              { GOT_LD(remote_ipv4, 4), .want = 0xc0000209 },
	              { GOT_LD(local_ipv4, 4), .want = 0xc0000201 },
	              { GOT_LD(tunnel_tos, 2), .want = 0x4003 },
	              { GOT_LD(tunnel_flags, 2), .want = 0x0508 },
	              { GET(FULL, IPV6), .want = -EPROTO }, { GET_OPT(8), .want = 8 },
	              { BUF_LD(GOT, 8), .want = 0x0807060504030201 }, { SET_OPT(0, 4), BAD });
	static const struct script replaced =
	        STEPS({ SET(FULL, 0) }, { GET_OPT(8), .want = -ENOENT }, { SET_OPT(0, 4) });
	static const struct script ip6 =
	        STEPS({ GET(FULL, 0), .want = -EPROTO }, { GET(FULL, IPV6 | FLAGS) },
	              { GOT_LD(remote_ipv6[3], 4), .want = 0x09000000 },
	              { GOT_LD(local_ipv6[3], 4), .want = 0x01000000 },
	              { GOT_LD(tunnel_label, 4), .want = 5 },
	              { GOT_LD(tunnel_flags, 2), .want = 0x0400 }, { GET_OPT(8), .want = -ENOENT });
	static const struct {
		const char *name;
		u32 ifindex;
		bool ingress;
		const struct script *script;
	} rows[] = {
		{ "IPv4", 7, true, &ip4 },         { "IPv4, and then another", 7, true, &replaced },
		{ "IPv6", 8, true, &ip6 },         { "no tunnel", 9, true, &none },
		{ "to be sent", 7, false, &none },
	};
	struct direct *d = direct_new();
	struct xb_err err = XB_ERR_INIT;
	struct xb_world *w = xb_world_parse(json, sizeof(json) - 1, &err);
	u8 data[PACKET_MAX_BYTES];

	(void)state;
	if (!w)
		fail_msg("%s", err.msg);
	assert_int_equal(xb_world_set(d->rig.b.emu, w, &err), 0);
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct xb_skb_ctx ctx = { .ifindex = rows[i].ifindex,
			                        .at_ingress = rows[i].ingress };
		const struct direct_run run = {
			.in = { .data = data, .bytes = packet_build(TCP4, data), .ctx = &ctx },
			.script = rows[i].script,
			KEY(),
		};

		direct_run(d, &run);
		direct_check(d, rows[i].name, rows[i].script);
	}
	direct_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_next_packet),
		cmocka_unit_test(test_received),
	};

	return cmocka_run_group_tests_name("skb tunnel", tests, NULL, NULL);
}
