/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec_command.h - whether a command can be given a library in front of its C library.
 */
#ifndef XB_BENCH_EXEC_COMMAND_H
#define XB_BENCH_EXEC_COMMAND_H

#include "vm/err.h"

/* As env(1) has them. */
#define XB_EXEC_CANNOT    126
#define XB_EXEC_NOT_FOUND 127

/*
 * Looks for the command as execvp does: 0, or an exit code and err. A static program, or one that
 * runs with privileges of its file's, would not see the library. Scripts are taken for what runs
 * them.
 */
int xb_exec_check(const char *command, struct xb_err *err);

#endif
