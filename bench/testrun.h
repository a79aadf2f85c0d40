/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testrun.h - one packet through BPF_PROG_TEST_RUN, of whichever bpf(2) there is: the running
 * kernel's, or that of an emulator which was entered.
 *
 * The packet goes in as it is in the capture, the context with the fields that were given and no
 * other. What such a run does not take is an error of it, with a sentence on why.
 */
#ifndef XB_BENCH_TESTRUN_H
#define XB_BENCH_TESTRUN_H

#include "lib/fields.h"
#include "xdp/xdp.h"

/* What goes in: the same for all runs that are to be compared. */
struct xb_testrun_in {
	u32 prog_type;
	u8 *data;  /* metadata, then the packet; room for XB_TESTRUN_MAX_BYTES; owned */
	u32 bytes; /* of both */
	u32 meta_bytes;
	bool has_ctx; /* of flow dissectors there is none, unless it has flags */
	union {
		struct xdp_md xdp;
		struct __sk_buff skb;
	} ctx;
};

#define XB_TESTRUN_MAX_BYTES (262144u)

/* What came of it. */
struct xb_testrun_out {
	int err; /* 0 or -errno: then there is nothing else */
	u32 retval;
	u8 *data;  /* metadata, then the packet; of flow dissectors their keys; owned */
	u32 bytes; /* of both */
	u32 meta_bytes;
	u32 linear_bytes; /* of XDP, without metadata */
	union {
		struct xdp_md xdp;
		struct __sk_buff skb;
	} ctx;
};

/* Takes what --ctx says. XB_ERR_USAGE for a field that test runs do not take. */
int xb_testrun_in_init(struct xb_testrun_in *in, u32 prog_type, const struct xb_ctx_fields *fields,
                       struct xb_err *err);
void xb_testrun_in_fini(struct xb_testrun_in *in);

int xb_testrun_out_init(struct xb_testrun_out *out, struct xb_err *err);
void xb_testrun_out_fini(struct xb_testrun_out *out);

/* Puts a packet in. False: it is longer than any buffer. */
bool xb_testrun_load(struct xb_testrun_in *in, const struct xb_xdp_in *packet);

/* Runs it on the program behind the descriptor. */
void xb_testrun(int prog_fd, const struct xb_testrun_in *in, struct xb_testrun_out *out);

/* Why a run was refused: in words where the reason is known, else the errno's. */
const char *xb_testrun_why(const struct xb_testrun_in *in, const struct xb_testrun_out *out,
                           char *text, size_t bytes);

/* The fields of __sk_buff that come back from a run. */
struct xb_testrun_field {
	const char *name;
	u32 off, bytes;
};
extern const struct xb_testrun_field xb_testrun_skb_fields[];
extern const size_t xb_testrun_skb_field_cnt;

u64 xb_testrun_field_value(const struct xb_testrun_field *field, const void *ctx);

#endif
