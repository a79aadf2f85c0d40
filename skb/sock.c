/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock.c - the socket of a packet: the one given, or one made up as BPF_PROG_TEST_RUN does (cf.
 * net/bpf/test_run.c: bpf_prog_test_run_skb, sk_alloc and sock_init_data).
 */
#include "skb/skb_priv.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define NO_QUEUE -1

/* Addresses, family: from what is behind the Ethernet header, as it came in. */
static void
take_addresses(const struct xb_skb *s, struct bpf_sock *sk)
{
	const u8 *l3 = s->base + s->loaded_off + ETH_HLEN;
	u32 bytes = s->loaded_bytes < ETH_HLEN ? 0 : s->loaded_bytes - ETH_HLEN;
	u16 type = bytes ? skb_eth_type(s->base + s->loaded_off, s->loaded_bytes) : 0;

	if (type == __builtin_bswap16(ETH_P_IP) && bytes >= 20) {
		sk->family = AF_INET;
		memcpy(&sk->src_ip4, l3 + 12, 4);
		memcpy(&sk->dst_ip4, l3 + 16, 4);
	} else if (type == __builtin_bswap16(ETH_P_IPV6) && bytes >= 40) {
		sk->family = AF_INET6;
		memcpy(sk->src_ip6, l3 + 8, 16);
		memcpy(sk->dst_ip6, l3 + 24, 16);
	}
}

static void
make_up(struct xb_skb *s)
{
	struct xb_sock_info info = {
		.uapi = { .state = BPF_TCP_CLOSE, .rx_queue_mapping = NO_QUEUE },
		.cgroup_id = XB_SOCK_CGROUP_ROOT,
	};

	take_addresses(s, &info.uapi);
	info.cookie = ++s->next_cookie;
	xb_sock_set(s->sock, &info);
}

const struct xb_sock *
skb_sk(struct xb_skb *s)
{
	const struct xb_skb_ctx *ctx = s->in.ctx;

	if (ctx->sock_kind == XB_SKB_SOCK_NONE)
		return NULL;
	if (!s->sock_set) {
		if (ctx->sock_kind == XB_SKB_SOCK_GIVEN)
			xb_sock_set(s->sock, &ctx->sock);
		else
			make_up(s);
		s->sock_set = true;
	}
	return s->sock;
}

const struct xb_sock *
skb_to_full_sk(struct xb_skb *s)
{
	const struct xb_sock *sock = skb_sk(s);

	return sock && sock->info.uapi.state != BPF_TCP_TIME_WAIT ? sock : NULL;
}

u64
skb_sock_gaddr(struct xb_skb *s)
{
	const struct xb_sock *sock = skb_sk(s);

	return sock ? sock->common : 0;
}
