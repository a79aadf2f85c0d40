#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# live.sh XDPBENCH PROGS SOURCE: the tool on maps of the kernel's, which bpftool makes, fills, reads and runs the same
# programs with. What is pinned is on a bpffs of the script's own, in a mount namespace that ends with it.
set -eu
LC_ALL=C
export LC_ALL

if [ "${4-}" != inside ]; then
	if ! command -v bpftool >/dev/null; then
		echo 'skipped: bpftool is not installed'
		exit 77
	fi
	dir=$(mktemp -d "${TMPDIR:-/tmp}/live-XXXXXX") # no dots: libbpf has none in paths of pins
	trap 'rmdir "$dir"' EXIT
	if ! unshare -m sh -c 'mount --make-rprivate / && mount -t bpf bpf "$1"' sh "$dir" 2>/dev/null; then
		echo 'skipped: bpffs cannot be mounted'
		exit 77
	fi
	unshare -m sh "$0" "$1" "$2" "$3" inside "$dir"
	exit
fi
mount --make-rprivate /
mount -t bpf bpf "$5"

bench=$1
progs=$2
tests=$3/tests
pins=$5
if ! bpftool map create "$pins/probe" type array key 4 value 4 entries 1 name probe 2>/dev/null; then
	echo 'skipped: bpf(2) not permitted'
	exit 77
fi

# same WHAT EXPECTED FOUND
same() {
	if [ "$2" != "$3" ]; then
		printf '%s:\n  expected %s\n  found    %s\n' "$1" "$2" "$3"
		exit 1
	fi
	echo "ok: $1"
}

# says WHAT CODE TEXT OPTION...: what a run of the firewall that is refused ends with and prints.
says() {
	what=$1
	code=$2
	text=$3
	shift 3
	found=0
	out=$("$bench" -q -r "$tests/captures/demo.pcap" "$@" "$progs/firewall.o" 2>&1) || found=$?
	same "$what" "$code xdpbench: --map: $text" "$found $out"
}

# elements MAP: of all maps in JSON lines from standard input, its elements, in an order of their own.
elements() {
	grep "\"name\":\"$1\"" | sed 's/.*"elements"://; s/{"key"/\n&/g' | grep '"key"' | sed 's/[],}]*$//' | sort
}

# numbers MAP NAME: the numbers of that name in all elements that the kernel has, added up.
numbers() {
	bpftool -j map dump pinned "$pins/maps/$1" | grep -o "\"$2\":[0-9]*" | awk -F: '{ sum += $2 } END { print sum }'
}

bpftool prog loadall "$progs/firewall.o" "$pins/progs" pinmaps "$pins/maps"
"$bench" -q -r "$tests/captures/demo.pcap" --map "open_ports=$tests/progs/firewall.json" \
	--map "blocked4=$tests/progs/firewall.json" --dump-maps "$progs/firewall.o" >"$pins.plain" 2>/dev/null || {
	echo 'the firewall does not run'
	exit 1
}
trap 'rm -f "$pins.plain" "$pins.live" "$pins.packet"' EXIT
set -- --map "open_ports@$pins/maps/open_ports" --map "blocked4@$pins/maps/blocked4" \
	--map "counters@$pins/maps/counters"
"$bench" -q -r "$tests/captures/demo.pcap" --map "open_ports=$tests/progs/firewall.json" \
	--map "blocked4=$tests/progs/firewall.json" "$@" --dump-maps "$progs/firewall.o" >"$pins.live"
for map in open_ports blocked4 counters; do
	same "$map: as without the kernel" "$(elements $map <"$pins.plain")" "$(elements $map <"$pins.live")"
done
same 'open_ports: elements' 5 "$(elements open_ports <"$pins.live" | grep -c formatted)"
same 'blocked4: in the kernel' 18 "$(numbers blocked4 value)"

# The kernel's program counts in them too, and a second replay on top of both.
before=$(numbers counters packets)
head -c 64 /dev/zero >"$pins.packet"
bpftool prog run pinned "$pins/progs/xdp_firewall" data_in "$pins.packet" data_size_out 64 repeat 1000 >/dev/null
"$bench" -q -r "$tests/captures/demo.pcap" "$@" "$progs/firewall.o"
after=$(numbers counters packets)
same 'counters: both programs' $((2 * before + 1000)) "$after"
same 'blocked4: a second replay' 36 "$(numbers blocked4 value)"

# Variables of both.
bpftool prog loadall "$progs/globals.o" "$pins/globals" pinmaps "$pins/vars"
"$bench" -q -r "$tests/captures/demo.pcap" --dump-maps "$progs/globals.o" >"$pins.plain"
"$bench" -q -r "$tests/captures/demo.pcap" --map ".bss@$pins/vars/globals_bss" --map ".data@$pins/vars/globals_data" \
	--map ".rodata@$pins/vars/globals_rodata" --dump-maps "$progs/globals.o" >"$pins.live"
for map in globals.bss globals.data globals.rodata; do
	same "$map: as without the kernel" "$(elements $map <"$pins.plain")" "$(elements $map <"$pins.live")"
done

says 'no pin' 2 "map 'open_ports': $pins/nothing: no such pin" --map "open_ports@$pins/nothing"
says 'a name with a dot' 2 \
	"map 'open_ports': $pins/open.ports: not permitted, or no pin: names of pins have no dots" \
	--map "open_ports@$pins/open.ports"
says 'a program' 2 "map 'open_ports': $pins/progs/xdp_firewall: is no map" --map "open_ports@$pins/progs/xdp_firewall"
says 'a file' 2 "map 'open_ports': $progs/firewall.o: not permitted, or no pin" --map "open_ports@$progs/firewall.o"
says 'no id' 2 "map 'open_ports': id 2147483647: the kernel has no such map" --map open_ports@id:2147483647
says 'another type' 3 "map 'open_ports': the kernel's is of type percpu_array, the object's of hash" \
	--map "open_ports@$pins/maps/counters"
says 'another key' 3 "map 'blocked6': the kernel's has key_size 8, the object's has 20" \
	--map "blocked6@$pins/maps/blocked4"
bpftool map create "$pins/narrow" type hash key 4 value 4 entries 9 name narrow
says 'another value' 3 "map 'open_ports': the kernel's has value_size 4, the object's has 8" \
	--map "open_ports@$pins/narrow"
says 'variables of the kernel' 2 "map '.rodata' is the kernel's: its variables are not set anew" \
	--map '.rodata[0]={first_ephemeral_port=7}' --map ".rodata@$pins/maps/firewall_rodata"
bpftool map create "$pins/jumps" type prog_array key 4 value 4 entries 9 name jumps
says 'a type that cannot be shared' 2 \
	"map 'open_ports': $pins/jumps: maps of type prog_array (3) cannot be shared with the kernel" \
	--map "open_ports@$pins/jumps"
id=$(bpftool -j map show pinned "$pins/maps/open_ports" | sed 's/.*"id":\([0-9]*\).*/\1/')
"$bench" -q -r "$tests/captures/demo.pcap" --map "open_ports@id:$id" "$progs/firewall.o"
echo 'ok: by id'
