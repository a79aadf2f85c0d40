/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_csum_math.c - checksum arithmetic: against sums formed a byte at a time, and against the
 * kernel's, which TC programs read back from a packet whose sum the kernel has formed.
 */
#include "skb/csum.h"
#include "tests/insns.h"
#include "tests/rig/permitted.h"
#include "vm/bytes.h"

#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

/* Flags that are younger than some releases' headers. */
#define F_IPV6                   (1 << 7)
#define F_TEST_CHECKSUM_COMPLETE (1 << 2)
#define ETH_BYTES                14
#define ROOM                     3712 /* as many as fit into a test run */

/* Around the linker's --wrap, which leads syscall() to the emulator. */
long __real_syscall(long nr, ...);

static u32
next(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*state >> 32);
}

/* Bytes that are often all zeros or all ones, where the two zeros of ones' complement meet. */
static void
fill(u8 *to, u32 bytes, u64 *state)
{
	u32 kind = next(state) % 4;

	for (u32 i = 0; i < bytes; i++)
		to[i] = kind == 0 ? 0 : kind == 1 ? 0xff : (u8)next(state);
}

static u32
edgy(u64 *state)
{
	static const u32 edges[] = { 0, 1, 0xffff, 0x10000, 0xffff0000, 0xfffffffe, 0xffffffff };
	u32 i = next(state) % 12;

	return i < XB_ARRAY_SIZE(edges) ? edges[i] : next(state);
}

/* The sum as its definition has it: the total of 32-bit words, less as many 2^32-1 as it takes. */
static u32
sum_slowly(const u8 *data, u32 bytes, u32 sum)
{
	u64 total = sum;

	for (u32 i = 0; i < bytes; i++)
		total += (u64)data[i] << i % 4 * 8;
	while (total > 0xffffffff)
		total -= 0xffffffff;
	return (u32)total;
}

/* RFC 1071's own sum: 16-bit words as numbers, carries added back. */
static u16
sum_rfc(const u8 *data, u32 bytes)
{
	u32 sum = 0;

	for (u32 i = 0; i < bytes; i++)
		sum += i & 1 ? data[i] : (u32)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

static void
test_partial(void **state)
{
	static u8 data[ROOM + 8];
	u64 random = 1;

	(void)state;
	for (u32 i = 0; i < 4000; i++) {
		u32 off = next(&random) % 8, bytes = i < 200 ? i : next(&random) % ROOM;
		u32 seed = edgy(&random), sum, cut = bytes ? next(&random) % bytes : 0;
		const u8 *p = data + off;

		fill(data, sizeof(data), &random);
		sum = xb_csum_partial(p, bytes, seed);
		if (sum != sum_slowly(p, bytes, seed))
			fail_msg("%u bytes onto %x: %x", bytes, seed, sum);
		sum = xb_csum_partial(p, bytes, 0);
		if ((u16)~xb_csum_fold(sum) != __builtin_bswap16(sum_rfc(p, bytes)))
			fail_msg("%u bytes: fold of %x", bytes, sum);
		/* In two parts, wherever they meet. */
		sum = xb_csum_block_add(xb_csum_partial(p, cut, 0),
		                        xb_csum_partial(p + cut, bytes - cut, 0), cut);
		if (xb_csum_fold(sum) != xb_csum_fold(sum_slowly(p, bytes, 0)))
			fail_msg("%u bytes, cut at %u", bytes, cut);
	}
}

/* Bytes that come and go; zero is zero in either form. */
static void
test_push_pull(void **state)
{
	u8 data[300];
	u64 random = 2;

	(void)state;
	for (u32 i = 0; i < 2000; i++) {
		u32 cut = next(&random) % 150 * 2, sum, tail;

		fill(data, sizeof(data), &random);
		sum = xb_csum_partial(data, sizeof(data), 0);
		tail = xb_csum_partial(data + cut, (u32)sizeof(data) - cut, 0);
		assert_int_equal(xb_csum_fold(xb_csum_postpull(sum, data, cut)) % 0xffff,
		                 xb_csum_fold(tail) % 0xffff);
		assert_int_equal(xb_csum_fold(xb_csum_postpush(tail, data, cut, 0)) % 0xffff,
		                 xb_csum_fold(sum) % 0xffff);
		cut |= 1;
		sum = xb_csum_postpush(sum, data, cut, 1);
		sum = xb_csum_block_sub(sum, xb_csum_partial(data, cut, 0), 1);
		assert_int_equal(xb_csum_fold(sum) % 0xffff,
		                 xb_csum_fold(xb_csum_partial(data, sizeof(data), 0)) % 0xffff);
	}
}

static const struct {
	const char *name;
	u8 bytes[20];
	u16 want; /* as a number */
} known
        [] = {
	        /* RFC 1071, 3: its words add up to ddf2. */
	        { "RFC 1071", { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 }, (u16)~0xddf2 },
	        { "nothing", { 0 }, 0xffff },
	        { "both zeros", { 0, 0, 0xff, 0xff }, 0 },
	        { "an IPv4 header of a textbook",
	          { 0x45, 0, 0,    0x73, 0, 0, 0x40, 0,    0x40, 0x11,
	            0,    0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0,    0xc7 },
	          0xb861 },
        };

static void
test_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(known); i++) {
		u16 got = xb_csum_fold(xb_csum_partial(known[i].bytes, 20, 0));

		if (__builtin_bswap16(got) != known[i].want)
			fail_msg("%s: %04x", known[i].name, __builtin_bswap16(got));
	}
}

/* Of the pseudo-headers, laid out as RFC 793 and RFC 8200 draw them. */
static void
test_pseudo(void **state)
{
	u64 random = 3;

	(void)state;
	for (u32 i = 0; i < 2000; i++) {
		u8 v4[12], v6[40] = { 0 }, proto = (u8)next(&random);
		u32 len = next(&random) % 65536, seed = edgy(&random);

		fill(v4, 8, &random);
		v4[8] = 0;
		v4[9] = proto;
		xb_st_be16(v4 + 10, (u16)len);
		fill(v6, 32, &random);
		xb_st_be32(v6 + 32, len * 3);
		v6[39] = proto;
		assert_int_equal(xb_ip_fast_csum(v6, 5 + i % 6),
		                 xb_csum_fold(sum_slowly(v6, 20 + i % 6 * 4, 0)));
		assert_int_equal(
		        xb_csum_tcpudp_magic(xb_ld32(v4), xb_ld32(v4 + 4), len, proto, seed),
		        xb_csum_fold(sum_slowly(v4, sizeof(v4), seed)));
		assert_int_equal(xb_csum_ipv6_magic(v6, v6 + 16, len * 3, proto, seed),
		                 xb_csum_fold(sum_slowly(v6, sizeof(v6), seed)));
	}
}

/*
 * A field of a packet of 40 bytes changes; the checksum stands at 0, and covers all. Changed and
 * formed anew must be the same, but for which zero it is.
 */
static void
expect_sum(const char *what, u8 *pkt, const struct xb_csum_proto *p)
{
	u16 want, got = p->sum;

	xb_st16(pkt, 0);
	want = xb_csum_fold(xb_csum_partial(pkt, 40, 0));
	if (p->ip_summed == XB_CHECKSUM_PARTIAL)
		want = (u16)~want;
	if (want % 0xffff != got % 0xffff)
		fail_msg("%s: %04x, expected %04x", what, got, want);
}

static void
test_replace(void **state)
{
	u64 random = 4;

	(void)state;
	for (u32 i = 0; i < 8000; i++) {
		u8 old[40], new[40];
		bool partial = i & 1;
		struct xb_csum_proto p = { .ip_summed = partial ? XB_CHECKSUM_PARTIAL
			                                        : XB_CHECKSUM_NONE };
		u32 kind = i / 2 % 4, bytes = kind == 0 ? 2 : kind == 2 ? 16 : 4;

		fill(old, sizeof(old), &random);
		xb_st16(old, 0);
		p.sum = xb_csum_fold(xb_csum_partial(old, sizeof(old), 0));
		p.sum = partial ? (u16)~p.sum : p.sum;
		memcpy(new, old, sizeof(new));
		fill(new + 8, bytes, &random);
		if (kind == 0)
			xb_inet_proto_csum_replace2(&p, xb_ld16(old + 8), xb_ld16(new + 8), true);
		else if (kind == 1)
			xb_inet_proto_csum_replace4(&p, xb_ld32(old + 8), xb_ld32(new + 8), true);
		else if (kind == 2)
			xb_inet_proto_csum_replace16(&p, old + 8, new + 8, true);
		else
			xb_inet_proto_csum_replace_by_diff(
			        &p, xb_csum_sub(xb_ld32(new + 8), xb_ld32(old + 8)), true, false);
		expect_sum("replaced", new, &p);
	}
}

/* What is not of the pseudo-header, a partial checksum does not cover. */
static void
test_partial_stays(void **state)
{
	struct xb_csum_proto p = { 0x1234, XB_CHECKSUM_PARTIAL, 7 };
	const u8 from[16] = { 1 }, to[16] = { 2 };

	(void)state;
	xb_inet_proto_csum_replace2(&p, 1, 2, false);
	xb_inet_proto_csum_replace4(&p, 1, 2, false);
	xb_inet_proto_csum_replace16(&p, from, to, false);
	xb_inet_proto_csum_replace_by_diff(&p, 1, false, false);
	assert_int_equal(p.sum, 0x1234);
	assert_int_equal(p.csum, 7);
}

/* The kernel: a map's one value holds a program's arguments and what it gives back. */
struct shared {
	u64 from, to, flags;
	u64 offset;
	s64 ret;
	u64 csum; /* bpf_csum_update(0) at the end */
	u16 field;
	u8 pad[6];
	u8 bytes[8]; /* for bpf_skb_store_bytes() */
};

struct kernel {
	int map, prog;
	u64 random;
};

static long
sys_bpf(int cmd, union bpf_attr *attr)
{
	long ret = __real_syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

/* R9 is the map's value, R6 the context. */
#define ARG(reg, member) XB_LDX_MEM(BPF_DW, reg, 9, offsetof(struct shared, member))
#define REPLACE(id)                                                                                \
	XB_MOV64_REG(1, 6), ARG(2, offset), ARG(3, from), ARG(4, to), ARG(5, flags), XB_CALL(id)
#define STORE                                                                                      \
	XB_MOV64_REG(1, 6), ARG(2, offset), XB_MOV64_REG(3, 9),                                    \
	        XB_ALU64_IMM(BPF_ADD, 3, offsetof(struct shared, bytes)), XB_MOV64_IMM(4, 3),      \
	        ARG(5, flags), XB_CALL(BPF_FUNC_skb_store_bytes)
#define UPDATE XB_MOV64_REG(1, 6), ARG(2, to), XB_CALL(BPF_FUNC_csum_update)
#define PROGRAM(map, ...)                                                                          \
	{                                                                                          \
		XB_MOV64_REG(6, 1), XB_LD_MAP_VALUE(9, map, 0), __VA_ARGS__,                       \
		        XB_STX_MEM(BPF_DW, 9, 0, offsetof(struct shared, ret)),                    \
		        XB_MOV64_REG(1, 6), ARG(2, offset), XB_MOV64_REG(3, 9),                    \
		        XB_ALU64_IMM(BPF_ADD, 3, offsetof(struct shared, field)),                  \
		        XB_MOV64_IMM(4, 2), XB_CALL(BPF_FUNC_skb_load_bytes), XB_MOV64_REG(1, 6),  \
		        XB_MOV64_IMM(2, 0), XB_CALL(BPF_FUNC_csum_update),                         \
		        XB_STX_MEM(BPF_DW, 9, 0, offsetof(struct shared, csum)),                   \
		        XB_MOV64_IMM(0, 0), XB_EXIT()                                              \
	}

static int
load(const struct bpf_insn *insns, u32 cnt)
{
	static char text[8192];
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = cnt;
	attr.license = (uintptr_t) "GPL";
	attr.log_buf = (uintptr_t)text;
	attr.log_size = sizeof(text);
	attr.log_level = 1;
	fd = sys_bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		fail_msg("program: %s\n%s", strerror((int)-fd), text);
	return (int)fd;
}

static bool
open_kernel(struct kernel *k)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = sizeof(struct shared);
	attr.max_entries = 1;
	*k = (struct kernel){ .map = (int)sys_bpf(BPF_MAP_CREATE, &attr), .prog = -1, .random = 5 };
	if (probe_permitted(k->map))
		return true;
	print_message("skipped: bpf(2) not permitted\n");
	return false;
}

static void
close_kernel(struct kernel *k)
{
	close(k->prog);
	close(k->map);
}

static void
map_elem(const struct kernel *k, int cmd, struct shared *v)
{
	union bpf_attr attr;
	u32 key = 0;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)k->map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)v;
	assert_int_equal(sys_bpf(cmd, &attr), 0);
}

/* What the program gives back; EBADMSG is for the sum that it left, which is no concern here. */
static long
run(const struct kernel *k, const u8 *pkt, u32 bytes, struct shared *v)
{
	union bpf_attr attr;
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)k->prog;
	attr.test.data_size_in = bytes;
	attr.test.flags = F_TEST_CHECKSUM_COMPLETE;
	map_elem(k, BPF_MAP_UPDATE_ELEM, v);
	attr.test.data_in = (uintptr_t)pkt;
	ret = sys_bpf(BPF_PROG_TEST_RUN, &attr);
	map_elem(k, BPF_MAP_LOOKUP_ELEM, v);
	return ret == -EBADMSG ? 0 : ret;
}

static bool
sums_packets(const struct kernel *k)
{
	struct shared v = { .offset = ETH_BYTES };
	const u8 pkt[60] = { 0 };

	if (!run(k, pkt, sizeof(pkt), &v))
		return true;
	print_message("skipped: this kernel does not sum packets up in test runs\n");
	return false;
}

/* The raw sum of packets: the kernel's csum_partial, and csum_add. */
static void
test_kernel_partial(void **state)
{
	static u8 pkt[ROOM];
	struct kernel k;

	(void)state;
	if (!open_kernel(&k))
		skip();
	const struct bpf_insn insns[] = PROGRAM(k.map, UPDATE);

	k.prog = load(insns, XB_ARRAY_SIZE(insns));
	for (u32 i = 0; sums_packets(&k) && i < 1500; i++) {
		u32 bytes = 60 + (i < 300 ? i : next(&k.random) % (ROOM - 60)), want;
		struct shared v = { .to = edgy(&k.random) };

		fill(pkt, sizeof(pkt), &k.random);
		xb_st16(pkt + 12, 0xb588); /* no protocol that the kernel looks into */
		assert_int_equal(run(&k, pkt, bytes, &v), 0);
		want = xb_csum_partial(pkt + ETH_BYTES, bytes - ETH_BYTES, 0);
		want = xb_csum_add(want, (u32)v.to);
		if ((u32)v.ret != want)
			fail_msg("%u bytes and %llx: %llx, expected %x", bytes,
			         (unsigned long long)v.to, (unsigned long long)v.ret, want);
	}
	close_kernel(&k);
}

/* bpf_skb_store_bytes() at odd offsets too: csum_block_sub, csum_block_add. */
static void
test_kernel_block(void **state)
{
	u8 pkt[100];
	struct kernel k;

	(void)state;
	if (!open_kernel(&k))
		skip();
	const struct bpf_insn insns[] = PROGRAM(k.map, STORE);

	k.prog = load(insns, XB_ARRAY_SIZE(insns));
	for (u32 i = 0; sums_packets(&k) && i < 1500; i++) {
		u32 off = ETH_BYTES + next(&k.random) % 80, want;
		struct shared v = { .offset = off, .flags = BPF_F_RECOMPUTE_CSUM };

		fill(pkt, sizeof(pkt), &k.random);
		xb_st16(pkt + 12, 0xb588);
		fill(v.bytes, 3, &k.random);
		assert_int_equal(run(&k, pkt, sizeof(pkt), &v), 0);
		want = xb_csum_partial(pkt + ETH_BYTES, sizeof(pkt) - ETH_BYTES, 0);
		want = xb_csum_block_sub(want, xb_csum_partial(pkt + off, 3, 0), off);
		want = xb_csum_postpush(want, v.bytes, 3, off);
		if (v.ret || (u32)v.csum != want)
			fail_msg("at %u: %llx, expected %x", off, (unsigned long long)v.csum, want);
	}
	close_kernel(&k);
}

/* cf. net/core/filter.c: bpf_l3_csum_replace, bpf_l4_csum_replace */
static void
replace(struct xb_csum_proto *p, const struct shared *v, bool l4)
{
	u32 size = v->flags & BPF_F_HDR_FIELD_MASK;
	bool pseudohdr = v->flags & BPF_F_PSEUDO_HDR;

	if (!l4)
		p->sum = size == 0   ? xb_csum_replace_by_diff(p->sum, (u32)v->to)
		         : size == 2 ? xb_csum_replace2(p->sum, (u16)v->from, (u16)v->to)
		                     : xb_csum_replace4(p->sum, (u32)v->from, (u32)v->to);
	else if (size == 0)
		xb_inet_proto_csum_replace_by_diff(p, (u32)v->to, pseudohdr, v->flags & F_IPV6);
	else if (size == 2)
		xb_inet_proto_csum_replace2(p, (u16)v->from, (u16)v->to, pseudohdr);
	else
		xb_inet_proto_csum_replace4(p, (u32)v->from, (u32)v->to, pseudohdr);
}

static void
compare_replace(struct kernel *k, bool l4)
{
	static const u64 flags[] = { 0,
		                     2,
		                     4,
		                     BPF_F_PSEUDO_HDR,
		                     BPF_F_PSEUDO_HDR | 2,
		                     BPF_F_PSEUDO_HDR | 4,
		                     BPF_F_PSEUDO_HDR | F_IPV6 };
	u8 pkt[60];

	for (u32 i = 0; i < 3000; i++) {
		struct shared v = { .offset = 24, .flags = flags[i % (l4 ? 7 : 3)] };
		struct xb_csum_proto p = { .ip_summed = XB_CHECKSUM_COMPLETE };

		fill(pkt, sizeof(pkt), &k->random);
		xb_st16(pkt + 12, 0xb588);
		p.sum = xb_ld16(pkt + 24);
		p.csum = xb_csum_partial(pkt + ETH_BYTES, sizeof(pkt) - ETH_BYTES, 0);
		v.to = edgy(&k->random);
		v.from = v.flags & BPF_F_HDR_FIELD_MASK ? edgy(&k->random) : 0;
		assert_int_equal(run(k, pkt, sizeof(pkt), &v), 0);
		if (v.ret == -EINVAL && v.flags & F_IPV6)
			continue; /* an older kernel */
		replace(&p, &v, l4);
		if (v.ret || v.field != p.sum || (u32)v.csum != p.csum)
			fail_msg("l%u flags %llx, %llx to %llx: %04x %llx, expected %04x %x",
			         l4 ? 4 : 3, (unsigned long long)v.flags,
			         (unsigned long long)v.from, (unsigned long long)v.to, v.field,
			         (unsigned long long)v.csum, p.sum, p.csum);
	}
}

static void
test_kernel_replace(void **state)
{
	struct kernel k;

	(void)state;
	if (!open_kernel(&k))
		skip();
	const struct bpf_insn l3[] = PROGRAM(k.map, REPLACE(BPF_FUNC_l3_csum_replace));
	const struct bpf_insn l4[] = PROGRAM(k.map, REPLACE(BPF_FUNC_l4_csum_replace));

	k.prog = load(l3, XB_ARRAY_SIZE(l3));
	if (sums_packets(&k)) {
		compare_replace(&k, false);
		close(k.prog);
		k.prog = load(l4, XB_ARRAY_SIZE(l4));
		compare_replace(&k, true);
	}
	close_kernel(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_partial),        cmocka_unit_test(test_push_pull),
		cmocka_unit_test(test_known),          cmocka_unit_test(test_pseudo),
		cmocka_unit_test(test_replace),        cmocka_unit_test(test_partial_stays),
		cmocka_unit_test(test_kernel_partial), cmocka_unit_test(test_kernel_block),
		cmocka_unit_test(test_kernel_replace),
	};

	return cmocka_run_group_tests_name("skb-csum-math", tests, NULL, NULL);
}
