/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec.h - `xdpbench exec`: a command that takes the emulator for the kernel's bpf(2).
 */
#ifndef XB_BENCH_EXEC_H
#define XB_BENCH_EXEC_H

#include "bench/opts.h"

/*
 * Becomes the command, or, with --report, waits for it. Returns an exit code: the command's own;
 * 128 and the signal that ended it; or, as env(1) does, 127 where it was not found and 126 where it
 * cannot be executed, or not with the library in front of its C library.
 */
int xb_exec_main(const struct xb_opts *opts);

#endif
