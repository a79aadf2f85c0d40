/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload_bpffs.c - the file system of pins: directories are kept here, pins by the emulator.
 *
 * Nothing of it is on any disk, and nothing of the host's bpffs is seen (cf. kernel/bpf/inode.c).
 */
#include "lib/preload_priv.h"

#include "emu/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BPFFS "/sys/fs/bpf"

struct dir {
	char *path;
	bool is_root; /* of a mount */
	struct dir *next;
};

static struct {
	struct xb_lock lock;
	struct dir *dirs; /* but for BPFFS, which is always there */
} bpffs;

/* Appends a component; false where there is no room. */
static bool
append(char *to, size_t *len, const char *name, size_t bytes)
{
	if (bytes == 1 && name[0] == '.')
		return true;
	if (bytes == 2 && name[0] == '.' && name[1] == '.') {
		while (*len && to[--*len] != '/')
			;
		return true;
	}
	if (*len + 1 + bytes >= PATH_MAX)
		return false;
	to[(*len)++] = '/';
	memcpy(to + *len, name, bytes);
	*len += bytes;
	return true;
}

/* The path in one form, without looking at links. */
static bool
normalise(const char *path, char *to)
{
	size_t len = 0;

	while (*path) {
		size_t bytes = strcspn(path, "/");

		if (bytes && !append(to, &len, path, bytes))
			return false;
		path += bytes + (path[bytes] == '/');
	}
	if (!len)
		to[len++] = '/';
	to[len] = 0;
	return true;
}

static bool
is_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	return strncmp(path, root, len) == 0 && (path[len] == 0 || path[len] == '/');
}

/* The entry of a directory, or NULL. The lock is held. */
static struct dir **
find(const char *path)
{
	struct dir **d = &bpffs.dirs;

	while (*d && strcmp((*d)->path, path) != 0)
		d = &(*d)->next;
	return d;
}

static bool
is_dir(const char *path)
{
	bool found;

	if (strcmp(path, BPFFS) == 0)
		return true;
	xb_lock_take(&bpffs.lock);
	found = *find(path) != NULL;
	xb_lock_give(&bpffs.lock);
	return found;
}

/* Whether the path is on one that was mounted. */
static bool
is_mounted(const char *path)
{
	bool found = false;

	xb_lock_take(&bpffs.lock);
	for (const struct dir *d = bpffs.dirs; d && !found; d = d->next)
		found = d->is_root && is_below(path, d->path);
	xb_lock_give(&bpffs.lock);
	return found;
}

bool
preload_bpffs_path(int dir, const char *path, char to[])
{
	char whole[2 * PATH_MAX];

	if (!path || preload_is_inside())
		return false;
	if (path[0] != '/') {
		if (!__atomic_load_n(&bpffs.dirs, __ATOMIC_RELAXED) || dir != AT_FDCWD ||
		    strlen(path) >= PATH_MAX || !getcwd(whole, PATH_MAX))
			return false;
		strcat(strcat(whole, "/"), path);
		path = whole;
	}
	return normalise(path, to) && (is_below(to, BPFFS) || is_mounted(to));
}

struct seek {
	const char *path;
	bool found;  /* a pin of that name */
	bool filled; /* something below it */
};

static void
look(void *arg, const char *path, struct xb_obj *obj)
{
	struct seek *s = arg;

	(void)obj;
	s->found |= strcmp(path, s->path) == 0;
	s->filled |= is_below(path, s->path);
}

static struct seek
seek(const char *path)
{
	struct seek s = { .path = path };
	struct xb_emu *emu = preload_enter();

	if (emu) {
		xb_pin_for_each(emu, look, &s);
		preload_leave();
	}
	return s;
}

static bool
is_pin(const char *path)
{
	return seek(path).found;
}

int
preload_bpffs_stat(const char *path, struct stat *st)
{
	bool dir = is_dir(path);

	if (!dir && !is_pin(path))
		return -ENOENT;
	memset(st, 0, sizeof(*st));
	st->st_mode = dir ? S_IFDIR | S_ISVTX | 0700 : S_IFREG | 0600;
	st->st_nlink = dir ? 2 : 1;
	st->st_uid = geteuid();
	st->st_gid = getegid();
	st->st_blksize = 4096;
	st->st_ino = 2;
	for (; *path; path++)
		st->st_ino = st->st_ino * 31 + (unsigned char)*path;
	return 0;
}

/* Whether the directory that a name is to be in is there: 0 or -ENOENT. */
static int
check_parent(const char *path)
{
	char parent[PATH_MAX], *slash;

	strcpy(parent, path);
	slash = strrchr(parent, '/');
	*slash = 0;
	return is_dir(parent) ? 0 : -ENOENT;
}

/* cf. kernel/bpf/inode.c: bpf_lookup, which refuses dots below the root */
static int
check_new(const char *path)
{
	int rc;

	if (is_dir(path) || is_pin(path))
		return -EEXIST;
	rc = check_parent(path);
	return rc == 0 && strchr(strrchr(path, '/'), '.') ? -EPERM : rc;
}

static int
add_dir(const char *path, bool is_root)
{
	struct dir *d = malloc(sizeof(*d));

	if (d)
		*d = (struct dir){ .path = strdup(path), .is_root = is_root };
	if (!d || !d->path) {
		free(d);
		return -ENOMEM;
	}
	xb_lock_take(&bpffs.lock);
	d->next = bpffs.dirs;
	__atomic_store_n(&bpffs.dirs, d, __ATOMIC_RELAXED);
	xb_lock_give(&bpffs.lock);
	return 0;
}

static void
remove_dir(const char *path)
{
	struct dir **d, *gone;

	xb_lock_take(&bpffs.lock);
	d = find(path);
	gone = *d;
	if (gone)
		*d = gone->next;
	xb_lock_give(&bpffs.lock);
	if (gone)
		free(gone->path);
	free(gone);
}

int
preload_bpffs_may_pin(const char *path)
{
	return check_new(path);
}

int
preload_bpffs_mkdir(const char *path, mode_t mode)
{
	int rc = check_new(path);

	(void)mode;
	return rc ? rc : add_dir(path, false);
}

static bool
has_dirs(const char *path)
{
	bool found = false;

	xb_lock_take(&bpffs.lock);
	for (const struct dir *d = bpffs.dirs; d && !found; d = d->next)
		found = strcmp(d->path, path) != 0 && is_below(d->path, path);
	xb_lock_give(&bpffs.lock);
	return found;
}

int
preload_bpffs_rmdir(const char *path)
{
	if (!is_dir(path))
		return is_pin(path) ? -ENOTDIR : -ENOENT;
	if (strcmp(path, BPFFS) == 0)
		return -EBUSY;
	if (has_dirs(path) || seek(path).filled)
		return -ENOTEMPTY;
	remove_dir(path);
	return 0;
}

int
preload_bpffs_unlink(const char *path)
{
	struct xb_emu *emu;
	int rc = -ENOENT;

	if (is_dir(path))
		return -EISDIR;
	emu = preload_enter();
	if (!emu)
		return rc;
	rc = xb_pin_remove(emu, path);
	preload_leave();
	return rc;
}

int
preload_bpffs_mount(const char *path)
{
	return is_dir(path) ? 0 : add_dir(path, true);
}

int
preload_bpffs_umount(const char *path)
{
	if (has_dirs(path) || seek(path).filled)
		return -EBUSY;
	remove_dir(path);
	return 0;
}
