/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog.h - programs as bpf(2) knows them: a type, a licence, BTF, and a machine program inside.
 */
#ifndef XB_EMU_PROG_H
#define XB_EMU_PROG_H

#include "emu/emu.h"
#include "emu/obj.h"
#include "vm/prog.h"

#define XB_ENOTSUPP 524 /* the kernel's own ENOTSUPP, which no header of user space has */

/* Attach types that an older uapi header lacks (cf. enum bpf_attach_type). */
enum xb_attach_type {
	XB_TCX_INGRESS = 46,
	XB_TCX_EGRESS = 47,
	XB_NETKIT_PRIMARY = 54,
	XB_NETKIT_PEER = 55,
};

struct xb_arena;
struct xb_btf;
struct xb_bpf_prog;
struct xb_log;
struct xb_prog_past;
struct xb_prog_refs;

/* A program type, registered by the folder that knows its context. */
struct xb_prog_type {
	u32 type;             /* BPF_PROG_TYPE_* */
	const char *name;     /* as bpftool prints it: "xdp" */
	bool may_load_packet; /* LD_ABS/LD_IND */
	bool never_runs;      /* loads, but nothing can run it: any helper of Linux may be called */
	/*
	 * Bytes of the context that a program with these attributes may read (cf.
	 * xdp_is_valid_access).
	 */
	u32 (*ctx_bytes)(const struct xb_bpf_prog *prog);
	/*
	 * Contexts whose fields have rules of their own (cf. struct bpf_verifier_ops:
	 * is_valid_access, convert_ctx_access): whether an access is as one of memory; and all
	 * others, which it does or stops the program for. They may be atomic, and may lie outside
	 * of the context, up to a page away. Its region is opaque, and starts with it. NULL: the
	 * context is memory to read. See struct xb_vm_ops.
	 */
	bool (*ctx_plain)(const struct xb_bpf_prog *prog, const struct bpf_insn *insn, u32 off);
	void (*ctx_access)(struct xb_proc *proc, const struct bpf_insn *insn, s32 off, u64 *value);
	/* Refuses attach types and flags at load with -errno; may be NULL. */
	int (*check)(const union bpf_attr *attr);
	/* Does LD_ABS/LD_IND, see struct xb_vm_ops; with may_load_packet. */
	bool (*load_packet)(struct xb_proc *proc, s32 off, u32 bytes, u64 *value);
	/* BPF_PROG_TEST_RUN; NULL: -ENOTSUPP (524). Returns -errno as the kernel. */
	long (*test_run)(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr);
	/* Frees what the type kept in emu->type_state[type], when emu goes; NULL: nothing. */
	void (*fini)(struct xb_emu *emu);
};

struct xb_bpf_prog {
	struct xb_obj obj;
	struct xb_emu *emu;
	const struct xb_prog_type *ops;
	u32 type, expected_attach_type, flags;
	char name[16];
	char func_name[64]; /* full name of its first function, from BTF; name where there is none
	                     */
	bool gpl_compatible;
	u8 tag[8];
	u64 load_time_ns;
	struct xb_prog *vm; /* see xb_bpf_prog_vm() */
	struct xb_btf *btf; /* or NULL */
	u32 attach_btf_id;
	struct xb_bpf_prog *attach_prog; /* of EXT programs */
	struct xb_func *funcs;           /* owned; for vm */
	struct xb_line *lines;
	u32 func_cnt, line_cnt;
	struct xb_map **maps; /* used by it, each once */
	u32 map_cnt;
	struct xb_arena *arena;   /* of one of them, or NULL */
	int refusal;              /* -errno that goes with the last call that could not be bound */
	u64 run_cnt, run_time_ns; /* of test runs, while emu->stats */
	struct bpf_insn *insns;   /* `insn_cnt`, as loaded but for resolved ldimm64; owned */
	u32 insn_cnt;
	struct bpf_func_info *func_info; /* as loaded, func_info_cnt of them; owned */
	struct bpf_line_info *line_info;
	u32 func_info_cnt, line_info_cnt;
	struct xb_prog_refs *refs; /* ldimm64 that named maps, for information; owned */
	struct xb_func *vm_funcs;  /* of vm after relinking, else NULL; owned */
	struct xb_line *vm_lines;
	struct xb_prog_past *past; /* what relinking replaced; owned */
	bool was_attached;         /* EXT: its first link was made */
	struct xb_bpf_prog
	        *freplace; /* the last EXT program that took the place of a function, or NULL */
};

/* Registers a program type. `type` is kept. */
void xb_prog_type_register(struct xb_emu *emu, const struct xb_prog_type *type);

/*
 * Registers the types that this folder knows itself: BPF_PROG_TYPE_EXT, TRACING, which loads but
 * never runs, and those whose context is memory of their test run's caller.
 */
void xb_prog_type_register_base(struct xb_emu *emu);

/*
 * The type whose context and helpers a program has: its target's for EXT programs, its own for all
 * others (cf. include/linux/bpf_verifier.h: resolve_prog_type).
 */
static inline u32
xb_bpf_prog_type(const struct xb_bpf_prog *prog)
{
	return prog->type == BPF_PROG_TYPE_EXT && prog->attach_prog ? prog->attach_prog->type
	                                                            : prog->type;
}

/* What the machine runs: another one once links replace functions, maybe while this one runs. */
static inline struct xb_prog *
xb_bpf_prog_vm(const struct xb_bpf_prog *prog)
{
	return __atomic_load_n(&prog->vm, __ATOMIC_ACQUIRE);
}

/*
 * BPF_PROG_LOAD (cf. kernel/bpf/syscall.c: bpf_prog_load). A descriptor or -errno; the reason goes
 * to attr's log buffer. Programs of types tracing and ext have to name a program that they attach
 * to, unless emu->any_target says that they are to be run by themselves.
 */
int xb_prog_load(struct xb_emu *emu, union bpf_attr *attr, u32 bytes);

/* BPF_PROG_BIND_MAP: 0 or -errno (cf. kernel/bpf/syscall.c: bpf_prog_bind_map). */
int xb_prog_bind_map(struct xb_emu *emu, const union bpf_attr *attr);

/*
 * Builds the machine's program anew with the functions that links replace by EXT programs. 0 or
 * -errno, and the program is as it was. A run that is under way ends with what it began with.
 */
int xb_prog_relink(struct xb_bpf_prog *prog);

/*
 * Whether the program can alter its packet: false only where it certainly does not. Looks at every
 * instruction.
 */
bool xb_prog_may_write(const struct xb_bpf_prog *prog);

/* The name of a program type as bpftool prints it; NULL out of range. */
const char *xb_prog_type_name(u32 type);

#endif
