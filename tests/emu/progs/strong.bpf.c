/* SPDX-License-Identifier: BSD-2-Clause */
/* A function of the kernel that must be there and is not. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern int bpf_there_is_no_such_kfunc(struct xdp_md *ctx) __ksym;

SEC("xdp")
int
needs(struct xdp_md *ctx)
{
	return bpf_there_is_no_such_kfunc(ctx);
}

char _license[] SEC("license") = "GPL";
