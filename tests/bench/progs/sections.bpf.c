/* SPDX-License-Identifier: BSD-2-Clause */
/* sections.bpf.c - a program in each section whose name tells its type, and some that do not. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PROGRAM(section, name, context)                                                            \
	SEC(section)                                                                               \
	int name(struct context *ctx)                                                              \
	{                                                                                          \
		return 0;                                                                          \
	}

PROGRAM("xdp", in_xdp, xdp_md)
PROGRAM("xdp_any", in_xdp_any, xdp_md)
PROGRAM("xdp/devmap", in_xdp_devmap, xdp_md)
PROGRAM("xdp_cpumap/1", in_xdp_cpumap, xdp_md)
PROGRAM("tc", in_tc, __sk_buff)
PROGRAM("tc/ingress", in_tc_ingress, __sk_buff)
PROGRAM("tc/egress", in_tc_egress, __sk_buff)
PROGRAM("tc_any", in_tc_any, __sk_buff)
PROGRAM("tcx/ingress", in_tcx_ingress, __sk_buff)
PROGRAM("tcx/egress", in_tcx_egress, __sk_buff)
PROGRAM("classifier", in_classifier, __sk_buff)
PROGRAM("classifier/any", in_classifier_any, __sk_buff)
PROGRAM("netkit/primary", in_netkit_primary, __sk_buff)
PROGRAM("netkit/peer", in_netkit_peer, __sk_buff)
PROGRAM("action", in_action, __sk_buff)
PROGRAM("action_any", in_action_any, __sk_buff)
PROGRAM("act/any", in_act_any, __sk_buff)
PROGRAM("tcp_any", in_tcp_any, __sk_buff)
PROGRAM("socket", in_socket, __sk_buff)
PROGRAM("kprobe/nothing", in_kprobe, pt_regs)
PROGRAM("sk_msg", in_sk_msg, sk_msg_md)
PROGRAM("sk_reuseport", in_sk_reuseport, sk_reuseport_md)

char _license[] SEC("license") = "Dual BSD/GPL";
