/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers_perf.c - counters of perf events in maps (cf. kernel/trace/bpf_trace.c).
 *
 * An event that the emulator opened itself counts; what the kernel's count is known only where it
 * was recorded.
 */
#include "emu/helpers_priv.h"

#include "emu/captured.h"
#include "emu/perf_event.h"
#include "emu/prog.h"
#include "vm/bytes.h"

#include <errno.h>
#include <string.h>

/* cf. get_map_perf_counter: 0 with the event, NULL for one of the kernel's, or -errno. */
static int
find_event(struct xb_proc *proc, const struct xb_map *map, u64 flags, struct xb_perf_event **event)
{
	u64 index = flags & BPF_F_INDEX_MASK;
	u32 cpu;
	int rc;

	if (flags & ~(u64)BPF_F_INDEX_MASK)
		return -EINVAL;
	if (index == BPF_F_CURRENT_CPU)
		index = proc->vcpu;
	rc = xb_perf_array_slot(map, index, &cpu);
	if (rc == 0)
		*event = xb_perf_array_event(map, index);
	return rc;
}

/* The map of the first argument, or NULL where a recording has to do. */
static const struct xb_map *
map_of(struct xb_proc *proc, u64 handle)
{
	const struct xb_emu *emu = xb_proc_emu(proc);
	const struct xb_map *map = NULL;

	if (emu->handle_region && !emu->playback[proc->vcpu])
		map = xb_map_by_handle(emu, handle);
	return map && map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ? map : NULL;
}

static u64
perf_event_read(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_map *map = map_of(proc, a[0].u);
	struct xb_perf_event *event = NULL;
	int rc;

	if (!map)
		return xb_captured_call(proc, BPF_FUNC_perf_event_read);
	rc = find_event(proc, map, a[1].u, &event);
	if (rc == 0 && !event)
		return xb_captured_call(proc, BPF_FUNC_perf_event_read);
	return rc ? helper_ret(rc) : xb_perf_event_count(event);
}

static u64
perf_event_read_value(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_map *map = map_of(proc, a[0].u);
	struct bpf_perf_event_value value = { 0 };
	struct xb_perf_event *event = NULL;
	int rc = map && a[3].u != sizeof(value) ? -EINVAL : 0;
	void *to;

	if (map && rc == 0)
		rc = find_event(proc, map, a[1].u, &event);
	if (!map || (rc == 0 && !event))
		return xb_captured_call(proc, BPF_FUNC_perf_event_read_value);
	to = xb_proc_mem(proc, a[2].u, a[3].u, XB_MEM_WRITE);
	if (!to)
		return xb_proc_fault_mem(proc, a[2].u, a[3].u, XB_MEM_WRITE,
		                         "bpf_perf_event_read_value: argument 3 (buffer)");
	memset(to, 0, a[3].u);
	if (rc)
		return helper_ret(rc);
	value.counter = xb_perf_event_count(event);
	value.enabled = value.running = xb_perf_event_enabled_ns(event);
	memcpy(to, &value, sizeof(value));
	return 0;
}

#define ROW(helper)                                                                                \
	{                                                                                          \
		XB_HELPER_ROW(helper, "kernel/trace/bpf_trace.c"),                                 \
		        .args = { XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY },    \
		        .gpl_only = true, .state = XB_HELPER_CAPTURED                              \
	}

static const struct xb_helper rows[] = { ROW(perf_event_read), ROW(perf_event_read_value) };

const struct xb_helper_table xb_helpers_perf = { rows, XB_ARRAY_SIZE(rows) };
