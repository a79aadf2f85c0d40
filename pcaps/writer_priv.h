/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer_priv.h - what the formats' writers share: the buffer, which holds whole blocks only.
 */
#ifndef XB_PCAPS_WRITER_PRIV_H
#define XB_PCAPS_WRITER_PRIV_H

#include "pcaps/writer.h"

struct xb_writer_iface_rec {
	u16 linktype;
	u32 max_caplen;
	bool has_stats;
	struct xb_writer_stats stats;
};

struct xb_writer_ops {
	/* Writes the file's header, where the format has it before the first interface. */
	int (*start)(struct xb_writer *w, const struct xb_writer_opts *opts, struct xb_err *err);

	/* Writes what the format says of the interface that will be number w->iface_cnt. */
	int (*interface)(struct xb_writer *w, const struct xb_writer_iface *iface,
	                 struct xb_err *err);

	int (*packet)(struct xb_writer *w, const struct xb_out_packet *pkt, struct xb_err *err);

	/* Writes what stands at the end of a capture. */
	int (*finish)(struct xb_writer *w, struct xb_err *err);

	/* The length of the block at `data`, which is `off` bytes into the file. */
	size_t (*block_len)(const u8 *data, u64 off);
};

struct xb_writer {
	const struct xb_writer_ops *ops;
	int fd;
	u8 *buf;
	size_t cap;
	size_t used;
	u64 written_bytes; /* in the file */
	u64 packets;
	u64 last_ts_ns; /* of the latest packet */
	struct xb_writer_iface_rec *ifaces;
	u32 iface_cnt;
	u32 iface_cap;
	char *name;
	bool failed; /* with `failure`, for good */
	struct xb_err failure;
};

extern const struct xb_writer_ops xb_writer_pcap;
extern const struct xb_writer_ops xb_writer_pcapng;

/* The slow path of xb_writer_room. */
u8 *xb_writer_make_room(struct xb_writer *w, size_t n, struct xb_err *err);

/* Room for a block of n bytes; NULL on an error. It counts once xb_writer_commit was called. */
static inline u8 *
xb_writer_room(struct xb_writer *w, size_t n, struct xb_err *err)
{
	if (XB_LIKELY(n <= w->cap - w->used))
		return w->buf + w->used;
	return xb_writer_make_room(w, n, err);
}

static inline void
xb_writer_commit(struct xb_writer *w, size_t n)
{
	w->used += n;
}

#endif
