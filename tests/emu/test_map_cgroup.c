/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_map_cgroup.c - which descriptors a cgroup array takes, on the emulator and on the kernel,
 * and what the emulator finds in it.
 */
#include "emu/map.h"
#include "tests/rig/backend.h"
#include "tests/rig/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define ENTRIES 4u

/* What a descriptor is of. */
enum what { ROOT, ROOT_PATH, BELOW, REMOVED, CONTROL, OTHER_DIR, OTHER_FILE, CLOSED, MAP };

static const struct row {
	const char *name;
	enum what what;
	long want;
} rows[] = {
	{ "root", ROOT, 0 },
	{ "root, opened as a path", ROOT_PATH, 0 },
	{ "a cgroup below", BELOW, 0 },
	{ "one that was removed", REMOVED, -ENOENT },
	{ "a file in it", CONTROL, -EBADF },
	{ "another directory", OTHER_DIR, -EBADF },
	{ "another file", OTHER_FILE, -EBADF },
	{ "no descriptor", CLOSED, -EBADF },
	{ "a map", MAP, -EBADF },
};

/* A cgroup of the test's own; false where it may make none. */
struct below {
	int root, fd;
	char name[32];
};

static bool
below_open(struct below *b, const char *name)
{
	snprintf(b->name, sizeof(b->name), "xdpbench-%s-%d", name, (int)getpid());
	b->root = cgroup2_open();
	b->fd = -1;
	if (b->root >= 0 && mkdirat(b->root, b->name, 0755) == 0)
		b->fd = openat(b->root, b->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return b->fd >= 0;
}

static void
below_remove(struct below *b)
{
	unlinkat(b->root, b->name, AT_REMOVEDIR);
}

static void
below_close(struct below *b)
{
	if (b->fd >= 0)
		close(b->fd);
	if (b->root >= 0)
		close(b->root);
}

static int
open_plain(enum what what, int root)
{
	switch (what) {
	case ROOT_PATH:
		return openat(root, ".", O_PATH | O_CLOEXEC);
	case CONTROL:
		return openat(root, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	case OTHER_DIR:
		return open("/", O_RDONLY | O_CLOEXEC);
	case OTHER_FILE:
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	default:
		return openat(root, ".", O_RDONLY | O_CLOEXEC);
	}
}

static long
put(const struct backend *b, int map, int fd)
{
	const u32 key = 1;

	return backend_update(b, map, &key, &fd);
}

static void
check(const struct backend *b, const struct row *row, long ret)
{
	if (ret != row->want)
		fail_msg("%s: %s: %ld, not %ld", b->name, row->name, ret, row->want);
}

/* Those that are cgroups of the test's own. */
static void
check_below(const struct backend *b, int map, const struct row *row)
{
	struct below below;
	bool open = below_open(&below, row->what == BELOW ? "below" : "removed");
	long ret;

	if (open && row->what == REMOVED)
		below_remove(&below);
	ret = open ? put(b, map, below.fd) : 0;
	if (open && row->what == BELOW)
		below_remove(&below);
	below_close(&below);
	if (open)
		check(b, row, ret);
	else
		print_message("skipped: %s: no cgroup can be made\n", row->name);
}

static void
check_row(const struct backend *b, int map, const struct row *row)
{
	int root = cgroup2_open(), fd;

	if (row->what == BELOW || row->what == REMOVED) {
		check_below(b, map, row);
	} else if (row->what == CLOSED || row->what == MAP) {
		check(b, row, put(b, map, row->what == MAP ? map : 77777));
	} else if (root < 0 && row->what != OTHER_DIR && row->what != OTHER_FILE) {
		print_message("skipped: %s: cgroup2 is not mounted\n", row->name);
	} else {
		fd = open_plain(row->what, root);
		assert_true(fd >= 0);
		check(b, row, put(b, map, fd));
		close(fd);
	}
	if (root >= 0)
		close(root);
}

static void
check_rows(const struct backend *b)
{
	int map = backend_map(b, BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, ENTRIES);

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		check_row(b, map, &rows[i]);
	close(map);
}

static void
test_descriptors(void **state)
{
	struct backend b;

	(void)state;
	backend_open_emu(&b, NULL);
	check_rows(&b);
	backend_close(&b);
	if (!backend_open_kernel(&b))
		skip();
	check_rows(&b);
	backend_close(&b);
}

/* A slot that was filled can be emptied once; the id is the directory's inode. */
static void
test_slots(void **state)
{
	struct backend b;
	const u32 key = 1;
	union bpf_attr attr;
	struct below below;
	struct stat st;
	u64 id;
	int fd;

	(void)state;
	backend_open_emu(&b, NULL);
	fd = backend_map(&b, BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, ENTRIES);
	assert_int_equal(xb_cgroup_array_get(backend_emu_map(&b, fd), 1, &id), -EAGAIN);
	if (below_open(&below, "slots")) {
		assert_int_equal(fstat(below.fd, &st), 0);
		assert_int_equal(put(&b, fd, below.fd), 0);
		assert_int_equal(xb_cgroup_array_get(backend_emu_map(&b, fd), 1, &id), 0);
		assert_int_equal(id, st.st_ino);
		below_remove(&below);
	} else {
		print_message("skipped: inode: no cgroup can be made\n");
	}
	below_close(&below);
	assert_int_equal(xb_cgroup_array_set(backend_emu_map(&b, fd), 1, 99), 0);
	assert_int_equal(xb_cgroup_array_get(backend_emu_map(&b, fd), 1, &id), 0);
	assert_int_equal(id, 99);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	attr.key = (uintptr_t)&key;
	assert_int_equal(backend_bpf(&b, BPF_MAP_DELETE_ELEM, &attr), 0);
	assert_int_equal(backend_bpf(&b, BPF_MAP_DELETE_ELEM, &attr), -ENOENT);
	assert_int_equal(xb_cgroup_array_get(backend_emu_map(&b, fd), 1, &id), -EAGAIN);
	close(fd);
	backend_close(&b);
}

/* Without a descriptor. */
static void
test_set(void **state)
{
	struct backend b;
	struct xb_map *map;
	int fd, other;
	u64 id;

	(void)state;
	backend_open_emu(&b, NULL);
	fd = backend_map(&b, BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, ENTRIES);
	other = backend_map(&b, BPF_MAP_TYPE_ARRAY, 4, 8, ENTRIES);
	map = backend_emu_map(&b, fd);
	assert_int_equal(xb_cgroup_array_set(map, ENTRIES - 1, 7), 0);
	assert_int_equal(xb_cgroup_array_set(map, ENTRIES, 7), -E2BIG);
	assert_int_equal(xb_cgroup_array_set(map, 0, 0), -EINVAL);
	assert_int_equal(xb_cgroup_array_set(backend_emu_map(&b, other), 0, 7), -EINVAL);
	assert_int_equal(xb_cgroup_array_get(map, ENTRIES, &id), -E2BIG);
	assert_int_equal(xb_cgroup_array_get(map, 0xffffffff, &id), -E2BIG);
	assert_int_equal(xb_cgroup_array_get(map, 0, &id), -EAGAIN);
	close(fd);
	close(other);
	backend_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests_name("map cgroup", tests, NULL, NULL);
}
