/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/test_run.h"

#include "emu/user.h"

#include <errno.h>
#include <time.h>

#define RUNS_BETWEEN 256u /* questions whether to go on */

int
xb_test_read_ctx(const union bpf_attr *attr, void *ctx, u32 bytes)
{
	u32 have = attr->test.ctx_size_in;
	int ret;

	if (!attr->test.ctx_in)
		return 0;
	ret = xb_user_tail_zero(attr->test.ctx_in, bytes, have);
	if (ret)
		return ret;
	return xb_user_read(ctx, attr->test.ctx_in, have < bytes ? have : bytes);
}

int
xb_test_write_ctx(union bpf_attr *attr, const void *ctx, u32 bytes)
{
	u32 room = bytes;
	int ret = 0;

	if (!attr->test.ctx_out)
		return 0;
	if (room > attr->test.ctx_size_out) {
		room = attr->test.ctx_size_out;
		ret = -ENOSPC;
	}
	if (xb_user_write(attr->test.ctx_out, ctx, room))
		return ret ? ret : -EFAULT;
	attr->test.ctx_size_out = bytes;
	return ret;
}

int
xb_test_finish(union bpf_attr *attr, const struct xb_test_result *result)
{
	u32 size = result->bytes, room = size;

	if (attr->test.data_size_out && room > attr->test.data_size_out)
		room = attr->test.data_size_out;
	if (attr->test.data_out && xb_user_write(attr->test.data_out, result->data, room))
		return room < size ? -ENOSPC : -EFAULT;
	attr->test.data_size_out = size;
	attr->test.retval = result->retval;
	attr->test.duration = result->duration_ns;
	return room < size ? -ENOSPC : 0;
}

bool
xb_test_interrupted(struct xb_emu *emu, u32 i)
{
	if (XB_LIKELY(!emu->hooks.interrupted) || i % RUNS_BETWEEN != RUNS_BETWEEN - 1)
		return false;
	emu->interrupted = emu->hooks.interrupted(emu->hooks.arg);
	return emu->interrupted;
}

u64
xb_test_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

u32
xb_test_each_ns(u64 start_ns, u32 repeat)
{
	u64 each = (xb_test_now_ns() - start_ns) / repeat;

	return each > UINT32_MAX ? UINT32_MAX : (u32)each;
}
