#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# headers.sh ROOT CC...: whether every header compiles alone.
set -eu
cd "$1"
shift
failed=0
for header in vm/*.h emu/*.h xdp/*.h skb/*.h lib/*.h pcaps/*.h bench/*.h; do
	[ -e "$header" ] || continue # a folder without any
	"$@" -std=gnu11 -D_GNU_SOURCE -fsyntax-only -Wall -Werror -I. -Ilib -include "$header" -x c /dev/null || failed=1
done
# Those of the library with nothing but themselves beside them, and in C++ too.
for header in lib/xdpbench/*.h; do
	"$@" -std=c11 -fsyntax-only -Wall -Werror -Ilib -include "$header" -x c /dev/null || failed=1
	"$@" -std=c++17 -fsyntax-only -Wall -Werror -Ilib -include "$header" -x c++ /dev/null || failed=1
done
exit $failed
