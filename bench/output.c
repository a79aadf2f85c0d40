/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/output.h"

#include "bench/lint.h"
#include "bench/say.h"
#include "bench/sinks.h"
#include "pcaps/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX_COMMENTS 32

struct xb_output {
	const struct xb_opts *cli;
	struct xb_sinks *sinks;
	char text[512]; /* of a fault's comment */
	char lint_text[256];
	struct xb_comment comments[OUTPUT_MAX_COMMENTS];
};

/* A packet about to be written. */
struct block {
	const struct xb_result *r;
	struct xb_port port;
	u32 direction; /* XB_PACKET_DIR_* */
	bool verdict;  /* as it left: with verdict and comments */
	bool clone;    /* one that bpf_clone_redirect sent off */
	const u8 *data;
	u32 bytes;
	s64 cut; /* bytes that the capture had cut off */
};

static u32
fault_comment(struct xb_output *out, const struct xb_fault *fault)
{
	const struct xb_line *line = xb_prog_line(fault->prog, fault->pc);
	int n = snprintf(out->text, sizeof(out->text), "fault: %s: %s (%s, insn %u%s%s",
	                 xb_fault_kind_name(fault->kind), fault->message,
	                 xb_prog_func_name(fault->prog, fault->pc), fault->pc, line ? ", " : "",
	                 line ? line->file : "");

	if (line && n > 0 && (size_t)n < sizeof(out->text))
		n += snprintf(out->text + n, sizeof(out->text) - (size_t)n, ":%u", line->line);
	if (n > 0 && (size_t)n < sizeof(out->text))
		n += snprintf(out->text + n, sizeof(out->text) - (size_t)n, ")");
	return n < (int)sizeof(out->text) ? (u32)n : (u32)sizeof(out->text) - 1;
}

static u32
lint_comment(struct xb_output *out, u32 lint)
{
	int n = snprintf(out->lint_text, sizeof(out->lint_text),
	                 "right before the program, wrong after it:");
	const char *comma = "";

	for (u32 i = 0; i < XB_LINT_KIND_CNT; i++) {
		if (!(lint & XB_LINT_BIT(i)))
			continue;
		n += snprintf(out->lint_text + n, sizeof(out->lint_text) - (size_t)n, "%s %s",
		              comma, xb_lint_words[i]);
		comma = ",";
	}
	return (u32)n;
}

/* The capture's own comments, the fault, and what bpf_printk said. */
static u32
gather_comments(struct xb_output *out, const struct xb_result *r)
{
	u32 cnt = 0, off = 0, len;
	const char *text;

	while (r->pkt->comment && cnt < OUTPUT_MAX_COMMENTS / 2 &&
	       (text = xb_packet_comment_next(r->pkt, &off, &len)))
		out->comments[cnt++] = (struct xb_comment){ .text = text, .len = len };
	if (!r->ran)
		return cnt;
	if (r->last->fault) {
		len = fault_comment(out, r->last->fault);
		out->comments[cnt++] = (struct xb_comment){ .text = out->text, .len = len };
	}
	if (r->lint) {
		len = lint_comment(out, r->lint);
		out->comments[cnt++] = (struct xb_comment){ .text = out->lint_text, .len = len };
	}
	for (u32 i = 0; i < r->notes->cnt && cnt < OUTPUT_MAX_COMMENTS; i++) {
		const struct xb_note *note = &r->notes->notes[i];

		if (note->map)
			continue;
		out->comments[cnt++] = (struct xb_comment){
			.text = (const char *)r->notes->buf + note->off,
			.len = note->bytes,
		};
	}
	return cnt;
}

/* The format has numbers for verdicts of XDP and TC alone. */
static inline bool
has_number(const struct xb_stage_run *last)
{
	return last->stage->kind == XB_STAGE_XDP || xb_tc_is_tc(last->stage->mode);
}

/*
 * Every field is written, and none of them twice: zeroing the whole of it first costs 10 ns a
 * packet.
 */
static inline void
fill_meta(const struct block *b, struct xb_packet_meta *meta)
{
	const struct xb_packet_meta *in = &b->r->pkt->meta;
	const struct xb_stage_run *last = b->verdict && has_number(b->r->last) ? b->r->last : NULL;
	bool queue = b->port.kind == XB_PORT_INGRESS;
	bool xdp = last && last->stage->kind == XB_STAGE_XDP;

	meta->has = XB_PACKET_FLAGS | XB_PACKET_ID | (in->has & XB_PACKET_HASH) |
	            (queue ? XB_PACKET_QUEUE : 0u) | (last ? XB_PACKET_VERDICT : 0u);
	meta->flags = (in->flags & ~XB_PACKET_DIR_MASK) | b->direction;
	meta->queue = queue ? b->r->in.rx_queue_index : 0;
	meta->verdict_type = xdp ? XB_VERDICT_XDP : XB_VERDICT_TC;
	meta->hash_type = in->hash_type;
	meta->packet_id = b->r->n;
	meta->verdict = last ? last->retval : 0;
	meta->hash = in->hash;
}

static u32
verdict_of(const struct block *b)
{
	if (b->clone)
		return XB_SINK_CLONE;
	return b->r->ran ? b->r->last->verdict : XB_SINK_UNMATCHED;
}

static int
write_block(struct xb_output *out, const struct block *b, struct xb_err *err)
{
	struct xb_sink_port to;
	struct xb_out_packet packet;

	if (xb_sinks_find(out->sinks, verdict_of(b), b->port, b->r->pkt->if_idx, &to, err) != 0)
		return -1;
	packet.if_id = to.if_id;
	packet.caplen = b->bytes;
	packet.len = (u32)((s64)b->bytes + b->cut);
	packet.ts_ns = b->r->ts_ns;
	packet.data = b->data;
	packet.comments = NULL;
	packet.comment_cnt = 0;
	to.stats->received++;
	if (b->verdict && b->r->last->fate == XB_FATE_DROP)
		to.stats->dropped++;
	fill_meta(b, &packet.meta);
	if (XB_UNLIKELY(b->r->pkt->comment ||
	                (b->verdict && (b->r->last->fault || b->r->notes->cnt || b->r->lint)))) {
		packet.comments = out->comments;
		packet.comment_cnt = gather_comments(out, b->r);
	}
	return xb_writer_packet(to.writer, &packet, err);
}

static s64
cut_bytes(const struct xb_packet *pkt)
{
	return pkt->len > pkt->caplen ? (s64)pkt->len - pkt->caplen : 0;
}

/* As it came in. A header that was made up goes in front. */
static int
write_entry(struct xb_output *out, const struct xb_result *r, struct xb_err *err)
{
	u8 joined[XB_SKB_MAX_BYTES];
	struct block b = {
		.r = r,
		.port = { XB_PORT_INGRESS, r->pkt->if_idx },
		.direction = XB_PACKET_DIR_INBOUND,
		.data = r->in.data,
		.bytes = r->in.bytes,
		.cut = cut_bytes(r->pkt),
	};

	if (r->in.hdr_bytes) {
		b.bytes += r->in.hdr_bytes;
		if (b.bytes > sizeof(joined))
			return 0;
		memcpy(joined, r->in.hdr, r->in.hdr_bytes);
		memcpy(joined + r->in.hdr_bytes, r->in.data, r->in.bytes);
		b.data = joined;
	}
	return write_block(out, &b, err);
}

static int
write_exit(struct xb_output *out, const struct xb_result *r, struct xb_err *err)
{
	const struct block b = {
		.r = r,
		.port = r->port,
		.direction = r->direction,
		.verdict = true,
		.data = r->last->data,
		.bytes = r->last->bytes,
		.cut = cut_bytes(r->pkt),
	};

	return write_block(out, &b, err);
}

int
xb_output_result(struct xb_output *out, const struct xb_result *r, struct xb_err *err)
{
	u32 emit = out->cli->emit;

	if (!r->ran) {
		if (!r->ether || out->cli->unmatched_drop)
			return 0;
		return write_entry(out, r, err);
	}
	if (emit & XB_EMIT_ENTRY && write_entry(out, r, err) != 0)
		return -1;
	if (emit & XB_EMIT_EXIT)
		return write_exit(out, r, err);
	/* Redirected ones come copy by copy. */
	if (emit & XB_EMIT_FORWARDED && r->target_cnt == 0 &&
	    (r->last->fate == XB_FATE_PASS || r->last->fate == XB_FATE_TX))
		return write_exit(out, r, err);
	return 0;
}

int
xb_output_copy(struct xb_output *out, const struct xb_result *r, struct xb_port port,
               const u8 *data, u32 bytes, struct xb_err *err)
{
	bool received = port.kind == XB_PORT_RX || port.kind == XB_PORT_PEER;
	const struct block b = {
		.r = r,
		.port = port,
		.direction = received ? XB_PACKET_DIR_INBOUND : XB_PACKET_DIR_OUTBOUND,
		.verdict = true,
		.data = data,
		.bytes = bytes,
		.cut = cut_bytes(r->pkt),
	};

	return write_block(out, &b, err);
}

int
xb_output_clone(struct xb_output *out, const struct xb_result *r, struct xb_port port,
                const u8 *data, u32 bytes, struct xb_err *err)
{
	const struct block b = {
		.r = r,
		.port = port,
		.direction =
		        port.kind == XB_PORT_RX ? XB_PACKET_DIR_INBOUND : XB_PACKET_DIR_OUTBOUND,
		.clone = true,
		.data = data,
		.bytes = bytes,
		.cut = cut_bytes(r->pkt),
	};

	return out->cli->emit & (XB_EMIT_EXIT | XB_EMIT_FORWARDED) ? write_block(out, &b, err) : 0;
}

struct xb_output *
xb_output_open(const struct xb_output_opts *opts, struct xb_err *err)
{
	const char *name = opts->cli->write;
	struct xb_output *out = calloc(1, sizeof(*out));

	if (!out) {
		xb_err_errno(err, ENOMEM, "%s", name);
		return NULL;
	}
	out->cli = opts->cli;
	out->sinks = xb_sinks_open(opts, err);
	if (!out->sinks) {
		free(out);
		return NULL;
	}
	if (opts->cli->write_pcap && !opts->cli->quiet)
		xb_say("%s: pcap cannot hold verdicts, interfaces and comments; pcapng can", name);
	return out;
}

int
xb_output_close(struct xb_output *out, struct xb_err *err)
{
	int rc;

	if (!out)
		return 0;
	rc = xb_sinks_close(out->sinks, err);
	free(out);
	return rc;
}
