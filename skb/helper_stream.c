/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_stream.c - helpers of SK_SKB programs, at what a socket in a SOCKMAP receives: room in
 * front of it, and which other socket it goes to.
 */
#include "skb/skb_priv.h"

#include "emu/map_sock.h"

#include <errno.h>
#include <string.h>

#define MAX_DIFF 0xfffu

/* cf. net/core/filter.c: sk_skb_adjust_room */
static int
adjust_room(struct xb_skb *s, s32 diff, u32 mode, u64 flags)
{
	u32 bytes = diff < 0 ? -(u32)diff : (u32)diff;
	int ret;

	if (flags || mode)
		return -EINVAL;
	if (bytes > MAX_DIFF)
		return -EFAULT;
	if (diff < 0) {
		ret = skb_ensure_writable(s, bytes); /* cf. pskb_may_pull */
		if (!ret)
			skb_pull(s, bytes);
		return ret;
	}
	ret = skb_cow(s, bytes);
	if (ret)
		return ret;
	skb_push(s, bytes);
	memset(skb_data(s), 0, bytes);
	return 0;
}

static u64
skb_adjust_room(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	int ret = adjust_room(s, (s32)a[1].u, (u32)a[2].u, a[3].u);

	skb_sync(s);
	return skb_ret(ret);
}

static u64
redirect(struct xb_skb *s, const struct xb_map *map, const void *key, u64 flags)
{
	const struct xb_sock *sk = xb_sock_map_redirect(map, key, flags);

	if (!sk)
		return SK_DROP;
	s->sk_redir = sk;
	s->sk_ingress = flags & BPF_F_INGRESS;
	return SK_PASS;
}

static u64
sk_redirect_map(struct xb_proc *proc, const union xb_arg *a)
{
	u32 key = (u32)a[2].u;

	return redirect(skb_of(proc), a[1].map, &key, a[3].u);
}

static u64
sk_redirect_hash(struct xb_proc *proc, const union xb_arg *a)
{
	return redirect(skb_of(proc), a[1].map, a[2].mem, a[3].u);
}

/* Of the task that runs, not of the socket (cf. bpf_get_cgroup_classid_curr). */
static u64
get_cgroup_classid(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return skb_of(proc)->in.ctx->cgroup_classid;
}

/* A row as SKB_ROW_OF() writes it, for one type of map. */
#define REDIRECT(helper, map, key)                                                                 \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = helper,                            \
		.args = { XB_ARG_CTX, XB_ARG_MAP, (key), XB_ARG_ANY }, .prog_types = SKB_STREAM,   \
		.map_types = XB_MAP_TYPE_BIT(BPF_MAP_TYPE_##map),                                  \
		.source = "net/core/sock_map.c: bpf_" #helper,                                     \
	}

static const struct xb_helper rows[] = {
	SKB_ROW_OF(skb_adjust_room, SKB_STREAM, XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY),
	SKB_ROW_OF(get_cgroup_classid, SKB_STREAM, XB_ARG_ANY),
	REDIRECT(sk_redirect_map, SOCKMAP, XB_ARG_ANY),
	REDIRECT(sk_redirect_hash, SOCKHASH, XB_ARG_MAP_KEY),
};

SKB_TABLE(skb_helpers_stream);
