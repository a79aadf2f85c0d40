/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show.c - a program that shows a difference, for who is to find out why: as text, and as a line of
 * tests/vectors/.
 *
 * Keys beside those that vectors have: `meta` (bytes in front of the packet), `map0` to `map5` (IO,
 * ARRAY, HASH: pairs of key and value, PERCPU, QUEUE and STACK: as values come out). The
 * expectation is the kernel's where it is that differs, else the interpreter's.
 */
#include "tests/fuzz/trial.h"

#include "emu/prog.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As vectors name it. */
static void
show_fault(const struct outcome *out)
{
#define ROW(id, name) #id,
	static const char *const kinds[] = { XB_FAULT_LIST(ROW) };
#undef ROW

	printf(" | fault=");
	for (const char *c = kinds[out->fault]; *c; c++)
		putchar(tolower((unsigned char)*c));
	printf("@%u", out->pc);
}

static void
hex(const char *key, const void *bytes, u32 cnt)
{
	printf("%s", key);
	for (u32 i = 0; i < cnt; i++)
		printf("%02x", ((const u8 *)bytes)[i]);
}

static void
show_maps(u32 used, const struct map_state *maps)
{
	if (used & 1u << MAP_IO)
		hex(" map0=", maps->io, sizeof(maps->io));
	if (used & 1u << MAP_ARRAY)
		hex(" map1=", maps->array, sizeof(maps->array));
	if (used & 1u << MAP_HASH)
		hex(" map2=", maps->hash, maps->hash_cnt * (u32)sizeof(maps->hash[0]));
	if (used & 1u << MAP_PERCPU)
		hex(" map3=", maps->percpu, sizeof(maps->percpu));
	if (used & 1u << MAP_QUEUE)
		hex(" map4=", maps->queues[0].values, maps->queues[0].cnt * QUEUE_BYTES);
	if (used & 1u << MAP_STACK)
		hex(" map5=", maps->queues[1].values, maps->queues[1].cnt * QUEUE_BYTES);
}

static void
show_vector(const struct rig *rig, const struct program *p, const struct verdict *v)
{
	const struct input *in = &rig->inputs[v->input];
	const struct outcome *out = &rig->outcomes[0];
	const struct seen *seen = &rig->seen[1];
	bool kernel = strcmp(v->between, "kernel") == 0 && out->status != XB_RUN_FAULT;

	printf("fuzz/%" PRIu64 " | ", p->seed);
	hex("", p->insns, p->cnt * (u32)sizeof(p->insns[0]));
	printf(" | type=%s", p->type == BPF_PROG_TYPE_XDP ? "xdp" : "tc");
	if (in->meta_bytes)
		hex(" meta=", in->data, in->meta_bytes);
	hex(" pkt=", in->data + in->meta_bytes, in->bytes);
	show_maps(v->use.maps, &in->maps);
	if (out->status == XB_RUN_FAULT)
		show_fault(out);
	else if (kernel)
		printf(" | r0=0x%x", seen->retval);
	else
		printf(" | r0=0x%" PRIx64, out->r[0]);
	show_maps(v->use.maps, kernel ? &seen->maps : &out->maps);
	printf("\n");
}

static void
show_insns(const struct rig *rig, const struct program *p)
{
	const struct side *s = &rig->machines[0].side;
	long fd = side_load(s, p, NULL, 0);
	const struct xb_prog *prog = fd < 0 ? NULL : backend_emu_prog(&s->b, (int)fd)->vm;
	char text[128] = "";

	for (u32 pc = 0; pc < p->cnt;) {
		u32 took = prog ? xb_prog_disasm(prog, pc, text, sizeof(text)) : 1;

		hex("  ", &p->insns[pc], sizeof(p->insns[pc]));
		printf("  %3u: %s", pc, text);
		if (program_is_wide(&p->insns[pc]) && p->insns[pc].src_reg)
			printf(" (map %d)", p->insns[pc].imm);
		printf("\n");
		pc += took;
	}
	if (fd >= 0)
		side_unload(s, (int)fd);
}

void
show(struct rig *rig, const struct program *p, const struct verdict *v)
{
	printf("program %" PRIu64 " (%s%s), input %u: %s\n", p->seed,
	       p->type == BPF_PROG_TYPE_XDP ? "xdp" : "tc", p->wild ? ", wild" : "", v->input,
	       v->between ? v->text : "no difference");
	show_insns(rig, p);
	if (v->between)
		show_vector(rig, p, v);
	fflush(stdout);
}
