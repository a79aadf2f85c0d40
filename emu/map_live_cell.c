/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_live_cell.c - values of the kernel's map that a run looked up, in guest memory.
 *
 *   key | value of each CPU | attached, users, value of each CPU as the kernel has it
 *
 * Concurrent vCPUs have one cell of a key in common. Each run that looked it up is a user, writes
 * back what it finds changed when it ends, and the last one lets go of the cell.
 *
 * A cell that is not attached any more stands for an element that was deleted or replaced: a
 * program may still hold its address, but what it stores goes nowhere, as in Linux.
 */
#include "emu/map_live_priv.h"
#include "emu/map_op.h"
#include "emu/vcpu.h"

#include <stdlib.h>

struct origin {
	u64 attached;
	u64 users[XB_EMU_MAX_CPUS / 64]; /* a bit for each run */
	u8 values[];
};

static struct origin *
origin_of(const struct xb_live *l, u32 ref)
{
	return xb_map_pool_tail(&l->cells.pool, ref);
}

/* One CPU's value, as it was fetched or written last. */
static u8 *
known(const struct xb_live *l, u32 ref, u32 cpu)
{
	return origin_of(l, ref)->values + (size_t)cpu * l->step;
}

static void
set_copy(const struct xb_map *map, u32 ref, u32 cpu, const void *value)
{
	const struct xb_live *l = xb_live_of(map);

	memcpy(xb_map_pool_value_host(&l->cells.pool, ref, cpu), value, map->value_size);
	memcpy(known(l, ref, cpu), value, map->value_size);
}

static bool
is_changed(const struct xb_map *map, u32 ref, u32 cpu)
{
	const struct xb_live *l = xb_live_of(map);

	return memcmp(xb_map_pool_value_host(&l->cells.pool, ref, cpu), known(l, ref, cpu),
	              map->value_size) != 0;
}

static u32
find(const struct xb_live *l, const void *key)
{
	return xb_htab_find(&l->cells, key, xb_htab_hash(&l->cells, key));
}

static void
detach(struct xb_live *l, u32 ref)
{
	if (!ref || !origin_of(l, ref)->attached)
		return;
	origin_of(l, ref)->attached = 0;
	xb_htab_remove(&l->cells, ref);
}

/* The vCPU whose run this is; `cpu` where none is. */
static u32
running(const struct xb_emu *emu, u32 cpu)
{
	uintptr_t self = (uintptr_t)pthread_self();

	if (!emu->concurrent)
		return 0;
	for (u32 i = 0, at = cpu; i < emu->cpu_cnt; i++, at = (at + 1) % emu->cpu_cnt)
		if (__atomic_load_n(&emu->vcpus[at].thread, __ATOMIC_RELAXED) == self)
			return at;
	return cpu;
}

static bool
reserve(struct xb_live_run *run)
{
	u32 cap = run->cap ? 2 * run->cap : 64, *refs;

	if (run->cnt < run->cap)
		return true;
	refs = realloc(run->refs, cap * sizeof(*refs));
	if (!refs)
		return false;
	run->refs = refs;
	run->cap = cap;
	return true;
}

/* The run that has room is a user from now on. */
static void
use(const struct xb_live *l, u32 ref, u32 slot)
{
	u64 *word = &origin_of(l, ref)->users[slot / 64], bit = 1ull << slot % 64;

	if (*word & bit)
		return;
	*word |= bit;
	l->runs[slot].refs[l->runs[slot].cnt++] = ref;
}

static bool
has_users(const struct xb_live *l, u32 ref)
{
	u64 any = 0;

	for (u32 i = 0; i < XB_EMU_MAX_CPUS / 64; i++)
		any |= origin_of(l, ref)->users[i];
	return any != 0;
}

/* A cell with what the kernel has; 0 where it has nothing. */
static u32
fetch(struct xb_map *map, const void *key)
{
	struct xb_live *l = xb_live_of(map);
	u32 ref;

	if (xb_live_get(map, BPF_MAP_LOOKUP_ELEM, key, l->value))
		return 0;
	ref = xb_htab_new(&l->cells, key, xb_htab_hash(&l->cells, key));
	if (!ref)
		return 0;
	memset(origin_of(l, ref), 0, sizeof(struct origin));
	origin_of(l, ref)->attached = 1;
	for (u32 cpu = 0; cpu < xb_map_copy_cnt(map); cpu++)
		set_copy(map, ref, cpu, l->value + (size_t)cpu * l->step);
	xb_htab_insert(&l->cells, ref);
	return ref;
}

static bool
any_changed(const struct xb_map *map, u32 ref)
{
	u32 cpu = 0;

	while (cpu < xb_map_copy_cnt(map) && !is_changed(map, ref, cpu))
		cpu++;
	return cpu < xb_map_copy_cnt(map);
}

/* Puts the copies that changed into l->value, for the kernel to have. */
static void
collect(const struct xb_map *map, u32 ref)
{
	const struct xb_live *l = xb_live_of(map);

	for (u32 cpu = 0; cpu < xb_map_copy_cnt(map); cpu++) {
		u8 *value = l->value + (size_t)cpu * l->step;

		if (!is_changed(map, ref, cpu))
			continue;
		/* Once: another vCPU may go on storing. */
		memcpy(value, xb_map_pool_value_host(&l->cells.pool, ref, cpu), map->value_size);
		memcpy(known(l, ref, cpu), value, map->value_size);
	}
}

static int
put_back(struct xb_map *map, u32 ref)
{
	const struct xb_live *l = xb_live_of(map);
	const u8 *key = xb_htab_elem(&l->cells, ref)->key;
	int ret = 0;

	if (map->ops->flags & XB_MAP_PERCPU)
		ret = xb_live_get(map, BPF_MAP_LOOKUP_ELEM, key, l->value);
	if (ret)
		return ret;
	collect(map, ref);
	return xb_live_put(map, key, l->value, BPF_EXIST);
}

static void
write_back(struct xb_map *map, u32 ref)
{
	struct xb_live *l = xb_live_of(map);
	int ret = 0;

	if (origin_of(l, ref)->attached && any_changed(map, ref))
		ret = put_back(map, ref);
	if (!ret || ret == -ENOENT)
		return;
	l->lost++;
	l->lost_why = ret;
}

static void
flush_run(struct xb_map *map, const struct xb_live_run *run)
{
	for (u32 i = 0; i < run->cnt; i++)
		write_back(map, run->refs[i]);
}

void
xb_live_flush(struct xb_map *map)
{
	const struct xb_live *l = xb_live_of(map);

	for (u32 i = 0; l->has_cells && i < map->emu->cpu_cnt; i++)
		flush_run(map, &l->runs[i]);
}

void
xb_live_run_end(struct xb_map *map, u32 vcpu)
{
	u32 slot = map->emu->concurrent ? vcpu : 0;
	struct xb_live *l = xb_live_of(map);
	struct xb_live_run *run = &l->runs[slot];

	if (!run->cnt)
		return;
	xb_lock_take(map->lock);
	flush_run(map, run);
	for (u32 i = 0; i < run->cnt; i++) {
		origin_of(l, run->refs[i])->users[slot / 64] &= ~(1ull << slot % 64);
		if (!has_users(l, run->refs[i]))
			detach(l, run->refs[i]);
	}
	run->cnt = 0;
	xb_lock_give(map->lock);
}

static void
cells_gc(struct xb_map *map)
{
	xb_map_pool_gc(&xb_live_of(map)->cells.pool);
}

int
xb_live_cells_init(struct xb_map *map)
{
	struct xb_live *l = xb_live_of(map);
	const struct xb_map_pool_opts opts = {
		.value_bytes = map->value_size,
		.copies = xb_map_copy_cnt(map),
		.tail_bytes = (u32)sizeof(struct origin) + xb_map_copy_cnt(map) * l->step,
		.read_only = l->read_only,
	};
	int ret;

	l->runs = calloc(map->emu->cpu_cnt, sizeof(*l->runs));
	if (!l->runs)
		return -ENOMEM;
	ret = xb_htab_init(&l->cells, map, &opts);
	l->has_cells = ret == 0;
	map->gc = cells_gc;
	return ret;
}

void
xb_live_cells_fini(struct xb_map *map)
{
	struct xb_live *l = xb_live_of(map);

	xb_live_flush(map);
	for (u32 i = 0; l->runs && i < map->emu->cpu_cnt; i++)
		free(l->runs[i].refs);
	free(l->runs);
	if (l->has_cells)
		xb_htab_fini(&l->cells);
}

u64
xb_live_lookup(struct xb_map *map, const void *key, u32 cpu)
{
	const struct xb_live *l = xb_live_of(map);
	u32 slot = running(map->emu, cpu), ref;

	if (!reserve(&l->runs[slot]))
		return 0;
	ref = find(l, key);
	if (!ref)
		ref = fetch(map, key);
	if (ref)
		use(l, ref, slot);
	return ref ? xb_map_pool_value(&l->cells.pool, ref, cpu) : 0;
}

u64
xb_live_lookup_lpm(struct xb_map *map, const void *key, u32 cpu)
{
	u8 *own = xb_live_of(map)->key;

	return xb_live_lpm_match(map, key, own) ? 0 : xb_live_lookup(map, own, cpu);
}

/* The kernel puts a new element in the old one's place. */
int
xb_live_update(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	struct xb_live *l = xb_live_of(map);
	int ret = xb_live_put(map, key, value, flags);

	(void)cpu;
	if (!ret)
		detach(l, find(l, key));
	return ret;
}

int
xb_live_update_lpm(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	struct xb_live *l = xb_live_of(map);

	xb_live_lpm_key(map, key, l->key);
	return xb_live_update(map, l->key, value, flags, cpu);
}

/* Values that are changed in place: who has the address sees it. */
int
xb_live_update_array(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	struct xb_live *l = xb_live_of(map);
	int ret = xb_live_put(map, key, value, flags);
	u32 ref = ret || !l->has_cells ? 0 : find(l, key);

	(void)cpu;
	if (ref)
		set_copy(map, ref, 0, value);
	return ret;
}

int
xb_live_update_percpu(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	struct xb_live *l = xb_live_of(map);
	int ret = xb_live_get(map, BPF_MAP_LOOKUP_ELEM, key, l->value);
	u32 ref;

	if (ret)
		memset(l->value, 0, (size_t)l->cpus * l->step);
	memcpy(l->value + (size_t)cpu * l->step, value, map->value_size);
	ret = xb_live_put(map, key, l->value, flags);
	ref = ret ? 0 : find(l, key);
	if (ref)
		set_copy(map, ref, cpu, value);
	return ret;
}

int
xb_live_remove(struct xb_map *map, const void *key)
{
	struct xb_live *l = xb_live_of(map);
	int ret = xb_live_delete(map, key);

	if (!ret)
		detach(l, find(l, key));
	return ret;
}

int
xb_live_remove_lpm(struct xb_map *map, const void *key)
{
	struct xb_live *l = xb_live_of(map);

	xb_live_lpm_key(map, key, l->key);
	return xb_live_remove(map, l->key);
}

/* All keys that there are now, one behind the other; NULL: no memory. */
static u8 *
all_keys(struct xb_map *map, u32 *cnt)
{
	u8 *keys = NULL, *more, *last = NULL;
	u32 cap = 0, bytes = map->key_size;

	for (*cnt = 0; *cnt < map->max_entries; ++*cnt) {
		if (*cnt == cap) {
			cap = cap ? 2 * cap : 64;
			more = realloc(keys, (size_t)cap * bytes);
			if (!more)
				break;
			keys = more;
		}
		last = *cnt ? keys + (size_t)(*cnt - 1) * bytes : NULL;
		if (xb_live_next_key(map, last, keys + (size_t)*cnt * bytes))
			break;
	}
	return keys;
}

/* As the keys were when it began, without those that fn removed. */
long
xb_live_for_each(struct xb_map *map, u32 cpu, xb_map_each_fn fn, void *arg)
{
	u8 *keys;
	long done = 0;
	u32 cnt;

	keys = all_keys(map, &cnt);
	for (u32 i = 0; keys && i < cnt; i++) {
		const u8 *key = keys + (size_t)i * map->key_size;
		u64 value = xb_map_op_lookup(map, key, cpu);

		if (!value)
			continue;
		done++;
		if (fn(arg, map, key, value))
			break;
	}
	free(keys);
	return done;
}
