/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_map_sock_prog.c - TC programs that look sockets up in SOCKMAP and SOCKHASH, put them into
 * others of their entries and delete entries: what the helpers return and what is in the maps then,
 * on the emulator and on the kernel.
 */
#include "skb/skb.h"
#include "tests/emu/sk_msg_rig.h"
#include "tests/emu/socks.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ENTRIES     4u
#define KEYS        6u /* the last ones are never there, or outside */
#define OPS_MOST    12u
#define OP_BYTES    16u /* of the value: R0, what the socket shows */
#define VALUE_BYTES (OPS_MOST * OP_BYTES)
#define RANDOM_CNT  300u

enum { MAP, HASH, MAP_CNT };

/* Entries 0, 1 and 2 of either map at first; a UDP socket with SO_REUSEPORT is as any other. */
static const struct sock_kind kinds[] = {
	{ "connection", AF_INET, SOCK_STREAM, 0, SOCK_ACCEPTED, false },
	{ "UDP", AF_INET, SOCK_DGRAM, 0, SOCK_BOUND, true },
	{ "listener", AF_INET, SOCK_STREAM, 0, SOCK_LISTENS, false },
};

/* Looks a socket up and puts it where another may be, or deletes an entry. */
struct op {
	bool remove;
	u8 from_map, from, to_map, to; /* map and key; remove has the latter two */
	u8 flags;
	s32 r0; /* 1: there is no socket to put anywhere */
};

static const struct script {
	const char *name;
	u32 op_cnt;
	struct op ops[OPS_MOST];
} scripts[] = {
	{ "nothing there",
	  2,
	  { { false, MAP, 3, MAP, 0, 0, 1 }, { false, HASH, 5, MAP, 0, 0, 1 } } },
	{ "outside", 1, { { false, MAP, 4, MAP, 0, 0, 1 } } },
	{ "to a new entry",
	  3,
	  { { false, MAP, 0, MAP, 3, 0, 0 },
	    { false, HASH, 1, HASH, 3, 0, 0 },
	    { false, MAP, 3, HASH, 3, 0, 0 } } },
	{ "to an entry outside", 1, { { false, MAP, 0, MAP, 4, 0, -E2BIG } } },
	{ "to one more than fits",
	  2,
	  { { false, MAP, 0, HASH, 3, 0, 0 }, { false, MAP, 0, HASH, 4, 0, -E2BIG } } },
	{ "to itself", 2, { { false, MAP, 0, MAP, 0, 0, 0 }, { false, HASH, 2, HASH, 2, 0, 0 } } },
	{ "from one map to the other",
	  2,
	  { { false, MAP, 2, HASH, 0, 0, 0 }, { false, HASH, 1, MAP, 2, 0, 0 } } },
	{ "flags",
	  6,
	  { { false, MAP, 0, MAP, 1, BPF_NOEXIST, -EEXIST },
	    { false, MAP, 0, MAP, 3, BPF_EXIST, -ENOENT },
	    { false, MAP, 0, HASH, 1, BPF_NOEXIST, -EEXIST },
	    { false, MAP, 0, HASH, 3, BPF_EXIST, -ENOENT },
	    { false, MAP, 0, MAP, 1, 3, -EINVAL },
	    { false, MAP, 0, HASH, 1, 4, -EINVAL } } },
	{ "deleted",
	  6,
	  { { true, 0, 0, MAP, 0, 0, 0 },
	    { true, 0, 0, MAP, 0, 0, -EINVAL },
	    { true, 0, 0, MAP, 5, 0, -EINVAL },
	    { true, 0, 0, HASH, 1, 0, 0 },
	    { true, 0, 0, HASH, 1, 0, -ENOENT },
	    { true, 0, 0, HASH, 5, 0, -ENOENT } } },
	{ "deleted, put again",
	  3,
	  { { true, 0, 0, MAP, 0, 0, 0 },
	    { false, MAP, 0, MAP, 0, 0, 1 },
	    { false, HASH, 0, MAP, 0, BPF_NOEXIST, 0 } } },
};

/* R2 = the address of a key of 4 bytes. */
static void
emit_key(struct builder *b, u32 key)
{
	emit(b, BPF_ST | BPF_MEM | BPF_W, 10, 0, -8, (s32)key);
	emit_mov_reg(b, 2, 10);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -8);
}

static void
emit_remove(struct builder *b, const struct op *op, const int *maps, s16 to)
{
	emit_map(b, 1, maps[op->to_map]);
	emit_key(b, op->to);
	emit_call(b, BPF_FUNC_map_delete_elem);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 0, to, 0);
}

static void
emit_put(struct builder *b, const struct op *op, const int *maps, s16 to)
{
	u32 jump;

	emit(b, BPF_ST | BPF_MEM | BPF_DW, 7, 0, to, 1);
	emit_map(b, 1, maps[op->from_map]);
	emit_key(b, op->from);
	emit_call(b, BPF_FUNC_map_lookup_elem);
	jump = b->cnt;
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
	emit_mov_reg(b, 8, 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 1, 8, offsetof(struct bpf_sock, src_port), 0);
	emit(b, BPF_STX | BPF_MEM | BPF_W, 7, 1, (s16)(to + 8), 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 1, 8, offsetof(struct bpf_sock, state), 0);
	emit(b, BPF_STX | BPF_MEM | BPF_W, 7, 1, (s16)(to + 12), 0);
	emit_map(b, 1, maps[op->to_map]);
	emit_key(b, op->to);
	emit_mov_reg(b, 3, 8);
	emit_mov(b, 4, op->flags);
	emit_call(b, BPF_FUNC_map_update_elem);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 0, to, 0);
	emit_mov_reg(b, 1, 8);
	emit_call(b, BPF_FUNC_sk_release);
	b->insns[jump].off = (s16)(b->cnt - jump - 1);
}

static int
script_prog(const struct backend *b, const struct script *s, const int *maps, int out)
{
	static struct builder build;

	build.cnt = 0;
	emit_value(&build, out);
	for (u32 i = 0; i < s->op_cnt; i++) {
		if (s->ops[i].remove)
			emit_remove(&build, &s->ops[i], maps, (s16)(i * OP_BYTES));
		else
			emit_put(&build, &s->ops[i], maps, (s16)(i * OP_BYTES));
	}
	emit_mov(&build, 0, 0);
	emit_exit(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_SCHED_CLS, 0);
}

/* What a side says of a script. */
struct seen {
	u64 value[VALUE_BYTES / 8];
	u64 cookies[MAP_CNT][KEYS]; /* 0: none */
};

static void
run(const struct backend *b, const struct script *s, const struct sock_pair *socks,
    struct seen *seen)
{
	static const u32 types[] = { BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_SOCKHASH };
	u8 packet[64] = { 0 };
	union bpf_attr attr;
	int out = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, VALUE_BYTES, 1), maps[MAP_CNT], prog;
	const u32 zero = 0;

	memset(&attr, 0, sizeof(attr));
	attr.test.data_in = (u64)(uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	for (u32 m = 0; m < MAP_CNT; m++) {
		maps[m] = backend_map(b, types[m], 4, 8, ENTRIES);
		for (u32 i = 0; i < XB_ARRAY_SIZE(kinds); i++) {
			u64 fd = (u64)socks[i].fd;

			assert_int_equal(backend_update(b, maps[m], &i, &fd), 0);
		}
	}
	prog = script_prog(b, s, maps, out);
	attr.test.prog_fd = (u32)prog;
	assert_int_equal(backend_bpf(b, BPF_PROG_TEST_RUN, &attr), 0);
	assert_int_equal(backend_lookup(b, out, &zero, seen->value), 0);
	for (u32 m = 0; m < MAP_CNT; m++)
		for (u32 i = 0; i < KEYS; i++)
			if (backend_lookup(b, maps[m], &i, &seen->cookies[m][i]))
				seen->cookies[m][i] = 0;
	close(prog);
	close(maps[MAP]);
	close(maps[HASH]);
	close(out);
}

static void
check(const struct script *s, const struct seen *seen)
{
	for (u32 i = 0; i < s->op_cnt; i++) {
		s64 r0 = (s64)seen->value[i * OP_BYTES / 8];

		if (r0 != s->ops[i].r0)
			fail_msg("%s: operation %u: R0 %lld, not %d", s->name, i, (long long)r0,
			         s->ops[i].r0);
	}
}

static void
compare(const struct script *s, const struct seen *want, const struct seen *is)
{
	for (u32 i = 0; i < VALUE_BYTES / 8; i++)
		if (want->value[i] != is->value[i])
			fail_msg("%s: operation %u, word %u: kernel %llx, emulator %llx", s->name,
			         i / 2, i % 2, (unsigned long long)want->value[i],
			         (unsigned long long)is->value[i]);
	for (u32 m = 0; m < MAP_CNT; m++)
		for (u32 i = 0; i < KEYS; i++)
			if (want->cookies[m][i] != is->cookies[m][i])
				fail_msg("%s: %s: entry %u: kernel %llx, emulator %llx", s->name,
				         m == MAP ? "SOCKMAP" : "SOCKHASH", i,
				         (unsigned long long)want->cookies[m][i],
				         (unsigned long long)is->cookies[m][i]);
}

/* Both sides, with the same sockets. `checked`: the script says what it returns. */
static void
run_both(const struct backend *kernel, const struct script *s, bool checked)
{
	struct sock_pair socks[XB_ARRAY_SIZE(kinds)];
	struct seen want = { { 0 }, { { 0 } } }, is = { { 0 }, { { 0 } } };
	struct backend emu;

	for (u32 i = 0; i < XB_ARRAY_SIZE(kinds); i++)
		assert_true(sock_open(&kinds[i], &socks[i]));
	backend_open_emu(&emu, xb_skb_register);
	run(&emu, s, socks, &is);
	if (checked)
		check(s, &is);
	if (kernel) {
		run(kernel, s, socks, &want);
		if (checked)
			check(s, &want);
		compare(s, &want, &is);
	}
	backend_close(&emu);
	for (u32 i = 0; i < XB_ARRAY_SIZE(kinds); i++)
		sock_close(&socks[i]);
}

static void
moves_sockets_as_the_kernel(void **state)
{
	struct backend kernel;
	bool permitted = backend_open_kernel(&kernel);

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(scripts); i++)
		run_both(permitted ? &kernel : NULL, &scripts[i], true);
	if (permitted)
		backend_close(&kernel);
}

static u8
below(u64 *seed, u32 limit)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (u8)((*seed * 2685821657736338717ull >> 32) % limit);
}

static void
moves_sockets_at_random(void **state)
{
	struct backend kernel;
	u64 seed = 1;
	char name[32];

	(void)state;
	if (!backend_open_kernel(&kernel))
		return;
	for (u32 i = 0; i < RANDOM_CNT; i++) {
		struct script s = { .name = name, .op_cnt = OPS_MOST };

		snprintf(name, sizeof(name), "random %u", i);
		for (u32 j = 0; j < OPS_MOST; j++)
			s.ops[j] = (struct op){ .remove = below(&seed, 3) == 0,
				                .from_map = below(&seed, MAP_CNT),
				                .from = below(&seed, KEYS),
				                .to_map = below(&seed, MAP_CNT),
				                .to = below(&seed, KEYS),
				                .flags = below(&seed, 4) };
		run_both(&kernel, &s, false);
	}
	backend_close(&kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_sockets_as_the_kernel),
		cmocka_unit_test(moves_sockets_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
