/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_plugin_suite.c - xdpbench-plugin as the runner of bpf_conformance calls it: a program and
 * memory in hex, as they are, behind the runner's prolog, as an ELF file, and as both; on the
 * machine, and on the kernel where bpf(2) is permitted.
 *
 *   test_plugin_suite PLUGIN
 */
#define XB_INSN_BRACES
#include "tests/insns.h"
#include "vm/types.h"

#include <elf.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_INSNS  40
#define MAX_MEMORY 64
#define MAX_IMAGE  1024
#define EM_BPF_    247
#define SLOT_LEN   8

/* One that Linux's verifier refuses: what it does is RFC 9669's to say. */
#define REFUSED .refused = true

struct row {
	const char *name;
	const char *memory; /* pairs of digits and blanks; NULL: none */
	u64 r0;
	bool refused;
	bool shows_r1; /* which is another where the memory is a packet */
	struct bpf_insn insns[MAX_INSNS];
};

#define EXIT     XB_EXIT()
#define IMM(v)   XB_LD_IMM64(0, v)
#define R1_IS(v) XB_LD_IMM64(1, v)

/* clang-format off */
static const struct row rows[] = {
	{ "zero", NULL, 0, .insns = { XB_MOV64_IMM(0, 0), EXIT } },
	{ "all ones", NULL, ~0ull, .insns = { XB_MOV64_IMM(0, -1), EXIT } },
	{ "64 bits", NULL, 0x123456789abcdef0, .insns = { IMM(0x123456789abcdef0), EXIT } },
	{ "32-bit move zero-extends", NULL, 0xffffffff, .insns = { XB_MOV64_IMM(0, -1), XB_MOV32_REG(0, 0), EXIT } },
	{ "no memory: R1", NULL, 0, .shows_r1 = true, .insns = { XB_MOV64_REG(0, 1), EXIT } },
	{ "no memory: R2", NULL, 0, .insns = { XB_MOV64_REG(0, 2), EXIT } },
	{ "length", "01 02 03", 3, .insns = { XB_MOV64_REG(0, 2), EXIT } },
	{ "length of 16", "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f", 16, .insns = { XB_MOV64_REG(0, 2), EXIT } },
	{ "first byte", "fe", 0xfe, .insns = { XB_LDX_MEM(BPF_B, 0, 1, 0), EXIT } },
	{ "last byte", "01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 99", 0x99, .insns = { XB_LDX_MEM(BPF_B, 0, 1, 15), EXIT } },
	{ "8 bytes, unaligned", "aa 01 02 03 04 05 06 07 08 bb 00 00 00 00", 0x0807060504030201, .insns = { XB_LDX_MEM(BPF_DW, 0, 1, 1), EXIT } },
	{ "signed byte", "00 80", (u64)-128, .insns = { XB_LDX_MEMSX(BPF_B, 0, 1, 1), EXIT } },
	{ "signed word", "00 00 00 80", 0xffffffff80000000, .insns = { XB_LDX_MEMSX(BPF_W, 0, 1, 0), EXIT } },
	{ "store and load", "ff ff ff ff", 0x1234ffff, .insns = { XB_ST_MEM(BPF_H, 1, 2, 0x1234), XB_LDX_MEM(BPF_W, 0, 1, 0), EXIT } },
	{ "stack", NULL, 0x55, .insns = { XB_ST_MEM(BPF_DW, 10, -480, 0x55), XB_LDX_MEM(BPF_DW, 0, 10, -480), EXIT } /* and 32 of the caller's */ },
	{ "stack, near", NULL, 0xfffffffffffffff0, .insns = { XB_ST_MEM(BPF_DW, 10, -8, -16), XB_LDX_MEM(BPF_DW, 0, 10, -8), EXIT } },
	{ "add wraps", NULL, 0, .insns = { XB_MOV32_IMM(0, -1), XB_ALU32_IMM(BPF_ADD, 0, 1), EXIT } },
	{ "division by 0", NULL, 0, .insns = { XB_MOV64_IMM(0, 7), XB_MOV64_IMM(1, 0), XB_ALU64_REG(BPF_DIV, 0, 1), EXIT } },
	{ "modulo 0", NULL, 7, .insns = { XB_MOV64_IMM(0, 7), XB_MOV64_IMM(1, 0), XB_ALU64_REG(BPF_MOD, 0, 1), EXIT } },
	{ "division by the constant 0", NULL, 0, .insns = { XB_MOV64_IMM(0, 7), XB_ALU64_IMM(BPF_DIV, 0, 0), EXIT }, REFUSED },
	{ "modulo the constant 0, 32 bits", NULL, 0xffffffff, .insns = { XB_MOV64_IMM(0, -1), XB_ALU32_IMM(BPF_MOD, 0, 0), EXIT }, REFUSED },
	{ "signed division", NULL, (u64)-3, .insns = { XB_MOV64_IMM(0, -13), XB_ALU64_IMM_OFF(BPF_DIV, 0, 1, 4), EXIT } },
	{ "signed modulo", NULL, (u64)-1, .insns = { XB_MOV64_IMM(0, -13), XB_ALU64_IMM_OFF(BPF_MOD, 0, 1, 4), EXIT } },
	{ "shift by a register is masked", NULL, 0x20, .insns = { XB_MOV64_IMM(0, 1), XB_MOV64_IMM(1, 69), XB_ALU64_REG(BPF_LSH, 0, 1), EXIT } },
	{ "shift by 64 is one by 0", NULL, 3, .insns = { XB_MOV64_IMM(0, 3), XB_ALU64_IMM(BPF_LSH, 0, 64), EXIT }, REFUSED },
	{ "shift by 67", NULL, 0x18, .insns = { XB_MOV64_IMM(0, 3), XB_ALU64_IMM(BPF_LSH, 0, 67), EXIT }, REFUSED },
	{ "shift by -1 is one by 63", NULL, 1, .insns = { XB_MOV64_IMM(0, -1), XB_ALU64_IMM(BPF_RSH, 0, -1), EXIT }, REFUSED },
	{ "shift of 32 bits by 33", NULL, 0x7fffffff, .insns = { XB_MOV64_IMM(0, -1), XB_ALU32_IMM(BPF_RSH, 0, 33), EXIT }, REFUSED },
	{ "arithmetic shift of 32 bits by 36", NULL, 0xf8000000, .insns = { XB_MOV32_IMM(0, INT_MIN), XB_ALU32_IMM(BPF_ARSH, 0, 36), EXIT }, REFUSED },
	{ "arithmetic shift by 127", NULL, ~0ull, .insns = { XB_MOV64_IMM(0, -2), XB_ALU64_IMM(BPF_ARSH, 0, 127), EXIT }, REFUSED },
	{ "be16", NULL, 0x3412, .insns = { XB_MOV64_IMM(0, 0x551234), XB_ENDIAN(BPF_TO_BE, 0, 16), EXIT } },
	{ "le32", NULL, 0x9abcdef0, .insns = { IMM(0x123456789abcdef0), XB_ENDIAN(BPF_TO_LE, 0, 32), EXIT } },
	{ "bswap64", NULL, 0xf0debc9a78563412, .insns = { IMM(0x123456789abcdef0), XB_BSWAP(0, 64), EXIT } },
	{ "movsx", NULL, 0xffffff80, .insns = { XB_MOV64_IMM(1, 0x80), XB_ALU32_REG_OFF(BPF_MOV, 0, 1, 8), EXIT } },
	{ "constants of jumps are signed", NULL, 1, .insns = { XB_MOV64_IMM(0, 1), R1_IS(0xffffffff80000000), XB_JMP_IMM(BPF_JEQ, 1, INT_MIN, 1), XB_MOV64_IMM(0, 2), EXIT } },
	{ "32-bit jump", NULL, 1, .insns = { XB_MOV64_IMM(0, 1), R1_IS(0x100000005), XB_JMP32_IMM(BPF_JEQ, 1, 5, 1), XB_MOV64_IMM(0, 2), EXIT } },
	{ "backward jump", NULL, 55, .insns = { XB_MOV64_IMM(0, 0), XB_MOV64_IMM(1, 10), XB_ALU64_REG(BPF_ADD, 0, 1), XB_ALU64_IMM(BPF_SUB, 1, 1), XB_JMP_IMM(BPF_JNE, 1, 0, -3), EXIT } },
	{ "gotol", NULL, 4, .insns = { XB_GOTOL(2), XB_MOV64_IMM(0, 4), EXIT, XB_GOTOL(-3) } },
	{ "fetch and add", NULL, 0x2a, .insns = { XB_ST_MEM(BPF_DW, 10, -8, 40), XB_MOV64_IMM(1, 1), XB_ATOMIC(BPF_DW, BPF_ADD | BPF_FETCH, 10, 1, -8), XB_LDX_MEM(BPF_DW, 0, 10, -8), XB_ALU64_IMM(BPF_ADD, 0, 1), EXIT } },
	{ "exchange, 32 bits", NULL, 0xffffffff, .insns = { XB_ST_MEM(BPF_DW, 10, -8, -1), XB_MOV64_IMM(0, 5), XB_ATOMIC(BPF_W, BPF_XCHG, 10, 0, -8), EXIT } },
	{ "compare and exchange", NULL, 9, .insns = { XB_ST_MEM(BPF_DW, 10, -8, 7), XB_MOV64_IMM(0, 7), XB_MOV64_IMM(1, 9), XB_ATOMIC(BPF_DW, BPF_CMPXCHG, 10, 1, -8), XB_LDX_MEM(BPF_DW, 0, 10, -8), EXIT } },
	{ "local call", NULL, 0x33, .insns = { XB_MOV64_IMM(1, 0x30), XB_MOV64_IMM(6, 3), XB_CALL_FUNC(2), XB_ALU64_REG(BPF_ADD, 0, 6), EXIT, XB_MOV64_REG(0, 1), XB_MOV64_IMM(6, 0), EXIT } },
	{ "local call with a frame", NULL, 0x11, .insns = { XB_ST_MEM(BPF_DW, 10, -8, 0x11), XB_CALL_FUNC(2), XB_LDX_MEM(BPF_DW, 0, 10, -8), EXIT, XB_ST_MEM(BPF_DW, 10, -8, 0x22), XB_MOV64_IMM(0, 0), EXIT } },
	{ "helper 5", NULL, 2, .insns = { XB_MOV64_IMM(1, -1), XB_CALL(5), XB_MOV64_IMM(0, 2), EXIT } },
	{ "function 42 of the runtime", NULL, 0, .insns = { XB_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, 42), EXIT }, REFUSED },
	{ "code that is never reached", NULL, 1, .insns = { XB_MOV64_IMM(0, 1), EXIT, XB_MOV64_IMM(0, 2), EXIT }, REFUSED },
};
/* clang-format on */

struct suite {
	const char *plugin;
	bool kernel; /* bpf(2) is permitted */
};

/* A program, as it goes to the plug-in. */
struct image {
	u8 bytes[MAX_IMAGE];
	size_t cnt;
};

static void
put(struct image *to, const void *from, size_t cnt)
{
	assert_true(cnt <= sizeof(to->bytes) - to->cnt);
	memcpy(to->bytes + to->cnt, from, cnt);
	to->cnt += cnt;
}

static size_t
memory_bytes(const struct row *row)
{
	return row->memory ? (strlen(row->memory) + 1) / 3 : 0;
}

/* The runner's, for memory of this size. */
static void
put_prolog(struct image *to, size_t bytes)
{
	const struct bpf_insn prolog[] = {
		XB_MOV64_IMM(0, -1),          XB_MOV64_REG(6, 1), XB_LDX_MEM(BPF_W, 1, 6, 0),
		XB_LDX_MEM(BPF_W, 2, 6, 4),   XB_MOV64_REG(3, 1), XB_ALU64_IMM(BPF_ADD, 3, bytes),
		XB_JMP_REG(BPF_JLE, 3, 2, 1), XB_EXIT(),          XB_MOV64_IMM(2, bytes),
	};

	put(to, prolog, sizeof(prolog));
}

static void
put_program(struct image *to, const struct row *row, bool prolog)
{
	size_t cnt = MAX_INSNS;

	while (row->insns[cnt - 1].code == 0)
		cnt--;
	if (prolog && row->memory)
		put_prolog(to, memory_bytes(row));
	put(to, row->insns, cnt * sizeof(row->insns[0]));
}

/* The runner's ELF file: one section, one symbol, and no table of strings but that of sections. */
static void
wrap(struct image *image, const char *section)
{
	static const char names[] = "\0.shstrtab\0.symtab\0main\0";
	struct image code = *image;
	size_t section_name = sizeof(names) - 1;
	Elf64_Sym symbols[2] = { { 0 }, { 19, STB_GLOBAL << 4 | STT_FUNC, 0, 3, 0, code.cnt } };
	Elf64_Shdr sections[4] = {
		{ 0 },
		{ .sh_name = 1, .sh_type = SHT_STRTAB, .sh_addralign = 1 },
		{ .sh_name = 11,
		  .sh_type = SHT_SYMTAB,
		  .sh_link = 1,
		  .sh_info = 1,
		  .sh_size = sizeof(symbols),
		  .sh_entsize = sizeof(symbols[0]),
		  .sh_addralign = 4 },
		{ .sh_name = (u32)section_name,
		  .sh_type = SHT_PROGBITS,
		  .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
		  .sh_size = code.cnt,
		  .sh_addralign = 4 },
	};
	Elf64_Ehdr head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		            .e_type = ET_REL,
		            .e_machine = EM_BPF_,
		            .e_version = EV_CURRENT,
		            .e_ehsize = sizeof(head),
		            .e_shentsize = sizeof(sections[0]),
		            .e_shnum = 4,
		            .e_shstrndx = 1 };

	sections[1].sh_size = section_name + strlen(section) + 1;
	sections[2].sh_offset = sizeof(head);
	sections[3].sh_offset = sections[2].sh_offset + sizeof(symbols);
	sections[1].sh_offset = sections[3].sh_offset + code.cnt;
	head.e_shoff = (sections[1].sh_offset + sections[1].sh_size + 7) / 8 * 8;
	image->cnt = 0;
	put(image, &head, sizeof(head));
	put(image, symbols, sizeof(symbols));
	put(image, code.bytes, code.cnt);
	put(image, names, section_name);
	put(image, section, strlen(section) + 1);
	put(image, "\0\0\0\0\0\0\0", head.e_shoff - image->cnt);
	put(image, sections, sizeof(sections));
}

/* As the runner writes bytes: two blanks behind each. */
static void
write_program(const struct image *image)
{
	FILE *f = fopen("program", "w");

	assert_non_null(f);
	for (size_t i = 0; i < image->cnt; i++)
		fprintf(f, "%02x  ", image->bytes[i]);
	fputc('\n', f);
	assert_int_equal(fclose(f), 0);
}

/* What is said is kept in the files `out` and `err`. Returns the exit code. */
static int
call(const char *plugin, const struct row *row, const char *options)
{
	char command[PATH_MAX + 512];
	int status;

	snprintf(command, sizeof(command), "'%s' '%s' %s <program >out 2>err", plugin,
	         row->memory ? row->memory : "", options);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
read_file(const char *name, char *to, size_t bytes)
{
	FILE *f = fopen(name, "r");

	assert_non_null(f);
	to[fread(to, 1, bytes - 1, f)] = 0;
	fclose(f);
}

/* R0 as the runner compares it; false where there is none, or more than it. */
static bool
read_r0(u64 *r0)
{
	char text[64], *end;

	read_file("out", text, sizeof(text));
	*r0 = strtoull(text, &end, 16);
	return end != text && !strcmp(end, "\n");
}

struct way {
	const char *name, *options;
	bool prolog, elf;
};

static const struct way ways[] = {
	{ "as it is", "", false, false },
	{ "with prolog", "", true, false },
	{ "with prolog, told", "--xdp_prolog", true, false },
	{ "as ELF", "--elf", false, true },
	{ "as ELF with prolog", "--elf", true, true },
};

static void
prepare(const struct row *row, const struct way *way)
{
	struct image image = { .cnt = 0 };

	put_program(&image, row, way->prolog);
	if (way->elf)
		wrap(&image, way->prolog ? "xdp" : ".text");
	write_program(&image);
}

static bool
fits(const struct row *row, const struct way *way)
{
	return !way->prolog || !row->shows_r1;
}

static bool
run_row(const struct suite *s, const struct row *row, const struct way *way, const char *engine)
{
	char options[64], said[512];
	int code;
	u64 r0;

	snprintf(options, sizeof(options), "%s %s", engine, way->options);
	code = call(s->plugin, row, options);
	if (code == 0 && read_r0(&r0) && r0 == row->r0)
		return true;
	read_file("err", said, sizeof(said));
	print_error("row '%s', %s, '%s': exit code %d, expected R0 %llx; said: %s\n", row->name,
	            way->name, engine, code, (unsigned long long)row->r0, said);
	read_file("out", said, sizeof(said));
	print_error("and: %s\n", said);
	return false;
}

static void
test_machine(void **state)
{
	const struct suite *s = *state;
	u32 failed = 0, ran = 0;

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		for (size_t k = 0; k < XB_ARRAY_SIZE(ways); k++) {
			if (!fits(&rows[i], &ways[k]))
				continue;
			prepare(&rows[i], &ways[k]);
			failed += !run_row(s, &rows[i], &ways[k], k % 2 ? "" : "--engine=interp");
			ran++;
		}
	}
	assert_int_equal(failed, 0);
	assert_true(ran > 3 * XB_ARRAY_SIZE(rows));
}

static bool
is_refused(const struct suite *s, const struct row *row, const struct way *way)
{
	char options[64], said[512];

	snprintf(options, sizeof(options), "--engine kernel %s", way->options);
	if (call(s->plugin, row, options) == 1) {
		read_file("err", said, sizeof(said));
		if (!strncmp(said, "xdpbench-plugin: the kernel refuses the program: ", 49))
			return true;
	}
	print_error("row '%s', %s: the kernel does not refuse it\n", row->name, way->name);
	return false;
}

/* The kernel agrees, or refuses the program; packets are of 14 bytes and more. */
static void
test_kernel(void **state)
{
	const struct suite *s = *state;
	u32 failed = 0;

	if (!s->kernel)
		skip();
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		for (size_t k = 0; k < XB_ARRAY_SIZE(ways); k++) {
			const struct row *row = &rows[i];

			if (!fits(row, &ways[k]) ||
			    (ways[k].prolog && row->memory && memory_bytes(row) < 14))
				continue;
			prepare(row, &ways[k]);
			if (row->refused)
				failed += !is_refused(s, row, &ways[k]);
			else
				failed += !run_row(s, row, &ways[k], "--engine kernel");
		}
	}
	assert_int_equal(failed, 0);
}

static bool
is_permitted(const char *plugin)
{
	prepare(&rows[0], &ways[0]);
	if (call(plugin, &rows[0], "--engine kernel") == 0)
		return true;
	printf("skipped: bpf(2) not permitted\n");
	return false;
}

int
main(int argc, char **argv)
{
	struct suite suite;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_machine, &suite),
		cmocka_unit_test_prestate(test_kernel, &suite),
	};
	char plugin[PATH_MAX], scratch[] = "/tmp/xdpbench-test-XXXXXX", command[64];
	int rc;

	if (argc != 2 || !realpath(argv[1], plugin) || !mkdtemp(scratch) || chdir(scratch) != 0)
		return 2;
	suite = (struct suite){ plugin, is_permitted(plugin) };
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	return system(command) == 0 ? rc : 2;
}
