/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/rss.h"

#include "vm/bytes.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#define VLAN_BYTES    4u
#define VLAN_MOST     8 /* tags one behind the other */
#define IPV4_BYTES    20u
#define IPV4_FRAGMENT 0x3fffu /* more fragments, or an offset */
#define IPV6_BYTES    40u
#define IPV6_EXT_MOST 8
#define PORTS_BYTES   4u

/* Of the verification suite in Microsoft's "Verifying the RSS Hash Calculation". */
static const u8 key[XB_RSS_INPUT_MAX + 4] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

/* 32 bits of the key, from the bit-th on. */
static u32
key_at(u32 bit)
{
	u64 word = 0;

	for (u32 i = 0; i < 5; i++)
		word = word << 8 | (bit / 8 + i < sizeof(key) ? key[bit / 8 + i] : 0);
	return (u32)(word >> (8 - bit % 8));
}

void
xb_rss_init(struct xb_rss *rss, u32 queue_cnt)
{
	for (u32 at = 0; at < XB_RSS_INPUT_MAX; at++)
		for (u32 value = 0; value < 256; value++) {
			rss->bytes[at][value] = 0;
			for (u32 bit = 0; bit < 8; bit++)
				if (value & 0x80u >> bit)
					rss->bytes[at][value] ^= key_at(8 * at + bit);
		}
	for (u32 i = 0; i < XB_RSS_TABLE; i++)
		rss->table[i] = (u8)(i % queue_cnt);
}

u32
xb_rss_toeplitz(const struct xb_rss *rss, const u8 *input, u32 bytes)
{
	u32 hash = 0;

	for (u32 i = 0; i < bytes; i++)
		hash ^= rss->bytes[i][input[i]];
	return hash;
}

static bool
has_ports(u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

/* The addresses, and the ports at `l4` where `proto` has any and they are there. */
static u32
hash_flow(const struct xb_rss *rss, const u8 *addrs, u32 addr_bytes, u8 proto, const u8 *l4,
          u32 l4_bytes)
{
	u8 input[XB_RSS_INPUT_MAX];
	u32 bytes = addr_bytes;

	memcpy(input, addrs, addr_bytes);
	if (has_ports(proto) && l4_bytes >= PORTS_BYTES) {
		memcpy(input + addr_bytes, l4, PORTS_BYTES);
		bytes += PORTS_BYTES;
	}
	return xb_rss_toeplitz(rss, input, bytes);
}

static u32
hash_ipv4(const struct xb_rss *rss, const u8 *ip, u32 bytes)
{
	u32 hdr_bytes;
	u8 proto;

	if (bytes < IPV4_BYTES || ip[0] >> 4 != 4)
		return 0;
	hdr_bytes = (ip[0] & 15u) * 4;
	proto = xb_ld_be16(ip + 6) & IPV4_FRAGMENT ? 0 : ip[9];
	if (hdr_bytes < IPV4_BYTES || hdr_bytes > bytes)
		return hash_flow(rss, ip + 12, 8, 0, NULL, 0);
	return hash_flow(rss, ip + 12, 8, proto, ip + hdr_bytes, bytes - hdr_bytes);
}

/* Goes past the headers that may stand before the transport's; its offset, or 0: there is none. */
static u32
ipv6_l4(const u8 *ip, u32 bytes, u8 *proto)
{
	u32 off = IPV6_BYTES;

	*proto = ip[6];
	for (u32 i = 0; i < IPV6_EXT_MOST; i++) {
		if (*proto != IPPROTO_HOPOPTS && *proto != IPPROTO_ROUTING &&
		    *proto != IPPROTO_DSTOPTS)
			return off;
		if (bytes - off < 8)
			return 0;
		*proto = ip[off];
		if ((ip[off + 1] + 1u) * 8 > bytes - off)
			return 0;
		off += (ip[off + 1] + 1u) * 8;
	}
	return 0;
}

static u32
hash_ipv6(const struct xb_rss *rss, const u8 *ip, u32 bytes)
{
	u32 off;
	u8 proto;

	if (bytes < IPV6_BYTES || ip[0] >> 4 != 6)
		return 0;
	off = ipv6_l4(ip, bytes, &proto);
	if (!off)
		return hash_flow(rss, ip + 8, 32, 0, NULL, 0);
	return hash_flow(rss, ip + 8, 32, proto, ip + off, bytes - off);
}

static bool
is_vlan(u16 type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

u32
xb_rss_hash(const struct xb_rss *rss, const u8 *frame, u32 bytes)
{
	u32 off = ETH_HLEN;
	u16 type;

	if (bytes < ETH_HLEN)
		return 0;
	type = xb_ld_be16(frame + 2 * ETH_ALEN);
	for (u32 tags = 0; is_vlan(type); tags++) {
		if (tags == VLAN_MOST || bytes - off < VLAN_BYTES)
			return 0;
		type = xb_ld_be16(frame + off + 2);
		off += VLAN_BYTES;
	}
	if (type == ETH_P_IP)
		return hash_ipv4(rss, frame + off, bytes - off);
	return type == ETH_P_IPV6 ? hash_ipv6(rss, frame + off, bytes - off) : 0;
}
