/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_tunnel.c - what packets were wrapped in that come in by a tunnel's interface.
 *
 *   [{"dev": "vxlan0", "remote": "192.0.2.9", "local": "192.0.2.1", "id": 42, "ttl": 64}]
 *
 * Keys are those of struct bpf_tunnel_key and of iproute2's encap; one row for an interface.
 * Options are of the kind that the interface's `info_kind` says.
 */
#include "emu/world_priv.h"

#include <string.h>

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int
set_opts(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct xb_world_tunnel *t = to;
	size_t len;

	if (v->kind != XB_VALUE_STRING)
		return world_fail(r, v, "expected hex digits");
	len = strlen(v->text);
	if (len % 8 || len / 2 > sizeof(t->opts))
		return world_fail(r, v, "expected 4 to %zu bytes, a multiple of 4",
		                  sizeof(t->opts) / 4 * 4);
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(v->text[i]), low = hex_digit(v->text[i + 1]);

		if (high < 0 || low < 0)
			return world_fail(r, v, "expected hex digits");
		t->opts[i / 2] = (u8)(high << 4 | low);
	}
	t->opts_bytes = (u32)(len / 2);
	return 0;
}

static const struct world_key keys[] = {
	WORLD_DEV("dev", xb_world_tunnel, ifindex),
	WORLD_ADDR("remote", xb_world_tunnel, remote),
	WORLD_ADDR("local", xb_world_tunnel, local),
	WORLD_NUMBER("id", xb_world_tunnel, id, UINT32_MAX),
	WORLD_NUMBER("tos", xb_world_tunnel, tos, UINT8_MAX),
	WORLD_NUMBER("ttl", xb_world_tunnel, ttl, UINT8_MAX),
	WORLD_NUMBER("label", xb_world_tunnel, label, 0xfffff),
	WORLD_BOOL("key", xb_world_tunnel, key),
	WORLD_BOOL("csum", xb_world_tunnel, csum),
	WORLD_BOOL("seq", xb_world_tunnel, seq),
	WORLD_BOOL("df", xb_world_tunnel, df),
	WORLD_CALL("opts", set_opts),
};

static int
read_tunnel(struct world_reader *r, const struct xb_value *v)
{
	static const char *const needed[] = { "dev", "remote", "local" };
	struct xb_world_tunnel t = { .key = true };
	struct xb_world_tunnel *to;
	int seen;

	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), &t) != 0)
		return -1;
	for (size_t i = 0; i < XB_ARRAY_SIZE(needed); i++)
		if (world_require(r, v, needed[i]) != 0)
			return -1;
	if (t.remote.family != t.local.family)
		return world_fail(r, xb_value_member(v, "local"), "is of another family");
	if (t.label && t.local.family == AF_INET)
		return world_fail(r, xb_value_member(v, "label"), "IPv4 has no flow label");
	seen = world_seen(r, "tunnel", &t.ifindex, sizeof(t.ifindex));
	if (seen)
		return seen < 0 ? -1 : world_fail(r, v, "the interface has one already");
	to = world_add(r, &r->w->tunnels, &r->w->tunnel_cnt, sizeof(*to));
	if (!to)
		return -1;
	*to = t;
	return 0;
}

int
world_read_tunnels(struct world_reader *r, const struct xb_value *v)
{
	return world_each(r, v, read_tunnel);
}
