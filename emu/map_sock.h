/* SPDX-License-Identifier: BSD-2-Clause */
/* map_sock.h - SOCKMAP, SOCKHASH and REUSEPORT_SOCKARRAY, for those who know sockets. */
#ifndef XB_EMU_MAP_SOCK_H
#define XB_EMU_MAP_SOCK_H

#include "emu/map.h"
#include "emu/sock.h"

/* The socket of an entry, or NULL. Any of the three types; `key` as the map has it. */
struct xb_sock *xb_sock_map_get(const struct xb_map *map, const void *key);

/*
 * Puts a socket of the world's, known by its cookie, into an entry: as an update by bpf(2) with its
 * descriptor. -ENOENT where the world has no such socket, -EINVAL where the map is of another type.
 */
int xb_sock_map_set(struct xb_map *map, const void *key, u64 cookie);

/*
 * Puts a TCP socket into an entry of SOCKMAP or SOCKHASH, whatever its state: as
 * bpf_sock_map_update() and bpf_sock_hash_update() do.
 */
int xb_sock_map_put(struct xb_map *map, const void *key, struct xb_sock *sock, u64 flags);

/* Whether anything can be redirected to it (cf. net/core/sock_map.c: sock_map_redirect_allowed). */
bool xb_sock_redirect_allowed(const struct xb_sock *sock);

/*
 * The socket of an entry, where a packet or a message can be redirected to it with these flags;
 * else NULL (cf. net/core/sock_map.c: bpf_sk_redirect_map, bpf_msg_redirect_map).
 */
const struct xb_sock *xb_sock_map_redirect(const struct xb_map *map, const void *key, u64 flags);

bool xb_sock_is_tcp(const struct xb_sock *sock);

/*
 * Whether it waits for packets or connections that others with its address may wait for too (cf.
 * struct sock: sk_reuseport_cb).
 */
bool xb_sock_is_in_reuseport_group(const struct xb_sock *sock);

/*
 * A descriptor given as the value of such a map, 4 or 8 bytes. 0, -EINVAL where the 8 bytes are no
 * descriptor's, or as xb_sock_by_fd().
 */
int xb_sock_map_value(const struct xb_map *map, const void *value, struct xb_sock **sock);

/*
 * What bpf(2) reads: the cookie. -ENOSPC where values have 4 bytes, -ENOENT (cf.
 * sock_map_lookup_sys, bpf_fd_reuseport_array_lookup_elem).
 */
int xb_sock_map_read(struct xb_map *map, const void *key, void *value);

/* REUSEPORT_SOCKARRAY's update, with a socket. */
int xb_reuseport_array_set(struct xb_map *map, const void *key, struct xb_sock *sock, u64 flags);

#endif
