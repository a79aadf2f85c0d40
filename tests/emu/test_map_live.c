/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of the kernel's that emulated and real programs share: what either writes the other one
 * finds, while both run and between runs.
 */
#include "emu/map_live.h"
#include "emu/map_op.h"
#include "emu/map_priv.h"
#include "emu/vcpu.h"
#include "tests/emu/live_rig.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define EMU_RUNS    1000u
#define KERNEL_RUNS 20000u

struct lpm4 {
	u32 bits;
	u8 addr[4];
};

/* Two keys of each type: the emulator's and the kernel's. */
static const struct row {
	const char *name;
	struct live_spec spec;
	u8 mine[8], its[8];
	bool is_array;
} rows[] = {
	{ "array", { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0 }, { 1 }, { 2 }, true },
	{ "array, mmapable",
	  { BPF_MAP_TYPE_ARRAY, 4, 8, 600, BPF_F_MMAPABLE },
	  { 1 },
	  { 2 },
	  true },
	{ "percpu_array", { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 4, 0 }, { 1 }, { 2 }, true },
	{ "hash", { BPF_MAP_TYPE_HASH, 8, 8, 4, 0 }, { 1 }, { 2 }, false },
	{ "hash, made when used",
	  { BPF_MAP_TYPE_HASH, 8, 8, 4, BPF_F_NO_PREALLOC },
	  { 1 },
	  { 2 },
	  false },
	{ "hash, odd key", { BPF_MAP_TYPE_HASH, 5, 8, 4, 0 }, { 1 }, { 2 }, false },
	{ "lru_hash", { BPF_MAP_TYPE_LRU_HASH, 4, 8, 64, 0 }, { 1 }, { 2 }, false },
	{ "percpu_hash", { BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 4, 0 }, { 1 }, { 2 }, false },
	{ "lru_percpu_hash", { BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 64, 0 }, { 1 }, { 2 }, false },
	{ "lpm_trie",
	  { BPF_MAP_TYPE_LPM_TRIE, 8, 8, 8, BPF_F_NO_PREALLOC },
	  { 24, 0, 0, 0, 10, 1, 2, 0 },
	  { 24, 0, 0, 0, 10, 1, 3, 0 },
	  false },
};

static struct live_prog
prog_on(const struct row *row, int map, const u8 *key)
{
	return (struct live_prog){ .map = map, .key = key, .key_bytes = row->spec.key_bytes };
}

static void
want(const struct row *row, const char *what, u64 got, u64 expected)
{
	if (got != expected)
		fail_msg("%s: %s: %lld, expected %lld", row->name, what, (long long)got,
		         (long long)expected);
}

/* The kernel's program runs in a child while the emulator's does here. */
static void
run_both(const struct live *l, int emu_prog, int kernel_prog)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		live_run(&l->kernel, kernel_prog, KERNEL_RUNS);
		_exit(0);
	}
	live_run(&l->emu, emu_prog, EMU_RUNS);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
test_counters(void **state)
{
	struct live l;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		int fd = live_map(&l, &row->spec), shared = live_fd(live_share(&l, fd));
		struct live_prog mine = prog_on(row, shared, row->mine);
		struct live_prog its = prog_on(row, fd, row->its);

		run_both(&l, live_counter(&l.emu, &mine), live_counter(&l.kernel, &its));
		want(row, "emulator's", live_sum(&l, fd, &row->spec, row->mine), EMU_RUNS);
		want(row, "kernel's", live_sum(&l, fd, &row->spec, row->its), KERNEL_RUNS);
		close(shared);
		close(fd);
	}
	live_close(&l);
}

/* One element, counted up by both at the same time. */
static void
test_atomics(void **state)
{
	static const struct row row = {
		"atomics", { BPF_MAP_TYPE_ARRAY, 4, 8, 600, BPF_F_MMAPABLE }, { 0 }, { 0 }, true
	};
	u32 last = 599;
	struct live_prog prog;
	struct live l;
	int fd, shared;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	fd = live_map(&l, &row.spec);
	shared = live_fd(live_share(&l, fd));
	prog = (struct live_prog){ .map = shared, .key = &last, .key_bytes = 4, .atomic = true };
	for (u32 i = 1; i <= 5; i++) {
		int emu_prog = live_counter(&l.emu, &prog), kernel_prog;
		struct live_prog its = prog;

		its.map = fd;
		kernel_prog = live_counter(&l.kernel, &its);
		run_both(&l, emu_prog, kernel_prog);
		want(&row, "sum", live_sum(&l, fd, &row.spec, &last),
		     (u64)i * (EMU_RUNS + KERNEL_RUNS));
	}
	live_close(&l);
}

/* What one side writes, or deletes, the other side finds in its next run. */
static void
test_between_runs(void **state)
{
	struct live l;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		int fd = live_map(&l, &row->spec), shared = live_fd(live_share(&l, fd));
		bool percpu = xb_map_ops_of(row->spec.type)->flags & XB_MAP_PERCPU;
		u64 all = percpu ? l.cpus : 1;
		struct live_prog on = prog_on(row, shared, row->mine);
		int count = live_counter(&l.emu, &on), drop = live_deleter(&l.emu, &on);
		int put = live_updater(&l.emu, &on);

		live_set(&l, fd, row->mine, 500);
		live_run(&l.emu, count, 1);
		want(row, "after 500", live_sum(&l, fd, &row->spec, row->mine), 500 * all + 1);
		live_set(&l, fd, row->mine, 7);
		live_run(&l.emu, count, 3);
		want(row, "after 7", live_sum(&l, fd, &row->spec, row->mine), 7 * all + 3);
		want(row, "update", (u64)live_run(&l.emu, put, 1), 0);
		want(row, "after update", live_sum(&l, fd, &row->spec, row->mine),
		     7 * (all - 1) + 1);
		want(row, "delete", (u64)live_run(&l.emu, drop, 1),
		     row->is_array ? (u64)-EINVAL : 0);
		if (row->is_array)
			continue;
		want(row, "after delete", live_sum(&l, fd, &row->spec, row->mine), UINT64_MAX);
		want(row, "delete again", (u64)live_run(&l.emu, drop, 1), (u64)-ENOENT);
	}
	live_close(&l);
}

static void
test_full(void **state)
{
	static const struct live_spec specs[] = {
		{ BPF_MAP_TYPE_HASH, 8, 8, 2, 0 },
		{ BPF_MAP_TYPE_ARRAY, 8 / 2, 8, 2, 0 },
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 2, BPF_F_MMAPABLE },
	};
	struct live l;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	for (u32 i = 0; i < XB_ARRAY_SIZE(specs); i++) {
		int fd = live_map(&l, &specs[i]), shared = live_fd(live_share(&l, fd));
		u64 key = 2, a = 0, b = 1;
		struct live_prog on = { .map = shared,
			                .key = &key,
			                .key_bytes = specs[i].key_bytes };

		live_set(&l, fd, &a, 1);
		live_set(&l, fd, &b, 1);
		assert_int_equal(live_run(&l.emu, live_updater(&l.emu, &on), 1), -E2BIG);
		assert_int_equal(live_run(&l.emu, live_counter(&l.emu, &on), 1), -E2BIG);
	}
	live_close(&l);
}

static u64 *
host(const struct xb_map *map, u64 value)
{
	assert_true(value != 0);
	return xb_mem_host(map->emu->mem, value);
}

static void
delete_on_kernel(const struct live *l, int fd, const void *key)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	attr.key = (uintptr_t)key;
	assert_int_equal(backend_bpf(&l->kernel, BPF_MAP_DELETE_ELEM, &attr), 0);
}

/* In one run a key is one cell; what replaces an element leaves the address that a program has. */
static void
test_cells(void **state)
{
	static const struct live_spec spec = { BPF_MAP_TYPE_HASH, 4, 12, 4, 0 };
	struct xb_mem *mem;
	u64 values[2] = { 5, 0 }, value, other;
	struct xb_map *map;
	struct live l;
	u32 key = 9;
	int fd, why;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	fd = live_map(&l, &spec);
	map = live_share(&l, fd);
	mem = l.emu.emu->mem;
	assert_int_equal(map->ops->lookup(map, &key, 0), 0);
	assert_int_equal(backend_update(&l.kernel, fd, &key, values), 0);
	value = map->ops->lookup(map, &key, 0);
	assert_int_equal(*host(map, value), 5);
	assert_true(xb_mem_check(mem, value + 8, 4, XB_MEM_WRITE));
	assert_false(xb_mem_check(mem, value + 12, 1, XB_MEM_READ));
	*host(map, value) = 6;
	assert_int_equal(map->ops->lookup(map, &key, 0), value);
	assert_int_equal(live_sum(&l, fd, &spec, &key), 5);
	xb_emu_run_end(l.emu.emu, 0);
	assert_int_equal(live_sum(&l, fd, &spec, &key), 6);
	assert_false(xb_mem_check(mem, value, 1, XB_MEM_READ));

	value = map->ops->lookup(map, &key, 0);
	values[0] = 70;
	assert_int_equal(map->ops->update(map, &key, values, BPF_ANY, 0), 0);
	other = map->ops->lookup(map, &key, 0);
	assert_true(other != value);
	assert_int_equal(*host(map, other), 70);
	*host(map, value) = 1;
	xb_emu_run_end(l.emu.emu, 0);
	assert_int_equal(live_sum(&l, fd, &spec, &key), 70);

	/* Of a key that somebody deletes the cell goes nowhere. */
	value = map->ops->lookup(map, &key, 0);
	*host(map, value) = 2;
	assert_int_equal(xb_map_read(map, &key, values), 0);
	assert_int_equal(map->ops->remove(map, &key), 0);
	*host(map, value) = 3;
	xb_emu_run_end(l.emu.emu, 0);
	assert_int_equal(live_sum(&l, fd, &spec, &key), UINT64_MAX);

	/* Also where it is the kernel's side that deletes. */
	assert_int_equal(backend_update(&l.kernel, fd, &key, values), 0);
	*host(map, map->ops->lookup(map, &key, 0)) = 4;
	delete_on_kernel(&l, fd, &key);
	xb_emu_run_end(l.emu.emu, 0);
	assert_int_equal(live_sum(&l, fd, &spec, &key), UINT64_MAX);
	assert_int_equal(xb_map_live_lost(map, &why), 0);
	live_close(&l);
}

/* An update in place: who has the address finds the value there, and may go on from it. */
static void
test_in_place(void **state)
{
	static const struct live_spec specs[] = {
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0 },
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 2, BPF_F_MMAPABLE },
		{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 2, 0 },
		{ BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 2, 0 },
	};
	struct live l;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	for (u32 i = 0; i < XB_ARRAY_SIZE(specs); i++) {
		int fd = live_map(&l, &specs[i]), shared;
		struct xb_map *map = live_share(&l, fd);
		u64 put = 20, value, values[LIVE_MOST_CPUS];
		u32 key = 1;

		shared = live_fd(map);
		live_set(&l, fd, &key, 1);
		value = map->ops->lookup(map, &key, 0);
		assert_int_equal(map->ops->update(map, &key, &put, BPF_ANY, 0), 0);
		assert_int_equal(*host(map, value), 20);
		*host(map, value) += 1;
		/* What bpf(2) is asked for in the midst of a run has what was stored. */
		assert_int_equal(backend_lookup(&l.emu, shared, &key, values), 0);
		assert_int_equal(values[0], 21);
		*host(map, value) += 1;
		xb_emu_run_end(l.emu.emu, 0);
		assert_int_equal(backend_lookup(&l.kernel, fd, &key, values), 0);
		assert_int_equal(values[0], 22);
	}
	live_close(&l);
}

/* Copies of other CPUs stay as they are. */
static void
test_percpu(void **state)
{
	static const struct live_spec spec = { BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 4, 0 };
	u64 values[LIVE_MOST_CPUS];
	struct xb_map *map;
	struct live l;
	u32 key = 1, cpu;
	int fd;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	cpu = l.cpus - 1;
	fd = live_map(&l, &spec);
	map = live_share(&l, fd);
	live_set(&l, fd, &key, 10);
	*host(map, map->ops->lookup(map, &key, cpu)) += 5;
	if (cpu) {
		assert_int_equal(*host(map, map->ops->lookup(map, &key, 0)), 10);
		live_set(&l, fd, &key, 20); /* meanwhile */
	}
	xb_emu_run_end(l.emu.emu, 0);
	assert_int_equal(backend_lookup(&l.kernel, fd, &key, values), 0);
	for (u32 i = 0; i < l.cpus; i++)
		assert_int_equal(values[i], i == cpu ? 15 : 20);
	values[0] = 3;
	assert_int_equal(map->ops->update(map, &key, values, BPF_NOEXIST, cpu), -EEXIST);
	assert_int_equal(map->ops->update(map, &key, values, BPF_EXIST, cpu), 0);
	assert_int_equal(backend_lookup(&l.kernel, fd, &key, values), 0);
	for (u32 i = 0; i < l.cpus; i++)
		assert_int_equal(values[i], i == cpu ? 3 : 20);
	live_close(&l);
}

/* What a lookup of LPM finds: the cell is that of the prefix, whatever was asked. */
static void
test_lpm(void **state)
{
	static const struct live_spec spec = { BPF_MAP_TYPE_LPM_TRIE, 8, 8, 16, BPF_F_NO_PREALLOC };
	static const struct lpm4 nets[] = {
		{ 0, { 0, 0, 0, 0 } },   { 8, { 10, 0, 0, 0 } },    { 15, { 10, 2, 0, 0 } },
		{ 24, { 10, 1, 2, 0 } }, { 32, { 10, 1, 2, 255 } }, { 25, { 192, 168, 1, 128 } },
	};
	static const struct {
		struct lpm4 key;
		s32 net; /* -1: none */
	} asks[] = {
		{ { 32, { 10, 1, 2, 3 } }, 3 },    { { 32, { 10, 1, 2, 255 } }, 4 },
		{ { 31, { 10, 1, 2, 255 } }, 3 },  { { 32, { 10, 3, 255, 1 } }, 2 },
		{ { 14, { 10, 3, 255, 1 } }, 1 },  { { 8, { 10, 9, 9, 9 } }, 1 },
		{ { 7, { 10, 9, 9, 9 } }, 0 },     { { 32, { 192, 168, 1, 129 } }, 5 },
		{ { 32, { 192, 168, 1, 1 } }, 0 }, { { 0, { 1, 2, 3, 4 } }, 0 },
		{ { 33, { 10, 0, 0, 0 } }, -1 },
	};
	u64 first, sums[XB_ARRAY_SIZE(nets)] = { 0 };
	struct xb_map *map;
	struct live l;
	int fd;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	fd = live_map(&l, &spec);
	map = live_share(&l, fd);
	assert_int_equal(map->ops->lookup(map, &asks[0].key, 0), 0);
	for (u32 i = 0; i < XB_ARRAY_SIZE(nets); i++)
		live_set(&l, fd, &nets[i], 0);
	for (u32 i = 0; i < XB_ARRAY_SIZE(asks); i++) {
		u64 value = map->ops->lookup(map, &asks[i].key, 0);

		if (asks[i].net < 0) {
			assert_int_equal(value, 0);
			continue;
		}
		first = map->ops->lookup(map, &nets[asks[i].net], 0);
		if (value != first)
			fail_msg("ask %u: not net %d", i, asks[i].net);
		*host(map, value) += 1;
		sums[asks[i].net]++;
	}
	xb_emu_run_end(l.emu.emu, 0);
	for (u32 i = 0; i < XB_ARRAY_SIZE(nets); i++)
		assert_int_equal(live_sum(&l, fd, &spec, &nets[i]), sums[i]);
	live_close(&l);
}

struct each {
	u32 cnt;
	u64 sum;
	bool removes;
};

static int
add_one(void *arg, struct xb_map *map, const void *key, u64 value)
{
	struct each *each = arg;

	each->cnt++;
	each->sum += *host(map, value);
	*host(map, value) += 1;
	if (each->removes)
		assert_int_equal(map->ops->remove(map, key), 0);
	return 0;
}

static void
test_each(void **state)
{
	struct live l;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		int fd = live_map(&l, &row->spec);
		struct xb_map *map = live_share(&l, fd);
		struct each each = { 0 };
		u32 cnt = row->is_array ? row->spec.entries : 2;

		live_set(&l, fd, row->mine, 3);
		live_set(&l, fd, row->its, 4);
		if (row->spec.type == BPF_MAP_TYPE_LPM_TRIE) {
			assert_int_equal(xb_map_for_each(map, 0, add_one, &each), -EINVAL);
			continue;
		}
		want(row, "elements", (u64)xb_map_for_each(map, 0, add_one, &each), cnt);
		want(row, "sum", each.sum, 7);
		xb_emu_run_end(l.emu.emu, 0);
		each.removes = !row->is_array;
		want(row, "again", (u64)xb_map_for_each(map, 0, add_one, &each), cnt);
		want(row, "sum after", each.sum, 7 + 7 + cnt);
		xb_emu_run_end(l.emu.emu, 0);
		if (!row->is_array)
			want(row, "none left", (u64)xb_map_for_each(map, 0, add_one, &each), 0);
	}
	live_close(&l);
}

static void
test_queues(void **state)
{
	static const struct live_spec queue = { BPF_MAP_TYPE_QUEUE, 0, 8, 2, 0 };
	static const struct live_spec stack = { BPF_MAP_TYPE_STACK, 0, 8, 2, 0 };
	static const struct live_spec bloom = { BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 8, 0 };
	const struct live_spec *specs[] = { &queue, &stack };
	u64 one = 1, two = 2, value;
	struct xb_map *map;
	struct live l;
	int fd;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	for (u32 i = 0; i < XB_ARRAY_SIZE(specs); i++) {
		fd = live_map(&l, specs[i]);
		map = live_share(&l, fd);
		value = 99;
		assert_int_equal(map->ops->pop(map, &value), -ENOENT);
		assert_int_equal(value, 0);
		assert_int_equal(map->ops->push(map, &one, BPF_ANY), 0);
		assert_int_equal(backend_update(&l.kernel, fd, NULL, &two), 0);
		assert_int_equal(map->ops->push(map, &one, BPF_ANY), -E2BIG);
		assert_int_equal(map->ops->peek(map, &value), 0);
		assert_int_equal(value, i ? 2 : 1);
		assert_int_equal(map->ops->pop(map, &value), 0);
		assert_int_equal(value, i ? 2 : 1);
		assert_int_equal(backend_lookup(&l.kernel, fd, NULL, &value), 0);
		assert_int_equal(value, i ? 1 : 2);
	}
	fd = live_map(&l, &bloom);
	map = live_share(&l, fd);
	assert_int_equal(map->ops->peek(map, &one), -ENOENT);
	assert_int_equal(backend_update(&l.kernel, fd, NULL, &one), 0);
	assert_int_equal(map->ops->peek(map, &one), 0);
	assert_int_equal(map->ops->push(map, &two, BPF_ANY), 0);
	assert_int_equal(backend_lookup(&l.kernel, fd, NULL, &two), 0);
	live_close(&l);
}

#define VCPUS 4u

struct thread {
	struct xb_map *map;
	u32 vcpu;
	pthread_t id;
};

static void *
count_on_vcpu(void *arg)
{
	const struct thread *t = arg;
	struct xb_emu *emu = t->map->emu;

	for (u32 i = 0; i < KERNEL_RUNS; i++) {
		u32 key = i % 3;
		u64 value;

		xb_emu_run_begin(emu, t->vcpu);
		value = xb_map_op_lookup(t->map, &key, t->vcpu);
		__atomic_fetch_add((u64 *)xb_mem_host(emu->mem, value), 1, __ATOMIC_RELAXED);
		xb_emu_run_end(emu, t->vcpu);
	}
	return NULL;
}

/* vCPUs that run at the same time have one cell of a key, from which nothing gets lost. */
static void
test_vcpus(void **state)
{
	static const struct live_spec specs[] = {
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0 },
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 3, BPF_F_MMAPABLE },
		{ BPF_MAP_TYPE_HASH, 4, 8, 3, 0 },
		{ BPF_MAP_TYPE_LRU_HASH, 4, 8, 64, 0 },
	};
	struct thread threads[VCPUS];
	struct live l;

	(void)state;
	if (!live_open(&l, VCPUS))
		skip();
	for (u32 i = 0; i < XB_ARRAY_SIZE(specs); i++) {
		int fd = live_map(&l, &specs[i]);
		struct xb_map *map = live_share(&l, fd);
		u64 sum = 0;

		for (u32 key = 0; key < 3; key++)
			live_set(&l, fd, &key, 0);
		xb_emu_concurrent_begin(l.emu.emu);
		for (u32 k = 0; k < VCPUS; k++) {
			threads[k] = (struct thread){ .map = map, .vcpu = k };
			assert_int_equal(
			        pthread_create(&threads[k].id, NULL, count_on_vcpu, &threads[k]),
			        0);
		}
		for (u32 k = 0; k < VCPUS; k++)
			pthread_join(threads[k].id, NULL);
		for (u32 key = 0; key < 3; key++)
			sum += live_sum(&l, fd, &specs[i], &key);
		if (sum != VCPUS * KERNEL_RUNS)
			fail_msg("type %u: %llu, expected %u", specs[i].type,
			         (unsigned long long)sum, VCPUS * KERNEL_RUNS);
		xb_emu_concurrent_end(l.emu.emu);
	}
	live_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters),     cmocka_unit_test(test_atomics),
		cmocka_unit_test(test_between_runs), cmocka_unit_test(test_full),
		cmocka_unit_test(test_cells),        cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_percpu),       cmocka_unit_test(test_lpm),
		cmocka_unit_test(test_each),         cmocka_unit_test(test_queues),
		cmocka_unit_test(test_vcpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
