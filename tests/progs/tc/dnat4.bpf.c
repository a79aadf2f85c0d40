/* SPDX-License-Identifier: BSD-2-Clause */
/* dnat4.bpf.c - destination NAT for IPv4, forth and back: the checksums are patched by
 * bpf_l3_csum_replace and bpf_l4_csum_replace. */
#include "tc.h"

struct endpoint {
	__be32 addr;
	__be16 port;
	__u8 proto;
	__u8 pad;
};

struct endpoint_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct endpoint);
	__type(value, struct endpoint);
};

struct endpoint_map forwards SEC(".maps");
struct endpoint_map backwards SEC(".maps");

/* Replaces an address and a port of the frame, and all sums over them. */
static __always_inline int
replace(struct __sk_buff *skb, const struct frame4 *f, const struct endpoint *from,
        const struct endpoint *to, __u32 addr_off, __u32 port_off)
{
	__u64 udp = from->proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	__u32 ip_check_off = f->ip_off + offset_of(struct iphdr, check);
	int err = 0;

	err |= bpf_l4_csum_replace(skb, f->check_off, from->addr, to->addr,
	                           udp | BPF_F_PSEUDO_HDR | sizeof(to->addr));
	err |= bpf_l4_csum_replace(skb, f->check_off, from->port, to->port, udp | sizeof(to->port));
	err |= bpf_l3_csum_replace(skb, ip_check_off, from->addr, to->addr, sizeof(to->addr));
	err |= bpf_skb_store_bytes(skb, addr_off, &to->addr, sizeof(to->addr), 0);
	err |= bpf_skb_store_bytes(skb, port_off, &to->port, sizeof(to->port), 0);
	return err ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("tc")
int
tc_dnat4(struct __sk_buff *skb)
{
	struct endpoint from = {}, *to;
	struct frame4 f;

	if (read_frame4(skb, &f))
		return TC_ACT_OK;
	from.addr = f.tuple.daddr;
	from.port = f.tuple.dport;
	from.proto = f.tuple.proto;
	to = bpf_map_lookup_elem(&forwards, &from);
	if (!to)
		return TC_ACT_OK;
	return replace(skb, &f, &from, to, f.ip_off + offset_of(struct iphdr, daddr), f.l4_off + 2);
}

SEC("tc")
int
tc_dnat4_back(struct __sk_buff *skb)
{
	struct endpoint from = {}, *to;
	struct frame4 f;

	if (read_frame4(skb, &f))
		return TC_ACT_OK;
	from.addr = f.tuple.saddr;
	from.port = f.tuple.sport;
	from.proto = f.tuple.proto;
	to = bpf_map_lookup_elem(&backwards, &from);
	if (!to)
		return TC_ACT_OK;
	return replace(skb, &f, &from, to, f.ip_off + offset_of(struct iphdr, saddr), f.l4_off);
}
