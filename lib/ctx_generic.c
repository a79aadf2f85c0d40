/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx_generic.c - contexts of type generic: registers that name memory, for programs of any type.
 */
#include "lib/generic.h"

#include <stdlib.h>
#include <string.h>

void
ctx_generic_free(struct ctx_generic *g)
{
	if (!g)
		return;
	for (u32 i = 0; i < g->cnt; i++) {
		struct generic_memory *m = &g->memory[i];

		for (u32 k = 0; k < m->field_cnt; k++)
			free(m->fields[k].name);
		free(m->fields);
		free(m->data);
		free(m->name);
	}
	for (u32 i = 0; i < g->value_cnt; i++) {
		free(g->values[i].key);
		free(g->values[i].json);
	}
	free(g->values);
	free(g->memory);
	free(g);
}

static void
generic_free(struct xb_context *c)
{
	ctx_generic_free(c->generic);
}

static void
write_registers(const struct ctx_generic *g, struct xb_json *j)
{
	char key[] = "r1";

	xb_json_open_object(j, "registers");
	for (u32 i = 0; i < GENERIC_REGS; i++, key[1]++)
		if (g->regs[i] != GENERIC_NONE)
			xb_json_string(j, key, g->memory[g->regs[i]].name);
	xb_json_close_object(j);
}

static void
write_block(const struct ctx_generic *g, const struct generic_memory *m, struct xb_json *j)
{
	(void)g;
	xb_json_open_object(j, "value");
	xb_json_base64(j, "value", m->data, m->bytes);
	xb_json_string(j, "byteorder", m->big ? "be" : "le");
	xb_json_close_object(j);
}

static void
write_pointer(const struct ctx_generic *g, const struct generic_memory *m, struct xb_json *j)
{
	xb_json_open_object(j, "value");
	xb_json_string(j, "memory", g->memory[m->target].name);
	xb_json_u64(j, "offset", m->off);
	xb_json_u64(j, "size", 8 * m->bytes);
	xb_json_close_object(j);
}

static void
write_struct(const struct ctx_generic *g, const struct generic_memory *m, struct xb_json *j)
{
	xb_json_open_array(j, "value");
	for (u32 i = 0; i < m->field_cnt; i++) {
		xb_json_open_object(j, NULL);
		if (m->fields[i].name)
			xb_json_string(j, "name", m->fields[i].name);
		xb_json_string(j, "memory", g->memory[m->fields[i].memory].name);
		xb_json_close_object(j);
	}
	xb_json_close_array(j);
}

/* What does not fit into the bits without a sign has one. */
static void
write_int(const struct ctx_generic *g, const struct generic_memory *m, struct xb_json *j)
{
	bool negative = m->bytes < 8 && m->value >> 8 * m->bytes;

	(void)g;
	xb_json_open_object(j, "value");
	if (negative)
		xb_json_s64(j, "value", (s64)m->value);
	else
		ctx_write_u64(j, "value", m->value);
	xb_json_u64(j, "size", 8 * m->bytes);
	xb_json_close_object(j);
}

static const struct {
	const char *name;
	void (*write)(const struct ctx_generic *g, const struct generic_memory *m,
	              struct xb_json *j);
} kinds[] = {
	[GENERIC_BLOCK] = { "block", write_block },
	[GENERIC_PTR] = { "ptr", write_pointer },
	[GENERIC_STRUCT] = { "struct", write_struct },
	[GENERIC_INT] = { "int", write_int },
};

static int
generic_write(const struct xb_context *c, struct xb_json *j, struct xb_err *err)
{
	const struct ctx_generic *g = c->generic;

	(void)err;
	xb_json_open_object(j, "ctx");
	write_registers(g, j);
	xb_json_open_array(j, "memory");
	for (u32 i = 0; i < g->cnt; i++) {
		const struct generic_memory *m = &g->memory[i];

		xb_json_open_object(j, NULL);
		xb_json_string(j, "name", m->name);
		xb_json_string(j, "type", kinds[m->kind].name);
		kinds[m->kind].write(g, m, j);
		xb_json_close_object(j);
	}
	xb_json_close_array(j);
	xb_json_open_object(j, "emulator");
	for (u32 i = 0; i < g->value_cnt; i++)
		xb_json_raw(j, g->values[i].key, g->values[i].json, strlen(g->values[i].json));
	xb_json_close_object(j);
	xb_json_close_object(j);
	return 0;
}

const char *
xb_context_emulator_value(const struct xb_context *context, const char *key)
{
	const struct ctx_generic *g = xb_ctx_inner(context) ? xb_ctx_inner(context)->generic : NULL;

	for (u32 i = 0; g && i < g->value_cnt; i++)
		if (!strcmp(g->values[i].key, key))
			return g->values[i].json;
	return NULL;
}

const struct ctx_type ctx_type_generic = {
	.name = "generic",
	.read = ctx_generic_read,
	.free = generic_free,
	.write = generic_write,
	.bind = ctx_generic_bind,
	.unbind = ctx_generic_unbind,
	.load = ctx_generic_load,
	.begin = ctx_begin_bare,
	.end = ctx_end_bare,
	.save = ctx_generic_save,
};
