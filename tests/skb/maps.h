/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.h - the maps that scripts name. Each is made when the first script uses it, so that a
 * backend without its type fails those rows alone. What a row puts into one stays there for the
 * rows after it.
 */
#ifndef XB_TESTS_SKB_MAPS_H
#define XB_TESTS_SKB_MAPS_H

#include "tests/rig/backend.h"

enum map_name {
	PERF,       /* perf_event_array; slot 0 has a reader, 1 to 3 have none */
	CGROUPS,    /* cgroup_array of 4; slot 0 is the root of cgroup2 where it is mounted */
	ARRAY,      /* array of 4: u32 -> u64 */
	HASH,       /* hash of 4: u32 -> u64 */
	PROGS,      /* prog_array of 4, empty */
	RINGBUF,    /* ringbuf of 4096 */
	SK_STORAGE, /* sk_storage of u64 */
	MAP_CNT
};

struct maps {
	const struct backend *b;
	int fds[MAP_CNT]; /* 0: not made yet; -errno: cannot be */
};

void maps_open(struct maps *maps, const struct backend *b);
void maps_close(struct maps *maps);

/* A descriptor, or -errno. */
int maps_get(struct maps *maps, enum map_name name);

#endif
