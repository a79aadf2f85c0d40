/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mutate.c - captures with random bytes changed: read to the end or to an error, in bounded
 * time and memory, and never past a buffer (which the sanitizers see).
 *
 * XDPBENCH_MUTATIONS sets how many captures are read; XDPBENCH_SEED the first seed.
 */
#include "pcaps/link.h"
#include "pcaps/pcap_format.h"
#include "pcaps/pcapng_format.h"
#include "pcaps/reader.h"
#include "tests/pcaps/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#define MUTATIONS 20000

/* Reads every byte, so that the sanitizers see whether it is there. */
static u64
touch(const u8 *data, u64 len)
{
	u64 sum = 0;

	for (u64 i = 0; i < len; i++)
		sum += data[i];
	return sum;
}

static u64
next_random(u64 *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x * 0x2545f4914f6cdd1dull;
}

static void
build_pcap(struct capture *c)
{
	cap_pcap_hdr(c, XB_PCAP_MAGIC_US, 2, 4, 0, 113);
	for (u32 i = 0; i < 12; i++) {
		cap_pcap_rec(c, i, i, 13 * i, 13 * i);
		cap_pattern(c, (u8)i, 13 * i);
	}
}

static void
build_pcapng(struct capture *c)
{
	const u8 tsresol = 9;

	cap_shb(c);
	cap_begin(c, XB_PCAPNG_IDB);
	cap_u64(c, 1);
	cap_opt(c, XB_PCAPNG_IF_NAME, "eth0", 4);
	cap_opt(c, XB_PCAPNG_IF_TSRESOL, &tsresol, 1);
	cap_opt_u64(c, XB_PCAPNG_IF_TSOFFSET, 1);
	cap_opt_end(c);
	cap_end(c);
	for (u32 i = 0; i < 8; i++) {
		cap_epb(c, 0, i, 7 * i, 7 * i);
		cap_opt_u32(c, XB_PCAPNG_EPB_FLAGS, 1);
		cap_opt(c, XB_PCAPNG_OPT_COMMENT, "comment", 7);
		cap_opt(c, XB_PCAPNG_EPB_VERDICT, "\2\1\0\0\0\0\0\0", 9);
		cap_opt(c, XB_PCAPNG_EPB_HASH, "\5abcd", 5);
		cap_opt_end(c);
		cap_end(c);
		cap_begin(c, i == 5 ? XB_PCAPNG_SPB : 0x1234);
		cap_u32(c, 9);
		cap_pattern(c, 0, 9);
		cap_end(c);
	}
}

static void
build_be(struct capture *c)
{
	c->be = true;
	build_pcapng(c);
}

static void
build_gzip(struct capture *c)
{
	struct capture plain = { .len = 0 };
	u8 out[8192];
	z_stream z = { .next_out = out, .avail_out = sizeof(out) };

	build_pcapng(&plain);
	z.next_in = plain.data;
	z.avail_in = (uInt)plain.len;
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
	                 Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	cap_bytes(c, out, z.total_out);
	deflateEnd(&z);
	cap_free(&plain);
}

/* One to eight changes: a byte, a bit, a length that is special, a cut, a piece twice. */
static void
mutate(struct capture *c, u64 *rnd)
{
	static const u32 special[] = { 0, 1, 3, 4, 0xffff, 0x40001, 0xfffffffc, UINT32_MAX };
	const u32 changes = 1 + next_random(rnd) % 8;
	size_t off;

	for (u32 i = 0; i < changes && c->len > 4; i++) {
		off = next_random(rnd) % (c->len - 3);
		switch (next_random(rnd) % 16) {
		default:
			c->data[off] = (u8)next_random(rnd);
			break;
		case 0:
		case 1:
		case 2:
			c->data[off] ^= (u8)(1u << next_random(rnd) % 8);
			break;
		case 3:
		case 4:
			off &= ~(size_t)3;
			memcpy(c->data + off, &special[next_random(rnd) % 8], 4);
			break;
		case 5:
			c->len = off;
			break;
		case 6:
			memmove(c->data, c->data + off, c->len - off);
			break;
		}
	}
}

/* Reads all of it, and everything that packets point to. */
static u64
read_all(const struct capture *c, u64 *packets)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_link_ether ether;
	int fd = cap_fd(c->data, c->len);
	struct xb_reader *r = xb_reader_open(fd, "c", &err);
	struct xb_packet pkt;
	u32 off, len;
	const char *text;
	u64 sum = 0;
	int ret;

	if (!r) {
		assert_true(err.kind == XB_ERR_FILE && !strncmp(err.msg, "c: ", 3));
		close(fd);
		return 0;
	}
	while ((ret = xb_reader_next(r, &pkt, &err)) > 0) {
		assert_true(pkt.caplen <= xb_link_max_caplen(pkt.linktype));
		sum += touch(pkt.data, pkt.caplen) + touch(pkt.opts, pkt.opts_len);
		for (off = 0; (text = xb_packet_comment_next(&pkt, &off, &len));)
			sum += touch((const u8 *)text, len);
		sum += (u64)xb_link_to_ether(pkt.linktype, pkt.data, pkt.caplen, &ether, &err);
		assert_non_null(xb_reader_iface(r, pkt.if_idx));
		++*packets;
	}
	if (ret < 0)
		assert_true(err.kind == XB_ERR_FILE && !strncmp(err.msg, "c: ", 3));
	xb_reader_close(r);
	return sum;
}

static u64
number(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void
test_mutations(void **state)
{
	static void (*const builds[])(struct capture *) = { build_pcap, build_pcapng, build_be,
		                                            build_gzip };
	const u64 cnt = number("XDPBENCH_MUTATIONS", MUTATIONS);
	const u64 seed = number("XDPBENCH_SEED", 1);
	struct capture c = { .len = 0 };
	u64 sum = 0;
	u64 rnd, packets = 0;

	(void)state;
	for (u64 i = 0; i < cnt; i++) {
		rnd = (seed + i) * 0x9e3779b97f4a7c15ull | 1;
		c.len = 0;
		c.be = false;
		c.block = 0;
		builds[i % XB_ARRAY_SIZE(builds)](&c);
		mutate(&c, &rnd);
		sum += read_all(&c, &packets);
	}
	cap_free(&c);
	print_message("%llu captures, %llu packets, all bytes sum up to %llu\n",
	              (unsigned long long)cnt, (unsigned long long)packets,
	              (unsigned long long)sum);
	assert_true(packets > cnt);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_mutations) };

	return cmocka_run_group_tests_name("pcaps/mutate", tests, NULL, NULL);
}
