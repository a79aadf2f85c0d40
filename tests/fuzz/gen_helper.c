/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_helper.c - helpers of packets, checksums, texts and queues, with arguments around their
 * boundaries.
 */
#include "tests/fuzz/gen_priv.h"

#include <string.h>

void
gen_arg(struct gen *g, u8 dst, s32 imm, s32 mask)
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
	gen_arg(g, (u8)(dst + 1), unit * (1 + (s32)chance_below(&g->c, (u32)(bytes / unit))), 0);
}

static void
args_csum_diff(struct gen *g)
{
	for (u8 dst = 1; dst <= 3; dst += 2) {
		if (chance_percent(&g->c, 30)) {
			gen_arg(g, dst, 0, 0);
			gen_arg(g, (u8)(dst + 1), 0, 0);
		} else {
			put_buffer(g, dst, chance_percent(&g->c, 90) ? 4 : 1);
		}
	}
	put_number(g, 5);
}

static void
args_adjust(struct gen *g)
{
	gen_arg(g, 2,
	        CHANCE_PICK(&g->c, 0, -4, 4, -8, 8, 14, -14, 20, -32, 2, -3, -200, 300, 1 << 20),
	        28);
}

static void
args_adjust_tail(struct gen *g)
{
	gen_arg(g, 2, CHANCE_PICK(&g->c, 0, -1, 1, -20, -40, 20, 64, 100, -300, 4000), 31);
}

static void
args_bytes(struct gen *g)
{
	gen_arg(g, 2, CHANCE_PICK(&g->c, 0, 1, 13, 14, 20, 34, 50, 60, 100, 200, 65535, -1), 63);
	put_buffer(g, 3, 1);
}

static void
args_store_bytes(struct gen *g)
{
	args_bytes(g);
	gen_arg(g, 5, CHANCE_PICK(&g->c, 0, 0, 1, 2, 3, 4), 0);
}

static void
args_none(struct gen *g)
{
	(void)g;
}

static void
args_csum_replace(struct gen *g)
{
	gen_arg(g, 2, CHANCE_PICK(&g->c, 0, 2, 14, 24, 36, 40, 50, 51, 60, 100, -2), 62);
	put_number(g, 3);
	put_number(g, 4);
	gen_arg(g, 5, CHANCE_PICK(&g->c, 0, 2, 2, 4, 4, 1, 3, 0x12, 0x14, 0x22, 0x24, 0x40), 0);
}

static void
args_number(struct gen *g)
{
	put_number(g, 2);
}

static void
args_pull_data(struct gen *g)
{
	gen_arg(g, 2, CHANCE_PICK(&g->c, 0, 14, 54, 60, 100, 5000), 63);
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
	gen_arg(g, 3, CHANCE_PICK(&g->c, 0, 0, 2, 2, 1, 4, -1), 3);
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
	gen_arg(g, 2, 1 + (s32)chance_below(&g->c, 8), 0);
	gen_arg(g, 3, CHANCE_PICK(&g->c, 0, 0, 8, 10, 16, 7, 32), 0);
}

static void
args_vlan_push(struct gen *g)
{
	gen_arg(g, 2, CHANCE_PICK(&g->c, 0x0081, 0xa888, 0x0008, 0x0081, -1), 0);
	gen_arg(g, 3, chance_imm(&g->c), 4095);
}

static void
args_change_tail(struct gen *g)
{
	gen_arg(g, 2, CHANCE_PICK(&g->c, 60, 61, 64, 80, 100, 150, 300), 0);
	gen_arg(g, 3, chance_percent(&g->c, 95) ? 0 : 1, 0);
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
