/* SPDX-License-Identifier: BSD-2-Clause */
/* ext6.bpf.c - walks IPv6 extension headers with bpf_skb_load_bytes: counts them by type, drops
 * source routes and chains that are too long. */
#include "tc.h"

#define MAX_HEADERS 6

struct ext_header {
	__u8 next;
	__u8 units;
	__u8 type; /* of a routing header */
	__u8 left;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} headers SEC(".maps");

static __always_inline void
count(__u32 type)
{
	__u64 *n = bpf_map_lookup_elem(&headers, &type);

	if (n)
		++*n;
}

/* How long the header is, 0 where it is none that others follow. */
static __always_inline __u32
bytes_of(__u8 type, const struct ext_header *ext)
{
	switch (type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return (ext->units + 1) * 8;
	case IPPROTO_FRAGMENT:
		return 8;
	case IPPROTO_AH:
		return (ext->units + 2) * 4;
	default:
		return 0;
	}
}

SEC("tc")
int
tc_ext6(struct __sk_buff *skb)
{
	__u32 off = sizeof(struct ethhdr);
	struct ext_header ext;
	struct ipv6hdr ip6;
	__u8 type;

	if (skb->protocol != bpf_htons(ETH_P_IPV6))
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, off, &ip6, sizeof(ip6)))
		return TC_ACT_SHOT;
	type = ip6.nexthdr;
	off += sizeof(ip6);
	for (int i = 0; i < MAX_HEADERS; i++) {
		__u32 bytes;

		count(type);
		skb->cb[0] = type;
		skb->cb[1] = off;
		if (bpf_skb_load_bytes(skb, off, &ext, sizeof(ext)))
			return TC_ACT_SHOT;
		if (type == IPPROTO_ROUTING && ext.type == 0 && ext.left)
			return TC_ACT_SHOT;
		bytes = bytes_of(type, &ext);
		if (!bytes)
			return TC_ACT_OK;
		type = ext.next;
		off += bytes;
	}
	return TC_ACT_SHOT;
}
