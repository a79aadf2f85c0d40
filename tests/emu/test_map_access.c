/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_map_access.c - who may do what: every command on maps of every type, through descriptors to
 * read, to write and for both, before and after the map is frozen, with all kinds of flags.
 */
#include "emu/map.h"
#include "tests/emu/map_random.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define VALUE_MOST 8192u

static const u32 accesses[] = { 0, BPF_F_RDONLY, BPF_F_WRONLY, BPF_F_RDONLY_PROG,
	                        BPF_F_WRONLY_PROG };

/* Freezing is one of them, and changes what the others say after it. */
static const struct {
	const char *name;
	int cmd;
	u64 flags;
} steps[] = {
	{ "lookup", BPF_MAP_LOOKUP_ELEM, 0 },
	{ "lookup, lock", BPF_MAP_LOOKUP_ELEM, BPF_F_LOCK },
	{ "lookup, exist", BPF_MAP_LOOKUP_ELEM, BPF_EXIST },
	{ "next", BPF_MAP_GET_NEXT_KEY, 0 },
	{ "update, lock", BPF_MAP_UPDATE_ELEM, BPF_F_LOCK },
	{ "update, lock and exist", BPF_MAP_UPDATE_ELEM, BPF_F_LOCK | BPF_EXIST },
	{ "update, exist", BPF_MAP_UPDATE_ELEM, BPF_EXIST },
	{ "update, 3", BPF_MAP_UPDATE_ELEM, 3 },
	{ "update, 8", BPF_MAP_UPDATE_ELEM, 8 },
	{ "update, high", BPF_MAP_UPDATE_ELEM, 1ull << 32 },
	{ "update", BPF_MAP_UPDATE_ELEM, 0 },
	{ "update, noexist", BPF_MAP_UPDATE_ELEM, BPF_NOEXIST },
	{ "lookup what is there", BPF_MAP_LOOKUP_ELEM, 0 },
	{ "take, lock", BPF_MAP_LOOKUP_AND_DELETE_ELEM, BPF_F_LOCK },
	{ "take, exist", BPF_MAP_LOOKUP_AND_DELETE_ELEM, BPF_EXIST },
	{ "lookup batch", BPF_MAP_LOOKUP_BATCH, 0 },
	{ "update batch", BPF_MAP_UPDATE_BATCH, 0 },
	{ "update batch, lock", BPF_MAP_UPDATE_BATCH, BPF_F_LOCK },
	{ "delete batch", BPF_MAP_DELETE_BATCH, 0 },
	{ "take batch", BPF_MAP_LOOKUP_AND_DELETE_BATCH, 0 },
	{ "update again", BPF_MAP_UPDATE_ELEM, 0 },
	{ "take", BPF_MAP_LOOKUP_AND_DELETE_ELEM, 0 },
	{ "delete", BPF_MAP_DELETE_ELEM, 0 },
	{ "freeze", BPF_MAP_FREEZE, 0 },
};

/* Both sides' maps of one row. */
struct pair {
	struct backend b[2];
	u32 side_cnt;
	int fd[2];
	const struct map_random_row *row;
	struct map_ops_type ops;
	u32 access, done;
};

static void
attr_of_batch(union bpf_attr *attr, const struct pair *p, u32 side, u64 flags, void *mem)
{
	attr->batch.map_fd = (u32)p->fd[side];
	attr->batch.keys = (uintptr_t)mem;
	attr->batch.values = (uintptr_t)mem + 512;
	attr->batch.out_batch = (uintptr_t)mem + 256;
	attr->batch.count = 1;
	attr->batch.elem_flags = flags;
}

/* Keys are zeros, values bits of 1: neither descriptors nor devices. */
static long
run_step(const struct pair *p, u32 side, int cmd, u64 flags)
{
	static u8 mem[512 + VALUE_MOST];
	union bpf_attr attr;
	bool batch = cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_UPDATE_BATCH ||
	             cmd == BPF_MAP_DELETE_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH;

	memset(mem, 0, 512);
	memset(mem + 512, 0xff, VALUE_MOST);
	memset(&attr, 0, sizeof(attr));
	if (batch) {
		attr_of_batch(&attr, p, side, flags, mem);
		return backend_bpf(&p->b[side], cmd, &attr, sizeof(attr));
	}
	attr.map_fd = (u32)p->fd[side];
	if (cmd != BPF_MAP_FREEZE)
		attr.key = p->row->spec.key ? (uintptr_t)mem : 0;
	if (cmd != BPF_MAP_FREEZE && cmd != BPF_MAP_DELETE_ELEM)
		attr.value = (uintptr_t)mem + 512;
	attr.flags = flags;
	return backend_bpf(&p->b[side], cmd, &attr, sizeof(attr));
}

static void
check(struct pair *p, const char *what, const char *when, const long ret[2])
{
	if (p->side_cnt < 2)
		return;
	p->done++;
	if (ret[0] != ret[1])
		fail_msg("%s, flags 0x%x: %s%s: emulator %ld, kernel %ld", p->row->name, p->access,
		         what, when, ret[0], ret[1]);
}

/* False, on both sides, where the type has no such maps. */
static bool
open_maps(struct pair *p)
{
	struct map_spec spec = p->row->spec;
	long ret[2] = { 0, 0 };

	spec.flags |= p->access;
	if (p->row->value == VALUE_OPS)
		spec.value = p->ops.bytes;
	for (u32 i = 0; i < p->side_cnt; i++) {
		struct map_more more = { 0 };

		if (p->row->value == VALUE_MAP)
			more.inner = (int)map_create(
			        &p->b[i], &(struct map_spec){ BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0 });
		if (p->row->value == VALUE_OPS) {
			more.vmlinux_value = p->ops.id;
			more.btf_fd = map_load_btf(&p->b[i]);
		}
		p->fd[i] = (int)map_create_with(&p->b[i], &spec, &more);
		ret[i] = p->fd[i] < 0 ? p->fd[i] : 0;
		if (more.inner)
			close(more.inner);
		if (more.btf_fd)
			close(more.btf_fd);
	}
	check(p, "create", "", ret);
	return p->fd[0] >= 0;
}

static void
check_maps(struct pair *p)
{
	for (u32 frozen = 0; frozen < 2; frozen++)
		for (size_t i = 0; i < XB_ARRAY_SIZE(steps); i++) {
			long ret[2] = { 0, 0 };

			for (u32 side = 0; side < p->side_cnt; side++)
				ret[side] = run_step(p, side, steps[i].cmd, steps[i].flags);
			check(p, steps[i].name, frozen ? ", after freeze" : "", ret);
		}
}

static void
test_access(void **state)
{
	struct pair p = { .b[0] = backend_emu(backend_cpus()) };

	(void)state;
	p.side_cnt = backend_kernel(&p.b[1]) ? 2 : 1;
	p.ops = map_ops_type(p.side_cnt == 2);
	for (u32 i = 0; i < map_random_row_cnt; i++)
		for (size_t a = 0; a < XB_ARRAY_SIZE(accesses); a++) {
			p.row = &map_random_rows[i];
			p.access = accesses[a];
			if (!open_maps(&p))
				continue;
			check_maps(&p);
			for (u32 side = 0; side < p.side_cnt; side++)
				close(p.fd[side]);
		}
	if (p.side_cnt == 2)
		print_message("%u results agree with the kernel\n", p.done);
	backend_free(&p.b[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access),
	};

	return cmocka_run_group_tests_name("map access", tests, NULL, NULL);
}
