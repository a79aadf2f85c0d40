/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_cgroup.c - CGROUP_ARRAY (cf. kernel/bpf/arraymap.c: cgroup_array_map_ops).
 *
 * A slot holds the id of a cgroup of the v2 hierarchy, the inode number of its directory; 0 where
 * it is empty. Only helpers look into it.
 */
#include "emu/map_priv.h"

#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static int
cgroup_array_alloc(struct xb_map *map)
{
	map->priv = xb_map_table_new(map->max_entries, sizeof(u64));
	return map->priv ? 0 : -ENOMEM;
}

static void
cgroup_fd_array_free(struct xb_map *map)
{
	xb_map_table_free(map->priv, map->max_entries, sizeof(u64));
}

bool
xb_fd_is_removed(int fd)
{
	static const char mark[] = " (deleted)";
	char path[32], name[4096];
	ssize_t bytes;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	bytes = readlink(path, name, sizeof(name) - 1);
	if (bytes < (ssize_t)strlen(mark))
		return false;
	name[bytes] = 0;
	return !strcmp(name + bytes - strlen(mark), mark);
}

/* cf. kernel/cgroup/cgroup.c: cgroup_get_from_fd, css_tryget_online_from_dir */
static int
cgroup_get_from_fd(int fd, u64 *id)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC)
		return -EBADF;
	if (fstat(fd, &st) || !S_ISDIR(st.st_mode))
		return -EBADF;
	if (xb_fd_is_removed(fd))
		return -ENOENT;
	*id = st.st_ino;
	return 0;
}

static int
cgroup_update_sys(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	u32 idx = xb_ld32(key);
	u64 id;
	int ret;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (idx >= map->max_entries)
		return -E2BIG;
	ret = cgroup_get_from_fd((int)xb_ld32(value), &id);
	return ret ? ret : xb_cgroup_array_set(map, idx, id);
}

static int
cgroup_read_sys(struct xb_map *map, const void *key, void *value)
{
	(void)map;
	(void)key;
	(void)value;
	return -XB_ENOTSUPP;
}

static int
fd_array_map_delete_elem(struct xb_map *map, const void *key)
{
	u64 *ids = map->priv;
	u32 idx = xb_ld32(key);

	if (idx >= map->max_entries)
		return -E2BIG;
	if (!ids[idx])
		return -ENOENT;
	__atomic_store_n(&ids[idx], 0, __ATOMIC_RELAXED);
	return 0;
}

int
xb_cgroup_array_get(const struct xb_map *map, u32 idx, u64 *id)
{
	const u64 *ids = map->priv;

	if (idx >= map->max_entries)
		return -E2BIG;
	*id = __atomic_load_n(&ids[idx], __ATOMIC_RELAXED);
	return *id ? 0 : -EAGAIN;
}

int
xb_cgroup_array_set(struct xb_map *map, u32 idx, u64 id)
{
	u64 *ids = map->priv;

	if (map->type != BPF_MAP_TYPE_CGROUP_ARRAY || !id)
		return -EINVAL;
	if (idx >= map->max_entries)
		return -E2BIG;
	__atomic_store_n(&ids[idx], id, __ATOMIC_RELAXED);
	return 0;
}

const struct xb_map_ops xb_map_cgroup_array_ops = {
	.name = "cgroup_array",
	.source = "kernel/bpf/arraymap.c",
	.flags = XB_MAP_OF_FDS | XB_MAP_NO_PROG_LOOKUP | XB_MAP_LOCKED,
	.check = xb_map_fd_array_check,
	.alloc = cgroup_array_alloc,
	.free = cgroup_fd_array_free,
	.lookup = xb_map_no_lookup,
	.update = xb_map_no_update,
	.update_sys = cgroup_update_sys,
	.read_sys = cgroup_read_sys,
	.remove = fd_array_map_delete_elem,
	.next_key = xb_map_array_next_key,
	.check_btf = xb_map_no_btf,
};
