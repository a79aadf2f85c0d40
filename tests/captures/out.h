/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * out.h - writes the generator's captures: as little of pcap and pcapng as they need.
 */
#ifndef XB_TESTS_CAPTURES_OUT_H
#define XB_TESTS_CAPTURES_OUT_H

#include "vm/types.h"

#include <stdio.h>

struct out {
	FILE *file;
	bool pcapng;
	u64 ts_us; /* of the next packet */
};

/* Opens `path` and writes the headers; the name's end says which format. Returns 0 or -1. */
int out_open(struct out *o, const char *path, u64 start_us);

/* One packet of which `caplen` bytes were captured. Time goes on by step_us. */
void out_packet(struct out *o, const u8 *data, u32 caplen, u32 len, u32 step_us);

/* 0, or -1 where something could not be written. */
int out_close(struct out *o);

#endif
