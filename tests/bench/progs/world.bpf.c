/* SPDX-License-Identifier: BSD-2-Clause */
/* world.bpf.c - asks the network around in every way that a redirect can. */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 to, via; /* an interface; a next hop, 0: none */

SEC("tc")
int
tc_redirect(struct __sk_buff *skb)
{
	return bpf_redirect(to, 0);
}

SEC("tc")
int
tc_neigh(struct __sk_buff *skb)
{
	struct bpf_redir_neigh nexthop = { .nh_family = 2, .ipv4_nh = via };

	return via ? bpf_redirect_neigh(to, &nexthop, sizeof(nexthop), 0)
	           : bpf_redirect_neigh(to, 0, 0, 0);
}

SEC("tc")
int
tc_peer(struct __sk_buff *skb)
{
	return bpf_redirect_peer(to, 0);
}

SEC("tc")
int
tc_clone(struct __sk_buff *skb)
{
	long out = bpf_clone_redirect(skb, to, 0), in = bpf_clone_redirect(skb, to, BPF_F_INGRESS);

	bpf_printk("%d %d", out, in);
	return 0;
}

SEC("xdp")
int
xdp_redirect(struct xdp_md *ctx)
{
	return bpf_redirect(to, 0);
}

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

SEC("xdp")
int
xdp_map(struct xdp_md *ctx)
{
	return bpf_redirect_map(&ports, 0, 0);
}

char _license[] SEC("license") = "GPL";
