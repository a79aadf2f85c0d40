/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_input.c - where captures come from: compressed files, pipes, and reads that a signal ends.
 */
#include "pcaps/pcap_format.h"
#include "pcaps/reader.h"
#include "tests/pcaps/capture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#ifdef XB_HAVE_ZSTD
#include <zstd.h>
#endif
#include <cmocka.h>

/* Bigger than any block that is read at a time, compressed too. */
#define BIG_PACKETS 3000

static void
build(struct capture *c, u32 packets)
{
	u32 rnd = 1;

	memset(c, 0, sizeof(*c));
	cap_pcap_hdr(c, XB_PCAP_MAGIC_NS, 2, 4, 0, 1);
	for (u32 i = 0; i < packets; i++) {
		cap_pcap_rec(c, i, i, i % 1500, i % 1500 + 1);
		for (u32 n = 0; n < i % 1500; n++) {
			rnd = rnd * 1103515245 + 12345;
			cap_u8(c, (u8)(n + 1 < i % 1500 ? rnd >> 16 : i * 7));
		}
	}
}

/* One gzip member. */
static void
put_gzip(struct capture *out, const u8 *data, size_t len)
{
	size_t room = deflateBound(NULL, len) + 64;
	u8 *buf = malloc(room);
	z_stream z = { .next_in = (u8 *)(uintptr_t)data, .avail_in = (uInt)len };

	assert_non_null(buf);
	z.next_out = buf;
	z.avail_out = (uInt)room;
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
	                 Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	cap_bytes(out, buf, z.total_out);
	deflateEnd(&z);
	free(buf);
}

#ifdef XB_HAVE_ZSTD
/* One frame, with a checksum, as zstd(1) writes it. */
static void
put_zstd(struct capture *out, const u8 *data, size_t len)
{
	size_t room = ZSTD_compressBound(len);
	ZSTD_CCtx *z = ZSTD_createCCtx();
	u8 *buf = malloc(room);
	size_t put;

	assert_true(buf && z);
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	put = ZSTD_compress2(z, buf, room, data, len);
	ZSTD_freeCCtx(z);
	assert_false(ZSTD_isError(put));
	cap_bytes(out, buf, put);
	free(buf);
}
#endif

typedef void put_fn(struct capture *out, const u8 *data, size_t len);

/* What each compression must do; `trailer` is what a file may go on with. */
static void
check_codec(put_fn *put, const char *name, const void *trailer, size_t trailer_len)
{
	struct capture c, one = { .len = 0 }, two = { .len = 0 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_reader *r;
	char *want, *got;

	build(&c, BIG_PACKETS);
	want = cap_read(cap_fd(c.data, c.len));
	assert_non_null(strstr(want, "\nend"));
	put(&one, c.data, c.len);
	assert_true(one.len > (size_t)1 << 20);
	got = cap_read(cap_fd(one.data, one.len));
	assert_string_equal(got, want);
	free(got);

	put(&two, c.data, 1000);
	put(&two, c.data + 1000, 0);
	put(&two, c.data + 1000, c.len - 1000);
	cap_bytes(&two, trailer, trailer_len);
	got = cap_read(cap_fd(two.data, two.len));
	assert_string_equal(got, want);
	free(got);

	r = xb_reader_open(cap_fd(two.data, two.len), "c", &err);
	assert_non_null(r);
	assert_string_equal(xb_reader_compression(r), name);
	xb_reader_close(r);
	free(want);
	cap_free(&one);
	cap_free(&two);
	cap_free(&c);
}

/* Cut or changed: the packets before it, then an error; never a crash or a silent end. */
static void
check_codec_damage(put_fn *put, const char *word)
{
	struct capture c, z = { .len = 0 };
	const char *last;
	char *want, *got;

	build(&c, 40);
	want = cap_read(cap_fd(c.data, c.len));
	put(&z, c.data, c.len);
	for (size_t len = 4; len < z.len; len++) {
		got = cap_read(cap_fd(z.data, len));
		last = strrchr(got, '\n') ? strrchr(got, '\n') + 1 : got;
		if (strncmp(got, want, (size_t)(last - got)) || !strstr(last, word) ||
		    !strstr(last, "the file ends too early"))
			fail_msg("cut at byte %zu of %zu: %s", len, z.len, got);
		free(got);
	}
	z.data[z.len / 2] ^= 0xff;
	got = cap_read(cap_fd(z.data, z.len));
	if (!strcmp(strrchr(got, '\n') ? strrchr(got, '\n') + 1 : got, "end"))
		fail_msg("changed: %s", got);
	free(got);
	free(want);
	cap_free(&z);
	cap_free(&c);
}

static void
test_gzip(void **state)
{
	static const u8 zeros[512];

	(void)state;
	check_codec(put_gzip, "gzip", zeros, sizeof(zeros));
	check_codec_damage(put_gzip, "gzip data is damaged: ");
}

static void
test_gzip_garbage(void **state)
{
	struct capture c, z = { .len = 0 };
	char *got;

	(void)state;
	build(&c, 2);
	put_gzip(&z, c.data, c.len);
	cap_bytes(&z, "what is this?", 13);
	got = cap_read(cap_fd(z.data, z.len));
	assert_non_null(strstr(got, "2: 1.000000001"));
	assert_non_null(strstr(got, "gzip data is damaged: incorrect header check"));
	free(got);
	z.data[z.len - 13 - 8] ^= 1; /* the checksum */
	got = cap_read(cap_fd(z.data, z.len));
	assert_non_null(strstr(got, "2: 1.000000001"));
	assert_non_null(strstr(got, "gzip data is damaged: incorrect data check"));
	free(got);
	cap_free(&z);
	cap_free(&c);
}

static void
test_zstd(void **state)
{
	(void)state;
#ifdef XB_HAVE_ZSTD
	static const u8 skippable[] = { 0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'x', 'y' };

	check_codec(put_zstd, "zstd", skippable, sizeof(skippable));
	check_codec_damage(put_zstd, "zstd data is damaged: ");
#else
	static const u8 magic[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 0 };
	char *got = cap_read(cap_fd(magic, sizeof(magic)));

	assert_string_equal(got, "c: is compressed with zstd, and this build has no libzstd");
	free(got);
	print_message("skipped: built without libzstd\n");
#endif
}

/* A gzip of nothing, and of what is no capture. */
static void
test_gzip_of_other(void **state)
{
	struct capture z = { .len = 0 };
	char *got;

	(void)state;
	put_gzip(&z, (const u8 *)"", 0);
	got = cap_read(cap_fd(z.data, z.len));
	assert_string_equal(got, "c: is empty, and no capture");
	free(got);
	z.len = 0;
	put_gzip(&z, (const u8 *)"text", 4);
	got = cap_read(cap_fd(z.data, z.len));
	assert_string_equal(got, "c: is no pcap or pcapng capture: begins with 74 65 78 74");
	free(got);
	cap_free(&z);
}

/* A process that writes the bytes into a pipe in pieces. Returns the pipe's other end. */
static int
pipe_of(const struct capture *c, size_t piece, pid_t *pid)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	*pid = fork();
	assert_true(*pid >= 0);
	if (*pid) {
		close(fds[1]);
		return fds[0];
	}
	for (size_t off = 0; off < c->len; off += piece) {
		size_t n = c->len - off < piece ? c->len - off : piece;

		if (write(fds[1], c->data + off, n) != (ssize_t)n)
			_exit(1);
	}
	_exit(0);
}

static void
test_pipe(void **state)
{
	static const size_t pieces[] = { 1, 7, 4096, 65536 };
	struct capture c, z = { .len = 0 };
	char *want, *got;
	pid_t pid;

	(void)state;
	build(&c, 200);
	put_gzip(&z, c.data, c.len);
	want = cap_read(cap_fd(c.data, c.len));
	for (size_t i = 0; i < XB_ARRAY_SIZE(pieces); i++) {
		got = cap_read(pipe_of(&c, pieces[i], &pid));
		assert_string_equal(got, want);
		free(got);
		waitpid(pid, NULL, 0);
		got = cap_read(pipe_of(&z, pieces[i], &pid));
		assert_string_equal(got, want);
		free(got);
		waitpid(pid, NULL, 0);
	}
	free(want);
	cap_free(&z);
	cap_free(&c);
}

static void
test_pipe_progress(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_reader *r;
	struct capture c;
	u64 done, total;
	pid_t pid;

	(void)state;
	build(&c, 2);
	r = xb_reader_open(pipe_of(&c, c.len, &pid), "c", &err);
	assert_non_null(r);
	xb_reader_progress(r, &done, &total);
	assert_int_equal(total, 0);
	assert_int_equal(xb_reader_rewind(r, &err), -1);
	assert_string_equal(err.msg, "c: a pipe can be read only once");
	xb_reader_close(r);
	waitpid(pid, NULL, 0);
	cap_free(&c);
}

static volatile sig_atomic_t stopped;

static void
on_alarm(int sig)
{
	(void)sig;
	stopped = 1;
}

/* A pipe whose writer stays: only the signal ends the wait, in the middle of a record even. */
static void
test_stop(void **state)
{
	const struct sigaction act = { .sa_handler = on_alarm };
	struct xb_err err = XB_ERR_INIT;
	struct xb_packet pkt;
	struct xb_reader *r;
	struct capture c;
	int fds[2];

	(void)state;
	build(&c, 5);
	for (size_t cut = 0; cut < 2; cut++) {
		stopped = 0;
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(write(fds[1], c.data, c.len - cut), (ssize_t)(c.len - cut));
		r = xb_reader_open(fds[0], "c", &err);
		assert_non_null(r);
		xb_reader_set_stop(r, &stopped);
		for (size_t i = 0; i < 5 - cut; i++)
			assert_int_equal(xb_reader_next(r, &pkt, &err), 1);
		sigaction(SIGALRM, &act, NULL);
		ualarm(20000, 20000);
		assert_int_equal(xb_reader_next(r, &pkt, &err), 0);
		ualarm(0, 0);
		xb_reader_close(r);
		close(fds[1]);
	}
	cap_free(&c);
}

/* Stopped between two readings of a capture: that is its end, and no fault of the file. */
static void
test_stop_at_rewind(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_packet pkt;
	struct xb_reader *r;
	struct capture c;

	(void)state;
	build(&c, 5);
	stopped = 0;
	r = xb_reader_open(cap_fd(c.data, c.len), "c", &err);
	assert_non_null(r);
	xb_reader_set_stop(r, &stopped);
	assert_int_equal(xb_reader_next(r, &pkt, &err), 1);
	stopped = 1;
	assert_int_equal(xb_reader_rewind(r, &err), 0);
	assert_int_equal(xb_reader_next(r, &pkt, &err), 0);
	xb_reader_close(r);
	cap_free(&c);
}

/* A file that is cut while it is read ends there. */
static void
test_cut_while_read(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_packet pkt;
	struct xb_reader *r;
	struct capture c;
	int fd, ret;

	(void)state;
	build(&c, BIG_PACKETS);
	fd = cap_fd(c.data, c.len);
	r = xb_reader_open(fd, "c", &err);
	assert_non_null(r);
	assert_int_equal(ftruncate(fd, 100), 0);
	while ((ret = xb_reader_next(r, &pkt, &err)) > 0)
		assert_true(!pkt.caplen || pkt.data[pkt.caplen - 1] == (u8)((pkt.n - 1) * 7));
	assert_int_equal(ret, -1);
	assert_non_null(strstr(err.msg, "the file ends after "));
	xb_reader_close(r);
	cap_free(&c);
}

/* The process's peak of resident memory. */
static long
peak_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

#define LONG_PACKETS 100000

/* Memory does not grow with the capture: 150 MB through a pipe, none of them kept. */
static void
test_memory(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct capture rec = { .len = 0 };
	struct xb_packet pkt;
	struct xb_reader *r;
	long begin_kib = 0;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	cap_pcap_hdr(&rec, XB_PCAP_MAGIC_NS, 2, 4, 0, 1);
	assert_int_equal(write(fds[1], rec.data, rec.len), (ssize_t)rec.len);
	rec.len = 0;
	cap_pcap_rec(&rec, 0, 0, 1500, 1500);
	cap_pattern(&rec, 0, 1500);
	if (!fork()) {
		for (u32 i = 0; i < LONG_PACKETS; i++)
			if (write(fds[1], rec.data, rec.len) != (ssize_t)rec.len)
				_exit(1);
		_exit(0);
	}
	close(fds[1]);
	r = xb_reader_open(fds[0], "c", &err);
	assert_non_null(r);
	while (xb_reader_next(r, &pkt, &err) == 1)
		if (pkt.n == LONG_PACKETS / 10)
			begin_kib = peak_kib();
	assert_int_equal(pkt.n, LONG_PACKETS);
	assert_true(peak_kib() - begin_kib < 1024);
	xb_reader_close(r);
	wait(NULL);
	cap_free(&rec);
}

/* The bytes of a packet, and a sum of them. */
struct held {
	struct xb_input_block *block;
	const u8 *data;
	u32 caplen, sum;
};

static u32
sum_of(const u8 *data, u32 bytes)
{
	u32 sum = 1;

	for (u32 i = 0; i < bytes; i++)
		sum = sum * 31 + data[i];
	return sum;
}

/* Reads to the end and holds every third packet. */
static u32
hold_some(struct xb_reader *r, struct held *held)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_packet pkt;
	u32 cnt = 0;

	while (xb_reader_next(r, &pkt, &err) == 1) {
		if (pkt.n % 3)
			continue;
		held[cnt++] = (struct held){ xb_reader_hold(r), pkt.data, pkt.caplen,
			                     sum_of(pkt.data, pkt.caplen) };
		assert_true(xb_reader_is_in(r, held[cnt - 1].block));
	}
	return cnt;
}

/* What is held stays as it is, also while the capture is read again, whatever it comes from. */
static void
test_hold(void **state)
{
	enum { MOST = BIG_PACKETS / 3 };
	struct held *held = calloc(2 * MOST, sizeof(*held));
	struct xb_err err = XB_ERR_INIT;
	struct capture c, z = { .len = 0 };

	(void)state;
	assert_non_null(held);
	build(&c, BIG_PACKETS);
	put_gzip(&z, c.data, c.len);
	for (u32 zipped = 0; zipped < 2; zipped++) {
		const struct capture *file = zipped ? &z : &c;
		struct xb_reader *r = xb_reader_open(cap_fd(file->data, file->len), "c", &err);
		u32 cnt;

		assert_non_null(r);
		cnt = hold_some(r, held);
		assert_int_equal(xb_reader_rewind(r, &err), 0);
		cnt += hold_some(r, held + cnt);
		assert_int_equal(cnt, 2 * MOST);
		for (u32 i = 0; i < cnt; i++) {
			assert_int_equal(sum_of(held[i].data, held[i].caplen), held[i].sum);
			assert_int_equal(held[i].sum, held[i % MOST].sum);
		}
		for (u32 i = 0; i < cnt; i++)
			xb_reader_release(r, held[i].block);
		assert_int_equal(xb_reader_rewind(r, &err), 0);
		assert_int_equal(hold_some(r, held), MOST);
		for (u32 i = 0; i < MOST; i++)
			xb_reader_release(r, held[i].block);
		xb_reader_close(r);
	}
	free(held);
	cap_free(&z);
	cap_free(&c);
}

/* A pipe gives little at a time: one block holds many pieces, also while it is held. */
static void
test_hold_pipe(void **state)
{
	struct held held[BIG_PACKETS / 3];
	struct xb_err err = XB_ERR_INIT;
	struct xb_reader *r;
	struct capture c;
	u32 cnt, blocks = 1;
	pid_t pid;

	(void)state;
	build(&c, 1200);
	r = xb_reader_open(pipe_of(&c, 100, &pid), "c", &err);
	assert_non_null(r);
	cnt = hold_some(r, held);
	assert_int_equal(cnt, 400);
	for (u32 i = 0; i < cnt; i++) {
		assert_int_equal(sum_of(held[i].data, held[i].caplen), held[i].sum);
		blocks += i && held[i].block != held[i - 1].block;
		xb_reader_release(r, held[i].block);
	}
	assert_true(blocks < 10);
	xb_reader_close(r);
	waitpid(pid, NULL, 0);
	cap_free(&c);
}

static void
test_no_file(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_null(xb_reader_open(fd, "folder", &err));
	assert_string_equal(err.msg, "folder: cannot be read: Is a directory");
	assert_int_equal(close(fd), 0); /* still the caller's */
	assert_null(xb_reader_open(-1, "nothing", &err));
	assert_string_equal(err.msg, "nothing: cannot be read: Bad file descriptor");
	assert_int_equal(err.kind, XB_ERR_FILE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gzip),           cmocka_unit_test(test_gzip_garbage),
		cmocka_unit_test(test_gzip_of_other),  cmocka_unit_test(test_zstd),
		cmocka_unit_test(test_pipe),           cmocka_unit_test(test_pipe_progress),
		cmocka_unit_test(test_stop),           cmocka_unit_test(test_stop_at_rewind),
		cmocka_unit_test(test_cut_while_read), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_hold),           cmocka_unit_test(test_hold_pipe),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests_name("pcaps/input", tests, NULL, NULL);
}
