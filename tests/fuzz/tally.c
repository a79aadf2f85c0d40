/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/tally.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
count_reason(struct tally *t, const char *text, u64 cnt)
{
	const size_t most = sizeof(t->reasons[0].text) - 1;
	u32 i = 0;

	while (i < TALLY_REASONS - 1 && t->reasons[i].cnt &&
	       strncmp(t->reasons[i].text, text, most) != 0)
		i++;
	if (!t->reasons[i].cnt)
		snprintf(t->reasons[i].text, sizeof(t->reasons[i].text), "%s",
		         i == TALLY_REASONS - 1 ? "others" : text);
	t->reasons[i].cnt += cnt;
}

static void
count_insns(struct tally *t, const struct xb_insn_index *index, const struct program *p)
{
	bool seen[XB_INSN_CNT + 1] = { false };

	for (u32 pc = 0; pc < p->cnt; pc++) {
		seen[xb_insn_find(index, &p->insns[pc])] = true;
		if (program_is_wide(&p->insns[pc]))
			pc++;
	}
	for (u32 i = 0; i < XB_INSN_CNT; i++)
		t->insns[i] += seen[i];
}

void
tally_count(struct tally *t, struct rig *rig, const struct program *p, const struct verdict *v)
{
	t->programs++;
	t->slots += p->cnt;
	t->wild += p->wild;
	t->not_loaded += !v->loaded;
	t->faulted += v->faults != 0;
	t->uninit += v->uninit;
	t->asked += v->asked;
	t->accepted += v->accepted;
	t->atomics += v->accepted && v->use.atomics;
	if (v->known)
		t->known++;
	else if (v->between && v->use.atomics)
		t->atomic_differences++;
	else if (v->between)
		t->differences++;
	if (v->loaded && (v->accepted || !rig->has_kernel))
		count_insns(t, &rig->index, p);
	/* What goes on too long would go on as long once more. */
	if (v->asked && !v->accepted)
		count_reason(t, v->refusal == -E2BIG ? "too complex" : trial_reason(rig, p), 1);
}

void
tally_add(struct tally *sum, const struct tally *t)
{
	sum->programs += t->programs;
	sum->slots += t->slots;
	sum->wild += t->wild;
	sum->not_loaded += t->not_loaded;
	sum->faulted += t->faulted;
	sum->uninit += t->uninit;
	sum->asked += t->asked;
	sum->accepted += t->accepted;
	sum->atomics += t->atomics;
	sum->differences += t->differences;
	sum->atomic_differences += t->atomic_differences;
	sum->known += t->known;
	sum->once_only += t->once_only;
	sum->kernel |= t->kernel;
	for (u32 i = 0; i < XB_INSN_CNT; i++)
		sum->insns[i] += t->insns[i];
	for (u32 i = 0; i < TALLY_REASONS; i++)
		if (t->reasons[i].cnt)
			count_reason(sum, t->reasons[i].text, t->reasons[i].cnt);
}

void
tally_print(const struct tally *t, double seconds)
{
	double each = t->programs ? (double)t->slots / (double)t->programs : 0;
	double share = t->asked ? 100.0 * (double)t->accepted / (double)t->asked : 0;

	printf("%" PRIu64 " programs of %.0f slots in %.1f s: %" PRIu64 " made to fault; %" PRIu64
	       " faulted, %" PRIu64 " read what nobody wrote, %" PRIu64 " did not load\n",
	       t->programs, each, seconds, t->wild, t->faulted, t->uninit, t->not_loaded);
	if (t->kernel)
		printf("kernel: %" PRIu64 " of %" PRIu64
		       " accepted and compared (%.1f %%), of these with atomics %" PRIu64 "\n",
		       t->accepted, t->asked, share, t->atomics);
	for (u32 i = 0; i < TALLY_REASONS && t->reasons[i].cnt; i++)
		printf("  refused %8" PRIu64 "  %s\n", t->reasons[i].cnt, t->reasons[i].text);
	printf("differences: %" PRIu64 ", in programs with atomics %" PRIu64 ", known %" PRIu64
	       ", once only %" PRIu64 "\n",
	       t->differences, t->atomic_differences, t->known, t->once_only);
	fflush(stdout);
}

u32
tally_missing(const struct tally *t)
{
	/* What needs the kernel's BTF, or an arena. */
	static const enum xb_insn_id never[] = { XB_INSN_CALL_KFUNC, XB_INSN_CAST_TO_0,
		                                 XB_INSN_CAST_TO_1, XB_INSN_OWN };
	u64 insns[XB_INSN_CNT];
	u32 cnt = 0;

	memcpy(insns, t->insns, sizeof(insns));
	for (u32 i = 0; i < XB_ARRAY_SIZE(never); i++)
		insns[never[i]] = 1;
	for (u32 i = 0; i < XB_INSN_CNT; i++)
		if (!insns[i])
			printf("%s%s", cnt++ ? ", " : "no program had ",
			       xb_insn_row((enum xb_insn_id)i)->name);
	if (cnt)
		printf("\n");
	return cnt;
}
