/* SPDX-License-Identifier: BSD-2-Clause */
/* hash_spread.bpf.c - spreads flows over links by the kernel's own hash, which its boot's secret
 * keys. */
#include "tc.h"

#define LINKS 4

__u64 packets[LINKS];

SEC("tc")
int
tc_hash_spread(struct __sk_buff *skb)
{
	__u32 link = bpf_get_hash_recalc(skb) % LINKS;

	packets[link & (LINKS - 1)]++;
	skb->mark = link;
	return bpf_redirect(LOOPBACK, 0);
}
