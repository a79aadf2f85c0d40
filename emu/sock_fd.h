/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock_fd.h - descriptors of the calling process's own sockets, as sockets of the emulator.
 *
 * Which socket a descriptor stands for is told by its cookie (SO_COOKIE), never by its number: the
 * one of the world with that cookie, or one made of what getsockopt(2) says. What it is, is looked
 * at anew each time that a descriptor is given.
 *
 * Differs: a socket stays where a map has it when the process closes it, and keeps the state that
 * it had when it was last given; Linux takes closed sockets out of maps. Of TCP over IPv6, dst_ip4
 * is 0: that it is 127.0.0.6 where the connection was accepted cannot be asked.
 */
#ifndef XB_EMU_SOCK_FD_H
#define XB_EMU_SOCK_FD_H

#include "emu/sock.h"

/*
 * The socket behind a descriptor, the emulator's. 0, -EBADF, -ENOTSOCK (cf. net/socket.c:
 * sockfd_lookup), or -ENOMEM.
 */
int xb_sock_by_fd(struct xb_emu *emu, int fd, struct xb_sock **sock);

/* The world's socket with a cookie, or NULL. */
struct xb_sock *xb_sock_by_cookie(const struct xb_emu *emu, u64 cookie);

/* Frees the sockets that descriptors led to. */
void xb_sock_fds_free(struct xb_emu *emu);

#endif
