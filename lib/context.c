/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/context_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 2 /* a context in a captured one */

struct xb_context_registry {
	struct xb_context_type *types;
	u32 cnt;
};

/* By enum xb_ctx_type. */
static const struct ctx_type *const types[] = {
	[XB_CTX_XDP_MD] = &ctx_type_xdp_md,
	[XB_CTX_SK_BUFF] = &ctx_type_sk_buff,
	[XB_CTX_GENERIC] = &ctx_type_generic,
	[XB_CTX_CAPTURED] = &ctx_type_captured,
};

static const struct ctx_type *
find_type(const char *name)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++)
		if (!strcmp(types[i]->name, name))
			return types[i];
	return NULL;
}

static const struct xb_context_type *
find_user(const struct xb_context_registry *registry, const char *name)
{
	for (u32 i = 0; registry && i < registry->cnt; i++)
		if (!strcmp(registry->types[i].name, name))
			return &registry->types[i];
	return NULL;
}

struct xb_context_registry *
xb_context_registry_new(struct xb_err *err)
{
	struct xb_context_registry *registry = calloc(1, sizeof(*registry));

	if (!registry)
		xb_err_errno(err, ENOMEM, "types of contexts");
	return registry;
}

void
xb_context_registry_free(struct xb_context_registry *registry)
{
	if (!registry)
		return;
	free(registry->types);
	free(registry);
}

int
xb_context_register(struct xb_context_registry *registry, const struct xb_context_type *type,
                    struct xb_err *err)
{
	struct xb_context_type *grown;

	if (type->size != sizeof(*type))
		return xb_err_set(err, XB_ERR_USAGE, "type of contexts: %zu bytes: expected %zu",
		                  type->size, sizeof(*type));
	if (!type->name || !type->name[0] || !type->read)
		return xb_err_set(err, XB_ERR_USAGE, "type of contexts: needs a name and read()");
	if (find_type(type->name) || find_user(registry, type->name))
		return xb_err_set(err, XB_ERR_USAGE, "type of contexts: '%.64s': there is one",
		                  type->name);
	grown = reallocarray(registry->types, registry->cnt + 1, sizeof(*grown));
	if (!grown)
		return xb_err_errno(err, ENOMEM, "types of contexts");
	registry->types = grown;
	registry->types[registry->cnt++] = *type;
	return 0;
}

struct xb_context *
ctx_new(const struct ctx_type *type, const char *name, struct xb_err *err)
{
	struct xb_context *c = calloc(1, sizeof(*c));

	if (c) {
		c->type = type;
		c->name = strdup(name);
	}
	if (!c || !c->name) {
		xb_err_errno(err, ENOMEM, "context");
		free(c);
		return NULL;
	}
	return c;
}

void
xb_context_free(struct xb_context *c)
{
	if (!c)
		return;
	if (c->type->free)
		c->type->free(c);
	free(c->packet.data);
	free(c->name);
	free(c);
}

/* The members of the envelope. */
struct envelope {
	const struct xb_value *type, *ctx;
	const char *name;
};

static int
read_name(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct envelope *e = to;

	return ctx_text(r, v, &e->name);
}

static int
read_type(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct envelope *e = to;

	e->type = v;
	return ctx_expect(r, v, XB_VALUE_STRING);
}

static int
read_ctx(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct envelope *e = to;

	(void)r;
	e->ctx = v;
	return 0;
}

static const struct ctx_key keys[] = {
	{ "name", read_name },
	{ "type", read_type },
	{ "ctx", read_ctx },
};

static int
unknown_type(const struct ctx_reader *r, const struct xb_value *v)
{
	char all[256] = "";

	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++) {
		strcat(all, i ? ", " : "");
		strcat(all, types[i]->name);
	}
	for (u32 i = 0; r->registry && i < r->registry->cnt; i++) {
		strncat(all, ", ", sizeof(all) - strlen(all) - 1);
		strncat(all, r->registry->types[i].name, sizeof(all) - strlen(all) - 1);
	}
	return ctx_fail(r, v, "there is no such type: expected one of %s", all);
}

struct xb_context *
ctx_read(struct ctx_reader *r, const struct xb_value *v)
{
	struct envelope e = { .name = "" };
	const struct xb_context_type *user;
	const struct ctx_type *type;
	struct xb_context *c;
	int rc;

	if (ctx_members(r, v, keys, XB_ARRAY_SIZE(keys), &e) != 0)
		return NULL;
	if (!e.type || !e.ctx) {
		ctx_fail(r, v, "there is no \"%s\"", e.type ? "ctx" : "type");
		return NULL;
	}
	type = find_type(e.type->text);
	user = find_user(r->registry, e.type->text);
	if (!type && !user) {
		unknown_type(r, e.type);
		return NULL;
	}
	if (r->depth == MAX_DEPTH) {
		ctx_fail(r, v, "nested too deeply");
		return NULL;
	}
	c = ctx_new(type ? type : &ctx_type_user, e.name, r->err);
	if (!c)
		return NULL;
	if (user)
		c->user = *user;
	r->depth++;
	rc = c->type->read(r, e.ctx, c);
	r->depth--;
	if (rc == 0)
		return c;
	xb_context_free(c);
	return NULL;
}

/* A row of objects is read as one array: here it is text behind the end. */
static bool
is_row(const struct xb_value *root, const char *json, size_t bytes)
{
	size_t i = 0;

	while (i < bytes && strchr(" \t\r\n", json[i]))
		i++;
	return root->kind == XB_VALUE_ARRAY && i < bytes && json[i] != '[';
}

struct xb_context *
xb_context_parse(const struct xb_context_registry *registry, const char *json, size_t bytes,
                 struct xb_err *err)
{
	struct ctx_reader r = { .registry = registry, .err = err };
	struct xb_value_tree tree = { 0 };
	struct xb_context *c = NULL;

	if (xb_value_parse(&tree, json, bytes, false, err) != 0)
		return NULL;
	r.root = tree.root;
	if (is_row(tree.root, json, bytes)) {
		r.root = tree.root->first->next;
		ctx_fail(&r, r.root, "more text after the value");
	} else if (ctx_no_twins(&r, tree.root) == 0) {
		c = ctx_read(&r, tree.root);
	}
	xb_value_free(&tree);
	return c;
}

const char *
xb_context_name(const struct xb_context *c)
{
	return c->name;
}

const char *
xb_context_type(const struct xb_context *c)
{
	return c->type == &ctx_type_user ? c->user.name : c->type->name;
}

int
ctx_write(const struct xb_context *c, const char *key, struct xb_json *j, struct xb_err *err)
{
	xb_json_open_object(j, key);
	if (c->name[0])
		xb_json_string(j, "name", c->name);
	xb_json_string(j, "type", xb_context_type(c));
	if (c->type->write(c, j, err) != 0)
		return -1;
	xb_json_close_object(j);
	return 0;
}

char *
xb_context_print(const struct xb_context *c, size_t *bytes, struct xb_err *err)
{
	struct xb_json j;
	size_t n;
	char *text;

	if (xb_json_init_text(&j, err) != 0)
		return NULL;
	if (ctx_write(c, NULL, &j, err) != 0) {
		xb_json_fini(&j);
		return NULL;
	}
	xb_json_newline(&j);
	text = xb_json_take(&j, &n, err);
	if (text && bytes)
		*bytes = n;
	return text;
}

/* What the tool asks for. */

enum xb_ctx_type
xb_ctx_type(const struct xb_context *c)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++)
		if (types[i] == c->type)
			return (enum xb_ctx_type)i;
	return XB_CTX_USER;
}

const struct xb_context *
xb_ctx_inner(const struct xb_context *c)
{
	return c->type == &ctx_type_captured ? c->sub : c;
}

const struct xb_context *
xb_context_sub(const struct xb_context *c)
{
	return c->sub;
}

const struct xb_captured *
xb_ctx_calls(const struct xb_context *c)
{
	return c->calls;
}

const struct xb_ctx_fields *
xb_ctx_fields(const struct xb_context *c)
{
	return c->type == &ctx_type_xdp_md || c->type == &ctx_type_sk_buff ? &c->fields : NULL;
}

bool
xb_ctx_packet(const struct xb_context *c, const u8 **data, u32 *bytes)
{
	*data = c->packet.data;
	*bytes = c->packet.bytes;
	return c->packet.given;
}

struct xb_context *
xb_ctx_make(enum xb_ctx_type type, const char *name, const u8 *data, u32 bytes,
            const struct xb_ctx_fields *fields, struct xb_err *err)
{
	struct xb_context *c = ctx_new(types[type], name, err);

	if (!c)
		return NULL;
	c->fields = *fields;
	if (data && ctx_set_packet(&c->packet, data, bytes, err) != 0) {
		xb_context_free(c);
		return NULL;
	}
	return c;
}

struct xb_context *
xb_ctx_wrap(struct xb_context *sub, struct xb_captured *calls, struct xb_err *err)
{
	struct xb_context *c = ctx_new(&ctx_type_captured, sub ? sub->name : "", err);

	if (!c) {
		xb_context_free(sub);
		xb_captured_free(calls);
		return NULL;
	}
	c->sub = sub;
	c->calls = calls;
	return c;
}

/* By way of its text, which loses nothing. */
struct xb_context *
xb_ctx_clone(const struct xb_context *c, struct xb_err *err)
{
	size_t bytes = 0;
	char *text = xb_context_print(c, &bytes, err);
	struct xb_context *copy = text ? xb_context_parse(NULL, text, bytes, err) : NULL;

	free(text);
	return copy;
}
