#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tshark.sh XDPBENCH PROGS SOURCE: whether Wireshark reads what the tool writes as the tool meant it.
set -eu
LC_ALL=C
export LC_ALL

bench=$1
progs=$2
tests=$3/tests
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
