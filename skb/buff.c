/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buff.c - the packet in its buffer, and where a program may touch it.
 *
 * Linux gives a packet that needs more room in front a new head (cf. net/core/skbuff.c:
 * pskb_expand_head); here it moves to where there is room.
 */
#include "skb/skb_priv.h"

#include <errno.h>
#include <string.h>

#define ROOM_BYTES (SKB_BUFFER_BYTES - SKB_SLACK_BYTES) /* for packets */

/* The values come by argument: read back from where they were just stored, they cost a stall. */
static inline void
sync_to(struct xb_skb *s, u32 data_off, u32 linear, u32 meta_bytes)
{
	u64 data = s->buff->gaddr + data_off;
	u64 start = data - meta_bytes, end = data + linear;

	if (start != s->window.start || end != s->window.end)
		xb_window_move(s->mem, &s->window, start, end);
	s->ctx->data = (u32)data;
	s->ctx->data_end = (u32)end;
	s->ctx->data_meta = (u32)start;
}

void
skb_sync(struct xb_skb *s)
{
	skb_ctx_sync(s);
	sync_to(s, s->skb.data_off, s->skb.linear, s->skb.meta_bytes);
}

u32
skb_copy_in(const struct xb_skb_in *in, u8 *to, u32 most)
{
	u32 hdr = in->hdr_bytes < most ? in->hdr_bytes : most;
	u32 rest = in->bytes < most - hdr ? in->bytes : most - hdr;

	if (hdr)
		memcpy(to, in->hdr, hdr);
	if (rest)
		memcpy(to + hdr, in->data, rest);
	return hdr + rest;
}

/* Of types that do not see the link-layer header: as if the packet began behind it. */
static void
pull_ether(struct xb_skb *s)
{
	struct skb *skb = &s->skb;
	u32 l2 = skb->len < ETH_HLEN ? skb->len : ETH_HLEN;

	skb->data_off += l2;
	skb->len -= l2;
	skb->linear -= l2 < skb->linear ? l2 : skb->linear;
	skb->meta_bytes = 0;
	s->loaded_off += l2;
	s->loaded_bytes -= l2;
	sync_to(s, skb->data_off, skb->linear, 0);
}

void
skb_place(struct xb_skb *s, const struct xb_skb_in *in)
{
	u32 bytes = in->hdr_bytes + in->bytes;
	u32 most = in->linear_bytes ? in->linear_bytes : in->no_linear ? 0 : s->linear_max;
	u32 linear = bytes < most ? bytes : most;
	u8 *data = s->base + SKB_FRONT_BYTES;

	s->skb.data_off = SKB_FRONT_BYTES;
	s->skb.head_off = SKB_FRONT_BYTES - (in->meta_bytes ? SKB_XDP_HEADROOM : SKB_HEADROOM);
	s->skb.len = bytes;
	s->skb.linear = linear;
	s->skb.meta_bytes = in->meta_bytes;
	s->loaded_off = SKB_FRONT_BYTES;
	s->loaded_bytes = bytes;
	if (XB_UNLIKELY(in->meta_bytes))
		memcpy(data - in->meta_bytes, in->meta, in->meta_bytes);
	if (in->hdr_bytes)
		memcpy(data, in->hdr, in->hdr_bytes);
	if (XB_LIKELY(in->bytes))
		memcpy(data + in->hdr_bytes, in->data, in->bytes);
	if (XB_UNLIKELY(s->kind->l3))
		pull_ether(s);
	else
		sync_to(s, SKB_FRONT_BYTES, linear, in->meta_bytes);
}

int
skb_ensure_writable(struct xb_skb *s, u32 len)
{
	if (len <= s->skb.linear)
		return 0;
	if (len > s->skb.len)
		return -ENOMEM;
	s->skb.linear = len;
	return 0;
}

/* Moves all of the packet so that its first byte, metadata included, comes to `to`. */
static void
move_packet(struct xb_skb *s, u32 to)
{
	struct skb *skb = &s->skb;
	u32 from = skb->data_off - skb->meta_bytes, by = to - from;

	memmove(s->base + to, s->base + from, skb->meta_bytes + skb->len);
	skb->data_off += by;
	skb->head_off += by;
	skb->mac_off += by;
	skb->net_off += by;
	skb->csum_start += by;
	s->loaded_off += by;
	if (skb->trans_off != SKB_UNSET)
		skb->trans_off += by;
}

/*
 * Linux's buffer has to be `bytes` longer at its front. The metadata does not come along; and a
 * transport header that was not set, 0xffff from its start, counts as set from then on, one byte
 * before the old buffer. cf. net/core/skbuff.c: pskb_expand_head, skb_headers_offset_update
 * Differs: how much room a device's packets have in front is its driver's matter.
 */
static void
expand_head(struct skb *skb, u32 bytes)
{
	if (skb->trans_off == SKB_UNSET)
		skb->trans_off = skb->head_off - 1;
	skb->head_off -= (bytes + SKB_HEADROOM - 1) / SKB_HEADROOM * SKB_HEADROOM;
	skb->meta_bytes = 0;
}

int
skb_cow(struct xb_skb *s, u32 bytes)
{
	u32 headroom = s->skb.data_off - s->skb.head_off;
	u32 used = s->skb.meta_bytes + s->skb.len;

	if (bytes > ROOM_BYTES || used > ROOM_BYTES - bytes)
		return -ENOMEM;
	if (bytes > s->skb.data_off - s->skb.meta_bytes)
		move_packet(s, ROOM_BYTES - used);
	if (bytes > headroom)
		expand_head(&s->skb, bytes - headroom);
	return 0;
}

int
skb_cow_tail(struct xb_skb *s, u32 bytes)
{
	u32 used = s->skb.meta_bytes + s->skb.len;

	if (bytes <= ROOM_BYTES - s->skb.data_off - s->skb.len)
		return 0;
	if (bytes > ROOM_BYTES || used > ROOM_BYTES - bytes)
		return -ENOMEM;
	move_packet(s, 0);
	return 0;
}

/* The metadata stays in front of data: what it thereby gains lay in the room, and holds anything.
 */
static void
clear_meta(struct xb_skb *s, u32 bytes)
{
	u32 meta = s->skb.meta_bytes;

	memset(skb_data(s) - meta, 0, bytes < meta ? bytes : meta);
}

void
skb_push(struct xb_skb *s, u32 bytes)
{
	s->skb.data_off -= bytes;
	s->skb.len += bytes;
	s->skb.linear += bytes;
	if (XB_UNLIKELY(s->skb.meta_bytes))
		clear_meta(s, bytes);
}

void
skb_pull(struct xb_skb *s, u32 bytes)
{
	s->skb.data_off += bytes;
	s->skb.len -= bytes;
	s->skb.linear -= bytes;
}

/*
 * How much of the packet moves, where it may end before the hole: bpf_skb_change_tail can take away
 * even what is in front of the network header. Linux takes what it finds behind the packet: what
 * was cut off, or zeros behind what was loaded. Differs: only SKB_SLACK_BYTES of it, as Linux
 * itself comes to write behind its buffer.
 */
static u32
bytes_to_move(struct xb_skb *s, u32 off)
{
	u32 end = s->skb.data_off + s->skb.len, loaded_end = s->loaded_off + s->loaded_bytes;

	if (XB_LIKELY(off <= s->skb.len))
		return off;
	if (off - s->skb.len > SKB_SLACK_BYTES)
		off = s->skb.len + SKB_SLACK_BYTES;
	if (end < loaded_end)
		end = loaded_end;
	if (end < s->skb.data_off + off)
		memset(s->base + end, 0, s->skb.data_off + off - end);
	return off;
}

/* cf. net/core/filter.c: bpf_skb_generic_push, bpf_skb_net_hdr_push */
void
skb_net_hdr_push(struct xb_skb *s, u32 off, u32 bytes)
{
	struct skb *skb = &s->skb;
	bool trans_same = skb->trans_off == skb->net_off;
	u8 *data;

	off = bytes_to_move(s, off);
	skb_push(s, bytes);
	data = skb_data(s);
	memmove(data, data + bytes, off);
	memset(data + off, 0, bytes);
	skb->mac_off -= bytes;
	skb->net_off -= bytes;
	if (trans_same)
		skb->trans_off = skb->net_off;
}

/* cf. net/core/filter.c: bpf_skb_generic_pop, bpf_skb_net_hdr_pop */
int
skb_net_hdr_pop(struct xb_skb *s, u32 off, u32 bytes)
{
	struct skb *skb = &s->skb;
	bool trans_same = skb->trans_off == skb->net_off;
	int ret = skb_ensure_writable(s, off + bytes);

	if (ret)
		return ret;
	skb_pull(s, bytes);
	skb_postpull_rcsum(s, off - bytes, bytes);
	memmove(skb_data(s), skb_data(s) - bytes, off);
	skb->mac_off += bytes;
	skb->net_off += bytes;
	if (trans_same)
		skb->trans_off = skb->net_off;
	return 0;
}

int
skb_copy_bits(const struct xb_skb *s, s64 off, void *to, u32 bytes)
{
	s64 at = (s64)s->skb.data_off + off;

	if (at < 0 || off > (s64)s->skb.len || bytes > (s64)s->skb.len - off)
		return -EFAULT;
	memcpy(to, s->base + at, bytes);
	return 0;
}

/* cf. include/linux/skbuff.h: skb_postpull_rcsum */
void
skb_postpull_rcsum(struct xb_skb *s, u32 off, u32 bytes)
{
	struct skb *skb = &s->skb;

	if (skb->ip_summed == XB_CHECKSUM_COMPLETE)
		skb->csum = xb_csum_postpull(skb->csum, skb_data(s) + (s32)off, bytes);
	else if (skb->ip_summed == XB_CHECKSUM_PARTIAL && skb->csum_start < skb->data_off)
		skb->ip_summed = XB_CHECKSUM_NONE;
}

/* cf. include/linux/skbuff.h: skb_postpush_rcsum */
void
skb_postpush_rcsum(struct xb_skb *s, u32 off, u32 bytes)
{
	if (s->skb.ip_summed == XB_CHECKSUM_COMPLETE)
		s->skb.csum = xb_csum_postpush(s->skb.csum, skb_data(s) + (s32)off, bytes, 0);
}

/* cf. net/core/filter.c: bpf_push_mac_rcsum */
void
skb_push_mac_rcsum(struct xb_skb *s)
{
	if (s->skb.at_ingress)
		skb_postpush_rcsum(s, s->skb.mac_off - s->skb.data_off, s->skb.mac_len);
}

/* cf. net/core/filter.c: bpf_pull_mac_rcsum */
void
skb_pull_mac_rcsum(struct xb_skb *s)
{
	if (s->skb.at_ingress)
		skb_postpull_rcsum(s, s->skb.mac_off - s->skb.data_off, s->skb.mac_len);
}

u32
xb_skb_to_wire(const u8 *data, u32 bytes, u16 vlan_proto, u16 vlan_tci, u8 *to)
{
	const u8 tag[SKB_VLAN_BYTES] = { (u8)vlan_proto, (u8)(vlan_proto >> 8), (u8)(vlan_tci >> 8),
		                         (u8)vlan_tci };
	u32 macs = bytes < 2 * ETH_ALEN ? bytes : 2 * ETH_ALEN;

	memcpy(to, data, macs);
	memcpy(to + macs, tag, sizeof(tag));
	memcpy(to + macs + sizeof(tag), data + macs, bytes - macs);
	return bytes + (u32)sizeof(tag);
}
