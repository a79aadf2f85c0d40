/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values in guest memory: exactly their bytes, as long as a run may hold them, and no memory for
 * what is not there.
 */
#include "emu/map.h"
#include "emu/map_htab.h"
#include "emu/vcpu.h"
#include "tests/emu/map_backend.h"
#include "vm/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Types whose values programs hold pointers to. */
static const struct {
	u32 type, key, flags;
} types[] = {
	{ BPF_MAP_TYPE_ARRAY, 4, 0 },
	{ BPF_MAP_TYPE_ARRAY, 4, BPF_F_RDONLY_PROG },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 0 },
	{ BPF_MAP_TYPE_HASH, 4, 0 },
	{ BPF_MAP_TYPE_HASH, 13, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_HASH, 8, BPF_F_RDONLY_PROG },
	{ BPF_MAP_TYPE_PERCPU_HASH, 4, 0 },
	{ BPF_MAP_TYPE_LRU_HASH, 4, 0 },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 16, 0 },
	{ BPF_MAP_TYPE_LPM_TRIE, 8, BPF_F_NO_PREALLOC },
};

/* Every byte of the value and none of the 8 on either side, for each size up to 8. */
static void
check_exact(const struct xb_mem *mem, u64 gaddr, u32 bytes, bool writable, const char *name)
{
	for (u32 size = 1; size <= 8; size++)
		for (s64 at = -8; at + size <= (s64)bytes + 8; at++) {
			bool inside = at >= 0 && at + size <= bytes;
			u64 g = gaddr + (u64)at;

			if (xb_mem_check(mem, g, size, XB_MEM_READ) != inside)
				fail_msg("%s of %u: read of %u at %lld", name, bytes, size,
				         (long long)at);
			if (xb_mem_check(mem, g, size, XB_MEM_WRITE) != (inside && writable))
				fail_msg("%s of %u: write of %u at %lld", name, bytes, size,
				         (long long)at);
		}
}

static void
test_exact(void **state)
{
	static const u32 sizes[] = { 1, 2, 3, 4, 7, 8, 9, 12, 15, 16, 17, 64, 65 };
	struct backend b = backend_emu(3);

	(void)state;
	for (size_t t = 0; t < XB_ARRAY_SIZE(types); t++)
		for (size_t s = 0; s < XB_ARRAY_SIZE(sizes); s++) {
			const struct map_spec spec = { types[t].type, types[t].key, sizes[s], 5,
				                       types[t].flags };
			int fd = (int)map_create(&b, &spec);
			struct xb_map *map = map_of(&b, fd);
			u8 key[16] = { 0 }, value[3 * 72] = { 0 };

			for (u8 k = 0; k < 5; k++) {
				key[0] = k;
				assert_int_equal(map_update(&b, fd, key, value, 0), 0);
			}
			for (u8 k = 0; k < 5; k++)
				for (u32 cpu = 0; cpu < 3; cpu++) {
					key[0] = k;
					check_exact(b.emu->mem, map->ops->lookup(map, key, cpu),
					            sizes[s], !(types[t].flags & BPF_F_RDONLY_PROG),
					            map->ops->name);
				}
			close(fd);
		}
	backend_free(&b);
}

/* A devmap's value is only for reading. */
static void
test_devmap(void **state)
{
	static const u32 kinds[] = { BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH };
	struct backend b = backend_emu(1);

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(kinds); i++) {
		int fd = (int)map_create(&b, &(struct map_spec){ kinds[i], 4, 8, 4, 0 });
		struct xb_map *map = map_of(&b, fd);
		u32 key = 2, value[2] = { 7, 0 };

		assert_int_equal(map_update(&b, fd, &key, value, 0), 0);
		check_exact(b.emu->mem, map->ops->lookup(map, &key, 0), 8, false, map->ops->name);
		assert_int_equal(xb_map_target(map, 2)->index, 7);
		assert_null(xb_map_target(map, 2)->prog);
		assert_null(xb_map_target(map, 1));
		assert_null(xb_map_target(map, 0xffffffff));
		close(fd);
	}
	backend_free(&b);
}

/* The kernel's layout, elements of 8 bytes each with no zone between. */
static void
test_mmapable(void **state)
{
	struct backend b = backend_emu(1);
	int fd = (int)map_create(
	        &b, &(struct map_spec){ BPF_MAP_TYPE_ARRAY, 4, 6, 600, BPF_F_MMAPABLE });
	struct xb_map *map = map_of(&b, fd);
	u32 zero = 0, last = 599;
	u64 first = map->ops->lookup(map, &zero, 0);

	(void)state;
	assert_int_equal(map->ops->lookup(map, &last, 0), first + 599 * 8);
	assert_int_equal(first % 4096, 0);
	for (u64 at = 0; at < 600 * 8; at++)
		assert_int_equal(xb_mem_check(b.emu->mem, first + at, 1, XB_MEM_WRITE), at % 8 < 6);
	assert_false(xb_mem_check(b.emu->mem, first + 600 * 8, 1, XB_MEM_READ));
	close(fd);
	backend_free(&b);
}

/* A value that a program takes from half of one element and half of the next. */
static void
test_mmapable_across(void **state)
{
	struct backend b = backend_emu(1);
	int fd = (int)map_create(
	        &b, &(struct map_spec){ BPF_MAP_TYPE_ARRAY, 4, 16, 2, BPF_F_MMAPABLE });
	struct xb_map *map = map_of(&b, fd);
	u32 zero = 0;
	u64 first = map->ops->lookup(map, &zero, 0), *quads = xb_mem_host(b.emu->mem, first);

	(void)state;
	for (u64 i = 0; i < 4; i++)
		quads[i] = i;
	assert_int_equal(map->ops->update(map, &zero, quads + 1, BPF_ANY, 0), 0);
	assert_int_equal(quads[0], 1);
	assert_int_equal(quads[1], 2);
	close(fd);
	backend_free(&b);
}

/* Within a run: what the program still holds after an update or a delete. */
static void
test_deferred(void **state)
{
	struct backend b = backend_emu(1);
	struct xb_mem *mem = b.emu->mem;

	(void)state;
	for (size_t t = 0; t < XB_ARRAY_SIZE(types); t++) {
		const struct map_spec spec = { types[t].type, types[t].key, 8, 5, types[t].flags };
		int fd = (int)map_create(&b, &spec);
		struct xb_map *map = map_of(&b, fd);
		bool in_place = map->type == BPF_MAP_TYPE_ARRAY || map->ops->flags & XB_MAP_PERCPU;
		u8 key[16] = { 1 };
		u64 value = 11, old, now;

		assert_int_equal(map->ops->update(map, key, &value, 0, 0), 0);
		old = map->ops->lookup(map, key, 0);
		value = 22;
		assert_int_equal(map->ops->update(map, key, &value, 0, 0), 0);
		now = map->ops->lookup(map, key, 0);
		assert_int_equal(xb_ld64(xb_mem_host(mem, now)), 22);
		assert_true(xb_mem_check(mem, old, 8, XB_MEM_READ));
		assert_int_equal(xb_ld64(xb_mem_host(mem, old)), in_place ? 22 : 11);
		assert_int_equal(old == now, in_place);
		if (!map->ops->remove(map, key)) {
			assert_int_equal(map->ops->lookup(map, key, 0), 0);
			assert_true(xb_mem_check(mem, now, 8, XB_MEM_READ));
			assert_int_equal(xb_ld64(xb_mem_host(mem, now)), 22);
			xb_emu_run_end(b.emu, 0);
			assert_false(xb_mem_check(mem, now, 1, XB_MEM_READ));
			assert_false(xb_mem_check(mem, old, 1, XB_MEM_READ));
			/* What is made in its place starts at zero in all copies. */
			value = 0;
			assert_int_equal(map->ops->update(map, key, &value, 0, 0), 0);
			assert_int_equal(xb_ld64(xb_mem_host(mem, map->ops->lookup(map, key, 0))),
			                 0);
		}
		xb_emu_run_end(b.emu, 0);
		close(fd);
	}
	backend_free(&b);
}

/* A node of a trie that becomes a joint loses its value in time, too. */
static void
test_deferred_joint(void **state)
{
	struct backend b = backend_emu(1);
	int fd = (int)map_create(
	        &b, &(struct map_spec){ BPF_MAP_TYPE_LPM_TRIE, 5, 8, 9, BPF_F_NO_PREALLOC });
	struct xb_map *map = map_of(&b, fd);
	const u8 keys[3][5] = { { 1, 0, 0, 0, 0 }, { 2, 0, 0, 0, 0 }, { 2, 0, 0, 0, 0x40 } };
	u64 value = 5, held;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(map->ops->update(map, keys[i], &value, 0, 0), 0);
	held = map->ops->lookup(map, keys[0], 0);
	assert_int_equal(map->ops->remove(map, keys[0]), 0);
	assert_int_equal(map->ops->lookup(map, keys[0], 0), 0);
	assert_true(map->ops->lookup(map, keys[2], 0) != 0);
	assert_true(xb_mem_check(b.emu->mem, held, 8, XB_MEM_READ));
	assert_int_equal(xb_ld64(xb_mem_host(b.emu->mem, held)), 5);
	xb_emu_run_end(b.emu, 0);
	assert_false(xb_mem_check(b.emu->mem, held, 1, XB_MEM_READ));
	close(fd);
	backend_free(&b);
}

static u64
resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*u %lu", &pages), 1);
	fclose(f);
	return pages * 4096ull;
}

/* A million entries cost nothing before they are there; a loop of updates does not eat memory. */
static void
test_lazy(void **state)
{
	static const u32 kinds[] = { BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_HASH,
		                     BPF_MAP_TYPE_LRU_HASH };
	struct backend b = backend_emu(1);
	u64 before = resident_bytes(), value[128] = { 0 };
	u32 key = 0;
	int fd;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(kinds); i++) {
		fd = (int)map_create(&b, &(struct map_spec){ kinds[i], 4, 1024, 1u << 20, 0 });
		assert_true(fd >= 0);
		assert_int_equal(map_update(&b, fd, &key, value, 0), 0);
		close(fd);
	}
	assert_true(resident_bytes() - before < 4u << 20);
	fd = (int)map_create(&b, &(struct map_spec){ BPF_MAP_TYPE_HASH, 4, 1024, 4, 0 });
	for (u32 i = 0; i < 500000; i++) {
		struct xb_map *map = map_of(&b, fd);

		value[0] = i;
		assert_int_equal(map->ops->update(map, &key, value, 0, 0), 0);
	}
	assert_true(resident_bytes() - before < 96u << 20);
	assert_int_equal(map_lookup(&b, fd, &key, value), 0);
	assert_int_equal(value[0], 499999);
	close(fd);
	backend_free(&b);
}

/* Tables of the largest sizes: reserved, not touched; arrays have to fit. */
static void
test_huge(void **state)
{
	static const struct map_spec specs[] = {
		{ BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1u << 30, 0 },
		{ BPF_MAP_TYPE_XSKMAP, 4, 4, 1u << 30, 0 },
		{ BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 1u << 30, 0 },
		{ BPF_MAP_TYPE_HASH, 4, 64, 1u << 27, 0 },
		{ BPF_MAP_TYPE_LRU_HASH, 4, 64, 1u << 27, 0 },
		{ BPF_MAP_TYPE_QUEUE, 0, 8, 1u << 30, 0 },
	};
	struct backend b = backend_emu(1);
	u64 before = resident_bytes();

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(specs); i++) {
		int fd = (int)map_create(&b, &specs[i]);

		assert_true(fd >= 0);
		close(fd);
	}
	assert_int_equal(
	        map_create(&b, &(struct map_spec){ BPF_MAP_TYPE_ARRAY, 4, 8, 1u << 30, 0 }),
	        -ENOMEM);
	assert_true(resident_bytes() - before < 4u << 20);
	backend_free(&b);
}

/* Programs change the copy of their CPU; the others start at zero. */
static void
test_percpu(void **state)
{
	static const u32 kinds[] = { BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH,
		                     BPF_MAP_TYPE_LRU_PERCPU_HASH };
	struct backend b = backend_emu(4);

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(kinds); i++) {
		int fd = (int)map_create(&b, &(struct map_spec){ kinds[i], 4, 4, 4, 0 });
		struct xb_map *map = map_of(&b, fd);
		u64 all[4] = { 9, 9, 9, 9 };
		u32 key = 1, value = 5;

		assert_int_equal(map->ops->update(map, &key, &value, 0, 2), 0);
		assert_int_equal(map_lookup(&b, fd, &key, all), 0);
		for (u32 cpu = 0; cpu < 4; cpu++)
			assert_int_equal(all[cpu], cpu == 2 ? 5 : 0);
		value = 6;
		assert_int_equal(map->ops->update(map, &key, &value, 0, 3), 0);
		assert_int_equal(map_lookup(&b, fd, &key, all), 0);
		assert_int_equal(all[2], 5);
		assert_int_equal(all[3], 6);
		/* The bytes behind a value are bpf(2)'s own, and come back. */
		for (u32 cpu = 0; cpu < 4; cpu++)
			all[cpu] = 0x1122334455667788ull + cpu;
		assert_int_equal(map_update(&b, fd, &key, all, 0), 0);
		memset(all, 0, sizeof(all));
		assert_int_equal(map_lookup(&b, fd, &key, all), 0);
		for (u32 cpu = 0; cpu < 4; cpu++)
			assert_int_equal(all[cpu], 0x1122334455667788ull + cpu);
		close(fd);
	}
	backend_free(&b);
}

/* Handles lead to their maps and to nothing else, and cannot be read. */
static void
test_handles(void **state)
{
	struct backend b = backend_emu(1);
	u64 handles[200];

	(void)state;
	for (u32 i = 0; i < 200; i++) {
		int fd = (int)map_create(&b, &(struct map_spec){ BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0 });
		struct xb_map *map = map_of(&b, fd);

		handles[i] = map->handle;
		assert_true(xb_map_by_handle(b.emu, map->handle) == map);
		assert_null(xb_map_by_handle(b.emu, map->handle + 1));
		assert_null(xb_map_by_handle(b.emu, map->handle + XB_MAP_HANDLE_BYTES));
		assert_false(xb_mem_check(b.emu->mem, map->handle, 1, XB_MEM_READ));
		assert_true(i == 0 || handles[i - 1] != handles[i]);
		close(fd);
	}
	assert_null(xb_map_by_handle(b.emu, 0));
	assert_null(xb_map_by_handle(b.emu, ~0ull));
	backend_free(&b);
}

static void
test_inner_handle(void **state)
{
	static const u32 kinds[] = { BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS };
	struct backend b = backend_emu(1);
	int inner = (int)map_create(&b, &(struct map_spec){ BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0 });
	u64 handle = map_of(&b, inner)->handle;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(kinds); i++) {
		union bpf_attr attr;
		u32 key = 2, other = 3;
		struct xb_map *map;
		int fd;

		memset(&attr, 0, sizeof(attr));
		attr.map_type = kinds[i];
		attr.key_size = 4;
		attr.value_size = 4;
		attr.max_entries = 4;
		attr.inner_map_fd = (u32)inner;
		fd = (int)backend_bpf(&b, BPF_MAP_CREATE, &attr, sizeof(attr));
		map = map_of(&b, fd);
		assert_int_equal(map_update(&b, fd, &key, &inner, 0), 0);
		assert_int_equal(map->ops->lookup(map, &key, 0), handle);
		assert_int_equal(map->ops->lookup(map, &other, 0), 0);
		assert_int_equal(map_delete(&b, fd, &key), 0);
		assert_int_equal(map->ops->lookup(map, &key, 0), 0);
		close(fd);
	}
	close(inner);
	backend_free(&b);
}

/* The order of a hash map's keys follows the seed. */
static u64
order(u64 seed, u32 flags)
{
	struct xb_err err = XB_ERR_INIT;
	struct backend b = { "emulator", xb_emu_new(&(struct xb_emu_opts){ .seed = seed }, &err) };
	int fd = (int)map_create(&b, &(struct map_spec){ BPF_MAP_TYPE_HASH, 4, 4, 64, flags });
	u32 key = 0, next;
	u64 sum = 0;

	for (u32 i = 0; i < 64; i++)
		assert_int_equal(map_update(&b, fd, &i, &i, 0), 0);
	for (bool first = true; !map_next(&b, fd, first ? NULL : &key, &next); first = false) {
		key = next;
		sum = sum * 31 + key;
	}
	close(fd);
	backend_free(&b);
	return sum;
}

static void
test_seed(void **state)
{
	(void)state;
	assert_int_equal(order(1, 0), order(1, 0));
	assert_true(order(1, 0) != order(2, 0));
	assert_int_equal(order(1, BPF_F_ZERO_SEED), order(2, BPF_F_ZERO_SEED));
}

static u32
longest_bucket(const struct xb_htab *h)
{
	u32 most = 0;

	for (u32 i = 0; i <= h->mask; i++) {
		u32 len = 0;

		for (u32 ref = h->buckets[i]; ref; ref = xb_htab_elem(h, ref)->next)
			len++;
		most = len > most ? len : most;
	}
	return most;
}

/* Keys of any size that differ in two bytes only, wherever these are, fill the buckets evenly. */
static void
test_spread(void **state)
{
	struct backend b = backend_emu(1);

	(void)state;
	for (u32 bytes = 1; bytes <= 40; bytes++)
		for (u32 at = 0; at < bytes; at++) {
			const struct map_spec spec = { BPF_MAP_TYPE_HASH, bytes, 1, 1024, 0 };
			int fd = (int)map_create(&b, &spec);
			struct xb_map *map = map_of(&b, fd);
			u8 key[40] = { 0 }, value = 0;
			u32 most;

			for (u32 i = 0; i < 1024; i++) {
				key[(at + 1) % bytes] = (u8)(i >> 8);
				key[at] = (u8)i;
				assert_int_equal(map->ops->update(map, key, &value, 0, 0), 0);
			}
			most = longest_bucket(map->priv);
			if (most > 12)
				fail_msg("keys of %u, byte %u: %u in a bucket", bytes, at, most);
			close(fd);
		}
	backend_free(&b);
}

/* Where a value is, for messages. */
static void
test_name(void **state)
{
	struct backend b = backend_emu(1);
	union bpf_attr attr;
	struct xb_map *map;
	struct xb_mem_where where;
	u8 value[6] = { 0 };
	u32 key = 3;
	u64 gaddr;
	int fd;

	(void)state;
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = 4;
	attr.value_size = 6;
	attr.max_entries = 4;
	strcpy(attr.map_name, "flows");
	fd = (int)backend_bpf(&b, BPF_MAP_CREATE, &attr, sizeof(attr));
	map = map_of(&b, fd);
	assert_int_equal(map_update(&b, fd, &key, value, 0), 0);
	gaddr = map->ops->lookup(map, &key, 0);
	xb_mem_describe(b.emu->mem, gaddr + 4, 4, XB_MEM_READ, &where);
	assert_string_equal(where.name, "value of map 'flows'");
	assert_int_equal(where.obj_gaddr, gaddr);
	assert_int_equal(where.obj_bytes, 6);
	close(fd);
	backend_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),        cmocka_unit_test(test_devmap),
		cmocka_unit_test(test_mmapable),     cmocka_unit_test(test_mmapable_across),
		cmocka_unit_test(test_deferred),     cmocka_unit_test(test_deferred_joint),
		cmocka_unit_test(test_lazy),         cmocka_unit_test(test_huge),
		cmocka_unit_test(test_percpu),       cmocka_unit_test(test_handles),
		cmocka_unit_test(test_inner_handle), cmocka_unit_test(test_spread),
		cmocka_unit_test(test_seed),         cmocka_unit_test(test_name),
	};

	return cmocka_run_group_tests_name("map memory", tests, NULL, NULL);
}
