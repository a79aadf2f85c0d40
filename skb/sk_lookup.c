/* SPDX-License-Identifier: BSD-2-Clause */
#include "skb/sk_lookup.h"

#include "emu/ctx_field.h"
#include "emu/helper.h"
#include "emu/site.h"
#include "emu/test_run.h"
#include "emu/user.h"
#include "emu/vcpu.h"
#include "vm/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ATTACH_SK_LOOKUP 36u /* BPF_SK_LOOKUP */
#define PROTO_TCP        6u
#define PROTO_UDP        17u
#define MAX_PORT         65535u

_Static_assert(sizeof(struct bpf_sk_lookup) == 72, "wire layout");

/* One buffer of the emulator's, made for its first test run. */
struct lookup {
	struct xb_site site;       /* without data */
	struct bpf_sk_lookup *ctx; /* the site's context */
	const struct xb_sock *selected;
	bool no_reuseport;
};

/* Any aligned part of 1, 2 or 4 bytes may be loaded, and sk whole. */
#define FIELD(nm, ...)                                                                             \
	{                                                                                          \
		.name = #nm, .off = offsetof(struct bpf_sk_lookup, nm),                            \
		.bytes = sizeof(((struct bpf_sk_lookup *)0)->nm), .least = 1, .most = 4,           \
		__VA_ARGS__                                                                        \
	}

static const struct xb_ctx_field fields[] = {
	XB_CTX_FIELD8(sk, 0),
	FIELD(family, .kept = 2),
	FIELD(protocol, .kept = 2),
	FIELD(remote_ip4),
	FIELD(remote_ip6),
	{ .name = "remote_port",
	  .off = offsetof(struct bpf_sk_lookup, remote_port),
	  .bytes = 4, /* with zeros behind it */
	  .least = 1,
	  .most = 4 },
	FIELD(local_ip4),
	FIELD(local_ip6),
	FIELD(local_port, .kept = 2),
	FIELD(ingress_ifindex),
};

static const struct xb_ctx_layout layout = { "bpf_sk_lookup", fields, XB_ARRAY_SIZE(fields) };

static u32
ctx_bytes(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return sizeof(struct bpf_sk_lookup);
}

/* cf. net/core/filter.c: sk_lookup_is_valid_access */
static bool
ctx_plain(const struct xb_bpf_prog *prog, const struct bpf_insn *insn, u32 off)
{
	(void)prog;
	return off != 0 && xb_ctx_plain_load(&layout, insn, off);
}

static void
ctx_access(struct xb_proc *proc, const struct bpf_insn *insn, s32 off, u64 *value)
{
	struct lookup *l = proc->run;

	l->ctx->cookie = l->selected ? l->selected->full : 0; /* which is where sk is */
	xb_ctx_load(proc, &layout, l->ctx, insn, off, value);
}

/* Whether a socket may be chosen for what is looked up; 0 or -errno. */
static int
check_sock(const struct lookup *l, const struct xb_sock *sock)
{
	const struct bpf_sock *sk = &sock->info.uapi;

	if (sk->protocol == PROTO_TCP && sk->state != BPF_TCP_LISTEN)
		return -ESOCKTNOSUPPORT;
	if (sk->protocol == PROTO_UDP && sk->state != BPF_TCP_CLOSE)
		return -ESOCKTNOSUPPORT;
	if (sk->protocol != l->ctx->protocol)
		return -EPROTOTYPE;
	if (sk->family != l->ctx->family && (sk->family == AF_INET || sock->v6only))
		return -EAFNOSUPPORT;
	return 0;
}

/* cf. net/core/filter.c: bpf_sk_lookup_assign */
static u64
sk_lookup_assign(struct xb_proc *proc, const union xb_arg *a)
{
	struct lookup *l = proc->run;
	const struct xb_sock *sock = NULL;
	u64 flags = a[2].u;
	int ret = 0;

	if (a[1].u) {
		sock = xb_sock_by_gaddr(l->site.emu, a[1].u);
		if (!sock || a[1].u != sock->full)
			return xb_proc_fault(proc, XB_FAULT_BAD_ARGUMENT,
			                     "bpf_sk_assign: argument 2 (socket): not a socket");
	}
	if (flags & ~(u64)(BPF_SK_LOOKUP_F_REPLACE | BPF_SK_LOOKUP_F_NO_REUSEPORT))
		ret = -EINVAL;
	else if (sock)
		ret = check_sock(l, sock);
	if (ret == 0 && l->selected && !(flags & BPF_SK_LOOKUP_F_REPLACE))
		ret = -EEXIST;
	if (ret)
		return (u64)(s64)ret;
	l->selected = sock;
	l->no_reuseport = flags & BPF_SK_LOOKUP_F_NO_REUSEPORT;
	return 0;
}

/* The task that makes a test run is in no class of net_cls. */
static u64
get_cgroup_classid_curr(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	(void)a;
	return 0;
}

/* A test run's state. */
struct test {
	struct xb_emu *emu;
	const struct xb_bpf_prog *prog;
	union bpf_attr *attr;
	struct bpf_sk_lookup ctx; /* the caller's, in and out */
	struct lookup *l;
	u32 retval, duration_ns;
};

static int
read_ctx(struct test *t)
{
	const union bpf_attr *attr = t->attr;

	if (attr->test.flags || attr->test.cpu || attr->test.batch_size || attr->test.data_in ||
	    attr->test.data_size_in || attr->test.data_out || attr->test.data_size_out)
		return -EINVAL;
	if (!attr->test.ctx_in && !attr->test.ctx_out)
		return -EINVAL;
	return xb_test_read_ctx(attr, &t->ctx, sizeof(t->ctx));
}

static int
check_ctx(const struct test *t)
{
	if (t->ctx.sk || t->ctx.ingress_ifindex)
		return -EINVAL;
	if (t->ctx.local_port > MAX_PORT)
		return -ERANGE;
	if ((u16)t->ctx.family != AF_INET && (u16)t->ctx.family != AF_INET6)
		return -EAFNOSUPPORT;
	return 0;
}

/* What the kernel keeps of it: addresses of the family alone. */
static void
load_ctx(struct lookup *l, const struct bpf_sk_lookup *from)
{
	struct bpf_sk_lookup *to = l->ctx;

	memset(to, 0, sizeof(*to));
	to->family = (u16)from->family;
	to->protocol = (u16)from->protocol;
	to->local_port = (u16)from->local_port;
	memcpy(&to->remote_port, &from->remote_port, sizeof(u16));
	if (to->family == AF_INET) {
		to->remote_ip4 = from->remote_ip4;
		to->local_ip4 = from->local_ip4;
	} else {
		memcpy(to->remote_ip6, from->remote_ip6, sizeof(to->remote_ip6));
		memcpy(to->local_ip6, from->local_ip6, sizeof(to->local_ip6));
	}
}

/* cf. include/linux/filter.h: BPF_PROG_SK_LOOKUP_RUN_ARRAY, with one program */
static u32
run_once(struct test *t)
{
	struct lookup *l = t->l;
	u32 verdict = SK_DROP;

	l->selected = NULL;
	l->no_reuseport = false;
	xb_emu_run_begin(t->emu, l->site.proc->vcpu);
	if (xb_proc_run(l->site.proc, xb_bpf_prog_vm(t->prog), l->site.ctx_region->gaddr) ==
	            XB_RUN_EXIT &&
	    l->site.proc->r[0] == SK_PASS)
		verdict = SK_PASS;
	xb_emu_run_end(t->emu, l->site.proc->vcpu);
	if (verdict == SK_DROP)
		l->selected = NULL;
	return verdict;
}

static void
run_all(struct test *t)
{
	u32 repeat = xb_test_repeat(t->attr);
	u64 start = xb_test_now_ns();

	for (u32 i = 0; i < repeat && !t->emu->interrupted; i++) {
		t->retval = run_once(t);
		xb_test_interrupted(t->emu, i);
	}
	t->duration_ns = xb_test_each_ns(start, repeat);
}

/* Which socket it was shows by its cookie. */
static int
write_ctx(struct test *t)
{
	union bpf_attr *attr = t->attr;
	const struct xb_sock *sock = t->l->selected;

	if (sock && sock->reuseport && !t->l->no_reuseport)
		return -EOPNOTSUPP;
	t->ctx.cookie = sock ? sock->info.cookie : 0;
	attr->test.data_size_out = 0;
	attr->test.retval = t->retval;
	attr->test.duration = t->duration_ns;
	return xb_test_write_ctx(attr, &t->ctx, sizeof(t->ctx));
}

static void
lookup_free(struct lookup *l)
{
	if (!l)
		return;
	xb_site_fini(&l->site);
	free(l);
}

static struct lookup *
lookup_new(struct xb_emu *emu)
{
	struct lookup *l = calloc(1, sizeof(*l));
	const struct xb_site_opts opts = {
		.ctx_name = layout.name,
		.ctx_bytes = sizeof(*l->ctx),
		.run = l,
	};
	struct xb_err err = XB_ERR_INIT;

	if (!l)
		return NULL;
	if (xb_site_init(&l->site, emu, &opts, &err) != 0) {
		free(l);
		return NULL;
	}
	l->ctx = l->site.ctx;
	return l;
}

static void
fini(struct xb_emu *emu)
{
	lookup_free(emu->type_state[BPF_PROG_TYPE_SK_LOOKUP]);
	emu->type_state[BPF_PROG_TYPE_SK_LOOKUP] = NULL;
}

static long
test_run(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr)
{
	struct test t = { .emu = emu, .prog = prog, .attr = attr };
	void **state = &emu->type_state[BPF_PROG_TYPE_SK_LOOKUP];
	int ret = read_ctx(&t);

	if (ret == 0)
		ret = check_ctx(&t);
	if (ret)
		return ret;
	if (!*state)
		*state = lookup_new(emu);
	t.l = *state;
	if (!t.l)
		return -ENOMEM;
	load_ctx(t.l, &t.ctx);
	run_all(&t);
	return emu->interrupted ? -EINTR : write_ctx(&t);
}

/* cf. kernel/bpf/syscall.c: bpf_prog_load_check_attach */
static int
check(const union bpf_attr *attr)
{
	return attr->expected_attach_type == ATTACH_SK_LOOKUP ? 0 : -EINVAL;
}

static const struct xb_prog_type type = {
	.type = BPF_PROG_TYPE_SK_LOOKUP,
	.name = "sk_lookup",
	.ctx_bytes = ctx_bytes,
	.ctx_plain = ctx_plain,
	.ctx_access = ctx_access,
	.check = check,
	.test_run = test_run,
	.fini = fini,
};

static const struct xb_helper rows[] = {
	{
	        .id = BPF_FUNC_perf_event_output,
	        .name = "perf_event_output",
	        .fn = xb_event_output_data,
	        .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_ANY, XB_ARG_MEM, XB_ARG_SIZE_OR_0 },
	        .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SK_LOOKUP),
	        .map_types = XB_MAP_TYPE_BIT(BPF_MAP_TYPE_PERF_EVENT_ARRAY),
	        .gpl_only = true,
	        .source = "kernel/bpf/helpers.c: bpf_event_output_data",
	},
	{
	        .id = BPF_FUNC_get_cgroup_classid,
	        .name = "get_cgroup_classid",
	        .fn = get_cgroup_classid_curr,
	        .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SK_LOOKUP),
	        .source = "net/core/filter.c: bpf_get_cgroup_classid_curr",
	},
	{
	        .id = BPF_FUNC_sk_assign,
	        .name = "sk_assign",
	        .fn = sk_lookup_assign,
	        .args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY },
	        .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SK_LOOKUP),
	        .source = "net/core/filter.c: bpf_sk_lookup_assign",
	},
};

void
skb_sk_lookup_register(struct xb_emu *emu)
{
	xb_prog_type_register(emu, &type);
	xb_helper_register_ctx(emu, rows, XB_ARRAY_SIZE(rows));
}
