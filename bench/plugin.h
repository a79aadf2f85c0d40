/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin.h - xdpbench-plugin: one program, run once, as the public suite bpf_conformance wants it.
 *
 *   xdpbench-plugin [MEMORY] [options] < PROGRAM
 *
 * Both are bytes in hex. The program finds the address of its memory in R1 and its length in R2; R0
 * is printed in hex.
 */
#ifndef XB_BENCH_PLUGIN_H
#define XB_BENCH_PLUGIN_H

/* All of it: 0 and R0 on standard output, or one line on standard error; returns the exit code. */
int xb_plugin_main(int argc, char **argv);

#endif
