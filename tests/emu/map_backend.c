/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/map_backend.h"

#include "emu/map.h"
#include "emu/obj.h"
#include "tests/rig/permitted.h"

#include <bpf/btf.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* The C library's: `syscall` itself leads to the emulator. */
long __real_syscall(long number, ...);

long
backend_bpf(const struct backend *b, int cmd, union bpf_attr *attr, u32 bytes)
{
	long ret;

	if (b->emu)
		return xb_emu_bpf(b->emu, cmd, attr, bytes);
	ret = __real_syscall(__NR_bpf, cmd, attr, bytes);
	return ret < 0 ? -errno : ret;
}

#define POSSIBLE_CPUS "/sys/devices/system/cpu/possible"

struct backend
backend_emu(u32 cpus)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_emu *emu = xb_emu_new(&(struct xb_emu_opts){ .cpu_cnt = cpus, .seed = 1 }, &err);

	assert_non_null(emu);
	return (struct backend){ "emulator", emu };
}

void
backend_free(struct backend *b)
{
	xb_emu_free(b->emu);
}

bool
backend_kernel(struct backend *b)
{
	long fd;

	*b = (struct backend){ "kernel", NULL };
	fd = map_create(b, &(struct map_spec){ BPF_MAP_TYPE_LRU_HASH, 4, 4, 1, 0 });
	if (!probe_permitted(fd)) {
		print_message("skipped: bpf(2) not permitted\n");
		return false;
	}
	close((int)fd);
	if (access(POSSIBLE_CPUS, R_OK) != 0) {
		print_message("skipped: nothing says how many CPUs the kernel's maps have\n");
		return false;
	}
	return true;
}

u32
backend_cpus(void)
{
	u32 first = 0, last = 0;
	FILE *f = fopen(POSSIBLE_CPUS, "r");

	if (!f)
		return 1;
	if (fscanf(f, "%u-%u", &first, &last) < 2)
		last = first;
	fclose(f);
	return last + 1;
}

void
backend_pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

long
map_create(const struct backend *b, const struct map_spec *spec)
{
	return map_create_with(b, spec, &(struct map_more){ 0 });
}

long
map_create_with(const struct backend *b, const struct map_spec *spec, const struct map_more *more)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = spec->type;
	attr.key_size = spec->key;
	attr.value_size = spec->value;
	attr.max_entries = spec->max;
	attr.map_flags = spec->flags;
	attr.inner_map_fd = (u32)more->inner;
	attr.map_extra = more->extra;
	attr.btf_vmlinux_value_type_id = more->vmlinux_value;
	attr.btf_fd = (u32)more->btf_fd;
	attr.btf_key_type_id = attr.btf_value_type_id = more->typed;
	return backend_bpf(b, BPF_MAP_CREATE, &attr, sizeof(attr));
}

struct map_ops_type
map_ops_type(bool has_kernel)
{
	struct btf *btf = has_kernel ? btf__load_vmlinux_btf() : NULL;
	int id = btf ? btf__find_by_name_kind(btf, "bpf_struct_ops_tcp_congestion_ops",
	                                      BTF_KIND_STRUCT)
	             : -1;
	struct map_ops_type type = { 1, 256 };

	if (id > 0)
		type = (struct map_ops_type){ (u32)id, (u32)btf__resolve_size(btf, (u32)id) };
	btf__free(btf);
	return type;
}

int
map_load_btf(const struct backend *b)
{
	struct btf *btf = btf__new_empty();
	union bpf_attr attr;
	u32 bytes;
	long fd;

	assert_true(btf__add_int(btf, "int", 4, BTF_INT_SIGNED) > 0);
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)btf__raw_data(btf, &bytes);
	attr.btf_size = bytes;
	fd = backend_bpf(b, BPF_BTF_LOAD, &attr, sizeof(attr));
	assert_true(fd >= 0);
	btf__free(btf);
	return (int)fd;
}

static long
elem(const struct backend *b, int cmd, int fd, const void *key, const void *value, u64 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	attr.flags = flags;
	return backend_bpf(b, cmd, &attr, sizeof(attr));
}

long
map_lookup(const struct backend *b, int fd, const void *key, void *value)
{
	return elem(b, BPF_MAP_LOOKUP_ELEM, fd, key, value, 0);
}

long
map_update(const struct backend *b, int fd, const void *key, const void *value, u64 flags)
{
	return elem(b, BPF_MAP_UPDATE_ELEM, fd, key, value, flags);
}

long
map_delete(const struct backend *b, int fd, const void *key)
{
	return elem(b, BPF_MAP_DELETE_ELEM, fd, key, NULL, 0);
}

long
map_next(const struct backend *b, int fd, const void *key, void *next)
{
	return elem(b, BPF_MAP_GET_NEXT_KEY, fd, key, next, 0);
}

long
map_take(const struct backend *b, int fd, const void *key, void *value)
{
	return elem(b, BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, key, value, 0);
}

long
map_freeze(const struct backend *b, int fd)
{
	return elem(b, BPF_MAP_FREEZE, fd, NULL, NULL, 0);
}

long
map_batch(const struct backend *b, int fd, int cmd, const struct map_batch *batch)
{
	union bpf_attr attr;
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (u32)fd;
	attr.batch.in_batch = (uintptr_t)batch->in;
	attr.batch.out_batch = (uintptr_t)batch->out;
	attr.batch.keys = (uintptr_t)batch->keys;
	attr.batch.values = (uintptr_t)batch->values;
	attr.batch.count = *batch->count;
	attr.batch.elem_flags = batch->elem_flags;
	attr.batch.flags = batch->flags;
	ret = backend_bpf(b, cmd, &attr, sizeof(attr));
	*batch->count = attr.batch.count;
	return ret;
}

struct xb_map *
map_of(const struct backend *b, int fd)
{
	struct xb_obj *obj;

	assert_int_equal(xb_obj_by_fd(b->emu, fd, XB_OBJ_MAP, &obj), 0);
	return XB_CONTAINER_OF(obj, struct xb_map, obj);
}
