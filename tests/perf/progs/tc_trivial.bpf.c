/* SPDX-License-Identifier: BSD-2-Clause */
/* tc_trivial.bpf.c - two instructions: what remains is the price of the sk_buff around a program.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

SEC("tc")
int
tc_trivial(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
