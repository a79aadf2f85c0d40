/* SPDX-License-Identifier: BSD-2-Clause */
/* test_helper_csum.c - bpf_csum_diff: rows, and random sums that emulator and kernel must agree on.
 */
#include "tests/emu/helper_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* The old bytes are at the start of RIG_RO, the new ones at TO. */
#define TO 128
#define CSUM(from_bytes, to_bytes, seed)                                                           \
	PROG(XB_LD_MAP_VALUE(1, RIG_RO, 0), XB_MOV64_IMM(2, from_bytes),                           \
	     XB_LD_MAP_VALUE(3, RIG_RO, TO), XB_MOV64_IMM(4, to_bytes), XB_MOV32_IMM(5, seed),     \
	     XB_CALL(BPF_FUNC_csum_diff))
#define CSUM_NULL(from_bytes, to_bytes)                                                            \
	PROG(XB_MOV64_IMM(1, 0), XB_MOV64_IMM(2, from_bytes), XB_MOV64_IMM(3, 0),                  \
	     XB_MOV64_IMM(4, to_bytes), XB_MOV32_IMM(5, 7), XB_CALL(BPF_FUNC_csum_diff))

struct bytes {
	u8 from[TO], to[TO];
};
/* Before 6.13 the sum was not folded. */
#define BYTES(...)                                                                                 \
	.since = KERNEL(6, 13), .ro = &(const struct bytes){ __VA_ARGS__ },                        \
	.ro_bytes = sizeof(struct bytes)

static const struct rig_row csum_rows[] = {
	{ "nothing", CSUM(0, 0, 0), .r0 = 0 },
	{ "seed only", CSUM(0, 0, 0x12345678), .since = KERNEL(6, 13), .r0 = 0x68ac },
	{ "seed of all ones", CSUM(0, 0, 0xffffffff), .since = KERNEL(6, 13), .r0 = 0xffff },
	{ "null pointers", CSUM_NULL(0, 0), .r0 = 7 },
	{ "push", CSUM(0, 4, 0), BYTES(.to = { 1, 2, 3, 4 }), .r0 = 0x0604 },
	{ "push zeros", CSUM(0, 8, 0), .since = KERNEL(6, 13), .r0 = 0 },
	{ "push onto a seed", CSUM(0, 4, 0xffff), BYTES(.to = { 1 }), .r0 = 1 },
	{ "push ones", CSUM(0, 4, 0), BYTES(.to = { 255, 255, 255, 255 }), .r0 = 0xffff },
	{ "pull", CSUM(4, 0, 0), BYTES(.from = { 1, 2, 3, 4 }), .r0 = 0xf9fb },
	{ "pull zeros", CSUM(4, 0, 0), .since = KERNEL(6, 13), .r0 = 0 },
	{ "pull ones", CSUM(4, 0, 0), BYTES(.from = { 255, 255, 255, 255 }), .r0 = 0 },
	{ "pull what was pushed", CSUM(4, 0, 0x04030201), BYTES(.from = { 1, 2, 3, 4 }), .r0 = 0 },
	{ "diff", CSUM(4, 4, 0), BYTES(.from = { 1 }, .to = { 3 }), .r0 = 2 },
	{ "diff of equals", CSUM(4, 4, 0), BYTES(.from = { 9, 8 }, .to = { 9, 8 }), .r0 = 0xffff },
	{ "diff of zeros", CSUM(4, 4, 0), .since = KERNEL(6, 13), .r0 = 0xffff },
	{ "diff of zeros and ones", CSUM(4, 4, 0), BYTES(.from = { 255, 255, 255, 255 }), .r0 = 0 },
	{ "diff of sizes", CSUM(8, 4, 0), BYTES(.from = { 1, 0, 0, 0, 2 }, .to = { 3 }),
	  .r0 = 0xffff },
	{ "from of 128 bytes", CSUM(128, 0, 1), BYTES(.from = { [127] = 1 }), .r0 = 0xff00 },
	{ "size of 2", CSUM(2, 0, 0), BYTES(.from = { 1, 2, 3 }), .r0 = 0xfdfe },
	{ "size of 7", CSUM(0, 7, 0), BYTES(.to = { 1, 2, 3, 4, 5, 6, 7, 8 }), .r0 = 0x0c10 },
	{ "sizes of 4 and 1", CSUM(4, 1, 0), BYTES(.from = { 1 }, .to = { 5, 6 }), .r0 = 4 },
	{ "null with a size", CSUM_NULL(4, 0), .fault = XB_FAULT_NULL_POINTER },
	{ "past the value", CSUM(0, 132, 0), .fault = XB_FAULT_OOB_READ },
	{ "negative size", CSUM(-4, 0, 0), .fault = XB_FAULT_BAD_ARGUMENT,
	  .message = "bpf_csum_diff: argument 2 (size): negative" },
};

RIG_TEST(csum)
/* Bytes that are often all zeros or all ones, where the two zeros of ones' complement meet. */
static void
fill(u8 *to, u32 bytes, u64 *random)
{
	u32 kind = rig_random(random) % 4;

	for (u32 i = 0; i < bytes; i++)
		to[i] = kind == 0 ? 0 : kind == 1 ? 0xff : (u8)rig_random(random);
}

void test_helper_csum_random(void **state);

void
test_helper_csum_random(void **state)
{
	struct rig *emu = rig_open(false), *kernel = rig_open(true);
	u64 random = 0x9e3779b97f4a7c15ull;

	(void)state;
	for (u32 i = 0; kernel && i < 400; i++) {
		static const u32 seeds[] = { 0, 0xffff, 0xffffffff, 0x10000, 0xffff0000 };
		u32 from = rig_random(&random) % 40, to = rig_random(&random) % 129;
		u32 pick = rig_random(&random) % 8;
		u32 seed = pick < 5 ? seeds[pick] : rig_random(&random);
		struct bytes bytes = { .from = { 0 } };
		const struct rig_row row = { "random", CSUM(from, to, seed), .ro = &bytes,
			                     .ro_bytes = sizeof(bytes) };
		struct rig_result a, b;

		fill(bytes.from, from, &random);
		fill(bytes.to, to, &random);
		rig_run_row(emu, &row, &a);
		rig_run_row(kernel, &row, &b);
		if (a.refused || b.refused || memcmp(a.out, b.out, 8) != 0)
			fail_msg("sum %u (from %u, to %u, seed %#x): %#llx, the kernel's %#llx", i,
			         from, to, seed, *(unsigned long long *)a.out,
			         *(unsigned long long *)b.out);
	}
	if (kernel)
		rig_close(kernel);
	rig_close(emu);
}
