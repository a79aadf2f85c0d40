/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/lines.h"

#include "bench/mapjson.h"

#include <stdio.h>
#include <string.h>

static void
write_redirect(struct xb_json *j, const struct xb_object *o, const struct xb_result *r)
{
	const struct xb_redirect *to = &r->out.redirect;

	xb_json_open_object(j, "redirect");
	xb_json_string(j, "kind", xb_redirect_kind_name(to->kind));
	if (to->map) {
		xb_json_string(j, "map", xb_object_map_name(o, to->map));
		if (!(to->flags & BPF_F_BROADCAST))
			xb_json_u64(j, "key", to->key);
	}
	if (to->flags & BPF_F_BROADCAST) {
		xb_json_open_array(j, "ifindexes");
		for (u32 i = 0; i < r->target_cnt; i++)
			xb_json_u64(j, NULL, r->targets[i].index);
		xb_json_close_array(j);
	} else if (to->kind == XB_REDIRECT_CPUMAP) {
		xb_json_u64(j, "cpu", to->index);
	} else if (to->kind == XB_REDIRECT_XSKMAP) {
		xb_json_u64(j, "socket", to->index);
	} else {
		xb_json_u64(j, "ifindex", to->index);
	}
	xb_json_u64(j, "flags", to->flags);
	xb_json_close_object(j);
}

static void
write_ctx(struct xb_json *j, const struct xb_result *r)
{
	xb_json_open_object(j, "ctx");
	xb_json_u64(j, "ingress_ifindex", r->in.ingress_ifindex);
	xb_json_u64(j, "rx_queue_index", r->in.rx_queue_index);
	if (r->out.meta_bytes)
		xb_json_hex(j, "data_meta", r->out.meta, r->out.meta_bytes, NULL, 0);
	xb_json_close_object(j);
}

static void
write_fault(struct xb_json *j, const struct xb_fault *fault)
{
	const struct xb_line *line = xb_prog_line(fault->prog, fault->pc);

	xb_json_open_object(j, "fault");
	xb_json_string(j, "kind", xb_fault_kind_name(fault->kind));
	if (fault->bytes) {
		xb_json_printf(j, "address", "\"0x%llx\"", (unsigned long long)fault->gaddr);
		xb_json_u64(j, "size", fault->bytes);
	}
	if (fault->object[0])
		xb_json_string(j, "object", fault->object);
	xb_json_string(j, "message", fault->message);
	xb_json_u64(j, "insn", fault->pc);
	xb_json_string(j, "func", xb_prog_func_name(fault->prog, fault->pc));
	if (line) {
		xb_json_string(j, "file", line->file);
		xb_json_u64(j, "line", line->line);
	}
	xb_json_close_object(j);
}

static void
write_printk(struct xb_json *j, const struct xb_notes *notes)
{
	bool open = false;

	for (u32 i = 0; i < notes->cnt; i++) {
		if (notes->notes[i].map)
			continue;
		if (!open)
			xb_json_open_array(j, "printk");
		open = true;
		xb_json_string_n(j, NULL, (const char *)notes->buf + notes->notes[i].off,
		                 notes->notes[i].bytes);
	}
	if (open)
		xb_json_close_array(j);
}

static void
write_events(struct xb_json *j, const struct xb_object *o, const struct xb_notes *notes)
{
	bool open = false;

	for (u32 i = 0; i < notes->cnt; i++) {
		if (!notes->notes[i].map)
			continue;
		if (!open)
			xb_json_open_array(j, "events");
		open = true;
		xb_json_open_object(j, NULL);
		xb_json_string(j, "map", xb_object_map_name(o, notes->notes[i].map));
		xb_json_hex(j, "data", notes->buf + notes->notes[i].off, notes->notes[i].bytes,
		            NULL, 0);
		xb_json_close_object(j);
	}
	if (open)
		xb_json_close_array(j);
}

/* Whether the program left other bytes than it found. */
static bool
is_changed(const struct xb_result *r)
{
	const struct xb_xdp_out *out = &r->out;

	if (!out->changed)
		return false;
	if (out->head_delta || out->bytes != r->in.hdr_bytes + r->in.bytes)
		return true;
	return memcmp(r->data, r->in.hdr_bytes ? r->in.hdr : r->data, r->in.hdr_bytes) != 0 ||
	       memcmp(r->data + r->in.hdr_bytes, r->in.data, r->in.bytes) != 0;
}

static void
write_run(struct xb_json *j, const struct xb_lines_opts *opts, const struct xb_result *r)
{
	const struct xb_xdp_out *out = &r->out;

	xb_json_string(j, "verdict", xb_verdict_name(r->verdict));
	xb_json_u64(j, "retval", out->retval);
	xb_json_u64(j, "out_len", out->bytes);
	if (!opts->no_data)
		xb_json_hex(j, "data", r->data, out->bytes, NULL, 0);
	xb_json_s64(j, "head_delta", out->head_delta);
	xb_json_s64(j, "tail_delta", out->tail_delta);
	xb_json_bool(j, "changed", is_changed(r));
	xb_json_u64(j, "insns", out->insns);
	xb_json_u64(j, "cpu", 0);
	if (out->redirect.kind != XB_REDIRECT_NONE)
		write_redirect(j, opts->object, r);
	write_ctx(j, r);
	if (r->notes->cnt) {
		write_printk(j, r->notes);
		write_events(j, opts->object, r->notes);
	}
	if (out->fault)
		write_fault(j, out->fault);
}

void
xb_lines_packet(struct xb_json *j, const struct xb_lines_opts *opts, const struct xb_result *r)
{
	xb_json_open_object(j, NULL);
	xb_json_string(j, "type", "packet");
	xb_json_u64(j, "n", r->n);
	xb_json_printf(j, "ts", "\"%llu.%09llu\"", (unsigned long long)(r->ts_ns / 1000000000),
	               (unsigned long long)(r->ts_ns % 1000000000));
	xb_json_u64(j, "caplen", r->pkt->caplen);
	xb_json_u64(j, "len", r->pkt->len);
	if (r->ran)
		write_run(j, opts, r);
	xb_json_close_object(j);
	xb_json_newline(j);
}

int
xb_lines_maps(struct xb_json *j, const struct xb_object *o, struct xb_err *err)
{
	for (u32 i = 0; i < o->map_cnt; i++) {
		if (xb_mapjson_write(j, o->maps[i].map, o->maps[i].name, err) != 0)
			return -1;
		xb_json_newline(j);
	}
	return 0;
}

static void
write_verdicts(struct xb_json *j, const struct xb_stats *s)
{
	xb_json_open_object(j, "verdicts");
	for (u32 v = 0; v < XB_VERDICT_CNT; v++)
		if (s->verdicts[v])
			xb_json_u64(j, xb_verdict_name(v), s->verdicts[v]);
	xb_json_close_object(j);
}

static void
write_targets(struct xb_json *j, const struct xb_stats *s)
{
	if (!s->target_cnt)
		return;
	xb_json_open_array(j, "redirects");
	for (u32 i = 0; i < s->target_cnt; i++) {
		const struct xb_target_stats *t = &s->targets[i];

		xb_json_open_object(j, NULL);
		xb_json_u64(j, xb_port_kind_name(t->port.kind), t->port.index);
		xb_json_u64(j, "packets", t->packets);
		xb_json_u64(j, "bytes", t->bytes);
		xb_json_close_object(j);
	}
	xb_json_close_array(j);
}

static void
write_count(struct xb_json *j, const char *key, u64 count)
{
	if (count)
		xb_json_u64(j, key, count);
}

void
xb_lines_summary(struct xb_json *j, const struct xb_stats *s)
{
	xb_json_open_object(j, NULL);
	xb_json_string(j, "type", "summary");
	xb_json_u64(j, "packets", s->packets);
	xb_json_u64(j, "bytes", s->bytes);
	xb_json_printf(j, "seconds", "%.6f", (double)(s->end_ns - s->start_ns) / 1e9);
	xb_json_string(j, "engine", "interp");
	xb_json_u64(j, "cpus", 1);
	write_verdicts(j, s);
	xb_json_u64(j, "faults", s->faults);
	write_targets(j, s);
	write_count(j, "unmatched", s->unmatched);
	write_count(j, "truncated", s->truncated);
	write_count(j, "unfit", s->unfit);
	write_count(j, "redirected_nowhere", s->nowhere);
	xb_json_open_object(j, "insns");
	xb_json_u64(j, "total", s->insns.total);
	xb_json_u64(j, "p50", xb_stats_percentile(&s->insns, 50));
	xb_json_u64(j, "p99", xb_stats_percentile(&s->insns, 99));
	xb_json_u64(j, "max", s->insns.max);
	if (s->insns.runs)
		xb_json_u64(j, "max_packet", s->insns.max_packet);
	xb_json_close_object(j);
	xb_json_close_object(j);
	xb_json_newline(j);
}
