/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sock_fd.h"

#include "emu/vcpu.h"
#include "emu/world.h"
#include "vm/bytes.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* What IPv6 keeps where IPv4 keeps its address (cf. include/net/ipv6.h), in wire order. */
#define LOOPBACK4_IPV6 __builtin_bswap32(0x7f000006)

/* A number that getsockopt(2) tells, or `other` where it tells none. */
static int
option(int fd, int level, int name, int other)
{
	int value = other;
	socklen_t bytes = sizeof(value);

	return getsockopt(fd, level, name, &value, &bytes) ? other : value;
}

/* One end's address, of which `port` keeps the wire order. */
struct end {
	u32 ip4, ip6[4];
	u16 port;
	bool set; /* there is an address */
};

static void
take_end(const struct sockaddr_storage *from, socklen_t bytes, struct end *end)
{
	const struct sockaddr_in *in = (const void *)from;
	const struct sockaddr_in6 *in6 = (const void *)from;

	*end = (struct end){ .set = true };
	if (from->ss_family == AF_INET && bytes >= sizeof(*in)) {
		end->ip4 = in->sin_addr.s_addr;
		end->port = in->sin_port;
	} else if (from->ss_family == AF_INET6 && bytes >= sizeof(*in6)) {
		memcpy(end->ip6, &in6->sin6_addr, sizeof(end->ip6));
		end->port = in6->sin6_port;
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) /* cf. ip6_datagram_connect */
			end->ip4 = end->ip6[3];
	}
}

static void
map_v4(struct end *end)
{
	end->ip6[2] = __builtin_bswap32(0xffff);
	end->ip6[3] = end->ip4;
}

/* How a connection keeps its addresses in the other family's fields (cf. sk_daddr_set). */
static void
as_tcp(u32 family, struct end *local, struct end *remote)
{
	if (family == AF_INET) {
		map_v4(local);
		map_v4(remote);
	}
}

/* An IPv6 socket's own address, bound or found (cf. net/ipv6/af_inet6.c: __inet6_bind). */
static void
keep_v4(u32 family, struct end *local)
{
	static const u32 any[4] = { 0 };

	if (family == AF_INET6 && !local->ip4 && memcmp(local->ip6, any, sizeof(any)) != 0)
		local->ip4 = LOOPBACK4_IPV6;
}

static void
ends_of(int fd, struct end *local, struct end *remote)
{
	struct sockaddr_storage addr;
	socklen_t bytes = sizeof(addr);

	*local = *remote = (struct end){ 0 };
	if (!getsockname(fd, (struct sockaddr *)&addr, &bytes))
		take_end(&addr, bytes, local);
	bytes = sizeof(addr);
	if (!getpeername(fd, (struct sockaddr *)&addr, &bytes))
		take_end(&addr, bytes, remote);
}

/* cf. include/net/tcp_states.h: all protocols have their states from TCP */
static u32
state_of(int fd, const struct bpf_sock *sk, const struct end *remote)
{
	struct tcp_info tcp = { .tcpi_state = BPF_TCP_CLOSE };
	socklen_t bytes = sizeof(tcp);

	if (sk->protocol == IPPROTO_TCP && !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp, &bytes))
		return tcp.tcpi_state;
	if (option(fd, SOL_SOCKET, SO_ACCEPTCONN, 0))
		return BPF_TCP_LISTEN;
	return remote->set ? BPF_TCP_ESTABLISHED : BPF_TCP_CLOSE;
}

static void
describe(int fd, struct xb_sock_info *info)
{
	struct bpf_sock *sk = &info->uapi;
	struct end local, remote;
	struct stat st;

	ends_of(fd, &local, &remote);
	sk->family = (u32)option(fd, SOL_SOCKET, SO_DOMAIN, AF_UNSPEC);
	sk->type = (u32)option(fd, SOL_SOCKET, SO_TYPE, 0);
	sk->protocol = (u32)option(fd, SOL_SOCKET, SO_PROTOCOL, 0);
	sk->bound_dev_if = (u32)option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, 0);
	sk->mark = (u32)option(fd, SOL_SOCKET, SO_MARK, 0);
	sk->priority = (u32)option(fd, SOL_SOCKET, SO_PRIORITY, 0);
	if (sk->protocol == IPPROTO_TCP && remote.set)
		as_tcp(sk->family, &local, &remote);
	keep_v4(sk->family, &local);
	sk->src_ip4 = local.ip4;
	sk->dst_ip4 = remote.ip4;
	memcpy(sk->src_ip6, local.ip6, sizeof(local.ip6));
	memcpy(sk->dst_ip6, remote.ip6, sizeof(remote.ip6));
	sk->src_port = __builtin_bswap16(local.port);
	sk->dst_port = remote.port;
	sk->state = state_of(fd, sk, &remote);
	sk->rx_queue_mapping = -1;
	info->uid = fstat(fd, &st) ? 0 : st.st_uid;
	info->cgroup_id = XB_SOCK_CGROUP_ROOT;
}

struct xb_sock *
xb_sock_by_cookie(const struct xb_emu *emu, u64 cookie)
{
	const struct xb_world *w = emu->world;

	for (u32 i = 0; i < w->sock_cnt; i++)
		if (w->socks[i].sock && w->socks[i].info.cookie == cookie)
			return w->socks[i].sock;
	return NULL;
}

/* The socks_lock is held. */
static struct xb_sock *
find_own(const struct xb_emu *emu, u64 cookie)
{
	struct xb_sock *sock = emu->socks;

	while (sock && !(sock->of_fd && sock->info.cookie == cookie))
		sock = sock->next;
	return sock;
}

/* What a descriptor tells; programs may be looking at it, if others found the socket before. */
static void
set(struct xb_sock *sock, int fd, struct xb_sock_info *info)
{
	bool reuseport = option(fd, SOL_SOCKET, SO_REUSEPORT, 0) != 0;
	bool v6only = option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) != 0;

	describe(fd, info);
	if (sock->of_fd)
		xb_move(&sock->info, info, sizeof(*info));
	else
		xb_sock_set(sock, info);
	__atomic_store_n(&sock->reuseport, reuseport, __ATOMIC_RELAXED);
	__atomic_store_n(&sock->v6only, v6only, __ATOMIC_RELAXED);
}

/* Lets others find a new socket; or frees it, where another thread was faster. */
static struct xb_sock *
publish(struct xb_emu *emu, struct xb_sock *sock)
{
	struct xb_lock *lock = xb_emu_lock(emu, &emu->socks_lock);
	struct xb_sock *there;

	xb_lock_take(lock);
	there = find_own(emu, sock->info.cookie);
	if (!there)
		sock->of_fd = true;
	xb_lock_give(lock);
	if (!there)
		return sock;
	xb_sock_free(sock);
	return there;
}

int
xb_sock_by_fd(struct xb_emu *emu, int fd, struct xb_sock **found)
{
	struct xb_lock *lock = xb_emu_lock(emu, &emu->socks_lock);
	struct xb_err err = XB_ERR_INIT;
	struct xb_sock_info info = { 0 };
	socklen_t bytes = sizeof(info.cookie);
	struct xb_sock *sock;

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &info.cookie, &bytes))
		return -errno;
	*found = xb_sock_by_cookie(emu, info.cookie);
	if (*found)
		return 0;
	xb_lock_take(lock);
	sock = find_own(emu, info.cookie);
	xb_lock_give(lock);
	if (sock) {
		set(sock, fd, &info);
		*found = sock;
		return 0;
	}
	sock = xb_sock_new(emu, &err);
	if (!sock)
		return -ENOMEM;
	set(sock, fd, &info);
	*found = publish(emu, sock);
	return 0;
}

void
xb_sock_fds_free(struct xb_emu *emu)
{
	struct xb_sock *sock = emu->socks, *next;

	for (; sock; sock = next) {
		next = sock->next;
		if (sock->of_fd)
			xb_sock_free(sock);
	}
}
