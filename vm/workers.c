/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/workers.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct queue {
	struct xb_work *head;
	struct xb_work **tail; /* where the next one is linked in */
};

struct vcpu {
	struct queue own;
	bool busy; /* a thread runs work on it */
};

struct worker {
	struct xb_workers *all;
	pthread_t thread;
	pthread_cond_t wake;
	bool asleep;    /* and nobody has signalled `wake` yet */
	bool any_first; /* whose turn it is where both queues have work, so that none starves */
	u32 at;         /* the vCPU that it looks at first; its own, where it has one */
};

struct xb_workers {
	pthread_mutex_t lock; /* over all that follows */
	pthread_cond_t room;  /* less waits than the backlog, or stopping */
	pthread_cond_t idle;  /* nothing waits and runs, or nobody is in xb_workers_add() */
	struct queue any;
	u32 backlog;
	u32 waiting; /* work in queues */
	u32 running; /* work being run */
	u32 adders;  /* threads asleep in xb_workers_add() */
	u32 asleep;  /* workers */
	bool stopping;
	bool shared; /* less threads than vCPUs: each runs whatever vCPU is free */
	u32 vcpu_cnt;
	struct vcpu *vcpus;
	u32 cnt; /* of threads that were started */
	struct worker *workers;
	struct worker helper; /* whoever is in xb_workers_help(); no thread */
};

static void
queue_put(struct queue *queue, struct xb_work *work)
{
	work->next = NULL;
	*queue->tail = work;
	queue->tail = &work->next;
}

static struct xb_work *
queue_take(struct queue *queue)
{
	struct xb_work *work = queue->head;

	queue->head = work->next;
	if (!queue->head)
		queue->tail = &queue->head;
	work->next = NULL;
	return work;
}

/* The first free vCPU, from the worker's on; with_work: one that has work. */
static u32
free_vcpu(const struct worker *worker, bool with_work)
{
	const struct xb_workers *all = worker->all;
	u32 cnt = all->shared ? all->vcpu_cnt : 1;

	for (u32 i = 0; i < cnt; i++) {
		u32 vcpu = (worker->at + i) % all->vcpu_cnt;

		if (!all->vcpus[vcpu].busy && (!with_work || all->vcpus[vcpu].own.head))
			return vcpu;
	}
	return XB_VCPU_ANY;
}

/* The worker's next work, and where to run it: that vCPU is busy from here on. Or NULL. */
static struct xb_work *
next_work(struct worker *worker, u32 *vcpu)
{
	struct xb_workers *all = worker->all;
	u32 own = free_vcpu(worker, true);
	bool from_any = all->any.head && (worker->any_first || own == XB_VCPU_ANY);

	worker->any_first = !from_any;
	*vcpu = from_any ? free_vcpu(worker, false) : own;
	if (*vcpu == XB_VCPU_ANY)
		return NULL;
	all->vcpus[*vcpu].busy = true;
	return queue_take(from_any ? &all->any : &all->vcpus[own].own);
}

/* Runs work, which was in a queue until now; the lock is not held meanwhile. */
static void
run_work(struct worker *worker, struct xb_work *work, u32 vcpu)
{
	struct xb_workers *all = worker->all;

	all->waiting--;
	all->running++;
	if (all->adders)
		pthread_cond_signal(&all->room);
	pthread_mutex_unlock(&all->lock);
	work->run(work, vcpu);
	pthread_mutex_lock(&all->lock);
	all->vcpus[vcpu].busy = false;
	if (all->shared)
		worker->at = vcpu + 1;
	if (--all->running == 0 && !all->waiting)
		pthread_cond_broadcast(&all->idle);
}

static void
wake(struct worker *worker)
{
	if (!worker->asleep)
		return;
	worker->asleep = false;
	worker->all->asleep--;
	pthread_cond_signal(&worker->wake);
}

static void
wake_any(struct xb_workers *all)
{
	for (u32 i = 0; i < all->cnt; i++) {
		if (all->workers[i].asleep) {
			wake(&all->workers[i]);
			return;
		}
	}
}

/* What the others may run now that this one has taken its own. */
static void
share_work(struct worker *worker)
{
	struct xb_workers *all = worker->all;

	if (all->shared && all->asleep && free_vcpu(worker, true) != XB_VCPU_ANY)
		wake_any(all);
}

static void
sleep_until_woken(struct worker *worker)
{
	worker->asleep = true;
	worker->all->asleep++;
	while (worker->asleep)
		pthread_cond_wait(&worker->wake, &worker->all->lock);
}

static void *
worker_main(void *arg)
{
	struct worker *worker = arg;
	struct xb_workers *all = worker->all;
	struct xb_work *work;
	u32 vcpu;

	pthread_mutex_lock(&all->lock);
	for (;;) {
		work = next_work(worker, &vcpu);
		if (work) {
			share_work(worker);
			run_work(worker, work, vcpu);
		} else if (all->stopping) {
			break;
		} else {
			sleep_until_woken(worker);
		}
	}
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

bool
xb_workers_help(struct xb_workers *workers)
{
	struct xb_work *work;
	u32 vcpu;

	pthread_mutex_lock(&workers->lock);
	work = next_work(&workers->helper, &vcpu);
	if (work)
		run_work(&workers->helper, work, vcpu);
	share_work(&workers->helper);
	pthread_mutex_unlock(&workers->lock);
	return work != NULL;
}

/* False: stopping. */
static bool
wait_for_room(struct xb_workers *all)
{
	all->adders++;
	while (all->waiting >= all->backlog && !all->stopping)
		pthread_cond_wait(&all->room, &all->lock);
	if (--all->adders == 0 && all->stopping)
		pthread_cond_broadcast(&all->idle);
	return !all->stopping;
}

/* Whoever runs work on a busy vCPU comes back to it. */
static void
wake_for(struct xb_workers *all, u32 vcpu)
{
	if (!all->shared)
		wake(&all->workers[vcpu]);
	else if (!all->vcpus[vcpu].busy)
		wake_any(all);
}

static int
add_locked(struct xb_workers *all, struct xb_work *work, bool wait)
{
	if (all->stopping)
		return -ESHUTDOWN;
	if (all->waiting >= all->backlog && !wait)
		return -EAGAIN;
	if (all->waiting >= all->backlog && !wait_for_room(all))
		return -ESHUTDOWN;
	all->waiting++;
	if (work->vcpu == XB_VCPU_ANY) {
		queue_put(&all->any, work);
		wake_any(all);
	} else {
		queue_put(&all->vcpus[work->vcpu].own, work);
		wake_for(all, work->vcpu);
	}
	return 0;
}

int
xb_workers_add(struct xb_workers *workers, struct xb_work *work, bool wait)
{
	int err;

	assert(work->vcpu < workers->vcpu_cnt || work->vcpu == XB_VCPU_ANY);
	pthread_mutex_lock(&workers->lock);
	err = add_locked(workers, work, wait);
	pthread_mutex_unlock(&workers->lock);
	return err;
}

static void
drain_locked(struct xb_workers *workers)
{
	while (workers->waiting || workers->running)
		pthread_cond_wait(&workers->idle, &workers->lock);
}

void
xb_workers_drain(struct xb_workers *workers)
{
	pthread_mutex_lock(&workers->lock);
	drain_locked(workers);
	pthread_mutex_unlock(&workers->lock);
}

static void
free_all(struct xb_workers *workers)
{
	for (u32 i = 0; i < workers->cnt; i++)
		pthread_cond_destroy(&workers->workers[i].wake);
	pthread_cond_destroy(&workers->idle);
	pthread_cond_destroy(&workers->room);
	pthread_mutex_destroy(&workers->lock);
	free(workers->workers);
	free(workers->vcpus);
	free(workers);
}

void
xb_workers_stop(struct xb_workers *workers)
{
	if (!workers)
		return;
	pthread_mutex_lock(&workers->lock);
	workers->stopping = true;
	pthread_cond_broadcast(&workers->room);
	while (workers->adders)
		pthread_cond_wait(&workers->idle, &workers->lock);
	drain_locked(workers);
	for (u32 i = 0; i < workers->cnt; i++)
		wake(&workers->workers[i]);
	pthread_mutex_unlock(&workers->lock);
	for (u32 i = 0; i < workers->cnt; i++)
		pthread_join(workers->workers[i].thread, NULL);
	free_all(workers);
}

/* The lock is held, so that the thread sees all of `workers`. */
static int
start_worker(struct xb_workers *workers, u32 idx)
{
	struct worker *worker = &workers->workers[idx];
	int err;

	worker->all = workers;
	worker->at = idx;
	pthread_cond_init(&worker->wake, NULL);
	err = pthread_create(&worker->thread, NULL, worker_main, worker);
	if (err)
		pthread_cond_destroy(&worker->wake);
	else
		workers->cnt++;
	return err;
}

/* 0 or an errno. */
static int
start_workers(struct xb_workers *workers, u32 cnt)
{
	sigset_t all, old;
	int err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_mutex_lock(&workers->lock);
	for (u32 i = 0; i < cnt && !err; i++)
		err = start_worker(workers, i);
	pthread_mutex_unlock(&workers->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

/* Without threads; NULL where there is no memory. */
static struct xb_workers *
alloc_workers(u32 vcpus, u32 threads)
{
	struct xb_workers *workers = calloc(1, sizeof(*workers));

	if (!workers)
		return NULL;
	workers->workers = calloc(threads, sizeof(*workers->workers));
	workers->vcpus = calloc(vcpus, sizeof(*workers->vcpus));
	if (!workers->workers || !workers->vcpus) {
		free(workers->workers);
		free(workers->vcpus);
		free(workers);
		return NULL;
	}
	workers->vcpu_cnt = vcpus;
	for (u32 i = 0; i < vcpus; i++)
		workers->vcpus[i].own.tail = &workers->vcpus[i].own.head;
	workers->any.tail = &workers->any.head;
	workers->shared = threads < vcpus;
	workers->helper.all = workers;
	return workers;
}

struct xb_workers *
xb_workers_new(const struct xb_workers_opts *opts, struct xb_err *err)
{
	u32 threads = opts->threads ? opts->threads : opts->cnt;
	struct xb_workers *workers = alloc_workers(opts->cnt, threads);
	int errnum;

	if (!workers) {
		xb_err_errno(err, ENOMEM, "%u workers", opts->cnt);
		return NULL;
	}
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->room, NULL);
	pthread_cond_init(&workers->idle, NULL);
	workers->backlog = opts->backlog ? opts->backlog : XB_WORKERS_BACKLOG;
	errnum = start_workers(workers, threads);
	if (errnum) {
		xb_err_errno(err, errnum, "thread %u of %u", workers->cnt + 1, threads);
		xb_workers_stop(workers);
		return NULL;
	}
	return workers;
}
