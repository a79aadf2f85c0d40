/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/perf/engine.h"

#include "skb/skb.h"
#include "xdp/xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <time.h>

#define ROUNDS  25
#define PACKETS (10 * TRAFFIC_CNT) /* a round */

struct engine {
	struct xb_emu *emu;
	struct xb_xdp *xdp; /* or: */
	struct xb_skb *skb;
	struct bpf_object *obj;
	const struct xb_bpf_prog *prog;
};

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
load(struct engine *e, const char *object, struct xb_err *err)
{
	struct bpf_program *prog;
	struct xb_obj *obj;

	e->obj = bpf_object__open_file(object, NULL);
	if (!e->obj || bpf_object__load(e->obj))
		return xb_err_errno(err, errno, "%s", object);
	prog = bpf_object__next_program(e->obj, NULL);
	if (!prog || xb_obj_by_fd(e->emu, bpf_program__fd(prog), XB_OBJ_PROG, &obj))
		return xb_err_set(err, XB_ERR_LOAD, "%s: no program", object);
	e->prog = XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj);
	return 0;
}

static void
engine_fini(struct engine *e)
{
	bpf_object__close(e->obj);
	xb_skb_free(e->skb);
	xb_xdp_free(e->xdp);
	xb_emu_enter(NULL);
	xb_emu_free(e->emu);
}

/* What the program runs on. */
static int
make_buffer(struct engine *e, struct xb_err *err)
{
	const struct xb_xdp_opts xdp_opts = { .vcpu = 0 };
	const struct xb_skb_opts skb_opts = { .vcpu = 0, .any_ifindex = true };

	if (e->prog->type == BPF_PROG_TYPE_XDP)
		e->xdp = xb_xdp_new(e->emu, &xdp_opts, err);
	else
		e->skb = xb_skb_new(e->emu, &skb_opts, err);
	return e->xdp || e->skb ? 0 : -1;
}

static int
engine_init(struct engine *e, const char *object, struct xb_err *err)
{
	const struct xb_emu_opts emu_opts = { .cpu_cnt = 1, .seed = 1 };

	*e = (struct engine){ 0 };
	e->emu = xb_emu_new(&emu_opts, err);
	if (!e->emu)
		return -1;
	xb_xdp_register(e->emu);
	xb_skb_register(e->emu);
	xb_emu_enter(e->emu);
	if (load(e, object, err) || make_buffer(e, err)) {
		engine_fini(e);
		return -1;
	}
	return 0;
}

/* Both as the tool does it. */
static void
load_xdp(struct engine *e, const struct traffic_packet *p)
{
	const struct xb_xdp_in in = { .data = p->data, .bytes = p->bytes, .ingress_ifindex = 1 };

	xb_xdp_load(e->xdp, &in);
}

static void
load_skb(struct engine *e, const struct traffic_packet *p)
{
	static const struct xb_skb_ctx ctx = { .ifindex = 1,
		                               .ingress_ifindex = 1,
		                               .at_ingress = true,
		                               .trans_set = true,
		                               .sock_kind = XB_SKB_SOCK_NONE };
	const struct xb_skb_in in = { .data = p->data, .bytes = p->bytes, .ctx = &ctx };

	xb_skb_load(e->skb, &in);
}

static void
load_packet(struct engine *e, const struct traffic_packet *p)
{
	if (e->skb)
		load_skb(e, p);
	else
		load_xdp(e, p);
}

/* How many instructions it took. */
static u64
run_packet(struct engine *e)
{
	struct xb_xdp_out xdp;
	struct xb_skb_out skb;

	if (e->skb) {
		xb_skb_run(e->skb, e->prog, &skb);
		return skb.insns;
	}
	xb_xdp_run(e->xdp, e->prog, &xdp);
	return xdp.insns;
}

/* Nanoseconds a packet over the first `cnt` packets of the mix; the quickest round of several. */
static double
measure(struct engine *e, const struct traffic_packet *mix, u32 cnt, bool run, double *insns)
{
	double best = 0;
	u64 total = 0;

	for (u32 round = 0; round < ROUNDS; round++) {
		double start = now_ns(), took;

		total = 0;
		for (u32 i = 0; i < PACKETS; i++) {
			load_packet(e, &mix[i % cnt]);
			if (run)
				total += run_packet(e);
		}
		took = (now_ns() - start) / PACKETS;
		best = round == 0 || took < best ? took : best;
	}
	*insns = (double)total / PACKETS;
	return best;
}

int
engine_measure(const char *object, const struct traffic_packet *mix, struct engine_figures *f,
               struct xb_err *err)
{
	double ignored;
	struct engine e;

	if (engine_init(&e, object, err))
		return -1;
	f->mix_ns = measure(&e, mix, TRAFFIC_CNT, true, &f->mix_insns);
	f->same_ns = measure(&e, mix, 1, true, &ignored);
	f->load_ns = measure(&e, mix, TRAFFIC_CNT, false, &ignored);
	engine_fini(&e);
	return 0;
}
