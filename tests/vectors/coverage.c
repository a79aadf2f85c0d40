/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vectors/coverage.h"

#include <stdio.h>

#define ENOUGH 3 /* vectors that an instruction is in */

/* What needs more than a machine, or is none of the standard's instructions. */
static const bool left_out[XB_INSN_CNT] = {
	[XB_INSN_CALL] = true,      [XB_INSN_CALL_KFUNC] = true, [XB_INSN_LDFUNC] = true,
	[XB_INSN_CAST_TO_0] = true, [XB_INSN_CAST_TO_1] = true,  [XB_INSN_OWN] = true,
};

void
xb_vector_coverage_init(struct xb_vector_coverage *c)
{
	*c = (struct xb_vector_coverage){ .vectors = { 0 } };
	xb_insn_index_init(&c->index);
}

void
xb_vector_coverage_add(struct xb_vector_coverage *c, const struct xb_vector *v)
{
	bool seen[XB_INSN_CNT + 1] = { false };

	if (v->expected.end == XB_VECTOR_REFUSED)
		return;
	for (u32 i = 0; i < v->insn_cnt; i++) {
		enum xb_insn_id id = xb_insn_find(&c->index, &v->insns[i]);

		if (id != XB_INSN_CNT && !seen[id])
			c->vectors[id]++;
		seen[id] = true;
		i += id == XB_INSN_LDIMM64;
	}
}

bool
xb_vector_coverage_report(const struct xb_vector_coverage *c)
{
	u32 rows = 0, missing = 0, least = UINT32_MAX;

	for (u32 id = 0; id < XB_INSN_CNT; id++) {
		if (left_out[id])
			continue;
		rows++;
		least = c->vectors[id] < least ? c->vectors[id] : least;
		if (c->vectors[id] >= ENOUGH)
			continue;
		missing++;
		printf("%s: in %u vectors, expected %d\n", xb_insn_row(id)->name, c->vectors[id],
		       ENOUGH);
	}
	printf("%u instructions, each in %u vectors at least\n", rows, least);
	return missing == 0;
}
