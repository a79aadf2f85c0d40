/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_values.c - what loads from struct __sk_buff and struct bpf_sock give, of every place and
 * width, and what becomes of stores.
 *
 * Rows say what is known; and all loads that Linux allows are made on both, kernel and emulator,
 * and must give the same.
 */
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/skb/access.h"
#include "tests/skb/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define OFF(field) ((s64)offsetof(struct __sk_buff, field))

/* clang-format off */
/* Linux keeps 16 bits of it: here 0x8182. A load of 2 behind them is one of their own place. */
#define NARROW_16(field)                                                                            \
	{ CTX_LD_AT(OFF(field), 4), .want = 0x8182 },                                               \
	{ CTX_LD_AT(OFF(field), 2), .want = 0x8182 }, { CTX_LD_AT(OFF(field) + 2, 2), .want = 0x8182 }, \
	{ CTX_LD_AT(OFF(field), 1), .want = 0x82 }, { CTX_LD_AT(OFF(field) + 1, 1), .want = 0x81 }, \
	{ CTX_LD_AT(OFF(field) + 2, 1), .want = 0 }, { CTX_LD_AT(OFF(field) + 3, 1), .want = 0 },   \
	{ CTX_LDSX_AT(OFF(field), 4), .want = 0x8182 },                                             \
	{ CTX_LDSX_AT(OFF(field) + 2, 2), .want = -0x7e7e },                                        \
	{ CTX_LDSX_AT(OFF(field) + 1, 1), .want = -0x7f }
/* It keeps all 32: here 0x81828384. */
#define NARROW_32(field)                                                                            \
	{ CTX_LD_AT(OFF(field), 4), .want = 0x81828384 },                                           \
	{ CTX_LD_AT(OFF(field), 2), .want = 0x8384 }, { CTX_LD_AT(OFF(field) + 2, 2), .want = 0x8182 }, \
	{ CTX_LD_AT(OFF(field), 1), .want = 0x84 }, { CTX_LD_AT(OFF(field) + 1, 1), .want = 0x83 }, \
	{ CTX_LD_AT(OFF(field) + 2, 1), .want = 0x82 }, { CTX_LD_AT(OFF(field) + 3, 1), .want = 0x81 }, \
	{ CTX_LDSX_AT(OFF(field), 4), .want = (s32)0x81828384 },                                    \
	{ CTX_LDSX_AT(OFF(field), 2), .want = (s16)0x8384 },                                        \
	{ CTX_LDSX_AT(OFF(field) + 3, 1), .want = (s8)0x81 }
/* 8 bits: every load that is as wide, or wider, gives all of them. */
#define NARROW_8(field, v)                                                                          \
	{ CTX_LD_AT(OFF(field), 4), .want = v },                                                    \
	{ CTX_LD_AT(OFF(field), 2), .want = v }, { CTX_LD_AT(OFF(field) + 2, 2), .want = v },       \
	{ CTX_LD_AT(OFF(field), 1), .want = v }, { CTX_LD_AT(OFF(field) + 1, 1), .want = v },       \
	{ CTX_LD_AT(OFF(field) + 2, 1), .want = v }, { CTX_LD_AT(OFF(field) + 3, 1), .want = v },   \
	{ CTX_LDSX_AT(OFF(field) + 3, 1), .want = v }, { CTX_LDSX_AT(OFF(field) + 2, 2), .want = v }

static const struct skb_case load_cases[] = {
	{ "narrow loads: mark", TCP4, .ctx = CTX_IN(.mark = 0x81828384), .script = STEPS(NARROW_32(mark)) },
	{ "narrow loads: priority", TCP4, .ctx = CTX_IN(.priority = 0x81828384), .script = STEPS(NARROW_32(priority)) },
	{ "narrow loads: ingress_ifindex", TCP4, .ctx = CTX_IN(.ingress_ifindex = 0x81828384), .script = STEPS(NARROW_32(ingress_ifindex)) },
	{ "narrow loads: cb", TCP4, .ctx = CTX_IN(.cb = { 0, 0x81828384 }), .script = STEPS(NARROW_32(cb[1])) },
	{ "narrow loads: hash", TCP4, .script = STEPS({ CALL(set_hash, CTX, IMM(0x81828384)) }, NARROW_32(hash)) },
	{ "narrow loads: queue_mapping", TCP4, .script = STEPS({ CTX_ST(queue_mapping, 0x8182) }, NARROW_16(queue_mapping)) },
	{ "narrow loads: tc_index", TCP4, .script = STEPS({ CTX_ST(tc_index, 0x8182) }, NARROW_16(tc_index)) },
	{ "narrow loads: tc_classid", TCP4, .script = STEPS({ CTX_ST(tc_classid, 0x8182) }, NARROW_16(tc_classid)) },
	{ "narrow loads: gso_segs", TCP4, .ctx = CTX_IN(.gso_segs = 0x8182), .script = STEPS(NARROW_16(gso_segs)) },
	{ "narrow loads: gso_size", TCP4, .ctx = CTX_IN(.gso_size = 0x8182), .script = STEPS(NARROW_16(gso_size)) },
	{ "narrow loads: vlan_tci", TCP4, .script = STEPS({ CALL(skb_vlan_push, CTX, IMM(0xa888), IMM(0x8182)) }, NARROW_16(vlan_tci)) },
	{ "narrow loads: pkt_type", OTHERHOST, .script = STEPS(NARROW_8(pkt_type, 3)) },
	{ "narrow loads: protocol", TCP4, .script = STEPS({ CTX_LD_AT(16, 4), .want = 8 }, { CTX_LD_AT(16, 2), .want = 8 }, { CTX_LD_AT(18, 2), .want = 8 }, { CTX_LD_AT(16, 1), .want = 8 }, { CTX_LD_AT(17, 1) }, { CTX_LD_AT(18, 1) }, { CTX_LD_AT(19, 1) }) },
	{ "narrow loads: vlan_present", TCP4, .script = STEPS({ CALL(skb_vlan_push, CTX, IMM(0xa888), IMM(0)) }, { CTX_LD_AT(20, 4), .want = 1 }, { CTX_LD_AT(20, 2), .want = 1 }, { CTX_LD_AT(22, 2) }, { CTX_LD_AT(20, 1), .want = 1 }, { CTX_LD_AT(21, 1) }, { CTX_LD_AT(22, 1) }, { CTX_LD_AT(23, 1) }, { CTX_LDSX_AT(20, 1), .want = 1 }) },
	{ "narrow loads: vlan_proto", TCP4, .script = STEPS({ CALL(skb_vlan_push, CTX, IMM(0xa888), IMM(0)) }, { CTX_LD_AT(28, 4), .want = 0xa888 }, { CTX_LD_AT(28, 2), .want = 0xa888 }, { CTX_LD_AT(30, 2), .want = 0xa888 }, { CTX_LD_AT(28, 1), .want = 0x88 }, { CTX_LD_AT(29, 1), .want = 0xa8 }, { CTX_LD_AT(30, 1) }, { CTX_LD_AT(31, 1) }) },
	{ "narrow loads: len", LARGE, .script = STEPS({ CTX_LD_AT(0, 4), .want = 3712 }, { CTX_LD_AT(0, 2), .want = 3712 }, { CTX_LD_AT(2, 2) }, { CTX_LD_AT(0, 1), .want = 0x80 }, { CTX_LD_AT(1, 1), .want = 0x0e }, { CTX_LDSX_AT(0, 1), .want = -0x80 }) },
	{ "loads: cb, all widths", TCP4, .ctx = CTX_IN(.cb = { 0x83828180, 0x87868584, 0x8b8a8988, 0x8f8e8d8c, 0x93929190 }), .script = STEPS({ CTX_LD_AT(48, 8), .want = (s64)0x8786858483828180 }, { CTX_LD_AT(56, 8), .want = (s64)0x8f8e8d8c8b8a8988 }, { CTX_LD_AT(64, 4), .want = 0x93929190 }, { CTX_LD_AT(66, 2), .want = 0x9392 }, { CTX_LD_AT(67, 1), .want = 0x93 }, { CTX_LD_AT(51, 1), .want = 0x83 }, { CTX_LDSX_AT(66, 2), .want = (s16)0x9392 }) },
	{ "loads: tstamp, hwtstamp", TCP4, .ctx = CTX_IN(.tstamp = 0x8182838485868788, .hwtstamp = 0x9192939495969798), .script = STEPS({ CTX_LD_AT(152, 8), .want = (s64)0x8182838485868788 }, { CTX_LD_AT(184, 8), .want = (s64)0x9192939495969798 }, { CTX_LD_AT(180, 1) }) },
};

/* In order: store, then load all of it. */
#define ST_LD(field, v, w)     { CTX_ST(field, v) }, { CTX_LD(field), .want = w }
#define STI_LD(field, n, v, w) { CTX_ST_IMM_AT(OFF(field), n, v) }, { CTX_LD(field), .want = w }

static const struct skb_case store_cases[] = {
	{ "stores: mark, priority", TCP4, .script = STEPS(ST_LD(mark, 0x1122334455667788, 0x55667788), ST_LD(mark, -1, 0xffffffff), STI_LD(mark, 4, -2, 0xfffffffe), ST_LD(priority, 0xa1a2a3a4a5a6a7a8, 0xa5a6a7a8), STI_LD(priority, 4, 0x7fffffff, 0x7fffffff)) },
	{ "stores: tc_index", TCP4, .script = STEPS(ST_LD(tc_index, 0x12345678, 0x5678), ST_LD(tc_index, -1, 0xffff), STI_LD(tc_index, 4, 0x10001, 1), STI_LD(tc_index, 4, -2, 0xfffe)) },
	{ "stores: tc_classid", TCP4, .script = STEPS(ST_LD(tc_classid, 0x12345678, 0x5678), ST_LD(tc_classid, -1, 0xffff), STI_LD(tc_classid, 4, 0x10001, 1), STI_LD(tc_classid, 4, -2, 0xfffe)) },
	{ "stores: tc_classid, action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { ST_LD(tc_classid, 0x12345678, 0x5678), STI_LD(tc_classid, 4, -2, 0xfffe) } } },
	{ "stores: cb", TCP4, .script = STEPS({ CTX_ST_AT(48, 8, 0x1122334455667788) }, { CTX_ST_IMM_AT(56, 8, -2) }, { CTX_ST_AT(64, 4, 0xa1a2a3a4a5a6a7a8) }, { CTX_ST_AT(50, 2, 0xffffb1b2) }, { CTX_ST_IMM_AT(53, 1, -2) }, { CTX_ST_AT(67, 1, 0x1c1) }, { CTX_LD_AT(48, 8), .want = 0x1122fe44b1b27788 }, { CTX_LD_AT(56, 8), .want = -2 }, { CTX_LD_AT(64, 4), .want = 0xc1a6a7a8 }, { CTX_LD(tc_classid) }, { CTX_LD(hash) }) },
	{ "stores: tstamp", TCP4, .script = STEPS(ST_LD(tstamp, 0x1122334455667788, 0x1122334455667788), STI_LD(tstamp, 8, -2, -2), ST_LD(tstamp, 0, 0), { CTX_LD_AT(180, 1) }) },
	{ "stores: tstamp, its type unread", TCP4, .script = { .plain_tstamp = true, .steps = { ST_LD(tstamp, 0x1122334455667788, 0x1122334455667788), STI_LD(tstamp, 8, -2, -2), ST_LD(tstamp, 5, 5) } } },
	{ "stores: queue_mapping of a register", TCP4, .script = STEPS(ST_LD(queue_mapping, 7, 7), ST_LD(queue_mapping, 0xfffe, 0xfffe), ST_LD(queue_mapping, 0xffff, 0xfffe), ST_LD(queue_mapping, 0x10001, 0xfffe), ST_LD(queue_mapping, 0x100000001, 0xfffe), ST_LD(queue_mapping, -1, 0xfffe)) },
	{ "stores: queue_mapping of a register, 0", TCP4, .script = STEPS(ST_LD(queue_mapping, 9, 9), ST_LD(queue_mapping, 0, 0), ST_LD(queue_mapping, 1ull << 63, 0)) },
	{ "stores: queue_mapping of a number", TCP4, .script = STEPS(STI_LD(queue_mapping, 4, 7, 7), STI_LD(queue_mapping, 4, 0xfffe, 0xfffe), STI_LD(queue_mapping, 4, 0xffff, 0xfffe), STI_LD(queue_mapping, 4, 0x10005, 0xfffe), STI_LD(queue_mapping, 4, -1, 0xffff), STI_LD(queue_mapping, 4, (s32)0x80000005, 5)) },
	{ "stores: queue_mapping of a number, most", TCP4, .script = STEPS(STI_LD(queue_mapping, 4, 3, 3), STI_LD(queue_mapping, 4, 0x7fffffff, 3), STI_LD(queue_mapping, 4, 0, 0), STI_LD(queue_mapping, 4, (s32)0x80000000, 0), STI_LD(queue_mapping, 4, -0x8000, 0x8000)) },
	{ "stores: carry over", TCP4, .repeat = 3, .script = STEPS({ CTX_LD(mark), .want = 0x20 }, { CTX_ST(mark, 0x20) }, { CTX_LD(queue_mapping), .want = 5 }, { CTX_ST(queue_mapping, 5) }, { CTX_LD(tc_index), .want = 6 }, { CTX_ST(tc_index, 6) }, { CTX_LD(tc_classid), .want = 7 }, { CTX_ST(tc_classid, 7) }, { CTX_LD(cb[4]), .want = 8 }, { CTX_ST(cb[4], 8) }, { CTX_LD(tstamp), .want = 9 }, { CTX_ST(tstamp, 9) }) },
};
/* clang-format on */

static void
test_loads(void **state)
{
	(void)state;
	skb_cases(load_cases, XB_ARRAY_SIZE(load_cases));
}

static void
test_stores(void **state)
{
	(void)state;
	skb_cases(store_cases, XB_ARRAY_SIZE(store_cases));
}

#define MAX_LOADS 768
#define MAX_INSNS (2 * MAX_LOADS + 64)

/* A packet, and what a program does to it first. */
struct setting {
	const char *name;
	enum packet packet;
	struct __sk_buff ctx;
	struct bpf_insn insns[24]; /* up to the first of code 0; R6 is the context */
};

#define STORE(field, v)                                                                            \
	XB_MOV64_IMM(2, v), XB_STX_MEM(BPF_W, 6, 2, offsetof(struct __sk_buff, field))

static const struct setting settings[] = {
	{ .name = "IPv4", .packet = TCP4 },
	{ .name = "IPv6", .packet = TCP6 },
	{ .name = "ARP", .packet = ARP },
	{ .name = "tagged", .packet = VLAN },
	{ .name = "to another host", .packet = OTHERHOST },
	{ .name = "multicast", .packet = MULTICAST },
	{ .name = "broadcast", .packet = BROADCAST },
	{ .name = "header alone", .packet = ETHER },
	{ .name = "context of high bits",
	  .packet = TCP4,
	  .ctx = { .mark = 0x81828384,
	           .priority = 0x91929394,
	           .ingress_ifindex = 0xa1a2a3a4,
	           .ifindex = 1,
	           .cb = { 0x80818283, 0x84858687, 0x88898a8b, 0x8c8d8e8f, 0x90919293 },
	           .tstamp = 0xb1b2b3b4b5b6b7b8,
	           .wire_len = 0xfedc,
	           .gso_segs = 0xc1c2,
	           .gso_size = 0xd1d2,
	           .hwtstamp = 0xe1e2e3e4e5e6e7e8 } },
	{ .name = "stores of high bits",
	  .packet = UDP6,
	  .insns = { STORE(queue_mapping, 0xf1f2), STORE(tc_index, 0xf3f4f5f6),
	             STORE(tc_classid, 0xf7f8f9fa), STORE(mark, 0xc1c2c3c4) } },
	{ .name = "tag and hash",
	  .packet = UDP4,
	  .insns = { XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, 0xa888), XB_MOV64_IMM(3, 0xf1f2),
	             XB_CALL(BPF_FUNC_skb_vlan_push), XB_MOV64_REG(1, 6),
	             XB_MOV64_IMM(2, 0x81828384), XB_CALL(BPF_FUNC_set_hash) } },
};

/* The loads that Linux allows of numbers, in order; NULL: none left. */
static bool
next_load(struct access *a, const struct access_field **field)
{
	for (;;) {
		a->bytes *= 2;
		if (a->bytes > a->kind->most) {
			a->bytes = a->kind->least;
			a->off++;
		}
		if (a->off >= (s32)a->area->bytes)
			return false;
		if (access_allowed(a, field) && !(*field)->pointer)
			return true;
	}
}

/* All of one kind and area, as a program that stores what they give in a map's value. */
static u32
build(const struct setting *setting, const struct access *like, int map, struct bpf_insn *insns)
{
	const struct access_field *field;
	struct access a = *like;
	u32 i, cnt = 0, loads = 0;

	insns[cnt++] = XB_MOV64_REG(6, 1);
	insns[cnt++] = XB_MOV64_REG(8, 1);
	for (i = 0; setting->insns[i].code; i++)
		insns[cnt++] = setting->insns[i];
	insns[cnt++] = XB_MOV64_REG(1, 8);
	for (i = 0; a.area->prefix[i].code; i++)
		insns[cnt++] = a.area->prefix[i];
	memcpy(insns + cnt, (const struct bpf_insn[]){ XB_LD_MAP_VALUE(7, map, 0) },
	       2 * sizeof(*insns));
	cnt += 2;
	while (next_load(&a, &field)) {
		assert_true(loads < MAX_LOADS);
		insns[cnt++] = access_insn(a.kind, 6, 2, a.off, a.bytes);
		insns[cnt++] = XB_STX_MEM(BPF_DW, 7, 2, 8 * loads++);
	}
	insns[cnt++] = XB_MOV64_IMM(0, 1);
	insns[cnt++] = XB_EXIT();
	return cnt;
}

static void
run_loads(const struct backend *b, const struct setting *setting, const struct access *a,
          u64 *values)
{
	struct bpf_insn insns[MAX_INSNS];
	u8 data[PACKET_MAX_BYTES];
	int map = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, 8 * MAX_LOADS, 1);
	struct backend_prog prog = { .insns = insns, .type = a->type->prog_type };
	union bpf_attr attr;
	const u32 key = 0;

	prog.insn_cnt = build(setting, a, map, insns);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)backend_prog(b, &prog);
	attr.test.data_in = (uintptr_t)data;
	attr.test.data_size_in = packet_build(setting->packet, data);
	attr.test.ctx_in = (uintptr_t)&setting->ctx;
	attr.test.ctx_size_in = sizeof(setting->ctx);
	assert_int_equal(backend_bpf(b, BPF_PROG_TEST_RUN, &attr), 0);
	assert_int_equal(backend_lookup(b, map, &key, values), 0);
	if (attr.test.retval != 1)
		fail_msg("%s: %s of %s: it ended early", setting->name, a->kind->name,
		         a->area->name);
	close((int)attr.test.prog_fd);
	close(map);
}

static void
compare_loads(const struct backend *b, const struct setting *setting, const struct access *like)
{
	u64 values[2][MAX_LOADS];
	const struct access_field *field;
	struct access a = *like;
	u32 i;

	run_loads(&b[0], setting, like, values[0]);
	run_loads(&b[1], setting, like, values[1]);
	for (i = 0; next_load(&a, &field); i++)
		if (values[0][i] != values[1][i])
			fail_msg("%s: %s: %s of %u bytes at %d of %s (%s): 0x%llx in the "
			         "emulator, 0x%llx in the kernel",
			         setting->name, a.type->name, a.kind->name, a.bytes, a.off,
			         a.area->name, field->name, (unsigned long long)values[0][i],
			         (unsigned long long)values[1][i]);
}

static void
test_all_loads(void **state)
{
	struct backend b[2];
	u32 s, i, n;

	(void)state;
	if (!backend_open_kernel(&b[1]))
		skip();
	backend_open_emu(&b[0], xb_skb_register);
	for (s = 0; s < XB_ARRAY_SIZE(settings); s++)
		for (i = 0; i < ACCESS_AREAS; i++)
			for (n = 0; n < 4; n++) {
				/* Loads, with sign and without, of both types. */
				const struct access a = { .area = &access_areas[i],
					                  .kind = &access_kinds[n % 2],
					                  .type = &access_types[n / 2],
					                  .off = -1,
					                  .bytes = 8 };

				compare_loads(b, &settings[s], &a);
			}
	backend_close(&b[0]);
	backend_close(&b[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_stores),
		cmocka_unit_test(test_all_loads),
	};

	return cmocka_run_group_tests_name("skb values", tests, NULL, NULL);
}
