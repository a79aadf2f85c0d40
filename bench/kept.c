/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/kept.h"

#include <string.h>

/* Of struct xb_stage_run what all stages have. */
#define RUN_FRONT_BYTES offsetof(struct xb_stage_run, xdp)

_Static_assert(RUN_FRONT_BYTES % 8 == 0, "runs lie one behind the other");

/* A copy in the result's memory; NULL for nothing, and where there is no memory. */
static void *
keep(struct xb_keeper *k, const void *from, u64 bytes)
{
	void *p;

	if (!from)
		return NULL;
	p = xb_scratch_copy(k->mem, from, bytes);
	if (!p)
		k->failed = true;
	return p;
}

static struct xb_kept_more *
more_of(struct xb_keeper *k)
{
	if (k->more)
		return k->more;
	k->more = keep(k, &(struct xb_kept_more){ .faults = NULL }, sizeof(*k->more));
	if (k->more) {
		k->more->faults_end = &k->more->faults;
		k->more->sends_end = &k->more->sends;
	}
	return k->more;
}

void
xb_keeper_start(struct xb_keeper *k, struct xb_scratch *mem)
{
	k->mem = mem;
	k->more = NULL;
	k->failed = false;
}

void
xb_keeper_fault(struct xb_keeper *k, const struct xb_fault *fault)
{
	const struct xb_kept_fault one = { .fault = *fault };
	struct xb_kept_more *more = more_of(k);
	struct xb_kept_fault *kept = keep(k, &one, sizeof(one));

	if (!more || !kept)
		return;
	*more->faults_end = kept;
	more->faults_end = &kept->next;
}

void
xb_keeper_send(struct xb_keeper *k, const struct xb_result *r, const struct xb_path_send *send)
{
	struct xb_kept_send one = { .send = *send, .note_cnt = r->notes->cnt }, *kept;
	struct xb_kept_more *more = more_of(k);

	/* The run that sends a clone off is not over. */
	if (!send->clone) {
		one.last = *r->last;
		one.last.data = NULL;
		one.last.fault = keep(k, one.last.fault, sizeof(*one.last.fault));
	}
	one.send.data = keep(k, send->data, send->bytes);
	kept = keep(k, &one, sizeof(one));
	if (!more || !kept)
		return;
	*more->sends_end = kept;
	more->sends_end = &kept->next;
}

/*
 * Whether the packet left as it came in, in one piece: then it need not be copied. Programs that
 * see no Ethernet header get one made for them afterwards.
 */
static bool
is_as_it_came(const struct xb_result *r)
{
	const struct xb_stage_run *last = r->last;

	return !r->changed && last->bytes == r->in.hdr_bytes + r->in.bytes &&
	       (last->stage->kind == XB_STAGE_XDP || xb_tc_is_tc(last->stage->mode));
}

/* The context that the last stage left. */
static void
keep_ctx(struct xb_keeper *k, struct xb_stage_run *run)
{
	if (run->stage->kind == XB_STAGE_XDP) {
		run->xdp.meta = keep(k, run->xdp.meta, run->xdp.meta_bytes);
		return;
	}
	run->skb.meta = keep(k, run->skb.meta, run->skb.meta_bytes);
	run->skb.ctx = keep(k, run->skb.ctx, sizeof(*run->skb.ctx));
	run->skb.flow_keys = keep(k, run->skb.flow_keys, sizeof(*run->skb.flow_keys));
}

static void
keep_last(struct xb_keeper *k, const struct xb_result *r, struct xb_stage_run *last)
{
	if (!k->opts.data)
		last->data = NULL;
	else if (is_as_it_came(r))
		last->data = r->in.hdr_bytes ? r->in.hdr : r->in.data;
	else
		last->data = keep(k, r->last->data, last->bytes);
	if (k->opts.ctx)
		keep_ctx(k, last);
}

static void
keep_runs(struct xb_keeper *k, const struct xb_result *r, struct xb_kept *to)
{
	struct xb_stage_run *run = NULL;

	for (u32 i = 0; i < r->run_cnt; i++) {
		run = (struct xb_stage_run *)(void *)(to->runs + i * to->run_bytes);
		memcpy(run, &r->runs[i], to->run_bytes);
		run->data = NULL;
		if (XB_UNLIKELY(run->fault != NULL))
			run->fault = keep(k, run->fault, sizeof(*run->fault));
	}
	keep_last(k, r, run);
}

static void
keep_notes(struct xb_keeper *k, const struct xb_notes *notes, struct xb_notes *to)
{
	to->cnt = notes->cnt;
	to->notes = keep(k, notes->notes, notes->cnt * sizeof(*notes->notes));
	to->buf = keep(k, notes->buf, notes->used);
	to->used = notes->used;
}

static void
keep_more(struct xb_keeper *k, const struct xb_result *r)
{
	struct xb_kept_more *more = more_of(k);

	if (!more)
		return;
	more->target_cnt = r->target_cnt;
	if (r->target_cnt)
		more->targets = keep(k, r->targets, r->target_cnt * sizeof(*r->targets));
	more->clone_cnt = r->clone_cnt;
	if (r->clone_cnt) {
		const struct xb_result_clone *end = &r->clones[r->clone_cnt - 1];

		more->clones = keep(k, r->clones, r->clone_cnt * sizeof(*r->clones));
		more->clone_buf = keep(k, r->clone_buf, k->opts.ctx ? end->off + end->bytes : 0);
	}
	if (r->notes->cnt)
		keep_notes(k, r->notes, &more->notes);
}

struct xb_kept *
xb_keeper_end(struct xb_keeper *k, const struct xb_result *r)
{
	u32 run_bytes = k->opts.ctx ? sizeof(struct xb_stage_run) : RUN_FRONT_BYTES;
	struct xb_kept *to = xb_scratch_take(k->mem, sizeof(*to) + (u64)r->run_cnt * run_bytes);

	if (!to)
		return NULL;
	to->insns = r->insns;
	to->port = r->port;
	to->direction = r->direction;
	to->lint = r->lint;
	to->changed = r->changed;
	to->run_cnt = r->run_cnt;
	to->run_bytes = run_bytes;
	keep_runs(k, r, to);
	if (XB_UNLIKELY(r->target_cnt || r->clone_cnt || r->notes->cnt))
		keep_more(k, r);
	to->more = k->more;
	return k->failed ? NULL : to;
}

static void
show_more(const struct xb_kept_more *more, struct xb_result *r)
{
	r->target_cnt = more->target_cnt;
	if (more->target_cnt)
		memcpy(r->targets, more->targets, more->target_cnt * sizeof(*more->targets));
	r->clone_cnt = more->clone_cnt;
	if (more->clone_cnt)
		memcpy(r->clones, more->clones, more->clone_cnt * sizeof(*more->clones));
	r->clone_buf = more->clone_buf;
	r->notes = &more->notes;
}

void
xb_kept_show(const struct xb_kept *k, struct xb_result *r)
{
	static const struct xb_notes none;

	r->ran = true;
	r->run_cnt = k->run_cnt;
	for (u32 i = 0; i < k->run_cnt; i++)
		memcpy(&r->runs[i], k->runs + i * k->run_bytes, k->run_bytes);
	r->last = &r->runs[k->run_cnt - 1];
	r->changed = k->changed;
	r->insns = k->insns;
	r->lint = k->lint;
	r->port = k->port;
	r->direction = k->direction;
	r->target_cnt = 0;
	r->clone_cnt = 0;
	r->notes = &none;
	if (XB_UNLIKELY(k->more != NULL))
		show_more(k->more, r);
}

void
xb_kept_show_send(const struct xb_kept *k, const struct xb_kept_send *send, struct xb_result *r,
                  struct xb_notes *notes)
{
	*notes = k->more->notes;
	notes->cnt = send->note_cnt < notes->cnt ? send->note_cnt : notes->cnt;
	r->notes = notes;
	r->last = &send->last;
	r->lint = 0;
}
