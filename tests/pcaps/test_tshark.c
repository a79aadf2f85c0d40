/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_tshark.c - Wireshark reads what is written: verdicts, interfaces, packet ids, comments.
 */
#include "pcaps/writer.h"
#include "tests/pcaps/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define CNT 12

/* One packet of each verdict, on two interfaces in turn. Returns the file. */
static int
write_capture(enum xb_writer_format format)
{
	static const u8 data[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };
	const struct xb_writer_opts opts = { .format = format,
		                             .app = "xdpbench tests",
		                             .comment = "prog.o: xdp_main" };
	const struct xb_comment comment = { "a fault", 7 };
	struct xb_err err = XB_ERR_INIT;
	int fd = cap_fd(NULL, 0);
	struct xb_writer *w = xb_writer_open(dup(fd), "out", &opts, &err);
	struct xb_out_packet pkt = { .data = data, .caplen = 60, .len = 60 };

	assert_non_null(w);
	xb_writer_add_interface(w, &(struct xb_writer_iface){ .name = "in", .linktype = 1 }, &err);
	xb_writer_add_interface(w, &(struct xb_writer_iface){ .name = "out", .linktype = 1 }, &err);
	for (u32 i = 0; i < CNT; i++) {
		pkt.if_id = i % 2;
		pkt.ts_ns = 1700000000000000001 + i;
		pkt.comments = &comment;
		pkt.comment_cnt = i == 3;
		pkt.meta = (struct xb_packet_meta){
			.has = XB_PACKET_FLAGS | XB_PACKET_ID | XB_PACKET_QUEUE | XB_PACKET_VERDICT,
			.flags = i % 2 ? XB_PACKET_DIR_OUTBOUND : XB_PACKET_DIR_INBOUND,
			.packet_id = i + 100,
			.queue = i % 3,
			.verdict_type = i < 6 ? XB_VERDICT_XDP : XB_VERDICT_TC,
			.verdict = i < 6 ? i : (u64)(s64)((int)i - 7),
		};
		assert_int_equal(xb_writer_packet(w, &pkt, &err), 0);
	}
	xb_writer_stats(w, 0, &(struct xb_writer_stats){ .received = 12, .dropped = 2 }, &err);
	assert_int_equal(xb_writer_close(w, &err), 0);
	return fd;
}

/* The output of `tool FILE args`. */
static void
run(const char *tool, const char *args, int fd, char *out, size_t room)
{
	char cmd[1024];
	size_t len;
	FILE *f;

	snprintf(cmd, sizeof(cmd), "%s /proc/%d/fd/%d %s 2>/dev/null", tool, getpid(), fd, args);
	f = popen(cmd, "r");
	assert_non_null(f);
	len = fread(out, 1, room - 1, f);
	out[len] = 0;
	assert_int_equal(pclose(f), 0);
}

static bool
have(const char *tool)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null", tool);
	if (!system(cmd))
		return true;
	print_message("skipped: no %s\n", tool);
	return false;
}

static const struct {
	const char *name;
	const char *args;
	const char *want;
} rows[] = {
	{ "dropped", "-Y 'frame.verdict.ebpf_xdp == 1' -T fields -e frame.number", "2\n" },
	{ "XDP verdicts", "-Y frame.verdict.ebpf_xdp -T fields -e frame.verdict.ebpf_xdp",
	  "0\n1\n2\n3\n4\n5\n" },
	{ "TC verdicts", "-Y frame.verdict.ebpf_tc -T fields -e frame.verdict.ebpf_tc",
	  "-1\n0\n1\n2\n3\n4\n" },
	{ "interfaces",
	  "-c 3 -T fields -e frame.interface_id -e frame.interface_name -e frame.time_epoch",
	  "0\tin\t1700000000.000000001\n1\tout\t1700000000.000000002\n"
	  "0\tin\t1700000000.000000003\n" },
	{ "options",
	  "-c 4 -T fields -e frame.packet_id -e frame.interface_queue "
	  "-e frame.packet_flags_direction -e frame.comment",
	  "100\t0\t0x00000001\t\n101\t1\t0x00000002\t\n102\t2\t0x00000001\t\n"
	  "103\t0\t0x00000002\ta fault\n" },
	{ "direction", "-Y 'frame.packet_flags_direction == 2' -T fields -e frame.number",
	  "2\n4\n6\n8\n10\n12\n" },
	{ "nothing malformed", "-Y _ws.malformed -T fields -e frame.number", "" },
};

static void
test_fields(void **state)
{
	int fd = write_capture(XB_WRITER_PCAPNG);
	char out[4096];

	(void)state;
	if (!have("tshark")) {
		close(fd);
		skip();
	}
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		run("tshark -n -r", rows[i].args, fd, out, sizeof(out));
		if (strcmp(out, rows[i].want))
			fail_msg("%s:\n%s", rows[i].name, out);
	}
	close(fd);
}

/* The section and its statistics. */
static void
test_capinfos(void **state)
{
	static const char *const want[] = {
		"Capture application: xdpbench tests",
		"Capture comment:     prog.o: xdp_main",
		"Number of packets:   12",
		"Name = in",
		"Time precision = nanoseconds (9)",
		"Number of stat entries = 1",
	};
	int fd = write_capture(XB_WRITER_PCAPNG);
	char out[8192];

	(void)state;
	if (!have("capinfos")) {
		close(fd);
		skip();
	}
	run("capinfos", "", fd, out, sizeof(out));
	for (size_t i = 0; i < XB_ARRAY_SIZE(want); i++)
		if (!strstr(out, want[i]))
			fail_msg("no '%s' in:\n%s", want[i], out);
	close(fd);
}

static void
test_pcap(void **state)
{
	int fd = write_capture(XB_WRITER_PCAP);
	char out[4096];

	(void)state;
	if (!have("tshark")) {
		close(fd);
		skip();
	}
	run("tshark -n -r", "-c 2 -T fields -e frame.time_epoch -e frame.len -e eth.type", fd, out,
	    sizeof(out));
	assert_string_equal(out, "1700000000.000000001\t60\t0x88b5\n"
	                         "1700000000.000000002\t60\t0x88b5\n");
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_capinfos),
		cmocka_unit_test(test_pcap),
	};

	return cmocka_run_group_tests_name("pcaps/tshark", tests, NULL, NULL);
}
