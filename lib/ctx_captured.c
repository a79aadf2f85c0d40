/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx_captured.c - contexts of type captured: another context, and what helpers gave when it was
 * run.
 */
#include "lib/context_priv.h"

static int
read_sub(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct xb_context *c = to;

	c->sub = ctx_read(r, v);
	if (c->sub && c->sub->type == &ctx_type_captured)
		return ctx_fail(r, v, "a captured context in a captured context");
	return c->sub ? 0 : -1;
}

static int
read_calls(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct xb_context *c = to;

	c->calls = ctx_read_calls(r, v);
	return c->calls ? 0 : -1;
}

static int
captured_read(struct ctx_reader *r, const struct xb_value *v, struct xb_context *c)
{
	static const struct ctx_key keys[] = {
		{ "subContext", read_sub },
		{ "helperCalls", read_calls },
	};

	if (ctx_members(r, v, keys, XB_ARRAY_SIZE(keys), c) != 0)
		return -1;
	return c->calls ? 0 : ctx_fail(r, v, "there is no \"helperCalls\"");
}

static void
captured_free(struct xb_context *c)
{
	xb_context_free(c->sub);
	xb_captured_free(c->calls);
}

/* "ctx" */
static int
write_parts(const struct xb_context *sub, const struct xb_captured *calls, struct xb_json *j,
            struct xb_err *err)
{
	xb_json_open_object(j, "ctx");
	if (sub && ctx_write(sub, "subContext", j, err) != 0)
		return -1;
	ctx_write_calls(j, calls);
	xb_json_close_object(j);
	return 0;
}

static int
captured_write(const struct xb_context *c, struct xb_json *j, struct xb_err *err)
{
	return write_parts(c->sub, c->calls, j, err);
}

static int
captured_bind(struct xb_bound *b, struct xb_err *err)
{
	const struct xb_context *c = b->opts.context;
	struct xb_bound_opts sub = b->opts;

	if (!b->opts.prog)
		return xb_err_set(err, XB_ERR_USAGE, "captured is a context of Linux's programs");
	if (!b->opts.emu->watch)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "calls of programs are not watched: the emulator's option "
		                  "watch_calls is not set");
	if (!c->sub)
		return xb_err_set(err, XB_ERR_USAGE, "there is no \"subContext\" to run");
	sub.context = c->sub;
	b->sub = xb_bound_new(&sub, err);
	if (!b->sub)
		return -1;
	b->playback = xb_playback_new(b->opts.emu, c->calls, &b->opts.playback, err);
	b->proc = b->sub->proc;
	return b->playback ? 0 : -1;
}

static void
captured_unbind(struct xb_bound *b)
{
	xb_playback_free(b->playback);
	xb_bound_free(b->sub);
}

static int
captured_load(struct xb_bound *b, struct xb_err *err)
{
	return xb_bound_load(b->sub, err);
}

static void
captured_begin(struct xb_bound *b)
{
	xb_playback_start(b->playback, b->proc->vcpu);
	b->sub->type->begin(b->sub);
}

static void
captured_end(struct xb_bound *b, enum xb_run_status status, struct xb_bound_out *out)
{
	b->sub->type->end(b->sub, status, out);
	xb_playback_stop(b->playback);
}

/* The calls are as they were: it is they that it gives. */
static int
captured_save(struct xb_bound *b, struct xb_context *to, struct xb_err *err)
{
	to->calls = xb_captured_clone(b->opts.context->calls, err);
	to->sub = to->calls ? xb_bound_save(b->sub, err) : NULL;
	return to->sub ? 0 : -1;
}

const struct ctx_type ctx_type_captured = {
	.name = "captured",
	.read = captured_read,
	.free = captured_free,
	.write = captured_write,
	.bind = captured_bind,
	.unbind = captured_unbind,
	.load = captured_load,
	.begin = captured_begin,
	.end = captured_end,
	.save = captured_save,
};

char *
xb_ctx_print_captured(const struct xb_context *sub, const struct xb_captured *calls,
                      struct xb_err *err)
{
	struct xb_json j;
	size_t bytes;

	if (xb_json_init_text(&j, err) != 0)
		return NULL;
	xb_json_open_object(&j, NULL);
	if (sub && sub->name[0])
		xb_json_string(&j, "name", sub->name);
	xb_json_string(&j, "type", ctx_type_captured.name);
	if (write_parts(sub, calls, &j, err) != 0) {
		xb_json_fini(&j);
		return NULL;
	}
	xb_json_close_object(&j);
	xb_json_newline(&j);
	return xb_json_take(&j, &bytes, err);
}
