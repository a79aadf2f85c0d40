/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * csum.h - the Internet checksum (RFC 1071), as the kernel computes it.
 *
 * A __wsum is a ones' complement sum of 32 bits, not yet inverted; a __sum16 is what stands in a
 * packet: 16 bits, inverted. Both are in wire order, whatever the host: bytes are added as they
 * lie in memory. Functions bear the kernel's names with xb_ in front.
 *
 * Programs see 32-bit sums (bpf_csum_update()), so congruence is not enough: the value itself must
 * be the kernel's. Ones' complement has two zeros, and nothing else is ambiguous: where every
 * carry is added back, a sum is 0 if all of its terms are 0, else it lies in 1..2^n-1, in whatever
 * order and in whatever word size it was formed. All functions here keep that, as do the kernel's.
 */
#ifndef XB_SKB_CSUM_H
#define XB_SKB_CSUM_H

#include "vm/bytes.h"

/* What ip_summed says of a packet's checksum (cf. include/linux/skbuff.h). */
enum xb_checksum {
	XB_CHECKSUM_NONE,        /* nobody has looked */
	XB_CHECKSUM_UNNECESSARY, /* the device has verified it */
	XB_CHECKSUM_COMPLETE,    /* the device has summed up all the packet, into csum */
	XB_CHECKSUM_PARTIAL, /* the field holds the pseudo-header's sum: the device will finish it
	                      */
};

/*
 * `sum` plus `bytes` bytes at `data`, which need no alignment; an odd last byte has a zero behind
 * it. cf. arch/x86/lib/csum-partial_64.c: csum_partial
 */
__wsum xb_csum_partial(const void *data, u32 bytes, __wsum sum);

/* cf. include/net/checksum.h for all of these. */
static inline __wsum
xb_csum_add(__wsum sum, __wsum addend)
{
	u32 res = sum + addend;

	return res + (res < addend);
}

static inline __wsum
xb_csum_sub(__wsum sum, __wsum addend)
{
	return xb_csum_add(sum, ~addend);
}

/* The sum of bytes that move to `offset`: an odd one swaps the bytes of each 16-bit word. */
static inline __wsum
xb_csum_shift(__wsum sum, u32 offset)
{
	return offset & 1 ? sum >> 8 | sum << 24 : sum;
}

/* A whole's sum, from its first part's and that of the part that starts at `offset`. */
static inline __wsum
xb_csum_block_add(__wsum sum, __wsum part, u32 offset)
{
	return xb_csum_add(sum, xb_csum_shift(part, offset));
}

static inline __wsum
xb_csum_block_sub(__wsum sum, __wsum part, u32 offset)
{
	return xb_csum_block_add(sum, ~part, offset);
}

/* Two's complement, as the kernel has it. */
static inline __wsum
xb_wsum_negate(__wsum sum)
{
	return 0 - sum;
}

static inline __wsum
xb_csum_unfold(__sum16 sum)
{
	return sum;
}

/* 16 bits, not inverted. */
static inline u16
xb_csum_from32to16(__wsum sum)
{
	return (u16)((sum + (sum >> 16 | sum << 16)) >> 16);
}

/* What goes into a packet. */
static inline __sum16
xb_csum_fold(__wsum sum)
{
	return (__sum16)~xb_csum_from32to16(sum);
}

/*
 * Of an IPv4 header of `ihl` 32-bit words, 5 or more: what its checksum must be if the field is 0,
 * and 0 if it is right. cf. arch/x86/include/asm/checksum_64.h: ip_fast_csum
 */
static inline __sum16
xb_ip_fast_csum(const void *iph, u32 ihl)
{
	const u8 *p = iph;
	u64 sum = (u64)xb_ld32(p) + xb_ld32(p + 4) + xb_ld32(p + 8) + xb_ld32(p + 12);

	for (u32 i = 4; i < ihl; i++)
		sum += xb_ld32(p + i * 4);
	return xb_csum_fold(xb_csum_add((u32)sum, (u32)(sum >> 32)));
}

/*
 * `sum` plus the pseudo-header of IPv4 or of IPv6: addresses of 4 or 16 bytes, in wire order and of
 * any alignment; `len` of the transport header and what it carries, in host order. The length
 * of IPv4's fits 16 bits. cf. arch/x86/include/asm/checksum_64.h: csum_tcpudp_nofold
 */
__wsum xb_csum_tcpudp_nofold(__be32 saddr, __be32 daddr, u32 len, u8 proto, __wsum sum);
__wsum xb_csum_ipv6_nofold(const void *saddr, const void *daddr, u32 len, u8 proto, __wsum sum);

/* The same, folded and inverted: of the whole packet's sum, 0 if its checksum is right. */
static inline __sum16
xb_csum_tcpudp_magic(__be32 saddr, __be32 daddr, u32 len, u8 proto, __wsum sum)
{
	return xb_csum_fold(xb_csum_tcpudp_nofold(saddr, daddr, len, proto, sum));
}

static inline __sum16
xb_csum_ipv6_magic(const void *saddr, const void *daddr, u32 len, u8 proto, __wsum sum)
{
	return xb_csum_fold(xb_csum_ipv6_nofold(saddr, daddr, len, proto, sum));
}

/*
 * Of a checksum `sum`, the one after a field's change from `from` to `to`, or by `diff`.
 * cf. include/net/checksum.h
 */
__sum16 xb_csum_replace_by_diff(__sum16 sum, __wsum diff);
__sum16 xb_csum_replace4(__sum16 sum, __be32 from, __be32 to);
__sum16 xb_csum_replace2(__sum16 sum, __be16 from, __be16 to);

/*
 * A sum of CHECKSUM_COMPLETE after `bytes` bytes were taken off the front, or came to stand at
 * `offset`. cf. include/linux/skbuff.h: skb_postpull_rcsum, __skb_postpush_rcsum. The kernel's
 * __skb_postpull_rcsum, with an offset, is xb_csum_block_sub() of xb_csum_partial().
 */
__wsum xb_csum_postpull(__wsum sum, const void *data, u32 bytes);
__wsum xb_csum_postpush(__wsum sum, const void *data, u32 bytes, u32 offset);

/* A transport header's checksum and what the packet's sk_buff knows of it. */
struct xb_csum_proto {
	__sum16 sum; /* the field */
	enum xb_checksum ip_summed;
	__wsum csum; /* with XB_CHECKSUM_COMPLETE */
};

/*
 * Changes both for a change of the packet; `pseudohdr`: of the pseudo-header. What the kernel
 * leaves alone, stays: a partial checksum but for the pseudo-header's. cf. net/core/utils.c
 */
void xb_inet_proto_csum_replace4(struct xb_csum_proto *p, __be32 from, __be32 to, bool pseudohdr);
void xb_inet_proto_csum_replace2(struct xb_csum_proto *p, __be16 from, __be16 to, bool pseudohdr);
/* IPv6 addresses. The sk_buff's sum stays: address and checksum make up for one another. */
void xb_inet_proto_csum_replace16(struct xb_csum_proto *p, const void *from, const void *to,
                                  bool pseudohdr);
/* `ipv6`: a change of the pseudo-header leaves the sk_buff's sum alone. Linux 6.16 has it. */
void xb_inet_proto_csum_replace_by_diff(struct xb_csum_proto *p, __wsum diff, bool pseudohdr,
                                        bool ipv6);

#endif
