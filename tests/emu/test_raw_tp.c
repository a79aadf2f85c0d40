/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_raw_tp.c - test runs of raw tracepoint programs: their contexts, their CPU, the task that
 * they see, and how often they were run; in the emulator and, where it is permitted, by the kernel.
 */
#define XB_INSN_BRACES
#include "emu/kernel.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "vm/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define ON_CPU BPF_F_TEST_RUN_ON_CPU
/* cf. include/linux/proc_ns.h: PROC_PID_INIT_INO */
#define FIRST_PID_NS 0xeffffffcul

#define PROG(...)                                                                                  \
	.insns = (const struct bpf_insn[]){ __VA_ARGS__, XB_EXIT() },                              \
	.insn_cnt = 1 + sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn)
#define SUM                                                                                        \
	PROG(XB_LDX_MEM(BPF_DW, 0, 1, 0), XB_LDX_MEM(BPF_DW, 1, 1, 8), XB_ALU64_REG(BPF_ADD, 0, 1))
#define SEVEN                PROG(XB_MOV64_IMM(0, 7))
#define CPU                  PROG(XB_CALL(BPF_FUNC_get_smp_processor_id))
#define CALL_UPPER(function) PROG(XB_CALL(BPF_FUNC_##function), XB_ALU64_IMM(BPF_RSH, 0, 32))
/* The name in `bytes` of zeroes' opposite: R0 := those at `off`. */
#define COMM(bytes, off)                                                                           \
	PROG(XB_ST_MEM(BPF_DW, 10, -24, -1), XB_ST_MEM(BPF_DW, 10, -16, -1),                       \
	     XB_ST_MEM(BPF_DW, 10, -8, -1), XB_MOV64_REG(1, 10), XB_ALU64_IMM(BPF_ADD, 1, -24),    \
	     XB_MOV64_IMM(2, bytes), XB_CALL(BPF_FUNC_get_current_comm),                           \
	     XB_LDX_MEM(BPF_W, 0, 10, -24 + (off)))

/* What a row's result has to be, where that is not a number known before. */
enum want { WANT_NUMBER, WANT_PID, WANT_TID, WANT_UID, WANT_GID };

static const struct row {
	const char *name;
	const struct bpf_insn *insns;
	u32 insn_cnt;
	u32 ctx_bytes;
	u32 flags, cpu;
	u32 off, value; /* another attribute, where off is not 0 */
	long want;      /* 0 or -errno */
	u32 result;
	enum want kind;
} rows[] = {
#define ATTR(field, number) .off = offsetof(union bpf_attr, test.field), .value = (number)
	{ "arguments", SUM, .ctx_bytes = 16, .result = 0x68ac },
	{ "all arguments there can be", SUM, .ctx_bytes = 96, .result = 0x68ac },
	{ "more arguments than there can be", SUM, .ctx_bytes = 97, .want = -EINVAL },
	{ "an argument too few", SUM, .ctx_bytes = 8, .want = -EINVAL },
	{ "a byte too few", SUM, .ctx_bytes = 15, .want = -EINVAL },
	{ "no arguments", SUM, .want = -EINVAL },
	{ "no arguments, and none looked at", SEVEN, .result = 7 },
	{ "a byte", SEVEN, .ctx_bytes = 1, .result = 7 },
	{ "data_in", SEVEN, ATTR(data_in, 16), .want = -EINVAL },
	{ "data_size_in", SEVEN, ATTR(data_size_in, 7), .result = 7 },
	{ "data_out", SEVEN, ATTR(data_out, 16), .want = -EINVAL },
	{ "data_size_out", SEVEN, ATTR(data_size_out, 7), .result = 7 },
	{ "ctx_in without a size", SEVEN, ATTR(ctx_in, 16), .want = -EINVAL },
	{ "ctx_in nowhere", SEVEN, .ctx_bytes = 8, ATTR(ctx_in, 16), .want = -EFAULT },
	{ "retval", SEVEN, ATTR(retval, 3), .result = 7 },
	{ "repeat", SEVEN, ATTR(repeat, 1), .want = -EINVAL },
	{ "duration", SEVEN, ATTR(duration, 1), .want = -EINVAL },
	{ "batch_size", SEVEN, ATTR(batch_size, 1), .want = -EINVAL },
	{ "unknown flag", SEVEN, .flags = 2, .result = 7 },
	{ "CPU without the flag", SEVEN, .cpu = 1, .want = -EINVAL },
	{ "CPU 0", CPU, .flags = ON_CPU, .result = 0 },
	{ "CPU 1", CPU, .flags = ON_CPU, .cpu = 1, .result = 1 },
	{ "no such CPU", CPU, .flags = ON_CPU, .cpu = 4096, .want = -ENXIO },
	{ "CPU -1", CPU, .flags = ON_CPU, .cpu = UINT32_MAX, .want = -ENXIO },
	{ "no such CPU, and no arguments", SUM, .flags = ON_CPU, .cpu = 4096, .want = -EINVAL },
	{ "process", CALL_UPPER(get_current_pid_tgid), .kind = WANT_PID },
	{ "thread", PROG(XB_CALL(BPF_FUNC_get_current_pid_tgid)), .kind = WANT_TID },
	{ "user", PROG(XB_CALL(BPF_FUNC_get_current_uid_gid)), .kind = WANT_UID },
	{ "group", CALL_UPPER(get_current_uid_gid), .kind = WANT_GID },
	{ "name", COMM(16, 0), .result = 0x64636261 /* "abcd" */ },
	{ "name, its end", COMM(16, 12), .result = 0 },
	{ "name, behind it", COMM(16, 16), .result = UINT32_MAX },
	{ "name, cut", COMM(4, 0), .result = 0x00636261 },
	{ "name, behind what was cut", COMM(4, 4), .result = UINT32_MAX },
	{ "name, and more room", COMM(24, 20), .result = 0 },
	{ "name, one byte", COMM(1, 0), .result = 0xffffff00 },
};

static u32
want_of(const struct row *row)
{
	const u32 own[] = {
		[WANT_NUMBER] = row->result, [WANT_PID] = (u32)getpid(), [WANT_TID] = (u32)gettid(),
		[WANT_UID] = getuid(),       [WANT_GID] = getgid(),
	};

	return own[row->kind];
}

/* What a row asks for that this machine does not show. */
static bool
leaves_out(const struct backend *b, const struct row *row)
{
	struct stat ns;

	if (row->cpu == 1 && xb_kernel_cpu_cnt() < 2) {
		print_message("skipped: one CPU: %s\n", row->name);
		return true;
	}
	if (b->emu || (row->kind != WANT_PID && row->kind != WANT_TID) ||
	    (stat("/proc/self/ns/pid", &ns) == 0 && ns.st_ino == FIRST_PID_NS))
		return false;
	print_message("skipped: not the first PID namespace: %s\n", row->name);
	return true;
}

static long
test_run(const struct backend *b, int prog, const struct row *row, u32 *result)
{
	u8 ctx[128] = { 0x34, 0x12, 0, 0, 0, 0, 0, 0, 0x78, 0x56 };
	union bpf_attr attr;
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.ctx_in = row->ctx_bytes ? (uintptr_t)ctx : 0;
	attr.test.ctx_size_in = row->ctx_bytes;
	attr.test.flags = row->flags;
	attr.test.cpu = row->cpu;
	if (row->off == offsetof(union bpf_attr, test.ctx_in))
		attr.test.ctx_in = row->value;
	else if (row->off)
		xb_st32((u8 *)&attr + row->off, row->value);
	ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
	*result = attr.test.retval;
	return ret;
}

static u32
check_rows(const struct backend *b)
{
	u32 bad = 0;

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		const struct backend_prog opts = {
			.insns = row->insns,
			.insn_cnt = row->insn_cnt,
			.type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		};
		u32 want = row->want ? 0 : want_of(row), result;
		int prog;
		long ret;

		if (leaves_out(b, row))
			continue;
		prog = backend_prog(b, &opts);
		ret = test_run(b, prog, row, &result);
		close(prog);
		if (ret == row->want && (ret || result == want))
			continue;
		print_error("%s: %s: %ld, not %ld, result 0x%x, not 0x%x\n", b->name, row->name,
		            ret, row->want, result, want);
		bad++;
	}
	return bad;
}

static u64
run_cnt_of(const struct backend *b, int prog)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)prog;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = sizeof(info);
	assert_int_equal(backend_bpf(b, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	return info.run_cnt;
}

static const struct row runs = { "counted", SEVEN }, fails = { "refused", SEVEN, .cpu = 1 };

/* Runs are counted from BPF_ENABLE_STATS on, and those that do not come to it are not. */
static u32
check_stats(const struct backend *b)
{
	const struct backend_prog opts = { .insns = runs.insns,
		                           .insn_cnt = runs.insn_cnt,
		                           .type = BPF_PROG_TYPE_RAW_TRACEPOINT };
	int prog = backend_prog(b, &opts);
	union bpf_attr attr;
	u32 bad, result;
	u64 before, cnt;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.enable_stats.type = 1;
	bad = backend_bpf(b, BPF_ENABLE_STATS, &attr) != -EINVAL;
	attr.enable_stats.type = BPF_STATS_RUN_TIME;
	before = run_cnt_of(b, prog);
	fd = backend_bpf(b, BPF_ENABLE_STATS, &attr);
	assert_true(fd >= 0);
	test_run(b, prog, &runs, &result);
	test_run(b, prog, &fails, &result);
	test_run(b, prog, &runs, &result);
	cnt = run_cnt_of(b, prog);
	if (before || cnt != 2 || bad) {
		print_error("%s: %u, %llu runs before, %llu after, not 2\n", b->name, bad,
		            (unsigned long long)before, (unsigned long long)cnt);
		bad = 1;
	}
	close((int)fd);
	close(prog);
	return bad;
}

static u32
check_all(const struct backend *b)
{
	return check_rows(b) + check_stats(b);
}

static void
test_raw_tp(void **state)
{
	struct backend emu, kernel;
	char name[16] = "";
	u32 bad;

	(void)state;
	prctl(PR_GET_NAME, name);
	prctl(PR_SET_NAME, "abcdefgh");
	backend_open_emu(&emu, NULL);
	emu.emu->own_task = true;
	bad = check_all(&emu);
	backend_close(&emu);
	if (backend_open_kernel(&kernel)) {
		bad += check_all(&kernel);
		backend_close(&kernel);
	}
	prctl(PR_SET_NAME, name);
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_raw_tp) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
