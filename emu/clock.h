/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - time as programs see it: a function of struct xb_clock, which stands still during a
 * run.
 *
 * All nanoseconds. A clock whose boot lies after now has been up for 0 ns.
 */
#ifndef XB_EMU_CLOCK_H
#define XB_EMU_CLOCK_H

#include "emu/emu.h"

#define XB_CLOCK_HZ      250u /* ticks a second: CONFIG_HZ of Debian's kernels */
#define XB_CLOCK_TICK_NS (1000000000u / XB_CLOCK_HZ)

/* CLOCK_MONOTONIC, which is CLOCK_BOOTTIME here: the machine never sleeps. */
u64 xb_clock_boot_ns(const struct xb_clock *clock);

/* CLOCK_MONOTONIC at the last tick. */
u64 xb_clock_coarse_ns(const struct xb_clock *clock);

/* CLOCK_TAI; as in Linux before anyone has told it of leap seconds, CLOCK_REALTIME. */
u64 xb_clock_tai_ns(const struct xb_clock *clock);

/* Ticks, from 5 minutes before the low 32 bits wrap (cf. include/linux/jiffies.h: INITIAL_JIFFIES).
 */
u64 xb_clock_jiffies(const struct xb_clock *clock);

#endif
