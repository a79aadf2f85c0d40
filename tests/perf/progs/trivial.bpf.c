/* SPDX-License-Identifier: BSD-2-Clause */
/* trivial.bpf.c - two instructions: what remains is the price of everything around a program. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int
trivial(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
