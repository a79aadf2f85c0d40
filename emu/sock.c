/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sock.h"

#include "emu/map_local_storage.h"
#include "vm/mem.h"

#include <errno.h>
#include <stdlib.h>

#define BY_COOKIE (1ull << 63) /* of an owner: others are guest addresses, which are below */

struct xb_sock *
xb_sock_new(struct xb_emu *emu, struct xb_err *err)
{
	const struct xb_region_opts opts = { .name = "bpf_sock",
		                             .bytes = XB_SOCK_FORMS * XB_SOCK_STRIDE,
		                             .opaque = true };
	struct xb_sock *sock = calloc(1, sizeof(*sock));

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
	sock->next = emu->socks;
	emu->socks = sock;
	return sock;
}

void
xb_sock_free(struct xb_sock *sock)
{
	struct xb_sock **at;

	if (!sock)
		return;
	for (at = &sock->emu->socks; *at != sock; at = &(*at)->next)
		;
	*at = sock->next;
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
xb_sock_by_gaddr(const struct xb_emu *emu, u64 gaddr)
{
	struct xb_sock *sock = emu->socks;

	const u64 middle = XB_SOCK_STRIDE / 2;

	if (gaddr % XB_SOCK_STRIDE != middle)
		return NULL;
	while (sock && gaddr - sock->region->gaddr >= sock->region->bytes)
		sock = sock->next;
	return sock;
}
