/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_priv.h - what the files of the map types share: their tables, and memory for values.
 */
#ifndef XB_EMU_MAP_PRIV_H
#define XB_EMU_MAP_PRIV_H

#include "emu/map.h"
#include "emu/prog.h"
#include "vm/bytes.h"

#include <errno.h>
#include <string.h>

/* Kernel limits of a 64-bit machine with 4 KiB pages. */
#define XB_KMALLOC_MAX   (1u << 22)  /* KMALLOC_MAX_SIZE */
#define XB_PCPU_UNIT_MIN (32u << 10) /* PCPU_MIN_UNIT_SIZE */
#define XB_PAGE_BYTES    4096u

#define XB_MAP_ACCESS_FLAGS (BPF_F_RDONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY | BPF_F_WRONLY_PROG)

extern const struct xb_map_ops xb_map_array_ops;
extern const struct xb_map_ops xb_map_percpu_array_ops;
extern const struct xb_map_ops xb_map_hash_ops;
extern const struct xb_map_ops xb_map_percpu_hash_ops;
extern const struct xb_map_ops xb_map_lru_hash_ops;
extern const struct xb_map_ops xb_map_lru_percpu_hash_ops;
extern const struct xb_map_ops xb_map_lpm_trie_ops;
extern const struct xb_map_ops xb_map_prog_array_ops;
extern const struct xb_map_ops xb_map_array_of_maps_ops;
extern const struct xb_map_ops xb_map_hash_of_maps_ops;
extern const struct xb_map_ops xb_map_devmap_ops;
extern const struct xb_map_ops xb_map_devmap_hash_ops;
extern const struct xb_map_ops xb_map_cpumap_ops;
extern const struct xb_map_ops xb_map_xskmap_ops;
extern const struct xb_map_ops xb_map_queue_ops;
extern const struct xb_map_ops xb_map_stack_ops;
extern const struct xb_map_ops xb_map_perf_event_array_ops;
extern const struct xb_map_ops xb_map_ringbuf_ops;
extern const struct xb_map_ops xb_map_cgroup_array_ops;
extern const struct xb_map_ops xb_map_sk_storage_ops;
extern const struct xb_map_ops xb_map_stack_trace_ops;
extern const struct xb_map_ops xb_map_cgroup_storage_ops;
extern const struct xb_map_ops xb_map_percpu_cgroup_storage_ops;
extern const struct xb_map_ops xb_map_struct_ops_ops;
extern const struct xb_map_ops xb_map_bloom_filter_ops;
extern const struct xb_map_ops xb_map_user_ringbuf_ops;
extern const struct xb_map_ops xb_map_arena_ops;
extern const struct xb_map_ops xb_map_inode_storage_ops;
extern const struct xb_map_ops xb_map_task_storage_ops;
extern const struct xb_map_ops xb_map_cgrp_storage_ops;
extern const struct xb_map_ops xb_map_sockmap_ops;
extern const struct xb_map_ops xb_map_sockhash_ops;
extern const struct xb_map_ops xb_map_reuseport_sockarray_ops;

/*
 * Not both of BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG (cf. include/linux/bpf.h:
 * bpf_map_flags_access_ok).
 */
static inline bool
xb_map_access_ok(u32 flags)
{
	const u32 both = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;

	return (flags & both) != both;
}

/* What programs may do with a value. */
static inline u8
xb_map_value_need(const struct xb_map *map)
{
	return map->flags & BPF_F_RDONLY_PROG ? XB_MEM_READ : XB_MEM_WRITE;
}

/*
 * Gives a map, of which all else is made, its handle and its object, and publishes it: emu owns it.
 * On failure -errno, and it is freed.
 */
int xb_map_add(struct xb_map *map);

/* Number of copies that a value has. */
static inline u32
xb_map_copy_cnt(const struct xb_map *map)
{
	return map->ops->flags & XB_MAP_PERCPU ? map->emu->cpu_cnt : 1;
}

/* See xb_map_value_copy. */
void xb_map_value_copy_around(const struct xb_map *map, u8 *dst, const u8 *src);

/*
 * Copies a value but for its special fields (cf. include/linux/bpf.h: copy_map_value). In an
 * mmapable array one value may lie across others.
 */
static inline void
xb_map_value_copy(const struct xb_map *map, void *dst, const void *src)
{
	if (XB_LIKELY(!map->specials.cnt))
		xb_move(dst, src, map->value_size);
	else
		xb_map_value_copy_around(map, dst, src);
}

/* The same under the value's own bpf_spin_lock, as BPF_F_LOCK asks (cf. copy_map_value_locked). */
void xb_map_value_copy_locked(const struct xb_map *map, void *dst, const void *src);

/*
 * What bpf(2) sees of the special fields in its copy of a value (cf. include/linux/bpf.h:
 * check_and_init_map_value).
 */
void xb_map_value_hide(const struct xb_map *map, void *value);

/*
 * Ends what the special fields of a value hold: its element goes, or gets another value (cf.
 * kernel/bpf/syscall.c: bpf_obj_free_fields).
 */
void xb_map_value_drop(struct xb_map *map, u64 value);

/*
 * Maps a region of `bytes` under the name of the map's values; of its memfd if from_fd. NULL: no
 * memory.
 */
struct xb_region *xb_map_region_new(struct xb_map *map, u64 bytes, bool from_fd);

/*
 * Zeroed host memory for a table of `cnt` entries, of which large ones are touched only where they
 * are used; freed with the same numbers. NULL: no memory.
 */
void *xb_map_table_new(u64 cnt, u64 entry_bytes);
void xb_map_table_free(void *table, u64 cnt, u64 entry_bytes);

/*
 * next_key of types that are arrays: from 0 to max_entries - 1 (cf. kernel/bpf/arraymap.c:
 * array_map_get_next_key).
 */
int xb_map_array_next_key(struct xb_map *map, const void *key, void *next);

/*
 * Attributes that all arrays share (cf. kernel/bpf/arraymap.c: array_map_alloc_check,
 * fd_array_map_alloc_check).
 */
int xb_map_array_check(const union bpf_attr *attr);
int xb_map_fd_array_check(const union bpf_attr *attr);

/* A type's BTF is not allowed at all (cf. kernel/bpf/syscall.c: map_check_no_btf). */
int xb_map_no_btf(const struct xb_map *map, const struct btf *btf, u32 key_id, u32 value_id);
/* Only a 32-bit integer may be key (cf. kernel/bpf/arraymap.c: array_map_check_btf). */
int xb_map_array_btf(const struct xb_map *map, const struct btf *btf, u32 key_id, u32 value_id);

/*
 * Checks the types given for key and value, and finds the special fields (cf. kernel/bpf/syscall.c:
 * map_check_btf).
 */
int xb_map_check_btf(struct xb_map *map, u32 key_id, u32 value_id);

/*
 * The map that an inner_map_fd names, if it may be one; -errno (cf. kernel/bpf/map_in_map.c:
 * bpf_map_meta_alloc).
 */
int xb_map_inner_get(struct xb_emu *emu, u32 fd, struct xb_map **inner);

/* Whether the map's handle is put into programs by lookups in outer maps; see map_fd.c. */
struct xb_map *xb_map_of_obj(struct xb_obj *obj);

/* For types whose elements programs cannot look up (0), change or delete (-EINVAL). */
u64 xb_map_no_lookup(struct xb_map *map, const void *key, u32 cpu);
int xb_map_no_update(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu);
int xb_map_no_remove(struct xb_map *map, const void *key);

/* Whether a directory is there no more, though it is open. */
bool xb_fd_is_removed(int fd);

/*
 * Frees what was deleted, for bpf(2), unless a program is in the midst of its run and may have
 * pointers to it: the end of that frees it. Concurrently the map sees to it itself.
 */
static inline void
xb_map_gc_now(struct xb_map *map)
{
	if (map->gc && !map->emu->concurrent && !map->emu->runs)
		map->gc(map);
}

/* xb_map_read() and others, by who has the map's lock. */
int xb_map_read_locked(struct xb_map *map, const void *key, void *value, u64 flags);
int xb_map_write_locked(struct xb_map *map, const void *key, const void *value, u64 flags);
int xb_map_remove_locked(struct xb_map *map, const void *key);

/* Takes, and gives back, the bpf_spin_lock in the value at a host address (BPF_F_LOCK). */
void xb_map_value_lock(const struct xb_map *map, u8 *value);
void xb_map_value_unlock(const struct xb_map *map, u8 *value);

/*
 * The map behind a descriptor, if the descriptor may be used so: `mode` has bit 1 to read, bit 2 to
 * write. 0 or -EBADF, -EINVAL, -EPERM.
 */
int xb_map_by_fd(struct xb_emu *emu, u32 fd, u32 mode, struct xb_map **map);
#define XB_FD_READ  1u
#define XB_FD_WRITE 2u

/* Ends writing through bpf(2) (map_freeze.c): 0, -EBUSY while user space has it mapped writable. */
int xb_map_freeze(struct xb_map *map);

/* BPF_MAP_*_BATCH (map_batch.c). `attr` is zero-padded; the count goes to *count. */
int xb_map_batch(struct xb_map *map, int cmd, const union bpf_attr *attr, u32 *count);

#endif
