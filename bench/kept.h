/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kept.h - the result of a packet that ran ahead of its turn, kept until the outputs come to it.
 *
 * Of struct xb_result nothing is borrowed any more, but for what outlives all packets: stages,
 * programs, maps; and for the packet as it came in, which is kept elsewhere. What nobody asked for
 * is left out. All lies in one scratch.
 */
#ifndef XB_BENCH_KEPT_H
#define XB_BENCH_KEPT_H

#include "bench/path.h"
#include "bench/result.h"
#include "bench/scratch.h"

struct xb_kept_opts {
	bool data; /* the packet's bytes after the run */
	bool ctx;  /* contexts and redirects, which only the JSON lines have */
};

struct xb_kept_fault {
	struct xb_kept_fault *next;
	struct xb_fault fault;
};

/* What left during the run, with as much of the result as there was. */
struct xb_kept_send {
	struct xb_kept_send *next;
	struct xb_path_send send;
	struct xb_stage_run last;
	u32 note_cnt;
};

/* What few packets have. */
struct xb_kept_more {
	struct xb_kept_fault *faults, **faults_end;
	struct xb_kept_send *sends, **sends_end;
	u32 target_cnt, clone_cnt;
	const struct xb_port *targets;
	const struct xb_result_clone *clones;
	const u8 *clone_buf;
	struct xb_notes notes; /* without room for more */
};

struct xb_kept {
	struct xb_kept_more *more; /* or NULL */
	u64 insns;
	struct xb_port port;
	u32 direction, lint;
	u32 run_cnt, run_bytes;
	bool changed;
	u8 runs[]
	        __attribute__((aligned(8))); /* run_bytes each: the front of struct xb_stage_run */
};

/* Keeps one packet after the other. */
struct xb_keeper {
	struct xb_kept_opts opts;
	struct xb_scratch *mem;
	struct xb_kept_more *more; /* of the packet that runs, or NULL */
	bool failed;               /* there was no memory for it */
};

/* Before the packet's run: where to keep what comes of it. */
void xb_keeper_start(struct xb_keeper *k, struct xb_scratch *mem);

/* During it, in order. */
void xb_keeper_fault(struct xb_keeper *k, const struct xb_fault *fault);
void xb_keeper_send(struct xb_keeper *k, const struct xb_result *r,
                    const struct xb_path_send *send);

/* After it: all that is kept, or NULL where there was no memory. */
struct xb_kept *xb_keeper_end(struct xb_keeper *k, const struct xb_result *r);

/* Puts it back into a result that has the packet as it came in; r borrows from k. */
void xb_kept_show(const struct xb_kept *k, struct xb_result *r);

/* The result as it was when that left; after xb_kept_show(). */
void xb_kept_show_send(const struct xb_kept *k, const struct xb_kept_send *send,
                       struct xb_result *r, struct xb_notes *notes);

#endif
