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

struct worker {
	struct xb_workers *all;
	pthread_t thread;
	pthread_cond_t wake;
	struct queue own;
	bool asleep;    /* and nobody has signalled `wake` yet */
	bool any_first; /* whose turn it is where both queues have work, so that none starves */
	u32 vcpu;
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
	bool stopping;
	u32 cnt; /* of threads that were started */
	struct worker *workers;
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

/* The worker's next work, or NULL. */
static struct xb_work *
next_work(struct worker *worker)
{
	struct queue *any = &worker->all->any;
	bool from_any = any->head && (worker->any_first || !worker->own.head);

	worker->any_first = !from_any;
	if (from_any)
		return queue_take(any);
	return worker->own.head ? queue_take(&worker->own) : NULL;
}

/* Runs work, which was in a queue until now; the lock is not held meanwhile. */
static void
run_work(struct worker *worker, struct xb_work *work)
{
	struct xb_workers *all = worker->all;

	all->waiting--;
	all->running++;
	if (all->adders)
		pthread_cond_signal(&all->room);
	pthread_mutex_unlock(&all->lock);
	work->run(work, worker->vcpu);
	pthread_mutex_lock(&all->lock);
	if (--all->running == 0 && !all->waiting)
		pthread_cond_broadcast(&all->idle);
}

static void *
worker_main(void *arg)
{
	struct worker *worker = arg;
	struct xb_workers *all = worker->all;
	struct xb_work *work;

	pthread_mutex_lock(&all->lock);
	for (;;) {
		work = next_work(worker);
		if (work) {
			run_work(worker, work);
		} else if (all->stopping) {
			break;
		} else {
			worker->asleep = true;
			while (worker->asleep)
				pthread_cond_wait(&worker->wake, &all->lock);
		}
	}
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

static void
wake(struct worker *worker)
{
	if (!worker->asleep)
		return;
	worker->asleep = false;
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
		queue_put(&all->workers[work->vcpu].own, work);
		wake(&all->workers[work->vcpu]);
	}
	return 0;
}

int
xb_workers_add(struct xb_workers *workers, struct xb_work *work, bool wait)
{
	int err;

	assert(work->vcpu < workers->cnt || work->vcpu == XB_VCPU_ANY);
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
start_worker(struct xb_workers *workers, u32 vcpu)
{
	struct worker *worker = &workers->workers[vcpu];
	int err;

	worker->all = workers;
	worker->vcpu = vcpu;
	worker->own.tail = &worker->own.head;
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

struct xb_workers *
xb_workers_new(const struct xb_workers_opts *opts, struct xb_err *err)
{
	struct xb_workers *workers = calloc(1, sizeof(*workers));
	int errnum;

	if (workers)
		workers->workers = calloc(opts->cnt, sizeof(*workers->workers));
	if (!workers || !workers->workers) {
		free(workers);
		xb_err_errno(err, ENOMEM, "%u workers", opts->cnt);
		return NULL;
	}
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->room, NULL);
	pthread_cond_init(&workers->idle, NULL);
	workers->any.tail = &workers->any.head;
	workers->backlog = opts->backlog ? opts->backlog : XB_WORKERS_BACKLOG;
	errnum = start_workers(workers, opts->cnt);
	if (errnum) {
		xb_err_errno(err, errnum, "thread %u of %u", workers->cnt + 1, opts->cnt);
		xb_workers_stop(workers);
		return NULL;
	}
	return workers;
}
