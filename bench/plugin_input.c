/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_input.c - from hex digits to instructions, those of an ELF file's `main` among them.
 */
#include "bench/plugin_priv.h"

#include "lib/elfcheck.h"

#include <ctype.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int
bad_digit(const char *text, size_t at, struct xb_err *err)
{
	char c = text[at];

	if (c == 0)
		return xb_err_set(err, XB_ERR_USAGE, "character %zu: half a byte at the end",
		                  at + 1);
	if (isprint((unsigned char)c))
		return xb_err_set(err, XB_ERR_USAGE,
		                  "character %zu: expected two hex digits, found '%c'", at + 1, c);
	return xb_err_set(err, XB_ERR_USAGE,
	                  "character %zu: expected two hex digits, found byte 0x%02x", at + 1,
	                  (unsigned char)c);
}

int
plugin_hex(const char *text, u8 **to, size_t *bytes, struct xb_err *err)
{
	size_t len = strlen(text), cnt = 0;
	u8 *data = malloc(len / 2 + 1);

	if (!data)
		return xb_err_errno(err, ENOMEM, "bytes");
	for (size_t i = 0; text[i];) {
		if (isspace((unsigned char)text[i])) {
			i++;
			continue;
		}
		for (size_t k = i; k < i + 2; k++) {
			if (digit(text[k]) < 0) {
				free(data);
				return bad_digit(text, k, err);
			}
		}
		data[cnt++] = (u8)(digit(text[i]) << 4 | digit(text[i + 1]));
		i += 2;
	}
	if (cnt == 0) {
		free(data);
		data = NULL;
	}
	*to = data;
	*bytes = cnt;
	return 0;
}

static int
take_insns(struct plugin_job *job, const u8 *data, size_t bytes, struct xb_err *err)
{
	if (bytes % sizeof(struct bpf_insn))
		return xb_err_set(err, XB_ERR_USAGE,
		                  "%zu bytes; expected instructions of 8 bytes each", bytes);
	job->insns = malloc(bytes);
	if (!job->insns)
		return xb_err_errno(err, ENOMEM, "program");
	memcpy(job->insns, data, bytes);
	job->insn_cnt = (u32)(bytes / sizeof(struct bpf_insn));
	return 0;
}

/* The file, as far as it matters here. */
struct elf {
	Elf *elf;
	size_t names; /* the section of names */
	Elf_Scn *code;
	size_t code_idx;
};

static void
find_code(struct elf *e)
{
	static const char *const sections[] = { "xdp", ".text" };

	for (size_t k = 0; k < XB_ARRAY_SIZE(sections) && !e->code; k++) {
		Elf_Scn *scn = NULL;

		while ((scn = elf_nextscn(e->elf, scn))) {
			GElf_Shdr sh;
			const char *name;

			if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_PROGBITS ||
			    !(sh.sh_flags & SHF_EXECINSTR) || sh.sh_size == 0)
				continue;
			name = elf_strptr(e->elf, e->names, sh.sh_name);
			if (name && !strcmp(name, sections[k])) {
				e->code = scn;
				e->code_idx = elf_ndxscn(scn);
				break;
			}
		}
	}
}

/* Functions that start in the section. */
static u32
count_functions(const struct elf *e, Elf_Scn *symtab, const GElf_Shdr *sh)
{
	Elf_Data *data = elf_getdata(symtab, NULL);
	u32 cnt = 0;

	for (int i = 0; data && sh->sh_entsize && (u64)i < sh->sh_size / sh->sh_entsize; i++) {
		GElf_Sym sym;

		if (!gelf_getsym(data, i, &sym))
			break;
		cnt += sym.st_shndx == e->code_idx && GELF_ST_TYPE(sym.st_info) == STT_FUNC;
	}
	return cnt;
}

/*
 * Whether the section is one function that refers to nothing: then its bytes are the program. (What
 * libbpf makes of a call to a place inside a function that is not one for itself is a second copy
 * of all of it.)
 */
static bool
is_whole(const struct elf *e)
{
	Elf_Scn *scn = NULL;
	u32 functions = 0;

	while ((scn = elf_nextscn(e->elf, scn))) {
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh))
			return false;
		if ((sh.sh_type == SHT_REL || sh.sh_type == SHT_RELA) &&
		    sh.sh_info == e->code_idx && sh.sh_size)
			return false;
		if (sh.sh_type == SHT_SYMTAB)
			functions += count_functions(e, scn, &sh);
	}
	return functions <= 1;
}

/* A section that is the program; else the file is kept, for libbpf. */
static int
read_elf(struct plugin_job *job, struct elf *e, u8 **image, size_t bytes, struct xb_err *err)
{
	const char *name = NULL;
	GElf_Shdr sh;
	Elf_Data *data;

	if (elf_getshdrstrndx(e->elf, &e->names) == 0)
		find_code(e);
	if (!e->code)
		return xb_err_set(err, XB_ERR_LOAD, "no program in section 'xdp' or '.text'");
	if (gelf_getshdr(e->code, &sh))
		name = elf_strptr(e->elf, e->names, sh.sh_name);
	job->packet |= name && !strcmp(name, "xdp");
	data = elf_getdata(e->code, NULL);
	if (data && data->d_buf && is_whole(e))
		return take_insns(job, data->d_buf, data->d_size, err);
	job->image = *image;
	job->image_bytes = bytes;
	*image = NULL;
	return 0;
}

static int
take_elf(struct plugin_job *job, u8 **image, size_t bytes, struct xb_err *err)
{
	struct elf e = { 0 };
	int rc;

	if (xb_elf_check(*image, bytes, err) != 0)
		return -1;
	elf_version(EV_CURRENT);
	e.elf = elf_memory((char *)*image, bytes);
	if (!e.elf)
		return xb_err_set(err, XB_ERR_LOAD, "ELF file: %s", elf_errmsg(-1));
	rc = read_elf(job, &e, image, bytes, err);
	elf_end(e.elf);
	return rc;
}

/*
 * What the suite's runner puts in front of a program with --xdp_prolog, which it does not tell the
 * plug-in: load packet and length from the xdp_md in R1, and go on where all of the memory is
 * there. As a program for bare memory it would take the first bytes for an address.
 */
static bool
has_prolog(const struct plugin_job *job)
{
	s32 bytes = (s32)job->memory_bytes;
	const struct bpf_insn prolog[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 1, .src_reg = 6, .off = 0 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 6, .off = 4 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 3, .src_reg = 1 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 3, .imm = bytes },
		{ .code = BPF_JMP | BPF_JLE | BPF_X, .dst_reg = 3, .src_reg = 2, .off = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = bytes },
	};

	return job->memory_bytes && job->insn_cnt > XB_ARRAY_SIZE(prolog) &&
	       memcmp(job->insns, prolog, sizeof(prolog)) == 0;
}

int
plugin_read_program(struct plugin_job *job, const char *text, bool elf, struct xb_err *err)
{
	size_t bytes;
	u8 *data;
	int rc;

	if (plugin_hex(text, &data, &bytes, err) != 0)
		return -1;
	if (bytes == 0)
		return xb_err_set(err, XB_ERR_USAGE, "empty; expected a line of hex digits");
	rc = elf ? take_elf(job, &data, bytes, err) : take_insns(job, data, bytes, err);
	free(data);
	if (rc == 0)
		job->packet |= has_prolog(job);
	return rc;
}

static bool
is_bare_insn(const struct bpf_insn *insn)
{
	if (insn->code == (BPF_LD | BPF_IMM | BPF_DW))
		return insn->src_reg == 0 || insn->src_reg == BPF_PSEUDO_FUNC;
	if (insn->code != (BPF_JMP | BPF_CALL))
		return BPF_CLASS(insn->code) != BPF_LD;
	if (insn->src_reg == 0)
		return insn->imm == PLUGIN_HELPER;
	return insn->src_reg != BPF_PSEUDO_KFUNC_CALL || insn->imm == PLUGIN_RUNTIME;
}

bool
plugin_is_bare(const struct plugin_job *job)
{
	for (u32 i = 0; i < job->insn_cnt; i++) {
		if (!is_bare_insn(&job->insns[i]))
			return false;
		i += job->insns[i].code == (BPF_LD | BPF_IMM | BPF_DW);
	}
	return job->insns != NULL;
}
