/* SPDX-License-Identifier: BSD-2-Clause */
/* dns.bpf.c - reads the name in DNS questions, lower-cased, and counts and blocks by name. */
#include "packet.h"

#define NAME_BYTES 64

struct dns {
	__be16 id, flags, questions, answers, authorities, additional;
};

struct name {
	char text[NAME_BYTES]; /* dotted, padded with zeros */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct name);
	__type(value, __u32);
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct name);
	__type(value, __u8);
} blocked SEC(".maps");

/* Copies the labels; the number of bytes, or -1 where the name does not end in time. */
static __always_inline int
read_name(struct cursor *c, struct name *name)
{
	__u32 left = 0;

	for (int i = 0; i < NAME_BYTES; i++) {
		__u8 *p = c->pos + i, ch;

		if ((void *)(p + 1) > c->end)
			return -1;
		ch = *p;
		if (left == 0) {
			if (ch == 0)
				return i;
			if (ch > 63)
				return -1;
			left = ch;
			name->text[i] = '.';
			continue;
		}
		left--;
		name->text[i] = (char)(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch);
	}
	return -1;
}

SEC("xdp")
int
xdp_dns(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct name name = {};
	struct udphdr *udp;
	struct iphdr *ip;
	struct dns *dns;
	__u32 *n, one = 1;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	udp = take_udp(&c);
	if (!udp || udp->dest != bpf_htons(53))
		return XDP_PASS;
	dns = c.pos;
	if ((void *)(dns + 1) > c.end || !dns->questions)
		return XDP_DROP;
	c.pos = dns + 1;
	if (read_name(&c, &name) < 0)
		return XDP_DROP;
	n = bpf_map_lookup_elem(&names, &name);
	if (n)
		++*n;
	else
		bpf_map_update_elem(&names, &name, &one, BPF_NOEXIST);
	return bpf_map_lookup_elem(&blocked, &name) ? XDP_DROP : XDP_PASS;
}
