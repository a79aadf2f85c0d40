/* SPDX-License-Identifier: BSD-2-Clause */
/* Object files in a machine: what is loaded, what it is called, what is refused and leaves nothing.
 */
#define XB_INSN_BRACES
#include "tests/insns.h"
#include "tests/lib/linux_rig.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SKB "{\"type\":\"sk_buff\",\"ctx\":{\"packet_hex\":\"0200000000010200000000020800\"}}"

static uint64_t
value_of(struct xb_linux_map *map, uint32_t key)
{
	uint64_t value = ~0ull;

	assert_non_null(map);
	assert_int_equal(xb_linux_map_lookup(map, &key, &value, 0), 0);
	xb_linux_map_close(map);
	return value;
}

static struct xb_program *
program_of(const struct rig *rig, const char *name)
{
	struct xb_program *program = xb_machine_find_program(rig->machine, name);

	if (!program)
		fail_msg("no program '%s'", name);
	return program;
}

static void
test_types(void **state)
{
	static const struct {
		const char *name;
		uint32_t type;
		const char *json;
		uint64_t r0;
	} rows[] = {
		{ "of_xdp", BPF_PROG_TYPE_XDP, RIG_XDP, XDP_PASS },
		{ "of_tc", BPF_PROG_TYPE_SCHED_CLS, SKB, 0 },
		{ "of_kprobe", BPF_PROG_TYPE_KPROBE, NULL, 11 },
		{ "of_socket", BPF_PROG_TYPE_SOCKET_FILTER, SKB, 21 },
	};
	struct xb_program *program = NULL;
	uint32_t cnt = 0;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	rig_load(&rig, "types");
	while ((program = xb_machine_next_program(rig.machine, program)) != NULL)
		cnt++;
	assert_int_equal(cnt, 4);
	for (uint32_t i = 0; i < 4; i++) {
		program = program_of(&rig, rows[i].name);
		assert_string_equal(xb_program_name(program), rows[i].name);
		assert_int_equal(xb_program_type(program), rows[i].type);
		assert_int_equal(rig_run(&rig, program, rows[i].json), rows[i].r0);
		assert_int_equal(value_of(xb_linux_map_find(rig.lx, "runs"), i), 1);
		assert_ptr_equal(xb_linux_program_by_fd(rig.lx, xb_linux_program_fd(program)),
		                 program);
	}
	rig_close(&rig);
}

/* Two objects, whose maps have names of which Linux keeps 15 characters. */
static void
test_names(void **state)
{
	struct xb_linux_map_info info;
	struct xb_linux_map *map;
	struct xb_program *program;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	rig_load(&rig, "names");
	rig_load(&rig, "names_too");
	program = program_of(&rig, "count_packets_that_came");
	rig_run(&rig, program, RIG_XDP);
	rig_run(&rig, program, RIG_XDP);
	assert_int_equal(value_of(xb_linux_map_find(rig.lx, "packets_that_came"), 0), 2);
	assert_int_equal(value_of(xb_linux_map_find(rig.lx, "packets_that_went"), 0), 200);
	map = xb_linux_map_find(rig.lx, "packets_that_stayed");
	assert_non_null(map);
	xb_linux_map_get_info(map, &info);
	assert_int_equal(info.type, BPF_MAP_TYPE_HASH);
	assert_int_equal(info.max_entries, 3);
	assert_string_equal(info.name, "packets_that_st");
	assert_null(xb_linux_map_find(rig.lx, "packets_that_st"));
	assert_null(xb_linux_map_find(rig.lx, "packets_that_ca"));
	/* Variables: the object's name is in front. */
	assert_int_equal(value_of(xb_linux_map_find(rig.lx, "names.bss"), 0), 2);
	rig_close(&rig);
}

/* The same object twice: two programs, each with maps of its own; the oldest is found. */
static void
test_twice(void **state)
{
	struct xb_program *first, *second;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	rig_load(&rig, "names");
	rig_load(&rig, "names");
	first = xb_machine_next_program(rig.machine, NULL);
	second = xb_machine_next_program(rig.machine, first);
	assert_ptr_equal(program_of(&rig, "count_packets_that_came"), first);
	assert_string_equal(xb_program_name(second), "count_packets_that_came");
	rig_run(&rig, second, RIG_XDP);
	assert_int_equal(value_of(xb_linux_map_find(rig.lx, "packets_that_came"), 0), 0);
	rig_run(&rig, first, RIG_XDP);
	assert_int_equal(value_of(xb_linux_map_find(rig.lx, "packets_that_came"), 0), 1);
	rig_close(&rig);
}

/* How many descriptors the process has. */
static uint32_t
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint32_t cnt = 0;

	assert_non_null(dir);
	while (readdir(dir))
		cnt++;
	closedir(dir);
	return cnt;
}

/* The ids of maps and programs that bpf(2) tells. */
static uint32_t
ids(const struct rig *rig)
{
	static const int cmds[] = { BPF_MAP_GET_NEXT_ID, BPF_PROG_GET_NEXT_ID };
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < 2; i++) {
		union bpf_attr attr;

		memset(&attr, 0, sizeof(attr));
		attr.start_id = 0;
		while (xb_linux_bpf(rig->lx, cmds[i], &attr, sizeof(attr)) == 0) {
			attr.start_id = attr.next_id;
			cnt++;
		}
	}
	return cnt;
}

static void
check_refused(const struct rig *rig, const void *image, size_t bytes, const char *text)
{
	uint32_t fds = descriptors(), known = ids(rig);
	struct xb_err err = XB_ERR_INIT;

	assert_int_equal(xb_linux_load_object(rig->lx, image, bytes, "bad", &err), -1);
	rig_says(&err, text);
	assert_ptr_equal(strstr(err.msg, "bad: "), err.msg);
	assert_int_equal(err.kind, XB_ERR_LOAD);
	assert_null(xb_machine_next_program(rig->machine, NULL));
	assert_int_equal(ids(rig), known);
	assert_int_equal(descriptors(), fds);
}

static void *
slurp(const char *name, size_t *bytes)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.o", TEST_PROGS_DIR, name);
	return rig_slurp(path, bytes);
}

/* A part cannot be loaded: nothing of it stays. */
static void
test_refused(void **state)
{
	size_t bytes;
	void *image = slurp("refused", &bytes);
	struct xb_linux_map *own;
	struct rig rig;

	(void)state;
	rig_open(&rig, NULL, 1);
	own = rig_map(&rig, BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	check_refused(&rig, image, bytes,
	              "refused.bpf.c:27): program of this type cannot use helper "
	              "bpf_skb_pull_data#39");
	assert_null(xb_linux_map_find(rig.lx, "never"));
	assert_ptr_equal(xb_linux_map_find(rig.lx, ""), own);
	/* And the machine goes on to work. */
	rig_load(&rig, "types");
	assert_int_equal(rig_run(&rig, program_of(&rig, "of_xdp"), RIG_XDP), XDP_PASS);
	free(image);
	rig_close(&rig);
}

/* What is no object, of which libbpf would not survive all. */
static void
test_malformed(void **state)
{
	size_t bytes;
	uint8_t *image = slurp("types", &bytes), *copy = malloc(bytes);
	Elf64_Ehdr *eh = (Elf64_Ehdr *)(void *)copy;
	struct xb_err err = XB_ERR_INIT;
	struct rig rig;

	(void)state;
	assert_non_null(copy);
	rig_open(&rig, NULL, 1);
#define FRESH() memcpy(copy, image, bytes)
	check_refused(&rig, "", 0, "empty file");
	check_refused(&rig, "hello, world", 12, "not an ELF file");
	check_refused(&rig, image, 40, "cut short in its header");
	check_refused(&rig, image, bytes / 2, "cut short");
	check_refused(&rig, image, bytes - 1, "cut short");
	FRESH();
	eh->e_machine = EM_X86_64;
	check_refused(&rig, copy, bytes, "ELF file for x86-64, not for BPF");
	FRESH();
	eh->e_type = ET_EXEC;
	check_refused(&rig, copy, bytes, "not a relocatable ELF file");
	FRESH();
	eh->e_ident[EI_CLASS] = ELFCLASS32;
	check_refused(&rig, copy, bytes, "32-bit");
	FRESH();
	eh->e_ident[EI_DATA] = ELFDATA2MSB;
	check_refused(&rig, copy, bytes, "big-endian");
	FRESH();
	eh->e_shoff = ~0ull;
	check_refused(&rig, copy, bytes, "cut short");
	FRESH();
	eh->e_shnum = 0;
	check_refused(&rig, copy, bytes, "no program section");
	/* Without a name of its own. */
	assert_int_equal(xb_linux_load_object(rig.lx, "", 0, NULL, &err), -1);
	assert_string_equal(err.msg, "object: empty file, expected a BPF object");
	free(copy);
	free(image);
	rig_close(&rig);
}

/* Calls without what says where they go, which libbpf before 1.3 does not survive. */
static void
test_without_relocations(void **state)
{
	size_t bytes;
	uint8_t *image = slurp("calls", &bytes);
	Elf64_Ehdr *eh = (Elf64_Ehdr *)(void *)image;
	Elf64_Shdr *sections = (Elf64_Shdr *)(void *)(image + eh->e_shoff);
	struct rig rig;

	(void)state;
	for (uint32_t i = 0; i < eh->e_shnum; i++)
		if (sections[i].sh_type == SHT_REL &&
		    sections[sections[i].sh_info].sh_flags & SHF_EXECINSTR)
			sections[i].sh_type = SHT_NOTE;
	rig_open(&rig, NULL, 1);
	check_refused(&rig, image, bytes, "calls functions, but has no relocations");
	rig_load(&rig, "calls");
	assert_int_equal(rig_run(&rig, program_of(&rig, "calls"), RIG_XDP), 26);
	free(image);
	rig_close(&rig);
}

/* One byte changed, somewhere: an error or an object, never the end of the process. */
static void
test_changed(void **state)
{
	size_t bytes;
	uint8_t *image = slurp("names", &bytes);
	uint32_t loaded = 0, rand = 1, refused = 0;

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		struct xb_err err = XB_ERR_INIT;
		struct rig rig;
		size_t at;
		uint8_t was;

		rand = rand * 1103515245 + 12345;
		/* Mostly in the tables of the ELF file, at both of its ends. */
		at = i % 3 == 0 ? rand / 7 % 64
		                : bytes - 1 - rand / 7 % (i % 3 == 1 ? 1500 : bytes);
		was = image[at];
		image[at] = (uint8_t)(rand >> 13);
		rig_open(&rig, NULL, 1);
		if (xb_linux_load_object(rig.lx, image, bytes, "changed", &err) == 0)
			loaded++;
		else if (err.kind != XB_ERR_NONE && err.msg[0])
			refused++;
		rig_close(&rig);
		image[at] = was;
	}
	print_message("%u loaded, %u refused\n", loaded, refused);
	assert_int_equal(loaded + refused, 300);
	assert_true(loaded && refused);
	free(image);
}

/* The image may go, and be wiped, once it was loaded. */
static void
test_copied(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct rig rig;
	size_t bytes;
	void *image = slurp("types", &bytes);

	(void)state;
	rig_open(&rig, NULL, 1);
	assert_int_equal(xb_linux_load_object(rig.lx, image, bytes, NULL, &err), 0);
	memset(image, 0, bytes);
	free(image);
	assert_int_equal(rig_run(&rig, program_of(&rig, "of_tc"), SKB), 0);
	rig_close(&rig);
}

/* Whoever entered the emulator is in it still. */
static void
test_entered(void **state)
{
	struct xb_linux_map *map;
	struct rig rig, other;
	int fd;

	(void)state;
	rig_open(&rig, NULL, 1);
	rig_open(&other, NULL, 1);
	xb_linux_enter(rig.lx);
	rig_load(&other, "types");
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "entered", 4, 4, 3, NULL);
	xb_linux_enter(NULL);
	assert_true(fd >= 0);
	map = xb_linux_map_find(rig.lx, "entered");
	assert_non_null(map);
	assert_ptr_equal(xb_linux_map_by_fd(rig.lx, fd), map);
	assert_null(xb_linux_map_by_fd(other.lx, fd));
	assert_null(xb_linux_map_find(other.lx, "entered"));
	close(fd);
	rig_close(&other);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_copied),
		cmocka_unit_test(test_entered),
		cmocka_unit_test(test_without_relocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
