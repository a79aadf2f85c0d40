/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening maps of the kernel's in the emulator: by pin and by id, which of them are refused, and
 * for whom.
 */
#include "emu/btf.h"
#include "emu/kernel.h"
#include "emu/map_live.h"
#include "emu/map_priv.h"
#include "emu/vcpu.h"
#include "tests/emu/live_rig.h"
#include "tests/insns.h"

#include <bpf/btf.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_refused(void **state)
{
	static const struct {
		struct live_spec spec;
		const char *text;
	} refused[] = {
		{ { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 }, "prog_array (3)" },
		{ { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2, 0 }, "perf_event_array" },
		{ { BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 }, "ringbuf" },
		{ { BPF_MAP_TYPE_DEVMAP, 4, 4, 2, 0 }, "devmap" },
		{ { BPF_MAP_TYPE_CPUMAP, 4, 4, 2, 0 }, "cpumap" },
		{ { BPF_MAP_TYPE_SOCKMAP, 4, 4, 2, 0 }, "sockmap" },
		{ { BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 2, 0 }, "cgroup_array" },
	};
	struct live l;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	for (u32 i = 0; i < XB_ARRAY_SIZE(refused); i++) {
		int fd = live_map(&l, &refused[i].spec);

		assert_int_equal(live_refused(&l, live_id(&l, fd), refused[i].text), -EOPNOTSUPP);
		close(fd);
	}
	assert_int_equal(live_refused(&l, 0x7ffffff0, "no such map"), -ENOENT);
	live_close(&l);
}

static void
test_too_many_cpus(void **state)
{
	static const struct live_spec spec = { BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 3, 0 };
	struct live l;

	(void)state;
	if (!live_open(&l, xb_kernel_cpu_cnt() + 1))
		skip();
	assert_int_equal(live_refused(&l, live_id(&l, live_map(&l, &spec)), "CPUs"), -EINVAL);
	live_close(&l);
}

/* A map whose value has a type, in BTF of the kernel's: a counter, behind a lock where asked. */
static int
map_of_struct(const struct live *l, const char *lock)
{
	struct btf *btf = btf__new_empty();
	union bpf_attr attr;
	u32 bytes, off = lock ? 4 : 0;
	int value_id, int_id, lock_id = 0;
	const void *raw;
	long fd;

	int_id = btf__add_int(btf, "int", 4, 0);
	if (lock) {
		lock_id = btf__add_struct(btf, lock, 4);
		btf__add_field(btf, "val", int_id, 0, 0);
	}
	value_id = btf__add_struct(btf, "value", 8);
	if (lock)
		btf__add_field(btf, "lock", lock_id, 0, 0);
	btf__add_field(btf, "n", int_id, 8 * off, 0);
	raw = btf__raw_data(btf, &bytes);
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)raw;
	attr.btf_size = bytes;
	fd = backend_bpf(&l->kernel, BPF_BTF_LOAD, &attr);
	assert_true(fd >= 0);
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 2;
	attr.btf_fd = (u32)fd;
	attr.btf_key_type_id = (u32)int_id;
	attr.btf_value_type_id = (u32)value_id;
	fd = backend_bpf(&l->kernel, BPF_MAP_CREATE, &attr);
	assert_true(fd >= 0);
	btf__free(btf);
	return (int)fd;
}

static void
test_btf(void **state)
{
	const struct btf_type *type;
	struct xb_map *map;
	struct live l;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	map = live_share(&l, map_of_struct(&l, NULL));
	assert_non_null(map->btf);
	type = btf__type_by_id(map->btf->btf, map->btf_value_type_id);
	assert_string_equal(btf__name_by_offset(map->btf->btf, type->name_off), "value");
	assert_int_equal(live_refused(&l, live_id(&l, map_of_struct(&l, "bpf_spin_lock")), "locks"),
	                 -EOPNOTSUPP);
	live_close(&l);
}

/* What a child finds, which may not fail a test itself: the first check that fails, or 0. */
static int
in_child(int (*fn)(const struct live *l, int fd), const struct live *l, int fd)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(fn(l, fd));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define NOT_MOUNTED 99

static long
pin(const struct live *l, int fd, const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = (u32)fd;
	return backend_bpf(&l->kernel, BPF_OBJ_PIN, &attr);
}

static int
open_pin(const struct live *l, const char *path, struct xb_map **map, struct xb_err *err)
{
	*err = XB_ERR_INIT;
	return xb_map_live_open(l->emu.emu, path, 0, map, err);
}

/* On a bpffs of its own, which goes with the process. */
static int
use_pins(const struct live *l, int fd)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 2), XB_EXIT() };
	const struct backend_prog prog = { .insns = insns, .insn_cnt = XB_ARRAY_SIZE(insns) };
	struct xb_err err;
	struct xb_map *map;
	u32 key = 1;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", "/tmp", "bpf", 0, NULL))
		return NOT_MOUNTED;
	if (pin(l, fd, "/tmp/counters") || pin(l, backend_prog(&l->kernel, &prog), "/tmp/prog"))
		return 1;
	if (open_pin(l, "/tmp/counters", &map, &err))
		return 2;
	*(u64 *)xb_mem_host(l->emu.emu->mem, map->ops->lookup(map, &key, 0)) = 77;
	xb_emu_run_end(l->emu.emu, 0);
	if (open_pin(l, "/tmp/nothing", &map, &err) != -ENOENT || !strstr(err.msg, "no such pin"))
		return 3;
	if (open_pin(l, "/tmp/prog", &map, &err) != -EINVAL || !strstr(err.msg, "no map"))
		return 4;
	if (open_pin(l, "/proc/self/maps", &map, &err) != -EACCES || !strstr(err.msg, "no pin"))
		return 5;
	/* May be read by others, not written. */
	if (chmod("/tmp", 0755) || chmod("/tmp/counters", 0444) || setuid(65534))
		return 6;
	if (open_pin(l, "/tmp/counters", &map, &err) == -EPERM)
		return strstr(err.msg, "CAP_BPF") ? 0 : 7;
	return map->no_prog_writes && !xb_map_read(map, &key, (u64[1]){ 0 }) ? 0 : 8;
}

static void
test_pins(void **state)
{
	static const struct live_spec spec = { BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0 };
	struct live l;
	u32 key = 1;
	int fd, ret;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	fd = live_map(&l, &spec);
	ret = in_child(use_pins, &l, fd);
	if (ret == NOT_MOUNTED) {
		print_message("skipped: bpffs cannot be mounted\n");
		skip();
	}
	assert_int_equal(ret, 0);
	assert_int_equal(live_sum(&l, fd, &spec, &key), 77);
	live_close(&l);
}

static int
be_nobody(const struct live *l, int fd)
{
	u32 id = live_id(l, fd);
	struct xb_err err = XB_ERR_INIT;
	struct xb_map *map;

	if (setuid(65534))
		return NOT_MOUNTED;
	if (xb_map_live_open(l->emu.emu, NULL, id, &map, &err) != -EPERM)
		return 1;
	return strstr(err.msg, "CAP_SYS_ADMIN") ? 0 : 2;
}

static void
test_unprivileged(void **state)
{
	static const struct live_spec spec = { BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0 };
	struct live l;
	int ret;

	(void)state;
	if (!live_open(&l, 0))
		skip();
	ret = in_child(be_nobody, &l, live_map(&l, &spec));
	if (ret == NOT_MOUNTED) {
		print_message("skipped: another user cannot be taken\n");
		skip();
	}
	assert_int_equal(ret, 0);
	live_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),      cmocka_unit_test(test_too_many_cpus),
		cmocka_unit_test(test_btf),          cmocka_unit_test(test_pins),
		cmocka_unit_test(test_unprivileged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
