/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_priv.h - the parts of the comparison with the kernel.
 */
#ifndef XB_BENCH_DIFF_PRIV_H
#define XB_BENCH_DIFF_PRIV_H

#include "bench/diff.h"
#include "bench/native.h"
#include "bench/varies.h"
#include "emu/json.h"
#include "vm/proc.h"

/* X(id, name) */
#define DIFF_KIND_LIST(X)                                                                          \
	X(REFUSED, "refused")                                                                      \
	X(VERDICT, "verdict")                                                                      \
	X(BYTES, "bytes")                                                                          \
	X(CONTEXT, "context")                                                                      \
	X(EVENTS, "events")                                                                        \
	X(MAP, "map element")
#define DIFF_KIND_ENUM(id, name) DIFF_##id,
enum diff_kind { DIFF_KIND_LIST(DIFF_KIND_ENUM) DIFF_KIND_CNT };
#undef DIFF_KIND_ENUM
#define DIFF_PACKET_KINDS DIFF_MAP

extern const char *const diff_kind_names[DIFF_KIND_CNT];

#define TRACE_BRANCHES 64

/* A conditional branch that a run came to. */
struct diff_branch {
	const struct xb_prog *prog;
	u32 pc;
	bool taken;
};

/* The emulator that runs packets by steps. */
struct diff_twin {
	struct xb_session session;
	struct xb_xdp *xdp;
	struct xb_skb *skb;
	bool open;
	bool ran; /* what follows is of the last packet */
	struct xb_testrun_out out;
	struct xb_notes notes;
	struct xb_varies_set may, asked; /* asked in the last run */
	bool faulted;
	struct xb_fault fault;
	struct diff_branch branches[TRACE_BRANCHES]; /* the last ones; branch_cnt in all */
	u64 branch_cnt;
	u64 flip;       /* the branch, counted from 0, that goes the other way; or UINT64_MAX */
	u64 most_steps; /* then the run is given up */
	u64 steps;      /* of the last run */
	bool given_up;
	bool spent;      /* its maps hold what the emulator's do not: its runs tell little */
	char place[320]; /* of the last instruction, where there was no branch */
};

struct xb_diff {
	struct xb_diff_opts opts;
	int prog_fd; /* the emulator's */
	struct xb_testrun_out out;
	struct xb_notes notes;
	struct xb_notes native_notes; /* the kernel's */
	struct diff_twin twin;
	struct xb_varies_set may;   /* what the object may ask for */
	struct xb_varies_set asked; /* what it has asked for so far */
	u64 compared, alike, refused;
	u64 counts[DIFF_KIND_CNT]; /* packets, or elements */
	u64 unsure[DIFF_KIND_CNT]; /* that differ, and cannot be compared */
	u64 elems;                 /* of maps, compared */
	FILE *first;               /* the first difference of packets, explained */
	char *first_text;
	size_t first_bytes;
	FILE *first_map; /* the same of maps */
	char *first_map_text;
	size_t first_map_bytes;
	FILE *aside; /* what is not compared */
	char *aside_text;
	size_t aside_bytes;
	bool explained, explained_map;
};

/* A packet's three results. */
struct diff_packet {
	struct xb_diff *d;
	const struct xb_result *r;
	const struct xb_testrun_in *in;
	const struct xb_testrun_out *emu, *native;
	const struct xb_testrun_out *twin; /* or NULL */
	const struct xb_notes *emu_notes;
	bool flipped; /* emu is the twin's, as are the maps of its notes */
	bool differs[DIFF_PACKET_KINDS];
	bool varies[DIFF_PACKET_KINDS]; /* differs, but only as it does with the clock */
};

/* diff_twin.c */

int diff_twin_open(struct xb_diff *d, struct xb_err *err);
void diff_twin_close(struct xb_diff *d);
int diff_twin_listen(struct xb_diff *d, struct xb_err *err);

/* Runs a packet, unless it was refused. */
void diff_twin_run(struct xb_diff *d, const struct xb_testrun_in *in);

/*
 * Looks for a branch of the last run that the kernel may have taken the other way: with it alone
 * turned round the run comes to the kernel's result. The twin is spent by that. False: there is
 * none, or it cannot be told.
 */
bool diff_twin_part(const struct diff_packet *p, struct diff_branch *branch);

/* The time as programs in the kernel see it; the twin's is another one. */
void diff_set_clock(struct xb_emu *emu, u64 shift_ns);

/* Whether nothing can be compared any more. */
static inline bool
diff_unsure(const struct xb_diff *d)
{
	return d->asked.kinds & (XB_VARIES_ANY | XB_VARIES_MAPS) ||
	       (d->twin.spent && d->asked.kinds & XB_VARIES_CLOCK);
}

/* diff_compare.c: fills differs and varies. */
void diff_compare(struct diff_packet *p);

/* Whether the twin's differ from the emulator's wherever the kernel's do. */
bool diff_bytes_vary(const u8 *emu, const u8 *native, const u8 *twin, u32 bytes);

/* The k-th event of a map, or NULL. */
const struct xb_note *diff_event(const struct xb_notes *notes, const struct xb_map *map, u32 k);

/* diff_show.c */

/* The packet's differences, with all that there is to say about them. */
void diff_explain(const struct diff_packet *p, FILE *to);

/* Rows of hex of two buffers, where they differ. */
void diff_hex(FILE *to, const u8 *emu, u32 emu_bytes, const u8 *native, u32 native_bytes);

/* The emulator's notes of a map that is the session's, on the twin's side. */
const struct xb_map *diff_twin_map(const struct xb_diff *d, const struct xb_map *map);

#endif
