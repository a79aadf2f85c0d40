/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/spread.h"

#include "bench/batch.h"
#include "bench/rss.h"
#include "bench/runner.h"
#include "bench/say.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define BATCHES       8u          /* on their way at a time */
#define BATCH_FIRST   16u         /* packets of the first batch */
#define BATCH_PER_CPU 256u        /* packets of a large one, for each vCPU */
#define BATCH_MOST    8192u       /* packets, whatever the number of vCPUs */
#define BATCH_BYTES   (8u << 20)  /* a batch that takes more is followed by smaller ones */
#define BATCH_NS      20000000ull /* the same for time on a vCPU */

/* A vCPU. */
struct lane {
	struct xb_runner runner;
	struct xb_stats stats;
	struct xb_keeper keeper;
	struct xb_spread *all;
} __attribute__((aligned(64))); /* vCPUs share no cache lines */

struct xb_spread {
	struct xb_spread_opts opts;
	struct xb_rss rss;
	bool has_queue; /* given by --ctx */
	u32 lane_cnt;
	struct lane *lanes;
	struct xb_notes *notes[XB_EMU_MAX_CPUS];
	struct xb_workers *workers;
	struct xb_batch batches[BATCHES]; /* a ring: */
	u32 batch_cnt;
	u32 oldest;           /* of those on their way */
	u32 underway;         /* how many of them */
	u32 limit;            /* packets of the next batch */
	u32 most;             /* it may come to */
	pthread_mutex_t lock; /* over `left` and `slowest_ns` of batches, and `awaited` */
	pthread_cond_t done;
	const struct xb_batch *awaited; /* by the caller's thread, or NULL */
	struct xb_result r;             /* of the packet that goes out */
	bool failed;                    /* an output did: no more goes out */
};

/* The batch that is being filled. */
static struct xb_batch *
filling(struct xb_spread *s)
{
	return &s->batches[(s->oldest + s->underway) % BATCHES];
}

/* For struct xb_runner_opts: both on the vCPU's thread. */
static void
keep_fault(void *arg, const struct xb_result *r, const struct xb_fault *fault)
{
	struct lane *lane = arg;

	(void)r;
	xb_keeper_fault(&lane->keeper, fault);
}

static int
keep_send(void *arg, const struct xb_result *r, const struct xb_path_send *send, struct xb_err *err)
{
	struct lane *lane = arg;

	(void)err;
	xb_keeper_send(&lane->keeper, r, send);
	return 0;
}

static void
run_item(struct lane *lane, struct xb_share *share, struct xb_item *item)
{
	struct xb_result *r = &lane->runner.r;
	struct xb_err err = XB_ERR_INIT;

	xb_item_show(item, r);
	xb_keeper_start(&lane->keeper, &share->mem);
	xb_runner_clear(&lane->runner);
	xb_runner_run(&lane->runner, &err); /* keep_send() does not fail */
	item->kept = xb_keeper_end(&lane->keeper, r);
}

/* Another core has them. */
static void
prefetch(const struct xb_item *item)
{
	__builtin_prefetch(item, 1);
	__builtin_prefetch(&item->pkt.caplen);
}

static u64
thread_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (u64)ts.tv_sec * 1000000000ull + (u64)ts.tv_nsec;
}

static void
share_is_done(struct xb_spread *s, struct xb_batch *b, u64 ns)
{
	pthread_mutex_lock(&s->lock);
	if (ns > b->slowest_ns)
		b->slowest_ns = ns;
	if (--b->left == 0 && s->awaited == b)
		pthread_cond_signal(&s->done);
	pthread_mutex_unlock(&s->lock);
}

/* For struct xb_work: on the vCPU's thread. */
static void
run_share(struct xb_work *work, u32 vcpu)
{
	struct xb_share *share = XB_CONTAINER_OF(work, struct xb_share, work);
	struct lane *lane = share->arg;
	u64 start_ns = thread_ns();

	(void)vcpu;
	for (struct xb_item *item = share->first; item; item = item->next) {
		if (item->next)
			prefetch(item->next);
		run_item(lane, share, item);
	}
	share_is_done(lane->all, share->batch, thread_ns() - start_ns);
}

static u32
vcpu_of(const struct xb_spread *s, const struct xb_item *item)
{
	u32 hash;

	if (s->has_queue || item->pkt.meta.has & XB_PACKET_QUEUE)
		return item->rx_queue_index % s->lane_cnt;
	hash = xb_rss_hash(&s->rss, item->frame, item->hdr_bytes + item->bytes);
	return xb_rss_queue(&s->rss, hash);
}

/* What came of a packet before its result was there: faults, and what left during the run. */
static int
tell_more(struct xb_spread *s, const struct xb_kept *k, struct xb_err *err)
{
	struct xb_notes notes;
	int rc = 0;

	for (const struct xb_kept_fault *f = k->more->faults; f; f = f->next) {
		xb_stats_fault(s->opts.stats, &f->fault, s->r.n);
		xb_outlet_fault(s->opts.outlet, &s->r, &f->fault);
	}
	for (const struct xb_kept_send *f = k->more->sends; f && rc == 0; f = f->next) {
		xb_kept_show(k, &s->r);
		xb_kept_show_send(k, f, &s->r, &notes);
		rc = xb_outlet_send(s->opts.outlet, &s->r, &f->send, err);
	}
	return rc;
}

static int
tell(struct xb_spread *s, const struct xb_item *item, struct xb_err *err)
{
	struct xb_result *r = &s->r;

	xb_item_show(item, r);
	r->vcpu = item->vcpu;
	if (item->runs) {
		if (!item->kept)
			return xb_err_errno(err, ENOMEM, "packet %llu", (unsigned long long)r->n);
		if (XB_UNLIKELY(item->kept->more != NULL) && tell_more(s, item->kept, err) != 0)
			return -1;
		xb_kept_show(item->kept, r);
	}
	return xb_outlet_result(s->opts.outlet, r, err);
}

static int
tell_batch(struct xb_spread *s, const struct xb_batch *b, struct xb_err *err)
{
	const struct xb_batch_note *note = b->notes;

	for (u32 i = 0; i <= b->cnt; i++) {
		for (; note && note->at == i; note = note->next)
			xb_say("%s", note->text);
		if (i < b->cnt && tell(s, &b->items[i], err) != 0)
			return -1;
	}
	return 0;
}

/* How large batches are from now on. */
static void
adapt(struct xb_spread *s, const struct xb_batch *b)
{
	if (b->slowest_ns > BATCH_NS || xb_batch_bytes(b) > BATCH_BYTES)
		s->limit = s->limit > 1 ? s->limit / 2 : 1;
	else if (b->cnt >= s->limit && s->limit < s->most)
		s->limit = s->limit * 2 < s->most ? s->limit * 2 : s->most;
}

static bool
oldest_is_done(struct xb_spread *s)
{
	bool done;

	pthread_mutex_lock(&s->lock);
	done = s->batches[s->oldest].left == 0;
	pthread_mutex_unlock(&s->lock);
	return done;
}

/* The caller's thread does the vCPUs' work meanwhile, where there is some that no other does. */
static void
await_oldest(struct xb_spread *s)
{
	const struct xb_batch *b = &s->batches[s->oldest];

	while (!oldest_is_done(s)) {
		if (xb_workers_help(s->workers))
			continue;
		pthread_mutex_lock(&s->lock);
		s->awaited = b;
		while (b->left)
			pthread_cond_wait(&s->done, &s->lock);
		s->awaited = NULL;
		pthread_mutex_unlock(&s->lock);
	}
}

/* Lets the oldest batch out, which is done. */
static int
let_out(struct xb_spread *s, struct xb_err *err)
{
	struct xb_batch *b = &s->batches[s->oldest];

	if (!s->failed && tell_batch(s, b, err) != 0)
		s->failed = true;
	adapt(s, b);
	xb_batch_reset(b);
	s->oldest = (s->oldest + 1) % BATCHES;
	s->underway--;
	return s->failed ? -1 : 0;
}

/* Sends the batch that was filled on its way, and makes room for the next one. */
static int
send_off(struct xb_spread *s, struct xb_err *err)
{
	struct xb_batch *b = filling(s);
	int rc = 0;

	for (u32 i = 0; i < s->lane_cnt; i++)
		b->left += b->shares[i].first != NULL;
	/* From here on vCPUs may have done with some of it. */
	s->underway++;
	for (u32 i = 0; i < s->lane_cnt; i++)
		if (b->shares[i].first)
			xb_workers_add(s->workers, &b->shares[i].work, true);
	if (s->underway == BATCHES)
		await_oldest(s);
	while (rc == 0 && s->underway && oldest_is_done(s))
		rc = let_out(s, err);
	return rc;
}

int
xb_spread_packet(struct xb_spread *s, const struct xb_result *r, bool runs, struct xb_err *err)
{
	struct xb_batch *b = filling(s);
	struct xb_item *item = xb_batch_add(b, r);

	if (!item)
		return xb_err_errno(err, ENOMEM, "packet %llu", (unsigned long long)r->n);
	if (runs)
		xb_batch_share(b, item, vcpu_of(s, item));
	return b->cnt >= s->limit || b->bytes > BATCH_BYTES ? send_off(s, err) : 0;
}

int
xb_spread_drain(struct xb_spread *s, struct xb_err *err)
{
	int rc = send_off(s, err);

	while (s->underway) {
		await_oldest(s);
		if (let_out(s, err) != 0)
			rc = -1;
	}
	return rc;
}

void
xb_spread_say(void *spread, const char *text)
{
	xb_batch_note(filling(spread), text);
}

void
xb_spread_boot(struct xb_spread *s, u64 first_ns)
{
	u64 now_ns = xb_runner_time(&s->lanes[0].runner, first_ns);

	for (u32 i = 0; i < s->lane_cnt; i++)
		xb_runner_boot(&s->lanes[i].runner, now_ns);
}

const struct xb_path *
xb_spread_path(const struct xb_spread *s)
{
	return s->lanes[0].runner.path;
}

/* Everything of a vCPU but its thread. */
static int
init_lane(struct xb_spread *s, u32 vcpu, struct xb_err *err)
{
	struct lane *lane = &s->lanes[vcpu];
	const struct xb_outlet *outlet = s->opts.outlet;
	const struct xb_runner_opts opts = {
		.cli = s->opts.cli,
		.session = s->opts.session,
		.vcpu = vcpu,
		.stats = &lane->stats,
		.need_data = xb_outlet_wants_data(outlet),
		.keep_text = xb_outlet_wants_text(outlet),
		.keep_events = xb_outlet_wants_events(outlet),
		.send = outlet->output ? keep_send : NULL,
		.fault = keep_fault,
		.arg = lane,
	};

	lane->keeper.opts.data = xb_outlet_wants_data(outlet);
	lane->keeper.opts.ctx = outlet->json != NULL;
	if (xb_stats_init(&lane->stats, s->opts.cli->staged, err) != 0)
		return -1;
	if (xb_runner_init(&lane->runner, &opts, err) != 0)
		return -1;
	xb_path_init_in(opts.cli, opts.session, &lane->runner.r.in);
	return 0;
}

static int
init_lanes(struct xb_spread *s, struct xb_err *err)
{
	u32 cnt = s->opts.cli->cpus;

	s->lanes = aligned_alloc(_Alignof(struct lane), cnt * sizeof(*s->lanes));
	if (!s->lanes)
		return xb_err_errno(err, ENOMEM, "%u CPUs", cnt);
	for (; s->lane_cnt < cnt; s->lane_cnt++) {
		s->lanes[s->lane_cnt] = (struct lane){ .all = s };
		if (init_lane(s, s->lane_cnt, err) != 0) {
			s->lane_cnt++;
			return -1;
		}
	}
	return 0;
}

static int
init_batches(struct xb_spread *s, struct xb_err *err)
{
	u64 most = (u64)BATCH_PER_CPU * s->lane_cnt;

	s->limit = BATCH_FIRST;
	s->most = most < BATCH_MOST ? (u32)most : BATCH_MOST;
	for (; s->batch_cnt < BATCHES; s->batch_cnt++) {
		struct xb_batch *b = &s->batches[s->batch_cnt];

		if (xb_batch_init(b, s->opts.reader, s->most, s->lane_cnt, err) != 0) {
			xb_batch_fini(b);
			return -1;
		}
		for (u32 i = 0; i < s->lane_cnt; i++) {
			b->shares[i].work.run = run_share;
			b->shares[i].arg = &s->lanes[i];
		}
	}
	return 0;
}

static int
start(struct xb_spread *s, struct xb_err *err)
{
	const struct xb_workers_opts opts = {
		.cnt = s->lane_cnt,
		.backlog = BATCHES * s->lane_cnt,
		.threads = s->lane_cnt - 1, /* the caller's is one more */
	};

	for (u32 i = 0; i < s->lane_cnt; i++)
		s->notes[i] = &s->lanes[i].runner.notes;
	if (xb_session_spread(s->opts.session, s->notes, !s->opts.cli->no_events, err) != 0)
		return -1;
	s->workers = xb_workers_new(&opts, err);
	return s->workers ? 0 : -1;
}

struct xb_spread *
xb_spread_open(const struct xb_spread_opts *opts, struct xb_err *err)
{
	struct xb_spread *s;

	if (opts->session->playback) {
		xb_err_set(err, XB_ERR_USAGE,
		           "--cpus: the context's helper calls were recorded in one order, for one "
		           "CPU");
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		xb_err_errno(err, ENOMEM, "%u CPUs", opts->cli->cpus);
		return NULL;
	}
	s->opts = *opts;
	s->has_queue = xb_ctx_has(&opts->cli->ctx, "rx_queue_index");
	xb_path_init_in(opts->cli, opts->session, &s->r.in);
	xb_rss_init(&s->rss, opts->cli->cpus);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->done, NULL);
	if (init_lanes(s, err) == 0 && init_batches(s, err) == 0 && start(s, err) == 0)
		return s;
	xb_spread_close(s);
	return NULL;
}

void
xb_spread_close(struct xb_spread *s)
{
	if (!s)
		return;
	xb_workers_stop(s->workers);
	xb_session_gather(s->opts.session);
	for (u32 i = 0; i < s->lane_cnt; i++) {
		struct lane *lane = &s->lanes[i];

		lane->stats.events = lane->runner.notes.event_cnt;
		lane->stats.printks = lane->runner.notes.printk_cnt;
		xb_stats_add(s->opts.stats, &lane->stats);
		xb_runner_fini(&lane->runner);
		xb_stats_fini(&lane->stats);
	}
	for (u32 i = 0; i < s->batch_cnt; i++)
		xb_batch_fini(&s->batches[i]);
	pthread_cond_destroy(&s->done);
	pthread_mutex_destroy(&s->lock);
	free(s->lanes);
	free(s);
}
