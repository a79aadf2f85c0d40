/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_owner_storage.c - INODE_STORAGE, TASK_STORAGE and CGRP_STORAGE: values of files, tasks and
 * cgroups (cf. kernel/bpf/bpf_inode_storage.c, bpf_task_storage.c, bpf_cgrp_storage.c).
 *
 * To bpf(2) an owner is a descriptor: of any file, of a task (pidfd_open), of a cgroup's directory
 * in either hierarchy. A program has a pointer for it, which is another number.
 *
 * Differs: what a program stores with a task or cgroup is not what bpf(2) finds by a descriptor of
 * it: which of them a recorded pointer stands for is not known. Values of owners that are gone
 * stay.
 */
#include "emu/map_local_storage.h"

#include "emu/hash.h"

#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A file's inode, of whatever file system. */
static int
owner_of_inode(int fd, u64 *owner)
{
	struct stat st;

	if (fstat(fd, &st))
		return -EBADF;
	*owner = xb_hash_mix(st.st_dev ^ XB_HASH_K1, XB_HASH_K0) ^ st.st_ino;
	return 0;
}

/* A task, by its number (cf. kernel/pid.c: pidfd_get_pid, pid_task). */
static int
owner_of_task(int fd, u64 *owner)
{
	char path[48], line[128];
	int pid = 0, ret = -EBADF;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		return -EBADF;
	while (ret && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			ret = 0;
	fclose(f);
	if (ret)
		return ret;
	*owner = (u32)pid;
	return pid < 0 ? -ENOENT : 0; /* it was waited for */
}

/* cf. kernel/cgroup/cgroup.c: cgroup_v1v2_get_from_fd */
static int
owner_of_cgroup(int fd, u64 *owner)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) ||
	    (fs.f_type != CGROUP2_SUPER_MAGIC && fs.f_type != CGROUP_SUPER_MAGIC))
		return -EBADF;
	if (fstat(fd, &st) || !S_ISDIR(st.st_mode))
		return -EBADF;
	return xb_fd_is_removed(fd) ? -ENOENT : owner_of_inode(fd, owner);
}

static int
owner_of(const struct xb_map *map, const void *key, u64 *owner)
{
	int fd = (int)xb_ld32(key);

	switch (map->type) {
	case BPF_MAP_TYPE_INODE_STORAGE:
		return owner_of_inode(fd, owner);
	case BPF_MAP_TYPE_TASK_STORAGE:
		return owner_of_task(fd, owner);
	default:
		return owner_of_cgroup(fd, owner);
	}
}

static int
owner_storage_read(struct xb_map *map, const void *key, void *value)
{
	u64 owner;
	int ret = owner_of(map, key, &owner);

	return ret ? ret : xb_local_storage_read(map, owner, value);
}

static int
owner_storage_update(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	u64 owner;
	int ret = owner_of(map, key, &owner);

	return ret ? ret : xb_local_storage_update(map, owner, value, flags);
}

static int
owner_storage_remove(struct xb_map *map, const void *key)
{
	u64 owner;
	int ret = owner_of(map, key, &owner);

	return ret ? ret : xb_local_storage_delete(map, owner);
}

#define OWNER_STORAGE_OPS(nm, file)                                                                \
	{                                                                                          \
		.name = (nm), .source = (file), .flags = XB_MAP_NO_PROG_LOOKUP | XB_MAP_LOCKED,    \
		.check = xb_local_storage_check, .alloc = xb_local_storage_alloc,                  \
		.free = xb_local_storage_free, .lookup = xb_map_no_lookup,                         \
		.update = xb_map_no_update, .update_sys = owner_storage_update,                    \
		.read_sys = owner_storage_read, .remove = owner_storage_remove,                    \
		.next_key = xb_local_storage_next_key, .check_btf = xb_local_storage_btf,          \
	}

const struct xb_map_ops xb_map_inode_storage_ops =
        OWNER_STORAGE_OPS("inode_storage", "kernel/bpf/bpf_inode_storage.c");
const struct xb_map_ops xb_map_task_storage_ops =
        OWNER_STORAGE_OPS("task_storage", "kernel/bpf/bpf_task_storage.c");
const struct xb_map_ops xb_map_cgrp_storage_ops =
        OWNER_STORAGE_OPS("cgrp_storage", "kernel/bpf/bpf_cgrp_storage.c");
