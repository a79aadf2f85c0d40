/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object_priv.h - between the files of struct xb_object.
 */
#ifndef XB_LIB_OBJECT_PRIV_H
#define XB_LIB_OBJECT_PRIV_H

#include "lib/object.h"

#define OBJECT_SAID_BYTES     (16u << 10)
#define OBJECT_LOAD_LOG_BYTES (64u << 10)

/* Of the kernel's verifier: the most that kernels before 5.2 write, and plenty. */
#define OBJECT_KERNEL_LOG_BYTES ((16u << 20) - 1)

struct bpf_program;

/* object_type.c: gives every program its type, and has those loaded that may be run or called. */
void object_prepare_programs(struct xb_object *o);

/* Whether the options say that it is not to be loaded, unless it is chosen. */
bool object_is_left_out(const struct xb_object *o, const struct bpf_program *prog);

/* For what place it is; XB_WANT_ANY: for none that there is here. */
enum xb_object_want object_kind(const struct bpf_program *prog);

/*
 * In front of libbpf's load, and as a part of it: gives programs that attach to functions of the
 * kernel one to be loaded for. 0, or -errno and the program that has none.
 */
int object_set_targets(struct xb_object *o, const struct bpf_program **failed);

/* object_error.c: gathers from here on what libbpf prints into o->said, from its start; or no
 * longer. */
void object_listen(struct xb_object *o, bool on);

/* The first line that says something, without "libbpf: "; cut out of o->said. NULL: nothing. */
const char *object_said(struct xb_object *o);

/* After a failed load: the error, from what was said and from the log. Returns -1. */
int object_load_error(struct xb_object *o, int errnum, struct xb_err *err);

#endif
