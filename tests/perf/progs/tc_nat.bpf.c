/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_nat.bpf.c - gives every TCP and UDP packet over IPv4 another source address and port, and its
 * checksums what they then have to be.
 */
#include "parse.h"

#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stddef.h>

#define NEW_ADDR bpf_htonl(0xc0000201)

SEC("tc")
int
tc_nat(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct iphdr *ip = data + ETH_HLEN;
	__u32 l4 = ETH_HLEN + sizeof(*ip), check;
	__u64 flags = BPF_F_PSEUDO_HDR;
	__be32 old_addr, new_addr = NEW_ADDR;
	__be16 *ports, old_port, new_port;

	if (skb->protocol != bpf_htons(ETH_P_IP) || data + l4 + 4 > end || ip->ihl != 5)
		return TC_ACT_OK;
	if (ip->protocol == IPPROTO_TCP) {
		check = l4 + offsetof(struct tcphdr, check);
	} else if (ip->protocol == IPPROTO_UDP) {
		check = l4 + offsetof(struct udphdr, check);
		flags |= BPF_F_MARK_MANGLED_0;
	} else {
		return TC_ACT_OK;
	}
	ports = data + l4;
	old_addr = ip->saddr;
	old_port = ports[0];
	new_port = old_port | bpf_htons(0x8000);
	if (bpf_l4_csum_replace(skb, check, old_addr, new_addr, flags | sizeof(new_addr)) ||
	    bpf_l4_csum_replace(skb, check, old_port, new_port,
	                        (flags & ~BPF_F_PSEUDO_HDR) | sizeof(new_port)) ||
	    bpf_l3_csum_replace(skb, ETH_HLEN + offsetof(struct iphdr, check), old_addr, new_addr,
	                        sizeof(new_addr)) ||
	    bpf_skb_store_bytes(skb, ETH_HLEN + offsetof(struct iphdr, saddr), &new_addr,
	                        sizeof(new_addr), 0) ||
	    bpf_skb_store_bytes(skb, l4, &new_port, sizeof(new_port), 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
