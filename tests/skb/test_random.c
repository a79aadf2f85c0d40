/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_random.c - a few helpers after one another, picked at random with arguments around their
 * boundaries, on any packet: kernel and emulator must agree on all that can be seen.
 *
 * A helper joins in by a row of `makers`. The seed is fixed, so that a failure comes again; it
 * names the round and shows the steps.
 */
#include "tests/skb/run.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SEED        2026u
#define ROUNDS      1500u
#define BATCH       250u /* rounds whose outcomes are kept at a time */
#define STEPS_MAX   5u
#define MAX_LEN     16064 /* of a packet that is not to be segmented */
#define HEADER_MOST 40    /* an IPv6 header */

/* A round: the row that it makes, and what is known of its packet. */
struct round {
	u64 state; /* of the random numbers */
	struct skb_case c;
	struct __sk_buff ctx;
	u32 bytes; /* as the packet is built */
	s64 front; /* most bytes in front of its network header, by now */
	s64 rest;  /* least bytes behind that, by now */
	char name[32];
};

/*
 * Where a packet ends before its network header, or within, the kernel reads and writes behind it;
 * where the sum of such a one is checked, it comes to a BUG. So there are limits to what is tried.
 */
static bool
is_whole(const struct round *r)
{
	return r->rest >= HEADER_MOST;
}

/* SplitMix64 */
static u64
next(struct round *r)
{
	u64 x = r->state += 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static u32
below(struct round *r, u32 cnt)
{
	return (u32)(next(r) % cnt);
}

static bool
chance(struct round *r, u32 percent)
{
	return below(r, 100) < percent;
}

#define PICK(r, ...)                                                                               \
	((const s64[]){ __VA_ARGS__ })[below(r, sizeof((const s64[]){ __VA_ARGS__ }) / sizeof(s64))]

static s64
random_proto(struct round *r)
{
	static const u16 types[] = { ETH_P_IP,    ETH_P_IPV6,   ETH_P_IP,  ETH_P_IPV6, ETH_P_IP,
		                     ETH_P_8021Q, ETH_P_8021AD, ETH_P_ARP, 0 };
	u32 i = below(r, XB_ARRAY_SIZE(types));

	return __builtin_bswap16(types[i]) | (chance(r, 5) ? 0x70000 : 0);
}

static void
make_vlan_push(struct round *r, s64 *args)
{
	args[1] = random_proto(r);
	args[2] = PICK(r, 0, 1, 0x2064, 0xffff, 0x12345, -1);
}

static void
make_vlan_pop(struct round *r, s64 *args)
{
	(void)args;
	r->rest -= 2 * 4; /* as many tags may go */
}

static void
make_none(struct round *r, s64 *args)
{
	(void)r;
	(void)args;
}

static void
make_change_proto(struct round *r, s64 *args)
{
	args[1] = random_proto(r);
	args[2] = chance(r, 5) ? (s64)next(r) : 0;
	r->rest -= 20;
}

static void
make_change_type(struct round *r, s64 *args)
{
	args[1] = PICK(r, 0, 1, 2, 3, 4, 7, -1, 1ll << 32);
}

static void
make_set_tstamp(struct round *r, s64 *args)
{
	args[1] = PICK(r, 0, 1, -1, 1ll << 40);
	args[2] = PICK(r, 0, 1, 2, 3, -1, 1ll << 32);
}

static u64
random_room_flags(struct round *r)
{
	u64 flags = 0;

	if (chance(r, 15)) /* any, of those that there are */
		return (next(r) & 0x1ff) | (chance(r, 30) ? (u64)below(r, 64) << 56 : 0);
	if (chance(r, 5)) /* one that there is not */
		return 1ull << below(r, 64);
	if (chance(r, 40))
		flags |= BPF_F_ADJ_ROOM_FIXED_GSO;
	if (chance(r, 30))
		flags |= BPF_F_ADJ_ROOM_NO_CSUM_RESET;
	if (chance(r, 40))
		flags |= (u64)PICK(r, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4, BPF_F_ADJ_ROOM_ENCAP_L3_IPV6);
	else if (chance(r, 40))
		flags |= (u64)PICK(r, 1 << 7, 1 << 8, 3 << 7); /* DECAP_L3_IPV4, DECAP_L3_IPV6 */
	if (chance(r, 20))
		flags |= (u64)PICK(r, BPF_F_ADJ_ROOM_ENCAP_L4_GRE, BPF_F_ADJ_ROOM_ENCAP_L4_UDP);
	if (chance(r, 15))
		flags |= BPF_F_ADJ_ROOM_ENCAP_L2((u64)PICK(r, 1, 13, 14, 18, 40, 255));
	if (chance(r, 10))
		flags |= BPF_F_ADJ_ROOM_ENCAP_L2_ETH;
	return flags;
}

static void
make_adjust_room(struct round *r, s64 *args)
{
	s64 payload = (s64)r->bytes - ETH_HLEN;

	args[1] = PICK(r, 0, 1, 4, 8, 14, 20, 28, 40, 50, 100, 0xfff, 0x1000, INT32_MAX, INT32_MIN,
	               payload - 20, payload - 40, payload, payload - 19, payload - 39, 24);
	if (chance(r, 45))
		args[1] = -args[1];
	if (chance(r, 20))
		args[1] = (s64)below(r, 200) - 100;
	args[2] = chance(r, 5) ? PICK(r, 2, -1, 1ll << 32) : below(r, 2);
	args[3] = (s64)random_room_flags(r);
	if (args[1] < 0 && args[1] >= -0xfff)
		r->rest += args[1];
}

static void
make_change_head(struct round *r, s64 *args)
{
	s64 most = MAX_LEN - (s64)r->bytes;

	args[1] = PICK(r, 0, 1, 4, 13, 14, 64, 65, 78, 79, 200, 1000);
	if (chance(r, 15) && !r->c.ctx)
		args[1] = PICK(r, most - 20, most - 1, most, most + 1, INT32_MAX, -1, INT32_MIN);
	args[2] = chance(r, 5) ? (s64)next(r) : 0;
	if (args[1] > 0 && args[1] <= MAX_LEN)
		r->front += args[1];
}

static void
make_change_tail(struct round *r, s64 *args)
{
	args[1] = (s64)r->bytes + PICK(r, -60, -20, -8, -4, -2, -1, 0, 1, 3, 8, 20, 100, 1000);
	if (chance(r, 40))
		args[1] = PICK(r, 0, 13, 14, 15, 17, 18, 33, 34, 35, 53, 54, 55, 75, 100, 3712,
		               MAX_LEN - 0xfff, MAX_LEN - 4, MAX_LEN, MAX_LEN + 1, INT32_MAX, -1,
		               60 | 1ll << 32);
	args[2] = chance(r, 5) ? (s64)next(r) : 0;
	if (r->c.flags && (u32)args[1] < r->front + 20)
		args[1] = r->front + 20 + below(r, 64);
	if ((u32)args[1] < r->rest + r->front)
		r->rest = (u32)args[1] - r->front;
}

/* clang-format off */
static const struct maker {
	u32 func;
	u32 weight;
	void (*make)(struct round *r, s64 *args); /* args[0] is the context */
	bool whole; /* only where is_whole() */
} makers[] = {
	{ BPF_FUNC_skb_vlan_push,    3, make_vlan_push,    false },
	{ BPF_FUNC_skb_vlan_pop,     3, make_vlan_pop,     false },
	{ BPF_FUNC_skb_change_proto, 3, make_change_proto, false },
	{ BPF_FUNC_skb_change_type,  1, make_change_type,  false },
	{ BPF_FUNC_skb_ecn_set_ce,   2, make_none,         false },
	{ BPF_FUNC_skb_set_tstamp,   1, make_set_tstamp,   false },
	{ BPF_FUNC_skb_adjust_room,  6, make_adjust_room,  true },
	{ BPF_FUNC_skb_change_head,  2, make_change_head,  false },
	{ BPF_FUNC_skb_change_tail,  3, make_change_tail,  false },
};
/* clang-format on */

static const struct maker *
random_maker(struct round *r)
{
	u32 i, all = 0, at;

	for (i = 0; i < XB_ARRAY_SIZE(makers); i++)
		all += makers[i].whole && !is_whole(r) ? 0 : makers[i].weight;
	at = below(r, all);
	for (i = 0; i < XB_ARRAY_SIZE(makers); i++) {
		u32 weight = makers[i].whole && !is_whole(r) ? 0 : makers[i].weight;

		if (at < weight)
			break;
		at -= weight;
	}
	return &makers[i];
}

/* A type where Ethernet and VLAN headers have theirs. */
static void
make_store(struct round *r, struct step *s)
{
	s->op = OP_PKT_ST;
	s->bytes = 2;
	s->off = 12 + 4 * below(r, 3);
	s->value = PICK(r, 0x8, 0xdd86, 0x81, 0xa888, 0x608, 0x81);
	s->any = true;
}

static void
make_step(struct round *r, struct step *s)
{
	const struct maker *m = random_maker(r);
	s64 args[5] = { 0 };
	u32 i;

	if (chance(r, 6)) {
		make_store(r, s);
		return;
	}
	m->make(r, args);
	s->op = OP_CALL;
	s->func = m->func;
	s->any = true;
	s->args[0].kind = ARG_CTX;
	for (i = 1; i < 5; i++)
		s->args[i].value = args[i];
}

/* Where the headers are. */
static void
make_probe(struct round *r, struct step *s)
{
	s->op = OP_LD_ABS;
	s->bytes = 4;
	s->off = chance(r, 50) ? SKF_NET_OFF : SKF_LL_OFF;
	s->any = true;
}

static void
make_packet(struct round *r)
{
	u8 data[PACKET_MAX_BYTES];

	r->c.packet = (enum packet)below(r, PACKET_CNT);
	r->bytes = packet_build(r->c.packet, data);
	if (chance(r, 10) && r->bytes > 64)
		r->c.bytes = r->bytes = r->bytes - 10 + below(r, 40);
	if (r->bytes > PACKET_MAX_BYTES)
		r->c.bytes = r->bytes = PACKET_MAX_BYTES;
	r->front = ETH_HLEN;
	r->rest = (s64)r->bytes - r->front;
}

static void
make_context(struct round *r)
{
	if (!chance(r, 40))
		return;
	r->ctx.gso_size = (u32)PICK(r, 0, 1, 10, 100, 1400, 0xffff, 0x12345);
	r->ctx.gso_segs = (u32)PICK(r, 0, 1, 3, 0xffff);
	r->ctx.tstamp = chance(r, 30) ? next(r) : 0;
	r->c.ctx = &r->ctx;
}

static void
make_round(struct round *r, u32 i)
{
	u32 cnt, step;

	memset(r, 0, sizeof(*r));
	r->state = SEED + (u64)i * 0x100000001b3ull;
	snprintf(r->name, sizeof(r->name), "round %u", i);
	r->c.name = r->name;
	make_packet(r);
	make_context(r);
	r->c.flags = chance(r, 40) ? BPF_F_TEST_SKB_CHECKSUM_COMPLETE : 0;
	cnt = 1 + below(r, STEPS_MAX);
	for (step = 0; step < cnt; step++)
		make_step(r, &r->c.script.steps[step]);
	if (chance(r, 50))
		make_probe(r, &r->c.script.steps[step]);
	if (cnt == 1 && is_whole(r) && chance(r, 20))
		r->c.repeat = 2;
}

static void
print_steps(const struct round *r, const struct skb_out *out)
{
	const struct script *s = &r->c.script;
	char text[64];
	u32 i;

	print_message("%s: %s, %u bytes, gso_size %u, gso_segs %u, flags %u, repeat %u\n", r->name,
	              packet_name(r->c.packet), r->bytes, r->ctx.gso_size, r->ctx.gso_segs,
	              r->c.flags, r->c.repeat);
	for (i = 0; i < script_cnt(s); i++) {
		const struct step *step = &s->steps[i];
		bool call = step->op == OP_CALL;

		print_message("  %s: %lld, 0x%llx, 0x%llx: %lld\n",
		              script_step_name(s, i, text, sizeof(text)),
		              (long long)(call ? step->args[1].value : step->off),
		              (unsigned long long)(call ? step->args[2].value : step->value),
		              (unsigned long long)step->args[3].value,
		              (long long)out->kept.results[i]);
	}
}

static void
run_batch(struct skb_rig *rig, const struct round *rounds, u32 cnt, struct skb_out *outs)
{
	u32 i;

	for (i = 0; i < cnt; i++) {
		case_run(rig, &rounds[i].c, &outs[i]);
		if (outs[i].load)
			fail_msg("%s: %s: load: %ld\n%s", rounds[i].name, rig->b.name, outs[i].load,
			         rig->log);
	}
}

static void
compare_batch(const struct round *rounds, u32 cnt, const struct skb_out *kernel,
              const struct skb_out *emu)
{
	char text[256];
	u32 i;

	for (i = 0; i < cnt; i++) {
		if (case_same(&rounds[i].c, &kernel[i], &emu[i], text, sizeof(text)))
			continue;
		print_steps(&rounds[i], &kernel[i]);
		fail_msg("%s: %s", rounds[i].name, text);
	}
}

/* On the emulator alone, where that is all there is: it must come to an end. */
static void
test_rounds(void **state)
{
	struct skb_rig *rig = calloc(1, sizeof(*rig));
	struct round *rounds = calloc(BATCH, sizeof(*rounds));
	struct skb_out *kernel = calloc(2 * (size_t)BATCH, sizeof(*kernel)), *emu = kernel + BATCH;
	bool permitted = true;
	u32 at, i;

	(void)state;
	assert_true(rig && rounds && kernel);
	for (at = 0; at < ROUNDS; at += BATCH) {
		for (i = 0; i < BATCH; i++)
			make_round(&rounds[i], at + i);
		permitted = permitted && skb_rig_open_kernel(rig);
		if (permitted) {
			run_batch(rig, rounds, BATCH, kernel);
			skb_rig_close(rig);
		}
		assert_true(skb_rig_open_emu(rig));
		run_batch(rig, rounds, BATCH, emu);
		skb_rig_close(rig);
		if (permitted)
			compare_batch(rounds, BATCH, kernel, emu);
	}
	free(kernel);
	free(rounds);
	free(rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounds),
	};

	return cmocka_run_group_tests_name("skb random", tests, NULL, NULL);
}
