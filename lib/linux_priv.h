/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * linux_priv.h - the Linux emulator behind its public handle.
 */
#ifndef XB_LIB_LINUX_PRIV_H
#define XB_LIB_LINUX_PRIV_H

#include "emu/emu.h"
#include "emu/map.h"
#include "emu/prog.h"
#include "lib/lib_priv.h"
#include "xdpbench/linux.h"

#include <pthread.h>

struct lib_helpers;
struct lib_object;
struct lib_records;

struct xb_linux_map {
	struct xb_linux *lx;
	struct xb_map *map;
	int fd;
	u32 holds;                   /* of callers; under lx->lock */
	struct lib_records *records; /* of a perf event array that somebody listens to, or NULL */
	struct xb_linux_map *next;
};

struct xb_linux {
	struct xb_emulator head;
	struct xb_linux_opts opts; /* strings owned */
	char *pin_dir, *world;
	struct xb_emu *emu;   /* or NULL: not a machine's yet */
	pthread_mutex_t lock; /* of the lists below */
	struct xb_linux_map *maps;
	struct lib_helpers *helpers; /* or NULL */
	struct lib_object *objects;
	void (*printk)(void *arg, struct xb_process *process, const char *text, size_t bytes);
	void *printk_arg;
};

/* What Linux's xb_program.data is. */
struct lib_linux_program {
	struct xb_bpf_prog *bpf;
	int fd;
};

static inline struct xb_linux *
lib_linux_of(const struct xb_emulator *e)
{
	return XB_CONTAINER_OF((uintptr_t)e, struct xb_linux, head);
}

/* What the emulator made behind a descriptor, as a program of the machine's; takes fd over. */
struct xb_program *lib_linux_adopt(struct xb_linux *lx, int fd, const char *name,
                                   struct xb_err *err);

/* A handle of a map, with one more hold on it. NULL and err. */
struct xb_linux_map *lib_linux_map(struct xb_linux *lx, struct xb_map *map, struct xb_err *err);

void lib_linux_maps_free(struct xb_linux *lx);
void lib_linux_helpers_free(struct xb_linux *lx);
void lib_linux_objects_free(struct xb_linux *lx);

/* The full name of a map, as its object's source has it. */
const char *lib_linux_map_name(const struct xb_linux *lx, const struct xb_map *map);

/* NULL is allowed. */
void lib_records_free(struct lib_records *records);

/* For struct xb_emu_hooks: what the emulator says. */
void lib_linux_event(void *arg, const struct xb_event *event);

#endif
