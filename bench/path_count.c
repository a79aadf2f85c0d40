/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path_count.c - what is counted and kept of every run, and where packets come to.
 */
#include "bench/path_priv.h"

void
path_count_fault(struct xb_path *p, const struct xb_fault *fault)
{
	p->opts.fault(p->opts.arg, p->r, fault);
}

/* Targets are told by their numbers, whatever the capture calls them. */
struct xb_port
path_numbered(struct xb_port port, u32 index)
{
	return port.kind == XB_PORT_INGRESS ? (struct xb_port){ XB_PORT_IFINDEX, index } : port;
}

void
path_count_target(struct xb_path *p, struct xb_port port, u32 index, u64 bytes)
{
	xb_stats_target(p->opts.stats, path_numbered(port, index), bytes);
}

/* The packet has come to `port`, whose number is `index`. */
void
path_reach(struct xb_path *p, struct xb_port port, u32 index, u64 bytes)
{
	struct xb_result *r = p->r;

	path_count_target(p, port, index, bytes);
	if (r->target_cnt < XB_RESULT_MAX_TARGETS)
		r->targets[r->target_cnt++] = path_numbered(port, index);
}

/* A packet that goes on to `port`, for --emit forwarded. */
void
path_emit_copy(struct xb_path *p, struct xb_port port, const u8 *data, u32 bytes)
{
	const struct xb_path_send send = { .port = port, .data = data, .bytes = bytes };

	if (p->copies && p->rc == 0)
		p->rc = p->opts.send(p->opts.arg, p->r, &send, p->err);
}

/* Where the packet is that the last run left. */
void
path_leave_by(struct xb_path *p, struct xb_port port)
{
	bool received = port.kind == XB_PORT_RX || port.kind == XB_PORT_PEER;

	p->r->port = port;
	p->r->direction = received ? XB_PACKET_DIR_INBOUND : XB_PACKET_DIR_OUTBOUND;
}
