/* SPDX-License-Identifier: BSD-2-Clause */
/* ld_abs.bpf.c - a filter by the packet loads of classic BPF: at fixed and at computed offsets,
 * from the frame, from its network header; where the packet ends before, the program ends with 0.
 */
#include "tc.h"

#define FROM_NET   (-0x100000) /* SKF_NET_OFF */
#define FROM_FRAME (-0x200000) /* SKF_LL_OFF */

/* These take the context from R6 and give host order. */
__u64 load_byte(void *skb, __u64 off) asm("llvm.bpf.load.byte");
__u64 load_half(void *skb, __u64 off) asm("llvm.bpf.load.half");
__u64 load_word(void *skb, __u64 off) asm("llvm.bpf.load.word");

__u64 begun, ended;

/* The sum of the destination port, the last byte of the address, and flags: all of a flow the same.
 */
static __always_inline __u32
filter4(struct __sk_buff *skb)
{
	__u32 ip_off = sizeof(struct ethhdr), l4_off;
	__u32 proto = load_byte(skb, sizeof(struct ethhdr) + offset_of(struct iphdr, protocol));

	if (load_half(skb, sizeof(struct ethhdr) + offset_of(struct iphdr, frag_off)) & 0x1fff)
		return TC_ACT_SHOT;
	l4_off = ip_off + (load_byte(skb, ip_off) & 15) * 4;
	if (proto == IPPROTO_TCP && load_byte(skb, l4_off + 13) & 0x04)
		return TC_ACT_SHOT;
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return TC_ACT_OK;
	return load_half(skb, l4_off + 2) << 8 | (load_word(skb, ip_off + 16) & 0xff);
}

SEC("tc")
int
tc_ld_abs(struct __sk_buff *skb)
{
	__u32 verdict;

	begun++;
	if (load_half(skb, offset_of(struct ethhdr, h_proto)) != ETH_P_IP)
		return TC_ACT_UNSPEC;
	verdict = filter4(skb);
	ended++;
	return verdict;
}

/* As filters for packet sockets read, which know nothing of the frame. */
SEC("tc")
int
tc_ld_abs_net(struct __sk_buff *skb)
{
	__u32 version, sum;

	begun++;
	version = load_byte(skb, FROM_NET) >> 4;
	sum = load_byte(skb, FROM_FRAME + 5) + load_word(skb, FROM_FRAME + 6);
	if (version == 4)
		sum += load_word(skb, FROM_NET + 12) ^ load_word(skb, FROM_NET + 16);
	else if (version == 6)
		sum += load_word(skb, FROM_NET + 20) ^ load_word(skb, FROM_NET + 36);
	ended++;
	return sum;
}

/* The packet's last byte, and the one behind it. */
SEC("tc")
int
tc_ld_abs_last(struct __sk_buff *skb)
{
	__u64 len = skb->len;

	begun++;
	skb->cb[0] = load_byte(skb, len - 1);
	ended++;
	skb->cb[1] = load_byte(skb, len);
	return 1;
}
