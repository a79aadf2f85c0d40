/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_helper_bind.c - which calls are refused at load, and in what words; the hooks; clocks and
 * chance.
 */
#include "emu/clock.h"
#include "emu/helper.h"
#include "emu/map.h"
#include "emu/rand.h"
#include "tests/emu/helper_rig.h"
#include "tests/rig/backend.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const struct bind_row {
	const char *name;
	const char *licence;
	struct bpf_insn call;
	const char *message; /* part of the log; NULL: it loads */
} bind_rows[] = {
	{ "a helper", "GPL", XB_CALL(BPF_FUNC_ktime_get_ns), NULL },
	{ "of no network program", "GPL", XB_CALL(BPF_FUNC_bind),
	  "program of this type cannot use helper bpf_bind#64" },
	{ "from a captured context", "GPL", XB_CALL(BPF_FUNC_get_current_task), NULL },
	{ "number 0", "GPL", XB_CALL(0), "invalid func unknown#0" },
	{ "no such number", "GPL", XB_CALL(9999), "invalid func unknown#9999" },
	{ "negative number", "GPL", XB_CALL(-1), "invalid func unknown#4294967295" },
	{ "another type's", "GPL", XB_CALL(BPF_FUNC_skb_load_bytes),
	  "program of this type cannot use helper bpf_skb_load_bytes#26" },
	{ "GPL only", "BSD", XB_CALL(BPF_FUNC_trace_printk),
	  "cannot call GPL-restricted function from non-GPL compatible program" },
	{ "GPL only, dual", "Dual BSD/GPL", XB_CALL(BPF_FUNC_trace_printk), NULL },
	{ "not GPL only", "BSD", XB_CALL(BPF_FUNC_ktime_get_ns), NULL },
	{ "kernel function", "GPL", XB_CALL_KFUNC(99999999, 0),
	  "kernel btf_id 99999999 is not a function" },
	{ "kernel function, not GPL", "BSD", XB_CALL_KFUNC(99999999, 0),
	  "cannot call kernel function from non-GPL compatible program" },
	{ "weak kernel function", "GPL", XB_CALL_KFUNC(0, 0), NULL },
};

static u64
nothing(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	(void)a;
	return 0;
}

static const struct xb_helper others[] = {
	{ .id = BPF_FUNC_skb_load_bytes,
	  .name = "skb_load_bytes",
	  .fn = nothing,
	  .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SCHED_CLS),
	  .source = "this test" },
};

static void
check_bind(const struct backend *b, const struct bind_row *row)
{
	static char log[8192];
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 0), row->call, XB_MOV64_IMM(0, 2),
		                          XB_EXIT() };
	union bpf_attr attr;
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = XB_ARRAY_SIZE(insns);
	attr.license = (uintptr_t)row->licence;
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	log[0] = 0;
	ret = backend_bpf(b, BPF_PROG_LOAD, &attr);
	if ((ret < 0) != (row->message != NULL))
		fail_msg("%s: %ld: %s", row->name, ret, log);
	if (row->message && !strstr(log, row->message))
		fail_msg("%s: \"%s\" does not have \"%s\"", row->name, log, row->message);
}

void test_helper_bind(void **state);

void
test_helper_bind(void **state)
{
	struct backend b;

	(void)state;
	backend_open_emu(&b, xb_xdp_register);
	xb_helper_register(b.emu, others, XB_ARRAY_SIZE(others));
	for (u32 i = 0; i < XB_ARRAY_SIZE(bind_rows); i++)
		check_bind(&b, &bind_rows[i]);
	backend_close(&b);
}

/* What libbpf leaves of calls and relocations that it could not resolve. */
#define SKIP(call) PROG(XB_MOV64_IMM(0, 1), XB_JMP_IMM(BPF_JEQ, 0, 1, 1), call)

static const struct rig_row unresolved_rows[] = {
	{ "relocation, not reached", SKIP(XB_CALL(195896080)), .r0 = 1 },
	{ "relocation, reached", PROG(XB_CALL(195896080)), .fault = XB_FAULT_BAD_CALL,
	  .message = "invalid func unknown#195896080: CO-RE found no such field, type or "
	             "value in the kernel's BTF" },
	{ "map, reached", PROG(XB_CALL(2001000003)), .fault = XB_FAULT_BAD_CALL,
	  .message = "invalid func unknown#2001000003: libbpf found nothing to put here" },
	{ "function, not reached", SKIP(XB_CALL_KFUNC(0, 0)), .r0 = 1 },
	{ "function, reached", PROG(XB_CALL_KFUNC(0, 0)), .fault = XB_FAULT_BAD_CALL },
};
RIG_TEST(unresolved)

void test_helper_time_values(void **state);

void
test_helper_time_values(void **state)
{
	const struct xb_clock at_boot = { .now_ns = 1000, .boot_ns = 1000 };
	const struct xb_clock before = { .now_ns = 999, .boot_ns = 1000 };
	const struct xb_clock later = { .now_ns = 1700000000123456789ull,
		                        .boot_ns = 1700000000000000000ull };

	(void)state;
	assert_int_equal(xb_clock_boot_ns(&at_boot), 0);
	assert_int_equal(xb_clock_boot_ns(&before), 0);
	assert_int_equal(xb_clock_jiffies(&at_boot), 4294892296ull);
	assert_int_equal(xb_clock_boot_ns(&later), 123456789);
	assert_int_equal(xb_clock_coarse_ns(&later), 120000000);
	assert_int_equal(xb_clock_tai_ns(&later), later.now_ns);
	assert_int_equal(xb_clock_jiffies(&later), 4294892296ull + 30);
}

static struct xb_emu *
new_emu(u64 seed)
{
	const struct xb_emu_opts opts = { .cpu_cnt = 2, .seed = seed };
	struct xb_err err = XB_ERR_INIT;
	struct xb_emu *emu = xb_emu_new(&opts, &err);

	if (!emu)
		fail_msg("%s", err.msg);
	return emu;
}

void test_helper_random(void **state);

void
test_helper_random(void **state)
{
	struct xb_emu *a = new_emu(1), *same = new_emu(1), *other = new_emu(2);
	u32 equal_seeds = 0, equal_cpus = 0, ones = 0;

	(void)state;
	for (u32 i = 0; i < 1000; i++) {
		u32 x = xb_rand_u32(a, 0);

		assert_int_equal(xb_rand_u32(same, 0), x);
		equal_seeds += xb_rand_u32(other, 0) == x;
		equal_cpus += xb_rand_u32(a, 1) == x;
		ones += (u32)__builtin_popcount(x);
	}
	assert_true(equal_seeds <= 1);
	assert_true(equal_cpus <= 1);
	assert_in_range(ones, 15500, 16500);
	xb_emu_free(a);
	xb_emu_free(same);
	xb_emu_free(other);
}

/* What hooks were called with. */
struct heard {
	u32 cnt, bytes, cpu;
	u8 data[2048];
};

static void
hear_printk(void *arg, struct xb_proc *proc, const char *text, u32 bytes)
{
	struct heard *h = arg;

	(void)proc;
	h->cnt++;
	h->bytes = bytes;
	memcpy(h->data, text, bytes);
}

static void
hear_event(void *arg, const struct xb_event *event)
{
	struct heard *h = arg;

	assert_null(event->more);
	h->cnt++;
	h->cpu = event->cpu;
	h->bytes = event->bytes;
	memcpy(h->data, event->data, event->bytes);
}

static const struct printk_row {
	const char *fmt, *text;
} printk_rows[] = {
	{ "a %d b %d c %d", "a 1 b 2 c 3" },
	{ "newline %d\n", "newline 1" },
	{ "two\n\n", "two\n" },
	{ "\n", "" },
	{ "", "" },
};

void test_helper_printk(void **state);

void
test_helper_printk(void **state)
{
	struct xb_emu *emu = new_emu(0);
	const struct xb_helper *row;
	struct heard h = { 0 };
	struct xb_proc proc = { .vm = emu->vm };

	(void)state;
	xb_helper_register_base(emu);
	row = xb_helper_find(emu, BPF_FUNC_trace_printk, BPF_PROG_TYPE_XDP);
	assert_non_null(row);
	emu->hooks.arg = &h;
	emu->hooks.printk = hear_printk;
	for (u32 i = 0; i < XB_ARRAY_SIZE(printk_rows); i++) {
		const char *fmt = printk_rows[i].fmt, *text = printk_rows[i].text;
		char copy[64];
		const union xb_arg a[5] = { { .mem = copy },
			                    { .u = strlen(fmt) + 1 },
			                    { .u = 1 },
			                    { .u = 2 },
			                    { .u = 3 } };

		strcpy(copy, fmt);
		row->fn(&proc, a);
		assert_int_equal(h.cnt, i + 1);
		assert_int_equal(h.bytes, strlen(text));
		assert_memory_equal(h.data, text, h.bytes);
	}
	xb_emu_free(emu);
}

static const struct sample_row {
	u32 bytes, more_bytes, size;
} sample_rows[] = {
	{ 0, 0, 4 },  { 1, 0, 4 },   { 4, 0, 4 },    { 5, 0, 12 },
	{ 8, 0, 12 }, { 12, 0, 12 }, { 16, 64, 84 }, { 16, 1490, 1508 },
};

void test_helper_sample(void **state);

void
test_helper_sample(void **state)
{
	struct backend b;
	struct heard h = { 0 };
	struct xb_proc proc = { 0 };
	u8 data[16], more[1490], zeros[8] = { 0 };
	struct xb_map *map;

	(void)state;
	memset(data, 0x11, sizeof(data));
	memset(more, 0x22, sizeof(more));
	backend_open_emu(&b, xb_xdp_register);
	b.emu->hooks.arg = &h;
	b.emu->hooks.event = hear_event;
	map = backend_emu_map(&b, backend_map(&b, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4));
	assert_int_equal(xb_perf_output(b.emu, &proc, map, 0, data, 4, NULL, 0), -ENOENT);
	assert_int_equal(xb_perf_array_open(map), 0);
	for (u32 i = 0; i < XB_ARRAY_SIZE(sample_rows); i++) {
		const struct sample_row *row = &sample_rows[i];
		u32 end = row->bytes + row->more_bytes;

		assert_int_equal(xb_perf_output(b.emu, &proc, map, BPF_F_CURRENT_CPU, data,
		                                row->bytes, more, row->more_bytes),
		                 0);
		assert_int_equal(h.cnt, i + 1);
		assert_int_equal(h.bytes, row->size);
		assert_memory_equal(h.data, data, row->bytes);
		assert_memory_equal(h.data + row->bytes, more, row->more_bytes);
		assert_memory_equal(h.data + end, zeros, row->size - end);
	}
	proc.vcpu = 3;
	assert_int_equal(xb_perf_output(b.emu, &proc, map, 2, data, 4, NULL, 0), -EOPNOTSUPP);
	assert_int_equal(xb_perf_output(b.emu, &proc, map, 4, data, 4, NULL, 0), -E2BIG);
	assert_int_equal(xb_perf_output(b.emu, &proc, map, 3, data, 4, NULL, 0), 0);
	assert_int_equal(h.cpu, 3);
	backend_close(&b);
}

/* Whose context a row works on, whatever lies how far behind a table. */
void test_helper_needs_ctx(void **state);
void
test_helper_needs_ctx(void **state)
{
	static union {
		struct xb_helper table[4];
		u8 bytes[4 * sizeof(struct xb_helper)];
	} rows;
	struct backend b;

	(void)state;
	backend_open_emu(&b, NULL);
	xb_helper_register_ctx(b.emu, rows.table, 1);
	assert_true(xb_helper_needs_ctx(b.emu, &rows.table[0]));
	for (size_t off = sizeof(struct xb_helper); off < sizeof(rows); off += 8) {
		const void *row = rows.bytes + off;

		assert_false(xb_helper_needs_ctx(b.emu, row));
	}
	backend_close(&b);
}
