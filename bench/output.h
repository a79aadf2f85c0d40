/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output.h - the capture that -w writes: which packets, in what state, and what is said of them.
 *
 * Where they go, if -w makes more than one file, is for sinks.h.
 */
#ifndef XB_BENCH_OUTPUT_H
#define XB_BENCH_OUTPUT_H

#include "bench/file.h"
#include "bench/opts.h"
#include "bench/result.h"
#include "pcaps/reader.h"

struct xb_output;

struct xb_output_opts {
	const struct xb_opts *cli;
	struct xb_file file; /* opened by the caller, unless the name has a %: then fd is -1 */
	const char *comment; /* of the section: the program */
	const struct xb_reader *reader; /* for the names of interfaces */
	u32 ifindex;                    /* that packets come in by, where they have no name */
	const struct xb_world *world;   /* for the names of its interfaces */
	/* Says whether a file that the template has made is one of the command line's own. */
	int (*check)(const void *arg, const struct xb_file *file, struct xb_err *err);
	const void *check_arg;
};

/* Takes the file over. */
struct xb_output *xb_output_open(const struct xb_output_opts *opts, struct xb_err *err);

/* Writes a packet, as --emit asks: as it came in, as it left, or not at all. */
int xb_output_result(struct xb_output *out, const struct xb_result *r, struct xb_err *err);

/* One copy of a redirected packet, `data` of `bytes`, on its way to `port` (--emit forwarded). */
int xb_output_copy(struct xb_output *out, const struct xb_result *r, struct xb_port port,
                   const u8 *data, u32 bytes, struct xb_err *err);

/*
 * A packet that bpf_clone_redirect sent off while the program was running: it has no verdict, and
 * no part in what becomes of the other.
 */
int xb_output_clone(struct xb_output *out, const struct xb_result *r, struct xb_port port,
                    const u8 *data, u32 bytes, struct xb_err *err);

/* Writes what was gathered and frees all. 0, or -1 and the first error. NULL is allowed. */
int xb_output_close(struct xb_output *out, struct xb_err *err);

#endif
