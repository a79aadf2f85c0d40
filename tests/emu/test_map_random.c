/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same random operations on the emulator's map and the kernel's: every result, every value
 * read, and now and then all that is in the map, must be the same.
 */
#include "emu/map.h"
#include "tests/emu/map_random.h"
#include "tests/emu/map_storage.h"
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
#define FEW_MOST   65536u

/* Operations on a map, but where this says how many. */
#define OPS_ENV "XDPBENCH_MAP_OPS"
#define OPS     50000u

/* One map of one backend. */
struct side {
	struct backend b;
	int fd;
	int inner[INNER_CNT]; /* VALUE_MAP */
	u32 inner_id[INNER_CNT];
	u8 key[KEY_MOST], value[VALUE_MOST];
};

struct run {
	const struct map_random_row *row;
	struct map_spec spec; /* the row's, with the size of a STRUCT_OPS */
	struct map_ops_type ops;
	struct map_storage storage; /* KEY_CGROUP */
	struct side side[2];
	u32 side_cnt;
	u32 value_bytes;
	u64 rand;
	u32 op;
	int socket;
	u32 few;             /* VALUE_FEW: the last one made */
	u8 pushed[FEW_MOST]; /* ... and those that are in the map */
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
	const struct map_spec *s = &r->spec;
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
	case KEY_CGROUP:
		fill(r, key, s->key);
		n = rnd(r, MAP_STORAGE_CNT + 1);
		xb_st64(key, n < MAP_STORAGE_CNT ? r->storage.id[n] : 7);
		if (s->key > 8)
			xb_st32(key + 8, rnd(r, 3));
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
	case VALUE_FD:
		xb_st32(v, rnd(r, 2) ? 77777 : (u32)r->socket);
		break;
	case VALUE_FEW:
		n = r->few = rnd(r, r->row->key_space);
		for (u32 i = 0; i < r->value_bytes; i++)
			v[i] = (u8)(n >> i % 3 * 8) ^ (u8)i;
		break;
	case VALUE_OPS:
		/* A state and a count are not for user space to set. */
		memset(v, 0, r->value_bytes);
		v[rnd(r, 8)] = 1;
		break;
	case VALUE_BYTES:
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

/* Whether a result cannot be compared: what was never pushed is there or not, as hashes have it. */
static bool
is_chance(struct run *r, enum op op, const long ret[2])
{
	if (!r->row->approximate)
		return false;
	if (op == OP_UPDATE && !ret[0])
		r->pushed[r->few] = 1;
	if (op != OP_LOOKUP || r->pushed[r->few])
		return false;
	for (u32 i = 0; i < r->side_cnt; i++)
		if (ret[i] != 0 && ret[i] != -ENOENT && ret[i] != -EINVAL)
			return false;
	return true;
}

static void
one_op(struct run *r)
{
	static const enum op ops[] = { OP_UPDATE, OP_UPDATE, OP_UPDATE, OP_LOOKUP,
		                       OP_LOOKUP, OP_DELETE, OP_TAKE,   OP_NEXT };
	static const char *const names[] = { "update", "lookup", "delete", "take", "next" };
	enum op op = ops[rnd(r, XB_ARRAY_SIZE(ops))];
	u8 key[KEY_MOST], *k = r->spec.key ? key : NULL;
	u64 flags = make_flags(r);
	long ret[2] = { 0, 0 };
	u32 bytes = r->value_bytes;

	if (op == OP_NEXT && r->row->unordered)
		op = OP_LOOKUP;
	make_key(r, key);
	if (op == OP_UPDATE || r->row->value == VALUE_FEW)
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
			bytes = r->spec.key;
			break;
		}
	}
	if (!is_chance(r, op, ret))
		check(r, names[op], ret, r->side[0].value, r->side[1].value, bytes);
}

/* All keys in order, each with its value, as one string of bytes; sorted if the order is free. */
static u32
dump(const struct run *r, struct side *s, u8 **all)
{
	u32 key_bytes = r->spec.key, pair = key_bytes + r->value_bytes, cnt = 0, cap = 0;
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
	u32 pair = r->spec.key + r->value_bytes, cnt[2];
	u8 *all[2];
	long ret[2] = { 0, 0 };

	if (!r->spec.key || r->side_cnt < 2)
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
open_side(struct run *r, struct side *s)
{
	struct map_more more = { 0 };

	if (r->row->value == VALUE_MAP) {
		make_inner(s);
		more.inner = s->inner[0];
	}
	if (r->row->value == VALUE_OPS) {
		more.vmlinux_value = r->ops.id;
		more.btf_fd = map_load_btf(&s->b);
	}
	s->fd = (int)map_create_with(&s->b, &r->spec, &more);
	if (s->fd < 0)
		fail_msg("%s: %s: %d", r->row->name, s->b.name, s->fd);
	if (more.btf_fd)
		close(more.btf_fd);
	if (r->row->key == KEY_CGROUP && r->storage.has)
		map_storage_attach(&r->storage, &s->b, s->fd);
}

static void
close_side(const struct run *r, struct side *s)
{
	close(s->fd);
	for (u32 i = 0; r->row->value == VALUE_MAP && i < INNER_CNT; i++)
		close(s->inner[i]);
}

static u32
op_cnt(const struct map_random_row *row)
{
	const char *env = getenv(OPS_ENV);
	u32 cnt = env ? (u32)strtoul(env, NULL, 0) : OPS;

	return row->slowness ? cnt / row->slowness : cnt;
}

static void
test_row(const struct map_random_row *row, const struct backend *kernel)
{
	static struct run r;
	u32 cnt = op_cnt(row);

	r = (struct run){ .row = row, .spec = row->spec, .rand = 88172645463325252ull };
	r.side_cnt = kernel ? 2 : 1;
	r.side[0].b = backend_emu(backend_cpus());
	if (kernel)
		r.side[1].b = *kernel;
	r.socket = socket(AF_INET, SOCK_DGRAM, 0);
	r.ops = map_ops_type(kernel != NULL && row->value == VALUE_OPS);
	if (row->value == VALUE_OPS)
		r.spec.value = r.ops.bytes;
	if (row->key == KEY_CGROUP)
		map_storage_open(&r.storage, kernel != NULL);
	for (u32 i = 0; i < r.side_cnt; i++)
		open_side(&r, &r.side[i]);
	r.value_bytes = xb_map_sys_value_bytes(map_of(&r.side[0].b, r.side[0].fd));
	assert_true(r.value_bytes <= VALUE_MOST && r.row->key_space <= FEW_MOST);
	for (r.op = 0; r.op < cnt; r.op++) {
		one_op(&r);
		if (r.op % 500 == 499 || r.op == cnt - 1)
			compare_all(&r);
	}
	if (getenv(OPS_ENV))
		print_message("%s: %u operations\n", row->name, cnt);
	for (u32 i = 0; i < r.side_cnt; i++)
		close_side(&r, &r.side[i]);
	map_storage_close(&r.storage);
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
	for (u32 i = 0; i < map_random_row_cnt; i++)
		test_row(&map_random_rows[i], has_kernel ? &kernel : NULL);
	if (has_kernel)
		print_message("%u maps agree with the kernel\n", map_random_row_cnt);
}

/* Types whose tests at random are elsewhere, with their sockets and the like. */
static const struct {
	u32 type;
	const char *where;
} elsewhere[] = {
	{ BPF_MAP_TYPE_SK_STORAGE, "test_map_owner.c" },
	{ BPF_MAP_TYPE_INODE_STORAGE, "test_map_owner.c" },
	{ BPF_MAP_TYPE_TASK_STORAGE, "test_map_owner.c" },
	{ XB_MAP_TYPE_CGRP_STORAGE, "test_map_owner.c" },
	{ BPF_MAP_TYPE_SOCKMAP, "test_map_sock.c" },
	{ BPF_MAP_TYPE_SOCKHASH, "test_map_sock.c" },
	{ BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, "test_map_sock.c" },
};

static bool
has_row(u32 type)
{
	for (u32 i = 0; i < map_random_row_cnt; i++)
		if (map_random_rows[i].spec.type == type)
			return true;
	for (size_t i = 0; i < XB_ARRAY_SIZE(elsewhere); i++)
		if (elsewhere[i].where && elsewhere[i].type == type)
			return true;
	return false;
}

static void
test_all_types(void **state)
{
	(void)state;
	for (u32 type = 0; type < 64; type++)
		if (xb_map_ops_of(type) && !has_row(type))
			fail_msg("no row for maps of type %s", xb_map_type_name(type));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_types),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("map random", tests, NULL, NULL);
}
