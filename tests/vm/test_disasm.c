/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions as text: as in these rows, and, where it may be asked, as in the verifier's log.
 */
#include "tests/insns.h"
#include "tests/vm/blocks.h"
#include "tests/vm/machine.h"
#include "tests/vm/oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LOG_BYTES 65536

/* An instruction in a block. */
struct row {
	struct bpf_insn insn;
	const char *text;
	s32 second; /* imm of ldimm64's other half */
};

#define ALU(op, off, sym)                                                                          \
	{ .insn = XB_ALU64_IMM_OFF(op, 1, off, 7), .text = "r1 " sym " 7" },                       \
	        { .insn = XB_ALU64_REG_OFF(op, 1, 2, off), .text = "r1 " sym " r2" },              \
	        { .insn = XB_ALU32_IMM_OFF(op, 1, off, 7), .text = "w1 " sym " 7" },               \
	{                                                                                          \
		.insn = XB_ALU32_REG_OFF(op, 1, 2, off), .text = "w1 " sym " w2"                   \
	}
#define JUMP(op, sym)                                                                              \
	{ .insn = XB_JMP_IMM(op, 1, 10, 1), .text = "if r1 " sym " 0xa goto pc+1" },               \
	        { .insn = XB_JMP_REG(op, 1, 2, 1), .text = "if r1 " sym " r2 goto pc+1" },         \
	        { .insn = XB_JMP32_IMM(op, 1, -2, 1),                                              \
		  .text = "if w1 " sym " 0xfffffffe goto pc+1" },                                  \
	{                                                                                          \
		.insn = XB_JMP32_REG(op, 1, 2, 1), .text = "if w1 " sym " w2 goto pc+1"            \
	}
#define MEMORY(size, u)                                                                            \
	{ .insn = XB_LDX_MEM(size, 1, 3, 8), .text = "r1 = *(" u " *)(r3 +8)" },                   \
	        { .insn = XB_LDX_MEM(size, 1, 3, -24), .text = "r1 = *(" u " *)(r3 -24)" },        \
	        { .insn = XB_ST_MEM(size, 3, 0, -9), .text = "*(" u " *)(r3 +0) = -9" },           \
	        { .insn = XB_STX_MEM(size, 3, 2, 8), .text = "*(" u " *)(r3 +8) = r2" },           \
	        { .insn = XB_ATOMIC(size, BPF_LOAD_ACQ, 1, 3, 8),                                  \
		  .text = "r1 = load_acquire((" u " *)(r3 +8))" },                                 \
	{                                                                                          \
		.insn = XB_ATOMIC(size, BPF_STORE_REL, 3, 2, 8),                                   \
		.text = "store_release((" u " *)(r3 +8), r2)"                                      \
	}
#define ATOMIC(op, sym, fn)                                                                        \
	{ .insn = XB_ATOMIC(BPF_W, op, 3, 2, 8), .text = "lock *(u32 *)(r3 +8) " sym " r2" },      \
	        { .insn = XB_ATOMIC(BPF_DW, op, 3, 2, 8),                                          \
		  .text = "lock *(u64 *)(r3 +8) " sym " r2" },                                     \
	        { .insn = XB_ATOMIC(BPF_W, (op) | BPF_FETCH, 3, 2, 8),                             \
		  .text = "r2 = atomic_fetch_" fn "((u32 *)(r3 +8), r2)" },                        \
	{                                                                                          \
		.insn = XB_ATOMIC(BPF_DW, (op) | BPF_FETCH, 3, 2, 8),                              \
		.text = "r2 = atomic64_fetch_" fn "((u64 *)(r3 +8), r2)"                           \
	}

static const struct row rows[] = {
	ALU(BPF_ADD, 0, "+="),
	ALU(BPF_SUB, 0, "-="),
	ALU(BPF_MUL, 0, "*="),
	ALU(BPF_DIV, 0, "/="),
	ALU(BPF_MOD, 0, "%="),
	ALU(BPF_OR, 0, "|="),
	ALU(BPF_AND, 0, "&="),
	ALU(BPF_LSH, 0, "<<="),
	ALU(BPF_RSH, 0, ">>="),
	ALU(BPF_XOR, 0, "^="),
	ALU(BPF_ARSH, 0, "s>>="),
	ALU(BPF_DIV, 1, "s/="),
	ALU(BPF_MOD, 1, "s%="),
	ALU(BPF_MOV, 0, "="),
	{ .insn = XB_ALU64_IMM(BPF_ADD, 1, -7), .text = "r1 += -7" },
	{ .insn = XB_MOV64_IMM(1, INT32_MIN), .text = "r1 = -2147483648" },
	{ .insn = XB_ALU64_REG_OFF(BPF_MOV, 1, 2, 8), .text = "r1 = (s8)r2" },
	{ .insn = XB_CAST_TO_0(1, 2), .text = "r1 = addr_space_cast(r2, 0, 1)" },
	{ .insn = XB_CAST_TO_1(1, 2), .text = "r1 = addr_space_cast(r2, 1, 0)" },
	{ .insn = XB_ALU64_REG_OFF(BPF_MOV, 1, 2, 16), .text = "r1 = (s16)r2" },
	{ .insn = XB_ALU64_REG_OFF(BPF_MOV, 1, 2, 32), .text = "r1 = (s32)r2" },
	{ .insn = XB_ALU32_REG_OFF(BPF_MOV, 1, 2, 8), .text = "w1 = (s8)w2" },
	{ .insn = XB_ALU32_REG_OFF(BPF_MOV, 1, 2, 16), .text = "w1 = (s16)w2" },
	{ .insn = XB_ALU64_IMM(BPF_NEG, 1, 0), .text = "r1 = -r1" },
	{ .insn = XB_ALU32_IMM(BPF_NEG, 1, 0), .text = "w1 = -w1" },
	{ .insn = XB_ENDIAN(BPF_TO_LE, 1, 16), .text = "r1 = le16 r1" },
	{ .insn = XB_ENDIAN(BPF_TO_LE, 1, 32), .text = "r1 = le32 r1" },
	{ .insn = XB_ENDIAN(BPF_TO_LE, 1, 64), .text = "r1 = le64 r1" },
	{ .insn = XB_ENDIAN(BPF_TO_BE, 1, 16), .text = "r1 = be16 r1" },
	{ .insn = XB_ENDIAN(BPF_TO_BE, 1, 32), .text = "r1 = be32 r1" },
	{ .insn = XB_ENDIAN(BPF_TO_BE, 1, 64), .text = "r1 = be64 r1" },
	{ .insn = XB_BSWAP(1, 16), .text = "r1 = bswap16 r1" },
	{ .insn = XB_BSWAP(1, 32), .text = "r1 = bswap32 r1" },
	{ .insn = XB_BSWAP(1, 64), .text = "r1 = bswap64 r1" },
	JUMP(BPF_JEQ, "=="),
	JUMP(BPF_JGT, ">"),
	JUMP(BPF_JGE, ">="),
	JUMP(BPF_JSET, "&"),
	JUMP(BPF_JNE, "!="),
	JUMP(BPF_JSGT, "s>"),
	JUMP(BPF_JSGE, "s>="),
	JUMP(BPF_JLT, "<"),
	JUMP(BPF_JLE, "<="),
	JUMP(BPF_JSLT, "s<"),
	JUMP(BPF_JSLE, "s<="),
	{ .insn = XB_JA(1), .text = "goto pc+1" },
	{ .insn = XB_GOTOL(1), .text = "gotol pc+1" },
	{ .insn = XB_MAY_GOTO(1), .text = "may_goto pc+1" },
	{ .insn = XB_INSN(0x18, 1, 0, 0, -1), .second = 0x12, .text = "r1 = 0x12ffffffff" },
	{ .insn = XB_INSN(0x18, 1, 0, 0, 10), .second = 0, .text = "r1 = 0xa" },
	MEMORY(BPF_B, "u8"),
	MEMORY(BPF_H, "u16"),
	MEMORY(BPF_W, "u32"),
	MEMORY(BPF_DW, "u64"),
	{ .insn = XB_LDX_MEMSX(BPF_B, 1, 3, 8), .text = "r1 = *(s8 *)(r3 +8)" },
	{ .insn = XB_LDX_MEMSX(BPF_H, 1, 3, 8), .text = "r1 = *(s16 *)(r3 +8)" },
	{ .insn = XB_LDX_MEMSX(BPF_W, 1, 3, 8), .text = "r1 = *(s32 *)(r3 +8)" },
	ATOMIC(BPF_ADD, "+=", "add"),
	ATOMIC(BPF_OR, "|=", "or"),
	ATOMIC(BPF_AND, "&=", "and"),
	ATOMIC(BPF_XOR, "^=", "xor"),
	{ .insn = XB_ATOMIC(BPF_W, BPF_XCHG, 3, 2, 0),
	  .text = "r2 = atomic_xchg((u32 *)(r3 +0), r2)" },
	{ .insn = XB_ATOMIC(BPF_DW, BPF_XCHG, 3, 2, 0),
	  .text = "r2 = atomic64_xchg((u64 *)(r3 +0), r2)" },
	{ .insn = XB_ATOMIC(BPF_W, BPF_CMPXCHG, 3, 2, 0),
	  .text = "r0 = atomic_cmpxchg((u32 *)(r3 +0), r0, r2)" },
	{ .insn = XB_ATOMIC(BPF_DW, BPF_CMPXCHG, 3, 2, 0),
	  .text = "r0 = atomic64_cmpxchg((u64 *)(r3 +0), r0, r2)" },
};

/* What blocks cannot hold. */
struct program {
	struct bpf_insn insns[8];
	u32 pc;
	const char *text;
	const char *machine_only; /* why the kernel is not asked */
};

#define PACKET(ld, words)                                                                          \
	{                                                                                          \
		{ XB_MOV64_REG(6, 1), XB_MOV64_IMM(7, 4), ld, XB_EXIT() }, 2, words, NULL          \
	}

static const struct program programs[] = {
	{ { XB_MOV64_IMM(0, 0), XB_EXIT() }, 1, "exit", NULL },
	{ { XB_CALL_FUNC(1), XB_EXIT(), XB_MOV64_IMM(0, 0), XB_EXIT() }, 0, "call pc+1", NULL },
	{ { XB_CALL(XB_CALL_SUM), XB_MOV64_IMM(0, 0), XB_EXIT() },
	  0,
	  "call sum#5",
	  "the name is the emulator's" },
	{ { XB_CALL_KFUNC(XB_CALL_SUM, 0), XB_EXIT() },
	  0,
	  "call sum#5",
	  "the number is one of the running kernel" },
	{ { XB_LD_FUNC(2, 3), XB_MOV64_IMM(0, 0), XB_EXIT(), XB_EXIT() },
	  0,
	  "r2 = subprog[+3]",
	  "its log shows a number; this is what bpftool prints" },
	PACKET(XB_LD_ABS(BPF_B, 13), "r0 = *(u8 *)skb[13]"),
	PACKET(XB_LD_ABS(BPF_H, 13), "r0 = *(u16 *)skb[13]"),
	PACKET(XB_LD_ABS(BPF_W, 13), "r0 = *(u32 *)skb[13]"),
	PACKET(XB_LD_IND(BPF_B, 7, 5), "r0 = *(u8 *)skb[r7 + 5]"),
	PACKET(XB_LD_IND(BPF_H, 7, 5), "r0 = *(u16 *)skb[r7 + 5]"),
	PACKET(XB_LD_IND(BPF_W, 7, -5), "r0 = *(u32 *)skb[r7 + -5]"),
};

struct suite {
	struct xb_machine machine;
	bool kernel;
	struct xb_insn_index index;
	bool covered[XB_INSN_CNT];
	char log[LOG_BYTES];
};

/* The verifier's words for slot pc: the line "pc: (bf) words ; state", cut to the words. */
static const char *
words_of(char *log, u32 pc)
{
	char start[16], *line, *end;

	snprintf(start, sizeof(start), "\n%u: (", pc);
	line = strstr(log, start);
	if (!line)
		return "(not in the log)";
	line = strchr(line, ')') + 2;
	end = line + strcspn(line, "\n");
	*end = 0;
	end = strstr(line, " ;");
	if (end)
		*end = 0;
	for (end = line + strlen(line); end > line && end[-1] == ' ';)
		*--end = 0;
	return line;
}

static u32
compare(struct suite *s, const struct bpf_insn *insns, u32 cnt, u32 pc, const char *text)
{
	struct xb_prog *prog = xb_machine_must_load(&s->machine, text, insns, cnt);
	bool wide = insns[pc].code == (BPF_LD | BPF_IMM | BPF_DW);
	char got[128], cut[6];
	u32 failures = 0;

	s->covered[xb_insn_find(&s->index, &insns[pc])] = true;
	if (xb_prog_disasm(prog, pc, got, sizeof(got)) != (wide ? 2 : 1) || strcmp(got, text)) {
		failures++;
		print_error("expected '%s', got '%s'\n", text, got);
	}
	/* A buffer that is too small holds the beginning. */
	xb_prog_disasm(prog, pc, cut, sizeof(cut));
	failures += strncmp(cut, got, sizeof(cut) - 1) != 0 || strlen(cut) >= sizeof(cut);
	xb_prog_free(prog);
	return failures;
}

static u32
compare_kernel(struct suite *s, enum bpf_prog_type type, const struct bpf_insn *insns, u32 cnt,
               u32 pc, const char *text)
{
	int fd = xb_oracle_load(type, insns, cnt, s->log, sizeof(s->log), 2);
	const char *words;

	/* Casts want an arena: the verifier prints them before it says so. */
	if (fd < 0 && !xb_insn_is_cast(&insns[pc])) {
		print_error("'%s': the kernel says %s\n%s\n", text, strerror(-fd), s->log);
		return 1;
	}
	if (fd >= 0)
		close(fd);
	words = words_of(s->log, pc);
	if (strcmp(words, text) == 0)
		return 0;
	print_error("expected '%s', the kernel says '%s'\n", text, words);
	return 1;
}

/* A whole program around the row's instruction; where the slots are is up to `prologue`. */
static u32
program_of(const struct row *row, const struct bpf_insn prologue[2], struct bpf_insn *insns,
           u32 *pc)
{
	const struct xb_try t = { .insn = row->insn, .second = XB_INSN(0, 0, 0, 0, row->second) };
	u32 cnt = 2;

	memcpy(insns, prologue, 2 * sizeof(*prologue));
	cnt += xb_block_emit(&t, insns + cnt);
	insns[cnt++] = XB_MOV64_IMM(0, 0);
	insns[cnt++] = XB_EXIT();
	/* The block is all loads, moves and additions of 48 or 24: the row's is the last like it.
	 */
	for (*pc = cnt; (*pc)--;) {
		if (memcmp(&insns[*pc], &row->insn, sizeof(row->insn)) == 0)
			break;
	}
	return cnt;
}

static void
test_rows(void **state)
{
	const struct bpf_insn on_ctx[] = { XB_MOV64_REG(6, 1), XB_MOV64_REG(6, 6) };
	struct suite *s = *state;
	int map = s->kernel ? xb_oracle_map(sizeof(struct xb_slot)) : -1;
	const struct bpf_insn on_map[] = { XB_LD_MAP_VALUE(6, map, 0) };
	struct bpf_insn insns[2 + XB_BLOCK_MAX_INSNS + 2];
	u32 failures = 0, pc, cnt;

	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		cnt = program_of(&rows[i], on_ctx, insns, &pc);
		failures += compare(s, insns, cnt, pc, rows[i].text);
		if (!s->kernel)
			continue;
		cnt = program_of(&rows[i], on_map, insns, &pc);
		failures += compare_kernel(s, BPF_PROG_TYPE_XDP, insns, cnt, pc, rows[i].text);
	}
	if (s->kernel)
		close(map);
	assert_int_equal(failures, 0);
}

static void
test_programs(void **state)
{
	struct suite *s = *state;
	u32 failures = 0;

	for (u32 i = 0; i < XB_ARRAY_SIZE(programs); i++) {
		const struct program *p = &programs[i];
		u32 cnt = XB_ARRAY_SIZE(p->insns);

		while (p->insns[cnt - 1].code == 0)
			cnt--;
		failures += compare(s, p->insns, cnt, p->pc, p->text);
		if (p->machine_only)
			print_message("'%s': not on the kernel: %s\n", p->text, p->machine_only);
		else if (s->kernel)
			failures += compare_kernel(s, BPF_PROG_TYPE_SCHED_CLS, p->insns, cnt, p->pc,
			                           p->text);
	}
	assert_int_equal(failures, 0);
}

static void
test_all_covered(void **state)
{
	struct suite *s = *state;
	u32 missing = 0;

	for (u32 i = 0; i < XB_INSN_OWN; i++) { /* that one is in test_own.c */
		if (s->covered[i])
			continue;
		missing++;
		print_error("%s: no row shows it\n", xb_insn_row((enum xb_insn_id)i)->name);
	}
	assert_int_equal(missing, 0);
}

static int
setup(void **state)
{
	struct suite *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	xb_machine_init(&s->machine, 0);
	xb_insn_index_init(&s->index);
	s->kernel = xb_oracle_permitted();
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct suite *s = *state;

	xb_machine_fini(&s->machine);
	free(s);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_all_covered),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
