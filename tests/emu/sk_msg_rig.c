/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/sk_msg_rig.h"

#include "emu/sock_fd.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

const struct sock_kind tcp_accepted = { "TCP, accepted", AF_INET, SOCK_STREAM, 0,
	                                SOCK_ACCEPTED,   false };

void
emit(struct builder *b, u8 code, u8 dst, u8 src, s16 off, s32 imm)
{
	assert_true(b->cnt < INSNS_MOST);
	b->insns[b->cnt++] = (struct bpf_insn){
		.code = code, .dst_reg = dst & 0xfu, .src_reg = src & 0xfu, .off = off, .imm = imm
	};
}

void
emit_mov(struct builder *b, u8 dst, s32 imm)
{
	emit(b, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm);
}

void
emit_mov_reg(struct builder *b, u8 dst, u8 src)
{
	emit(b, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

void
emit_map(struct builder *b, u8 dst, int map)
{
	emit(b, BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, map);
	emit(b, 0, 0, 0, 0, 0);
}

void
emit_call(struct builder *b, u32 helper)
{
	emit(b, BPF_JMP | BPF_CALL, 0, 0, 0, (s32)helper);
}

void
emit_exit(struct builder *b)
{
	emit(b, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

void
emit_value(struct builder *b, int map)
{
	emit_mov_reg(b, 6, 1);
	emit(b, BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0);
	emit_map(b, 1, map);
	emit_mov_reg(b, 2, 10);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4);
	emit_call(b, BPF_FUNC_map_lookup_elem);
	emit(b, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0);
	emit_mov(b, 0, SK_DROP);
	emit_exit(b);
	emit_mov_reg(b, 7, 0);
}

int
builder_prog(const struct backend *b, const struct builder *build, u32 type, u32 attach_type)
{
	return backend_prog(b, &(struct backend_prog){ .insns = build->insns,
	                                               .insn_cnt = build->cnt,
	                                               .type = type,
	                                               .attach_type = attach_type });
}

void
attach_prog(const struct backend *b, int map, int prog, u32 attach_type)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (u32)map;
	attr.attach_bpf_fd = (u32)prog;
	attr.attach_type = attach_type;
	assert_int_equal(backend_bpf(b, BPF_PROG_ATTACH, &attr), 0);
}

void
message(u8 *data)
{
	for (u32 i = 0; i < MESSAGE; i++)
		data[i] = (u8)(i * 7 + 3);
}

u32
receive(int fd, u8 *data, u32 most, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	u32 bytes = 0, idle = 0;
	ssize_t got = 1;

	/* A socket that a program took bytes from seems to have some for ever. */
	while (bytes < most && got && idle < 10 && poll(&p, 1, wait_ms) > 0) {
		got = recv(fd, data + bytes, most - bytes, MSG_DONTWAIT);
		if (got < 0 && errno != EAGAIN)
			break;
		if (got < 0)
			usleep(2000u * ++idle);
		else
			bytes += (u32)got;
	}
	return bytes;
}

void
emulated_open(struct emulated *e)
{
	struct xb_err err = XB_ERR_INIT;

	backend_open_emu(&e->b, xb_sk_msg_register);
	assert_true(sock_open(&tcp_accepted, &e->p));
	assert_int_equal(xb_sock_by_fd(e->b.emu, e->p.fd, &e->sock), 0);
	e->msg = xb_sk_msg_new(e->b.emu, 0, &err);
	assert_non_null(e->msg);
}

void
emulated_close(struct emulated *e)
{
	xb_sk_msg_free(e->msg);
	sock_close(&e->p);
	backend_close(&e->b);
}

void
emulated_run(struct emulated *e, int prog, struct xb_sk_msg_out *out)
{
	u8 data[MESSAGE];
	const struct xb_sk_msg_elem elem = { data, MESSAGE, false };
	struct xb_err err = XB_ERR_INIT;

	message(data);
	assert_int_equal(xb_sk_msg_load(e->msg, &(struct xb_sk_msg_in){ &elem, 1, e->sock }, &err),
	                 0);
	xb_sk_msg_run(e->msg, backend_emu_prog(&e->b, prog), out);
}

void
places_open(struct places *p)
{
	static const struct sock_kind listener = {
		"", AF_INET, SOCK_STREAM, 0, SOCK_LISTENS, false
	};
	static const struct sock_kind udp = { "", AF_INET, SOCK_DGRAM, 0, SOCK_CONNECTED, false };

	assert_true(sock_open(&tcp_accepted, &p->from) && sock_open(&tcp_accepted, &p->to) &&
	            sock_open(&listener, &p->listener) && sock_open(&udp, &p->udp));
}

void
places_close(const struct places *p)
{
	sock_close(&p->from);
	sock_close(&p->to);
	sock_close(&p->listener);
	sock_close(&p->udp);
}

int
places_map(const struct backend *b, bool hash, const struct places *p)
{
	int map = backend_map(b, hash ? BPF_MAP_TYPE_SOCKHASH : BPF_MAP_TYPE_SOCKMAP, 4, 4, 4);
	const int fds[] = { p->to.fd, p->listener.fd, p->udp.fd };

	for (u32 i = 0; i < XB_ARRAY_SIZE(fds); i++)
		assert_int_equal(backend_update(b, map, &i, &fds[i]), 0);
	return map;
}

void
emit_sock_key(struct builder *b, bool hash, u32 key)
{
	emit_mov(b, 3, (s32)key);
	if (!hash)
		return;
	emit(b, BPF_STX | BPF_MEM | BPF_W, 10, 3, -4, 0);
	emit_mov_reg(b, 3, 10);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, -4);
}

void
check_arrives(const char *row, const char *where, int fd, bool want)
{
	static u8 data[ROOM];
	u32 bytes = receive(fd, data, MESSAGE, want ? 2000 : 30);

	if (bytes != (want ? MESSAGE : 0))
		fail_msg("kernel: %s: %u bytes arrive at %s", row, bytes, where);
}
