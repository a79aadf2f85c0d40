/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_prog.c - flow dissectors: the keys that a program fills in, and its test run, which has no
 * sk_buff (cf. net/core/flow_dissector.c: bpf_flow_dissect; net/bpf/test_run.c:
 * bpf_prog_test_run_flow_dissector).
 */
#include "skb/skb_priv.h"

#include "emu/test_run.h"
#include "emu/user.h"
#include "vm/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 4096u /* a page */

_Static_assert(sizeof(struct bpf_flow_keys) == 56, "wire layout");

void
skb_flow_begin(struct xb_skb *s)
{
	struct bpf_flow_keys *keys = s->flow_keys;
	u64 given = s->in.ctx->flow_keys_given;

	memset(keys, 0, sizeof(*keys));
	if (s->skb.len >= ETH_HLEN)
		keys->n_proto = xb_ld16(skb_data(s) + 2 * ETH_ALEN);
	keys->nhoff = keys->thoff = ETH_HLEN;
	keys->flags = s->in.ctx->flow_flags;
	for (u32 i = 0; given && i < sizeof(*keys); i++)
		if (given & 1ull << i)
			((u8 *)keys)[i] = ((const u8 *)&s->in.ctx->flow_keys)[i];
}

static u16
clamp(u16 value, u16 least, u16 most)
{
	if (value < least)
		return least;
	return value > most ? most : value;
}

void
skb_flow_end(struct xb_skb *s)
{
	struct bpf_flow_keys *keys = s->flow_keys;
	u16 end = (u16)s->skb.len;

	keys->nhoff = clamp(keys->nhoff, ETH_HLEN, end);
	keys->thoff = clamp(keys->thoff, keys->nhoff, end);
}

struct test {
	struct xb_emu *emu;
	const struct xb_bpf_prog *prog;
	union bpf_attr *attr;
	struct bpf_flow_keys ctx; /* the caller's, in and out */
	bool has_ctx;
	u8 data[MAX_BYTES];
	struct xb_skb *s;
	struct xb_skb_out out;
	u32 duration_ns;
};

/* cf. net/bpf/test_run.c: verify_user_bpf_flow_keys */
static int
check_ctx(const struct test *t)
{
	static const struct bpf_flow_keys zero;
	struct bpf_flow_keys rest = t->ctx;

	rest.flags = 0;
	return memcmp(&rest, &zero, sizeof(rest)) ? -EINVAL : 0;
}

static int
read_ctx(struct test *t)
{
	const union bpf_attr *attr = t->attr;
	int ret;

	t->has_ctx = attr->test.ctx_in || attr->test.ctx_out;
	ret = xb_test_read_ctx(attr, &t->ctx, sizeof(t->ctx));
	if (ret || !attr->test.ctx_in)
		return ret;
	return check_ctx(t);
}

static int
read_all(struct test *t)
{
	const union bpf_attr *attr = t->attr;
	u32 bytes = attr->test.data_size_in;

	if (attr->test.flags || attr->test.cpu || attr->test.batch_size)
		return -EINVAL;
	if (bytes < ETH_HLEN || bytes > MAX_BYTES)
		return -EINVAL;
	if (xb_user_read(t->data, attr->test.data_in, bytes))
		return -EFAULT;
	return read_ctx(t);
}

static void
run_all(struct test *t)
{
	const struct xb_skb_ctx ctx = { .ifindex = SKB_LOOPBACK, .flow_flags = t->ctx.flags };
	const struct xb_skb_in in = {
		.data = t->data,
		.bytes = t->attr->test.data_size_in,
		.linear_bytes = MAX_BYTES,
		.ctx = &ctx,
		.prog_type = BPF_PROG_TYPE_FLOW_DISSECTOR,
	};

	t->duration_ns = skb_test_run_repeat(t->s, t->prog, &in, xb_test_repeat(t->attr), &t->out);
}

static int
write_keys(const struct test *t)
{
	const struct xb_test_result result = {
		.data = t->out.flow_keys,
		.bytes = sizeof(*t->out.flow_keys),
		.retval = t->out.retval,
		.duration_ns = t->duration_ns,
	};

	return xb_test_finish(t->attr, &result);
}

static int
test_run(struct test *t)
{
	int ret = read_all(t);

	if (ret)
		return ret;
	t->s = skb_test_run_buffer(t->emu);
	if (!t->s)
		return -ENOMEM;
	run_all(t);
	ret = t->emu->interrupted ? -EINTR : write_keys(t);
	/* The context comes back as it was. */
	return ret ? ret : xb_test_write_ctx(t->attr, &t->ctx, sizeof(t->ctx));
}

long
skb_flow_test_run(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr)
{
	struct test *t = calloc(1, sizeof(*t));
	long ret;

	if (!t)
		return -ENOMEM;
	t->emu = emu;
	t->prog = prog;
	t->attr = attr;
	ret = test_run(t);
	free(t);
	return ret;
}
