/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs put out: samples of perf event arrays, records of ring buffers, bpf_printk. */
#define XB_INSN_BRACES
#include "tests/insns.h"
#include "tests/lib/linux_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CPUS 3u

/* What a reader was given. */
struct got {
	uint32_t cnt;
	struct {
		struct xb_linux_map *map;
		uint32_t cpu;
		uint64_t lost, value;
		size_t bytes;
	} all[4096];
};

static struct got got;

static void
take(void *arg, const struct xb_linux_record *record)
{
	struct got *g = arg;

	assert_true(g->cnt < 4096);
	assert_true(record->bytes >= 8);
	g->all[g->cnt].map = record->map;
	g->all[g->cnt].cpu = record->cpu;
	g->all[g->cnt].lost = record->lost;
	g->all[g->cnt].bytes = record->bytes;
	memcpy(&g->all[g->cnt].value, record->data, 8);
	g->cnt++;
}

static long
read_all(struct xb_linux_map *map)
{
	memset(&got, 0, sizeof(got));
	return xb_linux_map_read(map, take, &got);
}

/* Puts the number that R0 of the first helper is out, as 8 bytes of `bytes`; R0 is what that gave.
 */
static struct xb_program *
perf_program(const struct rig *rig, struct xb_linux_map *map, uint32_t bytes, uint64_t flags)
{
	return rig_prog(rig, BPF_PROG_TYPE_XDP, XB_MOV64_REG(6, 1),
	                XB_CALL(BPF_FUNC_get_smp_processor_id), XB_ALU64_IMM(BPF_ADD, 0, 100),
	                XB_ST_MEM(BPF_DW, 10, -8, 0), XB_ST_MEM(BPF_DW, 10, -16, 0),
	                XB_ST_MEM(BPF_DW, 10, -24, 0), XB_STX_MEM(BPF_DW, 10, 0, -24),
	                XB_MOV64_REG(1, 6), XB_LD_MAP_FD(2, xb_linux_map_fd(map)),
	                XB_LD_IMM64(3, flags), XB_MOV64_REG(4, 10), XB_ALU64_IMM(BPF_ADD, 4, -24),
	                XB_MOV64_IMM(5, (int)bytes), XB_CALL(BPF_FUNC_perf_event_output),
	                XB_EXIT());
}

static void
test_perf(void **state)
{
	struct xb_linux_map *map, *array;
	struct xb_program *program;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, CPUS);
	map = rig_map(&rig, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, CPUS);
	array = rig_map(&rig, BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	program = perf_program(&rig, map, 8, BPF_F_CURRENT_CPU);

	/* Nobody listens. */
	assert_int_equal((int64_t)rig_run(&rig, program, RIG_XDP), -ENOENT);
	assert_int_equal(xb_linux_map_read(map, take, &got), -EINVAL);
	assert_int_equal(xb_linux_map_listen(array), -EINVAL);
	assert_int_equal(xb_linux_map_read(array, take, &got), -EINVAL);

	assert_int_equal(xb_linux_map_listen(map), 0);
	assert_int_equal(xb_linux_map_listen(map), 0);
	assert_int_equal(read_all(map), 0);
	for (uint32_t i = 0; i < CPUS; i++)
		assert_int_equal(rig_run_on(&rig, (i + 2) % CPUS, program, RIG_XDP), 0);
	assert_int_equal(read_all(map), CPUS);
	for (uint32_t i = 0; i < CPUS; i++) {
		assert_ptr_equal(got.all[i].map, map);
		assert_int_equal(got.all[i].cpu, (i + 2) % CPUS);
		assert_int_equal(got.all[i].value, 100 + (i + 2) % CPUS);
		assert_int_equal(got.all[i].lost, 0);
		/* As Linux pads it: 4 and the size are a multiple of 8. */
		assert_int_equal(got.all[i].bytes, 12);
	}
	assert_int_equal(read_all(map), 0);
	rig_close(&rig);
}

/* A slot that is another CPU's, and one that is not there. */
static void
test_perf_slots(void **state)
{
	struct xb_linux_map *map;
	struct xb_program *second, *fourth;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, CPUS);
	map = rig_map(&rig, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, CPUS);
	second = perf_program(&rig, map, 8, 1);
	fourth = perf_program(&rig, map, 8, 3);
	assert_int_equal(xb_linux_map_listen(map), 0);
	assert_int_equal((int64_t)rig_run_on(&rig, 0, second, RIG_XDP), -EOPNOTSUPP);
	assert_int_equal(rig_run_on(&rig, 1, second, RIG_XDP), 0);
	assert_int_equal((int64_t)rig_run_on(&rig, 1, fourth, RIG_XDP), -E2BIG);
	assert_int_equal(read_all(map), 1);
	assert_int_equal(got.all[0].cpu, 1);
	rig_close(&rig);
}

/* An object's array without a size has a slot for each CPU of this machine, not of the first. */
static void
test_perf_all_cpus(void **state)
{
	struct xb_linux_map *map;
	struct xb_linux_map_info info;
	struct rig rig;

	(void)state;
	for (uint32_t cpus = 1; cpus <= 3; cpus++) {
		rig_open(&rig, NULL, cpus);
		rig_load(&rig, "perf_all");
		map = xb_linux_map_find(rig.lx, "samples");
		xb_linux_map_get_info(map, &info);
		assert_int_equal(info.max_entries, cpus);
		assert_int_equal(xb_linux_map_listen(map), 0);
		assert_int_equal(rig_run_on(&rig, cpus - 1,
		                            xb_machine_find_program(rig.machine, "tell"), RIG_XDP),
		                 0);
		assert_int_equal(read_all(map), 1);
		rig_close(&rig);
	}
}

/* Each CPU's buffer has room for two samples of 12 bytes. */
static void
test_perf_lost(void **state)
{
	const struct xb_linux_opts opts = { .size = sizeof(opts), .perf_bytes = 24 };
	struct xb_program *program, *large;
	struct xb_linux_map *map;
	struct rig rig;

	(void)state;
	rig_open(&rig, &opts, CPUS);
	map = rig_map(&rig, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, CPUS);
	program = perf_program(&rig, map, 8, BPF_F_CURRENT_CPU);
	large = perf_program(&rig, map, 24, BPF_F_CURRENT_CPU); /* of 28 bytes: never fits */
	assert_int_equal(xb_linux_map_listen(map), 0);
	for (uint32_t i = 0; i < 5; i++) /* three too many; the program does not learn of it */
		assert_int_equal(rig_run_on(&rig, 0, program, RIG_XDP), 0);
	assert_int_equal(rig_run_on(&rig, 1, program, RIG_XDP), 0);
	assert_int_equal(rig_run_on(&rig, 1, large, RIG_XDP), 0);
	assert_int_equal(read_all(map), 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(got.all[i].lost, 0);

	assert_int_equal(rig_run_on(&rig, 2, program, RIG_XDP), 0);
	assert_int_equal(rig_run_on(&rig, 0, program, RIG_XDP), 0);
	assert_int_equal(rig_run_on(&rig, 0, program, RIG_XDP), 0);
	assert_int_equal(rig_run_on(&rig, 1, program, RIG_XDP), 0);
	assert_int_equal(read_all(map), 4);
	assert_int_equal(got.all[0].lost, 0);
	assert_int_equal(got.all[1].lost, 3);
	assert_int_equal(got.all[2].lost, 0);
	assert_int_equal(got.all[3].lost, 1);
	rig_close(&rig);
}

/* Who gives the map up listens no more. */
static void
test_perf_close(void **state)
{
	struct xb_linux_map_info info;
	struct xb_linux_map *map;
	struct xb_program *program;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	map = rig_map(&rig, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 1);
	xb_linux_map_get_info(map, &info);
	program = perf_program(&rig, map, 8, BPF_F_CURRENT_CPU);
	assert_int_equal(xb_linux_map_listen(map), 0);
	assert_int_equal(rig_run(&rig, program, RIG_XDP), 0);
	xb_linux_map_close(map);
	assert_int_equal((int64_t)rig_run(&rig, program, RIG_XDP), -ENOENT);
	map = xb_linux_map_by_id(rig.lx, info.id);
	assert_int_equal(xb_linux_map_read(map, take, &got), -EINVAL);
	assert_int_equal(xb_linux_map_listen(map), 0);
	assert_int_equal(read_all(map), 0);
	assert_int_equal(rig_run(&rig, program, RIG_XDP), 0);
	assert_int_equal(read_all(map), 1);
	rig_close(&rig);
}

/* R0 is what the helper gives. */
static struct xb_program *
ring_program(const struct rig *rig, struct xb_linux_map *map, int value, uint32_t bytes)
{
	return rig_prog(rig, BPF_PROG_TYPE_XDP, XB_ST_MEM(BPF_DW, 10, -8, value),
	                XB_ST_MEM(BPF_DW, 10, -16, value), XB_LD_MAP_FD(1, xb_linux_map_fd(map)),
	                XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -16),
	                XB_MOV64_IMM(3, (int)bytes), XB_MOV64_IMM(4, 0),
	                XB_CALL(BPF_FUNC_ringbuf_output), XB_EXIT());
}

static void
test_ring(void **state)
{
	struct xb_program *first, *second;
	struct xb_linux_map *map;
	struct rig rig;
	uint32_t cnt = 0;

	(void)state;
	rig_open(&rig, NULL, CPUS);
	map = rig_map(&rig, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
	first = ring_program(&rig, map, 7, 8);
	second = ring_program(&rig, map, 8, 13);
	assert_int_equal(xb_linux_map_listen(map), -EINVAL);
	assert_int_equal(read_all(map), 0);
	assert_int_equal(rig_run(&rig, first, RIG_XDP), 0);
	assert_int_equal(rig_run_on(&rig, 2, second, RIG_XDP), 0);
	assert_int_equal(read_all(map), 2);
	assert_ptr_equal(got.all[0].map, map);
	assert_int_equal(got.all[0].value, 7);
	assert_int_equal(got.all[0].bytes, 8);
	assert_int_equal(got.all[1].value, 8);
	assert_int_equal(got.all[1].bytes, 13);
	assert_int_equal(read_all(map), 0);

	/* A record has a head of 8 bytes, and is a multiple of 8 long. */
	while (rig_run(&rig, first, RIG_XDP) == 0)
		cnt++;
	assert_int_equal(cnt, 4096 / 16 - 1);
	assert_int_equal((int64_t)rig_run(&rig, first, RIG_XDP), -EAGAIN);
	assert_int_equal(read_all(map), cnt);
	assert_int_equal(rig_run(&rig, second, RIG_XDP), 0);
	assert_int_equal(read_all(map), 1);
	assert_int_equal(got.all[0].value, 8);
	rig_close(&rig);
}

/* Records that were reserved and given back, or submitted. */
static void
test_ring_reserved(void **state)
{
	struct xb_linux_map *map;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	map = rig_map(&rig, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
	for (int submit = 0; submit <= 1; submit++) {
		struct xb_program *program = rig_prog(
		        &rig, BPF_PROG_TYPE_XDP, XB_LD_MAP_FD(1, xb_linux_map_fd(map)),
		        XB_MOV64_IMM(2, 8), XB_MOV64_IMM(3, 0), XB_CALL(BPF_FUNC_ringbuf_reserve),
		        XB_JMP_IMM(BPF_JEQ, 0, 0, 4), XB_ST_MEM(BPF_DW, 0, 0, 33),
		        XB_MOV64_REG(1, 0), XB_MOV64_IMM(2, 0),
		        XB_CALL(submit ? BPF_FUNC_ringbuf_submit : BPF_FUNC_ringbuf_discard),
		        XB_MOV64_IMM(0, 0), XB_EXIT());

		assert_int_equal(rig_run(&rig, program, RIG_XDP), 0);
		assert_int_equal(read_all(map), submit);
	}
	assert_int_equal(got.all[0].value, 33);
	rig_close(&rig);
}

/* What bpf_printk said. */
struct said {
	uint32_t cnt;
	char text[256];
	size_t bytes;
	struct xb_process *process;
};

static void
say(void *arg, struct xb_process *process, const char *text, size_t bytes)
{
	struct said *s = arg;

	s->cnt++;
	s->bytes = bytes;
	s->process = process;
	snprintf(s->text, sizeof(s->text), "%.*s", (int)bytes, text);
}

/* bpf_trace_printk("n=%d\n", 42), of 6 bytes. */
static struct xb_program *
printk_program(const struct rig *rig)
{
	return rig_prog(rig, BPF_PROG_TYPE_XDP, XB_LD_IMM64(1, 0xa64253d6e), /* n=%d\n */
	                XB_STX_MEM(BPF_DW, 10, 1, -8), XB_MOV64_REG(1, 10),
	                XB_ALU64_IMM(BPF_ADD, 1, -8), XB_MOV64_IMM(2, 6), XB_MOV64_IMM(3, 42),
	                XB_CALL(BPF_FUNC_trace_printk), XB_EXIT());
}

static void
test_printk(void **state)
{
	struct said said = { 0 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_program *program;
	struct xb_process *process;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	program = printk_program(&rig);
	assert_int_equal(rig_run(&rig, program, RIG_XDP), 5); /* nobody hears it */
	xb_linux_on_printk(rig.lx, say, &said);
	process = xb_process_new(rig.machine, program, NULL, NULL, &err);
	assert_non_null(process);
	assert_int_equal(xb_process_run(process, NULL), XB_PROCESS_EXITED);
	assert_int_equal(said.cnt, 1);
	assert_string_equal(said.text, "n=42");
	assert_int_equal(said.bytes, 4);
	assert_ptr_equal(said.process, process);
	xb_process_free(process);

	xb_linux_on_printk(rig.lx, NULL, NULL);
	assert_int_equal(rig_run(&rig, program, RIG_XDP), 5);
	assert_int_equal(said.cnt, 1);
	rig_close(&rig);
}

/* By bpf(2), where there is no process of the caller's. */
static void
test_printk_test_run(void **state)
{
	struct said said = { .process = (struct xb_process *)&said };
	uint8_t packet[64] = { 0 };
	union bpf_attr attr;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	xb_linux_on_printk(rig.lx, say, &said);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)xb_linux_program_fd(printk_program(&rig));
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	assert_int_equal(xb_linux_bpf(rig.lx, BPF_PROG_TEST_RUN, &attr, sizeof(attr)), 0);
	assert_int_equal(attr.test.retval, 5);
	assert_string_equal(said.text, "n=42");
	assert_null(said.process);
	rig_close(&rig);
}

/* On all virtual CPUs at once nothing is lost, and each CPU's are its own. */
#define JOBS 1500u

static void
test_pool(void **state)
{
	const struct xb_linux_opts opts = { .size = sizeof(opts), .perf_bytes = 1u << 20 };
	const struct xb_pool_opts pool_opts = { .size = sizeof(pool_opts) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *context = xb_context_parse(NULL, RIG_XDP, strlen(RIG_XDP), &err);
	struct xb_linux_map *perf, *ring;
	struct xb_program *programs[2];
	struct xb_pool *pool;
	struct rig rig;

	(void)state;
	rig_open(&rig, &opts, CPUS);
	perf = rig_map(&rig, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, CPUS);
	ring = rig_map(&rig, BPF_MAP_TYPE_RINGBUF, 0, 0, 1u << 16);
	programs[0] = perf_program(&rig, perf, 8, BPF_F_CURRENT_CPU);
	programs[1] = ring_program(&rig, ring, 5, 8);
	assert_int_equal(xb_linux_map_listen(perf), 0);
	pool = xb_pool_start(rig.machine, &pool_opts, &err);
	assert_non_null(pool);
	for (uint32_t i = 0; i < 2 * JOBS; i++) {
		const struct xb_job job = { .size = sizeof(job),
			                    .program = programs[i % 2],
			                    .context = context,
			                    .vcpu = i / 2 % CPUS };

		assert_int_equal(xb_pool_enqueue(pool, &job, true), 0);
	}
	xb_pool_drain(pool);
	assert_int_equal(read_all(perf), JOBS);
	for (uint32_t i = 0; i < JOBS; i++) {
		assert_int_equal(got.all[i].value, 100 + got.all[i].cpu);
		assert_int_equal(got.all[i].lost, 0);
	}
	assert_int_equal(read_all(ring), JOBS);
	xb_pool_stop(pool);
	xb_context_free(context);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_perf),
		cmocka_unit_test(test_perf_slots),
		cmocka_unit_test(test_perf_all_cpus),
		cmocka_unit_test(test_perf_lost),
		cmocka_unit_test(test_perf_close),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_ring_reserved),
		cmocka_unit_test(test_printk),
		cmocka_unit_test(test_printk_test_run),
		cmocka_unit_test(test_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
