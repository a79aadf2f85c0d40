/* SPDX-License-Identifier: BSD-2-Clause */
/* digest.bpf.c - 500 instructions over a packet's bytes: what several CPUs are worth. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define WORDS  14 /* of the shortest frame */
#define ROUNDS 3

SEC("xdp")
int
digest(struct xdp_md *ctx)
{
	const __u32 *word = (const void *)(long)ctx->data, *end = (const void *)(long)ctx->data_end;
	__u32 hash = 0x9e3779b9;

	if (word + WORDS > end)
		return XDP_PASS;
	for (int i = 0; i < WORDS; i++) {
		hash ^= word[i];
#pragma clang loop unroll(full)
		for (int k = 0; k < ROUNDS; k++) {
			hash ^= hash << 13;
			hash ^= hash >> 17;
			hash ^= hash << 5;
		}
	}
	return hash % 8 ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "GPL";
