/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_fib.c - lookups by programs, in a network with tables, rules, many hops, and neighbours of
 * all states: rows with what they want, a grid, and random ones. The kernel must have the same in
 * every field.
 */
#include "tests/emu/fib_rig.h"

#include "emu/fib.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#define RANDOM_CALLS 20000
#define MOST_PRINTED 20

#define DIRECT     BPF_FIB_LOOKUP_DIRECT
#define OUTPUT     BPF_FIB_LOOKUP_OUTPUT
#define SKIP_NEIGH BPF_FIB_LOOKUP_SKIP_NEIGH
#define TBID       BPF_FIB_LOOKUP_TBID
#define SRC        BPF_FIB_LOOKUP_SRC
#define MARK       XB_FIB_LOOKUP_MARK

/* A network on both backends. */
struct pair {
	const struct network *net;
	struct fib_rig emu, kernel;
	bool has_kernel;
	u32 calls, failed;
	u32 results[16]; /* how often each BPF_FIB_LKUP_RET_* came */
};

static void
pair_open(struct pair *p, const struct network *net)
{
	memset(p, 0, sizeof(*p));
	p->net = net;
	p->has_kernel = network_open(net) && fib_rig_open(&p->kernel, net, true);
	assert_true(fib_rig_open(&p->emu, net, false));
}

static void
pair_close(struct pair *p)
{
	print_message("%u calls, by result:", p->calls);
	for (u32 i = 0; i < 10; i++)
		print_message(" %u", p->results[i]);
	print_message("\n");
	fib_rig_close(&p->emu);
	if (p->has_kernel)
		fib_rig_close(&p->kernel);
	if (p->failed)
		fail_msg("%u calls differ", p->failed);
}

/* What the emulator makes of it; the kernel must make the same. */
static struct fib_call
pair_call(struct pair *p, bool tc, const struct fib_packet *packet, const struct fib_call *call)
{
	struct fib_call emu = *call, kernel = *call;
	char name[512], text[512] = "";
	long ret = fib_rig_call(&p->emu, tc, packet, &emu);
	long want = p->has_kernel ? fib_rig_call(&p->kernel, tc, packet, &kernel) : ret;

	p->calls++;
	if (emu.ret >= 0 && emu.ret < (s64)XB_ARRAY_SIZE(p->results))
		p->results[emu.ret]++;
	if (!p->has_kernel || (ret == want && fib_call_same(&emu, &kernel, text, sizeof(text))))
		return emu;
	fib_call_name(tc, call, name, sizeof(name));
	if (p->failed++ < MOST_PRINTED)
		print_error("%s: packet of %u, in by %u: run %ld, %ld; emulator, kernel: %s\n",
		            name, packet->bytes, packet->ifindex, ret, want, text);
	return emu;
}

static void
set_addr(u32 to[4], u8 family, const char *text)
{
	struct xb_world_addr a = network_addr(text);

	if (a.family && family)
		memcpy(to, a.bytes, a.family == AF_INET ? 4 : 16);
}

struct lookup {
	const char *name, *dst, *src;
	u32 ifindex, flags, tot_len, tbid, mark;
	s64 ret;
	u32 out;         /* params.ifindex afterwards */
	const char *hop; /* params.ipv*_dst afterwards; NULL: not looked at */
};

static struct fib_call
call_of(const struct lookup *row)
{
	struct xb_world_addr dst = network_addr(row->dst);
	struct fib_call call = { .flags = row->flags };

	call.params.family = dst.family;
	call.params.ifindex = row->ifindex;
	call.params.tot_len = (u16)row->tot_len;
	call.params.tbid = row->tbid;
	memcpy(call.params.smac, &row->mark, sizeof(row->mark));
	set_addr(call.params.ipv6_dst, dst.family, row->dst);
	set_addr(call.params.ipv6_src, dst.family, row->src);
	return call;
}

#define OK      BPF_FIB_LKUP_RET_SUCCESS
#define LKUP(x) BPF_FIB_LKUP_RET_##x

static const struct lookup plain_rows[] = {
	{ "default route", "8.8.8.8", NULL, 10, 0, .ret = OK, .out = 11, .hop = "10.0.2.254" },
	{ "least metric", "10.1.0.1", NULL, 10, 0, .ret = OK, .out = 21, .hop = "10.0.4.2" },
	{ "longest prefix", "10.1.2.1", NULL, 10, 0, .ret = OK, .out = 21, .hop = "10.0.4.3" },
	{ "on link", "10.2.0.1", NULL, 10, 0, .ret = OK, .out = 20, .hop = "10.2.0.1" },
	{ "on link, unknown", "10.2.0.2", NULL, 10, 0, .ret = LKUP(NO_NEIGH), .out = 20 },
	{ "on link, skipped", "10.2.0.2", NULL, 10, SKIP_NEIGH, .ret = OK, .out = 20 },
	{ "unreachable", "10.1.2.193", NULL, 10, DIRECT, .ret = LKUP(UNREACHABLE), .out = 10 },
	{ "blackhole", "10.1.2.129", NULL, 10, DIRECT, .ret = LKUP(BLACKHOLE), .out = 10 },
	{ "prohibit", "10.1.2.225", NULL, 10, DIRECT, .ret = LKUP(PROHIBIT), .out = 10 },
	{ "throw", "10.1.2.241", NULL, 10, DIRECT, .ret = LKUP(NOT_FWDED), .out = 10 },
	{ "local", "10.0.1.1", NULL, 10, 0, .ret = LKUP(NOT_FWDED), .out = 10 },
	{ "broadcast", "10.0.1.255", NULL, 10, 0, .ret = LKUP(NOT_FWDED), .out = 10 },
	{ "main's longer than local's", "127.1.2.3", NULL, 10, 0, .ret = OK, .out = 11 },
	{ "no forwarding", "10.1.0.1", NULL, 30, 0, .ret = LKUP(FWD_DISABLED), .out = 30 },
	{ "no interface", "10.1.0.1", NULL, 99, 0, .ret = -ENODEV, .out = 99 },
	{ "table", "10.20.0.1", NULL, 10, DIRECT | TBID, .tbid = 100, .ret = OK, .out = 21 },
	{ "no table", "10.20.0.1", NULL, 10, DIRECT | TBID, .tbid = 77, .ret = LKUP(NOT_FWDED),
	  .out = 10 },
	{ "locked mtu", "10.3.0.1", NULL, 10, 0, .tot_len = 1001, .ret = LKUP(FRAG_NEEDED),
	  .out = 10 },
	{ "not locked", "10.3.1.1", NULL, 10, 0, .tot_len = 1001, .ret = OK, .out = 11 },
	{ "tunnel", "10.9.0.1", NULL, 10, 0, .ret = LKUP(UNSUPP_LWT), .out = 10 },
	{ "IPv6 hop", "10.5.0.1", NULL, 10, 0, .ret = OK, .out = 21, .hop = "2001:db8:4::5" },
	{ "output, other way", "10.1.0.1", NULL, 20, OUTPUT, .ret = LKUP(NOT_FWDED), .out = 20 },
	{ "output", "10.1.0.1", NULL, 11, OUTPUT, .ret = OK, .out = 11, .hop = "10.0.2.2" },
	{ "unknown flag", "10.1.0.1", NULL, 10, 1 << 6, .ret = -EINVAL, .out = 10 },
	{ "6: default route", "2600::1", "2600::2", 10, 0, .ret = OK, .out = 11,
	  .hop = "2001:db8:2::fe" },
	{ "6: least metric", "2001:db8:a::1", "2600::2", 10, 0, .ret = OK, .out = 21 },
	{ "6: blackhole", "2001:db8:b::1", "2600::2", 10, 0, .ret = LKUP(BLACKHOLE), .out = 10 },
	{ "6: unreachable", "2001:db8:b:1::1", "2600::2", 10, 0, .ret = LKUP(UNREACHABLE),
	  .out = 10 },
	{ "6: prohibit", "2001:db8:b:2::1", "2600::2", 10, 0, .ret = LKUP(PROHIBIT), .out = 10 },
	{ "6: throw", "2001:db8:b:3::1", "2600::2", 10, 0, .ret = LKUP(NOT_FWDED), .out = 10 },
	{ "6: link-local", "fe80::1", "2600::2", 99, 0, .ret = LKUP(NOT_FWDED), .out = 99 },
	{ "6: no MTU for it", "2600::1", "2600::2", 50, 0, .ret = LKUP(FWD_DISABLED), .out = 50 },
	{ "6: from", "2001:db8:13::1", "2001:db8:99::1", 10, 0, .ret = OK, .out = 11 },
	{ "6: tunnel", "2001:db8:11::1", "2600::2", 10, 0, .ret = LKUP(UNSUPP_LWT), .out = 10 },
};

static bool
is_as_wanted(const struct lookup *row, const struct fib_call *got)
{
	struct xb_world_addr hop = network_addr(row->hop);

	return got->ret == row->ret && got->params.ifindex == row->out &&
	       (!row->hop ||
	        !memcmp(got->params.ipv6_dst, hop.bytes, hop.family == AF_INET ? 4 : 16));
}

static void
check_rows(struct pair *p, const struct lookup *rows, u32 cnt)
{
	const struct fib_packet packet = { .bytes = 60 };

	for (u32 i = 0; i < cnt; i++) {
		const struct fib_call call = call_of(&rows[i]);

		for (u32 tc = 0; tc < 2; tc++) {
			struct fib_call got = pair_call(p, tc, &packet, &call);

			if (is_as_wanted(&rows[i], &got))
				continue;
			print_error("%s: returns %lld, ifindex %u\n", rows[i].name,
			            (long long)got.ret, got.params.ifindex);
			p->failed++;
		}
	}
}

static void
test_rows(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, &fib_plain);
	check_rows(&p, plain_rows, XB_ARRAY_SIZE(plain_rows));
	pair_close(&p);
}

static const char *const dsts[] = {
	"8.8.8.8",          "10.0.1.1",         "10.0.1.255",
	"10.0.2.2",         "10.0.2.77",        "10.0.4.20",
	"10.1.0.1",         "10.1.2.1",         "10.1.2.129",
	"10.1.2.193",       "10.1.2.225",       "10.1.2.241",
	"10.2.0.1",         "10.2.0.2",         "10.3.0.1",
	"10.3.1.1",         "10.4.0.1",         "10.4.0.2",
	"10.4.0.3",         "10.4.77.9",        "10.5.0.1",
	"10.6.0.1",         "10.7.0.1",         "10.7.1.1",
	"10.7.2.1",         "10.7.3.1",         "10.7.4.1",
	"10.7.5.1",         "10.7.6.1",         "10.8.0.1",
	"10.9.0.1",         "10.10.0.1",        "10.11.0.1",
	"10.20.0.1",        "10.21.0.1",        "10.22.0.1",
	"10.23.0.1",        "10.98.0.1",        "127.0.0.1",
	"127.1.2.3",        "224.0.0.1",        "255.255.255.255",
	"0.0.0.0",          "10.11.0.77",       "2600::1",
	"2001:db8:1::1",    "2001:db8:1::99",   "2001:db8:2::2",
	"2001:db8:a::1",    "2001:db8:a:1::1",  "2001:db8:b::1",
	"2001:db8:b:1::1",  "2001:db8:b:2::1",  "2001:db8:b:3::1",
	"2001:db8:c::1",    "2001:db8:c::2",    "2001:db8:d::1",
	"2001:db8:d:1::1",  "2001:db8:e::1",    "2001:db8:e::2",
	"2001:db8:e::3",    "2001:db8:e::4",    "2001:db8:f::1",
	"2001:db8:f:1::1",  "2001:db8:10::1",   "2001:db8:10:1::1",
	"2001:db8:10:2::1", "2001:db8:10:3::1", "2001:db8:10:4::1",
	"2001:db8:11::1",   "2001:db8:12::1",   "2001:db8:13::1",
	"2001:db8:14::1",   "2001:db8:15::1",   "2001:db8:20::1",
	"2001:db8:21::1",   "2001:db8:97::1",   "::1",
	"fe80::1",          "ff02::1",          "::",
	"::ffff:10.1.0.1",  "fd00:2::77",       "2002:a00:1::1",
	"2001:0:1::1",      "2001:db8:4::1",    "2001:db8:1::",
	"fec0::1",          "2001:10::1",
};
static const char *const srcs[] = {
	"0.0.0.0", "10.0.1.9",       "10.99.0.1",      "10.0.4.1", "10.0.3.1", "192.0.2.1",
	"2600::2", "2001:db8:98::1", "2001:db8:99::1", "::",       "fe80::2",  "2001:db8:4::2",
};
static const u32 ifindexes[] = { 10, 11, 20, 21, 30, 31, 40, 50, 51, 1, 99 };
static const u32 flag_sets[] = {
	0,
	SKIP_NEIGH,
	SRC,
	SRC | SKIP_NEIGH,
	OUTPUT,
	OUTPUT | SKIP_NEIGH | SRC,
	DIRECT,
	DIRECT | SRC,
	DIRECT | OUTPUT,
	DIRECT | TBID,
	DIRECT | TBID | SKIP_NEIGH | OUTPUT,
	TBID,
	MARK,
	MARK | SRC,
	MARK | DIRECT,
	MARK | OUTPUT,
};

static bool
same_family(const char *a, const char *b)
{
	return network_addr(a).family == network_addr(b).family;
}

/* All addresses and flags, from two interfaces. */
static void
grid(struct pair *p)
{
	const struct fib_packet packet = { .bytes = 60 };

	for (u32 d = 0; d < XB_ARRAY_SIZE(dsts); d++) {
		for (u32 s = 0; s < XB_ARRAY_SIZE(srcs); s++) {
			if (!same_family(dsts[d], srcs[s]))
				continue;
			for (u32 f = 0; f < XB_ARRAY_SIZE(flag_sets); f++) {
				const struct lookup row = { .dst = dsts[d],
					                    .src = srcs[s],
					                    .flags = flag_sets[f],
					                    .ifindex = f % 2 ? 20 : 11,
					                    .tbid = 100,
					                    .mark = 5 };
				struct fib_call call = call_of(&row);

				pair_call(p, (d + s + f) % 2, &packet, &call);
			}
		}
	}
}

/* A number below cnt: xorshift64*. */
static u32
pick(u64 *state, u32 cnt)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (u32)(*state * 0x2545f4914f6cdd1dull >> 32) % cnt;
}

static struct fib_call
random_call(u64 *rand)
{
	static const u32 lens[] = { 0,    0,    60,   600,  601,  1000, 1300, 1301,
		                    1400, 1401, 1500, 1501, 9000, 9001, 65535 };
	static const u32 tables[] = { 100, 200, 253, 254, 255, 77, 0 };
	static const u8 toses[] = { 0, 0, 0, 0x10, 0x1c, 0x30, 0xb8, 0x13 };
	static const u16 ports[] = { 0, 53, 1000, 1500, 2000, 2001, 80 };
	static const u8 protos[] = { 0, 6, 17, 17 };
	const struct lookup row = {
		.dst = dsts[pick(rand, XB_ARRAY_SIZE(dsts))],
		.src = srcs[pick(rand, XB_ARRAY_SIZE(srcs))],
		.ifindex = ifindexes[pick(rand, XB_ARRAY_SIZE(ifindexes))],
		.flags = pick(rand, 4) ? flag_sets[pick(rand, XB_ARRAY_SIZE(flag_sets))]
		                       : pick(rand, 128),
		.tot_len = lens[pick(rand, XB_ARRAY_SIZE(lens))],
		.tbid = tables[pick(rand, XB_ARRAY_SIZE(tables))],
		.mark = pick(rand, 12) + (pick(rand, 4) ? 0 : 0x100),
	};
	struct fib_call call = call_of(&row);
	struct bpf_fib_lookup *params = &call.params;
	u8 tos = toses[pick(rand, XB_ARRAY_SIZE(toses))];

	if (!same_family(row.dst, row.src))
		memset(params->ipv6_src, 0, sizeof(params->ipv6_src));
	if (pick(rand, 2)) /* others of the same network */
		((u8 *)params->ipv6_dst)[params->family == AF_INET ? 3 : 15] ^= (u8)pick(rand, 256);
	params->sport = __builtin_bswap16(ports[pick(rand, XB_ARRAY_SIZE(ports))]);
	params->dport = __builtin_bswap16(ports[pick(rand, XB_ARRAY_SIZE(ports))]);
	params->l4_protocol = protos[pick(rand, XB_ARRAY_SIZE(protos))];
	if (params->family == AF_INET)
		params->tos = tos;
	else
		params->flowinfo = __builtin_bswap32((u32)tos << 20 | pick(rand, 4) * 0x54321);
	if (pick(rand, 100) == 0)
		params->family = (u8)pick(rand, 12);
	call.ifindex = pick(rand, 2) ? 0 : ifindexes[pick(rand, XB_ARRAY_SIZE(ifindexes))];
	call.mtu_len = lens[pick(rand, XB_ARRAY_SIZE(lens))];
	call.len_diff = (s64)pick(rand, 200) - 100;
	call.mtu_flags = pick(rand, 3) ? 0 : pick(rand, 3);
	return call;
}

static void
random_calls(struct pair *p)
{
	u64 rand = 1;

	for (u32 i = 0; i < RANDOM_CALLS; i++) {
		static const u32 sizes[] = { 60,   614,  615,  1298, 1414, 1415, 1418,
			                     1419, 1514, 1515, 1518, 1519, 3500, 3700 };
		struct fib_call call = random_call(&rand);
		const struct fib_packet packet = {
			.bytes = sizes[pick(&rand, XB_ARRAY_SIZE(sizes))],
			.ifindex = pick(&rand, 2)
			                   ? 0
			                   : ifindexes[pick(&rand, XB_ARRAY_SIZE(ifindexes))],
			.gso_size = pick(&rand, 3) ? 0 : 100 + pick(&rand, 1400),
		};

		pair_call(p, pick(&rand, 2), &packet, &call);
	}
}

static void
test_many(void **state)
{
	struct pair p;

	pair_open(&p, *state);
	grid(&p);
	random_calls(&p);
	for (u32 i = 0; i <= BPF_FIB_LKUP_RET_FRAG_NEEDED; i++)
		assert_int_not_equal(p.results[i], 0);
	pair_close(&p);
}

/* No address at all: none for a source. */
static void
test_no_src(void **state)
{
	static const struct net_route bare_routes[] = {
		{ "2001:db8:c::/48", .hops = { NET_ON("in1") }, .metric = 20 },
		{ "10.2.0.0/16", .hops = { NET_ON("in1") } },
	};
	const struct network bare = { .links = fib_plain.links,
		                      .link_cnt = fib_plain.link_cnt,
		                      NETWORK_PART(route, bare_routes),
		                      .lo_down = true };
	static const struct lookup rows[] = {
		{ "IPv6", "2001:db8:c::1", "2600::2", 10, SRC, .ret = LKUP(NO_SRC_ADDR),
		  .out = 20 },
		{ "IPv4", "10.2.0.1", NULL, 10, SRC | SKIP_NEIGH, .ret = OK, .out = 20 },
	};
	struct pair p;

	(void)state;
	pair_open(&p, &bare);
	check_rows(&p, rows, XB_ARRAY_SIZE(rows));
	pair_close(&p);
}

int
main(void)
{
	struct network a = fib_plain, b = fib_ruled;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_no_src),
		cmocka_unit_test_prestate(test_many, &a),
		cmocka_unit_test_prestate(test_many, &b),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
