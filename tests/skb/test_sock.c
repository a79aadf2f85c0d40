/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sock.c - a packet's socket: bpf_sk_fullsock, bpf_get_socket_cookie, bpf_get_socket_uid, and
 * bpf_skb_get_xfrm_state, of which no packet has any.
 */
#include "tests/skb/direct.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#define COOKIE        CALL(get_socket_cookie, CTX)
#define UID           CALL(get_socket_uid, CTX)
#define FULLSOCK(arg) CALL(sk_fullsock, arg)
#define XFRM(index, off, bytes, flags)                                                             \
	CALL(skb_get_xfrm_state, CTX, IMM(index), BUF(off), IMM(bytes), IMM(flags))

#define XFRM_BYTES   (s64)sizeof(struct bpf_xfrm_state)
#define STATE_AT     offsetof(struct bpf_sock, state)
#define OVERFLOW_UID 65534

/* clang-format off */
static const struct skb_case cases[] = {
	{ "full: IPv4", TCP4, .script = STEPS({ FULLSOCK(SK), .want = 1 }, { PTR_LD(0, 4, 4), .want = AF_INET }, { PTR_LD(0, STATE_AT, 4), .want = BPF_TCP_CLOSE }, { PTR_LD(0, 8, 4) }, { PTR_LD(0, 12, 4) }) },
	{ "full: IPv6", TCP6, .script = STEPS({ FULLSOCK(SK), .want = 1 }, { PTR_LD(0, 4, 4), .want = AF_INET6 }) },
	{ "full: ARP", ARP, .script = STEPS({ FULLSOCK(SK), .want = 1 }, { PTR_LD(0, 4, 4) }) },
	{ "full: of one that is full", TCP4, .script = STEPS({ FULLSOCK(SK), .want = 1 }, { FULLSOCK(RES(0)), .want = 1 }, { PTR_LD(1, 4, 4), .want = AF_INET }) },
	{ "full: NULL", TCP4, .script = STEPS({ FULLSOCK(IMM(0)) }), .load = -EACCES },
	{ "full: a number", TCP4, .script = STEPS({ FULLSOCK(IMM(4096)) }), .load = -EACCES },
	{ "full: the context", TCP4, .script = STEPS({ FULLSOCK(CTX) }), .load = -EACCES },
	{ "full: the stack", TCP4, .script = STEPS({ FULLSOCK(STACK(0)) }), .load = -EACCES },
	{ "full: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { FULLSOCK(SK), .want = 1 } } } },

	{ "cookie", TCP4, .script = STEPS({ COOKIE, UNLIKE }) },
	{ "cookie: NULL", TCP4, .script = STEPS({ CALL(get_socket_cookie, IMM(0)) }), .load = -EACCES },
	{ "cookie: of a socket", TCP4, .script = STEPS({ CALL(get_socket_cookie, SK) }), .load = -EACCES },
	{ "uid", TCP4, .script = STEPS({ UID }) },
	{ "uid: ARP", ARP, .script = STEPS({ UID }) },
	{ "uid: NULL", TCP4, .script = STEPS({ CALL(get_socket_uid, IMM(0)) }), .load = -EACCES },
	{ "action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { COOKIE, UNLIKE }, { UID } } } },
	{ "no licence", TCP4, .script = { .proprietary = true, .steps = { { COOKIE, UNLIKE }, { UID }, { FULLSOCK(SK), .want = 1 }, { XFRM(0, 0, XFRM_BYTES, 0), .want = -EINVAL } } } },

	{ "xfrm", TCP4, .script = STEPS({ XFRM(0, 0, XFRM_BYTES, 0), .want = -EINVAL }, { BUF_LD(0, 8) }, { BUF_LD(XFRM_BYTES - 8, 8) }, { BUF_LD(XFRM_BYTES, 1), .want = 0xb9 }) },
	{ "xfrm: other index", TCP4, .script = STEPS({ XFRM(1, 0, XFRM_BYTES, 0), .want = -EINVAL }, { XFRM(-1, 0, XFRM_BYTES, 0), .want = -EINVAL }, { BUF_LD(0, 8) }) },
	{ "xfrm: flags", TCP4, .script = STEPS({ XFRM(0, 0, XFRM_BYTES, 1), .want = -EINVAL }, { XFRM(0, 0, XFRM_BYTES, 1ull << 63), .want = -EINVAL }, { BUF_LD(0, 8) }) },
	{ "xfrm: sizes", TCP4, .script = STEPS({ XFRM(0, 0, 1, 0), .want = -EINVAL }, { BUF_LD(0, 2), .want = 0xa400 }, { XFRM(0, 64, 5, 0), .want = -EINVAL }, { BUF_LD(64, 8), .want = (s64)0xe2e3e00000000000 }, { XFRM(0, 0, SCRIPT_BUF, 0), .want = -EINVAL }, { BUF_LD(SCRIPT_BUF - 8, 8) }) },
	{ "xfrm: no bytes", TCP4, .script = STEPS({ XFRM(0, 0, 0, 0) }), .load = -EACCES },
	{ "xfrm: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { XFRM(0, 0, XFRM_BYTES, 0), .want = -EINVAL } } } },
};
/* clang-format on */

static void
test_cases(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

#define GIVEN(st)                                                                                  \
	{                                                                                          \
		.uapi = { .family = AF_INET, .protocol = 6, .state = (st) }, .cookie = 77,         \
		.uid = 1000, .cgroup_id = 1                                                        \
	}

/* Sockets that no test run has, on the emulator alone. */
static const struct sock_row {
	const char *name;
	enum xb_skb_sock_kind kind;
	struct xb_sock_info sock;
	struct script script;
} socks[] = {
	/* clang-format off */
	{ "none", XB_SKB_SOCK_NONE, { .uid = 5 }, STEPS({ COOKIE }, { UID, .want = OVERFLOW_UID }, { FULLSOCK(SK), .want = SCRIPT_SKIPPED }) },
	{ "established", XB_SKB_SOCK_GIVEN, GIVEN(BPF_TCP_ESTABLISHED), STEPS({ COOKIE, .want = 77 }, { UID, .want = 1000 }, { FULLSOCK(SK), .want = 1 }, { PTR_LD(2, 12, 4), .want = 6 }) },
	{ "listening", XB_SKB_SOCK_GIVEN, GIVEN(BPF_TCP_LISTEN), STEPS({ UID, .want = 1000 }, { FULLSOCK(SK), .want = 1 }) },
	{ "time-wait", XB_SKB_SOCK_GIVEN, GIVEN(BPF_TCP_TIME_WAIT), STEPS({ COOKIE, .want = 77 }, { UID, .want = OVERFLOW_UID }, { FULLSOCK(SK) }, { SK_LD(family), .want = AF_INET }) },
	{ "request", XB_SKB_SOCK_GIVEN, GIVEN(BPF_TCP_NEW_SYN_RECV), STEPS({ COOKIE, .want = 77 }, { UID, .want = 1000 }, { FULLSOCK(SK) }, { SK_LD(state), .want = BPF_TCP_NEW_SYN_RECV }) },
	/* clang-format on */
};

static void
test_socks(void **state)
{
	struct direct *d = direct_new();
	u8 data[PACKET_MAX_BYTES];
	u32 bytes = packet_build(TCP4, data);

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(socks); i++) {
		const struct xb_skb_ctx ctx = { .ifindex = 1,
			                        .sock_kind = socks[i].kind,
			                        .sock = socks[i].sock };
		const struct direct_run run = { .in = { .data = data, .bytes = bytes, .ctx = &ctx },
			                        .script = &socks[i].script };

		direct_run(d, &run);
		direct_check(d, socks[i].name, run.script);
	}
	direct_free(d);
}

/* A made-up socket has a cookie of its own, which is there from when it is first asked for. */
static void
test_cookie(void **state)
{
	static const struct script script = STEPS({ COOKIE, ANY }, { COOKIE, ANY });
	const struct xb_skb_ctx ctx = { .ifindex = 1 };
	struct direct *d = direct_new();
	u8 data[PACKET_MAX_BYTES];
	const struct direct_run run = {
		.in = { .data = data, .bytes = packet_build(TCP4, data), .ctx = &ctx },
		.script = &script
	};
	u64 first;

	(void)state;
	direct_run(d, &run);
	first = d->kept.results[0];
	assert_int_not_equal(first, 0);
	assert_int_equal(d->kept.results[1], first);
	direct_again(d, &script);
	assert_int_equal(d->kept.results[0], first);
	xb_skb_load(d->s, &run.in);
	direct_again(d, &script);
	assert_int_not_equal(d->kept.results[0], 0);
	assert_int_not_equal(d->kept.results[0], first);
	direct_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_socks),
		cmocka_unit_test(test_cookie),
	};

	return cmocka_run_group_tests_name("skb socket", tests, NULL, NULL);
}
