/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload_net.c - programs that go to the kernel's network by other ways than bpf(2): by netlink,
 * as an option of a socket. The kernel refuses what is no program to it; the report says what it
 * was.
 */
#include "lib/preload_priv.h"

#include "emu/prog.h"
#include "lib/preload_report.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* The attribute of that type among those from `attr` on; NULL: none. Nested ones have a flag. */
static const struct nlattr *
find_attr(const void *attrs, size_t bytes, u16 type)
{
	const char *at = attrs;

	while (bytes >= sizeof(struct nlattr)) {
		struct nlattr a;
		size_t len;

		memcpy(&a, at, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > bytes)
			return NULL;
		if ((a.nla_type & NLA_TYPE_MASK) == type)
			return (const struct nlattr *)(const void *)at;
		len = NLA_ALIGN(a.nla_len);
		at += len;
		bytes -= len < bytes ? len : bytes;
	}
	return NULL;
}

static const void *
inside(const struct nlattr *a, size_t *bytes)
{
	*bytes = a->nla_len - sizeof(*a);
	return a + 1;
}

/* A message's number for a descriptor: an attribute in an attribute, or -1. */
static int
nested_fd(const char *attrs, size_t bytes, u16 outer, u16 inner)
{
	const struct nlattr *a = find_attr(attrs, bytes, outer);
	int fd = -1;

	if (a)
		attrs = inside(a, &bytes);
	a = a ? find_attr(attrs, bytes, inner) : NULL;
	if (a && a->nla_len >= sizeof(*a) + sizeof(fd))
		memcpy(&fd, a + 1, sizeof(fd));
	return fd;
}

static bool
is_prog(int fd)
{
	struct xb_emu *emu = fd >= 0 ? preload_enter() : NULL;
	struct xb_obj *obj;

	if (!emu)
		return false;
	obj = preload_obj(emu, fd);
	preload_leave();
	return obj && obj->kind == XB_OBJ_PROG;
}

/* Messages that may hold a program: what is in front of their attributes, and where it is. */
static const struct {
	u16 type;
	size_t head_bytes;
	u16 outer, inner;
	const char *what;
} messages[] = {
	{ RTM_SETLINK, sizeof(struct ifinfomsg), IFLA_XDP, IFLA_XDP_FD, "XDP program on a device" },
	{ RTM_NEWTFILTER, sizeof(struct tcmsg), TCA_OPTIONS, TCA_BPF_FD, "TC filter" },
};

static void
look_at(const void *data, size_t bytes)
{
	struct nlmsghdr h;

	if (bytes < sizeof(h))
		return;
	memcpy(&h, data, sizeof(h));
	for (size_t i = 0; i < XB_ARRAY_SIZE(messages); i++) {
		size_t skip = NLMSG_ALIGN(sizeof(h)) + NLMSG_ALIGN(messages[i].head_bytes);

		if (h.nlmsg_type != messages[i].type || bytes < skip)
			continue;
		if (is_prog(nested_fd((const char *)data + skip, bytes - skip, messages[i].outer,
		                      messages[i].inner)))
			preload_report(PRELOAD_LACKS_NETLINK, EOPNOTSUPP, "%s", messages[i].what);
	}
}

static bool
is_netlink(int fd)
{
	socklen_t bytes = sizeof(int);
	int before = errno, domain = 0;
	bool is =
	        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) == 0 && domain == AF_NETLINK;

	errno = before;
	return is;
}

/* Whether to look: only where there are programs of the emulator's at all. */
static bool
may_look(int fd)
{
	struct xb_emu *emu = preload_enter();

	if (emu)
		preload_leave();
	return emu && is_netlink(fd);
}

#pragma GCC visibility push(default)

ssize_t
send(int fd, const void *data, size_t bytes, int flags)
{
	if (may_look(fd))
		look_at(data, bytes);
	return PRELOAD_NEXT(send)(fd, data, bytes, flags);
}

ssize_t
sendto(int fd, const void *data, size_t bytes, int flags, __CONST_SOCKADDR_ARG to,
       socklen_t to_bytes)
{
	if (may_look(fd))
		look_at(data, bytes);
	return PRELOAD_NEXT(sendto)(fd, data, bytes, flags, to, to_bytes);
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (msg && msg->msg_iovlen && may_look(fd))
		look_at(msg->msg_iov[0].iov_base, msg->msg_iov[0].iov_len);
	return PRELOAD_NEXT(sendmsg)(fd, msg, flags);
}

int
setsockopt(int fd, int level, int name, const void *value, socklen_t bytes)
{
	bool attaches =
	        level == SOL_SOCKET && (name == SO_ATTACH_BPF || name == SO_ATTACH_REUSEPORT_EBPF);
	int prog;

	if (attaches && value && bytes == sizeof(prog)) {
		memcpy(&prog, value, sizeof(prog));
		if (is_prog(prog))
			preload_report(PRELOAD_LACKS_ATTACH, EINVAL, "socket (%s)",
			               name == SO_ATTACH_BPF ? "SO_ATTACH_BPF"
			                                     : "SO_ATTACH_REUSEPORT_EBPF");
	}
	return PRELOAD_NEXT(setsockopt)(fd, level, name, value, bytes);
}

#pragma GCC visibility pop
