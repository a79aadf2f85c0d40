/* SPDX-License-Identifier: BSD-2-Clause */
/* wrong.bpf.c - leaves something wrong in Ethernet and IPv4 without options: a length or a
 * checksum. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

enum what { NOTHING, IP_LEN, UDP_LEN, IP_CSUM, PORT, ICMP_ID, ADDRESS, RIGHT };

const volatile __u32 what;

#define ID_OFF      18
#define IP_CSUM_OFF 24
#define SADDR_OFF   26
#define L4_OFF      34

/* Alters two bytes, with nothing put right for it. */
static void
alter(struct __sk_buff *skb, __u32 off)
{
	__u16 v;

	if (!bpf_skb_load_bytes(skb, off, &v, sizeof(v))) {
		v ^= 0x0101;
		bpf_skb_store_bytes(skb, off, &v, sizeof(v), 0);
	}
}

SEC("tc")
int
tc_wrong(struct __sk_buff *skb)
{
	__u16 from, to;

	switch (what) {
	case IP_LEN:
		bpf_skb_change_tail(skb, skb->len - 1, 0);
		break;
	case UDP_LEN:
		alter(skb, L4_OFF + 4);
		break;
	case IP_CSUM:
		alter(skb, ID_OFF);
		break;
	case PORT:
		alter(skb, L4_OFF);
		break;
	case ICMP_ID:
		alter(skb, L4_OFF + 4);
		break;
	case ADDRESS: /* the header's checksum follows, TCP's does not */
	case RIGHT:
		if (bpf_skb_load_bytes(skb, SADDR_OFF, &from, sizeof(from)))
			break;
		to = from ^ 0x0101;
		bpf_l3_csum_replace(skb, IP_CSUM_OFF, from, to, sizeof(to));
		if (what == RIGHT)
			bpf_l4_csum_replace(skb, L4_OFF + 16, from, to,
			                    BPF_F_PSEUDO_HDR | sizeof(to));
		bpf_skb_store_bytes(skb, SADDR_OFF, &to, sizeof(to), 0);
	}
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
