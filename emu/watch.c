/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.c - calls of watched programs: recorded, and replayed.
 */
#include "emu/helper.h"
#include "emu/playback_priv.h"
#include "vm/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ARGS      5
#define LATE_CGRP_GET 210u /* numbers that an older uapi header lacks */
#define LATE_CGRP_DEL 211u
#define MOST_BYTES    (1u << 20) /* recorded of one pointer */

/*
 * Helpers that do more than to give a number and to write bytes, by number; what their arguments
 * tell (a function, a socket, a record) is not listed. They are called in a replay, too.
 */
#define LIVE(name) [BPF_FUNC_##name] = true
/* clang-format off */
static const bool live[XB_EMU_HELPER_MAX] = {
	LIVE(tail_call), LIVE(trace_printk), LIVE(trace_vprintk), LIVE(perf_event_output),
	LIVE(skb_output), LIVE(xdp_output), LIVE(ringbuf_output), LIVE(ringbuf_reserve),
	LIVE(ringbuf_submit), LIVE(ringbuf_discard), LIVE(ringbuf_reserve_dynptr),
	LIVE(ringbuf_submit_dynptr), LIVE(ringbuf_discard_dynptr), LIVE(redirect),
	LIVE(redirect_map), LIVE(redirect_peer), LIVE(redirect_neigh), LIVE(clone_redirect),
	LIVE(skb_store_bytes), LIVE(l3_csum_replace), LIVE(l4_csum_replace), LIVE(skb_vlan_push),
	LIVE(skb_vlan_pop), LIVE(skb_set_tunnel_key), LIVE(skb_set_tunnel_opt),
	LIVE(skb_change_proto), LIVE(skb_change_type), LIVE(skb_change_tail),
	LIVE(skb_change_head), LIVE(skb_pull_data), LIVE(csum_update), LIVE(csum_level),
	LIVE(set_hash_invalid), LIVE(set_hash), LIVE(skb_adjust_room), LIVE(skb_ecn_set_ce),
	LIVE(skb_set_tstamp), LIVE(xdp_adjust_head), LIVE(xdp_adjust_meta),
	LIVE(xdp_adjust_tail), LIVE(xdp_store_bytes), LIVE(lwt_push_encap),
	LIVE(lwt_seg6_store_bytes), LIVE(lwt_seg6_adjust_srh), LIVE(lwt_seg6_action),
	LIVE(sk_redirect_map), LIVE(sk_redirect_hash), LIVE(sock_map_update),
	LIVE(sock_hash_update), LIVE(msg_redirect_map), LIVE(msg_redirect_hash),
	LIVE(msg_apply_bytes), LIVE(msg_cork_bytes), LIVE(msg_pull_data), LIVE(msg_push_data),
	LIVE(msg_pop_data), LIVE(sock_ops_cb_flags_set), LIVE(setsockopt), LIVE(getsockopt),
	LIVE(load_hdr_opt), LIVE(store_hdr_opt), LIVE(reserve_hdr_opt),
	LIVE(sk_select_reuseport), LIVE(sk_assign), LIVE(sk_lookup_tcp), LIVE(sk_lookup_udp),
	LIVE(skc_lookup_tcp), LIVE(get_local_storage), LIVE(sk_storage_get),
	LIVE(sk_storage_delete), LIVE(task_storage_get), LIVE(task_storage_delete),
	LIVE(inode_storage_get), LIVE(inode_storage_delete), LIVE(per_cpu_ptr),
	LIVE(this_cpu_ptr), LIVE(kptr_xchg), LIVE(sys_bpf), LIVE(sys_close),
	LIVE(override_return),
	[LATE_CGRP_GET] = true, [LATE_CGRP_DEL] = true,
};
/* clang-format on */
#undef LIVE

/* Arguments that stand for things, and not for numbers and bytes. */
static bool
is_thing(enum xb_arg_kind kind)
{
	switch (kind) {
	case XB_ARG_SPIN_LOCK:
	case XB_ARG_FUNC:
	case XB_ARG_RECORD:
	case XB_ARG_SOCK_COMMON:
	case XB_ARG_TIMER:
	case XB_ARG_DYNPTR:
	case XB_ARG_DYNPTR_W:
		return true;
	default:
		return false;
	}
}

/* Those that give a pointer to the value of a map. */
static bool
gives_value(const struct xb_helper *row)
{
	return row->id == BPF_FUNC_map_lookup_elem || row->id == BPF_FUNC_map_lookup_percpu_elem;
}

/* Whether a call is made whatever was recorded of it. */
static bool
is_live(const struct xb_helper *row, const struct xb_captured_call *call)
{
	if (live[row->id])
		return true;
	for (u32 i = 0; i < MAX_ARGS; i++)
		if (is_thing(row->args[i]))
			return true;
	/* A map or a socket in a map is no value that could be recorded. */
	return gives_value(row) && call->result_cnt == 0;
}

/* A number of the program's, as far as can be told: not the address of anything. */
static bool
is_scalar(const struct xb_proc *proc, enum xb_arg_kind kind, u64 value)
{
	struct xb_mem_where where;

	if (kind == XB_ARG_SIZE || kind == XB_ARG_SIZE_OR_0)
		return true;
	if (kind != XB_ARG_ANY)
		return false;
	if (value < XB_MEM_NULL_BYTES || value >= proc->vm->mem->limit)
		return true;
	xb_mem_describe(proc->vm->mem, value, 1, XB_MEM_READ, &where);
	return where.name[0] == 0;
}

/* The map that a register names, or NULL. */
static const struct xb_map *
map_of(const struct xb_proc *proc, u64 handle)
{
	const struct xb_emu *emu = xb_proc_emu(proc);

	return emu->handle_region ? xb_map_by_handle(emu, handle) : NULL;
}

/* How many bytes a helper may have written where an argument points; 0: it only reads. */
static u64
written_bytes(const struct xb_proc *proc, const struct xb_helper *row, u32 i, const u64 *r)
{
	const struct xb_map *map;

	switch (row->args[i]) {
	case XB_ARG_MEM_W:
	case XB_ARG_MEM_W_OR_NULL:
		return r[2 + i];
	case XB_ARG_MAP_VALUE_W:
		map = map_of(proc, r[1]);
		return map ? map->value_size : 0;
	case XB_ARG_U32_W:
		return sizeof(u32);
	case XB_ARG_U64_W:
	case XB_ARG_U64_RW:
		return sizeof(u64);
	default:
		return 0;
	}
}

/* Adds what lies at gaddr as a result; false: no memory. */
static bool
add_bytes(struct xb_proc *proc, struct xb_captured_call *call, u8 reg, u64 gaddr, u64 bytes)
{
	struct xb_captured_reg *to = &call->results[call->result_cnt];
	const void *from = xb_mem_range(proc->vm->mem, gaddr, bytes, XB_MEM_READ);

	if (!from || bytes == 0 || bytes > MOST_BYTES)
		return true;
	to->bytes = malloc(bytes);
	if (!to->bytes)
		return false;
	memcpy(to->bytes, from, bytes);
	to->reg = reg;
	to->byte_cnt = (u32)bytes;
	call->result_cnt++;
	return true;
}

static bool
add_r0(struct xb_proc *proc, const struct xb_helper *row, const u64 *r, u64 r0,
       struct xb_captured_call *call)
{
	const struct xb_map *map;

	if (gives_value(row) && r0) {
		map = map_of(proc, r[1]);
		return !map || add_bytes(proc, call, 0, r0, map->value_size);
	}
	if (r0 == 0 || is_scalar(proc, XB_ARG_ANY, r0))
		call->results[call->result_cnt++] = (struct xb_captured_reg){ .value = r0 };
	return true;
}

static bool
add_results(struct xb_proc *proc, const struct xb_helper *row, const u64 *r, u64 r0,
            struct xb_captured_call *call)
{
	if (proc->event) /* it has not come back */
		return true;
	if (!add_r0(proc, row, r, r0, call))
		return false;
	for (u32 i = 0; i < MAX_ARGS && row->args[i] != XB_ARG_NONE; i++) {
		u64 bytes = written_bytes(proc, row, i, r);

		if (bytes && !add_bytes(proc, call, (u8)(1 + i), r[1 + i], bytes))
			return false;
	}
	return true;
}

/* Keeps a place, as callbacks may call the same helper. */
static u32
begin_record(struct xb_captured *c, struct xb_proc *proc, const struct xb_helper *row, const u64 *r)
{
	struct xb_captured_call call = { .param_cnt = 0 };
	struct xb_err err;

	for (u8 i = 0; i < MAX_ARGS && row->args[i] != XB_ARG_NONE; i++)
		if (is_scalar(proc, row->args[i], r[1 + i]))
			call.params[call.param_cnt++] =
			        (struct xb_captured_reg){ .reg = (u8)(1 + i), .value = r[1 + i] };
	if (xb_captured_add(c, row->id, &call, &err) != 0)
		c->cut = true;
	return c->cnt[row->id] - 1;
}

/* The results of a call that was not made, as they were recorded. */
static bool
copy_results(struct xb_captured_call *to, const struct xb_captured_call *from)
{
	for (u32 i = 0; i < from->result_cnt; i++) {
		struct xb_captured_reg reg = from->results[i];

		if (reg.bytes) {
			reg.bytes = malloc((size_t)reg.byte_cnt + 1);
			if (!reg.bytes)
				return false;
			memcpy(reg.bytes, from->results[i].bytes, reg.byte_cnt);
		}
		to->results[to->result_cnt++] = reg;
	}
	return true;
}

static u64
fault_beyond(struct xb_proc *proc, const struct xb_playback *playback, const struct xb_helper *row)
{
	u32 cnt = xb_playback_cnt(playback, row->id);

	return xb_proc_fault(
	        proc, XB_FAULT_NOT_EMULATED,
	        "bpf_%s: call %u of it is not in the recording, which has %u, and calls "
	        "beyond it are not to be emulated",
	        row->name, cnt + 1, cnt);
}

/* R0. *given is the recorded call where that alone answered, and nothing was called. */
static u64
answer(struct xb_proc *proc, const struct xb_call *call, xb_call_fn fn, const u64 *r,
       const struct xb_captured_call **given)
{
	struct xb_playback *playback = xb_proc_emu(proc)->playback[proc->vcpu];
	const struct xb_helper *row = call->data;
	const struct xb_captured_call *was;
	u64 r0;

	if (!playback)
		return fn(proc, call, r);
	was = xb_playback_take(playback, proc, row->name, row->id);
	if (!was && proc->event)
		return 0;
	if (!was && (row->state == XB_HELPER_CAPTURED || xb_playback_emulates(playback)))
		return fn(proc, call, r);
	if (!was)
		return fault_beyond(proc, playback, row);
	if (!is_live(row, was)) {
		*given = was;
		return xb_playback_apply(playback, proc, row->name, was);
	}
	r0 = fn(proc, call, r);
	if (proc->event || xb_playback_same_result(playback, proc, row->name, row->id, was, r0))
		return r0;
	return 0;
}

u64
xb_watch_call(struct xb_proc *proc, const struct xb_call *call, xb_call_fn fn, const u64 *r)
{
	struct xb_captured *c = xb_proc_emu(proc)->record[proc->vcpu];
	const struct xb_captured_call *given = NULL;
	const struct xb_helper *row = call->data;
	struct xb_captured_call *to;
	u64 was[1 + MAX_ARGS], r0;
	u32 n;

	if (!c || c->cut)
		return answer(proc, call, fn, r, &given);
	memcpy(was, r, sizeof(was));
	n = begin_record(c, proc, row, was);
	r0 = answer(proc, call, fn, r, &given);
	if (proc->event & XB_PROC_FAULTED && c->cnt[row->id] == n + 1)
		c->cnt[row->id]--; /* it has no bytes yet: as if it had never been called */
	if (c->cut || proc->event & XB_PROC_FAULTED)
		return r0;
	to = &c->calls[row->id][n]; /* callbacks may have moved it */
	if (!(given ? copy_results(to, given) : add_results(proc, row, was, r0, to)))
		c->cut = true;
	return r0;
}
