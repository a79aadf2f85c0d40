/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sk_reuseport.c - SK_REUSEPORT programs on the emulator, and on groups of sockets of the
 * loopback: what the helpers return, what the program sees, and which socket gets the packet.
 */
#include "emu/sock_fd.h"
#include "tests/emu/reuseport_rig.h"
#include "tests/emu/sk_msg_rig.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define STEPS_MOST   16u
#define VALUE_BYTES  1024u
#define STEP_BYTES   32u /* of the value: R0, then what was loaded */
#define HEAD_BYTES   16u /* in front of them: the cookie of the context's socket, the hash */
#define BUFFER_BYTES 16u
#define ATTACH_REUSE 52 /* SO_ATTACH_REUSEPORT_EBPF */

#define OFF(field) offsetof(struct sk_reuseport_md, field)

enum map { ARRAY, SOCKMAP, SOCKHASH, MAP_CNT };

enum kind {
	END,
	CHOOSE,   /* map, key, flags */
	LOAD,     /* offset, bytes */
	RELATIVE, /* offset, bytes, of which header */
	FIELD,    /* size and mode, offset in the context */
	SOCK,     /* offset in the context's socket */
	POINTED,  /* offset in the packet: 8 bytes where it has them, and how many it has */
	NO_MIGRATING,
};

struct step {
	enum kind kind;
	u32 a, b, c;
	s64 r0; /* of calls */
};

static const struct group_kind udp4 = { "UDP", AF_INET, SOCK_DGRAM, false };
static const struct group_kind udp4_any = { "UDP of any address", AF_INET, SOCK_DGRAM, true };
static const struct group_kind udp6 = { "UDP of IPv6", AF_INET6, SOCK_DGRAM, false };
static const struct group_kind udp6_any = { "UDP of IPv6, any", AF_INET6, SOCK_DGRAM, true };
static const struct group_kind tcp4 = { "TCP", AF_INET, SOCK_STREAM, false };
static const struct group_kind tcp6 = { "TCP of IPv6", AF_INET6, SOCK_STREAM, false };

#define ANY_PLACE (PLACE_CNT + 1) /* the hash decides */

struct script {
	const char *name;
	const struct group_kind *kind;
	s32 ret;
	u32 goes; /* to which socket, PLACE_CNT: to none */
	struct step steps[STEPS_MOST];
	u32 attach_type;
};

#define STEP(k, x, y, z, want)                                                                     \
	{                                                                                          \
		.kind = (k), .a = (x), .b = (y), .c = (z), .r0 = (want)                            \
	}
#define CHOOSES(map, place, want)  STEP(CHOOSE, map, place, 0, want)
#define LOADS(off, bytes, want)    STEP(LOAD, off, bytes, 0, want)
#define OF_MAC(off, bytes, want)   STEP(RELATIVE, off, bytes, BPF_HDR_START_MAC, want)
#define OF_NET(off, bytes, want)   STEP(RELATIVE, off, bytes, BPF_HDR_START_NET, want)
#define OF_NONE(off, bytes, which) STEP(RELATIVE, off, bytes, which, -EFAULT)
#define LDX(size, off)             STEP(FIELD, size, off, 0, 0)
#define WHOLE(field)               LDX(BPF_W, OFF(field))
#define SOCKS(field)               STEP(SOCK, offsetof(struct bpf_sock, field), 0, 0, 0)
#define POINTS(off)                STEP(POINTED, off, 0, 0, 0)
#define MIGRATES_NONE              STEP(NO_MIGRATING, 0, 0, 0, 0)
#define SCRIPT(text, group, value, where, ...)                                                     \
	{                                                                                          \
		.name = (text), .kind = &(group), .ret = (value), .goes = (where), .steps = {      \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/* Everything that can be wrong with a choice; what sockets are in no group is the map's to say. */
#define ERRORS(map, alone)                                                                         \
	CHOOSES(map, EMPTY, -ENOENT), CHOOSES(map, OUTSIDE, -ENOENT),                              \
	        CHOOSES(map, OTHER_PORT, -EBADFD), CHOOSES(map, OTHER_ADDR, -EBADFD),              \
	        CHOOSES(map, OTHER_FAMILY, -EAFNOSUPPORT),                                         \
	        CHOOSES(map, OTHER_PROTOCOL, -EPROTOTYPE), CHOOSES(map, ALONE, alone),             \
	        CHOOSES(map, CONNECTION, alone)

#define FIELDS                                                                                     \
	WHOLE(len), WHOLE(eth_protocol), WHOLE(ip_protocol), WHOLE(bind_inany), WHOLE(hash),       \
	        SOCKS(family), SOCKS(type), SOCKS(protocol), SOCKS(src_ip4), SOCKS(src_port),      \
	        SOCKS(state), MIGRATES_NONE

#define HALVES(field)                                                                              \
	LDX(BPF_H, OFF(field)), LDX(BPF_H, OFF(field) + 2), LDX(BPF_H | BPF_MEMSX, OFF(field)),    \
	        LDX(BPF_H | BPF_MEMSX, OFF(field) + 2), LDX(BPF_W | BPF_MEMSX, OFF(field))
#define BYTES(field)                                                                               \
	LDX(BPF_B, OFF(field)), LDX(BPF_B, OFF(field) + 1), LDX(BPF_B, OFF(field) + 2),            \
	        LDX(BPF_B, OFF(field) + 3), LDX(BPF_B | BPF_MEMSX, OFF(field))

static const struct script scripts[] = {
	SCRIPT("nothing", udp4, SK_PASS, ANY_PLACE, STEP(END, 0, 0, 0, 0)),
	SCRIPT("dropped", udp4, SK_DROP, PLACE_CNT, STEP(END, 0, 0, 0, 0)),
	SCRIPT("returns 2", udp4, 2, PLACE_CNT, STEP(END, 0, 0, 0, 0)),
	SCRIPT("returns -1", udp4, -1, PLACE_CNT, STEP(END, 0, 0, 0, 0)),
	SCRIPT("first", udp4, SK_PASS, FIRST, CHOOSES(ARRAY, FIRST, 0)),
	SCRIPT("second", udp4, SK_PASS, SECOND, CHOOSES(ARRAY, SECOND, 0)),
	SCRIPT("third, of SOCKMAP", udp4, SK_PASS, THIRD, CHOOSES(SOCKMAP, THIRD, 0)),
	SCRIPT("first, of SOCKHASH", udp4, SK_PASS, FIRST, CHOOSES(SOCKHASH, FIRST, 0)),
	SCRIPT("flags", udp4, SK_PASS, THIRD, STEP(CHOOSE, ARRAY, THIRD, 0xffffffff, 0)),
	SCRIPT("chosen, but dropped", udp4, SK_DROP, PLACE_CNT, CHOOSES(ARRAY, THIRD, 0)),
	SCRIPT("the last one counts", udp4, SK_PASS, SECOND, CHOOSES(ARRAY, FIRST, 0),
	       CHOOSES(ARRAY, SECOND, 0)),
	SCRIPT("an error leaves what was chosen", udp4, SK_PASS, THIRD, CHOOSES(ARRAY, THIRD, 0),
	       CHOOSES(ARRAY, EMPTY, -ENOENT), CHOOSES(ARRAY, OTHER_PORT, -EBADFD)),
	{ .name = "attached for migration",
	  .kind = &udp4,
	  .ret = SK_PASS,
	  .goes = SECOND,
	  .steps = { CHOOSES(ARRAY, SECOND, 0), MIGRATES_NONE },
	  .attach_type = BPF_SK_REUSEPORT_SELECT_OR_MIGRATE },
	SCRIPT("IPv6, second", udp6, SK_PASS, SECOND, CHOOSES(SOCKHASH, SECOND, 0)),
	SCRIPT("any address, third", udp4_any, SK_PASS, THIRD, CHOOSES(ARRAY, THIRD, 0)),
	SCRIPT("TCP, third", tcp4, SK_PASS, THIRD, CHOOSES(ARRAY, THIRD, 0)),
	SCRIPT("TCP, first, of SOCKMAP", tcp4, SK_PASS, FIRST, CHOOSES(SOCKMAP, FIRST, 0)),
	SCRIPT("TCP, dropped", tcp4, SK_DROP, PLACE_CNT, CHOOSES(ARRAY, THIRD, 0)),
	SCRIPT("TCP of IPv6, third", tcp6, SK_PASS, THIRD, CHOOSES(ARRAY, THIRD, 0)),
	SCRIPT("errors", udp4, SK_PASS, ANY_PLACE, ERRORS(ARRAY, -ENOENT)),
	SCRIPT("errors, SOCKMAP", udp4, SK_PASS, ANY_PLACE, ERRORS(SOCKMAP, -EINVAL)),
	SCRIPT("errors, SOCKHASH", udp4, SK_PASS, ANY_PLACE, ERRORS(SOCKHASH, -EINVAL)),
	SCRIPT("errors, any address", udp4_any, SK_PASS, ANY_PLACE, ERRORS(ARRAY, -ENOENT)),
	SCRIPT("errors, IPv6", udp6, SK_PASS, ANY_PLACE, ERRORS(ARRAY, -ENOENT)),
	SCRIPT("errors, IPv6, any", udp6_any, SK_PASS, ANY_PLACE, ERRORS(SOCKMAP, -EINVAL)),
	SCRIPT("errors, TCP", tcp4, SK_PASS, ANY_PLACE, ERRORS(ARRAY, -ENOENT)),
	SCRIPT("errors, TCP, SOCKMAP", tcp4, SK_PASS, ANY_PLACE, ERRORS(SOCKMAP, -EINVAL)),
	SCRIPT("errors, TCP of IPv6", tcp6, SK_PASS, ANY_PLACE, ERRORS(SOCKHASH, -EINVAL)),
	SCRIPT("bytes", udp4, SK_PASS, ANY_PLACE, LOADS(0, 8, 0), LOADS(8, 16, 0),
	       LOADS(9, 16, -EFAULT), LOADS(23, 1, 0), LOADS(24, 1, -EFAULT),
	       LOADS(0xffff, 1, -EFAULT), LOADS(0x80000000, 1, -EFAULT),
	       LOADS(0xffffffff, 1, -EFAULT), POINTS(0), POINTS(16), POINTS(17)),
	SCRIPT("bytes of a header", udp4, SK_PASS, ANY_PLACE, OF_MAC(0, 14, 0), OF_MAC(12, 6, 0),
	       OF_MAC(43, 15, 0), OF_MAC(43, 16, -EFAULT), OF_NET(6, 4, 0), OF_NET(12, 16, 0),
	       OF_NET(28, 16, 0), OF_NET(29, 16, -EFAULT), OF_NET(0xffff, 1, -EFAULT),
	       OF_NET(0x10000, 1, -EFAULT), OF_MAC(0xffffffff, 1, -EFAULT), OF_NONE(0, 1, 2),
	       OF_NONE(0, 1, 0xffffffff)),
	SCRIPT("bytes of IPv6", udp6, SK_PASS, ANY_PLACE, LOADS(0, 16, 0), OF_MAC(12, 2, 0),
	       OF_NET(4, 16, 0), OF_NET(24, 16, 0), OF_NET(40, 16, 0), OF_NET(49, 16, -EFAULT),
	       POINTS(16), POINTS(17)),
	SCRIPT("fields, UDP", udp4, SK_PASS, ANY_PLACE, FIELDS),
	SCRIPT("fields, any address", udp4_any, SK_PASS, ANY_PLACE, FIELDS),
	SCRIPT("fields, IPv6", udp6, SK_PASS, ANY_PLACE, FIELDS),
	SCRIPT("fields, IPv6, any", udp6_any, SK_PASS, ANY_PLACE, FIELDS),
	SCRIPT("fields, TCP", tcp4, SK_PASS, ANY_PLACE, FIELDS),
	SCRIPT("fields, TCP of IPv6", tcp6, SK_PASS, ANY_PLACE, FIELDS),
	SCRIPT("parts of len", udp4, SK_PASS, ANY_PLACE, HALVES(len), BYTES(len)),
	SCRIPT("parts of eth_protocol", udp4, SK_PASS, ANY_PLACE, HALVES(eth_protocol)),
	SCRIPT("parts of it, IPv6", udp6, SK_PASS, ANY_PLACE, HALVES(eth_protocol)),
	SCRIPT("parts of ip_protocol", udp4, SK_PASS, ANY_PLACE, HALVES(ip_protocol),
	       BYTES(ip_protocol)),
	SCRIPT("parts of bind_inany", udp4_any, SK_PASS, ANY_PLACE, HALVES(bind_inany),
	       BYTES(bind_inany)),
	SCRIPT("signed hash", udp4, SK_PASS, ANY_PLACE, LDX(BPF_W | BPF_MEMSX, OFF(hash))),
};

static void
emit_store(struct builder *b, u8 src, u32 to)
{
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, src, (s16)to, 0);
}

static void
emit_choose(struct builder *b, const struct step *s, const int *maps)
{
	emit(b, BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, (s32)s->b);
	emit_mov_reg(b, 1, 6);
	emit_map(b, 2, maps[s->a]);
	emit_mov_reg(b, 3, 10);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, -4);
	emit_mov(b, 4, (s32)s->c);
	emit_call(b, BPF_FUNC_sk_select_reuseport);
}

/* The buffer is full of ones before. */
static void
emit_load(struct builder *b, const struct step *s, u32 to)
{
	for (u32 off = 0; off < BUFFER_BYTES; off += 8)
		emit(b, BPF_ST | BPF_MEM | BPF_DW, 7, 0, (s16)(to + 8 + off), -1);
	emit_mov_reg(b, 1, 6);
	emit_mov(b, 2, (s32)s->a);
	emit_mov_reg(b, 3, 7);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, (s32)to + 8);
	emit_mov(b, 4, (s32)s->b);
	emit_mov(b, 5, (s32)s->c);
	emit_call(b, s->kind == LOAD ? BPF_FUNC_skb_load_bytes : BPF_FUNC_skb_load_bytes_relative);
}

static void
emit_pointed(struct builder *b, const struct step *s, u32 to)
{
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 2, 6, OFF(data), 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 3, 6, OFF(data_end), 0);
	emit_mov_reg(b, 0, 3);
	emit(b, BPF_ALU64 | BPF_SUB | BPF_X, 0, 2, 0, 0);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, (s32)s->a);
	emit_mov_reg(b, 4, 2);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 8);
	emit(b, BPF_JMP | BPF_JGT | BPF_X, 4, 3, 2, 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 4, 2, 0, 0);
	emit_store(b, 4, to + 8);
}

static void
emit_step(struct builder *b, const struct step *s, const int *maps, u32 to)
{
	switch (s->kind) {
	case END:
		return;
	case CHOOSE:
		emit_choose(b, s, maps);
		break;
	case LOAD:
	case RELATIVE:
		emit_load(b, s, to);
		break;
	case FIELD:
		emit(b, (u8)(BPF_LDX | (s->a & BPF_MEMSX ? 0u : (u32)BPF_MEM) | s->a), 0, 6,
		     (s16)s->b, 0);
		break;
	case SOCK:
		emit(b, BPF_LDX | BPF_MEM | BPF_DW, 2, 6, OFF(sk), 0);
		emit(b, BPF_LDX | BPF_MEM | BPF_W, 0, 2, (s16)s->a, 0);
		break;
	case POINTED:
		emit_pointed(b, s, to);
		break;
	case NO_MIGRATING:
		emit(b, BPF_LDX | BPF_MEM | BPF_DW, 2, 6, OFF(migrating_sk), 0);
		emit_mov(b, 0, 7);
		emit(b, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1, 0);
		emit_mov(b, 0, 8);
		break;
	}
	emit_store(b, 0, to);
}

static int
script_prog(const struct backend *b, const struct script *s, const int *maps, int out)
{
	static struct builder build;

	build.cnt = 0;
	emit_value(&build, out);
	emit(&build, BPF_LDX | BPF_MEM | BPF_DW, 1, 6, OFF(sk), 0);
	emit_call(&build, BPF_FUNC_get_socket_cookie);
	emit_store(&build, 0, 0);
	emit(&build, BPF_LDX | BPF_MEM | BPF_W, 0, 6, OFF(hash), 0);
	emit_store(&build, 0, 8);
	for (u32 i = 0; i < STEPS_MOST; i++)
		emit_step(&build, &s->steps[i], maps, HEAD_BYTES + i * STEP_BYTES);
	emit_mov(&build, 0, s->ret);
	emit_exit(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_SK_REUSEPORT, s->attach_type);
}

/* What a side says of a script. */
struct seen {
	u64 value[VALUE_BYTES / 8];
	u32 goes;
	long updates[PLACE_CNT]; /* of the map that is chosen from */
};

/* The map is the one that the first step names: a socket is in one kind of them. */
static void
make_maps(const struct backend *b, const struct script *s, const struct group *g, int *maps,
          struct seen *seen)
{
	static const u32 types[] = { BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, BPF_MAP_TYPE_SOCKMAP,
		                     BPF_MAP_TYPE_SOCKHASH };
	u32 which = s->steps[0].kind == CHOOSE ? s->steps[0].a : ARRAY;

	for (u32 i = 0; i < MAP_CNT; i++)
		maps[i] = backend_map(b, types[i], 4, 8, PLACE_CNT);
	for (u32 i = 0; i < PLACE_CNT; i++) {
		u64 fd = (u64)g->fds[i];

		if (g->fds[i] >= 0)
			seen->updates[i] = backend_update(b, maps[which], &i, &fd);
	}
}

static void
close_maps(const int *maps)
{
	for (u32 i = 0; i < MAP_CNT; i++)
		close(maps[i]);
}

static void
run_kernel(const struct backend *b, const struct script *s, struct group *g, struct seen *seen)
{
	int out = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, VALUE_BYTES, 1), maps[MAP_CNT], prog;
	const u32 key = 0;

	make_maps(b, s, g, maps, seen);
	prog = script_prog(b, s, maps, out);
	assert_int_equal(setsockopt(g->fds[FIRST], SOL_SOCKET, ATTACH_REUSE, &prog, sizeof(prog)),
	                 0);
	seen->goes = group_send(g);
	assert_int_equal(backend_lookup(b, out, &key, seen->value), 0);
	close(prog);
	close_maps(maps);
	close(out);
}

/* Which socket of the group the program is shown, and the hash, are as the kernel had them. */
static void
fill_in(const struct backend *b, const struct group *g, const u64 *head,
        struct xb_sk_reuseport_in *in)
{
	in->hash = (u32)head[1];
	assert_int_equal(xb_sock_by_fd(b->emu, g->fds[FIRST], &in->sk), 0);
	for (u32 i = 0; i < GROUP && in->sk->info.cookie != head[0] && head[0]; i++)
		assert_int_equal(xb_sock_by_fd(b->emu, g->fds[i], &in->sk), 0);
}

static u32
place_of(const struct group *g, const struct xb_sock *sock)
{
	for (u32 i = 0; i < PLACE_CNT; i++)
		if (g->fds[i] >= 0 && sock_cookie(g->fds[i]) == sock->info.cookie)
			return i;
	return PLACE_CNT;
}

static void
run_emulator(const struct script *s, const struct group *g, const u64 *head, struct seen *seen)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_sk_reuseport_in in = { .packet = NULL };
	struct xb_sk_reuseport_out o;
	struct xb_sk_reuseport *r;
	struct backend b;
	u8 packet[PACKET_MOST];
	int out, maps[MAP_CNT], prog;
	const u32 key = 0;

	backend_open_emu(&b, xb_sk_reuseport_register);
	out = backend_map(&b, BPF_MAP_TYPE_ARRAY, 4, VALUE_BYTES, 1);
	make_maps(&b, s, g, maps, seen);
	prog = script_prog(&b, s, maps, out);
	group_packet(g, packet, &in);
	fill_in(&b, g, head, &in);
	r = xb_sk_reuseport_new(b.emu, 0, &err);
	assert_non_null(r);
	assert_int_equal(xb_sk_reuseport_load(r, &in, &err), 0);
	xb_sk_reuseport_run(r, backend_emu_prog(&b, prog), &o);
	if (o.fault)
		fail_msg("%s: %s", s->name, o.fault->message);
	seen->goes = o.verdict == XB_SK_REUSEPORT_DROP   ? PLACE_CNT
	             : o.verdict == XB_SK_REUSEPORT_HASH ? ANY_PLACE
	                                                 : place_of(g, o.selected);
	assert_int_equal(backend_lookup(&b, out, &key, seen->value), 0);
	xb_sk_reuseport_free(r);
	close(prog);
	close_maps(maps);
	close(out);
	backend_close(&b);
}

/* What the script says of either side. */
static void
check(const struct script *s, const char *side, const struct seen *seen)
{
	for (u32 i = 0; i < STEPS_MOST; i++) {
		const struct step *step = &s->steps[i];
		s64 is = (s64)seen->value[(HEAD_BYTES + i * STEP_BYTES) / 8];

		if (step->kind >= CHOOSE && step->kind <= RELATIVE && is != step->r0)
			fail_msg("%s: %s: step %u: R0 %lld, not %lld", side, s->name, i,
			         (long long)is, (long long)step->r0);
	}
	if (s->goes == ANY_PLACE ? seen->goes > THIRD && seen->goes != ANY_PLACE
	                         : seen->goes != s->goes)
		fail_msg("%s: %s: goes to %u, not %u", side, s->name, seen->goes, s->goes);
}

static void
compare(const struct script *s, const struct seen *want, const struct seen *is)
{
	for (u32 i = 0; i < PLACE_CNT; i++)
		if (want->updates[i] != is->updates[i])
			fail_msg("%s: update of %u: kernel %ld, emulator %ld", s->name, i,
			         want->updates[i], is->updates[i]);
	for (u32 i = 0; i < VALUE_BYTES / 8; i++)
		if (want->value[i] != is->value[i])
			fail_msg("%s: step %d, word %u: kernel %llx, emulator %llx", s->name,
			         (int)(i * 8 - HEAD_BYTES) / (int)STEP_BYTES, i % 4,
			         (unsigned long long)want->value[i],
			         (unsigned long long)is->value[i]);
}

static void
chooses_as_the_kernel(void **state)
{
	struct backend kernel;
	bool permitted = backend_open_kernel(&kernel);

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(scripts); i++) {
		const struct script *s = &scripts[i];
		struct seen want = { .goes = 0 }, is = { .goes = 0 };
		struct group g;

		group_open(&g, s->kind);
		if (permitted) {
			run_kernel(&kernel, s, &g, &want);
			check(s, "kernel", &want);
		}
		run_emulator(s, &g, want.value, &is);
		check(s, "emulator", &is);
		if (permitted)
			compare(s, &want, &is);
		group_close(&g);
	}
	if (permitted)
		backend_close(&kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses_as_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
