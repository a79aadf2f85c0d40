/* SPDX-License-Identifier: BSD-2-Clause */
/* tc_encap.bpf.c - rewrite.bpf.c for TC: puts every IPv4 packet into another one (IPIP). */
#include "outer.h"

#include <linux/pkt_cls.h>

SEC("tc")
int
tc_encap(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + ETH_HLEN;
	__u16 len;

	if (skb->protocol != bpf_htons(ETH_P_IP) || (void *)(ip + 1) > end)
		return TC_ACT_OK;
	len = bpf_ntohs(ip->tot_len);
	if (bpf_skb_adjust_room(skb, sizeof(*ip), BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4))
		return TC_ACT_SHOT;
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	ip = data + ETH_HLEN;
	if ((void *)(ip + 1) > end)
		return TC_ACT_SHOT;
	put_outer(ip, len);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
