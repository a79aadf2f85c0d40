/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sk_msg_redirect.c - where messages go that SK_MSG programs redirect: on the emulator, and on
 * the loopback.
 */
#include "tests/emu/sk_msg_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Redirects: what is in the map, how the helper is called, what it answers. */
static const struct redirect_row {
	const char *name;
	bool hash; /* SOCKHASH */
	u32 key;   /* 0: a connection, 1: a listener, 2: a UDP socket, 3: none, 9: out of range */
	u64 flags;
	u32 apply;            /* bpf_msg_apply_bytes */
	s32 ret;              /* of the program; -1: the helper's answer */
	bool goes;            /* on the way it would go without the program */
	bool ingress, egress; /* to the connection */
} redirect_rows[] = {
	{ "egress", false, 0, 0, 0, -1, false, false, true },
	{ "ingress", false, 0, BPF_F_INGRESS, 0, -1, false, true, false },
	{ "flags", false, 0, 2, 0, -1, false, false, false },
	{ "listener", false, 1, 0, 0, -1, false, false, false },
	{ "UDP, egress", false, 2, 0, 0, -1, false, false, false },
	{ "empty", false, 3, 0, 0, -1, false, false, false },
	{ "out of range", false, 9, 0, 0, -1, false, false, false },
	{ "hash, egress", true, 0, 0, 0, -1, false, false, true },
	{ "hash, ingress", true, 0, BPF_F_INGRESS, 0, -1, false, true, false },
	{ "hash, empty", true, 3, 0, 0, -1, false, false, false },
	{ "redirected, but dropped", false, 0, 0, 0, SK_DROP, false, false, false },
	{ "not redirected, but passed", false, 3, 0, 0, SK_PASS, true, false, false },
	{ "neither drop nor pass", false, 3, 0, 0, 7, false, false, false },
	{ "egress of all by parts", false, 0, 0, 100, -1, false, false, true },
};

static int
redirect_prog(const struct backend *b, const struct redirect_row *row, int socks)
{
	struct builder build = { .cnt = 0 };

	emit_mov_reg(&build, 6, 1);
	emit_mov(&build, 2, (s32)row->apply);
	emit_call(&build, BPF_FUNC_msg_apply_bytes);
	emit_mov_reg(&build, 1, 6);
	emit_map(&build, 2, socks);
	emit_sock_key(&build, row->hash, row->key);
	emit_mov(&build, 4, (s32)row->flags);
	emit_call(&build, row->hash ? BPF_FUNC_msg_redirect_hash : BPF_FUNC_msg_redirect_map);
	if (row->ret >= 0)
		emit_mov(&build, 0, row->ret);
	emit_exit(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT);
}

static void
redirect_kernel(const struct backend *b, const struct redirect_row *row)
{
	int watched = backend_map(b, BPF_MAP_TYPE_SOCKMAP, 4, 4, 1), prog, map;
	struct places p;
	const u32 key = 0;
	u8 data[MESSAGE];

	places_open(&p);
	map = places_map(b, row->hash, &p);
	prog = redirect_prog(b, row, map);
	attach_prog(b, watched, prog, BPF_SK_MSG_VERDICT);
	assert_int_equal(backend_update(b, watched, &key, &p.from.fd), 0);
	message(data);
	send(p.from.fd, data, MESSAGE, MSG_NOSIGNAL);
	check_arrives(row->name, "the peer", p.from.other, row->goes);
	check_arrives(row->name, "the connection's peer", p.to.other, row->egress);
	check_arrives(row->name, "the connection", p.to.fd, row->ingress);
	places_close(&p);
	close(prog);
	close(map);
	close(watched);
}

static void
redirect_emulated(struct emulated *e, const struct redirect_row *row)
{
	struct xb_sk_msg_out out;
	struct places p;
	int map, prog;
	bool redirected;

	places_open(&p);
	map = places_map(&e->b, row->hash, &p);
	prog = redirect_prog(&e->b, row, map);
	emulated_run(e, prog, &out);
	assert_null(out.fault);
	redirected = out.verdict == XB_SK_MSG_REDIRECT;
	if ((out.verdict == XB_SK_MSG_PASS) != row->goes || out.apply_bytes != row->apply ||
	    redirected != (row->egress || row->ingress) || out.ingress != row->ingress)
		fail_msg("emulator: %s: verdict %d, ingress %d", row->name, (int)out.verdict,
		         (int)out.ingress);
	if (redirected)
		assert_int_equal(out.redirect->info.cookie, sock_cookie(p.to.fd));
	places_close(&p);
	close(prog);
	close(map);
}

static void
redirects(void **state)
{
	struct backend kernel;
	bool has_kernel = backend_open_kernel(&kernel);
	struct emulated e;

	(void)state;
	emulated_open(&e);
	for (size_t i = 0; i < XB_ARRAY_SIZE(redirect_rows); i++) {
		redirect_emulated(&e, &redirect_rows[i]);
		if (has_kernel)
			redirect_kernel(&kernel, &redirect_rows[i]);
	}
	emulated_close(&e);
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
