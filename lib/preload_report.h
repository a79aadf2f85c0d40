/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload_report.h - what a program asked for and the emulator lacks, as lines that all processes
 * of an `xdpbench exec` write into one file: "kind, what, errno, count", with tabs between.
 */
#ifndef XB_LIB_PRELOAD_REPORT_H
#define XB_LIB_PRELOAD_REPORT_H

#include "vm/err.h"
#include "vm/types.h"

struct xb_emu;
union bpf_attr;

/* X(id, what its rows are called) */
#define PRELOAD_LACKS(X)                                                                           \
	X(EMULATOR, "emulator")                                                                    \
	X(WORLD, "world")                                                                          \
	X(CMD, "bpf(2) command")                                                                   \
	X(MAP_TYPE, "map type")                                                                    \
	X(PROG_TYPE, "program type")                                                               \
	X(ATTACH, "attach type")                                                                   \
	X(TEST_RUN, "test run of program type")                                                    \
	X(HELPER, "helper")                                                                        \
	X(KFUNC, "kfunc")                                                                          \
	X(PERF, "perf event")                                                                      \
	X(NETLINK, "netlink")                                                                      \
	X(FAULT, "program stopped by a fault")

#define PRELOAD_LACKS_ID(id, name) PRELOAD_LACKS_##id,
enum preload_lacks { PRELOAD_LACKS(PRELOAD_LACKS_ID) PRELOAD_LACKS_CNT };
#undef PRELOAD_LACKS_ID

/* Counts one; nothing where nobody asked for a report. errnum is what the program was given. */
void preload_report(enum preload_lacks kind, int errnum, const char *fmt, ...) XB_PRINTF(3, 4);

struct xb_proc;

/* A program that was stopped by a fault. */
void preload_report_fault(void *arg, struct xb_proc *proc);

/* A bpf(2) call that failed: counted where that is for something that the emulator lacks. */
void preload_report_bpf(struct xb_emu *emu, int cmd, const union bpf_attr *attr, u32 bytes,
                        int errnum);

#endif
