/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_perf.c - the samples of bpf_perf_event_output, packet bytes and padding included, as a
 * reader gets them.
 */
#include "tests/rig/samples.h"
#include "tests/xdp/run.h"
#include "tests/xdp/script.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define THIS_CPU 0xffffffffll /* BPF_F_CURRENT_CPU */

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
check_sample(const struct backend *b, const struct row *row, const struct samples *s)
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

/* Every row, on a backend that is open. */
static void
run_rows(struct backend *b)
{
	struct script_maps maps;
	struct samples *s = calloc(1, sizeof(*s));
	u32 i;

	assert_non_null(s);
	script_maps_open(b, &maps);
	samples_open(s, b, maps.perf);
	for (i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		s->cnt = 0;
		run_row(b, &maps, &rows[i]);
		samples_read(s);
		check_sample(b, &rows[i], s);
	}
	samples_close(s);
	script_maps_close(&maps);
	backend_close(b);
	free(s);
}

static void
test_emu(void **state)
{
	struct backend b;

	(void)state;
	backend_open_emu(&b, xb_xdp_register);
	run_rows(&b);
}

static void
test_kernel(void **state)
{
	struct backend b;

	(void)state;
	if (!backend_open_kernel(&b))
		skip();
	run_rows(&b);
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
	struct samples *s = calloc(1, sizeof(*s));
	struct run_out *out = malloc(sizeof(*out));
	struct script_maps maps;
	struct backend b;
	int prog;

	(void)state;
	assert_non_null(s);
	assert_non_null(out);
	backend_open_emu(&b, xb_xdp_register);
	script_maps_open(&b, &maps);
	samples_open(s, &b, maps.perf);
	prog = script_load(&b, &maps, &script);
	run_do(&b, prog, &in, out);
	assert_int_equal(out->ret, 0);
	assert_int_equal(out->data_bytes, bytes);
	assert_int_equal(s->cnt, 1);
	assert_int_equal(s->bytes, bytes + 4);
	for (u32 i = 0; i < bytes; i++)
		assert_int_equal(s->data[i], i < 216 ? 0 : run_pattern(i - 216));
	close(prog);
	samples_close(s);
	script_maps_close(&maps);
	backend_close(&b);
	free(out);
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
