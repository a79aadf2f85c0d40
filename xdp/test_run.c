/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_run.c - BPF_PROG_TEST_RUN of XDP programs, with the kernel's checks in the kernel's order
 * (cf. net/bpf/test_run.c: bpf_prog_test_run_xdp).
 *
 * The machine's interfaces are the world's, with one queue each.
 *
 * Differs: live frames (BPF_F_TEST_XDP_LIVE_FRAMES) go nowhere, as there is no stack and no device
 * behind the verdict; and each starts as it came in, where Linux recycles pages that a program may
 * have written to.
 */
#include "xdp/xdp_priv.h"

#include "emu/test_run.h"
#include "emu/user.h"
#include "emu/world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOPBACK_IFINDEX 1u
#define LIVE_BATCH_MAX   256u /* TEST_XDP_MAX_BATCH */
#define LIVE_HEAD_BYTES  112u /* struct xdp_page_head, in front of a live frame's headroom */

struct test {
	struct xb_emu *emu;
	const struct xb_bpf_prog *prog;
	union bpf_attr *attr;
	bool live;
	bool has_ctx;
	struct xdp_md ctx; /* the caller's, in and out */
	u32 meta_bytes, linear_bytes;
	u8 *data; /* data_in: metadata, then packet */
	struct xb_xdp *x;
	struct xb_xdp_out out;
	u32 duration_ns;
};

static int
check_flags(struct test *t)
{
	const union bpf_attr *attr = t->attr;

	if (t->prog->expected_attach_type == BPF_XDP_DEVMAP ||
	    t->prog->expected_attach_type == BPF_XDP_CPUMAP)
		return -EINVAL;
	if (attr->test.flags & ~BPF_F_TEST_XDP_LIVE_FRAMES)
		return -EINVAL;
	t->live = attr->test.flags & BPF_F_TEST_XDP_LIVE_FRAMES;
	if (t->live && attr->test.batch_size > LIVE_BATCH_MAX)
		return -E2BIG;
	if (!t->live && attr->test.batch_size)
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

/* How the bytes are laid out. */
static int
check_sizes(struct test *t)
{
	const union bpf_attr *attr = t->attr;
	u32 total = attr->test.data_size_in, most = XB_XDP_LINEAR_BYTES;

	t->linear_bytes = total;
	if (t->has_ctx) {
		if (t->ctx.data_meta || t->ctx.data_end > total || t->ctx.data > t->ctx.data_end ||
		    (t->live && (attr->test.data_out || attr->test.ctx_out)))
			return -EINVAL;
		t->meta_bytes = t->ctx.data;
		if (t->meta_bytes % 4 || t->meta_bytes > XB_XDP_HEADROOM - XDP_FRAME_BYTES)
			return -EINVAL;
		t->linear_bytes = t->ctx.data_end;
	}
	most += t->meta_bytes;
	if (t->live)
		most -= LIVE_HEAD_BYTES;
	if (t->linear_bytes > most)
		t->linear_bytes = most;
	if (t->live && total > t->linear_bytes)
		return -EINVAL;
	return total - t->meta_bytes < XDP_ETH_BYTES ? -EINVAL : 0;
}

/* cf. net/bpf/test_run.c: xdp_convert_md_to_buff */
static int
check_ctx(const struct test *t)
{
	if (t->ctx.egress_ifindex)
		return -EINVAL;
	if (!t->ctx.ingress_ifindex)
		return t->ctx.rx_queue_index ? -EINVAL : 0;
	if (!xb_world_link(t->emu->world, t->ctx.ingress_ifindex))
		return -ENODEV;
	return t->ctx.rx_queue_index ? -EINVAL : 0;
}

/* Reads the caller's bytes in two steps, as errors in between decide what is reported. */
static int
read_data(struct test *t)
{
	const union bpf_attr *attr = t->attr;
	u32 total = attr->test.data_size_in, rest = total - t->linear_bytes;
	u32 held = rest;
	int ret;

	if (held > XB_XDP_MAX_FRAGS * XDP_PAGE_BYTES)
		held = XB_XDP_MAX_FRAGS * XDP_PAGE_BYTES;
	t->data = malloc((size_t)t->linear_bytes + held + 1);
	if (!t->data)
		return -ENOMEM;
	if (xb_user_read(t->data, attr->test.data_in, t->linear_bytes))
		return -EFAULT;
	ret = check_ctx(t);
	if (ret)
		return ret;
	if (xb_user_read(t->data + t->linear_bytes, attr->test.data_in + t->linear_bytes, held))
		return -EFAULT;
	return held < rest ? -ENOMEM : 0;
}

/* All runs are on one buffer; each live frame has its own (cf. net/bpf/test_run.c: bpf_test_run).
 */
static void
run_all(struct test *t)
{
	u32 i, repeat = xb_test_repeat(t->attr);
	struct xb_xdp_in in = {
		.meta = t->data,
		.meta_bytes = t->meta_bytes,
		.data = t->data + t->meta_bytes,
		.bytes = t->attr->test.data_size_in - t->meta_bytes,
		.ingress_ifindex =
		        t->ctx.ingress_ifindex ? t->ctx.ingress_ifindex : LOOPBACK_IFINDEX,
	};
	u64 start = xb_test_now_ns();

	xdp_load_linear(t->x, &in, t->linear_bytes - t->meta_bytes);
	for (i = 0; i < repeat; i++) {
		if (t->live && i)
			xdp_load_linear(t->x, &in, t->linear_bytes - t->meta_bytes);
		xb_xdp_run(t->x, t->prog, &t->out);
		if (t->out.status == XB_RUN_FAULT || xb_test_interrupted(t->emu, i))
			break;
	}
	t->duration_ns = xb_test_each_ns(start, repeat);
	if (t->live) {
		xdp_load_linear(t->x, &in, t->linear_bytes - t->meta_bytes);
		t->out.retval = 0;
	}
}

/*
 * The bytes that the run left, metadata in front, as far as `room` goes; short of it the linear
 * part is cut first.
 */
static int
write_bytes(const struct test *t, u32 room)
{
	const struct xdp_shape *s = &t->x->shape;
	u64 to = t->attr->test.data_out;
	u32 i, n = room - s->frags_bytes;

	if (room < s->frags_bytes)
		return -ENOSPC;
	if (xb_user_write(to, t->x->page + s->meta_off, n))
		return -EFAULT;
	for (i = 0; i < s->frag_cnt; i++) {
		to += n;
		n = s->frag_len[i];
		if (xb_user_write(to, xdp_frag(t->x, i), n))
			return -EFAULT;
	}
	return 0;
}

/*
 * cf. net/bpf/test_run.c: bpf_test_finish. Where not even the fragments fit, nothing at all comes
 * back.
 */
static int
write_data(const struct test *t)
{
	union bpf_attr *attr = t->attr;
	const struct xdp_shape *s = &t->x->shape;
	u32 size = s->end_off - s->meta_off + s->frags_bytes, room = size;
	int ret;

	if (attr->test.data_size_out && room > attr->test.data_size_out)
		room = attr->test.data_size_out;
	ret = attr->test.data_out ? write_bytes(t, room) : 0;
	if (ret) /* too little room hides that it is not there at all */
		return room < size ? -ENOSPC : ret;
	attr->test.data_size_out = size;
	attr->test.retval = t->out.retval;
	attr->test.duration = t->duration_ns;
	return room < size ? -ENOSPC : 0;
}

/* cf. net/bpf/test_run.c: bpf_ctx_finish */
static int
write_ctx(struct test *t)
{
	union bpf_attr *attr = t->attr;
	const struct xdp_shape *s = &t->x->shape;

	if (!attr->test.ctx_out)
		return 0;
	t->ctx.data = s->data_off - s->meta_off;
	t->ctx.data_end = s->end_off - s->meta_off;
	return xb_test_write_ctx(attr, &t->ctx, sizeof(t->ctx));
}

/*
 * The buffer of the first run serves all later ones: making one costs a hundred times as much as a
 * run.
 */
static int
take_buffer(struct test *t)
{
	const struct xb_xdp_opts opts = { .vcpu = 0 };
	void **state = &t->emu->type_state[BPF_PROG_TYPE_XDP];
	struct xb_err err = XB_ERR_INIT;

	if (!*state)
		*state = xb_xdp_new(t->emu, &opts, &err);
	t->x = *state;
	return t->x ? 0 : -ENOMEM;
}

void
xdp_test_run_fini(struct xb_emu *emu)
{
	xb_xdp_free(emu->type_state[BPF_PROG_TYPE_XDP]);
	emu->type_state[BPF_PROG_TYPE_XDP] = NULL;
}

long
xdp_test_run(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr)
{
	struct test t = { .emu = emu, .prog = prog, .attr = attr };
	int ret = check_flags(&t);

	if (ret == 0)
		ret = read_ctx(&t);
	if (ret == 0)
		ret = check_sizes(&t);
	if (ret == 0)
		ret = read_data(&t);
	if (ret == 0)
		ret = take_buffer(&t);
	if (ret == 0) {
		run_all(&t);
		ret = emu->interrupted ? -EINTR : write_data(&t);
	}
	if (ret == 0)
		ret = write_ctx(&t);
	free(t.data);
	return ret;
}
