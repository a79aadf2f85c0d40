/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/cli.h"

static const struct cli_row rows[] = {
	{ "help", "$X --help", 0, NULL, "*" },
};

int
main(int argc, char **argv)
{
	return cli_main(argc, argv, rows, XB_ARRAY_SIZE(rows));
}
