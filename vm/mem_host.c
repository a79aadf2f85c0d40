/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/mem_host.h"

#include "vm/mem_priv.h"

#include <errno.h>
#include <string.h>

static void
info_of_region(const struct xb_region *r, struct xb_mem_info *info)
{
	*info = (struct xb_mem_info){
		.region_gaddr = r->gaddr,
		.region_bytes = r->bytes,
		.gaddr = r->gaddr,
		.bytes = r->bytes,
		.readable = r->object != NULL,
		.writable = r->object && r->object->store,
		.opaque = r->opaque && !r->object,
		.host = r->object != NULL,
	};
	memcpy(info->name, r->name, sizeof(info->name));
}

/* The first region that ends behind `from`. */
static const struct xb_region *
region_behind(const struct xb_mem *mem, u64 from)
{
	const struct xb_region *best = NULL;

	for (const struct xb_region *r = mem->regions->all; r; r = r->next)
		if (r->gaddr + r->bytes > from && (!best || r->gaddr < best->gaddr))
			best = r;
	return best;
}

bool
xb_mem_next_region(const struct xb_mem *mem, u64 from, struct xb_mem_info *info)
{
	const struct xb_region *r;

	pthread_mutex_lock(&mem->regions->lock);
	r = region_behind(mem, from);
	if (r && r->gaddr < from)
		r = region_behind(mem, r->gaddr + r->bytes);
	if (r)
		info_of_region(r, info);
	pthread_mutex_unlock(&mem->regions->lock);
	return r != NULL;
}

static bool
addressable(const struct xb_mem *mem, u64 gaddr)
{
	return xb_mem_extent(mem, gaddr, 1, 0) == 1;
}

/* The first addressable byte from `at` on, before `end`; `end` where there is none. */
static u64
first_byte(const struct xb_mem *mem, u64 at, u64 end)
{
	while (at < end) {
		if ((at & 63) == 0 && end - at >= 64 && xb_ld64(mem->shadow + (at >> 3)) == 0)
			at += 64;
		else if (addressable(mem, at))
			return at;
		else
			at++;
	}
	return end;
}

/* The object that starts at gaddr in a region of objects. */
static void
info_of_object(const struct xb_mem *mem, const struct xb_region *r, u64 gaddr,
               struct xb_mem_info *info)
{
	info_of_region(r, info);
	info->gaddr = gaddr;
	info->bytes = xb_mem_extent(mem, gaddr, mem->limit, 0);
	info->readable = true;
	info->writable = xb_mem_extent(mem, gaddr, info->bytes, XB_MEM_WRITE) == info->bytes;
}

/* The first object of a region that starts at `from` or later; the first byte of one that does. */
static bool
object_in(const struct xb_mem *mem, const struct xb_region *r, u64 from, struct xb_mem_info *info)
{
	u64 end = r->gaddr + r->bytes, at = from > r->gaddr ? from : r->gaddr;

	if (r->opaque) {
		info_of_region(r, info);
		return from <= r->gaddr;
	}
	if (at > r->gaddr && addressable(mem, at - 1) && addressable(mem, at))
		at += xb_mem_extent(mem, at, end - at, 0); /* in the midst of one */
	at = first_byte(mem, at, end);
	if (at == end)
		return false;
	info_of_object(mem, r, at, info);
	return true;
}

bool
xb_mem_next_object(const struct xb_mem *mem, u64 from, struct xb_mem_info *info)
{
	const struct xb_region *r;
	bool found = false;

	pthread_mutex_lock(&mem->regions->lock);
	while (!found && (r = region_behind(mem, from)) != NULL) {
		found = object_in(mem, r, from, info);
		from = r->gaddr + r->bytes;
	}
	pthread_mutex_unlock(&mem->regions->lock);
	return found;
}

bool
xb_mem_find(const struct xb_mem *mem, u64 gaddr, struct xb_mem_info *info)
{
	const struct xb_region *r;
	bool found = false;
	u64 start = gaddr;

	pthread_mutex_lock(&mem->regions->lock);
	r = region_behind(mem, gaddr);
	if (r && r->gaddr <= gaddr && r->opaque) {
		info_of_region(r, info);
		found = true;
	} else if (r && r->gaddr <= gaddr && addressable(mem, gaddr)) {
		while (start > r->gaddr && addressable(mem, start - 1))
			start--;
		info_of_object(mem, r, start, info);
		found = true;
	}
	pthread_mutex_unlock(&mem->regions->lock);
	return found;
}

bool
xb_mem_host_object(const struct xb_mem *mem, u64 gaddr, u64 bytes, struct xb_host_object *o)
{
	const struct xb_region *r;

	pthread_mutex_lock(&mem->regions->lock);
	for (r = mem->regions->objects; r; r = r->next_object) {
		if (gaddr < r->gaddr || gaddr - r->gaddr > r->bytes ||
		    bytes > r->bytes - (gaddr - r->gaddr))
			continue;
		*o = (struct xb_host_object){
			.ops = r->object, .arg = r->object_arg, .gaddr = r->gaddr, .bytes = r->bytes
		};
		memcpy(o->name, r->name, sizeof(o->name));
		break;
	}
	pthread_mutex_unlock(&mem->regions->lock);
	return r != NULL;
}

/* The largest access at an offset that is aligned, of those that `left` bytes have room for. */
static u32
piece_bytes(u64 off, u64 left)
{
	u32 bytes = 8;

	while (bytes > left || off % bytes)
		bytes /= 2;
	return bytes;
}

int
xb_host_object_read(const struct xb_host_object *o, u64 gaddr, void *to, u64 bytes)
{
	u64 off = gaddr - o->gaddr, value;
	u8 *at = to;

	for (u64 done = 0; done < bytes;) {
		u32 n = piece_bytes(off + done, bytes - done);
		int ret = o->ops->load(o->arg, off + done, n, &value);

		if (ret)
			return ret;
		memcpy(at + done, &value, n); /* little-endian, as the machine */
		done += n;
	}
	return 0;
}

int
xb_host_object_write(const struct xb_host_object *o, u64 gaddr, const void *from, u64 bytes)
{
	u64 off = gaddr - o->gaddr;
	const u8 *at = from;

	for (u64 done = 0; done < bytes;) {
		u32 n = piece_bytes(off + done, bytes - done);
		u64 value = 0;
		int ret;

		memcpy(&value, at + done, n);
		ret = o->ops->store(o->arg, off + done, n, value);
		if (ret)
			return ret;
		done += n;
	}
	return 0;
}

/* Sets err for bytes that are not the host's to copy, or which an object refused with `ret`. */
static int
copy_error(const struct xb_mem *mem, u64 gaddr, u64 bytes, u8 need, int ret, struct xb_err *err)
{
	const char *what = need == XB_MEM_WRITE ? "writing" : "reading";
	struct xb_mem_where where;
	char text[140];

	if (ret)
		return xb_err_errno(err, -ret, "%s %llu bytes at 0x%llx", what,
		                    (unsigned long long)bytes, (unsigned long long)gaddr);
	xb_mem_describe(mem, gaddr, bytes, need, &where);
	xb_mem_where_text(&where, gaddr, text, sizeof(text));
	return xb_err_set(err, XB_ERR_USAGE, "%s %llu bytes at 0x%llx: %s", what,
	                  (unsigned long long)bytes, (unsigned long long)gaddr, text);
}

int
xb_mem_read(const struct xb_mem *mem, u64 gaddr, void *to, u64 bytes, struct xb_err *err)
{
	const void *from = xb_mem_range(mem, gaddr, bytes, XB_MEM_READ);
	struct xb_host_object o;
	int ret = 0;

	if (from) {
		memcpy(to, from, bytes);
		return 0;
	}
	if (xb_mem_host_object(mem, gaddr, bytes, &o)) {
		ret = xb_host_object_read(&o, gaddr, to, bytes);
		if (!ret)
			return 0;
	}
	return copy_error(mem, gaddr, bytes, XB_MEM_READ, ret, err);
}

int
xb_mem_write(const struct xb_mem *mem, u64 gaddr, const void *from, u64 bytes, struct xb_err *err)
{
	void *to = xb_mem_range(mem, gaddr, bytes, XB_MEM_WRITE);
	struct xb_host_object o;
	int ret = 0;

	if (to) {
		memcpy(to, from, bytes);
		return 0;
	}
	if (xb_mem_host_object(mem, gaddr, bytes, &o) && o.ops->store) {
		ret = xb_host_object_write(&o, gaddr, from, bytes);
		if (!ret)
			return 0;
	}
	return copy_error(mem, gaddr, bytes, XB_MEM_WRITE, ret, err);
}

static int
lent_load(void *arg, u64 off, u32 bytes, u64 *value)
{
	*value = 0;
	memcpy(value, (const u8 *)arg + off, bytes);
	return 0;
}

static int
lent_store(void *arg, u64 off, u32 bytes, u64 value)
{
	memcpy((u8 *)arg + off, &value, bytes);
	return 0;
}

static void *
lent_host(void *arg, u64 off)
{
	return (u8 *)arg + off;
}

static const struct xb_mem_object_ops lent = { lent_load, lent_store, lent_host };
static const struct xb_mem_object_ops lent_read_only = { lent_load, NULL, lent_host };

struct xb_region *
xb_mem_lend(struct xb_mem *mem, const char *name, void *buf, u64 bytes, bool writable,
            struct xb_err *err)
{
	const struct xb_region_opts opts = {
		.name = name,
		.bytes = bytes,
		.object = writable ? &lent : &lent_read_only,
		.object_arg = buf,
	};

	return xb_mem_map(mem, &opts, err);
}
