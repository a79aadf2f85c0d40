/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_syncookie.c - SYN cookies: the helpers' errors, the sizes they know, and that each takes
 * back what it gave, on the kernel and in the emulator. The numbers themselves are the kernel's
 * secret.
 */
#include "emu/siphash.h"
#include "emu/syncookie.h"
#include "tests/emu/sock_net.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "vm/bytes.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define IP_BYTES  40
#define TCP_BYTES 60
#define PACKET    64
#define SECOND_NS 1000000000ull

enum func { GEN4, GEN6, CHECK4, CHECK6, GEN, CHECK, FUNC_CNT };

/* What a program is asked, and what it answers. */
struct talk {
	u8 ip[IP_BYTES], tcp[TCP_BYTES];
	u8 tuple[36]; /* of the listener, for GEN and CHECK */
	u32 ip_bytes, tcp_bytes, six;
	s64 ret;
	u64 ran;
};

#define AT(field) ((s32)offsetof(struct talk, field))
#define NOT_RUN   0x7777

struct side {
	struct backend b;
	int map;
	int fds[FUNC_CNT];
};

#define PART(to, ...)                                                                              \
	do {                                                                                       \
		const struct bpf_insn part_[] = { __VA_ARGS__ };                                   \
		memcpy(&(to)->insns[(to)->cnt], part_, sizeof(part_));                             \
		(to)->cnt += (u32)XB_ARRAY_SIZE(part_);                                            \
	} while (0)

struct text {
	struct bpf_insn insns[96];
	u32 cnt;
};

/* reg := a number of the map, from 1 to `most`, or the program ends. */
static void
emit_size(struct text *t, int reg, s32 at, s32 most)
{
	PART(t, XB_LDX_MEM(BPF_W, reg, 7, at), XB_JMP_IMM(BPF_JEQ, reg, 0, 1),
	     XB_JMP_IMM(BPF_JLE, reg, most, 2), XB_MOV64_IMM(0, 2), XB_EXIT());
}

static void
emit_raw(struct text *t, enum func f)
{
	static const s32 ids[] = {
		[GEN4] = BPF_FUNC_tcp_raw_gen_syncookie_ipv4,
		[GEN6] = BPF_FUNC_tcp_raw_gen_syncookie_ipv6,
		[CHECK4] = BPF_FUNC_tcp_raw_check_syncookie_ipv4,
		[CHECK6] = BPF_FUNC_tcp_raw_check_syncookie_ipv6,
	};

	if (f == GEN4 || f == GEN6)
		emit_size(t, 3, AT(tcp_bytes), TCP_BYTES);
	PART(t, XB_MOV64_REG(1, 7), XB_MOV64_REG(2, 7), XB_ALU64_IMM(BPF_ADD, 2, AT(tcp)),
	     XB_CALL(ids[f]));
}

/* Looks the listener up by a tuple of either size. */
static void
emit_lookup(struct text *t)
{
	PART(t, XB_MOV64_REG(1, 6), XB_MOV64_REG(2, 7), XB_ALU64_IMM(BPF_ADD, 2, AT(tuple)),
	     XB_MOV64_IMM(3, 12), XB_LDX_MEM(BPF_W, 4, 7, AT(six)), XB_JMP_IMM(BPF_JEQ, 4, 0, 1),
	     XB_MOV64_IMM(3, 36), XB_MOV64_IMM(4, -1), XB_MOV64_IMM(5, 0),
	     XB_CALL(BPF_FUNC_skc_lookup_tcp), XB_JMP_IMM(BPF_JNE, 0, 0, 2), XB_MOV64_IMM(0, 2),
	     XB_EXIT(), XB_MOV64_REG(8, 0));
}

static void
emit_listener(struct text *t, enum func f)
{
	/* Sizes stay on the stack while the socket is looked up. */
	emit_size(t, 3, AT(ip_bytes), IP_BYTES);
	PART(t, XB_STX_MEM(BPF_DW, 10, 3, -8));
	emit_size(t, 5, AT(tcp_bytes), TCP_BYTES);
	PART(t, XB_STX_MEM(BPF_DW, 10, 5, -16));
	emit_lookup(t);
	PART(t, XB_LDX_MEM(BPF_DW, 3, 10, -8), XB_LDX_MEM(BPF_DW, 5, 10, -16), XB_MOV64_REG(1, 8),
	     XB_MOV64_REG(2, 7), XB_MOV64_REG(4, 7), XB_ALU64_IMM(BPF_ADD, 4, AT(tcp)),
	     XB_CALL(f == GEN ? BPF_FUNC_tcp_gen_syncookie : BPF_FUNC_tcp_check_syncookie),
	     XB_MOV64_REG(9, 0), XB_MOV64_REG(1, 8), XB_CALL(BPF_FUNC_sk_release),
	     XB_MOV64_REG(0, 9));
}

static int
make_prog(const struct side *s, enum func f)
{
	struct text t = { .cnt = 0 };
	struct backend_prog opts = { .insns = t.insns };

	PART(&t, XB_MOV64_REG(6, 1), XB_LD_MAP_VALUE(7, s->map, 0));
	if (f < GEN)
		emit_raw(&t, f);
	else
		emit_listener(&t, f);
	PART(&t, XB_STX_MEM(BPF_DW, 7, 0, AT(ret)), XB_ST_MEM(BPF_DW, 7, AT(ran), 1),
	     XB_MOV64_IMM(0, 2), XB_EXIT());
	opts.insn_cnt = t.cnt;
	return backend_prog(&s->b, &opts);
}

static void
load(struct side *s)
{
	s->map = backend_map(&s->b, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct talk), 1);
	for (u32 f = 0; f < FUNC_CNT; f++)
		s->fds[f] = make_prog(s, (enum func)f);
}

static void
unload(struct side *s)
{
	for (u32 f = 0; f < FUNC_CNT; f++)
		close(s->fds[f]);
	close(s->map);
	backend_close(&s->b);
}

/* What the helper returns; NOT_RUN where the program ended before it. */
static s64
ask(const struct side *s, enum func f, const struct talk *talk)
{
	u8 packet[PACKET] = { [12] = 0x88, [13] = 0xb5 };
	union bpf_attr attr;
	struct talk answer = *talk;
	const u32 key = 0;

	memset(&attr, 0, sizeof(attr));
	answer.ran = 0;
	assert_int_equal(backend_update(&s->b, s->map, &key, &answer), 0);
	attr.test.prog_fd = (u32)s->fds[f];
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	assert_int_equal(backend_bpf(&s->b, BPF_PROG_TEST_RUN, &attr), 0);
	assert_int_equal(backend_lookup(&s->b, s->map, &key, &answer), 0);
	return answer.ran ? answer.ret : NOT_RUN;
}

/* A header as a row has it. */
struct header {
	u8 version; /* of IP; 0: the family's */
	u8 flags;   /* XB_TCP_* */
	u8 doff;    /* in bytes; 0: 20 and the options */
	u8 opt_bytes, opts[40];
	u32 tcp_bytes, ip_bytes; /* as given; 0: as it is */
};

static void
fill(struct talk *t, const struct header *h, bool six, u32 seq)
{
	u8 doff = h->doff ? h->doff : (u8)(20 + h->opt_bytes);

	memset(t, 0, sizeof(*t));
	t->ip[0] = (u8)((h->version ? h->version : six ? 6 : 4) << 4 | 5);
	memcpy(t->ip + (six ? 8 : 12), "\x7f\x00\x00\x03\x7f\x00\x00\x01", 8);
	if (six)
		memcpy(t->ip + 24, &in6addr_loopback, 16);
	xb_st_be16(t->tcp, 2000);
	xb_st_be16(t->tcp + 2, 1000);
	xb_st_be32(t->tcp + 4, seq);
	t->tcp[12] = (u8)(doff / 4 << 4);
	t->tcp[13] = h->flags;
	memcpy(t->tcp + 20, h->opts, h->opt_bytes);
	t->tcp_bytes = h->tcp_bytes ? h->tcp_bytes : doff;
	t->ip_bytes = h->ip_bytes ? h->ip_bytes : six ? 40 : 20;
}

#define SYN          .flags = XB_TCP_SYN
#define OPTS(n, ...) .opt_bytes = (n), .opts = { __VA_ARGS__ }
#define MSS(hi, lo)  OPTS(4, 2, 4, hi, lo)

/* clang-format off */
static const struct {
	const char *name;
	struct header header;
	s64 ret4, ret6; /* an error, or the size */
} gens[] = {
	{ "no options", { SYN }, 536, 1220 },
	{ "535", { SYN, MSS(0x02, 0x17) }, 536, 1220 },
	{ "1", { SYN, MSS(0, 1) }, 536, 1220 },
	{ "0", { SYN, MSS(0, 0) }, 536, 1220 },
	{ "1299", { SYN, MSS(0x05, 0x13) }, 536, 1220 },
	{ "1300", { SYN, MSS(0x05, 0x14) }, 1300, 1220 },
	{ "1419", { SYN, MSS(0x05, 0x8b) }, 1300, 1220 },
	{ "1420", { SYN, MSS(0x05, 0x8c) }, 1300, 1420 },
	{ "1439", { SYN, MSS(0x05, 0x9f) }, 1300, 1420 },
	{ "1440", { SYN, MSS(0x05, 0xa0) }, 1440, 1440 },
	{ "1459", { SYN, MSS(0x05, 0xb3) }, 1440, 1440 },
	{ "1460", { SYN, MSS(0x05, 0xb4) }, 1460, 1440 },
	{ "8939", { SYN, MSS(0x22, 0xeb) }, 1460, 1440 },
	{ "8940", { SYN, MSS(0x22, 0xec) }, 1460, 8940 },
	{ "65535", { SYN, MSS(0xff, 0xff) }, 1460, 8940 },
	{ "behind NOPs", { SYN, OPTS(8, 1, 1, 2, 4, 0x05, 0xb4, 1, 1) }, 1460, 1440 },
	{ "behind others", { SYN, OPTS(20, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 2, 4, 0x05, 0xb4, 1, 3, 3, 7) }, 1460, 1440 },
	{ "behind the end", { SYN, OPTS(8, 0, 1, 2, 4, 0x05, 0xb4, 1, 1) }, 536, 1220 },
	{ "twice", { SYN, OPTS(8, 2, 4, 0x05, 0xb4, 2, 4, 0x05, 0x14) }, 1300, 1220 },
	{ "twice, then 0", { SYN, OPTS(8, 2, 4, 0x05, 0xb4, 2, 4, 0, 0) }, 1460, 1440 },
	{ "of 3 bytes", { SYN, OPTS(4, 2, 3, 0x05, 1) }, 536, 1220 },
	{ "of 5 bytes", { SYN, OPTS(8, 2, 5, 0x05, 0xb4, 0, 1, 1, 1) }, 536, 1220 },
	{ "cut", { SYN, OPTS(4, 1, 2, 4, 0x05) }, 536, 1220 },
	{ "kind alone", { SYN, OPTS(4, 1, 1, 1, 2) }, 536, 1220 },
	{ "length 0", { SYN, OPTS(8, 3, 0, 2, 4, 0x05, 0xb4, 1, 1) }, 536, 1220 },
	{ "length 1", { SYN, OPTS(8, 3, 1, 2, 4, 0x05, 0xb4, 1, 1) }, 536, 1220 },
	{ "length too much", { SYN, OPTS(8, 3, 9, 2, 4, 0x05, 0xb4, 1, 1) }, 536, 1220 },
	{ "40 bytes of options", { SYN, OPTS(40, [0 ... 35] = 1, [36] = 2, [37] = 4, [38] = 0x05, [39] = 0xb4) }, 1460, 1440 },
	{ "no SYN", { .flags = XB_TCP_ACK, MSS(0x05, 0xb4) }, 1460, 1440 },
	{ "other version", { SYN, .version = 9 }, 536, 1220 },
	{ "19 bytes", { SYN, .tcp_bytes = 19 }, -EINVAL, -EINVAL },
	{ "1 byte", { SYN, .tcp_bytes = 1 }, -EINVAL, -EINVAL },
	{ "21 bytes", { SYN, .tcp_bytes = 21 }, -EINVAL, -EINVAL },
	{ "24 bytes of 20", { SYN, .tcp_bytes = 24 }, -EINVAL, -EINVAL },
	{ "20 bytes of 24", { SYN, MSS(0x05, 0xb4), .tcp_bytes = 20 }, -EINVAL, -EINVAL },
	{ "offset of 16", { SYN, .doff = 16, .tcp_bytes = 20 }, -EINVAL, -EINVAL },
	{ "offset of 16, 16 bytes", { SYN, .doff = 16, .tcp_bytes = 16 }, -EINVAL, -EINVAL },
};
/* clang-format on */

/* An ACK of the cookie in `ret`. */
static void
acknowledge(struct talk *t, s64 ret, u32 seq)
{
	xb_st_be32(t->tcp + 4, seq + 1);
	xb_st_be32(t->tcp + 8, (u32)ret + 1);
	t->tcp[13] = XB_TCP_ACK;
}

/* Where in the packet a bit is turned that the cookie depends on. */
/* clang-format off */
static const struct {
	const char *name;
	bool tcp;
	u32 at4, at6;
} turns[] = {
	{ "source", false, 15, 23 },
	{ "destination", false, 19, 39 },
	{ "source's first byte", false, 12, 8 },
	{ "source port", true, 1, 1 },
	{ "destination port", true, 3, 3 },
	{ "acknowledged number", true, 9, 9 },
};
/* clang-format on */

static void
check_raw(const struct side *s, bool six)
{
	enum func gen = six ? GEN6 : GEN4, check = six ? CHECK6 : CHECK4;
	struct talk t, turned;

	for (u32 i = 0; i < XB_ARRAY_SIZE(gens); i++) {
		s64 want = six ? gens[i].ret6 : gens[i].ret4, ret;
		u32 seq = 0xfffffff0u + i;

		fill(&t, &gens[i].header, six, seq);
		ret = ask(s, gen, &t);
		if ((want < 0 ? ret : ret >> 32) != want)
			fail_msg("%s: %s, IPv%u: %lld, not %lld", s->b.name, gens[i].name,
			         six ? 6 : 4, (long long)(want < 0 ? ret : ret >> 32),
			         (long long)want);
		if (want < 0)
			continue;
		acknowledge(&t, ret, seq);
		if (ask(s, check, &t) != 0)
			fail_msg("%s: %s, IPv%u: its cookie is refused", s->b.name, gens[i].name,
			         six ? 6 : 4);
		for (u32 k = 0; k < XB_ARRAY_SIZE(turns); k++) {
			u32 at = six ? turns[k].at6 : turns[k].at4;

			turned = t;
			*(turns[k].tcp ? &turned.tcp[at] : &turned.ip[at]) ^= 0x10;
			if (ask(s, check, &turned) != -EACCES)
				fail_msg("%s: %s: a cookie is taken with another %s", s->b.name,
				         gens[i].name, turns[k].name);
		}
	}
}

/* What of a cookie no secret hides: how it goes with sequence numbers and sizes. */
static void
check_steps(const struct side *s, bool six)
{
	static const struct header sizes[] = { { SYN, MSS(0x02, 0x18) }, { SYN, MSS(0xff, 0xff) } };
	enum func gen = six ? GEN6 : GEN4;
	u32 cookies[3];
	struct talk t;

	fill(&t, &sizes[0], six, 1000);
	cookies[0] = (u32)ask(s, gen, &t);
	fill(&t, &sizes[0], six, 1001);
	cookies[1] = (u32)ask(s, gen, &t);
	fill(&t, &sizes[1], six, 1000);
	cookies[2] = (u32)ask(s, gen, &t);
	assert_int_equal(cookies[1] - cookies[0], 1);
	assert_true(cookies[2] - cookies[0] == 3 || cookies[2] - cookies[0] == 3 - (1u << 24));
}

/* Sockets that cookies are asked of. */
/* clang-format off */
static const struct sock_spec socks[] = {
	{ "four", SOCK_STREAM, "127.0.0.1", 1000, .device = NULL },
	{ "six", SOCK_STREAM, "::", 1001, .device = NULL },
	{ "only", SOCK_STREAM, "::1", 1002, .v6only = true },
	{ "group", SOCK_STREAM, "127.0.0.1", 1003, .reuseport = true },
	{ "group", SOCK_STREAM, "127.0.0.1", 1003, .reuseport = true },
	{ "never", SOCK_STREAM, "127.0.0.1", 1004, .device = NULL },
};
/* clang-format on */
static const struct sock_spec conn = { "connection", SOCK_STREAM, "127.0.0.3",   2000,
	                               "127.0.0.1",  1000,        .device = NULL };

/* clang-format off */
static const struct listener {
	const char *name;
	const char *to; /* address and port that it is found at */
	u16 port;
	u8 setting; /* net.ipv4.tcp_syncookies */
	bool check, six;
	struct header header;
	s64 ret; /* an error, or the size; of a check of what was not made: an error */
} listeners[] = {
	{ "gen", "127.0.0.1", 1000, 2, false, false, { SYN }, 536 },
	{ "gen: 1460", "127.0.0.1", 1000, 2, false, false, { SYN, MSS(0x05, 0xb4) }, 1460 },
	{ "gen: IPv6", "::1", 1001, 2, false, true, { SYN }, 1220 },
	{ "gen: IPv4 of IPv6", "127.0.0.1", 1001, 2, false, false, { SYN }, 536 },
	{ "gen: group", "127.0.0.1", 1003, 2, false, false, { SYN }, 536 },
	{ "gen: off", "127.0.0.1", 1000, 0, false, false, { SYN }, -ENOENT },
	{ "gen: no flood", "127.0.0.1", 1000, 1, false, false, { SYN }, -ENOENT },
	{ "gen: off, no SYN", "127.0.0.1", 1000, 0, false, false, { .flags = XB_TCP_ACK }, -ENOENT },
	{ "gen: no flood, no SYN", "127.0.0.1", 1000, 1, false, false, { .flags = XB_TCP_ACK }, -EINVAL },
	{ "gen: no SYN", "127.0.0.1", 1000, 2, false, false, { .flags = 0 }, -EINVAL },
	{ "gen: SYN, ACK", "127.0.0.1", 1000, 2, false, false, { .flags = XB_TCP_SYN | XB_TCP_ACK }, -EINVAL },
	{ "gen: SYN, FIN", "127.0.0.1", 1000, 2, false, false, { .flags = XB_TCP_SYN | XB_TCP_FIN }, -EINVAL },
	{ "gen: SYN, RST", "127.0.0.1", 1000, 2, false, false, { .flags = XB_TCP_SYN | XB_TCP_RST }, -EINVAL },
	{ "gen: SYN, all others", "127.0.0.1", 1000, 2, false, false, { .flags = 0xea }, 536 },
	{ "gen: header of 19", "127.0.0.1", 1000, 2, false, false, { SYN, .tcp_bytes = 19 }, -EINVAL },
	{ "gen: header of 24", "127.0.0.1", 1000, 2, false, false, { SYN, .tcp_bytes = 24 }, -EINVAL },
	{ "gen: IP header of 19", "127.0.0.1", 1000, 2, false, false, { SYN, .ip_bytes = 19 }, -EINVAL },
	{ "gen: IP header of 40", "127.0.0.1", 1000, 2, false, false, { SYN, .ip_bytes = 40 }, 536 },
	{ "gen: IPv6 header of 39", "::1", 1001, 2, false, true, { SYN, .ip_bytes = 39 }, -EINVAL },
	{ "gen: IPv6 to IPv4's", "127.0.0.1", 1000, 2, false, false, { SYN, .version = 6, .ip_bytes = 40 }, -EINVAL },
	{ "gen: IPv4 to IPv6's own", "::1", 1002, 2, false, true, { SYN, .version = 4, .ip_bytes = 20 }, -EINVAL },
	{ "gen: IPv6 to IPv6's own", "::1", 1002, 2, false, true, { SYN }, 1220 },
	{ "gen: version 0", "127.0.0.1", 1000, 2, false, false, { SYN, .version = 16 }, -EPROTONOSUPPORT },
	{ "gen: version 5", "127.0.0.1", 1000, 2, false, false, { SYN, .version = 5 }, -EPROTONOSUPPORT },
	{ "gen: version 5, no flood", "127.0.0.1", 1000, 1, false, false, { SYN, .version = 5 }, -EPROTONOSUPPORT },
	{ "gen: connection", "127.0.0.3", 2000, 2, false, false, { SYN }, -EINVAL },
	{ "gen: connection, off", "127.0.0.3", 2000, 0, false, false, { SYN }, -EINVAL },
	{ "check: no flood yet", "127.0.0.1", 1004, 2, true, false, { .flags = XB_TCP_ACK }, -ENOENT },
	{ "check: no flood yet, version 5", "127.0.0.1", 1004, 2, true, false, { .flags = XB_TCP_ACK, .version = 5 }, -ENOENT },
	{ "check: wrong", "127.0.0.1", 1000, 2, true, false, { .flags = XB_TCP_ACK }, -ENOENT },
	{ "check: off", "127.0.0.1", 1000, 0, true, false, { .flags = XB_TCP_ACK }, -EINVAL },
	{ "check: SYN", "127.0.0.1", 1000, 2, true, false, { SYN }, -ENOENT },
	{ "check: SYN, ACK", "127.0.0.1", 1000, 2, true, false, { .flags = XB_TCP_SYN | XB_TCP_ACK }, -ENOENT },
	{ "check: ACK, RST", "127.0.0.1", 1000, 2, true, false, { .flags = XB_TCP_RST | XB_TCP_ACK }, -ENOENT },
	{ "check: SYN, off", "127.0.0.1", 1000, 0, true, false, { SYN }, -EINVAL },
	{ "check: header of 19", "127.0.0.1", 1000, 2, true, false, { .flags = XB_TCP_ACK, .tcp_bytes = 19 }, -EINVAL },
	{ "check: header of 24", "127.0.0.1", 1000, 2, true, false, { .flags = XB_TCP_ACK, .tcp_bytes = 24 }, -ENOENT },
	{ "check: IP header of 19", "127.0.0.1", 1000, 2, true, false, { .flags = XB_TCP_ACK, .ip_bytes = 19 }, -EINVAL },
	{ "check: IP header of 19, SYN", "127.0.0.1", 1000, 2, true, false, { SYN, .ip_bytes = 19 }, -ENOENT },
	{ "check: IPv6 header of 39", "::1", 1001, 2, true, true, { .flags = XB_TCP_ACK, .ip_bytes = 39 }, -EINVAL },
	{ "check: IPv6 to IPv4's", "127.0.0.1", 1000, 2, true, false, { .flags = XB_TCP_ACK, .version = 6, .ip_bytes = 40 }, -EINVAL },
	{ "check: IPv4 to IPv6's own", "::1", 1002, 2, true, true, { .flags = XB_TCP_ACK, .version = 4, .ip_bytes = 20 }, -EINVAL },
	{ "check: version 5", "127.0.0.1", 1000, 2, true, false, { .flags = XB_TCP_ACK, .version = 5 }, -EPROTONOSUPPORT },
	{ "check: connection", "127.0.0.3", 2000, 2, true, false, { .flags = XB_TCP_ACK }, -EINVAL },
};
/* clang-format on */

static void
set_syncookies(const struct side *s, u8 value)
{
	const char digit = (char)('0' + value);
	int fd;

	if (s->b.emu) {
		s->b.emu->world->tcp_syncookies = value;
		return;
	}
	fd = open("/proc/sys/net/ipv4/tcp_syncookies", O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, &digit, 1), 1);
	close(fd);
}

static void
find_listener(struct talk *t, const char *to, u16 port)
{
	struct bpf_sock_tuple tuple = { 0 };
	u8 addr[16];

	t->six = sock_net_addr(to, addr) == AF_INET6;
	if (t->six) {
		memcpy(tuple.ipv6.daddr, addr, 16);
		memcpy(tuple.ipv6.saddr, addr, 16);
		tuple.ipv6.sport = htons(77);
		tuple.ipv6.dport = htons(port);
	} else {
		memcpy(&tuple.ipv4.daddr, addr, 4);
		sock_net_addr("127.0.0.1", addr);
		memcpy(&tuple.ipv4.saddr, addr, 4);
		tuple.ipv4.sport = htons(port == 2000 ? 1000 : 77);
		tuple.ipv4.dport = htons(port);
	}
	memcpy(t->tuple, &tuple, sizeof(t->tuple));
}

static void
check_listener(const struct side *s, const struct listener *row)
{
	struct talk t;
	s64 ret;

	set_syncookies(s, row->setting);
	fill(&t, &row->header, row->six, 5);
	if (row->header.version == 16)
		t.ip[0] = 5;
	find_listener(&t, row->to, row->port);
	ret = ask(s, row->check ? CHECK : GEN, &t);
	if ((row->ret < 0 ? ret : ret >> 32) != row->ret)
		fail_msg("%s: %s: 0x%llx, not %lld", s->b.name, row->name, (long long)ret,
		         (long long)row->ret);
	if (row->ret < 0)
		return;
	acknowledge(&t, ret, 5);
	ret = ask(s, CHECK, &t);
	if (ret)
		fail_msg("%s: %s: its cookie: %lld", s->b.name, row->name, (long long)ret);
}

static void
check_side(struct side *s, bool with_listeners)
{
	load(s);
	for (u32 six = 0; six < 2; six++) {
		check_raw(s, six);
		check_steps(s, six);
	}
	for (u32 i = 0; with_listeners && i < XB_ARRAY_SIZE(listeners); i++)
		check_listener(s, &listeners[i]);
}

static void
make_socks(struct sock_net *net)
{
	int four = -1;

	for (u32 i = 0; i < XB_ARRAY_SIZE(socks); i++) {
		int fd = sock_net_add(net, &socks[i]);

		four = i == 0 ? fd : four;
	}
	sock_net_connect(net, four, &conn, CONN_ESTABLISHED);
}

static void
open_emu(struct side *s)
{
	*s = (struct side){ .map = -1 };
	backend_open_emu(&s->b, xb_xdp_register);
	s->b.emu->clock.now_ns = 100000 * SECOND_NS;
}

static void
test_kernel(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct side emu, kernel = { .map = -1 };
	struct sock_net net;
	bool has_net;

	(void)state;
	open_emu(&emu);
	has_net = sock_net_open(&net);
	if (has_net) {
		make_socks(&net);
		assert_int_equal(xb_world_set(emu.b.emu, sock_net_world(&net), &err), 0);
	}
	check_side(&emu, has_net);
	if (backend_open_kernel(&kernel.b)) {
		check_side(&kernel, has_net);
		unload(&kernel);
	}
	unload(&emu);
	sock_net_close(&net);
}

/* A cookie is good for the minute that it was made in, and the next; a listener's for two. */
static void
test_age(void **state)
{
	static const struct header header = { SYN };
	struct side s;
	struct talk t;
	s64 ret;

	(void)state;
	open_emu(&s);
	load(&s);
	/* Jiffies begin 300 seconds before they wrap, of which 60 seconds are no divisor. */
	for (u64 at = 0; at < 240; at += 7) {
		u64 start = 100000 * SECOND_NS, ages = 0;

		s.b.emu->clock.now_ns = start + at * SECOND_NS;
		fill(&t, &header, false, 9);
		ret = ask(&s, GEN4, &t);
		acknowledge(&t, ret, 9);
		for (; ages < 300 && ask(&s, CHECK4, &t) == 0; ages++)
			s.b.emu->clock.now_ns += SECOND_NS;
		assert_in_range(ages, 60, 120);
		s.b.emu->clock.now_ns = start + (at + 16000) * SECOND_NS;
		assert_int_equal(ask(&s, CHECK4, &t), -EACCES);
	}
	unload(&s);
}

/* The first and the last of the vectors of SipHash's authors, and between. */
static void
test_siphash(void **state)
{
	static const struct {
		u32 bytes;
		u64 hash;
	} vectors[] = {
		{ 0, 0x726fdb47dd0e0e31ull },  { 1, 0x74f839c593dc67fdull },
		{ 7, 0xab0200f58b01d137ull },  { 8, 0x93f5f5799a932462ull },
		{ 15, 0xa129ca6149be45e5ull }, { 63, 0x958a324ceb064572ull },
	};
	u8 key[16], data[64];

	(void)state;
	for (u8 i = 0; i < 64; i++)
		data[i] = i;
	memcpy(key, data, sizeof(key));
	for (u32 i = 0; i < XB_ARRAY_SIZE(vectors); i++)
		assert_int_equal(xb_siphash(data, vectors[i].bytes, key), vectors[i].hash);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests_name("SYN cookies", tests, NULL, NULL);
}
