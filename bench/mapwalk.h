/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapwalk.h - elements of a map by bpf(2), the running kernel's or an emulator's: the same calls
 * for both, so that what they give can be compared.
 */
#ifndef XB_BENCH_MAPWALK_H
#define XB_BENCH_MAPWALK_H

#include "emu/emu.h"

/* A map on one side. */
struct xb_mapside {
	struct xb_emu *emu; /* NULL: the kernel's */
	int fd;
	u32 key_bytes, value_bytes; /* as bpf(2) moves them */
};

/* 0 or -errno. `next` may be `key`; key NULL: the first one. */
int xb_mapside_next(const struct xb_mapside *side, const void *key, void *next);
int xb_mapside_read(const struct xb_mapside *side, const void *key, void *value);
int xb_mapside_write(const struct xb_mapside *side, const void *key, const void *value);
int xb_mapside_delete(const struct xb_mapside *side, const void *key);
int xb_mapside_pop(const struct xb_mapside *side, void *value);

/*
 * Calls fn with every element; `read` is the lookup's result, with a negative one there is no
 * value. Stops with the first that is not 0 and returns it; -ENOMEM.
 */
int xb_mapside_walk(const struct xb_mapside *side,
                    int (*fn)(void *arg, const void *key, const void *value, int read), void *arg);

#endif
