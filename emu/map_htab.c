/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/map_htab.h"

#include <stdlib.h>

#define BUCKETS_MOST (1u << 27) /* U32_MAX / sizeof(struct bucket), as a power of two */
#define KERNEL_ELEM  48u        /* sizeof(struct htab_elem) */
#define HTAB_FLAGS                                                                                 \
	(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | XB_MAP_ACCESS_FLAGS |         \
	 BPF_F_ZERO_SEED)

static bool
is_percpu(u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool
is_lru(u32 type)
{
	return type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

int
xb_htab_check(const union bpf_attr *attr)
{
	bool percpu = is_percpu(attr->map_type), lru = is_lru(attr->map_type);
	u32 flags = attr->map_flags;

	if (flags & ~(u32)HTAB_FLAGS || !xb_map_access_ok(flags))
		return -EINVAL;
	if (!lru && flags & BPF_F_NO_COMMON_LRU)
		return -EINVAL;
	if (lru && flags & BPF_F_NO_PREALLOC)
		return -XB_ENOTSUPP;
	if (flags & BPF_F_NUMA_NODE && (percpu || flags & BPF_F_NO_COMMON_LRU))
		return -EINVAL;
	if (!attr->max_entries || !attr->key_size || !attr->value_size)
		return -EINVAL;
	if ((u64)attr->key_size + attr->value_size >= XB_KMALLOC_MAX - KERNEL_ELEM)
		return -E2BIG;
	if (percpu && xb_align_up(attr->value_size, 8) > XB_PCPU_UNIT_MIN)
		return -E2BIG;
	return 0;
}

static u32
bucket_cnt(u32 max_entries)
{
	u32 n = 1;

	while (n < max_entries && n <= BUCKETS_MOST)
		n <<= 1;
	return n;
}

int
xb_htab_init(struct xb_htab *h, struct xb_map *map, const struct xb_map_pool_opts *opts)
{
	u32 n = bucket_cnt(map->max_entries);
	struct xb_map_pool_opts own = *opts;

	if (n > BUCKETS_MOST)
		return -E2BIG;
	*h = (struct xb_htab){
		.base = map->emu->mem->base,
		.mask = n - 1,
		.key_size = map->key_size,
	};
	h->seed = map->flags & BPF_F_ZERO_SEED ? 0 : xb_hash_mix(map->emu->seed ^ 1, XB_HASH_K1);
	h->buckets = xb_map_table_new(n, sizeof(*h->buckets));
	if (!h->buckets)
		return -ENOMEM;
	own.val_off = (u32)(sizeof(struct xb_elem) + xb_align_up(map->key_size, 8));
	xb_map_pool_init(&h->pool, map, &own);
	return 0;
}

void
xb_htab_fini(struct xb_htab *h)
{
	xb_map_pool_fini(&h->pool);
	xb_map_table_free(h->buckets, (u64)h->mask + 1, sizeof(*h->buckets));
}

u32
xb_htab_new(struct xb_htab *h, const void *key, u32 hash)
{
	u32 ref = xb_map_pool_get(&h->pool);
	struct xb_elem *e;

	if (!ref)
		return 0;
	e = xb_htab_elem(h, ref);
	memcpy(e->key, key, h->key_size);
	e->hash = hash;
	return ref;
}

void
xb_htab_insert(struct xb_htab *h, u32 ref)
{
	struct xb_elem *e = xb_htab_elem(h, ref);
	u32 *head = &h->buckets[e->hash & h->mask];

	e->next = *head;
	xb_htab_set_link(head, ref);
	h->count++;
}

void
xb_htab_remove(struct xb_htab *h, u32 ref)
{
	const struct xb_elem *e = xb_htab_elem(h, ref);
	u32 *link = &h->buckets[e->hash & h->mask];

	while (*link != ref)
		link = &xb_htab_elem(h, *link)->next;
	xb_htab_set_link(link, e->next);
	h->count--;
	if (XB_UNLIKELY(h->pool.map->specials.cnt))
		for (u32 cpu = 0; cpu < h->pool.copies; cpu++)
			xb_map_value_drop(h->pool.map, xb_map_pool_value(&h->pool, ref, cpu));
	xb_map_pool_retire(&h->pool, ref);
}

/* First element of bucket `i` or one after it; 0: none. */
static u32
first_from(const struct xb_htab *h, u64 i)
{
	for (; i <= h->mask; i++)
		if (h->buckets[i])
			return h->buckets[i];
	return 0;
}

int
xb_htab_next_key(const struct xb_htab *h, u32 ref, void *next)
{
	const struct xb_elem *e = xb_htab_elem(h, ref);
	u32 after = ref ? e->next : first_from(h, 0);

	if (ref && !after)
		after = first_from(h, (u64)(e->hash & h->mask) + 1);
	if (!after)
		return -ENOENT;
	memcpy(next, xb_htab_elem(h, after)->key, h->key_size);
	return 0;
}

void
xb_htab_map_gc(struct xb_map *map)
{
	struct xb_htab *h = map->priv;

	xb_map_pool_gc(&h->pool);
}

int
xb_htab_map_alloc(struct xb_map *map, const struct xb_map_pool_opts *opts)
{
	struct xb_htab *h = calloc(1, sizeof(*h));
	int ret;

	if (!h)
		return -ENOMEM;
	ret = xb_htab_init(h, map, opts);
	if (ret) {
		free(h);
		return ret;
	}
	map->priv = h;
	map->gc = xb_htab_map_gc;
	return 0;
}

void
xb_htab_map_free(struct xb_map *map)
{
	xb_htab_fini(map->priv);
	free(map->priv);
}

int
xb_htab_map_delete(struct xb_map *map, const void *key)
{
	struct xb_htab *h = map->priv;
	u32 ref = xb_htab_find(h, key, xb_htab_hash(h, key));

	if (!ref)
		return -ENOENT;
	xb_htab_remove(h, ref);
	return 0;
}

int
xb_htab_map_next_key(struct xb_map *map, const void *key, void *next)
{
	const struct xb_htab *h = map->priv;

	return xb_htab_next_key(h, key ? xb_htab_find(h, key, xb_htab_hash(h, key)) : 0, next);
}

const void *
xb_htab_map_key_of(const struct xb_map *map, u64 value, u32 *idx)
{
	const struct xb_htab *h = map->priv;
	u32 ref = xb_map_pool_ref_of(&h->pool, value);

	(void)idx;
	return ref ? xb_htab_elem(h, ref)->key : NULL;
}

long
xb_htab_map_for_each(struct xb_map *map, u32 cpu, xb_map_each_fn fn, void *arg)
{
	const struct xb_htab *h = map->priv;
	long cnt = 0;
	u32 next;

	for (u64 i = 0; i <= h->mask; i++) {
		for (u32 ref = xb_htab_link(&h->buckets[i]); ref; ref = next) {
			next = xb_htab_link(&xb_htab_elem(h, ref)->next);
			cnt++;
			if (fn(arg, map, xb_htab_elem(h, ref)->key,
			       xb_map_pool_value(&h->pool, ref, cpu)))
				return cnt;
		}
	}
	return cnt;
}
