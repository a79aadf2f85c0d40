/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cli_cpus.c - several vCPUs as scripts give them: --cpus.
 */
#include "tests/bench/cli.h"

#define CPUS "$X -q --no-data --cpus "
/* Which vCPUs packets ran on. */
#define RAN_ON   "--json o.json $P/pass.o; grep -o 'cpu\":[0-9]*' o.json | sort -u | tr -d '\\n'"
#define HOW_MANY "| wc -l"
#define FAULTS   "$X -q -r $C/demo.pcap --cpus 4 "
#define FILE_OF  "printf '%s' "
#define RECORDED "'{\"type\":\"captured\",\"ctx\":{\"helperCalls\":{}}}' >c.json; "
#define BYTES(n) "head -c " n " $C/demo.pcap >cut.pcap; "
/* pcap of link type 147, which nobody knows, behind nothing. */
#define UNKNOWN                                                                                    \
	"{ head -c 20 $C/demo.pcap; printf '\\223\\0\\0\\0'; tail -c +25 $C/demo.pcap; } "         \
	">u.pcap; "
#define QUEUES "$X -q -r $C/demo.pcap --ctx rx_queue_index=5 -w q.pcapng $P/pass.o; "

#define SAME(options)                                                                              \
	"for n in 1 4; do $X -q --faults=count --cpus $n " options " -w $n.pcapng --json $n.json " \
	"--trace >$n.txt; sed -E 's/\"cpu\":[0-9]+,(\"(redirect|ctx|stages|flow_keys)\")/\\1/; "   \
	"s/\"cpus\":[0-9]+,//; s/\"seconds\":[0-9.]+//; s/\"address\":\"[^\"]*\"//; "              \
	"/\"type\":\"map\"/d' $n.json >$n.lines; done; "                                           \
	"cmp 1.pcapng 4.pcapng && cmp 1.lines 4.lines && cmp 1.txt 4.txt"

static const struct cli_row rows[] = {
	{ "all ways, with events",
	  SAME("-r $C/mixed.pcapng --repeat 20 --map '.rodata[0]={by_bytes=1}' --map "
	       "'ports[1]=4:on_port' --map 'ports[2]=5' --map 'cpus[2]=64' --map 'socks[3]=9' "
	       "$B/ways.o"),
	  0, NULL, NULL },
	{ "copies",
	  SAME("-r $C/mixed.pcapng --repeat 20 --emit forwarded --map '.rodata[0]={by_bytes=1}' "
	       "--map 'ports[1]=4:on_port' --map 'ports[2]=5' --map 'cpus[2]=64' $B/ways.o"),
	  0, NULL, NULL },
	{ "stages", SAME("-r $C/mixed.pcapng --xdp $P/meta.o --tc $P/tc/left_meta.o"), 0, NULL,
	  NULL },
	{ "clones",
	  SAME("-r $C/mixed.pcapng --tc $P/tc/span.o:tc_span --tc-egress "
	       "$P/tc/vlan_tag.o:tc_vlan_tag"),
	  0, NULL, NULL },
	{ "flow dissector", SAME("-r $C/mixed.pcapng $P/skb/dissector.o"), 0, NULL, NULL },
	{ "counters add up",
	  "$X -q --cpus 4 -r $C/mixed.pcapng --repeat 500 --dump-maps $P/percpu.o | grep "
	  "'\"sizes\"' | grep -o '\"value\":[0-9]*}' | grep -o '[0-9]*' | awk '{ n += $1 } END { "
	  "print n }'",
	  0, NULL, "39000\n" },
	{ "none", "$X --cpus 0", 2, SAYS("--cpus: *"), NULL },
	{ "too many", "$X --cpus 257", 2, SAYS("--cpus: *"), NULL },
	{ "spread by flow", CPUS "4 -r $C/mixed.pcapng " RAN_ON, 0, NULL,
	  "cpu\":0cpu\":1cpu\":2cpu\":3" },
	{ "three", CPUS "3 -r $C/mixed.pcapng " RAN_ON, 0, NULL, "cpu\":0cpu\":1cpu\":2" },
	{ "one", CPUS "1 -r $C/mixed.pcapng " RAN_ON, 0, NULL, "cpu\":0" },
	{ "more than packets", CPUS "256 -c 5 -r $C/mixed.pcapng " RAN_ON, 0, NULL, "cpu\":0*" },
	{ "no packet", CPUS "4 -f 'port 9' -r $C/demo.pcap " RAN_ON, 0, NULL, NULL },
	{ "a queue for all", CPUS "4 --ctx rx_queue_index=6 -r $C/mixed.pcapng " RAN_ON, 0, NULL,
	  "cpu\":2" },
	{ "the capture's queues", QUEUES CPUS "4 -r q.pcapng " RAN_ON, 0, NULL, "cpu\":1" },
	{ "--ctx before the capture's", QUEUES CPUS "4 --ctx rx_queue_index=3 -r q.pcapng " RAN_ON,
	  0, NULL, "cpu\":3" },
	{ "the program's queue is not the hash's",
	  CPUS "4 -r $C/mixed.pcapng --json - $P/pass.o | grep -o 'queue_index\":[0-9]*' | sort -u",
	  0, NULL, "queue_index\":0\n" },
	{ "summary", CPUS "4 -r $C/demo.pcap --json - $P/pass.o | tail -n 1 | grep -o 'cpus\":4'",
	  0, NULL, "cpus\":4\n" },
	{ "faults",
	  "$X -q -r $C/demo.pcap $P/bad/past_packet.o 2>one.txt; " FAULTS
	  "$P/bad/past_packet.o 2>four.txt; echo $?; cmp one.txt four.txt",
	  0, NULL, "4\n" },
	{ "faults that count", FAULTS "--faults=count $P/bad/past_packet.o", 0, NULL, NULL },
	{ "faults, each told",
	  "$X -r $C/demo.pcap -q -v --faults=count $P/bad/past_packet.o 2>one.txt; " FAULTS
	  "-v --faults=count $P/bad/past_packet.o 2>four.txt; cmp one.txt four.txt; "
	  "test $(wc -l <four.txt) -gt 20",
	  0, NULL, NULL },
	{ "an endless program", CPUS "4 -c 20 --max-insns 1000 -r $C/demo.pcap $P/bad/endless.o", 4,
	  SAYS("*20 faults, the first in packet 1: instruction limit*"), NULL },
	{ "full disk", RUN "--cpus 4 -w /dev/full $P/pass.o", 2,
	  SAYS("/dev/full: *No space left on device"), NULL },
	{ "full disk, long", RUN "--cpus 4 --repeat 1000 -w /dev/full $P/pass.o", 2,
	  SAYS("/dev/full: *No space left on device"), NULL },
	{ "full disk, JSON", RUN "--cpus 4 --repeat 1000 --json /dev/full $P/pass.o", 2,
	  SAYS("/dev/full: *No space left on device"), NULL },
	{ "a capture that breaks off: what is before it goes out",
	  BYTES("1000") "$X -q -r cut.pcap --cpus 4 --json o.json $P/pass.o 2>four.txt; echo $?; "
	                "$X -q -r cut.pcap --json p.json $P/pass.o 2>one.txt; cmp one.txt "
	                "four.txt; "
	                "grep -c '\"n\"' o.json | grep -x $(grep -c '\"n\"' p.json)",
	  0, NULL, "2\n*\n" },
	{ "a link type that nobody knows", UNKNOWN "$X -q -r u.pcap --cpus 4 $P/pass.o", 2,
	  SAYS("u.pcap: *"), NULL },
	{ "recorded helper calls", FILE_OF RECORDED RUN "--cpus 2 --ctx-file c.json $P/pass.o", 2,
	  SAYS("--cpus: the context's helper calls were recorded in one order, for one CPU"),
	  NULL },
	{ "recording", RUN "--cpus 2 -c 1 --record r.json $P/pass.o", 2,
	  SAYS("--record: one packet at a time: without --cpus"), NULL },
	{ "contexts saved", RUN "--cpus 2 --save-ctx contexts $P/pass.o", 2,
	  SAYS("--save-ctx: one packet at a time: without --cpus"), NULL },
	{ "a pipe", "cat $C/demo.pcap | $X -q -r - --cpus 4 -w - $P/pass.o | $X -r - $P/pass.o", 0,
	  NULL, "*: 60 packets*" },
};

int
main(int argc, char **argv)
{
	return cli_main(argc, argv, rows, XB_ARRAY_SIZE(rows));
}
