/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - xdpbench, the tool: from the command line to the subcommand that does it.
 */
#include "bench/cli.h"
#include "bench/exec.h"
#include "bench/inspect.h"
#include "bench/list.h"
#include "bench/run.h"
#include "bench/say.h"
#include "bench/verify.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Output that did not arrive is an error. */
static int
flush_stdout(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	xb_say("standard output: cannot be written: %s", strerror(errno));
	return XB_EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	static int (*const commands[XB_COMMAND_CNT])(const struct xb_opts *opts) = {
		[XB_COMMAND_RUN] = xb_run_main,   [XB_COMMAND_INSPECT] = xb_inspect_main,
		[XB_COMMAND_LIST] = xb_list_main, [XB_COMMAND_EXEC] = xb_exec_main,
		[XB_COMMAND_DIFF] = xb_run_main,
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_opts opts;

	/* A reader that went away is an error of writing, with its line and its exit code. */
	signal(SIGPIPE, SIG_IGN);
	if (xb_cli_parse(&opts, argc, argv, &err) != 0)
		return xb_say_error(&err);
	if (opts.help) {
		xb_cli_help(stdout, opts.command);
		return flush_stdout(XB_EXIT_OK);
	}
	if (opts.version) {
		printf("xdpbench " XB_VERSION "\n");
		return flush_stdout(XB_EXIT_OK);
	}
	return flush_stdout(opts.verify ? xb_verify_main(&opts) : commands[opts.command](&opts));
}
