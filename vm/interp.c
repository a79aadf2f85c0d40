/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interpreter: one body, threaded through a table of labels that insn.def is expanded into, so
 * that an instruction without a handler does not compile.
 *
 * Each handler ends in a jump of its own, which the processor predicts by itself. Single steps use
 * the same handlers: from the second dispatch on their table leads to one place, which stops. Where
 * somebody wrote registers, a third table leads to the checked form of every access.
 * `left` counts down what a slice of the budget leaves; taken jumps and calls look at it.
 *
 * Measured on a loop of loads, stores and arithmetic as parsers have them, in nanoseconds an
 * instruction (gcc -O3, the least of several runs): 0.71 without any check of memory, 0.74 with the
 * shadow bytes of an access's first and last byte ANDed, 1.02 with one 16-bit load of two shadow
 * bytes instead.
 */
#include "vm/bytes.h"
#include "vm/proc_priv.h"

#include <stdint.h>

/* Whether an access is allowed; the whole granules here, all else in xb_mem_check_slow(). */
#define ALLOWED(a, n, need)                                                                        \
	((XB_LIKELY((a) < limit) &&                                                                \
	  XB_LIKELY((shadow[(a) >> 3] & shadow[((a) + (n)-1) >> 3] & (need)) == (need))) ||        \
	 xb_mem_check_slow(mem, (a), (n), (need)))

#define D r[op->dst]
#define S r[op->src]
#define K ((u64)op->imm)
#define NEXT                                                                                       \
	do {                                                                                       \
		op++;                                                                              \
		left--;                                                                            \
		goto *tab[op->code];                                                               \
	} while (0)

/* The four forms of dst = f(a, b): a and b are dst and operand, of the operation's width. */
#define DO_ALU(NAME, U64, U32, f64, f32)                                                           \
	NAME##64_K:                                                                                \
	{                                                                                          \
		U64 a = (U64)D, b = (U64)K;                                                        \
		D = (u64)(f64);                                                                    \
		NEXT;                                                                              \
	}                                                                                          \
	NAME##64_X:                                                                                \
	{                                                                                          \
		U64 a = (U64)D, b = (U64)S;                                                        \
		D = (u64)(f64);                                                                    \
		NEXT;                                                                              \
	}                                                                                          \
	NAME##32_K:                                                                                \
	{                                                                                          \
		U32 a = (U32)D, b = (U32)K;                                                        \
		D = (u32)(f32);                                                                    \
		NEXT;                                                                              \
	}                                                                                          \
	NAME##32_X:                                                                                \
	{                                                                                          \
		U32 a = (U32)D, b = (U32)S;                                                        \
		D = (u32)(f32);                                                                    \
		NEXT;                                                                              \
	}
#define DO_ALU_SAME(NAME, f) DO_ALU(NAME, u64, u32, f, f)

#define TAKE(offset)                                                                               \
	do {                                                                                       \
		if (XB_UNLIKELY(left < 0))                                                         \
			goto out_of_budget;                                                        \
		op += (offset);                                                                    \
	} while (0)

#define JUMP_FORM(NAME, T, operand, cond)                                                          \
	NAME : {                                                                                   \
		T a = (T)D, b = (T)(operand);                                                      \
		if (cond)                                                                          \
			TAKE(op->off);                                                             \
		NEXT;                                                                              \
	}
#define DO_JUMP(NAME, T64, T32, cond)                                                              \
	JUMP_FORM(NAME##64_K, T64, K, cond)                                                        \
	JUMP_FORM(NAME##64_X, T64, S, cond)                                                        \
	JUMP_FORM(NAME##32_K, T32, K, cond)                                                        \
	JUMP_FORM(NAME##32_X, T32, S, cond)

#define ACCESS(reg, bytes, need)                                                                   \
	u64 a = (reg) + (u64)op->off;                                                              \
	if (XB_UNLIKELY(!ALLOWED(a, bytes, need))) {                                               \
		fault_gaddr = a;                                                                   \
		fault_access = (struct access){ bytes, need };                                     \
		goto bad_access;                                                                   \
	}
/* Known to be allowed, as proved at load. */
#define ACCESS_KNOWN(reg, bytes, need) u64 a = (reg) + (u64)op->off;
/* Through a pointer into the program's second address space. */
#define ACCESS_SPACE(reg, bytes, need)                                                             \
	u64 a = xb_space_gaddr(&p->prog->space, (reg), op->off);                                   \
	if (XB_UNLIKELY(!ALLOWED(a, bytes, need))) {                                               \
		fault_gaddr = a;                                                                   \
		fault_access = (struct access){ bytes, need };                                     \
		goto bad_space_access;                                                             \
	}

/* Loads and stores of one width: checked, proved, and of the second address space. */
#define THREE_WAYS(FORM, NAME, ...)                                                                \
	FORM(NAME, ACCESS, __VA_ARGS__)                                                            \
	FORM(NAME##_KNOWN, ACCESS_KNOWN, __VA_ARGS__)                                              \
	FORM(NAME##_SPACE, ACCESS_SPACE, __VA_ARGS__)
#define TWO_WAYS(FORM, NAME, ...)                                                                  \
	FORM(NAME, ACCESS, __VA_ARGS__)                                                            \
	FORM(NAME##_SPACE, ACCESS_SPACE, __VA_ARGS__)

#define LOAD_FORM(NAME, WAY, bytes, T, load)                                                       \
	NAME : {                                                                                   \
		WAY(S, bytes, XB_MEM_READ)                                                         \
		D = (u64)(s64)(T)load(base + a);                                                   \
		NEXT;                                                                              \
	}
#define LDX(SIZE, bytes, load)     THREE_WAYS(LOAD_FORM, LDX_##SIZE, bytes, u64, load)
#define LDSX(SIZE, bytes, T, load) THREE_WAYS(LOAD_FORM, LDSX_##SIZE, bytes, T, load)
#define STORE_FORM(NAME, WAY, bytes, T, store, value)                                              \
	NAME : {                                                                                   \
		WAY(D, bytes, XB_MEM_WRITE)                                                        \
		store(base + a, (T)(value));                                                       \
		NEXT;                                                                              \
	}
#define STORE(SIZE, bytes, T, store)                                                               \
	THREE_WAYS(STORE_FORM, ST_##SIZE, bytes, T, store, K)                                      \
	THREE_WAYS(STORE_FORM, STX_##SIZE, bytes, T, store, S)

/*
 * Atomics of one width. The host's are used where the address is aligned; a misaligned one, which
 * Linux's verifier lets pass in arenas alone, is done in steps.
 */
#define ATOMIC_FORM(NAME, WAY, T, bytes, expr, result)                                             \
	NAME : {                                                                                   \
		WAY(D, bytes, XB_MEM_WRITE)                                                        \
		T *at = (T *)(void *)(base + a), b = (T)S, old;                                    \
		if (XB_LIKELY((a & (bytes - 1)) == 0)) {                                           \
			old = __atomic_load_n(at, __ATOMIC_SEQ_CST);                               \
			while (!__atomic_compare_exchange_n(at, &old, (T)(expr), true,             \
			                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))   \
				;                                                                  \
		} else {                                                                           \
			T now;                                                                     \
			memcpy(&old, base + a, bytes);                                             \
			now = (T)(expr);                                                           \
			memcpy(base + a, &now, bytes);                                             \
		}                                                                                  \
		result;                                                                            \
		NEXT;                                                                              \
	}
#define BOTH_WAYS(NAME, ...) TWO_WAYS(ATOMIC_FORM, NAME, __VA_ARGS__)
#define DO_ATOMIC(SIZE, T, bytes)                                                                  \
	BOTH_WAYS(AADD_##SIZE, T, bytes, old + b, (void)old)                                       \
	BOTH_WAYS(AOR_##SIZE, T, bytes, old | b, (void)old)                                        \
	BOTH_WAYS(AAND_##SIZE, T, bytes, old &b, (void)old)                                        \
	BOTH_WAYS(AXOR_##SIZE, T, bytes, old ^ b, (void)old)                                       \
	BOTH_WAYS(FAADD_##SIZE, T, bytes, old + b, S = old)                                        \
	BOTH_WAYS(FAOR_##SIZE, T, bytes, old | b, S = old)                                         \
	BOTH_WAYS(FAAND_##SIZE, T, bytes, old &b, S = old)                                         \
	BOTH_WAYS(FAXOR_##SIZE, T, bytes, old ^ b, S = old)                                        \
	BOTH_WAYS(XCHG_##SIZE, T, bytes, b, S = old)                                               \
	BOTH_WAYS(CMPXCHG_##SIZE, T, bytes, old == (T)r[0] ? b : old, r[0] = old)

/*
 * Load-acquire and store-release; misaligned ones are refused by Linux too, but in the second
 * address space, where they are done in steps.
 */
#define ACQUIRE_FORM(NAME, WAY, T, bytes, MISALIGNED)                                              \
	NAME : {                                                                                   \
		WAY(S, bytes, XB_MEM_READ)                                                         \
		T value;                                                                           \
		if (XB_LIKELY((a & (bytes - 1)) == 0))                                             \
			value = __atomic_load_n((T *)(void *)(base + a), __ATOMIC_ACQUIRE);        \
		else                                                                               \
			MISALIGNED(&value, base + a, bytes);                                       \
		D = value;                                                                         \
		NEXT;                                                                              \
	}
#define RELEASE_FORM(NAME, WAY, T, bytes, MISALIGNED)                                              \
	NAME : {                                                                                   \
		WAY(D, bytes, XB_MEM_WRITE)                                                        \
		T value = (T)S;                                                                    \
		if (XB_LIKELY((a & (bytes - 1)) == 0))                                             \
			__atomic_store_n((T *)(void *)(base + a), value, __ATOMIC_RELEASE);        \
		else                                                                               \
			MISALIGNED(base + a, &value, bytes);                                       \
		NEXT;                                                                              \
	}
#define REFUSED(to, from, bytes) goto misaligned
#define DO_ACQ_REL(SIZE, T, bytes)                                                                 \
	ACQUIRE_FORM(LDACQ_##SIZE, ACCESS, T, bytes, REFUSED)                                      \
	ACQUIRE_FORM(LDACQ_##SIZE##_SPACE, ACCESS_SPACE, T, bytes, memcpy)                         \
	RELEASE_FORM(STREL_##SIZE, ACCESS, T, bytes, REFUSED)                                      \
	RELEASE_FORM(STREL_##SIZE##_SPACE, ACCESS_SPACE, T, bytes, memcpy)

#define LOAD_PACKET(SIZE, bytes)                                                                   \
	LDABS_##SIZE : packet_off = (s32)op->imm;                                                  \
	packet_bytes = bytes;                                                                      \
	goto load_packet;                                                                          \
	LDIND_##SIZE : packet_off = (s32)((u32)S + (u32)op->imm);                                  \
	packet_bytes = bytes;                                                                      \
	goto load_packet;

#define LD8(p)    (*(const u8 *)(p))
#define ST8(p, v) (*(u8 *)(p) = (v))

struct access {
	u8 bytes, need;
};

/* INT_MIN / -1 wraps, anything / 0 is 0, anything % 0 stays (RFC 9669, 4.1). */
#define SDIV(a, b, T) ((b) == 0 ? 0 : (b) == -1 ? (T)(0 - (u64)(a)) : (a) / (b))
#define SMOD(a, b, T) ((b) == 0 ? (a) : (b) == -1 ? (T)0 : (a) % (b))

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"

XB_NO_TSAN enum xb_run_status
xb_interp_run(struct xb_proc *p, bool step)
{
#define I(id, code, dst, src, off, imm, text) [XB_INSN_##id] = &&id,
#define SPACE(id)                             [XB_OP_##id##_SPACE] = &&id##_SPACE,
#define EXTRA                                 XB_OP_ACCESS_LIST(KNOWN) XB_OP_ACCESS_LIST(SPACE) XB_OP_ATOMIC_LIST(SPACE)
#define KNOWN(id)                             [XB_OP_##id##_KNOWN] = &&id##_KNOWN,
	static const void *const run_table[XB_OP_CNT] = {
#include "vm/insn.def"
		EXTRA
	};
#undef KNOWN
#define KNOWN(id) [XB_OP_##id##_KNOWN] = &&id,
	static const void *const check_table[XB_OP_CNT] = {
#include "vm/insn.def"
		EXTRA
	};
#undef KNOWN
#undef SPACE
#undef I
#define I(id, code, dst, src, off, imm, text) [XB_INSN_##id] = &&stepped,
#define KNOWN(id)                             [XB_OP_##id##_KNOWN] = &&stepped,
#define SPACE(id)                             [XB_OP_##id##_SPACE] = &&stepped,
	static const void *const step_table[XB_OP_CNT] = {
#include "vm/insn.def"
		EXTRA
	};
#undef EXTRA
#undef SPACE
#undef KNOWN
#undef I
	const void *const *tab = run_table;
	const struct xb_mem *const mem = p->vm->mem;
	const u8 *const shadow = mem->shadow;
	u8 *const base = mem->base;
	const u64 limit = mem->limit;
	u64 *const r = p->r;
	const struct xb_op *ops = p->prog->ops;
	const struct xb_op *op = ops + p->pc;
	s64 left = (s64)(p->slice_end - p->insns);
	u64 fault_gaddr = 0;
	struct access fault_access = { 0, 0 };
	s32 packet_off;
	u32 packet_bytes;

	left--;
	if (XB_UNLIKELY(step || p->check_all)) {
		tab = step ? step_table : check_table;
		goto now;
	}
	goto *run_table[op->code];

	DO_ALU_SAME(ADD, a + b)
	DO_ALU_SAME(SUB, a - b)
	DO_ALU_SAME(MUL, a * b)
	DO_ALU_SAME(DIV, b ? a / b : 0)
	DO_ALU_SAME(MOD, b ? a % b : a)
	DO_ALU_SAME(OR, a | b)
	DO_ALU_SAME(AND, a & b)
	DO_ALU_SAME(XOR, a ^ b)
	DO_ALU(LSH, u64, u32, a << (b & 63), a << (b & 31))
	DO_ALU(RSH, u64, u32, a >> (b & 63), a >> (b & 31))
	DO_ALU(ARSH, s64, s32, a >> (b & 63), a >> (b & 31))
	DO_ALU(SDIV, s64, s32, SDIV(a, b, s64), SDIV(a, b, s32))
	DO_ALU(SMOD, s64, s32, SMOD(a, b, s64), SMOD(a, b, s32))

MOV64_K:
	D = K;
	NEXT;
MOV64_X:
	D = S;
	NEXT;
MOV32_K:
	D = (u32)K;
	NEXT;
MOV32_X:
	D = (u32)S;
	NEXT;
MOVSX64_8:
	D = (u64)(s64)(s8)S;
	NEXT;
MOVSX64_16:
	D = (u64)(s64)(s16)S;
	NEXT;
MOVSX64_32:
	D = (u64)(s64)(s32)S;
	NEXT;
MOVSX32_8:
	D = (u64)(u32)(s8)S;
	NEXT;
MOVSX32_16:
	D = (u64)(u32)(s16)S;
	NEXT;
CAST_TO_0: /* decoded as MOV32_X */
	D = (u32)S;
	NEXT;
CAST_TO_1:
	D = (u32)S ? (u32)S | K : 0;
	NEXT;
NEG64:
	D = 0 - D;
	NEXT;
NEG32:
	D = (u32)(0 - (u32)D);
	NEXT;
LE16:
	D = (u16)D;
	NEXT;
LE32:
	D = (u32)D;
	NEXT;
LE64:
	NEXT;
BE16:
BSWAP16:
	D = __builtin_bswap16((u16)D);
	NEXT;
BE32:
BSWAP32:
	D = __builtin_bswap32((u32)D);
	NEXT;
BE64:
BSWAP64:
	D = __builtin_bswap64(D);
	NEXT;
LDIMM64:
LDFUNC:
	D = K;
	op++;
	NEXT;

	DO_JUMP(JEQ, u64, u32, a == b)
	DO_JUMP(JNE, u64, u32, a != b)
	DO_JUMP(JGT, u64, u32, a > b)
	DO_JUMP(JGE, u64, u32, a >= b)
	DO_JUMP(JLT, u64, u32, a < b)
	DO_JUMP(JLE, u64, u32, a <= b)
	DO_JUMP(JSET, u64, u32, a & b)
	DO_JUMP(JSGT, s64, s32, a > b)
	DO_JUMP(JSGE, s64, s32, a >= b)
	DO_JUMP(JSLT, s64, s32, a < b)
	DO_JUMP(JSLE, s64, s32, a <= b)
JA:
	TAKE(op->off);
	NEXT;
JA32:
	TAKE(op->imm);
	NEXT;
MAY_GOTO:
	if (p->frames[p->depth].may_goto == 0)
		TAKE(op->off);
	else
		p->frames[p->depth].may_goto--;
	NEXT;

	LDX(B, 1, LD8)
	LDX(H, 2, xb_ld16)
	LDX(W, 4, xb_ld32)
	LDX(DW, 8, xb_ld64)
	LDSX(B, 1, s8, LD8)
	LDSX(H, 2, s16, xb_ld16)
	LDSX(W, 4, s32, xb_ld32)
	STORE(B, 1, u8, ST8)
	STORE(H, 2, u16, xb_st16)
	STORE(W, 4, u32, xb_st32)
	STORE(DW, 8, u64, xb_st64)
	DO_ATOMIC(W, u32, 4)
	DO_ATOMIC(DW, u64, 8)
	DO_ACQ_REL(B, u8, 1)
	DO_ACQ_REL(H, u16, 2)
	DO_ACQ_REL(W, u32, 4)
	DO_ACQ_REL(DW, u64, 8)
	LOAD_PACKET(B, 1)
	LOAD_PACKET(H, 2)
	LOAD_PACKET(W, 4)

CALL:
CALL_KFUNC : {
	const struct xb_call *call = op->call;
	u64 r0;

	if (XB_UNLIKELY(left < 0))
		goto out_of_budget;
	p->pc = (u32)(op - ops);
	p->insns = p->slice_end - (u64)left;
	r0 = call->fn(p, call, r);
	left = (s64)(p->slice_end - p->insns);
	if (XB_UNLIKELY(p->event) && xb_proc_settle(p))
		goto event;
	r[0] = r0;
	NEXT;
}
OWN:
	if (XB_UNLIKELY(left < 0))
		goto out_of_budget;
	p->pc = (u32)(op - ops);
	p->insns = p->slice_end - (u64)left;
	xb_proc_exec_own(p);
	left = (s64)(p->slice_end - p->insns);
	if (XB_UNLIKELY(p->event))
		goto event;
	NEXT;
CALL_LOCAL : {
	struct xb_frame *frame = &p->frames[p->depth];

	if (XB_UNLIKELY(left < 0))
		goto out_of_budget;
	if (XB_UNLIKELY(p->depth + 1 >= p->frame_cnt))
		goto too_deep;
	frame->prog = p->prog;
	frame->ret_pc = (u32)(op - ops) + 1;
	memcpy(frame->r6_r9, r + 6, sizeof(frame->r6_r9));
	xb_proc_push_frame(p, op->zero_frame);
	op += op->imm;
	NEXT;
}
EXIT : {
	const struct xb_frame *frame;

	if (p->depth == p->base_depth) {
		p->pc = (u32)(op - ops);
		p->insns = p->slice_end - (u64)left;
		return XB_RUN_EXIT;
	}
	xb_proc_pop_frame(p);
	frame = &p->frames[p->depth];
	memcpy(r + 6, frame->r6_r9, sizeof(frame->r6_r9));
	p->prog = frame->prog;
	ops = p->prog->ops;
	op = ops + frame->ret_pc - 1;
	NEXT;
}

load_packet:
	p->pc = (u32)(op - ops);
	if (!p->vm->ops->load_packet(p, packet_off, packet_bytes, &fault_gaddr)) {
		if (p->event)
			goto event;
		/* Linux ends the program with 0 (cf. kernel/bpf/core.c and bpf_gen_ld_abs). */
		r[0] = 0;
		goto EXIT;
	}
	r[0] = fault_gaddr;
	NEXT;

event:
	if (!(p->event & XB_PROC_FAULTED)) {
		p->event = 0;
		p->prog = p->next_prog;
		/* Loads from the context were proved for R1 as it is at the start of a run. */
		r[1] = p->ctx_gaddr;
		xb_proc_enter_frame(p, p->prog->subprogs[0].uses_frame);
		ops = op = p->prog->ops;
		left--;
		goto *tab[op->code];
	}
	p->insns = p->slice_end - (u64)left;
	return XB_RUN_FAULT;

bad_access:
	p->pc = (u32)(op - ops);
	if (xb_proc_access_object(p, fault_gaddr)) {
		if (p->event)
			goto event;
		NEXT;
	}
	xb_proc_fault_mem(p, fault_gaddr, fault_access.bytes, fault_access.need, NULL);
	goto event;
bad_space_access:
	if (fault_gaddr - p->prog->space.gaddr > p->prog->space.bytes)
		goto bad_access; /* a guest address after all */
	p->pc = (u32)(op - ops);
	if (xb_proc_fill_space(p, fault_gaddr, fault_access.bytes, fault_access.need))
		goto now;
	if (BPF_CLASS(p->prog->insns[p->pc].code) == BPF_LDX)
		D = 0;
	NEXT;
misaligned:
	p->pc = (u32)(op - ops);
	xb_proc_fault(p, XB_FAULT_BAD_ATOMIC, XB_MISALIGNED);
	goto event;
too_deep:
	p->pc = (u32)(op - ops);
	if (!xb_proc_more_frames(p))
		goto event;
	goto now;
out_of_budget:
	p->pc = (u32)(op - ops);
	p->insns = p->slice_end - (u64)left;
	if (!xb_proc_next_slice(p))
		goto event;
	left = (s64)(p->slice_end - p->insns);
now: /* the instruction that did nothing yet, and is counted */
	if (p->check_all)
		goto *check_table[op->code];
	goto *run_table[op->code];

stepped:
	p->pc = (u32)(op - ops);
	p->insns = p->slice_end - (u64)left - 1;
	return XB_RUN_RUNNING;
}

#pragma GCC diagnostic pop
