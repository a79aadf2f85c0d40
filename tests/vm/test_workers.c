/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_workers.c - threads with queues: where work runs and in what order, a full backlog,
 * draining, stopping while others add, and that nobody spins.
 */
#include "vm/workers.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WORKERS 4
#define SECOND  1000000000ll

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool open;
	u32 inside;
};

struct job {
	struct xb_work work;
	struct log *log;
	struct gate *gate;          /* or NULL: waits there for it to be opened */
	struct xb_workers *workers; /* or NULL: adds `then` to them, and keeps what it got */
	struct job *then;
	int added;
	u32 at;    /* place among those of its vCPU */
	u32 where; /* vCPU that ran it */
};

struct log {
	u32 done[WORKERS];   /* by vCPU, each its own */
	u32 inside[WORKERS]; /* jobs that run on it now */
	u32 collided;
};

static void
pass(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->inside++;
	pthread_cond_broadcast(&gate->change);
	while (!gate->open)
		pthread_cond_wait(&gate->change, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

static void
wait_inside(struct gate *gate, u32 cnt)
{
	pthread_mutex_lock(&gate->lock);
	while (gate->inside < cnt)
		pthread_cond_wait(&gate->change, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

static void
open_gate(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->open = true;
	pthread_cond_broadcast(&gate->change);
	pthread_mutex_unlock(&gate->lock);
}

#define GATE                                                                                       \
	{                                                                                          \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0                      \
	}

static void
run(struct xb_work *work, u32 vcpu)
{
	struct job *job = XB_CONTAINER_OF(work, struct job, work);

	if (__atomic_add_fetch(&job->log->inside[vcpu], 1, __ATOMIC_RELAXED) != 1)
		__atomic_add_fetch(&job->log->collided, 1, __ATOMIC_RELAXED);
	job->where = vcpu;
	job->at = __atomic_fetch_add(&job->log->done[vcpu], 1, __ATOMIC_RELAXED);
	if (job->gate)
		pass(job->gate);
	if (job->then)
		job->added = xb_workers_add(job->workers, &job->then->work, false);
	__atomic_sub_fetch(&job->log->inside[vcpu], 1, __ATOMIC_RELAXED);
}

static struct xb_workers *
start_shared(u32 cnt, u32 threads, u32 backlog)
{
	struct xb_workers *workers;
	struct xb_err err;

	workers = xb_workers_new(&(struct xb_workers_opts){ cnt, backlog, threads }, &err);
	assert_non_null(workers);
	return workers;
}

static struct xb_workers *
start(u32 cnt, u32 backlog)
{
	return start_shared(cnt, 0, backlog);
}

static struct job *
make_jobs(u32 cnt, struct log *log)
{
	struct job *jobs = calloc(cnt, sizeof(*jobs));

	assert_non_null(jobs);
	for (u32 i = 0; i < cnt; i++)
		jobs[i] = (struct job){ .work = { .vcpu = XB_VCPU_ANY, .run = run }, .log = log };
	return jobs;
}

/* What is for a vCPU runs there, in the order in which it came, one at a time. */
static void
keeps_order(void **state)
{
	const u32 cnt = 20000;
	struct log log = { 0 };
	struct job *jobs = make_jobs(cnt, &log);
	struct xb_workers *workers = start(WORKERS, 64);

	(void)state;
	for (u32 i = 0; i < cnt; i++) {
		jobs[i].work.vcpu = i % WORKERS;
		assert_int_equal(xb_workers_add(workers, &jobs[i].work, true), 0);
	}
	xb_workers_drain(workers);
	for (u32 i = 0; i < cnt; i++) {
		assert_int_equal(jobs[i].where, i % WORKERS);
		assert_int_equal(jobs[i].at, i / WORKERS);
	}
	assert_int_equal(log.collided, 0);
	xb_workers_stop(workers);
	free(jobs);
}

/* What may run anywhere goes to those that have nothing to do, however long the others take. */
static void
any_finds_the_idle(void **state)
{
	struct gate gate = GATE;
	struct log log = { 0 };
	struct job *jobs = make_jobs(WORKERS + 100, &log);
	struct xb_workers *workers = start(WORKERS, 0);
	u32 free_one;

	(void)state;
	for (u32 i = 0; i < WORKERS - 1; i++) {
		jobs[i].gate = &gate;
		xb_workers_add(workers, &jobs[i].work, true);
	}
	wait_inside(&gate, WORKERS - 1);
	free_one = 6 - jobs[0].where - jobs[1].where - jobs[2].where;
	for (u32 i = WORKERS; i < WORKERS + 100; i++)
		assert_int_equal(xb_workers_add(workers, &jobs[i].work, true), 0);
	while (__atomic_load_n(&log.done[free_one], __ATOMIC_RELAXED) < 100)
		usleep(100);
	open_gate(&gate);
	xb_workers_stop(workers);
	for (u32 i = WORKERS; i < WORKERS + 100; i++)
		assert_int_equal(jobs[i].where, free_one);
	free(jobs);
}

/* Neither queue starves where both have work: they take turns. */
static void
takes_turns(void **state)
{
	struct gate gate = GATE;
	struct log log = { 0 };
	struct job *jobs = make_jobs(21, &log);
	struct xb_workers *workers = start(1, 0);

	(void)state;
	jobs[20].gate = &gate;
	xb_workers_add(workers, &jobs[20].work, true);
	wait_inside(&gate, 1);
	for (u32 i = 0; i < 20; i++) {
		jobs[i].work.vcpu = i < 10 ? 0 : XB_VCPU_ANY;
		xb_workers_add(workers, &jobs[i].work, true);
	}
	open_gate(&gate);
	xb_workers_drain(workers);
	for (u32 i = 1; i < 10; i++)
		assert_true(jobs[10 + i].at > jobs[i - 1].at && jobs[i].at > jobs[10 + i - 1].at);
	xb_workers_stop(workers);
	free(jobs);
}

static void
backlog_fills(void **state)
{
	struct gate gate = GATE;
	struct log log = { 0 };
	struct job *jobs = make_jobs(5, &log);
	struct xb_workers *workers = start(1, 3);

	(void)state;
	jobs[0].gate = &gate;
	xb_workers_add(workers, &jobs[0].work, true);
	wait_inside(&gate, 1);
	for (u32 i = 1; i <= 3; i++)
		assert_int_equal(xb_workers_add(workers, &jobs[i].work, false), 0);
	assert_int_equal(xb_workers_add(workers, &jobs[4].work, false), -EAGAIN);
	open_gate(&gate);
	assert_int_equal(xb_workers_add(workers, &jobs[4].work, true), 0);
	xb_workers_drain(workers);
	assert_int_equal(log.done[0], 5);
	assert_int_equal(jobs[4].at, 4);
	xb_workers_stop(workers);
	free(jobs);
}

/* Work may add work, and draining waits for that, too. */
static void
work_adds_work(void **state)
{
	const u32 cnt = 1000;
	struct log log = { 0 };
	struct job *jobs = make_jobs(cnt, &log);
	struct xb_workers *workers = start(WORKERS, 0);
	u32 done = 0;

	(void)state;
	for (u32 i = 0; i + 1 < cnt; i++) {
		jobs[i].workers = workers;
		jobs[i].then = &jobs[i + 1];
	}
	xb_workers_add(workers, &jobs[0].work, true);
	xb_workers_drain(workers);
	for (u32 i = 0; i < WORKERS; i++)
		done += log.done[i];
	assert_int_equal(done, cnt);
	xb_workers_stop(workers);
	free(jobs);
}

struct adder {
	struct xb_workers *workers;
	struct job *jobs;
	u32 cnt;
	u32 accepted;
	int last;
};

static void *
add_many(void *arg)
{
	struct adder *adder = arg;

	for (u32 i = 0; i < adder->cnt && !adder->last; i++) {
		adder->last = xb_workers_add(adder->workers, &adder->jobs[i].work, true);
		adder->accepted += !adder->last;
	}
	return NULL;
}

/* Several threads add at the same time: everything runs once. */
static void
many_add(void **state)
{
	const u32 cnt = 20000;
	struct log log = { 0 };
	struct xb_workers *workers = start(WORKERS, 16);
	struct adder adders[3];
	pthread_t threads[3];
	u32 done = 0;

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		adders[i] = (struct adder){ workers, make_jobs(cnt, &log), cnt, 0, 0 };
		pthread_create(&threads[i], NULL, add_many, &adders[i]);
	}
	for (u32 i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(adders[i].accepted, cnt);
	}
	xb_workers_stop(workers);
	for (u32 i = 0; i < WORKERS; i++)
		done += log.done[i];
	assert_int_equal(done, 3 * cnt);
	assert_int_equal(log.collided, 0);
	for (u32 i = 0; i < 3; i++)
		free(adders[i].jobs);
}

static void *
stop(void *arg)
{
	xb_workers_stop(arg);
	return NULL;
}

/*
 * Stopping runs what was taken, sends home who waits for room, and takes nothing more: not from
 * work either.
 */
static void
stop_drains(void **state)
{
	struct gate gate = GATE;
	struct log log = { 0 };
	struct job *jobs = make_jobs(10, &log);
	struct xb_workers *workers = start(1, 4);
	struct adder adder = { workers, jobs + 1, 8, 0, 0 };
	pthread_t stopping, adding;

	(void)state;
	jobs[0].gate = &gate;
	jobs[0].workers = workers;
	jobs[0].then = &jobs[9];
	xb_workers_add(workers, &jobs[0].work, true);
	wait_inside(&gate, 1);
	pthread_create(&adding, NULL, add_many, &adder);
	usleep(20000);
	pthread_create(&stopping, NULL, stop, workers);
	pthread_join(adding, NULL);
	assert_int_equal(adder.last, -ESHUTDOWN);
	assert_int_equal(adder.accepted, 4);
	open_gate(&gate);
	pthread_join(stopping, NULL);
	assert_int_equal(log.done[0], 5);
	assert_int_equal(jobs[0].added, -ESHUTDOWN);
	free(jobs);
}

static s64
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

/* Threads without work take no time, nor does one that waits for room. */
static void
nobody_spins(void **state)
{
	struct xb_workers *workers = start(WORKERS, 0);
	s64 before;

	(void)state;
	usleep(10000);
	before = cpu_ns();
	usleep(200000);
	assert_true(cpu_ns() - before < SECOND / 50);
	xb_workers_stop(workers);
	xb_workers_stop(NULL);
}

/* Less threads than vCPUs: each vCPU's work keeps its order all the same. */
static void
shared_keeps_order(void **state)
{
	const u32 cnt = 20000;
	struct xb_workers *workers;
	struct job *jobs;

	(void)state;
	for (u32 threads = 1; threads < WORKERS; threads++) {
		struct log log = { 0 };

		jobs = make_jobs(cnt, &log);
		workers = start_shared(WORKERS, threads, 64);
		for (u32 i = 0; i < cnt; i++) {
			jobs[i].work.vcpu = i * 7 / 3 % WORKERS;
			while (xb_workers_add(workers, &jobs[i].work, false) != 0)
				xb_workers_help(workers);
		}
		while (xb_workers_help(workers))
			;
		xb_workers_drain(workers);
		assert_int_equal(log.collided, 0);
		for (u32 vcpu = 0; vcpu < WORKERS; vcpu++) {
			u32 at = 0;

			for (u32 i = 0; i < cnt; i++)
				if (jobs[i].work.vcpu == vcpu) {
					assert_int_equal(jobs[i].where, vcpu);
					assert_int_equal(jobs[i].at, at++);
				}
		}
		xb_workers_stop(workers);
		free(jobs);
	}
}

/* The one thread is busy with vCPU 0: its work waits, that of vCPU 1 is for who helps. */
static void
help_takes_what_is_free(void **state)
{
	struct gate gate = GATE;
	struct log log = { 0 };
	struct job *jobs = make_jobs(3, &log);
	struct xb_workers *workers = start_shared(2, 1, 0);

	(void)state;
	for (u32 i = 0; i < 3; i++)
		jobs[i].work.vcpu = i == 2;
	jobs[0].gate = &gate;
	assert_false(xb_workers_help(workers));
	assert_int_equal(xb_workers_add(workers, &jobs[0].work, false), 0);
	wait_inside(&gate, 1);
	assert_int_equal(xb_workers_add(workers, &jobs[1].work, false), 0);
	assert_false(xb_workers_help(workers));
	assert_int_equal(xb_workers_add(workers, &jobs[2].work, false), 0);
	assert_true(xb_workers_help(workers));
	assert_int_equal(log.done[1], 1);
	assert_int_equal(log.done[0], 1);
	assert_false(xb_workers_help(workers));
	open_gate(&gate);
	xb_workers_drain(workers);
	assert_int_equal(log.done[0], 2);
	xb_workers_stop(workers);
	free(jobs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order),        cmocka_unit_test(any_finds_the_idle),
		cmocka_unit_test(takes_turns),        cmocka_unit_test(backlog_fills),
		cmocka_unit_test(work_adds_work),     cmocka_unit_test(many_add),
		cmocka_unit_test(stop_drains),        cmocka_unit_test(nobody_spins),
		cmocka_unit_test(shared_keeps_order), cmocka_unit_test(help_takes_what_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
