/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fields.h - the fields of xdp_md and __sk_buff that can be set before a run.
 *
 * One table has them all by their uapi names; and a few things that an sk_buff holds and programs
 * see the effects of (ip_summed, gso_type, ...), by the kernel's names.
 */
#ifndef XB_LIB_FIELDS_H
#define XB_LIB_FIELDS_H

#include "emu/json.h"
#include "emu/value.h"
#include "skb/skb.h"

#define XB_CTX_MAX_META XB_SKB_MAX_META_BYTES

/* Contexts that have a field; bits. */
enum xb_ctx_kind { XB_CTX_HAS_XDP = 1, XB_CTX_HAS_SKB = 2 };

/* What was asked for; zero-initialised: nothing. */
struct xb_ctx_fields {
	u64 set;       /* fields that were given: a bit for each row of the table */
	u64 from_file; /* of these, by a file and not by the command line */
	u32 ingress_ifindex, rx_queue_index, egress_ifindex;
	u32 headroom, tailroom;
	u8 meta[XB_CTX_MAX_META];
	u32 meta_bytes;
	struct xb_skb_ctx skb;
};

/* "xdp_md" or "__sk_buff" */
const char *xb_ctx_kind_name(u32 kind);

/* Sets a field from text. XB_ERR_USAGE: "mark: expected a number". */
int xb_ctx_field_set(struct xb_ctx_fields *f, const char *name, const char *text,
                     struct xb_err *err);

/* The same for the value of a JSON object, whose key is the name; `kind`: one of enum xb_ctx_kind.
 * XB_ERR_FILE, with the place. */
struct ctx_reader;
int xb_ctx_field_read(struct ctx_reader *r, const struct xb_value *v, u32 kind,
                      struct xb_ctx_fields *f);

/* Sets what `from` has and `to` has not, as fields that a file gave. */
void xb_ctx_fields_merge(struct xb_ctx_fields *to, const struct xb_ctx_fields *from);

/* Whether a field was given, and by a file. */
bool xb_ctx_has(const struct xb_ctx_fields *f, const char *name);
bool xb_ctx_is_from_file(const struct xb_ctx_fields *f, const char *name);

/* Notes that a field is given, where it was set otherwise. */
void xb_ctx_mark(struct xb_ctx_fields *f, const char *name);

/* Forgets that it is. */
void xb_ctx_unmark(struct xb_ctx_fields *f, const char *name);

/* The first field that is given and that none of the kinds has; NULL: there is none. */
const char *xb_ctx_misfit(const struct xb_ctx_fields *f, u32 kinds);

/* Writes all that is not as it is where nothing is given, as members of an object. */
void xb_ctx_fields_write(struct xb_json *j, const struct xb_ctx_fields *f, u32 kind);

#endif
