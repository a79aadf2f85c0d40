/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/skb/access.h"

#include "tests/insns.h"

#include <string.h>

#define SKB(field, ...)                                                                            \
	{                                                                                          \
#field, offsetof(struct __sk_buff, field), sizeof(((struct __sk_buff *)0)->field), \
		        __VA_ARGS__                                                                \
	}
#define SOCK(field, ...)                                                                           \
	{                                                                                          \
#field, offsetof(struct bpf_sock, field), sizeof(((struct bpf_sock *)0)->field),   \
		        __VA_ARGS__                                                                \
	}
#define TSTAMP_TYPE_END (offsetof(struct __sk_buff, tstamp_type) + 1)
#define DST_PORT_END    (offsetof(struct bpf_sock, dst_port) + 2)

#define ALL(parts) parts, parts, parts, parts, parts, parts

/* clang-format off */
/* Columns: TC, socket filters, cgroups, LWT, flow dissectors, streams.
 * Field			load					store				pointer */
static const struct access_field skb_fields[] = {
	SKB(len,              { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(pkt_type,         { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(mark,             { PARTS, PARTS, PARTS, PARTS },                     { WHOLE, NONE, WHOLE, WHOLE }, false),
	SKB(queue_mapping,    { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { WHOLE                     }, false),
	SKB(protocol,         { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(vlan_present,     { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(vlan_tci,         { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(vlan_proto,       { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(priority,         { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { WHOLE, NONE, WHOLE, WHOLE, NONE, WHOLE }, false),
	SKB(ingress_ifindex,  { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(ifindex,          { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(tc_index,         { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { WHOLE, NONE, NONE, NONE, NONE, WHOLE }, false),
	SKB(cb,               { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { PARTS, PARTS, PARTS, PARTS }, false),
	SKB(hash,             { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(tc_classid,       { PARTS },                                          { WHOLE                     }, false),
	SKB(data,             { WHOLE, NONE, WHOLE, WHOLE, WHOLE, WHOLE },        { NONE                      }, true),
	SKB(data_end,         { WHOLE, NONE, WHOLE, WHOLE, WHOLE, WHOLE },        { NONE                      }, true),
	SKB(napi_id,          { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(family,           { NONE, NONE, PARTS, NONE, NONE, PARTS },           { NONE                      }, false),
	SKB(remote_ip4,       { NONE, NONE, WHOLE, NONE, NONE, WHOLE },           { NONE                      }, false),
	SKB(local_ip4,        { NONE, NONE, WHOLE, NONE, NONE, WHOLE },           { NONE                      }, false),
	SKB(remote_ip6[0],    { NONE, NONE, WHOLE, NONE, NONE, WHOLE },           { NONE                      }, false),
	SKB(remote_ip6[1],    { NONE, NONE, WHOLE, NONE, NONE, WHOLE },           { NONE                      }, false),
	SKB(remote_ip6[2],    { NONE, NONE, WHOLE, NONE, NONE, WHOLE },           { NONE                      }, false),
	SKB(remote_ip6[3],    { NONE, NONE, WHOLE, NONE, NONE, WHOLE },           { NONE                      }, false),
	SKB(local_ip6[0],     { NONE, NONE, WHOLE, NONE, NONE, WHOLE },           { NONE                      }, false),
	SKB(local_ip6[1],     { NONE, NONE, WHOLE, NONE, NONE, WHOLE },           { NONE                      }, false),
	SKB(local_ip6[2],     { NONE, NONE, WHOLE, NONE, NONE, WHOLE },           { NONE                      }, false),
	SKB(local_ip6[3],     { NONE, NONE, WHOLE, NONE, NONE, WHOLE },           { NONE                      }, false),
	SKB(remote_port,      { NONE, NONE, PARTS, NONE, NONE, PARTS },           { NONE                      }, false),
	SKB(local_port,       { NONE, NONE, PARTS, NONE, NONE, PARTS },           { NONE                      }, false),
	SKB(data_meta,        { WHOLE },                                          { NONE                      }, true),
	SKB(flow_keys,        { NONE, NONE, NONE, NONE, WHOLE },                  { NONE                      }, true),
	SKB(tstamp,           { WHOLE, NONE, WHOLE },                             { WHOLE, NONE, WHOLE        }, false),
	SKB(wire_len,         { PARTS },                                          { NONE                      }, false),
	SKB(gso_segs,         { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(sk,               { WHOLE, WHOLE, WHOLE, WHOLE, NONE, WHOLE },        { NONE                      }, true),
	SKB(gso_size,         { PARTS, PARTS, PARTS, PARTS, NONE, PARTS },        { NONE                      }, false),
	SKB(tstamp_type,      { WHOLE },                                          { NONE                      }, false),
	{ ACCESS_NO_FIELD, TSTAMP_TYPE_END, 3, { NONE }, { NONE }, false },
	SKB(hwtstamp,         { WHOLE, NONE, WHOLE },                             { NONE                      }, false),
};

/* skb->sk as it is found: what every kind of socket has, half-made ones too. */
static const struct access_field sock_common_fields[] = {
	SOCK(bound_dev_if,	{ ALL(WHOLE) },	{ NONE },	false),
	SOCK(family,		{ ALL(FIRST) },	{ NONE },	false),
	SOCK(type,		{ NONE },	{ NONE },	false),
	SOCK(protocol,		{ NONE },	{ NONE },	false),
	SOCK(mark,		{ NONE },	{ NONE },	false),
	SOCK(priority,		{ NONE },	{ NONE },	false),
	SOCK(src_ip4,		{ ALL(PARTS) },	{ NONE },	false),
	SOCK(src_ip6[0],	{ ALL(PARTS) },	{ NONE },	false),
	SOCK(src_ip6[1],	{ ALL(PARTS) },	{ NONE },	false),
	SOCK(src_ip6[2],	{ ALL(PARTS) },	{ NONE },	false),
	SOCK(src_ip6[3],	{ ALL(PARTS) },	{ NONE },	false),
	SOCK(src_port,		{ ALL(FIRST) },	{ NONE },	false),
	SOCK(dst_port,		{ ALL(PARTS) },	{ NONE },	false),
	{ ACCESS_NO_FIELD, DST_PORT_END, 2, { NONE }, { NONE }, false },
	/* It had 32 bits once; programs of then still load them. */
	{ "dst_port, padded", offsetof(struct bpf_sock, dst_port), 4, { ALL(WHOLE) }, { NONE }, false },
	SOCK(dst_ip4,		{ ALL(PARTS) },	{ NONE },	false),
	SOCK(dst_ip6[0],	{ ALL(PARTS) },	{ NONE },	false),
	SOCK(dst_ip6[1],	{ ALL(PARTS) },	{ NONE },	false),
	SOCK(dst_ip6[2],	{ ALL(PARTS) },	{ NONE },	false),
	SOCK(dst_ip6[3],	{ ALL(PARTS) },	{ NONE },	false),
	SOCK(state,		{ ALL(FIRST) },	{ NONE },	false),
	SOCK(rx_queue_mapping,	{ ALL(FIRST) },	{ NONE },	false),
};

/* What bpf_sk_fullsock() adds; the rest is as above. */
static const struct access_field sock_full_fields[] = {
	SOCK(type,		{ ALL(FIRST) },	{ NONE },	false),
	SOCK(protocol,		{ ALL(FIRST) },	{ NONE },	false),
	SOCK(mark,		{ ALL(WHOLE) },	{ NONE },	false),
	SOCK(priority,		{ ALL(WHOLE) },	{ NONE },	false),
};

#define ALL_VIEWS	((1u << VIEW_CNT) - 1)
#define LOAD_SK		XB_LDX_MEM(BPF_DW, 1, 1, offsetof(struct __sk_buff, sk))
#define LEAVE_IF_0(reg)	XB_JMP_IMM(BPF_JNE, reg, 0, 2), XB_MOV64_IMM(0, 0), XB_EXIT()

const struct access_area access_areas[ACCESS_AREAS] = {
	{ "__sk_buff", sizeof(struct __sk_buff), { { skb_fields, XB_ARRAY_SIZE(skb_fields) } },
	  { XB_MOV64_REG(6, 1) }, ALL_VIEWS },
	{ "sk", sizeof(struct bpf_sock),
	  { { sock_common_fields, XB_ARRAY_SIZE(sock_common_fields) } },
	  { LOAD_SK, LEAVE_IF_0(1), XB_MOV64_REG(6, 1) }, ALL_VIEWS & ~(1u << VIEW_FLOW) },
	{ "full sk", sizeof(struct bpf_sock),
	  { { sock_common_fields, XB_ARRAY_SIZE(sock_common_fields) },
	    { sock_full_fields, XB_ARRAY_SIZE(sock_full_fields) } },
	  { LOAD_SK, LEAVE_IF_0(1), XB_CALL(BPF_FUNC_sk_fullsock), LEAVE_IF_0(0),
	    XB_MOV64_REG(6, 0) }, 1u << VIEW_TC | 1u << VIEW_CGROUP },
};
const struct access_area access_stack = {
	"stack", 8, .views = ALL_VIEWS, .prefix = { XB_ST_MEM(BPF_DW, 10, -8, 0), XB_MOV64_REG(6, 10) }
};

#define ATOMIC(op)	BPF_STX | BPF_ATOMIC, op, 4

const struct access_kind access_kinds[ACCESS_KINDS] = {
	{ "LDX",		BPF_LDX | BPF_MEM,	0,	1,	8,	LOADS },
	{ "LDX, signed",	BPF_LDX | BPF_MEMSX,	0,	1,	4,	LOADS | SIGN },
	{ "STX",		BPF_STX | BPF_MEM,	0,	1,	8,	0 },
	{ "ST",			BPF_ST | BPF_MEM,	0,	1,	8,	0 },
	{ "load-acquire",	BPF_STX | BPF_ATOMIC,	0x100,	1,	8,	LOADS },
	{ "store-release",	BPF_STX | BPF_ATOMIC,	0x110,	1,	8,	0 },
	{ "atomic add",		ATOMIC(BPF_ADD),	8,	0 },
	{ "atomic or",		ATOMIC(BPF_OR),		8,	0 },
	{ "atomic and",		ATOMIC(BPF_AND),	8,	0 },
	{ "atomic xor",		ATOMIC(BPF_XOR),	8,	0 },
	{ "fetch and add",	ATOMIC(BPF_ADD | BPF_FETCH),	8,	0 },
	{ "fetch and or",	ATOMIC(BPF_OR | BPF_FETCH),	8,	0 },
	{ "fetch and and",	ATOMIC(BPF_AND | BPF_FETCH),	8,	0 },
	{ "fetch and xor",	ATOMIC(BPF_XOR | BPF_FETCH),	8,	0 },
	{ "exchange",		ATOMIC(BPF_XCHG),	8,	0 },
	{ "compare, exchange",	ATOMIC(BPF_CMPXCHG),	8,	0 },
};

const struct access_type access_types[ACCESS_TYPES] = {
	{ "sched_cls",		BPF_PROG_TYPE_SCHED_CLS,	0,	VIEW_TC },
	{ "sched_act",		BPF_PROG_TYPE_SCHED_ACT,	0,	VIEW_TC },
	{ "tcx/ingress",	BPF_PROG_TYPE_SCHED_CLS,	46,	VIEW_TC },
	{ "tcx/egress",		BPF_PROG_TYPE_SCHED_CLS,	47,	VIEW_TC },
	{ "socket_filter",	BPF_PROG_TYPE_SOCKET_FILTER,	0,	VIEW_FILTER },
	{ "cgroup/ingress",	BPF_PROG_TYPE_CGROUP_SKB,	0,	VIEW_CGROUP },
	{ "cgroup/egress",	BPF_PROG_TYPE_CGROUP_SKB,	1,	VIEW_CGROUP },
	{ "lwt_in",		BPF_PROG_TYPE_LWT_IN,		0,	VIEW_LWT },
	{ "lwt_out",		BPF_PROG_TYPE_LWT_OUT,		0,	VIEW_LWT },
	{ "lwt_xmit",		BPF_PROG_TYPE_LWT_XMIT,		0,	VIEW_LWT },
	{ "lwt_seg6local",	BPF_PROG_TYPE_LWT_SEG6LOCAL,	0,	VIEW_LWT },
	{ "flow_dissector",	BPF_PROG_TYPE_FLOW_DISSECTOR,	0,	VIEW_FLOW },
	{ "sk_skb",		BPF_PROG_TYPE_SK_SKB,		0,	VIEW_STREAM },
	{ "flow_dissector, 17",	BPF_PROG_TYPE_FLOW_DISSECTOR,	17,	VIEW_FLOW },
};

#define SUBPROG_CALL 2 /* the call, over these instructions */

const struct access_way access_ways[ACCESS_WAYS] = {
	{ "R6",			6,	{ XB_MOV64_IMM(2, 0) } },
	{ "R1",			1,	{ XB_MOV64_REG(1, 6) } },
	{ "spilled",		7,	{ XB_STX_MEM(BPF_DW, 10, 6, -16),
					  XB_LDX_MEM(BPF_DW, 7, 10, -16) } },
	{ "a function's R1",	1,	{ XB_MOV64_REG(1, 6), XB_CALL_FUNC(SUBPROG_CALL),
					  XB_MOV64_IMM(0, 0), XB_EXIT() } },
};
/* clang-format on */

u8
access_size_code(u32 bytes)
{
	static const u8 codes[] = { [1] = BPF_B, [2] = BPF_H, [4] = BPF_W, [8] = BPF_DW };

	return codes[bytes];
}

struct bpf_insn
access_insn(const struct access_kind *kind, u32 base, u32 other, s32 off, u32 bytes)
{
	bool loads = kind->flags & LOADS;

	if (BPF_CLASS(kind->code) == BPF_ST)
		other = 0;
	return XB_INSN(kind->code | access_size_code(bytes), loads ? other : base,
	               loads ? base : other, off, kind->imm);
}

static u32
append(struct bpf_insn *to, const struct bpf_insn *insns)
{
	u32 cnt = 0;

	for (; insns[cnt].code; cnt++)
		to[cnt] = insns[cnt];
	return cnt;
}

u32
access_prog(const struct access *a, struct bpf_insn *insns)
{
	u32 cnt = append(insns, a->area->prefix);

	cnt += append(insns + cnt, a->way->insns);
	insns[cnt++] = XB_MOV64_IMM(2, 0);
	insns[cnt++] = XB_MOV64_IMM(0, 0);
	insns[cnt++] = access_insn(a->kind, a->way->reg, 2, a->off, a->bytes);
	insns[cnt++] = XB_MOV64_IMM(0, 0);
	insns[cnt++] = XB_EXIT();
	return cnt;
}

static bool
field_allows(const struct access_field *f, const struct access *a)
{
	enum access_parts parts = (a->kind->flags & LOADS ? f->load : f->store)[a->type->view];
	u32 off = (u32)a->off;

	if (a->off < 0 || (a->kind->flags & SIGN && f->pointer) ||
	    BPF_MODE(a->kind->code) == BPF_ATOMIC)
		return false;
	switch (parts) {
	case NONE:
		return false;
	case WHOLE:
		return off == f->off && a->bytes == f->bytes;
	case FIRST:
		return off == f->off && a->bytes <= f->bytes;
	case PARTS:
		return off % a->bytes == 0 && off >= f->off && off + a->bytes <= f->off + f->bytes;
	}
	return false;
}

bool
access_allowed(const struct access *a, const struct access_field **field)
{
	static const struct access_field nothing = { .name = ACCESS_NO_FIELD };
	const struct access_field *first = NULL;
	bool yes = false;
	u32 i, k;

	for (k = 0; k < XB_ARRAY_SIZE(a->area->lists); k++)
		for (i = 0; i < a->area->lists[k].cnt; i++) {
			const struct access_field *f = &a->area->lists[k].fields[i];

			if (!first && a->off >= (s32)f->off && a->off < (s32)(f->off + f->bytes))
				first = f;
			yes |= field_allows(f, a);
		}
	*field = first ? first : &nothing;
	return yes;
}
