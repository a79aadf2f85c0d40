/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog.h - a program: checked, decoded, bound to its emulator, and never changed afterwards.
 *
 * The instructions come with every pseudo form of ldimm64 but BPF_PSEUDO_FUNC already resolved by
 * the emulator (src_reg 0, the value in the two imm fields): the machine does not know what a map
 * is. Slots of the decoded program are those of the original one, so a program counter means the
 * same in both; ldimm64 takes two.
 */
#ifndef XB_VM_PROG_H
#define XB_VM_PROG_H

#include "vm/err.h"
#include "vm/insn.h"
#include "vm/types.h"

struct xb_proc;
struct xb_prog;
struct xb_call;
struct xb_space;
struct xb_vm;

/* The longest program, in slots (cf. include/linux/bpf.h: BPF_COMPLEXITY_LIMIT_INSNS). */
#define XB_PROG_MAX_INSNS 1000000u

/* A function of the program, in order of pc. Strings belong to whoever made the program. */
struct xb_func {
	u32 pc; /* first slot */
	const char *name;
};

/* Where an instruction comes from, in order of pc; holds until the next entry. */
struct xb_line {
	u32 pc;
	u32 line, col; /* from 1 */
	const char *file;
	const char *text; /* the source line, or "" */
};

/*
 * Does a call: r[1] to r[5] are the arguments, the result becomes R0. A function that stops the
 * program calls xb_proc_fault() and returns anything. r[0] and r[6..10] are not to be touched.
 */
typedef u64 (*xb_call_fn)(struct xb_proc *proc, const struct xb_call *call, const u64 *r);

/* A call site, bound once when the program is loaded. */
struct xb_call {
	xb_call_fn fn;
	const char *name; /* for messages and disassembly */
	const void *data; /* the binder's own */
	u64 aux;          /* the binder's own */
	u8 reads;         /* bits 1 to 5: this register is an argument; for strict machines */
};

/* The emulator, as the machine sees it. All functions get the `emu` of struct xb_vm_opts. */
struct xb_vm_ops {
	/*
	 * Binds the call instruction at slot pc: src_reg 0 calls a helper by number,
	 * BPF_PSEUDO_KFUNC_CALL a kernel function by BTF id. `r1_const` is the constant that R1 is
	 * known to hold there, else 0. Returns 0 with *call filled, or -1 and err, which names what
	 * was called.
	 */
	int (*bind_call)(void *emu, const struct xb_prog *prog, u32 pc, u64 r1_const,
	                 struct xb_call *call, struct xb_err *err);
	/*
	 * What `bytes` (1, 2, 4, 8) at gaddr hold for good, read-only to the program and to
	 * everybody else. False where that may change. NULL: nothing is constant.
	 */
	bool (*load_const)(void *emu, u64 gaddr, u32 bytes, u64 *value);
	/*
	 * Legacy LD_ABS/LD_IND: loads `bytes` (1, 2, 4), wire order turned to host order, from
	 * packet offset `off`. False ends the program with R0 = 0. NULL: the instruction is refused
	 * at load.
	 */
	bool (*load_packet)(struct xb_proc *proc, s32 off, u32 bytes, u64 *value);
	/*
	 * Objects that are not memory alone, as their fields have rules of their own: contexts, and
	 * others. ctx_plain tells, when the program is loaded, whether an access of its context is
	 * as one of memory: it goes unchecked then. NULL: loads within ctx_bytes are.
	 * access_object does an access of which the shadow says that its bytes are not addressable:
	 * true where it loaded or stored *value, or stopped the program; false where gaddr is of no
	 * such object. An atomic access, which is the instruction's to tell, has no value: it can
	 * but stop the program. NULL: there are no such objects.
	 */
	bool (*ctx_plain)(const struct xb_prog *prog, const struct bpf_insn *insn, u32 off);
	bool (*access_object)(struct xb_proc *proc, const struct bpf_insn *insn, u64 gaddr,
	                      u64 *value);
	/*
	 * Instructions of the emulator's own, of one slot, of opcodes that the machine does not
	 * know. own_insn writes one as text into `text`: 1, or 0 where it is not its own either, or
	 * -1 and err where it is but has a field that it cannot have. Asked when a program is
	 * loaded, and by the disassembler. exec_own_insn executes it: it may change R0 to R9 in
	 * proc->r and memory, call back, and stop the program, which leaves the registers as they
	 * were. Nothing is known of registers behind it. NULL: there are none.
	 */
	int (*own_insn)(void *emu, const struct bpf_insn *insn, char *text, size_t bytes,
	                struct xb_err *err);
	void (*exec_own_insn)(struct xb_proc *proc, const struct bpf_insn *insn);
	/*
	 * An access of the program's second address space, which lies in `space` as far as it has a
	 * place there, met bytes that are not addressable. True where they have become so, and it
	 * is tried again. False: a load gives 0, anything else does nothing, and the program goes
	 * on. NULL: they never do.
	 */
	bool (*fill_space)(void *emu, const struct xb_space *space, u64 gaddr, u32 bytes);
	/* A run has ended with proc->fault. NULL: whoever ran it looks. */
	void (*faulted)(struct xb_proc *proc);
};

/*
 * A program's second address space. A pointer into it is 32 bits wide, the rest of its register is
 * 0; addr_space_cast makes it of an address that somebody else knows the place by, and back.
 * `bytes` from the number `first` on are guest memory; accesses are checked there as everywhere,
 * but what is not addressable does not stop the program: see xb_vm_ops.fill_space.
 */
struct xb_space {
	u64 gaddr, bytes; /* of a region of its own */
	u32 first;
	u64 high;   /* upper half of what a pointer becomes outside, unless it is 0 */
	void *user; /* the emulator's own */
};

struct xb_prog_opts {
	const char *name;             /* copied */
	const struct bpf_insn *insns; /* copied */
	u32 insn_cnt;                 /* slots */
	const struct xb_func *funcs;  /* kept, must outlive the program; may be NULL */
	u32 func_cnt;
	const struct xb_line *lines; /* kept, must outlive the program; may be NULL */
	u32 line_cnt;
	u32 ctx_bytes;                /* bytes from R1 on that every run's context has; 0: none */
	bool may_load_packet;         /* LD_ABS/LD_IND are allowed */
	const struct xb_space *space; /* copied; NULL: no second address space, and no casts */
	void *user;                   /* the emulator's own, see xb_prog_user() */
};

/*
 * Checks, decodes and binds. The error names slot, function and source line of the first fault
 * found: "insn 17 (fw.bpf.c:33): jump out of range".
 */
struct xb_prog *xb_prog_new(struct xb_vm *vm, const struct xb_prog_opts *opts, struct xb_err *err);

/* NULL is allowed. No process may be running it. */
void xb_prog_free(struct xb_prog *prog);

const char *xb_prog_name(const struct xb_prog *prog);
void *xb_prog_user(const struct xb_prog *prog);

/*
 * How many bytes a context must have for the accesses of it that can be reached, as far as they are
 * known when a program is loaded (cf. struct bpf_prog_aux: max_ctx_offset).
 */
u32 xb_prog_ctx_end(const struct xb_prog *prog);

/* The original instructions, as given (and count of slots). */
const struct bpf_insn *xb_prog_insns(const struct xb_prog *prog, u32 *cnt);

/* The function that slot pc is in, or the program's name where it came without; never NULL. */
const char *xb_prog_func_name(const struct xb_prog *prog, u32 pc);

/* The source line of slot pc, or NULL where the program has none. */
const struct xb_line *xb_prog_line(const struct xb_prog *prog, u32 pc);

/* The bound call of slot pc, or NULL where it is no helper or kfunc call. */
const struct xb_call *xb_prog_call(const struct xb_prog *prog, u32 pc);

/* Whether slot pc is an instruction of the emulator's own, see struct xb_vm_ops. */
bool xb_prog_is_own(const struct xb_prog *prog, u32 pc);

/*
 * Whether a value is the address of a function, as a BPF_PSEUDO_FUNC of the program loads it. A
 * number made up is none: what is known of a function's arguments rests on that.
 */
bool xb_prog_is_func(const struct xb_prog *prog, u64 addr);

/*
 * Writes the instruction at pc as text, in the kernel verifier's syntax ("r1 = *(u32 *)(r6 +4)").
 * Returns slots taken (1 or 2).
 */
u32 xb_prog_disasm(const struct xb_prog *prog, u32 pc, char *buf, size_t bytes);

#endif
