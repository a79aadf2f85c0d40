/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_vcpus.c - four vCPUs run the programs of vcpus.bpf.c at the same time, while this thread
 * calls bpf(2): nothing is lost, torn or freed too early. Under ThreadSanitizer there are fewer
 * runs.
 */
#include "emu/map.h"
#include "emu/timer.h"
#include "emu/vcpu.h"
#include "vm/workers.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VCPUS        4u
#define BATCH        500u
#define PACKET_BYTES 60u
#define KEYS         64u
#define NS_A_RUN     50u
#if defined(__SANITIZE_THREAD__)
#define RUNS 40000u
#elif defined(__SANITIZE_ADDRESS__)
#define RUNS 200000u
#else
#define RUNS 1000000u
#endif

struct pair {
	u64 cpu, chance, sum;
};

struct locked {
	u32 lock, pad;
	u64 one, two;
};

/* What a vCPU has done; its own thread's, until it is drained. */
struct tally {
	u64 runs, faults;
	u64 verdicts[8];
	u64 told; /* records that the hook heard of */
	char fault[256];
} __attribute__((aligned(64)));

struct fixture {
	struct xb_emu *emu;
	struct bpf_object *obj;
	struct xb_xdp *xdp[VCPUS];
	struct xb_workers *workers;
	struct tally tallies[VCPUS];
	bool timers; /* packets take time, and timers fire between them */
};

/* BATCH runs of a program, on whichever vCPU. */
struct batch {
	struct xb_work work;
	struct fixture *f;
	const struct xb_bpf_prog *prog;
};

static void
record(void *arg, const struct xb_event *event)
{
	struct fixture *f = arg;
	const struct pair *p = event->data;

	if (event->bytes == sizeof(*p) && event->cpu == event->proc->vcpu && p->cpu == event->cpu)
		f->tallies[event->cpu].told++;
}

static void
run_once(struct fixture *f, const struct xb_bpf_prog *prog, u32 vcpu)
{
	struct tally *t = &f->tallies[vcpu];
	struct xb_xdp_out out;

	xb_xdp_run(f->xdp[vcpu], prog, &out);
	t->runs++;
	if (out.fault) {
		if (!t->faults++)
			snprintf(t->fault, sizeof(t->fault), "%s", out.fault->message);
	} else if (out.retval < XB_ARRAY_SIZE(t->verdicts)) {
		t->verdicts[out.retval]++;
	}
}

static void
pass_time(struct fixture *f, u32 vcpu)
{
	struct xb_clock *clock = xb_emu_clock(f->emu, vcpu);
	u64 now_ns = clock->now_ns + NS_A_RUN;

	if (xb_timer_run_on(f->emu, vcpu, now_ns))
		f->tallies[vcpu].faults++;
	clock->now_ns = now_ns;
}

static void
run_batch(struct xb_work *work, u32 vcpu)
{
	struct batch *b = XB_CONTAINER_OF(work, struct batch, work);

	for (u32 i = 0; i < BATCH; i++) {
		if (b->f->timers)
			pass_time(b->f, vcpu);
		run_once(b->f, b->prog, vcpu);
	}
}

static int
setup(void **state)
{
	static const u8 packet[PACKET_BYTES] = { 0 };
	const struct xb_xdp_in in = { .data = packet, .bytes = sizeof(packet) };
	struct fixture *f = calloc(1, sizeof(*f));
	struct xb_err err = XB_ERR_INIT;

	assert_non_null(f);
	f->emu = xb_emu_new(&(struct xb_emu_opts){ .cpu_cnt = VCPUS, .seed = 1 }, &err);
	if (!f->emu)
		fail_msg("%s", err.msg);
	xb_xdp_register(f->emu);
	f->emu->hooks.arg = f;
	f->emu->hooks.record = record;
	xb_emu_enter(f->emu);
	f->obj = bpf_object__open_file(TEST_PROGS_DIR "/vcpus.o", NULL);
	assert_non_null(f->obj);
	assert_int_equal(bpf_object__load(f->obj), 0);
	for (u32 i = 0; i < VCPUS; i++) {
		f->xdp[i] = xb_xdp_new(f->emu, &(struct xb_xdp_opts){ .vcpu = i }, &err);
		assert_non_null(f->xdp[i]);
		xb_xdp_load(f->xdp[i], &in);
	}
	f->workers = xb_workers_new(
	        &(struct xb_workers_opts){ .cnt = VCPUS, .backlog = UINT32_MAX }, &err);
	assert_non_null(f->workers);
	xb_emu_concurrent_begin(f->emu);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	xb_workers_stop(f->workers);
	if (f->emu->concurrent)
		xb_emu_concurrent_end(f->emu);
	for (u32 i = 0; i < VCPUS; i++)
		xb_xdp_free(f->xdp[i]);
	bpf_object__close(f->obj);
	xb_emu_enter(NULL);
	xb_emu_free(f->emu);
	free(f);
	return 0;
}

static int
map_fd(const struct fixture *f, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(f->obj, name);

	if (fd < 0)
		fail_msg("no map '%s'", name);
	return fd;
}

static struct xb_map *
map_of(const struct fixture *f, const char *name)
{
	struct xb_obj *obj;

	assert_int_equal(xb_obj_by_fd(f->emu, map_fd(f, name), XB_OBJ_MAP, &obj), 0);
	return XB_CONTAINER_OF(obj, struct xb_map, obj);
}

static int
prog_fd(const struct fixture *f, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(f->obj, name);

	assert_non_null(prog);
	return bpf_program__fd(prog);
}

static const struct xb_bpf_prog *
prog_of(const struct fixture *f, const char *name)
{
	struct xb_obj *obj;

	assert_int_equal(xb_obj_by_fd(f->emu, prog_fd(f, name), XB_OBJ_PROG, &obj), 0);
	return XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj);
}

/* Runs a program `runs` times, spread over vCPUs; meanwhile `mean` is called over and over. */
static struct tally
run_all(struct fixture *f, const char *name, u32 runs, void (*mean)(struct fixture *f, u32 i))
{
	u32 cnt = runs / BATCH, every = cnt / 8 + 1;
	struct batch *batches = calloc(cnt, sizeof(*batches));
	struct tally all = { 0 };

	assert_non_null(batches);
	for (u32 i = 0; i < cnt; i++) {
		batches[i] = (struct batch){
			.work = { .vcpu = i % 8 ? XB_VCPU_ANY : i / 8 % VCPUS, .run = run_batch },
			.f = f,
			.prog = prog_of(f, name),
		};
		assert_int_equal(xb_workers_add(f->workers, &batches[i].work, false), 0);
		for (u32 j = 0; mean && j < BATCH / 4; j++)
			mean(f, i * BATCH + j);
		if (i % every == every - 1)
			xb_workers_drain(f->workers);
	}
	xb_workers_drain(f->workers);
	free(batches);
	for (u32 i = 0; i < VCPUS; i++) {
		const struct tally *t = &f->tallies[i];

		if (t->faults)
			fail_msg("%s: vCPU %u: %llu faults: %s", name, i,
			         (unsigned long long)t->faults, t->fault);
		all.runs += t->runs;
		all.told += t->told;
		for (u32 v = 0; v < XB_ARRAY_SIZE(all.verdicts); v++)
			all.verdicts[v] += t->verdicts[v];
	}
	assert_int_equal(all.runs, (u64)cnt * BATCH);
	return all;
}

/* The sum over CPUs of what a per-CPU map has for a key. */
static u64
percpu_sum(const struct fixture *f, const char *name, u32 key)
{
	u64 values[VCPUS] = { 0 }, sum = 0;

	if (xb_map_read(map_of(f, name), &key, values))
		return 0;
	for (u32 i = 0; i < VCPUS; i++)
		sum += values[i];
	return sum;
}

static void
assert_pair(const struct pair *p)
{
	assert_int_equal(p->sum, p->cpu + p->chance);
}

/* Counters of each vCPU, an atomic one, and one under a lock are exact. */
static void
counters(void **state)
{
	struct fixture *f = *state;
	struct tally all = run_all(f, "count", RUNS, NULL);
	u32 zero = 0;
	u64 shared;
	struct locked l;

	assert_int_equal(all.verdicts[XDP_PASS], all.runs);
	assert_int_equal(percpu_sum(f, "own", 0), all.runs);
	assert_int_equal(bpf_map_lookup_elem(map_fd(f, "shared"), &zero, &shared), 0);
	assert_int_equal(shared, all.runs);
	assert_int_equal(bpf_map_lookup_elem(map_fd(f, "guarded"), &zero, &l), 0);
	assert_int_equal(l.one, all.runs);
	assert_int_equal(l.two, all.runs);
}

/* With BPF_F_LOCK bpf(2) never sees half of what is done under the lock, nor does half of it. */
static void
read_guarded(struct fixture *f, u32 i)
{
	struct locked l = { 0 };
	u32 zero = 0;

	assert_int_equal(bpf_map_lookup_elem_flags(map_fd(f, "guarded"), &zero, &l, BPF_F_LOCK), 0);
	assert_int_equal(l.one, l.two);
	l.one = l.two = i;
	assert_int_equal(bpf_map_update_elem(map_fd(f, "guarded"), &zero, &l, BPF_F_LOCK), 0);
}

static void
locked_from_outside(void **state)
{
	struct fixture *f = *state;
	struct locked l;
	u32 zero = 0;

	run_all(f, "count", RUNS / 20, read_guarded);
	assert_int_equal(bpf_map_lookup_elem(map_fd(f, "guarded"), &zero, &l), 0);
	assert_int_equal(l.one, l.two);
}

static void
meddle_with_hash(struct fixture *f, u32 i)
{
	struct pair p = { 9, i, 9 + i }, values[KEYS];
	u32 key = i % KEYS, keys[KEYS], next, bucket, cnt = KEYS;
	int fd = map_fd(f, "table");

	switch (i % 5) {
	case 0:
		bpf_map_update_elem(fd, &key, &p, BPF_ANY);
		break;
	case 1:
		bpf_map_delete_elem(fd, &key);
		break;
	case 2:
		if (bpf_map_get_next_key(fd, &key, &next) == 0)
			assert_true(next < KEYS);
		break;
	case 3:
		if (bpf_map_lookup_elem(fd, &key, &p) == 0)
			assert_pair(&p);
		break;
	default:
		bpf_map_lookup_batch(fd, NULL, &bucket, keys, values, &cnt, NULL);
		assert_true(cnt <= KEYS); /* not all at the same moment */
		for (u32 j = 0; j < cnt; j++)
			assert_pair(&values[j]);
		break;
	}
}

/* What is in a map of pairs is whole and there once; it can be emptied, and takes what it should.
 */
static void
check_hash(struct fixture *f, const char *name, u32 entries)
{
	bool seen[KEYS] = { false };
	int fd = map_fd(f, name);
	u32 key, *at = NULL, cnt = 0;
	struct pair p = { 0 };

	while (bpf_map_get_next_key(fd, at, &key) == 0) {
		assert_true(key < KEYS && !seen[key]);
		seen[key] = true;
		assert_int_equal(bpf_map_lookup_elem(fd, &key, &p), 0);
		assert_pair(&p);
		at = &key;
		cnt++;
	}
	assert_true(cnt <= entries);
	for (u32 i = 0; i < KEYS; i++)
		assert_int_equal(bpf_map_delete_elem(fd, &i), seen[i] ? 0 : -ENOENT);
	for (u32 i = 0; i < entries; i++)
		assert_int_equal(bpf_map_update_elem(fd, &i, &p, BPF_NOEXIST), 0);
}

static void
hashes(void **state)
{
	struct fixture *f = *state;
	struct tally all = run_all(f, "hash", RUNS / 4, meddle_with_hash);
	struct pair p = { 0 };
	u32 key = KEYS;
	u64 sum = 0;

	assert_int_equal(all.verdicts[XDP_PASS], all.runs);
	assert_int_equal(percpu_sum(f, "bad", 0), 0);
	for (u32 i = 0; i < KEYS; i++)
		sum += percpu_sum(f, "owns", i);
	assert_int_equal(sum, all.runs);
	check_hash(f, "table", KEYS / 2);
	assert_int_equal(bpf_map_update_elem(map_fd(f, "table"), &key, &p, BPF_ANY), -E2BIG);
	xb_emu_concurrent_end(f->emu);
	check_hash(f, "table", KEYS / 2);
}

static void
meddle_with_others(struct fixture *f, u32 i)
{
	struct {
		u32 len, addr;
	} prefix = { 8 + i % 24, i % KEYS * 0x9e3779b1u }, next;
	struct pair p = { 9, i, 9 + i };
	u32 key = i % KEYS;

	bpf_map_update_elem(map_fd(f, "lru"), &key, &p, BPF_ANY);
	if (bpf_map_lookup_elem(map_fd(f, "trie"), &prefix, &p) == 0)
		assert_pair(&p);
	bpf_map_get_next_key(map_fd(f, "trie"), &prefix, &next);
	if (bpf_map_lookup_and_delete_elem(map_fd(f, "queue"), NULL, &p) == 0)
		assert_pair(&p);
}

static void
others(void **state)
{
	struct fixture *f = *state;
	struct tally all = run_all(f, "others", RUNS / 8, meddle_with_others);
	struct {
		u32 len, addr;
	} prefix;
	struct pair p;
	u32 cnt = 0;

	assert_int_equal(all.verdicts[XDP_PASS], all.runs);
	assert_int_equal(percpu_sum(f, "bad", 0), 0);
	while (bpf_map_lookup_and_delete_elem(map_fd(f, "queue"), NULL, &p) == 0)
		assert_pair(&p);
	check_hash(f, "lru", KEYS / 2);
	while (bpf_map_get_next_key(map_fd(f, "trie"), NULL, &prefix) == 0 && cnt++ < KEYS)
		assert_int_equal(bpf_map_delete_elem(map_fd(f, "trie"), &prefix), 0);
	assert_true(cnt <= KEYS);
}

/* What came out of the ring, of each vCPU in its order. */
struct reader {
	u64 last[VCPUS], cnt;
};

static void
read_record(void *arg, const struct xb_event *event)
{
	struct reader *r = arg;
	const struct pair *p = event->data;

	assert_int_equal(event->bytes, sizeof(*p));
	assert_pair(p);
	assert_true(p->cpu < VCPUS);
	assert_int_equal(p->chance, r->last[p->cpu] + 1);
	r->last[p->cpu] = p->chance;
	r->cnt++;
}

static void *
read_ring(void *arg)
{
	struct fixture *f = arg;
	struct reader *r = calloc(1, sizeof(*r));
	struct xb_map *ring = map_of(f, "ring");
	bool last;

	/* One more time after all have ended, for what is left. */
	do {
		last = __atomic_load_n(&f->timers, __ATOMIC_ACQUIRE);
		if (!xb_ringbuf_consume(ring, read_record, r))
			usleep(50);
	} while (!last);
	return r;
}

static void
records(void **state)
{
	struct fixture *f = *state;
	struct reader *r;
	struct tally all;
	pthread_t thread;

	pthread_create(&thread, NULL, read_ring, f);
	all = run_all(f, "records", RUNS / 4, NULL);
	__atomic_store_n(&f->timers, true, __ATOMIC_RELEASE);
	pthread_join(thread, (void **)&r);
	assert_int_equal(all.verdicts[XDP_PASS] + all.verdicts[XDP_DROP], all.runs);
	assert_true(r->cnt > 0);
	assert_int_equal(r->cnt, all.verdicts[XDP_PASS]);
	assert_int_equal(r->cnt, all.told);
	free(r);
}

static void
meddle_with_nested(struct fixture *f, u32 i)
{
	u32 zero = 0, inner = (u32)map_fd(f, i % 2 ? "inner_a" : "inner_b"), prog;

	assert_int_equal(bpf_map_update_elem(map_fd(f, "outer"), &zero, &inner, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(map_fd(f, "outer_hash"), &zero, &inner, BPF_ANY), 0);
	prog = (u32)prog_fd(f, "landed");
	if (i % 3 == 0)
		bpf_map_delete_elem(map_fd(f, "jumps"), &zero);
	else
		assert_int_equal(bpf_map_update_elem(map_fd(f, "jumps"), &zero, &prog, BPF_ANY), 0);
	if (i % 16 == 0)
		bpf_map_delete_elem(map_fd(f, "outer_hash"), &zero);
}

static void
maps_and_programs_in_maps(void **state)
{
	struct fixture *f = *state;
	struct tally all = run_all(f, "nested", RUNS / 8, meddle_with_nested);

	assert_int_equal(percpu_sum(f, "bad", 0), 0);
	assert_int_equal(all.verdicts[XDP_PASS] + all.verdicts[XDP_TX], all.runs);
	assert_true(all.verdicts[XDP_TX] > 0);
}

/* Things are made, found by their ids and run by bpf(2), where vCPUs run programs, too. */
static void
meddle_with_objects(struct fixture *f, u32 i)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .repeat = 1);
	u8 packet[PACKET_BYTES] = { 0 };
	u32 id = i % 8, next;
	int fd;

	if (i % 16)
		return;
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "more", 4, 8, 4, NULL);
	if (i < 16 * 1000)
		assert_true(fd >= 0);
	if (fd >= 0)
		close(fd);
	bpf_map_get_next_id(id, &next);
	fd = bpf_map_get_fd_by_id(next);
	assert_true(fd >= 0);
	close(fd);
	opts.data_in = packet;
	opts.data_size_in = sizeof(packet);
	assert_int_equal(bpf_prog_test_run_opts(prog_fd(f, "hash"), &opts), 0);
}

static void
objects(void **state)
{
	struct fixture *f = *state;

	run_all(f, "hash", RUNS / 40, meddle_with_objects);
	assert_int_equal(percpu_sum(f, "bad", 0), 0);
}

/* Every vCPU's timers fire in its own time, on it. */
static void
timers(void **state)
{
	struct fixture *f = *state;
	struct tally all;
	u64 fired = 0, value[3];
	u32 used = 0;

	f->timers = true;
	all = run_all(f, "timing", RUNS / 8, NULL);
	assert_int_equal(all.verdicts[XDP_PASS], all.runs);
	assert_int_equal(percpu_sum(f, "bad", 0), 0);
	xb_emu_concurrent_end(f->emu);
	for (u32 i = 0; i < VCPUS; i++)
		used += f->tallies[i].runs != 0;
	assert_int_equal(xb_timer_armed(f->emu), used);
	assert_null(xb_timer_run_until(f->emu, UINT64_MAX / 2));
	assert_int_equal(xb_timer_armed(f->emu), 0);
	for (u32 i = 0; i < VCPUS; i++) {
		assert_int_equal(bpf_map_lookup_elem(map_fd(f, "timers"), &i, value), 0);
		fired += value[2];
	}
	assert_int_equal(fired, all.runs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(counters), TEST(locked_from_outside),       TEST(hashes),  TEST(others),
		TEST(records),  TEST(maps_and_programs_in_maps), TEST(objects), TEST(timers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
