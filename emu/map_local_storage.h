/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_local_storage.h - what maps of the types SK_, INODE_, TASK_ and CGRP_STORAGE have in common:
 * a value for each owner that has been given one (cf. kernel/bpf/bpf_local_storage.c).
 *
 * An owner is known by a number that is its own for as long as it lives; which one is the type's to
 * say. Programs come with an owner; bpf(2) with a descriptor, which the type turns into one.
 */
#ifndef XB_EMU_MAP_LOCAL_STORAGE_H
#define XB_EMU_MAP_LOCAL_STORAGE_H

#include "emu/map_priv.h"

#ifndef BPF_F_CLONE
#define BPF_F_CLONE (1u << 9)
#endif

/* struct xb_map_ops: check, alloc, free, next_key, check_btf. Set .lookup to xb_map_no_lookup. */
int xb_local_storage_check(const union bpf_attr *attr);
int xb_local_storage_alloc(struct xb_map *map);
void xb_local_storage_free(struct xb_map *map);
int xb_local_storage_next_key(struct xb_map *map, const void *key, void *next);
int xb_local_storage_btf(const struct xb_map *map, const struct btf *btf, u32 key_id, u32 value_id);

/* The value of an owner, or 0 (cf. bpf_local_storage_lookup). */
u64 xb_local_storage_lookup(const struct xb_map *map, u64 owner);

/*
 * What bpf_*_storage_get returns: the value, or with BPF_LOCAL_STORAGE_GET_F_CREATE a new one that
 * starts as `init`, or with zeros where that is NULL. 0: there is none, or other flags.
 */
u64 xb_local_storage_get(struct xb_map *map, u64 owner, const void *init, u64 flags);

/* The same under the map's lock. */
u64 xb_local_storage_get_locked(struct xb_map *map, u64 owner, const void *init, u64 flags);
int xb_local_storage_delete_locked(struct xb_map *map, u64 owner);

/* 0, -EINVAL, -EEXIST, -ENOENT, -ENOMEM (cf. bpf_local_storage_update). */
int xb_local_storage_update(struct xb_map *map, u64 owner, const void *value, u64 flags);

/* 0 or -ENOENT. The value stays readable until the run ends. */
int xb_local_storage_delete(struct xb_map *map, u64 owner);

/* What bpf(2) reads of it: 0 or -ENOENT. */
int xb_local_storage_read(const struct xb_map *map, u64 owner, void *value);

/*
 * The owner is gone, and so is what maps of this type had for it (cf. bpf_local_storage_destroy).
 */
void xb_local_storage_destroy(struct xb_emu *emu, u32 type, u64 owner);

/* Calls fn for each value, as xb_map_for_each(); the key is the owner's number, 8 bytes. */
long xb_local_storage_each(struct xb_map *map, xb_map_each_fn fn, void *arg);

#endif
