/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapjson.h - maps as JSON, element by element and key by key as `bpftool map dump -j` has them.
 */
#ifndef XB_BENCH_MAPJSON_H
#define XB_BENCH_MAPJSON_H

#include "emu/json.h"
#include "emu/map.h"

/*
 * {"type":"map","id":1,"name":...,"elements":[...]}, without a newline. -1 where there is no
 * memory.
 */
int xb_mapjson_write(struct xb_json *j, struct xb_map *map, const char *name, struct xb_err *err);

/*
 * [{"key":["0x00",...],"value":[...],"formatted":{...}},...]. Types that have no keys, or whose
 * elements cannot be read, have none.
 */
int xb_mapjson_elements(struct xb_json *j, const char *key, struct xb_map *map, struct xb_err *err);

#endif
