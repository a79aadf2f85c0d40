/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload.h - what `xdpbench exec` tells the library that LD_PRELOAD puts in front of a program's C
 * library: names in the environment.
 */
#ifndef XB_LIB_PRELOAD_H
#define XB_LIB_PRELOAD_H

#define PRELOAD_ENV_WORLD "XDPBENCH_EXEC_WORLD" /* path of a world's file */
#define PRELOAD_ENV_SEED  "XDPBENCH_EXEC_SEED"  /* a number */
#define PRELOAD_ENV_CLOCK "XDPBENCH_EXEC_CLOCK" /* nanoseconds; absent: the host's time */

/*
 * "descriptor:device:inode" of a file that all processes append to. A line for each thing that was
 * asked for and is not emulated: kind, what, errno, count, with tabs between.
 */
#define PRELOAD_ENV_REPORT "XDPBENCH_EXEC_REPORT"

#endif
