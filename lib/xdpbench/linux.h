/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * linux.h - the Linux emulator: bpf(2), maps, helpers, time, chance, and the network around.
 *
 *   struct xb_linux *lx = xb_linux_new(&linux_opts, &err);
 *   struct xb_machine *machine = xb_machine_new(&(struct xb_machine_opts){
 *           .size = sizeof(struct xb_machine_opts), .emulator = xb_linux_emulator(lx) }, &err);
 *
 * The machine takes it over: it lives as long as the machine does. Until it is a machine's, only
 * xb_linux_emulator() and xb_linux_free() may be called. Errors of bpf(2) are the kernel's, as
 * negative numbers.
 */
#ifndef XDPBENCH_LINUX_H
#define XDPBENCH_LINUX_H

#include "xdpbench/helper.h"
#include "xdpbench/machine.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

union bpf_attr;
struct xb_linux;
struct xb_linux_map;

struct xb_linux_opts {
	size_t size;             /* sizeof(struct xb_linux_opts) */
	uint64_t seed;           /* of random numbers and hash seeds */
	uint64_t now_ns;         /* of the realtime clock, since the epoch */
	uint64_t boot_ns;        /* when the machine was booted, since the epoch */
	uint32_t max_tail_calls; /* of a run; 0: 33, as Linux */
	uint32_t perf_bytes; /* of the buffer that a perf event array has for each CPU; 0: 64 KiB */
	/*
	 * Programs that are loaded can have their calls answered by a context of type captured. It
	 * makes every call slower.
	 */
	bool watch_calls;
	/*
	 * Directory of files that stands for bpffs: maps that were saved there are found, see
	 * xb_linux_save_pins(). NULL: pins are kept in memory.
	 */
	const char *pin_dir;
	const char *world; /* the network around, JSON text; NULL: loopback alone */
	size_t world_bytes;
};

struct xb_linux *xb_linux_new(const struct xb_linux_opts *opts, struct xb_err *err);

/* Frees one that no machine has taken over. NULL is allowed. */
void xb_linux_free(struct xb_linux *lx);

/* For struct xb_machine_opts. */
struct xb_emulator *xb_linux_emulator(struct xb_linux *lx);

/* The emulator of a machine; NULL where that is another one. */
struct xb_linux *xb_linux_of(const struct xb_machine *machine);

/*
 * bpf(2). `attr` has `bytes` bytes. Returns what the system call would, or -errno. Descriptors are
 * real ones, and closed with close(2).
 */
long xb_linux_bpf(struct xb_linux *lx, int cmd, union bpf_attr *attr, uint32_t bytes);

/*
 * Writes pinned maps of plain values to pin_dir, one file each, where the next emulator with that
 * directory finds them under the same names; nothing where there is no pin_dir. -1 and err where a
 * file cannot be written. Not while a pool runs.
 */
int xb_linux_save_pins(struct xb_linux *lx, struct xb_err *err);

/*
 * There are two ways to load with libbpf: xb_linux_enter() and xb_linux_load_object(). Of both:
 * what bpf(2) can do libbpf finds out by trying, once in a process, and remembers for good. Where
 * it has asked the kernel before, which is old or refused, it believes the same of the emulator,
 * and the other way round: load into both from processes of their own.
 */

/*
 * Takes the kernel's place for this thread: bpf(2) that libbpf calls goes to the emulator, all else
 * through. Works where libbpf's calls come by: a shared libbpf and the shared libxdpbench, or
 * everything static with the linker's options that pkg-config --static tells. NULL ends it, which
 * is to be before the machine goes.
 */
void xb_linux_enter(struct xb_linux *lx);

/*
 * The clock of all programs, in nanoseconds since the epoch, and when the machine was booted. Time
 * stands still while a program runs. Not while a program runs in a pool.
 */
void xb_linux_set_clock(struct xb_linux *lx, uint64_t now_ns, uint64_t boot_ns);

/*
 * Loads an object file with all its programs and maps, which then are the machine's: programs are
 * found by xb_machine_find_program(), maps by xb_linux_map_find(), both by their whole names.
 * `image` is copied; `name` is for messages, and of it libbpf makes names of maps of variables;
 * NULL: "object". -1 and err where the file is malformed, or a part cannot be loaded: nothing of it
 * is there then.
 */
int xb_linux_load_object(struct xb_linux *lx, const void *image, size_t bytes, const char *name,
                         struct xb_err *err);

/* The machine's program with this descriptor; NULL where it is none of the emulator's. */
struct xb_program *xb_linux_program_by_fd(struct xb_linux *lx, int fd);
/* A descriptor of the program, owned by it. */
int xb_linux_program_fd(const struct xb_program *program);

struct xb_linux_map_opts {
	size_t size;      /* sizeof(struct xb_linux_map_opts) */
	uint32_t type;    /* BPF_MAP_TYPE_* */
	const char *name; /* up to 15 letters, digits, dots and '_'; NULL: "" */
	uint32_t key_size, value_size, max_entries, flags;
	uint64_t map_extra;
	const struct xb_linux_map *inner; /* template of a map of maps; or NULL */
};

/*
 * Makes a map. NULL and err, of kind XB_ERR_LOAD, with the kernel's error where Linux would refuse
 * it.
 */
struct xb_linux_map *xb_linux_map_create(struct xb_linux *lx, const struct xb_linux_map_opts *opts,
                                         struct xb_err *err);

/*
 * A map by its name, by its id, and by a descriptor; NULL where there is none. Of an object's maps
 * the name is that of its source, however long, and ".data", ".bss", ".rodata" for variables; of
 * several with one name it is the oldest. A map has one handle, which whoever asks for it shares:
 * each of them closes it once.
 */
struct xb_linux_map *xb_linux_map_find(struct xb_linux *lx, const char *name);
struct xb_linux_map *xb_linux_map_by_id(struct xb_linux *lx, uint32_t id);
struct xb_linux_map *xb_linux_map_by_fd(struct xb_linux *lx, int fd);

/*
 * A map that stands for a live one of the kernel's, given by its pin path, or by its id where path
 * is NULL: what a program here stores, programs there see. Maps that can be mapped are shared as
 * memory; of all others values are fetched when they are looked up, and written back when the run
 * ends. Not while a pool runs. NULL
 * and err where the kernel refuses, or maps of the type cannot be shared.
 */
struct xb_linux_map *xb_linux_map_open_kernel(struct xb_linux *lx, const char *path, uint32_t id,
                                              struct xb_err *err);

/*
 * Gives the caller's hold on a handle up: with the last one the handle, its descriptor, and what it
 * listens to, are gone. The map itself stays, and can be found again, until the machine goes, which
 * takes all handles along. NULL is allowed.
 */
void xb_linux_map_close(struct xb_linux_map *map);

/* What a map is. */
struct xb_linux_map_info {
	uint32_t type, id, key_size, value_size, max_entries, flags;
	uint64_t map_extra;
	char name[16];
	/*
	 * Bytes of a value as the functions below move it: value_size; of per-CPU types value_size
	 * rounded up to 8, for each CPU.
	 */
	uint32_t value_bytes;
};

void xb_linux_map_get_info(const struct xb_linux_map *map, struct xb_linux_map_info *info);

/* A descriptor of the map, owned by it. */
int xb_linux_map_fd(const struct xb_linux_map *map);

/*
 * As bpf(2) does: 0 or -errno, which is -524 (ENOTSUPP) where Linux has no such operation for the
 * type. `value` has value_bytes. Queues and stacks take and give values without a key: NULL.
 */
int xb_linux_map_lookup(struct xb_linux_map *map, const void *key, void *value, uint64_t flags);
int xb_linux_map_update(struct xb_linux_map *map, const void *key, const void *value,
                        uint64_t flags);
int xb_linux_map_delete(struct xb_linux_map *map, const void *key);
int xb_linux_map_take(struct xb_linux_map *map, const void *key, void *value, uint64_t flags);
/* The key after `key`, NULL: the first; -ENOENT after the last. */
int xb_linux_map_next_key(struct xb_linux_map *map, const void *key, void *next);
/*
 * The value of one CPU, of value_size bytes, of per-CPU types; -EINVAL for others, and where there
 * is no such CPU. An update keeps what the other CPUs have, zero where the element is new: what
 * they store while it lasts may be lost.
 */
int xb_linux_map_lookup_cpu(struct xb_linux_map *map, const void *key, uint32_t cpu, void *value);
int xb_linux_map_update_cpu(struct xb_linux_map *map, const void *key, uint32_t cpu,
                            const void *value, uint64_t flags);

/*
 * Maps and programs that are values of maps: 0 or -errno, which is -ENOENT where nothing is there,
 * and -EINVAL where values of the map are none, or what is put in is NULL or another machine's.
 * *inner is a hold, see xb_linux_map_close().
 */
int xb_linux_map_lookup_map(struct xb_linux_map *map, const void *key, struct xb_linux_map **inner);
int xb_linux_map_update_map(struct xb_linux_map *map, const void *key, struct xb_linux_map *inner,
                            uint64_t flags);
int xb_linux_map_lookup_program(struct xb_linux_map *map, const void *key,
                                struct xb_program **program);
int xb_linux_map_update_program(struct xb_linux_map *map, const void *key,
                                struct xb_program *program, uint64_t flags);

/* A record of a ring buffer, or a sample of a perf event array. */
struct xb_linux_record {
	struct xb_linux_map *map;
	uint32_t cpu;  /* of perf event arrays */
	uint64_t lost; /* of these: samples that found no room before this one */
	const void *data;
	size_t bytes;
};

/*
 * Puts a reader on every CPU's slot of a perf event array, so that programs find one: 0 or -errno.
 * It is there as long as the handle. Ring buffers need none: -EINVAL, as for all other types.
 */
int xb_linux_map_listen(struct xb_linux_map *map);

/*
 * Hands what is in a ring buffer or a perf event array to fn, oldest first, and takes it out; the
 * record is valid during the call. Samples are padded with zeros as Linux does, so that 4 and their
 * size are a multiple of 8. Returns how many were taken; -EINVAL for other types, and where nobody
 * listens.
 */
long xb_linux_map_read(struct xb_linux_map *map,
                       void (*fn)(void *arg, const struct xb_linux_record *record), void *arg);

/*
 * Called for each bpf_printk, on the thread that runs the program: text without a newline at its
 * end, not terminated, valid during the call. `process` is NULL in runs of BPF_PROG_TEST_RUN. A
 * NULL fn: nobody. Not while a pool runs.
 */
void xb_linux_on_printk(struct xb_linux *lx,
                        void (*fn)(void *arg, struct xb_process *process, const char *text,
                                   size_t bytes),
                        void *arg);

/*
 * Adds a helper, or a kernel function, or puts one in the place of what there was, of the emulator
 * or of the caller: for programs that are loaded afterwards, of the types that it names; up to 256
 * of either. -1 and err, of kind XB_ERR_USAGE, where a name or an argument's kind will not do; it
 * is not released then. Not while a pool runs.
 */
int xb_linux_add_helper(struct xb_linux *lx, const struct xb_helper_opts *opts, struct xb_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
