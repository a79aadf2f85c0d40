/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx.h - the context that packets start with: --ctx k=v,... and --ctx-file, and how a context is
 * written into the JSON lines.
 *
 * One table has all fields by their uapi names, for xdp_md and __sk_buff; and a few things that an
 * sk_buff holds and programs see the effects of (ip_summed, gso_type, ...), by the kernel's names.
 */
#ifndef XB_BENCH_CTX_H
#define XB_BENCH_CTX_H

#include "bench/stage.h"
#include "emu/json.h"
#include "emu/value.h"

#define XB_CTX_MAX_META XB_SKB_MAX_META_BYTES

/* What was asked for; zero-initialised: nothing. */
struct xb_ctx_opts {
	u64 set;       /* fields that were given: a bit for each row of the table */
	u64 from_file; /* of these, by a file */
	u32 ingress_ifindex, rx_queue_index;
	u8 meta[XB_CTX_MAX_META];
	u32 meta_bytes;
	struct xb_skb_ctx skb;
	struct xb_captured *captured; /* of a file of type captured, or NULL; the owner's to free */
};

/* Takes "k=v,...". XB_ERR_USAGE, without the option's name. */
int xb_ctx_parse(struct xb_ctx_opts *ctx, const char *arg, struct xb_err *err);

/*
 * Takes a file's text: {"type":"sk_buff","ctx":{"mark":7,"sock":{...},"dev":{"ifIndex":3}}}, type
 * xdp_md or sk_buff. Fields that --ctx has given already stay. XB_ERR_FILE, with line and column.
 */
int xb_ctx_parse_file(struct xb_ctx_opts *ctx, const char *text, size_t bytes, struct xb_err *err);

/*
 * Takes one field of a JSON object, unless --ctx has given it; it has to be in a context of one of
 * the stages (as xb_ctx_check() has them). The error, XB_ERR_USAGE, begins with v->key.
 */
int xb_ctx_set_value(struct xb_ctx_opts *ctx, const struct xb_value *v, u32 kinds,
                     struct xb_err *err);

/*
 * Whether the fields that were given are in a context of one of the stages (bits, 1 << enum
 * xb_stage_kind); XB_ERR_USAGE names one that is not, and the option that gave it.
 */
int xb_ctx_check(const struct xb_ctx_opts *ctx, u32 kinds, struct xb_err *err);

/* Whether a field was given; by which option. */
bool xb_ctx_has(const struct xb_ctx_opts *ctx, const char *name);
const char *xb_ctx_option(const struct xb_ctx_opts *ctx, const char *name);

/* The context after a run, as "ctx": every number of __sk_buff that a program may load. */
void xb_ctx_write_skb(struct xb_json *j, const struct xb_skb_out *out);

#endif
