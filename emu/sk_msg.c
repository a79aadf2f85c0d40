/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sk_msg_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A field of the context. Each is loaded as a whole, and none is stored to. */
static const struct field {
	const char *name;
	u32 off, bytes, each; /* of each of the numbers in it */
} fields[] = {
#define FIELD(field, each)                                                                         \
	{                                                                                          \
#field, offsetof(struct sk_msg_md, field), sizeof(((struct sk_msg_md *)0)->field), \
		        each                                                                       \
	}
	{ "data", 0, 8, 8 },  { "data_end", 8, 8, 8 }, FIELD(family, 4),    FIELD(remote_ip4, 4),
	FIELD(local_ip4, 4),  FIELD(remote_ip6, 4),    FIELD(local_ip6, 4), FIELD(remote_port, 4),
	FIELD(local_port, 4), FIELD(size, 4),          { "sk", 72, 8, 8 },
#undef FIELD
};

_Static_assert(sizeof(struct sk_msg_md) == 80, "wire layout");

static u32
ctx_bytes(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return sizeof(struct sk_msg_md);
}

static const struct field *
field_at(u32 off)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(fields); i++)
		if (off >= fields[i].off && off - fields[i].off < fields[i].bytes)
			return &fields[i];
	return NULL;
}

/* cf. net/core/filter.c: sk_msg_is_valid_access */
static bool
plain(const struct bpf_insn *insn, u32 off)
{
	const struct field *f = field_at(off);
	u32 bytes = xb_insn_bytes(insn->code);

	return f && BPF_CLASS(insn->code) == BPF_LDX && bytes == f->each && off % bytes == 0;
}

static bool
ctx_plain(const struct xb_bpf_prog *prog, const struct bpf_insn *insn, u32 off)
{
	(void)prog;
	return plain(insn, off);
}

/* An access that is not plain; or one that is, by an address that was not known at load. */
static void
ctx_access(struct xb_proc *proc, const struct bpf_insn *insn, s32 off, u64 *value)
{
	const struct xb_sk_msg *m = proc->run;
	const struct field *f = field_at((u32)off);
	u32 bytes = xb_insn_bytes(insn->code);

	if (plain(insn, (u32)off)) {
		*value = 0;
		memcpy(value, (const u8 *)m->md + off, bytes);
	} else if (!f) {
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid bpf_context access off=%d size=%u: sk_msg_md has no field "
		              "there",
		              off, bytes);
	} else {
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid bpf_context access off=%d size=%u: '%s' of sk_msg_md "
		              "cannot be %s",
		              off, bytes, f->name,
		              BPF_CLASS(insn->code) == BPF_LDX ? "loaded this way" : "stored to");
	}
}

static const struct xb_prog_type type = {
	.type = BPF_PROG_TYPE_SK_MSG,
	.name = "sk_msg",
	.ctx_bytes = ctx_bytes,
	.ctx_plain = ctx_plain,
	.ctx_access = ctx_access,
};

void
xb_sk_msg_register(struct xb_emu *emu)
{
	xb_prog_type_register(emu, &type);
	xb_sk_msg_register_helpers(emu);
}

static int
map_regions(struct xb_sk_msg *m, struct xb_err *err)
{
	const struct xb_region_opts pages = { .name = "message", .bytes = 2 * (u64)XB_SK_MSG_HALF };
	const struct xb_region_opts ctx = {
		.name = "sk_msg_md", .bytes = sizeof(struct sk_msg_md), .low = true, .opaque = true
	};

	m->pages = xb_mem_map(m->mem, &pages, err);
	m->ctx_region = xb_mem_map(m->mem, &ctx, err);
	if (!m->pages || !m->ctx_region)
		return -1;
	m->base = xb_mem_host(m->mem, m->pages->gaddr);
	m->md = xb_mem_host(m->mem, m->ctx_region->gaddr);
	return 0;
}

struct xb_sk_msg *
xb_sk_msg_new(struct xb_emu *emu, u32 vcpu, struct xb_err *err)
{
	struct xb_sk_msg *m = calloc(1, sizeof(*m));

	if (!m) {
		xb_err_errno(err, ENOMEM, "message");
		return NULL;
	}
	m->emu = emu;
	m->mem = emu->mem;
	if (map_regions(m, err) != 0)
		goto free_msg;
	m->proc = xb_proc_new(emu->vm, vcpu, err);
	if (!m->proc)
		goto free_msg;
	m->proc->run = m;
	return m;

free_msg:
	xb_sk_msg_free(m);
	return NULL;
}

void
xb_sk_msg_free(struct xb_sk_msg *m)
{
	if (!m)
		return;
	xb_proc_free(m->proc);
	xb_mem_unmap(m->mem, m->ctx_region);
	xb_mem_unmap(m->mem, m->pages);
	free(m);
}

/* What the program sees of the socket (cf. net/core/filter.c: sk_msg_convert_ctx_access). */
static void
show_sock(struct xb_sk_msg *m, const struct xb_sock *sock)
{
	const struct bpf_sock *sk = &sock->info.uapi;
	struct sk_msg_md *md = m->md;

	md->family = sk->family;
	md->remote_ip4 = sk->dst_ip4;
	md->local_ip4 = sk->src_ip4;
	memcpy(md->remote_ip6, sk->dst_ip6, sizeof(md->remote_ip6));
	memcpy(md->local_ip6, sk->src_ip6, sizeof(md->local_ip6));
	md->remote_port = (u32)sk->dst_port << 16;
	md->local_port = sk->src_port;
	memcpy(&md->sk, &sock->full, sizeof(sock->full));
}

static void
load(struct xb_sk_msg *m)
{
	xb_sk_msg_place(m, &m->in);
	show_sock(m, m->in.sock);
	xb_sk_msg_compute_data_pointers(m);
}

int
xb_sk_msg_load(struct xb_sk_msg *m, const struct xb_sk_msg_in *in, struct xb_err *err)
{
	u64 bytes = 0;

	if (in->elem_cnt > XB_SK_MSG_MAX_ELEMS)
		return xb_err_set(err, XB_ERR_USAGE, "message of %u elements: expected at most %u",
		                  in->elem_cnt, XB_SK_MSG_MAX_ELEMS);
	for (u32 i = 0; i < in->elem_cnt; i++)
		bytes += in->elems[i].bytes;
	if (bytes > XB_SK_MSG_MAX_BYTES)
		return xb_err_set(err, XB_ERR_USAGE, "message of %llu bytes: expected at most %u",
		                  (unsigned long long)bytes, XB_SK_MSG_MAX_BYTES);
	m->in = *in;
	load(m);
	return 0;
}

static void
fill_elems(const struct xb_sk_msg *m, struct xb_sk_msg_out *out)
{
	out->bytes = m->size;
	out->elem_cnt = m->elem_cnt;
	for (u32 i = 0; i < m->elem_cnt; i++)
		out->elems[i] = (struct xb_sk_msg_elem){ m->base + m->elems[i].off,
			                                 m->elems[i].length, m->elems[i].copy };
}

/* cf. net/core/skmsg.c: sk_psock_map_verd */
static enum xb_sk_msg_verdict
sk_psock_map_verd(u32 retval, const struct xb_sock *redir)
{
	if (retval != SK_PASS)
		return XB_SK_MSG_DROP;
	return redir ? XB_SK_MSG_REDIRECT : XB_SK_MSG_PASS;
}

void
xb_sk_msg_run(struct xb_sk_msg *m, const struct xb_bpf_prog *prog, struct xb_sk_msg_out *out)
{
	*out = (struct xb_sk_msg_out){ .retval = SK_DROP };
	m->apply_bytes = m->cork_bytes = 0;
	m->sk_redir = NULL;
	m->ingress = false;
	xb_sk_msg_compute_data_pointers(m);
	xb_emu_run_begin(m->emu);
	out->status = xb_proc_run(m->proc, prog->vm, m->ctx_region->gaddr);
	out->insns = m->proc->insns;
	if (XB_LIKELY(out->status == XB_RUN_EXIT)) {
		out->retval = (u32)m->proc->r[0];
		out->apply_bytes = m->apply_bytes;
		out->cork_bytes = m->cork_bytes;
		out->verdict = sk_psock_map_verd(out->retval, m->sk_redir);
	} else {
		out->fault = &m->proc->fault;
		load(m);
	}
	if (out->verdict == XB_SK_MSG_REDIRECT) {
		out->redirect = m->sk_redir;
		out->ingress = m->ingress;
	}
	xb_emu_run_end(m->emu);
	fill_elems(m, out);
}
