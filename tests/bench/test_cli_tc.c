/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cli_tc.c - what scripts rely on where TC programs are run: verdicts, contexts, and the ways
 * of packets through several programs.
 */
#include "tests/bench/cli.h"

#define ONE           "$X -q -c 1 -r $C/demo.pcap "
#define TRACE         ONE "--trace "
#define LINE          ONE "--json - --no-data "
#define SET(members)  "--map '.rodata[0]={" members "}' "
#define FILE_OF(json) "printf '%s' '" json "' >c.json; "
#define IN_FILE(json) FILE_OF(json) TRACE "--ctx-file c.json -p tc_shows $B/ways_tc.o"
#define SOCK(json)                                                                                 \
	FILE_OF("{\"type\":\"sk_buff\",\"ctx\":{\"sock\":" json "}}")                              \
	TRACE "--ctx-file c.json -p tc_shows_sk $B/ways_tc.o"
#define AT(line, column, text) SAYS("c.json: line " #line ", column " #column ": " text), NULL
#define CTX(fields)            TRACE "--ctx " fields " -p tc_shows $B/ways_tc.o"

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

	/* Context fields: in, seen, and out again. */
	{ "nothing given", TRACE "-p tc_shows $B/ways_tc.o", 0, NULL,
	  "1: TC_ACT_OK, 42 bytes, *len 42 pkt_type 2 mark 0\n*queue 0 protocol 608 priority 0\n*"
	  "vlan 0 tci 0 proto 0\n*ingress_ifindex 0 ifindex 1\n*tc_index 0 classid 0 hash 0\n*"
	  "cb 0 0 0\n*cb 0 0\n*napi_id 0 wire_len 42\n*gso_segs 0 gso_size 0\n*"
	  "tstamp 0 type 0 hwtstamp 0\n*meta 0 sk 1\n" },
	{ "every field",
	  CTX("mark=1,priority=2,ingress_ifindex=3,ifindex=4,queue_mapping=5,tc_index=6,"
	      "tc_classid=7,napi_id=13,wire_len=14000,gso_segs=15,gso_size=16,pkt_type=3,"
	      "vlan_tci=17,hash=18,tstamp=19,tstamp_type=1,hwtstamp=20,data_meta=0102030405060708 "
	      "--ctx 'cb[0]=8,cb[1]=9,cb[2]=10,cb[3]=11,cb[4]=12' --ctx sk=none"),
	  0, NULL,
	  "1: TC_ACT_OK, 46 bytes, *len 42 pkt_type 3 mark 1\n*queue 5 protocol 608 priority 2\n*"
	  "vlan 1 tci 17 proto 81\n*ingress_ifindex 3 ifindex 4\n*tc_index 6 classid 7 hash 12\n*"
	  "cb 8 9 10\n*cb 11 12\n*napi_id 13 wire_len 14000\n*gso_segs 15 gso_size 16\n*"
	  "tstamp 19 type 1 hwtstamp 20\n*meta 8 sk 0\n" },
	{ "every field as JSON",
	  LINE "--ctx mark=1,priority=2,ingress_ifindex=3,ifindex=4,queue_mapping=5,tc_index=6,"
	       "tc_classid=7,napi_id=13,wire_len=14000,gso_segs=15,gso_size=16,pkt_type=3,"
	       "vlan_tci=17,hash=18,tstamp=19,tstamp_type=1,hwtstamp=20,protocol=0xdd86,"
	       "data_meta=0102030405060708 --ctx 'cb[0]=8,cb[1]=9,cb[2]=10,cb[3]=11,cb[4]=12' "
	       "-p tc_returns $B/ways_tc.o",
	  0, NULL,
	  "*\"ctx\":{\"len\":42,\"pkt_type\":3,\"mark\":1,\"queue_mapping\":5,\"protocol\":56710,"
	  "\"vlan_present\":1,\"vlan_tci\":17,\"vlan_proto\":129,\"priority\":2,"
	  "\"ingress_ifindex\":3,\"ifindex\":4,\"tc_index\":6,\"hash\":18,\"tc_classid\":7,"
	  "\"napi_id\":13,\"wire_len\":14000,\"gso_segs\":15,\"gso_size\":16,"
	  "\"cb\":[[]8,9,10,11,12],\"tstamp\":19,\"tstamp_type\":1,\"hwtstamp\":20,"
	  "\"data_meta\":\"0102030405060708\"}*" },
	{ "EtherTypes in wire order", CTX("protocol=8,vlan_proto=0xa888,vlan_tci=9"), 0, NULL,
	  "*protocol 8 *vlan 1 tci 9 proto a888\n*" },
	{ "as the wire has them",
	  LINE "--ctx vlan_proto=0xa888,vlan_tci=9 -p tc_returns $B/ways_tc.o -w t.pcapng >t.json; "
	       "grep -o '\"vlan_proto\":[0-9]*' t.json; " LINE
	       "-p tc_returns -r t.pcapng $B/ways_tc.o >t.json; " ONE
	       "--json - -p tc_returns -r t.pcapng $B/ways_tc.o | grep -o "
	       "'\"data\":\"ffffffffffff02000000000188a80009'",
	  0, NULL, "\"vlan_proto\":43144\n\"data\":*\n" },
	{ "EtherType of a tag in host order",
	  LINE "--ctx vlan_proto=0x8100 -p tc_returns $B/ways_tc.o", 2,
	  SAYS("--ctx: vlan_proto: 0x8100: expected 0x0081 (802.1Q) or 0xa888 (802.1ad), *"),
	  NULL },
	{ "a tag without a number", CTX("vlan_present=1"), 0, NULL, "*vlan 1 tci 0 proto 81\n*" },
	{ "a number without a tag", CTX("vlan_present=0,vlan_tci=5"), 0, NULL, "*vlan 0 *" },
	{ "interface 0 is the loopback", CTX("ifindex=0"), 0, NULL, "*ifindex 1\n*" },
	{ "XDP's, too", LINE "--ctx ingress_ifindex=0 $P/pass.o", 0, NULL,
	  "*\"ctx\":{\"ingress_ifindex\":1,*" },
	{ "wire_len 0 is the packet's", CTX("wire_len=0"), 0, NULL, "*wire_len 42\n*" },
	{ "wire_len of less than the packet",
	  "$X -c 2 --ctx wire_len=50 -r $C/demo.pcap "
	  "-p tc_returns $B/ways_tc.o",
	  0, SAYS("*demo.pcap: packet 2 is not run: wire_len of 50 is less than its 87 bytes"),
	  "*TC_ACT_OK * 1 *(not run) * 1 *" },
	{ "the last word counts", CTX("mark=1,mark=2"), 0, NULL, "*mark 2\n*" },
	{ "unknown field", CTX("marc=1"), 2,
	  SAYS("--ctx: 'marc': no field of xdp_md or __sk_buff that can be set"), NULL },
	{ "field that follows from the packet", CTX("len=1"), 2,
	  SAYS("--ctx: 'len': no field of xdp_md or __sk_buff that can be set"), NULL },
	{ "field of XDP alone", CTX("rx_queue_index=1"), 2,
	  SAYS("--ctx: rx_queue_index: no field of __sk_buff, which TC programs have"), NULL },
	{ "negative", CTX("mark=-1"), 2, SAYS("--ctx: mark: '-1': expected a number"), NULL },
	{ "more than 32 bits", CTX("mark=4294967296"), 2,
	  SAYS("--ctx: mark: 4294967296: expected a number from 0 to 4294967295"), NULL },
	{ "more than 16 bits", CTX("queue_mapping=65536"), 2,
	  SAYS("--ctx: queue_mapping: 65536: expected a number from 0 to 65535"), NULL },
	{ "sixth word of cb", CTX("'cb[5]=1'"), 2,
	  SAYS("--ctx: 'cb[[]5]': no field of xdp_md or __sk_buff that can be set"), NULL },
	{ "pkt_type", CTX("pkt_type=8"), 2,
	  SAYS("--ctx: pkt_type: 8: expected a number from 0 to 7"), NULL },
	{ "tstamp_type", CTX("tstamp_type=3"), 2,
	  SAYS("--ctx: tstamp_type: 3: expected a number from 0 to 2"), NULL },
	{ "wire_len", CTX("wire_len=65537"), 2,
	  SAYS("--ctx: wire_len: 65537: expected a number from 0 to 65536"), NULL },
	{ "flag", CTX("vlan_present=2"), 2,
	  SAYS("--ctx: vlan_present: 2: expected a number from 0 to 1"), NULL },
	{ "kind of checksum", CTX("ip_summed=1"), 2,
	  SAYS("--ctx: ip_summed: '1': expected one of none, unnecessary, complete, partial"),
	  NULL },
	{ "kind of socket", CTX("sk=x"), 2, SAYS("--ctx: sk: 'x': expected one of test-run, none"),
	  NULL },
	{ "no hex digits", CTX("data_meta=0102030g"), 2,
	  SAYS("--ctx: data_meta: '0102030g': expected hex digits"), NULL },
	{ "metadata of 256 bytes", CTX("data_meta=$(printf '%0512d' 0)"), 2,
	  SAYS("--ctx: data_meta: expected hex digits for a multiple of 4 bytes, at most 252"),
	  NULL },
	{ "metadata of 252 bytes", CTX("data_meta=$(printf '%0504d' 0)"), 0, NULL,
	  "*meta 252 sk 1\n" },

	/* Contexts in a file. */
	{ "file",
	  IN_FILE("{\"type\":\"sk_buff\",\"name\":\"a\",\"ctx\":{\"mark\":7,\"cb\":[1,2],"
	          "\"dev\":{\"ifIndex\":3}, \"hash\":\"0x10\"}}"),
	  0, NULL, "*mark 7\n*ifindex 3\n*hash 10\n*cb 1 2 0\n*" },
	{ "word of cb by its name", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"cb[3]\":9}}"), 0,
	  NULL, "*cb 0 0 0\n*cb 9 0\n*" },
	{ "truth is a flag's", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"vlan_present\":true}}"), 0,
	  NULL, "*vlan 1 tci 0 proto 81\n*" },
	{ "file by standard input",
	  "echo '{\"type\":\"sk_buff\",\"ctx\":{\"mark\":3}}' | " TRACE
	  "--ctx-file - -p tc_shows $B/ways_tc.o",
	  0, NULL, "*mark 3\n*" },
	{ "of an XDP program",
	  FILE_OF("{\"type\":\"xdp_md\",\"ctx\":{\"rx_queue_index\":2,\"data_meta\":\"01020304\"}}")
	          LINE "--ctx-file c.json $P/pass.o",
	  0, NULL,
	  "*\"ctx\":{\"ingress_ifindex\":1,\"rx_queue_index\":2,\"data_meta\":\"01020304\"}*" },
	{ "--ctx goes first",
	  FILE_OF("{\"type\":\"sk_buff\",\"ctx\":{\"cb\":[1,2,3],\"sock\":null,\"mark\":5}}") TRACE
	  "--ctx 'cb[1]=77,sk=test-run' --ctx-file c.json -p tc_shows $B/ways_tc.o",
	  0, NULL, "*mark 5\n*cb 1 77 3\n*sk 1\n" },
	{ "no socket", SOCK("null"), 0, NULL, "*no socket\n" },
	{ "socket, IPv4",
	  SOCK("{\"family\":2,\"sockType\":1,\"protocol\":6,\"mark\":5,\"priority\":6,"
	       "\"boundDevIF\":7,\"srcIP4\":\"10.0.0.1\",\"srcPort\":80,\"dstPort\":443,"
	       "\"dstIP4\":\"10.0.0.2\",\"state\":1,\"rxQueueMapping\":3,\"cookie\":99,"
	       "\"uid\":1000}"),
	  0, NULL,
	  "*dev 7 family 2 type 1\n*protocol 6 mark 5 priority 6\n*100000a:80 200000a\n*"
	  "dst_port bb01 state 1 rxq 3\n*cookie 99 uid 1000\n" },
	{ "socket, IPv6",
	  SOCK("{\"family\":10,\"srcIP6\":\"2001:db8::1\",\"dstIP6\":\"2001:db8::2\","
	       "\"rxQueueMapping\":-1}"),
	  0, NULL, "*family 10 *rxq -1\n*src6 1000000 dst6 2000000\n*" },
	{ "a field twice", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"mark\":7,\"mark\":8}}"), 2,
	  AT(1, 42, "mark: is there twice") },
	{ "a field in two ways",
	  IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"dev\":{\"ifIndex\":3},\"ifindex\":4}}"), 2,
	  AT(1, 56, "ifindex: is there twice") },
	{ "a word of cb in two ways",
	  IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"cb\":[1],\"cb[0]\":2}}"), 2,
	  AT(1, 43, "cb[[]0]: is there twice") },
	{ "a socket's field twice", SOCK("{\"mark\":1,\"mark\":2}"), 2,
	  AT(1, 50, "mark: is there twice") },
	{ "type twice", IN_FILE("{\"type\":\"sk_buff\",\"type\":\"sk_buff\",\"ctx\":{}}"), 2,
	  AT(1, 26, "type: is there twice") },
	{ "second line", IN_FILE("{\"type\":\"sk_buff\",\n \"ctx\":{\"marc\":7}}"), 2,
	  AT(2, 16, "'marc': no field of xdp_md or __sk_buff that can be set") },
	{ "null is no number", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"mark\":null}}"), 2,
	  AT(1, 33, "mark: expected a number or a string") },
	{ "truth is no number", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"mark\":true}}"), 2,
	  AT(1, 33, "mark: expected a number or a string") },
	{ "a fraction", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"mark\":1.5}}"), 2,
	  AT(1, 33, "mark: '1.5': expected a number") },
	{ "a NUL in a string", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"mark\":\"7\\u0000\"}}"), 2,
	  AT(1, 33, "mark: there is a NUL in it") },
	{ "out of range", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"pkt_type\":9}}"), 2,
	  AT(1, 37, "pkt_type: 9: expected a number from 0 to 7") },
	{ "six words of cb", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"cb\":[1,2,3,4,5,6]}}"), 2,
	  AT(1, 31, "cb: expected an array of at most 5 numbers") },
	{ "a word of cb", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"cb\":[1,-2]}}"), 2,
	  AT(1, 34, "cb[[]1]: '-2': expected a number") },
	{ "metadata too long for a buffer on the way",
	  "printf '{\"type\":\"sk_buff\",\"ctx\":{\"data_meta\":\"%0600d\"}}' 0 >c.json; " TRACE
	  "--ctx-file c.json -p tc_shows $B/ways_tc.o",
	  2, AT(1, 38, "data_meta: expected hex digits for a multiple of 4 bytes, at most 252") },
	{ "dev", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"dev\":{\"ifindex\":3}}}"), 2,
	  AT(1, 32, "dev: expected {\"ifIndex\": NUMBER}") },
	{ "dev's number", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"dev\":{\"ifIndex\":-3}}}"), 2,
	  AT(1, 43, "ifindex: '-3': expected a number") },
	{ "socket of another kind", SOCK("7"), 2,
	  AT(1, 33, "sock: expected an object, or null for no socket") },
	{ "socket's field", SOCK("{\"nope\":1}"), 2, AT(1, 41, "nope: no field of a socket") },
	{ "socket's address", SOCK("{\"srcIP4\":\"10.0.0\"}"), 2,
	  AT(1, 43, "srcIP4: expected an IPv4 address") },
	{ "socket's address as a number", SOCK("{\"srcIP6\":5}"), 2,
	  AT(1, 43, "srcIP6: expected an IPv6 address") },
	{ "socket's port", SOCK("{\"srcPort\":70000}"), 2, AT(1, 44, "srcPort: out of range") },
	{ "socket's port, negative", SOCK("{\"dstPort\":-1}"), 2,
	  AT(1, 44, "dstPort: expected a whole number, not negative") },
	{ "socket's port as a string", SOCK("{\"dstPort\":\"80\"}"), 2,
	  AT(1, 44, "dstPort: expected a number") },
	{ "TC's field in XDP's context", IN_FILE("{\"type\":\"xdp_md\",\"ctx\":{\"mark\":1}}"), 2,
	  AT(1, 32, "mark: no field of xdp_md") },
	{ "TC's socket in XDP's context", IN_FILE("{\"type\":\"xdp_md\",\"ctx\":{\"sock\":{}}}"), 2,
	  AT(1, 32, "sock: no field of xdp_md") },
	{ "XDP's field in TC's context",
	  IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"rx_queue_index\":1}}"), 2,
	  AT(1, 43, "rx_queue_index: no field of __sk_buff") },
	{ "XDP's context for a TC program",
	  IN_FILE("{\"type\":\"xdp_md\",\"ctx\":{\"rx_queue_index\":1}}"), 2,
	  SAYS("--ctx-file: rx_queue_index: no field of __sk_buff, which TC programs have"), NULL },
	{ "no type", IN_FILE("{\"ctx\":{}}"), 2,
	  AT(1, 1, "expected a \"type\": \"sk_buff\", \"xdp_md\" or \"captured\"") },
	{ "another type", IN_FILE("{\"type\":\"sock\",\"ctx\":{}}"), 2,
	  AT(1, 9, "type: expected \"sk_buff\", \"xdp_md\" or \"captured\"") },
	{ "no ctx", IN_FILE("{\"type\":\"sk_buff\"}"), 2,
	  AT(1, 1, "expected a \"ctx\" with the fields") },
	{ "ctx of another kind", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":[]}"), 2,
	  AT(1, 25, "ctx: expected an object") },
	{ "no object", IN_FILE("[]"), 2, AT(1, 1, "expected an object") },
	{ "another member", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{},\"more\":1}"), 2,
	  AT(1, 35, "more: expected name, type or ctx") },
	{ "nothing in it", IN_FILE(""), 2, AT(1, 1, "expected a value, found the end") },
	{ "metadata beyond XDP's headroom",
	  "printf '{\"type\":\"sk_buff\",\"ctx\":{\"data_meta\":\"%0440d\"}}' 0 >c.json; " RUN
	  "--ctx-file c.json --xdp $P/pass.o",
	  2,
	  SAYS("--ctx-file: data_meta: 220 bytes do not fit: a headroom of 256 has room for 216"),
	  NULL },
	{ "no such context file", RUN "--ctx-file nope.json $P/pass.o", 2,
	  SAYS("nope.json: cannot be opened: No such file or directory"), NULL },
	{ "a context file too long",
	  "head -c 1100000 /dev/zero | tr '\\0' ' ' >big.json; " RUN
	  "--ctx-file big.json $P/pass.o",
	  2, SAYS("big.json: longer than 1048576 bytes"), NULL },
	{ "standard input for two stages", "$X -r x --tc - --xdp -:a", 2,
	  SAYS("standard input is asked for more than once"), NULL },
	{ "over its own context file",
	  FILE_OF("{\"type\":\"sk_buff\",\"ctx\":{}}") RUN
	  "--ctx-file c.json -w c.json -p tc_returns $B/ways_tc.o; c=$?; grep -c sk_buff c.json; "
	  "exit $c",
	  2, SAYS("c.json: is read, and would be overwritten"), "1\n" },
};

int
main(int argc, char **argv)
{
	return cli_main(argc, argv, rows, XB_ARRAY_SIZE(rows));
}
