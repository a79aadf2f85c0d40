/* SPDX-License-Identifier: BSD-2-Clause */
/* csum.bpf.c - tells the kernel what a direct write does to the sum of the whole packet:
 * bpf_csum_update; and how many checksums are known to be right: bpf_csum_level. */
#include "tc.h"

long last_update;

/* Writes a port, and leaves the checksum of UDP alone. */
SEC("tc")
int
tc_csum_update(struct __sk_buff *skb)
{
	__be32 old, new;
	struct frame4 f;
	__be32 *ports;

	if (read_frame4(skb, &f))
		return TC_ACT_OK;
	ports = (void *)(long)skb->data + (f.l4_off & 0x7f);
	if ((void *)(ports + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	old = *ports;
	new = bpf_htonl(bpf_ntohl(old) + 0x10001);
	*ports = new;
	last_update = bpf_csum_update(skb, bpf_csum_diff(&old, 4, &new, 4, 0));
	return last_update < 0 ? TC_ACT_PIPE : TC_ACT_OK;
}

/* The same, but nobody says so. */
SEC("tc")
int
tc_csum_wrong(struct __sk_buff *skb)
{
	struct cursor c = cursor_of(skb);
	struct iphdr *ip;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	ip = take_ip4(&c);
	if (!ip)
		return TC_ACT_SHOT;
	ip->id++;
	return TC_ACT_OK;
}

SEC("tc")
int
tc_csum_level(struct __sk_buff *skb)
{
	skb->cb[0] = bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY);
	bpf_csum_level(skb, BPF_CSUM_LEVEL_INC);
	skb->cb[1] = bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY);
	bpf_csum_level(skb, BPF_CSUM_LEVEL_INC);
	bpf_csum_level(skb, BPF_CSUM_LEVEL_INC);
	bpf_csum_level(skb, BPF_CSUM_LEVEL_DEC);
	skb->cb[2] = bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY);
	bpf_csum_level(skb, BPF_CSUM_LEVEL_RESET);
	skb->cb[3] = bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY);
	skb->cb[4] = bpf_csum_level(skb, 77);
	return TC_ACT_OK;
}
