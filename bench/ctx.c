/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/ctx.h"

#include <ctype.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#define TAG_8021Q  0x0081u /* ETH_P_8021Q, ETH_P_8021AD in wire order */
#define TAG_8021AD 0xa888u

#define XDP (1u << XB_STAGE_XDP)
#define TC  (1u << XB_STAGE_TC | 1u << XB_STAGE_TC_EGRESS)

/* How a value is written. */
enum form {
	NUMBER,
	FLAG,      /* 0 or 1 */
	TAG_TYPE,  /* EtherType of a VLAN tag, in wire order as in the uapi */
	HEX_BYTES, /* data_meta */
	CHECKSUM,  /* a name of enum xb_checksum */
	SOCKET,    /* "none" or "test-run" */
};

struct row {
	const char *name;
	u32 kinds; /* stages whose contexts have it */
	enum form form;
	size_t off; /* in struct xb_ctx_opts */
	u32 bytes;
	u64 max;
	u32 has; /* enum xb_skb_has, to be set with it */
};

#define AT(member) offsetof(struct xb_ctx_opts, member), sizeof(((struct xb_ctx_opts *)0)->member)
#define SKB(nm, mx)                                                                                \
	{                                                                                          \
#nm, TC, NUMBER, AT(skb.nm), mx, 0                                                 \
	}
#define CB(i)                                                                                      \
	{                                                                                          \
		"cb[" #i "]", TC, NUMBER, AT(skb.cb[i]), UINT32_MAX, 0                             \
	}

/* The limits of those fields that a test run accepts are its own (cf. convert___skb_to_skb). */
static const struct row rows[] = {
	{ "ingress_ifindex", XDP | TC, NUMBER, AT(ingress_ifindex), UINT32_MAX, 0 },
	{ "rx_queue_index", XDP, NUMBER, AT(rx_queue_index), UINT32_MAX, 0 },
	{ "data_meta", XDP | TC, HEX_BYTES, AT(meta), 0, 0 },
	SKB(mark, UINT32_MAX),
	SKB(priority, UINT32_MAX),
	SKB(ifindex, INT32_MAX),
	SKB(queue_mapping, 0xffff),
	SKB(tc_index, 0xffff),
	SKB(tc_classid, 0xffff),
	CB(0),
	CB(1),
	CB(2),
	CB(3),
	CB(4),
	SKB(napi_id, UINT32_MAX),
	{ "wire_len", TC, NUMBER, AT(skb.wire_len), 65536, 0 },
	SKB(gso_segs, 0xffff),
	SKB(gso_size, 0xffff),
	SKB(gso_type, UINT32_MAX),
	{ "pkt_type", TC, NUMBER, AT(skb.pkt_type), 7, XB_SKB_HAS_PKT_TYPE },
	{ "protocol", TC, NUMBER, AT(skb.protocol), 0xffff, XB_SKB_HAS_PROTOCOL },
	{ "vlan_present", TC, FLAG, AT(skb.vlan_present), 1, 0 },
	SKB(vlan_tci, 0xffff),
	{ "vlan_proto", TC, TAG_TYPE, AT(skb.vlan_proto), 0xffff, 0 },
	SKB(hash, UINT32_MAX),
	{ "l4_hash", TC, FLAG, AT(skb.l4_hash), 1, 0 },
	{ "sw_hash", TC, FLAG, AT(skb.sw_hash), 1, 0 },
	SKB(tstamp, UINT64_MAX),
	SKB(tstamp_type, 2),
	SKB(hwtstamp, UINT64_MAX),
	{ "ip_summed", TC, CHECKSUM, AT(skb.ip_summed), 0, 0 },
	SKB(csum_level, 3),
	SKB(csum_start, 0xffff),
	SKB(csum_offset, 0xffff),
	SKB(csum, UINT32_MAX),
	{ "encapsulation", TC, FLAG, AT(skb.encapsulation), 1, 0 },
	{ "tc_at_ingress", TC, FLAG, AT(skb.at_ingress), 1, 0 },
	{ "cgroup_classid", TC, NUMBER, AT(skb.cgroup_classid), UINT32_MAX, 0 },
	{ "route_realm", TC, NUMBER, AT(skb.route_realm), UINT32_MAX, 0 },
	{ "sk", TC, SOCKET, AT(skb.sock_kind), 0, 0 },
};

_Static_assert(XB_ARRAY_SIZE(rows) <= 64, "a bit each in xb_ctx_opts.set");

static const struct row *
find_row(const char *name)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

bool
xb_ctx_has(const struct xb_ctx_opts *ctx, const char *name)
{
	const struct row *row = find_row(name);

	return row && ctx->set & 1ull << (row - rows);
}

const char *
xb_ctx_option(const struct xb_ctx_opts *ctx, const char *name)
{
	const struct row *row = find_row(name);

	return row && ctx->from_file & 1ull << (row - rows) ? "--ctx-file" : "--ctx";
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
set_meta(struct xb_ctx_opts *ctx, const char *hex, struct xb_err *err)
{
	size_t digits = strlen(hex);

	if (digits % 8 || digits / 2 > XB_CTX_MAX_META)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "expected hex digits for a multiple of 4 bytes, at most %u",
		                  XB_CTX_MAX_META);
	for (size_t i = 0; i < digits / 2; i++) {
		int hi = hex_digit(hex[2 * i]), lo = hex_digit(hex[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return xb_err_set(err, XB_ERR_USAGE, "'%.64s': expected hex digits", hex);
		ctx->meta[i] = (u8)(hi << 4 | lo);
	}
	ctx->meta_bytes = (u32)(digits / 2);
	return 0;
}

/* One of the names, up to a NULL; its number goes to *value. */
static int
set_name(const char *const *names, const char *text, u32 *value, struct xb_err *err)
{
	char all[128] = "";

	for (u32 i = 0; names[i]; i++) {
		if (!strcmp(names[i], text)) {
			*value = i;
			return 0;
		}
		strncat(all, i ? ", " : "", sizeof(all) - strlen(all) - 1);
		strncat(all, names[i], sizeof(all) - strlen(all) - 1);
	}
	return xb_err_set(err, XB_ERR_USAGE, "'%.64s': expected one of %s", text, all);
}

static int
set_number(struct xb_ctx_opts *ctx, const struct row *row, const char *text, struct xb_err *err)
{
	char *end;
	u64 v;

	errno = 0;
	v = strtoull(text, &end, xb_value_base(text));
	if (!isdigit((unsigned char)text[0]) || *end || errno)
		return xb_err_set(err, XB_ERR_USAGE, "'%.64s': expected a number", text);
	if (v > row->max)
		return xb_err_set(err, XB_ERR_USAGE, "%.64s: expected a number from 0 to %llu",
		                  text, (unsigned long long)row->max);
	if (row->form == TAG_TYPE && v != TAG_8021Q && v != TAG_8021AD)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "%.64s: expected 0x%04x (802.1Q) or 0x%04x (802.1ad), which are "
		                  "in network byte order as in __sk_buff",
		                  text, TAG_8021Q, TAG_8021AD);
	memcpy((u8 *)ctx + row->off, &v, row->bytes); /* little-endian, cf. vm/bytes.h */
	ctx->skb.has |= row->has;
	return 0;
}

static int
set_row(struct xb_ctx_opts *ctx, const struct row *row, const char *text, struct xb_err *err)
{
	static const char *const checksums[] = { "none", "unnecessary", "complete", "partial",
		                                 NULL };
	static const char *const sockets[] = { "test-run", "none", NULL };
	u32 name = 0;

	switch (row->form) {
	case NUMBER:
	case FLAG:
	case TAG_TYPE:
		return set_number(ctx, row, text, err);
	case HEX_BYTES:
		return set_meta(ctx, text, err);
	case CHECKSUM:
		if (set_name(checksums, text, &name, err) != 0)
			return -1;
		ctx->skb.ip_summed = (enum xb_checksum)name;
		return 0;
	case SOCKET:
		if (set_name(sockets, text, &name, err) != 0)
			return -1;
		ctx->skb.sock_kind = (enum xb_skb_sock_kind)name;
		return 0;
	}
	return -1;
}

/* What goes without saying once a field is given. */
static void
complete(struct xb_ctx_opts *ctx)
{
	struct xb_skb_ctx *skb = &ctx->skb;

	if (skb->wire_len) /* 0 is the packet's own (cf. net/bpf/test_run.c) */
		skb->has |= XB_SKB_HAS_WIRE_LEN;
	if ((skb->vlan_tci || skb->vlan_proto) && !xb_ctx_has(ctx, "vlan_present"))
		skb->vlan_present = true;
	if (skb->vlan_present && !xb_ctx_has(ctx, "vlan_proto"))
		skb->vlan_proto = TAG_8021Q;
	if (skb->hash && !xb_ctx_has(ctx, "l4_hash"))
		skb->l4_hash = true; /* as from a device that hashes ports */
	if (skb->ip_summed == XB_CHECKSUM_COMPLETE && !xb_ctx_has(ctx, "csum"))
		skb->csum_sum = true;
}

static int
set_field(struct xb_ctx_opts *ctx, const char *name, const char *text, struct xb_err *err)
{
	const struct row *row = find_row(name);

	if (!row)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "'%.64s': no field of xdp_md or __sk_buff that can be set", name);
	if (set_row(ctx, row, text, err) != 0)
		return xb_err_prefix(err, "%s", name);
	ctx->set |= 1ull << (row - rows);
	return 0;
}

int
xb_ctx_parse(struct xb_ctx_opts *ctx, const char *arg, struct xb_err *err)
{
	char *copy = strdup(arg), *rest = copy, *field;
	int rc = 0;

	if (!copy)
		return xb_err_errno(err, ENOMEM, "context");
	while (rc == 0 && (field = strsep(&rest, ","))) {
		char *value = strchr(field, '=');

		if (value)
			*value++ = 0;
		rc = value ? set_field(ctx, field, value, err)
		           : xb_err_set(err, XB_ERR_USAGE, "'%.64s': expected NAME=VALUE", field);
	}
	free(copy);
	complete(ctx);
	return rc;
}

int
xb_ctx_set_value(struct xb_ctx_opts *ctx, const struct xb_value *v, u32 kinds, struct xb_err *err)
{
	const struct row *row = find_row(v->key);
	u64 bit = row ? 1ull << (row - rows) : 0;
	const char *text = v->text;

	if (row && !(row->kinds & kinds))
		return xb_err_set(err, XB_ERR_USAGE, "%s: no field of %s", v->key,
		                  kinds & XDP ? "xdp_md" : "__sk_buff");
	if (ctx->from_file & bit)
		return xb_err_set(err, XB_ERR_USAGE, "%s: is there twice", v->key);
	if (ctx->set & bit)
		return 0; /* the command line's word goes first */
	if (row && row->form == FLAG && v->kind == XB_VALUE_BOOL)
		text = v->truth ? "1" : "0";
	else if (row && v->kind != XB_VALUE_NUMBER && v->kind != XB_VALUE_STRING)
		return xb_err_set(err, XB_ERR_USAGE, "%s: expected a number or a string", v->key);
	else if (row && strlen(text) != v->bytes)
		return xb_err_set(err, XB_ERR_USAGE, "%s: there is a NUL in it", v->key);
	if (set_field(ctx, v->key, text, err) != 0)
		return -1;
	ctx->from_file |= bit;
	complete(ctx);
	return 0;
}

int
xb_ctx_check(const struct xb_ctx_opts *ctx, u32 kinds, struct xb_err *err)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (ctx->set & 1ull << i && !(rows[i].kinds & kinds))
			return xb_err_set(
			        err, XB_ERR_USAGE, "%s: %s: no field of %s, which %s programs have",
			        xb_ctx_option(ctx, rows[i].name), rows[i].name,
			        kinds & XDP ? "xdp_md" : "__sk_buff", kinds & XDP ? "XDP" : "TC");
	return 0;
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
