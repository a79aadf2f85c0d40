/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper.h - a function that programs call: its number or name, its prototype, and what does it.
 *
 * The prototype drives the checks: by the time the function runs, every pointer among its arguments
 * has been checked for the size and direction that its kind says, and turned into a host pointer.
 */
#ifndef XDPBENCH_HELPER_H
#define XDPBENCH_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct xb_linux_map;
struct xb_process;

/*
 * What an argument is (cf. include/linux/bpf.h: enum bpf_arg_type). Locks, timers, records, sockets
 * and dynptrs are the emulator's own: xb_linux_add_helper() takes no helper with such arguments.
 */
enum xb_arg_kind {
	XB_ARG_NONE,        /* not used */
	XB_ARG_ANY,         /* a number, or a pointer nobody looks behind */
	XB_ARG_MAYBE,       /* the same, where another argument says whether it is there */
	XB_ARG_CTX,         /* the run's context: the address R1 had at entry */
	XB_ARG_CTX_OR_NULL, /* the same, or 0 */
	XB_ARG_MAP,         /* a map's handle */
	XB_ARG_MAP_KEY,     /* key_size bytes of the map in an earlier argument, read */
	XB_ARG_MAP_VALUE,   /* value_size bytes, read */
	XB_ARG_MAP_VALUE_W, /* value_size bytes, written */
	XB_ARG_MAP_VALUE_OR_NULL,
	XB_ARG_MEM,           /* bytes read; the next argument is the size */
	XB_ARG_MEM_W,         /* bytes written; the next argument is the size */
	XB_ARG_MEM_OR_NULL,   /* as MEM, but NULL is allowed where the size is 0 */
	XB_ARG_MEM_W_OR_NULL, /* as MEM_W, likewise */
	XB_ARG_SIZE,          /* of the memory in the argument before it, from 1 */
	XB_ARG_SIZE_OR_0,     /* the same, from 0 */
	XB_ARG_STR,    /* NUL-terminated, in read-only memory in Linux; any readable memory here */
	XB_ARG_U32_W,  /* 4 bytes read and written, aligned */
	XB_ARG_U64_W,  /* 8 bytes written */
	XB_ARG_U64_RW, /* 8 bytes read and written */
	XB_ARG_MEM20,  /* 20 bytes read: struct iphdr, struct tcphdr */
	XB_ARG_MEM40,  /* 40 bytes read: struct ipv6hdr */
	XB_ARG_SPIN_LOCK,   /* a bpf_spin_lock in a map value: 4 bytes written */
	XB_ARG_FUNC,        /* a function of the program, as BPF_PSEUDO_FUNC loads it */
	XB_ARG_RECORD,      /* a record reserved in a ring buffer, its first byte; .map is the ring
	                       buffer */
	XB_ARG_SOCK_COMMON, /* a socket, in either form; .sock */
	XB_ARG_STACK_OR_NULL, /* callback context: any address or 0 */
	XB_ARG_TIMER,         /* a bpf_timer in a map value: 16 bytes written */
	XB_ARG_DYNPTR,        /* a struct bpf_dynptr that was initialised: its 16 bytes */
	XB_ARG_DYNPTR_W,      /* one to be: 16 bytes written */
	XB_ARG_KIND_CNT
};

/* An argument of a kind, as the function gets it. */
union xb_helper_arg {
	uint64_t u; /* ANY, SIZE, CTX, FUNC, STACK_OR_NULL: the number itself */
	int64_t s;
	void *mem;                /* checked; NULL only for the kinds that allow it */
	const char *str;          /* STR */
	struct xb_linux_map *map; /* MAP: valid during the call */
};

struct xb_helper_opts {
	size_t size;      /* sizeof(struct xb_helper_opts) */
	uint32_t id;      /* BPF_FUNC_*, or another number up to 255; 0: a kernel function */
	const char *name; /* "map_lookup_elem"; of a kernel function as programs declare it; up to
	                     127 letters, digits and '_'; copied */
	enum xb_arg_kind args[5];
	uint64_t prog_types; /* bit 1 << BPF_PROG_TYPE_*; 0: all */
	bool gpl_only; /* for programs with a licence that is GPL's, as all kernel functions are */
	bool might_sleep; /* only for programs that were loaded with BPF_F_SLEEPABLE */
	/*
	 * Does the call; what it returns becomes R0. It stops the program with xb_process_stop().
	 * With a pool it is called on several threads at once. In runs that nobody made a process
	 * for, as BPF_PROG_TEST_RUN's, `process` lasts for the call alone.
	 */
	uint64_t (*fn)(struct xb_process *process, const union xb_helper_arg args[5], void *state);
	void *state;                  /* handed to fn */
	void (*release)(void *state); /* called when the emulator goes; or NULL */
};

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
