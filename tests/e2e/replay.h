/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay.h - runs an object's programs over packets and records all that came of it: for each
 * packet the return value, its bytes and the events put out; at the end the contents of every map.
 *
 * Each replay is a child process with a world of its own: the kernel, or the emulator through the
 * same system calls, or the emulator through the functions that the bench uses. Child processes
 * keep maps, pins and crashes apart.
 */
#ifndef XB_TESTS_E2E_REPLAY_H
#define XB_TESTS_E2E_REPLAY_H

#include "tests/e2e/corpus.h"

#include <stdio.h>

enum world {
	WORLD_KERNEL,  /* bpf(2) */
	WORLD_EMU_SYS, /* bpf(2) of the emulator: BPF_PROG_TEST_RUN */
	WORLD_EMU,     /* xb_xdp_run(), xb_skb_run() */
	/* These record registers, instructions and the stack, too. */
	WORLD_EMU_RUN,    /* the same */
	WORLD_EMU_STEP,   /* by single steps, all of them or the first few */
	WORLD_EMU_STRICT, /* on a strict machine */
};

struct replay_packet {
	char capture[64]; /* file name */
	u32 n;            /* from 1 */
	u32 bytes;
	u8 *data; /* owned */
};

struct replay_packets {
	struct replay_packet *packets;
	u32 cnt, cap;
};

/*
 * Appends up to `max` packets of a capture, as libpcap reads them; those shorter than an Ethernet
 * header, which the kernel's test run refuses, are left out. False where libpcap cannot read it.
 */
bool replay_read(struct replay_packets *packets, const char *path, u32 max);

/*
 * Appends `cnt` packets made from those that are there: some bytes changed, some cut short, the
 * same ones for the same seed. Their capture is called "mutated".
 */
bool replay_mutate(struct replay_packets *packets, u32 cnt, u64 seed);

void replay_packets_fini(struct replay_packets *packets);

struct replay_opts {
	const char *path; /* of the object */
	const struct corpus_row *row;
	bool lenient; /* elements for maps that the object lacks are no error */
	const struct replay_packets *packets;
};

/* The records, in a temporary file. A child that dies leaves a record that says so. NULL: no file.
 */
FILE *replay(enum world world, const struct replay_opts *opts);

/* Whether this process may use the kernel's bpf(2). */
bool replay_kernel_permitted(void);

#endif
