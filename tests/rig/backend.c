/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rig/backend.h"

#include "emu/map.h"
#include "emu/obj.h"
#include "emu/prog.h"
#include "tests/rig/permitted.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#define LOG_BYTES 65536

/* Around the linker's --wrap, which leads syscall() to the emulator. */
long __real_syscall(long nr, ...);

void
backend_open_emu(struct backend *b, void (*types)(struct xb_emu *))
{
	const struct xb_emu_opts opts = { .cpu_cnt = 4 };
	struct xb_err err = XB_ERR_INIT;

	*b = (struct backend){ .name = "emulator", .emu = xb_emu_new(&opts, &err) };
	if (!b->emu)
		fail_msg("%s", err.msg);
	if (types)
		types(b->emu);
}

bool
backend_open_kernel(struct backend *b)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = 1;
	*b = (struct backend){ .name = "kernel" };
	fd = backend_bpf(b, BPF_MAP_CREATE, &attr);
	if (!probe_permitted(fd)) {
		print_message("skipped: bpf(2) not permitted\n");
		return false;
	}
	close((int)fd);
	return true;
}

void
backend_close(struct backend *b)
{
	xb_emu_free(b->emu);
}

long
backend_bpf(const struct backend *b, int cmd, union bpf_attr *attr)
{
	long ret;

	if (b->emu)
		return xb_emu_bpf(b->emu, cmd, attr, sizeof(*attr));
	ret = __real_syscall(SYS_bpf, cmd, attr, sizeof(*attr));
	return ret < 0 ? -errno : ret;
}

int
backend_map(const struct backend *b, u32 type, u32 key_bytes, u32 value_bytes, u32 entries)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key_bytes;
	attr.value_size = value_bytes;
	attr.max_entries = entries;
	fd = backend_bpf(b, BPF_MAP_CREATE, &attr);
	if (fd < 0)
		fail_msg("%s: map of type %u: %s", b->name, type, strerror((int)-fd));
	return (int)fd;
}

long
backend_update(const struct backend *b, int map, const void *key, const void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)map;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	return backend_bpf(b, BPF_MAP_UPDATE_ELEM, &attr);
}

long
backend_lookup(const struct backend *b, int map, const void *key, void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)map;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	return backend_bpf(b, BPF_MAP_LOOKUP_ELEM, &attr);
}

long
backend_try_prog(const struct backend *b, const struct backend_prog *prog, char *text, u32 bytes)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = prog->type ? prog->type : BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)prog->insns;
	attr.insn_cnt = prog->insn_cnt;
	attr.license = (uintptr_t)(prog->license ? prog->license : "GPL");
	attr.expected_attach_type = prog->attach_type;
	attr.prog_flags = prog->flags;
	attr.log_buf = (uintptr_t)text;
	attr.log_size = bytes;
	attr.log_level = 1;
	text[0] = 0;
	return backend_bpf(b, BPF_PROG_LOAD, &attr);
}

int
backend_prog(const struct backend *b, const struct backend_prog *prog)
{
	char text[LOG_BYTES];
	long fd = backend_try_prog(b, prog, text, sizeof(text));

	if (fd < 0)
		fail_msg("%s: program: %s\n%s", b->name, strerror((int)-fd), text);
	return (int)fd;
}

struct xb_bpf_prog *
backend_emu_prog(const struct backend *b, int fd)
{
	struct xb_obj *obj;

	assert_int_equal(xb_obj_by_fd(b->emu, fd, XB_OBJ_PROG, &obj), 0);
	return XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj);
}

struct xb_map *
backend_emu_map(const struct backend *b, int fd)
{
	struct xb_obj *obj;

	assert_int_equal(xb_obj_by_fd(b->emu, fd, XB_OBJ_MAP, &obj), 0);
	return XB_CONTAINER_OF(obj, struct xb_map, obj);
}
