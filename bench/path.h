/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path.h - a packet's way through the stages, in the kernel's order, and on to where redirects
 * lead.
 *
 * XDP comes first. On PASS the sk_buff is built as the stack does it, metadata included, and goes
 * through TC ingress; so does what a cpumap's program passes. What TC redirects to an interface
 * goes through the egress program. XDP's redirects go to a driver, past all of TC.
 *
 * A TC program alone starts from what BPF_PROG_TEST_RUN would give it; behind XDP, or with an
 * egress program, from what the stack would.
 */
#ifndef XB_BENCH_PATH_H
#define XB_BENCH_PATH_H

#include "bench/opts.h"
#include "bench/result.h"
#include "bench/session.h"

struct xb_path;

/* What leaves while the packet is still on its way; borrowed. */
struct xb_path_send {
	bool clone; /* that bpf_clone_redirect sent off; else a copy of a redirected packet */
	struct xb_port port;
	const u8 *data;
	u32 bytes;
};

struct xb_path_opts {
	const struct xb_opts *cli;
	struct xb_session *session;
	u32 vcpu; /* that programs run on */
	struct xb_stats *stats;
	bool need_data; /* somebody wants the packet's bytes after the run */
	/* Called for clones, and with --emit forwarded for copies; r is as far as it has come. Or
	 * NULL. */
	int (*send)(void *arg, const struct xb_result *r, const struct xb_path_send *send,
	            struct xb_err *err);
	/* Called for each fault, of whatever program. */
	void (*fault)(void *arg, const struct xb_result *r, const struct xb_fault *fault);
	void *arg;
};

struct xb_path *xb_path_open(const struct xb_path_opts *opts, struct xb_err *err);

/*
 * The interface that packets come in by, as programs see it: what --ctx says of XDP's
 * ingress_ifindex or of a TC program's ifindex, else 1. Of stages the one serves for the other.
 */
u32 xb_path_came_in_by(const struct xb_opts *cli, const struct xb_session *session);

/* What --ctx says of packets as they come in, beside the packet itself. */
void xb_path_init_in(const struct xb_opts *cli, const struct xb_session *session,
                     struct xb_xdp_in *in);

/* The fields of the context that the first program found; with --record or --save-ctx. */
void xb_path_start_fields(const struct xb_path *p, const struct xb_result *r,
                          struct xb_ctx_fields *fields);

/* NULL is allowed. */
void xb_path_close(struct xb_path *p);

/*
 * Why the packet r->in cannot be run: a sentence; NULL where it can.
 */
const char *xb_path_unfit(const struct xb_path *p, const struct xb_result *r);

/*
 * Runs the packet r->in, and fills the rest of r. Counts verdicts, instructions, targets. -1 and
 * err where opts.send fails.
 */
int xb_path_run(struct xb_path *p, struct xb_result *r, struct xb_err *err);

#endif
