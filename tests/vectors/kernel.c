/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vectors/kernel.h"

#include "tests/insns.h"
#include "tests/vectors/known.h"
#include "tests/vectors/reasons.h"
#include "tests/vm/oracle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of those that load packets; and a test run of XDP programs patches code of the kernel's: slow. */
#define PROG_TYPE    BPF_PROG_TYPE_SCHED_CLS
#define LOG_BYTES    (1u << 20)
#define MAX_MEMORY   16384
#define MAX_MAPS     256 /* of a length and kind each */
#define AROUND       64  /* instructions around a program, at most */
#define R0_UNTOLD    0x5a5a5a5a5a5a5a5aull
#define SHARE_RUN    70 /* of vectors that end, so many in a hundred have to be run */
#define PACKET_LEAST 14

/* What registers are loaded from, and R0 goes to: the value of an array. */
struct io {
	u64 regs[10];
	u64 r0;
};

struct memory_map {
	u32 bytes;
	bool read_only;
	int fd;
};

struct xb_vector_kernel {
	int io_fd;
	struct memory_map maps[MAX_MAPS];
	u32 map_cnt;
	u8 memory[MAX_MEMORY];
	char log[LOG_BYTES];
	struct xb_vector_reasons reasons;
	u32 run_unknown, run_constant; /* registers unknown to the verifier, or constants */
	u32 refused, fault_refused, unwritten, malformed, known[XB_VECTOR_KNOWN];
};

struct builder {
	struct bpf_insn *insns;
	u32 cnt;
};

static void
put(struct builder *b, const struct bpf_insn *insns, u32 cnt)
{
	memcpy(b->insns + b->cnt, insns, cnt * sizeof(*insns));
	b->cnt += cnt;
}

#define PUT(b, ...)                                                                                \
	do {                                                                                       \
		const struct bpf_insn put_[] = { __VA_ARGS__ };                                    \
		put(b, put_, XB_ARRAY_SIZE(put_));                                                 \
	} while (0)

static int
map_create(u32 bytes, bool read_only)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = bytes;
	attr.max_entries = 1;
	attr.map_flags = read_only ? BPF_F_RDONLY_PROG : 0;
	return (int)syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* The map for a vector's memory, made when it is first needed; -1. */
static int
memory_fd(struct xb_vector_kernel *k, const struct xb_vector *v)
{
	struct memory_map *map = k->maps;

	for (; map < k->maps + k->map_cnt; map++) {
		if (map->bytes == v->memory_bytes && map->read_only == v->read_only)
			return map->fd;
	}
	if (k->map_cnt == MAX_MAPS)
		return -1;
	*map = (struct memory_map){ .bytes = v->memory_bytes, .read_only = v->read_only };
	map->fd = map_create(map->bytes, map->read_only);
	k->map_cnt += map->fd >= 0;
	return map->fd;
}

struct xb_vector_kernel *
xb_vector_kernel_new(char *why, size_t why_bytes)
{
	struct xb_vector_kernel *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->io_fd = map_create(sizeof(struct io), false);
	if (k->io_fd >= 0)
		return k;
	snprintf(why, why_bytes, "map: %s", strerror(errno));
	free(k);
	return NULL;
}

void
xb_vector_kernel_free(struct xb_vector_kernel *k)
{
	if (!k)
		return;
	for (u32 i = 0; i < k->map_cnt; i++)
		close(k->maps[i].fd);
	close(k->io_fd);
	free(k);
}

static bool
is_number(const struct xb_vector *v, u32 reg)
{
	return v->regs[reg].given && !v->regs[reg].of_memory && !(reg == 1 && v->has_packet);
}

/* Loads registers: pointers first, numbers through the one of them that comes last. */
static void
put_registers(const struct xb_vector_kernel *k, const struct xb_vector *v, int mem_fd,
              bool constant, struct builder *b)
{
	u32 last = 0;

	for (u32 i = 0; i < 10; i++) {
		const struct xb_vector_reg *reg = &v->regs[i];

		if (reg->given && reg->of_memory) {
			PUT(b, XB_LD_MAP_VALUE(i, mem_fd, 0));
			if (reg->value)
				PUT(b, XB_ALU64_IMM(BPF_ADD, i, (s32)reg->value));
		}
		if (is_number(v, i))
			last = i;
		if (is_number(v, i) && constant)
			PUT(b, XB_LD_IMM64(i, reg->value));
	}
	if (constant || !is_number(v, last))
		return;
	PUT(b, XB_LD_MAP_VALUE(last, k->io_fd, 0));
	for (u32 i = 0; i <= last; i++) {
		if (is_number(v, i))
			PUT(b, XB_LDX_MEM(BPF_DW, i, last, (s16)(8 * i)));
	}
}

/* The whole program; its instructions are the caller's to free. */
static struct builder
build(const struct xb_vector_kernel *k, const struct xb_vector *v, int mem_fd, bool constant)
{
	struct builder b = { .insns = calloc(v->insn_cnt + AROUND, sizeof(*b.insns)) };

	if (!b.insns)
		return b;
	if (v->expected.end != XB_VECTOR_REFUSED) {
		if (!v->has_packet)
			PUT(&b, XB_CALL_FUNC(5),
			    XB_LD_MAP_VALUE(1, k->io_fd, offsetof(struct io, r0)),
			    XB_STX_MEM(BPF_DW, 1, 0, 0), XB_MOV64_IMM(0, 0), XB_EXIT());
		put_registers(k, v, mem_fd, constant, &b);
	}
	put(&b, v->insns, v->insn_cnt);
	return b;
}

/* Loads it; with `reason` again where it is refused, for the log. */
static int
load(struct xb_vector_kernel *k, const struct xb_vector *v, int mem_fd, bool constant, bool reason)
{
	struct builder b = build(k, v, mem_fd, constant);
	int fd;

	if (!b.insns)
		return -ENOMEM;
	fd = xb_oracle_load(PROG_TYPE, b.insns, b.cnt, NULL, 0, 0);
	if (fd < 0 && reason)
		xb_oracle_load(PROG_TYPE, b.insns, b.cnt, k->log, LOG_BYTES, 1);
	free(b.insns);
	return fd;
}

/* Runs what was loaded. */
static bool
run(struct xb_vector_kernel *k, const struct xb_vector *v, int prog_fd, int mem_fd,
    struct xb_vector_result *got)
{
	static const u8 no_packet[PACKET_LEAST];
	struct io io = { .r0 = R0_UNTOLD };
	u32 retval = 0;
	int err;

	for (u32 i = 0; i < 10; i++)
		io.regs[i] = v->regs[i].value;
	if (xb_oracle_map_set(k->io_fd, &io) ||
	    (v->memory_bytes && xb_oracle_map_set(mem_fd, v->memory)))
		return false;
	err = v->has_packet ? xb_oracle_run(prog_fd, v->packet, v->packet_bytes, &retval)
	                    : xb_oracle_run(prog_fd, no_packet, sizeof(no_packet), &retval);
	if (err || xb_oracle_map_get(k->io_fd, &io) ||
	    (v->memory_bytes && xb_oracle_map_get(mem_fd, k->memory)))
		return false;
	got->end = XB_VECTOR_R0;
	got->r0 = v->has_packet ? retval : io.r0;
	got->memory = k->memory;
	return true;
}

static bool
agrees(const struct xb_vector *v, const struct xb_vector_result *got)
{
	u64 mask = v->has_packet ? UINT32_MAX : UINT64_MAX;

	return v->expected.end == XB_VECTOR_R0 && got->r0 == (v->expected.r0 & mask) &&
	       !memcmp(got->memory, v->expected.memory, v->memory_bytes);
}

/* Counts a program that the kernel does not load. */
static void
count_refused(struct xb_vector_kernel *k, const struct xb_vector *v)
{
	if (v->expected.end == XB_VECTOR_REFUSED) {
		k->malformed++;
	} else if (v->expected.end == XB_VECTOR_FAULT) {
		k->fault_refused++;
	} else {
		k->refused++;
		xb_vector_reasons_add(&k->reasons, k->log, v->name);
	}
}

/* Runs what was loaded, and compares. */
static bool
run_and_compare(struct xb_vector_kernel *k, const struct xb_vector *v, int prog_fd, int mem_fd,
                struct xb_vector_result *got, char *why, size_t why_bytes)
{
	int known;

	if (!run(k, v, prog_fd, mem_fd, got)) {
		snprintf(why, why_bytes, "is loaded, but cannot be run: %s", strerror(errno));
		return false;
	}
	if (agrees(v, got))
		return true;
	known = xb_vector_known_find(v->name);
	if (known >= 0)
		k->known[known]++;
	return known >= 0;
}

/* What the verifier knows decides branches, and takes code out, before a program runs. */
static bool
run_with_constants(struct xb_vector_kernel *k, const struct xb_vector *v, int mem_fd,
                   struct xb_vector_result *got, char *why, size_t why_bytes)
{
	int fd = load(k, v, mem_fd, true, false);
	bool ok;

	if (fd < 0)
		return true;
	k->run_constant++;
	ok = run_and_compare(k, v, fd, mem_fd, got, why, why_bytes);
	close(fd);
	if (!ok)
		snprintf(why, why_bytes, "where registers are constants");
	return ok;
}

bool
xb_vector_kernel_run(struct xb_vector_kernel *k, const struct xb_vector *v,
                     struct xb_vector_result *got, char *why, size_t why_bytes)
{
	int mem_fd = v->memory_bytes ? memory_fd(k, v) : -1;
	bool ends = v->expected.end == XB_VECTOR_R0, ok;
	int fd;

	*got = (struct xb_vector_result){ .end = XB_VECTOR_REFUSED, .memory = k->memory };
	memcpy(k->memory, v->memory, v->memory_bytes);
	if (v->has_strict) { /* what Linux has there is anything */
		k->unwritten++;
		return true;
	}
	fd = load(k, v, mem_fd, false, ends);
	if (fd < 0) {
		count_refused(k, v);
		return !ends || run_with_constants(k, v, mem_fd, got, why, why_bytes);
	}
	k->run_unknown++;
	ok = run_and_compare(k, v, fd, mem_fd, got, why, why_bytes);
	close(fd);
	return ok && run_with_constants(k, v, mem_fd, got, why, why_bytes);
}

bool
xb_vector_kernel_report(const struct xb_vector_kernel *k, bool judge)
{
	u32 end = k->run_unknown + k->refused;

	printf("%u of %u vectors in the kernel, %u refused by the verifier\n", k->run_unknown, end,
	       k->refused);
	printf("%u once more, with registers that are constants\n", k->run_constant);
	printf("%u that fault and %u that are malformed are refused, as they should be\n",
	       k->fault_refused, k->malformed);
	printf("%u that read what was never written were left out\n", k->unwritten);
	for (u32 i = 0; i < XB_VECTOR_KNOWN; i++)
		printf("%u runs differ, as is known: %s\n", k->known[i], xb_vector_known_text(i));
	xb_vector_reasons_report(&k->reasons);
	if (!judge || (u64)k->run_unknown * 100 >= (u64)end * SHARE_RUN)
		return true;
	printf("expected %u%% of them in the kernel\n", SHARE_RUN);
	return false;
}
