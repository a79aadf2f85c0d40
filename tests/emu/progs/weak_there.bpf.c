/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of the kernel that need not be there, and are. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern void bpf_rcu_read_lock(void) __weak __ksym;
extern void bpf_rcu_read_unlock(void) __weak __ksym;

SEC("xdp")
int
with(struct xdp_md *ctx)
{
	int result = 1;

	if (bpf_rcu_read_lock && bpf_rcu_read_unlock) {
		bpf_rcu_read_lock();
		result += 20;
		bpf_rcu_read_unlock();
	}
	return result;
}

char _license[] SEC("license") = "GPL";
