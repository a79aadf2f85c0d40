/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * err.h - what a function could not do: one message, built from the inside out.
 *
 * A function that can fail takes a `struct xb_err *`, owned by its caller and never NULL, as its
 * last parameter, and returns 0 or -1 (NULL for constructors). The innermost level sets the
 * message, each level above puts its own words in front of it: "prog.o: map 'flows': value_size 0
 * is not allowed".
 */
#ifndef XDPBENCH_ERR_H
#define XDPBENCH_ERR_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define XB_ERR_LEN 1024

/* What kind of thing went wrong; the tool derives its exit code from it. */
enum xb_err_kind {
	XB_ERR_NONE = 0,
	XB_ERR_USAGE,  /* options, the command line or a configuration file */
	XB_ERR_FILE,   /* a file cannot be read, written or understood */
	XB_ERR_LOAD,   /* the object cannot be loaded, or needs something not emulated */
	XB_ERR_SYSTEM, /* memory, file descriptors, threads */
};

struct xb_err {
	enum xb_err_kind kind;
	char msg[XB_ERR_LEN]; /* UTF-8, no newline at the end; cut where it is too long */
};

#ifdef __cplusplus
#define XB_ERR_INIT (xb_err())
#else
#define XB_ERR_INIT ((struct xb_err){ .kind = XB_ERR_NONE })
#endif

/* Sets kind and message, over whatever was there. Returns -1. */
int xb_err_set(struct xb_err *err, enum xb_err_kind kind, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/* Puts words and ": " in front of the message. Returns -1. */
int xb_err_prefix(struct xb_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets an XB_ERR_SYSTEM error: the words, then ": " and strerror(errnum). Returns -1. */
int xb_err_errno(struct xb_err *err, int errnum, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
