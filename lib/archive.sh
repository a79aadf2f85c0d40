#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# archive.sh LD OBJCOPY AR OUT ARCHIVE...: archives as one, of one object, whose hidden symbols are
# local to it.
set -eu
ld=$1 objcopy=$2 ar=$3 out=$4
shift 4
object=${out%.a}.o
"$ld" -r -o "$object" --whole-archive "$@"
"$objcopy" --localize-hidden "$object"
rm -f "$out"
"$ar" crD "$out" "$object"
rm -f "$object"
