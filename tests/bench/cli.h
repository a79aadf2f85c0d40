/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli.h - the tool as scripts use it: a row is a shell command, its exit code, and what is said
 * where.
 *
 * In a command $X is the tool, $P the directory of programs, $B that of this folder's, $C that of
 * captures, and the current directory a scratch one that all rows share.
 */
#ifndef XB_TESTS_BENCH_CLI_H
#define XB_TESTS_BENCH_CLI_H

#include "vm/types.h"

struct cli_row {
	const char *name;
	const char *command;
	int code;
	/* Patterns (fnmatch) of all of standard error and output. NULL: nothing. */
	const char *err, *out;
};

#define SAYS(text) "xdpbench: " text "\n"
#define RUN        "$X -q -r $C/demo.pcap "

/* One packet; and as text, or as JSON. */
#define ONE   "$X -q -c 1 -r $C/demo.pcap "
#define TRACE ONE "--trace "
#define LINE  ONE "--json - --no-data "

/* Global variables of the programs in $B. */
#define SET(members) "--map '.rodata[0]={" members "}' "

/* A test program's main: argv has the values of $X, $P, $B and $C. */
int cli_main(int argc, char **argv, const struct cli_row *rows, size_t cnt);

/* Rows that need the kernel's bpf(2), and others; where it is not permitted that is said. */
struct cli_kernel_rows {
	const struct cli_row *anywhere, *permitted;
	size_t anywhere_cnt, permitted_cnt;
};
int cli_kernel_main(int argc, char **argv, const struct cli_kernel_rows *rows);

/* In front of a command: without any privilege, whoever runs the test. */
#define UNPRIVILEGED "$U "

#endif
