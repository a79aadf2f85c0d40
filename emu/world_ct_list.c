/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_ct_list.c - tracked connections, as `conntrack -L` and /proc/net/nf_conntrack list them.
 *
 *   tcp 6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80
 *       src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 [ASSURED] mark=0 zone=1 use=1
 */
#include "emu/world_ct.h"
#include "emu/world_text.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* "[ipv4 2] tcp 6 431999 [ESTABLISHED]": -1, 0, or 1 for protocols that are left out. */
static int
read_head(struct world_text *t, struct world_ct *ct)
{
	u64 n = 0;

	if (!strcmp(t->word, "ipv4") || !strcmp(t->word, "ipv6")) {
		if (!world_text_word(t) || !world_text_word(t))
			return world_text_fail(t, "expected a protocol");
	}
	if (!world_text_word(t) || world_text_number(t, t->word, 10, UINT8_MAX, &n) != 0)
		return -1;
	ct->ct.proto = (u8)n;
	if (!world_text_word(t) || world_text_number(t, t->word, 10, UINT32_MAX, &n) != 0)
		return -1;
	ct->ct.timeout_s = (u32)n;
	return 0;
}

struct field {
	const char *name;
	size_t addr, port; /* of the first direction in struct world_ct; 0: none */
	size_t reply_addr, reply_port;
};

#define AT(field) offsetof(struct world_ct, field)

static const struct field fields[] = {
	{ "src=", AT(ct.src), 0, AT(ct.reply_src), 0 },
	{ "dst=", AT(ct.dst), 0, AT(ct.reply_dst), 0 },
	{ "sport=", 0, AT(sport), 0, AT(reply_sport) },
	{ "dport=", 0, AT(dport), 0, AT(reply_dport) },
	{ "id=", 0, AT(sport), 0, AT(reply_sport) },
};

/* One of a direction; the second direction begins with the second src=. */
static int
read_field(struct world_text *t, const struct field *f, bool reply, struct world_ct *ct)
{
	const char *value = t->word + strlen(f->name);
	size_t off = reply ? f->reply_port : f->port;
	u64 n = 0;
	u16 port;

	if (f->name[0] == 's' || f->name[0] == 'd') {
		ct->has_reply_sport |= reply && !strcmp(f->name, "sport=");
		ct->has_reply_dport |= reply && !strcmp(f->name, "dport=");
	}
	if (!off) {
		off = reply ? f->reply_addr : f->addr;
		if (world_address_text(value, false,
		                       (struct xb_world_addr *)(void *)((u8 *)ct + off)))
			return 0;
		return world_text_fail(t, "'%.60s' is no address", value);
	}
	if (world_text_number(t, value, 10, UINT16_MAX, &n) != 0)
		return -1;
	port = (u16)n;
	memcpy((u8 *)ct + off, &port, sizeof(port));
	return 0;
}

/* The numbers and marks beside the addresses. */
static int
read_rest(struct world_text *t, bool reply, struct world_ct *ct)
{
	const struct world_name *state = world_find_name(world_ct_states, t->word);
	u64 n = 0;

	if (!strncmp(t->word, "mark=", 5)) {
		if (world_text_number(t, t->word + 5, 10, UINT32_MAX, &n) != 0)
			return -1;
		ct->ct.mark = (u32)n;
	} else if (!strncmp(t->word, "zone=", 5)) {
		if (world_text_number(t, t->word + 5, 10, UINT16_MAX, &n) != 0)
			return -1;
		ct->ct.zone = (u16)n;
	} else if (!reply && !strncmp(t->word, "type=", 5)) {
		if (world_text_number(t, t->word + 5, 10, UINT8_MAX, &n) != 0)
			return -1;
		ct->icmp_type = (u8)n;
	} else if (!reply && !strncmp(t->word, "code=", 5)) {
		if (world_text_number(t, t->word + 5, 10, UINT8_MAX, &n) != 0)
			return -1;
		ct->icmp_code = (u8)n;
	} else if (!strcmp(t->word, "[UNREPLIED]")) {
		ct->ct.status &= ~(u32)IPS_SEEN_REPLY;
	} else if (!strcmp(t->word, "[ASSURED]")) {
		ct->ct.status |= IPS_ASSURED;
	} else if (!strcmp(t->word, "[OFFLOAD]")) {
		ct->ct.status |= IPS_OFFLOAD;
	} else if (state && ct->ct.proto == IPPROTO_TCP && !ct->ct.src.family) {
		ct->ct.tcp_state = (u8)state->number;
	}
	return 0;
}

static int
read_words(struct world_text *t, struct world_ct *ct)
{
	bool reply = false;

	while (world_text_word(t)) {
		const struct field *f = NULL;

		for (size_t i = 0; !f && i < XB_ARRAY_SIZE(fields); i++)
			if (!strncmp(fields[i].name, t->word, strlen(fields[i].name)))
				f = &fields[i];
		if (f == &fields[0] && ct->ct.src.family)
			reply = true;
		if ((f ? read_field(t, f, reply, ct) : read_rest(t, reply, ct)) != 0)
			return -1;
	}
	if (!ct->ct.src.family || ct->ct.dst.family != ct->ct.src.family)
		return world_text_fail(t, "expected src= and dst= of one family");
	return 0;
}

/* What a translation changes shows in the answer's addresses. */
static void
set_nat(struct world_ct *ct)
{
	const struct xb_world_ct *c = &ct->ct;

	if (!c->reply_src.family)
		return;
	if (memcmp(&c->reply_dst, &c->src, sizeof(c->src)) ||
	    (ct->has_reply_dport && ct->reply_dport != ct->sport))
		ct->ct.status |= IPS_SRC_NAT | IPS_SRC_NAT_DONE;
	if (memcmp(&c->reply_src, &c->dst, sizeof(c->dst)) ||
	    (ct->has_reply_sport && ct->reply_sport != ct->dport))
		ct->ct.status |= IPS_DST_NAT | IPS_DST_NAT_DONE;
}

int
world_text_conntrack(struct world_reader *r, struct world_text *t)
{
	while (world_text_line(t)) {
		struct world_ct ct = { .ct.status = IPS_CONFIRMED | IPS_SEEN_REPLY };

		world_text_word(t);
		if (read_head(t, &ct) != 0 || read_words(t, &ct) != 0)
			return -1;
		set_nat(&ct);
		if (world_ct_add(r, &ct) != 0)
			return -1;
	}
	return 0;
}
