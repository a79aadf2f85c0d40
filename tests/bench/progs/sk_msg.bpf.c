/* SPDX-License-Identifier: BSD-2-Clause */
/* sk_msg.bpf.c - nothing that runs on packets. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("sk_msg")
int
at_send(struct sk_msg_md *msg)
{
	return bpf_msg_apply_bytes(msg, 1) ? SK_DROP : SK_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
