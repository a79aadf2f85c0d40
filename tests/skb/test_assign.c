/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_assign.c - the packet's own socket: what helpers make of it in a test run, where it is one
 * made up, and bpf_sk_assign, which gives the packet another.
 */
#include "emu/world.h"
#include "tests/skb/direct.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#define ASSIGN(sk, flags)    CALL(sk_assign, CTX, sk, IMM(flags))
#define STORE(flags)         CALL(sk_storage_get, MAP(SK_STORAGE), SK, IMM(0), IMM(flags))
#define STORE_AS(off, flags) CALL(sk_storage_get, MAP(SK_STORAGE), SK, BUF(off), IMM(flags))
#define UNSTORE              CALL(sk_storage_delete, MAP(SK_STORAGE), SK)
#define CREATE               BPF_SK_STORAGE_GET_F_CREATE

/* clang-format off */
static const struct skb_case cases[] = {
	{ "assign: itself", TCP4, .script = STEPS({ ASSIGN(SK, 0), .want = -EOPNOTSUPP }) },
	{ "assign: flags", TCP4, .script = STEPS({ ASSIGN(SK, 1), .want = -EINVAL }, { ASSIGN(SK, 1ull << 63), .want = -EINVAL }) },
	{ "assign: NULL", TCP4, .script = STEPS({ ASSIGN(IMM(0), 0) }), .load = -EACCES },
	{ "assign: the context", TCP4, .script = STEPS({ ASSIGN(CTX, 0) }), .load = -EACCES },
	{ "assign: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { ASSIGN(SK, 0), .want = -EOPNOTSUPP } } } },

	{ "views", TCP4, .script = STEPS({ CALL(tcp_sock, SK) }, { CALL(get_listener_sock, SK) }, { CALL(skc_to_tcp_sock, SK) }, { CALL(skc_to_tcp6_sock, SK) }, { CALL(skc_to_tcp_timewait_sock, SK) }, { CALL(skc_to_tcp_request_sock, SK) }, { CALL(skc_to_udp6_sock, SK) }, { CALL(skc_to_unix_sock, SK) }) },
	{ "views: IPv6", TCP6, .script = STEPS({ CALL(tcp_sock, SK) }, { CALL(skc_to_tcp6_sock, SK) }, { CALL(skc_to_udp6_sock, SK) }) },
	{ "views: the context", TCP4, .script = STEPS({ CALL(tcp_sock, CTX) }), .load = -EACCES },

	{ "storage: none", TCP4, .script = STEPS({ STORE(0) }, { UNSTORE, .want = -ENOENT }) },
	{ "storage: zeros", TCP4, .script = STEPS({ STORE(CREATE), .want = 1 }, { PTR_LD(0, 0, 8) }, { STORE(0), .want = 1 }, { UNSTORE }, { STORE(0) }, { UNSTORE, .want = -ENOENT }, { PTR_LD(2, 0, 8) }) },
	{ "storage: a value", TCP4, PRESET(1, 2, 3, 4, 5, 6, 7, 8), .script = STEPS({ STORE_AS(0, CREATE), .want = 1 }, { PTR_LD(0, 0, 8), .want = 0x0807060504030201 }, { STORE_AS(8, CREATE), .want = 1 }, { PTR_LD(2, 0, 4), .want = 0x04030201 }) },
	{ "storage: anew", TCP4, PRESET(1, 2, 3, 4, 5, 6, 7, 8), .script = STEPS({ STORE_AS(0, CREATE), .want = 1 }, { UNSTORE }, { STORE(CREATE), .want = 1 }, { PTR_LD(2, 0, 8) }, { PTR_LD(0, 7, 1), .want = 8 }) },
	{ "storage: a value without a flag", TCP4, .script = STEPS({ STORE_AS(0, 0) }) },
	{ "storage: other flags", TCP4, .script = STEPS({ STORE(2) }, { STORE(3) }, { STORE((s64)1 << 63 | 1) }, { STORE(0) }) },
	{ "storage: kept over runs", TCP4, .repeat = 2, .script = STEPS({ STORE(0), .want = 1 }, { STORE(CREATE), .want = 1 }) },
	{ "storage: not over test runs", TCP4, .script = STEPS({ STORE(0) }, { STORE(CREATE), .want = 1 }) },
	{ "storage: ARP", ARP, .script = STEPS({ STORE(CREATE), .want = 1 }, { PTR_LD(0, 4, 4) }) },
	{ "storage: past the value", TCP4, .script = STEPS({ STORE(CREATE), .want = 1 }, { PTR_LD(0, 4, 8) }), .load = -EACCES },
	{ "storage: of another type", TCP4, .script = STEPS({ CALL(sk_storage_get, MAP(HASH), SK, IMM(0), IMM(0)) }), .load = -EINVAL },
	{ "storage: delete of another type", TCP4, .script = STEPS({ CALL(sk_storage_delete, MAP(HASH), SK) }), .load = -EINVAL },
	{ "storage: lookup", TCP4, .script = STEPS({ CALL(map_lookup_elem, MAP(SK_STORAGE), BUF(0)) }), .load = -EINVAL },
	{ "storage: update", TCP4, .script = STEPS({ CALL(map_update_elem, MAP(SK_STORAGE), BUF(0), BUF(0), IMM(0)) }), .load = -EINVAL },
	{ "storage: the context", TCP4, .script = STEPS({ CALL(sk_storage_get, MAP(SK_STORAGE), CTX, IMM(0), IMM(0)) }), .load = -EACCES },
	{ "storage: no licence", TCP4, .script = { .proprietary = true, .steps = { { STORE(CREATE), .want = 1 }, { UNSTORE } } } },
};
/* clang-format on */

static void
test_cases(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

/* A listener and a UDP socket; their cookies are 11 and 12. */
static void
set_world(struct xb_emu *emu)
{
	static const struct xb_world_sock socks[] = {
		{ .info = { .uapi = { .family = AF_INET,
		                      .type = SOCK_STREAM,
		                      .protocol = IPPROTO_TCP,
		                      .src_port = 80,
		                      .state = BPF_TCP_LISTEN },
		            .cookie = 11 } },
		{ .info = { .uapi = { .family = AF_INET,
		                      .type = SOCK_DGRAM,
		                      .protocol = IPPROTO_UDP,
		                      .src_port = 53,
		                      .state = BPF_TCP_CLOSE },
		            .cookie = 12 } },
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_world *w = xb_world_new(&err);

	assert_non_null(w);
	w->socks = malloc(sizeof(socks));
	assert_non_null(w->socks);
	memcpy(w->socks, socks, sizeof(socks));
	w->sock_cnt = XB_ARRAY_SIZE(socks);
	assert_int_equal(xb_world_set(emu, w, &err), 0);
}

#define LOOKUP_TCP CALL(sk_lookup_tcp, CTX, BUF(0), IMM(12), IMM(-1), IMM(0))
#define LOOKUP_UDP CALL(sk_lookup_udp, CTX, BUF(12), IMM(12), IMM(-1), IMM(0))
#define COOKIE     CALL(get_socket_cookie, CTX)

/* What no test run can show: it never is on its way in. */
static void
test_assign(void **state)
{
	static const u8 tuples[24] = { [10] = 0, [11] = 80, [22] = 0, [23] = 53 };
	static const struct script script =
	        STEPS({ COOKIE }, { LOOKUP_TCP, .want = 1 }, { ASSIGN(RES(1), 1), .want = -EINVAL },
	              { COOKIE }, { ASSIGN(RES(1), 0) }, { COOKIE, .want = 11 },
	              { SK_LD(src_port), .want = 80 }, { LOOKUP_UDP, .want = 1 },
	              { ASSIGN(RES(7), 0) }, { COOKIE, .want = 12 }, { STORE(CREATE), .want = 1 });
	static const struct script fresh = STEPS({ COOKIE }, { STORE(0), .want = SCRIPT_SKIPPED });
	struct xb_skb_ctx ctx = { .ifindex = 1, .sock_kind = XB_SKB_SOCK_NONE, .at_ingress = true };
	struct direct *d = direct_new();
	u8 data[PACKET_MAX_BYTES];
	struct direct_run run = {
		.in = { .data = data, .bytes = packet_build(TCP4, data), .ctx = &ctx },
		.script = &script,
		.preset = tuples,
		.preset_bytes = sizeof(tuples),
	};

	(void)state;
	set_world(d->rig.b.emu);
	direct_run(d, &run);
	direct_check(d, "on the way in", &script);
	xb_skb_load(d->s, &run.in);
	direct_again(d, &fresh);
	direct_check(d, "the next packet", &fresh);
	direct_free(d);
}

/* A socket given with the packet keeps its values from packet to packet. */
static void
test_given(void **state)
{
	static const struct script first = STEPS({ STORE_AS(0, CREATE), .want = 1 });
	static const struct script second =
	        STEPS({ STORE(0), .want = 1 }, { PTR_LD(0, 0, 1), .want = 9 },
	              { CALL(tcp_sock, SK), .want = 1 }, { PTR_LD(2, 0, 4), .want = 10 },
	              { PTR_LD(2, 80, 8), .want = 1ll << 40 });
	static const struct script other = STEPS({ STORE(0) });
	struct xb_skb_ctx ctx = {
		.ifindex = 1,
		.sock_kind = XB_SKB_SOCK_GIVEN,
		.sock = { .uapi = { .protocol = IPPROTO_TCP, .state = BPF_TCP_ESTABLISHED },
		          .cookie = 5,
		          .tcp = { .snd_cwnd = 10, .bytes_received = 1ull << 40 } }
	};
	struct direct *d = direct_new();
	u8 data[PACKET_MAX_BYTES];
	struct direct_run run = {
		.in = { .data = data, .bytes = packet_build(TCP4, data), .ctx = &ctx },
		.script = &first,
		.preset = (const u8[]){ 9 },
		.preset_bytes = 1,
	};

	(void)state;
	direct_run(d, &run);
	direct_check(d, "first", &first);
	xb_skb_load(d->s, &run.in);
	direct_again(d, &second);
	direct_check(d, "second", &second);
	ctx.sock.cookie = 6;
	xb_skb_load(d->s, &run.in);
	direct_again(d, &other);
	direct_check(d, "another", &other);
	direct_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_assign),
		cmocka_unit_test(test_given),
	};

	return cmocka_run_group_tests_name("skb assigned socket", tests, NULL, NULL);
}
