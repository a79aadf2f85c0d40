/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bind.h - a context in a process: the buffers and registers that a program finds, a run, and the
 * context as it is afterwards.
 */
#ifndef XB_LIB_BIND_H
#define XB_LIB_BIND_H

#include "emu/captured.h"
#include "emu/prog.h"
#include "lib/xdpbench/context.h"
#include "vm/proc.h"

struct xb_bound;

struct xb_bound_opts {
	const struct xb_context *context; /* stays until the binding is freed */
	struct xb_emu *emu;
	const struct xb_bpf_prog *prog; /* that is run */
	u32 vcpu;
	struct xb_process *process;       /* for types of users; or NULL */
	struct xb_playback_opts playback; /* of captured contexts */
};

struct xb_bound_out {
	enum xb_run_status status; /* XB_RUN_EXIT or XB_RUN_FAULT */
	u64 r0;                    /* what a fault stands for is 0 */
	const struct xb_fault *fault;
	u64 insns;
	const u8 *data; /* the packet in one piece; NULL: there is none */
	u32 bytes;
};

/*
 * Registers the program types that Linux runs without a packet (kprobes, tracepoints, cgroups' and
 * others), which generic contexts run: whatever R1 to R5 hold is the context's business. Before
 * programs are loaded.
 */
void xb_bound_register_types(struct xb_emu *emu);

/*
 * NULL and err where the context does not fit the program, or there is no memory; nothing is left
 * behind then. Programs that a captured context answers are to be loaded with emu->watch set.
 */
struct xb_bound *xb_bound_new(const struct xb_bound_opts *opts, struct xb_err *err);

/* NULL is allowed. */
void xb_bound_free(struct xb_bound *b);

/* The process. */
struct xb_proc *xb_bound_proc(struct xb_bound *b);

/* Loads the context afresh, and runs the program. -1 and err where it cannot be loaded. */
int xb_bound_run(struct xb_bound *b, struct xb_bound_out *out, struct xb_err *err);

/* The context as the last run left it. NULL and err where its type cannot do that. */
struct xb_context *xb_bound_save(struct xb_bound *b, struct xb_err *err);

#endif
