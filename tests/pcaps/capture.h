/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture.h - captures built byte by byte, and what a reader makes of them as text.
 *
 * Building never fails: where memory runs out the test process ends.
 */
#ifndef XB_TESTS_PCAPS_CAPTURE_H
#define XB_TESTS_PCAPS_CAPTURE_H

#include "vm/types.h"

struct capture {
	u8 *data;
	size_t len;
	size_t cap;
	bool be;      /* numbers are put big-endian */
	size_t block; /* where the open block begins */
};

void cap_free(struct capture *c);
void cap_bytes(struct capture *c, const void *data, size_t len);
void cap_u8(struct capture *c, u8 v);
void cap_u16(struct capture *c, u16 v);
void cap_u32(struct capture *c, u32 v);
void cap_u64(struct capture *c, u64 v);
void cap_pad(struct capture *c);

/* `len` bytes that count up from `first`. */
void cap_pattern(struct capture *c, u8 first, size_t len);

/* pcap */
void cap_pcap_hdr(struct capture *c, u32 magic, u16 major, u16 minor, u32 snaplen, u32 linktype);
void cap_pcap_rec(struct capture *c, u32 sec, u32 frac, u32 caplen, u32 len);

/* pcapng: a block is begun, filled, and ended, which sets both lengths. */
void cap_begin(struct capture *c, u32 type);
void cap_end(struct capture *c);
void cap_opt(struct capture *c, u16 code, const void *data, u16 len);
void cap_opt_u32(struct capture *c, u16 code, u32 v);
void cap_opt_u64(struct capture *c, u16 code, u64 v);
void cap_opt_end(struct capture *c);
void cap_shb(struct capture *c);
void cap_idb(struct capture *c, u16 linktype, u32 snaplen);
/* An EPB up to its options: cap_end must follow. The bytes count up from 0xa0. */
void cap_epb(struct capture *c, u32 if_id, u64 ts, u32 caplen, u32 len);

/* A file in memory that holds the bytes, at its beginning. */
int cap_fd(const void *data, size_t len);

/* What a reader says of a file, one line a packet, then "end" or the error. Takes fd. */
char *cap_read(int fd);

/* cap_read of a capture, which is freed. */
char *cap_read_free(struct capture *c);

/* A capture, and what cap_read must say of it. */
struct cap_row {
	const char *name;
	void (*build)(struct capture *c);
	const char *want;
};

/* Checks all rows, with the name of each that fails. Returns how many do. */
int cap_check(const struct cap_row *rows, size_t cnt);

/*
 * Cuts the row's capture at every byte: the packets before the cut must be read, and then an error,
 * unless the cut is between two blocks. Returns how many cuts fail.
 */
int cap_check_cuts(const struct cap_row *row);

#endif
