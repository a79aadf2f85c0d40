/* SPDX-License-Identifier: BSD-2-Clause */
/* sock_ops_priv.h - struct xb_sock_ops: a call as it is for the program and its helpers. */
#ifndef XB_EMU_SOCK_OPS_PRIV_H
#define XB_EMU_SOCK_OPS_PRIV_H

#include "emu/sock_ops.h"
#include "emu/site.h"

#define XB_SOCK_OPS_HWTSTAMP_OFF 216u /* skb_hwtstamp, which older headers have not */
#define XB_SOCK_OPS_CTX_BYTES    224u

/* cf. struct bpf_sock_ops_kern */
struct xb_sock_ops {
	struct xb_site site;     /* its data: the packet's header */
	u8 *header;              /* the site's data */
	struct bpf_sock_ops *md; /* the site's context */
	u32 header_bytes;        /* between skb_data and skb_data_end */
	u32 room;                /* remaining_opt_len */
	u32 cb_flags, txhash;
	u8 syn[XB_SOCK_OPS_HEADER], syn_front[XB_SOCK_OPS_FRONT];
	u8 packet[XB_SOCK_OPS_HEADER];
	struct xb_sock_ops_in in;
};

/*
 * Whether the socket is a TCP socket with all its fields, and locked: it is not where the call is
 * about a timestamp (cf. is_locked_tcp_sock).
 */
bool xb_sock_ops_is_locked(const struct xb_sock_ops *s);

/* Whether calls of this kind come with a lock (cf. is_locked_tcp_sock_ops). */
bool xb_sock_ops_op_is_locked(const struct xb_sock_ops *s);

/* Shows the program where the header ends, and what is the socket's. */
void xb_sock_ops_sync(struct xb_sock_ops *s);

/* sock_ops_access.c: see struct xb_prog_type */
bool xb_sock_ops_ctx_plain(const struct xb_bpf_prog *prog, const struct bpf_insn *insn, u32 off);
void xb_sock_ops_ctx_access(struct xb_proc *proc, const struct bpf_insn *insn, s32 off, u64 *value);

/* helpers_sock_ops.c, helpers_sockopt.c */
void xb_sock_ops_register_helpers(struct xb_emu *emu);
void xb_sockopt_register_helpers(struct xb_emu *emu);

#endif
