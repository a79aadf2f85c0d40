/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks over all elements of a map, as bpf_for_each_map_elem makes them, also while some are taken
 * out.
 */
#include "emu/map.h"
#include "emu/map_htab.h"
#include "emu/vcpu.h"
#include "tests/emu/map_backend.h"
#include "vm/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct each {
	u32 cnt, stop;
	bool remove;
	u64 sum;
};

static int
each(void *arg, struct xb_map *map, const void *key, u64 value)
{
	struct each *e = arg;

	e->sum += xb_ld32(xb_mem_host(map->emu->mem, value)) - xb_ld32(key);
	if (e->remove)
		assert_int_equal(map->ops->remove(map, key), 0);
	return ++e->cnt == e->stop;
}

static void
test_for_each(void **state)
{
	static const u32 kinds[] = { BPF_MAP_TYPE_ARRAY,    BPF_MAP_TYPE_PERCPU_ARRAY,
		                     BPF_MAP_TYPE_HASH,     BPF_MAP_TYPE_PERCPU_HASH,
		                     BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH };
	struct backend b = backend_emu(1);
	int fd;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(kinds); i++) {
		u32 max = kinds[i] >= BPF_MAP_TYPE_LRU_HASH ? 1000 : 100;
		struct each e = { 0 }, half = { .stop = 50 }, drop = { .remove = true };
		struct xb_map *map;
		u64 value;

		fd = (int)map_create(&b, &(struct map_spec){ kinds[i], 4, 8, max, 0 });
		map = map_of(&b, fd);
		for (u32 key = 0; key < 100; key++) {
			value = key + 2;
			assert_int_equal(map_update(&b, fd, &key, &value, 0), 0);
		}
		assert_int_equal(xb_map_for_each(map, 0, each, &half), 50);
		assert_int_equal(xb_map_for_each(map, 0, each, &e), 100);
		assert_int_equal(e.sum, 200);
		if (i >= 2) { /* elements of arrays cannot be taken out */
			assert_int_equal(xb_map_for_each(map, 0, each, &drop), 100);
			xb_emu_run_end(b.emu, 0);
			assert_int_equal(map_next(&b, fd, NULL, &value), -ENOENT);
		}
		close(fd);
	}
	fd = (int)map_create(
	        &b, &(struct map_spec){ BPF_MAP_TYPE_LPM_TRIE, 8, 8, 4, BPF_F_NO_PREALLOC });
	assert_int_equal(xb_map_for_each(map_of(&b, fd), 0, each, NULL), -EINVAL);
	close(fd);
	backend_free(&b);
}

/* Takes all elements out at its first call. */
static int
remove_all(void *arg, struct xb_map *map, const void *key, u64 value)
{
	u32 *cnt = arg;

	(void)key;
	assert_true(xb_mem_check(map->emu->mem, value, 4, XB_MEM_READ));
	for (u32 k = 0; k < 8; k++)
		map->ops->remove(map, &k);
	++*cnt;
	return 0;
}

/* An iteration has its next element before it calls: one taken out meanwhile comes still. */
static void
test_for_each_removed(void **state)
{
	struct backend b = backend_emu(1);
	int fd = (int)map_create(&b, &(struct map_spec){ BPF_MAP_TYPE_HASH, 4, 4, 8, 0 });
	struct xb_map *map = map_of(&b, fd);
	const struct xb_htab *h = map->priv;
	u32 value = 0, first = 0, cnt = 0;

	(void)state;
	for (u32 key = 0; key < 8; key++)
		assert_int_equal(map->ops->update(map, &key, &value, 0, 0), 0);
	while (!h->buckets[first] || !xb_htab_elem(h, h->buckets[first])->next) {
		const u32 ref = h->buckets[first++]; /* leaves the first bucket with two */

		if (ref)
			assert_int_equal(map->ops->remove(map, xb_htab_elem(h, ref)->key), 0);
		assert_true(first <= h->mask);
	}
	assert_int_equal(xb_map_for_each(map, 0, remove_all, &cnt), 2);
	assert_int_equal(cnt, 2);
	assert_int_equal(h->count, 0);
	xb_emu_run_end(b.emu, 0);
	close(fd);
	backend_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_for_each),
		cmocka_unit_test(test_for_each_removed),
	};

	return cmocka_run_group_tests_name("map walks", tests, NULL, NULL);
}
