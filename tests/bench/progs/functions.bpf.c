/* SPDX-License-Identifier: BSD-2-Clause */
/* functions.bpf.c - main between other functions in .text, with calls forward and back. */
#include <linux/types.h>

__attribute__((noinline)) __u64
number(const __u8 *bytes)
{
	return (__u64)bytes[0] << 8 | bytes[1];
}

static __attribute__((noinline)) __u64
twice(__u64 n)
{
	asm volatile("" : "+r"(n));
	return 2 * n;
}

__u64 after(__u64 n);

__u64
main(const __u8 *bytes, __u64 cnt)
{
	return bytes ? after(twice(number(bytes)) + cnt) : 9;
}

__attribute__((noinline)) __u64
after(__u64 n)
{
	return (n << 32) + number((const __u8 *)&n);
}
