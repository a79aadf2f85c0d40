/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapelem.h - one element of a map, or a global variable, from a key and a value as somebody wrote
 * them: numbers, strings and bytes, by the map's BTF where it has one; names of programs, maps,
 * interfaces, sockets and cgroups where the map's values are such.
 */
#ifndef XB_BENCH_MAPELEM_H
#define XB_BENCH_MAPELEM_H

#include "lib/object.h"
#include "emu/value.h"

/* The map that is filled, and what its elements are made in. */
struct xb_mapelem {
	struct xb_object *o;
	struct bpf_map *bpf;
	struct xb_map *map; /* NULL before the load: then it is one of global variables */
	u8 *key, *value;
	bool try; /* global variables are not set, only looked for */
	struct xb_err *err;
};

/* Makes room for keys and values of t->map. 0, or -1 and t->err; fini is due in both cases. */
int xb_mapelem_init(struct xb_mapelem *t, const char *name);
void xb_mapelem_fini(struct xb_mapelem *t);

/*
 * Writes an element: the same value on every CPU. Of global variables, which are the one element 0,
 * those that the value names. `key` is NULL where there is none. 0, or -1 and t->err.
 */
int xb_mapelem_put(const struct xb_mapelem *t, const struct xb_value *key,
                   const struct xb_value *value);

/*
 * Of a per-CPU map: `values` has {"cpu":0,"value":...} for each CPU; those that the emulator has
 * not are left out.
 */
int xb_mapelem_put_percpu(const struct xb_mapelem *t, const struct xb_value *key,
                          const struct xb_value *values);

#endif
