/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sock.c - sockets of the emulator: what programs may load of their forms, and what
 * helpers take for one.
 *
 * A toy program type is given an address in its context, and loads from it or passes it on.
 */
#include "emu/helper.h"
#include "emu/prog.h"
#include "emu/sock.h"
#include "emu/vcpu.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define CTX_BYTES 8
#define SOCKS     3

static u32
ctx_bytes(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return CTX_BYTES;
}

static u64
cookie(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return a[0].sock->info.cookie;
}

static u64
second(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return a[1].sock->info.cookie + a[0].u;
}

static const struct xb_prog_type type = { .type = BPF_PROG_TYPE_SCHED_CLS,
	                                  .name = "toy",
	                                  .ctx_bytes = ctx_bytes };
static const struct xb_helper helpers[] = {
	{ .id = BPF_FUNC_sk_fullsock,
	  .name = "cookie",
	  .fn = cookie,
	  .args = { XB_ARG_SOCK_COMMON },
	  .prog_types = XB_PROG_TYPES_ALL },
	{ .id = BPF_FUNC_skb_under_cgroup,
	  .name = "second",
	  .fn = second,
	  .args = { XB_ARG_ANY, XB_ARG_SOCK_COMMON },
	  .prog_types = XB_PROG_TYPES_ALL },
};

struct fixture {
	struct backend b;
	struct xb_proc *proc;
	struct xb_region *ctx;
	struct xb_sock *socks[SOCKS];
};

static void
register_toy(struct xb_emu *emu)
{
	xb_prog_type_register(emu, &type);
	xb_helper_register(emu, helpers, XB_ARRAY_SIZE(helpers));
}

static void
setup(struct fixture *f)
{
	const struct xb_region_opts opts = { .name = "context", .bytes = CTX_BYTES, .low = true };
	struct xb_err err = XB_ERR_INIT;

	backend_open_emu(&f->b, register_toy);
	f->ctx = xb_mem_map(f->b.emu->mem, &opts, &err);
	f->proc = xb_proc_new(f->b.emu->vm, 0, &err);
	if (!f->ctx || !f->proc)
		fail_msg("%s", err.msg);
	xb_mem_allow(f->b.emu->mem, f->ctx->gaddr, CTX_BYTES, XB_MEM_READ);
	for (u32 i = 0; i < SOCKS; i++) {
		const struct xb_sock_info info = { .uapi = { .bound_dev_if = 10 + i,
			                                     .family = 2,
			                                     .mark = 0x81828384,
			                                     .dst_port = 0x3412,
			                                     .dst_ip4 = 0xa1a2a3a4 },
			                           .cookie = 100 + i,
			                           .tcp = { .snd_cwnd = 10,
			                                    .icsk_retransmits = 0xf0000001,
			                                    .bytes_received =
			                                            0x1122334455667788 } };

		f->socks[i] = xb_sock_new(f->b.emu, &err);
		if (!f->socks[i])
			fail_msg("%s", err.msg);
		xb_sock_set(f->socks[i], &info);
	}
}

static void
teardown(struct fixture *f)
{
	for (u32 i = 0; i < SOCKS; i++)
		xb_sock_free(f->socks[i]);
	xb_sock_free(NULL);
	xb_proc_free(f->proc);
	xb_mem_unmap(f->b.emu->mem, f->ctx);
	backend_close(&f->b);
}

/* R1 = the address, then the instruction, which leaves its result in R0. */
static enum xb_run_status
run(struct fixture *f, u64 gaddr, struct bpf_insn insn)
{
	const struct bpf_insn insns[] = { XB_LDX_MEM(BPF_DW, 1, 1, 0), XB_MOV64_REG(2, 1),
		                          XB_MOV64_IMM(0, 0), insn, XB_EXIT() };
	const struct backend_prog opts = { .insns = insns,
		                           .insn_cnt = XB_ARRAY_SIZE(insns),
		                           .type = BPF_PROG_TYPE_SCHED_CLS };
	int fd = backend_prog(&f->b, &opts);
	enum xb_run_status status;

	memcpy(xb_mem_host(f->b.emu->mem, f->ctx->gaddr), &gaddr, sizeof(gaddr));
	status = xb_proc_run(f->proc, backend_emu_prog(&f->b, fd)->vm, f->ctx->gaddr);
	xb_emu_run_end(f->b.emu, 0);
	close(fd);
	return status;
}

/* What an address is relative to. */
enum base { NUMBER, COMMON, FULL, TCP, BTF, CONTEXT, FREED };

struct row {
	const char *name;
	enum base base;
	s64 off;
	struct bpf_insn insn;
	u64 r0; /* with fault NONE */
	enum xb_fault_kind kind;
	const char *message;
};

#define LD(size, off)   XB_LDX_MEM(size, 0, 1, off)
#define LDSX(size, off) XB_LDX_MEMSX(size, 0, 1, off)
#define FAULT(id, text) 0, XB_FAULT_##id, text
#define GIVES(value)    value, XB_FAULT_NONE, ""
#define TAKE            XB_CALL(BPF_FUNC_sk_fullsock)
#define TAKE_2ND        XB_CALL(BPF_FUNC_skb_under_cgroup)

/* clang-format off */
static const struct row rows[] = {
	{ "common",			COMMON, 0, TAKE, GIVES(101) },
	{ "full",			FULL, 0, TAKE, GIVES(101) },
	{ "tcp",			TCP, 0, TAKE, GIVES(101) },
	{ "btf",			BTF, 0, TAKE, GIVES(101) },
	{ "inside of tcp",		TCP, 8, TAKE, FAULT(BAD_ARGUMENT, "not a socket") },
	{ "null",			NUMBER, 0, TAKE, FAULT(NULL_POINTER, "bpf_cookie: argument 1 (socket): null pointer") },
	{ "a number",			NUMBER, 0x123456, TAKE, FAULT(BAD_ARGUMENT, "bpf_cookie: argument 1 (socket): not a socket") },
	{ "inside of common",		COMMON, 4, TAKE, FAULT(BAD_ARGUMENT, "not a socket") },
	{ "before full",		FULL, -1, TAKE, FAULT(BAD_ARGUMENT, "not a socket") },
	{ "the context",		CONTEXT, 0, TAKE, FAULT(BAD_ARGUMENT, "not a socket") },
	{ "one that is gone",		FREED, 0, TAKE, FAULT(BAD_ARGUMENT, "not a socket") },
	{ "as the second argument",	NUMBER, 0, TAKE_2ND, FAULT(NULL_POINTER, "bpf_second: argument 2 (socket): null pointer") },
	{ "number as the second",	NUMBER, 7, TAKE_2ND, FAULT(BAD_ARGUMENT, "bpf_second: argument 2 (socket): not a socket") },

	{ "loads: first",		COMMON, 0, LD(BPF_W, 0), GIVES(11) },
	{ "loads: first of full",	FULL, 0, LD(BPF_W, 0), GIVES(11) },
	{ "loads: through a sum",	FULL, 16, LD(BPF_W, 0), GIVES(0x81828384) },
	{ "loads: mark",		FULL, 0, LD(BPF_W, 16), GIVES(0x81828384) },
	{ "loads: mark with sign",	FULL, 0, LDSX(BPF_W, 16), GIVES((u64)(s32)0x81828384) },
	{ "loads: mark of common",	COMMON, 0, LD(BPF_W, 16), FAULT(BAD_CONTEXT, "invalid sock_common access off=16 size=4: 'mark' of bpf_sock cannot be loaded before bpf_sk_fullsock") },
	{ "loads: half of mark",	FULL, 0, LD(BPF_H, 16), FAULT(BAD_CONTEXT, "invalid sock access off=16 size=2: 'mark' of bpf_sock cannot be loaded this way") },
	{ "loads: port",		COMMON, 0, LD(BPF_H, 48), GIVES(0x3412) },
	{ "loads: port, second byte",	COMMON, 0, LD(BPF_B, 49), GIVES(0x34) },
	{ "loads: port and padding",	COMMON, 0, LD(BPF_W, 48), GIVES(0x3412) },
	{ "loads: padding",		COMMON, 0, LD(BPF_H, 50), FAULT(BAD_CONTEXT, "invalid sock_common access off=50 size=2: bpf_sock has no field there") },
	{ "loads: padding, byte",	FULL, 0, LD(BPF_B, 51), FAULT(BAD_CONTEXT, "bpf_sock has no field there") },
	{ "loads: address, part",	COMMON, 0, LD(BPF_H, 54), GIVES(0xa1a2) },
	{ "loads: address, odd",	COMMON, 0, LD(BPF_H, 53), FAULT(BAD_CONTEXT, "'dst_ip4' of bpf_sock cannot be loaded this way") },
	{ "loads: two at once",		FULL, 0, LD(BPF_DW, 56), FAULT(BAD_CONTEXT, "'dst_ip6' of bpf_sock cannot be loaded this way") },
	{ "loads: behind",		FULL, 0, LD(BPF_W, 80), FAULT(BAD_CONTEXT, "invalid sock access off=80 size=4: bpf_sock has no field there") },
	{ "loads: before",		COMMON, 0, LD(BPF_W, -4), FAULT(BAD_CONTEXT, "invalid sock_common access off=-4 size=4: bpf_sock has no field there") },
	{ "loads: before full",		FULL, 0, LD(BPF_W, -4), FAULT(BAD_CONTEXT, "invalid sock access off=-4 size=4: bpf_sock has no field there") },
	{ "loads: far behind",		FULL, 0, LD(BPF_W, 2000), FAULT(OOB_READ, "") },
	{ "loads: one that is gone",	FREED, 0, LD(BPF_W, 0), FAULT(OOB_READ, "") },
	{ "tcp: first",			TCP, 0, LD(BPF_W, 0), GIVES(10) },
	{ "tcp: last",			TCP, 0, LD(BPF_W, 108), GIVES(0xf0000001) },
	{ "tcp: last with sign",	TCP, 0, LDSX(BPF_W, 108), GIVES((u64)(s32)0xf0000001) },
	{ "tcp: 8 bytes",		TCP, 0, LD(BPF_DW, 80), GIVES(0x1122334455667788) },
	{ "tcp: half of 8 bytes",	TCP, 0, LD(BPF_W, 80), FAULT(BAD_CONTEXT, "invalid tcp_sock access off=80 size=4: 'bytes_received' of bpf_tcp_sock cannot be loaded this way") },
	{ "tcp: upper half",		TCP, 0, LD(BPF_W, 84), FAULT(BAD_CONTEXT, "'bytes_received' of bpf_tcp_sock cannot be loaded this way") },
	{ "tcp: upper half of acked",	TCP, 0, LD(BPF_W, 92), FAULT(BAD_CONTEXT, "'bytes_acked' of bpf_tcp_sock cannot be loaded this way") },
	{ "tcp: part",			TCP, 0, LD(BPF_H, 0), FAULT(BAD_CONTEXT, "invalid tcp_sock access off=0 size=2: 'snd_cwnd' of bpf_tcp_sock cannot be loaded this way") },
	{ "tcp: two at once",		TCP, 0, LD(BPF_DW, 0), FAULT(BAD_CONTEXT, "'snd_cwnd' of bpf_tcp_sock cannot be loaded this way") },
	{ "tcp: two at the end",	TCP, 0, LD(BPF_DW, 104), FAULT(BAD_CONTEXT, "'delivered_ce' of bpf_tcp_sock cannot be loaded this way") },
	{ "tcp: odd",			TCP, 0, LD(BPF_W, 2), FAULT(BAD_CONTEXT, "'snd_cwnd' of bpf_tcp_sock cannot be loaded this way") },
	{ "tcp: behind",		TCP, 0, LD(BPF_W, 112), FAULT(BAD_CONTEXT, "invalid tcp_sock access off=112 size=4: bpf_tcp_sock has no field there") },
	{ "tcp: before",		TCP, 0, LD(BPF_W, -4), FAULT(BAD_CONTEXT, "invalid tcp_sock access off=-4 size=4: bpf_tcp_sock has no field there") },
	{ "tcp: store",			TCP, 0, XB_ST_MEM(BPF_W, 1, 0, 1), FAULT(BAD_CONTEXT, "'snd_cwnd' of bpf_tcp_sock cannot be stored to") },
	{ "btf: load",			BTF, 0, LD(BPF_W, 16), FAULT(BAD_CONTEXT, "off=16: what bpf_skc_to_*() lead to is not emulated") },
	{ "stores: number",		FULL, 0, XB_ST_MEM(BPF_W, 1, 16, 1), FAULT(BAD_CONTEXT, "'mark' of bpf_sock cannot be stored to") },
	{ "stores: register",		COMMON, 0, XB_STX_MEM(BPF_W, 1, 0, 24), FAULT(BAD_CONTEXT, "'src_ip4' of bpf_sock cannot be stored to") },
	{ "stores: atomic",		FULL, 0, XB_ATOMIC(BPF_W, BPF_ADD, 1, 0, 16), FAULT(BAD_CONTEXT, "'mark' of bpf_sock cannot be stored to") },
};
/* clang-format on */

static u64
address(const struct fixture *f, const struct row *row, u64 freed)
{
	switch (row->base) {
	case NUMBER:
		break;
	case COMMON:
		return f->socks[1]->common + (u64)row->off;
	case FULL:
		return f->socks[1]->full + (u64)row->off;
	case TCP:
		return f->socks[1]->tcp + (u64)row->off;
	case BTF:
		return f->socks[1]->btf + (u64)row->off;
	case CONTEXT:
		return f->ctx->gaddr + (u64)row->off;
	case FREED:
		return freed + (u64)row->off;
	}
	return (u64)row->off;
}

static void
test_rows(void **state)
{
	struct fixture f;
	u64 freed;

	(void)state;
	setup(&f);
	freed = f.socks[0]->common; /* the last in the emulator's list */
	xb_sock_free(f.socks[0]);
	f.socks[0] = NULL;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		enum xb_run_status status = run(&f, address(&f, row, freed), row->insn);
		const struct xb_fault *fault = &f.proc->fault;

		if (status != (row->kind ? XB_RUN_FAULT : XB_RUN_EXIT))
			fail_msg("%s: %s", row->name, row->kind ? "no fault" : fault->message);
		if (!row->kind && f.proc->r[0] != row->r0)
			fail_msg("%s: 0x%llx", row->name, (unsigned long long)f.proc->r[0]);
		if (row->kind &&
		    (fault->kind != row->kind || !strstr(fault->message, row->message)))
			fail_msg("%s: %s: %s", row->name, xb_fault_kind_name(fault->kind),
			         fault->message);
	}
	teardown(&f);
}

/* Each is found by either of its addresses, also when others came and went. */
static void
test_many(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct fixture f;
	u64 gone;

	(void)state;
	setup(&f);
	gone = f.socks[1]->full;
	xb_sock_free(f.socks[1]);
	f.socks[1] = NULL;
	assert_null(xb_sock_by_gaddr(f.b.emu, gone));
	assert_null(xb_sock_by_gaddr(f.b.emu, 0));
	for (u32 i = 0; i < SOCKS; i += 2) {
		assert_ptr_equal(xb_sock_by_gaddr(f.b.emu, f.socks[i]->common), f.socks[i]);
		assert_ptr_equal(xb_sock_by_gaddr(f.b.emu, f.socks[i]->full), f.socks[i]);
		assert_int_equal(run(&f, f.socks[i]->common, LD(BPF_W, 0)), XB_RUN_EXIT);
		assert_int_equal(f.proc->r[0], 10 + i);
	}
	f.socks[1] = xb_sock_new(f.b.emu, &err);
	assert_non_null(f.socks[1]);
	assert_int_equal(f.socks[1]->full, gone); /* addresses come again */
	assert_int_equal(run(&f, f.socks[1]->full, LD(BPF_W, 0)), XB_RUN_EXIT);
	assert_int_equal(f.proc->r[0], 0);
	teardown(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
