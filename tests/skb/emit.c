/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/skb/emit.h"

#include "tests/insns.h"
#include "tests/skb/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define KEPT_RESULT(i) ((s32)(offsetof(struct script_kept, results) + (i) * sizeof(u64)))
#define KEPT_FIELD(i)  ((s32)(offsetof(struct script_kept, fields) + (i) * sizeof(u64)))
#define KEPT_DONE      ((s32)offsetof(struct script_kept, done))
#define BUF_OFF        ((s32)sizeof(struct script_kept))
#define SLOT(i)        (-SCRIPT_STACK - 8 * ((s32)(i) + 1))
#define SKB(field)     ((s32)offsetof(struct __sk_buff, field))

static void
emit(struct asm_buf *p, const struct bpf_insn *insns, u32 cnt)
{
	assert_true(cnt <= EMIT_MAX_INSNS - p->cnt);
	memcpy(p->insns + p->cnt, insns, cnt * sizeof(*insns));
	p->cnt += cnt;
}

#define EMIT(p, ...)                                                                               \
	emit(p, (const struct bpf_insn[]){ __VA_ARGS__ },                                          \
	     sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn))

/* A jump to the end of this step. */
static void
emit_skip(struct asm_buf *p, struct bpf_insn jump)
{
	assert_true(p->skip_cnt < EMIT_MAX_SKIPS);
	p->skips[p->skip_cnt++] = p->cnt;
	emit(p, &jump, 1);
}

static void
land_skips(struct asm_buf *p)
{
	while (p->skip_cnt) {
		u32 at = p->skips[--p->skip_cnt];

		p->insns[at].off = (s16)(p->cnt - at - 1);
	}
}

static u32
size_code(u32 bytes)
{
	return bytes == 1 ? BPF_B : bytes == 2 ? BPF_H : bytes == 4 ? BPF_W : BPF_DW;
}

static void
emit_imm(struct asm_buf *p, u32 reg, s64 value)
{
	if (value == (s32)value)
		EMIT(p, XB_MOV64_IMM(reg, value));
	else
		EMIT(p, XB_LD_IMM64(reg, value));
}

/* Whether a step's result is a pointer that may be NULL. */
static bool
returns_pointer(const struct step *s)
{
	static const u32 funcs[] = {
		BPF_FUNC_sk_fullsock,
		BPF_FUNC_tcp_sock,
		BPF_FUNC_get_listener_sock,
		BPF_FUNC_sk_lookup_tcp,
		BPF_FUNC_sk_lookup_udp,
		BPF_FUNC_skc_lookup_tcp,
		BPF_FUNC_sk_storage_get,
		BPF_FUNC_map_lookup_elem,
		BPF_FUNC_map_lookup_percpu_elem,
		BPF_FUNC_ringbuf_reserve,
		BPF_FUNC_skc_to_tcp_sock,
		BPF_FUNC_skc_to_tcp6_sock,
		BPF_FUNC_skc_to_tcp_timewait_sock,
		BPF_FUNC_skc_to_tcp_request_sock,
		BPF_FUNC_skc_to_udp6_sock,
		BPF_FUNC_skc_to_unix_sock,
	};
	u32 i;

	for (i = 0; s->op == OP_CALL && i < XB_ARRAY_SIZE(funcs); i++)
		if (funcs[i] == s->func)
			return true;
	return false;
}

static void
emit_begin(struct asm_buf *p)
{
	u32 i;

	EMIT(p, XB_MOV64_REG(6, 1), XB_LD_MAP_VALUE(7, p->kept, 0));
	for (i = 0; i < script_cnt(p->script); i++)
		if (returns_pointer(&p->script->steps[i]))
			EMIT(p, XB_ST_MEM(BPF_DW, 10, SLOT(i), 0));
}

static void
emit_result_arg(struct asm_buf *p, u32 reg, u32 step)
{
	assert_true(step < SCRIPT_STEPS);
	if (!returns_pointer(&p->script->steps[step])) {
		EMIT(p, XB_LDX_MEM(BPF_DW, reg, 7, KEPT_RESULT(step)));
		return;
	}
	EMIT(p, XB_LDX_MEM(BPF_DW, reg, 10, SLOT(step)));
	emit_skip(p, XB_JMP_IMM(BPF_JEQ, reg, 0, 0));
}

static void
emit_sk(struct asm_buf *p, u32 reg)
{
	EMIT(p, XB_LDX_MEM(BPF_DW, reg, 6, SKB(sk)));
	emit_skip(p, XB_JMP_IMM(BPF_JEQ, reg, 0, 0));
}

static void
emit_map(struct asm_buf *p, u32 reg, enum map_name name)
{
	int fd = maps_get(p->maps, name);

	if (fd < 0)
		p->err = fd;
	EMIT(p, XB_LD_MAP_FD(reg, fd));
}

static void
emit_arg(struct asm_buf *p, u32 reg, const struct arg *arg)
{
	switch (arg->kind) {
	case ARG_IMM:
		emit_imm(p, reg, arg->value);
		break;
	case ARG_CTX:
		EMIT(p, XB_MOV64_REG(reg, 6));
		break;
	case ARG_BUF:
		EMIT(p, XB_MOV64_REG(reg, 7), XB_ALU64_IMM(BPF_ADD, reg, BUF_OFF + arg->value));
		break;
	case ARG_STACK:
		EMIT(p, XB_MOV64_REG(reg, 10),
		     XB_ALU64_IMM(BPF_ADD, reg, arg->value - SCRIPT_STACK));
		break;
	case ARG_MAP:
		emit_map(p, reg, (enum map_name)arg->value);
		break;
	case ARG_RESULT:
		emit_result_arg(p, reg, (u32)arg->value);
		break;
	case ARG_SK:
		emit_sk(p, reg);
		break;
	}
}

/* The stack's bytes come from the buffer, and go back there. R1 to R5 are free here. */
static void
emit_stack(struct asm_buf *p, const struct step *s, bool back)
{
	bool used = false;
	s32 i;

	for (i = 0; i < 5; i++)
		used = used || s->args[i].kind == ARG_STACK;
	for (i = 0; used && i < SCRIPT_STACK; i += 8) {
		if (back)
			EMIT(p, XB_LDX_MEM(BPF_DW, 1, 10, i - SCRIPT_STACK),
			     XB_STX_MEM(BPF_DW, 7, 1, BUF_OFF + i));
		else
			EMIT(p, XB_LDX_MEM(BPF_DW, 1, 7, BUF_OFF + i),
			     XB_STX_MEM(BPF_DW, 10, 1, i - SCRIPT_STACK));
	}
}

static void
emit_call(struct asm_buf *p, const struct step *s, u32 step)
{
	u32 i;

	emit_stack(p, s, false);
	for (i = 0; i < 5; i++)
		emit_arg(p, i + 1, &s->args[i]);
	EMIT(p, XB_CALL((s32)s->func));
	if (s->func == BPF_FUNC_tail_call) /* it returns nothing */
		EMIT(p, XB_MOV64_IMM(0, 0));
	if (returns_pointer(s))
		EMIT(p, XB_STX_MEM(BPF_DW, 10, 0, SLOT(step)), XB_JMP_IMM(BPF_JEQ, 0, 0, 2),
		     XB_MOV64_IMM(0, 1), XB_JA(1), XB_MOV64_IMM(0, 0));
	emit_stack(p, s, true);
}

/*
 * R2 points at the bytes, or the step is skipped. Packet pointers do not survive helpers: they are
 * loaded where they are used.
 */
static void
emit_packet(struct asm_buf *p, const struct step *s, s32 start, s32 end)
{
	EMIT(p, XB_LDX_MEM(BPF_W, 2, 6, start), XB_LDX_MEM(BPF_W, 3, 6, end),
	     XB_ALU64_IMM(BPF_ADD, 2, s->off), XB_MOV64_REG(4, 2),
	     XB_ALU64_IMM(BPF_ADD, 4, s->bytes));
	emit_skip(p, XB_JMP_REG(BPF_JGT, 4, 3, 0));
}

static void
emit_load(struct asm_buf *p, const struct step *s, u32 reg, s64 off)
{
	EMIT(p, XB_LDX_MEM(size_code(s->bytes), 0, reg, off));
}

static void
emit_store(struct asm_buf *p, const struct step *s, u32 reg, s64 off)
{
	emit_imm(p, 5, s->value);
	EMIT(p, XB_STX_MEM(size_code(s->bytes), reg, 5, off), XB_MOV64_IMM(0, 0));
}

static void
emit_full_load(struct asm_buf *p, const struct step *s)
{
	emit_sk(p, 1);
	EMIT(p, XB_CALL(BPF_FUNC_sk_fullsock), XB_MOV64_REG(2, 0), XB_LD_IMM64(0, SCRIPT_SKIPPED));
	emit_skip(p, XB_JMP_IMM(BPF_JEQ, 2, 0, 0));
	emit_load(p, s, 2, s->off);
}

static void
emit_legacy_load(struct asm_buf *p, const struct step *s)
{
	if (s->op == OP_LD_ABS) {
		EMIT(p, XB_LD_ABS(size_code(s->bytes), s->off));
		return;
	}
	emit_imm(p, 2, s->value);
	EMIT(p, XB_LD_IND(size_code(s->bytes), 2, s->off));
}

/* Leaves the result in R0. */
static void
emit_step(struct asm_buf *p, const struct step *s, u32 i)
{
	bool meta = s->op == OP_META_LD || s->op == OP_META_ST;

	switch (s->op) {
	case OP_CALL:
		emit_call(p, s, i);
		break;
	case OP_CTX_LD:
		emit_load(p, s, 6, s->off);
		break;
	case OP_CTX_LDSX:
		EMIT(p, XB_LDX_MEMSX(size_code(s->bytes), 0, 6, s->off));
		break;
	case OP_CTX_ST:
		emit_store(p, s, 6, s->off);
		break;
	case OP_CTX_ST_IMM:
		EMIT(p, XB_ST_MEM(size_code(s->bytes), 6, s->off, s->value), XB_MOV64_IMM(0, 0));
		break;
	case OP_PKT_LD:
	case OP_META_LD:
		emit_packet(p, s, meta ? SKB(data_meta) : SKB(data),
		            meta ? SKB(data) : SKB(data_end));
		emit_load(p, s, 2, 0);
		break;
	case OP_PKT_ST:
	case OP_META_ST:
		emit_packet(p, s, meta ? SKB(data_meta) : SKB(data),
		            meta ? SKB(data) : SKB(data_end));
		emit_store(p, s, 2, 0);
		break;
	case OP_SK_LD:
		emit_sk(p, 2);
		emit_load(p, s, 2, s->off);
		break;
	case OP_FULL_LD:
		emit_full_load(p, s);
		break;
	case OP_PTR_LD:
		emit_result_arg(p, 2, s->step);
		emit_load(p, s, 2, s->off);
		break;
	case OP_BUF_LD:
		emit_load(p, s, 7, BUF_OFF + s->off);
		break;
	case OP_LD_ABS:
	case OP_LD_IND:
		emit_legacy_load(p, s);
		break;
	case OP_END:
	case OP_CNT:
		break;
	}
}

/* R2 := its result, which is kept. */
static void
emit_keep(struct asm_buf *p, u32 field)
{
	EMIT(p, XB_STX_MEM(BPF_DW, 7, 2, KEPT_FIELD(field)));
}

/* Whether programs of the script's type may load the field. */
static bool
may_load(const struct script *script, u32 off, u32 bytes)
{
	u32 type = script->type ? script->type : BPF_PROG_TYPE_SCHED_CLS, i = 0;
	const struct access_field *field;

	while (i + 1 < ACCESS_TYPES && access_types[i].prog_type != type)
		i++;
	return access_allowed(&(struct access){ .area = &access_areas[0],
	                                        .kind = &access_kinds[0],
	                                        .type = &access_types[i],
	                                        .off = (s32)off,
	                                        .bytes = bytes },
	                      &field);
}

#define MAY_LOAD(p, field)                                                                         \
	may_load((p)->script, (u32)SKB(field), sizeof(((struct __sk_buff *)0)->field))

static void
emit_fields(struct asm_buf *p)
{
	static const struct {
		s32 off;
		u32 bytes;
	} fields[] = {
#define X(name, field) { SKB(field), sizeof(((struct __sk_buff *)0)->field) },
		SCRIPT_FIELDS(X)
#undef X
	};
	u32 i;

	for (i = 0; i < XB_ARRAY_SIZE(fields); i++) {
		if (!may_load(p->script, (u32)fields[i].off, fields[i].bytes))
			continue;
		EMIT(p, XB_LDX_MEM(size_code(fields[i].bytes), 2, 6, fields[i].off));
		emit_keep(p, i);
	}
	if (!p->script->plain_tstamp && MAY_LOAD(p, tstamp_type)) {
		EMIT(p, XB_LDX_MEM(BPF_B, 2, 6, SKB(tstamp_type)));
		emit_keep(p, FIELD_tstamp_type);
	}
	if (MAY_LOAD(p, data)) {
		EMIT(p, XB_LDX_MEM(BPF_W, 2, 6, SKB(data_end)), XB_LDX_MEM(BPF_W, 3, 6, SKB(data)),
		     XB_ALU64_REG(BPF_SUB, 2, 3));
		emit_keep(p, FIELD_linear);
	}
	if (MAY_LOAD(p, data_meta)) {
		EMIT(p, XB_LDX_MEM(BPF_W, 2, 6, SKB(data)), XB_LDX_MEM(BPF_W, 4, 6, SKB(data_meta)),
		     XB_ALU64_REG(BPF_SUB, 2, 4));
		emit_keep(p, FIELD_meta);
	}
	if (MAY_LOAD(p, sk)) {
		EMIT(p, XB_LDX_MEM(BPF_DW, 3, 6, SKB(sk)), XB_MOV64_IMM(2, 0),
		     XB_JMP_IMM(BPF_JEQ, 3, 0, 1), XB_MOV64_IMM(2, 1));
		emit_keep(p, FIELD_has_sk);
	}
}

/* The verdict is in R8 meanwhile. */
static void
emit_end(struct asm_buf *p)
{
	if (p->script->verdict == SCRIPT_LAST)
		EMIT(p, XB_MOV64_REG(8, 0));
	else
		EMIT(p, XB_MOV64_IMM(8, p->script->verdict));
	emit_fields(p);
	EMIT(p, XB_ST_MEM(BPF_DW, 7, KEPT_DONE, 1), XB_MOV64_REG(0, 8), XB_EXIT());
}

void
emit_script(struct asm_buf *p, const struct script *script)
{
	u32 i;

	p->script = script;
	emit_begin(p);
	EMIT(p, XB_MOV64_IMM(0, 0));
	for (i = 0; i < script_cnt(script); i++) {
		EMIT(p, XB_LD_IMM64(0, SCRIPT_SKIPPED));
		emit_step(p, &script->steps[i], i);
		land_skips(p);
		EMIT(p, XB_STX_MEM(BPF_DW, 7, 0, KEPT_RESULT(i)));
	}
	emit_end(p);
}
