#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# layers.sh [-f | -i] ROOT: what the folders may know of one another, and may not do.
#   vm <- emu <- {xdp, skb} <- lib <- bench; pcaps is a leaf that borrows three headers of vm/.
# -i checks includes, -f that nothing below bench/ prints or ends the process.
set -eu
LC_ALL=C
export LC_ALL

mode=$1
root=$2
found=0

# complain WORDS MATCHES
complain() {
	[ -n "$2" ] || return 0
	printf '%s:\n%s\n' "$1" "$2"
	found=1
}

# forbid FOLDER PATTERN: no file of the folder includes one of these.
forbid() {
	[ -d "$root/$1" ] || return 0
	complain "$1/ must not know" \
		"$(cd "$root" && grep -rnE --include='*.[ch]' "#include \"($2)" "$1" || true)"
}

check_includes() {
	forbid vm '(emu|xdp|skb|lib|pcaps|bench|tests)/'
	forbid emu '(xdp|skb|lib|pcaps|bench|tests)/'
	forbid xdp '(skb|lib|pcaps|bench|tests)/'
	forbid skb '(xdp|lib|pcaps|bench|tests)/'
	forbid lib '(pcaps|bench|tests)/'
	forbid lib/xdpbench '(vm|emu|xdp|skb|lib)/'
	forbid pcaps '(emu|xdp|skb|lib|bench|tests)/'
	forbid bench 'tests/'
	complain 'pcaps/ borrows only err.h, types.h and bytes.h of vm/' \
		"$(cd "$root" && grep -rnE --include='*.[ch]' '#include "vm/' pcaps |
			grep -vE '"vm/(err|types|bytes)\.h"' || true)"
	complain 'includes are "folder/file.h", from the top' \
		"$(cd "$root" && grep -rnE --include='*.[ch]' '#include "[^/"]*"' vm emu xdp skb lib pcaps bench || true)"
	complain 'an initialiser leaves the end of bpf_attr as it is: memset it' \
		"$(cd "$root" && grep -rnE --include='*.[ch]' \
			'[(]union bpf_attr[)] ?[{]|^[[:space:]]+union bpf_attr [a-z_]+ = [{]' \
			vm emu xdp skb lib bench tests || true)"
	for dir in vm emu xdp skb lib pcaps bench; do
		complain "headers of $dir/ for $dir/ alone" \
			"$(cd "$root" && grep -rnE --include='*.[ch]' "#include \"$dir/[a-z0-9_]*_priv\.h\"" \
				vm emu xdp skb lib pcaps bench | grep -v "^$dir/" || true)"
	done
}

check_calls() {
	complain 'only bench/ prints and exits' \
		"$(cd "$root" && grep -rnE --include='*.[ch]' \
			'(^|[^a-zA-Z0-9_])(printf|vprintf|fprintf|vfprintf|puts|fputs|putchar|perror|err|errx|warn|warnx|exit|_exit|quick_exit|abort)[[:space:]]*\(' \
			vm emu xdp skb lib pcaps |
			grep -vE '^[^:]*:[0-9]+:[[:space:]]*(/?\*|//)' || true)"
}

case $mode in
-i) check_includes ;;
-f) check_calls ;;
*) exit 2 ;;
esac
exit $found
