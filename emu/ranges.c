/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
xb_ranges_fini(struct xb_ranges *r)
{
	free(r->at);
	*r = (struct xb_ranges){ 0 };
}

/* The index of the first range that ends at `number` or behind it. */
static u32
index_from(const struct xb_ranges *r, u32 number)
{
	u32 lo = 0, hi = r->cnt;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (r->at[mid].last < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct xb_range *
xb_ranges_from(const struct xb_ranges *r, u32 number)
{
	u32 i = index_from(r, number);

	return i < r->cnt ? &r->at[i] : NULL;
}

static int
insert(struct xb_ranges *r, u32 i, u32 first, u32 last)
{
	if (r->cnt == r->cap) {
		u32 cap = r->cap ? 2 * r->cap : 8;
		struct xb_range *at = realloc(r->at, cap * sizeof(*at));

		if (!at)
			return -ENOMEM;
		r->at = at;
		r->cap = cap;
	}
	memmove(&r->at[i + 1], &r->at[i], (r->cnt - i) * sizeof(*r->at));
	r->cnt++;
	r->at[i] = (struct xb_range){ first, last, ++r->age };
	return 0;
}

static void
drop(struct xb_ranges *r, u32 i)
{
	r->cnt--;
	memmove(&r->at[i], &r->at[i + 1], (r->cnt - i) * sizeof(*r->at));
}

static void
resize(struct xb_ranges *r, u32 i, u32 first, u32 last)
{
	r->at[i] = (struct xb_range){ first, last, ++r->age };
}

/* cf. kernel/bpf/range_tree.c: range_tree_clear */
int
xb_ranges_clear(struct xb_ranges *r, u32 first, u32 cnt)
{
	u32 last = first + cnt - 1, i = index_from(r, first);

	while (i < r->cnt && r->at[i].first <= last) {
		struct xb_range old = r->at[i];

		if (old.first < first && old.last > last) {
			resize(r, i, old.first, first - 1);
			return insert(r, i + 1, last + 1, old.last);
		}
		if (old.first < first) {
			resize(r, i++, old.first, first - 1);
		} else if (old.last > last) {
			resize(r, i, last + 1, old.last);
			return 0;
		} else {
			drop(r, i);
		}
	}
	return 0;
}

/* cf. kernel/bpf/range_tree.c: range_tree_set */
int
xb_ranges_set(struct xb_ranges *r, u32 first, u32 cnt)
{
	u32 last = first + cnt - 1, i;
	bool left, right;
	int ret;

	if (xb_ranges_has(r, first, cnt))
		return 0;
	ret = xb_ranges_clear(r, first, cnt);
	if (ret)
		return ret;
	i = index_from(r, first);
	left = i > 0 && r->at[i - 1].last + 1 == first;
	right = i < r->cnt && last + 1 == r->at[i].first;
	if (left && right) {
		resize(r, i - 1, r->at[i - 1].first, r->at[i].last);
		drop(r, i);
	} else if (left) {
		resize(r, i - 1, r->at[i - 1].first, last);
	} else if (right) {
		resize(r, i, first, r->at[i].last);
	} else {
		return insert(r, i, first, last);
	}
	return 0;
}

bool
xb_ranges_has(const struct xb_ranges *r, u32 first, u32 cnt)
{
	const struct xb_range *at = xb_ranges_from(r, first);

	return at && at->first <= first && at->last - first >= cnt - 1;
}

bool
xb_ranges_find(const struct xb_ranges *r, u32 cnt, u32 *first)
{
	const struct xb_range *best = NULL;

	for (const struct xb_range *at = r->at; at < r->at + r->cnt; at++) {
		u32 len = at->last - at->first;

		if (len < cnt - 1)
			continue;
		if (!best || len < best->last - best->first ||
		    (len == best->last - best->first && at->age > best->age))
			best = at;
	}
	if (best)
		*first = best->first;
	return best != NULL;
}
