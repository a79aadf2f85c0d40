/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_call_priv.h - what a call that is bound executes.
 */
#ifndef XB_EMU_HELPER_CALL_PRIV_H
#define XB_EMU_HELPER_CALL_PRIV_H

#include "emu/helper.h"

#define HELPER_ARGS 5

/* The function for calls of a row, whose first argument is known to be this map, or NULL. */
xb_call_fn helper_call_fn(const struct xb_emu *emu, const struct xb_helper *row,
                          const struct xb_map *map);

#endif
