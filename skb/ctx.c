/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx.c - __sk_buff: which of it may be loaded and stored, and what is found there.
 *
 * Every field that is a number lies in the guest's __sk_buff, and a load of it is one of memory. A
 * store is so too where Linux's field has the same width; where it has not, or where a store has a
 * meaning beyond, it goes through ctx_store(). (cf. net/core/filter.c: bpf_skb_is_valid_access,
 * tc_cls_act_is_valid_access, bpf_convert_ctx_access)
 */
#include "skb/skb_priv.h"

#include "emu/prog.h"
#include "emu/sock_addrs.h"
#include "emu/world.h"
#include "vm/bytes.h"

#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <string.h>
#include <sys/socket.h>

#define NO_QUEUE_MAPPING 0xffffu /* cf. include/linux/skbuff.h: USHRT_MAX */
#define TSTAMP_TYPE_OFF  180u    /* tstamp_type, hwtstamp: some headers lack them */
#define HWTSTAMP_OFF     184u
#define CTX_BYTES        192u

_Static_assert(sizeof(struct __sk_buff) == CTX_BYTES, "wire layout");
_Static_assert(offsetof(struct __sk_buff, hwtstamp) == HWTSTAMP_OFF, "wire layout");

/* How a field may be accessed. */
enum width {
	NO,     /* not at all */
	NARROW, /* 1, 2 or 4 bytes, aligned, within 4 of them: a load of less than the field */
	FOUR,   /* 4 bytes, all of a field */
	EIGHT,
	ONE,
	CB, /* any aligned width within cb */
};

/* What becomes of a store. */
enum store {
	PLAIN,  /* the field as it stands */
	HALF,   /* 16 bits are kept */
	QUEUE,  /* likewise, and 0xffff and above change nothing */
	TSTAMP, /* may change tstamp_type too */
};

/* What a load finds that is not in the guest's __sk_buff. */
enum origin {
	OWN,     /* it is there */
	OF_SOCK, /* a number of the packet's socket */
	SHIFTED, /* likewise, in the upper half of 4 bytes */
	TO_SOCK, /* the socket's address */
	TO_FLOW, /* the address of the flow's keys */
};

struct field {
	const char *name;
	u16 off, bytes;
	u8 load[SKB_VIEW_CNT], write[SKB_VIEW_CNT]; /* enum width */
	enum store store;
	enum origin origin;
	bool pointer; /* LDSX is refused */
	u8 kept;      /* bytes that Linux keeps of it, where that is less than 4 */
};

#define LOAD(...)  .load = { __VA_ARGS__ }
#define STORE(...) .write = { __VA_ARGS__ }
#define AT(o, n)   .off = (o), .bytes = (n)
#define FIELD(nm, ...)                                                                             \
	{                                                                                          \
		.name = #nm,                                                                       \
		AT(offsetof(struct __sk_buff, nm), sizeof(((struct __sk_buff *)0)->nm)),           \
		__VA_ARGS__                                                                        \
	}

/* clang-format off */
/*
 * In order of offset; what lies between two rows belongs to no field. Columns are those of enum
 * skb_view: TC, socket filters, cgroups, LWT, flow dissectors, streams.
 */
static const struct field fields[] = {
	FIELD(len, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW)),
	FIELD(pkt_type, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW), .kept = 1),
	FIELD(mark, LOAD(NARROW, NARROW, NARROW, NARROW), STORE(FOUR, NO, FOUR, FOUR)),
	FIELD(queue_mapping, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW), STORE(FOUR), .store = QUEUE, .kept = 2),
	FIELD(protocol, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW), .kept = 2),
	FIELD(vlan_present, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW)),
	FIELD(vlan_tci, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW), .kept = 2),
	FIELD(vlan_proto, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW), .kept = 2),
	FIELD(priority, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW), STORE(FOUR, NO, FOUR, FOUR, NO, FOUR)),
	FIELD(ingress_ifindex, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW)),
	FIELD(ifindex, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW)),
	FIELD(tc_index, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW), STORE(FOUR, NO, NO, NO, NO, FOUR), .store = HALF, .kept = 2),
	FIELD(cb, LOAD(CB, CB, CB, CB, NO, CB), STORE(CB, CB, CB, CB)),
	FIELD(hash, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW)),
	FIELD(tc_classid, LOAD(NARROW), STORE(FOUR), .store = HALF, .kept = 2),
	FIELD(data, LOAD(FOUR, NO, FOUR, FOUR, FOUR, FOUR), .pointer = true),
	FIELD(data_end, LOAD(FOUR, NO, FOUR, FOUR, FOUR, FOUR), .pointer = true),
	FIELD(napi_id, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW)),
	FIELD(family, LOAD(NO, NO, NARROW, NO, NO, NARROW), .origin = OF_SOCK, .kept = 2),
	FIELD(remote_ip4, LOAD(NO, NO, FOUR, NO, NO, FOUR), .origin = OF_SOCK),
	FIELD(local_ip4, LOAD(NO, NO, FOUR, NO, NO, FOUR), .origin = OF_SOCK),
	FIELD(remote_ip6, LOAD(NO, NO, FOUR, NO, NO, FOUR), .origin = OF_SOCK),
	FIELD(local_ip6, LOAD(NO, NO, FOUR, NO, NO, FOUR), .origin = OF_SOCK),
	FIELD(remote_port, LOAD(NO, NO, NARROW, NO, NO, NARROW), .origin = SHIFTED, .kept = 2),
	FIELD(local_port, LOAD(NO, NO, NARROW, NO, NO, NARROW), .origin = OF_SOCK, .kept = 2),
	FIELD(data_meta, LOAD(FOUR), .pointer = true),
	{ .name = "flow_keys", AT(144, 8), LOAD(NO, NO, NO, NO, EIGHT), .origin = TO_FLOW, .pointer = true },
	FIELD(tstamp, LOAD(EIGHT, NO, EIGHT), STORE(EIGHT, NO, EIGHT), .store = TSTAMP),
	FIELD(wire_len, LOAD(NARROW)),
	FIELD(gso_segs, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW), .kept = 2),
	{ .name = "sk", AT(168, 8), LOAD(EIGHT, EIGHT, EIGHT, EIGHT, NO, EIGHT), .origin = TO_SOCK, .pointer = true },
	FIELD(gso_size, LOAD(NARROW, NARROW, NARROW, NARROW, NO, NARROW), .kept = 2),
	{ .name = "tstamp_type", AT(TSTAMP_TYPE_OFF, 1), LOAD(ONE) },
	FIELD(hwtstamp, LOAD(EIGHT, NO, EIGHT)),
};
/* clang-format on */

_Static_assert(offsetof(struct __sk_buff, flow_keys) == 144, "wire layout");
_Static_assert(offsetof(struct __sk_buff, sk) == 168, "wire layout");

static const struct field *
field_at(u32 off)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(fields); i++)
		if (off >= fields[i].off && off - fields[i].off < fields[i].bytes)
			return &fields[i];
	return NULL;
}

/* Whether an access of `bytes` at `off`, in the field, is of the width. */
static bool
width_allows(enum width width, const struct field *f, u32 off, u32 bytes)
{
	if (off % bytes)
		return false;
	switch (width) {
	case NO:
		break;
	case NARROW:
		return bytes <= 4;
	case FOUR:
		return bytes == 4;
	case EIGHT:
		return bytes == 8;
	case ONE:
		return bytes == 1;
	case CB:
		return bytes <= f->bytes - (off - f->off);
	}
	return false;
}

static bool
is_store(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) != BPF_LDX;
}

static bool
is_atomic(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC;
}

static bool
is_valid_access(const struct field *f, enum skb_view view, const struct bpf_insn *insn, u32 off)
{
	const u8 *widths;

	if (!f || is_atomic(insn) || (f->pointer && BPF_MODE(insn->code) == BPF_MEMSX))
		return false;
	widths = is_store(insn) ? f->write : f->load;
	return width_allows((enum width)widths[view], f, off, xb_insn_bytes(insn->code));
}

u32
skb_ctx_bytes(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return CTX_BYTES;
}

/*
 * Where a narrow load really looks: Linux loads what it keeps of the field, 1 or 2 bytes, and
 * shifts that by the load's offset only where the load is narrower still (cf.
 * kernel/bpf/verifier.c: convert_ctx_accesses).
 */
static u32
load_off(const struct field *f, u32 off, u32 bytes)
{
	return f->kept && bytes >= f->kept ? f->off : off;
}

bool
skb_ctx_plain(const struct xb_bpf_prog *prog, const struct bpf_insn *insn, u32 off)
{
	enum skb_view view = skb_kind_of(xb_bpf_prog_type(prog))->view;
	const struct field *f = field_at(off);

	if (!is_valid_access(f, view, insn, off) || f->origin != OWN)
		return false;
	return is_store(insn) ? f->store == PLAIN
	                      : load_off(f, off, xb_insn_bytes(insn->code)) == off;
}

static bool
reads_tstamp_type(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LDX && BPF_SIZE(insn->code) == BPF_B &&
	       insn->off == (s16)TSTAMP_TYPE_OFF;
}

/*
 * By the offset alone, which hardly anything else has: what the kernel's verifier knows of the
 * register is not known here.
 */
bool
skb_reads_tstamp_type(const struct xb_bpf_prog *prog)
{
	u32 cnt;
	const struct bpf_insn *insns = xb_prog_insns(xb_bpf_prog_vm(prog), &cnt);

	for (u32 i = 0; i < cnt; i++)
		if (reads_tstamp_type(&insns[i]))
			return true;
	return false;
}

/* cf. net/core/filter.c: bpf_convert_tstamp_write */
static void
tstamp_store(struct xb_skb *s, u64 value)
{
	s->skb.tstamp = value;
	if (s->skb.at_ingress && !s->facts.reads_tstamp_type)
		s->skb.tstamp_type = 0;
	skb_ctx_sync(s);
}

/* The value is compared in all its width: a register's as unsigned, an immediate as signed. */
static bool
is_queue(const struct bpf_insn *insn, u64 value)
{
	return value < NO_QUEUE_MAPPING || (BPF_CLASS(insn->code) == BPF_ST && (s64)value < 0);
}

static void
ctx_store(struct xb_skb *s, const struct field *f, const struct bpf_insn *insn, u32 off, u64 value)
{
	u8 *at = (u8 *)s->ctx + off;

	switch (f->store) {
	case PLAIN:
		memcpy(at, &value, xb_insn_bytes(insn->code));
		break;
	case QUEUE:
		if (is_queue(insn, value))
			xb_st32(at, (u16)value);
		break;
	case HALF:
		xb_st32(at, (u16)value);
		break;
	case TSTAMP:
		tstamp_store(s, value);
		break;
	}
}

/* What cannot be done with a field. */
static const char *
refusal(const struct field *f, enum skb_view view, const struct bpf_insn *insn)
{
	if (is_atomic(insn))
		return "accessed atomically";
	if (is_store(insn))
		return f->write[view] == NO ? "stored to" : "stored to this way";
	return f->load[view] == NO ? "loaded" : "loaded this way";
}

/* In the verifier's words, and then what it does not say. */
static void
fault_access(struct xb_proc *proc, const struct field *f, const struct bpf_insn *insn, s32 off)
{
	u32 bytes = xb_insn_bytes(insn->code);
	enum skb_view view = skb_of(proc)->kind->view;

	if (!f)
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid bpf_context access off=%d size=%u: __sk_buff has no field "
		              "there",
		              off, bytes);
	else
		xb_proc_fault(proc, XB_FAULT_BAD_CONTEXT,
		              "invalid bpf_context access off=%d size=%u: '%s' of __sk_buff cannot "
		              "be %s",
		              off, bytes, f->name, refusal(f, view, insn));
}

/* cf. net/core/filter.c: bpf_convert_ctx_access */
static u64
load_of_sock(struct xb_skb *s, const struct field *f, u32 off, u32 bytes)
{
	const struct xb_sock *sock = skb_sk(s);
	struct __sk_buff ctx = { 0 };
	u64 value = 0;

	if (sock)
		xb_sock_addrs_show(sock, &ctx.family);
	if (f->origin == SHIFTED && bytes == f->kept) /* what was shifted is not cut */
		return ctx.remote_port;
	memcpy(&value, (const u8 *)&ctx + load_off(f, off, bytes), bytes);
	return value;
}

static u64
ctx_load(struct xb_skb *s, const struct field *f, u32 off, u32 bytes)
{
	u64 value = 0;

	switch (f->origin) {
	case OWN:
		memcpy(&value, (u8 *)s->ctx + load_off(f, off, bytes), bytes);
		break;
	case OF_SOCK:
	case SHIFTED:
		return load_of_sock(s, f, off, bytes);
	case TO_SOCK:
		return skb_sock_gaddr(s);
	case TO_FLOW:
		return s->flow_region->gaddr;
	}
	return value;
}

void
skb_ctx_access(struct xb_proc *proc, const struct bpf_insn *insn, s32 at, u64 *value)
{
	struct xb_skb *s = skb_of(proc);
	u32 off = (u32)at;
	const struct field *f = field_at(off);

	if (!is_valid_access(f, s->kind->view, insn, off))
		fault_access(proc, f, insn, at);
	else if (is_store(insn))
		ctx_store(s, f, insn, off, *value);
	else
		*value = ctx_load(s, f, off, xb_insn_bytes(insn->code));
}

/* cf. net/core/filter.c: bpf_convert_tstamp_read */
static u64
tstamp_to_read(const struct xb_skb *s)
{
	bool hidden = s->skb.at_ingress && s->skb.tstamp_type && !s->facts.reads_tstamp_type;

	return hidden ? 0 : s->skb.tstamp;
}

void
skb_ctx_sync(struct xb_skb *s)
{
	const struct skb *skb = &s->skb;
	struct __sk_buff *ctx = s->ctx;

	ctx->len = skb->len;
	ctx->pkt_type = skb->pkt_type;
	ctx->protocol = skb->protocol;
	ctx->vlan_present = skb->vlan_present;
	ctx->vlan_tci = skb->vlan_tci;
	ctx->vlan_proto = skb->vlan_proto;
	ctx->hash = skb->hash;
	ctx->gso_segs = skb->gso_segs;
	ctx->gso_size = skb->gso_size;
	ctx->tstamp = tstamp_to_read(s);
	*((u8 *)ctx + TSTAMP_TYPE_OFF) = skb->tstamp_type;
}

/* cf. net/ethernet/eth.c: eth_type_trans */
u16
skb_eth_type(const u8 *data, u32 bytes)
{
	u16 type;

	if (bytes < ETH_HLEN)
		return 0;
	type = xb_ld16(data + 2 * ETH_ALEN);
	if (__builtin_bswap16(type) >= ETH_P_802_3_MIN)
		return type;
	if (bytes >= ETH_HLEN + 2 && xb_ld16(data + ETH_HLEN) == 0xffff)
		return __builtin_bswap16(ETH_P_802_3);
	return __builtin_bswap16(ETH_P_802_2);
}

/*
 * cf. net/ethernet/eth.c: eth_skb_pkt_type. The loopback's own address and broadcast address are
 * both zero, as are those of an interface that the world does not know.
 */
static u8
eth_skb_pkt_type(const struct xb_world_link *link, const u8 *data, u32 bytes)
{
	static const struct xb_world_link unknown;

	if (!link)
		link = &unknown;
	if (bytes < ETH_HLEN || !memcmp(data, link->mac, ETH_ALEN))
		return PACKET_HOST;
	if (!(data[0] & 1))
		return PACKET_OTHERHOST;
	return memcmp(data, link->broadcast, ETH_ALEN) ? PACKET_MULTICAST : PACKET_BROADCAST;
}

static void
load_csum(struct xb_skb *s, const struct xb_skb_ctx *ctx)
{
	struct skb *skb = &s->skb;

	skb->ip_summed = ctx->ip_summed;
	if (XB_LIKELY(ctx->ip_summed == XB_CHECKSUM_NONE))
		return;
	skb->csum_level = ctx->csum_level;
	skb->csum_start = skb->mac_off + ctx->csum_start;
	skb->csum_offset = ctx->csum_offset;
	skb->csum = ctx->csum;
	if (ctx->csum_sum && skb->data_off + skb->len >= skb->net_off)
		skb->csum = xb_csum_partial(s->base + skb->net_off,
		                            skb->data_off + skb->len - skb->net_off, 0);
}

/* A part of a stream: its headers are not there any more, but they were TCP's or UDP's. */
static void
load_stream(struct xb_skb *s, const struct xb_skb_ctx *ctx)
{
	struct skb *skb = &s->skb;

	skb->net_off = skb->trans_off = skb->mac_off;
	skb->mac_len = 0;
	if (!(ctx->has & XB_SKB_HAS_PROTOCOL))
		skb->protocol = __builtin_bswap16(ctx->sock.uapi.family == AF_INET6 ? ETH_P_IPV6
		                                                                    : ETH_P_IP);
	if (!(ctx->has & XB_SKB_HAS_PKT_TYPE))
		skb->pkt_type = PACKET_HOST;
}

/* What the packet itself tells. */
static void
load_headers(struct xb_skb *s, const struct xb_skb_ctx *ctx)
{
	struct skb *skb = &s->skb;
	const u8 *mac = s->base + SKB_FRONT_BYTES;
	u32 bytes = skb->data_off - SKB_FRONT_BYTES + skb->len;
	u32 l2 = bytes < ETH_HLEN ? bytes : ETH_HLEN;

	skb->mac_off = SKB_FRONT_BYTES;
	skb->net_off = SKB_FRONT_BYTES + l2;
	skb->trans_off = ctx->trans_set ? skb->net_off : SKB_UNSET;
	skb->mac_len = ctx->at_ingress ? (u16)l2 : 0; /* cf. __netif_receive_skb_core */
	skb->protocol = ctx->has & XB_SKB_HAS_PROTOCOL ? ctx->protocol : skb_eth_type(mac, bytes);
	skb->pkt_type =
	        ctx->has & XB_SKB_HAS_PKT_TYPE
	                ? (u8)ctx->pkt_type
	                : eth_skb_pkt_type(xb_world_link(s->emu->world, ctx->ifindex), mac, bytes);
	if (XB_UNLIKELY(s->kind->stream))
		load_stream(s, ctx);
}

/* The fields that nobody else looks at. */
static void
load_scalars(struct xb_skb *s, const struct xb_skb_ctx *ctx)
{
	struct __sk_buff *to = s->ctx;

	to->mark = ctx->mark;
	to->queue_mapping = (u16)ctx->queue_mapping;
	to->priority = ctx->priority;
	to->ingress_ifindex = ctx->ingress_ifindex;
	to->ifindex = ctx->ifindex;
	to->tc_index = (u16)ctx->tc_index;
	memcpy(to->cb, ctx->cb, sizeof(to->cb));
	to->tc_classid = (u16)ctx->tc_classid;
	to->napi_id = ctx->napi_id;
	to->wire_len = ctx->has & XB_SKB_HAS_WIRE_LEN ? ctx->wire_len : s->skb.len;
	to->hwtstamp = ctx->hwtstamp;
}

void
skb_ctx_load(struct xb_skb *s, const struct xb_skb_ctx *ctx)
{
	struct skb *skb = &s->skb;

	load_headers(s, ctx);
	skb->vlan_present = ctx->vlan_present;
	skb->vlan_tci = ctx->vlan_present ? ctx->vlan_tci : 0;
	skb->vlan_proto = ctx->vlan_present ? ctx->vlan_proto : 0;
	skb->hash = ctx->hash;
	skb->l4_hash = ctx->l4_hash;
	skb->sw_hash = ctx->sw_hash;
	skb->gso_size = (u16)ctx->gso_size;
	skb->gso_segs = (u16)ctx->gso_segs;
	skb->gso_type = ctx->gso_type;
	skb->encapsulation = ctx->encapsulation;
	skb->at_ingress = ctx->at_ingress;
	skb->tstamp = ctx->tstamp;
	skb->tstamp_type = ctx->tstamp_type;
	load_csum(s, ctx);
	load_scalars(s, ctx);
	skb_ctx_sync(s);
}

void
xb_skb_save_ctx(const struct xb_skb *s, struct xb_skb_ctx *to)
{
	const struct skb *skb = &s->skb;
	const struct __sk_buff *from = s->ctx;

	*to = (struct xb_skb_ctx){
		.has = XB_SKB_HAS_PROTOCOL | XB_SKB_HAS_PKT_TYPE,
		.mark = from->mark,
		.priority = from->priority,
		.ingress_ifindex = from->ingress_ifindex,
		.ifindex = from->ifindex,
		.queue_mapping = from->queue_mapping,
		.tc_index = from->tc_index,
		.napi_id = from->napi_id,
		.gso_segs = skb->gso_segs,
		.gso_size = skb->gso_size,
		.gso_type = skb->gso_type,
		.pkt_type = skb->pkt_type,
		.protocol = skb->protocol,
		.vlan_present = skb->vlan_present,
		.vlan_tci = skb->vlan_tci,
		.vlan_proto = skb->vlan_proto,
		.hash = skb->hash,
		.l4_hash = skb->l4_hash,
		.sw_hash = skb->sw_hash,
		.hwtstamp = from->hwtstamp,
		.ip_summed = skb->ip_summed,
		.csum_level = skb->csum_level,
		.csum_start = (u16)(skb->csum_start - skb->data_off),
		.csum_offset = skb->csum_offset,
		.csum = skb->csum,
		.encapsulation = skb->encapsulation,
		.trans_set = skb->trans_off != SKB_UNSET,
		.sock_kind = XB_SKB_SOCK_NONE,
	};
}
