/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_storage.h - cgroups of a test's own, for maps of cgroup storage: what a program is attached
 * to is what the map has values for.
 */
#ifndef XB_TESTS_EMU_MAP_STORAGE_H
#define XB_TESTS_EMU_MAP_STORAGE_H

#include "tests/emu/map_backend.h"

#define MAP_STORAGE_CNT 3u

struct map_storage {
	bool has; /* ids are there, on the kernel's side cgroups too */
	int root;
	int dir[MAP_STORAGE_CNT];
	u64 id[MAP_STORAGE_CNT];
};

/* Makes them, or only numbers where there is no kernel; says so where it may not, and `has` is
 * false.
 */
void map_storage_open(struct map_storage *s, bool has_kernel);
void map_storage_close(struct map_storage *s);

/* Attaches a program that uses the map to each, on the way in and, but in the first, on that out.
 */
void map_storage_attach(struct map_storage *s, const struct backend *b, int map);

#endif
