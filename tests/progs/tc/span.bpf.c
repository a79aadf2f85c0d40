/* SPDX-License-Identifier: BSD-2-Clause */
/* span.bpf.c - copies of packets to a port of the monitor: bpf_clone_redirect, with a tag on the
 * copy that the packet itself loses again. */
#include "tc.h"

#define MONITOR_VLAN 99
#define NO_SUCH_DEV  4242

__u64 copies, copied_bytes;

SEC("tc")
int
tc_span(struct __sk_buff *skb)
{
	__u32 bytes = skb->len;

	if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), MONITOR_VLAN))
		return TC_ACT_SHOT;
	skb->cb[0] = bpf_clone_redirect(skb, LOOPBACK, 0);
	if (bpf_skb_vlan_pop(skb))
		return TC_ACT_SHOT;
	copies++;
	copied_bytes += bytes;
	return TC_ACT_OK;
}

/* The copy comes in, the packet itself is changed after that. */
SEC("tc")
int
tc_span_ingress(struct __sk_buff *skb)
{
	static const __u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 0x77 };

	skb->cb[0] = bpf_clone_redirect(skb, LOOPBACK, BPF_F_INGRESS);
	skb->cb[1] = bpf_clone_redirect(skb, NO_SUCH_DEV, 0);
	skb->cb[2] = bpf_clone_redirect(skb, LOOPBACK, 2);
	return bpf_skb_store_bytes(skb, 0, mac, sizeof(mac), 0) ? TC_ACT_SHOT : TC_ACT_OK;
}
