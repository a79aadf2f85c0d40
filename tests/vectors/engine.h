/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine.h - the machine's ways to run a program, as the vectors know them.
 */
#ifndef XB_TESTS_VECTORS_ENGINE_H
#define XB_TESTS_VECTORS_ENGINE_H

#include "tests/vectors/vector.h"

/*
 * A row of the table of engines. Registers are loaded by instructions in front of the program, so
 * that what they hold is known when it is loaded, or set from outside, so that nothing is.
 */
struct xb_vector_engine {
	const char *name;
	bool strict; /* on a strict machine */
	bool loaded; /* registers by instructions in front */
	bool steps;  /* instruction by instruction */
	u32 shift;   /* memory starts so many bytes past a multiple of 8 */
};

/* All engines there are. */
const struct xb_vector_engine *xb_vector_engines(u32 *cnt);

/*
 * Whether a vector says what the engine does: one that loads or stores in a way that has to be
 * aligned does not where memory is shifted.
 */
bool xb_vector_engine_applies(const struct xb_vector_engine *engine, const struct xb_vector *v);

/* A machine for one of them; NULL and `why`. */
struct xb_vector_machine *xb_vector_machine_new(const struct xb_vector_engine *engine, char *why,
                                                size_t why_bytes);
void xb_vector_machine_free(struct xb_vector_machine *m);

/*
 * Runs a vector. result->memory belongs to the machine, until the next run. False and `why` where
 * that is not possible.
 */
bool xb_vector_machine_run(struct xb_vector_machine *m, const struct xb_vector *v,
                           struct xb_vector_result *result, char *why, size_t why_bytes);

#endif
