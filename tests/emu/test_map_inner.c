/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_map_inner.c - maps of maps whose inner maps have special fields in their values: which of
 * them can be the pattern, and which fit which pattern, on the kernel and on the emulator.
 */
#include "tests/emu/special_btf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MOST_PRINTED 30u

static const struct map_spec outers[] = { { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2, 0 },
	                                  { BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 2, 0 } };

/* The inner maps' values are as large as their types. */
static const struct map_spec inners[] = {
	{ BPF_MAP_TYPE_HASH, 4, 0, 4, 0 },
	{ BPF_MAP_TYPE_ARRAY, 4, 0, 4, 0 },
	{ BPF_MAP_TYPE_ARRAY, 4, 0, 4, 1u << 12 }, /* BPF_F_INNER_MAP */
	{ BPF_MAP_TYPE_LRU_HASH, 4, 0, 4, 0 },
	{ BPF_MAP_TYPE_PERCPU_HASH, 4, 0, 4, 0 },
	{ BPF_MAP_TYPE_SK_STORAGE, 4, 0, 0, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_TASK_STORAGE, 4, 0, 0, BPF_F_NO_PREALLOC },
};

/* Inner maps of one sort with values of all types, on one backend; those of `other` have another
 * BTF object with the same types.
 */
struct side {
	struct backend b;
	struct special_btf btf, other;
	long maps[VALUE_CNT * 2];
};

struct fixture {
	struct side emu, kernel;
	bool has_kernel;
};

static int
setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .emu = { .b = backend_emu(1) } };
	f.has_kernel = backend_kernel(&f.kernel.b);
	if (f.has_kernel) {
		special_btf_load(&f.kernel.btf, &f.kernel.b);
		special_btf_load(&f.kernel.other, &f.kernel.b);
	}
	special_btf_load(&f.emu.btf, &f.emu.b);
	special_btf_load(&f.emu.other, &f.emu.b);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	close(f->emu.btf.fd);
	close(f->emu.other.fd);
	if (f->has_kernel) {
		close(f->kernel.btf.fd);
		close(f->kernel.other.fd);
	}
	backend_free(&f->emu.b);
	return 0;
}

static void
open_maps(struct side *s, const struct map_spec *spec)
{
	for (u32 i = 0; i < VALUE_CNT * 2; i++) {
		enum special_value value = i % VALUE_CNT;
		struct map_spec with = *spec;

		with.value = special_bytes[value];
		s->maps[i] =
		        special_map(i < VALUE_CNT ? &s->btf : &s->other, &s->b, &with, value, 0);
	}
}

static void
close_maps(struct side *s)
{
	for (u32 i = 0; i < VALUE_CNT * 2; i++)
		if (s->maps[i] >= 0)
			close((int)s->maps[i]);
}

/* Of creating an outer map, and then of putting each of the others into it. */
static void
try_all(struct side *s, const struct map_spec *outer, u32 pattern, long ret[VALUE_CNT * 2 + 1])
{
	const u32 key = 1;
	long fd = special_map(&s->btf, &s->b, outer, VALUE_NONE, (int)s->maps[pattern]);

	memset(ret, 0, (VALUE_CNT * 2 + 1) * sizeof(*ret));
	ret[VALUE_CNT * 2] = fd < 0 ? fd : 0;
	for (u32 i = 0; fd >= 0 && i < VALUE_CNT * 2; i++) {
		const u32 inner = (u32)s->maps[i];

		ret[i] = s->maps[i] < 0 ? -EBADF : map_update(&s->b, (int)fd, &key, &inner, 0);
	}
	if (fd >= 0)
		close((int)fd);
}

static const char *
which(u32 i)
{
	return i == VALUE_CNT * 2 ? "itself" : i < VALUE_CNT ? "the same BTF" : "another BTF";
}

static u32
compare(struct fixture *f, const struct map_spec *outer, const struct map_spec *inner, u32 pattern,
        u32 *calls)
{
	long want[VALUE_CNT * 2 + 1], is[VALUE_CNT * 2 + 1];
	u32 failed = 0;

	try_all(&f->kernel, outer, pattern, want);
	try_all(&f->emu, outer, pattern, is);
	for (u32 i = 0; i <= VALUE_CNT * 2; i++) {
		++*calls;
		if (want[i] == is[i])
			continue;
		failed++;
		print_error("type %u of type %u, flags 0x%x, with %s: %s of %s: kernel %ld, "
		            "emulator %ld\n",
		            outer->type, inner->type, inner->flags, special_names[pattern],
		            i < VALUE_CNT * 2 ? special_names[i % VALUE_CNT] : "pattern", which(i),
		            want[i], is[i]);
	}
	return failed;
}

static void
test_inner(void **state)
{
	struct fixture *f = *state;
	u32 failed = 0, calls = 0;

	for (size_t i = 0; f->has_kernel && i < XB_ARRAY_SIZE(inners); i++) {
		open_maps(&f->kernel, &inners[i]);
		open_maps(&f->emu, &inners[i]);
		for (size_t o = 0; o < XB_ARRAY_SIZE(outers); o++)
			for (u32 p = 0; p < VALUE_CNT && failed < MOST_PRINTED; p++)
				if (f->kernel.maps[p] >= 0 && f->emu.maps[p] >= 0)
					failed += compare(f, &outers[o], &inners[i], p, &calls);
		close_maps(&f->kernel);
		close_maps(&f->emu);
	}
	print_message("%u inner maps\n", calls);
	if (failed)
		fail_msg("%u differ", failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inner),
	};

	return cmocka_run_group_tests_name("inner maps", tests, setup, teardown);
}
