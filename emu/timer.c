/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/timer.h"

#include "emu/clock.h"
#include "emu/map.h"
#include "emu/vcpu.h"
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
	u32 queue;  /* that it waits or runs in */
	u32 serial; /* of this use of the slot, as the value has it */
	u32 heap;   /* index there, or NOT_ARMED */
	u32 clock_id;
	u32 next_free;
};

/* Timers that fire one after the other. */
struct queue {
	u32 *heap; /* slots of those that are armed; the next one is first */
	u32 armed, cap;
	u32 running; /* slot; 0: none */
	u64 next_ns; /* when the next one is due, or NEVER; read without a lock */
	struct xb_proc *proc;
	struct xb_region *key;
};

/* There is a queue for each vCPU, used while they run concurrently; the first has all otherwise. */
struct xb_timers {
	struct timer *slots; /* [0] is unused */
	u32 cnt, cap, first_free;
	u32 serial;
	u64 seq;
	struct queue *queues;
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
place(struct xb_timers *ts, struct queue *q, u32 i, u32 slot)
{
	q->heap[i] = slot;
	ts->slots[slot].heap = i;
}

static void
sift_up(struct xb_timers *ts, struct queue *q, u32 i, u32 slot)
{
	while (i && before(&ts->slots[slot], &ts->slots[q->heap[(i - 1) / 2]])) {
		place(ts, q, i, q->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(ts, q, i, slot);
}

static void
sift_down(struct xb_timers *ts, struct queue *q, u32 i, u32 slot)
{
	for (;;) {
		u32 child = 2 * i + 1;

		if (child + 1 < q->armed &&
		    before(&ts->slots[q->heap[child + 1]], &ts->slots[q->heap[child]]))
			child++;
		if (child >= q->armed || !before(&ts->slots[q->heap[child]], &ts->slots[slot]))
			break;
		place(ts, q, i, q->heap[child]);
		i = child;
	}
	place(ts, q, i, slot);
}

static void
set_next(const struct xb_timers *ts, struct queue *q)
{
	u64 next_ns = q->armed ? ts->slots[q->heap[0]].expires_ns : NEVER;

	__atomic_store_n(&q->next_ns, next_ns, __ATOMIC_RELAXED);
}

/* Whether it was armed. */
static bool
disarm(struct xb_timers *ts, u32 slot)
{
	struct queue *q = &ts->queues[ts->slots[slot].queue];
	u32 i = ts->slots[slot].heap, last;

	if (i == NOT_ARMED)
		return false;
	ts->slots[slot].heap = NOT_ARMED;
	last = q->heap[--q->armed];
	if (last != slot) {
		if (i && before(&ts->slots[last], &ts->slots[q->heap[(i - 1) / 2]]))
			sift_up(ts, q, i, last);
		else
			sift_down(ts, q, i, last);
	}
	set_next(ts, q);
	return true;
}

/* Makes a queue able to run, and to take one more. */
static bool
queue_reserve(struct xb_emu *emu, struct queue *q)
{
	u32 cap = q->cap ? 2 * q->cap : 64;
	struct xb_err err = XB_ERR_INIT;
	u32 *heap;

	if (!q->proc)
		q->proc = xb_proc_new(emu->vm, 0, &err);
	if (!q->proc || q->armed < q->cap)
		return q->proc != NULL;
	heap = realloc(q->heap, cap * sizeof(*heap));
	if (!heap)
		return false;
	q->heap = heap;
	q->cap = cap;
	return true;
}

/* Puts a timer that does not wait into a queue with room. */
static void
arm(struct xb_timers *ts, u32 slot, u32 queue)
{
	struct queue *q = &ts->queues[queue];

	ts->slots[slot].queue = queue;
	sift_up(ts, q, q->armed++, slot);
	set_next(ts, q);
}

static struct xb_timers *
timers_new(struct xb_emu *emu)
{
	struct xb_timers *ts = calloc(1, sizeof(*ts));

	if (!ts)
		return NULL;
	ts->queues = calloc(emu->cpu_cnt, sizeof(*ts->queues));
	if (!ts->queues || !queue_reserve(emu, &ts->queues[0])) {
		free(ts->queues);
		free(ts);
		return NULL;
	}
	for (u32 i = 0; i < emu->cpu_cnt; i++)
		ts->queues[i].next_ns = NEVER;
	ts->cnt = 1;
	return ts;
}

static bool
grow(struct xb_timers *ts)
{
	u32 cap = ts->cap ? 2 * ts->cap : 64;
	struct timer *slots = realloc(ts->slots, cap * sizeof(*slots));

	if (!slots)
		return false;
	ts->slots = slots;
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

static bool
is_running(const struct xb_timers *ts, u32 slot)
{
	return ts->queues[ts->slots[slot].queue].running == slot;
}

static void
slot_free(struct xb_timers *ts, u32 slot)
{
	disarm(ts, slot);
	if (is_running(ts, slot)) /* it goes on, and its slot may be another timer's */
		ts->queues[ts->slots[slot].queue].running = 0;
	ts->slots[slot] = (struct timer){ .next_free = ts->first_free, .heap = NOT_ARMED };
	ts->first_free = slot;
}

static struct xb_lock *
lock(struct xb_emu *emu)
{
	struct xb_lock *timers = xb_emu_lock(emu, &emu->timers_lock);

	xb_lock_take(timers);
	return timers;
}

static bool
is_clock(u64 id)
{
	return id == CLOCK_MONOTONIC || id == CLOCK_REALTIME || id == CLOCK_BOOTTIME;
}

/* Whether an element's timer is at that address. */
static bool
is_in_element(struct xb_map *map, u64 at)
{
	const void *key = NULL;
	u32 idx;

	if (!map->ops->key_of)
		return false;
	xb_lock_take(map->lock);
	key = map->ops->key_of(map, at - xb_specials_off(&map->specials, XB_SPECIAL_TIMER), &idx);
	xb_lock_give(map->lock);
	return key != NULL;
}

static long
init(struct xb_map *map, u64 at, u32 clock_id)
{
	struct xb_emu *emu = map->emu;
	u8 *p = xb_mem_host(emu->mem, at);
	u32 slot;

	if (slot_at(emu, at))
		return -EBUSY;
	if (!emu->timers)
		__atomic_store_n(&emu->timers, timers_new(emu), __ATOMIC_RELEASE);
	slot = emu->timers ? slot_new(emu->timers) : 0;
	if (!slot)
		return -ENOMEM;
	emu->timers->slots[slot] = (struct timer){
		.at = at,
		.map = map,
		.serial = ++emu->timers->serial,
		.clock_id = clock_id,
		.heap = NOT_ARMED,
	};
	xb_st32(p, slot);
	xb_st32(p + 4, emu->timers->serial);
	xb_st64(p + 8, 0);
	return 0;
}

long
xb_timer_init(struct xb_map *map, u64 at, u64 flags)
{
	struct xb_lock *held;
	long ret;

	if (flags >= MAX_CLOCKS || !is_clock(flags))
		return -EINVAL;
	if (!is_in_element(map, at))
		return -EFAULT;
	held = lock(map->emu);
	ret = init(map, at, (u32)flags);
	xb_lock_give(held);
	return ret;
}

long
xb_timer_set_callback(struct xb_emu *emu, u64 at, const struct xb_prog *prog, u64 func)
{
	struct xb_lock *held = lock(emu);
	u32 slot = slot_at(emu, at);

	if (slot) {
		emu->timers->slots[slot].prog = prog;
		emu->timers->slots[slot].func = func;
	}
	xb_lock_give(held);
	return slot ? 0 : -EINVAL;
}

/* When it is due, since the epoch (cf. kernel/time/hrtimer.c: __hrtimer_start_range_ns). */
static u64
expiry(const struct xb_clock *clock, const struct timer *t, u64 ns, bool absolute)
{
	bool real = t->clock_id == CLOCK_REALTIME;
	u64 from = !absolute ? clock->now_ns : real ? 0 : clock->boot_ns;

	/* A time below 0 is taken for an overflow (cf. kernel/time/hrtimer.c: ktime_add_safe). */
	return ns > INT64_MAX - from ? NEVER : from + ns;
}

/* A timer that runs stays where it is (cf. kernel/time/hrtimer.c: switch_hrtimer_base). */
static long
start(struct xb_emu *emu, u64 at, u64 ns, bool absolute, u32 cpu)
{
	struct xb_timers *ts = emu->timers;
	u32 slot = slot_at(emu, at), queue;
	struct timer *t;

	if (!slot || !ts->slots[slot].prog)
		return -EINVAL;
	t = &ts->slots[slot];
	queue = is_running(ts, slot) ? t->queue : emu->concurrent ? cpu : 0;
	disarm(ts, slot);
	if (!queue_reserve(emu, &ts->queues[queue]))
		return -ENOMEM;
	t->expires_ns = expiry(xb_emu_clock(emu, cpu), t, ns, absolute);
	t->seq = ++ts->seq;
	t->cpu = cpu;
	arm(ts, slot, queue);
	return 0;
}

long
xb_timer_start(struct xb_emu *emu, u64 at, u64 ns, u64 flags, u32 cpu)
{
	struct xb_lock *held;
	long ret;

	if (flags & ~(TIMER_ABS | TIMER_CPU_PIN))
		return -EINVAL;
	held = lock(emu);
	ret = start(emu, at, ns, flags & TIMER_ABS, cpu);
	xb_lock_give(held);
	return ret;
}

/* -EAGAIN: it runs on another vCPU, and has to end first. */
static long
cancel(struct xb_emu *emu, u64 at, u32 cpu)
{
	struct xb_timers *ts = emu->timers;
	u32 slot = slot_at(emu, at);

	if (!slot)
		return -EINVAL;
	if (is_running(ts, slot))
		return emu->concurrent && ts->slots[slot].queue != cpu && !ts->queues[cpu].running
		               ? -EAGAIN
		               : -EDEADLK;
	ts->slots[slot].prog = NULL;
	return disarm(ts, slot);
}

long
xb_timer_cancel(struct xb_emu *emu, u64 at, u32 cpu)
{
	struct xb_lock *held;
	long ret;

	for (u32 i = 0;; i++) {
		held = lock(emu);
		ret = cancel(emu, at, cpu);
		xb_lock_give(held);
		if (ret != -EAGAIN)
			return ret;
		xb_lock_pause(i);
	}
}

void
xb_timer_cancel_and_free(struct xb_emu *emu, u64 at)
{
	struct xb_lock *held = lock(emu);
	u32 slot = slot_at(emu, at);

	if (slot) {
		slot_free(emu->timers, slot);
		memset(xb_mem_host(emu->mem, at), 0, XB_TIMER_BYTES);
	}
	xb_lock_give(held);
}

void
xb_timer_forget_map(struct xb_map *map)
{
	struct xb_lock *held = lock(map->emu);
	struct xb_timers *ts = map->emu->timers;

	for (u32 i = 1; ts && i < ts->cnt; i++)
		if (ts->slots[i].map == map)
			slot_free(ts, i);
	xb_lock_give(held);
}

void
xb_timer_share(struct xb_emu *emu)
{
	struct xb_timers *ts = emu->timers;

	for (u32 i = 1; ts && i < ts->cnt; i++) {
		u32 queue = emu->concurrent ? ts->slots[i].cpu : 0;

		if (!ts->slots[i].map || ts->slots[i].heap == NOT_ARMED ||
		    ts->slots[i].queue == queue || !queue_reserve(emu, &ts->queues[queue]))
			continue;
		disarm(ts, i);
		arm(ts, i, queue);
	}
}

u32
xb_timer_armed(const struct xb_emu *emu)
{
	u32 armed = 0;

	for (u32 i = 0; emu->timers && i < emu->cpu_cnt; i++)
		armed += emu->timers->queues[i].armed;
	return armed;
}

/* Where a callback finds its key: at least `bytes`. NULL: no memory. */
static struct xb_region *
key_region(struct xb_emu *emu, struct queue *q, u32 bytes)
{
	struct xb_err err = XB_ERR_INIT;

	if (q->key && q->key->bytes >= bytes)
		return q->key;
	xb_mem_unmap(emu->mem, q->key);
	q->key = xb_mem_map(emu->mem, &(struct xb_region_opts){ .name = "key", .bytes = bytes },
	                    &err);
	return q->key;
}

/* Calls back. False: it was stopped (cf. bpf_timer_cb). */
static bool
fire(struct xb_emu *emu, struct queue *q, const struct timer *t)
{
	struct xb_map *map = t->map;
	u64 value = t->at - xb_specials_off(&map->specials, XB_SPECIAL_TIMER);
	u64 args[5] = { map->handle, 0, value };
	struct xb_region *region = key_region(emu, q, map->key_size);
	enum xb_run_status status;
	const void *key;
	u32 idx;

	xb_lock_take(map->lock);
	key = map->ops->key_of(map, value, &idx);
	xb_lock_give(map->lock);
	if (!key || !region) {
		q->proc->fault.kind = XB_FAULT_NONE;
		q->proc->prog = t->prog;
		q->proc->pc = (u32)t->func;
		xb_proc_fault(q->proc, XB_FAULT_INTERNAL, "timer: no memory for its key");
		return false;
	}
	args[1] = region->gaddr;
	memcpy(xb_mem_host(emu->mem, region->gaddr), key, map->key_size);
	xb_mem_allow(emu->mem, region->gaddr, map->key_size, XB_MEM_READ);
	q->proc->vcpu = t->cpu;
	status = xb_proc_run_func(q->proc, t->prog, t->func, args);
	xb_mem_forbid(emu->mem, region->gaddr, map->key_size);
	return status != XB_RUN_FAULT;
}

/* Takes the next timer that is due out of the queue. */
static bool
take_due(struct xb_timers *ts, struct queue *q, u64 now_ns, struct timer *t)
{
	u32 slot = q->armed ? q->heap[0] : 0;

	if (!slot || ts->slots[slot].expires_ns > now_ns)
		return false;
	*t = ts->slots[slot];
	disarm(ts, slot);
	q->running = slot;
	return true;
}

/*
 * A run goes around all of it: an element whose timer was still armed stays in place to the run's
 * end.
 */
static bool
fire_next(struct xb_emu *emu, u32 vcpu, u64 now_ns, bool *fine)
{
	struct queue *q = &emu->timers->queues[vcpu];
	struct xb_clock *clock = xb_emu_clock(emu, vcpu);
	struct xb_lock *held;
	struct timer t;
	bool due;

	xb_emu_run_begin(emu, vcpu);
	held = lock(emu);
	due = take_due(emu->timers, q, now_ns, &t);
	xb_lock_give(held);
	if (due) {
		if (t.expires_ns > clock->now_ns)
			clock->now_ns = t.expires_ns;
		*fine = fire(emu, q, &t);
	}
	xb_emu_run_end(emu, vcpu);
	held = lock(emu);
	if (due)
		q->running = 0;
	xb_lock_give(held);
	return due;
}

const struct xb_fault *
xb_timer_run_on(struct xb_emu *emu, u32 vcpu, u64 now_ns)
{
	struct xb_timers *ts = __atomic_load_n(&emu->timers, __ATOMIC_ACQUIRE);
	struct xb_clock *clock = xb_emu_clock(emu, vcpu);
	u64 was_ns = clock->now_ns;
	bool fine = true;

	if (!ts || __atomic_load_n(&ts->queues[vcpu].next_ns, __ATOMIC_RELAXED) > now_ns)
		return NULL;
	for (u32 runs = 0; fine && runs < MOST_RUNS; runs++)
		if (!fire_next(emu, vcpu, now_ns, &fine))
			break;
	clock->now_ns = was_ns;
	return fine ? NULL : &ts->queues[vcpu].proc->fault;
}

const struct xb_fault *
xb_timer_run_until(struct xb_emu *emu, u64 now_ns)
{
	return xb_timer_run_on(emu, 0, now_ns);
}

void
xb_timer_free_all(struct xb_emu *emu)
{
	struct xb_timers *ts = emu->timers;

	if (!ts)
		return;
	for (u32 i = 0; i < emu->cpu_cnt; i++) {
		xb_proc_free(ts->queues[i].proc);
		xb_mem_unmap(emu->mem, ts->queues[i].key);
		free(ts->queues[i].heap);
	}
	free(ts->queues);
	free(ts->slots);
	free(ts);
	emu->timers = NULL;
}
