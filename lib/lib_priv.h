/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib_priv.h - what stands behind the public handles.
 */
#ifndef XB_LIB_LIB_PRIV_H
#define XB_LIB_LIB_PRIV_H

#include "vm/prog.h"
#include "vm/vm.h"
#include "xdpbench/emulator.h"
#include "xdpbench/machine.h"

#include <pthread.h>
#include <string.h>

/* Linux, or a table of the caller's: what the machine asks of either. */
struct lib_emulator_kind {
	/* Makes the inner machine; NULL and err where it cannot. opts->ops is to be set. */
	struct xb_vm *(*attach)(struct xb_emulator *e, struct xb_machine *machine,
	                        struct xb_vm_opts *opts, struct xb_err *err);
	/* Sets program->data. -1 and err. */
	int (*load)(struct xb_emulator *e, struct xb_program *program,
	            const struct xb_program_opts *opts, struct xb_err *err);
	void (*unload)(struct xb_program *program);
	/* The inner program, which may become another one. */
	const struct xb_prog *(*prog)(const struct xb_program *program);
	/* Whether the inner program is, or was, the program's. */
	bool (*is_of)(const struct xb_program *program, const struct xb_prog *prog);
	/* A run begins, ends; or NULL: nobody minds. */
	void (*run_begin)(struct xb_emulator *e, u32 vcpu);
	void (*run_end)(struct xb_emulator *e, u32 vcpu);
	/* Whether a run has begun and not ended; or NULL: it makes no difference. */
	bool (*is_busy)(const struct xb_emulator *e);
	/* Several virtual CPUs run at the same time from now on, or no more; or NULL. */
	void (*share)(struct xb_emulator *e, bool on);
	/* The program of an inner one that has none yet; or NULL. */
	struct xb_program *(*adopt)(struct xb_emulator *e, const struct xb_prog *prog);
	/* Frees itself, and the inner machine where it was attached to one. */
	void (*free)(struct xb_emulator *e);
};

/* The head of both kinds' own structures. */
struct xb_emulator {
	const struct lib_emulator_kind *kind;
	struct xb_machine *machine; /* or NULL: not attached */
};

struct xb_program {
	struct xb_machine *machine;
	struct xb_program *next;
	char name[64];
	u32 type, ctx_bytes;
	void *data; /* the emulator's own; NULL while it is being added */
};

/* Memory that xb_machine_map() mapped. */
struct lib_mapped {
	struct lib_mapped *next;
	struct xb_region *region;
	struct xb_memory_ops ops;
	void *arg;
};

struct xb_machine {
	struct xb_vm *vm;
	struct xb_emulator *emulator; /* never NULL */
	bool has_emulator;            /* it is the caller's */
	struct xb_program *programs;
	struct lib_mapped *mapped;
	struct xb_pool *pool; /* or NULL */
	pthread_mutex_t lock; /* over programs and mapped; recursive */
};

/*
 * Copies a structure of options whose first member is its size. A caller built with an older header
 * has a shorter one, the rest is zero; a longer one must be zero beyond what is known here.
 */
int lib_opts_copy(void *to, size_t bytes, const void *from, const char *what, struct xb_err *err);

static inline const struct xb_prog *
lib_prog(const struct xb_program *program)
{
	return program->machine->emulator->kind->prog(program);
}

/* The program of an inner one; NULL where it is not the machine's. */
struct xb_program *lib_program_of(struct xb_machine *machine, const struct xb_prog *prog);

/*
 * A program that nobody sees until it is appended, which it is with its data. The list is read
 * without the lock.
 */
struct xb_program *lib_program_new(struct xb_machine *machine, const char *name,
                                   struct xb_err *err);
void lib_program_append(struct xb_program *program);

/* Takes one back, and frees it. */
void lib_program_remove(struct xb_program *program);

/* Takes back what is in no list any more, and frees it. */
void lib_unmap(struct xb_machine *machine, struct lib_mapped *mapped);

/* Frees programs and memory. */
void lib_machine_empty(struct xb_machine *machine);

#endif
