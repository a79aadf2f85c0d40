/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sk_lookup.c - programs of sk_lookup: what of their context they may load, what they find
 * there, what their test run refuses; on kernel and emulator.
 */
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "tests/rig/ctx_access.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define CTX_BYTES ((u32)sizeof(struct bpf_sk_lookup))
#define ROOM      128u
#define UNTOUCHED 0xcc
#define AT(field) ((s16)offsetof(struct bpf_sk_lookup, field))
#define V4        .family = AF_INET, .protocol = 6, .remote_ip4 = 0x01020304, .local_ip4 = 0x05060708
#define V6                                                                                         \
	.family = AF_INET6, .protocol = 17, .remote_ip6 = { 1, 2, 3, 4 },                          \
	.local_ip6 = { 5, 6, 7, 8 }

struct row {
	const char *name;
	struct bpf_sk_lookup ctx;
	/* R6 is the context; what R0 is then is the verdict, if it is not `found` that is. */
	struct bpf_insn insns[16];
	u64 found;
	u32 repeat, flags, cpu, data_bytes, ctx_bytes, ctx_out_bytes;
	bool no_ctx;
	long ret;
};

/* clang-format off */
#define LD(size, off)   .insns = { XB_LDX_MEM(size, 0, 6, off) }
#define LDSX(size, off) .insns = { XB_LDX_MEMSX(size, 0, 6, off) }
#define ASSIGN(flags)   .insns = { XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, 0), XB_MOV64_IMM(3, flags), XB_CALL(BPF_FUNC_sk_assign) }

static const struct row rows[] = {
	{ "family", { V4 }, LD(BPF_W, AT(family)), 2 },
	{ "family, half", { V4 }, LD(BPF_H, AT(family)), 2 },
	{ "family, other half", { V6 }, LD(BPF_H, AT(family) + 2), 10 },
	{ "family, last byte", { V4 }, LD(BPF_B, AT(family) + 3), 0 },
	{ "protocol", { V4 }, LD(BPF_W, AT(protocol)), 6 },
	{ "protocol of 17 bits", { .family = AF_INET, .protocol = 0x10011 }, LD(BPF_W, AT(protocol)), 0x11 },
	{ "remote_ip4", { V4 }, LD(BPF_W, AT(remote_ip4)), 0x01020304 },
	{ "remote_ip4, half", { V4 }, LD(BPF_H, AT(remote_ip4) + 2), 0x0102 },
	{ "remote_ip4, byte", { V4 }, LD(BPF_B, AT(remote_ip4) + 1), 0x03 },
	{ "remote_ip4 of IPv6", { V6, .remote_ip4 = 1 }, LD(BPF_W, AT(remote_ip4)), 0 },
	{ "remote_ip6 of IPv4", { V4, .remote_ip6 = { 1 } }, LD(BPF_W, AT(remote_ip6)), 0 },
	{ "remote_ip6", { V6 }, LD(BPF_W, AT(remote_ip6[2])), 3 },
	{ "local_ip6, byte", { V6 }, LD(BPF_B, AT(local_ip6[3])), 8 },
	{ "local_ip4", { V4 }, LD(BPF_W, AT(local_ip4)), 0x05060708 },
	{ "remote_port", { V4, .remote_port = 0x1234 }, LD(BPF_H, AT(remote_port)), 0x1234 },
	{ "remote_port, padded", { V4, .remote_port = 0x1234 }, LD(BPF_W, AT(remote_port)), 0x1234 },
	{ "remote_port, byte", { V4, .remote_port = 0x1234 }, LD(BPF_B, AT(remote_port) + 1), 0x12 },
	{ "remote_port, padding", { V4, .remote_port = 0x1234 }, LD(BPF_H, AT(remote_port) + 2), 0 },
	{ "remote_port, sign", { V4, .remote_port = 0x8234 }, LDSX(BPF_H, AT(remote_port)), 0xffffffffffff8234 },
	{ "local_port", { V4, .local_port = 0xfedc }, LD(BPF_W, AT(local_port)), 0xfedc },
	{ "local_port, other half", { V4, .local_port = 0xfedc }, LD(BPF_H, AT(local_port) + 2), 0xfedc },
	{ "local_port, byte", { V4, .local_port = 0xfedc }, LD(BPF_B, AT(local_port) + 1), 0xfe },
	{ "ingress_ifindex", { V4 }, LD(BPF_W, AT(ingress_ifindex)), 0 },
	{ "sk", { V4 }, LD(BPF_DW, AT(sk)), 0 },
	{ "assign none", { V4 }, ASSIGN(0), 0 },
	{ "assign none, all flags", { V4 }, ASSIGN(3), 0 },
	{ "assign, another flag", { V4 }, ASSIGN(4), (u64)-EINVAL },
	{ "twice", { V4 }, ASSIGN(0), 0, .repeat = 2 },

	{ "local_port, most", { V4, .local_port = 65535 }, LD(BPF_W, AT(local_port)), 65535 },
	{ "local_port, more", { V4, .local_port = 65536 }, .ret = -ERANGE },
	{ "no family", { .protocol = 6 }, .ret = -EAFNOSUPPORT },
	{ "family of 17 bits", { .family = 0x10002, .protocol = 6 }, LD(BPF_W, AT(family)), 2 },
	{ "sk given", { V4, .cookie = 1 }, .ret = -EINVAL },
	{ "ingress_ifindex given", { V4, .ingress_ifindex = 1 }, .ret = -EINVAL },
	{ "no context", { V4 }, .no_ctx = true, .ret = -EAFNOSUPPORT },
	{ "flags", { V4 }, .flags = 1, .ret = -EINVAL },
	{ "cpu", { V4 }, .cpu = 1, .ret = -EINVAL },
	{ "data", { V4 }, .data_bytes = 14, .ret = -EINVAL },
	{ "context, short", { V4 }, .ctx_bytes = 20 },
	{ "context, long", { V4 }, .ctx_bytes = 100, .ret = -E2BIG },
	{ "context, little room", { V4 }, .ctx_out_bytes = 10, .ret = -ENOSPC },
};
/* clang-format on */

struct outcome {
	long load, ret;
	u32 retval, ctx_bytes;
	u64 found;
	u8 ctx[ROOM];
};

static long
load(const struct backend *b, const struct row *row, int map)
{
	struct bpf_insn insns[32] = { XB_MOV64_REG(6, 1), XB_MOV64_IMM(0, 0) };
	const struct bpf_insn end[] = { XB_LD_MAP_VALUE(7, map, 0), XB_STX_MEM(BPF_DW, 7, 0, 0),
		                        XB_MOV64_IMM(0, 1), XB_EXIT() };
	struct backend_prog prog = { .insns = insns,
		                     .type = BPF_PROG_TYPE_SK_LOOKUP,
		                     .attach_type = BPF_SK_LOOKUP };
	char text[8192];
	long fd;
	u32 cnt = 2;

	for (u32 i = 0; i < XB_ARRAY_SIZE(row->insns) && row->insns[i].code; i++)
		insns[cnt++] = row->insns[i];
	memcpy(insns + cnt, end, sizeof(end));
	prog.insn_cnt = cnt + XB_ARRAY_SIZE(end);
	fd = backend_try_prog(b, &prog, text, sizeof(text));
	if (fd < 0)
		fail_msg("%s: %s: load: %ld\n%s", row->name, b->name, fd, text);
	return fd;
}

static void
run(const struct backend *b, const struct row *row, struct outcome *o)
{
	u8 ctx[ROOM] = { 0 };
	const u32 key = 0;
	u64 value = UNTOUCHED;
	int map = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	union bpf_attr attr;

	memset(o, UNTOUCHED, sizeof(*o));
	memset(ctx, 0x11, sizeof(ctx));
	memcpy(ctx, &row->ctx, sizeof(row->ctx));
	o->load = load(b, row, map);
	backend_update(b, map, &key, &value);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)o->load;
	attr.test.retval = 0x5a5a5a5a;
	attr.test.data_size_in = row->data_bytes;
	attr.test.ctx_in = row->no_ctx ? 0 : (uintptr_t)ctx;
	attr.test.ctx_size_in = row->no_ctx ? 0 : row->ctx_bytes ? row->ctx_bytes : CTX_BYTES;
	attr.test.ctx_out = (uintptr_t)o->ctx;
	attr.test.ctx_size_out = row->ctx_out_bytes ? row->ctx_out_bytes : ROOM;
	attr.test.flags = row->flags;
	attr.test.repeat = row->repeat;
	attr.test.cpu = row->cpu;
	o->ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
	o->retval = attr.test.retval;
	o->ctx_bytes = attr.test.ctx_size_out;
	assert_int_equal(backend_lookup(b, map, &key, &o->found), 0);
	close((int)o->load);
	close(map);
	if (o->ret != row->ret)
		fail_msg("%s: %s: %ld, expected %ld", row->name, b->name, o->ret, row->ret);
	if (o->ret == 0 && row->insns[0].code && o->found != row->found)
		fail_msg("%s: %s: 0x%llx, expected 0x%llx", row->name, b->name,
		         (unsigned long long)o->found, (unsigned long long)row->found);
}

static void
test_rows(void **state)
{
	struct backend kernel, emu;
	bool permitted = backend_open_kernel(&kernel);
	struct outcome a, b;

	(void)state;
	backend_open_emu(&emu, xb_skb_register);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		run(&emu, &rows[i], &b);
		if (!permitted)
			continue;
		run(&kernel, &rows[i], &a);
		if (a.retval != b.retval || a.ctx_bytes != b.ctx_bytes || a.found != b.found)
			fail_msg("%s: retval %u, %u; ctx_size_out %u, %u; found 0x%llx, 0x%llx",
			         rows[i].name, a.retval, b.retval, a.ctx_bytes, b.ctx_bytes,
			         (unsigned long long)a.found, (unsigned long long)b.found);
		assert_memory_equal(a.ctx, b.ctx, ROOM);
	}
	backend_close(&emu);
}

/* A fault drops what is looked up. */
static bool
runs(void *arg, int prog)
{
	struct bpf_sk_lookup ctx = { V4 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.ctx_in = (uintptr_t)&ctx;
	attr.test.ctx_size_in = sizeof(ctx);
	assert_int_equal(backend_bpf(arg, BPF_PROG_TEST_RUN, &attr), 0);
	return attr.test.retval == SK_PASS;
}

static void
access_is_the_verifiers(void **state)
{
	struct backend emu;
	const struct ctx_access access = {
		.prog_type = BPF_PROG_TYPE_SK_LOOKUP,
		.attach_type = BPF_SK_LOOKUP,
		.bytes = CTX_BYTES,
		.classes = { BPF_LDX | BPF_MEM, BPF_LDX | BPF_MEMSX, BPF_STX | BPF_MEM,
		             BPF_ST | BPF_MEM },
		.b = &emu,
		.runs = runs,
		.arg = &emu,
	};

	(void)state;
	backend_open_emu(&emu, xb_skb_register);
	ctx_access_compare(&access);
	backend_close(&emu);
}

/* Sockets of this process that are put into a map. */
enum sock { TCP4, TCP6, TCP6_ONLY, TCP_REUSED, TCP_CONNECTED, UDP4, UDP6, UDP_CONNECTED };

/* clang-format off */
static const struct sock_row {
	u32 family, type;
	bool listens, connects, v6only, reuseport;
} socks[] = {
	[TCP4] = { AF_INET, SOCK_STREAM, .listens = true },
	[TCP6] = { AF_INET6, SOCK_STREAM, .listens = true },
	[TCP6_ONLY] = { AF_INET6, SOCK_STREAM, .listens = true, .v6only = true },
	[TCP_REUSED] = { AF_INET, SOCK_STREAM, .listens = true, .reuseport = true },
	[TCP_CONNECTED] = { AF_INET, SOCK_STREAM, .connects = true },
	[UDP4] = { AF_INET, SOCK_DGRAM, .listens = false },
	[UDP6] = { AF_INET6, SOCK_DGRAM, .listens = false },
	[UDP_CONNECTED] = { AF_INET, SOCK_DGRAM, .connects = true },
};

#define TCP_OF(fam) AF_INET##fam, 6
#define UDP_OF(fam) AF_INET##fam, 17
#define REPLACE     BPF_SK_LOOKUP_F_REPLACE
#define ALONE       BPF_SK_LOOKUP_F_NO_REUSEPORT

/* A socket is assigned, then again, or none is; what came of both. */
static const struct choice {
	const char *name;
	enum sock sock;
	u32 family, protocol, flags, again;
	bool none_again;
	s64 first, second;
	u32 verdict;
	long ret;
} choices[] = {
	{ "TCP", TCP4, TCP_OF(), 0, 0, false, 0, -EEXIST, SK_PASS, 0 },
	{ "TCP, dropped", TCP4, TCP_OF(), 0, 0, false, 0, -EEXIST, SK_DROP, 0 },
	{ "TCP, replaced", TCP4, TCP_OF(), 0, REPLACE, false, 0, 0, SK_PASS, 0 },
	{ "TCP, taken back", TCP4, TCP_OF(), 0, REPLACE, true, 0, 0, SK_PASS, 0 },
	{ "TCP, not taken back", TCP4, TCP_OF(), 0, 0, true, 0, -EEXIST, SK_PASS, 0 },
	{ "TCP, another flag", TCP4, TCP_OF(), 4, 0, false, -EINVAL, 0, SK_PASS, 0 },
	{ "TCP for UDP", TCP4, UDP_OF(), 0, 0, false, -EPROTOTYPE, -EPROTOTYPE, SK_PASS, 0 },
	{ "IPv4 for IPv6", TCP4, TCP_OF(6), 0, 0, false, -EAFNOSUPPORT, -EAFNOSUPPORT, SK_PASS, 0 },
	{ "IPv6", TCP6, TCP_OF(6), 0, 0, false, 0, -EEXIST, SK_PASS, 0 },
	{ "IPv6 for IPv4", TCP6, TCP_OF(), 0, 0, false, 0, -EEXIST, SK_PASS, 0 },
	{ "IPv6 alone for IPv4", TCP6_ONLY, TCP_OF(), 0, 0, false, -EAFNOSUPPORT, -EAFNOSUPPORT, SK_PASS, 0 },
	{ "of a group", TCP_REUSED, TCP_OF(), 0, 0, false, 0, -EEXIST, SK_PASS, -EOPNOTSUPP },
	{ "of a group, dropped", TCP_REUSED, TCP_OF(), 0, 0, false, 0, -EEXIST, SK_DROP, 0 },
	{ "of a group, alone", TCP_REUSED, TCP_OF(), ALONE, 0, false, 0, -EEXIST, SK_PASS, 0 },
	{ "of a group, no longer alone", TCP_REUSED, TCP_OF(), ALONE, REPLACE, false, 0, 0, SK_PASS, -EOPNOTSUPP },
	{ "TCP, connected", TCP_CONNECTED, TCP_OF(), 0, 0, false, -ESOCKTNOSUPPORT, -ESOCKTNOSUPPORT, SK_PASS, 0 },
	{ "UDP", UDP4, UDP_OF(), 0, 0, false, 0, -EEXIST, SK_PASS, 0 },
	{ "UDP for TCP", UDP4, TCP_OF(), 0, 0, false, -EPROTOTYPE, -EPROTOTYPE, SK_PASS, 0 },
	{ "UDP over IPv6", UDP6, UDP_OF(6), 0, 0, false, 0, -EEXIST, SK_PASS, 0 },
	{ "UDP, connected", UDP_CONNECTED, UDP_OF(), 0, 0, false, -ESOCKTNOSUPPORT, -ESOCKTNOSUPPORT, SK_PASS, 0 },
};
/* clang-format on */

/* Bound to a port of the loopback; -1 where there is no such family. `peer` is to be closed too. */
static int
open_sock(const struct sock_row *row, int *peer)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr *addr = row->family == AF_INET ? (void *)&v4 : (void *)&v6;
	socklen_t bytes = row->family == AF_INET ? sizeof(v4) : sizeof(v6);
	int fd = socket((int)row->family, (int)row->type, 0), v6only = row->v6only, on = 1;

	*peer = -1;
	if (fd < 0)
		return -1;
	if (row->family == AF_INET6)
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)),
		                 0);
	if (row->reuseport)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
	if (!row->connects) {
		assert_int_equal(bind(fd, addr, bytes), 0);
		assert_true(!row->listens || listen(fd, 1) == 0);
		return fd;
	}
	*peer = socket(AF_INET, (int)row->type, 0);
	assert_int_equal(bind(*peer, addr, bytes), 0);
	assert_true(row->type == SOCK_DGRAM || listen(*peer, 1) == 0);
	assert_int_equal(getsockname(*peer, addr, &bytes), 0);
	assert_int_equal(connect(fd, addr, bytes), 0);
	return fd;
}

static long
load_choice(const struct backend *b, const struct choice *c, int socket_map, int map)
{
	const struct bpf_insn insns[] = {
		XB_MOV64_REG(6, 1),
		XB_LD_MAP_VALUE(9, map, 0),
		XB_ST_MEM(BPF_W, 10, -4, 0),
		XB_LD_MAP_FD(1, socket_map),
		XB_MOV64_REG(2, 10),
		XB_ALU64_IMM(BPF_ADD, 2, -4),
		XB_CALL(BPF_FUNC_map_lookup_elem),
		XB_JMP_IMM(BPF_JNE, 0, 0, 1),
		XB_EXIT(),
		XB_MOV64_REG(7, 0),
		XB_MOV64_REG(1, 6),
		XB_MOV64_REG(2, 7),
		XB_MOV64_IMM(3, c->flags),
		XB_CALL(BPF_FUNC_sk_assign),
		XB_STX_MEM(BPF_DW, 9, 0, 0),
		XB_MOV64_REG(1, 6),
		c->none_again ? XB_MOV64_IMM(2, 0) : XB_MOV64_REG(2, 7),
		XB_MOV64_IMM(3, c->again),
		XB_CALL(BPF_FUNC_sk_assign),
		XB_STX_MEM(BPF_DW, 9, 0, 8),
		XB_MOV64_REG(1, 7),
		XB_CALL(BPF_FUNC_sk_release),
		XB_LDX_MEM(BPF_DW, 1, 6, AT(sk)),
		XB_MOV64_IMM(0, 0),
		XB_JMP_IMM(BPF_JEQ, 1, 0, 1),
		XB_LDX_MEM(BPF_W, 0, 1, offsetof(struct bpf_sock, protocol)),
		XB_STX_MEM(BPF_DW, 9, 0, 16),
		XB_MOV64_IMM(0, c->verdict),
		XB_EXIT(),
	};
	const struct backend_prog prog = { .insns = insns,
		                           .insn_cnt = XB_ARRAY_SIZE(insns),
		                           .type = BPF_PROG_TYPE_SK_LOOKUP,
		                           .attach_type = BPF_SK_LOOKUP };

	return backend_prog(b, &prog);
}

struct chosen {
	long ret;
	u32 retval;
	s64 kept[3]; /* of both calls, and the protocol of ctx->sk */
	struct bpf_sk_lookup ctx;
};

static void
run_choice(const struct backend *b, const struct choice *c, int sock, struct chosen *o)
{
	const struct bpf_sk_lookup ctx = { .family = c->family, .protocol = c->protocol };
	int socket_map = backend_map(b, BPF_MAP_TYPE_SOCKMAP, 4, 4, 1);
	int map = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, sizeof(o->kept), 1);
	const u32 key = 0;
	union bpf_attr attr;
	long prog;

	memset(o, 0, sizeof(*o));
	assert_int_equal(backend_update(b, socket_map, &key, &sock), 0);
	prog = load_choice(b, c, socket_map, map);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.ctx_in = (uintptr_t)&ctx;
	attr.test.ctx_size_in = sizeof(ctx);
	attr.test.ctx_out = (uintptr_t)&o->ctx;
	attr.test.ctx_size_out = sizeof(o->ctx);
	o->ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
	o->retval = attr.test.retval;
	assert_int_equal(backend_lookup(b, map, &key, o->kept), 0);
	close((int)prog);
	close(map);
	close(socket_map);
	if (o->ret != c->ret || o->kept[0] != c->first || o->kept[1] != c->second)
		fail_msg("%s: %s: %ld, %lld, %lld", c->name, b->name, o->ret, (long long)o->kept[0],
		         (long long)o->kept[1]);
}

static void
test_choices(void **state)
{
	struct backend kernel, emu;
	bool permitted = backend_open_kernel(&kernel);
	struct chosen a, b;

	(void)state;
	backend_open_emu(&emu, xb_skb_register);
	for (size_t i = 0; i < XB_ARRAY_SIZE(choices); i++) {
		int peer, sock = open_sock(&socks[choices[i].sock], &peer);

		if (sock < 0) {
			print_message("skipped: %s: no such sockets\n", choices[i].name);
			continue;
		}
		if (permitted)
			run_choice(&kernel, &choices[i], sock, &a);
		run_choice(&emu, &choices[i], sock, &b);
		if (permitted && memcmp(&a, &b, sizeof(a)) != 0)
			fail_msg("%s: retval %u, %u; cookie %llu, %llu; protocol %lld, %lld",
			         choices[i].name, a.retval, b.retval,
			         (unsigned long long)a.ctx.cookie, (unsigned long long)b.ctx.cookie,
			         (long long)a.kept[2], (long long)b.kept[2]);
		close(sock);
		if (peer >= 0)
			close(peer);
	}
	backend_close(&emu);
}

/* Whether the kernel takes an access, and whether the emulator's run of it ends well. */
static bool
allows(const struct backend *b, struct bpf_insn insn)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 0), XB_MOV64_IMM(2, 0), insn,
		                          XB_MOV64_IMM(0, 1), XB_EXIT() };
	const struct backend_prog prog = { .insns = insns,
		                           .insn_cnt = XB_ARRAY_SIZE(insns),
		                           .type = BPF_PROG_TYPE_SK_LOOKUP,
		                           .attach_type = BPF_SK_LOOKUP };
	const struct bpf_sk_lookup ctx = { V4 };
	char text[4096];
	union bpf_attr attr;
	long fd = backend_try_prog(b, &prog, text, sizeof(text));

	if (fd < 0 || !b->emu) {
		if (fd >= 0)
			close((int)fd);
		return fd >= 0;
	}
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)fd;
	attr.test.ctx_in = (uintptr_t)&ctx;
	attr.test.ctx_size_in = sizeof(ctx);
	assert_int_equal(backend_bpf(b, BPF_PROG_TEST_RUN, &attr), 0);
	close((int)fd);
	return attr.test.retval == SK_PASS;
}

static void
test_access(void **state)
{
	static const u8 sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
	struct backend kernel, emu;

	(void)state;
	if (!backend_open_kernel(&kernel))
		skip();
	for (u32 kind = 0; kind < 4; kind++) {
		backend_open_emu(&emu, xb_skb_register);
		for (s32 off = -8; off < (s32)CTX_BYTES + 8; off++)
			for (u32 i = 0; i < XB_ARRAY_SIZE(sizes); i++) {
				const struct bpf_insn insn[] = {
					XB_LDX_MEM(sizes[i], 0, 1, off),
					XB_LDX_MEMSX(sizes[i], 0, 1, off),
					XB_STX_MEM(sizes[i], 1, 2, off),
					XB_ST_MEM(sizes[i], 1, off, 0),
				};
				bool a = allows(&kernel, insn[kind]), b = allows(&emu, insn[kind]);

				if (a != b)
					fail_msg("kind %u, offset %d, size 0x%x: the kernel %s it",
					         kind, off, sizes[i], a ? "allows" : "refuses");
			}
		backend_close(&emu);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(access_is_the_verifiers),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_access),
	};

	return cmocka_run_group_tests_name("skb sk_lookup", tests, NULL, NULL);
}
