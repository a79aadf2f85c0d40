/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - what the programs of this folder share: headers, and a cursor that walks them.
 *
 * Every take_*() moves the cursor behind a header and returns it, or NULL where the packet ends
 * before.
 */
#ifndef XB_TESTS_PROGS_PACKET_H
#define XB_TESTS_PROGS_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define IP_FRAGMENT 0x3fff /* MF and the offset, in host order */

/* <linux/icmp.h> and <linux/if_arp.h> want the C library, which has no BPF target. */
#define ICMP_ECHOREPLY    0
#define ICMP_DEST_UNREACH 3
#define ICMP_ECHO         8
#define ICMP_FRAG_NEEDED  4
#define ARPOP_REQUEST     1
#define ARPOP_REPLY       2

struct icmphdr {
	__u8 type;
	__u8 code;
	__sum16 checksum;
	union {
		struct {
			__be16 id;
			__be16 sequence;
		} echo;
		struct {
			__be16 unused;
			__be16 mtu;
		} frag;
	} un;
};

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

struct arp4 {
	__be16 htype, ptype;
	__u8 hlen, plen;
	__be16 oper;
	__u8 sha[ETH_ALEN];
	__be32 spa;
	__u8 tha[ETH_ALEN];
	__be32 tpa;
} __attribute__((packed));

struct vxlan {
	__be32 flags;
	__be32 vni; /* in the upper 24 bits */
};

struct cursor {
	void *pos;
	void *end;
};

/* Over what may be read directly, of a struct xdp_md or a struct __sk_buff. */
#define cursor_of(ctx) ((struct cursor){ (void *)(long)(ctx)->data, (void *)(long)(ctx)->data_end })

#define TAKE(type, name)                                                                           \
	static __always_inline struct type *take_##name(struct cursor *c)                          \
	{                                                                                          \
		struct type *h = c->pos;                                                           \
		if ((void *)(h + 1) > c->end)                                                      \
			return NULL;                                                               \
		c->pos = h + 1;                                                                    \
		return h;                                                                          \
	}

TAKE(ethhdr, eth)
TAKE(vlan_tag, vlan)
TAKE(ipv6hdr, ip6)
TAKE(udphdr, udp)
TAKE(icmphdr, icmp)
TAKE(arp4, arp4)

/* The options are skipped too. */
static __always_inline struct iphdr *
take_ip4(struct cursor *c)
{
	struct iphdr *ip = c->pos;

	if ((void *)(ip + 1) > c->end || ip->ihl < 5)
		return NULL;
	c->pos = (void *)ip + ip->ihl * 4;
	return c->pos > c->end ? NULL : ip;
}

static __always_inline struct tcphdr *
take_tcp(struct cursor *c)
{
	struct tcphdr *tcp = c->pos;

	if ((void *)(tcp + 1) > c->end)
		return NULL;
	c->pos = (void *)tcp + tcp->doff * 4;
	return tcp;
}

/* Ethernet and up to two VLAN tags. The protocol behind, in wire order; 0 where the packet is
 * short. */
static __always_inline __be16
take_l2(struct cursor *c)
{
	struct ethhdr *eth = take_eth(c);
	__be16 proto;

	if (!eth)
		return 0;
	proto = eth->h_proto;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		struct vlan_tag *tag;

		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		tag = take_vlan(c);
		if (!tag)
			return 0;
		proto = tag->proto;
	}
	return proto;
}

static __always_inline void
swap_macs(struct ethhdr *eth)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
}

/* Folds a sum of 16-bit words and complements it: the Internet checksum. */
static __always_inline __u16
csum_fold(__u64 sum)
{
#pragma unroll
	for (int i = 0; i < 4; i++)
		sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

/* The checksum of an IPv4 header without options, whose check field is zero. */
static __always_inline __u16
ip4_csum(const void *ip)
{
	const __u16 *word = ip;
	__u64 sum = 0;

#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += word[i];
	return csum_fold(sum);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#endif
