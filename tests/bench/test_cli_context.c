/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cli_context.c - contexts in JSON by way of the tool: run without a capture, saved, recorded.
 */
#include "tests/bench/cli.h"

#define FILE_OF(json) "printf '%s' '" json "' >c.json; "
#define ALONE         "$X -q --no-data --json - --ctx-file c.json "
#define PACKET        "\"packet_hex\":\"02000000000102000000000208004500\""
#define XDP(members)  "{\"type\":\"xdp_md\",\"ctx\":{" members "}}"
#define SKB(members)  "{\"type\":\"sk_buff\",\"ctx\":{" members "}}"
/* pid 7 */
#define PID "\"14\":[{\"results\":[{\"reg\":0,\"value\":30064771072}]}]"
#define REQUEST                                                                                    \
	"{\"type\":\"generic\",\"ctx\":{\"registers\":{\"r1\":\"request\"},\"memory\":["           \
	"{\"name\":\"count\",\"type\":\"block\",\"value\":{\"value\":\"BQAAAAAAAAA=\"}},"          \
	"{\"name\":\"to\",\"type\":\"ptr\",\"value\":{\"memory\":\"count\",\"size\":64}},"         \
	"{\"name\":\"by\",\"type\":\"int\",\"value\":{\"value\":3,\"size\":32}},"                  \
	"{\"name\":\"request\",\"type\":\"struct\",\"value\":["                                    \
	"{\"name\":\"count\",\"memory\":\"to\"},{\"name\":\"by\",\"memory\":\"by\"}]}]}}"
#define CAPTURED(sub, calls)                                                                       \
	"{\"type\":\"captured\",\"ctx\":{\"subContext\":" sub ",\"helperCalls\":{" calls "}}}"
#define CALLS "-p ctx_calls $B/ctx.o"
/* The line of a packet without what differs from file to file. */
#define SAME "sed 's/\"n\":[0-9]*,\"ts\":\"[0-9.]*\",//;s/\"changed\":[a-z]*,//'"

static const struct cli_row rows[] = {
	/* One context, without a capture. */
	{ "xdp_md", FILE_OF(XDP(PACKET ",\"rx_queue_idx\":3")) ALONE "$P/pass.o", 0, NULL,
	  "{\"type\":\"packet\",\"n\":1,\"ts\":\"1000.000000000\",\"caplen\":16,\"len\":16,"
	  "\"verdict\":\"XDP_PASS\",*\"ctx\":{\"ingress_ifindex\":1,\"rx_queue_index\":3}}\n*" },
	{ "as text", FILE_OF(XDP(PACKET)) "$X --ctx-file c.json $P/pass.o", 0, NULL,
	  "*pass.o: xdp_pass: 1 packet, 16 B, *XDP_PASS * 1  100.0%*" },
	{ "from standard input", "printf '%s' '" XDP(PACKET) "' | $X --ctx-file - $P/pass.o", 0,
	  NULL, "* 1 packet, *" },
	{ "the packet that it leaves",
	  FILE_OF(XDP(PACKET)) "$X -q --ctx-file c.json -w o.pcapng "
	                       "$P/pass.o; $X --json - -q -r o.pcapng $P/pass.o | grep -o "
	                       "'\"data\":\"[0-9a-f]*'",
	  0, NULL, "\"data\":\"02000000000102000000000208004500\n" },
	{ "sk_buff", FILE_OF(SKB(PACKET ",\"mark\":7")) ALONE "-p tc_shows $B/ways_tc.o", 0, NULL,
	  "*\"mark\":7,*" },
	{ "a return value that is no verdict",
	  FILE_OF(XDP(PACKET)) ALONE "-p returns_77 $B/needs.o", 0, NULL,
	  "*\"verdict\":\"INVALID\",\"retval\":77,*" },
	{ "--ctx goes first",
	  FILE_OF(XDP(PACKET ",\"rx_queue_idx\":3")) ALONE "--ctx rx_queue_index=4 $P/pass.o", 0,
	  NULL, "*\"rx_queue_index\":4*" },
	{ "headroom", FILE_OF(XDP(PACKET ",\"headroom\":40")) ALONE "$P/headroom.o", 0, NULL,
	  "*\"type\":\"packet\"*" },
	{ "metadata beyond the headroom",
	  FILE_OF(XDP(PACKET ",\"headroom\":43,\"data_meta\":\"01020304\"")) ALONE "$P/pass.o", 2,
	  SAYS("--ctx-file: data_meta: 4 bytes do not fit: a headroom of 43 has room for 3"),
	  NULL },
	{ "a fault",
	  FILE_OF(XDP("\"packet\":\"\"")) "$X -q --ctx-file c.json -p needs_tracing $B/needs.o", 4,
	  SAYS("*needs.o: 1 fault, the first in packet 1: *"), NULL },
	{ "no packet in it", FILE_OF(XDP("")) "$X --ctx-file c.json $P/pass.o", 2,
	  SAYS("c.json: there is no packet in it to run, and no capture (-r FILE)"), NULL },
	{ "calls alone",
	  FILE_OF("{\"type\":\"captured\",\"ctx\":{\"helperCalls\":{}}}") "$X --ctx-file c.json "
	                                                                  "$P/pass.o",
	  2, SAYS("c.json: there is no \"subContext\" to run, and no capture (-r FILE)"), NULL },
	{ "of the other kind", FILE_OF(SKB(PACKET ",\"mark\":1")) "$X --ctx-file c.json $P/pass.o",
	  2, SAYS("--ctx-file: mark: no field of xdp_md, which XDP programs have"), NULL },
	{ "neither capture nor context", "$X $P/pass.o", 2,
	  SAYS("no capture to read: name one with -r FILE"), NULL },

	/* Without a packet. */
	{ "kprobe",
	  FILE_OF(CAPTURED(REQUEST, PID)) "$X --trace --captured emulate --ctx-file c.json "
	                                  "-p ctx_kprobe $B/ctx.o",
	  0, NULL, "*ctx.o: ctx_kprobe: returned 3, * instructions\n    count 8, pid 7\n" },
	{ "kprobe, JSON", ALONE "--captured emulate -p ctx_kprobe $B/ctx.o | head -n 1", 0, NULL,
	  "{\"type\":\"context\",\"n\":1,\"retval\":3,\"insns\":*,\"cpu\":0,\"context\":{\"type\":"
	  "\"captured\",*\"name\":\"count\",\"type\":\"block\",\"value\":{\"value\":\"CAAAAAAAAAA="
	  "\",*"
	  "\"printk\":[[]\"count 8, pid 7\"]}\n" },
	{ "nothing recorded", FILE_OF(REQUEST) "$X -q --ctx-file c.json -p ctx_kprobe $B/ctx.o", 4,
	  SAYS("c.json: not emulated: bpf_get_current_pid_tgid reads the machine: *"), NULL },
	{ "faults are counted", "$X -q --faults count --ctx-file c.json -p ctx_kprobe $B/ctx.o", 0,
	  SAYS("c.json: not emulated: *"), NULL },
	{ "tracepoint that looks too far", "$X --ctx-file c.json -p ctx_wild $B/ctx.o", 4,
	  SAYS("c.json: out-of-bounds read: * past the end of memory 'request' (12 bytes), at *"),
	  "*ctx.o: ctx_wild: stopped by a fault, * instructions\n" },
	{ "functions of the kernel, security hooks, operations, what replaces a function",
	  FILE_OF(REQUEST) "for p in fentry lsm ops replaces; do $X --ctx-file c.json -p ctx_$p "
	                   "$B/ctx.o | cut -d, -f1; done",
	  0, NULL,
	  "*: ctx_fentry: returned 4\n*: ctx_lsm: returned 5\n*: ctx_ops: returned 6\n"
	  "*: ctx_replaces: returned 7\n" },
	{ "program not chosen", "$X -q --ctx-file c.json $B/ctx.o", 2,
	  SAYS("*ctx.o: more than one other program; choose one with -p: *"), NULL },
	{ "too short for XDP", "$X -q --ctx-file c.json $P/pass.o", 2,
	  SAYS("c.json: registers: r1: a program of type xdp looks at a context of 20 bytes"),
	  NULL },
	{ "beside a capture", RUN "--ctx-file c.json $P/pass.o", 2,
	  SAYS("c.json: a context of type generic has no packets; leave -r out to run it"), NULL },
	{ "kprobe with a capture", RUN "-p ctx_kprobe $B/ctx.o", 3,
	  SAYS("*programs of type kprobe cannot be run in this version"), NULL },

	/* Saved contexts give what their packets gave. */
	{ "saved, XDP",
	  RUN "--json a.json --save-ctx x --ctx rx_queue_index=5 $P/firewall.o && ls x | wc -l && "
	      "$X -q --json - --ctx-file x/17.json $P/firewall.o | head -n 1 | " SAME " >b.json; "
	      "sed -n 17p a.json | " SAME " | cmp - b.json && grep -c . b.json",
	  0, NULL, "60\n1\n" },
	{ "saved, TC",
	  "$X -q -r $C/mixed.pcapng --json a.json --save-ctx y --rxvlan-offload on --ctx "
	  "mark=7,hash=5,tstamp=99 -p tc_shows $B/ways_tc.o; for n in 1 5 20 33 60; do "
	  "$X -q --json - --ctx-file y/$n.json -p tc_shows $B/ways_tc.o | head -n 1 | " SAME
	  " | sed 's/\"caplen\":[0-9]*,\"len\":[0-9]*//' >b.json; sed -n ${n}p a.json | " SAME
	  " | sed 's/\"caplen\":[0-9]*,\"len\":[0-9]*//' | cmp - b.json && echo $n; done",
	  0, NULL, "1\n5\n20\n33\n60\n" },
	{ "saved anew is the same",
	  "$X -q --save-ctx z --ctx-file x/17.json $P/firewall.o; "
	  "sed 's/packet 17/packet 1/' x/17.json | cmp - z/1.json",
	  0, NULL, NULL },
	{ "saved beside a capture: defaults",
	  RUN "--json - --no-data -c 1 --ctx-file x/17.json $P/pass.o", 0, NULL,
	  "*\"caplen\":42,*\"rx_queue_index\":5*" },
	{ "saved over its input",
	  "mkdir -p w; cp x/1.json w/1.json; "
	  "$X -q --save-ctx w --ctx-file w/1.json $P/pass.o",
	  2, SAYS("w/1.json: is read, and would be overwritten"), NULL },
	{ "saved into a file", "echo >file; " RUN "--save-ctx file $P/pass.o", 2,
	  SAYS("file/1.json: cannot be opened for writing: Not a directory"), NULL },
	{ "saved nowhere", RUN "--save-ctx no/where $P/pass.o", 2,
	  SAYS("no/where: cannot be made: No such file or directory"), NULL },

	/* Recorded calls give what they gave. */
	{ "recorded",
	  RUN "--skip 5 --seed 9 --json a.json --record r.json " CALLS
	      "; $X -q --json - --ctx-file r.json "
	      "--captured strict " CALLS " | head -n 1 | " SAME " >b.json; head -n 1 a.json | " SAME
	      " | cmp - b.json && grep -o '\"retval\":[0-9]*' b.json | wc -l; "
	      "$X -q --json - --ctx-file r.json --captured strict --seed 77 --clock 5 " CALLS
	      " | head -n 1 | " SAME " | cmp - b.json",
	  0, NULL, "1\n" },
	{ "what is recorded", "grep -o '\"helperFn\":[0-9]*' r.json | tr '\\n' ' '", 0, NULL,
	  "\"helperFn\":1 \"helperFn\":5 \"helperFn\":7 \"helperFn\":25 " },
	{ "not replayed it is another",
	  "sed 's/\"helperCalls\":.*/\"helperCalls\":{}}}/' r.json >s.json; "
	  "$X -q --json - --ctx-file s.json --captured emulate --seed 77 " CALLS
	  " | head -n 1 | " SAME " | cmp -s - b.json; echo $?",
	  0, NULL, "1\n" },
	{ "which packet",
	  "$X -r $C/demo.pcap -f 'ip6' --record t.json " CALLS " >/dev/null; "
	  "grep -o '^{\"name\":\"[a-z 0-9]*' t.json",
	  0,
	  SAYS("*\nxdpbench: t.json: has the calls of packet *, the first of * that were run; "
	       "--skip and -f "
	       "choose another"),
	  "{\"name\":\"packet [1-9]*\n" },
	{ "one packet", "$X -r $C/demo.pcap -c 1 --record t.json $P/pass.o >/dev/null", 0, NULL,
	  NULL },
	{ "no packet", RUN "-f 'tcp port 1' --record t.json $P/pass.o", 2,
	  SAYS("--record: t.json: no packet was run"), NULL },
	{ "recorded over its input",
	  "cp r.json u.json; $X -q --ctx-file u.json --record u.json " CALLS, 2,
	  SAYS("u.json: is read, and would be overwritten"), NULL },
	{ "recorded twice",
	  "$X -q --ctx-file r.json --record u.json " CALLS
	  " && cmp r.json u.json; $X -q --json - --ctx-file u.json " CALLS " | head -n 1 | " SAME
	  " | cmp - b.json",
	  0, NULL, "*" },
	{ "recorded of a kprobe",
	  FILE_OF(CAPTURED(REQUEST,
	                   PID)) "$X -q --captured emulate --ctx-file c.json --record v.json -p "
	                         "ctx_kprobe $B/ctx.o && "
	                         "$X --captured strict --ctx-file v.json -p ctx_kprobe $B/ctx.o",
	  0, NULL, "*ctx_kprobe: returned 3, *" },
	{ "beyond the recording",
	  "sed 's/\"helperCalls\":.*/\"helperCalls\":{}}}/' r.json >s.json; $X -q --ctx-file "
	  "s.json " CALLS,
	  4,
	  SAYS("*not emulated: bpf_ktime_get_ns: call 1 of it is not in the recording, which has "
	       "0, *"),
	  NULL },
	{ "a warning",
	  "sed 's/\"helperFn\":25,\"params\":.{/&\"reg\":5,\"value\":9},{/' r.json >s.json; "
	  "$X --ctx-file s.json " CALLS " >/dev/null",
	  0,
	  SAYS("bpf_perf_event_output: recorded call 1 has 0x9 in r5, the program 0x4\nxdpbench: "
	       "*no XDP "
	       "action; *"),
	  NULL },
	{ "the same, strict", "$X -q --captured strict --ctx-file s.json " CALLS, 4,
	  SAYS("*bpf_perf_event_output: recorded call 1 has 0x9 in r5, the program 0x4, at *"),
	  NULL },
	{ "recorded calls on two CPUs", RUN "--cpus 2 --ctx-file r.json " CALLS, 2,
	  SAYS("--cpus: the context's helper calls were recorded in one order, for one CPU"),
	  NULL },
	{ "recorded on two CPUs", RUN "--cpus 2 --record t.json " CALLS, 2,
	  SAYS("--record: one packet at a time: without --cpus"), NULL },
	{ "saved on two CPUs", RUN "--cpus 2 --save-ctx x " CALLS, 2,
	  SAYS("--save-ctx: one packet at a time: without --cpus"), NULL },
	{ "alone on two CPUs", "$X --cpus 2 --ctx-file r.json " CALLS, 2,
	  SAYS("--cpus: a context without a capture is one run"), NULL },
	{ "--captured", "$X -q --captured x --ctx-file s.json " CALLS, 2,
	  SAYS("--captured: 'x': expected strict, emulate, or strict,emulate"), NULL },
};

int
main(int argc, char **argv)
{
	return cli_main(argc, argv, rows, XB_ARRAY_SIZE(rows));
}
