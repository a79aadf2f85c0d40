#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# same.sh GEN CAPTURE: whether the capture has the bytes that the generator writes today.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$1" "$dir/${2##*/}"
cmp "$dir/${2##*/}" "$2"
