/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem_host.h - guest memory as its host sees it: what lies where, reading and writing it, and the
 * host's own memory lent to programs.
 *
 * Every function may be called by any thread; but what a program is changing meanwhile is seen as
 * it may be.
 */
#ifndef XB_VM_MEM_HOST_H
#define XB_VM_MEM_HOST_H

#include "vm/mem.h"

/* An object, or a region of them. */
struct xb_mem_info {
	char name[48]; /* the region's */
	u64 region_gaddr, region_bytes;
	u64 gaddr, bytes; /* of the object; of the region, where regions are asked for */
	bool readable;    /* of an object: all of it, by programs */
	bool writable;
	bool opaque; /* a context and the like, with rules of its own: the machine cannot tell */
	bool host;   /* the host answers for it */
};

/*
 * The region with the lowest address that is not below `from`; false: there is none. Regions are
 * readable and writable as far as the objects in them are, which is not said here.
 */
bool xb_mem_next_region(const struct xb_mem *mem, u64 from, struct xb_mem_info *info);

/*
 * The object with the lowest address that is not below `from`: bytes that programs may access
 * without a gap, or a region that is one object.
 */
bool xb_mem_next_object(const struct xb_mem *mem, u64 from, struct xb_mem_info *info);

/* The object that has the byte at gaddr, at offset gaddr - info->gaddr. False: none has. */
bool xb_mem_find(const struct xb_mem *mem, u64 gaddr, struct xb_mem_info *info);

/*
 * Copies bytes that a program might read, or write, out or in, also of memory that the host answers
 * for. -1 and err, which says where the object ends, or that it is read-only or opaque; all bytes
 * are checked first.
 */
int xb_mem_read(const struct xb_mem *mem, u64 gaddr, void *to, u64 bytes, struct xb_err *err);
int xb_mem_write(const struct xb_mem *mem, u64 gaddr, const void *from, u64 bytes,
                 struct xb_err *err);

/* What the host answers for, as it was when it was found. */
struct xb_host_object {
	const struct xb_mem_object_ops *ops;
	void *arg;
	u64 gaddr, bytes;
	char name[48];
};

/* The one that has all the bytes from gaddr on; false: there is none. */
bool xb_mem_host_object(const struct xb_mem *mem, u64 gaddr, u64 bytes, struct xb_host_object *o);

/* Copies bytes that lie within it, in pieces as large as their offsets let them be. 0, or -errno.
 */
int xb_host_object_read(const struct xb_host_object *o, u64 gaddr, void *to, u64 bytes);
int xb_host_object_write(const struct xb_host_object *o, u64 gaddr, const void *from, u64 bytes);

/*
 * Lends programs `bytes` of the caller's memory: loads and stores go to these very bytes, which
 * stay where they are until the region is unmapped. NULL and err where there is no room.
 */
struct xb_region *xb_mem_lend(struct xb_mem *mem, const char *name, void *buf, u64 bytes,
                              bool writable, struct xb_err *err);

#endif
