/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sk_reuseport_migrate.c - connections whose listener is closed before they are accepted: when
 * Linux asks a SK_REUSEPORT program where they go, what that sees, and what becomes of its answer;
 * and the same call again on the emulator.
 *
 * That a listener is closed, and whether a program is asked then, is nothing that the emulator
 * knows: who runs a program with a migrating socket says so.
 */
#include "tests/emu/reuseport_rig.h"
#include "tests/emu/sk_msg_rig.h"
#include "tests/rig/network.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ATTACH_REUSE 52 /* SO_ATTACH_REUSEPORT_EBPF */
#define SELECT       BPF_SK_REUSEPORT_SELECT
#define MIGRATE      BPF_SK_REUSEPORT_SELECT_OR_MIGRATE
#define BY_HASH      98u /* any that is left */
#define OFF(field)   ((s16)offsetof(struct sk_reuseport_md, field))

static const struct row {
	const char *name;
	u32 attach_type;
	bool sysctl; /* net.ipv4.tcp_migrate_req */
	u32 choice;  /* of the program, when it is asked */
	s64 r0;      /* of bpf_sk_select_reuseport */
	s32 ret;
	bool asked;
	u32 goes; /* PLACE_CNT: nowhere */
} rows[] = {
	{ "second", MIGRATE, false, SECOND, 0, SK_PASS, true, SECOND },
	{ "third", MIGRATE, false, THIRD, 0, SK_PASS, true, THIRD },
	{ "third, sysctl", MIGRATE, true, THIRD, 0, SK_PASS, true, THIRD },
	{ "dropped", MIGRATE, true, SECOND, 0, SK_DROP, true, PLACE_CNT },
	{ "another answer", MIGRATE, true, SECOND, 0, 5, true, PLACE_CNT },
	{ "no choice", MIGRATE, false, EMPTY, -ENOENT, SK_PASS, true, BY_HASH },
	{ "of no group", MIGRATE, false, OTHER_PORT, -EBADFD, SK_PASS, true, BY_HASH },
	{ "the one that is closed", MIGRATE, false, FIRST, -ENOENT, SK_PASS, true, BY_HASH },
	{ "a program that is not asked, sysctl", SELECT, true, SECOND, 0, SK_PASS, false, BY_HASH },
	{ "a program that is not asked", SELECT, false, SECOND, 0, SK_PASS, false, PLACE_CNT },
};

/* What a program saw when it was asked. */
struct seen {
	u64 asked, len, room, eth_protocol, ip_protocol, bind_inany, hash, load, r0;
	u64 sk_state, sk_family, sk_protocol, sk_port, sk_cookie;
	u64 state, family, src_port, dst_port, src_ip4, dst_ip4, cookie; /* of who migrates */
};

#define KEEP(b, reg, field)                                                                        \
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, reg, (s16)offsetof(struct seen, field), 0)
#define LOADED(b, base, off, field)                                                                \
	do {                                                                                       \
		emit(b, BPF_LDX | BPF_MEM | BPF_W, 2, base, off, 0);                               \
		KEEP(b, 2, field);                                                                 \
	} while (0)
#define SK(field) ((s16)offsetof(struct bpf_sock, field))

static void
emit_ctx(struct builder *b)
{
	emit(b, BPF_ST | BPF_MEM | BPF_DW, 7, 0, 0, 1);
	LOADED(b, 6, OFF(len), len);
	LOADED(b, 6, OFF(eth_protocol), eth_protocol);
	LOADED(b, 6, OFF(ip_protocol), ip_protocol);
	LOADED(b, 6, OFF(bind_inany), bind_inany);
	LOADED(b, 6, OFF(hash), hash);
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 2, 6, OFF(data), 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 3, 6, OFF(data_end), 0);
	emit(b, BPF_ALU64 | BPF_SUB | BPF_X, 3, 2, 0, 0);
	KEEP(b, 3, room);
	emit_mov_reg(b, 1, 6);
	emit_mov(b, 2, 0);
	emit_mov_reg(b, 3, 10);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, -8);
	emit_mov(b, 4, 1);
	emit_call(b, BPF_FUNC_skb_load_bytes);
	KEEP(b, 0, load);
}

static void
emit_socks(struct builder *b)
{
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 9, 6, OFF(sk), 0);
	LOADED(b, 9, SK(state), sk_state);
	LOADED(b, 9, SK(family), sk_family);
	LOADED(b, 9, SK(protocol), sk_protocol);
	LOADED(b, 9, SK(src_port), sk_port);
	emit_mov_reg(b, 1, 9);
	emit_call(b, BPF_FUNC_get_socket_cookie);
	KEEP(b, 0, sk_cookie);
	LOADED(b, 8, SK(state), state);
	LOADED(b, 8, SK(family), family);
	LOADED(b, 8, SK(src_port), src_port);
	LOADED(b, 8, SK(dst_port), dst_port);
	LOADED(b, 8, SK(src_ip4), src_ip4);
	LOADED(b, 8, SK(dst_ip4), dst_ip4);
	emit_mov_reg(b, 1, 8);
	emit_call(b, BPF_FUNC_get_socket_cookie);
	KEEP(b, 0, cookie);
}

static void
emit_select(struct builder *b, int map, u32 place)
{
	emit(b, BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, (s32)place);
	emit_mov_reg(b, 1, 6);
	emit_map(b, 2, map);
	emit_mov_reg(b, 3, 10);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, -4);
	emit_mov(b, 4, 0);
	emit_call(b, BPF_FUNC_sk_select_reuseport);
}

/* A connection that comes in goes to the first; the row is about what is asked then. */
static int
load(const struct backend *b, const struct row *row, int socks, int seen)
{
	static struct builder build;
	u32 jump;

	build.cnt = 0;
	emit_value(&build, seen);
	emit(&build, BPF_LDX | BPF_MEM | BPF_DW, 8, 6, OFF(migrating_sk), 0);
	jump = build.cnt;
	emit(&build, BPF_JMP | BPF_JNE | BPF_K, 8, 0, 0, 0);
	emit_select(&build, socks, FIRST);
	emit_mov(&build, 0, SK_PASS);
	emit_exit(&build);
	build.insns[jump].off = (s16)(build.cnt - jump - 1);
	emit_ctx(&build);
	emit_socks(&build);
	emit_select(&build, socks, row->choice);
	KEEP(&build, 0, r0);
	emit_mov(&build, 0, row->ret);
	emit_exit(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_SK_REUSEPORT, row->attach_type);
}

static int
make_socks(const struct backend *b, const struct group *g)
{
	int map = backend_map(b, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, PLACE_CNT);

	for (u32 i = 0; i <= OTHER_PORT; i++) {
		const u64 fd = (u64)g->fds[i];

		assert_int_equal(backend_update(b, map, &i, &fd), 0);
	}
	return map;
}

/* Connects, without that anyone accepts it: it waits at the first of the group. */
static int
connect_to(const struct group *g)
{
	const struct sockaddr_in addr = { .sin_family = AF_INET,
		                          .sin_port = g->port,
		                          .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = g->fds[FIRST], .events = POLLIN };

	assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(poll(&p, 1, 2000), 1);
	return fd;
}

/* Who has the connection now; its cookie. */
static u32
find_connection(const struct group *g, u64 *cookie)
{
	for (u32 i = SECOND; i <= THIRD; i++) {
		struct pollfd p = { .fd = g->fds[i], .events = POLLIN };
		int fd = poll(&p, 1, 50) == 1 ? accept4(p.fd, NULL, NULL, SOCK_CLOEXEC) : -1;

		if (fd < 0)
			continue;
		*cookie = sock_cookie(fd);
		close(fd);
		return i;
	}
	return PLACE_CNT;
}

static void
set_sysctl(bool value)
{
	FILE *f = fopen("/proc/sys/net/ipv4/tcp_migrate_req", "we");

	assert_non_null(f);
	assert_true(fprintf(f, "%d", value) == 1);
	assert_int_equal(fclose(f), 0);
}

static void
check_goes(const struct row *row, const char *side, u32 goes)
{
	bool by_hash = row->goes == BY_HASH && (goes == BY_HASH || goes == SECOND || goes == THIRD);

	if (goes != row->goes && !by_hash)
		fail_msg("%s: %s: goes to %u, not %u", side, row->name, goes, row->goes);
}

static void
run_kernel(const struct backend *b, const struct row *row, struct group *g, struct seen *seen)
{
	int value = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, sizeof(*seen), 1), socks, prog, client;
	const u32 key = 0;
	u64 first, cookie = 0;
	u32 goes;

	set_sysctl(row->sysctl);
	socks = make_socks(b, g);
	prog = load(b, row, socks, value);
	assert_int_equal(setsockopt(g->fds[FIRST], SOL_SOCKET, ATTACH_REUSE, &prog, sizeof(prog)),
	                 0);
	client = connect_to(g);
	first = sock_cookie(g->fds[FIRST]);
	close(g->fds[FIRST]);
	g->fds[FIRST] = -1;
	goes = find_connection(g, &cookie);
	assert_int_equal(backend_lookup(b, value, &key, seen), 0);
	check_goes(row, "kernel", goes);
	if (seen->asked != row->asked)
		fail_msg("kernel: %s: asked: %d", row->name, (int)seen->asked);
	if (row->asked && (seen->sk_cookie != first || (cookie && cookie != seen->cookie)))
		fail_msg("kernel: %s: other sockets", row->name);
	close(client);
	close(prog);
	close(socks);
	close(value);
}

/* A socket as the kernel's program saw it. */
static struct xb_sock *
sock_of(const struct backend *b, const struct bpf_sock *sk, u64 cookie)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_sock *sock = xb_sock_new(b->emu, &err);

	assert_non_null(sock);
	xb_sock_set(sock, &(struct xb_sock_info){ .uapi = *sk, .cookie = cookie });
	return sock;
}

static void
fill_in(const struct backend *b, const struct seen *want, struct xb_sk_reuseport_in *in)
{
	struct bpf_sock listener = { .family = (u32)want->sk_family,
		                     .type = SOCK_STREAM,
		                     .protocol = (u32)want->sk_protocol,
		                     .state = (u32)want->sk_state,
		                     .src_port = (u32)want->sk_port,
		                     .src_ip4 = htonl(INADDR_LOOPBACK) };
	struct bpf_sock child = { .family = (u32)want->family,
		                  .type = SOCK_STREAM,
		                  .protocol = IPPROTO_TCP,
		                  .state = (u32)want->state,
		                  .src_port = (u32)want->src_port,
		                  .src_ip4 = (u32)want->src_ip4,
		                  .dst_ip4 = (u32)want->dst_ip4 };

	child.dst_port = (__be16)want->dst_port;
	*in = (struct xb_sk_reuseport_in){ .packet = (const u8 *)"",
		                           .hash = (u32)want->hash,
		                           .sk = sock_of(b, &listener, want->sk_cookie),
		                           .migrating = sock_of(b, &child, want->cookie) };
}

static u32
place_of(const struct group *g, const struct xb_sk_reuseport_out *o)
{
	if (o->verdict == XB_SK_REUSEPORT_DROP)
		return PLACE_CNT;
	for (u32 i = SECOND; i <= THIRD && o->selected; i++)
		if (sock_cookie(g->fds[i]) == o->selected->info.cookie)
			return i;
	return BY_HASH;
}

static void
run_emulator(const struct row *row, const struct group *g, const struct seen *want,
             struct seen *seen)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_sk_reuseport_in in;
	struct xb_sk_reuseport_out o;
	struct xb_sk_reuseport *r;
	struct backend b;
	const u32 key = 0;
	int value, socks, prog;

	backend_open_emu(&b, xb_sk_reuseport_register);
	value = backend_map(&b, BPF_MAP_TYPE_ARRAY, 4, sizeof(*seen), 1);
	socks = backend_map(&b, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, PLACE_CNT);
	for (u32 i = SECOND; i <= OTHER_PORT; i++) {
		const u64 fd = (u64)g->fds[i];

		assert_int_equal(backend_update(&b, socks, &i, &fd), 0);
	}
	prog = load(&b, row, socks, value);
	fill_in(&b, want, &in);
	r = xb_sk_reuseport_new(b.emu, 0, &err);
	assert_non_null(r);
	assert_int_equal(xb_sk_reuseport_load(r, &in, &err), 0);
	xb_sk_reuseport_run(r, backend_emu_prog(&b, prog), &o);
	if (o.fault)
		fail_msg("%s: %s", row->name, o.fault->message);
	check_goes(row, "emulator", place_of(g, &o));
	assert_int_equal(backend_lookup(&b, value, &key, seen), 0);
	xb_sk_reuseport_free(r);
	xb_sock_free(in.migrating);
	xb_sock_free(in.sk);
	close(prog);
	close(socks);
	close(value);
	backend_close(&b);
}

static void
compare(const struct row *row, const struct seen *want, const struct seen *is)
{
	const u64 *a = (const void *)want, *b = (const void *)is;

	if (want->r0 != (u64)row->r0)
		fail_msg("kernel: %s: R0 %lld", row->name, (long long)want->r0);
	for (u32 i = 0; i < sizeof(*want) / 8; i++)
		if (a[i] != b[i])
			fail_msg("%s: number %u: kernel 0x%llx, emulator 0x%llx", row->name, i,
			         (unsigned long long)a[i], (unsigned long long)b[i]);
}

static void
migrates_as_the_kernel(void **state)
{
	static const struct group_kind tcp4 = { "TCP", AF_INET, SOCK_STREAM, false };
	static const struct network none = { .link_cnt = 0 };
	struct backend kernel;

	(void)state;
	if (!network_open(&none) || !backend_open_kernel(&kernel))
		return;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct seen want = { 0 }, is = { 0 };
		struct group g;

		group_open(&g, &tcp4);
		run_kernel(&kernel, &rows[i], &g, &want);
		if (rows[i].asked) {
			run_emulator(&rows[i], &g, &want, &is);
			compare(&rows[i], &want, &is);
		}
		group_close(&g);
	}
	backend_close(&kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(migrates_as_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
