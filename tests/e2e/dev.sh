#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# dev.sh DEV: what `./dev deps` does on machines that lack something, with stand-ins for the machine's commands.
set -eu

dev=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin"
for tool in bash cat dirname env grep mktemp rm sh tail touch; do
	ln -s "$(command -v $tool)" "$dir/bin/$tool"
done

# stub NAME: the rest of the script comes on stdin. Every stand-in sees $dir as $STUB.
stub() {
	{
		echo '#!/bin/sh'
		cat
	} >"$dir/bin/$1"
	chmod +x "$dir/bin/$1"
}

# Packages are installed where a file of their name is; apt-get makes it, if the archive has the package.
stub dpkg-query <<'END'
for name; do :; done
[ -e "$STUB/installed/$name" ] && printf installed
END
stub apt-get <<'END'
echo "apt-get $*" >>"$STUB/calls"
[ "$1" = update ] && touch "$STUB/updated" && exit 0
for name; do
	case $name in
	install | -*) continue ;;
	esac
	[ -e "$STUB/updated" ] && [ ! -e "$STUB/absent-$name" ] || exit 100
done
for name; do touch "$STUB/installed/$name"; done
END
stub id <<'END'
cat "$STUB/uid"
END

# machine UID MISSING...: one that lacks these packages, and has never fetched package lists.
machine() {
	rm -rf "$dir/installed" "$dir/updated" "$dir/calls" "$dir"/absent-* "$dir/bin/sudo"
	mkdir "$dir/installed"
	: >"$dir/calls"
	echo "$1" >"$dir/uid"
	shift
	for name in gcc clang meson ninja-build pkg-config libpcap-dev libbpf-dev libelf-dev zlib1g-dev \
		libzstd-dev libcjson-dev libcmocka-dev xdp-tools tshark tcpdump bpftool iproute2; do
		touch "$dir/installed/$name"
	done
	for name; do rm "$dir/installed/$name"; done
}

# deps WANTED_CODE
deps() {
	code=0
	STUB=$dir PATH=$dir/bin "$dir/bin/bash" "$dev" deps >"$dir/out" 2>&1 </dev/null || code=$?
	if [ "$code" != "$1" ]; then
		echo "exit code $code, expected $1"
		cat "$dir/out"
		exit 1
	fi
}

# wants FILE TEXT
wants() {
	grep -qF -- "$2" "$dir/$1" && return
	echo "no '$2' in:"
	cat "$dir/$1"
	exit 1
}

machine 0
deps 0
[ ! -s "$dir/calls" ] || { echo 'apt-get called, with nothing missing' && exit 1; }

machine 0 meson libbpf-dev
deps 0
wants out 'dev: installing meson libbpf-dev'
wants out 'dev: fetching package lists'
[ -e "$dir/installed/libbpf-dev" ] || { echo 'not installed' && exit 1; }
[ "$(grep -c update "$dir/calls")" = 1 ] || { echo 'lists fetched more than once' && exit 1; }

machine 0 bpftool tshark
touch "$dir/absent-bpftool"
deps 0
wants out 'dev: installing for tests tshark bpftool'
wants out 'dev: not installed (tests that want them will say so): bpftool'
[ -e "$dir/installed/tshark" ] || { echo 'the other one is not installed' && exit 1; }

machine 0 libelf-dev
touch "$dir/absent-libelf-dev"
deps 1
wants out 'dev: apt-get could not install: libelf-dev'

machine 1000 clang tcpdump
deps 1
wants out 'neither root nor sudo: apt-get install clang'
[ ! -s "$dir/calls" ] || { echo 'apt-get called by nobody' && exit 1; }

machine 1000 clang
stub sudo <<'END'
exec env "$@"
END
deps 0
wants calls 'apt-get install -y --no-install-recommends clang'

machine 1000 tcpdump
deps 0
wants out 'not installed (tests that want them will say so): tcpdump'
