/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sock.h"

#include "vm/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FULL_OFF 256u /* of the full form in the region */

#define OFF(field)     offsetof(struct bpf_sock, field)
#define OFF_END(field) (OFF(field) + sizeof(((struct bpf_sock *)0)->field))

_Static_assert(sizeof(struct bpf_sock) == 80, "wire layout");

/*
 * Makes the fields from `from` to before `to` readable; what lies in between in the uapi is not
 * (cf. net/core/filter.c: bpf_sock_is_valid_access, bpf_sock_common_is_valid_access).
 */
static void
allow(struct xb_sock *sock, u64 form, u32 from, u32 to)
{
	xb_mem_allow(sock->emu->mem, form + from, to - from, XB_MEM_READ);
}

static void
allow_fields(struct xb_sock *sock)
{
	/* dst_port is read as 4 bytes too, by old programs: its padding is a part of it. */
	allow(sock, sock->common, 0, OFF_END(family));
	allow(sock, sock->common, OFF(src_ip4), sizeof(struct bpf_sock));
	allow(sock, sock->full, 0, sizeof(struct bpf_sock));
}

struct xb_sock *
xb_sock_new(struct xb_emu *emu, struct xb_err *err)
{
	const struct xb_region_opts opts = { .name = "bpf_sock", .bytes = 2 * FULL_OFF };
	struct xb_sock *sock = calloc(1, sizeof(*sock));

	if (!sock) {
		xb_err_errno(err, ENOMEM, "socket");
		return NULL;
	}
	sock->emu = emu;
	sock->region = xb_mem_map(emu->mem, &opts, err);
	if (!sock->region) {
		free(sock);
		return NULL;
	}
	sock->common = sock->region->gaddr;
	sock->full = sock->region->gaddr + FULL_OFF;
	allow_fields(sock);
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
	xb_mem_unmap(sock->emu->mem, sock->region);
	free(sock);
}

void
xb_sock_set(struct xb_sock *sock, const struct xb_sock_info *info)
{
	sock->info = *info;
	memcpy(xb_mem_host(sock->emu->mem, sock->common), &info->uapi, sizeof(info->uapi));
	memcpy(xb_mem_host(sock->emu->mem, sock->full), &info->uapi, sizeof(info->uapi));
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

	while (sock && sock->common != gaddr && sock->full != gaddr)
		sock = sock->next;
	return sock;
}
