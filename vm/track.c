/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What registers are known to hold: constants, and distances from the frame's top or the context.
 *
 * Forward data flow over basic blocks. A block's entry state is the meet of those of its
 * predecessors; a register only ever goes from a value to "nothing", so the walk ends after few
 * visits. Functions start with nothing known but R10, and R1 in the first, unless it is called too.
 * (The verifier does this and far more; here it only saves work at run time, and knowing less is
 * always safe.)
 *
 * Pointers into the second address space are told by the same walk, for there is nothing in a
 * register that tells them: as in Linux, it is the instruction that is of one space or the other.
 * They stick where ways meet, as the other ways bring a null pointer, or do not get as far as an
 * access; and they go into functions, through the frame, and out with R0. (cf.
 * kernel/bpf/verifier.c: PTR_TO_ARENA; an instruction is never of both there.) One that goes to a
 * function in its caller's frame, or comes back so, is lost: it is a number below 4 GiB then, which
 * faults where it is used.
 *
 * Then the blocks that can be reached are marked: a jump that constants decide goes one way only.
 * States come from both ways all the same, so that no access is proved by a constant from memory.
 */
#include "vm/proc.h"
#include "vm/prog_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REGS  11
#define SLOTS (XB_PROC_FRAME_BYTES / 8)

struct state {
	struct xb_known r[REGS];
	u64 space_slots; /* of the frame: bit i for the 8 bytes that end 8 * i below its top */
};

_Static_assert(SLOTS == 64, "a bit for each");

struct tracker {
	const struct xb_prog *prog;
	s32 *block;           /* of slots that start one: index of its state, else -1 */
	struct state *states; /* entry states */
	bool *seen;           /* whether a state was reached at all */
	bool *dirty;          /* whether it changed since its block was walked */
	bool *reached;        /* whether it can be */
	u32 *todo;            /* first slots of dirty blocks, each once */
	u32 todo_cnt;
	u32 block_cnt;
};

static const struct xb_known nothing = { .kind = XB_KNOWN_NOTHING };
static const struct xb_known in_space = { .kind = XB_KNOWN_SPACE };

/* Where a jump leads, or -1 where the instruction is none. Calls are not jumps here. */
static s64
target_of(const struct xb_prog *prog, u32 pc)
{
	enum xb_insn_id id = prog->ops[pc].code;

	if (XB_FIELD_KIND(xb_insn_row(id)->off) == XB_FIELD_JUMP)
		return (s64)pc + 1 + prog->insns[pc].off;
	if (id == XB_INSN_JA32)
		return (s64)pc + 1 + prog->insns[pc].imm;
	return -1;
}

static bool
is_wide(const struct xb_prog *prog, u32 pc)
{
	return prog->ops[pc].code == XB_INSN_LDIMM64 || prog->ops[pc].code == XB_INSN_LDFUNC;
}

static bool
falls_through(enum xb_insn_id id)
{
	return id != XB_INSN_EXIT && id != XB_INSN_JA && id != XB_INSN_JA32;
}

static bool
is_number(struct xb_known k)
{
	return k.kind == XB_KNOWN_CONST || k.kind == XB_KNOWN_LOADED;
}

/* a op= b for the simpler operations. False: not done here. */
static bool
fold(u8 code, u64 a, u64 b, u64 *out)
{
	bool wide = BPF_CLASS(code) == BPF_ALU64;
	u32 shift = (u32)b & (wide ? 63 : 31);

	if (!wide) {
		a = (u32)a;
		b = (u32)b;
	}
	switch (BPF_OP(code)) {
	case BPF_ADD:
		*out = a + b;
		break;
	case BPF_SUB:
		*out = a - b;
		break;
	case BPF_AND:
		*out = a & b;
		break;
	case BPF_OR:
		*out = a | b;
		break;
	case BPF_XOR:
		*out = a ^ b;
		break;
	case BPF_LSH:
		*out = a << shift;
		break;
	case BPF_RSH:
		*out = a >> shift;
		break;
	case BPF_ARSH:
		*out = wide ? (u64)((s64)a >> shift) : (u64)((s32)a >> shift);
		break;
	default:
		return false;
	}
	if (!wide)
		*out = (u32)*out;
	return true;
}

/* The result of dst op= value, where that is simple enough to know. */
static struct xb_known
combine(u8 code, struct xb_known a, struct xb_known b)
{
	bool moves = BPF_CLASS(code) == BPF_ALU64 &&
	             (BPF_OP(code) == BPF_ADD || BPF_OP(code) == BPF_SUB);
	u64 value;

	if (BPF_OP(code) == BPF_NEG || BPF_OP(code) == BPF_END)
		return nothing;
	if (a.kind == XB_KNOWN_SPACE || b.kind == XB_KNOWN_SPACE)
		return in_space;
	if (a.kind == XB_KNOWN_NOTHING || !is_number(b))
		return nothing;
	if (!is_number(a) && (!moves || b.kind != XB_KNOWN_CONST))
		return nothing; /* addresses move by true constants only */
	if (b.kind == XB_KNOWN_LOADED)
		a.kind = XB_KNOWN_LOADED;
	if (!fold(code, (u64)a.value, (u64)b.value, &value))
		return nothing;
	a.value = (s64)value;
	return a;
}

/* What a load from a known address finds, if it is always the same. */
static struct xb_known
load(const struct xb_prog *prog, const struct bpf_insn *insn, struct xb_known base)
{
	const struct xb_vm_ops *ops = prog->vm->ops;
	u64 gaddr = (u64)base.value + (u64)(s64)insn->off, value;

	if (base.kind != XB_KNOWN_CONST || BPF_MODE(insn->code) != BPF_MEM || !ops ||
	    !ops->load_const ||
	    !ops->load_const(prog->vm->emu, gaddr, xb_insn_bytes(insn->code), &value))
		return nothing;
	return (struct xb_known){ .kind = XB_KNOWN_LOADED, .value = (s64)value };
}

/* The frame's slot that an access of 8 bytes is of, as a bit; 0 where it is of none or not known.
 */
static u64
slot_bit(const struct bpf_insn *insn, struct xb_known base)
{
	s64 at = base.value + insn->off;

	if (base.kind != XB_KNOWN_FRAME || BPF_MODE(insn->code) != BPF_MEM || at % 8 || at >= 0 ||
	    at < -XB_PROC_FRAME_BYTES)
		return 0;
	return 1ull << (-at / 8 - 1);
}

/* What a store does to what is known of the frame. */
static void
store(const struct bpf_insn *insn, struct state *s)
{
	u64 bit = slot_bit(insn, s->r[insn->dst_reg]);

	if (insn->code == (BPF_STX | BPF_MEM | BPF_DW) &&
	    s->r[insn->src_reg].kind == XB_KNOWN_SPACE)
		s->space_slots |= bit;
	else
		s->space_slots &= ~bit;
}

static u64
wide_imm(const struct xb_prog *prog, u32 pc)
{
	return (u32)prog->insns[pc].imm | (u64)(u32)prog->insns[pc + 1].imm << 32;
}

/* The function that a CALL_LOCAL calls. */
static struct xb_subprog *
callee_of(const struct xb_prog *prog, u32 pc)
{
	const struct xb_subprog *sub =
	        xb_prog_subprog(prog, (u32)((s64)pc + 1 + prog->insns[pc].imm));

	return &prog->subprogs[sub - prog->subprogs];
}

/* Applies the instruction at pc. */
static void
transfer(const struct xb_prog *prog, u32 pc, struct state *s)
{
	const struct bpf_insn *insn = &prog->insns[pc];
	enum xb_insn_id id = prog->ops[pc].code;
	const struct xb_insn_row *row = xb_insn_row(id);
	struct xb_known imm = { .kind = XB_KNOWN_CONST, .value = insn->imm };
	enum xb_field dst = XB_FIELD_KIND(row->dst);

	if (BPF_CLASS(row->code) == BPF_LD && BPF_MODE(row->code) != BPF_IMM)
		s->r[0] = nothing;
	if (XB_FIELD_KIND(row->src) == XB_FIELD_RW)
		s->r[insn->src_reg] = nothing;
	switch (id) {
	case XB_INSN_CALL:
	case XB_INSN_CALL_LOCAL:
	case XB_INSN_CALL_KFUNC:
		for (u32 i = 0; i <= 5; i++)
			s->r[i] = nothing;
		if (id == XB_INSN_CALL_LOCAL && callee_of(prog, pc)->gives_space)
			s->r[0] = in_space;
		return;
	case XB_INSN_CAST_TO_0:
		s->r[insn->dst_reg] = prog->has_space ? in_space : nothing;
		return;
	case XB_INSN_OWN:
		for (u32 i = 0; i < BPF_REG_10; i++)
			s->r[i] = nothing;
		return;
	case XB_INSN_CMPXCHG_W:
	case XB_INSN_CMPXCHG_DW:
		s->r[0] = nothing;
		return;
	case XB_INSN_MOV64_K:
		s->r[insn->dst_reg] = imm;
		return;
	case XB_INSN_MOV32_K:
		imm.value = (u32)insn->imm;
		s->r[insn->dst_reg] = imm;
		return;
	case XB_INSN_MOV64_X:
		s->r[insn->dst_reg] = s->r[insn->src_reg];
		return;
	case XB_INSN_MOV32_X:
		imm = s->r[insn->src_reg];
		imm.value = (u32)imm.value;
		s->r[insn->dst_reg] = is_number(imm) ? imm : nothing;
		return;
	case XB_INSN_LDIMM64:
		imm.value = (s64)wide_imm(prog, pc);
		s->r[insn->dst_reg] = imm;
		return;
	default:
		break;
	}
	if (BPF_CLASS(insn->code) == BPF_ST || BPF_CLASS(insn->code) == BPF_STX)
		store(insn, s);
	if (dst == XB_FIELD_RW)
		s->r[insn->dst_reg] =
		        combine(insn->code, s->r[insn->dst_reg],
		                BPF_SRC(insn->code) == BPF_X ? s->r[insn->src_reg] : imm);
	else if (insn->code == (BPF_LDX | BPF_MEM | BPF_DW) &&
	         slot_bit(insn, s->r[insn->src_reg]) & s->space_slots)
		s->r[insn->dst_reg] = in_space;
	else if (dst == XB_FIELD_W && BPF_CLASS(insn->code) == BPF_LDX)
		s->r[insn->dst_reg] = load(prog, insn, s->r[insn->src_reg]);
	else if (dst == XB_FIELD_W)
		s->r[insn->dst_reg] = nothing;
}

static struct state
entry_state(bool first)
{
	struct state s = { 0 };

	s.r[10] = (struct xb_known){ .kind = XB_KNOWN_FRAME };
	if (first)
		s.r[1] = (struct xb_known){ .kind = XB_KNOWN_CTX };
	return s;
}

static void
make_dirty(struct tracker *t, u32 pc)
{
	s32 b = t->block[pc];

	if (t->dirty[b])
		return;
	t->dirty[b] = true;
	t->todo[t->todo_cnt++] = pc;
}

/* What a register holds where two ways meet. */
static struct xb_known
meet_reg(struct xb_known a, struct xb_known b)
{
	if (a.kind == b.kind && a.value == b.value)
		return a;
	return a.kind == XB_KNOWN_SPACE || b.kind == XB_KNOWN_SPACE ? in_space : nothing;
}

/* Merges a predecessor's state into a block's entry. */
static void
meet(struct tracker *t, s64 pc, const struct state *from)
{
	s32 b = t->block[pc];
	struct state *to = &t->states[b];

	if (!t->seen[b]) {
		*to = *from;
		t->seen[b] = true;
		make_dirty(t, (u32)pc);
		return;
	}
	for (u32 i = 0; i < REGS; i++) {
		struct xb_known now = meet_reg(to->r[i], from->r[i]);

		if (to->r[i].kind == now.kind)
			continue;
		to->r[i] = now;
		make_dirty(t, (u32)pc);
	}
	if (from->space_slots & ~to->space_slots) {
		to->space_slots |= from->space_slots;
		make_dirty(t, (u32)pc);
	}
}

/* What a call of a function brings into it. */
static void
enter_callee(struct tracker *t, u32 pc, const struct state *s)
{
	struct state args = { .r[10] = { .kind = XB_KNOWN_FRAME } };

	for (u32 i = 1; i <= 5; i++)
		if (s->r[i].kind == XB_KNOWN_SPACE)
			args.r[i] = in_space;
	meet(t, callee_of(t->prog, pc)->start, &args);
}

/* What a function brings out: its callers have to be walked again. */
static void
leave(struct tracker *t, u32 pc, const struct state *s)
{
	const struct xb_prog *prog = t->prog;
	struct xb_subprog *sub = &prog->subprogs[xb_prog_subprog(prog, pc) - prog->subprogs];

	if (s->r[0].kind != XB_KNOWN_SPACE || sub->gives_space)
		return;
	sub->gives_space = true;
	for (u32 at = 0; at < prog->insn_cnt; at++)
		if (t->block[at] >= 0 && t->seen[t->block[at]])
			make_dirty(t, at);
}

/* Walks the block at pc from its entry state to its end. */
static void
walk_block(struct tracker *t, u32 pc)
{
	const struct xb_prog *prog = t->prog;
	struct state s = t->states[t->block[pc]];

	t->dirty[t->block[pc]] = false;
	for (;;) {
		enum xb_insn_id id = prog->ops[pc].code;
		s64 target = target_of(prog, pc);

		if (id == XB_INSN_CALL_LOCAL && prog->has_space)
			enter_callee(t, pc, &s);
		if (id == XB_INSN_EXIT && prog->has_space)
			leave(t, pc, &s);
		transfer(prog, pc, &s);
		if (target >= 0)
			meet(t, target, &s);
		pc += is_wide(prog, pc) ? 2 : 1;
		if (pc >= prog->insn_cnt || !falls_through(id))
			return;
		if (t->block[pc] >= 0) {
			meet(t, pc, &s);
			return;
		}
	}
}

/* Blocks start at functions, jump targets, and behind jumps. */
static int
find_blocks(struct tracker *t, struct xb_err *err)
{
	const struct xb_prog *prog = t->prog;
	u32 pc;

	t->block = malloc((prog->insn_cnt + 1) * sizeof(*t->block));
	if (!t->block)
		return xb_err_errno(err, ENOMEM, "program");
	memset(t->block, 0xff, (prog->insn_cnt + 1) * sizeof(*t->block));
	for (u32 i = 0; i < prog->subprog_cnt; i++)
		t->block[prog->subprogs[i].start] = 0;
	for (pc = 0; pc < prog->insn_cnt; pc += is_wide(prog, pc) ? 2 : 1) {
		s64 target = target_of(prog, pc);

		if (target < 0 && falls_through(prog->ops[pc].code))
			continue;
		if (target >= 0)
			t->block[target] = 0;
		t->block[pc + 1] = 0;
	}
	t->block[prog->insn_cnt] = -1;
	for (pc = 0; pc < prog->insn_cnt; pc++) {
		if (t->block[pc] == 0)
			t->block[pc] = (s32)t->block_cnt++;
	}
	t->states = calloc(t->block_cnt, sizeof(*t->states));
	t->seen = calloc(t->block_cnt, sizeof(*t->seen));
	t->dirty = calloc(t->block_cnt, sizeof(*t->dirty));
	t->reached = calloc(t->block_cnt, sizeof(*t->reached));
	t->todo = calloc(t->block_cnt, sizeof(*t->todo));
	if (!t->states || !t->seen || !t->dirty || !t->reached || !t->todo)
		return xb_err_errno(err, ENOMEM, "program");
	return 0;
}

/* Whether the first function is called too, or its address taken: R1 may be anything then. */
static bool
first_is_called(const struct xb_prog *prog)
{
	for (u32 pc = 0; pc < prog->insn_cnt; pc += is_wide(prog, pc) ? 2 : 1) {
		enum xb_insn_id id = prog->ops[pc].code;

		if ((id == XB_INSN_CALL_LOCAL || id == XB_INSN_LDFUNC) &&
		    (s64)pc + 1 + prog->insns[pc].imm == 0)
			return true;
	}
	return false;
}

/* A stack of blocks: each is walked once, and once more for each register that is given up. */
static void
reach_fixpoint(struct tracker *t)
{
	const struct xb_prog *prog = t->prog;

	for (u32 i = 0; i < prog->subprog_cnt; i++) {
		struct state s = entry_state(i == 0 && !first_is_called(prog));

		meet(t, prog->subprogs[i].start, &s);
	}
	while (t->todo_cnt)
		walk_block(t, t->todo[--t->todo_cnt]);
}

/* Whether a comparison holds; a and b are of the operation's width, zero-extended. */
static bool
holds(u8 op, u64 a, u64 b, s64 sa, s64 sb)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return (a & b) != 0;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	default: /* BPF_JSLE, the last of them */
		return sa <= sb;
	}
}

/* Which ways a jump can go from a state: through, to its target, or both. */
enum { THROUGH = 1, TAKEN = 2 };

static u32
ways(const struct xb_prog *prog, u32 pc, const struct state *s)
{
	const struct bpf_insn *insn = &prog->insns[pc];
	enum xb_insn_id id = prog->ops[pc].code;
	struct xb_known a = s->r[insn->dst_reg];
	struct xb_known b = { .kind = XB_KNOWN_CONST, .value = insn->imm };
	bool wide = BPF_CLASS(insn->code) == BPF_JMP;

	if (!falls_through(id))
		return TAKEN;
	if (XB_FIELD_KIND(xb_insn_row(id)->dst) != XB_FIELD_R) /* may_goto */
		return THROUGH | TAKEN;
	if (BPF_SRC(insn->code) == BPF_X)
		b = s->r[insn->src_reg];
	if (!is_number(a) || !is_number(b))
		return THROUGH | TAKEN;
	if (!wide)
		return holds(BPF_OP(insn->code), (u32)a.value, (u32)b.value, (s32)a.value,
		             (s32)b.value)
		               ? TAKEN
		               : THROUGH;
	return holds(BPF_OP(insn->code), (u64)a.value, (u64)b.value, a.value, b.value) ? TAKEN
	                                                                               : THROUGH;
}

static void
reach(struct tracker *t, s64 pc)
{
	s32 b = t->block[pc];

	if (t->reached[b])
		return;
	t->reached[b] = true;
	t->todo[t->todo_cnt++] = (u32)pc;
}

/* Marks what the block at pc leads to. */
static void
reach_from(struct tracker *t, u32 pc)
{
	const struct xb_prog *prog = t->prog;
	struct state s = t->states[t->block[pc]];

	for (;;) {
		enum xb_insn_id id = prog->ops[pc].code;
		s64 target = target_of(prog, pc);
		u32 to = target >= 0 ? ways(prog, pc, &s) : THROUGH;

		if (id == XB_INSN_CALL_LOCAL || id == XB_INSN_LDFUNC)
			reach(t, (s64)pc + 1 + prog->insns[pc].imm);
		if (to & TAKEN)
			reach(t, target);
		transfer(prog, pc, &s);
		pc += is_wide(prog, pc) ? 2 : 1;
		if (id == XB_INSN_EXIT || !(to & THROUGH) || pc >= prog->insn_cnt)
			return;
		if (t->block[pc] >= 0) {
			reach(t, pc);
			return;
		}
	}
}

int
xb_prog_track(const struct xb_prog *prog,
              int (*fn)(void *arg, const struct xb_tracked *at, struct xb_err *err), void *arg,
              struct xb_err *err)
{
	bool reached = false;
	struct tracker t = { .prog = prog };
	struct state s = { 0 };
	int ret = find_blocks(&t, err);

	if (!ret) {
		reach_fixpoint(&t);
		reach(&t, 0);
		while (t.todo_cnt)
			reach_from(&t, t.todo[--t.todo_cnt]);
	}
	for (u32 pc = 0, next; !ret && pc < prog->insn_cnt; pc = next) {
		struct state before;

		if (t.block[pc] >= 0) {
			s = t.states[t.block[pc]];
			reached = t.reached[t.block[pc]];
		}
		before = s;
		/* fn may change the operation: ask all that is asked of it before. */
		next = pc + (is_wide(prog, pc) ? 2 : 1);
		transfer(prog, pc, &s);
		ret = fn(arg, &(struct xb_tracked){ pc, reached, before.r }, err);
	}
	free(t.todo);
	free(t.reached);
	free(t.dirty);
	free(t.seen);
	free(t.states);
	free(t.block);
	return ret;
}
