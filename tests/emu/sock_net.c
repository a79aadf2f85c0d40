/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/sock_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#define PRIORITY 3

static void
loopback_up(void)
{
	struct ifreq req = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &req), 0);
	req.ifr_flags |= IFF_UP;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &req), 0);
	close(fd);
}

bool
sock_net_open(struct sock_net *net)
{
	memset(net, 0, sizeof(*net));
	if (syscall(SYS_unshare, CLONE_NEWNET)) {
		print_message("skipped: a network namespace of its own is not permitted\n");
		return false;
	}
	loopback_up();
	net->has_v0 = !system("ip link add v0 type veth peer name v1 2>/dev/null");
	if (!net->has_v0)
		print_message("skipped: sockets of another device (ip link add v0 type veth)\n");
	return true;
}

void
sock_net_close(struct sock_net *net)
{
	while (net->fd_cnt)
		close(net->fds[--net->fd_cnt]);
}

int
sock_net_addr(const char *text, u8 addr[16])
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	memset(addr, 0, 16);
	assert_int_equal(inet_pton(family, text, addr), 1);
	return family;
}

static socklen_t
fill(struct sockaddr_storage *to, const char *text, u16 port)
{
	struct sockaddr_in *in = (void *)to;
	struct sockaddr_in6 *in6 = (void *)to;
	u8 addr[16];

	memset(to, 0, sizeof(*to));
	to->ss_family = (sa_family_t)sock_net_addr(text, addr);
	if (to->ss_family == AF_INET) {
		memcpy(&in->sin_addr, addr, 4);
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	memcpy(&in6->sin6_addr, addr, 16);
	in6->sin6_port = htons(port);
	return sizeof(*in6);
}

static void
set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		fail_msg("setsockopt %d: %s", name, strerror(errno));
}

static int
get(int fd, int level, int name)
{
	int value = 0;
	socklen_t bytes = sizeof(value);

	if (getsockopt(fd, level, name, &value, &bytes))
		fail_msg("getsockopt %d: %s", name, strerror(errno));
	return value;
}

static void
take_end(const struct sockaddr_storage *from, u32 *ip4, u32 *ip6, u16 *port)
{
	const struct sockaddr_in *in = (const void *)from;
	const struct sockaddr_in6 *in6 = (const void *)from;

	if (from->ss_family == AF_INET) {
		memcpy(ip4, &in->sin_addr, 4);
		*port = in->sin_port;
	} else {
		memcpy(ip6, &in6->sin6_addr, 16);
		*port = in6->sin6_port;
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
			*ip4 = ip6[3];
	}
}

static void
describe(struct bpf_sock *sk, int fd)
{
	struct sockaddr_storage addr;
	socklen_t bytes = sizeof(addr);
	u32 ip4 = 0, ip6[4] = { 0 };
	u16 port = 0;

	sk->family = (u32)get(fd, SOL_SOCKET, SO_DOMAIN);
	sk->type = (u32)get(fd, SOL_SOCKET, SO_TYPE);
	sk->protocol = (u32)get(fd, SOL_SOCKET, SO_PROTOCOL);
	sk->mark = (u32)get(fd, SOL_SOCKET, SO_MARK);
	sk->priority = (u32)get(fd, SOL_SOCKET, SO_PRIORITY);
	sk->rx_queue_mapping = -1;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &bytes), 0);
	take_end(&addr, &ip4, ip6, &port);
	sk->src_ip4 = ip4;
	memcpy(sk->src_ip6, ip6, sizeof(ip6));
	sk->src_port = ntohs(port);
	bytes = sizeof(addr);
	if (getpeername(fd, (struct sockaddr *)&addr, &bytes))
		return;
	take_end(&addr, &ip4, ip6, &port);
	sk->dst_ip4 = ip4;
	memcpy(sk->dst_ip6, ip6, sizeof(ip6));
	sk->dst_port = port;
}

/* An entry, the first of the list. */
static struct xb_world_sock *
add_entry(struct sock_net *net)
{
	assert_true(net->sock_cnt < SOCK_NET_MOST);
	memmove(&net->socks[1], &net->socks[0], net->sock_cnt++ * sizeof(net->socks[0]));
	net->socks[0] = (struct xb_world_sock){ .info = { .cookie = net->sock_cnt } };
	return &net->socks[0];
}

static void
keep(struct sock_net *net, int fd)
{
	assert_true(net->fd_cnt < SOCK_NET_MOST);
	net->fds[net->fd_cnt++] = fd;
}

static void
add_fd(struct sock_net *net, int fd, u32 state)
{
	struct xb_world_sock *s = add_entry(net);
	socklen_t bytes = sizeof(s->info.cookie);

	set(fd, SOL_SOCKET, SO_MARK, (int)net->sock_cnt);
	describe(&s->info.uapi, fd);
	s->info.uapi.state = state;
	s->bound_ifindex = (u32)get(fd, SOL_SOCKET, SO_BINDTOIFINDEX);
	s->reuseport = get(fd, SOL_SOCKET, SO_REUSEPORT) != 0;
	if (s->info.uapi.family == AF_INET6)
		s->v6only = get(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 0;
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &s->info.cookie, &bytes), 0);
	keep(net, fd);
}

static int
open_bound(const struct sock_spec *spec)
{
	struct sockaddr_storage addr;
	socklen_t bytes = fill(&addr, spec->local, spec->port);
	int fd = socket(addr.ss_family, spec->type, 0);

	assert_true(fd >= 0);
	set(fd, SOL_SOCKET, SO_REUSEADDR, spec->reuseaddr || spec->type == SOCK_STREAM);
	set(fd, SOL_SOCKET, SO_REUSEPORT, spec->reuseport);
	set(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY);
	if (addr.ss_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, spec->v6only);
	if (spec->device)
		set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)if_nametoindex(spec->device));
	if (bind(fd, (struct sockaddr *)&addr, bytes))
		fail_msg("%s: bind: %s", spec->name, strerror(errno));
	return fd;
}

static void
connect_to(int fd, const struct sock_spec *spec)
{
	struct sockaddr_storage addr;
	socklen_t bytes = fill(&addr, spec->remote, spec->remote_port);

	if (connect(fd, (struct sockaddr *)&addr, bytes))
		fail_msg("%s: connect: %s", spec->name, strerror(errno));
}

int
sock_net_add(struct sock_net *net, const struct sock_spec *spec)
{
	u32 state = BPF_TCP_CLOSE;
	int fd;

	if (spec->device && !strcmp(spec->device, "v0") && !net->has_v0)
		return -1;
	fd = open_bound(spec);
	if (spec->type == SOCK_STREAM) {
		if (spec->defer)
			set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 60);
		assert_int_equal(listen(fd, 8), 0);
		state = BPF_TCP_LISTEN;
	} else if (spec->remote) {
		connect_to(fd, spec);
		state = BPF_TCP_ESTABLISHED;
	}
	add_fd(net, fd, state);
	return fd;
}

/* The server's end, as the client's seen from there. */
static void
add_other_end(struct sock_net *net, const struct bpf_sock *client, int listener, u32 state)
{
	struct xb_world_sock *s;
	struct bpf_sock copy = *client, *sk;

	s = add_entry(net);
	sk = &s->info.uapi;
	*sk = copy;
	sk->family = (u32)get(listener, SOL_SOCKET, SO_DOMAIN);
	sk->state = state;
	sk->src_ip4 = copy.dst_ip4;
	sk->dst_ip4 = copy.src_ip4;
	memcpy(sk->src_ip6, copy.dst_ip6, sizeof(copy.dst_ip6));
	memcpy(sk->dst_ip6, copy.src_ip6, sizeof(copy.src_ip6));
	sk->src_port = ntohs(copy.dst_port);
	sk->dst_port = htons((u16)copy.src_port);
}

void
sock_net_connect(struct sock_net *net, int listener, const struct sock_spec *ends,
                 enum sock_conn conn)
{
	int client = open_bound(ends), server;
	struct bpf_sock sk;

	connect_to(client, ends);
	add_fd(net, client, BPF_TCP_ESTABLISHED);
	if (conn == CONN_REQUEST) {
		sk = net->socks[0].info.uapi;
		add_other_end(net, &sk, listener, BPF_TCP_NEW_SYN_RECV);
		return;
	}
	server = accept(listener, NULL, NULL);
	assert_true(server >= 0);
	if (conn == CONN_ESTABLISHED) {
		add_fd(net, server, BPF_TCP_ESTABLISHED);
		return;
	}
	sk = net->socks[0].info.uapi;
	memmove(&net->socks[0], &net->socks[1], --net->sock_cnt * sizeof(net->socks[0]));
	add_other_end(net, &sk, listener, BPF_TCP_TIME_WAIT);
	close(server);
	close(client);
	net->fd_cnt--;
}

struct xb_world *
sock_net_world(const struct sock_net *net)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_world *w = xb_world_new(&err);

	assert_non_null(w);
	w->socks = malloc(sizeof(net->socks));
	assert_non_null(w->socks);
	memcpy(w->socks, net->socks, sizeof(net->socks));
	w->sock_cnt = net->sock_cnt;
	return w;
}
