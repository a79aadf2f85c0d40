/* SPDX-License-Identifier: BSD-2-Clause */
/* relative.bpf.c - reads from the network header on, wherever the frame has it:
 * bpf_skb_load_bytes_relative; what lies before or behind is refused. */
#include "tc.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32); /* version << 8 | protocol */
	__type(value, __u64);
} protocols SEC(".maps");

SEC("tc")
int
tc_relative(struct __sk_buff *skb)
{
	__u64 *n, one = 1;
	__u8 head[20];
	__u32 key;

	if (bpf_skb_load_bytes_relative(skb, 0, head, sizeof(head), BPF_HDR_START_NET))
		return TC_ACT_SHOT;
	key = head[0] >> 4 << 8;
	key |= key == 0x400 ? head[9] : key == 0x600 ? head[6] : 0;
	n = bpf_map_lookup_elem(&protocols, &key);
	if (n)
		++*n;
	else
		bpf_map_update_elem(&protocols, &key, &one, BPF_NOEXIST);
	return TC_ACT_OK;
}

/* The results of reads at the edges. */
SEC("tc")
int
tc_relative_edges(struct __sk_buff *skb)
{
	__u8 mac[ETH_ALEN], word[4];

	skb->cb[0] = bpf_skb_load_bytes_relative(skb, 6, mac, sizeof(mac), BPF_HDR_START_MAC);
	skb->cb[1] = mac[5];
	skb->cb[2] = bpf_skb_load_bytes_relative(skb, skb->len - 14, word, 1, BPF_HDR_START_NET);
	skb->cb[3] = bpf_skb_load_bytes_relative(skb, skb->len - 4, word, 4, BPF_HDR_START_MAC);
	skb->cb[4] = word[0] | word[1] << 8 | word[2] << 16 | word[3] << 24;
	if (bpf_skb_load_bytes_relative(skb, 0x10000, word, 4, BPF_HDR_START_NET) == 0 ||
	    bpf_skb_load_bytes_relative(skb, 0, word, 4, 2) == 0 || word[0])
		return TC_ACT_OK;
	return TC_ACT_SHOT;
}
