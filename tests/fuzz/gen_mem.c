/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_mem.c - loads, stores and atomics: of the stack, of the packet, of maps' values, of the
 * context.
 */
#include "tests/fuzz/gen_priv.h"

#include <string.h>

static const u8 sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };

static bool
is_memory(const struct gen *g, u8 reg)
{
	return (gen_is(g, reg, KIND_MEM) || gen_is(g, reg, KIND_PACKET)) && g->r[reg].bytes > 0;
}

/* Where within the memory an access of `bytes` goes. */
static s16
offset(struct gen *g, const struct reg *m, s32 bytes, bool aligned)
{
	s32 off = (s32)chance_below(&g->c, (u32)(m->bytes - bytes + 1));

	if (chance_percent(&g->c, 20))
		off = m->bytes - bytes;
	if (aligned)
		off &= -bytes;
	return (s16)(m->lo + off);
}

static void
load(struct gen *g, u8 base, u8 size, s16 off)
{
	bool sign = size != BPF_DW && chance_percent(&g->c, 35);
	u8 dst = gen_dst(g, KIND_SCALAR);

	gen_put(g, sign ? XB_LDX_MEMSX(size, dst, base, off) : XB_LDX_MEM(size, dst, base, off));
}

static void
store(struct gen *g, u8 base, u8 size, s16 off)
{
	if (chance_percent(&g->c, 50))
		gen_put(g, XB_STX_MEM(size, base, gen_scalar(g), off));
	else
		gen_put(g, XB_ST_MEM(size, base, off, chance_imm(&g->c)));
}

/* Its operand is written where the old value is fetched; cmpxchg has R0, too. */
static void
modify(struct gen *g, u8 base, u8 size, s16 off)
{
	static const s32 ops[] = { BPF_ADD, BPF_OR, BPF_AND, BPF_XOR };
	s32 op = ops[chance_below(&g->c, XB_ARRAY_SIZE(ops))];
	u8 src;

	switch (chance_below(&g->c, 4)) {
	case 0:
		gen_put(g, XB_ATOMIC(size, op, base, gen_scalar(g), off));
		return;
	case 1:
		op |= BPF_FETCH;
		break;
	case 2:
		op = BPF_XCHG;
		break;
	default:
		if (g->held & 1)
			return;
		op = BPF_CMPXCHG;
		if (!gen_is(g, 0, KIND_SCALAR)) {
			src = gen_scalar(g);
			gen_put(g, XB_MOV64_REG(0, src));
			gen_set(g, 0, KIND_SCALAR);
		} else if (chance_percent(&g->c, 40)) { /* so that it comes to an exchange */
			gen_put(g, size == BPF_W ? XB_LDX_MEMSX(size, 0, base, off)
			                         : XB_LDX_MEM(size, 0, base, off));
		}
		src = gen_scalar(g);
		gen_put(g, XB_ATOMIC(size, op, base, src, off));
		return;
	}
	gen_put(g, XB_ATOMIC(size, op, base, gen_var(g), off));
}

/* Load-acquire and store-release. */
static void
order(struct gen *g, u8 base, u8 size, s16 off)
{
	if (chance_percent(&g->c, 50))
		gen_put(g, XB_ATOMIC(size, BPF_LOAD_ACQ, gen_dst(g, KIND_SCALAR), base, off));
	else
		gen_put(g, XB_ATOMIC(size, BPF_STORE_REL, base, gen_scalar(g), off));
}

void
gen_access_at(struct gen *g, u8 base)
{
	const struct reg m = g->r[base];
	u8 size = sizes[chance_below(&g->c, XB_ARRAY_SIZE(sizes))];
	s32 bytes = (s32)xb_insn_bytes(size);
	bool atomic = g->atomics && m.atomic && chance_percent(&g->c, 35);
	u32 held = g->held;
	s16 off;

	if (bytes > m.bytes)
		return;
	off = offset(g, &m, bytes, m.stack || atomic || chance_percent(&g->c, 50));
	g->held |= 1u << base;
	if (atomic && bytes >= 4 && chance_percent(&g->c, 80))
		modify(g, base, size, off);
	else if (atomic)
		order(g, base, size, off);
	else if (chance_percent(&g->c, 55))
		load(g, base, size, off);
	else
		store(g, base, size, off);
	g->held = held;
}

/* One of the registers that lead to memory: any, or none that leads to the packet. 16: none. */
static u8
any_memory(struct gen *g, bool packet)
{
	u8 regs[11];
	u32 cnt = 0;

	for (u8 i = 0; i <= 10; i++)
		if (is_memory(g, i) && (packet || gen_is(g, i, KIND_MEM)))
			regs[cnt++] = i;
	return cnt ? regs[chance_below(&g->c, cnt)] : 16;
}

void
gen_access(struct gen *g)
{
	u32 cnt = 1 + chance_below(&g->c, 3);

	while (cnt--) {
		u8 base = any_memory(g, true);

		if (base < 16)
			gen_access_at(g, base);
	}
}

/* A copy of the address, moved by a number that is not known. In the stack by multiples of 8. */
void
gen_move_access(struct gen *g)
{
	u8 base = any_memory(g, false), dst, by;
	u32 held = g->held;
	struct reg m;
	s32 mask;

	if (base == 16 || g->r[base].bytes < 16)
		return;
	m = g->r[base];
	mask = m.stack ? 8 : CHANCE_PICK(&g->c, 1, 3, 7, 8, 11, 15);
	g->held |= 1u << base;
	by = gen_dst(g, KIND_NONE);
	g->held |= 1u << by;
	gen_masked(g, by, mask);
	dst = gen_dst(g, KIND_NONE);
	PUT(g, XB_MOV64_REG(dst, base), XB_ALU64_REG(BPF_ADD, dst, by));
	g->held = held;
	m.bytes -= mask;
	m.atomic = false;
	g->r[dst] = m;
	gen_access_at(g, dst);
}

/* Any register to the stack and back. */
void
gen_spill(struct gen *g)
{
	u8 src = (u8)chance_below(&g->c, 10), dst;
	struct reg was = g->r[src];
	s32 off = -g->frame - 8;

	if (was.kind == KIND_NONE)
		return;
	gen_put(g, XB_STX_MEM(BPF_DW, 10, src, off));
	dst = gen_dst(g, KIND_NONE);
	gen_put(g, XB_LDX_MEM(BPF_DW, dst, 10, off));
	g->r[dst] = was;
}

/* Where a context keeps the packet's bounds. */
struct bounds {
	s16 data, end, meta;
};

static struct bounds
bounds_of(const struct gen *g)
{
	static const struct bounds xdp = {
		.data = offsetof(struct xdp_md, data),
		.end = offsetof(struct xdp_md, data_end),
		.meta = offsetof(struct xdp_md, data_meta),
	};
	static const struct bounds skb = {
		.data = offsetof(struct __sk_buff, data),
		.end = offsetof(struct __sk_buff, data_end),
		.meta = offsetof(struct __sk_buff, data_meta),
	};

	return g->p->type == BPF_PROG_TYPE_XDP ? xdp : skb;
}

/* Jumps where `past` is behind `end`; in forms of which the verifier learns something. */
static u32
jump_past(struct gen *g, u8 past, u8 end)
{
	switch (chance_below(&g->c, 5)) {
	case 0:
		return gen_put(g, XB_JMP_REG(BPF_JGT, past, end, 0));
	case 1:
		return gen_put(g, XB_JMP_REG(BPF_JGE, past, end, 0));
	case 2:
		return gen_put(g, XB_JMP_REG(BPF_JLT, end, past, 0));
	case 3:
		gen_put(g, XB_JMP_REG(BPF_JLE, past, end, 1));
		return gen_put(g, XB_JA(0));
	default:
		gen_put(g, XB_JMP_REG(BPF_JGE, end, past, 1));
		return gen_put(g, XB_JA(0));
	}
}

/* Some bytes of the packet, or of its metadata, behind a check that they are there. */
void
gen_packet(struct gen *g)
{
	const struct bounds at = bounds_of(g);
	bool meta = chance_percent(&g->c, 15);
	s32 bytes = meta ? CHANCE_PICK(&g->c, 1, 4, 8)
	                 : CHANCE_PICK(&g->c, 1, 2, 4, 8, 14, 15, 20, 34, 54, 61);
	u8 first, end, past, by;
	u32 held = g->held, jump;
	struct reg saved[11];

	if (!gen_is(g, 6, KIND_CTX))
		return;
	first = gen_dst(g, KIND_NONE);
	g->held |= 1u << first;
	gen_put(g, XB_LDX_MEM(BPF_W, first, 6, meta ? at.meta : at.data));
	end = gen_dst(g, KIND_NONE);
	g->held |= 1u << end;
	gen_put(g, XB_LDX_MEM(BPF_W, end, 6, meta ? at.data : at.end));
	past = gen_dst(g, KIND_NONE);
	g->held |= 1u << past;
	if (chance_percent(&g->c, 30)) {
		by = gen_dst(g, KIND_NONE);
		gen_masked(g, by, CHANCE_PICK(&g->c, 1, 7, 12, 31));
		gen_put(g, XB_ALU64_REG(BPF_ADD, first, by));
	}
	PUT(g, XB_MOV64_REG(past, first), XB_ALU64_IMM(BPF_ADD, past, bytes));
	jump = jump_past(g, past, end);
	g->held = held;
	memcpy(saved, g->r, sizeof(saved));
	g->r[first] = (struct reg){ .kind = KIND_PACKET, .bytes = bytes };
	gen_access_at(g, first);
	gen_block(g, 1 + chance_below(&g->c, 4));
	gen_land(g, jump);
	gen_meet(g, saved);
}

/* Fields of an sk_buff that a test run has a say in, or always knows. */
static const struct {
	s16 off;
	bool writable;
} skb_fields[] = {
#define FIELD(name, writable)                                                                      \
	{                                                                                          \
		offsetof(struct __sk_buff, name), writable                                         \
	}
	FIELD(len, false),      FIELD(pkt_type, false),     FIELD(mark, true),
	FIELD(protocol, false), FIELD(priority, true),      FIELD(ingress_ifindex, false),
	FIELD(ifindex, false),  FIELD(tc_index, true),      FIELD(cb[0], true),
	FIELD(cb[1], true),     FIELD(cb[4], true),         FIELD(tc_classid, true),
	FIELD(gso_segs, false), FIELD(vlan_present, false), FIELD(wire_len, false),
	FIELD(gso_size, false),
#undef FIELD
};

/* LD_ABS and LD_IND, which end the program where the packet does. */
void
gen_legacy(struct gen *g)
{
	u8 size = sizes[chance_below(&g->c, 3)];
	s32 off =
	        CHANCE_PICK(&g->c, 0, 1, 12, 14, 23, 40, 60, 200, -1, -0x100000 + 9, -0x200000 + 3);

	if (!g->legacy)
		return;
	if (chance_percent(&g->c, 50))
		gen_put(g, XB_LD_ABS(size, off));
	else
		gen_put(g, XB_LD_IND(size, gen_scalar(g), off & 63));
	gen_called(g, KIND_SCALAR);
}

static void
skb_field(struct gen *g)
{
	u32 i = chance_below(&g->c, XB_ARRAY_SIZE(skb_fields));
	s16 off = skb_fields[i].off;
	u8 size = chance_percent(&g->c, 60) ? BPF_W : sizes[chance_below(&g->c, 2)];

	if (skb_fields[i].writable && chance_percent(&g->c, 50))
		gen_put(g, XB_STX_MEM(BPF_W, 6, gen_scalar(g), off));
	else
		gen_put(g, XB_LDX_MEM(size, gen_dst(g, KIND_SCALAR), 6, off));
}

static void
xdp_field(struct gen *g)
{
	s16 off = chance_percent(&g->c, 50) ? offsetof(struct xdp_md, ingress_ifindex)
	                                    : offsetof(struct xdp_md, rx_queue_index);

	gen_put(g, XB_LDX_MEM(BPF_W, gen_dst(g, KIND_SCALAR), 6, off));
}

/* The packet's length, as the distance of its bounds. */
static void
length(struct gen *g)
{
	const struct bounds at = bounds_of(g);
	u8 end = gen_dst(g, KIND_NONE), first;
	u32 held = g->held;

	g->held |= 1u << end;
	first = gen_dst(g, KIND_NONE);
	g->held = held;
	PUT(g, XB_LDX_MEM(BPF_W, end, 6, at.end), XB_LDX_MEM(BPF_W, first, 6, at.data),
	    XB_ALU64_REG(BPF_SUB, end, first));
	gen_set(g, end, KIND_SCALAR);
}

void
gen_ctx(struct gen *g)
{
	if (!gen_is(g, 6, KIND_CTX))
		return;
	if (chance_percent(&g->c, 30))
		length(g);
	else if (g->p->type == BPF_PROG_TYPE_XDP)
		xdp_field(g);
	else
		skb_field(g);
}
