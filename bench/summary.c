/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/summary.h"

#include "bench/lint.h"

#include <string.h>

#define SITES_SHOWN 5

static const char *
amount(u64 bytes, char buf[32])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)bytes;
	size_t unit = 0;

	while (v >= 1000 && unit + 1 < XB_ARRAY_SIZE(units)) {
		v /= 1000;
		unit++;
	}
	snprintf(buf, 32, unit ? "%.1f %s" : "%.0f %s", v, units[unit]);
	return buf;
}

static double
seconds(const struct xb_stats *s)
{
	return (double)(s->end_ns - s->start_ns) / 1e9;
}

static void
print_head(FILE *to, const struct xb_summary_opts *opts, const struct xb_stats *s)
{
	const struct xb_session *session = opts->session;
	const char *between = "";
	double sec = seconds(s);
	char buf[32];

	for (u32 i = 0; i < XB_STAGE_CNT; i++) {
		const struct xb_stage *stage = &session->stages[i];

		if (!stage->object)
			continue;
		fprintf(to, "%s%s: %s", between, stage->object->opts.path, stage->prog->func_name);
		between = ", ";
	}
	fprintf(to, "%s: %llu packet%s, %s, %.3f s", opts->interrupted ? " (interrupted)" : "",
	        (unsigned long long)s->packets, s->packets == 1 ? "" : "s", amount(s->bytes, buf),
	        sec);
	if (sec > 0 && s->packets)
		fprintf(to, ", %.0f packets/s", (double)s->packets / sec);
	fputs("\n", to);
}

static void
print_row(FILE *to, const char *name, u64 count, u64 total)
{
	int width = (int)strlen(name) < 20 ? 14 : 34 - (int)strlen(name);

	fprintf(to, "  %-20s %*llu %6.1f%%\n", name, width, (unsigned long long)count,
	        (double)count * 100 / (double)total);
}

static void
print_verdict_rows(FILE *to, const u64 *verdicts, u64 total)
{
	for (u32 v = 0; v < XB_VERDICT_CNT; v++)
		if (verdicts[v])
			print_row(to, xb_verdict_name(v), verdicts[v], total);
}

static void
print_verdicts(FILE *to, const struct xb_stats *s)
{
	if (!s->packets)
		return;
	fprintf(to, "\n  %-20s %14s %7s\n", "verdict", "packets", "share");
	print_verdict_rows(to, s->verdicts, s->packets);
	if (s->unmatched)
		print_row(to, "(not matched by -f)", s->unmatched, s->packets);
	if (s->unfit)
		print_row(to, "(not run)", s->unfit, s->packets);
}

/* Each stage by itself, where there are several. */
static void
print_stages(FILE *to, const struct xb_stats *s)
{
	for (u32 i = 0; s->stages && i < XB_STAGE_CNT; i++) {
		const struct xb_stage_stats *stage = &s->stages[i];

		if (!stage->runs)
			continue;
		fprintf(to, "\n  %-20s %14s %7s\n", xb_stage_name((enum xb_stage_kind)i), "runs",
		        "share");
		print_verdict_rows(to, stage->verdicts, stage->runs);
	}
}

static void
print_clones(FILE *to, const struct xb_stats *s)
{
	if (s->clones)
		fprintf(to, "\n  %llu clone%s sent off, counted with the targets above\n",
		        (unsigned long long)s->clones, s->clones == 1 ? " was" : "s were");
}

static void
print_lint(FILE *to, const struct xb_stats *s)
{
	if (!s->linted)
		return;
	fprintf(to, "\n  right before the program, wrong after it: %llu packet%s\n",
	        (unsigned long long)s->linted, s->linted == 1 ? "" : "s");
	for (u32 i = 0; i < XB_LINT_KIND_CNT; i++)
		if (s->lints[i])
			fprintf(to, "  %6llu x %s\n", (unsigned long long)s->lints[i],
			        xb_lint_words[i]);
}

static void
print_targets(FILE *to, const struct xb_stats *s)
{
	if (!s->target_cnt && !s->nowhere)
		return;
	fprintf(to, "\n  %-20s %14s %14s\n", "redirected to", "packets", "bytes");
	for (u32 i = 0; i < s->target_cnt; i++) {
		const struct xb_target_stats *t = &s->targets[i];
		char name[32];

		snprintf(name, sizeof(name), "%s %u", xb_port_kind_name(t->port.kind),
		         t->port.index);
		fprintf(to, "  %-20s %14llu %14llu\n", name, (unsigned long long)t->packets,
		        (unsigned long long)t->bytes);
	}
	if (s->nowhere)
		fprintf(to, "  %-20s %14llu\n", "(nowhere: dropped)",
		        (unsigned long long)s->nowhere);
}

static void
print_insns(FILE *to, const struct xb_stats *s)
{
	if (!s->insns.runs)
		return;
	fprintf(to,
	        "\n  instructions per packet: median %llu, 99%% up to %llu, most %llu (packet "
	        "%llu)\n",
	        (unsigned long long)xb_stats_percentile(&s->insns, 50),
	        (unsigned long long)xb_stats_percentile(&s->insns, 99),
	        (unsigned long long)s->insns.max, (unsigned long long)s->insns.max_packet);
}

void
xb_summary_place(const struct xb_prog *prog, u32 pc, char *buf, size_t bytes)
{
	const struct xb_line *line = xb_prog_line(prog, pc);

	if (line)
		snprintf(buf, bytes, "%s:%u in %s, insn %u", line->file, line->line,
		         xb_prog_func_name(prog, pc), pc);
	else
		snprintf(buf, bytes, "insn %u in %s", pc, xb_prog_func_name(prog, pc));
}

static void
print_faults(FILE *to, const struct xb_stats *s)
{
	char place[512];

	if (!s->faults)
		return;
	fprintf(to, "\n  faults: %llu\n", (unsigned long long)s->faults);
	for (u32 i = 0; i < s->site_cnt && i < SITES_SHOWN; i++) {
		const struct xb_fault_site *site = &s->sites[i];

		xb_summary_place(site->prog, site->pc, place, sizeof(place));
		fprintf(to, "  %6llu x %s: %s\n           at %s, first in packet %llu\n",
		        (unsigned long long)site->count, xb_fault_kind_name(site->kind),
		        site->message, place, (unsigned long long)site->first_packet);
	}
	if (s->site_cnt > SITES_SHOWN)
		fprintf(to, "           and more, at other instructions\n");
}

void
xb_summary_print(FILE *to, const struct xb_summary_opts *opts, const struct xb_stats *s)
{
	print_head(to, opts, s);
	print_verdicts(to, s);
	print_stages(to, s);
	print_targets(to, s);
	print_clones(to, s);
	print_insns(to, s);
	if (s->truncated)
		fprintf(to, "  %llu packets were cut short by the capture, and ran as captured\n",
		        (unsigned long long)s->truncated);
	print_lint(to, s);
	print_faults(to, s);
}
