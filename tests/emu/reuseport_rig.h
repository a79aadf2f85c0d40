/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reuseport_rig.h - a group of sockets that share a port of the loopback, others that are not of
 * it, and the packet that comes in.
 */
#ifndef XB_TESTS_EMU_REUSEPORT_RIG_H
#define XB_TESTS_EMU_REUSEPORT_RIG_H

#include "emu/sk_reuseport.h"
#include "tests/rig/backend.h"

#define GROUP         3u
#define PAYLOAD_BYTES 16u /* 0x40, 0x41, ... */
#define PACKET_MOST   128u

/* Where a map has each socket. */
enum place {
	FIRST,
	SECOND,
	THIRD,
	OTHER_PORT,     /* SO_REUSEPORT, as all of these but the last two */
	OTHER_ADDR,     /* at the group's port */
	OTHER_FAMILY,   /* that is not the group's */
	OTHER_PROTOCOL, /* UDP for TCP's group, TCP that listens for UDP's */
	ALONE,          /* without SO_REUSEPORT */
	CONNECTION,     /* TCP's */
	EMPTY,
	PLACE_CNT,
	OUTSIDE = 99,
};

/* How the group is bound. */
struct group_kind {
	const char *name;
	int domain, type;
	bool any; /* to no address */
};

struct group {
	const struct group_kind *kind;
	int fds[PLACE_CNT]; /* -1 where there is none */
	int client;         /* that sends */
	int peer;           /* of the connection */
	u16 port;           /* the group's, wire order */
};

void group_open(struct group *g, const struct group_kind *kind);
void group_close(struct group *g);

/* A datagram or a connection for the group. The place of the socket that got it, or PLACE_CNT. */
u32 group_send(struct group *g);

/* What comes in then, as far as it is known. Returns its bytes. */
u32 group_packet(const struct group *g, u8 *data, struct xb_sk_reuseport_in *in);

#endif
