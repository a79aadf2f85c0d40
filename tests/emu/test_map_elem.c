/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The element commands where they refuse: descriptors, modes, pointers, flags, frozen maps; on the
 * emulator and on the kernel.
 */
#include "emu/map.h"
#include "tests/emu/map_backend.h"
#include "vm/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define BAD ((void *)8)

/* Commands in short. */
enum { LOOKUP = BPF_MAP_LOOKUP_ELEM, UPDATE = BPF_MAP_UPDATE_ELEM, DELETE = BPF_MAP_DELETE_ELEM };
enum { NEXT = BPF_MAP_GET_NEXT_KEY, TAKE = BPF_MAP_LOOKUP_AND_DELETE_ELEM };
enum { FREEZE = BPF_MAP_FREEZE };

enum ptr { NONE, GOOD, WRONG };

struct step {
	const char *name;
	int cmd;
	u32 key; /* with key GOOD */
	u32 value;
	enum ptr key_ptr, value_ptr;
	u64 flags;
	long want;
	u32 want_value; /* read by LOOKUP, TAKE and NEXT, if 0 is wanted */
};

struct script {
	const char *name;
	struct map_spec spec;
	struct step steps[24];
};

#define G GOOD, GOOD

static const struct script scripts[] = {
	{ "hash",
	  { BPF_MAP_TYPE_HASH, 4, 4, 2, 0 },
	  {
	          { "next of none", NEXT, 0, 0, NONE, GOOD, 0, -ENOENT, 0 },
	          { "exist", UPDATE, 1, 7, G, BPF_EXIST, -ENOENT, 0 },
	          { "noexist", UPDATE, 1, 7, G, BPF_NOEXIST, 0, 0 },
	          { "noexist again", UPDATE, 1, 8, G, BPF_NOEXIST, -EEXIST, 0 },
	          { "exist now", UPDATE, 1, 9, G, BPF_EXIST, 0, 0 },
	          { "flags of 3", UPDATE, 1, 9, G, 3, -EINVAL, 0 },
	          { "lock", UPDATE, 1, 9, G, BPF_F_LOCK, -EINVAL, 0 },
	          { "lookup, lock", LOOKUP, 1, 0, G, BPF_F_LOCK, -EINVAL, 0 },
	          { "lookup, flag", LOOKUP, 1, 0, G, 1, -EINVAL, 0 },
	          { "lookup", LOOKUP, 1, 0, G, 0, 0, 9 },
	          { "second", UPDATE, 2, 2, G, 0, 0, 0 },
	          { "third", UPDATE, 3, 3, G, 0, -E2BIG, 0 },
	          { "first again", UPDATE, 1, 5, G, 0, 0, 0 },
	          { "key nowhere", LOOKUP, 0, 0, WRONG, GOOD, 0, -EFAULT, 0 },
	          { "key null", LOOKUP, 0, 0, NONE, GOOD, 0, -EFAULT, 0 },
	          { "value nowhere", LOOKUP, 1, 0, GOOD, WRONG, 0, -EFAULT, 0 },
	          { "not there, value nowhere", LOOKUP, 4, 0, GOOD, WRONG, 0, -ENOENT, 0 },
	          { "update, value nowhere", UPDATE, 1, 0, GOOD, WRONG, 0, -EFAULT, 0 },
	          { "delete, key nowhere", DELETE, 1, 0, WRONG, NONE, 0, -EFAULT, 0 },
	          { "next, out nowhere", NEXT, 1, 0, NONE, WRONG, 0, -EFAULT, 0 },
	          { "take, value nowhere", TAKE, 2, 0, GOOD, WRONG, 0, -EFAULT, 0 },
	          { "but taken", LOOKUP, 2, 0, G, 0, -ENOENT, 0 },
	          { "take", TAKE, 1, 0, G, 0, 0, 5 },
	          { "take again", TAKE, 1, 0, G, 0, -ENOENT, 0 },
	  } },
	{ "array",
	  { BPF_MAP_TYPE_ARRAY, 4, 4, 2, 0 },
	  {
	          { "first key", NEXT, 0, 0, NONE, GOOD, 0, 0, 0 },
	          { "second key", NEXT, 0, 0, G, 0, 0, 1 },
	          { "last key", NEXT, 1, 0, G, 0, -ENOENT, 0 },
	          { "key past", NEXT, 2, 0, G, 0, 0, 0 },
	          { "key far past", NEXT, 0xffffffff, 0, G, 0, 0, 0 },
	          { "noexist", UPDATE, 1, 7, G, BPF_NOEXIST, -EEXIST, 0 },
	          { "noexist past", UPDATE, 2, 7, G, BPF_NOEXIST, -E2BIG, 0 },
	          { "exist", UPDATE, 1, 7, G, BPF_EXIST, 0, 0 },
	          { "flags of 3", UPDATE, 9, 7, G, 3, -EINVAL, 0 },
	          { "value", LOOKUP, 1, 0, G, 0, 0, 7 },
	          { "past", LOOKUP, 2, 0, G, 0, -ENOENT, 0 },
	          { "delete", DELETE, 1, 0, G, 0, -EINVAL, 0 },
	          { "take", TAKE, 1, 0, G, 0, -524, 0 },
	  } },
	{ "queue",
	  { BPF_MAP_TYPE_QUEUE, 0, 4, 2, 0 },
	  {
	          { "peek of none", LOOKUP, 0, 0, NONE, GOOD, 0, -ENOENT, 0 },
	          { "pop of none", TAKE, 0, 0, NONE, GOOD, 0, -ENOENT, 0 },
	          { "push with key", UPDATE, 0, 1, G, 0, -EINVAL, 0 },
	          { "push", UPDATE, 0, 1, NONE, GOOD, 0, 0, 0 },
	          { "push, noexist", UPDATE, 0, 1, NONE, GOOD, BPF_NOEXIST, -EINVAL, 0 },
	          { "push 2", UPDATE, 0, 2, NONE, GOOD, BPF_EXIST, 0, 0 },
	          { "push 3", UPDATE, 0, 3, NONE, GOOD, 0, -E2BIG, 0 },
	          { "push 3 for 1", UPDATE, 0, 3, NONE, GOOD, BPF_EXIST, 0, 0 },
	          { "peek", LOOKUP, 0, 0, NONE, GOOD, 0, 0, 2 },
	          { "pop with flag", TAKE, 0, 0, NONE, GOOD, BPF_F_LOCK, -EINVAL, 0 },
	          { "pop", TAKE, 0, 0, NONE, GOOD, 0, 0, 2 },
	          { "pop 3", TAKE, 0, 0, NONE, GOOD, 0, 0, 3 },
	          { "pop of none", TAKE, 0, 0, NONE, GOOD, 0, -ENOENT, 0 },
	          { "delete", DELETE, 0, 0, NONE, NONE, 0, -EINVAL, 0 },
	          { "next", NEXT, 0, 0, NONE, GOOD, 0, -EINVAL, 0 },
	  } },
	{ "stack",
	  { BPF_MAP_TYPE_STACK, 0, 4, 2, 0 },
	  {
	          { "push", UPDATE, 0, 1, NONE, GOOD, 0, 0, 0 },
	          { "push 2", UPDATE, 0, 2, NONE, GOOD, 0, 0, 0 },
	          { "push 3", UPDATE, 0, 3, NONE, GOOD, 0, -E2BIG, 0 },
	          { "push 3 for 1", UPDATE, 0, 3, NONE, GOOD, BPF_EXIST, 0, 0 },
	          { "pop", TAKE, 0, 0, NONE, GOOD, 0, 0, 3 },
	          { "pop 2", TAKE, 0, 0, NONE, GOOD, 0, 0, 2 },
	          { "pop of none", TAKE, 0, 0, NONE, GOOD, 0, -ENOENT, 0 },
	  } },
	{ "LRU hash of one",
	  { BPF_MAP_TYPE_LRU_HASH, 4, 4, 1, 0 },
	  {
	          { "first", UPDATE, 1, 1, G, 0, 0, 0 },
	          { "second", UPDATE, 2, 2, G, 0, 0, 0 },
	          { "first gone", LOOKUP, 1, 0, G, 0, -ENOENT, 0 },
	          { "second there", LOOKUP, 2, 0, G, 0, 0, 2 },
	          { "lock", UPDATE, 2, 2, G, BPF_F_LOCK, -EINVAL, 0 },
	  } },
	{ "LPM trie",
	  { BPF_MAP_TYPE_LPM_TRIE, 5, 4, 4, BPF_F_NO_PREALLOC },
	  {
	          { "prefix of 9", UPDATE, 9, 1, G, 0, -EINVAL, 0 },
	          { "lookup of 9", LOOKUP, 9, 1, G, 0, -ENOENT, 0 },
	          { "delete of 9", DELETE, 9, 1, G, 0, -EINVAL, 0 },
	          { "next of none", NEXT, 9, 1, G, 0, -ENOENT, 0 },
	          { "prefix of 0", UPDATE, 0, 5, G, 0, 0, 0 },
	          { "lookup of 8", LOOKUP, 8, 0, G, 0, 0, 5 },
	          { "next of 9", NEXT, 9, 0, G, 0, 0, 0 },
	          { "noexist", UPDATE, 0, 5, G, BPF_NOEXIST, -EEXIST, 0 },
	          { "exist", UPDATE, 1, 5, G, BPF_EXIST, -ENOENT, 0 },
	  } },
	{ "ring buffer",
	  { BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },
	  {
	          { "lookup", LOOKUP, 0, 0, NONE, GOOD, 0, -524, 0 },
	          { "update", UPDATE, 0, 0, NONE, GOOD, 0, -524, 0 },
	          { "delete", DELETE, 0, 0, NONE, GOOD, 0, -524, 0 },
	          { "next", NEXT, 0, 0, NONE, GOOD, 0, -524, 0 },
	          { "take", TAKE, 0, 0, NONE, GOOD, 0, -524, 0 },
	  } },
	{ "devmap",
	  { BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 0 },
	  {
	          { "empty", LOOKUP, 0, 0, G, 0, -ENOENT, 0 },
	          { "set", UPDATE, 0, 1, G, 0, 0, 0 },
	          { "noexist", UPDATE, 1, 1, G, BPF_NOEXIST, -EEXIST, 0 },
	          { "past", UPDATE, 4, 1, G, 0, -E2BIG, 0 },
	          { "get", LOOKUP, 0, 0, G, 0, 0, 1 },
	          { "negative", UPDATE, 0, 0xffffffff, G, 0, -EINVAL, 0 },
	          { "zero empties", UPDATE, 0, 0, G, 0, 0, 0 },
	          { "empty again", LOOKUP, 0, 0, G, 0, -ENOENT, 0 },
	          { "delete of none", DELETE, 0, 0, G, 0, 0, 0 },
	          { "delete past", DELETE, 4, 0, G, 0, -EINVAL, 0 },
	          { "next", NEXT, 3, 0, G, 0, -ENOENT, 0 },
	  } },
	{ "devmap hash",
	  { BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 2, 0 },
	  {
	          { "exist", UPDATE, 100, 1, G, BPF_EXIST, 0, 0 },
	          { "noexist", UPDATE, 100, 1, G, BPF_NOEXIST, -EEXIST, 0 },
	          { "zero", UPDATE, 100, 0, G, 0, -EINVAL, 0 },
	          { "second", UPDATE, 3, 1, G, 0, 0, 0 },
	          { "third", UPDATE, 4, 1, G, 0, -E2BIG, 0 },
	          { "first key", NEXT, 0, 0, NONE, GOOD, 0, 0, 100 },
	          { "second key", NEXT, 100, 0, G, 0, 0, 3 },
	          { "no key", NEXT, 3, 0, G, 0, -ENOENT, 0 },
	          { "delete", DELETE, 100, 0, G, 0, 0, 0 },
	          { "delete again", DELETE, 100, 0, G, 0, -ENOENT, 0 },
	  } },
	{ "xskmap",
	  { BPF_MAP_TYPE_XSKMAP, 4, 4, 4, 0 },
	  {
	          { "lookup", LOOKUP, 0, 0, G, 0, -EOPNOTSUPP, 0 },
	          { "past", UPDATE, 4, 77777, G, 0, -E2BIG, 0 },
	          { "no descriptor", UPDATE, 0, 77777, G, 0, -EBADF, 0 },
	          { "flags", UPDATE, 0, 77777, G, 3, -EINVAL, 0 },
	          { "delete of none", DELETE, 0, 0, G, 0, 0, 0 },
	          { "delete past", DELETE, 4, 0, G, 0, -EINVAL, 0 },
	  } },
	{ "program array",
	  { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0 },
	  {
	          { "lookup", LOOKUP, 0, 0, G, 0, -ENOENT, 0 },
	          { "past", LOOKUP, 4, 0, G, 0, -ENOENT, 0 },
	          { "no descriptor", UPDATE, 0, 77777, G, 0, -EBADF, 0 },
	          { "exist", UPDATE, 0, 77777, G, BPF_EXIST, -EINVAL, 0 },
	          { "update past", UPDATE, 4, 77777, G, 0, -E2BIG, 0 },
	          { "delete", DELETE, 0, 0, G, 0, -ENOENT, 0 },
	          { "delete past", DELETE, 4, 0, G, 0, -E2BIG, 0 },
	  } },
	{ "perf event array",
	  { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 0 },
	  {
	          { "lookup", LOOKUP, 0, 0, G, 0, -524, 0 },
	          { "no descriptor", UPDATE, 0, 77777, G, 0, -EBADF, 0 },
	          { "no event", UPDATE, 0, 0, G, 0, -EBADF, 0 },
	          { "exist", UPDATE, 0, 77777, G, BPF_EXIST, -EINVAL, 0 },
	          { "update past", UPDATE, 4, 77777, G, 0, -E2BIG, 0 },
	          { "delete", DELETE, 0, 0, G, 0, -ENOENT, 0 },
	          { "delete past", DELETE, 4, 0, G, 0, -E2BIG, 0 },
	  } },
	{ "cgroup array",
	  { BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 4, 0 },
	  {
	          { "lookup", LOOKUP, 0, 0, G, 0, -524, 0 },
	          { "lookup past", LOOKUP, 4, 0, G, 0, -524, 0 },
	          { "no descriptor", UPDATE, 0, 77777, G, 0, -EBADF, 0 },
	          { "no directory", UPDATE, 0, 0, G, 0, -EBADF, 0 },
	          { "exist", UPDATE, 0, 77777, G, BPF_EXIST, -EINVAL, 0 },
	          { "noexist", UPDATE, 0, 77777, G, BPF_NOEXIST, -EINVAL, 0 },
	          { "update past", UPDATE, 4, 77777, G, 0, -E2BIG, 0 },
	          { "delete", DELETE, 0, 0, G, 0, -ENOENT, 0 },
	          { "delete past", DELETE, 4, 0, G, 0, -E2BIG, 0 },
	          { "take", TAKE, 0, 0, G, 0, -524, 0 },
	          { "first key", NEXT, 0, 0, NONE, GOOD, 0, 0, 0 },
	          { "next", NEXT, 3, 0, G, 0, -ENOENT, 0 },
	          { "freeze", FREEZE, 0, 0, NONE, NONE, 0, 0, 0 },
	          { "update frozen", UPDATE, 0, 77777, G, 0, -EPERM, 0 },
	  } },
	{ "descriptor to read",
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, BPF_F_RDONLY },
	  {
	          { "lookup", LOOKUP, 0, 0, G, 0, -ENOENT, 0 },
	          { "next", NEXT, 0, 0, G, 0, -ENOENT, 0 },
	          { "update", UPDATE, 0, 0, G, 0, -EPERM, 0 },
	          { "delete", DELETE, 0, 0, G, 0, -EPERM, 0 },
	          { "take", TAKE, 0, 0, G, 0, -EPERM, 0 },
	  } },
	{ "descriptor to write",
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, BPF_F_WRONLY },
	  {
	          { "lookup", LOOKUP, 0, 0, G, 0, -EPERM, 0 },
	          { "next", NEXT, 0, 0, G, 0, -EPERM, 0 },
	          { "update", UPDATE, 0, 0, G, 0, 0, 0 },
	          { "delete", DELETE, 0, 0, G, 0, 0, 0 },
	          { "take", TAKE, 0, 0, G, 0, -EPERM, 0 },
	  } },
	{ "frozen",
	  { BPF_MAP_TYPE_HASH, 4, 4, 4, 0 },
	  {
	          { "update", UPDATE, 1, 3, G, 0, 0, 0 },
	          { "freeze", FREEZE, 0, 0, NONE, NONE, 0, 0, 0 },
	          { "freeze again", FREEZE, 0, 0, NONE, NONE, 0, -EPERM, 0 },
	          { "lookup", LOOKUP, 1, 0, G, 0, 0, 3 },
	          { "update frozen", UPDATE, 1, 4, G, 0, -EPERM, 0 },
	          { "delete frozen", DELETE, 1, 0, G, 0, -EPERM, 0 },
	          { "take frozen", TAKE, 1, 0, G, 0, -EPERM, 0 },
	          { "lookup still", LOOKUP, 1, 0, G, 0, 0, 3 },
	  } },
	{ "frozen, descriptor to read",
	  { BPF_MAP_TYPE_ARRAY, 4, 4, 1, BPF_F_RDONLY | BPF_F_RDONLY_PROG },
	  { { "freeze", FREEZE, 0, 0, NONE, NONE, 0, -EPERM, 0 } } },
};

static void *
pointer(enum ptr kind, void *good)
{
	return kind == NONE ? NULL : kind == GOOD ? good : BAD;
}

static void
check_step(const struct backend *b, const struct script *s, int fd, const struct step *step)
{
	u8 key[8] = { 0 }, value[8];
	union bpf_attr attr;
	long ret;

	xb_st32(key, step->key);
	xb_st32(value, step->value);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	attr.key = (uintptr_t)pointer(step->key_ptr, key);
	if (step->cmd != DELETE)
		attr.value = (uintptr_t)pointer(step->value_ptr, value);
	if (step->cmd != NEXT)
		attr.flags = step->flags;
	ret = backend_bpf(b, step->cmd, &attr, sizeof(attr));
	if (ret != step->want)
		fail_msg("%s: %s: %s: %ld, not %ld", b->name, s->name, step->name, ret, step->want);
	if (ret == 0 && (step->cmd == LOOKUP || step->cmd == TAKE || step->cmd == NEXT) &&
	    xb_ld32(value) != step->want_value)
		fail_msg("%s: %s: %s: value %u, not %u", b->name, s->name, step->name,
		         xb_ld32(value), step->want_value);
}

static void
check_script(const struct backend *b, const struct script *s)
{
	int fd = (int)map_create(b, &s->spec);

	if (fd < 0)
		fail_msg("%s: %s: %d", b->name, s->name, fd);
	for (size_t i = 0; i < XB_ARRAY_SIZE(s->steps) && s->steps[i].name; i++)
		check_step(b, s, fd, &s->steps[i]);
	close(fd);
}

static void
test_scripts(void **state)
{
	struct backend emu = backend_emu(backend_cpus()), kernel;
	bool has_kernel = backend_kernel(&kernel);

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(scripts); i++) {
		check_script(&emu, &scripts[i]);
		if (has_kernel)
			check_script(&kernel, &scripts[i]);
	}
	backend_free(&emu);
}

/* Attributes that a command has no use for must be zero. */
static void
check_unused(const struct backend *b)
{
	static const struct {
		int cmd;
		u32 end; /* first byte that is checked */
	} cmds[] = {
		{ LOOKUP, 32 },
		{ UPDATE, 32 },
		{ DELETE, 16 },
		{ NEXT, 24 },
		{ TAKE, 32 },
		{ FREEZE, 4 },
		{ BPF_MAP_LOOKUP_BATCH, 56 },
	};
	int fd = (int)map_create(b, &(struct map_spec){ BPF_MAP_TYPE_HASH, 4, 4, 4, 0 });

	for (size_t i = 0; i < XB_ARRAY_SIZE(cmds); i++) {
		for (u32 at = cmds[i].end; at < sizeof(union bpf_attr); at += 4) {
			union bpf_attr attr;
			long ret;

			memset(&attr, 0, sizeof(attr));
			attr.map_fd = (u32)fd;
			((u8 *)&attr)[at] = 1;
			ret = backend_bpf(b, cmds[i].cmd, &attr, sizeof(attr));
			if (ret != -EINVAL)
				fail_msg("%s: command %d, byte %u: %ld", b->name, cmds[i].cmd, at,
				         ret);
		}
	}
	close(fd);
}

static void
test_unused(void **state)
{
	struct backend emu = backend_emu(1), kernel;

	(void)state;
	check_unused(&emu);
	if (backend_kernel(&kernel))
		check_unused(&kernel);
	backend_free(&emu);
}

/* Descriptors that are no map, closed, or copies. */
static void
check_fds(const struct backend *b)
{
	int fd = (int)map_create(b, &(struct map_spec){ BPF_MAP_TYPE_HASH, 4, 4, 4, 0 });
	int other = dup(fd), file = memfd_create("no map", MFD_CLOEXEC);
	u32 key = 1, value = 2;

	assert_int_equal(map_update(b, fd, &key, &value, 0), 0);
	close(fd);
	assert_int_equal(map_update(b, fd, &key, &value, 0), -EBADF);
	assert_int_equal(map_update(b, -1, &key, &value, 0), -EBADF);
	assert_int_equal(map_update(b, file, &key, &value, 0), -EINVAL);
	value = 0;
	assert_int_equal(map_lookup(b, other, &key, &value), 0);
	assert_int_equal(value, 2);
	close(other);
	close(file);
}

static void
test_fds(void **state)
{
	struct backend emu = backend_emu(1), kernel;

	(void)state;
	check_fds(&emu);
	if (backend_kernel(&kernel))
		check_fds(&kernel);
	backend_free(&emu);
}

/* Mapping the descriptor of a mmapable array: both sides see what the other writes. */
static void
check_mmap(const struct backend *b)
{
	const struct map_spec spec = { BPF_MAP_TYPE_ARRAY, 4, 12, 500, BPF_F_MMAPABLE };
	int fd = (int)map_create(b, &spec);
	u8 *values, value[16] = { 1, 2, 3 };
	u32 key = 300;

	values = mmap(NULL, 500 * 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(values != MAP_FAILED);
	assert_int_equal(map_update(b, fd, &key, value, 0), 0);
	assert_memory_equal(values + key * 16, value, 12);
	values[key * 16 + 11] = 9;
	assert_int_equal(map_lookup(b, fd, &key, value), 0);
	assert_int_equal(value[11], 9);
	assert_int_equal(map_freeze(b, fd), -EBUSY);
	munmap(values, 500 * 16);
	assert_int_equal(map_freeze(b, fd), 0);
	assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	assert_int_equal(errno, EPERM);
	values = mmap(NULL, 500 * 16, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(values != MAP_FAILED);
	assert_int_equal(values[key * 16 + 11], 9);
	munmap(values, 500 * 16);
	close(fd);
}

static void
test_mmap(void **state)
{
	struct backend emu = backend_emu(1), kernel;

	(void)state;
	check_mmap(&emu);
	if (backend_kernel(&kernel))
		check_mmap(&kernel);
	backend_free(&emu);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_fds),
		cmocka_unit_test(test_mmap),
	};

	return cmocka_run_group_tests_name("map elements", tests, NULL, NULL);
}
