/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.h - a lock that is held for moments: who waits spins a little, then lets others run.
 *
 * Locks are taken only while vCPUs run concurrently (emu/vcpu.h). They do not nest within
 * themselves. Their order: bpf(2)'s, a map's, that of the timers, that of objects or of sockets.
 */
#ifndef XB_EMU_LOCK_H
#define XB_EMU_LOCK_H

#include "vm/types.h"

struct xb_lock {
	u32 held;
};

/* Takes a lock that others hold. */
void xb_lock_wait(struct xb_lock *lock);

/* One turn of waiting, the i-th: cheap at first, then other threads get the CPU. */
void xb_lock_pause(u32 i);

/* NULL is no lock. */
static inline void
xb_lock_take(struct xb_lock *lock)
{
	if (XB_UNLIKELY(lock != NULL) && __atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
		xb_lock_wait(lock);
}

static inline void
xb_lock_give(struct xb_lock *lock)
{
	if (XB_UNLIKELY(lock != NULL))
		__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

#endif
