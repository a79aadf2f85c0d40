/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapinit.h - initial contents of maps: --map NAME=FILE in bpftool's JSON, --map 'NAME[KEY]=VALUE';
 * or a map of the kernel's in the place of one: --map NAME@PIN (bench/maplive.h).
 *
 * Values of program arrays and map-in-map are names; of devmaps and cpumaps "3" or "3:program"; of
 * xskmaps the number of an emulated socket. Global variables (.rodata, .data, .bss) are set before
 * the object is loaded, and only those that are named; all else after.
 */
#ifndef XB_BENCH_MAPINIT_H
#define XB_BENCH_MAPINIT_H

#include "bench/file.h"
#include "lib/object.h"

/* One --map. */
struct xb_mapinit {
	const char *arg;     /* as given */
	struct xb_file file; /* open where arg is NAME=FILE */
	char *text;          /* contents of file once read, owned */
	size_t bytes;
	struct xb_map *live; /* of NAME@PIN, once it was opened */
};

/* Whether the argument names a file. */
bool xb_mapinit_is_file(const char *arg);

/* Opens the file of NAME=FILE. */
int xb_mapinit_open(struct xb_mapinit *init, const char *arg, struct xb_err *err);
void xb_mapinit_close(struct xb_mapinit *init);

/* Whether it is a map of the kernel's, which objects get before anything is put into them. */
bool xb_mapinit_is_live(const struct xb_mapinit *init);

/* Whether the object has the map. */
bool xb_mapinit_names(const struct xb_mapinit *init, const struct xb_object *o);

/* The same, and before the load: of global variables the map has those that are to be set. */
bool xb_mapinit_fits(const struct xb_mapinit *init, struct xb_object *o);

/* The map, once the object is loaded; NULL where it was not made. */
struct xb_map *xb_mapinit_map(const struct xb_mapinit *init, const struct xb_object *o);

/*
 * Fills the map if its time has come: `loaded` says whether the object is. Errors: XB_ERR_USAGE or
 * XB_ERR_FILE, which name the option or the file with line and column.
 */
int xb_mapinit_apply(struct xb_mapinit *init, struct xb_object *o, bool loaded, struct xb_err *err);

#endif
