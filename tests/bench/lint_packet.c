/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/lint_packet.h"

#include "vm/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define PAYLOAD 40

enum fix { FIX_NOTHING, FIX_IP4, FIX_IP6, FIX_TCP, FIX_UDP, FIX_UDP0, FIX_ICMP, FIX_ICMP6 };

/*
 * next_off, next_bytes: where the header says what comes next, as EtherType or as protocol (0:
 * nowhere). dst_off: an address that takes the place of IPv6's destination.
 */
static const struct layer {
	const char *word;
	u32 bytes;
	u16 ethertype;
	u8 proto;
	u8 next_off, next_bytes;
	u8 dst_off;
	enum fix fix;
	u8 init[40];
} layers[] = {
	{ "eth", 14, 0x6558, 143, 12, 2, 0, FIX_NOTHING, { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 } },
	{ "vlan", 4, 0x8100, 255, 2, 2, 0, FIX_NOTHING, { 0, 5 } },
	{ "qinq", 4, 0x88a8, 255, 2, 2, 0, FIX_NOTHING, { 0, 6 } },
	{ "arp", 28, 0x0806, 255, 0, 0, 0, FIX_NOTHING, { 0, 1, 8, 0, 6, 4, 0, 1 } },
	{ "ip4", 20, 0x0800, 4, 9, 1, 0, FIX_IP4, { 0x45, 0, 0,  0, 1, 2, 0x40, 0,   64, 0,
	                                            0,    0, 10, 1, 2, 3, 192,  168, 7,  8 } },
	{ "ip4opt", 28, 0x0800, 4, 9, 1, 0, FIX_IP4, { 0x47, 0, 0, 0,  1, 2, 0x40, 0,   64,
	                                               0,    0, 0, 10, 1, 2, 3,    192, 168,
	                                               7,    8, 7, 7,  4, 9, 9 } },
	{ "ip4frag", 20, 0x0800, 4, 9, 1, 0, FIX_IP4, { 0x45, 0, 0,  0, 1, 2, 0x20, 0,   64, 0,
	                                                0,    0, 10, 1, 2, 3, 192,  168, 7,  8 } },
	{ "ip4rest", 20, 0x0800, 4, 9, 1, 0, FIX_IP4, { 0x45, 0, 0,  0, 1, 2, 0,   9,   64, 0,
	                                                0,    0, 10, 1, 2, 3, 192, 168, 7,  8 } },
	{ "ip6",
	  40,
	  0x86dd,
	  41,
	  6,
	  1,
	  0,
	  FIX_IP6,
	  { 0x60, 1, 2, 3, 0, 0, 0, 64, 0x20, 1, 0xd, 0xb8, [23] = 1, 0x20, 1, 0xd,
	    0xb8, [39] = 2 } },
	{ "hbh", 8, 0, 0, 0, 1, 0, FIX_NOTHING, { 0, 0, 5, 2, 0, 0, 1, 0 } },
	{ "dst", 16, 0, 60, 0, 1, 0, FIX_NOTHING, { 0, 1, 1, 12 } },
	{ "ah", 24, 0, 51, 0, 1, 0, FIX_NOTHING, { 0, 4, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
	{ "frag", 8, 0, 44, 0, 1, 0, FIX_NOTHING, { 0, 0, 0, 1, 9, 9, 9, 9 } },
	{ "atomic", 8, 0, 44, 0, 1, 0, FIX_NOTHING, { 0, 0, 0, 0, 9, 9, 9, 9 } },
	{ "srh",
	  40,
	  0,
	  43,
	  0,
	  1,
	  8,
	  FIX_NOTHING,
	  { 0, 4, 4, 1, 1, 0, 0, 0, 0x20, 2, [23] = 7, 0x20, 1, 0xd, 0xb8, [39] = 2 } },
	{ "rt0",
	  40,
	  0,
	  43,
	  0,
	  1,
	  24,
	  FIX_NOTHING,
	  { 0, 4, 0, 1, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, [23] = 2, 0x20, 2, [39] = 7 } },
	{ "tcp",
	  20,
	  0,
	  6,
	  0,
	  0,
	  0,
	  FIX_TCP,
	  { 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 0x50, 0x10, 9, 9 } },
	{ "udp", 8, 0, 17, 0, 0, 0, FIX_UDP, { 1, 2, 3, 4 } },
	{ "udp0", 8, 0, 17, 0, 0, 0, FIX_UDP0, { 1, 2, 3, 4 } },
	{ "icmp", 8, 0, 1, 0, 0, 0, FIX_ICMP, { 8, 0, 0, 0, 1, 2, 3, 4 } },
	{ "icmp6", 8, 0, 58, 0, 0, 0, FIX_ICMP6, { 128, 0, 0, 0, 1, 2, 3, 4 } },
	{ "esp", 8, 0, 50, 0, 0, 0, FIX_NOTHING, { 1, 2, 3, 4, 5, 6, 7, 8 } },
	{ "gre", 4, 0, 47, 2, 2, 0, FIX_NOTHING, { 0 } },
	{ "grekey", 12, 0, 47, 2, 2, 0, FIX_NOTHING, { 0x30, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 } },
	{ "vxlan", 16, 0, 17, 0, 0, 0, FIX_UDP, { 1, 2, 0x12, 0xb5, [8] = 8, [14] = 7 } },
	{ "vxlan0", 16, 0, 17, 0, 0, 0, FIX_UDP0, { 1, 2, 0x12, 0xb5, [8] = 8, [14] = 7 } },
	{ "geneve", 20, 0, 17, 10, 2, 0, FIX_UDP, { 1, 2, 0x17, 0xc1, [8] = 1, [14] = 7 } },
};

static u32
sum(const u8 *p, u32 bytes)
{
	u32 total = 0;

	for (u32 i = 0; i < bytes; i++)
		total += i & 1 ? p[i] : (u32)p[i] << 8;
	return total;
}

static u16
carry(u32 total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (u16)total;
}

/* Of the pseudo-header of a layer, `bytes` long with what it carries. */
static u32
sum_pseudo(const struct pkt *p, u32 layer, u32 bytes)
{
	const u8 *dst = NULL;
	u32 i = layer;

	while (p->layers[--i]->fix != FIX_IP4 && p->layers[i]->fix != FIX_IP6)
		if (p->layers[i]->dst_off)
			dst = p->bytes + p->at[i] + p->layers[i]->dst_off;
	if (p->layers[i]->fix == FIX_IP4)
		return sum(p->bytes + p->at[i] + 12, 8) + p->layers[layer]->proto + bytes;
	return sum(p->bytes + p->at[i] + 8, 16) + sum(dst ? dst : p->bytes + p->at[i] + 24, 16) +
	       p->layers[layer]->proto + bytes;
}

u32
pkt_csum_offset(const struct pkt *p, u32 layer)
{
	static const u32 offsets[] = { [FIX_IP4] = 10, [FIX_TCP] = 16, [FIX_UDP] = 6,
		                       [FIX_UDP0] = 6, [FIX_ICMP] = 2, [FIX_ICMP6] = 2 };

	return offsets[p->layers[layer]->fix];
}

static void
fix_layer(struct pkt *p, u32 layer)
{
	enum fix fix = p->layers[layer]->fix;
	u8 *h = p->bytes + p->at[layer], *field = h + pkt_csum_offset(p, layer);
	u32 bytes = p->len - p->at[layer], covered = bytes, pseudo = 0;

	if (fix == FIX_IP4) {
		xb_st_be16(h + 2, (u16)bytes);
		covered = p->layers[layer]->bytes;
	}
	if (fix == FIX_IP6)
		xb_st_be16(h + 4, (u16)(bytes - 40));
	if (fix == FIX_UDP || fix == FIX_UDP0)
		xb_st_be16(h + 4, (u16)bytes);
	if (fix == FIX_TCP || fix == FIX_UDP || fix == FIX_ICMP6)
		pseudo = sum_pseudo(p, layer, bytes);
	if (fix != FIX_NOTHING && fix != FIX_IP6 && fix != FIX_UDP0)
		xb_st_be16(field, (u16)~carry(sum(h, covered) + pseudo));
}

static const struct layer *
find(const char *word, size_t len)
{
	for (u32 i = 0; i < XB_ARRAY_SIZE(layers); i++)
		if (strlen(layers[i].word) == len && !memcmp(layers[i].word, word, len))
			return &layers[i];
	fail_msg("no header '%s'", word);
	return NULL;
}

/* Says in the header before what comes next. */
static void
link_layer(struct pkt *p, u32 layer)
{
	const struct layer *next = p->layers[layer], *prev = p->layers[layer - 1];
	u8 *field = p->bytes + p->at[layer - 1] + prev->next_off;

	if (prev->next_bytes == 1)
		*field = next->proto;
	else if (prev->next_bytes == 2)
		xb_st_be16(field, next->ethertype);
}

void
pkt_build(struct pkt *p, const char *words)
{
	*p = (struct pkt){ 0 };
	while (*words) {
		size_t len = strcspn(words, " ");
		const struct layer *l = find(words, len);
		u32 i = p->layer_cnt++;

		assert_true(i < PKT_LAYERS);
		p->layers[i] = l;
		p->at[i] = p->len;
		memcpy(p->bytes + p->len, l->init, l->bytes < 40 ? l->bytes : 40);
		p->len += l->bytes;
		if (i)
			link_layer(p, i);
		words += len + strspn(words + len, " ");
	}
	for (u32 i = 0; i < PAYLOAD; i++)
		p->bytes[p->len++] = (u8)(i * 37 + 11);
	for (u32 i = p->layer_cnt; i-- > 0;)
		fix_layer(p, i);
}

const char *
pkt_word(const struct pkt *p, u32 layer)
{
	return p->layers[layer]->word;
}

void
pkt_make_partial(struct pkt *p, u32 layer)
{
	xb_st_be16(p->bytes + p->at[layer] + pkt_csum_offset(p, layer),
	           carry(sum_pseudo(p, layer, p->len - p->at[layer])));
}

const struct pkt_stack pkt_stacks[] = {
	{ "eth ip4 tcp", TCP_CSUM },
	{ "eth ip4 udp", UDP_CSUM },
	{ "eth ip4 udp0", 0 },
	{ "eth ip4 icmp", ICMP_CSUM },
	{ "eth ip4 esp", 0 },
	{ "eth ip4opt tcp", TCP_CSUM },
	{ "eth ip4frag tcp", 0 },
	{ "eth ip4frag udp", 0 },
	{ "eth ip4rest tcp", 0 },
	{ "eth ip4rest udp", 0 },
	{ "eth vlan ip4 tcp", TCP_CSUM },
	{ "eth qinq vlan ip4 udp", UDP_CSUM },
	{ "eth qinq vlan vlan ip4 udp", 0 },
	{ "eth arp", 0 },
	{ "eth ip6 tcp", TCP_CSUM },
	{ "eth ip6 udp", UDP_CSUM },
	{ "eth ip6 icmp6", ICMP_CSUM },
	{ "eth ip6 icmp", 0 },
	{ "eth ip4 icmp6", 0 },
	{ "eth ip6 hbh tcp", TCP_CSUM },
	{ "eth ip6 hbh dst ah udp", UDP_CSUM },
	{ "eth ip6 frag udp", 0 },
	{ "eth ip6 atomic udp", UDP_CSUM },
	{ "eth ip6 srh tcp", TCP_CSUM },
	{ "eth ip6 rt0 dst icmp6", ICMP_CSUM },
	{ "eth vlan ip6 hbh srh tcp", TCP_CSUM },
	{ "eth ip4 ah tcp", TCP_CSUM },
	{ "eth ip4 ip4 tcp", TCP_CSUM },
	{ "eth ip4 ip6 udp", UDP_CSUM },
	{ "eth ip6 ip4 icmp", ICMP_CSUM },
	{ "eth ip6 dst ip6 tcp", TCP_CSUM },
	{ "eth ip6 srh ip4 tcp", TCP_CSUM },
	{ "eth ip6 srh eth ip4 tcp", TCP_CSUM },
	{ "eth ip4 gre ip4 tcp", TCP_CSUM },
	{ "eth ip6 grekey ip6 udp", UDP_CSUM },
	{ "eth ip4 grekey eth vlan ip4 tcp", TCP_CSUM },
	{ "eth ip4 vxlan eth ip4 tcp", TCP_CSUM | UDP_CSUM },
	{ "eth ip4 vxlan0 eth ip6 tcp", TCP_CSUM },
	{ "eth ip6 vxlan0 eth ip6 tcp", TCP_CSUM },
	{ "eth ip4 vxlan0 eth arp", 0 },
	{ "eth ip6 geneve eth ip4 icmp", ICMP_CSUM | UDP_CSUM },
	{ "eth ip4 geneve ip6 tcp", TCP_CSUM | UDP_CSUM },
	{ "eth ip4 ip4 ip4 ip4 tcp", TCP_CSUM },
	{ "eth ip4 ip4 ip4 ip4 ip4 tcp", 0 },
	{ "eth ip4frag ip4 tcp", 0 },
	{ "eth ip4frag gre ip4 tcp", 0 },
};

const u32 pkt_stack_cnt = XB_ARRAY_SIZE(pkt_stacks);
