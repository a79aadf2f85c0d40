/* SPDX-License-Identifier: BSD-2-Clause */
/* nat6.bpf.c - translates IPv6 prefixes: sources going out, destinations coming in; bpf_csum_diff
 * gives what bpf_l4_csum_replace adds. */
#include "tc.h"

#define PREFIX_BYTES 6

struct prefix {
	__u8 bytes[PREFIX_BYTES];
	__u16 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct prefix);
	__type(value, struct prefix);
} inside SEC(".maps"); /* prefix in here -> prefix out there */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct prefix);
	__type(value, struct prefix);
} outside SEC(".maps");

/* Where layer 4 has its checksum, from its header on; -1: there is none that covers addresses. */
static __always_inline int
check_off(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return offset_of(struct tcphdr, check);
	case IPPROTO_UDP:
		return offset_of(struct udphdr, check);
	case IPPROTO_ICMPV6:
		return offset_of(struct icmphdr, checksum);
	default:
		return -1;
	}
}

static __always_inline int
store(struct __sk_buff *skb, __u32 off, const struct prefix *to, __u64 flags)
{
	return bpf_skb_store_bytes(skb, off, to->bytes, PREFIX_BYTES, flags | BPF_F_INVALIDATE_HASH)
	               ? TC_ACT_SHOT
	               : TC_ACT_OK;
}

static __always_inline int
translate(struct __sk_buff *skb, void *map, __u32 addr_off)
{
	__u32 old[2] = {}, new[2] = {}, ip_off = sizeof(struct ethhdr);
	struct prefix key = {}, *to;
	__u8 next;
	int check;

	if (skb->protocol != bpf_htons(ETH_P_IPV6))
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, ip_off + addr_off, key.bytes, PREFIX_BYTES) ||
	    bpf_skb_load_bytes(skb, ip_off + offset_of(struct ipv6hdr, nexthdr), &next, 1))
		return TC_ACT_SHOT;
	to = bpf_map_lookup_elem(map, &key);
	if (!to)
		return TC_ACT_OK;
	__builtin_memcpy(old, key.bytes, PREFIX_BYTES);
	__builtin_memcpy(new, to->bytes, PREFIX_BYTES);
	check = check_off(next);
	if (check < 0 && next != IPPROTO_SCTP) /* behind other headers there may be a sum */
		return TC_ACT_PIPE;
	if (check < 0)
		return store(skb, ip_off + addr_off, to, BPF_F_RECOMPUTE_CSUM);
	if (bpf_l4_csum_replace(skb, ip_off + sizeof(struct ipv6hdr) + check, 0,
	                        bpf_csum_diff(old, sizeof(old), new, sizeof(new), 0),
	                        BPF_F_PSEUDO_HDR | BPF_F_IPV6))
		return TC_ACT_SHOT;
	return store(skb, ip_off + addr_off, to, 0);
}

SEC("tc")
int
tc_nat6_out(struct __sk_buff *skb)
{
	return translate(skb, &inside, offset_of(struct ipv6hdr, saddr));
}

SEC("tc")
int
tc_nat6_in(struct __sk_buff *skb)
{
	return translate(skb, &outside, offset_of(struct ipv6hdr, daddr));
}
