/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random.h - steps picked at random, with arguments around their boundaries.
 *
 * A helper joins in by a row of `makers` in random.c.
 */
#ifndef XB_TESTS_SKB_RANDOM_H
#define XB_TESTS_SKB_RANDOM_H

#include "tests/skb/run.h"

/* A round: the row that it makes, and what is known of its packet. */
struct round {
	u64 state; /* of the random numbers */
	struct skb_case c;
	struct __sk_buff ctx;
	u32 bytes; /* as the packet is built */
	s64 front; /* most bytes in front of its network header, by now */
	s64 rest;  /* least bytes behind that, by now */
	char name[32];
};

/* 64 bits; a number below `cnt`; true in `percent` of 100 cases. */
u64 random_next(struct round *r);
u32 random_below(struct round *r, u32 cnt);
bool random_chance(struct round *r, u32 percent);

/* One of the numbers. */
#define PICK(r, ...)                                                                               \
	((const s64[]){ __VA_ARGS__ })[random_below(r, sizeof((const s64[]){ __VA_ARGS__ }) /      \
	                                                       sizeof(s64))]

/* Whether the packet still has headers behind its network header. */
bool random_is_whole(const struct round *r);

/* Makes the step, and keeps in mind what it may do to the packet. */
void random_step(struct round *r, struct step *s);

#endif
