/* SPDX-License-Identifier: BSD-2-Clause */
/* vxlan.bpf.c - puts whole frames into UDP: Ethernet, IPv4, UDP and VXLAN in front, 50 bytes. */
#include "packet.h"

struct outer {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	struct vxlan vxlan;
} __attribute__((packed));

const volatile __u32 vni = 42;

SEC("xdp")
int
xdp_vxlan(struct xdp_md *ctx)
{
	__u32 inner_bytes = ctx->data_end - ctx->data;
	struct outer *o;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*o)))
		return XDP_ABORTED;
	o = (void *)(long)ctx->data;
	if ((void *)(o + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;

	__builtin_memset(o, 0, sizeof(*o));
	__builtin_memcpy(o->eth.h_dest, "\x02\0\0\0\0\x02", ETH_ALEN);
	__builtin_memcpy(o->eth.h_source, "\x02\0\0\0\0\x01", ETH_ALEN);
	o->eth.h_proto = bpf_htons(ETH_P_IP);
	o->ip.version = 4;
	o->ip.ihl = 5;
	o->ip.ttl = 64;
	o->ip.protocol = IPPROTO_UDP;
	o->ip.tot_len = bpf_htons((__u16)(inner_bytes + sizeof(*o) - sizeof(o->eth)));
	o->ip.saddr = bpf_htonl(0xc0000201);
	o->ip.daddr = bpf_htonl(0xc0000202);
	o->ip.check = ip4_csum((void *)&o->ip);
	o->udp.source = bpf_htons((__u16)(49152 + (inner_bytes & 0x3fff)));
	o->udp.dest = bpf_htons(4789);
	o->udp.len = bpf_htons((__u16)(inner_bytes + sizeof(o->udp) + sizeof(o->vxlan)));
	o->vxlan.flags = bpf_htonl(0x08000000);
	o->vxlan.vni = bpf_htonl(vni << 8);
	return XDP_TX;
}
