/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader.h - packets out of a capture: pcap or pcapng, plain, gzip or zstd, file or pipe.
 *
 * The format is found by magic. Memory does not grow with the capture: one buffer of blocks, and a
 * table of interfaces. A damaged capture gives the packets before the damage, then one error that
 * names the byte offset (in the uncompressed stream) and the packet or block number.
 */
#ifndef XB_PCAPS_READER_H
#define XB_PCAPS_READER_H

#include "pcaps/packet.h"
#include "vm/err.h"

#include <signal.h>

struct xb_reader;
struct xb_input_block;

/* An interface of the capture. A pcap has one, without a name. */
struct xb_iface {
	const char *name; /* if_name; "" where the file names none; at most 255 bytes are kept */
	u32 snaplen;      /* 0: no limit */
	u16 linktype;
	u32 section; /* which section it is of, from 0 */
};

/* Where the reader stands: what the last packet was made of, or where it failed. */
struct xb_reader_pos {
	u64 off_bytes; /* offset in the uncompressed stream of the current record or block */
	u64 block;     /* number of the block (pcapng) or record (pcap), from 1 */
	u64 packets;   /* packets handed out so far */
};

/*
 * Opens a capture on `fd`, which is read from where it stands, and reads its header. Messages begin
 * with `name`, which is copied. On success the reader owns `fd`; on failure it stays the caller's.
 * Errors: XB_ERR_FILE (empty, not a capture, unsupported version, cut in the header, unreadable),
 * XB_ERR_SYSTEM (memory).
 */
struct xb_reader *xb_reader_open(int fd, const char *name, struct xb_err *err);

/*
 * Fills *pkt with the next packet. Returns 1; 0 at the end; -1 on an error (XB_ERR_FILE for a
 * damaged file; *pkt is untouched, and every later call fails the same way).
 */
int xb_reader_next(struct xb_reader *r, struct xb_packet *pkt, struct xb_err *err);

/*
 * Holds the memory that the last packet lies in, and those around it: what packets in it borrow
 * stays valid until it is released. The same pointer for all packets of one block. Every hold has
 * its release, before the reader is closed. On the reader's thread, both.
 */
struct xb_input_block *xb_reader_hold(struct xb_reader *r);
void xb_reader_release(struct xb_reader *r, struct xb_input_block *block);

/* Whether the last packet lies in this block. */
bool xb_reader_is_in(const struct xb_reader *r, const struct xb_input_block *block);

/*
 * Starts again at the first packet, for replaying a capture. Errors: XB_ERR_FILE where the file is
 * a pipe, which can be read only once.
 */
int xb_reader_rewind(struct xb_reader *r, struct xb_err *err);

/*
 * A read that a signal interrupts looks at *stop, and is the end of the capture where it is not
 * zero: how SIGINT ends a run that waits for a pipe. `stop` is borrowed; NULL, the default, never
 * stops.
 */
void xb_reader_set_stop(struct xb_reader *r, const volatile sig_atomic_t *stop);

/* The interface with this number, NULL where there is none (yet). Valid until the next call. */
const struct xb_iface *xb_reader_iface(const struct xb_reader *r, u32 if_idx);

/* How many interfaces have been seen so far. A pcapng may name more of them later on. */
u32 xb_reader_iface_cnt(const struct xb_reader *r);

/* The format by name: "pcap", "pcapng"; and its compression: "", "gzip", "zstd". Static strings. */
const char *xb_reader_format(const struct xb_reader *r);
const char *xb_reader_compression(const struct xb_reader *r);

struct xb_reader_pos xb_reader_where(const struct xb_reader *r);

/*
 * For progress: how many bytes of the file (compressed, where it is) have been read, and how many
 * there are (0 for a pipe).
 */
void xb_reader_progress(const struct xb_reader *r, u64 *done_bytes, u64 *total_bytes);

/* Frees the reader and closes its fd. NULL is allowed. */
void xb_reader_close(struct xb_reader *r);

#endif
