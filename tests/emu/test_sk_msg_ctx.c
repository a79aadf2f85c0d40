/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sk_msg_ctx.c - sk_msg_md: what may be loaded of it and what is found there, on the emulator
 * and on the kernel; and messages of several elements, on the emulator.
 */
#include "emu/sock_fd.h"
#include "tests/emu/sk_msg_rig.h"
#include "tests/rig/ctx_access.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define FIELDS_FROM 16 /* of sk_msg_md: what is no pointer */
#define FIELDS_TO   72
#define VALUE_BYTES 160u

static bool
runs(void *arg, int prog)
{
	struct xb_sk_msg_out out;

	emulated_run(arg, prog, &out);
	return out.fault == NULL;
}

static void
access_is_the_verifiers(void **state)
{
	struct emulated e;
	struct ctx_access access = {
		.prog_type = BPF_PROG_TYPE_SK_MSG,
		.bytes = sizeof(struct sk_msg_md),
		.classes = { BPF_LDX | BPF_MEM, BPF_LDX | BPF_MEMSX, BPF_STX | BPF_MEM,
		             BPF_ST | BPF_MEM },
		.b = &e.b,
		.runs = runs,
		.arg = &e,
	};

	(void)state;
	emulated_open(&e);
	ctx_access_compare(&access);
	emulated_close(&e);
}

/* Fields, then a few that the socket shows. */
static const u8 sock_fields[] = {
	offsetof(struct bpf_sock, family),   offsetof(struct bpf_sock, type),
	offsetof(struct bpf_sock, protocol), offsetof(struct bpf_sock, mark),
	offsetof(struct bpf_sock, priority), offsetof(struct bpf_sock, src_ip4),
	offsetof(struct bpf_sock, src_port), offsetof(struct bpf_sock, dst_ip4),
	offsetof(struct bpf_sock, state),    offsetof(struct bpf_sock, bound_dev_if),
};

static int
fields_prog(const struct backend *b, int map)
{
	struct builder build = { .cnt = 0 };
	s16 to = 0;

	emit_value(&build, map);
	for (s16 off = FIELDS_FROM; off < FIELDS_TO; off = (s16)(off + 4), to = (s16)(to + 4)) {
		emit(&build, BPF_LDX | BPF_MEM | BPF_W, 2, 6, off, 0);
		emit(&build, BPF_STX | BPF_MEM | BPF_W, 7, 2, to, 0);
	}
	emit(&build, BPF_LDX | BPF_MEM | BPF_DW, 8, 6, FIELDS_TO, 0);
	for (size_t i = 0; i < XB_ARRAY_SIZE(sock_fields); i++, to = (s16)(to + 4)) {
		emit(&build, BPF_LDX | BPF_MEM | BPF_W, 2, 8, sock_fields[i], 0);
		emit(&build, BPF_STX | BPF_MEM | BPF_W, 7, 2, to, 0);
	}
	emit(&build, BPF_LDX | BPF_MEM | BPF_H, 2, 8, offsetof(struct bpf_sock, dst_port), 0);
	emit(&build, BPF_STX | BPF_MEM | BPF_W, 7, 2, to, 0);
	emit_mov(&build, 0, SK_PASS);
	emit_exit(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT);
}

static void
fields_of_kernel(const struct backend *b, const struct sock_pair *p, u32 *value)
{
	int map = backend_map(b, BPF_MAP_TYPE_ARRAY, 4, VALUE_BYTES, 1);
	int socks = backend_map(b, BPF_MAP_TYPE_SOCKMAP, 4, 4, 1), prog = fields_prog(b, map);
	const u32 key = 0;
	u8 data[MESSAGE];

	attach_prog(b, socks, prog, BPF_SK_MSG_VERDICT);
	assert_int_equal(backend_update(b, socks, &key, &p->fd), 0);
	message(data);
	assert_int_equal(send(p->fd, data, MESSAGE, MSG_NOSIGNAL), MESSAGE);
	assert_int_equal(backend_lookup(b, map, &key, value), 0);
	close(prog);
	close(socks);
	close(map);
}

static void
fields_of_emulator(struct emulated *e, u32 *value)
{
	int map = backend_map(&e->b, BPF_MAP_TYPE_ARRAY, 4, VALUE_BYTES, 1);
	int prog = fields_prog(&e->b, map);
	struct xb_sk_msg_out out;
	const u32 key = 0;

	emulated_run(e, prog, &out);
	assert_null(out.fault);
	assert_int_equal(backend_lookup(&e->b, map, &key, value), 0);
	close(prog);
	close(map);
}

static void
shows_the_kernels_fields(void **state)
{
	static const struct sock_kind kinds[] = {
		{ "accepted", AF_INET, SOCK_STREAM, 0, SOCK_ACCEPTED, false },
		{ "connected", AF_INET, SOCK_STREAM, 0, SOCK_ACCEPTED, false },
		{ "of IPv6, connected", AF_INET6, SOCK_STREAM, 0, SOCK_ACCEPTED, false },
	};
	u32 want[VALUE_BYTES / 4], is[VALUE_BYTES / 4];
	struct backend kernel;
	struct emulated e;
	struct sock_pair p;

	(void)state;
	if (!backend_open_kernel(&kernel))
		return;
	emulated_open(&e);
	for (size_t k = 0; k < XB_ARRAY_SIZE(kinds); k++) {
		assert_true(sock_open(&kinds[k], &p));
		if (k) { /* the other end */
			int fd = p.fd;

			p.fd = p.other;
			p.other = fd;
		}
		assert_int_equal(xb_sock_by_fd(e.b.emu, p.fd, &e.sock), 0);
		fields_of_kernel(&kernel, &p, want);
		fields_of_emulator(&e, is);
		for (u32 i = 0; i < VALUE_BYTES / 4; i++)
			if (want[i] != is[i])
				fail_msg("%s: word %u: kernel %x, emulator %x", kinds[k].name, i,
				         want[i], is[i]);
		sock_close(&p);
	}
	emulated_close(&e);
	backend_close(&kernel);
}

/* A message of several elements, and one call. */
static const struct elems_row {
	const char *name;
	u32 elem_cnt, each; /* bytes of each */
	bool shared;
	u32 helper, a, b;
	s64 r0;
	u64 pointed; /* bytes between data and data_end then */
	u32 want_cnt;
} elems_rows[] = {
	{ "one", 1, 30, false, BPF_FUNC_msg_apply_bytes, 3, 0, 0, 30, 1 },
	{ "two", 2, 30, false, BPF_FUNC_msg_apply_bytes, 3, 0, 0, 30, 2 },
	{ "none", 0, 0, false, BPF_FUNC_msg_apply_bytes, 3, 0, 0, 0, 0 },
	{ "none, pulled", 0, 0, false, BPF_FUNC_msg_pull_data, 0, 1, -EINVAL, 0, 0 },
	{ "none, pushed", 0, 0, false, BPF_FUNC_msg_push_data, 0, 7, 0, 7, 1 },
	{ "none, popped", 0, 0, false, BPF_FUNC_msg_pop_data, 0, 1, -EINVAL, 0, 0 },
	{ "shared", 1, 30, true, BPF_FUNC_msg_cork_bytes, 3, 0, 0, 0, 1 },
	{ "shared, pulled", 2, 30, true, BPF_FUNC_msg_pull_data, 2, 12, 0, 10, 2 },
	{ "shared, pushed inside", 2, 30, true, BPF_FUNC_msg_push_data, 2, 12, 0, 0, 4 },
	{ "shared, pushed in front", 2, 30, true, BPF_FUNC_msg_push_data, 0, 12, 0, 12, 3 },
	{ "shared, popped inside", 2, 30, true, BPF_FUNC_msg_pop_data, 2, 12, 0, 0, 3 },
	{ "pulled over three", 5, 30, false, BPF_FUNC_msg_pull_data, 31, 100, 0, 69, 3 },
	{ "pulled all", 17, 30, false, BPF_FUNC_msg_pull_data, 0, 510, 0, 510, 1 },
	{ "popped over three", 5, 30, false, BPF_FUNC_msg_pop_data, 31, 70, 0, 30, 4 },
	{ "popped all", 5, 30, false, BPF_FUNC_msg_pop_data, 0, 150, 0, 0, 0 },
	{ "popped two whole", 5, 30, false, BPF_FUNC_msg_pop_data, 30, 60, 0, 30, 3 },
	{ "full, pushed between", 17, 30, false, BPF_FUNC_msg_push_data, 30, 5, 0, 30, 17 },
	{ "full, pushed in front", 17, 30, false, BPF_FUNC_msg_push_data, 0, 5, 0, 35, 17 },
	{ "full, pushed behind", 17, 30, false, BPF_FUNC_msg_push_data, 510, 5, 0, 30, 17 },
	{ "full, popped inside", 17, 30, false, BPF_FUNC_msg_pop_data, 5, 10, 0, 20, 17 },
	{ "full, shared, popped inside", 17, 30, true, BPF_FUNC_msg_pop_data, 5, 10, 0, 20, 17 },
	{ "nearly full, pushed inside", 16, 30, false, BPF_FUNC_msg_push_data, 5, 5, 0, 35, 16 },
	{ "nearly full, pushed between", 16, 30, false, BPF_FUNC_msg_push_data, 60, 5, 0, 30, 17 },
	{ "nearly full, popped inside", 16, 30, false, BPF_FUNC_msg_pop_data, 5, 5, 0, 5, 17 },
	{ "pushed too much", 1, 30, false, BPF_FUNC_msg_push_data, 0, (4u << 20) + 1, -ENOMEM, 30,
	  1 },
	{ "pushed most", 1, 30, false, BPF_FUNC_msg_push_data, 0, 4u << 20, 0, 4u << 20, 2 },
};

static int
elems_prog(const struct backend *b, const struct elems_row *row, int map)
{
	struct builder build = { .cnt = 0 };

	emit_value(&build, map);
	emit_mov_reg(&build, 1, 6);
	emit_mov(&build, 2, (s32)row->a);
	emit_mov(&build, 3, (s32)row->b);
	emit_mov(&build, 4, 0);
	emit_call(&build, row->helper);
	emit(&build, BPF_STX | BPF_MEM | BPF_DW, 7, 0, 0, 0);
	emit(&build, BPF_LDX | BPF_MEM | BPF_DW, 2, 6, 0, 0);
	emit(&build, BPF_LDX | BPF_MEM | BPF_DW, 3, 6, 8, 0);
	emit(&build, BPF_ALU64 | BPF_SUB | BPF_X, 3, 2, 0, 0);
	emit(&build, BPF_STX | BPF_MEM | BPF_DW, 7, 3, 8, 0);
	emit_mov(&build, 0, SK_PASS);
	emit_exit(&build);
	return builder_prog(b, &build, BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT);
}

/* The bytes that the message has to have then. */
static u32
expect(const struct elems_row *row, const u8 *data, u8 *want)
{
	u32 bytes = row->elem_cnt * row->each, cut = row->a, len = row->b;

	if (row->r0 || row->helper == BPF_FUNC_msg_pull_data || row->each == 0 ||
	    (row->helper != BPF_FUNC_msg_push_data && row->helper != BPF_FUNC_msg_pop_data)) {
		memcpy(want, data, bytes);
		return bytes;
	}
	memcpy(want, data, cut);
	if (row->helper == BPF_FUNC_msg_pop_data) {
		memcpy(want + cut, data + cut + len, bytes - cut - len);
		return bytes - len;
	}
	memset(want + cut, 0, len);
	memcpy(want + cut + len, data + cut, bytes - cut);
	return bytes + len;
}

static void
check_elems(const struct elems_row *row, const struct xb_sk_msg_out *out, const u8 *data)
{
	static u8 want[(4u << 20) + ROOM];
	u32 bytes = expect(row, data, want), at = 0;

	if (out->elem_cnt != row->want_cnt)
		fail_msg("%s: %u elements, not %u", row->name, out->elem_cnt, row->want_cnt);
	for (u32 i = 0; i < out->elem_cnt; i++) {
		if (row->each && memcmp(want + at, out->elems[i].data, out->elems[i].bytes))
			fail_msg("%s: other bytes in element %u", row->name, i);
		at += out->elems[i].bytes;
	}
	if (row->each)
		assert_int_equal(at, bytes);
	assert_int_equal(at, out->bytes);
}

static void
keeps_elements(void **state)
{
	struct xb_sk_msg_elem elems[XB_SK_MSG_MAX_ELEMS];
	struct xb_err err = XB_ERR_INIT;
	struct emulated e;
	u8 data[1024];

	(void)state;
	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 5 + 1);
	emulated_open(&e);
	for (size_t r = 0; r < XB_ARRAY_SIZE(elems_rows); r++) {
		const struct elems_row *row = &elems_rows[r];
		struct xb_sk_msg_in in = { elems, row->elem_cnt, e.sock };
		int map = backend_map(&e.b, BPF_MAP_TYPE_ARRAY, 4, 16, 1);
		int prog = elems_prog(&e.b, row, map);
		struct xb_sk_msg_out out;
		const u32 key = 0;
		u64 seen[2];

		for (u32 i = 0; i < row->elem_cnt; i++)
			elems[i] = (struct xb_sk_msg_elem){ data + i * row->each, row->each,
				                            row->shared };
		assert_int_equal(xb_sk_msg_load(e.msg, &in, &err), 0);
		xb_sk_msg_run(e.msg, backend_emu_prog(&e.b, prog), &out);
		assert_null(out.fault);
		assert_int_equal(backend_lookup(&e.b, map, &key, seen), 0);
		if ((s64)seen[0] != row->r0 || seen[1] != row->pointed)
			fail_msg("%s: R0 %lld, %llu bytes", row->name, (long long)seen[0],
			         (unsigned long long)seen[1]);
		check_elems(row, &out, data);
		close(prog);
		close(map);
	}
	emulated_close(&e);
}

/* Many pushes use the memory up, which is found again. */
static void
finds_memory_again(void **state)
{
	struct builder build = { .cnt = 0 };
	struct xb_sk_msg_out out;
	struct emulated e;
	u8 data[MESSAGE];
	int prog;

	(void)state;
	emulated_open(&e);
	emit_mov_reg(&build, 6, 1);
	for (u32 i = 0; i < 30; i++) {
		static const u32 calls[] = { BPF_FUNC_msg_push_data, BPF_FUNC_msg_pop_data };

		for (u32 c = 0; c < 2; c++) {
			emit_mov_reg(&build, 1, 6);
			emit_mov(&build, 2, 100);
			emit_mov(&build, 3, 3 << 20);
			emit_mov(&build, 4, 0);
			emit_call(&build, calls[c]);
			emit(&build, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0);
			emit_mov(&build, 0, 77);
			emit_exit(&build);
		}
	}
	emit_mov(&build, 0, SK_PASS);
	emit_exit(&build);
	prog = builder_prog(&e.b, &build, BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT);
	emulated_run(&e, prog, &out);
	assert_int_equal(out.retval, SK_PASS);
	message(data);
	assert_int_equal(out.elem_cnt, 2);
	assert_memory_equal(out.elems[0].data, data, 100);
	assert_memory_equal(out.elems[1].data, data + 100, MESSAGE - 100);
	close(prog);
	emulated_close(&e);
}

/* A byte behind the data is not the program's; the message goes on as it came in. */
static void
stops_behind_the_data(void **state)
{
	struct builder build = { .cnt = 0 };
	struct xb_sk_msg_out out;
	struct emulated e;
	u8 data[MESSAGE];
	int prog;

	(void)state;
	emulated_open(&e);
	emit(&build, BPF_LDX | BPF_MEM | BPF_DW, 2, 1, 0, 0);
	emit(&build, BPF_ST | BPF_MEM | BPF_B, 2, 0, 0, 99);
	emit(&build, BPF_LDX | BPF_MEM | BPF_B, 2, 2, MESSAGE, 0);
	emit_mov(&build, 0, SK_PASS);
	emit_exit(&build);
	prog = builder_prog(&e.b, &build, BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT);
	emulated_run(&e, prog, &out);
	assert_non_null(out.fault);
	assert_int_equal(out.fault->kind, XB_FAULT_OOB_READ);
	assert_int_equal(out.verdict, XB_SK_MSG_DROP);
	message(data);
	assert_int_equal(out.bytes, MESSAGE);
	assert_memory_equal(out.elems[0].data, data, MESSAGE);
	close(prog);
	emulated_close(&e);
}

static void
refuses_what_is_no_message(void **state)
{
	static const u8 byte;
	struct xb_sk_msg_elem elems[XB_SK_MSG_MAX_ELEMS + 1];
	struct xb_err err = XB_ERR_INIT;
	struct emulated e;

	(void)state;
	emulated_open(&e);
	for (u32 i = 0; i < XB_ARRAY_SIZE(elems); i++)
		elems[i] = (struct xb_sk_msg_elem){ &byte, 1, false };
	assert_int_equal(xb_sk_msg_load(e.msg, &(struct xb_sk_msg_in){ elems, 18, e.sock }, &err),
	                 -1);
	elems[0].bytes = XB_SK_MSG_MAX_BYTES;
	assert_int_equal(xb_sk_msg_load(e.msg, &(struct xb_sk_msg_in){ elems, 2, e.sock }, &err),
	                 -1);
	emulated_close(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(access_is_the_verifiers),
		cmocka_unit_test(shows_the_kernels_fields),
		cmocka_unit_test(keeps_elements),
		cmocka_unit_test(finds_memory_again),
		cmocka_unit_test(stops_behind_the_data),
		cmocka_unit_test(refuses_what_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
