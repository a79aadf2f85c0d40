/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cli_ctx.c - what scripts rely on where they set fields of contexts: with --ctx, and by a
 * file.
 */
#include "tests/bench/cli.h"

#define FILE_OF(json) "printf '%s' '" json "' >c.json; "
#define IN_FILE(json) FILE_OF(json) TRACE "--ctx-file c.json -p tc_shows $B/ways_tc.o"
#define SOCK(json)                                                                                 \
	FILE_OF("{\"type\":\"sk_buff\",\"ctx\":{\"sock\":" json "}}")                              \
	TRACE "--ctx-file c.json -p tc_shows_sk $B/ways_tc.o"
#define AT(line, column, text) SAYS("c.json: line " #line ", column " #column ": " text), NULL
#define CTX(fields)            TRACE "--ctx " fields " -p tc_shows $B/ways_tc.o"

static const struct cli_row rows[] = {
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
	  SAYS("--ctx: mark: 4294967296: out of range: expected 0 to 4294967295"), NULL },
	{ "more than 16 bits", CTX("queue_mapping=65536"), 2,
	  SAYS("--ctx: queue_mapping: 65536: out of range: expected 0 to 65535"), NULL },
	{ "sixth word of cb", CTX("'cb[5]=1'"), 2,
	  SAYS("--ctx: 'cb[[]5]': no field of xdp_md or __sk_buff that can be set"), NULL },
	{ "pkt_type", CTX("pkt_type=8"), 2,
	  SAYS("--ctx: pkt_type: 8: out of range: expected 0 to 7"), NULL },
	{ "tstamp_type", CTX("tstamp_type=3"), 2,
	  SAYS("--ctx: tstamp_type: 3: out of range: expected 0 to 2"), NULL },
	{ "wire_len", CTX("wire_len=65537"), 2,
	  SAYS("--ctx: wire_len: 65537: out of range: expected 0 to 65536"), NULL },
	{ "flag", CTX("vlan_present=2"), 2,
	  SAYS("--ctx: vlan_present: 2: out of range: expected 0 to 1"), NULL },
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
	  AT(1, 42, "ctx.mark: given twice") },
	{ "a field in two ways",
	  IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"dev\":{\"ifIndex\":3},\"ifindex\":4}}"), 2,
	  AT(1, 56, "ctx.ifindex: given twice") },
	{ "a word of cb in two ways",
	  IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"cb\":[1],\"cb[0]\":2}}"), 2,
	  AT(1, 43, "ctx.cb[[]0]: given twice") },
	{ "a socket's field twice", SOCK("{\"mark\":1,\"mark\":2}"), 2,
	  AT(1, 50, "ctx.sock.mark: given twice") },
	{ "type twice", IN_FILE("{\"type\":\"sk_buff\",\"type\":\"sk_buff\",\"ctx\":{}}"), 2,
	  AT(1, 26, "type: given twice") },
	{ "second line", IN_FILE("{\"type\":\"sk_buff\",\n \"ctx\":{\"marc\":7}}"), 2,
	  AT(2, 16, "ctx.marc: no field of __sk_buff that can be set") },
	{ "null is no number", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"mark\":null}}"), 2,
	  AT(1, 33, "ctx.mark: expected a number or a string") },
	{ "truth is no number", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"mark\":true}}"), 2,
	  AT(1, 33, "ctx.mark: expected a number or a string") },
	{ "a fraction", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"mark\":1.5}}"), 2,
	  AT(1, 33, "ctx.mark: '1.5': expected a number") },
	{ "a NUL in a string", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"mark\":\"7\\u0000\"}}"), 2,
	  AT(1, 33, "ctx.mark: there is a NUL in it") },
	{ "out of range", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"pkt_type\":9}}"), 2,
	  AT(1, 37, "ctx.pkt_type: 9: out of range: expected 0 to 7") },
	{ "six words of cb", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"cb\":[1,2,3,4,5,6]}}"), 2,
	  AT(1, 31, "ctx.cb: expected an array of at most 5 numbers") },
	{ "a word of cb", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"cb\":[1,-2]}}"), 2,
	  AT(1, 34, "ctx.cb[[]1]: expected a whole number, not negative") },
	{ "metadata too long for a buffer on the way",
	  "printf '{\"type\":\"sk_buff\",\"ctx\":{\"data_meta\":\"%0600d\"}}' 0 >c.json; " TRACE
	  "--ctx-file c.json -p tc_shows $B/ways_tc.o",
	  2,
	  AT(1, 38, "ctx.data_meta: expected hex digits for a multiple of 4 bytes, at most 252") },
	{ "dev", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"dev\":{\"ifindex\":3}}}"), 2,
	  AT(1, 43, "ctx.dev.ifindex: there is no such key") },
	{ "dev's number", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"dev\":{\"ifIndex\":-3}}}"), 2,
	  AT(1, 43, "ctx.dev.ifIndex: expected a whole number, not negative") },
	{ "socket of another kind", SOCK("7"), 2,
	  AT(1, 33, "ctx.sock: expected an object, or null for no socket") },
	{ "socket's field", SOCK("{\"nope\":1}"), 2,
	  AT(1, 41, "ctx.sock.nope: no field of a socket") },
	{ "socket's address", SOCK("{\"srcIP4\":\"10.0.0\"}"), 2,
	  AT(1, 43, "ctx.sock.srcIP4: expected an IPv4 address") },
	{ "socket's address as a number", SOCK("{\"srcIP6\":5}"), 2,
	  AT(1, 43, "ctx.sock.srcIP6: expected an IPv6 address") },
	{ "socket's port", SOCK("{\"srcPort\":70000}"), 2,
	  AT(1, 44, "ctx.sock.srcPort: out of range: expected 0 to 65535") },
	{ "socket's port, negative", SOCK("{\"dstPort\":-1}"), 2,
	  AT(1, 44, "ctx.sock.dstPort: expected a whole number, not negative") },
	{ "socket's port as text", SOCK("{\"dstPort\":\"x\"}"), 2,
	  AT(1, 44, "ctx.sock.dstPort: expected a number") },
	{ "TC's field in XDP's context", IN_FILE("{\"type\":\"xdp_md\",\"ctx\":{\"mark\":1}}"), 2,
	  AT(1, 32, "ctx.mark: no field of xdp_md that can be set") },
	{ "TC's socket in XDP's context", IN_FILE("{\"type\":\"xdp_md\",\"ctx\":{\"sock\":{}}}"), 2,
	  AT(1, 32, "ctx.sock: no field of xdp_md that can be set") },
	{ "XDP's field in TC's context",
	  IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{\"rx_queue_index\":1}}"), 2,
	  AT(1, 43, "ctx.rx_queue_index: no field of __sk_buff that can be set") },
	{ "XDP's context for a TC program",
	  IN_FILE("{\"type\":\"xdp_md\",\"ctx\":{\"rx_queue_index\":1}}"), 2,
	  SAYS("--ctx-file: rx_queue_index: no field of __sk_buff, which TC programs have"), NULL },
	{ "no type", IN_FILE("{\"ctx\":{}}"), 2, AT(1, 1, "there is no \"type\"") },
	{ "another type", IN_FILE("{\"type\":\"sock\",\"ctx\":{}}"), 2,
	  AT(1, 9,
	     "type: there is no such type: expected one of xdp_md, sk_buff, generic, captured") },
	{ "no ctx", IN_FILE("{\"type\":\"sk_buff\"}"), 2, AT(1, 1, "there is no \"ctx\"") },
	{ "ctx of another kind", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":[]}"), 2,
	  AT(1, 25, "ctx: expected an object") },
	{ "no object", IN_FILE("[]"), 2, AT(1, 1, "expected an object") },
	{ "another member", IN_FILE("{\"type\":\"sk_buff\",\"ctx\":{},\"more\":1}"), 2,
	  AT(1, 35, "more: there is no such key") },
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
	  "head -c 17000000 /dev/zero | tr '\\0' ' ' >big.json; " RUN
	  "--ctx-file big.json $P/pass.o",
	  2, SAYS("big.json: longer than 16777216 bytes"), NULL },
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
