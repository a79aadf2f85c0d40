/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay_priv.h - the parts of a replay, inside its child process.
 */
#ifndef XB_TESTS_E2E_REPLAY_PRIV_H
#define XB_TESTS_E2E_REPLAY_PRIV_H

#include "tests/e2e/replay.h"

#include "emu/emu.h"
#include "skb/skb.h"
#include "xdp/xdp.h"

#include <bpf/libbpf.h>

#define REPLAY_MAX_READERS 4

struct run {
	enum world world;
	const struct replay_opts *opts;
	FILE *file;
	u32 cpu_cnt;
	struct xb_emu *emu; /* NULL in the kernel's world */
	struct xb_xdp *xdp;
	struct xb_skb *skb;
	struct bpf_object *obj;
	const struct replay_packet *packet;            /* the one that runs */
	struct ring_buffer *rings[REPLAY_MAX_READERS]; /* the kernel's readers are libbpf's */
	struct perf_buffer *perfs[REPLAY_MAX_READERS];
	u32 ring_cnt, perf_cnt;
	u8 *out; /* room for a packet */
};

/* Teaches libbpf the sections of tcx, which only newer ones know. */
void run_skb_sections(void);

/* Whether the world runs programs by the library's calls; and whether by steps. */
static inline bool
run_calls(const struct run *run)
{
	return run->world >= WORLD_EMU;
}

static inline bool
run_steps(const struct run *run)
{
	return run->world == WORLD_EMU_STEP;
}

/* Steps a program that has begun to its end; with every fourth packet only some of the way. */
enum xb_run_status run_to_end(const struct run *run, struct xb_proc *proc);

/* Records what a run left in the machine. */
void run_machine_take(struct run *run, const struct xb_proc *proc);

/*
 * Runs a program of TC over run->packet, and records what came of it, or the error. What of its
 * context is free to choose follows from the packet's number.
 */
void run_skb_packet(struct run *run, const struct bpf_program *prog);

/* Fills maps from the row. False, with a record of it, where something was refused. */
bool run_fill_maps(struct run *run);

/* Records the contents of every map, in the order of keys; map-in-map with the maps inside. */
void run_dump_maps(struct run *run);

/* Starts to record what comes out of ring buffers and perf event arrays, and takes what is there.
 */
bool run_events_open(struct run *run);
void run_events_take(struct run *run);

#endif
