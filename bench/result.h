/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * result.h - one packet with all that came of it, as the run loop hands it to the outputs.
 *
 * Everything is borrowed, and valid until the next packet.
 */
#ifndef XB_BENCH_RESULT_H
#define XB_BENCH_RESULT_H

#include "bench/notes.h"
#include "bench/stage.h"
#include "bench/stats.h"
#include "pcaps/packet.h"

#define XB_RESULT_MAX_TARGETS 64
#define XB_RESULT_MAX_RUNS    12 /* a packet may be redirected on and on */
#define XB_RESULT_MAX_CLONES  64

/* A packet that bpf_clone_redirect sent off. */
struct xb_result_clone {
	struct xb_port port; /* with the interface's own number */
	bool dropped;        /* by the egress program */
	size_t off;          /* of its bytes in clone_buf */
	u32 bytes;
};

struct xb_result {
	u32 vcpu;  /* that it runs on */
	u64 n;     /* from 1, over all repetitions */
	u64 ts_ns; /* the capture's, moved on with each repetition */
	const struct xb_packet *pkt;
	struct xb_xdp_in in; /* as it came in: Ethernet */
	bool ether;          /* `in` is valid; else the packet has no Ethernet form */
	bool ran;            /* the rest is valid; else no program ran on it */
	struct xb_stage_run
	        runs[XB_RESULT_MAX_RUNS]; /* in order; `data` of the last alone is valid */
	u32 run_cnt;
	const struct xb_stage_run *last; /* of these */
	bool changed;                    /* a run may have altered packet or metadata */
	u64 insns;                       /* over all runs */
	struct xb_port port;             /* where the packet is as it left, if that is one place */
	u32 direction;                   /* XB_PACKET_DIR_*: on which way there */
	struct xb_port targets[XB_RESULT_MAX_TARGETS]; /* that redirects reached, in the same way;
	                                                  what is beyond is cut */
	u32 target_cnt;
	struct xb_result_clone clones[XB_RESULT_MAX_CLONES]; /* what is beyond is cut */
	u32 clone_cnt;
	const u8 *clone_buf;
	u32 lint; /* bits of what is wrong with its checksums and lengths, and was right before */
	const struct xb_notes *notes;
};

#endif
