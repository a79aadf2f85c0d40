/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.h - what each vCPU has of its own, and several of them running programs at the same time.
 *
 * Between xb_emu_concurrent_begin() and _end() each vCPU may run programs on a thread of its own,
 * and any thread may call bpf(2) and the operations of emu/map.h. Before and after, nothing locks
 * and everything happens in one order, so that addresses are the same in every run.
 *
 * What a program looked up stays addressable to its end. While not concurrent, what was deleted is
 * freed when the outermost run ends. Concurrently there are epochs: a vCPU publishes the one in
 * which its run began, an element has the one in which it was taken out of its map, and is freed
 * once no run is as old as that.
 */
#ifndef XB_EMU_VCPU_H
#define XB_EMU_VCPU_H

#include "emu/emu.h"

/* A record of a ring buffer that a program reserved, and has not given back. */
struct xb_record {
	struct xb_map *map;
	u64 gaddr;
	u32 bytes;
};

/* Aligned, so that vCPUs do not share cache lines. */
struct xb_emu_vcpu {
	u64 began;              /* epoch in which its run began, 0: none; read by other threads */
	uintptr_t thread;       /* that runs there, 0: none; read by other threads */
	u32 runs;               /* one inside a helper of the other, while concurrent */
	struct xb_clock clock;  /* while concurrent */
	u64 rand_state;         /* of bpf_get_prandom_u32 */
	struct xb_region *keys; /* emu/helpers_loop.c; or NULL */
	struct xb_record *records; /* emu/ringbuf.c: of this run */
	u32 record_cnt, record_cap;
} __attribute__((aligned(64)));

/* NULL: no memory. */
struct xb_emu_vcpu *xb_vcpus_new(u32 cnt);
void xb_vcpus_free(struct xb_emu *emu);

/*
 * vCPUs may run at the same time from now on, or not any more. Called while nothing runs and nobody
 * else uses the emulator. The vCPUs' clocks start with the emulator's. Timers that wait become
 * those of the vCPU that they are to fire on.
 */
void xb_emu_concurrent_begin(struct xb_emu *emu);
void xb_emu_concurrent_end(struct xb_emu *emu);

/* A lock as it has to be taken: NULL, which is none, while not concurrent. */
static inline struct xb_lock *
xb_emu_lock(const struct xb_emu *emu, struct xb_lock *lock)
{
	return emu->concurrent ? lock : NULL;
}

/* The clock of programs on a vCPU. */
static inline struct xb_clock *
xb_emu_clock(struct xb_emu *emu, u32 vcpu)
{
	return emu->concurrent ? &emu->vcpus[vcpu].clock : &emu->clock;
}

/*
 * Concurrently: takes the vCPU, of which another thread's run may have to end first, for this
 * thread, or, where it is this thread's already, counts.
 */
void xb_vcpu_enter(struct xb_emu *emu, struct xb_emu_vcpu *vcpu);

/*
 * Called around each run of a program, of which one may be in the midst of another. While not
 * concurrent, end alone serves.
 */
static inline void
xb_emu_run_begin(struct xb_emu *emu, u32 vcpu)
{
	if (XB_LIKELY(!emu->concurrent))
		emu->runs++;
	else
		xb_vcpu_enter(emu, &emu->vcpus[vcpu]);
}

/* The rest of an end that has more to do than to count. */
void xb_emu_run_tidy(struct xb_emu *emu, u32 vcpu);

static inline void
xb_emu_run_end(struct xb_emu *emu, u32 vcpu)
{
	if (XB_LIKELY(!emu->concurrent && emu->runs == 1 && !emu->run_end_maps && !emu->untidy))
		emu->runs = 0;
	else
		xb_emu_run_tidy(emu, vcpu);
}

/* The epoch for an element that was just taken out of its map. */
u64 xb_emu_epoch(struct xb_emu *emu);

/* The epoch in which the oldest run began: what is of an epoch before that can be freed. */
u64 xb_emu_oldest_run(struct xb_emu *emu);

#endif
