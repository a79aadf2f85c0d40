/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_sock.c - SOCKMAP and SOCKHASH (cf. net/core/sock_map.c).
 *
 * bpf(2) puts descriptors in and reads cookies. Programs put in what they hold as a socket, and get
 * sockets. An entry is the socket itself; SOCKHASH keeps it behind the key, in 8 bytes that no
 * program can address, and has Linux's buckets, so that its keys come in Linux's order.
 */
#include "emu/map_sock.h"

#include "emu/map_htab.h"
#include "emu/sock_fd.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define SOCK_FLAGS          (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)
#define KEY_MOST            512u       /* MAX_BPF_STACK */
#define HASH_MOST           (1u << 27) /* buckets that 32 bits of memory hold */
#define SOCK_VALUE_OK(attr) ((attr)->value_size == 4 || (attr)->value_size == 8)

bool
xb_sock_is_tcp(const struct xb_sock *sock)
{
	const struct bpf_sock *sk = &sock->info.uapi;

	return (sk->family == AF_INET || sk->family == AF_INET6) && sk->type == SOCK_STREAM &&
	       sk->protocol == IPPROTO_TCP;
}

static bool
sk_is_udp(const struct xb_sock *sock)
{
	const struct bpf_sock *sk = &sock->info.uapi;

	return (sk->family == AF_INET || sk->family == AF_INET6) && sk->type == SOCK_DGRAM &&
	       sk->protocol == IPPROTO_UDP;
}

static bool
sk_is_unix(const struct xb_sock *sock, u32 type)
{
	return sock->info.uapi.family == AF_UNIX && sock->info.uapi.type == type;
}

bool
xb_sock_redirect_allowed(const struct xb_sock *sock)
{
	u32 state = sock->info.uapi.state;

	return xb_sock_is_tcp(sock) ? state != BPF_TCP_LISTEN : state == BPF_TCP_ESTABLISHED;
}

/* Protocols that know of these maps, in the states in which they may come (cf.
 * sock_map_sk_is_suitable, sock_map_sk_state_allowed). */
static bool
sock_map_sk_allowed(const struct xb_sock *sock)
{
	const struct bpf_sock *sk = &sock->info.uapi;

	if (xb_sock_is_tcp(sock))
		return sk->state == BPF_TCP_ESTABLISHED || sk->state == BPF_TCP_LISTEN;
	if (sk_is_udp(sock))
		return sk->src_port != 0; /* cf. sk_hashed */
	if (sk_is_unix(sock, SOCK_STREAM))
		return sk->state == BPF_TCP_ESTABLISHED;
	if (sk->family == AF_VSOCK)
		return sk->type != SOCK_DGRAM && sk->state == BPF_TCP_ESTABLISHED;
	return sk->family == AF_UNIX;
}

/* cf. sk_psock_init, and net/unix/unix_bpf.c: unix_dgram_bpf_update_proto */
static int
sock_map_link(const struct xb_sock *sock)
{
	if (sock->in_sockarray)
		return -EBUSY;
	return sk_is_unix(sock, SOCK_SEQPACKET) ? -EOPNOTSUPP : 0;
}

/* What the flags say about an entry that holds a socket, or none. */
static int
check_flags(const struct xb_sock *old, u64 flags)
{
	if (old && flags == BPF_NOEXIST)
		return -EEXIST;
	return !old && flags == BPF_EXIST ? -ENOENT : 0;
}

static struct xb_sock **
slot_of(const struct xb_map *map, const void *key)
{
	struct xb_sock **socks = map->priv;
	u32 idx = xb_ld32(key);

	return idx < map->max_entries ? &socks[idx] : NULL;
}

static u32
hash_of(const struct xb_htab *h, const void *key)
{
	return xb_jhash(key, h->key_size, 0);
}

/* Where the socket of an element of SOCKHASH is kept. */
static struct xb_sock **
elem_sock(const struct xb_htab *h, u32 ref)
{
	return (struct xb_sock **)xb_map_pool_value_host(&h->pool, ref, 0);
}

static struct xb_sock *
sock_hash_lookup_elem(const struct xb_map *map, const void *key)
{
	const struct xb_htab *h = map->priv;
	u32 ref = xb_htab_find(h, key, hash_of(h, key));

	return ref ? *elem_sock(h, ref) : NULL;
}

static struct xb_sock *
sock_at(const struct xb_map *map, const void *key)
{
	struct xb_sock **slot;

	if (map->type == BPF_MAP_TYPE_SOCKHASH)
		return sock_hash_lookup_elem(map, key);
	slot = slot_of(map, key);
	return slot ? *slot : NULL;
}

struct xb_sock *
xb_sock_map_get(const struct xb_map *map, const void *key)
{
	struct xb_sock *sock;

	xb_lock_take(map->lock);
	sock = sock_at(map, key);
	xb_lock_give(map->lock);
	return sock;
}

const struct xb_sock *
xb_sock_map_redirect(const struct xb_map *map, const void *key, u64 flags)
{
	const struct xb_sock *sock;

	if (flags & ~(u64)BPF_F_INGRESS)
		return NULL;
	sock = xb_sock_map_get(map, key);
	return sock && xb_sock_redirect_allowed(sock) ? sock : NULL;
}

int
xb_sock_map_read(struct xb_map *map, const void *key, void *value)
{
	const struct xb_sock *sock;

	if (map->value_size != sizeof(u64))
		return -ENOSPC;
	sock = sock_at(map, key);
	if (!sock)
		return -ENOENT;
	xb_st64(value, sock->info.cookie);
	return 0;
}

static u64
sock_map_lookup(struct xb_map *map, const void *key, u32 cpu)
{
	const struct xb_sock *sock = sock_at(map, key);

	(void)cpu;
	return sock ? sock->full : 0;
}

static int
sock_map_alloc_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || attr->key_size != 4 || !SOCK_VALUE_OK(attr) ||
	    attr->map_flags & ~(u32)SOCK_FLAGS)
		return -EINVAL;
	return 0;
}

static int
sock_map_alloc(struct xb_map *map)
{
	map->priv = xb_map_table_new(map->max_entries, sizeof(struct xb_sock *));
	return map->priv ? 0 : -ENOMEM;
}

static void
sock_map_free(struct xb_map *map)
{
	xb_map_table_free(map->priv, map->max_entries, sizeof(struct xb_sock *));
}

static int
sock_map_update_common(struct xb_map *map, const void *key, struct xb_sock *sock, u64 flags)
{
	struct xb_sock **slot = slot_of(map, key);
	int ret;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (!slot)
		return -E2BIG;
	ret = sock_map_link(sock);
	if (!ret)
		ret = check_flags(*slot, flags);
	if (ret)
		return ret;
	sock->psock_cnt++;
	if (*slot)
		(*slot)->psock_cnt--;
	*slot = sock;
	return 0;
}

static int
sock_map_delete_elem(struct xb_map *map, const void *key)
{
	struct xb_sock **slot = slot_of(map, key);

	if (!slot || !*slot)
		return -EINVAL;
	(*slot)->psock_cnt--;
	*slot = NULL;
	return 0;
}

static int
sock_hash_alloc_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || !attr->key_size || !SOCK_VALUE_OK(attr) ||
	    attr->map_flags & ~(u32)SOCK_FLAGS)
		return -EINVAL;
	if (attr->key_size > KEY_MOST)
		return -E2BIG;
	return attr->max_entries > HASH_MOST ? -EINVAL : 0;
}

static int
sock_hash_alloc(struct xb_map *map)
{
	return xb_htab_map_alloc(
	        map, &(struct xb_map_pool_opts){ .value_bytes = 8, .copies = 1, .opaque = true });
}

static int
sock_hash_update_common(struct xb_map *map, const void *key, struct xb_sock *sock, u64 flags)
{
	struct xb_htab *h = map->priv;
	u32 hash = hash_of(h, key), old = xb_htab_find(h, key, hash), ref;
	int ret;

	if (flags > BPF_EXIST)
		return -EINVAL;
	ret = sock_map_link(sock);
	if (!ret)
		ret = check_flags(old ? *elem_sock(h, old) : NULL, flags);
	if (ret)
		return ret;
	if (!old && h->count >= map->max_entries)
		return -E2BIG;
	ref = xb_htab_new(h, key, hash);
	if (!ref)
		return -ENOMEM;
	*elem_sock(h, ref) = sock;
	xb_htab_insert(h, ref); /* in front of the one that it replaces */
	sock->psock_cnt++;
	if (old) {
		(*elem_sock(h, old))->psock_cnt--;
		xb_htab_remove(h, old);
	}
	return 0;
}

static int
sock_hash_delete_elem(struct xb_map *map, const void *key)
{
	struct xb_htab *h = map->priv;
	u32 ref = xb_htab_find(h, key, hash_of(h, key));

	if (!ref)
		return -ENOENT;
	(*elem_sock(h, ref))->psock_cnt--;
	xb_htab_remove(h, ref);
	return 0;
}

static int
sock_hash_get_next_key(struct xb_map *map, const void *key, void *next)
{
	const struct xb_htab *h = map->priv;

	return xb_htab_next_key(h, key ? xb_htab_find(h, key, hash_of(h, key)) : 0, next);
}

static int
put_sock(struct xb_map *map, const void *key, struct xb_sock *sock, u64 flags)
{
	return map->type == BPF_MAP_TYPE_SOCKMAP ? sock_map_update_common(map, key, sock, flags)
	                                         : sock_hash_update_common(map, key, sock, flags);
}

int
xb_sock_map_put(struct xb_map *map, const void *key, struct xb_sock *sock, u64 flags)
{
	int ret;

	xb_lock_take(map->lock);
	ret = put_sock(map, key, sock, flags);
	xb_lock_give(map->lock);
	return ret;
}

/* A socket that is there, by a program or by bpf(2). */
static int
update_sock(struct xb_map *map, const void *key, struct xb_sock *sock, u64 flags)
{
	if (!sock_map_sk_allowed(sock))
		return -EOPNOTSUPP;
	return put_sock(map, key, sock, flags);
}

/* By a program: the value is the socket. */
static int
sock_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	struct xb_sock *sock = (struct xb_sock *)(uintptr_t)value;

	(void)cpu;
	return xb_sock_is_full(sock) ? update_sock(map, key, sock, flags) : -EINVAL;
}

int
xb_sock_map_value(const struct xb_map *map, const void *value, struct xb_sock **sock)
{
	u64 fd = map->value_size == sizeof(u64) ? xb_ld64(value) : xb_ld32(value);

	/* An array of sockets takes its 4 bytes as they are: -1 is no descriptor's number. */
	if (fd > INT32_MAX &&
	    (map->type != BPF_MAP_TYPE_REUSEPORT_SOCKARRAY || map->value_size == sizeof(u64)))
		return -EINVAL;
	return xb_sock_by_fd(map->emu, (int)(u32)fd, sock);
}

static int
sock_map_update_elem_sys(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	struct xb_sock *sock;
	int ret = xb_sock_map_value(map, value, &sock);

	return ret ? ret : update_sock(map, key, sock, flags);
}

int
xb_sock_map_set(struct xb_map *map, const void *key, u64 cookie)
{
	struct xb_sock *sock = xb_sock_by_cookie(map->emu, cookie);
	int ret = -EINVAL;

	if (!sock)
		return -ENOENT;
	xb_lock_take(map->lock);
	if (map->type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY)
		ret = xb_reuseport_array_set(map, key, sock, BPF_ANY);
	else if (map->type == BPF_MAP_TYPE_SOCKMAP || map->type == BPF_MAP_TYPE_SOCKHASH)
		ret = update_sock(map, key, sock, BPF_ANY);
	xb_lock_give(map->lock);
	return ret;
}

const struct xb_map_ops xb_map_sockmap_ops = {
	.name = "sockmap",
	.source = "net/core/sock_map.c",
	.flags = XB_MAP_OF_SOCKS | XB_MAP_LOCKED,
	.check = sock_map_alloc_check,
	.alloc = sock_map_alloc,
	.free = sock_map_free,
	.lookup = sock_map_lookup,
	.read_sys = xb_sock_map_read,
	.update = sock_map_update_elem,
	.update_sys = sock_map_update_elem_sys,
	.remove = sock_map_delete_elem,
	.next_key = xb_map_array_next_key,
	.check_btf = xb_map_no_btf,
};

const struct xb_map_ops xb_map_sockhash_ops = {
	.name = "sockhash",
	.source = "net/core/sock_map.c",
	.flags = XB_MAP_OF_SOCKS | XB_MAP_LOCKED,
	.check = sock_hash_alloc_check,
	.alloc = sock_hash_alloc,
	.free = xb_htab_map_free,
	.lookup = sock_map_lookup,
	.read_sys = xb_sock_map_read,
	.update = sock_map_update_elem,
	.update_sys = sock_map_update_elem_sys,
	.remove = sock_hash_delete_elem,
	.next_key = sock_hash_get_next_key,
	.check_btf = xb_map_no_btf,
};
