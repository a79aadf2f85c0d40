/* SPDX-License-Identifier: BSD-2-Clause */
/* ways_tc.bpf.c - TC programs that do as `verdict`, `ifindex` and `flags` say, of every kind that
 * there is; and an XDP program in front of them. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 verdict; /* what the programs named *_returns return */
const volatile __u32 ifindex = 7;
const volatile __u64 flags;
const volatile __u32 xdp_verdict = XDP_PASS;

#define RETURNS(section, name)                                                                     \
	SEC(section)                                                                               \
	int name(struct __sk_buff *skb)                                                            \
	{                                                                                          \
		return (int)verdict;                                                               \
	}

RETURNS("tc", tc_returns)
RETURNS("classifier", cls_returns)
RETURNS("action", act_returns)
RETURNS("tcx/ingress", tcx_in_returns)
RETURNS("tcx/egress", tcx_out_returns)
RETURNS("netkit/primary", netkit_returns)
RETURNS("netkit/peer", netkit_peer_returns)
RETURNS("filter_of_mine", any_returns)

SEC("xdp")
int
xdp_returns(struct xdp_md *ctx)
{
	return (int)xdp_verdict;
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

__u64 counted;

static long
count(void)
{
	__u32 key = 0;
	__u64 *n = bpf_map_lookup_elem(&counts, &key);

	if (n)
		++*n;
	return (long)++counted;
}

SEC("xdp")
int
xdp_counts(struct xdp_md *ctx)
{
	return count() ? XDP_PASS : XDP_DROP;
}

SEC("tc")
int
tc_counts(struct __sk_buff *skb)
{
	return count() ? TC_ACT_OK : TC_ACT_SHOT;
}

SEC("tc")
int
tc_redirect(struct __sk_buff *skb)
{
	return (int)bpf_redirect(ifindex, flags);
}

SEC("tc")
int
tc_redirect_peer(struct __sk_buff *skb)
{
	return (int)bpf_redirect_peer(ifindex, 0);
}

SEC("tc")
int
tc_redirect_neigh(struct __sk_buff *skb)
{
	struct bpf_redir_neigh nh = { .nh_family = 2, .ipv4_nh = 0x0100000a };

	return (int)bpf_redirect_neigh(ifindex, flags ? &nh : NULL, flags ? sizeof(nh) : 0, 0);
}

/* Redirects to an interface that it never named. */
SEC("tc")
int
tc_redirect_nowhere(struct __sk_buff *skb)
{
	return TC_ACT_REDIRECT;
}

/* A copy first; then the packet loses its last 4 bytes. */
SEC("tc")
int
tc_clone(struct __sk_buff *skb)
{
	long rc = bpf_clone_redirect(skb, ifindex, flags);

	bpf_skb_change_tail(skb, skb->len - 4, 0);
	return rc ? TC_ACT_SHOT : (int)verdict;
}

/* Says what it finds. */
SEC("tc")
int
tc_shows(struct __sk_buff *skb)
{
	bpf_printk("len %u pkt_type %u mark %u", skb->len, skb->pkt_type, skb->mark);
	bpf_printk("queue %u protocol %x priority %u", skb->queue_mapping, skb->protocol,
	           skb->priority);
	bpf_printk("vlan %u tci %u proto %x", skb->vlan_present, skb->vlan_tci, skb->vlan_proto);
	bpf_printk("ingress_ifindex %u ifindex %u", skb->ingress_ifindex, skb->ifindex);
	bpf_printk("tc_index %u classid %x hash %x", skb->tc_index, skb->tc_classid, skb->hash);
	bpf_printk("cb %u %u %u", skb->cb[0], skb->cb[1], skb->cb[2]);
	bpf_printk("cb %u %u", skb->cb[3], skb->cb[4]);
	bpf_printk("napi_id %u wire_len %u", skb->napi_id, skb->wire_len);
	bpf_printk("gso_segs %u gso_size %u", skb->gso_segs, skb->gso_size);
	bpf_printk("tstamp %llu type %u hwtstamp %llu", skb->tstamp, skb->tstamp_type,
	           skb->hwtstamp);
	bpf_printk("meta %u sk %d", skb->data - skb->data_meta, skb->sk != NULL);
	return TC_ACT_OK;
}

/* The socket behind the packet. */
SEC("tc")
int
tc_shows_sk(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk) {
		bpf_printk("no socket");
		return TC_ACT_OK;
	}
	sk = bpf_sk_fullsock(sk);
	if (!sk) {
		bpf_printk("no full socket");
		return TC_ACT_OK;
	}
	bpf_printk("dev %u family %u type %u", sk->bound_dev_if, sk->family, sk->type);
	bpf_printk("protocol %u mark %u priority %u", sk->protocol, sk->mark, sk->priority);
	bpf_printk("%x:%u %x", sk->src_ip4, sk->src_port, sk->dst_ip4);
	bpf_printk("dst_port %x state %u rxq %d", sk->dst_port, sk->state, sk->rx_queue_mapping);
	bpf_printk("src6 %x dst6 %x", sk->src_ip6[3], sk->dst_ip6[3]);
	bpf_printk("cookie %llu uid %u", bpf_get_socket_cookie(skb), bpf_get_socket_uid(skb));
	return TC_ACT_OK;
}

/* Reads what lies beyond the linear part, if there is something. */
SEC("tc")
int
tc_pulls(struct __sk_buff *skb)
{
	__u32 linear = skb->data_end - skb->data, pulled;

	bpf_skb_pull_data(skb, skb->len);
	pulled = skb->data_end - skb->data;
	bpf_printk("len %u linear %u pulled %u", skb->len, linear, pulled);
	return TC_ACT_OK;
}

SEC("tc")
int
tc_faults(struct __sk_buff *skb)
{
	skb->mark = 1;
	bpf_skb_change_tail(skb, skb->len + 4, 0);
	return ((volatile char *)(long)skb->data)[100000];
}

char _license[] SEC("license") = "GPL";
