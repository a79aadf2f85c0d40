/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mtu_guard.bpf.c - takes away what would be too long for the interface behind, by the length that
 * its IP header tells as by its own, and keeps the largest that passed.
 */
#include "packet.h"

#define WAY_OUT 20 /* an interface */
#define TUNNEL  36 /* what will be put in front there */

struct answer {
	__u64 cnt;
	__u32 mtu, longest;
};

/* By what bpf_check_mtu answers: fits, does not, needs segments; the last one: errors. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct answer);
} answers SEC(".maps");

static __always_inline void
count(__u32 way, long ret, __u32 bytes, __u32 mtu)
{
	__u32 key = way * 4 + (ret < 0 ? 3 : ret & 3);
	struct answer *a = bpf_map_lookup_elem(&answers, &key);

	if (!a)
		return;
	a->cnt++;
	a->mtu = mtu;
	if (a->longest < bytes)
		a->longest = bytes;
}

SEC("xdp")
int
xdp_mtu_guard(struct xdp_md *ctx)
{
	__u32 bytes = ctx->data_end - ctx->data, mtu = 0, told;
	struct cursor c = cursor_of(ctx);
	__be16 proto = take_l2(&c);
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	long ret;

	ret = bpf_check_mtu(ctx, WAY_OUT, &mtu, TUNNEL, 0);
	count(0, ret, bytes, mtu);
	if (proto == bpf_htons(ETH_P_IP)) {
		ip = take_ip4(&c);
		told = ip ? bpf_ntohs(ip->tot_len) : 0;
	} else if (proto == bpf_htons(ETH_P_IPV6)) {
		ip6 = take_ip6(&c);
		told = ip6 ? bpf_ntohs(ip6->payload_len) + sizeof(*ip6) : 0;
	} else {
		return ret ? XDP_DROP : XDP_PASS;
	}
	mtu = told;
	ret = bpf_check_mtu(ctx, WAY_OUT, &mtu, -(__s32)(told & 3), 0);
	count(1, ret, told, mtu);
	return ret ? XDP_DROP : XDP_PASS;
}
