/* SPDX-License-Identifier: BSD-2-Clause */
/* vlan_tag.bpf.c - tags frames by layer 3 protocol, and some of them twice: bpf_skb_vlan_push. */
#include "tc.h"

const volatile __u16 vlan_ip4 = 10;
const volatile __u16 vlan_ip6 = 20;

/* What the kernel shows of the tag, one cell of cb each. */
static __always_inline void
show(struct __sk_buff *skb)
{
	skb->cb[0] = skb->vlan_present;
	skb->cb[1] = skb->vlan_tci;
	skb->cb[2] = skb->vlan_proto;
	skb->cb[3] = skb->protocol;
	skb->cb[4] = skb->len;
}

/* The priority goes into the tag's upper three bits. */
static __always_inline __u16
tci(struct __sk_buff *skb, __u16 vlan)
{
	return (skb->priority & 7) << 13 | vlan;
}

SEC("tc")
int
tc_vlan_tag(struct __sk_buff *skb)
{
	int err = 0;

	if (skb->protocol == bpf_htons(ETH_P_IP))
		err = bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), tci(skb, vlan_ip4));
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		err = bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), tci(skb, vlan_ip6));
	show(skb);
	return err ? TC_ACT_SHOT : TC_ACT_OK;
}

/* The first tag goes into the frame when the second one comes. A type that is no tag's becomes
 * 802.1Q. */
SEC("tc")
int
tc_vlan_tag_twice(struct __sk_buff *skb)
{
	int err = bpf_skb_vlan_push(skb, bpf_htons(ETH_P_IP), tci(skb, 5));

	err |= bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), 100);
	show(skb);
	return err ? TC_ACT_SHOT : TC_ACT_OK;
}
