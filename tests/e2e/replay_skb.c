/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/replay_priv.h"

#include "tests/e2e/record.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <string.h>

#define TEST_SKB_CHECKSUM_COMPLETE (1u << 2) /* not in older headers */
#define FLOW_MAX_BYTES             4096
#define SEGMENT_BYTES              1000
#define STEP_NS                    1000000ull

void
run_skb_sections(void)
{
	libbpf_register_prog_handler("tcx/ingress", BPF_PROG_TYPE_SCHED_CLS, 0, NULL);
	libbpf_register_prog_handler("tcx/egress", BPF_PROG_TYPE_SCHED_CLS, 0, NULL);
}

/*
 * All that a test run takes, another one from packet to packet; now and then what it has by itself.
 * Every byte is set: Linux looks at those between the fields.
 */
static void
skb_in(const struct run *run, struct __sk_buff *in)
{
	u32 n = run->packet->n, bytes = run->packet->bytes;
	const u32 cb[] = { n, n * 3, n << 8, 0, ~n };

	memset(in, 0, sizeof(*in));
	in->mark = n % 11;
	in->priority = n % 9;
	in->ingress_ifindex = n >> 1 & 1;
	in->ifindex = n & 1;
	memcpy(in->cb, cb, sizeof(in->cb));
	in->tstamp = n % 5 * STEP_NS * n;
	in->wire_len = n % 4 ? 0 : bytes + n % 3 * 24;
	in->gso_segs = n % 6;
	in->gso_size = run->opts->row->skb & CORPUS_SEGMENTS ? SEGMENT_BYTES : 0;
	in->hwtstamp = n % 7;
}

static bool
is_flow(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_FLOW_DISSECTOR;
}

struct result {
	u32 retval, bytes; /* the packet, or a flow's keys, are in run->out */
	struct __sk_buff ctx;
};

/* A flow dissector's context is its keys, of which a caller may set the flags. */
static int
flow_by_syscall(struct run *run, const struct bpf_program *prog, struct result *r)
{
	const struct replay_packet *p = run->packet;
	const struct bpf_flow_keys in = { .flags = p->n % 8 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->data, .data_size_in = p->bytes,
	            .data_out = run->out, .data_size_out = XB_XDP_MAX_BYTES, .ctx_in = &in,
	            .ctx_size_in = sizeof(in));
	int err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);

	r->retval = opts.retval;
	r->bytes = opts.data_size_out;
	return err;
}

static int
run_by_syscall(struct run *run, const struct bpf_program *prog, const struct __sk_buff *in,
               struct result *r)
{
	const struct replay_packet *p = run->packet;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->data, .data_size_in = p->bytes,
	            .data_out = run->out, .data_size_out = XB_XDP_MAX_BYTES, .ctx_in = in,
	            .ctx_size_in = sizeof(*in), .ctx_out = &r->ctx, .ctx_size_out = sizeof(r->ctx));
	int err;

	if (run->opts->row->skb & CORPUS_SUM_KNOWN)
		opts.flags = TEST_SKB_CHECKSUM_COMPLETE;
	if (is_flow(prog))
		return flow_by_syscall(run, prog, r);
	err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
	r->retval = opts.retval;
	r->bytes = opts.data_size_out;
	return err;
}

/* What a test run refuses (cf. net/bpf/test_run.c: bpf_prog_test_run_skb). */
static bool
is_refused(const struct replay_packet *p, bool flow)
{
	u32 least = ETH_HLEN;

	if (flow)
		return p->bytes < least || p->bytes > FLOW_MAX_BYTES;

	if (p->bytes >= ETH_HLEN && p->data[12] == 0x08 && p->data[13] == 0x00)
		least += 20;
	else if (p->bytes >= ETH_HLEN && p->data[12] == 0x86 && p->data[13] == 0xdd)
		least += 40;
	return p->bytes < least || p->bytes > XB_SKB_LINEAR_BYTES;
}

static void
take_ctx(const struct xb_skb_out *out, const struct __sk_buff *in, struct __sk_buff *ctx)
{
	memcpy(ctx, in, sizeof(*ctx));
	ctx->mark = out->ctx->mark;
	ctx->priority = out->ctx->priority;
	ctx->ingress_ifindex = out->ctx->ingress_ifindex;
	ctx->ifindex = out->ctx->ifindex;
	ctx->tstamp = out->tstamp;
	memcpy(ctx->cb, out->ctx->cb, sizeof(ctx->cb));
	ctx->wire_len = out->ctx->wire_len;
	ctx->gso_segs = out->ctx->gso_segs;
	ctx->hwtstamp = out->ctx->hwtstamp;
}

static void
run_skb(const struct run *run, const struct xb_bpf_prog *prog, struct xb_skb_out *out)
{
	if (!run_steps(run)) {
		xb_skb_run(run->skb, prog, out);
		return;
	}
	xb_skb_begin(run->skb, prog);
	xb_skb_end(run->skb, prog, run_to_end(run, xb_skb_proc(run->skb)), out);
}

static int
run_by_call(struct run *run, const struct bpf_program *prog, const struct __sk_buff *from,
            struct result *r)
{
	const struct xb_skb_ctx ctx = {
		.has = from->wire_len ? XB_SKB_HAS_WIRE_LEN : 0,
		.mark = from->mark,
		.priority = from->priority,
		.ingress_ifindex = from->ingress_ifindex,
		.ifindex = 1,
		.cb = { from->cb[0], from->cb[1], from->cb[2], from->cb[3], from->cb[4] },
		.tstamp = from->tstamp,
		.wire_len = from->wire_len,
		.gso_segs = from->gso_segs,
		.gso_size = from->gso_size,
		.hwtstamp = from->hwtstamp,
		.flow_flags = run->packet->n % 8,
	};
	const struct xb_skb_in in = {
		.data = run->packet->data,
		.bytes = run->packet->bytes,
		.linear_bytes = is_flow(prog) ? FLOW_MAX_BYTES : 0,
		.ctx = &ctx,
		.prog_type = bpf_program__type(prog),
	};
	struct xb_skb_out out;
	struct xb_obj *obj;
	int err = xb_obj_by_fd(run->emu, bpf_program__fd(prog), XB_OBJ_PROG, &obj);

	if (!err && is_refused(run->packet, is_flow(prog)))
		err = -EINVAL;
	if (err)
		return err;
	xb_skb_load(run->skb, &in);
	run_skb(run, XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj), &out);
	run_machine_take(run, xb_skb_proc(run->skb));
	if (out.fault) {
		record_note(run->file, "fault: %s", out.fault->message);
		return -EFAULT;
	}
	xb_skb_push_ether(run->skb, true, &out);
	r->retval = out.retval;
	if (is_flow(prog)) {
		r->bytes = sizeof(*out.flow_keys);
		memcpy(run->out, out.flow_keys, r->bytes);
		return 0;
	}
	r->bytes = out.bytes;
	take_ctx(&out, from, &r->ctx);
	if (out.bytes > XB_XDP_MAX_BYTES)
		return -ENOSPC;
	memcpy(run->out, out.data, out.bytes);
	return 0;
}

void
run_skb_packet(struct run *run, const struct bpf_program *prog)
{
	const struct replay_packet *p = run->packet;
	struct __sk_buff in;
	struct result r;
	int err;

	skb_in(run, &in);
	memset(&r, 0, sizeof(r));
	err = run_calls(run) ? run_by_call(run, prog, &in, &r) : run_by_syscall(run, prog, &in, &r);
	run_events_take(run);
	if (err) {
		record_note(run->file, "%s packet %u: error %d", p->capture, p->n, err);
		return;
	}
	record_note(run->file, "%s packet %u: returns %u", p->capture, p->n, r.retval);
	record_put(run->file, run->out, r.bytes, "%s packet %u: bytes", p->capture, p->n);
	record_put(run->file, &r.ctx, sizeof(r.ctx), "%s packet %u: context", p->capture, p->n);
}
