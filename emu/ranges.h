/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ranges.h - which numbers of 32 bits are in a set, as ranges that neither touch nor overlap.
 *
 * Which range a search finds is Linux's choice: of those long enough the shortest, and of several
 * the one that came to its present length last (cf. kernel/bpf/range_tree.c, which keeps them in a
 * tree sorted by length).
 */
#ifndef XB_EMU_RANGES_H
#define XB_EMU_RANGES_H

#include "vm/types.h"

struct xb_range {
	u32 first, last;
	u64 age; /* of its length: the later, the higher */
};

struct xb_ranges {
	struct xb_range *at; /* in order; owned */
	u32 cnt, cap;
	u64 age;
};

/* An empty set is all zeros. */
void xb_ranges_fini(struct xb_ranges *r);

/* Puts `cnt` numbers from `first` into the set, or takes them out: 0 or -ENOMEM. cnt is not 0. */
int xb_ranges_set(struct xb_ranges *r, u32 first, u32 cnt);
int xb_ranges_clear(struct xb_ranges *r, u32 first, u32 cnt);

/* Whether all of them are in the set. */
bool xb_ranges_has(const struct xb_ranges *r, u32 first, u32 cnt);

/* The first of `cnt` numbers in a row that are all in the set; false: there are none. */
bool xb_ranges_find(const struct xb_ranges *r, u32 cnt, u32 *first);

/* The first range that ends at `number` or behind it, or NULL. */
const struct xb_range *xb_ranges_from(const struct xb_ranges *r, u32 number);

#endif
