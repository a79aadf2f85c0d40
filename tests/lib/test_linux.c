/* SPDX-License-Identifier: BSD-2-Clause */
/* The Linux emulator's options, its clock and chance, and bpf(2). */
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

static void
test_opts(void **state)
{
	struct {
		struct xb_linux_opts opts;
		uint64_t later;
	} newer = { .opts = { .size = sizeof(newer) }, .later = 1 };
	struct xb_linux_opts none = { .size = 0 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux *lx;

	(void)state;
	assert_null(xb_linux_new(&none, &err));
	rig_says(&err, "Linux emulator: size is not set");
	assert_int_equal(err.kind, XB_ERR_USAGE);
	assert_null(xb_linux_new(&newer.opts, &err));
	rig_says(&err, "an option that this version does not have is set");
	newer.later = 0;
	lx = xb_linux_new(&newer.opts, &err);
	assert_non_null(lx);
	assert_non_null(xb_linux_emulator(lx));
	assert_null(xb_emulator_self(xb_linux_emulator(lx)));
	xb_linux_free(lx);
	xb_linux_free(NULL);
}

/* Two random numbers. */
static uint64_t
chance(const struct rig *rig)
{
	static struct bpf_insn insns[] = {
		XB_CALL(BPF_FUNC_get_prandom_u32), XB_MOV64_REG(6, 0),
		XB_ALU64_IMM(BPF_LSH, 6, 32),      XB_CALL(BPF_FUNC_get_prandom_u32),
		XB_ALU64_REG(BPF_OR, 0, 6),        XB_EXIT()
	};

	return rig_run(rig, rig_add(rig, BPF_PROG_TYPE_XDP, insns, 6), NULL);
}

static void
test_seed(void **state)
{
	const uint64_t seeds[] = { 1, 1, 2, 0 };
	uint64_t first[4], second[4];

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		const struct xb_linux_opts opts = { .size = sizeof(opts), .seed = seeds[i] };
		struct rig rig;

		rig_open(&rig, &opts, 1);
		first[i] = chance(&rig);
		second[i] = chance(&rig);
		rig_close(&rig);
	}
	assert_int_equal(first[0], first[1]);
	assert_int_equal(second[0], second[1]);
	assert_int_not_equal(first[0], second[0]);
	assert_int_not_equal(first[0], first[2]);
	assert_int_not_equal(first[0], first[3]);
	assert_int_not_equal(first[0] >> 32, first[0] & 0xffffffff);
}

/* Programs ask again after a while, of which nothing is to be seen. */
static uint64_t
clock_of(const struct rig *rig, uint32_t helper)
{
	const struct bpf_insn insns[] = { XB_CALL(helper),     XB_MOV64_REG(6, 0),
		                          XB_CALL(helper),     XB_JMP_REG(BPF_JEQ, 0, 6, 1),
		                          XB_MOV64_IMM(0, -1), XB_EXIT() };

	return rig_run(rig, rig_add(rig, BPF_PROG_TYPE_XDP, insns, 6), NULL);
}

#define S 1000000000ull

static void
test_clock(void **state)
{
	const struct xb_linux_opts opts = { .size = sizeof(opts),
		                            .now_ns = 1700000000 * S + 7,
		                            .boot_ns = 1600000000 * S };
	struct rig rig;

	(void)state;
	rig_open(&rig, &opts, 1);
	assert_int_equal(clock_of(&rig, BPF_FUNC_ktime_get_ns), 100000000 * S + 7);
	assert_int_equal(clock_of(&rig, BPF_FUNC_ktime_get_boot_ns), 100000000 * S + 7);
	assert_int_equal(clock_of(&rig, BPF_FUNC_jiffies64) > 0, 1);
	xb_linux_set_clock(rig.lx, 5 * S, 2 * S);
	assert_int_equal(clock_of(&rig, BPF_FUNC_ktime_get_ns), 3 * S);
	assert_int_equal(clock_of(&rig, BPF_FUNC_ktime_get_ns), 3 * S);
	rig_close(&rig);
}

/* Counts its runs in map[0], and calls itself; R0 is how often it ran, once no more is allowed. */
static uint64_t
tail_calls(uint32_t max)
{
	const struct xb_linux_opts opts = { .size = sizeof(opts), .max_tail_calls = max };
	struct xb_linux_map *jumps, *counts;
	struct xb_program *program;
	uint32_t key = 0;
	struct rig rig;
	uint64_t cnt;

	rig_open(&rig, &opts, 1);
	jumps = rig_map(&rig, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1);
	counts = rig_map(&rig, BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	program = rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_LD_MAP_VALUE(7, xb_linux_map_fd(counts), 0),
	                   XB_MOV64_IMM(2, 1), XB_ATOMIC(BPF_DW, BPF_ADD, 7, 2, 0),
	                   XB_LD_MAP_FD(2, xb_linux_map_fd(jumps)), XB_MOV64_IMM(3, 0),
	                   XB_CALL(BPF_FUNC_tail_call), XB_LDX_MEM(BPF_DW, 0, 7, 0), XB_EXIT());
	assert_int_equal(xb_linux_map_update_program(jumps, &key, program, BPF_ANY), 0);
	cnt = rig_run(&rig, program, RIG_XDP);
	assert_int_equal(xb_linux_map_lookup(counts, &key, &cnt, 0), 0);
	rig_close(&rig);
	return cnt;
}

static void
test_tail_calls(void **state)
{
	static const uint32_t max[] = { 1, 2, 3, 32, 33, 34, 1000 };

	(void)state;
	assert_int_equal(tail_calls(0), 1 + 33);
	for (size_t i = 0; i < sizeof(max) / sizeof(max[0]); i++)
		assert_int_equal(tail_calls(max[i]), 1 + max[i]);
}

/* A directory of the test's. */
static char *
temp_dir(char *path)
{
	strcpy(path, "/tmp/xb-lib-pins-XXXXXX");
	assert_non_null(mkdtemp(path));
	return path;
}

static long
pin(const struct rig *rig, int cmd, const char *path, int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = (uint32_t)fd;
	return xb_linux_bpf(rig->lx, cmd, &attr, sizeof(attr));
}

static void
test_pins(void **state)
{
	char dir[32], file[64];
	const struct xb_linux_opts opts = { .size = sizeof(opts), .pin_dir = temp_dir(dir) };
	uint32_t key = 0, value = 77;
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map *map;
	struct rig rig;
	long fd;

	(void)state;
	rig_open(&rig, &opts, 1);
	map = rig_map(&rig, BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	assert_int_equal(xb_linux_map_update(map, &key, &value, BPF_ANY), 0);
	assert_int_equal(pin(&rig, BPF_OBJ_PIN, "/sys/fs/bpf/kept", xb_linux_map_fd(map)), 0);
	assert_int_equal(pin(&rig, BPF_OBJ_PIN, "/sys/fs/bpf/kept", xb_linux_map_fd(map)), -EEXIST);
	assert_int_equal(xb_linux_save_pins(rig.lx, &err), 0);
	rig_close(&rig);

	rig_open(&rig, &opts, 1);
	fd = pin(&rig, BPF_OBJ_GET, "/sys/fs/bpf/kept", 0);
	assert_true(fd >= 0);
	value = 0;
	map = xb_linux_map_by_fd(rig.lx, (int)fd);
	assert_int_equal(xb_linux_map_lookup(map, &key, &value, 0), 0);
	assert_int_equal(value, 77);
	close((int)fd);
	rig_close(&rig);

	/* Without a directory they are in memory: nobody else's, and nothing is saved. */
	rig_open(&rig, NULL, 1);
	assert_int_equal(pin(&rig, BPF_OBJ_GET, "/sys/fs/bpf/kept", 0), -ENOENT);
	assert_int_equal(xb_linux_save_pins(rig.lx, &err), 0);
	rig_close(&rig);
	snprintf(file, sizeof(file), "%s/kept", dir);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void
test_pins_fail(void **state)
{
	char dir[32];
	const struct xb_linux_opts opts = { .size = sizeof(opts), .pin_dir = temp_dir(dir) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map *map;
	struct rig rig;

	(void)state;
	rig_open(&rig, &opts, 1);
	assert_int_equal(rmdir(dir), 0);
	map = rig_map(&rig, BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	assert_int_equal(pin(&rig, BPF_OBJ_PIN, "/sys/fs/bpf/kept", xb_linux_map_fd(map)), 0);
	if (xb_linux_save_pins(rig.lx, &err) == 0) {
		/* It made the directory. */
		char file[64];

		snprintf(file, sizeof(file), "%s/kept", dir);
		assert_int_equal(unlink(file), 0);
		assert_int_equal(rmdir(dir), 0);
	} else {
		rig_says(&err, dir);
	}
	rig_close(&rig);
}

/* The interface that packets go out by, as bpf_check_mtu finds it: its MTU, or -ENODEV. */
static int
mtu_of(const struct rig *rig, int ifindex)
{
	struct xb_program *program = rig_prog(
	        rig, BPF_PROG_TYPE_XDP, XB_ST_MEM(BPF_DW, 10, -8, 0), XB_MOV64_IMM(2, ifindex),
	        XB_MOV64_REG(3, 10), XB_ALU64_IMM(BPF_ADD, 3, -8), XB_MOV64_IMM(4, 0),
	        XB_MOV64_IMM(5, 0), XB_CALL(BPF_FUNC_check_mtu), XB_JMP_IMM(BPF_JSLT, 0, 0, 1),
	        XB_LDX_MEM(BPF_W, 0, 10, -8), XB_EXIT());

	return (int)rig_run(rig, program, RIG_XDP);
}

static void
test_world(void **state)
{
	/* Text that does not end where its bytes do. */
	static const char text[] = "{\"links\":[{\"ifindex\":1,\"ifname\":\"lo\",\"mtu\":65536},"
	                           "{\"ifindex\":7,\"ifname\":\"eth7\",\"mtu\":1400}]}and so on";
	struct xb_linux_opts opts = { .size = sizeof(opts),
		                      .world = text,
		                      .world_bytes = sizeof(text) - sizeof("and so on") };
	struct rig rig;

	(void)state;
	rig_open(&rig, &opts, 1);
	assert_int_equal(mtu_of(&rig, 7), 1400);
	assert_int_equal(mtu_of(&rig, 8), -ENODEV);
	rig_close(&rig);
	rig_open(&rig, NULL, 1);
	assert_int_equal(mtu_of(&rig, 7), -ENODEV);
	assert_int_equal(mtu_of(&rig, 1) > 0, 1);
	rig_close(&rig);
}

static void
test_world_bad(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{ "", "world" },
		{ "{", "world" },
		{ "[]", "world" },
		{ "{\"nonsense\":1}", "nonsense" },
		{ "{\"links\":[{\"ifindex\":1,\"ifname\":\"lo\",\"mtu\":\"x\"}]}", "links[0].mtu" },
		{ "{} and so on", "world" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct xb_linux_opts opts = { .size = sizeof(opts),
			                            .world = rows[i].json,
			                            .world_bytes = strlen(rows[i].json) };
		struct xb_err err = XB_ERR_INIT;
		struct xb_linux *lx = xb_linux_new(&opts, &err);
		struct xb_machine_opts machine_opts = { .size = sizeof(machine_opts) };

		assert_non_null(lx);
		machine_opts.emulator = xb_linux_emulator(lx);
		/* The emulator goes with it. */
		assert_null(xb_machine_new(&machine_opts, &err));
		rig_says(&err, rows[i].text);
		assert_ptr_equal(strstr(err.msg, "world: "), err.msg);
	}
}

/* Recorded: bpf_get_current_pid_tgid() is 4711. */
#define CAPTURED                                                                                   \
	"{\"type\":\"captured\",\"ctx\":{\"subContext\":" RIG_XDP ",\"helperCalls\":{\"14\":"      \
	"[{\"helperFn\":14,\"params\":[],\"results\":[{\"reg\":0,\"value\":4711}]}]}}}"

static void
test_watch(void **state)
{
	struct xb_linux_opts opts = { .size = sizeof(opts), .watch_calls = true };
	const struct bpf_insn insns[] = { XB_CALL(BPF_FUNC_get_current_pid_tgid), XB_EXIT() };
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *context = xb_context_parse(NULL, CAPTURED, strlen(CAPTURED), &err);
	struct xb_program *program;
	struct rig rig;

	(void)state;
	assert_non_null(context);
	rig_open(&rig, &opts, 1);
	program = rig_add(&rig, BPF_PROG_TYPE_XDP, insns, 2);
	assert_int_equal(rig_run(&rig, program, CAPTURED), 4711);
	rig_close(&rig);

	rig_open(&rig, NULL, 1);
	program = rig_add(&rig, BPF_PROG_TYPE_XDP, insns, 2);
	assert_null(xb_process_new(rig.machine, program, context, NULL, &err));
	rig_says(&err, "watch_calls is not set");
	rig_close(&rig);
	xb_context_free(context);
}

/* What came by bpf(2) is the machine's, too. */
static void
test_bpf(void **state)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 42), XB_EXIT() };
	uint8_t packet[64] = { 0 };
	union bpf_attr attr;
	struct xb_program *program;
	struct rig rig;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "GPL";
	strcpy(attr.prog_name, "by_hand");
	(void)state;
	rig_open(&rig, NULL, 1);
	fd = xb_linux_bpf(rig.lx, BPF_PROG_LOAD, &attr, sizeof(attr));
	assert_true(fd >= 0);
	program = xb_linux_program_by_fd(rig.lx, (int)fd);
	assert_non_null(program);
	assert_ptr_equal(xb_linux_program_by_fd(rig.lx, (int)fd), program);
	assert_string_equal(xb_program_name(program), "by_hand");
	assert_int_equal(xb_program_type(program), BPF_PROG_TYPE_XDP);
	assert_ptr_equal(xb_machine_find_program(rig.machine, "by_hand"), program);
	assert_int_equal(xb_linux_program_fd(program) >= 0, 1);
	assert_int_not_equal(xb_linux_program_fd(program), fd);
	close((int)fd);
	assert_int_equal(rig_run(&rig, program, RIG_XDP), 42);

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)xb_linux_program_fd(program);
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	assert_int_equal(xb_linux_bpf(rig.lx, BPF_PROG_TEST_RUN, &attr, sizeof(attr)), 0);
	assert_int_equal(attr.test.retval, 42);

	memset(&attr, 0, sizeof(attr));
	assert_int_equal(xb_linux_bpf(rig.lx, 9999, &attr, sizeof(attr)), -EINVAL);
	assert_int_equal(xb_linux_bpf(rig.lx, BPF_MAP_CREATE, &attr, sizeof(attr)), -EINVAL);
	assert_int_equal(xb_linux_bpf(rig.lx, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)), -EINVAL);
	attr.map_fd = UINT32_MAX;
	assert_int_equal(xb_linux_bpf(rig.lx, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)), -EBADF);
	rig_close(&rig);
}

#define FILLER XB_MOV64_IMM(0, 0)

/* A program that is refused is said why, and is not there. */
static void
test_refused(void **state)
{
	static const struct {
		const char *name;
		struct bpf_insn insn, second;
		uint32_t type;
		const char *text;
	} rows[] = {
		{ "helper of another type", XB_CALL(BPF_FUNC_skb_load_bytes), FILLER,
		  BPF_PROG_TYPE_XDP, "cannot use helper bpf_skb_load_bytes#26" },
		{ "no helper", XB_CALL(255), FILLER, BPF_PROG_TYPE_XDP,
		  "invalid func unknown#255" },
		{ "no instruction", XB_INSN(0xff, 0, 0, 0, 0), FILLER, BPF_PROG_TYPE_XDP,
		  "insn 0: unknown opcode 0xff" },
		{ "no type", FILLER, FILLER, 999, "program type 999 is not emulated" },
		{ "no map",
		  XB_INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, -1),
		  { 0 },
		  BPF_PROG_TYPE_XDP,
		  "fd -1 is not pointing to valid bpf_map" },
	};
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bpf_insn insns[] = { rows[i].insn, rows[i].second, XB_EXIT() };
		struct xb_err err = XB_ERR_INIT;

		print_message("%s\n", rows[i].name);
		assert_null(rig_try(&rig, rows[i].type, NULL, insns, 3, &err));
		assert_int_equal(err.kind, XB_ERR_LOAD);
		rig_says(&err, rows[i].text);
	}
	assert_null(xb_machine_next_program(rig.machine, NULL));
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opts),    cmocka_unit_test(test_seed),
		cmocka_unit_test(test_clock),   cmocka_unit_test(test_tail_calls),
		cmocka_unit_test(test_pins),    cmocka_unit_test(test_pins_fail),
		cmocka_unit_test(test_world),   cmocka_unit_test(test_world_bad),
		cmocka_unit_test(test_watch),   cmocka_unit_test(test_bpf),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
