/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx.h - the context that packets start with: --ctx k=v,... and --ctx-file, and how a context is
 * written into the JSON lines. The fields and the files are lib/'s.
 */
#ifndef XB_BENCH_CTX_H
#define XB_BENCH_CTX_H

#include "bench/stage.h"
#include "emu/json.h"
#include "lib/model.h"

/* Takes "k=v,...". XB_ERR_USAGE, without the option's name. */
int xb_ctx_parse(struct xb_ctx_fields *ctx, const char *arg, struct xb_err *err);

/*
 * Takes the fields of a context that a file had, but those that --ctx has given already.
 * XB_ERR_USAGE where it is one without a packet.
 */
int xb_ctx_take(struct xb_ctx_fields *ctx, const struct xb_context *context, struct xb_err *err);

/*
 * Whether the fields that were given are in a context of one of the stages (bits, 1 << enum
 * xb_stage_kind); XB_ERR_USAGE names one that is not, and the option that gave it.
 */
int xb_ctx_check(const struct xb_ctx_fields *ctx, u32 stages, struct xb_err *err);

/* The option that gave a field. */
const char *xb_ctx_option(const struct xb_ctx_fields *ctx, const char *name);

/* The context after a run, as "ctx": every number of __sk_buff that a program may load. */
void xb_ctx_write_skb(struct xb_json *j, const struct xb_skb_out *out);

/* The same for what alone comes back from the kernel's test run. */
void xb_ctx_write_returned(struct xb_json *j, const struct __sk_buff *ctx, u32 bytes);

#endif
