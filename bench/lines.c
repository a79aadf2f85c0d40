/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/lines.h"

#include "bench/ctx.h"
#include "bench/lint.h"
#include "bench/mapjson.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

static void
write_xdp_redirect(struct xb_json *j, const struct xb_session *s, const struct xb_result *r,
                   const struct xb_redirect *to)
{
	xb_json_open_object(j, "redirect");
	xb_json_string(j, "kind", xb_redirect_kind_name(to->kind));
	if (to->map) {
		xb_json_string(j, "map", xb_session_map_name(s, to->map));
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
write_nexthop(struct xb_json *j, const struct bpf_redir_neigh *nh)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (nh->nh_family == AF_INET)
		inet_ntop(AF_INET, &nh->ipv4_nh, text, sizeof(text));
	else if (nh->nh_family == AF_INET6)
		inet_ntop(AF_INET6, nh->ipv6_nh, text, sizeof(text));
	xb_json_string(j, "nexthop", text);
}

static void
write_skb_redirect(struct xb_json *j, const struct xb_skb_redirect *to)
{
	xb_json_open_object(j, "redirect");
	xb_json_string(j, "kind", xb_skb_redirect_kind_name(to->kind));
	xb_json_u64(j, "ifindex", to->ifindex);
	xb_json_bool(j, "ingress", to->ingress);
	if (to->has_nexthop)
		write_nexthop(j, &to->nexthop);
	xb_json_u64(j, "flags", to->flags);
	xb_json_close_object(j);
}

static void
write_redirect(struct xb_json *j, const struct xb_session *s, const struct xb_result *r,
               const struct xb_stage_run *run)
{
	if (run->stage->kind != XB_STAGE_XDP) {
		if (run->skb.redirect.kind != XB_SKB_REDIRECT_NONE)
			write_skb_redirect(j, &run->skb.redirect);
	} else if (run->xdp.redirect.kind != XB_REDIRECT_NONE) {
		write_xdp_redirect(j, s, r, &run->xdp.redirect);
	}
}

static void
write_ctx(struct xb_json *j, const struct xb_result *r, const struct xb_stage_run *run)
{
	if (run->stage->kind != XB_STAGE_XDP) {
		xb_ctx_write_skb(j, &run->skb);
		return;
	}
	xb_json_open_object(j, "ctx");
	xb_json_u64(j, "ingress_ifindex", r->in.ingress_ifindex);
	xb_json_u64(j, "rx_queue_index", r->in.rx_queue_index);
	if (run->xdp.meta_bytes)
		xb_json_hex(j, "data_meta", run->xdp.meta, run->xdp.meta_bytes, NULL, 0);
	xb_json_close_object(j);
}

static void
write_flow_addrs(struct xb_json *j, const struct bpf_flow_keys *keys)
{
	bool v6 = keys->addr_proto == ETH_P_IPV6;
	char src[INET6_ADDRSTRLEN] = "", dst[INET6_ADDRSTRLEN] = "";

	if (!v6 && keys->addr_proto != ETH_P_IP)
		return;
	inet_ntop(v6 ? AF_INET6 : AF_INET, keys->ipv6_src, src, sizeof(src));
	if (v6)
		inet_ntop(AF_INET6, keys->ipv6_dst, dst, sizeof(dst));
	else
		inet_ntop(AF_INET, &keys->ipv4_dst, dst, sizeof(dst));
	xb_json_string(j, v6 ? "ipv6_src" : "ipv4_src", src);
	xb_json_string(j, v6 ? "ipv6_dst" : "ipv4_dst", dst);
}

/* What a flow dissector left; ports and labels in host order. */
static void
write_flow_keys(struct xb_json *j, const struct bpf_flow_keys *keys)
{
	xb_json_open_object(j, "flow_keys");
	xb_json_u64(j, "nhoff", keys->nhoff);
	xb_json_u64(j, "thoff", keys->thoff);
	xb_json_u64(j, "addr_proto", keys->addr_proto);
	xb_json_bool(j, "is_frag", keys->is_frag);
	xb_json_bool(j, "is_first_frag", keys->is_first_frag);
	xb_json_bool(j, "is_encap", keys->is_encap);
	xb_json_u64(j, "ip_proto", keys->ip_proto);
	xb_json_u64(j, "n_proto", keys->n_proto);
	xb_json_u64(j, "sport", ntohs(keys->sport));
	xb_json_u64(j, "dport", ntohs(keys->dport));
	write_flow_addrs(j, keys);
	xb_json_u64(j, "flags", keys->flags);
	xb_json_u64(j, "flow_label", ntohl(keys->flow_label));
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
write_events(struct xb_json *j, const struct xb_session *s, const struct xb_notes *notes)
{
	bool open = false;

	for (u32 i = 0; i < notes->cnt; i++) {
		if (!notes->notes[i].map)
			continue;
		if (!open)
			xb_json_open_array(j, "events");
		open = true;
		xb_json_open_object(j, NULL);
		xb_json_string(j, "map", xb_session_map_name(s, notes->notes[i].map));
		xb_json_hex(j, "data", notes->buf + notes->notes[i].off, notes->notes[i].bytes,
		            NULL, 0);
		xb_json_close_object(j);
	}
	if (open)
		xb_json_close_array(j);
}

/* Whether the packet left with other bytes than it came with. */
static bool
is_changed(const struct xb_result *r)
{
	const struct xb_stage_run *last = r->last;

	if (!r->changed)
		return false;
	if (last->bytes != r->in.hdr_bytes + r->in.bytes)
		return true;
	return memcmp(last->data, r->in.hdr_bytes ? r->in.hdr : last->data, r->in.hdr_bytes) != 0 ||
	       memcmp(last->data + r->in.hdr_bytes, r->in.data, r->in.bytes) != 0;
}

/* The class that a classifier chose, as tc writes it: "1:10". */
static void
write_classid(struct xb_json *j, const struct xb_stage_run *run)
{
	u32 classid = run->retval;

	if (run->stage->kind == XB_STAGE_XDP || run->stage->mode != XB_TC_CLASSIFIER ||
	    classid == 0 || run->fault)
		return;
	if (classid == UINT32_MAX)
		xb_json_string(j, "classid", "default");
	else
		xb_json_printf(j, "classid", "\"%x:%x\"", classid >> 16, classid & 0xffff);
}

/* What each stage has of its own. */
static void
write_stage(struct xb_json *j, const struct xb_session *s, const struct xb_result *r,
            const struct xb_stage_run *run)
{
	xb_json_open_object(j, NULL);
	xb_json_string(j, "stage", xb_stage_name(run->stage->kind));
	xb_json_string(j, "verdict", xb_verdict_name(run->verdict));
	xb_json_u64(j, "retval", run->retval);
	write_classid(j, run);
	xb_json_s64(j, "head_delta", xb_stage_head_delta(run));
	xb_json_s64(j, "tail_delta", xb_stage_tail_delta(run));
	xb_json_u64(j, "insns", run->insns);
	write_redirect(j, s, r, run);
	if (run->fault)
		write_fault(j, run->fault);
	xb_json_close_object(j);
}

static void
write_stages(struct xb_json *j, const struct xb_session *s, const struct xb_result *r)
{
	xb_json_open_array(j, "stages");
	for (u32 i = 0; i < r->run_cnt; i++)
		write_stage(j, s, r, &r->runs[i]);
	xb_json_close_array(j);
}

static void
write_clones(struct xb_json *j, const struct xb_lines_opts *opts, const struct xb_result *r)
{
	xb_json_open_array(j, "clones");
	for (u32 i = 0; i < r->clone_cnt; i++) {
		const struct xb_result_clone *c = &r->clones[i];

		xb_json_open_object(j, NULL);
		xb_json_u64(j, xb_port_kind_name(c->port.kind), c->port.index);
		xb_json_u64(j, "len", c->bytes);
		if (c->dropped)
			xb_json_bool(j, "dropped", true);
		if (!opts->no_data)
			xb_json_hex(j, "data", r->clone_buf + c->off, c->bytes, NULL, 0);
		xb_json_close_object(j);
	}
	xb_json_close_array(j);
}

static void
write_lint(struct xb_json *j, u32 lint)
{
	xb_json_open_array(j, "lint");
	for (u32 i = 0; i < XB_LINT_KIND_CNT; i++)
		if (lint & XB_LINT_BIT(i))
			xb_json_string(j, NULL, xb_lint_names[i]);
	xb_json_close_array(j);
}

/* How far the packet's front and end moved on its whole way. */
static void
write_deltas(struct xb_json *j, const struct xb_result *r)
{
	s64 head = 0, tail = 0;

	for (u32 i = 0; i < r->run_cnt; i++) {
		head += xb_stage_head_delta(&r->runs[i]);
		tail += xb_stage_tail_delta(&r->runs[i]);
	}
	xb_json_s64(j, "head_delta", head);
	xb_json_s64(j, "tail_delta", tail);
}

static void
write_run(struct xb_json *j, const struct xb_lines_opts *opts, const struct xb_result *r)
{
	const struct xb_stage_run *last = r->last;

	xb_json_string(j, "verdict", xb_verdict_name(last->verdict));
	xb_json_u64(j, "retval", last->retval);
	write_classid(j, last);
	xb_json_u64(j, "out_len", last->bytes);
	if (!opts->no_data)
		xb_json_hex(j, "data", last->data, last->bytes, NULL, 0);
	if (!opts->session->native) /* whose test run does not tell */
		write_deltas(j, r);
	xb_json_bool(j, "changed", is_changed(r));
	if (!opts->session->native)
		xb_json_u64(j, "insns", r->insns);
	xb_json_u64(j, "cpu", r->vcpu);
	if (opts->session->object_cnt > 1)
		write_stages(j, opts->session, r);
	else
		write_redirect(j, opts->session, r, last);
	if (last->stage->kind != XB_STAGE_XDP && last->skb.flow_keys)
		write_flow_keys(j, last->skb.flow_keys);
	else if (opts->session->native && last->stage->kind != XB_STAGE_XDP)
		xb_ctx_write_returned(j, last->skb.ctx, last->bytes);
	else
		write_ctx(j, r, last);
	if (r->clone_cnt)
		write_clones(j, opts, r);
	if (r->notes->cnt) {
		write_printk(j, r->notes);
		write_events(j, opts->session, r->notes);
	}
	if (r->lint)
		write_lint(j, r->lint);
	if (last->fault)
		write_fault(j, last->fault);
	/* Where no other tool's test run would have taken the packet. */
	if (last->stage->kind != XB_STAGE_XDP && r->in.hdr_bytes + r->in.bytes < ETH_HLEN)
		xb_json_bool(j, "short", true);
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

void
xb_lines_context(struct xb_json *j, const struct xb_lines_context *line, const char *after,
                 size_t bytes)
{
	xb_json_open_object(j, NULL);
	xb_json_string(j, "type", "context");
	xb_json_u64(j, "n", 1);
	if (!line->fault)
		xb_json_u64(j, "retval", line->r0);
	xb_json_u64(j, "insns", line->insns);
	xb_json_u64(j, "cpu", 0);
	xb_json_raw(j, "context", after, bytes);
	write_printk(j, line->notes);
	write_events(j, line->session, line->notes);
	if (line->fault)
		write_fault(j, line->fault);
	xb_json_close_object(j);
	xb_json_newline(j);
}

struct maps {
	struct xb_json *j;
	struct xb_err *err;
};

static int
write_map(void *arg, const struct xb_object_map *map)
{
	const struct maps *m = arg;

	if (xb_mapjson_write(m->j, map->map, map->name, m->err) != 0)
		return -1;
	xb_json_newline(m->j);
	return 0;
}

int
xb_lines_maps(struct xb_json *j, const struct xb_session *s, struct xb_err *err)
{
	struct maps m = { .j = j, .err = err };

	return xb_session_each_map(s, write_map, &m);
}

static void
write_verdicts(struct xb_json *j, const u64 *verdicts)
{
	xb_json_open_object(j, "verdicts");
	for (u32 v = 0; v < XB_VERDICT_CNT; v++)
		if (verdicts[v])
			xb_json_u64(j, xb_verdict_name(v), verdicts[v]);
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

static void
write_insns(struct xb_json *j, const struct xb_insn_stats *i)
{
	xb_json_open_object(j, "insns");
	xb_json_u64(j, "total", i->total);
	xb_json_u64(j, "p50", xb_stats_percentile(i, 50));
	xb_json_u64(j, "p99", xb_stats_percentile(i, 99));
	xb_json_u64(j, "max", i->max);
	if (i->runs)
		xb_json_u64(j, "max_packet", i->max_packet);
	xb_json_close_object(j);
}

static void
write_stage_summary(struct xb_json *j, const struct xb_stage *stage, const struct xb_stage_stats *s)
{
	xb_json_open_object(j, NULL);
	xb_json_string(j, "stage", xb_stage_name(stage->kind));
	xb_json_string(j, "object", stage->object->opts.path);
	xb_json_string(j, "prog", stage->prog->func_name);
	xb_json_u64(j, "runs", s->runs);
	write_verdicts(j, s->verdicts);
	xb_json_u64(j, "faults", s->faults);
	write_insns(j, &s->insns);
	xb_json_close_object(j);
}

static void
write_lint_summary(struct xb_json *j, const struct xb_stats *s)
{
	if (!s->linted)
		return;
	xb_json_open_object(j, "lint");
	xb_json_u64(j, "packets", s->linted);
	for (u32 i = 0; i < XB_LINT_KIND_CNT; i++)
		write_count(j, xb_lint_names[i], s->lints[i]);
	xb_json_close_object(j);
}

void
xb_lines_summary(struct xb_json *j, const struct xb_session *session, const struct xb_stats *s)
{
	xb_json_open_object(j, NULL);
	xb_json_string(j, "type", "summary");
	xb_json_u64(j, "packets", s->packets);
	xb_json_u64(j, "bytes", s->bytes);
	xb_json_printf(j, "seconds", "%.6f", (double)(s->end_ns - s->start_ns) / 1e9);
	xb_json_string(j, "engine", session->native ? "kernel" : "interp");
	xb_json_u64(j, "cpus", session->native ? 1 : session->emu->cpu_cnt);
	write_verdicts(j, s->verdicts);
	xb_json_u64(j, "faults", s->faults);
	write_targets(j, s);
	write_count(j, "unmatched", s->unmatched);
	write_count(j, "truncated", s->truncated);
	write_count(j, "unfit", s->unfit);
	write_count(j, "redirected_nowhere", s->nowhere);
	write_count(j, "clones", s->clones);
	write_lint_summary(j, s);
	if (!session->native)
		write_insns(j, &s->insns);
	if (s->stages) {
		xb_json_open_array(j, "stages");
		for (u32 i = 0; i < XB_STAGE_CNT; i++)
			if (session->stages[i].object)
				write_stage_summary(j, &session->stages[i], &s->stages[i]);
		xb_json_close_array(j);
	}
	xb_json_close_object(j);
	xb_json_newline(j);
}
