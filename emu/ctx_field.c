/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/ctx_field.h"

#include <string.h>

const struct xb_ctx_field *
xb_ctx_field_at(const struct xb_ctx_layout *layout, u32 off)
{
	for (u32 i = 0; i < layout->field_cnt; i++) {
		const struct xb_ctx_field *f = &layout->fields[i];

		if (off >= f->off && off - f->off < f->bytes)
			return f;
	}
	return NULL;
}

bool
xb_ctx_may_load(const struct xb_ctx_field *f, const struct bpf_insn *insn, u32 off)
{
	u32 bytes = xb_insn_bytes(insn->code);

	if (!f || BPF_CLASS(insn->code) != BPF_LDX || off % bytes)
		return false;
	if (f->at_start && off != f->off)
		return false;
	return bytes >= f->least && bytes <= f->most;
}

bool
xb_ctx_plain_load(const struct xb_ctx_layout *layout, const struct bpf_insn *insn, u32 off)
{
	const struct xb_ctx_field *f = xb_ctx_field_at(layout, off);

	return xb_ctx_may_load(f, insn, off) &&
	       xb_ctx_load_off(f, off, xb_insn_bytes(insn->code)) == off;
}

void
xb_ctx_load(struct xb_proc *proc, const struct xb_ctx_layout *layout, const void *ctx,
            const struct bpf_insn *insn, s32 at, u64 *value)
{
	u32 off = (u32)at, bytes = xb_insn_bytes(insn->code);
	const struct xb_ctx_field *f = xb_ctx_field_at(layout, off);

	if (!xb_ctx_may_load(f, insn, off)) {
		xb_ctx_refuse(proc, layout, f, insn, at);
		return;
	}
	*value = 0;
	memcpy(value, (const u8 *)ctx + xb_ctx_load_off(f, off, bytes), bytes);
}

void
xb_ctx_refuse(struct xb_proc *proc, const struct xb_ctx_layout *layout,
              const struct xb_ctx_field *f, const struct bpf_insn *insn, s32 off)
{
	u32 bytes = xb_insn_bytes(insn->code);
	const char *how = f && f->store ? "stored to this way" : "stored to";

	if (BPF_CLASS(insn->code) == BPF_LDX)
		how = "loaded this way";
	if (f)
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid bpf_context access off=%d size=%u: '%s' of %s cannot be %s",
		              off, bytes, f->name, layout->name, how);
	else
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid bpf_context access off=%d size=%u: %s has no field there",
		              off, bytes, layout->name);
}
