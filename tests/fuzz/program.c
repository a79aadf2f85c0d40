/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/program.h"

#include "tests/fuzz/chance.h"
#include "vm/bytes.h"

#include <stdlib.h>
#include <string.h>

#include <linux/if_ether.h>

static u32
use_of(const struct bpf_insn *insn)
{
	if (!program_is_wide(insn) || insn->imm < 0 || insn->imm >= MAP_CNT ||
	    (insn->src_reg != BPF_PSEUDO_MAP_FD && insn->src_reg != BPF_PSEUDO_MAP_VALUE))
		return 0;
	return insn->imm == MAP_TAIL ? 1u << MAP_TAIL | 1u << MAP_IO | 1u << MAP_ARRAY
	                             : 1u << insn->imm;
}

static int
by_number(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

u32
program_funcs(const struct program *p, u32 *starts, u32 most)
{
	u32 cnt = 0, kept = 0;

	starts[cnt++] = 0;
	for (u32 pc = 0; pc < p->cnt && cnt < most; pc++) {
		const struct bpf_insn *insn = &p->insns[pc];

		if (program_names_func(insn) ||
		    (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL))
			starts[cnt++] = (u32)((s32)pc + 1 + insn->imm);
		if (program_is_wide(insn))
			pc++;
	}
	qsort(starts, cnt, sizeof(starts[0]), by_number);
	for (u32 i = 0; i < cnt; i++)
		if (i == 0 || starts[i] != starts[kept - 1])
			starts[kept++] = starts[i];
	return kept;
}

static bool
is_tail_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0 &&
	       insn->imm == BPF_FUNC_tail_call;
}

struct program_use
program_use(const struct program *p)
{
	struct program_use use = { 0 };
	u32 starts[PROGRAM_REFS], first = p->cnt;

	if (program_funcs(p, starts, PROGRAM_REFS) > 1)
		first = starts[1];
	for (u32 pc = 0; pc < p->cnt; pc++) {
		const struct bpf_insn *insn = &p->insns[pc];

		use.maps |= use_of(insn);
		use.btf |= program_names_func(insn) || (pc >= first && is_tail_call(insn));
		if (BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC)
			use.atomics = true;
		if (pc < first && (insn->dst_reg == 10 || insn->src_reg == 10))
			use.frame = true;
		if (program_is_wide(insn))
			pc++;
	}
	return use;
}

/* A frame that a test run takes: of a type that has no headers, or with all of them. */
static void
make_packet(struct chance *c, struct input *in)
{
	static const u16 types[] = { ETH_P_IP, ETH_P_IPV6, ETH_P_ARP, ETH_P_8021Q, 0x88b5 };
	u8 *packet = in->data + in->meta_bytes;

	in->bytes = 64 + chance_below(c, 90);
	chance_fill(c, in->data, in->meta_bytes + in->bytes);
	if (chance_percent(c, 30)) /* small numbers are worth more than others */
		for (u32 i = 0; i < in->bytes; i++)
			packet[i] &= 3;
	xb_st_be16(packet + 12, types[chance_below(c, XB_ARRAY_SIZE(types))]);
	packet[14] = 0x45;
}

static void
make_skb(struct chance *c, struct __sk_buff *skb)
{
	memset(skb, 0, sizeof(*skb));
	skb->mark = (u32)chance_value(c);
	skb->priority = (u32)chance_value(c);
	for (u32 i = 0; i < XB_ARRAY_SIZE(skb->cb); i++)
		skb->cb[i] = (u32)chance_value(c);
	skb->gso_segs = chance_below(c, 3);
}

static void
make_maps(struct chance *c, struct map_state *maps)
{
	memset(maps, 0, sizeof(*maps));
	for (u32 i = 0; i < IO_RESULTS; i += 8)
		xb_st64(maps->io + i, chance_value(c));
	for (u32 i = 0; i < ARRAY_CNT; i++)
		for (u32 at = 0; at < ARRAY_BYTES; at += 8)
			xb_st64(maps->array[i] + at, chance_value(c));
	maps->hash_cnt = chance_below(c, HASH_CNT + 1);
	for (u32 i = 0; i < maps->hash_cnt; i++) {
		maps->hash[i].key =
		        i ? maps->hash[i - 1].key + 1 + chance_below(c, 2) : chance_below(c, 2);
		chance_fill(c, maps->hash[i].value, HASH_BYTES);
	}
	chance_fill(c, maps->percpu, sizeof(maps->percpu));
	for (u32 i = 0; i < 2; i++) {
		maps->queues[i].cnt = chance_below(c, QUEUE_CNT + 1);
		chance_fill(c, maps->queues[i].values, maps->queues[i].cnt * QUEUE_BYTES);
	}
}

void
program_inputs(u64 seed, u32 type, struct input inputs[PROGRAM_INPUTS])
{
	struct chance c = { .state = ~seed };

	for (u32 i = 0; i < PROGRAM_INPUTS; i++) {
		inputs[i].meta_bytes = 0;
		if (type == BPF_PROG_TYPE_XDP && chance_percent(&c, 40))
			inputs[i].meta_bytes = 4 * (1 + chance_below(&c, 4));
		make_packet(&c, &inputs[i]);
		make_skb(&c, &inputs[i].skb);
		make_maps(&c, &inputs[i].maps);
	}
}
