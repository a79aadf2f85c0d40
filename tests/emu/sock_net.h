/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock_net.h - a network namespace with sockets of many kinds, and a world that has the same.
 *
 * On the kernel the test gets a namespace of its own; the sockets are bound to its loopback. Each
 * has a mark and a priority of its own, by which it is known.
 */
#ifndef XB_TESTS_EMU_SOCK_NET_H
#define XB_TESTS_EMU_SOCK_NET_H

#include "emu/world.h"

#define SOCK_NET_MOST 64

struct sock_net {
	int fds[SOCK_NET_MOST];
	u32 fd_cnt;
	struct xb_world_sock socks[SOCK_NET_MOST]; /* newest first */
	u32 sock_cnt;
	bool has_v0; /* a second device, to which no packet comes */
};

/* A new namespace with its loopback up; false, and said so, where that is not permitted. */
bool sock_net_open(struct sock_net *net);
void sock_net_close(struct sock_net *net);

/* A socket to make. */
struct sock_spec {
	const char *name;
	int type; /* SOCK_STREAM: it listens; SOCK_DGRAM */
	const char *local;
	u16 port;
	const char *remote; /* UDP: connected to it; NULL: not */
	u16 remote_port;
	bool reuseport, reuseaddr, v6only, defer;
	const char *device; /* bound to it; NULL: to none */
};

/*
 * Makes it: a descriptor, kept, or -1 where it is of a device that there is not. Its entry comes
 * first in the list.
 */
int sock_net_add(struct sock_net *net, const struct sock_spec *spec);

/* How far a connection goes. */
enum sock_conn {
	CONN_ESTABLISHED, /* both ends */
	CONN_TIME_WAIT,   /* the server's end */
	CONN_REQUEST,     /* the server waits for data: the listener defers */
};

/*
 * A TCP connection from local to the listener `fd` at remote; its ends' entries come first in the
 * list.
 */
void sock_net_connect(struct sock_net *net, int fd, const struct sock_spec *ends,
                      enum sock_conn conn);

/* A world with these sockets; the caller's. */
struct xb_world *sock_net_world(const struct sock_net *net);

/* An address of either family as text, into 16 bytes: its family. */
int sock_net_addr(const char *text, u8 addr[16]);

#endif
