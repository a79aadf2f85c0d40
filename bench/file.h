/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.h - the files named on the command line, opened before anything else is done.
 *
 * "-" is standard input or output. A file to write is opened without being emptied, so a job that
 * fails before its first result leaves an older file as it was; xb_file_start() empties it.
 */
#ifndef XB_BENCH_FILE_H
#define XB_BENCH_FILE_H

#include "vm/err.h"
#include "vm/types.h"

struct xb_file {
	const char
	        *name; /* for messages: the path, "standard input", "standard output"; NULL: none */
	int fd;        /* -1: not open */
};

#define XB_FILE_NONE ((struct xb_file){ .name = NULL, .fd = -1 })

/* XB_ERR_FILE: "FILE: cannot be opened: why". The path is kept, not copied. */
int xb_file_open_read(struct xb_file *file, const char *path, struct xb_err *err);
int xb_file_open_write(struct xb_file *file, const char *path, struct xb_err *err);

/* Empties a regular file that is about to be written from its start. */
int xb_file_start(const struct xb_file *file, struct xb_err *err);

/* Whether both are the same regular file. */
bool xb_file_same(const struct xb_file *a, const struct xb_file *b);

/* Whether it is standard output, by whatever name; false for terminals and other devices. */
bool xb_file_is_stdout(const struct xb_file *file);

/*
 * The whole file in new memory, with a NUL behind it that *bytes does not count. NULL and
 * XB_ERR_FILE where it cannot be read or has more than `max` bytes.
 */
void *xb_file_read_all(const struct xb_file *file, size_t max, size_t *bytes, struct xb_err *err);

/* Closes the descriptor, unless it is standard input or output. */
void xb_file_close(struct xb_file *file);

#endif
