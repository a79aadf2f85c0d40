/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_show.h - a world as lines of text, so that tests can say what they expect of it.
 */
#ifndef XB_TESTS_EMU_WORLD_SHOW_H
#define XB_TESTS_EMU_WORLD_SHOW_H

#include "emu/world.h"

/* All of it, one thing a line; to be freed. */
char *world_show(const struct xb_world *w);

/* Parses it: its text, or "error: " and the message. To be freed. */
char *world_show_json(const char *json);

#endif
