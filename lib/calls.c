/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.c - "helperCalls" of a captured context: what helpers gave where it was recorded.
 *
 *   {"16": [{"helperFn": 16, "params": [{"reg": 2, "value": 16}],
 *            "results": [{"reg": 0, "value": 0}, {"reg": 1, "value": "c3NoZAA="}]}]}
 *
 * A number is what a register holds; a string is base64, and lies where the register points. Of R0
 * it is what the pointer that the helper gave leads to.
 */
#include "lib/context_priv.h"

#include "emu/helper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
read_value(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct xb_captured_reg *reg = to;

	if (v->kind == XB_VALUE_NUMBER)
		return ctx_any64(r, v, 64, &reg->value);
	if (v->kind != XB_VALUE_STRING)
		return ctx_fail(r, v, "expected a number, or bytes in base64");
	return ctx_base64(r, v, &reg->bytes, &reg->byte_cnt);
}

static int
read_reg_number(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct xb_captured_reg *reg = to;
	u64 n = 0;

	if (ctx_u64(r, v, XB_CAPTURED_REGS - 1, &n) != 0)
		return -1;
	reg->reg = (u8)n;
	return 0;
}

static const struct ctx_key reg_keys[] = { { "reg", read_reg_number }, { "value", read_value } };

static int
read_regs(struct ctx_reader *r, const struct xb_value *v, struct xb_captured_reg *regs, u32 *cnt)
{
	if (v->kind == XB_VALUE_NULL)
		return 0;
	if (ctx_expect(r, v, XB_VALUE_ARRAY) != 0)
		return -1;
	if (v->cnt > XB_CAPTURED_REGS)
		return ctx_fail(r, v, "%u registers are more than %u", v->cnt, XB_CAPTURED_REGS);
	for (const struct xb_value *e = v->first; e; e = e->next) {
		struct xb_captured_reg *reg = &regs[(*cnt)++];

		*reg = (struct xb_captured_reg){ .reg = 0 };
		if (ctx_members(r, e, reg_keys, XB_ARRAY_SIZE(reg_keys), reg) != 0)
			return -1;
		if (e->cnt != 2)
			return ctx_fail(r, e, "expected \"reg\" and \"value\"");
	}
	return 0;
}

static int
read_params(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct xb_captured_call *call = to;

	return read_regs(r, v, call->params, &call->param_cnt);
}

static int
read_results(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct xb_captured_call *call = to;

	return read_regs(r, v, call->results, &call->result_cnt);
}

/* For people; the number is the key above. */
static int
read_helper_fn(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	(void)to;
	if (v->kind == XB_VALUE_NUMBER || v->kind == XB_VALUE_STRING)
		return 0;
	return ctx_fail(r, v, "expected a number or a name");
}

static const struct ctx_key call_keys[] = {
	{ "helperFn", read_helper_fn },
	{ "params", read_params },
	{ "results", read_results },
};

static void
free_regs(struct xb_captured_reg *regs, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++)
		free(regs[i].bytes);
}

static int
read_call(struct ctx_reader *r, const struct xb_value *v, struct xb_captured *c, u32 helper)
{
	struct xb_captured_call call = { .param_cnt = 0 };

	if (ctx_members(r, v, call_keys, XB_ARRAY_SIZE(call_keys), &call) == 0 &&
	    xb_captured_add(c, helper, &call, r->err) == 0)
		return 0;
	free_regs(call.params, call.param_cnt);
	free_regs(call.results, call.result_cnt);
	return -1;
}

/* The number of a helper, or 0. Those that Linux does not have may be the user's own. */
static u32
helper_of(const char *key)
{
	char *end;
	unsigned long id = strtoul(key, &end, 10);

	return *end || key[0] < '0' || key[0] > '9' || id >= XB_EMU_HELPER_MAX ? 0 : (u32)id;
}

static int
read_helper(struct ctx_reader *r, const struct xb_value *v, struct xb_captured *c)
{
	u32 helper = helper_of(v->key);

	if (!helper)
		return ctx_fail(r, v, "no helper has this number");
	if (c->cnt[helper]) /* "5" and "05" */
		return ctx_fail(r, v, "given twice");
	if (v->kind == XB_VALUE_NULL)
		return 0;
	if (ctx_expect(r, v, XB_VALUE_ARRAY) != 0)
		return -1;
	for (const struct xb_value *e = v->first; e; e = e->next)
		if (read_call(r, e, c, helper) != 0)
			return -1;
	return 0;
}

struct xb_captured *
ctx_read_calls(struct ctx_reader *r, const struct xb_value *v)
{
	struct xb_captured *c;

	if (ctx_expect(r, v, XB_VALUE_OBJECT) != 0)
		return NULL;
	c = xb_captured_new(r->err);
	for (const struct xb_value *m = v->first; c && m; m = m->next)
		if (read_helper(r, m, c) != 0) {
			xb_captured_free(c);
			return NULL;
		}
	return c;
}

static void
write_regs(struct xb_json *j, const char *key, const struct xb_captured_reg *regs, u32 cnt)
{
	xb_json_open_array(j, key);
	for (u32 i = 0; i < cnt; i++) {
		xb_json_open_object(j, NULL);
		xb_json_u64(j, "reg", regs[i].reg);
		if (regs[i].bytes)
			xb_json_base64(j, "value", regs[i].bytes, regs[i].byte_cnt);
		else
			xb_json_u64(j, "value", regs[i].value); /* a string would be base64 */
		xb_json_close_object(j);
	}
	xb_json_close_array(j);
}

static void
write_call(struct xb_json *j, u32 helper, const struct xb_captured_call *call)
{
	xb_json_open_object(j, NULL);
	xb_json_u64(j, "helperFn", helper);
	write_regs(j, "params", call->params, call->param_cnt);
	write_regs(j, "results", call->results, call->result_cnt);
	xb_json_close_object(j);
}

void
ctx_write_calls(struct xb_json *j, const struct xb_captured *calls)
{
	char key[12];

	xb_json_open_object(j, "helperCalls");
	for (u32 id = 0; id < XB_EMU_HELPER_MAX; id++) {
		if (!calls->cnt[id])
			continue;
		snprintf(key, sizeof(key), "%u", id);
		xb_json_open_array(j, key);
		for (u32 i = 0; i < calls->cnt[id]; i++)
			write_call(j, id, &calls->calls[id][i]);
		xb_json_close_array(j);
	}
	xb_json_close_object(j);
}
