/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What maps can be made: every type with every size, count and flag around its limits, by the
 * emulator and by the kernel.
 */
#include "emu/map.h"
#include "tests/emu/map_backend.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BIG (1u << 22) /* KMALLOC_MAX_SIZE */

/* Types, and a specification of each that is right. Map-in-map need a descriptor more. */
static const struct map_spec types[] = {
	{ BPF_MAP_TYPE_HASH, 4, 8, 16, 0 },
	{ BPF_MAP_TYPE_ARRAY, 4, 8, 16, 0 },
	{ BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 16, 0 },
	{ BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 16, 0 },
	{ BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 16, 0 },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 16, 0 },
	{ BPF_MAP_TYPE_LRU_HASH, 4, 8, 16, 0 },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 16, 0 },
	{ BPF_MAP_TYPE_LPM_TRIE, 8, 8, 16, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 16, 0 },
	{ BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 16, 0 },
	{ BPF_MAP_TYPE_DEVMAP, 4, 8, 16, 0 },
	{ BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 16, 0 },
	{ BPF_MAP_TYPE_CPUMAP, 4, 8, 1, 0 },
	{ BPF_MAP_TYPE_XSKMAP, 4, 4, 16, 0 },
	{ BPF_MAP_TYPE_QUEUE, 0, 8, 16, 0 },
	{ BPF_MAP_TYPE_STACK, 0, 8, 16, 0 },
	{ BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },
	{ BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 16, 0 },
};

static const u32 keys[] = { 0, 1, 3, 4, 5, 8, 16, 260, 261, 512, 513, 1 << 20 };
static const u32 values[] = {
	0,        1,        2,         4,         5,          8,          9,          16,
	32768,    32769,    BIG - 400, BIG - 300, BIG - 281,  BIG - 280,  BIG - 279,  BIG - 53,
	BIG - 52, BIG - 51, BIG,       BIG + 1,   0x7fffffff, 0x80000000, 0xffffffff,
};
static const u32 counts[] = { 0, 1, 2, 3, 100, 4095, 4096, 8192, 8193, 12288 };
/* Too big for a kernel to make, but only refused here: never given with values that make it. */
static const u32 refused_counts[] = { 0x10000001, 0x80000000, 0x80000001, 0xffffffff };

struct pair {
	struct backend emu, kernel;
	bool has_kernel;
	int inner[2]; /* for map-in-map: of emu and kernel */
	u32 done;
};

static long
create(const struct backend *b, const struct map_spec *s, int inner)
{
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
	if (fd < 0)
		return fd;
	close((int)fd);
	return 0;
}

static void
compare(struct pair *p, const struct map_spec *s)
{
	long emu = create(&p->emu, s, p->inner[0]), kernel;

	if (!p->has_kernel)
		return;
	kernel = create(&p->kernel, s, p->inner[1]);
	p->done++;
	if (emu != kernel)
		fail_msg("%s key %u value %u max %u flags 0x%x: emulator %ld, kernel %ld",
		         xb_map_type_name(s->type), s->key, s->value, s->max, s->flags, emu,
		         kernel);
}

static int
setup(void **state)
{
	static struct pair p;
	const struct map_spec inner = { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 };

	p = (struct pair){ .emu = backend_emu(backend_cpus()) };
	p.has_kernel = backend_kernel(&p.kernel);
	p.inner[0] = (int)map_create(&p.emu, &inner);
	p.inner[1] = p.has_kernel ? (int)map_create(&p.kernel, &inner) : -1;
	*state = &p;
	return p.inner[0] < 0;
}

static int
teardown(void **state)
{
	struct pair *p = *state;

	close(p->inner[0]);
	if (p->has_kernel)
		close(p->inner[1]);
	backend_free(&p->emu);
	return 0;
}

/* The rows' own types are made. */
static void
test_types(void **state)
{
	struct pair *p = *state;

	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++) {
		if (create(&p->emu, &types[i], p->inner[0]))
			fail_msg("%s", xb_map_type_name(types[i].type));
		compare(p, &types[i]);
	}
}

/* Each type of the table of types is among the rows; the others are refused. */
static void
test_table(void **state)
{
	struct pair *p = *state;

	for (u32 type = 0; type < 64; type++) {
		bool row = false;

		for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++)
			row |= types[i].type == type;
		if (row != (xb_map_ops_of(type) != NULL))
			fail_msg("type %u", type);
		if (!row)
			assert_int_equal(
			        create(&p->emu, &(struct map_spec){ type, 4, 4, 1, 0 }, -1),
			        -EINVAL);
		assert_true(type > BPF_MAP_TYPE_USER_RINGBUF || xb_map_type_name(type));
	}
}

static bool
too_big(const struct map_spec *s)
{
	return (u64)s->max * (s->value + 64ull) > 64u << 20;
}

static void
test_sizes(void **state)
{
	struct pair *p = *state;

	for (size_t t = 0; t < XB_ARRAY_SIZE(types); t++) {
		struct map_spec s = types[t];

		for (size_t k = 0; k < XB_ARRAY_SIZE(keys); k++) {
			for (size_t v = 0; v < XB_ARRAY_SIZE(values); v++) {
				s.key = keys[k];
				s.value = values[v];
				s.max = s.type == BPF_MAP_TYPE_RINGBUF ? 4096 : 1;
				/* What both would make from host memory: 2 GiB arrays. */
				if (s.value != 0x7fffffff)
					compare(p, &s);
			}
		}
	}
}

static void
test_counts(void **state)
{
	struct pair *p = *state;

	for (size_t t = 0; t < XB_ARRAY_SIZE(types); t++) {
		struct map_spec s = types[t];

		for (size_t c = 0; c < XB_ARRAY_SIZE(counts); c++) {
			s.max = counts[c];
			/* How many CPUs a kernel is built for is its own affair. */
			if (s.type == BPF_MAP_TYPE_CPUMAP && s.max > 8 && s.max <= 8192)
				continue;
			if (!too_big(&s))
				compare(p, &s);
		}
		/* Without the memory: refused for the count alone, or for something else. */
		for (size_t c = 0; c < XB_ARRAY_SIZE(refused_counts); c++) {
			s.max = refused_counts[c];
			s.flags = types[t].flags;
			if (s.type == BPF_MAP_TYPE_HASH || s.type == BPF_MAP_TYPE_PERCPU_HASH ||
			    s.type == BPF_MAP_TYPE_LRU_HASH || s.type == BPF_MAP_TYPE_CPUMAP ||
			    s.type == BPF_MAP_TYPE_HASH_OF_MAPS || s.type == BPF_MAP_TYPE_RINGBUF)
				compare(p, &s);
		}
	}
}

static void
test_flags(void **state)
{
	static const u32 pairs[] = {
		BPF_F_RDONLY | BPF_F_WRONLY,         BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG,
		BPF_F_RDONLY | BPF_F_RDONLY_PROG,    BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE,
		BPF_F_NO_PREALLOC | BPF_F_ZERO_SEED, BPF_F_MMAPABLE | BPF_F_INNER_MAP,
		BPF_F_MMAPABLE | BPF_F_RDONLY_PROG,
	};
	struct pair *p = *state;

	for (size_t t = 0; t < XB_ARRAY_SIZE(types); t++) {
		struct map_spec s = types[t];

		for (u32 bit = 0; bit < 32; bit++) {
			s.flags = 1u << bit;
			compare(p, &s);
			s.flags = types[t].flags ^ 1u << bit;
			compare(p, &s);
		}
		for (size_t i = 0; i < XB_ARRAY_SIZE(pairs); i++) {
			s.flags = types[t].flags | pairs[i];
			compare(p, &s);
		}
	}
	if (p->has_kernel)
		print_message("%u maps agree with the kernel\n", p->done);
}

/* The other attributes. */
struct attr_row {
	const char *name;
	union bpf_attr attr;
	u32 bytes; /* 0: all */
	long want; /* 0: a map */
};

#define HASH       .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 1
#define END(field) (offsetof(union bpf_attr, field) + sizeof(((union bpf_attr *)0)->field))

static const struct attr_row attr_rows[] = {
	{ "name", { HASH, .map_name = "a_Z.9" }, 0, 0 },
	{ "name of 15", { HASH, .map_name = "123456789012345" }, 0, 0 },
	{ "name of 16", { HASH, .map_name = "1234567890123456" }, 0, -EINVAL },
	{ "name with minus", { HASH, .map_name = "a-b" }, 0, -EINVAL },
	{ "name with space", { HASH, .map_name = "a b" }, 0, -EINVAL },
	{ "name with high bit", { HASH, .map_name = "\xe4" }, 0, 0 },
	{ "name with times sign", { HASH, .map_name = "\xd7" }, 0, -EINVAL },
	{ "node 0", { HASH, .map_flags = BPF_F_NUMA_NODE, .numa_node = 0 }, 0, 0 },
	{ "node -1", { HASH, .map_flags = BPF_F_NUMA_NODE, .numa_node = ~0u }, 0, 0 },
	{ "node 1000", { HASH, .map_flags = BPF_F_NUMA_NODE, .numa_node = 1000 }, 0, -EINVAL },
	{ "node without flag", { HASH, .numa_node = 1000 }, 0, 0 },
	{ "interface", { HASH, .map_ifindex = 0x7fffffff }, 0, -EINVAL },
	{ "inner map of a hash", { HASH, .inner_map_fd = 77777 }, 0, 0 },
	{ "BTF fd alone", { HASH, .btf_fd = 77777 }, 0, 0 },
	{ "key type alone", { HASH, .btf_key_type_id = 1 }, 0, -EINVAL },
	{ "value type, no BTF", { HASH, .btf_fd = 77777, .btf_value_type_id = 1 }, 0, -EBADF },
	{ "vmlinux value", { HASH, .btf_vmlinux_value_type_id = 1 }, 0, -EINVAL },
	{ "map_extra", { HASH, .map_extra = 1 }, 0, -EINVAL },
	{ "short attributes", { HASH }, END(max_entries), 0 },
	{ "cut attributes", { HASH }, END(value_size), -EINVAL },
	{ "inner map: none",
	  { .map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
	    .key_size = 4,
	    .value_size = 4,
	    .max_entries = 1,
	    .inner_map_fd = 77777 },
	  0,
	  -EBADF },
	{ "inner map: no map",
	  { .map_type = BPF_MAP_TYPE_HASH_OF_MAPS,
	    .key_size = 4,
	    .value_size = 4,
	    .max_entries = 1,
	    .inner_map_fd = 0 },
	  0,
	  -EINVAL },
};

static void
check_attr_row(const struct backend *b, const struct attr_row *row)
{
	union bpf_attr attr = row->attr;
	long ret = backend_bpf(b, BPF_MAP_CREATE, &attr, row->bytes ? row->bytes : sizeof(attr));

	if (ret >= 0) {
		close((int)ret);
		ret = 0;
	}
	if (ret != row->want)
		fail_msg("%s: %s: %ld, not %ld", b->name, row->name, ret, row->want);
}

static void
test_attributes(void **state)
{
	struct pair *p = *state;

	for (size_t i = 0; i < XB_ARRAY_SIZE(attr_rows); i++) {
		check_attr_row(&p->emu, &attr_rows[i]);
		if (p->has_kernel)
			check_attr_row(&p->kernel, &attr_rows[i]);
	}
}

/* Which maps may be in which: the template of an outer map, and what is put in. */
static const struct inner_row {
	const char *name;
	struct map_spec meta, map;
} inner_rows[] = {
	{ "same", { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 }, { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 } },
	{ "entries", { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 }, { BPF_MAP_TYPE_HASH, 4, 4, 5, 0 } },
	{ "key", { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 }, { BPF_MAP_TYPE_HASH, 8, 4, 4, 0 } },
	{ "value", { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 }, { BPF_MAP_TYPE_HASH, 4, 8, 4, 0 } },
	{ "flags", { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 }, { BPF_MAP_TYPE_HASH, 4, 4, 4, 1 } },
	{ "type", { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 }, { BPF_MAP_TYPE_LRU_HASH, 4, 4, 4, 0 } },
	{ "array", { BPF_MAP_TYPE_ARRAY, 4, 4, 4, 0 }, { BPF_MAP_TYPE_ARRAY, 4, 4, 4, 0 } },
	{ "array entries", { BPF_MAP_TYPE_ARRAY, 4, 4, 4, 0 }, { BPF_MAP_TYPE_ARRAY, 4, 4, 5, 0 } },
	{ "dynamic array",
	  { BPF_MAP_TYPE_ARRAY, 4, 4, 4, BPF_F_INNER_MAP },
	  { BPF_MAP_TYPE_ARRAY, 4, 4, 5, BPF_F_INNER_MAP } },
	{ "dynamic array, other not",
	  { BPF_MAP_TYPE_ARRAY, 4, 4, 4, BPF_F_INNER_MAP },
	  { BPF_MAP_TYPE_ARRAY, 4, 4, 5, 0 } },
	{ "per-CPU array entries",
	  { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 4, 4, 0 },
	  { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 4, 5, 0 } },
	{ "xskmap entries",
	  { BPF_MAP_TYPE_XSKMAP, 4, 4, 4, 0 },
	  { BPF_MAP_TYPE_XSKMAP, 4, 4, 5, 0 } },
	{ "devmap entries",
	  { BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 0 },
	  { BPF_MAP_TYPE_DEVMAP, 4, 4, 5, 0 } },
	{ "read-only descriptor",
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, BPF_F_RDONLY },
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 } },
	{ "program array",
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0 },
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0 } },
	{ "ring buffer",
	  { BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },
	  { BPF_MAP_TYPE_RINGBUF, 0, 0, 8192, 0 } },
	{ "LPM",
	  { BPF_MAP_TYPE_LPM_TRIE, 8, 4, 4, BPF_F_NO_PREALLOC },
	  { BPF_MAP_TYPE_LPM_TRIE, 8, 4, 9, BPF_F_NO_PREALLOC } },
	{ "queue", { BPF_MAP_TYPE_QUEUE, 0, 4, 4, 0 }, { BPF_MAP_TYPE_QUEUE, 0, 4, 5, 0 } },
	{ "perf array",
	  { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 0 },
	  { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 5, 0 } },
	{ "cgroup array",
	  { BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 4, 0 },
	  { BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 4, 0 } },
	{ "cgroup array entries",
	  { BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 4, 0 },
	  { BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 5, 0 } },
};

/* What creating the outer map gives, and putting the inner one in, as one number. */
static long
try_inner(const struct backend *b, u32 outer_type, const struct inner_row *row)
{
	struct map_spec outer = { outer_type, 4, 4, 1, 0 };
	int meta = (int)map_create(b, &row->meta), map = (int)map_create(b, &row->map);
	union bpf_attr attr;
	u32 key = 0;
	long ret;
	int fd;

	assert_true(meta >= 0 && map >= 0);
	memset(&attr, 0, sizeof(attr));
	attr.map_type = outer.type;
	attr.key_size = attr.value_size = 4;
	attr.max_entries = 1;
	attr.inner_map_fd = (u32)meta;
	fd = (int)backend_bpf(b, BPF_MAP_CREATE, &attr, sizeof(attr));
	ret = fd < 0 ? 10000 - fd : map_update(b, fd, &key, &map, 0);
	if (fd >= 0)
		close(fd);
	close(meta);
	close(map);
	return ret;
}

static void
test_inner(void **state)
{
	static const u32 outer[] = { BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS };
	struct pair *p = *state;

	for (size_t o = 0; o < 2; o++) {
		for (size_t i = 0; i < XB_ARRAY_SIZE(inner_rows); i++) {
			long emu = try_inner(&p->emu, outer[o], &inner_rows[i]);

			if (!p->has_kernel)
				continue;
			if (emu != try_inner(&p->kernel, outer[o], &inner_rows[i]))
				fail_msg("%s in %s: emulator %ld, kernel not", inner_rows[i].name,
				         xb_map_type_name(outer[o]), emu);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types), cmocka_unit_test(test_table),
		cmocka_unit_test(test_sizes), cmocka_unit_test(test_counts),
		cmocka_unit_test(test_flags), cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_inner),
	};

	return cmocka_run_group_tests_name("map create", tests, setup, teardown);
}
