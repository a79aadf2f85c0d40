/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chance.h - random numbers that come again with their seed, and values around boundaries.
 */
#ifndef XB_TESTS_FUZZ_CHANCE_H
#define XB_TESTS_FUZZ_CHANCE_H

#include "vm/types.h"

struct chance {
	u64 state;
};

/* SplitMix64. */
u64 chance_next(struct chance *c);

/* A number below `end`, at least 1; one from `first` to `last`; true in `percent` of 100 cases. */
u32 chance_below(struct chance *c, u32 end);
s32 chance_between(struct chance *c, s32 first, s32 last);
bool chance_percent(struct chance *c, u32 percent);

/* A register's or an immediate's worth: mostly near a power of two, or an end of a type's range. */
u64 chance_value(struct chance *c);
s32 chance_imm(struct chance *c);

void chance_fill(struct chance *c, void *to, u32 bytes);

/* One of the numbers. */
#define CHANCE_PICK(c, ...)                                                                        \
	((const s32[]){ __VA_ARGS__ })[chance_below(                                               \
	        c, (u32)(sizeof((const s32[]){ __VA_ARGS__ }) / sizeof(s32)))]

#endif
