/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions that tail-call their program anew from so many calls deep as its name says, until no
 * more tail calls are done. Every frame adds one to what it gets back; map runs counts programs.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} progs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} runs SEC(".maps");

/* A function of its own, whose caller's frame stays. */
#define LEVEL(n, deeper)                                                                           \
	static __attribute__((noinline)) int level##n(struct xdp_md *ctx, __u32 depth)             \
	{                                                                                          \
		int ret = 1;                                                                       \
		if (depth == n)                                                                    \
			bpf_tail_call(ctx, &progs, depth);                                         \
		else                                                                               \
			ret = deeper(ctx, depth) + 1;                                              \
		asm volatile("" : "+r"(ret));                                                      \
		return ret;                                                                        \
	}

static __always_inline int
no_deeper(struct xdp_md *ctx, __u32 depth)
{
	(void)ctx;
	return (int)depth;
}

LEVEL(7, no_deeper)
LEVEL(6, level7)
LEVEL(5, level6)
LEVEL(4, level5)
LEVEL(3, level4)
LEVEL(2, level3)
LEVEL(1, level2)

#define PROG(n)                                                                                    \
	SEC("xdp") int depth##n(struct xdp_md *ctx)                                                \
	{                                                                                          \
		__u32 key = 0, *cnt = bpf_map_lookup_elem(&runs, &key);                            \
		if (!cnt)                                                                          \
			return 0;                                                                  \
		++*cnt;                                                                            \
		return level1(ctx, n) + 1;                                                         \
	}

PROG(1)
PROG(2)
PROG(3)
PROG(7)

char _license[] SEC("license") = "GPL";
