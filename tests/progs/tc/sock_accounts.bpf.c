/* SPDX-License-Identifier: BSD-2-Clause */
/* sock_accounts.bpf.c - what each socket is sent: kept with the socket, and told to a map. */
#include "tc.h"

#define FIRST_BYTES 100 /* what an account begins with */
#define CLOSE_AFTER 5   /* packets, and the account is closed */

struct account {
	__u64 packets, bytes;
	__u32 last_bytes, opened;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct account);
} accounts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32); /* mark */
	__type(value, struct account);
} told SEC(".maps");

__u64 opened, closed, failed, nobody;

static __always_inline struct bpf_sock *
find6(struct __sk_buff *skb, struct ipv6hdr *ip, __be16 *ports)
{
	struct bpf_sock_tuple tuple = {};
	__u8 proto = ip->nexthdr;

	__builtin_memcpy(tuple.ipv6.saddr, &ip->saddr, 16);
	__builtin_memcpy(tuple.ipv6.daddr, &ip->daddr, 16);
	tuple.ipv6.sport = ports[0];
	tuple.ipv6.dport = ports[1];
	if (proto == IPPROTO_TCP)
		return bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	if (proto == IPPROTO_UDP)
		return bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	return NULL;
}

static __always_inline struct bpf_sock *
find4(struct __sk_buff *skb, struct iphdr *ip, __be16 *ports)
{
	struct bpf_sock_tuple tuple = {
		.ipv4 = { ip->saddr, ip->daddr, ports[0], ports[1] },
	};
	__u8 proto = ip->protocol;

	if (proto == IPPROTO_TCP)
		return bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (proto == IPPROTO_UDP)
		return bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	return NULL;
}

static __always_inline struct bpf_sock *
find(struct __sk_buff *skb)
{
	struct cursor c = pull(skb, 128);
	__be16 proto = take_l2(&c), *ports;
	struct ipv6hdr *ip6;
	struct iphdr *ip4;

	if (proto == bpf_htons(ETH_P_IP)) {
		ip4 = take_ip4(&c);
		ports = c.pos;
		return ip4 && (void *)(ports + 2) <= c.end ? find4(skb, ip4, ports) : NULL;
	}
	if (proto == bpf_htons(ETH_P_IPV6)) {
		ip6 = take_ip6(&c);
		ports = c.pos;
		return ip6 && (void *)(ports + 2) <= c.end ? find6(skb, ip6, ports) : NULL;
	}
	return NULL;
}

static __always_inline struct account *
open_account(struct bpf_sock *sk)
{
	struct account first = { .bytes = FIRST_BYTES, .opened = (__u32)++opened };

	return bpf_sk_storage_get(&accounts, sk, &first, BPF_SK_STORAGE_GET_F_CREATE);
}

static __always_inline void
book(struct __sk_buff *skb, struct bpf_sock *sk)
{
	struct account *a = bpf_sk_storage_get(&accounts, sk, NULL, 0), copy;
	__u32 mark = sk->mark;

	if (!a)
		a = open_account(sk);
	if (!a) {
		failed++;
		return;
	}
	a->packets++;
	a->bytes += skb->len;
	a->last_bytes = skb->len;
	copy = *a;
	bpf_map_update_elem(&told, &mark, &copy, BPF_ANY);
	if (copy.packets < CLOSE_AFTER)
		return;
	if (bpf_sk_storage_delete(&accounts, sk))
		failed++;
	else
		closed++;
}

SEC("tc")
int
tc_sock_accounts(struct __sk_buff *skb)
{
	struct bpf_sock *sk = find(skb);

	if (!sk) {
		nobody++;
		return TC_ACT_UNSPEC;
	}
	book(skb, sk);
	bpf_sk_release(sk);
	return TC_ACT_OK;
}
