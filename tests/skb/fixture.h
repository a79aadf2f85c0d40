/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fixture.h - an emulator with one xb_skb, a packet and metadata of patterns, and programs written
 * as instructions.
 */
#ifndef XB_TESTS_SKB_FIXTURE_H
#define XB_TESTS_SKB_FIXTURE_H

#include "emu/prog.h"
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"

struct fixture {
	struct backend b;
	struct xb_skb *s;
	u8 data[XB_SKB_MAX_BYTES], meta[XB_SKB_MAX_META_BYTES];
};

struct fixture *fixture_new(void);
void fixture_free(struct fixture *f);

/* Another buffer in the same emulator. */
struct xb_skb *fixture_skb(const struct fixture *f, const struct xb_skb_opts *opts);

/* Of type sched_cls; the emulator keeps it. */
const struct xb_bpf_prog *fixture_prog(const struct fixture *f, const struct bpf_insn *insns,
                                       u32 cnt);

/* What a packet has where nothing is said. */
extern const struct xb_skb_ctx fixture_plain;

#define PROG(f, ...)                                                                               \
	fixture_prog(f, (const struct bpf_insn[]){ __VA_ARGS__ },                                  \
	             sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn))

#define CTX(field) ((s16)offsetof(struct __sk_buff, field))

/* R6 = context, R2 = data, R3 = data_end, R4 = data_meta. */
#define POINTERS XB_MOV64_REG(6, 1), POINTERS_OF(6)
#define POINTERS_OF(ctx)                                                                           \
	XB_LDX_MEM(BPF_W, 2, ctx, CTX(data)), XB_LDX_MEM(BPF_W, 3, ctx, CTX(data_end)),            \
	        XB_LDX_MEM(BPF_W, 4, ctx, CTX(data_meta))
/* Of the context in R6, with a number, and another of 0. */
#define CALL2(func, n)  XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, n), XB_MOV64_IMM(3, 0), XB_CALL(func)
#define RETURN(verdict) XB_MOV64_IMM(0, verdict), XB_EXIT()

#endif
