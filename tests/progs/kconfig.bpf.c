/* SPDX-License-Identifier: BSD-2-Clause */
/* kconfig.bpf.c - asks for the kernel's version as it is loaded (.kconfig). */
#include "packet.h"

extern int LINUX_KERNEL_VERSION __kconfig;

__u32 version;

SEC("xdp")
int
xdp_kconfig(struct xdp_md *ctx)
{
	version = (__u32)LINUX_KERNEL_VERSION;
	return LINUX_KERNEL_VERSION >= 0x050000 ? XDP_PASS : XDP_DROP;
}
