/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/perf/pool.h"

#include "xdpbench/linux.h"
#include "xdpbench/pool.h"

#include <linux/bpf.h>
#include <string.h>
#include <time.h>

#define BATCH    2000
#define LEAST_NS 1e9
#define NS_PER_S 1e9
#define PACKET_60                                                                                  \
	"\"packet\":"                                                                              \
	"\"AgAAAAABAgAAAAACCABFAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""

static const char json[] = "{\"type\":\"xdp_md\",\"ctx\":{" PACKET_60 "}}";

struct rig {
	struct xb_machine *machine;
	struct xb_program *program;
	struct xb_context *context;
	struct xb_pool *pool;
	struct xb_process *process;
	unsigned long long passed; /* jobs that did what they should */
};

static double
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * NS_PER_S + (double)ts.tv_nsec;
}

static int
rig_init(struct rig *r, struct xb_err *err)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct xb_program_opts program = { .size = sizeof(program),
		                                 .name = "pass",
		                                 .type = BPF_PROG_TYPE_XDP,
		                                 .insns = insns,
		                                 .insn_cnt = 2 };
	const struct xb_linux_opts linux_opts = { .size = sizeof(linux_opts) };
	struct xb_machine_opts machine = { .size = sizeof(machine), .vcpu_cnt = 1 };
	struct xb_linux *lx = xb_linux_new(&linux_opts, err);

	*r = (struct rig){ 0 };
	machine.emulator = lx ? xb_linux_emulator(lx) : NULL;
	r->machine = lx ? xb_machine_new(&machine, err) : NULL;
	r->program = r->machine ? xb_machine_add_program(r->machine, &program, err) : NULL;
	r->context = r->program ? xb_context_parse(NULL, json, sizeof(json) - 1, err) : NULL;
	return r->context ? 0 : -1;
}

static void
rig_fini(struct rig *r)
{
	xb_context_free(r->context);
	xb_machine_free(r->machine);
}

static void
done(void *arg, struct xb_process *process, const struct xb_err *err)
{
	struct rig *r = arg;

	(void)err;
	r->passed += process && xb_process_result(process) == XDP_PASS;
}

static void
run_in_pool(struct rig *r)
{
	const struct xb_job job = { .size = sizeof(job),
		                    .program = r->program,
		                    .context = r->context,
		                    .done = done,
		                    .arg = r };

	for (int i = 0; i < BATCH; i++)
		xb_pool_enqueue(r->pool, &job, true);
	xb_pool_drain(r->pool);
}

static void
make_and_run(struct rig *r)
{
	struct xb_err err = XB_ERR_INIT;

	for (int i = 0; i < BATCH; i++) {
		struct xb_process *p =
		        xb_process_new(r->machine, r->program, r->context, NULL, &err);

		if (p && xb_process_run(p, NULL) == XB_PROCESS_EXITED)
			done(r, p, NULL);
		xb_process_free(p);
	}
}

static void
reset_and_run(struct rig *r)
{
	struct xb_err err = XB_ERR_INIT;

	for (int i = 0; i < BATCH; i++)
		if (xb_process_reset(r->process, &err) == 0 &&
		    xb_process_run(r->process, NULL) == XB_PROCESS_EXITED)
			done(r, r->process, NULL);
}

/* -1 and err where one of the jobs did not what it should. */
static int
measure(struct rig *r, void (*batch)(struct rig *r), double *ns, struct xb_err *err)
{
	unsigned long long cnt = 0;
	double start, end;

	batch(r);
	r->passed = 0;
	start = now_ns();
	do {
		batch(r);
		cnt += BATCH;
		end = now_ns();
	} while (end - start < LEAST_NS);
	*ns = (end - start) / (double)cnt;
	return r->passed == cnt
	               ? 0
	               : xb_err_set(err, XB_ERR_SYSTEM, "%llu of %llu jobs passed", r->passed, cnt);
}

static int
measure_pool(struct rig *r, double *ns, struct xb_err *err)
{
	const struct xb_pool_opts opts = { .size = sizeof(opts) };
	int rc;

	r->pool = xb_pool_start(r->machine, &opts, err);
	if (!r->pool)
		return -1;
	rc = measure(r, run_in_pool, ns, err);
	xb_pool_stop(r->pool);
	return rc;
}

static int
measure_reset(struct rig *r, double *ns, struct xb_err *err)
{
	int rc;

	r->process = xb_process_new(r->machine, r->program, r->context, NULL, err);
	if (!r->process)
		return -1;
	rc = measure(r, reset_and_run, ns, err);
	xb_process_free(r->process);
	return rc;
}

int
pool_measure(struct pool_figures *f, struct xb_err *err)
{
	struct rig r;
	int rc = rig_init(&r, err);

	if (rc == 0)
		rc = measure_pool(&r, &f->job_ns, err);
	if (rc == 0)
		rc = measure(&r, make_and_run, &f->process_ns, err);
	if (rc == 0)
		rc = measure_reset(&r, &f->reset_ns, err);
	rig_fini(&r);
	return rc;
}
