/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_storage.c - bpf_get_local_storage: each test run has a value of zeroes for all its repeats,
 * which no key leads to; on the kernel and the emulator.
 */
#include "emu/map.h"
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define PACKET_BYTES 64u

static const struct row {
	const char *name;
	u32 type, key_bytes, value_bytes;
} rows[] = {
	{ "one value", BPF_MAP_TYPE_CGROUP_STORAGE, 8, 8 },
	{ "one value, by attach type", BPF_MAP_TYPE_CGROUP_STORAGE, 16, 24 },
	{ "one a CPU", BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 8, 8 },
	{ "one a CPU, by attach type", BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 16, 16 },
};

/* Adds one to the value, and puts it into `out`. */
static int
load_counter(const struct backend *b, int storage, int out)
{
	const struct bpf_insn insns[] = {
		XB_LD_MAP_FD(1, storage),
		XB_MOV64_IMM(2, 0),
		XB_CALL(BPF_FUNC_get_local_storage),
		XB_LDX_MEM(BPF_DW, 1, 0, 0),
		XB_ALU64_IMM(BPF_ADD, 1, 1),
		XB_STX_MEM(BPF_DW, 0, 1, 0),
		XB_LD_MAP_VALUE(2, out, 0),
		XB_STX_MEM(BPF_DW, 2, 1, 0),
		XB_MOV64_IMM(0, 1),
		XB_EXIT(),
	};

	return backend_prog(b, &(struct backend_prog){ .insns = insns,
	                                               .insn_cnt = XB_ARRAY_SIZE(insns),
	                                               .type = BPF_PROG_TYPE_CGROUP_SKB });
}

static u64
count(const struct backend *b, int prog, int out, u32 repeat)
{
	static const u8 packet[PACKET_BYTES];
	const u32 key = 0;
	union bpf_attr attr;
	u64 value;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	attr.test.repeat = repeat;
	assert_int_equal(backend_bpf(b, BPF_PROG_TEST_RUN, &attr), 0);
	assert_int_equal(backend_lookup(b, out, &key, &value), 0);
	return value;
}

static void
check_row(const struct backend *b, const struct row *row)
{
	int storage = backend_map(b, row->type, row->key_bytes, row->value_bytes, 0);
	int out = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	int prog = load_counter(b, storage, out);
	u64 key[2] = { 1, 0 };
	u8 value[4096];

	for (u32 repeat = 1; repeat < 5; repeat++)
		if (count(b, prog, out, repeat) != repeat)
			fail_msg("%s: %s: repeat %u", b->name, row->name, repeat);
	if (backend_lookup(b, storage, key, value) != -ENOENT)
		fail_msg("%s: %s: a key leads to it", b->name, row->name);
	close(prog);
	close(out);
	close(storage);
}

/* A program may have one map of each type. */
static void
check_two(const struct backend *b)
{
	static const struct {
		u32 type[2];
		long want;
	} pairs[] = {
		{ { BPF_MAP_TYPE_CGROUP_STORAGE, BPF_MAP_TYPE_CGROUP_STORAGE }, -EBUSY },
		{ { BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE },
		  -EBUSY },
		{ { BPF_MAP_TYPE_CGROUP_STORAGE, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE }, 0 },
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(pairs); i++) {
		int first = backend_map(b, pairs[i].type[0], 8, 8, 0);
		int second = backend_map(b, pairs[i].type[1], 8, 8, 0);
		const struct bpf_insn insns[] = {
			XB_LD_MAP_FD(1, first),
			XB_MOV64_IMM(2, 0),
			XB_CALL(BPF_FUNC_get_local_storage),
			XB_LD_MAP_FD(1, second),
			XB_MOV64_IMM(2, 0),
			XB_CALL(BPF_FUNC_get_local_storage),
			XB_MOV64_IMM(0, 1),
			XB_EXIT(),
		};
		char log[1024];
		long fd =
		        backend_try_prog(b,
		                         &(struct backend_prog){ .insns = insns,
		                                                 .insn_cnt = XB_ARRAY_SIZE(insns),
		                                                 .type = BPF_PROG_TYPE_CGROUP_SKB },
		                         log, sizeof(log));

		assert_int_equal(fd < 0 ? fd : 0, pairs[i].want);
		if (fd >= 0)
			close((int)fd);
		else
			assert_non_null(strstr(log, "only one cgroup storage of each type"));
		close(first);
		close(second);
	}
}

static void
test_storage(void **state)
{
	struct backend b[2];
	bool has_kernel;

	(void)state;
	backend_open_emu(&b[0], xb_skb_register);
	has_kernel = backend_open_kernel(&b[1]);
	for (u32 side = 0; side < (has_kernel ? 2 : 1); side++) {
		for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
			check_row(&b[side], &rows[i]);
		check_two(&b[side]);
	}
	if (has_kernel)
		backend_close(&b[1]);
	backend_close(&b[0]);
}

/* Of the emulator: the value of a cgroup is what a key leads to, and stays. */
static void
test_use(void **state)
{
	struct backend b;
	struct xb_map *map;
	u64 key = 77, value, first;
	int fd;

	(void)state;
	backend_open_emu(&b, xb_skb_register);
	fd = backend_map(&b, BPF_MAP_TYPE_CGROUP_STORAGE, 8, 8, 0);
	map = backend_emu_map(&b, fd);
	assert_int_equal(xb_cgroup_storage_use(map, key, 0), 0);
	first = xb_cgroup_storage_value(map, 0);
	assert_int_equal(xb_cgroup_storage_use(map, 78, 0), 0);
	assert_true(xb_cgroup_storage_value(map, 0) != first);
	value = 5;
	assert_int_equal(backend_update(&b, fd, &key, &value), 0);
	value = 0;
	assert_int_equal(backend_lookup(&b, fd, &key, &value), 0);
	assert_int_equal(value, 5);
	assert_int_equal(xb_cgroup_storage_use(map, key, 1), 0);
	assert_true(xb_cgroup_storage_value(map, 0) == first);
	close(fd);
	backend_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storage),
		cmocka_unit_test(test_use),
	};

	return cmocka_run_group_tests_name("cgroup storage", tests, NULL, NULL);
}
