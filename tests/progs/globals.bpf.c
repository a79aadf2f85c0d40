/* SPDX-License-Identifier: BSD-2-Clause */
/* globals.bpf.c - .rodata, .data and .bss, named sections among them, shared by two functions. */
#include "packet.h"

const volatile __u32 limit_bytes = 1000;
const char banner[16] = "xdpbench";
__u32 sequence = 100;
__u64 total_bytes;
__u8 seen[256];
__u32 odd SEC(".data.odd") = 1;
const __u32 weights[4] SEC(".rodata.weights") = { 1, 3, 5, 7 };

static __noinline void
note(__u32 bytes)
{
	sequence += weights[bytes & 3];
	total_bytes += bytes;
	seen[bytes & 0xff]++;
	if (bytes & 1)
		odd += 2;
}

SEC("xdp")
int
xdp_globals(struct xdp_md *ctx)
{
	__u32 bytes = ctx->data_end - ctx->data;

	note(bytes);
	if (banner[bytes & 7] != "xdpbench"[bytes & 7])
		return XDP_ABORTED;
	return bytes > limit_bytes ? XDP_DROP : XDP_PASS;
}
