/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_ct.c - tracked connections, and transforms of the packet's security path.
 *
 *   [{"protocol": "tcp", "src": "10.0.0.1", "dst": "10.0.0.2", "sport": 1000, "dport": 80,
 *     "state": "ESTABLISHED", "status": ["CONFIRMED", "ASSURED"], "timeout": 300}]
 *
 * Without reply_* the reply comes from where the packet goes to.
 */
#include "emu/world_ct.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

const struct world_name world_ct_protos[] = {
	{ "tcp", IPPROTO_TCP },       { "udp", IPPROTO_UDP },         { "icmp", IPPROTO_ICMP },
	{ "icmpv6", IPPROTO_ICMPV6 }, { "sctp", IPPROTO_SCTP },       { "dccp", IPPROTO_DCCP },
	{ "gre", IPPROTO_GRE },       { "udplite", IPPROTO_UDPLITE }, { NULL, 0 },
};

const struct world_name world_ct_states[] = {
	{ "NONE", TCP_CONNTRACK_NONE },
	{ "SYN_SENT", TCP_CONNTRACK_SYN_SENT },
	{ "SYN_RECV", TCP_CONNTRACK_SYN_RECV },
	{ "ESTABLISHED", TCP_CONNTRACK_ESTABLISHED },
	{ "FIN_WAIT", TCP_CONNTRACK_FIN_WAIT },
	{ "CLOSE_WAIT", TCP_CONNTRACK_CLOSE_WAIT },
	{ "LAST_ACK", TCP_CONNTRACK_LAST_ACK },
	{ "TIME_WAIT", TCP_CONNTRACK_TIME_WAIT },
	{ "CLOSE", TCP_CONNTRACK_CLOSE },
	{ "SYN_SENT2", TCP_CONNTRACK_SYN_SENT2 },
	{ NULL, 0 },
};

static const struct world_name status[] = {
	{ "EXPECTED", IPS_EXPECTED }, { "SEEN_REPLY", IPS_SEEN_REPLY },
	{ "ASSURED", IPS_ASSURED },   { "CONFIRMED", IPS_CONFIRMED },
	{ "SRC_NAT", IPS_SRC_NAT },   { "DST_NAT", IPS_DST_NAT },
	{ "DYING", IPS_DYING },       { "FIXED_TIMEOUT", IPS_FIXED_TIMEOUT },
	{ "OFFLOAD", IPS_OFFLOAD },   { NULL, 0 },
};

/* A number, or an array of names. */
static int
set_status(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct world_ct *t = to;
	u64 n = 0;
	u32 bit = 0;

	t->ct.status = 0;
	if (v->kind != XB_VALUE_ARRAY) {
		if (world_number(r, v, UINT32_MAX, &n) != 0)
			return -1;
		t->ct.status = (u32)n;
		return 0;
	}
	for (const struct xb_value *e = v->first; e; e = e->next) {
		if (world_named(r, e, status, UINT32_MAX, &bit) != 0)
			return -1;
		t->ct.status |= bit;
	}
	return 0;
}

/* clang-format off */
static const struct world_key keys[] = {
	WORLD_NAME("protocol", world_ct, ct.proto, UINT8_MAX, world_ct_protos),
	WORLD_ADDR("src", world_ct, ct.src),
	WORLD_ADDR("dst", world_ct, ct.dst),
	WORLD_NUMBER("sport", world_ct, sport, UINT16_MAX),
	WORLD_NUMBER("dport", world_ct, dport, UINT16_MAX),
	WORLD_NUMBER("id", world_ct, sport, UINT16_MAX),
	WORLD_NUMBER("type", world_ct, icmp_type, UINT8_MAX),
	WORLD_NUMBER("code", world_ct, icmp_code, UINT8_MAX),
	WORLD_ADDR("reply_src", world_ct, ct.reply_src),
	WORLD_ADDR("reply_dst", world_ct, ct.reply_dst),
	WORLD_NUMBER("reply_sport", world_ct, reply_sport, UINT16_MAX),
	WORLD_NUMBER("reply_dport", world_ct, reply_dport, UINT16_MAX),
	WORLD_CALL("status", set_status),
	WORLD_NUMBER("mark", world_ct, ct.mark, UINT32_MAX),
	WORLD_NUMBER("timeout", world_ct, ct.timeout_s, UINT32_MAX),
	WORLD_NUMBER("zone", world_ct, ct.zone, UINT16_MAX),
	WORLD_NAME("state", world_ct, ct.tcp_state, TCP_CONNTRACK_MAX, world_ct_states),
};
/* clang-format on */

static bool
is_icmp(u8 proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* Type and code of the answer (cf. net/netfilter/nf_conntrack_proto_icmp.c: invmap). */
static u8
answer_type(u8 proto, u8 type)
{
	static const u8 pairs[][3] = {
		{ IPPROTO_ICMP, 8, 0 },   { IPPROTO_ICMP, 13, 14 },     { IPPROTO_ICMP, 15, 16 },
		{ IPPROTO_ICMP, 17, 18 }, { IPPROTO_ICMPV6, 128, 129 },
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(pairs); i++) {
		if (pairs[i][0] != proto)
			continue;
		if (pairs[i][1] == type)
			return pairs[i][2];
		if (pairs[i][2] == type)
			return pairs[i][1];
	}
	return type;
}

static int
check(struct world_reader *r, const struct xb_value *v, const struct world_ct *t)
{
	static const char *const sides[] = { "dst", "reply_src", "reply_dst" };
	const struct xb_world_ct *ct = &t->ct;
	const u8 families[] = { ct->dst.family, ct->reply_src.family, ct->reply_dst.family };

	for (size_t i = 0; i < XB_ARRAY_SIZE(sides); i++)
		if (families[i] && families[i] != ct->src.family)
			return world_fail(r, xb_value_member(v, sides[i]), "is of another family");
	if (xb_value_member(v, "state") && ct->proto != IPPROTO_TCP)
		return world_fail(r, xb_value_member(v, "state"), "only TCP has one");
	for (size_t i = 0; i < 3; i++) {
		static const char *const icmp[] = { "type", "code", "id" };

		if (xb_value_member(v, icmp[i]) && !is_icmp(ct->proto))
			return world_fail(r, xb_value_member(v, icmp[i]), "only ICMP has one");
	}
	return 0;
}

int
world_ct_add(struct world_reader *r, struct world_ct *t)
{
	struct xb_world_ct *ct = &t->ct, *to;

	if (is_icmp(ct->proto)) {
		t->dport = (u16)(t->icmp_type << 8 | t->icmp_code);
		t->reply_sport = t->sport;
		t->reply_dport = (u16)(answer_type(ct->proto, t->icmp_type) << 8 | t->icmp_code);
	} else {
		if (!t->has_reply_sport)
			t->reply_sport = t->dport;
		if (!t->has_reply_dport)
			t->reply_dport = t->sport;
	}
	if (!ct->reply_src.family)
		ct->reply_src = ct->dst;
	if (!ct->reply_dst.family)
		ct->reply_dst = ct->src;
	ct->sport = __builtin_bswap16(t->sport);
	ct->dport = __builtin_bswap16(t->dport);
	ct->reply_sport = __builtin_bswap16(t->reply_sport);
	ct->reply_dport = __builtin_bswap16(t->reply_dport);
	to = world_add(r, &r->w->cts, &r->w->ct_cnt, sizeof(*to));
	if (!to)
		return -1;
	*to = *ct;
	return 0;
}

static int
read_ct(struct world_reader *r, const struct xb_value *v)
{
	static const char *const needed[] = { "protocol", "src", "dst" };
	struct world_ct t = { .ct.status = IPS_CONFIRMED };

	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), &t) != 0)
		return -1;
	for (size_t i = 0; i < XB_ARRAY_SIZE(needed); i++)
		if (world_require(r, v, needed[i]) != 0)
			return -1;
	if (check(r, v, &t) != 0)
		return -1;
	t.has_reply_sport = xb_value_member(v, "reply_sport") != NULL;
	t.has_reply_dport = xb_value_member(v, "reply_dport") != NULL;
	return world_ct_add(r, &t);
}

int
world_read_conntrack(struct world_reader *r, const struct xb_value *v)
{
	return world_each(r, v, read_ct);
}

static int
read_xfrm(struct world_reader *r, const struct xb_value *v)
{
	struct {
		struct xb_world_xfrm xfrm;
		u32 spi; /* host order */
	} t = { 0 };
	const size_t spi_off = (size_t)((u8 *)&t.spi - (u8 *)&t);
	const struct world_key rows[] = {
		WORLD_NUMBER("reqid", xb_world_xfrm, reqid, UINT32_MAX),
		WORLD_ADDR("remote", xb_world_xfrm, remote),
		{ .name = "spi",
		  .kind = WORLD_KEY_NUMBER,
		  .max = UINT32_MAX,
		  .off = spi_off,
		  .bytes = sizeof(t.spi) },
	};
	struct xb_world_xfrm *to;

	if (world_object(r, v, rows, XB_ARRAY_SIZE(rows), &t) != 0 ||
	    world_require(r, v, "spi") != 0 || world_require(r, v, "remote") != 0)
		return -1;
	to = world_add(r, &r->w->xfrms, &r->w->xfrm_cnt, sizeof(*to));
	if (!to)
		return -1;
	*to = t.xfrm;
	to->spi = __builtin_bswap32(t.spi);
	return 0;
}

int
world_read_xfrm(struct world_reader *r, const struct xb_value *v)
{
	return world_each(r, v, read_xfrm);
}
