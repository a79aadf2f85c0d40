/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which elements an LRU map drops, and when: long before it is full, as the kernel. The lists know
 * nothing of hashes, so the very same elements go on both sides, as long as one CPU does it all.
 */
#include "emu/map.h"
#include "emu/vcpu.h"
#include "tests/emu/map_backend.h"
#include "vm/bytes.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct row {
	const char *name;
	struct map_spec spec;
	u32 key_space;
	u32 op_cnt;
} rows[] = {
	{ "one", { BPF_MAP_TYPE_LRU_HASH, 4, 8, 1, 0 }, 4, 2000 },
	{ "two", { BPF_MAP_TYPE_LRU_HASH, 4, 8, 2, 0 }, 8, 5000 },
	{ "seven", { BPF_MAP_TYPE_LRU_HASH, 4, 8, 7, 0 }, 20, 10000 },
	{ "100", { BPF_MAP_TYPE_LRU_HASH, 4, 8, 100, 0 }, 150, 20000 },
	{ "1000", { BPF_MAP_TYPE_LRU_HASH, 4, 8, 1000, 0 }, 3000, 20000 },
	{ "1000 of few", { BPF_MAP_TYPE_LRU_HASH, 4, 8, 1000, 0 }, 1100, 20000 },
	{ "10000", { BPF_MAP_TYPE_LRU_HASH, 4, 8, 10000, 0 }, 20000, 50000 },
	{ "lists per CPU", { BPF_MAP_TYPE_LRU_HASH, 4, 8, 64, BPF_F_NO_COMMON_LRU }, 100, 20000 },
	{ "odd lists per CPU", { BPF_MAP_TYPE_LRU_HASH, 4, 8, 7, BPF_F_NO_COMMON_LRU }, 20, 20000 },
	{ "per-CPU values", { BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 4, 100, 0 }, 150, 20000 },
	{ "per-CPU both",
	  { BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 4, 100, BPF_F_NO_COMMON_LRU },
	  150,
	  20000 },
};

struct run {
	const struct row *row;
	struct backend b[2];
	int fd[2];
	u32 side_cnt;
	u64 rand;
	u32 cpu, cpu_cnt; /* that works now; of so many that take turns */
	u8 value[XB_EMU_MAX_CPUS * 8];
};

static u32
rnd(struct run *r, u32 below)
{
	r->rand ^= r->rand << 13;
	r->rand ^= r->rand >> 7;
	r->rand ^= r->rand << 17;
	return (u32)((r->rand >> 11) % below);
}

static void
pin(u32 cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static int
compare_u32(const void *a, const void *b)
{
	u32 x = xb_ld32(a), y = xb_ld32(b);

	return x < y ? -1 : x > y;
}

/* The keys in the map, ascending. */
static u32
keys_of(const struct run *r, u32 side, u32 *keys)
{
	u32 cnt = 0;

	while (!map_next(&r->b[side], r->fd[side], cnt ? &keys[cnt - 1] : NULL, &keys[cnt])) {
		cnt++;
		assert_true(cnt <= r->row->key_space);
	}
	qsort(keys, cnt, sizeof(*keys), compare_u32);
	return cnt;
}

static void
compare_keys(const struct run *r, u32 op)
{
	u32 cnt[2], *keys[2];

	for (u32 i = 0; i < r->side_cnt; i++) {
		keys[i] = calloc(r->row->key_space + 1, sizeof(u32));
		assert_non_null(keys[i]);
		cnt[i] = keys_of(r, i, keys[i]);
	}
	assert_true(cnt[0] <= map_of(&r->b[0], r->fd[0])->max_entries);
	if (r->side_cnt == 2) {
		if (cnt[0] != cnt[1])
			fail_msg("%s: operation %u: %u elements, kernel %u", r->row->name, op,
			         cnt[0], cnt[1]);
		if (memcmp(keys[0], keys[1], cnt[0] * sizeof(u32)))
			fail_msg("%s: operation %u: other elements than the kernel's", r->row->name,
			         op);
	}
	for (u32 i = 0; i < r->side_cnt; i++)
		free(keys[i]);
}

static const u64 flags[] = { 0, 0, 0, 0, BPF_NOEXIST, BPF_EXIST };

/* An update by a CPU: bpf(2) of the emulator has only the first. */
static long
update_on(struct run *r, u32 kind, u32 key)
{
	struct xb_map *map = map_of(&r->b[0], r->fd[0]);
	long ret = map->ops->update(map, &key, r->value, flags[kind], r->cpu);

	xb_emu_run_end(r->b[0].emu, 0);
	return ret;
}

static long
one_op(struct run *r, u32 side, u32 kind, u32 key)
{
	if (kind < XB_ARRAY_SIZE(flags) && side == 0 && r->cpu)
		return update_on(r, kind, key);

	if (kind < XB_ARRAY_SIZE(flags))
		return map_update(&r->b[side], r->fd[side], &key, r->value, flags[kind]);
	if (kind == 6)
		return map_delete(&r->b[side], r->fd[side], &key);
	return map_lookup(&r->b[side], r->fd[side], &key, r->value);
}

/* Now and then another CPU goes on. */
static void
take_turns(struct run *r)
{
	if (r->cpu_cnt == 1 || rnd(r, 9))
		return;
	r->cpu = rnd(r, r->cpu_cnt);
	pin(r->cpu);
}

static void
test_row(const struct row *row, const struct backend *kernel, bool has_kernel, u32 cpu_cnt)
{
	static struct run r;
	long ret[2];

	r = (struct run){ .row = row,
		          .rand = 88172645463325252ull,
		          .side_cnt = 1u + has_kernel,
		          .cpu_cnt = cpu_cnt };
	pin(0);
	r.b[0] = backend_emu(backend_cpus());
	r.b[1] = *kernel;
	for (u32 i = 0; i < r.side_cnt; i++) {
		r.fd[i] = (int)map_create(&r.b[i], &row->spec);
		assert_true(r.fd[i] >= 0);
	}
	for (u32 op = 0; op < row->op_cnt; op++) {
		u32 kind = rnd(&r, 8), key = rnd(&r, row->key_space);

		take_turns(&r);
		for (u32 i = 0; i < r.side_cnt; i++)
			ret[i] = one_op(&r, i, kind, key);
		assert_true(ret[0] == 0 || ret[0] == -ENOENT || ret[0] == -EEXIST);
		if (has_kernel && ret[0] != ret[1])
			fail_msg("%s: operation %u of kind %u: emulator %ld, kernel %ld", row->name,
			         op, kind, ret[0], ret[1]);
		if (op % (row->key_space / 3 + 1) == 0)
			compare_keys(&r, op);
	}
	for (u32 i = 0; i < r.side_cnt; i++)
		close(r.fd[i]);
	backend_free(&r.b[0]);
}

static void
test_eviction(void **state)
{
	struct backend kernel;
	bool has_kernel = backend_kernel(&kernel);

	(void)state;
	backend_pin();
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		test_row(&rows[i], &kernel, has_kernel, 1);
}

/* How many CPUs this process may be moved to, from the first on. */
static u32
usable_cpus(void)
{
	cpu_set_t set;
	u32 cnt = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	while (cnt < backend_cpus() && CPU_ISSET(cnt, &set))
		cnt++;
	return cnt;
}

/* The same with several CPUs that take turns: they have lists of their own, and steal. */
static void
test_turns(void **state)
{
	struct backend kernel;
	bool has_kernel = backend_kernel(&kernel);
	cpu_set_t all;
	u32 cpus;

	(void)state;
	CPU_ZERO(&all);
	for (u32 i = 0; i < backend_cpus(); i++)
		CPU_SET(i, &all);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	cpus = usable_cpus();
	if (cpus < 2) {
		print_message("skipped: LRU lists of several CPUs, there is one\n");
		return;
	}
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (rows[i].spec.type == BPF_MAP_TYPE_LRU_HASH)
			test_row(&rows[i], &kernel, has_kernel, cpus);
	backend_pin();
}

/* What a program looked up is kept, what bpf(2) looked up is not. */
static void
test_reference(void **state)
{
	const struct map_spec spec = { BPF_MAP_TYPE_LRU_HASH, 4, 8, 256, 0 };
	struct backend b = backend_emu(1);
	int fd = (int)map_create(&b, &spec);
	struct xb_map *map = map_of(&b, fd);
	u64 value = 0;
	u32 kept = 0, asked = 1;

	(void)state;
	for (u32 key = 0; key < 10000; key++) {
		assert_int_equal(map_update(&b, fd, &key, &value, 0), 0);
		if (key > kept)
			assert_true(map->ops->lookup(map, &kept, 0) != 0);
		if (key > asked && key < 128)
			assert_int_equal(map_lookup(&b, fd, &asked, &value), 0);
	}
	assert_int_equal(map_lookup(&b, fd, &asked, &value), -ENOENT);
	close(fd);
	backend_free(&b);
}

/* Values of a map with more CPUs: each CPU's lists are its own. */
static void
test_cpus(void **state)
{
	const struct map_spec spec = { BPF_MAP_TYPE_LRU_HASH, 4, 8, 10, BPF_F_NO_COMMON_LRU };
	struct backend b = backend_emu(4);
	int fd = (int)map_create(&b, &spec);
	struct xb_map *map = map_of(&b, fd);
	u64 value = 0;
	u32 key = 0;

	(void)state;
	assert_int_equal(map->max_entries, 12); /* 3 a CPU */
	for (u32 cpu = 0; cpu < 4; cpu++)
		for (u32 i = 0; i < 1000; i++, key++) {
			assert_int_equal(map->ops->update(map, &key, &value, 0, cpu), 0);
			xb_emu_run_end(b.emu, 0);
		}
	/* The last key of every CPU is there, whatever the others did. */
	for (u32 cpu = 0; cpu < 4; cpu++) {
		key = cpu * 1000 + 999;
		assert_int_equal(map_lookup(&b, fd, &key, &value), 0);
	}
	close(fd);
	backend_free(&b);
}

/* The common list with several CPUs never runs out, also when it has fewer nodes than CPUs. */
static void
test_steal(void **state)
{
	struct backend b = backend_emu(8);
	u64 value = 0;

	(void)state;
	for (u32 max = 1; max < 40; max += 3) {
		const struct map_spec spec = { BPF_MAP_TYPE_LRU_HASH, 4, 8, max, 0 };
		int fd = (int)map_create(&b, &spec);
		struct xb_map *map = map_of(&b, fd);

		for (u32 key = 0; key < 2000; key++) {
			u32 cpu = key * 7919 % 8;

			assert_int_equal(map->ops->update(map, &key, &value, 0, cpu), 0);
			assert_true(map->ops->lookup(map, &key, cpu) != 0);
			xb_emu_run_end(b.emu, 0);
		}
		close(fd);
	}
	backend_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eviction),  cmocka_unit_test(test_turns),
		cmocka_unit_test(test_reference), cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_steal),
	};

	return cmocka_run_group_tests_name("map LRU", tests, NULL, NULL);
}
