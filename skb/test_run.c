/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_run.c - BPF_PROG_TEST_RUN of programs on sk_buffs, with the kernel's checks in the kernel's
 * order (cf. net/bpf/test_run.c: bpf_prog_test_run_skb).
 *
 * The machine has one interface, the loopback.
 */
#include "skb/skb_priv.h"

#include "emu/test_run.h"
#include "emu/user.h"
#include "emu/world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef BPF_F_TEST_SKB_CHECKSUM_COMPLETE
#define BPF_F_TEST_SKB_CHECKSUM_COMPLETE (1u << 2)
#endif

#define LOOPBACK_IFINDEX 1u
#define MAX_WIRE_LEN     65536u /* GSO_LEGACY_MAX_SIZE */
#define MAX_GSO_SEGS     65535u
#define IP4_BYTES        20u
#define IP6_BYTES        40u

struct test {
	struct xb_emu *emu;
	const struct xb_bpf_prog *prog;
	const struct skb_kind *kind; /* of prog */
	union bpf_attr *attr;
	bool has_ctx;
	struct __sk_buff ctx; /* the caller's, in and out */
	u8 data[XB_SKB_LINEAR_BYTES];
	struct xb_skb_ctx in_ctx;
	struct xb_skb *s;
	struct xb_skb_out out;
	u32 duration_ns;
};

static int
check_flags(const struct test *t)
{
	const union bpf_attr *attr = t->attr;

	if (attr->test.flags & ~BPF_F_TEST_SKB_CHECKSUM_COMPLETE || attr->test.cpu ||
	    attr->test.batch_size)
		return -EINVAL;
	if (attr->test.data_size_in < ETH_HLEN || attr->test.data_size_in > sizeof(t->data))
		return -EINVAL;
	return 0;
}

/* cf. net/bpf/test_run.c: bpf_ctx_init */
static int
read_ctx(struct test *t)
{
	const union bpf_attr *attr = t->attr;

	t->has_ctx = attr->test.ctx_in || attr->test.ctx_out;
	return xb_test_read_ctx(attr, &t->ctx, sizeof(t->ctx));
}

static int
check_packet(const struct test *t)
{
	u32 bytes = t->attr->test.data_size_in;
	u16 type = skb_eth_type(t->data, bytes);

	if (t->ctx.ifindex > LOOPBACK_IFINDEX && !xb_world_link(t->emu->world, t->ctx.ifindex))
		return -ENODEV;
	if (type == __builtin_bswap16(ETH_P_IP) && bytes < ETH_HLEN + IP4_BYTES)
		return -EINVAL;
	if (type == __builtin_bswap16(ETH_P_IPV6) && bytes < ETH_HLEN + IP6_BYTES)
		return -EINVAL;
	return 0;
}

/* Fields that a caller may set; all other bytes must be zero. */
static const struct {
	u16 off, bytes;
} settable[] = {
#define ROW(field)                                                                                 \
	{                                                                                          \
		offsetof(struct __sk_buff, field), sizeof(((struct __sk_buff *)0)->field)          \
	}
	ROW(mark),   ROW(priority), ROW(ingress_ifindex), ROW(ifindex),  ROW(cb),
	ROW(tstamp), ROW(wire_len), ROW(gso_segs),        ROW(gso_size), ROW(hwtstamp),
#undef ROW
};

static bool
others_are_zero(const struct __sk_buff *ctx)
{
	/* As bytes: a structure's assignment may leave out those between the fields. */
	u8 rest[sizeof(*ctx)];
	static const u8 zero[sizeof(*ctx)];

	memcpy(rest, ctx, sizeof(rest));
	for (size_t i = 0; i < XB_ARRAY_SIZE(settable); i++)
		memset(rest + settable[i].off, 0, settable[i].bytes);
	return memcmp(rest, zero, sizeof(rest)) == 0;
}

/* cf. net/bpf/test_run.c: convert___skb_to_skb */
static int
take_ctx(struct test *t)
{
	const struct __sk_buff *from = &t->ctx;
	struct xb_skb_ctx *to = &t->in_ctx;
	u32 seen = t->attr->test.data_size_in - (t->kind->l3 ? ETH_HLEN : 0);

	to->ifindex = LOOPBACK_IFINDEX;
	if (!t->has_ctx) {
		to->has = XB_SKB_HAS_WIRE_LEN; /* 0: only a context sets it */
		return 0;
	}
	if (!others_are_zero(from))
		return -EINVAL;
	if (from->wire_len && (from->wire_len < seen || from->wire_len > MAX_WIRE_LEN))
		return -EINVAL;
	if (from->gso_segs > MAX_GSO_SEGS)
		return -EINVAL;
	if (from->ifindex)
		to->ifindex = from->ifindex;
	to->mark = from->mark;
	to->priority = from->priority;
	to->ingress_ifindex = from->ingress_ifindex;
	memcpy(to->cb, from->cb, sizeof(to->cb));
	to->tstamp = from->tstamp;
	to->wire_len = from->wire_len;
	to->has = from->wire_len ? XB_SKB_HAS_WIRE_LEN : 0;
	to->gso_segs = from->gso_segs;
	to->gso_size = from->gso_size;
	to->hwtstamp = from->hwtstamp;
	return 0;
}

u32
skb_test_run_repeat(struct xb_skb *s, const struct xb_bpf_prog *prog, const struct xb_skb_in *in,
                    u32 repeat, struct xb_skb_out *out)
{
	u64 start = xb_test_now_ns();

	xb_skb_load(s, in);
	for (u32 i = 0; i < repeat; i++) {
		xb_skb_run(s, prog, out);
		if (out->status == XB_RUN_FAULT || xb_test_interrupted(s->emu, i))
			break;
	}
	return xb_test_each_ns(start, repeat);
}

static void
run_all(struct test *t)
{
	const struct xb_skb_in in = {
		.data = t->data,
		.bytes = t->attr->test.data_size_in,
		.ctx = &t->in_ctx,
		.prog_type = t->prog->type,
	};

	if (t->attr->test.flags & BPF_F_TEST_SKB_CHECKSUM_COMPLETE) {
		t->in_ctx.ip_summed = XB_CHECKSUM_COMPLETE;
		t->in_ctx.csum_sum = true;
	}
	t->duration_ns = skb_test_run_repeat(t->s, t->prog, &in, xb_test_repeat(t->attr), &t->out);
}

/*
 * Whether the program kept the sum right. Where a packet ends before its network header there is
 * none. Differs: Linux comes to a BUG there.
 */
static int
check_sum(const struct test *t)
{
	const struct xb_skb *s = t->s;
	u32 off = skb_network_offset(s);
	__wsum sum;

	if (!(t->attr->test.flags & BPF_F_TEST_SKB_CHECKSUM_COMPLETE))
		return 0;
	if (off > s->skb.len)
		return -EBADMSG;
	sum = xb_csum_partial(skb_data(s) + (s32)off, s->skb.len - off, 0);
	return xb_csum_fold(s->skb.csum) == xb_csum_fold(sum) ? 0 : -EBADMSG;
}

static int
write_data(const struct test *t)
{
	const struct xb_test_result result = {
		.data = t->out.data,
		.bytes = t->out.bytes,
		.retval = t->out.retval,
		.duration_ns = t->duration_ns,
	};

	return xb_test_finish(t->attr, &result);
}

/* cf. net/bpf/test_run.c: convert_skb_to___skb, bpf_ctx_finish */
static int
write_ctx(struct test *t)
{
	union bpf_attr *attr = t->attr;
	const struct __sk_buff *from = t->out.ctx;
	struct __sk_buff *to = &t->ctx;

	if (!attr->test.ctx_out)
		return 0;
	to->mark = from->mark;
	to->priority = from->priority;
	to->ingress_ifindex = from->ingress_ifindex;
	to->ifindex = from->ifindex;
	to->tstamp = t->s->skb.tstamp;
	memcpy(to->cb, from->cb, sizeof(to->cb));
	to->wire_len = from->wire_len;
	to->gso_segs = from->gso_segs;
	to->hwtstamp = from->hwtstamp;
	return xb_test_write_ctx(attr, to, sizeof(*to));
}

/*
 * The buffer of the first run serves all later ones: making one costs a hundred times as much as a
 * run.
 */
struct xb_skb *
skb_test_run_buffer(struct xb_emu *emu)
{
	const struct xb_skb_opts opts = { .vcpu = 0, .stays = true };
	void **state = &emu->type_state[BPF_PROG_TYPE_SCHED_CLS];
	struct xb_err err = XB_ERR_INIT;

	if (!*state)
		*state = xb_skb_new(emu, &opts, &err);
	return *state;
}

void
skb_test_run_fini(struct xb_emu *emu)
{
	xb_skb_free(emu->type_state[BPF_PROG_TYPE_SCHED_CLS]);
	emu->type_state[BPF_PROG_TYPE_SCHED_CLS] = NULL;
}

static int
test_run(struct test *t)
{
	int ret = check_flags(t);

	if (ret == 0 && xb_user_read(t->data, t->attr->test.data_in, t->attr->test.data_size_in))
		ret = -EFAULT;
	if (ret == 0)
		ret = read_ctx(t);
	if (ret == 0)
		ret = check_packet(t);
	if (ret == 0)
		ret = take_ctx(t);
	if (ret)
		return ret;
	t->s = skb_test_run_buffer(t->emu);
	if (!t->s)
		return -ENOMEM;
	run_all(t);
	if (t->emu->interrupted)
		return -EINTR;
	xb_skb_push_ether(t->s, true, &t->out);
	ret = check_sum(t);
	if (ret == 0)
		ret = write_data(t);
	return ret ? ret : write_ctx(t);
}

long
skb_test_run(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr)
{
	struct test *t = calloc(1, sizeof(*t));
	long ret;

	if (!t)
		return -ENOMEM;
	t->emu = emu;
	t->prog = prog;
	t->kind = skb_kind_of(prog->type);
	t->attr = attr;
	ret = test_run(t);
	free(t);
	return ret;
}
