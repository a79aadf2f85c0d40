/* SPDX-License-Identifier: BSD-2-Clause */
/* What several vCPUs do to the same maps at the same time. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define KEYS    64
#define TIMERS  4
#define RING_ID 7

struct locked {
	struct bpf_spin_lock lock;
	__u32 pad;
	__u64 one, two; /* always the same, under the lock */
};

/* Whoever writes it writes all of it: sum is that of the others. */
struct pair {
	__u64 cpu, chance, sum;
};

struct timed {
	struct bpf_timer timer;
	__u64 fired;
};

#define MAP(kind, name, entries, k, v)                                                             \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##kind);                                                 \
		__uint(max_entries, entries);                                                      \
		__type(key, k);                                                                    \
		__type(value, v);                                                                  \
	} name SEC(".maps")

MAP(PERCPU_ARRAY, own, 1, __u32, __u64);
MAP(ARRAY, shared, 1, __u32, __u64);
MAP(ARRAY, guarded, 1, __u32, struct locked);
MAP(PERCPU_ARRAY, bad, 1, __u32, __u64);
MAP(HASH, table, KEYS / 2, __u32, struct pair);
MAP(LRU_HASH, lru, KEYS / 2, __u32, struct pair);
MAP(PERCPU_HASH, owns, KEYS, __u32, __u64);
MAP(ARRAY, timers, TIMERS, __u32, struct timed);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, KEYS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, 8);
	__uint(value_size, sizeof(struct pair));
} trie SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1024);
	__uint(value_size, sizeof(struct pair));
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} ring SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
};

struct inner inner_a SEC(".maps"), inner_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { &inner_a } };

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct inner);
} outer_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} jumps SEC(".maps");

static void
add(void *map, __u64 much)
{
	__u32 zero = 0;
	__u64 *cnt = bpf_map_lookup_elem(map, &zero);

	if (cnt)
		*cnt += much;
}

static void
fill(struct pair *p)
{
	p->cpu = bpf_get_smp_processor_id();
	p->chance = bpf_get_prandom_u32();
	p->sum = p->cpu + p->chance;
}

static void
check(const struct pair *p)
{
	if (p && p->sum != p->cpu + p->chance)
		add(&bad, 1);
}

SEC("xdp")
int
count(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *all = bpf_map_lookup_elem(&shared, &zero);
	struct locked *l = bpf_map_lookup_elem(&guarded, &zero);

	add(&own, 1);
	if (!all || !l)
		return XDP_ABORTED;
	__sync_fetch_and_add(all, 1);
	bpf_spin_lock(&l->lock);
	l->one++;
	l->two++;
	bpf_spin_unlock(&l->lock);
	return XDP_PASS;
}

static void
churn(void *map, const void *key)
{
	struct pair p;

	check(bpf_map_lookup_elem(map, key));
	fill(&p);
	switch (bpf_get_prandom_u32() % 4) {
	case 0:
		bpf_map_delete_elem(map, key);
		break;
	case 1:
		bpf_map_update_elem(map, key, &p, BPF_NOEXIST);
		break;
	default:
		bpf_map_update_elem(map, key, &p, BPF_ANY);
		break;
	}
	check(bpf_map_lookup_elem(map, key));
}

static long
visit(void *map, const __u32 *key, struct pair *p, void *ctx)
{
	check(p);
	if (*key >= KEYS)
		add(&bad, 1);
	if (*key % 16 == 0)
		bpf_map_delete_elem(map, key);
	return 0;
}

SEC("xdp")
int
hash(struct xdp_md *ctx)
{
	__u32 key = bpf_get_prandom_u32() % KEYS;
	__u64 one = 1, *mine;

	churn(&table, &key);
	if (key == 0)
		bpf_for_each_map_elem(&table, visit, 0, 0);
	mine = bpf_map_lookup_elem(&owns, &key);
	if (mine)
		++*mine;
	else if (bpf_map_update_elem(&owns, &key, &one, BPF_NOEXIST)) {
		mine = bpf_map_lookup_elem(&owns, &key);
		if (mine)
			++*mine;
		else
			add(&bad, 1);
	}
	return XDP_PASS;
}

SEC("xdp")
int
others(struct xdp_md *ctx)
{
	__u32 key = bpf_get_prandom_u32() % KEYS;
	struct {
		__u32 len, addr;
	} prefix = { 8 + key % 24, key * 0x9e3779b1u };
	struct pair p;

	churn(&lru, &key);
	churn(&trie, &prefix);
	fill(&p);
	if (key % 2)
		bpf_map_push_elem(&queue, &p, BPF_EXIST);
	else if (!bpf_map_pop_elem(&queue, &p))
		check(&p);
	return XDP_PASS;
}

/* Every record says which of its vCPU's it is. */
SEC("xdp")
int
records(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&own, &zero);
	struct pair *p;

	if (!n)
		return XDP_ABORTED;
	p = bpf_ringbuf_reserve(&ring, sizeof(*p), 0);
	if (!p)
		return XDP_DROP;
	p->cpu = bpf_get_smp_processor_id();
	p->chance = ++*n;
	p->sum = p->cpu + p->chance;
	bpf_ringbuf_submit(p, 0);
	return XDP_PASS;
}

SEC("xdp")
int
landed(struct xdp_md *ctx)
{
	return XDP_TX;
}

SEC("xdp")
int
nested(struct xdp_md *ctx)
{
	__u32 zero = 0, key = bpf_get_prandom_u32() % 8;
	void *inner = bpf_map_lookup_elem(key % 2 ? (void *)&outer : (void *)&outer_hash, &zero);
	__u64 value = 1, *found;

	if (inner) {
		bpf_map_update_elem(inner, &key, &value, BPF_ANY);
		found = bpf_map_lookup_elem(inner, &key);
		if (found && *found != 1)
			add(&bad, 1);
		bpf_map_delete_elem(inner, &key);
	}
	bpf_tail_call(ctx, &jumps, 0);
	return XDP_PASS;
}

static int
fire(void *map, const __u32 *key, struct timed *t)
{
	if (*key != bpf_get_smp_processor_id())
		add(&bad, 1);
	t->fired++;
	return 0;
}

/* Each vCPU has a timer of its own, which has fired when the next run sets it off again. */
SEC("xdp")
int
timing(struct xdp_md *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct timed *t = bpf_map_lookup_elem(&timers, &cpu);

	if (!t)
		return XDP_ABORTED;
	bpf_timer_init(&t->timer, &timers, 1 /* CLOCK_MONOTONIC */);
	bpf_timer_set_callback(&t->timer, fire);
	bpf_timer_start(&t->timer, 30, 0);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
