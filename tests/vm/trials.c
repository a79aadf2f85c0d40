/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vm/trials.h"

#include "tests/insns.h"
#include "tests/vm/model.h"
#include "tests/vm/oracle.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CHUNK    64 /* blocks in one program */
#define MAX_SAID 20 /* failures that are printed */

static const u64 values[] = {
	0,
	1,
	2,
	5,
	7,
	31,
	32,
	33,
	63,
	64,
	65,
	0x7f,
	0x80,
	0xff,
	0x7fff,
	0x8000,
	0xffff,
	0x7fffffff,
	0x80000000,
	0x80000001,
	0xffffffff,
	0x100000000,
	0x1122334455667788,
	0x7fffffff00000000,
	0x80000000ffffffff,
	0xdeadbeefcafebabe,
	INT64_MAX,
	(u64)INT64_MIN,
	(u64)INT64_MIN + 1,
	(u64)INT32_MIN,
	(u64)-2,
	(u64)-1,
};

u32
xb_trials_values(const u64 **out)
{
	*out = values;
	return XB_ARRAY_SIZE(values);
}

void
xb_trials_add(struct xb_trials *s, const char *name, struct bpf_insn insn)
{
	assert_true(s->try_cnt < XB_TRIALS_MAX);
	s->trys[s->try_cnt++] = (struct xb_try){ .name = name, .insn = insn };
}

void
xb_trials_cover(struct xb_trials *s, const struct bpf_insn *insn)
{
	enum xb_insn_id id = xb_insn_find(&s->index, insn);

	assert_true(id < XB_INSN_CNT);
	s->covered[id] = true;
}

static bool
is_shift(const struct bpf_insn *insn)
{
	u8 op = BPF_OP(insn->code);

	return op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;
}

bool
xb_verifier_refuses(const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
	s32 width = class == BPF_ALU64 ? 64 : 32;

	if ((class != BPF_ALU && class != BPF_ALU64) || BPF_SRC(insn->code) != BPF_K)
		return false;
	if (op == BPF_DIV || op == BPF_MOD)
		return insn->imm == 0;
	return is_shift(insn) && (insn->imm < 0 || insn->imm >= width);
}

/*
 * A locked access that is not aligned may cross a cache line, which some hosts punish a kernel for:
 * those run on the machine alone.
 */
static bool
keep_from_kernel(const struct bpf_insn *insn)
{
	s16 mask = BPF_SIZE(insn->code) == BPF_DW ? 7 : 3;

	return xb_verifier_refuses(insn) ||
	       (BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC &&
	        (insn->off & mask));
}

static void
fill(const struct xb_try *t, u32 i, u32 j, struct xb_slot *slot)
{
	*slot = (struct xb_slot){ .r1 = values[i], .r2 = values[j] };
	for (u32 k = 0; k < XB_BLOCK_MEM_BYTES; k++)
		slot->mem[k] = (u8)((values[i] >> 8 * (k % 8)) + k / 8 * 0x11);
	slot->r0 = values[j];
	/* For cmpxchg: what it finds, in every other pair. */
	if (xb_block_uses_memory(&t->insn) && (i + j) % 2)
		memcpy(&slot->r0, slot->mem + t->insn.off, 8);
}

static void
compare(struct xb_trials *s, const char *who, const struct xb_try *t, const struct xb_slot *in,
        const struct xb_slot *want, const struct xb_slot *got)
{
	if (memcmp(want, got, sizeof(*want)) == 0)
		return;
	if (s->failures++ >= MAX_SAID)
		return;
	print_error("%s: %s (code 0x%02x off %d imm %d): r0 %" PRIx64 " dst %" PRIx64
	            " src %" PRIx64 "\n  expected r0 %" PRIx64 " dst %" PRIx64 " src %" PRIx64
	            "\n  got      r0 %" PRIx64 " dst %" PRIx64 " src %" PRIx64 "%s\n",
	            t->name, who, t->insn.code, t->insn.off, t->insn.imm, in->r0, in->r1, in->r2,
	            want->r0, want->r1, want->r2, got->r0, got->r1, got->r2,
	            memcmp(want->mem, got->mem, sizeof(want->mem)) ? "; memory differs" : "");
}

/* A chunk of tries, as a program, with its slots. */
struct chunk {
	const struct xb_try *trys[CHUNK];
	u32 cnt;
	struct bpf_insn insns[CHUNK * XB_BLOCK_MAX_INSNS + 8];
	u32 insn_cnt;
	struct xb_slot in[CHUNK], want[CHUNK], got[CHUNK];
};

/* The blocks behind `prologue`, which leaves the slots' address in R6. */
static void
assemble(struct chunk *c, const struct bpf_insn *prologue, u32 cnt)
{
	memcpy(c->insns, prologue, cnt * sizeof(*prologue));
	for (u32 i = 0; i < c->cnt; i++)
		cnt += xb_block_emit(c->trys[i], c->insns + cnt);
	c->insns[cnt++] = XB_MOV64_IMM(0, 0);
	c->insns[cnt++] = XB_EXIT();
	c->insn_cnt = cnt;
}

static void
set_inputs(struct chunk *c, u32 i, u32 j)
{
	for (u32 k = 0; k < c->cnt; k++) {
		fill(c->trys[k], i, j, &c->in[k]);
		c->want[k] = c->in[k];
		if (!xb_model_apply(c->trys[k], &c->want[k]))
			fail_msg("%s: the model does not know it", c->trys[k]->name);
	}
}

static void
compare_all(struct xb_trials *s, struct chunk *c, const char *who)
{
	for (u32 k = 0; k < c->cnt; k++)
		compare(s, who, c->trys[k], &c->in[k], &c->want[k], &c->got[k]);
}

/* Runs on the machine, with every second operand of `src_cnt`. */
static void
run_on_machine(struct xb_trials *s, struct chunk *c, u32 src_cnt)
{
	const struct bpf_insn prologue[] = { XB_MOV64_REG(6, 1) };
	struct xb_machine *m = &s->machine;
	struct xb_prog *prog;

	assemble(c, prologue, XB_ARRAY_SIZE(prologue));
	prog = xb_machine_must_load(m, c->trys[0]->name, c->insns, c->insn_cnt);
	for (u32 n = 0; n < XB_ARRAY_SIZE(values) * src_cnt; n++) {
		set_inputs(c, n / src_cnt, n % src_cnt);
		memcpy(xb_machine_ctx(m), c->in, sizeof(c->in));
		if (xb_proc_run(m->proc, prog, m->ctx->gaddr) != XB_RUN_EXIT)
			fail_msg("%s: insn %u: %s", c->trys[0]->name, m->proc->fault.pc,
			         m->proc->fault.message);
		memcpy(c->got, xb_machine_ctx(m), sizeof(c->got));
		compare_all(s, c, "machine");
	}
	for (u32 k = 0; k < c->cnt; k++)
		xb_trials_cover(s, &c->trys[k]->insn);
	xb_prog_free(prog);
}

static void
run_on_kernel(struct xb_trials *s, struct chunk *c, u32 src_cnt)
{
	const u8 packet[64] = { 0 };
	int map = xb_oracle_map(sizeof(c->in));
	const struct bpf_insn prologue[] = { XB_LD_MAP_VALUE(6, map, 0) };
	u32 retval;
	int fd;

	assert_true(map >= 0);
	assemble(c, prologue, XB_ARRAY_SIZE(prologue));
	fd = xb_oracle_load(BPF_PROG_TYPE_XDP, c->insns, c->insn_cnt, NULL, 0, 0);
	if (fd < 0) {
		static char big[1 << 22];

		xb_oracle_load(BPF_PROG_TYPE_XDP, c->insns, c->insn_cnt, big, sizeof(big), 1);
		fail_msg("%s: kernel: %s: %.2000s", c->trys[0]->name, strerror(-fd), big);
	}
	for (u32 n = 0; n < XB_ARRAY_SIZE(values) * src_cnt; n++) {
		set_inputs(c, n / src_cnt, n % src_cnt);
		assert_int_equal(xb_oracle_map_set(map, c->in), 0);
		assert_int_equal(xb_oracle_run(fd, packet, sizeof(packet), &retval), 0);
		assert_int_equal(xb_oracle_map_get(map, c->got), 0);
		compare_all(s, c, "kernel");
	}
	close(fd);
	close(map);
}

void
xb_trials_run(struct xb_trials *s, bool all_pairs)
{
	struct chunk *c = calloc(1, sizeof(*c));
	u32 cnt = s->try_cnt, src_cnt = all_pairs ? (u32)XB_ARRAY_SIZE(values) : 1;

	assert_non_null(c);
	s->failures = 0;
	s->try_cnt = 0;
	for (u32 at = 0; at < cnt; at += c->cnt) {
		for (c->cnt = 0; c->cnt < CHUNK && at + c->cnt < cnt; c->cnt++)
			c->trys[c->cnt] = &s->trys[at + c->cnt];
		run_on_machine(s, c, src_cnt);
	}
	for (u32 at = 0; s->kernel && at < cnt;) {
		for (c->cnt = 0; c->cnt < CHUNK && at < cnt; at++) {
			if (!keep_from_kernel(&s->trys[at].insn))
				c->trys[c->cnt++] = &s->trys[at];
		}
		if (c->cnt)
			run_on_kernel(s, c, src_cnt);
	}
	free(c);
	assert_int_equal(s->failures, 0);
}
