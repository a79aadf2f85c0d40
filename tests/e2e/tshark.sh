#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tshark.sh XDPBENCH PROGS SOURCE BENCH_PROGS: whether Wireshark reads what the tool writes as the tool meant it.
set -eu
LC_ALL=C
export LC_ALL

bench=$1
progs=$2
tests=$3/tests
bench_progs=$4
if ! command -v tshark >/dev/null; then
	echo 'skipped: tshark is not installed'
	exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# same WHAT EXPECTED FOUND
same() {
	if [ "$2" != "$3" ]; then
		printf '%s:\n  expected %s\n  found    %s\n' "$1" "$2" "$3"
		exit 1
	fi
	echo "ok: $1"
}

# shown FILE FILTER: how many packets a display filter leaves.
shown() {
	tshark -r "$1" -Y "$2" 2>"$dir/err" | wc -l
}

# field FILE FILTER NAME: the values of a field, one a line.
field() {
	tshark -r "$1" -Y "$2" -T fields -e "$3" 2>"$dir/err"
}

config=$tests/progs/firewall.json
"$bench" -q --no-progress -r "$tests/captures/demo.pcap" -w "$dir/fw.pcapng" --json "$dir/fw.json" \
	--map blocked4="$config" --map blocked6="$config" --map open_ports="$config" "$progs/firewall.o" >/dev/null

said() {
	grep '"type":"packet"' "$dir/fw.json" | grep -c "\"verdict\":\"$1\"" || true
}

same 'packets in the capture' "$(grep -c '"type":"packet"' "$dir/fw.json")" "$(shown "$dir/fw.pcapng" frame)"
same 'some are dropped' 1 "$([ "$(said XDP_DROP)" -gt 5 ] && echo 1)"
same 'some pass' 1 "$([ "$(said XDP_PASS)" -gt 5 ] && echo 1)"
same 'verdict 1' "$(said XDP_DROP)" "$(shown "$dir/fw.pcapng" 'frame.verdict.ebpf_xdp == 1')"
same 'verdict 2' "$(said XDP_PASS)" "$(shown "$dir/fw.pcapng" 'frame.verdict.ebpf_xdp == 2')"
same 'nothing malformed' 0 "$(shown "$dir/fw.pcapng" _ws.malformed)"
same 'packet ids are unique' "$(shown "$dir/fw.pcapng" frame)" \
	"$(field "$dir/fw.pcapng" frame frame.packet_id | sort -u | wc -l)"
same 'printk becomes a comment' 'blocked source 198.51.100.66' \
	"$(field "$dir/fw.pcapng" 'ip.src == 198.51.100.66' frame.comment | sort -u)"
same 'packets that pass have no comment' 0 \
	"$(shown "$dir/fw.pcapng" 'frame.verdict.ebpf_xdp == 2 && frame.comment')"
same 'times are those of the capture' \
	"$(field "$tests/captures/demo.pcap" frame frame.time_epoch | cksum)" \
	"$(field "$dir/fw.pcapng" frame frame.time_epoch | cksum)"

# A router: packets that were sent elsewhere belong to another interface.
"$bench" -q --no-progress -r "$tests/captures/mixed.pcapng" -w "$dir/router.pcapng" --json "$dir/router.json" \
	--map 'routes[::ffff:10.0.0.0/104]={port=0}' --map 'tx_ports[0]=3' "$progs/router.o" >/dev/null
sent=$(grep '"type":"packet"' "$dir/router.json" | grep -c '"ifindex":3' || true)
same 'some are redirected' 1 "$([ "$sent" -gt 5 ] && echo 1)"
same 'redirected packets on the egress interface' "$sent" \
	"$(shown "$dir/router.pcapng" 'frame.verdict.ebpf_xdp == 4 && frame.interface_id != 0')"
same 'the others on the ingress interface' 0 \
	"$(shown "$dir/router.pcapng" 'frame.verdict.ebpf_xdp != 4 && frame.interface_id != 0')"
same 'interfaces have names' 2 \
	"$(field "$dir/router.pcapng" frame frame.interface_name | sort -u | wc -l)"

# TC: verdicts are of another type, in the same place.
run_tc() {
	"$bench" -q --no-progress -w "$dir/$1.pcapng" --json "$dir/$1.json" -r "$tests/captures/$2" "$bench_progs/ways_tc.o" \
		-p "$3" --map ".rodata[0]={$4}" >/dev/null
}

run_tc shot demo.pcap tc_returns verdict=2
same 'TC: verdict 2' 60 "$(shown "$dir/shot.pcapng" 'frame.verdict.ebpf_tc == 2')"
same 'TC: no verdict of XDP' 0 "$(shown "$dir/shot.pcapng" frame.verdict.ebpf_xdp)"
same 'TC: dropped packets are on the interface they came in by' if1 \
	"$(field "$dir/shot.pcapng" frame frame.interface_name | sort -u)"
run_tc unspec demo.pcap tc_returns verdict=4294967295
same 'TC: verdict -1' 60 "$(shown "$dir/unspec.pcapng" 'frame.verdict.ebpf_tc == 4294967295')"

# directions FILE FILTER: how many packets by interface and direction: 1 in, 2 out.
directions() {
	tshark -r "$1" -Y "$2" -T fields -e frame.interface_name -e frame.packet_flags_direction \
		2>"$dir/err" | sort | uniq -c | awk '{ print $2, $3 + 0, $1 }' | paste -sd ' '
}

run_tc out demo.pcap tc_redirect ifindex=7
same 'TC: redirected, out' 'if7 2 60' "$(directions "$dir/out.pcapng" 'frame.verdict.ebpf_tc == 7')"
run_tc in demo.pcap tc_redirect ifindex=7,flags=1
same 'TC: redirected, in' 'if7 1 60' "$(directions "$dir/in.pcapng" 'frame.verdict.ebpf_tc == 7')"
run_tc clone demo.pcap tc_clone ifindex=7
same 'TC: clones have no verdict' 'if7 2 60' "$(directions "$dir/clone.pcapng" '!frame.verdict')"
same 'TC: beside the packets' 'if1 1 60' "$(directions "$dir/clone.pcapng" 'frame.verdict.ebpf_tc == 0')"
same 'TC: a clone has the id of its packet' 60 \
	"$(field "$dir/clone.pcapng" frame frame.packet_id | sort -u | wc -l)"
run_tc clone_in demo.pcap tc_clone ifindex=7,flags=1
same 'TC: clones to the receiving side' 'if7 1 60' "$(directions "$dir/clone_in.pcapng" '!frame.verdict')"

# Tags beside the packet are put back.
tags() {
	field "$1" 'vlan || ieee8021ad' vlan.id | paste -sd ' '
}
for offload in on off; do
	"$bench" -q --no-progress -r "$tests/captures/mixed.pcapng" -w "$dir/vlan.pcapng" \
		--rxvlan-offload $offload "$bench_progs/ways_tc.o" -p tc_returns
	same "TC: tags with offload $offload" "$(tags "$tests/captures/mixed.pcapng")" \
		"$(tags "$dir/vlan.pcapng")"
done
"$bench" -q --no-progress -r "$tests/captures/demo.pcap" -w "$dir/tagged.pcapng" --ctx vlan_tci=77 \
	"$bench_progs/ways_tc.o" -p tc_returns
same 'TC: a tag from the context' 60 "$(shown "$dir/tagged.pcapng" 'vlan.id == 77')"
"$bench" -q --no-progress -r "$tests/captures/demo.pcap" -w "$dir/pushed.pcapng" "$progs/tc/vlan_tag.o" -p tc_vlan_tag \
	>/dev/null
same 'TC: pushed tags' 1 "$([ "$(shown "$dir/pushed.pcapng" vlan)" -gt 50 ] && echo 1)"
same 'TC: nothing malformed' 0 "$(shown "$dir/pushed.pcapng" _ws.malformed)"

# What the lint found.
"$bench" -q --no-progress -r "$tests/captures/demo.pcap" -w "$dir/lint.pcapng" --map '.rodata[0]={what=4}' -f udp \
	"$bench_progs/wrong.o"
same 'TC: a finding becomes a comment' 'right before the program, wrong after it: UDP checksum' \
	"$(field "$dir/lint.pcapng" frame.comment frame.comment | sort -u)"
