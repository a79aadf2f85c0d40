/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_libpcap.c - libpcap as the reference: what it can read gives the same packets here.
 *
 * Besides captures that are built here, every file of the folder that the environment variable
 * XDPBENCH_PCAPS names is read by both.
 */
#include "pcaps/link.h"
#include "pcaps/pcap_format.h"
#include "pcaps/reader.h"
#include "tests/pcaps/capture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* What came of one file. */
struct tally {
	u32 files;
	u32 refused; /* by libpcap, at once */
	u64 packets;
	u32 bad;
};

/* libpcap's 32-bit numbers in a pcap are signed; here seconds go on to 2106. */
static u64
libpcap_ts(const struct pcap_pkthdr *hdr, bool is_pcap)
{
	u64 sec = is_pcap ? (u32)hdr->ts.tv_sec : (u64)hdr->ts.tv_sec;
	u64 ns = is_pcap ? (u32)hdr->ts.tv_usec : (u64)hdr->ts.tv_usec;

	return sec * 1000000000u + ns;
}

static bool
is_same(const struct xb_packet *pkt, const struct pcap_pkthdr *hdr, const u8 *data, bool is_pcap)
{
	return pkt->ts_ns == libpcap_ts(hdr, is_pcap) && pkt->caplen == hdr->caplen &&
	       pkt->len == hdr->len && !memcmp(pkt->data, data, pkt->caplen);
}

/* Reads both side by side until libpcap stops. Returns a complaint, or NULL. */
static const char *
compare(pcap_t *ref, struct xb_reader *r, struct tally *t)
{
	const bool is_pcap = !strcmp(xb_reader_format(r), "pcap");
	struct xb_err err = XB_ERR_INIT;
	struct pcap_pkthdr *hdr;
	struct xb_packet pkt;
	const u8 *data;
	int want, got;

	while ((want = pcap_next_ex(ref, &hdr, &data)) == 1) {
		got = xb_reader_next(r, &pkt, &err);
		if (got != 1)
			return got ? "an error before libpcap's" : "ends before libpcap";
		if (!is_same(&pkt, hdr, data, is_pcap))
			return "another packet";
		if (xb_link_to_dlt(pkt.linktype) != pcap_datalink(ref))
			return "another link type";
		t->packets++;
	}
	got = xb_reader_next(r, &pkt, &err);
	if (want == PCAP_ERROR_BREAK && got != 0)
		return "goes on after libpcap's end";
	return NULL;
}

static void
compare_file(const char *name, FILE *f, int fd, struct tally *t)
{
	struct xb_err err = XB_ERR_INIT;
	char errbuf[PCAP_ERRBUF_SIZE];
	const char *complaint;
	struct xb_reader *r;
	pcap_t *ref;

	t->files++;
	ref = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, errbuf);
	if (!ref) {
		fclose(f);
		close(fd);
		t->refused++;
		return;
	}
	r = xb_reader_open(fd, name, &err);
	complaint = r ? compare(ref, r, t) : err.msg;
	if (complaint) {
		t->bad++;
		print_error("%s: packet %llu: %s\n", name,
		            (unsigned long long)(r ? xb_reader_where(r).packets : 0), complaint);
	}
	if (r)
		xb_reader_close(r);
	else
		close(fd);
	pcap_close(ref);
}

static void
test_folder(void **state)
{
	const char *path = getenv("XDPBENCH_PCAPS");
	DIR *dir = path ? opendir(path) : NULL;
	struct tally t = { .files = 0 };
	struct dirent *entry;

	(void)state;
	if (!dir) {
		print_message("skipped: XDPBENCH_PCAPS names no folder of captures\n");
		skip();
	}
	while ((entry = readdir(dir))) {
		int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
		int again = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);

		if (entry->d_name[0] != '.')
			compare_file(entry->d_name, fdopen(again, "r"), fd, &t);
	}
	closedir(dir);
	print_message("%u files, %llu packets; %u files are none for libpcap\n", t.files,
	              (unsigned long long)t.packets, t.refused);
	assert_int_equal(t.bad, 0);
	assert_true(t.packets > 0);
}

static void
compare_capture(const char *name, const struct capture *c, struct tally *t)
{
	compare_file(name, fdopen(cap_fd(c->data, c->len), "r"), cap_fd(c->data, c->len), t);
}

/* A pcap of each magic, order and version, with a link type that libpcap maps. */
static void
test_pcap(void **state)
{
	static const u32 magics[] = { XB_PCAP_MAGIC_US, XB_PCAP_MAGIC_NS, XB_PCAP_MAGIC_MODIFIED };
	struct tally t = { .files = 0 };
	struct capture c;
	char name[64];

	(void)state;
	for (u32 i = 0; i < XB_ARRAY_SIZE(magics) * 2 * 6; i++) {
		const u32 magic = magics[i / 12];
		const u16 minor = (u16)(i / 2 % 6);

		memset(&c, 0, sizeof(c));
		c.be = i % 2;
		snprintf(name, sizeof(name), "%x, version 2.%u, order %u", magic, minor, c.be);
		cap_pcap_hdr(&c, magic, 2, minor, 100, 101);
		for (u32 n = 0; n < 5; n++) {
			cap_pcap_rec(&c, n, 999 * n, 40 + 20 * n, 130 - 10 * n);
			if (magic == XB_PCAP_MAGIC_MODIFIED)
				cap_u64(&c, 0);
			cap_pattern(&c, (u8)n, minor < 3 ? 130 - 10 * n : 40 + 20 * n);
		}
		compare_capture(name, &c, &t);
		cap_free(&c);
	}
	assert_int_equal(t.bad, 0);
	assert_int_equal(t.refused, XB_ARRAY_SIZE(magics) * 2);
	assert_true(t.packets >= 5 * (t.files - t.refused) * 2 / 3);
}

/* libpcap refuses finer decimal resolutions. Finer binary ones overflow the 64 bits it computes in.
 */
#define DECIMAL_MAX 19
#define BINARY_MAX  34

/* Both orders, packets with all that blocks can have around them. */
static void
test_pcapng(void **state)
{
	struct tally t = { .files = 0 };
	struct capture c;
	char name[64];

	(void)state;
	for (u32 be = 0; be < 2; be++) {
		for (u32 resol = 0; resol < 256; resol++) {
			const u8 tsresol = (u8)resol;

			if (resol > 0x80 + BINARY_MAX)
				break;
			memset(&c, 0, sizeof(c));
			c.be = be;
			cap_shb(&c);
			cap_begin(&c, 1);
			cap_u16(&c, 276);
			cap_u16(&c, 0);
			cap_u32(&c, 262144);
			cap_opt(&c, 9, &tsresol, 1);
			cap_opt_u64(&c, 14, resol % 3);
			cap_end(&c);
			for (u32 n = 0; n < 6; n++) {
				cap_epb(&c, 0, 1234567891234567u * n, 17 * n, 18 * n);
				if (n % 2)
					cap_opt_u32(&c, 2, 1);
				cap_end(&c);
			}
			snprintf(name, sizeof(name), "if_tsresol %u, order %u", resol, be);
			compare_capture(name, &c, &t);
			cap_free(&c);
		}
	}
	assert_int_equal(t.bad, 0);
	assert_int_equal(t.files - t.refused, 2 * (DECIMAL_MAX + 1 + BINARY_MAX + 1));
	assert_int_equal(t.packets, 6 * (t.files - t.refused));
}

/* libpcap's own table, by way of a file header for each link type. */
static void
test_link_types(void **state)
{
	struct capture c = { .len = 0 };
	char errbuf[PCAP_ERRBUF_SIZE];
	pcap_t *ref;

	(void)state;
	for (u32 linktype = 0; linktype < 65536; linktype++) {
		c.len = 0;
		cap_pcap_hdr(&c, XB_PCAP_MAGIC_US, 2, 4, 0, linktype);
		ref = pcap_fopen_offline(fmemopen(c.data, c.len, "r"), errbuf);
		assert_non_null(ref);
		if (pcap_datalink(ref) != xb_link_to_dlt((u16)linktype) ||
		    pcap_snapshot(ref) != (int)xb_link_max_caplen((u16)linktype))
			fail_msg("link type %u: libpcap has DLT %d, at most %d bytes", linktype,
			         pcap_datalink(ref), pcap_snapshot(ref));
		pcap_close(ref);
	}
	cap_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_pcap),
		cmocka_unit_test(test_pcapng),
		cmocka_unit_test(test_link_types),
	};

	return cmocka_run_group_tests_name("pcaps/libpcap", tests, NULL, NULL);
}
