/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer.h - bpf_timer: functions of programs that run later, in the time of the emulator's clock.
 *
 * A timer is known by the guest address of its 16 bytes in a map's value; they hold its number. It
 * fires when somebody says how late it is (xb_timer_run_until), never during a run of its vCPU.
 *
 * While vCPUs run concurrently each has timers of its own, those that it started, in its own time.
 */
#ifndef XB_EMU_TIMER_H
#define XB_EMU_TIMER_H

#include "emu/emu.h"
#include "vm/fault.h"

#define XB_TIMER_BYTES 16u

struct xb_timers;

/*
 * The helpers (cf. kernel/bpf/helpers.c: bpf_timer_init and those that follow). init: 0, -EINVAL
 * (flags), -EBUSY, -ENOMEM, -EFAULT where `at` is in no element of map. `func` is a function of
 * prog, which stays. `cpu` is where the program runs that calls, and where the timer fires. cancel
 * waits for a callback that another vCPU runs.
 *
 * Differs: in a callback that is -EDEADLK, which Linux says only where the other one cancels, too.
 */
long xb_timer_init(struct xb_map *map, u64 at, u64 flags);
long xb_timer_set_callback(struct xb_emu *emu, u64 at, const struct xb_prog *prog, u64 func);
long xb_timer_start(struct xb_emu *emu, u64 at, u64 ns, u64 flags, u32 cpu);
long xb_timer_cancel(struct xb_emu *emu, u64 at, u32 cpu);

/* The value goes, or is written over. No timer there: nothing. */
void xb_timer_cancel_and_free(struct xb_emu *emu, u64 at);

/* The map goes, with all its timers. */
void xb_timer_forget_map(struct xb_map *map);

/* How many are armed. */
u32 xb_timer_armed(const struct xb_emu *emu);

/*
 * Runs what is due until now_ns (since the epoch), by expiry, then by start; for each, the clock
 * shows when it was due, or the time before, if that is later. The clock is left as it was found.
 * NULL when all is done; the fault of a callback that was stopped: to be called again for the rest.
 *
 * Differs: callbacks take no time. Where one of them arms timers at once over and over, a call ends
 * after 65,536 of them, and the rest are late.
 */
const struct xb_fault *xb_timer_run_until(struct xb_emu *emu, u64 now_ns);

/* The same, while vCPUs run concurrently, for the timers of one, in its thread. */
const struct xb_fault *xb_timer_run_on(struct xb_emu *emu, u32 vcpu, u64 now_ns);

/* Deals timers out to vCPUs, or puts them together again, after emu->concurrent changed. */
void xb_timer_share(struct xb_emu *emu);

void xb_timer_free_all(struct xb_emu *emu);

#endif
