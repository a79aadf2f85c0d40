/* SPDX-License-Identifier: BSD-2-Clause */
/* tail_call.bpf.c - a pipeline of programs in a prog array with static slots; it stops at an empty
 * one. */
#include "packet.h"

enum { STAGE_L2, STAGE_IP4, STAGE_IP6, STAGE_EMPTY, STAGE_LOOP, STAGE_CNT };

int xdp_stage_ip4(struct xdp_md *ctx);
int xdp_stage_ip6(struct xdp_md *ctx);
int xdp_stage_loop(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGE_CNT);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} stages SEC(".maps") = {
	.values = {
		[STAGE_IP4] = (void *)&xdp_stage_ip4,
		[STAGE_IP6] = (void *)&xdp_stage_ip6,
		[STAGE_LOOP] = (void *)&xdp_stage_loop,
	},
};

__u64 visits[STAGE_CNT];

SEC("xdp")
int
xdp_stage_ip4(struct xdp_md *ctx)
{
	visits[STAGE_IP4]++;
	if (ctx->data_end - ctx->data > 1000)
		bpf_tail_call(ctx, &stages, STAGE_LOOP);
	return XDP_TX;
}

SEC("xdp")
int
xdp_stage_ip6(struct xdp_md *ctx)
{
	visits[STAGE_IP6]++;
	bpf_tail_call(ctx, &stages, STAGE_EMPTY);
	bpf_tail_call(ctx, &stages, STAGE_CNT + 7); /* out of range: nothing happens */
	return XDP_PASS;
}

/* Calls itself until Linux says that it was enough: 33 tail calls a run. */
SEC("xdp")
int
xdp_stage_loop(struct xdp_md *ctx)
{
	visits[STAGE_LOOP]++;
	bpf_tail_call(ctx, &stages, STAGE_LOOP);
	return XDP_DROP;
}

SEC("xdp")
int
xdp_tail_call(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	__be16 proto = take_l2(&c);

	visits[STAGE_L2]++;
	if (proto == bpf_htons(ETH_P_IP))
		bpf_tail_call(ctx, &stages, STAGE_IP4);
	if (proto == bpf_htons(ETH_P_IPV6))
		bpf_tail_call(ctx, &stages, STAGE_IP6);
	return XDP_ABORTED;
}
