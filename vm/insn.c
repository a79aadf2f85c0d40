/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/insn.h"

#define Z    XB_FIELD_ZERO
#define R    XB_FIELD_R
#define W    XB_FIELD_W
#define RW   XB_FIELD_RW
#define M    XB_FIELD_MEM
#define J    XB_FIELD_JUMP
#define A    XB_FIELD_ANY
#define V(n) (XB_FIELD_VALUE | (u32)(n) << 8)
#define I(id, op, d, s, o, i, t)                                                                   \
	[XB_INSN_##id] = { .code = (op),                                                           \
		           .dst = (d),                                                             \
		           .src = (s),                                                             \
		           .off = (o),                                                             \
		           .imm = (i),                                                             \
		           .name = #id,                                                            \
		           .text = (t) },
static const struct xb_insn_row rows[XB_INSN_CNT] = {
#include "vm/insn.def"
};
#undef I

const struct xb_insn_row *
xb_insn_row(enum xb_insn_id id)
{
	return &rows[id];
}

void
xb_insn_index_init(struct xb_insn_index *index)
{
	*index = (struct xb_insn_index){ .first = { 0 } };
	/* From the last row to the first, so that each chain is in order of the table. */
	for (u32 id = XB_INSN_OWN; id-- > 0;) { /* OWN, the last row, has no opcode */
		index->next[id] = index->first[rows[id].code];
		index->first[rows[id].code] = (u8)(id + 1);
	}
}

bool
xb_field_allows(u32 field, s32 value)
{
	switch (XB_FIELD_KIND(field)) {
	case XB_FIELD_ZERO:
		return value == 0;
	case XB_FIELD_R:
		return value <= BPF_REG_10;
	case XB_FIELD_W:
	case XB_FIELD_RW:
		return value < BPF_REG_10;
	case XB_FIELD_VALUE:
		return value == XB_FIELD_VALUE_OF(field);
	case XB_FIELD_MEM:
	case XB_FIELD_JUMP:
	case XB_FIELD_ANY:
		return true;
	}
	return false;
}

/* Whether a field speaks for its row; which registers are allowed is the same in all of them. */
static bool
tells_apart(u32 field, s32 value)
{
	switch (XB_FIELD_KIND(field)) {
	case XB_FIELD_ZERO:
	case XB_FIELD_VALUE:
		return xb_field_allows(field, value);
	default:
		return true;
	}
}

enum xb_insn_id
xb_insn_find(const struct xb_insn_index *index, const struct bpf_insn *insn)
{
	u32 best = XB_INSN_CNT;

	for (u32 n = index->first[insn->code]; n; n = index->next[n - 1]) {
		const struct xb_insn_row *row = &rows[n - 1];

		if (tells_apart(row->src, insn->src_reg) && tells_apart(row->off, insn->off) &&
		    tells_apart(row->imm, insn->imm))
			return (enum xb_insn_id)(n - 1);
		if (best == XB_INSN_CNT)
			best = n - 1;
	}
	return (enum xb_insn_id)best;
}
