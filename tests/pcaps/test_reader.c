/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_reader.c - what a reader says of itself, and reading again; the formats have tests of their
 * own.
 */
#include "pcaps/pcapng_format.h"
#include "pcaps/reader.h"
#include "tests/pcaps/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* A section with an interface and two packets, in blocks 1 to 4, at bytes 0, 28, 48 and 84. */
static void
build(struct capture *c)
{
	cap_shb(c);
	cap_idb(c, 1, 0);
	for (u32 i = 0; i < 2; i++) {
		cap_epb(c, 0, i, 3, 60);
		cap_end(c);
	}
}

static void
test_where(void **state)
{
	struct capture c = { .len = 0 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_packet pkt;
	struct xb_reader *r;
	u64 done, total;

	(void)state;
	build(&c);
	r = xb_reader_open(cap_fd(c.data, c.len), "c", &err);
	assert_non_null(r);
	assert_string_equal(xb_reader_format(r), "pcapng");
	assert_string_equal(xb_reader_compression(r), "");
	assert_int_equal(xb_reader_next(r, &pkt, &err), 1);
	assert_int_equal(xb_reader_where(r).off_bytes, 48);
	assert_int_equal(xb_reader_where(r).block, 3);
	assert_int_equal(xb_reader_where(r).packets, 1);
	assert_int_equal(xb_reader_iface_cnt(r), 1);
	assert_null(xb_reader_iface(r, 1));
	xb_reader_progress(r, &done, &total);
	assert_int_equal(done, c.len);
	assert_int_equal(total, c.len);
	xb_reader_close(r);
	xb_reader_close(NULL);
	cap_free(&c);
}

static void
test_rewind(void **state)
{
	struct capture c = { .len = 0 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_packet pkt;
	struct xb_reader *r;
	u64 cnt = 0, done, total;

	(void)state;
	build(&c);
	build(&c);
	r = xb_reader_open(cap_fd(c.data, c.len), "c", &err);
	for (int i = 0; i < 3; i++) {
		while (xb_reader_next(r, &pkt, &err) > 0)
			cnt++;
		assert_int_equal(pkt.n, 4);
		assert_int_equal(pkt.if_idx, 1);
		assert_int_equal(xb_reader_iface_cnt(r), 2);
		assert_int_equal(xb_reader_next(r, &pkt, &err), 0);
		xb_reader_progress(r, &done, &total);
		assert_int_equal(done, total);
		assert_int_equal(xb_reader_rewind(r, &err), 0);
	}
	assert_int_equal(cnt, 12);
	xb_reader_close(r);
	cap_free(&c);
}

/* A name is kept as far as it can be one. */
static void
test_iface_name(void **state)
{
	static const u16 lens[] = { 0, 1, 255, 256, 60000 };
	static char name[60000];
	struct xb_err err = XB_ERR_INIT;
	struct capture c = { .len = 0 };
	struct xb_packet pkt;
	struct xb_reader *r;
	size_t kept;

	(void)state;
	memset(name, 'x', sizeof(name));
	cap_shb(&c);
	for (size_t i = 0; i < XB_ARRAY_SIZE(lens); i++) {
		cap_begin(&c, XB_PCAPNG_IDB);
		cap_u16(&c, 101);
		cap_u16(&c, 0);
		cap_u32(&c, 77);
		cap_opt(&c, XB_PCAPNG_IF_NAME, name, lens[i]);
		cap_end(&c);
	}
	r = xb_reader_open(cap_fd(c.data, c.len), "c", &err);
	assert_non_null(r);
	assert_int_equal(xb_reader_next(r, &pkt, &err), 0);
	assert_int_equal(xb_reader_iface_cnt(r), XB_ARRAY_SIZE(lens));
	for (u32 i = 0; i < XB_ARRAY_SIZE(lens); i++) {
		kept = lens[i] < 255 ? lens[i] : 255;
		assert_int_equal(strlen(xb_reader_iface(r, i)->name), kept);
		assert_int_equal(xb_reader_iface(r, i)->linktype, 101);
		assert_int_equal(xb_reader_iface(r, i)->snaplen, 77);
		assert_int_equal(xb_reader_iface(r, i)->section, 0);
	}
	xb_reader_close(r);
	cap_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_iface_name),
	};

	return cmocka_run_group_tests_name("pcaps/reader", tests, NULL, NULL);
}
