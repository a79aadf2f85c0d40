/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_map.c - helpers on elements of maps, and tail calls. */
#include "emu/helpers_priv.h"

#include "emu/map_op.h"
#include "emu/prog.h"

#include <errno.h>

#define TYPE(t) XB_MAP_TYPE_BIT(BPF_MAP_TYPE_##t)

/* cf. kernel/bpf/verifier.c: check_map_func_compatibility */
#define TYPES_ELEM                                                                                 \
	(TYPE(HASH) | TYPE(ARRAY) | TYPE(PERCPU_HASH) | TYPE(PERCPU_ARRAY) | TYPE(LRU_HASH) |      \
	 TYPE(LRU_PERCPU_HASH) | TYPE(LPM_TRIE))
#define TYPES_LOOKUP                                                                               \
	(TYPES_ELEM | TYPE(ARRAY_OF_MAPS) | TYPE(HASH_OF_MAPS) | TYPE(DEVMAP) |                    \
	 TYPE(DEVMAP_HASH) | TYPE(XSKMAP) | TYPE(SOCKMAP) | TYPE(SOCKHASH))
#define TYPES_SOCK   (TYPE(SOCKMAP) | TYPE(SOCKHASH))
#define TYPES_PERCPU (TYPE(PERCPU_ARRAY) | TYPE(PERCPU_HASH) | TYPE(LRU_PERCPU_HASH))
#define TYPES_QUEUE  (TYPE(QUEUE) | TYPE(STACK))

/* A type that has no such operation here, though Linux has. */
static u64
no_operation(struct xb_proc *proc, const struct xb_map *map, const char *helper)
{
	return xb_proc_fault(proc, XB_FAULT_NOT_EMULATED,
	                     "bpf_%s on a map of type %s is not emulated", helper, map->ops->name);
}

/*
 * False, after a fault, where programs may not write the map (cf. kernel/bpf/verifier.c:
 * record_func_map).
 */
static bool
may_write(struct xb_proc *proc, const struct xb_map *map)
{
	if (XB_LIKELY(!(map->flags & BPF_F_RDONLY_PROG) && !map->no_prog_writes))
		return true;
	xb_proc_fault(proc, XB_FAULT_READ_ONLY, "write into map '%s' forbidden", map->name);
	return false;
}

static u64
map_lookup_elem(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_map *map = a[0].map;

	if (!map->ops->lookup)
		return no_operation(proc, map, "map_lookup_elem");
	return xb_map_op_lookup(map, a[1].mem, proc->vcpu);
}

static u64
map_update_elem(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_map *map = a[0].map;

	if (!may_write(proc, map))
		return 0;
	if (!map->ops->update)
		return no_operation(proc, map, "map_update_elem");
	return helper_ret(xb_map_op_update(map, a[1].mem, a[2].mem, a[3].u, proc->vcpu));
}

static u64
map_delete_elem(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_map *map = a[0].map;

	if (!may_write(proc, map))
		return 0;
	if (!map->ops->remove)
		return no_operation(proc, map, "map_delete_elem");
	return helper_ret(xb_map_op_remove(map, a[1].mem));
}

static u64
map_push_elem(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_map *map = a[0].map;

	if (!may_write(proc, map))
		return 0;
	if (!map->ops->push)
		return no_operation(proc, map, "map_push_elem");
	return helper_ret(xb_map_op_push(map, a[1].mem, a[2].u));
}

static u64
map_pop_elem(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_map *map = a[0].map;

	if (!may_write(proc, map))
		return 0;
	if (!map->ops->pop)
		return no_operation(proc, map, "map_pop_elem");
	return helper_ret(xb_map_op_pop(map, a[1].mem));
}

static u64
map_peek_elem(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_map *map = a[0].map;

	if (!map->ops->peek)
		return no_operation(proc, map, "map_peek_elem");
	return helper_ret(xb_map_op_peek(map, a[1].mem));
}

static u64
map_lookup_percpu_elem(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_map *map = a[0].map;
	u32 cpu = (u32)a[2].u;

	if (!map->ops->lookup)
		return no_operation(proc, map, "map_lookup_percpu_elem");
	return cpu < map->emu->cpu_cnt ? xb_map_op_lookup(map, a[1].mem, cpu) : 0;
}

/*
 * Where the slot is empty, out of range, or 33 calls were done, the program goes on; R0 then is not
 * to be read. An empty slot does not count (cf. arch/x86/net/bpf_jit_comp.c:
 * emit_bpf_tail_call_indirect).
 */
static u64
tail_call(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_bpf_prog *prog = xb_prog_array_get(a[1].map, (u32)a[2].u);
	const struct xb_bpf_prog *self = xb_prog_user(proc->prog);

	if (!prog)
		return helper_ret(-ENOENT);
	if (xb_bpf_prog_type(prog) != xb_bpf_prog_type(self))
		return xb_proc_fault(proc, XB_FAULT_BAD_CALL,
		                     "tail call from a program of type %s into one of type %s",
		                     xb_prog_type_name(self->type), xb_prog_type_name(prog->type));
	return xb_proc_tail_call(proc, xb_bpf_prog_vm(prog)) ? 0 : helper_ret(-ELOOP);
}

#define HELPERS_C "kernel/bpf/helpers.c"

#define PROG(t) XB_PROG_TYPE_BIT(BPF_PROG_TYPE_##t)

/* cf. kernel/bpf/verifier.c: may_update_sockmap */
#define MAY_UPDATE_SOCKMAP                                                                         \
	(PROG(TRACING) | PROG(SOCKET_FILTER) | PROG(SCHED_CLS) | PROG(SCHED_ACT) | PROG(XDP) |     \
	 PROG(SK_REUSEPORT) | PROG(FLOW_DISSECTOR) | PROG(SK_LOOKUP))

/* The first row that fits a program counts. */
static const struct xb_helper rows[] = {
	{ .id = BPF_FUNC_map_update_elem,
	  .name = "map_update_elem",
	  .fn = map_update_elem,
	  .prog_types = MAY_UPDATE_SOCKMAP,
	  .source = HELPERS_C ": bpf_map_update_elem",
	  .args = { XB_ARG_MAP, XB_ARG_MAP_KEY, XB_ARG_MAP_VALUE, XB_ARG_ANY },
	  .map_types = TYPES_ELEM | TYPES_SOCK },
	{ .id = BPF_FUNC_map_delete_elem,
	  .name = "map_delete_elem",
	  .fn = map_delete_elem,
	  .prog_types = MAY_UPDATE_SOCKMAP | PROG(SOCK_OPS),
	  .source = HELPERS_C ": bpf_map_delete_elem",
	  .args = { XB_ARG_MAP, XB_ARG_MAP_KEY },
	  .map_types = TYPES_ELEM | TYPES_SOCK },
	{ XB_HELPER_ROW(map_lookup_elem, HELPERS_C), .args = { XB_ARG_MAP, XB_ARG_MAP_KEY },
	  .map_types = TYPES_LOOKUP },
	{ XB_HELPER_ROW(map_update_elem, HELPERS_C),
	  .args = { XB_ARG_MAP, XB_ARG_MAP_KEY, XB_ARG_MAP_VALUE, XB_ARG_ANY },
	  .map_types = TYPES_ELEM },
	{ XB_HELPER_ROW(map_delete_elem, HELPERS_C), .args = { XB_ARG_MAP, XB_ARG_MAP_KEY },
	  .map_types = TYPES_ELEM },
	{ XB_HELPER_ROW(map_push_elem, HELPERS_C),
	  .args = { XB_ARG_MAP, XB_ARG_MAP_VALUE, XB_ARG_ANY },
	  .map_types = TYPES_QUEUE | TYPE(BLOOM_FILTER) },
	{ XB_HELPER_ROW(map_pop_elem, HELPERS_C), .args = { XB_ARG_MAP, XB_ARG_MAP_VALUE_W },
	  .map_types = TYPES_QUEUE },
	{ XB_HELPER_ROW(map_peek_elem, HELPERS_C), .args = { XB_ARG_MAP, XB_ARG_MAP_VALUE_W },
	  .map_types = TYPES_QUEUE | TYPE(BLOOM_FILTER) },
	{ XB_HELPER_ROW(map_lookup_percpu_elem, HELPERS_C),
	  .args = { XB_ARG_MAP, XB_ARG_MAP_KEY, XB_ARG_ANY }, .map_types = TYPES_PERCPU },
	{ XB_HELPER_ROW(tail_call, "kernel/bpf/core.c"),
	  .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_ANY }, .map_types = TYPE(PROG_ARRAY) },
};

const struct xb_helper_table xb_helpers_map = { rows, XB_ARRAY_SIZE(rows) };
