/* SPDX-License-Identifier: BSD-2-Clause */
/* network_socks.c - the sockets of a network, Linux's and a world's. */
#include "tests/rig/network.h"

#include "tests/rig/network_priv.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool
is_tcp(const struct net_sock *row)
{
	return !strcmp(row->proto, "tcp");
}

static socklen_t
fill(struct sockaddr_storage *to, const struct net_sock *row)
{
	struct xb_world_addr addr = network_addr(row->addr);
	struct sockaddr_in *in = (void *)to;
	struct sockaddr_in6 *in6 = (void *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = addr.family;
	if (addr.family == AF_INET) {
		memcpy(&in->sin_addr, addr.bytes, 4);
		in->sin_port = htons(row->port);
		return sizeof(*in);
	}
	memcpy(&in6->sin6_addr, addr.bytes, 16);
	in6->sin6_port = htons(row->port);
	return sizeof(*in6);
}

static void
set(int fd, int level, int name, int value, const struct net_sock *row)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		network_die("setsockopt", row->addr);
}

static void
open_sock(const struct net_sock *row)
{
	struct sockaddr_storage addr;
	socklen_t bytes = fill(&addr, row);
	int fd = socket(addr.ss_family, is_tcp(row) ? SOCK_STREAM : SOCK_DGRAM, 0);

	if (fd < 0)
		network_die("socket", row->addr);
	set(fd, SOL_IP, IP_FREEBIND, 1, row);
	set(fd, SOL_SOCKET, SO_MARK, (int)row->mark, row);
	if (addr.ss_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, row->v6only, row);
	if (bind(fd, (struct sockaddr *)&addr, bytes) || (is_tcp(row) && listen(fd, 8)))
		network_die("bind", row->addr);
}

void
network_open_socks(const struct network *net)
{
	for (u32 i = 0; i < net->sock_cnt; i++)
		open_sock(&net->socks[i]);
}

static void
add_sock(struct xb_world_sock *s, const struct net_sock *row)
{
	struct xb_world_addr addr = network_addr(row->addr);
	struct bpf_sock *sk = &s->info.uapi;

	memset(s, 0, sizeof(*s));
	sk->family = addr.family;
	sk->type = is_tcp(row) ? SOCK_STREAM : SOCK_DGRAM;
	sk->protocol = is_tcp(row) ? IPPROTO_TCP : IPPROTO_UDP;
	sk->state = is_tcp(row) ? BPF_TCP_LISTEN : BPF_TCP_CLOSE;
	sk->mark = row->mark;
	sk->src_port = row->port;
	sk->rx_queue_mapping = -1;
	memcpy(addr.family == AF_INET ? &sk->src_ip4 : sk->src_ip6, addr.bytes,
	       addr.family == AF_INET ? 4 : 16);
	s->info.cgroup_id = XB_SOCK_CGROUP_ROOT;
	s->v6only = row->v6only;
}

/* The newest is the first. */
void
network_add_socks(struct xb_world *w, const struct network *net)
{
	if (!net->sock_cnt)
		return;
	w->socks = calloc(net->sock_cnt, sizeof(*w->socks));
	if (!w->socks)
		network_die("no memory", "sockets");
	w->sock_cnt = net->sock_cnt;
	for (u32 i = 0; i < net->sock_cnt; i++) {
		add_sock(&w->socks[net->sock_cnt - 1 - i], &net->socks[i]);
		w->socks[net->sock_cnt - 1 - i].info.cookie = 1000 + i;
	}
}
