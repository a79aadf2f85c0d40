/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_hash.c - which hop of several: SipHash-2-4 over the flow (Aumasson, Bernstein 2012), and how
 * the hops share its values by their weights.
 */
#include "emu/fib_priv.h"
#include "vm/bytes.h"

struct sip {
	u64 v0, v1, v2, v3;
};

static u64
rotl(u64 v, u32 by)
{
	return v << by | v >> (64 - by);
}

static void
sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static void
sip_word(struct sip *s, u64 word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

/* Of a multiple of 8 bytes, with both halves of the key the same. */
static u64
siphash(const u8 *data, u32 bytes, u64 key)
{
	struct sip s = { key ^ 0x736f6d6570736575ull, key ^ 0x646f72616e646f6dull,
		         key ^ 0x6c7967656e657261ull, key ^ 0x7465646279746573ull };

	for (u32 i = 0; i < bytes; i += 8)
		sip_word(&s, xb_ld64(data + i));
	sip_word(&s, (u64)bytes << 56);
	s.v2 ^= 0xff;
	for (u32 i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* Linux's struct flow_keys from `basic` on, as it lies in memory; what is 0 has no name. */
struct keys {
	u16 n_proto;
	u8 ip_proto, pad;
	__be32 flow_label;
	u8 vlans[16];
	u32 keyid;
	__be16 ports[2];
	u32 icmp;
	u8 addrs[36]; /* source and destination, of 4 or 16 bytes each; then zeros */
};
_Static_assert(sizeof(struct keys) == 72, "no padding in what is hashed");

/* Both directions are one flow (cf. net/core/flow_dissector.c: __flow_hash_consistentify). */
static void
put_addrs(struct keys *k, const struct xb_fib_flow *flow)
{
	u32 bytes = flow->family == AF_INET ? 4 : 16;
	bool swap = flow->family == AF_INET ? xb_ld32(flow->dst) < xb_ld32(flow->src)
	                                    : memcmp(flow->dst, flow->src, 16) < 0;

	memcpy(k->addrs, swap ? flow->dst : flow->src, bytes);
	memcpy(k->addrs + bytes, swap ? flow->src : flow->dst, bytes);
}

static void
put_ports(struct keys *k, const struct xb_fib_flow *flow)
{
	bool swap = flow->dport < flow->sport;

	k->ports[0] = swap ? flow->dport : flow->sport;
	k->ports[1] = swap ? flow->sport : flow->dport;
	k->ip_proto = flow->proto;
}

u32
fib_multipath_hash(const struct xb_world *w, const struct xb_fib_flow *flow)
{
	bool is6 = flow->family == AF_INET6;
	u8 policy = is6 ? w->multipath_policy6 : w->multipath_policy4;
	u64 key = (u64)w->multipath_seed << 32 | w->multipath_seed;
	struct keys keys = { .n_proto = 0 };
	u32 hash;

	put_addrs(&keys, flow);
	if (policy == 1) {
		put_ports(&keys, flow);
	} else if (is6) {
		keys.flow_label = flow->flowinfo & __builtin_bswap32(0x000fffff);
		keys.ip_proto = flow->proto;
	}
	hash = (u32)siphash((const u8 *)&keys, is6 ? 72 : 48, key);
	return (hash ? hash : 1) >> 1;
}

s64
fib_upper_bound(const struct xb_world *w, const struct xb_world_route *route, u32 i)
{
	u64 total = 0, below = 0;

	if (fib_hop_is_dead(w, &route->hops[i]))
		return -1;
	for (u32 j = 0; j < route->hop_cnt; j++) {
		u32 weight = route->hops[j].weight ? route->hops[j].weight : 1;

		if (fib_hop_is_dead(w, &route->hops[j]))
			continue;
		total += weight;
		if (j <= i)
			below += weight;
	}
	return (s64)(((below << 31) + total / 2) / total) - 1;
}
