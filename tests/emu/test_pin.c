/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_pin.c - pins: in memory, in a directory, by libbpf and by bpf(2) itself.
 */
#include "emu/map.h"
#include "emu/pin.h"
#include "tests/emu/sys_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY 5u

static long
pin(struct sys_rig *rig, int cmd, const char *path, int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = (u32)fd;
	return sys_rig_bpf(rig, cmd, &attr, sizeof(attr));
}

static int
make_map(struct sys_rig *rig, u32 type)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = 3;
	fd = sys_rig_bpf(rig, BPF_MAP_CREATE, &attr, sizeof(attr));
	assert_true(fd >= 0);
	return (int)fd;
}

static void
test_names(void **state)
{
	static const struct {
		const char *name, *path;
		long rc;
	} rows[] = {
		{ "usual", "/sys/fs/bpf/m", 0 },
		{ "again", "/sys/fs/bpf/m", -EEXIST },
		{ "again in another form", "/sys/fs//bpf/m/", -EEXIST },
		{ "in a directory", "/sys/fs/bpf/xdp/globals/m", 0 },
		{ "relative", "m", 0 },
		{ "dot", "/sys/fs/bpf/m.1", -EPERM },
		{ "dot in a directory", "/tmp/x.y/m", 0 },
		{ "upwards", "/sys/fs/bpf/../m", -EPERM },
		{ "empty", "", -ENOENT },
	};
	char endless[PATH_MAX + 10];
	struct sys_rig rig;
	int fd;

	(void)state;
	sys_rig_init(&rig, NULL);
	fd = make_map(&rig, BPF_MAP_TYPE_ARRAY);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		long rc = pin(&rig, BPF_OBJ_PIN, rows[i].path, fd);

		if (rc != rows[i].rc)
			fail_msg("%s: %ld, not %ld", rows[i].name, rc, rows[i].rc);
	}
	memset(endless, 'a', sizeof(endless));
	assert_int_equal(pin(&rig, BPF_OBJ_PIN, endless, fd), -ENAMETOOLONG);
	assert_int_equal(pin(&rig, BPF_OBJ_PIN, (const char *)0x10, fd), -EFAULT);
	assert_int_equal(pin(&rig, BPF_OBJ_PIN, "/sys/fs/bpf/n", 999), -EBADF);
	assert_int_equal(pin(&rig, BPF_OBJ_GET, "/sys/fs/bpf/n", 0), -ENOENT);
	assert_int_equal(xb_pin_remove(rig.emu, "/sys/fs/bpf/n"), -ENOENT);
	assert_int_equal(xb_pin_remove(rig.emu, "/sys/fs/bpf//m"), 0);
	assert_int_equal(pin(&rig, BPF_OBJ_GET, "/sys/fs/bpf/m", 0), -ENOENT);
	close(fd);
	sys_rig_fini(&rig);
}

static void
test_get(void **state)
{
	struct sys_rig rig;
	int fd;
	long got;

	(void)state;
	sys_rig_init(&rig, NULL);
	fd = make_map(&rig, BPF_MAP_TYPE_ARRAY);
	assert_int_equal(pin(&rig, BPF_OBJ_PIN, "/sys/fs/bpf/m", fd), 0);
	got = pin(&rig, BPF_OBJ_GET, "/sys/fs/bpf/m", 0);
	assert_true(got >= 0);
	assert_ptr_equal(sys_rig_obj(&rig, (int)got, XB_OBJ_MAP),
	                 sys_rig_obj(&rig, fd, XB_OBJ_MAP));
	close((int)got);
	close(fd);
	sys_rig_fini(&rig);
}

/* Loads the object whose map is pinned by name, runs its program, and returns the result. */
static u32
count(struct sys_rig *rig, const char *root)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .pin_root_path = root);
	struct bpf_object *obj;
	u32 result;

	sys_rig_enter(rig);
	obj = bpf_object__open_file(TEST_PROGS_DIR "/pinned.o", &opts);
	if (obj == NULL || bpf_object__load(obj))
		fail_msg("%s", rig->log);
	sys_rig_leave();
	result = sys_rig_run(rig, bpf_program__fd(bpf_object__find_program_by_name(obj, "count")));
	bpf_object__close(obj);
	return result;
}

/* Two objects of one emulator share a map by its pin; libbpf's default root need not exist. */
static void
test_by_name(void **state)
{
	struct sys_rig rig;
	struct stat st;

	(void)state;
	sys_rig_init(&rig, NULL);
	assert_int_equal(count(&rig, NULL), 1);
	assert_int_equal(count(&rig, NULL), 2);
	assert_int_equal(count(&rig, "/nowhere/at/all"), 1);
	assert_int_equal(count(&rig, "/nowhere/at/all"), 2);
	assert_int_equal(stat("/nowhere", &st), -1);
	sys_rig_fini(&rig);
}

static void
save(struct sys_rig *rig)
{
	struct xb_err err = XB_ERR_INIT;

	if (xb_pin_save(rig->emu, &err))
		fail_msg("%s", err.msg);
	sys_rig_fini(rig);
}

/* A later emulator finds what an earlier one left. */
static void
test_dir(void **state)
{
	char dir[] = "/tmp/xb-pin-XXXXXX", file[64], path[64];
	struct sys_rig rig;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/runs", dir);
	for (u32 run = 1; run <= 3; run++) {
		sys_rig_init(&rig, dir);
		assert_int_equal(count(&rig, NULL), run);
		save(&rig);
		assert_int_equal(access(file, R_OK), 0);
	}
	/* The directory's own name is a way to say the same. */
	sys_rig_init(&rig, dir);
	assert_int_equal(count(&rig, dir), 4);
	snprintf(path, sizeof(path), "%s/runs", dir);
	assert_int_equal(xb_pin_remove(rig.emu, path), 0);
	assert_int_equal(access(file, R_OK), -1);
	sys_rig_fini(&rig);
	rmdir(dir);
}

/* Nothing of a file is believed. */
static void
test_bad_file(void **state)
{
	char dir[] = "/tmp/xb-pin-XXXXXX", file[64];
	u8 data[4096];
	struct sys_rig rig;
	ssize_t bytes;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/m", dir);
	sys_rig_init(&rig, dir);
	fd = make_map(&rig, BPF_MAP_TYPE_ARRAY);
	assert_int_equal(pin(&rig, BPF_OBJ_PIN, "/sys/fs/bpf/m", fd), 0);
	close(fd);
	save(&rig);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	bytes = read(fd, data, sizeof(data));
	close(fd);
	assert_true(bytes > 88);
	for (ssize_t cut = 0; cut < bytes; cut++) {
		fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);
		assert_int_equal(write(fd, data, (size_t)cut), cut);
		close(fd);
		sys_rig_init(&rig, dir);
		assert_int_equal(pin(&rig, BPF_OBJ_GET, "/sys/fs/bpf/m", 0), -EINVAL);
		assert_int_equal(pin(&rig, BPF_OBJ_PIN, "/sys/fs/bpf/m", 999), -EBADF);
		sys_rig_fini(&rig);
	}
	unlink(file);
	rmdir(dir);
}

/* Contents that mean nothing in another run are an error that names the type, and the rest is kept.
 */
static void
test_other_types(void **state)
{
	char dir[] = "/tmp/xb-pin-XXXXXX", file[64];
	struct xb_err err = XB_ERR_INIT;
	struct sys_rig rig;
	int progs, array;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/array", dir);
	sys_rig_init(&rig, dir);
	progs = make_map(&rig, BPF_MAP_TYPE_PROG_ARRAY);
	array = make_map(&rig, BPF_MAP_TYPE_ARRAY);
	assert_int_equal(pin(&rig, BPF_OBJ_PIN, "/sys/fs/bpf/progs", progs), 0);
	assert_int_equal(pin(&rig, BPF_OBJ_PIN, "/sys/fs/bpf/array", array), 0);
	assert_int_equal(xb_pin_save(rig.emu, &err), -1);
	assert_int_equal(err.kind, XB_ERR_FILE);
	assert_non_null(strstr(err.msg, "prog_array"));
	assert_int_equal(access(file, R_OK), 0);
	close(array);
	close(progs);
	sys_rig_fini(&rig);
	unlink(file);
	rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),    cmocka_unit_test(test_get),
		cmocka_unit_test(test_by_name),  cmocka_unit_test(test_dir),
		cmocka_unit_test(test_bad_file), cmocka_unit_test(test_other_types),
	};

	return cmocka_run_group_tests_name("pin", tests, NULL, NULL);
}
