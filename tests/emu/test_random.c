/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_random.c - commands of bpf(2) with attributes at random: any answer will do, a signal or a
 * leak will not.
 *
 * Descriptors are mostly those of objects that are there, pointers mostly lead into one buffer or
 * nowhere, so that many commands get far.
 */
#include "emu/vcpu.h"
#include "tests/emu/sys_rig.h"
#include "tests/insns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS     10
#define CALLS      2000
#define CMDS       39
#define MAX_FDS    64
#define BUF_BYTES  65536u
#define USED_BYTES 2048u /* of the buffer, that change */

struct state {
	struct sys_rig rig;
	u64 random;
	int fds[MAX_FDS];
	u32 fd_cnt;
	u32 done; /* commands that succeeded */
	u8 buf[BUF_BYTES];
};

union attr {
	union bpf_attr attr;
	u32 words[sizeof(union bpf_attr) / 4];
	u64 quads[sizeof(union bpf_attr) / 8];
};

static u32
below(struct state *s, u32 limit)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (u32)(s->random >> 16) % limit;
}

static u32
any_fd(struct state *s)
{
	return (u32)s->fds[below(s, s->fd_cnt)];
}

/* Keeps a descriptor for later commands, or closes it. */
static void
keep(struct state *s, int fd)
{
	if (fd < 0)
		return;
	if (s->fd_cnt < MAX_FDS)
		s->fds[s->fd_cnt++] = fd;
	else
		close(fd);
}

static void
set_field(struct state *s, union attr *a)
{
	u32 quad = below(s, below(s, 2) ? 5 : XB_ARRAY_SIZE(a->quads));
	u32 word = 2 * quad + below(s, 2);

	switch (below(s, 5)) {
	case 0:
		a->words[word] = any_fd(s);
		break;
	case 1:
		a->quads[quad] = (uintptr_t)s->buf + below(s, USED_BYTES);
		break;
	case 2:
		a->words[word] = below(s, 16);
		break;
	case 3:
		a->quads[quad] = below(s, 4096);
		break;
	default:
		a->words[word] = below(s, UINT32_MAX);
		break;
	}
}

/* A map that might be, a program with one byte changed, or an element with key and value. */
static void
set_likely(struct state *s, int cmd, union bpf_attr *attr)
{
	const struct bpf_insn insns[] = { XB_LD_MAP_FD(1, s->fds[0]), XB_CALL_FUNC(2),
		                          XB_MOV64_IMM(0, 0),         XB_EXIT(),
		                          XB_MOV64_REG(0, 1),         XB_EXIT() };

	if (cmd == BPF_MAP_CREATE) {
		attr->map_type = below(s, 34);
		attr->key_size = 4;
		attr->value_size = below(s, 64);
		attr->max_entries = below(s, 100);
	} else if (cmd == BPF_PROG_LOAD) {
		attr->prog_type = BPF_PROG_TYPE_XDP;
		attr->insns = (uintptr_t)s->buf;
		attr->insn_cnt = XB_ARRAY_SIZE(insns);
		attr->license = (uintptr_t) "GPL";
		memcpy(s->buf, insns, sizeof(insns));
		if (below(s, 2))
			s->buf[below(s, sizeof(insns))] = (u8)below(s, 256);
	} else if (cmd >= BPF_PROG_GET_NEXT_ID && cmd <= BPF_MAP_GET_FD_BY_ID) {
		attr->start_id = below(s, 8);
	} else if (cmd == BPF_OBJ_GET_INFO_BY_FD) {
		attr->info.bpf_fd = any_fd(s);
		attr->info.info_len = below(s, 300);
		attr->info.info = (uintptr_t)s->buf;
	} else {
		attr->map_fd = any_fd(s);
		attr->key = (uintptr_t)s->buf;
		if (cmd != BPF_MAP_DELETE_ELEM)
			attr->value = (uintptr_t)s->buf + USED_BYTES;
	}
}

static void
one_call(struct state *s)
{
	static const u64 makers = 1ull << BPF_MAP_CREATE | 1ull << BPF_PROG_LOAD |
	                          1ull << BPF_OBJ_GET | 1ull << BPF_PROG_GET_FD_BY_ID |
	                          1ull << BPF_MAP_GET_FD_BY_ID | 1ull << BPF_RAW_TRACEPOINT_OPEN |
	                          1ull << BPF_BTF_LOAD | 1ull << BPF_BTF_GET_FD_BY_ID |
	                          1ull << BPF_LINK_CREATE | 1ull << BPF_LINK_GET_FD_BY_ID;
	int cmd = (int)below(s, CMDS);
	union attr a;
	long rc;

	memset(&a, 0, sizeof(a));
	memset(s->buf, 0, USED_BYTES);
	for (u32 i = below(s, 2) * 64; i > 0; i--)
		s->buf[below(s, USED_BYTES)] = (u8)(below(s, 3) ? 0 : below(s, 256));
	if (below(s, 4))
		set_likely(s, cmd, &a.attr);
	for (u32 i = below(s, 2) * below(s, 4); i > 0; i--)
		set_field(s, &a);
	rc = sys_rig_bpf(&s->rig, cmd, &a.attr, below(s, 8) ? (u32)sizeof(a) : below(s, sizeof(a)));
	s->done += rc >= 0;
	if (makers >> cmd & 1)
		keep(s, (int)rc);
}

/* Descriptors of an object's maps and programs. */
static void
add_objects(struct state *s)
{
	struct bpf_object *obj;
	struct bpf_program *prog;
	struct bpf_map *map;

	sys_rig_enter(&s->rig);
	obj = bpf_object__open_file(TEST_PROGS_DIR "/maps.o", NULL);
	assert_non_null(obj);
	assert_int_equal(bpf_object__load(obj), 0);
	bpf_object__for_each_map(map, obj) keep(s, dup(bpf_map__fd(map)));
	bpf_object__for_each_program(prog, obj) keep(s, dup(bpf_program__fd(prog)));
	keep(s, dup(bpf_object__btf_fd(obj)));
	bpf_object__close(obj);
	sys_rig_leave();
}

static void
test_random(void **state)
{
	static struct state s;

	(void)state;
	s.random = 88172645463325252ull;
	for (int round = 0; round < ROUNDS; round++) {
		sys_rig_init(&s.rig, NULL);
		s.fd_cnt = 0;
		add_objects(&s);
		for (int i = 0; i < CALLS; i++)
			one_call(&s);
		xb_emu_run_end(s.rig.emu, 0);
		for (u32 i = 0; i < s.fd_cnt; i++)
			close(s.fds[i]);
		sys_rig_fini(&s.rig);
	}
	printf("%u of %u commands succeed\n", s.done, ROUNDS * CALLS);
	assert_true(s.done > ROUNDS * CALLS / 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
