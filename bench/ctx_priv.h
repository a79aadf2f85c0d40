/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx_priv.h - what the readers of contexts in JSON share.
 */
#ifndef XB_BENCH_CTX_PRIV_H
#define XB_BENCH_CTX_PRIV_H

#include "bench/ctx.h"
#include "emu/captured.h"

/* XB_ERR_FILE: "line 3, column 7: KEY: what". Returns -1. */
int ctx_fail(const struct xb_value *v, struct xb_err *err, const char *what);

/* No key twice: the second would be lost. */
int ctx_check_keys(const struct xb_value *object, struct xb_err *err);

/* The calls of "helperCalls"; NULL and err where something is wrong with them. */
struct xb_captured *ctx_read_calls(const struct xb_value *v, struct xb_err *err);

#endif
