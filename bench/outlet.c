/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/outlet.h"

#include "bench/lines.h"
#include "bench/lint.h"
#include "bench/say.h"
#include "bench/summary.h"

/* What is said once. */
enum note {
	NOTE_INVALID = 1,
	NOTE_LINT = 2,
};

static bool
once(struct xb_outlet *o, enum note note)
{
	if (o->said & note || o->cli->quiet)
		return false;
	o->said |= note;
	return true;
}

bool
xb_outlet_wants_text(const struct xb_outlet *o)
{
	return o->json || o->trace || (o->output && !o->cli->write_pcap);
}

bool
xb_outlet_wants_events(const struct xb_outlet *o)
{
	return o->json != NULL;
}

bool
xb_outlet_wants_data(const struct xb_outlet *o)
{
	return o->output || o->json;
}

void
xb_outlet_fault(const struct xb_outlet *o, const struct xb_result *r, const struct xb_fault *fault)
{
	char place[512];

	if (!o->cli->verbose)
		return;
	xb_summary_place(fault->prog, fault->pc, place, sizeof(place));
	xb_say("%s: packet %llu: %s: %s, at %s", o->capture, (unsigned long long)r->n,
	       xb_fault_kind_name(fault->kind), fault->message, place);
}

int
xb_outlet_send(const struct xb_outlet *o, const struct xb_result *r,
               const struct xb_path_send *send, struct xb_err *err)
{
	return send->clone ? xb_output_clone(o->output, r, send->port, send->data, send->bytes, err)
	                   : xb_output_copy(o->output, r, send->port, send->data, send->bytes, err);
}

/* Whether the program returned what its kind does not have. */
static bool
is_odd(const struct xb_stage_run *run)
{
	if (run->fault)
		return false;
	if (run->stage->kind == XB_STAGE_XDP)
		return run->verdict == XB_VERDICT_INVALID;
	return !xb_tc_has_action(run->stage->mode, run->retval);
}

static void
note_odd(struct xb_outlet *o, const struct xb_result *r)
{
	const struct xb_stage_run *run = r->last;
	const char *fate = run->fate == XB_FATE_DROP ? "dropped" : "passed on";
	bool xdp = run->stage->kind == XB_STAGE_XDP, tc = !xdp && xb_tc_is_tc(run->stage->mode);
	const char *kind = xdp ? "XDP" : tc ? "TC" : xb_tc_mode_name(run->stage->mode);

	if (!once(o, NOTE_INVALID))
		return;
	if (run->verdict != XB_VERDICT_INVALID)
		xb_say("%s: packet %llu: the program returned %s, which with --tc-mode %s is no "
		       "action; %s",
		       o->capture, (unsigned long long)r->n, xb_verdict_name(run->verdict),
		       xb_tc_mode_name(run->stage->mode), fate);
	else
		xb_say("%s: packet %llu: the program returned %u, which is no %s action; %s%s",
		       o->capture, (unsigned long long)r->n, run->retval, kind, fate,
		       tc && run->retval > UINT16_MAX ? "; if it is a class, say --tc-mode "
		                                        "classifier"
		                                      : "");
}

/* "TCP checksum, IP length" */
static void
lint_words(u32 lint, char *buf, size_t bytes)
{
	size_t len = 0;

	buf[0] = 0;
	for (u32 i = 0; i < XB_LINT_KIND_CNT && len < bytes; i++)
		if (lint & XB_LINT_BIT(i))
			len += (size_t)snprintf(buf + len, bytes - len, "%s%s", len ? ", " : "",
			                        xb_lint_words[i]);
}

static void
note_lint(struct xb_outlet *o, const struct xb_result *r)
{
	char words[160];

	if (!once(o, NOTE_LINT))
		return;
	lint_words(r->lint, words, sizeof(words));
	xb_say("%s: packet %llu: right before the program, wrong after it: %s", o->capture,
	       (unsigned long long)r->n, words);
}

static void
trace_run(const struct xb_outlet *o, const struct xb_stage_run *run)
{
	if (o->cli->staged)
		fprintf(o->trace, " %s", xb_stage_name(run->stage->kind));
	fprintf(o->trace, " %s", xb_verdict_name(run->verdict));
}

static void
trace_ports(const struct xb_outlet *o, const struct xb_result *r)
{
	for (u32 i = 0; i < r->target_cnt; i++)
		fprintf(o->trace, ", to %s %u", xb_port_kind_name(r->targets[i].kind),
		        r->targets[i].index);
	for (u32 i = 0; i < r->clone_cnt; i++)
		fprintf(o->trace, ", clone to %s %u", xb_port_kind_name(r->clones[i].port.kind),
		        r->clones[i].port.index);
}

static void
trace_notes(const struct xb_outlet *o, const struct xb_result *r)
{
	for (u32 i = 0; i < r->notes->cnt; i++)
		if (!r->notes->notes[i].map)
			fprintf(o->trace, "    %.*s\n", (int)r->notes->notes[i].bytes,
			        (const char *)r->notes->buf + r->notes->notes[i].off);
	for (u32 i = 0; i < r->run_cnt; i++)
		if (r->runs[i].fault)
			fprintf(o->trace, "    fault: %s: %s\n",
			        xb_fault_kind_name(r->runs[i].fault->kind),
			        r->runs[i].fault->message);
}

static void
trace(const struct xb_outlet *o, const struct xb_result *r)
{
	if (!r->ran) {
		fprintf(o->trace, "%llu: not run, %u bytes\n", (unsigned long long)r->n,
		        r->pkt->caplen);
		return;
	}
	fprintf(o->trace, "%llu:", (unsigned long long)r->n);
	for (u32 i = 0; i < r->run_cnt; i++)
		trace_run(o, &r->runs[i]);
	fprintf(o->trace, ", %u bytes", r->last->bytes);
	if (!o->session->native)
		fprintf(o->trace, ", %llu instructions", (unsigned long long)r->insns);
	trace_ports(o, r);
	fputs("\n", o->trace);
	trace_notes(o, r);
}

static int
write_json(const struct xb_outlet *o, const struct xb_result *r, struct xb_err *err)
{
	const struct xb_lines_opts opts = {
		.session = o->session,
		.no_data = o->cli->no_data,
	};

	xb_lines_packet(o->json, &opts, r);
	return o->json->errnum ? xb_json_flush(o->json, err) : 0;
}

int
xb_outlet_result(struct xb_outlet *o, const struct xb_result *r, struct xb_err *err)
{
	if (XB_UNLIKELY(r->ran && is_odd(r->last)))
		note_odd(o, r);
	if (XB_UNLIKELY(r->ran && r->lint))
		note_lint(o, r);
	if (o->output && xb_output_result(o->output, r, err) != 0)
		return -1;
	if (o->json && write_json(o, r, err) != 0)
		return -1;
	if (o->trace)
		trace(o, r);
	return 0;
}
