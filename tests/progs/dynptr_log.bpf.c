/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dynptr_log.bpf.c - records as long as what they hold, written and read piece by piece through
 * dynamic pointers: a header, and up to 64 bytes of the packet. ARP's are thrown away again.
 */
#include "packet.h"

#define SNAP 64

struct header {
	__u32 bytes; /* of the packet */
	__u16 proto, snapped;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[32]);
} last SEC(".maps");

__u64 lost, first_bytes, past_end, local;

/* The latest packets' lengths move through a value: the newest is first. */
static __always_inline void
remember(__u32 bytes)
{
	__u32 zero = 0, moved[7] = {};
	char *value = bpf_map_lookup_elem(&last, &zero);
	struct bpf_dynptr ptr;

	if (!value || bpf_dynptr_from_mem(value, 32, 0, &ptr))
		return;
	bpf_dynptr_read(moved, sizeof(moved), &ptr, 0, 0);
	bpf_dynptr_write(&ptr, 4, moved, sizeof(moved), 0);
	bpf_dynptr_write(&ptr, 0, &bytes, sizeof(bytes), 0);
	if (bpf_dynptr_write(&ptr, 30, &bytes, sizeof(bytes), 0))
		local++;
}

SEC("xdp")
int
xdp_dynptr_log(struct xdp_md *ctx)
{
	__u32 bytes = ctx->data_end - ctx->data, snapped = bytes < SNAP ? bytes : SNAP;
	struct header *header, check = {};
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);
	__u8 snap[SNAP] = {};
	struct bpf_dynptr ptr;

	if (!eth)
		return XDP_DROP;
	remember(bytes);
	if (bpf_ringbuf_reserve_dynptr(&records, sizeof(*header) + snapped, 0, &ptr)) {
		lost++;
		goto discard;
	}
	header = bpf_dynptr_data(&ptr, 0, sizeof(*header));
	if (!header)
		goto discard;
	header->bytes = bytes;
	header->proto = bpf_ntohs(eth->h_proto);
	header->snapped = snapped;
	asm volatile("" : "+r"(snapped)); /* the verifier wants to see its range here */
	if (snapped < 1 || snapped > SNAP || bpf_xdp_load_bytes(ctx, 0, snap, snapped))
		goto discard;
	if (bpf_dynptr_write(&ptr, sizeof(*header), snap, snapped, 0))
		goto discard;
	if (bpf_dynptr_write(&ptr, sizeof(*header) + 1, snap, snapped, 0))
		past_end++;
	bpf_dynptr_read(&check, sizeof(check), &ptr, 0, 0);
	first_bytes += check.bytes;
	if (check.proto == ETH_P_ARP)
		goto discard;
	bpf_ringbuf_submit_dynptr(&ptr, 0);
	return XDP_PASS;

discard:
	bpf_ringbuf_discard_dynptr(&ptr, 0);
	return XDP_PASS;
}
