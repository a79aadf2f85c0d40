/* SPDX-License-Identifier: BSD-2-Clause */
/* tunnel_meta.bpf.c - what a collect-metadata tunnel device is told and tells: key and options set
 * and got back, for IPv4 and IPv6. */
#include "tc.h"

struct geneve_opt {
	__be16 class;
	__u8 type;
	__u8 words; /* in 4 bytes, without the first 4 */
	__be32 data;
};

struct report {
	struct bpf_tunnel_key key;
	struct geneve_opt opt;
	__s32 got_before, set, got, set_opt, got_opt, opt_too_small;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct report);
} reports SEC(".maps");

static __always_inline void
exchange(struct __sk_buff *skb, struct report *r, __u64 set_flags, __u64 get_flags)
{
	struct geneve_opt opt = { bpf_htons(0x102), 0x80, 1, bpf_htonl(0xdeadbeef) };

	r->set = bpf_skb_set_tunnel_key(skb, &r->key, sizeof(r->key), set_flags);
	r->set_opt = bpf_skb_set_tunnel_opt(skb, &opt, sizeof(opt));
	__builtin_memset(&r->key, 0xaa, sizeof(r->key));
	r->got = bpf_skb_get_tunnel_key(skb, &r->key, sizeof(r->key), get_flags);
	r->opt_too_small = bpf_skb_get_tunnel_opt(skb, &r->opt, 4);
	r->got_opt = bpf_skb_get_tunnel_opt(skb, &r->opt, sizeof(r->opt));
}

SEC("tc")
int
tc_tunnel_meta(struct __sk_buff *skb)
{
	struct bpf_tunnel_key none;
	struct report *r;
	__u32 zero = 0;

	r = bpf_map_lookup_elem(&reports, &zero);
	if (!r)
		return TC_ACT_SHOT;
	r->got_before = bpf_skb_get_tunnel_key(skb, &none, sizeof(none), 0);
	r->key = (struct bpf_tunnel_key){
		.tunnel_id = 0x1000 + (skb->mark & 0xfff),
		.remote_ipv4 = 0xac100164, /* in host order */
		.tunnel_tos = 0x10,
		.tunnel_ttl = 33,
	};
	exchange(skb, r, BPF_F_ZERO_CSUM_TX | BPF_F_DONT_FRAGMENT | BPF_F_SEQ_NUMBER, 0);
	skb->cb[0] = r->key.tunnel_id;
	skb->cb[1] = none.tunnel_id;
	return bpf_redirect(skb->ifindex, 0);
}

SEC("tc")
int
tc_tunnel_meta6(struct __sk_buff *skb)
{
	struct bpf_tunnel_key four;
	struct report *r;
	__u32 one = 1;

	r = bpf_map_lookup_elem(&reports, &one);
	if (!r)
		return TC_ACT_SHOT;
	r->key = (struct bpf_tunnel_key){ .tunnel_id = 77,
		                          .tunnel_ttl = 9,
		                          .tunnel_label = 0x12345 };
	r->key.remote_ipv6[0] = bpf_htonl(0xfd000000);
	r->key.remote_ipv6[3] = bpf_htonl(skb->mark);
	exchange(skb, r, BPF_F_TUNINFO_IPV6, BPF_F_TUNINFO_IPV6);
	skb->cb[0] = bpf_skb_get_tunnel_key(skb, &four, sizeof(four), 0); /* IPv4's form of it */
	skb->cb[1] = bpf_skb_set_tunnel_key(skb, &r->key, sizeof(r->key), 1ull << 40);
	skb->cb[2] = bpf_skb_set_tunnel_opt(skb, &r->opt, 6);
	return TC_ACT_OK;
}
