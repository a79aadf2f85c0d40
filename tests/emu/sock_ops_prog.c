/* SPDX-License-Identifier: BSD-2-Clause */
/* sock_ops_prog.c - a row's program, and its maps. */
#include "tests/emu/sock_ops_rig.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LOG_BYTES       (4u << 20)
#define SK_BPF_CB_FLAGS 1009 /* what SK_BPF_CB_TX_TIMESTAMPING, 1, is set in */
#define HEADER_MOST     60
#define JUMPS_MOST      64u
#define VALUE(field)    ((s16)offsetof(struct record, field))
#define CTX(field)      ((s16)offsetof(struct bpf_sock_ops, field))

void
script_maps_open(const struct backend *b, struct script_maps *m)
{
	m->value = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct record), 1);
	m->socks = backend_map(b, BPF_MAP_TYPE_SOCKMAP, 4, 8, 2);
	m->readers = backend_map(b, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2);
	m->hash = backend_map(b, BPF_MAP_TYPE_SOCKHASH, 4, 8, 1);
}

void
script_maps_close(const struct script_maps *m)
{
	close(m->value);
	close(m->socks);
	close(m->hash);
	close(m->readers);
}

bool
script_has_wire(const struct script *s)
{
	return s->op == BPF_SOCK_OPS_WRITE_HDR_OPT_CB && s->tcp_flags == 0x18;
}

/* Jumps forward, to where they are all patched to. */
struct jumps {
	u32 at[JUMPS_MOST], cnt;
};

static void
remember(const struct builder *b, struct jumps *j)
{
	assert_true(j->cnt < JUMPS_MOST);
	j->at[j->cnt++] = b->cnt;
}

static void
jump(struct builder *b, struct jumps *j, u8 op, u8 reg, s32 imm)
{
	remember(b, j);
	emit(b, BPF_JMP | op | BPF_K, reg, 0, 0, imm);
}

static void
land(struct builder *b, struct jumps *j)
{
	for (u32 i = 0; i < j->cnt; i++)
		b->insns[j->at[i]].off = (s16)(b->cnt - j->at[i] - 1);
	j->cnt = 0;
}

/* Copies a field of what a register points at to the value. */
static void
copy(struct builder *b, u8 size, u8 from, s16 off, s16 to)
{
	emit(b, BPF_LDX | BPF_MEM | size, 2, from, off, 0);
	emit(b, BPF_STX | BPF_MEM | size, 7, 2, to, 0);
}

static void
copy_words(struct builder *b, u8 from, s16 first, s16 last, s16 to)
{
	for (s16 off = first; off <= last; off = (s16)(off + 4))
		copy(b, BPF_W, from, off, (s16)(to + off));
}

/* The packet's header, as far as it goes, and how far. */
static void
record_header(struct builder *b, s16 to, s16 bytes_to)
{
	struct jumps out = { .cnt = 0 };

	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 2, 6, CTX(skb_data), 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 3, 6, CTX(skb_data_end), 0);
	emit_mov_reg(b, 4, 3);
	emit(b, BPF_ALU64 | BPF_SUB | BPF_X, 4, 2, 0, 0);
	emit(b, BPF_STX | BPF_MEM | BPF_W, 7, 4, bytes_to, 0);
	for (s16 i = 0; i < HEADER_MOST; i++) {
		emit_mov_reg(b, 4, 2);
		emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, i + 1);
		remember(b, &out);
		emit(b, BPF_JMP | BPF_JGT | BPF_X, 4, 3, 0, 0);
		emit(b, BPF_LDX | BPF_MEM | BPF_B, 5, 2, i, 0);
		emit(b, BPF_STX | BPF_MEM | BPF_B, 7, 5, (s16)(to + i), 0);
	}
	land(b, &out);
}

static void
record_sock(struct builder *b)
{
	struct jumps out = { .cnt = 0 };

	emit_mov_reg(b, 1, 6);
	emit_call(b, BPF_FUNC_get_socket_cookie);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 0, VALUE(cookie), 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 1, 6, CTX(sk), 0);
	jump(b, &out, BPF_JEQ, 1, 0);
	copy_words(b, 1, 0, offsetof(struct bpf_sock, rx_queue_mapping), VALUE(sk));
	emit_call(b, BPF_FUNC_tcp_sock);
	jump(b, &out, BPF_JEQ, 0, 0);
	copy_words(b, 0, 0, offsetof(struct bpf_tcp_sock, sacked_out), VALUE(tcp));
	for (s16 off = 80; off < 96; off = (s16)(off + 8))
		copy(b, BPF_DW, 0, off, (s16)(VALUE(tcp) + off));
	copy_words(b, 0, 96, 108, VALUE(tcp));
	land(b, &out);
}

static void
record(struct builder *b)
{
	emit(b, BPF_ST | BPF_MEM | BPF_DW, 7, 0, VALUE(seen), 1);
	copy_words(b, 6, 0, CTX(sk_txhash), VALUE(ctx));
	copy(b, BPF_DW, 6, CTX(bytes_received), (s16)(VALUE(ctx) + CTX(bytes_received)));
	copy(b, BPF_DW, 6, CTX(bytes_acked), (s16)(VALUE(ctx) + CTX(bytes_acked)));
	copy_words(b, 6, CTX(skb_len), CTX(skb_tcp_flags), VALUE(ctx));
	copy(b, BPF_DW, 6, 216, (s16)(VALUE(ctx) + 216));
	record_header(b, VALUE(header), VALUE(header_bytes));
	record_sock(b);
}

/* 16 bytes of the stack. */
static void
emit_bytes(struct builder *b, const u8 *bytes)
{
	for (s16 i = 0; i < 16; i = (s16)(i + 4)) {
		s32 word;

		memcpy(&word, bytes + i, sizeof(word));
		emit(b, BPF_ST | BPF_MEM | BPF_W, 10, 0, (s16)(i - 16), word);
	}
}

static void
emit_stack(struct builder *b, u8 reg)
{
	emit_mov_reg(b, reg, 10);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, -16);
}

static void
emit_option(struct builder *b, const struct step *s, u32 helper)
{
	emit_stack(b, 2);
	emit_mov(b, 3, (s32)s->len);
	emit_mov(b, 4, (s32)s->flags);
	emit_call(b, helper);
}

static void
emit_sockopt(struct builder *b, const struct step *s, u32 helper)
{
	emit_mov(b, 2, (s32)(s->flags >> 32));
	emit_mov(b, 3, (s32)s->flags);
	emit_stack(b, 4);
	emit_mov(b, 5, (s32)s->len);
	emit_call(b, helper);
}

/* All options that can be had. */
static void
record_options(struct builder *b, s16 to)
{
	for (u32 i = 0; i < sock_ops_option_cnt; i++) {
		const struct option *o = &sock_ops_options[i];
		const struct step get = { GETOPT, 4, (u64)o->level << 32 | (u32)o->name, { 0 } };

		emit_mov_reg(b, 1, 6);
		emit_sockopt(b, &get, BPF_FUNC_getsockopt);
		emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 0, to, 0);
		copy(b, BPF_W, 10, -16, (s16)(to + 8));
		to = (s16)(to + (s16)sizeof(struct option_seen));
	}
}

static void
record_congestion(struct builder *b)
{
	const struct step get = { GETOPT, 16, (u64)IPPROTO_TCP << 32 | TCP_CONGESTION, { 0 } };

	emit_mov_reg(b, 1, 6);
	emit_sockopt(b, &get, BPF_FUNC_getsockopt);
	copy(b, BPF_DW, 10, -16, VALUE(congestion));
	copy(b, BPF_DW, 10, -8, (s16)(VALUE(congestion) + 8));
}

static void
emit_update(struct builder *b, const struct step *s, int map, u32 helper)
{
	emit_map(b, 2, map);
	emit_stack(b, 3);
	emit_mov(b, 4, (s32)s->flags);
	emit_call(b, helper);
}

static void
emit_field(struct builder *b, s16 off, u64 value)
{
	emit_mov(b, 2, (s32)value);
	emit(b, BPF_STX | BPF_MEM | BPF_W, 1, 2, off, 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 0, 1, off, 0);
}

static void
emit_step_call(struct builder *b, const struct step *s, const struct script_maps *m)
{
	switch (s->kind) {
	case LOAD:
		emit_option(b, s, BPF_FUNC_load_hdr_opt);
		break;
	case STORE:
		emit_option(b, s, BPF_FUNC_store_hdr_opt);
		break;
	case RESERVE:
		emit_mov(b, 2, (s32)s->len);
		emit_mov(b, 3, (s32)s->flags);
		emit_call(b, BPF_FUNC_reserve_hdr_opt);
		break;
	case MAP_UPDATE:
		emit_update(b, s, m->socks, BPF_FUNC_sock_map_update);
		break;
	case HASH_UPDATE:
		emit_update(b, s, m->hash, BPF_FUNC_sock_hash_update);
		break;
	case SETOPT:
		emit_sockopt(b, s, BPF_FUNC_setsockopt);
		break;
	case GETOPT:
		emit_sockopt(b, s, BPF_FUNC_getsockopt);
		break;
	case FLAGS:
		emit_mov(b, 2, (s32)s->flags);
		emit_call(b, BPF_FUNC_sock_ops_cb_flags_set);
		break;
	case REPLY:
		emit_field(b, CTX(reply), s->flags);
		break;
	case PERF:
		emit_map(b, 2, m->readers);
		emit_mov(b, 3, (s32)s->flags);
		emit_stack(b, 4);
		emit_mov(b, 5, 8);
		emit_call(b, BPF_FUNC_perf_event_output);
		break;
	case TXHASH:
		emit_field(b, CTX(sk_txhash), s->flags);
		break;
	}
}

static void
emit_step(struct builder *b, const struct step *s, const struct script_maps *m, s16 to)
{
	emit_bytes(b, s->bytes);
	emit_mov_reg(b, 1, 6);
	emit_step_call(b, s, m);
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, 0, to, 0);
	copy(b, BPF_DW, 10, -16, (s16)(to + 8));
	copy(b, BPF_DW, 10, -8, (s16)(to + 16));
}

/* Whether this is the call that the row is about; all others jump. */
static void
emit_choice(struct builder *b, const struct script *s, struct jumps *others)
{
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 8, 6, CTX(op), 0);
	jump(b, others, BPF_JNE, 8, (s32)s->op);
	emit(b, BPF_LDX | BPF_MEM | BPF_DW, 2, 7, VALUE(seen), 0);
	jump(b, others, BPF_JNE, 2, 0);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 2, 6, CTX(is_fullsock), 0);
	jump(b, others, BPF_JNE, 2, !s->request);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 2, 6, CTX(skb_tcp_flags), 0);
	if (s->tcp_flags)
		jump(b, others, BPF_JNE, 2, s->tcp_flags);
}

/* What comes in when the row's call is over. */
static void
record_wire(struct builder *b, const struct script *s)
{
	struct jumps next = { .cnt = 0 };

	jump(b, &next, BPF_JNE, 8, BPF_SOCK_OPS_PARSE_HDR_OPT_CB);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 2, 6, CTX(skb_tcp_flags), 0);
	jump(b, &next, BPF_JNE, 2, s->tcp_flags);
	emit(b, BPF_LDX | BPF_MEM | BPF_W, 2, 7, VALUE(wire_bytes), 0);
	jump(b, &next, BPF_JNE, 2, 0);
	record_header(b, VALUE(wire), VALUE(wire_bytes));
	land(b, &next);
}

/* In the kernel alone: who runs the emulator's program makes such calls, or none. */
static void
ask_for_timestamps(struct builder *b)
{
	struct jumps next = { .cnt = 0 };
	const struct step set = { SETOPT, 4, (u64)SOL_SOCKET << 32 | SK_BPF_CB_FLAGS, { 1 } };

	jump(b, &next, BPF_JNE, 8, BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB);
	emit_bytes(b, set.bytes);
	emit_mov_reg(b, 1, 6);
	emit_sockopt(b, &set, BPF_FUNC_setsockopt);
	land(b, &next);
}

/* Calls that the row is not about: all are asked for, and have the row's option in them. */
static void
emit_others(struct builder *b, const struct script *s, const struct script_maps *m, bool emulated)
{
	static const u32 starts[] = { BPF_SOCK_OPS_TCP_CONNECT_CB, BPF_SOCK_OPS_TCP_LISTEN_CB };
	struct step opt = { STORE, s->aux_bytes, 0, { 0 } };
	struct jumps next = { .cnt = 0 };

	for (size_t i = 0; i < XB_ARRAY_SIZE(starts); i++) {
		jump(b, &next, BPF_JNE, 8, (s32)starts[i]);
		emit_mov_reg(b, 1, 6);
		emit_step_call(b, &(struct step){ FLAGS, 0, ALL_FLAGS, { 0 } }, m);
		land(b, &next);
	}
	if (s->reserve) {
		jump(b, &next, BPF_JNE, 8, BPF_SOCK_OPS_HDR_OPT_LEN_CB);
		emit_mov_reg(b, 1, 6);
		emit_step_call(b, &(struct step){ RESERVE, s->reserve, 0, { 0 } }, m);
		land(b, &next);
	}
	if (s->aux_bytes) {
		memcpy(opt.bytes, s->aux, sizeof(s->aux));
		jump(b, &next, BPF_JNE, 8, BPF_SOCK_OPS_WRITE_HDR_OPT_CB);
		emit_bytes(b, opt.bytes);
		emit_mov_reg(b, 1, 6);
		emit_step_call(b, &opt, m);
		land(b, &next);
	}
	if (script_has_wire(s))
		record_wire(b, s);
	if (s->timestamps && !emulated)
		ask_for_timestamps(b);
	emit_mov(b, 0, 1);
	emit_exit(b);
}

/* The verifier's log of such programs is long, and none of it may be lost. */
static int
load(const struct backend *b, const struct builder *build)
{
	static char log[LOG_BYTES];
	const struct backend_prog prog = { .insns = build->insns,
		                           .insn_cnt = build->cnt,
		                           .type = BPF_PROG_TYPE_SOCK_OPS,
		                           .attach_type = SOCK_OPS_ATTACH };
	long fd = backend_try_prog(b, &prog, log, sizeof(log));

	if (fd < 0)
		fail_msg("%s: program: %s\n%s", b->name, strerror((int)-fd),
		         log + (strlen(log) > 600 ? strlen(log) - 600 : 0));
	return (int)fd;
}

int
script_prog(const struct backend *b, const struct script *s, const struct script_maps *m)
{
	struct builder build = { .cnt = 0 };
	struct jumps others = { .cnt = 0 };

	emit_value(&build, m->value);
	emit_choice(&build, s, &others);
	record(&build);
	if (s->options) {
		record_congestion(&build);
		record_options(&build, VALUE(options));
	}
	for (u32 i = 0; i < s->step_cnt; i++)
		emit_step(&build, &s->steps[i], m,
		          (s16)(VALUE(steps) + (s16)(i * sizeof(((struct record *)0)->steps[0]))));
	if (s->options)
		record_options(&build, VALUE(options_after));
	copy(&build, BPF_W, 6, CTX(bpf_sock_ops_cb_flags), VALUE(cb_flags_after));
	record_header(&build, VALUE(header_after), VALUE(header_bytes_after));
	emit_mov(&build, 0, !s->fails);
	emit_exit(&build);
	land(&build, &others);
	emit_others(&build, s, m, b->emu != NULL);
	return load(b, &build);
}
