/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * program.h - a random program, and what it is run on: both come again with the program's seed.
 *
 * Its ldimm64 name maps by enum fuzz_map (BPF_PSEUDO_MAP_FD and BPF_PSEUDO_MAP_VALUE, imm), for
 * every side has descriptors of its own.
 */
#ifndef XB_TESTS_FUZZ_PROGRAM_H
#define XB_TESTS_FUZZ_PROGRAM_H

#include "vm/insn.h"

#define PROGRAM_MAX_INSNS 2048u
#define PROGRAM_INPUTS    2u
#define PROGRAM_REFS      32u /* most calls and addresses of functions, and one */

/* X(id, type, key bytes, value bytes, entries) */
#define FUZZ_MAPS(X)                                                                               \
	X(IO, BPF_MAP_TYPE_ARRAY, 4, 256, 1)                                                       \
	X(ARRAY, BPF_MAP_TYPE_ARRAY, 4, 48, 4)                                                     \
	X(HASH, BPF_MAP_TYPE_HASH, 4, 16, 4)                                                       \
	X(PERCPU, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 24, 2)                                             \
	X(QUEUE, BPF_MAP_TYPE_QUEUE, 0, 8, 3)                                                      \
	X(STACK, BPF_MAP_TYPE_STACK, 0, 8, 3)                                                      \
	X(TAIL, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 3)

#define FUZZ_MAP_ENUM(id, type, key, value, entries) MAP_##id,
enum fuzz_map { FUZZ_MAPS(FUZZ_MAP_ENUM) MAP_CNT };
#undef FUZZ_MAP_ENUM

#define IO_BYTES      256u
#define IO_RESULTS    128u /* where a program puts its registers when it ends */
#define ARRAY_BYTES   48u
#define ARRAY_CNT     4u
#define HASH_BYTES    16u
#define HASH_CNT      4u
#define PERCPU_BYTES  24u
#define PERCPU_CNT    2u
#define QUEUE_BYTES   8u
#define QUEUE_CNT     3u
#define PACKET_ROOM   2048u
#define TAIL_PROGRAMS 2u /* slots of MAP_TAIL that lead somewhere */

struct program {
	u64 seed;
	u32 type;  /* BPF_PROG_TYPE_XDP or BPF_PROG_TYPE_SCHED_CLS */
	bool wild; /* made to fault: not for the kernel */
	u32 cnt;   /* slots */
	struct bpf_insn insns[PROGRAM_MAX_INSNS];
};

/* All that the maps hold, but MAP_TAIL, which never changes. */
struct map_state {
	u8 io[IO_BYTES];
	u8 array[ARRAY_CNT][ARRAY_BYTES];
	u32 hash_cnt;
	struct {
		u32 key;
		u8 value[HASH_BYTES];
	} hash[HASH_CNT]; /* by key */
	u8 percpu[PERCPU_CNT][PERCPU_BYTES];
	struct queue_state {
		u32 cnt;
		u8 values[QUEUE_CNT][QUEUE_BYTES]; /* as they come out */
	} queues[2];                               /* MAP_QUEUE, MAP_STACK */
};

struct input {
	u32 meta_bytes; /* in front, XDP alone */
	u32 bytes;      /* of the packet, without them */
	u8 data[PACKET_ROOM];
	struct __sk_buff skb; /* fields that a test run takes */
	struct map_state maps;
};

/* What a program uses, told from its instructions. */
struct program_use {
	u32 maps; /* bits of enum fuzz_map, and those that its tail calls' targets use */
	bool atomics;
	bool frame; /* R10, in the first function */
	bool btf;   /* what Linux wants the types of functions for */
};
struct program_use program_use(const struct program *p);

/* Makes the program of a seed, and its inputs. `types`: bits 1 << BPF_PROG_TYPE_*. */
void program_generate(struct program *p, u64 seed, u32 types);
void program_inputs(u64 seed, u32 type, struct input inputs[PROGRAM_INPUTS]);

/* Breaks a program in one to three places: it need not be one that the verifier takes any more. */
struct chance;
void program_break(struct program *p, struct chance *c);

/* Whether it goes to another slot: a jump, or a call of a function of the program's own. */
bool program_jumps(const struct bpf_insn *insn);

/* Whether it loads the address of one. */
bool program_names_func(const struct bpf_insn *insn);

/*
 * Where functions start, in order, with the first; how many, at most `most`.
 */
u32 program_funcs(const struct program *p, u32 *starts, u32 most);

/* Leaves out the slots that are not to be kept; jumps there go to what is behind. */
void program_drop(struct program *p, const bool *keeps);

/* Puts an instruction behind the one in slot pc. */
void program_insert(struct program *p, u32 pc, struct bpf_insn insn);

/* Whether slot pc is the first of an instruction that takes two. */
static inline bool
program_is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

#endif
