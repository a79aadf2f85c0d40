/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pin_priv.h - pins in memory, and their files.
 */
#ifndef XB_EMU_PIN_PRIV_H
#define XB_EMU_PIN_PRIV_H

#include "emu/pin.h"

struct xb_pin {
	char *path; /* in one form */
	struct xb_obj *obj;
	struct xb_pin *next;
};

/* Whether pin_dir holds a file for the path. */
bool xb_pin_file_exists(const struct xb_emu *emu, const char *path);

/* Makes the map that an earlier run left under the path: 0, -ENOENT, or -errno. */
int xb_pin_file_load(struct xb_emu *emu, const char *path, struct xb_obj **obj);

/* Removes the file; false where there was none. */
bool xb_pin_file_remove(const struct xb_emu *emu, const char *path);

#endif
