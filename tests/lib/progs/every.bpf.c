/* SPDX-License-Identifier: BSD-2-Clause */
/* A program for each section that libbpf knows the type of; each adds the numbers at its context's
 * start. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define PROG(section, name)                                                                        \
	SEC(section)                                                                               \
	int name(const int *ctx)                                                                   \
	{                                                                                          \
		return ctx[0] + ctx[1];                                                            \
	}

PROG("socket", on_socket)
PROG("kprobe/any", on_kprobe_any)
PROG("uprobe//bin/true:main", on_uprobe_bin_true_main)
PROG("tc", on_tc)
PROG("action", on_action)
PROG("tracepoint/a/b", on_tracepoint_a_b)
PROG("xdp", on_xdp)
PROG("perf_event", on_perf_event)
PROG("cgroup_skb/ingress", on_cgroup_skb_ingress)
PROG("cgroup/sock_create", on_cgroup_sock_create)
PROG("lwt_in", on_lwt_in)
PROG("lwt_out", on_lwt_out)
PROG("lwt_xmit", on_lwt_xmit)
PROG("sockops", on_sockops)
PROG("sk_skb/stream_verdict", on_sk_skb_stream_verdict)
PROG("cgroup/dev", on_cgroup_dev)
PROG("sk_msg", on_sk_msg)
PROG("raw_tp/any", on_raw_tp_any)
PROG("cgroup/connect4", on_cgroup_connect4)
PROG("lwt_seg6local", on_lwt_seg6local)
PROG("lirc_mode2", on_lirc_mode2)
PROG("sk_reuseport", on_sk_reuseport)
PROG("flow_dissector", on_flow_dissector)
PROG("cgroup/sysctl", on_cgroup_sysctl)
PROG("raw_tp.w/any", on_raw_tp_w_any)
PROG("cgroup/getsockopt", on_cgroup_getsockopt)
PROG("fentry/any", on_fentry_any)
PROG("fexit/any", on_fexit_any)
PROG("fmod_ret/any", on_fmod_ret_any)
PROG("fentry.s/any", on_fentry_s_any)
PROG("tp_btf/any", on_tp_btf_any)
PROG("iter/any", on_iter_any)
PROG("struct_ops/any", on_struct_ops_any)
PROG("freplace/any", on_freplace_any)
PROG("lsm/any", on_lsm_any)
PROG("lsm.s/any", on_lsm_s_any)
PROG("lsm_cgroup/any", on_lsm_cgroup_any)
PROG("sk_lookup", on_sk_lookup)
PROG("syscall", on_syscall)

char _license[] SEC("license") = "GPL";
