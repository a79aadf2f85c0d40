/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctxfile.c - --ctx-file: a context in JSON.
 *
 *   {"name": "...", "type": "sk_buff", "ctx": {"mark": 7, "cb": [1, 2], "sock": {...}, "dev":
 * {"ifIndex": 3}}}
 */
#include "bench/ctx.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int
fail(const struct xb_value *v, struct xb_err *err, const char *what)
{
	return xb_err_set(err, XB_ERR_FILE, "line %u, column %u: %s%s%s", v->line, v->col,
	                  v->key ? v->key : "", v->key ? ": " : "", what);
}

/* How a member of "sock" is written. */
enum form { NUMBER, IP4, IP6 };

#define UAPI(field) offsetof(struct xb_sock_info, uapi.field), sizeof(((struct bpf_sock *)0)->field)
#define OWN(field)  offsetof(struct xb_sock_info, field), sizeof(((struct xb_sock_info *)0)->field)

static const struct {
	const char *name;
	enum form form;
	size_t off, bytes;
	bool wire_order; /* a port: numbers are as people write them */
} sock_rows[] = {
	{ "boundDevIF", NUMBER, UAPI(bound_dev_if), false },
	{ "family", NUMBER, UAPI(family), false },
	{ "sockType", NUMBER, UAPI(type), false },
	{ "protocol", NUMBER, UAPI(protocol), false },
	{ "mark", NUMBER, UAPI(mark), false },
	{ "priority", NUMBER, UAPI(priority), false },
	{ "srcIP4", IP4, UAPI(src_ip4), false },
	{ "srcIP6", IP6, UAPI(src_ip6), false },
	{ "srcPort", NUMBER, UAPI(src_port), false },
	{ "dstPort", NUMBER, UAPI(dst_port), true },
	{ "dstIP4", IP4, UAPI(dst_ip4), false },
	{ "dstIP6", IP6, UAPI(dst_ip6), false },
	{ "state", NUMBER, UAPI(state), false },
	{ "rxQueueMapping", NUMBER, UAPI(rx_queue_mapping), false },
	{ "cookie", NUMBER, OWN(cookie), false },
	{ "uid", NUMBER, OWN(uid), false },
	{ "cgroupId", NUMBER, OWN(cgroup_id), false },
	{ "cgroupLevel", NUMBER, OWN(cgroup_level), false },
	{ "cgroupClassid", NUMBER, OWN(cgroup_classid), false },
};

static int
read_number(const struct xb_value *v, size_t bytes, u64 *number, struct xb_err *err)
{
	bool negative = v->text && v->text[0] == '-';
	u64 limit = bytes == 8 ? UINT64_MAX : (1ull << 8 * bytes) - 1;
	char *end;

	if (v->kind != XB_VALUE_NUMBER)
		return fail(v, err, "expected a number");
	errno = 0;
	*number = negative ? (u64)strtoll(v->text, &end, 10) : strtoull(v->text, &end, 10);
	if (*end || errno)
		return fail(v, err, "expected an integer");
	if (negative ? (s64)*number < -(s64)(limit / 2) - 1 : *number > limit)
		return fail(v, err, "out of range");
	return 0;
}

/* The cgroups above the socket's, from level 1 on. */
static int
set_ancestors(struct xb_sock_info *sock, const struct xb_value *v, struct xb_err *err)
{
	u64 *to = sock->cgroup_above;

	if (v->kind != XB_VALUE_ARRAY || v->cnt > XB_SOCK_CGROUPS_ABOVE)
		return fail(v, err, "expected an array of at most 8 ids of cgroups");
	for (const struct xb_value *e = v->first; e; e = e->next)
		if (read_number(e, sizeof(*to), to++, err) != 0)
			return xb_err_prefix(err, "%s", v->key);
	return 0;
}

static int
set_sock_member(struct xb_sock_info *sock, const struct xb_value *v, struct xb_err *err)
{
	size_t i = 0;
	u8 *to;
	u64 n = 0;

	if (!strcmp(v->key, "cgroupAncestors"))
		return set_ancestors(sock, v, err);
	while (i < XB_ARRAY_SIZE(sock_rows) && strcmp(sock_rows[i].name, v->key))
		i++;
	if (i == XB_ARRAY_SIZE(sock_rows))
		return fail(v, err, "no field of a socket");
	to = (u8 *)sock + sock_rows[i].off;
	if (sock_rows[i].form != NUMBER && v->kind == XB_VALUE_STRING) {
		int family = sock_rows[i].form == IP4 ? AF_INET : AF_INET6;

		return inet_pton(family, v->text, to) == 1 ? 0
		                                           : fail(v, err, "expected an address");
	}
	if (sock_rows[i].form == IP6)
		return fail(v, err, "expected an IPv6 address");
	if (read_number(v, sock_rows[i].bytes, &n, err) != 0)
		return -1;
	if (sock_rows[i].wire_order)
		n = htons((u16)n);
	memcpy(to, &n, sock_rows[i].bytes);
	return 0;
}

static int
set_sock(struct xb_ctx_opts *ctx, const struct xb_value *v, struct xb_err *err)
{
	struct xb_sock_info *sock = &ctx->skb.sock;

	if (xb_ctx_has(ctx, "sk"))
		return 0;
	if (v->kind == XB_VALUE_NULL) {
		ctx->skb.sock_kind = XB_SKB_SOCK_NONE;
		return 0;
	}
	if (v->kind != XB_VALUE_OBJECT)
		return fail(v, err, "expected an object, or null for no socket");
	*sock = (struct xb_sock_info){ .cgroup_id = 1, .uapi.rx_queue_mapping = -1 };
	ctx->skb.sock_kind = XB_SKB_SOCK_GIVEN;
	for (const struct xb_value *m = v->first; m; m = m->next)
		if (set_sock_member(sock, m, err) != 0)
			return xb_err_prefix(err, "sock");
	return 0;
}

static int
set_dev(struct xb_ctx_opts *ctx, const struct xb_value *v, struct xb_err *err)
{
	struct xb_value ifindex;

	if (v->kind != XB_VALUE_OBJECT || v->cnt != 1 || strcmp(v->first->key, "ifIndex") != 0)
		return fail(v, err, "expected {\"ifIndex\": NUMBER}");
	ifindex = *v->first;
	ifindex.key = "ifindex";
	return xb_ctx_set_value(ctx, &ifindex, err);
}

static int
set_cb(struct xb_ctx_opts *ctx, const struct xb_value *v, struct xb_err *err)
{
	char key[] = "cb[0]";

	if (v->kind != XB_VALUE_ARRAY || v->cnt > XB_ARRAY_SIZE(ctx->skb.cb))
		return fail(v, err, "expected an array of at most 5 numbers");
	for (const struct xb_value *e = v->first; e; e = e->next) {
		struct xb_value word = *e;

		word.key = key;
		if (xb_ctx_set_value(ctx, &word, err) != 0)
			return -1;
		key[3]++;
	}
	return 0;
}

/* Members that are no plain fields. */
static const struct {
	const char *name;
	int (*set)(struct xb_ctx_opts *ctx, const struct xb_value *v, struct xb_err *err);
} parts[] = {
	{ "sock", set_sock },
	{ "dev", set_dev },
	{ "cb", set_cb },
};

static int
set_member(struct xb_ctx_opts *ctx, const struct xb_value *v, struct xb_err *err)
{
	int rc;

	for (size_t i = 0; i < XB_ARRAY_SIZE(parts); i++)
		if (!strcmp(parts[i].name, v->key))
			return parts[i].set(ctx, v, err);
	rc = xb_ctx_set_value(ctx, v, err);
	if (rc != 0) {
		xb_err_prefix(err, "line %u, column %u", v->line, v->col);
		err->kind = XB_ERR_FILE;
	}
	return rc;
}

/* No key twice: the second would be lost. */
static int
check_keys(const struct xb_value *object, struct xb_err *err)
{
	for (const struct xb_value *m = object->first; m; m = m->next)
		for (const struct xb_value *k = m->next; k; k = k->next)
			if (!strcmp(m->key, k->key))
				return fail(k, err, "is there twice");
	return 0;
}

static int
take_ctx(struct xb_ctx_opts *ctx, const struct xb_value *root, struct xb_err *err)
{
	const struct xb_value *type, *fields;

	if (root->kind != XB_VALUE_OBJECT)
		return fail(root, err, "expected an object");
	type = xb_value_member(root, "type");
	fields = xb_value_member(root, "ctx");
	for (const struct xb_value *m = root->first; m; m = m->next)
		if (m != type && m != fields && strcmp(m->key, "name") != 0)
			return fail(m, err, "expected name, type or ctx");
	if (!type || type->kind != XB_VALUE_STRING ||
	    (strcmp(type->text, "sk_buff") != 0 && strcmp(type->text, "xdp_md") != 0))
		return fail(type ? type : root, err,
		            "expected \"type\" to be \"sk_buff\" or \"xdp_md\"");
	if (!fields || fields->kind != XB_VALUE_OBJECT)
		return fail(fields ? fields : root, err, "expected \"ctx\" to be an object");
	if (check_keys(root, err) != 0 || check_keys(fields, err) != 0)
		return -1;
	for (const struct xb_value *m = fields->first; m; m = m->next)
		if (set_member(ctx, m, err) != 0)
			return -1;
	return 0;
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
