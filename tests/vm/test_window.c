/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_window.c - a window that moves: after each move exactly its bytes are addressable, of all of
 * the buffer that it is in.
 */
#include "vm/window.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BUFFER_BYTES 4096u

struct fixture {
	struct xb_mem *mem;
	struct xb_region *buffer;
	struct xb_window window;
};

static void
setup(struct fixture *f)
{
	const struct xb_region_opts opts = { .name = "buffer", .bytes = BUFFER_BYTES };
	struct xb_err err = XB_ERR_INIT;

	*f = (struct fixture){ .mem = xb_mem_new(1ull << 33, &err) };
	assert_non_null(f->mem);
	f->buffer = xb_mem_map(f->mem, &opts, &err);
	assert_non_null(f->buffer);
}

static void
move(struct fixture *f, u32 start, u32 end)
{
	u64 base = f->buffer->gaddr;

	xb_window_move(f->mem, &f->window, base + start, base + end);
	assert_int_equal(f->window.start, base + start);
	assert_int_equal(f->window.end, base + end);
}

/* Every byte of the buffer, for a read and for a write. */
static void
check(const struct fixture *f, const char *what, u32 n)
{
	u64 base = f->buffer->gaddr, g;

	for (g = base; g < base + BUFFER_BYTES; g++) {
		bool in = g >= f->window.start && g < f->window.end;

		if (xb_mem_check(f->mem, g, 1, XB_MEM_WRITE) != in ||
		    xb_mem_check(f->mem, g, 1, XB_MEM_READ) != in)
			fail_msg("%s, %u: byte %u of [%u, %u)", what, n, (u32)(g - base),
			         (u32)(f->window.start - base), (u32)(f->window.end - base));
	}
}

/* From every window to every other within three granules. */
static void
test_all(void **state)
{
	const u32 most = 20, at = 64;
	struct fixture f;
	u32 a, b, c, d, n = 0;

	(void)state;
	setup(&f);
	for (a = 0; a <= most; a++)
		for (b = a; b <= most; b++)
			for (c = 0; c <= most; c++)
				for (d = c; d <= most; d++) {
					u64 base = f.buffer->gaddr + at, g;

					move(&f, at + a, at + b);
					move(&f, at + c, at + d);
					for (g = 0; g <= most + 8; g++)
						if (xb_mem_check(f.mem, base + g, 1,
						                 XB_MEM_WRITE) != (g >= c && g < d))
							fail_msg("from [%u, %u) to [%u, %u): byte "
							         "%u",
							         a, b, c, d, (u32)g);
					if (n++ % 1000 == 0)
						check(&f, "of all", n);
				}
	xb_mem_free(f.mem);
}

static u32
next_random(u32 *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 8;
}

/* As packets do: ends near each other, and now and then far. */
static void
test_random(void **state)
{
	struct fixture f;
	u32 seed = 1, n, start, end;

	(void)state;
	setup(&f);
	for (n = 0; n < 4000; n++) {
		u32 near = n % 4 ? 40 : BUFFER_BYTES;

		start = next_random(&seed) % near;
		end = start + next_random(&seed) % (n % 3 ? 40 : BUFFER_BYTES - start + 1);
		end = end > BUFFER_BYTES ? BUFFER_BYTES : end;
		move(&f, start, end);
		check(&f, "move", n);
	}
	xb_mem_free(f.mem);
}

/* Accesses at the edges, of every width. */
static void
test_edges(void **state)
{
	struct fixture f;
	u32 start, end, bytes;

	(void)state;
	setup(&f);
	for (start = 64; start < 72; start++)
		for (end = 128; end < 136; end++)
			for (bytes = 1; bytes <= 8; bytes *= 2) {
				u64 base = f.buffer->gaddr;

				move(&f, start, end);
				assert_true(xb_mem_check(f.mem, base + start, bytes, XB_MEM_READ));
				assert_true(xb_mem_check(f.mem, base + end - bytes, bytes,
				                         XB_MEM_WRITE));
				assert_false(
				        xb_mem_check(f.mem, base + start - 1, bytes, XB_MEM_READ));
				assert_false(xb_mem_check(f.mem, base + end - bytes + 1, bytes,
				                          XB_MEM_READ));
			}
	xb_mem_free(f.mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
