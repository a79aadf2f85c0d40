/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_libbpf.c - libbpf loads every kind of object through the emulator, and gives it the
 * instructions it gives the kernel; the programs return what they return there.
 */
#include "emu/btf.h"
#include "tests/emu/sys_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ELF_BYTES (1u << 20)
#define MAX_PROGS     4

/* An object, and what its programs return in their first and second run. */
struct row {
	const char *obj;
	struct {
		const char *name;
		u32 first, second;
	} progs[MAX_PROGS];
	bool needs_btf; /* of the kernel, where that is to load it */
};

static const struct row rows[] = {
	{ "globals", { { "sum", 1440, 1448 } }, false },
	{ "kconfig", { { "config", 1234 + 1, 1234 + 1 } }, false },
	{ "subprog",
	  { { "calls", 23, 23 }, { "by_address", 45, 45 }, { "alone", 11, 11 } },
	  false },
	{ "maps", { { "last", 77, 77 }, { "jump", 77, 77 }, { "nested", 110, 110 } }, false },
	{ "core", { { "relocated", 27, 27 } }, true },
	{ "weak", { { "without", 1, 1 } }, true },
	{ "weak_there", { { "with", 21, 21 } }, true },
};

static char *
path_of(const char *obj, char *path, size_t bytes)
{
	snprintf(path, bytes, "%s/%s.o", TEST_PROGS_DIR, obj);
	return path;
}

static void
set_kernel_btf(struct sys_rig *rig, const char *path, bool use_host)
{
	struct xb_err err = XB_ERR_INIT;
	char *elf = malloc(MAX_ELF_BYTES);
	FILE *f = fopen(path, "rb");
	size_t bytes;

	if (f == NULL || elf == NULL)
		fail_msg("%s: cannot be read", path);
	bytes = fread(elf, 1, MAX_ELF_BYTES, f);
	fclose(f);
	if (rig->emu && xb_btf_kernel_set(rig->emu, elf, bytes, use_host, &err))
		fail_msg("%s: %s", path, err.msg);
	free(elf);
}

/* Opens an object the rig is then to load. */
static struct bpf_object *
open_obj(struct sys_rig *rig, const char *path, bool use_host)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kconfig = "CONFIG_GIVEN=1234\n");
	struct bpf_object *obj;
	struct bpf_program *prog;

	set_kernel_btf(rig, path, use_host);
	sys_rig_enter(rig);
	obj = bpf_object__open_file(path, &opts);
	if (obj == NULL)
		fail_msg("%s: %s", path, rig->log);
	bpf_object__for_each_program(prog, obj) if (bpf_program__type(prog) == BPF_PROG_TYPE_UNSPEC)
	        bpf_program__set_type(prog, BPF_PROG_TYPE_XDP);
	return obj;
}

static struct bpf_object *
load_obj(struct sys_rig *rig, const char *path, bool use_host)
{
	struct bpf_object *obj = open_obj(rig, path, use_host);
	int rc = bpf_object__load(obj);

	sys_rig_leave();
	if (rc)
		fail_msg("%s: %s: %s", path, strerror(-rc), rig->log);
	return obj;
}

/* Whether the kernel can load the row's object; where not, says why. */
static bool
kernel_can(const struct row *row)
{
	if (!row->needs_btf || access("/sys/kernel/btf/vmlinux", R_OK) == 0)
		return true;
	printf("skipped: %s: the kernel has no BTF\n", row->obj);
	return false;
}

static void
check_row(struct sys_rig *rig, const struct row *row, bool use_host)
{
	char path[512];
	struct bpf_object *obj = load_obj(rig, path_of(row->obj, path, sizeof(path)), use_host);

	if (rig->log[0])
		fail_msg("%s: libbpf warns: %s", row->obj, rig->log);
	for (int i = 0; i < MAX_PROGS && row->progs[i].name; i++) {
		struct bpf_program *prog =
		        bpf_object__find_program_by_name(obj, row->progs[i].name);
		u32 first, second;

		assert_non_null(prog);
		first = sys_rig_run(rig, bpf_program__fd(prog));
		second = sys_rig_run(rig, bpf_program__fd(prog));
		if (first != row->progs[i].first || second != row->progs[i].second)
			fail_msg("%s: %s: %u and %u, not %u and %u", row->obj, row->progs[i].name,
			         first, second, row->progs[i].first, row->progs[i].second);
	}
	bpf_object__close(obj);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct sys_rig rig;

		for (int use_host = 0; use_host < 2; use_host++) {
			sys_rig_init(&rig, NULL);
			check_row(&rig, &rows[i], use_host);
			sys_rig_fini(&rig);
		}
		if (kernel_can(&rows[i]) && sys_rig_init_kernel(&rig))
			check_row(&rig, &rows[i], true);
	}
}

static void
test_insns(void **state)
{
	struct sys_rig rig, kernel;

	(void)state;
	if (!sys_rig_init_kernel(&kernel))
		return;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct bpf_object *a, *b;
		char path[512];

		if (!kernel_can(&rows[i]))
			continue;
		sys_rig_init(&rig, NULL);
		path_of(rows[i].obj, path, sizeof(path));
		a = load_obj(&rig, path, true);
		b = load_obj(&kernel, path, true);
		sys_rig_same_insns(rows[i].obj, a, b);
		bpf_object__close(b);
		bpf_object__close(a);
		sys_rig_fini(&rig);
	}
}

/* As in arena.bpf.c. */
struct arena_args {
	u64 value, result;
};
#define ARENA_START 0x10000000ull
#define ARENA_BYTES (16 * 4096)

static u32
run_arena(struct sys_rig *rig, struct bpf_object *obj, const char *name, struct arena_args *args)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)bpf_program__fd(prog);
	attr.test.ctx_in = (uintptr_t)args;
	attr.test.ctx_size_in = args ? sizeof(*args) : 0;
	assert_int_equal(sys_rig_bpf(rig, BPF_PROG_TEST_RUN, &attr, sizeof(attr)), 0);
	return attr.test.retval;
}

/* A list that a program makes of pages it allocates, another one and user space walk. */
static void
check_arena(struct sys_rig *rig, bool use_host)
{
	struct arena_args args = { 0 };
	struct bpf_program *count;
	struct bpf_object *obj;
	char path[512];
	u64 *mem;

	obj = load_obj(rig, path_of("arena", path, sizeof(path)), use_host);
	count = bpf_object__find_program_by_name(obj, "count");
	assert_int_equal(sys_rig_run(rig, bpf_program__fd(count)), 0);
	for (args.value = 5; args.value < 8; args.value++)
		assert_int_equal(run_arena(rig, obj, "add", &args), 0);
	assert_int_equal(run_arena(rig, obj, "sum", &args), 0);
	assert_int_equal(args.result, 5 + 6 + 7);
	assert_int_equal(sys_rig_run(rig, bpf_program__fd(count)), 3);
	mem = mmap((void *)ARENA_START, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
	           bpf_object__find_map_fd_by_name(obj, "pages"), 0);
	assert_true(mem != MAP_FAILED);
	assert_int_equal(*(u64 *)(uintptr_t)(mem[0] + 8), 7);
	*(u64 *)(uintptr_t)(mem[0] + 8) = 100;
	run_arena(rig, obj, "sum", &args);
	assert_int_equal(args.result, 5 + 6 + 100);
	run_arena(rig, obj, "clear", NULL);
	assert_int_equal(mem[0], 0);
	run_arena(rig, obj, "sum", &args);
	assert_int_equal(args.result, 0);
	munmap(mem, ARENA_BYTES);
	bpf_object__close(obj);
}

/* Whether the kernel has the functions for it; where not, says so. */
static bool
kernel_has_arenas(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has = btf && btf__find_by_name_kind(btf, "bpf_arena_alloc_pages", BTF_KIND_FUNC) > 0;

	if (!has)
		printf("skipped: arena: the kernel's BTF has no functions for it\n");
	btf__free(btf);
	return has;
}

static void
test_arena(void **state)
{
	struct sys_rig rig;

	(void)state;
	for (u32 host = 0; host < 2; host++) {
		sys_rig_init(&rig, NULL);
		check_arena(&rig, host != 0);
		sys_rig_fini(&rig);
	}
	if (!sys_rig_init_kernel(&rig))
		return;
	if (kernel_has_arenas())
		check_arena(&rig, true);
}

/* Objects that do not load, and what libbpf then says. */
static void
test_refused(void **state)
{
	static const struct {
		const char *obj, *says;
	} refused[] = {
		{ "strong", "extern (func ksym) 'bpf_there_is_no_such_kfunc': not found" },
		{ "symbol", "extern 'schedule' (strong): not resolved" },
		{ "unknown_helper", "unknown#9999" },
		{ "unknown_helper", "unknown_helper.bpf.c:13" },
		{ "ext", "attach program FD is not set" },
	};

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(refused); i++) {
		struct bpf_object *obj;
		struct sys_rig rig;
		char path[512];
		int rc;

		sys_rig_init(&rig, NULL);
		path_of(refused[i].obj, path, sizeof(path));
		obj = open_obj(&rig, path, false);
		rc = bpf_object__load(obj);
		sys_rig_leave();
		if (rc == 0 || strstr(rig.log, refused[i].says) == NULL)
			fail_msg("%s: %d, without '%s': %s", refused[i].obj, rc, refused[i].says,
			         rig.log);
		bpf_object__close(obj);
		sys_rig_fini(&rig);
	}
}

/* A function of a loaded program gives way to another program, and that one's maps are its own. */
static void
check_ext(struct sys_rig *rig)
{
	struct bpf_object *target, *ext;
	struct bpf_program *dispatch, *instead;
	struct bpf_link *link;
	char path[512];
	int rc;

	target = load_obj(rig, path_of("target", path, sizeof(path)), true);
	dispatch = bpf_object__find_program_by_name(target, "dispatch");
	assert_int_equal(sys_rig_run(rig, bpf_program__fd(dispatch)), 11);

	ext = open_obj(rig, path_of("ext", path, sizeof(path)), true);
	instead = bpf_object__find_program_by_name(ext, "instead");
	assert_int_equal(
	        bpf_program__set_attach_target(instead, bpf_program__fd(dispatch), "second"), 0);
	rc = bpf_object__load(ext);
	if (rc == -EPERM && rig->emu == NULL) {
		sys_rig_leave();
		printf("skipped: bpf(2) not permitted for extension programs\n");
		goto close;
	}
	if (rc)
		fail_msg("%s", rig->log);
	assert_int_equal(sys_rig_run(rig, bpf_program__fd(dispatch)), 11);
	link = bpf_program__attach_trace(instead);
	if (link == NULL)
		fail_msg("%s", rig->log);
	sys_rig_leave();
	assert_int_equal(sys_rig_run(rig, bpf_program__fd(dispatch)), 101);
	assert_int_equal(sys_rig_run(rig, bpf_program__fd(dispatch)), 201);
	sys_rig_enter(rig);
	/* It has its place already. */
	assert_null(bpf_program__attach_freplace(instead, bpf_program__fd(dispatch), "second"));
	assert_int_equal(errno, EBUSY);
	assert_null(bpf_program__attach_freplace(instead, bpf_program__fd(dispatch), "no_such"));
	sys_rig_leave();
	bpf_link__destroy(link);
close:
	bpf_object__close(ext);
	bpf_object__close(target);
}

static void
test_ext(void **state)
{
	struct sys_rig rig;

	(void)state;
	sys_rig_init(&rig, NULL);
	check_ext(&rig);
	sys_rig_fini(&rig);
	if (sys_rig_init_kernel(&rig))
		check_ext(&rig);
}

/* All of it again in a child that has no privilege at all. */
static void
test_unprivileged(void **state)
{
	const uid_t nobody = 65534;
	int status;
	pid_t pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct sys_rig rig;

		if (geteuid() == 0 && (setgid(nobody) || setuid(nobody)))
			_exit(2);
		for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
			char path[512];

			sys_rig_init(&rig, NULL);
			if (access(path_of(rows[i].obj, path, sizeof(path)), R_OK))
				_exit(3);
			check_row(&rig, &rows[i], true);
			sys_rig_fini(&rig);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
		printf("skipped: the build directory cannot be read without privilege\n");
		skip();
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),    cmocka_unit_test(test_insns),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_ext),
		cmocka_unit_test(test_arena),   cmocka_unit_test(test_unprivileged),
	};

	return cmocka_run_group_tests_name("libbpf", tests, NULL, NULL);
}
