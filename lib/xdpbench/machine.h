/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h - a BPF machine: memory that programs share, programs, and how their runs are bounded.
 *
 * A machine has an emulator, which stands for the operating system around its programs: Linux
 * (xdpbench/linux.h), or a table of one's own (xdpbench/emulator.h). Programs are added to it, and
 * run as processes (xdpbench/process.h), one at a time on each of its virtual CPUs.
 *
 * All addresses that programs use are the guest's: offsets into one area of memory, of which every
 * byte that a program may touch is known. They are the same from run to run.
 *
 * Functions that can fail take a struct xb_err as their last argument, return -1 (NULL where they
 * make something), and leave everything as it was. Options are structures whose first member is
 * their size: set it to sizeof; members that are zero take their defaults.
 */
#ifndef XDPBENCH_MACHINE_H
#define XDPBENCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xdpbench/err.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct bpf_insn;
struct xb_emulator;
struct xb_machine;
struct xb_program;

/* When memory that is handed out again is zeroed. */
enum xb_zeroing {
	/*
	 * Stack frames of functions that look at theirs, values and records where Linux does: what
	 * a program that Linux accepts can see is never another one's.
	 */
	XB_ZERO_NEEDED,
	XB_ZERO_ALWAYS, /* every frame, value, record and buffer, whenever it is used again */
};

struct xb_machine_opts {
	size_t size; /* sizeof(struct xb_machine_opts) */
	/*
	 * Taken over: freed with the machine, and where that cannot be made; unless `size` is not
	 * set, or it is another machine's already. NULL: programs can call nothing.
	 */
	struct xb_emulator *emulator;
	uint32_t vcpu_cnt;    /* 1 to 256, which are Linux's CPUs; 0: 1 */
	uint32_t frame_bytes; /* of a stack frame, 16 to 4096, a multiple of 8; 0: 512 */
	uint32_t frame_cnt;   /* frames of calls within each other, 1 to 64; 0: 8 */
	uint64_t max_insns;   /* instructions in a run before it is stopped; 0: 10,000,000 */
	enum xb_zeroing zeroing;
	/*
	 * Refuses loads of stack bytes and uses of registers that were never written, with a fault,
	 * as Linux refuses programs in which it finds one; and zeroes always. Runs are many times
	 * slower.
	 */
	bool strict;
};

/*
 * A machine, NULL and err where an option is out of range, the emulator refuses to be attached, or
 * there is no memory.
 */
struct xb_machine *xb_machine_new(const struct xb_machine_opts *opts, struct xb_err *err);

/*
 * Frees the machine, its programs, its memory and its emulator. Processes and pools are to be freed
 * before: none of their functions may be called afterwards. NULL is allowed.
 */
void xb_machine_free(struct xb_machine *machine);

uint32_t xb_machine_vcpu_cnt(const struct xb_machine *machine);

/* The emulator it was made with, or NULL. */
struct xb_emulator *xb_machine_emulator(const struct xb_machine *machine);

struct xb_program_opts {
	size_t size;      /* sizeof(struct xb_program_opts) */
	const char *name; /* up to 63 characters are kept; NULL: "" */
	const struct bpf_insn *insns;
	uint32_t insn_cnt; /* slots of 8 bytes: ldimm64 has two; up to 1,000,000 */
	uint32_t type;     /* BPF_PROG_TYPE_*, of those that Linux has; of no meaning to others */
	uint32_t expected_attach_type; /* BPF_* of enum bpf_attach_type */
	const char *license;           /* NULL: "GPL" */
	/*
	 * Of emulators of one's own: bytes from R1 on that every context has, so that loads of them
	 * need no check. A context of type generic that has fewer is refused.
	 */
	uint32_t ctx_bytes;
	/*
	 * BPF_F_* as BPF_PROG_LOAD takes them: BPF_F_SLEEPABLE, BPF_F_XDP_HAS_FRAGS and so on.
	 * Those that are for Linux's verifier alone (BPF_F_STRICT_ALIGNMENT) change nothing. Of no
	 * meaning to emulators of one's own.
	 */
	uint32_t flags;
};

/*
 * Adds a program from its instructions: checks, resolves and decodes it. The machine owns it. NULL
 * and err, which names instruction, function and source line, where it cannot be loaded.
 *
 * With Linux this is what BPF_PROG_LOAD does: maps are named by the descriptors that the emulator
 * gave out.
 */
struct xb_program *xb_machine_add_program(struct xb_machine *machine,
                                          const struct xb_program_opts *opts, struct xb_err *err);

/* The next program after `prev` in the order they were added, NULL: the first; NULL at the end. */
struct xb_program *xb_machine_next_program(const struct xb_machine *machine,
                                           const struct xb_program *prev);

/* The first program of a name; NULL where there is none. */
struct xb_program *xb_machine_find_program(const struct xb_machine *machine, const char *name);

const char *xb_program_name(const struct xb_program *program);

/* BPF_PROG_TYPE_* that it was added with. */
uint32_t xb_program_type(const struct xb_program *program);

/* Its instructions as they are executed, and how many slots; owned by the program. */
const struct bpf_insn *xb_program_insns(const struct xb_program *program, uint32_t *cnt);

/* Where an instruction comes from. Strings are the program's. */
struct xb_source_line {
	const char *function;
	const char *file;   /* NULL where the program has no line information */
	const char *text;   /* the line itself, or "" */
	uint32_t line, col; /* from 1; 0 where not known */
};

/* The source of the instruction in slot insn; behind the last slot there is none. */
void xb_program_source(const struct xb_program *program, uint32_t insn,
                       struct xb_source_line *source);

/*
 * Writes the instruction in a slot as text, in the syntax of the kernel's verifier: "r1 = *(u32
 * *)(r6 +4)". Returns how many slots it takes, 1 or 2; 0 where there is no such slot.
 */
uint32_t xb_program_disasm(const struct xb_program *program, uint32_t insn, char *buf,
                           size_t bytes);

/* What loads and stores of programs may do with memory: read it, or read and write it. */
enum xb_access { XB_ACCESS_READ = 1, XB_ACCESS_WRITE = 2 };

/*
 * Memory whose loads and stores the host does itself. Both return 0, or an error number (of either
 * sign) that stops the program with a fault; a missing one refuses all accesses of its kind.
 * Accesses come from the thread that runs the program, have 1, 2, 4 or 8 bytes and lie within the
 * object. An atomic instruction is a load and a store; a buffer that a helper is given is loaded
 * before, and stored after it.
 */
struct xb_memory_ops {
	int (*load)(void *arg, uint64_t off, uint32_t bytes, uint64_t *value);
	int (*store)(void *arg, uint64_t off, uint32_t bytes, uint64_t value);
	/* Called when the memory is unmapped; or NULL. */
	void (*unmap)(void *arg);
};

struct xb_memory_opts {
	size_t size;      /* sizeof(struct xb_memory_opts) */
	const char *name; /* for messages, cut at 47 characters; NULL: "memory" */
	uint64_t bytes;   /* at least 1 */
	uint32_t access;  /* XB_ACCESS_READ, with or without XB_ACCESS_WRITE */
	bool low;         /* the address has to fit into 32 bits */
	/*
	 * A buffer of the caller's, of `bytes`, that programs load from and store to: it stays
	 * where it is, and has to until it is unmapped. NULL: memory of the machine's own, zeroed,
	 * see xb_machine_host().
	 */
	void *buffer;
	const struct xb_memory_ops *ops; /* in place of memory; copied; or NULL */
	void *arg;                       /* handed to ops */
};

/*
 * Makes memory addressable by programs, exactly `bytes` of it, with memory that is not on either
 * side. 0 and its address; -1 and err where an option is out of range or there is no room.
 */
int xb_machine_map(struct xb_machine *machine, const struct xb_memory_opts *opts, uint64_t *gaddr,
                   struct xb_err *err);

/*
 * Takes back what xb_machine_map() mapped at this address, while no program accesses it; -1 and err
 * where that was nothing.
 */
int xb_machine_unmap(struct xb_machine *machine, uint64_t gaddr, struct xb_err *err);

/*
 * Where the host has `bytes` of guest memory, all of which programs may read; NULL where they may
 * not, and for what xb_memory_opts.buffer or .ops stand behind. Valid until that memory is unmapped
 * or freed.
 */
void *xb_machine_host(const struct xb_machine *machine, uint64_t gaddr, uint64_t bytes);

/*
 * Copies bytes out of or into guest memory that programs may read, or write, also of memory that
 * the host stands behind. -1 and err, which says what lies there, where a byte of it is not;
 * nothing is copied then. -1 and err also where a function of struct xb_memory_ops fails; what came
 * before is copied then.
 */
int xb_machine_read(const struct xb_machine *machine, uint64_t gaddr, void *to, uint64_t bytes,
                    struct xb_err *err);
int xb_machine_write(struct xb_machine *machine, uint64_t gaddr, const void *from, uint64_t bytes,
                     struct xb_err *err);

/* Memory that belongs together: a packet buffer, a stack, the values of one map. */
struct xb_memory_info {
	char name[48];  /* of one object in it: "packet", "value of map 'flows'" */
	uint64_t gaddr; /* of the region */
	uint64_t bytes; /* of the region, whether programs may touch all of them or not */
	bool custom;    /* the host stands behind it: xb_memory_opts.buffer or .ops */
	bool opaque;    /* a context and the like: the emulator has rules for every field */
	/* Of xb_machine_lookup(): the object at the address, which has no gap in it. */
	uint64_t object_gaddr, object_bytes;
	uint64_t offset; /* of the address in that object */
	uint32_t access; /* enum xb_access; 0 where it is opaque */
};

/* What lies at a guest address: 0 and *info; or -1, where nothing does. */
int xb_machine_lookup(const struct xb_machine *machine, uint64_t gaddr,
                      struct xb_memory_info *info);

/*
 * The region with the lowest address from `from` on: 0 and *info; -1 where there is none. The next
 * one is at or behind info->gaddr + info->bytes.
 */
int xb_machine_next_region(const struct xb_machine *machine, uint64_t from,
                           struct xb_memory_info *info);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
