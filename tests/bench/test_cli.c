/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cli.c - what scripts rely on: arguments, exit codes, and what is said where.
 */
#include "tests/bench/cli.h"

static const struct cli_row rows[] = {
	/* The tool itself. */
	{ "version", "$X --version", 0, NULL, "xdpbench [0-9]*\n" },
	{ "help", "$X --help", 0, NULL, "usage: xdpbench -r*--filter*subcommands*exit codes*" },
	{ "help of a subcommand", "$X inspect -h", 0, NULL, "usage: xdpbench inspect*--disasm*" },
	{ "nothing", "$X", 2, SAYS("no object file given*"), NULL },
	{ "no capture", "$X $P/pass.o", 2, SAYS("no capture to read*"), NULL },
	{ "unknown option", "$X --filtr x", 2,
	  SAYS("--filtr: no such option; did you mean --filter?"), NULL },
	{ "unlike any option", "$X --zzzzzz", 2, SAYS("--zzzzzz: no such option of 'run'*"), NULL },
	{ "unknown letter", "$X -Z", 2, SAYS("-Z: no such option*"), NULL },
	{ "argument missing", "$X -r", 2, SAYS("-r: needs FILE"), NULL },
	{ "long argument missing", "$X --filter", 2, SAYS("--filter: needs EXPR"), NULL },
	{ "argument too many", "$X --quiet=1", 2, SAYS("--quiet: takes no argument"), NULL },
	{ "second object", "$X -r x a.o b.o", 2, SAYS("'b.o': one argument too many after 'a.o'"),
	  NULL },
	{ "misspelt subcommand", "$X inspct x.o", 2, SAYS("'inspct'*did you mean 'inspect'?"),
	  NULL },
	{ "not a number", "$X -c x", 2, SAYS("--count: 'x': expected a number"), NULL },
	{ "leading zeros are decimal", "$X -r $C/demo.pcap -c 010 --skip 0x10 $P/pass.o", 0, NULL,
	  "*XDP_PASS * 10 *" },
	{ "not quite hexadecimal", "$X --skip 0x", 2, SAYS("--skip: '0x': expected a number"),
	  NULL },
	{ "number out of range", "$X --headroom 39", 2,
	  SAYS("--headroom: 39: expected a number from 40 to 3520"), NULL },
	{ "headroom", RUN "--headroom 300 $P/pass.o", 2,
	  SAYS("--headroom: 300: expected a multiple of 8"), NULL },
	{ "metadata beyond the headroom",
	  RUN "--headroom 64 --ctx data_meta=$(printf '%064d' 0) $P/pass.o", 2,
	  SAYS("--ctx: data_meta: 32 bytes do not fit: a headroom of 64 has room for 24"), NULL },
	{ "metadata up to it", RUN "--headroom 64 --ctx data_meta=$(printf '%048d' 0) $P/pass.o", 0,
	  NULL, NULL },
	{ "no name", RUN "--pin-dir '' $P/pass.o", 2, SAYS("--pin-dir: '': expected DIR"), NULL },
	{ "empty filter", RUN "-f '' $P/pass.o", 0, NULL, NULL },
	{ "stdin twice", "$X -r - -", 2, SAYS("standard input is asked for more than once"), NULL },
	{ "stdout twice", "$X -r x -w - --json - y", 2,
	  SAYS("standard output is asked for more than once"), NULL },
	{ "subcommand behind an option", "$X -q diff -r $C/demo.pcap $P/pass.o", 2,
	  SAYS("'diff': subcommands stand before options"), NULL },
	{ "later: check", "$X check", 2, SAYS("check: not available in this version"), NULL },
	{ "later: fuzz", "$X fuzz", 2, SAYS("fuzz: not available in this version"), NULL },
	{ "later: jit", "$X --engine jit", 2, SAYS("--engine: 'jit' is not available*"), NULL },
	{ "field of a TC context", RUN "--ctx mark=1 $P/pass.o", 2,
	  SAYS("--ctx: mark: no field of xdp_md, which XDP programs have"), NULL },
	{ "field of no context", "$X --ctx marc=1", 2,
	  SAYS("--ctx: 'marc': no field of xdp_md or __sk_buff that can be set"), NULL },
	{ "context without a value", "$X --ctx rx_queue_index", 2,
	  SAYS("--ctx: *expected NAME=VALUE"), NULL },
	{ "metadata of 3 bytes", "$X --ctx data_meta=010203", 2,
	  SAYS("--ctx: data_meta: *multiple of 4*"), NULL },

	/* The main job. */
	{ "summary", "$X -r $C/demo.pcap $P/pass.o", 0, NULL,
	  "*: xdp_pass: 60 packets*XDP_PASS * 60 *100.0%*" },
	{ "quiet", RUN "$P/pass.o", 0, NULL, NULL },
	{ "count and skip", "$X -r $C/demo.pcap -c 7 --skip 55 $P/pass.o", 0, NULL,
	  "*: 5 packets*" },
	{ "one packet", "$X -r $C/demo.pcap -c1 $P/pass.o", 0, NULL, "*: 1 packet,*" },
	{ "repeat", "$X -r $C/demo.pcap --repeat 3 $P/pass.o", 0, NULL, "*: 180 packets*" },
	{ "repeat a pipe", "cat $C/demo.pcap | $X -q -r - --repeat 2 $P/pass.o", 2,
	  SAYS("standard input: a pipe can be read only once"), NULL },
	{ "all by stdin and stdout",
	  "cat $C/demo.pcap | $X -r - -w - $P/pass.o | $X -r - $P/pass.o", 0, "*60 packets*",
	  "*60 packets*" },
	{ "object by stdin", "cat $P/pass.o | $X -r $C/demo.pcap -", 0, NULL,
	  "standard input: xdp_pass*" },
	{ "filter", "$X -r $C/demo.pcap -f 'udp port 53' $P/drop.o", 0, NULL,
	  "*XDP_DROP*(not matched by -f)*" },
	{ "filter with a mistake",
	  RUN "-w f.pcapng -f 'tcp prot' $P/pass.o; c=$?; test -s f.pcapng; exit $c$?", 21,
	  SAYS("--filter: *syntax error"), NULL },
	{ "unmatched are dropped",
	  RUN "-f 'udp port 53' --unmatched drop -w u.pcapng $P/pass.o && $X -r u.pcapng -f 'not "
	      "udp port 53' "
	      "$P/pass.o",
	  0, NULL, "*(not matched by -f)*100.0%*" },
	{ "empty capture",
	  "head -c 24 $C/demo.pcap | $X -r - -w e.pcapng $P/pass.o && $X -r e.pcapng $P/pass.o", 0,
	  NULL, "*: 0 packets*: 0 packets*" },
	{ "pcap says once what it lacks", "$X -r $C/demo.pcap -F pcap -w o.pcap $P/pass.o", 0,
	  SAYS("o.pcap: pcap cannot hold verdicts*"), "*" },
	{ "text moves off a stdout in use", "$X -r $C/demo.pcap --json - $P/pass.o", 0,
	  "*60 packets*", "{\"type\":\"packet\"*{\"type\":\"summary\"*" },
	{ "trace", "$X -q --trace -c 1 -r $C/demo.pcap $P/pass.o", 0, NULL,
	  "1: XDP_PASS, 42 bytes, 2 instructions\n" },
	{ "verbose", "$X -q -v -c 1 -r $C/demo.pcap $P/bad/null_value.o", 4,
	  "*packet 1: null pointer*", NULL },

	{ "timers in the capture's time",
	  "$X -q -r $C/demo.pcap --map 'config[0]=1000000' --dump-maps $P/flow_expiry.o", 0, NULL,
	  "*{\"opened\":31},{\"expired\":29}*" },
	{ "timers later than the capture",
	  "$X -q -r $C/demo.pcap --map 'config[0]=10000000000' --dump-maps $P/flow_expiry.o", 0,
	  NULL, "*{\"opened\":30},{\"expired\":0}*" },
	{ "a timer that faults", "$X -q -v -r $C/demo.pcap $B/late.o", 4,
	  "*demo.pcap: packet 2: out-of-bounds read: 1 byte past the end of value of map 'timers' "
	  "(24 bytes), at *late.bpf.c:*",
	  NULL },

	/* Programs. */
	{ "by function", RUN "-p xdp_second $P/multi.o", 0, NULL, NULL },
	{ "by section", RUN "-p xdp.frags $P/multi.o", 0, NULL, NULL },
	{ "by a section of two", RUN "-p xdp $P/multi.o", 2,
	  SAYS("*multi.o: more than one program in section 'xdp'; there are 'xdp_first' (section "
	       "'xdp'), *"),
	  NULL },
	{ "not chosen", RUN "$P/multi.o", 2,
	  SAYS("*multi.o: more than one XDP or TC program; choose one with -p: *"), NULL },
	{ "no such program", RUN "-p nope $P/multi.o", 2,
	  SAYS("*multi.o: no program 'nope'; there are *"), NULL },
	{ "pin name", "$X -r $C/demo.pcap -p xdp_devmap $B/ways.o", 0, NULL, "*ways.o: on_port*" },
	{ "type by section name", RUN "-p needs_nothing $B/needs.o", 0, NULL, NULL },
	{ "type not told", RUN "-p needs_type $B/needs.o", 2,
	  SAYS("*'filter' does not tell its type*"), NULL },
	{ "type given", RUN "-p needs_type --type xdp $B/needs.o", 0, NULL, NULL },
	{ "TC program", RUN "-p needs_tc $B/needs.o", 0, NULL, NULL },
	{ "siblings that cannot be loaded",
	  "$X --no-lint --trace -c 1 -r $C/demo.pcap -p calls --map 'next[0]=drops' $B/siblings.o",
	  0,
	  SAYS("*siblings.o: left out: prog 'fails': insn 0 (*siblings.bpf.c:26): *9999*\n"
	       "xdpbench: *siblings.o: left out: prog 'fails_too': insn * "
	       "(*siblings.bpf.c:33): *9999*"),
	  "1: XDP_DROP, *" },
	{ "siblings that cannot be loaded, quietly",
	  LINE "-p calls --map 'next[0]=drops' $B/siblings.o", 0, NULL, "*\"XDP_DROP\"*" },
	{ "a sibling that cannot be loaded, and is wanted",
	  LINE "-p calls --map 'next[0]=fails' $B/siblings.o", 2,
	  SAYS("--map: next[[]0]=fails: value: no program 'fails' was loaded"), NULL },
	{ "unknown helper", RUN "-p needs_helper $B/needs.o", 3,
	  SAYS("*needs.o: prog 'needs_helper': insn * (*needs.bpf.c:40): *9999*"), NULL },
	{ "helper that reads the machine", RUN "-p needs_tracing $B/needs.o", 4,
	  SAYS("*not emulated: bpf_probe_read_kernel reads the machine: its results have to be "
	       "given, as \"helperCalls\" of a captured context, at *"),
	  NULL },
	{ "results of a helper, recorded",
	  "echo '{\"type\":\"captured\",\"ctx\":{\"helperCalls\":{\"113\":[{\"params\":[{\"reg\":2,"
	  "\"value\":8}],\"results\":[{\"reg\":0,\"value\":0},{\"reg\":1,\"value\":\"AQIDBAUGBwg="
	  "\"}]}"
	  "]}}}' >c.json; " RUN
	  "--json - --no-data -c 1 --ctx-file c.json -p needs_tracing $B/needs.o",
	  0, NULL, "*\"retval\":67305985,*" },
	{ "recorded with other arguments",
	  "sed 's/:8}/:4}/' c.json >d.json; " RUN
	  "--captured strict --ctx-file d.json -p needs_tracing $B/needs.o",
	  4, SAYS("*bpf_probe_read_kernel: recorded call 1 has 0x4 in r2, the program 0x8, at *"),
	  NULL },
	{ "recorded call without a number",
	  "sed 's/113/x/' c.json >d.json; $X -r $C/demo.pcap --ctx-file d.json $P/pass.o", 2,
	  SAYS("d.json: line 1, column *: ctx.helperCalls.x: no helper has this number"), NULL },
	{ "recorded bytes that are no base64",
	  "sed 's/AQID/AQI/' c.json >d.json; $X -r $C/demo.pcap --ctx-file d.json $P/pass.o", 2,
	  SAYS("d.json: line 1, column *: ctx.helperCalls.113[[]0].results[[]1].value: expected "
	       "base64"),
	  NULL },
	{ "map of before BTF", RUN "-p packets $B/../emu/progs/legacy.o", 0, NULL, NULL },
	{ "map of iproute2 with others inside", RUN "-p packets $B/../emu/progs/legacy_nested.o", 3,
	  SAYS("*legacy_nested.o: legacy map 'kinds': inner_id 2, inner_idx 0: *"), NULL },
	{ "map type not emulated", RUN "-p needs_map $B/needs.o", 3,
	  SAYS("*: prog 'needs_map': map 'socks': type unknown (60) is not emulated"), NULL },
	{ "inner map's type not emulated", RUN "-p needs_inner_map $B/needs.o", 3,
	  SAYS("*: prog 'needs_inner_map': map 'futures': type unknown (61) is not emulated"),
	  NULL },
	{ "map without size", RUN "$B/sizeless.o", 3,
	  SAYS("*: map 'seats': failed to create: Invalid argument(-22): max_entries is 0, *"),
	  NULL },
	{ "kernel function", RUN "$B/../emu/progs/strong.o", 3,
	  SAYS("*'bpf_there_is_no_such_kfunc'*: this kernel function is not emulated"), NULL },
	{ "return value that is no action", "$X -r $C/demo.pcap -p returns_77 $B/needs.o", 0,
	  SAYS("*packet 1: the program returned 77, which is no XDP action; dropped"),
	  "*INVALID * 60 *" },

	/* Objects that are none. */
	{ "no object", RUN "nope.o", 2, SAYS("nope.o: cannot be opened: No such file or directory"),
	  NULL },
	{ "directory", RUN ".", 2, SAYS(".: cannot be read: Is a directory"), NULL },
	{ "not ELF", "echo hello >t.o; " RUN "t.o", 3, SAYS("t.o: not an ELF file"), NULL },
	{ "empty object", ": >z.o; " RUN "z.o", 3, SAYS("z.o: empty file*"), NULL },
	{ "cut in the header", "head -c 20 $P/pass.o >h.o; " RUN "h.o", 3,
	  SAYS("h.o: ELF file is cut short*"), NULL },
	{ "cut in the middle", "head -c 300 $P/pass.o >c.o; " RUN "c.o", 3,
	  SAYS("c.o: ELF file is cut short*"), NULL },
	{ "for another machine", RUN "/bin/sh", 3, SAYS("/bin/sh: ELF file for *, not for BPF*"),
	  NULL },
	{ "corrupt BTF",
	  "o=$(readelf -SW $P/firewall.o | awk '/ \\.BTF / { print $5 }'); cp $P/firewall.o b.o; "
	  "printf '\\377\\377\\377\\377' | dd of=b.o bs=1 seek=$((0x$o + 8)) conv=notrunc "
	  "2>/dev/null; " RUN "b.o",
	  3, SAYS("b.o: *BTF*"), NULL },

	/* Captures that are none. */
	{ "no such capture", "$X -r nope.pcap $P/pass.o", 2, SAYS("nope.pcap: cannot be opened: *"),
	  NULL },
	{ "not a capture", "echo hello >t.pcap; $X -r t.pcap $P/pass.o", 2,
	  SAYS("t.pcap: *no pcap*"), NULL },
	{ "empty file", "$X -r /dev/null $P/pass.o", 2, SAYS("/dev/null: is empty*"), NULL },
	{ "cut short",
	  "head -c 1000 $C/demo.pcap >s.pcap; $X -r s.pcap -w s.pcapng $P/pass.o; c=$?; "
	  "$X -r s.pcapng $P/pass.o; exit $c",
	  2, SAYS("s.pcap: packet 13 at byte 966: *"), "*12 packets*12 packets*" },

	/* Outputs that fail. */
	{ "full disk", RUN "-w /dev/full $P/pass.o", 2, SAYS("/dev/full: *No space left on device"),
	  NULL },
	{ "full disk, JSON", RUN "--json /dev/full $P/pass.o", 2,
	  SAYS("/dev/full: *No space left on device"), NULL },
	{ "full disk, maps", RUN "--dump-maps=/dev/full $P/percpu.o", 2,
	  SAYS("/dev/full: *No space left*"), NULL },
	{ "full disk, text", "$X -r $C/demo.pcap $P/pass.o >/dev/full", 2,
	  SAYS("standard output: *No space left*"), NULL },
	{ "closed pipe",
	  "{ $X -q -r $C/demo.pcap --repeat 10000 -w - $P/pass.o; echo $? >&2; } | head -c 10 "
	  ">/dev/null",
	  0, SAYS("standard output: *Broken pipe\n2"), NULL },
	{ "file too large", "(ulimit -f 4; " RUN "--repeat 100 -w l.pcapng $P/pass.o)", 2,
	  SAYS("l.pcapng: cannot be written: File too large"), NULL },
	{ "no such directory", RUN "-w /nonexistent/x $P/pass.o", 2,
	  SAYS("/nonexistent/x: cannot be opened*"), NULL },
	{ "over its own input",
	  "cp $C/demo.pcap i.pcap; $X -r i.pcap -w i.pcap $P/pass.o; cmp i.pcap $C/demo.pcap && "
	  "exit 9",
	  9, SAYS("i.pcap: is read, and would be overwritten"), NULL },
	{ "a template makes the input",
	  "cp $C/demo.pcap i.XDP_PASS; $X -q -r i.XDP_PASS -w i.%v $P/pass.o; c=$?; cmp i.XDP_PASS "
	  "$C/demo.pcap; exit $c",
	  2, SAYS("i.XDP_PASS: is read, and would be overwritten"), NULL },
	{ "a template makes the JSON", RUN "-w j.%v --json j.XDP_PASS $P/pass.o", 2,
	  SAYS("j.XDP_PASS: is written by two options"), NULL },
	{ "a map's file is overwritten",
	  "echo '[]' >m.in; " RUN "--map open_ports=m.in -w m.in $P/firewall.o", 2,
	  SAYS("m.in: is read, and would be overwritten"), NULL },
	{ "standard output by its name",
	  "$X -r $C/demo.pcap -w /dev/stdout $P/pass.o | $X -q --json - -r - $P/pass.o | grep -c "
	  "packets.:60",
	  0, "*XDP_PASS * 60 *", "1\n" },
	{ "one file for two", RUN "-w 2.x --json 2.x $P/pass.o", 2,
	  SAYS("2.x: is written by two options"), NULL },

	/* Faults. */
	{ "fault", "$X -r $C/demo.pcap $P/bad/past_packet.o", 4,
	  SAYS("*past_packet.o: 60 faults, the first in packet 1: out-of-bounds read: *bpf.c:11 *"),
	  "*XDP_ABORTED * 60 *faults: 60\n*60 x out-of-bounds read: *past the end of packet*at "
	  "*past_packet.bpf.c:*" },
	{ "faults are counted", "$X -q -r $C/demo.pcap --faults=count $P/bad/past_packet.o", 0,
	  NULL, NULL },
	{ "endless", RUN "-c 1 --max-insns 100000 $P/bad/endless.o", 4,
	  SAYS("*endless.o: 1 fault, the first in packet 1: instruction limit: *"), NULL },
	{ "null", RUN "$P/bad/null_value.o", 4, SAYS("*60 faults*: null pointer: *"), NULL },
	{ "stack", RUN "$P/bad/out_of_frame.o", 4,
	  SAYS("*60 faults*: out-of-bounds write: *stack*"), NULL },

	/* Maps. */
	{ "element",
	  RUN "--map 'open_ports[{22,6}]=3' --dump-maps $P/firewall.o | grep -c "
	      "'\"number\":22,\"proto\":6'",
	  0, NULL, "1\n" },
	{ "map of the kernel, no place", RUN "--map open_ports@ $P/firewall.o", 2,
	  SAYS("--map: 'open_ports@': expected NAME=FILE, NAME*KEY*=VALUE, NAME@PIN or "
	       "NAME@id:NUMBER"),
	  NULL },
	{ "map of the kernel, no name", RUN "--map @id:1 $P/firewall.o", 2,
	  SAYS("--map: '@id:1': expected NAME=FILE, *"), NULL },
	{ "map of the kernel, no number", RUN "--map open_ports@id:-1 $P/firewall.o", 2,
	  SAYS("--map: map 'open_ports': expected id:NUMBER, found 'id:-1'"), NULL },
	{ "map of the kernel, id 0", RUN "--map open_ports@id:0 $P/firewall.o", 2,
	  SAYS("--map: map 'open_ports': expected id:NUMBER, found 'id:0'"), NULL },
	{ "map of the kernel that the object has not", RUN "--map shut@id:1 $P/firewall.o", 2,
	  SAYS("--map: no map 'shut' in *"), NULL },
	{ "file with an at sign", "echo '[]' >a@b; " RUN "--map open_ports=a@b $P/firewall.o", 0,
	  NULL, NULL },
	{ "member names", RUN "--map 'open_ports[{proto=6,number=80}]=3' $P/firewall.o", 0, NULL,
	  NULL },
	{ "prefix",
	  RUN "--map 'blocked4[10.0.0.0/8]=5' --map 'blocked6[2001:db8::/32]=7' $P/firewall.o", 0,
	  NULL, NULL },
	{ "devmap, cpumap, xskmap",
	  "$X -r $C/demo.pcap --map 'ports[1]=4:on_port' --map 'cpus[2]=64' --map 'socks[3]=9' "
	  "--faults=count $B/ways.o",
	  0, NULL, "*ifindex 4 *ifindex 7 *cpu 2 *socket 9 *" },
	{ "cgroup of a socket",
	  "echo "
	  "'{\"type\":\"sk_buff\",\"ctx\":{\"sock\":{\"state\":1,\"cgroupId\":8589934599,"
	  "\"cgroupLevel\":1}}}' "
	  ">g.json "
	  "&& $X -r $C/demo.pcap --ctx-file g.json --map 'groups[1]=8589934599' $B/groups.o",
	  0, NULL, "*TC_ACT_SHOT * 60 *" },
	{ "another cgroup", "$X -r $C/demo.pcap --ctx-file g.json --map 'groups[1]=7' $B/groups.o",
	  0, NULL, "*TC_ACT_OK * 60 *" },
	{ "cgroup above a socket's",
	  "echo "
	  "'{\"type\":\"sk_buff\",\"ctx\":{\"sock\":{\"cgroupId\":9,\"cgroupLevel\":3,"
	  "\"cgroupAncestors\":[7,8]}}}' "
	  ">a.json && $X -r $C/demo.pcap --ctx-file a.json --map 'groups[1]=8' $B/groups.o",
	  0, NULL, "*TC_ACT_SHOT * 60 *" },
	{ "cgroups above a socket's, of text",
	  "echo '{\"type\":\"sk_buff\",\"ctx\":{\"sock\":{\"cgroupAncestors\":[\"a\"]}}}' >a.json; "
	  "$X -r $C/demo.pcap --ctx-file a.json $B/groups.o",
	  2, SAYS("a.json: line 1, column 53: ctx.sock.cgroupAncestors[[]0]: expected a number"),
	  NULL },
	{ "cgroups above a socket's, too many",
	  "echo "
	  "'{\"type\":\"sk_buff\",\"ctx\":{\"sock\":{\"cgroupAncestors\":[1,2,3,4,5,6,7,8,9]}}}' "
	  ">a.json; $X -r $C/demo.pcap --ctx-file a.json $B/groups.o",
	  2, SAYS("a.json: *at most 8 ids of cgroups"), NULL },
	{ "cgroups cannot be read", RUN "--map 'groups[1]=7' --dump-maps $B/groups.o", 0, NULL,
	  "*\"groups\"*\"elements\":[[]]}*" },
	{ "no cgroup", RUN "--map 'groups[1]=0' $B/groups.o", 2,
	  SAYS("--map: groups*: value: expected the id of a cgroup"), NULL },
	{ "negative cgroup", RUN "--map 'groups[1]=-1' $B/groups.o", 2,
	  SAYS("--map: groups*: value: expected the id of a cgroup"), NULL },
	{ "cgroup past the map", RUN "--map 'groups[2]=7' $B/groups.o", 2,
	  SAYS("--map: groups*: does not fit: max_entries is 2"), NULL },
	{ "broadcast, also to where it came from",
	  RUN "-c 1 --json - --map '.rodata[0]={only=7}' --map 'ports[1]=1' --map 'ports[2]=5' "
	      "$B/ways.o",
	  0, NULL, "*\"ifindexes\":[[]1,5],*" },
	{ "global variable", "$X -r $C/demo.pcap --map '.rodata[0]={only=1}' $B/ways.o", 0, NULL,
	  "*XDP_DROP * 60 *" },
	{ "global variables, second element", RUN "--map '.rodata[1]={only=1}' $B/ways.o", 2,
	  SAYS("--map: .rodata*: key: expected 0, found 1"), NULL },
	{ "global variables, no element", RUN "--map '.rodata[]={only=1}' $B/ways.o", 2,
	  SAYS("--map: .rodata*: key: expected 0"), NULL },
	{ "negative and unsigned", RUN "--map 'counters[1]={packets=-1}' $P/firewall.o", 2,
	  SAYS("--map: counters*: packets: expected a number from 0 to 18446744073709551615, found "
	       "'-1'"),
	  NULL },
	{ "round trip",
	  RUN "--map 'open_ports[{22,6}]=3' --dump-maps=1.json $P/firewall.o && " RUN
	      "-c 1 --map open_ports=1.json --map counters=1.json --dump-maps $P/firewall.o | grep "
	      "-c '\"number\":22'",
	  0, NULL, "1\n" },
	{ "round trip of programs",
	  RUN "--dump-maps=p.json -p xdp_tail_call $P/tail_call.o && sed -i "
	      "'/stages/s/\"key\":\\[\"0x04/\"key\":[\"0x03/' p.json && " RUN
	      "-c 1 --map stages=p.json --dump-maps -p xdp_tail_call $P/tail_call.o | grep -c "
	      "'stages.*\"0x03\".*\"0x04\"'",
	  0, NULL, "1\n" },
	{ "round trip of maps",
	  RUN "--map 'by_size[2]=small' --map 'tenants[7]=tenant_b' --dump-maps=i.json "
	      "$P/tenants.o && " RUN "-c 1 --map by_size=i.json --map tenants=i.json "
	      "--dump-maps=j.json $P/tenants.o && for m in by_size tenants; do grep $m i.json >i1; "
	      "grep $m j.json | cmp - i1 && grep -c '\"0x0[27]\"' i1; done",
	  0, NULL, "1\n1\n" },
	{ "round trip of a devmap",
	  RUN
	  "-c 1 --map 'ports[1]=4:on_port' --dump-maps=d.json $B/ways.o && " RUN
	  "-c 1 --map ports=d.json --dump-maps=e.json $B/ways.o && grep '\"ports' d.json >d1 && "
	  "grep '\"ports' e.json | cmp - d1 && grep -c '\"0x04\"' d1",
	  0, NULL, "1\n" },
	{ "no program of that id",
	  RUN "--map 'stages[1]=[\"0x63\",\"0x00\",\"0x00\",\"0x00\"]' -p xdp_tail_call "
	      "$P/tail_call.o",
	  2, SAYS("--map: stages*: value: no program with id 99 in the object"), NULL },
	{ "no map of that id",
	  RUN "--map 'tenants[1]=[\"0x63\",\"0x00\",\"0x00\",\"0x00\"]' $P/tenants.o", 2,
	  SAYS("--map: tenants*: value: no map with id 99 in the object"), NULL },
	{ "no such map", RUN "--map 'nope[1]=2' $P/firewall.o", 2,
	  SAYS("--map: no map 'nope' in *firewall.o"), NULL },
	{ "value too wide", RUN "--map 'counters[1]={packets=-}' $P/firewall.o", 2,
	  SAYS("--map: counters*: value: packets: expected a number from 0 to *, found '-'"),
	  NULL },
	{ "key out of range", RUN "--map 'counters[100]={1,2}' $P/firewall.o", 2,
	  SAYS("--map: counters*: does not fit: max_entries is 6"), NULL },
	{ "no such member", RUN "--map 'open_ports[{nmber=1}]=1' $P/firewall.o", 2,
	  SAYS("--map: open_ports*: key: no member 'nmber'"), NULL },
	{ "element without an end", RUN "--map 'counters[1=2' $P/firewall.o", 2,
	  SAYS("--map: *expected NAME*KEY*"), NULL },
	{ "malformed JSON",
	  "printf '[{\"key\":1,\\n \"value\":}]' >m.json; " RUN
	  "--map open_ports=m.json $P/firewall.o",
	  2, SAYS("m.json: line 2, column 10: expected a value"), NULL },
	{ "JSON cut short",
	  "printf '[{\"key\"' >n.json; " RUN "--map open_ports=n.json $P/firewall.o", 2,
	  SAYS("n.json: line 1, column 8: expected ':', found the end"), NULL },
	{ "key of the wrong size",
	  "printf '[\\n {\"key\":[\"0x01\"],\"value\":[\"0x01\"]}]' >k.json; " RUN
	  "--map open_ports=k.json $P/firewall.o",
	  2, SAYS("k.json: line 2, column 2: key: expected 4 bytes, found 1"), NULL },
	{ "value of the wrong size",
	  "printf '[{\"key\":[\"0x01\",\"0x00\",\"0x00\",\"0x00\"],\"value\":[\"0x01\"]}]' "
	  ">v.json; " RUN "--map open_ports=v.json $P/firewall.o",
	  2, SAYS("v.json: line 1, column 2: value: expected 8 bytes, found 1"), NULL },
	{ "no program of that name", RUN "--map 'ports[1]=4:nope' $B/ways.o", 2,
	  SAYS("--map: ports*: value: no program 'nope' was loaded"), NULL },

	/* Pins. */
	{ "junk in the pin directory",
	  "mkdir junk && echo junk >junk/pinned_total; " RUN "--pin-dir junk $P/pinned.o", 3,
	  SAYS("*pinned.o: cannot be loaded: couldn't retrieve pinned map 'junk/pinned_total': "
	       "Invalid "
	       "argument: the file is no pinned map"),
	  NULL },
	{ "pin that cannot be written",
	  "mkdir -p other/pinned_total.new; " RUN "--pin-dir other $P/pinned.o", 2,
	  SAYS("other/pinned_total: cannot be written: Is a directory"), NULL },
	{ "no pin directory", RUN "--pin-dir /proc/none $P/pinned.o", 2,
	  SAYS("/proc/none/pinned_total: cannot be written: No such file or directory"), NULL },

	/* Time. */
	{ "interrupted",
	  "$X -r $C/demo.pcap --repeat 100000000 -w int.pcapng $P/pass.o >int.txt & p=$!; sleep "
	  "0.5; kill -INT $p; "
	  "wait $p; c=$?; grep -c interrupted int.txt; $X -q -r int.pcapng $P/pass.o; echo $?; rm "
	  "int.pcapng; exit $c",
	  130, NULL, "1\n0\n" },
	{ "killed",
	  "$X -q -r $C/demo.pcap --repeat 100000000 -w kill.pcapng $P/pass.o & p=$!; sleep 0.5; "
	  "kill -KILL $(cat /proc/$p/task/$p/children); wait $p; c=$?; rm kill.pcapng; exit $c",
	  4, SAYS("*pass.o: the replay was killed (Killed); output files may end early"), NULL },
	{ "interrupted before the first byte",
	  "sleep 2 | { exec 3<&0; $X -q -r - $P/pass.o <&3 & p=$!; sleep 0.3; kill -INT $p; wait "
	  "$p; }",
	  130, NULL, NULL },
	{ "interrupted while it waits",
	  "{ head -c 1000 $C/demo.pcap; sleep 2; } | { exec 3<&0; $X -r - $P/pass.o <&3 & p=$!; "
	  "sleep 0.3; kill -INT $p; wait $p; }",
	  130, NULL, "*interrupted*12 packets*" },

	/* The other subcommands. */
	{ "inspect", "$X inspect $P/firewall.o", 0, NULL,
	  "*can be run*program xdp_firewall*type xdp (emulated)*map_lookup_elem*map "
	  "counters*percpu_array*" },
	{ "inspect, not emulated", "$X inspect $B/needs.o", 0, NULL,
	  "*cannot be run: *9999 (not emulated)*unknown (not*map ops*struct_ops (emu*" },
	{ "inspect, map not made", "$X inspect -p needs_map $B/needs.o", 0, NULL,
	  "*program needs_map\n*helpers: map_lookup_elem\n*" },
	{ "inspect, nothing to run", "$X inspect $B/../emu/progs/ext.o", 0, NULL,
	  "*ext.o: cannot be run: no XDP or TC program\n*" },
	{ "inspect, TC", "$X inspect -p tc $B/sections.o", 0, NULL,
	  "*can be run\n*section tc, type sched_cls (emulated), 2 instructions\n*" },
	{ "inspect, tcx", "$X inspect -p in_tcx_egress $B/sections.o", 0, NULL,
	  "*, type sched_cls (emulated), attach type tcx_egress, 2 instructions\n*" },
	{ "inspect, action", "$X inspect -p action $B/sections.o", 0, NULL,
	  "*section action, type sched_act (emulated), 2 instructions\n*" },
	{ "inspect, neither", "$X inspect $B/sections.o", 0, NULL,
	  "*section kprobe/nothing, type kprobe (not emulated), 2 instructions\n*" },
	{ "inspect as JSON, TC", "$X inspect --json -p netkit_peer $B/sections.o", 0, NULL,
	  "*\"prog_type\":\"sched_cls\",\"attach_type\":\"netkit_peer\",\"emulated\":true,"
	  "\"loaded\":true*" },
	{ "inspect as JSON", "$X inspect --json $P/firewall.o", 0, NULL,
	  "{\"file\":*\"loads\":true*\"programs\":*}\n" },
	{ "inspect, what Linux refuses", "$X inspect $B/shifts.o", 0, NULL,
	  "*program xdp_shifts\n*\n  warning: insn * (xdp_shifts, *shifts.bpf.c:*): a shift of 32 "
	  "bits by "
	  "33, which is by 1 here, is refused by Linux's verifier\n  warning: insn * (wide, "
	  "*shifts.bpf.c:*): a shift of 64 bits by 72, which is by 8 here, *\nprogram "
	  "xdp_divides\n*\n  "
	  "warning: insn * (xdp_divides, *.c:*): a division by the constant 0 *\nprogram "
	  "xdp_does_neither\n*helpers: none\n" },
	{ "inspect, what Linux refuses, one",
	  "$X inspect -p xdp_does_neither $B/shifts.o | grep -c warning", 1, NULL, "0\n" },
	{ "inspect as JSON, what Linux refuses", "$X inspect --json -p xdp_divides $B/shifts.o", 0,
	  NULL,
	  "*\"warnings\":[[]{\"insn\":*,\"func\":\"xdp_divides\",\"file\":\"*shifts.bpf.c\","
	  "\"line\":"
	  "*,\"message\":\"a division by the constant 0 *\"}]}*" },
	{ "inspect as JSON, nothing refused", "$X inspect --json $P/pass.o", 0, NULL,
	  "*\"warnings\":[[]]}*" },
	{ "shifts are masked", ONE "--trace -p xdp_shifts $B/shifts.o", 0, NULL, "1: XDP_DROP,*" },
	{ "division by the constant 0", ONE "--trace -p xdp_divides $B/shifts.o", 0, NULL,
	  "1: XDP_DROP,*" },
	{ "disassembly", "$X inspect --disasm $P/pass.o", 0, NULL,
	  "*xdp_pass:*;*(*pass.bpf.c:*w0 = 2*exit*" },
	{ "disassembly of what does not load", "$X inspect --disasm -p needs_helper $B/needs.o", 3,
	  SAYS("*9999*"), NULL },
	{ "list helpers", "$X list helpers", 0, NULL, "*map_lookup_elem*emulated*redirect_map*" },
	{ "list helpers, for all types",
	  "$X list helpers | grep -cE ' map_lookup_elem +emulated "
	  "+socket_filter,sched_cls,sched_act,xdp,"
	  "[a-z0-9_,]* +kernel/'",
	  0, NULL, "1\n" },
	{ "list helpers, for one type",
	  "$X list helpers | grep -cE ' xdp_adjust_(head|meta|tail) +emulated +xdp +net/'", 0, NULL,
	  "3\n" },
	{ "list helpers, of sockets' programs",
	  "$X list helpers | grep -cE ' (msg_(apply|cork)_bytes|msg_(pull|push|pop)_data|"
	  "msg_redirect_(map|hash)|sk_select_reuseport) +emulated +sk_(msg|reuseport) +net/'",
	  0, NULL, "8\n" },
	{ "list helpers, of programs that TCP calls",
	  "$X list helpers | grep -cE ' (sock_(map|hash)_update|(load|store|reserve)_hdr_opt|"
	  "sock_ops_cb_flags_set) +emulated +sock_ops +net/'",
	  0, NULL, "6\n" },
	{ "list helpers as JSON", "$X list helpers --json", 0, NULL,
	  "*\"name\":\"map_lookup_elem\",\"emulated\":true,\"state\":\"emulated\","
	  "\"prog_types\":[[]*\"xdp\"*],*\"name\":\"xdp_adjust_tail\",\"emulated\":true,"
	  "\"state\":\"emulated\",\"prog_types\":[[]\"xdp\"],*" },
	{ "list maps", "$X list maps", 0, NULL, "*percpu_hash*emulated*insn_array*not emulated*" },
	{ "list progs", "$X list progs", 0, NULL, "*tracepoint *not emulated*1? emulated\n" },
	{ "list progs, emulated ones",
	  "$X list progs | grep -cE ' (sched_cls|sched_act|xdp) +emulated *$'", 0, NULL, "3\n" },
	{ "list kfuncs", "$X list kfuncs", 0, NULL,
	  "*bpf_arena_alloc_pages *emulated *syscall *kernel/bpf/arena.c: bpf_arena_alloc_pages\n*"
	  "bpf_rcu_read_lock *emulated *sched_cls,*xdp,*5 known, 5 emulated\n" },
	{ "inspect, kernel functions", "$X inspect $B/../emu/progs/arena.o", 0, NULL,
	  "*program count\n*kfunc calls: 2: bpf_rcu_read_lock, bpf_rcu_read_unlock\n*"
	  "type arena (emulated)*" },
	{ "inspect, kernel functions as JSON", "$X inspect --json $B/../emu/progs/arena.o", 0, NULL,
	  "*\"kfunc_calls\":2,\"kfuncs\":[[]{\"name\":\"bpf_rcu_read_lock\",\"emulated\":true},*" },
	{ "list as JSON", "$X list maps --json", 0, NULL,
	  "[[]{\"id\":1,\"name\":\"hash\",\"emulated\":true*" },
	{ "reader gone, list", "{ sleep 0.2; $X list helpers; echo $? >code; } | true; cat code", 0,
	  SAYS("*standard output: cannot be written: Broken pipe"), "2\n" },
	{ "reader gone, list as JSON",
	  "{ sleep 0.2; $X list --json helpers; echo $? >code; } | true; cat code", 0,
	  SAYS("*standard output: cannot be written: Broken pipe"), "2\n" },
	{ "reader gone, inspect",
	  "{ sleep 0.2; $X inspect $P/firewall.o; echo $? >code; } | true; cat code", 0,
	  SAYS("*standard output: cannot be written: Broken pipe"), "2\n" },
	{ "reader gone, inspect as JSON",
	  "{ sleep 0.2; $X inspect --json $P/firewall.o; echo $? >code; } | true; cat code", 0,
	  SAYS("*standard output: cannot be written: Broken pipe"), "2\n" },
	{ "reader gone, disassembly",
	  "{ sleep 0.2; $X inspect --disasm $P/firewall.o; echo $? >code; } | true; cat code", 0,
	  SAYS("*standard output: cannot be written: Broken pipe"), "2\n" },
	{ "reader gone, help", "{ sleep 0.2; $X --help; echo $? >code; } | true; cat code", 0,
	  SAYS("*standard output: cannot be written: Broken pipe"), "2\n" },
	{ "reader gone, run",
	  "{ sleep 0.2; $X -q -r $C/demo.pcap --json - $P/pass.o; echo $? >code; } | true; cat "
	  "code",
	  0, SAYS("standard output: cannot be written: Broken pipe"), "2\n" },
	{ "list something else", "$X list things", 2,
	  SAYS("list: 'things': expected helpers, maps, progs or kfuncs"), NULL },
	{ "list nothing", "$X list", 2, SAYS("list: expected helpers*"), NULL },
};

int
main(int argc, char **argv)
{
	return cli_main(argc, argv, rows, XB_ARRAY_SIZE(rows));
}
