/* SPDX-License-Identifier: BSD-2-Clause */
/* Global variables in every section that holds them; each result is a sum that only they give. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile int limit = 1000;
const char text[] = "globals";
int initialised = 20;
static volatile int zero;
int counts[4] = { 1, 2, 3, 4 };
__attribute__((section(".rodata.more"))) const volatile int more = 7;
__attribute__((section(".data.own"))) int own = 300;
__attribute__((section(".bss.own"))) int own_zero;

SEC("xdp")
int
sum(struct xdp_md *ctx)
{
	int total = limit + initialised + zero + more + own + own_zero + text[0];

	for (int i = 0; i < 4; i++)
		total += counts[i];
	initialised++;
	zero += 2;
	own_zero = 5;
	return total; /* 1000 + 20 + 7 + 300 + 'g' + 10 */
}

char _license[] SEC("license") = "Dual BSD/GPL";
