/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
xb_ctx_parse(struct xb_ctx_fields *ctx, const char *arg, struct xb_err *err)
{
	char *copy = strdup(arg), *rest = copy, *field;
	int rc = 0;

	if (!copy)
		return xb_err_errno(err, ENOMEM, "context");
	while (rc == 0 && (field = strsep(&rest, ","))) {
		char *value = strchr(field, '=');

		if (value)
			*value++ = 0;
		rc = value ? xb_ctx_field_set(ctx, field, value, err)
		           : xb_err_set(err, XB_ERR_USAGE, "'%.64s': expected NAME=VALUE", field);
	}
	free(copy);
	return rc;
}

int
xb_ctx_take(struct xb_ctx_fields *ctx, const struct xb_context *context, struct xb_err *err)
{
	const struct xb_context *inner = xb_ctx_inner(context);
	const struct xb_ctx_fields *fields = inner ? xb_ctx_fields(inner) : NULL;

	if (inner && !fields)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "a context of type %s has no packets; leave -r out to run it",
		                  xb_context_type(inner));
	if (fields)
		xb_ctx_fields_merge(ctx, fields);
	return 0;
}

static u32
kinds_of(u32 stages)
{
	u32 tc = 1u << XB_STAGE_TC | 1u << XB_STAGE_TC_EGRESS;

	return (stages & 1u << XB_STAGE_XDP ? XB_CTX_HAS_XDP : 0) |
	       (stages & tc ? XB_CTX_HAS_SKB : 0);
}

const char *
xb_ctx_option(const struct xb_ctx_fields *ctx, const char *name)
{
	return xb_ctx_is_from_file(ctx, name) ? "--ctx-file" : "--ctx";
}

int
xb_ctx_check(const struct xb_ctx_fields *ctx, u32 stages, struct xb_err *err)
{
	u32 kinds = kinds_of(stages);
	const char *name = xb_ctx_misfit(ctx, kinds);

	if (!name)
		return 0;
	return xb_err_set(err, XB_ERR_USAGE, "%s: %s: no field of %s, which %s programs have",
	                  xb_ctx_option(ctx, name), name, xb_ctx_kind_name(kinds),
	                  kinds & XB_CTX_HAS_XDP ? "XDP" : "TC");
}

static void
write_cb(struct xb_json *j, const struct __sk_buff *ctx)
{
	xb_json_open_array(j, "cb");
	for (size_t i = 0; i < XB_ARRAY_SIZE(ctx->cb); i++)
		xb_json_u64(j, NULL, ctx->cb[i]);
	xb_json_close_array(j);
}

void
xb_ctx_write_skb(struct xb_json *j, const struct xb_skb_out *out)
{
	static const struct {
		const char *name;
		u32 off;
	} words[] = {
#define WORD(nm) { #nm, offsetof(struct __sk_buff, nm) }
		WORD(len),      WORD(pkt_type),        WORD(mark),     WORD(queue_mapping),
		WORD(protocol), WORD(vlan_present),    WORD(vlan_tci), WORD(vlan_proto),
		WORD(priority), WORD(ingress_ifindex), WORD(ifindex),  WORD(tc_index),
		WORD(hash),     WORD(tc_classid),      WORD(napi_id),  WORD(wire_len),
		WORD(gso_segs), WORD(gso_size),
#undef WORD
	};
	const u8 *ctx = (const u8 *)out->ctx;

	xb_json_open_object(j, "ctx");
	for (size_t i = 0; i < XB_ARRAY_SIZE(words); i++)
		xb_json_u64(j, words[i].name, *(const u32 *)(const void *)(ctx + words[i].off));
	write_cb(j, out->ctx);
	xb_json_u64(j, "tstamp", out->tstamp);
	xb_json_u64(j, "tstamp_type", out->tstamp_type);
	xb_json_u64(j, "hwtstamp", out->ctx->hwtstamp);
	if (out->meta_bytes)
		xb_json_hex(j, "data_meta", out->meta, out->meta_bytes, NULL, 0);
	xb_json_close_object(j);
}

void
xb_ctx_write_returned(struct xb_json *j, const struct __sk_buff *ctx, u32 bytes)
{
	xb_json_open_object(j, "ctx");
	xb_json_u64(j, "len", bytes);
	xb_json_u64(j, "mark", ctx->mark);
	xb_json_u64(j, "priority", ctx->priority);
	xb_json_u64(j, "ingress_ifindex", ctx->ingress_ifindex);
	xb_json_u64(j, "ifindex", ctx->ifindex);
	xb_json_u64(j, "wire_len", ctx->wire_len);
	xb_json_u64(j, "gso_segs", ctx->gso_segs);
	write_cb(j, ctx);
	xb_json_u64(j, "tstamp", ctx->tstamp);
	xb_json_u64(j, "hwtstamp", ctx->hwtstamp);
	xb_json_close_object(j);
}
