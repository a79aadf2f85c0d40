/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_call.c - a call of a helper or a kernel function, in a run: its arguments are checked one
 * by one, as its row names them.
 *
 * call->data is the row, call->aux the map that its first argument is known to be, or 0. Calls
 * whose arguments need little checking have a function of their own; the rest share call_checked().
 */
#include "emu/helper_call_priv.h"

#include "emu/captured.h"
#include "emu/dynptr.h"
#include "emu/map_op.h"
#include "emu/prog.h"
#include "emu/sock.h"
#include "emu/timer.h"
#include "vm/strict.h"

#include <stdio.h>
#include <string.h>

#define MAX_MEM_BYTES (1u << 29) /* cf. include/linux/bpf_verifier.h: BPF_MAX_VAR_SIZ */

static const char *const kind_names[XB_ARG_KIND_CNT] = {
	[XB_ARG_CTX_OR_NULL] = "context",
	[XB_ARG_CTX] = "context",
	[XB_ARG_MAP] = "map",
	[XB_ARG_MAP_KEY] = "key",
	[XB_ARG_MAP_VALUE] = "value",
	[XB_ARG_MAP_VALUE_W] = "value",
	[XB_ARG_MEM] = "buffer",
	[XB_ARG_MEM_W] = "buffer",
	[XB_ARG_MEM_OR_NULL] = "buffer",
	[XB_ARG_MEM_W_OR_NULL] = "buffer",
	[XB_ARG_SIZE] = "size",
	[XB_ARG_SIZE_OR_0] = "size",
	[XB_ARG_STR] = "string",
	[XB_ARG_U32_W] = "result",
	[XB_ARG_U64_W] = "result",
	[XB_ARG_U64_RW] = "result",
	[XB_ARG_SPIN_LOCK] = "lock",
	[XB_ARG_RECORD] = "record",
	[XB_ARG_SOCK_COMMON] = "socket",
	[XB_ARG_MAP_VALUE_OR_NULL] = "value",
	[XB_ARG_MEM20] = "header",
	[XB_ARG_MEM40] = "header",
	[XB_ARG_DYNPTR] = "dynptr",
	[XB_ARG_TIMER] = "timer",
	[XB_ARG_DYNPTR_W] = "dynptr",
};

/* In front of a row's name: those of kernel functions are whole. */
static const char *
prefix(const struct xb_helper *row)
{
	return row->id ? "bpf_" : "";
}

static bool
fault_arg(struct xb_proc *proc, const struct xb_helper *row, u32 i, enum xb_fault_kind kind,
          const char *why)
{
	xb_proc_fault(proc, kind, "%s%s: argument %u (%s): %s", prefix(row), row->name, i + 1,
	              kind_names[row->args[i]], why);
	return false;
}

static void
arg_name(const struct xb_helper *row, u32 i, char *buf, size_t bytes)
{
	snprintf(buf, bytes, "%s%s: argument %u (%s)", prefix(row), row->name, i + 1,
	         kind_names[row->args[i]]);
}

static void
fault_mem(struct xb_proc *proc, const struct xb_helper *row, u32 i, u64 bytes, u8 need)
{
	char what[80];

	arg_name(row, i, what, sizeof(what));
	xb_proc_fault_mem(proc, proc->r[1 + i], bytes, need, what);
}

/* Whether the helper keeps no address of it, so that a copy does in place of the host's objects. */
static bool
may_bounce(enum xb_arg_kind kind)
{
	return kind != XB_ARG_SPIN_LOCK && kind != XB_ARG_TIMER && kind != XB_ARG_DYNPTR &&
	       kind != XB_ARG_DYNPTR_W;
}

/* On a strict machine: a buffer that the helper reads was written, and one that it writes is now.
 */
static bool
arg_written(struct xb_proc *proc, const struct xb_helper *row, u32 i, u64 bytes, u8 need)
{
	char what[80];

	if (need == XB_MEM_READ || row->args[i] == XB_ARG_U64_RW || row->args[i] == XB_ARG_U32_W) {
		if (!xb_strict_written(proc, proc->r[1 + i], bytes)) {
			arg_name(row, i, what, sizeof(what));
			xb_strict_fault(proc, proc->r[1 + i], bytes, what);
			return false;
		}
		return true;
	}
	xb_strict_write(proc, proc->r[1 + i], bytes);
	return true;
}

/* The same where there is more to do than to look at the shadow. */
__attribute__((noinline, cold)) static bool
arg_mem_slow(struct xb_proc *proc, const struct xb_helper *row, u32 i, u64 bytes, u8 need,
             union xb_arg *a)
{
	if (a->mem)
		return arg_written(proc, row, i, bytes, need);
	if (may_bounce(row->args[i]))
		a->mem = xb_proc_mem(proc, proc->r[1 + i], bytes, need);
	if (!a->mem)
		fault_mem(proc, row, i, bytes, need);
	return a->mem != NULL;
}

/* A buffer of `bytes`, as a host pointer; false after a fault. */
static inline bool
arg_mem(struct xb_proc *proc, const struct xb_helper *row, u32 i, u64 bytes, u8 need,
        union xb_arg *a)
{
	a->mem = xb_mem_range(proc->vm->mem, proc->r[1 + i], bytes, need);
	if (XB_LIKELY(a->mem != NULL && !proc->strict))
		return true;
	return arg_mem_slow(proc, row, i, bytes, need, a);
}

/* A buffer whose size is the next argument. */
static bool
arg_sized(struct xb_proc *proc, const struct xb_helper *row, u32 i, u8 need, bool or_null,
          union xb_arg *a)
{
	u64 bytes = proc->r[2 + i];

	if (bytes == 0 && row->args[i + 1] == XB_ARG_SIZE)
		return fault_arg(proc, row, i + 1, XB_FAULT_BAD_ARGUMENT, "zero-sized access");
	if (bytes >= MAX_MEM_BYTES)
		return fault_arg(proc, row, i + 1, XB_FAULT_BAD_ARGUMENT,
		                 (s64)bytes < 0 ? "negative" : "512 MiB or more");
	if (bytes == 0 && or_null && proc->r[1 + i] == 0) {
		a->mem = NULL;
		return true;
	}
	return arg_mem(proc, row, i, bytes, need, a);
}

/* A string: all its bytes up to the NUL are readable. */
static bool
arg_str(struct xb_proc *proc, const struct xb_helper *row, u32 i, union xb_arg *a)
{
	const struct xb_mem *mem = proc->vm->mem;
	u64 gaddr = proc->r[1 + i], bytes = 0;
	const u64 step = 64;

	for (;;) {
		u64 more = xb_mem_extent(mem, gaddr + bytes, step, XB_MEM_READ);

		if (more && memchr(xb_mem_host(mem, gaddr + bytes), 0, more))
			break;
		bytes += more;
		if (more < step) {
			fault_mem(proc, row, i, bytes + 1, XB_MEM_READ);
			return false;
		}
	}
	a->mem = xb_mem_host(mem, gaddr);
	return XB_LIKELY(!proc->strict) ||
	       arg_written(proc, row, i, strlen(a->str) + 1, XB_MEM_READ);
}

static bool
map_type_fits(const struct xb_helper *row, const struct xb_map *map)
{
	return row->map_types == 0 || (row->map_types & XB_MAP_TYPE_BIT(map->type)) != 0;
}

static bool
arg_map(struct xb_proc *proc, const struct xb_helper *row, u32 i, union xb_arg *a)
{
	const struct xb_emu *emu = xb_proc_emu(proc);
	u64 handle = proc->r[1 + i];

	if (handle == 0)
		return fault_arg(proc, row, i, XB_FAULT_NULL_POINTER, "null pointer");
	a->map = emu->handle_region ? xb_map_by_handle(emu, handle) : NULL;
	if (!a->map)
		return fault_arg(proc, row, i, XB_FAULT_BAD_ARGUMENT, "not a map");
	if (map_type_fits(row, a->map))
		return true;
	xb_proc_fault(proc, XB_FAULT_BAD_ARGUMENT, "cannot pass map_type %u into func bpf_%s#%u",
	              a->map->type, row->name, row->id);
	return false;
}

static bool
arg_record(struct xb_proc *proc, const struct xb_helper *row, u32 i, union xb_arg *a)
{
	u64 gaddr = proc->r[1 + i];
	u32 bytes;

	if (gaddr == 0)
		return fault_arg(proc, row, i, XB_FAULT_NULL_POINTER, "null pointer");
	a->map = xb_ringbuf_record(xb_proc_emu(proc), gaddr, proc->vcpu, &bytes);
	return a->map || fault_arg(proc, row, i, XB_FAULT_BAD_ARGUMENT,
	                           "not a record that is reserved in a ring buffer");
}

static bool
arg_sock(struct xb_proc *proc, const struct xb_helper *row, u32 i, union xb_arg *a)
{
	if (proc->r[1 + i] == 0)
		return fault_arg(proc, row, i, XB_FAULT_NULL_POINTER, "null pointer");
	a->sock = xb_sock_by_gaddr(xb_proc_emu(proc), proc->r[1 + i]);
	return a->sock || fault_arg(proc, row, i, XB_FAULT_BAD_ARGUMENT, "not a socket");
}

/* cf. kernel/bpf/verifier.c: process_dynptr_func */
static bool
arg_dynptr(struct xb_proc *proc, const struct xb_helper *row, u32 i, union xb_arg *a)
{
	struct xb_dynptr ptr;

	if (!arg_mem(proc, row, i, XB_DYNPTR_BYTES, XB_MEM_READ, a))
		return false;
	return xb_dynptr_load(a->mem, &ptr) ||
	       fault_arg(proc, row, i, XB_FAULT_BAD_ARGUMENT, "not an initialized dynptr");
}

static inline bool
arg_ctx(struct xb_proc *proc, const struct xb_helper *row, u32 i, union xb_arg *a)
{
	a->u = proc->r[1 + i];
	if (a->u == 0)
		return fault_arg(proc, row, i, XB_FAULT_NULL_POINTER, "null pointer");
	if (a->u != proc->ctx_gaddr)
		return fault_arg(proc, row, i, XB_FAULT_BAD_ARGUMENT, "not the program's context");
	return true;
}

/*
 * Checks argument i. `map` is the last argument before it that was a map. False after a fault. In
 * line with check_args(): a call of its own for each argument is a quarter of what programs with
 * many helper calls take.
 */
static inline __attribute__((always_inline)) bool
check_arg(struct xb_proc *proc, const struct xb_helper *row, u32 i, const struct xb_map *map,
          union xb_arg *a)
{
	switch (row->args[i]) {
	case XB_ARG_CTX_OR_NULL:
		if (proc->r[1 + i] == 0)
			break;
		return arg_ctx(proc, row, i, a);
	case XB_ARG_CTX:
		return arg_ctx(proc, row, i, a);
	case XB_ARG_MAP:
		return arg_map(proc, row, i, a);
	case XB_ARG_MAP_KEY:
		return arg_mem(proc, row, i, map->key_size, XB_MEM_READ, a);
	case XB_ARG_MAP_VALUE_OR_NULL:
		if (proc->r[1 + i] == 0) {
			a->mem = NULL;
			return true;
		}
		return arg_mem(proc, row, i, map->value_size, XB_MEM_READ, a);
	case XB_ARG_MAP_VALUE:
		if (XB_UNLIKELY(map->ops->flags & XB_MAP_OF_SOCKS))
			return arg_sock(proc, row, i, a);
		return arg_mem(proc, row, i, map->value_size, XB_MEM_READ, a);
	case XB_ARG_MAP_VALUE_W:
		return arg_mem(proc, row, i, map->value_size, XB_MEM_WRITE, a);
	case XB_ARG_MEM:
		return arg_sized(proc, row, i, XB_MEM_READ, false, a);
	case XB_ARG_MEM_W:
		return arg_sized(proc, row, i, XB_MEM_WRITE, false, a);
	case XB_ARG_MEM_OR_NULL:
		return arg_sized(proc, row, i, XB_MEM_READ, true, a);
	case XB_ARG_MEM_W_OR_NULL:
		return arg_sized(proc, row, i, XB_MEM_WRITE, true, a);
	case XB_ARG_STR:
		return arg_str(proc, row, i, a);
	case XB_ARG_U32_W:
		if (proc->r[1 + i] % sizeof(u32))
			return fault_arg(proc, row, i, XB_FAULT_BAD_ARGUMENT, "misaligned");
		return arg_mem(proc, row, i, sizeof(u32), XB_MEM_WRITE, a);
	case XB_ARG_SPIN_LOCK:
		return arg_mem(proc, row, i, sizeof(u32), XB_MEM_WRITE, a);
	case XB_ARG_U64_W:
	case XB_ARG_U64_RW:
		return arg_mem(proc, row, i, sizeof(u64), XB_MEM_WRITE, a);
	case XB_ARG_MEM20:
		return arg_mem(proc, row, i, 20, XB_MEM_READ, a);
	case XB_ARG_MEM40:
		return arg_mem(proc, row, i, 40, XB_MEM_READ, a);
	case XB_ARG_RECORD:
		return arg_record(proc, row, i, a);
	case XB_ARG_SOCK_COMMON:
		return arg_sock(proc, row, i, a);
	case XB_ARG_TIMER:
		return arg_mem(proc, row, i, XB_TIMER_BYTES, XB_MEM_WRITE, a);
	case XB_ARG_DYNPTR:
		return arg_dynptr(proc, row, i, a);
	case XB_ARG_DYNPTR_W:
		return arg_mem(proc, row, i, XB_DYNPTR_BYTES, XB_MEM_WRITE, a);
	case XB_ARG_NONE:
	case XB_ARG_ANY:
	case XB_ARG_MAYBE:
	case XB_ARG_SIZE: /* checked with the buffer before it */
	case XB_ARG_SIZE_OR_0:
	case XB_ARG_FUNC: /* checked when it is called */
	case XB_ARG_STACK_OR_NULL:
	case XB_ARG_KIND_CNT:
		break;
	}
	a->u = proc->r[1 + i];
	return true;
}

/*
 * A context that is memory alone has no packet or socket that a helper of its type might work on.
 * False after a fault.
 */
static bool
may_call_bare(struct xb_proc *proc, const struct xb_helper *row)
{
	if (!xb_helper_needs_ctx(xb_proc_emu(proc), row))
		return true;
	xb_proc_fault(proc, XB_FAULT_NOT_EMULATED,
	              "bpf_%s works on what the context stands for, and this one is memory alone",
	              row->name);
	return false;
}

/* Checks all arguments, in their order. False after a fault. */
static inline __attribute__((always_inline)) bool
check_args(struct xb_proc *proc, const struct xb_helper *row, union xb_arg *a)
{
	const struct xb_map *map = NULL;

	if (XB_UNLIKELY(!proc->run) && !may_call_bare(proc, row))
		return false;
	for (u32 i = 0; i < HELPER_ARGS && row->args[i] != XB_ARG_NONE; i++) {
		if (XB_UNLIKELY(!check_arg(proc, row, i, map, &a[i])))
			return false;
		if (row->args[i] == XB_ARG_MAP)
			map = a[i].map;
	}
	return true;
}

/* Any helper. */
static u64
call_checked(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	const struct xb_helper *row = call->data;
	union xb_arg a[HELPER_ARGS];

	(void)r;
	return check_args(proc, row, a) ? row->fn(proc, a) : 0;
}

/* The same, of somebody else's row. */
static u64
call_own(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	const struct xb_helper *row = call->data;
	union xb_arg a[HELPER_ARGS] = { 0 };

	(void)r;
	return check_args(proc, row, a) ? row->own(proc, a, row) : 0;
}

/* One that has no arguments. */
static u64
call_none(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	const struct xb_helper *row = call->data;

	(void)r;
	if (XB_UNLIKELY(!proc->run) && !may_call_bare(proc, row))
		return 0;
	return row->fn(proc, NULL);
}

/* One whose arguments are all numbers. */
static u64
call_numbers(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	const struct xb_helper *row = call->data;
	union xb_arg a[HELPER_ARGS];

	if (XB_UNLIKELY(!proc->run) && !may_call_bare(proc, row))
		return 0;
	for (u32 i = 0; i < HELPER_ARGS; i++)
		a[i].u = r[1 + i];
	return row->fn(proc, a);
}

static inline struct xb_map *
const_map(const struct xb_call *call)
{
	return (struct xb_map *)(uintptr_t)call->aux;
}

/* With a key that is no memory. */
__attribute__((noinline, cold)) static u64
lookup_slow(struct xb_proc *proc, const struct xb_call *call)
{
	struct xb_map *map = const_map(call);
	union xb_arg a = { .mem = NULL };

	if (!arg_mem_slow(proc, call->data, 1, map->key_size, XB_MEM_READ, &a))
		return 0;
	return xb_map_op_lookup(map, a.mem, proc->vcpu);
}

/* bpf_map_lookup_elem of a map known at load, of a type whose lookup is its own. */
static u64
call_lookup(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	struct xb_map *map = const_map(call);
	const void *key = xb_mem_range(proc->vm->mem, r[2], map->key_size, XB_MEM_READ);

	if (XB_LIKELY(key != NULL))
		return xb_map_op_lookup(map, key, proc->vcpu);
	return lookup_slow(proc, call);
}

/* (map, key) of a map known at load. */
static u64
call_map_key(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	const struct xb_helper *row = call->data;
	union xb_arg a[HELPER_ARGS];

	a[0].map = const_map(call);
	if (!arg_mem(proc, row, 1, a[0].map->key_size, XB_MEM_READ, &a[1]))
		return 0;
	for (u32 i = 2; i < HELPER_ARGS; i++)
		a[i].u = r[1 + i];
	return row->fn(proc, a);
}

/* (map, key, value, number) of a map known at load. */
static u64
call_map_key_value(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	const struct xb_helper *row = call->data;
	union xb_arg a[HELPER_ARGS];

	a[0].map = const_map(call);
	if (!arg_mem(proc, row, 1, a[0].map->key_size, XB_MEM_READ, &a[1]) ||
	    !arg_mem(proc, row, 2, a[0].map->value_size, XB_MEM_READ, &a[2]))
		return 0;
	a[3].u = r[4];
	a[4].u = r[5];
	return row->fn(proc, a);
}

/* (map, numbers) of a map known at load. */
static u64
call_map_numbers(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	const struct xb_helper *row = call->data;
	union xb_arg a[HELPER_ARGS];

	if (XB_UNLIKELY(!proc->run) && !may_call_bare(proc, row))
		return 0;
	a[0].map = const_map(call);
	for (u32 i = 1; i < HELPER_ARGS; i++)
		a[i].u = r[1 + i];
	return row->fn(proc, a);
}

static bool
is_number(enum xb_arg_kind kind)
{
	return kind == XB_ARG_NONE || kind == XB_ARG_ANY || kind == XB_ARG_MAYBE;
}

/* Whether arguments from i on are looked at by nobody. */
static bool
numbers_from(const struct xb_helper *row, u32 i)
{
	while (i < HELPER_ARGS && is_number(row->args[i]))
		i++;
	return i == HELPER_ARGS;
}

/* The quickest function that does all the checks. */
static xb_call_fn
choose_fn(const struct xb_helper *row, const struct xb_map *map)
{
	if (row->own)
		return call_own;
	if (row->args[0] == XB_ARG_NONE)
		return call_none;
	if (numbers_from(row, 0))
		return call_numbers;
	if (row->args[0] != XB_ARG_MAP || !map || !map_type_fits(row, map))
		return call_checked;
	if (numbers_from(row, 1))
		return call_map_numbers;
	if (row->args[1] != XB_ARG_MAP_KEY)
		return call_checked;
	if (row->id == BPF_FUNC_map_lookup_elem && map->ops->lookup)
		return call_lookup;
	if (numbers_from(row, 2))
		return call_map_key;
	if (row->args[2] == XB_ARG_MAP_VALUE && numbers_from(row, 3) &&
	    !(map->ops->flags & XB_MAP_OF_SOCKS))
		return call_map_key_value;
	return call_checked;
}

/* A strict machine looks at every argument. */
static xb_call_fn
fn_of(const struct xb_vm *vm, const struct xb_helper *row, const struct xb_map *map)
{
	return vm->strict && !row->own ? call_checked : choose_fn(row, map);
}

/* One of a program that is watched. */
static u64
call_watched(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	return xb_watch_call(proc, call, fn_of(proc->vm, call->data, const_map(call)), r);
}

xb_call_fn
helper_call_fn(const struct xb_emu *emu, const struct xb_helper *row, const struct xb_map *map)
{
	return emu->watch && row->id ? call_watched : fn_of(emu->vm, row, map);
}
