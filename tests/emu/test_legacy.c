/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_legacy.c - maps defined in a section "maps": what libbpf makes of the rewritten files, in
 * the emulator and in the kernel, and files that are not as they should be.
 */
#include "emu/legacy.h"
#include "tests/emu/sys_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ELF_BYTES (1u << 20)
#define MAX_MAPS      3
#define MUTATIONS     5000

struct file {
	u8 *image;
	size_t bytes;
};

static struct file
read_object(const char *obj)
{
	struct file f = { .image = malloc(MAX_ELF_BYTES) };
	char path[512];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s.o", TEST_PROGS_DIR, obj);
	in = fopen(path, "rb");
	if (!in || !f.image)
		fail_msg("%s: cannot be read", path);
	f.bytes = fread(f.image, 1, MAX_ELF_BYTES, in);
	fclose(in);
	return f;
}

/* The file rewritten; fails the test where it is not. */
static struct file
convert_object(const char *obj)
{
	struct file f = read_object(obj), out = { 0 };
	struct xb_err err = XB_ERR_INIT;
	void *image;

	if (xb_legacy_convert(f.image, f.bytes, &image, &out.bytes, &err) != 0)
		fail_msg("%s: %s", obj, err.msg);
	assert_non_null(image);
	out.image = image;
	free(f.image);
	return out;
}

struct map_row {
	const char *name;
	u32 type, key_size, value_size, max_entries, flags;
	bool pinned;
};

/* What is defined, and what `sum` returns in its first and second run. */
static const struct row {
	const char *obj;
	struct map_row maps[MAX_MAPS];
	u32 first, second;
} rows[] = {
#define KINDS                                                                                      \
	{ "kinds", BPF_MAP_TYPE_HASH, 2, 8, 32, BPF_F_NO_PREALLOC, false },                        \
	        { "total", BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0, false },                                \
	        { "each", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1, 0, false },
	{ "legacy", { KINDS }, 10103, 20206 },
	{ "legacy_plain", { KINDS }, 10103, 20206 },
	{ "legacy_samples", { KINDS }, 10103, 20206 },
	{ "legacy_annotated", { KINDS }, 10103, 20206 },
	{ "legacy_iproute2",
	  { { "kinds", BPF_MAP_TYPE_HASH, 2, 8, 32, BPF_F_NO_PREALLOC, true },
	    { "total", BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0, false },
	    { "each", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1, 0, false } },
	  10103,
	  20206 },
	{ "legacy_outer",
	  { { "plain", BPF_MAP_TYPE_ARRAY, 4, 4, 3, 0, false },
	    { "inner", BPF_MAP_TYPE_HASH, 4, 8, 4, BPF_F_NUMA_NODE, false },
	    { "outer", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2, 0, false } },
	  5,
	  5 },
	{ "legacy_inner",
	  { { "plain", BPF_MAP_TYPE_ARRAY, 4, 4, 3, 0, false },
	    { "inner", BPF_MAP_TYPE_HASH, 4, 8, 4, BPF_F_NUMA_NODE, false },
	    { "outer", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2, 0, false } },
	  5,
	  5 },
#undef KINDS
};

static void
check_maps(const struct row *row, struct bpf_object *obj)
{
	for (u32 i = 0; i < MAX_MAPS; i++) {
		const struct map_row *want = &row->maps[i];
		const struct bpf_map *map = bpf_object__find_map_by_name(obj, want->name);

		if (!map)
			fail_msg("%s: no map '%s'", row->obj, want->name);
		if (bpf_map__type(map) != want->type || bpf_map__key_size(map) != want->key_size ||
		    bpf_map__value_size(map) != want->value_size ||
		    bpf_map__max_entries(map) != want->max_entries ||
		    bpf_map__map_flags(map) != want->flags ||
		    !!bpf_map__pin_path(map) != want->pinned)
			fail_msg("%s: map '%s' is type %u, key %u, value %u, %u entries, flags %u",
			         row->obj, want->name, bpf_map__type(map), bpf_map__key_size(map),
			         bpf_map__value_size(map), bpf_map__max_entries(map),
			         bpf_map__map_flags(map));
	}
}

static struct bpf_object *
load_row(struct sys_rig *rig, const struct row *row)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = row->obj);
	struct file f = convert_object(row->obj);
	struct bpf_object *obj;
	struct bpf_map *map;
	int rc;

	sys_rig_enter(rig);
	obj = bpf_object__open_mem(f.image, f.bytes, &opts);
	if (!obj)
		fail_msg("%s: %s", row->obj, rig->log);
	check_maps(row, obj);
	bpf_object__for_each_map(map, obj) if (!rig->emu)
	        bpf_map__set_pin_path(map, NULL); /* leave nothing behind */
	rc = bpf_object__load(obj);
	sys_rig_leave();
	if (rc)
		fail_msg("%s: %s: %s", row->obj, strerror(-rc), rig->log);
	free(f.image);
	return obj;
}

static void
run_row(struct sys_rig *rig, const struct row *row)
{
	struct bpf_object *obj = load_row(rig, row);
	int fd = bpf_program__fd(bpf_object__find_program_by_name(obj, "sum"));
	u32 first = sys_rig_run(rig, fd), second = sys_rig_run(rig, fd);

	if (first != row->first || second != row->second)
		fail_msg("%s: %u and %u, not %u and %u", row->obj, first, second, row->first,
		         row->second);
	bpf_object__close(obj);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct sys_rig rig;

		sys_rig_init(&rig, NULL);
		run_row(&rig, &rows[i]);
		sys_rig_fini(&rig);
		if (sys_rig_init_kernel(&rig))
			run_row(&rig, &rows[i]);
	}
}

/* The same instructions go to both. */
static void
test_insns(void **state)
{
	struct sys_rig rig, kernel;

	(void)state;
	if (!sys_rig_init_kernel(&kernel))
		return;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct bpf_object *a, *b;

		sys_rig_init(&rig, NULL);
		a = load_row(&rig, &rows[i]);
		b = load_row(&kernel, &rows[i]);
		sys_rig_same_insns(rows[i].obj, a, b);
		bpf_object__close(b);
		bpf_object__close(a);
		sys_rig_fini(&rig);
	}
}

/* Puts a map that was just made, with 9 -> 77 in it, into slot 1 of `outer`: 0 or -errno. */
static int
fill_slot(struct bpf_object *obj, enum bpf_map_type type, u32 value_size)
{
	int outer = bpf_map__fd(bpf_object__find_map_by_name(obj, "outer"));
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NUMA_NODE);
	u32 key = 9, slot = 1;
	u64 value = 77;
	int fd, rc;

	fd = bpf_map_create(type, "new", 4, value_size, 4, &opts);
	if (fd < 0)
		return fd;
	rc = bpf_map_update_elem(fd, &key, &value, BPF_ANY);
	if (rc == 0)
		rc = bpf_map_update_elem(outer, &slot, &fd, BPF_ANY);
	close(fd);
	return rc;
}

/* An inner map by index is a hash of 8 bytes; any other map is refused. */
static void
test_inner(void **state)
{
	const struct row *row = &rows[XB_ARRAY_SIZE(rows) - 1];

	(void)state;
	for (int kernel = 0; kernel < 2; kernel++) {
		struct bpf_object *obj;
		struct sys_rig rig;
		u32 sum;

		if (kernel && !sys_rig_init_kernel(&rig))
			return;
		if (!kernel)
			sys_rig_init(&rig, NULL);
		obj = load_row(&rig, row);
		sys_rig_enter(&rig);
		assert_int_equal(fill_slot(obj, BPF_MAP_TYPE_HASH, 16), -EINVAL);
		assert_int_equal(fill_slot(obj, BPF_MAP_TYPE_HASH, 8), 0);
		sys_rig_leave();
		sum = sys_rig_run(&rig,
		                  bpf_program__fd(bpf_object__find_program_by_name(obj, "sum")));
		assert_int_equal(sum, 77);
		bpf_object__close(obj);
		if (!kernel)
			sys_rig_fini(&rig);
	}
}

/* BPF_ANNOTATE_KV_PAIR's types are the map's. */
static void
test_annotation(void **state)
{
	struct sys_rig rig;
	struct bpf_object *obj;
	const struct bpf_map *map;

	(void)state;
	sys_rig_init(&rig, NULL);
	obj = load_row(&rig, &rows[3]);
	map = bpf_object__find_map_by_name(obj, "kinds");
	assert_int_equal(btf__resolve_size(bpf_object__btf(obj), bpf_map__btf_key_type_id(map)), 2);
	assert_int_equal(btf__resolve_size(bpf_object__btf(obj), bpf_map__btf_value_type_id(map)),
	                 8);
	map = bpf_object__find_map_by_name(obj, "total");
	assert_int_equal(bpf_map__btf_key_type_id(map), 0);
	bpf_object__close(obj);
	sys_rig_fini(&rig);
}

/* Lines and types keep their places: what .BTF.ext says is still true. */
static void
test_lines(void **state)
{
	struct bpf_object *obj;
	struct sys_rig rig;
	struct bpf_prog_info info = { 0 };
	u32 bytes = sizeof(info);

	(void)state;
	sys_rig_init(&rig, NULL);
	obj = load_row(&rig, &rows[0]);
	sys_rig_enter(&rig);
	assert_int_equal(bpf_obj_get_info_by_fd(
	                         bpf_program__fd(bpf_object__find_program_by_name(obj, "sum")),
	                         &info, &bytes),
	                 0);
	sys_rig_leave();
	assert_true(info.nr_line_info > 10);
	assert_int_equal(info.nr_func_info, 1);
	bpf_object__close(obj);
	sys_rig_fini(&rig);
}

static Elf64_Shdr *
header_of(const struct file *f, const char *name)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)(const void *)f->image;
	Elf64_Shdr *sh = (Elf64_Shdr *)(void *)(f->image + eh->e_shoff);
	const char *names = (const char *)f->image + sh[eh->e_shstrndx].sh_offset;

	for (u32 i = 1; i < eh->e_shnum; i++)
		if (strcmp(names + sh[i].sh_name, name) == 0)
			return &sh[i];
	fail_msg("no section %s", name);
	return NULL;
}

static Elf64_Sym *
symbol_of(const struct file *f, const char *name)
{
	const Elf64_Shdr *sh = header_of(f, ".symtab");
	const char *names = (const char *)f->image + header_of(f, ".strtab")->sh_offset;
	Elf64_Sym *syms = (Elf64_Sym *)(void *)(f->image + sh->sh_offset);

	for (u32 i = 0; i < sh->sh_size / sizeof(*syms); i++)
		if (strcmp(names + syms[i].st_name, name) == 0)
			return &syms[i];
	fail_msg("no symbol %s", name);
	return NULL;
}

enum where { HEADER, SYMBOL, DATA };

#define SH(field) offsetof(Elf64_Shdr, field), sizeof(((Elf64_Shdr *)0)->field)
#define ST(field) offsetof(Elf64_Sym, field), sizeof(((Elf64_Sym *)0)->field)

/* One field written over, and what the error says. */
static const struct damage {
	const char *name, *obj;
	enum where where;
	const char *what; /* section or symbol */
	size_t off, bytes;
	u64 value;
	const char *says;
} damages[] = {
	{ "definitions too short", "legacy", HEADER, "maps", SH(sh_size), 57,
	  "legacy maps: 3 in a section of 57 bytes, expected 20 for each or more" },
	{ "section of odd size", "legacy", HEADER, "maps", SH(sh_size), 59, "not of one size" },
	{ "section is empty", "legacy", HEADER, "maps", SH(sh_size), 0, "section of 0 bytes" },
	{ "section behind the file", "legacy", HEADER, "maps", SH(sh_offset), ~0ull,
	  "section of 0 bytes" },
	{ "section too long", "legacy", HEADER, "maps", SH(sh_size), ~0ull, "section of 0 bytes" },
	{ "section without contents", "legacy", HEADER, "maps", SH(sh_type), SHT_NOBITS,
	  "section of 0 bytes" },
	{ "no symbols", "legacy", HEADER, ".symtab", SH(sh_size), 24, "no symbol names one" },
	{ "no symbol table", "legacy", HEADER, ".symtab", SH(sh_type), SHT_NOTE, "no table" },
	{ "symbols of odd size", "legacy", HEADER, ".symtab", SH(sh_entsize), 16, "no table" },
	{ "no names of symbols", "legacy", HEADER, ".symtab", SH(sh_link), 9999, "has no name" },
	{ "symbol behind the section", "legacy", SYMBOL, "total", ST(st_value), 60,
	  "legacy map 'total' is at byte 60 of the section, which has 3 of 20 bytes" },
	{ "symbol far away", "legacy", SYMBOL, "total", ST(st_value), ~0ull, "legacy map 'total'" },
	{ "symbol between two", "legacy", SYMBOL, "total", ST(st_value), 30, "at byte 30" },
	{ "symbol of another", "legacy", SYMBOL, "total", ST(st_value), 0,
	  "legacy map 'total' is map 'kinds', too" },
	{ "symbol in no section", "legacy", SYMBOL, "total", ST(st_shndx), 0,
	  "legacy map 'kinds': byte 20 of its 30 is 2, expected 0" },
	{ "symbol without a name", "legacy", SYMBOL, "total", ST(st_name), 0,
	  "at byte 20 has no name" },
	{ "symbol with a name far away", "legacy", SYMBOL, "total", ST(st_name), 1 << 30,
	  "has no name" },
	{ "static map", "legacy", SYMBOL, "total", ST(st_info),
	  ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), "legacy map 'total' is static" },
	{ "BTF cut short", "legacy", HEADER, ".BTF", SH(sh_size), 40, "corrupt .BTF section" },
	{ "BTF is none", "legacy", DATA, ".BTF", 0, 2, 0, "corrupt .BTF section" },
	{ "inner map, not an outer one", "legacy_samples", DATA, "maps", 20, 4, 1,
	  "legacy map 'kinds': byte 20 of its 28 is 1, expected 0" },
	{ "NUMA node without its flag", "legacy_samples", DATA, "maps", 28 + 24, 4, 1,
	  "legacy map 'total': byte 24 of its 28 is 1, expected 0" },
	{ "inner map that is not there", "legacy_inner", DATA, "maps", 56 + 20, 4, 3,
	  "legacy map 'outer': map 3 of 3 cannot be inside it" },
	{ "inner map is an outer one", "legacy_inner", DATA, "maps", 56 + 20, 4, 2,
	  "legacy map 'outer': map 2 of 3" },
	{ "iproute2's inner id", "legacy_iproute2", DATA, "maps", 36 + 28, 4, 42,
	  "legacy map 'total': inner_id 42, inner_idx 0" },
	{ "iproute2's inner index", "legacy_iproute2", DATA, "maps", 36 + 32, 4, 7, "inner_idx 7" },
	{ "iproute2's pinning", "legacy_iproute2", DATA, "maps", 36 + 24, 4, 3,
	  "legacy map 'total': pinning 3, expected 0 to 2" },
};

static void
inflict(const struct damage *d, struct file *f)
{
	u64 value = d->value;
	u8 *at = NULL;

	switch (d->where) {
	case HEADER:
		at = (u8 *)header_of(f, d->what);
		break;
	case SYMBOL:
		at = (u8 *)symbol_of(f, d->what);
		break;
	default:
		at = f->image + header_of(f, d->what)->sh_offset;
		break;
	}
	memcpy(at + d->off, &value, d->bytes);
}

static void
test_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(damages); i++) {
		const struct damage *d = &damages[i];
		struct file f = read_object(d->obj);
		struct xb_err err = XB_ERR_INIT;
		size_t bytes = 0;
		void *out;
		int rc;

		inflict(d, &f);
		rc = xb_legacy_convert(f.image, f.bytes, &out, &bytes, &err);
		if (rc == 0 || out || err.kind != XB_ERR_LOAD || !strstr(err.msg, d->says))
			fail_msg("%s: %d, \"%s\", not \"%s\"", d->name, rc, err.msg, d->says);
		free(f.image);
	}
}

/* More sections of maps than one. */
static void
test_sections(void **state)
{
	struct file f = read_object("legacy");
	char *names = (char *)f.image + header_of(&f, ".strtab")->sh_offset;
	struct xb_err err = XB_ERR_INIT;
	Elf64_Shdr *license = header_of(&f, "license");
	u32 off = license->sh_name;
	size_t bytes;
	void *out;

	(void)state;
	license->sh_name = header_of(&f, "maps")->sh_name;
	assert_int_equal(xb_legacy_convert(f.image, f.bytes, &out, &bytes, &err), -1);
	assert_string_equal(err.msg, "legacy maps: more than one section 'maps'");
	license->sh_name = off;
	memcpy(names + off, ".maps", 6);
	assert_int_equal(xb_legacy_convert(f.image, f.bytes, &out, &bytes, &err), -1);
	assert_string_equal(
	        err.msg, "legacy maps: there are sections 'maps' and '.maps'; define all in BTF");
	free(f.image);
}

/* What has no such maps is left as it is. */
static void
test_others(void **state)
{
	static const char *const objs[] = { "globals", "maps", "subprog", "pinned" };
	struct xb_err err = XB_ERR_INIT;
	struct file f;
	size_t bytes = 1;
	void *out = &f;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(objs); i++) {
		f = read_object(objs[i]);
		assert_int_equal(xb_legacy_convert(f.image, f.bytes, &out, &bytes, &err), 0);
		assert_null(out);
		free(f.image);
	}
	f = read_object("legacy");
	for (size_t cut = 0; cut < f.bytes; cut++) { /* the section headers come last */
		u8 *part = malloc(cut ? cut : 1);

		assert_non_null(part);
		memcpy(part, f.image, cut);
		assert_int_equal(xb_legacy_convert(part, cut, &out, &bytes, &err), 0);
		assert_null(out);
		free(part);
	}
	free(f.image);
}

static u32
below(u64 *random, u64 limit)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (u32)((*random >> 16) % limit);
}

/* Where a change does something: the ELF header, or one of the sections and headers that are read.
 */
static size_t
any_place(const struct file *f, u64 *random)
{
	static const char *const names[] = { "maps", ".symtab", ".strtab", ".BTF" };
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)(const void *)f->image;
	const Elf64_Shdr *sh;
	u32 n = below(random, 8);

	if (n == 4)
		return below(random, sizeof(*eh));
	if (n >= XB_ARRAY_SIZE(names))
		return eh->e_shoff + below(random, eh->e_shnum * sizeof(*sh));
	sh = header_of(f, names[n]);
	return sh->sh_offset + below(random, sh->sh_size);
}

/* Any answer will do, a signal will not; and what comes out has no such maps any more. */
static void
test_mutations(void **state)
{
	static const char *const objs[] = { "legacy", "legacy_annotated", "legacy_inner" };
	u32 left = 0, refused = 0, converted = 0;
	u64 random = 88172645463325252ull;

	(void)state;
	for (u32 i = 0; i < MUTATIONS; i++) {
		struct file f = read_object(objs[i % XB_ARRAY_SIZE(objs)]);
		u8 *image = malloc(f.bytes);
		struct xb_err err = XB_ERR_INIT;
		size_t bytes, again_bytes;
		void *out, *again;

		assert_non_null(image);
		memcpy(image, f.image, f.bytes);
		for (u32 n = 1 + below(&random, 3); n; n--) {
			size_t at = any_place(&f, &random);

			if (below(&random, 2))
				image[at] = (u8)below(&random, 256);
			else
				image[at] ^= (u8)(1u << below(&random, 8));
		}
		if (xb_legacy_convert(image, f.bytes, &out, &bytes, &err) != 0) {
			refused++;
			assert_null(out);
			assert_true(err.msg[0]);
		} else if (!out) {
			left++;
		} else {
			converted++;
			assert_int_equal(xb_legacy_convert(out, bytes, &again, &again_bytes, &err),
			                 0);
			assert_null(again);
		}
		free(out);
		free(image);
		free(f.image);
	}
	printf("%u files converted, %u refused, %u left\n", converted, refused, left);
	assert_true(converted > 100 && refused > 100 && left > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),      cmocka_unit_test(test_insns),
		cmocka_unit_test(test_inner),     cmocka_unit_test(test_annotation),
		cmocka_unit_test(test_lines),     cmocka_unit_test(test_damage),
		cmocka_unit_test(test_sections),  cmocka_unit_test(test_others),
		cmocka_unit_test(test_mutations),
	};
	cpu_set_t first;

	/* Counters of one CPU only. */
	CPU_ZERO(&first);
	CPU_SET((size_t)sched_getcpu(), &first);
	sched_setaffinity(0, sizeof(first), &first);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
