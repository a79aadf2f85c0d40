#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# examples.sh CC BUILD DOC OBJECT SANITIZERS: whether the programs in a page of the documentation do
# what it says.
#
# Each block of C is compiled against the library as it is installed, shared and static, and prints
# the block behind it. The object is the argument of each.
set -euo pipefail
cc=$1 build=$2 doc=$3 object=$4 sanitizers=$5
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

meson install -C "$build" --destdir "$dir/root" --no-rebuild >"$dir/install.log" 2>&1 || {
	cat "$dir/install.log"
	exit 1
}
pc=$(find "$dir/root" -name xdpbench.pc)
prefix=$(sed -n 's/^prefix=//p' "$pc")
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
libdir=$dir/root$(pkg-config --variable=libdir xdpbench)
flags=(-std=c11 -Wall -Wextra -Werror "-I$dir/root$prefix/include" "-L$libdir")
[ "$sanitizers" = none ] || flags+=("-fsanitize=$sanitizers")

# Blocks by number: N.c, and N.out what it prints.
awk -v dir="$dir" '
	/^```c$/ { n++; to = dir "/" n ".c"; next }
	/^```$/ && to != "" { close(to); to = ""; next }
	/^```$/ && n > last { to = dir "/" n ".out"; last = n; next }
	to != "" { print > to }
' "$doc"

failed=0
run() {
	local name=$1
	shift
	"$cc" "${flags[@]}" "$dir/$name.c" -o "$dir/$name" "$@" || return 1
	LD_LIBRARY_PATH=$libdir "$dir/$name" "$object" >"$dir/$name.got" 2>&1 || {
		cat "$dir/$name.got"
		return 1
	}
	diff -u "$dir/$name.out" "$dir/$name.got"
}
cnt=0
for c in "$dir"/*.c; do
	name=$(basename "$c" .c)
	[ -f "$dir/$name.out" ] || { echo "block $name: nothing says what it prints"; exit 1; }
	if [ ! -f "$object" ] && grep -q 'argv\[1\]' "$c"; then
		echo 'skipped: no object to load'
		continue
	fi
	# shellcheck disable=SC2046
	run "$name" $(pkg-config --libs-only-l xdpbench) || { echo "block $name, shared"; failed=1; }
	# shellcheck disable=SC2046
	run "$name" -Wl,-Bstatic $(pkg-config --static --libs-only-l --libs-only-other xdpbench) \
		-Wl,-Bdynamic ||
		{ echo "block $name, static"; failed=1; }
	cnt=$((cnt + 1))
done
[ "$cnt" -gt 0 ] || { echo 'no block of C found'; exit 1; }
echo "$cnt programs"
exit $failed
