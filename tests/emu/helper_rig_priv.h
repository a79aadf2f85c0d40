/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_rig_priv.h - where rows run, and the maps that a row's program uses: each is made when the
 * program is loaded, filled as the row says, and closed when it has run.
 */
#ifndef XB_TESTS_EMU_HELPER_RIG_PRIV_H
#define XB_TESTS_EMU_HELPER_RIG_PRIV_H

#include "emu/emu.h"
#include "tests/emu/helper_rig.h"
#include "tests/rig/backend.h"

#define LOG_BYTES 65536
#define READERS   2

/* Of a CPU's perf samples, on the kernel. */
struct reader {
	int fd;
	void *ring;
};

struct rig {
	struct reader readers[READERS];
	struct backend b;
	struct xb_xdp *xdp; /* emulator only */
	int btf;
	u32 type_main, type_sub, type_int, type_lock_value, type_timer_value; /* BTF ids */
	int maps[RIG_CNT];
	char log[LOG_BYTES];
};

/* helper_maps.c */

/* The map's descriptor. */
int rig_open_map(struct rig *rig, enum rig_map map, const struct rig_row *row);
void rig_update(struct rig *rig, enum rig_map map, u32 key, const void *value);
void rig_close_maps(struct rig *rig);

/* The first sample that the kernel's reader of CPU 0 has; the emulator's, as they come. */
void rig_read_sample(const struct rig *rig, struct rig_result *res);
void rig_hear_event(void *res, const struct xb_event *event);

/* Whether the program read as much of RIG_USER as the row says. */
void rig_check_ring(const struct rig *rig, const struct rig_row *row);

#endif
