/* SPDX-License-Identifier: BSD-2-Clause */
/* snprintf.bpf.c - formats addresses and numbers into a map (bpf_snprintf). */
#include "packet.h"

struct line {
	char text[96];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct line);
} lines SEC(".maps");

__s64 lengths[4];

SEC("xdp")
int
xdp_snprintf(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	__be16 proto = take_l2(&c);
	__u32 slot = proto == bpf_htons(ETH_P_IP) ? 0 : proto == bpf_htons(ETH_P_IPV6) ? 1 : 2;
	struct line *line = bpf_map_lookup_elem(&lines, &slot);
	struct iphdr *ip;
	struct ipv6hdr *ip6;

	if (!line)
		return XDP_ABORTED;
	if (slot == 0 && (ip = take_ip4(&c))) {
		__be32 saddr = ip->saddr, daddr = ip->daddr;

		lengths[0] =
		        BPF_SNPRINTF(line->text, sizeof(line->text), "%pI4 > %pi4 proto %u ttl %d",
		                     &saddr, &daddr, ip->protocol, ip->ttl);
	} else if (slot == 1 && (ip6 = take_ip6(&c))) {
		__u8 addr[16];

		__builtin_memcpy(addr, &ip6->saddr, 16);
		lengths[1] = BPF_SNPRINTF(line->text, sizeof(line->text), "%pI6 %s %x", addr,
		                          "ipv6", ip6->nexthdr);
	} else {
		lengths[2] =
		        BPF_SNPRINTF(line->text, 16, "%04x|%-8llu|%5d|%%|%lld", bpf_ntohs(proto),
		                     (__u64)(ctx->data_end - ctx->data), -5, -1ll);
	}
	return XDP_PASS;
}
