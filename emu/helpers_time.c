/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_time.c - clocks, chance, and where the program runs. */
#include "emu/helpers_priv.h"

#include "emu/clock.h"
#include "emu/rand.h"
#include "emu/vcpu.h"

static const struct xb_clock *
clock_of(const struct xb_proc *proc)
{
	return xb_emu_clock(xb_proc_emu(proc), proc->vcpu);
}

static u64
ktime_get_ns(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return xb_clock_boot_ns(clock_of(proc));
}

static u64
ktime_get_boot_ns(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return xb_clock_boot_ns(clock_of(proc));
}

static u64
ktime_get_coarse_ns(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return xb_clock_coarse_ns(clock_of(proc));
}

static u64
ktime_get_tai_ns(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return xb_clock_tai_ns(clock_of(proc));
}

static u64
jiffies64(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return xb_clock_jiffies(clock_of(proc));
}

static u64
get_prandom_u32(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return xb_rand_u32(xb_proc_emu(proc), proc->vcpu);
}

static u64
get_smp_processor_id(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return proc->vcpu;
}

/* Differs: all vCPUs are on node 0. */
static u64
get_numa_node_id(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	(void)a;
	return 0;
}

#define HELPERS_C "kernel/bpf/helpers.c"

static const struct xb_helper rows[] = {
	{ XB_HELPER_ROW(ktime_get_ns, HELPERS_C) },
	{ XB_HELPER_ROW(ktime_get_boot_ns, HELPERS_C) },
	{ XB_HELPER_ROW(ktime_get_coarse_ns, HELPERS_C) },
	{ XB_HELPER_ROW(ktime_get_tai_ns, HELPERS_C) },
	{ XB_HELPER_ROW(jiffies64, HELPERS_C) },
	{ XB_HELPER_ROW(get_prandom_u32, "kernel/bpf/core.c") },
	{ XB_HELPER_ROW(get_smp_processor_id, HELPERS_C) },
	{ XB_HELPER_ROW(get_numa_node_id, HELPERS_C) },
};

const struct xb_helper_table xb_helpers_time = { rows, XB_ARRAY_SIZE(rows) };
