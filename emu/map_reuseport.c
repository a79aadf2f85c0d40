/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_reuseport.c - REUSEPORT_SOCKARRAY (cf. kernel/bpf/reuseport_array.c): sockets that listen
 * with SO_REUSEPORT, for bpf_sk_select_reuseport. A socket is in one entry of one such map, and in
 * no SOCKMAP at the same time.
 *
 * Differs: whether a socket had SO_REUSEPORT when it was bound cannot be asked; it is enough that
 * it has it now and, for UDP, is not connected.
 */
#include "emu/map_sock.h"

#include "emu/map_priv.h"
#include "emu/sock_fd.h"

#include <netinet/in.h>
#include <sys/socket.h>

static int
reuseport_array_alloc_check(const union bpf_attr *attr)
{
	if (attr->value_size != sizeof(u32) && attr->value_size != sizeof(u64))
		return -EINVAL;
	return xb_map_array_check(attr);
}

static int
reuseport_array_alloc(struct xb_map *map)
{
	map->priv = xb_map_table_new(map->max_entries, sizeof(struct xb_sock *));
	return map->priv ? 0 : -ENOMEM;
}

static void
reuseport_array_free(struct xb_map *map)
{
	xb_map_table_free(map->priv, map->max_entries, sizeof(struct xb_sock *));
}

bool
xb_sock_is_in_reuseport_group(const struct xb_sock *sock)
{
	const struct bpf_sock *sk = &sock->info.uapi;

	if (!sock->reuseport)
		return false;
	return sk->protocol == IPPROTO_TCP ? sk->state == BPF_TCP_LISTEN
	                                   : sk->src_port && sk->state == BPF_TCP_CLOSE;
}

static int
reuseport_array_update_check(const struct xb_sock *sock, const struct xb_sock *old, u64 flags)
{
	const struct bpf_sock *sk = &sock->info.uapi;

	if (old && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!old && flags == BPF_EXIST)
		return -ENOENT;
	if ((sk->protocol != IPPROTO_UDP && sk->protocol != IPPROTO_TCP) ||
	    (sk->family != AF_INET && sk->family != AF_INET6) ||
	    (sk->type != SOCK_STREAM && sk->type != SOCK_DGRAM))
		return -XB_ENOTSUPP;
	if (!xb_sock_is_in_reuseport_group(sock))
		return -EINVAL;
	return sock->in_sockarray || sock->psock_cnt ? -EBUSY : 0;
}

int
xb_reuseport_array_set(struct xb_map *map, const void *key, struct xb_sock *sock, u64 flags)
{
	struct xb_sock **socks = map->priv;
	u32 idx = xb_ld32(key);
	int ret;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (idx >= map->max_entries)
		return -E2BIG;
	ret = reuseport_array_update_check(sock, socks[idx], flags);
	if (ret)
		return ret;
	if (socks[idx])
		socks[idx]->in_sockarray = false;
	sock->in_sockarray = true;
	socks[idx] = sock;
	return 0;
}

static int
bpf_fd_reuseport_array_update_elem(struct xb_map *map, const void *key, const void *value,
                                   u64 flags)
{
	struct xb_sock *sock;
	int ret;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (xb_ld32(key) >= map->max_entries)
		return -E2BIG;
	ret = xb_sock_map_value(map, value, &sock);
	return ret ? ret : xb_reuseport_array_set(map, key, sock, flags);
}

static int
reuseport_array_delete_elem(struct xb_map *map, const void *key)
{
	struct xb_sock **socks = map->priv;
	u32 idx = xb_ld32(key);

	if (idx >= map->max_entries)
		return -E2BIG;
	if (!socks[idx])
		return -ENOENT;
	socks[idx]->in_sockarray = false;
	socks[idx] = NULL;
	return 0;
}

const struct xb_map_ops xb_map_reuseport_sockarray_ops = {
	.name = "reuseport_sockarray",
	.source = "kernel/bpf/reuseport_array.c",
	.flags = XB_MAP_NO_PROG_LOOKUP | XB_MAP_LOCKED,
	.check = reuseport_array_alloc_check,
	.alloc = reuseport_array_alloc,
	.free = reuseport_array_free,
	.lookup = xb_map_no_lookup,
	.read_sys = xb_sock_map_read,
	.update = xb_map_no_update,
	.update_sys = bpf_fd_reuseport_array_update_elem,
	.remove = reuseport_array_delete_elem,
	.next_key = xb_map_array_next_key,
};
