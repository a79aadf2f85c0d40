/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_access.c - every access of struct __sk_buff and struct bpf_sock, in and around them, by
 * every type of program, of every width and kind: the kernel's verifier allows or refuses it as the
 * tables of access.h say, and so does the emulator when it runs.
 */
#include "emu/prog.h"
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "tests/skb/access.h"
#include "tests/skb/packets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define MARGIN    16  /* bytes tried before and after a structure */
#define MAX_PROGS 500 /* of an emulator, which keeps a descriptor open for each */

struct verdict {
	bool allowed;
	bool other;      /* it failed for something that is not the access */
	char text[4096]; /* why not */
};

/* Who is asked. */
struct side {
	struct backend b;
	struct xb_skb *skb; /* the emulator's */
	u32 progs;          /* of this emulator */
	u32 bytes;
	u8 packet[PACKET_MAX_BYTES];
};

static bool
open_emu(struct side *side)
{
	const struct xb_skb_opts opts = { .vcpu = 0 };
	struct xb_err err = XB_ERR_INIT;

	backend_open_emu(&side->b, xb_skb_register);
	side->skb = xb_skb_new(side->b.emu, &opts, &err);
	if (!side->skb)
		fail_msg("%s", err.msg);
	side->bytes = packet_build(TCP4, side->packet);
	side->progs = 0;
	return true;
}

static bool
open_kernel(struct side *side)
{
	side->skb = NULL;
	return backend_open_kernel(&side->b);
}

static void
close_side(struct side *side)
{
	xb_skb_free(side->skb);
	backend_close(&side->b);
}

/* What stops a run, or nothing. */
static void
run(struct side *side, u32 type, int fd, struct verdict *v)
{
	const struct xb_skb_ctx ctx = { .ifindex = 1 };
	const struct xb_skb_in in = {
		.data = side->packet, .bytes = side->bytes, .ctx = &ctx, .prog_type = type
	};
	struct xb_skb_out out;

	xb_skb_load(side->skb, &in);
	xb_skb_run(side->skb, backend_emu_prog(&side->b, fd), &out);
	v->allowed = !out.fault;
	v->other = out.fault && out.fault->kind != XB_FAULT_BAD_CONTEXT;
	snprintf(v->text, sizeof(v->text), "%s", out.fault ? out.fault->message : "");
}

/* The verifier's opinion, or what comes of it in the emulator. */
static void
ask(struct side *side, const struct access_type *type, const struct bpf_insn *insns, u32 cnt,
    struct verdict *v)
{
	const struct backend_prog prog = { .insns = insns,
		                           .insn_cnt = cnt,
		                           .type = type->prog_type,
		                           .attach_type = type->attach_type };
	long fd = backend_try_prog(&side->b, &prog, v->text, sizeof(v->text));

	v->allowed = fd >= 0;
	v->other = fd < 0 && (side->skb || fd != -EACCES);
	if (fd >= 0 && side->skb)
		run(side, type->prog_type, (int)fd, v);
	if (fd >= 0)
		close((int)fd);
}

static void
ask_access(struct side *side, const struct access *a, struct verdict *v)
{
	struct bpf_insn insns[ACCESS_MAX_INSNS];
	u32 cnt = access_prog(a, insns);

	ask(side, a->type, insns, cnt, v);
}

/* Whether the emulator says what it is that cannot be accessed; of an array, its name. */
static bool
names(const struct access_field *field, const char *text)
{
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(field->name, "["), field->name);
	return strstr(text, name) != NULL;
}

static void
check(struct side *side, const struct access *a)
{
	const struct access_field *field;
	bool expected = access_allowed(a, &field);
	struct verdict v = { .allowed = false };

	if (side->skb && ++side->progs > MAX_PROGS) {
		close_side(side);
		open_emu(side);
	}
	ask_access(side, a, &v);
	if (v.allowed != expected || v.other)
		fail_msg("%s: %s by %s of %u bytes at %d of %s (%s): the %s %s it\n%s",
		         a->type->name, a->kind->name, a->way->name, a->bytes, a->off,
		         a->area->name, field->name, side->b.name, v.allowed ? "allows" : "refuses",
		         v.text);
	if (!expected && side->skb && !names(field, v.text))
		fail_msg("%s: %s by %s of %u bytes at %d of %s: '%s' does not name '%s'",
		         a->type->name, a->kind->name, a->way->name, a->bytes, a->off,
		         a->area->name, v.text, field->name);
}

/* Old kernels lack the TCX attach types, loads with sign, or newer atomics. */
static bool
is_known(struct side *side, const struct access *like)
{
	struct access a = *like;
	struct verdict v = { .allowed = false };

	a.area = &access_stack;
	a.off = -8;
	a.bytes = 4;
	ask_access(side, &a, &v);
	if (!v.allowed)
		print_message("skipped: %s: the %s does not know %s\n", a.type->name, side->b.name,
		              a.kind->name);
	return v.allowed;
}

/* All places of one way; the kinds that are refused everywhere, with one of the types alone. */
static void
check_places(struct side *side, struct access *a)
{
	const s32 end = (s32)a->area->bytes + MARGIN;

	if (!is_known(side, a))
		return;
	for (a->off = -MARGIN; a->off < end; a->off++)
		for (a->bytes = a->kind->least; a->bytes <= a->kind->most; a->bytes *= 2)
			check(side, a);
}

static void
check_area(struct side *side, const struct access_area *area)
{
	u32 t, k, w;

	for (t = 0; t < ACCESS_TYPES; t++)
		for (k = 0; k < ACCESS_KINDS; k++)
			for (w = 0; w < ACCESS_WAYS; w++) {
				struct access a = { .area = area,
					            .kind = &access_kinds[k],
					            .type = &access_types[t],
					            .way = &access_ways[w] };

				if (!(area->views >> a.type->view & 1))
					continue;
				if (t == 0 || (w == 0 && BPF_MODE(a.kind->code) != BPF_ATOMIC))
					check_places(side, &a);
			}
}

static void
on_sides(void (*fn)(struct side *side))
{
	bool (*const open[])(struct side *) = { open_kernel, open_emu };
	struct side *side = calloc(1, sizeof(*side));
	u32 i;

	assert_non_null(side);
	for (i = 0; i < XB_ARRAY_SIZE(open); i++) {
		if (!open[i](side))
			continue;
		fn(side);
		close_side(side);
	}
	free(side);
}

static void
check_areas(struct side *side)
{
	u32 i;

	for (i = 0; i < ACCESS_AREAS; i++)
		check_area(side, &access_areas[i]);
}

static void
test_areas(void **state)
{
	(void)state;
	on_sides(check_areas);
}

/* Maps that the rows below name by their place here. */
enum { ARRAY, RINGBUF, PERF, MAPS };
static const struct {
	u32 type, key_bytes, value_bytes, entries;
} maps[MAPS] = {
	[ARRAY] = { BPF_MAP_TYPE_ARRAY, 4, 8, 1 },
	[RINGBUF] = { BPF_MAP_TYPE_RINGBUF, 0, 0, 4096 },
	[PERF] = { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 1 },
};

#define ON_STACK(reg) XB_MOV64_REG(reg, 10), XB_ALU64_IMM(BPF_ADD, reg, -8)

/* clang-format off */
/* Helpers that take memory, given the address in R6; R9 is the context, 8 bytes on the stack 0. */
static const struct pass {
	const char *name;
	struct bpf_insn insns[12]; /* up to the first of code 0 that no 64-bit constant ends with */
} passes[] = {
	{ "key",	{ XB_LD_MAP_FD(1, ARRAY), XB_MOV64_REG(2, 6), XB_CALL(BPF_FUNC_map_lookup_elem) } },
	{ "value",	{ XB_LD_MAP_FD(1, ARRAY), ON_STACK(2), XB_MOV64_REG(3, 6), XB_MOV64_IMM(4, 0), XB_CALL(BPF_FUNC_map_update_elem) } },
	{ "sum",	{ XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, 4), XB_MOV64_IMM(3, 0), XB_MOV64_IMM(4, 0), XB_MOV64_IMM(5, 0), XB_CALL(BPF_FUNC_csum_diff) } },
	{ "other sum",	{ XB_MOV64_IMM(1, 0), XB_MOV64_IMM(2, 0), XB_MOV64_REG(3, 6), XB_MOV64_IMM(4, 4), XB_MOV64_IMM(5, 0), XB_CALL(BPF_FUNC_csum_diff) } },
	{ "format",	{ XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, 8), XB_CALL(BPF_FUNC_trace_printk) } },
	{ "record",	{ XB_LD_MAP_FD(1, RINGBUF), XB_MOV64_REG(2, 6), XB_MOV64_IMM(3, 8), XB_MOV64_IMM(4, 0), XB_CALL(BPF_FUNC_ringbuf_output) } },
	{ "number",	{ XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, 8), XB_MOV64_IMM(3, 0), ON_STACK(4), XB_CALL(BPF_FUNC_strtol) } },
	{ "result",	{ ON_STACK(1), XB_MOV64_IMM(2, 8), XB_MOV64_IMM(3, 0), XB_MOV64_REG(4, 6), XB_CALL(BPF_FUNC_strtol) } },
	{ "sample",	{ XB_MOV64_REG(1, 9), XB_LD_MAP_FD(2, PERF), XB_MOV64_IMM(3, 0), XB_MOV64_REG(4, 6), XB_MOV64_IMM(5, 8), XB_CALL(BPF_FUNC_perf_event_output) } },
	{ "bytes to",	{ XB_MOV64_REG(1, 9), XB_MOV64_IMM(2, 0), XB_MOV64_REG(3, 6), XB_MOV64_IMM(4, 4), XB_CALL(BPF_FUNC_skb_load_bytes) } },
	{ "bytes from",	{ XB_MOV64_REG(1, 9), XB_MOV64_IMM(2, 0), XB_MOV64_REG(3, 6), XB_MOV64_IMM(4, 4), XB_MOV64_IMM(5, 0), XB_CALL(BPF_FUNC_skb_store_bytes) } },
};
/* clang-format on */

/* The maps' places give way to their descriptors. */
static u32
pass_insns(const struct pass *p, const int *fds, struct bpf_insn *to)
{
	u32 cnt = 0;

	while (cnt < XB_ARRAY_SIZE(p->insns) && p->insns[cnt].code) {
		bool wide = p->insns[cnt].code == (BPF_LD | BPF_DW | BPF_IMM);

		to[cnt] = p->insns[cnt];
		if (wide) {
			to[cnt].imm = fds[to[cnt].imm];
			cnt++;
			to[cnt] = p->insns[cnt];
		}
		cnt++;
	}
	return cnt;
}

static void
check_pass(struct side *side, const struct pass *p, const struct access_area *area, const int *fds)
{
	struct bpf_insn insns[32];
	struct verdict v = { .allowed = false };
	u32 i, cnt = 0;

	insns[cnt++] = XB_MOV64_REG(9, 1);
	for (i = 0; area->prefix[i].code; i++)
		insns[cnt++] = area->prefix[i];
	insns[cnt++] = XB_ST_MEM(BPF_DW, 10, -8, 0);
	cnt += pass_insns(p, fds, insns + cnt);
	insns[cnt++] = XB_MOV64_IMM(0, 0);
	insns[cnt++] = XB_EXIT();
	ask(side, &access_types[0], insns, cnt, &v);
	if (v.allowed || v.other)
		fail_msg("%s in %s: %s: %s", p->name, area->name, side->b.name,
		         v.allowed ? "allowed" : v.text);
	if (side->skb && !strstr(v.text, " is no memory to pass on"))
		fail_msg("%s in %s: %s", p->name, area->name, v.text);
}

static void
check_passes(struct side *side)
{
	int fds[MAPS];
	u32 i, k;

	for (i = 0; i < MAPS; i++)
		fds[i] = backend_map(&side->b, maps[i].type, maps[i].key_bytes, maps[i].value_bytes,
		                     maps[i].entries);
	for (i = 0; i < XB_ARRAY_SIZE(passes); i++)
		for (k = 0; k < ACCESS_AREAS; k++)
			check_pass(side, &passes[i], &access_areas[k], fds);
	for (i = 0; i < MAPS; i++)
		close(fds[i]);
}

static void
test_passes(void **state)
{
	(void)state;
	on_sides(check_passes);
}

/* No byte of __sk_buff without its row, and none in two. */
static void
test_cover(void **state)
{
	const struct access_area *area = &access_areas[0];
	u32 i, off = 0;

	(void)state;
	for (i = 0; i < area->lists[0].cnt; i++) {
		const struct access_field *f = &area->lists[0].fields[i];

		if (f->off != off)
			fail_msg("%s: at %u, expected at %u", f->name, f->off, off);
		off += f->bytes;
	}
	assert_int_equal(off, sizeof(struct __sk_buff));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cover),
		cmocka_unit_test(test_areas),
		cmocka_unit_test(test_passes),
	};

	return cmocka_run_group_tests_name("skb access", tests, NULL, NULL);
}
