/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_twin.c - the emulator once more, step by step, for the branches that a run takes; and at
 * another time, for what depends on that.
 */
#include "bench/diff_priv.h"
#include "bench/summary.h"

#include <stdlib.h>
#include <string.h>

/* Far enough that each byte of a time in nanoseconds is another one, whatever it is. */
#define SHIFT_NS 0x0135795713573579ull

static int
open_buffers(struct diff_twin *t, struct xb_err *err)
{
	const struct xb_xdp_opts xdp = { .vcpu = 0 };
	const struct xb_skb_opts skb = { .vcpu = 0, .stays = true };

	t->xdp = xb_xdp_new(t->session.emu, &xdp, err);
	t->skb = t->xdp ? xb_skb_new(t->session.emu, &skb, err) : NULL;
	return t->skb ? xb_testrun_out_init(&t->out, err) : -1;
}

int
diff_twin_open(struct xb_diff *d, struct xb_err *err)
{
	struct diff_twin *t = &d->twin;
	struct xb_session_opts opts = *d->opts.twin;
	struct xb_opts cli = *opts.cli;

	cli.engine = XB_ENGINE_INTERP;
	cli.quiet = true;
	opts.cli = &cli;
	opts.like = d->opts.session;
	if (xb_session_open(&t->session, &opts, err) != 0)
		return -1;
	t->open = true;
	return open_buffers(t, err);
}

void
diff_twin_close(struct xb_diff *d)
{
	struct diff_twin *t = &d->twin;

	xb_xdp_free(t->xdp);
	xb_skb_free(t->skb);
	if (t->open)
		xb_session_close(&t->session);
	xb_testrun_out_fini(&t->out);
	xb_notes_fini(&t->notes);
}

int
diff_twin_listen(struct xb_diff *d, struct xb_err *err)
{
	return xb_session_listen(&d->twin.session, &d->twin.notes, !d->opts.cli->no_events, err);
}

const struct xb_map *
diff_twin_map(const struct xb_diff *d, const struct xb_map *map)
{
	const struct xb_object *o = d->opts.session->objects[0], *twin = d->twin.session.objects[0];

	for (u32 i = 0; i < o->map_cnt && i < twin->map_cnt; i++)
		if (o->maps[i].map == map)
			return twin->maps[i].map;
	return NULL;
}

static bool
is_branch(const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	if (class != BPF_JMP && class != BPF_JMP32)
		return false;
	return op != BPF_JA && op != BPF_CALL && op != BPF_EXIT && op <= BPF_JSLE;
}

static void
ask(struct diff_twin *t, u32 helper)
{
	struct xb_varies_set set = xb_varies_call(t->may, helper);

	t->asked.kinds |= set.kinds;
	t->asked.rows |= set.rows;
}

static enum xb_run_status
step(struct diff_twin *t, struct xb_proc *proc)
{
	const struct xb_prog *prog = proc->prog;
	u32 pc = proc->pc, next = pc + 1, cnt;
	const struct bpf_insn *insn = &xb_prog_insns(prog, &cnt)[pc];
	u32 there = (u32)((s64)next + insn->off);
	enum xb_run_status status;

	if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0)
		ask(t, (u32)insn->imm);
	status = xb_vm_step(proc);
	if (!is_branch(insn)) {
		if (status != XB_RUN_RUNNING && !t->branch_cnt)
			xb_summary_place(prog, pc, t->place, sizeof(t->place));
		return status;
	}
	if (status == XB_RUN_RUNNING && t->branch_cnt == t->flip)
		proc->pc = proc->pc == next ? there : next;
	t->branches[t->branch_cnt++ % TRACE_BRANCHES] =
	        (struct diff_branch){ .prog = prog, .pc = pc, .taken = proc->pc != next };
	return status;
}

static enum xb_run_status
step_all(struct diff_twin *t, struct xb_proc *proc)
{
	enum xb_run_status status = XB_RUN_RUNNING;
	u64 steps = 0;

	t->branch_cnt = 0;
	t->asked = (struct xb_varies_set){ .kinds = 0 };
	while (status == XB_RUN_RUNNING && steps++ < t->most_steps)
		status = step(t, proc);
	t->given_up = status == XB_RUN_RUNNING;
	t->steps = steps;
	t->faulted = status == XB_RUN_FAULT;
	if (t->faulted)
		t->fault = proc->fault;
	return status;
}

static void
run_xdp(struct diff_twin *t, const struct xb_bpf_prog *prog, const struct xb_testrun_in *in)
{
	const struct xb_xdp_in packet = {
		.meta = in->meta_bytes ? in->data : NULL,
		.meta_bytes = in->meta_bytes,
		.data = in->data + in->meta_bytes,
		.bytes = in->bytes - in->meta_bytes,
		.ingress_ifindex = in->ctx.xdp.ingress_ifindex ? in->ctx.xdp.ingress_ifindex : 1,
	};
	struct xb_testrun_out *to = &t->out;
	struct xb_xdp_out out;

	xb_xdp_load(t->xdp, &packet);
	xb_xdp_begin(t->xdp, prog);
	xb_xdp_end(t->xdp, prog, step_all(t, xb_xdp_proc(t->xdp)), &out);
	to->retval = out.retval;
	to->meta_bytes = out.meta_bytes;
	to->linear_bytes = out.linear_bytes;
	to->bytes = out.meta_bytes + out.bytes;
	if (out.meta_bytes)
		memcpy(to->data, out.meta, out.meta_bytes);
	xb_xdp_copy(t->xdp, 0, out.bytes, to->data + out.meta_bytes);
}

/* cf. net/bpf/test_run.c: convert___skb_to_skb */
static void
start_skb(const struct xb_testrun_in *in, struct xb_skb_ctx *to)
{
	const struct __sk_buff *from = &in->ctx.skb;

	*to = (struct xb_skb_ctx){
		.has = !in->has_ctx || from->wire_len ? XB_SKB_HAS_WIRE_LEN : 0,
		.ifindex = from->ifindex ? from->ifindex : 1,
		.mark = from->mark,
		.priority = from->priority,
		.ingress_ifindex = from->ingress_ifindex,
		.tstamp = from->tstamp,
		.wire_len = from->wire_len,
		.gso_segs = from->gso_segs,
		.gso_size = from->gso_size,
		.hwtstamp = from->hwtstamp,
	};
	memcpy(to->cb, from->cb, sizeof(to->cb));
}

static void
run_skb(struct diff_twin *t, const struct xb_bpf_prog *prog, const struct xb_testrun_in *in)
{
	struct xb_skb_ctx ctx;
	const struct xb_skb_in packet = {
		.data = in->data, .bytes = in->bytes, .ctx = &ctx, .prog_type = prog->type
	};
	struct xb_testrun_out *to = &t->out;
	struct xb_skb_out out;

	start_skb(in, &ctx);
	xb_skb_load(t->skb, &packet);
	xb_skb_begin(t->skb, prog);
	xb_skb_end(t->skb, prog, step_all(t, xb_skb_proc(t->skb)), &out);
	to->retval = out.retval;
	if (out.flow_keys) {
		to->bytes = sizeof(*out.flow_keys);
		memcpy(to->data, out.flow_keys, to->bytes);
		return;
	}
	xb_skb_push_ether(t->skb, true, &out);
	to->bytes = out.bytes;
	if (out.bytes)
		memcpy(to->data, out.data, out.bytes);
	to->ctx.skb = *out.ctx;
	to->ctx.skb.tstamp = out.tstamp;
}

static void
run(struct xb_diff *d, const struct xb_testrun_in *in)
{
	struct diff_twin *t = &d->twin;
	const struct xb_bpf_prog *prog = t->session.objects[0]->prog;

	xb_notes_clear(&t->notes);
	t->out.err = 0;
	t->out.meta_bytes = 0;
	if (in->prog_type == BPF_PROG_TYPE_XDP)
		run_xdp(t, prog, in);
	else
		run_skb(t, prog, in);
	xb_session_collect(&t->session, &t->notes);
}

void
diff_twin_run(struct xb_diff *d, const struct xb_testrun_in *in)
{
	struct diff_twin *t = &d->twin;

	diff_set_clock(t->session.emu, SHIFT_NS);
	t->flip = UINT64_MAX;
	t->most_steps = UINT64_MAX;
	run(d, in);
	t->ran = true;
}

/* Whether the twin's last run came to what `out` and `notes` hold. */
static bool
came_to(const struct diff_packet *p)
{
	struct diff_twin *t = &p->d->twin;
	struct diff_packet q = {
		.d = p->d,
		.r = p->r,
		.in = p->in,
		.emu = &t->out,
		.native = p->native,
		.emu_notes = &t->notes,
		.flipped = true,
	};

	if (t->given_up || t->faulted)
		return false;
	diff_compare(&q);
	for (u32 i = 0; i < DIFF_PACKET_KINDS; i++)
		if (q.differs[i])
			return false;
	return true;
}

bool
diff_twin_part(const struct diff_packet *p, struct diff_branch *branch)
{
	struct diff_twin *t = &p->d->twin;
	u64 cnt = t->branch_cnt, least = cnt > TRACE_BRANCHES ? cnt - TRACE_BRANCHES : 0;
	struct diff_branch before[TRACE_BRANCHES];

	/* Its later runs are to tell what the clock's is; and each leaves something in maps. */
	if (!t->ran || t->spent || p->d->asked.kinds & XB_VARIES_CLOCK)
		return false;
	memcpy(before, t->branches, sizeof(before));
	t->spent = true;
	t->most_steps = 4 * t->steps + 1000;
	for (u64 i = cnt; i-- > least;) {
		t->flip = i;
		run(p->d, p->in);
		if (!came_to(p))
			continue;
		*branch = before[i % TRACE_BRANCHES];
		return true;
	}
	return false;
}
