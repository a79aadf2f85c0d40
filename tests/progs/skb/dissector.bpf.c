/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dissector.bpf.c - a flow dissector: behind tags, through options, fragments and one tunnel of IP
 * in IP, to the ports.
 */
#include "packet.h"

#define DISSECT_CONTINUE 129
#define FRAGMENT         44
#define HOP_BY_HOP       0
#define DEST_OPTIONS     60
#define STOP_AT_ENCAP    4 /* BPF_FLOW_DISSECTOR_F_STOP_AT_ENCAP */

/* How often it came to its end, and how often it gave up. */
__u64 ended, gave_up;

/* The packet from `off` on. */
static __always_inline struct cursor
at(struct __sk_buff *skb, __u32 off)
{
	struct cursor c = cursor_of(skb);

	c.pos += off & 0x3fff;
	return c;
}

static __always_inline int
finish(int verdict)
{
	if (verdict == BPF_OK)
		ended++;
	else
		gave_up++;
	return verdict;
}

static __always_inline int
dissect_ports(struct __sk_buff *skb, struct bpf_flow_keys *keys)
{
	struct cursor c = at(skb, keys->thoff);
	__be16 *ports = c.pos;

	if (keys->is_frag && !keys->is_first_frag)
		return BPF_OK;
	if (keys->ip_proto != IPPROTO_TCP && keys->ip_proto != IPPROTO_UDP)
		return keys->ip_proto == IPPROTO_ICMP ? BPF_OK : DISSECT_CONTINUE;
	if ((void *)(ports + 2) > c.end)
		return BPF_DROP;
	keys->sport = ports[0];
	keys->dport = ports[1];
	return BPF_OK;
}

static __always_inline int
dissect_ip4(struct __sk_buff *skb, struct bpf_flow_keys *keys)
{
	struct cursor c = at(skb, keys->thoff);
	struct iphdr *ip = c.pos;

	if ((void *)(ip + 1) > c.end || ip->ihl < 5)
		return BPF_DROP;
	keys->addr_proto = ETH_P_IP;
	keys->ipv4_src = ip->saddr;
	keys->ipv4_dst = ip->daddr;
	keys->ip_proto = ip->protocol;
	keys->thoff += ip->ihl << 2;
	if (ip->frag_off & bpf_htons(IP_FRAGMENT)) {
		keys->is_frag = 1;
		keys->is_first_frag = !(ip->frag_off & bpf_htons(0x1fff));
	}
	return BPF_OK;
}

static __always_inline int
dissect_ip6(struct __sk_buff *skb, struct bpf_flow_keys *keys)
{
	struct cursor c = at(skb, keys->thoff);
	struct ipv6hdr *ip = take_ip6(&c);

	if (!ip)
		return BPF_DROP;
	keys->addr_proto = ETH_P_IPV6;
	__builtin_memcpy(keys->ipv6_src, &ip->saddr, 32);
	keys->ip_proto = ip->nexthdr;
	keys->flow_label = *(__be32 *)ip & bpf_htonl(0xfffff);
	keys->thoff += sizeof(*ip);
	for (int i = 0; i < 3; i++) {
		__u8 *opt;

		c = at(skb, keys->thoff);
		opt = c.pos;
		if (keys->ip_proto != HOP_BY_HOP && keys->ip_proto != DEST_OPTIONS &&
		    keys->ip_proto != FRAGMENT)
			break;
		if (opt + 8 > (__u8 *)c.end)
			return BPF_DROP;
		if (keys->ip_proto == FRAGMENT) {
			keys->is_frag = 1;
			keys->is_first_frag = !(*(__be16 *)(opt + 2) & bpf_htons(0xfff8));
			keys->thoff += 8;
		} else {
			keys->thoff += (1 + opt[1]) << 3;
		}
		keys->ip_proto = opt[0];
	}
	return BPF_OK;
}

static __always_inline int
dissect_net(struct __sk_buff *skb, struct bpf_flow_keys *keys, __be16 proto)
{
	if (proto == bpf_htons(ETH_P_IP))
		return dissect_ip4(skb, keys);
	if (proto == bpf_htons(ETH_P_IPV6))
		return dissect_ip6(skb, keys);
	return BPF_DROP;
}

/* Behind up to two tags. */
static __always_inline void
skip_tags(struct __sk_buff *skb, struct bpf_flow_keys *keys)
{
	for (int i = 0; i < 2; i++) {
		struct cursor c = at(skb, keys->nhoff);
		struct vlan_tag *tag = c.pos;

		if ((keys->n_proto != bpf_htons(ETH_P_8021Q) &&
		     keys->n_proto != bpf_htons(ETH_P_8021AD)) ||
		    (void *)(tag + 1) > c.end)
			return;
		keys->n_proto = tag->proto;
		keys->nhoff += sizeof(*tag);
		keys->thoff = keys->nhoff;
	}
}

SEC("flow_dissector")
int
flow_dissect(struct __sk_buff *skb)
{
	struct bpf_flow_keys *keys = skb->flow_keys;
	__u8 outer;
	int ret;

	skip_tags(skb, keys);
	ret = dissect_net(skb, keys, keys->n_proto);
	outer = keys->ip_proto;
	if (ret == BPF_OK && (outer == IPPROTO_IPIP || outer == IPPROTO_IPV6)) {
		keys->is_encap = 1;
		if (keys->flags & STOP_AT_ENCAP)
			return finish(BPF_OK);
		ret = dissect_net(skb, keys,
		                  outer == IPPROTO_IPIP ? bpf_htons(ETH_P_IP)
		                                        : bpf_htons(ETH_P_IPV6));
	}
	return finish(ret == BPF_OK ? dissect_ports(skb, keys) : ret);
}
