/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native_net.c - the network that programs in the kernel run in: a namespace of this process alone.
 *
 * What programs send off ends there. Interfaces that devmaps name are made, as the kernel takes no
 * others; nothing comes to them, as test runs follow no redirect.
 */
#include "bench/native_priv.h"
#include "bench/say.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

void
native_enter_network(struct xb_native *k)
{
	const struct xb_ctx_fields *ctx = &k->opts.cli->ctx;
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	/* An interface that was named is one of the user's. */
	if (ctx->ingress_ifindex > 1 || ctx->skb.ifindex > 1)
		return;
	if (unshare(CLONE_NEWNET) != 0) {
		if (!k->opts.cli->quiet)
			xb_say("the kernel: no network namespace of its own (%s): what programs "
			       "send off with bpf_clone_redirect leaves this machine",
			       strerror(errno));
		return;
	}
	k->own_net = true;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
}

struct newlink {
	struct nlmsghdr head;
	struct ifinfomsg info;
	struct rtattr linkinfo;
	struct rtattr kind;
	char name[8]; /* "dummy", aligned */
};

/* cf. net/core/rtnetlink.c: rtnl_newlink; whether it worked shows where the map is filled. */
static void
make_interface(u32 ifindex)
{
	struct newlink m = {
		.head = { .nlmsg_len = sizeof(m),
		          .nlmsg_type = RTM_NEWLINK,
		          .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK },
		.info = { .ifi_index = (int)ifindex },
		.linkinfo = { .rta_len = sizeof(m.linkinfo) + sizeof(m.kind) + sizeof(m.name),
		              .rta_type = IFLA_LINKINFO },
		.kind = { .rta_len = sizeof(m.kind) + 5, .rta_type = IFLA_INFO_KIND },
		.name = "dummy",
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char ack[256];

	if (fd < 0)
		return;
	if (send(fd, &m, sizeof(m), 0) == (ssize_t)sizeof(m))
		(void)!recv(fd, ack, sizeof(ack), 0);
	close(fd);
}

void
native_need_interface(const struct xb_native *k, u32 ifindex)
{
	char name[IF_NAMESIZE];

	if (k->own_net && ifindex && !if_indextoname(ifindex, name))
		make_interface(ifindex);
}
