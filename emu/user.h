/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user.h - memory of the caller of bpf(2), whose pointers may be anything.
 *
 * The host's kernel does the copying (process_vm_readv of the own process), so a bad pointer is an
 * error and not a signal.
 */
#ifndef XB_EMU_USER_H
#define XB_EMU_USER_H

#include "vm/types.h"

/* Copies from or to the caller's address: 0 or -EFAULT, after which the target is undefined. */
int xb_user_read(void *to, u64 from, u64 bytes);
int xb_user_write(u64 to, const void *from, u64 bytes);

/* A terminated string into `to`, cut to `bytes` - 1 characters: 0 or -EFAULT. */
int xb_user_str(char *to, u64 from, u32 bytes);

/*
 * Whether a structure of `have` bytes can be taken for one of `want`: 0, or -E2BIG where what is
 * behind `want` is not zero or have is beyond a page, -EFAULT (cf. kernel/bpf/syscall.c:
 * bpf_check_uarg_tail_zero).
 */
int xb_user_tail_zero(u64 addr, u64 want, u64 have);

#endif
