/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer.h - packets into a capture, pcapng or pcap, with nanoseconds.
 *
 * Blocks are gathered in one buffer and written in big pieces that end where a block ends, so a run
 * that is cut short leaves a file that is readable up to its last whole block. Where a regular file
 * cannot take a whole piece (a full disk), it is cut back to its last whole block.
 *
 * The process should ignore SIGPIPE: a closed pipe is then an error like any other.
 */
#ifndef XB_PCAPS_WRITER_H
#define XB_PCAPS_WRITER_H

#include "pcaps/packet.h"
#include "vm/err.h"

struct xb_writer;

enum xb_writer_format {
	XB_WRITER_PCAPNG = 0,
	XB_WRITER_PCAP, /* one link type; no interfaces, options or comments: they are left out */
};

struct xb_writer_opts {
	enum xb_writer_format format;
	const char *app;     /* shb_userappl, "xdpbench 0.1.0"; NULL: none */
	const char *comment; /* the section's comment; NULL: none */
	u32 buffer_bytes;    /* how much to gather; 0: 1 MiB */
};

struct xb_writer_iface {
	const char *name;        /* if_name; NULL: none */
	const char *description; /* if_description; NULL: none */
	u16 linktype;            /* LINKTYPE_* */
	u32 snaplen;             /* no packet may be longer; 0: no limit */
};

struct xb_comment {
	const char *text; /* UTF-8, need not be terminated */
	u32 len;          /* bytes; cut at 65,535 */
};

struct xb_out_packet {
	u32 if_id; /* from xb_writer_add_interface */
	u32 caplen;
	u32 len;
	u64 ts_ns;
	const u8 *data;
	struct xb_packet_meta meta; /* the options of `meta.has` are written */
	const struct xb_comment *comments;
	u32 comment_cnt;
};

/* What the interface statistics block at the end says of an interface. */
struct xb_writer_stats {
	u64 received;
	u64 dropped;
};

/*
 * Starts a capture on `fd`. The header goes to the buffer; nothing is written yet. Messages begin
 * with `name`, which is copied. On success the writer owns `fd`, on failure it stays the caller's.
 * Errors: XB_ERR_SYSTEM (memory).
 */
struct xb_writer *xb_writer_open(int fd, const char *name, const struct xb_writer_opts *opts,
                                 struct xb_err *err);

/*
 * Adds an interface; any time before the first packet that uses it. Returns its number, counted
 * from 0, or -1. Errors: XB_ERR_FILE where the format is pcap and the link type is not that of the
 * first interface (pcap: the first one's link type and snaplen are the file's), or as
 * xb_writer_packet.
 */
int xb_writer_add_interface(struct xb_writer *w, const struct xb_writer_iface *iface,
                            struct xb_err *err);

/*
 * Writes a packet. Everything is copied. Errors: XB_ERR_FILE: the file cannot be written (ENOSPC,
 * EPIPE, ...; every later call, close included, fails the same way), or the packet is longer than
 * its interface's snaplen or than any reader takes (xb_link_max_caplen), or its comments need more
 * than 16 MiB, or its interface was not added, or its time does not fit a pcap.
 */
int xb_writer_packet(struct xb_writer *w, const struct xb_out_packet *pkt, struct xb_err *err);

/* Sets the statistics of an interface, to be written by xb_writer_close. pcap: left out. */
int xb_writer_stats(struct xb_writer *w, u32 if_id, const struct xb_writer_stats *stats,
                    struct xb_err *err);

/* Writes out what was gathered. Errors as xb_writer_packet. */
int xb_writer_flush(struct xb_writer *w, struct xb_err *err);

/* Packets and bytes (of the file, gathered ones included) so far. */
u64 xb_writer_packets(const struct xb_writer *w);
u64 xb_writer_bytes(const struct xb_writer *w);

/*
 * Writes the statistics and what was gathered, closes the fd and frees the writer, also on failure.
 * Returns 0 or -1: whether all of the capture is in the file. NULL is allowed.
 */
int xb_writer_close(struct xb_writer *w, struct xb_err *err);

#endif
