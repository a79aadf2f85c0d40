/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdinfo.h - what /proc/PID/fdinfo says of an object's descriptor.
 *
 * Differs: memlock is what the elements take (as Linux up to 6.2 counted it), without what the
 * kernel in question needs around them; of a program it is its pages.
 */
#ifndef XB_EMU_FDINFO_H
#define XB_EMU_FDINFO_H

#include "emu/obj.h"

#define XB_FDINFO_BYTES 512u

/* The text, terminated, after the lines that every descriptor has. Returns its length. */
size_t xb_fdinfo(struct xb_obj *obj, char text[XB_FDINFO_BYTES]);

#endif
