/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A list in an arena: one program adds to it, as it may allocate pages, others walk it. Links are
 * addresses of user space, so that it can walk the list, too.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define PAGE_BYTES 4096
#define START      0x10000000 /* where user space has it */
#define MAX_NODES  64
#define ARENA      33 /* BPF_MAP_TYPE_ARENA */

struct {
	__uint(type, ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
	__uint(map_extra, START);
} pages SEC(".maps");

extern void *bpf_arena_alloc_pages(void *map, void *addr, __u32 page_cnt, int node,
                                   __u64 flags) __ksym;
extern void bpf_arena_free_pages(void *map, void *addr, __u32 page_cnt) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int bpf_there_is_no_such_kfunc(void *map) __weak __ksym;

struct node {
	struct node *next;
	__u64 value;
};

struct head {
	struct node *first;
	__u64 used; /* bytes of the page */
};

struct args {
	__u64 value, result;
};

/*
 * r = addr_space_cast(r, to, from), which this compiler does not have: code 0xbf with off 1, for
 * the register that the compiler chose.
 */
#define CAST(p, imm)                                                                               \
	asm volatile(".macro cast_of reg imm_of\n"                                                 \
	             ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9\n"                                      \
	             ".ifc \\reg, r\\n\n"                                                          \
	             ".byte 0xbf, \\n * 17\n"                                                      \
	             ".short 1\n"                                                                  \
	             ".long \\imm_of\n"                                                            \
	             ".endif\n"                                                                    \
	             ".endr\n"                                                                     \
	             ".endm\n"                                                                     \
	             "cast_of %0, " #imm "\n"                                                      \
	             ".purgem cast_of\n"                                                           \
	             : "+r"(p))
#define TO_USE(p)  CAST(p, 1)
#define TO_KEEP(p) CAST(p, 0x10000)
/* Casts want a program that names an arena. */
#define OF_ARENA() asm volatile("" : : "r"(&pages))

/* The list's head is at the start of the first page, nodes follow. */
SEC("syscall")
int
add(struct args *args)
{
	struct head *head = (struct head *)(long)START;
	struct node *node, *first;

	if (bpf_there_is_no_such_kfunc)
		return bpf_there_is_no_such_kfunc(&pages);
	TO_USE(head);
	if (head->used == 0) {
		/* Where user space has touched it the page is there already. */
		bpf_arena_alloc_pages(&pages, (void *)(long)START, 1, -1, 0);
		head->used = sizeof(*head);
	}
	if (head->used > PAGE_BYTES - sizeof(*node))
		return -1;
	node = (struct node *)((char *)head + head->used);
	head->used += sizeof(*node);
	first = head->first;
	node->next = first;
	node->value = args->value;
	TO_KEEP(node);
	head->first = node;
	return 0;
}

SEC("syscall")
int
sum(struct args *args)
{
	struct head *head = (struct head *)(long)START;
	struct node *node;
	__u64 result = 0;

	OF_ARENA();
	TO_USE(head);
	node = head->first;
	for (int i = 0; i < MAX_NODES && node; i++) {
		TO_USE(node);
		result += node->value;
		node = node->next;
	}
	args->result = result;
	return 0;
}

SEC("syscall")
int
clear(void *ctx)
{
	bpf_arena_free_pages(&pages, (void *)(long)START, 1);
	return 0;
}

/* How many nodes there are. */
SEC("xdp")
int
count(struct xdp_md *ctx)
{
	struct head *head = (struct head *)(long)START;
	struct node *node;
	int cnt = 0;

	OF_ARENA();
	bpf_rcu_read_lock();
	TO_USE(head);
	node = head->first;
	while (cnt < MAX_NODES && node) {
		TO_USE(node);
		node = node->next;
		cnt++;
	}
	bpf_rcu_read_unlock();
	return cnt;
}

char _license[] SEC("license") = "GPL";
