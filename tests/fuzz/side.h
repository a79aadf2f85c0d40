/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * side.h - bpf(2), the emulator's or the kernel's, with the maps that random programs use.
 *
 * What a program leaves is read back from them; every run starts with the maps of its input.
 */
#ifndef XB_TESTS_FUZZ_SIDE_H
#define XB_TESTS_FUZZ_SIDE_H

#include "tests/fuzz/program.h"
#include "tests/rig/backend.h"

#define OUT_ROOM 4096u

struct side {
	struct backend b;
	u32 job;          /* which of several processes this is: they run on different CPUs */
	u32 cpu, cpu_cnt; /* that programs run on, of those that per-CPU values have */
	int maps[MAP_CNT];
	struct xb_map *emu_maps[MAP_CNT]; /* the same, of the emulator */
	int btf;                          /* of programs with callbacks: one type of function */
	int tail_skb;                     /* MAP_TAIL of programs that are not XDP's */
	u8 *percpu;                       /* PERCPU_CNT values of all CPUs */
};

/* What a test run gave back, and the maps after it. */
struct seen {
	long ret; /* of bpf(2) */
	u32 retval, bytes, ctx_bytes;
	u8 data[OUT_ROOM]; /* untouched bytes are 0xcc */
	u8 ctx[sizeof(struct __sk_buff)];
	struct map_state maps;
};

/* Ends the process where ret is -errno: nothing can be said of programs without `what`. */
void side_must(long ret, const char *what);

/* With the emulator in b, or with none in it: the kernel. False, and said so: not permitted. */
bool side_open(struct side *s);
void side_close(struct side *s);

/* A descriptor or -errno; the verifier's words go to `log`, which may be NULL. */
long side_load(const struct side *s, const struct program *p, char *log, u32 log_bytes);
void side_unload(const struct side *s, int fd);

/* `maps`: bits of those that the program uses; what others hold stays, or reads as zeros. */
void side_set_maps(const struct side *s, u32 maps, const struct map_state *state);
void side_get_maps(const struct side *s, u32 maps, struct map_state *state);

/* Sets the maps, runs it once, reads them. */
void side_run(const struct side *s, const struct program *p, int fd, u32 maps,
              const struct input *in, struct seen *out);

#endif
