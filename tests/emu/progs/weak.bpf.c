/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions and variables of the kernel that need not be there. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern int bpf_there_is_no_such_kfunc(struct xdp_md *ctx) __weak __ksym;
extern const int there_is_no_such_variable __weak __ksym;
extern const void there_is_no_such_symbol __weak __ksym;

SEC("xdp")
int
without(struct xdp_md *ctx)
{
	int result = 1;

	if (bpf_there_is_no_such_kfunc)
		result += bpf_there_is_no_such_kfunc(ctx);
	if (&there_is_no_such_variable)
		result += 10;
	if (&there_is_no_such_symbol)
		result += 100;
	return result;
}

char _license[] SEC("license") = "GPL";
