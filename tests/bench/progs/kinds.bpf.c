/* SPDX-License-Identifier: BSD-2-Clause */
/* kinds.bpf.c - maps of every kind of key and value that JSON is made of; the programs do nothing.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum colour { RED = 1, GREEN = -2, BLUE = 70000 };

struct inner {
	__s16 x;
	__u8 y;
};

struct all {
	__u64 u64v;
	__s64 s64v;
	__u32 u32v;
	__s32 s32v;
	__u16 u16v;
	__s16 s16v;
	__u8 u8v;
	__s8 s8v;
	char letter;
	char quiet;
	_Bool yes, no;
	enum colour named, unnamed;
	char text[8];
	char bytes[4];
	__u8 mac[6];
	unsigned int low : 3, mid : 13;
	int sign : 5;
	struct inner nested, list[2];
	union {
		__u32 either;
		__u16 both[2];
	};
	const void *pointer;
	__u32 none[0];
	__int128 wide;
};

struct key {
	__u32 addr;
	__u16 port;
	__u8 proto, pad;
};

struct prefix {
	__u32 bits;
	__u8 addr[4];
};

typedef const volatile __u32 odd_t;

#define MAP(kind, map_name, key_type, value_type, entries)                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##kind);                                                 \
		__uint(max_entries, entries);                                                      \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	} map_name SEC(".maps")

MAP(ARRAY, all_array, __u32, struct all, 2);
MAP(HASH, all_hash, struct key, struct all, 4);
MAP(PERCPU_HASH, percpu_hash, struct key, struct inner, 4);
MAP(PERCPU_ARRAY, percpu_array, __u32, __u64, 3);
MAP(LRU_HASH, lru, __u64, odd_t, 8);
MAP(ARRAY, strings, __u32, char[16], 3);
MAP(ARRAY, colours, __u32, enum colour, 3);
MAP(DEVMAP, ports, __u32, __u32, 3);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u32);
} nets SEC(".maps");

/* Without BTF: no "formatted". */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 8);
} plain SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 4);
} jumps SEC(".maps");

int counter = 5;
struct inner zeros = { 0 };
const volatile __u32 limit = 42;

SEC("xdp")
int
xdp_kinds(struct xdp_md *ctx)
{
	__u32 key = 0;

	zeros.y++;
	counter += (int)limit;
	if (bpf_map_lookup_elem(&all_array, &key) && bpf_map_lookup_elem(&plain, &key))
		bpf_tail_call(ctx, &jumps, 0);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
