/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_random.c - a few helpers after one another, picked at random with arguments around their
 * boundaries, on any packet, of a classifier or a program of
 * LWT: kernel and emulator must agree on all that can be seen.
 *
 * The seed is fixed, so that a failure comes again; it names the round and shows the steps.
 */
#include "tests/skb/random.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SEED      2026u
#define ROUNDS    2500u
#define BATCH     250u /* rounds whose outcomes are kept at a time */
#define STEPS_MAX 5u

/* Where the headers are. */
static void
make_probe(struct round *r, struct step *s)
{
	s->op = OP_LD_ABS;
	s->bytes = 4;
	s->off = random_chance(r, 50) ? SKF_NET_OFF : SKF_LL_OFF;
	s->any = true;
}

static void
make_packet(struct round *r)
{
	u8 data[PACKET_MAX_BYTES];

	r->c.packet = (enum packet)random_below(r, PACKET_CNT);
	r->bytes = packet_build(r->c.packet, data);
	if (random_chance(r, 10) && r->bytes > 64)
		r->c.bytes = r->bytes = r->bytes - 10 + random_below(r, 40);
	if (r->bytes > PACKET_MAX_BYTES)
		r->c.bytes = r->bytes = PACKET_MAX_BYTES;
	r->front = ETH_HLEN;
	r->rest = (s64)r->bytes - r->front;
}

/* A program that sees no link-layer header, and may change its packet all the same. */
static void
make_xmit(struct round *r)
{
	r->c.script.type = BPF_PROG_TYPE_LWT_XMIT;
	r->front = 0;
	r->bytes -= r->bytes > ETH_HLEN ? ETH_HLEN : r->bytes - 1;
}

static void
make_context(struct round *r)
{
	if (!random_chance(r, 40))
		return;
	r->ctx.gso_size = (u32)PICK(r, 0, 1, 10, 100, 1400, 0xffff, 0x12345);
	r->ctx.gso_segs = (u32)PICK(r, 0, 1, 3, 0xffff);
	r->ctx.tstamp = random_chance(r, 30) ? random_next(r) : 0;
	r->c.ctx = &r->ctx;
}

static void
make_round(struct round *r, u32 i)
{
	u32 cnt, step;

	memset(r, 0, sizeof(*r));
	r->state = SEED + (u64)i * 0x100000001b3ull;
	snprintf(r->name, sizeof(r->name), "round %u", i);
	r->c.name = r->name;
	make_packet(r);
	if (random_chance(r, 20))
		make_xmit(r);
	make_context(r);
	r->c.flags = random_chance(r, 40) ? BPF_F_TEST_SKB_CHECKSUM_COMPLETE : 0;
	cnt = 1 + random_below(r, STEPS_MAX);
	for (step = 0; step < cnt; step++)
		random_step(r, &r->c.script.steps[step]);
	if (!r->c.script.type && random_chance(r, 50))
		make_probe(r, &r->c.script.steps[step]);
	if (cnt == 1 && random_is_whole(r) && random_chance(r, 20))
		r->c.repeat = 2;
}

static void
print_steps(const struct round *r, const struct skb_out *out)
{
	const struct script *s = &r->c.script;
	char text[64];
	u32 i;

	print_message("%s: %s, %u bytes, gso_size %u, gso_segs %u, flags %u, repeat %u\n", r->name,
	              packet_name(r->c.packet), r->bytes, r->ctx.gso_size, r->ctx.gso_segs,
	              r->c.flags, r->c.repeat);
	for (i = 0; i < script_cnt(s); i++) {
		const struct step *step = &s->steps[i];
		bool call = step->op == OP_CALL;

		print_message("  %s: %lld, 0x%llx, 0x%llx: %lld\n",
		              script_step_name(s, i, text, sizeof(text)),
		              (long long)(call ? step->args[1].value : step->off),
		              (unsigned long long)(call ? step->args[2].value : step->value),
		              (unsigned long long)step->args[3].value,
		              (long long)out->kept.results[i]);
	}
}

static void
run_batch(struct skb_rig *rig, const struct round *rounds, u32 cnt, struct skb_out *outs)
{
	u32 i;

	for (i = 0; i < cnt; i++) {
		case_run(rig, &rounds[i].c, &outs[i]);
		if (outs[i].load)
			fail_msg("%s: %s: load: %ld\n%s", rounds[i].name, rig->b.name, outs[i].load,
			         rig->log);
	}
}

static void
compare_batch(const struct round *rounds, u32 cnt, const struct skb_out *kernel,
              const struct skb_out *emu)
{
	char text[256];
	u32 i;

	for (i = 0; i < cnt; i++) {
		if (case_same(&rounds[i].c, &kernel[i], &emu[i], text, sizeof(text)))
			continue;
		print_steps(&rounds[i], &kernel[i]);
		fail_msg("%s: %s", rounds[i].name, text);
	}
}

/* On the emulator alone, where that is all there is: it must come to an end. */
static void
test_rounds(void **state)
{
	struct skb_rig *rig = calloc(1, sizeof(*rig));
	struct round *rounds = calloc(BATCH, sizeof(*rounds));
	struct skb_out *kernel = calloc(2 * (size_t)BATCH, sizeof(*kernel)), *emu = kernel + BATCH;
	bool permitted = true;
	u32 at, i;

	(void)state;
	assert_true(rig && rounds && kernel);
	for (at = 0; at < ROUNDS; at += BATCH) {
		for (i = 0; i < BATCH; i++)
			make_round(&rounds[i], at + i);
		permitted = permitted && skb_rig_open_kernel(rig);
		if (permitted) {
			run_batch(rig, rounds, BATCH, kernel);
			skb_rig_close(rig);
		}
		assert_true(skb_rig_open_emu(rig));
		run_batch(rig, rounds, BATCH, emu);
		skb_rig_close(rig);
		if (permitted)
			compare_batch(rounds, BATCH, kernel, emu);
	}
	free(kernel);
	free(rounds);
	free(rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounds),
	};

	return cmocka_run_group_tests_name("skb random", tests, NULL, NULL);
}
