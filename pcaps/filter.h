/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.h - tcpdump expressions, compiled and run by libpcap.
 */
#ifndef XB_PCAPS_FILTER_H
#define XB_PCAPS_FILTER_H

#include "vm/err.h"
#include "vm/types.h"

struct xb_filter;

/*
 * Compiles `expr` for packets of LINKTYPE_* `linktype`. `snaplen` is what a match returns at most,
 * 0 for no limit. An empty expression matches everything. Errors: XB_ERR_USAGE, with libpcap's
 * words, where the expression is wrong or the link type cannot be filtered.
 */
struct xb_filter *xb_filter_new(const char *expr, u16 linktype, u32 snaplen, struct xb_err *err);

/* Whether the packet matches. `len` is its length on the wire, what `less` and `greater` ask for.
 */
bool xb_filter_match(const struct xb_filter *f, const u8 *data, u32 caplen, u32 len);

/* NULL is allowed. */
void xb_filter_free(struct xb_filter *f);

#endif
