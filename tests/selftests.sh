#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# selftests.sh [--native] XDPBENCH [TEST...]: Linux's own BPF selftests, unmodified, with the emulator in place of
# the kernel. Debian's package linux-source-6.1 is unpacked and test_progs built of it outside of this tree (in
# $SELFTESTS_DIR), with this kernel's BTF; then each test that selftests.txt names (or the command line) runs under
# `xdpbench exec`, in user, network and mount namespaces of its own, without a privilege outside of them. Fails where
# a test does not pass that selftests.txt says does. --native: the same tests as root on this kernel, in namespaces.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
list=$here/selftests.txt
package=${SELFTESTS_PACKAGE:-/usr/src/linux-source-6.1.tar.xz}
dir=${SELFTESTS_DIR:-${TMPDIR:-/tmp}/xdpbench-selftests-$(id -u)}
jobs=${SELFTESTS_JOBS:-$(nproc)}
bpf=$dir/linux-source-6.1/tools/testing/selftests/bpf
btf=/sys/kernel/btf/vmlinux
PATH=$PATH:/usr/sbin:/sbin

skip() {
	printf 'skipped: %s: the selftests of Linux\n' "$*"
	exit 77
}

die() {
	printf 'selftests: %s\n' "$*" >&2
	exit 1
}

unpack() {
	[ -f "$dir/unpacked" ] && return
	mkdir -p "$dir" || die "no directory $dir"
	tar xf "$package" -C "$dir" --wildcards 'linux-source-6.1/tools/*' 'linux-source-6.1/scripts/*' \
		'linux-source-6.1/kernel/bpf/*' 'linux-source-6.1/include/*' 'linux-source-6.1/arch/x86/*' || die 'cannot unpack'
	mv "$bpf/progs" "$bpf/progs.all"
	mv "$bpf/prog_tests" "$bpf/prog_tests.all"
	touch "$dir/unpacked"
}

# Sources of BPF programs that the source of a test, or of a program, wants.
programs_of() {
	grep -ohE '[A-Za-z0-9_]+\.(skel\.h|lskel\.h|subskel\.h|bpf\.o|bpf\.linked[123]\.o|c")' "$1" |
		sed -E 's/\..*/.c/' | sort -u
}

# The kernel's Makefile builds all that lies in two directories: only what the tests want is put there.
select_sources() {
	local test src prog more
	mkdir -p "$bpf/progs" "$bpf/prog_tests"
	rm -f "$bpf"/progs/*.c "$bpf"/prog_tests/*.c "$bpf/prog_tests/tests.h"
	ln -f "$bpf"/progs.all/*.h "$bpf/progs/"
	for test in "$@"; do
		src=$(grep -lE "^void (serial_)?test_$test\(" "$bpf"/prog_tests.all/*.c) && ln -f "$src" "$bpf/prog_tests/"
	done
	for prog in btf_data.c $(cat "$bpf"/prog_tests/*.c | programs_of -); do
		[ -f "$bpf/progs.all/$prog" ] || continue
		ln -f "$bpf/progs.all/$prog" "$bpf/progs/"
		for more in $(programs_of "$bpf/progs.all/$prog"); do
			[ -f "$bpf/progs.all/$more" ] && ln -f "$bpf/progs.all/$more" "$bpf/progs/"
		done
	done
}

# Those of the words that are sources of programs selected.
selected() {
	local word
	for word in "$@"; do
		[ -f "$bpf/progs/$word" ] && printf '%s ' "$word"
	done
}

light=(fentry_test.c fexit_test.c fexit_sleep.c test_ringbuf.c atomics.c trace_printk.c trace_vprintk.c
	map_ptr_kern.c core_kern.c core_kern_overflow.c)

compile() {
	make -C "$bpf" -k -j"$jobs" VMLINUX_BTF="$btf" BPFTOOL="$(command -v bpftool)" \
		SAN_CFLAGS=-Wno-error LSKELS="$(selected "${light[@]}")" LSKELS_EXTRA= LINKED_SKELS= \
		TRUNNER_EXTRA_FILES= test_progs >"$dir/make.log" 2>&1
}

# What does not compile here (another kernel's BTF, another clang) is left out, with the tests that want it.
drop_failed() {
	local src name dropped=1
	for src in "$bpf"/progs/*.c; do
		name=$(basename "$src" .c)
		[ -f "$bpf/$name.bpf.o" ] && { [ -f "$bpf/$name.skel.h" ] || [ -f "$bpf/$name.lskel.h" ]; } && continue
		case $name in
		btf__* | test_pinning_invalid | test_sk_assign) [ -f "$bpf/$name.bpf.o" ] && continue ;;
		esac
		rm "$src"
		dropped=0
	done
	for src in "$bpf"/prog_tests/*.c; do
		wants_missing "$src" || continue
		printf 'selftests: %s is left out: its programs do not compile here\n' "$(basename "$src" .c)"
		rm "$src"
		dropped=0
	done
	[ $dropped = 0 ] && return
	for src in "$bpf"/prog_tests/*.c; do
		name=$(basename "$src" .c)
		[ -f "$bpf/$name.test.o" ] && continue
		printf 'selftests: %s is left out: it does not compile here\n' "$name"
		rm "$src"
		dropped=0
	done
	return $dropped
}

wants_missing() {
	local prog
	for prog in $(programs_of "$1"); do
		[ -f "$bpf/progs.all/$prog" ] && [ ! -f "$bpf/progs/$prog" ] && return 0
	done
	return 1
}

build() {
	unpack
	select_sources "$@"
	until compile; do
		drop_failed || break
		rm -f "$bpf/prog_tests/tests.h"
	done
	[ ! -x "$bpf/test_progs" ] || return 0
	tail -n 20 "$dir/make.log" >&2
	die "test_progs does not build; see $dir/make.log"
}

check_needs() {
	local tool
	[ -f "$package" ] || skip 'linux-source-6.1 is not installed'
	[ -r "$btf" ] || skip "no $btf"
	for tool in clang gcc make bpftool ip unshare timeout; do
		command -v "$tool" >/dev/null || skip "no $tool"
	done
}

# How a test runs: natively as root, or as nobody in particular. Neither sees what the other does.
choose_way() {
	export SELFTESTS_BPF=$bpf SELFTESTS_XDPBENCH=$xdpbench
	inside='ip link set lo up && cd "$SELFTESTS_BPF" && exec "${SELFTESTS_XDPBENCH:-env}" ${SELFTESTS_XDPBENCH:+exec --} '
	way=(unshare -Urnm)
	if [ $native = 1 ]; then
		[ "$(id -u)" = 0 ] || die '--native needs root'
		SELFTESTS_XDPBENCH=
		way=(unshare -nm)
		inside="mount -t bpf bpf /sys/fs/bpf && $inside"
	elif [ "$(id -u)" = 0 ] && runuser -u nobody -- test -x "$xdpbench" -a -x "$bpf/test_progs" 2>/dev/null; then
		way=(runuser -u nobody -- unshare -Urnm)
	fi
	"${way[@]}" true 2>/dev/null || skip 'no namespaces of users and networks here'
}

run_test() {
	timeout -k 5 "${SELFTESTS_TIMEOUT:-120}" "${way[@]}" bash -c "$inside ./test_progs -v -a \"\$0\"" "$1" \
		>"$dir/logs/$1.log" 2>&1 </dev/null
}

# What went wrong first, without the numbers that make lines long.
first_failure() {
	grep -aE '^[a-z_0-9]+:FAIL:|^libbpf: .*(failed|invalid)' "$dir/logs/$1.log" | head -n 1 | cut -c1-100
}

# The result that the list has of a test: pass, or fail: why.
listed() {
	sed -n "s/^$1[[:space:]]\{1,\}//p" "$list"
}

run_tests() {
	local name result want passed=0 failed=0 bad=0
	mkdir -p "$dir/logs"
	printf '%-28s %-8s %s\n' test result ''
	for name in "$@"; do
		want=$(listed "$name")
		if run_test "$name" && ! grep -qa '^Summary: 0/0' "$dir/logs/$name.log"; then
			result=pass note=
			passed=$((passed + 1))
			case $want in fail*) [ $native = 1 ] || note='listed as failing' ;; esac
		else
			result=FAIL note=$(first_failure "$name")
			failed=$((failed + 1))
			case $want in
			pass*) [ $native = 1 ] || bad=$((bad + 1)) ;;
			fail*) [ $native = 1 ] || note=${want#fail: } ;;
			esac
		fi
		printf '%-28s %-8s %s\n' "$name" "$result" "$note"
	done
	printf '\n%d pass, %d do not, %d of these should\n' $passed $failed $bad
	[ $bad = 0 ]
}

native=0
if [ "${1:-}" = --native ]; then
	native=1
	shift
fi
[ $# -ge 1 ] || die 'usage: selftests.sh [--native] XDPBENCH [TEST...]'
xdpbench=$(realpath "$1")
shift
[ -x "$xdpbench" ] || die "no program $xdpbench"
[ $# != 0 ] || mapfile -t tests < <(sed -n 's/^\([a-z0-9_]\{1,\}\)[[:space:]].*/\1/p' "$list")
[ $# = 0 ] || tests=("$@")
check_needs
build "${tests[@]}"
choose_way
run_tests "${tests[@]}"
