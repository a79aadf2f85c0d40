/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CO-RE: types as a program built against vmlinux.h has them. Where the kernel has BTF they are
 * found in it; where it has none, the program's own serve, and the flavour of a type that is there
 * in plain form must not stand in its way.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct xdp_rxq_info {
	int queue_index;
} __attribute__((preserve_access_index));

struct xdp_rxq_info___old {
	long before;
	int queue_index;
	int gone;
} __attribute__((preserve_access_index));

enum xdp_mem_type {
	MEM_TYPE_PAGE_SHARED = 0,
};

SEC("xdp")
int
relocated(struct xdp_md *ctx)
{
	int result = 0;

	if (bpf_core_type_exists(struct xdp_rxq_info))
		result += 1;
	if (bpf_core_field_exists(((struct xdp_rxq_info *)0)->queue_index))
		result += 2;
	if (bpf_core_field_exists(((struct xdp_rxq_info___old *)0)->gone))
		result += 4;
	if (bpf_core_enum_value_exists(enum xdp_mem_type, MEM_TYPE_PAGE_SHARED))
		result += 8;
	if (bpf_core_field_size(((struct xdp_rxq_info *)0)->queue_index) == 4)
		result += 16;
	return result; /* 1 + 2 + 8 + 16 */
}

char _license[] SEC("license") = "GPL";
