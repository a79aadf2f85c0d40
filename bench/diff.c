/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/diff.h"

#include "bench/diff_priv.h"
#include "bench/verdict.h"
#include "emu/vcpu.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KIND_NAME(id, name) [DIFF_##id] = (name),
const char *const diff_kind_names[DIFF_KIND_CNT] = { DIFF_KIND_LIST(KIND_NAME) };
#undef KIND_NAME

static u64
clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

void
diff_set_clock(struct xb_emu *emu, u64 shift_ns)
{
	u64 now = clock_ns(CLOCK_REALTIME), up = clock_ns(CLOCK_MONOTONIC);

	*xb_emu_clock(emu, 0) = (struct xb_clock){ .now_ns = now + shift_ns, .boot_ns = now - up };
}

struct xb_diff *
xb_diff_open(const struct xb_diff_opts *opts, struct xb_err *err)
{
	struct xb_diff *d = calloc(1, sizeof(*d));
	const struct xb_object *o = opts->session->objects[0];

	if (!d) {
		xb_err_errno(err, ENOMEM, "diff");
		return NULL;
	}
	d->opts = *opts;
	d->prog_fd = bpf_program__fd(o->chosen);
	d->may = d->twin.may = xb_varies(o);
	if (d->may.kinds & XB_VARIES_MAPS)
		d->asked = d->may;
	d->notes.keep_events = d->native_notes.keep_events = d->twin.notes.keep_events = true;
	d->first = open_memstream(&d->first_text, &d->first_bytes);
	d->first_map = open_memstream(&d->first_map_text, &d->first_map_bytes);
	d->aside = open_memstream(&d->aside_text, &d->aside_bytes);
	if (!d->first || !d->first_map || !d->aside) {
		xb_err_errno(err, ENOMEM, "diff");
	} else if (xb_testrun_out_init(&d->out, err) == 0 && diff_twin_open(d, err) == 0) {
		opts->session->diff = d;
		return d;
	}
	xb_diff_close(d);
	return NULL;
}

void
xb_diff_close(struct xb_diff *d)
{
	if (!d)
		return;
	if (d->opts.session->diff == d)
		d->opts.session->diff = NULL;
	diff_twin_close(d);
	xb_testrun_out_fini(&d->out);
	xb_notes_fini(&d->notes);
	xb_notes_fini(&d->native_notes);
	if (d->first)
		fclose(d->first);
	if (d->first_map)
		fclose(d->first_map);
	if (d->aside)
		fclose(d->aside);
	free(d->aside_text);
	free(d->first_text);
	free(d->first_map_text);
	free(d);
}

int
xb_diff_listen(struct xb_diff *d, struct xb_err *err)
{
	struct xb_session *s = d->opts.session;

	s->emu->hooks = (struct xb_emu_hooks){ .arg = &d->notes };
	if (!d->opts.cli->no_events)
		s->emu->hooks.event = xb_notes_event;
	return diff_twin_listen(d, err);
}

struct xb_notes *
xb_diff_native_notes(struct xb_diff *d)
{
	return &d->native_notes;
}

static void
run_emu(struct xb_diff *d, const struct xb_testrun_in *in)
{
	struct xb_session *s = d->opts.session;
	struct xb_emu *was;

	xb_notes_clear(&d->notes);
	diff_set_clock(s->emu, 0);
	was = xb_emu_enter(s->emu);
	xb_testrun(d->prog_fd, in, &d->out);
	xb_emu_enter(was);
	xb_session_collect(s, &d->notes);
}

/* One of the two took the packet, or neither: then there is nothing to compare. */
static bool
is_refused(struct diff_packet *p)
{
	if (!p->emu->err && !p->native->err)
		return false;
	p->differs[DIFF_REFUSED] = !p->emu->err != !p->native->err;
	return true;
}

static void
write_line(struct xb_json *j, const struct diff_packet *p, enum diff_kind kind, bool unsure)
{
	xb_json_open_object(j, NULL);
	xb_json_string(j, "type", "difference");
	xb_json_u64(j, "n", p->r->n);
	xb_json_string(j, "kind", diff_kind_names[kind]);
	if (unsure)
		xb_json_bool(j, "comparable", false);
	if (kind == DIFF_VERDICT) {
		xb_json_u64(j, "emulator", p->emu->retval);
		xb_json_u64(j, "kernel", p->native->retval);
	}
	if (kind == DIFF_BYTES) {
		xb_json_hex(j, "emulator", p->emu->data, p->emu->bytes, NULL, 0);
		xb_json_hex(j, "kernel", p->native->data, p->native->bytes, NULL, 0);
	}
	xb_json_close_object(j);
	xb_json_newline(j);
}

/* What differs with the clock, or may be anything's fault, is counted by itself. */
static void
count(struct diff_packet *p)
{
	struct xb_diff *d = p->d;
	bool any = false, sure = false;

	for (u32 i = 0; i < DIFF_PACKET_KINDS; i++) {
		bool unsure = p->varies[i] || diff_unsure(d);

		if (!p->differs[i])
			continue;
		any = true;
		sure |= !unsure;
		d->counts[i] += !unsure;
		d->unsure[i] += unsure;
		if (d->opts.json)
			write_line(d->opts.json, p, (enum diff_kind)i, unsure);
	}
	d->alike += !any;
	if (sure && !d->explained) {
		d->explained = true;
		diff_explain(p, d->first);
	}
}

static void
ask(struct xb_diff *d)
{
	d->asked.kinds |= d->twin.asked.kinds;
	d->asked.rows |= d->twin.asked.rows;
}

void
xb_diff_packet(struct xb_diff *d, const struct xb_result *r, const struct xb_testrun_out *out)
{
	struct diff_packet p = {
		.d = d,
		.r = r,
		.in = xb_native_in(d->opts.session->native),
		.emu = &d->out,
		.native = out,
		.emu_notes = &d->notes,
	};

	run_emu(d, p.in);
	d->twin.ran = false;
	if (is_refused(&p) && !p.differs[DIFF_REFUSED]) {
		d->refused++;
		return;
	}
	d->compared++;
	if (!p.emu->err)
		diff_twin_run(d, p.in);
	if (d->twin.ran)
		ask(d);
	if (d->twin.ran && !d->twin.spent && d->asked.kinds & XB_VARIES_CLOCK)
		p.twin = &d->twin.out;
	if (!p.differs[DIFF_REFUSED])
		diff_compare(&p);
	count(&p);
	xb_notes_clear(&d->native_notes);
}

bool
xb_diff_differs(const struct xb_diff *d)
{
	for (u32 i = 0; i < DIFF_KIND_CNT; i++)
		if (d->counts[i])
			return true;
	return false;
}

static void
report_counts(const struct xb_diff *d, FILE *text)
{
	fprintf(text, "\n  %-20s %14s\n", "difference", "packets");
	for (u32 i = 0; i < DIFF_PACKET_KINDS; i++)
		if (d->counts[i])
			fprintf(text, "  %-20s %14llu\n", diff_kind_names[i],
			        (unsigned long long)d->counts[i]);
	if (d->counts[DIFF_MAP])
		fprintf(text, "  %-20s %14llu elements\n", "maps",
		        (unsigned long long)d->counts[DIFF_MAP]);
}

static void
report_unsure(const struct xb_diff *d, FILE *text)
{
	char names[1024];

	if (d->asked.kinds)
		fprintf(text, "\n  not comparable: %s\n",
		        xb_varies_text(d->asked, names, sizeof(names)));
	for (u32 i = 0; i < DIFF_KIND_CNT; i++)
		if (d->unsure[i])
			fprintf(text, "  %-20s %14llu differ, and may do so for that\n",
			        diff_kind_names[i], (unsigned long long)d->unsure[i]);
}

static void
report_json(const struct xb_diff *d, const struct xb_stats *stats)
{
	struct xb_json *j = d->opts.json;
	char names[1024];

	xb_json_open_object(j, NULL);
	xb_json_string(j, "type", "diff");
	xb_json_u64(j, "packets", stats->packets);
	xb_json_u64(j, "compared", d->compared);
	xb_json_u64(j, "alike", d->alike);
	xb_json_u64(j, "refused", d->refused);
	xb_json_u64(j, "elements", d->elems);
	xb_json_open_object(j, "differences");
	for (u32 i = 0; i < DIFF_KIND_CNT; i++)
		if (d->counts[i])
			xb_json_u64(j, diff_kind_names[i], d->counts[i]);
	xb_json_close_object(j);
	if (d->asked.kinds)
		xb_json_string(j, "not_comparable", xb_varies_text(d->asked, names, sizeof(names)));
	xb_json_close_object(j);
	xb_json_newline(j);
}

void
xb_diff_report(struct xb_diff *d, const struct xb_stats *stats, FILE *text)
{
	const struct xb_session *s = d->opts.session;
	bool differs = xb_diff_differs(d);

	if (d->opts.json)
		report_json(d, stats);
	fflush(d->first);
	fflush(d->first_map);
	fflush(d->aside);
	if (d->opts.cli->quiet && !differs)
		return;
	fprintf(text,
	        "%s: %s: %llu packets and %llu elements of maps compared with the kernel: %s\n",
	        s->objects[0]->opts.path, s->objects[0]->prog->func_name,
	        (unsigned long long)d->compared, (unsigned long long)d->elems,
	        differs ? "they differ" : "no difference");
	if (d->refused)
		fprintf(text, "  %llu packets are refused by the test runs of both\n",
		        (unsigned long long)d->refused);
	if (differs)
		report_counts(d, text);
	report_unsure(d, text);
	if (d->aside_bytes)
		fputs(d->aside_text, text);
	if (d->first_text && d->first_bytes)
		fprintf(text, "\n%s", d->first_text);
	if (d->first_map_text && d->first_map_bytes)
		fprintf(text, "\n%s", d->first_map_text);
}
