/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli.h - the command line: subcommands, options (bench/option.h), files, and the text of --help.
 */
#ifndef XB_BENCH_CLI_H
#define XB_BENCH_CLI_H

#include "bench/opts.h"
#include "vm/err.h"

#include <stdio.h>

/*
 * Fills *opts. Options and files may stand in any order; "--" ends the options. Errors:
 * XB_ERR_USAGE, in one sentence that names the argument. With opts->help or opts->version set
 * nothing else was checked.
 */
int xb_cli_parse(struct xb_opts *opts, int argc, char **argv, struct xb_err *err);

/* The text of --help for opts->command. */
void xb_cli_help(FILE *to, enum xb_command command);

#endif
