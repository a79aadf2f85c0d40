/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/reuseport_rig.h"

#include "vm/bytes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SYN_BYTES 40u /* as Linux sends it on the loopback: with 20 bytes of options */

enum where { LOOPBACK, NO_ADDRESS, LOOPBACK_2 };

/* A socket to be bound. */
struct want {
	int domain, type;
	bool reuse;
	enum where where;
	u16 port; /* wire order; 0: any */
};

static socklen_t
fill_addr(struct sockaddr_storage *addr, int domain, enum where where, u16 port)
{
	static const u32 ip4[] = { INADDR_LOOPBACK, INADDR_ANY, INADDR_LOOPBACK + 1 };
	struct sockaddr_in *in = (void *)addr;
	struct sockaddr_in6 *in6 = (void *)addr;

	memset(addr, 0, sizeof(*addr));
	addr->ss_family = (sa_family_t)domain;
	if (domain == AF_INET) {
		in->sin_port = port;
		in->sin_addr.s_addr = htonl(ip4[where]);
		return sizeof(*in);
	}
	in6->sin6_port = port;
	in6->sin6_addr = where == NO_ADDRESS ? in6addr_any : in6addr_loopback;
	return sizeof(*in6);
}

static u16
port_of(int fd)
{
	struct sockaddr_storage addr;
	socklen_t bytes = sizeof(addr);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &bytes), 0);
	return addr.ss_family == AF_INET ? ((struct sockaddr_in *)&addr)->sin_port
	                                 : ((struct sockaddr_in6 *)&addr)->sin6_port;
}

static int
open_bound(const struct want *w)
{
	const int one = 1;
	struct sockaddr_storage addr;
	socklen_t bytes = fill_addr(&addr, w->domain, w->where, w->port);
	int fd = socket(w->domain, w->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	if (w->domain == AF_INET6)
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), 0);
	if (w->reuse)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, bytes), 0);
	if (w->type == SOCK_STREAM)
		assert_int_equal(listen(fd, 4), 0);
	return fd;
}

/* Connects a new socket to one of the loopback. */
static int
open_client(int domain, int type, u16 port)
{
	struct sockaddr_storage addr;
	socklen_t bytes = fill_addr(&addr, domain, LOOPBACK, port);
	int fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&addr, bytes))
		assert_true(errno == EINPROGRESS || errno == ECONNREFUSED);
	return fd;
}

static void
open_connection(struct group *g)
{
	const struct want w = { AF_INET, SOCK_STREAM, false, LOOPBACK, 0 };
	struct pollfd p = { .fd = open_bound(&w), .events = POLLIN };

	g->peer = open_client(AF_INET, SOCK_STREAM, port_of(p.fd));
	assert_int_equal(poll(&p, 1, 2000), 1);
	g->fds[CONNECTION] = accept4(p.fd, NULL, NULL, SOCK_CLOEXEC);
	assert_true(g->fds[CONNECTION] >= 0);
	close(p.fd);
}

void
group_open(struct group *g, const struct group_kind *k)
{
	const enum where where = k->any ? NO_ADDRESS : LOOPBACK;
	struct want w = { k->domain, k->type, true, where, 0 };

	*g = (struct group){ .kind = k, .client = -1 };
	g->fds[EMPTY] = -1;
	for (u32 i = 0; i < GROUP; i++) {
		g->fds[i] = open_bound(&w);
		w.port = g->port = port_of(g->fds[i]);
	}
	w.where = k->any ? LOOPBACK_2 : NO_ADDRESS;
	if (k->any && k->domain == AF_INET6) /* which has one address; it would get the packet */
		w.port = 0;
	g->fds[OTHER_ADDR] = open_bound(&w);
	w.where = where;
	w.port = 0;
	g->fds[OTHER_PORT] = open_bound(&w);
	w.domain = k->domain == AF_INET ? AF_INET6 : AF_INET;
	g->fds[OTHER_FAMILY] = open_bound(&w);
	w.domain = k->domain;
	w.type = k->type == SOCK_DGRAM ? SOCK_STREAM : SOCK_DGRAM;
	g->fds[OTHER_PROTOCOL] = open_bound(&w);
	w.type = k->type;
	w.reuse = false;
	g->fds[ALONE] = open_bound(&w);
	open_connection(g);
}

void
group_close(struct group *g)
{
	for (u32 i = 0; i < PLACE_CNT; i++)
		if (g->fds[i] >= 0)
			close(g->fds[i]);
	if (g->client >= 0)
		close(g->client);
	close(g->peer);
}

static bool
got_something(const struct group *g, int fd)
{
	u8 data[PAYLOAD_BYTES];
	int connection;

	if (g->kind->type == SOCK_DGRAM)
		return recv(fd, data, sizeof(data), MSG_DONTWAIT) == PAYLOAD_BYTES;
	connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (connection >= 0)
		close(connection);
	return connection >= 0;
}

/* The loopback delivers while it sends; the client's socket is not connected when it is UDP's. */
u32
group_send(struct group *g)
{
	struct sockaddr_storage addr;
	socklen_t bytes = fill_addr(&addr, g->kind->domain, LOOPBACK, g->port);
	u8 data[PAYLOAD_BYTES];

	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)(0x40 + i);
	if (g->kind->type == SOCK_STREAM) {
		g->client = open_client(g->kind->domain, SOCK_STREAM, g->port);
	} else {
		const struct want w = { g->kind->domain, SOCK_DGRAM, false, LOOPBACK, 0 };

		g->client = open_bound(&w);
		assert_int_equal(
		        sendto(g->client, data, sizeof(data), 0, (struct sockaddr *)&addr, bytes),
		        sizeof(data));
	}
	for (u32 i = 0; i <= OTHER_ADDR; i++)
		if (got_something(g, g->fds[i]))
			return i;
	return PLACE_CNT;
}

static u32
sum(const u8 *data, u32 bytes, u32 from)
{
	for (u32 i = 0; i < bytes; i += 2)
		from += (u32)data[i] << 8 | data[i + 1];
	return from;
}

static u16
fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((u16)(sum + (sum >> 16)));
}

/* The checksum is left for a device to make: it is the pseudo header's. */
static void
fill_udp(const struct group *g, const u8 *addrs, u32 addr_bytes, u8 *udp)
{
	const u32 len = 8 + PAYLOAD_BYTES;

	xb_st16(udp, g->client < 0 ? 0 : port_of(g->client));
	xb_st16(udp + 2, g->port);
	xb_st16(udp + 4, htons((u16)len));
	xb_st16(udp + 6, fold(sum(addrs, addr_bytes, len + IPPROTO_UDP)));
	for (u32 i = 0; i < PAYLOAD_BYTES; i++)
		udp[8 + i] = (u8)(0x40 + i);
}

/* Linux makes the identification up, and the checksum with it. */
static void
fill_ip4(u8 *ip, u32 bytes, u8 protocol)
{
	const u8 head[] = { 0x45, 0, 0,   (u8)bytes, 0, 0, 0x40, 0, 64, protocol,
		            0,    0, 127, 0,         0, 1, 127,  0, 0,  1 };

	memcpy(ip, head, sizeof(head));
}

static void
fill_ip6(u8 *ip, u32 payload, u8 protocol)
{
	memset(ip, 0, 40);
	ip[0] = 0x60;
	ip[5] = (u8)payload;
	ip[6] = protocol;
	ip[7] = 64;
	ip[23] = ip[39] = 1;
}

u32
group_packet(const struct group *g, u8 *data, struct xb_sk_reuseport_in *in)
{
	bool v4 = g->kind->domain == AF_INET, udp = g->kind->type == SOCK_DGRAM;
	u32 net = ETH_HLEN, transport = net + (v4 ? 20 : 40);
	u32 bytes = transport + (udp ? 8 + PAYLOAD_BYTES : SYN_BYTES);
	u8 *ip = data + net, protocol = udp ? IPPROTO_UDP : IPPROTO_TCP;

	memset(data, 0, PACKET_MOST);
	xb_st16(data + 12, htons(v4 ? ETHERTYPE_IP : ETHERTYPE_IPV6));
	if (v4)
		fill_ip4(ip, bytes - net, protocol);
	else
		fill_ip6(ip, bytes - transport, protocol);
	if (udp)
		fill_udp(g, ip + (v4 ? 12 : 8), v4 ? 8 : 32, data + transport);
	in->packet = data;
	in->bytes = bytes;
	in->net_off = net;
	in->transport_off = transport;
	in->eth_protocol = htons(v4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	return bytes;
}
