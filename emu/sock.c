/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sock.h"

#include "emu/map_local_storage.h"
#include "emu/vcpu.h"
#include "vm/mem.h"

#include <errno.h>
#include <stdlib.h>

#define BY_COOKIE (1ull << 63) /* of an owner: others are guest addresses, which are below */

static struct xb_lock *
take_lock(struct xb_emu *emu)
{
	struct xb_lock *lock = xb_emu_lock(emu, &emu->socks_lock);

	xb_lock_take(lock);
	return lock;
}

struct xb_sock *
xb_sock_new(struct xb_emu *emu, struct xb_err *err)
{
	const struct xb_region_opts opts = { .name = "bpf_sock",
		                             .bytes = XB_SOCK_FORMS * XB_SOCK_STRIDE,
		                             .opaque = true };
	struct xb_sock *sock = calloc(1, sizeof(*sock));
	struct xb_lock *lock;

	if (!sock) {
		xb_err_errno(err, ENOMEM, "socket");
		return NULL;
	}
	sock->emu = emu;
	xb_sockopt_init(&sock->opts);
	sock->region = xb_mem_map(emu->mem, &opts, err);
	if (!sock->region) {
		free(sock);
		return NULL;
	}
	sock->common = sock->region->gaddr + XB_SOCK_STRIDE / 2;
	sock->full = sock->common + XB_SOCK_STRIDE;
	sock->tcp = sock->full + XB_SOCK_STRIDE;
	sock->btf = sock->tcp + XB_SOCK_STRIDE;
	sock->owner = sock->common;
	lock = take_lock(emu);
	sock->next = emu->socks;
	emu->socks = sock;
	xb_lock_give(lock);
	return sock;
}

void
xb_sock_free(struct xb_sock *sock)
{
	struct xb_sock **at;
	struct xb_lock *lock;

	if (!sock)
		return;
	lock = take_lock(sock->emu);
	for (at = &sock->emu->socks; *at != sock; at = &(*at)->next)
		;
	*at = sock->next;
	xb_lock_give(lock);
	xb_local_storage_destroy(sock->emu, BPF_MAP_TYPE_SK_STORAGE, sock->common);
	xb_mem_unmap(sock->emu->mem, sock->region);
	free(sock);
}

void
xb_sock_set(struct xb_sock *sock, const struct xb_sock_info *info)
{
	sock->info = *info;
	sock->owner = info->cookie ? xb_sock_owner_of_cookie(info->cookie) : sock->common;
}

void
xb_sock_set_fresh(struct xb_sock *sock, const struct xb_sock_info *info)
{
	sock->info = *info;
	xb_sockopt_init(&sock->opts);
	sock->owner = sock->common;
	xb_local_storage_destroy(sock->emu, BPF_MAP_TYPE_SK_STORAGE, sock->owner);
}

u64
xb_sock_owner_of_cookie(u64 cookie)
{
	return cookie | BY_COOKIE;
}

bool
xb_sock_is_full(const struct xb_sock *sock)
{
	return sock->info.uapi.state != BPF_TCP_TIME_WAIT &&
	       sock->info.uapi.state != BPF_TCP_NEW_SYN_RECV;
}

u64
xb_sock_cgroup_at(const struct xb_sock *sock, s32 level)
{
	const struct xb_sock_info *info = &sock->info;

	if (level < 0 || (u32)level > info->cgroup_level)
		return 0;
	if ((u32)level == info->cgroup_level)
		return info->cgroup_id;
	if (level == 0)
		return XB_SOCK_CGROUP_ROOT;
	return level <= XB_SOCK_CGROUPS_ABOVE ? info->cgroup_above[level - 1] : 0;
}

bool
xb_sock_is_under(const struct xb_sock *sock, u64 cgroup_id)
{
	const struct xb_sock_info *info = &sock->info;

	if (cgroup_id == XB_SOCK_CGROUP_ROOT || cgroup_id == info->cgroup_id)
		return true;
	for (u32 i = 0; i < XB_SOCK_CGROUPS_ABOVE && i + 1 < info->cgroup_level; i++)
		if (info->cgroup_above[i] == cgroup_id)
			return true;
	return false;
}

struct xb_sock *
xb_sock_around(struct xb_emu *emu, u64 gaddr)
{
	struct xb_lock *lock = take_lock(emu);
	struct xb_sock *sock = emu->socks;

	while (sock && gaddr - sock->region->gaddr >= sock->region->bytes)
		sock = sock->next;
	xb_lock_give(lock);
	return sock;
}

struct xb_sock *
xb_sock_by_gaddr(struct xb_emu *emu, u64 gaddr)
{
	const u64 middle = XB_SOCK_STRIDE / 2;

	return gaddr % XB_SOCK_STRIDE == middle ? xb_sock_around(emu, gaddr) : NULL;
}
