/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_misc.c - checksums. */
#include "emu/helpers_priv.h"

#include "vm/bytes.h"

#include <string.h>

/*
 * Ones' complement sums have two zeros; which one comes out is part of the result. A sum with the
 * carry added back is 0 if all its terms are, else it is in 1 to 2^n-1, whatever their order.
 */
static u32
add_carry32(u32 a, u32 b)
{
	u32 sum = a + b;

	return sum + (sum < b);
}

/*
 * A last word that is not whole has zeros behind it (cf. arch/x86/lib/csum-partial_64.c:
 * csum_partial).
 */
static u32
csum_partial(const u8 *data, u32 bytes, u32 sum)
{
	u32 last = 0, i;

	for (i = 0; bytes - i >= 4; i += 4)
		sum = add_carry32(sum, xb_ld32(data + i));
	if (i < bytes)
		memcpy(&last, data + i, bytes - i);
	return add_carry32(sum, last);
}

/* cf. include/net/checksum.h: csum_from32to16 */
static u32
csum_from32to16(u32 sum)
{
	return (sum + ((sum >> 16) | (sum << 16))) >> 16;
}

/*
 * As in Linux from 6.13 on: any sizes, a sum of 16 bits. Before, sizes were multiples of 4
 * (-EINVAL), 512 at most together, and the sum had 32 bits.
 */
static u64
csum_diff(struct xb_proc *proc, const union xb_arg *a)
{
	u32 from_bytes = (u32)a[1].u, to_bytes = (u32)a[3].u;
	u32 sum = (u32)a[4].u;

	(void)proc;
	if (from_bytes && to_bytes)
		sum = add_carry32(csum_partial(a[2].mem, to_bytes, sum),
		                  ~csum_partial(a[0].mem, from_bytes, 0));
	else if (to_bytes)
		sum = csum_partial(a[2].mem, to_bytes, sum);
	else if (from_bytes)
		sum = ~csum_partial(a[0].mem, from_bytes, ~sum);
	return csum_from32to16(sum);
}

#define BIT(type) XB_PROG_TYPE_BIT(BPF_PROG_TYPE_##type)
#define CSUM_DIFF_TYPES                                                                            \
	(BIT(SCHED_CLS) | BIT(SCHED_ACT) | BIT(XDP) | BIT(LWT_IN) | BIT(LWT_OUT) | BIT(LWT_XMIT) | \
	 BIT(LWT_SEG6LOCAL))

static const struct xb_helper rows[] = {
	{ .id = BPF_FUNC_csum_diff,
	  .name = "csum_diff",
	  .fn = csum_diff,
	  .prog_types = CSUM_DIFF_TYPES,
	  .source = "net/core/filter.c: bpf_csum_diff",
	  .args = { XB_ARG_MEM_OR_NULL, XB_ARG_SIZE_OR_0, XB_ARG_MEM_OR_NULL, XB_ARG_SIZE_OR_0,
	            XB_ARG_ANY } },
};

const struct xb_helper_table xb_helpers_misc = { rows, XB_ARRAY_SIZE(rows) };
