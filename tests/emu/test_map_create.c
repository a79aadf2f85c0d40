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
	{ BPF_MAP_TYPE_STACK_TRACE, 4, 80, 16, 0 },
	{ BPF_MAP_TYPE_CGROUP_STORAGE, 16, 8, 0, 0 },
	{ BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 8, 8, 0, 0 },
	{ BPF_MAP_TYPE_STRUCT_OPS, 4, 0, 1, 0 }, /* value: what the kernel says */
	{ BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 16, 0 },
	{ BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 4096, 0 },
	{ XB_MAP_TYPE_ARENA, 0, 0, 4, BPF_F_MMAPABLE },
	{ BPF_MAP_TYPE_SK_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_INODE_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_TASK_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC },
	{ XB_MAP_TYPE_CGRP_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_SOCKMAP, 4, 8, 16, 0 },
	{ BPF_MAP_TYPE_SOCKHASH, 4, 8, 16, 0 },
	{ BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, 16, 0 },
};

static const u32 keys[] = { 0, 1, 3, 4, 5, 8, 16, 260, 261, 512, 513, 1 << 20 };
static const u32 values[] = {
	0,        1,         2,         4,         5,          8,          9,
	16,       1016,      1024,      4064,      32768,      32769,      65407,
	65408,    BIG - 400, BIG - 300, BIG - 281, BIG - 280,  BIG - 279,  BIG - 53,
	BIG - 52, BIG - 51,  BIG,       BIG + 1,   0x7fffffff, 0x80000000, 0xffffffff,
};
static const u32 counts[] = { 0, 1, 2, 3, 100, 4095, 4096, 8192, 8193, 12288 };
/* Too big for a kernel to make, but only refused here: never given with values that make it. */
static const u32 refused_counts[] = { 0x10000001, 0x80000000, 0x80000001, 0xffffffff };

struct pair {
	struct backend emu, kernel;
	bool has_kernel;
	int inner[2]; /* for map-in-map: of emu and kernel */
	u64 extra;    /* of the maps that are made now */
	struct map_ops_type ops;
	int btf_fd[2]; /* any, for STRUCT_OPS */
	u32 done;
};

/* Types that are made with the types of key and value only. */
static bool
is_typed(u32 type)
{
	return type == BPF_MAP_TYPE_SK_STORAGE || type == BPF_MAP_TYPE_INODE_STORAGE ||
	       type == BPF_MAP_TYPE_TASK_STORAGE || type == XB_MAP_TYPE_CGRP_STORAGE;
}

static long
create(const struct pair *p, const struct backend *b, const struct map_spec *s)
{
	const struct map_more more = {
		.inner = p->inner[b == &p->kernel],
		.extra = p->extra,
		.vmlinux_value = s->type == BPF_MAP_TYPE_STRUCT_OPS ? p->ops.id : 0,
		.btf_fd = p->btf_fd[b == &p->kernel],
		.typed = is_typed(s->type),
	};
	struct map_spec spec = *s;
	long fd;

	if (s->type == BPF_MAP_TYPE_STRUCT_OPS && !s->value)
		spec.value = p->ops.bytes;
	fd = map_create_with(b, &spec, &more);
	if (fd < 0)
		return fd;
	close((int)fd);
	return 0;
}

static void
compare(struct pair *p, const struct map_spec *s)
{
	long emu = create(p, &p->emu, s), kernel;

	if (!p->has_kernel)
		return;
	kernel = create(p, &p->kernel, s);
	p->done++;
	if (emu != kernel)
		fail_msg("%s key %u value %u max %u flags 0x%x extra 0x%llx: emulator %ld, kernel "
		         "%ld",
		         xb_map_type_name(s->type), s->key, s->value, s->max, s->flags,
		         (unsigned long long)p->extra, emu, kernel);
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
	p.btf_fd[0] = map_load_btf(&p.emu);
	p.btf_fd[1] = p.has_kernel ? map_load_btf(&p.kernel) : -1;
	p.ops = map_ops_type(p.has_kernel);
	*state = &p;
	return p.inner[0] < 0;
}

static int
teardown(void **state)
{
	struct pair *p = *state;

	for (int i = 0; i < (p->has_kernel ? 2 : 1); i++) {
		close(p->inner[i]);
		close(p->btf_fd[i]);
	}
	backend_free(&p->emu);
	return 0;
}

/* The rows' own types are made. */
static void
test_types(void **state)
{
	struct pair *p = *state;

	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++) {
		if (create(p, &p->emu, &types[i]))
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
			assert_int_equal(create(p, &p->emu, &(struct map_spec){ type, 4, 4, 1, 0 }),
			                 -EINVAL);
		assert_true(type > BPF_MAP_TYPE_USER_RINGBUF || xb_map_type_name(type));
	}
}

static bool
too_big(const struct map_spec *s)
{
	return (u64)s->max * (s->value + 64ull) > 64u << 20;
}

static bool
is_ring(u32 type)
{
	return type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_USER_RINGBUF;
}

static bool
is_unbound(u32 type)
{
	return type == BPF_MAP_TYPE_CGROUP_STORAGE || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
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
				s.max = is_ring(s.type) ? 4096 : is_unbound(s.type) ? 0 : 1;
				/* What both would make from host memory: 2 GiB arrays. */
				if (s.value == 0x7fffffff)
					continue;
				/* What a value has is the kernel's BTF's affair. */
				if (s.type == BPF_MAP_TYPE_STRUCT_OPS && s.value)
					continue;
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
			    s.type == BPF_MAP_TYPE_HASH_OF_MAPS || s.type == BPF_MAP_TYPE_RINGBUF ||
			    s.type == XB_MAP_TYPE_ARENA || is_unbound(s.type) ||
			    s.type == BPF_MAP_TYPE_STRUCT_OPS)
				compare(p, &s);
		}
	}
}

#define LAST_FLAG 19u /* one beyond those that Linux 6.18 has */

/* One flag, alone and besides what the type needs, and every two of them. */
static void
test_flags(void **state)
{
	struct pair *p = *state;

	for (size_t t = 0; t < XB_ARRAY_SIZE(types); t++) {
		struct map_spec s = types[t];

		for (u32 bit = 0; bit < 32; bit++) {
			s.flags = 1u << bit;
			compare(p, &s);
			s.flags = types[t].flags ^ 1u << bit;
			compare(p, &s);
		}
		for (u32 a = 0; a <= LAST_FLAG; a++)
			for (u32 b = 0; b < a; b++) {
				s.flags = types[t].flags ^ (1u << a | 1u << b);
				compare(p, &s);
			}
	}
	if (p->has_kernel)
		print_message("%u maps agree with the kernel\n", p->done);
}

/* map_extra is for two types, each with its own rule. */
static void
test_extra(void **state)
{
	static const u64 extras[] = {
		1,          2,          15,          16,         0x1000,         0x1001,
		0xffffc000, 0xffffd000, 0x100000000, 1ull << 62, 0x7fff00000000, ~0ull,
	};
	struct pair *p = *state;

	for (size_t t = 0; t < XB_ARRAY_SIZE(types); t++)
		for (size_t i = 0; i < XB_ARRAY_SIZE(extras); i++) {
			p->extra = extras[i];
			compare(p, &types[t]);
		}
	p->extra = 0;
}

/* The other attributes. */
struct attr_row {
	const char *name;
	union bpf_attr attr;
	u32 bytes; /* 0: all */
	long want; /* 0: a map */
};

#define HASH       .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 1
#define TOKEN_FD   (1u << 16) /* BPF_F_TOKEN_FD */
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
	{ "token: no token", { HASH, .map_flags = TOKEN_FD }, 0, -EINVAL },
	{ "name and size",
	  { .map_type = BPF_MAP_TYPE_HASH,
	    .key_size = 4,
	    .value_size = 4,
	    .max_entries = 0xffffffff,
	    .map_name = "-" },
	  0,
	  -E2BIG },
	{ "BTF and size",
	  { .map_type = BPF_MAP_TYPE_HASH,
	    .key_size = 4,
	    .value_size = 4,
	    .max_entries = 0xffffffff,
	    .btf_fd = 77777,
	    .btf_value_type_id = 1 },
	  0,
	  -E2BIG },
	{ "name and BTF",
	  { HASH, .map_name = "-", .btf_fd = 77777, .btf_value_type_id = 1 },
	  0,
	  -EINVAL },
	{ "name and inner map",
	  { .map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
	    .key_size = 4,
	    .value_size = 4,
	    .max_entries = 1,
	    .map_name = "-",
	    .inner_map_fd = 77777 },
	  0,
	  -EBADF },
	{ "struct_ops without a type",
	  { .map_type = BPF_MAP_TYPE_STRUCT_OPS,
	    .key_size = 4,
	    .value_size = 64,
	    .max_entries = 1 },
	  0,
	  -EINVAL },
	{ "struct_ops with two types",
	  { .map_type = BPF_MAP_TYPE_STRUCT_OPS,
	    .key_size = 4,
	    .value_size = 64,
	    .max_entries = 1,
	    .btf_vmlinux_value_type_id = 1,
	    .btf_value_type_id = 1 },
	  0,
	  -EINVAL },
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
	{ "stack trace",
	  { BPF_MAP_TYPE_STACK_TRACE, 4, 8, 4, 0 },
	  { BPF_MAP_TYPE_STACK_TRACE, 4, 8, 5, 0 } },
	{ "cgroup storage",
	  { BPF_MAP_TYPE_CGROUP_STORAGE, 8, 8, 0, 0 },
	  { BPF_MAP_TYPE_CGROUP_STORAGE, 8, 8, 0, 0 } },
	{ "per-CPU cgroup storage",
	  { BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 8, 8, 0, 0 },
	  { BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 8, 8, 0, 0 } },
	{ "bloom filter",
	  { BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 4, 0 },
	  { BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 9, 0 } },
	{ "bloom filter's value",
	  { BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 4, 0 },
	  { BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 4, 0 } },
	{ "user ring buffer",
	  { BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 4096, 0 },
	  { BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 8192, 0 } },
	{ "user ring buffer, other ring buffer",
	  { BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 4096, 0 },
	  { BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 } },
	{ "arena",
	  { XB_MAP_TYPE_ARENA, 0, 0, 4, BPF_F_MMAPABLE },
	  { XB_MAP_TYPE_ARENA, 0, 0, 5, BPF_F_MMAPABLE } },
	{ "node",
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, BPF_F_NUMA_NODE },
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 } },
	{ "zero seed",
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, BPF_F_ZERO_SEED },
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 } },
	{ "read-only for programs",
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, BPF_F_RDONLY_PROG },
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 } },
	{ "write-only descriptor put in",
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 },
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, BPF_F_WRONLY } },
	{ "mmapable array",
	  { BPF_MAP_TYPE_ARRAY, 4, 4, 4, BPF_F_MMAPABLE },
	  { BPF_MAP_TYPE_ARRAY, 4, 4, 4, 0 } },
	{ "devmap, read-only for programs by itself",
	  { BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 0 },
	  { BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 0 } },
	{ "LRU, lists per CPU",
	  { BPF_MAP_TYPE_LRU_HASH, 4, 4, 4, BPF_F_NO_COMMON_LRU },
	  { BPF_MAP_TYPE_LRU_HASH, 4, 4, 4, 0 } },
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
		cmocka_unit_test(test_types),      cmocka_unit_test(test_table),
		cmocka_unit_test(test_sizes),      cmocka_unit_test(test_counts),
		cmocka_unit_test(test_flags),      cmocka_unit_test(test_extra),
		cmocka_unit_test(test_attributes), cmocka_unit_test(test_inner),
	};

	return cmocka_run_group_tests_name("map create", tests, setup, teardown);
}
