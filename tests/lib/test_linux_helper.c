/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers and kernel functions of the caller's: what each kind of argument lets through, what is
 * refused when one is added or called, and when it is let go.
 */
#define XB_INSN_BRACES
#include "tests/insns.h"
#include "tests/lib/linux_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ID 250

/* What the function was called with. */
struct seen {
	uint32_t calls, released;
	union xb_helper_arg args[5];
	uint8_t mem[5][40];
	uint32_t take[5]; /* bytes to copy from where each argument points */
	uint32_t put[5];  /* bytes to fill there, with the argument's number, from 1 */
	uint64_t r0;
	struct xb_process *process;
	struct xb_program *program;
};

static uint64_t
see(struct xb_process *process, const union xb_helper_arg args[5], void *state)
{
	struct seen *s = state;

	s->calls++;
	s->process = process;
	s->program = xb_process_program(process);
	memcpy(s->args, args, sizeof(s->args));
	for (uint32_t i = 0; i < 5; i++) {
		if (s->take[i] && args[i].mem)
			memcpy(s->mem[i], args[i].mem, s->take[i]);
		if (s->put[i] && args[i].mem)
			memset(args[i].mem, (int)i + 1, s->put[i]);
	}
	return s->r0;
}

static void
let_go(void *state)
{
	((struct seen *)state)->released++;
}

static int
add(const struct rig *rig, struct seen *seen, const struct xb_helper_opts *opts, struct xb_err *err)
{
	struct xb_helper_opts o = *opts;

	o.size = sizeof(o);
	if (!o.name)
		o.name = "see";
	if (!o.fn)
		o.fn = see;
	o.state = seen;
	o.release = let_go;
	return xb_linux_add_helper(rig->lx, &o, err);
}

static void
must_add(const struct rig *rig, struct seen *seen, const struct xb_helper_opts *opts)
{
	struct xb_err err = XB_ERR_INIT;

	if (add(rig, seen, opts, &err) != 0)
		fail_msg("%s", err.msg);
}

/*
 * Where a row's registers point: R10 less 64 of a stack with the bytes 1 to 40, then zeros; a map,
 * an array of one value of 8 bytes; the context; a function.
 */
enum source { NOTHING, NUMBER, STACK, MAP, CTX, FUNC };

struct arg {
	enum xb_arg_kind kind;
	enum source source;
	int64_t number; /* or what is added to the address */
};

struct row {
	const char *name;
	struct arg args[3];
	uint32_t take, put; /* of the first argument */
	uint64_t r0;        /* the first byte there, after the call */
	enum xb_fault_kind fault;
	const char *text;
};

#define MEM_OF(kind, at, bytes)                                                                    \
	{                                                                                          \
		{ kind, STACK, at },                                                               \
		{                                                                                  \
			XB_ARG_SIZE, NUMBER, bytes                                                 \
		}                                                                                  \
	}
#define BAD_SIZE(k, bytes)                                                                         \
	{                                                                                          \
		{ k, STACK, 0 },                                                                   \
		{                                                                                  \
			XB_ARG_SIZE, NUMBER, bytes                                                 \
		}                                                                                  \
	}
#define OF_MAP(k, from, at)                                                                        \
	{                                                                                          \
		{ XB_ARG_MAP, MAP, 0 },                                                            \
		{                                                                                  \
			k, from, at                                                                \
		}                                                                                  \
	}

/* clang-format off */
static const struct row rows[] = {
	{ .name = "number", .args = { { XB_ARG_ANY, NUMBER, -5 } } },
	{ .name = "maybe", .args = { { XB_ARG_MAYBE, NUMBER, 9 } } },
	{ .name = "any pointer", .args = { { XB_ARG_ANY, STACK, 4000 } } },
	{ .name = "context", .args = { { XB_ARG_CTX, CTX, 0 } } },
	{ .name = "no context", .args = { { XB_ARG_CTX, NUMBER, 0 } }, .fault = XB_FAULT_NULL_POINTER, .text = "bpf_see: argument 1 (context): null pointer" },
	{ .name = "another context", .args = { { XB_ARG_CTX, CTX, 8 } }, .fault = XB_FAULT_BAD_ARGUMENT, .text = "not the program's context" },
	{ .name = "context or NULL", .args = { { XB_ARG_CTX_OR_NULL, CTX, 0 } } },
	{ .name = "context or NULL, NULL", .args = { { XB_ARG_CTX_OR_NULL, NUMBER, 0 } } },
	{ .name = "context or NULL, neither", .args = { { XB_ARG_CTX_OR_NULL, STACK, 0 } }, .fault = XB_FAULT_BAD_ARGUMENT, .text = "not the program's context" },
	{ .name = "map", .args = { { XB_ARG_MAP, MAP, 0 } } },
	{ .name = "no map", .args = { { XB_ARG_MAP, NUMBER, 0 } }, .fault = XB_FAULT_NULL_POINTER, .text = "argument 1 (map): null pointer" },
	{ .name = "what is no map", .args = { { XB_ARG_MAP, STACK, 0 } }, .fault = XB_FAULT_BAD_ARGUMENT, .text = "argument 1 (map): not a map" },
	{ .name = "key", .args = OF_MAP(XB_ARG_MAP_KEY, STACK, 0), .take = 4 },
	{ .name = "key at the stack's end", .args = OF_MAP(XB_ARG_MAP_KEY, STACK, 60), .take = 4 },
	{ .name = "key past it", .args = OF_MAP(XB_ARG_MAP_KEY, STACK, 61), .fault = XB_FAULT_OOB_READ, .text = "argument 2 (key)" },
	{ .name = "no key", .args = OF_MAP(XB_ARG_MAP_KEY, NUMBER, 0), .fault = XB_FAULT_NULL_POINTER, .text = "argument 2 (key)" },
	{ .name = "value", .args = OF_MAP(XB_ARG_MAP_VALUE, STACK, 8), .take = 8 },
	{ .name = "value at the stack's end", .args = OF_MAP(XB_ARG_MAP_VALUE, STACK, 56), .take = 8 },
	{ .name = "value past it", .args = OF_MAP(XB_ARG_MAP_VALUE, STACK, 57), .fault = XB_FAULT_OOB_READ, .text = "argument 2 (value)" },
	{ .name = "value written", .args = OF_MAP(XB_ARG_MAP_VALUE_W, STACK, 56), .put = 8 },
	{ .name = "value written past it", .args = OF_MAP(XB_ARG_MAP_VALUE_W, STACK, 57), .fault = XB_FAULT_OOB_WRITE, .text = "argument 2 (value)" },
	{ .name = "value or NULL", .args = OF_MAP(XB_ARG_MAP_VALUE_OR_NULL, STACK, 0), .take = 8 },
	{ .name = "value or NULL, NULL", .args = OF_MAP(XB_ARG_MAP_VALUE_OR_NULL, NUMBER, 0) },
	{ .name = "value or NULL, past it", .args = OF_MAP(XB_ARG_MAP_VALUE_OR_NULL, STACK, 57), .fault = XB_FAULT_OOB_READ, .text = "argument 2 (value)" },
	{ .name = "memory", .args = MEM_OF(XB_ARG_MEM, 0, 40), .take = 40 },
	{ .name = "memory to the end", .args = MEM_OF(XB_ARG_MEM, 63, 1), .take = 1 },
	{ .name = "memory past the end", .args = MEM_OF(XB_ARG_MEM, 0, 65), .fault = XB_FAULT_OOB_READ, .text = "bpf_see: argument 1 (buffer): 1 byte past the end of stack" },
	{ .name = "no size", .args = BAD_SIZE(XB_ARG_MEM, 0), .fault = XB_FAULT_BAD_ARGUMENT, .text = "argument 2 (size): zero-sized access" },
	{ .name = "negative size", .args = BAD_SIZE(XB_ARG_MEM, -1), .fault = XB_FAULT_BAD_ARGUMENT, .text = "argument 2 (size): negative" },
	{ .name = "huge size", .args = BAD_SIZE(XB_ARG_MEM, 1 << 29), .fault = XB_FAULT_BAD_ARGUMENT, .text = "512 MiB or more" },
	{ .name = "size or 0", .args = { { XB_ARG_MEM, STACK, 0 }, { XB_ARG_SIZE_OR_0, NUMBER, 0 } } },
	{ .name = "size or 0, of NULL", .args = { { XB_ARG_MEM, NUMBER, 0 }, { XB_ARG_SIZE_OR_0, NUMBER, 0 } } },
	{ .name = "memory written", .args = MEM_OF(XB_ARG_MEM_W, 0, 16), .put = 16, .r0 = 1 },
	{ .name = "memory written past the end", .args = MEM_OF(XB_ARG_MEM_W, 60, 5), .fault = XB_FAULT_OOB_WRITE, .text = "1 byte past the end of stack" },
	{ .name = "memory or NULL, NULL", .args = { { XB_ARG_MEM_OR_NULL, NUMBER, 0 }, { XB_ARG_SIZE_OR_0, NUMBER, 0 } } },
	{ .name = "memory or NULL, NULL of a size", .args = { { XB_ARG_MEM_OR_NULL, NUMBER, 0 }, { XB_ARG_SIZE_OR_0, NUMBER, 1 } }, .fault = XB_FAULT_NULL_POINTER, .text = "argument 1 (buffer)" },
	{ .name = "memory or NULL", .args = MEM_OF(XB_ARG_MEM_OR_NULL, 0, 4), .take = 4 },
	{ .name = "memory written or NULL, NULL", .args = { { XB_ARG_MEM_W_OR_NULL, NUMBER, 0 }, { XB_ARG_SIZE_OR_0, NUMBER, 0 } } },
	{ .name = "memory written or NULL", .args = MEM_OF(XB_ARG_MEM_W_OR_NULL, 0, 4), .put = 4, .r0 = 1 },
	{ .name = "string", .args = { { XB_ARG_STR, STACK, 36 } }, .take = 5 },
	{ .name = "string without an end", .args = { { XB_ARG_STR, STACK, 64 } }, .fault = XB_FAULT_OOB_READ, .text = "argument 1 (string)" },
	{ .name = "32 bits", .args = { { XB_ARG_U32_W, STACK, 60 } }, .take = 4, .put = 4 },
	{ .name = "32 bits, misaligned", .args = { { XB_ARG_U32_W, STACK, 2 } }, .fault = XB_FAULT_BAD_ARGUMENT, .text = "argument 1 (result): misaligned" },
	{ .name = "32 bits past the end", .args = { { XB_ARG_U32_W, STACK, 64 } }, .fault = XB_FAULT_OOB_WRITE, .text = "argument 1 (result)" },
	{ .name = "64 bits", .args = { { XB_ARG_U64_W, STACK, 56 } }, .put = 8 },
	{ .name = "64 bits past the end", .args = { { XB_ARG_U64_W, STACK, 57 } }, .fault = XB_FAULT_OOB_WRITE, .text = "argument 1 (result)" },
	{ .name = "64 bits read and written", .args = { { XB_ARG_U64_RW, STACK, 0 } }, .take = 8, .put = 8, .r0 = 1 },
	{ .name = "20 bytes", .args = { { XB_ARG_MEM20, STACK, 44 } }, .take = 20 },
	{ .name = "20 bytes past the end", .args = { { XB_ARG_MEM20, STACK, 45 } }, .fault = XB_FAULT_OOB_READ, .text = "argument 1 (header)" },
	{ .name = "40 bytes", .args = { { XB_ARG_MEM40, STACK, 0 } }, .take = 40 },
	{ .name = "40 bytes past the end", .args = { { XB_ARG_MEM40, STACK, 25 } }, .fault = XB_FAULT_OOB_READ, .text = "argument 1 (header)" },
	{ .name = "function", .args = { { XB_ARG_FUNC, FUNC, 0 } } },
	{ .name = "callback's own", .args = { { XB_ARG_STACK_OR_NULL, NUMBER, 0 } } },
	{ .name = "all five registers", .args = { { XB_ARG_ANY, NUMBER, 1 }, { XB_ARG_MEM, STACK, 0 }, { XB_ARG_SIZE, NUMBER, 4 } } },
};
/* clang-format on */

#define PROG_MOST 64

/* The instructions that give a row's arguments, into insns; how many there are. */
static uint32_t
load_args(const struct row *row, int map_fd, struct bpf_insn *insns)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < 3; i++) {
		const struct arg *a = &row->args[i];
		int reg = (int)i + 1, number = (int)a->number;
		const struct bpf_insn map[] = { XB_LD_MAP_FD(reg, map_fd) };
		const struct bpf_insn one[] = {
			[NOTHING] = XB_MOV64_IMM(reg, 0), [NUMBER] = XB_MOV64_IMM(reg, number),
			[STACK] = XB_MOV64_REG(reg, 10),  [MAP] = map[0],
			[CTX] = XB_MOV64_REG(reg, 6),     [FUNC] = XB_MOV64_REG(reg, 7),
		};
		const struct bpf_insn more[] = { XB_ALU64_IMM(
			BPF_ADD, reg, number - (a->source == STACK ? 64 : 0)) };

		insns[n++] = one[a->source];
		if (a->source == MAP)
			insns[n++] = map[1];
		if (a->source == STACK || a->source == CTX)
			insns[n++] = more[0];
	}
	return n;
}

/* Bytes 1 to 40 in front of 24 zeros; then the call; R0 is the first byte. */
static struct xb_program *
row_program(const struct rig *rig, const struct row *row, int map_fd)
{
	const struct bpf_insn end[] = { XB_CALL(ID), XB_LDX_MEM(BPF_B, 0, 10, -64), XB_EXIT(),
		                        XB_MOV64_IMM(0, 0), XB_EXIT() };
	struct bpf_insn insns[PROG_MOST * 4];
	uint32_t n = 0;

	insns[n++] = (struct bpf_insn)XB_MOV64_REG(6, 1);
	for (uint32_t i = 0; i < 64; i++)
		insns[n++] = (struct bpf_insn)XB_ST_MEM(BPF_B, 10, (int)i - 64, i < 40 ? i + 1 : 0);
	{
		struct bpf_insn args[16];
		uint32_t cnt = load_args(row, map_fd, args);
		/* The function behind the exit. */
		const struct bpf_insn func[] = { XB_LD_FUNC(7, (int)cnt + 4) };

		memcpy(insns + n, func, sizeof(func));
		n += 2;
		memcpy(insns + n, args, cnt * sizeof(args[0]));
		n += cnt;
	}
	memcpy(insns + n, end, sizeof(end));
	return rig_add(rig, BPF_PROG_TYPE_XDP, insns, n + 5);
}

/* The argument that a row is about: behind a map, the second. */
static uint32_t
subject(const struct row *row)
{
	return row->args[0].kind == XB_ARG_MAP && row->args[1].kind != XB_ARG_NONE;
}

static void
check_seen(const struct row *row, const struct seen *seen, const struct xb_linux_map *map)
{
	for (uint32_t i = 0; i < 3; i++) {
		const struct arg *a = &row->args[i];

		if (a->kind == XB_ARG_MAP)
			assert_ptr_equal(seen->args[i].map, map);
		else if (a->source == NUMBER && a->kind != XB_ARG_MEM)
			assert_int_equal(seen->args[i].s, a->number);
	}
	for (uint32_t i = 0; i < row->take; i++) {
		uint32_t at = (uint32_t)row->args[subject(row)].number + i;

		assert_int_equal(seen->mem[subject(row)][i], at < 40 ? at + 1 : 0);
	}
}

static void
test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct xb_helper_opts opts = { .id = ID };
		struct seen seen = { .r0 = 1 };
		struct xb_linux_map *map;
		struct xb_program *program;
		struct rig rig;

		print_message("%s\n", row->name);
		for (uint32_t j = 0; j < 3; j++)
			opts.args[j] = row->args[j].kind;
		seen.take[subject(row)] = row->take;
		seen.put[subject(row)] = row->put;
		rig_open(&rig, NULL, 1);
		must_add(&rig, &seen, &opts);
		map = rig_map(&rig, BPF_MAP_TYPE_ARRAY, 4, 8, 1);
		program = row_program(&rig, row, xb_linux_map_fd(map));
		if (row->fault) {
			rig_fault(&rig, program, RIG_XDP, row->fault, row->text);
			assert_int_equal(seen.calls, 0);
		} else {
			assert_int_equal(rig_run(&rig, program, RIG_XDP), row->r0 ? row->r0 : 1);
			assert_int_equal(seen.calls, 1);
			check_seen(row, &seen, map);
			if (row->put)
				assert_int_equal(seen.program == program, 1);
		}
		rig_close(&rig);
		assert_int_equal(seen.released, 1);
	}
}

struct refused {
	const char *name;
	struct xb_helper_opts opts;
	const char *text;
};

/* clang-format off */
static const struct refused refused[] = {
	{ "number too large", { .id = 256 }, "helper 'see': number 256; 1 to 255 are allowed" },
	{ "empty name", { .id = ID, .name = "" }, "a name of 1 to 127 characters is needed" },
	{ "no such name", { .id = ID, .name = "a b" }, "'a b' is no name of a function" },
	{ "lock", { .id = ID, .args = { XB_ARG_SPIN_LOCK } }, "argument 1: no kind for users" },
	{ "record", { .id = ID, .args = { XB_ARG_RECORD } }, "argument 1: no kind for users" },
	{ "socket", { .id = ID, .args = { XB_ARG_ANY, XB_ARG_SOCK_COMMON } }, "argument 2: no kind for users" },
	{ "timer", { .id = ID, .args = { XB_ARG_TIMER } }, "no kind for users" },
	{ "dynptr", { .id = ID, .args = { XB_ARG_DYNPTR } }, "no kind for users" },
	{ "dynptr to be", { .id = ID, .args = { XB_ARG_DYNPTR_W } }, "no kind for users" },
	{ "no such kind", { .id = ID, .args = { XB_ARG_KIND_CNT } }, "no kind for users" },
	{ "memory without a size", { .id = ID, .args = { XB_ARG_MEM } }, "argument 1: memory without a size behind it" },
	{ "memory at the end", { .id = ID, .args = { XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_MEM_W } }, "argument 5: memory without a size behind it" },
	{ "memory, then a number", { .id = ID, .args = { XB_ARG_MEM_OR_NULL, XB_ARG_ANY } }, "argument 1: memory without a size" },
	{ "size alone", { .id = ID, .args = { XB_ARG_SIZE } }, "argument 1: a size without memory before it" },
	{ "size of a number", { .id = ID, .args = { XB_ARG_ANY, XB_ARG_SIZE_OR_0 } }, "argument 2: a size without memory before it" },
	{ "key without a map", { .id = ID, .args = { XB_ARG_MAP_KEY } }, "argument 1: of a map, without one before it" },
	{ "value before its map", { .id = ID, .args = { XB_ARG_MAP_VALUE, XB_ARG_MAP } }, "argument 1: of a map, without one before it" },
	{ "a gap", { .id = ID, .args = { XB_ARG_ANY, XB_ARG_NONE, XB_ARG_ANY } }, "argument 3: behind one that is not there" },
};
/* clang-format on */

static void
test_refused(void **state)
{
	const struct bpf_insn insns[] = { XB_CALL(ID), XB_EXIT() };
	struct xb_helper_opts opts = { .size = sizeof(opts), .id = ID, .name = "see" };
	char long_name[129];
	struct seen seen = { 0 };
	struct xb_err err = XB_ERR_INIT;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		err = XB_ERR_INIT;
		print_message("%s\n", refused[i].name);
		assert_int_equal(add(&rig, &seen, &refused[i].opts, &err), -1);
		assert_int_equal(err.kind, XB_ERR_USAGE);
		rig_says(&err, refused[i].text);
	}
	assert_int_equal(xb_linux_add_helper(rig.lx, &opts, &err), -1);
	rig_says(&err, "helper 'see': no function");
	opts.fn = see;
	opts.name = NULL;
	assert_int_equal(xb_linux_add_helper(rig.lx, &opts, &err), -1);
	rig_says(&err, "a name of 1 to 127 characters is needed");
	memset(long_name, 'a', 128);
	long_name[128] = 0;
	opts.name = long_name;
	assert_int_equal(xb_linux_add_helper(rig.lx, &opts, &err), -1);
	rig_says(&err, "a name of 1 to 127 characters is needed");
	opts.size = 0;
	assert_int_equal(xb_linux_add_helper(rig.lx, &opts, &err), -1);
	rig_says(&err, "helper: size is not set");
	assert_null(rig_try(&rig, BPF_PROG_TYPE_XDP, NULL, insns, 2, &err));
	rig_says(&err, "invalid func unknown#250");
	rig_close(&rig);
	assert_int_equal(seen.released, 0);
}

/* 256 of each sort, and not one more. */
static void
test_most(void **state)
{
	struct seen seen = { 0 };
	struct xb_err err = XB_ERR_INIT;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	for (uint32_t kind = 0; kind < 2; kind++) {
		const struct xb_helper_opts opts = { .id = kind ? ID : 0 };

		for (uint32_t i = 0; i < 256; i++)
			must_add(&rig, &seen, &opts);
		assert_int_equal(add(&rig, &seen, &opts, &err), -1);
		rig_says(&err, "helper 'see': more than 256");
	}
	rig_close(&rig);
	assert_int_equal(seen.released, 512);
}

/* In place of one of Linux's, for one type of programs; what was loaded keeps what it has. */
static void
test_replaced(void **state)
{
	const struct bpf_insn insns[] = { XB_CALL(BPF_FUNC_get_smp_processor_id), XB_EXIT() };
	const struct xb_helper_opts opts = { .id = BPF_FUNC_get_smp_processor_id,
		                             .name = "get_smp_processor_id",
		                             .prog_types = 1u << BPF_PROG_TYPE_XDP };
	struct seen first = { .r0 = 1001 }, second = { .r0 = 1002 };
	struct xb_program *before, *one, *two, *other;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	before = rig_add(&rig, BPF_PROG_TYPE_XDP, insns, 2);
	must_add(&rig, &first, &opts);
	one = rig_add(&rig, BPF_PROG_TYPE_XDP, insns, 2);
	must_add(&rig, &second, &opts);
	two = rig_add(&rig, BPF_PROG_TYPE_XDP, insns, 2);
	other = rig_add(&rig, BPF_PROG_TYPE_SCHED_CLS, insns, 2);
	assert_int_equal(rig_run(&rig, before, RIG_XDP), 0);
	assert_int_equal(rig_run(&rig, one, RIG_XDP), 1001);
	assert_int_equal(rig_run(&rig, two, RIG_XDP), 1002);
	assert_int_equal(rig_run(&rig, other, NULL), 0);
	rig_close(&rig);
	assert_int_equal(first.released, 1);
	assert_int_equal(second.released, 1);
	assert_int_equal(first.calls, 1);
}

/* A helper of the context's is the caller's, also where the context is memory alone. */
static void
test_replaced_ctx(void **state)
{
	const struct xb_helper_opts opts = { .id = BPF_FUNC_xdp_adjust_head,
		                             .name = "xdp_adjust_head",
		                             .args = { XB_ARG_CTX, XB_ARG_ANY } };
	struct seen seen = { .r0 = 5 };
	struct xb_program *program;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	must_add(&rig, &seen, &opts);
	program = rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_MOV64_IMM(2, -4),
	                   XB_CALL(BPF_FUNC_xdp_adjust_head), XB_EXIT());
	assert_int_equal(rig_run(&rig, program, RIG_XDP), 5);
	assert_int_equal(seen.args[1].s, -4);
	rig_close(&rig);
}

static void
test_licence(void **state)
{
	const struct bpf_insn insns[] = { XB_CALL(ID), XB_EXIT() };
	const struct xb_helper_opts opts = { .id = ID, .gpl_only = true };
	struct seen seen = { .r0 = 3 };
	struct xb_err err = XB_ERR_INIT;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	must_add(&rig, &seen, &opts);
	assert_null(rig_try(&rig, BPF_PROG_TYPE_XDP, "Proprietary", insns, 2, &err));
	rig_says(&err, "cannot call GPL-restricted function from non-GPL compatible program: "
	               "bpf_see#250");
	assert_int_equal(rig_run(&rig, rig_add(&rig, BPF_PROG_TYPE_XDP, insns, 2), NULL), 3);
	rig_close(&rig);
}

static void
test_sleeps(void **state)
{
	const struct bpf_insn insns[] = { XB_CALL(ID), XB_EXIT() };
	const struct xb_helper_opts opts = { .id = ID, .might_sleep = true };
	const struct xb_program_opts sleeps = { .size = sizeof(sleeps),
		                                .type = BPF_PROG_TYPE_SYSCALL,
		                                .flags = BPF_F_SLEEPABLE,
		                                .insns = insns,
		                                .insn_cnt = 2 };
	struct seen seen = { .r0 = 3 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_program *program;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	must_add(&rig, &seen, &opts);
	assert_null(rig_try(&rig, BPF_PROG_TYPE_XDP, NULL, insns, 2, &err));
	rig_says(&err, "helper call might sleep in a non-sleepable prog: bpf_see#250");
	program = xb_machine_add_program(rig.machine, &sleeps, &err);
	assert_non_null(program);
	assert_int_equal(rig_run(&rig, program, NULL), 3);
	rig_close(&rig);
}

/* Stops the program; R0 is nobody's. */
static uint64_t
stop(struct xb_process *process, const union xb_helper_arg args[5], void *state)
{
	(void)state;
	return xb_process_stop(process, XB_FAULT_BAD_ARGUMENT, "no %d, please", (int)args[0].s);
}

static void
test_stop(void **state)
{
	const struct xb_helper_opts opts = { .id = ID, .args = { XB_ARG_ANY }, .fn = stop };
	struct seen seen = { 0 };
	struct xb_program *program;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	must_add(&rig, &seen, &opts);
	program = rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_MOV64_IMM(1, 13), XB_CALL(ID), XB_EXIT());
	rig_fault(&rig, program, NULL, XB_FAULT_BAD_ARGUMENT, "no 13, please");
	rig_close(&rig);
}

/* Calls the program back. */
static uint64_t
call_back(struct xb_process *process, const union xb_helper_arg args[5], void *state)
{
	const uint64_t numbers[5] = { args[1].u, 2, 3, 4, 5 };
	uint64_t result = 0;

	(void)state;
	return xb_process_callback(process, args[0].u, numbers, &result) ? result + 1 : 0;
}

static void
test_callback(void **state)
{
	const struct xb_helper_opts opts = { .id = ID,
		                             .args = { XB_ARG_FUNC, XB_ARG_STACK_OR_NULL },
		                             .fn = call_back };
	struct seen seen = { 0 };
	struct xb_program *program;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	must_add(&rig, &seen, &opts);
	program = rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_LD_FUNC(1, 4), XB_MOV64_IMM(2, 30),
	                   XB_CALL(ID), XB_EXIT(),
	                   /* R0 = R1 + R5 */
	                   XB_MOV64_REG(0, 1), XB_ALU64_REG(BPF_ADD, 0, 5), XB_EXIT());
	assert_int_equal(rig_run(&rig, program, NULL), 36);
	program = rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_MOV64_IMM(1, 99), XB_MOV64_IMM(2, 30),
	                   XB_CALL(ID), XB_EXIT());
	rig_fault(&rig, program, NULL, XB_FAULT_BAD_CALL, "is not a function");
	rig_close(&rig);
}

/* Uses the map that it is given, and keeps nothing of it. */
static uint64_t
count_in(struct xb_process *process, const union xb_helper_arg args[5], void *state)
{
	uint64_t value = 0;

	(void)process;
	(void)state;
	xb_linux_map_lookup(args[0].map, args[1].mem, &value, 0);
	value += 5;
	xb_linux_map_update(args[0].map, args[1].mem, &value, BPF_ANY);
	return value;
}

/* Nobody else has a handle of it. */
static void
test_map(void **state)
{
	const struct xb_helper_opts opts = { .id = ID,
		                             .args = { XB_ARG_MAP, XB_ARG_MAP_KEY },
		                             .fn = count_in };
	struct seen seen = { 0 };
	struct xb_linux_map *map;
	struct xb_program *program;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	must_add(&rig, &seen, &opts);
	map = rig_map(&rig, BPF_MAP_TYPE_HASH, 4, 8, 1);
	program = rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_ST_MEM(BPF_W, 10, -4, 3),
	                   XB_LD_MAP_FD(1, xb_linux_map_fd(map)), XB_MOV64_REG(2, 10),
	                   XB_ALU64_IMM(BPF_ADD, 2, -4), XB_CALL(ID), XB_EXIT());
	xb_linux_map_close(map);
	assert_int_equal(rig_run(&rig, program, NULL), 5);
	assert_int_equal(rig_run(&rig, program, NULL), 10);
	rig_close(&rig);
}

/* Sockets are the emulator's own. */
static void
test_map_of_socks(void **state)
{
	const struct xb_helper_opts opts = { .id = ID, .args = { XB_ARG_MAP, XB_ARG_MAP_VALUE } };
	struct seen seen = { 0 };
	struct xb_linux_map *map;
	struct xb_program *program;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	must_add(&rig, &seen, &opts);
	map = rig_map(&rig, BPF_MAP_TYPE_SOCKMAP, 4, 4, 1);
	program =
	        rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_LD_MAP_FD(1, xb_linux_map_fd(map)),
	                 XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -8), XB_CALL(ID), XB_EXIT());
	rig_fault(&rig, program, NULL, XB_FAULT_BAD_ARGUMENT, "not a socket");
	assert_int_equal(seen.calls, 0);
	rig_close(&rig);
}

/* A process has a value, also one that is there for the call alone. */
static void
forget(void *value)
{
	((struct seen *)value)->released++;
}

static uint64_t
remember(struct xb_process *process, const union xb_helper_arg args[5], void *state)
{
	struct xb_err err = XB_ERR_INIT;
	struct seen *s = state;
	uint64_t r6 = 0;

	(void)args;
	assert_non_null(process);
	s->calls++;
	s->process = process;
	s->program = xb_process_current_program(process);
	assert_ptr_equal(xb_process_program(process), s->program);
	assert_int_equal(xb_process_vcpu(process), 0);
	assert_int_equal(xb_process_reg(process, 6, &r6), 0);
	assert_int_equal(xb_process_set_value(process, s, s, forget, &err), 0);
	return r6;
}

static void
test_test_run(void **state)
{
	const struct xb_helper_opts opts = { .id = ID, .fn = remember };
	struct seen seen = { 0 };
	struct xb_program *program;
	uint8_t packet[64] = { 0 };
	union bpf_attr attr;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	must_add(&rig, &seen, &opts);
	program = rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_MOV64_IMM(6, 66), XB_CALL(ID), XB_EXIT());
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)xb_linux_program_fd(program);
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	attr.test.repeat = 2;
	assert_int_equal(xb_linux_bpf(rig.lx, BPF_PROG_TEST_RUN, &attr, sizeof(attr)), 0);
	assert_int_equal(attr.test.retval, 66);
	assert_int_equal(seen.calls, 2);
	assert_int_equal(seen.released, 2);
	assert_ptr_equal(seen.program, program);
	/* The same program has its own process where somebody made one. */
	assert_int_equal(rig_run(&rig, program, NULL), 66);
	rig_close(&rig);
}

/* R0 is the sum of the bytes, and one more number. */
static uint64_t
sum(struct xb_process *process, const union xb_helper_arg args[5], void *state)
{
	const uint8_t *bytes = args[0].mem;
	uint64_t cnt = args[2].u;

	(void)process;
	++*(uint32_t *)state;
	for (uint64_t i = 0; i < args[1].u; i++)
		cnt += bytes[i];
	return cnt;
}

static int
load(const struct rig *rig, const char *name, struct xb_err *err)
{
	char path[512];
	size_t bytes;
	void *image;
	int rc;

	snprintf(path, sizeof(path), "%s/%s.o", TEST_PROGS_DIR, name);
	image = rig_slurp(path, &bytes);
	rc = xb_linux_load_object(rig->lx, image, bytes, name, err);
	free(image);
	return rc;
}

static uint64_t
run_named(const struct rig *rig, const char *name)
{
	struct xb_program *program = xb_machine_find_program(rig->machine, name);

	assert_non_null(program);
	return rig_run(rig, program, RIG_XDP);
}

static void
test_kfunc(void **state)
{
	const struct xb_helper_opts opts = { .name = "lib_sum",
		                             .args = { XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_ANY },
		                             .fn = sum };
	struct xb_helper_opts only = opts;
	struct xb_err err = XB_ERR_INIT;
	struct seen seen = { 0 };
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	assert_int_equal(load(&rig, "kfuncs", &err), -1);
	rig_says(&err, "lib_sum");
	/* For another type: it is not allowed. */
	only.prog_types = 1u << BPF_PROG_TYPE_SCHED_CLS;
	must_add(&rig, &seen, &only);
	assert_int_equal(load(&rig, "kfuncs", &err), -1);
	rig_says(&err, "calling kernel function lib_sum is not allowed");
	must_add(&rig, &seen, &opts);
	if (load(&rig, "kfuncs", &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(run_named(&rig, "sums"), 1 + 2 + 3 + 4 + 30);
	assert_int_equal(seen.calls, 1);
	rig_close(&rig);
	assert_int_equal(seen.released, 2);
}

static uint64_t
twice(struct xb_process *process, const union xb_helper_arg args[5], void *state)
{
	(void)process;
	(void)state;
	return 2 * args[0].u;
}

static void
test_weak_kfunc(void **state)
{
	const struct xb_helper_opts opts = { .name = "lib_twice",
		                             .args = { XB_ARG_ANY },
		                             .fn = twice };
	struct xb_err err = XB_ERR_INIT;
	struct seen seen = { 0 };

	(void)state;
	for (int there = 0; there <= 1; there++) {
		struct rig rig;

		rig_open(&rig, NULL, 1);
		if (there)
			must_add(&rig, &seen, &opts);
		if (load(&rig, "weak_kfunc", &err) != 0)
			fail_msg("%s", err.msg);
		assert_int_equal(run_named(&rig, "twice"), there ? 42 : 7);
		rig_close(&rig);
	}
	assert_int_equal(seen.released, 1);
}

/* Kernel functions that sleep. */
static void
test_kfunc_sleeps(void **state)
{
	const struct xb_helper_opts opts = {
		.name = "lib_twice", .args = { XB_ARG_ANY }, .might_sleep = true, .fn = twice
	};
	struct xb_err err = XB_ERR_INIT;
	struct seen seen = { 0 };
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	must_add(&rig, &seen, &opts);
	assert_int_equal(load(&rig, "weak_kfunc", &err), -1);
	rig_says(&err, "program must be sleepable to call sleepable kfunc lib_twice");
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),        cmocka_unit_test(test_refused),
		cmocka_unit_test(test_most),         cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_replaced_ctx), cmocka_unit_test(test_licence),
		cmocka_unit_test(test_sleeps),       cmocka_unit_test(test_stop),
		cmocka_unit_test(test_callback),     cmocka_unit_test(test_map),
		cmocka_unit_test(test_map_of_socks), cmocka_unit_test(test_test_run),
		cmocka_unit_test(test_kfunc),        cmocka_unit_test(test_weak_kfunc),
		cmocka_unit_test(test_kfunc_sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
