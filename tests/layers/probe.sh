#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# probe.sh LAYERS: whether the check itself finds what it looks for, in a tree made for it.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/vm" "$dir/emu" "$dir/xdp" "$dir/skb" "$dir/lib" "$dir/lib/xdpbench" "$dir/pcaps" "$dir/bench" "$dir/tests"

# expect MODE FILE LINE: a tree that holds this line alone is refused, and without it accepted.
expect() {
	printf '%s\n' "$3" >"$dir/$2"
	if "$layers" "$1" "$dir" >/dev/null; then
		echo "not found: $3 in $2"
		exit 1
	fi
	rm "$dir/$2"
	"$layers" "$1" "$dir"
}

layers=$1
expect -i vm/a.c '#include "emu/emu.h"'
expect -i emu/a.h '#include "xdp/xdp.h"'
expect -i xdp/a.c '#include "skb/skb.h"'
expect -i skb/a.c '#include "xdp/xdp.h"'
expect -i emu/a.c '#include "lib/bind.h"'
expect -i lib/a.c '#include "bench/say.h"'
expect -i lib/xdpbench/a.h '#include "vm/types.h"'
expect -i pcaps/a.c '#include "vm/mem.h"'
expect -i pcaps/a.c '#include "emu/emu.h"'
expect -i bench/a.c '#include "tests/a.h"'
expect -i bench/a.c '#include "vm/prog_priv.h"'
expect -i vm/a.c '#include "vm.h"'
expect -i emu/a.c '	union bpf_attr attr = { 0 };'
expect -i tests/a.c '	attr = (union bpf_attr){ .map_fd = 3 };'
expect -f vm/a.c '	printf("x");'
expect -f emu/a.c '	exit(1);'
expect -f lib/a.c '	printf("x");'
expect -f pcaps/a.c '		fprintf(stderr, "x");'
