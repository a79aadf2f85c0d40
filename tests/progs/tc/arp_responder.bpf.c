/* SPDX-License-Identifier: BSD-2-Clause */
/* arp_responder.bpf.c - answers ARP requests in place: those from outside go back out, those of the
 * host come in again by bpf_redirect with BPF_F_INGRESS. */
#include "tc.h"

struct mac {
	__u8 addr[ETH_ALEN];
	__u8 pad[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __be32);
	__type(value, struct mac);
} neighbours SEC(".maps");

static __always_inline int
answer(struct __sk_buff *skb, __u64 redirect_flags)
{
	struct cursor c = pull(skb, sizeof(struct ethhdr) + sizeof(struct arp4));
	struct ethhdr *eth = take_eth(&c);
	struct arp4 *arp;
	struct mac *mac;
	__be32 addr;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_ARP))
		return TC_ACT_OK;
	arp = take_arp4(&c);
	if (!arp)
		return TC_ACT_SHOT;
	addr = arp->tpa;
	mac = bpf_map_lookup_elem(&neighbours, &addr);
	if (!mac || arp->oper != bpf_htons(ARPOP_REQUEST))
		return TC_ACT_OK;
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac->addr, ETH_ALEN);
	__builtin_memcpy(arp->tha, arp->sha, ETH_ALEN);
	__builtin_memcpy(arp->sha, mac->addr, ETH_ALEN);
	arp->tpa = arp->spa;
	arp->spa = addr;
	arp->oper = bpf_htons(ARPOP_REPLY);
	return bpf_redirect(skb->ifindex, redirect_flags);
}

SEC("tc")
int
tc_arp_responder(struct __sk_buff *skb)
{
	return answer(skb, 0);
}

SEC("tc")
int
tc_arp_responder_host(struct __sk_buff *skb)
{
	skb->cb[0] = skb->pkt_type;
	return answer(skb, BPF_F_INGRESS);
}
