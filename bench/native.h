/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native.h - the running kernel as an engine: the session's object loaded into it a second time, by
 * the kernel's own bpf(2), and packets run by BPF_PROG_TEST_RUN.
 *
 * The emulator's object stays beside it: it says of what shape maps are and what --map put into
 * them, and takes their contents back for the outputs. Where the kernel permits it all this is in a
 * network namespace of its own, with a loopback alone, so that nothing a program sends off gets
 * out; and nothing is pinned.
 */
#ifndef XB_BENCH_NATIVE_H
#define XB_BENCH_NATIVE_H

#include "bench/mapwalk.h"
#include "bench/session.h"
#include "bench/testrun.h"

struct xb_native;

/* Whether this process may load programs into the kernel. XB_ERR_USAGE: one line on why not. */
int xb_native_check(struct xb_err *err);

struct xb_native_opts {
	const struct xb_opts *cli;
	const struct xb_session *session; /* opened, of one object */
	struct xb_mapinit *inits; /* cli->map_cnt: the maps that they name are filled alike */
};

/*
 * Loads the object and fills its maps. The process stays on one CPU from then on. XB_ERR_LOAD where
 * the verifier refuses a program; XB_ERR_USAGE where an option does not go with the kernel.
 */
struct xb_native *xb_native_open(const struct xb_native_opts *opts, struct xb_err *err);
void xb_native_close(struct xb_native *k); /* NULL is allowed */

/* Reads perf event arrays and ring buffers from now on: records go to `notes`. */
int xb_native_listen(struct xb_native *k, struct xb_notes *notes, struct xb_err *err);

/*
 * Runs a packet. What came of it is valid until the next run; with out->err the packet was refused,
 * and xb_native_why() has the reason.
 */
const struct xb_testrun_out *xb_native_run(struct xb_native *k, const struct xb_xdp_in *packet);
const char *xb_native_why(struct xb_native *k);

/* What goes in, with the last packet; for a run beside it. */
const struct xb_testrun_in *xb_native_in(const struct xb_native *k);

/* The kernel's counterpart of a map of the emulator's object; fd -1 where it was not made. */
struct xb_mapside xb_native_map(const struct xb_native *k, const struct xb_map *map);

/* The same map on the emulator's side. */
struct xb_mapside xb_native_emu_map(const struct xb_native *k, const struct xb_map *map);

/* Brings what the kernel's maps hold into the emulator's. */
int xb_native_take_maps(struct xb_native *k, struct xb_err *err);

#endif
