/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_obj.c - descriptors, ids and information of objects; commands as such; links.
 */
#include "emu/link.h"
#include "emu/map.h"
#include "emu/sha1.h"
#include "tests/emu/sys_rig.h"
#include "tests/insns.h"
#include "vm/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BAD_PTR 0x10ull

static int
make_map(struct sys_rig *rig, const char *name)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 3;
	memcpy(attr.map_name, name, strlen(name));
	fd = sys_rig_bpf(rig, BPF_MAP_CREATE, &attr, sizeof(attr));
	assert_true(fd >= 0);
	return (int)fd;
}

static int
make_prog(struct sys_rig *rig, u32 expected_attach_type)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 2), XB_EXIT() };
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "GPL";
	attr.expected_attach_type = expected_attach_type;
	fd = sys_rig_bpf(rig, BPF_PROG_LOAD, &attr, sizeof(attr));
	assert_true(fd >= 0);
	return (int)fd;
}

/* An object is known by its file, whatever number that has. */
static void
test_descriptors(void **state)
{
	struct sys_rig rig;
	struct xb_obj *obj, *same;
	int fd, copy, null;

	(void)state;
	sys_rig_init(&rig, NULL);
	fd = make_map(&rig, "one");
	obj = sys_rig_obj(&rig, fd, XB_OBJ_MAP);
	assert_non_null(obj);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	close(fd);
	assert_int_equal(xb_obj_by_fd(rig.emu, fd, XB_OBJ_MAP, &same), -EBADF);
	assert_ptr_equal(sys_rig_obj(&rig, copy, XB_OBJ_MAP), obj);
	assert_int_equal(xb_obj_by_fd(rig.emu, copy, XB_OBJ_PROG, &same), -EINVAL);
	assert_int_equal(xb_obj_by_fd(rig.emu, copy, XB_OBJ_KIND_CNT, &same), 0);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(xb_obj_by_fd(rig.emu, null, XB_OBJ_MAP, &same), -EINVAL);
	close(null);
	close(copy);
	/* It lives on without descriptors, and its id gives a new one. */
	assert_ptr_equal(xb_obj_by_id(rig.emu, XB_OBJ_MAP, obj->id), obj);
	sys_rig_fini(&rig);
}

static void
test_modes(void **state)
{
	struct sys_rig rig;
	struct xb_obj *obj;
	int fd;

	(void)state;
	sys_rig_init(&rig, NULL);
	close(make_map(&rig, "one"));
	obj = xb_obj_by_id(rig.emu, XB_OBJ_MAP, 1);
	fd = xb_obj_fd_flags(obj, BPF_F_RDONLY);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_ptr_equal(sys_rig_obj(&rig, fd, XB_OBJ_MAP), obj);
	close(fd);
	fd = xb_obj_fd_flags(obj, BPF_F_WRONLY);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
	close(fd);
	assert_int_equal(xb_obj_fd_flags(obj, BPF_F_RDONLY | BPF_F_WRONLY), -EINVAL);
	sys_rig_fini(&rig);
}

/* Two emulators in one process know nothing of each other's objects. */
static void
test_two(void **state)
{
	struct sys_rig a, b;
	int fd;

	(void)state;
	sys_rig_init(&a, NULL);
	sys_rig_init(&b, NULL);
	fd = make_map(&a, "one");
	assert_non_null(sys_rig_obj(&a, fd, XB_OBJ_MAP));
	assert_null(sys_rig_obj(&b, fd, XB_OBJ_MAP));
	close(fd);
	sys_rig_fini(&b);
	sys_rig_fini(&a);
}

static void
test_ids(void **state)
{
	union bpf_attr attr;
	struct sys_rig rig;
	int fds[3];
	long fd;

	(void)state;
	sys_rig_init(&rig, NULL);
	for (int i = 0; i < 3; i++)
		fds[i] = make_map(&rig, "m");
	for (u32 id = 0; id < 3; id++) {
		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		assert_int_equal(sys_rig_bpf(&rig, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)), 0);
		assert_int_equal(attr.next_id, id + 1);
	}
	memset(&attr, 0, sizeof(attr));
	attr.start_id = 3;
	assert_int_equal(sys_rig_bpf(&rig, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)), -ENOENT);
	memset(&attr, 0, sizeof(attr));
	attr.start_id = 0;
	assert_int_equal(sys_rig_bpf(&rig, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)), -ENOENT);
	assert_int_equal(sys_rig_bpf(&rig, BPF_BTF_GET_NEXT_ID, &attr, sizeof(attr)), -ENOENT);
	assert_int_equal(sys_rig_bpf(&rig, BPF_LINK_GET_NEXT_ID, &attr, sizeof(attr)), -ENOENT);
	memset(&attr, 0, sizeof(attr));
	attr.map_id = 2;
	fd = sys_rig_bpf(&rig, BPF_MAP_GET_FD_BY_ID, &attr, sizeof(attr));
	assert_true(fd >= 0);
	assert_ptr_equal(sys_rig_obj(&rig, (int)fd, XB_OBJ_MAP),
	                 sys_rig_obj(&rig, fds[1], XB_OBJ_MAP));
	close((int)fd);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	sys_rig_fini(&rig);
}

/* Errors of commands, the same here and in the kernel. MAP and PROG stand for descriptors. */
#define MAP      0x7001
#define PROG     0x7002
#define NULL_FD  0x7003
#define NOT_OPEN 0x7004
#define NO_FD    0

static const struct {
	const char *name;
	int cmd;
	long rc;
	union bpf_attr attr;
	u32 fd; /* goes to the first field, whatever that is called */
	u32 bytes;
	u8 last;       /* byte of the attributes */
	bool emu_only; /* the kernel's answer depends on its age or configuration */
} cmds[] = {
	{ "unknown command", 4711, -EINVAL, .fd = NO_FD },
	{ "negative command", -1, -EINVAL, .fd = NO_FD },
	{ "no such map id", BPF_MAP_GET_FD_BY_ID, -ENOENT, { .map_id = 0x7fffff00 }, .fd = NO_FD },
	{ "no such prog id",
	  BPF_PROG_GET_FD_BY_ID,
	  -ENOENT,
	  { .prog_id = 0x7fffff00 },
	  .fd = NO_FD },
	{ "no such BTF id", BPF_BTF_GET_FD_BY_ID, -ENOENT, { .btf_id = 0x7fffff00 }, .fd = NO_FD },
	{ "no such link id",
	  BPF_LINK_GET_FD_BY_ID,
	  -ENOENT,
	  { .link_id = 0x7fffff00 },
	  .fd = NO_FD },
	{ "map by id with unknown flags",
	  BPF_MAP_GET_FD_BY_ID,
	  -EINVAL,
	  { .open_flags = 1 },
	  .fd = NO_FD },
	{ "prog by id with flags",
	  BPF_PROG_GET_FD_BY_ID,
	  -EINVAL,
	  { .open_flags = 8 },
	  .fd = NO_FD },
	{ "next id of a huge one",
	  BPF_MAP_GET_NEXT_ID,
	  -EINVAL,
	  { .start_id = 0x7fffffff },
	  .fd = NO_FD },
	{ "next id with something behind", BPF_MAP_GET_NEXT_ID, -EINVAL, .last = 1 },
	{ "information of what is not open", BPF_OBJ_GET_INFO_BY_FD, -EBADFD, .fd = NOT_OPEN },
	{ "information of a file", BPF_OBJ_GET_INFO_BY_FD, -EINVAL, .fd = NULL_FD },
	{ "information nowhere",
	  BPF_OBJ_GET_INFO_BY_FD,
	  -EFAULT,
	  { .info = { .info_len = 8, .info = BAD_PTR } },
	  .fd = MAP },
	{ "information of 5000 bytes",
	  BPF_OBJ_GET_INFO_BY_FD,
	  -E2BIG,
	  { .info = { .info_len = 5000, .info = BAD_PTR } },
	  .fd = MAP },
	{ "pin of what is not open", BPF_OBJ_PIN, -EBADF, .fd = NOT_OPEN, .emu_only = true },
	{ "get with a descriptor", BPF_OBJ_GET, -EINVAL, .fd = MAP, .emu_only = true },
	{ "get with unknown flags", BPF_OBJ_GET, -EINVAL, { .file_flags = 1 << 20 }, .fd = NO_FD },
	{ "bind without a program",
	  BPF_PROG_BIND_MAP,
	  -EBADF,
	  { .prog_bind_map = { .map_fd = 0 } },
	  .fd = NOT_OPEN },
	{ "bind to a map", BPF_PROG_BIND_MAP, -EINVAL, .fd = MAP },
	{ "bind with flags",
	  BPF_PROG_BIND_MAP,
	  -EINVAL,
	  { .prog_bind_map = { .flags = 1 } },
	  .fd = PROG },
	{ "run of a map", BPF_PROG_TEST_RUN, -EINVAL, .fd = MAP },
	{ "run of what is not open", BPF_PROG_TEST_RUN, -EBADF, .fd = NOT_OPEN },
	{ "run with a context of no bytes",
	  BPF_PROG_TEST_RUN,
	  -EINVAL,
	  { .test = { .ctx_in = BAD_PTR } },
	  .fd = PROG },
	{ "run with a context nowhere",
	  BPF_PROG_TEST_RUN,
	  -EINVAL,
	  { .test = { .ctx_size_out = 8 } },
	  .fd = PROG },
	{ "link of a map", BPF_LINK_CREATE, -EINVAL, .fd = MAP },
	{ "link of what is not open", BPF_LINK_CREATE, -EBADF, .fd = NOT_OPEN },
	{ "link of an XDP program as something else",
	  BPF_LINK_CREATE,
	  -EINVAL,
	  { .link_create = { .target_ifindex = 1, .attach_type = BPF_SK_LOOKUP } },
	  .fd = PROG },
	{ "update of a map", BPF_LINK_UPDATE, -EINVAL, .fd = MAP },
	{ "update with unknown flags",
	  BPF_LINK_UPDATE,
	  -EINVAL,
	  { .link_update = { .flags = 1 } },
	  .fd = MAP },
	{ "detach of a map", BPF_LINK_DETACH, -EINVAL, .fd = MAP },
	{ "detach of what is not open", BPF_LINK_DETACH, -EBADF, .fd = NOT_OPEN },
	{ "tracepoint of an XDP program", BPF_RAW_TRACEPOINT_OPEN, -EINVAL, .fd = PROG },
	{ "more than a page", BPF_MAP_GET_NEXT_ID, -E2BIG, .bytes = 5000 },
	{ "not emulated", BPF_TASK_FD_QUERY, -EINVAL, .emu_only = true },
};

static u32
real_fd(u32 fd, int map, int prog, int null)
{
	switch (fd) {
	case MAP:
		return (u32)map;
	case PROG:
		return (u32)prog;
	case NULL_FD:
		return (u32)null;
	case NOT_OPEN:
		return 999;
	default:
		return fd;
	}
}

static void
run_cmds(struct sys_rig *rig)
{
	int map = make_map(rig, "m"), prog = make_prog(rig, 0);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < XB_ARRAY_SIZE(cmds); i++) {
		union {
			union bpf_attr attr;
			u32 words[2048];
			u8 all[8192];
		} u;
		long rc;

		if (cmds[i].emu_only && rig->emu == NULL)
			continue;
		memset(&u, 0, sizeof(u));
		memcpy(&u.attr, &cmds[i].attr, sizeof(u.attr));
		if (cmds[i].cmd == BPF_OBJ_PIN || cmds[i].cmd == BPF_OBJ_GET)
			u.attr.bpf_fd = real_fd(cmds[i].fd, map, prog, null);
		else if (cmds[i].cmd == BPF_RAW_TRACEPOINT_OPEN)
			u.attr.raw_tracepoint.prog_fd = real_fd(cmds[i].fd, map, prog, null);
		else if (cmds[i].cmd == BPF_PROG_TEST_RUN || cmds[i].fd)
			u.words[0] = real_fd(cmds[i].fd, map, prog, null);
		u.all[sizeof(union bpf_attr) - 1] = cmds[i].last;
		rc = sys_rig_bpf(rig, cmds[i].cmd, &u.attr,
		                 cmds[i].bytes ? cmds[i].bytes : (u32)sizeof(union bpf_attr));
		if (rc != cmds[i].rc)
			fail_msg("%s: %s: %ld, not %ld", rig->emu ? "emulator" : "kernel",
			         cmds[i].name, rc, cmds[i].rc);
	}
	close(null);
	close(prog);
	close(map);
}

static void
test_cmds(void **state)
{
	struct sys_rig rig;

	(void)state;
	sys_rig_init(&rig, NULL);
	run_cmds(&rig);
	assert_int_equal(rig.emu->missing_cmds, 1ull << BPF_TASK_FD_QUERY);
	assert_string_equal(xb_emu_cmd_name(BPF_TASK_FD_QUERY), "TASK_FD_QUERY");
	assert_null(xb_emu_cmd_name(4711));
	sys_rig_fini(&rig);
	if (sys_rig_init_kernel(&rig))
		run_cmds(&rig);
}

static void
test_map_info(void **state)
{
	struct bpf_map_info info;
	union bpf_attr attr;
	struct sys_rig rig;
	int fd;

	(void)state;
	memset(&attr, 0, sizeof(attr));
	sys_rig_init(&rig, NULL);
	fd = make_map(&rig, "told");
	memset(&info, 0xff, sizeof(info));
	attr.info.bpf_fd = (u32)fd;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = 16;
	assert_int_equal(sys_rig_bpf(&rig, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	assert_int_equal(attr.info.info_len, 16);
	assert_int_equal(info.value_size, 8);
	assert_int_equal(info.max_entries, UINT32_MAX); /* behind what was asked for */
	attr.info.info_len = sizeof(info);
	memset(&info, 0, sizeof(info));
	assert_int_equal(sys_rig_bpf(&rig, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	assert_string_equal(info.name, "told");
	assert_int_equal(info.max_entries, 3);
	assert_int_equal(info.id, 1);
	close(fd);
	sys_rig_fini(&rig);
}

static long
link_xdp(struct sys_rig *rig, int prog, u32 ifindex, u32 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (u32)prog;
	attr.link_create.target_ifindex = ifindex;
	attr.link_create.attach_type = BPF_XDP;
	attr.link_create.flags = flags;
	return sys_rig_bpf(rig, BPF_LINK_CREATE, &attr, sizeof(attr));
}

static void
test_xdp_link(void **state)
{
	union bpf_attr attr;
	struct bpf_link_info info = { 0 };
	struct sys_rig rig;
	int prog, other, devmap;
	long link;

	(void)state;
	memset(&attr, 0, sizeof(attr));
	sys_rig_init(&rig, NULL);
	prog = make_prog(&rig, 0);
	other = make_prog(&rig, 0);
	devmap = make_prog(&rig, BPF_XDP_DEVMAP);
	assert_int_equal(link_xdp(&rig, prog, 0, 0), -EINVAL);
	assert_int_equal(link_xdp(&rig, prog, 7, 6), -EINVAL);
	assert_int_equal(link_xdp(&rig, devmap, 7, 0), -EINVAL);
	link = link_xdp(&rig, prog, 7, 0);
	assert_true(link >= 0);
	assert_int_equal(link_xdp(&rig, other, 7, 0), -EBUSY);
	assert_ptr_equal(&xb_link_xdp(rig.emu, 7)->obj, sys_rig_obj(&rig, prog, XB_OBJ_PROG));
	attr.info.bpf_fd = (u32)link;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = sizeof(info);
	assert_int_equal(sys_rig_bpf(&rig, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	assert_int_equal(info.type, BPF_LINK_TYPE_XDP);
	assert_int_equal(info.xdp.ifindex, 7);
	memset(&attr, 0, sizeof(attr));
	attr.link_update.link_fd = (u32)link;
	attr.link_update.new_prog_fd = (u32)other;
	attr.link_update.old_prog_fd = (u32)other;
	attr.link_update.flags = BPF_F_REPLACE;
	assert_int_equal(sys_rig_bpf(&rig, BPF_LINK_UPDATE, &attr, sizeof(attr)), -EPERM);
	attr.link_update.old_prog_fd = (u32)prog;
	assert_int_equal(sys_rig_bpf(&rig, BPF_LINK_UPDATE, &attr, sizeof(attr)), 0);
	assert_ptr_equal(&xb_link_xdp(rig.emu, 7)->obj, sys_rig_obj(&rig, other, XB_OBJ_PROG));
	memset(&attr, 0, sizeof(attr));
	attr.link_detach.link_fd = (u32)link;
	assert_int_equal(sys_rig_bpf(&rig, BPF_LINK_DETACH, &attr, sizeof(attr)), 0);
	assert_null(xb_link_xdp(rig.emu, 7));
	close((int)link);
	close(devmap);
	close(other);
	close(prog);
	sys_rig_fini(&rig);
}

/* FIPS 180-4's examples, and the lengths around a block's end. */
static void
test_sha1(void **state)
{
	static const struct {
		const char *text, *hex;
	} sums[] = {
		{ "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
		{ "0123456789012345678901234567890123456789012345678901234",
		  "9f3a4ce7f66b1b74c34da2c5d732c39f81e0f8df" },
		{ "0123456789012345678901234567890123456789012345678901234567890123",
		  "cf0800f7644ace3cb4c3fa33388d3ba0ea3c8b6e" },
	};

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(sums); i++) {
		u8 digest[XB_SHA1_BYTES];
		char hex[2 * XB_SHA1_BYTES + 1];

		xb_sha1(sums[i].text, strlen(sums[i].text), digest);
		for (int j = 0; j < XB_SHA1_BYTES; j++)
			snprintf(hex + 2 * j, 3, "%02x", digest[j]);
		assert_string_equal(hex, sums[i].hex);
	}
}

/* A value of which only the first half is there, whatever the last error was. */
static void
half_a_value(struct sys_rig *rig)
{
	static const int errors[] = { 0, EPERM, ENOSYS };
	const u32 key = 0;
	u8 *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)make_map(rig, "half");
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)(pages + 4092);
	assert_true(pages != MAP_FAILED);
	assert_int_equal(mprotect(pages + 4096, 4096, PROT_NONE), 0);
	for (u32 i = 0; i < XB_ARRAY_SIZE(errors); i++) {
		errno = errors[i];
		assert_int_equal(sys_rig_bpf(rig, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)),
		                 -EFAULT);
		errno = errors[i];
		assert_int_equal(sys_rig_bpf(rig, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)),
		                 -EFAULT);
	}
	close((int)attr.map_fd);
	munmap(pages, 8192);
}

static void
test_half_a_value(void **state)
{
	struct sys_rig rig;

	(void)state;
	sys_rig_init(&rig, NULL);
	half_a_value(&rig);
	sys_rig_fini(&rig);
	if (!sys_rig_init_kernel(&rig))
		return;
	half_a_value(&rig);
	sys_rig_fini(&rig);
}

/*
 * A program knows the handle of a map that it does not name, and calls into what only answered a
 * loader's question.
 */
static void
test_tail_call_probe(void **state)
{
	const struct bpf_insn nothing[] = { XB_MOV64_IMM(0, 0), XB_EXIT() };
	struct sys_rig rig;
	union bpf_attr map;
	union bpf_attr probe;
	u32 key = 0, value;
	union bpf_attr put;
	int map_fd, fd;

	(void)state;
	memset(&put, 0, sizeof(put));
	put.key = (uintptr_t)&key;
	put.value = (uintptr_t)&value;
	memset(&probe, 0, sizeof(probe));
	probe.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	probe.insns = (uintptr_t)nothing;
	probe.insn_cnt = 2;
	probe.license = (uintptr_t) "GPL";
	memset(&map, 0, sizeof(map));
	map.map_type = BPF_MAP_TYPE_PROG_ARRAY;
	map.key_size = 4;
	map.value_size = 4;
	map.max_entries = 1;
	sys_rig_init(&rig, NULL);
	map_fd = (int)sys_rig_bpf(&rig, BPF_MAP_CREATE, &map, sizeof(map));
	fd = (int)sys_rig_bpf(&rig, BPF_PROG_LOAD, &probe, sizeof(probe));
	assert_true(map_fd >= 0 && fd >= 0);
	put.map_fd = (u32)map_fd;
	value = (u32)fd;
	assert_int_equal(sys_rig_bpf(&rig, BPF_MAP_UPDATE_ELEM, &put, sizeof(put)), 0);
	close(fd);
	{
		const struct xb_map *m =
		        XB_CONTAINER_OF(sys_rig_obj(&rig, map_fd, XB_OBJ_MAP), struct xb_map, obj);
		const struct bpf_insn calls[] = { XB_LD_IMM64(2, m->handle), XB_MOV64_IMM(3, 0),
			                          XB_CALL(BPF_FUNC_tail_call), XB_EXIT() };
		union bpf_attr prog;
		struct xb_err err = XB_ERR_INIT;
		struct xb_bpf_prog *xdp;
		struct xb_proc *proc = xb_proc_new(rig.emu->vm, 0, &err);

		memset(&prog, 0, sizeof(prog));
		prog.prog_type = BPF_PROG_TYPE_XDP;
		prog.insns = (uintptr_t)calls;
		prog.insn_cnt = XB_ARRAY_SIZE(calls);
		prog.license = (uintptr_t) "GPL";
		fd = (int)sys_rig_bpf(&rig, BPF_PROG_LOAD, &prog, sizeof(prog));
		assert_true(fd >= 0);
		xdp = XB_CONTAINER_OF(sys_rig_obj(&rig, fd, XB_OBJ_PROG), struct xb_bpf_prog, obj);
		assert_int_equal(xb_proc_run(proc, xdp->vm, XB_MEM_NULL_BYTES), XB_RUN_FAULT);
		assert_int_equal(proc->fault.kind, XB_FAULT_BAD_CALL);
		assert_string_equal(proc->fault.message,
		                    "tail call from a program of type xdp into one of type "
		                    "socket_filter");
		xb_proc_free(proc);
	}
	close(fd);
	close(map_fd);
	sys_rig_fini(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors),  cmocka_unit_test(test_modes),
		cmocka_unit_test(test_two),          cmocka_unit_test(test_ids),
		cmocka_unit_test(test_cmds),         cmocka_unit_test(test_map_info),
		cmocka_unit_test(test_xdp_link),     cmocka_unit_test(test_sha1),
		cmocka_unit_test(test_half_a_value), cmocka_unit_test(test_tail_call_probe),
	};

	return cmocka_run_group_tests_name("obj", tests, NULL, NULL);
}
