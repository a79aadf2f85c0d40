/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_call.c - maps, helpers, tail calls, and functions of the program's own.
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

/* A number as an argument: one that is known, or not. */
static void
put_arg(struct gen *g, u8 dst, s32 imm, s32 mask)
{
	if (mask && chance_percent(&g->c, 35))
		gen_masked(g, dst, mask);
	else
		gen_put(g, XB_MOV64_IMM(dst, imm));
	gen_set(g, dst, KIND_NONE);
	g->held |= 1u << dst;
}

static void
put_number(struct gen *g, u8 dst)
{
	u8 src = gen_scalar(g);

	gen_put(g, XB_MOV64_REG(dst, src));
	gen_set(g, dst, KIND_NONE);
	g->held |= 1u << dst;
}

/* A buffer in dst and its length in the next register. */
static void
put_buffer(struct gen *g, u8 dst, s32 unit)
{
	s32 bytes = gen_buffer(g, dst);

	g->held |= 1u << dst;
	if (bytes > 64)
		bytes = 64;
	put_arg(g, (u8)(dst + 1), unit * (1 + (s32)chance_below(&g->c, (u32)(bytes / unit))), 0);
}

static void
args_csum_diff(struct gen *g)
{
	for (u8 dst = 1; dst <= 3; dst += 2) {
		if (chance_percent(&g->c, 30)) {
			put_arg(g, dst, 0, 0);
			put_arg(g, (u8)(dst + 1), 0, 0);
		} else {
			put_buffer(g, dst, chance_percent(&g->c, 90) ? 4 : 1);
		}
	}
	put_number(g, 5);
}

static void
args_adjust(struct gen *g)
{
	put_arg(g, 2,
	        CHANCE_PICK(&g->c, 0, -4, 4, -8, 8, 14, -14, 20, -32, 2, -3, -200, 300, 1 << 20),
	        28);
}

static void
args_adjust_tail(struct gen *g)
{
	put_arg(g, 2, CHANCE_PICK(&g->c, 0, -1, 1, -20, -40, 20, 64, 100, -300, 4000), 31);
}

static void
args_bytes(struct gen *g)
{
	put_arg(g, 2, CHANCE_PICK(&g->c, 0, 1, 13, 14, 20, 34, 50, 60, 100, 200, 65535, -1), 63);
	put_buffer(g, 3, 1);
}

static void
args_store_bytes(struct gen *g)
{
	args_bytes(g);
	put_arg(g, 5, CHANCE_PICK(&g->c, 0, 0, 1, 2, 3, 4), 0);
}

static void
args_none(struct gen *g)
{
	(void)g;
}

static void
args_csum_replace(struct gen *g)
{
	put_arg(g, 2, CHANCE_PICK(&g->c, 0, 2, 14, 24, 36, 40, 50, 51, 60, 100, -2), 62);
	put_number(g, 3);
	put_number(g, 4);
	put_arg(g, 5, CHANCE_PICK(&g->c, 0, 2, 2, 4, 4, 1, 3, 0x12, 0x14, 0x22, 0x24, 0x40), 0);
}

static void
args_number(struct gen *g)
{
	put_number(g, 2);
}

static void
args_pull_data(struct gen *g)
{
	put_arg(g, 2, CHANCE_PICK(&g->c, 0, 14, 54, 60, 100, 5000), 63);
}

static void
args_queue(struct gen *g, s32 map)
{
	gen_buffer(g, 2);
	PUT(g, XB_LD_MAP_FD(1, map));
}

static void
args_push(struct gen *g)
{
	g->held |= 1u << 2;
	put_arg(g, 3, CHANCE_PICK(&g->c, 0, 0, 2, 2, 1, 4, -1), 3);
	args_queue(g, CHANCE_PICK(&g->c, MAP_QUEUE, MAP_STACK));
}

static void
args_pop(struct gen *g)
{
	args_queue(g, CHANCE_PICK(&g->c, MAP_QUEUE, MAP_STACK));
}

/* Text in the frame, and a place for its number there. */
static void
args_strtol(struct gen *g)
{
	static const char texts[][9] = { "123\0xyz",    "-42\nab\0", "0x1fG\0\0", "077\0\0\0\0",
		                         " +8\0\0\0\0", "99999999",  "abcdef\0",  "-0x\0\0\0\0" };
	u64 text;

	memcpy(&text, texts[chance_below(&g->c, XB_ARRAY_SIZE(texts))], sizeof(text));
	PUT(g, XB_LD_IMM64(1, text), XB_STX_MEM(BPF_DW, 10, 1, -8), XB_MOV64_REG(1, 10),
	    XB_ALU64_IMM(BPF_ADD, 1, -8), XB_MOV64_REG(4, 10), XB_ALU64_IMM(BPF_ADD, 4, -16));
	g->held |= 1u << 1 | 1u << 4;
	gen_set(g, 4, KIND_NONE);
	put_arg(g, 2, 1 + (s32)chance_below(&g->c, 8), 0);
	put_arg(g, 3, CHANCE_PICK(&g->c, 0, 0, 8, 10, 16, 7, 32), 0);
}

static void
args_vlan_push(struct gen *g)
{
	put_arg(g, 2, CHANCE_PICK(&g->c, 0x0081, 0xa888, 0x0008, 0x0081, -1), 0);
	put_arg(g, 3, chance_imm(&g->c), 4095);
}

static void
args_change_tail(struct gen *g)
{
	put_arg(g, 2, CHANCE_PICK(&g->c, 60, 61, 64, 80, 100, 150, 300), 0);
	put_arg(g, 3, chance_percent(&g->c, 95) ? 0 : 1, 0);
}

/* Helpers whose results are the same everywhere. */
static const struct {
	s32 id;
	u32 types; /* bits 1 << BPF_PROG_TYPE_*; */
	void (*args)(struct gen *g);
	bool no_ctx;
} helpers[] = {
#define XDP (1u << BPF_PROG_TYPE_XDP)
#define CLS (1u << BPF_PROG_TYPE_SCHED_CLS)
	{ BPF_FUNC_csum_diff, XDP | CLS, args_csum_diff, true },
	{ BPF_FUNC_map_push_elem, XDP | CLS, args_push, true },
	{ BPF_FUNC_map_pop_elem, XDP | CLS, args_pop, true },
	{ BPF_FUNC_map_peek_elem, XDP | CLS, args_pop, true },
	{ BPF_FUNC_strtol, XDP | CLS, args_strtol, true },
	{ BPF_FUNC_strtoul, XDP | CLS, args_strtol, true },
	{ BPF_FUNC_skb_vlan_push, CLS, args_vlan_push, false },
	{ BPF_FUNC_skb_vlan_pop, CLS, args_none, false },
	{ BPF_FUNC_xdp_adjust_head, XDP, args_adjust, false },
	{ BPF_FUNC_xdp_adjust_meta, XDP, args_adjust, false },
	{ BPF_FUNC_xdp_adjust_tail, XDP, args_adjust_tail, false },
	{ BPF_FUNC_xdp_load_bytes, XDP, args_bytes, false },
	{ BPF_FUNC_xdp_store_bytes, XDP, args_bytes, false },
	{ BPF_FUNC_xdp_get_buff_len, XDP, args_none, false },
	{ BPF_FUNC_skb_load_bytes, CLS, args_bytes, false },
	{ BPF_FUNC_skb_store_bytes, CLS, args_store_bytes, false },
	{ BPF_FUNC_l3_csum_replace, CLS, args_csum_replace, false },
	{ BPF_FUNC_l4_csum_replace, CLS, args_csum_replace, false },
	{ BPF_FUNC_csum_update, CLS, args_number, false },
	{ BPF_FUNC_skb_pull_data, CLS, args_pull_data, false },
	{ BPF_FUNC_skb_change_tail, CLS, args_change_tail, false },
#undef XDP
#undef CLS
};

void
gen_helper(struct gen *g)
{
	u32 i = chance_below(&g->c, XB_ARRAY_SIZE(helpers)), held = g->held;

	if (!(helpers[i].types & 1u << g->p->type) ||
	    (!helpers[i].no_ctx && !gen_is(g, 6, KIND_CTX)) ||
	    (helpers[i].args == args_strtol && g->frame < 16))
		return;
	if (!helpers[i].no_ctx)
		g->held |= 1u << 1;
	gen_set(g, 1, KIND_NONE);
	helpers[i].args(g);
	if (!helpers[i].no_ctx)
		gen_put(g, XB_MOV64_REG(1, 6));
	gen_put(g, XB_CALL(helpers[i].id));
	g->held = held;
	gen_called(g, KIND_SCALAR);
	gen_lose_packet(g);
}

void
gen_tail_call(struct gen *g)
{
	u32 held = g->held;

	if (g->callback || !gen_is(g, 6, KIND_CTX))
		return;
	put_arg(g, 3, (s32)chance_below(&g->c, 4), 3);
	g->held = held;
	PUT(g, XB_MOV64_REG(1, 6), XB_LD_MAP_FD(2, MAP_TAIL), XB_CALL(BPF_FUNC_tail_call));
	gen_called(g, KIND_NONE);
	gen_lose_packet(g);
}

void
gen_refer(struct gen *g, u32 pc, u32 func)
{
	g->calls[g->call_cnt].func = func;
	g->calls[g->call_cnt++].pc = pc;
}

/* A function with arguments of some kinds, the first of which may be the context. */
static u32
new_function(struct gen *g)
{
	struct func *f = &g->funcs[g->func_cnt];

	f->args = chance_below(&g->c, 6);
	for (u32 i = 0; i < f->args; i++)
		f->kinds[i] = chance_percent(&g->c, 30) ? KIND_MEM : KIND_SCALAR;
	if (gen_is(g, 6, KIND_CTX) && f->args && chance_percent(&g->c, 60))
		f->kinds[0] = KIND_CTX;
	return g->func_cnt++;
}

/* One that is made after this one; GEN_FUNCS: there is none. */
static u32
choose_function(struct gen *g)
{
	u32 f;

	if (g->func_cnt < GEN_FUNCS && chance_percent(&g->c, g->func_cnt ? 40 : 100))
		return new_function(g);
	if (g->func_cnt <= g->func)
		return GEN_FUNCS;
	f = g->func + chance_below(&g->c, g->func_cnt - g->func);
	if (g->funcs[f].callback)
		return GEN_FUNCS;
	if (g->funcs[f].args && g->funcs[f].kinds[0] == KIND_CTX && !gen_is(g, 6, KIND_CTX))
		return GEN_FUNCS;
	return f;
}

static void
put_argument(struct gen *g, u8 dst, enum kind kind)
{
	s32 off = g->frame >= 16 ? -8 * chance_between(&g->c, 2, g->frame / 8) : 0;

	if (kind == KIND_CTX)
		gen_put(g, XB_MOV64_REG(dst, 6));
	else if (kind == KIND_SCALAR)
		gen_put(g, XB_MOV64_REG(dst, gen_scalar(g)));
	else if (off && chance_percent(&g->c, 60))
		PUT(g, XB_MOV64_REG(dst, 10), XB_ALU64_IMM(BPF_ADD, dst, off));
	else
		PUT(g, XB_LD_MAP_VALUE(dst, MAP_IO, 8));
	gen_set(g, dst, KIND_NONE);
	g->held |= 1u << dst;
}

void
gen_local_call(struct gen *g)
{
	u32 held = g->held, f;

	if (g->legacy || g->call_cnt == XB_ARRAY_SIZE(g->calls))
		return;
	f = choose_function(g);
	if (f == GEN_FUNCS)
		return;
	for (u8 i = 0; i < g->funcs[f].args; i++)
		put_argument(g, (u8)(i + 1), g->funcs[f].kinds[i]);
	g->held = held;
	gen_refer(g, gen_put(g, XB_CALL_FUNC(0)), f);
	gen_called(g, KIND_SCALAR);
	gen_lose_packet(g);
	gen_lose_hash(g);
}

/* bpf_loop or bpf_for_each_map_elem, of a function of its own that gets a piece of the frame. */
void
gen_callback(struct gen *g)
{
	bool each = chance_percent(&g->c, 40);
	struct func *f = &g->funcs[g->func_cnt];
	u32 held = g->held, pc;

	if (g->legacy || g->loops || g->callback || g->frame < 16 || g->func_cnt == GEN_FUNCS ||
	    g->call_cnt == XB_ARRAY_SIZE(g->calls))
		return;
	*f = (struct func){ .args = each ? 4 : 2, .callback = true, .each = each };
	f->kinds[0] = each ? KIND_NONE : KIND_SCALAR;
	f->kinds[1] = each ? KIND_NONE : KIND_MEM;
	f->kinds[2] = f->kinds[3] = KIND_MEM;
	if (each)
		PUT(g, XB_LD_MAP_FD(1, MAP_ARRAY));
	else
		put_arg(g, 1, (s32)chance_below(&g->c, 4), 3);
	/*
	 * Never 0 rounds: where that is known Linux takes the function for dead code, then misses
	 * it and warns (cf. kernel/bpf/verifier.c: jit_subprogs).
	 */
	if (!each)
		gen_put(g, XB_ALU64_IMM(BPF_ADD, 1, 1));
	gen_set(g, 1, KIND_NONE);
	g->held |= 1u << 1;
	pc = gen_put(g, XB_INSN(BPF_LD | BPF_DW | BPF_IMM, 2, BPF_PSEUDO_FUNC, 0, 0));
	gen_put(g, XB_INSN(0, 0, 0, 0, 0));
	gen_refer(g, pc, g->func_cnt++);
	PUT(g, XB_MOV64_REG(3, 10),
	    XB_ALU64_IMM(BPF_ADD, 3, -8 * chance_between(&g->c, 2, g->frame / 8)),
	    XB_MOV64_IMM(4, 0), XB_CALL(each ? BPF_FUNC_for_each_map_elem : BPF_FUNC_loop));
	g->held = held;
	gen_called(g, KIND_SCALAR);
	gen_lose_packet(g);
	gen_lose_hash(g);
}
