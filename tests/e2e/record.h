/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.h - what a replay saw, as labelled bytes in the order in which it saw them.
 *
 * A replay runs in a child process, so the records live in a file that both processes have open.
 */
#ifndef XB_TESTS_E2E_RECORD_H
#define XB_TESTS_E2E_RECORD_H

#include "vm/types.h"

#include <stdio.h>

/* Appends one record. The label is a sentence's beginning: "mixed.pcapng packet 17: bytes". */
void record_put(FILE *file, const void *data, u32 bytes, const char *label, ...) XB_PRINTF(4, 5);

/* A label alone, for what has no bytes: "load failed: -22". */
void record_note(FILE *file, const char *label, ...) XB_PRINTF(2, 3);

/*
 * Reads both from their beginnings. The number of records that agree; *same tells whether all did.
 * Where not, the first that differs is described in `what`, with the bytes around the difference.
 */
u32 record_compare(FILE *a, FILE *b, bool *same, char *what, size_t what_bytes);

#endif
