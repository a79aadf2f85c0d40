/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_map_special.c - maps whose values have special fields: which types may have which, and what
 * bpf(2) sees of them.
 */
#include "tests/emu/map_backend.h"
#include "vm/bytes.h"

#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define VALUE_MOST 256
#define CPUS_MOST  64

/* Types that members have; they are numbered as they are here. */
enum {
	VOID,
	U32,
	U64,
	LOCK,
	RES_LOCK,
	TIMER,
	WORKQUEUE,
	TASK_WORK,
	LIST_HEAD,
	RB_ROOT,
	LIST_NODE,
	REFCOUNT,
	ITEM,  /* of a list: a node, 8 bytes */
	THING, /* what pointers point to */
	KPTR_TAG,
	KPTR,
	UNTRUSTED_TAG,
	UNTRUSTED,
	PERCPU_TAG,
	PERCPU,
	UPTR_TAG,
	UPTR,
	USER_TAG,
	USER, /* a tag that is none of these */
	TWICE_TAG,
	TWICE, /* tagged twice */
	PLAIN, /* not tagged */
	KPTRS, /* an array of 2 */
	TIMERS,
	CONST_TIMER,
	NESTED, /* { u64, TIMER } */
	TIMER_TYPEDEF,
	VALUES,
};

struct type {
	const char *name;
	u32 bytes;
	u32 kind; /* BTF_KIND_* */
	u32 of, cnt;
};

static const struct type types[VALUES] = {
	/* clang-format off */
	[U32]           = { "u32",               4, BTF_KIND_INT, 0, 0 },
	[U64]           = { "u64",               8, BTF_KIND_INT, 0, 0 },
	[LOCK]          = { "bpf_spin_lock",     4, BTF_KIND_STRUCT, 0, 0 },
	[RES_LOCK]      = { "bpf_res_spin_lock", 4, BTF_KIND_STRUCT, 0, 0 },
	[TIMER]         = { "bpf_timer",        16, BTF_KIND_STRUCT, 0, 0 },
	[WORKQUEUE]     = { "bpf_wq",           16, BTF_KIND_STRUCT, 0, 0 },
	[TASK_WORK]     = { "bpf_task_work",     8, BTF_KIND_STRUCT, 0, 0 },
	[LIST_HEAD]     = { "bpf_list_head",    16, BTF_KIND_STRUCT, 0, 0 },
	[RB_ROOT]       = { "bpf_rb_root",      16, BTF_KIND_STRUCT, 0, 0 },
	[LIST_NODE]     = { "bpf_list_node",    24, BTF_KIND_STRUCT, 0, 0 },
	[REFCOUNT]      = { "bpf_refcount",      4, BTF_KIND_STRUCT, 0, 0 },
	[ITEM]          = { "item",             32, BTF_KIND_STRUCT, LIST_NODE, 0 },
	[THING]         = { "xb_test_thing",     8, BTF_KIND_STRUCT, 0, 0 },
	[KPTR_TAG]      = { "kptr",              0, BTF_KIND_TYPE_TAG, THING, 0 },
	[KPTR]          = { NULL,                8, BTF_KIND_PTR, KPTR_TAG, 0 },
	[UNTRUSTED_TAG] = { "kptr_untrusted",    0, BTF_KIND_TYPE_TAG, THING, 0 },
	[UNTRUSTED]     = { NULL,                8, BTF_KIND_PTR, UNTRUSTED_TAG, 0 },
	[PERCPU_TAG]    = { "percpu_kptr",       0, BTF_KIND_TYPE_TAG, THING, 0 },
	[PERCPU]        = { NULL,                8, BTF_KIND_PTR, PERCPU_TAG, 0 },
	[UPTR_TAG]      = { "uptr",              0, BTF_KIND_TYPE_TAG, THING, 0 },
	[UPTR]          = { NULL,                8, BTF_KIND_PTR, UPTR_TAG, 0 },
	[USER_TAG]      = { "user",              0, BTF_KIND_TYPE_TAG, THING, 0 },
	[USER]          = { NULL,                8, BTF_KIND_PTR, USER_TAG, 0 },
	[TWICE_TAG]     = { "kptr",              0, BTF_KIND_TYPE_TAG, USER_TAG, 0 },
	[TWICE]         = { NULL,                8, BTF_KIND_PTR, TWICE_TAG, 0 },
	[PLAIN]         = { NULL,                8, BTF_KIND_PTR, THING, 0 },
	[KPTRS]         = { NULL,               16, BTF_KIND_ARRAY, UNTRUSTED, 2 },
	[TIMERS]        = { NULL,               32, BTF_KIND_ARRAY, TIMER, 2 },
	[CONST_TIMER]   = { NULL,               16, BTF_KIND_CONST, TIMER, 0 },
	[NESTED]        = { "nested",           24, BTF_KIND_STRUCT, TIMER, 0 },
	[TIMER_TYPEDEF] = { "bpf_timer",        16, BTF_KIND_TYPEDEF, TIMER, 0 },
	/* clang-format on */
};

/* The map types, by the letters of a row. */
static const struct map_spec maps[] = {
	{ BPF_MAP_TYPE_HASH, 4, 0, 2, 0 },
	{ BPF_MAP_TYPE_PERCPU_HASH, 4, 0, 2, 0 },
	{ BPF_MAP_TYPE_LRU_HASH, 4, 0, 2, 0 },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 0, 2, 0 },
	{ BPF_MAP_TYPE_ARRAY, 4, 0, 2, 0 },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 0, 2, 0 },
	{ BPF_MAP_TYPE_HASH, 4, 0, 2, BPF_F_RDONLY_PROG },
	{ BPF_MAP_TYPE_HASH, 4, 0, 2, BPF_F_WRONLY_PROG },
	{ BPF_MAP_TYPE_HASH, 4, 0, 2, BPF_F_NO_PREALLOC },
};

struct member {
	u32 type, off;
};

/*
 * What becomes of a map of each of `maps`: '.' it is made, 'o' -EOPNOTSUPP, 'a' -EACCES, 'i'
 * -EINVAL.
 */
static const struct row {
	const char *name;
	u32 bytes;
	struct member members[4];
	const char *contains; /* of a list or tree: it is the second member */
	const char *want;     /* NULL: the BTF cannot be loaded, for `btf` */
	int btf;
} rows[] = {
	/* clang-format off */
	{ "nothing",            16, { { U64, 0 }, { U64, 8 } },                  NULL, ".........", 0 },
	{ "lock",               16, { { LOCK, 0 }, { U64, 8 } },                 NULL, ".ooo.oaa.", 0 },
	{ "lock behind",        16, { { U64, 0 }, { LOCK, 8 } },                 NULL, ".ooo.oaa.", 0 },
	{ "lock, unaligned",    16, { { LOCK, 2 } },                             NULL, NULL, -EFAULT },
	{ "two locks",          16, { { LOCK, 0 }, { LOCK, 4 } },                NULL, NULL, -E2BIG },
	{ "resilient lock",     16, { { RES_LOCK, 0 } },                         NULL, ".ooo.oaa.", 0 },
	{ "both locks",         16, { { RES_LOCK, 0 }, { LOCK, 8 } },            NULL, NULL, -EINVAL },
	{ "timer",              24, { { U64, 0 }, { TIMER, 8 } },                NULL, ".o.o.oaa.", 0 },
	{ "timer, unaligned",   24, { { TIMER, 4 } },                            NULL, ".........", 0 },
	{ "timer of a typedef", 16, { { TIMER_TYPEDEF, 0 } },                    NULL, ".........", 0 },
	{ "timer, constant",    16, { { CONST_TIMER, 0 } },                      NULL, ".........", 0 },
	{ "two timers",         32, { { TIMER, 0 }, { TIMER, 16 } },             NULL, ".........", 0 },
	{ "array of timers",    32, { { TIMERS, 0 } },                           NULL, ".........", 0 },
	{ "timer in a struct",  32, { { U64, 0 }, { NESTED, 8 } },               NULL, ".o.o.oaa.", 0 },
	{ "timer and lock",     32, { { LOCK, 0 }, { TIMER, 8 } },               NULL, ".ooo.oaa.", 0 },
	{ "timer, overlapped",  24, { { TIMER, 0 }, { LOCK, 8 } },               NULL, ".........", 0 },
	{ "work",               16, { { WORKQUEUE, 0 } },                        NULL, ".o.o.oaa.", 0 },
	{ "task work",           8, { { TASK_WORK, 0 } },                        NULL, ".o.o.oaa.", 0 },
	{ "pointer",            16, { { PLAIN, 0 } },                            NULL, ".........", 0 },
	{ "kptr",               16, { { U64, 0 }, { KPTR, 8 } },                 NULL, "......aa.", 0 },
	{ "kptr, untrusted",    16, { { UNTRUSTED, 0 } },                        NULL, "......aa.", 0 },
	{ "kptr, per CPU",      16, { { PERCPU, 0 } },                           NULL, "......aa.", 0 },
	{ "kptr, unaligned",    16, { { KPTR, 4 } },                             NULL, NULL, -EFAULT },
	{ "array of kptrs",     16, { { KPTRS, 0 } },                            NULL, "......aa.", 0 },
	{ "user pointer",       16, { { UPTR, 0 } },                             NULL, "ooooooaao", 0 },
	{ "another tag",        16, { { USER, 0 } },                             NULL, ".........", 0 },
	{ "another and timer",  24, { { USER, 0 }, { TIMER, 8 } },               NULL, ".........", 0 },
	{ "two tags",           24, { { TWICE, 0 }, { TIMER, 8 } },              NULL, ".........", 0 },
	{ "refcount",           16, { { REFCOUNT, 0 } },                         NULL, "......aa.", 0 },
	{ "two refcounts",      16, { { REFCOUNT, 0 }, { REFCOUNT, 4 } },        NULL, "......aa.", 0 },
	{ "list",               24, { { LOCK, 0 }, { LIST_HEAD, 8 } }, "contains:item:node", ".ooo.oaa.", 0 },
	{ "list, of what",      24, { { LOCK, 0 }, { LIST_HEAD, 8 } }, "contains:nothing:node", NULL, -ENOENT },
	{ "list, another member", 24, { { LOCK, 0 }, { LIST_HEAD, 8 } }, "contains:item:other", NULL, -ENOENT },
	{ "list, no such node",  24, { { LOCK, 0 }, { LIST_HEAD, 8 } }, "contains:nested:timer", NULL, -EINVAL },
	{ "tree of list nodes",  24, { { LOCK, 0 }, { RB_ROOT, 8 } }, "contains:item:node", NULL, -EINVAL },
	{ "resilient list",      24, { { RES_LOCK, 0 }, { LIST_HEAD, 8 } }, "contains:item:node", ".ooo.oaa.", 0 },
	{ "two kptrs, one unaligned", 24, { { KPTR, 0 }, { KPTR, 12 } },         NULL, "......aa.", 0 },
	{ "list, no tag",       24, { { LOCK, 0 }, { LIST_HEAD, 8 } },           NULL, NULL, -EINVAL },
	{ "list, half a tag",   24, { { LOCK, 0 }, { LIST_HEAD, 8 } }, "contains:item", NULL, -EINVAL },
	{ "list without a lock", 24, { { U64, 0 }, { LIST_HEAD, 8 } }, "contains:item:node", NULL, -EINVAL },
	{ "node alone",         24, { { LIST_NODE, 0 } },                        NULL, ".........", 0 },
	{ "all at once",        64, { { LOCK, 0 }, { TIMER, 8 }, { REFCOUNT, 32 }, { UNTRUSTED, 40 } }, NULL, ".ooo.oaa.", 0 },
	/* clang-format on */
};

static void
add_type(struct btf *btf, u32 id)
{
	const struct type *t = &types[id];
	int got = -1;

	switch (t->kind) {
	case BTF_KIND_INT:
		got = btf__add_int(btf, t->name, t->bytes, 0);
		break;
	case BTF_KIND_PTR:
		got = btf__add_ptr(btf, (int)t->of);
		break;
	case BTF_KIND_TYPE_TAG:
		got = btf__add_type_tag(btf, t->name, (int)t->of);
		break;
	case BTF_KIND_ARRAY:
		got = btf__add_array(btf, U32, (int)t->of, t->cnt);
		break;
	case BTF_KIND_CONST:
		got = btf__add_const(btf, (int)t->of);
		break;
	case BTF_KIND_TYPEDEF:
		got = btf__add_typedef(btf, t->name, (int)t->of);
		break;
	case BTF_KIND_STRUCT:
		got = btf__add_struct(btf, t->name, t->bytes);
		if (id == ITEM)
			btf__add_field(btf, "node", LIST_NODE, 0, 0);
		else if (id == NESTED)
			btf__add_field(btf, "timer", TIMER, 64, 0);
		else
			btf__add_field(btf, "opaque", U32, 0, 0);
		break;
	default:
		break;
	}
	assert_int_equal(got, id);
}

/* The types and the row's value, which is the last struct. Its number. */
static u32
add_value(struct btf *btf, const struct row *row)
{
	int id = btf__add_struct(btf, "value", row->bytes);

	for (u32 i = 0; i < XB_ARRAY_SIZE(row->members) && row->members[i].type; i++) {
		char name[8];

		snprintf(name, sizeof(name), "m%u", i);
		assert_int_equal(btf__add_field(btf, name, (int)row->members[i].type,
		                                8 * row->members[i].off, 0),
		                 0);
	}
	if (row->contains)
		assert_true(btf__add_decl_tag(btf, row->contains, id, 1) > 0);
	return (u32)id;
}

static int
load_btf(const struct backend *b, const struct row *row, u32 *value)
{
	struct btf *btf = btf__new_empty();
	union bpf_attr attr;
	u32 bytes;
	long fd;

	for (u32 i = 1; i < VALUES; i++)
		add_type(btf, i);
	*value = add_value(btf, row);
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)btf__raw_data(btf, &bytes);
	attr.btf_size = bytes;
	fd = backend_bpf(b, BPF_BTF_LOAD, &attr, sizeof(attr));
	btf__free(btf);
	return (int)fd;
}

static long
create(const struct backend *b, int btf, u32 value, u32 bytes, const struct map_spec *s)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = s->type;
	attr.key_size = s->key;
	attr.value_size = bytes;
	attr.max_entries = s->max;
	attr.map_flags = s->flags;
	attr.btf_fd = (u32)btf;
	attr.btf_key_type_id = U32;
	attr.btf_value_type_id = value;
	return backend_bpf(b, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static char
letter(long ret)
{
	if (ret >= 0)
		close((int)ret);
	return ret >= 0             ? '.'
	       : ret == -EOPNOTSUPP ? 'o'
	       : ret == -EACCES     ? 'a'
	       : ret == -EINVAL     ? 'i'
	                            : '?';
}

static u32
check_rows(const struct backend *b)
{
	char got[XB_ARRAY_SIZE(maps) + 1] = "";
	u32 value, bad = 0;

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		int btf = load_btf(b, &rows[i], &value);

		if (btf != rows[i].btf && (btf < 0 || rows[i].btf)) {
			print_error("%s: %s: BTF: %d, not %d\n", b->name, rows[i].name, btf,
			            rows[i].btf);
			bad++;
		}
		if (btf < 0)
			continue;
		for (size_t m = 0; m < XB_ARRAY_SIZE(maps); m++)
			got[m] = letter(create(b, btf, value, rows[i].bytes, &maps[m]));
		if (strcmp(got, rows[i].want) != 0) {
			print_error("%s: %s: %s, not %s\n", b->name, rows[i].name, got,
			            rows[i].want);
			bad++;
		}
		close(btf);
	}
	return bad;
}

static void
test_create(void **state)
{
	struct backend emu = backend_emu(1), kernel;
	u32 bad = 0;

	(void)state;
	if (backend_kernel(&kernel))
		bad += check_rows(&kernel);
	bad += check_rows(&emu);
	backend_free(&emu);
	assert_int_equal(bad, 0);
}

/* What a value of 0x5a looks like once it is in the map. */
static void
expect(const struct row *row, u8 *value)
{
	memset(value, 0x5a, row->bytes);
	for (u32 i = 0; i < XB_ARRAY_SIZE(row->members) && row->members[i].type; i++) {
		const struct member *m = &row->members[i];

		if (m->type == U64 || m->off % (types[m->type].bytes < 8 ? 4 : 8))
			continue;
		memset(value + m->off, 0, types[m->type].bytes);
		if (m->type == NESTED)
			memset(value + m->off, 0x5a, 8);
		if (m->type == REFCOUNT)
			xb_st32(value + m->off, 1);
	}
}

static long
elem(const struct backend *b, int cmd, int fd, void *value)
{
	u32 key = 1;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	return backend_bpf(b, cmd, &attr, sizeof(attr));
}

static void
compare(const struct backend *b, const struct row *row, const struct map_spec *s, const u8 *got,
        const char *what)
{
	u8 want[VALUE_MOST];

	expect(row, want);
	if (memcmp(got, want, row->bytes) == 0)
		return;
	for (u32 i = 0; i < row->bytes; i++)
		print_error("%02x/%02x ", got[i], want[i]);
	fail_msg("%s: %s: map type %u: %s", b->name, row->name, s->type, what);
}

static void
check_copy(const struct backend *b, const struct row *row, const struct map_spec *s)
{
	static u8 value[VALUE_MOST * CPUS_MOST];
	u32 id;
	int btf = load_btf(b, row, &id);
	int fd = (int)create(b, btf, id, row->bytes, s);

	assert_true(fd >= 0);
	for (int i = 0; i < 2; i++) {
		memset(value, 0x5a, sizeof(value));
		assert_int_equal(elem(b, BPF_MAP_UPDATE_ELEM, fd, value), 0);
		memset(value, 0xff, sizeof(value));
		assert_int_equal(elem(b, BPF_MAP_LOOKUP_ELEM, fd, value), 0);
		compare(b, row, s, value, "lookup");
	}
	if (s->type != BPF_MAP_TYPE_ARRAY && s->type != BPF_MAP_TYPE_PERCPU_ARRAY) {
		memset(value, 0xff, sizeof(value));
		assert_int_equal(elem(b, BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, value), 0);
		compare(b, row, s, value, "lookup and delete");
	}
	close(fd);
	close(btf);
}

static void
check_copies(const struct backend *b)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		/* Lists are initialised with their own address, which is the kernel's. */
		if (!rows[i].want || !strchr(rows[i].want, 'a') || rows[i].contains)
			continue;
		for (size_t m = 0; m < XB_ARRAY_SIZE(maps); m++)
			if (rows[i].want[m] == '.')
				check_copy(b, &rows[i], &maps[m]);
	}
}

static void
test_copies(void **state)
{
	struct backend emu = backend_emu(2), kernel;

	(void)state;
	check_copies(&emu);
	if (sysconf(_SC_NPROCESSORS_CONF) <= CPUS_MOST && backend_kernel(&kernel))
		check_copies(&kernel);
	backend_free(&emu);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_copies),
	};

	return cmocka_run_group_tests_name("map specials", tests, NULL, NULL);
}
