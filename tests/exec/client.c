/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client.c OBJECT - a program as others write them, with libbpf and nothing of this project's: it
 * passes on the kernel for root, and under `xdpbench exec` for anybody.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIN_DIR "/sys/fs/bpf/xdpbench_client"
#define THREADS 4
#define ROUNDS  50

struct event {
	__u32 number;
	__u32 bytes;
};

struct client {
	const char *path;
	struct bpf_object *obj;
	unsigned int heard; /* records that a reader got */
	struct event last;
};

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("%s:%d: %s (errno %d)\n", __func__, __LINE__, #condition, errno);   \
			return -1;                                                                 \
		}                                                                                  \
	} while (0)

static int
prog_fd(const struct client *c, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(c->obj, name));
}

static int
map_fd(const struct client *c, const char *name)
{
	return bpf_object__find_map_fd_by_name(c->obj, name);
}

/* A packet of that many bytes; returns what the program did, or -1. */
static int
run(int fd, unsigned int bytes)
{
	char packet[256] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = bytes, .repeat = 1);

	return bpf_prog_test_run_opts(fd, &opts) ? -1 : (int)opts.retval;
}

static int
open_client(struct client *c)
{
	struct bpf_map *rodata;
	__u32 limit = 60;

	c->obj = bpf_object__open_file(c->path, NULL);
	CHECK(c->obj);
	rodata = bpf_object__find_map_by_name(c->obj, ".rodata");
	CHECK(rodata && bpf_map__set_initial_value(rodata, &limit, sizeof(limit)) == 0);
	CHECK(bpf_object__load(c->obj) == 0);
	return 0;
}

static int
test_maps(struct client *c)
{
	int fd = map_fd(c, "counters"), cpus = libbpf_num_possible_cpus();
	__u32 key = 60, next, zero = 0;
	__u64 value = 5, all = 0, *percpu = calloc((size_t)cpus, sizeof(*percpu));

	CHECK(fd >= 0 && cpus > 0 && percpu);
	CHECK(bpf_map_update_elem(fd, &key, &value, BPF_ANY) == 0);
	CHECK(bpf_map_update_elem(fd, &key, &value, BPF_NOEXIST) < 0 && errno == EEXIST);
	CHECK(run(prog_fd(c, "count"), 60) == 2);
	CHECK(run(prog_fd(c, "count"), 61) == 1);
	CHECK(bpf_map_lookup_elem(fd, &key, &value) == 0 && value == 6);
	for (__u32 *last = NULL; bpf_map_get_next_key(fd, last, &next) == 0; last = &next)
		all += next;
	CHECK(all == 121);
	CHECK(bpf_map_lookup_elem(map_fd(c, "runs"), &zero, percpu) == 0);
	for (int i = 0; i < cpus; i++)
		all += percpu[i];
	CHECK(all == 123);
	free(percpu);
	CHECK(bpf_map_delete_elem(fd, &key) == 0);
	CHECK(bpf_map_lookup_elem(fd, &key, &value) < 0 && errno == ENOENT);
	return 0;
}

/* Variables are seen from both sides, by a mapping. */
static int
test_globals(struct client *c)
{
	const int prot = PROT_READ | PROT_WRITE;
	__u32 *data = mmap(NULL, 4096, prot, MAP_SHARED, map_fd(c, ".data"), 0);
	__u32 *bss = mmap(NULL, 4096, prot, MAP_SHARED, map_fd(c, ".bss"), 0);
	__u32 before;

	CHECK(data != MAP_FAILED && bss != MAP_FAILED && data[0] == 7);
	CHECK(mmap(NULL, 4096, prot, MAP_SHARED, map_fd(c, ".rodata"), 0) == MAP_FAILED);
	before = bss[0];
	CHECK(run(prog_fd(c, "count"), 64) == 1);
	CHECK(bss[0] == before + 1);
	bss[0] = 100;
	CHECK(run(prog_fd(c, "count"), 64) == 1);
	CHECK(bss[0] == 101);
	CHECK(munmap(data, 4096) == 0 && munmap(bss, 4096) == 0);
	return 0;
}

static int
on_record(void *arg, void *data, size_t bytes)
{
	struct client *c = arg;

	c->heard++;
	if (bytes == sizeof(c->last))
		memcpy(&c->last, data, bytes);
	return 0;
}

static void *
tell_later(void *arg)
{
	usleep(100000);
	return run(prog_fd(arg, "tell"), 70) == 2 ? NULL : arg;
}

static int
test_ring(struct client *c)
{
	struct ring_buffer *ring = ring_buffer__new(map_fd(c, "ring"), on_record, c, NULL);
	struct pollfd p = { .fd = map_fd(c, "ring"), .events = POLLIN };
	pthread_t thread;
	void *failed;

	CHECK(ring);
	c->heard = 0;
	CHECK(ring_buffer__poll(ring, 0) == 0);
	CHECK(run(prog_fd(c, "tell"), 65) == 2 && run(prog_fd(c, "tell"), 66) == 2);
	CHECK(poll(&p, 1, 0) == 1 && p.revents & POLLIN);
	CHECK(ring_buffer__poll(ring, 1000) == 2 && c->heard == 2 && c->last.bytes == 66);
	CHECK(poll(&p, 1, 0) == 0);
	CHECK(ring_buffer__poll(ring, 10) == 0);
	/* A reader that sleeps is woken up. */
	CHECK(pthread_create(&thread, NULL, tell_later, c) == 0);
	CHECK(ring_buffer__poll(ring, 10000) == 1 && c->last.bytes == 70);
	pthread_join(thread, &failed);
	CHECK(!failed);
	ring_buffer__free(ring);
	return 0;
}

static void
on_sample(void *arg, int cpu, void *data, __u32 bytes)
{
	(void)cpu;
	on_record(arg, data, bytes < sizeof(struct event) ? bytes : sizeof(struct event));
}

static void
on_lost(void *arg, int cpu, __u64 cnt)
{
	struct client *c = arg;

	(void)cpu;
	c->heard += (unsigned int)(1000 * cnt);
}

static int
test_perf(struct client *c)
{
	struct perf_buffer *samples;

	samples = perf_buffer__new(map_fd(c, "samples"), 1, on_sample, on_lost, c, NULL);
	CHECK(samples);
	c->heard = 0;
	CHECK(perf_buffer__poll(samples, 0) == 0);
	for (unsigned int i = 0; i < 3; i++)
		CHECK(run(prog_fd(c, "tell"), 80 + i) == 2);
	CHECK(perf_buffer__poll(samples, 1000) > 0);
	CHECK(c->heard == 3 && c->last.bytes == 82);
	CHECK(perf_buffer__poll(samples, 10) == 0);
	/* Around the ring's end, many times. */
	for (unsigned int i = 0; i < 1000; i++) {
		CHECK(run(prog_fd(c, "tell"), 80) == 2);
		CHECK(perf_buffer__consume(samples) == 0);
	}
	CHECK(c->heard == 1003);
	perf_buffer__free(samples);
	return 0;
}

/* What does not fit is counted, and the reader is told. */
static int
test_lost(struct client *c)
{
	struct perf_buffer *samples;

	samples = perf_buffer__new(map_fd(c, "samples"), 1, on_sample, on_lost, c, NULL);
	CHECK(samples);
	c->heard = 0;
	for (unsigned int i = 0; i < 4096 / 24 + 10; i++)
		CHECK(run(prog_fd(c, "tell"), 80) == 2);
	CHECK(perf_buffer__consume(samples) == 0);
	CHECK(c->heard >= 4096 / 24 && c->heard < 1000);
	CHECK(run(prog_fd(c, "tell"), 80) == 2);
	CHECK(perf_buffer__consume(samples) == 0);
	CHECK(c->heard > 10000);
	perf_buffer__free(samples);
	return 0;
}

static int
test_tail_call(struct client *c)
{
	int fd = map_fd(c, "calls"), to = prog_fd(c, "ask");
	__u32 key = 1;

	CHECK(run(prog_fd(c, "jump"), 64) == 0);
	CHECK(bpf_map_update_elem(fd, &key, &to, BPF_ANY) == 0);
	CHECK(run(prog_fd(c, "jump"), 64) == 2);
	CHECK(bpf_map_delete_elem(fd, &key) == 0);
	CHECK(run(prog_fd(c, "jump"), 64) == 0);
	return 0;
}

/* A link ends with its last descriptor. */
static int
test_freplace(struct client *c)
{
	struct bpf_object *obj = bpf_object__open_file(c->path, NULL);
	struct bpf_program *prog;
	struct bpf_link *link;
	int copy;

	CHECK(obj);
	bpf_object__for_each_program(prog, obj)
	        bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), "instead"));
	prog = bpf_object__find_program_by_name(obj, "instead");
	CHECK(bpf_program__set_attach_target(prog, prog_fd(c, "ask"), "decide") == 0);
	if (bpf_object__load(obj) != 0 && errno == EPERM) { /* asks for more than others do */
		printf("skipped: freplace not permitted\n");
		bpf_object__close(obj);
		return 0;
	}
	CHECK(run(prog_fd(c, "ask"), 64) == 2);
	link = bpf_program__attach_freplace(prog, 0, NULL);
	CHECK(link);
	CHECK(run(prog_fd(c, "ask"), 64) == 3);
	copy = dup(bpf_link__fd(link));
	CHECK(copy >= 0 && bpf_link__destroy(link) == 0);
	CHECK(run(prog_fd(c, "ask"), 64) == 3);
	close(copy);
	CHECK(run(prog_fd(c, "ask"), 64) == 2);
	bpf_object__close(obj);
	return 0;
}

static int
test_pins(struct client *c)
{
	const char *path = PIN_DIR "/counters";
	__u32 key = 1234;
	__u64 value = 4321;
	struct stat st;
	int fd;

	unlink(path);
	rmdir(PIN_DIR);
	CHECK(stat("/sys/fs/bpf", &st) == 0 && S_ISDIR(st.st_mode));
	CHECK(bpf_obj_pin(map_fd(c, "counters"), path) < 0 && errno == ENOENT);
	CHECK(mkdir(PIN_DIR, 0700) == 0);
	CHECK(bpf_obj_pin(map_fd(c, "counters"), path) == 0);
	CHECK(bpf_obj_pin(map_fd(c, "counters"), path) < 0 && errno == EEXIST);
	CHECK(bpf_obj_pin(map_fd(c, "counters"), "/tmp/xdpbench_client") < 0 && errno == EPERM);
	CHECK(stat(path, &st) == 0 && S_ISREG(st.st_mode));
	CHECK(rmdir(PIN_DIR) < 0 && errno == ENOTEMPTY);
	fd = bpf_obj_get(path);
	CHECK(fd >= 0);
	CHECK(bpf_map_update_elem(fd, &key, &value, BPF_ANY) == 0);
	close(fd);
	value = 0;
	CHECK(bpf_map_lookup_elem(map_fd(c, "counters"), &key, &value) == 0 && value == 4321);
	CHECK(unlink(path) == 0 && rmdir(PIN_DIR) == 0);
	CHECK(bpf_obj_get(path) < 0 && errno == ENOENT);
	return bpf_map_delete_elem(map_fd(c, "counters"), &key);
}

static bool
has_map(__u32 id)
{
	int fd = bpf_map_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Objects go with the last that holds them. Linux takes a moment for it. */
static int
test_lifetimes(struct client *c)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "short_lived", 4, 4, 1, NULL), copy;
	struct bpf_map_info info = { 0 };
	__u32 bytes = sizeof(info);

	(void)c;
	CHECK(fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &bytes) == 0);
	CHECK(!strcmp(info.name, "short_lived"));
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	CHECK(copy >= 100);
	close(fd);
	CHECK(has_map(info.id));
	close(copy);
	for (int i = 0; i < 100 && has_map(info.id); i++)
		usleep(10000);
	CHECK(!has_map(info.id));
	return 0;
}

static int
test_mmap(struct client *c)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "mapped", 4, 8, 512, &opts);
	int plain = bpf_map_create(BPF_MAP_TYPE_ARRAY, "plain", 4, 8, 512, NULL);
	__u32 key = 3;
	__u64 *mem, value = 0;

	(void)c;
	CHECK(fd >= 0 && plain >= 0);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, plain, 0) == MAP_FAILED);
	CHECK(mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EINVAL);
	mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(mem != MAP_FAILED);
	mem[3] = 33;
	CHECK(bpf_map_lookup_elem(fd, &key, &value) == 0 && value == 33);
	CHECK(bpf_map_freeze(fd) < 0 && errno == EBUSY);
	CHECK(munmap(mem, 4096) == 0);
	mem = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(mem != MAP_FAILED && mem[3] == 33);
	CHECK(mprotect(mem, 4096, PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
	CHECK(munmap(mem, 4096) == 0 && bpf_map_freeze(fd) == 0);
	CHECK(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
	CHECK(mmap(NULL, 8192, PROT_WRITE, MAP_SHARED, map_fd(c, "ring"), 0) == MAP_FAILED &&
	      errno == EPERM);
	close(fd);
	close(plain);
	return 0;
}

struct worker {
	const struct client *c;
	unsigned int i;
	bool failed;
};

static void *
work(void *arg)
{
	struct worker *w = arg;
	__u32 key = 1000 + w->i;
	__u64 value;

	for (__u64 n = 1; n <= ROUNDS && !w->failed; n++) {
		int fd = map_fd(w->c, "counters");

		w->failed = bpf_map_update_elem(fd, &key, &n, BPF_ANY) != 0 ||
		            run(prog_fd(w->c, "count"), 100 + w->i) != 1 ||
		            bpf_map_lookup_elem(fd, &key, &value) != 0 || value != n;
	}
	return NULL;
}

static int
test_threads(struct client *c)
{
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	__u64 value;

	for (unsigned int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .c = c, .i = i };
		CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (__u32 i = 0; i < THREADS; i++) {
		__u32 key = 100 + i;

		CHECK(!workers[i].failed);
		CHECK(bpf_map_lookup_elem(map_fd(c, "counters"), &key, &value) == 0);
		CHECK(value == ROUNDS);
	}
	return 0;
}

static void
on_alarm(int nr)
{
	(void)nr;
}

/* A signal ends what would take hours. */
static int
test_signal(struct client *c)
{
	const struct itimerval soon = { .it_value.tv_usec = 200000 };
	const struct sigaction action = { .sa_handler = on_alarm };
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
	            .repeat = -1);

	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	CHECK(bpf_prog_test_run_opts(prog_fd(c, "ask"), &opts) < 0 && errno == EINTR);
	CHECK(run(prog_fd(c, "ask"), 64) == 2);
	return 0;
}

/* A child goes on with what it inherits. */
static int
test_fork(struct client *c)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run(prog_fd(c, "count"), 60) == 2 ? 0 : 1);
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(run(prog_fd(c, "count"), 60) == 2);
	return 0;
}

static int
test_types(struct client *c)
{
	(void)c;
	CHECK(access("/sys/kernel/btf/vmlinux", R_OK) == 0);
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(struct client *c);
} rows[] = {
	{ "types", test_types },     { "open", open_client },         { "maps", test_maps },
	{ "globals", test_globals }, { "ring", test_ring },           { "perf", test_perf },
	{ "lost", test_lost },       { "tail call", test_tail_call }, { "freplace", test_freplace },
	{ "pins", test_pins },       { "lifetimes", test_lifetimes }, { "mmap", test_mmap },
	{ "threads", test_threads }, { "fork", test_fork },           { "signal", test_signal },
};

int
main(int argc, char **argv)
{
	struct client c = { .path = argc > 1 ? argv[1] : "client.o" };
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = rows[i].fn(&c);

		if (rc)
			printf("failed: %s\n", rows[i].name);
		failed |= rc;
		if (!c.obj && rows[i].fn == open_client)
			break;
	}
	bpf_object__close(c.obj);
	return failed ? 1 : 0;
}
