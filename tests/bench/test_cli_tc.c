/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cli_tc.c - what scripts rely on where TC programs are run: verdicts, and the ways of packets
 * through several programs.
 */
#include "tests/bench/cli.h"

#define VERDICT(mode, value, verdict, on)                                                          \
	{                                                                                          \
		mode ", " value,                                                                   \
		        ONE                                                                        \
		        "--emit forwarded -w f.pcapng --json f.json --tc-mode " mode               \
		        " " SET("verdict=" value) "-p tc_returns $B/ways_tc.o; "                   \
		                                  "grep -o '\"verdict\":\"[A-Z_]*\",\"retval\":"   \
		                                  "[0-9]*' f.json; $X -q --trace -r f.pcapng "     \
		                                  "$P/pass.o | wc -l",                             \
		        0, NULL, "\"verdict\":\"" verdict "\",\"retval\":" value "\n" #on "\n"     \
	}
#define MODE_OF(prog)                                                                              \
	LINE SET("verdict=3") "-p " prog                                                           \
	                      " $B/ways_tc.o | grep -o '\"verdict\":\"[A-Z_]*' | cut -c "          \
	                      "12-"
#define WAY(n) "--xdp $B/ways.o --map '.rodata[0]={only=" n "}' "
/* The tags that the program sees in mixed.pcapng, each once. */
#define TAGS(offload)                                                                              \
	"$X -q --trace -r $C/mixed.pcapng --rxvlan-offload " offload                               \
	" -p tc_shows $B/ways_tc.o | grep -o 'vlan .*' | sort -u"

#define WRONG(what, filter)                                                                        \
	"$X -r $C/demo.pcap --map '.rodata[0]={what=" what "}' -f 'ip and " filter "' $B/wrong.o"
#define LINTS(first, words, packets)                                                               \
	SAYS("*demo.pcap: packet " first ": right before the program, wrong after it: " words),    \
	        "*right before the program, wrong after it: " packets " packets\n *" packets       \
	        " x " words "\n"
/* One packet whose TCP checksum is the pseudo-header's sum alone. */
#define PARTIAL(what, options)                                                                     \
	"printf "                                                                                  \
	"'\\324\\303\\262\\241\\2\\0\\4\\0\\0\\0\\0\\0\\0\\0\\0\\0\\377\\377\\0\\0\\1\\0\\0\\0"    \
	"\\0\\0\\0\\0\\0\\0\\0\\0\\66\\0\\0\\0\\66\\0\\0\\0"                                       \
	"\\2\\0\\0\\0\\0\\2\\2\\0\\0\\0\\0\\1\\10\\0"                                              \
	"\\105\\0\\0\\50\\0\\0\\0\\0\\100\\6\\146\\316\\12\\0\\0\\1\\12\\0\\0\\2"                  \
	"\\0\\1\\0\\2\\0\\0\\0\\0\\0\\0\\0\\0\\120\\2\\0\\0\\24\\35\\0\\0' >p.pcap; "              \
	"$X -r p.pcap " options " --map '.rodata[0]={what=" what "}' $B/wrong.o"

static const struct cli_row rows[] = {
	/* Verdicts: what each value is called in each mode, and how many packets go on. */
	VERDICT("direct-action", "4294967295", "TC_ACT_UNSPEC", 1),
	VERDICT("direct-action", "0", "TC_ACT_OK", 1),
	VERDICT("direct-action", "1", "TC_ACT_RECLASSIFY", 1),
	VERDICT("direct-action", "2", "TC_ACT_SHOT", 0),
	VERDICT("direct-action", "3", "TC_ACT_PIPE", 1),
	VERDICT("direct-action", "4", "TC_ACT_STOLEN", 0),
	VERDICT("direct-action", "5", "TC_ACT_QUEUED", 1),
	VERDICT("direct-action", "6", "TC_ACT_REPEAT", 1),
	VERDICT("direct-action", "7", "TC_ACT_REDIRECT", 0),
	VERDICT("direct-action", "8", "TC_ACT_TRAP", 0),
	VERDICT("direct-action", "9", "INVALID", 1),
	VERDICT("direct-action", "65552", "INVALID", 1),
	VERDICT("classifier", "4294967295", "TC_ACT_OK", 1),
	VERDICT("classifier", "0", "TC_ACT_UNSPEC", 1),
	VERDICT("classifier", "2", "TC_ACT_OK", 1),
	VERDICT("classifier", "65552", "TC_ACT_OK", 1),
	VERDICT("action", "4294967295", "TC_ACT_UNSPEC", 1),
	VERDICT("action", "0", "TC_ACT_OK", 1),
	VERDICT("action", "1", "TC_ACT_RECLASSIFY", 1),
	VERDICT("action", "2", "TC_ACT_SHOT", 0),
	VERDICT("action", "3", "TC_ACT_PIPE", 1),
	VERDICT("action", "4", "TC_ACT_STOLEN", 1),
	VERDICT("action", "5", "TC_ACT_QUEUED", 1),
	VERDICT("action", "6", "TC_ACT_REPEAT", 1),
	VERDICT("action", "7", "TC_ACT_REDIRECT", 0),
	VERDICT("action", "8", "TC_ACT_TRAP", 1),
	VERDICT("action", "9", "INVALID", 1),
	VERDICT("tcx", "4294967295", "TCX_NEXT", 1),
	VERDICT("tcx", "0", "TC_ACT_OK", 1),
	VERDICT("tcx", "1", "INVALID", 1),
	VERDICT("tcx", "2", "TC_ACT_SHOT", 0),
	VERDICT("tcx", "3", "INVALID", 1),
	VERDICT("tcx", "4", "INVALID", 1),
	VERDICT("tcx", "7", "TC_ACT_REDIRECT", 0),
	VERDICT("tcx", "8", "INVALID", 1),
	VERDICT("netkit", "4294967295", "TCX_NEXT", 1),
	VERDICT("netkit", "0", "TC_ACT_OK", 1),
	VERDICT("netkit", "2", "TC_ACT_SHOT", 0),
	VERDICT("netkit", "3", "INVALID", 0),
	VERDICT("netkit", "7", "TC_ACT_REDIRECT", 0),
	{ "no such mode", "$X --tc-mode x", 2,
	  SAYS("--tc-mode: 'x': expected direct-action, classifier, action, tcx or netkit"), NULL },
	{ "mode without TC", RUN "--tc-mode tcx $P/pass.o", 2,
	  SAYS("--tc-mode: there is no TC program"), NULL },
	{ "mode of the section: tc", MODE_OF("tc_returns"), 0, NULL, "TC_ACT_PIPE\n" },
	{ "mode of the section: classifier", MODE_OF("cls_returns"), 0, NULL, "TC_ACT_PIPE\n" },
	{ "mode of the section: action", MODE_OF("act_returns"), 0, NULL, "TC_ACT_PIPE\n" },
	{ "mode of the section: tcx/ingress", MODE_OF("tcx_in_returns"), 0, NULL, "INVALID\n" },
	{ "mode of the section: tcx/egress", MODE_OF("tcx_out_returns"), 0, NULL, "INVALID\n" },
	{ "mode of the section: netkit/primary", MODE_OF("netkit_returns"), 0, NULL, "INVALID\n" },
	{ "mode of the section: netkit/peer", MODE_OF("netkit_peer_returns"), 0, NULL,
	  "INVALID\n" },
	{ "mode of --type tc", MODE_OF("any_returns --type tc"), 0, NULL, "TC_ACT_PIPE\n" },
	{ "mode of --type tcx", MODE_OF("any_returns --type tcx"), 0, NULL, "INVALID\n" },
	{ "mode of --type tcx for a tc section", MODE_OF("tc_returns --type tcx"), 0, NULL,
	  "INVALID\n" },
	{ "type of nobody", RUN "--type tcc $P/pass.o", 2,
	  SAYS("--type: 'tcc': expected xdp, tc or tcx"), NULL },
	{ "class", LINE "--tc-mode classifier " SET("verdict=65552") "-p tc_returns $B/ways_tc.o",
	  0, NULL, "*\"retval\":65552,\"classid\":\"1:10\",*" },
	{ "default class",
	  LINE "--tc-mode classifier " SET("verdict=4294967295") "-p tc_returns $B/ways_tc.o", 0,
	  NULL, "*\"classid\":\"default\",*" },
	{ "no class", LINE "--tc-mode classifier -p tc_returns $B/ways_tc.o", 0, NULL,
	  "*\"retval\":0,\"out_len\":*" },
	{ "no action", "$X -r $C/demo.pcap " SET("verdict=9") "-p tc_returns $B/ways_tc.o", 0,
	  SAYS("*demo.pcap: packet 1: the program returned 9, which is no TC action; passed on"),
	  "*INVALID * 60 *" },
	{ "no action, dropped",
	  "$X -r $C/demo.pcap " SET("verdict=9") "-p netkit_returns $B/ways_tc.o", 0,
	  SAYS("*packet 1: the program returned 9, which is no TC action; dropped"), "*" },
	{ "a class where an action is expected",
	  "$X -r $C/demo.pcap " SET("verdict=65552") "-p tc_returns $B/ways_tc.o", 0,
	  SAYS("*packet 1: the program returned 65552, which is no TC action; passed on; if it is "
	       "a "
	       "class, say --tc-mode classifier"),
	  "*" },
	{ "an action of other programs",
	  "$X -r $C/demo.pcap " SET("verdict=4") "-p act_returns $B/ways_tc.o", 0,
	  SAYS("*packet 1: the program returned TC_ACT_STOLEN, which with --tc-mode action is no "
	       "action; passed on"),
	  "*TC_ACT_STOLEN * 60 *" },

	/* Redirects: the line in JSON, and the packet's interface and verdict in the capture. */
	{ "redirect, egress",
	  LINE "-w o.%i.%v -p tc_redirect $B/ways_tc.o | grep -v '\"map\"' && ls o.*", 0, NULL,
	  "*\"verdict\":\"TC_ACT_REDIRECT\",\"retval\":7,*\"redirect\":{\"kind\":\"ifindex\","
	  "\"ifindex\":7,\"ingress\":false,\"flags\":0},*\"redirects\":[[]{\"ifindex\":7,"
	  "\"packets\":1,\"bytes\":42}]*\no.if7.TC_ACT_REDIRECT\n" },
	{ "redirect, ingress",
	  "rm o.*; " LINE "-w o.%i.%v " SET("flags=1") "-p tc_redirect $B/ways_tc.o && ls o.*", 0,
	  NULL,
	  "*\"redirect\":{\"kind\":\"ifindex\",\"ifindex\":7,\"ingress\":true,\"flags\":1},*"
	  "\"redirects\":[[]{\"ingress_ifindex\":7,\"packets\":1,*\no.if7.TC_ACT_REDIRECT\n" },
	{ "redirect, back out",
	  "rm o.*; " LINE "-w o.%i.%v " SET("ifindex=1") "-p tc_redirect $B/ways_tc.o && ls o.*", 0,
	  NULL, "*\"redirects\":[[]{\"ifindex\":1,\"packets\":1,*\no.if1.TC_ACT_REDIRECT\n" },
	{ "redirect, peer",
	  "rm o.*; " LINE "-w o.%i.%v --tc $B/ways_tc.o:tc_redirect_peer && ls o.*", 0, NULL,
	  "*\"redirect\":{\"kind\":\"peer\",\"ifindex\":7,\"ingress\":true,\"flags\":0},*"
	  "\"redirects\":[[]{\"peer_of_ifindex\":7,*\no.peer7.TC_ACT_REDIRECT\n" },
	{ "redirect, neighbour", LINE "-p tc_redirect_neigh $B/ways_tc.o --skip 1", 0, NULL,
	  "*\"redirect\":{\"kind\":\"neigh\",\"ifindex\":7,\"ingress\":false,\"flags\":0},*" },
	{ "redirect, this neighbour",
	  LINE SET("flags=1") "-p tc_redirect_neigh $B/ways_tc.o --skip 1", 0, NULL,
	  "*\"kind\":\"neigh\",\"ifindex\":7,\"ingress\":false,\"nexthop\":\"10.0.0.1\",*" },
	{ "redirect, nowhere",
	  "$X -c 1 --emit forwarded -w n.pcapng -r $C/demo.pcap -p tc_redirect_nowhere "
	  "$B/ways_tc.o "
	  "&& $X -r n.pcapng $P/pass.o",
	  0, NULL, "*TC_ACT_REDIRECT * 1 *(nowhere: dropped) * 1\n*: 0 packets*" },
	{ "redirect with flags of nobody", LINE SET("flags=2") "-p tc_redirect $B/ways_tc.o", 0,
	  NULL, "*\"verdict\":\"TC_ACT_SHOT\",\"retval\":2,*" },

	/* Clones. */
	{ "clone", LINE "-p tc_clone $B/ways_tc.o", 0, NULL,
	  "*\"out_len\":38,*\"clones\":[[]{\"ifindex\":7,\"len\":42}]}*\"clones\":1,*" },
	{ "clone's bytes", ONE "--json - -p tc_clone $B/ways_tc.o", 0, NULL,
	  "*\"clones\":[[]{\"ifindex\":7,\"len\":42,\"data\":\"ffffffffffff*c000020a\"}]}*" },
	{ "clone to the receiving side", LINE SET("flags=1") "-p tc_clone $B/ways_tc.o", 0, NULL,
	  "*\"clones\":[[]{\"ingress_ifindex\":7,\"len\":42}]}*" },
	{ "clone as text", "$X -c 2 --no-lint --trace -r $C/demo.pcap -p tc_clone $B/ways_tc.o", 0,
	  NULL,
	  "1: TC_ACT_OK, 38 bytes, * instructions, clone to ifindex 7\n*ifindex 7 * 2 * 129\n*"
	  "2 clones were sent off, counted with the targets above\n*" },
	{ "clone in the capture",
	  "rm o.*; " ONE "-w o.%i.%v -p tc_clone $B/ways_tc.o && ls o.*; " ONE
	  "-w c.pcapng -p tc_clone $B/ways_tc.o && $X -q --trace -r c.pcapng $P/pass.o",
	  0, NULL, "o.if1.TC_ACT_OK\no.if7.clone\n1: XDP_PASS, 42 bytes,*2: XDP_PASS, 38 bytes,*" },
	{ "clone without the packet",
	  ONE "--emit forwarded -w c.pcapng " SET("verdict=2") "-p tc_clone $B/ways_tc.o && $X -q "
	                                                       "--trace -r c.pcapng $P/pass.o",
	  0, NULL, "1: XDP_PASS, 42 bytes, 2 instructions\n" },
	{ "clone with a tag", ONE "--json - -p tc_span $P/tc/span.o", 0, NULL,
	  "*\"out_len\":42,*\"clones\":[[]{\"ifindex\":1,\"len\":46,\"data\":"
	  "\"ffffffffffff02000000000181000063*" },

	/* Tags beside the packet. */
	{ "tags in the packet", TAGS("off"), 0, NULL, "vlan 0 tci 0 proto 0\n" },
	{ "tags beside it", TAGS("on"), 0, NULL,
	  "vlan 0 tci 0 proto 0\nvlan 1 tci 0 proto 81\nvlan 1 tci 1 proto 81\n"
	  "vlan 1 tci 100 proto a888\nvlan 1 tci 5 proto 81\nvlan 1 tci 57349 proto 81\n" },
	{ "tags are back in the output",
	  "for o in on off; do $X -q -r $C/mixed.pcapng --rxvlan-offload $o -F pcap -w $o.pcap -p "
	  "tc_returns $B/ways_tc.o; done; cmp on.pcap off.pcap; "
	  "$X -q -r $C/mixed.pcapng -F pcap -w x.pcap $P/pass.o; cmp on.pcap x.pcap",
	  0, NULL, NULL },
	{ "tags taken off before XDP",
	  "$X -q -r $C/mixed.pcapng --rxvlan-offload on -F pcap -w on.pcap --xdp $P/meta.o --tc "
	  "$B/ways_tc.o:tc_shows --trace | grep -c 'vlan 1'; cmp on.pcap off.pcap",
	  0, NULL, "5\n" },
	{ "tags taken off before egress",
	  "$X -q -r $C/mixed.pcapng --rxvlan-offload on -F pcap -w on.pcap --tc-egress "
	  "$B/ways_tc.o:tc_shows --trace | grep -c 'vlan 1'; cmp on.pcap off.pcap",
	  0, NULL, "5\n" },
	{ "no tags for XDP alone", RUN "--rxvlan-offload on $P/pass.o", 2,
	  SAYS("--rxvlan-offload: there is no TC program to find the tag"), NULL },
	{ "neither on nor off", RUN "--rxvlan-offload yes $P/pass.o", 2,
	  SAYS("--rxvlan-offload: 'yes': expected on or off"), NULL },

	/* Checksums and lengths: what, packets, the first of them, words. */
	{ "lint: IP length", WRONG("1", "udp"), 0, LINTS("2", "IP length", "7") },
	{ "lint: UDP length", WRONG("2", "udp"), 0, LINTS("2", "UDP length", "6") },
	{ "lint: IPv4 header checksum", WRONG("3", "udp"), 0,
	  LINTS("2", "IPv4 header checksum", "7") },
	{ "lint: UDP checksum", WRONG("4", "udp"), 0, LINTS("2", "UDP checksum", "6") },
	{ "lint: TCP checksum", WRONG("4", "tcp"), 0, LINTS("3", "TCP checksum", "*") },
	{ "lint: ICMP checksum", WRONG("5", "icmp"), 0, LINTS("*", "ICMP checksum", "3") },
	{ "lint: address", WRONG("6", "tcp"), 0, LINTS("3", "TCP checksum", "*") },
	{ "lint: nothing wrong", WRONG("7", "tcp") " | grep -c 'wrong after'", 1, NULL, "0\n" },
	{ "lint: nothing changed", WRONG("0", "ip") " | grep -c 'wrong after'", 1, NULL, "0\n" },
	{ "lint: as JSON", WRONG("4", "udp") " -q --json - --no-data | grep '\"lint\"'", 0, NULL,
	  "*\"n\":2,*\"lint\":[[]\"udp_checksum\"]}*{\"type\":\"summary\",*\"lint\":{\"packets\":"
	  "6,\"udp_checksum\":6},*" },
	{ "lint: in the capture",
	  WRONG("2", "udp") " -q -w l.pcapng; grep -ac 'right before the program, wrong after it: "
	                    "UDP length' l.pcapng",
	  0, NULL, "*" },
	{ "lint: of XDP", "$X -r $C/demo.pcap $P/truncate.o", 0,
	  SAYS("*packet 2: right before the program, wrong after it: IP length"), "*" },
	{ "lint: quiet", WRONG("4", "udp") " -q", 0, NULL, NULL },
	{ "lint: left out", WRONG("4", "udp") " --no-lint | grep -c 'wrong after'", 1, NULL,
	  "0\n" },
	{ "lint: strict", WRONG("4", "udp") " --strict -q", 1,
	  SAYS("*wrong.o: 6 packets with a checksum or length that was right before the program, "
	       "and wrong after it"),
	  NULL },
	{ "lint: strict, nothing wrong", WRONG("7", "tcp") " --strict -q", 0, NULL, NULL },
	{ "lint: strict, and a fault", RUN "--strict -p tc_faults $B/ways_tc.o", 4,
	  SAYS("*60 faults*"), NULL },
	{ "lint: strict, and left out", RUN "--strict --no-lint $P/pass.o", 2,
	  SAYS("--strict: is about the checks that --no-lint leaves out"), NULL },
	{ "lint: not of what is dropped",
	  "$X -r $C/demo.pcap " SET("verdict=2") "-p tc_clone $B/ways_tc.o | grep -c 'wrong after'",
	  1, NULL, "0\n" },
	{ "lint: an address under a partial checksum",
	  PARTIAL("6", "--ctx ip_summed=partial,csum_start=34,csum_offset=16"), 0,
	  SAYS("p.pcap: packet 1: right before the program, wrong after it: TCP checksum"), "*" },
	{ "lint: a port under it",
	  PARTIAL("4", "--ctx ip_summed=partial,csum_start=34,csum_offset=16"), 0, NULL, "*" },
	{ "lint: it follows the address",
	  PARTIAL("7", "--ctx ip_summed=partial,csum_start=34,csum_offset=16"), 0, NULL, "*" },
	{ "lint: it was wrong where nobody says that it is partial", PARTIAL("6", ""), 0, NULL,
	  "*" },
	{ "lint: the programs that are right",
	  "for o in $P/tc/*.o; do case $o in */csum.o|*/snap.o) continue;; esac; for c in "
	  "demo.pcap mixed.pcapng overlay.pcapng; do for p in $($X inspect $o | sed -n 's/^program "
	  "//p'); do $X -q --strict -r $C/$c -p $p $o || echo $o $p $c; done; done; done",
	  0, NULL, NULL },

	/* Short packets, faults, long packets. */
	{ "short packets",
	  "$X -q -r $C/mixed.pcapng --json - --no-data -p tc_returns $B/ways_tc.o | grep "
	  "'\"short\"' | "
	  "grep -o '\"caplen\":[0-9]*'; $X -q -r $C/mixed.pcapng --json - $P/pass.o | grep -c "
	  "'\"short\"'",
	  1, NULL, "\"caplen\":10\n0\n" },
	{ "fault", "$X -r $C/demo.pcap -p tc_faults $B/ways_tc.o", 4,
	  SAYS("*ways_tc.o: 60 faults, the first in packet 1: out-of-bounds read: *, at "
	       "*ways_tc.bpf.c:* in tc_faults, insn *"),
	  "*TC_ACT_SHOT * 60 *faults: 60\n*60 x out-of-bounds read: *at *ways_tc.bpf.c:*" },
	{ "fault: the packet as it came",
	  LINE "--faults=count -w f.pcapng -p tc_faults $B/ways_tc.o; " ONE
	       "-F pcap -w f.pcap --faults=count -p tc_faults $B/ways_tc.o; " ONE
	       "-F pcap -w g.pcap $P/pass.o; cmp f.pcap g.pcap",
	  0, NULL,
	  "*\"verdict\":\"TC_ACT_SHOT\",\"retval\":2,\"out_len\":42,\"head_delta\":0,"
	  "\"tail_delta\":0,\"changed\":false,*\"mark\":0,*\"fault\":{\"kind\":"
	  "\"out-of-bounds read\",*\"func\":\"tc_faults\",\"file\":\"*ways_tc.bpf.c\",*" },
	{ "a fault behind another object",
	  "$X -q -r $C/demo.pcap --xdp $P/pass.o --tc $B/ways_tc.o:tc_faults", 4,
	  SAYS("*ways_tc.o: 60 faults, the first in packet 1: *"), NULL },
	{ "long packets lie in pieces",
	  "$X -q --trace -r $C/mixed.pcapng --mtu 1000 -f 'greater 3520 and less 3520' -p tc_pulls "
	  "$B/ways_tc.o | grep len",
	  0, NULL, "    len 3520 linear 1018 pulled 3520\n" },
	{ "short ones do not",
	  "$X -q --trace -r $C/demo.pcap -c 1 --mtu 1000 -p tc_pulls $B/ways_tc.o | grep len", 0,
	  NULL, "    len 42 linear 42 pulled 42\n" },
	{ "in pieces behind XDP",
	  "$X -q --trace -r $C/mixed.pcapng --mtu 1000 -f 'greater 3520 and less 3520' --xdp "
	  "$P/frags.o --tc $B/ways_tc.o:tc_pulls | grep len",
	  0, NULL, "    len 3520 linear 1018 pulled 3520\n" },

	/* Stages. */
	{ "XDP, then TC", TRACE "--xdp $P/pass.o --tc $B/ways_tc.o:tc_shows", 0, NULL,
	  "1: xdp XDP_PASS tc TC_ACT_OK, 42 bytes, *queue 1 *ingress_ifindex 1 ifindex 1\n*"
	  "wire_len 28\n*" },
	{ "XDP drops", TRACE "--xdp $P/drop.o --tc $B/ways_tc.o:tc_shows", 0, NULL,
	  "1: xdp XDP_DROP, 42 bytes, * instructions\n" },
	{ "XDP sends back, past TC", TRACE WAY("2") "--tc $B/ways_tc.o:tc_shows", 0, NULL,
	  "1: xdp XDP_TX, 42 bytes, * instructions\n" },
	{ "XDP redirects, past TC",
	  TRACE WAY("3") "--tc $B/ways_tc.o:tc_shows --tc-egress $B/ways_tc.o:tc_shows", 0, NULL,
	  "1: xdp XDP_REDIRECT, 42 bytes, * instructions, to ifindex 7\n" },
	{ "a CPU, then TC", TRACE WAY("5") "--map 'cpus[2]=64' --tc $B/ways_tc.o:tc_returns", 0,
	  NULL, "1: xdp XDP_REDIRECT tc TC_ACT_OK, 42 bytes, * instructions, to cpu 2\n" },
	{ "metadata from XDP to TC", TRACE "--xdp $P/meta.o --tc $B/ways_tc.o:tc_shows", 0, NULL,
	  "*meta 16 sk *" },
	{ "metadata from the context to TC",
	  TRACE "--ctx data_meta=01020304 --xdp $P/pass.o --tc $B/ways_tc.o:tc_shows", 0, NULL,
	  "*meta 4 sk *" },
	{ "the interface by either name",
	  TRACE "--ctx ifindex=5 --xdp $P/pass.o --tc $B/ways_tc.o:tc_shows", 0, NULL,
	  "*ingress_ifindex 5 ifindex 5\n*" },
	{ "the interface of the output",
	  "rm o.*; " ONE "-w o.%i --ctx ifindex=5 --tc $B/ways_tc.o:tc_returns; ls o.*", 0, NULL,
	  "o.if5\n" },
	{ "egress", TRACE "--tc $B/ways_tc.o:tc_redirect --tc-egress $B/ways_tc.o:tc_shows", 0,
	  NULL,
	  "1: tc TC_ACT_REDIRECT tc-egress TC_ACT_OK, 42 bytes, *, to ifindex 7\n*"
	  "ingress_ifindex 1 ifindex 7\n*wire_len 42\n*" },
	{ "no egress for the receiving side",
	  TRACE SET("flags=1") "--tc $B/ways_tc.o:tc_redirect --tc-egress $B/ways_tc.o:tc_shows", 0,
	  NULL, "1: tc TC_ACT_REDIRECT, 42 bytes, *, to ingress_ifindex 7\n" },
	{ "egress drops",
	  ONE "--emit forwarded -w e.pcapng --json e.json " SET(
	          "verdict=2") "--tc $B/ways_tc.o:tc_redirect --tc-egress $B/ways_tc.o:tc_returns; "
	                       "grep -o '^.*\"verdict\":\"TC_ACT_SHOT\"' e.json; $X -r e.pcapng "
	                       "$P/pass.o",
	  0, NULL, "*TC_ACT_SHOT*: 0 packets*" },
	{ "egress redirects for ever: ten runs as in Linux",
	  "$X -c 1 -r $C/demo.pcap --emit forwarded -w e.pcapng --tc-egress "
	  "$B/ways_tc.o:tc_redirect "
	  "&& $X -r e.pcapng $P/pass.o",
	  0, NULL, "*TC_ACT_REDIRECT * 10 *ifindex 7 * 9 *(nowhere: dropped) * 1\n*: 0 packets*" },
	{ "every packet once",
	  "$X -q -r $C/demo.pcap --emit forwarded -w e.pcapng --tc-egress $B/ways_tc.o:tc_returns "
	  "&& "
	  "$X -r e.pcapng $P/pass.o",
	  0, NULL, "*: 60 packets*" },
	{ "clones go through egress",
	  LINE "--tc $B/ways_tc.o:tc_clone --tc-egress "
	       "$B/ways_tc.o:tc_pulls",
	  0, NULL,
	  "*\"clones\":[[]{\"ifindex\":7,\"len\":42}],\"printk\":[[]\"len 42 "
	  "*\"stage\":\"tc-egress\"*"
	  "\"runs\":1,*" },
	{ "clones that egress drops",
	  LINE SET("verdict=2") "--tc $B/ways_tc.o:tc_clone --tc-egress $B/ways_tc.o:tc_returns", 0,
	  NULL, "*\"clones\":[[]{\"ifindex\":7,\"len\":42,\"dropped\":true}]}*" },
	{ "clones that egress redirects",
	  ONE "--json r.json -w r.pcapng " SET(
	          "flags=1") "--tc $P/tc/span.o:tc_span --tc-egress "
	                     "$B/ways_tc.o:tc_redirect; grep -o '\"clones\":.*' r.json | cut -c "
	                     "1-44; $X -q --trace "
	                     "-r r.pcapng $P/pass.o",
	  0, NULL,
	  "\"clones\":[[]{\"ingress_ifindex\":7,\"len\":46,\"dat\n*1: XDP_PASS, 46 bytes*2: "
	  "XDP_PASS, 42*" },
	{ "clones that egress redirects for ever",
	  LINE "--tc $B/ways_tc.o:tc_clone --tc-egress $B/ways_tc.o:tc_redirect", 0, NULL,
	  "*\"clones\":[[]{\"ifindex\":7,\"len\":42,\"dropped\":true}]}*" },
	{ "one file for two stages: maps in common",
	  "$X -q -c 3 -r $C/demo.pcap --dump-maps --xdp $B/ways_tc.o:xdp_counts --tc "
	  "$B/ways_tc.o:tc_counts | grep -cE '\"counted\":6|\"value\":6}'",
	  0, NULL, "2\n" },
	{ "variables of one of the objects",
	  TRACE WAY("5") SET("verdict=2") "--map 'cpus[2]=64' --tc $B/ways_tc.o:tc_returns", 0,
	  NULL, "1: xdp XDP_REDIRECT tc TC_ACT_SHOT, *" },
	{ "variables of none of them",
	  ONE "--xdp $B/ways.o --tc $B/ways_tc.o:tc_returns " SET("nope=1"), 2,
	  SAYS("--map: .rodata*: no variable 'nope'"), NULL },
	{ "maps of one of the objects",
	  "$X -q -r $C/demo.pcap --map 'open_ports[{22,6}]=3' --dump-maps --tc "
	  "$B/ways_tc.o:tc_returns "
	  "--xdp $P/firewall.o | grep -c '\"number\":22,\"proto\":6'",
	  0, NULL, "1\n" },
	{ "maps of none of them",
	  ONE "--xdp $P/pass.o --tc $B/ways_tc.o:tc_returns --map 'nope[0]=1'", 2,
	  SAYS("--map: no map 'nope' in *"), NULL },
	{ "a pinned map of two objects",
	  "cp $P/pinned.o pinned2.o; $X -q -r $C/demo.pcap --dump-maps --xdp $P/pinned.o "
	  "--tc-egress "
	  "$B/ways_tc.o:tc_returns | grep -c pinned_total",
	  0, NULL, "1\n" },
	{ "summary of stages",
	  "$X -r $C/demo.pcap --xdp $P/pass.o --tc $B/ways_tc.o:tc_redirect --tc-egress "
	  "$B/ways_tc.o:tc_returns",
	  0, NULL,
	  "*pass.o: xdp_pass, *ways_tc.o: tc_redirect, *ways_tc.o: tc_returns: 60 packets*\n"
	  "  xdp * runs *XDP_PASS * 60 *\n  tc *TC_ACT_REDIRECT * 60 *\n  tc-egress *TC_ACT_OK * "
	  "60 *" },
	{ "summary of stages as JSON",
	  "$X -q -r $C/demo.pcap --json - --xdp $P/pass.o --tc $B/ways_tc.o:tc_returns | tail -n 1 "
	  "| "
	  "python3 -m json.tool --no-ensure-ascii --compact",
	  0, NULL,
	  "*\"stages\":[[]{\"stage\":\"xdp\",\"object\":\"*pass.o\",\"prog\":\"xdp_pass\",\"runs\":"
	  "60,"
	  "\"verdicts\":{\"XDP_PASS\":60},\"faults\":0,*{\"stage\":\"tc\",*\"runs\":60,*" },
	{ "repeat", "$X -r $C/demo.pcap --repeat 3 --xdp $P/pass.o --tc $B/ways_tc.o:tc_returns", 0,
	  NULL, "*: 180 packets*TC_ACT_OK * 180 *" },
	{ "filter",
	  "$X -r $C/demo.pcap -f 'udp port 53' --xdp $P/pass.o --tc $B/ways_tc.o:tc_returns", 0,
	  NULL, "*(not matched by -f)*\n  tc *" },
	{ "interrupted",
	  "$X -r $C/demo.pcap --no-lint --repeat 100000000 -w int.pcapng --xdp $P/pass.o --tc "
	  "$B/ways_tc.o:tc_clone >int.txt & p=$!; sleep 0.5; kill -INT $p; wait $p; c=$?; grep -c "
	  "interrupted int.txt; $X -q -r int.pcapng $P/pass.o; echo $?; rm int.pcapng; exit $c",
	  130, NULL, "1\n0\n" },

	/* Objects for stages. */
	{ "FILE:NAME", TRACE "--tc $B/ways_tc.o:tc_pulls", 0, NULL, "1: tc TC_ACT_OK, *" },
	{ "FILE:SECTION", TRACE "--tc $B/ways_tc.o:action", 0, NULL, "1: tc TC_ACT_OK, *" },
	{ "a file with a colon", "cp $P/tc/ecn.o a:b.o; " TRACE "--tc a:b.o:tc_ecn", 0, NULL,
	  "1: tc *" },
	{ "a file with a colon alone", "cp $P/pass.o a:c.o; " TRACE "--xdp a:c.o", 0, NULL,
	  "1: xdp XDP_PASS*" },
	{ "a name missing", RUN "--tc $B/ways_tc.o:", 2,
	  SAYS("--tc: '*ways_tc.o:': expected FILE or FILE:PROGRAM"), NULL },
	{ "a file missing", RUN "--tc :tc_returns", 2,
	  SAYS("--tc: ':tc_returns': expected FILE or FILE:PROGRAM"), NULL },
	{ "no such program", RUN "--tc $B/ways_tc.o:nope", 2,
	  SAYS("*ways_tc.o: no program 'nope'; there are 'tc_returns' (section 'tc'), *"), NULL },
	{ "no such file", RUN "--tc nope.o:tc_returns", 2,
	  SAYS("nope.o: cannot be opened: No such file or directory"), NULL },
	{ "more than one", RUN "--tc $P/tc/ecn.o", 2,
	  SAYS("*ecn.o: more than one TC program; choose one with FILE:NAME: *"), NULL },
	{ "more than one, no stages", RUN "$P/tc/ecn.o", 2,
	  SAYS("*ecn.o: more than one XDP or TC program; choose one with -p: *"), NULL },
	{ "none of the kind", RUN "--tc $P/pass.o", 3,
	  SAYS("*pass.o: no TC program; there are 'xdp_pass' (section 'xdp')"), NULL },
	{ "one of the other kind", RUN "--xdp $B/ways_tc.o:tc_returns", 2,
	  SAYS("*: prog 'tc_returns': expected an XDP program, found one of type sched_cls"),
	  NULL },
	{ "XDP's for TC", RUN "--tc-egress $B/ways_tc.o:xdp_returns", 2,
	  SAYS("*: prog 'xdp_returns': expected a TC program, found one of type xdp"), NULL },
	{ "a stage twice", RUN "--tc a.o --tc b.o", 2, SAYS("--tc: given more than once"), NULL },
	{ "an object beside stages", RUN "--tc a.o b.o", 2,
	  SAYS("'b.o': an object beside --xdp, --tc or --tc-egress"), NULL },
	{ "-p beside stages", RUN "--tc a.o -p b", 2,
	  SAYS("--prog: with --xdp, --tc or --tc-egress say FILE:NAME"), NULL },
};

int
main(int argc, char **argv)
{
	return cli_main(argc, argv, rows, XB_ARRAY_SIZE(rows));
}
