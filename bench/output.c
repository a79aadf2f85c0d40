/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/output.h"

#include "bench/lint.h"
#include "bench/say.h"
#include "emu/world.h"
#include "pcaps/link.h"
#include "pcaps/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX_FILES    256u
#define OUTPUT_MAX_PORTS    4096u
#define OUTPUT_MAX_COMMENTS 32
#define VERDICT_UNMATCHED   XB_VERDICT_CNT       /* for %v: no program ran */
#define VERDICT_CLONE       (XB_VERDICT_CNT + 1) /* for %v: sent off by bpf_clone_redirect */
#define TEMPLATE_BUFFER     (64u << 10)

/* An interface of one file. */
struct port {
	struct xb_port port;
	struct xb_writer_stats stats;
};

/* One file. Which one a packet goes to is said by verdict (with %v) and port (with %i). */
struct sink {
	struct xb_writer *writer;
	char *name;        /* of a template's file, owned */
	struct sink *same; /* the one that writes the file of this name already, or NULL */
	u32 verdict;
	struct xb_port port;
	struct port *ports; /* by interface id */
	u32 port_cnt, port_cap, port_last;
};

struct xb_output {
	struct xb_output_opts opts;
	bool by_verdict, by_port;
	struct sink *sinks;
	u32 sink_cnt, sink_last;
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

static bool
has_letter(const char *name, char letter)
{
	for (const char *p = strchr(name, '%'); p && p[1]; p = strchr(p + 2, '%'))
		if (p[1] == letter)
			return true;
	return false;
}

bool
xb_output_is_template(const char *name)
{
	return has_letter(name, 'v') || has_letter(name, 'i');
}

/* The receiving side of an interface is the same interface. */
static bool
same_port(struct xb_port a, struct xb_port b)
{
	enum xb_port_kind kind = a.kind == XB_PORT_RX ? XB_PORT_IFINDEX : a.kind;

	return kind == (b.kind == XB_PORT_RX ? XB_PORT_IFINDEX : b.kind) && a.index == b.index;
}

static bool
is_device(enum xb_port_kind kind)
{
	return kind == XB_PORT_IFINDEX || kind == XB_PORT_RX || kind == XB_PORT_PEER;
}

/* The name of an interface: the world's; the capture's own for ingress, else what the number stands
 * for. */
static void
port_name(const struct xb_output *out, struct xb_port port, char *name, size_t bytes)
{
	static const char *const prefix[] = {
		[XB_PORT_IFINDEX] = "if", [XB_PORT_RX] = "if",      [XB_PORT_PEER] = "peer",
		[XB_PORT_CPU] = "cpu",    [XB_PORT_SOCKET] = "xsk",
	};
	const struct xb_iface *iface;
	const struct xb_world_link *link;

	if (is_device(port.kind) && out->opts.world->given) {
		link = xb_world_link(out->opts.world, port.index);
		if (link) {
			snprintf(name, bytes, "%s%s", link->name,
			         port.kind == XB_PORT_PEER ? ".peer" : "");
			return;
		}
	}
	if (port.kind != XB_PORT_INGRESS) {
		snprintf(name, bytes, "%s%u", prefix[port.kind], port.index);
		return;
	}
	iface = xb_reader_iface(out->opts.reader, port.index);
	link = out->opts.world->given ? xb_world_link(out->opts.world, out->opts.ifindex) : NULL;
	if (iface && iface->name[0])
		snprintf(name, bytes, "%s", iface->name);
	else if (link && !port.index)
		snprintf(name, bytes, "%s", link->name);
	else if (port.index)
		snprintf(name, bytes, "if%u.%u", out->opts.ifindex, port.index);
	else
		snprintf(name, bytes, "if%u", out->opts.ifindex);
}

static int
open_writer(struct xb_output *out, struct sink *sink, struct xb_file *file, struct xb_err *err)
{
	const struct xb_writer_opts opts = {
		.format = out->opts.cli->write_pcap ? XB_WRITER_PCAP : XB_WRITER_PCAPNG,
		.app = "xdpbench " XB_VERSION,
		.comment = out->opts.comment,
		.buffer_bytes = out->by_verdict || out->by_port ? TEMPLATE_BUFFER : 0,
	};

	if (xb_file_start(file, err) != 0)
		return -1;
	sink->writer = xb_writer_open(file->fd, file->name, &opts, err);
	return sink->writer ? 0 : -1;
}

static const char *
sink_name(u32 verdict)
{
	if (verdict == VERDICT_CLONE)
		return "clone";
	return verdict == VERDICT_UNMATCHED ? "unmatched" : xb_verdict_name(verdict);
}

/* Puts verdict and interface into the template. */
static char *
expand(const struct xb_output *out, u32 verdict, struct xb_port port, struct xb_err *err)
{
	const char *p = out->opts.cli->write;
	char interface[300], *name = NULL;
	size_t bytes = 0;
	FILE *to = open_memstream(&name, &bytes);

	if (!to) {
		xb_err_errno(err, errno, "%s", p);
		return NULL;
	}
	port_name(out, port, interface, sizeof(interface));
	for (char *c = interface; *c; c++)
		if (*c == '/' || (unsigned char)*c < 0x20)
			*c = '_';
	for (; *p; p++) {
		if (*p != '%' || !p[1])
			fputc(*p, to);
		else if (*++p == 'v')
			fputs(sink_name(verdict), to);
		else if (*p == 'i')
			fputs(interface, to);
		else
			fprintf(to, *p == '%' ? "%%" : "%%%c", *p);
	}
	fclose(to);
	return name;
}

/* The sink that writes `name`: interfaces may bear the same one. */
static struct sink *
named_sink(const struct xb_output *out, const char *name)
{
	for (u32 i = 0; i < out->sink_cnt; i++)
		if (!out->sinks[i].same && !strcmp(out->sinks[i].name, name))
			return &out->sinks[i];
	return NULL;
}

static int
open_sink(struct xb_output *out, struct sink *sink, struct xb_err *err)
{
	struct xb_file file = XB_FILE_NONE;

	sink->same = named_sink(out, sink->name);
	if (sink->same)
		return 0;
	if (xb_file_open_write(&file, sink->name, err) != 0)
		return -1;
	if (out->opts.check(out->opts.check_arg, &file, err) != 0 ||
	    open_writer(out, sink, &file, err) != 0) {
		xb_file_close(&file);
		return -1;
	}
	return 0;
}

static struct sink *
new_sink(struct xb_output *out, u32 verdict, struct xb_port port, struct xb_err *err)
{
	struct sink *sink = &out->sinks[out->sink_cnt];

	if (out->sink_cnt == OUTPUT_MAX_FILES) {
		xb_err_set(err, XB_ERR_FILE, "%s: more than %u files", out->opts.cli->write,
		           OUTPUT_MAX_FILES);
		return NULL;
	}
	*sink = (struct sink){ .verdict = verdict, .port = port };
	sink->name = expand(out, verdict, port, err);
	if (!sink->name)
		return NULL;
	if (open_sink(out, sink, err) != 0) {
		free(sink->name);
		return NULL;
	}
	out->sink_last = out->sink_cnt++;
	return sink->same ? sink->same : sink;
}

static bool
is_sink(const struct xb_output *out, const struct sink *sink, u32 verdict, struct xb_port port)
{
	return (!out->by_verdict || sink->verdict == verdict) &&
	       (!out->by_port || same_port(sink->port, port));
}

static struct sink *
find_sink(struct xb_output *out, u32 verdict, struct xb_port port, struct xb_err *err)
{
	struct sink *sink;

	if (XB_LIKELY(!out->by_verdict && !out->by_port))
		return &out->sinks[0];
	sink = &out->sinks[out->sink_last];
	if (out->sink_cnt && is_sink(out, sink, verdict, port))
		return sink->same ? sink->same : sink;
	for (u32 i = 0; i < out->sink_cnt; i++) {
		sink = &out->sinks[i];
		if (is_sink(out, sink, verdict, port)) {
			out->sink_last = i;
			return sink->same ? sink->same : sink;
		}
	}
	return new_sink(out, verdict, port, err);
}

static int
new_port(struct xb_output *out, struct sink *sink, struct xb_port port, struct xb_err *err)
{
	char name[300];
	const struct xb_writer_iface iface = {
		.name = name,
		.linktype = XB_LINKTYPE_ETHERNET,
	};

	if (sink->port_cnt == sink->port_cap) {
		u32 cap = sink->port_cap ? sink->port_cap * 2 : 4;
		struct port *p =
		        cap <= OUTPUT_MAX_PORTS ? realloc(sink->ports, cap * sizeof(*p)) : NULL;

		if (!p)
			return xb_err_set(err, XB_ERR_FILE, "more than %u interfaces",
			                  sink->port_cnt);
		sink->ports = p;
		sink->port_cap = cap;
	}
	port_name(out, port, name, sizeof(name));
	if (xb_writer_add_interface(sink->writer, &iface, err) < 0)
		return -1;
	sink->ports[sink->port_cnt] = (struct port){ .port = port };
	return (int)sink->port_cnt++;
}

/* The interface's number in the file, or -1; the packet came in by if_idx. */
static int
find_port(struct xb_output *out, struct sink *sink, struct xb_port port, u32 if_idx,
          struct xb_err *err)
{
	if (XB_LIKELY(sink->port_last < sink->port_cnt &&
	              same_port(sink->ports[sink->port_last].port, port)))
		return (int)sink->port_last;
	for (u32 i = 0; i < sink->port_cnt; i++)
		if (same_port(sink->ports[i].port, port)) {
			sink->port_last = i;
			return (int)i;
		}
	/* The interface that packets came in by is the first. */
	if (sink->port_cnt == 0 && port.kind != XB_PORT_INGRESS && !out->by_port &&
	    new_port(out, sink, (struct xb_port){ XB_PORT_INGRESS, if_idx }, err) < 0)
		return -1;
	return new_port(out, sink, port, err);
}

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
		return VERDICT_CLONE;
	return b->r->ran ? b->r->last->verdict : VERDICT_UNMATCHED;
}

static int
write_block(struct xb_output *out, const struct block *b, struct xb_err *err)
{
	u32 verdict = verdict_of(b);
	struct sink *sink = find_sink(out, verdict, b->port, err);
	struct xb_out_packet packet;
	int if_id;

	if (!sink)
		return -1;
	if_id = find_port(out, sink, b->port, b->r->pkt->if_idx, err);
	if (if_id < 0)
		return -1;
	packet.if_id = (u32)if_id;
	packet.caplen = b->bytes;
	packet.len = (u32)((s64)b->bytes + b->cut);
	packet.ts_ns = b->r->ts_ns;
	packet.data = b->data;
	packet.comments = NULL;
	packet.comment_cnt = 0;
	sink->ports[if_id].stats.received++;
	if (b->verdict && b->r->last->fate == XB_FATE_DROP)
		sink->ports[if_id].stats.dropped++;
	fill_meta(b, &packet.meta);
	if (XB_UNLIKELY(b->r->pkt->comment ||
	                (b->verdict && (b->r->last->fault || b->r->notes->cnt || b->r->lint)))) {
		packet.comments = out->comments;
		packet.comment_cnt = gather_comments(out, b->r);
	}
	return xb_writer_packet(sink->writer, &packet, err);
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
	u32 emit = out->opts.cli->emit;

	if (!r->ran) {
		if (!r->ether || out->opts.cli->unmatched_drop)
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

	return out->opts.cli->emit & (XB_EMIT_EXIT | XB_EMIT_FORWARDED) ? write_block(out, &b, err)
	                                                                : 0;
}

struct xb_output *
xb_output_open(const struct xb_output_opts *opts, struct xb_err *err)
{
	const char *name = opts->cli->write;
	struct xb_output *out = calloc(1, sizeof(*out));
	u32 sinks;

	if (!out) {
		xb_err_errno(err, ENOMEM, "%s", name);
		return NULL;
	}
	out->opts = *opts;
	out->by_verdict = has_letter(name, 'v');
	out->by_port = has_letter(name, 'i');
	sinks = out->by_verdict || out->by_port ? OUTPUT_MAX_FILES : 1;
	out->sinks = calloc(sinks, sizeof(*out->sinks));
	if (!out->sinks) {
		xb_err_errno(err, ENOMEM, "%s", name);
		goto free_output;
	}
	if (sinks == 1) {
		if (open_writer(out, &out->sinks[0], &out->opts.file, err) != 0)
			goto free_sinks;
		out->sink_cnt = 1;
	}
	if (opts->cli->write_pcap && !opts->cli->quiet)
		xb_say("%s: pcap cannot hold verdicts, interfaces and comments; pcapng can", name);
	return out;

free_sinks:
	free(out->sinks);
free_output:
	free(out);
	return NULL;
}

static int
close_sink(struct xb_output *out, struct sink *sink, struct xb_err *err)
{
	int rc = 0;

	if (sink->same) {
		free(sink->name);
		return 0;
	}
	/* A capture without an interface is none that others read. */
	if (sink->port_cnt == 0 &&
	    new_port(out, sink, (struct xb_port){ XB_PORT_INGRESS, 0 }, err) < 0)
		rc = -1;

	for (u32 i = 0; rc == 0 && i < sink->port_cnt; i++)
		rc = xb_writer_stats(sink->writer, i, &sink->ports[i].stats, err);
	if (rc == 0)
		rc = xb_writer_close(sink->writer, err);
	else
		xb_writer_close(sink->writer, &XB_ERR_INIT);
	free(sink->ports);
	free(sink->name);
	return rc;
}

int
xb_output_close(struct xb_output *out, struct xb_err *err)
{
	int rc = 0;

	if (!out)
		return 0;
	for (u32 i = 0; i < out->sink_cnt; i++) {
		struct xb_err next = XB_ERR_INIT;

		if (close_sink(out, &out->sinks[i], rc == 0 ? err : &next) != 0)
			rc = -1;
	}
	free(out->sinks);
	free(out);
	return rc;
}
