/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs in a pool share, while this thread uses the same maps: nothing is lost and nothing
 * is torn. The programs are those of tests/emu/progs/vcpus.bpf.c.
 */
#include "tests/lib/pool_rig.h"

#include <errno.h>
#include <stdio.h>

#define KEYS 64u
#define MORE 300u /* programs, each with a descriptor */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define JOBS 40000u
#else
#define JOBS 1000000u
#endif

struct pair {
	uint64_t cpu, chance, sum;
};

struct locked {
	uint32_t lock, pad;
	uint64_t one, two;
};

struct fixture {
	struct pool_rig rig;
	struct xb_context *contexts[4];
};

static void
load_object(struct fixture *f, const char *path)
{
	struct xb_err err = XB_ERR_INIT;
	FILE *file = fopen(path, "rb");
	char *image = malloc(1 << 20);
	size_t bytes;

	assert_non_null(file);
	bytes = fread(image, 1, 1 << 20, file);
	fclose(file);
	if (xb_linux_load_object(f->rig.lx, image, bytes, path, &err) != 0)
		fail_msg("%s", err.msg);
	free(image);
}

static int
setup(void **state)
{
	static const char *const json[4] = { PACKET_60, PACKET_HEX(ZEROS_20),
		                             PACKET_HEX(ZEROS_20 ZEROS_20), PACKET_HEX("") };
	struct fixture *f = calloc(1, sizeof(*f));

	rig_open(&f->rig);
	load_object(f, TEST_PROGS_DIR "/vcpus.o");
	for (int i = 0; i < 4; i++)
		f->contexts[i] = rig_context(json[i]);
	rig_start(&f->rig, 256);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	rig_close(&f->rig);
	for (int i = 0; i < 4; i++)
		xb_context_free(f->contexts[i]);
	free(f);
	return 0;
}

static struct xb_linux_map *
map_of(struct fixture *f, const char *name)
{
	struct xb_linux_map *map = xb_linux_map_find(f->rig.lx, name);

	if (!map)
		fail_msg("no map '%s'", name);
	return map;
}

static struct xb_program *
program_of(const struct fixture *f, const char *name)
{
	struct xb_program *p = xb_machine_find_program(f->rig.machine, name);

	if (!p)
		fail_msg("no program '%s'", name);
	return p;
}

/*
 * What jobs gave: by R0, on each virtual CPU; others are those that did not exit, or not in the
 * program that returns it.
 */
struct results {
	struct {
		uint64_t of[8], others;
	} vcpus[VCPUS];
};

static void
note(void *arg, struct xb_process *p, const struct xb_err *err)
{
	struct results *r = arg;
	uint64_t r0 = p && xb_process_status(p) == XB_PROCESS_EXITED ? xb_process_result(p) : 8;
	const struct xb_program *ended = p ? xb_process_current_program(p) : NULL;
	uint32_t vcpu = p ? xb_process_vcpu(p) : 0;

	(void)err;
	if (r0 < 8 && ended && (r0 == XDP_TX) == !strcmp(xb_program_name(ended), "landed"))
		r->vcpus[vcpu].of[r0]++;
	else
		__atomic_add_fetch(&r->vcpus[vcpu].others, 1, __ATOMIC_RELAXED);
}

/* Runs a program `jobs` times; meanwhile `mean` is called now and then. Gives what has which R0. */
static void
run(struct fixture *f, struct xb_program *program, uint32_t jobs,
    void (*mean)(struct fixture *f, uint32_t i), uint64_t of[8])
{
	struct results r = { 0 };
	uint64_t others = 0;

	for (uint32_t i = 0; i < jobs; i++) {
		rig_enqueue(&f->rig,
		            (struct xb_job){ .program = program,
		                             .context = f->contexts[i % 4],
		                             .vcpu = i % 3 ? XB_POOL_ANY_VCPU : i / 3 % VCPUS,
		                             .done = note,
		                             .arg = &r });
		if (mean && i % 4 == 0)
			mean(f, i / 4);
	}
	xb_pool_drain(f->rig.pool);
	memset(of, 0, 8 * sizeof(of[0]));
	for (uint32_t i = 0; i < VCPUS; i++) {
		others += r.vcpus[i].others;
		for (uint32_t k = 0; k < 8; k++)
			of[k] += r.vcpus[i].of[k];
	}
	assert_int_equal(others, 0);
}

/* The sum of what CPUs have in a per-CPU map. */
static uint64_t
percpu_sum(struct fixture *f, const char *name, uint32_t key)
{
	uint64_t values[VCPUS] = { 0 }, sum = 0, one;
	struct xb_linux_map *map = map_of(f, name);

	if (xb_linux_map_lookup(map, &key, values, 0) != 0)
		return 0;
	for (uint32_t i = 0; i < VCPUS; i++) {
		assert_int_equal(xb_linux_map_lookup_cpu(map, &key, i, &one), 0);
		assert_true(one >= values[i]);
		sum += values[i];
	}
	xb_linux_map_close(map);
	return sum;
}

static void
assert_pair(const struct pair *p)
{
	assert_int_equal(p->sum, p->cpu + p->chance);
}

/* Counters only grow, and what is under the lock is never half done. */
static void
read_counters(struct fixture *f, uint32_t i)
{
	struct xb_linux_map *map;
	struct locked l = { 0 };
	uint32_t zero = 0;

	if (i % 16)
		return;
	map = map_of(f, "guarded");
	assert_true(percpu_sum(f, "own", 0) <= JOBS);
	assert_int_equal(xb_linux_map_lookup(map, &zero, &l, BPF_F_LOCK), 0);
	assert_int_equal(l.one, l.two);
	xb_linux_map_close(map);
}

static void
counters(void **state)
{
	struct fixture *f = *state;
	struct xb_linux_map *shared = map_of(f, "shared"), *guarded = map_of(f, "guarded");
	uint32_t zero = 0;
	struct locked l;
	uint64_t of[8], all;

	run(f, program_of(f, "count"), JOBS, read_counters, of);
	assert_int_equal(of[XDP_PASS], JOBS);
	assert_int_equal(percpu_sum(f, "own", 0), JOBS);
	assert_int_equal(xb_linux_map_lookup(shared, &zero, &all, 0), 0);
	assert_int_equal(all, JOBS);
	assert_int_equal(xb_linux_map_lookup(guarded, &zero, &l, 0), 0);
	assert_int_equal(l.one, JOBS);
	assert_int_equal(l.two, JOBS);
}

static void
meddle_with_hash(struct fixture *f, uint32_t i)
{
	struct xb_linux_map *map = map_of(f, "table");
	struct pair p = { 9, i, 9 + i };
	uint32_t key = i % KEYS, next;

	if (i % 4 == 0)
		xb_linux_map_update(map, &key, &p, BPF_ANY);
	else if (i % 4 == 1)
		xb_linux_map_delete(map, &key);
	else if (i % 4 == 2 && xb_linux_map_lookup(map, &key, &p, 0) == 0)
		assert_pair(&p);
	else if (xb_linux_map_next_key(map, &key, &next) == 0)
		assert_true(next < KEYS);
	xb_linux_map_close(map);
}

static void
hashes(void **state)
{
	struct fixture *f = *state;
	uint64_t of[8], sum = 0;

	run(f, program_of(f, "hash"), JOBS / 4, meddle_with_hash, of);
	assert_int_equal(of[XDP_PASS], JOBS / 4);
	assert_int_equal(percpu_sum(f, "bad", 0), 0);
	for (uint32_t i = 0; i < KEYS; i++)
		sum += percpu_sum(f, "owns", i);
	assert_int_equal(sum, JOBS / 4);
}

/* What came out of a ring or a perf event array: of each virtual CPU in its order. */
static struct reader {
	uint64_t last[VCPUS], cnt, lost;
	bool is_perf;
} reader;

static void
read_record(void *arg, const struct xb_linux_record *record)
{
	struct reader *r = arg;
	const struct pair *p = record->data;

	assert_true(record->bytes >= sizeof(*p));
	assert_true(p->cpu < VCPUS);
	assert_pair(p);
	if (r->is_perf)
		assert_int_equal(record->cpu, p->cpu);
	assert_int_equal(p->chance, r->last[p->cpu] + 1);
	r->last[p->cpu] = p->chance;
	r->lost += record->lost;
	r->cnt++;
}

static void
read_ring(struct fixture *f, uint32_t i)
{
	struct xb_linux_map *map = map_of(f, "ring");

	(void)i;
	assert_true(xb_linux_map_read(map, read_record, &reader) >= 0);
	xb_linux_map_close(map);
}

static void
ring_buffer(void **state)
{
	struct fixture *f = *state;
	uint64_t of[8];

	reader = (struct reader){ .cnt = 0 };
	run(f, program_of(f, "records"), JOBS / 4, read_ring, of);
	read_ring(f, 0);
	assert_int_equal(of[XDP_PASS], JOBS / 4); /* it has room: nothing is dropped */
	assert_int_equal(reader.cnt, JOBS / 4);
}

static struct xb_linux_map *perf;

static void
read_perf(struct fixture *f, uint32_t i)
{
	(void)f;
	if (i % 8 == 0)
		assert_true(xb_linux_map_read(perf, read_record, &reader) >= 0);
}

/* { cpu, ++own[0], cpu + own[0] } on this CPU. */
static void
perf_events(void **state)
{
	struct fixture *f = *state;
	struct xb_linux_map *own = map_of(f, "own");
	uint64_t of[8];

	perf = rig_map(&f->rig, (struct xb_linux_map_opts){ .type = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	                                                    .name = "perf",
	                                                    .key_size = 4,
	                                                    .value_size = 4,
	                                                    .max_entries = VCPUS });
	assert_int_equal(xb_linux_map_read(perf, read_record, NULL), -EINVAL);
	assert_int_equal(xb_linux_map_listen(perf), 0);
	reader = (struct reader){ .is_perf = true };
	/* clang-format off */
	struct xb_program *program = rig_program(&f->rig, (struct xb_program_opts){ PROG(
		XB_MOV64_REG(6, 1),
		XB_CALL(BPF_FUNC_get_smp_processor_id),
		XB_MOV64_REG(7, 0),
		XB_STX_MEM(BPF_DW, 10, 7, -24),
		XB_ST_MEM(BPF_W, 10, -28, 0),
		XB_LD_MAP_FD(1, xb_linux_map_fd(own)),
		XB_MOV64_REG(2, 10),
		XB_ALU64_IMM(BPF_ADD, 2, -28),
		XB_CALL(BPF_FUNC_map_lookup_elem),
		XB_JMP_IMM(BPF_JEQ, 0, 0, 14),
		XB_LDX_MEM(BPF_DW, 8, 0, 0),
		XB_ALU64_IMM(BPF_ADD, 8, 1),
		XB_STX_MEM(BPF_DW, 0, 8, 0),
		XB_STX_MEM(BPF_DW, 10, 8, -16),
		XB_ALU64_REG(BPF_ADD, 8, 7),
		XB_STX_MEM(BPF_DW, 10, 8, -8),
		XB_MOV64_REG(1, 6),
		XB_LD_MAP_FD(2, xb_linux_map_fd(perf)),
		XB_LD_IMM64(3, BPF_F_CURRENT_CPU),
		XB_MOV64_REG(4, 10),
		XB_ALU64_IMM(BPF_ADD, 4, -24),
		XB_MOV64_IMM(5, 24),
		XB_CALL(BPF_FUNC_perf_event_output),
		XB_EXIT(),
	) });
	/* clang-format on */
	run(f, program, JOBS / 4, read_perf, of);
	read_perf(f, 0);
	assert_int_equal(of[0], JOBS / 4);
	assert_int_equal(reader.lost, 0);
	assert_int_equal(reader.cnt, JOBS / 4);
	xb_linux_map_close(own);
	xb_linux_map_close(perf);
}

static void
meddle_with_nested(struct fixture *f, uint32_t i)
{
	static const char *const outers[] = { "outer", "outer_hash" };
	struct xb_linux_map *inner = map_of(f, i % 2 ? "inner_a" : "inner_b"), *found;
	struct xb_linux_map *jumps = map_of(f, "jumps");
	struct xb_program *landed = program_of(f, "landed"), *there;
	uint32_t zero = 0;

	for (int k = 0; k < 2; k++) {
		struct xb_linux_map *outer = map_of(f, outers[k]);

		assert_int_equal(xb_linux_map_update_map(outer, &zero, inner, BPF_ANY), 0);
		assert_int_equal(xb_linux_map_lookup_map(outer, &zero, &found), 0);
		assert_ptr_equal(found, inner);
		xb_linux_map_close(found);
		xb_linux_map_close(outer);
	}
	if (i % 3 == 0) {
		xb_linux_map_delete(jumps, &zero);
	} else {
		assert_int_equal(xb_linux_map_update_program(jumps, &zero, landed, BPF_ANY), 0);
		assert_int_equal(xb_linux_map_lookup_program(jumps, &zero, &there), 0);
		assert_ptr_equal(there, landed);
	}
	xb_linux_map_close(jumps);
	xb_linux_map_close(inner);
}

static void
maps_and_programs_in_maps(void **state)
{
	struct fixture *f = *state;
	uint64_t of[8];

	run(f, program_of(f, "nested"), JOBS / 10, meddle_with_nested, of);
	assert_int_equal(percpu_sum(f, "bad", 0), 0);
	assert_int_equal(of[XDP_PASS] + of[XDP_TX], JOBS / 10);
	assert_true(of[XDP_TX] > 0);
}

/* Programs are added while others run. */
static void
more_programs_meanwhile(void **state)
{
	struct fixture *f = *state;
	struct results r = { 0 };
	struct tally t = { 0 };

	for (uint32_t i = 0; i < MORE; i++) {
		struct xb_program *late = rig_program(
		        &f->rig, (struct xb_program_opts){ PROG(XB_MOV64_IMM(0, 5), XB_EXIT()) });

		rig_enqueue(&f->rig, (struct xb_job){ .program = program_of(f, "count"),
		                                      .context = f->contexts[i % 4],
		                                      .vcpu = XB_POOL_ANY_VCPU,
		                                      .done = note,
		                                      .arg = &r });
		rig_enqueue(&f->rig, (struct xb_job){ .program = late,
		                                      .context = f->contexts[i % 4],
		                                      .vcpu = XB_POOL_ANY_VCPU,
		                                      .done = tally,
		                                      .arg = &t });
	}
	xb_pool_drain(f->rig.pool);
	assert_int_equal(t.sum, MORE * 5);
	assert_int_equal(percpu_sum(f, "own", 0), MORE);
}

/* Of a task that a recording gives, which all virtual CPUs have. */
static void
task_storage(void **state)
{
	static const char json[] = "{\"type\":\"captured\",\"ctx\":{\"subContext\":" PACKET_60
	                           ",\"helperCalls\":{\"158\":[{\"results\":[{\"reg\":0,\"value\":"
	                           "18446612682375452288}]}]}}}";
	struct fixture *f = *state;
	struct tally t = { 0 }, cnt = { 0 };
	struct xb_context *c = rig_context(json);
	struct xb_job job = { .context = c,
		              .vcpu = XB_POOL_ANY_VCPU,
		              .done = tally,
		              .arg = &t,
		              .emulate_calls = true };

	load_object(f, TEST_PROGS_DIR "/vcpus_tc.o");
	job.program = program_of(f, "task");
	for (uint32_t i = 0; i < JOBS / 100; i++)
		rig_enqueue(&f->rig, job);
	xb_pool_drain(f->rig.pool);
	job.program = program_of(f, "task_cnt");
	job.arg = &cnt;
	rig_enqueue(&f->rig, job);
	xb_pool_drain(f->rig.pool);
	xb_context_free(c);
	if (t.faulted || t.refused)
		fail_msg("%s", t.text);
	assert_int_equal(t.sum, (uint64_t)JOBS / 100 * XDP_PASS);
	assert_int_equal(cnt.sum, JOBS / 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(counters),
		TEST(hashes),
		TEST(ring_buffer),
		TEST(perf_events),
		TEST(maps_and_programs_in_maps),
		TEST(more_programs_meanwhile),
		TEST(task_storage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
