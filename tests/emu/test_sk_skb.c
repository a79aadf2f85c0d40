/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sk_skb.c - SK_SKB programs at what a TCP socket receives: on the emulator, and on the
 * loopback with a socket map of the kernel's. What the helpers return, and what arrives.
 */
#include "skb/skb.h"
#include "tests/emu/sk_msg_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define STEPS      4u
#define SEEN_WORDS 3u /* R0, length, bytes that the program may point at */

/* A call with up to three numbers; 0: no more steps. */
struct step {
	u32 helper;
	s32 a, b, c;
};

static const struct row {
	const char *name;
	struct step steps[STEPS];
} rows[] = {
	{ "nothing", { { 0 } } },
	{ "room in front", { { BPF_FUNC_skb_adjust_room, 8, 0, 0 } } },
	{ "less in front", { { BPF_FUNC_skb_adjust_room, -8, 0, 0 } } },
	{ "less in front than there is",
	  { { BPF_FUNC_skb_adjust_room, -(s32)MESSAGE - 1, 0, 0 } } },
	{ "too much room", { { BPF_FUNC_skb_adjust_room, 0x1000, 0, 0 } } },
	{ "most room", { { BPF_FUNC_skb_adjust_room, 0xfff, 0, 0 } } },
	{ "room, with a mode", { { BPF_FUNC_skb_adjust_room, 8, 1, 0 } } },
	{ "room, with a flag", { { BPF_FUNC_skb_adjust_room, 8, 0, 1 } } },
	{ "no room", { { BPF_FUNC_skb_adjust_room, 0, 0, 0 } } },
	{ "room, and away again",
	  { { BPF_FUNC_skb_adjust_room, 20, 0, 0 }, { BPF_FUNC_skb_adjust_room, -20, 0, 0 } } },
	{ "longer", { { BPF_FUNC_skb_change_tail, MESSAGE + 9, 0, 0 } } },
	{ "shorter", { { BPF_FUNC_skb_change_tail, MESSAGE - 9, 0, 0 } } },
	{ "one byte", { { BPF_FUNC_skb_change_tail, 1, 0, 0 } } },
	{ "longer, with a flag", { { BPF_FUNC_skb_change_tail, MESSAGE + 9, 1, 0 } } },
	{ "a head", { { BPF_FUNC_skb_change_head, 14, 0, 0 } } },
	{ "a head, with a flag", { { BPF_FUNC_skb_change_head, 14, 1, 0 } } },
	{ "all of it", { { BPF_FUNC_skb_pull_data, MESSAGE, 0, 0 } } },
	{ "more than all", { { BPF_FUNC_skb_pull_data, MESSAGE + 1, 0, 0 } } },
};

#define VALUE_BYTES ((STEPS + 1) * SEEN_WORDS * 8)

/* What was seen after a call: R0, len, data_end - data. */
static void
look(struct builder *b, u32 i)
{
	s16 off = (s16)(i * SEEN_WORDS * 8);

	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 0, off, 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 2, 6, offsetof(struct __sk_buff, len), 0);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 2, (s16)(off + 8), 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 2, 6, offsetof(struct __sk_buff, data), 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 3, 6, offsetof(struct __sk_buff, data_end), 0);
	emit(b, BPF_ALU64 | BPF_SUB | BPF_X, 3, 2, 0, 0);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 3, (s16)(off + 16), 0);
}

static void
call(struct builder *b, const struct step *s, u32 i)
{
	emit_mov_reg(b, 1, 6);
	emit_mov(b, 2, s->a);
	emit_mov(b, 3, s->b);
	emit_mov(b, 4, s->c);
	emit_call(b, s->helper);
	look(b, i);
}

static int
stream_prog(const struct backend *b, const struct row *row, int map)
{
	const struct step all = { BPF_FUNC_skb_pull_data, MESSAGE, 0, 0 };
	struct builder build = { .cnt = 0 };

	emit_value(&build, map);
	call(&build, &all, 0); /* it lies in fragments */
	for (u32 i = 0; i < STEPS && row->steps[i].helper; i++)
		call(&build, &row->steps[i], i + 1);
	emit_mov(&build, 0, SK_PASS);
	emit_exit(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_STREAM_VERDICT);
}

struct seen {
	u64 value[VALUE_BYTES / 8];
	u32 bytes;
	u8 data[ROOM];
};

static void
run_kernel(const struct backend *b, const struct row *row, struct seen *seen)
{
	int map = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, VALUE_BYTES, 1);
	int socks = backend_map(b, BPF_MAP_TYPE_SOCKMAP, 4, 4, 1), prog = stream_prog(b, row, map);
	struct sock_pair p;
	const u32 key = 0;
	u8 data[MESSAGE];

	memset(seen, 0, sizeof(*seen));
	assert_true(sock_open(&tcp_accepted, &p));
	attach_prog(b, socks, prog, BPF_SK_SKB_STREAM_VERDICT);
	assert_int_equal(backend_update(b, socks, &key, &p.other), 0);
	message(data);
	assert_int_equal(send(p.fd, data, MESSAGE, MSG_NOSIGNAL), MESSAGE);
	seen->bytes = receive(p.other, seen->data, ROOM, 60);
	assert_int_equal(backend_lookup(b, map, &key, seen->value), 0);
	sock_close(&p);
	close(prog);
	close(socks);
	close(map);
}

static void
run_emulated(const struct backend *b, struct xb_skb *s, const struct row *row, struct seen *seen)
{
	const struct xb_skb_ctx ctx = { .ifindex = 1,
		                        .sock_kind = XB_SKB_SOCK_GIVEN,
		                        .sock = { .uapi = { .family = AF_INET } } };
	int map = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, VALUE_BYTES, 1);
	int prog = stream_prog(b, row, map);
	struct xb_skb_out out;
	const u32 key = 0;
	u8 data[MESSAGE];
	const struct xb_skb_in in = { .data = data,
		                      .bytes = MESSAGE,
		                      .linear_bytes = 1,
		                      .ctx = &ctx,
		                      .prog_type = BPF_PROG_TYPE_SK_SKB };

	memset(seen, 0, sizeof(*seen));
	message(data);
	xb_skb_load(s, &in);
	xb_skb_run(s, backend_emu_prog(b, prog), &out);
	assert_null(out.fault);
	assert_int_equal(out.retval, SK_PASS);
	assert_null(out.sk_redirect);
	seen->bytes = out.bytes;
	memcpy(seen->data, out.data, out.bytes);
	assert_int_equal(backend_lookup(b, map, &key, seen->value), 0);
	close(prog);
	close(map);
}

static void
compare(const struct row *row, const struct seen *want, const struct seen *is)
{
	for (u32 i = 0; i < VALUE_BYTES / 8; i++)
		if (want->value[i] != is->value[i])
			fail_msg("%s: step %u, number %u: kernel %lld, emulator %lld", row->name,
			         i / SEEN_WORDS, i % SEEN_WORDS, (long long)want->value[i],
			         (long long)is->value[i]);
	if (want->bytes != is->bytes || memcmp(want->data, is->data, is->bytes))
		fail_msg("%s: %u bytes arrive, of the emulator's %u, or others", row->name,
		         want->bytes, is->bytes);
}

static void
agrees(void **state)
{
	static struct seen want, is;
	struct xb_err err = XB_ERR_INIT;
	struct backend kernel, emu;
	struct xb_skb *s;

	(void)state;
	if (!backend_open_kernel(&kernel))
		return;
	backend_open_emu(&emu, xb_skb_register);
	s = xb_skb_new(emu.emu, &(struct xb_skb_opts){ 0 }, &err);
	assert_non_null(s);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		run_emulated(&emu, s, &rows[i], &is);
		run_kernel(&kernel, &rows[i], &want);
		compare(&rows[i], &want, &is);
	}
	xb_skb_free(s);
	backend_close(&emu);
	backend_close(&kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
