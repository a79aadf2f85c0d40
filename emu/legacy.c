/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * legacy.c - the ELF half: finds the definitions, and writes the file anew.
 *
 *     old file | BTF | names of sections, longer | section headers, one more where there was no BTF
 *
 * What the old file has stays where it is; the section headers at the end point to it, and to what
 * is new. Nothing in the file is believed: every offset, size and index is checked where it is
 * used.
 */
#include "emu/legacy.h"

#include "emu/legacy_priv.h"
#include "vm/bytes.h"

#include <bpf/btf.h>
#include <elf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#define MIN_DEF_BYTES      20u
#define SAMPLES_DEF_BYTES  28u
#define IPROUTE2_DEF_BYTES 36u

/* The kernel's samples, behind the first 20 bytes (cf. samples/bpf/bpf_load.h of Linux 4.14). */
enum {
	SAMPLES_INNER_IDX = 20,
	SAMPLES_NUMA_NODE = 24,
};

/* iproute2's struct bpf_elf_map (cf. include/bpf_elf.h there); at 20 is an id. */
enum {
	IPROUTE2_PINNING = 24,
	IPROUTE2_INNER_ID = 28,
	IPROUTE2_INNER_IDX = 32,
};

/* cf. iproute2's include/bpf_elf.h: PIN_NONE, PIN_OBJECT_NS, PIN_GLOBAL_NS */
enum { PIN_NONE, PIN_OBJECT, PIN_GLOBAL, PIN_CNT };

/* Behind a zero byte, for the old names need not end with one. */
static const char new_names[] = "\0.maps\0" BTF_ELF_SEC;
#define NEW_MAPS 1u
#define NEW_BTF  7u

struct elf {
	const u8 *image;
	size_t bytes;
	Elf64_Ehdr eh;
	u32 maps_idx, symbols_idx, btf_idx; /* sections; 0: there is none */
};

/* The contents of a section. */
struct part {
	const u8 *data;
	size_t bytes;
};

static int
refuse(struct xb_err *err, const char *what)
{
	return xb_err_set(err, XB_ERR_LOAD, "legacy maps: %s", what);
}

/* Whether there are section headers that can be read. */
static bool
open_elf(struct elf *elf, const void *image, size_t bytes)
{
	*elf = (struct elf){ .image = image, .bytes = bytes };
	if (bytes < sizeof(elf->eh))
		return false;
	memcpy(&elf->eh, image, sizeof(elf->eh));
	return memcmp(elf->eh.e_ident, ELFMAG, SELFMAG) == 0 &&
	       elf->eh.e_ident[EI_CLASS] == ELFCLASS64 && elf->eh.e_ident[EI_DATA] == ELFDATA2LSB &&
	       elf->eh.e_shentsize == sizeof(Elf64_Shdr) && elf->eh.e_shoff <= bytes &&
	       (bytes - elf->eh.e_shoff) / sizeof(Elf64_Shdr) >= elf->eh.e_shnum &&
	       elf->eh.e_shstrndx < elf->eh.e_shnum;
}

static Elf64_Shdr
header_of(const struct elf *elf, u32 idx)
{
	Elf64_Shdr sh = { 0 };

	if (idx < elf->eh.e_shnum)
		memcpy(&sh, elf->image + elf->eh.e_shoff + idx * sizeof(sh), sizeof(sh));
	return sh;
}

/* Nothing where it has no contents, or some beyond the file's end. */
static struct part
part_of(const struct elf *elf, u32 idx)
{
	Elf64_Shdr sh = header_of(elf, idx);

	if (sh.sh_type == SHT_NULL || sh.sh_type == SHT_NOBITS || sh.sh_offset > elf->bytes ||
	    sh.sh_size > elf->bytes - sh.sh_offset)
		return (struct part){ 0 };
	return (struct part){ elf->image + sh.sh_offset, sh.sh_size };
}

/* A string of a string table; NULL where it does not end in it. */
static const char *
string_at(const struct part *table, u64 off)
{
	if (off >= table->bytes || !memchr(table->data + off, 0, table->bytes - off))
		return NULL;
	return (const char *)table->data + off;
}

/* The sections that matter here. Of two with one name the last counts, as it does for libbpf. */
static int
find_sections(struct elf *elf, bool *mixed)
{
	const struct part names = part_of(elf, elf->eh.e_shstrndx);
	int maps_cnt = 0;

	*mixed = false;
	for (u32 i = 1; i < elf->eh.e_shnum; i++) {
		Elf64_Shdr sh = header_of(elf, i);
		const char *name = string_at(&names, sh.sh_name);

		if (sh.sh_type == SHT_SYMTAB)
			elf->symbols_idx = i;
		if (!name)
			continue;
		if (strcmp(name, "maps") == 0) {
			elf->maps_idx = i;
			maps_cnt++;
		} else if (strcmp(name, ".maps") == 0) {
			*mixed = true;
		} else if (strcmp(name, BTF_ELF_SEC) == 0) {
			elf->btf_idx = i;
		}
	}
	return maps_cnt;
}

/* The maps' symbols: all in the section but the section's own. */
static bool
is_map(const struct elf *elf, const Elf64_Sym *sym)
{
	return sym->st_shndx == elf->maps_idx && ELF64_ST_TYPE(sym->st_info) != STT_SECTION;
}

/* What is behind `from` must be zero. */
static int
expect_zeros(const struct xb_legacy_map *map, const u8 *def, u32 from, u32 def_bytes,
             struct xb_err *err)
{
	for (u32 i = from; i < def_bytes; i++)
		if (def[i])
			return xb_err_set(err, XB_ERR_LOAD,
			                  "legacy map '%.64s': byte %u of its %u is %u, expected 0",
			                  map->name, i, def_bytes, def[i]);
	return 0;
}

static int
read_samples(struct xb_legacy_map *map, const u8 *def, struct xb_err *err)
{
	u32 from = SAMPLES_INNER_IDX;

	if (map->is_outer) {
		map->knows_inner = true;
		map->inner_idx = xb_ld32(def + SAMPLES_INNER_IDX);
		from = SAMPLES_NUMA_NODE;
	}
	if (map->flags & BPF_F_NUMA_NODE) {
		map->numa_node = xb_ld32(def + SAMPLES_NUMA_NODE);
		return expect_zeros(map, def, from, SAMPLES_NUMA_NODE, err);
	}
	return expect_zeros(map, def, from, SAMPLES_DEF_BYTES, err);
}

static int
read_iproute2(struct xb_legacy_map *map, const u8 *def, struct xb_err *err)
{
	u32 inner_id = xb_ld32(def + IPROUTE2_INNER_ID);
	u32 inner_idx = xb_ld32(def + IPROUTE2_INNER_IDX);
	u32 pinning = xb_ld32(def + IPROUTE2_PINNING);

	if (inner_id || inner_idx)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "legacy map '%.64s': inner_id %u, inner_idx %u: inner maps of "
		                  "iproute2's kind cannot be loaded; define them in BTF",
		                  map->name, inner_id, inner_idx);
	if (pinning >= PIN_CNT)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "legacy map '%.64s': pinning %u, expected 0 to %u", map->name,
		                  pinning, PIN_CNT - 1);
	map->pinning = pinning != PIN_NONE;
	return 0;
}

static int
read_def(struct xb_legacy_map *map, const u8 *def, u32 def_bytes, struct xb_err *err)
{
	map->type = xb_ld32(def);
	map->key_size = xb_ld32(def + 4);
	map->value_size = xb_ld32(def + 8);
	map->max_entries = xb_ld32(def + 12);
	map->flags = xb_ld32(def + 16);
	map->is_outer =
	        map->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || map->type == BPF_MAP_TYPE_HASH_OF_MAPS;
	switch (def_bytes) {
	case SAMPLES_DEF_BYTES:
		return read_samples(map, def, err);
	case IPROUTE2_DEF_BYTES:
		return read_iproute2(map, def, err);
	default:
		return expect_zeros(map, def, MIN_DEF_BYTES, def_bytes, err);
	}
}

/* An inner map is another one, and has none inside. */
static int
check_inner(const struct xb_legacy_maps *maps, struct xb_err *err)
{
	for (u32 i = 0; i < maps->cnt; i++) {
		const struct xb_legacy_map *map = &maps->maps[i];

		if (map->knows_inner &&
		    (map->inner_idx >= maps->cnt || maps->maps[map->inner_idx].is_outer))
			return xb_err_set(err, XB_ERR_LOAD,
			                  "legacy map '%.64s': map %u of %u cannot be inside it",
			                  map->name, map->inner_idx, maps->cnt);
	}
	return 0;
}

/* Each symbol fills the slot that it points to: one map for each. */
static int
read_map(struct xb_legacy_maps *maps, const struct part *sec, const Elf64_Sym *sym,
         const char *name, struct xb_err *err)
{
	struct xb_legacy_map *map;

	if (!name || !name[0])
		return xb_err_set(err, XB_ERR_LOAD, "legacy map at byte %llu has no name",
		                  (unsigned long long)sym->st_value);
	if (ELF64_ST_BIND(sym->st_info) == STB_LOCAL)
		return xb_err_set(err, XB_ERR_LOAD, "legacy map '%.64s' is static", name);
	if (sym->st_value >= sec->bytes || sym->st_value % maps->def_bytes)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "legacy map '%.64s' is at byte %llu of the section, which has "
		                  "%u of %u bytes",
		                  name, (unsigned long long)sym->st_value, maps->cnt,
		                  maps->def_bytes);
	map = &maps->maps[sym->st_value / maps->def_bytes];
	if (map->name)
		return xb_err_set(err, XB_ERR_LOAD, "legacy map '%.64s' is map '%.64s', too", name,
		                  map->name);
	map->name = name;
	map->off = (u32)sym->st_value;
	return read_def(map, sec->data + map->off, maps->def_bytes, err);
}

/* How long a definition is: 0, or -1 and err. */
static int
measure(struct xb_legacy_maps *maps, const struct part *sec, struct xb_err *err)
{
	if (maps->cnt == 0)
		return refuse(err, "no symbol names one in section 'maps'");
	if (maps->cnt > BTF_MAX_VLEN)
		return xb_err_set(err, XB_ERR_LOAD, "legacy maps: %u of them, expected %u at most",
		                  maps->cnt, BTF_MAX_VLEN);
	if (sec->bytes > UINT32_MAX || sec->bytes % maps->cnt)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "legacy maps: %u in a section of %zu bytes: not of one size",
		                  maps->cnt, sec->bytes);
	maps->def_bytes = (u32)sec->bytes / maps->cnt;
	if (maps->def_bytes < MIN_DEF_BYTES)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "legacy maps: %u in a section of %zu bytes, expected %u for each "
		                  "or more",
		                  maps->cnt, sec->bytes, MIN_DEF_BYTES);
	return 0;
}

static int
read_maps(const struct elf *elf, struct xb_legacy_maps *maps, struct xb_err *err)
{
	const Elf64_Shdr sh = header_of(elf, elf->symbols_idx);
	const struct part symbols = part_of(elf, elf->symbols_idx);
	const struct part names = part_of(elf, sh.sh_link);
	const struct part sec = part_of(elf, elf->maps_idx);
	size_t sym_cnt = symbols.bytes / sizeof(Elf64_Sym);
	Elf64_Sym sym;

	if (sh.sh_entsize != sizeof(sym))
		return refuse(err, "no table of symbols in the file");
	for (size_t i = 0; i < sym_cnt; i++) {
		memcpy(&sym, symbols.data + i * sizeof(sym), sizeof(sym));
		maps->cnt += is_map(elf, &sym);
	}
	if (measure(maps, &sec, err) != 0)
		return -1;
	maps->maps = calloc(maps->cnt, sizeof(*maps->maps));
	if (!maps->maps)
		return xb_err_errno(err, ENOMEM, "legacy maps");
	for (size_t i = 0; i < sym_cnt; i++) {
		memcpy(&sym, symbols.data + i * sizeof(sym), sizeof(sym));
		if (is_map(elf, &sym) &&
		    read_map(maps, &sec, &sym, string_at(&names, sym.st_name), err) != 0)
			return -1;
	}
	return check_inner(maps, err);
}

static size_t
align8(size_t n)
{
	return (n + 7) / 8 * 8;
}

/* Makes a section have `part`, at the offset in the new file where it is put. */
static void
place(u8 *headers, u32 idx, size_t off, size_t bytes)
{
	u8 *sh = headers + idx * sizeof(Elf64_Shdr);

	xb_st64(sh + offsetof(Elf64_Shdr, sh_offset), off);
	xb_st64(sh + offsetof(Elf64_Shdr, sh_size), bytes);
}

static void
rename_section(u8 *headers, u32 idx, size_t name_off)
{
	xb_st32(headers + idx * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_name), (u32)name_off);
}

/* Writes the file of the drawing above. */
static int
write_elf(const struct elf *elf, const struct part *btf, void **out, size_t *out_bytes,
          struct xb_err *err)
{
	const struct part names = part_of(elf, elf->eh.e_shstrndx);
	const Elf64_Shdr fresh = { .sh_type = SHT_PROGBITS, .sh_addralign = 8 };
	u32 old_cnt = elf->eh.e_shnum, cnt = old_cnt + (elf->btf_idx == 0);
	u32 btf_idx = elf->btf_idx ? elf->btf_idx : old_cnt;
	size_t btf_off = align8(elf->bytes), names_off = align8(btf_off + btf->bytes);
	size_t names_bytes = names.bytes + sizeof(new_names);
	size_t headers_off = align8(names_off + names_bytes);
	u8 *file, *headers;

	if (cnt >= SHN_LORESERVE || names_bytes > UINT32_MAX)
		return refuse(err, "too many sections to add one for BTF");
	*out_bytes = headers_off + cnt * sizeof(Elf64_Shdr);
	file = calloc(1, *out_bytes);
	if (!file)
		return xb_err_errno(err, ENOMEM, "legacy maps");
	headers = file + headers_off;
	memcpy(file, elf->image, elf->bytes);
	memcpy(file + btf_off, btf->data, btf->bytes);
	memcpy(file + names_off, names.data, names.bytes);
	memcpy(file + names_off + names.bytes, new_names, sizeof(new_names));
	memcpy(headers, elf->image + elf->eh.e_shoff, old_cnt * sizeof(Elf64_Shdr));
	if (!elf->btf_idx) {
		memcpy(headers + btf_idx * sizeof(fresh), &fresh, sizeof(fresh));
		rename_section(headers, btf_idx, names.bytes + NEW_BTF);
	}
	rename_section(headers, elf->maps_idx, names.bytes + NEW_MAPS);
	place(headers, btf_idx, btf_off, btf->bytes);
	place(headers, elf->eh.e_shstrndx, names_off, names_bytes);
	xb_st64(file + offsetof(Elf64_Ehdr, e_shoff), headers_off);
	xb_st16(file + offsetof(Elf64_Ehdr, e_shnum), (u16)cnt);
	*out = file;
	return 0;
}

static int
convert(const struct elf *elf, const struct xb_legacy_maps *maps, void **out, size_t *out_bytes,
        struct xb_err *err)
{
	const struct part own = part_of(elf, elf->btf_idx);
	struct btf *btf = xb_legacy_btf(maps, own.bytes ? own.data : NULL, own.bytes, err);
	struct part raw;
	u32 raw_bytes;
	int rc;

	if (!btf)
		return -1;
	raw.data = btf__raw_data(btf, &raw_bytes);
	raw.bytes = raw_bytes;
	rc = raw.data ? write_elf(elf, &raw, out, out_bytes, err)
	              : xb_err_errno(err, ENOMEM, "legacy maps: BTF");
	btf__free(btf);
	return rc;
}

int
xb_legacy_convert(const void *image, size_t bytes, void **out, size_t *out_bytes,
                  struct xb_err *err)
{
	struct xb_legacy_maps maps = { 0 };
	struct elf elf;
	bool mixed;
	int maps_cnt, rc;

	*out = NULL;
	if (!open_elf(&elf, image, bytes))
		return 0;
	maps_cnt = find_sections(&elf, &mixed);
	if (maps_cnt == 0)
		return 0;
	if (maps_cnt > 1)
		return refuse(err, "more than one section 'maps'");
	if (mixed)
		return refuse(err, "there are sections 'maps' and '.maps'; define all in BTF");
	rc = read_maps(&elf, &maps, err);
	if (rc == 0)
		rc = convert(&elf, &maps, out, out_bytes, err);
	free(maps.maps);
	return rc;
}
