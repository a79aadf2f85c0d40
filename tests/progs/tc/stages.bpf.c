/* SPDX-License-Identifier: BSD-2-Clause */
/* stages.bpf.c - functions that are given the context: static ones that read and write the packet,
 * a global one that the verifier checks on its own, and a tail call from within one. */
#include "tc.h"

#define IP_OFF sizeof(struct ethhdr)

int tc_stages_last(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} last SEC(".maps") = {
	.values = { [1] = (void *)&tc_stages_last },
};

struct stats {
	__u64 packets;
	__u64 payload_bytes;
};

struct stats stats[2]; /* IPv4, others */

static __noinline int
header_bytes(struct __sk_buff *skb)
{
	__u8 version_len;

	if (bpf_skb_load_bytes(skb, IP_OFF, &version_len, 1))
		return -1;
	return (version_len & 15) * 4;
}

static __noinline int
add(struct stats *s, __u32 bytes)
{
	s->packets++;
	s->payload_bytes += bytes;
	return s->packets & 0xff;
}

/* Looks anew at a packet that somebody else may have moved. */
static __noinline int
set_macs(struct __sk_buff *skb, __u32 last)
{
	struct cursor c = cursor_of(skb);
	struct ethhdr *eth = take_eth(&c);

	if (!eth)
		return -1;
	eth->h_source[5] = (__u8)last;
	swap_macs(eth);
	return 0;
}

__noinline int
grow(struct __sk_buff *skb, __u32 bytes)
{
	if (bytes > 64)
		return -1;
	return bpf_skb_change_tail(skb, skb->len + bytes, 0);
}

/* The other program returns from here in its place, which the compiler must not know better. */
static __noinline int
leave(struct __sk_buff *skb, __u32 slot)
{
	int verdict = TC_ACT_SHOT;

	asm volatile("" : "+r"(verdict));
	bpf_tail_call(skb, &last, slot);
	return verdict;
}

SEC("tc")
int
tc_stages_last(struct __sk_buff *skb)
{
	skb->mark++;
	return TC_ACT_OK;
}

SEC("tc")
int
tc_stages(struct __sk_buff *skb)
{
	bool is_ip4 = skb->protocol == bpf_htons(ETH_P_IP);
	int header = is_ip4 ? header_bytes(skb) : 0, n;

	if (header < 0)
		return TC_ACT_SHOT;
	n = add(&stats[is_ip4 ? 0 : 1], skb->len - IP_OFF - header);
	if (grow(skb, n & 7) || set_macs(skb, n))
		return TC_ACT_SHOT;
	if (is_ip4)
		return leave(skb, n & 1);
	return TC_ACT_PIPE;
}
