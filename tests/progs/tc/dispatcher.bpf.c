/* SPDX-License-Identifier: BSD-2-Clause */
/* dispatcher.bpf.c - a parser in pieces: tail calls by protocol number, what was learnt goes along
 * in cb. */
#include "tc.h"

enum { CB_OFF, CB_PROTO, CB_DEPTH, CB_PORTS, CB_VERDICT };

int tc_piece_ip4(struct __sk_buff *skb);
int tc_piece_ip6(struct __sk_buff *skb);
int tc_piece_tcp(struct __sk_buff *skb);
int tc_piece_udp(struct __sk_buff *skb);
int tc_piece_ipip(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 256);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} by_proto SEC(".maps") = {
	.values = {
		[IPPROTO_IPIP] = (void *)&tc_piece_ipip,
		[IPPROTO_TCP] = (void *)&tc_piece_tcp,
		[IPPROTO_UDP] = (void *)&tc_piece_udp,
		[IPPROTO_IPV6] = (void *)&tc_piece_ip6,
		[254] = (void *)&tc_piece_ip4,
	},
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} unknown SEC(".maps");

static __always_inline int
next(struct __sk_buff *skb, __u32 off, __u32 proto)
{
	__u64 *n;

	skb->cb[CB_OFF] = off;
	skb->cb[CB_PROTO] = proto;
	skb->cb[CB_DEPTH]++;
	bpf_tail_call(skb, &by_proto, proto);
	/* Nobody knows the protocol, or the limit of 33 calls is reached. */
	n = bpf_map_lookup_elem(&unknown, &proto);
	if (n)
		++*n;
	return TC_ACT_PIPE;
}

SEC("tc")
int
tc_piece_ip4(struct __sk_buff *skb)
{
	__u32 off = skb->cb[CB_OFF];
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, off, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return TC_ACT_SHOT;
	return next(skb, off + ip.ihl * 4, ip.protocol);
}

SEC("tc")
int
tc_piece_ip6(struct __sk_buff *skb)
{
	__u32 off = skb->cb[CB_OFF];
	struct ipv6hdr ip6;

	if (bpf_skb_load_bytes(skb, off, &ip6, sizeof(ip6)) || ip6.version != 6)
		return TC_ACT_SHOT;
	return next(skb, off + sizeof(ip6), ip6.nexthdr);
}

/* IPv4 within whatever it was. */
SEC("tc")
int
tc_piece_ipip(struct __sk_buff *skb)
{
	return next(skb, skb->cb[CB_OFF], 254);
}

SEC("tc")
int
tc_piece_tcp(struct __sk_buff *skb)
{
	__be32 ports;

	if (bpf_skb_load_bytes(skb, skb->cb[CB_OFF], &ports, sizeof(ports)))
		return TC_ACT_SHOT;
	skb->cb[CB_PORTS] = ports;
	return TC_ACT_OK;
}

SEC("tc")
int
tc_piece_udp(struct __sk_buff *skb)
{
	__u32 off = skb->cb[CB_OFF];
	struct udphdr udp;

	if (bpf_skb_load_bytes(skb, off, &udp, sizeof(udp)))
		return TC_ACT_SHOT;
	skb->cb[CB_PORTS] = (__u32)udp.dest << 16 | udp.source;
	/* UDP without data is taken for its own successor, over and over. */
	if (bpf_ntohs(udp.len) == sizeof(udp))
		return next(skb, off, IPPROTO_UDP);
	return TC_ACT_RECLASSIFY;
}

SEC("tc")
int
tc_dispatcher(struct __sk_buff *skb)
{
	__u32 off = sizeof(struct ethhdr);

	skb->cb[CB_DEPTH] = 0;
	skb->cb[CB_PORTS] = 0;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return next(skb, off, 254);
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return next(skb, off, IPPROTO_IPV6);
	return TC_ACT_UNSPEC;
}
