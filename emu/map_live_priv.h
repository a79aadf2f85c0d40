/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_live_priv.h - what the files of live maps share: the kernel's map, and the cells.
 */
#ifndef XB_EMU_MAP_LIVE_PRIV_H
#define XB_EMU_MAP_LIVE_PRIV_H

#include "emu/map_htab.h"
#include "emu/map_live.h"

/* The cells that a vCPU's run looked up. */
struct xb_live_run {
	u32 *refs;
	u32 cnt, cap;
};

struct xb_live {
	struct xb_htab cells; /* values that this run looked up, by key */
	bool has_cells;
	struct xb_live_run *runs; /* of each vCPU while they run concurrently, else the first */

	int fd;         /* the kernel's map */
	bool read_only; /* what has it is not to write */
	u32 cpus;       /* values of an element that the kernel has; 1 but of per-CPU types */
	u32 step;       /* bytes from one to the next: value_size rounded up to 8 */
	u8 *value;      /* room for an element's */
	u8 *key, *next; /* and for keys */

	struct xb_region *region; /* the pages of an mmapable array, or NULL */
	u64 lost;                 /* see xb_map_live_lost() */
	int lost_why;
};

static inline struct xb_live *
xb_live_of(const struct xb_map *map)
{
	return map->priv;
}

/* map_live_ops.c: NULL where such a map cannot be shared. */
const struct xb_map_ops *xb_live_ops_of(u32 type, u32 flags);

/* map_live_sys.c: an element by bpf(2), with the values of all of the kernel's CPUs; -errno. */
int xb_live_get(const struct xb_map *map, int cmd, const void *key, void *value);
int xb_live_put(const struct xb_map *map, const void *key, const void *value, u64 flags);

/* Operations of struct xb_map_ops: on elements by bpf(2), and bpf(2) itself. */
int xb_live_read(struct xb_map *map, const void *key, void *value);
int xb_live_write(struct xb_map *map, const void *key, const void *value, u64 flags);
int xb_live_delete(struct xb_map *map, const void *key);
int xb_live_next_key(struct xb_map *map, const void *key, void *next);
long xb_live_sys(struct xb_map *map, int cmd, union bpf_attr *attr);

/* map_live_cell.c. -E2BIG: too many elements for a table. */
int xb_live_cells_init(struct xb_map *map);
void xb_live_cells_fini(struct xb_map *map);
/* Writes back what a vCPU's run changed, and lets go of its cells. */
void xb_live_run_end(struct xb_map *map, u32 vcpu);
/* Writes back what was changed up to now; the cells stay. */
void xb_live_flush(struct xb_map *map);
u64 xb_live_lookup(struct xb_map *map, const void *key, u32 cpu);
u64 xb_live_lookup_lpm(struct xb_map *map, const void *key, u32 cpu);
int xb_live_update(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu);
int xb_live_update_lpm(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu);
int xb_live_update_percpu(struct xb_map *map, const void *key, const void *value, u64 flags,
                          u32 cpu);
int xb_live_update_array(struct xb_map *map, const void *key, const void *value, u64 flags,
                         u32 cpu);
int xb_live_remove(struct xb_map *map, const void *key);
int xb_live_remove_lpm(struct xb_map *map, const void *key);
long xb_live_for_each(struct xb_map *map, u32 cpu, xb_map_each_fn fn, void *arg);

/* map_live_lpm.c: the key itself, its bits past the prefix cleared. */
void xb_live_lpm_key(const struct xb_map *map, const void *key, u8 *own);
/* The key of the element that a lookup finds; -ENOENT. */
int xb_live_lpm_match(struct xb_map *map, const void *key, u8 *own);

#endif
