/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oracle.h - the running kernel, asked through bpf(2) itself.
 *
 * Programs are loaded as they are, without libbpf, so that the kernel sees the very instructions
 * that the machine does. Functions return -errno where the kernel refuses.
 */
#ifndef XB_TESTS_VM_ORACLE_H
#define XB_TESTS_VM_ORACLE_H

#include "vm/insn.h"

/* Whether the kernel lets us load programs. Where not, prints "skipped: bpf(2) not permitted". */
bool xb_oracle_permitted(void);

/* Loads a program of `type`; the descriptor. The verifier's log at `level` goes to `log`. */
int xb_oracle_load(enum bpf_prog_type type, const struct bpf_insn *insns, u32 cnt, char *log,
                   u32 log_bytes, u32 level);

/* Runs it once on a packet of `bytes`; 0 and its return value. */
int xb_oracle_run(int prog_fd, const void *packet, u32 bytes, u32 *retval);

/* An array map of one value; the descriptor. */
int xb_oracle_map(u32 value_bytes);
int xb_oracle_map_set(int map_fd, const void *value);
int xb_oracle_map_get(int map_fd, void *value);

#endif
