#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# format.sh CLANG_FORMAT ROOT: whether every C file is as .clang-format wants it.
# Other releases of the tool lay out some lines otherwise, so only the one in use here judges.
set -eu
case $("$1" --version) in
*'version 14.'*) ;;
*)
	echo 'skipped: clang-format is not version 14'
	exit 77
	;;
esac
cd "$2"
find vm emu xdp skb lib pcaps bench tests -name '*.[ch]' -exec "$1" --dry-run -Werror {} +
