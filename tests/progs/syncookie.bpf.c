/* SPDX-License-Identifier: BSD-2-Clause */
/* syncookie.bpf.c - answers SYNs with a cookie from SipHash-2-4 over the four-tuple. */
#include "packet.h"

struct sip {
	__u64 v0, v1, v2, v3;
};

const volatile __u64 secret[2] = { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull };

static __always_inline __u64
rotate(__u64 x, int n)
{
	return x << n | x >> (64 - n);
}

static __noinline void
sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static __always_inline void
sip_word(struct sip *s, __u64 word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

static __always_inline __u32
cookie_of(const struct iphdr *ip, const struct tcphdr *tcp)
{
	struct sip s = {
		secret[0] ^ 0x736f6d6570736575ull,
		secret[1] ^ 0x646f72616e646f6dull,
		secret[0] ^ 0x6c7967656e657261ull,
		secret[1] ^ 0x7465646279746573ull,
	};

	sip_word(&s, (__u64)ip->saddr << 32 | ip->daddr);
	sip_word(&s, (__u64)tcp->source << 48 | (__u64)tcp->dest << 32 | 12u);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return (__u32)(s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
}

/* The checksum over the pseudo header and a TCP header without options. */
static __always_inline __u16
tcp4_csum(const struct iphdr *ip, const struct tcphdr *tcp)
{
	const __u16 *word = (const void *)tcp;
	__u64 sum = (__u64)ip->saddr + ip->daddr + bpf_htons(IPPROTO_TCP) + bpf_htons(sizeof(*tcp));

#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += word[i];
	return csum_fold(sum);
}

static __always_inline void
answer(struct ethhdr *eth, struct iphdr *ip, struct tcphdr *tcp)
{
	__u32 cookie = cookie_of(ip, tcp);
	__be32 addr = ip->saddr;
	__be16 port = tcp->source;

	swap_macs(eth);
	ip->saddr = ip->daddr;
	ip->daddr = addr;
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(*tcp));
	ip->check = 0;
	ip->check = ip4_csum(ip);
	tcp->source = tcp->dest;
	tcp->dest = port;
	tcp->ack_seq = bpf_htonl(bpf_ntohl(tcp->seq) + 1);
	tcp->seq = cookie;
	tcp->ack = 1;
	tcp->doff = sizeof(*tcp) / 4;
	tcp->check = 0;
	tcp->check = tcp4_csum(ip, tcp);
}

SEC("xdp")
int
xdp_syncookie(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);
	struct tcphdr *tcp;
	struct iphdr *ip;
	int wanted, have;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip || ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	tcp = (void *)(ip + 1);
	if ((void *)(tcp + 1) > c.end || !tcp->syn || tcp->ack)
		return XDP_PASS;
	answer(eth, ip, tcp);
	wanted = (int)(sizeof(*eth) + sizeof(*ip) + sizeof(*tcp));
	have = (int)(ctx->data_end - ctx->data);
	return bpf_xdp_adjust_tail(ctx, wanted - have) ? XDP_DROP : XDP_TX;
}
