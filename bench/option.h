/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option.h - the options: one table, which parsing, help and messages are made of.
 */
#ifndef XB_BENCH_OPTION_H
#define XB_BENCH_OPTION_H

#include "bench/opts.h"
#include "vm/err.h"

enum xb_option_kind {
	XB_OPTION_FLAG,   /* sets a bool */
	XB_OPTION_STRING, /* keeps the argument */
	XB_OPTION_U32,    /* a number from min to max */
	XB_OPTION_U64,
	XB_OPTION_CALL,  /* set() does it */
	XB_OPTION_MAYBE, /* as CALL, but the argument may be left out: --name or --name=ARG */
	XB_OPTION_LATER, /* belongs to CLI, not in this version */
};

struct xb_option {
	char letter; /* 0: none */
	enum xb_option_kind kind;
	u32 commands;     /* bits, 1 << enum xb_command */
	const char *name; /* without the dashes */
	const char *arg;  /* what help calls the argument; NULL: takes none */
	const char *help; /* NULL: not shown */
	size_t off;
	u64 min, max;
	int (*set)(struct xb_opts *opts, const char *arg, struct xb_err *err);
};

extern const struct xb_option xb_options[];
extern const size_t xb_options_cnt;

/*
 * Takes the option into *opts; arg is NULL where it has none. Errors: XB_ERR_USAGE, without the
 * option's name.
 */
int xb_option_apply(struct xb_opts *opts, const struct xb_option *row, const char *arg,
                    struct xb_err *err);

#endif
