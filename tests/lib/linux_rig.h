/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * linux_rig.h - a machine with the Linux emulator, as those who use the library make it.
 *
 * Everything that should have worked fails the test, with the message that it gave.
 */
#ifndef XB_TESTS_LIB_LINUX_RIG_H
#define XB_TESTS_LIB_LINUX_RIG_H

#include "xdpbench/context.h"
#include "xdpbench/emulator.h"
#include "xdpbench/linux.h"
#include "xdpbench/pool.h"
#include "xdpbench/process.h"

#include <linux/bpf.h>

#define RIG_XDP "{\"type\":\"xdp_md\",\"ctx\":{\"packet_hex\":\"0200000000010200000000020800\"}}"

#define RIG_CNT(...) ((uint32_t)(sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / 8))
/* A program of a type, from instructions as tests/insns.h has them with XB_INSN_BRACES. */
#define rig_prog(rig, type, ...)                                                                   \
	rig_add(rig, type, (const struct bpf_insn[]){ __VA_ARGS__ }, RIG_CNT(__VA_ARGS__))

struct rig {
	struct xb_linux *lx;
	struct xb_machine *machine;
};

/* opts may be NULL, vcpus 0: their defaults. */
void rig_open(struct rig *rig, const struct xb_linux_opts *opts, uint32_t vcpus);
void rig_close(struct rig *rig);

struct xb_program *rig_add(const struct rig *rig, uint32_t type, const struct bpf_insn *insns,
                           uint32_t cnt);

/* With err: NULL where it is refused. */
struct xb_program *rig_try(const struct rig *rig, uint32_t type, const char *license,
                           const struct bpf_insn *insns, uint32_t cnt, struct xb_err *err);

/* R0 of one run on a virtual CPU, with a context in JSON, NULL: none. */
uint64_t rig_run_on(const struct rig *rig, uint32_t vcpu, struct xb_program *program,
                    const char *json);
uint64_t rig_run(const struct rig *rig, struct xb_program *program, const char *json);

/* The run is stopped, and the fault is of the kind and its message has `text` in it. */
void rig_fault(const struct rig *rig, struct xb_program *program, const char *json,
               enum xb_fault_kind kind, const char *text);

struct xb_linux_map *rig_map(const struct rig *rig, uint32_t type, uint32_t key_bytes,
                             uint32_t value_bytes, uint32_t entries);

/* A file, from malloc(). */
void *rig_slurp(const char *path, size_t *bytes);
/* An object of tests/lib/progs, loaded. */
void rig_load(const struct rig *rig, const char *name);

/* The message has the text in it. */
void rig_says(const struct xb_err *err, const char *text);

#endif
