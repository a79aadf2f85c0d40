/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/map_storage.h"

#include "emu/map.h"
#include "tests/rig/cgroup.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void
name_of(char *name, size_t bytes, u32 i)
{
	snprintf(name, bytes, "xdpbench-storage-%u-%d", i, (int)getpid());
}

static bool
make_dirs(struct map_storage *s)
{
	s->root = cgroup2_open();
	for (u32 i = 0; i < MAP_STORAGE_CNT; i++) {
		struct stat st;
		char name[64];

		name_of(name, sizeof(name), i);
		if (s->root < 0 || mkdirat(s->root, name, 0755))
			return false;
		s->dir[i] = openat(s->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (s->dir[i] < 0 || fstat(s->dir[i], &st))
			return false;
		s->id[i] = st.st_ino;
	}
	return true;
}

void
map_storage_open(struct map_storage *s, bool has_kernel)
{
	*s = (struct map_storage){ .root = -1, .dir = { -1, -1, -1 } };
	for (u32 i = 0; i < MAP_STORAGE_CNT; i++)
		s->id[i] = 1000 + i;
	s->has = !has_kernel || make_dirs(s);
	if (!s->has)
		print_message("skipped: cgroup storage with values, no cgroups can be made\n");
}

void
map_storage_close(struct map_storage *s)
{
	if (s->root <= 0)
		return;
	for (u32 i = 0; i < MAP_STORAGE_CNT; i++) {
		char name[64];

		name_of(name, sizeof(name), i);
		if (s->dir[i] >= 0)
			close(s->dir[i]);
		unlinkat(s->root, name, AT_REMOVEDIR);
	}
	close(s->root);
}

static int
load(const struct backend *b, int map)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_local_storage },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_SKB;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = XB_ARRAY_SIZE(insns);
	attr.license = (uintptr_t) "GPL";
	fd = backend_bpf(b, BPF_PROG_LOAD, &attr, sizeof(attr));
	assert_true(fd >= 0);
	return (int)fd;
}

static void
attach(const struct map_storage *s, const struct backend *b, int map, u32 i, u32 type)
{
	union bpf_attr attr;
	int prog;

	if (b->emu) {
		assert_int_equal(xb_cgroup_storage_use(map_of(b, map), s->id[i], type), 0);
		return;
	}
	prog = load(b, map);
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (u32)s->dir[i];
	attr.attach_bpf_fd = (u32)prog;
	attr.attach_type = type;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	assert_int_equal(backend_bpf(b, BPF_PROG_ATTACH, &attr, sizeof(attr)), 0);
	close(prog);
}

void
map_storage_attach(struct map_storage *s, const struct backend *b, int map)
{
	for (u32 i = 0; i < MAP_STORAGE_CNT; i++) {
		attach(s, b, map, i, BPF_CGROUP_INET_INGRESS);
		if (i)
			attach(s, b, map, i, BPF_CGROUP_INET_EGRESS);
	}
}
