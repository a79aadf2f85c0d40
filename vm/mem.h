/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem.h - the guest's memory: one arena, and a shadow that knows every byte a program may touch.
 *
 * A guest address (`gaddr`) is an offset into one reserved area of host memory. Nothing in the
 * arena is addressable by a program until xb_mem_allow() says so; between two objects lie at least
 * 8 bytes that never are. Addresses below 64 KiB are never valid. The same sequence of calls yields
 * the same addresses in every run.
 *
 *   shadow byte for 8 guest bytes (a granule):   W F e e e s s s
 *     F      all 8 bytes are addressable
 *     W      they may be written
 *     s, e   in a granule that is not full: bytes s to e-1 are addressable, where e of 0 means 8 if
 *            s is not 0, and no byte if it is
 *
 * An untouched shadow page reads as zero, which is "no byte": nothing has to be set up for memory
 * that is only reserved. The fast path ANDs the shadow bytes of an access's first and last byte;
 * only the ragged ends of an object take the slow one.
 */
#ifndef XB_VM_MEM_H
#define XB_VM_MEM_H

#include "vm/err.h"
#include "vm/types.h"

#define XB_SHADOW_FULL  0x40
#define XB_SHADOW_WRITE 0x80
#define XB_MEM_READ     XB_SHADOW_FULL                     /* `need` of an access that reads */
#define XB_MEM_WRITE    (XB_SHADOW_FULL | XB_SHADOW_WRITE) /* of one that writes */

#define XB_MEM_NULL_BYTES 0x10000ull     /* addresses below are invalid: null and near it */
#define XB_MEM_LOW_END    0x100000000ull /* packets and contexts lie below: 32-bit addresses */

/*
 * Memory that the host answers for, load by load: none of it is addressable, and every access comes
 * here. `off` counts from its start, off + bytes is within it, bytes is 1, 2, 4 or 8; *value is
 * zero-extended. Return 0, or -errno, which stops the program (XB_FAULT_OBJECT). Called by the
 * thread of whoever accesses it.
 */
struct xb_mem_object_ops {
	int (*load)(void *arg, u64 off, u32 bytes, u64 *value);
	int (*store)(void *arg, u64 off, u32 bytes, u64 value); /* NULL: read-only */
	/* The bytes themselves, where they have an address; NULL: never. */
	void *(*host)(void *arg, u64 off);
};

struct xb_regions;

/* Memory that belongs together: a packet buffer, a context, a stack, the values of one map. */
struct xb_region {
	u64 gaddr;     /* a multiple of the page size */
	u64 bytes;     /* as asked for */
	char name[48]; /* of one object in it, for messages: "packet", "value of map 'flows'" */
	bool opaque;   /* see struct xb_region_opts */
	const struct xb_mem_object_ops *object; /* or NULL */
	void *object_arg;
	struct xb_region *next, *next_object; /* xb_mem's own */
};

struct xb_mem {
	u8 *base;                   /* host address of guest address 0 */
	u8 *shadow;                 /* one byte per 8 guest bytes */
	u64 limit;                  /* size of the arena: guest addresses are below it */
	struct xb_regions *regions; /* its own */
};

struct xb_region_opts {
	const char *name; /* copied, cut at 47 characters */
	u64 bytes;        /* at least 1 */
	bool low;         /* must lie below 4 GiB */
	int fd;           /* >= 0 with `use_fd`: map this file from offset 0, shared */
	bool use_fd;
	bool read_only; /* the file may not be written */
	bool opaque;    /* no byte is ever addressable: xb_vm_ops.access_object has rules for it */
	const struct xb_mem_object_ops *object; /* kept: the host answers for it; implies opaque */
	void *object_arg;                       /* handed to its functions; the caller's */
};

/*
 * Reserves an arena of `bytes` (0: 64 GiB, halved down to 8 GiB until the host grants it). Nothing
 * is committed. NULL and err where the host refuses.
 */
struct xb_mem *xb_mem_new(u64 bytes, struct xb_err *err);

/* Releases the arena with all its regions. NULL is allowed. */
void xb_mem_free(struct xb_mem *mem);

/*
 * Makes zeroed host memory available for a new region; no byte of it is addressable by programs
 * yet. The region belongs to `mem`. NULL and err where arena or host have no room. Regions may be
 * mapped and unmapped by several threads at once.
 */
struct xb_region *xb_mem_map(struct xb_mem *mem, const struct xb_region_opts *opts,
                             struct xb_err *err);

/* Gives a region's memory and addresses back; nobody may be using them. NULL is allowed. */
void xb_mem_unmap(struct xb_mem *mem, struct xb_region *region);

/*
 * Makes `bytes` from gaddr on addressable, or not. Any alignment at either end; the granules
 * touched belong to this object alone. The memory itself is left as it is. `need` is XB_MEM_READ or
 * XB_MEM_WRITE.
 */
void xb_mem_allow(struct xb_mem *mem, u64 gaddr, u64 bytes, u8 need);
void xb_mem_forbid(struct xb_mem *mem, u64 gaddr, u64 bytes);

/* Exact to the byte, for any size; what the inline checks fall back on. */
bool xb_mem_check_slow(const struct xb_mem *mem, u64 gaddr, u64 bytes, u8 need);

/* Whether an access of 1, 2, 4 or 8 bytes is allowed. */
XB_NO_TSAN static inline bool
xb_mem_check(const struct xb_mem *mem, u64 gaddr, u32 bytes, u8 need)
{
	u8 s;

	if (XB_UNLIKELY(gaddr >= mem->limit))
		return false;
	s = mem->shadow[gaddr >> 3] & mem->shadow[(gaddr + bytes - 1) >> 3];
	if (XB_LIKELY((s & need) == need))
		return true;
	return xb_mem_check_slow(mem, gaddr, bytes, need);
}

/* The host address of a guest one, unchecked: for memory that the caller owns or has checked. */
static inline void *
xb_mem_host(const struct xb_mem *mem, u64 gaddr)
{
	return mem->base + gaddr;
}

/* The guest address of a host pointer into the arena. */
static inline u64
xb_mem_gaddr(const struct xb_mem *mem, const void *host)
{
	return (u64)((const u8 *)host - mem->base);
}

/*
 * The host address of a buffer a program named, or NULL where a byte of it is not addressable. 0
 * bytes: never NULL.
 */
XB_NO_TSAN static inline void *
xb_mem_range(const struct xb_mem *mem, u64 gaddr, u64 bytes, u8 need)
{
	if (bytes == 0)
		return mem->base;
	if (bytes <= 8 ? xb_mem_check(mem, gaddr, (u32)bytes, need)
	               : xb_mem_check_slow(mem, gaddr, bytes, need))
		return mem->base + gaddr;
	return NULL;
}

/*
 * How many bytes from gaddr on are addressable for `need` without a gap, at most `max`. For strings
 * and the like, whose length the program does not say.
 */
u64 xb_mem_extent(const struct xb_mem *mem, u64 gaddr, u64 max, u8 need);

/* How an access lies to the nearest object. */
enum xb_mem_pos {
	XB_WHERE_NONE,
	XB_WHERE_NULL,
	XB_WHERE_OPAQUE, /* in an opaque region */
	XB_WHERE_INSIDE,
	XB_WHERE_BEFORE,
	XB_WHERE_PAST,
};

/* What lies at or near an address, for a message. */
struct xb_mem_where {
	char name[48]; /* of the nearest object; empty where there is none near */
	u64 obj_gaddr; /* its first addressable byte */
	u64 obj_bytes; /* and how many there are */
	enum xb_mem_pos pos;
	u64 distance; /* bytes from the access's first byte outside to the object; 1 is adjacent */
};

/* Finds the object nearest to the first byte of the access that is not allowed. Slow; for faults.
 */
void xb_mem_describe(const struct xb_mem *mem, u64 gaddr, u64 bytes, u8 need,
                     struct xb_mem_where *where);

/* The same as a sentence: "2 bytes past the end of packet (54 bytes)". gaddr is the access's. */
void xb_mem_where_text(const struct xb_mem_where *where, u64 gaddr, char *buf, size_t bytes);

#endif
