/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch.h - some packets one behind the other, and each vCPU's share of them.
 *
 * The packets are copies: nothing is borrowed from the capture's reader. A share has the vCPU's
 * packets in the order of the input, and what comes of them in memory of its own, so that vCPUs
 * meet in nothing but the count of shares that are still to be run.
 */
#ifndef XB_BENCH_BATCH_H
#define XB_BENCH_BATCH_H

#include "bench/kept.h"
#include "vm/workers.h"

struct xb_batch;

/* A packet. */
struct xb_item {
	struct xb_packet pkt; /* without its bytes */
	u64 n, ts_ns;
	struct xb_xdp_in in; /* in.hdr and in.data lie one behind the other */
	bool ether;
	bool runs;            /* else it is not for the program */
	u32 vcpu;             /* that it runs on */
	struct xb_item *next; /* of the share */
	struct xb_kept *kept; /* what came of it; NULL: nothing yet, or there was no memory */
};

struct xb_share {
	struct xb_work work;
	struct xb_batch *batch;
	void *arg; /* the caller's */
	struct xb_item *first, **end;
	struct xb_scratch mem; /* of the results */
};

/* Something to be said before the item `at` is told of. */
struct xb_batch_note {
	struct xb_batch_note *next;
	u32 at;
	char text[];
};

struct xb_batch {
	struct xb_item *items;
	u32 cnt, cap;
	struct xb_scratch mem; /* of the packets */
	struct xb_share *shares;
	u32 share_cnt;
	u32 left;       /* shares that are not done; the caller's */
	u64 slowest_ns; /* of the shares; the caller's */
	struct xb_batch_note *notes, **notes_end;
};

/* -1 and err where there is no memory; to be ended by xb_batch_fini() all the same. */
int xb_batch_init(struct xb_batch *b, u32 cap, u32 share_cnt, struct xb_err *err);
void xb_batch_fini(struct xb_batch *b);

/* Empties it. */
void xb_batch_reset(struct xb_batch *b);

/*
 * Copies the packet of r, as xb_intake_packet() leaves it, to the end. There is room: cnt < cap.
 * NULL where there is no memory.
 */
struct xb_item *xb_batch_add(struct xb_batch *b, const struct xb_result *r);

/* Puts the item that was added last into a share: it is to run. */
void xb_batch_share(struct xb_batch *b, struct xb_item *item, u32 vcpu);

/* Has something said before the next item. Without memory nothing is. */
void xb_batch_note(struct xb_batch *b, const char *text);

/* Memory that it holds. */
u64 xb_batch_bytes(const struct xb_batch *b);

#endif
