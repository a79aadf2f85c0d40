/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps with types for keys and values: which go together, and what a spin lock in the value
 * changes.
 */
#include "emu/map.h"
#include "tests/emu/map_backend.h"
#include "vm/bytes.h"

#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Types of the one BTF, by number. */
enum {
	VOID,
	U32,
	U64,
	STRUCT8,   /* { u32, u32 } */
	LOCK,      /* struct bpf_spin_lock */
	LOCKED16,  /* { u64, struct bpf_spin_lock, u32 } */
	TYPEDEF32, /* of U32 */
	CHAR4,     /* char[4] */
	CHAR,
	S64,
	DATA, /* a section with one u32 */
	VAR,
	KEY8, /* struct bpf_lpm_trie_key of 8 bytes */
	S32,
	LARGE, /* the largest value of a storage map, and one larger */
	LARGER,

};

#ifndef BPF_F_CLONE
#define BPF_F_CLONE (1u << 9)
#endif
#define SK_STORAGE  BPF_MAP_TYPE_SK_STORAGE
#define LARGE_BYTES 65407u

static struct btf *
make_btf(void)
{
	struct btf *btf = btf__new_empty();

	assert_int_equal(btf__add_int(btf, "u32", 4, 0), U32);
	assert_int_equal(btf__add_int(btf, "u64", 8, 0), U64);
	assert_int_equal(btf__add_struct(btf, "pair", 8), STRUCT8);
	btf__add_field(btf, "a", U32, 0, 0);
	btf__add_field(btf, "b", U32, 32, 0);
	assert_int_equal(btf__add_struct(btf, "bpf_spin_lock", 4), LOCK);
	btf__add_field(btf, "val", U32, 0, 0);
	assert_int_equal(btf__add_struct(btf, "locked", 16), LOCKED16);
	btf__add_field(btf, "before", U64, 0, 0);
	btf__add_field(btf, "lock", LOCK, 64, 0);
	btf__add_field(btf, "after", U32, 96, 0);
	assert_int_equal(btf__add_typedef(btf, "__u32", U32), TYPEDEF32);
	assert_int_equal(btf__add_array(btf, U32, CHAR, 4), CHAR4);
	assert_int_equal(btf__add_int(btf, "char", 1, BTF_INT_CHAR), CHAR);
	assert_int_equal(btf__add_int(btf, "s64", 8, BTF_INT_SIGNED), S64);
	assert_int_equal(btf__add_datasec(btf, ".data", 4), DATA);
	btf__add_datasec_var_info(btf, VAR, 0, 4);
	assert_int_equal(btf__add_var(btf, "v", BTF_VAR_GLOBAL_ALLOCATED, U32), VAR);
	assert_int_equal(btf__add_struct(btf, "prefix", 8), KEY8);
	btf__add_field(btf, "len", U32, 0, 0);
	btf__add_field(btf, "data", CHAR4, 32, 0);
	assert_int_equal(btf__add_int(btf, "s32", 4, BTF_INT_SIGNED), S32);
	assert_int_equal(btf__add_array(btf, U32, CHAR, LARGE_BYTES), LARGE);
	assert_int_equal(btf__add_array(btf, U32, CHAR, LARGE_BYTES + 1), LARGER);
	return btf;
}

static int
load_btf(const struct backend *b)
{
	struct btf *btf = make_btf();
	union bpf_attr attr;
	u32 bytes;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)btf__raw_data(btf, &bytes);
	attr.btf_size = bytes;
	fd = backend_bpf(b, BPF_BTF_LOAD, &attr, sizeof(attr));
	btf__free(btf);
	if (fd < 0)
		fail_msg("%s: BTF: %ld", b->name, fd);
	return (int)fd;
}

static const struct row {
	const char *name;
	struct map_spec map;
	u32 key, value;
	long want;
} rows[] = {
	{ "hash", { BPF_MAP_TYPE_HASH, 4, 8, 1, 0 }, U32, STRUCT8, 0 },
	{ "hash, typedef", { BPF_MAP_TYPE_HASH, 4, 8, 1, 0 }, TYPEDEF32, U64, 0 },
	{ "hash, array key", { BPF_MAP_TYPE_HASH, 4, 8, 1, 0 }, CHAR4, U64, 0 },
	{ "hash, key size", { BPF_MAP_TYPE_HASH, 4, 8, 1, 0 }, U64, STRUCT8, -EINVAL },
	{ "hash, value size", { BPF_MAP_TYPE_HASH, 4, 8, 1, 0 }, U32, U32, -EINVAL },
	{ "hash, no key", { BPF_MAP_TYPE_HASH, 4, 8, 1, 0 }, VOID, U64, -EINVAL },
	{ "hash, no such key", { BPF_MAP_TYPE_HASH, 4, 8, 1, 0 }, 99, U64, -EINVAL },
	{ "hash, no such value", { BPF_MAP_TYPE_HASH, 4, 8, 1, 0 }, U32, 99, -EINVAL },
	{ "array", { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 }, U32, U64, 0 },
	{ "array, typedef", { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 }, TYPEDEF32, U64, 0 },
	{ "array, array key", { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 }, CHAR4, U64, -EINVAL },
	{ "array, struct key", { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 }, LOCK, U64, -EINVAL },
	{ "array, section", { BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0 }, VOID, DATA, 0 },
	{ "array, two sections", { BPF_MAP_TYPE_ARRAY, 4, 4, 2, 0 }, VOID, DATA, -EINVAL },
	{ "array, no key", { BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0 }, VOID, U32, -EINVAL },
	{ "per-CPU array", { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1, 0 }, U32, U64, 0 },
	{ "per-CPU array, section",
	  { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 4, 1, 0 },
	  VOID,
	  DATA,
	  -EINVAL },
	{ "LPM, struct", { BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1, BPF_F_NO_PREALLOC }, KEY8, U64, 0 },
	{ "LPM, integer",
	  { BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1, BPF_F_NO_PREALLOC },
	  U64,
	  U64,
	  -EINVAL },
	{ "LPM, no key",
	  { BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1, BPF_F_NO_PREALLOC },
	  VOID,
	  U64,
	  -EINVAL },
	{ "LRU hash", { BPF_MAP_TYPE_LRU_HASH, 4, 8, 1, 0 }, U32, U64, 0 },
	{ "devmap", { BPF_MAP_TYPE_DEVMAP, 4, 8, 1, 0 }, U32, U64, -524 },
	{ "cpumap", { BPF_MAP_TYPE_CPUMAP, 4, 8, 1, 0 }, U32, U64, -524 },
	{ "xskmap", { BPF_MAP_TYPE_XSKMAP, 4, 4, 1, 0 }, U32, U32, -524 },
	{ "perf array", { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 1, 0 }, U32, U32, -524 },
	{ "cgroup array", { BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 1, 0 }, U32, U32, -524 },
	{ "program array", { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0 }, U32, U32, 0 },
	{ "queue", { BPF_MAP_TYPE_QUEUE, 0, 8, 1, 0 }, VOID, U64, -EINVAL },
	{ "queue with key", { BPF_MAP_TYPE_QUEUE, 0, 8, 1, 0 }, U32, U64, -EINVAL },
	{ "lock in hash", { BPF_MAP_TYPE_HASH, 4, 16, 1, 0 }, U32, LOCKED16, 0 },
	{ "lock in array", { BPF_MAP_TYPE_ARRAY, 4, 16, 1, 0 }, U32, LOCKED16, 0 },
	{ "lock in LRU", { BPF_MAP_TYPE_LRU_HASH, 4, 16, 1, 0 }, U32, LOCKED16, -EOPNOTSUPP },
	{ "lock in per-CPU",
	  { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 16, 1, 0 },
	  U32,
	  LOCKED16,
	  -EOPNOTSUPP },
	{ "lock in LPM",
	  { BPF_MAP_TYPE_LPM_TRIE, 8, 16, 1, BPF_F_NO_PREALLOC },
	  KEY8,
	  LOCKED16,
	  -EOPNOTSUPP },
	{ "lock, read-only",
	  { BPF_MAP_TYPE_HASH, 4, 16, 1, BPF_F_RDONLY_PROG },
	  U32,
	  LOCKED16,
	  -EACCES },
	{ "lock, write-only",
	  { BPF_MAP_TYPE_HASH, 4, 16, 1, BPF_F_WRONLY_PROG },
	  U32,
	  LOCKED16,
	  -EACCES },
	{ "socket storage", { SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC }, U32, U64, 0 },
	{ "socket storage, signed key", { SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC }, S32, U64, 0 },
	{ "socket storage, typedef",
	  { SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC },
	  TYPEDEF32,
	  U64,
	  0 },
	{ "socket storage, array key",
	  { SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC },
	  CHAR4,
	  U64,
	  -EINVAL },
	{ "socket storage, no types",
	  { SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC },
	  VOID,
	  VOID,
	  -EINVAL },
	{ "socket storage, no key",
	  { SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC },
	  VOID,
	  U64,
	  -EINVAL },
	{ "socket storage, no value",
	  { SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC },
	  U32,
	  VOID,
	  -EINVAL },
	{ "socket storage, value size",
	  { SK_STORAGE, 4, 16, 0, BPF_F_NO_PREALLOC },
	  U32,
	  U64,
	  -EINVAL },
	{ "socket storage, preallocated", { SK_STORAGE, 4, 8, 0, 0 }, U32, U64, -EINVAL },
	{ "socket storage, cloned",
	  { SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC | BPF_F_CLONE },
	  U32,
	  U64,
	  0 },
	{ "socket storage, read-only",
	  { SK_STORAGE, 4, 8, 0, BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG },
	  U32,
	  U64,
	  -EINVAL },
	{ "socket storage, entries",
	  { SK_STORAGE, 4, 8, 1, BPF_F_NO_PREALLOC },
	  U32,
	  U64,
	  -EINVAL },
	{ "socket storage, key of 8",
	  { SK_STORAGE, 8, 8, 0, BPF_F_NO_PREALLOC },
	  U64,
	  U64,
	  -EINVAL },
	{ "socket storage, lock", { SK_STORAGE, 4, 16, 0, BPF_F_NO_PREALLOC }, U32, LOCKED16, 0 },
	{ "socket storage, large",
	  { SK_STORAGE, 4, LARGE_BYTES, 0, BPF_F_NO_PREALLOC },
	  U32,
	  LARGE,
	  0 },
	{ "socket storage, too large",
	  { SK_STORAGE, 4, LARGE_BYTES + 1, 0, BPF_F_NO_PREALLOC },
	  U32,
	  LARGER,
	  -E2BIG },
	{ "a lock alone", { BPF_MAP_TYPE_HASH, 4, 4, 1, 0 }, U32, LOCK, 0 },
};

static long
create(const struct backend *b, int btf, const struct map_spec *s, u32 key, u32 value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = s->type;
	attr.key_size = s->key;
	attr.value_size = s->value;
	attr.max_entries = s->max;
	attr.map_flags = s->flags;
	attr.btf_fd = (u32)btf;
	attr.btf_key_type_id = key;
	attr.btf_value_type_id = value;
	return backend_bpf(b, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void
check_rows(const struct backend *b)
{
	int btf = load_btf(b);

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		long ret = create(b, btf, &rows[i].map, rows[i].key, rows[i].value);

		if (ret >= 0) {
			close((int)ret);
			ret = 0;
		}
		if (ret != rows[i].want)
			fail_msg("%s: %s: %ld, not %ld", b->name, rows[i].name, ret, rows[i].want);
	}
	close(btf);
}

static void
test_rows(void **state)
{
	struct backend emu = backend_emu(1), kernel;

	(void)state;
	if (backend_kernel(&kernel))
		check_rows(&kernel);
	check_rows(&emu);
	backend_free(&emu);
}

static long
elem(const struct backend *b, int cmd, int fd, const u32 *key, void *value, u64 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	attr.flags = flags;
	return backend_bpf(b, cmd, &attr, sizeof(attr));
}

/* bpf(2) neither sees nor writes the lock. */
static void
check_lock(const struct backend *b, u32 type)
{
	int btf = load_btf(b);
	int fd = (int)create(b, btf, &(struct map_spec){ type, 4, 16, 2, 0 }, U32, LOCKED16);
	u32 key = 1, value[4] = { 1, 2, 0xdead, 4 }, got[4];
	static const u64 flags[] = { 0, BPF_F_LOCK, BPF_F_LOCK | BPF_EXIST };

	assert_true(fd >= 0);
	for (size_t i = 0; i < XB_ARRAY_SIZE(flags); i++) {
		value[0] = (u32)i;
		assert_int_equal(elem(b, BPF_MAP_UPDATE_ELEM, fd, &key, value, flags[i]), 0);
		for (u64 lock = 0; lock <= BPF_F_LOCK; lock += BPF_F_LOCK) {
			memset(got, 0xff, sizeof(got));
			assert_int_equal(elem(b, BPF_MAP_LOOKUP_ELEM, fd, &key, got, lock), 0);
			assert_int_equal(got[0], i);
			assert_int_equal(got[1], 2);
			assert_int_equal(got[2], 0);
			assert_int_equal(got[3], 4);
		}
	}
	assert_int_equal(elem(b, BPF_MAP_UPDATE_ELEM, fd, &key, value, BPF_F_LOCK | BPF_NOEXIST),
	                 -EEXIST);
	assert_int_equal(elem(b, BPF_MAP_UPDATE_ELEM, fd, &key, value, BPF_F_LOCK | 3), -EINVAL);
	if (type == BPF_MAP_TYPE_HASH) {
		key = 5;
		assert_int_equal(
		        elem(b, BPF_MAP_UPDATE_ELEM, fd, &key, value, BPF_F_LOCK | BPF_EXIST),
		        -ENOENT);
		assert_int_equal(elem(b, BPF_MAP_UPDATE_ELEM, fd, &key, value, BPF_F_LOCK), 0);
		assert_int_equal(elem(b, BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, &key, got, BPF_F_LOCK),
		                 0);
		assert_int_equal(got[2], 0);
		assert_int_equal(got[3], 4);
	}
	close(fd);
	close(btf);
}

static void
test_lock(void **state)
{
	struct backend emu = backend_emu(1), kernel;

	(void)state;
	check_lock(&emu, BPF_MAP_TYPE_HASH);
	check_lock(&emu, BPF_MAP_TYPE_ARRAY);
	if (backend_kernel(&kernel)) {
		check_lock(&kernel, BPF_MAP_TYPE_HASH);
		check_lock(&kernel, BPF_MAP_TYPE_ARRAY);
	}
	backend_free(&emu);
}

/* A lock that a program holds survives what bpf(2) writes. */
static void
test_held(void **state)
{
	struct backend b = backend_emu(1);
	int btf = load_btf(&b);
	int fd = (int)create(&b, btf, &(struct map_spec){ BPF_MAP_TYPE_ARRAY, 4, 16, 1, 0 }, U32,
	                     LOCKED16);
	struct xb_map *map = map_of(&b, fd);
	u32 key = 0, value[4] = { 1, 2, 3, 4 };
	u8 *host = xb_mem_host(b.emu->mem, map->ops->lookup(map, &key, 0));

	(void)state;
	assert_true(map->has_spin_lock);
	assert_int_equal(map->spin_lock_off, 8);
	xb_st32(host + 8, 1);
	assert_int_equal(map_update(&b, fd, &key, value, 0), 0);
	assert_int_equal(xb_ld32(host), 1);
	assert_int_equal(xb_ld32(host + 8), 1);
	assert_int_equal(xb_ld32(host + 12), 4);
	close(fd);
	close(btf);
	backend_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_held),
	};

	return cmocka_run_group_tests_name("map BTF", tests, NULL, NULL);
}
