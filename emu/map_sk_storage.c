/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_sk_storage.c - SK_STORAGE: values of sockets (cf. net/core/bpf_sk_storage.c).
 *
 * To bpf(2) a socket is a descriptor. It stands for the emulated socket that has the same cookie.
 */
#include "emu/map_local_storage.h"
#include "emu/sock.h"

#include <sys/socket.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

/* cf. net/socket.c: sockfd_lookup. 0, -EBADF, -ENOTSOCK. */
static int
owner_of_fd(const void *key, u64 *owner)
{
	u64 cookie = 0;
	socklen_t bytes = sizeof(cookie);

	if (getsockopt((int)xb_ld32(key), SOL_SOCKET, SO_COOKIE, &cookie, &bytes))
		return errno == EBADF ? -EBADF : -ENOTSOCK;
	*owner = xb_sock_owner_of_cookie(cookie);
	return 0;
}

static int
sk_storage_read(struct xb_map *map, const void *key, void *value)
{
	u64 owner;
	int ret = owner_of_fd(key, &owner);

	return ret ? ret : xb_local_storage_read(map, owner, value);
}

static int
sk_storage_update(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	u64 owner;
	int ret = owner_of_fd(key, &owner);

	return ret ? ret : xb_local_storage_update(map, owner, value, flags);
}

static int
sk_storage_remove(struct xb_map *map, const void *key)
{
	u64 owner;
	int ret = owner_of_fd(key, &owner);

	return ret ? ret : xb_local_storage_delete(map, owner);
}

const struct xb_map_ops xb_map_sk_storage_ops = {
	.name = "sk_storage",
	.source = "net/core/bpf_sk_storage.c",
	.flags = XB_MAP_NO_PROG_LOOKUP | XB_MAP_LOCKED,
	.check = xb_local_storage_check,
	.alloc = xb_local_storage_alloc,
	.free = xb_local_storage_free,
	.lookup = xb_map_no_lookup,
	.update = xb_map_no_update,
	.update_sys = sk_storage_update,
	.read_sys = sk_storage_read,
	.remove = sk_storage_remove,
	.next_key = xb_local_storage_next_key,
	.check_btf = xb_local_storage_btf,
};
