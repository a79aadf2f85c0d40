/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sk_msg.h - SK_MSG: what a socket in a SOCKMAP is about to send, the sk_msg_md that programs see
 * of it, a run.
 *
 * A message is a list of elements, pieces of memory that follow one another; a program points at
 * one of them at a time. Linux knows no test run for these programs; what a run does is modelled
 * from net/core/skmsg.c and net/core/filter.c.
 */
#ifndef XB_EMU_SK_MSG_H
#define XB_EMU_SK_MSG_H

#include "emu/emu.h"
#include "emu/prog.h"
#include "emu/sock.h"
#include "vm/proc.h"

#define XB_SK_MSG_MAX_ELEMS 17u        /* MAX_MSG_FRAGS */
#define XB_SK_MSG_MAX_BYTES (4u << 20) /* of a message as it is loaded */

struct xb_sk_msg;

/* Registers the program type and its helpers with the emulator. */
void xb_sk_msg_register(struct xb_emu *emu);

/* One message at a time, on a vCPU. NULL and err where there is no memory. */
struct xb_sk_msg *xb_sk_msg_new(struct xb_emu *emu, u32 vcpu, struct xb_err *err);

/* NULL is allowed. */
void xb_sk_msg_free(struct xb_sk_msg *m);

struct xb_sk_msg_elem {
	const u8 *data;
	u32 bytes;
	bool shared; /* pages that are others' too (MSG_SPLICE_PAGES): no program may point at them
	              */
};

/* A message on its way in; it is copied, but has to stay as it is until the run on it is over. */
struct xb_sk_msg_in {
	const struct xb_sk_msg_elem *elems; /* elem_cnt, up to XB_SK_MSG_MAX_ELEMS */
	u32 elem_cnt;
	struct xb_sock *sock; /* that sends it */
};

enum xb_sk_msg_verdict { XB_SK_MSG_DROP, XB_SK_MSG_PASS, XB_SK_MSG_REDIRECT };

/* What a run left behind. Elements are the xb_sk_msg's, valid until its next load. */
struct xb_sk_msg_out {
	enum xb_run_status status; /* XB_RUN_EXIT or XB_RUN_FAULT */
	u32 retval;                /* R0's low 32 bits; SK_DROP after a fault */
	const struct xb_fault *fault;
	enum xb_sk_msg_verdict verdict;
	const struct xb_sock *redirect; /* with REDIRECT: the socket that it goes to */
	bool ingress;                   /* to what that socket receives, not sends */
	u32 apply_bytes;                /* the verdict is for so many bytes; 0: the message */
	u32 cork_bytes;                 /* to be collected before the next run; 0: none */
	u32 bytes;
	u32 elem_cnt;
	struct xb_sk_msg_elem elems[XB_SK_MSG_MAX_ELEMS];
	u64 insns;
};

/* -1 and err where the message is larger than a message may be. */
int xb_sk_msg_load(struct xb_sk_msg *m, const struct xb_sk_msg_in *in, struct xb_err *err);

/*
 * Runs prog on it. A second run without a load finds what the first one left, but for what it asked
 * for. After a fault the message is as it was loaded. (cf. net/core/skmsg.c: sk_psock_msg_verdict)
 */
void xb_sk_msg_run(struct xb_sk_msg *m, const struct xb_bpf_prog *prog, struct xb_sk_msg_out *out);

#endif
