/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffers as a program writes them and as user space reads them, through a mapping of the
 * descriptor.
 */
#include "emu/map.h"
#include "emu/vcpu.h"
#include "tests/emu/map_backend.h"
#include "vm/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE 4096u

struct rb {
	struct backend b;
	struct xb_mem *mem;
	int fd;
	struct xb_map *map;
	u8 *user; /* consumer page, writable */
	const u8 *data;
};

static int
setup(void **state)
{
	static struct rb rb;

	rb = (struct rb){ .b = backend_emu(1) };
	rb.mem = rb.b.emu->mem;
	rb.fd = (int)map_create(&rb.b, &(struct map_spec){ BPF_MAP_TYPE_RINGBUF, 0, 0, SIZE, 0 });
	assert_true(rb.fd >= 0);
	rb.map = map_of(&rb.b, rb.fd);
	rb.user = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, rb.fd, 0);
	rb.data = mmap(NULL, 4096 + 2 * SIZE, PROT_READ, MAP_SHARED, rb.fd, 4096);
	assert_true(rb.user != MAP_FAILED && rb.data != MAP_FAILED);
	*state = &rb;
	return 0;
}

static int
teardown(void **state)
{
	struct rb *rb = *state;

	munmap(rb->user, 4096);
	munmap((void *)(uintptr_t)rb->data, 4096 + 2 * SIZE);
	close(rb->fd);
	backend_free(&rb->b);
	return 0;
}

/* A reader as libbpf's: each committed record, by its own arithmetic (cf. ringbuf_process_ring). */
static u32
read_all(struct rb *rb, u8 *out, u32 *lens)
{
	u64 pos = xb_ld64(rb->user), end = xb_ld64(rb->data);
	u32 cnt = 0;

	while (pos < end) {
		const u8 *hdr = rb->data + 4096 + (pos & (SIZE - 1));
		u32 len = xb_ld32(hdr);

		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(len & BPF_RINGBUF_DISCARD_BIT)) {
			memcpy(out, hdr + 8, len);
			out += len;
			lens[cnt++] = len;
		}
		pos += (((len << 2) >> 2) + 8 + 7) / 8 * 8;
		xb_st64(rb->user, pos);
	}
	return cnt;
}

static void
test_record(void **state)
{
	struct rb *rb = *state;
	u64 a = xb_ringbuf_reserve(rb->map, 13, NULL), c;
	u8 out[64];
	u32 lens[4], bytes;

	assert_true(a != 0);
	for (s64 at = -8; at < 24; at++)
		assert_int_equal(xb_mem_check(rb->mem, a + (u64)at, 1, XB_MEM_WRITE),
		                 at >= 0 && at < 13);
	assert_true(xb_ringbuf_record(rb->b.emu, a, 0, &bytes) == rb->map);
	assert_int_equal(bytes, 13);
	assert_null(xb_ringbuf_record(rb->b.emu, a + 1, 0, &bytes));
	assert_int_equal(read_all(rb, out, lens), 0);
	memcpy(xb_mem_host(rb->mem, a), "thirteen byte", 13);
	/* A later one is behind it, until it is there. */
	c = xb_ringbuf_reserve(rb->map, 0, NULL);
	assert_true(c != 0);
	assert_false(xb_mem_check(rb->mem, c, 1, XB_MEM_READ));
	assert_int_equal(xb_ringbuf_commit(rb->map, c, 0, false, NULL), 0);
	assert_int_equal(read_all(rb, out, lens), 0);
	assert_int_equal(xb_ringbuf_commit(rb->map, a, 0, false, NULL), 0);
	assert_false(xb_mem_check(rb->mem, a, 1, XB_MEM_READ));
	assert_int_equal(read_all(rb, out, lens), 2);
	assert_int_equal(lens[0], 13);
	assert_int_equal(lens[1], 0);
	assert_memory_equal(out, "thirteen byte", 13);
	assert_int_equal(xb_ringbuf_commit(rb->map, a, 0, false, NULL), -EINVAL);
	assert_null(xb_ringbuf_record(rb->b.emu, a, 0, &bytes));
	xb_emu_run_end(rb->b.emu, 0);
}

static void
test_discard(void **state)
{
	struct rb *rb = *state;
	u64 a = xb_ringbuf_reserve(rb->map, 8, NULL), c = xb_ringbuf_reserve(rb->map, 8, NULL);
	u8 out[64];
	u32 lens[4];

	xb_ringbuf_commit(rb->map, a, 0, true, NULL);
	memcpy(xb_mem_host(rb->mem, c), "12345678", 8);
	xb_ringbuf_commit(rb->map, c, 0, false, NULL);
	assert_int_equal(read_all(rb, out, lens), 1);
	assert_memory_equal(out, "12345678", 8);
}

/* What a program leaves open is discarded at the end of its run. */
static void
test_left_open(void **state)
{
	struct rb *rb = *state;
	u64 a = xb_ringbuf_reserve(rb->map, 100, NULL), c = xb_ringbuf_reserve(rb->map, 200, NULL);
	u8 out[64];
	u32 lens[4];

	xb_emu_run_end(rb->b.emu, 0);
	assert_false(xb_mem_check(rb->mem, a, 1, XB_MEM_READ));
	assert_false(xb_mem_check(rb->mem, c, 1, XB_MEM_READ));
	assert_int_equal(read_all(rb, out, lens), 0);
	assert_int_equal(xb_ringbuf_query(rb->map, BPF_RB_AVAIL_DATA), 0);
	assert_int_equal(xb_ringbuf_commit(rb->map, a, 0, false, NULL), -EINVAL);
}

static void
test_limits(void **state)
{
	struct rb *rb = *state;
	static u8 big[SIZE];
	u8 out[SIZE];
	u32 lens[4];

	assert_int_equal(xb_ringbuf_reserve(rb->map, SIZE, NULL), 0);
	assert_int_equal(xb_ringbuf_reserve(rb->map, SIZE - 7, NULL), 0);
	/* Fits the ring, but it is never all used. */
	assert_int_equal(xb_ringbuf_reserve(rb->map, SIZE - 8, NULL), 0);
	assert_int_equal(xb_ringbuf_reserve(rb->map, 1ull << 32, NULL), 0);
	assert_int_equal(xb_ringbuf_reserve(rb->map, ~0ull, NULL), 0);
	assert_int_equal(xb_ringbuf_output(rb->map, big, SIZE - 16, 4, NULL), -EINVAL);
	assert_int_equal(xb_ringbuf_output(rb->map, big, SIZE - 16, 0, NULL), 0);
	assert_int_equal(xb_ringbuf_output(rb->map, big, 0, 0, NULL), -EAGAIN);
	assert_int_equal(xb_ringbuf_query(rb->map, BPF_RB_AVAIL_DATA), SIZE - 8);
	assert_int_equal(xb_ringbuf_query(rb->map, BPF_RB_RING_SIZE), SIZE);
	assert_int_equal(xb_ringbuf_query(rb->map, BPF_RB_CONS_POS), 0);
	assert_int_equal(xb_ringbuf_query(rb->map, BPF_RB_PROD_POS), SIZE - 8);
	assert_int_equal(xb_ringbuf_query(rb->map, 4), 0);
	assert_int_equal(read_all(rb, out, lens), 1);
	assert_int_equal(xb_ringbuf_query(rb->map, BPF_RB_CONS_POS), SIZE - 8);
	assert_int_equal(xb_ringbuf_output(rb->map, big, SIZE - 16, BPF_RB_NO_WAKEUP, NULL), 0);
}

struct got {
	u32 cnt;
	u64 sum;
};

static void
count(void *arg, const struct xb_event *event)
{
	struct got *got = arg;

	got->cnt++;
	for (u32 i = 0; i < event->bytes; i++)
		got->sum += ((const u8 *)event->data)[i];
}

/* Random records around the ring many times, read by either reader; and the halves are alike. */
static void
test_wrap(void **state)
{
	struct rb *rb = *state;
	u8 record[1000], out[SIZE];
	u64 rand = 1, want = 0, sum = 0;
	u32 lens[SIZE / 8], cnt = 0, want_cnt = 0;
	struct got last = { 0 };

	for (u32 i = 0; i < 20000; i++) {
		u32 bytes;

		rand = rand * 6364136223846793005ull + 1442695040888963407ull;
		bytes = (u32)(rand >> 40) % sizeof(record);
		for (u32 j = 0; j < bytes; j++)
			record[j] = (u8)(i + j);
		if (xb_ringbuf_output(rb->map, record, bytes, 0, NULL) == 0) {
			for (u32 j = 0; j < bytes; j++)
				want += record[j];
			want_cnt++;
		} else if (rand & 1ull << 60) {
			u32 got = read_all(rb, out, lens), at = 0;

			assert_memory_equal(rb->data + 4096, rb->data + 4096 + SIZE, SIZE);
			for (u32 j = 0; j < got; at += lens[j++])
				for (u32 k = 0; k < lens[j]; k++)
					sum += out[at + k];
			cnt += got;
		} else {
			struct got got = { 0 };

			cnt += xb_ringbuf_consume(rb->map, count, &got);
			sum += got.sum;
		}
	}
	cnt += xb_ringbuf_consume(rb->map, count, &last);
	assert_int_equal(cnt, want_cnt);
	assert_int_equal(sum + last.sum, want);
	assert_true(want_cnt > 5000);
}

/* User space owns the consumer position: nonsense in it does no harm. */
static void
test_bad_position(void **state)
{
	static const u64 bad[] = { 1, 8, SIZE, 1ull << 40, ~0ull, ~7ull };
	struct rb *rb = *state;
	struct got got = { 0 };
	u64 value = 5;

	assert_int_equal(xb_ringbuf_output(rb->map, &value, 8, 0, NULL), 0);
	for (size_t i = 0; i < XB_ARRAY_SIZE(bad); i++) {
		xb_st64(rb->user, bad[i]);
		xb_ringbuf_consume(rb->map, count, &got);
		xb_ringbuf_output(rb->map, &value, 8, 0, NULL);
	}
	xb_st64(rb->user, 0);
	got.cnt = 0;
	assert_true(xb_ringbuf_consume(rb->map, count, &got) >= 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_record, setup, teardown),
		cmocka_unit_test_setup_teardown(test_discard, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_position, setup, teardown),
	};

	return cmocka_run_group_tests_name("map ring buffer", tests, NULL, NULL);
}
