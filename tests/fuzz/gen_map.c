/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_map.c - maps: values that are looked up, and changes by helpers.
 */
#include "tests/fuzz/gen_priv.h"

#include <string.h>

s32
gen_buffer(struct gen *g, u8 dst)
{
	u8 regs[12];
	u32 cnt = 0;
	struct reg m;
	u8 src;

	for (u8 i = 0; i <= 10; i++)
		if (gen_is(g, i, KIND_MEM) && g->r[i].bytes >= 8 && (i == 0 || i > 5))
			regs[cnt++] = i;
	if (cnt == 0 || chance_percent(&g->c, 15)) {
		PUT(g, XB_LD_MAP_VALUE(dst, MAP_IO, 0));
		gen_set(g, dst, KIND_NONE);
		return IO_BYTES;
	}
	src = regs[chance_below(&g->c, cnt)];
	m = g->r[src];
	gen_put(g, XB_MOV64_REG(dst, src));
	if (m.lo)
		gen_put(g, XB_ALU64_IMM(BPF_ADD, dst, m.lo));
	gen_set(g, dst, KIND_NONE);
	return m.bytes;
}

static const u32 value_bytes[MAP_CNT] = {
#define ROW(id, type, key, value, entries) [MAP_##id] = (value),
	FUZZ_MAPS(ROW)
#undef ROW
};

/* A key in the frame, its address in R2; false: there is no frame. */
static bool
put_key(struct gen *g)
{
	s32 off;

	if (g->frame == 0)
		return false;
	off = -4 * (1 + (s32)chance_below(&g->c, (u32)g->frame / 4));
	if (chance_percent(&g->c, 60)) {
		gen_put(g, XB_ST_MEM(BPF_W, 10, off, (s32)chance_below(&g->c, 6)));
	} else {
		u8 key = gen_dst(g, KIND_NONE);

		if (chance_percent(&g->c, 70))
			gen_masked(g, key, 7);
		else
			key = gen_scalar(g);
		gen_put(g, XB_STX_MEM(BPF_W, 10, key, off));
	}
	PUT(g, XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, off));
	gen_set(g, 2, KIND_NONE);
	return true;
}

static void
call_map(struct gen *g, s32 map, s32 helper)
{
	PUT(g, XB_LD_MAP_FD(1, map), XB_CALL(helper));
}

/* What is done with a value: in a block, or on from here, where nothing is the end. */
static void
with_value(struct gen *g, const struct reg *value)
{
	struct reg saved[11];
	u8 reg = 0;
	u32 jump;

	if (chance_percent(&g->c, 30)) {
		PUT(g, XB_JMP_IMM(BPF_JNE, 0, 0, 2), XB_MOV64_IMM(0, 0), XB_EXIT());
		g->r[0] = *value;
		gen_access_at(g, 0);
		return;
	}
	memcpy(saved, g->r, sizeof(saved));
	jump = gen_put(g, XB_JMP_IMM(BPF_JEQ, 0, 0, 0));
	g->r[0] = *value;
	if (chance_percent(&g->c, 50)) {
		reg = gen_dst(g, KIND_NONE);
		gen_put(g, XB_MOV64_REG(reg, 0));
		g->r[reg] = *value;
	}
	gen_access_at(g, reg);
	gen_block(g, 1 + chance_below(&g->c, 3));
	gen_land(g, jump);
	gen_meet(g, saved);
}

void
gen_lookup(struct gen *g)
{
	s32 map = CHANCE_PICK(&g->c, MAP_IO, MAP_ARRAY, MAP_ARRAY, MAP_HASH, MAP_HASH, MAP_PERCPU);
	struct reg value = { .kind = KIND_MEM, .hash = map == MAP_HASH, .atomic = true };

	if (!put_key(g))
		return;
	call_map(g, map, BPF_FUNC_map_lookup_elem);
	gen_called(g, KIND_NONE);
	value.bytes = (s32)value_bytes[map];
	with_value(g, &value);
}

/* An update or a deletion, with flags that there are or not. */
void
gen_map_change(struct gen *g)
{
	s32 map = CHANCE_PICK(&g->c, MAP_ARRAY, MAP_HASH, MAP_HASH, MAP_HASH, MAP_PERCPU);
	bool update = chance_percent(&g->c, 65);
	u32 held = g->held;

	if (g->frame == 0)
		return;
	if (update) {
		if (gen_buffer(g, 3) < (s32)value_bytes[map])
			PUT(g, XB_LD_MAP_VALUE(3, MAP_IO, 0));
		g->held |= 1u << 3;
		if (chance_percent(&g->c, 85))
			gen_put(g, XB_MOV64_IMM(4, CHANCE_PICK(&g->c, 0, 0, 0, 1, 2, 3, 4, 8, -1)));
		else
			gen_masked(g, 4, 3);
		gen_set(g, 4, KIND_NONE);
		g->held |= 1u << 4;
	}
	put_key(g);
	call_map(g, map, update ? BPF_FUNC_map_update_elem : BPF_FUNC_map_delete_elem);
	g->held = held;
	gen_called(g, KIND_SCALAR);
	if (map == MAP_HASH)
		gen_lose_hash(g);
}

void
gen_value_addr(struct gen *g)
{
	s32 off = 8 * (s32)chance_below(&g->c, IO_BYTES / 8);
	u8 dst = gen_dst(g, KIND_NONE);

	PUT(g, XB_LD_MAP_VALUE(dst, MAP_IO, off));
	g->r[dst] = (struct reg){ .kind = KIND_MEM, .bytes = (s32)IO_BYTES - off, .atomic = true };
	gen_access_at(g, dst);
}
