/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kfuncs_rcu.c - sections of RCU. What a program deletes stays until its run ends, so there is
 * nothing to do; whether they are paired is the verifier's to say.
 *
 * Differs: sections that are not paired, and functions that sleep inside, are taken.
 */
#include "emu/kfuncs_priv.h"

static u64
bpf_rcu_read_lock(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	(void)a;
	return 0;
}

static u64
bpf_rcu_read_unlock(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	(void)a;
	return 0;
}

static const struct xb_kfunc rows[] = {
	{ { XB_KFUNC_CALL(bpf_rcu_read_lock, "kernel/bpf/helpers.c") }, 0 },
	{ { XB_KFUNC_CALL(bpf_rcu_read_unlock, "kernel/bpf/helpers.c") }, 0 },
};

const struct xb_kfunc_table xb_kfuncs_rcu = { rows, XB_ARRAY_SIZE(rows) };
