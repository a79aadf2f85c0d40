/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sock_views.c - what helpers make of a socket that was looked up, on the kernel and on a
 * world that has the same: bpf_sk_fullsock, bpf_tcp_sock, bpf_get_listener_sock, bpf_skc_to_*, and
 * values of SK_STORAGE maps, to which bpf(2) gets by the sockets' descriptors.
 */
#include "skb/skb.h"
#include "tests/emu/sock_net.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "vm/bytes.h"

#include <bpf/btf.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define PACKET   64
#define VIEW_CNT 10

/* What a program is asked, and what it answers. */
struct talk {
	u8 tuple[40];
	u32 six, pad;
	u64 found;
	u64 views[VIEW_CNT]; /* whether each helper gives a pointer */
	u64 listener_mark;   /* of bpf_get_listener_sock's */
	u64 storage_before;  /* bpf_sk_storage_get without BPF_SK_STORAGE_GET_F_CREATE */
	u64 storage_flags;   /* and with flags that there are not */
	u64 storage_value;   /* its value with it: 1 more at each run */
	u64 deletes;         /* whether to delete it */
	s64 deleted;
};

#define AT(field) ((s32)offsetof(struct talk, field))

static const s32 views[VIEW_CNT] = {
	BPF_FUNC_sk_fullsock,
	BPF_FUNC_tcp_sock,
	BPF_FUNC_get_listener_sock,
	BPF_FUNC_skc_to_tcp_sock,
	BPF_FUNC_skc_to_tcp6_sock,
	BPF_FUNC_skc_to_tcp_timewait_sock,
	BPF_FUNC_skc_to_tcp_request_sock,
	BPF_FUNC_skc_to_udp6_sock,
	BPF_FUNC_skc_to_unix_sock,
	BPF_FUNC_skc_to_mptcp_sock,
};

struct side {
	struct backend b;
	int map, storage, prog;
};

struct text {
	struct bpf_insn insns[256];
	u32 cnt;
};

#define PART(to, ...)                                                                              \
	do {                                                                                       \
		const struct bpf_insn part_[] = { __VA_ARGS__ };                                   \
		memcpy(&(to)->insns[(to)->cnt], part_, sizeof(part_));                             \
		(to)->cnt += (u32)XB_ARRAY_SIZE(part_);                                            \
	} while (0)

/* R8 := the socket. */
static void
emit_lookup(struct text *t)
{
	PART(t, XB_MOV64_REG(1, 6), XB_MOV64_REG(2, 7), XB_MOV64_IMM(3, 12),
	     XB_LDX_MEM(BPF_W, 4, 7, AT(six)), XB_JMP_IMM(BPF_JEQ, 4, 0, 1), XB_MOV64_IMM(3, 36),
	     XB_MOV64_IMM(4, -1), XB_MOV64_IMM(5, 0), XB_CALL(BPF_FUNC_skc_lookup_tcp),
	     XB_JMP_IMM(BPF_JNE, 0, 0, 2), XB_MOV64_IMM(0, 0), XB_EXIT(), XB_MOV64_REG(8, 0),
	     XB_ST_MEM(BPF_DW, 7, AT(found), 1));
}

static void
emit_views(struct text *t)
{
	for (s32 i = 0; i < VIEW_CNT; i++) {
		PART(t, XB_MOV64_REG(1, 8), XB_CALL(views[i]), XB_JMP_IMM(BPF_JEQ, 0, 0, 1),
		     XB_ST_MEM(BPF_DW, 7, AT(views) + i * 8, 1));
		if (views[i] == BPF_FUNC_get_listener_sock)
			PART(t, XB_JMP_IMM(BPF_JEQ, 0, 0, 2),
			     XB_LDX_MEM(BPF_W, 1, 0, offsetof(struct bpf_sock, mark)),
			     XB_STX_MEM(BPF_DW, 7, 1, AT(listener_mark)));
	}
}

static void
emit_get(struct text *t, int storage, s32 flags)
{
	PART(t, XB_LD_MAP_FD(1, storage), XB_MOV64_REG(2, 8), XB_MOV64_IMM(3, 0),
	     XB_MOV64_IMM(4, flags), XB_CALL(BPF_FUNC_sk_storage_get));
}

static void
emit_storage(struct text *t, int storage)
{
	emit_get(t, storage, 0);
	PART(t, XB_JMP_IMM(BPF_JEQ, 0, 0, 1), XB_ST_MEM(BPF_DW, 7, AT(storage_before), 1));
	emit_get(t, storage, 2);
	PART(t, XB_JMP_IMM(BPF_JEQ, 0, 0, 1), XB_ST_MEM(BPF_DW, 7, AT(storage_flags), 1));
	emit_get(t, storage, BPF_SK_STORAGE_GET_F_CREATE);
	PART(t, XB_JMP_IMM(BPF_JEQ, 0, 0, 4), XB_LDX_MEM(BPF_DW, 1, 0, 0),
	     XB_ALU64_IMM(BPF_ADD, 1, 1), XB_STX_MEM(BPF_DW, 0, 1, 0),
	     XB_STX_MEM(BPF_DW, 7, 1, AT(storage_value)));
	PART(t, XB_LDX_MEM(BPF_DW, 1, 7, AT(deletes)), XB_JMP_IMM(BPF_JEQ, 1, 0, 5),
	     XB_LD_MAP_FD(1, storage), XB_MOV64_REG(2, 8), XB_CALL(BPF_FUNC_sk_storage_delete),
	     XB_STX_MEM(BPF_DW, 7, 0, AT(deleted)));
}

static int
make_prog(const struct side *s)
{
	struct text t = { .cnt = 0 };
	struct backend_prog opts = { .insns = t.insns, .type = BPF_PROG_TYPE_SCHED_CLS };

	PART(&t, XB_MOV64_REG(6, 1), XB_LD_MAP_VALUE(7, s->map, 0));
	emit_lookup(&t);
	emit_views(&t);
	emit_storage(&t, s->storage);
	PART(&t, XB_MOV64_REG(1, 8), XB_CALL(BPF_FUNC_sk_release), XB_MOV64_IMM(0, 0), XB_EXIT());
	opts.insn_cnt = t.cnt;
	return backend_prog(&s->b, &opts);
}

static int
make_storage(const struct backend *b)
{
	struct btf *btf = btf__new_empty();
	union bpf_attr attr;
	long fd, ret;
	u32 bytes;

	memset(&attr, 0, sizeof(attr));
	btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	attr.btf = (uintptr_t)btf__raw_data(btf, &bytes);
	attr.btf_size = bytes;
	fd = backend_bpf(b, BPF_BTF_LOAD, &attr);
	btf__free(btf);
	assert_true(fd >= 0);
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_SK_STORAGE;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.map_flags = BPF_F_NO_PREALLOC;
	attr.btf_fd = (u32)fd;
	attr.btf_key_type_id = 1;
	attr.btf_value_type_id = 2;
	ret = backend_bpf(b, BPF_MAP_CREATE, &attr);
	close((int)fd);
	assert_true(ret >= 0);
	return (int)ret;
}

static void
load(struct side *s)
{
	s->map = backend_map(&s->b, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct talk), 1);
	s->storage = make_storage(&s->b);
	s->prog = make_prog(s);
}

static void
unload(struct side *s)
{
	close(s->prog);
	close(s->storage);
	close(s->map);
	backend_close(&s->b);
}

static void
ask(const struct side *s, struct talk *talk)
{
	u8 packet[PACKET] = { [12] = 0x88, [13] = 0xb5 };
	union bpf_attr attr;
	const u32 key = 0;

	memset(&attr, 0, sizeof(attr));
	assert_int_equal(backend_update(&s->b, s->map, &key, talk), 0);
	attr.test.prog_fd = (u32)s->prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	assert_int_equal(backend_bpf(&s->b, BPF_PROG_TEST_RUN, &attr), 0);
	assert_int_equal(backend_lookup(&s->b, s->map, &key, talk), 0);
}

static const struct sock_spec listeners[] = {
	{ "four", SOCK_STREAM, "127.0.0.1", 1000, .device = NULL },
	{ "six", SOCK_STREAM, "::", 1001, .device = NULL },
	{ "deferring", SOCK_STREAM, "127.0.0.1", 1002, .defer = true },
	{ "deferring6", SOCK_STREAM, "::1", 1003, .defer = true },
};

/* clang-format off */
static const struct {
	struct sock_spec ends;
	u32 listener;
	enum sock_conn conn;
} conns[] = {
	{ { "four", SOCK_STREAM, "127.0.0.3", 2000, "127.0.0.1", 1000, .device = NULL }, 0, CONN_ESTABLISHED },
	{ { "six", SOCK_STREAM, "::1", 2001, "::1", 1001, .device = NULL }, 1, CONN_ESTABLISHED },
	{ { "mapped", SOCK_STREAM, "127.0.0.3", 2002, "127.0.0.1", 1001, .device = NULL }, 1, CONN_ESTABLISHED },
	{ { "closed", SOCK_STREAM, "127.0.0.3", 2003, "127.0.0.1", 1000, .device = NULL }, 0, CONN_TIME_WAIT },
	{ { "closed6", SOCK_STREAM, "::1", 2004, "::1", 1001, .device = NULL }, 1, CONN_TIME_WAIT },
	{ { "requested", SOCK_STREAM, "127.0.0.3", 2005, "127.0.0.1", 1002, .device = NULL }, 2, CONN_REQUEST },
	{ { "requested6", SOCK_STREAM, "::1", 2006, "::1", 1003, .device = NULL }, 3, CONN_REQUEST },
};
/* clang-format on */

/* clang-format off */
static const struct row {
	const char *name;
	const char *from;
	u16 sport;
	const char *to;
	u16 dport;
	const char *views; /* a digit for each */
	bool full;
} rows[] = {
	{ "listener", "127.0.0.3", 9, "127.0.0.1", 1000, "1111000000", true },
	{ "listener6", "::1", 9, "::1", 1001, "1111100000", true },
	{ "server", "127.0.0.3", 2000, "127.0.0.1", 1000, "1101000000", true },
	{ "client", "127.0.0.1", 1000, "127.0.0.3", 2000, "1101000000", true },
	{ "server6", "::1", 2001, "::1", 1001, "1101100000", true },
	{ "server6, mapped", "127.0.0.3", 2002, "127.0.0.1", 1001, "1101100000", true },
	{ "time-wait", "127.0.0.3", 2003, "127.0.0.1", 1000, "0000010000", false },
	{ "time-wait6", "::1", 2004, "::1", 1001, "0000010000", false },
	{ "request", "127.0.0.3", 2005, "127.0.0.1", 1002, "0010001000", false },
	{ "request6", "::1", 2006, "::1", 1003, "0010001000", false },
};
/* clang-format on */

static void
question(struct talk *t, const struct row *row)
{
	struct bpf_sock_tuple tuple = { 0 };
	u8 from[16], to[16];

	memset(t, 0, sizeof(*t));
	t->six = sock_net_addr(row->from, from) == AF_INET6;
	sock_net_addr(row->to, to);
	if (t->six) {
		memcpy(tuple.ipv6.saddr, from, 16);
		memcpy(tuple.ipv6.daddr, to, 16);
		tuple.ipv6.sport = htons(row->sport);
		tuple.ipv6.dport = htons(row->dport);
	} else {
		memcpy(&tuple.ipv4.saddr, from, 4);
		memcpy(&tuple.ipv4.daddr, to, 4);
		tuple.ipv4.sport = htons(row->sport);
		tuple.ipv4.dport = htons(row->dport);
	}
	memcpy(t->tuple, &tuple, sizeof(tuple));
}

static void
check_views(const struct side *s, const struct row *row, const struct talk *t)
{
	if (!t->found)
		fail_msg("%s: %s: not found", s->b.name, row->name);
	for (u32 i = 0; i < VIEW_CNT; i++)
		if (t->views[i] != (u64)(row->views[i] - '0'))
			fail_msg("%s: %s: helper %d gives %s", s->b.name, row->name, views[i],
			         t->views[i] ? "a pointer" : "NULL");
}

static void
equal(const struct side *s, const struct row *row, const char *what, u64 got, u64 want)
{
	if (got != want)
		fail_msg("%s: %s: %s: %lld, not %lld", s->b.name, row->name, what, (long long)got,
		         (long long)want);
}

/* A value is made, counts, is deleted, made anew. */
static void
check_storage(const struct side *s, const struct row *row, u64 start)
{
	struct talk t;

	for (u64 run = 0; run < 4; run++) {
		u64 kept = row->full && (run == 1 || run == 2 || (start && run == 0));

		question(&t, row);
		t.deletes = run == 2;
		ask(s, &t);
		equal(s, row, "value without create", t.storage_before, kept);
		equal(s, row, "value with other flags", t.storage_flags, 0);
		equal(s, row, "value", t.storage_value,
		      !row->full ? 0
		      : run == 3 ? 1
		                 : start + run + 1);
		equal(s, row, "deletion", (u64)t.deleted,
		      run != 2 || row->full ? 0 : (u64)(s64)-EINVAL);
	}
}

static long
elem(const struct side *s, int cmd, int fd, u64 *value, u64 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)s->storage;
	attr.flags = flags;
	attr.key = (uintptr_t)&fd;
	attr.value = (uintptr_t)value;
	return backend_bpf(&s->b, cmd, &attr);
}

/* The first listener's value, by its descriptor. It leaves 100 there. */
static void
check_elems(const struct side *s, const struct sock_net *net)
{
	int fd = net->fds[0], other = net->fds[1], file = s->map;
	u64 value = 5;

	assert_int_equal(elem(s, BPF_MAP_LOOKUP_ELEM, fd, &value, 0), -ENOENT);
	assert_int_equal(elem(s, BPF_MAP_DELETE_ELEM, fd, NULL, 0), -ENOENT);
	assert_int_equal(elem(s, BPF_MAP_UPDATE_ELEM, fd, &value, BPF_EXIST), -ENOENT);
	assert_int_equal(elem(s, BPF_MAP_UPDATE_ELEM, fd, &value, BPF_NOEXIST), 0);
	assert_int_equal(elem(s, BPF_MAP_UPDATE_ELEM, fd, &value, BPF_NOEXIST), -EEXIST);
	assert_int_equal(elem(s, BPF_MAP_UPDATE_ELEM, fd, &value, 3), -EINVAL);
	assert_int_equal(elem(s, BPF_MAP_UPDATE_ELEM, fd, &value, BPF_F_LOCK), -EINVAL);
	value = 0;
	assert_int_equal(elem(s, BPF_MAP_LOOKUP_ELEM, fd, &value, 0), 0);
	assert_int_equal(value, 5);
	assert_int_equal(elem(s, BPF_MAP_LOOKUP_ELEM, other, &value, 0), -ENOENT);
	value = 100;
	assert_int_equal(elem(s, BPF_MAP_UPDATE_ELEM, fd, &value, BPF_EXIST), 0);
	assert_int_equal(elem(s, BPF_MAP_DELETE_ELEM, fd, NULL, 0), 0);
	assert_int_equal(elem(s, BPF_MAP_UPDATE_ELEM, fd, &value, BPF_ANY), 0);
	assert_int_equal(elem(s, BPF_MAP_LOOKUP_ELEM, file, &value, 0), -ENOTSOCK);
	assert_int_equal(elem(s, BPF_MAP_UPDATE_ELEM, file, &value, 0), -ENOTSOCK);
	assert_int_equal(elem(s, BPF_MAP_DELETE_ELEM, -1, NULL, 0), -EBADF);
	assert_int_equal(elem(s, BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, &value, 0), -524);
	assert_int_equal(elem(s, BPF_MAP_GET_NEXT_KEY, fd, &value, 0), -524);
}

static void
check_side(struct side *s, const struct sock_net *net)
{
	struct talk t;

	load(s);
	check_elems(s, net);
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];

		check_storage(s, row, i == 0 ? 100 : 0);
		question(&t, row);
		ask(s, &t);
		check_views(s, row, &t);
		equal(s, row, "listener's mark", t.listener_mark,
		      row->views[2] == '1' ? row->dport - 999u : 0);
	}
	unload(s);
}

static void
make_socks(struct sock_net *net)
{
	int fds[XB_ARRAY_SIZE(listeners)];

	for (u32 i = 0; i < XB_ARRAY_SIZE(listeners); i++)
		fds[i] = sock_net_add(net, &listeners[i]);
	for (u32 i = 0; i < XB_ARRAY_SIZE(conns); i++)
		sock_net_connect(net, fds[conns[i].listener], &conns[i].ends, conns[i].conn);
}

static void
test_views(void **state)
{
	struct side emu = { .map = -1 }, kernel = { .map = -1 };
	struct xb_err err = XB_ERR_INIT;
	struct sock_net net;

	(void)state;
	if (!sock_net_open(&net))
		return;
	make_socks(&net);
	backend_open_emu(&emu.b, xb_skb_register);
	assert_int_equal(xb_world_set(emu.b.emu, sock_net_world(&net), &err), 0);
	check_side(&emu, &net);
	if (backend_open_kernel(&kernel.b))
		check_side(&kernel, &net);
	sock_net_close(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_views),
	};

	return cmocka_run_group_tests_name("views of sockets", tests, NULL, NULL);
}
