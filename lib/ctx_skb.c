/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx_skb.c - contexts of type sk_buff: a packet with all that the stack knows of it.
 */
#include "lib/context_priv.h"

#include <string.h>

static int
read_dev_ifindex(struct ctx_reader *r, const struct xb_value *v, void *to)
{
	struct xb_value field = *v;
	struct xb_ctx_fields *f = to;
	u64 ifindex = 0;

	field.key = "ifindex";
	if (xb_ctx_has(f, field.key))
		return ctx_fail(r, v, "given twice: there is \"ifindex\", too");
	if (ctx_u64(r, v, INT32_MAX, &ifindex) != 0)
		return -1;
	f->skb.ifindex = (u32)ifindex;
	xb_ctx_mark(f, field.key);
	return 0;
}

static int
read_dev(struct ctx_reader *r, const struct xb_value *v, struct xb_ctx_fields *f)
{
	static const struct ctx_key keys[] = { { "ifIndex", read_dev_ifindex } };

	return v->kind == XB_VALUE_NULL ? 0 : ctx_members(r, v, keys, XB_ARRAY_SIZE(keys), f);
}

static int
read_cb(struct ctx_reader *r, const struct xb_value *v, struct xb_ctx_fields *f)
{
	char key[] = "cb[0]";
	u64 n = 0;

	if (v->kind != XB_VALUE_ARRAY || v->cnt > XB_ARRAY_SIZE(f->skb.cb))
		return ctx_fail(r, v, "expected an array of at most 5 numbers");
	for (const struct xb_value *e = v->first; e; e = e->next, key[3]++) {
		if (xb_ctx_has(f, key))
			return ctx_fail(r, e, "given twice: there is \"%s\", too", key);
		if (ctx_u64(r, e, UINT32_MAX, &n) != 0)
			return -1;
		f->skb.cb[key[3] - '0'] = (u32)n;
		xb_ctx_mark(f, key);
	}
	return 0;
}

/* Members that are no plain fields. */
static const struct {
	const char *name;
	int (*read)(struct ctx_reader *r, const struct xb_value *v, struct xb_ctx_fields *f);
} parts[] = {
	{ "sock", ctx_read_sock },
	{ "dev", read_dev },
	{ "flowKeys", ctx_read_flow_keys },
	{ "cb", read_cb },
};

static int
read_member(struct ctx_reader *r, const struct xb_value *v, struct xb_context *c)
{
	if (!strcmp(v->key, "packet") || !strcmp(v->key, "packet_hex"))
		return ctx_read_packet(r, v, &c->packet, XB_SKB_MAX_BYTES);
	for (size_t i = 0; i < XB_ARRAY_SIZE(parts); i++)
		if (!strcmp(v->key, parts[i].name))
			return parts[i].read(r, v, &c->fields);
	return xb_ctx_field_read(r, v, XB_CTX_HAS_SKB, &c->fields);
}

static int
skb_read(struct ctx_reader *r, const struct xb_value *v, struct xb_context *c)
{
	if (ctx_expect(r, v, XB_VALUE_OBJECT) != 0)
		return -1;
	for (const struct xb_value *m = v->first; m; m = m->next)
		if (read_member(r, m, c) != 0)
			return -1;
	return 0;
}

static int
skb_write(const struct xb_context *c, struct xb_json *j, struct xb_err *err)
{
	(void)err;
	xb_json_open_object(j, "ctx");
	ctx_write_packet(j, &c->packet);
	xb_ctx_fields_write(j, &c->fields, XB_CTX_HAS_SKB);
	xb_json_close_object(j);
	return 0;
}

static bool
has_sk_buff(u32 prog_type)
{
	static const u32 types[] = {
		BPF_PROG_TYPE_SCHED_CLS,     BPF_PROG_TYPE_SCHED_ACT,
		BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_CGROUP_SKB,
		BPF_PROG_TYPE_LWT_IN,        BPF_PROG_TYPE_LWT_OUT,
		BPF_PROG_TYPE_LWT_XMIT,      BPF_PROG_TYPE_LWT_SEG6LOCAL,
		BPF_PROG_TYPE_SK_SKB,        BPF_PROG_TYPE_FLOW_DISSECTOR,
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++)
		if (types[i] == prog_type)
			return true;
	return false;
}

static int
check(const struct xb_bound_opts *o, struct xb_err *err)
{
	const struct xb_context *c = o->context;

	if (!o->prog)
		return xb_err_set(err, XB_ERR_USAGE, "sk_buff is a context of Linux's programs");
	if (!has_sk_buff(xb_bpf_prog_type(o->prog)))
		return xb_err_set(err, XB_ERR_USAGE, "sk_buff is no context of %s programs",
		                  xb_prog_type_name(o->prog->type));
	if (c->fields.skb.has & XB_SKB_HAS_WIRE_LEN && c->fields.skb.wire_len < c->packet.bytes)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "wire_len: %u is less than the %u bytes of the packet",
		                  c->fields.skb.wire_len, c->packet.bytes);
	return 0;
}

static int
skb_bind(struct xb_bound *b, struct xb_err *err)
{
	const struct xb_skb_opts opts = { .vcpu = b->opts.vcpu, .any_ifindex = true };

	if (check(&b->opts, err) != 0)
		return -1;
	b->skb = xb_skb_new(b->opts.emu, &opts, err);
	if (!b->skb)
		return -1;
	b->proc = xb_skb_proc(b->skb);
	return 0;
}

static bool
skb_fits(const struct xb_bound *b, const struct xb_bound_opts *opts)
{
	struct xb_err why;

	(void)b;
	return check(opts, &why) == 0;
}

static void
skb_unbind(struct xb_bound *b)
{
	xb_skb_free(b->skb);
}

static int
skb_load(struct xb_bound *b, struct xb_err *err)
{
	const struct xb_context *c = b->opts.context;
	const struct xb_skb_in in = {
		.data = c->packet.data,
		.bytes = c->packet.bytes,
		.meta = c->fields.meta,
		.meta_bytes = c->fields.meta_bytes,
		.ctx = &b->skb_ctx,
		.prog_type = xb_bpf_prog_type(b->opts.prog),
	};

	(void)err;
	b->skb_ctx = c->fields.skb;
	b->skb_ctx.ingress_ifindex = c->fields.ingress_ifindex;
	if (!b->skb_ctx.ifindex)
		b->skb_ctx.ifindex = 1; /* cf. net/bpf/test_run.c: convert___skb_to_skb */
	xb_skb_load(b->skb, &in);
	return 0;
}

static void
skb_begin(struct xb_bound *b)
{
	xb_skb_begin(b->skb, b->opts.prog);
}

static void
skb_end(struct xb_bound *b, enum xb_run_status status, struct xb_bound_out *out)
{
	struct xb_skb_out *s = &b->skb_out;

	xb_skb_end(b->skb, b->opts.prog, status, s);
	*out = (struct xb_bound_out){
		.status = s->status,
		.r0 = s->fault ? s->retval : b->proc->r[0],
		.fault = s->fault,
		.insns = s->insns,
	};
	xb_skb_push_ether(b->skb, false, s);
	out->data = s->data;
	out->bytes = s->bytes;
}

/* What the program and its helpers may have changed; all else is as it was read. */
static void
save_fields(struct xb_bound *b, const struct xb_ctx_fields *was, struct xb_ctx_fields *f)
{
	const struct xb_skb_out *s = &b->skb_out;
	const struct __sk_buff *now = s->ctx;
	struct xb_skb_ctx ctx;

	xb_skb_save_ctx(b->skb, &ctx);
	ctx.sock_kind = was->skb.sock_kind;
	ctx.sock = was->skb.sock;
	ctx.at_ingress = was->skb.at_ingress;
	ctx.cgroup_classid = was->skb.cgroup_classid;
	ctx.route_realm = was->skb.route_realm;
	ctx.tc_classid = now->tc_classid;
	memcpy(ctx.cb, now->cb, sizeof(ctx.cb));
	ctx.tstamp = s->tstamp;
	ctx.tstamp_type = s->tstamp_type;
	if (was->skb.has & XB_SKB_HAS_WIRE_LEN) {
		ctx.has |= XB_SKB_HAS_WIRE_LEN;
		ctx.wire_len = now->wire_len < s->bytes ? s->bytes : now->wire_len;
	}
	if (s->flow_keys) {
		ctx.flow_keys = *s->flow_keys;
		ctx.flow_keys_given = (1ull << sizeof(ctx.flow_keys)) - 1;
	}
	f->skb = ctx;
	f->ingress_ifindex = ctx.ingress_ifindex;
	f->meta_bytes = s->meta_bytes;
	memcpy(f->meta, s->meta, s->meta_bytes);
}

static int
skb_save(struct xb_bound *b, struct xb_context *to, struct xb_err *err)
{
	save_fields(b, &b->opts.context->fields, &to->fields);
	return ctx_set_packet(&to->packet, b->skb_out.data, b->skb_out.bytes, err);
}

const struct ctx_type ctx_type_sk_buff = {
	.name = "sk_buff",
	.read = skb_read,
	.write = skb_write,
	.bind = skb_bind,
	.unbind = skb_unbind,
	.fits = skb_fits,
	.load = skb_load,
	.begin = skb_begin,
	.end = skb_end,
	.save = skb_save,
};
