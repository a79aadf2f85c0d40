/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path_priv.h - the parts of a packet's way: XDP, TC, and what both need.
 */
#ifndef XB_BENCH_PATH_PRIV_H
#define XB_BENCH_PATH_PRIV_H

#include "bench/path.h"

#include <linux/if_ether.h>

#define MAX_XDP_HOPS     4 /* redirects one after the other */
#define MAX_TC_HOPS      9 /* the next one is dropped (cf. net/core/filter.c: __bpf_tx_skb) */
#define ETHER_VLAN_BYTES 18
#define CLONES_MAX_BYTES (1u << 20)                      /* kept of a packet's clones */
#define PIECE_BYTES      (XB_SKB_MAX_BYTES + 4 * 65536u) /* a packet of any stage, in one piece */

/* The kinds of buffers for packets in one piece. */
enum piece { PIECE_XDP, PIECE_COPY, PIECE_TC, PIECE_EGRESS, PIECE_CLONE, PIECE_CNT };

struct xb_path {
	struct xb_path_opts opts;
	const struct xb_stage *stages; /* by kind */
	const struct xb_stage *first;
	bool stack;  /* a device's way in: contexts as the stack has them */
	bool copies; /* --emit forwarded: redirected packets are written copy by copy */
	struct xb_xdp *xdp;
	struct xb_skb *tc, *egress;
	struct xb_skb_ctx tc_ctx, egress_ctx;
	struct xb_skb_ctx first_ctx; /* that the packet started with, where contexts are saved */
	bool stack_wire_len;         /* wire_len is the stack's, and not one given */
	u8 macs[2 * ETH_ALEN];       /* of a packet whose tag was taken off */
	bool has_tag;
	u16 tag_proto, tag_tci;
	struct xb_result *r;
	u32 hops;
	int rc;
	struct xb_err *err;
	u8 *pieces[PIECE_CNT];
	u8 *clone_buf;
	size_t clone_used;
	char unfit[160];
	bool said_refused; /* by the kernel */
};

static inline bool
path_has_stage(const struct xb_path *p, enum xb_stage_kind kind)
{
	return p->stages[kind].object != NULL;
}

/* path_count.c */

void path_count_fault(struct xb_path *p, const struct xb_fault *fault);

/*
 * The place of the next run of a stage; the last one is used again where a packet goes round and
 * round. After the run: path_count_run().
 */
static inline struct xb_stage_run *
path_next_run(struct xb_path *p, enum xb_stage_kind kind)
{
	struct xb_result *r = p->r;
	struct xb_stage_run *run;

	if (XB_UNLIKELY(r->run_cnt == XB_RESULT_MAX_RUNS))
		r->run_cnt--;
	run = &r->runs[r->run_cnt++];
	run->stage = &p->stages[kind];
	run->data = NULL;
	r->last = run;
	return run;
}

static inline void
path_count_run(struct xb_path *p, const struct xb_stage_run *run)
{
	p->r->insns += run->insns;
	p->r->changed |= run->changed;
	if (XB_UNLIKELY(p->opts.stats->stages != NULL))
		xb_stats_stage(p->opts.stats, run, p->r->n);
	if (XB_UNLIKELY(run->fault != NULL))
		path_count_fault(p, run->fault);
}

/* The port with its own number, `index`, where it is known as an interface of the capture. */
struct xb_port path_numbered(struct xb_port port, u32 index);

/* Counts a packet at `port`; interfaces of the capture by their number, `index`. */
void path_count_target(struct xb_path *p, struct xb_port port, u32 index, u64 bytes);

/* The same, and the packet itself has come there. */
void path_reach(struct xb_path *p, struct xb_port port, u32 index, u64 bytes);

/* `port` is where the packet is as it leaves. */
void path_leave_by(struct xb_path *p, struct xb_port port);

/* A packet that goes on to `port`, for --emit forwarded. */
void path_emit_copy(struct xb_path *p, struct xb_port port, const u8 *data, u32 bytes);

/* path_xdp.c */

void path_run_xdp(struct xb_path *p);

/* path_tc.c */

/* Puts what depends on the packet, of `bytes`, into p->tc_ctx. */
void path_start_tc_ctx(struct xb_path *p, u32 bytes);

/* The program of the interface that the packet came in by. */
void path_run_tc(struct xb_path *p, struct xb_skb_in *in);

/* The same for the sk_buff of what XDP passed: `data` is all of the packet (cf. net/core/xdp.c). */
void path_run_tc_after_xdp(struct xb_path *p, const struct xb_xdp_out *out, const u8 *data);

/* The program of the interface that a packet leaves by, with p->egress_ctx. */
void path_run_egress(struct xb_path *p, const struct xb_skb_in *in);

/* Runs the stage's program on the packet, and fills `run`. */
void path_run_skb(struct xb_path *p, struct xb_skb *skb, const struct xb_skb_in *in,
                  struct xb_stage_run *run, enum piece piece);

/*
 * The sk_buff that `from` holds after `run`, as the start of a run of the egress program for
 * `ifindex`: p->egress_ctx and *in. The data is copied: `from` may be that program's own.
 */
void path_start_egress(struct xb_path *p, const struct xb_skb *from, const struct xb_stage_run *run,
                       u32 ifindex, struct xb_skb_in *in);

/* Where a redirect of TC leads. */
struct xb_port path_redirect_port(const struct xb_path *p, const struct xb_skb_redirect *to);

/* path_native.c: the running kernel's test run in place of both. */
void path_run_native(struct xb_path *p);

/* path_clone.c: for xb_skb_on_clone(), with the path as arg. */

void path_on_tc_clone(void *arg, const struct xb_skb_clone *clone);
void path_on_egress_clone(void *arg, const struct xb_skb_clone *clone);

/* path_lint.c: what programs made wrong of a packet that goes on. */
void path_lint(struct xb_path *p);

#endif
