/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STATS_MAX_TARGETS 65536u

const char *
xb_port_kind_name(enum xb_port_kind kind)
{
	static const char *const names[] = {
		[XB_PORT_INGRESS] = "interface",
		[XB_PORT_IFINDEX] = "ifindex",
		[XB_PORT_RX] = "ingress_ifindex",
		[XB_PORT_PEER] = "peer_of_ifindex",
		[XB_PORT_CPU] = "cpu",
		[XB_PORT_SOCKET] = "socket",
	};

	return names[kind];
}

static int
insns_init(struct xb_insn_stats *i, struct xb_err *err)
{
	i->small = calloc(XB_INSNS_SMALL, sizeof(*i->small));
	return i->small ? 0 : xb_err_errno(err, ENOMEM, "statistics");
}

static void
insns_fini(struct xb_insn_stats *i)
{
	if (i->large)
		munmap(i->large, XB_INSNS_EXACT * sizeof(u64));
	free(i->small);
}

int
xb_stats_init(struct xb_stats *s, bool stages, struct xb_err *err)
{
	*s = (struct xb_stats){ 0 };
	if (insns_init(&s->insns, err) != 0)
		return -1;
	if (!stages)
		return 0;
	s->stages = calloc(XB_STAGE_CNT, sizeof(*s->stages));
	if (!s->stages)
		return xb_err_errno(err, ENOMEM, "statistics");
	for (u32 i = 0; i < XB_STAGE_CNT; i++)
		if (insns_init(&s->stages[i].insns, err) != 0)
			return -1;
	return 0;
}

void
xb_stats_fini(struct xb_stats *s)
{
	for (u32 i = 0; s->stages && i < XB_STAGE_CNT; i++)
		insns_fini(&s->stages[i].insns);
	free(s->stages);
	insns_fini(&s->insns);
	free(s->targets);
}

void
xb_stats_stage(struct xb_stats *s, const struct xb_stage_run *run, u64 n)
{
	struct xb_stage_stats *stage = &s->stages[run->stage->kind];

	stage->runs++;
	stage->verdicts[run->verdict]++;
	stage->faults += run->fault != NULL;
	xb_stats_insns(&stage->insns, run->insns, n);
}

/* Without memory `large` stays NULL. */
static void
map_large(struct xb_insn_stats *i)
{
	void *p;

	if (i->large)
		return;
	p = mmap(NULL, XB_INSNS_EXACT * sizeof(u64), PROT_READ | PROT_WRITE,
	         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	i->large = p == MAP_FAILED ? NULL : p;
}

void
xb_stats_insns_large(struct xb_insn_stats *i, u64 insns)
{
	if (insns >= XB_INSNS_EXACT)
		insns = XB_INSNS_EXACT - 1;
	map_large(i);
	i->blocks[insns / XB_INSNS_SMALL]++;
	if (i->large)
		i->large[insns]++;
}

/* The rank-th smallest among counts[0..n), rank from 1. */
static u64
pick(const u64 *counts, u64 rank)
{
	u64 i = 0;

	while (i < XB_INSNS_SMALL - 1 && rank > counts[i])
		rank -= counts[i++];
	return i;
}

u64
xb_stats_percentile(const struct xb_insn_stats *i, u32 percent)
{
	u64 rank = (i->runs / 100) * percent + ((i->runs % 100) * percent + 99) / 100;
	u64 small = i->runs, block;

	if (i->runs == 0)
		return 0;
	for (block = 1; block < XB_ARRAY_SIZE(i->blocks); block++)
		small -= i->blocks[block];
	if (rank <= small)
		return pick(i->small, rank);
	rank -= small;
	for (block = 1; block < XB_ARRAY_SIZE(i->blocks) - 1 && rank > i->blocks[block]; block++)
		rank -= i->blocks[block];
	return block * XB_INSNS_SMALL +
	       (i->large ? pick(i->large + block * XB_INSNS_SMALL, rank) : 0);
}

static bool
same_port(struct xb_port a, struct xb_port b)
{
	return a.kind == b.kind && a.index == b.index;
}

static struct xb_target_stats *
new_target(struct xb_stats *s, struct xb_port port)
{
	if (s->target_cnt == s->target_cap) {
		u32 cap = s->target_cap ? s->target_cap * 2 : 16;
		struct xb_target_stats *p = NULL;

		if (cap <= STATS_MAX_TARGETS)
			p = realloc(s->targets, cap * sizeof(*p));
		if (!p)
			return NULL;
		s->targets = p;
		s->target_cap = cap;
	}
	s->target_last = s->target_cnt++;
	s->targets[s->target_last] = (struct xb_target_stats){ .port = port };
	return &s->targets[s->target_last];
}

/* The target, new where it is not there yet; NULL: too many. */
static struct xb_target_stats *
find_target(struct xb_stats *s, struct xb_port port)
{
	if (s->target_cnt && same_port(s->targets[s->target_last].port, port))
		return &s->targets[s->target_last];
	for (u32 i = 0; i < s->target_cnt; i++)
		if (same_port(s->targets[i].port, port)) {
			s->target_last = i;
			return &s->targets[i];
		}
	return new_target(s, port);
}

void
xb_stats_target(struct xb_stats *s, struct xb_port port, u64 bytes)
{
	struct xb_target_stats *t = find_target(s, port);

	if (!t) {
		s->targets_lost++;
		return;
	}
	t->packets++;
	t->bytes += bytes;
}

static int
compare_targets(const void *a, const void *b)
{
	const struct xb_target_stats *x = a, *y = b;

	if (x->port.kind != y->port.kind)
		return x->port.kind < y->port.kind ? -1 : 1;
	return (x->port.index > y->port.index) - (x->port.index < y->port.index);
}

void
xb_stats_sort_targets(struct xb_stats *s)
{
	if (s->target_cnt)
		qsort(s->targets, s->target_cnt, sizeof(*s->targets), compare_targets);
	s->target_last = 0;
}

static void
add_large(struct xb_insn_stats *i, const struct xb_insn_stats *more)
{
	for (u32 block = 1; block < XB_ARRAY_SIZE(more->blocks); block++) {
		u64 first = (u64)block * XB_INSNS_SMALL;

		if (!more->blocks[block])
			continue;
		map_large(i);
		i->blocks[block] += more->blocks[block];
		for (u64 k = first; i->large && more->large && k < first + XB_INSNS_SMALL; k++)
			if (more->large[k])
				i->large[k] += more->large[k];
	}
}

static void
add_insns(struct xb_insn_stats *i, const struct xb_insn_stats *more)
{
	i->total += more->total;
	if (!more->runs)
		return;
	if (more->max > i->max || !i->runs ||
	    (more->max == i->max && more->max_packet < i->max_packet)) {
		i->max = more->max;
		i->max_packet = more->max_packet;
	}
	i->runs += more->runs;
	for (u32 k = 0; k < XB_INSNS_SMALL; k++)
		if (more->small[k])
			i->small[k] += more->small[k];
	add_large(i, more);
}

static void
add_targets(struct xb_stats *s, const struct xb_stats *more)
{
	s->targets_lost += more->targets_lost;
	for (u32 i = 0; i < more->target_cnt; i++) {
		const struct xb_target_stats *from = &more->targets[i];
		struct xb_target_stats *to = find_target(s, from->port);

		if (!to) {
			s->targets_lost += from->packets;
			continue;
		}
		to->packets += from->packets;
		to->bytes += from->bytes;
	}
}

static void
add_stages(struct xb_stage_stats *stages, const struct xb_stage_stats *more)
{
	for (u32 i = 0; i < XB_STAGE_CNT; i++) {
		stages[i].runs += more[i].runs;
		stages[i].faults += more[i].faults;
		for (u32 v = 0; v < XB_VERDICT_CNT; v++)
			stages[i].verdicts[v] += more[i].verdicts[v];
		add_insns(&stages[i].insns, &more[i].insns);
	}
}

void
xb_stats_add(struct xb_stats *s, const struct xb_stats *more)
{
	static const size_t counters[] = {
#define COUNTER(name) offsetof(struct xb_stats, name)
		COUNTER(packets),   COUNTER(bytes),  COUNTER(ran),     COUNTER(unmatched),
		COUNTER(truncated), COUNTER(unfit),  COUNTER(clones),  COUNTER(linted),
		COUNTER(nowhere),   COUNTER(events), COUNTER(printks), COUNTER(faults),
#undef COUNTER
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(counters); i++)
		*(u64 *)(void *)((u8 *)s + counters[i]) +=
		        *(const u64 *)(const void *)((const u8 *)more + counters[i]);
	for (u32 v = 0; v < XB_VERDICT_CNT; v++)
		s->verdicts[v] += more->verdicts[v];
	for (u32 i = 0; i < XB_STATS_LINTS; i++)
		s->lints[i] += more->lints[i];
	add_insns(&s->insns, &more->insns);
	add_targets(s, more);
	if (s->stages && more->stages)
		add_stages(s->stages, more->stages);
}

void
xb_stats_fault(struct xb_stats *s, const struct xb_fault *fault, u64 n)
{
	struct xb_fault_site *site;

	s->faults++;
	for (u32 i = 0; i < s->site_cnt; i++) {
		site = &s->sites[i];
		if (site->prog == fault->prog && site->pc == fault->pc &&
		    site->kind == fault->kind) {
			site->count++;
			return;
		}
	}
	if (s->site_cnt == XB_STATS_FAULT_SITES)
		return;
	site = &s->sites[s->site_cnt++];
	*site = (struct xb_fault_site){ .prog = fault->prog,
		                        .pc = fault->pc,
		                        .kind = fault->kind,
		                        .count = 1,
		                        .first_packet = n };
	snprintf(site->message, sizeof(site->message), "%s", fault->message);
}
