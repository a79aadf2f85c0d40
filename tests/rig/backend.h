/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backend.h - bpf(2) twice: the emulator's and, where it is permitted, the kernel's.
 *
 * A test makes the same maps and programs on each and compares what they give back. Everything
 * fails the test that should have worked, with the verifier's log.
 */
#ifndef XB_TESTS_RIG_BACKEND_H
#define XB_TESTS_RIG_BACKEND_H

#include "emu/emu.h"

struct backend {
	const char *name;
	struct xb_emu *emu; /* NULL: the kernel */
};

/* The emulator, with the program types that `types` registers (xb_xdp_register); NULL: none. */
void backend_open_emu(struct backend *b, void (*types)(struct xb_emu *));
/* False, and said so, where bpf(2) is not permitted. */
bool backend_open_kernel(struct backend *b);
void backend_close(struct backend *b);

/* The system call, or xb_emu_bpf(): what it returns, or -errno. */
long backend_bpf(const struct backend *b, int cmd, union bpf_attr *attr);

int backend_map(const struct backend *b, u32 type, u32 key_bytes, u32 value_bytes, u32 entries);
/* -errno as bpf(2) gives it. */
long backend_update(const struct backend *b, int map, const void *key, const void *value);
long backend_lookup(const struct backend *b, int map, const void *key, void *value);

struct backend_prog {
	const struct bpf_insn *insns;
	u32 insn_cnt;
	u32 type;        /* BPF_PROG_TYPE; 0: XDP */
	u32 attach_type; /* expected_attach_type */
	u32 flags;
	const char *license; /* NULL: GPL */
};

/* A descriptor or -errno, and the log. */
long backend_try_prog(const struct backend *b, const struct backend_prog *prog, char *text,
                      u32 bytes);
int backend_prog(const struct backend *b, const struct backend_prog *prog);

/* The emulator's program behind a descriptor. */
struct xb_bpf_prog *backend_emu_prog(const struct backend *b, int fd);
struct xb_map *backend_emu_map(const struct backend *b, int fd);

#endif
