/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_lpm.c - LPM_TRIE: the value of the longest prefix that a key starts with (cf.
 * kernel/bpf/lpm_trie.c).
 *
 * A binary trie without chains: a node's prefix is the whole path to it, and its children differ in
 * the bit after it. Where two prefixes part without one being the other's start, a node without a
 * value stands between (`joint`); it always has two children.
 *
 *            0.0.0.0/0
 *             /     \
 *      10.0.0.0/8   joint 192.168.0.0/16
 *                    /                 \
 *          192.168.0.0/24       192.168.128.0/24
 *
 * A lookup takes at most one step for each bit of the key. What is changed is replaced, so that
 * values that programs hold stay.
 */
#include "emu/map_pool.h"
#include "emu/map_priv.h"

#include <bpf/btf.h>
#include <stdlib.h>

#define DATA_MOST  256u
#define NODE_BYTES 24u /* sizeof(struct lpm_trie_node) of the kernel */

struct node {
	u32 child[2];
	u32 prefixlen;
	u32 joint;
	u8 data[];
};

struct trie {
	struct xb_map_pool pool;
	u32 root;
	u32 data_bytes;
	u32 max_prefixlen;
	u32 count; /* of values */
};

static int
trie_check(const union bpf_attr *attr)
{
	const u32 allowed = BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | XB_MAP_ACCESS_FLAGS;

	if (!attr->max_entries || !(attr->map_flags & BPF_F_NO_PREALLOC) ||
	    attr->map_flags & ~allowed || !xb_map_access_ok(attr->map_flags) ||
	    attr->key_size < 5 || attr->key_size > 4 + DATA_MOST || !attr->value_size ||
	    attr->value_size > XB_KMALLOC_MAX - DATA_MOST - NODE_BYTES)
		return -EINVAL;
	return 0;
}

static void
trie_gc(struct xb_map *map)
{
	struct trie *t = map->priv;

	xb_map_pool_gc(&t->pool);
}

static int
trie_alloc(struct xb_map *map)
{
	struct trie *t = calloc(1, sizeof(*t));
	struct xb_map_pool_opts opts = { .value_bytes = map->value_size, .copies = 1 };

	if (!t)
		return -ENOMEM;
	t->data_bytes = map->key_size - 4;
	t->max_prefixlen = t->data_bytes * 8;
	opts.val_off = (u32)(sizeof(struct node) + xb_align_up(t->data_bytes, 8));
	xb_map_pool_init(&t->pool, map, &opts);
	map->priv = t;
	map->gc = trie_gc;
	return 0;
}

static void
trie_free(struct xb_map *map)
{
	struct trie *t = map->priv;

	xb_map_pool_fini(&t->pool);
	free(t);
}

static inline struct node *
node_of(const struct trie *t, u32 ref)
{
	return xb_map_pool_host(&t->pool, ref);
}

static inline u32
bit_at(const u8 *data, u32 idx)
{
	return data[idx / 8] >> (7 - idx % 8) & 1;
}

/* How many of the first `limit` bits are the same. */
static inline u32
same_bits(const u8 *a, const u8 *b, u32 bytes, u32 limit)
{
	u32 i = 0, same;
	u64 diff;

	for (; bytes - i >= 8; i += 8) {
		diff = xb_ld_be64(a + i) ^ xb_ld_be64(b + i);
		if (diff) {
			same = i * 8 + (u32)__builtin_clzll(diff);
			return same < limit ? same : limit;
		}
		if ((i + 8) * 8 >= limit)
			return limit;
	}
	if (bytes - i >= 4) {
		diff = xb_ld_be32(a + i) ^ xb_ld_be32(b + i);
		if (diff) {
			same = i * 8 + (u32)__builtin_clzll(diff) - 32;
			return same < limit ? same : limit;
		}
		i += 4;
	}
	for (; i < bytes && i * 8 < limit; i++) {
		diff = (u64)(a[i] ^ b[i]);
		if (diff) {
			same = i * 8 + (u32)__builtin_clzll(diff) - 56;
			return same < limit ? same : limit;
		}
	}
	return limit;
}

static inline u32
longest_prefix_match(const struct trie *t, const struct node *n, const u8 *data, u32 prefixlen)
{
	u32 limit = n->prefixlen < prefixlen ? n->prefixlen : prefixlen;

	return same_bits(n->data, data, t->data_bytes, limit);
}

/* Whether a node's prefix is what the data begins with. Words of 4 bytes, most of all for IPv4. */
static inline bool
covers(const struct trie *t, const struct node *n, const u8 *data)
{
	u32 left = n->prefixlen, i = 0;

	for (; left >= 32; left -= 32, i += 4)
		if (xb_ld32(n->data + i) != xb_ld32(data + i))
			return false;
	if (!left)
		return true;
	if (XB_LIKELY(t->data_bytes - i >= 4))
		return !((xb_ld_be32(n->data + i) ^ xb_ld_be32(data + i)) >> (32 - left));
	return same_bits(n->data + i, data + i, t->data_bytes - i, left) == left;
}

static u64
trie_lookup_elem(struct xb_map *map, const void *key, u32 cpu)
{
	const struct trie *t = map->priv;
	const u8 *data = (const u8 *)key + 4;
	u32 prefixlen = xb_ld32(key), ref = t->root, found = 0;

	(void)cpu;
	if (prefixlen > t->max_prefixlen)
		return 0;
	while (ref) {
		const struct node *n = node_of(t, ref);

		if (n->prefixlen > prefixlen || !covers(t, n, data))
			break;
		found = n->joint ? found : ref;
		if (n->prefixlen == t->max_prefixlen)
			break;
		ref = n->child[bit_at(data, n->prefixlen)];
	}
	return found ? xb_map_pool_value(&t->pool, found, 0) : 0;
}

/* A node without children, or 0. */
static u32
node_new(struct trie *t, const u8 *data, u32 prefixlen, bool joint)
{
	u32 ref = xb_map_pool_get(&t->pool);
	struct node *n;

	if (!ref)
		return 0;
	n = node_of(t, ref);
	*n = (struct node){ .prefixlen = prefixlen, .joint = joint };
	memcpy(n->data, data, t->data_bytes);
	return ref;
}

/*
 * Where a key belongs: the link to the first node on its path that is it, goes beyond it, or parts
 * from it; or the empty link. *match is how many bits that node shares.
 */
static u32 *
find_slot(struct trie *t, const u8 *data, u32 prefixlen, u32 *match)
{
	u32 *slot = &t->root;
	struct node *n;

	*match = 0;
	while (*slot) {
		n = node_of(t, *slot);
		*match = longest_prefix_match(t, n, data, prefixlen);
		if (n->prefixlen != *match || n->prefixlen == prefixlen)
			break;
		slot = &n->child[bit_at(data, n->prefixlen)];
	}
	return slot;
}

static int
trie_check_add_elem(const struct xb_map *map, u64 flags)
{
	const struct trie *t = map->priv;

	if (flags == BPF_EXIST)
		return -ENOENT;
	return t->count == map->max_entries ? -ENOSPC : 0;
}

/* Puts `ref` and the node that is at *slot under a new joint. */
static int
part(struct trie *t, u32 *slot, u32 ref, u32 match)
{
	const struct node *n = node_of(t, ref);
	u32 joint = node_new(t, n->data, match, true);
	u32 bit = bit_at(n->data, match);

	if (!joint)
		return -ENOMEM;
	node_of(t, joint)->child[bit] = ref;
	node_of(t, joint)->child[!bit] = *slot;
	*slot = joint;
	return 0;
}

/* Puts a new node where the key belongs. */
static int
attach(struct trie *t, u32 *slot, u32 ref, u32 match)
{
	struct node *old = *slot ? node_of(t, *slot) : NULL, *n = node_of(t, ref);
	u32 replaced = *slot;

	if (old && old->prefixlen == match) {
		n->child[0] = old->child[0];
		n->child[1] = old->child[1];
		*slot = ref;
		xb_map_pool_retire(&t->pool, replaced);
		return 0;
	}
	if (old && match != n->prefixlen)
		return part(t, slot, ref, match);
	if (old)
		n->child[bit_at(old->data, match)] = *slot;
	*slot = ref;
	return 0;
}

static int
trie_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	struct trie *t = map->priv;
	const u8 *data = (const u8 *)key + 4;
	u32 prefixlen = xb_ld32(key), match, ref, *slot;
	const struct node *at;
	bool exists;
	int ret = 0;

	(void)cpu;
	if (flags > BPF_EXIST || prefixlen > t->max_prefixlen)
		return -EINVAL;
	slot = find_slot(t, data, prefixlen, &match);
	at = *slot ? node_of(t, *slot) : NULL;
	exists = at && at->prefixlen == match && !at->joint;
	if (!exists)
		ret = trie_check_add_elem(map, flags);
	else if (flags == BPF_NOEXIST)
		ret = -EEXIST;
	if (ret)
		return ret;
	ref = node_new(t, data, prefixlen, false);
	if (!ref)
		return -ENOMEM;
	memcpy(xb_map_pool_value_host(&t->pool, ref, 0), value, map->value_size);
	ret = attach(t, slot, ref, match);
	if (ret)
		xb_map_pool_put(&t->pool, ref);
	else
		t->count += !exists;
	return ret;
}

/* Makes a node with two children a joint: a new one, so that the value goes away in time. */
static void
make_joint(struct trie *t, u32 *slot)
{
	u32 old = *slot;
	struct node *n = node_of(t, old);
	u32 joint = node_new(t, n->data, n->prefixlen, true);

	if (!joint) {
		n->joint = true;
		return;
	}
	node_of(t, joint)->child[0] = n->child[0];
	node_of(t, joint)->child[1] = n->child[1];
	*slot = joint;
	xb_map_pool_retire(&t->pool, old);
}

static int
trie_delete_elem(struct xb_map *map, const void *key)
{
	struct trie *t = map->priv;
	const u8 *data = (const u8 *)key + 4;
	u32 prefixlen = xb_ld32(key), *slot = &t->root, *up = NULL, ref, parent;
	struct node *n;

	if (prefixlen > t->max_prefixlen)
		return -EINVAL;
	while (*slot) {
		n = node_of(t, *slot);
		if (longest_prefix_match(t, n, data, prefixlen) != n->prefixlen)
			return -ENOENT;
		if (n->prefixlen == prefixlen)
			break;
		up = slot;
		slot = &n->child[bit_at(data, n->prefixlen)];
	}
	ref = *slot;
	if (!ref || node_of(t, ref)->joint)
		return -ENOENT;
	n = node_of(t, ref);
	t->count--;
	if (n->child[0] && n->child[1]) {
		make_joint(t, slot);
		return 0;
	}
	*slot = n->child[0] ? n->child[0] : n->child[1];
	xb_map_pool_retire(&t->pool, ref);
	/* A joint that lost a child gives its place to the other one. */
	if (!*slot && up && node_of(t, *up)->joint) {
		parent = *up;
		n = node_of(t, parent);
		*up = n->child[0] ? n->child[0] : n->child[1];
		xb_map_pool_retire(&t->pool, parent);
	}
	return 0;
}

/* The first value in postorder below `ref`. */
static u32
leftmost(const struct trie *t, u32 ref)
{
	const struct node *n;
	u32 found = 0;

	while (ref) {
		n = node_of(t, ref);
		if (!n->joint)
			found = ref;
		ref = n->child[0] || n->joint ? n->child[0] : n->child[1];
	}
	return found;
}

/* The value after `path`'s last node in postorder: more specific ones come first. */
static u32
after(const struct trie *t, const u32 *path, u32 depth)
{
	for (; depth > 1; depth--) {
		const struct node *parent = node_of(t, path[depth - 2]);

		if (parent->child[0] == path[depth - 1] && parent->child[1])
			return leftmost(t, parent->child[1]);
		if (!parent->joint)
			return path[depth - 2];
	}
	return 0;
}

/* The nodes from the root to the one with this key; 0 where it has no value. */
static u32
path_to(const struct trie *t, const u8 *key, u32 *path)
{
	u32 prefixlen = xb_ld32(key), ref = t->root, depth = 0, match;
	const struct node *n;

	while (ref) {
		n = node_of(t, ref);
		path[depth++] = ref;
		match = longest_prefix_match(t, n, key + 4, prefixlen);
		if (n->prefixlen != match)
			return 0;
		if (n->prefixlen == prefixlen)
			return n->joint ? 0 : depth;
		ref = n->child[bit_at(key + 4, n->prefixlen)];
	}
	return 0;
}

static int
trie_get_next_key(struct xb_map *map, const void *key, void *next)
{
	const struct trie *t = map->priv;
	u32 path[DATA_MOST * 8 + 1], depth = 0, ref;
	const struct node *n;

	if (key && xb_ld32(key) <= t->max_prefixlen)
		depth = path_to(t, key, path);
	ref = depth ? after(t, path, depth) : leftmost(t, t->root);
	if (!ref)
		return -ENOENT;
	n = node_of(t, ref);
	xb_st32(next, n->prefixlen);
	memcpy((u8 *)next + 4, n->data, t->data_bytes);
	return 0;
}

static int
trie_check_btf(const struct xb_map *map, const struct btf *btf, u32 key_id, u32 value_id)
{
	int real = btf__resolve_type(btf, key_id);

	(void)map;
	(void)value_id;
	return key_id && real > 0 && btf_is_struct(btf__type_by_id(btf, (u32)real)) ? 0 : -EINVAL;
}

const struct xb_map_ops xb_map_lpm_trie_ops = {
	.name = "lpm_trie",
	.source = "kernel/bpf/lpm_trie.c",
	.flags = XB_MAP_BATCH | XB_MAP_BATCH_DELETE | XB_MAP_LOCKED,
	.check = trie_check,
	.alloc = trie_alloc,
	.free = trie_free,
	.lookup = trie_lookup_elem,
	.update = trie_update_elem,
	.remove = trie_delete_elem,
	.next_key = trie_get_next_key,
	.check_btf = trie_check_btf,
};
