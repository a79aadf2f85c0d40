/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel functions that no kernel has: whoever loads it brings them. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern long lib_sum(const void *bytes, __u32 bytes__sz, __u64 more) __ksym;

SEC("xdp")
int
sums(struct xdp_md *ctx)
{
	__u8 bytes[4] = { 1, 2, 3, 4 };

	return lib_sum(bytes, sizeof(bytes), 30);
}

char _license[] SEC("license") = "GPL";
