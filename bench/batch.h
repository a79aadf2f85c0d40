/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch.h - some packets one behind the other, and each vCPU's share of them.
 *
 * The packets stay where the capture's reader put them: a batch holds the blocks that they lie in.
 * Only those with a header that was made up are copied. A share has the vCPU's
 * packets in the order of the input, and what comes of them in memory of its own, so that vCPUs
 * meet in nothing but the count of shares that are still to be run.
 */
#ifndef XB_BENCH_BATCH_H
#define XB_BENCH_BATCH_H

#include "bench/kept.h"
#include "pcaps/reader.h"
#include "vm/workers.h"

struct xb_batch;

/*
 * A packet. vCPUs read few of its cache lines, and write one: what one thread has written the next
 * one finds in the cache of another core.
 */
struct xb_item {
	const u8 *frame; /* Ethernet: hdr_bytes that were made up, and `bytes` */
	u64 n, ts_ns;
	u32 hdr_bytes, bytes;
	u32 rx_queue_index;
	u16 vcpu; /* that it runs on */
	bool ether;
	bool runs;            /* else it is not for the program */
	struct xb_item *next; /* of the share */
	struct xb_kept *kept; /* what came of it; NULL: nothing yet, or there was no memory */
	struct xb_packet pkt;
} __attribute__((aligned(64)));

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
	struct xb_reader *reader;
	struct xb_batch_block *blocks; /* of the reader: the last one first */
	u64 bytes;                     /* of packets */
	struct xb_scratch mem;         /* of what is copied, and notes */
	struct xb_share *shares;
	u32 share_cnt;
	u32 left;       /* shares that are not done; the caller's */
	u64 slowest_ns; /* of the shares; the caller's */
	struct xb_batch_note *notes, **notes_end;
};

/* -1 and err where there is no memory; to be ended by xb_batch_fini() all the same. */
int xb_batch_init(struct xb_batch *b, struct xb_reader *reader, u32 cap, u32 share_cnt,
                  struct xb_err *err);
void xb_batch_fini(struct xb_batch *b);

/* Empties it. */
void xb_batch_reset(struct xb_batch *b);

/*
 * Puts the packet of r, as xb_intake_packet() leaves it, to the end: the reader's last one. There
 * is room: cnt < cap. NULL where there is no memory.
 */
struct xb_item *xb_batch_add(struct xb_batch *b, const struct xb_result *r);

/* Puts the item that was added last into a share: it is to run. */
void xb_batch_share(struct xb_batch *b, struct xb_item *item, u32 vcpu);

/* Puts it back into a result: all but how it ran. r->in has what all packets have in common. */
void xb_item_show(const struct xb_item *item, struct xb_result *r);

/* Has something said before the next item. Without memory nothing is. */
void xb_batch_note(struct xb_batch *b, const char *text);

/* Memory that it takes, the packets' own included. */
u64 xb_batch_bytes(const struct xb_batch *b);

#endif
