/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_rig.h - rows that call a helper, run in the emulator and, where it is permitted, by the
 * kernel.
 *
 * A row's program finds its context in R6 and, in R7, OUT_BYTES bytes of a map; it ends with END,
 * which stores R0 there as the result. XB_LD_MAP_FD and XB_LD_MAP_VALUE name maps by enum rig_map.
 */
#ifndef XB_TESTS_EMU_HELPER_RIG_H
#define XB_TESTS_EMU_HELPER_RIG_H

#define XB_INSN_BRACES
#include "tests/insns.h"
#include "vm/fault.h"
#include "vm/types.h"

/* Fresh for every row. Keys of arrays and hashes are 4 bytes. */
enum rig_map {
	RIG_OUT,        /* array: the result in 8 bytes, then what the row likes */
	RIG_RO,         /* array, read-only: the row's `ro` */
	RIG_HASH,       /* 2 entries of 8 bytes */
	RIG_ARRAY,      /* 4 entries of 8 bytes */
	RIG_PERCPU,     /* array, 4 entries of 8 bytes */
	RIG_QUEUE,      /* 2 values of 8 bytes */
	RIG_STACK,      /* 2 values of 8 bytes */
	RIG_RINGBUF,    /* 4096 bytes */
	RIG_PROGS,      /* 4 slots; the row's program itself is in slot 1 */
	RIG_PERF,       /* 4 slots; readers as the row's `readers` says */
	RIG_OUTER,      /* array of 2 maps; RIG_ARRAY is in slot 1 */
	RIG_LOCK,       /* array of 1: a bpf_spin_lock, 4 bytes, 8 bytes */
	RIG_NOWRITE,    /* hash that programs may not write */
	RIG_BIGKEY,     /* hash: keys of 1000 bytes, values of 8 */
	RIG_TIMERS,     /* array of 2: 8 bytes, a bpf_timer, 8 bytes */
	RIG_TIMER_HASH, /* hash of 2 entries of the same */
	RIG_USER,       /* user ring buffer of 4096 bytes, with the row's `ring` in it */
	RIG_CNT
};

#define OUT_BYTES        1024
#define RIG_PACKET_BYTES 64 /* 0, 1, 2, ... */
#define OUT_DATA         8  /* where a row's own output starts */

#define BEGIN XB_MOV64_REG(6, 1), XB_LD_MAP_VALUE(7, RIG_OUT, 0)
#define END   XB_STX_MEM(BPF_DW, 7, 0, 0), XB_MOV64_IMM(0, 2), XB_EXIT()

/* A row's program by its body; or as a whole, with functions behind END. */
#define PROG(...) WHOLE(BEGIN, __VA_ARGS__, END)
#define WHOLE(...)                                                                                 \
	.insns = (const struct bpf_insn[]){ __VA_ARGS__ },                                         \
	.insn_cnt = sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn)

#define KERNEL(major, minor) ((major)*1000u + (minor))

/* What user space left in RIG_USER. */
struct rig_ring {
	const void *data; /* from the start, headers and all */
	u32 bytes;
	u64 producer; /* its position */
	u64 consumer; /* that of the program, when it has run */
};

struct rig_row {
	const char *name;
	const struct bpf_insn *insns;
	u32 insn_cnt;
	const void *ro;              /* contents of RIG_RO, NULL: zeros */
	u32 ro_bytes;                /* 0: it is a string */
	u32 func_pc;                 /* where a second function starts; 0: there is none */
	u32 func2_pc;                /* and a third */
	s64 r0;                      /* what the helper returns */
	const void *out;             /* what is at OUT_DATA, or NULL */
	u32 out_bytes;               /* 0: it is a string, with its NUL */
	const struct rig_ring *ring; /* or NULL: nothing */
	const char *emu_only;        /* why the kernel cannot run it */
	const char *refused; /* why the kernel's verifier refuses it: that it does is checked */
	enum xb_fault_kind fault; /* the emulator stops it, the kernel's verifier refuses it */
	const char *message;
	bool any_r0;        /* do not look at r0 */
	const void *sample; /* what a reader of RIG_PERF gets, or NULL */
	u32 sample_bytes;
	bool no_readers;         /* of RIG_PERF */
	u32 wait_ms;             /* for timers, after the run */
	const char *timer_fault; /* the emulator stops a timer's function for this */
	bool needs_hz_250;       /* of the kernel */
	bool needs_2_cpus;       /* on the kernel */
	u32 since;               /* KERNEL(6, 13): older kernels do something else */
};

/* Runs the rows everywhere and compares with what they expect. */
void rig_run(const struct rig_row *rows, u32 cnt);

/* A test of the rows in NAME_rows; the list of them all is in test_helper.c. */
#define RIG_TEST(NAME)                                                                             \
	void test_helper_##NAME(void **state);                                                     \
	void test_helper_##NAME(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		rig_run(NAME##_rows, XB_ARRAY_SIZE(NAME##_rows));                                  \
	}

/* Whether a row that was run calls helper `id`. */
bool rig_has_called(u32 id);

/* What a target did with a row. */
struct rig_result {
	bool refused; /* at load */
	bool faulted;
	u32 retval;
	u8 out[OUT_BYTES];
	u8 sample[128]; /* the first one */
	u32 sample_bytes;
};

/* For tests that make up rows: runs one row on the kernel or the emulator. */
struct rig;
struct rig *rig_open(bool kernel); /* NULL, and said so, where it is not permitted */
void rig_close(struct rig *rig);
void rig_run_row(struct rig *rig, const struct rig_row *row, struct rig_result *res);

/* The running kernel, as KERNEL(6, 18). */
u32 rig_kernel(void);

/* The next number of a sequence that its state decides: xorshift64*. */
u32 rig_random(u64 *state);

#endif
