/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cli_kernel.c - what scripts rely on where the running kernel runs the packets.
 */
#include "tests/bench/cli.h"

#define KERNEL "$X -q --engine kernel "
#define K_RUN  KERNEL "-r $C/demo.pcap "

/* The same lines from both, but for what the kernel does not tell: instructions and deltas. */
#define UNTOLD "s/\"insns\":[0-9]*,//;s/\"head_delta\":[-0-9]*,\"tail_delta\":[-0-9]*,//"
#define SAME(capture, options)                                                                     \
	"$X -q -r $C/" capture " --json a.json " options                                           \
	" && $X -q --engine kernel -r $C/" capture " --json b.json " options                       \
	" && grep '\"packet\"' a.json | sed '" UNTOLD                                              \
	"' >a.txt; grep '\"packet\"' b.json >b.txt; test -s a.txt && cmp a.txt b.txt"

#define FILLED "--map blocked4=$C/../progs/firewall.json "

#define NOT_WITH(option)                                                                           \
	{                                                                                          \
		"not with the kernel: --" option, K_RUN "--" option " $P/pass.o", 2,               \
		        SAYS("--*: not with --engine kernel"), NULL                                \
	}

/* Anywhere. */
static const struct cli_row rows_anywhere[] = {
	NOT_WITH("cpus 2"),
	NOT_WITH("clock wall"),
	NOT_WITH("clock capture"),
	NOT_WITH("world $P/pass.o"),
	NOT_WITH("world-from ."),
	NOT_WITH("ctx-file $P/pass.o"),
	NOT_WITH("save-ctx d"),
	NOT_WITH("record f"),
	NOT_WITH("rxvlan-offload on"),
	NOT_WITH("headroom 128"),
	NOT_WITH("mtu 1500"),
	NOT_WITH("pin-dir ."),
	NOT_WITH("seed 2"),
	NOT_WITH("max-insns 10"),
	{ "not with the kernel: stages", K_RUN "--xdp $P/pass.o", 2,
	  SAYS("--xdp, --tc and --tc-egress: not with --engine kernel"), NULL },
	{ "not with the kernel: a map of the kernel's", K_RUN "--map a@id:1 $P/pass.o", 2,
	  SAYS("--map: a@id:1: not with --engine kernel"), NULL },
	{ "no such engine", "$X --engine kern -r $C/demo.pcap $P/pass.o", 2,
	  SAYS("--engine: 'kern': expected auto, interp or kernel"), NULL },
	{ "verify without privilege", UNPRIVILEGED "$X --verify $P/pass.o", 2,
	  SAYS("the kernel: bpf(2) is not permitted: be root, or have CAP_BPF, *"), NULL },
	{ "verify nothing", "$X --verify", 2, SAYS("--verify: no object file given"), NULL },
	{ "verify, and packets", "$X --verify -r $C/demo.pcap $P/pass.o", 2,
	  SAYS("--read: not with --verify"), NULL },
	{ "verify what is not there", "$X --verify there.is.no.o", 2,
	  SAYS("there.is.no.o: cannot be opened: *"), NULL },
	{ "no privilege", UNPRIVILEGED K_RUN "$P/pass.o", 2,
	  SAYS("the kernel: bpf(2) is not permitted: be root, or have CAP_BPF, *"), NULL },
};

/* Where bpf(2) is permitted. */
static const struct cli_row rows_permitted[] = {
	{ "summary", "$X --engine kernel -r $C/demo.pcap $P/pass.o", 0, NULL,
	  "*: xdp_pass: 60 packets*XDP_PASS * 60 *100.0%*" },
	{ "summary in JSON", K_RUN "--json - $P/pass.o | tail -n 1", 0, NULL,
	  "*\"engine\":\"kernel\",\"cpus\":1,\"verdicts\":{\"XDP_PASS\":60},\"faults\":0}\n" },
	{ "packets of XDP", SAME("demo.pcap", "$P/checksum.o"), 0, NULL, NULL },
	{ "packets that grow and shrink", SAME("demo.pcap", "$P/vlan_push.o"), 0, NULL, NULL },
	{ "metadata", SAME("demo.pcap", "$P/meta.o"), 0, NULL, NULL },
	{ "metadata that came with it", SAME("demo.pcap", "--ctx data_meta=01020304 $P/meta.o"), 0,
	  NULL, NULL },
	{ "ring buffer", SAME("demo.pcap", "$P/ringbuf.o"), 0, NULL, NULL },
	{ "perf samples", SAME("demo.pcap", "$P/perf.o"), 0, NULL, NULL },
	{ "perf samples, over and over", SAME("demo.pcap", "--repeat 200 $P/perf.o"), 0, NULL,
	  NULL },
	{ "capture with verdicts",
	  KERNEL "-r $C/demo.pcap -w a.pcapng $P/truncate.o; $X -q -r $C/demo.pcap -w b.pcapng "
	         "$P/truncate.o; test -s a.pcapng && cmp a.pcapng b.pcapng",
	  0, NULL, NULL },
	{ "packets of TC",
	  K_RUN "--trace $P/tc/marks.o >a.txt; $X -q -r $C/demo.pcap --trace $P/tc/marks.o | "
	        "sed 's/, [0-9]* instructions//' >b.txt; test -s a.txt && cmp a.txt b.txt",
	  0, NULL, NULL },
	{ "context of TC",
	  ONE "--engine kernel --ctx mark=7,cb[1]=9 --json - $P/tc/marks.o | head -1", 0, NULL,
	  "*\"mark\":7,*\"cb\":\\[0,9,0,0,0\\]*" },
	{ "packets without a link-layer header",
	  K_RUN "--json - $P/skb/count_protos.o | grep -c '\"out_len\":[0-9]*,\"data\":\"02'", 0,
	  NULL, "[1-9]*\n" },
	{ "flow dissector", K_RUN "--json - $P/skb/dissector.o | grep -c flow_keys", 0, NULL,
	  "60\n" },
	{ "too short", "$X --engine kernel -r $C/mixed.pcapng $P/pass.o", 0,
	  SAYS("*mixed.pcapng: packet 76 is not run: the kernel's test run refuses it: its 10 "
	       "bytes are less than "
	       "the 14 that it needs"),
	  "*XDP_PASS *77 *(not run) *1 *" },
	{ "no such interface",
	  "$X -c 2 --engine kernel --ctx ingress_ifindex=77 -r $C/demo.pcap "
	  "$P/pass.o",
	  0, SAYS("*demo.pcap: packet 1 is not run: *: --ctx: there is no such interface (ENODEV)"),
	  "*(not run) *2 *" },
	{ "a field that it does not take", K_RUN "--ctx egress_ifindex=3 $P/pass.o", 2,
	  SAYS("--ctx: egress_ifindex: the kernel's test run does not take this field"), NULL },
	{ "a field of TC that it does not take", K_RUN "--ctx hash=3 $P/tc/marks.o", 2,
	  SAYS("--ctx: hash: the kernel's test run does not take this field"), NULL },
	{ "variables are set",
	  ONE "--engine kernel --trace --map '.rodata[0]={verdict=5}' -p tc_returns $B/ways_tc.o",
	  0, NULL, "1: TC_ACT_QUEUED,*" },
	{ "maps are filled, and read",
	  K_RUN FILLED
	  "--dump-maps=a.json $P/firewall.o && $X -q -r $C/demo.pcap " FILLED
	  "--dump-maps=b.json $P/firewall.o && grep blocked4 a.json >a.txt && grep blocked4 "
	  "b.json >b.txt && cmp a.txt b.txt && grep -c '\"0xc6\"' a.txt",
	  0, NULL, "1\n" },
	{ "variables come back",
	  K_RUN "--dump-maps=a.json $P/globals.o && $X -q -r $C/demo.pcap --dump-maps=b.json "
	        "$P/globals.o; test -s a.json && cmp a.json b.json",
	  0, NULL, NULL },
	{ "refused by the verifier", K_RUN "$P/bad/null_value.o", 3,
	  SAYS("*null_value.o: prog 'xdp_null_value': the kernel's verifier refuses it: R0 invalid "
	       "mem access 'map_value_or_null', at insn *(null_value.bpf.c:*)"),
	  NULL },
	{ "accepted", "$X --verify $P/firewall.o", 0, NULL,
	  "*firewall.o: xdp_firewall (xdp): accepted\n*    processed * insns *" },
	{ "accepted, by inspect", "$X inspect --verify $P/multi.o | grep -c 'accepted$'", 0, NULL,
	  "3\n" },
	{ "one of them", "$X --verify -q -p xdp_second $P/multi.o", 0, NULL,
	  "*multi.o: xdp_second (xdp): accepted\n" },
	{ "no such one", "$X --verify -p none $P/multi.o", 2,
	  SAYS("*no program 'none'; there are *"), NULL },
	{ "accepted, in all detail", "$X --verify -v $P/pass.o", 0, NULL,
	  "*: accepted\n*: (b4) w0 = 2 *(95) exit\n*processed 2 insns*" },
	{ "accepted, in JSON", "$X inspect --verify --json $P/pass.o", 0, NULL,
	  "{\"object\":\"*pass.o\",\"programs\":\\[{\"name\":\"xdp_pass\",\"section\":\"xdp\","
	  "\"type\":\"xdp\",\"verdict\":\"accepted\",\"log\":\"*processed 2 insns*\"}]}\n" },
	{ "refused", "$X --verify $P/bad/past_value.o", 1, NULL,
	  "*past_value.o: xdp_past_value (xdp): refused: R1 min value is outside of the allowed "
	  "memory range, at insn 10: *(past_value.bpf.c:*)\n*    processed * insns *" },
	{ "refused, in JSON", "$X inspect --verify --json $P/bad/past_value.o", 1, NULL,
	  "*\"verdict\":\"refused\",\"error\":\"R1 min value *\",\"log\":\"*\"}]}\n" },
	{ "no object", "$X --verify $C/demo.pcap", 3, SAYS("*demo.pcap: *"), NULL },
};

int
main(int argc, char **argv)
{
	const struct cli_kernel_rows rows = {
		.anywhere = rows_anywhere,
		.anywhere_cnt = XB_ARRAY_SIZE(rows_anywhere),
		.permitted = rows_permitted,
		.permitted_cnt = XB_ARRAY_SIZE(rows_permitted),
	};

	return cli_kernel_main(argc, argv, &rows);
}
