/* SPDX-License-Identifier: BSD-2-Clause */
/* icmp_echo.bpf.c - answers pings: turns an echo request into the reply, checksum and all. */
#include "packet.h"

SEC("xdp")
int
xdp_icmp_echo(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);
	struct icmphdr *icmp;
	struct iphdr *ip;
	__be32 addr;
	__u32 sum;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip || ip->protocol != IPPROTO_ICMP || ip->frag_off & bpf_htons(IP_FRAGMENT))
		return XDP_PASS;
	icmp = take_icmp(&c);
	if (!icmp || icmp->type != ICMP_ECHO || icmp->code)
		return XDP_PASS;

	swap_macs(eth);
	addr = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = addr;
	icmp->type = ICMP_ECHOREPLY;
	sum = icmp->checksum + bpf_htons(ICMP_ECHO << 8);
	icmp->checksum = (__u16)(sum + (sum >> 16));
	return XDP_TX;
}
