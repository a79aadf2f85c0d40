/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/user.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE_BYTES 4096u

typedef ssize_t (*copy_fn)(pid_t pid, const struct iovec *local, unsigned long local_cnt,
                           const struct iovec *remote, unsigned long remote_cnt,
                           unsigned long flags);

/*
 * 0, -EFAULT where less than all of it could be copied, or -ENOSYS on a host without the call: what
 * is not obviously wrong has to be trusted there.
 */
static int
copy(copy_fn fn, void *own, u64 user, u64 bytes)
{
	struct iovec local = { .iov_base = own, .iov_len = bytes };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)user, .iov_len = bytes };
	ssize_t done = bytes ? fn(getpid(), &local, 1, &remote, 1, 0) : 0;

	if (done == (ssize_t)bytes)
		return 0;
	if (done >= 0 || (errno != ENOSYS && errno != EPERM) || user < PAGE_BYTES)
		return -EFAULT;
	return -ENOSYS;
}

int
xb_user_read(void *to, u64 from, u64 bytes)
{
	int ret = copy(process_vm_readv, to, from, bytes);

	if (ret != -ENOSYS)
		return ret;
	memcpy(to, (const void *)(uintptr_t)from, bytes);
	return 0;
}

int
xb_user_write(u64 to, const void *from, u64 bytes)
{
	int ret = copy(process_vm_writev, (void *)(uintptr_t)from, to, bytes);

	if (ret != -ENOSYS)
		return ret;
	memcpy((void *)(uintptr_t)to, from, bytes);
	return 0;
}

int
xb_user_str(char *to, u64 from, u32 bytes)
{
	u32 done = 0;

	while (done < bytes - 1) {
		u64 chunk = PAGE_BYTES - (from + done) % PAGE_BYTES;

		if (chunk > bytes - 1 - done)
			chunk = bytes - 1 - done;
		if (xb_user_read(to + done, from + done, chunk))
			return -EFAULT;
		if (memchr(to + done, '\0', chunk))
			return 0;
		done += (u32)chunk;
	}
	to[done] = '\0';
	return 0;
}

int
xb_user_tail_zero(u64 addr, u64 want, u64 have)
{
	u8 tail[PAGE_BYTES];

	if (have > PAGE_BYTES)
		return -E2BIG;
	if (have <= want)
		return 0;
	if (xb_user_read(tail, addr + want, have - want))
		return -EFAULT;
	for (u64 i = 0; i < have - want; i++)
		if (tail[i])
			return -E2BIG;
	return 0;
}
