/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sk_msg_priv.h"
#include "emu/vcpu.h"

#include "emu/ctx_field.h"
#include "emu/sock_addrs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Each is loaded as a whole, and none is stored to. */
static const struct xb_ctx_field fields[] = {
#define FIELD(field)                                                                               \
	{                                                                                          \
		.name = #field, .off = offsetof(struct sk_msg_md, field),                          \
		.bytes = sizeof(((struct sk_msg_md *)0)->field), .least = 4, .most = 4             \
	}
	XB_CTX_FIELD8(data, 0), XB_CTX_FIELD8(data_end, 8),
	FIELD(family),          FIELD(remote_ip4),
	FIELD(local_ip4),       FIELD(remote_ip6),
	FIELD(local_ip6),       FIELD(remote_port),
	FIELD(local_port),      FIELD(size),
	XB_CTX_FIELD8(sk, 72),
#undef FIELD
};

static const struct xb_ctx_layout layout = { "sk_msg_md", fields, XB_ARRAY_SIZE(fields) };

_Static_assert(sizeof(struct sk_msg_md) == 80, "wire layout");

static u32
ctx_bytes(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return sizeof(struct sk_msg_md);
}

/* cf. net/core/filter.c: sk_msg_is_valid_access */
static bool
ctx_plain(const struct xb_bpf_prog *prog, const struct bpf_insn *insn, u32 off)
{
	(void)prog;
	return xb_ctx_plain_load(&layout, insn, off);
}

/* An access that is not plain; or one that is, by an address that was not known at load. */
static void
ctx_access(struct xb_proc *proc, const struct bpf_insn *insn, s32 off, u64 *value)
{
	const struct xb_sk_msg *m = proc->run;

	xb_ctx_load(proc, &layout, m->md, insn, off, value);
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

struct xb_sk_msg *
xb_sk_msg_new(struct xb_emu *emu, u32 vcpu, struct xb_err *err)
{
	struct xb_sk_msg *m = calloc(1, sizeof(*m));
	const struct xb_site_opts opts = {
		.vcpu = vcpu,
		.data_name = "message",
		.data_bytes = 2 * (u64)XB_SK_MSG_HALF,
		.ctx_name = layout.name,
		.ctx_bytes = sizeof(*m->md),
		.run = m,
	};

	if (!m) {
		xb_err_errno(err, ENOMEM, "message");
		return NULL;
	}
	if (xb_site_init(&m->site, emu, &opts, err) != 0) {
		free(m);
		return NULL;
	}
	m->md = m->site.ctx;
	return m;
}

void
xb_sk_msg_free(struct xb_sk_msg *m)
{
	if (!m)
		return;
	xb_site_fini(&m->site);
	free(m);
}

/* What the program sees of the socket (cf. net/core/filter.c: sk_msg_convert_ctx_access). */
static void
show_sock(struct xb_sk_msg *m, const struct xb_sock *sock)
{
	xb_sock_addrs_show(sock, &m->md->family);
	memcpy(&m->md->sk, &sock->full, sizeof(sock->full));
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
		out->elems[i] = (struct xb_sk_msg_elem){ m->site.data + m->elems[i].off,
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
	xb_emu_run_begin(m->site.emu, m->site.proc->vcpu);
	out->status = xb_proc_run(m->site.proc, xb_bpf_prog_vm(prog), m->site.ctx_region->gaddr);
	out->insns = m->site.proc->insns;
	if (XB_LIKELY(out->status == XB_RUN_EXIT)) {
		out->retval = (u32)m->site.proc->r[0];
		out->apply_bytes = m->apply_bytes;
		out->cork_bytes = m->cork_bytes;
		out->verdict = sk_psock_map_verd(out->retval, m->sk_redir);
	} else {
		out->fault = &m->site.proc->fault;
		load(m);
	}
	if (out->verdict == XB_SK_MSG_REDIRECT) {
		out->redirect = m->sk_redir;
		out->ingress = m->ingress;
	}
	xb_emu_run_end(m->site.emu, m->site.proc->vcpu);
	fill_elems(m, out);
}
