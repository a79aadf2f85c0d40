/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/testrun.h"

#include "bench/ctx.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#define LINUX_ENOTSUPP 524 /* the kernel's own, which the C library does not know */
#define SKB_MIN_IP4    (ETH_HLEN + 20u)
#define SKB_MIN_IP6    (ETH_HLEN + 40u)

#define FIELD(name)                                                                                \
	{                                                                                          \
#name, offsetof(struct __sk_buff, name), sizeof(((struct __sk_buff *)0)->name)     \
	}
#define CB(i)                                                                                      \
	{                                                                                          \
		"cb[" #i "]", offsetof(struct __sk_buff, cb) + 4 * (i), 4                          \
	}
/* gso_size is taken and not given back (cf. net/bpf/test_run.c: convert_skb_to___skb). */
const struct xb_testrun_field xb_testrun_skb_fields[] = {
	FIELD(mark),     FIELD(priority), FIELD(ingress_ifindex),
	FIELD(ifindex),  FIELD(tstamp),   CB(0),
	CB(1),           CB(2),           CB(3),
	CB(4),           FIELD(wire_len), FIELD(gso_segs),
	FIELD(hwtstamp),
};
const size_t xb_testrun_skb_field_cnt = XB_ARRAY_SIZE(xb_testrun_skb_fields);
#undef CB
#undef FIELD

u64
xb_testrun_field_value(const struct xb_testrun_field *field, const void *ctx)
{
	const u8 *at = (const u8 *)ctx + field->off;
	u64 wide;
	u32 word;

	if (field->bytes == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&word, at, sizeof(word));
	return word;
}

/* What ctx_in may hold (cf. net/bpf/test_run.c: convert___skb_to_skb, xdp_convert_md_to_buff). */
static const char *const xdp_taken[] = { "ingress_ifindex", "rx_queue_index", "data_meta" };
static const char *const skb_taken[] = { "mark",     "priority", "ingress_ifindex", "ifindex",
	                                 "cb[0]",    "cb[1]",    "cb[2]",           "cb[3]",
	                                 "cb[4]",    "tstamp",   "wire_len",        "gso_segs",
	                                 "gso_size", "hwtstamp" };

/* The first field that was given and is not one of those; NULL: none. */
static const char *
not_taken(const struct xb_ctx_fields *fields, const char *const *taken, size_t cnt)
{
	struct xb_ctx_fields rest = *fields;

	for (size_t i = 0; i < cnt; i++)
		xb_ctx_unmark(&rest, taken[i]);
	return xb_ctx_misfit(&rest, 0);
}

static void
take_xdp(struct xb_testrun_in *in, const struct xb_ctx_fields *fields)
{
	in->ctx.xdp.ingress_ifindex = fields->ingress_ifindex;
	in->ctx.xdp.rx_queue_index = fields->rx_queue_index;
	in->meta_bytes = fields->meta_bytes;
	if (in->meta_bytes)
		memcpy(in->data, fields->meta, in->meta_bytes);
}

static void
take_skb(struct xb_testrun_in *in, const struct xb_ctx_fields *fields)
{
	const struct xb_skb_ctx *from = &fields->skb;
	struct __sk_buff *to = &in->ctx.skb;

	to->mark = from->mark;
	to->priority = from->priority;
	to->ingress_ifindex = fields->ingress_ifindex;
	to->ifindex = from->ifindex;
	memcpy(to->cb, from->cb, sizeof(from->cb));
	to->tstamp = from->tstamp;
	to->wire_len = from->wire_len;
	to->gso_segs = from->gso_segs;
	to->gso_size = from->gso_size;
	to->hwtstamp = from->hwtstamp;
}

int
xb_testrun_in_init(struct xb_testrun_in *in, u32 prog_type, const struct xb_ctx_fields *fields,
                   struct xb_err *err)
{
	bool xdp = prog_type == BPF_PROG_TYPE_XDP, flow = prog_type == BPF_PROG_TYPE_FLOW_DISSECTOR;
	const char *name = xdp ? not_taken(fields, xdp_taken, XB_ARRAY_SIZE(xdp_taken))
	                       : not_taken(fields, skb_taken, flow ? 0 : XB_ARRAY_SIZE(skb_taken));

	*in = (struct xb_testrun_in){ .prog_type = prog_type, .has_ctx = !flow };
	if (name)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "%s: %s: the kernel's test run does not take this field",
		                  xb_ctx_option(fields, name), name);
	in->data = malloc(XB_TESTRUN_MAX_BYTES);
	if (!in->data)
		return xb_err_errno(err, ENOMEM, "packet");
	if (xdp)
		take_xdp(in, fields);
	else
		take_skb(in, fields);
	return 0;
}

void
xb_testrun_in_fini(struct xb_testrun_in *in)
{
	free(in->data);
}

int
xb_testrun_out_init(struct xb_testrun_out *out, struct xb_err *err)
{
	*out = (struct xb_testrun_out){ .data = malloc(XB_TESTRUN_MAX_BYTES) };
	return out->data ? 0 : xb_err_errno(err, ENOMEM, "packet");
}

void
xb_testrun_out_fini(struct xb_testrun_out *out)
{
	free(out->data);
}

bool
xb_testrun_load(struct xb_testrun_in *in, const struct xb_xdp_in *packet)
{
	u8 *to = in->data + in->meta_bytes;

	if (packet->bytes > XB_TESTRUN_MAX_BYTES / 2)
		return false;
	if (packet->hdr_bytes)
		memcpy(to, packet->hdr, packet->hdr_bytes);
	if (packet->bytes)
		memcpy(to + packet->hdr_bytes, packet->data, packet->bytes);
	in->bytes = in->meta_bytes + packet->hdr_bytes + packet->bytes;
	if (in->prog_type == BPF_PROG_TYPE_XDP) {
		in->ctx.xdp.data = in->meta_bytes;
		in->ctx.xdp.data_end = in->bytes;
	}
	return true;
}

static u32
ctx_bytes(const struct xb_testrun_in *in)
{
	return in->prog_type == BPF_PROG_TYPE_XDP ? sizeof(in->ctx.xdp) : sizeof(in->ctx.skb);
}

void
xb_testrun(int prog_fd, const struct xb_testrun_in *in, struct xb_testrun_out *out)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->data, .data_size_in = in->bytes,
	            .data_out = out->data, .data_size_out = XB_TESTRUN_MAX_BYTES);

	if (in->has_ctx) {
		opts.ctx_in = &in->ctx;
		opts.ctx_size_in = ctx_bytes(in);
		opts.ctx_out = &out->ctx;
		opts.ctx_size_out = ctx_bytes(in);
	}
	memset(&out->ctx, 0, sizeof(out->ctx));
	out->err = bpf_prog_test_run_opts(prog_fd, &opts) == 0 ? 0 : -errno;
	out->retval = opts.retval;
	out->bytes = out->err ? 0 : opts.data_size_out;
	out->meta_bytes = 0;
	out->linear_bytes = out->bytes;
	if (out->err || in->prog_type != BPF_PROG_TYPE_XDP)
		return;
	out->meta_bytes = out->ctx.xdp.data;
	out->linear_bytes = out->ctx.xdp.data_end - out->ctx.xdp.data;
}

/* What the kernel says by EINVAL, as far as it is about the packet's size. */
static const char *
bad_size(const struct xb_testrun_in *in, char *text, size_t bytes)
{
	const u8 *packet = in->data + in->meta_bytes;
	u32 len = in->bytes - in->meta_bytes, least = ETH_HLEN;
	bool xdp = in->prog_type == BPF_PROG_TYPE_XDP;

	if (len >= ETH_HLEN && !xdp && packet[12] == 0x08 && packet[13] == 0x00)
		least = SKB_MIN_IP4;
	if (len >= ETH_HLEN && !xdp && packet[12] == 0x86 && packet[13] == 0xdd)
		least = SKB_MIN_IP6;
	if (len < least)
		snprintf(text, bytes, "its %u bytes are less than the %u that it needs", len,
		         least);
	else if (!xdp && len > XB_SKB_LINEAR_BYTES)
		snprintf(text, bytes, "its %u bytes are more than fit (%u)", len,
		         XB_SKB_LINEAR_BYTES);
	else
		return NULL;
	return text;
}

const char *
xb_testrun_why(const struct xb_testrun_in *in, const struct xb_testrun_out *out, char *text,
               size_t bytes)
{
	const char *size = out->err == -EINVAL ? bad_size(in, text, bytes) : NULL;

	if (size)
		return size;
	if (out->err == -ENOMEM && in->prog_type == BPF_PROG_TYPE_XDP)
		snprintf(text, bytes, "its %u bytes are more than an XDP buffer holds",
		         in->bytes - in->meta_bytes);
	else if (out->err == -LINUX_ENOTSUPP)
		snprintf(text, bytes, "programs of this type have none (ENOTSUPP)");
	else if (out->err == -ENODEV)
		snprintf(text, bytes, "--ctx: there is no such interface (ENODEV)");
	else
		snprintf(text, bytes, "%s", strerror(-out->err));
	return text;
}
