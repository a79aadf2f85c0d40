#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# tables.sh XDPBENCH README [--write]: the tables of README.md that `xdpbench list` tells: helpers, maps, programs and kernel functions by how
# the emulator answers for them. They stand between "<!-- list -->" and "<!-- end of list -->"; --write puts them there,
# without it they are compared.
set -eu
LC_ALL=C.UTF-8
export LC_ALL

tool=$1
readme=$2
made=$(mktemp)
new=$(mktemp)
trap 'rm -f "$made" "$new"' EXIT

# rows WHAT: "| what | state | names |" for each state in the order of their first number.
rows() {
	"$tool" list "$1" | awk -v what="$1" '
		/^ *[0-9]+  [a-z]/ {
			state = substr($0, 40, 24)
			sub(/ +$/, "", state)
			if (!(state in names))
				order[++cnt] = state
			names[state] = names[state] (state in names && names[state] != "" ? ", " : "") $2
		}
		END {
			for (i = 1; i <= cnt; i++)
				printf "| %s | %s | %s |\n", what, order[i], names[order[i]]
		}'
}

{
	echo '| | answered for | which |'
	echo '| --- | --- | --- |'
	rows progs
	rows maps
	rows helpers
	rows kfuncs
} >"$made"
awk -v made="$made" '
	/^<!-- list -->$/ { print; print ""; while ((getline line < made) > 0) print line; print ""; on = 1; next }
	/^<!-- end of list -->$/ { on = 0 }
	!on' "$readme" >"$new"
grep -q '^<!-- end of list -->$' "$new" || {
	echo "$readme: no place for the tables"
	exit 1
}
if [ "${3-}" = --write ]; then
	cat "$new" >"$readme"
else
	diff -u "$readme" "$new" || {
		echo 'run ./dev tables'
		exit 1
	}
fi
