/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx_generic_read.c - contexts of type generic, read: first all memory, then what names refer to.
 */
#include "lib/generic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_BYTES  (16u << 20) /* of all memory */
#define MAX_MEMORY 4096u

/* What is read, and the values that it was read from, for messages. */
struct reading {
	struct ctx_generic *g;
	const struct xb_value **from; /* "value" of each memory */
	struct generic_memory *m;     /* the one that is read */
	const struct xb_value *value;
	const char *type;
	const struct xb_value *regs;
	u64 bytes;
};

static int
copy_text(const struct ctx_reader *r, const struct xb_value *v, char **to)
{
	const char *text;

	if (ctx_text(r, v, &text) != 0)
		return -1;
	*to = strdup(text);
	return *to ? 0 : xb_err_errno(r->err, ENOMEM, "context");
}

static u32
find_memory(const struct ctx_generic *g, const char *name)
{
	for (u32 i = 0; i < g->cnt; i++)
		if (!strcmp(g->memory[i].name, name))
			return i;
	return GENERIC_NONE;
}

/* The memory that a value names. */
static int
read_reference(struct ctx_reader *r, const struct xb_value *v, const struct ctx_generic *g, u32 *to)
{
	const char *name;

	if (ctx_text(r, v, &name) != 0)
		return -1;
	*to = find_memory(g, name);
	return *to != GENERIC_NONE ? 0 : ctx_fail(r, v, "there is no memory '%.64s'", name);
}

/* Blocks. */

static int
read_block_value(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct reading *rd = to;

	return ctx_base64(r, v, &rd->m->data, &rd->m->bytes);
}

static int
read_byteorder(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	static const struct {
		const char *name;
		bool big;
	} names[] = {
		{ "le", false },
		{ "be", true },
		{ "littleendian", false },
		{ "bigendian", true },
		{ "little-endian", false },
		{ "big-endian", true },
	};
	struct reading *rd = to;
	const char *text;

	if (ctx_text(r, v, &text) != 0)
		return -1;
	for (size_t i = 0; i < XB_ARRAY_SIZE(names); i++)
		if (!strcasecmp(names[i].name, text)) {
			rd->m->big = names[i].big;
			return 0;
		}
	return ctx_fail(r, v, "expected \"le\" or \"be\"");
}

static int
read_block(struct ctx_reader *r, const struct xb_value *v, struct reading *rd)
{
	static const struct ctx_key keys[] = {
		{ "value", read_block_value },
		{ "byteorder", read_byteorder },
	};

	if (ctx_members(r, v, keys, XB_ARRAY_SIZE(keys), rd) != 0)
		return -1;
	return rd->m->data ? 0 : ctx_fail(r, v, "there is no \"value\"");
}

/* Ints. */

static int
read_int_value(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct reading *rd = to;

	return ctx_any64(r, v, 8 * rd->m->bytes, &rd->m->value);
}

static int
skip(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	(void)r;
	(void)v;
	(void)to;
	return 0;
}

/* "size" in bits, of those in `sizes`, a bit for each number of bytes. */
static int
read_size(struct ctx_reader *r, const struct xb_value *v, u32 sizes, const char *expected, u32 *to)
{
	const struct xb_value *size = xb_value_member(v, "size");
	u64 bits = 0;

	if (!size)
		return ctx_fail(r, v, "there is no \"size\"");
	if (ctx_u64(r, size, UINT32_MAX, &bits) != 0)
		return -1;
	if (bits % 8 || bits > 64 || !(sizes >> bits / 8 & 1))
		return ctx_fail(r, size, "expected %s", expected);
	*to = (u32)bits / 8;
	return 0;
}

static int
read_int(struct ctx_reader *r, const struct xb_value *v, struct reading *rd)
{
	static const struct ctx_key keys[] = { { "value", read_int_value }, { "size", skip } };

	if (ctx_expect(r, v, XB_VALUE_OBJECT) != 0)
		return -1;
	if (read_size(r, v, 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8, "8, 16, 32 or 64",
	              &rd->m->bytes) != 0 ||
	    ctx_members(r, v, keys, XB_ARRAY_SIZE(keys), rd) != 0)
		return -1;
	return xb_value_member(v, "value") ? 0 : ctx_fail(r, v, "there is no \"value\"");
}

/* Pointers, and what they are to. */

static int
read_pointer(struct ctx_reader *r, const struct xb_value *v, struct reading *rd)
{
	static const struct ctx_key keys[] = { { "memory", skip },
		                               { "offset", skip },
		                               { "size", skip } };

	if (ctx_members(r, v, keys, XB_ARRAY_SIZE(keys), rd) != 0)
		return -1;
	return read_size(r, v, 1u << 4 | 1u << 8, "32 or 64", &rd->m->bytes);
}

static int
resolve_pointer(struct ctx_reader *r, const struct xb_value *v, struct reading *rd)
{
	const struct xb_value *memory = xb_value_member(v, "memory");
	const struct xb_value *offset = xb_value_member(v, "offset");
	struct generic_memory *m = rd->m;
	u64 off = 0;

	if (!memory)
		return ctx_fail(r, v, "there is no \"memory\"");
	if (read_reference(r, memory, rd->g, &m->target) != 0)
		return -1;
	if (!generic_is_memory(&rd->g->memory[m->target]))
		return ctx_fail(r, memory, "'%.64s' is no block or struct to point to",
		                memory->text);
	if (offset && ctx_u64(r, offset, MAX_BYTES, &off) != 0)
		return -1;
	m->off = (u32)off;
	return 0;
}

/* Once the sizes of all memory are known. */
static int
check_pointer(struct ctx_reader *r, const struct xb_value *v, const struct ctx_generic *g,
              const struct generic_memory *m)
{
	u32 bytes = g->memory[m->target].bytes;

	if (m->off <= bytes)
		return 0;
	return ctx_fail(r, xb_value_member(v, "offset"), "out of range: '%.64s' has %u bytes",
	                g->memory[m->target].name, bytes);
}

/* Structs. */

struct field_reading {
	struct reading *rd;
	struct generic_field *f;
	const struct xb_value *memory;
};

static int
read_field_name(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct field_reading *fr = to;

	return copy_text(r, v, &fr->f->name);
}

static int
read_field_memory(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct field_reading *fr = to;

	fr->memory = v;
	return read_reference(r, v, fr->rd->g, &fr->f->memory);
}

static int
read_struct(struct ctx_reader *r, const struct xb_value *v, struct reading *rd)
{
	if (ctx_expect(r, v, XB_VALUE_ARRAY) != 0)
		return -1;
	rd->m->fields = calloc((size_t)v->cnt + 1, sizeof(*rd->m->fields));
	return rd->m->fields ? 0 : xb_err_errno(r->err, ENOMEM, "context");
}

static int
resolve_struct(struct ctx_reader *r, const struct xb_value *v, struct reading *rd)
{
	static const struct ctx_key keys[] = {
		{ "name", read_field_name },
		{ "memory", read_field_memory },
	};
	struct generic_memory *m = rd->m;

	for (const struct xb_value *e = v->first; e; e = e->next) {
		struct field_reading fr = { .rd = rd, .f = &m->fields[m->field_cnt++] };
		const struct generic_memory *of;

		if (ctx_members(r, e, keys, XB_ARRAY_SIZE(keys), &fr) != 0)
			return -1;
		if (!fr.memory)
			return ctx_fail(r, e, "there is no \"memory\"");
		of = &rd->g->memory[fr.f->memory];
		if (generic_is_memory(of))
			return ctx_fail(r, fr.memory,
			                "'%.64s' is a %s: a struct is made of ints and pointers",
			                of->name, of->kind == GENERIC_BLOCK ? "block" : "struct");
		m->bytes += of->bytes;
	}
	return 0;
}

static const struct {
	const char *name;
	int (*read)(struct ctx_reader *r, const struct xb_value *v, struct reading *rd);
	/* What names refer to, when all of them are known; or NULL. */
	int (*resolve)(struct ctx_reader *r, const struct xb_value *v, struct reading *rd);
} kinds[] = {
	[GENERIC_BLOCK] = { "block", read_block, NULL },
	[GENERIC_PTR] = { "ptr", read_pointer, resolve_pointer },
	[GENERIC_STRUCT] = { "struct", read_struct, resolve_struct },
	[GENERIC_INT] = { "int", read_int, NULL },
};

/* Memory as a whole. */

static int
read_memory_name(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct reading *rd = to;
	u32 twin;

	if (copy_text(r, v, &rd->m->name) != 0)
		return -1;
	twin = find_memory(rd->g, rd->m->name); /* it is not counted yet */
	return twin == GENERIC_NONE
	               ? 0
	               : ctx_fail(r, v, "'%.64s': there is memory of this name already",
	                          rd->m->name);
}

static int
read_memory_type(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct reading *rd = to;

	return ctx_text(r, v, &rd->type);
}

static int
read_memory_value(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct reading *rd = to;

	(void)r;
	rd->value = v;
	return 0;
}

static int
read_kind(struct ctx_reader *r, const struct xb_value *v, struct reading *rd)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, rd->type)) {
			rd->m->kind = (enum generic_kind)i;
			return kinds[i].read(r, rd->value, rd);
		}
	return ctx_fail(r, xb_value_member(v, "type"), "expected block, ptr, struct or int");
}

static int
read_one(struct ctx_reader *r, const struct xb_value *v, struct reading *rd)
{
	static const struct ctx_key keys[] = {
		{ "name", read_memory_name },
		{ "type", read_memory_type },
		{ "value", read_memory_value },
	};

	rd->type = NULL;
	rd->value = NULL;
	if (ctx_members(r, v, keys, XB_ARRAY_SIZE(keys), rd) != 0)
		return -1;
	if (!rd->m->name || !rd->type || !rd->value)
		return ctx_fail(r, v, "there is no \"%s\"",
		                !rd->m->name ? "name"
		                : !rd->type  ? "type"
		                             : "value");
	return read_kind(r, v, rd);
}

static int
read_memory(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct reading *rd = to;
	struct ctx_generic *g = rd->g;

	if (v->kind == XB_VALUE_NULL)
		return 0;
	if (ctx_expect(r, v, XB_VALUE_ARRAY) != 0)
		return -1;
	if (v->cnt > MAX_MEMORY)
		return ctx_fail(r, v, "%u are more than %u", v->cnt, MAX_MEMORY);
	g->memory = calloc((size_t)v->cnt + 1, sizeof(*g->memory));
	rd->from = calloc((size_t)v->cnt + 1, sizeof(*rd->from));
	if (!g->memory || !rd->from)
		return xb_err_errno(r->err, ENOMEM, "context");
	for (const struct xb_value *e = v->first; e; e = e->next) {
		int rc;

		rd->m = &g->memory[g->cnt];
		rc = read_one(r, e, rd);
		rd->from[g->cnt++] = rd->value; /* counted now: freed with the rest */
		if (rc != 0)
			return -1;
		rd->bytes += rd->m->bytes;
		if (rd->bytes > MAX_BYTES)
			return ctx_fail(r, e, "more than %u bytes of memory in all", MAX_BYTES);
	}
	return 0;
}

static int
read_registers(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct reading *rd = to;

	rd->regs = v;
	return v->kind == XB_VALUE_NULL ? 0 : ctx_expect(r, v, XB_VALUE_OBJECT);
}

/* "": as if it were not there. */
static int
resolve_registers(struct ctx_reader *r, const struct xb_value *v, struct ctx_generic *g)
{
	for (const struct xb_value *m = v->first; m; m = m->next) {
		u32 n = m->key[0] == 'r' && m->key[1] && !m->key[2] ? (u32)(m->key[1] - '1')
		                                                    : GENERIC_NONE;

		if (n >= GENERIC_REGS)
			return ctx_fail(r, m, "there is no such register: expected r1 to r5");
		if (m->kind == XB_VALUE_STRING && m->bytes == 0)
			continue;
		if (read_reference(r, m, g, &g->regs[n]) != 0)
			return -1;
	}
	return 0;
}

/* Whether following names from a struct leads back to one that is on the way. */
static bool
is_circular(const struct ctx_generic *g, u32 i, u8 *state)
{
	enum { NEW, ON_THE_WAY, DONE };
	const struct generic_memory *m = &g->memory[i];

	if (state[i] != NEW)
		return state[i] == ON_THE_WAY;
	state[i] = ON_THE_WAY;
	for (u32 k = 0; k < m->field_cnt; k++) {
		const struct generic_memory *field = &g->memory[m->fields[k].memory];

		if (field->kind == GENERIC_PTR && is_circular(g, field->target, state))
			return true;
	}
	state[i] = DONE;
	return false;
}

static int
check_circles(struct ctx_reader *r, const struct reading *rd)
{
	const struct ctx_generic *g = rd->g;
	u8 *state = calloc((size_t)g->cnt + 1, 1);
	int rc = 0;

	if (!state)
		return xb_err_errno(r->err, ENOMEM, "context");
	for (u32 i = 0; rc == 0 && i < g->cnt; i++)
		if (g->memory[i].kind == GENERIC_STRUCT && is_circular(g, i, state))
			rc = ctx_fail(r, rd->from[i], "'%.64s' leads back to itself",
			              g->memory[i].name);
	free(state);
	return rc;
}

static int
resolve(struct ctx_reader *r, struct reading *rd)
{
	struct ctx_generic *g = rd->g;

	for (u32 i = 0; i < g->cnt; i++) {
		rd->m = &g->memory[i];
		if (kinds[rd->m->kind].resolve &&
		    kinds[rd->m->kind].resolve(r, rd->from[i], rd) != 0)
			return -1;
	}
	for (u32 i = 0; i < g->cnt; i++)
		if (g->memory[i].kind == GENERIC_PTR &&
		    check_pointer(r, rd->from[i], g, &g->memory[i]) != 0)
			return -1;
	if (rd->regs && resolve_registers(r, rd->regs, g) != 0)
		return -1;
	return check_circles(r, rd);
}

static int
keep_value(struct ctx_reader *r, const struct xb_value *v, struct generic_value *to)
{
	struct xb_json j;
	size_t bytes;

	to->key = strdup(v->key);
	if (!to->key)
		return xb_err_errno(r->err, ENOMEM, "context");
	if (xb_json_init_text(&j, r->err) != 0)
		return -1;
	ctx_write_value(&j, NULL, v);
	to->json = xb_json_take(&j, &bytes, r->err);
	return to->json ? 0 : -1;
}

static int
read_emulator(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct reading *rd = to;
	struct ctx_generic *g = rd->g;

	if (v->kind == XB_VALUE_NULL)
		return 0;
	if (ctx_expect(r, v, XB_VALUE_OBJECT) != 0)
		return -1;
	g->values = calloc((size_t)v->cnt + 1, sizeof(*g->values));
	if (!g->values)
		return xb_err_errno(r->err, ENOMEM, "context");
	for (const struct xb_value *m = v->first; m; m = m->next)
		if (keep_value(r, m, &g->values[g->value_cnt++]) != 0)
			return -1;
	return 0;
}

int
ctx_generic_read(struct ctx_reader *r, const struct xb_value *v, struct xb_context *c)
{
	static const struct ctx_key keys[] = {
		{ "registers", read_registers },
		{ "memory", read_memory },
		{ "emulator", read_emulator },
	};
	struct reading rd = { .g = calloc(1, sizeof(*rd.g)) };
	int rc;

	if (!rd.g)
		return xb_err_errno(r->err, ENOMEM, "context");
	c->generic = rd.g;
	for (u32 i = 0; i < GENERIC_REGS; i++)
		rd.g->regs[i] = GENERIC_NONE;
	rc = ctx_members(r, v, keys, XB_ARRAY_SIZE(keys), &rd);
	if (rc == 0)
		rc = resolve(r, &rd);
	free(rd.from);
	return rc;
}
