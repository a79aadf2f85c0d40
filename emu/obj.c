/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/obj.h"

#include "emu/vcpu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUCKETS 1024u /* a power of two */

struct xb_obj_table {
	struct xb_obj **by_id[XB_OBJ_KIND_CNT]; /* by id - 1; NULL where it was removed */
	u32 cnt[XB_OBJ_KIND_CNT], cap[XB_OBJ_KIND_CNT];
	dev_t dev; /* of every memfd */
	struct xb_obj *buckets[BUCKETS];
};

static struct xb_obj **
bucket_of(struct xb_obj_table *table, u64 ino)
{
	return &table->buckets[(ino ^ ino >> 10) & (BUCKETS - 1)];
}

int
xb_obj_table_new(struct xb_emu *emu, struct xb_err *err)
{
	emu->objs = calloc(1, sizeof(*emu->objs));
	if (emu->objs == NULL)
		return xb_err_errno(err, ENOMEM, "object table");
	return 0;
}

static void
free_kind(struct xb_obj_table *table, enum xb_obj_kind kind)
{
	for (u32 i = table->cnt[kind]; i-- > 0;) {
		struct xb_obj *obj = table->by_id[kind][i];

		if (obj == NULL)
			continue;
		if (!obj->forgotten)
			close(obj->memfd);
		obj->free(obj);
	}
	free(table->by_id[kind]);
}

void
xb_obj_table_free(struct xb_emu *emu)
{
	static const enum xb_obj_kind order[] = { XB_OBJ_LINK, XB_OBJ_PROG, XB_OBJ_MAP, XB_OBJ_PERF,
		                                  XB_OBJ_BTF };

	if (emu->objs == NULL)
		return;
	for (size_t i = 0; i < XB_ARRAY_SIZE(order); i++)
		free_kind(emu->objs, order[i]);
	free(emu->objs);
	emu->objs = NULL;
}

/* Makes room for one more id. */
static int
grow(struct xb_obj_table *table, enum xb_obj_kind kind)
{
	u32 cap = table->cap[kind] ? 2 * table->cap[kind] : 16;
	struct xb_obj **by_id;

	if (table->cnt[kind] < table->cap[kind])
		return 0;
	by_id = realloc(table->by_id[kind], cap * sizeof(struct xb_obj *));
	if (by_id == NULL)
		return -ENOMEM;
	table->by_id[kind] = by_id;
	table->cap[kind] = cap;
	return 0;
}

/* Under the lock: gives the object its id, and puts it where it is found. */
static int
put_in(struct xb_obj_table *table, struct xb_obj *obj)
{
	struct xb_obj **bucket = bucket_of(table, obj->ino);
	int rc = grow(table, obj->kind);

	if (rc)
		return rc;
	obj->hash_next = *bucket;
	*bucket = obj;
	table->by_id[obj->kind][table->cnt[obj->kind]++] = obj;
	obj->id = table->cnt[obj->kind];
	return 0;
}

static struct xb_lock *
take_lock(struct xb_emu *emu)
{
	struct xb_lock *lock = xb_emu_lock(emu, &emu->objs_lock);

	xb_lock_take(lock);
	return lock;
}

/* Numbers that are low are for the caller; where there are no others, any will do. */
static int
out_of_the_way(const struct xb_emu *emu, int fd)
{
	int high = emu->first_fd ? fcntl(fd, F_DUPFD_CLOEXEC, emu->first_fd) : -1;

	if (high < 0)
		return fd;
	close(fd);
	return high;
}

int
xb_obj_add(struct xb_emu *emu, struct xb_obj *obj, enum xb_obj_kind kind, const char *name,
           void (*free_fn)(struct xb_obj *obj))
{
	static const char *const kinds[] = { "map", "prog", "btf", "link", "perf" };
	struct xb_obj_table *table = emu->objs;
	struct xb_lock *lock;
	char memfd_name[96];
	struct stat st;
	int rc, memfd;

	snprintf(memfd_name, sizeof(memfd_name), "bpf-%s:%s", kinds[kind], name);
	memfd = memfd_create(memfd_name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memfd < 0)
		return -errno;
	if (fstat(memfd, &st)) {
		rc = -errno;
		close(memfd);
		return rc;
	}
	obj->memfd = out_of_the_way(emu, memfd);
	obj->ino = st.st_ino;
	obj->kind = kind;
	obj->free = free_fn;
	lock = take_lock(emu);
	table->dev = st.st_dev;
	rc = put_in(table, obj);
	xb_lock_give(lock);
	if (rc)
		close(obj->memfd);
	return rc;
}

/* Known by no descriptor: its inode may be another one's from now on. */
static void
forget_fd(struct xb_emu *emu, struct xb_obj *obj)
{
	struct xb_obj **p = bucket_of(emu->objs, obj->ino);

	while (*p != obj)
		p = &(*p)->hash_next;
	*p = obj->hash_next;
	close(obj->memfd);
	obj->memfd = -1;
}

void
xb_obj_remove(struct xb_emu *emu, struct xb_obj *obj)
{
	struct xb_lock *lock = take_lock(emu);

	forget_fd(emu, obj);
	emu->objs->by_id[obj->kind][obj->id - 1] = NULL;
	xb_lock_give(lock);
}

struct xb_obj_mark
xb_obj_mark(const struct xb_emu *emu)
{
	struct xb_obj_mark mark;

	memcpy(mark.cnt, emu->objs->cnt, sizeof(mark.cnt));
	return mark;
}

void
xb_obj_forget(struct xb_emu *emu, struct xb_obj *obj)
{
	struct xb_lock *lock = take_lock(emu);

	forget_fd(emu, obj);
	obj->forgotten = true;
	xb_lock_give(lock);
}

u32
xb_obj_made_cnt(const struct xb_emu *emu)
{
	u32 cnt = 0;

	for (u32 kind = 0; kind < XB_OBJ_KIND_CNT; kind++)
		cnt += emu->objs->cnt[kind];
	return cnt;
}

void
xb_obj_forget_since(struct xb_emu *emu, const struct xb_obj_mark *mark)
{
	for (u32 kind = 0; kind < XB_OBJ_KIND_CNT; kind++) {
		for (u32 i = mark->cnt[kind]; i < emu->objs->cnt[kind]; i++) {
			struct xb_obj *obj = emu->objs->by_id[kind][i];

			if (!obj || obj->forgotten)
				continue;
			forget_fd(emu, obj);
			obj->forgotten = true;
		}
	}
}

int
xb_obj_fd(struct xb_obj *obj)
{
	int fd = fcntl(obj->memfd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int
xb_obj_fd_flags(struct xb_obj *obj, u32 file_flags)
{
	char path[40];
	int fd;

	file_flags &= BPF_F_RDONLY | BPF_F_WRONLY;
	if (file_flags == 0)
		return xb_obj_fd(obj);
	if (file_flags == (BPF_F_RDONLY | BPF_F_WRONLY))
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", obj->memfd);
	fd = open(path, (file_flags & BPF_F_RDONLY ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The object of a memfd, whatever its kind, or NULL. */
static struct xb_obj *
find(struct xb_emu *emu, const struct stat *st)
{
	struct xb_obj *obj;

	if (st->st_dev != emu->objs->dev)
		return NULL;
	for (obj = *bucket_of(emu->objs, st->st_ino); obj; obj = obj->hash_next)
		if (obj->ino == st->st_ino)
			return obj;
	return NULL;
}

int
xb_obj_by_fd(struct xb_emu *emu, int fd, enum xb_obj_kind kind, struct xb_obj **obj)
{
	struct xb_obj *found;
	struct xb_lock *lock;
	struct stat st;

	if (fstat(fd, &st))
		return -EBADF;
	lock = take_lock(emu);
	found = find(emu, &st);
	xb_lock_give(lock);
	if (found == NULL || (kind != XB_OBJ_KIND_CNT && found->kind != kind))
		return -EINVAL;
	*obj = found;
	return 0;
}

struct xb_obj *
xb_obj_by_id(struct xb_emu *emu, enum xb_obj_kind kind, u32 id)
{
	struct xb_lock *lock = take_lock(emu);
	struct xb_obj *obj = NULL;

	if (id && id <= emu->objs->cnt[kind])
		obj = emu->objs->by_id[kind][id - 1];
	xb_lock_give(lock);
	return obj && !obj->forgotten ? obj : NULL;
}

struct xb_obj *
xb_obj_next(struct xb_emu *emu, enum xb_obj_kind kind, u32 id)
{
	struct xb_lock *lock = take_lock(emu);
	struct xb_obj *obj = NULL;

	for (u32 i = id; !obj && i < emu->objs->cnt[kind]; i++) {
		obj = emu->objs->by_id[kind][i];
		if (obj && obj->forgotten)
			obj = NULL;
	}
	xb_lock_give(lock);
	return obj;
}
