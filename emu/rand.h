/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rand.h - random numbers that a seed decides: one sequence a CPU, the same in every run.
 *
 * rand_state of struct xb_emu_vcpu is where the sequence of a CPU stands; xb_emu_new() sets it from
 * the seed.
 */
#ifndef XB_EMU_RAND_H
#define XB_EMU_RAND_H

#include "emu/emu.h"

/* The next 32 bits of the sequence of `cpu`, which is less than XB_EMU_MAX_CPUS. */
u32 xb_rand_u32(struct xb_emu *emu, u32 cpu);

#endif
