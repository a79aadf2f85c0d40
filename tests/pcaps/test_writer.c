/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_writer.c - what is written is read again; a file that cannot be written is one error, and
 * readable up to its last whole block.
 */
#include "pcaps/reader.h"
#include "pcaps/writer.h"
#include "tests/pcaps/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static const u8 bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static const struct xb_writer_iface eth = { .name = "eth0", .linktype = 1 };

/* A writer into a file in memory; *fd is another descriptor of it. */
static struct xb_writer *
open_writer(enum xb_writer_format format, u32 buffer_bytes, int *fd)
{
	const struct xb_writer_opts opts = {
		.format = format,
		.app = "tests",
		.comment = "a comment",
		.buffer_bytes = buffer_bytes,
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_writer *w;

	*fd = cap_fd(NULL, 0);
	w = xb_writer_open(dup(*fd), "out", &opts, &err);
	assert_non_null(w);
	return w;
}

static void
put(struct xb_writer *w, const struct xb_out_packet *pkt)
{
	struct xb_err err = XB_ERR_INIT;

	if (xb_writer_packet(w, pkt, &err))
		fail_msg("%s", err.msg);
}

/* Closes the writer, and says what a reader makes of the file. */
static char *
close_and_read(struct xb_writer *w, int fd)
{
	struct xb_err err = XB_ERR_INIT;

	if (xb_writer_close(w, &err))
		fail_msg("%s", err.msg);
	lseek(fd, 0, SEEK_SET);
	return cap_read(fd);
}

static const struct {
	const char *name;
	struct xb_out_packet pkt;
	const char *want; /* pcapng, behind the number */
} packets[] = {
	{ "empty", { .ts_ns = 0 }, "0.000000000 if 0 eth0 link 1 0/0 " },
	{ "one byte",
	  { .ts_ns = 1, .data = bytes, .caplen = 1, .len = 1 },
	  "0.000000001 if 0 eth0 link 1 1/1 01" },
	{ "four bytes",
	  { .ts_ns = 1700000000123456789, .data = bytes, .caplen = 4, .len = 100 },
	  "1700000000.123456789 if 0 eth0 link 1 4/100 01020304" },
	{ "flags",
	  { .data = bytes, .caplen = 3, .len = 3, .meta = { .has = XB_PACKET_FLAGS, .flags = 1 } },
	  "0.000000000 if 0 eth0 link 1 3/3 010203 flags=1" },
	{ "id",
	  { .meta = { .has = XB_PACKET_ID, .packet_id = UINT64_MAX } },
	  "0.000000000 if 0 eth0 link 1 0/0  id=ffffffffffffffff" },
	{ "queue",
	  { .meta = { .has = XB_PACKET_QUEUE, .queue = 7 } },
	  "0.000000000 if 0 eth0 link 1 0/0  queue=7" },
	{ "hash",
	  { .meta = { .has = XB_PACKET_HASH, .hash_type = 5, .hash = 0xabcd } },
	  "0.000000000 if 0 eth0 link 1 0/0  hash=5:abcd" },
	{ "XDP verdict",
	  { .meta = { .has = XB_PACKET_VERDICT, .verdict_type = XB_VERDICT_XDP, .verdict = 4 } },
	  "0.000000000 if 0 eth0 link 1 0/0  verdict=2:4" },
	{ "TC verdict",
	  { .meta = { .has = XB_PACKET_VERDICT,
	              .verdict_type = XB_VERDICT_TC,
	              .verdict = UINT64_MAX } },
	  "0.000000000 if 0 eth0 link 1 0/0  verdict=1:ffffffffffffffff" },
	{ "fields without their bits",
	  { .meta = { .flags = 1, .queue = 2, .packet_id = 3, .verdict = 4, .hash = 5 } },
	  "0.000000000 if 0 eth0 link 1 0/0 " },
	{ "comments",
	  { .comments = (const struct xb_comment[]){ { "one", 3 }, { "", 0 }, { "four", 4 } },
	    .comment_cnt = 3 },
	  "0.000000000 if 0 eth0 link 1 0/0  'one' '' 'four'" },
	{ "everything",
	  { .data = bytes,
	    .caplen = 5,
	    .len = 5,
	    .if_id = 1,
	    .meta = { .has = XB_PACKET_FLAGS | XB_PACKET_ID | XB_PACKET_QUEUE | XB_PACKET_VERDICT |
	                     XB_PACKET_HASH,
	              .flags = 2,
	              .packet_id = 3,
	              .queue = 4,
	              .verdict_type = 2,
	              .verdict = 5,
	              .hash_type = 6,
	              .hash = 7 },
	    .comments = (const struct xb_comment[]){ { "c", 1 } },
	    .comment_cnt = 1 },
	  "0.000000000 if 1 raw link 101 5/5 0102030405 flags=2 hash=6:7 id=3 queue=4 verdict=2:5 "
	  "'c'" },
};

static void
test_round_trip(void **state)
{
	static const struct xb_writer_iface raw = { .name = "raw", .linktype = 101 };
	struct xb_err err = XB_ERR_INIT;
	char *got, *line, *save = NULL;
	struct xb_writer *w;
	int fd;

	(void)state;
	w = open_writer(XB_WRITER_PCAPNG, 0, &fd);
	assert_int_equal(xb_writer_add_interface(w, &eth, &err), 0);
	assert_int_equal(xb_writer_add_interface(w, &raw, &err), 1);
	for (size_t i = 0; i < XB_ARRAY_SIZE(packets); i++)
		put(w, &packets[i].pkt);
	assert_int_equal(xb_writer_packets(w), XB_ARRAY_SIZE(packets));
	assert_int_equal(xb_writer_stats(w, 1, &(struct xb_writer_stats){ 5, 3 }, &err), 0);
	assert_int_equal(xb_writer_stats(w, 2, &(struct xb_writer_stats){ 5, 3 }, &err), -1);
	got = close_and_read(w, fd);
	line = strtok_r(got, "\n", &save);
	for (size_t i = 0; i < XB_ARRAY_SIZE(packets); i++) {
		if (!line || strcmp(strchr(line, ' ') + 1, packets[i].want))
			fail_msg("%s: %s", packets[i].name, line);
		line = strtok_r(NULL, "\n", &save);
	}
	assert_string_equal(line, "end");
	free(got);
}

static void
test_pcap(void **state)
{
	static const struct xb_writer_iface raw = { .name = "raw", .linktype = 101 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_writer *w;
	char *got;
	int fd;

	(void)state;
	w = open_writer(XB_WRITER_PCAP, 0, &fd);
	assert_int_equal(xb_writer_add_interface(w, &eth, &err), 0);
	assert_int_equal(xb_writer_add_interface(w, &raw, &err), -1);
	assert_string_equal(err.msg, "out: a pcap has one link type: EN10MB, and no RAW beside it; "
	                             "pcapng has several");
	assert_int_equal(xb_writer_add_interface(w, &eth, &err), 1);
	put(w, &packets[2].pkt);
	put(w, &packets[11].pkt);
	assert_int_equal(xb_writer_packet(w, &(struct xb_out_packet){ .ts_ns = UINT64_MAX }, &err),
	                 -1);
	got = close_and_read(w, fd);
	assert_string_equal(got, "1: 1700000000.123456789 if 0 link 1 4/100 01020304\n"
	                         "2: 0.000000000 if 0 link 1 5/5 0102030405\nend");
	free(got);
}

/* Nothing written at all is a capture without packets. */
static void
test_no_packets(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_writer *w;
	char *got;
	int fd;

	(void)state;
	for (int format = XB_WRITER_PCAPNG; format <= XB_WRITER_PCAP; format++) {
		w = open_writer((enum xb_writer_format)format, 0, &fd);
		got = close_and_read(w, fd);
		assert_string_equal(got, "end");
		free(got);
	}
	assert_int_equal(xb_writer_close(NULL, &err), 0);
}

/* Text options that are too long are cut, between characters. */
static void
test_long_comment(void **state)
{
	struct xb_comment comment = { .len = 80000 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_packet pkt;
	struct xb_reader *r;
	struct xb_writer *w;
	char *text = malloc(comment.len);
	int fd;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < comment.len; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	comment.text = text;
	w = open_writer(XB_WRITER_PCAPNG, 4096, &fd);
	xb_writer_add_interface(w, &eth, &err);
	put(w, &(struct xb_out_packet){ .comments = &comment, .comment_cnt = 1 });
	comment.len = 65535; /* ends in half a character, as it was told */
	put(w, &(struct xb_out_packet){ .comments = &comment, .comment_cnt = 1 });
	assert_int_equal(xb_writer_close(w, &err), 0);
	lseek(fd, 0, SEEK_SET);
	r = xb_reader_open(fd, "c", &err);
	assert_int_equal(xb_reader_next(r, &pkt, &err), 1);
	assert_int_equal(pkt.comment_len, 65534);
	assert_int_equal(xb_reader_next(r, &pkt, &err), 1);
	assert_int_equal(pkt.comment_len, 65535);
	xb_reader_close(r);
	free(text);
}

static void
test_refused(void **state)
{
	static const struct xb_writer_iface snap = { .linktype = 1, .snaplen = 4 };
	static const u8 big[262145];
	const struct {
		const char *name;
		struct xb_out_packet pkt;
		const char *want;
	} rows[] = {
		{ "interface", { .if_id = 2 }, "out: a packet on interface 2 of 2" },
		{ "longer than snaplen",
		  { .if_id = 1, .data = big, .caplen = 5, .len = 5 },
		  "out: a packet of 5 bytes; at most 4 are possible" },
		{ "longer than anything",
		  { .data = big, .caplen = sizeof(big) },
		  "out: a packet of 262145 bytes; at most 262144 are possible" },
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_writer *w;
	char *got;
	int fd;

	(void)state;
	w = open_writer(XB_WRITER_PCAPNG, 0, &fd);
	xb_writer_add_interface(w, &eth, &err);
	xb_writer_add_interface(w, &snap, &err);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		assert_int_equal(xb_writer_packet(w, &rows[i].pkt, &err), -1);
		if (strcmp(err.msg, rows[i].want))
			fail_msg("%s: %s", rows[i].name, err.msg);
	}
	put(w, &(struct xb_out_packet){ .data = big, .caplen = 262144, .len = 262144 });
	put(w, &(struct xb_out_packet){ .if_id = 1, .data = big, .caplen = 4, .len = 5 });
	got = close_and_read(w, fd);
	assert_string_equal(got, "1: 0.000000000 if 0 eth0 link 1 262144/262144 0000000000000000\n"
	                         "2: 0.000000000 if 1 link 1 4/5 00000000\nend");
	free(got);
}

/* Packets of all sizes until the writer fails or `cnt` are written. */
static int
put_many(struct xb_writer *w, u32 cnt, struct xb_err *err)
{
	static const u8 data[1500];
	struct xb_out_packet pkt = { .data = data };

	for (u32 i = 0; i < cnt; i++) {
		pkt.ts_ns = i;
		pkt.caplen = pkt.len = i * 37 % 1500;
		if (xb_writer_packet(w, &pkt, err))
			return -1;
	}
	return 0;
}

/* What is in the file after any flush ends with a whole block. */
static void
test_flush(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_writer *w;
	struct stat st;
	char *got;
	int fd;

	(void)state;
	for (int format = XB_WRITER_PCAPNG; format <= XB_WRITER_PCAP; format++) {
		w = open_writer((enum xb_writer_format)format, 4096, &fd);
		xb_writer_add_interface(w, &eth, &err);
		for (u32 i = 0; i < 50; i++) {
			assert_int_equal(put_many(w, i % 7 + 1, &err), 0);
			if (i % 2)
				assert_int_equal(xb_writer_flush(w, &err), 0);
			assert_int_equal(fstat(fd, &st), 0);
			if (!st.st_size)
				continue;
			lseek(fd, 0, SEEK_SET);
			got = cap_read(dup(fd));
			assert_string_equal(got + strlen(got) - 3, "end");
			free(got);
			lseek(fd, 0, SEEK_END);
		}
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(xb_writer_bytes(w) >= (u64)st.st_size);
		assert_int_equal(xb_writer_close(w, &err), 0);
		close(fd);
	}
}

/* Padding is zero, whatever was in the buffer before. */
static void
test_padding(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_out_packet pkt = { .meta = { .has = XB_PACKET_HASH, .hash = UINT32_MAX } };
	struct xb_writer *w;
	struct xb_packet in;
	struct xb_reader *r;
	u8 ones[1000];
	int fd;

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	pkt.data = ones;
	w = open_writer(XB_WRITER_PCAPNG, 4096, &fd);
	xb_writer_add_interface(w, &eth, &err);
	for (u32 i = 0; i < 300; i++) {
		pkt.caplen = pkt.len = i % 2 ? 1000 : i / 2 + 1;
		put(w, &pkt);
	}
	assert_int_equal(xb_writer_close(w, &err), 0);
	lseek(fd, 0, SEEK_SET);
	r = xb_reader_open(fd, "c", &err);
	while (xb_reader_next(r, &in, &err) == 1) {
		for (const u8 *p = in.data + in.caplen; p < in.opts; p++)
			assert_int_equal(*p, 0);
		assert_memory_equal(in.opts, "\3\0\5\0\0\377\377\377\377\0\0\0\0\0\0\0", 16);
	}
	assert_int_equal(in.n, 300);
	xb_reader_close(r);
}

/* A device that is always full. */
static void
test_full(void **state)
{
	struct xb_err err = XB_ERR_INIT, again = XB_ERR_INIT;
	const struct xb_writer_opts opts = { .buffer_bytes = 4096 };
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct xb_writer *w;

	(void)state;
	if (fd < 0) {
		print_message("skipped: no /dev/full\n");
		skip();
	}
	w = xb_writer_open(fd, "/dev/full", &opts, &err);
	xb_writer_add_interface(w, &eth, &err);
	assert_int_equal(put_many(w, 1000, &err), -1);
	assert_int_equal(err.kind, XB_ERR_FILE);
	assert_string_equal(err.msg, "/dev/full: cannot be written: No space left on device");
	assert_int_equal(put_many(w, 1, &again), -1);
	assert_string_equal(again.msg, err.msg);
	assert_int_equal(xb_writer_flush(w, &again), -1);
	assert_int_equal(xb_writer_add_interface(w, &eth, &again), -1);
	assert_int_equal(xb_writer_close(w, &again), -1);
	assert_string_equal(again.msg, err.msg);
}

/* Found only when it is closed. */
static void
test_full_at_close(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	const struct xb_writer_opts opts = { .format = XB_WRITER_PCAP };
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct xb_writer *w;

	(void)state;
	if (fd < 0) {
		print_message("skipped: no /dev/full\n");
		skip();
	}
	w = xb_writer_open(fd, "/dev/full", &opts, &err);
	assert_int_equal(xb_writer_close(w, &err), -1);
	assert_string_equal(err.msg, "/dev/full: cannot be written: No space left on device");
}

static void
test_closed_pipe(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	const struct xb_writer_opts opts = { .format = XB_WRITER_PCAPNG };
	struct xb_writer *w;
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	w = xb_writer_open(fds[1], "pipe", &opts, &err);
	xb_writer_add_interface(w, &eth, &err);
	assert_int_equal(put_many(w, 10, &err), 0);
	assert_int_equal(xb_writer_close(w, &err), -1);
	assert_string_equal(err.msg, "pipe: cannot be written: Broken pipe");
	signal(SIGPIPE, SIG_DFL);
}

/*
 * A file that may not grow past any of these sizes, as on a disk that fills up in the middle of a
 * write: cut back to its last whole block.
 */
static void
fill_up(enum xb_writer_format format, rlim_t limit)
{
	struct rlimit old, low;
	struct xb_err err = XB_ERR_INIT;
	struct xb_writer *w;
	struct stat st;
	char *got;
	int fd, ret;

	w = open_writer(format, 8192, &fd);
	xb_writer_add_interface(w, &eth, &err);
	getrlimit(RLIMIT_FSIZE, &old);
	low = (struct rlimit){ .rlim_cur = limit, .rlim_max = old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &low);
	ret = put_many(w, 1000, &err);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(ret, -1);
	assert_string_equal(err.msg, "out: cannot be written: File too large");
	assert_int_equal(fstat(fd, &st), 0);
	assert_true((rlim_t)st.st_size <= limit && (rlim_t)st.st_size + 1600 > limit);
	assert_int_equal(xb_writer_close(w, &err), -1);
	lseek(fd, 0, SEEK_SET);
	got = cap_read(fd);
	assert_string_equal(got + strlen(got) - 3, "end");
	free(got);
}

static void
test_filling_up(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	for (rlim_t limit = 5000; limit < 40000; limit += 777) {
		fill_up(XB_WRITER_PCAPNG, limit);
		fill_up(XB_WRITER_PCAP, limit);
	}
	signal(SIGXFSZ, SIG_DFL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_pcap),
		cmocka_unit_test(test_no_packets),    cmocka_unit_test(test_long_comment),
		cmocka_unit_test(test_refused),       cmocka_unit_test(test_flush),
		cmocka_unit_test(test_padding),       cmocka_unit_test(test_full),
		cmocka_unit_test(test_full_at_close), cmocka_unit_test(test_closed_pipe),
		cmocka_unit_test(test_filling_up),
	};

	return cmocka_run_group_tests_name("pcaps/writer", tests, NULL, NULL);
}
