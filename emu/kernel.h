/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.h - the kernel below: bpf(2) itself, whatever emulator a thread has entered.
 */
#ifndef XB_EMU_KERNEL_H
#define XB_EMU_KERNEL_H

#include "vm/types.h"

#include <linux/bpf.h>

/* The system call: what it returns, or -errno. */
long xb_kernel_bpf(int cmd, union bpf_attr *attr);

/* Possible CPUs, so values of an element that bpf(2) moves of per-CPU maps; 0: not to be found. */
u32 xb_kernel_cpu_cnt(void);

#endif
