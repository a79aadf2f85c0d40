/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/xdp/script.h"

#include "tests/insns.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define KEPT_BYTES  ((u32)(sizeof(struct script_kept) + SCRIPT_BUF))
#define KEPT(field) ((s32)offsetof(struct script_kept, field))
#define MAX_INSNS   256

void
script_maps_open(const struct backend *b, struct script_maps *maps)
{
	const u32 lo = 1, cpu[2] = { 192, 0 }, key = 1;
	const u32 cpu_key = 1;

	maps->kept = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, KEPT_BYTES, 1);
	maps->devmap = backend_map(b, BPF_MAP_TYPE_DEVMAP, 4, 4, 4);
	maps->hash = backend_map(b, BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 4);
	maps->cpumap = backend_map(b, BPF_MAP_TYPE_CPUMAP, 4, 4, 4);
	maps->xskmap = backend_map(b, BPF_MAP_TYPE_XSKMAP, 4, 4, 4);
	maps->perf = backend_map(b, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4);
	assert_int_equal(backend_update(b, maps->devmap, &key, &lo), 0);
	assert_int_equal(backend_update(b, maps->hash, &key, &lo), 0);
	assert_int_equal(backend_update(b, maps->cpumap, &cpu_key, cpu), 0);
}

void
script_maps_close(const struct script_maps *maps)
{
	close(maps->kept);
	close(maps->devmap);
	close(maps->hash);
	close(maps->cpumap);
	close(maps->xskmap);
	close(maps->perf);
}

void
script_sides_open(struct script_sides *s)
{
	backend_open_emu(&s->b[0], xb_xdp_register);
	s->cnt = backend_open_kernel(&s->b[1]) ? 2 : 1;
	for (u32 k = 0; k < s->cnt; k++)
		script_maps_open(&s->b[k], &s->maps[k]);
}

void
script_sides_close(struct script_sides *s)
{
	for (u32 k = 0; k < s->cnt; k++) {
		script_maps_close(&s->maps[k]);
		backend_close(&s->b[k]);
	}
}

/* A program being written. R6 is the context, R7 the value that results are kept in. */
struct asm_buf {
	struct bpf_insn insns[MAX_INSNS];
	u32 cnt;
	const struct script_maps *maps;
};

static void
emit(struct asm_buf *p, const struct bpf_insn *insns, u32 cnt)
{
	assert_true(cnt <= MAX_INSNS - p->cnt);
	memcpy(p->insns + p->cnt, insns, cnt * sizeof(*insns));
	p->cnt += cnt;
}

#define EMIT(p, ...)                                                                               \
	emit(p, (const struct bpf_insn[]){ __VA_ARGS__ },                                          \
	     sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn))

static void
emit_begin(struct asm_buf *p)
{
	EMIT(p, XB_MOV64_REG(6, 1), XB_LD_MAP_VALUE(7, p->maps->kept, 0));
}

static void
emit_bytes_call(struct asm_buf *p, const struct step *s, u32 func)
{
	EMIT(p, XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, s->a), XB_MOV64_REG(3, 7),
	     XB_ALU64_IMM(BPF_ADD, 3, sizeof(struct script_kept)), XB_MOV64_IMM(4, s->b),
	     XB_CALL(func));
}

static void
emit_redirect(struct asm_buf *p, const struct step *s, int map)
{
	EMIT(p, XB_LD_MAP_FD(1, map), XB_LD_IMM64(2, s->a), XB_LD_IMM64(3, s->b),
	     XB_CALL(BPF_FUNC_redirect_map));
}

/* Packet pointers do not survive helpers: they are loaded where they are used. */
static void
emit_first(struct asm_buf *p, const struct step *s)
{
	EMIT(p, XB_MOV64_IMM(0, 0), XB_LDX_MEM(BPF_W, 2, 6, 0), XB_LDX_MEM(BPF_W, 3, 6, 4),
	     XB_MOV64_REG(4, 2), XB_ALU64_IMM(BPF_ADD, 4, 14), XB_JMP_REG(BPF_JGT, 4, 3, 2),
	     XB_ST_MEM(BPF_B, 2, 0, s->a), XB_MOV64_IMM(0, 1));
}

static void
emit_perf(struct asm_buf *p, const struct step *s)
{
	EMIT(p, XB_MOV64_REG(1, 6), XB_LD_MAP_FD(2, p->maps->perf), XB_LD_IMM64(3, s->a),
	     XB_MOV64_REG(4, 7), XB_ALU64_IMM(BPF_ADD, 4, sizeof(struct script_kept)),
	     XB_MOV64_IMM(5, s->b), XB_CALL(BPF_FUNC_perf_event_output));
}

static void
emit_adjust(struct asm_buf *p, const struct step *s, u32 func)
{
	EMIT(p, XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, s->a), XB_CALL(func));
}

static void
emit_step(struct asm_buf *p, const struct step *s)
{
	switch (s->op) {
	case HEAD:
		emit_adjust(p, s, BPF_FUNC_xdp_adjust_head);
		break;
	case META:
		emit_adjust(p, s, BPF_FUNC_xdp_adjust_meta);
		break;
	case TAIL:
		emit_adjust(p, s, BPF_FUNC_xdp_adjust_tail);
		break;
	case LEN:
		EMIT(p, XB_MOV64_REG(1, 6), XB_CALL(BPF_FUNC_xdp_get_buff_len));
		break;
	case LOAD:
		emit_bytes_call(p, s, BPF_FUNC_xdp_load_bytes);
		break;
	case STORE:
		emit_bytes_call(p, s, BPF_FUNC_xdp_store_bytes);
		break;
	case REDIRECT:
		EMIT(p, XB_MOV64_IMM(1, s->a), XB_LD_IMM64(2, s->b), XB_CALL(BPF_FUNC_redirect));
		break;
	case REDIR_DEVMAP:
		emit_redirect(p, s, p->maps->devmap);
		break;
	case REDIR_HASH:
		emit_redirect(p, s, p->maps->hash);
		break;
	case REDIR_CPUMAP:
		emit_redirect(p, s, p->maps->cpumap);
		break;
	case REDIR_XSKMAP:
		emit_redirect(p, s, p->maps->xskmap);
		break;
	case PERF:
		emit_perf(p, s);
		break;
	case FIRST:
		emit_first(p, s);
		break;
	case END:
		break;
	}
}

static void
emit_end(struct asm_buf *p, u32 verdict)
{
	EMIT(p, XB_LDX_MEM(BPF_W, 2, 6, 4), XB_LDX_MEM(BPF_W, 3, 6, 0), XB_LDX_MEM(BPF_W, 4, 6, 8),
	     XB_ALU64_REG(BPF_SUB, 2, 3), XB_STX_MEM(BPF_DW, 7, 2, KEPT(linear)),
	     XB_ALU64_REG(BPF_SUB, 3, 4), XB_STX_MEM(BPF_DW, 7, 3, KEPT(meta)),
	     XB_LDX_MEM(BPF_W, 2, 6, 12), XB_STX_MEM(BPF_DW, 7, 2, KEPT(ingress_ifindex)),
	     XB_LDX_MEM(BPF_W, 2, 6, 16), XB_STX_MEM(BPF_DW, 7, 2, KEPT(queue)));
	if (verdict == SCRIPT_LAST)
		EMIT(p, XB_EXIT());
	else
		EMIT(p, XB_MOV64_IMM(0, verdict), XB_EXIT());
}

int
script_load(const struct backend *b, const struct script_maps *maps, const struct script *script)
{
	struct asm_buf p = { .maps = maps };
	u32 i;

	emit_begin(&p);
	EMIT(&p, XB_MOV64_IMM(0, 0));
	for (i = 0; i < SCRIPT_STEPS && script->steps[i].op != END; i++) {
		emit_step(&p, &script->steps[i]);
		EMIT(&p, XB_STX_MEM(BPF_DW, 7, 0, (s32)(i * sizeof(u64))));
	}
	emit_end(&p, script->verdict);
	return backend_prog(b, &(struct backend_prog){ .insns = p.insns, .insn_cnt = p.cnt });
}

void
script_reset(const struct backend *b, const struct script_maps *maps)
{
	u8 *value = calloc(1, KEPT_BYTES);
	const u32 key = 0;
	u32 i;

	assert_non_null(value);
	for (i = 0; i < SCRIPT_BUF; i++)
		value[sizeof(struct script_kept) + i] = (u8)(0xa5 ^ i ^ i >> 8);
	assert_int_equal(backend_update(b, maps->kept, &key, value), 0);
	free(value);
}

void
script_read(const struct backend *b, const struct script_maps *maps, struct script_kept *kept,
            u8 *buf)
{
	u8 *value = malloc(KEPT_BYTES);
	const u32 key = 0;

	assert_non_null(value);
	assert_int_equal(backend_lookup(b, maps->kept, &key, value), 0);
	memcpy(kept, value, sizeof(*kept));
	if (buf)
		memcpy(buf, value + sizeof(*kept), SCRIPT_BUF);
	free(value);
}
