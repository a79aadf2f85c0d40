/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_owner_prog.c - an XDP program that keeps a value with the task that runs it: on the kernel,
 * and on the emulator with a recorded pointer. And one that does so with a cgroup, which no
 * recorded call gives.
 */
#include "emu/captured.h"
#include "emu/map.h"
#include "tests/emu/sk_msg_rig.h"
#include "xdp/xdp.h"

#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TASK_POINTER 0xffff888012345680ull
#define CGRP_GET     210u
#define CGRP_DELETE  211u

/* R6: the owner. R9 gets 4 bits more: R0's. */
static void
note(struct builder *b)
{
	emit(b, BPF_ALU64 | BPF_LSH | BPF_K, 9, 0, 0, 4);
	emit(b, BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, 15);
	emit(b, BPF_ALU64 | BPF_OR | BPF_X, 9, 0, 0, 0);
}

/* Notes 0 where there is none, or else what the value holds, into which `store` goes. */
static void
get(struct builder *b, u32 helper, int map, u64 flags, s32 store)
{
	emit_map(b, 1, map);
	emit_mov_reg(b, 2, 6);
	emit_mov(b, 3, 0);
	emit_mov(b, 4, (s32)flags);
	emit_call(b, helper);
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3, 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 1, 0, 0, 0);
	emit(b, BPF_ST | BPF_MEM | BPF_W, 0, 0, 0, store);
	emit_mov_reg(b, 0, 1);
	note(b);
}

static void
remove_value(struct builder *b, u32 helper, int map)
{
	emit_map(b, 1, map);
	emit_mov_reg(b, 2, 6);
	emit_call(b, helper);
	note(b);
}

static int
owner_prog(const struct backend *b, int map, bool cgroup)
{
	const u32 get_id = cgroup ? CGRP_GET : BPF_FUNC_task_storage_get;
	const u32 delete_id = cgroup ? CGRP_DELETE : BPF_FUNC_task_storage_delete;
	struct builder build = { .cnt = 0 };

	emit_mov(&build, 9, 0);
	emit_mov_reg(&build, 6, 1);
	if (!cgroup) {
		emit_call(&build, BPF_FUNC_get_current_task_btf);
		emit_mov_reg(&build, 6, 0);
	}
	get(&build, get_id, map, 0, 9);
	get(&build, get_id, map, 2, 9);
	remove_value(&build, delete_id, map);
	get(&build, get_id, map, BPF_LOCAL_STORAGE_GET_F_CREATE, 5);
	get(&build, get_id, map, BPF_LOCAL_STORAGE_GET_F_CREATE, 6);
	get(&build, get_id, map, 0, 7);
	remove_value(&build, delete_id, map);
	remove_value(&build, delete_id, map);
	emit_mov_reg(&build, 0, 9);
	emit_exit(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_XDP, 0);
}

/* A map of local storage, whose keys and values are an int. */
static int
owner_map(const struct backend *b, u32 type)
{
	struct btf *btf = btf__new_empty();
	union bpf_attr attr;
	u32 bytes;
	long fd;

	assert_true(btf__add_int(btf, "int", 4, BTF_INT_SIGNED) > 0);
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)btf__raw_data(btf, &bytes);
	attr.btf_size = bytes;
	fd = backend_bpf(b, BPF_BTF_LOAD, &attr);
	assert_true(fd >= 0);
	btf__free(btf);
	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = attr.value_size = 4;
	attr.map_flags = BPF_F_NO_PREALLOC;
	attr.btf_fd = (u32)fd;
	attr.btf_key_type_id = attr.btf_value_type_id = 1;
	fd = backend_bpf(b, BPF_MAP_CREATE, &attr);
	assert_true(fd >= 0);
	close((int)attr.btf_fd);
	return (int)fd;
}

static u32
run(const struct backend *b, bool cgroup)
{
	int map = owner_map(b, cgroup ? XB_MAP_TYPE_CGRP_STORAGE : BPF_MAP_TYPE_TASK_STORAGE);
	int prog = owner_prog(b, map, cgroup);
	u8 data[64] = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.data_in = (uintptr_t)data;
	attr.test.data_size_in = sizeof(data);
	assert_int_equal(backend_bpf(b, BPF_PROG_TEST_RUN, &attr), 0);
	close(prog);
	close(map);
	return attr.test.retval;
}

/* None, none, -ENOENT, new, 5, 6, removed, -ENOENT. */
#define WANT 0x00e0560eu

static void
keeps_values_of_tasks(void **state)
{
	struct xb_captured_call call = { .results = { { .reg = 0, .value = TASK_POINTER } },
		                         .result_cnt = 1 };
	const struct xb_playback_opts opts = { .strict = true };
	struct xb_err err = XB_ERR_INIT;
	struct backend kernel, emu;
	struct xb_captured *c;
	struct xb_playback *r;

	(void)state;
	backend_open_emu(&emu, xb_xdp_register);
	c = xb_captured_new(&err);
	assert_int_equal(xb_captured_add(c, BPF_FUNC_get_current_task_btf, &call, &err), 0);
	r = xb_playback_new(emu.emu, c, &opts, &err);
	assert_non_null(r);
	xb_playback_start(r, 0);
	assert_int_equal(run(&emu, false), WANT);
	if (backend_open_kernel(&kernel)) {
		assert_int_equal(run(&kernel, false), WANT);
		backend_close(&kernel);
	}
	xb_playback_free(r);
	xb_captured_free(c);
	backend_close(&emu);
}

/* Any pointer stands for a cgroup here; the context's is at hand. */
static void
keeps_values_of_cgroups(void **state)
{
	struct backend emu;

	(void)state;
	backend_open_emu(&emu, xb_xdp_register);
	assert_int_equal(run(&emu, true), WANT);
	backend_close(&emu);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_values_of_tasks),
		cmocka_unit_test(keeps_values_of_cgroups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
