/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/dynptr.h"

#include "vm/bytes.h"

#include <errno.h>

/*
 *   0   guest address | MAGIC << 48
 *   8   size | type << 28 | read-only << 31
 *   12  0
 */
#define MAGIC      0xd7e7ull
#define ADDR_BITS  48
#define TYPE_SHIFT 28
#define TYPE_MASK  7u
#define RDONLY     (1u << 31)

void
xb_dynptr_store(void *at, const struct xb_dynptr *ptr)
{
	u8 *p = at;

	xb_st64(p, ptr->gaddr | MAGIC << ADDR_BITS);
	xb_st32(p + 8, ptr->size | (u32)ptr->type << TYPE_SHIFT | (ptr->rdonly ? RDONLY : 0));
	xb_st32(p + 12, 0);
}

bool
xb_dynptr_load(const void *at, struct xb_dynptr *ptr)
{
	const u8 *p = at;
	u64 addr = xb_ld64(p);
	u32 size = xb_ld32(p + 8);

	if (addr >> ADDR_BITS != MAGIC)
		return false;
	*ptr = (struct xb_dynptr){
		.gaddr = addr & ((1ull << ADDR_BITS) - 1),
		.size = size & XB_DYNPTR_MAX_SIZE,
		.type = (enum xb_dynptr_type)(size >> TYPE_SHIFT & TYPE_MASK),
		.rdonly = size & RDONLY,
	};
	return true;
}

int
xb_dynptr_check_off_len(const struct xb_dynptr *ptr, u32 off, u32 len)
{
	return len > ptr->size || off > ptr->size - len ? -E2BIG : 0;
}
