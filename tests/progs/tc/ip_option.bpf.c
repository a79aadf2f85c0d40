/* SPDX-License-Identifier: BSD-2-Clause */
/* ip_option.bpf.c - an option of 8 bytes with the packet's mark, put into IPv4 headers and taken
 * out again: BPF_ADJ_ROOM_NET. */
#include "tc.h"

#define OPTION_TYPE  0x5e /* an experiment's: RFC 4727 */
#define OPTION_BYTES 8

struct option {
	__u8 type, bytes;
	__u16 pad;
	__be32 mark;
};

#define IP_OFF     sizeof(struct ethhdr)
#define OPTION_OFF (IP_OFF + sizeof(struct iphdr))

/* A header whose length is changed by some words of 4 bytes; the rest of it stays. */
static __always_inline int
resize(struct __sk_buff *skb, int words)
{
	__u32 check_off = IP_OFF + offset_of(struct iphdr, check);
	__be16 old[2], new[2];

	if (bpf_skb_load_bytes(skb, IP_OFF, old, sizeof(old)))
		return -1;
	new[0] = bpf_htons(bpf_ntohs(old[0]) + words * 0x100); /* the length's half byte */
	new[1] = bpf_htons(bpf_ntohs(old[1]) + words * 4);
	if (bpf_skb_store_bytes(skb, IP_OFF, new, sizeof(new), 0))
		return -1;
	return bpf_l3_csum_replace(skb, check_off, old[0], new[0], 2) ||
	       bpf_l3_csum_replace(skb, check_off, old[1], new[1], 2);
}

SEC("tc")
int
tc_ip_option_add(struct __sk_buff *skb)
{
	struct option option = { OPTION_TYPE, OPTION_BYTES, 0, bpf_htonl(skb->mark) };
	__u32 check_off = IP_OFF + offset_of(struct iphdr, check);
	__u8 version_len;

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, IP_OFF, &version_len, 1) || version_len != 0x45)
		return TC_ACT_OK;
	if (bpf_skb_adjust_room(skb, OPTION_BYTES, BPF_ADJ_ROOM_NET, 0))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, OPTION_OFF, &option, sizeof(option), 0) ||
	    resize(skb, OPTION_BYTES / 4))
		return TC_ACT_SHOT;
	bpf_l3_csum_replace(skb, check_off, 0,
	                    bpf_csum_diff(NULL, 0, (void *)&option, sizeof(option), 0), 0);
	return TC_ACT_OK;
}

SEC("tc")
int
tc_ip_option_remove(struct __sk_buff *skb)
{
	__u32 check_off = IP_OFF + offset_of(struct iphdr, check);
	struct option option;
	__u8 version_len;

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, IP_OFF, &version_len, 1) || version_len < 0x47)
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, OPTION_OFF, &option, sizeof(option)) ||
	    option.type != OPTION_TYPE || option.bytes != OPTION_BYTES)
		return TC_ACT_OK;
	bpf_l3_csum_replace(skb, check_off, 0,
	                    bpf_csum_diff((void *)&option, sizeof(option), NULL, 0, 0), 0);
	if (bpf_skb_adjust_room(skb, -OPTION_BYTES, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO) ||
	    resize(skb, -OPTION_BYTES / 4))
		return TC_ACT_SHOT;
	skb->mark = bpf_ntohl(option.mark);
	return TC_ACT_OK;
}
