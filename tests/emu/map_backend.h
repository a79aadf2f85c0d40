/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_backend.h - one bpf(2), twice: the emulator's and the kernel's, for rows that must agree.
 */
#ifndef XB_TESTS_EMU_MAP_BACKEND_H
#define XB_TESTS_EMU_MAP_BACKEND_H

#include "emu/emu.h"

#include <linux/bpf.h>

struct backend {
	const char *name;
	struct xb_emu *emu; /* NULL: the kernel */
};

/* What bpf(2) gives, or -errno. */
long backend_bpf(const struct backend *b, int cmd, union bpf_attr *attr, u32 bytes);

/* An emulator with `cpus` CPUs; fails the test where there is no memory. */
struct backend backend_emu(u32 cpus);
void backend_free(struct backend *b);

/* Whether the kernel lets us; says so where it does not. */
bool backend_kernel(struct backend *b);

/* Possible CPUs of the machine. */
u32 backend_cpus(void);

/* Keeps the thread on CPU 0, for what depends on the CPU. */
void backend_pin(void);

/* A map's attributes: type, key size, value size, entries, flags. */
struct map_spec {
	u32 type, key, value, max, flags;
};

/* A descriptor or -errno. */
long map_create(const struct backend *b, const struct map_spec *spec);

/* What few types need besides; zeros: nothing. */
struct map_more {
	int inner;         /* map-in-map */
	u64 extra;         /* map_extra */
	u32 vmlinux_value; /* STRUCT_OPS: the type of its value, */
	int btf_fd;        /* and any BTF */
	bool typed;        /* local storage: key and value are of the first type of btf_fd */
};
long map_create_with(const struct backend *b, const struct map_spec *spec,
                     const struct map_more *more);

/* A type that STRUCT_OPS takes: the kernel's, or without one any. */
struct map_ops_type {
	u32 id, bytes;
};
struct map_ops_type map_ops_type(bool has_kernel);

/* Loads a BTF of one integer: its descriptor. */
int map_load_btf(const struct backend *b);

/* The element commands. Values have the size that bpf(2) moves. */
long map_lookup(const struct backend *b, int fd, const void *key, void *value);
long map_update(const struct backend *b, int fd, const void *key, const void *value, u64 flags);
long map_delete(const struct backend *b, int fd, const void *key);
long map_next(const struct backend *b, int fd, const void *key, void *next);
long map_take(const struct backend *b, int fd, const void *key, void *value);
long map_freeze(const struct backend *b, int fd);

/* The batch commands; *count goes in and out. */
struct map_batch {
	const void *in;
	void *out, *keys, *values;
	u32 *count;
	u64 elem_flags, flags;
};
long map_batch(const struct backend *b, int fd, int cmd, const struct map_batch *batch);

/* The emulated map behind a descriptor. */
struct xb_map *map_of(const struct backend *b, int fd);

#endif
