/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_sock_ops.c - helpers of SOCK_OPS programs (cf. net/core/filter.c: sock_ops_func_proto).
 */
#include "emu/helper.h"
#include "emu/map_sock.h"
#include "emu/sock_ops_priv.h"
#include "emu/world.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#define TCP_HEADER     20u
#define TCPOPT_EXP     254u /* RFC 6994: a number of 16 or 32 bits follows, who it is of */
#define TCPOPT_EXP_TOO 253u

static struct xb_sock_ops *
ops_of(const struct xb_proc *proc)
{
	return proc->run;
}

static u64
ret(long value)
{
	return (u64)(s64)value;
}

/* Bytes with options in them. */
struct options {
	const u8 *at, *end;
};

/* An option looked for: of a kind, and where there is a magic number, with that. */
struct wanted {
	u8 kind, magic_bytes;
	const u8 *magic;
};

/*
 * Where it is, and NULL with the reason otherwise: -ENOMSG, or -EFAULT where the options make no
 * sense. *eol: their end is marked. (cf. bpf_search_tcp_opt)
 */
static const u8 *
search_tcp_opt(struct options o, const struct wanted *w, int *err, bool *eol)
{
	*eol = false;
	*err = -ENOMSG;
	while (o.at < o.end && *o.at != TCPOPT_EOL) {
		const u8 *op = o.at;

		if (*op == TCPOPT_NOP) {
			o.at++;
			continue;
		}
		if (o.end - op < 2 || o.end - op < op[1] || op[1] < 2) {
			*err = -EFAULT;
			return NULL;
		}
		if (*op == w->kind && !w->magic_bytes)
			return op;
		if (*op == w->kind && w->magic_bytes > op[1] - 2)
			return NULL;
		if (*op == w->kind && memcmp(op + 2, w->magic, w->magic_bytes) == 0)
			return op;
		o.at += op[1];
	}
	*eol = o.at < o.end;
	return NULL;
}

static bool
is_experimental(u8 kind)
{
	return kind == TCPOPT_EXP || kind == TCPOPT_EXP_TOO;
}

static bool
has_no_length(u8 kind)
{
	return kind == TCPOPT_NOP || kind == TCPOPT_EOL;
}

static struct options
options_of(const u8 *header, u32 bytes)
{
	return (struct options){ header + TCP_HEADER, header + bytes };
}

/* The options to look at: those of the packet, or of the SYN. */
static int
options_to_load(const struct xb_sock_ops *s, u64 flags, struct options *o)
{
	if (flags & BPF_LOAD_HDR_OPT_TCP_SYN) {
		*o = options_of(s->syn, s->in.syn_bytes);
		return s->in.syn ? 0 : -ENOENT; /* cf. bpf_sock_ops_get_syn */
	}
	*o = options_of(s->header, s->header_bytes);
	return !s->in.packet.header || s->in.op == BPF_SOCK_OPS_HDR_OPT_LEN_CB ? -EPERM : 0;
}

/* The first bytes of what the program gives are what it wants. */
static int
wanted_of(const u8 *search, u32 len, struct wanted *w)
{
	*w = (struct wanted){ .kind = search[0] };
	if (search[1] > len || has_no_length(search[0]))
		return -EINVAL;
	if (!is_experimental(search[0]))
		return search[1] ? -EINVAL : 0;
	if (search[1] != 4 && search[1] != 6)
		return -EINVAL;
	w->magic = search + 2;
	w->magic_bytes = (u8)(search[1] - 2);
	return 0;
}

static long
do_load_hdr_opt(const struct xb_sock_ops *s, u8 *res, u32 len, u64 flags)
{
	struct options o;
	struct wanted w;
	const u8 *op;
	bool eol;
	int err;

	if (!xb_sock_ops_op_is_locked(s))
		return -EOPNOTSUPP;
	if (len < 2 || flags & ~(u64)BPF_LOAD_HDR_OPT_TCP_SYN)
		return -EINVAL;
	err = wanted_of(res, len, &w);
	if (!err)
		err = options_to_load(s, flags, &o);
	if (err)
		return err;
	op = search_tcp_opt(o, &w, &err, &eol);
	if (!op)
		return err;
	memcpy(res, op, op[1] < len ? op[1] : len);
	return op[1] > len ? -ENOSPC : op[1];
}

static u64
load_hdr_opt(struct xb_proc *proc, const union xb_arg *a)
{
	return ret(do_load_hdr_opt(ops_of(proc), a[1].mem, (u32)a[2].u, a[3].u));
}

/* Whether it may be written: there is none such yet, and the options have no end. */
static int
check_new(const struct xb_sock_ops *s, const u8 *opt)
{
	struct wanted w = { .kind = opt[0] };
	bool eol;
	int err;

	if (is_experimental(opt[0])) {
		if (opt[1] < 4)
			return -EINVAL;
		w.magic = opt + 2;
		w.magic_bytes = 2;
	}
	if (search_tcp_opt(options_of(s->header, s->header_bytes), &w, &err, &eol))
		return -EEXIST;
	if (err != -ENOMSG)
		return err;
	return eol ? -ENOSPC : 0;
}

static long
do_store_hdr_opt(struct xb_sock_ops *s, const u8 *from, u32 len, u64 flags)
{
	int err;

	if (s->in.op != BPF_SOCK_OPS_WRITE_HDR_OPT_CB)
		return -EPERM;
	if (len < 2 || flags || from[1] > len || has_no_length(from[0]))
		return -EINVAL;
	if (from[1] > s->room)
		return -ENOSPC;
	err = check_new(s, from);
	if (err)
		return err;
	memcpy(s->header + s->header_bytes, from, from[1]);
	s->room -= from[1];
	s->header_bytes += from[1];
	xb_sock_ops_sync(s);
	return 0;
}

static u64
store_hdr_opt(struct xb_proc *proc, const union xb_arg *a)
{
	return ret(do_store_hdr_opt(ops_of(proc), a[1].mem, (u32)a[2].u, a[3].u));
}

static u64
reserve_hdr_opt(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_sock_ops *s = ops_of(proc);
	u32 len = (u32)a[1].u;

	if (s->in.op != BPF_SOCK_OPS_HDR_OPT_LEN_CB)
		return ret(-EPERM);
	if (a[2].u || len < 2)
		return ret(-EINVAL);
	if (len > s->room)
		return ret(-ENOSPC);
	s->room -= len;
	return 0;
}

/* cf. net/core/sock_map.c: sock_map_op_okay */
static bool
sock_map_op_okay(const struct xb_sock_ops *s)
{
	return s->in.op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB ||
	       s->in.op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB ||
	       s->in.op == BPF_SOCK_OPS_TCP_LISTEN_CB;
}

static u64
map_update(const struct xb_sock_ops *s, const union xb_arg *a)
{
	if (!sock_map_op_okay(s))
		return ret(-EOPNOTSUPP);
	return ret(xb_sock_map_put(a[1].map, a[2].mem, s->in.sock, a[3].u));
}

static u64
sock_map_update(struct xb_proc *proc, const union xb_arg *a)
{
	return map_update(ops_of(proc), a);
}

static u64
sock_hash_update(struct xb_proc *proc, const union xb_arg *a)
{
	return map_update(ops_of(proc), a);
}

/* cf. bpf_sock_ops_cb_flags_set: what it does not know comes back */
static u64
sock_ops_cb_flags_set(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_sock_ops *s = ops_of(proc);
	u32 flags = (u32)a[1].u;

	if (!xb_sock_ops_op_is_locked(s))
		return ret(-EOPNOTSUPP);
	if (!xb_sock_is_full(s->in.sock))
		return ret(-EINVAL);
	s->cb_flags = flags & BPF_SOCK_OPS_ALL_CB_FLAGS;
	xb_sock_ops_sync(s);
	return ret((s32)(flags & ~(u32)BPF_SOCK_OPS_ALL_CB_FLAGS));
}

/* cf. bpf_get_socket_cookie_sock_ops */
static u64
get_socket_cookie(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return ops_of(proc)->in.sock->info.cookie;
}

/* cf. bpf_get_netns_cookie_sock_ops */
static u64
get_netns_cookie(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return xb_proc_emu(proc)->world->netns_cookie;
}

/* cf. bpf_event_output_data */
static u64
perf_event_output(struct xb_proc *proc, const union xb_arg *a)
{
	if (a[2].u & ~(u64)BPF_F_INDEX_MASK)
		return ret(-EINVAL);
	return ret(xb_perf_output(xb_proc_emu(proc), proc, a[1].map, a[2].u, a[3].mem, (u32)a[4].u,
	                          NULL, 0));
}

#define ROW(helper, file, ...)                                                                     \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = helper,                            \
		.prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SOCK_OPS),                            \
		.source = "net/core/" file, __VA_ARGS__                                            \
	}

#define TYPE(t) XB_MAP_TYPE_BIT(BPF_MAP_TYPE_##t)

static const struct xb_helper rows[] = {
	ROW(load_hdr_opt, "filter.c: bpf_sock_ops_load_hdr_opt",
	    .args = { XB_ARG_CTX, XB_ARG_MEM_W, XB_ARG_SIZE, XB_ARG_ANY }),
	ROW(store_hdr_opt, "filter.c: bpf_sock_ops_store_hdr_opt",
	    .args = { XB_ARG_CTX, XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_ANY }),
	ROW(reserve_hdr_opt, "filter.c: bpf_sock_ops_reserve_hdr_opt",
	    .args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY }),
	ROW(sock_map_update, "sock_map.c: bpf_sock_map_update",
	    .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_MAP_KEY, XB_ARG_ANY },
	    .map_types = TYPE(SOCKMAP)),
	ROW(sock_hash_update, "sock_map.c: bpf_sock_hash_update",
	    .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_MAP_KEY, XB_ARG_ANY },
	    .map_types = TYPE(SOCKHASH)),
	ROW(sock_ops_cb_flags_set, "filter.c: bpf_sock_ops_cb_flags_set",
	    .args = { XB_ARG_CTX, XB_ARG_ANY }),
	ROW(get_socket_cookie, "filter.c: bpf_get_socket_cookie_sock_ops", .args = { XB_ARG_CTX }),
	ROW(get_netns_cookie, "filter.c: bpf_get_netns_cookie_sock_ops",
	    .args = { XB_ARG_CTX_OR_NULL }, .state = XB_HELPER_WORLD),
	ROW(perf_event_output, "filter.c: bpf_event_output_data",
	    .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_ANY, XB_ARG_MEM, XB_ARG_SIZE_OR_0 },
	    .map_types = TYPE(PERF_EVENT_ARRAY), .gpl_only = true),
};

void
xb_sock_ops_register_helpers(struct xb_emu *emu)
{
	xb_helper_register_ctx(emu, rows, XB_ARRAY_SIZE(rows));
}
