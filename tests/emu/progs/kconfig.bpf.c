/* SPDX-License-Identifier: BSD-2-Clause */
/* Values that libbpf takes from the kernel's configuration. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern unsigned LINUX_KERNEL_VERSION __kconfig;
extern _Bool CONFIG_THERE_IS_NO_SUCH_OPTION __kconfig __weak;
extern int CONFIG_GIVEN __kconfig __weak;

SEC("xdp")
int
config(struct xdp_md *ctx)
{
	return (LINUX_KERNEL_VERSION >= 0x040000) + 10 * CONFIG_THERE_IS_NO_SUCH_OPTION +
	       CONFIG_GIVEN;
}

char _license[] SEC("license") = "GPL";
