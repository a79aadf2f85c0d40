/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine.h - the machine's engines, and what a run on one of them leaves.
 *
 * An engine is a row of a table (engine.c): which machine it needs, and how it drives a process.
 */
#ifndef XB_TESTS_FUZZ_ENGINE_H
#define XB_TESTS_FUZZ_ENGINE_H

#include "tests/fuzz/bounds.h"
#include "tests/fuzz/side.h"
#include "vm/proc.h"

#define FUZZ_BUDGET 100000u /* instructions in a run */

enum machine_kind {
	MACHINE_PLAIN,
	MACHINE_STRICT,
	MACHINE_CNT,
	MACHINE_MOVED = MACHINE_CNT, /* plain, but that all addresses are others */
};

struct xb_xdp;
struct xb_skb;

struct machine {
	struct side side;
	struct xb_xdp *xdp;
	struct xb_skb *skb;
	struct bounds bounds;
};

struct engine {
	const char *name;
	enum machine_kind machine;
	enum xb_run_status (*drive)(struct xb_proc *proc);
	bool faulty; /* makes mistakes on purpose: to see that they are found */
};

/* The first is what all others are compared with. */
extern const struct engine fuzz_engines[];
extern const u32 fuzz_engine_cnt;

/* All that can be seen after a run. */
struct outcome {
	enum xb_run_status status;
	enum xb_fault_kind fault;
	u32 pc, depth; /* of a fault */
	char message[200];
	u64 insns;
	u64 r[11];
	u32 meta_bytes, bytes; /* of the packet */
	u8 data[OUT_ROOM];
	u8 ctx[sizeof(struct __sk_buff)];
	u8 stack[XB_PROC_FRAME_BYTES]; /* of the first function, where it uses that */
	struct map_state maps;
};

void machine_open(struct machine *m, enum machine_kind kind);
void machine_close(struct machine *m);

/* Runs the program that `fd` is of m's side. */
void engine_run(struct machine *m, const struct engine *e, const struct program *p,
                const struct program_use *use, int fd, const struct input *in, struct outcome *out);

/* Where the two differ, in words; NULL: nowhere. `text` is of the caller. */
const char *outcome_differs(const struct outcome *a, const struct outcome *b, char *text,
                            u32 bytes);
const char *seen_differs(const struct seen *emu, const struct seen *kernel, char *text, u32 bytes);

#endif
