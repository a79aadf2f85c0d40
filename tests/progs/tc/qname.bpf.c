/* SPDX-License-Identifier: BSD-2-Clause */
/* qname.bpf.c - the name in DNS questions, fetched at once by bpf_skb_load_bytes, whatever lies
 * where; questions are counted by name and type, blocked names dropped. */
#include "tc.h"

#define NAME_BYTES 64

struct dns {
	__be16 id, flags, questions, answers, authorities, additional;
};

struct question {
	char name[NAME_BYTES]; /* labels as on the wire, in lower case, padded with zeros */
	__u16 bytes;
	__be16 type;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct question);
	__type(value, __u64);
} questions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, char[NAME_BYTES]);
	__type(value, __u32);
} blocked SEC(".maps");

__u64 malformed;

/* Where UDP to port 53 carries its message, or 0. */
static __always_inline __u32
dns_off(struct __sk_buff *skb)
{
	__u32 off = sizeof(struct ethhdr);
	struct udphdr udp;
	__u8 byte;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(skb, off + offset_of(struct iphdr, protocol), &byte, 1) ||
		    byte != IPPROTO_UDP || bpf_skb_load_bytes(skb, off, &byte, 1))
			return 0;
		off += (byte & 15) * 4;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (bpf_skb_load_bytes(skb, off + offset_of(struct ipv6hdr, nexthdr), &byte, 1) ||
		    byte != IPPROTO_UDP)
			return 0;
		off += sizeof(struct ipv6hdr);
	} else {
		return 0;
	}
	if (bpf_skb_load_bytes(skb, off, &udp, sizeof(udp)) || udp.dest != bpf_htons(53))
		return 0;
	return off + sizeof(udp);
}

/* Cleans the name of what follows it. Its length with the root's zero, or 0. */
static __always_inline __u32
clean(struct question *q)
{
	__u32 left = 0, bytes = 0;

	for (__u32 i = 0; i < NAME_BYTES; i++) {
		__u8 c = q->name[i];

		if (bytes) {
			q->name[i] = 0;
		} else if (left) {
			left--;
			if (c >= 'A' && c <= 'Z')
				q->name[i] = c + ('a' - 'A');
		} else if (c > 63) {
			return 0;
		} else if (c) {
			left = c;
		} else {
			bytes = i + 1;
		}
	}
	return bytes;
}

SEC("tc")
int
tc_qname(struct __sk_buff *skb)
{
	__u32 off = dns_off(skb), room;
	struct question q = {};
	__u64 *n, one = 1;
	struct dns dns;

	if (!off)
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, off, &dns, sizeof(dns)) || dns.questions != bpf_htons(1))
		return TC_ACT_SHOT;
	off += sizeof(dns);
	room = skb->len - off;
	if (room > NAME_BYTES)
		room = NAME_BYTES;
	if (!room || bpf_skb_load_bytes(skb, off, q.name, room))
		return TC_ACT_SHOT;
	q.bytes = clean(&q);
	if (!q.bytes || bpf_skb_load_bytes(skb, off + q.bytes, &q.type, sizeof(q.type))) {
		malformed++;
		return TC_ACT_SHOT;
	}
	n = bpf_map_lookup_elem(&questions, &q);
	if (n)
		++*n;
	else
		bpf_map_update_elem(&questions, &q, &one, BPF_NOEXIST);
	return bpf_map_lookup_elem(&blocked, q.name) ? TC_ACT_SHOT : TC_ACT_OK;
}
