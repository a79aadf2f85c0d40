/* SPDX-License-Identifier: BSD-2-Clause */
/* pass.bpf.c - the shortest program: every packet goes up the stack. */
#include "packet.h"

SEC("xdp")
int
xdp_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}
