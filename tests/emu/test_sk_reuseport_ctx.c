/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sk_reuseport_ctx.c - sk_reuseport_md: what may be loaded of it, on the emulator and by the
 * kernel's verifier; and, on the emulator, what no packet of the loopback is: in several pieces, on
 * its way from a listener that was closed.
 */
#include "emu/sock_fd.h"
#include "tests/emu/reuseport_rig.h"
#include "tests/emu/sk_msg_rig.h"
#include "tests/rig/ctx_access.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define OFF(field)  ((s16)offsetof(struct sk_reuseport_md, field))
#define LINEAR      50u /* MAC and IPv4 headers, UDP's, 8 bytes of 16 */
#define TRANSPORT   34u
#define VALUE_BYTES 64u

static const struct group_kind udp4 = { "UDP", AF_INET, SOCK_DGRAM, false };

/* An emulator with a packet for a group. */
struct target {
	struct backend b;
	struct group g;
	struct xb_sk_reuseport *r;
	struct xb_sk_reuseport_in in;
	u8 packet[PACKET_MOST];
};

static void
target_open(struct target *t)
{
	struct xb_err err = XB_ERR_INIT;

	memset(t, 0, sizeof(*t));
	group_open(&t->g, &udp4);
	backend_open_emu(&t->b, xb_sk_reuseport_register);
	assert_int_equal(xb_sock_by_fd(t->b.emu, t->g.fds[FIRST], &t->in.sk), 0);
	group_packet(&t->g, t->packet, &t->in);
	t->r = xb_sk_reuseport_new(t->b.emu, 0, &err);
	assert_non_null(t->r);
}

static void
target_close(struct target *t)
{
	xb_sk_reuseport_free(t->r);
	backend_close(&t->b);
	group_close(&t->g);
}

static void
target_run(struct target *t, int prog, struct xb_sk_reuseport_out *out)
{
	struct xb_err err = XB_ERR_INIT;

	assert_int_equal(xb_sk_reuseport_load(t->r, &t->in, &err), 0);
	xb_sk_reuseport_run(t->r, backend_emu_prog(&t->b, prog), out);
}

static bool
runs(void *arg, int prog)
{
	struct xb_sk_reuseport_out out;

	target_run(arg, prog, &out);
	return out.fault == NULL;
}

static void
access_is_the_verifiers(void **state)
{
	struct target t;
	struct ctx_access access = {
		.prog_type = BPF_PROG_TYPE_SK_REUSEPORT,
		.bytes = sizeof(struct sk_reuseport_md),
		.classes = { BPF_LDX | BPF_MEM, BPF_LDX | BPF_MEMSX, BPF_STX | BPF_MEM,
		             BPF_ST | BPF_MEM },
		.b = &t.b,
		.runs = runs,
		.arg = &t,
	};

	(void)state;
	target_open(&t);
	ctx_access_compare(&access);
	target_close(&t);
}

static void
emit_store(struct builder *b, u8 src, s16 to)
{
	emit(b, BPF_STX | BPF_MEM | BPF_DW, 7, src, to, 0);
}

/* Of a header, or of the data behind it; 8 bytes go to `to` + 8. */
static void
emit_bytes(struct builder *b, u32 helper, s32 off, s16 to)
{
	emit_mov_reg(b, 1, 6);
	emit_mov(b, 2, off);
	emit_mov_reg(b, 3, 7);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, to + 8);
	emit_mov(b, 4, 8);
	emit_mov(b, 5, BPF_HDR_START_MAC);
	emit_call(b, helper);
	emit_store(b, 0, to);
}

/* Runs what was written, with a map for what it sees, to its end. */
static void
run_to_end(struct target *t, struct builder *b, int map, u32 attach_type, u64 *seen)
{
	struct xb_sk_reuseport_out out;
	const u32 key = 0;
	int prog;

	emit_mov(b, 0, SK_PASS);
	emit_exit(b);
	prog = builder_prog(&t->b, b, BPF_PROG_TYPE_SK_REUSEPORT, attach_type);
	target_run(t, prog, &out);
	assert_null(out.fault);
	assert_int_equal(out.verdict, XB_SK_REUSEPORT_HASH);
	assert_int_equal(backend_lookup(&t->b, map, &key, seen), 0);
	close(prog);
	close(map);
}

static int
begin(const struct target *t, struct builder *b)
{
	int map = backend_map(&t->b, BPF_MAP_TYPE_ARRAY, 4, VALUE_BYTES, 1);

	b->cnt = 0;
	emit_value(b, map);
	return map;
}

/* Data lies in the linear part and behind it; a header is looked for in the linear part alone. */
static void
knows_what_is_linear(void **state)
{
	static struct builder b;
	struct target t;
	u64 seen[VALUE_BYTES / 8];
	int map;

	(void)state;
	target_open(&t);
	t.in.linear_bytes = LINEAR;
	map = begin(&t, &b);
	emit_bytes(&b, BPF_FUNC_skb_load_bytes, LINEAR - TRANSPORT - 4, 0);
	emit_bytes(&b, BPF_FUNC_skb_load_bytes_relative, LINEAR - 8, 16);
	emit_bytes(&b, BPF_FUNC_skb_load_bytes_relative, LINEAR - 7, 32);
	emit(&b, BPF_LDX | BPF_MEM | BPF_DW, 1, 6, OFF(data), 0);
	emit(&b, BPF_LDX | BPF_MEM | BPF_DW, 2, 6, OFF(data_end), 0);
	emit(&b, BPF_ALU64 | BPF_SUB | BPF_X, 2, 1, 0, 0);
	emit_store(&b, 2, 48);
	emit(&b, BPF_LDX | BPF_MEM | BPF_W, 2, 6, OFF(len), 0);
	emit_store(&b, 2, 56);
	run_to_end(&t, &b, map, 0, seen);
	assert_int_equal(seen[0], 0);
	assert_memory_equal(&seen[1], t.packet + LINEAR - 4, 8);
	assert_int_equal(seen[2], 0);
	assert_memory_equal(&seen[3], t.packet + LINEAR - 8, 8);
	assert_int_equal((s64)seen[4], -EFAULT);
	assert_int_equal(seen[5], 0);
	assert_int_equal(seen[6], LINEAR - TRANSPORT);
	assert_int_equal(seen[7], t.in.bytes - TRANSPORT);
	target_close(&t);
}

/* The socket whose listener is closed: its common fields, and its cookie. */
static void
shows_who_migrates(void **state)
{
	static struct builder b;
	struct target t;
	u64 seen[VALUE_BYTES / 8];
	int map;

	(void)state;
	target_open(&t);
	assert_int_equal(xb_sock_by_fd(t.b.emu, t.g.fds[CONNECTION], &t.in.migrating), 0);
	map = begin(&t, &b);
	emit(&b, BPF_LDX | BPF_MEM | BPF_DW, 1, 6, OFF(migrating_sk), 0);
	emit(&b, BPF_LDX | BPF_MEM | BPF_W, 2, 1, offsetof(struct bpf_sock, state), 0);
	emit_store(&b, 2, 0);
	emit_call(&b, BPF_FUNC_get_socket_cookie);
	emit_store(&b, 0, 8);
	run_to_end(&t, &b, map, BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, seen);
	assert_int_equal(seen[0], BPF_TCP_ESTABLISHED);
	assert_int_equal(seen[1], sock_cookie(t.g.fds[CONNECTION]));
	target_close(&t);
}

/* What stops a program; it drops the packet then. */
static const struct fault_row {
	const char *name;
	struct bpf_insn insn; /* R2 is the packet's start */
	enum xb_fault_kind kind;
} fault_rows[] = {
	{ "a byte behind the linear part",
	  { BPF_LDX | BPF_MEM | BPF_B, 3, 2, LINEAR - TRANSPORT, 0 },
	  XB_FAULT_OOB_READ },
	{ "a byte of the IP header",
	  { BPF_LDX | BPF_MEM | BPF_B, 3, 2, -1, 0 },
	  XB_FAULT_OOB_READ },
	{ "a store to the packet", { BPF_ST | BPF_MEM | BPF_B, 2, 0, 0, 1 }, XB_FAULT_READ_ONLY },
};

static void
stops_what_is_not_allowed(void **state)
{
	struct target t;

	(void)state;
	target_open(&t);
	t.in.linear_bytes = LINEAR;
	for (size_t i = 0; i < XB_ARRAY_SIZE(fault_rows); i++) {
		const struct fault_row *row = &fault_rows[i];
		const struct bpf_insn insns[] = {
			{ BPF_LDX | BPF_MEM | BPF_DW, 2, 1, OFF(data), 0 },
			row->insn,
			{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, SK_PASS },
			{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
		};
		struct xb_sk_reuseport_out out;
		int prog = backend_prog(
		        &t.b, &(struct backend_prog){ .insns = insns,
		                                      .insn_cnt = XB_ARRAY_SIZE(insns),
		                                      .type = BPF_PROG_TYPE_SK_REUSEPORT });

		target_run(&t, prog, &out);
		if (!out.fault || out.fault->kind != row->kind)
			fail_msg("%s: %s", row->name, out.fault ? out.fault->message : "no fault");
		assert_int_equal(out.retval, SK_DROP);
		assert_int_equal(out.verdict, XB_SK_REUSEPORT_DROP);
		close(prog);
	}
	target_close(&t);
}

/* Packets that none can be. */
static void
refuses_packets(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_sk_reuseport_in in;
	struct target t;

	(void)state;
	target_open(&t);
	in = t.in;
	in.bytes = XB_SK_REUSEPORT_MAX_BYTES + 1;
	assert_int_equal(xb_sk_reuseport_load(t.r, &in, &err), -1);
	in = t.in;
	in.transport_off = in.bytes + 1;
	assert_int_equal(xb_sk_reuseport_load(t.r, &in, &err), -1);
	in = t.in;
	in.net_off = in.transport_off + 1;
	assert_int_equal(xb_sk_reuseport_load(t.r, &in, &err), -1);
	in = t.in;
	in.linear_bytes = in.transport_off - 1;
	assert_int_equal(xb_sk_reuseport_load(t.r, &in, &err), -1);
	in = t.in;
	in.sk = NULL;
	assert_int_equal(xb_sk_reuseport_load(t.r, &in, &err), -1);
	target_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(access_is_the_verifiers),   cmocka_unit_test(knows_what_is_linear),
		cmocka_unit_test(shows_who_migrates),        cmocka_unit_test(refuses_packets),
		cmocka_unit_test(stops_what_is_not_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
