/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mtu_police.bpf.c - drops what will not fit through its way out once a tunnel's headers are in
 * front, and tells how much too long the longest was.
 */
#include "tc.h"

#define WAY_OUT      20 /* an interface */
#define TUNNEL_BYTES 50

struct tally {
	__u64 packets, bytes;
	__u32 mtu, longest;
};

/* By what bpf_check_mtu returns; the last one: errors. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct tally);
} tallies SEC(".maps");

static __always_inline void
count(long ret, __u32 bytes, __u32 mtu)
{
	__u32 key = ret < 0 ? 3 : ret & 3;
	struct tally *t = bpf_map_lookup_elem(&tallies, &key);

	if (!t)
		return;
	t->packets++;
	t->bytes += bytes;
	t->mtu = mtu;
	if (t->longest < bytes)
		t->longest = bytes;
}

/* The length that the IP header tells, or 0: then the packet's own is taken. */
static __always_inline __u32
ip_bytes(struct __sk_buff *skb)
{
	struct cursor c = pull(skb, 64);
	struct iphdr *ip;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return 0;
	ip = take_ip4(&c);
	return ip ? bpf_ntohs(ip->tot_len) : 0;
}

SEC("tc")
int
tc_mtu_police(struct __sk_buff *skb)
{
	__u32 mtu = ip_bytes(skb), out = skb->mark & 1 ? WAY_OUT : 0;
	long ret = bpf_check_mtu(skb, out, &mtu, TUNNEL_BYTES, 0);

	count(ret, skb->len, mtu);
	if (ret)
		return TC_ACT_SHOT;
	/* Of what will be cut, the pieces. */
	mtu = 0;
	ret = bpf_check_mtu(skb, WAY_OUT, &mtu, 0, BPF_MTU_CHK_SEGS);
	count(ret, skb->len, mtu);
	return ret > 0 ? TC_ACT_SHOT : TC_ACT_OK;
}
