/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers_lock.c - bpf_spin_lock: 1 in its four bytes while it is held.
 *
 * What the verifier proves in Linux stops the program here: a second lock, an unlock of a lock that
 * is not held, and (vm/proc.c) an end with a lock held.
 */
#include "emu/helpers_priv.h"

#define MAX_SPINS  (1u << 26) /* well above a second */
#define MAX_YIELDS (1u << 22) /* the same, where each gives the CPU to others */

/* False: it is never given back. */
static bool
take(const struct xb_emu *emu, u32 *lock)
{
	u32 most = emu->concurrent ? MAX_YIELDS : MAX_SPINS;

	for (u32 i = 0; __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0; i++) {
		if (i == most)
			return false;
		if (emu->concurrent)
			xb_lock_pause(i);
	}
	return true;
}

static u64
spin_lock(struct xb_proc *proc, const union xb_arg *a)
{
	u32 *lock = a[0].mem;

	if (proc->lock_gaddr)
		return xb_proc_fault(proc, XB_FAULT_LOCK,
		                     "bpf_spin_lock: locking two bpf_spin_locks is not allowed");
	if (proc->r[1] % sizeof(*lock))
		return xb_proc_fault(proc, XB_FAULT_LOCK, "bpf_spin_lock: the lock is not aligned");
	if (!take(xb_proc_emu(proc), lock))
		return xb_proc_fault(proc, XB_FAULT_LOCK,
		                     "bpf_spin_lock: the lock is never given back");
	proc->lock_gaddr = proc->r[1];
	return 0;
}

static u64
spin_unlock(struct xb_proc *proc, const union xb_arg *a)
{
	u32 *lock = a[0].mem;

	if (!proc->lock_gaddr)
		return xb_proc_fault(proc, XB_FAULT_LOCK, "bpf_spin_unlock without taking a lock");
	if (proc->lock_gaddr != proc->r[1])
		return xb_proc_fault(proc, XB_FAULT_LOCK, "bpf_spin_unlock of different lock");
	proc->lock_gaddr = 0;
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
	return 0;
}

static const struct xb_helper rows[] = {
	{ XB_HELPER_ROW(spin_lock, "kernel/bpf/helpers.c"), .args = { XB_ARG_SPIN_LOCK } },
	{ XB_HELPER_ROW(spin_unlock, "kernel/bpf/helpers.c"), .args = { XB_ARG_SPIN_LOCK } },
};

const struct xb_helper_table xb_helpers_lock = { rows, XB_ARRAY_SIZE(rows) };
