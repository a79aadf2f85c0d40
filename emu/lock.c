/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/lock.h"

#include <sched.h>

#define SPINS 100u /* before the CPU is given to others */

void
xb_lock_pause(u32 i)
{
	if (i >= SPINS)
		sched_yield();
#if defined(__x86_64__) || defined(__i386__)
	else
		__builtin_ia32_pause();
#endif
}

void
xb_lock_wait(struct xb_lock *lock)
{
	u32 i = 0;

	do {
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
			xb_lock_pause(i++);
	} while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE));
}
