/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * legacy.h - map definitions as they were before BTF: objects in a section "maps", which libbpf
 * from 1.0 on refuses. The ELF file is rewritten, so that the section is ".maps" and its BTF says
 * of each definition what the compiler would have said of a BTF-defined map.
 */
#ifndef XB_EMU_LEGACY_H
#define XB_EMU_LEGACY_H

#include "vm/err.h"
#include "vm/types.h"

/*
 * Where the ELF file has a section "maps" with symbols of maps in it, *out is a new file of
 * *out_bytes, the caller's to free; else NULL, also where this is no ELF file for this machine:
 * that is libbpf's to say. `image` may be malformed and unaligned, and is not kept.
 *
 * All definitions have one size, that of the section over the number of symbols (cf. libbpf 0.8:
 * bpf_object__init_user_maps): 20 bytes of type, key_size, value_size, max_entries and flags. What
 * is behind these must be zero, but for two kinds:
 *  - 28 bytes (cf. samples/bpf/bpf_load.h of Linux 4.14): inner_map_idx of an outer map, and
 *    numa_node where the flags have BPF_F_NUMA_NODE;
 *  - 36 bytes (iproute2's struct bpf_elf_map): `pinning` in a namespace becomes
 *    LIBBPF_PIN_BY_NAME, `id` is of no use here, inner maps are an error.
 * An outer map that does not say what is inside takes arrays of one u32, and so stays empty, as it
 * was until the program that made its inner maps had run. Types of key and value are those of
 * BPF_ANNOTATE_KV_PAIR, where there are such of the right size.
 *
 * 0, or -1 and err (XB_ERR_LOAD), which names the map: "legacy map 'x': ..."; nothing is changed
 * then.
 */
int xb_legacy_convert(const void *image, size_t bytes, void **out, size_t *out_bytes,
                      struct xb_err *err);

#endif
