/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_spread.c - what several vCPUs need beside themselves: memory given back all at once, and
 * statistics added up.
 */
#include "bench/scratch.h"
#include "bench/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define VCPUS   5
#define PACKETS 20000

static u32
next(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Bytes of all sizes stay as they were written until all are given back. */
static void
test_scratch(void **state)
{
	static const u64 most[] = { 1, 100, 5000, 3000000 };
	struct xb_scratch s = { 0 };
	struct {
		u8 *at;
		u64 bytes;
	} taken[200];
	u32 seed = 7;

	(void)state;
	for (u32 round = 0; round < 8; round++) {
		for (u32 i = 0; i < XB_ARRAY_SIZE(taken); i++) {
			taken[i].bytes = next(&seed) % (most[round % 4] + 1);
			taken[i].at = xb_scratch_take(&s, taken[i].bytes);
			assert_non_null(taken[i].at);
			assert_int_equal((uintptr_t)taken[i].at % 8, 0);
			memset(taken[i].at, (int)i, taken[i].bytes);
		}
		for (u32 i = 0; i < XB_ARRAY_SIZE(taken); i++)
			for (u64 k = 0; k < taken[i].bytes; k++)
				assert_int_equal(taken[i].at[k], (u8)i);
		xb_scratch_reset(&s);
		assert_true(s.bytes <= 2u << 20);
	}
	assert_string_equal(xb_scratch_copy(&s, "text", 5), "text");
	assert_non_null(xb_scratch_copy(&s, NULL, 0));
	xb_scratch_fini(&s);
	assert_int_equal(s.bytes, 0);
	xb_scratch_reset(&s);
}

/* Packet n, as one vCPU counts it. */
static void
count(struct xb_stats *s, u64 n, u32 seed)
{
	static const u32 most[] = { 50, 70000, 3000000, 20000000 };
	static const struct xb_stage stages[] = { { .kind = XB_STAGE_XDP },
		                                  { .kind = XB_STAGE_TC, .mode = XB_TC_TCX } };
	struct xb_stage_run run = { .stage = &stages[seed & 1], .verdict = next(&seed) % 5 };

	run.insns = next(&seed) % most[next(&seed) % 40 ? 0 : next(&seed) % 4];
	s->ran++;
	s->verdicts[run.verdict]++;
	s->truncated += next(&seed) % 9 == 0;
	s->clones += next(&seed) % 3;
	s->nowhere += next(&seed) % 3;
	s->linted += next(&seed) % 2;
	s->lints[next(&seed) % XB_STATS_LINTS]++;
	xb_stats_insns(&s->insns, run.insns, n);
	xb_stats_stage(s, &run, n);
	xb_stats_target(s, (struct xb_port){ next(&seed) % 4, next(&seed) % 10 }, n);
}

static void
check_insns(const struct xb_insn_stats *a, const struct xb_insn_stats *b)
{
	assert_int_equal(a->total, b->total);
	assert_int_equal(a->runs, b->runs);
	assert_int_equal(a->max, b->max);
	assert_int_equal(a->max_packet, b->max_packet);
	for (u32 percent = 0; percent <= 100; percent++)
		assert_int_equal(xb_stats_percentile(a, percent), xb_stats_percentile(b, percent));
}

static void
check(struct xb_stats *a, struct xb_stats *b)
{
	check_insns(&a->insns, &b->insns);
	assert_int_equal(a->ran, b->ran);
	assert_int_equal(a->truncated, b->truncated);
	assert_int_equal(a->clones, b->clones);
	assert_int_equal(a->nowhere, b->nowhere);
	assert_int_equal(a->linted, b->linted);
	assert_memory_equal(a->verdicts, b->verdicts, sizeof(a->verdicts));
	assert_memory_equal(a->lints, b->lints, sizeof(a->lints));
	for (u32 i = 0; i < XB_STAGE_CNT; i++) {
		assert_int_equal(a->stages[i].runs, b->stages[i].runs);
		assert_memory_equal(a->stages[i].verdicts, b->stages[i].verdicts,
		                    sizeof(a->stages[i].verdicts));
		check_insns(&a->stages[i].insns, &b->stages[i].insns);
	}
	xb_stats_sort_targets(a);
	xb_stats_sort_targets(b);
	assert_int_equal(a->target_cnt, b->target_cnt);
	assert_memory_equal(a->targets, b->targets, a->target_cnt * sizeof(*a->targets));
}

/* Packets over vCPUs, the later ones on the first, or at random: added up they are the whole. */
static void
test_stats(void **state)
{
	struct xb_stats one, all, part[VCPUS];
	struct xb_err err = XB_ERR_INIT;
	u32 seed = 1;

	(void)state;
	for (u32 round = 0; round < 2; round++) {
		assert_int_equal(xb_stats_init(&one, true, &err), 0);
		assert_int_equal(xb_stats_init(&all, true, &err), 0);
		for (u32 i = 0; i < VCPUS; i++)
			assert_int_equal(xb_stats_init(&part[i], true, &err), 0);
		for (u64 n = 1; n <= PACKETS; n++) {
			u32 vcpu = round ? (u32)((PACKETS - n) * (VCPUS - 1) / PACKETS)
			                 : next(&seed) % (VCPUS - 1),
			    what = next(&seed);

			count(&one, n, what);
			count(&part[vcpu], n, what);
		}
		for (u32 i = 0; i < VCPUS; i++)
			xb_stats_add(&all, &part[i]);
		check(&one, &all);
		for (u32 i = 0; i < VCPUS; i++)
			xb_stats_fini(&part[i]);
		xb_stats_fini(&all);
		xb_stats_fini(&one);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scratch),
		cmocka_unit_test(test_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
