/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * emit.h - the instructions of a script.
 *
 * R6 is the context, R7 the value that results are kept in, with the buffer behind them. Below R10
 * lie SCRIPT_STACK bytes for STACK(), then a slot for the pointer of each step.
 */
#ifndef XB_TESTS_SKB_EMIT_H
#define XB_TESTS_SKB_EMIT_H

#include "tests/skb/script.h"

#define EMIT_MAX_INSNS 2048
#define EMIT_MAX_SKIPS 16

/* A program being written. */
struct asm_buf {
	struct bpf_insn insns[EMIT_MAX_INSNS];
	u32 cnt;
	u32 skips[EMIT_MAX_SKIPS]; /* jumps of this step that go to its end */
	u32 skip_cnt;
	const struct script *script;
	struct maps *maps;
	int kept;
	int err; /* -errno of the map that could not be made */
};

void emit_script(struct asm_buf *p, const struct script *script);

#endif
