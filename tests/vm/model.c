/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vm/model.h"

typedef __int128 wide;
typedef unsigned __int128 uwide;

static wide
pow2(u32 n)
{
	return (wide)1 << n;
}

/* The number that the low `bits` of x are, without and with a sign. */
static wide
unsigned_of(u64 x, u32 bits)
{
	return (wide)(((uwide)x) % (uwide)pow2(bits));
}

static wide
signed_of(u64 x, u32 bits)
{
	wide v = unsigned_of(x, bits);

	return v >= pow2(bits - 1) ? v - pow2(bits) : v;
}

/* Modulo 2^bits. */
static u64
wrap(wide v, u32 bits)
{
	wide m = v % pow2(bits);

	return (u64)(m < 0 ? m + pow2(bits) : m);
}

/* Rounds down, as a shift does. */
static wide
floor_div(wide a, wide b)
{
	wide q = a / b;

	return a % b != 0 && a < 0 ? q - 1 : q;
}

static u64
bit_by_bit(u64 a, u64 b, u8 op)
{
	u64 out = 0;

	for (u32 i = 0; i < 64; i++) {
		u32 x = a >> i & 1, y = b >> i & 1;
		u32 bit = op == BPF_AND ? x * y : op == BPF_OR ? (x + y + 1) / 2 : (x + y) % 2;

		out |= (u64)bit << i;
	}
	return out;
}

static u64
reverse_bytes(u64 x, u32 bits)
{
	u64 out = 0;

	for (u32 i = 0; i < bits; i += 8)
		out |= (x >> i & 0xff) << (bits - 8 - i);
	return out;
}

/* dst = dst op src, both `bits` wide; off of 1 makes division signed. */
static u64
alu(u8 op, u64 dst, u64 src, s16 off, u32 bits)
{
	wide a = unsigned_of(dst, bits), b = unsigned_of(src, bits);
	wide sa = signed_of(dst, bits), sb = signed_of(src, bits);

	switch (op) {
	case BPF_ADD:
		return wrap(a + b, bits);
	case BPF_SUB:
		return wrap(a - b, bits);
	case BPF_MUL:
		return wrap((wide)((uwide)a * (uwide)b % (uwide)pow2(bits)), bits);
	case BPF_DIV:
		if (b == 0)
			return 0;
		return wrap(off == 1 ? sa / sb : a / b, bits);
	case BPF_MOD:
		if (b == 0)
			return wrap(a, bits);
		return wrap(off == 1 ? sa % sb : a % b, bits);
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		return bit_by_bit((u64)a, (u64)b, op);
	case BPF_LSH:
		return wrap((wide)((uwide)a << (b % bits)), bits);
	case BPF_RSH:
		return wrap(a / pow2((u32)(b % bits)), bits);
	case BPF_ARSH:
		return wrap(floor_div(sa, pow2((u32)(b % bits))), bits);
	case BPF_MOV:
		return wrap(off ? signed_of(src, (u32)off) : b, bits);
	case BPF_NEG:
		return wrap(-a, bits);
	default:
		return 0;
	}
}

static u64
swap(const struct bpf_insn *insn, u64 x)
{
	u32 bits = (u32)insn->imm;
	bool to_le = BPF_CLASS(insn->code) == BPF_ALU && BPF_SRC(insn->code) == BPF_TO_LE;

	return to_le ? wrap((wide)x, bits) : reverse_bytes(x, bits);
}

static bool
condition(u8 op, u64 dst, u64 src, u32 bits)
{
	wide a = unsigned_of(dst, bits), b = unsigned_of(src, bits);
	wide sa = signed_of(dst, bits), sb = signed_of(src, bits);

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
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	case BPF_JSET:
		return bit_by_bit((u64)a, (u64)b, BPF_AND) != 0;
	default:
		return false;
	}
}

static bool
jump(const struct bpf_insn *insn, u64 src, struct xb_slot *s)
{
	u32 bits = BPF_CLASS(insn->code) == BPF_JMP ? 64 : 32;
	bool taken;

	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		taken = s->r2 != 5;
		break;
	case BPF_JCOND: /* may_goto goes on as often as it may, in a block always */
		taken = false;
		break;
	case BPF_CALL:
	case BPF_EXIT:
		return false;
	default:
		taken = condition(BPF_OP(insn->code), s->r1, src, bits);
	}
	if (!taken)
		s->r0 = XB_BLOCK_SKIPPED;
	return true;
}

static u32
width(u8 code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

static u64
get(const u8 *p, u32 bytes)
{
	u64 v = 0;

	for (u32 i = 0; i < bytes; i++)
		v += (u64)p[i] << 8 * i;
	return v;
}

static void
put(u8 *p, u32 bytes, u64 v)
{
	for (u32 i = 0; i < bytes; i++)
		p[i] = (u8)(v >> 8 * i);
}

static bool
atomic(const struct bpf_insn *insn, struct xb_slot *s)
{
	u32 bytes = width(insn->code);
	u8 *p = s->mem + insn->off;
	u64 old = get(p, bytes), src = s->r2;

	switch (insn->imm) {
	case BPF_LOAD_ACQ:
		s->r1 = old;
		return true;
	case BPF_STORE_REL:
		put(p, bytes, src);
		return true;
	case BPF_XCHG:
		put(p, bytes, src);
		s->r2 = old;
		return true;
	case BPF_CMPXCHG:
		if (old == wrap((wide)s->r0, bytes * 8))
			put(p, bytes, src);
		s->r0 = old;
		return true;
	default:
		put(p, bytes, alu((u8)BPF_OP(insn->imm), old, src, 0, bytes * 8));
		if (insn->imm & BPF_FETCH)
			s->r2 = old;
		return true;
	}
}

static bool
memory(const struct bpf_insn *insn, struct xb_slot *s)
{
	u32 bytes = width(insn->code);
	u8 *p = s->mem + insn->off;

	if (BPF_MODE(insn->code) == BPF_ATOMIC)
		return atomic(insn, s);
	if (BPF_CLASS(insn->code) == BPF_ST)
		put(p, bytes, (u64)(s64)insn->imm);
	else if (BPF_CLASS(insn->code) == BPF_STX)
		put(p, bytes, s->r2);
	else if (BPF_MODE(insn->code) == BPF_MEMSX)
		s->r1 = wrap(signed_of(get(p, bytes), bytes * 8), 64);
	else
		s->r1 = get(p, bytes);
	return true;
}

bool
xb_model_apply(const struct xb_try *t, struct xb_slot *s)
{
	const struct bpf_insn *insn = &t->insn;
	u64 src = BPF_SRC(insn->code) == BPF_X ? s->r2 : (u64)(s64)insn->imm;

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		if (BPF_OP(insn->code) == BPF_END)
			s->r1 = swap(insn, s->r1);
		else
			s->r1 = alu(BPF_OP(insn->code), s->r1, src, insn->off,
			            BPF_CLASS(insn->code) == BPF_ALU ? 32 : 64);
		return true;
	case BPF_JMP:
	case BPF_JMP32:
		return jump(insn, src, s);
	case BPF_LD:
		if (BPF_MODE(insn->code) != BPF_IMM)
			return false;
		s->r1 = (u64)(u32)insn->imm + ((u64)(u32)t->second.imm << 32);
		return true;
	default:
		return memory(insn, s);
	}
}
