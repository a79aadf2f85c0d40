/* SPDX-License-Identifier: BSD-2-Clause */
/* ways_skb.bpf.c - programs that do as `verdict` says, of the types with an sk_buff that are none
 * of TC's. */
#include <linux/bpf.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 verdict;

#define RETURNS(section, name)                                                                     \
	SEC(section)                                                                               \
	int name(struct __sk_buff *skb)                                                            \
	{                                                                                          \
		return (int)verdict;                                                               \
	}

RETURNS("socket", filter_returns)
RETURNS("cgroup_skb/ingress", cg_in_returns)
RETURNS("cgroup_skb/egress", cg_out_returns)
RETURNS("lwt_in", in_returns)
RETURNS("lwt_out", out_returns)
RETURNS("lwt_xmit", xmit_returns)
RETURNS("lwt_seg6local", seg6_returns)
RETURNS("flow_dissector", flow_returns)

/* An IPv4 header in front. */
SEC("lwt_xmit")
int
xmit_encap(struct __sk_buff *skb)
{
	struct iphdr ip = { .version = 4, .ihl = 5, .saddr = 1, .daddr = 2 };

	return bpf_lwt_push_encap(skb, BPF_LWT_ENCAP_IP, &ip, sizeof(ip)) ? BPF_DROP : BPF_OK;
}

/* No such redirect leaves a device with a link layer. */
SEC("lwt_xmit")
int
xmit_redirects(struct __sk_buff *skb)
{
	return (int)bpf_redirect(7, 0);
}

/* What the verifier does not let pass. */
SEC("lwt_in")
int
in_writes(struct __sk_buff *skb)
{
	char *data = (char *)(long)skb->data;

	if (data + 1 > (char *)(long)skb->data_end)
		return BPF_DROP;
	*data = 0;
	return BPF_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
