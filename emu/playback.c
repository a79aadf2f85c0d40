/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * playback.c - helpers that answer as they once did.
 *
 * What a recorded pointer in R0 led to lies in a region of the replay's own, in which every such
 * call has its place, in the order of helpers and calls.
 */
#include "emu/captured.h"

#include "emu/helper.h"
#include "emu/playback_priv.h"
#include "vm/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_GAP 16u /* never addressable, between what two pointers lead to */

struct xb_playback {
	struct xb_emu *emu;
	u32 vcpu;     /* where it was started, */
	bool started; /* if it is */
	const struct xb_captured *c;
	struct xb_playback_opts opts;
	u32 next[XB_EMU_HELPER_MAX];
	struct xb_region *objects; /* what recorded pointers led to, or NULL */
	u64 used;                  /* of it, in this run */
};

static const struct xb_captured_reg *
find_result(const struct xb_captured_call *call, u8 reg)
{
	for (u32 i = 0; i < call->result_cnt; i++)
		if (call->results[i].reg == reg)
			return &call->results[i];
	return NULL;
}

static u64
object_room(const struct xb_captured_reg *reg)
{
	return xb_align_up((u64)reg->byte_cnt + OBJECT_GAP, 8);
}

/* Room for all that recorded pointers led to. */
static int
map_objects(struct xb_playback *r, struct xb_err *err)
{
	struct xb_region_opts opts = { .name = "recorded object", .bytes = 0 };

	for (u32 id = 0; id < XB_EMU_HELPER_MAX; id++) {
		for (u32 i = 0; i < r->c->cnt[id]; i++) {
			const struct xb_captured_reg *r0 = find_result(&r->c->calls[id][i], 0);

			if (r0 && r0->bytes)
				opts.bytes += object_room(r0);
		}
	}
	if (opts.bytes == 0)
		return 0;
	r->objects = xb_mem_map(r->emu->mem, &opts, err);
	return r->objects ? 0 : -1;
}

struct xb_playback *
xb_playback_new(struct xb_emu *emu, const struct xb_captured *c,
                const struct xb_playback_opts *opts, struct xb_err *err)
{
	struct xb_playback *r = calloc(1, sizeof(*r));

	if (!r) {
		xb_err_errno(err, ENOMEM, "recorded calls");
		return NULL;
	}
	*r = (struct xb_playback){ .emu = emu, .c = c, .opts = *opts };
	if (map_objects(r, err) != 0) {
		free(r);
		return NULL;
	}
	return r;
}

void
xb_playback_free(struct xb_playback *r)
{
	if (!r)
		return;
	xb_playback_stop(r);
	xb_mem_unmap(r->emu->mem, r->objects);
	free(r);
}

void
xb_playback_start(struct xb_playback *r, u32 vcpu)
{
	if (!r)
		return;
	assert(vcpu < XB_EMU_MAX_CPUS);
	xb_playback_stop(r);
	memset(r->next, 0, sizeof(r->next));
	if (r->used)
		xb_mem_forbid(r->emu->mem, r->objects->gaddr, r->used);
	r->used = 0;
	r->vcpu = vcpu;
	r->started = true;
	r->emu->playback[vcpu] = r;
}

void
xb_playback_stop(struct xb_playback *r)
{
	if (!r || !r->started)
		return; /* what other vCPUs have is not looked at */
	r->started = false;
	if (r->emu->playback[r->vcpu] == r)
		r->emu->playback[r->vcpu] = NULL;
}

/* What is not as it was: a warning, or the program is stopped. False: it is. */
static bool XB_PRINTF(3, 4)
        differs(struct xb_playback *r, struct xb_proc *proc, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (r->opts.strict) {
		xb_proc_fault(proc, XB_FAULT_BAD_CALL, "%s", text);
		return false;
	}
	if (r->opts.note)
		r->opts.note(r->opts.arg, proc, text);
	return true;
}

/* Whether the program calls with what was recorded. Bytes are not compared: addresses differ. */
static bool
check_params(struct xb_playback *r, struct xb_proc *proc, const char *name, u32 n,
             const struct xb_captured_call *call)
{
	for (u32 i = 0; i < call->param_cnt; i++) {
		const struct xb_captured_reg *p = &call->params[i];

		if (p->bytes || proc->r[p->reg] == p->value)
			continue;
		if (!differs(r, proc,
		             "bpf_%s: recorded call %u has 0x%llx in r%u, the program 0x%llx", name,
		             n, (unsigned long long)p->value, p->reg,
		             (unsigned long long)proc->r[p->reg]))
			return false;
	}
	return true;
}

const struct xb_captured_call *
xb_playback_take(struct xb_playback *r, struct xb_proc *proc, const char *name, u32 helper)
{
	const struct xb_captured_call *call;
	u32 n = r->next[helper];

	if (n == r->c->cnt[helper])
		return NULL;
	call = &r->c->calls[helper][n];
	r->next[helper]++;
	return check_params(r, proc, name, n + 1, call) ? call : NULL;
}

static bool
write_bytes(struct xb_proc *proc, const char *name, const struct xb_captured_reg *result, u64 gaddr)
{
	void *to = xb_mem_range(proc->vm->mem, gaddr, result->byte_cnt, XB_MEM_WRITE);
	char what[64];

	if (to) {
		memcpy(to, result->bytes, result->byte_cnt);
		return true;
	}
	snprintf(what, sizeof(what), "bpf_%s: recorded bytes for r%u", name, result->reg);
	xb_proc_fault_mem(proc, gaddr, result->byte_cnt, XB_MEM_WRITE, what);
	return false;
}

/* What a pointer led to, in a place of its own. */
static u64
put_object(struct xb_playback *r, const struct xb_captured_reg *result)
{
	u64 gaddr = r->objects->gaddr + r->used;

	assert(object_room(result) <= r->objects->bytes - r->used);
	memcpy(xb_mem_host(r->emu->mem, gaddr), result->bytes, result->byte_cnt);
	xb_mem_allow(r->emu->mem, gaddr, result->byte_cnt, XB_MEM_WRITE);
	r->used += object_room(result);
	return gaddr;
}

u64
xb_playback_apply(struct xb_playback *r, struct xb_proc *proc, const char *name,
                  const struct xb_captured_call *call)
{
	u64 was[XB_CAPTURED_REGS], r0 = 0;

	memcpy(was, proc->r, sizeof(was));
	for (u32 i = 0; i < call->result_cnt; i++) {
		const struct xb_captured_reg *result = &call->results[i];

		if (result->reg == 0)
			r0 = result->bytes ? put_object(r, result) : result->value;
		else if (!result->bytes)
			proc->r[result->reg] = result->value;
		else if (!write_bytes(proc, name, result, was[result->reg]))
			return 0;
	}
	return r0;
}

bool
xb_playback_same_result(struct xb_playback *r, struct xb_proc *proc, const char *name, u32 helper,
                        const struct xb_captured_call *call, u64 r0)
{
	const struct xb_captured_reg *result = find_result(call, 0);

	if (!result || result->bytes || result->value == r0)
		return true;
	return differs(r, proc, "bpf_%s: recorded call %u gave 0x%llx, now 0x%llx", name,
	               r->next[helper], (unsigned long long)result->value, (unsigned long long)r0);
}

bool
xb_playback_emulates(const struct xb_playback *r)
{
	return r->opts.emulate;
}

u32
xb_playback_cnt(const struct xb_playback *r, u32 helper)
{
	return r->c->cnt[helper];
}

u64
xb_captured_call(struct xb_proc *proc, u32 helper)
{
	struct xb_playback *r = xb_proc_emu(proc)->playback[proc->vcpu];
	const char *name = xb_helper_name(helper);
	const struct xb_captured_call *call = r ? xb_playback_take(r, proc, name, helper) : NULL;

	if (call)
		return xb_playback_apply(r, proc, name, call);
	return xb_proc_fault(proc, XB_FAULT_NOT_EMULATED,
	                     "bpf_%s reads the machine: its results have to be given, as "
	                     "\"helperCalls\" of a captured context%s",
	                     name, r && r->c->cnt[helper] ? ", which has no more of them" : "");
}
