/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * encode.h - values as people write them, into the bytes of a map's key or value.
 *
 * With BTF the type decides: integers by their size, structs as {name=..} or {.., ..}, arrays as
 * [..], text for arrays of char, names of enum items. Without BTF, or for any 4, 16 or 6 bytes,
 * IPv4, IPv6 and MAC addresses stand for their bytes in network order. bpftool's arrays of "0x.."
 * are taken for any type.
 */
#ifndef XB_BENCH_ENCODE_H
#define XB_BENCH_ENCODE_H

#include "emu/value.h"

struct btf;

struct xb_encode_opts {
	const struct btf *btf; /* or NULL */
	u32 type_id;           /* 0: none */
	bool lpm;              /* a key of an LPM trie: "10.0.0.0/8" is allowed */
	bool keep;             /* bytes that v does not name stay as they are */
};

/*
 * Fills to[0..bytes), zeroed where v does not say (or kept). Errors: XB_ERR_USAGE, "expected a
 * number from 0 to 255, found '300'".
 */
int xb_encode(const struct xb_value *v, const struct xb_encode_opts *opts, u8 *to, size_t bytes,
              struct xb_err *err);

/* Whether v is an array of strings and numbers that are bytes ("0x01"), as bpftool writes them. */
bool xb_encode_is_bytes(const struct xb_value *v);

#endif
