/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx_xdp.c - contexts of type xdp_md: a packet in an XDP buffer.
 */
#include "lib/context_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
read_member(struct ctx_reader *r, const struct xb_value *v, struct xb_context *c)
{
	if (!strcmp(v->key, "packet") || !strcmp(v->key, "packet_hex"))
		return ctx_read_packet(r, v, &c->packet, XB_XDP_MAX_BYTES);
	return xb_ctx_field_read(r, v, XB_CTX_HAS_XDP, &c->fields);
}

static int
xdp_read(struct ctx_reader *r, const struct xb_value *v, struct xb_context *c)
{
	if (ctx_expect(r, v, XB_VALUE_OBJECT) != 0)
		return -1;
	for (const struct xb_value *m = v->first; m; m = m->next)
		if (read_member(r, m, c) != 0)
			return -1;
	return 0;
}

static int
xdp_write(const struct xb_context *c, struct xb_json *j, struct xb_err *err)
{
	(void)err;
	xb_json_open_object(j, "ctx");
	ctx_write_packet(j, &c->packet);
	xb_ctx_fields_write(j, &c->fields, XB_CTX_HAS_XDP);
	xb_json_close_object(j);
	return 0;
}

static u32
headroom_of(const struct xb_ctx_fields *f)
{
	return xb_ctx_has(f, "headroom") ? f->headroom : XB_XDP_HEADROOM;
}

/* Of the page, before and behind the packet (cf. xdp/xdp_priv.h). */
static int
check_room(const struct xb_context *c, struct xb_err *err)
{
	u32 headroom = headroom_of(&c->fields), linux_bytes = c->fields.meta_bytes ? 40 : 0;
	u32 page = XB_XDP_LINEAR_BYTES + XB_XDP_HEADROOM - headroom, most;

	if (c->fields.meta_bytes + linux_bytes > headroom)
		return xb_err_set(
		        err, XB_ERR_USAGE,
		        "data_meta: %u bytes do not fit: a headroom of %u has room for %u",
		        c->fields.meta_bytes, headroom, headroom < 40 ? 0 : headroom - 40);
	most = c->packet.bytes < page ? page - c->packet.bytes : 0;
	if (xb_ctx_has(&c->fields, "tailroom") && c->fields.tailroom > most)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "tailroom: %u bytes do not fit: behind a headroom of %u and a "
		                  "packet of %u the page has %u",
		                  c->fields.tailroom, headroom, c->packet.bytes, most);
	return 0;
}

static int
check(const struct xb_bound_opts *o, struct xb_err *err)
{
	if (!o->prog)
		return xb_err_set(err, XB_ERR_USAGE, "xdp_md is a context of Linux's programs");
	if (xb_bpf_prog_type(o->prog) != BPF_PROG_TYPE_XDP)
		return xb_err_set(err, XB_ERR_USAGE, "xdp_md is no context of %s programs",
		                  xb_prog_type_name(o->prog->type));
	return check_room(o->context, err);
}

/* Of the page that a context is put into: the least that the buffer can be made with. */
static u32
page_headroom(const struct xb_context *c)
{
	u32 headroom = headroom_of(&c->fields);

	return headroom < 40 ? 40 : (u32)xb_align_up(headroom, 8);
}

static int
xdp_bind(struct xb_bound *b, struct xb_err *err)
{
	const struct xb_context *c = b->opts.context;
	struct xb_xdp_opts opts = { .vcpu = b->opts.vcpu };

	if (check(&b->opts, err) != 0)
		return -1;
	b->xdp_headroom = opts.headroom = page_headroom(c);
	b->xdp = xb_xdp_new(b->opts.emu, &opts, err);
	b->piece = malloc(XB_XDP_MOST_BYTES);
	if (!b->piece && b->xdp)
		return xb_err_errno(err, ENOMEM, "packet");
	if (!b->xdp)
		return -1;
	if (c->packet.bytes > xb_xdp_max_bytes(b->xdp))
		return xb_err_set(err, XB_ERR_USAGE,
		                  "packet: %u bytes do not fit behind a headroom of %u",
		                  c->packet.bytes, headroom_of(&c->fields));
	b->proc = xb_xdp_proc(b->xdp);
	return 0;
}

static bool
xdp_fits(const struct xb_bound *b, const struct xb_bound_opts *opts)
{
	const struct xb_context *c = opts->context;
	struct xb_err why;

	return check(opts, &why) == 0 && page_headroom(c) == b->xdp_headroom &&
	       c->packet.bytes <= xb_xdp_max_bytes(b->xdp);
}

static void
xdp_unbind(struct xb_bound *b)
{
	xb_xdp_free(b->xdp);
}

static int
xdp_load(struct xb_bound *b, struct xb_err *err)
{
	const struct xb_context *c = b->opts.context;
	const struct xb_ctx_fields *f = &c->fields;
	const struct xb_xdp_in in = {
		.data = c->packet.data,
		.bytes = c->packet.bytes,
		.meta = f->meta,
		.meta_bytes = f->meta_bytes,
		/* As a test run has it (cf. net/bpf/test_run.c: xdp_convert_md_to_buff). */
		.ingress_ifindex = f->ingress_ifindex ? f->ingress_ifindex : 1,
		.rx_queue_index = f->rx_queue_index,
		.egress_ifindex = f->egress_ifindex,
		.has_room = true,
		.headroom = headroom_of(f),
		.tailroom = xb_ctx_has(f, "tailroom") ? f->tailroom : UINT32_MAX,
	};

	(void)err;
	xb_xdp_load(b->xdp, &in);
	return 0;
}

static void
xdp_begin(struct xb_bound *b)
{
	xb_xdp_begin(b->xdp, b->opts.prog);
}

static void
xdp_end(struct xb_bound *b, enum xb_run_status status, struct xb_bound_out *out)
{
	struct xb_xdp_out *x = &b->xdp_out;

	xb_xdp_end(b->xdp, b->opts.prog, status, x);
	xb_xdp_copy(b->xdp, 0, x->bytes, b->piece);
	*out = (struct xb_bound_out){
		.status = x->status,
		.r0 = x->fault ? x->retval : b->proc->r[0],
		.fault = x->fault,
		.insns = x->insns,
		.data = b->piece,
		.bytes = x->bytes,
	};
}

/* The packet as it is, with the room that is left around it. */
static int
xdp_save(struct xb_bound *b, struct xb_context *to, struct xb_err *err)
{
	const struct xb_context *c = b->opts.context;
	const struct xb_xdp_out *x = &b->xdp_out;
	struct xb_ctx_fields *f = &to->fields;

	*f = c->fields;
	f->meta_bytes = x->meta_bytes;
	memcpy(f->meta, x->meta, x->meta_bytes);
	f->headroom = (u32)((s32)headroom_of(&c->fields) + x->head_delta);
	xb_ctx_mark(f, "headroom");
	if (xb_ctx_has(f, "tailroom"))
		f->tailroom = (u32)((s32)f->tailroom - x->tail_delta);
	return ctx_set_packet(&to->packet, b->piece, x->bytes, err);
}

const struct ctx_type ctx_type_xdp_md = {
	.name = "xdp_md",
	.read = xdp_read,
	.write = xdp_write,
	.bind = xdp_bind,
	.unbind = xdp_unbind,
	.fits = xdp_fits,
	.load = xdp_load,
	.begin = xdp_begin,
	.end = xdp_end,
	.save = xdp_save,
};
