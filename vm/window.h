/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * window.h - the part of a buffer that a program may touch, as it moves.
 *
 * Consecutive packets begin and end near each other: only the granules between an old end and a new
 * one change in the shadow.
 */
#ifndef XB_VM_WINDOW_H
#define XB_VM_WINDOW_H

#include "vm/mem.h"

/*
 * Addressable, and writable but where it is read_only: [start, end), guest addresses. Empty where
 * they are equal.
 */
struct xb_window {
	u64 start, end;
	bool read_only; /* may change while it is empty */
};

/* Moves the window; what lies around it in its granules belongs to nobody else. */
void xb_window_move(struct xb_mem *mem, struct xb_window *w, u64 start, u64 end);

#endif
