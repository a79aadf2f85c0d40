/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/timer.h"

#include "emu/clock.h"
#include "emu/map.h"
#include "vm/bytes.h"
#include "vm/proc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_RUNS  65536u
#define MAX_CLOCKS 16u
#define NOT_ARMED  UINT32_MAX
#define NEVER      UINT64_MAX

/* Flags of bpf_timer_start that an older uapi header may lack. */
#define TIMER_ABS     (1ull << 0)
#define TIMER_CPU_PIN (1ull << 1)

struct timer {
	u64 at;
	struct xb_map *map; /* NULL: free */
	const struct xb_prog *prog;
	u64 func;
	u64 expires_ns; /* since the epoch */
	u64 seq;        /* of its start */
	u32 cpu;
	u32 serial; /* of this use of the slot, as the value has it */
	u32 heap;   /* index there, or NOT_ARMED */
	u32 clock_id;
	u32 next_free;
};

struct xb_timers {
	struct timer *slots; /* [0] is unused */
	u32 *heap;           /* slots of those that are armed; the next one is first */
	u32 cnt, cap, armed, first_free;
	u32 running; /* slot; 0: none */
	u32 serial;
	u64 seq;
	struct xb_proc *proc;
	struct xb_region *key;
};

/*
 * The 16 bytes of a value: number of the slot, serial. Zeros: not initialised. Those that a program
 * made up are taken for that.
 */
static u32
slot_at(const struct xb_emu *emu, u64 at)
{
	const u8 *p = xb_mem_host(emu->mem, at);
	const struct xb_timers *ts = emu->timers;
	u32 slot = xb_ld32(p);

	if (!ts || slot == 0 || slot >= ts->cnt)
		return 0;
	return ts->slots[slot].map && ts->slots[slot].at == at &&
	                       ts->slots[slot].serial == xb_ld32(p + 4)
	               ? slot
	               : 0;
}

static bool
before(const struct timer *a, const struct timer *b)
{
	return a->expires_ns != b->expires_ns ? a->expires_ns < b->expires_ns : a->seq < b->seq;
}

static void
place(struct xb_timers *ts, u32 i, u32 slot)
{
	ts->heap[i] = slot;
	ts->slots[slot].heap = i;
}

static void
sift_up(struct xb_timers *ts, u32 i, u32 slot)
{
	while (i && before(&ts->slots[slot], &ts->slots[ts->heap[(i - 1) / 2]])) {
		place(ts, i, ts->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(ts, i, slot);
}

static void
sift_down(struct xb_timers *ts, u32 i, u32 slot)
{
	for (;;) {
		u32 child = 2 * i + 1;

		if (child + 1 < ts->armed &&
		    before(&ts->slots[ts->heap[child + 1]], &ts->slots[ts->heap[child]]))
			child++;
		if (child >= ts->armed || !before(&ts->slots[ts->heap[child]], &ts->slots[slot]))
			break;
		place(ts, i, ts->heap[child]);
		i = child;
	}
	place(ts, i, slot);
}

/* Whether it was armed. */
static bool
disarm(struct xb_timers *ts, u32 slot)
{
	u32 i = ts->slots[slot].heap, last;

	if (i == NOT_ARMED)
		return false;
	ts->slots[slot].heap = NOT_ARMED;
	last = ts->heap[--ts->armed];
	if (last == slot)
		return true;
	if (i && before(&ts->slots[last], &ts->slots[ts->heap[(i - 1) / 2]]))
		sift_up(ts, i, last);
	else
		sift_down(ts, i, last);
	return true;
}

static struct xb_timers *
timers_new(struct xb_emu *emu)
{
	struct xb_timers *ts = calloc(1, sizeof(*ts));
	struct xb_err err = XB_ERR_INIT;

	if (!ts)
		return NULL;
	ts->proc = xb_proc_new(emu->vm, 0, &err);
	if (!ts->proc) {
		free(ts);
		return NULL;
	}
	ts->cnt = 1;
	return ts;
}

static bool
grow(struct xb_timers *ts)
{
	u32 cap = ts->cap ? 2 * ts->cap : 64;
	struct timer *slots = realloc(ts->slots, cap * sizeof(*slots));
	u32 *heap;

	if (!slots)
		return false;
	ts->slots = slots;
	heap = realloc(ts->heap, cap * sizeof(*heap));
	if (!heap)
		return false;
	ts->heap = heap;
	ts->cap = cap;
	return true;
}

/* A free slot, or 0. */
static u32
slot_new(struct xb_timers *ts)
{
	u32 slot = ts->first_free;

	if (slot) {
		ts->first_free = ts->slots[slot].next_free;
		return slot;
	}
	if (ts->cnt >= ts->cap && !grow(ts))
		return 0;
	return ts->cnt++;
}

static void
slot_free(struct xb_timers *ts, u32 slot)
{
	disarm(ts, slot);
	ts->slots[slot] = (struct timer){ .next_free = ts->first_free, .heap = NOT_ARMED };
	ts->first_free = slot;
	if (ts->running == slot) /* it goes on, and its slot may be another timer's */
		ts->running = 0;
}

static bool
is_clock(u64 id)
{
	return id == CLOCK_MONOTONIC || id == CLOCK_REALTIME || id == CLOCK_BOOTTIME;
}

long
xb_timer_init(struct xb_map *map, u64 at, u64 flags)
{
	struct xb_emu *emu = map->emu;
	u8 *p = xb_mem_host(emu->mem, at);
	u32 slot, idx;

	if (flags >= MAX_CLOCKS || !is_clock(flags))
		return -EINVAL;
	if (!map->ops->key_of ||
	    !map->ops->key_of(map, at - xb_specials_off(&map->specials, XB_SPECIAL_TIMER), &idx))
		return -EFAULT;
	if (slot_at(emu, at))
		return -EBUSY;
	if (!emu->timers)
		emu->timers = timers_new(emu);
	slot = emu->timers ? slot_new(emu->timers) : 0;
	if (!slot)
		return -ENOMEM;
	emu->timers->slots[slot] = (struct timer){
		.at = at,
		.map = map,
		.serial = ++emu->timers->serial,
		.clock_id = (u32)flags,
		.heap = NOT_ARMED,
	};
	xb_st32(p, slot);
	xb_st32(p + 4, emu->timers->serial);
	xb_st64(p + 8, 0);
	return 0;
}

long
xb_timer_set_callback(struct xb_emu *emu, u64 at, const struct xb_prog *prog, u64 func)
{
	u32 slot = slot_at(emu, at);

	if (!slot)
		return -EINVAL;
	emu->timers->slots[slot].prog = prog;
	emu->timers->slots[slot].func = func;
	return 0;
}

/* When it is due, since the epoch (cf. kernel/time/hrtimer.c: __hrtimer_start_range_ns). */
static u64
expiry(const struct xb_emu *emu, const struct timer *t, u64 ns, bool absolute)
{
	bool real = t->clock_id == CLOCK_REALTIME;
	u64 from = !absolute ? emu->clock.now_ns : real ? 0 : emu->clock.boot_ns;

	/* A time below 0 is taken for an overflow (cf. kernel/time/hrtimer.c: ktime_add_safe). */
	return ns > INT64_MAX - from ? NEVER : from + ns;
}

long
xb_timer_start(struct xb_emu *emu, u64 at, u64 ns, u64 flags, u32 cpu)
{
	u32 slot = slot_at(emu, at);
	struct timer *t;

	if (flags & ~(TIMER_ABS | TIMER_CPU_PIN))
		return -EINVAL;
	if (!slot || !emu->timers->slots[slot].prog)
		return -EINVAL;
	t = &emu->timers->slots[slot];
	disarm(emu->timers, slot);
	t->expires_ns = expiry(emu, t, ns, flags & TIMER_ABS);
	t->seq = ++emu->timers->seq;
	t->cpu = cpu;
	sift_up(emu->timers, emu->timers->armed++, slot);
	return 0;
}

long
xb_timer_cancel(struct xb_emu *emu, u64 at)
{
	u32 slot = slot_at(emu, at);

	if (!slot)
		return -EINVAL;
	if (emu->timers->running == slot)
		return -EDEADLK;
	emu->timers->slots[slot].prog = NULL;
	return disarm(emu->timers, slot);
}

void
xb_timer_cancel_and_free(struct xb_emu *emu, u64 at)
{
	u32 slot = slot_at(emu, at);

	if (!slot)
		return;
	slot_free(emu->timers, slot);
	memset(xb_mem_host(emu->mem, at), 0, XB_TIMER_BYTES);
}

void
xb_timer_forget_map(struct xb_map *map)
{
	struct xb_timers *ts = map->emu->timers;

	for (u32 i = 1; ts && i < ts->cnt; i++)
		if (ts->slots[i].map == map)
			slot_free(ts, i);
}

u32
xb_timer_armed(const struct xb_emu *emu)
{
	return emu->timers ? emu->timers->armed : 0;
}

/* Where a callback finds its key: at least `bytes`. NULL: no memory. */
static struct xb_region *
key_region(struct xb_emu *emu, u32 bytes)
{
	struct xb_timers *ts = emu->timers;
	struct xb_err err = XB_ERR_INIT;

	if (ts->key && ts->key->bytes >= bytes)
		return ts->key;
	xb_mem_unmap(emu->mem, ts->key);
	ts->key = xb_mem_map(emu->mem, &(struct xb_region_opts){ .name = "key", .bytes = bytes },
	                     &err);
	return ts->key;
}

/* Calls back. False: it was stopped (cf. bpf_timer_cb). */
static bool
fire(struct xb_emu *emu, u32 slot)
{
	struct xb_timers *ts = emu->timers;
	const struct timer t = ts->slots[slot];
	struct xb_map *map = t.map;
	u64 value = t.at - xb_specials_off(&map->specials, XB_SPECIAL_TIMER);
	u64 args[5] = { map->handle, 0, value };
	u32 idx;
	const void *key = map->ops->key_of(map, value, &idx);
	struct xb_region *region = key_region(emu, map->key_size);
	enum xb_run_status status;

	if (!key || !region) {
		ts->proc->fault.kind = XB_FAULT_NONE;
		ts->proc->prog = t.prog;
		ts->proc->pc = (u32)t.func;
		xb_proc_fault(ts->proc, XB_FAULT_INTERNAL, "timer: no memory for its key");
		return false;
	}
	args[1] = region->gaddr;
	memcpy(xb_mem_host(emu->mem, region->gaddr), key, map->key_size);
	xb_mem_allow(emu->mem, region->gaddr, map->key_size, XB_MEM_READ);
	ts->running = slot;
	ts->proc->vcpu = t.cpu;
	xb_emu_run_begin(emu);
	status = xb_proc_run_func(ts->proc, t.prog, t.func, args);
	xb_emu_run_end(emu);
	ts->running = 0;
	xb_mem_forbid(emu->mem, region->gaddr, map->key_size);
	return status != XB_RUN_FAULT;
}

const struct xb_fault *
xb_timer_run_until(struct xb_emu *emu, u64 now_ns)
{
	struct xb_timers *ts = emu->timers;
	u64 was_ns = emu->clock.now_ns;
	bool fine = true;

	for (u32 runs = 0; fine && ts && ts->armed && runs < MOST_RUNS; runs++) {
		u32 slot = ts->heap[0];
		u64 due_ns = ts->slots[slot].expires_ns;

		if (due_ns > now_ns)
			break;
		if (due_ns > emu->clock.now_ns)
			emu->clock.now_ns = due_ns;
		disarm(ts, slot);
		fine = fire(emu, slot);
	}
	emu->clock.now_ns = was_ns;
	return fine ? NULL : &ts->proc->fault;
}

void
xb_timer_free_all(struct xb_emu *emu)
{
	struct xb_timers *ts = emu->timers;

	if (!ts)
		return;
	xb_proc_free(ts->proc);
	xb_mem_unmap(emu->mem, ts->key);
	free(ts->heap);
	free(ts->slots);
	free(ts);
	emu->timers = NULL;
}
