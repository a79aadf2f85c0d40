/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/varies.h"

#include <stdio.h>
#include <string.h>

struct row {
	u32 id;
	const char *name;
	enum xb_varies kind;
	const char *what;
};

#define ROW(name, kind, what)                                                                      \
	{                                                                                          \
		BPF_FUNC_##name, "bpf_" #name, XB_VARIES_##kind, what                              \
	}
static const struct row rows[] = {
	ROW(ktime_get_ns, CLOCK, "clock"),
	ROW(ktime_get_boot_ns, CLOCK, "clock"),
	ROW(ktime_get_coarse_ns, CLOCK, "clock"),
	ROW(ktime_get_tai_ns, CLOCK, "clock"),
	ROW(jiffies64, CLOCK, "clock"),
	ROW(timer_start, ANY, "timers fire at any time"),
	ROW(get_prandom_u32, ANY, "random numbers"),
	ROW(get_hash_recalc, ANY, "hash with a secret seed"),
	ROW(get_socket_cookie, ANY, "socket cookies count up"),
	ROW(get_netns_cookie, ANY, "network namespace"),
	ROW(tcp_gen_syncookie, ANY, "secret key"),
	ROW(tcp_check_syncookie, ANY, "secret key"),
	ROW(tcp_raw_gen_syncookie_ipv4, ANY, "secret key"),
	ROW(tcp_raw_gen_syncookie_ipv6, ANY, "secret key"),
	ROW(tcp_raw_check_syncookie_ipv4, ANY, "secret key"),
	ROW(tcp_raw_check_syncookie_ipv6, ANY, "secret key"),
	ROW(get_numa_node_id, ANY, "CPU's node"),
	ROW(get_current_pid_tgid, ANY, "process"),
	ROW(get_current_uid_gid, ANY, "process"),
	ROW(get_current_comm, ANY, "process"),
	ROW(get_current_task, ANY, "process"),
	ROW(get_current_task_btf, ANY, "process"),
	ROW(get_current_cgroup_id, ANY, "cgroup"),
	ROW(get_current_ancestor_cgroup_id, ANY, "cgroup"),
	ROW(skb_cgroup_id, ANY, "cgroup"),
	ROW(skb_ancestor_cgroup_id, ANY, "cgroup"),
	ROW(sk_cgroup_id, ANY, "cgroup"),
	ROW(sk_ancestor_cgroup_id, ANY, "cgroup"),
	ROW(get_cgroup_classid, ANY, "cgroup"),
	ROW(skb_cgroup_classid, ANY, "cgroup"),
	ROW(perf_event_read, ANY, "counters of the machine"),
	ROW(perf_event_read_value, ANY, "counters of the machine"),
	ROW(get_stackid, ANY, "the kernel's stack"),
	ROW(get_stack, ANY, "the kernel's stack"),
	ROW(probe_read_kernel, ANY, "memory of the kernel"),
	ROW(probe_read_kernel_str, ANY, "memory of the kernel"),
	ROW(probe_read_user, ANY, "memory of the process"),
	ROW(probe_read_user_str, ANY, "memory of the process"),
	ROW(for_each_map_elem, ANY, "order of hash maps"),
	ROW(snprintf_btf, ANY, "pointers of the kernel"),
};
#undef ROW

#define BLOOM_BIT (1ull << 63)

_Static_assert(XB_ARRAY_SIZE(rows) < 63, "a bit each in xb_varies_set.rows");

static void
add_call(struct xb_varies_set *set, u32 id)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (rows[i].id == id) {
			set->rows |= 1ull << i;
			set->kinds |= rows[i].kind;
		}
}

/* True where it calls others through program arrays. */
static bool
look_at(struct xb_varies_set *set, const struct xb_bpf_prog *prog)
{
	bool calls = false;

	for (u32 i = 0; i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		if (insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg != 0)
			continue;
		add_call(set, (u32)insn->imm);
		calls |= insn->imm == BPF_FUNC_tail_call;
	}
	for (u32 i = 0; i < prog->map_cnt; i++)
		if (prog->maps[i]->type == BPF_MAP_TYPE_BLOOM_FILTER &&
		    !(prog->maps[i]->flags & BPF_F_ZERO_SEED)) {
			set->rows |= BLOOM_BIT;
			set->kinds |= XB_VARIES_MAPS;
		}
	return calls;
}

struct xb_varies_set
xb_varies(const struct xb_object *o)
{
	struct xb_varies_set set = { .kinds = 0 };
	bool calls = look_at(&set, o->prog);
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, o->bpf)
	{
		const struct xb_bpf_prog *other = xb_object_prog(o, prog);

		if (calls && other && other != o->prog)
			look_at(&set, other);
	}
	return set;
}

struct xb_varies_set
xb_varies_call(struct xb_varies_set may, u32 helper)
{
	struct xb_varies_set set = { .kinds = 0 };

	if (helper == BPF_FUNC_loop || helper == BPF_FUNC_for_each_map_elem ||
	    helper == BPF_FUNC_user_ringbuf_drain)
		return may;
	add_call(&set, helper);
	return set;
}

static size_t
add(char *text, size_t len, size_t bytes, const char *name, const char *what)
{
	int n = len < bytes ? snprintf(text + len, bytes - len, "%s%s (%s)", len ? ", " : "", name,
	                               what)
	                    : 0;

	return len + (n > 0 ? (size_t)n : 0);
}

const char *
xb_varies_text(struct xb_varies_set set, char *text, size_t bytes)
{
	size_t len = 0;

	text[0] = 0;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (set.rows & 1ull << i)
			len = add(text, len, bytes, rows[i].name, rows[i].what);
	if (set.rows & BLOOM_BIT)
		add(text, len, bytes, "bloom filter", "random seed");
	return text;
}
