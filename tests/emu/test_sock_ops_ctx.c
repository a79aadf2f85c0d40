/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sock_ops_ctx.c - bpf_sock_ops: what may be loaded and stored, on the emulator and on the
 * kernel; and what TCP makes of what a program leaves, on the emulator.
 */
#include "emu/world.h"
#include "tests/emu/sock_ops_rig.h"
#include "tests/rig/ctx_access.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define NO_FIELD 220 /* the verifier takes 4 bytes of it, and then finds a bug in itself */

/* An emulator with a socket in it. */
struct call {
	struct backend b;
	struct xb_sock_ops *ops;
	struct xb_sock *sock;
};

static void
call_open(struct call *c)
{
	struct xb_sock_info info = { .uapi = { .family = AF_INET,
		                               .type = SOCK_STREAM,
		                               .protocol = 6,
		                               .state = BPF_TCP_ESTABLISHED },
		                     .tcp = { .snd_cwnd = 10 } };
	struct xb_err err = XB_ERR_INIT;

	backend_open_emu(&c->b, xb_sock_ops_register);
	c->ops = xb_sock_ops_new(c->b.emu, 0, &err);
	c->sock = xb_sock_new(c->b.emu, &err);
	assert_true(c->ops && c->sock);
	xb_sock_set(c->sock, &info);
}

static void
call_close(struct call *c)
{
	xb_sock_ops_free(c->ops);
	xb_sock_free(c->sock);
	backend_close(&c->b);
}

static bool
runs(void *arg, int prog)
{
	struct call *c = arg;
	const struct xb_sock_ops_in in = { .op = BPF_SOCK_OPS_RTT_CB, .sock = c->sock };
	struct xb_err err = XB_ERR_INIT;
	struct xb_sock_ops_out out;

	assert_int_equal(xb_sock_ops_load(c->ops, &in, &err), 0);
	xb_sock_ops_run(c->ops, backend_emu_prog(&c->b, prog), &out);
	return out.fault == NULL;
}

static void
access_is_the_verifiers(void **state)
{
	struct call c;
	struct ctx_access access = {
		.prog_type = BPF_PROG_TYPE_SOCK_OPS,
		.bytes = 224,
		.classes = { BPF_LDX | BPF_MEM, BPF_STX | BPF_MEM, BPF_ST | BPF_MEM,
		             BPF_STX | BPF_ATOMIC },
		.no_word = NO_FIELD,
		.b = &c.b,
		.runs = runs,
		.arg = &c,
	};

	(void)state;
	call_open(&c);
	ctx_access_compare(&access);
	call_close(&c);
}

/* A header of 20 bytes, and options that end before they do. */
static const u8 header[24] = { [12] = 0x60, [20] = 2, 4, 5, 0xb4 };
static const u8 ended[24] = { [12] = 0x60, [20] = 1, 0, 2, 4 };

/* clang-format off */
/* A call and the one step that is made in it. */
#define STEP(kind, ...) { (kind), __VA_ARGS__ }
#define OPTION STEP(STORE, 6, 0, { 254, 6, 0xeb, 0x9f, 1, 2 })
#define SCRIPT(call, step, ...) .script = { .op = BPF_SOCK_OPS_##call, .steps = { step }, .step_cnt = 1, __VA_ARGS__ }

/* Calls with outcomes that no program of the kernel's sees. */
static const struct outcome {
	const char *name;
	struct script script;
	const u8 *header;
	bool in_sockarray;
	s32 reply;
	s64 r0; /* of the last step */
	u32 reserved, written;
	u8 tail[8]; /* of the header, where there is one and room */
} outcomes[] = {
	{ "an option is written", SCRIPT(WRITE_HDR_OPT_CB, OPTION, .room = 8), .header = header,
	  .written = 6, .tail = { 254, 6, 0xeb, 0x9f, 1, 2, 1, 1 } },
	{ "an option is written by one that fails",
	  SCRIPT(WRITE_HDR_OPT_CB, OPTION, .room = 8, .fails = true), .header = header, .reply = -1,
	  .tail = { 1, 1, 1, 1, 1, 1, 1, 1 } },
	{ "an option is written behind the end", SCRIPT(WRITE_HDR_OPT_CB, OPTION, .room = 8),
	  .header = ended, .r0 = -ENOSPC, .tail = { 1, 1, 1, 1, 1, 1, 1, 1 } },
	{ "an option is behind the end", SCRIPT(PARSE_HDR_OPT_CB, STEP(LOAD, 6, 0, { 2 })),
	  .header = ended, .r0 = -ENOMSG },
	{ "room is reserved", SCRIPT(HDR_OPT_LEN_CB, STEP(RESERVE, 5, 0, { 0 }), .room = 12), .reserved = 8 },
	{ "room is reserved by one that fails",
	  SCRIPT(HDR_OPT_LEN_CB, STEP(RESERVE, 5, 0, { 0 }), .room = 12, .fails = true), .reply = -1 },
	{ "a reply", SCRIPT(TIMEOUT_INIT, STEP(REPLY, 0, 7, { 0 })), .reply = 7, .r0 = 7 },
	{ "a reply of one that fails", SCRIPT(TIMEOUT_INIT, STEP(REPLY, 0, 7, { 0 }), .fails = true),
	  .reply = -1, .r0 = 7 },
	{ "an array of sockets has it", SCRIPT(TCP_LISTEN_CB, STEP(MAP_UPDATE, 0, 0, { 0 })),
	  .in_sockarray = true, .r0 = -EBUSY },
	{ "an array of sockets has it, and it goes to a hash",
	  SCRIPT(TCP_LISTEN_CB, STEP(HASH_UPDATE, 0, 0, { 0 })), .in_sockarray = true, .r0 = -EBUSY },
};
/* clang-format on */

static void
run_outcome(struct call *c, const struct outcome *o, struct xb_sock_ops_out *out,
            struct record *seen)
{
	const struct xb_sock_ops_in in = { .op = o->script.op,
		                           .sock = c->sock,
		                           .room = o->script.room,
		                           .packet = { .header = o->header,
		                                       .header_bytes = sizeof(header) } };
	struct xb_err err = XB_ERR_INIT;
	struct script_maps m;
	const u32 key = 0;
	int prog;

	script_maps_open(&c->b, &m);
	prog = script_prog(&c->b, &o->script, &m);
	c->sock->in_sockarray = o->in_sockarray;
	assert_int_equal(xb_sock_ops_load(c->ops, &in, &err), 0);
	xb_sock_ops_run(c->ops, backend_emu_prog(&c->b, prog), out);
	assert_int_equal(backend_lookup(&c->b, m.value, &key, seen), 0);
	close(prog);
	script_maps_close(&m);
}

static void
check_outcome(const struct outcome *o, const struct xb_sock_ops_out *out, const struct record *seen)
{
	s64 r0 = seen->steps[o->script.step_cnt - 1].r0;

	if (out->fault)
		fail_msg("%s: %s", o->name, out->fault->message);
	if (out->reply != o->reply || r0 != o->r0 || out->reserved != o->reserved ||
	    out->written != o->written)
		fail_msg("%s: reply %d, R0 %lld, %u reserved, %u written", o->name, out->reply,
		         (long long)r0, out->reserved, out->written);
	if (o->header && o->script.room &&
	    (out->header_bytes != sizeof(header) + sizeof(o->tail) ||
	     memcmp(out->header + sizeof(header), o->tail, sizeof(o->tail))))
		fail_msg("%s: other options, or not %u bytes", o->name, out->header_bytes);
}

static void
has_outcomes(void **state)
{
	struct xb_sock_ops_out out;
	struct record seen;
	struct call c;

	(void)state;
	call_open(&c);
	for (size_t i = 0; i < XB_ARRAY_SIZE(outcomes); i++) {
		run_outcome(&c, &outcomes[i], &out, &seen);
		check_outcome(&outcomes[i], &out, &seen);
	}
	call_close(&c);
}

/* bpf_get_netns_cookie() is the world's; a fault leaves no reply; what is too long is refused. */
static void
has_a_netns(void **state)
{
	struct xb_sock_ops_in in = { .op = BPF_SOCK_OPS_RTT_CB };
	struct xb_err err = XB_ERR_INIT;
	struct builder build = { .cnt = 0 };
	struct xb_sock_ops_out out;
	struct call c;
	int prog;

	(void)state;
	call_open(&c);
	c.b.emu->world->netns_cookie = 77;
	in.sock = c.sock;
	emit_mov_reg(&build, 6, 1);
	emit_call(&build, BPF_FUNC_get_netns_cookie);
	emit(&build, BPF_STX | BPF_MEM | BPF_W, 6, 0, offsetof(struct bpf_sock_ops, reply), 0);
	emit_mov(&build, 0, 1);
	emit_exit(&build);
	prog = builder_prog(&c.b, &build, BPF_PROG_TYPE_SOCK_OPS, 0);
	assert_int_equal(xb_sock_ops_load(c.ops, &in, &err), 0);
	xb_sock_ops_run(c.ops, backend_emu_prog(&c.b, prog), &out);
	assert_int_equal(out.reply, 77);
	close(prog);
	in.packet.header = header;
	in.packet.header_bytes = sizeof(header);
	in.room = 40;
	assert_int_equal(xb_sock_ops_load(c.ops, &in, &err), -1);
	call_close(&c);
}

static void
stops_at_a_fault(void **state)
{
	struct xb_sock_ops_in in = { .op = BPF_SOCK_OPS_WRITE_HDR_OPT_CB,
		                     .packet = { .header = header,
		                                 .header_bytes = sizeof(header) } };
	struct xb_err err = XB_ERR_INIT;
	struct builder build = { .cnt = 0 };
	struct xb_sock_ops_out out;
	struct call c;
	int prog;

	(void)state;
	call_open(&c);
	in.sock = c.sock;
	/* The header cannot be written to. */
	emit(&build, BPF_LDX | BPF_MEM | BPF_DW, 2, 1, offsetof(struct bpf_sock_ops, skb_data), 0);
	emit(&build, BPF_ST | BPF_MEM | BPF_B, 2, 0, 3, 9);
	emit_mov(&build, 0, 1);
	emit_exit(&build);
	prog = builder_prog(&c.b, &build, BPF_PROG_TYPE_SOCK_OPS, 0);
	assert_int_equal(xb_sock_ops_load(c.ops, &in, &err), 0);
	xb_sock_ops_run(c.ops, backend_emu_prog(&c.b, prog), &out);
	assert_int_equal(out.status, XB_RUN_FAULT);
	assert_int_equal(out.reply, -1);
	assert_memory_equal(out.header, header, sizeof(header));
	close(prog);
	call_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(access_is_the_verifiers),
		cmocka_unit_test(has_outcomes),
		cmocka_unit_test(has_a_netns),
		cmocka_unit_test(stops_at_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
