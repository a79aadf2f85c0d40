/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader_priv.h - what the formats' readers share: the stream, the interfaces, where they stand.
 */
#ifndef XB_PCAPS_READER_PRIV_H
#define XB_PCAPS_READER_PRIV_H

#include "pcaps/input_priv.h"
#include "pcaps/reader.h"

/* More of them are an error: the table must not grow with the capture. */
#define XB_READER_IFACES_MAX 65536u
#define XB_READER_IFNAME_MAX 255u

/* How a timestamp becomes nanoseconds: t * mul / div, then >> shift, then + off_ns. */
struct xb_tsconv {
	u64 mul;
	u64 div;    /* 0: the result is 0 */
	u32 shift;  /* below 128 */
	bool wide;  /* div is not 1, or shift is not 0: needs 128 bits */
	u64 off_ns; /* wraps, as all of the sum does */
};

struct xb_reader_iface_rec {
	struct xb_iface pub; /* its name belongs to the record */
	u32 max_caplen;
	struct xb_tsconv ts;
};

struct xb_reader;

struct xb_reader_ops {
	const char *name;
	bool (*magic)(const u8 *data, size_t len);
	int (*start)(struct xb_reader *r, struct xb_err *err); /* reads the file's header */
	int (*next)(struct xb_reader *r, struct xb_packet *pkt, struct xb_err *err);
};

struct xb_reader {
	struct xb_input in;
	const struct xb_reader_ops *ops;
	bool swapped; /* byte order of the file or section is not ours */
	u64 packets;
	u64 block;     /* number of the block or record that is being read */
	u64 block_off; /* its offset */
	struct xb_reader_iface_rec *ifaces;
	u32 iface_cnt;
	u32 iface_cap;
	union {
		struct {
			u32 rec_hdr_bytes;
			u32 frac_mul; /* nanoseconds of the timestamps' second part */
			u32 snaplen;
			u8 lengths; /* enum xb_pcap_lengths */
		} pcap;
		struct {
			u32 section;     /* number, from 1; 0 before the first */
			u32 first_iface; /* the section's interface 0 */
		} pcapng;
	} fmt;
	char *name;
	bool at_end;
	bool failed; /* with `failure`, for good */
	struct xb_err failure;
};

extern const struct xb_reader_ops xb_reader_pcap;
extern const struct xb_reader_ops xb_reader_pcapng;

/* Adds an interface, with a copy of name_len bytes of its name. */
int xb_reader_add_iface(struct xb_reader *r, const struct xb_reader_iface_rec *rec,
                        const char *name, size_t name_len, struct xb_err *err);

/* Makes n bytes of the current record or block available. Fewer are an error. Returns 0 or -1. */
int xb_reader_need(struct xb_reader *r, size_t n, struct xb_err *err);

/* Sets an error about the current block: "packet 7 at byte 1234: " or "block ...: ". Returns -1. */
int xb_reader_bad(const struct xb_reader *r, struct xb_err *err, const char *fmt, ...)
        XB_PRINTF(3, 4);

#endif
