/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of the kernel's in a machine: what a program here stores, the kernel has, and the other way
 * round.
 */
#define XB_INSN_BRACES
#include "tests/insns.h"
#include "tests/lib/linux_rig.h"
#include "tests/rig/permitted.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static long
kernel(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr)) < 0 ? -errno : 0;
}

/* A map of the kernel's, of keys of 4 and values of 8 bytes; skips the test where there is none. */
static int
kernel_map(uint32_t type, uint32_t flags)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = type == BPF_MAP_TYPE_RINGBUF ? 0 : 4;
	attr.value_size = type == BPF_MAP_TYPE_RINGBUF ? 0 : 8;
	attr.max_entries = type == BPF_MAP_TYPE_RINGBUF ? 4096 : 4;
	attr.map_flags = flags;
	strcpy(attr.map_name, "live");
	if (type == BPF_MAP_TYPE_PROG_ARRAY)
		attr.value_size = 4;
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (!probe_permitted(fd < 0 ? -errno : fd)) {
		print_message("skipped: bpf(2) not permitted\n");
		skip();
	}
	return fd;
}

static uint32_t
kernel_id(int fd)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	assert_int_equal(kernel(BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	return info.id;
}

static uint64_t
kernel_value(int fd, uint32_t key)
{
	uint64_t value = 0;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	assert_int_equal(kernel(BPF_MAP_LOOKUP_ELEM, &attr), 0);
	return value;
}

static void
kernel_put(int fd, uint32_t key, uint64_t value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	assert_int_equal(kernel(BPF_MAP_UPDATE_ELEM, &attr), 0);
}

/* ++*map[1], which becomes R0. */
static struct xb_program *
counter(const struct rig *rig, const struct xb_linux_map *map)
{
	return rig_prog(rig, BPF_PROG_TYPE_XDP, XB_ST_MEM(BPF_W, 10, -4, 1), XB_MOV64_REG(2, 10),
	                XB_ALU64_IMM(BPF_ADD, 2, -4), XB_LD_MAP_FD(1, xb_linux_map_fd(map)),
	                XB_CALL(BPF_FUNC_map_lookup_elem), XB_JMP_IMM(BPF_JEQ, 0, 0, 4),
	                XB_LDX_MEM(BPF_DW, 1, 0, 0), XB_ALU64_IMM(BPF_ADD, 1, 1),
	                XB_STX_MEM(BPF_DW, 0, 1, 0), XB_MOV64_REG(0, 1), XB_EXIT());
}

static void
check_shared(uint32_t type, uint32_t flags)
{
	int fd = kernel_map(type, flags);
	uint32_t key = 1;
	uint64_t value = 0;
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map_info info;
	struct xb_linux_map *map;
	struct xb_program *program;
	struct rig rig;

	rig_open(&rig, NULL, 1);
	kernel_put(fd, key, 40);
	map = xb_linux_map_open_kernel(rig.lx, NULL, kernel_id(fd), &err);
	if (!map)
		fail_msg("%s", err.msg);
	xb_linux_map_get_info(map, &info);
	assert_int_equal(info.type, type);
	assert_int_equal(info.max_entries, 4);
	assert_int_equal(info.flags & ~(uint32_t)BPF_F_MMAPABLE, flags & ~(uint32_t)BPF_F_MMAPABLE);
	assert_string_equal(info.name, "live");
	assert_ptr_equal(xb_linux_map_find(rig.lx, "live"), map);

	program = counter(&rig, map);
	assert_int_equal(rig_run(&rig, program, NULL), 41);
	assert_int_equal(kernel_value(fd, key), 41);
	kernel_put(fd, key, 100);
	assert_int_equal(rig_run(&rig, program, NULL), 101);
	assert_int_equal(kernel_value(fd, key), 101);

	/* And by the caller's own operations. */
	kernel_put(fd, key, 7);
	assert_int_equal(xb_linux_map_lookup(map, &key, &value, 0), 0);
	assert_int_equal(value, 7);
	value = 8;
	key = 2;
	assert_int_equal(xb_linux_map_update(map, &key, &value, BPF_ANY), 0);
	assert_int_equal(kernel_value(fd, key), 8);
	rig_close(&rig);
	close(fd);
}

static void
test_array(void **state)
{
	(void)state;
	check_shared(BPF_MAP_TYPE_ARRAY, 0);
}

static void
test_mmapable(void **state)
{
	(void)state;
	check_shared(BPF_MAP_TYPE_ARRAY, BPF_F_MMAPABLE);
}

static void
test_hash(void **state)
{
	(void)state;
	check_shared(BPF_MAP_TYPE_HASH, 0);
}

/* By the name that it has in bpffs, in a mount namespace of the test's. */
static void
test_pin(void **state)
{
	int fd = kernel_map(BPF_MAP_TYPE_HASH, 0);
	char dir[] = "/tmp/xb-lib-live-XXXXXX", path[64];
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map *map;
	union bpf_attr attr;
	struct rig rig;

	(void)state;
	assert_non_null(mkdtemp(dir));
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", dir, "bpf", 0, NULL)) {
		print_message("skipped: a bpffs cannot be mounted: %s\n", strerror(errno));
		rmdir(dir);
		skip();
	}
	snprintf(path, sizeof(path), "%s/pinned", dir);
	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = (uint32_t)fd;
	assert_int_equal(kernel(BPF_OBJ_PIN, &attr), 0);
	kernel_put(fd, 1, 5);

	rig_open(&rig, NULL, 1);
	map = xb_linux_map_open_kernel(rig.lx, path, 0, &err);
	if (!map)
		fail_msg("%s", err.msg);
	assert_int_equal(rig_run(&rig, counter(&rig, map), NULL), 6);
	assert_int_equal(kernel_value(fd, 1), 6);
	snprintf(path, sizeof(path), "%s/missing", dir);
	assert_null(xb_linux_map_open_kernel(rig.lx, path, 0, &err));
	rig_says(&err, path);
	rig_says(&err, "no such pin");
	rig_close(&rig);
	assert_int_equal(umount(dir), 0);
	assert_int_equal(rmdir(dir), 0);
	close(fd);
}

/* What cannot be shared, and that the machine is as it was. */
static void
test_refused(void **state)
{
	static const struct {
		uint32_t type;
		const char *text;
	} rows[] = {
		{ BPF_MAP_TYPE_PROG_ARRAY, "prog_array" },
		{ BPF_MAP_TYPE_RINGBUF, "ringbuf" },
	};
	struct rig rig;

	(void)state;
	close(kernel_map(rows[0].type, 0));
	rig_open(&rig, NULL, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = kernel_map(rows[i].type, 0);
		struct xb_err err = XB_ERR_INIT;

		assert_null(xb_linux_map_open_kernel(rig.lx, NULL, kernel_id(fd), &err));
		rig_says(&err, rows[i].text);
		assert_null(xb_linux_map_find(rig.lx, "live"));
		close(fd);
	}
	rig_close(&rig);
}

/* An id that there is not: an error, also where bpf(2) is not permitted. */
static void
test_no_such(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	assert_null(xb_linux_map_open_kernel(rig.lx, NULL, 0x7ffffff0, &err));
	assert_int_not_equal(err.kind, XB_ERR_NONE);
	assert_true(err.msg[0]);
	rig_close(&rig);
}

static void
test_pool(void **state)
{
	const struct xb_pool_opts opts = { .size = sizeof(opts) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_pool *pool;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 2);
	pool = xb_pool_start(rig.machine, &opts, &err);
	assert_non_null(pool);
	assert_null(xb_linux_map_open_kernel(rig.lx, NULL, 1, &err));
	rig_says(&err, "not while a pool runs");
	assert_int_equal(err.kind, XB_ERR_USAGE);
	xb_pool_stop(pool);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_array),   cmocka_unit_test(test_mmapable),
		cmocka_unit_test(test_hash),    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_such), cmocka_unit_test(test_pool),
		cmocka_unit_test(test_pin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
