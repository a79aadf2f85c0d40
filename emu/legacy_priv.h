/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * legacy_priv.h - between legacy.c, which knows ELF, and legacy_btf.c, which knows BTF.
 */
#ifndef XB_EMU_LEGACY_PRIV_H
#define XB_EMU_LEGACY_PRIV_H

#include "vm/err.h"
#include "vm/types.h"

struct btf;

/* A definition, as the section "maps" has it. */
struct xb_legacy_map {
	const char *name; /* in the image */
	u32 off;          /* in the section */
	u32 type, key_size, value_size, max_entries, flags;
	u32 numa_node;
	u32 pinning;      /* enum libbpf_pin_type of bpf/bpf_helpers.h: 0, or 1 by name */
	bool is_outer;    /* an array or hash of maps */
	bool knows_inner; /* an outer map that says what is inside: what maps[inner_idx] is like */
	u32 inner_idx;
};

struct xb_legacy_maps {
	struct xb_legacy_map *maps; /* owned, in order of the section, without gaps */
	u32 cnt;                    /* 1 to BTF_MAX_VLEN */
	u32 def_bytes;              /* of each in the section */
};

/*
 * The object's own BTF (NULL: it has none) with the maps added, the section "maps" being ".maps".
 * Ids and offsets of names stay, for .BTF.ext has some. Freed with btf__free(); NULL and err.
 */
struct btf *xb_legacy_btf(const struct xb_legacy_maps *maps, const u8 *own, size_t own_bytes,
                          struct xb_err *err);

#endif
