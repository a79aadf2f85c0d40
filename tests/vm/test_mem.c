/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest memory: the shadow against a map of bytes, regions, and what is said of bad addresses.
 */
#include "vm/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define AREA_BYTES 4096 /* of one region, of which a byte map is kept */
#define ARENA      (16ull << 30)

/* A region, and for each of its bytes what is allowed: 0, XB_MEM_READ, or XB_MEM_WRITE. */
struct area {
	struct xb_mem *mem;
	struct xb_region *r;
	u8 may[AREA_BYTES];
};

static struct xb_mem *
new_mem(u64 bytes)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_mem *mem = xb_mem_new(bytes, &err);

	if (!mem)
		fail_msg("%s", err.msg);
	return mem;
}

static struct xb_region *
map(struct xb_mem *mem, const char *name, u64 bytes, bool low)
{
	struct xb_region_opts opts = { .name = name, .bytes = bytes, .low = low };
	struct xb_err err = XB_ERR_INIT;
	struct xb_region *r = xb_mem_map(mem, &opts, &err);

	if (!r)
		fail_msg("%s", err.msg);
	return r;
}

static void
area_init(struct area *a)
{
	memset(a, 0, sizeof(*a));
	a->mem = new_mem(ARENA);
	a->r = map(a->mem, "area", AREA_BYTES, true);
}

static void
area_fini(struct area *a)
{
	xb_mem_free(a->mem);
}

static void
area_allow(struct area *a, u64 off, u64 bytes, u8 need)
{
	xb_mem_allow(a->mem, a->r->gaddr + off, bytes, need);
	memset(a->may + off, need, bytes);
}

static void
area_forbid(struct area *a, u64 off, u64 bytes)
{
	xb_mem_forbid(a->mem, a->r->gaddr + off, bytes);
	memset(a->may + off, 0, bytes);
}

/* How many bytes from `off` on the byte map allows; `off` may lie outside of the area. */
static u64
area_extent(const struct area *a, s64 off, u64 max, u8 need)
{
	u64 n = 0;

	while (n < max && off + (s64)n >= 0 && off + (s64)n < AREA_BYTES &&
	       (a->may[off + (s64)n] & need) == need)
		n++;
	return n;
}

/* All questions about `bytes` at `off` are answered as the byte map does. */
static void
check_at(const struct area *a, s64 off, u64 bytes, u8 need)
{
	u64 gaddr = a->r->gaddr + (u64)off;
	u64 want = area_extent(a, off, bytes, need);
	bool all = want == bytes;
	const void *host = xb_mem_range(a->mem, gaddr, bytes, need);

	if (bytes <= 8 && xb_mem_check(a->mem, gaddr, (u32)bytes, need) != all)
		fail_msg("check of %llu at %lld, need 0x%x: not %d", (unsigned long long)bytes,
		         (long long)off, need, all);
	if (xb_mem_check_slow(a->mem, gaddr, bytes, need) != all)
		fail_msg("slow check of %llu at %lld, need 0x%x: not %d", (unsigned long long)bytes,
		         (long long)off, need, all);
	if (bytes && host != (all ? xb_mem_host(a->mem, gaddr) : NULL))
		fail_msg("range of %llu at %lld, need 0x%x: not %d", (unsigned long long)bytes,
		         (long long)off, need, all);
	if (xb_mem_extent(a->mem, gaddr, bytes, need) != want)
		fail_msg("extent of %llu at %lld, need 0x%x: not %llu", (unsigned long long)bytes,
		         (long long)off, need, (unsigned long long)want);
}

static void
check_around(const struct area *a, s64 from, s64 to, u64 max_bytes)
{
	for (s64 off = from; off < to; off++) {
		for (u64 bytes = 1; bytes <= max_bytes; bytes++) {
			check_at(a, off, bytes, XB_MEM_READ);
			check_at(a, off, bytes, XB_MEM_WRITE);
		}
	}
}

/* Objects of 1 to 40 bytes at all alignments, and accesses of all sizes around them. */
static void
test_exact_to_the_byte(void **state)
{
	static const u8 needs[] = { XB_MEM_READ, XB_MEM_WRITE };
	struct area *a = malloc(sizeof(*a));

	(void)state;
	assert_non_null(a);
	area_init(a);
	for (u32 n = 0; n < 2 * 8 * 40; n++) {
		u64 at = 64 + n % 8, bytes = 1 + n / 8 % 40;

		area_allow(a, at, bytes, needs[n / 320]);
		check_around(a, 48, (s64)(at + bytes) + 16, bytes < 16 ? 24 : 9);
		check_around(a, 60, 76, bytes + 2);
		area_forbid(a, at, bytes);
		check_around(a, 56, (s64)(at + bytes) + 8, 8);
	}
	area_fini(a);
	free(a);
}

/* The region's own edges, to pages that nothing is behind. */
static void
test_edges_of_region(void **state)
{
	struct area *a = malloc(sizeof(*a));

	(void)state;
	assert_non_null(a);
	area_init(a);
	check_around(a, -16, 16, 9);
	area_allow(a, 0, AREA_BYTES, XB_MEM_WRITE);
	check_around(a, -16, 16, 20);
	check_around(a, AREA_BYTES - 32, AREA_BYTES + 16, 20);
	for (u64 bytes = AREA_BYTES - 40; bytes < AREA_BYTES + 40; bytes++) {
		for (s64 off = -2; off < 18; off++)
			check_at(a, off, bytes, XB_MEM_WRITE);
	}
	area_fini(a);
	free(a);
}

/* Many objects that come, change and go, each in 128 bytes of its own. */
static void
test_random_objects(void **state)
{
	struct area *a = malloc(sizeof(*a));
	u32 seed = 12345;

	(void)state;
	assert_non_null(a);
	area_init(a);
	for (u32 round = 0; round < 20000; round++) {
		u64 at, bytes;
		u8 need;

		seed = seed * 1664525 + 1013904223;
		at = (seed >> 8) % (AREA_BYTES / 128) * 128;
		bytes = 1 + (seed >> 16) % 100;
		need = seed >> 31 ? XB_MEM_READ : XB_MEM_WRITE;
		area_forbid(a, at, 120);
		if (seed >> 29 & 3)
			area_allow(a, at + (seed >> 24) % 20, bytes, need);
		for (u32 k = 0; k < 20; k++) {
			seed = seed * 1664525 + 1013904223;
			check_at(a, (s64)at - 20 + (seed >> 8) % 160, 1 + (seed >> 20) % 64,
			         seed >> 31 ? XB_MEM_READ : XB_MEM_WRITE);
		}
	}
	area_fini(a);
	free(a);
}

/* Large enough for the paths that skip eight granules, and that give shadow pages back. */
static void
test_large_objects(void **state)
{
	static const u64 sizes[] = { 511, 4096, 65536, 1 << 20, (1 << 22) + 5, 64 << 20 };
	struct xb_mem *mem = new_mem(ARENA);

	(void)state;
	for (u32 i = 0; i < XB_ARRAY_SIZE(sizes); i++) {
		u64 bytes = sizes[i];
		struct xb_region *below = map(mem, "below", bytes, false);
		struct xb_region *r = map(mem, "large", bytes, false);
		struct xb_region *above = map(mem, "above", bytes, false);
		u64 g = r->gaddr;

		xb_mem_allow(mem, below->gaddr, bytes, XB_MEM_READ);
		xb_mem_allow(mem, g, bytes, XB_MEM_WRITE);
		xb_mem_allow(mem, above->gaddr, bytes, XB_MEM_READ);
		assert_true(xb_mem_check_slow(mem, g, bytes, XB_MEM_WRITE));
		assert_false(xb_mem_check_slow(mem, g, bytes + 1, XB_MEM_READ));
		assert_false(xb_mem_check_slow(mem, g - 1, bytes, XB_MEM_READ));
		assert_int_equal(xb_mem_extent(mem, g + 3, UINT64_MAX, XB_MEM_WRITE), bytes - 3);
		assert_false(xb_mem_check_slow(mem, below->gaddr, bytes, XB_MEM_WRITE));
		xb_mem_forbid(mem, g, bytes);
		for (u64 at = 0; at < bytes; at += bytes / 512 + 1)
			assert_false(xb_mem_check(mem, g + at, 1, XB_MEM_READ));
		assert_false(xb_mem_check(mem, g + bytes - 1, 1, XB_MEM_READ));
		assert_true(xb_mem_check_slow(mem, below->gaddr, bytes, XB_MEM_READ));
		assert_true(xb_mem_check_slow(mem, above->gaddr, bytes, XB_MEM_READ));
		xb_mem_unmap(mem, above);
		xb_mem_unmap(mem, r);
		xb_mem_unmap(mem, below);
	}
	xb_mem_free(mem);
}

/* Nothing that a program can name makes a check look outside of the arena. */
static void
test_wild_addresses(void **state)
{
	struct xb_mem *mem = new_mem(ARENA);
	const u64 wild[] = {
		0,
		1,
		7,
		8,
		XB_MEM_NULL_BYTES - 1,
		XB_MEM_NULL_BYTES,
		mem->limit - 9,
		mem->limit - 8,
		mem->limit - 7,
		mem->limit - 1,
		mem->limit,
		mem->limit + 1,
		1ull << 47,
		INT64_MAX,
		1ull << 63,
		UINT64_MAX - 8,
		UINT64_MAX - 7,
		UINT64_MAX,
	};
	const u64 sizes[] = { 1, 2, 4, 8, 9, 4096, 1ull << 40, UINT64_MAX };

	(void)state;
	for (u32 i = 0; i < XB_ARRAY_SIZE(wild); i++) {
		struct xb_mem_where where;

		for (u32 k = 0; k < XB_ARRAY_SIZE(sizes); k++) {
			assert_null(xb_mem_range(mem, wild[i], sizes[k], XB_MEM_READ));
			assert_null(xb_mem_range(mem, wild[i], sizes[k], XB_MEM_WRITE));
			assert_int_equal(xb_mem_extent(mem, wild[i], sizes[k], XB_MEM_READ), 0);
			xb_mem_describe(mem, wild[i], sizes[k], XB_MEM_READ, &where);
			assert_int_equal(where.pos, wild[i] < XB_MEM_NULL_BYTES ? XB_WHERE_NULL
			                                                        : XB_WHERE_NONE);
		}
		assert_non_null(xb_mem_range(mem, wild[i], 0, XB_MEM_WRITE));
	}
	xb_mem_free(mem);
}

/* Regions "a" of 100 bytes, "page" of 4096, "b" of 10 (read-only) and "none", in this order. */
static void
test_describe(void **state)
{
	enum { A, PAGE, B, NONE };
	static const struct {
		const char *name;
		u32 region;
		s64 off;
		u64 bytes;
		u8 need;
		int pos;
		const char *object;
		u64 distance, obj_bytes;
	} rows[] = {
		{ "adjacent", A, 100, 1, XB_MEM_READ, XB_WHERE_PAST, "a", 1, 100 },
		{ "straddles the end", A, 98, 4, XB_MEM_READ, XB_WHERE_PAST, "a", 1, 100 },
		{ "some way past", A, 110, 8, XB_MEM_WRITE, XB_WHERE_PAST, "a", 11, 100 },
		{ "just before", A, -1, 1, XB_MEM_READ, XB_WHERE_BEFORE, "a", 1, 100 },
		{ "8 before", A, -8, 8, XB_MEM_READ, XB_WHERE_BEFORE, "a", 8, 100 },
		{ "buffer with a hole behind", A, 0, 5000, XB_MEM_READ, XB_WHERE_PAST, "a", 1,
		  100 },
		{ "past a page", PAGE, 4096, 4, XB_MEM_READ, XB_WHERE_PAST, "page", 1, 4096 },
		{ "past a page and more", PAGE, 4196, 4, XB_MEM_READ, XB_WHERE_PAST, "page", 101,
		  4096 },
		{ "nearer to the next", PAGE, 8184, 8, XB_MEM_READ, XB_WHERE_BEFORE, "b", 8, 10 },
		{ "before a page", PAGE, -4, 4, XB_MEM_WRITE, XB_WHERE_BEFORE, "page", 4, 4096 },
		{ "read-only", B, 2, 4, XB_MEM_WRITE, XB_WHERE_INSIDE, "b", 0, 10 },
		{ "read-only, past", B, 10, 1, XB_MEM_WRITE, XB_WHERE_PAST, "b", 1, 10 },
		{ "nothing allowed", NONE, 16, 8, XB_MEM_READ, XB_WHERE_NONE, "none", 0, 0 },
	};
	struct xb_mem *mem = new_mem(ARENA);
	struct xb_region *r[] = { map(mem, "a", 100, true), map(mem, "page", 4096, true),
		                  map(mem, "b", 10, true), map(mem, "none", 40000, true) };

	(void)state;
	xb_mem_allow(mem, r[A]->gaddr, 100, XB_MEM_WRITE);
	xb_mem_allow(mem, r[PAGE]->gaddr, 4096, XB_MEM_WRITE);
	xb_mem_allow(mem, r[B]->gaddr, 10, XB_MEM_READ);
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		u32 k = rows[i].region;
		struct xb_mem_where w;

		if (k == NONE)
			r[k]->gaddr += 8192; /* farther off than objects are looked for */
		xb_mem_describe(mem, r[k]->gaddr + (u64)rows[i].off, rows[i].bytes, rows[i].need,
		                &w);
		if (k == NONE)
			r[k]->gaddr -= 8192;
		if ((int)w.pos != rows[i].pos || strcmp(w.name, rows[i].object) != 0 ||
		    w.distance != rows[i].distance || w.obj_bytes != rows[i].obj_bytes)
			fail_msg("%s: pos %d of '%s', distance %llu, %llu bytes", rows[i].name,
			         (int)w.pos, w.name, (unsigned long long)w.distance,
			         (unsigned long long)w.obj_bytes);
	}
	xb_mem_free(mem);
}

static void
test_regions_are_reused_zeroed(void **state)
{
	struct xb_mem *mem = new_mem(ARENA);

	(void)state;
	for (u32 low = 0; low < 2; low++) {
		struct xb_region *a = map(mem, "a", 5000, low);
		struct xb_region *b = map(mem, "b", 5000, low);
		u64 at = a->gaddr;
		const u8 *p;

		assert_int_equal(at % 4096, 0);
		assert_true(b->gaddr >= at + 8192 + 4096);
		assert_true(low == (at + 5000 <= XB_MEM_LOW_END));
		memset(xb_mem_host(mem, at), 0xaa, 5000);
		xb_mem_allow(mem, at, 5000, XB_MEM_WRITE);
		xb_mem_unmap(mem, a);
		assert_false(xb_mem_check(mem, at, 1, XB_MEM_READ));
		/* Another size or zone does not take its place; the same does. */
		assert_int_not_equal(map(mem, "c", 9000, low)->gaddr, at);
		assert_int_not_equal(map(mem, "d", 5000, !low)->gaddr, at);
		a = map(mem, "a name that is cut where it gets longer than 47 characters", 5001,
		        low);
		assert_int_equal(a->gaddr, at);
		assert_int_equal(strlen(a->name), 47);
		assert_false(xb_mem_check(mem, at, 1, XB_MEM_READ));
		p = xb_mem_host(mem, at);
		for (u32 i = 0; i < 5000; i++)
			assert_int_equal(p[i], 0);
		assert_int_equal(xb_mem_gaddr(mem, p), at);
	}
	xb_mem_unmap(mem, NULL);
	xb_mem_free(mem);
	xb_mem_free(NULL);
}

static void
test_same_calls_same_addresses(void **state)
{
	struct xb_mem *mem[2] = { new_mem(ARENA), new_mem(ARENA) };
	struct xb_region *kept[2][16] = { { NULL } };
	u32 seed = 7;

	(void)state;
	for (u32 i = 0; i < 2000; i++) {
		u32 slot = (seed = seed * 1664525 + 1013904223) >> 28;

		for (u32 k = 0; k < 2; k++) {
			xb_mem_unmap(mem[k], kept[k][slot]);
			kept[k][slot] = map(mem[k], "r", 1 + (seed >> 8) % 20000, seed >> 7 & 1);
		}
		assert_int_equal(kept[0][slot]->gaddr, kept[1][slot]->gaddr);
	}
	xb_mem_free(mem[0]);
	xb_mem_free(mem[1]);
}

static void
test_region_of_a_file(void **state)
{
	struct xb_mem *mem = new_mem(ARENA);
	struct xb_region_opts opts = { .name = "f", .bytes = 4096, .use_fd = true };
	struct xb_err err = XB_ERR_INIT;
	struct xb_region *r;
	char c = 'x';

	(void)state;
	opts.fd = memfd_create("f", 0);
	assert_true(opts.fd >= 0);
	assert_int_equal(ftruncate(opts.fd, 4096), 0);
	assert_int_equal(pwrite(opts.fd, &c, 1, 100), 1);
	r = xb_mem_map(mem, &opts, &err);
	assert_non_null(r);
	assert_int_equal(*(char *)xb_mem_host(mem, r->gaddr + 100), 'x');
	*(char *)xb_mem_host(mem, r->gaddr + 100) = 'y';
	assert_int_equal(pread(opts.fd, &c, 1, 100), 1);
	assert_int_equal(c, 'y');
	xb_mem_unmap(mem, r);
	close(opts.fd);
	opts.fd = -1;
	assert_null(xb_mem_map(mem, &opts, &err));
	assert_int_equal(err.kind, XB_ERR_SYSTEM);
	xb_mem_free(mem);
}

static void
test_refusals(void **state)
{
	static const u64 region_bytes[] = { 0, 1ull << 21, 1ull << 40, UINT64_MAX };
	struct xb_err err = XB_ERR_INIT;
	struct xb_mem *mem;

	(void)state;
	assert_null(xb_mem_new(UINT64_MAX, &err));
	assert_int_equal(err.kind, XB_ERR_SYSTEM);
	assert_null(xb_mem_new(1ull << 62, &err));
	assert_int_equal(strncmp(err.msg, "guest memory", 12), 0);
	/* 2 MiB, all of it low. */
	mem = new_mem(1ull << 21);
	for (u32 i = 0; i < XB_ARRAY_SIZE(region_bytes) * 2; i++) {
		struct xb_region_opts opts = { .name = "map 'm'",
			                       .bytes = region_bytes[i / 2],
			                       .low = i % 2 };

		err = XB_ERR_INIT;
		assert_null(xb_mem_map(mem, &opts, &err));
		assert_int_equal(err.kind, XB_ERR_SYSTEM);
		assert_int_equal(strncmp(err.msg, "map 'm': ", 9), 0);
	}
	for (u32 n = 0;; n++) {
		struct xb_region_opts opts = { .name = "small", .bytes = 1, .low = true };
		struct xb_region *r = xb_mem_map(mem, &opts, &err);

		if (!r)
			break;
		assert_true(n < 256);
		assert_true(r->gaddr + 4096 <= 1ull << 21);
	}
	xb_mem_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_to_the_byte),
		cmocka_unit_test(test_edges_of_region),
		cmocka_unit_test(test_random_objects),
		cmocka_unit_test(test_large_objects),
		cmocka_unit_test(test_wild_addresses),
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_regions_are_reused_zeroed),
		cmocka_unit_test(test_same_calls_same_addresses),
		cmocka_unit_test(test_region_of_a_file),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
