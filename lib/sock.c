/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock.c - "sock" and "flowKeys" of an sk_buff: the socket that a packet belongs to, and the keys
 * that a flow dissector finds.
 */
#include "lib/context_priv.h"

#include <arpa/inet.h>
#include <string.h>

/* How a member is written. */
enum form {
	NUMBER,
	SIGNED,    /* -1 too, for none */
	PORT,      /* a number of 16 bits in a field that has more */
	WIRE_PORT, /* as people write it, held in wire order */
	WIRE_WORD, /* likewise, of 32 bits */
	IP4,
	IP6,
};

struct row {
	const char *name;
	enum form form;
	size_t off, bytes;
};

#define UAPI(field) offsetof(struct xb_sock_info, uapi.field), sizeof(((struct bpf_sock *)0)->field)
#define OWN(field)  offsetof(struct xb_sock_info, field), sizeof(((struct xb_sock_info *)0)->field)
#define FLOW(field)                                                                                \
	offsetof(struct bpf_flow_keys, field), sizeof(((struct bpf_flow_keys *)0)->field)

static const struct row sock_rows[] = {
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

/* "ip" is read apart: addresses of IPv4 and of IPv6 lie in the same place. */
static const struct row flow_rows[] = {
	{ "nhoff", NUMBER, FLOW(nhoff) },
	{ "thoff", NUMBER, FLOW(thoff) },
	{ "addrProto", NUMBER, FLOW(addr_proto) },
	{ "isFrag", NUMBER, FLOW(is_frag) },
	{ "isFirstFrag", NUMBER, FLOW(is_first_frag) },
	{ "isEncap", NUMBER, FLOW(is_encap) },
	{ "ipProto", NUMBER, FLOW(ip_proto) },
	{ "nProto", NUMBER, FLOW(n_proto) },
	{ "sport", WIRE_PORT, FLOW(sport) },
	{ "dport", WIRE_PORT, FLOW(dport) },
	{ "flags", NUMBER, FLOW(flags) },
	{ "flowLabel", WIRE_WORD, FLOW(flow_label) },
};

static const struct row *
find_row(const struct row *rows, size_t cnt, const char *name)
{
	for (size_t i = 0; i < cnt; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

/* "" is no address, as in files that have all keys. */
static int
read_address(struct ctx_reader *r, const struct xb_value *v, bool v6, u8 *to)
{
	const char *text;

	if (v->kind != XB_VALUE_STRING)
		return ctx_fail(r, v, "expected an %s address", v6 ? "IPv6" : "IPv4");
	if (ctx_text(r, v, &text) != 0)
		return -1;
	if (!*text || inet_pton(v6 ? AF_INET6 : AF_INET, text, to) == 1)
		return 0;
	return ctx_fail(r, v, "expected an %s address", v6 ? "IPv6" : "IPv4");
}

static int
read_number(struct ctx_reader *r, const struct xb_value *v, const struct row *row, u64 *to)
{
	u64 max = row->bytes == 8 ? UINT64_MAX : (1ull << 8 * row->bytes) - 1;

	if (row->form == SIGNED && v->text && !strcmp(v->text, "-1")) {
		*to = UINT64_MAX;
		return 0;
	}
	if (row->form == PORT)
		max = UINT16_MAX;
	if (row->form == SIGNED)
		max = INT32_MAX;
	return ctx_u64(r, v, max, to);
}

static int
read_row(struct ctx_reader *r, const struct xb_value *v, const struct row *row, u8 *to)
{
	u64 n = 0;

	if (row->form == IP6 || (row->form == IP4 && v->kind == XB_VALUE_STRING))
		return read_address(r, v, row->form == IP6, to);
	if (v->kind == XB_VALUE_BOOL && row->bytes == 1)
		n = v->truth;
	else if (read_number(r, v, row, &n) != 0)
		return -1;
	if (row->form == WIRE_PORT)
		n = htons((u16)n);
	else if (row->form == WIRE_WORD)
		n = htonl((u32)n);
	memcpy(to, &n, row->bytes); /* little-endian */
	return 0;
}

/* The cgroups above the socket's, from level 1 on. */
static int
read_ancestors(struct ctx_reader *r, const struct xb_value *v, struct xb_sock_info *sock)
{
	u64 *to = sock->cgroup_above;

	if (v->kind != XB_VALUE_ARRAY || v->cnt > XB_SOCK_CGROUPS_ABOVE)
		return ctx_fail(r, v, "expected an array of at most 8 ids of cgroups");
	for (const struct xb_value *e = v->first; e; e = e->next)
		if (ctx_u64(r, e, UINT64_MAX, to++) != 0)
			return -1;
	return 0;
}

int
ctx_read_sock(struct ctx_reader *r, const struct xb_value *v, struct xb_ctx_fields *to)
{
	struct xb_sock_info sock = { .cookie = 1, .cgroup_id = 1, .uapi.rx_queue_mapping = -1 };

	if (xb_ctx_has(to, "sk"))
		return ctx_fail(r, v, "given twice: there is \"sk\", too");
	if (v->kind != XB_VALUE_NULL && v->kind != XB_VALUE_OBJECT)
		return ctx_fail(r, v, "expected an object, or null for no socket");
	for (const struct xb_value *m = v->first; m; m = m->next) {
		const struct row *row = find_row(sock_rows, XB_ARRAY_SIZE(sock_rows), m->key);
		int rc;

		if (row)
			rc = read_row(r, m, row, (u8 *)&sock + row->off);
		else if (!strcmp(m->key, "cgroupAncestors"))
			rc = read_ancestors(r, m, &sock);
		else
			rc = ctx_fail(r, m, "no field of a socket");
		if (rc != 0)
			return -1;
	}
	to->skb.sock = sock;
	to->skb.sock_kind = v->kind == XB_VALUE_NULL ? XB_SKB_SOCK_NONE : XB_SKB_SOCK_GIVEN;
	xb_ctx_mark(to, "sk");
	return 0;
}

static void
write_address(struct xb_json *j, const char *key, bool v6, const void *from)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(v6 ? AF_INET6 : AF_INET, from, text, sizeof(text));
	xb_json_string(j, key, text);
}

static void
write_row(struct xb_json *j, const struct row *row, const u8 *from)
{
	static const u8 zeros[16];
	u64 n = 0;

	if (row->form == IP4 || row->form == IP6) {
		if (memcmp(from, zeros, row->bytes))
			write_address(j, row->name, row->form == IP6, from);
		return;
	}
	memcpy(&n, from, row->bytes);
	if (row->form == SIGNED)
		xb_json_s64(j, row->name, (s32)n);
	else if (row->form == WIRE_PORT)
		xb_json_u64(j, row->name, ntohs((u16)n));
	else if (row->form == WIRE_WORD)
		xb_json_u64(j, row->name, ntohl((u32)n));
	else
		ctx_write_u64(j, row->name, n);
}

void
ctx_write_sock(struct xb_json *j, const struct xb_sock_info *sock)
{
	u32 above = XB_SOCK_CGROUPS_ABOVE;

	xb_json_open_object(j, "sock");
	for (size_t i = 0; i < XB_ARRAY_SIZE(sock_rows); i++)
		write_row(j, &sock_rows[i], (const u8 *)sock + sock_rows[i].off);
	while (above && !sock->cgroup_above[above - 1])
		above--;
	if (above) {
		xb_json_open_array(j, "cgroupAncestors");
		for (u32 i = 0; i < above; i++)
			ctx_write_u64(j, NULL, sock->cgroup_above[i]);
		xb_json_close_array(j);
	}
	xb_json_close_object(j);
}

static void
give(struct xb_skb_ctx *ctx, size_t off, size_t bytes)
{
	for (size_t i = off; i < off + bytes; i++)
		ctx->flow_keys_given |= 1ull << i;
}

/* "ADDRESS", or ["SOURCE", "DESTINATION"], both of one kind. */
static int
read_ip(struct ctx_reader *r, const struct xb_value *v, struct xb_skb_ctx *ctx)
{
	const struct xb_value *src = v, *dst = NULL;
	struct bpf_flow_keys *keys = &ctx->flow_keys;
	bool v6;

	if (v->kind == XB_VALUE_ARRAY) {
		src = v->first;
		dst = v->cnt == 2 ? src->next : NULL;
	}
	if ((v->kind == XB_VALUE_ARRAY && !dst) || src->kind != XB_VALUE_STRING)
		return ctx_fail(r, v, "expected an address, or an array of source and destination");
	v6 = strchr(src->text, ':') != NULL;
	if (read_address(r, src, v6, v6 ? (u8 *)keys->ipv6_src : (u8 *)&keys->ipv4_src) != 0 ||
	    (dst &&
	     read_address(r, dst, v6, v6 ? (u8 *)keys->ipv6_dst : (u8 *)&keys->ipv4_dst) != 0))
		return -1;
	if (*src->text && v6)
		give(ctx, FLOW(ipv6_src));
	else if (*src->text)
		give(ctx, FLOW(ipv4_src));
	if (dst && v6)
		give(ctx, FLOW(ipv6_dst));
	else if (dst)
		give(ctx, FLOW(ipv4_dst));
	return 0;
}

int
ctx_read_flow_keys(struct ctx_reader *r, const struct xb_value *v, struct xb_ctx_fields *to)
{
	if (v->kind == XB_VALUE_NULL)
		return 0;
	if (ctx_expect(r, v, XB_VALUE_OBJECT) != 0)
		return -1;
	for (const struct xb_value *m = v->first; m; m = m->next) {
		const struct row *row = find_row(flow_rows, XB_ARRAY_SIZE(flow_rows), m->key);
		int rc;

		if (row)
			rc = read_row(r, m, row, (u8 *)&to->skb.flow_keys + row->off);
		else if (!strcmp(m->key, "ip"))
			rc = read_ip(r, m, &to->skb);
		else
			rc = ctx_fail(r, m, "there is no such key of a flow");
		if (rc != 0)
			return -1;
		if (row)
			give(&to->skb, row->off, row->bytes);
	}
	xb_ctx_mark(to, "flowKeys");
	return 0;
}

static bool
is_given(const struct xb_skb_ctx *ctx, size_t off)
{
	return ctx->flow_keys_given >> off & 1;
}

/* IPv6's destination begins behind IPv4's two addresses. */
static void
write_ip(struct xb_json *j, const struct xb_skb_ctx *ctx)
{
	const struct bpf_flow_keys *keys = &ctx->flow_keys;
	size_t src = offsetof(struct bpf_flow_keys, ipv6_src);
	bool v6 = is_given(ctx, src + 8);
	size_t dst = v6 ? offsetof(struct bpf_flow_keys, ipv6_dst)
	                : offsetof(struct bpf_flow_keys, ipv4_dst);

	if (!is_given(ctx, src))
		return;
	if (!is_given(ctx, dst)) {
		write_address(j, "ip", v6, keys->ipv6_src);
		return;
	}
	xb_json_open_array(j, "ip");
	write_address(j, NULL, v6, keys->ipv6_src);
	write_address(j, NULL, v6, (const u8 *)keys + dst);
	xb_json_close_array(j);
}

void
ctx_write_flow_keys(struct xb_json *j, const struct xb_skb_ctx *ctx)
{
	xb_json_open_object(j, "flowKeys");
	for (size_t i = 0; i < XB_ARRAY_SIZE(flow_rows); i++)
		if (is_given(ctx, flow_rows[i].off))
			write_row(j, &flow_rows[i], (const u8 *)&ctx->flow_keys + flow_rows[i].off);
	write_ip(j, ctx);
	xb_json_close_object(j);
}
