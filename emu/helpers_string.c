/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_string.c - strings and the numbers in them. */
#include "emu/helpers_priv.h"

#include "emu/latin1.h"
#include "vm/bytes.h"

#include <errno.h>

#define BASE_MASK    0x1full /* cf. kernel/bpf/helpers.c: BPF_STRTOX_BASE_MASK */
#define NUMBER_BYTES 63      /* of text that are looked at after blanks and sign */

/* What a text says. */
struct number {
	u64 value;
	bool negative;
	long bytes; /* consumed, from its first byte; or -errno */
};

/* The value of a digit in base 16; 16 and more: none. */
static u32
digit_of(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - (u32)'0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - (u32)'a' + 10 : 16;
}

/*
 * Base 0 is what the prefix says; 16 allows one. Returns the prefix's length (cf. lib/kstrtox.c:
 * _parse_integer_fixup_radix).
 */
static u32
fixup_radix(const u8 *s, u32 bytes, u32 *base)
{
	bool zero = bytes > 0 && s[0] == '0';
	bool hex = zero && bytes > 1 && (s[1] | 0x20) == 'x';

	if (*base == 0)
		*base = !zero ? 10 : hex && bytes > 2 && digit_of(s[2]) < 16 ? 16 : 8;
	return *base == 16 && hex ? 2 : 0;
}

/* Digits from s on. Returns how many; *overflow where 64 bits do not hold them. */
static u32
parse_integer(const u8 *s, u32 bytes, u32 base, u64 *value, bool *overflow)
{
	u32 cnt = 0;
	u64 v = 0;

	*overflow = false;
	for (; cnt < bytes && digit_of(s[cnt]) < base; cnt++) {
		u64 next;

		*overflow |= __builtin_mul_overflow(v, (u64)base, &next);
		*overflow |= __builtin_add_overflow(next, (u64)digit_of(s[cnt]), &v);
	}
	*value = v;
	return cnt;
}

/* cf. kernel/bpf/helpers.c: __bpf_strtoull */
static struct number
parse_number(const u8 *buf, u64 bytes, u64 flags)
{
	u32 base = (u32)(flags & BASE_MASK);
	struct number n = { 0 };
	u64 pos = 0;
	u32 len, prefix, cnt;
	bool overflow;

	n.bytes = -EINVAL;
	if ((base != 0 && base != 8 && base != 10 && base != 16) || (flags & ~BASE_MASK))
		return n;
	while (pos < bytes && xb_is_space((char)buf[pos]))
		pos++;
	n.negative = pos < bytes && buf[pos] == '-';
	pos += n.negative;
	len = bytes - pos < NUMBER_BYTES ? (u32)(bytes - pos) : NUMBER_BYTES;
	prefix = fixup_radix(buf + pos, len, &base);
	cnt = parse_integer(buf + pos + prefix, len - prefix, base, &n.value, &overflow);
	if (overflow)
		n.bytes = -ERANGE;
	else if (cnt)
		n.bytes = (long)(pos + prefix + cnt);
	return n;
}

static u64
strtol_helper(struct xb_proc *proc, const union xb_arg *a)
{
	struct number n = parse_number(a[0].mem, a[1].u, a[2].u);
	s64 value = (s64)(n.negative ? 0 - n.value : n.value);

	(void)proc;
	if (n.bytes >= 0 && (n.negative ? value > 0 : value < 0))
		n.bytes = -ERANGE;
	xb_st64(a[3].mem, n.bytes < 0 ? 0 : (u64)value);
	return helper_ret(n.bytes);
}

static u64
strtoul_helper(struct xb_proc *proc, const union xb_arg *a)
{
	struct number n = parse_number(a[0].mem, a[1].u, a[2].u);

	(void)proc;
	if (n.bytes >= 0 && n.negative)
		n.bytes = -EINVAL;
	xb_st64(a[3].mem, n.bytes < 0 ? 0 : n.value);
	return helper_ret(n.bytes);
}

/* -1, 0 or 1 (cf. lib/string.c: strncmp). */
static u64
strncmp_helper(struct xb_proc *proc, const union xb_arg *a)
{
	const u8 *s1 = a[0].mem, *s2 = a[2].mem;

	(void)proc;
	for (u64 i = 0; i < (u32)a[1].u; i++) {
		if (s1[i] != s2[i])
			return helper_ret(s1[i] < s2[i] ? -1 : 1);
		if (s1[i] == 0)
			break;
	}
	return 0;
}

/* Names that are the C library's, too. */
#define ROW(helper)                                                                                \
	.id = BPF_FUNC_##helper, .name = #helper, .fn = helper##_helper,                           \
	.prog_types = XB_PROG_TYPES_ALL, .source = "kernel/bpf/helpers.c: bpf_" #helper

static const struct xb_helper rows[] = {
	{ ROW(strtol), .args = { XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_ANY, XB_ARG_U64_W } },
	{ ROW(strtoul), .args = { XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_ANY, XB_ARG_U64_W } },
	{ ROW(strncmp), .args = { XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_STR } },
};

const struct xb_helper_table xb_helpers_string = { rows, XB_ARRAY_SIZE(rows) };
