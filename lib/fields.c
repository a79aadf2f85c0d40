/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/context_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TAG_8021Q  0x0081u /* ETH_P_8021Q, ETH_P_8021AD in wire order */
#define TAG_8021AD 0xa888u

/* How a value is written. */
enum form {
	NUMBER,
	FLAG,      /* 0 or 1 */
	TAG_TYPE,  /* EtherType of a VLAN tag, in wire order as in the uapi */
	HEX_BYTES, /* data_meta */
	CHECKSUM,  /* a name of enum xb_checksum */
	SOCKET,    /* "none" or "test-run"; JSON has the socket itself, too */
	FLOW,      /* JSON alone */
};

struct row {
	const char *name;
	u32 kinds; /* enum xb_ctx_kind */
	enum form form;
	size_t off; /* in struct xb_ctx_fields */
	u32 bytes;
	u64 max;
	u32 has;          /* enum xb_skb_has, to be set with it */
	const char *json; /* its name in JSON, beside its own; or NULL */
};

#define XDP XB_CTX_HAS_XDP
#define TC  XB_CTX_HAS_SKB
#define AT(member)                                                                                 \
	offsetof(struct xb_ctx_fields, member), sizeof(((struct xb_ctx_fields *)0)->member)
#define SKB(nm, mx)                                                                                \
	{                                                                                          \
#nm, TC, NUMBER, AT(skb.nm), mx, 0, NULL                                           \
	}
#define SKB_FLAG(nm)                                                                               \
	{                                                                                          \
#nm, TC, FLAG, AT(skb.nm), 1, 0, NULL                                              \
	}
#define CB(i)                                                                                      \
	{                                                                                          \
		"cb[" #i "]", TC, NUMBER, AT(skb.cb[i]), UINT32_MAX, 0, NULL                       \
	}

/* clang-format off */
/* The limits of those fields that a test run accepts are its own (cf. convert___skb_to_skb). */
static const struct row rows[] = {
	{ "headroom", XDP, NUMBER, AT(headroom), XB_XDP_LINEAR_BYTES, 0, NULL },
	{ "tailroom", XDP, NUMBER, AT(tailroom), XB_XDP_LINEAR_BYTES + XB_XDP_HEADROOM, 0, NULL },
	{ "ingress_ifindex", XDP | TC, NUMBER, AT(ingress_ifindex), UINT32_MAX, 0, "ingress_ifidx" },
	{ "rx_queue_index", XDP, NUMBER, AT(rx_queue_index), UINT32_MAX, 0, "rx_queue_idx" },
	{ "egress_ifindex", XDP, NUMBER, AT(egress_ifindex), UINT32_MAX, 0, "egress_ifidx" },
	{ "data_meta", XDP | TC, HEX_BYTES, AT(meta), 0, 0, NULL },
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
	SKB(wire_len, 65536),
	SKB(gso_segs, 0xffff),
	SKB(gso_size, 0xffff),
	SKB(gso_type, UINT32_MAX),
	{ "pkt_type", TC, NUMBER, AT(skb.pkt_type), 7, XB_SKB_HAS_PKT_TYPE, NULL },
	{ "protocol", TC, NUMBER, AT(skb.protocol), 0xffff, XB_SKB_HAS_PROTOCOL, NULL },
	SKB_FLAG(vlan_present),
	SKB(vlan_tci, 0xffff),
	{ "vlan_proto", TC, TAG_TYPE, AT(skb.vlan_proto), 0xffff, 0, NULL },
	SKB(hash, UINT32_MAX),
	SKB_FLAG(l4_hash),
	SKB_FLAG(sw_hash),
	SKB(tstamp, UINT64_MAX),
	SKB(tstamp_type, 2),
	SKB(hwtstamp, UINT64_MAX),
	{ "ip_summed", TC, CHECKSUM, AT(skb.ip_summed), 0, 0, NULL },
	SKB(csum_level, 3),
	SKB(csum_start, 0xffff),
	SKB(csum_offset, 0xffff),
	SKB(csum, UINT32_MAX),
	SKB_FLAG(encapsulation),
	{ "tc_at_ingress", TC, FLAG, AT(skb.at_ingress), 1, 0, NULL },
	SKB(cgroup_classid, UINT32_MAX),
	SKB(route_realm, UINT32_MAX),
	{ "sk", TC, SOCKET, AT(skb.sock_kind), 0, 0, NULL },
	{ "flowKeys", TC, FLOW, AT(skb.flow_keys), 0, 0, NULL },
};
/* clang-format on */

_Static_assert(XB_ARRAY_SIZE(rows) <= 64, "a bit each in xb_ctx_fields.set");

static const char *const checksums[] = { "none", "unnecessary", "complete", "partial", NULL };
static const char *const sockets[] = { "test-run", "none", NULL };

static u64
bit(const struct row *row)
{
	return 1ull << (row - rows);
}

static const struct row *
find_row(const char *name)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

const char *
xb_ctx_kind_name(u32 kind)
{
	return kind & XDP ? "xdp_md" : "__sk_buff";
}

bool
xb_ctx_has(const struct xb_ctx_fields *f, const char *name)
{
	const struct row *row = find_row(name);

	return row && f->set & bit(row);
}

bool
xb_ctx_is_from_file(const struct xb_ctx_fields *f, const char *name)
{
	const struct row *row = find_row(name);

	return row && f->from_file & bit(row);
}

void
xb_ctx_mark(struct xb_ctx_fields *f, const char *name)
{
	f->set |= bit(find_row(name));
}

void
xb_ctx_unmark(struct xb_ctx_fields *f, const char *name)
{
	f->set &= ~bit(find_row(name));
}

const char *
xb_ctx_misfit(const struct xb_ctx_fields *f, u32 kinds)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (f->set & bit(&rows[i]) && !(rows[i].kinds & kinds))
			return rows[i].name;
	return NULL;
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
set_meta(struct xb_ctx_fields *f, const char *hex, struct xb_err *err)
{
	size_t digits = strlen(hex);
	u8 meta[XB_CTX_MAX_META];

	if (digits % 8 || digits / 2 > XB_CTX_MAX_META)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "expected hex digits for a multiple of 4 bytes, at most %u",
		                  XB_CTX_MAX_META);
	for (size_t i = 0; i < digits / 2; i++) {
		int hi = hex_digit(hex[2 * i]), lo = hex_digit(hex[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return xb_err_set(err, XB_ERR_USAGE, "'%.64s': expected hex digits", hex);
		meta[i] = (u8)(hi << 4 | lo);
	}
	memcpy(f->meta, meta, digits / 2);
	f->meta_bytes = (u32)(digits / 2);
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
set_number(struct xb_ctx_fields *f, const struct row *row, const char *text, struct xb_err *err)
{
	char *end;
	u64 v;

	errno = 0;
	v = strtoull(text, &end, xb_value_base(text));
	if (!isdigit((unsigned char)text[0]) || *end)
		return xb_err_set(err, XB_ERR_USAGE, "'%.64s': expected a number", text);
	if (errno || v > row->max)
		return xb_err_set(err, XB_ERR_USAGE, "%.64s: out of range: expected 0 to %llu",
		                  text, (unsigned long long)row->max);
	if (row->form == TAG_TYPE && v != TAG_8021Q && v != TAG_8021AD)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "%.64s: expected 0x%04x (802.1Q) or 0x%04x (802.1ad), which are "
		                  "in network byte order as in __sk_buff",
		                  text, TAG_8021Q, TAG_8021AD);
	memcpy((u8 *)f + row->off, &v, row->bytes); /* little-endian, cf. vm/bytes.h */
	f->skb.has |= row->has;
	return 0;
}

static int
set_row(struct xb_ctx_fields *f, const struct row *row, const char *text, struct xb_err *err)
{
	u32 name = 0;

	switch (row->form) {
	case NUMBER:
	case FLAG:
	case TAG_TYPE:
		return set_number(f, row, text, err);
	case HEX_BYTES:
		return set_meta(f, text, err);
	case CHECKSUM:
		if (set_name(checksums, text, &name, err) != 0)
			return -1;
		f->skb.ip_summed = (enum xb_checksum)name;
		return 0;
	case SOCKET:
		if (set_name(sockets, text, &name, err) != 0)
			return -1;
		f->skb.sock_kind = (enum xb_skb_sock_kind)name;
		return 0;
	case FLOW:
		break;
	}
	return xb_err_set(err, XB_ERR_USAGE, "can be set in JSON alone");
}

/* What goes without saying once a field is given. */
static void
complete(struct xb_ctx_fields *f)
{
	struct xb_skb_ctx *skb = &f->skb;

	if (skb->wire_len) /* 0 is the packet's own (cf. net/bpf/test_run.c) */
		skb->has |= XB_SKB_HAS_WIRE_LEN;
	if ((skb->vlan_tci || skb->vlan_proto) && !xb_ctx_has(f, "vlan_present"))
		skb->vlan_present = true;
	if (skb->vlan_present && !xb_ctx_has(f, "vlan_proto"))
		skb->vlan_proto = TAG_8021Q;
	if (skb->hash && !xb_ctx_has(f, "l4_hash"))
		skb->l4_hash = true; /* as from a device that hashes ports */
	if (skb->ip_summed == XB_CHECKSUM_COMPLETE)
		skb->csum_sum = !xb_ctx_has(f, "csum");
}

int
xb_ctx_field_set(struct xb_ctx_fields *f, const char *name, const char *text, struct xb_err *err)
{
	const struct row *row = find_row(name);

	if (!row || row->form == FLOW)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "'%.64s': no field of xdp_md or __sk_buff that can be set", name);
	if (set_row(f, row, text, err) != 0)
		return xb_err_prefix(err, "%s", name);
	f->set |= bit(row);
	complete(f);
	return 0;
}

/* The row of a key in JSON: by either of its names. */
static const struct row *
find_json_row(const char *key)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (rows[i].json && !strcmp(rows[i].json, key))
			return &rows[i];
	return find_row(key);
}

/* What a value is as text. */
static int
text_of(const struct ctx_reader *r, const struct row *row, const struct xb_value *v,
        const char **text)
{
	*text = v->text;
	if (row->form == FLAG && v->kind == XB_VALUE_BOOL)
		*text = v->truth ? "1" : "0";
	else if (v->kind != XB_VALUE_NUMBER && v->kind != XB_VALUE_STRING)
		return ctx_fail(r, v, "expected a number or a string");
	else if (strlen(v->text) != v->bytes)
		return ctx_fail(r, v, "there is a NUL in it");
	return 0;
}

int
xb_ctx_field_read(struct ctx_reader *r, const struct xb_value *v, u32 kind, struct xb_ctx_fields *f)
{
	const struct row *row = find_json_row(v->key);
	struct xb_err err = XB_ERR_INIT;
	const char *text;

	if (!row || !(row->kinds & kind) || row->form == FLOW)
		return ctx_fail(r, v, "no field of %s that can be set", xb_ctx_kind_name(kind));
	if (f->set & bit(row))
		return ctx_fail(r, v, "given twice");
	if (text_of(r, row, v, &text) != 0)
		return -1;
	if (set_row(f, row, text, &err) != 0)
		return ctx_fail(r, v, "%s", err.msg);
	f->set |= bit(row);
	complete(f);
	return 0;
}

static void
copy_row(struct xb_ctx_fields *to, const struct xb_ctx_fields *from, const struct row *row)
{
	memcpy((u8 *)to + row->off, (const u8 *)from + row->off, row->bytes);
	to->skb.has |= row->has;
	to->set |= bit(row);
	to->from_file |= bit(row);
	if (row->form == HEX_BYTES)
		to->meta_bytes = from->meta_bytes;
	else if (row->form == SOCKET)
		to->skb.sock = from->skb.sock;
	else if (row->form == FLOW)
		to->skb.flow_keys_given = from->skb.flow_keys_given;
}

void
xb_ctx_fields_merge(struct xb_ctx_fields *to, const struct xb_ctx_fields *from)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (from->set & ~to->set & bit(&rows[i]))
			copy_row(to, from, &rows[i]);
	complete(to);
}

/* Whether a field has to be said: it is not what a reader would make of the others. */
static bool
must_say(const struct xb_ctx_fields *f, const struct row *row, u64 value)
{
	const struct xb_skb_ctx *skb = &f->skb;

	if (row->has)
		return skb->has & row->has;
	if (row->off == offsetof(struct xb_ctx_fields, headroom) ||
	    row->off == offsetof(struct xb_ctx_fields, tailroom))
		return f->set & bit(row);
	if (row->off == offsetof(struct xb_ctx_fields, skb.wire_len))
		return value && skb->has & XB_SKB_HAS_WIRE_LEN;
	if (row->off == offsetof(struct xb_ctx_fields, skb.l4_hash))
		return value || skb->hash;
	if (row->off == offsetof(struct xb_ctx_fields, skb.vlan_present))
		return value || skb->vlan_tci || skb->vlan_proto;
	if (row->off == offsetof(struct xb_ctx_fields, skb.csum))
		return value || (skb->ip_summed == XB_CHECKSUM_COMPLETE && !skb->csum_sum);
	return value != 0;
}

static void
write_number(struct xb_json *j, const struct xb_ctx_fields *f, const struct row *row)
{
	u64 value = 0;

	memcpy(&value, (const u8 *)f + row->off, row->bytes);
	if (!must_say(f, row, value))
		return;
	if (row->form == FLAG)
		xb_json_bool(j, row->name, value);
	else
		ctx_write_u64(j, row->json ? row->json : row->name, value);
}

static void
write_row(struct xb_json *j, const struct xb_ctx_fields *f, const struct row *row)
{
	switch (row->form) {
	case NUMBER:
	case FLAG:
	case TAG_TYPE:
		write_number(j, f, row);
		return;
	case HEX_BYTES:
		if (f->meta_bytes)
			xb_json_hex(j, row->name, f->meta, f->meta_bytes, NULL, 0);
		return;
	case CHECKSUM:
		if (f->skb.ip_summed)
			xb_json_string(j, row->name, checksums[f->skb.ip_summed]);
		return;
	case SOCKET:
		if (f->skb.sock_kind == XB_SKB_SOCK_NONE)
			xb_json_string(j, row->name, "none");
		else if (f->skb.sock_kind == XB_SKB_SOCK_GIVEN)
			ctx_write_sock(j, &f->skb.sock);
		return;
	case FLOW:
		if (f->skb.flow_keys_given)
			ctx_write_flow_keys(j, &f->skb);
		return;
	}
}

void
xb_ctx_fields_write(struct xb_json *j, const struct xb_ctx_fields *f, u32 kind)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (rows[i].kinds & kind)
			write_row(j, f, &rows[i]);
}
