/* SPDX-License-Identifier: BSD-2-Clause */
/* tangled.bpf.c - main in .text beside another function, and a variable: nobody links that. */
#include <linux/types.h>

__u64 start = 40;

__attribute__((noinline)) __u64
add(__u64 n)
{
	return start + n;
}

__u64
main(const __u8 *bytes, __u64 cnt)
{
	return add(cnt);
}
