/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * emu.h - Linux, as far as a network program and its loader can tell: bpf(2), objects, time,
 * chance.
 *
 * One emulator holds all state: maps, programs, BTFs, clock, random numbers. Several may live in
 * one process. It knows no packets: program types that have them (XDP, TC) register themselves with
 * their contexts, helpers and test runs (emu/prog.h).
 *
 * One thread at a time may use it, until xb_emu_concurrent_begin() (emu/vcpu.h): from then on a
 * thread for each vCPU may run programs, and any thread may call bpf(2).
 */
#ifndef XB_EMU_EMU_H
#define XB_EMU_EMU_H

#include "emu/lock.h"
#include "vm/err.h"
#include "vm/types.h"
#include "vm/vm.h"

#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>

#define XB_EMU_MAX_CPUS   256
#define XB_EMU_HELPER_MAX 256 /* helper numbers are below */

struct btf;
struct xb_emu;
struct xb_emu_vcpu;
struct xb_captured;
struct xb_playback;
struct xb_map;
struct xb_proc;
struct xb_helper;
struct xb_kfunc;
struct xb_prog_type;
struct xb_sock;
struct xb_world;
struct xb_world_sock;

/* One record that a program put out: a perf sample or a ring buffer record. */
struct xb_event {
	struct xb_map *map;
	struct xb_proc *proc; /* that put it out; NULL where a reader finds it */
	u32 cpu;
	const void *data; /* as a reader in user space gets it */
	u32 bytes;
	const void *more; /* packet bytes that follow (perf samples of packets), or NULL */
	u32 more_bytes;
};

/*
 * Where what a program says goes to. Each may be NULL. They are called in the midst of a run, so
 * for several vCPUs at the same time where they run concurrently: proc->vcpu says for which.
 */
struct xb_emu_hooks {
	void *arg;
	/* One bpf_printk: text without a newline at the end (cut by length, not terminated). */
	void (*printk)(void *arg, struct xb_proc *proc, const char *text, u32 bytes);
	/* One perf sample, when it is written. Ring buffers are read with xb_ringbuf_consume(). */
	void (*event)(void *arg, const struct xb_event *event);
	/*
	 * One record of a ring buffer, before a reader can see it: for who wants to know which run
	 * it is of. It stays in the buffer for its reader.
	 */
	void (*record)(void *arg, const struct xb_event *event);
	/* Whether a test run of many runs has to end; asked between some of them. */
	bool (*interrupted)(void *arg);
	/* A run that ended with a fault, proc->fault. */
	void (*fault)(void *arg, struct xb_proc *proc);
};

struct xb_emu_opts {
	u32 cpu_cnt;         /* possible CPUs, 1 to XB_EMU_MAX_CPUS; 0: 1 */
	u64 seed;            /* of random numbers and hash seeds */
	const char *pin_dir; /* directory that stands for bpffs; NULL: pins are kept in memory */
	u64 max_insns;       /* budget of a run; 0: XB_VM_MAX_INSNS */
	u64 arena_bytes;     /* 0: default */
	u32 frame_bytes, frame_cnt, max_tail_calls; /* see struct xb_vm_opts */
	enum xb_zeroing zeroing;
	bool strict;
};

/* A clock. Programs see realtime = now_ns, monotonic = boottime = now_ns - boot_ns. */
struct xb_clock {
	u64 now_ns;  /* since the epoch; set before each run */
	u64 boot_ns; /* since the epoch */
};

struct xb_emu {
	struct xb_vm *vm;
	struct xb_mem *mem;        /* vm->mem */
	struct xb_emu_vcpu *vcpus; /* emu/vcpu.h: cpu_cnt of them */
	bool concurrent;           /* vCPUs run at the same time: emu/vcpu.h */
	/* While not concurrent: something is to be done when the outermost run ends. */
	bool untidy;
	u32 runs; /* and programs that run now, one inside a helper of the other */
	u32 cpu_cnt;
	u64 seed;
	struct xb_clock clock; /* bpf(2)'s, and programs' while not concurrent */
	struct xb_emu_hooks hooks;
	char *pin_dir; /* or NULL */

	struct xb_obj_table *objs; /* emu/obj.h */
	struct xb_lock objs_lock;  /* over that, and the owners of maps */
	bool holders;              /* objects go with their last descriptor: emu/obj_sweep.h */
	u32 closed_cnt; /* whoever sets it counts closed descriptors: more, and it looks */
	u32 swept_cnt, swept_closed_cnt; /* its own */
	int first_fd; /* from where the emulator's own descriptors are numbered; 0: anywhere */
	struct xb_pin *pins;     /* emu/pin.h */
	struct xb_map **handles; /* emu/map.h: by handle index; 0 is unused */
	u32 handle_cnt;
	struct xb_region *handle_region;
	struct xb_map *gc_maps;      /* maps with values to free when the run ends */
	struct xb_map *run_end_maps; /* maps that have something to do then, of each vCPU */
	struct xb_lock gc_lock;      /* over gc_maps */

	const struct xb_helper *helpers[64]; /* registered tables, emu/helper.h */
	u32 helpers_cnt[64];
	u32 helper_tables;
	const struct xb_kfunc *kfuncs[16]; /* registered tables, emu/kfunc.h */
	u32 kfuncs_cnt[16];
	u32 kfunc_tables;
	u64 ctx_tables; /* of these, bits: those that work on proc->run */
	const struct xb_prog_type *prog_types[64]; /* by BPF_PROG_TYPE, emu/prog.h */
	void *type_state[64];       /* by BPF_PROG_TYPE: the type's own, see fini in emu/prog.h */
	struct xb_prog_list *progs; /* emu/prog.h's own */
	struct xb_btf_kernel *kernel_btf; /* what stands for the kernel's BTF, or NULL: emu/btf.h */
	struct btf *kernel_types;         /* parsed, or NULL: emu/btf.h's own */
	struct xb_lock kernel_types_lock; /* over that */
	struct xb_world *world;           /* emu/world.h; never NULL */
	/* emu/captured.h, by vCPU: what calls are recorded in, the owner's; what answers; or NULL.
	 */
	struct xb_captured *record[XB_EMU_MAX_CPUS];
	struct xb_playback *playback[XB_EMU_MAX_CPUS];
	bool any_target; /* programs that attach are loaded without a target, see emu/prog.h */
	bool watch;      /* programs that are loaded while it is set are watched */
	struct xb_sock *socks;           /* emu/sock.h: all of them */
	struct xb_world_sock *own_socks; /* emu/sock_own.h: own_sock_cnt of them, at a test run */
	u32 own_sock_cnt;
	struct xb_lock socks_lock;     /* over that list */
	struct xb_lock sock_maps_lock; /* of all maps of sockets: one may be in several */
	struct xb_timers *timers;      /* emu/timer.h's own, or NULL */
	struct xb_lock timers_lock;    /* over that */
	pthread_mutex_t sys;           /* over bpf(2), but for elements of maps; may nest */
	u64 epoch;                     /* emu/vcpu.h's own */
	bool own_task;    /* the current task is the thread that calls bpf(2): set by the owner */
	bool stats;       /* BPF_ENABLE_STATS was called: test runs are counted */
	bool interrupted; /* the last test run was */
	u64 missing_cmds; /* bit 1 << cmd: bpf(2) commands refused for not being emulated */
};

/* NULL and err where there is no memory. The hooks are set by the caller afterwards. */
struct xb_emu *xb_emu_new(const struct xb_emu_opts *opts, struct xb_err *err);

/* Frees everything it made; file descriptors that bpf(2) handed out stay open but mean nothing. */
void xb_emu_free(struct xb_emu *emu);

/*
 * bpf(2). `attr` has `bytes` bytes, as the caller of the system call gave them; pointers inside are
 * the host's. Returns what the system call would, or -errno. (cf. kernel/bpf/syscall.c: __sys_bpf)
 */
long xb_emu_bpf(struct xb_emu *emu, int cmd, union bpf_attr *attr, u32 bytes);

/* The name of a bpf(2) command, "MAP_CREATE"; NULL where it has none. */
const char *xb_emu_cmd_name(int cmd);

/*
 * Takes the place of the kernel for this thread's code that was linked with --wrap=syscall: bpf(2)
 * goes to emu, all else through. NULL ends it. Returns the one that it was, or NULL.
 */
struct xb_emu *xb_emu_enter(struct xb_emu *emu);

/* Whether a bpf(2) of this thread came to the emulator that it entered last. */
bool xb_emu_arrived(void);

#endif
