/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sk_reuseport_priv.h"

#include "emu/ctx_field.h"
#include "emu/vcpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* None is stored to. */
static const struct xb_ctx_field fields[] = {
#define FIELD(field, ...)                                                                          \
	{                                                                                          \
		.name = #field, .off = offsetof(struct sk_reuseport_md, field), .bytes = 4,        \
		.most = 4, __VA_ARGS__                                                             \
	}
	XB_CTX_FIELD8(data, 0),
	XB_CTX_FIELD8(data_end, 8),
	FIELD(len, .least = 1),
	FIELD(eth_protocol, .least = 2, .kept = 2),
	FIELD(ip_protocol, .least = 1, .kept = 2),
	FIELD(bind_inany, .least = 1, .kept = 1),
	FIELD(hash, .least = 4),
	XB_CTX_FIELD8(sk, 40),
	XB_CTX_FIELD8(migrating_sk, 48),
#undef FIELD
};

static const struct xb_ctx_layout layout = { "sk_reuseport_md", fields, XB_ARRAY_SIZE(fields) };

_Static_assert(sizeof(struct sk_reuseport_md) == 56, "wire layout");

static u32
ctx_bytes(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return sizeof(struct sk_reuseport_md);
}

/* cf. net/core/filter.c: sk_reuseport_is_valid_access */
static bool
ctx_plain(const struct xb_bpf_prog *prog, const struct bpf_insn *insn, u32 off)
{
	(void)prog;
	return xb_ctx_plain_load(&layout, insn, off);
}

static void
ctx_access(struct xb_proc *proc, const struct bpf_insn *insn, s32 off, u64 *value)
{
	const struct xb_sk_reuseport *r = proc->run;

	xb_ctx_load(proc, &layout, r->md, insn, off, value);
}

/* 0 stands for the first of them (cf. kernel/bpf/syscall.c: bpf_prog_load_check_attach). */
static int
check(const union bpf_attr *attr)
{
	switch (attr->expected_attach_type) {
	case 0:
	case BPF_SK_REUSEPORT_SELECT:
	case BPF_SK_REUSEPORT_SELECT_OR_MIGRATE:
		return 0;
	default:
		return -EINVAL;
	}
}

static const struct xb_prog_type type = {
	.type = BPF_PROG_TYPE_SK_REUSEPORT,
	.name = "sk_reuseport",
	.ctx_bytes = ctx_bytes,
	.ctx_plain = ctx_plain,
	.ctx_access = ctx_access,
	.check = check,
};

void
xb_sk_reuseport_register(struct xb_emu *emu)
{
	xb_prog_type_register(emu, &type);
	xb_sk_reuseport_register_helpers(emu);
}

struct xb_sk_reuseport *
xb_sk_reuseport_new(struct xb_emu *emu, u32 vcpu, struct xb_err *err)
{
	struct xb_sk_reuseport *r = calloc(1, sizeof(*r));
	const struct xb_site_opts opts = {
		.vcpu = vcpu,
		.data_name = "packet",
		.data_bytes = XB_SK_REUSEPORT_MAX_BYTES,
		.ctx_name = layout.name,
		.ctx_bytes = sizeof(*r->md),
		.read_only = true,
		.run = r,
	};

	if (!r) {
		xb_err_errno(err, ENOMEM, "choice of a socket");
		return NULL;
	}
	if (xb_site_init(&r->site, emu, &opts, err) != 0) {
		free(r);
		return NULL;
	}
	r->md = r->site.ctx;
	return r;
}

void
xb_sk_reuseport_free(struct xb_sk_reuseport *r)
{
	if (!r)
		return;
	xb_site_fini(&r->site);
	free(r);
}

/* cf. net/ipv4/inet_connection_sock.c: inet_rcv_saddr_any */
static bool
inet_rcv_saddr_any(const struct xb_sock *sock)
{
	const struct bpf_sock *sk = &sock->info.uapi;
	const u32 none[4] = { 0 };

	return sk->family == AF_INET6 ? !memcmp(sk->src_ip6, none, sizeof(none)) : !sk->src_ip4;
}

/* cf. net/core/filter.c: bpf_init_reuseport_kern */
static void
fill_md(struct xb_sk_reuseport *r, const struct xb_sk_reuseport_in *in)
{
	u64 sk = in->sk->full, migrating = in->migrating ? in->migrating->common : 0;
	struct sk_reuseport_md *md = r->md;

	memset(md, 0, sizeof(*md));
	memcpy(&md->data, &r->site.window.start, sizeof(u64));
	memcpy(&md->data_end, &r->site.window.end, sizeof(u64));
	md->len = r->bytes - r->transport_off;
	md->eth_protocol = in->eth_protocol;
	md->ip_protocol = in->sk->info.uapi.protocol;
	md->bind_inany = inet_rcv_saddr_any(in->sk);
	md->hash = in->hash;
	memcpy(&md->sk, &sk, sizeof(sk));
	memcpy(&md->migrating_sk, &migrating, sizeof(migrating));
}

int
xb_sk_reuseport_load(struct xb_sk_reuseport *r, const struct xb_sk_reuseport_in *in,
                     struct xb_err *err)
{
	u32 linear = in->linear_bytes ? in->linear_bytes : in->bytes;
	u64 gaddr = r->site.data_region->gaddr;

	if (in->bytes > XB_SK_REUSEPORT_MAX_BYTES)
		return xb_err_set(err, XB_ERR_USAGE, "packet of %u bytes: expected at most %u",
		                  in->bytes, XB_SK_REUSEPORT_MAX_BYTES);
	if (in->net_off > in->transport_off || in->transport_off > linear || linear > in->bytes)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "packet of %u bytes, %u linear: headers at %u and %u", in->bytes,
		                  linear, in->net_off, in->transport_off);
	if (!in->sk)
		return xb_err_set(err, XB_ERR_USAGE, "packet: expected a socket, found none");
	memcpy(r->site.data, in->packet, in->bytes);
	r->bytes = in->bytes;
	r->linear_bytes = linear;
	r->net_off = in->net_off;
	r->transport_off = in->transport_off;
	r->sk = in->sk;
	xb_window_move(r->site.mem, &r->site.window, gaddr + in->transport_off, gaddr + linear);
	fill_md(r, in);
	return 0;
}

void
xb_sk_reuseport_run(struct xb_sk_reuseport *r, const struct xb_bpf_prog *prog,
                    struct xb_sk_reuseport_out *out)
{
	*out = (struct xb_sk_reuseport_out){ .retval = SK_DROP };
	r->selected = NULL;
	xb_emu_run_begin(r->site.emu, r->site.proc->vcpu);
	out->status = xb_proc_run(r->site.proc, xb_bpf_prog_vm(prog), r->site.ctx_region->gaddr);
	out->insns = r->site.proc->insns;
	if (XB_LIKELY(out->status == XB_RUN_EXIT))
		out->retval = (u32)r->site.proc->r[0];
	else
		out->fault = &r->site.proc->fault;
	if (out->retval == SK_PASS) {
		out->selected = r->selected;
		out->verdict = r->selected ? XB_SK_REUSEPORT_SELECT : XB_SK_REUSEPORT_HASH;
	}
	xb_emu_run_end(r->site.emu, r->site.proc->vcpu);
}
