/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps as they were defined before BTF. DEF_BYTES says how: 20 (libbpf of old), 28 (the kernel's
 * samples) or 36 (iproute2); ANNOTATE gives `kinds` types of key and value.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#ifndef DEF_BYTES
#define DEF_BYTES 20
#endif
#ifndef LAST
#define LAST
#endif

struct bpf_map_def {
	__u32 type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u32 map_flags;
#if DEF_BYTES == 28
	__u32 inner_map_idx;
	__u32 numa_node;
#elif DEF_BYTES == 36
	__u32 id;
	__u32 pinning;
	__u32 inner_id;
	__u32 inner_idx;
#endif
};
_Static_assert(sizeof(struct bpf_map_def) == DEF_BYTES, "the definition's size");

struct bpf_map_def SEC("maps") kinds = { .type = BPF_MAP_TYPE_HASH,
	                                 .key_size = sizeof(__u16),
	                                 .value_size = sizeof(__u64),
	                                 .max_entries = 32,
	                                 .map_flags = BPF_F_NO_PREALLOC,
	                                 LAST };

struct bpf_map_def SEC("maps") total = {
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = sizeof(__u32),
	.value_size = sizeof(__u64),
	.max_entries = 2,
};

struct bpf_map_def SEC("maps") each = {
	.type = BPF_MAP_TYPE_PERCPU_ARRAY,
	.key_size = sizeof(__u32),
	.value_size = sizeof(__u64),
	.max_entries = 1,
};

#ifdef ANNOTATE
struct ____btf_map_kinds {
	__u16 key;
	__u64 value;
} ____btf_map_kinds SEC(".maps.kinds") = {};
#endif

__u64 runs; /* in .bss */

static void
count(__u16 kind)
{
	__u32 first = 0, second = 1;
	__u64 one = 1, *n;

	n = bpf_map_lookup_elem(&kinds, &kind);
	if (n)
		++*n;
	else
		bpf_map_update_elem(&kinds, &kind, &one, BPF_ANY);
	n = bpf_map_lookup_elem(&total, &first);
	if (n)
		++*n;
	n = bpf_map_lookup_elem(&total, &second);
	if (n)
		*n += 100;
	n = bpf_map_lookup_elem(&each, &first);
	if (n)
		*n += 10000;
	runs++;
}

/* kinds[7] + total[0] + total[1] + each[0] + runs: 10103 more with each run. */
SEC("xdp")
int
sum(struct xdp_md *ctx)
{
	__u32 first = 0, second = 1;
	__u16 kind = 7;
	__u64 *k, *a, *b, *c;

	(void)ctx;
	count(kind);
	k = bpf_map_lookup_elem(&kinds, &kind);
	a = bpf_map_lookup_elem(&total, &first);
	b = bpf_map_lookup_elem(&total, &second);
	c = bpf_map_lookup_elem(&each, &first);
	return k && a && b && c ? (int)(*k + *a + *b + *c + runs) : -1;
}

/* Counts packets by the last 16 bits of their Ethernet header, as they are in memory. */
SEC("xdp")
int
packets(struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;

	if (data + 14 > (const __u8 *)(long)ctx->data_end)
		return XDP_DROP;
	count(*(const __u16 *)(const void *)(data + 12));
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
