/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * result.h - one packet with all that came of it, as the run loop hands it to the outputs.
 *
 * Everything is borrowed, and valid until the next packet.
 */
#ifndef XB_BENCH_RESULT_H
#define XB_BENCH_RESULT_H

#include "bench/notes.h"
#include "bench/stats.h"
#include "pcaps/packet.h"
#include "xdp/xdp.h"

#define XB_RESULT_MAX_TARGETS 64

struct xb_result {
	u64 n;     /* from 1, over all repetitions */
	u64 ts_ns; /* the capture's, moved on with each repetition */
	const struct xb_packet *pkt;
	struct xb_xdp_in in; /* as it came in: Ethernet */
	bool ether;          /* `in` is valid; else the packet has no Ethernet form */
	bool ran;            /* the rest is valid; else no program ran on it */
	u32 verdict;         /* enum xb_verdict or XDP action */
	struct xb_xdp_out out;
	const u8 *data; /* out.bytes of packet in one piece; NULL where nobody asked for it */
	struct xb_port
	        targets[XB_RESULT_MAX_TARGETS]; /* that a redirect reached; what is beyond is cut */
	u32 target_cnt;
	const struct xb_notes *notes;
};

#endif
