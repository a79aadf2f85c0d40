/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btfjson.h - bytes as JSON by their BTF type, as bpftool's "formatted" has them, name for name and
 * number for number (cf. tools/bpf/bpftool/btf_dumper.c).
 */
#ifndef XB_BENCH_BTFJSON_H
#define XB_BENCH_BTFJSON_H

#include "emu/json.h"

struct btf;

/*
 * Writes the value of type `type_id` in data[0..bytes). A type that lies outside of the bytes, or
 * that no value can have, becomes null. Differs: a quote or backslash of type char is escaped.
 */
void xb_btfjson_write(struct xb_json *j, const char *key, const struct btf *btf, u32 type_id,
                      const u8 *data, size_t bytes);

/* The type behind modifiers and typedefs, or NULL where there is none. */
const struct btf_type *xb_btf_strip(const struct btf *btf, u32 type_id, u32 *stripped_id);

/* The value of `nr_bits` (up to 64) from bit_off on, little-endian. */
u64 xb_btf_bits(const u8 *data, u64 bit_off, u32 nr_bits);

#endif
