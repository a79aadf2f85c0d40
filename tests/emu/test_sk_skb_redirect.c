/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sk_skb_redirect.c - where SK_SKB programs send what a TCP socket receives: on the emulator,
 * and on the loopback.
 */
#include "skb/skb.h"
#include "tests/emu/sk_msg_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const struct row {
	const char *name;
	bool hash; /* SOCKHASH */
	u32 key;   /* of places_map() */
	u64 flags;
	s32 ret;              /* of the program; -1: the helper's answer */
	s32 answer;           /* of the helper */
	bool goes;            /* to the socket that it came for */
	bool ingress, egress; /* to the other connection */
} rows[] = {
	{ "egress", false, 0, 0, -1, SK_PASS, false, false, true },
	{ "ingress", false, 0, BPF_F_INGRESS, -1, SK_PASS, false, true, false },
	{ "flags", false, 0, 2, -1, SK_DROP, false, false, false },
	{ "flags and ingress", false, 0, 3, -1, SK_DROP, false, false, false },
	{ "listener", false, 1, 0, -1, SK_DROP, false, false, false },
	{ "empty", false, 3, 0, -1, SK_DROP, false, false, false },
	{ "out of range", false, 9, 0, -1, SK_DROP, false, false, false },
	{ "hash, egress", true, 0, 0, -1, SK_PASS, false, false, true },
	{ "hash, ingress", true, 0, BPF_F_INGRESS, -1, SK_PASS, false, true, false },
	{ "hash, flags", true, 0, 4, -1, SK_DROP, false, false, false },
	{ "hash, listener", true, 1, 0, -1, SK_DROP, false, false, false },
	{ "hash, empty", true, 3, 0, -1, SK_DROP, false, false, false },
	{ "redirected, but dropped", false, 0, 0, SK_DROP, SK_PASS, false, false, false },
	{ "not redirected, but passed", false, 3, 0, SK_PASS, SK_DROP, true, false, false },
};

/* The helper's answer goes into key 0 of `seen`. */
static int
prog_of(const struct backend *b, const struct row *row, int socks, int seen)
{
	struct builder build = { .cnt = 0 };

	emit_value(&build, seen);
	emit_mov_reg(&build, 1, 6);
	emit_map(&build, 2, socks);
	emit_sock_key(&build, row->hash, row->key);
	emit_mov(&build, 4, (s32)row->flags);
	emit_call(&build, row->hash ? BPF_FUNC_sk_redirect_hash : BPF_FUNC_sk_redirect_map);
	emit(&build, BPF_STX | BPF_MEM | BPF_DW, 7, 0, 0, 0);
	if (row->ret >= 0)
		emit_mov(&build, 0, row->ret);
	emit_exit(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_STREAM_VERDICT);
}

static void
check_answer(const struct backend *b, const struct row *row, int seen)
{
	const u32 key = 0;
	u64 value;

	assert_int_equal(backend_lookup(b, seen, &key, &value), 0);
	if (value != (u64)row->answer)
		fail_msg("%s: %s: the helper answers %llu", b->emu ? "emulator" : "kernel",
		         row->name, (unsigned long long)value);
}

static void
run_kernel(const struct backend *b, const struct row *row)
{
	int watched = backend_map(b, BPF_MAP_TYPE_SOCKMAP, 4, 4, 1);
	int seen = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, 8, 1), socks, prog;
	const u32 key = 0;
	struct places p;
	u8 data[MESSAGE];

	places_open(&p);
	socks = places_map(b, row->hash, &p);
	prog = prog_of(b, row, socks, seen);
	attach_prog(b, watched, prog, BPF_SK_SKB_STREAM_VERDICT);
	assert_int_equal(backend_update(b, watched, &key, &p.from.other), 0);
	message(data);
	assert_int_equal(send(p.from.fd, data, MESSAGE, MSG_NOSIGNAL), MESSAGE);
	check_arrives(row->name, "the socket", p.from.other, row->goes);
	check_arrives(row->name, "the connection's peer", p.to.other, row->egress);
	check_arrives(row->name, "the connection", p.to.fd, row->ingress);
	check_answer(b, row, seen);
	places_close(&p);
	close(prog);
	close(socks);
	close(seen);
	close(watched);
}

static void
run_emulated(const struct backend *b, struct xb_skb *s, const struct row *row)
{
	const struct xb_skb_ctx ctx = { .ifindex = 1,
		                        .sock_kind = XB_SKB_SOCK_GIVEN,
		                        .sock = { .uapi = { .family = AF_INET } } };
	int seen = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, 8, 1), socks, prog;
	u8 data[MESSAGE];
	const struct xb_skb_in in = {
		.data = data, .bytes = MESSAGE, .ctx = &ctx, .prog_type = BPF_PROG_TYPE_SK_SKB
	};
	struct xb_skb_out out;
	struct places p;

	places_open(&p);
	socks = places_map(b, row->hash, &p);
	prog = prog_of(b, row, socks, seen);
	message(data);
	xb_skb_load(s, &in);
	xb_skb_run(s, backend_emu_prog(b, prog), &out);
	assert_null(out.fault);
	check_answer(b, row, seen);
	if (!out.sk_redirect == (row->egress || row->ingress) ||
	    (out.retval == SK_PASS) != (row->goes || row->egress || row->ingress))
		fail_msg("emulator: %s: returns %u, %s", row->name, out.retval,
		         out.sk_redirect ? "and is redirected" : "and is not redirected");
	if (out.sk_redirect) {
		assert_int_equal(out.sk_redirect->info.cookie, sock_cookie(p.to.fd));
		assert_int_equal(out.sk_ingress, row->ingress);
	}
	places_close(&p);
	close(prog);
	close(socks);
	close(seen);
}

static void
redirects(void **state)
{
	struct backend kernel, emu;
	bool has_kernel = backend_open_kernel(&kernel);
	struct xb_err err = XB_ERR_INIT;
	struct xb_skb *s;

	(void)state;
	backend_open_emu(&emu, xb_skb_register);
	s = xb_skb_new(emu.emu, &(struct xb_skb_opts){ 0 }, &err);
	assert_non_null(s);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		run_emulated(&emu, s, &rows[i]);
		if (has_kernel)
			run_kernel(&kernel, &rows[i]);
	}
	xb_skb_free(s);
	backend_close(&emu);
	if (has_kernel)
		backend_close(&kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(redirects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
