#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# bpftool.sh XDPBENCH LIBRARY PROGS: Debian's bpftool under `xdpbench exec`, without any privilege; and whether
# it says what it says of the kernel, where bpf(2) is permitted.
set -u
LC_ALL=C
export LC_ALL

command -v bpftool >/dev/null || {
	echo 'skipped: no bpftool'
	exit 77
}
. "$(dirname "$0")/unprivileged.sh"
setup "$1" "$2"
progs=$3
failed=0
pins=/sys/fs/bpf/xdpbench$$

fail() {
	printf '%s\n' "$1"
	failed=1
}

for name in firewall multi globals tenants; do
	cp "$progs/$name.o" "$dir/"
done
printf '%064d' 0 | tr 0 '\0' >"$dir/zeros"
printf '\377\377\377\377\377\377\002\000\000\000\000\001\010\000E\000\000.\000\001\000\000@\006\000\000\012\000\000\001\012\000\000\002' >"$dir/packet"
printf '%030d' 0 >>"$dir/packet"

# What differs between any two kernels, or two moments: ids, times, who it was; and, Differs: in the README, what
# the kernel makes of instructions, and what it needs of memory.
but_for_ids() {
	sed -E \
		-e 's/^[0-9]+:/N:/' -e 's/((map|prog)_ids) [0-9,]+/\1 N/' -e 's/(btf_id|prog_id|map_id) [0-9]+/\1 N/' \
		-e 's/loaded_at [^ ]+  uid [0-9]+/loaded_at/' -e 's/tag [0-9a-f]{16}/tag/' \
		-e 's/xlated [0-9]+B/xlated/' -e 's/(not jited|jited [0-9]+B)/jited/' -e 's/  memlock [0-9]+B//' \
		-e '/^\tpids /d' -e 's/(duration.*): [0-9]+ns/\1/' \
		-e 's/"(id|btf_id|uid|loaded_at|bytes_xlated|bytes_jited|bytes_memlock|duration|inner_map_id)":[0-9]+,?//g' \
		-e 's/"tag":"[0-9a-f]+",//g' -e 's/"jited":(true|false),//g' -e 's/"map_ids":\[[0-9,]+\],?//g' \
		-e 's/,?"pids":\[[^]]*\]//g' -e 's/"prog_ids":\[[0-9,]+\],?//g' -e 's/,\}/}/g' \
		-e "s,$pins,PINS,g" -e "s,$dir/,,g"
}

# A batch with the words PINS and DIR in it, from standard input.
batch() {
	sed -e "s,PINS,$pins,g" -e "s,DIR,$dir,g" >"$dir/batch"
	chmod 644 "$dir/batch"
}

# Whether the kernel has what batches ask for by name.
has_names() {
	{ bpftool prog show && bpftool map show; } 2>/dev/null | grep -qE '  name (xdp_firewall|small|globals\.[a-z]+)  '
}

# On CPU 0, as the emulator. A program goes some time after its last pin, and its maps with it.
in_kernel() {
	for _ in $(seq 100); do
		has_names || break
		sleep 0.1
	done
	taskset -c 0 bpftool "$@" >"$dir/kernel.out" 2>"$dir/kernel.err"
	echo "exit code $?" >>"$dir/kernel.out"
	rm -rf "$pins"_*
}

in_emulator() {
	unprivileged "$dir/xdpbench" exec -- bpftool "$@" >"$dir/emulator.out" 2>"$dir/emulator.err"
	echo "exit code $?" >>"$dir/emulator.out"
}

# same WHAT BPFTOOL-ARGUMENT...: the same output and errors.
same() {
	what=$1
	shift
	in_emulator "$@"
	for o in out err; do
		but_for_ids <"$dir/emulator.$o" >"$dir/emulator"
		[ "$permitted" ] || continue
		[ "$o" = out ] && in_kernel "$@"
		but_for_ids <"$dir/kernel.$o" >"$dir/kernel"
		cmp -s "$dir/kernel" "$dir/emulator" && continue
		fail "$what: $o differs, kernel (<) and emulator (>):"
		diff "$dir/kernel" "$dir/emulator" | cut -c 1-300 | head -n 12
	done
}

# works WHAT BPFTOOL-ARGUMENT...: a batch that must succeed, as text and as JSON.
works() {
	same "$@"
	tail -n 1 "$dir/emulator.out" | grep -qx 'exit code 0' || fail "$1: $(cat "$dir/emulator.err")"
	what=$1
	shift
	same "$what, JSON" -j "$@"
}

permitted=
if [ "$(id -u)" = 0 ] && bpftool prog show >/dev/null 2>&1 && [ "$(stat -f -c %T /sys/fs/bpf)" = bpf_fs ]; then
	permitted=yes
	mkdir "${pins}_d" && rmdir "${pins}_d" || permitted=
fi

batch <<-'END'
	prog load DIR/firewall.o PINS_fw pinmaps PINS_maps
	prog show pinned PINS_fw
	prog show name xdp_firewall
	map show pinned PINS_maps/counters
	map show pinned PINS_maps/blocked4
	map show pinned PINS_maps/open_ports
	map dump pinned PINS_maps/counters
	map update pinned PINS_maps/open_ports key 80 0 0 0 value 1 2 3 4 5 6 7 8
	map update pinned PINS_maps/open_ports key hex 00 16 00 00 value hex 0a 0b 0c 0d 0e 0f 10 11 noexist
	map lookup pinned PINS_maps/open_ports key 80 0 0 0
	map delete pinned PINS_maps/open_ports key 80 0 0 0
	map dump pinned PINS_maps/open_ports
	map update pinned PINS_maps/blocked4 key 32 0 0 0 10 0 0 1 value 1 0 0 0 0 0 0 0
	map getnext pinned PINS_maps/blocked4
	map dump pinned PINS_maps/blocked4
	prog run pinned PINS_fw data_in DIR/packet data_out - repeat 3
	map dump pinned PINS_maps/counters
	btf dump prog pinned PINS_fw
	btf dump map pinned PINS_maps/counters kv
	btf dump map pinned PINS_maps/counters value format c
END
works 'a program and its maps' batch file "$dir/batch"

batch <<-'END'
	prog loadall DIR/multi.o PINS_all
	map create PINS_hash type hash key 4 value 8 entries 16 name small
	map create PINS_array type array key 4 value 4 entries 3 name an_array
	map create PINS_percpu type percpu_hash key 2 value 8 entries 2 name each_cpu
	map create PINS_lru type lru_hash key 4 value 4 entries 64 name recent
	map create PINS_queue type queue value 4 entries 4 name first_in
	map create PINS_stack type stack value 4 entries 4 name last_in
	map create PINS_trie type lpm_trie key 8 value 1 entries 8 name prefixes flags 1
	map create PINS_ring type ringbuf entries 4096 name records
	map create PINS_jumps type prog_array key 4 value 4 entries 2 name jumps
	map create PINS_outer type hash_of_maps key 4 value 4 entries 2 name outer inner_map pinned PINS_hash
	map show pinned PINS_hash
	map show name small
	map show pinned PINS_percpu
	map show pinned PINS_trie
	map show pinned PINS_ring
	map show pinned PINS_jumps
	map update pinned PINS_array key 1 0 0 0 value 7 0 0 0
	map dump pinned PINS_array
	map update pinned PINS_percpu key 1 0 value 7 0 0 0 0 0 0 1
	map dump pinned PINS_percpu
	map update pinned PINS_lru key 1 0 0 0 value 7 0 0 0 any
	map dump pinned PINS_lru
	map enqueue pinned PINS_queue value 1 0 0 0
	map enqueue pinned PINS_queue value 2 0 0 0
	map peek pinned PINS_queue
	map dequeue pinned PINS_queue
	map dequeue pinned PINS_queue
	map push pinned PINS_stack value 1 0 0 0
	map push pinned PINS_stack value 2 0 0 0
	map pop pinned PINS_stack
	map peek pinned PINS_stack
	map update pinned PINS_outer key 1 0 0 0 value pinned PINS_hash
	map freeze pinned PINS_hash
	map show pinned PINS_hash
	link show
END
works 'maps of many types' batch file "$dir/batch"

batch <<-'END'
	prog load DIR/globals.o PINS_globals pinmaps PINS_gmaps
	prog run pinned PINS_globals data_in DIR/zeros
	map show name globals.bss
	map dump name globals.bss
	map dump name globals.data
	map dump name globals.rodata
END
works 'variables' batch file "$dir/batch"

# One command each: bpftool stops at the first that fails.
while read -r line; do
	printf '%s\n' 'prog load DIR/firewall.o PINS_fw pinmaps PINS_maps' "$line" | batch
	same "$line" batch file "$dir/batch"
	same "$line, JSON" -j batch file "$dir/batch"
done <<-'END'
	map update pinned PINS_maps/open_ports key 1 0 0 0 value 1 0 0 0 0 0 0 0 exist
	map update pinned PINS_maps/open_ports key 1 0 0 value 1
	map delete pinned PINS_maps/open_ports key 1 0 0 0
	map getnext pinned PINS_maps/open_ports
	map lookup pinned PINS_nosuch key 1
	map create PINS_fw type hash key 4 value 8 entries 16 name taken
	map create PINS_none/m type hash key 4 value 8 entries 16 name nodir
	map create PINS_m type hash key 4 value 8 entries 0 name empty
	map create PINS_m type nosuch key 4 value 8 entries 1 name unknown
	map freeze pinned PINS_fw
	prog show id 4000000000
	prog show pinned PINS_maps/open_ports
	prog run pinned PINS_fw data_in DIR/nosuch
	prog run pinned PINS_fw data_in DIR/packet data_out - data_size_out 10 repeat 1
	prog load DIR/packet PINS_p
	prog load DIR/nosuch.o PINS_p
	map pop pinned PINS_maps/open_ports
	btf dump id 4000000000
END

# What is listed is the process' own alone.
batch <<-'END'
	prog load DIR/firewall.o PINS_fw
	prog list
	map create PINS_hash type hash key 4 value 8 entries 16 name small
	map list
	btf list
END
in_emulator batch file "$dir/batch"
[ "$(grep -c '^[0-9]*: xdp  name xdp_firewall  tag' "$dir/emulator.out")" = 1 ] || fail "prog list: $(cat "$dir/emulator.out")"
[ "$(grep -c '^[0-9]*: [a-z_]*  name ' "$dir/emulator.out")" = 7 ] || fail "lists: $(cat "$dir/emulator.out")"

[ "$permitted" ] || echo 'skipped: bpf(2) not permitted: nothing to compare with'
exit $failed
