/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps that hold programs: which programs each takes, after which; and the ids they give back.
 */
#include "emu/map.h"
#include "emu/prog.h"
#include "tests/emu/map_backend.h"
#include "vm/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define XDP    BPF_PROG_TYPE_XDP
#define FILTER BPF_PROG_TYPE_SOCKET_FILTER
#define FRAGS  BPF_F_XDP_HAS_FRAGS
#define NO_PROG                                                                                    \
	{                                                                                          \
		0, 0, 0                                                                            \
	}

struct prog_spec {
	u32 type, attach, flags;
};

/* Programs are put into slot 0 one after the other; type 0 means a map instead. */
static const struct row {
	const char *name;
	struct map_spec map;
	struct {
		struct prog_spec prog;
		long want;
	} puts[4];
	u32 cnt;
} rows[] = {
	{ "array: XDP twice",
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 },
	  { { { XDP, BPF_XDP, 0 }, 0 }, { { XDP, BPF_XDP, 0 }, 0 } },
	  2 },
	{ "array: filter into XDP",
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 },
	  { { { XDP, BPF_XDP, 0 }, 0 }, { { FILTER, 0, 0 }, -EINVAL }, { { XDP, BPF_XDP, 0 }, 0 } },
	  3 },
	{ "array: XDP into filter",
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 },
	  { { { FILTER, 0, 0 }, 0 }, { { XDP, BPF_XDP, 0 }, -EINVAL } },
	  2 },
	{ "array: frags after none",
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 },
	  { { { XDP, BPF_XDP, 0 }, 0 }, { { XDP, BPF_XDP, FRAGS }, -EINVAL } },
	  2 },
	{ "array: none after frags",
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 },
	  { { { XDP, BPF_XDP, FRAGS }, 0 }, { { XDP, BPF_XDP, 0 }, -EINVAL } },
	  2 },
	{ "array: other attach type",
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 },
	  { { { XDP, BPF_XDP, 0 }, 0 }, { { XDP, BPF_XDP_DEVMAP, 0 }, -EINVAL } },
	  2 },
	{ "array: a map", { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 }, { { NO_PROG, -EINVAL } }, 1 },
	{ "devmap",
	  { BPF_MAP_TYPE_DEVMAP, 4, 8, 2, 0 },
	  { { { XDP, BPF_XDP, 0 }, -EINVAL },
	    { { XDP, BPF_XDP_DEVMAP, 0 }, 0 },
	    { { XDP, BPF_XDP_CPUMAP, 0 }, -EINVAL },
	    { { XDP, BPF_XDP_DEVMAP, FRAGS }, -EINVAL } },
	  4 },
	{ "devmap of frags",
	  { BPF_MAP_TYPE_DEVMAP, 4, 8, 2, 0 },
	  { { { XDP, BPF_XDP_DEVMAP, FRAGS }, 0 }, { { XDP, BPF_XDP_DEVMAP, 0 }, -EINVAL } },
	  2 },
	{ "devmap: filter, map",
	  { BPF_MAP_TYPE_DEVMAP, 4, 8, 2, 0 },
	  { { { FILTER, 0, 0 }, -EINVAL }, { NO_PROG, -EINVAL } },
	  2 },
	{ "devmap hash",
	  { BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 2, 0 },
	  { { { XDP, BPF_XDP, 0 }, -EINVAL },
	    { { XDP, BPF_XDP_DEVMAP, 0 }, 0 },
	    { NO_PROG, -EINVAL } },
	  3 },
	{ "cpumap",
	  { BPF_MAP_TYPE_CPUMAP, 4, 8, 1, 0 },
	  { { { XDP, BPF_XDP_CPUMAP, 0 }, 0 },
	    { { XDP, BPF_XDP_DEVMAP, 0 }, -ENOMEM },
	    { { XDP, BPF_XDP_CPUMAP, FRAGS }, -ENOMEM },
	    { NO_PROG, -ENOMEM } },
	  4 },
};

static u32
ctx_bytes(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return 24;
}

static const struct xb_prog_type prog_types[] = {
	{ .type = XDP, .name = "xdp", .ctx_bytes = ctx_bytes },
	{ .type = FILTER, .name = "socket_filter", .ctx_bytes = ctx_bytes },
};

static struct backend
emu_with_types(void)
{
	struct backend b = backend_emu(backend_cpus());

	for (size_t i = 0; i < XB_ARRAY_SIZE(prog_types); i++)
		xb_prog_type_register(b.emu, &prog_types[i]);
	return b;
}

/* "return 0" after naming a map, if `map` is one; a descriptor or -errno. */
static long
load_with(const struct backend *b, const struct prog_spec *spec, int map)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	u32 skip = map < 0 ? 2 : 0;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = spec->type;
	attr.expected_attach_type = spec->attach;
	attr.prog_flags = spec->flags;
	attr.insns = (uintptr_t)(insns + skip);
	attr.insn_cnt = 4 - skip;
	attr.license = (uintptr_t) "GPL";
	return backend_bpf(b, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* A program; a map where there is no program type. */
static int
load(const struct backend *b, const struct prog_spec *spec)
{
	long fd;

	if (!spec->type)
		return (int)map_create(b, &(struct map_spec){ BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0 });
	fd = load_with(b, spec, -1);
	if (fd < 0)
		fail_msg("%s: program %u %u %u: %ld", b->name, spec->type, spec->attach,
		         spec->flags, fd);
	return (int)fd;
}

static u32
id_of(const struct backend *b, int fd)
{
	struct bpf_prog_info info;
	union bpf_attr attr;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	assert_int_equal(backend_bpf(b, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	return info.id;
}

/* The value with a descriptor in it, as the type has it. */
static void
make_value(const struct map_spec *map, int fd, u32 value[2])
{
	value[0] = map->type == BPF_MAP_TYPE_CPUMAP ? 192 : 1;
	value[map->value == 8 ? 1 : 0] = (u32)fd;
}

static void
check_row(const struct backend *b, const struct row *row)
{
	int map = (int)map_create(b, &row->map);
	u32 key = 0, value[2] = { 0 }, id = 0;

	assert_true(map >= 0);
	for (u32 i = 0; i < row->cnt; i++) {
		int fd = load(b, &row->puts[i].prog);
		long ret;

		make_value(&row->map, fd, value);
		ret = map_update(b, map, &key, value, 0);
		if (ret != row->puts[i].want)
			fail_msg("%s: %s, %u: %ld, not %ld", b->name, row->name, i, ret,
			         row->puts[i].want);
		if (ret == 0)
			id = id_of(b, fd);
		if (id) {
			assert_int_equal(map_lookup(b, map, &key, value), 0);
			if (value[row->map.value == 8 ? 1 : 0] != id)
				fail_msg("%s: %s, %u: not the program's id", b->name, row->name, i);
		}
		close(fd);
	}
	close(map);
}

static void
test_rows(void **state)
{
	struct backend emu = emu_with_types(), kernel;
	bool has_kernel = backend_kernel(&kernel);

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		check_row(&emu, &rows[i]);
		if (has_kernel)
			check_row(&kernel, &rows[i]);
	}
	backend_free(&emu);
}

/* Programs that use the map, one after the other: the first decides which others may. */
static const struct user {
	const char *name;
	struct map_spec map;
	struct prog_spec progs[2];
	bool refused; /* the second */
} users[] = {
	{ "array: XDP twice",
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 },
	  { { XDP, BPF_XDP, 0 }, { XDP, BPF_XDP, 0 } },
	  false },
	{ "array: XDP, then a filter",
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 },
	  { { XDP, BPF_XDP, 0 }, { FILTER, 0, 0 } },
	  true },
	{ "array: frags after none",
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 },
	  { { XDP, BPF_XDP, 0 }, { XDP, BPF_XDP, FRAGS } },
	  true },
	{ "devmap: frags after none",
	  { BPF_MAP_TYPE_DEVMAP, 4, 8, 2, 0 },
	  { { XDP, BPF_XDP, 0 }, { XDP, BPF_XDP, FRAGS } },
	  true },
	{ "hash: frags after none",
	  { BPF_MAP_TYPE_HASH, 4, 4, 2, 0 },
	  { { XDP, BPF_XDP, 0 }, { XDP, BPF_XDP, FRAGS } },
	  false },
};

static void
check_user(const struct backend *b, const struct user *user)
{
	int map = (int)map_create(b, &user->map);
	long first, second;

	assert_true(map >= 0);
	first = load_with(b, &user->progs[0], map);
	second = load_with(b, &user->progs[1], map);
	if (first < 0 || (user->refused ? second != -EINVAL : second < 0))
		fail_msg("%s: %s: %ld, %ld", b->name, user->name, first, second);
	close((int)first);
	if (second >= 0)
		close((int)second);
	close(map);
}

static void
test_users(void **state)
{
	struct backend emu = emu_with_types(), kernel;
	bool has_kernel = backend_kernel(&kernel);

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(users); i++) {
		check_user(&emu, &users[i]);
		if (has_kernel)
			check_user(&kernel, &users[i]);
	}
	backend_free(&emu);
}

/* What the emulator finds in the slots. */
static void
test_targets(void **state)
{
	struct backend b = emu_with_types();
	int array = (int)map_create(&b, &(struct map_spec){ BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 });
	int devs = (int)map_create(&b, &(struct map_spec){ BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 2, 0 });
	int cpus = (int)map_create(&b, &(struct map_spec){ BPF_MAP_TYPE_CPUMAP, 4, 8, 2, 0 });
	int socks = (int)map_create(&b, &(struct map_spec){ BPF_MAP_TYPE_XSKMAP, 4, 4, 2, 0 });
	int prog = load(&b, &(struct prog_spec){ XDP, BPF_XDP, 0 });
	int dev_prog = load(&b, &(struct prog_spec){ XDP, BPF_XDP_DEVMAP, 0 });
	u32 key = 1, value[2] = { 9, (u32)dev_prog };
	struct xb_map *map = map_of(&b, socks);
	u64 queue;

	(void)state;
	assert_int_equal(map_update(&b, array, &key, &prog, 0), 0);
	assert_int_equal(xb_prog_array_get(map_of(&b, array), 1)->obj.id, id_of(&b, prog));
	assert_null(xb_prog_array_get(map_of(&b, array), 0));
	assert_null(xb_prog_array_get(map_of(&b, array), 2));
	assert_null(xb_prog_array_get(map_of(&b, array), 1ull << 32 | 1));
	key = 77;
	assert_int_equal(map_update(&b, devs, &key, value, 0), 0);
	assert_int_equal(xb_map_target(map_of(&b, devs), 77)->index, 9);
	assert_int_equal(xb_map_target(map_of(&b, devs), 77)->prog->obj.id, id_of(&b, dev_prog));
	assert_null(xb_map_target(map_of(&b, devs), 9));
	key = 1;
	value[0] = 64;
	value[1] = 0;
	assert_int_equal(map_update(&b, cpus, &key, value, 0), 0);
	assert_int_equal(xb_map_target(map_of(&b, cpus), 1)->qsize, 64);
	assert_int_equal(xb_map_target(map_of(&b, cpus), 1)->index, 1);
	assert_null(xb_map_target(map_of(&b, array), 1));
	assert_int_equal(xb_xskmap_set(map, 1, 5), 0);
	assert_int_equal(xb_xskmap_set(map, 2, 5), -E2BIG);
	assert_int_equal(xb_xskmap_set(map_of(&b, cpus), 0, 5), -EINVAL);
	assert_int_equal(xb_map_target(map, 1)->index, 5);
	queue = map->ops->lookup(map, &key, 0);
	assert_int_equal(xb_ld32(xb_mem_host(b.emu->mem, queue)), 1);
	assert_true(xb_mem_check(b.emu->mem, queue, 4, XB_MEM_READ));
	assert_false(xb_mem_check(b.emu->mem, queue, 4, XB_MEM_WRITE));
	assert_int_equal(map_delete(&b, socks, &key), 0);
	assert_null(xb_map_target(map, 1));
	close(array);
	close(devs);
	close(cpus);
	close(socks);
	close(prog);
	close(dev_prog);
	backend_free(&b);
}

/* Perf event arrays: an emulated reader for each CPU. */
static void
test_perf(void **state)
{
	struct backend b = backend_emu(3);
	int fd = (int)map_create(&b,
	                         &(struct map_spec){ BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 0 });
	struct xb_map *map = map_of(&b, fd);
	u32 key = 1, cpu = 99;

	(void)state;
	assert_int_equal(xb_perf_array_slot(map, 0, &cpu), -ENOENT);
	assert_int_equal(xb_perf_array_open(map), 0);
	assert_int_equal(xb_perf_array_slot(map, 2, &cpu), 0);
	assert_int_equal(cpu, 2);
	assert_int_equal(xb_perf_array_slot(map, 3, &cpu), -ENOENT);
	assert_int_equal(xb_perf_array_slot(map, 4, &cpu), -E2BIG);
	assert_int_equal(xb_perf_array_slot(map, ~0ull, &cpu), -E2BIG);
	assert_int_equal(map_delete(&b, fd, &key), 0);
	assert_int_equal(xb_perf_array_slot(map, 1, &cpu), -ENOENT);
	xb_perf_array_close(map);
	assert_int_equal(xb_perf_array_slot(map, 0, &cpu), -ENOENT);
	close(fd);
	backend_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_perf),
	};

	return cmocka_run_group_tests_name("map programs", tests, NULL, NULL);
}
