/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_map_arena.c - arenas: pages that user space maps, and the address that programs load; and of
 * STRUCT_OPS what the kernel would register.
 */
#include "emu/map.h"
#include "tests/emu/map_backend.h"
#include "tests/insns.h"
#include "vm/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define PAGES 4u
#define BYTES (PAGES * 4096u)
#define START 0x7e0000000000ull /* what map_extra says */

static int
open_arena(const struct backend *b, u64 extra)
{
	const struct map_spec spec = { XB_MAP_TYPE_ARENA, 0, 0, PAGES, BPF_F_MMAPABLE };
	long fd = map_create_with(b, &spec, &(struct map_more){ .extra = extra });

	assert_true(fd >= 0);
	return (int)fd;
}

static u8 *
map_arena(int fd)
{
	u8 *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

/* Loads a program that names byte `off` of the arena: 0 or -errno. */
static long
load(const struct backend *b, int arena, u32 off, char *log, u32 log_bytes)
{
	const struct bpf_insn insns[] = {
		XB_LD_MAP_VALUE(1, arena, (s32)off),
		XB_MOV64_IMM(0, 2),
		XB_EXIT(),
	};
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = XB_ARRAY_SIZE(insns);
	attr.license = (uintptr_t) "GPL";
	attr.log_buf = (uintptr_t)log;
	attr.log_size = log_bytes;
	attr.log_level = 1;
	log[0] = 0;
	fd = backend_bpf(b, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		close((int)fd);
	return fd < 0 ? fd : 0;
}

static const struct row {
	const char *name;
	u64 extra;
	bool mapped;
	u32 off;
	long want;
	const char *log;
} rows[] = {
	{ "no address", 0, false, 0, -EINVAL, "arena's user address must be set" },
	{ "mapped", 0, true, 0, 0, NULL },
	{ "mapped, the end", 0, true, BYTES, 0, NULL },
	{ "mapped, past the end", 0, true, BYTES + 1, -ERANGE, "invalid access to map value" },
	{ "said", START, false, 0, 0, NULL },
	{ "said, past the end", START, false, BYTES + 1, -ERANGE, "invalid access to map value" },
};

static void
check_row(const struct backend *b, const struct row *row)
{
	int fd = open_arena(b, row->extra);
	u8 *mem = row->mapped ? map_arena(fd) : NULL;
	char log[1024];
	long ret = load(b, fd, row->off, log, sizeof(log));

	if (ret != row->want)
		fail_msg("%s: %s: %ld, not %ld: %s", b->name, row->name, ret, row->want, log);
	if (row->log && !strstr(log, row->log))
		fail_msg("%s: %s: log: %s", b->name, row->name, log);
	if (mem)
		munmap(mem, BYTES);
	close(fd);
}

static void
check_memory(const struct backend *b)
{
	int fd = open_arena(b, 0);
	u8 *mem = map_arena(fd);

	for (u32 i = 0; i < BYTES; i += 512)
		assert_int_equal(mem[i], 0);
	mem[BYTES - 1] = 9;
	munmap(mem, BYTES);
	close(fd);
	/* One that was never mapped can be frozen, and then only read. */
	fd = open_arena(b, 0);
	assert_int_equal(map_freeze(b, fd), 0);
	assert_true(mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	assert_int_equal(errno, EPERM);
	close(fd);
	/* One that is mapped to write cannot. */
	fd = open_arena(b, 0);
	mem = map_arena(fd);
	assert_int_equal(map_freeze(b, fd), -EBUSY);
	munmap(mem, BYTES);
	close(fd);
}

static void
test_arena(void **state)
{
	struct backend b[2] = { backend_emu(1) };
	bool has_kernel = backend_kernel(&b[1]);

	(void)state;
	for (u32 side = 0; side < (has_kernel ? 2 : 1); side++) {
		for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
			check_row(&b[side], &rows[i]);
		check_memory(&b[side]);
	}
	backend_free(&b[0]);
}

#define LINK (1u << 13) /* BPF_F_LINK */

/* Of the emulator, which takes any type for one: a value is registered, seen, and taken back. */
static void
test_struct_ops(void **state)
{
	struct backend b = backend_emu(1);
	int btf = map_load_btf(&b);
	u8 value[64] = { 0 }, seen[64];
	const u32 zero = 0, one = 1;

	(void)state;
	for (u32 flags = 0; flags <= LINK; flags += LINK) {
		const struct map_spec spec = { BPF_MAP_TYPE_STRUCT_OPS, 4, 64, 1, flags };
		int fd = (int)map_create_with(
		        &b, &spec, &(struct map_more){ .vmlinux_value = 1, .btf_fd = btf });

		assert_true(fd >= 0);
		assert_int_equal(map_delete(&b, fd, &zero), flags ? -EOPNOTSUPP : -ENOENT);
		assert_int_equal(map_lookup(&b, fd, &zero, seen), 0);
		assert_memory_equal(seen, value, sizeof(seen));
		assert_int_equal(map_lookup(&b, fd, &one, seen), -ENOENT);
		value[63] = 7;
		assert_int_equal(map_update(&b, fd, &one, value, 0), -E2BIG);
		assert_int_equal(map_update(&b, fd, &zero, value, 0), 0);
		assert_int_equal(map_update(&b, fd, &zero, value, 0), -EBUSY);
		assert_int_equal(map_lookup(&b, fd, &zero, seen), 0);
		assert_int_equal(xb_ld32(seen + 4), flags ? 3 : 1);
		assert_int_equal(xb_ld32(seen), flags ? 0 : 1);
		assert_int_equal(seen[63], 7);
		assert_int_equal(map_delete(&b, fd, &zero), flags ? -EOPNOTSUPP : 0);
		assert_int_equal(map_delete(&b, fd, &zero), flags ? -EOPNOTSUPP : -EINPROGRESS);
		assert_int_equal(map_freeze(&b, fd), -524);
		value[63] = 0;
		close(fd);
	}
	close(btf);
	backend_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_struct_ops),
	};

	return cmocka_run_group_tests_name("map arena", tests, NULL, NULL);
}
