/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_rig.h - a map of the kernel's, which an emulator shares.
 *
 * Everything that should have worked fails the test. What needs the kernel is skipped, and said so,
 * where live_open() returns false.
 */
#ifndef XB_TESTS_EMU_LIVE_RIG_H
#define XB_TESTS_EMU_LIVE_RIG_H

#include "emu/map.h"
#include "tests/rig/backend.h"

#include <stddef.h>

#define LIVE_MOST_CPUS 256

struct live {
	struct backend kernel, emu;
	u32 cpus; /* the kernel's */
};

struct live_spec {
	u32 type, key_bytes, value_bytes, entries, flags;
};

/* An emulator of that many CPUs (0: of as many as the kernel), and the kernel. */
bool live_open(struct live *l, u32 cpus);
void live_close(struct live *l);

/* A map of the kernel's, a descriptor; and its id. */
int live_map(const struct live *l, const struct live_spec *spec);
u32 live_id(const struct live *l, int fd);

/* The emulator's map on it, and a descriptor of that. */
struct xb_map *live_share(const struct live *l, int fd);
int live_fd(struct xb_map *map);

/* -errno of opening an id that is refused; the message has `text` in it. */
int live_refused(const struct live *l, u32 id, const char *text);

/* A program on `b` that counts up the value of a key, of 16 bytes at most, or puts 1 there. */
struct live_prog {
	int map;
	const void *key;
	u32 key_bytes;
	bool atomic;
};
int live_counter(const struct backend *b, const struct live_prog *prog);
/* One that updates a key with 1, or deletes it: R0 is the helper's. */
int live_updater(const struct backend *b, const struct live_prog *prog);
int live_deleter(const struct backend *b, const struct live_prog *prog);

/* Runs an XDP program so many times; R0 of the last. */
int live_run(const struct backend *b, int prog, u32 times);

/* The sum of an element's values on the kernel; ~0: none there. */
u64 live_sum(const struct live *l, int fd, const struct live_spec *spec, const void *key);
/* Sets them all to `value`. */
void live_set(const struct live *l, int fd, const void *key, u64 value);

#endif
