/* SPDX-License-Identifier: BSD-2-Clause */
#include "skb/csum.h"

/* Two words at once: SSE2's and NEON's registers. */
typedef u64 pair __attribute__((vector_size(16)));

static u32
fold64(u64 sum)
{
	u32 lo = (u32)sum, hi = (u32)(sum >> 32);

	return xb_csum_add(lo, hi);
}

/* The halves of a word of which `bytes` bytes, 0 to 7, are left, added up. */
static u64
last_word(const u8 *p, u32 bytes)
{
	u64 sum = 0, last = 0;

	if (bytes & 4) {
		sum = xb_ld32(p);
		p += 4;
	}
	if (bytes & 2) {
		last = xb_ld16(p);
		p += 2;
	}
	if (bytes & 1)
		last |= (u64)*p << (bytes & 2) * 8;
	return sum + last;
}

/*
 * The halves of 64-bit words are added without any carry: of 2^32 bytes, 2^30 words of 32 bits, the
 * sum has 62 bits.
 */
__wsum
xb_csum_partial(const void *data, u32 bytes, __wsum sum)
{
	const pair low = { 0xffffffff, 0xffffffff };
	const u8 *p = data, *end = p + bytes;
	pair lo = { 0, 0 }, hi = lo;
	u64 total;

	for (; end - p >= 32; p += 32) {
		pair a, b;

		memcpy(&a, p, sizeof(a));
		memcpy(&b, p + 16, sizeof(b));
		lo += (a & low) + (b & low);
		hi += (a >> 32) + (b >> 32);
	}
	lo += hi;
	total = lo[0] + lo[1] + sum;
	for (; end - p >= 8; p += 8) {
		u64 word = xb_ld64(p);

		total += (u32)word + (word >> 32);
	}
	return fold64(total + last_word(p, (u32)(end - p)));
}

__wsum
xb_csum_tcpudp_nofold(__be32 saddr, __be32 daddr, u32 len, u8 proto, __wsum sum)
{
	/* Shifted by 8, length and protocol stand as in wire order, modulo 2^16-1. */
	return fold64((u64)saddr + daddr + ((u64)(len + proto) << 8) + sum);
}

__wsum
xb_csum_ipv6_nofold(const void *saddr, const void *daddr, u32 len, u8 proto, __wsum sum)
{
	u64 total = (u64)__builtin_bswap32(len) + __builtin_bswap16(proto) + sum;

	for (u32 i = 0; i < 16; i += 4)
		total += (u64)xb_ld32((const u8 *)saddr + i) + xb_ld32((const u8 *)daddr + i);
	return fold64(total);
}

__sum16
xb_csum_replace_by_diff(__sum16 sum, __wsum diff)
{
	return xb_csum_fold(xb_csum_add(diff, ~xb_csum_unfold(sum)));
}

__sum16
xb_csum_replace4(__sum16 sum, __be32 from, __be32 to)
{
	return xb_csum_fold(xb_csum_add(xb_csum_sub(~xb_csum_unfold(sum), from), to));
}

static u16
csum16_add(u16 sum, u16 addend)
{
	u16 res = (u16)(sum + addend);

	return (u16)(res + (res < addend));
}

/* RFC 1624, equation 3. */
__sum16
xb_csum_replace2(__sum16 sum, __be16 from, __be16 to)
{
	return (__sum16)~csum16_add(csum16_add((u16)~sum, (u16)~from), to);
}

__wsum
xb_csum_postpull(__wsum sum, const void *data, u32 bytes)
{
	return xb_wsum_negate(xb_csum_partial(data, bytes, xb_wsum_negate(sum)));
}

__wsum
xb_csum_postpush(__wsum sum, const void *data, u32 bytes, u32 offset)
{
	return xb_csum_block_add(sum, xb_csum_partial(data, bytes, 0), offset);
}

void
xb_inet_proto_csum_replace4(struct xb_csum_proto *p, __be32 from, __be32 to, bool pseudohdr)
{
	if (p->ip_summed != XB_CHECKSUM_PARTIAL) {
		p->sum = xb_csum_replace4(p->sum, from, to);
		if (p->ip_summed == XB_CHECKSUM_COMPLETE && pseudohdr)
			p->csum = ~xb_csum_add(xb_csum_sub(~p->csum, from), to);
	} else if (pseudohdr) {
		/* The field is not inverted yet. */
		p->sum = (__sum16)~xb_csum_fold(
		        xb_csum_add(xb_csum_sub(xb_csum_unfold(p->sum), from), to));
	}
}

void
xb_inet_proto_csum_replace2(struct xb_csum_proto *p, __be16 from, __be16 to, bool pseudohdr)
{
	xb_inet_proto_csum_replace4(p, from, to, pseudohdr);
}

void
xb_inet_proto_csum_replace16(struct xb_csum_proto *p, const void *from, const void *to,
                             bool pseudohdr)
{
	bool partial = p->ip_summed == XB_CHECKSUM_PARTIAL;
	__wsum sum = xb_csum_unfold(p->sum);
	u8 old[16];

	if (partial && !pseudohdr)
		return;
	for (u32 i = 0; i < sizeof(old); i += 4)
		xb_st32(old + i, ~xb_ld32((const u8 *)from + i));
	sum = xb_csum_partial(old, sizeof(old), partial ? sum : ~sum);
	sum = xb_csum_partial(to, 16, sum);
	p->sum = partial ? xb_csum_from32to16(sum) : xb_csum_fold(sum);
}

void
xb_inet_proto_csum_replace_by_diff(struct xb_csum_proto *p, __wsum diff, bool pseudohdr, bool ipv6)
{
	if (p->ip_summed != XB_CHECKSUM_PARTIAL) {
		p->sum = xb_csum_replace_by_diff(p->sum, diff);
		if (p->ip_summed == XB_CHECKSUM_COMPLETE && pseudohdr && !ipv6)
			p->csum = ~xb_csum_sub(diff, p->csum);
	} else if (pseudohdr) {
		p->sum = (__sum16)~xb_csum_fold(xb_csum_add(diff, xb_csum_unfold(p->sum)));
	}
}
