/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_batch.c - many elements in one bpf(2) (cf. kernel/bpf/syscall.c: generic_map_lookup_batch;
 * kernel/bpf/hashtab.c: __htab_map_lookup_and_delete_batch).
 *
 * Hash tables go by bucket: in_batch and out_batch are the number of the next bucket, 4 bytes.
 * Other types go by key: in_batch is the key after which to go on.
 */
#include "emu/map_htab.h"
#include "emu/user.h"

#include <stdlib.h>

/* A batch on its way. */
struct batch {
	struct xb_map *map;
	u64 keys, values; /* user addresses */
	u32 max, done;
	u32 key_size, value_size;
	u8 *key, *prev, *value;
};

static int
batch_init(struct batch *b, struct xb_map *map, const union bpf_attr *attr)
{
	*b = (struct batch){
		.map = map,
		.keys = attr->batch.keys,
		.values = attr->batch.values,
		.max = attr->batch.count,
		.key_size = map->key_size,
		.value_size = xb_map_sys_value_bytes(map),
	};
	b->key = malloc(2 * (size_t)b->key_size + b->value_size);
	if (!b->key)
		return -ENOMEM;
	b->prev = b->key + b->key_size;
	b->value = b->prev + b->key_size;
	return 0;
}

static int
write_pair(struct batch *b, const void *key)
{
	if (xb_user_write(b->keys + (u64)b->done * b->key_size, key, b->key_size) ||
	    xb_user_write(b->values + (u64)b->done * b->value_size, b->value, b->value_size))
		return -EFAULT;
	b->done++;
	return 0;
}

static int
read_key(struct batch *b)
{
	return xb_user_read(b->key, b->keys + (u64)b->done * b->key_size, b->key_size);
}

static int
update_batch(struct batch *b, const union bpf_attr *attr)
{
	int ret = 0;

	for (; !ret && b->done < b->max; b->done += !ret) {
		ret = read_key(b);
		if (!ret)
			ret = xb_user_read(b->value, b->values + (u64)b->done * b->value_size,
			                   b->value_size);
		if (!ret)
			ret = xb_map_write(b->map, b->key, b->value, attr->batch.elem_flags);
	}
	return ret;
}

static int
delete_batch(struct batch *b, const union bpf_attr *attr)
{
	int ret = 0;

	(void)attr;
	for (; !ret && b->done < b->max; b->done += !ret) {
		ret = read_key(b);
		if (ret)
			break;
		xb_lock_take(b->map->lock);
		ret = xb_map_remove_locked(b->map, b->key);
		xb_lock_give(b->map->lock);
	}
	return ret;
}

static void
swap_keys(struct batch *b)
{
	u8 *key = b->key;

	b->key = b->prev;
	b->prev = key;
}

/* Goes through the keys after *has_prev; 0, -ENOENT at the end, or an error. */
static int
lookup_keys(struct batch *b, bool *has_prev)
{
	int ret = 0;

	while (!ret && b->done < b->max) {
		ret = xb_map_next_key(b->map, *has_prev ? b->prev : NULL, b->key);
		if (ret)
			return ret;
		ret = xb_map_read(b->map, b->key, b->value);
		if (!ret)
			ret = write_pair(b, b->key);
		else if (ret == -ENOENT)
			ret = 0;
		*has_prev = true;
		swap_keys(b);
	}
	return ret;
}

static int
lookup_batch(struct batch *b, const union bpf_attr *attr)
{
	bool has_prev = attr->batch.in_batch;
	int ret;

	if (has_prev && xb_user_read(b->prev, attr->batch.in_batch, b->key_size))
		return -EFAULT;
	ret = lookup_keys(b, &has_prev);
	if (ret && ret != -ENOENT) {
		b->done = 0;
		return ret;
	}
	if (b->done && xb_user_write(attr->batch.out_batch, b->prev, b->key_size))
		return -EFAULT;
	return ret;
}

static u32
bucket_len(const struct xb_htab *h, u32 bucket)
{
	u32 len = 0;

	for (u32 ref = h->buckets[bucket]; ref; ref = xb_htab_elem(h, ref)->next)
		len++;
	return len;
}

/*
 * Copies the elements of a bucket out, and takes them out of the map, all or none: 0, -ENOSPC where
 * there is no room for them, -EFAULT.
 */
static int
take_bucket(struct batch *b, const struct xb_htab *h, u32 bucket, bool remove)
{
	u32 ref = h->buckets[bucket], next;
	const struct xb_elem *e;

	if (bucket_len(h, bucket) > b->max - b->done)
		return -ENOSPC;
	for (; ref; ref = next) {
		e = xb_htab_elem(h, ref);
		next = e->next;
		if (xb_map_read_locked(b->map, e->key, b->value, 0) || write_pair(b, e->key))
			return -EFAULT;
		if (remove)
			b->map->ops->remove(b->map, e->key);
	}
	xb_map_gc_now(b->map);
	return 0;
}

static int
take_buckets(struct batch *b, const union bpf_attr *attr, bool remove)
{
	const struct xb_htab *h = b->map->priv;
	u32 bucket = 0;
	int ret = 0;

	if (attr->batch.in_batch && xb_user_read(&bucket, attr->batch.in_batch, 4))
		return -EFAULT;
	if (bucket > h->mask)
		return -ENOENT;
	for (; bucket <= h->mask && !ret; bucket += !ret) {
		xb_lock_take(b->map->lock);
		ret = take_bucket(b, h, bucket, remove);
		xb_lock_give(b->map->lock);
	}
	if (ret == -EFAULT)
		return ret;
	if (bucket > h->mask)
		ret = -ENOENT;
	else if (b->done)
		ret = 0;
	return xb_user_write(attr->batch.out_batch, &bucket, 4) ? -EFAULT : ret;
}

static int
bucket_batch(struct batch *b, const union bpf_attr *attr, bool remove)
{
	int ret = take_buckets(b, attr, remove);

	if (ret == -EFAULT)
		b->done = 0;
	return ret;
}

static bool
has_cmd(const struct xb_map *map, int cmd)
{
	static const u32 need[] = {
		[BPF_MAP_LOOKUP_BATCH] = XB_MAP_BATCH,
		[BPF_MAP_UPDATE_BATCH] = XB_MAP_BATCH,
		[BPF_MAP_DELETE_BATCH] = XB_MAP_BATCH_DELETE,
		[BPF_MAP_LOOKUP_AND_DELETE_BATCH] = XB_MAP_BUCKETS,
	};

	return map->ops->flags & need[cmd];
}

static int
run(struct batch *b, int cmd, const union bpf_attr *attr)
{
	if (cmd == BPF_MAP_UPDATE_BATCH)
		return update_batch(b, attr);
	if (cmd == BPF_MAP_DELETE_BATCH)
		return delete_batch(b, attr);
	if (b->map->ops->flags & XB_MAP_BUCKETS)
		return bucket_batch(b, attr, cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH);
	return lookup_batch(b, attr);
}

int
xb_map_batch(struct xb_map *map, int cmd, const union bpf_attr *attr, u32 *count)
{
	bool buckets = map->ops->flags & XB_MAP_BUCKETS &&
	               (cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH);
	u64 flags = attr->batch.elem_flags;
	struct batch b;
	int ret;

	if (!has_cmd(map, cmd))
		return -XB_ENOTSUPP;
	if (flags & ~(u64)BPF_F_LOCK || (flags & BPF_F_LOCK && !map->has_spin_lock))
		return -EINVAL;
	if (buckets && attr->batch.flags)
		return -EINVAL;
	if (!attr->batch.count)
		return 0;
	ret = batch_init(&b, map, attr);
	if (ret)
		return ret;
	ret = run(&b, cmd, attr);
	*count = b.done;
	free(b.key < b.prev ? b.key : b.prev);
	return ret;
}
