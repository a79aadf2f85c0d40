/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rig/ctx_access.h"

#include "tests/insns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define MARGIN 8

static const struct width {
	const char *name;
	u8 size;
} widths[] = {
	{ "1 byte", BPF_B }, { "2 bytes", BPF_H }, { "4 bytes", BPF_W }, { "8 bytes", BPF_DW }
};

/* One instruction, of a program that has a zero in R3. */
struct place {
	u8 class, size;
	s32 off;
};

static bool
is_instruction(const struct place *p)
{
	if (p->class == (BPF_LDX | BPF_MEMSX))
		return p->size != BPF_DW;
	if (p->class == (BPF_STX | BPF_ATOMIC))
		return p->size == BPF_W || p->size == BPF_DW;
	return true;
}

static long
load(const struct backend *b, const struct ctx_access *a, const struct place *p)
{
	bool load = BPF_CLASS(p->class) == BPF_LDX, imm = BPF_CLASS(p->class) == BPF_ST;
	const struct bpf_insn insns[] = {
		XB_MOV64_IMM(3, 0),
		{ .code = p->class | p->size,
		  .dst_reg = load ? 2 : 1,
		  .src_reg = load  ? 1
		             : imm ? 0
		                   : 3,
		  .off = (s16)p->off },
		XB_MOV64_IMM(0, 1),
		XB_EXIT(),
	};
	const struct backend_prog prog = { .insns = insns,
		                           .insn_cnt = XB_ARRAY_SIZE(insns),
		                           .type = a->prog_type,
		                           .attach_type = a->attach_type };
	char log[4096];

	return backend_try_prog(b, &prog, log, sizeof(log));
}

static bool
kernel_takes(const struct backend *kernel, const struct ctx_access *a, const struct place *p)
{
	long fd = load(kernel, a, p);

	if (fd >= 0)
		close((int)fd);
	return fd >= 0;
}

static bool
emulator_takes(const struct ctx_access *a, const struct place *p)
{
	long fd = load(a->b, a, p);
	bool runs;

	if (fd < 0)
		return false;
	runs = a->runs(a->arg, (int)fd);
	close((int)fd);
	return runs;
}

static void
compare(const struct backend *kernel, const struct ctx_access *a, u8 class)
{
	for (s32 off = -MARGIN; off < a->bytes + MARGIN; off++)
		for (size_t w = 0; w < XB_ARRAY_SIZE(widths); w++) {
			const struct place p = { class, widths[w].size, off };
			bool want, is;

			if (!is_instruction(&p) || (p.size == BPF_W && off && off == a->no_word))
				continue;
			want = kernel_takes(kernel, a, &p);
			is = emulator_takes(a, &p);
			if (want != is)
				fail_msg("class 0x%x, %s at %d: kernel %d, emulator %d", class,
				         widths[w].name, off, want, is);
		}
}

void
ctx_access_compare(const struct ctx_access *a)
{
	struct backend kernel;

	if (!backend_open_kernel(&kernel))
		return;
	for (u32 i = 0; i < CTX_ACCESS_CLASSES && a->classes[i]; i++)
		compare(&kernel, a, a->classes[i]);
	backend_close(&kernel);
}
