/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools: what may be put in and what is refused, in which order and where it runs, when somebody
 * waits, and how it ends.
 */
#include "tests/lib/pool_rig.h"

#include <errno.h>
#include <pthread.h>

#define RETURN(n) PROG(XB_MOV64_IMM(0, n), XB_EXIT())
#define ENDLESS   PROG(XB_JA(-1), XB_EXIT())

static void
starting(void **state)
{
	struct {
		struct xb_pool_opts opts;
		int more;
	} longer = { { .size = sizeof(longer) }, 1 };
	const struct xb_pool_opts none = { .size = 0 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *process;
	struct pool_rig rig;
	struct tally t = { 0 };
	struct xb_program *program;

	(void)state;
	rig_open(&rig);
	program = rig_program(&rig, (struct xb_program_opts){ RETURN(2) });
	assert_null(xb_pool_start(rig.machine, &none, &err));
	assert_string_equal(err.msg, "pool: size is not set");
	assert_null(xb_pool_start(rig.machine, &longer.opts, &err));
	assert_non_null(strstr(err.msg, "an option that this version does not have is set"));
	longer.more = 0;
	xb_pool_stop(NULL);
	for (int i = 0; i < 3; i++) {
		rig.pool = xb_pool_start(rig.machine, i ? &longer.opts : NULL, &err);
		assert_non_null(rig.pool);
		assert_null(xb_pool_start(rig.machine, NULL, &err));
		assert_string_equal(err.msg, "the machine has a pool already");
		rig_enqueue(&rig, (struct xb_job){ .program = program, .done = tally, .arg = &t });
		xb_pool_stop(rig.pool);
		assert_int_equal(t.exited, i + 1);
	}
	rig.pool = NULL;
	process = xb_process_new(rig.machine, program, NULL, NULL, &err);
	assert_int_equal(xb_process_step(process), XB_PROCESS_RUNNING);
	assert_null(xb_pool_start(rig.machine, NULL, &err));
	assert_string_equal(err.msg, "pool: a process of the machine is in the midst of its run");
	xb_process_free(process);
	rig_start(&rig, 0);
	rig_close(&rig);
}

static void
refused_jobs(void **state)
{
	struct pool_rig rig, other;
	rig_open(&rig);
	rig_open(&other);
	struct xb_program *program = rig_program(&rig, (struct xb_program_opts){ RETURN(2) });
	struct xb_program *foreign = rig_program(&other, (struct xb_program_opts){ RETURN(2) });
	const struct {
		const char *name;
		struct xb_job job;
		int rc;
	} rows[] = {
		{ "the least", { .size = sizeof(struct xb_job), .program = program }, 0 },
		{ "no size", { .size = 0, .program = program }, -EINVAL },
		{ "no program", { .size = sizeof(struct xb_job) }, -EINVAL },
		{ "another machine's",
		  { .size = sizeof(struct xb_job), .program = foreign },
		  -EINVAL },
		{ "the last vCPU",
		  { .size = sizeof(struct xb_job), .program = program, .vcpu = VCPUS - 1 },
		  0 },
		{ "no such vCPU",
		  { .size = sizeof(struct xb_job), .program = program, .vcpu = VCPUS },
		  -EINVAL },
		{ "nearly any vCPU",
		  { .size = sizeof(struct xb_job),
		    .program = program,
		    .vcpu = XB_POOL_ANY_VCPU - 1 },
		  -EINVAL },
		{ "any vCPU",
		  { .size = sizeof(struct xb_job), .program = program, .vcpu = XB_POOL_ANY_VCPU },
		  0 },
	};

	(void)state;
	rig_start(&rig, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int wait = 0; wait < 2; wait++)
			if (xb_pool_enqueue(rig.pool, &rows[i].job, wait) != rows[i].rc)
				fail_msg("row '%s'", rows[i].name);
	rig_close(&rig);
	rig_close(&other);
}

/* Where jobs ran, and in which order. */
struct place {
	struct order *order;
	unsigned number, vcpu;
};

struct order {
	pthread_t threads[VCPUS]; /* of each virtual CPU, its own alone, from its first job on */
	unsigned last[VCPUS], bad;
};

static void
note_place(void *arg, struct xb_process *process, const struct xb_err *err)
{
	struct place *p = arg;
	struct order *o = p->order;
	uint32_t vcpu = process ? xb_process_vcpu(process) : VCPUS;

	if (err || vcpu != p->vcpu || p->number != o->last[vcpu] + 1 ||
	    (o->last[vcpu] && !pthread_equal(o->threads[vcpu], pthread_self()))) {
		__atomic_add_fetch(&o->bad, 1, __ATOMIC_RELAXED);
		return;
	}
	o->threads[vcpu] = pthread_self();
	o->last[vcpu] = p->number;
}

static void
jobs_of_one_vcpu_run_there_in_order(void **state)
{
	enum { CNT = 4000 };
	struct place *places = calloc(CNT, sizeof(*places));
	struct order order = { .bad = 0 };
	unsigned numbers[VCPUS] = { 0 };
	struct tally t = { 0 };
	struct pool_rig rig;
	struct xb_program *program;

	(void)state;
	rig_open(&rig);
	rig_start(&rig, 0);
	program = rig_program(&rig, (struct xb_program_opts){ PROG(
	                                    XB_CALL(BPF_FUNC_get_smp_processor_id), XB_EXIT()) });
	for (unsigned i = 0; i < CNT; i++) {
		unsigned vcpu = i * 7 / 5 % VCPUS;

		places[i] = (struct place){ &order, ++numbers[vcpu], vcpu };
		rig_enqueue(&rig, (struct xb_job){ .program = program,
		                                   .vcpu = vcpu,
		                                   .done = note_place,
		                                   .arg = &places[i] });
		rig_enqueue(&rig, (struct xb_job){ .program = program,
		                                   .vcpu = XB_POOL_ANY_VCPU,
		                                   .done = tally,
		                                   .arg = &t });
	}
	xb_pool_drain(rig.pool);
	assert_int_equal(order.bad, 0);
	assert_memory_equal(order.last, numbers, sizeof(numbers));
	for (unsigned i = 1; i < VCPUS; i++)
		assert_false(pthread_equal(order.threads[0], order.threads[i]));
	assert_int_equal(t.exited, CNT);
	assert_true(t.sum <= CNT * (VCPUS - 1));
	rig_close(&rig);
	free(places);
}

/* Three of four are held: what is for any runs on the last; what is for one of them waits. */
static void
any_vcpu_is_one_that_is_idle(void **state)
{
	struct hold holds[VCPUS - 1];
	struct tally any = { 0 }, own = { 0 };
	struct pool_rig rig;
	struct xb_program *program;

	(void)state;
	rig_open(&rig);
	rig_start(&rig, 0);
	program = rig_program(&rig, (struct xb_program_opts){ PROG(
	                                    XB_CALL(BPF_FUNC_get_smp_processor_id), XB_EXIT()) });
	for (uint32_t i = 0; i < VCPUS - 1; i++)
		hold_vcpu(&rig, program, i, &holds[i]);
	rig_enqueue(&rig,
	            (struct xb_job){ .program = program, .vcpu = 1, .done = tally, .arg = &own });
	for (int i = 0; i < 500; i++)
		rig_enqueue(&rig, (struct xb_job){ .program = program,
		                                   .vcpu = XB_POOL_ANY_VCPU,
		                                   .done = tally,
		                                   .arg = &any });
	while (__atomic_load_n(&any.exited, __ATOMIC_RELAXED) < 500)
		sched_yield();
	assert_int_equal(__atomic_load_n(&own.exited, __ATOMIC_RELAXED), 0);
	for (uint32_t i = 0; i < VCPUS - 1; i++)
		let_go(&holds[i]);
	xb_pool_drain(rig.pool);
	assert_int_equal(any.sum, 500 * (VCPUS - 1));
	assert_int_equal(own.exited, 1);
	assert_int_equal(own.sum, 1);
	rig_close(&rig);
}

/* A thread that puts in a job and waits for room. */
struct adder {
	struct pool_rig *rig;
	struct xb_job job;
	unsigned cnt, refused; /* jobs; those that were */
	int rc;                /* of the last */
	sem_t started;
	bool over; /* atomic */
	pthread_t thread;
};

static void *
add_jobs(void *arg)
{
	struct adder *a = arg;

	sem_post(&a->started);
	for (unsigned i = 0; i < a->cnt; i++) {
		a->rc = xb_pool_enqueue(a->rig->pool, &a->job, true);
		a->refused += a->rc != 0;
	}
	__atomic_store_n(&a->over, true, __ATOMIC_RELEASE);
	return NULL;
}

static void
adder_start(struct adder *a)
{
	a->job.size = sizeof(a->job);
	sem_init(&a->started, 0, 0);
	assert_int_equal(pthread_create(&a->thread, NULL, add_jobs, a), 0);
	sem_wait(&a->started);
}

static void
sleep_ms(long ms)
{
	const struct timespec ts = { .tv_nsec = ms * 1000000 };

	nanosleep(&ts, NULL);
}

static void
backlog(void **state)
{
	enum { ROOM = 3 };
	struct tally t = { 0 };
	struct pool_rig rig;
	struct hold h[2];

	(void)state;
	rig_open_vcpus(&rig, 2);
	rig_start(&rig, ROOM);
	struct xb_program *program = rig_program(&rig, (struct xb_program_opts){ RETURN(1) });
	struct xb_job job = { .size = sizeof(job), .program = program, .done = tally, .arg = &t };
	struct adder a = { .rig = &rig, .job = job, .cnt = 1 };

	hold_vcpu(&rig, program, 0, &h[0]);
	hold_vcpu(&rig, program, 1, &h[1]);
	for (uint32_t i = 0; i < ROOM;
	     i++) { /* over all virtual CPUs, those that run do not count */
		job.vcpu = i == 2 ? XB_POOL_ANY_VCPU : i;
		assert_int_equal(xb_pool_enqueue(rig.pool, &job, false), 0);
	}
	for (uint32_t i = 0; i < 3; i++) {
		job.vcpu = i == 2 ? XB_POOL_ANY_VCPU : i;
		assert_int_equal(xb_pool_enqueue(rig.pool, &job, false), -EAGAIN);
	}
	adder_start(&a);
	sleep_ms(50);
	assert_false(__atomic_load_n(&a.over, __ATOMIC_ACQUIRE));
	let_go(&h[1]);
	pthread_join(a.thread, NULL);
	assert_int_equal(a.rc, 0);
	let_go(&h[0]);
	xb_pool_drain(rig.pool);
	assert_int_equal(t.exited, ROOM + 1);
	assert_int_equal(xb_pool_enqueue(rig.pool, &job, false), 0);
	rig_close(&rig);
}

static void
jobs_from_several_threads(void **state)
{
	enum { CNT = 5000 };
	struct pool_rig rig;
	struct tally t = { 0 };
	struct adder adders[3];

	(void)state;
	rig_open(&rig);
	rig_start(&rig, 16);
	struct xb_program *program = rig_program(&rig, (struct xb_program_opts){ RETURN(1) });
	for (uint32_t i = 0; i < 3; i++) {
		adders[i] = (struct adder){ .rig = &rig,
			                    .cnt = CNT,
			                    .job = { .program = program,
			                             .vcpu = i ? XB_POOL_ANY_VCPU : 0,
			                             .done = tally,
			                             .arg = &t } };
		adder_start(&adders[i]);
	}
	for (uint32_t i = 0; i < 3; i++) {
		pthread_join(adders[i].thread, NULL);
		assert_int_equal(adders[i].refused, 0);
	}
	xb_pool_drain(rig.pool);
	assert_int_equal(t.sum, 3 * CNT);
	rig_close(&rig);
}

static void
deadlines(void **state)
{
	struct tally stopped = { 0 }, late = { 0 }, early = { 0 };
	uint64_t start = rig_now_ns();
	struct pool_rig rig;

	(void)state;
	rig_open_vcpus(&rig, 1);
	rig_start(&rig, 0);
	struct xb_program *endless = rig_program(&rig, (struct xb_program_opts){ ENDLESS });
	struct xb_program *program = rig_program(&rig, (struct xb_program_opts){ RETURN(7) });

	rig_enqueue(&rig, (struct xb_job){ .program = endless,
	                                   .deadline_ns = start + 100000000,
	                                   .done = tally,
	                                   .arg = &stopped });
	rig_enqueue(&rig, (struct xb_job){ .program = program,
	                                   .deadline_ns = start + 1000000,
	                                   .done = tally,
	                                   .arg = &late });
	rig_enqueue(&rig, (struct xb_job){ .program = program,
	                                   .deadline_ns = start + 3600000000000,
	                                   .done = tally,
	                                   .arg = &early });
	rig_enqueue(&rig, (struct xb_job){ .program = program, .done = tally, .arg = &early });
	xb_pool_drain(rig.pool);
	assert_true(rig_now_ns() - start >= 100000000);
	assert_int_equal(stopped.faulted, 1);
	assert_string_equal(stopped.text, "deadline passed");
	assert_int_equal(late.refused, 1);
	assert_string_equal(late.text, "the deadline passed while the job waited");
	assert_int_equal(early.exited, 2);
	assert_int_equal(early.sum, 14);
	rig_close(&rig);
}

/* Jobs that put in the next one, until there were so many or the pool takes no more. */
struct chain {
	struct pool_rig *rig;
	struct xb_job job;
	unsigned left, ran;
	int rc;
};

static void
next_in_chain(void *arg, struct xb_process *process, const struct xb_err *err)
{
	struct chain *c = arg;

	int rc;

	c->ran += process && !err;
	if (c->left-- < 2)
		return;
	rc = xb_pool_enqueue(c->rig->pool, &c->job, false);
	if (rc) /* else the next one has begun, maybe */
		c->rc = rc;
}

static void
done_may_put_in_more(void **state)
{
	struct pool_rig rig;

	(void)state;
	rig_open(&rig);
	rig_start(&rig, 0);
	struct xb_program *program = rig_program(&rig, (struct xb_program_opts){ RETURN(1) });
	struct chain c = { .rig = &rig,
		           .left = 2000,
		           .job = { .size = sizeof(c.job),
		                    .program = program,
		                    .vcpu = XB_POOL_ANY_VCPU,
		                    .done = next_in_chain,
		                    .arg = &c } };

	xb_pool_drain(rig.pool); /* of nothing */
	rig_enqueue(&rig, c.job);
	xb_pool_drain(rig.pool); /* what jobs put in is waited for, too */
	assert_int_equal(c.rc, 0);
	assert_int_equal(c.ran, 2000);
	rig_close(&rig);
}

static void *
stop(void *arg)
{
	struct pool_rig *rig = arg;

	xb_pool_stop(rig->pool);
	return NULL;
}

/* What waits is run, who waits to put in more is sent home, as is what done() puts in. */
static void
stopping(void **state)
{
	struct tally t = { 0 };
	struct pool_rig rig;
	struct hold h;
	pthread_t stopper;

	(void)state;
	rig_open_vcpus(&rig, 1);
	rig_start(&rig, 2);
	struct xb_program *program = rig_program(&rig, (struct xb_program_opts){ RETURN(1) });
	struct chain c = { .rig = &rig,
		           .left = 2,
		           .job = { .size = sizeof(c.job),
		                    .program = program,
		                    .done = next_in_chain,
		                    .arg = &c } };
	struct adder a = { .rig = &rig,
		           .cnt = 1,
		           .job = { .program = program, .done = tally, .arg = &t } };

	hold_vcpu(&rig, program, 0, &h);
	rig_enqueue(&rig, c.job);
	rig_enqueue(&rig, (struct xb_job){ .program = program, .done = tally, .arg = &t });
	adder_start(&a);
	sleep_ms(20);
	assert_int_equal(pthread_create(&stopper, NULL, stop, &rig), 0);
	pthread_join(a.thread, NULL);
	assert_int_equal(a.rc, -ESHUTDOWN);
	let_go(&h);
	pthread_join(stopper, NULL);
	assert_int_equal(c.ran, 1);
	assert_int_equal(c.rc, -ESHUTDOWN);
	assert_int_equal(t.exited, 1);
	rig.pool = NULL;
	rig_start(&rig, 0);
	rig_enqueue(&rig, (struct xb_job){ .program = program, .done = tally, .arg = &t });
	rig_close(&rig);
	assert_int_equal(t.exited, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starting),
		cmocka_unit_test(refused_jobs),
		cmocka_unit_test(jobs_of_one_vcpu_run_there_in_order),
		cmocka_unit_test(any_vcpu_is_one_that_is_idle),
		cmocka_unit_test(backlog),
		cmocka_unit_test(jobs_from_several_threads),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(done_may_put_in_more),
		cmocka_unit_test(stopping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
