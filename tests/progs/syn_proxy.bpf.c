/* SPDX-License-Identifier: BSD-2-Clause */
/* syn_proxy.bpf.c - answers SYNs to listeners with SYN cookies, lets in who answers those. The
 * cookies are hidden where COOKIES_SHOWN is false, as no two kernels have the same. */
#include "packet.h"

#define TCP_MOST   60
#define ANSWER_HDR 24 /* a TCP header with a size of segments */
#define EACCES     13
#define AF_INET    2
#define NOBODY     XDP_PASS

const volatile _Bool cookies_shown = 0;

struct counts {
	__u64 answered, let_in, refused, not_ours, odd;
	__u64 sizes[4]; /* of segments, answered: IPv4, IPv6, up to 1300 and above */
};

struct counts counts;

/* A packet of TCP, and where its parts are. */
struct packet {
	struct ethhdr *eth;
	union {
		void *ip;
		struct iphdr *ip4;
		struct ipv6hdr *ip6;
	};
	struct tcphdr *tcp;
	void *end;
};

/* `six` is a constant everywhere: each family has code of its own. */
static __always_inline int
read_packet(struct xdp_md *ctx, struct packet *p, const _Bool six)
{
	struct cursor c = cursor_of(ctx);

	p->eth = c.pos;
	p->ip = p->eth + 1;
	p->tcp = six ? (void *)(p->ip6 + 1) : (void *)(p->ip4 + 1);
	p->end = c.end;
	if ((void *)(p->tcp + 1) > c.end)
		return -1;
	if (six)
		return p->ip6->nexthdr == IPPROTO_TCP ? 0 : -1;
	if (p->ip4->ihl != 5 || p->ip4->protocol != IPPROTO_TCP)
		return -1;
	return p->ip4->frag_off & bpf_htons(IP_FRAGMENT) ? -1 : 0;
}

/* Whether a socket listens where the packet goes to. */
static __always_inline int
is_listened_to(struct xdp_md *ctx, const struct packet *p, const _Bool six)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk;
	int listens;

	if (!six) {
		tuple.ipv4.saddr = p->ip4->saddr;
		tuple.ipv4.daddr = p->ip4->daddr;
		tuple.ipv4.sport = p->tcp->source;
		tuple.ipv4.dport = p->tcp->dest;
		sk = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, &p->ip6->saddr, 16);
		__builtin_memcpy(tuple.ipv6.daddr, &p->ip6->daddr, 16);
		tuple.ipv6.sport = p->tcp->source;
		tuple.ipv6.dport = p->tcp->dest;
		sk = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	}
	if (!sk)
		return 0;
	listens = sk->state == BPF_TCP_LISTEN;
	bpf_sk_release(sk);
	return listens;
}

/* The TCP header with its options lies in `copy`; how many bytes, or 0. */
static __always_inline __u32
copy_tcp(struct xdp_md *ctx, const struct packet *p, void *copy)
{
	__u32 off = (void *)p->tcp - (void *)p->eth, bytes = p->tcp->doff * 4;

	if (bytes < sizeof(struct tcphdr) || bytes > TCP_MOST)
		return 0;
	return bpf_xdp_load_bytes(ctx, off, copy, bytes) ? 0 : bytes;
}

static __always_inline __u64
tcp_sum(const void *tcp)
{
	const __u16 *word = tcp;
	__u64 sum = bpf_htons(IPPROTO_TCP) + bpf_htons(ANSWER_HDR);

#pragma unroll
	for (int i = 0; i < ANSWER_HDR / 2; i++)
		sum += word[i];
	return sum;
}

static __always_inline __u64
addr_sum(const __u16 *words, int cnt)
{
	__u64 sum = 0;

#pragma unroll
	for (int i = 0; i < cnt; i++)
		sum += words[i];
	return sum;
}

static __always_inline void
swap_ends(struct packet *p, const _Bool six)
{
	struct in6_addr addr6;
	__be32 addr4;
	__be16 port = p->tcp->source;

	swap_macs(p->eth);
	p->tcp->source = p->tcp->dest;
	p->tcp->dest = port;
	if (!six) {
		addr4 = p->ip4->saddr;
		p->ip4->saddr = p->ip4->daddr;
		p->ip4->daddr = addr4;
	} else {
		addr6 = p->ip6->saddr;
		p->ip6->saddr = p->ip6->daddr;
		p->ip6->daddr = addr6;
	}
}

/* The packet becomes the SYN, ACK that has the cookie. Its TCP header has the room. */
static __always_inline void
write_answer(struct packet *p, __u32 cookie, __u16 mss, const _Bool six)
{
	__u8 *opt = (void *)(p->tcp + 1);

	swap_ends(p, six);
	p->tcp->ack_seq = bpf_htonl(bpf_ntohl(p->tcp->seq) + 1);
	p->tcp->seq = bpf_htonl(cookie);
	((__u8 *)p->tcp)[12] = ANSWER_HDR / 4 << 4;
	((__u8 *)p->tcp)[13] = 0x12; /* SYN, ACK */
	p->tcp->window = bpf_htons(65535);
	p->tcp->urg_ptr = 0;
	p->tcp->check = 0;
	opt[0] = 2;
	opt[1] = 4;
	opt[2] = mss >> 8;
	opt[3] = mss & 0xff;
	if (!six) {
		p->ip4->tot_len = bpf_htons(sizeof(*p->ip4) + ANSWER_HDR);
		p->ip4->check = 0;
		p->ip4->check = ip4_csum(p->ip4);
		p->tcp->check = csum_fold(tcp_sum(p->tcp) + addr_sum((void *)&p->ip4->saddr, 4));
	} else {
		p->ip6->payload_len = bpf_htons(ANSWER_HDR);
		p->tcp->check = csum_fold(tcp_sum(p->tcp) + addr_sum((void *)&p->ip6->saddr, 16));
	}
}

/* What the cookie's helper gives for this SYN. */
static __always_inline __s64
make_cookie(const struct packet *p, struct tcphdr *copy, __u32 bytes, const _Bool six)
{
	if (!six)
		return bpf_tcp_raw_gen_syncookie_ipv4(p->ip4, copy, bytes);
	return bpf_tcp_raw_gen_syncookie_ipv6(p->ip6, copy, bytes);
}

static __always_inline int
answer(struct xdp_md *ctx, const _Bool six)
{
	union {
		__u8 bytes[TCP_MOST];
		struct tcphdr tcp;
	} copy = {};
	struct packet p;
	__u32 bytes;
	__s64 cookie;
	int grow;

	if (read_packet(ctx, &p, six))
		return NOBODY;
	bytes = copy_tcp(ctx, &p, &copy);
	if (!bytes) {
		counts.odd++;
		return XDP_DROP;
	}
	cookie = make_cookie(&p, &copy.tcp, bytes, six);
	if (cookie < 0)
		return XDP_ABORTED;
	counts.answered++;
	counts.sizes[(six ? 2 : 0) + (cookie >> 32 > 1300)]++;
	grow = (void *)p.tcp + ANSWER_HDR - p.end;
	if (bpf_xdp_adjust_tail(ctx, grow))
		return XDP_DROP;
	if (read_packet(ctx, &p, six) || (void *)p.tcp + ANSWER_HDR > p.end)
		return XDP_DROP;
	write_answer(&p, cookies_shown ? (__u32)cookie : 0, (__u16)(cookie >> 32), six);
	return XDP_TX;
}

/* That the program's own cookie would be taken back, whatever it is. */
static __always_inline int
takes_back(const struct packet *p, const _Bool six)
{
	struct tcphdr syn = *p->tcp, ack = *p->tcp;
	__s64 cookie;

	syn.doff = sizeof(syn) / 4;
	cookie = make_cookie(p, &syn, sizeof(syn), six);
	ack.seq = bpf_htonl(bpf_ntohl(syn.seq) + 1);
	ack.ack_seq = bpf_htonl((__u32)cookie + 1);
	return (six ? bpf_tcp_raw_check_syncookie_ipv6(p->ip6, &ack)
	            : bpf_tcp_raw_check_syncookie_ipv4(p->ip4, &ack)) == 0;
}

static __always_inline int
check(const struct packet *p, const _Bool six)
{
	__s64 err = six ? bpf_tcp_raw_check_syncookie_ipv6(p->ip6, p->tcp)
	                : bpf_tcp_raw_check_syncookie_ipv4(p->ip4, p->tcp);

	if (err == 0)
		counts.let_in++;
	else if (err == -EACCES && takes_back(p, six))
		counts.refused++;
	else
		counts.odd++;
	return err ? XDP_DROP : XDP_PASS;
}

static __always_inline int
serve(struct xdp_md *ctx, const _Bool six)
{
	struct packet p;
	__u8 flags;

	if (read_packet(ctx, &p, six))
		return NOBODY;
	flags = ((__u8 *)p.tcp)[13] & 0x17; /* ACK, RST, SYN, FIN */
	if (!is_listened_to(ctx, &p, six)) {
		counts.not_ours++;
		return NOBODY;
	}
	if (flags == 0x02)
		return answer(ctx, six);
	return flags & 0x10 && !(flags & 0x06) ? check(&p, six) : XDP_DROP;
}

static __noinline int
serve4(struct xdp_md *ctx)
{
	return serve(ctx, 0);
}

static __noinline int
serve6(struct xdp_md *ctx)
{
	return serve(ctx, 1);
}

SEC("xdp")
int
xdp_syn_proxy(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);

	if (!eth)
		return NOBODY;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return serve4(ctx);
	return eth->h_proto == bpf_htons(ETH_P_IPV6) ? serve6(ctx) : NOBODY;
}
