/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_timer.c - timers in the values of maps, and pointers of the kernel's. */
#include "emu/helpers_priv.h"

#include "emu/timer.h"
#include "vm/bytes.h"

#include <errno.h>

/* cf. kernel/bpf/verifier.c: process_timer_func */
static u64
timer_init(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_map *map = a[1].map;
	long ret;

	if (!(map->specials.mask & XB_SPECIAL_BIT(XB_SPECIAL_TIMER)))
		return xb_proc_fault(proc, XB_FAULT_BAD_ARGUMENT,
		                     "bpf_timer_init: map '%s' doesn't have 'struct bpf_timer'",
		                     map->name);
	ret = xb_timer_init(map, proc->r[1], a[2].u);
	if (ret == -EFAULT)
		return xb_proc_fault(proc, XB_FAULT_BAD_ARGUMENT,
		                     "bpf_timer_init: argument 1 (timer): it is in no value of map "
		                     "'%s'",
		                     map->name);
	return helper_ret(ret);
}

static u64
timer_set_callback(struct xb_proc *proc, const union xb_arg *a)
{
	if (!xb_prog_is_func(proc->prog, a[1].u))
		return xb_proc_fault(proc, XB_FAULT_BAD_CALL, "callback 0x%llx is not a function",
		                     (unsigned long long)a[1].u);
	return helper_ret(xb_timer_set_callback(xb_proc_emu(proc), proc->r[1], proc->prog, a[1].u));
}

static u64
timer_start(struct xb_proc *proc, const union xb_arg *a)
{
	return helper_ret(
	        xb_timer_start(xb_proc_emu(proc), proc->r[1], a[1].u, a[2].u, proc->vcpu));
}

static u64
timer_cancel(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return helper_ret(xb_timer_cancel(xb_proc_emu(proc), proc->r[1], proc->vcpu));
}

/* Returns what was there: only kernel functions make such pointers, so both are NULL. */
static u64
kptr_xchg(struct xb_proc *proc, const union xb_arg *a)
{
	u64 old = xb_ld64(a[0].mem);

	if (proc->r[1] % sizeof(old) == 0)
		return __atomic_exchange_n((u64 *)a[0].mem, a[1].u, __ATOMIC_SEQ_CST);
	xb_st64(a[0].mem, a[1].u);
	return old;
}

#define HELPERS_C "kernel/bpf/helpers.c"

static const struct xb_helper rows[] = {
	{ XB_HELPER_ROW(timer_init, HELPERS_C), .gpl_only = true,
	  .args = { XB_ARG_TIMER, XB_ARG_MAP, XB_ARG_ANY } },
	{ XB_HELPER_ROW(timer_set_callback, HELPERS_C), .gpl_only = true,
	  .args = { XB_ARG_TIMER, XB_ARG_FUNC } },
	{ XB_HELPER_ROW(timer_start, HELPERS_C), .gpl_only = true,
	  .args = { XB_ARG_TIMER, XB_ARG_ANY, XB_ARG_ANY } },
	{ XB_HELPER_ROW(timer_cancel, HELPERS_C), .gpl_only = true, .args = { XB_ARG_TIMER } },
	{ XB_HELPER_ROW(kptr_xchg, HELPERS_C), .args = { XB_ARG_U64_RW, XB_ARG_ANY } },
};

const struct xb_helper_table xb_helpers_timer = { rows, XB_ARRAY_SIZE(rows) };
