/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_run.c - what a run writes: JSON lines, captures with verdicts and interfaces, one file or
 * many.
 *
 * The program (progs/ways.bpf.c) sends packets in twelve ways, in turn.
 */
#include "pcaps/reader.h"
#include "pcaps/writer.h"
#include "vm/types.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAYS 12
#define RUN                                                                                        \
	"$X -q --faults=count -r $C/demo.pcap --map 'ports[1]=4:on_port' --map 'ports[2]=5' "      \
	"--map "                                                                                   \
	"'cpus[2]=64' --map 'socks[3]=9' "

static void
shell(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* The lines of a JSON file; NULL behind the last. */
static cJSON **
read_lines(const char *path)
{
	cJSON **lines = calloc(1024, sizeof(*lines));
	static char line[1 << 20];
	FILE *f = fopen(path, "r");
	size_t cnt = 0;

	assert_non_null(lines);
	assert_non_null(f);
	while (cnt < 1023 && fgets(line, sizeof(line), f)) {
		lines[cnt] = cJSON_Parse(line);
		if (!lines[cnt++])
			fail_msg("line %zu is no JSON: %s", cnt, line);
	}
	fclose(f);
	return lines;
}

static void
free_lines(cJSON **lines)
{
	for (size_t i = 0; lines[i]; i++)
		cJSON_Delete(lines[i]);
	free(lines);
}

/* One of the twelve ways, as the packet's line in JSON has it: parts of its text. */
static const struct way {
	const char *name;
	const char *parts[4];
	const char *not_part;
} ways[WAYS] = {
	{ "pass", { "\"verdict\":\"XDP_PASS\",\"retval\":2", "\"changed\":false" }, "redirect" },
	{ "drop",
	  { "\"verdict\":\"XDP_DROP\"", "\"cpu\":0",
	    "\"ctx\":{\"ingress_ifindex\":1,\"rx_queue_index\":0}" },
	  "printk" },
	{ "tx", { "\"verdict\":\"XDP_TX\",\"retval\":3" }, "redirect" },
	{ "ifindex",
	  { "\"redirect\":{\"kind\":\"ifindex\",\"ifindex\":7,\"flags\":0}" },
	  "events" },
	{ "port",
	  { "\"redirect\":{\"kind\":\"devmap\",\"map\":\"ports\",\"key\":1,\"ifindex\":4,\"flags\":"
	    "0}" },
	  "fault" },
	{ "cpu",
	  { "\"redirect\":{\"kind\":\"cpumap\",\"map\":\"cpus\",\"key\":2,\"cpu\":2,\"flags\":0}" },
	  "fault" },
	{ "socket",
	  { "\"redirect\":{\"kind\":\"xskmap\",\"map\":\"socks\",\"key\":3,\"socket\":9,\"flags\":"
	    "0}" },
	  "fault" },
	{ "flood",
	  { "\"redirect\":{\"kind\":\"devmap\",\"map\":\"ports\",\"ifindexes\":[4,5],\"flags\":"
	    "8}" },
	  "\"key\"" },
	{ "record",
	  { "\"printk\":[\"way 8\"]", "{\"map\":\"records\",\"data\":\"72656300\"}",
	    "{\"map\":\"samples\",\"data\":\"72656300" },
	  "redirect" },
	{ "shorter", { "\"head_delta\":4,\"tail_delta\":0,\"changed\":true" }, "redirect" },
	{ "longer", { "\"head_delta\":-4,\"tail_delta\":0,\"changed\":true" }, "redirect" },
	{ "fault",
	  { "\"verdict\":\"XDP_ABORTED\",\"retval\":0",
	    "\"fault\":{\"kind\":\"out-of-bounds read\",\"address\":\"0x",
	    "\"func\":\"go\",\"file\":\"", "\"changed\":false" },
	  "redirect" },
};

static void
test_packets(void **state)
{
	cJSON **lines;

	(void)state;
	shell(RUN "--json lines.json $B/ways.o");
	lines = read_lines("lines.json");
	for (u32 i = 0; i < 60; i++) {
		const struct way *way = &ways[i % WAYS];
		char *text = cJSON_PrintUnformatted(lines[i]);

		assert_int_equal(cJSON_GetObjectItem(lines[i], "n")->valueint, i + 1);
		for (u32 k = 0; k < 4 && way->parts[k]; k++)
			if (!strstr(text, way->parts[k]))
				fail_msg("packet %u (%s): no %s in %.600s", i + 1, way->name,
				         way->parts[k], text);
		if (strstr(text, way->not_part))
			fail_msg("packet %u (%s): there is %s in %.600s", i + 1, way->name,
			         way->not_part, text);
		free(text);
	}
	free_lines(lines);
}

static void
test_summary(void **state)
{
	static const char *const parts[] = {
		"\"type\":\"summary\",\"packets\":60",
		"\"engine\":\"interp\",\"cpus\":1",
		"\"verdicts\":{\"XDP_ABORTED\":5,\"XDP_DROP\":5,\"XDP_PASS\":20,",
		",\"XDP_TX\":5,\"XDP_REDIRECT\":25},",
		"\"faults\":5",
		"{\"ifindex\":4,\"packets\":10,",
		"{\"ifindex\":5,\"packets\":5,",
		"{\"cpu\":2,\"packets\":5,",
		"{\"socket\":9,\"packets\":5,",
	};
	cJSON **lines;
	char *text;
	u32 last = 0;

	(void)state;
	shell(RUN "--no-data --json lines.json $B/ways.o");
	lines = read_lines("lines.json");
	assert_null(cJSON_GetObjectItem(lines[0], "data"));
	while (lines[last + 1])
		last++;
	assert_string_equal(cJSON_GetObjectItem(lines[last - 1], "type")->valuestring, "map");
	text = cJSON_PrintUnformatted(lines[last]);
	for (size_t i = 0; i < XB_ARRAY_SIZE(parts); i++)
		if (!strstr(text, parts[i]))
			fail_msg("no %s in %s", parts[i], text);
	free(text);
	free_lines(lines);
}

/* Reads a whole capture and hands each packet to fn. Returns how many there were. */
static u32
each_packet(const char *path, void (*fn)(const struct xb_reader *r, const struct xb_packet *pkt))
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_reader *r = xb_reader_open(open(path, O_RDONLY), path, &err);
	struct xb_packet pkt;
	u32 cnt = 0;

	if (!r)
		fail_msg("%s", err.msg);
	while (xb_reader_next(r, &pkt, &err) == 1) {
		if (fn)
			fn(r, &pkt);
		cnt++;
	}
	assert_int_equal(err.kind, XB_ERR_NONE);
	xb_reader_close(r);
	return cnt;
}

static void
check_packet(const struct xb_reader *r, const struct xb_packet *pkt)
{
	static const struct {
		u32 verdict;
		u32 direction;
		const char *iface;
	} want[WAYS] = {
		{ 2, XB_PACKET_DIR_INBOUND, "if1" },   { 1, XB_PACKET_DIR_INBOUND, "if1" },
		{ 3, XB_PACKET_DIR_OUTBOUND, "if1" },  { 4, XB_PACKET_DIR_OUTBOUND, "if7" },
		{ 4, XB_PACKET_DIR_OUTBOUND, "if4" },  { 4, XB_PACKET_DIR_OUTBOUND, "cpu2" },
		{ 4, XB_PACKET_DIR_OUTBOUND, "xsk9" }, { 4, XB_PACKET_DIR_INBOUND, "if1" },
		{ 2, XB_PACKET_DIR_INBOUND, "if1" },   { 2, XB_PACKET_DIR_INBOUND, "if1" },
		{ 2, XB_PACKET_DIR_INBOUND, "if1" },   { 0, XB_PACKET_DIR_INBOUND, "if1" },
	};
	u32 way = (u32)((pkt->n - 1) % WAYS);

	assert_int_equal(pkt->meta.packet_id, pkt->n);
	assert_true(pkt->meta.has & XB_PACKET_VERDICT);
	assert_int_equal(pkt->meta.verdict_type, XB_VERDICT_XDP);
	assert_int_equal(pkt->meta.verdict, want[way].verdict);
	assert_int_equal(pkt->meta.flags & XB_PACKET_DIR_MASK, want[way].direction);
	assert_string_equal(xb_reader_iface(r, pkt->if_idx)->name, want[way].iface);
	if (way == 8)
		assert_memory_equal(pkt->comment, "way 8", 5);
	else if (way == 11)
		assert_memory_equal(pkt->comment, "fault: out-of-bounds read: ", 27);
	else
		assert_null(pkt->comment);
}

static void
test_capture(void **state)
{
	(void)state;
	shell(RUN "-w all.pcapng $B/ways.o");
	assert_int_equal(each_packet("all.pcapng", check_packet), 60);
}

static void
check_forwarded(const struct xb_reader *r, const struct xb_packet *pkt)
{
	const char *iface = xb_reader_iface(r, pkt->if_idx)->name;

	assert_true(pkt->meta.verdict >= 2 && pkt->meta.verdict <= 4);
	/* The program of that port took the frame's first byte, so the type stands one to the left.
	 */
	if (!strcmp(iface, "if4"))
		assert_true(pkt->data[11] == 0x08 || pkt->data[11] == 0x86);
	else if (strcmp(iface, "if1") != 0)
		assert_true(pkt->data[12] == 0x08 || pkt->data[12] == 0x86);
}

static void
test_emit(void **state)
{
	(void)state;
	shell(RUN "--emit forwarded -w some.pcapng $B/ways.o");
	/* 4 x PASS, TX, 4 x one copy, 2 copies; 5 rounds. */
	assert_int_equal(each_packet("some.pcapng", check_forwarded), 5 * (4 + 1 + 4 + 2));
	shell(RUN "--emit entry,exit -w both.pcapng $B/ways.o");
	assert_int_equal(each_packet("both.pcapng", NULL), 120);
	shell(RUN "--emit entry -w in.pcapng $B/ways.o");
	assert_int_equal(each_packet("in.pcapng", NULL), 60);
}

static void
test_templates(void **state)
{
	static const struct {
		const char *file;
		u32 packets;
	} rows[] = {
		{ "v-XDP_PASS", 20 },     { "v-XDP_DROP", 5 },    { "v-XDP_TX", 5 },
		{ "v-XDP_REDIRECT", 25 }, { "v-XDP_ABORTED", 5 }, { "i-if1", 35 + 5 },
		{ "i-if4", 5 },           { "i-if7", 5 },         { "i-cpu2", 5 },
		{ "i-xsk9", 5 },
	};

	(void)state;
	shell("rm -f v-* i-*");
	shell(RUN "-w v-%v $B/ways.o");
	shell(RUN "-w i-%i $B/ways.o");
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		u32 got = each_packet(rows[i].file, NULL);

		if (got != rows[i].packets)
			fail_msg("%s: %u packets, expected %u", rows[i].file, got, rows[i].packets);
	}
	shell("test $(ls -d v-* i-* | wc -l) = 10");
}

/* Two interfaces of one name share the file that %i makes. */
static void
test_same_names(void **state)
{
	const struct xb_writer_opts opts = { .format = XB_WRITER_PCAPNG, .app = "test" };
	const struct xb_writer_iface iface = { .name = "eth/0", .linktype = 1 };
	static const u8 frame[60];
	struct xb_err err = XB_ERR_INIT;
	int fd = open("names.pcapng", O_WRONLY | O_CREAT | O_TRUNC, 0666);
	struct xb_writer *w = xb_writer_open(fd, "names.pcapng", &opts, &err);

	(void)state;
	assert_non_null(w);
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(xb_writer_add_interface(w, &iface, &err), i);
	for (u32 i = 0; i < 10; i++) {
		const struct xb_out_packet packet = {
			.if_id = i % 2, .caplen = 60, .len = 60, .data = frame
		};

		assert_int_equal(xb_writer_packet(w, &packet, &err), 0);
	}
	assert_int_equal(xb_writer_close(w, &err), 0);
	shell("$X -q --faults=count -r names.pcapng -w n-%i -c 3 $B/ways.o");
	assert_int_equal(each_packet("n-eth_0", NULL), 3);
}

/* The same input gives the same output, to the byte. */
static void
test_same_twice(void **state)
{
	(void)state;
	shell(RUN "-w 1.pcapng --json - $B/ways.o | sed 's/\"seconds\":[0-9.]*//' >1.json");
	shell(RUN "-w 2.pcapng --json - $B/ways.o | sed 's/\"seconds\":[0-9.]*//' >2.json");
	shell("cmp 1.pcapng 2.pcapng && cmp 1.json 2.json");
}

/* The context that is asked for is the one the program and the line see. */
static void
test_context(void **state)
{
	(void)state;
	shell(RUN
	      "-c 1 --ctx ingress_ifindex=9,rx_queue_index=3,data_meta=01020304 --json - $B/ways.o "
	      "| grep -q "
	      "'\"ctx\":{\"ingress_ifindex\":9,\"rx_queue_index\":3,\"data_meta\":\"01020304\"}'");
}

/* Of a map's line in JSON the part that tells what was counted. */
static void
expect_counted(cJSON **lines, const char *map, const char *part)
{
	for (size_t i = 0; lines[i]; i++) {
		const char *name = cJSON_GetObjectItem(lines[i], "name")->valuestring;
		char *text = cJSON_PrintUnformatted(lines[i]);

		if (strcmp(name, map) == 0 && !strstr(text, part))
			fail_msg("map '%s': no %s in %.600s", map, part, text);
		free(text);
		if (strcmp(name, map) == 0)
			return;
	}
	fail_msg("no map '%s'", map);
}

/* Maps from before BTF count as others do, and are shown: 54 packets IPv4, 5 IPv6, 1 ARP. */
static void
test_legacy(void **state)
{
	static const char *const objs[] = { "legacy", "legacy_plain", "legacy_samples",
		                            "legacy_iproute2", "legacy_annotated" };

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(objs); i++) {
		cJSON **lines;

		setenv("O", objs[i], 1);
		shell("$X -q -r $C/demo.pcap -p packets --dump-maps=maps.json "
		      "$B/../emu/progs/$O.o");
		lines = read_lines("maps.json");
		expect_counted(lines, "kinds", "[\"0x08\",\"0x00\"],\"value\":[\"0x36\",\"0x00\"");
		expect_counted(lines, "kinds", "[\"0x86\",\"0xdd\"],\"value\":[\"0x05\",\"0x00\"");
		expect_counted(lines, "kinds", "[\"0x08\",\"0x06\"],\"value\":[\"0x01\",\"0x00\"");
		expect_counted(lines, "total", "[\"0x3c\",\"0x00\"");
		expect_counted(lines, "total", "[\"0x70\",\"0x17\",\"0x00\"");
		expect_counted(lines, "each", "[\"0xc0\",\"0x27\",\"0x09\",\"0x00\"");
		free_lines(lines);
		shell("$X inspect $B/../emu/progs/$O.o >shown");
		shell("grep -A1 '^map kinds' shown | grep -q 'hash.*key 2 bytes, value 8 bytes'");
		shell("grep -A1 '^map each' shown | grep -q 'percpu_array.*, 1 entries'");
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),    cmocka_unit_test(test_summary),
		cmocka_unit_test(test_capture),    cmocka_unit_test(test_emit),
		cmocka_unit_test(test_templates),  cmocka_unit_test(test_same_names),
		cmocka_unit_test(test_same_twice), cmocka_unit_test(test_context),
		cmocka_unit_test(test_legacy),
	};
	char tool[PATH_MAX], scratch[] = "/tmp/xdpbench-test-XXXXXX", command[64];
	int rc;

	if (argc != 4 || !realpath(argv[1], tool) || !mkdtemp(scratch) || chdir(scratch) != 0)
		return 2;
	setenv("X", tool, 1);
	setenv("B", argv[2], 1);
	setenv("C", argv[3], 1);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	return system(command) == 0 ? rc : 2;
}
