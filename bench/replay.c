/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/replay.h"

#include "bench/lines.h"
#include "bench/lint.h"
#include "bench/path.h"
#include "bench/progress.h"
#include "bench/result.h"
#include "bench/say.h"
#include "bench/summary.h"
#include "emu/timer.h"
#include "pcaps/filter.h"
#include "pcaps/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPLAY_MAX_FILTERS 16 /* link types in one capture */
#define BOOT_BEFORE_NS                                                                             \
	1000000000000ull /* programs find the machine up for 1,000 s at the first packet */

/* A filter compiled for one link type. */
struct link_filter {
	u16 linktype;
	struct xb_filter *filter;
};

/* What is said once. */
enum note {
	NOTE_LINKTYPE = 1,
	NOTE_NO_ETHER = 2,
	NOTE_UNFIT = 4,
	NOTE_INVALID = 8,
	NOTE_LINT = 16,
};

struct replay {
	struct xb_replay_opts opts;
	struct xb_stats *stats;
	struct xb_err *err;
	struct xb_emu *emu;
	struct xb_path *path;
	struct xb_result r;
	struct xb_notes notes;
	struct xb_progress progress;
	struct link_filter filters[REPLAY_MAX_FILTERS];
	u32 filter_cnt;
	struct xb_link_ether ether;
	u64 n;                 /* packets counted, over all rounds */
	u64 shift_ns;          /* of this round's timestamps */
	u64 first_ns, last_ns; /* of this round, as captured */
	bool timed;            /* first_ns is set */
	bool has_queue;        /* the queue was given: the capture's does not count */
	u32 said;              /* enum note */
};

static bool
once(struct replay *p, enum note note)
{
	if (p->said & note || p->opts.cli->quiet)
		return false;
	p->said |= note;
	return true;
}

/* The packet as Ethernet. 0; 1 where it has no such form; -1 where the capture cannot be used. */
static int
make_ether(struct replay *p, const struct xb_packet *pkt)
{
	struct xb_xdp_in *in = &p->r.in;
	char name[XB_LINK_NAME_LEN];
	int rc;

	in->hdr_bytes = 0;
	in->data = pkt->data;
	in->bytes = pkt->caplen;
	if (XB_LIKELY(pkt->linktype == XB_LINKTYPE_ETHERNET))
		return 0;
	if (p->opts.cli->linktype_strict)
		return xb_err_set(p->err, XB_ERR_FILE, "%s: link type %s is not Ethernet",
		                  p->opts.capture, xb_link_name(pkt->linktype, name));
	rc = xb_link_to_ether(pkt->linktype, pkt->data, pkt->caplen, &p->ether, p->err);
	if (rc < 0)
		return xb_err_prefix(p->err, "%s", p->opts.capture);
	if (rc > 0) {
		if (once(p, NOTE_NO_ETHER))
			xb_say("%s: packet %llu is not run: %s", p->opts.capture,
			       (unsigned long long)p->r.n, p->err->msg);
		return 1;
	}
	if (once(p, NOTE_LINKTYPE))
		xb_say("%s: link type %s: Ethernet headers are made up", p->opts.capture,
		       xb_link_name(pkt->linktype, name));
	in->hdr = p->ether.hdr;
	in->hdr_bytes = p->ether.hdr_len;
	in->data += p->ether.strip_bytes;
	in->bytes -= p->ether.strip_bytes;
	return 0;
}

static struct xb_filter *
filter_of(struct replay *p, u16 linktype)
{
	struct link_filter *f;

	for (u32 i = 0; i < p->filter_cnt; i++)
		if (p->filters[i].linktype == linktype)
			return p->filters[i].filter;
	if (p->filter_cnt == REPLAY_MAX_FILTERS) {
		xb_err_set(p->err, XB_ERR_FILE, "%s: more than %d link types to filter",
		           p->opts.capture, REPLAY_MAX_FILTERS);
		return NULL;
	}
	f = &p->filters[p->filter_cnt];
	f->linktype = linktype;
	f->filter = xb_filter_new(p->opts.cli->filter, linktype, 0, p->err);
	if (!f->filter) {
		xb_err_prefix(p->err, "--filter");
		return NULL;
	}
	p->filter_cnt++;
	return f->filter;
}

/* Whether the packet goes through the program: 1, 0, or -1. */
static int
wanted(struct replay *p, const struct xb_packet *pkt)
{
	const struct xb_filter *filter;
	int rc = make_ether(p, pkt);
	const char *why;

	p->r.ether = rc == 0;
	if (rc != 0) {
		p->stats->unfit++;
		return rc < 0 ? -1 : 0;
	}
	if (p->opts.cli->filter) {
		filter = filter_of(p, pkt->linktype);
		if (!filter)
			return -1;
		if (!xb_filter_match(filter, pkt->data, pkt->caplen, pkt->len)) {
			p->stats->unmatched++;
			return 0;
		}
	}
	why = xb_path_unfit(p->path, &p->r);
	if (XB_UNLIKELY(why != NULL)) {
		p->stats->unfit++;
		if (once(p, NOTE_UNFIT))
			xb_say("%s: packet %llu is not run: %s", p->opts.capture,
			       (unsigned long long)p->r.n, why);
		return 0;
	}
	return 1;
}

static u64
wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (u64)ts.tv_sec * 1000000000ull + (u64)ts.tv_nsec;
}

static void note_fault(void *arg, const struct xb_fault *fault);

/* Timers fire before the packet that comes next; what they print is put down to it. */
static void
run_timers(struct replay *p, u64 now_ns)
{
	const struct xb_fault *fault;

	while ((fault = xb_timer_run_until(p->emu, now_ns)) != NULL) {
		xb_stats_fault(p->stats, fault, p->r.n);
		note_fault(p, fault);
	}
}

static void
set_clock(struct replay *p)
{
	struct xb_clock *clock = &p->emu->clock;
	u64 now_ns = clock->now_ns;

	if (p->opts.cli->clock == XB_CLOCK_CAPTURE)
		now_ns = p->r.ts_ns;
	else if (p->opts.cli->clock == XB_CLOCK_WALL)
		now_ns = wall_ns();
	run_timers(p, now_ns);
	clock->now_ns = now_ns;
}

/* Fixes when the machine was booted, at the first packet. */
static void
start_clock(struct replay *p)
{
	struct xb_clock *clock = &p->emu->clock;

	if (p->opts.cli->clock == XB_CLOCK_FIXED) {
		*clock = (struct xb_clock){ .now_ns = p->opts.cli->clock_ns };
		return;
	}
	set_clock(p);
	clock->boot_ns = clock->now_ns > BOOT_BEFORE_NS ? clock->now_ns - BOOT_BEFORE_NS : 0;
}

static void
tell_fault(const struct replay *p, const struct xb_fault *fault)
{
	char place[512];

	xb_summary_place(fault->prog, fault->pc, place, sizeof(place));
	xb_say("%s: packet %llu: %s: %s, at %s", p->opts.capture, (unsigned long long)p->r.n,
	       xb_fault_kind_name(fault->kind), fault->message, place);
}

/* For struct xb_path_opts. */
static void
note_fault(void *arg, const struct xb_fault *fault)
{
	const struct replay *p = arg;

	if (p->opts.cli->verbose)
		tell_fault(p, fault);
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
note_odd(struct replay *p)
{
	const struct xb_stage_run *run = p->r.last;
	const char *fate = run->fate == XB_FATE_DROP ? "dropped" : "passed on";
	bool xdp = run->stage->kind == XB_STAGE_XDP, tc = !xdp && xb_tc_is_tc(run->stage->mode);
	const char *kind = xdp ? "XDP" : tc ? "TC" : xb_tc_mode_name(run->stage->mode);

	if (!once(p, NOTE_INVALID))
		return;
	if (run->verdict != XB_VERDICT_INVALID)
		xb_say("%s: packet %llu: the program returned %s, which with --tc-mode %s is no "
		       "action; %s",
		       p->opts.capture, (unsigned long long)p->r.n, xb_verdict_name(run->verdict),
		       xb_tc_mode_name(run->stage->mode), fate);
	else
		xb_say("%s: packet %llu: the program returned %u, which is no %s action; %s%s",
		       p->opts.capture, (unsigned long long)p->r.n, run->retval, kind, fate,
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
note_lint(struct replay *p)
{
	char words[160];

	if (!once(p, NOTE_LINT))
		return;
	lint_words(p->r.lint, words, sizeof(words));
	xb_say("%s: packet %llu: right before the program, wrong after it: %s", p->opts.capture,
	       (unsigned long long)p->r.n, words);
}

static int
run(struct replay *p)
{
	struct xb_result *r = &p->r;

	set_clock(p);
	if (xb_path_run(p->path, r, p->err) != 0)
		return -1;
	if (XB_UNLIKELY(is_odd(r->last)))
		note_odd(p);
	if (XB_UNLIKELY(r->lint))
		note_lint(p);
	xb_session_collect(p->opts.session, &p->notes);
	return 0;
}

static void
trace_run(struct replay *p, const struct xb_stage_run *run)
{
	FILE *to = p->opts.trace;

	if (p->stats->stages)
		fprintf(to, " %s", xb_stage_name(run->stage->kind));
	fprintf(to, " %s", xb_verdict_name(run->verdict));
}

static void
trace(struct replay *p)
{
	const struct xb_result *r = &p->r;
	FILE *to = p->opts.trace;

	if (!r->ran) {
		fprintf(to, "%llu: not run, %u bytes\n", (unsigned long long)r->n, r->pkt->caplen);
		return;
	}
	fprintf(to, "%llu:", (unsigned long long)r->n);
	for (u32 i = 0; i < r->run_cnt; i++)
		trace_run(p, &r->runs[i]);
	fprintf(to, ", %u bytes, %llu instructions", r->last->bytes, (unsigned long long)r->insns);
	for (u32 i = 0; i < r->target_cnt; i++)
		fprintf(to, ", to %s %u", xb_port_kind_name(r->targets[i].kind),
		        r->targets[i].index);
	for (u32 i = 0; i < r->clone_cnt; i++)
		fprintf(to, ", clone to %s %u", xb_port_kind_name(r->clones[i].port.kind),
		        r->clones[i].port.index);
	fputs("\n", to);
	for (u32 i = 0; i < p->notes.cnt; i++)
		if (!p->notes.notes[i].map)
			fprintf(to, "    %.*s\n", (int)p->notes.notes[i].bytes,
			        (const char *)p->notes.buf + p->notes.notes[i].off);
	for (u32 i = 0; i < r->run_cnt; i++)
		if (r->runs[i].fault)
			fprintf(to, "    fault: %s: %s\n",
			        xb_fault_kind_name(r->runs[i].fault->kind),
			        r->runs[i].fault->message);
}

static int
write_json(struct replay *p)
{
	const struct xb_lines_opts opts = {
		.session = p->opts.session,
		.no_data = p->opts.cli->no_data,
	};

	xb_lines_packet(p->opts.json, &opts, &p->r);
	return p->opts.json->errnum ? xb_json_flush(p->opts.json, p->err) : 0;
}

static int
replay_packet(struct replay *p, const struct xb_packet *pkt)
{
	struct xb_result *r = &p->r;
	int rc;

	r->n = ++p->n;
	r->pkt = pkt;
	r->ts_ns = pkt->ts_ns + p->shift_ns;
	r->ran = false;
	if (!p->has_queue)
		r->in.rx_queue_index = pkt->meta.queue;
	if (p->notes.cnt)
		xb_notes_clear(&p->notes);
	p->stats->packets++;
	p->stats->bytes += pkt->caplen;
	rc = wanted(p, pkt);
	if (rc < 0)
		return -1;
	if (rc > 0 && run(p) != 0)
		return -1;
	if (p->opts.output && xb_output_result(p->opts.output, r, p->err) != 0)
		return -1;
	if (p->opts.json && write_json(p) != 0)
		return -1;
	if (p->opts.trace)
		trace(p);
	return 0;
}

static void
note_time(struct replay *p, const struct xb_packet *pkt)
{
	if (!p->timed) {
		p->timed = true;
		p->first_ns = pkt->ts_ns;
		p->last_ns = pkt->ts_ns;
		if (p->n == 0) {
			p->r.ts_ns = pkt->ts_ns;
			start_clock(p);
		}
	}
	if (pkt->ts_ns > p->last_ns)
		p->last_ns = pkt->ts_ns;
}

/* The capture once. 1: stopped; 0: at its end; -1. */
static int
replay_round(struct replay *p, u64 round)
{
	const struct xb_opts *cli = p->opts.cli;
	u64 end = cli->count && cli->count < UINT64_MAX - cli->skip ? cli->skip + cli->count
	                                                            : UINT64_MAX;
	struct xb_packet pkt;

	for (u64 i = 0; i < end; i++) {
		int rc = *p->opts.stop ? 2 : xb_reader_next(p->opts.reader, &pkt, p->err);

		if (rc != 1)
			return rc == 2 ? 1 : rc;
		if (i < cli->skip)
			continue;
		note_time(p, &pkt);
		if (replay_packet(p, &pkt) != 0)
			return -1;
		if (p->n % XB_PROGRESS_EVERY == 0)
			xb_progress_update(&p->progress, p->opts.reader, round, p->n);
	}
	return 0;
}

static int
replay_all(struct replay *p)
{
	int rc = 0;

	for (u64 round = 0; rc == 0 && round < p->opts.cli->repeat; round++) {
		if (round && xb_reader_rewind(p->opts.reader, p->err) != 0)
			return -1;
		rc = replay_round(p, round);
		/* The next round begins a microsecond after this one's last packet. */
		if (p->timed)
			p->shift_ns += p->last_ns - p->first_ns + 1000;
		p->timed = false;
		if (rc == 0 && p->n == 0)
			break;
	}
	return rc < 0 ? -1 : 0;
}

int
xb_replay_check(const struct xb_opts *cli, const struct xb_reader *reader, struct xb_err *err)
{
	const struct xb_iface *iface = xb_reader_iface(reader, 0);
	struct xb_err filter_err = XB_ERR_INIT;
	struct xb_filter *f;

	if (!cli->filter)
		return 0;
	f = xb_filter_new(cli->filter, iface ? iface->linktype : XB_LINKTYPE_ETHERNET, 0,
	                  &filter_err);
	if (!f && (iface || strstr(filter_err.msg, "syntax error"))) {
		*err = filter_err;
		return xb_err_prefix(err, "--filter");
	}
	xb_filter_free(f);
	return 0;
}

static void
init_in(struct replay *p)
{
	const struct xb_ctx_opts *ctx = &p->opts.cli->ctx;
	struct xb_xdp_in *in = &p->r.in;

	in->meta = ctx->meta_bytes ? ctx->meta : NULL;
	in->meta_bytes = ctx->meta_bytes;
	in->ingress_ifindex = xb_path_came_in_by(p->opts.cli, p->opts.session);
	in->rx_queue_index = ctx->rx_queue_index;
	p->has_queue = xb_ctx_has(ctx, "rx_queue_index");
}

static int
init(struct replay *p)
{
	const struct xb_opts *cli = p->opts.cli;
	const struct xb_path_opts path = {
		.cli = cli,
		.session = p->opts.session,
		.stats = p->stats,
		.output = p->opts.output,
		.need_data = p->opts.output || p->opts.json,
		.fault = note_fault,
		.arg = p,
	};

	p->notes.keep_events = p->opts.json != NULL;
	p->notes.keep_text = p->opts.json || p->opts.trace || (p->opts.output && !cli->write_pcap);
	p->r.notes = &p->notes;
	init_in(p);
	p->path = xb_path_open(&path, p->err);
	if (!p->path)
		return -1;
	return xb_session_listen(p->opts.session, &p->notes, !cli->no_events, p->err);
}

int
xb_replay(const struct xb_replay_opts *opts, struct xb_stats *stats, struct xb_err *err)
{
	struct replay *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return xb_err_errno(err, ENOMEM, "replay");
	p->opts = *opts;
	p->stats = stats;
	p->err = err;
	p->emu = opts->session->emu;
	xb_progress_init(&p->progress, !opts->cli->quiet && !opts->cli->no_progress,
	                 opts->cli->repeat);
	rc = init(p);
	stats->start_ns = xb_now_ns();
	if (rc == 0)
		rc = replay_all(p);
	stats->end_ns = xb_now_ns();
	stats->events = p->notes.event_cnt;
	stats->printks = p->notes.printk_cnt;
	xb_progress_clear(&p->progress);
	p->emu->hooks = (struct xb_emu_hooks){ 0 };
	for (u32 i = 0; i < p->filter_cnt; i++)
		xb_filter_free(p->filters[i].filter);
	xb_path_close(p->path);
	xb_notes_fini(&p->notes);
	free(p);
	return rc;
}
