/* SPDX-License-Identifier: BSD-2-Clause */
/* policy.bpf.c - who may talk to whom: addresses become identities by longest prefix, pairs of
 * identities and a port have a rule; the identity goes on as the mark. */
#include "tc.h"

#define WORLD 2 /* the identity of all that have no other */

struct prefix {
	__u32 bits;
	__u8 addr[16]; /* IPv4 as ::ffff:a.b.c.d */
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u32);
} identities SEC(".maps");

struct rule_key {
	__u32 from, to;
	__be16 port; /* 0: all others */
	__u8 proto;  /* 0: all others */
	__u8 pad;
};

struct rule {
	__u32 allow;
	__u32 priority; /* of what is allowed, 0 to leave it */
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct rule_key);
	__type(value, struct rule);
} rules SEC(".maps");

__u64 dropped;

static __always_inline __u32
identity_of(struct prefix *prefix)
{
	__u32 *id;

	prefix->bits = 128;
	id = bpf_map_lookup_elem(&identities, prefix);
	return id ? *id : WORLD;
}

static __always_inline __u32
identity4(__be32 addr)
{
	struct prefix prefix = { .addr = { [10] = 0xff, 0xff } };

	__builtin_memcpy(prefix.addr + 12, &addr, sizeof(addr));
	return identity_of(&prefix);
}

static __always_inline __u32
identity6(const struct in6_addr *addr)
{
	struct prefix prefix = {};

	__builtin_memcpy(prefix.addr, addr, sizeof(*addr));
	return identity_of(&prefix);
}

/* From the most special rule to the most general one. */
static __always_inline struct rule *
find_rule(struct rule_key key)
{
	struct rule *rule = bpf_map_lookup_elem(&rules, &key);

	if (rule)
		return rule;
	key.port = 0;
	rule = bpf_map_lookup_elem(&rules, &key);
	if (rule)
		return rule;
	key.proto = 0;
	return bpf_map_lookup_elem(&rules, &key);
}

static __always_inline bool
read_key(struct __sk_buff *skb, struct rule_key *key)
{
	struct cursor c = pull(skb, 128);
	__be16 proto = take_l2(&c), *ports;

	if (proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take_ip4(&c);

		if (!ip)
			return false;
		*key = (struct rule_key){ identity4(ip->saddr), identity4(ip->daddr), 0,
			                  ip->protocol, 0 };
		if (ip->frag_off & bpf_htons(0x1fff))
			return true;
	} else {
		struct ipv6hdr *ip6 = take_ip6(&c);

		if (!ip6)
			return false;
		*key = (struct rule_key){ identity6(&ip6->saddr), identity6(&ip6->daddr), 0,
			                  ip6->nexthdr, 0 };
	}
	ports = c.pos;
	if ((key->proto == IPPROTO_TCP || key->proto == IPPROTO_UDP) &&
	    (void *)(ports + 2) <= c.end)
		key->port = ports[1];
	return true;
}

SEC("tc")
int
tc_policy(struct __sk_buff *skb)
{
	struct rule_key key;
	struct rule *rule;

	if (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6))
		return TC_ACT_OK;
	if (!read_key(skb, &key))
		return TC_ACT_SHOT;
	skb->mark = key.from;
	rule = find_rule(key);
	if (!rule) {
		dropped++;
		return TC_ACT_SHOT;
	}
	__sync_fetch_and_add(&rule->packets, 1);
	__sync_fetch_and_add(&rule->bytes, skb->len);
	if (rule->priority)
		skb->priority = rule->priority;
	return rule->allow ? TC_ACT_OK : TC_ACT_SHOT;
}
