/* SPDX-License-Identifier: BSD-2-Clause */
/* snat4.bpf.c - masquerades IPv4: each flow gets a port of one address, LRU maps remember it in
 * both directions. */
#include "tc.h"

#define FIRST_PORT 20000
#define PORT_MASK  0xfff

const volatile __be32 private_net = bpf_htonl(0x0a000000); /* 10.0.0.0/8 */
const volatile __be32 private_mask = bpf_htonl(0xff000000);
const volatile __be32 public_addr = bpf_htonl(0xc6336414); /* 198.51.100.20 */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct tuple4);
	__type(value, __u16); /* in wire order */
} out_ports SEC(".maps");

struct owner {
	__be32 addr;
	__be16 port;
	__u16 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* port in wire order and protocol */
	__type(value, struct owner);
} owners SEC(".maps");

__u32 next_port;

/* The same packet from or to somebody else. */
static __always_inline int
rewrite(struct __sk_buff *skb, const struct frame4 *f, bool source, __be32 addr, __be16 port)
{
	__u32 addr_off = f->ip_off +
	                 (source ? offset_of(struct iphdr, saddr) : offset_of(struct iphdr, daddr));
	__be32 old_addr = source ? f->tuple.saddr : f->tuple.daddr;
	__be16 old_port = source ? f->tuple.sport : f->tuple.dport;
	__u64 flags = f->tuple.proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;

	bpf_l3_csum_replace(skb, f->ip_off + offset_of(struct iphdr, check), old_addr, addr, 4);
	bpf_l4_csum_replace(skb, f->check_off, old_addr, addr, flags | BPF_F_PSEUDO_HDR | 4);
	bpf_l4_csum_replace(skb, f->check_off, old_port, port, flags | 2);
	if (bpf_skb_store_bytes(skb, addr_off, &addr, 4, BPF_F_INVALIDATE_HASH))
		return TC_ACT_SHOT;
	return bpf_skb_store_bytes(skb, f->l4_off + (source ? 0 : 2), &port, 2, 0) ? TC_ACT_SHOT
	                                                                           : TC_ACT_OK;
}

static __always_inline __u16
port_for(const struct tuple4 *tuple)
{
	struct owner owner = { tuple->saddr, tuple->sport, 0 };
	__u16 *known = bpf_map_lookup_elem(&out_ports, tuple), port;
	__u32 key;

	if (known)
		return *known;
	port = bpf_htons(FIRST_PORT + (next_port++ & PORT_MASK));
	key = (__u32)tuple->proto << 16 | port;
	bpf_map_update_elem(&out_ports, tuple, &port, BPF_ANY);
	bpf_map_update_elem(&owners, &key, &owner, BPF_ANY);
	return port;
}

SEC("tc")
int
tc_snat4(struct __sk_buff *skb)
{
	struct frame4 f;

	if (read_frame4(skb, &f))
		return TC_ACT_OK;
	if ((f.tuple.saddr & private_mask) == private_net)
		return rewrite(skb, &f, true, public_addr, port_for(&f.tuple));
	return TC_ACT_OK;
}

SEC("tc")
int
tc_snat4_back(struct __sk_buff *skb)
{
	struct owner *owner;
	struct frame4 f;
	__u32 key;

	if (read_frame4(skb, &f) || f.tuple.daddr != public_addr)
		return TC_ACT_OK;
	key = (__u32)f.tuple.proto << 16 | f.tuple.dport;
	owner = bpf_map_lookup_elem(&owners, &key);
	if (!owner)
		return TC_ACT_SHOT;
	return rewrite(skb, &f, false, owner->addr, owner->port);
}
