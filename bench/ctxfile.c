/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctxfile.c - --ctx-file: a context in JSON.
 *
 *   {"name": "...", "type": "sk_buff", "ctx": {"mark": 7, "cb": [1, 2], "sock": {...}, "dev":
 * {"ifIndex": 3}}}
 */
#include "bench/ctx_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define XDP_MD  (1u << XB_STAGE_XDP)
#define SK_BUFF (1u << XB_STAGE_TC | 1u << XB_STAGE_TC_EGRESS)

int
ctx_fail(const struct xb_value *v, struct xb_err *err, const char *what)
{
	return xb_err_set(err, XB_ERR_FILE, "line %u, column %u: %s%s%s", v->line, v->col,
	                  v->key ? v->key : "", v->key ? ": " : "", what);
}

/* How a member of "sock" is written. */
enum form {
	NUMBER,
	SIGNED, /* -1 too, for none */
	PORT,
	WIRE_PORT, /* as people write it, held in wire order */
	IP4,
	IP6,
};

#define UAPI(field) offsetof(struct xb_sock_info, uapi.field), sizeof(((struct bpf_sock *)0)->field)
#define OWN(field)  offsetof(struct xb_sock_info, field), sizeof(((struct xb_sock_info *)0)->field)

static const struct {
	const char *name;
	enum form form;
	size_t off, bytes;
} sock_rows[] = {
	{ "boundDevIF", NUMBER, UAPI(bound_dev_if) },
	{ "family", NUMBER, UAPI(family) },
	{ "sockType", NUMBER, UAPI(type) },
	{ "protocol", NUMBER, UAPI(protocol) },
	{ "mark", NUMBER, UAPI(mark) },
	{ "priority", NUMBER, UAPI(priority) },
	{ "srcIP4", IP4, UAPI(src_ip4) },
	{ "srcIP6", IP6, UAPI(src_ip6) },
	{ "srcPort", PORT, UAPI(src_port) },
	{ "dstPort", WIRE_PORT, UAPI(dst_port) },
	{ "dstIP4", IP4, UAPI(dst_ip4) },
	{ "dstIP6", IP6, UAPI(dst_ip6) },
	{ "state", NUMBER, UAPI(state) },
	{ "rxQueueMapping", SIGNED, UAPI(rx_queue_mapping) },
	{ "cookie", NUMBER, OWN(cookie) },
	{ "uid", NUMBER, OWN(uid) },
	{ "cgroupId", NUMBER, OWN(cgroup_id) },
	{ "cgroupLevel", NUMBER, OWN(cgroup_level) },
	{ "cgroupClassid", NUMBER, OWN(cgroup_classid) },
};

static int
read_number(const struct xb_value *v, enum form form, size_t bytes, u64 *number, struct xb_err *err)
{
	u64 limit = bytes == 8 ? UINT64_MAX : (1ull << 8 * bytes) - 1;
	bool none = form == SIGNED && v->text && !strcmp(v->text, "-1");
	char *end;

	if (v->kind != XB_VALUE_NUMBER)
		return ctx_fail(v, err, "expected a number");
	if (form == PORT)
		limit = UINT16_MAX;
	if (form == SIGNED)
		limit = INT32_MAX;
	errno = 0;
	*number = strtoull(v->text, &end, 10);
	if (*end || (v->text[0] == '-' && !none))
		return ctx_fail(v, err, "expected a whole number, not negative");
	return none || (!errno && *number <= limit) ? 0 : ctx_fail(v, err, "out of range");
}

static int
read_address(const struct xb_value *v, enum form form, u8 *to, struct xb_err *err)
{
	if (inet_pton(form == IP4 ? AF_INET : AF_INET6, v->text, to) == 1)
		return 0;
	return ctx_fail(v, err,
	                form == IP4 ? "expected an IPv4 address" : "expected an IPv6 address");
}

/* The cgroups above the socket's, from level 1 on. */
static int
set_ancestors(struct xb_sock_info *sock, const struct xb_value *v, struct xb_err *err)
{
	u64 *to = sock->cgroup_above;

	if (v->kind != XB_VALUE_ARRAY || v->cnt > XB_SOCK_CGROUPS_ABOVE)
		return ctx_fail(v, err, "expected an array of at most 8 ids of cgroups");
	for (const struct xb_value *e = v->first; e; e = e->next)
		if (read_number(e, NUMBER, sizeof(*to), to++, err) != 0)
			return xb_err_prefix(err, "%s", v->key);
	return 0;
}

static int
set_sock_member(struct xb_sock_info *sock, const struct xb_value *v, struct xb_err *err)
{
	enum form form;
	size_t i = 0;
	u8 *to;
	u64 n = 0;

	if (!strcmp(v->key, "cgroupAncestors"))
		return set_ancestors(sock, v, err);
	while (i < XB_ARRAY_SIZE(sock_rows) && strcmp(sock_rows[i].name, v->key))
		i++;
	if (i == XB_ARRAY_SIZE(sock_rows))
		return ctx_fail(v, err, "no field of a socket");
	form = sock_rows[i].form;
	to = (u8 *)sock + sock_rows[i].off;
	if ((form == IP4 || form == IP6) && v->kind == XB_VALUE_STRING)
		return read_address(v, form, to, err);
	if (form == IP6)
		return ctx_fail(v, err, "expected an IPv6 address");
	if (read_number(v, form, sock_rows[i].bytes, &n, err) != 0)
		return -1;
	if (form == WIRE_PORT)
		n = htons((u16)n);
	memcpy(to, &n, sock_rows[i].bytes);
	return 0;
}

int
ctx_check_keys(const struct xb_value *object, struct xb_err *err)
{
	for (const struct xb_value *m = object->first; m; m = m->next)
		for (const struct xb_value *k = m->next; k; k = k->next)
			if (!strcmp(m->key, k->key))
				return ctx_fail(k, err, "is there twice");
	return 0;
}

static int
set_sock(struct xb_ctx_opts *ctx, const struct xb_value *v, struct xb_err *err)
{
	struct xb_sock_info sock = { .cookie = 1, .cgroup_id = 1, .uapi.rx_queue_mapping = -1 };

	if (v->kind != XB_VALUE_NULL && v->kind != XB_VALUE_OBJECT)
		return ctx_fail(v, err, "expected an object, or null for no socket");
	if (v->kind == XB_VALUE_OBJECT && ctx_check_keys(v, err) != 0)
		return -1;
	for (const struct xb_value *m = v->first; m; m = m->next)
		if (set_sock_member(&sock, m, err) != 0)
			return -1;
	if (xb_ctx_has(ctx, "sk"))
		return 0; /* the command line's word goes first */
	ctx->skb.sock = sock;
	ctx->skb.sock_kind = v->kind == XB_VALUE_NULL ? XB_SKB_SOCK_NONE : XB_SKB_SOCK_GIVEN;
	return 0;
}

/* A plain field; `v` says where it stands. */
static int
set_field(struct xb_ctx_opts *ctx, const struct xb_value *v, u32 kinds, struct xb_err *err)
{
	if (xb_ctx_set_value(ctx, v, kinds, err) == 0)
		return 0;
	err->kind = XB_ERR_FILE;
	return xb_err_prefix(err, "line %u, column %u", v->line, v->col);
}

static int
set_dev(struct xb_ctx_opts *ctx, const struct xb_value *v, struct xb_err *err)
{
	struct xb_value ifindex;

	if (v->kind != XB_VALUE_OBJECT || v->cnt != 1 || strcmp(v->first->key, "ifIndex") != 0)
		return ctx_fail(v, err, "expected {\"ifIndex\": NUMBER}");
	ifindex = *v->first;
	ifindex.key = "ifindex";
	return set_field(ctx, &ifindex, SK_BUFF, err);
}

static int
set_cb(struct xb_ctx_opts *ctx, const struct xb_value *v, struct xb_err *err)
{
	char key[] = "cb[0]";

	if (v->kind != XB_VALUE_ARRAY || v->cnt > XB_ARRAY_SIZE(ctx->skb.cb))
		return ctx_fail(v, err, "expected an array of at most 5 numbers");
	for (const struct xb_value *e = v->first; e; e = e->next) {
		struct xb_value word = *e;

		word.key = key;
		if (set_field(ctx, &word, SK_BUFF, err) != 0)
			return -1;
		key[3]++;
	}
	return 0;
}

/* Members of an sk_buff that are no plain fields. */
static const struct {
	const char *name;
	int (*set)(struct xb_ctx_opts *ctx, const struct xb_value *v, struct xb_err *err);
} parts[] = {
	{ "sock", set_sock },
	{ "dev", set_dev },
	{ "cb", set_cb },
};

static int
set_member(struct xb_ctx_opts *ctx, const struct xb_value *v, u32 kinds, struct xb_err *err)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(parts); i++)
		if (!strcmp(parts[i].name, v->key))
			return kinds == SK_BUFF ? parts[i].set(ctx, v, err)
			                        : ctx_fail(v, err, "no field of xdp_md");
	return set_field(ctx, v, kinds, err);
}

static int take_fields(struct xb_ctx_opts *ctx, const struct xb_value *fields, u32 kinds,
                       struct xb_err *err);
static int take_captured(struct xb_ctx_opts *ctx, const struct xb_value *v, u32 kinds,
                         struct xb_err *err);

static const struct {
	const char *name;
	u32 kinds; /* stages whose contexts are of the type */
	int (*take)(struct xb_ctx_opts *ctx, const struct xb_value *v, u32 kinds,
	            struct xb_err *err);
} types[] = {
	{ "sk_buff", SK_BUFF, take_fields },
	{ "xdp_md", XDP_MD, take_fields },
	{ "captured", 0, take_captured },
};

static int
take_fields(struct xb_ctx_opts *ctx, const struct xb_value *fields, u32 kinds, struct xb_err *err)
{
	for (const struct xb_value *m = fields->first; m; m = m->next)
		if (set_member(ctx, m, kinds, err) != 0)
			return -1;
	return 0;
}

/* {"name": "...", "type": "...", "ctx": {...}} */
static int
take_ctx(struct xb_ctx_opts *ctx, const struct xb_value *root, struct xb_err *err)
{
	const struct xb_value *type, *fields;
	size_t i = 0;

	if (root->kind != XB_VALUE_OBJECT)
		return ctx_fail(root, err, "expected an object");
	if (ctx_check_keys(root, err) != 0)
		return -1;
	for (const struct xb_value *m = root->first; m; m = m->next)
		if (strcmp(m->key, "type") && strcmp(m->key, "ctx") && strcmp(m->key, "name"))
			return ctx_fail(m, err, "expected name, type or ctx");
	type = xb_value_member(root, "type");
	if (!type)
		return ctx_fail(root, err,
		                "expected a \"type\": \"sk_buff\", \"xdp_md\" or \"captured\"");
	while (i < XB_ARRAY_SIZE(types) &&
	       (type->kind != XB_VALUE_STRING || strcmp(type->text, types[i].name) != 0))
		i++;
	if (i == XB_ARRAY_SIZE(types))
		return ctx_fail(type, err, "expected \"sk_buff\", \"xdp_md\" or \"captured\"");
	fields = xb_value_member(root, "ctx");
	if (!fields)
		return ctx_fail(root, err, "expected a \"ctx\" with the fields");
	if (fields->kind != XB_VALUE_OBJECT)
		return ctx_fail(fields, err, "expected an object");
	return ctx_check_keys(fields, err) == 0 ? types[i].take(ctx, fields, types[i].kinds, err)
	                                        : -1;
}

/* {"subContext": {...}, "helperCalls": {...}}; a captured context in another one is none. */
static int
take_captured(struct xb_ctx_opts *ctx, const struct xb_value *v, u32 kinds, struct xb_err *err)
{
	const struct xb_value *sub = xb_value_member(v, "subContext");
	const struct xb_value *calls = xb_value_member(v, "helperCalls");

	(void)kinds;
	for (const struct xb_value *m = v->first; m; m = m->next)
		if (m != sub && m != calls)
			return ctx_fail(m, err, "expected subContext or helperCalls");
	if (ctx->captured)
		return ctx_fail(v, err, "a captured context in a captured context");
	if (!calls)
		return ctx_fail(v, err, "expected \"helperCalls\"");
	ctx->captured = ctx_read_calls(calls, err);
	if (!ctx->captured)
		return -1;
	return sub ? take_ctx(ctx, sub, err) : 0;
}

int
xb_ctx_parse_file(struct xb_ctx_opts *ctx, const char *text, size_t bytes, struct xb_err *err)
{
	struct xb_value_tree tree = { 0 };
	int rc = xb_value_parse(&tree, text, bytes, false, err);

	if (rc == 0)
		rc = take_ctx(ctx, tree.root, err);
	xb_value_free(&tree);
	return rc;
}
