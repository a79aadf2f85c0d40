/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/prog_priv.h"

#include <stdarg.h>
#include <stdio.h>

/* Text that is put together piece by piece, cut where the buffer ends. */
struct text {
	char *at;
	size_t left;
};

static void XB_PRINTF(2, 3) add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at, t->left, fmt, ap);
	va_end(ap);
	if (n < 0 || t->left == 0)
		return;
	if ((size_t)n >= t->left)
		n = (int)t->left - 1;
	t->at += n;
	t->left -= (size_t)n;
}

static void
add_own(struct text *t, const struct xb_prog *prog, const struct bpf_insn *insn)
{
	char text[XB_OWN_INSN_BYTES] = "";
	struct xb_err err;

	prog->vm->ops->own_insn(prog->vm->emu, insn, text, sizeof(text), &err);
	add(t, "%s", text);
}

/* One field of a template, see insn.def. */
static void
add_field(struct text *t, const struct xb_prog *prog, u32 pc, char field)
{
	const struct bpf_insn *insn = &prog->insns[pc];
	const struct xb_insn_row *row;
	const struct xb_call *call;

	switch (field) {
	case 'd':
	case 'D':
		add(t, "%c%u", field == 'd' ? 'r' : 'w', insn->dst_reg);
		break;
	case 's':
	case 'S':
		add(t, "%c%u", field == 's' ? 'r' : 'w', insn->src_reg);
		break;
	case 'i':
		add(t, "%d", insn->imm);
		break;
	case 'x':
		add(t, "0x%x", (u32)insn->imm);
		break;
	case 'f':
		add(t, "%+d", insn->imm);
		break;
	case 'o':
		add(t, "%+d", insn->off);
		break;
	case 'j':
		row = xb_insn_row(prog->ops[pc].code);
		add(t, "pc%+d", XB_FIELD_KIND(row->off) == XB_FIELD_JUMP ? insn->off : insn->imm);
		break;
	case 'l':
		add(t, "0x%llx",
		    (unsigned long long)((u32)insn[0].imm | (u64)(u32)insn[1].imm << 32));
		break;
	case 'e':
		add_own(t, prog, insn);
		break;
	case 'c':
		call = xb_prog_call(prog, pc);
		add(t, "%s", call && call->name ? call->name : "");
		break;
	default:
		add(t, "%c", field);
	}
}

/* The row of the slot, under whatever form decoding gave it. */
static enum xb_insn_id
row_at(const struct xb_prog *prog, u32 pc)
{
	struct xb_insn_index index;

	if (prog->ops[pc].code < XB_INSN_CNT && !prog->has_space)
		return prog->ops[pc].code;
	xb_insn_index_init(&index);
	return xb_insn_find(&index, &prog->insns[pc]);
}

u32
xb_prog_disasm(const struct xb_prog *prog, u32 pc, char *buf, size_t bytes)
{
	struct text t = { .at = buf, .left = bytes };
	enum xb_insn_id id = row_at(prog, pc);
	const char *p;

	for (p = xb_insn_row(id)->text; *p; p++) {
		if (*p == '%')
			add_field(&t, prog, pc, *++p);
		else
			add(&t, "%c", *p);
	}
	return id == XB_INSN_LDIMM64 || id == XB_INSN_LDFUNC ? 2 : 1;
}
