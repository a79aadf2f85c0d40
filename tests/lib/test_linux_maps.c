/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps as the library's caller has them: made, found, held and given up; and maps and programs that
 * are values of maps.
 */
#define XB_INSN_BRACES
#include "tests/insns.h"
#include "tests/lib/linux_rig.h"
#include "tests/rig/permitted.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* What cannot be made, here or on the kernel, and as which error. */
struct refused {
	const char *name, *map_name;
	uint32_t type, key_bytes, value_bytes, entries, flags;
	int error; /* of the kernel, too */
	const char *text;
};

#define LONG_NAME "sixteen_letters_"

/* clang-format off */
static const struct refused refused[] = {
	{ "no entries", "m", BPF_MAP_TYPE_ARRAY, 4, 8, 0, 0, EINVAL, "map 'm': Invalid argument" },
	{ "key of an array", "m", BPF_MAP_TYPE_ARRAY, 8, 8, 1, 0, EINVAL, "Invalid argument" },
	{ "no key", "m", BPF_MAP_TYPE_HASH, 0, 8, 1, 0, EINVAL, "Invalid argument" },
	{ "no value", "m", BPF_MAP_TYPE_HASH, 4, 0, 1, 0, EINVAL, "Invalid argument" },
	{ "no such type", "m", 9999, 4, 4, 1, 0, EINVAL, "Invalid argument" },
	{ "no such flag", "m", BPF_MAP_TYPE_ARRAY, 4, 4, 1, 1u << 31, EINVAL, "Invalid argument" },
	{ "too much memory", "m", BPF_MAP_TYPE_ARRAY, 4, 1u << 31, 1, 0, E2BIG, "Argument list too long" },
	{ "prefix without NO_PREALLOC", "m", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1, 0, EINVAL, "Invalid argument" },
	{ "key of a queue", "m", BPF_MAP_TYPE_QUEUE, 4, 8, 1, 0, EINVAL, "Invalid argument" },
	{ "ring buffer, half a page", "m", BPF_MAP_TYPE_RINGBUF, 0, 0, 2048, 0, EINVAL, "Invalid argument" },
	{ "a name that is none", "a map", BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, EINVAL, "map 'a map': Invalid argument" },
	{ "a long name", LONG_NAME, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, EINVAL, "map 'sixteen_letters_': a name has up to 15 characters" },
	{ "map of maps without a template", "m", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1, 0, 0, "map 'm': " },
};
/* clang-format on */

static int
kernel_create(const struct refused *row)
{
	union bpf_attr attr;
	size_t len = strlen(row->map_name);

	memset(&attr, 0, sizeof(attr));
	attr.map_type = row->type;
	attr.key_size = row->key_bytes;
	attr.value_size = row->value_bytes;
	attr.max_entries = row->entries;
	attr.map_flags = row->flags;
	memcpy(attr.map_name, row->map_name, len < 16 ? len : 16);
	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) < 0 ? errno : 0;
}

/* Whether there is a kernel to ask. */
static bool
bpf_permitted(void)
{
	const struct refused fine = { .map_name = "m",
		                      .type = BPF_MAP_TYPE_ARRAY,
		                      .key_bytes = 4,
		                      .value_bytes = 4,
		                      .entries = 1 };

	return probe_permitted(-kernel_create(&fine));
}

static void
test_refused(void **state)
{
	bool permitted = bpf_permitted();
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct refused *row = &refused[i];
		const struct xb_linux_map_opts opts = { .size = sizeof(opts),
			                                .type = row->type,
			                                .name = row->map_name,
			                                .key_size = row->key_bytes,
			                                .value_size = row->value_bytes,
			                                .max_entries = row->entries,
			                                .flags = row->flags };
		struct xb_err err = XB_ERR_INIT;

		print_message("%s\n", row->name);
		assert_null(xb_linux_map_create(rig.lx, &opts, &err));
		rig_says(&err, row->text);
		assert_int_equal(err.kind, XB_ERR_LOAD);
		assert_null(xb_linux_map_find(rig.lx, row->map_name));
		if (permitted && row->error)
			assert_int_equal(kernel_create(row), row->error);
	}
	if (!permitted)
		print_message("skipped: bpf(2) not permitted\n");
	rig_close(&rig);
}

/* Options of a caller who has another header. */
static void
test_opts(void **state)
{
	struct {
		struct xb_linux_map_opts opts;
		uint64_t later;
	} newer = { .opts = { .size = sizeof(newer),
		              .type = BPF_MAP_TYPE_ARRAY,
		              .key_size = 4,
		              .value_size = 4,
		              .max_entries = 1,
		              .inner = NULL } };
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map *map;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	map = xb_linux_map_create(rig.lx, &newer.opts, &err);
	assert_non_null(map);
	xb_linux_map_close(map);
	newer.later = 1;
	assert_null(xb_linux_map_create(rig.lx, &newer.opts, &err));
	rig_says(&err, "map: an option that this version does not have is set");
	newer.opts.size = 0;
	assert_null(xb_linux_map_create(rig.lx, &newer.opts, &err));
	rig_says(&err, "map: size is not set");
	/* An older one knew nothing of what is behind `flags`. */
	newer.opts.size = offsetof(struct xb_linux_map_opts, map_extra);
	newer.opts.map_extra = 77;
	map = xb_linux_map_create(rig.lx, &newer.opts, &err);
	assert_non_null(map);
	rig_close(&rig);
}

static void
test_info(void **state)
{
	const struct xb_linux_map_opts opts = { .size = sizeof(opts),
		                                .type = BPF_MAP_TYPE_BLOOM_FILTER,
		                                .name = "fifteen_letters",
		                                .value_size = 12,
		                                .max_entries = 100,
		                                .flags = BPF_F_ZERO_SEED,
		                                .map_extra = 3 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map_info info;
	struct xb_linux_map *map;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 4);
	map = xb_linux_map_create(rig.lx, &opts, &err);
	assert_non_null(map);
	memset(&info, 0xee, sizeof(info));
	xb_linux_map_get_info(map, &info);
	assert_int_equal(info.type, BPF_MAP_TYPE_BLOOM_FILTER);
	assert_int_equal(info.id, 1);
	assert_int_equal(info.key_size, 0);
	assert_int_equal(info.value_size, 12);
	assert_int_equal(info.max_entries, 100);
	assert_int_equal(info.flags, BPF_F_ZERO_SEED);
	assert_int_equal(info.map_extra, 3);
	assert_int_equal(info.value_bytes, 12);
	assert_string_equal(info.name, "fifteen_letters");
	assert_ptr_equal(xb_linux_map_find(rig.lx, "fifteen_letters"), map);
	assert_null(xb_linux_map_find(rig.lx, "fifteen_letter"));
	assert_null(xb_linux_map_find(rig.lx, ""));
	rig_close(&rig);
}

static uint32_t
id_of(const struct xb_linux_map *map)
{
	struct xb_linux_map_info info;

	xb_linux_map_get_info(map, &info);
	return info.id;
}

/* There is one handle of a map, whoever asks for it. */
static void
test_find(void **state)
{
	struct xb_linux_map *a, *b;
	struct xb_program *program;
	struct rig rig;
	uint32_t id;

	(void)state;
	rig_open(&rig, NULL, 1);
	a = rig_map(&rig, BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	b = rig_map(&rig, BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	program = rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_MOV64_IMM(0, 2), XB_EXIT());
	id = id_of(b);
	assert_int_not_equal(id_of(a), id);
	assert_ptr_equal(xb_linux_map_by_id(rig.lx, id), b);
	assert_ptr_equal(xb_linux_map_by_fd(rig.lx, xb_linux_map_fd(b)), b);
	/* Without a name, "" is what it has: the first of these. */
	assert_ptr_equal(xb_linux_map_find(rig.lx, ""), a);

	assert_null(xb_linux_map_by_id(rig.lx, 0));
	assert_null(xb_linux_map_by_id(rig.lx, id + 1));
	assert_null(xb_linux_map_by_id(rig.lx, UINT32_MAX));
	assert_null(xb_linux_map_by_fd(rig.lx, -1));
	assert_null(xb_linux_map_by_fd(rig.lx, 0));
	assert_null(xb_linux_map_by_fd(rig.lx, xb_linux_program_fd(program)));
	assert_null(xb_linux_program_by_fd(rig.lx, xb_linux_map_fd(a)));
	assert_null(xb_linux_program_by_fd(rig.lx, -1));
	assert_ptr_equal(xb_linux_program_by_fd(rig.lx, xb_linux_program_fd(program)), program);
	rig_close(&rig);
}

/* A handle is there until all who asked for it gave it up, and its descriptor with it. */
static void
test_holds(void **state)
{
	struct xb_linux_map *map;
	uint32_t id, key = 0, value = 7;
	struct rig rig;
	int fd;

	(void)state;
	rig_open(&rig, NULL, 1);
	map = rig_map(&rig, BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	id = id_of(map);
	fd = xb_linux_map_fd(map);
	assert_ptr_equal(xb_linux_map_by_id(rig.lx, id), map);
	xb_linux_map_close(map);
	assert_int_equal(xb_linux_map_update(map, &key, &value, BPF_ANY), 0);
	xb_linux_map_close(map);
	assert_null(xb_linux_map_by_fd(rig.lx, fd));
	xb_linux_map_close(NULL);

	/* The map itself lives as long as the machine. */
	value = 0;
	map = xb_linux_map_by_id(rig.lx, id);
	assert_non_null(map);
	assert_int_equal(xb_linux_map_lookup(map, &key, &value, 0), 0);
	assert_int_equal(value, 7);
	rig_close(&rig);
}

/* A program keeps what it uses. */
static void
test_program_keeps(void **state)
{
	struct xb_linux_map *map;
	struct xb_program *program;
	uint32_t id, key = 0, value = 7;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	map = rig_map(&rig, BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	id = id_of(map);
	program = rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_LD_MAP_VALUE(1, xb_linux_map_fd(map), 0),
	                   XB_LDX_MEM(BPF_W, 0, 1, 0), XB_ST_MEM(BPF_W, 1, 0, 9), XB_EXIT());
	assert_int_equal(xb_linux_map_update(map, &key, &value, BPF_ANY), 0);
	xb_linux_map_close(map);
	assert_int_equal(rig_run(&rig, program, NULL), 7);
	map = xb_linux_map_by_id(rig.lx, id);
	assert_int_equal(xb_linux_map_lookup(map, &key, &value, 0), 0);
	assert_int_equal(value, 9);
	rig_close(&rig);
}

static struct xb_linux_map *
map_of_maps(const struct rig *rig, uint32_t type, const struct xb_linux_map *inner)
{
	const struct xb_linux_map_opts opts = { .size = sizeof(opts),
		                                .type = type,
		                                .name = "outer",
		                                .key_size = 4,
		                                .value_size = 4,
		                                .max_entries = 2,
		                                .inner = inner };
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map *map = xb_linux_map_create(rig->lx, &opts, &err);

	if (!map)
		fail_msg("%s", err.msg);
	return map;
}

static void
check_maps_in(const struct rig *rig, uint32_t type)
{
	struct xb_linux_map *inner = rig_map(rig, BPF_MAP_TYPE_ARRAY, 4, 8, 1), *got = NULL;
	struct xb_linux_map *other = rig_map(rig, BPF_MAP_TYPE_HASH, 4, 8, 1);
	struct xb_linux_map *outer = map_of_maps(rig, type, inner);
	struct xb_program *program =
	        rig_prog(rig, BPF_PROG_TYPE_XDP, XB_MOV64_IMM(0, 2), XB_EXIT());
	uint32_t key = 1, beyond = 2, third = 3;

	assert_int_equal(xb_linux_map_lookup_map(outer, &key, &got), -ENOENT);
	assert_null(got);
	assert_int_equal(xb_linux_map_update_map(outer, &key, other, BPF_ANY), -EINVAL);
	assert_int_equal(xb_linux_map_update_map(outer, &key, NULL, BPF_ANY), -EINVAL);
	assert_int_equal(xb_linux_map_update_map(outer, &key, inner, BPF_ANY), 0);
	assert_int_equal(xb_linux_map_update_map(outer, &key, inner, 8), -EINVAL);
	assert_int_equal(xb_linux_map_lookup_map(outer, &key, &got), 0);
	assert_ptr_equal(got, inner);
	/* It is one more hold. */
	xb_linux_map_close(inner);
	assert_int_equal(xb_linux_map_update_map(outer, &key, got, BPF_ANY), 0);
	if (type == BPF_MAP_TYPE_ARRAY_OF_MAPS)
		assert_int_equal(xb_linux_map_update_map(outer, &beyond, got, BPF_ANY), -E2BIG);
	else
		assert_int_equal(xb_linux_map_update_map(outer, &beyond, got, BPF_ANY)
		                         ?: xb_linux_map_update_map(outer, &third, got, BPF_ANY),
		                 -E2BIG);
	assert_int_equal(xb_linux_map_delete(outer, &key), 0);
	assert_int_equal(xb_linux_map_lookup_map(outer, &key, &got), -ENOENT);

	/* They are no maps of maps, or of programs. */
	assert_int_equal(xb_linux_map_lookup_map(got, &key, &inner), -EINVAL);
	assert_int_equal(xb_linux_map_update_map(got, &key, got, BPF_ANY), -EINVAL);
	assert_int_equal(xb_linux_map_lookup_program(outer, &key, &program), -EINVAL);
	assert_int_equal(xb_linux_map_update_program(outer, &key, program, BPF_ANY), -EINVAL);
}

static void
test_maps_in_maps(void **state)
{
	struct rig rig, other;

	(void)state;
	rig_open(&rig, NULL, 1);
	check_maps_in(&rig, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	check_maps_in(&rig, BPF_MAP_TYPE_HASH_OF_MAPS);

	/* Another machine's maps are none of this one's. */
	rig_open(&other, NULL, 1);
	{
		struct xb_linux_map *theirs = rig_map(&other, BPF_MAP_TYPE_ARRAY, 4, 8, 1);
		struct xb_linux_map *outer = xb_linux_map_find(rig.lx, "outer");
		uint32_t key = 0;

		assert_int_equal(xb_linux_map_update_map(outer, &key, theirs, BPF_ANY), -EINVAL);
		assert_null(xb_linux_map_by_fd(rig.lx, xb_linux_map_fd(theirs)));
	}
	rig_close(&other);
	rig_close(&rig);
}

static void
test_programs_in_maps(void **state)
{
	struct xb_program *jump, *land, *got = NULL, *skb;
	uint32_t key = 1, beyond = 2;
	struct xb_linux_map *jumps, *array;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	jumps = rig_map(&rig, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2);
	array = rig_map(&rig, BPF_MAP_TYPE_ARRAY, 4, 4, 2);
	jump = rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_LD_MAP_FD(2, xb_linux_map_fd(jumps)),
	                XB_MOV64_IMM(3, 1), XB_CALL(BPF_FUNC_tail_call), XB_MOV64_IMM(0, 1),
	                XB_EXIT());
	land = rig_prog(&rig, BPF_PROG_TYPE_XDP, XB_MOV64_IMM(0, 3), XB_EXIT());
	skb = rig_prog(&rig, BPF_PROG_TYPE_SCHED_CLS, XB_MOV64_IMM(0, 3), XB_EXIT());

	assert_int_equal(xb_linux_map_lookup_program(jumps, &key, &got), -ENOENT);
	assert_null(got);
	assert_int_equal(rig_run(&rig, jump, RIG_XDP), 1);
	assert_int_equal(xb_linux_map_update_program(jumps, &key, NULL, BPF_ANY), -EINVAL);
	assert_int_equal(xb_linux_map_update_program(jumps, &key, skb, BPF_ANY), -EINVAL);
	assert_int_equal(xb_linux_map_update_program(jumps, &beyond, land, BPF_ANY), -E2BIG);
	assert_int_equal(xb_linux_map_update_program(jumps, &key, land, BPF_NOEXIST), -EINVAL);
	assert_int_equal(xb_linux_map_update_program(jumps, &key, land, BPF_ANY), 0);
	assert_int_equal(xb_linux_map_lookup_program(jumps, &key, &got), 0);
	assert_ptr_equal(got, land);
	assert_int_equal(rig_run(&rig, jump, RIG_XDP), 3);
	assert_int_equal(xb_linux_map_delete(jumps, &key), 0);
	assert_int_equal(xb_linux_map_lookup_program(jumps, &key, &got), -ENOENT);
	assert_int_equal(rig_run(&rig, jump, RIG_XDP), 1);

	assert_int_equal(xb_linux_map_lookup_program(array, &key, &got), -EINVAL);
	assert_int_equal(xb_linux_map_update_program(array, &key, land, BPF_ANY), -EINVAL);
	assert_int_equal(xb_linux_map_lookup_map(jumps, &key, &array), -EINVAL);
	rig_close(&rig);
}

/* A program of a machine without Linux has no descriptor, so that no map can have it. */
static void
test_programs_of_others(void **state)
{
	const struct xb_machine_opts opts = { .size = sizeof(opts) };
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 1), XB_EXIT() };
	const struct xb_program_opts program = { .size = sizeof(program),
		                                 .insns = insns,
		                                 .insn_cnt = 2 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine *bare = xb_machine_new(&opts, &err);
	struct xb_program *theirs = xb_machine_add_program(bare, &program, &err);
	struct xb_linux_map *jumps;
	uint32_t key = 0;
	struct rig rig;

	(void)state;
	assert_non_null(theirs);
	assert_null(xb_linux_of(bare));
	rig_open(&rig, NULL, 1);
	assert_ptr_equal(xb_linux_of(rig.machine), rig.lx);
	jumps = rig_map(&rig, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2);
	assert_int_equal(xb_linux_program_fd(theirs), -1);
	assert_int_equal(xb_linux_map_update_program(jumps, &key, theirs, BPF_ANY), -EINVAL);
	rig_close(&rig);
	xb_machine_free(bare);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_opts),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_program_keeps),
		cmocka_unit_test(test_maps_in_maps),
		cmocka_unit_test(test_programs_in_maps),
		cmocka_unit_test(test_programs_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
