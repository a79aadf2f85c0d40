/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sk_reuseport.h - SK_REUSEPORT: which socket of a group that shares a port gets a packet; the
 * sk_reuseport_md that programs see of both, a run.
 *
 * Linux knows no test run for these programs; what a run does is modelled from net/core/filter.c
 * and net/core/sock_reuseport.c.
 */
#ifndef XB_EMU_SK_REUSEPORT_H
#define XB_EMU_SK_REUSEPORT_H

#include "emu/emu.h"
#include "emu/prog.h"
#include "emu/sock.h"
#include "vm/proc.h"

#define XB_SK_REUSEPORT_MAX_BYTES (128u << 10) /* of a packet with all its headers */

struct xb_sk_reuseport;

/* Registers the program type and its helpers with the emulator. */
void xb_sk_reuseport_register(struct xb_emu *emu);

/* One packet at a time, on a vCPU. NULL and err where there is no memory. */
struct xb_sk_reuseport *xb_sk_reuseport_new(struct xb_emu *emu, u32 vcpu, struct xb_err *err);

/* NULL is allowed. */
void xb_sk_reuseport_free(struct xb_sk_reuseport *r);

/* A packet on its way to a socket. It is copied; nothing is kept but the sockets. */
struct xb_sk_reuseport_in {
	const u8 *packet; /* from its MAC header on */
	u32 bytes;
	u32 net_off, transport_off; /* where its headers start; transport: where data does */
	u32 linear_bytes;           /* how much of it programs may point at; 0: all */
	u16 eth_protocol;           /* in wire order */
	u32 hash;                   /* of addresses and ports, as the socket's protocol has it */
	struct xb_sock *sk;         /* one of the group's, that the packet led to */
	struct xb_sock *migrating;  /* the one whose listener is closed, or NULL */
};

enum xb_sk_reuseport_verdict {
	XB_SK_REUSEPORT_DROP,   /* no socket gets it */
	XB_SK_REUSEPORT_HASH,   /* as without a program: the hash decides */
	XB_SK_REUSEPORT_SELECT, /* the socket that the program chose */
};

struct xb_sk_reuseport_out {
	enum xb_run_status status; /* XB_RUN_EXIT or XB_RUN_FAULT */
	u32 retval;                /* R0's low 32 bits; SK_DROP after a fault */
	const struct xb_fault *fault;
	enum xb_sk_reuseport_verdict verdict;
	const struct xb_sock *selected; /* with SELECT */
	u64 insns;
};

/*
 * -1 and err where the packet is larger than one may be, or its headers lie outside of it, or it
 * has no socket.
 */
int xb_sk_reuseport_load(struct xb_sk_reuseport *r, const struct xb_sk_reuseport_in *in,
                         struct xb_err *err);

/* Runs prog on it (cf. net/core/filter.c: bpf_run_sk_reuseport). */
void xb_sk_reuseport_run(struct xb_sk_reuseport *r, const struct xb_bpf_prog *prog,
                         struct xb_sk_reuseport_out *out);

#endif
