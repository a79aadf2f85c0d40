/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_map_sock.c - SOCKMAP, SOCKHASH, REUSEPORT_SOCKARRAY: which sockets they take, what bpf(2)
 * says of their entries, and many operations at random, on the emulator and on the kernel.
 */
#include "emu/map.h"
#include "emu/map_sock.h"
#include "emu/world.h"
#include "tests/emu/map_backend.h"
#include "tests/emu/socks.h"
#include "vm/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ENTRIES  5u
#define SOCK_CNT 24u
#define OPS      1000000u

static const struct map_spec specs[] = {
	{ BPF_MAP_TYPE_SOCKMAP, 4, 8, ENTRIES, 0 },
	{ BPF_MAP_TYPE_SOCKMAP, 4, 4, ENTRIES, 0 },
	{ BPF_MAP_TYPE_SOCKHASH, 4, 8, ENTRIES, 0 },
	{ BPF_MAP_TYPE_SOCKHASH, 13, 4, ENTRIES, 0 },
	{ BPF_MAP_TYPE_SOCKHASH, 27, 8, ENTRIES, 0 },
	{ BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, ENTRIES, 0 },
	{ BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 4, ENTRIES, 0 },
};

struct machine {
	struct backend kernel, emu;
	bool has_kernel;
};

static void
machine_open(struct machine *m)
{
	m->emu = backend_emu(1);
	m->has_kernel = backend_kernel(&m->kernel);
}

static const struct create_row {
	const char *name;
	u32 key, value, max, flags;
} create_rows[] = {
	{ "values of 4", 4, 4, 3, 0 },
	{ "values of 8", 4, 8, 3, 0 },
	{ "values of 2", 4, 2, 3, 0 },
	{ "values of 16", 4, 16, 3, 0 },
	{ "no entries", 4, 8, 0, 0 },
	{ "keys of 0", 0, 8, 3, 0 },
	{ "keys of 1", 1, 8, 3, 0 },
	{ "keys of 8", 8, 8, 3, 0 },
	{ "keys of 512", 512, 8, 3, 0 },
	{ "keys of 513", 513, 8, 3, 0 },
	{ "not preallocated", 4, 8, 3, BPF_F_NO_PREALLOC },
	{ "NUMA node", 4, 8, 3, BPF_F_NUMA_NODE },
	{ "read only", 4, 8, 3, BPF_F_RDONLY },
	{ "write only", 4, 8, 3, BPF_F_WRONLY },
	{ "read only for programs", 4, 8, 3, BPF_F_RDONLY_PROG },
	{ "write only for programs", 4, 8, 3, BPF_F_WRONLY_PROG },
	{ "neither for programs", 4, 8, 3, BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG },
	{ "seed of 0", 4, 8, 3, BPF_F_ZERO_SEED },
	{ "mmapable", 4, 8, 3, BPF_F_MMAPABLE },
	{ "inner", 4, 8, 3, BPF_F_INNER_MAP },
	{ "preserved", 4, 8, 3, BPF_F_PRESERVE_ELEMS },
};

static long
try_create(const struct backend *b, u32 type, const struct create_row *row)
{
	long fd = map_create(
	        b, &(struct map_spec){ type, row->key, row->value, row->max, row->flags });

	if (fd >= 0)
		close((int)fd);
	return fd < 0 ? fd : 0;
}

static void
creates(void **state)
{
	static const u32 types[] = { BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_SOCKHASH,
		                     BPF_MAP_TYPE_REUSEPORT_SOCKARRAY };
	struct machine m;

	(void)state;
	machine_open(&m);
	for (size_t t = 0; t < XB_ARRAY_SIZE(types) && m.has_kernel; t++) {
		for (size_t i = 0; i < XB_ARRAY_SIZE(create_rows); i++) {
			const struct create_row *row = &create_rows[i];
			long want = try_create(&m.kernel, types[t], row);
			long is = try_create(&m.emu, types[t], row);

			if (want != is)
				fail_msg("type %u, %s: kernel %ld, emulator %ld", types[t],
				         row->name, want, is);
		}
	}
	backend_free(&m.emu);
}

/* Update, lookup, delete of one entry. */
struct taken {
	long update, lookup, remove;
	u64 cookie;
};

static void
take(const struct backend *b, const struct map_spec *spec, int fd, struct taken *t)
{
	int map = (int)map_create(b, spec);
	u8 key[64] = { 0 };
	s64 value = fd;

	assert_true(map >= 0);
	memset(t, 0, sizeof(*t));
	t->update = map_update(b, map, key, &value, BPF_ANY);
	t->lookup = map_lookup(b, map, key, &t->cookie);
	t->remove = map_delete(b, map, key);
	close(map);
}

static void
compare_taken(const struct machine *m, const char *name, int fd)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(specs); i++) {
		struct taken want, is;

		take(&m->kernel, &specs[i], fd, &want);
		take(&m->emu, &specs[i], fd, &is);
		if (memcmp(&want, &is, sizeof(want)))
			fail_msg("map type %u, values of %u, %s: update %ld %ld, lookup %ld %ld, "
			         "delete %ld %ld, cookie %llu %llu (kernel, emulator)",
			         specs[i].type, specs[i].value, name, want.update, is.update,
			         want.lookup, is.lookup, want.remove, is.remove,
			         (unsigned long long)want.cookie, (unsigned long long)is.cookie);
	}
}

static void
takes(void **state)
{
	struct machine m;
	struct sock_pair p;

	(void)state;
	machine_open(&m);
	for (size_t i = 0; i < sock_kind_cnt && m.has_kernel; i++) {
		if (sock_open(&sock_kinds[i], &p))
			compare_taken(&m, sock_kinds[i].name, p.fd);
		else
			print_message("skipped: %s: no such sockets\n", sock_kinds[i].name);
		sock_close(&p);
	}
	backend_free(&m.emu);
}

static void
takes_no_others(void **state)
{
	const int event = eventfd(0, EFD_CLOEXEC), path = open("/", O_PATH | O_CLOEXEC);
	const struct {
		const char *name;
		int fd;
	} rows[] = {
		{ "an eventfd", event },       { "a path", path },
		{ "a closed one", 77777 },     { "-1", -1 },
		{ "the smallest", INT32_MIN },
	};
	struct machine m;

	(void)state;
	machine_open(&m);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows) && m.has_kernel; i++)
		compare_taken(&m, rows[i].name, rows[i].fd);
	backend_free(&m.emu);
	close(event);
	close(path);
}

/* The maps of a random run; two of each, for sockets that are in several. */
struct maps {
	const struct backend *b;
	int fds[2 * XB_ARRAY_SIZE(specs)];
};

static void
maps_open(struct maps *maps, const struct backend *b)
{
	maps->b = b;
	for (size_t i = 0; i < XB_ARRAY_SIZE(maps->fds); i++) {
		maps->fds[i] = (int)map_create(b, &specs[i / 2]);
		assert_true(maps->fds[i] >= 0);
	}
}

static void
maps_close(struct maps *maps)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(maps->fds); i++)
		close(maps->fds[i]);
}

/* One operation; `out` is what it wrote. */
struct op {
	u32 map, kind, key;
	const char *sock; /* what fd is of */
	u64 flags;
	s64 fd;
	bool no_key;
};

static long
apply(const struct maps *maps, const struct op *op, u8 out[64])
{
	const struct map_spec *spec = &specs[op->map / 2];
	int map = maps->fds[op->map];
	u8 key[64];

	memset(out, 0, 64);
	memset(key, (int)op->key + 1, sizeof(key));
	if (spec->type != BPF_MAP_TYPE_SOCKHASH)
		xb_st32(key, op->key);
	switch (op->kind) {
	case 0:
	case 1:
		return map_update(maps->b, map, key, &op->fd, op->flags);
	case 2:
		return map_delete(maps->b, map, key);
	case 3:
		return map_lookup(maps->b, map, key, out);
	case 4:
		return map_take(maps->b, map, key, out);
	default:
		return map_next(maps->b, map, op->no_key ? NULL : key, out);
	}
}

static void
compare_op(const struct maps *kernel, const struct maps *emu, const struct op *op, u32 at)
{
	u8 want_out[64], is_out[64];
	long want = apply(kernel, op, want_out), is = apply(emu, op, is_out);

	if (want != is || memcmp(want_out, is_out, sizeof(want_out)))
		fail_msg("operation %u: kind %u on map type %u, values of %u, key %u, flags %llu, "
		         "%s: "
		         "kernel %ld, emulator %ld, or other bytes",
		         at, op->kind, specs[op->map / 2].type, specs[op->map / 2].value, op->key,
		         (unsigned long long)op->flags, op->sock, want, is);
}

static void
random_op(struct op *op, const struct sock_pair *socks, u32 cnt)
{
	const struct sock_pair *sock = &socks[(u32)rand() % cnt];

	*op = (struct op){
		.map = (u32)rand() % (2 * XB_ARRAY_SIZE(specs)),
		.kind = (u32)rand() % 6,
		.key = (u32)rand() % (ENTRIES + 2),
		.flags = rand() % 4 ? (u64)rand() % 3 : (u64)rand() % 8,
		.fd = sock->fd,
		.sock = sock->name,
		.no_key = rand() % 4 == 0,
	};
	if (rand() % 50 == 0) {
		op->fd = rand() % 2 ? 77777 : 1ll << 31;
		op->sock = "no socket";
	}
}

/* Sockets of kinds that one of the maps takes, and some that none does. */
static u32
open_some(struct sock_pair *socks)
{
	u32 cnt = 0;

	while (cnt < SOCK_CNT) {
		const struct sock_kind *k = &sock_kinds[(u32)rand() % sock_kind_cnt];

		if (rand() % 2 && k->what != SOCK_LISTENS && k->what != SOCK_BOUND)
			continue;
		if (sock_open(k, &socks[cnt]))
			cnt++;
		else
			sock_close(&socks[cnt]);
	}
	return cnt;
}

static void
agrees_at_random(void **state)
{
	struct sock_pair socks[SOCK_CNT];
	struct maps kernel, emu;
	struct machine m;
	struct op op;
	u32 cnt;

	(void)state;
	srand(7);
	machine_open(&m);
	cnt = m.has_kernel ? open_some(socks) : 0;
	if (cnt) {
		maps_open(&kernel, &m.kernel);
		maps_open(&emu, &m.emu);
		for (u32 i = 0; i < OPS; i++) {
			random_op(&op, socks, cnt);
			compare_op(&kernel, &emu, &op, i);
		}
		maps_close(&kernel);
		maps_close(&emu);
	}
	for (u32 i = 0; i < cnt; i++)
		sock_close(&socks[i]);
	backend_free(&m.emu);
}

/* What a descriptor's socket shows to programs. */
static void
shows_the_socket(void **state)
{
	static const struct sock_kind tcp = {
		"TCP", AF_INET, SOCK_STREAM, 0, SOCK_CONNECTED, false
	};
	struct backend b = backend_emu(1);
	struct sockaddr_in local, remote;
	socklen_t bytes = sizeof(local);
	const struct bpf_sock *sk;
	struct xb_sock *sock;
	struct sock_pair p;
	const u32 mark = 77, key = 2;
	int map = (int)map_create(&b, &specs[0]);
	s64 value;

	(void)state;
	assert_true(sock_open(&tcp, &p));
	value = p.fd;
	assert_int_equal(getsockname(p.fd, (struct sockaddr *)&local, &bytes), 0);
	assert_int_equal(getpeername(p.fd, (struct sockaddr *)&remote, &bytes), 0);
	if (setsockopt(p.fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		print_message("skipped: SO_MARK is not permitted\n");
	assert_int_equal(map_update(&b, map, &key, &value, BPF_ANY), 0);
	sock = xb_sock_map_get(map_of(&b, map), &key);
	assert_non_null(sock);
	sk = &sock->info.uapi;
	assert_int_equal(sk->family, AF_INET);
	assert_int_equal(sk->type, SOCK_STREAM);
	assert_int_equal(sk->protocol, IPPROTO_TCP);
	assert_int_equal(sk->state, BPF_TCP_ESTABLISHED);
	assert_int_equal(sk->src_ip4, local.sin_addr.s_addr);
	assert_int_equal(sk->src_port, __builtin_bswap16(local.sin_port));
	assert_int_equal(sk->dst_ip4, remote.sin_addr.s_addr);
	assert_int_equal(sk->dst_port, remote.sin_port);
	assert_int_equal(sock->info.cookie, sock_cookie(p.fd));
	assert_int_equal(sock->info.uid, getuid());
	assert_true(xb_sock_redirect_allowed(sock));
	close(map);
	sock_close(&p);
	backend_free(&b);
}

/* A world of one socket of each kind that matters. */
static struct xb_world *
small_world(void)
{
	static const struct bpf_sock socks[] = {
		{ .family = AF_INET,
		  .type = SOCK_STREAM,
		  .protocol = IPPROTO_TCP,
		  .src_port = 80,
		  .state = BPF_TCP_LISTEN },
		{ .family = AF_INET, .type = SOCK_RAW, .protocol = IPPROTO_ICMP },
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_world *w = xb_world_new(&err);

	assert_non_null(w);
	w->socks = calloc(XB_ARRAY_SIZE(socks), sizeof(*w->socks));
	assert_non_null(w->socks);
	w->sock_cnt = XB_ARRAY_SIZE(socks);
	for (u32 i = 0; i < w->sock_cnt; i++) {
		w->socks[i].info.uapi = socks[i];
		w->socks[i].info.cookie = 1000 + i;
		w->socks[i].reuseport = true;
	}
	return w;
}

static void
takes_the_worlds(void **state)
{
	static const struct {
		const char *name;
		u32 spec;
		u64 cookie;
		long want;
	} rows[] = {
		{ "socket map, listener", 0, 1000, 0 },
		{ "socket map, raw", 0, 1001, -EOPNOTSUPP },
		{ "socket map, unknown", 0, 1002, -ENOENT },
		{ "socket hash, listener", 2, 1000, 0 },
		{ "array, in a map already", 5, 1000, -EBUSY },
		{ "array, raw", 5, 1001, -524 },
	};
	struct backend b = backend_emu(1);
	struct xb_err err = XB_ERR_INIT;
	const u32 key = 1;

	(void)state;
	assert_int_equal(xb_world_set(b.emu, small_world(), &err), 0);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		int fd = (int)map_create(&b, &specs[rows[i].spec]);
		long is = xb_sock_map_set(map_of(&b, fd), &key, rows[i].cookie);
		u64 cookie = 0;

		if (is != rows[i].want)
			fail_msg("%s: %ld, not %ld", rows[i].name, is, rows[i].want);
		if (!is && (map_lookup(&b, fd, &key, &cookie) || cookie != rows[i].cookie))
			fail_msg("%s: cookie %llu", rows[i].name, (unsigned long long)cookie);
		close(fd);
	}
	backend_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates),          cmocka_unit_test(takes),
		cmocka_unit_test(takes_no_others),  cmocka_unit_test(agrees_at_random),
		cmocka_unit_test(shows_the_socket), cmocka_unit_test(takes_the_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
