/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/fib_rig.h"

#include "skb/skb.h"
#include "tests/insns.h"
#include "xdp/xdp.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define AT(field) ((s16)offsetof(struct fib_call, field))

static int
load(const struct fib_rig *rig, u32 type)
{
	const struct bpf_insn insns[] = {
		XB_MOV64_REG(6, 1),
		XB_LD_MAP_VALUE(7, rig->map, 0),
		XB_MOV64_REG(2, 7),
		XB_MOV64_IMM(3, sizeof(struct bpf_fib_lookup)),
		XB_LDX_MEM(BPF_DW, 4, 7, AT(flags)),
		XB_CALL(BPF_FUNC_fib_lookup),
		XB_STX_MEM(BPF_DW, 7, 0, AT(ret)),
		XB_MOV64_REG(1, 6),
		XB_LDX_MEM(BPF_W, 2, 7, AT(ifindex)),
		XB_MOV64_REG(3, 7),
		XB_ALU64_IMM(BPF_ADD, 3, AT(mtu_len)),
		XB_LDX_MEM(BPF_DW, 4, 7, AT(len_diff)),
		XB_LDX_MEM(BPF_DW, 5, 7, AT(mtu_flags)),
		XB_CALL(BPF_FUNC_check_mtu),
		XB_STX_MEM(BPF_DW, 7, 0, AT(mtu_ret)),
		/* From here on in TC alone. */
		XB_MOV64_REG(1, 6),
		XB_CALL(BPF_FUNC_get_netns_cookie),
		XB_STX_MEM(BPF_DW, 7, 0, AT(cookie)),
		XB_MOV64_IMM(0, 2),
		XB_EXIT(),
	};
	struct bpf_insn used[XB_ARRAY_SIZE(insns)];
	struct backend_prog prog = { .insns = used,
		                     .insn_cnt = XB_ARRAY_SIZE(insns),
		                     .type = type };

	memcpy(used, insns, sizeof(insns));
	if (type == BPF_PROG_TYPE_XDP) {
		used[prog.insn_cnt - 5] = used[prog.insn_cnt - 2];
		used[prog.insn_cnt - 4] = used[prog.insn_cnt - 1];
		prog.insn_cnt -= 3;
	}
	return backend_prog(&rig->b, &prog);
}

static void
register_types(struct xb_emu *emu)
{
	xb_xdp_register(emu);
	xb_skb_register(emu);
}

bool
fib_rig_open(struct fib_rig *rig, const struct network *net, bool kernel)
{
	struct xb_err err = XB_ERR_INIT;

	if (kernel) {
		if (!backend_open_kernel(&rig->b))
			return false;
	} else {
		backend_open_emu(&rig->b, register_types);
		if (xb_world_set(rig->b.emu, network_world(net, network_cookie()), &err))
			fail_msg("%s", err.msg);
	}
	rig->map = backend_map(&rig->b, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct fib_call), 1);
	rig->xdp = load(rig, BPF_PROG_TYPE_XDP);
	rig->tc = load(rig, BPF_PROG_TYPE_SCHED_CLS);
	return true;
}

void
fib_rig_close(struct fib_rig *rig)
{
	close(rig->tc);
	close(rig->xdp);
	close(rig->map);
	if (rig->b.emu)
		backend_close(&rig->b);
}

/* TCP over IPv4; its headers alone are looked at. */
static void
make_packet(u8 *data, u32 bytes)
{
	static const u8 head[] = { 2, 0, 0, 0,  0, 1, 2, 0, 0, 0, 0,  2, 0x08, 0x00, 0x45, 0,
		                   0, 0, 0, 0,  0, 0, 9, 6, 0, 0, 10, 0, 1,    9,    10,   0,
		                   2, 9, 0, 80, 1, 1, 0, 0, 0, 0, 0,  0, 0,    0,    0x50 };

	memset(data, 0, bytes);
	memcpy(data, head, sizeof(head) < bytes ? sizeof(head) : bytes);
}

static u8 packet_data[16384];

long
fib_rig_call(struct fib_rig *rig, bool tc, const struct fib_packet *packet, struct fib_call *call)
{
	u32 bytes = packet->bytes ? packet->bytes : 60, key = 0;
	struct __sk_buff skb = { .ifindex = packet->ifindex, .gso_size = packet->gso_size };
	struct xdp_md md = { .data_end = bytes, .ingress_ifindex = packet->ifindex };
	union bpf_attr attr;
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)(tc ? rig->tc : rig->xdp);
	make_packet(packet_data, bytes);
	attr.test.data_in = (uintptr_t)packet_data;
	attr.test.data_size_in = bytes;
	attr.test.ctx_in = tc ? (uintptr_t)&skb : (uintptr_t)&md;
	attr.test.ctx_size_in = tc ? sizeof(skb) : sizeof(md);
	assert_int_equal(backend_update(&rig->b, rig->map, &key, call), 0);
	ret = backend_bpf(&rig->b, BPF_PROG_TEST_RUN, &attr);
	if (ret == 0)
		assert_int_equal(backend_lookup(&rig->b, rig->map, &key, call), 0);
	return ret;
}

static const struct {
	const char *name;
	u32 off, bytes;
} fields[] = {
#define FIELD(f)                                                                                   \
	{                                                                                          \
#f, offsetof(struct fib_call, f), sizeof(((struct fib_call *)0)->f)                \
	}
	FIELD(ret),
	FIELD(params.family),
	FIELD(params.l4_protocol),
	FIELD(params.sport),
	FIELD(params.dport),
	FIELD(params.tot_len),
	FIELD(params.ifindex),
	FIELD(params.rt_metric),
	FIELD(params.ipv6_src),
	FIELD(params.ipv6_dst),
	FIELD(params.h_vlan_proto),
	FIELD(params.h_vlan_TCI),
	FIELD(params.smac),
	FIELD(params.dmac),
	FIELD(mtu_ret),
	FIELD(mtu_len),
	FIELD(cookie),
#undef FIELD
};

static void
put_hex(char *text, u32 bytes, const u8 *data, u32 cnt)
{
	u32 at = (u32)strlen(text);

	for (u32 i = 0; i < cnt && at < bytes; i++)
		at += (u32)snprintf(text + at, bytes - at, "%02x", data[i]);
}

bool
fib_call_same(const struct fib_call *a, const struct fib_call *b, char *text, u32 bytes)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(fields); i++) {
		const u8 *one = (const u8 *)a + fields[i].off,
		         *other = (const u8 *)b + fields[i].off;
		size_t at;

		if (!memcmp(one, other, fields[i].bytes))
			continue;
		snprintf(text, bytes, "%s: ", fields[i].name);
		put_hex(text, bytes, one, fields[i].bytes);
		at = strlen(text);
		snprintf(text + at, bytes - at, ", ");
		put_hex(text, bytes, other, fields[i].bytes);
		return false;
	}
	return memcmp(a, b, sizeof(*a)) == 0;
}

void
fib_call_name(bool tc, const struct fib_call *call, char *text, u32 bytes)
{
	const struct bpf_fib_lookup *p = &call->params;
	bool ip4 = p->family == AF_INET;
	char src[64] = "?", dst[64] = "?";
	u32 mark;

	memcpy(&mark, p->smac, sizeof(mark));
	inet_ntop(ip4 ? AF_INET : AF_INET6, p->ipv6_src, src, sizeof(src));
	inet_ntop(ip4 ? AF_INET : AF_INET6, p->ipv6_dst, dst, sizeof(dst));
	snprintf(text, bytes,
	         "%s family %u %s > %s ifindex %u flags 0x%llx tot_len %u tos 0x%x proto %u "
	         "ports %u > %u tbid %u mark %u; mtu of %u len %u diff %lld flags 0x%llx",
	         tc ? "tc" : "xdp", p->family, src, dst, p->ifindex,
	         (unsigned long long)call->flags, p->tot_len, p->flowinfo, p->l4_protocol,
	         __builtin_bswap16(p->sport), __builtin_bswap16(p->dport), p->tbid, mark,
	         call->ifindex, call->mtu_len, (long long)call->len_diff,
	         (unsigned long long)call->mtu_flags);
}
