/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cli_world.c - the network around as scripts give it: --world and --world-from.
 */
#include "tests/bench/cli.h"

#define D             "$C/../../docs"
#define HERE          "$X -q -c 2 --skip 1 -r $C/demo.pcap --ctx ifindex=2 "
#define XDP1          "$X -q -c 1 -r $C/demo.pcap --ctx ingress_"
#define XDP           "$X -q -c 1 -r $C/demo.pcap --ctx ingress_ifindex=2 "
#define WORLD         "--world " D "/world.json "
#define TO(n)         "--map '.rodata[0]={to=" n "}' "
#define VIA(n, h)     "--map '.rodata[0]={to=" n ",via=" h "}' "
#define FILE_OF(json) "printf '%s' '" json "' >w.json; "
#define TOO_LONG                                                                                   \
	FILE_OF("{\"links\":[{\"ifindex\":2,\"ifname\":\"a\"},{\"ifindex\":3,\"ifname\":\"b\","    \
	        "\"mtu\":20}]}")
/* The interfaces of the capture written, and the first packet's MAC addresses in it. */
#define LEAVES(program, options)                                                                   \
	HERE WORLD options "-p " program                                                           \
	                   " --emit forwarded -w o.pcapng --json o.json $B/world.o; "              \
	                   "grep -ao 'eth[0-9.]*\\|pod\\.peer\\|[^a-z]lo$' o.pcapng | sort -u; "   \
	                   "grep -o '\"data\":\"............................' o.json | head -n 1"

static const struct cli_row rows[] = {
	{ "example", XDP WORLD "--trace $P/fib_router.o", 0, NULL, "1: XDP_PASS,*" },
	{ "example, routed",
	  "$X -r $C/demo.pcap --ctx ingress_ifindex=2 " WORLD "-w r.pcapng $P/fib_router.o", 0,
	  NULL, "*ifindex 3 *" },
	{ "programs attached",
	  FILE_OF("{\"links\":[{\"ifindex\":2,\"ifname\":\"a\",\"xdp\":\"xdp.o:xdp_meta\","
	          "\"tc\":\"tc.o\"},{\"ifindex\":3,\"ifname\":\"b\"}]}") "cp $P/meta.o xdp.o; "
	                                                                 "cp $P/tc/left_meta.o "
	                                                                 "tc.o; " XDP
	                                                                 "--world w.json --trace",
	  0, NULL, "1: xdp XDP_PASS tc TC_ACT_OK,*" },
	{ "programs attached, but there", XDP1 "ifindex=3 --world w.json", 2,
	  SAYS("no object file given, and the world has nothing attached to interface 3*"), NULL },
	{ "programs attached, and not there", "rm tc.o; " XDP "--world w.json", 2,
	  SAYS("tc.o: cannot be opened: No such file or directory"), NULL },
	{ "programs attached, and one given", XDP "--world w.json --trace $P/pass.o", 0, NULL,
	  "1: XDP_PASS,*" },
	{ "redirect", LEAVES("tc_redirect", TO("3")), 0, NULL,
	  "eth0\neth1\n\"data\":\"020000000010*" },
	{ "redirect, to none", HERE WORLD TO("99") "-p tc_redirect --trace $B/world.o", 0, NULL,
	  "1: TC_ACT_REDIRECT, * instructions\n2: TC_ACT_REDIRECT, * instructions\n" },
	{ "redirect, to one that is down", HERE WORLD TO("6") "-p tc_redirect --trace $B/world.o",
	  0, NULL, "1: TC_ACT_REDIRECT, * instructions\n2: TC_ACT_REDIRECT, * instructions\n" },
	{ "redirect, without a world", HERE TO("99") "-p tc_redirect --trace $B/world.o", 0, NULL,
	  "1: TC_ACT_REDIRECT, *, to ifindex 99\n*" },
	{ "neighbour by route", LEAVES("tc_neigh", TO("3")), 0, NULL,
	  "eth0\neth1\n\"data\":\"0200000000fe0200000000020800\n" },
	{ "neighbour by next hop", LEAVES("tc_neigh", VIA("2", "33554442")), 0, NULL,
	  "eth0\n\"data\":\"0200000000100200000000010800\n" },
	{ "neighbour that is not there",
	  HERE WORLD VIA("2", "50331658") "-p tc_neigh --trace $B/world.o", 0, NULL,
	  "1: TC_ACT_REDIRECT, * instructions\n2: TC_ACT_REDIRECT, * instructions\n" },
	{ "neighbour, without a world", HERE VIA("2", "50331658") "-p tc_neigh --trace $B/world.o",
	  0, NULL, "1: TC_ACT_REDIRECT, *, to ifindex 2\n*" },
	{ "peer in another namespace", LEAVES("tc_peer", TO("7")), 0, NULL,
	  "eth0\npod.peer\n\"data\":\"020000000010*" },
	{ "peer of no pair", HERE WORLD TO("3") "-p tc_peer --trace $B/world.o", 0, NULL,
	  "1: TC_ACT_REDIRECT, * instructions\n2: TC_ACT_REDIRECT, * instructions\n" },
	{ "clone", HERE WORLD TO("3") "-p tc_clone --trace $B/world.o | grep '^ '", 0, NULL,
	  "    0 0\n    0 0\n" },
	{ "clone, to none", HERE WORLD TO("99") "-p tc_clone --trace $B/world.o | grep '^ '", 0,
	  NULL, "    -22 -22\n    -22 -22\n" },
	{ "clone, to one that is down",
	  HERE WORLD TO("6") "-p tc_clone --trace $B/world.o | grep '^ '", 0, NULL,
	  "    2 1\n    2 1\n" },
	{ "XDP redirect", XDP WORLD TO("3") "-p xdp_redirect --trace $B/world.o", 0, NULL,
	  "1: XDP_REDIRECT, *, to ifindex 3\n" },
	{ "XDP redirect, to none", XDP WORLD TO("99") "-p xdp_redirect --trace $B/world.o", 0, NULL,
	  "1: XDP_REDIRECT, * instructions\n" },
	{ "XDP redirect, to one that is down",
	  XDP WORLD TO("6") "-p xdp_redirect --trace $B/world.o", 0, NULL,
	  "1: XDP_REDIRECT, * instructions\n" },
	{ "XDP redirect, too long",
	  TOO_LONG XDP "--world w.json " TO("3") "-p xdp_redirect --trace $B/world.o", 0, NULL,
	  "1: XDP_REDIRECT, * instructions\n" },
	{ "devmap", XDP WORLD "--map 'ports[0]=3' -p xdp_map --trace $B/world.o", 0, NULL,
	  "1: XDP_REDIRECT, *, to ifindex 3\n" },
	{ "devmap, to none", XDP WORLD "--map 'ports[0]=99' -p xdp_map $B/world.o", 2,
	  SAYS("--map: ports[[]0]=99: cannot be written: Invalid argument"), NULL },
	{ "comes in by none", "$X -q -r $C/demo.pcap --ctx ingress_ifindex=99 " WORLD "$P/pass.o",
	  2, SAYS("--ctx: packets come in by interface 99, which the world has not"), NULL },
	{ "no such file", "$X -q -r $C/demo.pcap --world none.json $P/pass.o", 2,
	  SAYS("none.json: cannot be opened: No such file or directory"), NULL },
	{ "no JSON", "echo '{' >bad.json; $X -q -r $C/demo.pcap --world bad.json $P/pass.o", 2,
	  SAYS("bad.json: line 2, column 1: expected a name in quotes, found the end"), NULL },
	{ "wrong key",
	  FILE_OF("{\"links\":[{\"ifindex\":2,\"ifname\":\"a\",\"mtu\":[]}]}") RUN
	  "--world w.json $P/pass.o",
	  2, SAYS("w.json: line 1, column 43: links[[]0].mtu: expected a number"), NULL },
	{ "from standard input", "$X -q -c 1 -r $C/demo.pcap --world - $P/pass.o <" D "/world.json",
	  0, NULL, NULL },
	{ "standard input twice", "$X -q -r - --world - $P/pass.o", 2,
	  SAYS("standard input is asked for more than once"), NULL },
	{ "would be overwritten",
	  "cp " D "/world.json w.json; $X -r $C/demo.pcap -w w.json --world w.json $P/pass.o", 2,
	  SAYS("w.json: is read, and would be overwritten"), NULL },
	{ "both", "$X -r $C/demo.pcap --world w.json --world-from . $P/pass.o", 2,
	  SAYS("--world: there is --world-from too"), NULL },
	{ "from a directory",
	  "mkdir live; echo '[{\"ifindex\":2,\"ifname\":\"wan\"}]' >live/link.json; "
	  "echo '[{\"dst\":\"default\",\"gateway\":\"10.9.9.9\",\"dev\":\"wan\"}]' "
	  ">live/route.json; "
	  "echo '[{\"dst\":\"10.9.9.9\",\"dev\":\"wan\",\"lladdr\":\"02:00:00:00:00:99\"}]' "
	  ">live/neigh.json; : >live/rule.json; $X -q -c 1 --skip 1 -r $C/demo.pcap --ctx "
	  "ifindex=2 "
	  "--world-from live " TO("2") "-p tc_neigh --json - $B/world.o | "
	                               "grep -o '\"data\":\"............'",
	  0, NULL, "\"data\":\"020000000099\n" },
	{ "from a directory, with a mistake",
	  "mkdir bad; printf 'udp UNCONN 0 0 1.2.3.4:x *:*' >bad/ss.txt; "
	  "$X -q -r $C/demo.pcap --world-from bad $P/pass.o",
	  2, SAYS("bad: ss.txt: line 1, column 16: 'x' is no number up to 65535"), NULL },
	{ "from a directory, with the rest",
	  "mkdir rest; echo '{\"links\":[{\"ifindex\":5,\"ifname\":\"a\"}],\"xfrn\":[]}' "
	  ">rest/world.json; $X -q -r $C/demo.pcap --world-from rest $P/pass.o",
	  2, SAYS("rest: world.json: line 1, column 46: xfrn: there is no such key"), NULL },
	{ "from an empty directory",
	  "mkdir empty; $X -q -r $C/demo.pcap --world-from empty $P/pass.o", 2,
	  SAYS("empty: has no file that is known, such as rt_tables"), NULL },
	{ "from no directory", "$X -q -r $C/demo.pcap --world-from none $P/pass.o", 2,
	  SAYS("none: cannot be opened: No such file or directory"), NULL },
};

int
main(int argc, char **argv)
{
	return cli_main(argc, argv, rows, XB_ARRAY_SIZE(rows));
}
