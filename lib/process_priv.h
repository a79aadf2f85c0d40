/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process_priv.h - a process, and what its context made of it.
 */
#ifndef XB_LIB_PROCESS_PRIV_H
#define XB_LIB_PROCESS_PRIV_H

#include "lib/bind.h"
#include "lib/lib_priv.h"
#include "vm/proc.h"
#include "xdpbench/process.h"

struct lib_value {
	struct lib_value *next;
	const void *key;
	void *value;
	void (*release)(void *value);
};

struct xb_process {
	struct xb_machine *machine;
	struct xb_program *program;
	const struct xb_context *context; /* or NULL */
	struct xb_process_opts opts;
	struct xb_proc *proc;    /* bound's, or its own */
	struct xb_bound *bound;  /* what the context put into memory; or NULL */
	struct xb_bound_out out; /* of the last run, with a context */
	enum xb_process_status status;
	bool loading; /* the context is being loaded */
	bool begun;   /* the run has, and is not over */
	bool busy;    /* the machine executes: what is called now is called by what it calls, */
	bool in_insn; /* and that is an instruction of the emulator's own */
	bool spoilt;  /* the context could not be loaded afresh */
	struct xb_captured *calls; /* that the run makes, see process_calls.c; or NULL */
	struct lib_value *values;
};

/*
 * A process of a run that nobody made one for, as BPF_PROG_TEST_RUN's and a timer's are: for as
 * long as a call lasts.
 */
void lib_visitor_init(struct xb_process *p, struct xb_machine *machine, struct xb_proc *proc);
void lib_visitor_fini(struct xb_process *p);

/*
 * For who runs many on one virtual CPU: a process that was used lets go of its values and of its
 * context, and keeps what another one may be put into;
 */
void lib_process_rest(struct xb_process *p);

/*
 * and becomes one of this program with this context (or NULL), as xb_process_new() makes it; opts
 * are complete, and of the same virtual CPU. -1 and err: it can rest, be tried again, or be freed.
 */
int lib_process_renew(struct xb_process *p, struct xb_program *program,
                      const struct xb_context *context, const struct xb_process_opts *opts,
                      struct xb_err *err);

/*
 * Begins the run of one that is ready. It is what executes or looks at it that does: until then a
 * process that waits to run holds nothing up.
 */
void lib_process_begin(struct xb_process *p);

static inline bool
lib_process_is_over(const struct xb_process *p)
{
	return p->status == XB_PROCESS_EXITED || p->status == XB_PROCESS_FAULTED;
}

/* process_calls.c */

/* Whether calls can be recorded, where they are to be. -1 and err. */
int lib_calls_check(const struct xb_machine *machine, const struct xb_process_opts *opts,
                    struct xb_err *err);

/* A run begins, whose calls are recorded where the options say so; what was recorded is gone. */
void lib_calls_begin(struct xb_process *p);
void lib_calls_drop(struct xb_process *p);

/*
 * Around whatever executes the program: from now on what its virtual CPU calls is recorded there,
 * or (NULL) nowhere. Returns where it was, which is to be put back.
 */
struct xb_captured *lib_calls_record(struct xb_process *p, struct xb_captured *calls);

/* Now, as deadlines count it. */
u64 lib_monotonic_ns(void);

#endif
