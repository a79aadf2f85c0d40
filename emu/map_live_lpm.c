/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_live_lpm.c - which element of an LPM trie a lookup finds, which bpf(2) does not say.
 *
 * A prefix that is in the trie has a successor, which is never the first key, or it is the last;
 * after a prefix that is not in it the kernel starts again at the first (cf. kernel/bpf/lpm_trie.c:
 * trie_get_next_key). So the longest prefix of the key that is no such stranger is the element's.
 */
#include "emu/map_live_priv.h"

static void
set_prefix(const struct xb_map *map, const void *key, u32 bits, u8 *own)
{
	u32 whole = bits / 8, data_bytes = map->key_size - 4;

	memset(own, 0, map->key_size);
	xb_st32(own, bits);
	if (whole > data_bytes)
		whole = data_bytes;
	memcpy(own + 4, (const u8 *)key + 4, whole);
	if (whole < data_bytes && bits % 8)
		own[4 + whole] = ((const u8 *)key)[4 + whole] & (u8)(0xff00 >> bits % 8);
}

void
xb_live_lpm_key(const struct xb_map *map, const void *key, u8 *own)
{
	set_prefix(map, key, xb_ld32(key), own);
}

static int
is_element(struct xb_map *map, const u8 *key, const u8 *first)
{
	u8 *next = xb_live_of(map)->value;
	int ret = xb_live_next_key(map, key, next);

	if (ret)
		return ret == -ENOENT ? 1 : ret;
	return memcmp(next, first, map->key_size) != 0;
}

int
xb_live_lpm_match(struct xb_map *map, const void *key, u8 *own)
{
	struct xb_live *l = xb_live_of(map);
	int ret = xb_live_get(map, BPF_MAP_LOOKUP_ELEM, key, l->value);

	if (!ret)
		ret = xb_live_next_key(map, NULL, l->next);
	for (u32 bits = xb_ld32(key); !ret; bits--) {
		set_prefix(map, key, bits, own);
		ret = is_element(map, own, l->next);
		if (ret > 0)
			return 0;
		if (!bits)
			return -ENOENT;
	}
	return ret;
}
