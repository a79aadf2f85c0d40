/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_flow_prog.c - flow dissectors: what they find, what becomes of the keys that they leave, and
 * what their test run refuses; on the kernel and on the emulator, byte by byte.
 */
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "tests/skb/packets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define KEYS_BYTES ((u32)sizeof(struct bpf_flow_keys))
#define ROOM       256u
#define UNTOUCHED  0xcc
#define KEY(field) ((s16)offsetof(struct bpf_flow_keys, field))
#define SKB(field) ((s16)offsetof(struct __sk_buff, field))
#define NO_BYTES   0xffffffffu /* a size of 0, where 0 stands for what is usual */

struct row {
	const char *name;
	enum packet packet;
	u32 bytes; /* data_size_in; 0: all of it */
	u32 flags, repeat, cpu, batch_size;
	const struct bpf_flow_keys *ctx;
	u32 ctx_bytes, ctx_out_bytes, data_out_bytes; /* 0: all */
	/* R6 is the context, R7 the keys; up to the first of code 0. R0 is returned, 0 if unset. */
	struct bpf_insn insns[24];
	long load, ret;
	u32 retval;
};

/* clang-format off */
#define RUN(...)      .insns = { __VA_ARGS__ }
#define KEYS(...)     .ctx = &(const struct bpf_flow_keys){ __VA_ARGS__ }
#define ST(size, field, v) XB_ST_MEM(size, 7, KEY(field), v)
/* R0 = the packet's byte at `off`, or 99 */
#define PACKET(off)   XB_LDX_MEM(BPF_W, 2, 6, SKB(data)), XB_LDX_MEM(BPF_W, 3, 6, SKB(data_end)), XB_MOV64_IMM(0, 99), XB_MOV64_REG(4, 2), XB_ALU64_IMM(BPF_ADD, 4, (off) + 1), XB_JMP_REG(BPF_JGT, 4, 3, 1), XB_LDX_MEM(BPF_B, 0, 2, off)
#define LOAD(off, n)  XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, off), XB_MOV64_REG(3, 10), XB_ALU64_IMM(BPF_ADD, 3, -8), XB_ST_MEM(BPF_DW, 10, -8, -1), XB_MOV64_IMM(4, n), XB_CALL(BPF_FUNC_skb_load_bytes)

static const struct row rows[] = {
	{ .name = "nothing", .packet = TCP4 },
	{ .name = "IPv6", .packet = TCP6 },
	{ .name = "tagged", .packet = VLAN },
	{ .name = "ARP", .packet = ARP },
	{ .name = "header alone", .packet = ETHER },
	{ "13 bytes", TCP4, .bytes = 13, .ret = -EINVAL },
	{ "IPv4 cut short", TCP4, .bytes = 15 },
	{ "4096 bytes", LARGE, .bytes = 4096 },
	{ "4097 bytes", LARGE, .bytes = 4097, .ret = -EINVAL },
	{ "3713 bytes", LARGE, .bytes = 3713 },
	{ "flags of the call", TCP4, .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .ret = -EINVAL },
	{ "cpu", TCP4, .cpu = 1, .ret = -EINVAL },
	{ "batch", TCP4, .batch_size = 1, .ret = -EINVAL },
	{ "repeat", TCP4, .repeat = 3, RUN(XB_LDX_MEM(BPF_B, 0, 7, KEY(ip_proto)), XB_ALU64_IMM(BPF_ADD, 0, 1), XB_STX_MEM(BPF_B, 7, 0, KEY(ip_proto))), .retval = 1 },

	/* What is found. */
	{ "nhoff", TCP4, RUN(XB_LDX_MEM(BPF_H, 0, 7, KEY(nhoff))), .retval = 14 },
	{ "thoff", TCP4, RUN(XB_LDX_MEM(BPF_H, 0, 7, KEY(thoff))), .retval = 14 },
	{ "n_proto", TCP4, RUN(XB_LDX_MEM(BPF_H, 0, 7, KEY(n_proto))), .retval = 8 },
	{ "ip_proto", TCP4, RUN(XB_LDX_MEM(BPF_B, 0, 7, KEY(ip_proto))), .retval = 0 },
	{ "packet, first", TCP4, RUN(PACKET(6)), .retval = 2 },
	{ "packet, last", TCP4, RUN(PACKET(73)), .retval = 0x86 },
	{ "packet, past the end", TCP4, RUN(PACKET(74)), .retval = 99 },
	{ "no sk_buff", TCP4, RUN(LOAD(0, 8)), .retval = (u32)-EFAULT },
	{ "no sk_buff: cleared", TCP4, RUN(LOAD(0, 4), XB_LDX_MEM(BPF_DW, 0, 10, -8), XB_ALU64_IMM(BPF_RSH, 0, 28)), .retval = 0xfffffff0 },

	/* The context. */
	{ "flags", TCP4, KEYS(.flags = 5), RUN(XB_LDX_MEM(BPF_W, 0, 7, KEY(flags))), .retval = 5 },
	{ "flags, all", TCP4, KEYS(.flags = 0xffffffff), RUN(XB_LDX_MEM(BPF_W, 0, 7, KEY(flags))), .retval = 0xffffffff },
	{ "another field", TCP4, KEYS(.nhoff = 1), .ret = -EINVAL },
	{ "the last field", TCP4, KEYS(.flow_label = 1), .ret = -EINVAL },
	{ "context, short", TCP4, KEYS(.flags = 5), .ctx_bytes = 51, RUN(XB_LDX_MEM(BPF_W, 0, 7, KEY(flags))), .retval = 5 },
	{ "context, very short", TCP4, KEYS(.flags = 5), .ctx_bytes = 8 },
	{ "context, long", TCP4, KEYS(.flags = 5), .ctx_bytes = 100, .ret = -E2BIG },
	{ "context, little room", TCP4, KEYS(.flags = 5), .ctx_out_bytes = 10, .ret = -ENOSPC },
	{ "output, little room", TCP4, .data_out_bytes = 10, .ret = -ENOSPC },
	{ "output, much room", TCP4, .data_out_bytes = 57 },

	/* What is left. */
	{ "keys", TCP4, RUN(ST(BPF_H, nhoff, 14), ST(BPF_H, thoff, 34), ST(BPF_H, addr_proto, 8), ST(BPF_B, is_frag, 1), ST(BPF_B, is_first_frag, 1), ST(BPF_B, is_encap, 1), ST(BPF_B, ip_proto, 6), ST(BPF_H, n_proto, 8), ST(BPF_W, ipv4_src, 1), ST(BPF_W, ipv4_dst, 2), ST(BPF_H, sport, 3), ST(BPF_H, dport, 4), ST(BPF_W, flow_label, 5), ST(BPF_W, flags, 6), XB_MOV64_IMM(0, 2)), .retval = 2 },
	{ "nhoff, low", TCP4, RUN(ST(BPF_H, nhoff, 13), ST(BPF_H, thoff, 12)) },
	{ "nhoff, high", TCP4, RUN(ST(BPF_H, nhoff, 75), ST(BPF_H, thoff, 20)) },
	{ "nhoff, highest", TCP4, RUN(ST(BPF_H, nhoff, 74), ST(BPF_H, thoff, 74)) },
	{ "thoff, high", TCP4, RUN(ST(BPF_H, thoff, 75)) },
	{ "thoff, -1", TCP4, RUN(ST(BPF_H, thoff, -1)) },
	{ "thoff before nhoff", TCP4, RUN(ST(BPF_H, nhoff, 30), ST(BPF_H, thoff, 20)) },
	{ "through the union", TCP6, RUN(ST(BPF_DW, ipv6_src, -1), ST(BPF_DW, ipv6_dst[2], -2)) },
	{ "continue", TCP4, RUN(XB_MOV64_IMM(0, 129)), .retval = 129 },
	{ "any value", TCP4, RUN(XB_MOV64_IMM(0, -7)), .retval = (u32)-7 },

	/* What is refused. */
	{ "store to the packet", TCP4, RUN(XB_LDX_MEM(BPF_W, 2, 6, SKB(data)), XB_LDX_MEM(BPF_W, 3, 6, SKB(data_end)), XB_MOV64_REG(4, 2), XB_ALU64_IMM(BPF_ADD, 4, 1), XB_JMP_REG(BPF_JGT, 4, 3, 1), XB_ST_MEM(BPF_B, 2, 0, 1)), .load = -EACCES },
	{ "past the keys", TCP4, RUN(XB_LDX_MEM(BPF_W, 0, 7, 56)), .load = -EACCES },
	{ "over their end", TCP4, RUN(XB_LDX_MEM(BPF_DW, 0, 7, 52)), .load = -EACCES },
	{ "before the keys", TCP4, RUN(XB_ST_MEM(BPF_B, 7, -1, 0)), .load = -EACCES },
	{ "LD_ABS", TCP4, RUN(XB_LD_ABS(BPF_B, 0)), .load = -EINVAL },
	{ "pull_data", TCP4, RUN(XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, 0), XB_CALL(BPF_FUNC_skb_pull_data)), .load = -EINVAL },
};
/* clang-format on */

struct outcome {
	long load, ret;
	u32 retval, data_bytes, ctx_bytes;
	bool faulted;
	u8 data[ROOM], ctx[ROOM];
};

static long
load(const struct backend *b, const struct row *row)
{
	struct bpf_insn insns[64] = { XB_MOV64_REG(6, 1), XB_LDX_MEM(BPF_DW, 7, 1, SKB(flow_keys)),
		                      XB_MOV64_IMM(0, 0) };
	u32 cnt = 3;
	char text[8192];
	struct backend_prog prog = { .insns = insns, .type = BPF_PROG_TYPE_FLOW_DISSECTOR };

	for (u32 i = 0; i < XB_ARRAY_SIZE(row->insns) && row->insns[i].code; i++)
		insns[cnt++] = row->insns[i];
	if (row->load == 0 && cnt == 3)
		insns[cnt++] = XB_MOV64_IMM(0, 0);
	insns[cnt++] = XB_EXIT();
	prog.insn_cnt = cnt;
	return backend_try_prog(b, &prog, text, sizeof(text));
}

static u32
size(u32 bytes, u32 usual)
{
	return bytes == NO_BYTES ? 0 : bytes ? bytes : usual;
}

static void
run(const struct backend *b, const struct row *row, struct outcome *o)
{
	u8 data[8192] = { 0 }, ctx[ROOM];
	u32 bytes = packet_build(row->packet, data);
	union bpf_attr attr;

	memset(o, UNTOUCHED, sizeof(*o));
	memset(ctx, 0x11, sizeof(ctx));
	if (row->ctx)
		memcpy(ctx, row->ctx, sizeof(*row->ctx));
	o->faulted = false;
	o->load = load(b, row);
	if (o->load < 0)
		return;
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)o->load;
	attr.test.data_in = (uintptr_t)data;
	attr.test.data_size_in = size(row->bytes, bytes);
	attr.test.data_out = (uintptr_t)o->data;
	attr.test.data_size_out = size(row->data_out_bytes, ROOM);
	attr.test.ctx_in = row->ctx ? (uintptr_t)ctx : 0;
	attr.test.ctx_size_in = row->ctx ? size(row->ctx_bytes, KEYS_BYTES) : 0;
	attr.test.ctx_out = (uintptr_t)o->ctx;
	attr.test.ctx_size_out = size(row->ctx_out_bytes, ROOM);
	attr.test.flags = row->flags;
	attr.test.repeat = row->repeat;
	attr.test.cpu = row->cpu;
	attr.test.batch_size = row->batch_size;
	o->ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
	o->retval = attr.test.retval;
	o->data_bytes = attr.test.data_size_out;
	o->ctx_bytes = attr.test.ctx_size_out;
	close((int)o->load);
	o->load = 0;
}

/* Where the kernel refuses a program, the emulator must, or stop it: then it drops. */
static void
check(const struct backend *b, const struct row *row, const struct outcome *o)
{
	if (row->load && b->emu) {
		if (o->load == 0 && o->retval != BPF_DROP)
			fail_msg("%s: the emulator ran it: %u", row->name, o->retval);
		return;
	}
	if (o->load != row->load)
		fail_msg("%s: %s: load: %ld, expected %ld", row->name, b->name, o->load, row->load);
	if (row->load == 0 && o->ret != row->ret)
		fail_msg("%s: %s: %ld, expected %ld", row->name, b->name, o->ret, row->ret);
	if (row->load == 0 && row->ret == 0 && o->retval != row->retval)
		fail_msg("%s: %s: returned %u, expected %u", row->name, b->name, o->retval,
		         row->retval);
}

static void
same(const struct row *row, const char *what, u64 kernel, u64 emu)
{
	if (kernel != emu)
		fail_msg("%s: %s: 0x%llx in the kernel, 0x%llx in the emulator", row->name, what,
		         (unsigned long long)kernel, (unsigned long long)emu);
}

static void
compare(const struct row *row, const struct outcome *kernel, const struct outcome *emu)
{
	same(row, "call", (u64)kernel->ret, (u64)emu->ret);
	same(row, "retval", kernel->retval, emu->retval);
	same(row, "data_size_out", kernel->data_bytes, emu->data_bytes);
	same(row, "ctx_size_out", kernel->ctx_bytes, emu->ctx_bytes);
	for (u32 i = 0; i < ROOM; i++) {
		same(row, "data_out", kernel->data[i], emu->data[i]);
		same(row, "ctx_out", kernel->ctx[i], emu->ctx[i]);
	}
}

static void
test_rows(void **state)
{
	struct backend kernel, emu;
	bool permitted = backend_open_kernel(&kernel);
	struct outcome a, b;

	(void)state;
	backend_open_emu(&emu, xb_skb_register);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		run(&emu, &rows[i], &b);
		check(&emu, &rows[i], &b);
		if (!permitted)
			continue;
		run(&kernel, &rows[i], &a);
		check(&kernel, &rows[i], &a);
		if (rows[i].load == 0)
			compare(&rows[i], &a, &b);
	}
	backend_close(&emu);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests_name("skb flow dissectors", tests, NULL, NULL);
}
