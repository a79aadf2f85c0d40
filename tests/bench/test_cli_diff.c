/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cli_diff.c - what `xdpbench diff` says where the emulator and the kernel differ. differs.o
 * sees to that: it asks for a symbol of the kernel, of which the emulator has none.
 */
#include "tests/bench/cli.h"

#include <stdio.h>
#include <string.h>

#define DIFF      "$X diff --no-progress -r $C/demo.pcap "
#define XDP(what) DIFF "-p xdp_differs --map '.rodata[0]={what=" what "}' "
#define TC(what)  DIFF "-p tc_differs --map '.rodata[0]={what=" what "}' "
#define HEAD(how)                                                                                  \
	"*differs.o: xdp_differs: 60 packets and 13 elements of maps compared with the "           \
	"kernel: " how "\n"
/* A kind that differs in all packets, and what is said about the first. */
#define DIFFERS(kind, first)                                                                       \
	HEAD("they differ")                                                                        \
	"\n *packets\n  " kind " *60\n\nfirst difference: packet 1, 42 bytes\n" first
#define PARTS(line, how)                                                                           \
	"  the ways part at a branch: the other way the emulator comes to the kernel's result\n"   \
	"    *differs.bpf.c:* in *, insn *: if r* goto pc*, " how "\n"                             \
	"      *" line "\n"

static const struct cli_row rows_anywhere[] = {
	{ "help", "$X diff --help", 0, NULL, "usage: xdpbench diff -r FILE *" },
	{ "no capture", "$X diff $P/pass.o", 2, SAYS("no capture to read: name one with -r FILE"),
	  NULL },
	{ "no object", "$X diff -r $C/demo.pcap", 2,
	  SAYS("no object file given; see xdpbench --help"), NULL },
	{ "an option of run's", DIFF "--cpus 2 $P/pass.o", 2, SAYS("--cpus: no such option*"),
	  NULL },
	{ "a clock of its own", DIFF "--clock wall $P/pass.o", 2, SAYS("--clock: no such option*"),
	  NULL },
	{ "a map of the kernel's", DIFF "--map a@id:1 $P/pass.o", 2,
	  SAYS("--map: a@id:1: not with diff"), NULL },
	{ "no privilege", UNPRIVILEGED DIFF "$P/pass.o", 2,
	  SAYS("the kernel: bpf(2) is not permitted: be root, or have CAP_BPF, *"), NULL },
};

static const struct cli_row rows_permitted[] = {
	{ "alike", DIFF "$P/firewall.o", 0, NULL,
	  "*firewall.o: xdp_firewall: 60 packets and * elements of maps compared with the kernel: "
	  "no difference\n" },
	{ "alike, quietly", DIFF "-q $P/firewall.o", 0, NULL, NULL },
	{ "alike, in JSON", DIFF "-q --json - $P/firewall.o", 0, NULL,
	  "{\"type\":\"diff\",\"packets\":60,\"compared\":60,\"alike\":60,\"refused\":0,"
	  "\"elements\":*,\"differences\":{}}\n" },
	{ "alike, of what is turned on", XDP("0") "$B/differs.o", 0, NULL, HEAD("no difference") },
	{ "refused by both", "$X diff -r $C/mixed.pcapng $P/pass.o", 0,
	  SAYS("*mixed.pcapng: packet 76 is not run: the kernel's test run refuses it: its 10 "
	       "bytes are less than "
	       "the 14 that it needs"),
	  "*pass.o: xdp_pass: 77 packets *no difference\n  1 packets are refused by the test runs "
	  "of "
	  "both\n" },
	{ "with a context", DIFF "--ctx mark=7,cb[1]=9 $P/tc/marks.o", 0, NULL, "*no difference*" },
	{ "some of the packets", DIFF "-c 5 --skip 10 -f ip $P/pass.o", 0, NULL,
	  "*: 5 packets *no difference*" },
	{ "over and over", DIFF "--repeat 20 $P/percpu.o", 0, NULL,
	  "*: 1200 packets *no difference*" },

	{ "verdict", XDP("1") "$B/differs.o", 1, NULL,
	  DIFFERS("verdict",
	          "  verdict          emulator XDP_PASS (2), kernel XDP_DROP (1)\n" PARTS(
	                  "return here(VERDICT) ? XDP_DROP : XDP_PASS;", "not taken")) },
	{ "verdict of TC", TC("1") "$B/differs.o", 1, NULL,
	  "*verdict          emulator TC_ACT_OK (0), kernel TC_ACT_SHOT (2)\n*" },
	{ "bytes", XDP("2") "$B/differs.o", 1, NULL,
	  DIFFERS("bytes",
	          "  bytes            emulator 42, kernel 42; they differ from byte 33 on\n"
	          "    emulator  0020  00 00 00 00 00 00 c0 00 02 0a\n"
	          "    kernel    0020  00 ee 00 00 00 00 c0 00 02 0a\n"
	          "                       ^^\n" PARTS("if (here(BYTES))", "taken")) },
	{ "length", XDP("4") "$B/differs.o", 1, NULL,
	  "*  bytes *60\n  context *60\n*"
	  "bytes            emulator 42, kernel 38; they differ from byte 38 on\n*"
	  "linear bytes     emulator 42 (0x2a), kernel 38 (0x26)\n" PARTS("if (here(LENGTH))",
	                                                                  "taken") },
	{ "metadata", XDP("8") "$B/differs.o", 1, NULL,
	  "*metadata bytes   emulator 0 (0x0), kernel 4 (0x4)\n" PARTS("if (here(METADATA))",
	                                                               "taken") },
	{ "a field of the context", TC("256") "$B/differs.o", 1, NULL,
	  "*  context *60\n*  mark             emulator 0 (0x0), kernel 7 (0x7)\n" PARTS(
	          "if (here(MARK))", "taken") },
	{ "record", XDP("16") "$B/differs.o", 1, NULL,
	  DIFFERS("events",
	          "  events           record 1 of map 'records': emulator 4 bytes, kernel 4 bytes\n"
	          "    emulator  0000  05 03 02 01\n"
	          "    kernel    0000  04 03 02 01\n"
	          "                    ^^\n" PARTS("number = here(RECORD) *", "not taken")) },
	{ "no record", XDP("32") "$B/differs.o", 1, NULL,
	  DIFFERS("events",
	          "  events           record 1 of map 'records': the emulator puts it out, "
	          "the kernel does not\n" PARTS("if (!here(NO_RECORD)) {", "not taken")) },
	{ "records are not read", XDP("32") "--no-events $B/differs.o", 0, NULL,
	  HEAD("no difference") },
	{ "value", XDP("64") "$B/differs.o", 1, NULL,
	  HEAD("they differ") "\n*  maps *1 elements\n\n"
	                      "first difference of maps: map 'counts', key 01 00 00 00\n"
	                      "    emulator  {\"packets\":60,\"bytes\":3809}\n"
	                      "    kernel    {\"packets\":60,\"bytes\":60}\n"
	                      "    emulator  0000  3c 00 00 00 e1 0e 00 00\n"
	                      "    kernel    0000  3c 00 00 00 3c 00 00 00\n"
	                      "                                ^^ ^^\n" },
	{ "element", XDP("128") "$B/differs.o", 1, NULL,
	  "*  maps *2 elements\n\nfirst difference of maps: map 'seen', key 01 00 00 00\n"
	  "  the emulator has this element, the kernel has not\n    emulator  1\n" },
	{ "queue", XDP("512") "$B/differs.o", 1, NULL, "*  maps *9 elements\n*" },
	{ "in JSON",
	  XDP("65") "-q --json j.json $B/differs.o >/dev/null; head -n 1 j.json; tail -n 2 j.json",
	  0, NULL,
	  "{\"type\":\"difference\",\"n\":1,\"kind\":\"verdict\",\"emulator\":2,\"kernel\":1}\n"
	  "{\"type\":\"difference\",\"kind\":\"map\",\"map\":\"counts\",\"key\":\"01000000\",*}\n"
	  "{\"type\":\"diff\",*\"alike\":0,*\"differences\":{\"verdict\":60,\"map "
	  "element\":1}}\n" },

	{ "random numbers", XDP("1024") "$B/differs.o", 0, NULL,
	  HEAD("no difference") "\n  not comparable: bpf_get_prandom_u32 (random numbers)\n"
	                        "  verdict *differ, and may do so for that\n" },
	{ "random numbers that are not drawn hide nothing", XDP("1") "$B/differs.o", 1, NULL,
	  "*they differ*" },
	{ "clocks", DIFF "$P/clocks.o", 0, NULL,
	  "*no difference\n\n  not comparable: bpf_ktime_get_ns (clock), *bpf_jiffies64 (clock)\n"
	  "  map element *1 differ, and may do so for that\n" },
	{ "clocks hide nothing else",
	  DIFF "--map '.rodata[0]={what=2048}' -p xdp_differs $B/differs.o", 1, NULL,
	  "*  maps *1 elements\n\n  not comparable: *bpf_ktime_get_ns (clock)*\n*"
	  "first difference of maps: map 'times', key 00 00 00 00\n*"
	  "    emulator  {\"now\":*,\"packets\":60}\n    kernel    "
	  "{\"now\":*,\"packets\":120}\n*" },
	{ "sockets are not compared", DIFF "$P/xsk.o", 0, NULL,
	  "*no difference\n  not compared: map '*', xskmap: sockets\n" },
	{ "refused by the verifier", DIFF "$P/bad/null_value.o", 3,
	  SAYS("*: prog 'xdp_null_value': the kernel's verifier refuses it: *"), NULL },
};

/* What differs.o asks for; kernel.kptr_restrict may hide it. */
static bool
symbols_are_seen(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long addr = 0;
	char line[512], name[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %*c %255s", &addr, name) == 2 &&
		    strcmp(name, "bpf_prog_put") == 0)
			break;
		addr = 0;
	}
	if (f)
		fclose(f);
	return addr != 0;
}

int
main(int argc, char **argv)
{
	struct cli_kernel_rows rows = {
		.anywhere = rows_anywhere,
		.anywhere_cnt = XB_ARRAY_SIZE(rows_anywhere),
		.permitted = rows_permitted,
		.permitted_cnt = XB_ARRAY_SIZE(rows_permitted),
	};

	if (!symbols_are_seen()) {
		printf("skipped: /proc/kallsyms does not tell the kernel's symbols\n");
		rows.permitted_cnt = 0;
	}
	return cli_kernel_main(argc, argv, &rows);
}
