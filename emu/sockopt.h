/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockopt.h - a TCP socket's options, as bpf_setsockopt() and bpf_getsockopt() know them.
 *
 * What an option is, is what getsockopt says of it. Some are fields that programs see elsewhere
 * too: mark, priority, bound_dev_if, and snd_cwnd and snd_ssthresh.
 */
#ifndef XB_EMU_SOCKOPT_H
#define XB_EMU_SOCKOPT_H

#include "vm/types.h"

struct xb_sock;

#define XB_SOCKOPT_CONGESTION 16u /* TCP_CA_NAME_MAX */

/* Options that lie nowhere else. */
struct xb_sock_opts {
	s32 reuse_addr, reuse_port, keepalive, snd_buf, rcv_buf, rcv_lowat;
	s32 max_pacing_rate; /* bytes a second; -1: as fast as may be */
	s32 tx_rehash, bpf_cb_flags;
	s32 no_delay, user_mss, keep_idle_s, keep_intvl_s, keep_cnt, syn_cnt;
	s32 window_clamp, thin_linear, user_timeout_ms, notsent_lowat, save_syn, rto_max_ms;
	s32 snd_cwnd_clamp, delack_max_us, rto_min_us, sock_ops_cb_flags;
	s32 tos, tclass, auto_flowlabel;
	char congestion[XB_SOCKOPT_CONGESTION];
	bool rcv_buf_locked; /* SO_RCVBUF was set */
};

/* Those of a socket that was just made, by sysctls as they are at first. */
void xb_sockopt_init(struct xb_sock_opts *opts);

/*
 * Sets an option to what its owner says: 0 or -errno. `has_socket`: it has one in user space, which
 * those that come in have not before they are accepted. (cf. net/core/filter.c: __bpf_setsockopt)
 */
struct xb_sockopt_call {
	struct xb_sock *sock;
	s32 level, name;
	bool has_socket;
};
int xb_sockopt_set(const struct xb_sockopt_call *call, const u8 *value, u32 bytes);

/* The option's value, and zeros behind it, or zeros and -errno (cf. __bpf_getsockopt). */
int xb_sockopt_get(const struct xb_sockopt_call *call, u8 *value, u32 bytes);

/*
 * Makes it what getsockopt shall say; false where Linux has no such option to get. Of those of int
 * alone.
 */
bool xb_sockopt_give(struct xb_sock *sock, s32 level, s32 name, s32 value);

#endif
