/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model.h - what the tool and the library's own parts ask of a context that was read.
 */
#ifndef XB_LIB_MODEL_H
#define XB_LIB_MODEL_H

#include "lib/fields.h"
#include "lib/xdpbench/context.h"

struct xb_captured;

enum xb_ctx_type { XB_CTX_XDP_MD, XB_CTX_SK_BUFF, XB_CTX_GENERIC, XB_CTX_CAPTURED, XB_CTX_USER };

/* Of a captured context XB_CTX_CAPTURED. */
enum xb_ctx_type xb_ctx_type(const struct xb_context *c);

/* The one that a captured context wraps, or c itself; NULL where it wraps none. */
const struct xb_context *xb_ctx_inner(const struct xb_context *c);

/* The recorded calls of a captured context, or NULL. */
const struct xb_captured *xb_ctx_calls(const struct xb_context *c);

/* The fields of an xdp_md or sk_buff, or NULL. */
const struct xb_ctx_fields *xb_ctx_fields(const struct xb_context *c);

/* Its packet; false where it has none. */
bool xb_ctx_packet(const struct xb_context *c, const u8 **data, u32 *bytes);

/*
 * A context made from its parts, all of which are copied; data NULL: no packet. NULL and err where
 * there is no memory.
 */
struct xb_context *xb_ctx_make(enum xb_ctx_type type, const char *name, const u8 *data, u32 bytes,
                               const struct xb_ctx_fields *fields, struct xb_err *err);

/* A copy, of a type that is built in. NULL and err where there is no memory. */
struct xb_context *xb_ctx_clone(const struct xb_context *c, struct xb_err *err);

/*
 * The text of a captured context of both, without making it; sub may be NULL. From malloc(). NULL
 * and err.
 */
char *xb_ctx_print_captured(const struct xb_context *sub, const struct xb_captured *calls,
                            struct xb_err *err);

/* A captured context from both, which it takes over, also where it fails. sub may be NULL. */
struct xb_context *xb_ctx_wrap(struct xb_context *sub, struct xb_captured *calls,
                               struct xb_err *err);

#endif
