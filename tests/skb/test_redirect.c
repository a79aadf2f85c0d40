/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_redirect.c - bpf_clone_redirect, bpf_redirect, bpf_redirect_peer and bpf_redirect_neigh:
 * what they return, what clones hold, and where a packet gets.
 */
#include "tests/skb/direct.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#define CLONE(ifindex, flags) CALL(clone_redirect, CTX, IMM(ifindex), IMM(flags))
#define GO(ifindex, flags)    CALL(redirect, IMM(ifindex), IMM(flags))
#define PEER(ifindex, flags)  CALL(redirect_peer, IMM(ifindex), IMM(flags))
#define NEIGH(ifindex, params, bytes, flags)                                                       \
	CALL(redirect_neigh, IMM(ifindex), params, IMM(bytes), IMM(flags))

#define NH_BYTES (s64)sizeof(struct bpf_redir_neigh)
#define GOES     .want = TC_ACT_REDIRECT
#define SHOT     .want = TC_ACT_SHOT

/* clang-format off */
static const struct skb_case cases[] = {
	{ "clone: egress", TCP4, .script = STEPS({ CLONE(1, 0) }, { CTX_LD(len), .want = 74 }) },
	{ "clone: ingress", TCP4, .script = STEPS({ CLONE(1, BPF_F_INGRESS) }, { CTX_LD(len), .want = 74 }) },
	{ "clone: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { CLONE(1, 0) }, { CLONE(1, 1) } } } },
	{ "clone: flag 2", TCP4, .script = STEPS({ CLONE(1, 2), .want = -EINVAL }) },
	{ "clone: flags 3", TCP4, .script = STEPS({ CLONE(1, 3), .want = -EINVAL }) },
	{ "clone: flags of the kernel's own", TCP4, .script = STEPS({ CLONE(1, 1 << 16), .want = -EINVAL }, { CLONE(1, 1 << 17), .want = -EINVAL }, { CLONE(1, 1 << 18), .want = -EINVAL }) },
	{ "clone: flag of bit 32", TCP4, .script = STEPS({ CLONE(1, 1ull << 32), .want = -EINVAL }) },
	{ "clone: flag of bit 63", TCP4, .script = STEPS({ CLONE(1, 1ull << 63), .want = -EINVAL }) },
	{ "clone: interface 0", TCP4, .script = STEPS({ CLONE(0, 0), .want = -EINVAL }) },
	{ "clone: interface unknown", TCP4, .script = STEPS({ CLONE(0x7fffffff, 0), .want = -EINVAL }) },
	{ "clone: interface -1", TCP4, .script = STEPS({ CLONE(-1, 1), .want = -EINVAL }) },
	{ "clone: interface beyond 32 bits", TCP4, .script = STEPS({ CLONE(0x100000001ll, 0) }) },
	{ "clone: 14 bytes", ETHER, .script = STEPS({ CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: ARP", ARP, .script = STEPS({ CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: IPv6", TCP6, .script = STEPS({ CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: VLAN", VLAN, .script = STEPS({ CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: unknown type", UNKNOWN, .script = STEPS({ CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: for others", OTHERHOST, .script = STEPS({ CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: multicast", MULTICAST, .script = STEPS({ CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: broadcast", BROADCAST, .script = STEPS({ CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: longest", LARGE, .script = STEPS({ CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: many", TCP4, .repeat = 3, .script = STEPS({ CLONE(1, 0) }, { CLONE(1, 0) }, { CLONE(1, 1) }, { CLONE(1, 1) }) },
	{ "clone: GSO without a type", TCP4, .ctx = CTX_IN(.gso_size = 10), .script = STEPS({ CLONE(1, 0), .want = -EBADMSG }, { CLONE(1, 1), .want = -EBADMSG }) },
	{ "clone: GSO before the interface", TCP4, .ctx = CTX_IN(.gso_size = 10), .script = STEPS({ CLONE(0, 0), .want = -EBADMSG }) },
	{ "clone: flags before GSO", TCP4, .ctx = CTX_IN(.gso_size = 10), .script = STEPS({ CLONE(1, 2), .want = -EINVAL }) },
	{ "clone: GSO segments alone", TCP4, .ctx = CTX_IN(.gso_segs = 4), .script = STEPS({ CLONE(1, 0) }) },
	{ "clone: GSO of no kind", TCP4, .ctx = CTX_IN(.gso_size = 10), .script = STEPS({ CALL(skb_change_proto, CTX, IMM(0xdd86), IMM(0)) }, { CLONE(1, 0), .want = -ENOMEM }, { CLONE(1, 1) }) },
	{ "clone: GSO of no kind, UDP", UDP6, .ctx = CTX_IN(.gso_size = 1000), .script = STEPS({ CALL(skb_change_proto, CTX, IMM(8), IMM(0)) }, { CLONE(1, 0), .want = -ENOMEM }, { CLONE(1, 1) }) },
	{ "clone: packet and context stay", TCP4, .ctx = CTX_IN(.mark = 3, .tstamp = 99, .cb = { 1, 2, 3, 4, 5 }), .script = STEPS({ PKT_ST(20, 2, 0x1234) }, { CLONE(1, 0) }, { PKT_LD(20, 2), .want = 0x1234 }, { CTX_LD(tstamp), .want = 99 }, { CTX_LD(mark), .want = 3 }) },
	{ "clone: tag beside the packet", TCP4, .script = STEPS({ CALL(skb_vlan_push, CTX, IMM(0x0081), IMM(5)) }, { CLONE(1, 0) }, { CLONE(1, 1) }, { CTX_LD(vlan_tci), .want = 5 }) },
	{ "clone: tags beside and within", TCP4, .script = STEPS({ CALL(skb_vlan_push, CTX, IMM(0x0081), IMM(5)) }, { CALL(skb_vlan_push, CTX, IMM(0x0081), IMM(6)) }, { CLONE(1, 0) }, { CLONE(1, 1) }, { CALL(skb_vlan_pop, CTX) }, { CLONE(1, 0) }) },
	{ "clone: head grown", TCP4, .script = STEPS({ CALL(skb_change_head, CTX, IMM(14), IMM(0)) }, { CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: cut to 14", TCP4, .script = STEPS({ CALL(skb_change_tail, CTX, IMM(14), IMM(0)) }, { CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: room taken and given", TCP4, .script = STEPS({ CALL(skb_adjust_room, CTX, IMM(-20), IMM(BPF_ADJ_ROOM_MAC), IMM(0)) }, { CLONE(1, 0) }, { CALL(skb_adjust_room, CTX, IMM(40), IMM(BPF_ADJ_ROOM_MAC), IMM(0)) }, { CLONE(1, 1) }) },
	{ "clone: other protocol", TCP4, .script = STEPS({ CALL(skb_change_proto, CTX, IMM(0xdd86), IMM(0)) }, { CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: sum stays", TCP4, .flags = 4, .script = STEPS({ CLONE(1, 0) }, { CLONE(1, 1) }) },
	{ "clone: last result", TCP4, .script = { .verdict = SCRIPT_LAST, .steps = { { CLONE(0, 0), .want = -EINVAL } } } },

	{ "redirect: egress", TCP4, .script = { .verdict = SCRIPT_LAST, .steps = { { GO(1, 0), GOES } } } },
	{ "redirect: ingress", TCP4, .script = STEPS({ GO(1, BPF_F_INGRESS), GOES }) },
	{ "redirect: any interface", TCP4, .script = STEPS({ GO(0, 0), GOES }, { GO(77, 0), GOES }, { GO(-1, 1), GOES }) },
	{ "redirect: flag 2", TCP4, .script = { .verdict = SCRIPT_LAST, .steps = { { GO(1, 2), SHOT } } } },
	{ "redirect: flags of the kernel's own", TCP4, .script = STEPS({ GO(1, 1 << 16), SHOT }, { GO(1, 1 << 17), SHOT }, { GO(1, 1 << 18), SHOT }) },
	{ "redirect: flags of high bits", TCP4, .script = STEPS({ GO(1, 1ull << 32), SHOT }, { GO(1, 1ull << 63), SHOT }, { GO(1, -1), SHOT }) },
	{ "redirect: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .verdict = SCRIPT_LAST, .steps = { { GO(1, 1), GOES } } } },

	{ "peer", TCP4, .script = { .verdict = SCRIPT_LAST, .steps = { { PEER(1, 0), GOES } } } },
	{ "peer: any interface", TCP4, .script = STEPS({ PEER(0, 0), GOES }, { PEER(-1, 0), GOES }) },
	{ "peer: flags", TCP4, .script = STEPS({ PEER(1, 1), SHOT }, { PEER(1, 2), SHOT }, { PEER(1, 1ull << 40), SHOT }, { PEER(1, -1), SHOT }) },
	{ "peer: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { PEER(1, 0), GOES } } } },

	{ "neigh: no parameters", TCP4, .script = { .verdict = SCRIPT_LAST, .steps = { { NEIGH(1, IMM(0), 0, 0), GOES } } } },
	{ "neigh: flags", TCP4, .script = STEPS({ NEIGH(1, IMM(0), 0, 1), SHOT }, { NEIGH(1, IMM(0), 0, 1ull << 33), SHOT }, { NEIGH(1, BUF(0), NH_BYTES, 1), SHOT }) },
	{ "neigh: parameters of no bytes", TCP4, .script = STEPS({ NEIGH(1, BUF(0), 0, 0), GOES }) },
	{ "neigh: parameters too short", TCP4, .script = STEPS({ NEIGH(1, BUF(0), 1, 0), SHOT }, { NEIGH(1, BUF(0), NH_BYTES - 1, 0), SHOT }) },
	{ "neigh: parameters", TCP4, .script = STEPS({ NEIGH(1, BUF(0), NH_BYTES, 0), GOES }, { NEIGH(1, BUF(0), NH_BYTES + 1, 0), GOES }, { NEIGH(1, BUF(0), SCRIPT_BUF, 0), GOES }) },
	{ "neigh: parameters on the stack", TCP4, .script = STEPS({ NEIGH(1, STACK(0), NH_BYTES, 0), GOES }) },
	{ "neigh: NULL with a size", TCP4, .script = STEPS({ NEIGH(1, IMM(0), NH_BYTES, 0) }), .load = -EACCES },
	{ "neigh: parameters past the buffer", TCP4, .script = STEPS({ NEIGH(1, BUF(1), SCRIPT_BUF, 0) }), .load = -EACCES },
	{ "neigh: any packet", ARP, .script = STEPS({ NEIGH(1, IMM(0), 0, 0), GOES }) },
	{ "neigh: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { NEIGH(1, IMM(0), 0, 0), GOES } } } },

	{ "no licence", TCP4, .script = { .proprietary = true, .steps = { { CLONE(1, 0) }, { GO(1, 0), GOES }, { PEER(1, 0), GOES }, { NEIGH(1, IMM(0), 0, 0), GOES } } } },
};
/* clang-format on */

static void
test_cases(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

/* Where a packet gets, on the emulator alone. */
static const struct target_row {
	const char *name;
	enum packet packet;
	u32 bytes; /* 0: all; ~0u: none */
	bool one_ifindex, at_egress;
	u16 family; /* of the next hop */
	struct script script;
	struct xb_skb_redirect want;
} targets[] = {
#define TARGET(kind_, ...)                                                                         \
	{                                                                                          \
		.kind = XB_SKB_REDIRECT_##kind_, __VA_ARGS__                                       \
	}
#define NOWHERE                                                                                    \
	{                                                                                          \
		.kind = XB_SKB_REDIRECT_NONE                                                       \
	}
#define LAST(...)                                                                                  \
	{                                                                                          \
		.verdict = SCRIPT_LAST, .steps = { __VA_ARGS__ }                                   \
	}
	/* clang-format off */
	{ "egress", TCP4, .script = LAST({ GO(5, 0) }), .want = TARGET(IFINDEX, .ifindex = 5) },
	{ "ingress", TCP4, .script = LAST({ GO(5, 1) }), .want = TARGET(IFINDEX, .ifindex = 5, .ingress = true, .flags = 1) },
	{ "greatest interface", TCP4, .script = LAST({ GO(0x7fffffff, 0) }), .want = TARGET(IFINDEX, .ifindex = 0x7fffffff) },
	{ "interface 0", TCP4, .script = LAST({ GO(0, 0) }), .want = NOWHERE },
	{ "interface beyond INT_MAX", TCP4, .script = LAST({ GO(0x80000000, 0) }), .want = NOWHERE },
	{ "loopback alone", TCP4, .one_ifindex = true, .script = LAST({ GO(1, 0) }), .want = TARGET(IFINDEX, .ifindex = 1) },
	{ "not the loopback", TCP4, .one_ifindex = true, .script = LAST({ GO(2, 0) }), .want = NOWHERE },
	{ "refused", TCP4, .script = LAST({ GO(5, 2) }), .want = NOWHERE },
	{ "last one", TCP4, .script = LAST({ GO(5, 1) }, { GO(6, 0) }), .want = TARGET(IFINDEX, .ifindex = 6) },
	{ "one before one that is refused", TCP4, .script = { .verdict = TC_ACT_REDIRECT, .steps = { { GO(5, 1) }, { GO(6, 2) }, { PEER(7, 1) }, { NEIGH(8, BUF(0), 3, 0) } } }, .want = TARGET(IFINDEX, .ifindex = 5, .ingress = true, .flags = 1) },
	{ "of another kind", TCP4, .script = LAST({ NEIGH(8, BUF(0), NH_BYTES, 0) }, { GO(6, 0) }), .want = TARGET(IFINDEX, .ifindex = 6) },
	{ "verdict without a target", TCP4, .script = { .verdict = TC_ACT_REDIRECT }, .want = NOWHERE },
	{ "target without the verdict", TCP4, .script = STEPS({ GO(5, 0) }), .want = NOWHERE },
	{ "empty packet", TCP4, .bytes = ~0u, .script = LAST({ GO(5, 0) }), .want = NOWHERE },
	{ "14 bytes", ETHER, .script = LAST({ GO(5, 0) }), .want = TARGET(IFINDEX, .ifindex = 5) },
	{ "clone is no target", TCP4, .script = { .verdict = TC_ACT_REDIRECT, .steps = { { CLONE(5, 0) } } }, .want = NOWHERE },
	{ "peer", TCP4, .script = LAST({ PEER(5, 0) }), .want = TARGET(PEER, .ifindex = 5, .ingress = true) },
	{ "peer, on the way out", TCP4, .at_egress = true, .script = LAST({ PEER(5, 0) }), .want = NOWHERE },
	{ "peer, interface 0", TCP4, .script = LAST({ PEER(0, 0) }), .want = NOWHERE },
	{ "neigh", TCP4, .script = LAST({ NEIGH(5, IMM(0), 0, 0) }), .want = TARGET(NEIGH, .ifindex = 5) },
	{ "neigh, IPv6", TCP6, .script = LAST({ NEIGH(5, IMM(0), 0, 0) }), .want = TARGET(NEIGH, .ifindex = 5) },
	{ "neigh, empty parameters", TCP4, .script = LAST({ NEIGH(5, BUF(0), 0, 0) }), .want = TARGET(NEIGH, .ifindex = 5) },
	{ "neigh, next hop", TCP4, .family = AF_INET, .script = LAST({ NEIGH(5, BUF(0), NH_BYTES, 0) }), .want = TARGET(NEIGH, .ifindex = 5, .has_nexthop = true) },
	{ "neigh, IPv6 for IPv4", TCP4, .family = AF_INET6, .script = LAST({ NEIGH(5, BUF(0), 99, 0) }), .want = TARGET(NEIGH, .ifindex = 5, .has_nexthop = true) },
	{ "neigh, no family for IPv4", TCP4, .family = 1, .script = LAST({ NEIGH(5, BUF(0), NH_BYTES, 0) }), .want = NOWHERE },
	{ "neigh, next hop of IPv6", TCP6, .family = AF_INET6, .script = LAST({ NEIGH(5, BUF(0), NH_BYTES, 0) }), .want = TARGET(NEIGH, .ifindex = 5, .has_nexthop = true) },
	{ "neigh, IPv4 for IPv6", TCP6, .family = AF_INET, .script = LAST({ NEIGH(5, BUF(0), NH_BYTES, 0) }), .want = NOWHERE },
	{ "neigh, multicast", MULTICAST, .script = LAST({ NEIGH(5, IMM(0), 0, 0) }), .want = NOWHERE },
	{ "neigh, neither IPv4 nor IPv6", ARP, .script = LAST({ NEIGH(5, IMM(0), 0, 0) }), .want = NOWHERE },
	{ "neigh, VLAN", VLAN, .script = LAST({ NEIGH(5, IMM(0), 0, 0) }), .want = NOWHERE },
	{ "neigh, empty packet", TCP4, .bytes = ~0u, .script = LAST({ NEIGH(5, IMM(0), 0, 0) }), .want = NOWHERE },
	/* clang-format on */
};

static void
check_target(const struct target_row *row, const struct direct *d,
             const struct bpf_redir_neigh *nexthop)
{
	const struct xb_skb_redirect *to = &d->out.redirect, *want = &row->want;

	assert_int_equal(d->out.status, XB_RUN_EXIT);
	if (to->kind != want->kind)
		fail_msg("%s: %s, not %s", row->name, xb_skb_redirect_kind_name(to->kind),
		         xb_skb_redirect_kind_name(want->kind));
	if (want->kind == XB_SKB_REDIRECT_NONE)
		return;
	if (to->ifindex != want->ifindex || to->ingress != want->ingress ||
	    to->flags != want->flags || to->has_nexthop != want->has_nexthop)
		fail_msg("%s: interface %u, ingress %u, flags %llx, next hop %u", row->name,
		         to->ifindex, to->ingress, (unsigned long long)to->flags, to->has_nexthop);
	if (to->has_nexthop && memcmp(&to->nexthop, nexthop, sizeof(*nexthop)))
		fail_msg("%s: other next hop", row->name);
}

static void
run_target(struct direct *d, const struct target_row *row)
{
	const struct xb_skb_ctx ctx = { .ifindex = 1, .at_egress = row->at_egress };
	const struct bpf_redir_neigh nexthop = { .nh_family = row->family,
		                                 .ipv6_nh = { 1, 2, 3, 4 } };
	u8 data[PACKET_MAX_BYTES];
	u32 bytes = packet_build(row->packet, data);
	const struct direct_run run = {
		.in = { .data = data, .bytes = row->bytes == ~0u ? 0 : bytes, .ctx = &ctx },
		.script = &row->script,
		.preset = &nexthop,
		.preset_bytes = sizeof(nexthop),
	};

	d->opts.any_ifindex = !row->one_ifindex;
	direct_run(d, &run);
	check_target(row, d, &nexthop);
}

static void
test_targets(void **state)
{
	const struct script go = { .verdict = TC_ACT_REDIRECT };
	struct direct *d = direct_new();

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(targets); i++)
		run_target(d, &targets[i]);
	/* A target is used up by the verdict that leads there; it outlives others. */
	run_target(d, &targets[0]);
	direct_again(d, &go);
	assert_int_equal(d->out.redirect.kind, XB_SKB_REDIRECT_NONE);
	direct_free(d);
}

/* The clones of a run: how many, and the last one. */
struct clones {
	u32 cnt;
	struct xb_skb_clone last;
	u8 data[PACKET_MAX_BYTES];
};

static void
on_clone(void *arg, const struct xb_skb_clone *clone)
{
	struct clones *c = arg;

	c->cnt++;
	c->last = *clone;
	memcpy(c->data, clone->data, clone->bytes);
}

static struct direct *
clones_new(struct clones *c)
{
	struct direct *d = direct_new();

	*c = (struct clones){ .cnt = 0 };
	d->opts.any_ifindex = true;
	d->clone_fn = on_clone;
	d->clone_arg = c;
	return d;
}

/* A clone is the packet of that moment; the program goes on with its own. */
static void
test_clone(void **state)
{
	static const struct script script =
	        STEPS({ CALL(skb_change_head, CTX, IMM(14), IMM(0)) }, { PKT_ST(0, 2, 0x2211) },
	              { CLONE(9, 1) }, { PKT_ST(0, 2, 0x4433) }, { CLONE(9, 2), .want = -EINVAL },
	              { CLONE(0, 0), .want = -EINVAL });
	const struct xb_skb_ctx ctx = { .ifindex = 1,
		                        .vlan_present = true,
		                        .vlan_tci = 0x2064,
		                        .vlan_proto = 0x0081,
		                        .ip_summed = XB_CHECKSUM_PARTIAL,
		                        .csum_start = 34,
		                        .csum_offset = 16 };
	struct clones c;
	struct direct *d = clones_new(&c);
	u8 data[PACKET_MAX_BYTES];
	const struct direct_run run = { .in = { .data = data,
		                                .bytes = packet_build(TCP4, data),
		                                .linear_bytes = 40,
		                                .ctx = &ctx },
		                        .script = &script };

	(void)state;
	direct_run(d, &run);
	direct_check(d, "clone", &script);
	assert_int_equal(c.cnt, 1);
	assert_int_equal(c.last.bytes, 88);
	assert_int_equal(c.data[0], 0x11);
	assert_int_equal(c.data[1], 0x22);
	assert_memory_equal(c.data + 14, data, 74);
	assert_true(c.last.vlan_present);
	assert_int_equal(c.last.vlan_tci, 0x2064);
	assert_int_equal(c.last.vlan_proto, 0x0081);
	assert_int_equal(c.last.ip_summed, XB_CHECKSUM_PARTIAL);
	assert_int_equal(c.last.csum_start, 48);
	assert_int_equal(c.last.csum_offset, 16);
	assert_int_equal(c.last.redirect.kind, XB_SKB_REDIRECT_IFINDEX);
	assert_int_equal(c.last.redirect.ifindex, 9);
	assert_true(c.last.redirect.ingress);
	assert_int_equal(c.last.redirect.flags, 1);
	assert_int_equal(d->out.data[0], 0x33);
	assert_int_equal(d->out.linear_bytes, 54);
	assert_int_equal(d->out.redirect.kind, XB_SKB_REDIRECT_NONE);
	direct_free(d);
}

/* The packet gets a head of its own, which has no metadata; the clone's is nobody's to see. */
static void
test_clone_meta(void **state)
{
	static const struct script script =
	        STEPS({ META_LD(0, 4), .want = 0x44332211 }, { CLONE(9, 2), .want = -EINVAL },
	              { META_LD(0, 4), .want = 0x44332211 }, { CLONE(9, 0) },
	              { META_LD(0, 4), .want = SCRIPT_SKIPPED });
	static const u8 meta[] = { 0x11, 0x22, 0x33, 0x44 };
	const struct xb_skb_ctx ctx = { .ifindex = 1 };
	struct clones c;
	struct direct *d = clones_new(&c);
	u8 data[PACKET_MAX_BYTES];
	const struct direct_run run = { .in = { .data = data,
		                                .bytes = packet_build(TCP4, data),
		                                .meta = meta,
		                                .meta_bytes = sizeof(meta),
		                                .ctx = &ctx },
		                        .script = &script };

	(void)state;
	direct_run(d, &run);
	direct_check(d, "metadata", &script);
	assert_int_equal(c.cnt, 1);
	assert_int_equal(d->kept.fields[FIELD_meta], 0);
	assert_int_equal(d->out.meta_bytes, 0);
	assert_memory_equal(d->out.data, data, 74);
	direct_free(d);
}

/* What is not sent: GSO without a type, a packet without a link layer. */
static const struct unsent_row {
	const char *name;
	u32 bytes, gso_size, gso_type;
	struct script script;
	u32 clones;
} unsent[] = {
	{ "no bytes", 0, 0, 0, STEPS({ CLONE(3, 0), .want = -ERANGE }), 0 },
	{ "no bytes, ingress", 0, 0, 0, STEPS({ CLONE(3, 1), .want = -ERANGE }), 0 },
	{ "no bytes, no interface", 0, 0, 0, STEPS({ CLONE(0, 0), .want = -EINVAL }), 0 },
	{ "one byte", 1, 0, 0, STEPS({ CLONE(3, 0) }), 1 },
	{ "GSO", 74, 10, 0, STEPS({ CLONE(3, 0), .want = -EBADMSG }), 0 },
	{ "GSO of no kind", 74, 10, 2, STEPS({ CLONE(3, 0), .want = -ENOMEM }, { CLONE(4, 1) }),
	  1 },
	{ "GSO with a type, dodgy", 74, 10, 3, STEPS({ CLONE(3, 0) }), 1 },
	{ "GSO with a type", 74, 10, 1, STEPS({ CLONE(3, 0) }, { CLONE(4, 1) }), 2 },
};

static void
test_unsent(void **state)
{
	struct clones c;
	struct direct *d = clones_new(&c);
	u8 data[PACKET_MAX_BYTES];

	(void)state;
	packet_build(TCP4, data);
	for (size_t i = 0; i < XB_ARRAY_SIZE(unsent); i++) {
		const struct unsent_row *row = &unsent[i];
		const struct xb_skb_ctx ctx = { .ifindex = 1,
			                        .gso_size = row->gso_size,
			                        .gso_type = row->gso_type };
		const struct direct_run run = {
			.in = { .data = data, .bytes = row->bytes, .ctx = &ctx },
			.script = &row->script
		};

		c.cnt = 0;
		direct_run(d, &run);
		direct_check(d, row->name, &row->script);
		if (c.cnt != row->clones)
			fail_msg("%s: %u clones, not %u", row->name, c.cnt, row->clones);
	}
	direct_free(d);
}

/* Nobody has to be there to take them. */
static void
test_nobody(void **state)
{
	static const struct script script = STEPS({ CLONE(1, 0) });
	const struct xb_skb_ctx ctx = { .ifindex = 1 };
	struct direct *d = direct_new();

	(void)state;
	direct_on_tcp4(d, "nobody", &script, &ctx);
	direct_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),  cmocka_unit_test(test_targets),
		cmocka_unit_test(test_clone),  cmocka_unit_test(test_clone_meta),
		cmocka_unit_test(test_unsent), cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests_name("skb redirect", tests, NULL, NULL);
}
