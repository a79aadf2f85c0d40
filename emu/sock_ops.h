/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock_ops.h - SOCK_OPS: what TCP asks a cgroup's program, the bpf_sock_ops that the program sees
 * of it, a run.
 *
 * Linux knows no test run for these programs: it calls them at points of a connection's life. What
 * it hands them there, and what it makes of what they leave, is modelled from net/ipv4/tcp*.c and
 * net/core/filter.c.
 */
#ifndef XB_EMU_SOCK_OPS_H
#define XB_EMU_SOCK_OPS_H

#include "emu/emu.h"
#include "emu/prog.h"
#include "emu/sock.h"
#include "vm/proc.h"

#define XB_SOCK_OPS_HEADER 60u  /* bytes of the longest TCP header */
#define XB_SOCK_OPS_FRONT  128u /* most bytes in front of one */

struct xb_sock_ops;

/* Registers the program type and its helpers with the emulator. */
void xb_sock_ops_register(struct xb_emu *emu);

/* One call at a time, on a vCPU. NULL and err where there is no memory. */
struct xb_sock_ops *xb_sock_ops_new(struct xb_emu *emu, u32 vcpu, struct xb_err *err);

/* NULL is allowed. */
void xb_sock_ops_free(struct xb_sock_ops *s);

/* The packet that a call is about, from its TCP header on. */
struct xb_sock_ops_packet {
	const u8 *header; /* header_bytes, or NULL: the call is about none */
	u32 header_bytes; /* up to XB_SOCK_OPS_HEADER; of one that is being written, so far */
	u32 len;          /* with its data */
	u16 tcp_flags;    /* as the header has them, or will */
	u64 hwtstamp;     /* when the device saw it, in ns; 0: it does not say */
};

/* What Linux calls a program with. */
struct xb_sock_ops_in {
	u32 op; /* BPF_SOCK_OPS_* */
	u32 args[4];
	struct xb_sock *sock; /* a request's where a SYN is answered */
	u32 cb_flags;         /* of the socket: BPF_SOCK_OPS_*_CB_FLAG */
	u32 txhash;           /* likewise */
	struct xb_sock_ops_packet packet;
	const u8 *syn; /* the TCP header of the SYN that is answered, or was saved; or NULL */
	u32 syn_bytes;
	/* Where it is known: what is in front of that, the MAC header, if there is one, and IP's.
	 */
	const u8 *syn_front;
	u32 syn_mac_bytes, syn_ip_bytes;
	u32 room; /* for options: that may be reserved, or were reserved and may be written */
};

/* What a run left behind. The header is the xb_sock_ops's, valid until its next load. */
struct xb_sock_ops_out {
	enum xb_run_status status; /* XB_RUN_EXIT or XB_RUN_FAULT */
	u32 retval;                /* R0's low 32 bits; 0 after a fault */
	const struct xb_fault *fault;
	s32 reply; /* -1 where the program did not return 1, as if there were none */
	u32 cb_flags, txhash;
	u32 reserved; /* bytes of options to make room for: a multiple of 4 */
	u32 written;  /* bytes of options; what was reserved beyond has become NOPs */
	const u8 *header;
	u32 header_bytes; /* with all that was reserved */
	u64 insns;
};

/* -1 and err where the header and what may be written to it are longer than a header may be. */
int xb_sock_ops_load(struct xb_sock_ops *s, const struct xb_sock_ops_in *in, struct xb_err *err);

/*
 * Runs prog on it. A second run without a load begins anew. (cf. include/net/tcp.h: tcp_call_bpf;
 * net/ipv4/tcp_output.c: bpf_skops_hdr_opt_len, bpf_skops_write_hdr_opt)
 */
void xb_sock_ops_run(struct xb_sock_ops *s, const struct xb_bpf_prog *prog,
                     struct xb_sock_ops_out *out);

#endif
