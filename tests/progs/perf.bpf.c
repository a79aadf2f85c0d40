/* SPDX-License-Identifier: BSD-2-Clause */
/* perf.bpf.c - perf samples with the packet's first bytes behind them, as capture tools send them.
 */
#include "packet.h"

#define SNAP_BYTES 96

struct sample {
	__u32 packet_bytes;
	__u32 snap_bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} samples SEC(".maps");

long last_error;

SEC("xdp")
int
xdp_perf(struct xdp_md *ctx)
{
	struct sample sample;
	long err;

	sample.packet_bytes = ctx->data_end - ctx->data;
	sample.snap_bytes = sample.packet_bytes < SNAP_BYTES ? sample.packet_bytes : SNAP_BYTES;
	err = bpf_perf_event_output(ctx, &samples,
	                            (__u64)sample.snap_bytes << 32 | BPF_F_CURRENT_CPU, &sample,
	                            sizeof(sample));
	if (err)
		last_error = err;
	return err ? XDP_ABORTED : XDP_PASS;
}
