/* SPDX-License-Identifier: BSD-2-Clause */
/* icmp_too_big.bpf.c - answers packets above 1400 bytes with "fragmentation needed": tail cut,
 * headers built. */
#include "packet.h"

#define MTU         1400
#define QUOTE_BYTES (sizeof(struct iphdr) + 8) /* of the packet that was too big */

struct answer {
	struct ethhdr eth;
	struct iphdr ip;
	struct icmphdr icmp;
	__u8 quote[QUOTE_BYTES];
} __attribute__((packed));

/* Cuts the tail so that, with the headers to come, the answer has its length. */
static __always_inline int
cut(struct xdp_md *ctx)
{
	int bytes = (int)(ctx->data_end - ctx->data);
	int keep = (int)(sizeof(struct ethhdr) + QUOTE_BYTES);

	if (bpf_xdp_adjust_tail(ctx, keep - bytes))
		return -1;
	return bpf_xdp_adjust_head(ctx, -(int)(sizeof(struct iphdr) + sizeof(struct icmphdr)));
}

SEC("xdp")
int
xdp_icmp_too_big(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c), old;
	struct answer *a;
	struct iphdr *ip;
	__be32 saddr, daddr;
	__u64 sum = 0;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip || bpf_ntohs(ip->tot_len) <= MTU || !(ip->frag_off & bpf_htons(0x4000)))
		return XDP_PASS;
	old = *eth;
	saddr = ip->daddr;
	daddr = ip->saddr;
	if (cut(ctx))
		return XDP_DROP;
	a = (void *)(long)ctx->data;
	if ((void *)(a + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;

	swap_macs(&old);
	a->eth = old;
	a->ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_ICMP,
		.tot_len = bpf_htons(sizeof(*a) - sizeof(a->eth)),
		.saddr = saddr,
		.daddr = daddr,
	};
	a->ip.check = ip4_csum((void *)&a->ip);
	a->icmp = (struct icmphdr){ .type = ICMP_DEST_UNREACH, .code = ICMP_FRAG_NEEDED };
	a->icmp.un.frag.mtu = bpf_htons(MTU);
	sum = bpf_csum_diff(NULL, 0, (void *)&a->icmp, sizeof(a->icmp) + QUOTE_BYTES, 0);
	a->icmp.checksum = csum_fold(sum);
	return XDP_TX;
}
