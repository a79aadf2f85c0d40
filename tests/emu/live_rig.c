/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/live_rig.h"

#include "emu/kernel.h"
#include "emu/map_live.h"
#include "tests/insns.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_OFF   (-16)
#define VALUE_OFF (-24)

bool
live_open(struct live *l, u32 cpus)
{
	struct xb_emu_opts opts = { .cpu_cnt = cpus };
	struct xb_err err = XB_ERR_INIT;

	if (!backend_open_kernel(&l->kernel))
		return false;
	l->cpus = xb_kernel_cpu_cnt();
	assert_in_range(l->cpus, 1, LIVE_MOST_CPUS);
	if (!cpus)
		opts.cpu_cnt = l->cpus;
	l->emu = (struct backend){ .name = "emulator", .emu = xb_emu_new(&opts, &err) };
	assert_non_null(l->emu.emu);
	xb_xdp_register(l->emu.emu);
	return true;
}

void
live_close(struct live *l)
{
	backend_close(&l->emu);
}

int
live_map(const struct live *l, const struct live_spec *spec)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = spec->type;
	attr.key_size = spec->key_bytes;
	attr.value_size = spec->value_bytes;
	attr.max_entries = spec->entries;
	attr.map_flags = spec->flags;
	snprintf(attr.map_name, sizeof(attr.map_name), "xb_live");
	fd = backend_bpf(&l->kernel, BPF_MAP_CREATE, &attr);
	if (fd < 0)
		fail_msg("map of type %u: %s", spec->type, strerror((int)-fd));
	return (int)fd;
}

u32
live_id(const struct live *l, int fd)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)fd;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = sizeof(info);
	assert_int_equal(backend_bpf(&l->kernel, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	return info.id;
}

struct xb_map *
live_share(const struct live *l, int fd)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_map *map = NULL;

	if (xb_map_live_open(l->emu.emu, NULL, live_id(l, fd), &map, &err))
		fail_msg("%s", err.msg);
	assert_true(xb_map_is_live(map));
	return map;
}

int
live_fd(struct xb_map *map)
{
	int fd = xb_obj_fd(&map->obj);

	assert_true(fd >= 0);
	return fd;
}

int
live_refused(const struct live *l, u32 id, const char *text)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_map *map = NULL;
	int ret = xb_map_live_open(l->emu.emu, NULL, id, &map, &err);

	assert_null(map);
	if (!strstr(err.msg, text))
		fail_msg("'%s' expected in '%s'", text, err.msg);
	return ret;
}

/* Puts the key on the stack, then the map and the key's address into R1 and R2. */
static u32
begin(struct bpf_insn *insns, const struct live_prog *prog)
{
	u64 words[2] = { 0, 0 };
	u32 n = 0;

	memcpy(words, prog->key, prog->key_bytes);
	for (s16 i = 0; i < 2; i++) {
		const struct bpf_insn put[] = { XB_LD_IMM64(1, words[i]),
			                        XB_STX_MEM(BPF_DW, 10, 1, KEY_OFF + 8 * i) };

		memcpy(insns + n, put, sizeof(put));
		n += XB_ARRAY_SIZE(put);
	}
	return n;
}

static int
load(const struct backend *b, const struct live_prog *prog, const struct bpf_insn *tail,
     u32 tail_cnt)
{
	struct bpf_insn insns[64];
	u32 n = begin(insns, prog);

	assert_true(n + tail_cnt <= XB_ARRAY_SIZE(insns));
	memcpy(insns + n, tail, tail_cnt * sizeof(*tail));
	return backend_prog(b, &(struct backend_prog){ .insns = insns, .insn_cnt = n + tail_cnt });
}

/* clang-format off */
#define MAP_AND_KEY(fd) XB_LD_MAP_FD(1, fd), XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, KEY_OFF)
#define UPDATE(fd)                                                                                 \
	XB_ST_MEM(BPF_DW, 10, VALUE_OFF, 1), MAP_AND_KEY(fd), XB_MOV64_REG(3, 10),                 \
	XB_ALU64_IMM(BPF_ADD, 3, VALUE_OFF), XB_MOV64_IMM(4, BPF_ANY),                             \
	XB_CALL(BPF_FUNC_map_update_elem), XB_EXIT()
/* clang-format on */

int
live_counter(const struct backend *b, const struct live_prog *prog)
{
	const struct bpf_insn plain[] = {
		MAP_AND_KEY(prog->map),
		XB_CALL(BPF_FUNC_map_lookup_elem),
		XB_JMP_IMM(BPF_JEQ, 0, 0, 5),
		XB_LDX_MEM(BPF_DW, 1, 0, 0),
		XB_ALU64_IMM(BPF_ADD, 1, 1),
		XB_STX_MEM(BPF_DW, 0, 1, 0),
		XB_MOV64_IMM(0, 2),
		XB_EXIT(),
		UPDATE(prog->map),
	};
	const struct bpf_insn atomic[] = {
		MAP_AND_KEY(prog->map),
		XB_CALL(BPF_FUNC_map_lookup_elem),
		XB_JMP_IMM(BPF_JEQ, 0, 0, 4),
		XB_MOV64_IMM(1, 1),
		XB_ATOMIC(BPF_DW, BPF_ADD, 0, 1, 0),
		XB_MOV64_IMM(0, 2),
		XB_EXIT(),
		UPDATE(prog->map),
	};

	return prog->atomic ? load(b, prog, atomic, XB_ARRAY_SIZE(atomic))
	                    : load(b, prog, plain, XB_ARRAY_SIZE(plain));
}

int
live_updater(const struct backend *b, const struct live_prog *prog)
{
	const struct bpf_insn insns[] = { UPDATE(prog->map) };

	return load(b, prog, insns, XB_ARRAY_SIZE(insns));
}

int
live_deleter(const struct backend *b, const struct live_prog *prog)
{
	const struct bpf_insn insns[] = { MAP_AND_KEY(prog->map), XB_CALL(BPF_FUNC_map_delete_elem),
		                          XB_EXIT() };

	return load(b, prog, insns, XB_ARRAY_SIZE(insns));
}

int
live_run(const struct backend *b, int prog, u32 times)
{
	u8 packet[64] = { 0 };
	union bpf_attr attr;
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	attr.test.repeat = times;
	ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
	if (ret)
		fail_msg("%s: test run: %s", b->name, strerror((int)-ret));
	return (int)attr.test.retval;
}

static bool
is_percpu(u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

u64
live_sum(const struct live *l, int fd, const struct live_spec *spec, const void *key)
{
	u64 values[LIVE_MOST_CPUS] = { 0 }, sum = 0;
	u32 cnt = is_percpu(spec->type) ? l->cpus : 1;
	long ret = backend_lookup(&l->kernel, fd, key, values);

	if (ret == -ENOENT)
		return UINT64_MAX;
	assert_int_equal(ret, 0);
	for (u32 i = 0; i < cnt; i++)
		sum += values[i];
	return sum;
}

void
live_set(const struct live *l, int fd, const void *key, u64 value)
{
	u64 values[LIVE_MOST_CPUS];

	for (u32 i = 0; i < LIVE_MOST_CPUS; i++)
		values[i] = value;
	assert_int_equal(backend_update(&l->kernel, fd, key, values), 0);
}
