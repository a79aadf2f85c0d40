/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_forward.bpf.c - a router that asks the machine's own routing with the packet's mark. Where
 * the next hop's MAC address is not known yet, bpf_redirect_neigh has the machine ask for it.
 */
#include "tc.h"

#define AF_INET             2
#define AF_INET6            10
#define BPF_FIB_LOOKUP_MARK (1U << 5)

/* What was looked up last: for who wants to know. */
struct last {
	struct bpf_fib_lookup fib;
	__s64 ret;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct last);
} by_answer SEC(".maps");

static __always_inline int
ask(struct __sk_buff *skb, struct bpf_fib_lookup *fib)
{
	struct cursor c = pull(skb, 128);
	__be16 proto = take_l2(&c);
	struct iphdr *ip;
	struct ipv6hdr *ip6;

	if (proto == bpf_htons(ETH_P_IP)) {
		ip = take_ip4(&c);
		if (!ip || ip->ttl <= 1)
			return -1;
		fib->family = AF_INET;
		fib->tos = ip->tos;
		fib->l4_protocol = ip->protocol;
		fib->ipv4_src = ip->saddr;
		fib->ipv4_dst = ip->daddr;
		return 0;
	}
	ip6 = proto == bpf_htons(ETH_P_IPV6) ? take_ip6(&c) : NULL;
	if (!ip6 || ip6->hop_limit <= 1)
		return -1;
	fib->family = AF_INET6;
	fib->l4_protocol = ip6->nexthdr;
	__builtin_memcpy(fib->ipv6_src, &ip6->saddr, sizeof(fib->ipv6_src));
	__builtin_memcpy(fib->ipv6_dst, &ip6->daddr, sizeof(fib->ipv6_dst));
	return 0;
}

static __always_inline int
neigh(const struct bpf_fib_lookup *fib)
{
	struct bpf_redir_neigh hop = { .nh_family = fib->family };

	if (fib->family == AF_INET)
		hop.ipv4_nh = fib->ipv4_dst;
	else
		__builtin_memcpy(hop.ipv6_nh, fib->ipv6_dst, sizeof(hop.ipv6_nh));
	return bpf_redirect_neigh(fib->ifindex, &hop, sizeof(hop), 0);
}

SEC("tc")
int
tc_fib_forward(struct __sk_buff *skb)
{
	struct last last = { .fib.ifindex = skb->ifindex };
	__u32 mark = skb->mark, key;

	if (ask(skb, &last.fib))
		return TC_ACT_OK;
	__builtin_memcpy(last.fib.smac, &mark, sizeof(mark));
	last.ret =
	        bpf_fib_lookup(skb, &last.fib, sizeof(last.fib),
	                       BPF_FIB_LOOKUP_MARK | (skb->priority & 1 ? BPF_FIB_LOOKUP_SRC : 0));
	key = last.ret & 15;
	bpf_map_update_elem(&by_answer, &key, &last, BPF_ANY);
	switch (last.ret) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		bpf_skb_store_bytes(skb, 0, last.fib.dmac, ETH_ALEN, 0);
		bpf_skb_store_bytes(skb, ETH_ALEN, last.fib.smac, ETH_ALEN, 0);
		return bpf_redirect(last.fib.ifindex, 0);
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return neigh(&last.fib);
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return TC_ACT_SHOT;
	}
	return TC_ACT_OK;
}
