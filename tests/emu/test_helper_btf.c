/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_helper_btf.c - bpf_snprintf_btf: the kernel's own types over bytes of all kinds, the text of
 * the emulator against that of the kernel.
 */
#include "tests/emu/helper_rig.h"

#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define HOST_BTF   "/sys/kernel/btf/vmlinux"
#define DATA_BYTES 256
#define TEXT_BYTES (OUT_BYTES - OUT_DATA)
#define FLAGS_CNT  16
#define PTR_RAW    4

/* R0 := bpf_snprintf_btf(out, size, { ptr to RIG_RO, type }, ptr_size, flags) */
#define SHOW(size, type, ptr_size, flags)                                                          \
	PROG(XB_LD_MAP_VALUE(1, RIG_RO, 0), XB_STX_MEM(BPF_DW, 10, 1, -16),                        \
	     XB_ST_MEM(BPF_W, 10, -8, type), XB_ST_MEM(BPF_W, 10, -4, 0), XB_MOV64_REG(1, 7),      \
	     XB_ALU64_IMM(BPF_ADD, 1, OUT_DATA), XB_MOV64_IMM(2, size), XB_MOV64_REG(3, 10),       \
	     XB_ALU64_IMM(BPF_ADD, 3, -16), XB_MOV64_IMM(4, ptr_size), XB_LD_IMM64(5, flags),      \
	     XB_CALL(BPF_FUNC_snprintf_btf))

static const struct rig_row show_rows[] = {
	{ "flags", SHOW(16, 1, 16, 16), .r0 = -EINVAL },
	{ "high flags", SHOW(16, 1, 16, 1ull << 32), .r0 = -EINVAL },
	{ "size of the pointer", SHOW(16, 1, 8, 0), .r0 = -EINVAL },
	{ "no type", SHOW(16, 0, 16, 0), .r0 = -EINVAL },
	{ "no such type", SHOW(16, 0x7fffffff, 16, 0), .r0 = -ENOENT },
	{ "a negative type", SHOW(16, -1, 16, 0), .r0 = -ENOENT },
	{ "no variable per CPU",
	  PROG(XB_MOV64_IMM(1, 0), XB_MOV64_IMM(2, 0), XB_CALL(BPF_FUNC_per_cpu_ptr)),
	  .fault = XB_FAULT_NOT_EMULATED },
	{ "no variable of this CPU", PROG(XB_MOV64_IMM(1, 0), XB_CALL(BPF_FUNC_this_cpu_ptr)),
	  .fault = XB_FAULT_NOT_EMULATED,
	  .message = "bpf_this_cpu_ptr: argument 1: no variable of the kernel: these are not "
	             "emulated" },
};

/* Small enough for RIG_RO. `ptrs`: with pointers, which are compared raw only. */
static const struct type {
	u32 kind;
	const char *name;
	bool ptrs;
} types[] = {
	{ BTF_KIND_INT, "int", false },
	{ BTF_KIND_INT, "char", false },
	{ BTF_KIND_INT, "long unsigned int", false },
	{ BTF_KIND_INT, "short int", false },
	{ BTF_KIND_INT, "_Bool", false },
	{ BTF_KIND_INT, "__int128 unsigned", false },
	{ BTF_KIND_TYPEDEF, "u64", false },
	{ BTF_KIND_TYPEDEF, "__be32", false },
	{ BTF_KIND_TYPEDEF, "atomic_t", false },
	{ BTF_KIND_TYPEDEF, "kuid_t", false },
	{ BTF_KIND_TYPEDEF, "bpfptr_t", true },
	{ BTF_KIND_ENUM, "bpf_prog_type", false },
	{ BTF_KIND_ENUM, "xdp_action", false },
	{ BTF_KIND_ENUM, "hrtimer_restart", false },
	{ BTF_KIND_STRUCT, "iphdr", false },
	{ BTF_KIND_STRUCT, "ipv6hdr", false },
	{ BTF_KIND_STRUCT, "tcphdr", false },
	{ BTF_KIND_STRUCT, "udphdr", false },
	{ BTF_KIND_STRUCT, "ethhdr", false },
	{ BTF_KIND_STRUCT, "in6_addr", false },
	{ BTF_KIND_STRUCT, "sockaddr_in", false },
	{ BTF_KIND_STRUCT, "sockaddr_in6", false },
	{ BTF_KIND_STRUCT, "bpf_insn", false },
	{ BTF_KIND_STRUCT, "bpf_flow_keys", false },
	{ BTF_KIND_STRUCT, "bpf_sock", false },
	{ BTF_KIND_STRUCT, "bpf_fib_lookup", false },
	{ BTF_KIND_STRUCT, "bpf_tunnel_key", false },
	{ BTF_KIND_STRUCT, "xdp_md", false },
	{ BTF_KIND_STRUCT, "btf_ptr", true },
	{ BTF_KIND_STRUCT, "list_head", true },
	{ BTF_KIND_STRUCT, "iovec", true },
	{ BTF_KIND_STRUCT, "hlist_node", true },
	{ BTF_KIND_STRUCT, "new_utsname", false },
	{ BTF_KIND_STRUCT, "rtnl_link_stats64", false },
	{ BTF_KIND_STRUCT, "timespec64", false },
	{ BTF_KIND_STRUCT, "tc_u32_sel", false },
	{ BTF_KIND_STRUCT, "rb_root_cached", true },
	{ BTF_KIND_STRUCT, "work_struct", true },
	{ BTF_KIND_STRUCT, "msghdr", true },
	{ BTF_KIND_STRUCT, "bpf_prog_array_item", true },
	{ BTF_KIND_STRUCT, "hlist_nulls_head", true },
	{ BTF_KIND_STRUCT, "flowi4", false },
	{ BTF_KIND_STRUCT, "bpf_dispatcher_prog", true },
	{ BTF_KIND_STRUCT, "plist_node", true },
	{ BTF_KIND_STRUCT, "qspinlock", false },
	{ BTF_KIND_UNION, "bpf_iter_link_info", false },
	{ BTF_KIND_UNION, "nf_inet_addr", false },
	{ BTF_KIND_FWD, "xb_nothing", false },
};

static u64
fill_zero(u32 i)
{
	(void)i;
	return 0;
}

static u64
fill_one(u32 i)
{
	return i == 3;
}

static u64
fill_text(u32 i)
{
	return i % 12 == 11 ? 0 : 'a' + i % 26;
}

static u64
fill_count(u32 i)
{
	return i;
}

static u64
fill_high(u32 i)
{
	return 255 - i % 128;
}

static u64 (*const fills[])(u32 i) = { fill_zero, fill_one, fill_text, fill_count, fill_high };

/* One text from each side. */
static u32
compare(struct rig *rigs[2], const struct type *type, const struct rig_row *row, u32 flags,
        u32 fill)
{
	static struct rig_result res[2];

	rig_run_row(rigs[0], row, &res[0]);
	rig_run_row(rigs[1], row, &res[1]);
	if (res[0].refused || res[1].refused || res[0].faulted)
		fail_msg("%s: flags %u: not run", type->name, flags);
	if (memcmp(res[0].out, res[1].out, sizeof(res[0].out)) == 0)
		return 0;
	print_error("%s: flags %u, bytes %u:\n%lld \"%.1016s\"\nkernel:\n%lld \"%.1016s\"\n",
	            type->name, flags, fill, *(long long *)(void *)res[0].out,
	            (char *)res[0].out + OUT_DATA, *(long long *)(void *)res[1].out,
	            (char *)res[1].out + OUT_DATA);
	return 1;
}

static u32
compare_type(struct rig *rigs[2], const struct type *type, s32 id)
{
	static const u32 sizes[] = { TEXT_BYTES, 20, 1 };
	u8 data[DATA_BYTES];
	u32 bad = 0;

	for (u32 fill = 0; fill < XB_ARRAY_SIZE(fills); fill++) {
		for (u32 i = 0; i < sizeof(data); i++)
			data[i] = (u8)fills[fill](i);
		for (u32 flags = 0; flags < FLAGS_CNT; flags++) {
			u32 size = sizes[flags % 5 == 4 ? fill % 3 : 0];
			const struct rig_row row = { type->name, SHOW(size, id, 16, flags),
				                     .ro = data, .ro_bytes = sizeof(data) };

			if (type->ptrs && !(flags & PTR_RAW) && fill)
				continue;
			bad += compare(rigs, type, &row, flags, fill);
		}
	}
	return bad;
}

/* Types by which RIG_RO can be read. */
static bool
fits(const struct btf *btf, s32 id)
{
	return id > 0 && btf__resolve_size(btf, (u32)id) <= DATA_BYTES;
}

void test_helper_btf(void **state);
void
test_helper_btf(void **state)
{
	struct rig *rigs[2] = { NULL };
	struct btf *btf = btf__parse_raw(HOST_BTF);
	u32 bad = 0, done = 0;

	(void)state;
	rig_run(show_rows, XB_ARRAY_SIZE(show_rows));
	if (!btf) {
		print_message("skipped: %s: not there\n", HOST_BTF);
		return;
	}
	rigs[0] = rig_open(false);
	rigs[1] = rig_open(true);
	for (u32 i = 0; rigs[1] && i < XB_ARRAY_SIZE(types); i++) {
		s32 id = btf__find_by_name_kind(btf, types[i].name, types[i].kind);

		if (!fits(btf, id))
			continue;
		bad += compare_type(rigs, &types[i], id);
		done++;
	}
	if (rigs[1])
		rig_close(rigs[1]);
	rig_close(rigs[0]);
	btf__free(btf);
	if (bad)
		fail_msg("%u texts of %u types differ", bad, done);
}
