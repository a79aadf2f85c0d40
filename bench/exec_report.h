/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec_report.h - the report of `exec`: what the processes wrote (lib/preload.h), counted.
 */
#ifndef XB_BENCH_EXEC_REPORT_H
#define XB_BENCH_EXEC_REPORT_H

#include "vm/err.h"

struct xb_exec_report {
	int fd;           /* that all processes inherit */
	int to;           /* close-on-exec; -1: standard error */
	const char *file; /* its name, or NULL */
};

/* Makes what the processes write to, and tells them in the environment; opens the file. */
int xb_exec_report_open(struct xb_exec_report *r, const char *file, struct xb_err *err);

/* Writes a line for each thing that was missing, in the order of its kind. */
int xb_exec_report_write(struct xb_exec_report *r, struct xb_err *err);

void xb_exec_report_close(struct xb_exec_report *r);

#endif
