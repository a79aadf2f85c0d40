/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_rig.h - a machine with Linux and a pool, as a user of the library makes them, and programs
 * of raw instructions.
 *
 * done() runs on other threads, where no test can fail: it counts, and the test looks afterwards.
 */
#ifndef XB_TESTS_LIB_POOL_RIG_H
#define XB_TESTS_LIB_POOL_RIG_H

#define XB_INSN_BRACES
#include "tests/insns.h"

#include "xdpbench/linux.h"
#include "xdpbench/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#define VCPUS 4u

#define PROG(...)                                                                                  \
	.insns = (const struct bpf_insn[]){ __VA_ARGS__ },                                         \
	.insn_cnt = sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn)

#define PACKET_HEX(hex) "{\"type\":\"xdp_md\",\"ctx\":{\"packet_hex\":\"" hex "\"}}"
#define ZEROS_20        "0000000000000000000000000000000000000000"
#define PACKET_60       PACKET_HEX(ZEROS_20 ZEROS_20 ZEROS_20)

struct pool_rig {
	struct xb_linux *lx; /* or NULL */
	struct xb_machine *machine;
	struct xb_pool *pool; /* or NULL */
};

/* A machine of VCPUS with Linux, that watches calls; no pool yet. */
void rig_open(struct pool_rig *rig);

/* The same with one virtual CPU, or so many. */
void rig_open_vcpus(struct pool_rig *rig, uint32_t vcpus);

/* Stops the pool, where there is one, and frees the machine. */
void rig_close(struct pool_rig *rig);

/* backlog 0: the usual one. */
void rig_start(struct pool_rig *rig, uint32_t backlog);

/* An XDP program, where opts says nothing of a type; it fails the test where it cannot be. */
struct xb_program *rig_program(struct pool_rig *rig, struct xb_program_opts opts);

struct xb_linux_map *rig_map(struct pool_rig *rig, struct xb_linux_map_opts opts);

struct xb_context *rig_context(const char *json);

/* Puts in a job, waiting for room, and fails the test where that does not do. */
void rig_enqueue(struct pool_rig *rig, struct xb_job job);

/* How many regions of memory the machine has. */
unsigned rig_regions(const struct pool_rig *rig);

/* What done() saw, of all jobs that have it as `arg`. */
struct tally {
	unsigned exited, faulted, refused; /* atomic */
	uint64_t sum;                      /* of results; atomic */
	bool has_text;                     /* atomic */
	char text[256];                    /* of the first fault or error */
};

/* done() that counts. */
void tally(void *arg, struct xb_process *process, const struct xb_err *err);

/* A job that holds its virtual CPU until it is let go. */
struct hold {
	sem_t held, let_go;
};

/* Returns when the virtual CPU is held. */
void hold_vcpu(struct pool_rig *rig, struct xb_program *program, uint32_t vcpu, struct hold *h);
void let_go(struct hold *h);

/* CLOCK_MONOTONIC. */
uint64_t rig_now_ns(void);

#endif
