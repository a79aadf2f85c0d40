/* SPDX-License-Identifier: BSD-2-Clause */
#include "skb/skb_priv.h"

#include "emu/sk_reuseport.h"
#include "emu/vcpu.h"
#include "skb/sk_lookup.h"
#include "vm/bytes.h"

#include <assert.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <string.h>

const char *
xb_skb_redirect_kind_name(enum xb_skb_redirect_kind kind)
{
#define NAME(id, name) [XB_SKB_REDIRECT_##id] = (name),
	static const char *const names[] = { XB_SKB_REDIRECT_LIST(NAME) };
#undef NAME
	return names[kind];
}

static int
map_regions(struct xb_skb *s, struct xb_err *err)
{
	const struct xb_region_opts buff = { .name = "packet",
		                             .bytes = SKB_BUFFER_BYTES,
		                             .low = true };
	const struct xb_region_opts ctx = {
		.name = "__sk_buff", .bytes = sizeof(struct __sk_buff), .low = true, .opaque = true
	};
	const struct xb_region_opts flow = { .name = "flow keys",
		                             .bytes = sizeof(struct bpf_flow_keys),
		                             .low = true };

	s->buff = xb_mem_map(s->mem, &buff, err);
	s->ctx_region = xb_mem_map(s->mem, &ctx, err);
	s->flow_region = xb_mem_map(s->mem, &flow, err);
	if (!s->buff || !s->ctx_region || !s->flow_region)
		return -1;
	s->flow_keys = xb_mem_host(s->mem, s->flow_region->gaddr);
	s->base = xb_mem_host(s->mem, s->buff->gaddr);
	s->ctx = xb_mem_host(s->mem, s->ctx_region->gaddr);
	return 0;
}

struct xb_skb *
xb_skb_new(struct xb_emu *emu, const struct xb_skb_opts *opts, struct xb_err *err)
{
	struct xb_skb *s;

	if (opts->linear_bytes > XB_SKB_MAX_BYTES) {
		xb_err_set(err, XB_ERR_USAGE, "linear part of %u bytes: expected at most %u",
		           opts->linear_bytes, XB_SKB_MAX_BYTES);
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		xb_err_errno(err, ENOMEM, "packet buffer");
		return NULL;
	}
	s->emu = emu;
	s->mem = emu->mem;
	s->linear_max = opts->linear_bytes ? opts->linear_bytes : XB_SKB_LINEAR_BYTES;
	s->any_ifindex = opts->any_ifindex;
	s->stays = opts->stays;
	if (map_regions(s, err) != 0 || skb_tunnel_new(s, err) != 0)
		goto free_skb;
	s->sock = xb_sock_new(emu, err);
	s->proc = s->sock ? xb_proc_new(emu->vm, opts->vcpu, err) : NULL;
	if (!s->proc)
		goto free_skb;
	xb_mem_allow(s->mem, s->flow_region->gaddr, s->flow_region->bytes, XB_MEM_WRITE);
	s->kind = skb_kind_of(BPF_PROG_TYPE_SCHED_CLS);
	s->proc->run = s;
	return s;

free_skb:
	xb_skb_free(s);
	return NULL;
}

void
xb_skb_free(struct xb_skb *s)
{
	if (!s)
		return;
	skb_tunnel_free(s);
	xb_proc_free(s->proc);
	xb_sock_free(s->sock);
	xb_mem_unmap(s->mem, s->flow_region);
	xb_mem_unmap(s->mem, s->ctx_region);
	xb_mem_unmap(s->mem, s->buff);
	free(s);
}

void
xb_skb_on_clone(struct xb_skb *s, void (*fn)(void *arg, const struct xb_skb_clone *clone),
                void *arg)
{
	s->clone_fn = fn;
	s->clone_arg = arg;
}

static void
set_kind(struct xb_skb *s, u32 prog_type)
{
	const struct skb_kind *kind = skb_kind_of(prog_type);

	s->prog_type = prog_type;
	s->kind = kind;
	if (kind->read_only == s->window.read_only)
		return;
	xb_window_move(s->mem, &s->window, s->buff->gaddr, s->buff->gaddr);
	s->window.read_only = kind->read_only;
}

static void
load(struct xb_skb *s, const struct xb_skb_in *in)
{
	if (XB_UNLIKELY(in->prog_type != s->prog_type))
		set_kind(s, in->prog_type);
	skb_place(s, in);
	skb_ctx_load(s, in->ctx);
	s->sock_set = false;
	s->assigned = NULL;
	s->sk_redir = NULL;
	s->target.redirect.kind = XB_SKB_REDIRECT_NONE;
	s->tunnel_set = false;
	if (XB_UNLIKELY(s->emu->world->tunnel_cnt != 0))
		skb_tunnel_receive(s, in->ctx);
	if (XB_UNLIKELY(s->prog_type == BPF_PROG_TYPE_LWT_SEG6LOCAL))
		skb_seg6_begin(s);
}

void
xb_skb_load(struct xb_skb *s, const struct xb_skb_in *in)
{
	assert(in->hdr_bytes + in->bytes <= XB_SKB_MAX_BYTES);
	assert(in->meta_bytes <= XB_SKB_MAX_META_BYTES);
	load(s, in);
	s->in = *in; /* last: the caller has just stored it in small pieces, and a big load waits */
}

/* What has to be known of a program before it runs. */
static void
learn(struct xb_skb *s, const struct xb_bpf_prog *prog)
{
	const struct xb_prog *vm = xb_bpf_prog_vm(prog);

	if (XB_LIKELY(s->facts.vm == vm && s->facts.id == prog->obj.id))
		return;
	s->facts.vm = vm;
	s->facts.id = prog->obj.id;
	s->facts.may_write = xb_prog_may_write(prog);
	s->facts.reads_tstamp_type = skb_reads_tstamp_type(prog);
	s->facts.retval_max = skb_retval_max(prog->type, prog->expected_attach_type);
}

static void
out_fill(const struct xb_skb *s, struct xb_skb_out *out)
{
	const struct skb *skb = &s->skb;

	out->data = skb_data(s);
	out->bytes = skb->len;
	out->linear_bytes = skb->linear;
	out->meta = out->data - skb->meta_bytes;
	out->meta_bytes = skb->meta_bytes;
	out->head_delta = (s32)(skb->data_off - s->loaded_off);
	out->tail_delta = (s32)(skb->len - s->loaded_bytes) + out->head_delta;
	out->ctx = s->ctx;
	out->tstamp = skb->tstamp;
	out->tstamp_type = skb->tstamp_type;
	out->vlan_present = skb->vlan_present;
	out->vlan_tci = skb->vlan_tci;
	out->vlan_proto = skb->vlan_proto;
	out->ip_summed = skb->ip_summed;
	out->csum_start = (u16)(skb->csum_start - skb->data_off);
	out->csum_offset = skb->csum_offset;
	out->flow_keys = s->kind->view == SKB_VIEW_FLOW ? s->flow_keys : NULL;
}

/* What the verifier sees to where a return value has a meaning (cf. check_return_code). */
static enum xb_run_status
check_retval(struct xb_skb *s)
{
	u64 r0 = s->proc->r[0];

	if (XB_LIKELY(r0 <= s->facts.retval_max || s->facts.retval_max == SKB_ANY_RETVAL))
		return XB_RUN_EXIT;
	xb_proc_fault(s->proc, XB_FAULT_BAD_RETURN,
	              "at program exit the register R0 has the value %lld, should have been in "
	              "[0, %u]",
	              (long long)r0, s->facts.retval_max);
	return XB_RUN_FAULT;
}

/* Of LWT_XMIT without a link-layer header (cf. net/core/lwt_bpf.c: run_lwt_bpf). */
static void
redirect(struct xb_skb *s, struct xb_skb_out *out)
{
	if (s->stays) {
		s->target.redirect.kind = XB_SKB_REDIRECT_NONE;
		return;
	}
	if (s->kind->l3)
		s->skb.mac_off = s->skb.data_off;
	skb_do_redirect(s, &out->redirect);
	out->changed |= s->emu->world->given &&
	                out->redirect.kind == XB_SKB_REDIRECT_NEIGH; /* MAC addresses */
}

static inline void
prepare(struct xb_skb *s, const struct xb_bpf_prog *prog)
{
	learn(s, prog);
	if (XB_UNLIKELY(s->skb.tstamp_type != 0))
		skb_ctx_sync(s); /* what shows of tstamp depends on the program */
	xb_emu_run_begin(s->emu, s->proc->vcpu);
}

/* What a run that ended with `status` leads to; out's redirects are none. */
static inline void
finish(struct xb_skb *s, enum xb_run_status status, struct xb_skb_out *out)
{
	out->status = status;
	out->insns = s->proc->insns;
	if (XB_LIKELY(out->status == XB_RUN_EXIT))
		out->status = check_retval(s);
	if (XB_LIKELY(out->status == XB_RUN_EXIT)) {
		out->retval = (u32)s->proc->r[0];
		if (XB_UNLIKELY(s->prog_type == BPF_PROG_TYPE_LWT_SEG6LOCAL) && !skb_seg6_end(s))
			out->retval = BPF_DROP;
		out->fault = NULL;
		out->changed = s->facts.may_write;
		if (out->retval == TC_ACT_REDIRECT && s->kind->redirects)
			redirect(s, out);
		if (XB_UNLIKELY(s->sk_redir != NULL) && out->retval == SK_PASS) {
			out->sk_redirect = s->sk_redir; /* cf. sk_psock_map_verd */
			out->sk_ingress = s->sk_ingress;
		}
	} else {
		out->retval = s->kind->fault_retval;
		out->fault = out->status == XB_RUN_FAULT ? &s->proc->fault : NULL;
		out->changed = false;
	}
	xb_emu_run_end(s->emu, s->proc->vcpu);
}

void
skb_run_to_end(struct xb_skb *s, const struct xb_bpf_prog *prog, struct xb_skb_out *out)
{
	prepare(s, prog);
	out->redirect.kind = XB_SKB_REDIRECT_NONE;
	out->sk_redirect = NULL;
	finish(s, xb_proc_run(s->proc, xb_bpf_prog_vm(prog), s->ctx_region->gaddr), out);
}

/* The packet after a run. */
static inline void
leave(struct xb_skb *s, struct xb_skb_out *out)
{
	if (XB_UNLIKELY(out->status != XB_RUN_EXIT))
		load(s, &s->in); /* it goes on as it came in */
	if (XB_UNLIKELY(s->kind->view == SKB_VIEW_FLOW))
		skb_flow_end(s);
	out_fill(s, out);
}

void
xb_skb_run(struct xb_skb *s, const struct xb_bpf_prog *prog, struct xb_skb_out *out)
{
	if (XB_UNLIKELY(s->kind->view == SKB_VIEW_FLOW))
		skb_flow_begin(s);
	skb_run_to_end(s, prog, out);
	leave(s, out);
}

void
xb_skb_begin(struct xb_skb *s, const struct xb_bpf_prog *prog)
{
	if (XB_UNLIKELY(s->kind->view == SKB_VIEW_FLOW))
		skb_flow_begin(s);
	prepare(s, prog);
	xb_proc_start(s->proc, xb_bpf_prog_vm(prog), s->ctx_region->gaddr);
}

void
xb_skb_end(struct xb_skb *s, const struct xb_bpf_prog *prog, enum xb_run_status status,
           struct xb_skb_out *out)
{
	learn(s, prog); /* another one may have been asked about */
	if (status == XB_RUN_RUNNING)
		xb_proc_abandon(s->proc);
	out->redirect.kind = XB_SKB_REDIRECT_NONE;
	out->sk_redirect = NULL;
	finish(s, status, out);
	leave(s, out);
}

struct xb_proc *
xb_skb_proc(struct xb_skb *s)
{
	return s->proc;
}

void
xb_skb_push_ether(struct xb_skb *s, bool zeros, struct xb_skb_out *out)
{
	u8 was[ETH_HLEN + 2] = { 0 }; /* as far as its type can be told from */
	u32 bytes = skb_copy_in(&s->in, was, sizeof(was));
	u32 l2 = zeros || bytes > ETH_HLEN ? ETH_HLEN : bytes;

	if (!s->kind->l3 || skb_cow(s, l2))
		return;
	if (s->skb.protocol != skb_eth_type(was, bytes))
		xb_st16(was + 2 * ETH_ALEN, s->skb.protocol);
	skb_push(s, l2);
	if (zeros)
		memset(skb_data(s), 0, l2);
	else
		memcpy(skb_data(s), was, l2);
	out->data = skb_data(s);
	out->bytes += l2;
	out->linear_bytes += l2;
}

/* cf. kernel/bpf/syscall.c: bpf_prog_load_check_attach */
static int
check_cgroup(const union bpf_attr *attr)
{
	return attr->expected_attach_type > BPF_CGROUP_INET_EGRESS ? -EINVAL : 0;
}

/* Any type by its name, and what is its own. */
#define SKB_TYPE(id, nm, ...)                                                                      \
	{                                                                                          \
		.type = BPF_PROG_TYPE_##id, .name = (nm), .ctx_bytes = skb_ctx_bytes,              \
		.ctx_plain = skb_ctx_plain, .ctx_access = skb_ctx_access,                          \
		.fini = skb_test_run_fini, __VA_ARGS__                                             \
	}
#define TEST_RUN    .test_run = skb_test_run
#define LOAD_PACKET .may_load_packet = true, .load_packet = skb_load_packet

/* The attach types of 6.1 and of the links that came later are all taken, as there. */
static const struct xb_prog_type types[] = {
	SKB_TYPE(SCHED_CLS, "sched_cls", TEST_RUN, LOAD_PACKET),
	SKB_TYPE(SCHED_ACT, "sched_act", TEST_RUN, LOAD_PACKET),
	SKB_TYPE(SOCKET_FILTER, "socket_filter", TEST_RUN, LOAD_PACKET),
	SKB_TYPE(CGROUP_SKB, "cgroup_skb", TEST_RUN, .check = check_cgroup),
	SKB_TYPE(LWT_IN, "lwt_in", TEST_RUN),
	SKB_TYPE(LWT_OUT, "lwt_out", TEST_RUN),
	SKB_TYPE(LWT_XMIT, "lwt_xmit", TEST_RUN),
	SKB_TYPE(LWT_SEG6LOCAL, "lwt_seg6local", .test_run = NULL),
	SKB_TYPE(SK_SKB, "sk_skb", .test_run = NULL),
	SKB_TYPE(FLOW_DISSECTOR, "flow_dissector", .test_run = skb_flow_test_run),
};

void
xb_skb_register(struct xb_emu *emu)
{
	static const struct skb_helper_table *const tables[] = {
		&skb_helpers_bytes, &skb_helpers_csum,   &skb_helpers_hash,     &skb_helpers_vlan,
		&skb_helpers_proto, &skb_helpers_room,   &skb_helpers_redirect, &skb_helpers_tunnel,
		&skb_helpers_sock,  &skb_helpers_lookup, &skb_helpers_cgroup,   &skb_helpers_perf,
		&skb_helpers_fib,   &skb_helpers_lwt,    &skb_helpers_seg6,     &skb_helpers_stream,
	};

	xb_sk_reuseport_register(emu);
	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++)
		xb_prog_type_register(emu, &types[i]);
	for (size_t i = 0; i < XB_ARRAY_SIZE(tables); i++)
		xb_helper_register_ctx(emu, tables[i]->rows, tables[i]->cnt);
	skb_sk_lookup_register(emu);
}
