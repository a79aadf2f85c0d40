/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that the machine's owner gives to programs, and looking at all there is.
 */
#include "vm/mem_host.h"

#include "lib/lib_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int
ops_load(void *arg, u64 off, u32 bytes, u64 *value)
{
	const struct lib_mapped *m = arg;
	int rc = m->ops.load ? m->ops.load(m->arg, off, bytes, value) : EACCES;

	return rc < 0 ? rc : -rc;
}

static int
ops_store(void *arg, u64 off, u32 bytes, u64 value)
{
	const struct lib_mapped *m = arg;
	int rc = m->ops.store(m->arg, off, bytes, value);

	return rc < 0 ? rc : -rc;
}

static const struct xb_mem_object_ops custom_ops = { .load = ops_load, .store = ops_store };
static const struct xb_mem_object_ops custom_read_only_ops = { .load = ops_load };

/* What the options are for. */
static struct xb_region *
map_region(struct xb_machine *machine, const struct xb_memory_opts *o, struct lib_mapped *m,
           struct xb_err *err)
{
	bool writable = o->access & XB_ACCESS_WRITE;
	struct xb_region_opts region = {
		.name = o->name ? o->name : "memory",
		.bytes = o->bytes,
		.low = o->low,
	};
	struct xb_mem *mem = machine->vm->mem;
	struct xb_region *r;

	if (o->buffer)
		return xb_mem_lend(mem, region.name, o->buffer, o->bytes, writable, err);
	if (o->ops) {
		m->ops = *o->ops;
		m->arg = o->arg;
		region.object = writable && o->ops->store ? &custom_ops : &custom_read_only_ops;
		region.object_arg = m;
		return xb_mem_map(mem, &region, err);
	}
	r = xb_mem_map(mem, &region, err);
	if (r)
		xb_mem_allow(mem, r->gaddr, o->bytes, writable ? XB_MEM_WRITE : XB_MEM_READ);
	return r;
}

static int
check_opts(const struct xb_memory_opts *o, struct xb_err *err)
{
	if (o->bytes == 0)
		return xb_err_set(err, XB_ERR_USAGE, "memory of no bytes");
	if (o->access != XB_ACCESS_READ && o->access != (XB_ACCESS_READ | XB_ACCESS_WRITE))
		return xb_err_set(err, XB_ERR_USAGE, "memory is to read, or to read and write");
	if (o->buffer && o->ops)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "memory is a buffer or has functions, not both");
	if (o->buffer && o->low)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "a buffer's address cannot be asked to fit into 32 bits");
	return 0;
}

int
xb_machine_map(struct xb_machine *machine, const struct xb_memory_opts *opts, uint64_t *gaddr,
               struct xb_err *err)
{
	struct xb_memory_opts o;
	struct lib_mapped *m;

	if (lib_opts_copy(&o, sizeof(o), opts, "memory", err) != 0 || check_opts(&o, err) != 0)
		return -1;
	m = calloc(1, sizeof(*m));
	if (!m)
		return xb_err_errno(err, ENOMEM, "memory");
	m->region = map_region(machine, &o, m, err);
	if (!m->region) {
		free(m);
		return -1;
	}
	*gaddr = m->region->gaddr;
	pthread_mutex_lock(&machine->lock);
	m->next = machine->mapped;
	machine->mapped = m;
	pthread_mutex_unlock(&machine->lock);
	return 0;
}

void
lib_unmap(struct xb_machine *machine, struct lib_mapped *m)
{
	xb_mem_unmap(machine->vm->mem, m->region);
	if (m->ops.unmap)
		m->ops.unmap(m->arg);
	free(m);
}

/* Takes it out of the list; or NULL. */
static struct lib_mapped *
take(struct xb_machine *machine, u64 gaddr)
{
	struct lib_mapped **link = &machine->mapped, *m;

	pthread_mutex_lock(&machine->lock);
	while (*link && (*link)->region->gaddr != gaddr)
		link = &(*link)->next;
	m = *link;
	if (m)
		*link = m->next;
	pthread_mutex_unlock(&machine->lock);
	return m;
}

int
xb_machine_unmap(struct xb_machine *machine, uint64_t gaddr, struct xb_err *err)
{
	struct lib_mapped *m = take(machine, gaddr);

	if (!m)
		return xb_err_set(err, XB_ERR_USAGE, "nothing was mapped at 0x%llx",
		                  (unsigned long long)gaddr);
	lib_unmap(machine, m);
	return 0;
}

void *
xb_machine_host(const struct xb_machine *machine, uint64_t gaddr, uint64_t bytes)
{
	return xb_mem_range(machine->vm->mem, gaddr, bytes, XB_MEM_READ);
}

int
xb_machine_read(const struct xb_machine *machine, uint64_t gaddr, void *to, uint64_t bytes,
                struct xb_err *err)
{
	return xb_mem_read(machine->vm->mem, gaddr, to, bytes, err);
}

int
xb_machine_write(struct xb_machine *machine, uint64_t gaddr, const void *from, uint64_t bytes,
                 struct xb_err *err)
{
	return xb_mem_write(machine->vm->mem, gaddr, from, bytes, err);
}

static void
fill_info(struct xb_memory_info *info, const struct xb_mem_info *from)
{
	*info = (struct xb_memory_info){
		.gaddr = from->region_gaddr,
		.bytes = from->region_bytes,
		.custom = from->host,
		.opaque = from->opaque,
	};
	snprintf(info->name, sizeof(info->name), "%s", from->name);
}

int
xb_machine_lookup(const struct xb_machine *machine, uint64_t gaddr, struct xb_memory_info *info)
{
	struct xb_mem_info at;

	if (!xb_mem_find(machine->vm->mem, gaddr, &at))
		return -1;
	fill_info(info, &at);
	info->object_gaddr = at.gaddr;
	info->object_bytes = at.bytes;
	info->offset = gaddr - at.gaddr;
	info->access = (at.readable ? XB_ACCESS_READ : 0u) | (at.writable ? XB_ACCESS_WRITE : 0u);
	return 0;
}

int
xb_machine_next_region(const struct xb_machine *machine, uint64_t from, struct xb_memory_info *info)
{
	struct xb_mem_info at;

	if (!xb_mem_next_region(machine->vm->mem, from, &at))
		return -1;
	fill_info(info, &at);
	return 0;
}
