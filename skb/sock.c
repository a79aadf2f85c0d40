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

#define IP4_BYTES 20u
#define IP6_BYTES 40u
#define NO_QUEUE  -1

/* Addresses, family: from what is behind the Ethernet header. */
static void
take_addresses(const struct xb_skb *s, struct bpf_sock *sk)
{
	u8 headers[ETH_HLEN + IP6_BYTES] = { 0 };
	const u8 *l3 = headers + ETH_HLEN;
	u32 bytes = skb_copy_in(&s->in, headers, sizeof(headers));
	u16 type = skb_eth_type(headers, bytes);

	if (type == __builtin_bswap16(ETH_P_IP) && bytes >= ETH_HLEN + IP4_BYTES) {
		sk->family = AF_INET;
		memcpy(&sk->src_ip4, l3 + 12, 4);
		memcpy(&sk->dst_ip4, l3 + 16, 4);
	} else if (type == __builtin_bswap16(ETH_P_IPV6) && bytes >= ETH_HLEN + IP6_BYTES) {
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
	xb_sock_set_fresh(s->sock, &info);
}

const struct xb_sock *
skb_sk(struct xb_skb *s)
{
	const struct xb_skb_ctx *ctx = s->in.ctx;

	if (s->assigned)
		return s->assigned;
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
