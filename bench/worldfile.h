/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worldfile.h - the files of the network around: one world, or what a live machine's commands
 * wrote.
 */
#ifndef XB_BENCH_WORLDFILE_H
#define XB_BENCH_WORLDFILE_H

#include "bench/file.h"
#include "emu/world.h"

#define XB_WORLDFILE_MAX 24 /* files in a directory */

struct xb_worldfile {
	struct xb_file files[XB_WORLDFILE_MAX];
	char *paths[XB_WORLDFILE_MAX]; /* of a directory's files, owned */
	u32 file_cnt;
	const char *dir; /* or NULL: one file */
};

/*
 * Opens what --world or --world-from names; both may be NULL, and nothing is opened. A directory
 * has at least one file of those that are known.
 */
int xb_worldfile_open(struct xb_worldfile *f, const char *file, const char *dir,
                      struct xb_err *err);

/* Reads and parses. *world is NULL where nothing was opened. */
int xb_worldfile_read(const struct xb_worldfile *f, struct xb_world **world, struct xb_err *err);

/* Whether it is one of these files. */
bool xb_worldfile_has(const struct xb_worldfile *f, const struct xb_file *file);

void xb_worldfile_close(struct xb_worldfile *f);

#endif
