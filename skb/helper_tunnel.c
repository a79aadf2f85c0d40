/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_tunnel.c - what a packet is to be wrapped in: the metadata that a program leaves for a
 * tunnel device (collect_md).
 *
 * What is set is meant for sending, what is got is meant to come from the other end: a program that
 * gets what it has set finds the two addresses in each other's place. (cf.
 * include/net/ip_tunnels.h: struct ip_tunnel_info)
 */
#include "skb/skb_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef BPF_F_NO_TUNNEL_KEY
#define BPF_F_NO_TUNNEL_KEY (1ull << 4) /* later than some installed headers */
#endif

#define OPTS_MAX        255u /* cf. IP_TUNNEL_OPTS_MAX */
#define FLOWLABEL_MASK  0xfffffu
#define KEY_END(member) offsetof(struct bpf_tunnel_key, member)

_Static_assert(sizeof(struct bpf_tunnel_key) == 44, "wire layout");

/* As programs see them in tunnel_flags, which has wire order. */
enum {
	TUNNEL_CSUM = 0x0001,
	TUNNEL_KEY = 0x0004,
	TUNNEL_SEQ = 0x0008,
	TUNNEL_DONT_FRAGMENT = 0x0100,
	TUNNEL_GENEVE_OPT = 0x0800,
	TUNNEL_VXLAN_OPT = 0x1000,
	TUNNEL_NOCACHE = 0x2000,
	TUNNEL_ERSPAN_OPT = 0x4000,
	TUNNEL_OPTIONS_PRESENT = 0xd800, /* these, and GTP's */
};

struct skb_tunnel {
	bool received; /* it is of the packet that came in, and not to be altered */
	bool ipv6;
	struct bpf_tunnel_key key; /* as it was set */
	u16 flags;                 /* TUNNEL_* */
	u32 opts_bytes;
	u8 opts[OPTS_MAX];
};

void
skb_tunnel_free(struct xb_skb *s)
{
	free(s->tunnel);
	s->tunnel = NULL;
}

int
skb_tunnel_new(struct xb_skb *s, struct xb_err *err)
{
	s->tunnel = calloc(1, sizeof(*s->tunnel));
	if (!s->tunnel)
		return xb_err_errno(err, ENOMEM, "a tunnel's metadata");
	return 0;
}

/* Options of the interface's kind. */
static u16
opt_flag(const char *kind)
{
	static const struct {
		const char *kind;
		u16 flag;
	} rows[] = { { "geneve", TUNNEL_GENEVE_OPT },
		     { "vxlan", TUNNEL_VXLAN_OPT },
		     { "erspan", TUNNEL_ERSPAN_OPT } };

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].kind, kind))
			return rows[i].flag;
	return 0;
}

static u32
host_ip4(const struct xb_world_addr *a)
{
	u32 wire;

	memcpy(&wire, a->bytes, sizeof(wire));
	return __builtin_bswap32(wire);
}

/* As the other end had set it: its own address is the local one. */
static void
fill(struct skb_tunnel *t, const struct xb_world_tunnel *w, const char *kind)
{
	*t = (struct skb_tunnel){ .received = true, .ipv6 = w->local.family == AF_INET6 };
	t->key.tunnel_id = w->id;
	t->key.tunnel_tos = w->tos;
	t->key.tunnel_ttl = w->ttl;
	t->key.tunnel_label = w->label;
	if (t->ipv6) {
		memcpy(t->key.local_ipv6, w->remote.bytes, sizeof(t->key.local_ipv6));
		memcpy(t->key.remote_ipv6, w->local.bytes, sizeof(t->key.remote_ipv6));
	} else {
		t->key.local_ipv4 = host_ip4(&w->remote);
		t->key.remote_ipv4 = host_ip4(&w->local);
	}
	t->flags = (u16)((w->key ? TUNNEL_KEY : 0) | (w->csum ? TUNNEL_CSUM : 0) |
	                 (w->seq ? TUNNEL_SEQ : 0) | (w->df ? TUNNEL_DONT_FRAGMENT : 0));
	if (w->opts_bytes)
		t->flags |= opt_flag(kind);
	t->opts_bytes = w->opts_bytes;
	memcpy(t->opts, w->opts, w->opts_bytes);
}

void
skb_tunnel_receive(struct xb_skb *s, const struct xb_skb_ctx *ctx)
{
	const struct xb_world *w = s->emu->world;
	const struct xb_world_link *link = xb_world_link(w, ctx->ifindex);

	for (u32 i = 0; link && ctx->at_ingress && i < w->tunnel_cnt; i++) {
		if (w->tunnels[i].ifindex != ctx->ifindex)
			continue;
		fill(s->tunnel, &w->tunnels[i], link->kind);
		s->tunnel_set = true;
	}
}

/* A key's size today, and those that it had. Of the first there are IPv4 addresses alone. */
static bool
is_key_size(u32 size)
{
	static const u32 sizes[] = { sizeof(struct bpf_tunnel_key), KEY_END(local_ipv6[0]),
		                     KEY_END(tunnel_label), KEY_END(tunnel_ext),
		                     KEY_END(remote_ipv6[1]) };

	for (size_t i = 0; i < XB_ARRAY_SIZE(sizes); i++)
		if (size == sizes[i])
			return true;
	return false;
}

static int
check_get(const struct xb_skb *s, u32 size, u64 flags)
{
	if (!s->tunnel_set || flags & ~(u64)(BPF_F_TUNINFO_IPV6 | BPF_F_TUNINFO_FLAGS))
		return -EINVAL;
	if (s->tunnel->ipv6 != !!(flags & BPF_F_TUNINFO_IPV6))
		return -EPROTO;
	if (!is_key_size(size) || (size == KEY_END(remote_ipv6[1]) && s->tunnel->ipv6))
		return -EINVAL;
	return 0;
}

/* The key as the other end would have sent it. */
static void
get_key(const struct skb_tunnel *t, u64 flags, struct bpf_tunnel_key *to)
{
	const struct bpf_tunnel_key *key = &t->key;

	*to = (struct bpf_tunnel_key){
		.tunnel_id = key->tunnel_id,
		.tunnel_tos = key->tunnel_tos,
		.tunnel_ttl = key->tunnel_ttl,
	};
	if (flags & BPF_F_TUNINFO_FLAGS)
		to->tunnel_flags = __builtin_bswap16(t->flags);
	if (t->ipv6) {
		memcpy(to->remote_ipv6, key->local_ipv6, sizeof(to->remote_ipv6));
		memcpy(to->local_ipv6, key->remote_ipv6, sizeof(to->local_ipv6));
		to->tunnel_label = key->tunnel_label & FLOWLABEL_MASK;
	} else {
		to->remote_ipv4 = key->local_ipv4;
		to->local_ipv4 = key->remote_ipv4;
	}
}

static u64
skb_get_tunnel_key(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_skb *s = skb_of(proc);
	u32 size = (u32)a[2].u;
	struct bpf_tunnel_key key;
	int ret = check_get(s, size, a[3].u);

	if (ret) {
		memset(a[1].mem, 0, size);
		return skb_ret(ret);
	}
	get_key(s->tunnel, a[3].u, &key);
	memcpy(a[1].mem, &key, size);
	return 0;
}

static u16
tunnel_flags(u64 flags)
{
	u16 to = TUNNEL_KEY | TUNNEL_CSUM | TUNNEL_NOCACHE;

	if (flags & BPF_F_DONT_FRAGMENT)
		to |= TUNNEL_DONT_FRAGMENT;
	if (flags & BPF_F_ZERO_CSUM_TX)
		to &= (u16)~TUNNEL_CSUM;
	if (flags & BPF_F_SEQ_NUMBER)
		to |= TUNNEL_SEQ;
	if (flags & BPF_F_NO_TUNNEL_KEY)
		to &= (u16)~TUNNEL_KEY;
	return to;
}

static u64
skb_set_tunnel_key(struct xb_proc *proc, const union xb_arg *a)
{
	const u64 allowed = BPF_F_TUNINFO_IPV6 | BPF_F_ZERO_CSUM_TX | BPF_F_DONT_FRAGMENT |
	                    BPF_F_SEQ_NUMBER | BPF_F_NO_TUNNEL_KEY;
	struct xb_skb *s = skb_of(proc);
	struct bpf_tunnel_key key = { 0 };
	u32 size = (u32)a[2].u;
	u64 flags = a[3].u;

	if (flags & ~allowed || !is_key_size(size))
		return skb_ret(-EINVAL);
	memcpy(&key, a[1].mem, size);
	if ((!(flags & BPF_F_TUNINFO_IPV6) && key.tunnel_label) || key.tunnel_ext)
		return skb_ret(-EINVAL);
	s->tunnel_set = true;
	s->tunnel->received = false;
	s->tunnel->ipv6 = flags & BPF_F_TUNINFO_IPV6;
	s->tunnel->key = key;
	s->tunnel->flags = tunnel_flags(flags);
	return 0;
}

static u64
skb_get_tunnel_opt(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_skb *s = skb_of(proc);
	const struct skb_tunnel *t = s->tunnel;
	u32 size = (u32)a[2].u;

	memset(a[1].mem, 0, size);
	if (!s->tunnel_set || !(t->flags & TUNNEL_OPTIONS_PRESENT))
		return skb_ret(-ENOENT);
	if (size < t->opts_bytes)
		return skb_ret(-ENOMEM);
	memcpy(a[1].mem, t->opts, t->opts_bytes);
	return t->opts_bytes;
}

static u64
skb_set_tunnel_opt(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	struct skb_tunnel *t = s->tunnel;
	u32 size = (u32)a[2].u;

	if (!s->tunnel_set || t->received || size % sizeof(u32))
		return skb_ret(-EINVAL);
	if (size > OPTS_MAX)
		return skb_ret(-ENOMEM);
	memcpy(t->opts, a[1].mem, size);
	t->opts_bytes = size;
	t->flags |= TUNNEL_OPTIONS_PRESENT;
	return 0;
}

static const struct xb_helper rows[] = {
	SKB_ROW_OF(skb_get_tunnel_key, SKB_TC | SKB_XMIT, XB_ARG_CTX, XB_ARG_MEM_W, XB_ARG_SIZE,
	           XB_ARG_ANY),
	SKB_ROW_OF(skb_set_tunnel_key, SKB_TC | SKB_XMIT, XB_ARG_CTX, XB_ARG_MEM, XB_ARG_SIZE,
	           XB_ARG_ANY),
	SKB_ROW_OF(skb_get_tunnel_opt, SKB_TC | SKB_XMIT, XB_ARG_CTX, XB_ARG_MEM_W, XB_ARG_SIZE),
	SKB_ROW_OF(skb_set_tunnel_opt, SKB_TC | SKB_XMIT, XB_ARG_CTX, XB_ARG_MEM, XB_ARG_SIZE),
};

SKB_TABLE(skb_helpers_tunnel);
