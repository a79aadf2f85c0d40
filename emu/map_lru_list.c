/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/map_lru_list.h"

#include "emu/map_priv.h"

#include <stdlib.h>

#define FREE_TARGET_MOST   128u /* LOCAL_FREE_TARGET */
#define PERCPU_FREE_TARGET 4u
#define LOCAL_SCANS        128u
#define PERCPU_SCANS       4u

/* Lookups mark nodes as used while these lists are gone through. */
static bool
was_used(const struct xb_lru_node *node)
{
	return __atomic_load_n(&node->ref, __ATOMIC_RELAXED) != 0;
}

static void
clear_used(struct xb_lru_node *node)
{
	__atomic_store_n(&node->ref, 0, __ATOMIC_RELAXED);
}

static void
list_init(struct xb_lru *lru, u32 head)
{
	lru->nodes[head].prev = lru->nodes[head].next = head;
}

static void
list_add(struct xb_lru *lru, u32 head, u32 node)
{
	struct xb_lru_node *n = lru->nodes;

	n[node].next = n[head].next;
	n[node].prev = head;
	n[n[head].next].prev = node;
	n[head].next = node;
}

static void
list_del(struct xb_lru *lru, u32 node)
{
	struct xb_lru_node *n = lru->nodes;

	n[n[node].prev].next = n[node].next;
	n[n[node].next].prev = n[node].prev;
}

static bool
list_empty(const struct xb_lru *lru, u32 head)
{
	return lru->nodes[head].next == head;
}

static void
set_init(struct xb_lru *lru, struct xb_lru_set *s, u32 *head)
{
	for (u32 i = 0; i < XB_LRU_LIST_CNT; i++) {
		s->head[i] = (*head)++;
		list_init(lru, s->head[i]);
	}
	s->rotation = s->head[XB_LRU_INACTIVE];
}

static void
local_init(struct xb_lru *lru, struct xb_lru_local *l, u32 cpu, u32 *head)
{
	l->free = (*head)++;
	l->pending = (*head)++;
	l->next_steal = cpu;
	list_init(lru, l->free);
	list_init(lru, l->pending);
}

bool
xb_lru_init(struct xb_lru *lru, u32 cnt, u32 cpu_cnt, bool per_cpu)
{
	u32 sets = per_cpu ? cpu_cnt : 1, each = cnt / sets, head = cnt, target;

	*lru = (struct xb_lru){ .cpu_cnt = cpu_cnt };
	lru->node_cnt = cnt + (u64)XB_LRU_LIST_CNT * sets + 2ull * cpu_cnt;
	lru->nodes = xb_map_table_new(lru->node_cnt, sizeof(*lru->nodes));
	lru->sets = calloc(sets, sizeof(*lru->sets));
	lru->local = per_cpu ? NULL : calloc(cpu_cnt, sizeof(*lru->local));
	if (!lru->nodes || !lru->sets || (!per_cpu && !lru->local)) {
		xb_lru_fini(lru);
		return false;
	}
	for (u32 i = 0; i < sets; i++) {
		set_init(lru, &lru->sets[i], &head);
		lru->sets[i].fresh = i * each;
		lru->sets[i].fresh_end = (i + 1) * each;
	}
	for (u32 i = 0; lru->local && i < cpu_cnt; i++)
		local_init(lru, &lru->local[i], i, &head);
	target = cnt / cpu_cnt / 2;
	if (target > FREE_TARGET_MOST)
		target = FREE_TARGET_MOST;
	lru->free_target = per_cpu ? PERCPU_FREE_TARGET : target ? target : 1;
	lru->scan_cnt = per_cpu ? PERCPU_SCANS : LOCAL_SCANS;
	return true;
}

void
xb_lru_fini(struct xb_lru *lru)
{
	free(lru->local);
	free(lru->sets);
	xb_map_table_free(lru->nodes, lru->node_cnt, sizeof(*lru->nodes));
}

/* Leaves the set: for a local list. */
static void
leave(struct xb_lru *lru, struct xb_lru_set *s, u32 node)
{
	if (node == s->rotation)
		s->rotation = lru->nodes[node].prev;
	s->count[lru->nodes[node].type]--;
	list_del(lru, node);
}

/* To the head of a list of the set, from another or the same. */
static void
bpf_lru_node_move(struct xb_lru *lru, struct xb_lru_set *s, u32 node, enum xb_lru_list to)
{
	leave(lru, s, node);
	s->count[to]++;
	lru->nodes[node].type = (u8)to;
	clear_used(&lru->nodes[node]);
	list_add(lru, s->head[to], node);
}

/* From the end of the active list: what was used stays in it, the rest becomes inactive. */
static void
bpf_lru_list_rotate_active(struct xb_lru *lru, struct xb_lru_set *s)
{
	u32 head = s->head[XB_LRU_ACTIVE], first = lru->nodes[head].next;
	u32 node = lru->nodes[head].prev, prev;

	for (u32 i = 0; i < lru->scan_cnt && node != head; i++, node = prev) {
		prev = lru->nodes[node].prev;
		bpf_lru_node_move(lru, s, node,
		                  was_used(&lru->nodes[node]) ? XB_LRU_ACTIVE : XB_LRU_INACTIVE);
		if (node == first)
			break;
	}
}

/* From where it stopped last: what was used becomes active, the rest stays where it is. */
static void
bpf_lru_list_rotate_inactive(struct xb_lru *lru, struct xb_lru_set *s)
{
	u32 head = s->head[XB_LRU_INACTIVE], cur = s->rotation, next = head, last;

	if (list_empty(lru, head))
		return;
	last = lru->nodes[cur].next;
	if (last == head)
		last = lru->nodes[last].next;
	for (u32 i = 0; i < lru->scan_cnt;) {
		if (cur == head) {
			cur = lru->nodes[cur].prev;
			continue;
		}
		next = lru->nodes[cur].prev;
		if (was_used(&lru->nodes[cur]))
			bpf_lru_node_move(lru, s, cur, XB_LRU_ACTIVE);
		if (cur == last)
			break;
		cur = next;
		i++;
	}
	s->rotation = next;
}

/* Free lists take nodes of the set in one of two ways: into the set's own, or a CPU's. */
static void
to_free(struct xb_lru *lru, struct xb_lru_set *s, u32 node, u32 free_head)
{
	bool local = free_head != s->head[XB_LRU_FREE];

	leave(lru, s, node);
	if (!local)
		s->count[XB_LRU_FREE]++;
	lru->nodes[node].type = local ? XB_LRU_IN_LOCAL_FREE : XB_LRU_IN_FREE;
	list_add(lru, free_head, node);
}

static void
evict(struct xb_lru *lru, u32 node)
{
	lru->evict(lru->arg, lru->nodes[node].ref_elem);
	lru->nodes[node].ref_elem = 0;
}

/* From the end of the inactive list: what was used becomes active, the rest is evicted. */
static u32
bpf_lru_list_shrink_inactive(struct xb_lru *lru, struct xb_lru_set *s, u32 want, u32 free_head)
{
	u32 head = s->head[XB_LRU_INACTIVE], node = lru->nodes[head].prev, prev, done = 0;

	for (u32 i = 0; i < lru->scan_cnt && node != head && done < want; i++, node = prev) {
		prev = lru->nodes[node].prev;
		if (was_used(&lru->nodes[node])) {
			bpf_lru_node_move(lru, s, node, XB_LRU_ACTIVE);
			continue;
		}
		evict(lru, node);
		to_free(lru, s, node, free_head);
		done++;
	}
	return done;
}

/* As above; if all were in use, one goes nevertheless, an inactive one if there is any. */
static void
bpf_lru_list_shrink(struct xb_lru *lru, struct xb_lru_set *s, u32 want, u32 free_head)
{
	u32 head = s->head[XB_LRU_INACTIVE], node;

	if (bpf_lru_list_shrink_inactive(lru, s, want, free_head))
		return;
	if (list_empty(lru, head))
		head = s->head[XB_LRU_ACTIVE];
	node = lru->nodes[head].prev;
	if (node == head)
		return;
	evict(lru, node);
	to_free(lru, s, node, free_head);
}

static void
bpf_lru_list_rotate(struct xb_lru *lru, struct xb_lru_set *s)
{
	if (s->count[XB_LRU_INACTIVE] < s->count[XB_LRU_ACTIVE])
		bpf_lru_list_rotate_active(lru, s);
	bpf_lru_list_rotate_inactive(lru, s);
}

/* What was added by this CPU becomes visible to eviction, oldest first. */
static void
local_list_flush(struct xb_lru *lru, struct xb_lru_set *s, const struct xb_lru_local *l)
{
	struct xb_lru_node *n = lru->nodes;
	u32 node = n[l->pending].prev, prev;
	enum xb_lru_list to;

	for (; node != l->pending; node = prev) {
		prev = n[node].prev;
		to = was_used(&n[node]) ? XB_LRU_ACTIVE : XB_LRU_INACTIVE;
		list_del(lru, node);
		s->count[to]++;
		n[node].type = (u8)to;
		clear_used(&n[node]);
		list_add(lru, s->head[to], node);
	}
}

/* A node of the set's free list, taken off it; ~0: none. */
static u32
pop_set_free(struct xb_lru *lru, struct xb_lru_set *s)
{
	u32 head = s->head[XB_LRU_FREE], node = lru->nodes[head].next;

	if (node != head) {
		leave(lru, s, node);
		return node;
	}
	return s->fresh < s->fresh_end ? s->fresh++ : ~0u;
}

static void
pop_free_to_local(struct xb_lru *lru, const struct xb_lru_local *l)
{
	struct xb_lru_set *s = lru->sets;
	u32 done, node;

	local_list_flush(lru, s, l);
	bpf_lru_list_rotate(lru, s);
	for (done = 0; done < lru->free_target; done++) {
		node = pop_set_free(lru, s);
		if (node == ~0u)
			break;
		lru->nodes[node].type = XB_LRU_IN_LOCAL_FREE;
		list_add(lru, l->free, node);
	}
	if (done < lru->free_target)
		bpf_lru_list_shrink(lru, s, lru->free_target - done, l->free);
}

static u32
pop_local_free(struct xb_lru *lru, const struct xb_lru_local *l)
{
	u32 node = lru->nodes[l->free].next;

	if (node == l->free)
		return ~0u;
	list_del(lru, node);
	return node;
}

/* The oldest pending node that was not used since, else the oldest. */
static u32
pop_pending(struct xb_lru *lru, const struct xb_lru_local *l)
{
	u32 oldest = lru->nodes[l->pending].prev, node = oldest;

	if (oldest == l->pending)
		return ~0u;
	while (node != l->pending && was_used(&lru->nodes[node]))
		node = lru->nodes[node].prev;
	if (node == l->pending)
		node = oldest;
	evict(lru, node);
	list_del(lru, node);
	return node;
}

/* From the free or pending list of any CPU. There are as many nodes as entries, so one has some. */
static u32
steal(struct xb_lru *lru, u32 cpu)
{
	u32 from = lru->local[cpu].next_steal, first = from, node;

	do {
		node = pop_local_free(lru, &lru->local[from]);
		if (node == ~0u)
			node = pop_pending(lru, &lru->local[from]);
		from = from + 1 < lru->cpu_cnt ? from + 1 : 0;
	} while (node == ~0u && from != first);
	lru->local[cpu].next_steal = from;
	return node;
}

static u32
bpf_common_lru_pop_free(struct xb_lru *lru, u32 cpu)
{
	struct xb_lru_local *l = &lru->local[cpu];
	u32 node = pop_local_free(lru, l);

	if (node == ~0u) {
		pop_free_to_local(lru, l);
		node = pop_local_free(lru, l);
	}
	if (node == ~0u)
		node = steal(lru, cpu);
	lru->nodes[node].type = XB_LRU_IN_PENDING;
	list_add(lru, l->pending, node);
	return node;
}

static u32
bpf_percpu_lru_pop_free(struct xb_lru *lru, u32 cpu)
{
	struct xb_lru_set *s = &lru->sets[cpu];
	u32 node;

	bpf_lru_list_rotate(lru, s);
	if (list_empty(lru, s->head[XB_LRU_FREE]) && s->fresh == s->fresh_end)
		bpf_lru_list_shrink(lru, s, lru->free_target, s->head[XB_LRU_FREE]);
	node = pop_set_free(lru, s);
	s->count[XB_LRU_INACTIVE]++;
	lru->nodes[node].type = XB_LRU_IN_INACTIVE;
	list_add(lru, s->head[XB_LRU_INACTIVE], node);
	return node;
}

u32
xb_lru_pop(struct xb_lru *lru, u32 cpu)
{
	u32 node =
	        lru->local ? bpf_common_lru_pop_free(lru, cpu) : bpf_percpu_lru_pop_free(lru, cpu);

	clear_used(&lru->nodes[node]);
	lru->nodes[node].cpu = (u16)cpu;
	return node;
}

void
xb_lru_push(struct xb_lru *lru, u32 node)
{
	struct xb_lru_node *n = &lru->nodes[node];
	struct xb_lru_set *s = lru->local ? lru->sets : &lru->sets[n->cpu];

	n->ref_elem = 0;
	if (n->type != XB_LRU_IN_PENDING) {
		bpf_lru_node_move(lru, s, node, XB_LRU_FREE);
		return;
	}
	n->type = XB_LRU_IN_LOCAL_FREE;
	clear_used(n);
	list_del(lru, node);
	list_add(lru, lru->local[n->cpu].free, node);
}
