/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * obj.h - the things that bpf(2) makes (maps, programs, BTFs, links) and their file descriptors.
 *
 * A descriptor is a real one, of a memfd. The object is known by the memfd's inode, not by the
 * number, so dup, fcntl, close and passing to children behave. An object lives as long as its
 * emulator.
 */
#ifndef XB_EMU_OBJ_H
#define XB_EMU_OBJ_H

#include "emu/emu.h"

enum xb_obj_kind {
	XB_OBJ_MAP,
	XB_OBJ_PROG,
	XB_OBJ_BTF,
	XB_OBJ_LINK,
	XB_OBJ_PERF, /* emu/perf_event.h: not bpf(2)'s, but known by their descriptors, too */
	XB_OBJ_KIND_CNT,
};

/* First member of every object. */
struct xb_obj {
	enum xb_obj_kind kind;
	u32 id;    /* from 1, per kind, never reused (cf. kernel/bpf/syscall.c: bpf_map_alloc_id) */
	int memfd; /* kept open as long as the object lives */
	bool forgotten;  /* see xb_obj_forget_since() */
	bool held, open; /* emu/obj_sweep.h's own */
	u64 ino;         /* of memfd */
	struct xb_obj *hash_next, *next;
	void (*free)(struct xb_obj *obj);
};

/*
 * Makes the table in emu->objs; frees it with all objects (links, programs, maps, perf events,
 * BTFs in this order).
 */
int xb_obj_table_new(struct xb_emu *emu, struct xb_err *err);
void xb_obj_table_free(struct xb_emu *emu);

/*
 * Gives an object its memfd and its id, and makes emu its owner. `name` is for /proc. On failure
 * -errno, and the caller still owns it.
 */
int xb_obj_add(struct xb_emu *emu, struct xb_obj *obj, enum xb_obj_kind kind, const char *name,
               void (*free)(struct xb_obj *obj));

/*
 * Takes an object that was just added out again, when making it failed after all; the caller owns
 * it.
 */
void xb_obj_remove(struct xb_emu *emu, struct xb_obj *obj);

/*
 * What was made since a mark is found neither by id nor by a descriptor any more, as if it were
 * gone; it is freed with the emulator, for others may point to it. Not while concurrent.
 */
struct xb_obj_mark {
	u32 cnt[XB_OBJ_KIND_CNT];
};
struct xb_obj_mark xb_obj_mark(const struct xb_emu *emu);
void xb_obj_forget_since(struct xb_emu *emu, const struct xb_obj_mark *mark);
/* The same of one. */
void xb_obj_forget(struct xb_emu *emu, struct xb_obj *obj);

/* How many were ever made, of all kinds. */
u32 xb_obj_made_cnt(const struct xb_emu *emu);

/* A new close-on-exec descriptor for the object, or -errno. */
int xb_obj_fd(struct xb_obj *obj);

/*
 * The same with file_flags of OBJ_GET and the like: BPF_F_RDONLY or BPF_F_WRONLY narrow what bpf(2)
 * may do through the descriptor. Its mode is that of the open file (F_GETFL).
 */
int xb_obj_fd_flags(struct xb_obj *obj, u32 file_flags);

/*
 * The object behind a descriptor, of any kind for XB_OBJ_KIND_CNT: 0 with *obj, -EBADF (not open),
 * or -EINVAL (something else), as the kernel's (cf. kernel/bpf/syscall.c: __bpf_map_get).
 */
int xb_obj_by_fd(struct xb_emu *emu, int fd, enum xb_obj_kind kind, struct xb_obj **obj);

/* The object with that id, or NULL. */
struct xb_obj *xb_obj_by_id(struct xb_emu *emu, enum xb_obj_kind kind, u32 id);

/*
 * The object with the smallest id above `id`, or NULL. For the *_GET_NEXT_ID commands and for
 * listing.
 */
struct xb_obj *xb_obj_next(struct xb_emu *emu, enum xb_obj_kind kind, u32 id);

#endif
