/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx_generic_run.c - contexts of type generic in a process: each block and struct is a region of
 * its own, below 4 GiB, so that pointers of 32 bits lead to it.
 */
#include "lib/generic.h"

#include "vm/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What lies in a block or struct. */
struct block {
	u8 *data;
	u32 bytes;
	u8 *own; /* of one whose bytes programs load and store the other way round; or NULL */
};

struct ctx_generic_bound {
	struct xb_region **regions; /* by memory; NULL: a value */
	struct block *blocks;       /* likewise */
};

static const struct ctx_generic *
generic_of(const struct xb_bound *b)
{
	return b->opts.context->generic;
}

/* What a register holds, or a struct's field in the lower bytes. */
static u64
value_of(const struct xb_bound *b, u32 i)
{
	const struct generic_memory *m = &generic_of(b)->memory[i];
	struct xb_region *const *regions = b->generic->regions;

	if (m->kind == GENERIC_INT)
		return m->value;
	if (m->kind == GENERIC_PTR)
		return regions[m->target]->gaddr + m->off;
	return regions[i]->gaddr;
}

static u8 *
host_of(const struct xb_bound *b, u32 i)
{
	return b->generic->blocks[i].data;
}

static int
big_load(void *arg, u64 off, u32 bytes, u64 *value)
{
	const struct block *block = arg;

	if (off > block->bytes || bytes > block->bytes - off)
		return -EFAULT; /* an empty block has a region of one byte */
	*value = 0;
	for (u32 i = 0; i < bytes; i++)
		*value = *value << 8 | block->data[off + i];
	return 0;
}

static int
big_store(void *arg, u64 off, u32 bytes, u64 value)
{
	const struct block *block = arg;

	if (off > block->bytes || bytes > block->bytes - off)
		return -EFAULT;
	for (u32 i = bytes; i-- > 0; value >>= 8)
		block->data[off + i] = (u8)value;
	return 0;
}

static void *
big_host(void *arg, u64 off)
{
	const struct block *block = arg;

	return block->data + off;
}

static const struct xb_mem_object_ops big_ops = {
	.load = big_load,
	.store = big_store,
	.host = big_host,
};

static int
map_memory(struct xb_bound *b, u32 i, struct xb_err *err)
{
	const struct generic_memory *m = &generic_of(b)->memory[i];
	char name[48];
	struct block *block = &b->generic->blocks[i];
	bool big = m->kind == GENERIC_BLOCK && m->big;
	const struct xb_region_opts opts = { .name = name,
		                             .bytes = m->bytes ? m->bytes : 1,
		                             .low = true,
		                             .object = big ? &big_ops : NULL,
		                             .object_arg = block };
	struct xb_region *region;

	snprintf(name, sizeof(name), "memory '%.32s'", m->name);
	region = xb_mem_map(b->opts.vm->mem, &opts, err);
	if (!region)
		return -1;
	if (m->bytes && !big)
		xb_mem_allow(b->opts.vm->mem, region->gaddr, m->bytes, XB_MEM_WRITE);
	b->generic->regions[i] = region;
	*block = (struct block){ xb_mem_host(b->opts.vm->mem, region->gaddr), m->bytes, NULL };
	if (!big)
		return 0;
	block->data = block->own = malloc((size_t)m->bytes + 1);
	return block->own ? 0 : xb_err_errno(err, ENOMEM, "context");
}

/*
 * What was proved of a program when it was loaded holds for R1 alone where that is a context of its
 * type, which has so many bytes.
 */
static int
check_r1(const struct xb_bound *b, struct xb_err *err)
{
	u32 need = b->opts.ctx_bytes, r1 = generic_of(b)->regs[0];

	if (need == 0 || (r1 != GENERIC_NONE &&
	                  xb_mem_range(b->opts.vm->mem, value_of(b, r1), need, XB_MEM_WRITE)))
		return 0;
	return xb_err_set(err, XB_ERR_USAGE,
	                  "registers: r1: a program of type %s looks at a context of %u bytes",
	                  b->opts.prog ? xb_prog_type_name(b->opts.prog->type) : "this machine's",
	                  need);
}

int
ctx_generic_bind(struct xb_bound *b, struct xb_err *err)
{
	const struct ctx_generic *g = generic_of(b);

	b->generic = calloc(1, sizeof(*b->generic));
	if (b->generic) {
		b->generic->regions = calloc((size_t)g->cnt + 1, sizeof(struct xb_region *));
		b->generic->blocks = calloc((size_t)g->cnt + 1, sizeof(struct block));
	}
	if (!b->generic || !b->generic->regions || !b->generic->blocks)
		return xb_err_errno(err, ENOMEM, "context");
	for (u32 i = 0; i < g->cnt; i++)
		if (generic_is_memory(&g->memory[i]) && map_memory(b, i, err) != 0)
			return -1;
	if (check_r1(b, err) != 0)
		return -1;
	b->own_proc = xb_proc_new(b->opts.vm, b->opts.vcpu, err);
	b->proc = b->own_proc;
	return b->proc ? 0 : -1;
}

void
ctx_generic_unbind(struct xb_bound *b)
{
	const struct ctx_generic *g = generic_of(b);

	if (!b->generic)
		return;
	for (u32 i = 0; b->generic->regions && i < g->cnt; i++)
		xb_mem_unmap(b->opts.vm->mem, b->generic->regions[i]);
	for (u32 i = 0; b->generic->blocks && i < g->cnt; i++)
		free(b->generic->blocks[i].own);
	free(b->generic->blocks);
	free(b->generic->regions);
	free(b->generic);
}

static void
load_struct(const struct xb_bound *b, const struct generic_memory *m, u8 *to)
{
	for (u32 i = 0; i < m->field_cnt; i++) {
		u32 bytes = generic_of(b)->memory[m->fields[i].memory].bytes;
		u64 value = value_of(b, m->fields[i].memory);

		memcpy(to, &value, bytes); /* little-endian, cf. vm/bytes.h */
		to += bytes;
	}
}

int
ctx_generic_load(struct xb_bound *b, struct xb_err *err)
{
	const struct ctx_generic *g = generic_of(b);

	(void)err;
	for (u32 i = 0; i < g->cnt; i++) {
		const struct generic_memory *m = &g->memory[i];

		if (m->kind == GENERIC_BLOCK && m->bytes)
			memcpy(host_of(b, i), m->data, m->bytes);
		else if (m->kind == GENERIC_STRUCT)
			load_struct(b, m, host_of(b, i));
	}
	xb_proc_start(b->proc, b->opts.vm_prog,
	              g->regs[0] == GENERIC_NONE ? 0 : value_of(b, g->regs[0]));
	for (u32 i = 1; i < GENERIC_REGS; i++)
		if (g->regs[i] != GENERIC_NONE)
			b->proc->r[1 + i] = value_of(b, g->regs[i]);
	return 0;
}

/* Saving: blocks hold what they hold now; fields that changed name a value of their own. */

static char *
join(const char *a, const char *b)
{
	char *text;

	return asprintf(&text, "%s.%s", a, b) < 0 ? NULL : text;
}

static bool
has_name(const struct ctx_generic *g, const char *name)
{
	for (u32 i = 0; i < g->cnt; i++)
		if (g->memory[i].name && !strcmp(g->memory[i].name, name))
			return true;
	return false;
}

/* "struct.field", with more behind it until nothing else is called so. */
static char *
new_name(const struct ctx_generic *g, const struct generic_memory *m, u32 field)
{
	char number[16], *name, *longer;

	snprintf(number, sizeof(number), "%u", field);
	name = join(m->name, m->fields[field].name ? m->fields[field].name : number);
	while (name && has_name(g, name)) {
		longer = join(name, number);
		free(name);
		name = longer;
	}
	return name;
}

static bool
copy_field_names(struct generic_memory *to, const struct generic_memory *from)
{
	to->fields = calloc((size_t)from->field_cnt + 1, sizeof(*to->fields));
	if (!to->fields)
		return false;
	for (; to->field_cnt < from->field_cnt; to->field_cnt++) {
		struct generic_field *f = &to->fields[to->field_cnt];

		*f = from->fields[to->field_cnt];
		f->name = f->name ? strdup(f->name) : NULL;
		if (from->fields[to->field_cnt].name && !f->name)
			return false;
	}
	return true;
}

static bool
copy_memory(struct generic_memory *to, const struct generic_memory *from)
{
	*to = *from;
	to->fields = NULL;
	to->field_cnt = 0;
	to->data = NULL;
	to->name = strdup(from->name);
	if (!to->name)
		return false;
	if (from->kind == GENERIC_BLOCK) {
		to->data = malloc((size_t)from->bytes + 1);
		return to->data != NULL;
	}
	return from->kind != GENERIC_STRUCT || copy_field_names(to, from);
}

/* A pointer where the value leads into memory of the context, as one that was there did; else a
 * number. */
static void
set_value(const struct xb_bound *b, const struct generic_memory *was, u64 value,
          struct generic_memory *to)
{
	const struct ctx_generic *g = generic_of(b);

	to->bytes = was->bytes;
	to->kind = GENERIC_INT;
	to->value = value;
	for (u32 i = 0; was->kind == GENERIC_PTR && i < g->cnt; i++) {
		const struct xb_region *region = b->generic->regions[i];

		if (!region || value < region->gaddr || value - region->gaddr > g->memory[i].bytes)
			continue;
		to->kind = GENERIC_PTR;
		to->target = i;
		to->off = (u32)(value - region->gaddr);
		return;
	}
}

/* The fields of a struct that are not what they were. False: no memory. */
static bool
save_struct(const struct xb_bound *b, u32 i, struct ctx_generic *to)
{
	const struct ctx_generic *g = generic_of(b);
	const struct generic_memory *m = &g->memory[i];
	const u8 *at = host_of(b, i);

	for (u32 k = 0; k < m->field_cnt; k++) {
		const struct generic_memory *was = &g->memory[m->fields[k].memory];
		u64 old = value_of(b, m->fields[k].memory), now = 0;
		struct generic_memory *made = &to->memory[to->cnt];

		memcpy(&now, at, was->bytes);
		at += was->bytes;
		if (memcmp(&now, &old, was->bytes) == 0)
			continue;
		made->name = new_name(to, m, k);
		if (!made->name)
			return false;
		set_value(b, was, now, made);
		to->memory[i].fields[k].memory = to->cnt++;
	}
	return true;
}

static bool
save_values(const struct ctx_generic *g, struct ctx_generic *to)
{
	to->values = calloc((size_t)g->value_cnt + 1, sizeof(*to->values));
	if (!to->values)
		return false;
	for (; to->value_cnt < g->value_cnt; to->value_cnt++) {
		struct generic_value *v = &to->values[to->value_cnt];

		v->key = strdup(g->values[to->value_cnt].key);
		v->json = strdup(g->values[to->value_cnt].json);
		if (!v->key || !v->json) {
			to->value_cnt++;
			return false;
		}
	}
	return true;
}

static bool
save_all(const struct xb_bound *b, struct ctx_generic *to)
{
	const struct ctx_generic *g = generic_of(b);
	u32 most = g->cnt;

	for (u32 i = 0; i < g->cnt; i++)
		most += g->memory[i].field_cnt;
	memcpy(to->regs, g->regs, sizeof(to->regs));
	to->memory = calloc((size_t)most + 1, sizeof(*to->memory));
	if (!to->memory || !save_values(g, to))
		return false;
	for (u32 i = 0; i < g->cnt; i++)
		if (!copy_memory(&to->memory[to->cnt++], &g->memory[i]))
			return false;
	for (u32 i = 0; i < g->cnt; i++) {
		if (g->memory[i].kind == GENERIC_BLOCK && g->memory[i].bytes)
			memcpy(to->memory[i].data, host_of(b, i), g->memory[i].bytes);
		if (g->memory[i].kind == GENERIC_STRUCT && !save_struct(b, i, to))
			return false;
	}
	return true;
}

int
ctx_generic_save(struct xb_bound *b, struct xb_context *to, struct xb_err *err)
{
	to->generic = calloc(1, sizeof(*to->generic));
	if (to->generic && save_all(b, to->generic))
		return 0;
	return xb_err_errno(err, ENOMEM, "context");
}
