/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel function that need not be there. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern long lib_twice(__u64 number) __weak __ksym;

SEC("xdp")
int
twice(struct xdp_md *ctx)
{
	return lib_twice ? lib_twice(21) : 7;
}

char _license[] SEC("license") = "GPL";
