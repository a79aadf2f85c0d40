#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# readme.sh BUILD SOURCE: runs every command that README.md shows behind "$ " in a block marked `console`, from a
# directory that looks like a checkout with a build in it, and compares what they print with what stands there.
# Times and rates are left out of the comparison.
set -eu
LC_ALL=C.UTF-8
export LC_ALL

build=$1
source=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ln -s "$build" "$dir/build"
ln -s "$source/tests" "$dir/tests"

awk '/^ *```console$/ { on = 1; next } /^ *```$/ { on = 0 } on' "$source/README.md" >"$dir/expected"
grep -q '^\$ ' "$dir/expected" || {
	echo 'README.md shows no command'
	exit 1
}
if grep -q '^\$ .*tshark' "$dir/expected" && ! command -v tshark >/dev/null; then
	echo 'skipped: tshark is not installed'
	exit 77
fi

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
	sh -c "$shown" >>found 2>&1 </dev/null || echo "exit code $?" >>found
	shown=
done <commands

mask() {
	sed -E 's/[0-9.]+ (ns|us|µs|ms|s|seconds)\b/TIME/g; s/[0-9.,]+ ?[kMG]?(pps|packets\/s|packets a second)/RATE/g' "$1"
}
mask expected >expected.masked
mask found >found.masked
diff -u expected.masked found.masked
