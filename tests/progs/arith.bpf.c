/* SPDX-License-Identifier: BSD-2-Clause */
/* arith.bpf.c - division, modulo, shifts, sign extension and byte swaps on numbers from the packet.
 */
#include "packet.h"

__u64 q64, r64;
__u32 q32, r32;
__s64 wide, shifted, quotient;
__s32 narrow;
__u16 swapped16;
__u32 swapped32;
__u64 swapped64;

volatile __u64 divisor64 = 7;
volatile __u32 divisor32 = 13;
volatile __u32 shift = 37;

/* Signed division, which the instruction set got late. */
static __always_inline __s64
divide(__s64 a, __s64 b)
{
	__u64 q = (__u64)(a < 0 ? -a : a) / (__u64)(b < 0 ? -b : b);

	return (a < 0) != (b < 0) ? -(__s64)q : (__s64)q;
}

SEC("xdp")
int
xdp_arith(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);
	__u64 n, *first = (void *)eth;

	if (!eth)
		return XDP_DROP;
	n = *first;
	q64 = n / divisor64;
	r64 = n % (divisor64 - 7); /* by zero: the dividend stays */
	q32 = (__u32)n / divisor32;
	r32 = (__u32)n / (divisor32 - 13); /* by zero: zero */
	wide = (__s32)n;
	narrow = (__s16)n;
	shifted = (__s64)n >> (shift & 63);
	quotient = divide((__s64)n, -(__s64)divisor32);
	swapped16 = __builtin_bswap16((__u16)n);
	swapped32 = __builtin_bswap32((__u32)n);
	swapped64 = __builtin_bswap64(n);
	return (wide < 0) + (narrow > 100) + 1;
}
