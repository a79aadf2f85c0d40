/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_map_owner.c - values of sockets, files, tasks and cgroups: which descriptors maps of local
 * storage take, and operations at random on many owners, on the emulator and on the kernel.
 */
#include "emu/map.h"
#include "tests/emu/map_backend.h"
#include "tests/rig/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OPS    1000000u
#define OWNERS 24u
#define LOCK   4u /* BPF_F_LOCK */

static const u32 types[] = { BPF_MAP_TYPE_SK_STORAGE, BPF_MAP_TYPE_INODE_STORAGE,
	                     BPF_MAP_TYPE_TASK_STORAGE, XB_MAP_TYPE_CGRP_STORAGE };

/* Descriptors of all kinds, by name; -1 where the machine has none. */
struct fds {
	struct {
		const char *name;
		int fd;
	} rows[OWNERS];
	u32 cnt;
	pid_t sleeps, died, removed;
	char cgroup[48];
	int root;
};

static void
add(struct fds *f, const char *name, int fd)
{
	if (fd < 0)
		print_message("skipped: %s: %s\n", name, strerror(errno));
	f->rows[f->cnt].name = name;
	f->rows[f->cnt++].fd = fd;
}

static pid_t
child(bool sleeps)
{
	pid_t pid = fork();

	if (pid == 0) {
		while (sleeps)
			pause();
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static int
pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void
add_tasks(struct fds *f)
{
	siginfo_t info;

	f->sleeps = child(true);
	f->died = child(false);
	f->removed = child(false);
	add(f, "itself", pidfd(getpid()));
	add(f, "a child", pidfd(f->sleeps));
	add(f, "one that died", pidfd(f->died));
	add(f, "one that was waited for", pidfd(f->removed));
	waitid(P_PID, (id_t)f->died, &info, WEXITED | WNOWAIT);
	waitpid(f->removed, NULL, 0);
	add(f, "a task's directory", open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int
below(const struct fds *f, const char *what, int flags)
{
	char path[80];

	snprintf(path, sizeof(path), "%s%s", f->cgroup, what);
	return openat(f->root, path, flags | O_CLOEXEC);
}

static void
add_cgroups(struct fds *f)
{
	f->root = cgroup2_open();
	snprintf(f->cgroup, sizeof(f->cgroup), "xdpbench-owner-%d", (int)getpid());
	if (f->root < 0 || mkdirat(f->root, f->cgroup, 0755)) {
		print_message("skipped: cgroups: none can be made\n");
		return;
	}
	add(f, "cgroup, removed", below(f, "", O_RDONLY | O_DIRECTORY));
	assert_int_equal(unlinkat(f->root, f->cgroup, AT_REMOVEDIR), 0);
	assert_int_equal(mkdirat(f->root, f->cgroup, 0755), 0);
	add(f, "the root cgroup", openat(f->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	add(f, "a cgroup", below(f, "", O_RDONLY | O_DIRECTORY));
	add(f, "the same, as a path", below(f, "", O_PATH));
	add(f, "a file of a cgroup", below(f, "/cgroup.procs", O_RDONLY));
}

static void
fds_open(struct fds *f)
{
	memset(f, 0, sizeof(*f));
	add_tasks(f);
	add_cgroups(f);
	add(f, "a file", open("/dev/null", O_RDONLY | O_CLOEXEC));
	add(f, "the same, as a path", open("/dev/null", O_PATH | O_CLOEXEC));
	add(f, "a directory", open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	add(f, "a socket", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	add(f, "another socket", socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	add(f, "an eventfd", eventfd(0, EFD_CLOEXEC));
	f->rows[f->cnt].name = "a closed one";
	f->rows[f->cnt++].fd = 77777;
	f->rows[f->cnt].name = "-1";
	f->rows[f->cnt++].fd = -1;
}

static void
fds_close(struct fds *f)
{
	for (u32 i = 0; i < f->cnt; i++)
		if (f->rows[i].fd >= 0)
			close(f->rows[i].fd);
	kill(f->sleeps, SIGKILL);
	waitpid(f->sleeps, NULL, 0);
	waitpid(f->died, NULL, 0);
	if (f->root >= 0) {
		unlinkat(f->root, f->cgroup, AT_REMOVEDIR);
		close(f->root);
	}
}

struct side {
	struct backend b;
	int btf, maps[XB_ARRAY_SIZE(types)];
};

static void
side_open(struct side *s)
{
	s->btf = map_load_btf(&s->b);
	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++) {
		const struct map_spec spec = { types[i], 4, 4, 0, BPF_F_NO_PREALLOC };

		s->maps[i] = (int)map_create_with(
		        &s->b, &spec, &(struct map_more){ .btf_fd = s->btf, .typed = true });
		assert_true(s->maps[i] >= 0);
	}
}

static void
side_close(struct side *s)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++)
		close(s->maps[i]);
	close(s->btf);
}

struct op {
	u32 kind, map, value;
	int fd;
	u64 flags;
};

static long
apply(const struct side *s, const struct op *op, u32 *out)
{
	int map = s->maps[op->map];
	u32 next;

	*out = 0;
	switch (op->kind) {
	case 0:
		return map_update(&s->b, map, &op->fd, &op->value, op->flags);
	case 1:
		return map_lookup(&s->b, map, &op->fd, out);
	case 2:
		return map_delete(&s->b, map, &op->fd);
	case 3:
		return map_take(&s->b, map, &op->fd, out);
	default:
		return map_next(&s->b, map, &op->fd, &next);
	}
}

static void
compare(const struct side *kernel, const struct side *emu, const struct op *op, const char *name)
{
	u32 want_out, is_out;
	long want = apply(kernel, op, &want_out), is = apply(emu, op, &is_out);

	if (want != is || want_out != is_out)
		fail_msg("%s: map type %u, operation %u, flags %llu: kernel %ld (%u), emulator %ld "
		         "(%u)",
		         name, types[op->map], op->kind, (unsigned long long)op->flags, want,
		         want_out, is, is_out);
}

static void
agrees(void **state)
{
	static const struct op ops[] = {
		{ .kind = 1 },
		{ .kind = 2 },
		{ .kind = 0, .flags = BPF_EXIST },
		{ .kind = 0, .flags = LOCK },
		{ .kind = 0, .flags = 3 },
		{ .kind = 0, .flags = BPF_NOEXIST, .value = 7 },
		{ .kind = 1 },
		{ .kind = 0, .flags = BPF_NOEXIST },
		{ .kind = 0, .flags = BPF_EXIST, .value = 8 },
		{ .kind = 0, .flags = 3 },
		{ .kind = 1 },
		{ .kind = 3 },
		{ .kind = 4 },
		{ .kind = 2 },
		{ .kind = 1 },
	};
	struct side kernel, emu = { .b = backend_emu(1) };
	struct fds f;

	(void)state;
	if (backend_kernel(&kernel.b)) {
		fds_open(&f);
		side_open(&kernel);
		side_open(&emu);
		for (u32 t = 0; t < XB_ARRAY_SIZE(types); t++) {
			for (u32 i = 0; i < f.cnt; i++) {
				for (u32 o = 0; o < XB_ARRAY_SIZE(ops); o++) {
					struct op op = ops[o];

					op.map = t;
					op.fd = f.rows[i].fd;
					compare(&kernel, &emu, &op, f.rows[i].name);
				}
			}
		}
		side_close(&kernel);
		side_close(&emu);
		fds_close(&f);
	}
	backend_free(&emu.b);
}

/* Maps, each with descriptors that it takes for the most part. */
static void
agrees_at_random(void **state)
{
	struct side kernel, emu = { .b = backend_emu(1) };
	struct fds f;

	(void)state;
	srand(5);
	if (backend_kernel(&kernel.b)) {
		fds_open(&f);
		side_open(&kernel);
		side_open(&emu);
		for (u32 i = 0; i < OPS; i++) {
			u32 at = (u32)rand() % f.cnt;
			struct op op = {
				.kind = (u32)rand() % 8 ? (u32)rand() % 3 : (u32)rand() % 5,
				.map = (u32)rand() % XB_ARRAY_SIZE(types),
				.value = i,
				.fd = f.rows[at].fd,
				.flags = rand() % 8 ? (u64)rand() % 3 : (u64)rand() % 8,
			};

			/* The kernel keeps what was deleted until RCU lets it go. */
			if (i % 4096 == 0)
				usleep(1000);
			compare(&kernel, &emu, &op, f.rows[at].name);
		}
		side_close(&kernel);
		side_close(&emu);
		fds_close(&f);
	}
	backend_free(&emu.b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees),
		cmocka_unit_test(agrees_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
