/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sock_own.h"

#include "emu/sock_fd.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

static bool
is_on(int fd, int level, int name)
{
	socklen_t bytes = sizeof(int);
	int value = 0;

	return getsockopt(fd, level, name, &value, &bytes) == 0 && value;
}

/* Whether packets may be for it: a socket of TCP or UDP that has a port. */
static bool
is_hashed(const struct bpf_sock *sk)
{
	return (sk->family == AF_INET || sk->family == AF_INET6) &&
	       (sk->protocol == IPPROTO_TCP || sk->protocol == IPPROTO_UDP) && sk->src_port;
}

static void
add(struct xb_emu *emu, int fd)
{
	u32 cnt = emu->own_sock_cnt;
	struct xb_world_sock *all;
	struct xb_sock *sock;

	/* What is of the world already is found there. */
	if (xb_sock_by_fd(emu, fd, &sock) || !sock->of_fd || !is_hashed(&sock->info.uapi))
		return;
	for (u32 i = 0; i < cnt; i++)
		if (emu->own_socks[i].sock == sock)
			return;
	all = realloc(emu->own_socks, (cnt + 1) * sizeof(*all));
	if (!all)
		return;
	emu->own_socks = all;
	all[cnt] = (struct xb_world_sock){
		.sock = sock,
		.info = sock->info,
		.bound_ifindex = sock->info.uapi.bound_dev_if,
		.reuseport = sock->reuseport,
		.v6only = sock->v6only,
		.transparent = is_on(fd, SOL_IP, IP_TRANSPARENT),
	};
	emu->own_sock_cnt++;
}

void
xb_sock_own_find(struct xb_emu *emu)
{
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *entry;
	struct stat st;

	emu->own_sock_cnt = 0;
	while (fds && (entry = readdir(fds))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
			add(emu, fd);
	}
	if (fds)
		closedir(fds);
}

void
xb_sock_own_free(struct xb_emu *emu)
{
	free(emu->own_socks);
	emu->own_socks = NULL;
	emu->own_sock_cnt = 0;
}
