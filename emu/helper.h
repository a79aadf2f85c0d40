/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper.h - helpers: rows of {number, prototype, function, program types}, and how a call is
 * bound.
 *
 * The prototype drives the checks: by the time a helper's function runs, every pointer among its
 * arguments has been checked for the size and direction its kind says, and turned into a host
 * pointer. No helper checks pointers itself.
 */
#ifndef XB_EMU_HELPER_H
#define XB_EMU_HELPER_H

#include "emu/emu.h"
#include "emu/map.h"
#include "vm/proc.h"
#include "xdpbench/helper.h"

union xb_arg {
	u64 u;
	s64 s;
	void *mem; /* host pointer, checked; NULL only for the kinds that allow it */
	const char *str;
	struct xb_map *map;
	struct xb_sock *sock;
};

/* The arguments by position from 0; raw registers are in proc->r[1..5]. The result becomes R0. */
typedef u64 (*xb_helper_fn)(struct xb_proc *proc, const union xb_arg *a);

/* X(enumerator, name in lists): how the emulator answers for a helper */
#define XB_HELPER_STATE_LIST(X)                                                                    \
	X(EMULATED, "emulated")                                                                    \
	X(WORLD, "from the world")             /* asks the network around, emu/world.h */          \
	X(CAPTURED, "from a captured context") /* reads the machine, emu/captured.h */             \
	X(FOREIGN, "not for network programs")                                                     \
	X(MISSING, "not emulated")

#define XB_HELPER_STATE_ENUM(id, name) XB_HELPER_##id,
enum xb_helper_state { XB_HELPER_STATE_LIST(XB_HELPER_STATE_ENUM) XB_HELPER_STATE_CNT };
#undef XB_HELPER_STATE_ENUM

struct xb_helper {
	u32 id;           /* BPF_FUNC_* */
	const char *name; /* "map_lookup_elem" */
	xb_helper_fn fn;
	enum xb_arg_kind args[5];
	u64 prog_types; /* bit 1 << BPF_PROG_TYPE_*; XB_PROG_TYPES_ALL */
	bool gpl_only;
	const char *source;         /* "kernel/bpf/helpers.c: bpf_map_lookup_elem" */
	u64 map_types;              /* of its MAP argument: bit 1 << BPF_MAP_TYPE_*; 0: any (cf.
	                               check_map_func_compatibility) */
	enum xb_helper_state state; /* EMULATED, WORLD or CAPTURED */
	bool might_sleep;           /* only for programs that were loaded with BPF_F_SLEEPABLE */
	/* In place of fn: a row of somebody else's, who is told which. */
	u64 (*own)(struct xb_proc *proc, const union xb_arg *a, const struct xb_helper *row);
};

#define XB_PROG_TYPES_ALL   (~0ull)
#define XB_PROG_TYPE_BIT(t) (1ull << (t))
#define XB_MAP_TYPE_BIT(t)  (1ull << (t))

/* Registers a table of rows, kept. Later rows for the same number and program type win. */
void xb_helper_register(struct xb_emu *emu, const struct xb_helper *rows, u32 cnt);

/*
 * The same, for functions that work on what their folder made of the context, proc->run: where
 * there is none, calls of them stop the program.
 */
void xb_helper_register_ctx(struct xb_emu *emu, const struct xb_helper *rows, u32 cnt);

/* Registers the generic helpers of this folder. */
void xb_helper_register_base(struct xb_emu *emu);

/* The row for a number and program type, or NULL. `type` of ~0u: any. */
const struct xb_helper *xb_helper_find(const struct xb_emu *emu, u32 id, u32 prog_type);

/* Whether a row was registered by xb_helper_register_ctx(). */
bool xb_helper_needs_ctx(const struct xb_emu *emu, const struct xb_helper *row);

/* "emulated", "from the world", ... */
const char *xb_helper_state_name(enum xb_helper_state state);

/*
 * How the emulator answers for a number: as the rows for the program types that are registered do;
 * FOREIGN, with its source, where only other kinds of programs may call it; MISSING otherwise.
 * *source is the kernel's, or NULL where a row has it.
 */
enum xb_helper_state xb_helper_state_of(const struct xb_emu *emu, u32 id, const char **source);

/*
 * The name of helper number `id` ("map_lookup_elem"), emulated or not (cf. __BPF_FUNC_MAPPER); NULL
 * where unknown to the uapi header.
 */
const char *xb_helper_name(u32 id);

/*
 * Whether libbpf calls this number in place of what it could not resolve: a CO-RE relocation, a map
 * that was not made, a kernel function.
 */
bool xb_helper_is_unresolved(u32 id);

/* xb_vm_ops.bind_call of the Linux emulator. */
int xb_helper_bind(void *emu, const struct xb_prog *prog, u32 pc, u64 r1_const,
                   struct xb_call *call, struct xb_err *err);

/*
 * How many bytes of a packet the flags of bpf_perf_event_output ask for (BPF_F_CTXLEN_MASK), where
 * there are `packet_bytes`. Returns 0, -EINVAL (unknown flags), -EFAULT (there are fewer). (cf.
 * net/core/filter.c: bpf_xdp_event_output, bpf_skb_event_output)
 */
int xb_perf_packet_bytes(u64 flags, u32 packet_bytes, u32 *bytes);

/*
 * What all forms of bpf_perf_event_output do once they have checked their own flags: writes `size`
 * bytes of data, then `more_bytes` that follow, as one sample to the slot that `flags` names
 * (BPF_F_INDEX_MASK). The sample is padded with zeros so that 4 + its size is a multiple of 8, as a
 * reader in user space gets it. Returns 0, -E2BIG (no such slot), -ENOENT (no reader there),
 * -EOPNOTSUPP (a reader of another CPU). (cf. kernel/trace/bpf_trace.c: bpf_event_output)
 */
long xb_perf_output(struct xb_emu *emu, struct xb_proc *proc, struct xb_map *map, u64 flags,
                    const void *data, u32 size, const void *more, u32 more_bytes);

/* bpf_perf_event_output of programs whose context has no bytes to add (cf. bpf_event_output_data).
 */
u64 xb_event_output_data(struct xb_proc *proc, const union xb_arg *a);

/* The emulator of a process. */
static inline struct xb_emu *
xb_proc_emu(const struct xb_proc *proc)
{
	return proc->vm->emu;
}

#endif
