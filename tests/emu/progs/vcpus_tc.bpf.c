/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What several vCPUs do at the same time with packets of TC, sockets, storage of owners, and maps
 * that vcpus.bpf.c has not.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#define SOCKS 4
#define BYTES 64

/* Whoever writes it writes all of it: sum is that of the others. */
struct pair {
	__u64 cpu, chance, sum;
};

#define MAP(kind, name, entries, k, v)                                                             \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##kind);                                                 \
		__uint(max_entries, entries);                                                      \
		__type(key, k);                                                                    \
		__type(value, v);                                                                  \
	} name SEC(".maps")

#define STORAGE(kind, name)                                                                        \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##kind);                                                 \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__type(key, int);                                                                  \
		__type(value, __u64);                                                              \
	} name SEC(".maps")

#define LIST(kind, name, entries)                                                                  \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##kind);                                                 \
		__uint(max_entries, entries);                                                      \
		__uint(value_size, sizeof(struct pair));                                           \
	} name SEC(".maps")

MAP(PERCPU_ARRAY, bad, 1, __u32, __u64);
MAP(PERCPU_ARRAY, own, 1, __u32, __u64);
MAP(ARRAY, sums, 2, __u32, __u64);
MAP(ARRAY, torn, 1, __u32, struct pair);
MAP(SOCKMAP, sockets, SOCKS, __u32, __u64);
MAP(SOCKHASH, socket_table, SOCKS, __u32, __u64);
STORAGE(SK_STORAGE, kept);
STORAGE(SK_STORAGE, churned);
STORAGE(TASK_STORAGE, tasks);
LIST(STACK, stack, 1024);
LIST(BLOOM_FILTER, bloom, 4096);

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, __u64);
} usage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} samples SEC(".maps");

static void
add(void *map, __u64 much)
{
	__u32 zero = 0;
	__u64 *cnt = bpf_map_lookup_elem(map, &zero);

	if (cnt)
		*cnt += much;
}

static void
add_all(__u32 key, __u64 much)
{
	__u64 *sum = bpf_map_lookup_elem(&sums, &key);

	if (sum)
		__sync_fetch_and_add(sum, much);
}

static void
fill(struct pair *p)
{
	p->cpu = bpf_get_smp_processor_id();
	p->chance = bpf_get_prandom_u32();
	p->sum = p->cpu + p->chance;
}

/* The packet and its context are the vCPU's: nobody else writes to them. */
SEC("tc")
int
packet(struct __sk_buff *skb)
{
	__u64 was, is = bpf_get_prandom_u32() | (__u64)bpf_get_smp_processor_id() << 32;
	__u32 len = skb->len;

	skb->mark = (__u32)is;
	skb->cb[2] = (__u32)(is >> 32);
	if (bpf_skb_store_bytes(skb, 40, &is, sizeof(is), 0) ||
	    bpf_skb_vlan_push(skb, __builtin_bswap16(0x8100), 5) ||
	    bpf_skb_change_tail(skb, len + 200, 0) || bpf_skb_vlan_pop(skb) ||
	    bpf_skb_load_bytes(skb, 40, &was, sizeof(was)) || bpf_skb_change_tail(skb, len, 0))
		return TC_ACT_SHOT;
	if (was != is || skb->mark != (__u32)is || skb->cb[2] != (__u32)(is >> 32) ||
	    skb->len != len)
		add(&bad, 1);
	return TC_ACT_OK;
}

/* One socket for all vCPUs. */
SEC("tc")
int
storage(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u64 *cnt;

	if (!sk || !(sk = bpf_sk_fullsock(sk)))
		return TC_ACT_SHOT;
	cnt = bpf_sk_storage_get(&kept, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (cnt)
		__sync_fetch_and_add(cnt, 1);
	cnt = bpf_sk_storage_get(&churned, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (cnt && *cnt != 0 && *cnt != 77)
		add(&bad, 1);
	if (cnt)
		*cnt = 77;
	if (bpf_get_prandom_u32() % 4 == 0)
		bpf_sk_storage_delete(&churned, sk);
	return TC_ACT_OK;
}

/* Of the task that a recording gives. */
SEC("xdp")
int
task(struct xdp_md *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf();
	__u64 *cnt = bpf_task_storage_get(&tasks, t, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!cnt)
		return XDP_ABORTED;
	__sync_fetch_and_add(cnt, 1);
	return XDP_PASS;
}

SEC("xdp")
int
task_cnt(struct xdp_md *ctx)
{
	__u64 *cnt = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0);

	return cnt ? *cnt : 0;
}

/* Sockets go from one map to the other and out of both, while somebody puts them back. */
SEC("tc")
int
socks(struct __sk_buff *skb)
{
	__u32 key = bpf_get_prandom_u32() % SOCKS, to = bpf_get_prandom_u32() % SOCKS;
	struct bpf_sock *sk = bpf_map_lookup_elem(&sockets, &key);

	if (sk) {
		if (sk->family != 2 || !sk->src_port)
			add(&bad, 1);
		bpf_map_update_elem(&socket_table, &to, sk, BPF_ANY);
		bpf_sk_release(sk);
	}
	sk = bpf_map_lookup_elem(&socket_table, &to);
	if (sk) {
		if (sk->family != 2 || !sk->src_port)
			add(&bad, 1);
		bpf_map_update_elem(&sockets, &to, sk, BPF_ANY);
		bpf_sk_release(sk);
	}
	if (key == 0)
		bpf_map_delete_elem(&sockets, &to);
	if (key == 1)
		bpf_map_delete_elem(&socket_table, &to);
	return TC_ACT_OK;
}

SEC("tc")
int
lists(struct __sk_buff *skb)
{
	struct pair p, got;

	fill(&p);
	if (bpf_map_push_elem(&bloom, &p, 0) || bpf_map_peek_elem(&bloom, &p))
		add(&bad, 1);
	if (bpf_map_push_elem(&stack, &p, BPF_EXIST))
		add(&bad, 1);
	if (!bpf_map_peek_elem(&stack, &got) && got.sum != got.cpu + got.chance)
		add(&bad, 1);
	if (!bpf_map_pop_elem(&stack, &got) && got.sum != got.cpu + got.chance)
		add(&bad, 1);
	return TC_ACT_OK;
}

/* Values that tear, as they do on Linux, by helpers alone: nobody is to tell of that. */
SEC("tc")
int
races(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct bpf_dynptr ptr;
	struct pair p, *there = bpf_map_lookup_elem(&torn, &zero);

	fill(&p);
	bpf_map_update_elem(&torn, &zero, &p, BPF_ANY);
	if (!there)
		return TC_ACT_SHOT;
	bpf_map_push_elem(&stack, there, BPF_EXIST);
	bpf_map_pop_elem(&stack, there);
	if (bpf_dynptr_from_mem(there, sizeof(*there), 0, &ptr))
		return TC_ACT_SHOT;
	bpf_dynptr_write(&ptr, 8, &p, 8, 0);
	bpf_dynptr_read(&p, sizeof(p), &ptr, 0, 0);
	return TC_ACT_OK;
}

/* The vCPU's sample, and the packet's first bytes behind it. */
SEC("tc")
int
samples_out(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&own, &zero);
	struct pair p;

	if (!n)
		return TC_ACT_SHOT;
	p.cpu = bpf_get_smp_processor_id();
	p.chance = ++*n;
	p.sum = p.cpu + p.chance;
	return bpf_perf_event_output(skb, &events, BPF_F_CURRENT_CPU | (__u64)20 << 32, &p,
	                             sizeof(p))
	               ? TC_ACT_SHOT
	               : TC_ACT_OK;
}

static long
take(struct bpf_dynptr *sample, void *ctx)
{
	__u64 value;

	if (bpf_dynptr_read(&value, sizeof(value), sample, 0, 0) == 0) {
		add_all(0, value);
		add_all(1, 1);
	}
	return 0;
}

/* Two at once cannot drain one ring (cf. kernel/bpf/ringbuf.c: bpf_user_ringbuf_drain). */
SEC("tc")
int
samples_in(struct __sk_buff *skb)
{
	long n = bpf_user_ringbuf_drain(&samples, take, 0, 0);

	if (n < 0 && n != -16 /* EBUSY */)
		add(&bad, 1);
	return TC_ACT_OK;
}

struct headers {
	__u8 ip[20], tcp[20];
};

SEC("tc")
int
cookies(struct __sk_buff *skb)
{
	struct headers h = { .ip = { 0x45 } };
	__s64 cookie;

	*(__u32 *)&h.ip[12] = bpf_get_prandom_u32();
	*(__u32 *)&h.ip[16] = bpf_get_smp_processor_id();
	h.tcp[12] = 5 << 4;
	cookie = bpf_tcp_raw_gen_syncookie_ipv4((void *)h.ip, (void *)h.tcp, sizeof(h.tcp));
	if (cookie < 0)
		return TC_ACT_SHOT;
	*(__u32 *)&h.tcp[8] = __builtin_bswap32((__u32)cookie + 1);
	if (bpf_tcp_raw_check_syncookie_ipv4((void *)h.ip, (void *)h.tcp))
		add(&bad, 1);
	return TC_ACT_OK;
}

/* A cgroup has one for all CPUs. */
SEC("cgroup_skb/ingress")
int
cgroup(struct __sk_buff *skb)
{
	__u64 *cnt = bpf_get_local_storage(&usage, 0);

	__sync_fetch_and_add(cnt, 1);
	return 1;
}

char _license[] SEC("license") = "GPL";
