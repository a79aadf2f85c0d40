/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vectors/known.h"

#include <fnmatch.h>

static const struct known_row {
	const char *names; /* a pattern */
	const char *text;
} rows[] = {
	/*
	 * The verifier extends R0 behind a 32-bit cmpxchg, which x86 does not where it exchanges,
	 * if somebody looks at all of it. On a way that it does not follow, as it joins one where
	 * it was already, it finds nobody (cf. kernel/bpf/verifier.c: mark_insn_zext).
	 */
	{ "cmpxchg_w/joined/1,5==5/*",
	  "a 32-bit cmpxchg that exchanges leaves R0's upper half where ways meet" },
};

_Static_assert(XB_ARRAY_SIZE(rows) == XB_VECTOR_KNOWN, "rows");

int
xb_vector_known_find(const char *name)
{
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		if (!fnmatch(rows[i].names, name, 0))
			return (int)i;
	}
	return -1;
}

const char *
xb_vector_known_text(u32 row)
{
	return rows[row].text;
}
