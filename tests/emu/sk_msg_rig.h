/* SPDX-License-Identifier: BSD-2-Clause */
/* sk_msg_rig.h - what the tests of programs at sockets share: programs, connections, messages. */
#ifndef XB_TESTS_EMU_SK_MSG_RIG_H
#define XB_TESTS_EMU_SK_MSG_RIG_H

#include "emu/sk_msg.h"
#include "tests/emu/socks.h"
#include "tests/rig/backend.h"

#define MESSAGE    400u
#define ROOM       8192u
#define INSNS_MOST 4096u

/* A program as it grows. */
struct builder {
	struct bpf_insn insns[INSNS_MOST];
	u32 cnt;
};

void emit(struct builder *b, u8 code, u8 dst, u8 src, s16 off, s32 imm);
void emit_mov(struct builder *b, u8 dst, s32 imm);
void emit_mov_reg(struct builder *b, u8 dst, u8 src);
void emit_map(struct builder *b, u8 dst, int map);
void emit_call(struct builder *b, u32 helper);
void emit_exit(struct builder *b);

/* R7 = the value of key 0 of an array; R6 = the context. */
void emit_value(struct builder *b, int map);

/* Loads it as a program of a type, for a way of attaching it. */
int builder_prog(const struct backend *b, const struct builder *build, u32 type, u32 attach_type);

/* BPF_PROG_ATTACH to a socket map. */
void attach_prog(const struct backend *b, int map, int prog, u32 attach_type);

/* The bytes of a message: MESSAGE of them. */
void message(u8 *data);

/* A connection of the loopback, of which `fd` was accepted. */
extern const struct sock_kind tcp_accepted;

/*
 * What comes in at a socket, up to `most` bytes, or the end, or until nothing does for wait_ms.
 * `data` has `most` bytes.
 */
u32 receive(int fd, u8 *data, u32 most, int wait_ms);

/* A connection that something is sent through, and what may be redirected to. */
struct places {
	struct sock_pair from, to, listener, udp;
};

void places_open(struct places *p);
void places_close(const struct places *p);

/* A SOCKHASH or SOCKMAP of 4: 0 is to.fd, 1 the listener, 2 the UDP socket. */
int places_map(const struct backend *b, bool hash, const struct places *p);

/* R3 = a key of such a map, as bpf_*_redirect_hash or _map take it. */
void emit_sock_key(struct builder *b, bool hash, u32 key);

/* Fails where not all of message() comes in at a socket, or, without `want`, anything does. */
void check_arrives(const char *row, const char *where, int fd, bool want);

/* An emulator with SK_MSG, and a connection's socket that sends. */
struct emulated {
	struct backend b;
	struct xb_sk_msg *msg;
	struct xb_sock *sock;
	struct sock_pair p;
};

void emulated_open(struct emulated *e);
void emulated_close(struct emulated *e);
/* Runs a program on one element with message() in it. */
void emulated_run(struct emulated *e, int prog, struct xb_sk_msg_out *out);

#endif
