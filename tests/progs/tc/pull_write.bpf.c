/* SPDX-License-Identifier: BSD-2-Clause */
/* pull_write.bpf.c - makes the packet linear as far as it wants to read, then writes it directly:
 * anonymises addresses, sums included. */
#include "tc.h"

const volatile __be32 keep_mask = bpf_htonl(0xffffff00);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, int);
	__type(value, __u64);
} results SEC(".maps"); /* of bpf_skb_pull_data */

static __always_inline void
count(int result)
{
	__u64 *n = bpf_map_lookup_elem(&results, &result), one = 1;

	if (n)
		++*n;
	else
		bpf_map_update_elem(&results, &result, &one, BPF_NOEXIST);
}

static __always_inline void
patch(__sum16 *check, __be32 from, __be32 to)
{
	*check = csum_fold((__u64)(__u16) ~*check + (__u32)bpf_csum_diff(&from, 4, &to, 4, 0));
}

static __always_inline void
anonymise(__be32 *addr, struct iphdr *ip, __sum16 *l4_check)
{
	__be32 to = *addr & keep_mask;

	patch(&ip->check, *addr, to);
	if (l4_check && *l4_check)
		patch(l4_check, *addr, to);
	*addr = to;
}

SEC("tc")
int
tc_pull_write(struct __sk_buff *skb)
{
	__sum16 *l4_check = NULL;
	struct tcphdr *tcp;
	struct udphdr *udp;
	struct cursor c;
	struct iphdr *ip;

	count(bpf_skb_pull_data(skb, sizeof(struct ethhdr) + sizeof(*ip) + sizeof(*tcp)));
	count(bpf_skb_pull_data(skb, 0));
	c = cursor_of(skb);
	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	ip = take_ip4(&c);
	if (!ip)
		return TC_ACT_SHOT;
	tcp = c.pos;
	udp = c.pos;
	if (ip->frag_off & bpf_htons(IP_FRAGMENT))
		l4_check = NULL;
	else if (ip->protocol == IPPROTO_TCP && (void *)(tcp + 1) <= c.end)
		l4_check = &tcp->check;
	else if (ip->protocol == IPPROTO_UDP && (void *)(udp + 1) <= c.end)
		l4_check = &udp->check;
	anonymise(&ip->saddr, ip, l4_check);
	anonymise(&ip->daddr, ip, l4_check);
	return TC_ACT_OK;
}
