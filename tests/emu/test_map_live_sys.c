/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf(2) on maps of the kernel's in the emulator, and what may not be written.
 */
#include "emu/map_live.h"
#include "emu/map_priv.h"
#include "emu/vcpu.h"
#include "tests/emu/live_rig.h"
#include "tests/insns.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* One command on both maps; what it gives back must be the same. */
struct cmd {
	const char *name;
	int cmd;
	s32 key; /* -1: none */
	u64 value, flags;
};

static const struct cmd cmds[] = {
	{ "lookup of nothing", BPF_MAP_LOOKUP_ELEM, 1, 0, 0 },
	{ "next key of nothing", BPF_MAP_GET_NEXT_KEY, -1, 0, 0 },
	{ "update that must exist", BPF_MAP_UPDATE_ELEM, 1, 5, BPF_EXIST },
	{ "update", BPF_MAP_UPDATE_ELEM, 1, 5, BPF_ANY },
	{ "update that must not exist", BPF_MAP_UPDATE_ELEM, 1, 5, BPF_NOEXIST },
	{ "update, unknown flags", BPF_MAP_UPDATE_ELEM, 1, 5, 64 },
	{ "update under a lock", BPF_MAP_UPDATE_ELEM, 1, 5, BPF_F_LOCK },
	{ "lookup", BPF_MAP_LOOKUP_ELEM, 1, 0, 0 },
	{ "lookup under a lock", BPF_MAP_LOOKUP_ELEM, 1, 0, BPF_F_LOCK },
	{ "first key", BPF_MAP_GET_NEXT_KEY, -1, 0, 0 },
	{ "no more keys", BPF_MAP_GET_NEXT_KEY, 1, 0, 0 },
	{ "second", BPF_MAP_UPDATE_ELEM, 2, 6, BPF_ANY },
	{ "third", BPF_MAP_UPDATE_ELEM, 3, 7, BPF_ANY },
	{ "delete", BPF_MAP_DELETE_ELEM, 2, 0, 0 },
	{ "delete again", BPF_MAP_DELETE_ELEM, 2, 0, 0 },
	{ "take", BPF_MAP_LOOKUP_AND_DELETE_ELEM, 1, 0, 0 },
	{ "take again", BPF_MAP_LOOKUP_AND_DELETE_ELEM, 1, 0, 0 },
	{ "lookup of what was taken", BPF_MAP_LOOKUP_ELEM, 1, 0, 0 },
};

static const struct live_spec types[] = {
	{ BPF_MAP_TYPE_HASH, 4, 8, 2, 0 },
	{ BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0 },
	{ BPF_MAP_TYPE_ARRAY, 4, 8, 3, BPF_F_MMAPABLE },
	{ BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 2, 0 },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 3, 0 },
	{ BPF_MAP_TYPE_LRU_HASH, 4, 8, 64, 0 },
};

/* values[] is the caller's; all are `c->value` at first. */
static long
do_cmd(const struct backend *b, int fd, const struct cmd *c, u64 *values)
{
	union bpf_attr attr;
	u32 key = (u32)c->key;

	for (u32 i = 0; i < LIVE_MOST_CPUS; i++)
		values[i] = c->value;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	attr.key = c->key < 0 ? 0 : (uintptr_t)&key;
	attr.value = c->cmd == BPF_MAP_DELETE_ELEM ? 0 : (uintptr_t)values;
	attr.flags = c->flags;
	return backend_bpf(b, c->cmd, &attr);
}

/* A map of the kernel's that nobody shares beside one that the emulator has. */
static void
test_commands(void **state)
{
	u64 a[LIVE_MOST_CPUS], b[LIVE_MOST_CPUS];
	struct live l;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	for (u32 t = 0; t < XB_ARRAY_SIZE(types); t++) {
		int alone = live_map(&l, &types[t]), fd = live_map(&l, &types[t]);
		int shared = live_fd(live_share(&l, fd));

		for (u32 i = 0; i < XB_ARRAY_SIZE(cmds); i++) {
			long want = do_cmd(&l.kernel, alone, &cmds[i], a);
			long got = do_cmd(&l.emu, shared, &cmds[i], b);

			if (got != want || memcmp(a, b, sizeof(a)) != 0)
				fail_msg("type %u: %s: %ld %llu, the kernel's %ld %llu",
				         types[t].type, cmds[i].name, got, (unsigned long long)b[0],
				         want, (unsigned long long)a[0]);
		}
	}
	live_close(&l);
}

static long
batch(const struct backend *b, int cmd, int fd, void *values, u32 *keys, u32 *count)
{
	union bpf_attr attr;
	u32 next = 0;
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (u32)fd;
	attr.batch.keys = (uintptr_t)keys;
	attr.batch.values = (uintptr_t)values;
	attr.batch.count = *count;
	attr.batch.out_batch = (uintptr_t)&next;
	ret = backend_bpf(b, cmd, &attr);
	*count = attr.batch.count;
	return ret;
}

/* An emulator of one CPU moves one value; those of the kernel's other CPUs stay. */
static void
test_fewer_cpus(void **state)
{
	static const struct live_spec spec = { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 3, 0 };
	static const struct live_spec table = { BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 3, 0 };
	u64 all[LIVE_MOST_CPUS], one[4] = { 1, 2, 3, 99 };
	u32 keys[3] = { 0, 1, 2 }, count = 3, key = 1;
	int fd, shared;
	struct live l;

	(void)state;
	if (!live_open(&l, 1))
		skip();
	fd = live_map(&l, &spec);
	shared = live_fd(live_share(&l, fd));
	for (u32 i = 0; i < 3; i++)
		live_set(&l, fd, &keys[i], 50 + i);
	assert_int_equal(backend_lookup(&l.emu, shared, &key, one), 0);
	assert_int_equal(one[0], 51);
	assert_int_equal(one[1], 2);
	one[0] = 7;
	assert_int_equal(backend_update(&l.emu, shared, &key, one), 0);
	assert_int_equal(backend_lookup(&l.kernel, fd, &key, all), 0);
	for (u32 i = 0; i < l.cpus; i++)
		assert_int_equal(all[i], i ? 51 : 7);
	assert_int_equal(batch(&l.emu, BPF_MAP_LOOKUP_BATCH, shared, one, keys, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(one[0], 50);
	assert_int_equal(one[1], 7);
	assert_int_equal(one[2], 52);
	assert_int_equal(one[3], 99);
	one[1] = 8;
	keys[2] = 3;
	assert_int_equal(batch(&l.emu, BPF_MAP_UPDATE_BATCH, shared, one, keys, &count), -E2BIG);
	assert_int_equal(count, 2);
	assert_int_equal(backend_lookup(&l.kernel, fd, &key, all), 0);
	for (u32 i = 0; i < l.cpus; i++)
		assert_int_equal(all[i], i ? 51 : 8);

	/* Of a key that there was not, they are zero. */
	fd = live_map(&l, &table);
	shared = live_fd(live_share(&l, fd));
	live_set(&l, fd, &keys[0], 50);
	assert_int_equal(backend_lookup(&l.emu, shared, &keys[0], one), 0);
	assert_int_equal(backend_update(&l.emu, shared, &key, one), 0);
	assert_int_equal(backend_lookup(&l.kernel, fd, &key, all), 0);
	for (u32 i = 0; i < l.cpus; i++)
		assert_int_equal(all[i], i ? 0 : one[0]);
	live_close(&l);
}

static void
test_batches(void **state)
{
	static const struct live_spec spec = { BPF_MAP_TYPE_HASH, 4, 8, 8, 0 };
	u64 values[8] = { 10, 11, 12 };
	u32 keys[8] = { 0, 1, 2 }, count = 3;
	int fd, shared;
	struct live l;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	fd = live_map(&l, &spec);
	shared = live_fd(live_share(&l, fd));
	assert_int_equal(batch(&l.emu, BPF_MAP_UPDATE_BATCH, shared, values, keys, &count), 0);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(live_sum(&l, fd, &spec, &keys[i]), 10 + i);
	count = 1;
	assert_int_equal(batch(&l.emu, BPF_MAP_DELETE_BATCH, shared, NULL, keys, &count), 0);
	count = 8;
	assert_int_equal(
	        batch(&l.emu, BPF_MAP_LOOKUP_AND_DELETE_BATCH, shared, values, keys, &count),
	        -ENOENT);
	assert_int_equal(count, 2);
	assert_int_equal(values[0] + values[1], 23);
	count = 8;
	assert_int_equal(batch(&l.kernel, BPF_MAP_LOOKUP_BATCH, fd, values, keys, &count), -ENOENT);
	assert_int_equal(count, 0);
	live_close(&l);
}

static void
test_info(void **state)
{
	static const struct live_spec spec = { BPF_MAP_TYPE_HASH, 12, 20, 77, BPF_F_NO_PREALLOC };
	struct bpf_map_info info = { 0 };
	union bpf_attr attr;
	struct live l;
	int fd;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	fd = live_map(&l, &spec);
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)live_fd(live_share(&l, fd));
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = sizeof(info);
	assert_int_equal(backend_bpf(&l.emu, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	assert_int_equal(info.type, spec.type);
	assert_int_equal(info.key_size, spec.key_bytes);
	assert_int_equal(info.value_size, spec.value_bytes);
	assert_int_equal(info.max_entries, spec.entries);
	assert_int_equal(info.map_flags, spec.flags);
	assert_string_equal(info.name, "xb_live");
	live_close(&l);
}

/* Loads the first byte of element 0, and stores it again where asked; a fault is verdict 0. */
static int
toucher(const struct live *l, int fd, bool stores)
{
	u8 key[4] = { 0 };
	/* clang-format off */
	const struct bpf_insn insns[] = {
		XB_ST_MEM(BPF_W, 10, -4, key[0]),
		XB_LD_MAP_FD(1, fd), XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -4),
		XB_CALL(BPF_FUNC_map_lookup_elem),
		XB_JMP_IMM(BPF_JEQ, 0, 0, 3),
		XB_LDX_MEM(BPF_B, 1, 0, 0),
		stores ? XB_STX_MEM(BPF_B, 0, 1, 0) : XB_JA(0),
		XB_MOV64_IMM(0, 2),
		XB_EXIT(),
	};
	/* clang-format on */
	return backend_prog(&l->emu, &(struct backend_prog){ .insns = insns,
	                                                     .insn_cnt = XB_ARRAY_SIZE(insns) });
}

/* What a program may do with a map that the kernel keeps from being written. */
static void
test_read_only(void **state)
{
	static const struct {
		const char *name;
		struct live_spec spec;
		bool freeze;
	} maps[] = {
		{ "read-only", { BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_RDONLY_PROG }, false },
		{ "read-only pages",
		  { BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_RDONLY_PROG | BPF_F_MMAPABLE },
		  false },
		{ "frozen", { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 }, true },
		{ "frozen pages", { BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_MMAPABLE }, true },
		{ "frozen, per CPU", { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1, 0 }, true },
	};
	u64 values[LIVE_MOST_CPUS] = { 4 };
	struct live l;
	u32 key = 0;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	for (u32 i = 0; i < XB_ARRAY_SIZE(maps); i++) {
		int fd = live_map(&l, &maps[i].spec), shared;
		union bpf_attr attr;
		struct live_prog on = { .key = &key, .key_bytes = 4 };

		memset(&attr, 0, sizeof(attr));
		attr.map_fd = (u32)fd;
		live_set(&l, fd, &key, 3);
		if (maps[i].freeze)
			assert_int_equal(backend_bpf(&l.kernel, BPF_MAP_FREEZE, &attr), 0);
		shared = on.map = live_fd(live_share(&l, fd));
		if (live_run(&l.emu, toucher(&l, shared, false), 1) != 2)
			fail_msg("%s: cannot be read", maps[i].name);
		if (live_run(&l.emu, toucher(&l, shared, true), 1) != 0)
			fail_msg("%s: can be written", maps[i].name);
		if (live_run(&l.emu, live_updater(&l.emu, &on), 1) != 0)
			fail_msg("%s: can be updated", maps[i].name);
		assert_int_equal(backend_lookup(&l.kernel, fd, &key, values), 0);
		assert_int_equal(values[0], 3);
		assert_int_equal(backend_update(&l.emu, shared, &key, values),
		                 maps[i].freeze ? -EPERM : 0);
	}
	live_close(&l);
}

/* Frozen while it is shared: as the kernel says, which has a writer's pages in the way. */
static void
test_freeze(void **state)
{
	static const struct live_spec plain = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 };
	static const struct live_spec pages = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_MMAPABLE };
	union bpf_attr attr;
	struct live l;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)live_fd(live_share(&l, live_map(&l, &pages)));
	assert_int_equal(backend_bpf(&l.emu, BPF_MAP_FREEZE, &attr), -EBUSY);
	attr.map_fd = (u32)live_fd(live_share(&l, live_map(&l, &plain)));
	assert_int_equal(backend_bpf(&l.emu, BPF_MAP_FREEZE, &attr), 0);
	assert_int_equal(live_run(&l.emu, toucher(&l, (int)attr.map_fd, false), 1), 2);
	assert_int_equal(live_run(&l.emu, toucher(&l, (int)attr.map_fd, true), 1), 0);
	assert_int_equal(backend_bpf(&l.emu, BPF_MAP_FREEZE, &attr), -EPERM);
	live_close(&l);
}

/* Addresses of values in instructions: only pages that stay where they are have them. */
static void
test_direct(void **state)
{
	struct live_spec spec = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_MMAPABLE };
	u32 key = 0;
	struct live l;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	for (u32 i = 0; i < 2; i++) {
		int fd = live_map(&l, &spec), shared = live_fd(live_share(&l, fd));
		const struct bpf_insn insns[] = { XB_LD_MAP_VALUE(1, shared, 4),
			                          XB_ST_MEM(BPF_W, 1, 0, 1), XB_MOV64_IMM(0, 2),
			                          XB_EXIT() };
		const struct backend_prog prog = { .insns = insns,
			                           .insn_cnt = XB_ARRAY_SIZE(insns) };
		char text[1024];

		if (i == 0) {
			assert_int_equal(live_run(&l.emu, backend_prog(&l.emu, &prog), 1), 2);
			assert_int_equal(live_sum(&l, fd, &spec, &key), 1ull << 32);
		} else {
			assert_int_equal(backend_try_prog(&l.emu, &prog, text, sizeof(text)),
			                 -EINVAL);
			assert_non_null(strstr(text, "direct value access"));
		}
		spec.flags = 0;
	}
	live_close(&l);
}

/* What was changed and cannot be written any more is counted. */
static void
test_lost(void **state)
{
	static const struct live_spec spec = { BPF_MAP_TYPE_HASH, 4, 8, 2, 0 };
	union bpf_attr attr;
	struct xb_map *map;
	struct live l;
	u32 key = 1;
	int fd, why = 0;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	fd = live_map(&l, &spec);
	map = live_share(&l, fd);
	live_set(&l, fd, &key, 1);
	*(u64 *)xb_mem_host(l.emu.emu->mem, map->ops->lookup(map, &key, 0)) = 2;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	assert_int_equal(backend_bpf(&l.kernel, BPF_MAP_FREEZE, &attr), 0);
	xb_emu_run_end(l.emu.emu, 0);
	assert_int_equal(xb_map_live_lost(map, &why), 1);
	assert_int_equal(why, -EPERM);
	assert_int_equal(live_sum(&l, fd, &spec, &key), 1);
	live_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),  cmocka_unit_test(test_fewer_cpus),
		cmocka_unit_test(test_batches),   cmocka_unit_test(test_info),
		cmocka_unit_test(test_read_only), cmocka_unit_test(test_freeze),
		cmocka_unit_test(test_direct),    cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
