/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Batch commands: which types have which, how far they come, and what they say of it.
 */
#include "emu/map.h"
#include "tests/emu/map_backend.h"
#include "vm/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CNT_MOST 64u

static const struct type_row {
	struct map_spec spec;
	bool lookup, update, delete, take;
} types[] = {
	{ { BPF_MAP_TYPE_HASH, 4, 4, 16, 0 }, true, true, true, true },
	{ { BPF_MAP_TYPE_ARRAY, 4, 4, 16, 0 }, true, true, false, false },
	{ { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 16, 0 }, false, false, false, false },
	{ { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 16, 0 }, false, false, false, false },
	{ { BPF_MAP_TYPE_PERCPU_HASH, 4, 4, 16, 0 }, true, true, true, true },
	{ { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 4, 16, 0 }, true, true, false, false },
	{ { BPF_MAP_TYPE_LRU_HASH, 4, 4, 16, 0 }, true, true, true, true },
	{ { BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 4, 16, 0 }, true, true, true, true },
	{ { BPF_MAP_TYPE_LPM_TRIE, 8, 4, 16, BPF_F_NO_PREALLOC }, true, true, true, false },
	{ { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 16, 0 }, true, true, false, false },
	{ { BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 16, 0 }, true, true, true, true },
	{ { BPF_MAP_TYPE_DEVMAP, 4, 4, 16, 0 }, false, false, false, false },
	{ { BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 16, 0 }, false, false, false, false },
	{ { BPF_MAP_TYPE_CPUMAP, 4, 4, 1, 0 }, false, false, false, false },
	{ { BPF_MAP_TYPE_XSKMAP, 4, 4, 16, 0 }, false, false, false, false },
	{ { BPF_MAP_TYPE_QUEUE, 0, 4, 16, 0 }, false, false, false, false },
	{ { BPF_MAP_TYPE_STACK, 0, 4, 16, 0 }, false, false, false, false },
	{ { BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 }, false, false, false, false },
	{ { BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 16, 0 }, false, false, false, false },
};

static long
create_any(const struct backend *b, const struct map_spec *s)
{
	int inner = (int)map_create(b, &(struct map_spec){ BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0 });
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = s->type;
	attr.key_size = s->key;
	attr.value_size = s->value;
	attr.max_entries = s->max;
	attr.map_flags = s->flags;
	attr.inner_map_fd = (u32)inner;
	fd = backend_bpf(b, BPF_MAP_CREATE, &attr, sizeof(attr));
	close(inner);
	return fd;
}

/* With a count of 0 a command does nothing, if the type has it. */
static void
check_type(const struct backend *b, const struct type_row *row)
{
	const struct {
		int cmd;
		bool has;
	} cmds[] = {
		{ BPF_MAP_LOOKUP_BATCH, row->lookup },
		{ BPF_MAP_UPDATE_BATCH, row->update },
		{ BPF_MAP_DELETE_BATCH, row->delete },
		{ BPF_MAP_LOOKUP_AND_DELETE_BATCH, row->take },
	};
	int fd = (int)create_any(b, &row->spec);

	assert_true(fd >= 0);
	for (size_t i = 0; i < XB_ARRAY_SIZE(cmds); i++) {
		u32 count = 0;
		long ret = map_batch(b, fd, cmds[i].cmd, &(struct map_batch){ .count = &count });

		if (ret != (cmds[i].has ? 0 : -524))
			fail_msg("%s: %s, command %d: %ld", b->name,
			         xb_map_type_name(row->spec.type), cmds[i].cmd, ret);
	}
	close(fd);
}

static void
test_types(void **state)
{
	struct backend emu = backend_emu(1), kernel;
	bool has_kernel = backend_kernel(&kernel);

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++) {
		check_type(&emu, &types[i]);
		if (has_kernel)
			check_type(&kernel, &types[i]);
	}
	backend_free(&emu);
}

/* Random batches on both sides. */
static const struct row {
	const char *name;
	struct map_spec spec;
	bool unordered;
} rows[] = {
	{ "array", { BPF_MAP_TYPE_ARRAY, 4, 12, 13, 0 }, false },
	{ "per-CPU array", { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 12, 13, 0 }, false },
	{ "LPM", { BPF_MAP_TYPE_LPM_TRIE, 8, 4, 13, BPF_F_NO_PREALLOC }, false },
	{ "hash", { BPF_MAP_TYPE_HASH, 4, 12, 13, 0 }, true },
	{ "hash, not preallocated", { BPF_MAP_TYPE_HASH, 4, 12, 13, BPF_F_NO_PREALLOC }, true },
	{ "per-CPU hash", { BPF_MAP_TYPE_PERCPU_HASH, 4, 12, 13, 0 }, true },
	{ "LRU hash", { BPF_MAP_TYPE_LRU_HASH, 4, 12, 1000, 0 }, true },
	{ "LRU per-CPU hash", { BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 12, 1000, 0 }, true },
};

struct side {
	struct backend b;
	int fd;
	u8 keys[CNT_MOST * 8];
	u8 values[CNT_MOST * XB_EMU_MAX_CPUS * 16];
	u8 pairs[CNT_MOST * (XB_EMU_MAX_CPUS * 16 + 8)];
	u8 out[8];
	u32 count;
};

struct run {
	const struct row *row;
	struct side side[2];
	u32 side_cnt, value_bytes, op;
	u64 rand;
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
make_input(struct run *r, u32 cnt)
{
	u8 *keys = r->side[0].keys, *values = r->side[0].values;

	for (u32 i = 0; i < cnt * r->value_bytes; i++)
		values[i] = (u8)rnd(r, 256);
	for (u32 i = 0; i < cnt; i++) {
		if (r->row->spec.key == 8) {
			xb_st32(keys + i * 8, rnd(r, 33));
			xb_st32(keys + i * 8 + 4, rnd(r, 4) << 6);
		} else {
			xb_st32(keys + i * 4, rnd(r, 15));
		}
	}
	memcpy(r->side[1].keys, keys, sizeof(r->side[1].keys));
	memcpy(r->side[1].values, values, sizeof(r->side[1].values));
}

static int
compare_pairs(const void *a, const void *b, void *bytes)
{
	return memcmp(a, b, *(u32 *)bytes);
}

/* Keys with their values; sorted where the order is free. */
static void
make_pairs(const struct run *r, struct side *s)
{
	u32 key = r->row->spec.key, pair = key + r->value_bytes;

	for (u32 i = 0; i < s->count; i++) {
		memcpy(s->pairs + i * pair, s->keys + i * key, key);
		memcpy(s->pairs + i * pair + key, s->values + i * r->value_bytes, r->value_bytes);
	}
	if (r->row->unordered)
		qsort_r(s->pairs, s->count, pair, compare_pairs, &pair);
}

static void
compare(struct run *r, int cmd, const long ret[2])
{
	u32 pair = r->row->spec.key + r->value_bytes;
	bool reads = cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH;

	if (r->side_cnt < 2)
		return;
	if (ret[0] != ret[1] || r->side[0].count != r->side[1].count)
		fail_msg("%s: operation %u, command %d: emulator %ld of %u, kernel %ld of %u",
		         r->row->name, r->op, cmd, ret[0], r->side[0].count, ret[1],
		         r->side[1].count);
	if (!reads || (ret[0] && ret[0] != -ENOENT))
		return;
	make_pairs(r, &r->side[0]);
	make_pairs(r, &r->side[1]);
	if (memcmp(r->side[0].pairs, r->side[1].pairs, (size_t)pair * r->side[0].count))
		fail_msg("%s: operation %u, command %d: other elements", r->row->name, r->op, cmd);
	if (!r->row->unordered && r->side[0].count &&
	    memcmp(r->side[0].out, r->side[1].out, r->row->spec.key))
		fail_msg("%s: operation %u, command %d: other position", r->row->name, r->op, cmd);
}

static void
one_op(struct run *r)
{
	static const int cmds[] = { BPF_MAP_LOOKUP_BATCH, BPF_MAP_UPDATE_BATCH,
		                    BPF_MAP_UPDATE_BATCH, BPF_MAP_DELETE_BATCH,
		                    BPF_MAP_LOOKUP_AND_DELETE_BATCH };
	static const u64 odd_flags[] = { 1, 2, BPF_F_LOCK, 8 };
	int cmd = cmds[rnd(r, XB_ARRAY_SIZE(cmds))];
	bool reads = cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH;
	u32 cnt = rnd(r, 20);
	u64 elem_flags = rnd(r, 10) ? 0 : odd_flags[rnd(r, 4)], flags = rnd(r, 20) ? 0 : 1;
	bool with_in = reads && !r->row->unordered && rnd(r, 2);
	long ret[2];
	u8 in[8];

	/* How far a hash table's lookup comes with a small count depends on its hashes. */
	if (reads && r->row->unordered)
		cnt = CNT_MOST;
	make_input(r, cnt < 20 ? cnt : 20);
	memcpy(in, r->side[0].keys, sizeof(in));
	for (u32 i = 0; i < r->side_cnt; i++) {
		struct side *s = &r->side[i];

		s->count = cnt;
		ret[i] = map_batch(&s->b, s->fd, cmd,
		                   &(struct map_batch){ .in = with_in ? in : NULL,
		                                        .out = s->out,
		                                        .keys = s->keys,
		                                        .values = s->values,
		                                        .count = &s->count,
		                                        .elem_flags = elem_flags,
		                                        .flags = flags });
	}
	compare(r, cmd, ret);
}

static void
test_random(void **state)
{
	struct run *r = calloc(1, sizeof(*r));
	struct backend kernel;
	bool has_kernel = backend_kernel(&kernel);

	(void)state;
	assert_non_null(r);
	backend_pin();
	for (size_t row = 0; row < XB_ARRAY_SIZE(rows); row++) {
		memset(r, 0, sizeof(*r));
		r->row = &rows[row];
		r->rand = 88172645463325252ull;
		r->side_cnt = 1u + has_kernel;
		r->side[0].b = backend_emu(backend_cpus());
		r->side[1].b = kernel;
		for (u32 i = 0; i < r->side_cnt; i++) {
			r->side[i].fd = (int)map_create(&r->side[i].b, &r->row->spec);
			assert_true(r->side[i].fd >= 0);
		}
		r->value_bytes = xb_map_sys_value_bytes(map_of(&r->side[0].b, r->side[0].fd));
		for (r->op = 0; r->op < 4000; r->op++)
			one_op(r);
		for (u32 i = 0; i < r->side_cnt; i++)
			close(r->side[i].fd);
		backend_free(&r->side[0].b);
	}
	free(r);
}

/* A table of 1000 in pieces of at most `piece`: all come once, whatever the buckets hold. */
static void
pieces(const struct backend *b, int fd, u32 piece, int cmd)
{
	u32 seen = 0, batch = 0, keys[CNT_MOST], values[CNT_MOST], count;
	static u8 had[1000];
	bool more = true, first = true;
	long ret;

	memset(had, 0, sizeof(had));
	while (more) {
		count = piece;
		ret = map_batch(b, fd, cmd,
		                &(struct map_batch){ .in = first ? NULL : &batch,
		                                     .out = &batch,
		                                     .keys = keys,
		                                     .values = values,
		                                     .count = &count });
		if (ret == -ENOSPC) {
			piece++;
			continue;
		}
		assert_true(ret == 0 || ret == -ENOENT);
		assert_true(count <= piece);
		for (u32 i = 0; i < count; i++) {
			assert_true(keys[i] < 1000 && !had[keys[i]]);
			assert_int_equal(values[i], keys[i] + 1);
			had[keys[i]] = 1;
		}
		seen += count;
		first = false;
		more = ret == 0;
	}
	if (seen != 1000)
		fail_msg("%s: %u of 1000 in pieces of %u", b->name, seen, piece);
}

static void
check_pieces(const struct backend *b)
{
	static const u32 sizes[] = { 1, 2, 7, 64 };
	int fd = (int)map_create(b, &(struct map_spec){ BPF_MAP_TYPE_HASH, 4, 4, 1000, 0 });
	u32 next;

	for (u32 key = 0, value = 1; key < 1000; key++, value++)
		assert_int_equal(map_update(b, fd, &key, &value, 0), 0);
	for (size_t i = 0; i < XB_ARRAY_SIZE(sizes); i++)
		pieces(b, fd, sizes[i], BPF_MAP_LOOKUP_BATCH);
	pieces(b, fd, 7, BPF_MAP_LOOKUP_AND_DELETE_BATCH);
	assert_int_equal(map_next(b, fd, NULL, &next), -ENOENT);
	close(fd);
}

static void
test_pieces(void **state)
{
	struct backend emu = backend_emu(1), kernel;

	(void)state;
	check_pieces(&emu);
	if (backend_kernel(&kernel))
		check_pieces(&kernel);
	backend_free(&emu);
}

/* Pointers that lead nowhere, and positions that are none. */
static void
check_bad(const struct backend *b)
{
	int hash = (int)map_create(b, &(struct map_spec){ BPF_MAP_TYPE_HASH, 4, 4, 8, 0 });
	int array = (int)map_create(b, &(struct map_spec){ BPF_MAP_TYPE_ARRAY, 4, 4, 8, 0 });
	u32 keys[8] = { 1, 2, 3 }, values[8] = { 0 }, out, count, far = 8;
	void *const bad = (void *)8;
	const struct {
		const char *name;
		int fd, cmd;
		struct map_batch batch;
		long want;
		u32 want_count;
	} calls[] = {
		{ "fill",
		  hash,
		  BPF_MAP_UPDATE_BATCH,
		  { NULL, NULL, keys, values, &count, 0, 0 },
		  0,
		  3 },
		{ "update, keys",
		  hash,
		  BPF_MAP_UPDATE_BATCH,
		  { NULL, NULL, bad, values, &count, 0, 0 },
		  -EFAULT,
		  0 },
		{ "update, values",
		  hash,
		  BPF_MAP_UPDATE_BATCH,
		  { NULL, NULL, keys, bad, &count, 0, 0 },
		  -EFAULT,
		  0 },
		{ "delete, keys",
		  hash,
		  BPF_MAP_DELETE_BATCH,
		  { NULL, NULL, bad, NULL, &count, 0, 0 },
		  -EFAULT,
		  0 },
		{ "hash, in",
		  hash,
		  BPF_MAP_LOOKUP_BATCH,
		  { bad, &out, keys, values, &count, 0, 0 },
		  -EFAULT,
		  0 },
		{ "hash, far in",
		  hash,
		  BPF_MAP_LOOKUP_BATCH,
		  { &far, &out, keys, values, &count, 0, 0 },
		  -ENOENT,
		  0 },
		{ "array, in",
		  array,
		  BPF_MAP_LOOKUP_BATCH,
		  { bad, &out, keys, values, &count, 0, 0 },
		  -EFAULT,
		  0 },
		{ "array, out",
		  array,
		  BPF_MAP_LOOKUP_BATCH,
		  { NULL, bad, keys, values, &count, 0, 0 },
		  -EFAULT,
		  3 },
		{ "array, keys",
		  array,
		  BPF_MAP_LOOKUP_BATCH,
		  { NULL, &out, bad, values, &count, 0, 0 },
		  -EFAULT,
		  0 },
		{ "array, values",
		  array,
		  BPF_MAP_LOOKUP_BATCH,
		  { NULL, &out, keys, bad, &count, 0, 0 },
		  -EFAULT,
		  0 },
		{ "no map",
		  0,
		  BPF_MAP_LOOKUP_BATCH,
		  { NULL, &out, keys, values, &count, 0, 0 },
		  -EINVAL,
		  3 },
		{ "no descriptor",
		  77777,
		  BPF_MAP_LOOKUP_BATCH,
		  { NULL, &out, keys, values, &count, 0, 0 },
		  -EBADF,
		  3 },
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(calls); i++) {
		long ret;

		count = 3;
		ret = map_batch(b, calls[i].fd, calls[i].cmd, &calls[i].batch);
		if (ret != calls[i].want || count != calls[i].want_count)
			fail_msg("%s: %s: %ld of %u", b->name, calls[i].name, ret, count);
	}
	close(hash);
	close(array);
}

static void
test_bad(void **state)
{
	struct backend emu = backend_emu(1), kernel;

	(void)state;
	check_bad(&emu);
	if (backend_kernel(&kernel))
		check_bad(&kernel);
	backend_free(&emu);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests_name("map batch", tests, NULL, NULL);
}
