/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_main.c - xdpbench-plugin, the executable.
 */
#include "bench/plugin.h"

#include <signal.h>

int
main(int argc, char **argv)
{
	/* A reader that went away is an error of writing, with its line and its exit code. */
	signal(SIGPIPE, SIG_IGN);
	return xb_plugin_main(argc, argv);
}
