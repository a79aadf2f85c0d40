/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maplive.h - a map of the object's that is one of the kernel's: --map NAME@PIN, --map NAME@id:N.
 */
#ifndef XB_BENCH_MAPLIVE_H
#define XB_BENCH_MAPLIVE_H

#include "lib/object.h"
#include "bench/session.h"

/*
 * Before the load: gives the object's map the kernel's in its place. `where` is the path of a pin
 * or "id:N". *live is what was opened for another object of the same emulator, or NULL, and becomes
 * what is used. -1: XB_ERR_USAGE, XB_ERR_FILE (it cannot be opened), XB_ERR_LOAD (type or sizes are
 * others).
 */
int xb_maplive_use(struct xb_object *o, struct bpf_map *bpf, const char *where,
                   struct xb_map **live, struct xb_err *err);

/* After the run: -1 and XB_ERR_FILE where values could not be written into the kernel's maps. */
int xb_maplive_check(const struct xb_session *s, struct xb_err *err);

#endif
