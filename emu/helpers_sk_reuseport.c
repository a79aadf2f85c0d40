/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers_sk_reuseport.c - helpers of SK_REUSEPORT programs (cf. net/core/filter.c:
 * sk_reuseport_func_proto).
 *
 * Differs: sockets are of one group where they would have been when they were bound: what they are
 * now decides, not the order in which they came.
 */
#include "emu/captured.h"
#include "emu/helper.h"
#include "emu/helpers_priv.h"
#include "emu/map_sock.h"
#include "emu/sk_reuseport_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_RELATIVE_OFF 0xffffu

static struct xb_sk_reuseport *
choice_of(const struct xb_proc *proc)
{
	return proc->run;
}

/* cf. net/ipv4/inet_connection_sock.c: inet_rcv_saddr_equal, without wildcards */
static bool
inet_rcv_saddr_equal(const struct bpf_sock *a, const struct bpf_sock *b)
{
	if (a->family == AF_INET6)
		return !memcmp(a->src_ip6, b->src_ip6, sizeof(a->src_ip6));
	return a->src_ip4 == b->src_ip4;
}

/* Of the group. A listener that is closed has none any more; what migrates from it has. */
static u32
port_of(const struct xb_sk_reuseport *r)
{
	const struct xb_sock *migrating;
	u64 gaddr;

	memcpy(&gaddr, &r->md->migrating_sk, sizeof(gaddr));
	migrating = r->sk->info.uapi.src_port ? NULL : xb_sock_by_gaddr(r->site.emu, gaddr);
	return (migrating ? migrating : r->sk)->info.uapi.src_port;
}

/* cf. net/ipv4/udp.c: udp_reuseport_add_sock; inet_hashtables.c: inet_reuseport_add_sock */
static bool
is_same_group(const struct xb_sk_reuseport *r, const struct xb_sock *b)
{
	const struct xb_sock *a = r->sk;
	const struct bpf_sock *x = &a->info.uapi, *y = &b->info.uapi;

	return a == b ||
	       (x->protocol == y->protocol && x->family == y->family && a->v6only == b->v6only &&
	        port_of(r) == y->src_port && x->bound_dev_if == y->bound_dev_if &&
	        a->info.uid == b->info.uid && inet_rcv_saddr_equal(x, y));
}

static u64
sk_select_reuseport(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_sk_reuseport *r = choice_of(proc);
	const struct xb_sock *sk = r->sk, *selected = xb_sock_map_get(a[1].map, a[2].mem);

	if (!selected)
		return helper_ret(-ENOENT);
	if (!xb_sock_is_in_reuseport_group(selected))
		return helper_ret(a[1].map->type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY ? -ENOENT
		                                                                     : -EINVAL);
	if (!is_same_group(r, selected)) {
		if (sk->info.uapi.protocol != selected->info.uapi.protocol)
			return helper_ret(-EPROTOTYPE);
		return helper_ret(sk->info.uapi.family != selected->info.uapi.family ? -EAFNOSUPPORT
		                                                                     : -EBADFD);
	}
	r->selected = selected;
	return 0;
}

static u64
fail_cleared(void *to, u32 bytes)
{
	memset(to, 0, bytes);
	return helper_ret(-EFAULT);
}

/* cf. bpf_sk_reuseport_load_bytes */
static u64
skb_load_bytes(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sk_reuseport *r = choice_of(proc);
	u32 off = (u32)a[1].u, bytes = (u32)a[3].u, len = r->bytes - r->transport_off;

	if (off > len || bytes > len - off)
		return fail_cleared(a[2].mem, bytes);
	memmove(a[2].mem, r->site.data + r->transport_off + off, bytes);
	return 0;
}

/* Of the linear part alone (cf. bpf_sk_reuseport_load_bytes_relative). */
static u64
skb_load_bytes_relative(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sk_reuseport *r = choice_of(proc);
	u32 off = (u32)a[1].u, bytes = (u32)a[3].u, from = (u32)a[4].u;
	u64 at = (u64)off + (from == BPF_HDR_START_NET ? r->net_off : 0);

	if (off > MAX_RELATIVE_OFF || (from != BPF_HDR_START_MAC && from != BPF_HDR_START_NET) ||
	    at + bytes > r->linear_bytes)
		return fail_cleared(a[2].mem, bytes);
	memmove(a[2].mem, r->site.data + at, bytes);
	return 0;
}

/* cf. net/core/filter.c: bpf_get_socket_ptr_cookie */
static u64
get_socket_cookie(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return a[0].sock->info.cookie;
}

/* cf. bpf_get_cgroup_classid_curr */
static u64
get_cgroup_classid(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return xb_captured_call(proc, BPF_FUNC_get_cgroup_classid);
}

#define ROW(helper, src, ...)                                                                      \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = helper,                            \
		.prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SK_REUSEPORT),                        \
		.source = "net/core/filter.c: " src, __VA_ARGS__                                   \
	}

#define TYPE(t) XB_MAP_TYPE_BIT(BPF_MAP_TYPE_##t)

static const struct xb_helper rows[] = {
	ROW(sk_select_reuseport, "sk_select_reuseport",
	    .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_MAP_KEY, XB_ARG_ANY },
	    .map_types = TYPE(REUSEPORT_SOCKARRAY) | TYPE(SOCKMAP) | TYPE(SOCKHASH)),
	ROW(skb_load_bytes, "sk_reuseport_load_bytes",
	    .args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_MEM_W, XB_ARG_SIZE }),
	ROW(skb_load_bytes_relative, "sk_reuseport_load_bytes_relative",
	    .args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_MEM_W, XB_ARG_SIZE, XB_ARG_ANY }),
	ROW(get_socket_cookie, "bpf_get_socket_ptr_cookie", .args = { XB_ARG_SOCK_COMMON }),
	ROW(get_cgroup_classid, "bpf_get_cgroup_classid_curr", .args = { XB_ARG_ANY },
	    .state = XB_HELPER_CAPTURED),
};

void
xb_sk_reuseport_register_helpers(struct xb_emu *emu)
{
	xb_helper_register_ctx(emu, rows, XB_ARRAY_SIZE(rows));
}
