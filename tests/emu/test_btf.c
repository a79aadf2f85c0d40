/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_btf.c - BPF_BTF_LOAD: what is sound, here and in the kernel; and that nothing else gets
 * through, whatever bytes come.
 */
#include "emu/btf.h"
#include "emu/log.h"
#include "tests/emu/sys_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUTATIONS 20000
#define MAX_WORDS 32

#define INFO(kind, vlen)  ((u32)(kind) << 24 | (vlen))
#define KINFO(kind, vlen) (1u << 31 | INFO(kind, vlen))
#define INT_TYPE          1, INFO(BTF_KIND_INT, 0), 4, 32 /* [1] in every row */

/* "", "int", "a", "b", "a-b", ".data" */
static const char strings[] = "\0int\0a\0b\0a-b\0.data";
#define S_INT  1
#define S_A    5
#define S_B    7
#define S_DASH 9
#define S_DATA 13
#define S_FAR  1000

struct row {
	const char *name;
	int rc;
	u32 words; /* of types */
	u32 types[MAX_WORDS];
};

#define COUNT(...) (sizeof((u32[]){ __VA_ARGS__ }) / sizeof(u32))
#define TYPES(...)                                                                                 \
	COUNT(__VA_ARGS__),                                                                        \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

/* clang-format off */
static const struct row rows[] = {
	{ "int", 0, TYPES(INT_TYPE) },
	{ "no types", -EINVAL, 0, { 0 } },
	{ "int of 33 bits in 4 bytes", -EINVAL, TYPES(S_INT, INFO(BTF_KIND_INT, 0), 4, 33) },
	{ "int with members", -EINVAL, TYPES(S_INT, INFO(BTF_KIND_INT, 1), 4, 32) },
	{ "int with unknown bits", -EINVAL, TYPES(S_INT, INFO(BTF_KIND_INT, 0), 4, 32 | 1u << 31) },
	{ "kind 0", -EINVAL, TYPES(0, INFO(0, 0), 0) },
	{ "kind 30", -EINVAL, TYPES(0, INFO(30, 0), 0) },
	{ "unknown bits of info", -EINVAL, TYPES(S_INT, INFO(BTF_KIND_INT, 0) | 1u << 20, 4, 32) },
	{ "cut short", -EINVAL, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_STRUCT, 1)) },
	{ "name outside", -EINVAL, TYPES(S_FAR, INFO(BTF_KIND_INT, 0), 4, 32) },
	{ "pointer", 0, TYPES(INT_TYPE, 0, INFO(BTF_KIND_PTR, 0), 1) },
	{ "pointer to void", 0, TYPES(0, INFO(BTF_KIND_PTR, 0), 0) },
	{ "pointer with a name", -EINVAL, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_PTR, 0), 1) },
	{ "pointer to nothing", -EINVAL, TYPES(INT_TYPE, 0, INFO(BTF_KIND_PTR, 0), 7) },
	{ "typedef", 0, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_TYPEDEF, 0), 1) },
	{ "typedef without a name", -EINVAL, TYPES(INT_TYPE, 0, INFO(BTF_KIND_TYPEDEF, 0), 1) },
	{ "typedef with a dash", -EINVAL, TYPES(INT_TYPE, S_DASH, INFO(BTF_KIND_TYPEDEF, 0), 1) },
	{ "typedef of itself", -EEXIST, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_TYPEDEF, 0), 2) },
	{ "const and volatile of each other", -EEXIST,
	  TYPES(0, INFO(BTF_KIND_CONST, 0), 2, 0, INFO(BTF_KIND_VOLATILE, 0), 1) },
	{ "array", 0, TYPES(INT_TYPE, 0, INFO(BTF_KIND_ARRAY, 0), 0, 1, 1, 4) },
	{ "array of itself", -EEXIST, TYPES(INT_TYPE, 0, INFO(BTF_KIND_ARRAY, 0), 0, 2, 1, 4) },
	{ "array of void", -EINVAL, TYPES(INT_TYPE, 0, INFO(BTF_KIND_ARRAY, 0), 0, 0, 1, 4) },
	{ "array with a size", -EINVAL, TYPES(INT_TYPE, 0, INFO(BTF_KIND_ARRAY, 0), 4, 1, 1, 4) },
	{ "struct", 0, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_STRUCT, 2), 8, S_A, 1, 0, S_B, 1, 32) },
	{ "member outside", -EINVAL, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_STRUCT, 1), 4, S_A, 1, 64) },
	{ "members out of order", -EINVAL,
	  TYPES(INT_TYPE, S_A, INFO(BTF_KIND_STRUCT, 2), 8, S_A, 1, 32, S_B, 1, 0) },
	{ "member of type void", -EINVAL, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_STRUCT, 1), 4, S_A, 0, 0) },
	{ "member of no type", -EINVAL, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_STRUCT, 1), 4, S_A, 9, 0) },
	{ "struct in itself", -EEXIST, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_STRUCT, 1), 4, S_A, 2, 0) },
	{ "struct with a pointer to itself", 0,
	  TYPES(0, INFO(BTF_KIND_PTR, 0), 2, S_A, INFO(BTF_KIND_STRUCT, 1), 8, S_A, 1, 0) },
	{ "bit field", 0, TYPES(INT_TYPE, S_A, KINFO(BTF_KIND_STRUCT, 1), 4, S_A, 1, 3u << 24) },
	{ "union", 0, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_UNION, 2), 4, S_A, 1, 0, S_B, 1, 0) },
	{ "union member behind", -EINVAL, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_UNION, 1), 4, S_A, 1, 8) },
	{ "enum", 0, TYPES(S_A, INFO(BTF_KIND_ENUM, 1), 4, S_B, 3) },
	{ "enum of 3 bytes", -EINVAL, TYPES(S_A, INFO(BTF_KIND_ENUM, 1), 3, S_B, 3) },
	{ "enumerator without a name", -EINVAL, TYPES(S_A, INFO(BTF_KIND_ENUM, 1), 4, 0, 3) },
	{ "forward", 0, TYPES(S_A, INFO(BTF_KIND_FWD, 0), 0) },
	{ "forward of a type", -EINVAL, TYPES(S_A, INFO(BTF_KIND_FWD, 0), 1) },
	{ "function", 0, TYPES(INT_TYPE, 0, INFO(BTF_KIND_FUNC_PROTO, 1), 1, S_A, 1,
			       S_B, INFO(BTF_KIND_FUNC, BTF_FUNC_GLOBAL), 2) },
	{ "function without a prototype", -EINVAL, TYPES(INT_TYPE, S_B, INFO(BTF_KIND_FUNC, 0), 1) },
	{ "extern function", -EINVAL, TYPES(0, INFO(BTF_KIND_FUNC_PROTO, 0), 0,
					    S_B, INFO(BTF_KIND_FUNC, BTF_FUNC_EXTERN), 1) },
	{ "argument of no type", -EINVAL, TYPES(INT_TYPE, 0, INFO(BTF_KIND_FUNC_PROTO, 1), 1, S_A, 9) },
	{ "variable", 0, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_VAR, 0), 1, 1) },
	{ "variable of type void", -EINVAL, TYPES(S_A, INFO(BTF_KIND_VAR, 0), 0, 1) },
	{ "extern variable", -EINVAL, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_VAR, 0), 1, 2) },
	{ "section", 0, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_VAR, 0), 1, 1,
			      S_DATA, INFO(BTF_KIND_DATASEC, 1), 4, 2, 0, 4) },
	{ "section of size 0", -EINVAL, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_VAR, 0), 1, 1,
					      S_DATA, INFO(BTF_KIND_DATASEC, 1), 0, 2, 0, 4) },
	{ "section too small", -EINVAL, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_VAR, 0), 1, 1,
					      S_DATA, INFO(BTF_KIND_DATASEC, 1), 4, 2, 1, 4) },
	{ "section of an int", -EINVAL, TYPES(INT_TYPE, S_DATA, INFO(BTF_KIND_DATASEC, 1), 4, 1, 0, 4) },
	{ "float", 0, TYPES(S_A, INFO(BTF_KIND_FLOAT, 0), 8) },
	{ "float of 5 bytes", -EINVAL, TYPES(S_A, INFO(BTF_KIND_FLOAT, 0), 5) },
	{ "type tag", 0, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_TYPE_TAG, 0), 1) },
	{ "type tag without a value", -EINVAL, TYPES(INT_TYPE, 0, INFO(BTF_KIND_TYPE_TAG, 0), 1) },
	{ "declaration tag", 0, TYPES(INT_TYPE, S_A, INFO(BTF_KIND_STRUCT, 1), 4, S_A, 1, 0,
				      S_B, INFO(BTF_KIND_DECL_TAG, 0), 2, 0xffffffff) },
	{ "enum of 64 bits", 0, TYPES(S_A, INFO(BTF_KIND_ENUM64, 1), 8, S_B, 3, 1) },
};
/* clang-format on */

/* A whole BTF of these types; returns its length. */
static u32
build(u8 *raw, const u32 *types, u32 words)
{
	const struct btf_header h = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(h),
		.type_len = words * 4,
		.str_off = words * 4,
		.str_len = sizeof(strings),
	};

	memcpy(raw, &h, sizeof(h));
	memcpy(raw + sizeof(h), types, words * 4);
	memcpy(raw + sizeof(h) + words * 4, strings, sizeof(strings));
	return (u32)(sizeof(h) + words * 4 + sizeof(strings));
}

static long
load(struct sys_rig *rig, const void *raw, u32 bytes, char *log, u32 log_bytes)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)raw;
	attr.btf_size = bytes;
	attr.btf_log_buf = (uintptr_t)log;
	attr.btf_log_size = log_bytes;
	attr.btf_log_level = log_bytes ? 1 : 0;
	return sys_rig_bpf(rig, BPF_BTF_LOAD, &attr, sizeof(attr));
}

static void
run_rows(struct sys_rig *rig)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		char log[1 << 14] = "";
		u8 raw[512];
		long rc =
		        load(rig, raw, build(raw, rows[i].types, rows[i].words), log, sizeof(log));

		if (rc >= 0)
			close((int)rc);
		if ((rc < 0 ? rc : 0) != rows[i].rc)
			fail_msg("%s: %s: %ld, not %d: %s", rig->emu ? "emulator" : "kernel",
			         rows[i].name, rc, rows[i].rc, log);
		if (rc < 0 && log[0] == '\0')
			fail_msg("%s: no reason given", rows[i].name);
	}
}

static void
test_rows(void **state)
{
	struct sys_rig rig;

	(void)state;
	sys_rig_init(&rig, NULL);
	run_rows(&rig);
	sys_rig_fini(&rig);
	if (sys_rig_init_kernel(&rig))
		run_rows(&rig);
}

/* Headers that are wrong in one field. */
static void
run_headers(struct sys_rig *rig)
{
	static const struct {
		const char *name;
		u32 off, bytes, value;
		int rc;
	} headers[] = {
		{ "magic", 0, 2, 0xeb9e, -EINVAL },     { "version", 2, 1, 2, -XB_ENOTSUPP },
		{ "flags", 3, 1, 1, -XB_ENOTSUPP },     { "short header", 4, 4, 20, -EINVAL },
		{ "long header", 4, 4, 4000, -EINVAL }, { "type_off", 8, 4, 4, -EINVAL },
		{ "type_len", 12, 4, 3, -EINVAL },      { "str_off", 16, 4, 8, -EINVAL },
		{ "str_len", 20, 4, 1 << 25, -EINVAL },
	};
	static const u32 types[] = { INT_TYPE };

	for (size_t i = 0; i < XB_ARRAY_SIZE(headers); i++) {
		u8 raw[512];
		u32 bytes = build(raw, types, XB_ARRAY_SIZE(types));
		long rc;

		memcpy(raw + headers[i].off, &headers[i].value, headers[i].bytes);
		rc = load(rig, raw, bytes, NULL, 0);
		if (rc != headers[i].rc)
			fail_msg("%s: %s: %ld, not %d", rig->emu ? "emulator" : "kernel",
			         headers[i].name, rc, headers[i].rc);
	}
	assert_int_equal(load(rig, NULL, 100, NULL, 0), -EFAULT);
	assert_int_equal(load(rig, NULL, (1 << 24) + 1, NULL, 0), -E2BIG);
	assert_int_equal(load(rig, NULL, 0, NULL, 0), -EINVAL);
}

static void
test_headers(void **state)
{
	struct sys_rig rig;

	(void)state;
	sys_rig_init(&rig, NULL);
	run_headers(&rig);
	sys_rig_fini(&rig);
	if (sys_rig_init_kernel(&rig))
		run_headers(&rig);
}

/* A chain of typedefs, each of the next: too deep for the kernel from 33 on. */
static void
test_depth(void **state)
{
	static u8 raw[65536];
	static u32 types[3 * 200];
	struct sys_rig rig;

	(void)state;
	sys_rig_init(&rig, NULL);
	for (u32 cnt = 10; cnt <= 200; cnt += 95) {
		long rc;

		for (u32 i = 0; i < cnt; i++) {
			types[3 * i] = S_A;
			types[3 * i + 1] = INFO(BTF_KIND_TYPEDEF, 0);
			types[3 * i + 2] = i + 2 <= cnt ? i + 2 : 0;
		}
		rc = load(&rig, raw, build(raw, types, 3 * cnt), NULL, 0);
		if (rc >= 0)
			close((int)rc);
		assert_int_equal(rc < 0 ? rc : 0, cnt <= 32 ? 0 : -E2BIG);
	}
	sys_rig_fini(&rig);
}

/* What a loader and a printer do with every type. */
static void
walk(const struct btf *btf)
{
	for (u32 id = 0; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		btf__resolve_size(btf, id);
		btf__resolve_type(btf, id);
		btf__align_of(btf, id);
		assert_non_null(btf__name_by_offset(btf, t->name_off));
		if (btf_is_composite(t))
			for (u32 i = 0; i < btf_vlen(t); i++)
				assert_non_null(
				        btf__name_by_offset(btf, btf_members(t)[i].name_off));
	}
}

static u64
next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Random bytes changed in sound BTF: what still loads can be walked, and the kernel takes it, too.
 */
static void
test_mutations(void **state)
{
	struct bpf_object *obj;
	struct xb_btf *sound;
	u32 bytes, taken = 0, kernel_taken = 0, stricter = 0, laxer = 0;
	u64 random = 88172645463325252ull;
	struct sys_rig rig, kernel;
	const void *raw;
	bool has_kernel = sys_rig_init_kernel(&kernel);
	u8 *copy;

	(void)state;
	sys_rig_init(&rig, NULL);
	sys_rig_enter(&rig);
	obj = bpf_object__open_file(TEST_PROGS_DIR "/maps.o", NULL);
	assert_non_null(obj);
	assert_int_equal(bpf_object__load(obj), 0);
	sound = XB_CONTAINER_OF(sys_rig_obj(&rig, bpf_object__btf_fd(obj), XB_OBJ_BTF),
	                        struct xb_btf, obj);
	raw = sound->raw;
	bytes = sound->raw_bytes;
	copy = malloc(bytes);
	assert_non_null(copy);
	for (u32 i = 0; i < MUTATIONS; i++) {
		long rc, kernel_rc = 0;

		memcpy(copy, raw, bytes);
		for (u32 n = 0; n <= i % 2; n++)
			copy[next_random(&random) % bytes] = (u8)next_random(&random);
		rc = load(&rig, copy, bytes, NULL, 0);
		if (rc >= 0) {
			struct xb_obj *made = sys_rig_obj(&rig, (int)rc, XB_OBJ_BTF);

			walk(XB_CONTAINER_OF(made, struct xb_btf, obj)->btf);
			close((int)rc);
			taken++;
			/* Objects live as long as their emulator: not thousands of them here. */
			xb_obj_remove(rig.emu, made);
			made->free(made);
		}
		if (has_kernel) {
			kernel_rc = load(&kernel, copy, bytes, NULL, 0);
			if (kernel_rc >= 0)
				close((int)kernel_rc);
			kernel_taken += kernel_rc >= 0;
			stricter += rc < 0 && kernel_rc >= 0;
			laxer += rc >= 0 && kernel_rc < 0;
		}
	}
	bpf_object__close(obj);
	sys_rig_leave();
	printf("of %d changed BTFs %u load\n", MUTATIONS, taken);
	if (has_kernel)
		printf("the kernel takes %u; refused only here: %u, only there: %u\n", kernel_taken,
		       stricter, laxer);
	assert_true(taken > 0 && taken < MUTATIONS);
	assert_int_equal(stricter, 0);
	sys_rig_fini(&rig);
	free(copy);
}

/* The same for BTF as compilers write it, which the kernel never sees. */
static void
test_unlinked(void **state)
{
	struct btf *sound = btf__parse(TEST_PROGS_DIR "/weak.o", NULL);
	u64 random = 0x123456789abcdefull;
	struct xb_log log = { 0 };
	const void *raw;
	u32 bytes, taken = 0;
	u8 *copy;

	(void)state;
	assert_non_null(sound);
	raw = btf__raw_data(sound, &bytes);
	assert_int_equal(xb_btf_check(raw, bytes, XB_BTF_UNLINKED, &log), 0);
	assert_int_not_equal(xb_btf_check(raw, bytes, 0, &log), 0);
	copy = malloc(bytes);
	assert_non_null(copy);
	for (u32 i = 0; i < MUTATIONS; i++) {
		struct btf *btf;

		memcpy(copy, raw, bytes);
		copy[next_random(&random) % bytes] = (u8)next_random(&random);
		if (xb_btf_check(copy, bytes, XB_BTF_UNLINKED, &log))
			continue;
		btf = btf__new(copy, bytes);
		if (btf)
			walk(btf);
		btf__free(btf);
		taken++;
	}
	assert_true(taken > 0 && taken < MUTATIONS);
	free(copy);
	btf__free(sound);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),     cmocka_unit_test(test_headers),
		cmocka_unit_test(test_depth),    cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_unlinked),
	};

	return cmocka_run_group_tests_name("btf", tests, NULL, NULL);
}
