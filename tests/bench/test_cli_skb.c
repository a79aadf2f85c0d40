/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cli_skb.c - what scripts rely on where programs with an sk_buff are run that are none of
 * TC's: how they are chosen, verdicts, what is written.
 */
#include "tests/bench/cli.h"

#define SHOWN(file) "grep -o '\"verdict\":\"[A-Z0-9_]*\",\"retval\":[0-9]*' " file

#define VERDICT(prog, value, verdict, on)                                                          \
	{                                                                                          \
		prog ", " value,                                                                   \
		        ONE "--emit forwarded -w f.pcapng --json f.json " SET(                     \
		                "verdict=" value) "-p " prog                                       \
		                                  " $B/ways_skb.o; " SHOWN(                        \
		                                          "f.json") ";"                            \
		                                                    " $X -q --trace -r f.pcapng "  \
		                                                    "$P/pass.o | wc -l",           \
		        0, NULL, "\"verdict\":\"" verdict "\",\"retval\":" value "\n" #on "\n"     \
	}
#define ODD(prog, value, type, fate)                                                               \
	{                                                                                          \
		prog ", odd: " value,                                                              \
		        "$X -c 1 -r $C/demo.pcap --json f.json " SET(                              \
		                "verdict=" value) "-p " prog                                       \
		                                  " $B/ways_skb.o | head -1 | cut -c 1; " SHOWN(   \
		                                          "f.json"),                               \
		        0,                                                                         \
		        SAYS("*demo.pcap: packet 1: the program returned " value                   \
		             ", which is no " type " action; " fate),                              \
		        "*\"verdict\":\"INVALID\",\"retval\":" value "\n"                          \
	}

static const struct cli_row rows[] = {
	VERDICT("filter_returns", "0", "SK_DROP", 0),
	VERDICT("filter_returns", "1", "SK_PASS", 1),
	VERDICT("filter_returns", "4294967295", "SK_PASS", 1),
	VERDICT("cg_in_returns", "0", "SK_DROP", 0),
	VERDICT("cg_in_returns", "1", "SK_PASS", 1),
	VERDICT("cg_out_returns", "0", "SK_DROP", 0),
	VERDICT("cg_out_returns", "1", "SK_PASS", 1),
	VERDICT("cg_out_returns", "2", "SK_DROP_CN", 0),
	VERDICT("cg_out_returns", "3", "SK_PASS_CN", 1),
	VERDICT("in_returns", "0", "BPF_OK", 1),
	VERDICT("in_returns", "2", "BPF_DROP", 0),
	VERDICT("in_returns", "7", "BPF_REDIRECT", 1),
	VERDICT("in_returns", "128", "BPF_LWT_REROUTE", 1),
	VERDICT("out_returns", "0", "BPF_OK", 1),
	VERDICT("out_returns", "2", "BPF_DROP", 0),
	VERDICT("out_returns", "7", "BPF_REDIRECT", 1),
	VERDICT("xmit_returns", "0", "BPF_OK", 1),
	VERDICT("xmit_returns", "2", "BPF_DROP", 0),
	VERDICT("xmit_returns", "7", "BPF_REDIRECT", 0),
	VERDICT("xmit_returns", "128", "BPF_LWT_REROUTE", 1),
	VERDICT("seg6_returns", "0", "BPF_OK", 1),
	VERDICT("seg6_returns", "2", "BPF_DROP", 0),
	VERDICT("flow_returns", "0", "BPF_OK", 1),
	VERDICT("flow_returns", "2", "BPF_DROP", 1),
	VERDICT("flow_returns", "129", "BPF_FLOW_DISSECTOR_CONTINUE", 1),
	ODD("in_returns", "1", "lwt_in", "dropped"),
	ODD("out_returns", "3", "lwt_out", "dropped"),
	ODD("xmit_returns", "129", "lwt_xmit", "dropped"),
	ODD("flow_returns", "1", "flow_dissector", "passed on"),

	/* What a verifier would have found stops the program, and drops the packet. */
	{ "a cgroup's program returns what it may not",
	  ONE "--json f.json " SET(
	          "verdict=2") "-p cg_in_returns $B/ways_skb.o; c=$?; "
	                       "grep -o 'SK_DROP\\|bad return value' f.json | head -2; exit $c",
	  4, "*at program exit the register R0 has the value 2, should have been in [[]0, 1]*",
	  "SK_DROP\nbad return value\n" },
	{ "a store to the packet",
	  ONE "--json f.json -p in_writes $B/ways_skb.o; c=$?; "
	      "grep -o 'BPF_DROP\\|write to read-only memory' f.json | "
	      "head -2; exit $c",
	  4, "*", "BPF_DROP\nwrite to read-only memory\n" },

	/* What is written has a link-layer header, as it came; its type follows the packet. */
	{ "a packet unchanged",
	  ONE "-w f.pcapng -p filter_returns " SET(
	          "verdict=9") "$B/ways_skb.o; $X -q --json - "
	                       "-r f.pcapng $P/pass.o | grep -o '\"data\":\"[0-9a-f]*' >a; " ONE
	                       "--json - $P/pass.o | grep -o '\"data\":\"[0-9a-f]*' >b; cmp a b && "
	                       "wc -l <a",
	  0, NULL, "1\n" },
	{ "IPv4 in front of IPv4 and IPv6",
	  "$X -q -r $C/mixed.pcapng -f 'ip6 and not vlan' --json - -p xmit_encap $B/ways_skb.o | "
	  "grep -o '\"out_len.*head_delta\":[-0-9]*' | cut -d '\"' -f 6 | cut -c 25-30 | sort -u",
	  0, NULL, "080045\n" },
	{ "how much there is in front",
	  ONE "--json - -p xmit_encap $B/ways_skb.o | grep -o '\"head_delta\":[-0-9]*'", 0, NULL,
	  "\"head_delta\":-20\n" },
	{ "a redirect", "$X -c 1 -r $C/demo.pcap -p xmit_redirects $B/ways_skb.o", 0, NULL,
	  "*BPF_REDIRECT *(nowhere: dropped) *1\n*" },
	{ "keys of a flow",
	  "$X -q -r $C/mixed.pcapng -f 'tcp and ip' --json - "
	  "$P/skb/dissector.o | grep -o '\"flow_keys\":.*' | head -1 | cut -d , -f 1-10",
	  0, NULL,
	  "\"flow_keys\":{\"nhoff\":14,\"thoff\":34,\"addr_proto\":2048,\"is_frag\":false,"
	  "\"is_first_frag\":false,\"is_encap\":false,\"ip_proto\":6,\"n_proto\":8,\"sport\":*,"
	  "\"dport\":*\n" },
	{ "no verdict in the capture",
	  ONE "-w f.pcapng -p filter_returns $B/ways_skb.o; tshark -r f.pcapng -T fields "
	      "-e frame.verdict.ebpf_tc 2>/dev/null | tr -d '\\n'",
	  0, NULL, NULL },

	/* Choosing. */
	{ "the only one", "$X -q -c 1 -r $C/demo.pcap $P/skb/count_protos.o", 0, NULL, NULL },
	{ "several", RUN "$P/skb/cg_firewall.o", 2,
	  "*more than one packet program; choose one with -p: 'cg_ingress' (section "
	  "'cgroup_skb/ingress'), *",
	  NULL },
	{ "where one of TC is wanted", RUN "--tc $P/skb/count_protos.o", 3,
	  "*no TC program; there are 'filter_count_protos' (section 'socket')\n", NULL },
	{ "a mode of TC's", RUN "--tc-mode tcx $P/skb/count_protos.o", 2,
	  SAYS("--tc-mode: there is no TC program"), NULL },
	{ "not one that cannot be run", RUN "-p in_kprobe $B/sections.o", 3,
	  "*prog 'in_kprobe': programs of type kprobe cannot be run in this version\n", NULL },
	{ "nor one for what sockets send", RUN "-p in_sk_msg $B/sections.o", 3,
	  "*prog 'in_sk_msg': programs of type sk_msg cannot be run in this version\n", NULL },
	{ "nor one that chooses sockets", RUN "-p in_sk_reuseport $B/sections.o", 3,
	  "*prog 'in_sk_reuseport': programs of type sk_reuseport cannot be run in this version\n",
	  NULL },
	{ "an object of such a one alone", RUN "$B/sk_msg.o", 3,
	  "*sk_msg.o: no XDP or TC program; there are 'at_send' (section 'sk_msg')\n", NULL },
	{ "programs of a type are listed", "$X list progs | grep -c 'lwt_in .*emulated'", 0, NULL,
	  "1\n" },
};

int
main(int argc, char **argv)
{
	return cli_main(argc, argv, rows, XB_ARRAY_SIZE(rows));
}
