/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script.h - programs as lists of helper calls, and what both backends make of them.
 *
 * A script becomes a program that does its steps in order, keeps the result of each, and then the
 * bounds that xdp_md shows. It returns what its last step did, or `verdict`.
 */
#ifndef XB_TESTS_XDP_SCRIPT_H
#define XB_TESTS_XDP_SCRIPT_H

#include "tests/rig/backend.h"

#define SCRIPT_STEPS 8
#define SCRIPT_BUF   66560 /* bytes that LOAD and STORE work on */

enum step_op {
	END,          /* of the steps */
	HEAD,         /* bpf_xdp_adjust_head(a) */
	META,         /* bpf_xdp_adjust_meta(a) */
	TAIL,         /* bpf_xdp_adjust_tail(a) */
	LEN,          /* bpf_xdp_get_buff_len() */
	LOAD,         /* bpf_xdp_load_bytes(a, buffer, b) */
	STORE,        /* bpf_xdp_store_bytes(a, buffer, b) */
	REDIRECT,     /* bpf_redirect(a, b) */
	REDIR_DEVMAP, /* bpf_redirect_map(map, a, b) */
	REDIR_HASH,
	REDIR_CPUMAP,
	REDIR_XSKMAP,
	PERF,  /* bpf_perf_event_output(flags a, b bytes of the buffer) */
	FIRST, /* the first byte of the packet := a, where there are 14 */
};

struct step {
	enum step_op op;
	s64 a, b;
};

#define SCRIPT_LAST 0xffffffffu /* verdict: the result of the last step */

struct script {
	struct step steps[SCRIPT_STEPS];
	u32 verdict;
};

/* What a program keeps in its map. */
struct script_kept {
	u64 results[SCRIPT_STEPS];
	u64 linear, meta, ingress_ifindex, queue;
};

/* The maps that scripts use; entries: devmaps 1 -> lo, cpumap 1 -> CPU 0, none in the xskmap. */
struct script_maps {
	int kept, devmap, hash, cpumap, xskmap, perf;
};

void script_maps_open(const struct backend *b, struct script_maps *maps);
void script_maps_close(const struct script_maps *maps);

/* The emulator, then the kernel where bpf(2) is permitted, each with the maps. */
struct script_sides {
	struct backend b[2];
	struct script_maps maps[2];
	u32 cnt;
};

void script_sides_open(struct script_sides *s);
void script_sides_close(struct script_sides *s);

/* Loads the program. */
int script_load(const struct backend *b, const struct script_maps *maps,
                const struct script *script);

/*
 * Sets the buffer to a pattern and what is kept to zero; reads both. buf has SCRIPT_BUF bytes or is
 * NULL.
 */
void script_reset(const struct backend *b, const struct script_maps *maps);
void script_read(const struct backend *b, const struct script_maps *maps, struct script_kept *kept,
                 u8 *buf);

#endif
