/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_run.h - what the test runs of all program types do alike: contexts from and to user space,
 * results, and how long a run took. (cf. net/bpf/test_run.c)
 */
#ifndef XB_EMU_TEST_RUN_H
#define XB_EMU_TEST_RUN_H

#include "emu/emu.h"

#include <linux/bpf.h>

/*
 * Reads attr->test.ctx_in into `ctx` of `bytes`, of which it may have less; more has to be zeros.
 * Without one nothing is read. 0, -E2BIG or -EFAULT. (cf. bpf_ctx_init)
 */
int xb_test_read_ctx(const union bpf_attr *attr, void *ctx, u32 bytes);

/*
 * Writes it to attr->test.ctx_out, where there is one: as much as there is room for, else -ENOSPC;
 * -EFAULT. (cf. bpf_ctx_finish)
 */
int xb_test_write_ctx(union bpf_attr *attr, const void *ctx, u32 bytes);

/* What a run left, as it is told to the caller. */
struct xb_test_result {
	const void *data;
	u32 bytes, retval, duration_ns;
};

/*
 * Writes it to attr. 0, -EFAULT, or -ENOSPC where there is not room for all bytes; too little room
 * hides that it is not there at all. (cf. bpf_test_finish)
 */
int xb_test_finish(union bpf_attr *attr, const struct xb_test_result *result);

/* How often the caller wants it run. */
static inline u32
xb_test_repeat(const union bpf_attr *attr)
{
	return attr->test.repeat ? attr->test.repeat : 1;
}

/*
 * After the i-th of many runs: whether that was the last, as the caller has been interrupted. Then
 * emu->interrupted is set, and the test run's result is -EINTR (cf. net/bpf/test_run.c:
 * bpf_test_timer_continue).
 */
bool xb_test_interrupted(struct xb_emu *emu, u32 i);

/* The machine's clock, which durations are told by. */
u64 xb_test_now_ns(void);

/* A run's share of the time since `start_ns`. */
u32 xb_test_each_ns(u64 start_ns, u32 repeat);

#endif
