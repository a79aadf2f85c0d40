/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sk_reuseport_priv.h"

#include "vm/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A field of the context. None is stored to. */
static const struct field {
	const char *name;
	u8 off, bytes;
	u8 least; /* bytes that a load has to have: all, or a part that is as wide */
	u8 kept;  /* bytes that Linux keeps of it, where that is less than 4 */
} fields[] = {
#define FIELD(field, ...)                                                                          \
	{                                                                                          \
		.name = #field, .off = offsetof(struct sk_reuseport_md, field), __VA_ARGS__        \
	}
	{ .name = "data", .off = 0, .bytes = 8, .least = 8 },
	{ .name = "data_end", .off = 8, .bytes = 8, .least = 8 },
	FIELD(len, .bytes = 4, .least = 1),
	FIELD(eth_protocol, .bytes = 4, .least = 2, .kept = 2),
	FIELD(ip_protocol, .bytes = 4, .least = 1, .kept = 2),
	FIELD(bind_inany, .bytes = 4, .least = 1, .kept = 1),
	FIELD(hash, .bytes = 4, .least = 4),
	{ .name = "sk", .off = 40, .bytes = 8, .least = 8 },
	{ .name = "migrating_sk", .off = 48, .bytes = 8, .least = 8 },
#undef FIELD
};

_Static_assert(sizeof(struct sk_reuseport_md) == 56, "wire layout");

static u32
ctx_bytes(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return sizeof(struct sk_reuseport_md);
}

static const struct field *
field_at(u32 off)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(fields); i++)
		if (off >= fields[i].off && off - fields[i].off < fields[i].bytes)
			return &fields[i];
	return NULL;
}

static bool
sk_reuseport_is_valid_access(const struct field *f, const struct bpf_insn *insn, u32 off)
{
	u32 bytes = xb_insn_bytes(insn->code);

	if (!f || BPF_CLASS(insn->code) != BPF_LDX || off % bytes)
		return false;
	return bytes >= f->least && bytes <= f->bytes;
}

/*
 * A load that is as wide as what Linux keeps gives that, from wherever in the field it is (cf.
 * kernel/bpf/verifier.c: convert_ctx_accesses).
 */
static u32
load_off(const struct field *f, u32 off, u32 bytes)
{
	return f->kept && bytes >= f->kept ? f->off : off;
}

static bool
ctx_plain(const struct xb_bpf_prog *prog, const struct bpf_insn *insn, u32 off)
{
	const struct field *f = field_at(off);

	(void)prog;
	return sk_reuseport_is_valid_access(f, insn, off) &&
	       load_off(f, off, xb_insn_bytes(insn->code)) == off;
}

static void
ctx_access(struct xb_proc *proc, const struct bpf_insn *insn, s32 at, u64 *value)
{
	const struct xb_sk_reuseport *r = proc->run;
	u32 off = (u32)at, bytes = xb_insn_bytes(insn->code);
	const struct field *f = field_at(off);

	if (sk_reuseport_is_valid_access(f, insn, off)) {
		*value = 0;
		memcpy(value, (const u8 *)r->md + load_off(f, off, bytes), bytes);
	} else if (!f) {
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid bpf_context access off=%d size=%u: sk_reuseport_md has no "
		              "field there",
		              at, bytes);
	} else {
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid bpf_context access off=%d size=%u: '%s' of sk_reuseport_md "
		              "cannot be %s",
		              at, bytes, f->name,
		              BPF_CLASS(insn->code) == BPF_LDX ? "loaded this way" : "stored to");
	}
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

static int
map_regions(struct xb_sk_reuseport *r, struct xb_err *err)
{
	const struct xb_region_opts packet = { .name = "packet",
		                               .bytes = XB_SK_REUSEPORT_MAX_BYTES };
	const struct xb_region_opts ctx = { .name = "sk_reuseport_md",
		                            .bytes = sizeof(struct sk_reuseport_md),
		                            .low = true,
		                            .opaque = true };

	r->packet = xb_mem_map(r->mem, &packet, err);
	r->ctx_region = xb_mem_map(r->mem, &ctx, err);
	if (!r->packet || !r->ctx_region)
		return -1;
	r->base = xb_mem_host(r->mem, r->packet->gaddr);
	r->md = xb_mem_host(r->mem, r->ctx_region->gaddr);
	r->window.read_only = true;
	return 0;
}

struct xb_sk_reuseport *
xb_sk_reuseport_new(struct xb_emu *emu, u32 vcpu, struct xb_err *err)
{
	struct xb_sk_reuseport *r = calloc(1, sizeof(*r));

	if (!r) {
		xb_err_errno(err, ENOMEM, "choice of a socket");
		return NULL;
	}
	r->emu = emu;
	r->mem = emu->mem;
	if (map_regions(r, err) != 0)
		goto free_choice;
	r->proc = xb_proc_new(emu->vm, vcpu, err);
	if (!r->proc)
		goto free_choice;
	r->proc->run = r;
	return r;

free_choice:
	xb_sk_reuseport_free(r);
	return NULL;
}

void
xb_sk_reuseport_free(struct xb_sk_reuseport *r)
{
	if (!r)
		return;
	xb_proc_free(r->proc);
	xb_mem_unmap(r->mem, r->ctx_region);
	xb_mem_unmap(r->mem, r->packet);
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
	memcpy(&md->data, &r->window.start, sizeof(u64));
	memcpy(&md->data_end, &r->window.end, sizeof(u64));
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
	u64 gaddr = r->packet->gaddr;

	if (in->bytes > XB_SK_REUSEPORT_MAX_BYTES)
		return xb_err_set(err, XB_ERR_USAGE, "packet of %u bytes: expected at most %u",
		                  in->bytes, XB_SK_REUSEPORT_MAX_BYTES);
	if (in->net_off > in->transport_off || in->transport_off > linear || linear > in->bytes)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "packet of %u bytes, %u linear: headers at %u and %u", in->bytes,
		                  linear, in->net_off, in->transport_off);
	if (!in->sk)
		return xb_err_set(err, XB_ERR_USAGE, "packet: expected a socket, found none");
	memcpy(r->base, in->packet, in->bytes);
	r->bytes = in->bytes;
	r->linear_bytes = linear;
	r->net_off = in->net_off;
	r->transport_off = in->transport_off;
	r->sk = in->sk;
	xb_window_move(r->mem, &r->window, gaddr + in->transport_off, gaddr + linear);
	fill_md(r, in);
	return 0;
}

void
xb_sk_reuseport_run(struct xb_sk_reuseport *r, const struct xb_bpf_prog *prog,
                    struct xb_sk_reuseport_out *out)
{
	*out = (struct xb_sk_reuseport_out){ .retval = SK_DROP };
	r->selected = NULL;
	xb_emu_run_begin(r->emu);
	out->status = xb_proc_run(r->proc, prog->vm, r->ctx_region->gaddr);
	out->insns = r->proc->insns;
	if (XB_LIKELY(out->status == XB_RUN_EXIT))
		out->retval = (u32)r->proc->r[0];
	else
		out->fault = &r->proc->fault;
	if (out->retval == SK_PASS) {
		out->selected = r->selected;
		out->verdict = r->selected ? XB_SK_REUSEPORT_SELECT : XB_SK_REUSEPORT_HASH;
	}
	xb_emu_run_end(r->emu);
}
