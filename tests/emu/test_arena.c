/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_arena.c - what programs do with an arena: kernel functions that give them pages and take
 * them back, pointers into the pages, and user space that has them mapped; the same on the kernel.
 */
#include "emu/kfunc.h"
#include "emu/map.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "vm/bytes.h"
#include "xdp/xdp.h"

#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define PAGE      4096ull
#define PAGES     16u
#define LOW       0x12345000u
#define START     (0x200000000000ull | LOW) /* map_extra */
#define AT(page)  (START + (u64)(s64)(page)*PAGE)
#define CTX_WORDS 8
#define SLEEPABLE BPF_F_SLEEPABLE
#define NO_CONV   (1u << 18) /* BPF_F_NO_USER_CONV */
#define ACQ       0x100
#define REL       0x110

/* What a step does; the first three are kernel functions, the next two programs of their own. */
enum verb { ALLOC, FREE, RESERVE, LOAD, STORE, TOUCH, LOOK, VERB_CNT };

struct arena {
	const struct backend *b;
	int fd;
	u32 pages;
	int progs[STORE + 1];
	u8 *mem; /* user space's, or NULL */
};

struct ids {
	u32 id[3]; /* of kernel functions, by enum verb */
	u32 lock, unlock, other;
};

/* The functions' ids in the BTF of the running kernel, which the emulator reads as well. */
static bool
find_ids(struct ids *ids)
{
	static const char *const names[] = {
		[ALLOC] = "bpf_arena_alloc_pages",
		[FREE] = "bpf_arena_free_pages",
		[RESERVE] = "bpf_arena_reserve_pages",
	};
	struct btf *btf = btf__parse_raw("/sys/kernel/btf/vmlinux");
	bool found = btf != NULL;

	for (u32 i = 0; found && i < XB_ARRAY_SIZE(names); i++) {
		s32 id = btf__find_by_name_kind(btf, names[i], BTF_KIND_FUNC);

		found = id > 0;
		ids->id[i] = (u32)id;
	}
	if (found) {
		ids->lock = (u32)btf__find_by_name_kind(btf, "bpf_rcu_read_lock", BTF_KIND_FUNC);
		ids->unlock =
		        (u32)btf__find_by_name_kind(btf, "bpf_rcu_read_unlock", BTF_KIND_FUNC);
		ids->other = (u32)btf__find_by_name_kind(btf, "schedule", BTF_KIND_FUNC);
	} else {
		print_message("skipped: the kernel's BTF has no functions for arenas\n");
	}
	btf__free(btf);
	return found;
}

static int
open_map(const struct backend *b, u32 pages, u32 flags, u64 extra)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = XB_MAP_TYPE_ARENA;
	attr.max_entries = pages;
	attr.map_flags = BPF_F_MMAPABLE | flags;
	attr.map_extra = extra;
	fd = backend_bpf(b, BPF_MAP_CREATE, &attr);
	assert_true(fd >= 0);
	return (int)fd;
}

static int
load(const struct backend *b, const struct bpf_insn *insns, u32 cnt)
{
	const struct backend_prog prog = {
		.insns = insns, .insn_cnt = cnt, .type = BPF_PROG_TYPE_SYSCALL, .flags = SLEEPABLE
	};

	return backend_prog(b, &prog);
}

/* Words of context in, and out. */
static void
run(const struct backend *b, int prog, u64 ctx[CTX_WORDS])
{
	union bpf_attr attr;
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.ctx_size_in = CTX_WORDS * sizeof(ctx[0]);
	attr.test.ctx_in = (uintptr_t)ctx;
	ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
	if (ret)
		fail_msg("%s: run: %s", b->name, strerror((int)-ret));
}

/* A call of a kernel function with what the context holds; its result becomes word 7. */
static int
load_call(const struct backend *b, int map, u32 id, bool has_result)
{
	const struct bpf_insn insns[] = {
		XB_MOV64_REG(6, 1),
		XB_LD_MAP_FD(1, map),
		XB_LDX_MEM(BPF_DW, 2, 6, 0),
		XB_LDX_MEM(BPF_W, 3, 6, 8),
		XB_LDX_MEM(BPF_W, 4, 6, 16),
		XB_LDX_MEM(BPF_DW, 5, 6, 24),
		XB_CALL_KFUNC((s32)id, 0),
		has_result ? XB_STX_MEM(BPF_DW, 6, 0, 56) : XB_MOV64_IMM(0, 0),
		XB_MOV64_IMM(0, 0),
		XB_EXIT(),
	};

	return load(b, insns, XB_ARRAY_SIZE(insns));
}

static int
load_access(const struct backend *b, int map, bool stores)
{
	const struct bpf_insn insns[] = {
		XB_MOV64_REG(6, 1),
		XB_LD_MAP_FD(1, map),
		XB_LDX_MEM(BPF_DW, 2, 6, 0),
		XB_CAST_TO_0(2, 2),
		XB_LDX_MEM(BPF_DW, 3, 6, 8),
		stores ? XB_STX_MEM(BPF_DW, 2, 3, 0) : XB_LDX_MEM(BPF_DW, 3, 2, 0),
		XB_STX_MEM(BPF_DW, 6, 3, 56),
		XB_MOV64_IMM(0, 0),
		XB_EXIT(),
	};

	return load(b, insns, XB_ARRAY_SIZE(insns));
}

static void
open_arena(struct arena *a, const struct backend *b, const struct ids *ids, u32 pages, u64 start)
{
	*a = (struct arena){ .b = b, .fd = open_map(b, pages, 0, start), .pages = pages };
	for (u32 verb = ALLOC; verb <= RESERVE; verb++)
		a->progs[verb] = load_call(b, a->fd, ids->id[verb], verb != FREE);
	a->progs[LOAD] = load_access(b, a->fd, false);
	a->progs[STORE] = load_access(b, a->fd, true);
	a->mem = mmap((void *)(uintptr_t)start, pages * PAGE, PROT_READ | PROT_WRITE,
	              MAP_SHARED | MAP_FIXED_NOREPLACE, a->fd, 0);
	if (a->mem != (void *)(uintptr_t)start)
		fail_msg("%s: mmap: %s", b->name, strerror(errno));
}

static void
close_arena(struct arena *a)
{
	munmap(a->mem, a->pages * PAGE);
	for (u32 i = 0; i < XB_ARRAY_SIZE(a->progs); i++)
		close(a->progs[i]);
	close(a->fd);
}

struct step {
	enum verb verb;
	u64 address, cnt; /* STORE: the value */
	u64 want;
	u64 flags;
};

static u64
take_step(struct arena *a, const struct step *s)
{
	u64 ctx[CTX_WORDS] = { s->address, s->cnt, (u64)-1, s->flags };

	if (s->verb <= STORE) {
		run(a->b, a->progs[s->verb], ctx);
		return s->verb == STORE ? 0 : ctx[7];
	}
	if (s->verb == TOUCH)
		xb_st64(a->mem + (s->address - (uintptr_t)a->mem), s->cnt);
	return s->verb == LOOK ? xb_ld64(a->mem + (s->address - (uintptr_t)a->mem)) : 0;
}

#define MAX_STEPS 12
#define E(errnum) ((u32) - (errnum))

/* clang-format off */
static const struct row {
	const char *name;
	struct step steps[MAX_STEPS]; /* up to the first of all zeros but one */
	u32 cnt;
} rows[] = {
#define ROW(text, ...) { text, { __VA_ARGS__ }, sizeof((struct step[]){ __VA_ARGS__ }) / sizeof(struct step) }
	ROW("one page after the other", { ALLOC, 0, 1, AT(0), 0 }, { ALLOC, 0, 2, AT(1), 0 }, { ALLOC, 0, 13, AT(3), 0 }, { ALLOC, 0, 1, 0, 0 }),
	ROW("all of it", { ALLOC, 0, PAGES, AT(0), 0 }, { ALLOC, 0, 1, 0, 0 }),
	ROW("too many", { ALLOC, 0, PAGES + 1, 0, 0 }, { ALLOC, 0, 0xffffffff, 0, 0 }, { ALLOC, 0, PAGES, AT(0), 0 }),
	ROW("no pages", { ALLOC, 0, 0, 0, 0 }, { ALLOC, AT(1), 0, 0, 0 }),
	ROW("flags", { ALLOC, 0, 1, 0, 1 }, { ALLOC, 0, 1, 0, 1ull << 63 }, { ALLOC, 0, 1, AT(0), 0 }),
	ROW("at an address", { ALLOC, AT(5), 2, AT(5), 0 }, { ALLOC, AT(6), 1, 0, 0 }, { ALLOC, AT(4), 2, 0, 0 }, { ALLOC, AT(4), 1, AT(4), 0 }, { ALLOC, AT(7), 1, AT(7), 0 }),
	ROW("at its lower half", { ALLOC, (u32)AT(5), 1, AT(5), 0 }, { ALLOC, 0x700000000 | (u32)AT(6), 1, AT(6), 0 }),
	ROW("at one that is no page's", { ALLOC, AT(1) + 8, 1, 0, 0 }, { ALLOC, 1, 1, 0, 0 }),
	ROW("outside", { ALLOC, AT(-1), 1, 0, 0 }, { ALLOC, AT(16), 1, 0, 0 }, { ALLOC, AT(15), 2, 0, 0 }, { ALLOC, AT(15), 1, AT(15), 0 }),
	ROW("the shortest gap", { ALLOC, AT(3), 1, AT(3), 0 }, { ALLOC, AT(6), 1, AT(6), 0 }, { ALLOC, 0, 1, AT(4), 0 }, { ALLOC, 0, 1, AT(5), 0 }, { ALLOC, 0, 1, AT(0), 0 }),
	ROW("fresh pages are zero", { ALLOC, AT(2), 2, AT(2), 0 }, { LOAD, AT(2), 0, 0, 0 }, { LOAD, AT(4) - 8, 0, 0, 0 }),
	ROW("what was stored is there", { ALLOC, AT(2), 2, AT(2), 0 }, { STORE, AT(3) - 4, 7ull << 32 | 9, 0, 0 }, { LOAD, AT(3) - 4, 0, 7ull << 32 | 9, 0 }, { LOOK, AT(3), 0, 7, 0 }),
	ROW("no page: a load is 0, a store is lost", { STORE, AT(2), 5, 0, 0 }, { LOAD, AT(2), 0, 0, 0 }, { ALLOC, AT(2), 1, AT(2), 0 }, { LOAD, AT(2), 0, 0, 0 }),
	ROW("half of it no page", { ALLOC, AT(2), 1, AT(2), 0 }, { STORE, AT(3) - 8, -1ull, 0, 0 }, { LOAD, AT(3) - 4, 0, 0, 0 }, { STORE, AT(3) - 4, 0, 0, 0 }, { LOAD, AT(3) - 8, 0, -1ull, 0 }, { LOAD, AT(2) - 4, 0, 0, 0 }),
	ROW("outside there is none", { LOAD, AT(-1), 0, 0, 0 }, { STORE, AT(16), 5, 0, 0 }, { LOAD, AT(16), 0, 0, 0 }, { LOAD, 0, 0, 0, 0 }),
	ROW("freed in part", { ALLOC, 0, 4, AT(0), 0 }, { STORE, AT(1), 5, 0, 0 }, { STORE, AT(3), 6, 0, 0 }, { FREE, AT(1), 2, 0, 0 }, { LOAD, AT(1), 0, 0, 0 }, { LOAD, AT(3), 0, 6, 0 }, { ALLOC, 0, 2, AT(1), 0 }, { LOAD, AT(1), 0, 0, 0 }),
	ROW("freed twice", { ALLOC, 0, 2, AT(0), 0 }, { FREE, AT(0), 1, 0, 0 }, { FREE, AT(0), 1, 0, 0 }, { ALLOC, 0, 1, AT(0), 0 }, { ALLOC, 0, 1, AT(2), 0 }),
	ROW("freed without a page", { FREE, AT(3), 1, 0, 0 }, { ALLOC, 0, PAGES, AT(0), 0 }),
	ROW("freed: none", { ALLOC, AT(3), 1, AT(3), 0 }, { FREE, AT(3), 0, 0, 0 }, { FREE, 0, 1, 0, 0 }, { ALLOC, AT(3), 1, 0, 0 }),
	ROW("freed by an address within", { ALLOC, AT(3), 2, AT(3), 0 }, { FREE, AT(3) + 100, 1, 0, 0 }, { ALLOC, AT(4), 1, 0, 0 }, { ALLOC, AT(3), 1, AT(3), 0 }),
	ROW("freed by its lower half", { ALLOC, AT(3), 1, AT(3), 0 }, { FREE, (u32)AT(3), 1, 0, 0 }, { ALLOC, AT(3), 1, AT(3), 0 }),
	ROW("freed past the end", { ALLOC, AT(14), 2, AT(14), 0 }, { FREE, AT(14), 100, 0, 0 }, { FREE, AT(16), 1, 0, 0 }, { ALLOC, 0, PAGES, AT(0), 0 }),
	ROW("reserved", { RESERVE, AT(0), 2, 0, 0 }, { ALLOC, 0, 1, AT(2), 0 }, { ALLOC, AT(1), 1, 0, 0 }, { LOAD, AT(1), 0, 0, 0 }, { RESERVE, AT(1), 1, E(EBUSY), 0 }, { FREE, AT(1), 1, 0, 0 }, { ALLOC, 0, 1, AT(1), 0 }),
	ROW("reserved: none", { RESERVE, AT(0), 0, 0, 0 }, { RESERVE, AT(0) + 8, 1, 0, 0 }, { ALLOC, 0, 1, AT(0), 0 }),
	ROW("reserved, outside", { RESERVE, AT(15), 2, E(EINVAL), 0 }, { RESERVE, AT(-1), 1, E(EINVAL), 0 }, { RESERVE, 0, 1, E(EINVAL), 0 }, { RESERVE, AT(0), 0xffffffff, E(EINVAL), 0 }),
	ROW("what a program has", { ALLOC, AT(1), 1, AT(1), 0 }, { RESERVE, AT(0), 2, E(EBUSY), 0 }),
	ROW("user space touched it first", { TOUCH, AT(1), 5, 0, 0 }, { ALLOC, AT(1), 1, 0, 0 }, { RESERVE, AT(1), 1, E(EBUSY), 0 }, { ALLOC, 0, 2, AT(2), 0 }, { ALLOC, 0, 1, AT(0), 0 }, { LOAD, AT(1), 0, 5, 0 }),
	ROW("and only looked", { LOOK, AT(0), 0, 0, 0 }, { ALLOC, 0, 1, AT(1), 0 }, { STORE, AT(0), 3, 0, 0 }, { LOOK, AT(0), 0, 3, 0 }),
	ROW("a program finds it", { TOUCH, AT(1), 5, 0, 0 }, { TOUCH, AT(2), 6, 0, 0 }, { LOAD, AT(2) - 4, 0, 6ull << 32, 0 }, { STORE, AT(2), 7, 0, 0 }, { LOOK, AT(2), 0, 7, 0 }),
	ROW("freed under user space", { TOUCH, AT(1), 5, 0, 0 }, { FREE, AT(1), 1, 0, 0 }, { LOAD, AT(1), 0, 0, 0 }, { LOOK, AT(1), 0, 0, 0 }, { ALLOC, AT(1), 1, 0, 0 }, { TOUCH, AT(1), 6, 0, 0 }, { LOAD, AT(1), 0, 6, 0 }),
	ROW("touched though reserved", { RESERVE, AT(1), 1, 0, 0 }, { TOUCH, AT(1), 5, 0, 0 }, { LOAD, AT(1), 0, 5, 0 }),
	ROW("written by both", { ALLOC, AT(1), 1, AT(1), 0 }, { TOUCH, AT(1), 5, 0, 0 }, { LOAD, AT(1), 0, 5, 0 }, { STORE, AT(1), 6, 0, 0 }, { LOOK, AT(1), 0, 6, 0 }),
#undef ROW
};
/* clang-format on */

static void
check_rows(const struct backend *b, const struct ids *ids)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct arena a;

		open_arena(&a, b, ids, PAGES, START);
		for (u32 k = 0; k < rows[i].cnt; k++) {
			u64 got = take_step(&a, &rows[i].steps[k]);

			if (got != rows[i].steps[k].want)
				fail_msg("%s: %s: step %u: 0x%llx", b->name, rows[i].name, k + 1,
				         (unsigned long long)got);
		}
		close_arena(&a);
	}
}

static void
test_rows(void **state)
{
	struct backend b[2];
	struct ids ids;

	(void)state;
	if (!find_ids(&ids))
		skip();
	backend_open_emu(&b[0], xb_xdp_register);
	check_rows(&b[0], &ids);
	if (backend_open_kernel(&b[1]))
		check_rows(&b[1], &ids);
	backend_close(&b[0]);
}

#define RANDOM_STEPS 3000
#define RANDOM_PAGES 64

/* A step by chance; addresses that Linux may take for pages before the first are left out. */
static struct step
any_step(u32 *seed, u64 start)
{
	u32 page, cnt;
	struct step s = { 0 };

#define CHANCE(n) ((*seed = *seed * 1664525 + 1013904223) >> 16) % (n)
	s.verb = CHANCE(VERB_CNT);
	page = CHANCE(RANDOM_PAGES);
	cnt = 1 + CHANCE(6);
	s.address = start + page * PAGE;
	s.cnt = cnt;
	if (s.verb == ALLOC && CHANCE(3))
		s.address = 0;
	if (s.verb >= LOAD)
		s.address += CHANCE(2) ? PAGE - 8 : 0;
	if (s.verb >= TOUCH && CHANCE(4)) /* or everything is soon in use */
		s.verb = FREE;
#undef CHANCE
	return s;
}

static void
run_random(const struct backend *b, const struct ids *ids, u32 seed, u64 start, u64 *results)
{
	/* The emulator learns of several pages that were touched in their order: one at a time. */
	const struct step notice = { RESERVE, start + RANDOM_PAGES * PAGE, 1, 0, 0 };
	struct arena a;

	open_arena(&a, b, ids, RANDOM_PAGES, start);
	for (u32 i = 0; i < RANDOM_STEPS; i++) {
		struct step s = any_step(&seed, start);

		results[i] = take_step(&a, &s);
		if (s.verb >= TOUCH)
			take_step(&a, &notice);
	}
	close_arena(&a);
}

/* Which page an allocation gets, in particular. */
static void
test_random(void **state)
{
	static u64 results[2][RANDOM_STEPS];
	struct backend b[2];
	struct ids ids;

	(void)state;
	if (!find_ids(&ids) || !backend_open_kernel(&b[1]))
		skip();
	backend_open_emu(&b[0], xb_xdp_register);
	for (u32 seed = 1; seed <= 6; seed++) {
		u64 start = seed % 2 ? START : START - LOW;
		u32 at = seed, hits = 0;

		for (u32 side = 0; side < 2; side++)
			run_random(&b[side], &ids, seed, start, results[side]);
		for (u32 i = 0; i < RANDOM_STEPS; i++) {
			struct step s = any_step(&at, start);

			hits += results[0][i] != 0;
			if (results[0][i] != results[1][i])
				fail_msg("seed %u, step %u (verb %u, page %lld, %llu): 0x%llx, "
				         "not 0x%llx",
				         seed, i, s.verb, (long long)(s.address - start) / 4096,
				         (unsigned long long)s.cnt,
				         (unsigned long long)results[0][i],
				         (unsigned long long)results[1][i]);
		}
		assert_true(hits > RANDOM_STEPS / 20);
	}
	backend_close(&b[0]);
}

/* Programs, as the kernel runs them: R6 is the context, OUT puts a register into a word of it. */
#define MAX_INSNS      40
#define P(reg, off)    XB_LD_IMM64(reg, AT(1) + (u64)(s64)(off)), XB_CAST_TO_0(reg, reg)
#define OUT(reg, word) XB_STX_MEM(BPF_DW, 6, reg, 8 * (word))
#define END            XB_MOV64_IMM(0, 0), XB_EXIT()
#define SEED           0x8877665544332211ull /* at the start and the end of page 1, the only one */
#define MISS           (2 * 4096)
#define ATOMIC_ROW(text, size, op, r0, r2, mem)                                                    \
	{ text,                                                                                    \
	  { P(7, 0), XB_LD_IMM64(0, SEED), XB_MOV64_IMM(2, 0x11), XB_ATOMIC(size, op, 7, 2, 0),    \
	    OUT(0, 0), OUT(2, 1), XB_LDX_MEM(BPF_DW, 3, 7, 0), OUT(3, 2), END },                   \
	  { r0, r2, mem } },                                                                       \
	{                                                                                          \
		text " without a page",                                                            \
		        { P(7, MISS),                                                              \
			  XB_LD_IMM64(0, SEED),                                                    \
			  XB_MOV64_IMM(2, 0x11),                                                   \
			  XB_ATOMIC(size, op, 7, 2, 0),                                            \
			  OUT(0, 0),                                                               \
			  OUT(2, 1),                                                               \
			  END },                                                                   \
		{                                                                                  \
			SEED, 0x11, 0                                                              \
		}                                                                                  \
	}

/* clang-format off */
static const struct program {
	const char *name;
	struct bpf_insn insns[MAX_INSNS]; /* up to the last exit */
	u64 want[4];
} programs[] = {
	{ "a pointer", { P(2, 8), OUT(2, 0), XB_CAST_TO_1(3, 2), OUT(3, 1), END }, { LOW + 0x1008, START + 0x1008 } },
	{ "null", { XB_LD_IMM64(2, 0x1234ull << 32), XB_CAST_TO_1(3, 2), OUT(3, 0), XB_CAST_TO_0(3, 2), OUT(3, 1), END }, { 0 } },
	{ "the lower half counts", { XB_LD_IMM64(2, ~0ull), XB_CAST_TO_1(3, 2), OUT(3, 0), XB_CAST_TO_0(3, 2), OUT(3, 1), END }, { 0x2000ffffffff, 0xffffffff } },
	{ "its sum", { XB_LD_IMM64(2, 0xfffffff8), XB_CAST_TO_0(2, 2), XB_MOV64_REG(4, 2), XB_MOV64_IMM(3, 16), XB_ALU64_IMM(BPF_ADD, 2, 16), OUT(2, 0), XB_ALU64_REG(BPF_ADD, 3, 4), OUT(3, 1), END }, { 8, 8 } },
	{ "other arithmetic", { P(2, 0), XB_MOV64_REG(3, 2), XB_ALU64_IMM(BPF_LSH, 3, 12), OUT(3, 0), XB_MOV64_REG(3, 2), XB_ALU64_IMM(BPF_MUL, 3, -1), OUT(3, 1), XB_MOV64_REG(3, 2), XB_ALU64_IMM(BPF_XOR, 3, -1), OUT(3, 2), XB_MOV64_IMM(3, 0), XB_ALU64_REG(BPF_SUB, 3, 2), OUT(3, 3), END }, { 0x46000000, 0xedcba000 - 0x0000, 0xedcb9fff, 0xedcba000 } },
	{ "negated", { P(2, 0), XB_MOV64_REG(3, 2), XB_INSN(BPF_ALU64 | BPF_NEG, 3, 0, 0, 0), OUT(3, 0), XB_MOV64_REG(3, 2), XB_BSWAP(3, 64), OUT(3, 1), XB_MOV64_REG(3, 2), XB_ALU64_IMM(BPF_ARSH, 3, 4), OUT(3, 2), END }, { -0x12346000ull, 0x0060341200000000, 0x1234600 } },
	{ "load", { P(7, 0), XB_LDX_MEM(BPF_DW, 0, 7, 0), OUT(0, 0), XB_LDX_MEM(BPF_W, 0, 7, 4), OUT(0, 1), XB_LDX_MEM(BPF_H, 0, 7, 4094), OUT(0, 2), XB_LDX_MEM(BPF_B, 0, 7, 7), OUT(0, 3), END }, { SEED, 0x88776655, 0x8877, 0x88 } },
	{ "load with sign", { P(7, 7), XB_LDX_MEMSX(BPF_B, 0, 7, 0), OUT(0, 0), XB_LDX_MEMSX(BPF_H, 0, 7, -1), OUT(0, 1), XB_LDX_MEMSX(BPF_W, 0, 7, -3), OUT(0, 2), END }, { (u64)(s8)0x88, (u64)(s16)0x8877, (u64)(s32)0x88776655 } },
	{ "load over its base", { P(7, 0), XB_LDX_MEM(BPF_DW, 7, 7, 0), OUT(7, 0), END }, { SEED } },
	{ "load without a page", { P(7, MISS), XB_MOV64_IMM(0, 5), XB_LDX_MEM(BPF_DW, 0, 7, 0), OUT(0, 0), XB_MOV64_IMM(0, 5), XB_LDX_MEMSX(BPF_B, 0, 7, 0), OUT(0, 1), XB_LDX_MEM(BPF_W, 7, 7, 0), OUT(7, 2), END }, { 0 } },
	{ "load half without", { P(7, 4092), XB_MOV64_IMM(0, 5), XB_LDX_MEM(BPF_DW, 0, 7, 0), OUT(0, 0), XB_LDX_MEM(BPF_W, 0, 7, 0), OUT(0, 1), XB_LDX_MEM(BPF_DW, 0, 7, -4096), OUT(0, 2), END }, { 0, 0x88776655, 0 } },
	{ "store", { P(7, 0), XB_MOV64_IMM(1, -2), XB_STX_MEM(BPF_B, 7, 1, 7), XB_ST_MEM(BPF_H, 7, 0, 3), XB_STX_MEM(BPF_W, 7, 1, 8), XB_LDX_MEM(BPF_DW, 0, 7, 0), OUT(0, 0), XB_LDX_MEM(BPF_DW, 0, 7, 8), OUT(0, 1), END }, { 0xfe77665544330003, 0xfffffffe } },
	{ "store half without", { P(7, 4092), XB_ST_MEM(BPF_DW, 7, 0, -1), XB_ST_MEM(BPF_W, 7, 2, -1), XB_LDX_MEM(BPF_W, 0, 7, 0), OUT(0, 0), END }, { 0x88776655 } },
	{ "offsets do not wrap", { XB_MOV64_IMM(7, 0), XB_CAST_TO_0(7, 7), XB_LDX_MEM(BPF_DW, 0, 7, -8), OUT(0, 0), XB_ALU64_IMM(BPF_ADD, 7, LOW + 0x1008), XB_LDX_MEM(BPF_DW, 0, 7, -8), OUT(0, 1), END }, { 0, SEED } },
	ATOMIC_ROW("add", BPF_DW, BPF_ADD, SEED, 0x11, SEED + 0x11),
	ATOMIC_ROW("add 4", BPF_W, BPF_ADD, SEED, 0x11, SEED + 0x11),
	ATOMIC_ROW("and", BPF_DW, BPF_AND, SEED, 0x11, 0x11),
	ATOMIC_ROW("or", BPF_W, BPF_OR, SEED, 0x11, SEED),
	ATOMIC_ROW("xor", BPF_DW, BPF_XOR, SEED, 0x11, SEED ^ 0x11),
	ATOMIC_ROW("fetch and add", BPF_DW, BPF_ADD | BPF_FETCH, SEED, SEED, SEED + 0x11),
	ATOMIC_ROW("fetch and add 4", BPF_W, BPF_ADD | BPF_FETCH, SEED, (u32)SEED, SEED + 0x11),
	ATOMIC_ROW("exchange", BPF_DW, BPF_XCHG, SEED, SEED, 0x11),
	ATOMIC_ROW("exchange 4", BPF_W, BPF_XCHG, SEED, (u32)SEED, 0x8877665500000011),
	ATOMIC_ROW("compare", BPF_DW, BPF_CMPXCHG, SEED, 0x11, 0x11),
	{ "add across a page's end", { P(7, 4092), XB_MOV64_IMM(2, 1), XB_ATOMIC(BPF_DW, BPF_ADD | BPF_FETCH, 7, 2, 0), OUT(2, 0), XB_LDX_MEM(BPF_W, 3, 7, 0), OUT(3, 1), END }, { 1, 0x88776655 } },
	{ "add, misaligned", { P(7, 1), XB_MOV64_IMM(2, 0x11), XB_ATOMIC(BPF_W, BPF_ADD, 7, 2, 0), XB_LDX_MEM(BPF_DW, 3, 7, -1), OUT(3, 0), END }, { SEED + 0x1100 } },
	{ "load-acquire", { P(7, 0), XB_ATOMIC(BPF_DW, ACQ, 0, 7, 0), OUT(0, 0), XB_ATOMIC(BPF_H, ACQ, 0, 7, 3), OUT(0, 1), END }, { SEED, 0x5544 } },
	{ "load-acquire without a page", { P(7, MISS), XB_MOV64_IMM(0, 5), XB_ATOMIC(BPF_DW, ACQ, 0, 7, 0), OUT(0, 0), END }, { 5 } },
	{ "store-release", { P(7, 0), XB_MOV64_IMM(2, 5), XB_ATOMIC(BPF_B, REL, 7, 2, 0), XB_ATOMIC(BPF_H, REL, 7, 2, 3), XB_LDX_MEM(BPF_DW, 3, 7, 0), OUT(3, 0), XB_ALU64_IMM(BPF_ADD, 7, MISS), XB_ATOMIC(BPF_W, REL, 7, 2, 0), END }, { 0x8877660005332205 } },
	{ "through the frame", { P(7, 0), XB_STX_MEM(BPF_DW, 10, 7, -8), XB_LDX_MEM(BPF_DW, 8, 10, -8), XB_LDX_MEM(BPF_DW, 0, 8, 0), OUT(0, 0), END }, { SEED } },
	{ "into a function", { P(1, 0), XB_CALL_FUNC(3), OUT(0, 0), END, XB_LDX_MEM(BPF_DW, 0, 1, 0), XB_EXIT() }, { SEED } },
	{ "out of a function", { P(1, 0), XB_CALL_FUNC(4), XB_LDX_MEM(BPF_DW, 0, 0, 0), OUT(0, 0), END, XB_MOV64_REG(0, 1), XB_EXIT() }, { SEED } },
	{ "or null", { P(7, 0), XB_LDX_MEM(BPF_W, 1, 6, 8), XB_JMP_IMM(BPF_JEQ, 1, 0, 1), XB_MOV64_IMM(7, 0), XB_JMP_IMM(BPF_JEQ, 7, 0, 2), XB_LDX_MEM(BPF_DW, 0, 7, 0), OUT(0, 0), END }, { SEED } },
	{ "kept in the arena", { P(7, 0), XB_STX_MEM(BPF_DW, 7, 7, 24), XB_LDX_MEM(BPF_DW, 8, 7, 24), OUT(8, 0), XB_CAST_TO_0(8, 8), XB_LDX_MEM(BPF_DW, 8, 8, 0), OUT(8, 1), END }, { LOW + 0x1000, SEED } },
	{ "number += pointer", { P(7, 0), XB_MOV64_IMM(3, 4), XB_ALU64_REG(BPF_ADD, 3, 7), XB_LDX_MEM(BPF_W, 0, 3, 0), OUT(0, 0), XB_ALU32_IMM(BPF_ADD, 7, 4), XB_LDX_MEM(BPF_W, 0, 7, 0), OUT(0, 1), END }, { 0x88776655, 0x88776655 } },
};
/* clang-format on */

static void
check_program(struct arena *a, const struct program *p)
{
	struct bpf_insn insns[MAX_INSNS + 3] = { XB_MOV64_REG(6, 1), XB_LD_MAP_FD(2, a->fd) };
	u64 ctx[CTX_WORDS] = { 0 };
	u32 cnt = 0;
	int prog;

	for (u32 i = 0; i < MAX_INSNS; i++)
		if (p->insns[i].code == (BPF_JMP | BPF_EXIT))
			cnt = i + 1;
	memcpy(insns + 3, p->insns, cnt * sizeof(insns[0]));
	memset(a->mem + PAGE, 0, PAGE);
	xb_st64(a->mem + PAGE, SEED);
	xb_st64(a->mem + 2 * PAGE - 8, SEED);
	prog = load(a->b, insns, cnt + 3);
	run(a->b, prog, ctx);
	close(prog);
	for (u32 i = 0; i < XB_ARRAY_SIZE(p->want); i++)
		if (ctx[i] != p->want[i])
			fail_msg("%s: %s: word %u is 0x%llx, not 0x%llx", a->b->name, p->name, i,
			         (unsigned long long)ctx[i], (unsigned long long)p->want[i]);
}

static void
check_programs(const struct backend *b, const struct ids *ids)
{
	const struct step alloc = { ALLOC, AT(1), 1, AT(1), 0 };
	struct arena a;

	open_arena(&a, b, ids, PAGES, START);
	assert_int_equal(take_step(&a, &alloc), AT(1));
	for (size_t i = 0; i < XB_ARRAY_SIZE(programs); i++)
		check_program(&a, &programs[i]);
	close_arena(&a);
}

static void
test_programs(void **state)
{
	struct backend b[2];
	struct ids ids;

	(void)state;
	if (!find_ids(&ids))
		skip();
	backend_open_emu(&b[0], xb_xdp_register);
	check_programs(&b[0], &ids);
	if (backend_open_kernel(&b[1]))
		check_programs(&b[1], &ids);
	backend_close(&b[0]);
}

/* With BPF_F_NO_USER_CONV an address outside is 32 bits wide as well. */
static void
check_no_conv(const struct backend *b)
{
	int map = open_map(b, PAGES, NO_CONV, START);
	const struct bpf_insn insns[] = {
		XB_LD_MAP_FD(2, map), XB_LD_IMM64(2, AT(3)),
		XB_CAST_TO_1(3, 2),   XB_STX_MEM(BPF_DW, 1, 3, 0),
		XB_CAST_TO_0(3, 2),   XB_STX_MEM(BPF_DW, 1, 3, 8),
		XB_MOV64_IMM(0, 0),   XB_EXIT(),
	};
	u64 ctx[CTX_WORDS] = { 0 };
	int prog = load(b, insns, XB_ARRAY_SIZE(insns));

	run(b, prog, ctx);
	assert_int_equal(ctx[0], (u32)AT(3));
	assert_int_equal(ctx[1], (u32)AT(3));
	close(prog);
	close(map);
}

/* An arena that user space mapped anywhere; a smaller part of it ends what can be asked for. */
static void
check_mapped(const struct backend *b, const struct ids *ids)
{
	int map = open_map(b, PAGES, 0, 0), alloc;
	u8 *mem = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	u64 ctx[CTX_WORDS] = { 0, 9, (u64)-1 };

	assert_true(mem != MAP_FAILED);
	alloc = load_call(b, map, ids->id[ALLOC], true);
	run(b, alloc, ctx);
	assert_int_equal(ctx[7], 0);
	ctx[1] = 8;
	run(b, alloc, ctx);
	assert_int_equal(ctx[7], (uintptr_t)mem);
	ctx[1] = 1;
	run(b, alloc, ctx);
	assert_int_equal(ctx[7], (uintptr_t)mem + 8 * PAGE);
	munmap(mem, 8 * PAGE);
	close(alloc);
	close(map);
}

/* Programs write to a frozen one all the same. */
static void
check_frozen(const struct backend *b, const struct ids *ids)
{
	int map = open_map(b, PAGES, 0, START), prog[4];
	union bpf_attr attr;
	u64 ctx[CTX_WORDS] = { AT(1), 1, (u64)-1 };

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)map;
	assert_int_equal(backend_bpf(b, BPF_MAP_FREEZE, &attr), 0);
	prog[0] = load_call(b, map, ids->id[ALLOC], true);
	prog[1] = load_access(b, map, true);
	prog[2] = load_access(b, map, false);
	prog[3] = load_call(b, map, ids->id[FREE], false);
	for (u32 i = 0; i < 3; i++)
		run(b, prog[i], ctx);
	assert_int_equal(ctx[7], 1);
	run(b, prog[3], ctx);
	run(b, prog[2], ctx);
	assert_int_equal(ctx[7], 0);
	run(b, prog[0], ctx);
	assert_int_equal(ctx[7], AT(1));
	run(b, prog[2], ctx);
	assert_int_equal(ctx[7], 0);
	for (u32 i = 0; i < 4; i++)
		close(prog[i]);
	close(map);
}

/* A map that is no arena has no pages. */
static void
check_other_map(const struct backend *b, const struct ids *ids)
{
	int map = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	u64 ctx[CTX_WORDS] = { 0, 1, (u64)-1 };

	for (u32 verb = ALLOC; verb <= RESERVE; verb++) {
		int prog = load_call(b, map, ids->id[verb], verb != FREE);

		ctx[7] = 9;
		run(b, prog, ctx);
		assert_int_equal(ctx[7], verb == FREE ? 9 : verb == ALLOC ? 0 : E(EINVAL));
		close(prog);
	}
	close(map);
}

static void
test_kinds(void **state)
{
	struct backend b[2];
	struct ids ids;
	bool has_ids = find_ids(&ids), has_kernel;

	(void)state;
	backend_open_emu(&b[0], xb_xdp_register);
	has_kernel = backend_open_kernel(&b[1]);
	for (u32 side = 0; has_ids && side < (has_kernel ? 2 : 1); side++) {
		check_no_conv(&b[side]);
		check_mapped(&b[side], &ids);
		check_frozen(&b[side], &ids);
		check_other_map(&b[side], &ids);
	}
	backend_close(&b[0]);
}

/* What a program that is refused has to say. */
struct refusal {
	const char *name;
	u32 type, flags;
	bool arena;           /* names one */
	bool second;          /* and another */
	u64 extra;            /* of the arena */
	struct bpf_insn insn; /* at its end, with R1 to R5 as a call wants them */
	long want;
	const char *log;
};

static void
check_refusal(const struct backend *b, const struct refusal *r)
{
	int map = open_map(b, PAGES, 0, r->extra), other = open_map(b, PAGES, 0, START + PAGE);
	const struct bpf_insn insns[] = {
		XB_LD_MAP_FD(2, other),
		XB_LD_MAP_FD(1, map),
		XB_MOV64_IMM(2, 0),
		XB_MOV64_IMM(3, 1),
		XB_MOV64_IMM(4, -1),
		XB_MOV64_IMM(5, 0),
		r->insn,
		XB_MOV64_IMM(0, 0),
		XB_EXIT(),
	};
	const struct bpf_insn nothing = XB_MOV64_IMM(1, 0);
	struct bpf_insn copy[XB_ARRAY_SIZE(insns)];
	struct backend_prog prog = {
		.insns = copy, .insn_cnt = XB_ARRAY_SIZE(insns), .type = r->type, .flags = r->flags
	};
	char log[4096];
	long fd;

	memcpy(copy, insns, sizeof(copy));
	for (u32 i = 0; i < 4; i++)
		if (i < 2 ? !r->second : !r->arena)
			copy[i] = nothing;
	fd = backend_try_prog(b, &prog, log, sizeof(log));
	if (fd >= 0)
		close((int)fd);
	if ((fd < 0 ? fd : 0) != r->want || (r->log && !strstr(log, r->log)))
		fail_msg("%s: %s: %ld, not %ld: %s", b->name, r->name, fd, r->want, log);
	close(map);
	close(other);
}

static void
test_refused(void **state)
{
	struct backend b[2];
	struct ids ids;
	bool has_kernel;

	(void)state;
	if (!find_ids(&ids))
		skip();
	backend_open_emu(&b[0], xb_xdp_register);
	has_kernel = backend_open_kernel(&b[1]);
#define KF(verb)      XB_CALL_KFUNC((s32)ids.id[verb], 0)
#define XDP           BPF_PROG_TYPE_XDP, 0
#define SYSCALL       BPF_PROG_TYPE_SYSCALL, SLEEPABLE
#define MUST_SLEEP(f) -EACCES, "program must be sleepable to call sleepable kfunc " f
#define NO_ARENA      -EINVAL, "can only be used in a program that has an associated arena"
#define BAD_CAST      -EINVAL, "addr_space_cast insn can only convert between address space 1 and 0"
#define NO_ADDRESS    -EINVAL, "arena's user address must be set via map_extra or mmap()"
	/* clang-format off */
	const struct refusal refused[] = {
		{ "alloc", SYSCALL, true, false, START, KF(ALLOC), 0, NULL },
		{ "alloc, XDP", XDP, true, false, START, KF(ALLOC), MUST_SLEEP("bpf_arena_alloc_pages") },
		{ "free, XDP", XDP, true, false, START, KF(FREE), MUST_SLEEP("bpf_arena_free_pages") },
		{ "reserve, XDP", XDP, true, false, START, KF(RESERVE), MUST_SLEEP("bpf_arena_reserve_pages") },
		{ "no function", SYSCALL, true, false, START, XB_CALL_KFUNC(1, 0), -EINVAL, "kernel btf_id 1 is not a function" },
		{ "far from one", SYSCALL, true, false, START, XB_CALL_KFUNC(99999999, 0), -EINVAL, "kernel btf_id 99999999 is not a function" },
		{ "not for programs", SYSCALL, true, false, START, XB_CALL_KFUNC((s32)ids.other, 0), -EACCES, "calling kernel function schedule is not allowed" },
		{ "two arenas", XDP, true, true, START, XB_MOV64_IMM(0, 0), -EBUSY, "Only one arena per program" },
		{ "no address", XDP, true, false, 0, XB_MOV64_IMM(0, 0), NO_ADDRESS },
		{ "cast", XDP, true, false, START, XB_CAST_TO_0(1, 2), 0, NULL },
		{ "cast back", XDP, true, false, START, XB_CAST_TO_1(1, 2), 0, NULL },
		{ "cast without an arena", XDP, false, false, START, XB_CAST_TO_0(1, 2), NO_ARENA },
		{ "cast back without one", XDP, false, false, START, XB_CAST_TO_1(1, 2), NO_ARENA },
		{ "cast of one space", XDP, true, false, START, XB_CAST(0, 0, 1, 2), BAD_CAST },
		{ "cast of the other", XDP, true, false, START, XB_CAST(1, 1, 1, 2), BAD_CAST },
		{ "cast of a third", XDP, false, false, START, XB_CAST(0, 5, 1, 2), BAD_CAST },
	};
	/* clang-format on */
	for (u32 side = 0; side < (has_kernel ? 2 : 1); side++)
		for (size_t i = 0; i < XB_ARRAY_SIZE(refused); i++)
			check_refusal(&b[side], &refused[i]);
	backend_close(&b[0]);
}

/* An XDP program reads what one of type SYSCALL put into a page, and user space what it writes. */
static void
check_xdp(const struct backend *b, const struct ids *ids)
{
	const struct step alloc = { ALLOC, 0, 1, AT(0), 0 }, store = { STORE, AT(0), 40, 0, 0 };
	u8 packet[64] = { 0 };
	union bpf_attr attr;
	struct arena a;
	int prog;

	open_arena(&a, b, ids, PAGES, START);
	{
		const struct bpf_insn insns[] = {
			XB_LD_MAP_FD(1, a.fd),       XB_CALL_KFUNC((s32)ids->lock, 0),
			XB_LD_IMM64(7, AT(0)),       XB_CAST_TO_0(7, 7),
			XB_LDX_MEM(BPF_DW, 6, 7, 0), XB_ALU64_IMM(BPF_ADD, 6, 2),
			XB_STX_MEM(BPF_DW, 7, 6, 8), XB_CALL_KFUNC((s32)ids->unlock, 0),
			XB_MOV64_REG(0, 6),          XB_EXIT(),
		};
		const struct backend_prog p = { .insns = insns, .insn_cnt = XB_ARRAY_SIZE(insns) };

		prog = backend_prog(b, &p);
	}
	take_step(&a, &alloc);
	take_step(&a, &store);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	assert_int_equal(backend_bpf(b, BPF_PROG_TEST_RUN, &attr), 0);
	assert_int_equal(attr.test.retval, 42);
	assert_int_equal(xb_ld64(a.mem + 8), 42);
	close(prog);
	close_arena(&a);
}

static void
test_xdp(void **state)
{
	struct backend b[2];
	struct ids ids;

	(void)state;
	if (!find_ids(&ids))
		skip();
	backend_open_emu(&b[0], xb_xdp_register);
	check_xdp(&b[0], &ids);
	if (backend_open_kernel(&b[1]))
		check_xdp(&b[1], &ids);
	backend_close(&b[0]);
}

static u64
add_two(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return a[0].u + a[1].u;
}

/* Whoever has an emulator may give it a function of its own, in place of any that Linux has. */
static void
test_registered(void **state)
{
	static const struct xb_kfunc row = {
		{ .name = "schedule",
		  .fn = add_two,
		  .args = { XB_ARG_ANY, XB_ARG_ANY },
		  .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SYSCALL) },
		0,
	};
	struct backend b;
	struct ids ids;
	int prog;

	(void)state;
	if (!find_ids(&ids))
		skip();
	backend_open_emu(&b, xb_xdp_register);
	xb_kfunc_register(b.emu, &row, 1);
	{
		const struct bpf_insn insns[] = {
			XB_MOV64_REG(6, 1),          XB_MOV64_IMM(1, 40),
			XB_MOV64_IMM(2, 2),          XB_CALL_KFUNC((s32)ids.other, 0),
			XB_STX_MEM(BPF_DW, 6, 0, 0), XB_EXIT(),
		};
		const struct backend_prog xdp = { .insns = insns,
			                          .insn_cnt = XB_ARRAY_SIZE(insns) };
		u64 ctx[CTX_WORDS] = { 0 };
		char log[512];

		prog = load(&b, insns, XB_ARRAY_SIZE(insns));
		run(&b, prog, ctx);
		assert_int_equal(ctx[0], 42);
		assert_int_equal(backend_try_prog(&b, &xdp, log, sizeof(log)), -EACCES);
		assert_non_null(strstr(log, "calling kernel function schedule is not allowed"));
	}
	close(prog);
	backend_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),       cmocka_unit_test(test_random),
		cmocka_unit_test(test_programs),   cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_refused),    cmocka_unit_test(test_xdp),
		cmocka_unit_test(test_registered),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
