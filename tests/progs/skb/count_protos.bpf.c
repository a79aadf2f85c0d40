/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count_protos.bpf.c - a socket filter by the packet loads of classic BPF: packets and bytes a
 * protocol; of TCP and UDP the first bytes are kept, of ICMP all, of others nothing.
 */
#include "packet.h"

#define FROM_FRAME  (-0x200000) /* SKF_LL_OFF */
#define PROTO_OFF   9
#define NEXTHDR_OFF 6
#define SNAP        96
#define ALL         0xffffffff

/* These take the context from R6 and give host order; where the packet ends before, so does this.
 */
__u64 load_byte(void *skb, __u64 off) asm("llvm.bpf.load.byte");
__u64 load_half(void *skb, __u64 off) asm("llvm.bpf.load.half");

struct count {
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct count);
} protos SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u16);
	__type(value, __u64);
} ethertypes SEC(".maps");

static __always_inline void
count_ethertype(__u16 type)
{
	__u64 one = 1, *seen = bpf_map_lookup_elem(&ethertypes, &type);

	if (seen)
		__sync_fetch_and_add(seen, 1);
	else
		bpf_map_update_elem(&ethertypes, &type, &one, BPF_ANY);
}

SEC("socket")
int
filter_count_protos(struct __sk_buff *skb)
{
	__u16 type = load_half(skb, FROM_FRAME + 12);
	struct count *count;
	__u32 proto;

	count_ethertype(type);
	if (type == ETH_P_IP)
		proto = load_byte(skb, PROTO_OFF);
	else if (type == ETH_P_IPV6)
		proto = load_byte(skb, NEXTHDR_OFF);
	else
		return 0;
	count = bpf_map_lookup_elem(&protos, &proto);
	if (!count)
		return 0;
	count->packets++;
	count->bytes += skb->len;
	skb->cb[0] = proto;
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		return ALL;
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ? SNAP : 0;
}
