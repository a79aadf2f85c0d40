/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process.h - a process: one run of one program, with its context, on one virtual CPU.
 *
 * A process is run to its end, or one instruction at a time, or in any mixture of both. It belongs
 * to the thread that uses it. Several may be between two steps at once, all on one thread; on
 * several threads processes run in a pool (xdpbench/pool.h), which sees to it that Linux's maps
 * hold.
 *
 * What the machine calls in a run (an emulator's functions, a helper) may look at the process, and
 * do what is said below of calls. It may not free it; to run, step, reset or move it has no effect.
 */
#ifndef XDPBENCH_PROCESS_H
#define XDPBENCH_PROCESS_H

#include "xdpbench/context.h"
#include "xdpbench/fault.h"
#include "xdpbench/machine.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct xb_process;

enum xb_process_status {
	XB_PROCESS_READY,   /* nothing was executed yet */
	XB_PROCESS_RUNNING, /* between two steps */
	XB_PROCESS_EXITED,  /* the program returned: R0 is its result */
	XB_PROCESS_FAULTED, /* it was stopped: see xb_process_fault() */
};

struct xb_process_opts {
	size_t size;   /* sizeof(struct xb_process_opts) */
	uint32_t vcpu; /* the virtual CPU that it runs on */
	/* Of contexts of type captured: a call with other numbers than were recorded is a fault. */
	bool strict_calls;
	bool emulate_calls; /* calls that were not recorded are made; else they are a fault */
	/* Called in the run with what differs from the recording, one line; or NULL. */
	void (*note)(void *arg, struct xb_process *process, const char *text);
	void *arg;
	/*
	 * Records what the run's calls of helpers were given and gave, for xb_process_save_calls().
	 * Of Linux, with its option watch_calls.
	 */
	bool record_calls;
};

/*
 * A process of a program, with a context loaded into it. It is ready to run. opts may be NULL. The
 * context is not changed and may be used for many processes; it stays until they are freed. NULL:
 * R1 is 0, and a program that looks at its context is stopped with a fault. NULL and err where the
 * context does not fit the program, or there is no memory.
 */
struct xb_process *xb_process_new(struct xb_machine *machine, struct xb_program *program,
                                  const struct xb_context *context,
                                  const struct xb_process_opts *opts, struct xb_err *err);

/* Frees it with what its context put into memory, and its values. NULL is allowed. */
void xb_process_free(struct xb_process *process);

/*
 * Loads the context afresh: ready again, as it was made, but for its values, which stay. It may be
 * in the midst of its run, which is given up. -1 and err where the context cannot be loaded: it is
 * stopped with a fault then (XB_FAULT_BAD_CONTEXT), and can be reset again.
 */
int xb_process_reset(struct xb_process *process, struct xb_err *err);

struct xb_run_opts {
	size_t size; /* sizeof(struct xb_run_opts) */
	/* Both are looked at before the first instruction, and every some 65,000. */
	uint64_t deadline_ns; /* of CLOCK_MONOTONIC, when it is stopped with a fault; 0: none */
	/*
	 * Stops the run with a fault once it is not zero, which another thread or a signal handler
	 * may make it. NULL: nothing.
	 */
	const volatile int *cancel;
};

/*
 * Runs to the end, from where it is; one that is over stays as it is. opts may be NULL. After a
 * fault packet and context are as they were loaded; the registers and the stack are as the faulting
 * instruction found them. Options that are not understood are such a fault (XB_FAULT_STOPPED).
 */
enum xb_process_status xb_process_run(struct xb_process *process, const struct xb_run_opts *opts);

/*
 * Executes one instruction; the call of a helper, with the callbacks it makes, is one. A run that
 * has begun and is not over keeps its virtual CPU, and must go on, or be freed or reset, on the
 * same thread; what maps deleted meanwhile stays until then.
 */
enum xb_process_status xb_process_step(struct xb_process *process);

enum xb_process_status xb_process_status(const struct xb_process *process);

/*
 * The program it was made for; and the one it executes now, which a tail call may have changed
 * (NULL: one that is not the machine's).
 */
struct xb_program *xb_process_program(const struct xb_process *process);
struct xb_program *xb_process_current_program(const struct xb_process *process);

/* Instructions executed so far; ldimm64 counts as one. */
uint64_t xb_process_insns(const struct xb_process *process);

/* The slot of the instruction that comes next, or that faulted, in the current program. */
uint32_t xb_process_pc(const struct xb_process *process);

/*
 * Register R0 to R10; R10 can be read alone. -1 where there is no such register. Inside a call none
 * can be set (-1): its result becomes R0, and the rest is the program's. Inside an instruction of
 * an emulator's own R0 to R9 can. Looking at registers or frames begins the run: see
 * xb_process_step().
 */
int xb_process_reg(struct xb_process *process, uint32_t reg, uint64_t *value);
int xb_process_set_reg(struct xb_process *process, uint32_t reg, uint64_t value);

/* A frame of the stack, of a function that is active. */
struct xb_stack_frame {
	uint64_t top;   /* R10 of that function */
	uint32_t bytes; /* below it */
	struct xb_program *program;
	uint32_t pc; /* where it is, or will go on */
	const char *function;
};

/*
 * How many frames are active, at least 1; frame 0 is that of the function called first. -1: no such
 * frame. After a fault they are those that it happened in.
 */
uint32_t xb_process_frame_cnt(struct xb_process *process);
int xb_process_frame(struct xb_process *process, uint32_t frame, struct xb_stack_frame *info);

/*
 * The virtual CPU. Setting it resets the process. -1 and err where there is no such one, and
 * nothing changes; or where the process cannot be reset: see xb_process_reset().
 */
uint32_t xb_process_vcpu(const struct xb_process *process);
int xb_process_set_vcpu(struct xb_process *process, uint32_t vcpu, struct xb_err *err);

/* R0 after XB_PROCESS_EXITED, all 64 bits. */
uint64_t xb_process_result(const struct xb_process *process);

/*
 * What stopped the program; false where nothing did. Strings are valid until the process is reset
 * or freed.
 */
bool xb_process_fault(const struct xb_process *process, struct xb_fault_info *info);

/*
 * The packet as the run left it, in one piece; false where the context has none, and before the run
 * is over. Valid until the process is reset or freed.
 */
bool xb_process_packet(struct xb_process *process, const uint8_t **data, size_t *bytes);

/*
 * The context as the run left it, as JSON text that xb_context_parse() reads; freed by the caller
 * with free(). NULL and err where there is none, the run is not over, the context's type cannot be
 * written, or there is no memory.
 */
char *xb_process_save_context(struct xb_process *process, struct xb_err *err);

/*
 * A context of type captured, as JSON text that xb_context_parse() reads: the process's context as
 * it was loaded, and what the helpers that the run called gave, those before a fault too. A process
 * with that context is answered from it, on this machine or on another one; docs/contexts.md says
 * which calls are made again. Freed by the caller with free(). NULL and err where record_calls is
 * not set, the run is not over, the context's type cannot be written, or there is no memory. What
 * a process without a context called is in a context without a "subContext", and of one whose
 * context is captured it is the "subContext" of that.
 */
char *xb_process_save_calls(struct xb_process *process, struct xb_err *err);

/*
 * A value that an emulator keeps with the process, by a key of its own (the address of something);
 * NULL: there is none. `release`, or NULL, is called when another one takes its place and when the
 * process is freed, after its context was cleaned up. NULL value: no more. -1 and err where there
 * is no memory.
 */
void *xb_process_value(const struct xb_process *process, const void *key);
int xb_process_set_value(struct xb_process *process, const void *key, void *value,
                         void (*release)(void *value), struct xb_err *err);

struct xb_machine *xb_process_machine(const struct xb_process *process);

/*
 * Inside a call or an instruction of an emulator: stops the program with a fault of its own, of
 * which the first in a run stays, once it returns. Returns 0. A kind that there is not, or NONE, is
 * XB_FAULT_INTERNAL.
 */
uint64_t xb_process_stop(struct xb_process *process, enum xb_fault_kind kind, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/*
 * Inside a call or an instruction: `bytes` of guest memory, as the host has them, that the program
 * may read, or write where `access` has XB_ACCESS_WRITE; valid until it returns. Of memory that
 * functions stand behind it is a copy, which is stored then. NULL where the program may not, which
 * is stopped with a fault that says why, after the words `what`. Never NULL for 0 bytes.
 */
void *xb_process_memory(struct xb_process *process, uint64_t gaddr, uint64_t bytes, uint32_t access,
                        const char *what);

/*
 * Inside a call or an instruction: runs the program's function at the address func, as the program
 * passed it, with five arguments. True and its R0; false after a fault.
 */
bool xb_process_callback(struct xb_process *process, uint64_t func, const uint64_t args[5],
                         uint64_t *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
