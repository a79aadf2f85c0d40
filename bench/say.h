/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say.h - messages to the user: one line each on standard error, "xdpbench: FILE: what: why".
 */
#ifndef XB_BENCH_SAY_H
#define XB_BENCH_SAY_H

#include "vm/err.h"

/* The exit codes that scripts rely on. */
enum xb_exit {
	XB_EXIT_OK = 0,
	XB_EXIT_FAILED = 1, /* an expectation or comparison failed */
	XB_EXIT_USAGE = 2,  /* usage, or a file that cannot be read or written */
	XB_EXIT_LOAD = 3,   /* the object cannot be loaded, or needs something not emulated */
	XB_EXIT_FAULT = 4,  /* a program faulted */
	XB_EXIT_INTERRUPTED = 130,
};

/* One line, in one write. Line breaks and control characters inside become spaces. */
void xb_say(const char *fmt, ...) XB_PRINTF(1, 2);

/* Puts text on standard error as it is. */
void xb_say_text(const char *text);

/* Says the error; returns the exit code that its kind stands for. */
int xb_say_error(const struct xb_err *err);

#endif
