/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_perf.c - the samples of bpf_perf_event_output, packet bytes and padding included, as a
 * reader gets them.
 */
#include "emu/map.h"
#include "tests/xdp/run.h"
#include "tests/xdp/script.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#define RING_PAGES 32u
#define PAGE       4096u
#define THIS_CPU   0xffffffffll /* BPF_F_CURRENT_CPU */

struct row {
	const char *name;
	u32 bytes;        /* of the packet */
	u32 more, record; /* bytes of the packet and of the buffer in the sample */
	u32 sample;       /* bytes as a reader gets them */
};

static const struct row rows[] = {
	{ "record of 8", 64, 0, 8, 12 },
	{ "record of 4", 64, 0, 4, 4 },
	{ "record of 5", 64, 0, 5, 12 },
	{ "nothing", 64, 0, 0, 4 },
	{ "packet alone", 64, 64, 0, 68 },
	{ "a part of the packet", 64, 20, 8, 28 },
	{ "record and packet", 61, 61, 3, 68 },
	{ "across fragments", 9000, 9000, 16, 9020 },
	{ "linear part alone", 9000, 3520, 16, 3540 },
	{ "one byte of a fragment", 9000, 3521, 16, 3540 },
};

/* The last sample that came, and how many did. */
struct sample {
	u32 cnt, bytes;
	u8 data[RUN_BYTES];
};

static void
on_event(void *arg, const struct xb_event *event)
{
	struct sample *s = arg;

	assert_true(event->bytes <= sizeof(s->data));
	s->cnt++;
	s->bytes = event->bytes;
	memcpy(s->data, event->data, event->bytes);
}

/* A ring that the kernel writes samples of one CPU into. */
struct ring {
	int fd;
	struct perf_event_mmap_page *page;
};

static void
ring_open(struct ring *r, u32 cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
	};

	r->fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	assert_true(r->fd >= 0);
	r->page = mmap(NULL, (1 + RING_PAGES) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	assert_true(r->page != MAP_FAILED);
}

static void
ring_close(struct ring *r)
{
	munmap(r->page, (1 + RING_PAGES) * PAGE);
	close(r->fd);
}

static void
ring_bytes(const struct ring *r, u64 pos, void *to, u32 bytes)
{
	const u8 *data = (const u8 *)r->page + PAGE;
	u32 i;

	for (i = 0; i < bytes; i++)
		((u8 *)to)[i] = data[(pos + i) % (RING_PAGES * PAGE)];
}

static void
ring_read(struct ring *r, struct sample *s)
{
	u64 head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	u64 tail = r->page->data_tail;
	struct perf_event_header hdr;

	while (tail < head) {
		ring_bytes(r, tail, &hdr, sizeof(hdr));
		assert_int_equal(hdr.type, PERF_RECORD_SAMPLE);
		ring_bytes(r, tail + sizeof(hdr), &s->bytes, sizeof(s->bytes));
		assert_true(s->bytes <= sizeof(s->data));
		ring_bytes(r, tail + sizeof(hdr) + sizeof(u32), s->data, s->bytes);
		s->cnt++;
		tail += hdr.size;
	}
	__atomic_store_n(&r->page->data_tail, tail, __ATOMIC_RELEASE);
}

static void
run_row(const struct backend *b, const struct script_maps *maps, const struct row *row)
{
	const struct script script = { { { PERF, (s64)row->more << 32 | THIS_CPU, row->record } },
		                       XDP_PASS };
	const struct run_in in = { .bytes = row->bytes,
		                   .has_ctx = true,
		                   .ctx = { .data_end = row->bytes } };
	struct run_out *out = malloc(sizeof(*out));
	struct script_kept kept;
	int prog = script_load(b, maps, &script);

	assert_non_null(out);
	script_reset(b, maps);
	run_do(b, prog, &in, out);
	script_read(b, maps, &kept, NULL);
	assert_int_equal(out->ret, 0);
	if (kept.results[0])
		fail_msg("%s: %s: %lld", row->name, b->name, (long long)kept.results[0]);
	free(out);
	close(prog);
}

static void
check_sample(const struct backend *b, const struct row *row, const struct sample *s)
{
	u32 i, at;

	if (s->cnt != 1 || s->bytes != row->sample)
		fail_msg("%s: %s: %u samples, the last of %u bytes, expected one of %u", row->name,
		         b->name, s->cnt, s->bytes, row->sample);
	for (i = 0; i < row->record; i++)
		if (s->data[i] != (u8)(0xa5 ^ i ^ i >> 8))
			fail_msg("%s: %s: byte %u of the record", row->name, b->name, i);
	for (at = i; i < at + row->more; i++)
		if (s->data[i] != run_pattern(i - at))
			fail_msg("%s: %s: byte %u of the packet", row->name, b->name, i - at);
	for (; i < s->bytes && b->emu; i++) /* the kernel leaves what was in its ring */
		if (s->data[i])
			fail_msg("%s: %s: padding", row->name, b->name);
}

static void
test_emu(void **state)
{
	struct backend b;
	struct script_maps maps;
	struct sample *s = calloc(1, sizeof(*s));
	u32 i;

	(void)state;
	assert_non_null(s);
	backend_open_emu(&b);
	script_maps_open(&b, &maps);
	assert_int_equal(xb_perf_array_open(backend_emu_map(&b, maps.perf)), 0);
	b.emu->hooks.arg = s;
	b.emu->hooks.event = on_event;
	for (i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		s->cnt = 0;
		run_row(&b, &maps, &rows[i]);
		check_sample(&b, &rows[i], s);
	}
	script_maps_close(&maps);
	backend_close(&b);
	free(s);
}

/* The longest packet, after its head took all of the headroom: longer than any that comes in. */
static void
test_longest(void **state)
{
	const u32 bytes = XB_XDP_MAX_BYTES + 216;
	const struct script script = {
		{ { HEAD, -216, 0 }, { PERF, (s64)bytes << 32 | THIS_CPU, 0 } }, XDP_PASS
	};
	const struct run_in in = { .bytes = XB_XDP_MAX_BYTES,
		                   .has_ctx = true,
		                   .ctx = { .data_end = XB_XDP_MAX_BYTES } };
	struct sample *s = calloc(1, sizeof(*s));
	struct run_out *out = malloc(sizeof(*out));
	struct script_maps maps;
	struct backend b;
	int prog;

	(void)state;
	assert_non_null(s);
	assert_non_null(out);
	backend_open_emu(&b);
	script_maps_open(&b, &maps);
	assert_int_equal(xb_perf_array_open(backend_emu_map(&b, maps.perf)), 0);
	b.emu->hooks.arg = s;
	b.emu->hooks.event = on_event;
	prog = script_load(&b, &maps, &script);
	run_do(&b, prog, &in, out);
	assert_int_equal(out->ret, 0);
	assert_int_equal(out->data_bytes, bytes);
	assert_int_equal(s->cnt, 1);
	assert_int_equal(s->bytes, bytes + 4);
	for (u32 i = 0; i < bytes; i++)
		assert_int_equal(s->data[i], i < 216 ? 0 : run_pattern(i - 216));
	close(prog);
	script_maps_close(&maps);
	backend_close(&b);
	free(out);
	free(s);
}

static void
test_kernel(void **state)
{
	struct backend b;
	struct script_maps maps;
	struct sample *s = calloc(1, sizeof(*s));
	struct ring ring;
	cpu_set_t before, one;
	const u32 cpu = 0;
	u32 i;

	(void)state;
	assert_non_null(s);
	if (!backend_open_kernel(&b)) {
		free(s);
		skip();
	}
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	script_maps_open(&b, &maps);
	ring_open(&ring, cpu);
	assert_int_equal(backend_update(&b, maps.perf, &cpu, &ring.fd), 0);
	for (i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		s->cnt = 0;
		run_row(&b, &maps, &rows[i]);
		ring_read(&ring, s);
		check_sample(&b, &rows[i], s);
	}
	ring_close(&ring);
	script_maps_close(&maps);
	backend_close(&b);
	sched_setaffinity(0, sizeof(before), &before);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_emu),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests_name("xdp perf", tests, NULL, NULL);
}
