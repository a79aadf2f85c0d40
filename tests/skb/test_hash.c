/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_hash.c - bpf_get_hash_recalc, bpf_set_hash and bpf_set_hash_invalid: when a hash is
 * computed, when it stays, when it goes. What it is of is test_flow.c's.
 */
#define XB_INSN_BRACES
#include "tests/insns.h"

#include "skb/skb.h"
#include "tests/skb/run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define GET         CALL(get_hash_recalc, CTX)
#define SET(v)      CALL(set_hash, CTX, IMM(v))
#define INVALID     CALL(set_hash_invalid, CTX)
#define HASH_UNLIKE .unlike = 1ull << FIELD_hash
#define HASH_OFF    offsetof(struct __sk_buff, hash)

/* clang-format off */
static const struct skb_case cases[] = {
	{ "none at first", TCP4, .script = STEPS({ CTX_LD(hash) }) },
	{ "none of any packet", ETHER, .script = STEPS({ CTX_LD(hash) }) },
	{ "cannot be stored", TCP4, .script = STEPS({ CTX_ST(hash, 1) }), .load = -EACCES },
	{ "cannot be given", TCP4, .ctx = CTX_IN(.hash = 1), .ret = -EINVAL },
	{ "set", TCP4, .script = STEPS({ SET(0x12345678) }, { CTX_LD(hash), .want = 0x12345678 }, { GET, .want = 0x12345678 }) },
	{ "set to 0", TCP4, .script = STEPS({ SET(0) }, { CTX_LD(hash) }, { GET }, { CTX_LD(hash) }) },
	{ "set to -1", TCP4, .script = STEPS({ SET(-1) }, { CTX_LD(hash), .want = 0xffffffff }, { GET, .want = 0xffffffff }) },
	{ "set beyond 32 bits", TCP4, .script = STEPS({ SET(0x9876543210ll) }, { CTX_LD(hash), .want = 0x76543210 }, { GET, .want = 0x76543210 }) },
	{ "set twice", TCP4, .script = STEPS({ SET(1) }, { SET(2) }, { CTX_LD(hash), .want = 2 }) },
	{ "narrow", TCP4, .script = STEPS({ SET(0x12345678) }, { CTX_LD_AT(HASH_OFF, 1), .want = 0x78 }, { CTX_LD_AT(HASH_OFF + 3, 1), .want = 0x12 }, { CTX_LD_AT(HASH_OFF, 2), .want = 0x5678 }, { CTX_LD_AT(HASH_OFF + 2, 2), .want = 0x1234 }) },
	{ "invalid", TCP4, .script = STEPS({ SET(7) }, { INVALID }, { CTX_LD(hash) }) },
	{ "invalid before", TCP4, .script = STEPS({ INVALID }, { CTX_LD(hash) }) },
	{ "set, invalid, set", TCP4, .script = STEPS({ SET(7) }, { INVALID }, { SET(8) }, { GET, .want = 8 }, { CTX_LD(hash), .want = 8 }) },
	{ "set, then bytes written", TCP4, .script = STEPS({ SET(7) }, { PKT_ST(34, 4, 0x11223344) }, { GET, .want = 7 }, { CTX_LD(hash), .want = 7 }) },
	{ "set, from run to run", TCP4, .repeat = 2, .script = STEPS({ CTX_LD(hash), .want = 7 }, { SET(7) }) },
	{ "set, invalid, from run to run", TCP4, .repeat = 2, .script = STEPS({ CTX_LD(hash) }, { SET(7) }, { INVALID }) },
	{ "recalculated, then set", TCP4, .script = STEPS({ GET, UNLIKE }, { SET(7) }, { GET, .want = 7 }, { CTX_LD(hash), .want = 7 }) },
	{ "recalculated, then invalid", TCP4, .script = STEPS({ GET, UNLIKE }, { CTX_LD(hash), UNLIKE }, { INVALID }, { CTX_LD(hash) }) },
	{ "recalculated", TCP6, .script = STEPS({ GET, UNLIKE }), HASH_UNLIKE },
	{ "recalculated of a header alone", ETHER, .script = STEPS({ GET, UNLIKE }), HASH_UNLIKE },
	{ "action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { SET(5) }, { GET, .want = 5 }, { INVALID }, { CTX_LD(hash) } } } },
	{ "sum stays right", TCP4, .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE, .script = STEPS({ SET(5) }, { INVALID }, { GET, UNLIKE }), HASH_UNLIKE },
};
/* clang-format on */

static void
test_cases(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

#define MAX_INSNS 48

/* Programs that leave two hashes in R7 and R8; R6 is the context. */
struct pair {
	const char *name;
	bool same;
	struct bpf_insn insns[MAX_INSNS];
};

#define R_GET(reg)   XB_MOV64_REG(1, 6), XB_CALL(BPF_FUNC_get_hash_recalc), XB_MOV64_REG(reg, 0)
#define R_FIELD(reg) XB_LDX_MEM(BPF_W, reg, 6, HASH_OFF)
#define R_SET(v)     XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, v), XB_CALL(BPF_FUNC_set_hash)
#define R_INVALID()  XB_MOV64_REG(1, 6), XB_CALL(BPF_FUNC_set_hash_invalid)
/* Stores `bytes` that no packet has there. */
#define R_STORE(off, bytes, flags)                                                                 \
	XB_ST_MEM(BPF_W, 10, -4, 0x45b6a7d8), XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, off),            \
	        XB_MOV64_REG(3, 10), XB_ALU64_IMM(BPF_ADD, 3, -4), XB_MOV64_IMM(4, bytes),         \
	        XB_MOV64_IMM(5, flags), XB_CALL(BPF_FUNC_skb_store_bytes)

#define CLEAR BPF_F_INVALIDATE_HASH

/* clang-format off */
static const struct pair pairs[] = {
	{ "twice", true, { R_GET(7), R_GET(8) } },
	{ "shown after", true, { R_GET(7), R_FIELD(8) } },
	{ "not shown before", false, { R_FIELD(7), R_GET(8) } },
	{ "set", true, { R_SET(5), R_GET(7), XB_MOV64_IMM(8, 5) } },
	{ "set after", false, { R_GET(7), R_SET(5), R_GET(8) } },
	{ "set after, cleared", true, { R_GET(7), R_SET(5), R_INVALID(), R_GET(8) } },
	{ "set to 0, cleared", true, { R_GET(7), R_SET(0), R_INVALID(), R_GET(8) } },
	{ "cleared", true, { R_GET(7), R_INVALID(), R_GET(8) } },
	{ "cleared twice", true, { R_GET(7), R_INVALID(), R_INVALID(), R_GET(8) } },
	{ "ports", true, { R_GET(7), R_STORE(34, 4, 0), R_GET(8) } },
	{ "ports, shown", true, { R_GET(7), R_STORE(34, 4, 0), R_FIELD(8) } },
	{ "ports, cleared", false, { R_GET(7), R_STORE(34, 4, CLEAR), R_GET(8) } },
	{ "ports, cleared, shown", false, { R_GET(7), R_STORE(34, 4, CLEAR), R_FIELD(8) } },
	{ "ports, cleared by itself", false, { R_GET(7), R_STORE(34, 4, 0), R_INVALID(), R_GET(8) } },
	{ "ports, sum recomputed", true, { R_GET(7), R_STORE(34, 4, BPF_F_RECOMPUTE_CSUM), R_GET(8) } },
	{ "ports, sum recomputed, cleared", false, { R_GET(7), R_STORE(34, 4, CLEAR | BPF_F_RECOMPUTE_CSUM), R_GET(8) } },
	{ "address, cleared", false, { R_GET(7), R_STORE(26, 4, CLEAR), R_GET(8) } },
	{ "protocol, cleared", false, { R_GET(7), R_STORE(23, 1, CLEAR), R_GET(8) } },
	{ "TTL, cleared", true, { R_GET(7), R_STORE(22, 1, CLEAR), R_GET(8) } },
	{ "MAC addresses, cleared", true, { R_GET(7), R_STORE(2, 4, CLEAR), R_GET(8) } },
	{ "EtherType in the packet, cleared", true, { R_GET(7), R_STORE(12, 2, CLEAR), R_GET(8) } },
	{ "payload, cleared", true, { R_GET(7), R_STORE(60, 4, CLEAR), R_GET(8) } },
	{ "before the first", true, { R_STORE(34, 4, 0), R_GET(7), R_STORE(34, 4, CLEAR), R_GET(8) } },
};
/* clang-format on */

static u32
pair_insns(const struct pair *pair, struct bpf_insn *insns)
{
	static const struct bpf_insn start[] = { XB_MOV64_REG(6, 1) };
	static const struct bpf_insn end[] = { XB_MOV64_REG(0, 7), XB_ALU64_REG(BPF_XOR, 0, 8),
		                               XB_EXIT() };
	u32 cnt = 0;

	while (cnt < MAX_INSNS && pair->insns[cnt].code)
		cnt++;
	memcpy(insns, start, sizeof(start));
	memcpy(insns + 1, pair->insns, cnt * sizeof(*insns));
	memcpy(insns + 1 + cnt, end, sizeof(end));
	return cnt + 1 + (u32)XB_ARRAY_SIZE(end);
}

static int
load(const struct backend *b, const struct pair *pair)
{
	struct bpf_insn insns[MAX_INSNS + 4];
	const struct backend_prog prog = { .insns = insns,
		                           .insn_cnt = pair_insns(pair, insns),
		                           .type = BPF_PROG_TYPE_SCHED_CLS };

	return backend_prog(b, &prog);
}

static void
check_pairs(const struct backend *b)
{
	u8 data[PACKET_MAX_BYTES];
	u32 bytes = packet_build(TCP4, data);

	for (u32 i = 0; i < XB_ARRAY_SIZE(pairs); i++) {
		union bpf_attr attr;

		memset(&attr, 0, sizeof(attr));
		attr.test.prog_fd = (u32)load(b, &pairs[i]);
		attr.test.data_in = (uintptr_t)data;
		attr.test.data_size_in = bytes;
		assert_int_equal(backend_bpf(b, BPF_PROG_TEST_RUN, &attr), 0);
		close((int)attr.test.prog_fd);
		if (!attr.test.retval != pairs[i].same)
			fail_msg("%s: %s: %s", b->name, pairs[i].name,
			         pairs[i].same ? "two hashes" : "the same hash");
	}
}

static void
test_pairs_kernel(void **state)
{
	struct backend b;

	(void)state;
	if (!backend_open_kernel(&b))
		skip();
	check_pairs(&b);
	backend_close(&b);
}

static void
test_pairs_emulator(void **state)
{
	struct backend b;

	(void)state;
	backend_open_emu(&b, xb_skb_register);
	check_pairs(&b);
	backend_close(&b);
}

/* What a device gave the packet is good for bpf_get_hash_recalc where it is over ports. */
static const struct {
	const char *name;
	u32 hash;
	bool l4, sw, stays;
} given[] = {
	{ "none", 0, false, false, false },
	{ "by hardware, of addresses", 5, false, false, false },
	{ "by hardware, of ports", 5, true, false, true },
	{ "by software, of addresses", 5, false, true, true },
	{ "by software, of ports", 5, true, true, true },
	{ "0, of ports", 0, true, false, true },
};

static void
test_given(void **state)
{
	static const struct pair prog = { .insns = { R_FIELD(8), R_GET(7) } };
	static const struct xb_skb_opts opts = { 0 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_skb_out out;
	struct backend b;
	struct xb_skb *s;
	u8 data[PACKET_MAX_BYTES];
	int fd;

	(void)state;
	backend_open_emu(&b, xb_skb_register);
	s = xb_skb_new(b.emu, &opts, &err);
	assert_non_null(s);
	fd = load(&b, &prog);
	for (u32 i = 0; i < XB_ARRAY_SIZE(given); i++) {
		const struct xb_skb_ctx ctx = { .ifindex = 1,
			                        .hash = given[i].hash,
			                        .l4_hash = given[i].l4,
			                        .sw_hash = given[i].sw };
		const struct xb_skb_in in = { .data = data,
			                      .bytes = packet_build(TCP4, data),
			                      .ctx = &ctx };

		xb_skb_load(s, &in);
		xb_skb_run(s, backend_emu_prog(&b, fd), &out);
		if (out.status != XB_RUN_EXIT || !out.retval != given[i].stays)
			fail_msg("%s: %s", given[i].name, given[i].stays ? "went" : "stays");
	}
	close(fd);
	xb_skb_free(s);
	backend_close(&b);
}

/* The hash of a packet of which `linear` bytes are in its linear part, under a seed. */
static u32
hash_of(u32 linear, u64 seed)
{
	static const struct pair prog = { .insns = { R_GET(7), XB_MOV64_IMM(8, 0) } };
	const struct xb_emu_opts emu_opts = { .seed = seed };
	const struct xb_skb_opts opts = { .linear_bytes = linear };
	static const struct xb_skb_ctx ctx = { .ifindex = 1 };
	struct xb_err err = XB_ERR_INIT;
	struct backend b = { "emulator", xb_emu_new(&emu_opts, &err) };
	struct xb_skb *s;
	struct xb_skb_out out;
	u8 data[PACKET_MAX_BYTES];
	const struct xb_skb_in in = { .data = data,
		                      .bytes = packet_build(TCP4, data),
		                      .ctx = &ctx };
	int fd;

	assert_non_null(b.emu);
	xb_skb_register(b.emu);
	s = xb_skb_new(b.emu, &opts, &err);
	assert_non_null(s);
	fd = load(&b, &prog);
	xb_skb_load(s, &in);
	xb_skb_run(s, backend_emu_prog(&b, fd), &out);
	assert_int_equal(out.status, XB_RUN_EXIT);
	assert_int_equal(out.ctx->hash, out.retval);
	close(fd);
	xb_skb_free(s);
	backend_close(&b);
	return out.retval;
}

/* It is the same in every run with the same seed, and of every layout of the packet. */
static void
test_seed(void **state)
{
	u32 hash = hash_of(0, 1);

	(void)state;
	assert_int_not_equal(hash, 0);
	assert_int_equal(hash_of(0, 1), hash);
	assert_int_equal(hash_of(14, 1), hash);
	assert_int_equal(hash_of(20, 1), hash);
	assert_int_equal(hash_of(36, 1), hash);
	assert_int_not_equal(hash_of(0, 2), hash);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),          cmocka_unit_test(test_pairs_kernel),
		cmocka_unit_test(test_pairs_emulator), cmocka_unit_test(test_given),
		cmocka_unit_test(test_seed),
	};

	return cmocka_run_group_tests_name("skb hash", tests, NULL, NULL);
}
