/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context_priv.h - the model of a context, the rows of types, and what their readers share.
 *
 * Reading fills the model and touches no process. A binding is a context in a process: buffers,
 * registers, recorded calls.
 */
#ifndef XB_LIB_CONTEXT_PRIV_H
#define XB_LIB_CONTEXT_PRIV_H

#include "emu/captured.h"
#include "emu/json.h"
#include "emu/value.h"
#include "lib/bind.h"
#include "lib/fields.h"
#include "lib/model.h"
#include "skb/skb.h"
#include "xdp/xdp.h"

struct ctx_type;

struct ctx_reader {
	const struct xb_context_registry *registry; /* or NULL */
	const struct xb_value *root;                /* for paths in messages */
	struct xb_err *err;
	u32 depth; /* contexts around this one */
};

/* How a type is read, put into a process, and written. */
struct ctx_type {
	const char *name;
	/* -1 and err; what was filled so far is freed by free(). */
	int (*read)(struct ctx_reader *r, const struct xb_value *v, struct xb_context *c);
	void (*free)(struct xb_context *c);
	/* "ctx", an object under that key. -1 and err. */
	int (*write)(const struct xb_context *c, struct xb_json *j, struct xb_err *err);
	/* Makes buffers and b->proc. -1 and err; what was made is freed by unbind(). */
	int (*bind)(struct xb_bound *b, struct xb_err *err);
	void (*unbind)(struct xb_bound *b);
	/*
	 * Whether what bind() made takes another context of this type in, by load(), as if it had
	 * been made for it; opts are complete. Or NULL: it does not, and unbind() needs the
	 * context.
	 */
	bool (*fits)(const struct xb_bound *b, const struct xb_bound_opts *opts);
	/* Puts the context in, as it was read. -1 and err. */
	int (*load)(struct xb_bound *b, struct xb_err *err);
	/* Prepares the run of what was loaded; and says what came of it, where it is over or given
	 * up. */
	void (*begin)(struct xb_bound *b);
	void (*end)(struct xb_bound *b, enum xb_run_status status, struct xb_bound_out *out);
	/* Fills `to`, which is empty but for its type and name, with what there is now. */
	int (*save)(struct xb_bound *b, struct xb_context *to, struct xb_err *err);
};

extern const struct ctx_type ctx_type_xdp_md, ctx_type_sk_buff, ctx_type_generic, ctx_type_captured,
        ctx_type_user;

/* A packet, owned. */
struct ctx_packet {
	bool given;
	u8 *data;
	u32 bytes;
};

struct ctx_generic;

struct xb_context {
	const struct ctx_type *type;
	char *name; /* owned; "" where there is none */
	struct ctx_packet packet;
	struct xb_ctx_fields fields; /* of xdp_md and sk_buff */
	struct ctx_generic *generic;
	struct xb_context *sub;    /* of captured, or NULL */
	struct xb_captured *calls; /* of captured */
	struct xb_context_type user;
	void *state; /* the user type's */
};

/* context.c */

/* Reads {"name", "type", "ctx"}. NULL and err. */
struct xb_context *ctx_read(struct ctx_reader *r, const struct xb_value *v);

/* An empty one. NULL and err where there is no memory. */
struct xb_context *ctx_new(const struct ctx_type *type, const char *name, struct xb_err *err);

/* Writes {"name", "type", "ctx"} under the key, or NULL. */
int ctx_write(const struct xb_context *c, const char *key, struct xb_json *j, struct xb_err *err);

/* read.c: all return -1 with the place of v in front of the message. */

int ctx_fail(const struct ctx_reader *r, const struct xb_value *v, const char *fmt, ...)
        XB_PRINTF(3, 4);

int ctx_expect(const struct ctx_reader *r, const struct xb_value *v, enum xb_value_kind kind);

/* A number from 0 to max, or a string with one, decimal or 0x. */
int ctx_u64(const struct ctx_reader *r, const struct xb_value *v, u64 max, u64 *to);

/* A whole number of `bits`, signed or not: from -2^(bits-1) to 2^bits-1. Negative ones have all
 * bits of *to set above. */
int ctx_any64(const struct ctx_reader *r, const struct xb_value *v, u32 bits, u64 *to);

int ctx_bool(const struct ctx_reader *r, const struct xb_value *v, bool *to);

/* A string without NULs. *to is v's. */
int ctx_text(const struct ctx_reader *r, const struct xb_value *v, const char **to);

/* Bytes as base64, or as hex digits; new memory, at least one byte. */
int ctx_base64(const struct ctx_reader *r, const struct xb_value *v, u8 **to, u32 *bytes);
int ctx_hex(const struct ctx_reader *r, const struct xb_value *v, u8 **to, u32 *bytes);

/* A key of an object. */
struct ctx_key {
	const char *name;
	int (*read)(struct ctx_reader *r, const struct xb_value *v, void *to);
};

/* Reads all members of an object by their rows; those without one are errors. */
int ctx_members(struct ctx_reader *r, const struct xb_value *v, const struct ctx_key *keys,
                size_t cnt, void *to);

/* No key is there twice, in any object. */
int ctx_no_twins(const struct ctx_reader *r, const struct xb_value *v);

/* Writes a number so that no reader loses a bit of it: as a string where a double would. */
void ctx_write_u64(struct xb_json *j, const char *key, u64 value);

/* Writes a value that was read. */
void ctx_write_value(struct xb_json *j, const char *key, const struct xb_value *v);

/* packet.c */

/* "packet" or "packet_hex", by v's key; `most` bytes. */
int ctx_read_packet(struct ctx_reader *r, const struct xb_value *v, struct ctx_packet *to,
                    u32 most);
void ctx_write_packet(struct xb_json *j, const struct ctx_packet *packet);
int ctx_set_packet(struct ctx_packet *to, const u8 *data, u32 bytes, struct xb_err *err);

/* sock.c: "sock", "flowKeys" */

int ctx_read_sock(struct ctx_reader *r, const struct xb_value *v, struct xb_ctx_fields *to);
void ctx_write_sock(struct xb_json *j, const struct xb_sock_info *sock);
int ctx_read_flow_keys(struct ctx_reader *r, const struct xb_value *v, struct xb_ctx_fields *to);
void ctx_write_flow_keys(struct xb_json *j, const struct xb_skb_ctx *ctx);

/* calls.c: "helperCalls" */

struct xb_captured *ctx_read_calls(struct ctx_reader *r, const struct xb_value *v);
void ctx_write_calls(struct xb_json *j, const struct xb_captured *calls);

/* A binding. */
struct xb_bound {
	struct xb_bound_opts opts;
	const struct ctx_type *type;
	struct xb_proc *proc; /* the buffers', or own_proc */
	struct xb_proc *own_proc;
	struct xb_xdp *xdp;
	u32 xdp_headroom; /* of its page */
	struct xb_skb *skb;
	struct xb_xdp_out xdp_out;
	struct xb_skb_out skb_out;
	struct xb_skb_ctx skb_ctx; /* what it was loaded with */
	struct ctx_generic_bound *generic;
	struct xb_bound *sub;
	struct xb_playback *playback;
	void *loaded;   /* the user type's, */
	bool is_loaded; /* and whether there is one */
	u8 *piece;      /* a packet in one piece */
};

/* bind.c: of a process that load() started, and that has no packet. */
void ctx_begin_bare(struct xb_bound *b);
void ctx_end_bare(struct xb_bound *b, enum xb_run_status status, struct xb_bound_out *out);

#endif
