/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload_priv.h - the library that LD_PRELOAD puts in front of a program's C library, with an
 * emulator for its bpf(2).
 *
 * One emulator a process, made at its first call. Every call of it is under one lock, which a fork
 * takes too, so that the child's copy is whole. What the emulator itself calls of the C library on
 * the way comes past here as well, and goes straight on: a thread knows that it is inside.
 *
 * The functions that a program finds here in place of the C library's are the only ones that are
 * visible. A call that is about nothing of the emulator's goes on to whoever has the name next.
 */
#ifndef XB_LIB_PRELOAD_PRIV_H
#define XB_LIB_PRELOAD_PRIV_H

#include "emu/emu.h"
#include "emu/obj.h"
#include "lib/preload.h"

#include <sys/stat.h>

#define PRELOAD_PUBLIC __attribute__((visibility("default")))

/* The function of that name behind this library's, kept in *slot. */
void *preload_next(void **slot, const char *name);

/* For the body of a function of the same name: calls the one behind. */
#define PRELOAD_NEXT(name)                                                                         \
	({                                                                                         \
		static void *next_##name;                                                          \
		(__typeof__(&name))preload_next(&next_##name, #name);                              \
	})

/*
 * The emulator, locked for this thread until preload_leave(); NULL, and nothing locked, where the
 * thread is inside already, or there is none. get makes one where there is none yet.
 */
struct xb_emu *preload_enter(void);
struct xb_emu *preload_get(void);
void preload_leave(void);

/* The program has closed a descriptor. */
void preload_count_close(void);

/* Whether this thread is inside. */
bool preload_is_inside(void);

/* The object behind a descriptor, or NULL; the emulator is locked. */
struct xb_obj *preload_obj(struct xb_emu *emu, int fd);

/* -errno or a result, as the C library gives it. */
long preload_result(long rc);

/*
 * preload_poll.c: an eventfd for each object that a program waits for, readable while there is
 * something to read. refresh looks at all of them.
 */
void preload_poll_refresh(void);

/*
 * preload_mmap.c: perf_event_open(2) with these arguments; false: it is the kernel's to do.
 */
bool preload_perf_open(const long a[6], long *rc);

/*
 * preload_bpffs.c: the file system of pins, in memory: /sys/fs/bpf, and where the program mounts
 * one. Paths are in one form: absolute, single slashes, no "." or "..".
 */
bool preload_bpffs_path(int dir, const char *path, char to[]);
int preload_bpffs_stat(const char *path, struct stat *st);
int preload_bpffs_mkdir(const char *path, mode_t mode);
int preload_bpffs_rmdir(const char *path);
int preload_bpffs_unlink(const char *path);
int preload_bpffs_mount(const char *path);
int preload_bpffs_umount(const char *path);
/* Whether an object may be pinned there: 0, -EPERM, -ENOENT, -EEXIST. */
int preload_bpffs_may_pin(const char *path);

#endif
