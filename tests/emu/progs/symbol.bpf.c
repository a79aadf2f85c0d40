/* SPDX-License-Identifier: BSD-2-Clause */
/* A symbol that every kernel has, and the emulator has not. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern const void schedule __ksym;

SEC("xdp")
int
points(struct xdp_md *ctx)
{
	return (unsigned long)&schedule == 1 ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
