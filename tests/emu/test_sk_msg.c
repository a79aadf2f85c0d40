/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sk_msg.c - SK_MSG programs on the emulator, and on TCP connections of the loopback that a
 * socket map of the kernel's watches: what the helpers return, what the program sees, and what
 * arrives.
 */
#include "tests/emu/sk_msg_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define OPS_MOST   40u
#define PUSH_MOST  8u
#define SEEN_BYTES 32u /* a step's result: R0, bytes pointed at, size, first byte */

enum kind { PUSH, POP, PULL };

/* A helper's call. Where it succeeds, bytes at the pointer are written, as many as `fill` says. */
struct op {
	enum kind kind;
	u32 a, b, fill;
	u64 flags;
};

struct script {
	const char *name;
	u32 op_cnt;
	struct op ops[OPS_MOST];
};

static const struct script scripts[] = {
	{ "nothing", 0, { { 0 } } },
	{ "pull inside", 1, { { PULL, 3, 9, 3, 0 } } },
	{ "pull all", 1, { { PULL, 0, MESSAGE, 1, 0 } } },
	{ "pull more", 1, { { PULL, 0, MESSAGE + 1, 1, 0 } } },
	{ "pull none", 1, { { PULL, 5, 5, 0, 0 } } },
	{ "pull backwards", 1, { { PULL, 6, 5, 0, 0 } } },
	{ "pull behind", 1, { { PULL, MESSAGE, MESSAGE + 1, 0, 0 } } },
	{ "pull with a flag", 1, { { PULL, 0, 1, 0, 1 } } },
	{ "push in front", 2, { { PUSH, 0, 5, 5, 0 }, { PULL, 0, 10, 0, 0 } } },
	{ "push inside",
	  3,
	  { { PUSH, 7, 4, 0, 0 }, { PULL, 7, 11, 4, 0 }, { PULL, 0, 30, 1, 0 } } },
	{ "push behind", 2, { { PUSH, MESSAGE, 6, 0, 0 }, { PULL, MESSAGE, MESSAGE + 6, 6, 0 } } },
	{ "push further", 1, { { PUSH, MESSAGE + 1, 6, 0, 0 } } },
	{ "push nothing", 1, { { PUSH, 1, 0, 0, 0 } } },
	{ "push nothing far away", 1, { { PUSH, 4000, 0, 0, 0 } } },
	{ "push with a flag", 1, { { PUSH, 0, 1, 0, 2 } } },
	{ "push too much", 1, { { PUSH, 0, 1u << 30, 0, 0 } } },
	{ "pop in front", 1, { { POP, 0, 5, 1, 0 } } },
	{ "pop inside", 2, { { POP, 9, 5, 1, 0 }, { PULL, 0, 40, 1, 0 } } },
	{ "pop the end", 1, { { POP, MESSAGE - 5, 5, 1, 0 } } },
	{ "pop beyond", 1, { { POP, MESSAGE - 5, 6, 0, 0 } } },
	{ "pop behind", 1, { { POP, MESSAGE, 1, 0, 0 } } },
	{ "pop nothing", 1, { { POP, 0, 0, 0, 0 } } },
	{ "pop with a flag", 1, { { POP, 0, 1, 0, 1 } } },
	{ "pop over elements",
	  4,
	  { { PUSH, 10, 4, 0, 0 },
	    { PULL, 10, 14, 4, 0 },
	    { POP, 5, 40, 1, 0 },
	    { PULL, 0, 9, 1, 0 } } },
	{ "pop what was pushed",
	  3,
	  { { PUSH, 10, 4, 0, 0 }, { POP, 10, 4, 1, 0 }, { PULL, 0, MESSAGE, 1, 0 } } },
};

/*
 * r2 = data, r3 = data_end, and what they say at `off` of the value; the first byte too, where it
 * is known.
 */
static void
look(struct builder *b, s16 off, bool first)
{
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 2, 6, offsetof(struct sk_msg_md, data), 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 3, 6, 8, 0);
	emit_mov_reg(b, 4, 3);
	emit(b, BPF_ALU64 | BPF_SUB | BPF_X, 4, 2, 0, 0);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 4, (s16)(off + 8), 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 4, 6, offsetof(struct sk_msg_md, size), 0);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 4, (s16)(off + 16), 0);
	if (!first)
		return;
	emit_mov_reg(b, 4, 2);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 1);
	emit(b, BPF_JMP | BPF_JGT | BPF_X, 4, 3, 2, 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_B, 5, 2, 0, 0);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 5, (s16)(off + 24), 0);
}

static void
fill(struct builder *b, u32 cnt, u32 with)
{
	if (!cnt)
		return;
	emit_mov_reg(b, 4, 2);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, (s32)cnt);
	emit(b, BPF_JMP | BPF_JGT | BPF_X, 4, 3, (s16)cnt, 0);
	for (u32 i = 0; i < cnt; i++)
		emit(b, BPF_ST | BPF_MEM | BPF_B, 2, 0, (s16)i, (s32)(with + i));
}

static void
step(struct builder *b, const struct op *first, u32 i)
{
	static const u32 helpers[] = { [PUSH] = BPF_FUNC_msg_push_data,
		                       [POP] = BPF_FUNC_msg_pop_data,
		                       [PULL] = BPF_FUNC_msg_pull_data };
	const struct op *op = &first[i];
	s16 off = (s16)((i + 1) * SEEN_BYTES);
	u32 jump;

	emit_mov_reg(b, 1, 6);
	emit_mov(b, 2, (s32)op->a);
	emit_mov(b, 3, (s32)op->b);
	emit_mov(b, 4, (s32)op->flags);
	emit_call(b, helpers[op->kind]);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 0, off, 0);
	/* What was pushed holds anything until it is written. */
	look(b, off, op->kind != PUSH && (op == first || op[-1].kind != PUSH));
	emit_mov_reg(b, 8, 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 2, 6, offsetof(struct sk_msg_md, data), 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 3, 6, 8, 0);
	jump = b->cnt;
	emit(b, BPF_JMP | BPF_JNE | BPF_K, 8, 0, 0, 0);
	fill(b, op->fill, 0x80 + 16 * i);
	b->insns[jump].off = (s16)(b->cnt - jump - 1);
}

static void
finish(struct builder *b)
{
	emit_mov(b, 0, SK_PASS);
	emit_exit(b);
}

#define VALUE_BYTES ((OPS_MOST + 1) * SEEN_BYTES)

/* What a program saw, and what went on. */
struct seen {
	u8 value[VALUE_BYTES];
	u32 bytes;
	u8 data[ROOM];
};

static int
script_prog(const struct backend *b, const struct script *s, int map)
{
	struct builder build = { .cnt = 0 };

	emit_value(&build, map);
	look(&build, 0, true);
	for (u32 i = 0; i < s->op_cnt; i++)
		step(&build, s->ops, i);
	finish(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT);
}

static void
read_value(const struct backend *b, int map, struct seen *seen)
{
	const u32 key = 0;

	assert_int_equal(backend_lookup(b, map, &key, seen->value), 0);
}

/* False where Linux put the message into more than one element. */
static bool
run_kernel(const struct backend *b, const struct script *s, struct seen *seen)
{
	int map = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, VALUE_BYTES, 1);
	int socks = backend_map(b, BPF_MAP_TYPE_SOCKMAP, 4, 4, 1), prog = script_prog(b, s, map);
	struct sock_pair p;
	const u32 key = 0;
	u8 data[MESSAGE];
	u64 pointed;

	memset(seen, 0, sizeof(*seen));
	assert_true(sock_open(&tcp_accepted, &p));
	attach_prog(b, socks, prog, BPF_SK_MSG_VERDICT);
	assert_int_equal(backend_update(b, socks, &key, &p.fd), 0);
	message(data);
	send(p.fd, data, MESSAGE, MSG_NOSIGNAL);
	shutdown(p.fd, SHUT_WR);
	seen->bytes = receive(p.other, seen->data, ROOM, 2000);
	read_value(b, map, seen);
	memcpy(&pointed, seen->value + 8, sizeof(pointed));
	sock_close(&p);
	close(prog);
	close(socks);
	close(map);
	return pointed == MESSAGE;
}

static void
join(const struct xb_sk_msg_out *out, struct seen *seen)
{
	seen->bytes = 0;
	for (u32 i = 0; i < out->elem_cnt; i++) {
		memcpy(seen->data + seen->bytes, out->elems[i].data, out->elems[i].bytes);
		seen->bytes += out->elems[i].bytes;
	}
	assert_int_equal(seen->bytes, out->bytes);
}

static void
run_emulated(struct emulated *e, const struct script *s, struct seen *seen)
{
	int map = backend_map(&e->b, BPF_MAP_TYPE_ARRAY, 4, VALUE_BYTES, 1);
	int prog = script_prog(&e->b, s, map);
	struct xb_sk_msg_out out;

	memset(seen, 0, sizeof(*seen));
	emulated_run(e, prog, &out);
	if (out.fault)
		fail_msg("%s: %s", s->name, out.fault->message);
	assert_int_equal(out.verdict, XB_SK_MSG_PASS);
	join(&out, seen);
	read_value(&e->b, map, seen);
	close(prog);
	close(map);
}

static void
fail_step(const struct script *s, u32 i, const u64 want[4], const u64 is[4])
{
	const struct op *op = &s->ops[i ? i - 1 : 0];

	fail_msg("%s: step %u (%u: %u, %u): R0 %lld %lld, bytes %llu %llu, size %llu %llu, first "
	         "%llu %llu (kernel, emulator)",
	         s->name, i, op->kind, op->a, op->b, (long long)want[0], (long long)is[0],
	         (unsigned long long)want[1], (unsigned long long)is[1],
	         (unsigned long long)want[2], (unsigned long long)is[2],
	         (unsigned long long)want[3], (unsigned long long)is[3]);
}

static void
compare(const struct script *s, const struct seen *want, const struct seen *is)
{
	for (u32 i = 0; i <= s->op_cnt; i++) {
		u64 a[4], b[4];

		memcpy(a, want->value + i * SEEN_BYTES, SEEN_BYTES);
		memcpy(b, is->value + i * SEEN_BYTES, SEEN_BYTES);
		if (memcmp(a, b, sizeof(a)))
			fail_step(s, i, a, b);
	}
	if (want->bytes != is->bytes || memcmp(want->data, is->data, want->bytes))
		fail_msg("%s: %u bytes arrive, of the emulator's %u, or others", s->name,
		         want->bytes, is->bytes);
}

static void
compare_script(const struct backend *kernel, struct emulated *e, const struct script *s)
{
	static struct seen want, is;

	run_emulated(e, s, &is);
	for (u32 i = 0; i < 3; i++) {
		if (run_kernel(kernel, s, &want)) {
			compare(s, &want, &is);
			return;
		}
	}
	fail_msg("%s: the message is always in several elements", s->name);
}

static void
agrees(void **state)
{
	struct backend kernel;
	struct emulated e;

	(void)state;
	if (!backend_open_kernel(&kernel))
		return;
	emulated_open(&e);
	for (size_t i = 0; i < XB_ARRAY_SIZE(scripts); i++)
		compare_script(&kernel, &e, &scripts[i]);
	emulated_close(&e);
	backend_close(&kernel);
}

/* What is pushed is written at once; the sizes are those that the message has by then. */
static void
random_script(struct script *s)
{
	u32 size = MESSAGE;

	*s = (struct script){ .name = "at random" };
	while (s->op_cnt + 2 <= OPS_MOST) {
		struct op *op = &s->ops[s->op_cnt++];
		u32 len = 1 + (u32)rand() % PUSH_MOST;

		op->a = (u32)rand() % size;
		switch (rand() % 4) {
		case 0:
			*op = (struct op){ POP, op->a, 1 + (u32)rand() % 60, 1, 0 };
			if (op->a + op->b <= size && size - op->b > 20)
				size -= op->b;
			else
				op->b = 0;
			break;
		case 1:
			*op = (struct op){ PULL, op->a, op->a + (u32)rand() % 90, 1, 0 };
			break;
		default:
			*op = (struct op){ PUSH, op->a, len, 0, 0 };
			s->ops[s->op_cnt++] = (struct op){ PULL, op->a, op->a + len, len, 0 };
			size += len;
		}
	}
}

static void
agrees_at_random(void **state)
{
	struct backend kernel;
	struct script s;
	struct emulated e;

	(void)state;
	if (!backend_open_kernel(&kernel))
		return;
	srand(11);
	emulated_open(&e);
	for (u32 i = 0; i < 60; i++) {
		random_script(&s);
		compare_script(&kernel, &e, &s);
	}
	emulated_close(&e);
	backend_close(&kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees),
		cmocka_unit_test(agrees_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
