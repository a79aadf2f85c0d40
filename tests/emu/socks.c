/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/socks.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

const struct sock_kind sock_kinds[] = {
	{ "TCP, new", AF_INET, SOCK_STREAM, 0, SOCK_NEW, false },
	{ "TCP, bound", AF_INET, SOCK_STREAM, 0, SOCK_BOUND, false },
	{ "TCP, listens", AF_INET, SOCK_STREAM, 0, SOCK_LISTENS, false },
	{ "TCP, connected", AF_INET, SOCK_STREAM, 0, SOCK_CONNECTED, false },
	{ "TCP, accepted", AF_INET, SOCK_STREAM, 0, SOCK_ACCEPTED, false },
	{ "TCP of IPv6, listens", AF_INET6, SOCK_STREAM, 0, SOCK_LISTENS, false },
	{ "TCP of IPv6, connected", AF_INET6, SOCK_STREAM, 0, SOCK_CONNECTED, false },
	{ "TCP, reuseport, bound", AF_INET, SOCK_STREAM, 0, SOCK_BOUND, true },
	{ "TCP, reuseport, listens", AF_INET, SOCK_STREAM, 0, SOCK_LISTENS, true },
	{ "UDP, new", AF_INET, SOCK_DGRAM, 0, SOCK_NEW, false },
	{ "UDP, bound", AF_INET, SOCK_DGRAM, 0, SOCK_BOUND, false },
	{ "UDP, connected", AF_INET, SOCK_DGRAM, 0, SOCK_CONNECTED, false },
	{ "UDP, reuseport, new", AF_INET, SOCK_DGRAM, 0, SOCK_NEW, true },
	{ "UDP, reuseport, bound", AF_INET, SOCK_DGRAM, 0, SOCK_BOUND, true },
	{ "UDP, reuseport, connected", AF_INET, SOCK_DGRAM, 0, SOCK_CONNECTED, true },
	{ "UDP of IPv6, new", AF_INET6, SOCK_DGRAM, 0, SOCK_NEW, false },
	{ "UDP of IPv6, reuseport, bound", AF_INET6, SOCK_DGRAM, 0, SOCK_BOUND, true },
	{ "Unix stream", AF_UNIX, SOCK_STREAM, 0, SOCK_PAIR, false },
	{ "Unix stream, new", AF_UNIX, SOCK_STREAM, 0, SOCK_NEW, false },
	{ "Unix datagram", AF_UNIX, SOCK_DGRAM, 0, SOCK_PAIR, false },
	{ "Unix datagram, new", AF_UNIX, SOCK_DGRAM, 0, SOCK_NEW, false },
	{ "Unix sequence", AF_UNIX, SOCK_SEQPACKET, 0, SOCK_PAIR, false },
	{ "raw", AF_INET, SOCK_RAW, IPPROTO_TCP, SOCK_NEW, false },
	{ "packet", AF_PACKET, SOCK_RAW, 0, SOCK_NEW, false },
	{ "netlink", AF_NETLINK, SOCK_RAW, 0, SOCK_NEW, false },
	{ "UDP-Lite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, SOCK_NEW, false },
};

const u32 sock_kind_cnt = XB_ARRAY_SIZE(sock_kinds);

static void
loopback(int domain, struct sockaddr_storage *addr, socklen_t *bytes)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	in.sin_addr.s_addr = __builtin_bswap32(INADDR_LOOPBACK);
	in6.sin6_addr = in6addr_loopback;
	*bytes = domain == AF_INET ? sizeof(in) : sizeof(in6);
	memcpy(addr, domain == AF_INET ? (const void *)&in : (const void *)&in6, *bytes);
}

static int
bound(const struct sock_kind *k, int fd)
{
	struct sockaddr_storage addr;
	socklen_t bytes;

	loopback(k->domain, &addr, &bytes);
	return bind(fd, (struct sockaddr *)&addr, bytes);
}

static int
new_socket(const struct sock_kind *k)
{
	const int one = 1;
	int fd = socket(k->domain, k->type | SOCK_CLOEXEC, k->protocol);

	if (fd >= 0 && k->reuse)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	return fd;
}

/* Connects fd to `to`, which listens. */
static int
connected(int fd, int to)
{
	struct sockaddr_storage addr;
	socklen_t bytes = sizeof(addr);

	if (getsockname(to, (struct sockaddr *)&addr, &bytes))
		return -1;
	return connect(fd, (struct sockaddr *)&addr, bytes);
}

/* A socket with a peer that listens on the loopback. */
static bool
open_connected(const struct sock_kind *k, struct sock_pair *p)
{
	struct sock_kind plain = *k;
	int listener, client;

	plain.reuse = false;
	listener = new_socket(&plain);
	client = new_socket(k);
	if (bound(k, listener) || (k->type == SOCK_STREAM && listen(listener, 4)) ||
	    connected(client, listener))
		return false;
	if (k->what == SOCK_CONNECTED) {
		p->fd = client;
		p->other = listener;
		return true;
	}
	p->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	p->other = client;
	close(listener);
	return p->fd >= 0;
}

bool
sock_open(const struct sock_kind *k, struct sock_pair *p)
{
	int fds[2];

	*p = (struct sock_pair){ -1, -1, k->name };
	switch (k->what) {
	case SOCK_PAIR:
		if (socketpair(k->domain, k->type | SOCK_CLOEXEC, 0, fds))
			return false;
		p->fd = fds[0];
		p->other = fds[1];
		return true;
	case SOCK_CONNECTED:
	case SOCK_ACCEPTED:
		return open_connected(k, p);
	case SOCK_NEW:
	case SOCK_BOUND:
	case SOCK_LISTENS:
		break;
	}
	p->fd = new_socket(k);
	if (p->fd < 0 || (k->what != SOCK_NEW && bound(k, p->fd)))
		return false;
	return k->what != SOCK_LISTENS || listen(p->fd, 4) == 0;
}

void
sock_close(const struct sock_pair *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->other >= 0)
		close(p->other);
}

u64
sock_cookie(int fd)
{
	u64 cookie = 0;
	socklen_t bytes = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &bytes);
	return cookie;
}
