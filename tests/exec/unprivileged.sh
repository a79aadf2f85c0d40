# SPDX-License-Identifier: BSD-2-Clause
# unprivileged.sh - for tests that source it: a directory that anybody can read, with the tool in it, and commands
# run by a user who is allowed nothing.

# setup XDPBENCH LIBRARY: makes $dir, and removes it at the end.
setup() {
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	chmod 755 "$dir"
	mkdir "$dir/lib"
	cp "$1" "$dir/xdpbench"
	cp "$2" "$dir/lib/"
	chmod -R a+rX "$dir"
}

unprivileged() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
	else
		"$@"
	fi
}
