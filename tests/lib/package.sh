#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# package.sh CC BUILD VERSION PROGS SANITIZERS: what a user finds where the library is installed:
# names, versions, headers, symbols; and that programs built from it work, shared and static.
set -euo pipefail
cc=$1 build=$2 version=$3 progs=$4
if [ "$5" != none ]; then
	echo 'skipped: a library with sanitizers is none to install'
	exit 0
fi
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir" # for nobody

meson install -C "$build" --destdir "$dir/root" --no-rebuild >"$dir/install.log" 2>&1 || {
	cat "$dir/install.log"
	exit 1
}
pc=$(find "$dir/root" -name xdpbench.pc)
prefix=$(sed -n 's/^prefix=//p' "$pc")
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
libdir=$dir/root$(pkg-config --variable=libdir xdpbench)
include=$dir/root$prefix/include
# C++ by the same compiler, where there is one.
cxx=$(dirname "$cc")/$(basename "$cc" | sed 's/^gcc/g++/; s/^clang\(-[0-9]*\)\?$/clang++\1/; s/^cc$/c++/')
command -v "$cxx" >/dev/null || cxx=$(command -v c++ || true)

failed=0
check() { # WHAT EXPECTED GOT
	[ "$2" = "$3" ] && return
	printf '%s:\n' "$1"
	diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") || true
	failed=1
}

has() { # WHAT WORD TEXT
	case " $3 " in
	*" $2 "*) ;;
	*)
		printf '%s: no %s in: %s\n' "$1" "$2" "$3"
		failed=1
		;;
	esac
}

# Names and versions.
major=${version%%.*}
so=$libdir/libxdpbench.so.$version
check 'file' "$so" "$(readlink -f "$libdir/libxdpbench.so")"
check 'SONAME' "libxdpbench.so.$major" "$(readelf -d "$so" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')"
check 'version of pkg-config' "$version" "$(pkg-config --modversion xdpbench)"
check 'version of symbols' "XDPBENCH_$major" "$(nm -D --defined-only "$so" | awk '$2 == "A" { print $3 }')"
has 'cflags' "-I$prefix/include" "$(pkg-config --cflags xdpbench)"
has 'libs' -lxdpbench "$(pkg-config --libs xdpbench)"
static=$(pkg-config --static --libs xdpbench)
for lib in -lxdpbench -lbpf -lelf -lz; do
	has 'libs, static' "$lib" "$static"
done

# What headers declare is what there is, and what libbpf calls of the C library.
headers=$(cd "$include" && echo xdpbench/*.h)
check 'headers' "$(cd "$here/../../lib" && echo xdpbench/*.h)" "$headers"
declared=$(for h in $headers; do
	[ "$h" != xdpbench/libbpf.h ] || continue # compiled into its callers
	"$cc" -std=c11 "-I$include" -E -P "$include/$h"
done | grep -oE '\bxb_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u)
[ -n "$declared" ] || { echo 'no function declared'; exit 1; }
archive=$(nm --defined-only "$libdir/libxdpbench.a" | awk '$2 ~ /^[A-Z]$/ { print $3 }' | sort -u)
wrapped=$(sed -n 's/^__wrap_//p' <<<"$archive")
check 'dynamic symbols' "$(printf '%s\n' "$declared" "$wrapped" | sort)" \
	"$(nm -D --defined-only "$so" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort)"
check 'symbols of the archive' "$declared" "$(grep -v '^__wrap_' <<<"$archive")"
check 'wrapped symbols' "$wrapped" "$(grep -oE -- '--wrap=[a-z0-9_]+' <<<"$static" | sed 's/.*=//' | sort)"

# Each header alone.
alone() { # COMPILER FLAG...
	local h
	for h in $headers; do
		printf '#include <%s>\n' "$h" | "$@" -Wall -Wextra -Wpedantic -Werror -fsyntax-only "-I$include" - || {
			printf '%s: %s\n' "$1" "$h"
			failed=1
		}
	done
}
alone "$cc" -std=c11 -x c
if [ -n "$cxx" ]; then
	alone "$cxx" -std=c++17 -x c++
else
	echo 'skipped: no C++ compiler'
fi

# Programs, built from what is installed.
# shellcheck disable=SC2046
build() { # shared|static COMPILER SOURCE FLAG...
	local how=$1 compiler=$2 source=$3
	local libs=(-lxdpbench)
	shift 3
	[ "$how" = shared ] ||
		libs=(-Wl,-Bstatic $(pkg-config --static --libs-only-l --libs-only-other xdpbench) -Wl,-Bdynamic)
	"$compiler" -Wall -Wextra -Werror "-I$include" "$source" -o "$dir/$(basename "${source%.*}")-$how" \
		"-L$libdir" "$@" "${libs[@]}"
}
export LD_LIBRARY_PATH=$libdir
for how in shared static; do
	build "$how" "$cc" "$here/package/collide.c" -std=c11
	check "names of one's own, $how" '2, 0 calls' "$("$dir/collide-$how" 2>&1)"
	[ -n "$cxx" ] || continue
	build "$how" "$cxx" "$here/package/plus.cc" -std=c++17
	check "C++, $how" '1, null pointer' "$("$dir/plus-$how" 2>&1)"
done

# A user's libbpf, the shared one, and nobody's rights.
nobody=()
after='after all: the kernel'
if [ "$(id -u)" = 0 ]; then
	if command -v setpriv >/dev/null; then
		nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --no-new-privs)
	else
		echo 'skipped: no setpriv(1) to drop root with'
		after=
	fi
fi
[ -f "$progs/percpu.o" ] || { echo 'skipped: no object to load'; exit $failed; }
cp "$progs/percpu.o" "$progs/pinned.o" "$dir"
build shared "$cc" "$here/package/user.c" -std=gnu11 -Wl,--no-as-needed -lxdpbench -lbpf
check 'user with a shared libbpf' 'xdp_percpu: 2
test run: 2
map: sizes, 3 CPUs
xdp_pinned: 2
test run: 2
map: pinned_total, 3 CPUs
'"$after" "$("${nobody[@]}" "$dir/user-shared" "$dir/percpu.o" "$dir/pinned.o" 2>&1)"

"$cc" -std=c11 -Wall -Wextra -Werror "-I$include" "$here/package/plugin.c" -D_GNU_SOURCE -o "$dir/plugin" -ldl
check 'opened for itself' "plugin: libbpf's system calls do not come to the emulator: link with libxdpbench, or open it with RTLD_DEEPBIND" \
	"$("${nobody[@]}" "$dir/plugin" "$so" "$dir/percpu.o" local 2>&1)"
check 'opened with its own libbpf' 0 "$("${nobody[@]}" "$dir/plugin" "$so" "$dir/percpu.o" deep 2>&1)"
echo "$(wc -l <<<"$declared") functions, $(wc -w <<<"$headers") headers"
exit $failed
