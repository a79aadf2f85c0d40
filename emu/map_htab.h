/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_htab.h - the hash table inside all maps that are one.
 *
 *   element:  [16 bytes of the owner's]  next  hash  key, pad 8  value, pad 8  (value of CPU 1 ...)
 *                                       ^ reference                ^ val_off
 *
 * Elements lie in guest memory, but only their values are addressable: header and key are the red
 * zone. A bucket is a list, the newest element first, as the kernel's. Elements that were taken out
 * stay readable until the run ends, when the map's gc gives them back; where a single run leaves
 * more than 64 MiB of them, the oldest are used again, as the kernel would use any.
 */
#ifndef XB_EMU_MAP_HTAB_H
#define XB_EMU_MAP_HTAB_H

#include "emu/map_pool.h"
#include "emu/map_priv.h"

struct xb_elem {
	u32 next; /* reference, 0: none */
	u32 hash;
	u8 key[];
};

struct xb_htab {
	struct xb_map *map;
	u8 *base; /* of guest memory */
	u32 *buckets;
	u32 mask;
	u32 key_size;
	u64 seed;
	u32 count;
	u32 val_off;     /* from the element */
	u32 cpu_stride;  /* from the value of a CPU to the next one's */
	u32 value_bytes; /* addressable of each */
	u32 copies;
	u32 head_bytes; /* before the element, for its owner */
	struct xb_pool pool;
	u32 *dead; /* taken out, oldest first from dead_first */
	u32 dead_first, dead_cnt, dead_cap;
};

struct xb_htab_opts {
	u32 value_bytes; /* in memory */
	u32 copies;
	u32 head_bytes; /* 0 or 16 */
	bool opaque;    /* values are not for programs */
};

/* -ENOMEM, -E2BIG where the kernel's table would overflow (cf. kernel/bpf/hashtab.c:
 * htab_map_alloc). */
int xb_htab_init(struct xb_htab *h, struct xb_map *map, const struct xb_htab_opts *opts);
void xb_htab_fini(struct xb_htab *h);

/* Memory for an element with addressable, zeroed values, not in the table; 0: none. */
u32 xb_htab_alloc(struct xb_htab *h);

/* Puts an element with its key at the head of its bucket. */
void xb_htab_link(struct xb_htab *h, u32 ref, u32 hash);

/* Takes an element out of its bucket; its `next` stays, for iterations that are at it. */
void xb_htab_unlink(struct xb_htab *h, u32 ref);

/* Frees an element that was unlinked, when the run is over. */
void xb_htab_retire(struct xb_htab *h, u32 ref);

/* Frees what was retired. */
void xb_htab_gc(struct xb_htab *h);

/* First (NULL key or unknown one) or next key; -ENOENT (cf. htab_map_get_next_key). */
int xb_htab_next_key(struct xb_htab *h, const void *key, void *next);

/* Calls fn for each element; it may remove it (cf. bpf_for_each_hash_elem). */
long xb_htab_for_each(struct xb_htab *h, u32 cpu, xb_map_each_fn fn, void *arg);

u32 xb_htab_hash_slow(const void *key, u32 bytes, u64 seed);

static inline struct xb_elem *
xb_htab_elem(const struct xb_htab *h, u32 ref)
{
	return (struct xb_elem *)(void *)(h->base + ((u64)ref << 4));
}

static inline u64
xb_htab_value(const struct xb_htab *h, u32 ref, u32 cpu)
{
	return ((u64)ref << 4) + h->val_off + (u64)cpu * h->cpu_stride;
}

static inline void *
xb_htab_value_host(const struct xb_htab *h, u32 ref, u32 cpu)
{
	return h->base + xb_htab_value(h, ref, cpu);
}

/* Both halves of a 128-bit product, folded: each bit of either factor reaches every bit. */
static inline u64
xb_hash_mix(u64 a, u64 b)
{
	__extension__ const unsigned __int128 p = (unsigned __int128)a * b;

	return (u64)p ^ (u64)(p >> 64);
}

#define XB_HASH_K0 0x9e3779b97f4a7c15ull
#define XB_HASH_K1 0xd6e8feb86659fd93ull

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
		return xb_htab_hash_slow(k, h->key_size, h->seed);
	}
	return (u32)x;
}

#define XB_HTAB_WALK(ref, e, same)                                                                 \
	for (; (ref); (ref) = (e)->next) {                                                         \
		(e) = xb_htab_elem(h, ref);                                                        \
		if (same)                                                                          \
			break;                                                                     \
	}

/* The element with that key, or 0. */
static inline u32
xb_htab_find(const struct xb_htab *h, const void *key, u32 hash)
{
	u32 ref = h->buckets[hash & h->mask];
	const struct xb_elem *e;
	u64 lo, hi;

	switch (h->key_size) {
	case 4:
		lo = xb_ld32(key);
		XB_HTAB_WALK(ref, e, xb_ld32(e->key) == lo);
		return ref;
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
		XB_HTAB_WALK(ref, e, e->hash == hash && !memcmp(e->key, key, h->key_size));
		return ref;
	}
}

/* What an update's flags say about an element that exists, or not: 0, -EEXIST, -ENOENT (cf.
 * kernel/bpf/hashtab.c: check_flags). */
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

#endif
