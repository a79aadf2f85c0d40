/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native_priv.h - the parts of the kernel as an engine.
 */
#ifndef XB_BENCH_NATIVE_PRIV_H
#define XB_BENCH_NATIVE_PRIV_H

#include "bench/native.h"

#include <bpf/libbpf.h>

#define NATIVE_MAX_READERS 64

/* Who reads one of the kernel's maps of events. */
struct native_reader {
	struct xb_native *k;
	struct xb_map *map; /* the emulator's */
	struct ring_buffer *ring;
	struct perf_buffer *perf;
	int fd;
	u64 used; /* bytes of perf's buffer, at most */
};

struct xb_native {
	struct xb_native_opts opts;
	struct xb_object *object; /* the kernel's */
	const struct xb_object *emu_object;
	int prog_fd;
	u32 cpu;
	bool own_net; /* a network namespace of this process alone */
	struct xb_testrun_in in;
	struct xb_testrun_out out;
	char why[160];
	struct xb_notes *notes;
	struct native_reader readers[NATIVE_MAX_READERS];
	u32 reader_cnt;
	u64 lost;
};

/* native_maps.c: puts into the kernel's maps what --map put into the emulator's. */
int native_fill_maps(struct xb_native *k, struct xb_err *err);

/* native_net.c: into a network of its own; and an interface there, where it is. */
void native_enter_network(struct xb_native *k);
void native_need_interface(const struct xb_native *k, u32 ifindex);

/* native_events.c: takes what a run left. */
void native_collect(struct xb_native *k);
void native_close_readers(struct xb_native *k);

#endif
