#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# cpus.sh XDPBENCH PROGS SOURCE BENCH_PROGS: whether several vCPUs give what one gives.
set -u
LC_ALL=C
export LC_ALL

bench=$1
progs=$2
captures=$3/tests/captures
config=$3/tests/progs/firewall.json
bench_progs=$4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

fail() {
	printf '%s\n' "$1"
	failed=1
}

# run CPUS OUT ARGUMENT...: all that the tool says. Left out: times, which vCPU it was, and where its buffers lie.
run() {
	with=$1
	out=$dir/$2
	shift 2
	"$bench" --no-progress --faults=count --cpus "$with" -w "$out.pcapng" --json "$out.json" --trace "$@" >"$out.text" 2>"$out.err"
	echo "exit code $?" >>"$out.err"
	sed -E -e '/"type":"map"/d' -e 's/"cpu":[0-9]+,("redirect"|"ctx"|"stages"|"flow_keys")/\1/' -e 's/"cpus":[0-9]+,//' \
		-e 's/"seconds":[0-9.]+,//' -e 's/"address":"[^"]*",//' "$out.json" >"$out.lines"
	sed -E -i '/^[^ ].* packets?, /s/, [0-9.]+ s.*//' "$out.text"
}

# same WHAT CPUS OUTPUTS ARGUMENT...: with that many vCPUs as with one.
same() {
	what=$1
	vcpus=$2
	outputs=$3
	shift 3
	rm -f "$dir"/one.* "$dir"/many.*
	run 1 one "$@"
	run "$vcpus" many "$@"
	[ "$runs" = any ] || grep -q 'exit code 0' "$dir/one.err" || fail "$what: $(cat "$dir/one.err")"
	for o in $outputs; do
		cmp -s "$dir/one.$o" "$dir/many.$o" || {
			fail "$what: $o differs with $vcpus vCPUs:"
			diff "$dir/one.$o" "$dir/many.$o" | cut -c 1-300 | head -n 6
		}
	done
}

# What several vCPUs change: not compared at all (-), or but for what is named.
differs() {
	case $1 in
	atomics | conntrack | each | new_flows | queue | flowtrack | edt) echo - ;;         # packets of other flows have been there before
	clocks | rate_limit) echo - ;; # so does the time of a flow's last packet
	sample | sampler) echo - ;;                                       # each vCPU draws its own random numbers
	five_tuple | mtu_guard | percpu | tenants | mtu_police | pull_write | vlan_untag | count_protos | flow_events)
		echo 'pcapng err' ;; # the first packet of a kind makes its counter, in more instructions
	*) echo 'pcapng lines text err' ;;
	esac
}

rows=0
runs=any # objects with several programs are refused
for object in "$progs"/*.o "$progs"/tc/*.o "$progs"/skb/*.o "$progs"/bad/*.o; do
	name=${object##*/}
	outputs=$(differs "${name%.o}")
	[ "$outputs" != - ] || continue
	for capture in demo.pcap mixed.pcapng; do
		same "${name%.o}, $capture" 4 "$outputs" -r "$captures/$capture" "$object"
		rows=$((rows + 1))
	done
done
[ $rows -gt 200 ] || fail "only $rows runs"

runs=all
all='pcapng lines text err'
for capture in demo.pcap mixed.pcapng overlay.pcapng; do
	for cpus in 2 3 256; do
		same "firewall, $capture" $cpus "$all" -r "$captures/$capture" --map "blocked4=$config" --map "blocked6=$config" \
			--map "open_ports=$config" "$progs/firewall.o"
	done
	# Every way that a packet can go, told by its bytes.
	for emit in all forwarded entry,exit; do
		same "ways, $emit, $capture" 4 "$all" -v --emit "$emit" -r "$captures/$capture" --map '.rodata[0]={by_bytes=1}' \
			--map 'ports[1]=4:on_port' --map 'ports[2]=5' --map 'cpus[2]=64' --map 'socks[3]=9' "$bench_progs/ways.o"
	done
	same "clones, $capture" 4 "$all" -r "$captures/$capture" --emit forwarded --tc "$progs/tc/span.o:tc_span" \
		--tc-egress "$progs/tc/vlan_tag.o:tc_vlan_tag"
	same "stages, $capture" 4 "$all" -r "$captures/$capture" --xdp "$progs/meta.o" --tc "$progs/tc/left_meta.o"
	same "tag in the sk_buff, $capture" 4 "$all" -r "$captures/$capture" --rxvlan-offload on "$progs/tc/vlan_tag.o" -p tc_vlan_tag
	same "filter, $capture" 4 "$all" -r "$captures/$capture" -f 'tcp or icmp' "$progs/ttl.o"
	same "some, $capture" 4 "$all" -r "$captures/$capture" --skip 3 -c 20 --repeat 50 "$progs/vlan_push.o"
	same "fixed clock, $capture" 4 "$all" -r "$captures/$capture" --clock 77 "$progs/clocks.o"
	same "invalid, $capture" 4 "$all" -r "$captures/$capture" --map '.rodata[0]={verdict=9}' -p tc_returns "$bench_progs/ways_tc.o"
done

# Files by verdict and interface.
for cpus in 1 4; do
	mkdir "$dir/$cpus"
	"$bench" -q --faults=count --cpus $cpus -r "$captures/mixed.pcapng" -w "$dir/$cpus/%v-%i" --map '.rodata[0]={by_bytes=1}' \
		--map 'ports[1]=4:on_port' --map 'ports[2]=5' --map 'cpus[2]=64' --map 'socks[3]=9' "$bench_progs/ways.o"
done
[ "$(ls "$dir/1" | wc -l)" -gt 8 ] || fail 'files: too few'
diff -r "$dir/1" "$dir/4" >/dev/null || fail 'files by verdict and interface differ'

# Each vCPU counts for itself: together they have counted every packet.
counted=$("$bench" -q --cpus 4 -r "$captures/mixed.pcapng" --dump-maps --repeat 1000 "$progs/percpu.o" | grep '"sizes"' |
	grep -o '"value":[0-9]*}' | grep -o '[0-9]*' | awk '{ n += $1 } END { print n }')
[ "$counted" = 78000 ] || fail "per-CPU counters: expected 78000, found $counted"

# Foreign captures: all link types, damaged files, one packet and many.
if [ -n "${XDPBENCH_PCAPS:-}" ]; then
	runs=any
	for capture in "$XDPBENCH_PCAPS"/*cap*; do
		[ "$(wc -c <"$capture")" -lt 100000 ] || continue
		same "$capture" 3 "$all" -r "$capture" "$progs/vlan_push.o"
	done
else
	echo 'skipped: XDPBENCH_PCAPS names no directory of captures'
fi

# SIGINT: what was taken in is written, and the file can be read to its end.
"$bench" --no-progress --cpus 3 -r "$captures/demo.pcap" --repeat 100000000 -w "$dir/cut.pcapng" --json "$dir/cut.json" --no-data \
	"$progs/reflect.o" >"$dir/cut.text" 2>"$dir/cut.err" &
pid=$!
sleep 1
kill -INT $pid
wait $pid
code=$?
[ $code = 130 ] || fail "SIGINT: exit code $code"
written=$(grep -c '"type":"packet"' "$dir/cut.json")
last=$(grep '"type":"packet"' "$dir/cut.json" | tail -n 1 | sed 's/.*"n":\([0-9]*\),.*/\1/')
summed=$(tail -n 1 "$dir/cut.json" | sed 's/.*"packets":\([0-9]*\),.*/\1/')
[ "$written" -gt 1000 ] || fail "SIGINT: only $written packets"
[ "$written" = "$last" ] || fail "SIGINT: $written packets, the last is number $last"
[ "$written" = "$summed" ] || fail "SIGINT: $written packets, the summary has $summed"
"$bench" -q -r "$dir/cut.pcapng" --json "$dir/again.json" --no-data "$progs/pass.o" || fail 'SIGINT: the output cannot be read'
again=$(grep -c '"type":"packet"' "$dir/again.json")
[ "$written" = "$again" ] || fail "SIGINT: $written packets, the file has $again"

[ $failed = 0 ] && echo "ok: $rows runs and more"
exit $failed
