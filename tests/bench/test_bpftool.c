/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bpftool.c - maps as JSON against bpftool itself: the same object is loaded into the kernel
 * and into an emulator, the same elements are written to both, and the texts must agree byte for
 * byte. (A backslash is left out: bpftool 7.1 prints it as a line feed.)
 */
#include "bench/file.h"
#include "bench/mapjson.h"
#include "emu/map.h"
#include "emu/obj.h"
#include "tests/rig/permitted.h"
#include "vm/bytes.h"
#include "xdp/xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_BYTES 512

static const char *object_path;

/* An element, as bytes that repeat to fill key and value; texts where given. */
struct row {
	const char *name;
	const char *map;
	u8 key[12];
	u8 fill; /* value bytes are fill, fill + step, ... */
	u8 step;
	const char *text; /* put over the value's start */
	bool empty;       /* nothing is written */
};

static const struct row rows[] = {
	{ "zeroes", "all_array", .empty = true },
	{ "counting bytes", "all_array", .key = { 0 }, .fill = 1, .step = 1 },
	{ "high bytes", "all_array", .key = { 1 }, .fill = 0xff, .step = 0 },
	{ "bytes from 0x80", "all_array", .key = { 1 }, .fill = 0x80, .step = 3 },
	{ "struct key", "all_hash", .key = { 10, 0, 0, 1, 0x50, 0, 6, 0 }, .fill = 0x20,
	  .step = 1 },
	{ "per-CPU hash", "percpu_hash", .key = { 1, 2, 3, 4, 5, 6, 7, 0 }, .fill = 7, .step = 5 },
	{ "per-CPU array", "percpu_array", .key = { 2 }, .fill = 9, .step = 1 },
	{ "LRU, typedef of const volatile", "lru", .key = { 1, 0, 0, 0, 0, 0, 0, 0x80 },
	  .fill = 0xfe, .step = 0 },
	{ "text", "strings", .key = { 0 }, .fill = 0, .step = 0, .text = "hello" },
	{ "text with a quote", "strings", .key = { 1 }, .fill = 0, .step = 0, .text = "a\"bc" },
	{ "text without an end", "strings", .key = { 2 }, .fill = 'x', .step = 0 },
	{ "enum by name", "colours", .key = { 0 }, .fill = 0, .step = 0, .text = "\x01" },
	{ "enum, negative", "colours", .key = { 1 }, .fill = 0xff, .step = 0, .text = "\xfe" },
	{ "enum without a name", "colours", .key = { 2 }, .fill = 3, .step = 0 },
	{ "empty slots", "ports", .empty = true },
	{ "prefix", "nets", .key = { 24, 0, 0, 0, 192, 168, 1, 0 }, .fill = 1, .step = 0 },
	{ "no BTF", "plain", .key = { 1, 0, 0, 0 }, .fill = 0x11, .step = 1 },
	{ "no BTF, empty", "plain", .empty = true },
	{ "no programs", "jumps", .empty = true },
	{ ".data", ".data", .empty = true },
	{ ".bss", ".bss", .empty = true },
	{ ".rodata", ".rodata", .empty = true },
};

/* The object in the kernel and in the emulator. */
struct rig {
	struct xb_emu *emu;
	struct bpf_object *host, *guest;
};

static int
quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

static struct bpf_object *
load(void)
{
	struct bpf_object *object = bpf_object__open_file(object_path, NULL);

	if (!object)
		return NULL;
	if (probe_permitted(bpf_object__load(object)))
		return object;
	bpf_object__close(object);
	return NULL;
}

static void
open_rig(struct rig *rig)
{
	int cpus = libbpf_num_possible_cpus();
	struct xb_emu_opts opts = { .cpu_cnt = cpus > 0 ? (u32)cpus : 1 };
	struct xb_err err = XB_ERR_INIT;

	rig->host = cpus > 0 ? load() : NULL;
	rig->emu = xb_emu_new(&opts, &err);
	assert_non_null(rig->emu);
	xb_xdp_register(rig->emu);
	xb_emu_enter(rig->emu);
	rig->guest = load();
	xb_emu_enter(NULL);
	assert_non_null(rig->guest);
}

static void
close_rig(struct rig *rig)
{
	bpf_object__close(rig->host);
	xb_emu_enter(rig->emu);
	bpf_object__close(rig->guest);
	xb_emu_enter(NULL);
	xb_emu_free(rig->emu);
}

static void
make_value(const struct row *row, const struct bpf_map *map, u8 *value)
{
	u32 bytes = bpf_map__value_size(map), step = (u32)xb_align_up(bytes, 8);

	memset(value, 0, MAX_BYTES * 8);
	for (int cpu = 0; cpu < libbpf_num_possible_cpus() && cpu < 8; cpu++)
		for (u32 i = 0; i < bytes; i++)
			value[(u32)cpu * step + i] = (u8)(row->fill + (u32)cpu + row->step * i);
	if (bpf_map__type(map) != BPF_MAP_TYPE_PERCPU_HASH && row->text)
		memcpy(value, row->text, strlen(row->text));
}

static void
put(const struct row *row, const struct bpf_object *object)
{
	static u8 value[MAX_BYTES * 8];
	struct bpf_map *map = bpf_object__find_map_by_name(object, row->map);

	assert_non_null(map);
	if (row->empty)
		return;
	make_value(row, map, value);
	if (bpf_map_update_elem(bpf_map__fd(map), row->key, value, BPF_ANY) != 0)
		fail_msg("%s: update: %s", row->name, strerror(errno));
}

static char *
ask_bpftool(const struct row *row, const struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, row->map);
	struct bpf_map_info info = { 0 };
	u32 bytes = sizeof(info);
	char command[64], *text = calloc(1, 65536);
	size_t len;
	FILE *pipe;

	assert_int_equal(bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &bytes), 0);
	snprintf(command, sizeof(command), "bpftool -j map dump id %u", info.id);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(text, 1, 65535, pipe);
	assert_int_equal(pclose(pipe), 0);
	while (len && text[len - 1] == '\n')
		text[--len] = 0;
	return text;
}

static char *
ask_bench(const struct row *row, const struct rig *rig)
{
	struct bpf_map *bpf = bpf_object__find_map_by_name(rig->guest, row->map);
	struct xb_file file = { .name = "memory", .fd = memfd_create("json", 0) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_obj *obj;
	struct xb_json json;
	char *text = calloc(1, 65536);

	assert_int_equal(xb_obj_by_fd(rig->emu, bpf_map__fd(bpf), XB_OBJ_MAP, &obj), 0);
	assert_int_equal(xb_json_init(&json, file.fd, file.name, &err), 0);
	assert_int_equal(
	        xb_mapjson_elements(&json, NULL, XB_CONTAINER_OF(obj, struct xb_map, obj), &err),
	        0);
	assert_int_equal(xb_json_flush(&json, &err), 0);
	xb_json_fini(&json);
	assert_true(pread(file.fd, text, 65535, 0) > 0);
	close(file.fd);
	return text;
}

static void
test_maps(void **state)
{
	struct rig rig;

	(void)state;
	libbpf_set_print(quiet);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		char *want, *got;

		open_rig(&rig);
		if (!rig.host) {
			printf("skipped: bpf(2) not permitted, or nothing says how many CPUs there "
			       "are\n");
			close_rig(&rig);
			skip();
		}
		put(&rows[i], rig.host);
		xb_emu_enter(rig.emu);
		put(&rows[i], rig.guest);
		xb_emu_enter(NULL);
		want = ask_bpftool(&rows[i], rig.host);
		got = ask_bench(&rows[i], &rig);
		if (strcmp(want, got) != 0) {
			printf("%s:\nbpftool:  %s\nxdpbench: %s\n", rows[i].name, want, got);
			fail();
		}
		free(want);
		free(got);
		close_rig(&rig);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_maps) };

	if (argc != 2)
		return 2;
	object_path = argv[1];
	if (system("bpftool version >/dev/null 2>&1") != 0) {
		printf("skipped: no bpftool\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
