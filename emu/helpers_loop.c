/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_loop.c - helpers that call functions of the program. */
#include "emu/helpers_priv.h"

#include "emu/vcpu.h"

#include <errno.h>
#include <string.h>

#define KEY_BYTES  512
#define KEY_STRIDE (KEY_BYTES + 64)
#define MAX_LOOPS  (8u * 1024 * 1024) /* cf. include/linux/bpf.h: BPF_MAX_LOOPS */

/*
 * Returns how often the callback was called. With flags of 0, which is how it is called, Linux
 * replaces the call with instructions: they look at all 64 bits of the count, and -E2BIG has 32
 * (cf. kernel/bpf/verifier.c: inline_bpf_loop).
 */
static u64
loop(struct xb_proc *proc, const union xb_arg *a)
{
	u64 cnt = a[0].u, func = a[1].u, ctx = a[2].u, stop;

	if (a[3].u)
		return helper_ret(-EINVAL);
	if (cnt > MAX_LOOPS)
		return (u32)-E2BIG;
	for (u64 i = 0; i < cnt; i++) {
		const u64 args[5] = { i, ctx };

		if (!xb_proc_callback(proc, func, args, &stop))
			return 0;
		if (stop)
			return i + 1;
	}
	return cnt;
}

/* One walk over a map: what its callback is called with. */
struct walk {
	struct xb_proc *proc;
	u64 func, ctx;
	u64 key_gaddr; /* where the callback finds its key */
};

static int
visit(void *arg, struct xb_map *map, const void *key, u64 value)
{
	const struct walk *w = arg;
	const u64 args[5] = { map->handle, w->key_gaddr, value, w->ctx };
	u64 stop;

	memcpy(xb_mem_host(w->proc->vm->mem, w->key_gaddr), key, map->key_size);
	if (!xb_proc_callback(w->proc, w->func, args, &stop))
		return 1;
	return stop != 0;
}

/*
 * Whether a key goes into what every vCPU keeps for small ones, with room for one a frame; but for
 * those frames that there are after tail calls of functions alone.
 */
static bool
is_small(const struct xb_proc *proc, u32 bytes)
{
	return bytes <= KEY_BYTES && proc->depth < proc->vm->frame_cnt;
}

/* The memory of a walk's key. */
static struct xb_region *
key_region(struct xb_proc *proc, u32 bytes)
{
	bool small = is_small(proc, bytes);
	const struct xb_region_opts opts = {
		.name = "key",
		.bytes = small ? (u64)proc->vm->frame_cnt * KEY_STRIDE : bytes,
	};
	struct xb_region **kept = &xb_proc_emu(proc)->vcpus[proc->vcpu].keys;
	struct xb_err err = XB_ERR_INIT;
	struct xb_region *region;

	if (small && *kept)
		return *kept;
	region = xb_mem_map(proc->vm->mem, &opts, &err);
	if (!region)
		xb_proc_fault(proc, XB_FAULT_INTERNAL, "%s", err.msg);
	else if (small)
		*kept = region;
	return region;
}

static u64
for_each_map_elem(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_map *map = a[0].map;
	struct xb_mem *mem = proc->vm->mem;
	struct walk w = { .proc = proc, .func = a[1].u, .ctx = a[2].u };
	bool small = is_small(proc, map->key_size);
	struct xb_region *region;
	long ret;

	if (a[3].u)
		return helper_ret(-EINVAL);
	region = key_region(proc, map->key_size);
	if (!region)
		return 0;
	w.key_gaddr = region->gaddr + (small ? (u64)proc->depth * KEY_STRIDE : 0);
	xb_mem_allow(mem, w.key_gaddr, map->key_size, XB_MEM_READ);
	ret = xb_map_for_each(map, proc->vcpu, visit, &w);
	xb_mem_forbid(mem, w.key_gaddr, map->key_size);
	if (!small)
		xb_mem_unmap(mem, region);
	return helper_ret(ret);
}

#define TYPE(t) XB_MAP_TYPE_BIT(BPF_MAP_TYPE_##t)

static const struct xb_helper rows[] = {
	{ XB_HELPER_ROW(loop, "kernel/bpf/bpf_iter.c"),
	  .args = { XB_ARG_ANY, XB_ARG_FUNC, XB_ARG_STACK_OR_NULL, XB_ARG_ANY } },
	{ XB_HELPER_ROW(for_each_map_elem, "kernel/bpf/bpf_iter.c"),
	  .args = { XB_ARG_MAP, XB_ARG_FUNC, XB_ARG_STACK_OR_NULL, XB_ARG_ANY },
	  .map_types = TYPE(HASH) | TYPE(PERCPU_HASH) | TYPE(LRU_HASH) | TYPE(LRU_PERCPU_HASH) |
	               TYPE(ARRAY) | TYPE(PERCPU_ARRAY) },
};

const struct xb_helper_table xb_helpers_loop = { rows, XB_ARRAY_SIZE(rows) };
