/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload_files.c - the C library's functions that a loader of programs calls around bpf(2): paths
 * on bpffs, and limits that need no raising here.
 *
 * Programs come by either name of a function, so both have to be there: with 64-bit offsets the
 * plain ones would be the others' in disguise.
 */
#undef _FILE_OFFSET_BITS
#include "lib/preload_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#pragma GCC visibility push(default)

/* X(name, parameters, directory, path, arguments, what bpffs answers) */
#define ON_BPFFS(X)                                                                                \
	X(stat, (const char *path, struct stat *st), AT_FDCWD, (path, st),                         \
	  preload_bpffs_stat(own, st))                                                             \
	X(lstat, (const char *path, struct stat *st), AT_FDCWD, (path, st),                        \
	  preload_bpffs_stat(own, st))                                                             \
	X(fstatat, (int dir, const char *path, struct stat *st, int flags), dir,                   \
	  (dir, path, st, flags), preload_bpffs_stat(own, st))                                     \
	X(stat64, (const char *path, struct stat64 *st), AT_FDCWD, (path, st),                     \
	  preload_bpffs_stat(own, (struct stat *)st))                                              \
	X(lstat64, (const char *path, struct stat64 *st), AT_FDCWD, (path, st),                    \
	  preload_bpffs_stat(own, (struct stat *)st))                                              \
	X(fstatat64, (int dir, const char *path, struct stat64 *st, int flags), dir,               \
	  (dir, path, st, flags), preload_bpffs_stat(own, (struct stat *)st))                      \
	X(access, (const char *path, int mode), AT_FDCWD, (path, mode), exists(own))               \
	X(faccessat, (int dir, const char *path, int mode, int flags), dir,                        \
	  (dir, path, mode, flags), exists(own))                                                   \
	X(mkdir, (const char *path, mode_t mode), AT_FDCWD, (path, mode),                          \
	  preload_bpffs_mkdir(own, mode))                                                          \
	X(mkdirat, (int dir, const char *path, mode_t mode), dir, (dir, path, mode),               \
	  preload_bpffs_mkdir(own, mode))                                                          \
	X(rmdir, (const char *path), AT_FDCWD, (path), preload_bpffs_rmdir(own))                   \
	X(unlink, (const char *path), AT_FDCWD, (path), preload_bpffs_unlink(own))                 \
	X(unlinkat, (int dir, const char *path, int flags), dir, (dir, path, flags),               \
	  flags &AT_REMOVEDIR ? preload_bpffs_rmdir(own) : preload_bpffs_unlink(own))              \
	X(statfs, (const char *path, struct statfs *st), AT_FDCWD, (path, st),                     \
	  stat_fs(own, st, sizeof(*st), &st->f_type))                                              \
	X(statfs64, (const char *path, struct statfs64 *st), AT_FDCWD, (path, st),                 \
	  stat_fs(own, st, sizeof(*st), &st->f_type))

_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one layout");

static int
exists(const char *path)
{
	struct stat st;

	return preload_bpffs_stat(path, &st);
}

static int
stat_fs(const char *path, void *st, size_t bytes, __fsword_t *type)
{
	int rc = exists(path);

	if (rc)
		return rc;
	memset(st, 0, bytes);
	*type = BPF_FS_MAGIC;
	return 0;
}

#define DEFINE(name, params, at, args, answer)                                                     \
	int name params;                                                                           \
	int name params                                                                            \
	{                                                                                          \
		char own[PATH_MAX];                                                                \
		if (preload_bpffs_path(at, path, own))                                             \
			return (int)preload_result(answer);                                        \
		return PRELOAD_NEXT(name) args;                                                    \
	}
ON_BPFFS(DEFINE)

/* A mount of type bpf is one of ours, wherever it is. */
int
mount(const char *what, const char *path, const char *type, unsigned long flags, const void *data)
{
	char own[PATH_MAX];
	struct stat st;

	if (type && strcmp(type, "bpf") == 0 && !preload_is_inside() && realpath(path, own) &&
	    PRELOAD_NEXT(stat)(own, &st) == 0)
		return (int)preload_result(preload_bpffs_mount(own));
	if (preload_bpffs_path(AT_FDCWD, path, own)) /* propagation, of what bpftool mounts */
		return (int)preload_result(exists(own));
	return PRELOAD_NEXT(mount)(what, path, type, flags, data);
}

int
umount2(const char *path, int flags)
{
	char own[PATH_MAX];

	if (preload_bpffs_path(AT_FDCWD, path, own))
		return (int)preload_result(preload_bpffs_umount(own));
	return PRELOAD_NEXT(umount2)(path, flags);
}

int
umount(const char *path)
{
	return umount2(path, 0);
}

/* A descriptor more that is closed: what it held may have to go. */
int
close(int fd)
{
	int rc = PRELOAD_NEXT(close)(fd);

	preload_count_close();
	return rc;
}

int
dup2(int from, int to)
{
	int rc = PRELOAD_NEXT(dup2)(from, to);

	preload_count_close();
	return rc;
}

int
dup3(int from, int to, int flags)
{
	int rc = PRELOAD_NEXT(dup3)(from, to, flags);

	preload_count_close();
	return rc;
}

/* Maps lock no memory here: a loader may raise the limit as if it was allowed to. */
static int
limit_result(int rc, __rlimit_resource_t resource)
{
	return rc && errno == EPERM && resource == RLIMIT_MEMLOCK ? 0 : rc;
}

int
setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	return limit_result(PRELOAD_NEXT(setrlimit)(resource, limit), resource);
}

int
setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
	return limit_result(PRELOAD_NEXT(setrlimit64)(resource, limit), resource);
}

#pragma GCC visibility pop
