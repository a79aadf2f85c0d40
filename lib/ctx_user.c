/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx_user.c - contexts of types that a user of the library registered.
 */
#include "lib/context_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Its reader gets the text of "ctx" alone. */
static int
user_read(struct ctx_reader *r, const struct xb_value *v, struct xb_context *c)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_json j;
	size_t bytes = 0;
	char *text;

	if (xb_json_init_text(&j, r->err) != 0)
		return -1;
	ctx_write_value(&j, NULL, v);
	text = xb_json_take(&j, &bytes, r->err);
	if (!text)
		return -1;
	c->state = c->user.read(text, bytes, &err);
	free(text);
	return c->state ? 0 : ctx_fail(r, v, "%s", err.msg);
}

static void
user_free(struct xb_context *c)
{
	if (c->state && c->user.free)
		c->user.free(c->state);
}

/* Reads what the type wrote, so that nothing else gets into the file. */
static int
write_text(struct xb_json *j, const char *text, const char *name, struct xb_err *err)
{
	struct xb_value_tree tree = { 0 };

	if (xb_value_parse(&tree, text, strlen(text), false, err) != 0)
		return xb_err_prefix(err, "context of type '%.64s'", name);
	ctx_write_value(j, "ctx", tree.root);
	xb_value_free(&tree);
	return 0;
}

static int
user_write(const struct xb_context *c, struct xb_json *j, struct xb_err *err)
{
	const struct xb_context_type *type = &c->user;
	char *text;
	int rc;

	if (!type->write)
		return xb_err_set(err, XB_ERR_USAGE, "contexts of type '%.64s' cannot be written",
		                  type->name);
	text = type->write(c->state, NULL, NULL, err);
	if (!text)
		return -1;
	rc = write_text(j, text, type->name, err);
	free(text);
	return rc;
}

static int
user_bind(struct xb_bound *b, struct xb_err *err)
{
	if (!b->opts.context->user.load)
		return xb_err_set(err, XB_ERR_USAGE, "contexts of type '%.64s' cannot be run",
		                  b->opts.context->user.name);
	b->own_proc = xb_proc_new(b->opts.vm, b->opts.vcpu, err);
	b->proc = b->own_proc;
	return b->proc ? 0 : -1;
}

static void
cleanup(struct xb_bound *b)
{
	const struct xb_context *c = b->opts.context;

	if (b->is_loaded && c->user.cleanup)
		c->user.cleanup(c->state, b->opts.process, b->loaded);
	b->is_loaded = false;
}

static void
user_unbind(struct xb_bound *b)
{
	cleanup(b);
}

/* The type sets registers of a process that is about to start. */
static int
user_load(struct xb_bound *b, struct xb_err *err)
{
	const struct xb_context *c = b->opts.context;

	cleanup(b);
	xb_proc_start(b->proc, b->opts.vm_prog, 0);
	if (c->user.load(c->state, b->opts.process, &b->loaded, err) != 0)
		return -1;
	/* Where R1 leads is the type's business: nothing that was proved of it holds. */
	b->proc->check_all = true;
	b->proc->ctx_gaddr = b->proc->r[1];
	b->is_loaded = true;
	return 0;
}

static int
user_save(struct xb_bound *b, struct xb_context *to, struct xb_err *err)
{
	const struct xb_context *c = b->opts.context;
	struct xb_err why = XB_ERR_INIT;
	char *text;

	if (!c->user.write)
		return xb_err_set(err, XB_ERR_USAGE, "contexts of type '%.64s' cannot be written",
		                  c->user.name);
	text = c->user.write(c->state, b->opts.process, b->loaded, err);
	if (!text)
		return -1;
	to->user = c->user;
	to->state = c->user.read(text, strlen(text), &why);
	free(text);
	if (to->state)
		return 0;
	*err = why;
	return xb_err_prefix(err, "context of type '%.64s'", c->user.name);
}

const struct ctx_type ctx_type_user = {
	.name = "",
	.read = user_read,
	.free = user_free,
	.write = user_write,
	.bind = user_bind,
	.unbind = user_unbind,
	.load = user_load,
	.begin = ctx_begin_bare,
	.end = ctx_end_bare,
	.save = user_save,
};
