/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/clock.h"

#define INITIAL_JIFFIES ((u64)(u32)(-300 * (s32)XB_CLOCK_HZ))

u64
xb_clock_boot_ns(const struct xb_clock *clock)
{
	return clock->now_ns > clock->boot_ns ? clock->now_ns - clock->boot_ns : 0;
}

u64
xb_clock_coarse_ns(const struct xb_clock *clock)
{
	u64 ns = xb_clock_boot_ns(clock);

	return ns - ns % XB_CLOCK_TICK_NS;
}

u64
xb_clock_tai_ns(const struct xb_clock *clock)
{
	return clock->now_ns;
}

u64
xb_clock_jiffies(const struct xb_clock *clock)
{
	return INITIAL_JIFFIES + xb_clock_boot_ns(clock) / XB_CLOCK_TICK_NS;
}
