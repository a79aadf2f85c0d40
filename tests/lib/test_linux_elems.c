/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Elements of maps as the library's caller uses them: rows of steps, which give the same on the
 * kernel's map of that kind.
 */
#define XB_INSN_BRACES
#include "tests/insns.h"
#include "tests/lib/linux_rig.h"
#include "tests/rig/permitted.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define CPUS     3u
#define ENOTSUPP 524 /* the kernel's own */

/* What is done; the functions of one CPU the kernel has not. */
enum op { END, LOOKUP, UPDATE, DELETE, TAKE, NEXT, ON_CPU, SET_CPU };

#define NO_KEY UINT64_MAX

struct step {
	enum op op;
	uint64_t key;   /* its first bytes; NO_KEY: NULL */
	uint64_t value; /* given, or, where it succeeds, to come out: the key after of NEXT */
	uint64_t flags; /* of ON_CPU and SET_CPU: the CPU */
	int rc;
};

struct row {
	const char *name;
	uint32_t type, key_bytes, value_bytes, entries, flags;
	struct step steps[20];
};

#define LPM(bits, a) ((uint64_t)(bits) | (uint64_t)(a) << 32)

/* clang-format off */
static const struct row rows[] = {
	{ "array", BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0, {
		{ LOOKUP, 0, 0, 0, 0 },
		{ UPDATE, 1, 7, BPF_ANY, 0 },
		{ UPDATE, 1, 8, BPF_EXIST, 0 },
		{ LOOKUP, 1, 8, 0, 0 },
		{ UPDATE, 1, 9, BPF_NOEXIST, -EEXIST },
		{ UPDATE, 2, 9, BPF_ANY, -E2BIG },
		{ UPDATE, 1, 9, 8, -EINVAL },
		{ UPDATE, 1, 9, BPF_F_LOCK, -EINVAL },
		{ LOOKUP, 2, 0, 0, -ENOENT },
		{ LOOKUP, 1, 0, BPF_F_LOCK, -EINVAL },
		{ LOOKUP, 1, 0, BPF_EXIST, -EINVAL },
		{ DELETE, 1, 0, 0, -EINVAL },
		{ TAKE, 1, 0, 0, -ENOTSUPP },
		{ NEXT, NO_KEY, 0, 0, 0 },
		{ NEXT, 0, 1, 0, 0 },
		{ NEXT, 1, 0, 0, -ENOENT },
		{ NEXT, 9, 0, 0, 0 },
		{ ON_CPU, 1, 0, 0, -EINVAL },
		{ SET_CPU, 1, 0, 0, -EINVAL },
	} },
	{ "hash", BPF_MAP_TYPE_HASH, 4, 8, 2, 0, {
		{ LOOKUP, 5, 0, 0, -ENOENT },
		{ NEXT, NO_KEY, 0, 0, -ENOENT },
		{ UPDATE, 5, 7, BPF_EXIST, -ENOENT },
		{ UPDATE, 5, 7, BPF_NOEXIST, 0 },
		{ UPDATE, 5, 8, BPF_NOEXIST, -EEXIST },
		{ LOOKUP, 5, 7, 0, 0 },
		{ NEXT, NO_KEY, 5, 0, 0 },
		{ NEXT, 5, 0, 0, -ENOENT },
		{ NEXT, 77, 5, 0, 0 },
		{ UPDATE, 6, 1, BPF_ANY, 0 },
		{ UPDATE, 7, 1, BPF_ANY, -E2BIG },
		{ UPDATE, 6, 2, BPF_ANY, 0 },
		{ DELETE, 7, 0, 0, -ENOENT },
		{ DELETE, 6, 0, 0, 0 },
		{ DELETE, 6, 0, 0, -ENOENT },
		{ TAKE, 5, 7, 0, 0 },
		{ TAKE, 5, 0, 0, -ENOENT },
		{ UPDATE, 5, 1, 8, -EINVAL },
		{ ON_CPU, 5, 0, 0, -EINVAL },
	} },
	{ "LRU hash", BPF_MAP_TYPE_LRU_HASH, 4, 8, 512, 0, {
		{ UPDATE, 5, 7, BPF_ANY, 0 },
		{ UPDATE, 5, 8, BPF_NOEXIST, -EEXIST },
		{ UPDATE, 6, 8, BPF_EXIST, -ENOENT },
		{ LOOKUP, 5, 7, 0, 0 },
		{ LOOKUP, 6, 0, 0, -ENOENT },
		{ NEXT, NO_KEY, 5, 0, 0 },
		{ TAKE, 5, 7, 0, 0 },
		{ DELETE, 5, 0, 0, -ENOENT },
		{ NEXT, NO_KEY, 0, 0, -ENOENT },
	} },
	{ "LPM trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 2, BPF_F_NO_PREALLOC, {
		{ LOOKUP, LPM(32, 0x01010a0a), 0, 0, -ENOENT },
		{ UPDATE, LPM(8, 0x0000000a), 1, BPF_ANY, 0 },
		{ UPDATE, LPM(16, 0x00000a0a), 2, BPF_NOEXIST, 0 },
		{ UPDATE, LPM(24, 0x00010a0a), 3, BPF_ANY, -ENOSPC },
		{ UPDATE, LPM(33, 0), 3, BPF_ANY, -EINVAL },
		{ LOOKUP, LPM(32, 0x01010a0a), 2, 0, 0 },
		{ LOOKUP, LPM(32, 0x01010b0a), 1, 0, 0 },
		{ LOOKUP, LPM(32, 0x01010b0b), 0, 0, -ENOENT },
		{ NEXT, NO_KEY, LPM(16, 0x00000a0a), 0, 0 },
		{ NEXT, LPM(16, 0x00000a0a), LPM(8, 0x0000000a), 0, 0 },
		{ NEXT, LPM(8, 0x0000000a), 0, 0, -ENOENT },
		{ DELETE, LPM(9, 0x0000000a), 0, 0, -ENOENT },
		{ DELETE, LPM(16, 0x00000a0a), 0, 0, 0 },
		{ LOOKUP, LPM(32, 0x01010a0a), 1, 0, 0 },
		{ TAKE, LPM(8, 0x0000000a), 0, 0, -ENOTSUPP },
	} },
	{ "queue", BPF_MAP_TYPE_QUEUE, 0, 8, 2, 0, {
		{ LOOKUP, NO_KEY, 0, 0, -ENOENT },
		{ TAKE, NO_KEY, 0, 0, -ENOENT },
		{ UPDATE, NO_KEY, 1, BPF_ANY, 0 },
		{ UPDATE, NO_KEY, 2, BPF_ANY, 0 },
		{ UPDATE, NO_KEY, 3, BPF_ANY, -E2BIG },
		{ LOOKUP, NO_KEY, 1, 0, 0 },
		{ UPDATE, NO_KEY, 3, BPF_EXIST, 0 },
		{ UPDATE, NO_KEY, 3, BPF_NOEXIST, -EINVAL },
		{ UPDATE, 4, 3, BPF_ANY, -EINVAL },
		{ LOOKUP, 4, 3, 0, -EINVAL },
		{ TAKE, NO_KEY, 2, 0, 0 },
		{ TAKE, NO_KEY, 3, 0, 0 },
		{ TAKE, NO_KEY, 0, 0, -ENOENT },
		{ TAKE, NO_KEY, 0, BPF_F_LOCK, -EINVAL },
		{ NEXT, NO_KEY, 0, 0, -EINVAL },
		{ DELETE, NO_KEY, 0, 0, -EINVAL },
		{ ON_CPU, NO_KEY, 0, 0, -EINVAL },
	} },
	{ "stack", BPF_MAP_TYPE_STACK, 0, 8, 2, 0, {
		{ LOOKUP, NO_KEY, 0, 0, -ENOENT },
		{ UPDATE, NO_KEY, 1, BPF_ANY, 0 },
		{ UPDATE, NO_KEY, 2, BPF_ANY, 0 },
		{ UPDATE, NO_KEY, 3, BPF_ANY, -E2BIG },
		{ LOOKUP, NO_KEY, 2, 0, 0 },
		{ UPDATE, NO_KEY, 3, BPF_EXIST, 0 },
		{ TAKE, NO_KEY, 3, 0, 0 },
		{ TAKE, NO_KEY, 2, 0, 0 },
		{ TAKE, NO_KEY, 0, 0, -ENOENT },
	} },
	{ "per-CPU array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 2, 0, {
		{ SET_CPU, 1, 7, 0, 0 },
		{ SET_CPU, 1, 9, 2, 0 },
		{ ON_CPU, 1, 7, 0, 0 },
		{ ON_CPU, 1, 0, 1, 0 },
		{ ON_CPU, 1, 9, 2, 0 },
		{ ON_CPU, 0, 0, 0, 0 },
		{ ON_CPU, 1, 0, CPUS, -EINVAL },
		{ SET_CPU, 1, 0, CPUS, -EINVAL },
		{ ON_CPU, 2, 0, 0, -ENOENT },
		{ SET_CPU, 2, 0, 0, -E2BIG },
		{ DELETE, 1, 0, 0, -EINVAL },
		{ NEXT, 0, 1, 0, 0 },
	} },
	{ "per-CPU hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 1, 0, {
		{ ON_CPU, 5, 0, 0, -ENOENT },
		{ SET_CPU, 5, 7, 1, 0 },
		{ ON_CPU, 5, 0, 0, 0 },
		{ ON_CPU, 5, 7, 1, 0 },
		{ ON_CPU, 5, 0, 2, 0 },
		{ SET_CPU, 6, 7, 1, -E2BIG },
		{ DELETE, 5, 0, 0, 0 },
		{ SET_CPU, 6, 7, 1, 0 },
		{ ON_CPU, 6, 0, 2, 0 },
	} },
	{ "LRU per-CPU hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 4, 64, 0, {
		{ SET_CPU, 5, 7, 1, 0 },
		{ SET_CPU, 5, 8, 2, 0 },
		{ ON_CPU, 5, 0, 0, 0 },
		{ ON_CPU, 5, 7, 1, 0 },
		{ ON_CPU, 5, 8, 2, 0 },
		{ DELETE, 5, 0, 0, 0 },
		{ ON_CPU, 5, 0, 0, -ENOENT },
	} },
	{ "prog array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0, {
		{ LOOKUP, 0, 0, 0, -ENOENT },
		{ LOOKUP, 2, 0, 0, -ENOENT },
		{ UPDATE, 0, 0xffffffff, 0, -EBADF },
		{ DELETE, 0, 0, 0, -ENOENT },
		{ DELETE, 2, 0, 0, -E2BIG },
		{ NEXT, NO_KEY, 0, 0, 0 },
	} },
	{ "ring buffer", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0, {
		{ LOOKUP, NO_KEY, 0, 0, -ENOTSUPP },
		{ UPDATE, NO_KEY, 0, 0, -ENOTSUPP },
		{ NEXT, NO_KEY, 0, 0, -ENOTSUPP },
	} },
};
/* clang-format on */

/* The same of the kernel: its map, or -errno where bpf(2) is not permitted. */
static int
kernel_map(const struct row *row)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = row->type;
	attr.key_size = row->key_bytes;
	attr.value_size = row->value_bytes;
	attr.max_entries = row->entries;
	attr.map_flags = row->flags;
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}

static int
kernel_step(int fd, enum op op, const void *key, void *value, uint64_t flags)
{
	static const int cmds[] = {
		[LOOKUP] = BPF_MAP_LOOKUP_ELEM, [UPDATE] = BPF_MAP_UPDATE_ELEM,
		[DELETE] = BPF_MAP_DELETE_ELEM, [TAKE] = BPF_MAP_LOOKUP_AND_DELETE_ELEM,
		[NEXT] = BPF_MAP_GET_NEXT_KEY,
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)(op == DELETE ? NULL : value);
	attr.flags = flags;
	return syscall(SYS_bpf, cmds[op], &attr, sizeof(attr)) ? -errno : 0;
}

static int
library_step(struct xb_linux_map *map, const struct step *s, const void *key, void *value)
{
	switch (s->op) {
	case LOOKUP:
		return xb_linux_map_lookup(map, key, value, s->flags);
	case UPDATE:
		return xb_linux_map_update(map, key, value, s->flags);
	case DELETE:
		return xb_linux_map_delete(map, key);
	case TAKE:
		return xb_linux_map_take(map, key, value, s->flags);
	case NEXT:
		return xb_linux_map_next_key(map, key, value);
	case ON_CPU:
		return xb_linux_map_lookup_cpu(map, key, (uint32_t)s->flags, value);
	case SET_CPU:
		return xb_linux_map_update_cpu(map, key, (uint32_t)s->flags, value, BPF_ANY);
	case END:
		break;
	}
	return 1;
}

static bool
gives(enum op op)
{
	return op == LOOKUP || op == TAKE || op == NEXT || op == ON_CPU;
}

/* All CPUs' values have room, and what must not be written keeps its pattern. */
struct value {
	uint8_t bytes[2048];
};

static bool
step_is(const char *who, const struct row *row, uint32_t i, int rc, const struct value *v)
{
	const struct step *s = &row->steps[i];
	size_t bytes = s->op == NEXT ? row->key_bytes : row->value_bytes;
	uint64_t got = 0;

	memcpy(&got, v->bytes, bytes < 8 ? bytes : 8);
	if (rc == s->rc && (rc || !gives(s->op) || got == s->value))
		return true;
	print_message("%s: step %u: %s: %d, %#llx; expected %d, %#llx\n", row->name, i, who, rc,
	              (unsigned long long)got, s->rc, (unsigned long long)s->value);
	return false;
}

static bool
check_row(const struct rig *rig, const struct row *row, int fd)
{
	const struct xb_linux_map_opts opts = { .size = sizeof(opts),
		                                .type = row->type,
		                                .key_size = row->key_bytes,
		                                .value_size = row->value_bytes,
		                                .max_entries = row->entries,
		                                .flags = row->flags };
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map *map = xb_linux_map_create(rig->lx, &opts, &err);
	bool good = true;

	if (!map)
		fail_msg("%s: %s", row->name, err.msg);
	for (uint32_t i = 0; row->steps[i].op != END; i++) {
		const struct step *s = &row->steps[i];
		const void *key = s->key == NO_KEY ? NULL : &s->key;
		struct value ours = { { 0 } }, theirs = { { 0 } };

		if (!gives(s->op)) {
			memcpy(ours.bytes, &s->value, 8);
			theirs = ours;
		}
		good &= step_is("here", row, i, library_step(map, s, key, &ours), &ours);
		if (fd >= 0 && s->op < ON_CPU)
			good &= step_is("kernel", row, i,
			                kernel_step(fd, s->op, key, &theirs, s->flags), &theirs);
	}
	xb_linux_map_close(map);
	return good;
}

static void
test_rows(void **state)
{
	bool permitted = true, good = true;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, CPUS);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* The kernel has as many values as it has CPUs. */
		bool asked = !strstr(rows[i].name, "per-CPU");
		int fd = asked ? kernel_map(&rows[i]) : -1;

		permitted &= !asked || probe_permitted(fd);
		good &= check_row(&rig, &rows[i], fd);
		if (fd >= 0)
			close(fd);
	}
	if (!permitted)
		print_message("skipped: bpf(2) not permitted\n");
	rig_close(&rig);
	assert_true(good);
}

/* A value of 5 bytes lies 8 apart, and only 5 of them are anybody's. */
static void
test_percpu_sizes(void **state)
{
	uint8_t all[8 * CPUS], one[8];
	struct xb_linux_map_info info;
	struct xb_linux_map *map;
	uint32_t key = 0;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, CPUS);
	map = rig_map(&rig, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 5, 1);
	xb_linux_map_get_info(map, &info);
	assert_int_equal(info.value_size, 5);
	assert_int_equal(info.value_bytes, 8 * CPUS);

	for (uint32_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(i + 1);
	assert_int_equal(xb_linux_map_update(map, &key, all, BPF_ANY), 0);
	memset(one, 0xee, sizeof(one));
	assert_int_equal(xb_linux_map_lookup_cpu(map, &key, 1, one), 0);
	assert_memory_equal(one, all + 8, 5);
	assert_memory_equal(one + 5, "\xee\xee\xee", 3);

	assert_int_equal(xb_linux_map_update_cpu(map, &key, 2, "abcde", BPF_EXIST), 0);
	memset(all, 0xee, sizeof(all));
	assert_int_equal(xb_linux_map_lookup(map, &key, all, 0), 0);
	assert_memory_equal(all, "\1\2\3\4\5", 5);
	assert_memory_equal(all + 8, "\11\12\13\14\15", 5);
	assert_memory_equal(all + 16, "abcde", 5);
	rig_close(&rig);
}

/* Flags of an update of one CPU's value are those of the element. */
static void
test_percpu_flags(void **state)
{
	uint32_t key = 3;
	uint64_t value = 9;
	struct xb_linux_map *map;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, CPUS);
	map = rig_map(&rig, BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 2);
	assert_int_equal(xb_linux_map_update_cpu(map, &key, 0, &value, BPF_EXIST), -ENOENT);
	assert_int_equal(xb_linux_map_lookup_cpu(map, &key, 0, &value), -ENOENT);
	assert_int_equal(xb_linux_map_update_cpu(map, &key, 0, &value, BPF_NOEXIST), 0);
	assert_int_equal(xb_linux_map_update_cpu(map, &key, 1, &value, BPF_NOEXIST), -EEXIST);
	assert_int_equal(xb_linux_map_update_cpu(map, &key, 1, &value, 8), -EINVAL);
	assert_int_equal(xb_linux_map_lookup_cpu(map, &key, 1, &value), 0);
	assert_int_equal(value, 0);
	rig_close(&rig);
}

/* What a program stores on its CPU is found there, and the other way round. */
static void
test_percpu_programs(void **state)
{
	uint64_t value = 40;
	struct xb_linux_map *map;
	struct xb_program *program;
	uint32_t key = 0;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, CPUS);
	map = rig_map(&rig, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
	/* ++*map[0], which becomes R0 */
	program = rig_prog(&rig, BPF_PROG_TYPE_SOCKET_FILTER, XB_ST_MEM(BPF_W, 10, -4, 0),
	                   XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -4),
	                   XB_LD_MAP_FD(1, xb_linux_map_fd(map)), XB_CALL(BPF_FUNC_map_lookup_elem),
	                   XB_JMP_IMM(BPF_JEQ, 0, 0, 4), XB_LDX_MEM(BPF_DW, 1, 0, 0),
	                   XB_ALU64_IMM(BPF_ADD, 1, 1), XB_STX_MEM(BPF_DW, 0, 1, 0),
	                   XB_MOV64_REG(0, 1), XB_EXIT());
	assert_int_equal(xb_linux_map_update_cpu(map, &key, 1, &value, BPF_ANY), 0);
	assert_int_equal(rig_run_on(&rig, 1, program, NULL), 41);
	assert_int_equal(rig_run_on(&rig, 1, program, NULL), 42);
	assert_int_equal(rig_run_on(&rig, 2, program, NULL), 1);
	assert_int_equal(xb_linux_map_lookup_cpu(map, &key, 1, &value), 0);
	assert_int_equal(value, 42);
	assert_int_equal(xb_linux_map_lookup_cpu(map, &key, 0, &value), 0);
	assert_int_equal(value, 0);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_percpu_sizes),
		cmocka_unit_test(test_percpu_flags),
		cmocka_unit_test(test_percpu_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
