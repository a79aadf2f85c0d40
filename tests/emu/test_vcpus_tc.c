/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_vcpus_tc.c - four vCPUs run the programs of vcpus_tc.bpf.c at the same time: packets of TC,
 * local storage of sockets and cgroups, maps of sockets, stacks, Bloom filters, samples in and out,
 * SYN cookies, and a function that is replaced meanwhile. Under ThreadSanitizer there are fewer
 * runs.
 */
#include "emu/map.h"
#include "emu/map_local_storage.h"
#include "emu/vcpu.h"
#include "skb/skb.h"
#include "tests/emu/socks.h"
#include "vm/workers.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define VCPUS        4u
#define BATCH        100u
#define SOCKS        4u
#define PACKET_BYTES 100u
#define PAGE         4096u
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define RUNS 10000u
#else
#define RUNS 100000u
#endif

struct pair {
	u64 cpu, chance, sum;
};

/* What a vCPU has done; its own thread's, until it is drained. */
struct tally {
	u64 runs, faults, verdicts[8], last; /* last: number of its latest sample */
	u64 samples, bad_samples;
	char fault[256];
} __attribute__((aligned(64)));

struct fixture {
	struct xb_emu *emu;
	struct bpf_object *obj, *target, *ext;
	struct bpf_link *link;
	struct xb_skb *skb[VCPUS];
	struct xb_skb_ctx ctx[VCPUS];
	struct xb_xdp *xdp[VCPUS];
	struct xb_workers *workers;
	struct tally tallies[VCPUS];
	struct sock_pair socks[SOCKS];
	u8 packet[PACKET_BYTES];
	u8 *ring; /* consumer page, producer page, data */
	u64 sent; /* samples for programs, */
	u64 sum;  /* and what they add up to */
};

struct batch {
	struct xb_work work;
	struct fixture *f;
	const struct xb_bpf_prog *prog;
};

/* The vCPU's next sample: a pair, with 20 bytes of the packet behind it. */
static void
sample(void *arg, const struct xb_event *event)
{
	struct fixture *f = arg;
	struct tally *t = &f->tallies[event->proc->vcpu];
	const u8 *data = event->data;
	struct pair p;

	t->samples++;
	memcpy(&p, data, sizeof(p));
	if (event->bytes != sizeof(p) + 20 || event->cpu != event->proc->vcpu ||
	    p.cpu != event->cpu || p.chance != ++t->last || p.sum != p.cpu + p.chance ||
	    memcmp(data + sizeof(p), f->packet, 20) != 0)
		t->bad_samples++;
}

static void
load(struct fixture *f, const struct xb_bpf_prog *prog, u32 vcpu)
{
	const struct xb_skb_in in = { .data = f->packet,
		                      .bytes = sizeof(f->packet),
		                      .ctx = &f->ctx[vcpu],
		                      .prog_type = prog->type };
	const struct xb_xdp_in xdp = { .data = f->packet, .bytes = sizeof(f->packet) };

	if (prog->type == BPF_PROG_TYPE_XDP)
		xb_xdp_load(f->xdp[vcpu], &xdp);
	else
		xb_skb_load(f->skb[vcpu], &in);
}

static void
run_once(struct fixture *f, const struct xb_bpf_prog *prog, u32 vcpu)
{
	struct tally *t = &f->tallies[vcpu];
	const struct xb_fault *fault;
	struct xb_skb_out out;
	struct xb_xdp_out xdp;
	u32 retval;

	load(f, prog, vcpu);
	if (prog->type == BPF_PROG_TYPE_XDP) {
		xb_xdp_run(f->xdp[vcpu], prog, &xdp);
		fault = xdp.fault;
		retval = xdp.retval;
	} else {
		xb_skb_run(f->skb[vcpu], prog, &out);
		fault = out.fault;
		retval = out.retval;
	}
	t->runs++;
	if (fault && !t->faults++)
		snprintf(t->fault, sizeof(t->fault), "%s", fault->message);
	else if (!fault)
		t->verdicts[retval % XB_ARRAY_SIZE(t->verdicts)]++;
}

static void
run_batch(struct xb_work *work, u32 vcpu)
{
	struct batch *b = XB_CONTAINER_OF(work, struct batch, work);

	for (u32 i = 0; i < BATCH; i++)
		run_once(b->f, b->prog, vcpu);
}

static struct bpf_object *
load_object(const char *path)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);

	assert_non_null(obj);
	assert_int_equal(bpf_object__load(obj), 0);
	return obj;
}

/* All packets belong to one socket. */
static void
make_contexts(struct fixture *f, u32 vcpu)
{
	struct xb_err err = XB_ERR_INIT;

	f->skb[vcpu] = xb_skb_new(f->emu, &(struct xb_skb_opts){ .vcpu = vcpu }, &err);
	f->xdp[vcpu] = xb_xdp_new(f->emu, &(struct xb_xdp_opts){ .vcpu = vcpu }, &err);
	assert_non_null(f->skb[vcpu]);
	assert_non_null(f->xdp[vcpu]);
	f->ctx[vcpu] = (struct xb_skb_ctx){
		.ifindex = 1,
		.sock_kind = XB_SKB_SOCK_GIVEN,
		.sock = { .uapi = { .family = AF_INET, .state = BPF_TCP_ESTABLISHED },
		          .cookie = 7 },
	};
}

static int
setup(void **state)
{
	static const u8 ip[] = { 8, 0, 0x45, 0, 0, PACKET_BYTES - 14, 0, 0, 0, 0, 64, 17 };
	struct fixture *f = calloc(1, sizeof(*f));
	struct xb_err err = XB_ERR_INIT;

	assert_non_null(f);
	f->emu = xb_emu_new(&(struct xb_emu_opts){ .cpu_cnt = VCPUS, .seed = 1 }, &err);
	if (!f->emu)
		fail_msg("%s", err.msg);
	xb_xdp_register(f->emu);
	xb_skb_register(f->emu);
	f->emu->hooks.arg = f;
	f->emu->hooks.event = sample;
	xb_emu_enter(f->emu);
	f->obj = load_object(TEST_PROGS_DIR "/vcpus_tc.o");
	memcpy(f->packet + 12, ip, sizeof(ip));
	for (u32 i = 0; i < VCPUS; i++)
		make_contexts(f, i);
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
	xb_emu_concurrent_end(f->emu);
	for (u32 i = 0; i < VCPUS; i++) {
		xb_skb_free(f->skb[i]);
		xb_xdp_free(f->xdp[i]);
	}
	for (u32 i = 0; i < SOCKS; i++)
		if (f->socks[i].name)
			sock_close(&f->socks[i]);
	if (f->ring)
		munmap(f->ring, 3 * PAGE);
	bpf_link__destroy(f->link);
	bpf_object__close(f->ext);
	bpf_object__close(f->target);
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
prog_fd(const struct bpf_object *obj, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);

	assert_non_null(prog);
	return bpf_program__fd(prog);
}

static const struct xb_bpf_prog *
prog_of(const struct fixture *f, const struct bpf_object *of, const char *name)
{
	struct xb_obj *obj;

	assert_int_equal(xb_obj_by_fd(f->emu, prog_fd(of, name), XB_OBJ_PROG, &obj), 0);
	return XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj);
}

/* Runs a program RUNS times, spread over vCPUs; meanwhile `mean` is called over and over. */
static struct tally
run_all(struct fixture *f, const struct xb_bpf_prog *prog, void (*mean)(struct fixture *f, u32 i))
{
	const u32 cnt = RUNS / BATCH;
	struct batch *batches = calloc(cnt, sizeof(*batches));
	struct tally all = { 0 };

	assert_non_null(batches);
	memset(f->tallies, 0, sizeof(f->tallies));
	for (u32 i = 0; i < cnt; i++) {
		batches[i] = (struct batch){
			.work = { .vcpu = i % 8 ? XB_VCPU_ANY : i / 8 % VCPUS, .run = run_batch },
			.f = f,
			.prog = prog,
		};
		assert_int_equal(xb_workers_add(f->workers, &batches[i].work, false), 0);
		for (u32 j = 0; mean && j < 10; j++)
			mean(f, i * 10 + j);
	}
	xb_workers_drain(f->workers);
	free(batches);
	for (u32 i = 0; i < VCPUS; i++) {
		const struct tally *t = &f->tallies[i];

		if (t->faults)
			fail_msg("%s: vCPU %u: %llu faults: %s", prog->func_name, i,
			         (unsigned long long)t->faults, t->fault);
		all.runs += t->runs;
		all.samples += t->samples;
		all.bad_samples += t->bad_samples;
		for (u32 v = 0; v < XB_ARRAY_SIZE(all.verdicts); v++)
			all.verdicts[v] += t->verdicts[v];
	}
	assert_int_equal(all.runs, RUNS);
	return all;
}

/* How often programs saw what they should not. */
static u64
bad(const struct fixture *f)
{
	u64 values[VCPUS], sum = 0;
	u32 zero = 0;

	assert_int_equal(xb_map_read(map_of(f, "bad"), &zero, values), 0);
	for (u32 i = 0; i < VCPUS; i++)
		sum += values[i];
	return sum;
}

/* All runs of a program return `verdict`, and see nothing that they should not. */
static struct tally
run_well(struct fixture *f, const char *name, u32 verdict, void (*mean)(struct fixture *f, u32 i))
{
	struct tally all = run_all(f, prog_of(f, f->obj, name), mean);

	assert_int_equal(all.verdicts[verdict], RUNS);
	assert_int_equal(bad(f), 0);
	return all;
}

static void
packets(void **state)
{
	run_well(*state, "packet", TC_ACT_OK, NULL);
}

static void
socket_storage(void **state)
{
	struct fixture *f = *state;
	u64 value = 0;

	run_well(f, "storage", TC_ACT_OK, NULL);
	assert_int_equal(
	        xb_local_storage_read(map_of(f, "kept"), xb_sock_owner_of_cookie(7), &value), 0);
	assert_int_equal(value, RUNS);
}

/* Sockets come and go by their descriptors. */
static void
meddle_with_sockets(struct fixture *f, u32 i)
{
	int fd = map_fd(f, i % 2 ? "sockets" : "socket_table");
	u64 value = (u64)f->socks[i / 2 % SOCKS].fd, cookie;
	u32 key = i / 3 % SOCKS;

	if (i % 7 == 0)
		bpf_map_delete_elem(fd, &key);
	else
		bpf_map_update_elem(fd, &key, &value, BPF_ANY);
	if (bpf_map_lookup_elem(fd, &key, &cookie) == 0)
		assert_true(cookie != 0);
}

static void
socket_maps(void **state)
{
	static const struct sock_kind udp = { "UDP", AF_INET, SOCK_DGRAM, 0, SOCK_BOUND, true };
	struct fixture *f = *state;

	for (u32 i = 0; i < SOCKS; i++)
		assert_true(sock_open(&udp, &f->socks[i]));
	run_well(f, "socks", TC_ACT_OK, meddle_with_sockets);
}

static void
meddle_with_lists(struct fixture *f, u32 i)
{
	struct pair p = { 9, i, 9 + i };

	assert_int_equal(bpf_map_update_elem(map_fd(f, "stack"), NULL, &p, BPF_EXIST), 0);
	if (bpf_map_lookup_and_delete_elem(map_fd(f, "stack"), NULL, &p) == 0)
		assert_int_equal(p.sum, p.cpu + p.chance);
	assert_int_equal(bpf_map_update_elem(map_fd(f, "bloom"), NULL, &p, BPF_ANY), 0);
	assert_int_equal(bpf_map_lookup_elem(map_fd(f, "bloom"), NULL, &p), 0);
}

static void
stack_and_bloom(void **state)
{
	run_well(*state, "lists", TC_ACT_OK, meddle_with_lists);
}

/* ThreadSanitizer does not tell of programs' own races, whatever copies for them. */
static void
races_of_programs(void **state)
{
	run_well(*state, "races", TC_ACT_OK, NULL);
}

static void
samples_out(void **state)
{
	struct fixture *f = *state;
	struct tally all;

	assert_int_equal(xb_perf_array_open(map_of(f, "events")), 0);
	all = run_well(f, "samples_out", TC_ACT_OK, NULL);
	assert_int_equal(all.samples, RUNS);
	assert_int_equal(all.bad_samples, 0);
}

/* Puts in a sample of 8 bytes where there is room: positions are the first words of the pages. */
static void
send_sample(struct fixture *f, u32 i)
{
	u64 *consumer = (u64 *)(void *)f->ring, *producer = (u64 *)(void *)(f->ring + PAGE);
	u64 pos = *producer;
	u8 *at = f->ring + 2 * PAGE + pos % PAGE;

	if (pos - __atomic_load_n(consumer, __ATOMIC_ACQUIRE) > PAGE - 16)
		return;
	memcpy(at + 8, &(u64){ i }, 8);
	__atomic_store_n((u32 *)(void *)at, 8, __ATOMIC_RELEASE);
	__atomic_store_n(producer, pos + 16, __ATOMIC_RELEASE);
	f->sent++;
	f->sum += i;
}

static void
samples_in(void **state)
{
	struct fixture *f = *state;
	u64 sum = 0, cnt = 0;
	u32 key = 0;

	f->ring = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd(f, "samples"), 0);
	assert_true(f->ring != MAP_FAILED);
	run_well(f, "samples_in", TC_ACT_OK, send_sample);
	run_once(f, prog_of(f, f->obj, "samples_in"), 0); /* for what came after the last */
	assert_int_equal(bpf_map_lookup_elem(map_fd(f, "sums"), &key, &sum), 0);
	key = 1;
	assert_int_equal(bpf_map_lookup_elem(map_fd(f, "sums"), &key, &cnt), 0);
	assert_true(cnt > 0);
	assert_int_equal(cnt, f->sent);
	assert_int_equal(sum, f->sum);
}

static void
syn_cookies(void **state)
{
	run_well(*state, "cookies", TC_ACT_OK, NULL);
}

/* A test run has storage of its own, and takes nobody's. */
static void
test_run(struct fixture *f, u32 i)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->packet,
	            .data_size_in = sizeof(f->packet), .repeat = 2);

	if (i % 4)
		return;
	assert_int_equal(bpf_prog_test_run_opts(prog_fd(f->obj, "cgroup"), &opts), 0);
	assert_int_equal(opts.retval, 1);
}

static void
cgroup_storage(void **state)
{
	struct fixture *f = *state;
	u64 *value;

	run_well(f, "cgroup", 1, test_run);
	value = xb_mem_host(f->emu->mem, xb_cgroup_storage_value(map_of(f, "usage"), 0));
	assert_int_equal(*value, RUNS);
}

/* second() returns 10, or once it is replaced, 100 times how often it was called. */
static void
replace(struct fixture *f, u32 i)
{
	if (i != 100)
		return;
	f->link = bpf_program__attach_trace(bpf_object__find_program_by_name(f->ext, "instead"));
	assert_non_null(f->link);
}

static void
function_that_is_replaced(void **state)
{
	struct fixture *f = *state;
	const struct xb_bpf_prog *dispatch;
	struct bpf_program *ext;
	struct tally all;
	u64 *of = all.verdicts;

	f->target = load_object(TEST_PROGS_DIR "/target.o");
	f->ext = bpf_object__open_file(TEST_PROGS_DIR "/ext.o", NULL);
	assert_non_null(f->ext);
	ext = bpf_object__find_program_by_name(f->ext, "instead");
	assert_int_equal(
	        bpf_program__set_attach_target(ext, prog_fd(f->target, "dispatch"), "second"), 0);
	assert_int_equal(bpf_object__load(f->ext), 0);
	dispatch = prog_of(f, f->target, "dispatch");
	all = run_all(f, dispatch, replace);
	assert_int_equal(of[11 % 8] + of[101 % 8] + of[201 % 8], RUNS);
	run_once(f, dispatch, 0);
	of = f->tallies[0].verdicts;
	assert_true(of[101 % 8] + of[201 % 8] > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(packets),           TEST(socket_storage),
		TEST(socket_maps),       TEST(stack_and_bloom),
		TEST(races_of_programs), TEST(samples_out),
		TEST(samples_in),        TEST(syn_cookies),
		TEST(cgroup_storage),    TEST(function_that_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
