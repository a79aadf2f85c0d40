/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sk_skb_parser.c - SK_SKB programs that find messages in a TCP stream, and those that judge
 * them: on the loopback, with a socket map of the kernel's, and each of these calls again on the
 * emulator. What the programs see, and what they return.
 *
 * Linux hands a parser all of the segment that a message begins in, also what is in front of the
 * message, and so it does with the verdict's program: `walk` says which bytes that are.
 */
#include "skb/skb.h"
#include "tests/emu/sk_msg_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CALLS_MOST 24u
#define SENDS_MOST 4u
#define PARSER     1u
#define VERDICT    2u

/* What a program saw in a call; R0 of bpf_skb_load_bytes, bpf_skb_pull_data; what it returns. */
struct call {
	u64 kind, len, room, load, bytes, pull, room_then, cookie, ret;
};

struct record {
	u64 cnt;
	struct call calls[CALLS_MOST];
};

/* How the parser's answer comes about. */
enum answer { LENGTH, NUMBER, HEADER };

static const struct row {
	const char *name;
	enum answer answer;
	s32 number;            /* NUMBER: this; HEADER: until so many bytes are there, 0 */
	s32 verdict;           /* SK_PASS, SK_DROP */
	u32 sends[SENDS_MOST]; /* one after the other has come in */
} rows[] = {
	{ "what there is", LENGTH, 0, SK_PASS, { 400 } },
	{ "what there is, twice", LENGTH, 0, SK_PASS, { 400, 30 } },
	{ "one byte", LENGTH, 0, SK_PASS, { 1, 1 } },
	{ "four messages in one", NUMBER, 100, SK_PASS, { 400 } },
	{ "messages that end elsewhere", NUMBER, 90, SK_PASS, { 100, 100, 70 } },
	{ "one message of all", NUMBER, 300, SK_PASS, { 100, 100, 100 } },
	{ "no whole message", NUMBER, 300, SK_PASS, { 100, 100 } },
	{ "messages that are dropped", NUMBER, 100, SK_DROP, { 200, 200 } },
	{ "a header that is late", HEADER, 150, SK_PASS, { 100, 100, 50 } },
	{ "a header that never comes", HEADER, 500, SK_PASS, { 100, 100 } },
	{ "an error", NUMBER, -EINVAL, SK_PASS, { 100, 100 } },
	{ "the greatest number", NUMBER, 0x7fffffff, SK_PASS, { 100 } },
};

#define CALL(field)           ((s16)offsetof(struct call, field))
#define RECORD(b, reg, field) emit(b, BPF_STX | BPF_MEM | BPF_DW, 8, reg, CALL(field), 0)

static void
record_room(struct builder *b, s16 off)
{
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 2, 6, offsetof(struct __sk_buff, data), 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 3, 6, offsetof(struct __sk_buff, data_end), 0);
	emit(b, BPF_ALU64 | BPF_SUB | BPF_X, 3, 2, 0, 0);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 8, 3, off, 0);
}

/* R8: the record of this call, of which there are so many; R9: the packet's length. */
static void
start(struct builder *b, int map, u64 kind)
{
	emit_value(b, map);
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 1, 7, 0, 0);
	emit(b, BPF_JMP | BPF_JLT | BPF_K, 1, 0, 2, CALLS_MOST);
	emit_mov(b, 0, 0);
	emit_exit(b);
	emit_mov_reg(b, 8, 1);
	emit(b, BPF_ALU64 | BPF_MUL | BPF_K, 8, 0, 0, sizeof(struct call));
	emit(b, BPF_ALU64 | BPF_ADD | BPF_X, 8, 7, 0, 0);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 8, 0, 0, offsetof(struct record, calls));
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, 1);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 1, 0, 0);
	emit(b, BPF_ST | BPF_MEM | BPF_DW, 8, 0, CALL(kind), (s32)kind);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 9, 6, offsetof(struct __sk_buff, len), 0);
	RECORD(b, 9, len);
}

static void
look(struct builder *b)
{
	record_room(b, CALL(room));
	emit_mov_reg(b, 1, 6);
	emit_mov(b, 2, 1);
	emit_mov_reg(b, 3, 8);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, CALL(bytes));
	emit_mov(b, 4, 8);
	emit_call(b, BPF_FUNC_skb_load_bytes);
	RECORD(b, 0, load);
	emit_mov_reg(b, 1, 6);
	emit_mov(b, 2, 50);
	emit_call(b, BPF_FUNC_skb_pull_data);
	RECORD(b, 0, pull);
	record_room(b, CALL(room_then));
	emit_mov_reg(b, 1, 6);
	emit_call(b, BPF_FUNC_get_socket_cookie);
	RECORD(b, 0, cookie);
}

static void
finish(struct builder *b)
{
	RECORD(b, 0, ret);
	emit_exit(b);
}

static int
parser_prog(const struct backend *b, const struct row *row, int map)
{
	struct builder build = { .cnt = 0 };

	start(&build, map, PARSER);
	look(&build);
	emit_mov_reg(&build, 0, 9);
	if (row->answer == NUMBER)
		emit_mov(&build, 0, row->number);
	if (row->answer == HEADER) {
		emit(&build, BPF_JMP | BPF_JGE | BPF_K, 9, 0, 1, row->number);
		emit_mov(&build, 0, 0);
	}
	finish(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_STREAM_PARSER);
}

static int
verdict_prog(const struct backend *b, const struct row *row, int map)
{
	struct builder build = { .cnt = 0 };

	start(&build, map, VERDICT);
	look(&build);
	emit_mov(&build, 0, row->verdict);
	finish(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_STREAM_VERDICT);
}

static u8
byte_of(u32 at)
{
	return (u8)(at * 7 + at / 256);
}

static u32
send_all(const struct row *row, const struct sock_pair *p, u8 *came)
{
	u32 at = 0, got = 0;
	u8 data[512];

	for (u32 i = 0; i < SENDS_MOST && row->sends[i]; i++) {
		for (u32 k = 0; k < row->sends[i]; k++)
			data[k] = byte_of(at + k);
		at += row->sends[i];
		send(p->fd, data, row->sends[i], MSG_NOSIGNAL);
		got += receive(p->other, came + got, ROOM - got, 60);
	}
	return got;
}

/* The calls that the kernel makes, the cookie of the socket, and how many bytes come through. */
static u32
run_kernel(const struct backend *b, const struct row *row, struct record *r, u64 *cookie)
{
	int map = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct record), 1);
	int socks = backend_map(b, BPF_MAP_TYPE_SOCKMAP, 4, 4, 1);
	int parser = parser_prog(b, row, map), verdict = verdict_prog(b, row, map);
	static u8 came[ROOM];
	struct sock_pair p;
	const u32 key = 0;
	u32 got;

	assert_true(sock_open(&tcp_accepted, &p));
	attach_prog(b, socks, parser, BPF_SK_SKB_STREAM_PARSER);
	attach_prog(b, socks, verdict, BPF_SK_SKB_STREAM_VERDICT);
	assert_int_equal(backend_update(b, socks, &key, &p.other), 0);
	got = send_all(row, &p, came);
	for (u32 i = 0; i < got; i++)
		if (came[i] != byte_of(i))
			fail_msg("%s: byte %u that came through is another", row->name, i);
	*cookie = sock_cookie(p.other);
	assert_int_equal(backend_lookup(b, map, &key, r), 0);
	sock_close(&p);
	close(verdict);
	close(parser);
	close(socks);
	close(map);
	return got;
}

/* The emulator's programs. */
struct emu_calls {
	const struct backend *b;
	const struct row *row;
	struct xb_skb *s;
	int map, parser, verdict;
	u64 cookie;
};

/* One call, of `len` bytes of the stream from `from` on; what the program returns. */
static s32
call_again(const struct emu_calls *e, u64 kind, u32 from, u32 len, u32 *linear)
{
	const struct xb_skb_ctx ctx = { .ifindex = 1,
		                        .sock_kind = XB_SKB_SOCK_GIVEN,
		                        .sock = { .uapi = { .family = AF_INET },
		                                  .cookie = e->cookie } };
	struct xb_skb_in in = { .bytes = len,
		                .linear_bytes = *linear,
		                .no_linear = true,
		                .ctx = &ctx,
		                .prog_type = BPF_PROG_TYPE_SK_SKB };
	int prog = kind == PARSER ? e->parser : e->verdict;
	struct xb_skb_out out;
	u8 data[2048];

	assert_true(len <= sizeof(data));
	for (u32 i = 0; i < len; i++)
		data[i] = byte_of(from + i);
	in.data = data;
	xb_skb_load(e->s, &in);
	xb_skb_run(e->s, backend_emu_prog(e->b, prog), &out);
	if (out.fault)
		fail_msg("%s: %s", e->row->name, out.fault->message);
	*linear = out.linear_bytes;
	return (s32)out.retval;
}

/* A message as it grows: where its first segment starts, how much of the stream that and those
 * after it are. cf. net/strparser/strparser.c: __strp_recv
 */
struct strp_message {
	bool is;
	u32 from, len, linear; /* what bpf_skb_pull_data made linear stays so */
	s64 full, have;
};

/* A segment of the stream; false: the parser gave up. *through: bytes of whole messages. */
static bool
walk(const struct emu_calls *e, struct strp_message *m, u32 from, u32 len, u32 *through)
{
	u32 eaten = 0;

	while (eaten < len) {
		if (!m->is)
			*m = (struct strp_message){ .is = true, .from = from, .len = len };
		else
			m->len += len;
		if (!m->full)
			m->full = call_again(e, PARSER, m->from, m->len, &m->linear);
		if (m->full < 0 || m->full > 0x7ffffff)
			return false;
		if (m->full == 0 || m->have + (len - eaten) < m->full) {
			m->have += len - eaten;
			return true;
		}
		eaten += (u32)(m->full - m->have);
		if (call_again(e, VERDICT, m->from, m->len, &m->linear) == SK_PASS)
			*through += (u32)m->full;
		m->is = false;
	}
	return true;
}

static u32
run_emulated(const struct backend *b, struct xb_skb *s, const struct row *row, u64 cookie,
             struct record *r)
{
	int map = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct record), 1);
	const struct emu_calls e = { .b = b,
		                     .row = row,
		                     .s = s,
		                     .map = map,
		                     .parser = parser_prog(b, row, map),
		                     .verdict = verdict_prog(b, row, map),
		                     .cookie = cookie };
	struct strp_message m = { .is = false };
	u32 at = 0, through = 0;
	const u32 key = 0;

	for (u32 i = 0; i < SENDS_MOST && row->sends[i]; i++) {
		if (!walk(&e, &m, at, row->sends[i], &through))
			break;
		at += row->sends[i];
	}
	assert_int_equal(backend_lookup(b, map, &key, r), 0);
	close(e.verdict);
	close(e.parser);
	close(map);
	return through;
}

static u32
compare(const struct row *row, const struct record *want, const struct record *is)
{
	const u32 words = sizeof(struct call) / 8;
	u32 cnt = 0;

	if (want->cnt != is->cnt) {
		print_error("%s: the kernel makes %llu calls, the emulator %llu\n", row->name,
		            (unsigned long long)want->cnt, (unsigned long long)is->cnt);
		return 1;
	}
	for (u32 i = 0; i < want->cnt * words; i++) {
		u64 a = ((const u64 *)(const void *)want->calls)[i];
		u64 b = ((const u64 *)(const void *)is->calls)[i];

		if (a == b)
			continue;
		cnt++;
		print_error("%s: call %u, number %u: kernel 0x%llx, emulator 0x%llx\n", row->name,
		            i / words, i % words, (unsigned long long)a, (unsigned long long)b);
	}
	return cnt;
}

static void
agrees(void **state)
{
	static struct record want, is;
	struct xb_err err = XB_ERR_INIT;
	struct backend kernel, emu;
	struct xb_skb *s;
	u32 failed = 0;

	(void)state;
	if (!backend_open_kernel(&kernel))
		return;
	backend_open_emu(&emu, xb_skb_register);
	s = xb_skb_new(emu.emu, &(struct xb_skb_opts){ 0 }, &err);
	assert_non_null(s);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		u64 cookie;
		u32 got = run_kernel(&kernel, &rows[i], &want, &cookie);
		u32 through = run_emulated(&emu, s, &rows[i], cookie, &is);

		failed += compare(&rows[i], &want, &is);
		if (got != through) {
			failed++;
			print_error("%s: %u bytes come through, of the emulator's %u\n",
			            rows[i].name, got, through);
		}
	}
	xb_skb_free(s);
	backend_close(&emu);
	backend_close(&kernel);
	if (failed)
		fail_msg("%u differences", failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
