/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * intake.h - what a packet needs before it runs: its number and time, an Ethernet header, and the
 * filter's yes.
 */
#ifndef XB_BENCH_INTAKE_H
#define XB_BENCH_INTAKE_H

#include "bench/opts.h"
#include "bench/path.h"
#include "bench/result.h"
#include "bench/stats.h"
#include "pcaps/filter.h"
#include "pcaps/link.h"
#include "pcaps/reader.h"

#define XB_INTAKE_MAX_FILTERS 16 /* link types in one capture */

struct xb_intake_opts {
	const struct xb_opts *cli;
	const struct xb_session *session;
	const char *capture;        /* its name, for messages */
	const struct xb_path *path; /* which packets fit it */
	struct xb_stats *stats;     /* packets, bytes, unmatched, unfit are counted here */
	/* Says a sentence to the user; how packets were taken in is said once. */
	void (*say)(void *arg, const char *text);
	void *arg;
};

/* A filter compiled for one link type. */
struct xb_intake_filter {
	u16 linktype;
	struct xb_filter *filter;
};

struct xb_intake {
	struct xb_intake_opts opts;
	struct xb_intake_filter filters[XB_INTAKE_MAX_FILTERS];
	u32 filter_cnt;
	struct xb_link_ether ether;
	u64 n;                 /* packets counted, over all rounds */
	u64 shift_ns;          /* of this round's timestamps */
	u64 first_ns, last_ns; /* of this round, as captured */
	bool timed;            /* first_ns is set */
	bool has_queue;        /* the queue was given: the capture's does not count */
	u32 said;              /* of what is said once */
};

/*
 * Whether the filter can be compiled, as far as that can be told before the first packet: before
 * outputs are begun. Errors: XB_ERR_USAGE.
 */
int xb_intake_check(const struct xb_opts *cli, const struct xb_reader *reader, struct xb_err *err);

void xb_intake_init(struct xb_intake *in, const struct xb_intake_opts *opts);
void xb_intake_fini(struct xb_intake *in);

/* Fills what all packets have in common: context and metadata that they start with. */
void xb_intake_start(const struct xb_intake *in, struct xb_result *r);

/* Whether the packet that r has otherwise goes through the program: 1, 0, or -1. */
int xb_intake_wanted(struct xb_intake *in, const struct xb_packet *pkt, struct xb_result *r,
                     struct xb_err *err);

/*
 * Takes a packet into r: `n`, `ts_ns`, `pkt`, `in`, `ether`; `ran` is cleared. All is borrowed,
 * until the next packet. 1: it is to run; 0: it is not; -1 and err: the capture cannot be used.
 */
static inline int
xb_intake_packet(struct xb_intake *in, const struct xb_packet *pkt, struct xb_result *r,
                 struct xb_err *err)
{
	if (XB_UNLIKELY(!in->timed)) {
		in->timed = true;
		in->first_ns = pkt->ts_ns;
		in->last_ns = pkt->ts_ns;
	}
	if (pkt->ts_ns > in->last_ns)
		in->last_ns = pkt->ts_ns;
	r->n = ++in->n;
	r->pkt = pkt;
	r->ts_ns = pkt->ts_ns + in->shift_ns;
	r->ran = false;
	if (!in->has_queue)
		r->in.rx_queue_index = pkt->meta.queue;
	in->opts.stats->packets++;
	in->opts.stats->bytes += pkt->caplen;
	if (XB_UNLIKELY(pkt->linktype != XB_LINKTYPE_ETHERNET || in->opts.cli->filter))
		return xb_intake_wanted(in, pkt, r, err);
	r->in.hdr_bytes = 0;
	r->in.data = pkt->data;
	r->in.bytes = pkt->caplen;
	r->ether = true;
	return XB_LIKELY(!xb_path_unfit(in->opts.path, r)) ? 1 : xb_intake_wanted(in, pkt, r, err);
}

/* The capture is at its end: the next round begins a microsecond after its last packet. */
void xb_intake_end_round(struct xb_intake *in);

#endif
