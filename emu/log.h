/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - the log that BPF_PROG_LOAD and BPF_BTF_LOAD write for their caller.
 *
 * Text goes into the caller's buffer as it comes, always terminated; what does not fit is counted,
 * and xb_log_end() says so, as the kernel's does (cf. kernel/bpf/verifier.c: bpf_verifier_vlog).
 */
#ifndef XB_EMU_LOG_H
#define XB_EMU_LOG_H

#include "vm/types.h"

struct xb_log {
	u32 level; /* 0: nothing is written */
	u64 buf;   /* the caller's address, or 0 */
	u32 bytes; /* of buf */
	u32 used;  /* without the terminator */
	bool full; /* something did not fit */
	bool lost; /* the buffer cannot be written */
};

/*
 * The log named by an attr: 0, or -EINVAL for a level or buffer the kernel refuses (cf.
 * bpf_vlog_init).
 */
int xb_log_begin(struct xb_log *log, u32 level, u64 buf, u32 bytes);

/* Adds text; the newline is the caller's. */
void xb_log_printf(struct xb_log *log, const char *fmt, ...) XB_PRINTF(2, 3);

/* `rc`; or -ENOSPC where text did not fit, -EFAULT where the buffer cannot be written. */
int xb_log_end(const struct xb_log *log, int rc);

#endif
