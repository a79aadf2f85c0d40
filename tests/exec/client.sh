#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# client.sh XDPBENCH LIBRARY CLIENT OBJECT: one program with libbpf, on the kernel as root and under `exec` without
# any privilege.
set -u
LC_ALL=C
export LC_ALL

. "$(dirname "$0")/unprivileged.sh"
setup "$1" "$2"
cp "$3" "$dir/client"
cp "$4" "$dir/client.o"
failed=0

# passes WHERE COMMAND...: and names what it left out.
passes() {
	where=$1
	shift
	"$@" >"$dir/out" 2>&1
	code=$?
	sed "s/^/$where: /" "$dir/out" | grep skipped:
	[ $code = 0 ] && return
	failed=1
	printf '%s: exit code %d\n' "$where" $code
	cat "$dir/out"
}

passes exec unprivileged "$dir/xdpbench" exec -- "$dir/client" "$dir/client.o"
grep -q skipped: "$dir/out" && {
	echo 'exec: nothing may be left out'
	failed=1
}
if unprivileged unshare -Urnm true 2>/dev/null; then
	passes 'exec in a user namespace' unprivileged "$dir/xdpbench" exec -- unshare -Urnm "$dir/client" "$dir/client.o"
else
	echo 'skipped: no user namespaces'
fi
if unprivileged "$dir/client" "$dir/client.o" >"$dir/out" 2>&1; then
	echo 'without exec: passes without any privilege, and so shows nothing'
	failed=1
fi
if [ "$(id -u)" = 0 ] && [ "$(stat -f -c %T /sys/fs/bpf)" = bpf_fs ] && [ "$(bpftool prog show 2>&1 | head -c 5)" != Error ]; then
	passes kernel "$dir/client" "$dir/client.o"
else
	echo 'skipped: bpf(2) not permitted: the client did not run on the kernel'
fi
exit $failed
