/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx_access.h - every load and store at every place of a context: what the kernel's verifier takes
 * is what the emulator runs without a fault.
 */
#ifndef XB_TESTS_RIG_CTX_ACCESS_H
#define XB_TESTS_RIG_CTX_ACCESS_H

#include "tests/rig/backend.h"

#define CTX_ACCESS_CLASSES 4u

struct ctx_access {
	u32 prog_type, attach_type;
	s32 bytes;                         /* of the context; a few around it are tried too */
	u8 classes[CTX_ACCESS_CLASSES];    /* of instructions, with their mode; 0: no more */
	s32 no_word;                       /* no 4 bytes are tried there; 0: they are everywhere */
	const struct backend *b;           /* the emulator */
	bool (*runs)(void *arg, int prog); /* in the emulator, without a fault */
	void *arg;
};

/* Skipped aloud where bpf(2) is not permitted. */
void ctx_access_compare(const struct ctx_access *a);

#endif
