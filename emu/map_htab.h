/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_htab.h - the hash table inside all maps that are one.
 *
 * Elements are a pool's; what they begin with is the link to the next in the bucket, the hash, and
 * the key, rounded up to 8 bytes. A bucket is a list with the newest element first, as the
 * kernel's.
 */
#ifndef XB_EMU_MAP_HTAB_H
#define XB_EMU_MAP_HTAB_H

#include "emu/hash.h"
#include "emu/map_pool.h"
#include "emu/map_priv.h"

struct xb_elem {
	u32 next; /* reference, 0: none */
	u32 hash;
	u8 key[];
};

struct xb_htab {
	struct xb_map_pool pool;
	u8 *base; /* of guest memory */
	u32 *buckets;
	u32 mask;
	u32 key_size;
	u64 seed;
	u32 count;
};

/*
 * Makes a table for map->max_entries elements; opts->val_off is set here. -ENOMEM, or -E2BIG where
 * the kernel's table would overflow (cf. kernel/bpf/hashtab.c: htab_map_alloc).
 */
int xb_htab_init(struct xb_htab *h, struct xb_map *map, const struct xb_map_pool_opts *opts);
void xb_htab_fini(struct xb_htab *h);

/*
 * A new element with this key, its values zeroed, and not in the table yet; 0: no memory. Once it
 * is put there, which cannot fail, lookups that nothing keeps away see all that was written to it.
 */
u32 xb_htab_new(struct xb_htab *h, const void *key, u32 hash);
void xb_htab_insert(struct xb_htab *h, u32 ref);

/*
 * Takes an element out, to be freed when the run is over; its `next` stays, for iterations that are
 * at it.
 */
void xb_htab_remove(struct xb_htab *h, u32 ref);

/* The key after an element's, or the first (ref 0); -ENOENT (cf. htab_map_get_next_key). */
int xb_htab_next_key(const struct xb_htab *h, u32 ref, void *next);

static inline struct xb_elem *
xb_htab_elem(const struct xb_htab *h, u32 ref)
{
	return (struct xb_elem *)(void *)(h->base + ((u64)ref << 4));
}

static inline u32
xb_htab_hash(const struct xb_htab *h, const void *key)
{
	const u8 *k = key;
	u64 x;

	switch (h->key_size) {
	case 4:
		x = xb_hash_mix(xb_ld32(k) ^ h->seed, XB_HASH_K0);
		break;
	case 8:
		x = xb_hash_mix(xb_ld64(k) ^ h->seed, XB_HASH_K0);
		break;
	case 16:
		x = xb_hash_mix(xb_ld64(k) ^ h->seed, XB_HASH_K0) ^ xb_ld64(k + 8);
		x = xb_hash_mix(x, XB_HASH_K1);
		break;
	default:
		return xb_hash(k, h->key_size, h->seed);
	}
	return (u32)x;
}

/* A reference that others may be writing, and what lies behind it. */
static inline u32
xb_htab_link(const u32 *link)
{
	return __atomic_load_n(link, __ATOMIC_ACQUIRE);
}

static inline void
xb_htab_set_link(u32 *link, u32 ref)
{
	__atomic_store_n(link, ref, __ATOMIC_RELEASE);
}

/* Whether two keys are the same, by words of which the last two may overlap. */
static inline bool
xb_htab_key_equal(const u8 *a, const u8 *b, u32 bytes)
{
	u32 i;

	if (bytes < 8)
		return !memcmp(a, b, bytes);
	for (i = 0; i + 8 < bytes; i += 8)
		if (xb_ld64(a + i) != xb_ld64(b + i))
			return false;
	return xb_ld64(a + bytes - 8) == xb_ld64(b + bytes - 8);
}

#define XB_HTAB_WALK(ref, e, same)                                                                 \
	for (; (ref); (ref) = xb_htab_link(&(e)->next)) {                                          \
		(e) = xb_htab_elem(h, ref);                                                        \
		if (same)                                                                          \
			break;                                                                     \
	}

/* The element with that 4-byte key, or 0. */
static inline u32
xb_htab_find4(const struct xb_htab *h, u32 key, u32 hash)
{
	u32 ref = xb_htab_link(&h->buckets[hash & h->mask]);
	const struct xb_elem *e;

	XB_HTAB_WALK(ref, e, xb_ld32(e->key) == key);
	return ref;
}

/* The element with that key, or 0. */
static inline u32
xb_htab_find(const struct xb_htab *h, const void *key, u32 hash)
{
	u32 ref = xb_htab_link(&h->buckets[hash & h->mask]);
	const struct xb_elem *e;
	u64 lo, hi;

	switch (h->key_size) {
	case 4:
		return xb_htab_find4(h, xb_ld32(key), hash);
	case 8:
		lo = xb_ld64(key);
		XB_HTAB_WALK(ref, e, xb_ld64(e->key) == lo);
		return ref;
	case 16:
		lo = xb_ld64(key);
		hi = xb_ld64((const u8 *)key + 8);
		XB_HTAB_WALK(ref, e, xb_ld64(e->key) == lo && xb_ld64(e->key + 8) == hi);
		return ref;
	default:
		XB_HTAB_WALK(ref, e,
		             e->hash == hash && xb_htab_key_equal(e->key, key, h->key_size));
		return ref;
	}
}

/*
 * What an update's flags say about an element that exists, or not: 0, -EEXIST, -ENOENT (cf.
 * kernel/bpf/hashtab.c: check_flags).
 */
static inline int
xb_htab_check_flags(u32 old, u64 flags)
{
	if (old && (flags & ~(u64)BPF_F_LOCK) == BPF_NOEXIST)
		return -EEXIST;
	if (!old && (flags & ~(u64)BPF_F_LOCK) == BPF_EXIST)
		return -ENOENT;
	return 0;
}

/* Attributes of all hash maps (cf. htab_map_alloc_check). */
int xb_htab_check(const union bpf_attr *attr);

/*
 * Operations of maps whose priv is a table, or begins with one. alloc makes that table as
 * xb_htab_init() does, and free frees it.
 */
int xb_htab_map_alloc(struct xb_map *map, const struct xb_map_pool_opts *opts);
void xb_htab_map_free(struct xb_map *map);
void xb_htab_map_gc(struct xb_map *map);
int xb_htab_map_delete(struct xb_map *map, const void *key);
int xb_htab_map_next_key(struct xb_map *map, const void *key, void *next);
const void *xb_htab_map_key_of(const struct xb_map *map, u64 value, u32 *idx);
/* fn may remove elements: the next one is called for all the same (cf. bpf_for_each_hash_elem). */
long xb_htab_map_for_each(struct xb_map *map, u32 cpu, xb_map_each_fn fn, void *arg);

#endif
