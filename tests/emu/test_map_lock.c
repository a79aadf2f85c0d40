/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_map_lock.c - BPF_F_LOCK: which maps may have values with a lock, and what each command makes
 * of the flag on each type of map, with a lock in its values and without, on the kernel and on the
 * emulator; and what updates by programs do.
 */
#include "tests/emu/map_storage.h"
#include "tests/emu/special_btf.h"
#include "tests/insns.h"
#include "tests/rig/cgroup.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define MOST_PRINTED 30u
#define VALUE_MOST   1024u
#define CGRP_STORAGE 32u

/* What an element belongs to: the first keys that are looked at. */
enum owner { BY_KEY, BY_SOCKET, BY_TASK, BY_FILE, BY_CGROUP, BY_CGROUP_ID, OWNER_CNT };

/* value 0: as large as the type. */
static const struct kind {
	const char *name;
	struct map_spec spec;
	enum owner owner;
} kinds[] = {
	/* clang-format off */
	{ "hash",                  { BPF_MAP_TYPE_HASH, 4, 0, 4, 0 }, BY_KEY },
	{ "hash, not allocated",   { BPF_MAP_TYPE_HASH, 4, 0, 4, BPF_F_NO_PREALLOC }, BY_KEY },
	{ "array",                 { BPF_MAP_TYPE_ARRAY, 4, 0, 4, 0 }, BY_KEY },
	{ "array, mmap",           { BPF_MAP_TYPE_ARRAY, 4, 0, 4, BPF_F_MMAPABLE }, BY_KEY },
	{ "per-CPU hash",          { BPF_MAP_TYPE_PERCPU_HASH, 4, 0, 4, 0 }, BY_KEY },
	{ "per-CPU array",         { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 0, 4, 0 }, BY_KEY },
	{ "LRU hash",              { BPF_MAP_TYPE_LRU_HASH, 4, 0, 4, 0 }, BY_KEY },
	{ "LRU per-CPU hash",      { BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 0, 4, 0 }, BY_KEY },
	{ "LPM trie",              { BPF_MAP_TYPE_LPM_TRIE, 8, 0, 4, BPF_F_NO_PREALLOC }, BY_KEY },
	{ "queue",                 { BPF_MAP_TYPE_QUEUE, 0, 0, 4, 0 }, BY_KEY },
	{ "stack",                 { BPF_MAP_TYPE_STACK, 0, 0, 4, 0 }, BY_KEY },
	{ "bloom filter",          { BPF_MAP_TYPE_BLOOM_FILTER, 0, 0, 4, 0 }, BY_KEY },
	{ "socket storage",        { BPF_MAP_TYPE_SK_STORAGE, 4, 0, 0, BPF_F_NO_PREALLOC }, BY_SOCKET },
	{ "task storage",          { BPF_MAP_TYPE_TASK_STORAGE, 4, 0, 0, BPF_F_NO_PREALLOC }, BY_TASK },
	{ "inode storage",         { BPF_MAP_TYPE_INODE_STORAGE, 4, 0, 0, BPF_F_NO_PREALLOC }, BY_FILE },
	{ "cgroup local storage",  { CGRP_STORAGE, 4, 0, 0, BPF_F_NO_PREALLOC }, BY_CGROUP },
	{ "cgroup storage",        { BPF_MAP_TYPE_CGROUP_STORAGE, 8, 0, 0, 0 }, BY_CGROUP_ID },
	{ "per-CPU cgroup storage", { BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 8, 0, 0, 0 }, BY_CGROUP_ID },
	{ "program array",         { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0 }, BY_KEY },
	{ "perf events",           { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 0 }, BY_KEY },
	{ "stack traces",          { BPF_MAP_TYPE_STACK_TRACE, 4, 0, 4, 0 }, BY_KEY },
	{ "cgroup array",          { BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 4, 0 }, BY_KEY },
	{ "devmap",                { BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 0 }, BY_KEY },
	{ "devmap hash",           { BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 4, 0 }, BY_KEY },
	{ "cpumap",                { BPF_MAP_TYPE_CPUMAP, 4, 4, 1, 0 }, BY_KEY },
	{ "xskmap",                { BPF_MAP_TYPE_XSKMAP, 4, 4, 4, 0 }, BY_KEY },
	{ "sockmap",               { BPF_MAP_TYPE_SOCKMAP, 4, 8, 4, 0 }, BY_KEY },
	{ "sockhash",              { BPF_MAP_TYPE_SOCKHASH, 4, 8, 4, 0 }, BY_KEY },
	{ "reuseport",             { BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, 4, 0 }, BY_KEY },
	{ "ring buffer",           { BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 }, BY_KEY },
	{ "user ring buffer",      { BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 4096, 0 }, BY_KEY },
	/* clang-format on */
};

static const enum special_value values[] = { VALUE_NONE,        VALUE_PLAIN,
	                                     VALUE_LOCKED,      VALUE_LOCK_FIRST,
	                                     VALUE_RES_LOCKED,  VALUE_LOCK_AND_TIMER,
	                                     VALUE_KPTR_FOREIGN };

static const u64 flag_sets[] = {
	0,
	BPF_F_LOCK,
	BPF_F_LOCK | BPF_NOEXIST,
	BPF_F_LOCK | BPF_EXIST,
	BPF_F_LOCK | 3,
	BPF_F_LOCK | 8,
	BPF_F_LOCK | 1ull << 32,
	1ull << 63 | BPF_F_LOCK,
	BPF_EXIST,
};

static const struct command {
	const char *name;
	int cmd;
	bool batch;
} commands[] = {
	{ "lookup", BPF_MAP_LOOKUP_ELEM, false },
	{ "update", BPF_MAP_UPDATE_ELEM, false },
	{ "delete", BPF_MAP_DELETE_ELEM, false },
	{ "next key", BPF_MAP_GET_NEXT_KEY, false },
	{ "take", BPF_MAP_LOOKUP_AND_DELETE_ELEM, false },
	{ "lookup batch", BPF_MAP_LOOKUP_BATCH, true },
	{ "take batch", BPF_MAP_LOOKUP_AND_DELETE_BATCH, true },
	{ "update batch", BPF_MAP_UPDATE_BATCH, true },
	{ "delete batch", BPF_MAP_DELETE_BATCH, true },
};

/* One backend, with what its maps need. */
struct side {
	struct backend b;
	struct special_btf btf;
};

struct fixture {
	struct side emu, kernel;
	bool has_kernel;
	struct map_storage cgroups;
	int owners[OWNER_CNT];
	u32 calls, failed;
};

/* What a call left. */
struct outcome {
	long ret;
	u32 count;
	u8 keys[16], value[VALUE_MOST];
	long then; /* a lookup afterwards */
	u8 is[VALUE_MOST];
};

static void
side_open(struct side *s)
{
	special_btf_load(&s->btf, &s->b);
}

static int
setup(void **state)
{
	static struct fixture f;
	struct xb_err err = XB_ERR_INIT;

	f = (struct fixture){ .has_kernel = backend_kernel(&f.kernel.b) };
	f.emu.b = (struct backend){
		"emulator",
		xb_emu_new(&(struct xb_emu_opts){ .cpu_cnt = backend_cpus(), .seed = 1 }, &err)
	};
	assert_non_null(f.emu.b.emu);
	xb_xdp_register(f.emu.b.emu);
	if (f.has_kernel)
		side_open(&f.kernel);
	side_open(&f.emu);
	map_storage_open(&f.cgroups, f.has_kernel);
	f.owners[BY_SOCKET] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	f.owners[BY_TASK] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	f.owners[BY_FILE] = memfd_create("owner", MFD_CLOEXEC);
	f.owners[BY_CGROUP] = f.cgroups.dir[0];
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	close(f->owners[BY_SOCKET]);
	close(f->owners[BY_TASK]);
	close(f->owners[BY_FILE]);
	map_storage_close(&f->cgroups);
	close(f->emu.btf.fd);
	if (f->has_kernel)
		close(f->kernel.btf.fd);
	backend_free(&f->emu.b);
	return 0;
}

static long
create(const struct side *s, const struct kind *k, enum special_value value)
{
	bool ring =
	        k->spec.type == BPF_MAP_TYPE_RINGBUF || k->spec.type == BPF_MAP_TYPE_USER_RINGBUF;
	struct map_spec spec = k->spec;

	if (!spec.value && !ring)
		spec.value = special_bytes[value];
	return special_map(&s->btf, &s->b, &spec, value, 0);
}

static void
set_key(const struct fixture *f, const struct kind *k, u8 key[16])
{
	u32 first = k->owner == BY_KEY ? 1 : (u32)f->owners[k->owner];

	memset(key, 0, 16);
	memcpy(key, &first, sizeof(first));
	if (k->owner == BY_CGROUP_ID)
		memcpy(key, &f->cgroups.id[1], sizeof(f->cgroups.id[1]));
}

/* `value` is what maps shall hold; descriptors in it are none. */
static void
set_value(const struct kind *k, u32 nonce, u8 *value)
{
	/* What a bloom filter does not have, it may seem to have: it is asked for one value. */
	if (k->spec.type == BPF_MAP_TYPE_BLOOM_FILTER)
		nonce = 0;
	for (u32 i = 0; i < VALUE_MOST; i++)
		value[i] = (u8)(i * 7 + nonce) | 1;
	if (k->spec.value)
		memset(value, 0xff, 8);
}

static long
elem(const struct side *s, int cmd, int fd, const void *key, const void *value, u64 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	attr.flags = flags;
	return backend_bpf(&s->b, cmd, &attr, sizeof(attr));
}

/* One call on a map that has the key, or has it not. `of_batch`: the flags are the batch's. */
struct call {
	const struct kind *kind;
	const struct command *command;
	u64 flags;
	bool present, of_batch;
	u32 nonce;
};

static struct outcome
call_on(const struct fixture *f, const struct side *s, int fd, const struct call *c)
{
	const void *key;
	struct outcome o;
	u8 next[16];

	memset(&o, 0, sizeof(o));
	set_key(f, c->kind, o.keys);
	set_value(c->kind, c->nonce, o.value);
	key = c->kind->spec.key ? o.keys : NULL;
	elem(s, BPF_MAP_DELETE_ELEM, fd, key, NULL, 0);
	if (c->present)
		elem(s, BPF_MAP_UPDATE_ELEM, fd, key, o.value, 0);
	set_value(c->kind, c->nonce + 1, o.value);
	o.count = 1;
	if (c->command->batch)
		o.ret = map_batch(&s->b, fd, c->command->cmd,
		                  &(struct map_batch){ .out = next,
		                                       .keys = o.keys,
		                                       .values = o.value,
		                                       .count = &o.count,
		                                       .elem_flags = c->of_batch ? 0 : c->flags,
		                                       .flags = c->of_batch ? c->flags : 0 });
	else
		o.ret = elem(s, c->command->cmd, fd, key, o.value, c->flags);
	set_key(f, c->kind, next);
	o.then = elem(s, BPF_MAP_LOOKUP_ELEM, fd, c->kind->spec.key ? next : NULL, o.is, 0);
	return o;
}

static void
differ(struct fixture *f, enum special_value value, const struct call *c,
       const struct outcome *want, const struct outcome *is)
{
	u32 at = 0;

	while (at < VALUE_MOST - 1 && want->is[at] == is->is[at] &&
	       want->value[at] == is->value[at])
		at++;
	if (f->failed++ < MOST_PRINTED)
		print_error("%s of %s: %s with %sflags 0x%llx, %s: kernel %ld, %u of a batch, then "
		            "%ld; "
		            "emulator %ld, %u, then %ld; byte %u: %02x %02x, %02x %02x\n",
		            c->kind->name, special_names[value], c->command->name,
		            c->of_batch ? "batch " : "", (unsigned long long)c->flags,
		            c->present ? "there" : "not there", want->ret, want->count, want->then,
		            is->ret, is->count, is->then, at, want->value[at], want->is[at],
		            is->value[at], is->is[at]);
}

static void
compare_calls(struct fixture *f, const struct kind *k, enum special_value value, int kernel,
              int emu)
{
	struct call c = { .kind = k };

	for (u32 i = 0; i < XB_ARRAY_SIZE(commands) * XB_ARRAY_SIZE(flag_sets) * 4; i++) {
		struct outcome want, is;

		c.command = &commands[i / 4 / XB_ARRAY_SIZE(flag_sets)];
		c.flags = flag_sets[i / 4 % XB_ARRAY_SIZE(flag_sets)];
		c.present = i & 1;
		c.of_batch = i & 2;
		c.nonce = i;
		if (c.of_batch && !c.command->batch)
			continue;
		want = call_on(f, &f->kernel, kernel, &c);
		is = call_on(f, &f->emu, emu, &c);
		f->calls++;
		if (memcmp(&want, &is, sizeof(want)) != 0)
			differ(f, value, &c, &want, &is);
	}
}

static bool
has_owner(const struct fixture *f, const struct kind *k)
{
	if (k->owner == BY_CGROUP_ID)
		return f->cgroups.has;
	return k->owner == BY_KEY || f->owners[k->owner] >= 0;
}

static void
compare_map(struct fixture *f, const struct kind *k, enum special_value value)
{
	long kernel = create(&f->kernel, k, value), emu = create(&f->emu, k, value);

	if ((kernel < 0 || emu < 0) && kernel != emu && !(kernel >= 0 && emu >= 0)) {
		f->failed++;
		print_error("%s of %s: kernel %ld, emulator %ld\n", k->name, special_names[value],
		            kernel, emu);
	}
	if (kernel >= 0 && emu >= 0 && has_owner(f, k)) {
		if (k->owner == BY_CGROUP_ID) {
			map_storage_attach(&f->cgroups, &f->kernel.b, (int)kernel);
			map_storage_attach(&f->cgroups, &f->emu.b, (int)emu);
		}
		compare_calls(f, k, value, (int)kernel, (int)emu);
	}
	if (kernel >= 0)
		close((int)kernel);
	if (emu >= 0)
		close((int)emu);
}

static void
test_calls(void **state)
{
	struct fixture *f = *state;

	f->calls = f->failed = 0;
	for (size_t i = 0; f->has_kernel && i < XB_ARRAY_SIZE(kinds); i++)
		for (size_t v = 0; v < XB_ARRAY_SIZE(values); v++)
			compare_map(f, &kinds[i], values[v]);
	print_message("%u calls\n", f->calls);
	if (f->failed)
		fail_msg("%u differ", f->failed);
}

/* Values of other types: which maps take them. */
static void
test_create(void **state)
{
	struct fixture *f = *state;

	f->failed = 0;
	for (size_t i = 0; f->has_kernel && i < XB_ARRAY_SIZE(kinds); i++) {
		for (u32 v = 0; v < VALUE_CNT; v++) {
			long kernel = create(&f->kernel, &kinds[i], v);
			long emu = create(&f->emu, &kinds[i], v);

			if (kernel >= 0)
				close((int)kernel);
			if (emu >= 0)
				close((int)emu);
			if ((kernel < 0 ? kernel : 0) == (emu < 0 ? emu : 0))
				continue;
			f->failed++;
			print_error("%s of %s: kernel %ld, emulator %ld\n", kinds[i].name,
			            special_names[v], kernel, emu);
		}
	}
	if (f->failed)
		fail_msg("%u differ", f->failed);
}

/* What bpf_map_update_elem() says, by a program; *loads: whether the kernel lets it. */
static long
update_by_prog(const struct side *s, int fd, u64 flags, bool *loads)
{
	const struct bpf_insn insns[] = {
		XB_ST_MEM(BPF_DW, 10, -8, 1),
		XB_ST_MEM(BPF_DW, 10, -40, 0x11),
		XB_ST_MEM(BPF_DW, 10, -32, 3),
		XB_ST_MEM(BPF_DW, 10, -24, 4),
		XB_ST_MEM(BPF_DW, 10, -16, 5),
		XB_LD_MAP_FD(1, fd),
		XB_MOV64_REG(2, 10),
		XB_ALU64_IMM(BPF_ADD, 2, -8),
		XB_MOV64_REG(3, 10),
		XB_ALU64_IMM(BPF_ADD, 3, -40),
		XB_LD_IMM64(4, flags),
		XB_CALL(BPF_FUNC_map_update_elem),
		XB_EXIT(),
	};
	u8 packet[64] = { 0 };
	union bpf_attr attr;
	long prog, ret;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = XB_ARRAY_SIZE(insns);
	attr.license = (uintptr_t) "GPL";
	prog = backend_bpf(&s->b, BPF_PROG_LOAD, &attr, sizeof(attr));
	*loads = prog >= 0;
	if (prog < 0)
		return prog;
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	ret = backend_bpf(&s->b, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	assert_int_equal(ret, 0);
	close((int)prog);
	return (s32)attr.test.retval;
}

/* A program's update, and what bpf(2) finds then. */
static struct outcome
prog_outcome(const struct fixture *f, const struct side *s, int fd, const struct call *c,
             bool *loads)
{
	struct outcome o;
	const void *key;

	memset(&o, 0, sizeof(o));
	set_key(f, c->kind, o.keys);
	set_value(c->kind, c->nonce, o.value);
	key = c->kind->spec.key ? o.keys : NULL;
	elem(s, BPF_MAP_DELETE_ELEM, fd, key, NULL, 0);
	if (c->present)
		elem(s, BPF_MAP_UPDATE_ELEM, fd, key, o.value, 0);
	o.ret = update_by_prog(s, fd, c->flags, loads);
	o.then = elem(s, BPF_MAP_LOOKUP_ELEM, fd, key, o.is, 0);
	return o;
}

static void
compare_progs(struct fixture *f, const struct kind *k, enum special_value value, int kernel,
              int emu)
{
	static const struct command update = { "update by a program", 0, false };
	struct call c = { .kind = k, .command = &update };

	for (u32 i = 0; i < XB_ARRAY_SIZE(flag_sets) * 2; i++) {
		struct outcome want, is;
		bool loads, ignored;

		c.flags = flag_sets[i / 2];
		c.present = i & 1;
		c.nonce = i;
		want = prog_outcome(f, &f->kernel, kernel, &c, &loads);
		if (!loads)
			return;
		is = prog_outcome(f, &f->emu, emu, &c, &ignored);
		f->calls++;
		if (memcmp(&want, &is, sizeof(want)) != 0)
			differ(f, value, &c, &want, &is);
	}
}

static void
test_progs(void **state)
{
	struct fixture *f = *state;

	f->calls = f->failed = 0;
	backend_pin(); /* which of per-CPU values is written */
	for (size_t i = 0; f->has_kernel && i < XB_ARRAY_SIZE(kinds) * XB_ARRAY_SIZE(values); i++) {
		const struct kind *k = &kinds[i / XB_ARRAY_SIZE(values)];
		enum special_value value = values[i % XB_ARRAY_SIZE(values)];
		long kernel = k->owner == BY_KEY ? create(&f->kernel, k, value) : -1;
		long emu = k->owner == BY_KEY ? create(&f->emu, k, value) : -1;

		if (kernel >= 0 && emu >= 0)
			compare_progs(f, k, value, (int)kernel, (int)emu);
		if (kernel >= 0)
			close((int)kernel);
		if (emu >= 0)
			close((int)emu);
	}
	print_message("%u calls\n", f->calls);
	if (f->failed)
		fail_msg("%u differ", f->failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_progs),
	};

	return cmocka_run_group_tests_name("map locks", tests, setup, teardown);
}
