/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/skb/random.h"

#include <linux/if_ether.h>

#define MAX_LEN     16064 /* of a packet that is not to be segmented */
#define HEADER_MOST 40    /* an IPv6 header */

/*
 * Where a packet ends before its network header, or within, the kernel reads and writes behind it;
 * where the sum of such a one is checked, it comes to a BUG. So there are limits to what is tried.
 */
bool
random_is_whole(const struct round *r)
{
	return r->rest >= HEADER_MOST;
}

/* SplitMix64 */
u64
random_next(struct round *r)
{
	u64 x = r->state += 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

u32
random_below(struct round *r, u32 cnt)
{
	return (u32)(random_next(r) % cnt);
}

bool
random_chance(struct round *r, u32 percent)
{
	return random_below(r, 100) < percent;
}

static s64
random_proto(struct round *r)
{
	static const u16 types[] = { ETH_P_IP,    ETH_P_IPV6,   ETH_P_IP,  ETH_P_IPV6, ETH_P_IP,
		                     ETH_P_8021Q, ETH_P_8021AD, ETH_P_ARP, 0 };
	u32 i = random_below(r, XB_ARRAY_SIZE(types));

	return __builtin_bswap16(types[i]) | (random_chance(r, 5) ? 0x70000 : 0);
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
	args[2] = random_chance(r, 5) ? (s64)random_next(r) : 0;
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

	if (random_chance(r, 15)) /* any, of those that there are */
		return (random_next(r) & 0x1ff) |
		       (random_chance(r, 30) ? (u64)random_below(r, 64) << 56 : 0);
	if (random_chance(r, 5)) /* one that there is not */
		return 1ull << random_below(r, 64);
	if (random_chance(r, 40))
		flags |= BPF_F_ADJ_ROOM_FIXED_GSO;
	if (random_chance(r, 30))
		flags |= BPF_F_ADJ_ROOM_NO_CSUM_RESET;
	if (random_chance(r, 40))
		flags |= (u64)PICK(r, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4, BPF_F_ADJ_ROOM_ENCAP_L3_IPV6);
	else if (random_chance(r, 40))
		flags |= (u64)PICK(r, 1 << 7, 1 << 8, 3 << 7); /* DECAP_L3_IPV4, DECAP_L3_IPV6 */
	if (random_chance(r, 20))
		flags |= (u64)PICK(r, BPF_F_ADJ_ROOM_ENCAP_L4_GRE, BPF_F_ADJ_ROOM_ENCAP_L4_UDP);
	if (random_chance(r, 15))
		flags |= BPF_F_ADJ_ROOM_ENCAP_L2((u64)PICK(r, 1, 13, 14, 18, 40, 255));
	if (random_chance(r, 10))
		flags |= BPF_F_ADJ_ROOM_ENCAP_L2_ETH;
	return flags;
}

static void
make_adjust_room(struct round *r, s64 *args)
{
	s64 payload = (s64)r->bytes - ETH_HLEN;

	args[1] = PICK(r, 0, 1, 4, 8, 14, 20, 28, 40, 50, 100, 0xfff, 0x1000, INT32_MAX, INT32_MIN,
	               payload - 20, payload - 40, payload, payload - 19, payload - 39, 24);
	if (random_chance(r, 45))
		args[1] = -args[1];
	if (random_chance(r, 20))
		args[1] = (s64)random_below(r, 200) - 100;
	args[2] = random_chance(r, 5) ? PICK(r, 2, -1, 1ll << 32) : random_below(r, 2);
	args[3] = (s64)random_room_flags(r);
	if (args[1] < 0 && args[1] >= -0xfff)
		r->rest += args[1];
}

static void
make_change_head(struct round *r, s64 *args)
{
	s64 most = MAX_LEN - (s64)r->bytes;

	args[1] = PICK(r, 0, 1, 4, 13, 14, 64, 65, 78, 79, 200, 1000);
	if (random_chance(r, 15) && !r->c.ctx)
		args[1] = PICK(r, most - 20, most - 1, most, most + 1, INT32_MAX, -1, INT32_MIN);
	args[2] = random_chance(r, 5) ? (s64)random_next(r) : 0;
	if (args[1] > 0 && args[1] <= MAX_LEN)
		r->front += args[1];
}

static void
make_change_tail(struct round *r, s64 *args)
{
	args[1] = (s64)r->bytes + PICK(r, -60, -20, -8, -4, -2, -1, 0, 1, 3, 8, 20, 100, 1000);
	if (random_chance(r, 40))
		args[1] = PICK(r, 0, 13, 14, 15, 17, 18, 33, 34, 35, 53, 54, 55, 75, 100, 3712,
		               MAX_LEN - 0xfff, MAX_LEN - 4, MAX_LEN, MAX_LEN + 1, INT32_MAX, -1,
		               60 | 1ll << 32);
	args[2] = random_chance(r, 5) ? (s64)random_next(r) : 0;
	if (r->c.flags && (u32)args[1] < r->front + 20)
		args[1] = r->front + 20 + random_below(r, 64);
	if ((u32)args[1] < r->rest + r->front)
		r->rest = (u32)args[1] - r->front;
}

/* Of a byte in the packet, or close to its end; odd ones, too. */
static s64
random_off(struct round *r)
{
	if (random_chance(r, 5))
		return PICK(r, -1, INT32_MAX, INT32_MIN, 0xfffe, 0xffff, 0x10000, 14 | 1ll << 32);
	return random_chance(r, 20) ? (s64)r->bytes - 7 + random_below(r, 12)
	                            : random_below(r, r->bytes);
}

static s64
random_sum(struct round *r)
{
	return random_chance(r, 60) ? (s64)random_next(r) : PICK(r, 0, 1, -1, 0xffff, 0xffff0000);
}

static void
make_load_bytes(struct round *r, s64 *args)
{
	args[1] = random_off(r);
	args[2] = random_below(r, 100);
	args[3] = 1 + random_below(r, random_chance(r, 20) ? 4000 : 40);
	args[4] = random_chance(r, 5) ? (s64)random_next(r) : random_below(r, 2);
}

static void
make_store_bytes(struct round *r, s64 *args)
{
	make_load_bytes(r, args);
	args[4] = random_chance(r, 5) ? (s64)random_next(r)
	                              : PICK(r, 0, BPF_F_INVALIDATE_HASH, BPF_F_RECOMPUTE_CSUM,
	                                     BPF_F_RECOMPUTE_CSUM, BPF_F_RECOMPUTE_CSUM);
}

static void
make_pull_data(struct round *r, s64 *args)
{
	args[1] = random_off(r);
}

/* Where checksums are, for the most part: of IPv4, TCP, UDP. */
static void
make_l3_csum(struct round *r, s64 *args)
{
	args[1] = random_chance(r, 60) ? PICK(r, 24, 40, 50, 60, 70) : random_off(r);
	args[2] = random_sum(r);
	args[3] = random_sum(r);
	args[4] = random_chance(r, 90) ? PICK(r, 0, 2, 4) : random_below(r, 32);
	if (args[4] == 0 && random_chance(r, 90))
		args[2] = 0;
}

static void
make_l4_csum(struct round *r, s64 *args)
{
	make_l3_csum(r, args);
	args[4] |= (s64)random_below(r, random_chance(r, 90) ? 16 : 32) << 4;
}

static void
make_number(struct round *r, s64 *args)
{
	args[1] = random_sum(r);
}

static void
make_csum_level(struct round *r, s64 *args)
{
	args[1] = random_chance(r, 5) ? PICK(r, 4, -1, 1ll << 32) : random_below(r, 4);
}

static void
make_clone_redirect(struct round *r, s64 *args)
{
	args[1] = PICK(r, 1, 1, 1, 0, 0x7fffffff, -1, 1ll << 32 | 1);
	args[2] = PICK(r, 0, 1, 0, 1, 2, 1ll << 32);
}

/* clang-format off */
static const struct maker {
	u32 func;
	u32 weight;
	void (*make)(struct round *r, s64 *args); /* args[0] is the context */
	bool whole;  /* only where random_is_whole() */
	bool buffer; /* args[2] is an offset of the buffer */
	bool xmit;   /* LWT_XMIT has it too */
} makers[] = {
	{ BPF_FUNC_skb_vlan_push,           3, make_vlan_push,     false, false, false },
	{ BPF_FUNC_skb_vlan_pop,            3, make_vlan_pop,      false, false, false },
	{ BPF_FUNC_skb_change_proto,        3, make_change_proto,  false, false, false },
	{ BPF_FUNC_skb_change_type,         1, make_change_type,   false, false, false },
	{ BPF_FUNC_skb_ecn_set_ce,          2, make_none,          false, false, false },
	{ BPF_FUNC_skb_set_tstamp,          1, make_set_tstamp,    false, false, false },
	{ BPF_FUNC_skb_adjust_room,         6, make_adjust_room,   true,  false, false },
	{ BPF_FUNC_skb_change_head,         2, make_change_head,   false, false, true },
	{ BPF_FUNC_skb_change_tail,         3, make_change_tail,   false, false, true },
	{ BPF_FUNC_clone_redirect,          2, make_clone_redirect, true, false, false },
	{ BPF_FUNC_skb_load_bytes,          2, make_load_bytes,    false, true, true },
	{ BPF_FUNC_skb_load_bytes_relative, 2, make_load_bytes,    false, true, false },
	{ BPF_FUNC_skb_store_bytes,         4, make_store_bytes,   false, true, true },
	{ BPF_FUNC_skb_pull_data,           1, make_pull_data,     false, false, true },
	{ BPF_FUNC_l3_csum_replace,         3, make_l3_csum,       false, false, true },
	{ BPF_FUNC_l4_csum_replace,         5, make_l4_csum,       false, false, true },
	{ BPF_FUNC_csum_update,             3, make_number,        false, false, true },
	{ BPF_FUNC_csum_level,              2, make_csum_level,    false, false, true },
	{ BPF_FUNC_set_hash,                1, make_number,        false, false, false },
	{ BPF_FUNC_set_hash_invalid,        1, make_none,          false, false, true },
};
/* clang-format on */

static u32
weight_of(const struct round *r, const struct maker *m)
{
	if ((m->whole && !random_is_whole(r)) || (r->c.script.type && !m->xmit))
		return 0;
	return m->weight;
}

static const struct maker *
random_maker(struct round *r)
{
	u32 i, all = 0, at;

	for (i = 0; i < XB_ARRAY_SIZE(makers); i++)
		all += weight_of(r, &makers[i]);
	at = random_below(r, all);
	for (i = 0; i < XB_ARRAY_SIZE(makers); i++) {
		u32 weight = weight_of(r, &makers[i]);

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
	s->off = 12 + 4 * random_below(r, 3);
	s->value = PICK(r, 0x8, 0xdd86, 0x81, 0xa888, 0x608, 0x81);
	s->any = true;
}

void
random_step(struct round *r, struct step *s)
{
	const struct maker *m = random_maker(r);
	s64 args[5] = { 0 };
	u32 i;

	if (random_chance(r, 6)) {
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
	if (m->buffer)
		s->args[2].kind = ARG_BUF;
}
