/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_no_memory.c - the n-th allocation fails, for every n up to the last: what is being made is
 * not, says so, and nothing stays behind. With one that fails, and with all from there on.
 *
 * The linker leads malloc() and its kin here (--wrap), of the library and of what it is made of.
 */
#define XB_INSN_BRACES
#include "tests/insns.h"

#include "xdpbench/context.h"
#include "xdpbench/emulator.h"
#include "xdpbench/linux.h"
#include "xdpbench/process.h"

#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SLOTS 65536u /* of blocks that live at the same time: far less */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t cnt, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);
void __real_free(void *block);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t cnt, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_reallocarray(void *old, size_t cnt, size_t bytes);
void *__wrap_aligned_alloc(size_t align, size_t bytes);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t bytes);
void __wrap_free(void *block);

/* A block's address; 1: there was one. */
static struct {
	bool on, all, hit;
	uint32_t left; /* until one fails */
	uint32_t live;
	uintptr_t blocks[SLOTS];
} heap;

static uint32_t
slot_of(uintptr_t block, uintptr_t free_as)
{
	uint32_t i = (uint32_t)(block >> 4) % SLOTS;

	while (heap.blocks[i] != block && heap.blocks[i] && heap.blocks[i] != free_as)
		i = (i + 1) % SLOTS;
	return i;
}

static void *
note(void *block)
{
	if (heap.on && block) {
		heap.blocks[slot_of((uintptr_t)block, 1)] = (uintptr_t)block;
		heap.live++;
	}
	return block;
}

static void
forget(const void *block)
{
	uint32_t i = slot_of((uintptr_t)block, 0);

	if (block && heap.blocks[i] == (uintptr_t)block) {
		heap.blocks[i] = 1;
		heap.live--;
	}
}

static bool
fails(void)
{
	if (!heap.on || (heap.hit && !heap.all))
		return false;
	if (!heap.hit && heap.left--)
		return false;
	heap.hit = true;
	errno = ENOMEM;
	return true;
}

void *
__wrap_malloc(size_t bytes)
{
	return fails() ? NULL : note(__real_malloc(bytes));
}

void *
__wrap_calloc(size_t cnt, size_t bytes)
{
	return fails() ? NULL : note(__real_calloc(cnt, bytes));
}

void *
__wrap_realloc(void *old, size_t bytes)
{
	void *block;

	if (fails())
		return NULL;
	forget(old);
	block = __real_realloc(old, bytes);
	return note(block);
}

void *
__wrap_reallocarray(void *old, size_t cnt, size_t bytes)
{
	return __wrap_realloc(old, cnt * bytes);
}

void *
__wrap_aligned_alloc(size_t align, size_t bytes)
{
	return fails() ? NULL : note(__real_aligned_alloc(align, bytes));
}

char *
__wrap_strndup(const char *text, size_t bytes)
{
	size_t len = strnlen(text, bytes);
	char *copy = __wrap_malloc(len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = 0;
	return copy;
}

char *
__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, strlen(text));
}

void
__wrap_free(void *block)
{
	forget(block);
	__real_free(block);
}

static uint32_t
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint32_t cnt = 0;

	while (dir && readdir(dir))
		cnt++;
	closedir(dir);
	return cnt;
}

/* What a row works with, made anew for each n. */
struct things {
	struct xb_linux *lx;
	struct xb_machine *machine;
	struct xb_linux_map *map;
	struct xb_context *context;
	struct xb_process *process;
	struct xb_err err;
};

static const char packet[] = "{\"name\":\"a\",\"type\":\"xdp_md\",\"ctx\":{\"packet_hex\":"
                             "\"0200000000010200000000020800\",\"rx_queue_idx\":1}}";
static const char skb[] = "{\"type\":\"sk_buff\",\"ctx\":{\"packet_hex\":"
                          "\"0200000000010200000000020800450000140000000040110000c0000201c0000202"
                          "\",\"mark\":7,\"sock\":{\"family\":2,\"srcPort\":80}}}";
static const char captured[] =
        "{\"type\":\"captured\",\"ctx\":{\"subContext\":{\"type\":\"generic\",\"ctx\":{"
        "\"registers\":{\"r1\":\"s\"},\"memory\":[{\"name\":\"b\",\"type\":\"block\",\"value\":{"
        "\"value\":\"AAECAw==\",\"byteorder\":\"be\"}},{\"name\":\"p\",\"type\":\"ptr\",\"value\":"
        "{\"memory\":\"b\",\"size\":64}},{\"name\":\"s\",\"type\":\"struct\",\"value\":[{\"name\":"
        "\"p\",\"memory\":\"p\"}]}],\"emulator\":{\"k\":[1,{\"a\":\"b\"}]}}},\"helperCalls\":{"
        "\"15\":[{\"helperFn\":15,\"params\":[],\"results\":[{\"reg\":0,\"value\":5}]}],\"16\":[{"
        "\"helperFn\":16,\"params\":[{\"reg\":2,\"value\":16}],\"results\":[{\"reg\":0,\"value\":0}"
        ","
        "{\"reg\":1,\"value\":\"c3NoZAA=\"}]}]}}}";
static const char world[] =
        "{\"links\":[{\"ifindex\":2,\"ifname\":\"eth0\",\"mtu\":1400}],"
        "\"addresses\":[{\"dev\":\"eth0\",\"local\":\"10.0.0.1/24\"}],"
        "\"routes\":[{\"dst\":\"default\",\"gateway\":\"10.0.0.254\",\"dev\":\"eth0\"}]}";

static int
make_machine(struct things *t, bool strict, const char *text)
{
	const struct xb_linux_opts linux_opts = { .size = sizeof(linux_opts),
		                                  .watch_calls = true,
		                                  .world = text,
		                                  .world_bytes = text ? strlen(text) : 0 };
	struct xb_machine_opts opts = { .size = sizeof(opts), .vcpu_cnt = 2, .strict = strict };

	t->lx = xb_linux_new(&linux_opts, &t->err);
	if (!t->lx)
		return -1;
	opts.emulator = xb_linux_emulator(t->lx);
	t->machine = xb_machine_new(&opts, &t->err);
	if (!t->machine)
		t->lx = NULL; /* freed with what could not be made */
	return t->machine ? 0 : -1;
}

static int
make_map(struct things *t, uint32_t type)
{
	const bool ring = type == BPF_MAP_TYPE_RINGBUF;
	const struct xb_linux_map_opts opts = { .size = sizeof(opts),
		                                .type = type,
		                                .name = "map",
		                                .key_size = ring ? 0 : 4,
		                                .value_size = ring ? 0 : 4,
		                                .max_entries = ring ? 4096 : 4 };

	t->map = xb_linux_map_create(t->lx, &opts, &t->err);
	return t->map ? 0 : -1;
}

static struct xb_program *
add(struct things *t, uint32_t type, const struct bpf_insn *insns, uint32_t cnt)
{
	const struct xb_program_opts opts = {
		.size = sizeof(opts), .name = "p", .type = type, .insns = insns, .insn_cnt = cnt
	};

	return xb_machine_add_program(t->machine, &opts, &t->err);
}

static int
make_context(struct things *t, const char *json)
{
	t->context = xb_context_parse(NULL, json, strlen(json), &t->err);
	return t->context ? 0 : -1;
}

static int
make_process(struct things *t, struct xb_program *program)
{
	const struct xb_process_opts opts = { .size = sizeof(opts),
		                              .emulate_calls = true,
		                              .record_calls = t->lx != NULL };

	t->process =
	        program ? xb_process_new(t->machine, program, t->context, &opts, &t->err) : NULL;
	return t->process ? 0 : -1;
}

static int
in_machine(struct things *t)
{
	return make_machine(t, false, world);
}

static int
in_strict_machine(struct things *t)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 1), XB_EXIT() };

	return make_machine(t, true, NULL) ||
	       make_process(t, add(t, BPF_PROG_TYPE_KPROBE, insns, 2));
}

static int
in_maps(struct things *t)
{
	static const uint32_t types[] = {
		BPF_MAP_TYPE_ARRAY,      BPF_MAP_TYPE_HASH,         BPF_MAP_TYPE_LRU_HASH,
		BPF_MAP_TYPE_PROG_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_RINGBUF,
		BPF_MAP_TYPE_QUEUE,      BPF_MAP_TYPE_LPM_TRIE,     BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	};
	const uint64_t values[2] = { 1, 2 };
	uint32_t key = 0;

	if (make_machine(t, false, NULL) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i] == BPF_MAP_TYPE_LPM_TRIE || types[i] == BPF_MAP_TYPE_QUEUE)
			continue; /* have flags, or no key */
		if (make_map(t, types[i]) != 0)
			return -1;
		if (types[i] != BPF_MAP_TYPE_HASH && types[i] != BPF_MAP_TYPE_LRU_HASH)
			continue;
		if (xb_linux_map_update(t->map, &key, values, BPF_ANY) == -ENOMEM)
			return xb_err_errno(&t->err, ENOMEM, "element");
	}
	return 0;
}

static int
in_programs(struct things *t)
{
	if (make_machine(t, false, NULL) != 0 || make_map(t, BPF_MAP_TYPE_ARRAY) != 0)
		return -1;
	{
		const struct bpf_insn insns[] = {
			XB_ST_MEM(BPF_W, 10, -4, 0),
			XB_LD_MAP_FD(1, xb_linux_map_fd(t->map)),
			XB_MOV64_REG(2, 10),
			XB_ALU64_IMM(BPF_ADD, 2, -4),
			XB_CALL(BPF_FUNC_map_lookup_elem),
			XB_CALL_FUNC(1),
			XB_EXIT(),
			XB_MOV64_IMM(0, 2),
			XB_EXIT(),
		};

		return add(t, BPF_PROG_TYPE_XDP, insns, sizeof(insns) / sizeof(insns[0])) ? 0 : -1;
	}
}

static int
in_contexts(struct things *t)
{
	static const char *const all[] = { packet, skb, captured };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char *text;

		xb_context_free(t->context);
		if (make_context(t, all[i]) != 0)
			return -1;
		text = xb_context_print(t->context, NULL, &t->err);
		if (!text)
			return -1;
		free(text);
	}
	return 0;
}

/* A run, and what can be had of it. */
static int
run(struct things *t, uint32_t type, const char *json)
{
	const struct bpf_insn insns[] = { XB_CALL(BPF_FUNC_get_prandom_u32), XB_MOV64_IMM(0, 1),
		                          XB_EXIT() };
	char *text;

	if (make_machine(t, false, NULL) != 0 || make_context(t, json) != 0 ||
	    make_process(t, add(t, type, insns, 3)) != 0 ||
	    xb_process_set_value(t->process, "key", t, NULL, &t->err) != 0)
		return -1;
	xb_process_run(t->process, NULL);
	if (xb_process_reset(t->process, &t->err) != 0)
		return -1;
	xb_process_run(t->process, NULL);
	text = xb_process_save_context(t->process, &t->err);
	if (!text)
		return -1;
	free(text);
	text = xb_process_save_calls(t->process, &t->err);
	free(text);
	return text ? 0 : -1;
}

static int
in_xdp(struct things *t)
{
	return run(t, BPF_PROG_TYPE_XDP, packet);
}

static int
in_skb(struct things *t)
{
	return run(t, BPF_PROG_TYPE_SCHED_CLS, skb);
}

static int
in_captured(struct things *t)
{
	return run(t, BPF_PROG_TYPE_KPROBE, captured);
}

static uint64_t
own(struct xb_process *p, const union xb_helper_arg args[5], void *state)
{
	(void)p;
	(void)args;
	(void)state;
	return 1;
}

static int
in_helper(struct things *t)
{
	const struct xb_helper_opts opts = {
		.size = sizeof(opts), .id = 250, .name = "own", .fn = own
	};
	const struct xb_helper_opts kfunc = { .size = sizeof(kfunc), .name = "own_k", .fn = own };

	return make_machine(t, false, NULL) || xb_linux_add_helper(t->lx, &opts, &t->err) ||
	       xb_linux_add_helper(t->lx, &kfunc, &t->err);
}

static const char *
bind(void *self, const struct xb_callee *callee, struct xb_err *err)
{
	(void)self;
	(void)callee;
	(void)err;
	return "own";
}

static uint64_t
call(void *self, struct xb_process *p, const struct xb_callee *callee, const uint64_t args[5])
{
	(void)self;
	(void)p;
	(void)callee;
	return args[0];
}

/* Another emulator, with memory and a registry. */
static int
in_own_emulator(struct things *t)
{
	const struct xb_emulator_ops ops = { .size = sizeof(ops), .bind = bind, .call = call };
	const struct bpf_insn insns[] = { XB_CALL(1), XB_EXIT() };
	const struct xb_memory_opts memory = { .size = sizeof(memory),
		                               .bytes = 100,
		                               .access = XB_ACCESS_READ };
	struct xb_machine_opts opts = { .size = sizeof(opts) };
	struct xb_context_registry *registry = xb_context_registry_new(&t->err);
	uint64_t gaddr;

	if (!registry)
		return -1;
	xb_context_registry_free(registry);
	opts.emulator = xb_emulator_new(&ops, NULL, &t->err);
	if (!opts.emulator)
		return -1;
	t->machine = xb_machine_new(&opts, &t->err);
	if (!t->machine || xb_machine_map(t->machine, &memory, &gaddr, &t->err) != 0)
		return -1;
	if (make_process(t, add(t, 0, insns, 2)) != 0)
		return -1;
	xb_process_run(t->process, NULL);
	return 0;
}

static void
unmake(struct things *t)
{
	xb_process_free(t->process);
	xb_context_free(t->context);
	if (t->machine)
		xb_machine_free(t->machine);
	else
		xb_linux_free(t->lx);
}

static const struct {
	const char *name;
	int (*make)(struct things *t);
} rows[] = {
	{ "a machine and its network", in_machine },
	{ "a strict machine", in_strict_machine },
	{ "maps", in_maps },
	{ "programs", in_programs },
	{ "contexts", in_contexts },
	{ "XDP", in_xdp },
	{ "TC", in_skb },
	{ "memory, recorded calls", in_captured },
	{ "a helper of one's own", in_helper },
	{ "an emulator of one's own", in_own_emulator },
};

/* Whether there was a n-th allocation, which failed. */
static bool
check(size_t row, uint32_t n, bool all)
{
	struct things t = { .err = XB_ERR_INIT };
	bool of_map;
	int rc;

	heap.left = n;
	heap.all = all;
	heap.hit = false;
	heap.on = true;
	rc = rows[row].make(&t);
	heap.on = false;
	unmake(&t);
	if (heap.live)
		fail_msg("%s: allocation %u: %u blocks stay", rows[row].name, n, heap.live);
	if (rc && !heap.hit)
		fail_msg("%s: %s", rows[row].name, t.err.msg);
	/* Without some of them the library does. What a map is refused with may be Linux's word. */
	of_map = t.err.kind == XB_ERR_LOAD && strncmp(t.err.msg, "map '", 5) == 0;
	if (rc &&
	    ((t.err.kind != XB_ERR_SYSTEM && !of_map) || !strstr(t.err.msg, strerror(ENOMEM))))
		fail_msg("%s: allocation %u: kind %d: '%s'", rows[row].name, n, (int)t.err.kind,
		         t.err.msg);
	return heap.hit;
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t fds = descriptors(), n = 0;

		while (check(i, n, false))
			n++;
		for (uint32_t k = 0; k < n; k++)
			check(i, k, true);
		print_message("%s: %u allocations\n", rows[i].name, n);
		assert_true(n > 0);
		assert_int_equal(descriptors(), fds);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
