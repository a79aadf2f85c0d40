#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# exec.sh XDPBENCH LIBRARY PROGS WORLD: `xdpbench exec` itself: exit codes, what the command sees, and the report.
set -u
LC_ALL=C
export LC_ALL

. "$(dirname "$0")/unprivileged.sh"
setup "$1" "$2"
progs=$3
failed=0
exe="unprivileged $dir/xdpbench exec"

fail() {
	printf '%s\n' "$1"
	failed=1
}

# code EXPECTED MESSAGE ARGUMENT...: the exit code, and a part of what is said ("": nothing at all).
code() {
	expected=$1
	message=$2
	shift 2
	$exe "$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	[ $got = "$expected" ] || fail "$*: exit code $got, expected $expected: $(cat "$dir/err")"
	if [ -n "$message" ]; then
		grep -qF -e "$message" "$dir/err" || fail "$*: expected '$message': $(cat "$dir/err")"
	else
		[ ! -s "$dir/err" ] || fail "$*: $(cat "$dir/err")"
	fi
}

# says EXPECTED ARGUMENT...: standard output.
says() {
	expected=$1
	shift
	got=$($exe "$@" 2>&1 </dev/null)
	[ "$got" = "$expected" ] || fail "$*: '$got', expected '$expected'"
}

PATH=/usr/bin:/bin:/usr/sbin:/sbin
export PATH
echo 'echo of a script' >"$dir/plain"
chmod 644 "$dir/plain"
printf '#!/bin/sh\nexit 9\n' >"$dir/script"
chmod 755 "$dir/script"

code 0 '' true
code 0 '' -- true
code 7 '' -- sh -c 'exit 7'
code 9 '' "$dir/script"
code 127 'No such file or directory' -- xdpbench-nosuch
code 127 'No such file or directory' -- "$dir/nosuch"
code 126 'Permission denied' -- "$dir/plain"
code 126 'Permission denied' -- "$dir"
$exe -- sh -c 'kill -9 $$' 2>/dev/null
[ $? = 137 ] || fail 'killed: another exit code'
code 137 'nothing' --report -- sh -c 'kill -9 $$'
code 3 'nothing' --report -- sh -c 'exit 3'
code 2 'no command given'
code 2 'no command given' --
code 2 'no such option' --nosuch true
code 2 '--world' --world
code 2 'nosuch' --world "$dir/nosuch" true
code 2 'plain' --world "$dir/plain" true
code 2 'expected wall' --clock capture true
code 2 'No such file' --report="$dir/nosuch/file" true
[ -u /usr/bin/su ] && code 126 'set-user-ID' -- su
if [ -x /sbin/ldconfig ] && ! readelf -lW /sbin/ldconfig 2>/dev/null | grep -q INTERP; then
	code 126 'static executable' -- /sbin/ldconfig --version
else
	echo 'skipped: no static executable to refuse'
fi

# What the command sees: its arguments, options behind it included, its input, and what was preloaded before.
says '-v --report a b' printf '%s %s %s' -v --report 'a b'
says 'in' -- sh -c 'echo in | cat'
LD_PRELOAD=libm.so.6 says "$dir/lib/libxdpbench-exec.so:libm.so.6" sh -c 'echo $LD_PRELOAD'
says "$dir/lib/libxdpbench-exec.so" sh -c 'echo $LD_PRELOAD'

# Commands that have nothing to do with bpf(2).
says '3 2 1 ' bash -c 'for i in 1 2 3; do echo $i; done | sort -r | tr "\n" " "'
says 'x' sh -c 'cd "$(mktemp -d)" && mkdir a && echo x >a/b && mv a/b c && rmdir a && cat c && rm -r "$PWD"'
says 'unlimited' sh -c 'ulimit -l unlimited && echo unlimited'

# A directory of pins that everybody has, and nobody sees.
says 'bpf_fs' stat -f -c %T /sys/fs/bpf
says '700' bash -c 'stat -c %a /sys/fs/bpf | tail -c 4'

# What is the emulator's to say, whatever the machine has.
says 17 -- cat /proc/sys/net/core/max_skb_frags

command -v bpftool >/dev/null || {
	echo 'skipped: no bpftool: nothing to report of'
	exit $failed
}
cp "$progs/pass.o" "$progs/clocks.o" "$progs/bad/past_packet.o" "$dir/"
chmod a+r "$dir"/*
printf '%064d' 0 >"$dir/packet"
printf 'prog load %s /sys/fs/bpf/x\nnet attach xdp pinned /sys/fs/bpf/x dev lo\n' "$dir/pass.o" >"$dir/attach"
printf 'prog load %s /sys/fs/bpf/x\nprog run pinned /sys/fs/bpf/x data_in %s\n' "$dir/past_packet.o" "$dir/packet" >"$dir/fault"
printf 'prog load %s /sys/fs/bpf/x pinmaps /sys/fs/bpf/m\nprog run pinned /sys/fs/bpf/x data_in %s data_out - repeat 1\nmap dump name clocks.bss\n' \
	"$dir/clocks.o" "$dir/packet" >"$dir/clocks"

# The report counts what all processes of the command met.
code 255 '2  netlink: XDP program on a device: EOPNOTSUPP' --report -- \
	sh -c "bpftool batch file $dir/attach; bpftool batch file $dir/attach"
code 0 'past_packet.bpf.c:' --report -- bpftool batch file "$dir/fault"
grep -q 'program stopped by a fault: .*1 byte past the end of packet' "$dir/err" || fail "report: $(cat "$dir/err")"
code 255 'TASK_FD_QUERY: EINVAL' --report -- bpftool perf show
mkdir "$dir/reports"
chmod 777 "$dir/reports"
code 255 'Operation not permitted' --report="$dir/reports/file" -- bpftool batch file "$dir/attach"
grep -q '1  netlink: XDP program' "$dir/reports/file" || fail "report: $(cat "$dir/reports/file")"

# The network is --world's: without one every interface is there.
printf 'map create /sys/fs/bpf/d type devmap key 4 value 4 entries 4 name d\nmap update pinned /sys/fs/bpf/d key 1 0 0 0 value 99 0 0 0\n' \
	>"$dir/devmap"
cp "$4" "$dir/world.json"
chmod a+r "$dir"/*
code 0 '' -- bpftool batch file "$dir/devmap"
code 234 'Invalid argument' --world "$dir/world.json" -- bpftool batch file "$dir/devmap"

# Time is what --clock says, and stands still; chance is --seed's.
run_clocks() {
	$exe "$@" bpftool batch file "$dir/clocks" 2>&1 | grep -v duration
}
[ "$(run_clocks --clock 5000000000)" = "$(run_clocks --clock 5000000000)" ] || fail 'two runs at the same time differ'
[ "$(run_clocks --clock 5000000000)" != "$(run_clocks --clock 6000000000)" ] || fail 'a clock changes nothing'
[ "$(run_clocks --clock wall)" != "$(run_clocks --clock 6000000000)" ] || fail 'the wall clock stands'
exit $failed
