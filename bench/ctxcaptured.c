/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctxcaptured.c - "helperCalls" of a captured context: what helpers gave where it was recorded.
 *
 *   {"14": [{"helperFn": "get_current_pid_tgid", "params": [], "results": [{"reg": 0, "value":
 * 77}]}], "16": [{"params": [{"reg": 2, "value": 16}], "results": [{"reg": 1, "value":
 * "c3NoZAA="}]}]}
 *
 * A number is what a register holds; a string is base64, and lies where the register points.
 */
#include "bench/ctx_priv.h"

#include "emu/base64.h"
#include "emu/helper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
take_value(struct xb_captured_reg *reg, const struct xb_value *v, struct xb_err *err)
{
	char *end;

	if (v->kind == XB_VALUE_STRING) {
		reg->bytes = xb_base64_decode(v->text, v->bytes, &reg->byte_cnt);
		return reg->bytes ? 0 : ctx_fail(v, err, "expected base64");
	}
	if (v->kind != XB_VALUE_NUMBER)
		return ctx_fail(v, err, "expected a number, or bytes in base64");
	errno = 0;
	reg->value =
	        v->text[0] == '-' ? (u64)strtoll(v->text, &end, 10) : strtoull(v->text, &end, 10);
	return *end || errno ? ctx_fail(v, err, "expected a whole number of 64 bits") : 0;
}

static int
take_reg(struct xb_captured_reg *reg, const struct xb_value *v, struct xb_err *err)
{
	const struct xb_value *number, *value;

	if (v->kind != XB_VALUE_OBJECT)
		return ctx_fail(v, err, "expected {\"reg\": NUMBER, \"value\": ...}");
	number = xb_value_member(v, "reg");
	value = xb_value_member(v, "value");
	if (v->cnt != 2 || !number || !value)
		return ctx_fail(v, err, "expected \"reg\" and \"value\", each once");
	if (number->kind != XB_VALUE_NUMBER || strlen(number->text) != 1 ||
	    number->text[0] > '0' + XB_CAPTURED_REGS - 1)
		return ctx_fail(number, err, "expected a register from 0 to 5");
	reg->reg = (u8)(number->text[0] - '0');
	return take_value(reg, value, err);
}

static int
take_regs(struct xb_captured_reg *regs, u32 *cnt, const struct xb_value *v, struct xb_err *err)
{
	if (v->kind != XB_VALUE_ARRAY || v->cnt > XB_CAPTURED_REGS)
		return ctx_fail(v, err, "expected an array of at most 6 registers");
	for (const struct xb_value *e = v->first; e; e = e->next) {
		struct xb_captured_reg *reg = &regs[(*cnt)++];

		*reg = (struct xb_captured_reg){ .reg = 0 };
		if (take_reg(reg, e, err) != 0)
			return -1;
	}
	return 0;
}

static int
take_members(struct xb_captured_call *call, const struct xb_value *v, struct xb_err *err)
{
	if (v->kind != XB_VALUE_OBJECT)
		return ctx_fail(v, err, "expected a call, an object");
	if (ctx_check_keys(v, err) != 0)
		return -1;
	for (const struct xb_value *m = v->first; m; m = m->next) {
		int rc = 0;

		if (!strcmp(m->key, "params"))
			rc = take_regs(call->params, &call->param_cnt, m, err);
		else if (!strcmp(m->key, "results"))
			rc = take_regs(call->results, &call->result_cnt, m, err);
		else if (strcmp(m->key, "helperFn") != 0)
			rc = ctx_fail(m, err, "expected helperFn, params or results");
		if (rc != 0)
			return -1;
	}
	return 0;
}

static int
take_call(struct xb_captured *c, u32 helper, const struct xb_value *v, struct xb_err *err)
{
	struct xb_captured_call call = { .param_cnt = 0 };

	if (take_members(&call, v, err) == 0 && xb_captured_add(c, helper, &call, err) == 0)
		return 0;
	for (u32 i = 0; i < call.param_cnt; i++)
		free(call.params[i].bytes);
	for (u32 i = 0; i < call.result_cnt; i++)
		free(call.results[i].bytes);
	return -1;
}

/* The number of a helper, or 0. */
static u32
helper_of(const char *key)
{
	char *end;
	unsigned long id = strtoul(key, &end, 10);

	return *end || key[0] < '0' || key[0] > '9' || id >= XB_EMU_HELPER_MAX ||
	                       !xb_helper_name((u32)id)
	               ? 0
	               : (u32)id;
}

struct xb_captured *
ctx_read_calls(const struct xb_value *v, struct xb_err *err)
{
	struct xb_captured *c = NULL;

	if (v->kind != XB_VALUE_OBJECT) {
		ctx_fail(v, err, "expected an object with helpers' numbers");
		return NULL;
	}
	if (ctx_check_keys(v, err) == 0)
		c = xb_captured_new(err);
	for (const struct xb_value *m = v->first; c && m; m = m->next) {
		u32 helper = helper_of(m->key);
		int rc = 0;

		if (!helper)
			rc = ctx_fail(m, err, "no helper has this number");
		else if (m->kind != XB_VALUE_ARRAY)
			rc = ctx_fail(m, err, "expected an array of calls");
		for (const struct xb_value *e = m->first; rc == 0 && e; e = e->next)
			rc = take_call(c, helper, e, err);
		if (rc != 0) {
			xb_captured_free(c);
			return NULL;
		}
	}
	return c;
}
