#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# readme.sh BUILD SOURCE SANITIZERS: runs every command that README.md shows behind "$ " in a block marked `console`, from a
# directory that looks like a checkout with a build in it, and compares what they print with what stands there.
# Times, rates, and numbers of instructions, which the compiler decides, are left out of the comparison, and so is
# what goes to stderr.
set -eu
LC_ALL=C.UTF-8
TZ=UTC
export LC_ALL TZ

build=$1
source=$2
without='^$'
if [ "$3" != none ]; then
	without='xdpbench exec'
	echo 'skipped: what README shows of exec: a library with sanitizers cannot stand in front of others'
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ln -s "$build" "$dir/build"
ln -s "$source/tests" "$dir/tests"
ln -s "$source/docs" "$dir/docs"

awk -v without="$without" '
	/^ *```console$/ { on = 1; block = ""; next }
	/^ *```$/ { if (on && block !~ without) printf "%s", block; on = 0 }
	on { block = block $0 "\n" }' "$source/README.md" >"$dir/expected"
grep -q '^\$ ' "$dir/expected" || {
	echo 'README.md shows no command'
	exit 1
}
for tool in tshark tcpdump bpftool; do
	if ! command -v $tool >/dev/null; then
		echo "skipped: $tool is not installed"
		exit 77
	fi
done

# A command may go on in the next line behind a backslash.
cd "$dir"
: >found
awk '/^\$ / { on = 1 } on { print } on && !/\\$/ { on = 0; print "" }' expected | sed 's/^\$ //' >commands
while IFS= read -r line; do
	if [ -n "$line" ]; then
		shown="${shown-}${shown:+
}$line"
		continue
	fi
	printf '$ %s\n' "$shown" >>found
	sh -c "$shown" >>found 2>/dev/null </dev/null || echo "exit code $?" >>found
	shown=
done <commands

mask() {
	sed -E -e 's/[0-9.]+ (ns|us|ms|s)\b/TIME/g' -e 's/[0-9]+ packets\/s/RATE/g' \
		-e 's/"seconds":[0-9.]+/"seconds":TIME/' -e 's/"insns":[0-9]+/"insns":N/' \
		-e 's/"insns":\{[^}]*\}/"insns":{N}/' -e 's/[0-9]+ instructions/N instructions/' \
		-e 's/instructions per packet: .*/instructions per packet: N/' -e 's/insn [0-9]+/insn N/' "$1"
}
mask expected >expected.masked
mask found >found.masked
diff -u expected.masked found.masked
