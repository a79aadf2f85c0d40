/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same random operations on the emulator's map and the kernel's: every result, every value
 * read, and now and then all that is in the map, must be the same.
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
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_MOST   64u
#define VALUE_MOST 8192u
#define INNER_CNT  4u

enum key_kind { KEY_INDEX, KEY_HASH, KEY_PREFIX, KEY_NONE };
enum value_kind { VALUE_BYTES, VALUE_DEV, VALUE_CPU, VALUE_MAP, VALUE_SOCKET };

struct row {
	const char *name;
	struct map_spec spec;
	enum key_kind key;
	enum value_kind value;
	u32 key_space;  /* of KEY_HASH */
	u32 op_cnt;     /* 0: 20,000 */
	bool unordered; /* the order of keys is the kernel's own */
};

#define OPS 20000u

static const struct row rows[] = {
	{ .name = "array", .spec = { BPF_MAP_TYPE_ARRAY, 4, 8, 17, 0 }, .key = KEY_INDEX },
	{ .name = "array of 3 bytes",
	  .spec = { BPF_MAP_TYPE_ARRAY, 4, 3, 5, 0 },
	  .key = KEY_INDEX },
	{ .name = "mmapable array",
	  .spec = { BPF_MAP_TYPE_ARRAY, 4, 12, 9, BPF_F_MMAPABLE },
	  .key = KEY_INDEX },
	{ .name = "per-CPU array",
	  .spec = { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 12, 9, 0 },
	  .key = KEY_INDEX },
	{ .name = "hash",
	  .spec = { BPF_MAP_TYPE_HASH, 4, 8, 24, 0 },
	  .key = KEY_HASH,
	  .key_space = 32,
	  .unordered = true },
	{ .name = "hash, key of 8",
	  .spec = { BPF_MAP_TYPE_HASH, 8, 5, 24, 0 },
	  .key = KEY_HASH,
	  .key_space = 32,
	  .unordered = true },
	{ .name = "hash, key of 16",
	  .spec = { BPF_MAP_TYPE_HASH, 16, 64, 24, 0 },
	  .key = KEY_HASH,
	  .key_space = 32,
	  .unordered = true },
	{ .name = "hash, key of 13",
	  .spec = { BPF_MAP_TYPE_HASH, 13, 1, 24, 0 },
	  .key = KEY_HASH,
	  .key_space = 32,
	  .unordered = true },
	{ .name = "hash, key of 1",
	  .spec = { BPF_MAP_TYPE_HASH, 1, 1, 24, 0 },
	  .key = KEY_HASH,
	  .key_space = 32,
	  .unordered = true },
	{ .name = "hash, not preallocated",
	  .spec = { BPF_MAP_TYPE_HASH, 6, 7, 24, BPF_F_NO_PREALLOC },
	  .key = KEY_HASH,
	  .key_space = 32,
	  .unordered = true },
	{ .name = "hash of one",
	  .spec = { BPF_MAP_TYPE_HASH, 4, 4, 1, 0 },
	  .key = KEY_HASH,
	  .key_space = 3,
	  .unordered = true },
	{ .name = "per-CPU hash",
	  .spec = { BPF_MAP_TYPE_PERCPU_HASH, 4, 12, 24, 0 },
	  .key = KEY_HASH,
	  .key_space = 32,
	  .unordered = true },
	{ .name = "per-CPU hash, not preallocated",
	  .spec = { BPF_MAP_TYPE_PERCPU_HASH, 4, 3, 24, BPF_F_NO_PREALLOC },
	  .key = KEY_HASH,
	  .key_space = 32,
	  .unordered = true },
	{ .name = "LRU hash",
	  .spec = { BPF_MAP_TYPE_LRU_HASH, 4, 8, 1024, 0 },
	  .key = KEY_HASH,
	  .key_space = 32,
	  .unordered = true },
	{ .name = "LRU hash, lists per CPU",
	  .spec = { BPF_MAP_TYPE_LRU_HASH, 4, 8, 1024, BPF_F_NO_COMMON_LRU },
	  .key = KEY_HASH,
	  .key_space = 32,
	  .unordered = true },
	{ .name = "LRU per-CPU hash",
	  .spec = { BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 12, 1024, 0 },
	  .key = KEY_HASH,
	  .key_space = 32,
	  .unordered = true },
	{ .name = "LPM, IPv4",
	  .spec = { BPF_MAP_TYPE_LPM_TRIE, 8, 8, 40, BPF_F_NO_PREALLOC },
	  .key = KEY_PREFIX },
	{ .name = "LPM, IPv6",
	  .spec = { BPF_MAP_TYPE_LPM_TRIE, 20, 1, 40, BPF_F_NO_PREALLOC },
	  .key = KEY_PREFIX },
	{ .name = "LPM, 3 bytes",
	  .spec = { BPF_MAP_TYPE_LPM_TRIE, 7, 3, 9, BPF_F_NO_PREALLOC },
	  .key = KEY_PREFIX },
	{ .name = "LPM, 1 byte",
	  .spec = { BPF_MAP_TYPE_LPM_TRIE, 5, 4, 40, BPF_F_NO_PREALLOC },
	  .key = KEY_PREFIX },
	{ .name = "LPM, 15 bytes",
	  .spec = { BPF_MAP_TYPE_LPM_TRIE, 19, 9, 40, BPF_F_NO_PREALLOC },
	  .key = KEY_PREFIX },
	{ .name = "queue", .spec = { BPF_MAP_TYPE_QUEUE, 0, 7, 9, 0 }, .key = KEY_NONE },
	{ .name = "stack", .spec = { BPF_MAP_TYPE_STACK, 0, 7, 9, 0 }, .key = KEY_NONE },
	{ .name = "devmap",
	  .spec = { BPF_MAP_TYPE_DEVMAP, 4, 4, 9, 0 },
	  .key = KEY_INDEX,
	  .value = VALUE_DEV },
	{ .name = "devmap with programs",
	  .spec = { BPF_MAP_TYPE_DEVMAP, 4, 8, 9, 0 },
	  .key = KEY_INDEX,
	  .value = VALUE_DEV },
	{ .name = "devmap hash",
	  .spec = { BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 9, 0 },
	  .key = KEY_INDEX,
	  .value = VALUE_DEV },
	{ .name = "cpumap",
	  .spec = { BPF_MAP_TYPE_CPUMAP, 4, 4, 1, 0 },
	  .key = KEY_INDEX,
	  .value = VALUE_CPU,
	  .op_cnt = 1000 },
	{ .name = "xskmap",
	  .spec = { BPF_MAP_TYPE_XSKMAP, 4, 4, 5, 0 },
	  .key = KEY_INDEX,
	  .value = VALUE_SOCKET },
	{ .name = "array of maps",
	  .spec = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 5, 0 },
	  .key = KEY_INDEX,
	  .value = VALUE_MAP,
	  .op_cnt = 1000 },
	{ .name = "hash of maps",
	  .spec = { BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 5, 0 },
	  .key = KEY_HASH,
	  .value = VALUE_MAP,
	  .key_space = 8,
	  .op_cnt = 1000,
	  .unordered = true },
	{ .name = "program array",
	  .spec = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 5, 0 },
	  .key = KEY_INDEX },
	{ .name = "perf event array",
	  .spec = { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 5, 0 },
	  .key = KEY_INDEX },
	{ .name = "cgroup array",
	  .spec = { BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 5, 0 },
	  .key = KEY_INDEX },
	{ .name = "ring buffer", .spec = { BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 }, .key = KEY_NONE },
};

/* One map of one backend. */
struct side {
	struct backend b;
	int fd;
	int inner[INNER_CNT]; /* VALUE_MAP */
	u32 inner_id[INNER_CNT];
	u8 key[KEY_MOST], value[VALUE_MOST];
};

struct run {
	const struct row *row;
	struct side side[2];
	u32 side_cnt;
	u32 value_bytes;
	u64 rand;
	u32 op;
	int socket;
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
fill(struct run *r, u8 *p, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		p[i] = (u8)rnd(r, 256);
}

static void
make_key(struct run *r, u8 *key)
{
	const struct map_spec *s = &r->row->spec;
	u32 n;

	switch (r->row->key) {
	case KEY_INDEX:
		xb_st32(key, rnd(r, 50) ? rnd(r, s->max + 2) : 0xffffffff);
		break;
	case KEY_HASH:
		n = rnd(r, r->row->key_space);
		for (u32 i = 0; i < s->key; i++)
			key[i] = (u8)(n * (i ? 31 + i : 1));
		break;
	case KEY_PREFIX:
		/* Few different bits, so that prefixes nest and part. */
		memset(key, 0, s->key);
		for (u32 i = 4; i < s->key; i++)
			key[i] = rnd(r, 4) ? 0 : (u8)(rnd(r, 4) << 6 | rnd(r, 2));
		n = (s->key - 4) * 8;
		xb_st32(key, rnd(r, 3) ? rnd(r, n + 1) : rnd(r, 40) ? n : n + 1);
		break;
	case KEY_NONE:
		break;
	}
}

static void
make_value(struct run *r)
{
	u8 *v = r->side[0].value;
	u32 n;

	fill(r, v, r->value_bytes);
	switch (r->row->value) {
	case VALUE_DEV:
		/* The loopback interface is the only one that is surely there. */
		memset(v, 0, r->value_bytes);
		xb_st32(v, rnd(r, 4) ? 1 : 0);
		if (r->value_bytes == 8)
			xb_st32(v + 4, rnd(r, 8) ? 0 : rnd(r, 2) ? 77777 : 0xffffffff);
		break;
	case VALUE_CPU:
		xb_st32(v, rnd(r, 4) ? 192 : rnd(r, 2) ? 0 : 16385);
		break;
	case VALUE_SOCKET:
		xb_st32(v, rnd(r, 2) ? 77777 : rnd(r, 2) ? 0 : (u32)r->socket);
		break;
	case VALUE_MAP:
		n = rnd(r, INNER_CNT + 1);
		for (u32 i = 0; i < 2; i++)
			xb_st32(r->side[i].value, n < INNER_CNT ? (u32)r->side[i].inner[n] : 77777);
		return;
	case VALUE_BYTES:
		/* Program arrays and the like: no such descriptor. */
		if (r->row->spec.type == BPF_MAP_TYPE_PROG_ARRAY ||
		    r->row->spec.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ||
		    r->row->spec.type == BPF_MAP_TYPE_CGROUP_ARRAY)
			xb_st32(v, rnd(r, 2) ? 77777 : (u32)r->socket);
		break;
	}
	memcpy(r->side[1].value, v, r->value_bytes);
}

static u64
make_flags(struct run *r)
{
	static const u64 odd[] = { BPF_NOEXIST, BPF_EXIST,  BPF_NOEXIST, BPF_EXIST,
		                   3,           BPF_F_LOCK, 5,           1ull << 40 };

	return rnd(r, 2) ? 0 : odd[rnd(r, XB_ARRAY_SIZE(odd))];
}

/* What a value that was read means on both sides. */
static void
translate(const struct run *r, struct side *s)
{
	if (r->row->value != VALUE_MAP)
		return;
	for (u32 i = 0; i < INNER_CNT; i++)
		if (xb_ld32(s->value) == s->inner_id[i]) {
			xb_st32(s->value, i);
			return;
		}
}

static void
check(const struct run *r, const char *what, const long ret[2], const void *a, const void *b,
      u32 bytes)
{
	if (r->side_cnt < 2)
		return;
	if (ret[0] != ret[1])
		fail_msg("%s: operation %u, %s: emulator %ld, kernel %ld", r->row->name, r->op,
		         what, ret[0], ret[1]);
	if (ret[0] >= 0 && bytes && memcmp(a, b, bytes))
		fail_msg("%s: operation %u, %s: values differ", r->row->name, r->op, what);
}

enum op { OP_UPDATE, OP_LOOKUP, OP_DELETE, OP_TAKE, OP_NEXT };

static void
one_op(struct run *r)
{
	static const enum op ops[] = { OP_UPDATE, OP_UPDATE, OP_UPDATE, OP_LOOKUP,
		                       OP_LOOKUP, OP_DELETE, OP_TAKE,   OP_NEXT };
	static const char *const names[] = { "update", "lookup", "delete", "take", "next" };
	enum op op = ops[rnd(r, XB_ARRAY_SIZE(ops))];
	u8 key[KEY_MOST], *k = r->row->spec.key ? key : NULL;
	u64 flags = make_flags(r);
	long ret[2] = { 0, 0 };
	u32 bytes = r->value_bytes;

	if (op == OP_NEXT && r->row->unordered)
		op = OP_LOOKUP;
	make_key(r, key);
	if (op == OP_UPDATE)
		make_value(r);
	for (u32 i = 0; i < r->side_cnt; i++) {
		struct side *s = &r->side[i];

		switch (op) {
		case OP_UPDATE:
			ret[i] = map_update(&s->b, s->fd, k, s->value, flags);
			bytes = 0;
			break;
		case OP_LOOKUP:
			ret[i] = map_lookup(&s->b, s->fd, k, s->value);
			translate(r, s);
			break;
		case OP_DELETE:
			ret[i] = map_delete(&s->b, s->fd, k);
			bytes = 0;
			break;
		case OP_TAKE:
			ret[i] = map_take(&s->b, s->fd, k, s->value);
			break;
		case OP_NEXT:
			ret[i] = map_next(&s->b, s->fd, k, s->value);
			bytes = r->row->spec.key;
			break;
		}
	}
	check(r, names[op], ret, r->side[0].value, r->side[1].value, bytes);
}

/* All keys in order, each with its value, as one string of bytes; sorted if the order is free. */
static u32
dump(const struct run *r, struct side *s, u8 **all)
{
	u32 key_bytes = r->row->spec.key, pair = key_bytes + r->value_bytes, cnt = 0, cap = 0;
	u8 next[KEY_MOST], *prev = NULL;

	*all = NULL;
	while (map_next(&s->b, s->fd, prev, next) == 0) {
		memcpy(s->key, next, key_bytes);
		prev = s->key;
		if (map_lookup(&s->b, s->fd, next, s->value))
			continue;
		translate(r, s);
		if (cnt == cap) {
			cap = cap ? 2 * cap : 64;
			*all = realloc(*all, (size_t)cap * pair);
			assert_non_null(*all);
		}
		memcpy(*all + (size_t)cnt * pair, next, key_bytes);
		memcpy(*all + (size_t)cnt * pair + key_bytes, s->value, r->value_bytes);
		cnt++;
	}
	return cnt;
}

static int
compare_pairs(const void *a, const void *b, void *bytes)
{
	return memcmp(a, b, *(u32 *)bytes);
}

static void
compare_all(struct run *r)
{
	u32 pair = r->row->spec.key + r->value_bytes, cnt[2];
	u8 *all[2];
	long ret[2] = { 0, 0 };

	if (!r->row->spec.key || r->side_cnt < 2)
		return;
	for (u32 i = 0; i < 2; i++) {
		cnt[i] = dump(r, &r->side[i], &all[i]);
		if (r->row->unordered && cnt[i])
			qsort_r(all[i], cnt[i], pair, compare_pairs, &pair);
	}
	if (cnt[0] != cnt[1])
		fail_msg("%s: operation %u: %u elements, kernel %u", r->row->name, r->op, cnt[0],
		         cnt[1]);
	if (cnt[0])
		check(r, "contents", ret, all[0], all[1], cnt[0] * pair);
	free(all[0]);
	free(all[1]);
}

static void
make_inner(struct side *s)
{
	for (u32 i = 0; i < INNER_CNT; i++) {
		struct bpf_map_info info;
		union bpf_attr attr;

		/* The last one does not fit. */
		s->inner[i] = (int)map_create(
		        &s->b, &(struct map_spec){ BPF_MAP_TYPE_ARRAY, 4, i == 3 ? 8 : 4, 1, 0 });
		assert_true(s->inner[i] >= 0);
		memset(&info, 0, sizeof(info));
		memset(&attr, 0, sizeof(attr));
		attr.info.bpf_fd = (u32)s->inner[i];
		attr.info.info_len = sizeof(info);
		attr.info.info = (uintptr_t)&info;
		assert_int_equal(backend_bpf(&s->b, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)),
		                 0);
		s->inner_id[i] = info.id;
	}
}

static void
open_side(const struct row *row, struct side *s)
{
	union bpf_attr attr;

	if (row->value == VALUE_MAP)
		make_inner(s);
	memset(&attr, 0, sizeof(attr));
	attr.map_type = row->spec.type;
	attr.key_size = row->spec.key;
	attr.value_size = row->spec.value;
	attr.max_entries = row->spec.max;
	attr.map_flags = row->spec.flags;
	attr.inner_map_fd = row->value == VALUE_MAP ? (u32)s->inner[0] : 0;
	s->fd = (int)backend_bpf(&s->b, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (s->fd < 0)
		fail_msg("%s: %s: %d", row->name, s->b.name, s->fd);
}

static void
close_side(const struct row *row, struct side *s)
{
	close(s->fd);
	for (u32 i = 0; row->value == VALUE_MAP && i < INNER_CNT; i++)
		close(s->inner[i]);
}

static void
test_row(const struct row *row, bool has_kernel)
{
	static struct run r;
	u32 cnt = row->op_cnt ? row->op_cnt : OPS;

	r = (struct run){ .row = row, .rand = 88172645463325252ull };
	r.side_cnt = has_kernel ? 2 : 1;
	r.side[0].b = backend_emu(backend_cpus());
	r.socket = socket(AF_INET, SOCK_DGRAM, 0);
	for (u32 i = 0; i < r.side_cnt; i++)
		open_side(row, &r.side[i]);
	r.value_bytes = xb_map_sys_value_bytes(map_of(&r.side[0].b, r.side[0].fd));
	assert_true(r.value_bytes <= VALUE_MOST);
	for (r.op = 0; r.op < cnt; r.op++) {
		one_op(&r);
		if (r.op % 500 == 499)
			compare_all(&r);
	}
	for (u32 i = 0; i < r.side_cnt; i++)
		close_side(row, &r.side[i]);
	close(r.socket);
	backend_free(&r.side[0].b);
}

static void
test_random(void **state)
{
	struct backend kernel;
	bool has_kernel = backend_kernel(&kernel);

	(void)state;
	backend_pin();
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		test_row(&rows[i], has_kernel);
	if (has_kernel)
		print_message("%zu maps agree with the kernel\n", XB_ARRAY_SIZE(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("map random", tests, NULL, NULL);
}
