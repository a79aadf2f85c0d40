/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sk_msg_priv.h - struct xb_sk_msg: the elements in their memory, and what the helpers do to them.
 *
 * Linux keeps the elements in a ring; here they are a list, which is what every operation makes of
 * it. Their memory is one of two halves of a region. Pages are handed out from its beginning on;
 * where it is used up, what is left of the elements moves to the other half.
 *
 * Differs: a message that programs have pushed more than XB_SK_MSG_HALF bytes into gets no more.
 */
#ifndef XB_EMU_SK_MSG_PRIV_H
#define XB_EMU_SK_MSG_PRIV_H

#include "emu/sk_msg.h"
#include "emu/site.h"

#define XB_SK_MSG_HALF (16u << 20)

/* cf. struct scatterlist, and its bit of struct sk_msg_sg: copy */
struct msg_elem {
	u32 off; /* from the region's start */
	u32 length;
	bool copy; /* the pages are others': to be copied before a program may have them */
};

struct xb_sk_msg {
	struct xb_site site;  /* its data: the pages */
	struct sk_msg_md *md; /* the site's context */
	struct msg_elem elems[XB_SK_MSG_MAX_ELEMS];
	u32 elem_cnt, size;
	u32 half;      /* in use, 0 or 1 */
	u32 next, end; /* of it, offsets not handed out */
	u32 apply_bytes, cork_bytes;
	const struct xb_sock *sk_redir;
	bool ingress;
	struct xb_sk_msg_in in;
};

/* sk_msg_data.c */

/* The message's elements as they come in; they fit. */
void xb_sk_msg_place(struct xb_sk_msg *m, const struct xb_sk_msg_in *in);

/* data and data_end: the first element (cf. include/linux/skmsg.h: sk_msg_compute_data_pointers).
 */
void xb_sk_msg_compute_data_pointers(struct xb_sk_msg *m);

/* The helpers of these names: 0 or -errno. */
int xb_sk_msg_pull_data(struct xb_sk_msg *m, u32 start, u32 end, u64 flags);
int xb_sk_msg_push_data(struct xb_sk_msg *m, u32 start, u32 len, u64 flags);
int xb_sk_msg_pop_data(struct xb_sk_msg *m, u32 start, u32 len, u64 flags);

/* helpers_sk_msg.c */
void xb_sk_msg_register_helpers(struct xb_emu *emu);

#endif
