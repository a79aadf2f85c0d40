/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/captured.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct xb_captured *
xb_captured_new(struct xb_err *err)
{
	struct xb_captured *c = calloc(1, sizeof(*c));

	if (!c)
		xb_err_errno(err, ENOMEM, "recorded calls");
	return c;
}

static void
free_regs(struct xb_captured_reg *regs, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++)
		free(regs[i].bytes);
}

static void
free_call(struct xb_captured_call *call)
{
	free_regs(call->params, call->param_cnt);
	free_regs(call->results, call->result_cnt);
}

void
xb_captured_free(struct xb_captured *c)
{
	if (!c)
		return;
	for (u32 id = 0; id < XB_EMU_HELPER_MAX; id++) {
		for (u32 i = 0; i < c->cnt[id]; i++)
			free_call(&c->calls[id][i]);
		free(c->calls[id]);
	}
	free(c);
}

int
xb_captured_add(struct xb_captured *c, u32 helper, const struct xb_captured_call *call,
                struct xb_err *err)
{
	u32 cnt = c->cnt[helper];
	struct xb_captured_call *calls = c->calls[helper];

	assert(helper < XB_EMU_HELPER_MAX);
	/* It grows when it holds a power of two. */
	if ((cnt & (cnt - 1)) == 0) {
		calls = reallocarray(calls, cnt ? 2 * (size_t)cnt : 1, sizeof(*calls));
		if (!calls)
			return xb_err_errno(err, ENOMEM, "recorded calls");
		c->calls[helper] = calls;
	}
	calls[cnt] = *call;
	c->cnt[helper]++;
	return 0;
}

/* The registers with bytes of their own; false: no memory, and none is left behind. */
static bool
clone_regs(struct xb_captured_reg *to, const struct xb_captured_reg *from, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++) {
		to[i] = from[i];
		if (!from[i].bytes)
			continue;
		to[i].bytes = malloc((size_t)from[i].byte_cnt + 1);
		if (!to[i].bytes) {
			free_regs(to, i);
			return false;
		}
		memcpy(to[i].bytes, from[i].bytes, from[i].byte_cnt);
	}
	return true;
}

static int
clone_call(struct xb_captured *to, u32 helper, const struct xb_captured_call *from,
           struct xb_err *err)
{
	struct xb_captured_call call = *from;

	if (!clone_regs(call.params, from->params, from->param_cnt))
		return xb_err_errno(err, ENOMEM, "recorded calls");
	if (!clone_regs(call.results, from->results, from->result_cnt)) {
		free_regs(call.params, call.param_cnt);
		return xb_err_errno(err, ENOMEM, "recorded calls");
	}
	if (xb_captured_add(to, helper, &call, err) == 0)
		return 0;
	free_call(&call);
	return -1;
}

struct xb_captured *
xb_captured_clone(const struct xb_captured *c, struct xb_err *err)
{
	struct xb_captured *to = xb_captured_new(err);

	for (u32 id = 0; to && id < XB_EMU_HELPER_MAX; id++)
		for (u32 i = 0; i < c->cnt[id]; i++)
			if (clone_call(to, id, &c->calls[id][i], err) != 0) {
				xb_captured_free(to);
				return NULL;
			}
	return to;
}
