/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/pool_rig.h"

#include <stdio.h>
#include <time.h>

void
rig_open_vcpus(struct pool_rig *rig, uint32_t vcpus)
{
	const struct xb_linux_opts linux_opts = {
		.size = sizeof(linux_opts), .seed = 1, .watch_calls = true, .perf_bytes = 1 << 24
	};
	struct xb_machine_opts opts = { .size = sizeof(opts),
		                        .vcpu_cnt = vcpus,
		                        .max_insns = UINT64_MAX / 2 };
	struct xb_err err = XB_ERR_INIT;

	*rig = (struct pool_rig){ .lx = xb_linux_new(&linux_opts, &err) };
	assert_non_null(rig->lx);
	opts.emulator = xb_linux_emulator(rig->lx);
	rig->machine = xb_machine_new(&opts, &err);
	if (!rig->machine)
		fail_msg("%s", err.msg);
}

void
rig_open(struct pool_rig *rig)
{
	rig_open_vcpus(rig, VCPUS);
}

void
rig_close(struct pool_rig *rig)
{
	xb_pool_stop(rig->pool);
	xb_machine_free(rig->machine);
}

void
rig_start(struct pool_rig *rig, uint32_t backlog)
{
	const struct xb_pool_opts opts = { .size = sizeof(opts), .backlog = backlog };
	struct xb_err err = XB_ERR_INIT;

	rig->pool = xb_pool_start(rig->machine, &opts, &err);
	if (!rig->pool)
		fail_msg("%s", err.msg);
}

struct xb_program *
rig_program(struct pool_rig *rig, struct xb_program_opts opts)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_program *p;

	opts.size = sizeof(opts);
	if (!opts.type)
		opts.type = BPF_PROG_TYPE_XDP;
	p = xb_machine_add_program(rig->machine, &opts, &err);
	if (!p)
		fail_msg("%s", err.msg);
	return p;
}

struct xb_linux_map *
rig_map(struct pool_rig *rig, struct xb_linux_map_opts opts)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map *map;

	opts.size = sizeof(opts);
	map = xb_linux_map_create(rig->lx, &opts, &err);
	if (!map)
		fail_msg("%s", err.msg);
	return map;
}

struct xb_context *
rig_context(const char *json)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = xb_context_parse(NULL, json, strlen(json), &err);

	if (!c)
		fail_msg("%s: %s", json, err.msg);
	return c;
}

void
rig_enqueue(struct pool_rig *rig, struct xb_job job)
{
	job.size = sizeof(job);
	assert_int_equal(xb_pool_enqueue(rig->pool, &job, true), 0);
}

unsigned
rig_regions(const struct pool_rig *rig)
{
	struct xb_memory_info info;
	uint64_t from = 0;
	unsigned cnt = 0;

	while (xb_machine_next_region(rig->machine, from, &info) == 0) {
		from = info.gaddr + info.bytes;
		cnt++;
	}
	return cnt;
}

uint64_t
rig_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void
add(unsigned *cnt)
{
	__atomic_add_fetch(cnt, 1, __ATOMIC_RELAXED);
}

/* Of many threads the first. */
static void
keep_text(struct tally *t, const char *text)
{
	if (!__atomic_exchange_n(&t->has_text, true, __ATOMIC_RELAXED))
		snprintf(t->text, sizeof(t->text), "%.255s", text);
}

void
tally(void *arg, struct xb_process *process, const struct xb_err *err)
{
	struct tally *t = arg;
	struct xb_fault_info fault;

	if (!process) {
		keep_text(t, err->msg);
		add(&t->refused);
	} else if (xb_process_fault(process, &fault)) {
		keep_text(t, fault.message);
		add(&t->faulted);
	} else {
		__atomic_add_fetch(&t->sum, xb_process_result(process), __ATOMIC_RELAXED);
		add(&t->exited);
	}
}

static void
hold(void *arg, struct xb_process *process, const struct xb_err *err)
{
	struct hold *h = arg;

	(void)process;
	(void)err;
	sem_post(&h->held);
	sem_wait(&h->let_go);
}

void
hold_vcpu(struct pool_rig *rig, struct xb_program *program, uint32_t vcpu, struct hold *h)
{
	sem_init(&h->held, 0, 0);
	sem_init(&h->let_go, 0, 0);
	rig_enqueue(rig,
	            (struct xb_job){ .program = program, .vcpu = vcpu, .done = hold, .arg = h });
	sem_wait(&h->held);
}

void
let_go(struct hold *h)
{
	sem_post(&h->let_go);
}
