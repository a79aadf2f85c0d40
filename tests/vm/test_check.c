/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is refused at load: each structural error with its sentence, and nothing that the kernel
 * would take.
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

struct row {
	const char *name;
	struct bpf_insn insns[12]; /* to the last that is not all zero */
	const char *message;       /* NULL: it is taken */
};

#define PROG(...)                                                                                  \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define OK0  XB_MOV64_IMM(0, 0)
#define EXIT XB_EXIT()

static const struct row rows[] = {
	{ "least", PROG(EXIT), NULL },
	{ "opcode 0xff", PROG(OK0, XB_INSN(0xff, 0, 0, 0, 0), EXIT),
	  "insn 1: unknown opcode 0xff" },
	{ "jump32 call", PROG(XB_INSN(BPF_JMP32 | BPF_CALL, 0, 0, 0, 1), EXIT),
	  "insn 0: unknown opcode 0x86" },
	{ "jump32 exit", PROG(XB_INSN(BPF_JMP32 | BPF_EXIT, 0, 0, 0, 0), EXIT),
	  "insn 0: unknown opcode 0x96" },
	{ "ld mem", PROG(XB_INSN(BPF_LD | BPF_MEM, 0, 0, 0, 0), EXIT),
	  "insn 0: unknown opcode 0x60" },

	/* Fields. */
	{ "mov with offset", PROG(XB_INSN(0xb7, 0, 0, 1, 0), EXIT),
	  "insn 0: opcode 0xb7: off must be 0, is 1" },
	{ "mov k with source", PROG(XB_INSN(0xb7, 0, 1, 0, 0), EXIT),
	  "insn 0: opcode 0xb7: src_reg must be 0, is 1" },
	{ "add x with immediate", PROG(XB_INSN(0x0f, 0, 1, 0, -5), EXIT),
	  "insn 0: opcode 0x0f: imm must be 0, is -5" },
	{ "exit with destination", PROG(OK0, XB_INSN(0x95, 1, 0, 0, 0)),
	  "insn 1: opcode 0x95: dst_reg must be 0, is 1" },
	{ "write to R10", PROG(XB_MOV64_IMM(10, 0), EXIT),
	  "insn 0: opcode 0xb7: dst_reg must be r0 to r9, is 10" },
	{ "add to R10", PROG(XB_ALU64_IMM(BPF_ADD, 10, 1), EXIT),
	  "insn 0: opcode 0x07: dst_reg must be r0 to r9, is 10" },
	{ "load to R10", PROG(XB_LDX_MEM(BPF_B, 10, 1, 0), EXIT),
	  "insn 0: opcode 0x71: dst_reg must be r0 to r9, is 10" },
	{ "fetch to R10", PROG(XB_ATOMIC(BPF_DW, BPF_ADD | BPF_FETCH, 1, 10, 0), EXIT),
	  "insn 0: opcode 0xdb: src_reg must be r0 to r9, is 10" },
	{ "load-acquire to R10", PROG(XB_ATOMIC(BPF_DW, BPF_LOAD_ACQ, 10, 1, 0), EXIT),
	  "insn 0: opcode 0xdb: dst_reg must be r0 to r9, is 10" },
	{ "ldimm64 to R10", PROG(XB_LD_IMM64(10, 1), EXIT),
	  "insn 0: opcode 0x18: dst_reg must be r0 to r9, is 10" },
	{ "register 11", PROG(XB_MOV64_REG(0, 11), EXIT),
	  "insn 0: opcode 0xbf: src_reg must be r0 to r10, is 11" },
	{ "register 15", PROG(XB_STX_MEM(BPF_B, 15, 0, 0), EXIT),
	  "insn 0: opcode 0x73: dst_reg must be r0 to r10, is 15" },
	{ "sdiv mode 2", PROG(XB_ALU64_REG_OFF(BPF_DIV, 0, 1, 2), EXIT),
	  "insn 0: opcode 0x3f: off must be 0, is 2" },
	{ "movsx 24", PROG(XB_ALU64_REG_OFF(BPF_MOV, 0, 1, 24), EXIT),
	  "insn 0: opcode 0xbf: off must be 0, is 24" },
	{ "movsx32 32", PROG(XB_ALU32_REG_OFF(BPF_MOV, 0, 1, 32), EXIT),
	  "insn 0: opcode 0xbc: off must be 0, is 32" },
	{ "le 8", PROG(XB_ENDIAN(BPF_TO_LE, 0, 8), EXIT),
	  "insn 0: opcode 0xd4: imm is not one the opcode knows, is 8" },
	{ "atomic sub", PROG(XB_ATOMIC(BPF_W, BPF_SUB, 10, 0, -4), EXIT),
	  "insn 0: opcode 0xc3: imm is not one the opcode knows, is 16" },
	{ "atomic of a byte", PROG(XB_ATOMIC(BPF_B, BPF_ADD, 1, 0, -4), EXIT),
	  "insn 0: opcode 0xd3: imm is not one the opcode knows, is 0" },
	{ "call form 3", PROG(XB_INSN(0x85, 0, 3, 0, 1), EXIT),
	  "insn 0: opcode 0x85: src_reg is not one the opcode knows, is 3" },
	{ "ldimm64 form 9", PROG(XB_LD_IMM64_RAW(0, 9, 1, 0), EXIT),
	  "insn 0: opcode 0x18: src_reg is not one the opcode knows, is 9" },

	/* Jumps. */
	{ "jump past the end", PROG(OK0, XB_JA(1), EXIT), "insn 1: jump to 3 is out of range" },
	{ "jump before the start", PROG(OK0, XB_JMP_IMM(BPF_JEQ, 0, 0, -3), EXIT),
	  "insn 1: jump to -1 is out of range" },
	{ "gotol far", PROG(OK0, XB_GOTOL(INT32_MAX), EXIT),
	  "insn 1: jump to 2147483649 is out of range" },
	{ "gotol far back", PROG(OK0, XB_GOTOL(INT32_MIN), EXIT),
	  "insn 1: jump to -2147483646 is out of range" },
	{ "may_goto past the end", PROG(OK0, XB_MAY_GOTO(5), EXIT),
	  "insn 1: jump to 7 is out of range" },
	{ "jump into ldimm64", PROG(XB_JA(1), XB_LD_IMM64(0, 1), EXIT),
	  "insn 0: jump into the middle of ldimm64" },
	{ "jump back into ldimm64", PROG(XB_LD_IMM64(0, 1), XB_JMP_IMM(BPF_JEQ, 0, 0, -2), EXIT),
	  "insn 2: jump into the middle of ldimm64" },
	{ "jump to itself", PROG(XB_JA(-1)), NULL },
	{ "jump into another function", PROG(XB_CALL_FUNC(2), XB_JA(1), EXIT, OK0, EXIT),
	  "insn 1: jump to 3 is out of range" },
	{ "falls off the end", PROG(EXIT, OK0), "insn 1: last insn is not an exit or jmp" },
	{ "conditional at the end", PROG(OK0, XB_JMP_IMM(BPF_JEQ, 0, 0, -2)),
	  "insn 1: last insn is not an exit or jmp" },
	{ "call at the end", PROG(XB_CALL(XB_CALL_SUM)),
	  "insn 0: last insn is not an exit or jmp" },
	{ "ldimm64 at the end", PROG(XB_LD_IMM64(0, 1ull << 32)),
	  "insn 0: last insn is not an exit or jmp" },
	{ "falls into a function", PROG(XB_CALL_FUNC(1), OK0, EXIT),
	  "insn 1: last insn is not an exit or jmp" },

	/* ldimm64 */
	{ "half an ldimm64", PROG(EXIT, XB_INSN(0x18, 0, 0, 0, 1)),
	  "insn 1: ldimm64 without its second half" },
	{ "second half with opcode", PROG(XB_INSN(0x18, 0, 0, 0, 1), EXIT),
	  "insn 0: second half of ldimm64 must be 0 but for its immediate" },
	{ "second half with offset", PROG(XB_INSN(0x18, 0, 0, 0, 1), XB_INSN(0, 0, 0, 1, 0), EXIT),
	  "insn 0: second half of ldimm64 must be 0 but for its immediate" },
	{ "second half alone", PROG(XB_INSN(0, 0, 0, 0, 0), EXIT), "insn 0: unknown opcode 0x00" },

	/* Calls. */
	{ "call past the end", PROG(XB_CALL_FUNC(1), EXIT),
	  "insn 0: call target 2 is out of range" },
	{ "call before the start", PROG(XB_CALL_FUNC(-2), EXIT),
	  "insn 0: call target -1 is out of range" },
	{ "function address past the end", PROG(XB_LD_FUNC(1, 2), EXIT),
	  "insn 0: call target 3 is out of range" },
	{ "call into ldimm64", PROG(XB_CALL_FUNC(2), EXIT, XB_LD_IMM64(0, 1), EXIT),
	  "insn 0: jump into the middle of ldimm64" },
	{ "function address in ldimm64", PROG(XB_LD_FUNC(1, 0), EXIT),
	  "insn 0: jump into the middle of ldimm64" },
	{ "recursion", PROG(XB_CALL_FUNC(-1), EXIT), "insn 0: recursive call" },
	{ "mutual recursion",
	  PROG(XB_CALL_FUNC(1), EXIT, XB_CALL_FUNC(1), EXIT, XB_CALL_FUNC(-3), EXIT),
	  "insn 4: recursive call" },
	{ "unknown helper", PROG(OK0, XB_CALL(9999), EXIT), "insn 1: helper #9999 is unknown" },
};

static u32
row_len(const struct row *row)
{
	u32 n = XB_ARRAY_SIZE(row->insns);

	while (n && row->insns[n - 1].code == 0 && row->insns[n - 1].imm == 0)
		n--;
	return n;
}

static void
test_rows(void **state)
{
	struct xb_machine m;
	u32 failures = 0;

	(void)state;
	xb_machine_init(&m, 0);
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct xb_err err = XB_ERR_INIT;
		struct xb_prog *prog =
		        xb_machine_load(&m, rows[i].insns, row_len(&rows[i]), 0, &err);

		if (!prog && err.kind != XB_ERR_LOAD)
			failures++;
		if (strcmp(err.msg, rows[i].message ? rows[i].message : "") != 0) {
			failures++;
			print_error("%s: expected '%s', got '%s'\n", rows[i].name,
			            rows[i].message ? rows[i].message : "", err.msg);
		}
		xb_prog_free(prog);
	}
	xb_machine_fini(&m);
	assert_int_equal(failures, 0);
}

/* What rows say is refused, the kernel refuses too, as it is or with what it needs around it. */
static void
test_rows_on_kernel(void **state)
{
	u32 failures = 0;

	(void)state;
	if (!xb_oracle_permitted())
		skip();
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		int fd;

		if (!rows[i].message)
			continue;
		fd = xb_oracle_load(BPF_PROG_TYPE_XDP, rows[i].insns, row_len(&rows[i]), NULL, 0,
		                    0);
		if (fd < 0)
			continue;
		failures++;
		print_error("%s: the kernel takes it\n", rows[i].name);
		close(fd);
	}
	assert_int_equal(failures, 0);
}

/* Every opcode that the table lacks. */
static void
test_unknown_opcodes(void **state)
{
	bool kernel = xb_oracle_permitted();
	struct xb_insn_index index;
	struct xb_machine m;
	u32 unknown = 0;

	(void)state;
	xb_insn_index_init(&index);
	xb_machine_init(&m, 0);
	for (u32 code = 0; code < 256; code++) {
		const struct bpf_insn insns[] = { OK0, XB_MOV64_IMM(1, 1),
			                          XB_INSN(code, 0, 0, 0, 0), EXIT };
		struct xb_err err = XB_ERR_INIT;
		char want[64];

		if (index.first[code])
			continue;
		unknown++;
		snprintf(want, sizeof(want), "insn 2: unknown opcode 0x%02x", code);
		assert_null(xb_machine_load(&m, insns, XB_ARRAY_SIZE(insns), 0, &err));
		assert_string_equal(err.msg, want);
		for (u32 form = 0; kernel && form < 8; form++) {
			struct bpf_insn tried[XB_ARRAY_SIZE(insns)];
			int fd;

			memcpy(tried, insns, sizeof(insns));
			tried[2].src_reg = form & 1;
			tried[2].off = form >> 1 & 1;
			tried[2].imm = form >> 2 & 1;
			fd = xb_oracle_load(BPF_PROG_TYPE_XDP, tried, XB_ARRAY_SIZE(tried), NULL, 0,
			                    0);
			if (fd >= 0)
				fail_msg("opcode 0x%02x: the kernel takes it", code);
		}
	}
	assert_true(unknown > 50);
	xb_machine_fini(&m);
}

/* An instruction of the row on the registers of a block; false for those that blocks cannot try. */
static bool
insn_of_row(const struct xb_insn_row *row, struct bpf_insn *insn)
{
	bool memory;

	*insn = XB_INSN(row->code, 0, 0, 0, 0);
	memory = xb_block_uses_memory(insn);
	if (BPF_CLASS(row->code) == BPF_LD || BPF_OP(row->code) == BPF_CALL ||
	    BPF_OP(row->code) == BPF_EXIT || BPF_OP(row->code) == BPF_JCOND)
		return false;
	if (XB_FIELD_KIND(row->dst) != XB_FIELD_ZERO)
		insn->dst_reg = memory && XB_FIELD_KIND(row->dst) == XB_FIELD_R ? 3 : 1;
	if (XB_FIELD_KIND(row->src) != XB_FIELD_ZERO)
		insn->src_reg = memory && insn->dst_reg != 3 ? 3 : 2;
	if (XB_FIELD_KIND(row->off) == XB_FIELD_VALUE)
		insn->off = (s16)XB_FIELD_VALUE_OF(row->off);
	else if (XB_FIELD_KIND(row->off) == XB_FIELD_JUMP)
		insn->off = 1;
	if (XB_FIELD_KIND(row->imm) == XB_FIELD_VALUE)
		insn->imm = XB_FIELD_VALUE_OF(row->imm);
	else if (XB_FIELD_KIND(row->imm) != XB_FIELD_ZERO)
		insn->imm = 1;
	return true;
}

/* Loads the instruction in a block: by the machine (0 or -1), or the kernel (below 0: refused). */
static int
load_block(struct xb_machine *m, int map, const struct bpf_insn *insn)
{
	const struct bpf_insn on_map[] = { XB_LD_MAP_VALUE(6, map, 0) };
	const struct bpf_insn on_ctx[] = { XB_MOV64_REG(6, 1), XB_MOV64_REG(6, 6) };
	const struct xb_try t = { .name = "", .insn = *insn };
	struct bpf_insn insns[2 + XB_BLOCK_MAX_INSNS + 2];
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *prog;
	u32 cnt = 2;
	int fd;

	memcpy(insns, m ? on_ctx : on_map, sizeof(on_map));
	cnt += xb_block_emit(&t, insns + cnt);
	insns[cnt++] = XB_MOV64_IMM(0, 0);
	insns[cnt++] = EXIT;
	if (m) {
		prog = xb_machine_load(m, insns, cnt, 0, &err);
		xb_prog_free(prog);
		return prog ? 0 : -1;
	}
	fd = xb_oracle_load(BPF_PROG_TYPE_XDP, insns, cnt, NULL, 0, 0);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

/* The two halves of the encoding's second byte. */
static void
set_registers(struct bpf_insn *insn, u8 dst, u8 src)
{
	u8 both = (u8)(src << 4 | dst);

	memcpy((u8 *)insn + 1, &both, 1);
}

/* Each field of each row, given what it may not hold: machine and kernel refuse alike. */
static void
test_fields_of_all_rows(void **state)
{
	static const struct {
		const char *name;
		u8 dst, src;
		s16 off;
		s32 imm;
	} changes[] = {
		{ "as it is", 0, 0, 0, 0 }, { "dst 10", 10, 0, 0, 0 },
		{ "dst 11", 11, 0, 0, 0 },  { "dst 15", 15, 0, 0, 0 },
		{ "src 11", 0, 11, 0, 0 },  { "src 15", 0, 15, 0, 0 },
		{ "src 1", 0, 1, 0, 0 },    { "off 7", 0, 0, 7, 0 },
		{ "off -1", 0, 0, -1, 0 },  { "imm 3", 0, 0, 0, 3 },
		{ "imm -1", 0, 0, 0, -1 },  { "imm 0x100", 0, 0, 0, 0x100 },
		{ "imm 16", 0, 0, 0, 16 },
	};
	int map = xb_oracle_permitted() ? xb_oracle_map(sizeof(struct xb_slot)) : -1;
	u32 failures = 0, refused = 0, taken = 0;
	struct xb_machine m;

	(void)state;
	xb_machine_init(&m, 0);
	for (u32 n = 0; n < XB_INSN_OWN * XB_ARRAY_SIZE(changes); n++) {
		u32 k = n % (u32)XB_ARRAY_SIZE(changes);
		const struct xb_insn_row *row =
		        xb_insn_row((enum xb_insn_id)(n / XB_ARRAY_SIZE(changes)));
		struct bpf_insn insn;
		int ours;

		if (!insn_of_row(row, &insn))
			continue;
		set_registers(&insn, changes[k].dst ? changes[k].dst : insn.dst_reg,
		              changes[k].src ? changes[k].src : insn.src_reg);
		insn.off = changes[k].off ? changes[k].off : insn.off;
		insn.imm = changes[k].imm ? changes[k].imm : insn.imm;
		ours = load_block(&m, -1, &insn);
		refused += ours < 0;
		taken += ours == 0;
		if (k == 0 && ours < 0) {
			failures++;
			print_error("%s: refused\n", row->name);
		}
		/* Casts want an arena on the kernel. */
		if (map < 0 || (ours == 0 && (k != 0 || xb_insn_is_cast(&insn))) ||
		    (load_block(NULL, map, &insn) == 0) == (ours == 0))
			continue;
		failures++;
		print_error("%s, %s: the machine %s it, the kernel does not agree\n", row->name,
		            changes[k].name, ours ? "refuses" : "takes");
	}
	assert_true(refused > 500 && taken > 500);
	if (map >= 0)
		close(map);
	xb_machine_fini(&m);
	assert_int_equal(failures, 0);
}

static void
test_source_line_in_error(void **state)
{
	static const struct bpf_insn bad[] = { OK0, OK0, XB_MOV64_IMM(10, 0), EXIT };
	static const struct bpf_insn call[] = { OK0, OK0, XB_CALL(77), EXIT };
	static const struct xb_line lines[] = { { 0, 3, 1, "fw.bpf.c", "" },
		                                { 2, 33, 1, "fw.bpf.c", "" },
		                                { 3, 34, 1, "x.h", "" } };
	struct xb_prog_opts opts = { .name = "fw",
		                     .insns = bad,
		                     .insn_cnt = XB_ARRAY_SIZE(bad),
		                     .lines = lines,
		                     .line_cnt = XB_ARRAY_SIZE(lines) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine m;

	(void)state;
	xb_machine_init(&m, 0);
	assert_null(xb_prog_new(m.vm, &opts, &err));
	assert_string_equal(err.msg,
	                    "insn 2 (fw.bpf.c:33): opcode 0xb7: dst_reg must be r0 to r9, is 10");
	opts.insns = call;
	assert_null(xb_prog_new(m.vm, &opts, &err));
	assert_string_equal(err.msg, "insn 2 (fw.bpf.c:33): helper #77 is unknown");
	xb_machine_fini(&m);
}

/* A call graph: function i calls those two; 0 for none. */
struct graph {
	const char *name;
	u8 calls[12][2];
	u32 funcs;
	const char *message; /* NULL: it is taken */
};

static const struct graph graphs[] = {
	{ "eight in a row", { { 1 }, { 2 }, { 3 }, { 4 }, { 5 }, { 6 }, { 7 } }, 8, NULL },
	{ "nine in a row",
	  { { 1 }, { 2 }, { 3 }, { 4 }, { 5 }, { 6 }, { 7 }, { 8 } },
	  9,
	  "insn 21: more than 8 frames of calls" },
	{ "diamond", { { 1, 2 }, { 3 }, { 3 }, { 0 } }, 4, NULL },
	{ "eight by way of what is known",
	  { { 4, 1 }, { 2 }, { 4 }, { 0 }, { 5 }, { 6 }, { 7 }, { 8 } },
	  9,
	  NULL },
	{ "nine by way of what is known",
	  { { 4, 1 }, { 2 }, { 3 }, { 4 }, { 5 }, { 6 }, { 7 }, { 8 } },
	  9,
	  "insn 9: more than 8 frames of calls" },
	{ "recursion that nothing calls",
	  { { 0 }, { 2 }, { 3 }, { 2 } },
	  4,
	  "insn 9: recursive call" },
};

static struct xb_prog *
load_graph(struct xb_machine *m, const struct graph *g, struct xb_err *err)
{
	struct bpf_insn insns[36];
	u32 n = 0;

	for (u32 i = 0; i < g->funcs; i++) {
		for (u32 k = 0; k < 2; k++, n++) {
			s32 off = 3 * g->calls[i][k] - (s32)n - 1;

			insns[n] = g->calls[i][k] ? XB_CALL_FUNC(off) : OK0;
		}
		insns[n++] = EXIT;
	}
	return xb_machine_load(m, insns, n, 0, err);
}

static void
test_frames(void **state)
{
	struct xb_machine m;
	u32 failures = 0;

	(void)state;
	xb_machine_init(&m, 0);
	for (u32 i = 0; i < XB_ARRAY_SIZE(graphs); i++) {
		const struct graph *g = &graphs[i];
		struct xb_err err = XB_ERR_INIT;
		struct xb_prog *prog = load_graph(&m, g, &err);

		if (strcmp(err.msg, g->message ? g->message : "") != 0) {
			failures++;
			print_error("%s: expected '%s', got '%s'\n", g->name,
			            g->message ? g->message : "", err.msg);
		}
		if (prog && xb_machine_run(&m, prog) != XB_RUN_EXIT) {
			failures++;
			print_error("%s: %s\n", g->name, m.proc->fault.message);
		}
		xb_prog_free(prog);
	}
	xb_machine_fini(&m);
	assert_int_equal(failures, 0);
}

static void
test_packet_loads_refused(void **state)
{
	static const struct bpf_insn insns[] = { XB_MOV64_REG(6, 1), XB_LD_ABS(BPF_H, 12), EXIT };
	struct xb_prog_opts opts = { .insns = insns, .insn_cnt = XB_ARRAY_SIZE(insns) };
	struct xb_vm_opts vm_opts = { .vcpu_cnt = 1 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine m;
	struct xb_vm *bare = xb_vm_new(&vm_opts, &err);

	(void)state;
	xb_machine_init(&m, 0);
	assert_null(xb_prog_new(m.vm, &opts, &err));
	assert_string_equal(err.msg, "insn 1: LD_ABS and LD_IND are not for programs of this type");
	/* A machine without an emulator. */
	assert_non_null(bare);
	opts.may_load_packet = true;
	assert_null(xb_prog_new(bare, &opts, &err));
	assert_string_equal(err.msg, "insn 1: LD_ABS and LD_IND are not for programs of this type");
	xb_vm_free(bare);
	xb_machine_fini(&m);
}

static void
test_no_emulator_to_call(void **state)
{
	static const struct bpf_insn insns[] = { XB_CALL(1), EXIT };
	struct xb_prog_opts opts = { .insns = insns, .insn_cnt = XB_ARRAY_SIZE(insns) };
	struct xb_vm_opts vm_opts = { .vcpu_cnt = 1 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_vm *bare = xb_vm_new(&vm_opts, &err);

	(void)state;
	assert_non_null(bare);
	assert_null(xb_prog_new(bare, &opts, &err));
	assert_string_equal(err.msg, "insn 0: the machine has no emulator to call");
	xb_vm_free(bare);
}

/* From no instruction to one too many; and the most, with jumps that make blocks depend. */
static void
test_sizes(void **state)
{
	u32 most = XB_PROG_MAX_INSNS;
	struct bpf_insn *insns = calloc(most + 1, sizeof(*insns));
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine m;
	struct xb_prog *prog;

	(void)state;
	assert_non_null(insns);
	xb_machine_init(&m, 0);
	assert_null(xb_machine_load(&m, insns, 0, 0, &err));
	assert_string_equal(err.msg, "0 instructions; 1 to 1000000 are allowed");
	assert_null(xb_machine_load(&m, insns, most + 1, 0, &err));
	assert_string_equal(err.msg, "1000001 instructions; 1 to 1000000 are allowed");
	/* Each block jumps back to the one before it, from the last to the first. */
	insns[0] = XB_GOTOL((s32)most - 3);
	insns[1] = EXIT;
	for (u32 pc = 2; pc + 1 < most; pc += 2) {
		insns[pc] = XB_ALU64_IMM(BPF_ADD, 6, 1);
		insns[pc + 1] = pc == 2 ? XB_JA(-3) : XB_JA(-4);
	}
	prog = xb_machine_load(&m, insns, most, 0, &err);
	if (!prog)
		fail_msg("most: %s", err.msg);
	assert_int_equal(xb_machine_run(&m, prog), XB_RUN_EXIT);
	assert_int_equal(m.proc->insns, most);
	assert_int_equal(m.proc->r[6], (most - 2) / 2);
	xb_prog_free(prog);
	free(insns);
	xb_machine_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_on_kernel),
		cmocka_unit_test(test_unknown_opcodes),
		cmocka_unit_test(test_fields_of_all_rows),
		cmocka_unit_test(test_source_line_in_error),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_packet_loads_refused),
		cmocka_unit_test(test_no_emulator_to_call),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
