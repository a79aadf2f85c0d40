/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machines and their programs: options, with their ranges, and what a program says of itself.
 */
#include "tests/lib/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOV_EXIT(value) XB_MOV64_IMM(0, value), XB_EXIT()

/* A machine of these options, or NULL and why. */
static struct xb_machine *
new_machine(struct xb_machine_opts opts, struct xb_err *err)
{
	*err = XB_ERR_INIT;
	opts.size = sizeof(opts);
	return xb_machine_new(&opts, err);
}

struct machine_row {
	const char *name;
	struct xb_machine_opts opts;
	const char *error; /* NULL: there is a machine */
};

#define FRAMES " are allowed"

static const struct machine_row machine_rows[] = {
	{ "nothing said", { 0 }, NULL },
	{ "one vCPU", { .vcpu_cnt = 1 }, NULL },
	{ "256 vCPUs", { .vcpu_cnt = 256 }, NULL },
	{ "257 vCPUs", { .vcpu_cnt = 257 }, "machine: 257 virtual CPUs; 1 to 256 are allowed" },
	{ "2^32-1 vCPUs",
	  { .vcpu_cnt = UINT32_MAX },
	  "machine: 4294967295 virtual CPUs; 1 to 256 are allowed" },
	{ "frames of 16", { .frame_bytes = 16 }, NULL },
	{ "frames of 8",
	  { .frame_bytes = 8 },
	  "stack frames of 8 bytes; 16 to 4096 are allowed, in steps of 8" },
	{ "frames of 20",
	  { .frame_bytes = 20 },
	  "stack frames of 20 bytes; 16 to 4096 are allowed, in steps of 8" },
	{ "frames of 4096", { .frame_bytes = 4096 }, NULL },
	{ "frames of 4104",
	  { .frame_bytes = 4104 },
	  "stack frames of 4104 bytes; 16 to 4096 are allowed, in steps of 8" },
	{ "a frame", { .frame_cnt = 1 }, NULL },
	{ "64 frames", { .frame_cnt = 64 }, NULL },
	{ "65 frames", { .frame_cnt = 65 }, "65 stack frames; 1 to 64 are allowed" },
	{ "most instructions", { .max_insns = UINT64_MAX }, NULL },
	{ "zeroing always", { .zeroing = XB_ZERO_ALWAYS }, NULL },
	{ "zeroing 2", { .zeroing = (enum xb_zeroing)2 }, "machine: no zeroing policy 2" },
	{ "zeroing -1", { .zeroing = (enum xb_zeroing) - 1 }, "machine: no zeroing policy -1" },
	{ "strict", { .strict = true }, NULL },
};

static void
check_machine_row(const struct machine_row *row, struct xb_emulator *emulator)
{
	struct xb_machine_opts opts = row->opts;
	struct xb_machine *m;
	struct xb_err err;

	opts.emulator = emulator;
	m = new_machine(opts, &err);
	if (row->error) {
		assert_null(m);
		assert_int_equal(err.kind, XB_ERR_USAGE);
		assert_string_equal(err.msg, row->error);
		return;
	}
	assert_non_null(m);
	assert_int_equal(xb_machine_vcpu_cnt(m), row->opts.vcpu_cnt ? row->opts.vcpu_cnt : 1);
	assert_ptr_equal(xb_machine_emulator(m), emulator);
	KIT_EXPECT_EXIT(7, KIT_RUN(m, MOV_EXIT(7)));
	xb_machine_free(m);
}

/* With no emulator, and with Linux, which are made in two ways. */
static void
test_opts(void **state)
{
	const struct xb_linux_opts linux_opts = { .size = sizeof(linux_opts) };
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(machine_rows); i++) {
		struct xb_linux *lx = xb_linux_new(&linux_opts, &err);

		print_message("%s\n", machine_rows[i].name);
		assert_non_null(lx);
		check_machine_row(&machine_rows[i], NULL);
		check_machine_row(&machine_rows[i], xb_linux_emulator(lx));
	}
}

/* A structure of a header that is older, or younger. */
static void
test_size(void **state)
{
	struct {
		struct xb_machine_opts opts;
		char more[16];
	} o = { .opts = { .size = 0, .vcpu_cnt = 3 } };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine *m;

	(void)state;
	assert_null(xb_machine_new(&o.opts, &err));
	assert_string_equal(err.msg, "machine: size is not set");
	o.opts.size = SIZE_MAX;
	assert_null(xb_machine_new(&o.opts, &err));
	assert_string_equal(err.msg, "machine: size is not set");
	o.opts.size = offsetof(struct xb_machine_opts, vcpu_cnt);
	m = xb_machine_new(&o.opts, &err);
	assert_int_equal(xb_machine_vcpu_cnt(m), 1);
	xb_machine_free(m);
	o.opts.size = sizeof(o);
	m = xb_machine_new(&o.opts, &err);
	assert_int_equal(xb_machine_vcpu_cnt(m), 3);
	xb_machine_free(m);
	o.more[15] = 1;
	assert_null(xb_machine_new(&o.opts, &err));
	assert_string_equal(err.msg, "machine: an option that this version does not have is set");
	o.opts.size = sizeof(o) - 1;
	m = xb_machine_new(&o.opts, &err);
	assert_non_null(m);
	xb_machine_free(m);
	xb_machine_free(NULL);
}

/* Functions that call one another, `depth` of them: R0 says how many were active at once. */
static struct xb_program *
nest(struct xb_machine *m, int depth, struct xb_err *err)
{
	struct bpf_insn insns[3 * 64 + 3];
	struct xb_program_opts opts = { .size = sizeof(opts), .insns = insns };

	for (int i = 1; i < depth; i++) {
		insns[opts.insn_cnt++] = XB_CALL_FUNC(2);
		insns[opts.insn_cnt++] = XB_ALU64_IMM(BPF_ADD, 0, 1);
		insns[opts.insn_cnt++] = XB_EXIT();
	}
	insns[opts.insn_cnt++] = XB_MOV64_IMM(0, 1);
	insns[opts.insn_cnt++] = XB_EXIT();
	return xb_machine_add_program(m, &opts, err);
}

static void
test_frames(void **state)
{
	static const uint32_t cnts[] = { 0, 1, 2, 8, 64 }, sizes[] = { 0, 16, 512, 1024, 4096 };
	struct xb_process *p;
	struct xb_machine *m;
	struct xb_err err;
	char text[60];

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(cnts); i++) {
		int most = cnts[i] ? (int)cnts[i] : 8;

		m = new_machine((struct xb_machine_opts){ .frame_cnt = cnts[i] }, &err);
		p = kit_process(m, nest(m, most, &err));
		KIT_EXPECT_EXIT((uint64_t)most, kit_run(p));
		xb_process_free(p);
		assert_null(nest(m, most + 1, &err));
		snprintf(text, sizeof(text), "more than %d frames of calls", most);
		assert_non_null(strstr(err.msg, text));
		xb_machine_free(m);
	}
	for (size_t i = 0; i < XB_ARRAY_SIZE(sizes); i++) {
		int most = sizes[i] ? (int)sizes[i] : 512;

		m = new_machine((struct xb_machine_opts){ .frame_bytes = sizes[i] }, &err);
		snprintf(text, sizeof(text), "8 bytes before the start of stack (%d bytes)", most);
		KIT_EXPECT_EXIT(5, KIT_RUN(m, XB_ST_MEM(BPF_DW, 10, -most, 5),
		                           XB_LDX_MEM(BPF_DW, 0, 10, -most), XB_EXIT()));
		KIT_EXPECT_FAULT(OOB_WRITE, text,
		                 KIT_RUN(m, XB_ST_MEM(BPF_DW, 10, -most - 8, 5), MOV_EXIT(0)));
		xb_machine_free(m);
	}
}

/* A loop of two instructions, `cnt` times. */
static struct kit_out
loop(struct xb_machine *m, int cnt)
{
	return KIT_RUN(m, XB_MOV64_IMM(0, cnt), XB_ALU64_IMM(BPF_ADD, 0, -1),
	               XB_JMP_IMM(BPF_JNE, 0, 0, -2), XB_EXIT());
}

static void
test_max_insns(void **state)
{
	struct xb_machine *m;
	struct kit_out out;
	struct xb_err err;

	(void)state;
	m = new_machine((struct xb_machine_opts){ .max_insns = 100 }, &err);
	KIT_EXPECT_EXIT(0, loop(m, 49)); /* 100 */
	out = loop(m, 1000);
	assert_int_equal(out.kind, XB_FAULT_BUDGET);
	assert_true(out.insns >= 100 && out.insns <= 103);
	xb_machine_free(m);
	m = new_machine((struct xb_machine_opts){ 0 }, &err);
	KIT_EXPECT_EXIT(0, loop(m, 4999999)); /* 10,000,000 */
	out = loop(m, 5000010);
	assert_int_equal(out.kind, XB_FAULT_BUDGET);
	assert_true(out.insns >= 10000000 && out.insns <= 10000003);
	xb_machine_free(m);
	m = new_machine((struct xb_machine_opts){ .max_insns = UINT64_MAX }, &err);
	KIT_EXPECT_EXIT(0, loop(m, 6000000));
	xb_machine_free(m);
}

/* Two calls of functions with the same frame: the second looks at what the first left. */
#define LEFT_BEHIND                                                                                \
	XB_CALL_FUNC(3), XB_CALL_FUNC(5), XB_EXIT(), XB_EXIT(),                                    \
	        /* the first */ XB_MOV64_REG(1, 10), XB_ST_MEM(BPF_DW, 1, -16, 77), XB_EXIT(),     \
	        /* the second */ XB_LDX_MEM(BPF_DW, 0, 10, -16), XB_EXIT()

static void
test_zeroing(void **state)
{
	struct xb_machine *m;
	struct xb_err err;

	(void)state;
	for (int i = 0; i < 2; i++) {
		m = new_machine((struct xb_machine_opts){ .zeroing = (enum xb_zeroing)i }, &err);
		KIT_EXPECT_EXIT(0, KIT_RUN(m, LEFT_BEHIND));
		xb_machine_free(m);
	}
	m = new_machine((struct xb_machine_opts){ .strict = true }, &err);
	KIT_EXPECT_FAULT(UNINIT, "bytes 0 to 7 of the stack at fp-16 were never written",
	                 KIT_RUN(m, LEFT_BEHIND));
	KIT_EXPECT_FAULT(UNINIT, "register r3 was never written",
	                 KIT_RUN(m, XB_MOV64_REG(0, 3), XB_EXIT()));
	KIT_EXPECT_FAULT(UNINIT, "register r0 was never written", KIT_RUN(m, XB_EXIT()));
	KIT_EXPECT_EXIT(3, KIT_RUN(m, XB_ST_MEM(BPF_DW, 10, -8, 3), XB_LDX_MEM(BPF_DW, 0, 10, -8),
	                           XB_EXIT()));
	xb_machine_free(m);
	m = new_machine((struct xb_machine_opts){ .strict = false }, &err);
	KIT_EXPECT_EXIT(0, KIT_RUN(m, XB_MOV64_REG(0, 3), XB_EXIT()));
	xb_machine_free(m);
}

/* Programs. */

struct program_row {
	const char *name;
	struct xb_program_opts opts;
	const char *error; /* on a machine without an emulator */
	const char *linux_error;
};

#define INSNS(...)                                                                                 \
	.insns = (const struct bpf_insn[]){ __VA_ARGS__ },                                         \
	.insn_cnt = sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn)

static void
check_program_row(struct xb_machine *m, const struct program_row *row, const char *expected)
{
	struct xb_program_opts opts = row->opts;
	struct xb_err err = XB_ERR_INIT;

	opts.size = sizeof(opts);
	assert_null(xb_machine_add_program(m, &opts, &err));
	assert_string_equal(err.msg, expected);
	assert_null(xb_machine_next_program(m, NULL));
}

static void
test_program_errors(void **state)
{
	const struct bpf_insn nop[] = { XB_EXIT() };
	const struct program_row rows[] = {
		{ "no instructions",
		  { .name = "p" },
		  "program 'p': no instructions",
		  "program 'p': no instructions" },
		{ "none of them",
		  { .name = "p", .insns = nop, .insn_cnt = 0 },
		  "program 'p': 0 instructions; 1 to 1000000 are allowed",
		  "program 'p': 0 instructions; 1 to 1000000 are allowed" },
		{ "too many",
		  { .name = "p", .insns = nop, .insn_cnt = 1000001 },
		  "program 'p': 1000001 instructions; 1 to 1000000 are allowed",
		  "program 'p': 1000001 instructions; 1 to 1000000 are allowed" },
		{ "a jump too far",
		  { .name = "p", INSNS(MOV_EXIT(1), XB_JA(7), XB_EXIT()) },
		  "program 'p': insn 2: jump to 10 is out of range",
		  "program 'p': insn 2: jump to 10 is out of range" },
		{ "no such instruction",
		  { INSNS(XB_INSN(0xff, 0, 0, 0, 0), XB_EXIT()) },
		  "program '': insn 0: unknown opcode 0xff",
		  "program '': insn 0: unknown opcode 0xff" },
		{ "a call",
		  { INSNS(XB_CALL(1), XB_EXIT()) },
		  "program '': insn 0: the machine has no emulator to call",
		  NULL },
		{ "a map",
		  { INSNS(XB_LD_MAP_FD(0, 3), XB_EXIT()) },
		  "program '': insn 0: the emulator does not resolve ldimm64 with src_reg 1",
		  NULL },
	};
	struct xb_machine *bare = kit_machine(NULL), *lx = kit_linux();
	struct xb_program_opts short_opts = { .size = 3 };
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct program_row row = rows[i];

		print_message("%s\n", row.name);
		check_program_row(bare, &row, row.error);
		row.opts.type = BPF_PROG_TYPE_XDP;
		if (row.linux_error)
			check_program_row(lx, &row, row.linux_error);
	}
	assert_null(xb_machine_add_program(bare, &short_opts, &err));
	assert_string_equal(err.msg, "program: size is not set");
	xb_machine_free(bare);
	xb_machine_free(lx);
}

/* What Linux refuses for reasons of its own. */
static void
test_linux_errors(void **state)
{
	const struct {
		const char *name;
		struct xb_program_opts opts;
		const char *error;
	} rows[] = {
		{ "type",
		  { .type = 999, INSNS(MOV_EXIT(0)) },
		  "program '': program type 999 is not emulated" },
		{ "attach type",
		  { .type = BPF_PROG_TYPE_CGROUP_SKB,
		    .expected_attach_type = 999,
		    INSNS(MOV_EXIT(0)) },
		  "program '': Invalid argument" },
		{ "license",
		  { .type = BPF_PROG_TYPE_XDP,
		    .license = "secret",
		    INSNS(XB_CALL(BPF_FUNC_trace_printk), MOV_EXIT(0)) },
		  "program '': insn 0: cannot call GPL-restricted function from non-GPL compatible "
		  "program: bpf_trace_printk#6" },
		{ "no helper",
		  { .type = BPF_PROG_TYPE_XDP, INSNS(XB_CALL(9999), MOV_EXIT(0)) },
		  "program '': insn 0: invalid func unknown#9999" },
		{ "no map",
		  { .type = BPF_PROG_TYPE_XDP, INSNS(XB_LD_MAP_FD(1, 999), MOV_EXIT(0)) },
		  "program '': fd 999 is not pointing to valid bpf_map" },
	};
	struct xb_machine *m = kit_linux();

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct xb_program_opts opts = rows[i].opts;
		struct xb_err err = XB_ERR_INIT;

		print_message("%s\n", rows[i].name);
		opts.size = sizeof(opts);
		assert_null(xb_machine_add_program(m, &opts, &err));
		assert_int_equal(err.kind, XB_ERR_LOAD);
		assert_string_equal(err.msg, rows[i].error);
	}
	xb_machine_free(m);
}

static struct xb_program *
add(struct xb_machine *m, const char *name, uint32_t type, int value)
{
	const struct bpf_insn insns[] = { MOV_EXIT(value) };
	const struct xb_program_opts opts = {
		.size = sizeof(opts), .name = name, .type = type, .insns = insns, .insn_cnt = 2
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_program *p = xb_machine_add_program(m, &opts, &err);

	assert_non_null(p);
	return p;
}

static void
check_list(struct xb_machine *m, uint32_t type)
{
	char name[100];
	struct xb_program *a, *b, *c, *d;
	struct kit_out out;

	memset(name, 'x', sizeof(name));
	name[99] = 0;
	assert_null(xb_machine_next_program(m, NULL));
	assert_null(xb_machine_find_program(m, "a"));
	a = add(m, "a", type, 1);
	b = add(m, name, type, 2);
	c = add(m, NULL, type, 3);
	d = add(m, "a", type, 4);
	assert_ptr_equal(xb_machine_next_program(m, NULL), a);
	assert_ptr_equal(xb_machine_next_program(m, a), b);
	assert_ptr_equal(xb_machine_next_program(m, b), c);
	assert_ptr_equal(xb_machine_next_program(m, c), d);
	assert_null(xb_machine_next_program(m, d));
	assert_ptr_equal(xb_machine_find_program(m, "a"), a);
	assert_ptr_equal(xb_machine_find_program(m, ""), c);
	assert_null(xb_machine_find_program(m, "b"));
	assert_string_equal(xb_program_name(a), "a");
	assert_string_equal(xb_program_name(c), "");
	name[63] = 0;
	assert_string_equal(xb_program_name(b), name);
	assert_ptr_equal(xb_machine_find_program(m, name), b);
	assert_int_equal(xb_program_type(d), type);
	for (uint64_t i = 1; i <= 4; i++) {
		struct xb_process *p = kit_process(m, i == 1 ? a : i == 2 ? b : i == 3 ? c : d);

		out = kit_run(p);
		kit_expect_exit(&out, i);
		xb_process_free(p);
	}
}

static void
test_list(void **state)
{
	struct xb_machine *m = kit_machine(NULL);

	(void)state;
	check_list(m, 0);
	xb_machine_free(m);
	m = kit_linux();
	check_list(m, BPF_PROG_TYPE_SCHED_CLS);
	xb_machine_free(m);
}

static void
test_insns(void **state)
{
	const struct bpf_insn insns[] = { XB_LD_IMM64(0, 0x1122334455667788), XB_LD_FUNC(1, 3),
		                          MOV_EXIT(7), MOV_EXIT(0) };
	static const char *const texts[] = { "r0 = 0x1122334455667788",
		                             "",
		                             "r1 = subprog[+3]",
		                             "",
		                             "r0 = 7",
		                             "exit",
		                             "r0 = 0",
		                             "exit" };
	struct xb_machine *m = kit_machine(NULL);
	struct xb_program *p = kit_program(m, insns, XB_ARRAY_SIZE(insns));
	struct xb_source_line line;
	uint32_t cnt = 0;
	char text[80];

	(void)state;
	assert_memory_equal(xb_program_insns(p, &cnt), insns, sizeof(insns));
	assert_int_equal(cnt, 8);
	assert_ptr_not_equal(xb_program_insns(p, &cnt), insns);
	for (uint32_t i = 0; i < cnt; i++) {
		if (!texts[i][0])
			continue;
		assert_int_equal(xb_program_disasm(p, i, text, sizeof(text)), i < 4 ? 2 : 1);
		assert_string_equal(text, texts[i]);
	}
	assert_int_equal(xb_program_disasm(p, 5, text, 3), 1);
	assert_string_equal(text, "ex");
	assert_int_equal(xb_program_disasm(p, 5, NULL, 0), 1);
	assert_int_equal(xb_program_disasm(p, 8, text, sizeof(text)), 0);
	assert_int_equal(xb_program_disasm(p, UINT32_MAX, text, sizeof(text)), 0);
	xb_program_source(p, 5, &line);
	assert_string_equal(line.function, "prog");
	assert_null(line.file);
	assert_string_equal(line.text, "");
	assert_int_equal(line.line + line.col, 0);
	xb_machine_free(m);
}

/* An object has lines and functions; and maps, which are their addresses when they are run. */
static void
test_source(void **state)
{
	struct xb_machine *m = kit_linux();
	struct xb_source_line line;
	struct xb_program *p;
	uint32_t cnt, lines = 0;

	kit_load_object(m, *state, "subprog");
	p = xb_machine_next_program(m, NULL);
	assert_non_null(p);
	xb_program_insns(p, &cnt);
	for (uint32_t i = 0; i < cnt; i++) {
		xb_program_source(p, i, &line);
		assert_non_null(strstr(line.file, "subprog.bpf.c"));
		lines += line.line && line.col;
	}
	assert_true(lines > 0);
	xb_program_source(p, 0, &line);
	assert_string_equal(line.function, xb_program_name(p));
	xb_program_source(p, cnt - 1, &line);
	assert_string_not_equal(line.function, xb_program_name(p));
	xb_program_source(p, cnt, &line);
	assert_null(line.file);
	assert_string_equal(line.text, "");
	xb_machine_free(m);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opts),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_max_insns),
		cmocka_unit_test(test_zeroing),
		cmocka_unit_test(test_program_errors),
		cmocka_unit_test(test_linux_errors),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_insns),
		cmocka_unit_test_prestate(test_source, argc > 1 ? argv[1] : NULL),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
