/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock_lookup.h - which socket of the world a packet is for, as Linux's tables find it.
 *
 * Of sockets that fit equally well the world's first is taken: lists of sockets, Linux's and what
 * ss(8) makes of them, begin with the newest. Which of an SO_REUSEPORT group it is depends on a
 * secret of the kernel's; here on the emulator's seed.
 */
#ifndef XB_EMU_SOCK_LOOKUP_H
#define XB_EMU_SOCK_LOOKUP_H

#include "emu/world.h"

/* A packet's way: it comes from saddr and sport, to daddr and dport, by a device. */
struct xb_sock_way {
	u8 proto;     /* IPPROTO_TCP, IPPROTO_UDP */
	u8 family;    /* AF_INET, AF_INET6 */
	u8 saddr[16]; /* in wire order; an IPv4 address is the first 4 bytes */
	u8 daddr[16];
	u16 sport;         /* in wire order */
	u16 dport;         /* in host order */
	u32 ifindex, sdif; /* of the device; of it again where it belongs to a VRF, else 0 */
};

/*
 * The socket that such a packet would reach, or NULL. It may be a request or one in TIME_WAIT (cf.
 * net/core/filter.c: sk_lookup).
 */
const struct xb_world_sock *xb_sock_lookup(const struct xb_emu *emu, const struct xb_sock_way *way);

/*
 * A full socket: itself, the listener of a request, or NULL for one in TIME_WAIT (cf.
 * include/net/sock.h: sk_to_full_sk).
 */
const struct xb_sock *xb_sock_to_full(const struct xb_sock *sock);

/* What bpf_sk_lookup_tcp() and its like are asked for. */
struct xb_sock_query {
	const void *tuple; /* struct bpf_sock_tuple, of `bytes` */
	u32 bytes;
	u64 netns, flags;
	u8 proto;
	u32 ifindex; /* that the packet came by */
	bool full;   /* a full socket is wanted: bpf_sk_lookup_*; else bpf_skc_lookup_tcp */
};

/* The guest address of the socket found, or 0 (cf. __bpf_skc_lookup, __bpf_sk_lookup). */
u64 xb_sock_query(const struct xb_emu *emu, const struct xb_sock_query *q);

/*
 * Whether the socket is in Linux's tables: one that is neither bound nor connected is not (cf.
 * include/net/sock.h: sk_unhashed).
 */
bool xb_sock_is_hashed(const struct xb_sock *sock);

/* The first of the group of listeners that share its port by SO_REUSEPORT: itself, if it is none.
 */
struct xb_sock *xb_sock_group(struct xb_sock *sock);

/* Makes up what a world's file leaves out of a socket; xb_world_set() does it. */
void xb_world_sock_fill(struct xb_world_sock *s);

#endif
