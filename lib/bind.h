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
	struct xb_emu *emu;               /* Linux; NULL: another emulator, with: */
	const struct xb_bpf_prog *prog;   /* that is run; NULL without Linux, */
	struct xb_vm *vm;                 /* else the machine, */
	const struct xb_prog *vm_prog;    /* the program, */
	u32 ctx_bytes;                    /* and what it takes for readable from R1 on */
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
 * others), which generic contexts run: whatever R1 to R5 hold is the context's business, and what
 * they attach to nobody's. Before programs are loaded.
 */
void xb_bound_register_types(struct xb_emu *emu);

/*
 * NULL and err where the context does not fit the program, or there is no memory; nothing is left
 * behind then. Programs that a captured context answers are to be loaded with emu->watch set.
 */
struct xb_bound *xb_bound_new(const struct xb_bound_opts *opts, struct xb_err *err);

/* NULL is allowed. */
void xb_bound_free(struct xb_bound *b);

/*
 * Whether the buffers can serve another context, and the context that they have is not needed any
 * more.
 */
bool xb_bound_is_reusable(const struct xb_bound *b);

/*
 * Binds another context, and another program, in the buffers that there are, as xb_bound_new()
 * would; the context is loaded next. False: it does not fit them, and nothing changed.
 */
bool xb_bound_reuse(struct xb_bound *b, const struct xb_bound_opts *opts);

/* The process. */
struct xb_proc *xb_bound_proc(struct xb_bound *b);

/* Moves it to another virtual CPU of its machine, while no run is begun. */
void xb_bound_set_vcpu(struct xb_bound *b, u32 vcpu);

/*
 * A run in parts: the context is put in afresh (-1 and err where it cannot be), the run prepared,
 * the process stepped or continued by the caller (vm/proc.h), and what came of it told, with the
 * process's last status; XB_RUN_RUNNING gives the run up. Every begin has its end.
 */
int xb_bound_load(struct xb_bound *b, struct xb_err *err);
void xb_bound_begin(struct xb_bound *b);
void xb_bound_end(struct xb_bound *b, enum xb_run_status status, struct xb_bound_out *out);

/* All of it. -1 and err where the context cannot be loaded. */
int xb_bound_run(struct xb_bound *b, struct xb_bound_out *out, struct xb_err *err);

/* The context as the last run left it. NULL and err where its type cannot do that. */
struct xb_context *xb_bound_save(struct xb_bound *b, struct xb_err *err);

#endif
