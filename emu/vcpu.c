/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/vcpu.h"

#include "emu/lock.h"
#include "emu/map.h"
#include "emu/timer.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_EPOCH 1u /* 0 says that nothing runs */

struct xb_emu_vcpu *
xb_vcpus_new(u32 cnt)
{
	size_t bytes = cnt * sizeof(struct xb_emu_vcpu);
	struct xb_emu_vcpu *vcpus = aligned_alloc(_Alignof(struct xb_emu_vcpu), bytes);

	for (u32 i = 0; vcpus && i < cnt; i++)
		vcpus[i] = (struct xb_emu_vcpu){ .runs = 0 };
	return vcpus;
}

void
xb_vcpus_free(struct xb_emu *emu)
{
	for (u32 i = 0; emu->vcpus && i < emu->cpu_cnt; i++)
		free(emu->vcpus[i].records);
	free(emu->vcpus);
}

void
xb_emu_concurrent_begin(struct xb_emu *emu)
{
	assert(!emu->concurrent && emu->runs == 0);
	for (u32 i = 0; i < emu->cpu_cnt; i++)
		emu->vcpus[i].clock = emu->clock;
	for (u32 i = 1; i < emu->handle_cnt; i++)
		if (emu->handles[i])
			xb_map_share(emu->handles[i], true);
	emu->epoch = FIRST_EPOCH;
	emu->concurrent = true;
	xb_timer_share(emu);
}

static void
tidy(struct xb_emu *emu)
{
	emu->untidy = false;
	for (u32 i = 0; i < emu->cpu_cnt; i++)
		xb_ringbuf_drop_records(&emu->vcpus[i]);
	xb_map_gc_all(emu);
}

void
xb_emu_concurrent_end(struct xb_emu *emu)
{
	assert(emu->concurrent);
	emu->concurrent = false;
	for (u32 i = 0; i < emu->cpu_cnt; i++)
		assert(emu->vcpus[i].began == 0);
	for (u32 i = 1; i < emu->handle_cnt; i++)
		if (emu->handles[i])
			xb_map_share(emu->handles[i], false);
	xb_timer_share(emu);
	tidy(emu);
}

/*
 * Publishes the epoch before anything of a map is looked at: whoever then takes an element out and
 * asks for the oldest run sees this one, or this one does not see the element.
 */
void
xb_vcpu_enter(struct xb_emu *emu, struct xb_emu_vcpu *v)
{
	uintptr_t self = (uintptr_t)pthread_self();
	u64 none, epoch;

	if (__atomic_load_n(&v->thread, __ATOMIC_RELAXED) == self) {
		v->runs++;
		return;
	}
	for (u32 i = 0;; i++) {
		none = 0;
		epoch = __atomic_load_n(&emu->epoch, __ATOMIC_SEQ_CST);
		if (__atomic_compare_exchange_n(&v->began, &none, epoch, false, __ATOMIC_SEQ_CST,
		                                __ATOMIC_RELAXED))
			break;
		xb_lock_pause(i);
	}
	__atomic_store_n(&v->thread, self, __ATOMIC_RELAXED);
	v->runs = 1;
}

static void
end_in_maps(struct xb_emu *emu, u32 vcpu)
{
	for (struct xb_map *map = emu->run_end_maps; map; map = map->run_end_next)
		map->ops->run_end(map, vcpu);
}

static void
leave(struct xb_emu *emu, u32 vcpu)
{
	struct xb_emu_vcpu *v = &emu->vcpus[vcpu];

	assert(v->runs);
	if (--v->runs)
		return;
	if (XB_UNLIKELY(emu->run_end_maps != NULL))
		end_in_maps(emu, vcpu);
	if (XB_UNLIKELY(v->record_cnt))
		xb_ringbuf_drop_records(v);
	__atomic_store_n(&v->thread, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&v->began, 0, __ATOMIC_RELEASE);
}

void
xb_emu_run_tidy(struct xb_emu *emu, u32 vcpu)
{
	if (XB_UNLIKELY(emu->concurrent)) {
		leave(emu, vcpu);
		return;
	}
	if (emu->runs && --emu->runs)
		return;
	if (XB_UNLIKELY(emu->run_end_maps != NULL))
		end_in_maps(emu, vcpu);
	if (emu->untidy)
		tidy(emu);
}

/*
 * It is read by changing it, so that whoever begins in a later epoch finds the element gone (a load
 * could come before the store that took the element out).
 */
u64
xb_emu_epoch(struct xb_emu *emu)
{
	return emu->concurrent ? __atomic_fetch_add(&emu->epoch, 0, __ATOMIC_SEQ_CST) : 0;
}

u64
xb_emu_oldest_run(struct xb_emu *emu)
{
	u64 oldest = __atomic_add_fetch(&emu->epoch, 1, __ATOMIC_SEQ_CST), began;

	for (u32 i = 0; i < emu->cpu_cnt; i++) {
		began = __atomic_load_n(&emu->vcpus[i].began, __ATOMIC_SEQ_CST);
		if (began && began < oldest)
			oldest = began;
	}
	return oldest;
}
