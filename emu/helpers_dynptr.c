/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers_dynptr.c - dynamic pointers to memory and to records of ring buffers.
 *
 * Differs: a part that bpf_dynptr_data gives out ends where its object ends, not after the bytes
 * that were asked for.
 */
#include "emu/helpers_priv.h"

#include "emu/dynptr.h"
#include "vm/bytes.h"

#include <errno.h>
#include <string.h>

static const struct xb_dynptr null_ptr;

/* A null pointer in place of the new one, and why. */
static u64
fail(void *at, int err)
{
	xb_dynptr_store(at, &null_ptr);
	return helper_ret(err);
}

/* cf. bpf_dynptr_check_size */
static int
check_size(u32 size)
{
	return size > XB_DYNPTR_MAX_SIZE ? -E2BIG : 0;
}

/* Memory may be of map values only (cf. kernel/bpf/verifier.c: check_helper_call). */
static u64
dynptr_from_mem(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_dynptr ptr = { .gaddr = proc->r[1],
		                       .size = (u32)a[1].u,
		                       .type = XB_DYNPTR_LOCAL };
	u64 in_stack = ptr.gaddr - proc->stack->gaddr;

	if (in_stack < proc->stack->bytes)
		return xb_proc_fault(proc, XB_FAULT_BAD_ARGUMENT,
		                     "bpf_dynptr_from_mem: argument 1 (buffer): Unsupported reg "
		                     "type fp for bpf_dynptr_from_mem data");
	if (check_size(ptr.size))
		return fail(a[3].mem, -E2BIG);
	if (a[2].u)
		return fail(a[3].mem, -EINVAL);
	xb_dynptr_store(a[3].mem, &ptr);
	return 0;
}

/* The part of what ptr points at, as a host pointer; NULL after a fault. */
static void *
part(struct xb_proc *proc, const struct xb_dynptr *ptr, u32 off, u32 len, u8 need)
{
	u64 gaddr = ptr->gaddr + off;
	void *host = xb_mem_range(proc->vm->mem, gaddr, len, need);

	if (!host)
		xb_proc_fault_mem(proc, gaddr, len, need, "dynptr");
	return host;
}

static u64
dynptr_read(struct xb_proc *proc, const union xb_arg *a)
{
	u32 len = (u32)a[1].u, off = (u32)a[3].u;
	struct xb_dynptr src;
	const void *from;

	if (!xb_dynptr_load(a[2].mem, &src) || !src.gaddr || a[4].u)
		return helper_ret(-EINVAL);
	if (xb_dynptr_check_off_len(&src, off, len))
		return helper_ret(-E2BIG);
	from = part(proc, &src, off, len, XB_MEM_READ);
	if (from)
		xb_move(a[0].mem, from, len);
	return 0;
}

static u64
dynptr_write(struct xb_proc *proc, const union xb_arg *a)
{
	u32 len = (u32)a[3].u, off = (u32)a[1].u;
	struct xb_dynptr dst;
	void *to;

	if (!xb_dynptr_load(a[0].mem, &dst) || !dst.gaddr || dst.rdonly)
		return helper_ret(-EINVAL);
	if (xb_dynptr_check_off_len(&dst, off, len))
		return helper_ret(-E2BIG);
	if (a[4].u)
		return helper_ret(-EINVAL);
	to = part(proc, &dst, off, len, XB_MEM_WRITE);
	if (to)
		xb_move(to, a[2].mem, len);
	return 0;
}

static u64
dynptr_data(struct xb_proc *proc, const union xb_arg *a)
{
	u32 off = (u32)a[1].u, len = (u32)a[2].u;
	struct xb_dynptr ptr;

	(void)proc;
	if (!xb_dynptr_load(a[0].mem, &ptr) || !ptr.gaddr || ptr.rdonly)
		return 0;
	return xb_dynptr_check_off_len(&ptr, off, len) ? 0 : ptr.gaddr + off;
}

static u64
ringbuf_reserve_dynptr(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_dynptr ptr = { .size = (u32)a[1].u, .type = XB_DYNPTR_RINGBUF };

	(void)proc;
	if (a[2].u)
		return fail(a[3].mem, -EINVAL);
	if (check_size(ptr.size))
		return fail(a[3].mem, -E2BIG);
	ptr.gaddr = xb_ringbuf_reserve(a[0].map, ptr.size, proc);
	if (!ptr.gaddr)
		return fail(a[3].mem, -EINVAL);
	xb_dynptr_store(a[3].mem, &ptr);
	return 0;
}

/* One that could not be reserved is given back without a word. */
static u64
commit(struct xb_proc *proc, const union xb_arg *a, bool discard)
{
	struct xb_dynptr ptr;
	struct xb_map *map;
	u32 bytes;

	if (!xb_dynptr_load(a[0].mem, &ptr) || !ptr.gaddr)
		return 0;
	map = xb_ringbuf_record(xb_proc_emu(proc), ptr.gaddr, proc->vcpu, &bytes);
	if (!map)
		return xb_proc_fault(proc, XB_FAULT_BAD_ARGUMENT,
		                     "argument 1 (dynptr): not a record that is reserved in a "
		                     "ring buffer");
	xb_ringbuf_commit(map, ptr.gaddr, a[1].u, discard, proc);
	xb_dynptr_store(a[0].mem, &null_ptr);
	return 0;
}

static u64
ringbuf_submit_dynptr(struct xb_proc *proc, const union xb_arg *a)
{
	return commit(proc, a, false);
}

static u64
ringbuf_discard_dynptr(struct xb_proc *proc, const union xb_arg *a)
{
	return commit(proc, a, true);
}

#define RINGBUF   XB_MAP_TYPE_BIT(BPF_MAP_TYPE_RINGBUF)
#define HELPERS_C "kernel/bpf/helpers.c"
#define RINGBUF_C "kernel/bpf/ringbuf.c"

static const struct xb_helper rows[] = {
	{ XB_HELPER_ROW(dynptr_from_mem, HELPERS_C),
	  .args = { XB_ARG_MEM_W, XB_ARG_SIZE_OR_0, XB_ARG_ANY, XB_ARG_DYNPTR_W } },
	{ XB_HELPER_ROW(dynptr_read, HELPERS_C),
	  .args = { XB_ARG_MEM_W, XB_ARG_SIZE_OR_0, XB_ARG_DYNPTR, XB_ARG_ANY, XB_ARG_ANY } },
	{ XB_HELPER_ROW(dynptr_write, HELPERS_C),
	  .args = { XB_ARG_DYNPTR, XB_ARG_ANY, XB_ARG_MEM, XB_ARG_SIZE_OR_0, XB_ARG_ANY } },
	{ XB_HELPER_ROW(dynptr_data, HELPERS_C),
	  .args = { XB_ARG_DYNPTR, XB_ARG_ANY, XB_ARG_ANY } },
	{ XB_HELPER_ROW(ringbuf_reserve_dynptr, RINGBUF_C),
	  .args = { XB_ARG_MAP, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_DYNPTR_W }, .map_types = RINGBUF },
	{ XB_HELPER_ROW(ringbuf_submit_dynptr, RINGBUF_C), .args = { XB_ARG_DYNPTR, XB_ARG_ANY } },
	{ XB_HELPER_ROW(ringbuf_discard_dynptr, RINGBUF_C), .args = { XB_ARG_DYNPTR, XB_ARG_ANY } },
};

const struct xb_helper_table xb_helpers_dynptr = { rows, XB_ARRAY_SIZE(rows) };
