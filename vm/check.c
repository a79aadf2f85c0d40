/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Structure only: what would make the machine itself go astray. Whether accesses are in bounds is
 * found when they happen.
 */
#include "vm/prog_priv.h"

#include "vm/proc.h"

#include <errno.h>
#include <stdlib.h>

/* Marks of a slot. */
enum {
	SECOND = 1, /* second half of ldimm64 */
	ENTRY = 2,  /* a function starts here */
	VALUE = 4,  /* and its address is loaded */
};

struct checker {
	struct xb_prog *prog;
	struct xb_err *err;
	struct xb_insn_index index;
	u8 *marks;
};

static s64
jump_target(const struct bpf_insn *insn, const struct xb_insn_row *row, u32 pc)
{
	if (XB_FIELD_KIND(row->off) == XB_FIELD_JUMP)
		return (s64)pc + 1 + insn->off;
	return (s64)pc + 1 + insn->imm;
}

static int
check_field(struct checker *c, u32 pc, const char *field, u32 rule, s32 value)
{
	static const char *const expected[] = {
		[XB_FIELD_ZERO] = "must be 0",
		[XB_FIELD_R] = "must be r0 to r10",
		[XB_FIELD_W] = "must be r0 to r9",
		[XB_FIELD_RW] = "must be r0 to r9",
		[XB_FIELD_VALUE] = "is not one the opcode knows",
	};

	if (xb_field_allows(rule, value))
		return 0;
	return xb_prog_err(c->prog, pc, c->err, "opcode 0x%02x: %s %s, is %d",
	                   c->prog->insns[pc].code, field, expected[XB_FIELD_KIND(rule)], value);
}

static int
check_ldimm64(struct checker *c, u32 pc)
{
	const struct bpf_insn *second = &c->prog->insns[pc + 1];

	if (pc + 1 >= c->prog->insn_cnt)
		return xb_prog_err(c->prog, pc, c->err, "ldimm64 without its second half");
	if (second->code || second->dst_reg || second->src_reg || second->off)
		return xb_prog_err(c->prog, pc, c->err,
		                   "second half of ldimm64 must be 0 but for its immediate");
	c->marks[pc + 1] |= SECOND;
	return 0;
}

/* One that no row is of: the emulator's own, or nobody's. */
static int
check_own(struct checker *c, u32 pc)
{
	const struct bpf_insn *insn = &c->prog->insns[pc];
	const struct xb_vm *vm = c->prog->vm;
	char text[XB_OWN_INSN_BYTES];
	int own = 0;

	if (vm->ops && vm->ops->own_insn)
		own = vm->ops->own_insn(vm->emu, insn, text, sizeof(text), c->err);
	if (own < 0)
		return xb_prog_err_at(c->prog, pc, c->err);
	if (own == 0)
		return xb_prog_err(c->prog, pc, c->err, "unknown opcode 0x%02x", insn->code);
	c->prog->ops[pc].code = XB_INSN_OWN;
	return 0;
}

/* One instruction by itself. */
static int
check_insn(struct checker *c, u32 pc)
{
	const struct bpf_insn *insn = &c->prog->insns[pc];
	enum xb_insn_id id = xb_insn_find(&c->index, insn);
	const struct xb_insn_row *row;

	if (id == XB_INSN_CNT)
		return check_own(c, pc);
	row = xb_insn_row(id);
	if (xb_insn_is_cast(insn) && id == XB_INSN_MOV64_X)
		return xb_prog_err(c->prog, pc, c->err,
		                   "addr_space_cast insn can only convert between address space 1 "
		                   "and 0");
	if (check_field(c, pc, "dst_reg", row->dst, insn->dst_reg) ||
	    check_field(c, pc, "src_reg", row->src, insn->src_reg) ||
	    check_field(c, pc, "off", row->off, insn->off) ||
	    check_field(c, pc, "imm", row->imm, insn->imm))
		return -1;
	if (BPF_CLASS(row->code) == BPF_LD && BPF_MODE(row->code) != BPF_IMM &&
	    (!c->prog->may_load_packet || !c->prog->vm->ops || !c->prog->vm->ops->load_packet))
		return xb_prog_err(c->prog, pc, c->err,
		                   "LD_ABS and LD_IND are not for programs of this type");
	c->prog->ops[pc].code = (u16)id;
	return id == XB_INSN_LDIMM64 || id == XB_INSN_LDFUNC ? check_ldimm64(c, pc) : 0;
}

/* Instructions one by one, and the starts of functions. */
static int
check_insns(struct checker *c)
{
	struct xb_prog *prog = c->prog;

	c->marks[0] |= ENTRY;
	for (u32 pc = 0; pc < prog->insn_cnt; pc++) {
		enum xb_insn_id id;
		s64 target;

		if (c->marks[pc] & SECOND)
			continue;
		if (check_insn(c, pc))
			return -1;
		id = prog->ops[pc].code;
		if (id != XB_INSN_CALL_LOCAL && id != XB_INSN_LDFUNC)
			continue;
		target = jump_target(&prog->insns[pc], xb_insn_row(id), pc);
		if (target < 0 || target >= prog->insn_cnt)
			return xb_prog_err(prog, pc, c->err, "call target %lld is out of range",
			                   (long long)target);
		c->marks[target] |= id == XB_INSN_LDFUNC ? ENTRY | VALUE : ENTRY;
	}
	return 0;
}

static int
find_subprogs(struct checker *c)
{
	struct xb_prog *prog = c->prog;
	u32 cnt = 0;

	for (u32 pc = 0; pc < prog->insn_cnt; pc++)
		cnt += (c->marks[pc] & ENTRY) != 0;
	prog->subprogs = calloc(cnt, sizeof(*prog->subprogs));
	if (!prog->subprogs)
		return xb_err_errno(c->err, ENOMEM, "program");
	for (u32 pc = 0; pc < prog->insn_cnt; pc++) {
		if (c->marks[pc] & ENTRY)
			prog->subprogs[prog->subprog_cnt++] =
			        (struct xb_subprog){ .start = pc,
				                     .is_value = c->marks[pc] & VALUE };
		prog->subprogs[prog->subprog_cnt - 1].end = pc + 1;
	}
	return 0;
}

/* Jumps stay within their function and meet whole instructions; functions end in exit or a jump. */
static int
check_flow(struct checker *c, struct xb_subprog *sub)
{
	struct xb_prog *prog = c->prog;
	u32 pc, last = sub->start;

	for (pc = sub->start; pc < sub->end; pc++) {
		enum xb_insn_id id = prog->ops[pc].code;
		const struct xb_insn_row *row = xb_insn_row(id);
		s64 target = jump_target(&prog->insns[pc], row, pc);
		bool jumps = XB_FIELD_KIND(row->off) == XB_FIELD_JUMP || id == XB_INSN_JA32;

		if (c->marks[pc] & SECOND)
			continue;
		last = pc;
		sub->uses_frame |= prog->vm->zeroing == XB_ZERO_ALWAYS || id == XB_INSN_OWN ||
		                   prog->insns[pc].dst_reg == BPF_REG_10 ||
		                   prog->insns[pc].src_reg == BPF_REG_10;
		if (jumps && (target < sub->start || target >= sub->end))
			return xb_prog_err(prog, pc, c->err, "jump to %lld is out of range",
			                   (long long)target);
		if ((jumps || id == XB_INSN_CALL_LOCAL || id == XB_INSN_LDFUNC) &&
		    (c->marks[target] & SECOND))
			return xb_prog_err(prog, pc, c->err, "jump into the middle of ldimm64");
	}
	switch (prog->ops[last].code) {
	case XB_INSN_EXIT:
	case XB_INSN_JA:
	case XB_INSN_JA32:
		return 0;
	default:
		return xb_prog_err(prog, last, c->err, "last insn is not an exit or jmp");
	}
}

/*
 * The longest chain of calls from sub on, in frames; -1 and err where it is too long or recursive.
 * `depth[i]` is that of function i once it is known, or its place on the current path, negative.
 */
static int
call_depth(struct checker *c, u32 sub_idx, s32 *depth, s32 above)
{
	struct xb_prog *prog = c->prog;
	const struct xb_subprog *sub = &prog->subprogs[sub_idx];
	s32 most = 1, most_frames = (s32)prog->vm->frame_cnt;

	depth[sub_idx] = -above;
	for (u32 pc = sub->start; pc < sub->end; pc++) {
		u32 callee;

		if ((c->marks[pc] & SECOND) || prog->ops[pc].code != XB_INSN_CALL_LOCAL)
			continue;
		callee = (u32)(xb_prog_subprog(prog, (u32)((s64)pc + 1 + prog->insns[pc].imm)) -
		               prog->subprogs);
		if (depth[callee] < 0)
			return xb_prog_err(prog, pc, c->err, "recursive call");
		if (above >= most_frames)
			return xb_prog_err(prog, pc, c->err, "more than %d frames of calls",
			                   most_frames);
		if (!depth[callee] && call_depth(c, callee, depth, above + 1))
			return -1;
		if (above + depth[callee] > most_frames)
			return xb_prog_err(prog, pc, c->err, "more than %d frames of calls",
			                   most_frames);
		most = depth[callee] + 1 > most ? depth[callee] + 1 : most;
	}
	depth[sub_idx] = most;
	return 0;
}

static int
check_calls(struct checker *c)
{
	struct xb_prog *prog = c->prog;
	s32 *depth = calloc(prog->subprog_cnt, sizeof(*depth));
	int ret = depth ? 0 : xb_err_errno(c->err, ENOMEM, "program");

	for (u32 i = 0; !ret && i < prog->subprog_cnt; i++) {
		if (!depth[i])
			ret = call_depth(c, i, depth, 1);
	}
	free(depth);
	return ret;
}

int
xb_prog_check(struct xb_prog *prog, struct xb_err *err)
{
	struct checker c = { .prog = prog, .err = err };
	int ret = 0;

	c.marks = calloc(prog->insn_cnt, 1);
	if (!c.marks)
		return xb_err_errno(err, ENOMEM, "program");
	xb_insn_index_init(&c.index);
	if (check_insns(&c) || find_subprogs(&c))
		ret = -1;
	for (u32 i = 0; !ret && i < prog->subprog_cnt; i++)
		ret = check_flow(&c, &prog->subprogs[i]);
	if (!ret)
		ret = check_calls(&c);
	free(c.marks);
	return ret;
}
