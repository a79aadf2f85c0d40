/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.h - maps: one structure, one table of operations per type.
 *
 * Values live in guest memory, in regions of the map, each addressable for exactly value_size bytes
 * and (but in mmapable arrays, whose layout Linux fixes) with a red zone before the next. A value
 * that is deleted stays as it is until the run ends (xb_emu_run_end). Operations take keys and
 * values as host pointers that the caller has checked, and give values as guest addresses, 0 for
 * none. They return 0 or the kernel's -errno.
 *
 * A program holds a map by its handle, a guest address that nothing can be loaded from.
 *
 * While vCPUs run concurrently, operations of a type with XB_MAP_LOCKED are called under map->lock
 * (emu/map_op.h); the functions below take it themselves. What a lookup of a type with
 * XB_MAP_FREE_LOOKUP passes is published with release stores, so that it needs no lock.
 */
#ifndef XB_EMU_MAP_H
#define XB_EMU_MAP_H

#include "emu/btf_fields.h"
#include "emu/emu.h"
#include "emu/obj.h"

#include <stddef.h>

struct xb_bpf_prog;
struct xb_btf;
struct xb_perf_event;

#define XB_MAP_HANDLE_BYTES 64

/* BPF_MAP_TYPE_*, later than some installed headers */
#define XB_MAP_TYPE_CGRP_STORAGE 32
#define XB_MAP_TYPE_ARENA        33

struct btf;

/* Called for an element; `value` is its guest address. Non-zero stops the iteration. */
typedef int (*xb_map_each_fn)(void *arg, struct xb_map *map, const void *key, u64 value);

struct xb_map_ops {
	const char *name;   /* as bpftool prints it: "percpu_array" */
	const char *source; /* kernel file that defines it: "kernel/bpf/arraymap.c" */
	u32 flags;          /* XB_MAP_* below */
	/* Refuses attributes with -errno (cf. map_alloc_check), before anything is made. */
	int (*check)(const union bpf_attr *attr);
	/* Makes what the type needs in map->priv and regions; all of struct xb_map above is filled.
	 */
	int (*alloc)(struct xb_map *map);
	void (*free)(struct xb_map *map);
	/* For programs (LRU: counts as a use). `cpu` picks the value of per-CPU types. */
	u64 (*lookup)(struct xb_map *map, const void *key, u32 cpu);
	/* For bpf(2): as lookup without side effects; NULL: lookup serves. */
	u64 (*lookup_sys)(struct xb_map *map, const void *key, u32 cpu);
	/* `value` has value_size bytes and goes to `cpu`'s copy in per-CPU types. */
	int (*update)(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu);
	int (*remove)(struct xb_map *map, const void *key);
	/* NULL key: the first. -ENOENT after the last. An unknown key: the kernel's choice. */
	int (*next_key)(struct xb_map *map, const void *key, void *next);
	int (*push)(struct xb_map *map, const void *value, u64 flags);
	int (*pop)(struct xb_map *map, void *value);
	int (*peek)(struct xb_map *map, void *value);
	/*
	 * Types whose values are descriptors or structures of the kernel's (prog arrays,
	 * map-in-map, devmaps...): update and read as bpf(2) does; NULL: update and lookup serve.
	 */
	int (*update_sys)(struct xb_map *map, const void *key, const void *value, u64 flags);
	int (*read_sys)(struct xb_map *map, const void *key, void *value);
	/* Maps what lives in the memfd, once the map has it; NULL: nothing does. */
	int (*publish)(struct xb_map *map);
	/* Refuses types of key and value (key_id 0: none given); NULL: a key type must be given. */
	int (*check_btf)(const struct xb_map *map, const struct btf *btf, u32 key_id, u32 value_id);
	/*
	 * The key of the element whose value, of CPU 0, is at `value`; of an array it is put to
	 * *idx. NULL where there is no element there. Types that may have timers have it.
	 */
	const void *(*key_of)(const struct xb_map *map, u64 value, u32 *idx);
	/* As xb_map_for_each(); NULL: -EINVAL. */
	long (*for_each)(struct xb_map *map, u32 cpu, xb_map_each_fn fn, void *arg);
	/*
	 * Commands of bpf(2), which may be made through the descriptor, when elements are not the
	 * emulator's; `attr` is its copy. NULL: the functions above serve.
	 */
	long (*sys)(struct xb_map *map, int cmd, union bpf_attr *attr);
	/* A vCPU's outermost run ends; for maps that xb_map_on_run_end() was called for. */
	void (*run_end)(struct xb_map *map, u32 vcpu);
};

enum {
	XB_MAP_PERCPU = 1 << 0, /* values per CPU; bpf(2) moves round_up(value_size, 8) a CPU */
	XB_MAP_NO_PROG_LOOKUP = 1 << 1, /* map_lookup_elem is not for programs */
	XB_MAP_OF_FDS = 1 << 2,         /* value is a descriptor in, an id out */
	XB_MAP_OF_MAPS = 1 << 3,        /* values are maps; needs an inner_map_fd */
	XB_MAP_BATCH = 1 << 4,          /* has LOOKUP_BATCH and UPDATE_BATCH */
	XB_MAP_BATCH_DELETE = 1 << 5,   /* has DELETE_BATCH */
	XB_MAP_BUCKETS =
	        1 << 6,        /* a hash table: batches go by bucket, LOOKUP_AND_DELETE_BATCH too */
	XB_MAP_TAKE = 1 << 7,  /* has LOOKUP_AND_DELETE_ELEM (queues: pop) */
	XB_MAP_EXTRA = 1 << 8, /* map_extra is for it */
	XB_MAP_VALUE_ASKS = 1 << 9, /* LOOKUP_ELEM asks for the value it is given */
	XB_MAP_OF_SOCKS =
	        1 << 10, /* values are sockets: what a program gives update() is a struct xb_sock */
	XB_MAP_LOCKED = 1 << 11,      /* operations change what others look at */
	XB_MAP_FREE_LOOKUP = 1 << 12, /* but a program's lookup may run beside them */
	XB_MAP_RUN_VALUES =
	        1 << 13, /* addresses of values are good for one run: none in instructions */
};

/* What an entry of DEVMAP, DEVMAP_HASH, CPUMAP or XSKMAP leads to. */
struct xb_map_target {
	u32 index;                /* ifindex, CPU number, or socket's number */
	u32 qsize;                /* of CPUMAP */
	struct xb_bpf_prog *prog; /* that runs there, or NULL */
};

/*
 * Which programs a map that holds programs takes, once the first has come (cf. kernel/bpf/core.c:
 * __bpf_prog_map_compatible).
 */
struct xb_map_owner {
	bool set, has_frags;
	u32 type, attach_type;
};

struct xb_map {
	struct xb_obj obj;
	struct xb_emu *emu;
	const struct xb_map_ops *ops;
	void *priv;                  /* the type's own */
	struct xb_lock *lookup_lock; /* of lookups by programs; NULL: none, or not concurrent */
	struct xb_lock *lock;        /* the same for all operations */
	u32 type, key_size, value_size, max_entries, flags;
	u32 map_extra_lo; /* low half of map_extra */
	u64 map_extra;
	char name[16];
	u32 ifindex;
	struct xb_btf *btf; /* or NULL */
	u32 btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
	u64 handle;          /* guest address that programs hold */
	bool frozen;         /* bpf(2) may not write any more */
	bool no_prog_writes; /* programs may not write, whatever the flags say */
	u32 spin_lock_off;   /* of a bpf_spin_lock in the value */
	bool has_spin_lock;
	struct xb_specials specials; /* fields of the value that only helpers touch */
	struct xb_map *inner;        /* template of map-in-map */
	struct xb_map_owner owner;
	struct xb_lock own_lock;
	struct xb_map *gc_next, *run_end_next;
	bool gc_queued;
	/* Frees what was deleted during the run; NULL: nothing to do. */
	void (*gc)(struct xb_map *map);
};

/* The operations of a map type, or NULL where it is not emulated. */
const struct xb_map_ops *xb_map_ops_of(u32 type);

/* The name of a map type as bpftool prints it, emulated or not; NULL for numbers out of range. */
const char *xb_map_type_name(u32 type);

/*
 * The attributes of BPF_MAP_CREATE end behind map_extra with value_type_btf_obj_fd and
 * map_token_fd, which an older uapi header lacks.
 */
#define XB_MAP_CREATE_BYTES                                                                        \
	(offsetof(union bpf_attr, map_extra) + sizeof(((union bpf_attr *)0)->map_extra) + 8)

/* BPF_MAP_CREATE (cf. kernel/bpf/syscall.c: map_create). A descriptor or -errno. */
int xb_map_create(struct xb_emu *emu, const union bpf_attr *attr, u32 bytes);

/*
 * The BPF_MAP_* commands on elements, single and batch, MAP_FREEZE, LOOKUP_AND_DELETE; everything
 * with a map_fd but creation and information. Returns -errno like the kernel.
 */
long xb_map_sys(struct xb_emu *emu, int cmd, union bpf_attr *attr, u32 bytes);

/*
 * For the bench and the helpers, as bpf(2) would, but with host pointers: value of `value_bytes`,
 * which is value_size, or round_up(value_size, 8) * cpu_cnt for per-CPU types
 * (xb_map_sys_value_bytes).
 */
u32 xb_map_sys_value_bytes(const struct xb_map *map);
int xb_map_read(struct xb_map *map, const void *key, void *value);
int xb_map_write(struct xb_map *map, const void *key, const void *value, u64 flags);
int xb_map_next_key(struct xb_map *map, const void *key, void *next);

/*
 * What the entry of a redirect map leads to, or NULL where it is empty or the map is of another
 * type.
 */
const struct xb_map_target *xb_map_target(struct xb_map *map, u64 key);

/* XSKMAP: puts an emulated AF_XDP socket, known by its number, into a slot; -errno as an update. */
int xb_xskmap_set(struct xb_map *map, u32 key, u32 socket);

/*
 * Whether prog may be put into the map, or use it; the first to ask decides which are alike. True
 * for maps that hold no programs. BPF_PROG_LOAD asks for each map of a program and refuses with
 * -EINVAL (cf. kernel/bpf/core.c: bpf_check_tail_call, bpf_prog_map_compatible).
 */
bool xb_map_prog_compatible(struct xb_map *map, const struct xb_bpf_prog *prog);

/*
 * CGROUP_ARRAY: the id of the cgroup in a slot: 0, -E2BIG, -EAGAIN where it is empty (cf.
 * net/core/filter.c: bpf_skb_under_cgroup). Puts one in by its id, which need not be this
 * machine's: 0, -E2BIG, -EINVAL for 0 or a map of another type.
 */
int xb_cgroup_array_get(const struct xb_map *map, u32 idx, u64 *id);
int xb_cgroup_array_set(struct xb_map *map, u32 idx, u64 id);

/* CGROUP_STORAGE and PERCPU_CGROUP_STORAGE. */
bool xb_map_is_cgroup_storage(const struct xb_map *map);
/*
 * Makes the value that bpf_get_local_storage() gives from now on: that of a cgroup and attach type,
 * which is made of zeroes where there was none (as attaching a program does). 0, -ENOMEM, -EINVAL
 * for maps of other types.
 */
int xb_cgroup_storage_use(struct xb_map *map, u64 cgroup, u32 attach_type);
/*
 * In its place on one vCPU until the end: one of zeroes that no key leads to, as each test run has.
 * 0, -ENOMEM.
 */
int xb_cgroup_storage_begin(struct xb_map *map, u32 vcpu);
void xb_cgroup_storage_end(struct xb_map *map, u32 vcpu);
/* The guest address of what is in use, a new one if nothing was; 0: no memory. */
u64 xb_cgroup_storage_value(struct xb_map *map, u32 cpu);

/* PROG_ARRAY: the program in a slot, or NULL. */
struct xb_bpf_prog *xb_prog_array_get(struct xb_map *map, u64 index);

/* PERF_EVENT_ARRAY: opens (closes) an emulated reader for each CPU's slot, as a perf buffer does.
 */
int xb_perf_array_open(struct xb_map *map);
void xb_perf_array_close(struct xb_map *map);
/*
 * Whether slot `index` has a reader, and of which CPU: 0, -E2BIG, -ENOENT (cf.
 * kernel/trace/bpf_trace.c: __bpf_perf_event_output).
 */
int xb_perf_array_slot(const struct xb_map *map, u64 index, u32 *cpu);
/* The emulated event in slot `index`, or NULL: samples go to the event hook. */
struct xb_perf_event *xb_perf_array_event(const struct xb_map *map, u64 index);

/*
 * RINGBUF (cf. kernel/bpf/ringbuf.c). reserve gives the record's guest address, addressable for
 * exactly `bytes`, or 0; submit and discard take the address of a record that the same vCPU
 * reserved. `proc` is the program that does it: the record hook hears of it; NULL: none, on vCPU 0.
 * consume, which one thread at a time calls, calls fn for each committed record in order and moves
 * the consumer position; returns how many.
 */
u64 xb_ringbuf_reserve(struct xb_map *map, u64 bytes, struct xb_proc *proc);
int xb_ringbuf_commit(struct xb_map *map, u64 record, u64 flags, bool discard,
                      struct xb_proc *proc);
long xb_ringbuf_output(struct xb_map *map, const void *data, u64 bytes, u64 flags,
                       struct xb_proc *proc);
u64 xb_ringbuf_query(struct xb_map *map, u64 flags);
u32 xb_ringbuf_consume(struct xb_map *map, void (*fn)(void *arg, const struct xb_event *event),
                       void *arg);
/*
 * USER_RINGBUF (cf. kernel/bpf/ringbuf.c: bpf_user_ringbuf_drain). begin and end are around a
 * drain: begin gives the guest address of 16 bytes for the callback's dynptr, 0 inside another
 * drain. peek gives the next sample's, addressable until it is released: 0, -ENODATA, -EAGAIN (one
 * was skipped), -EINVAL and -E2BIG for positions and lengths that cannot be.
 */
u64 xb_user_ringbuf_begin(struct xb_map *map);
void xb_user_ringbuf_end(struct xb_map *map);
int xb_user_ringbuf_peek(struct xb_map *map, u64 *sample, u32 *bytes);
void xb_user_ringbuf_release(struct xb_map *map, u64 sample, u32 bytes);

/* The map whose record that `vcpu` has not given back starts here, with its size; NULL: none. */
struct xb_map *xb_ringbuf_record(struct xb_emu *emu, u64 record, u32 vcpu, u32 *bytes);

/* Discards what a vCPU's run left open. */
void xb_ringbuf_drop_records(struct xb_emu_vcpu *vcpu);

/*
 * Calls fn for each element in the map's order, with the values of `cpu`, until it returns
 * non-zero. Returns how many it was called for, or -EINVAL where the type has no iteration (cf.
 * kernel/bpf/helpers.c: bpf_for_each_map_elem).
 */
long xb_map_for_each(struct xb_map *map, u32 cpu, xb_map_each_fn fn, void *arg);

/*
 * What `bytes` (1, 2, 4, 8) at a guest address hold for good: they are in the value of an array of
 * one that neither programs nor, once it is frozen, bpf(2) can write (cf. kernel/bpf/verifier.c:
 * bpf_map_is_rdonly, bpf_map_direct_read). xb_vm_ops.load_const of the Linux emulator.
 */
bool xb_map_load_const(void *emu, u64 gaddr, u32 bytes, u64 *value);

/* Queues map for its gc at the end of the run; concurrently, for when that is over. */
void xb_map_gc_later(struct xb_map *map);

/* Has ops->run_end called; not while vCPUs run concurrently. */
void xb_map_on_run_end(struct xb_map *map);

/* Calls what was queued. */
void xb_map_gc_all(struct xb_emu *emu);

/* Has the map's operations take its lock, or not any more. */
void xb_map_share(struct xb_map *map, bool on);

/* The map a guest address is the handle of, or NULL. */
static inline struct xb_map *
xb_map_by_handle(const struct xb_emu *emu, u64 handle)
{
	u64 idx = (handle - emu->handle_region->gaddr) / XB_MAP_HANDLE_BYTES;

	/* The count grows after the map is in its place. */
	if (handle % XB_MAP_HANDLE_BYTES ||
	    idx >= __atomic_load_n(&emu->handle_cnt, __ATOMIC_ACQUIRE))
		return NULL;
	return emu->handles[idx];
}

#endif
