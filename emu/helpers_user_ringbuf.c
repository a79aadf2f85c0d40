/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_user_ringbuf.c - samples that user space left for the program. */
#include "emu/helpers_priv.h"

#include "emu/dynptr.h"

#include <errno.h>

#define MAX_SAMPLES (128u * 1024) /* cf. kernel/bpf/ringbuf.c: BPF_MAX_USER_RINGBUF_SAMPLES */

/* A drain on its way. */
struct drain {
	struct xb_map *map;
	u64 func, ctx;
	u64 ptr; /* guest address of the dynptr that the callback gets */
	long samples, skipped;
};

/* Calls the callback for one sample: false to stop, with *ret where it is an error. */
static bool
drain_one(struct xb_proc *proc, struct drain *d, long *ret)
{
	struct xb_dynptr ptr = { .type = XB_DYNPTR_LOCAL };
	u64 args[5] = { d->ptr, d->ctx }, stop = 1;
	int err = xb_user_ringbuf_peek(d->map, &ptr.gaddr, &ptr.size);

	if (err == -EAGAIN) {
		d->skipped++;
		return true;
	}
	if (err) {
		*ret = err == -ENODATA ? 0 : err;
		d->samples--; /* not one of them */
		return false;
	}
	xb_dynptr_store(xb_mem_host(proc->vm->mem, d->ptr), &ptr);
	if (!xb_proc_callback(proc, d->func, args, &stop))
		stop = 1;
	xb_user_ringbuf_release(d->map, ptr.gaddr, ptr.size);
	return !stop;
}

static u64
user_ringbuf_drain(struct xb_proc *proc, const union xb_arg *a)
{
	struct drain d = { .map = a[0].map, .func = a[1].u, .ctx = a[2].u };
	bool more = true;
	long ret = 0;

	if (a[3].u & ~(u64)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))
		return helper_ret(-EINVAL);
	d.ptr = xb_user_ringbuf_begin(d.map);
	if (!d.ptr)
		return helper_ret(-EBUSY);
	while (more && d.samples < MAX_SAMPLES) {
		d.samples++;
		more = drain_one(proc, &d, &ret);
	}
	xb_user_ringbuf_end(d.map);
	return helper_ret(ret ? ret : d.samples - d.skipped);
}

static const struct xb_helper rows[] = {
	{ XB_HELPER_ROW(user_ringbuf_drain, "kernel/bpf/ringbuf.c"),
	  .args = { XB_ARG_MAP, XB_ARG_FUNC, XB_ARG_STACK_OR_NULL, XB_ARG_ANY },
	  .map_types = XB_MAP_TYPE_BIT(BPF_MAP_TYPE_USER_RINGBUF) },
};

const struct xb_helper_table xb_helpers_user_ringbuf = { rows, XB_ARRAY_SIZE(rows) };
