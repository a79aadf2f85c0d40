/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_elf.c - the program in an ELF file: function main in section xdp or .text.
 *
 * libbpf does not take all that the suite has: it knows functions of .text beside each other as
 * parts of programs elsewhere alone, and of a call to a place inside a function it makes a second
 * copy of all of it. So a section that refers to nothing but itself is linked here: main comes
 * first, and calls are told where the others went.
 */
#include "bench/plugin_priv.h"

#include "lib/elfcheck.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#define R_BPF_CALL 10 /* R_BPF_64_32 */

struct elf {
	Elf *elf;
	size_t names; /* the section of names */
	Elf_Scn *code;
	size_t code_idx;
	bool is_xdp;
	Elf_Scn *symtab; /* or NULL */
	Elf_Data *symbols;
	size_t strings;
	u32 functions;  /* that start in the section */
	u32 main, size; /* slots of main; all of the section, where that is all there is */
	bool has_main;
	/* By slot: whom a call calls, from the section's start; NO_TARGET: as the call says. */
	s64 *targets;
	struct bpf_insn *insns; /* a copy, as they are in the section */
	u32 cnt;
};

#define NO_TARGET (-1)

static const char *
section_name(const struct elf *e, Elf_Scn *scn)
{
	GElf_Shdr sh;
	const char *name = NULL;

	if (gelf_getshdr(scn, &sh))
		name = elf_strptr(e->elf, e->names, sh.sh_name);
	return name ? name : "";
}

static bool
is_code(Elf_Scn *scn)
{
	GElf_Shdr sh;

	return gelf_getshdr(scn, &sh) && sh.sh_type == SHT_PROGBITS &&
	       (sh.sh_flags & SHF_EXECINSTR) && sh.sh_size;
}

static void
find_code(struct elf *e)
{
	static const char *const names[] = { "xdp", ".text" };

	for (size_t i = 0; i < XB_ARRAY_SIZE(names) && !e->code; i++) {
		Elf_Scn *scn = NULL;

		while (!e->code && (scn = elf_nextscn(e->elf, scn)))
			if (is_code(scn) && !strcmp(section_name(e, scn), names[i]))
				e->code = scn;
		e->is_xdp = i == 0;
	}
	if (e->code)
		e->code_idx = elf_ndxscn(e->code);
}

static void
find_symbols(struct elf *e)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while (!e->symtab && (scn = elf_nextscn(e->elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB) {
			e->symtab = scn;
			e->symbols = elf_getdata(scn, NULL);
			e->strings = sh.sh_link;
		}
}

static void
find_main(struct elf *e)
{
	GElf_Sym sym;

	e->size = e->cnt;
	for (int i = 0; e->symbols && gelf_getsym(e->symbols, i, &sym); i++) {
		const char *name = elf_strptr(e->elf, e->strings, sym.st_name);

		if (sym.st_shndx != e->code_idx || GELF_ST_TYPE(sym.st_info) != STT_FUNC)
			continue;
		e->functions++;
		if (!name || strcmp(name, "main") != 0 || sym.st_value / 8 >= e->cnt)
			continue;
		e->has_main = true;
		e->main = (u32)(sym.st_value / 8);
		e->size = e->cnt - e->main;
		if (sym.st_size / 8 && sym.st_size / 8 < e->size)
			e->size = (u32)(sym.st_size / 8);
	}
	if (e->functions <= 1) {
		e->main = 0;
		e->size = e->cnt;
	}
}

static bool
is_local_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL;
}

/* One that has the section's calls go to functions of its own. (cf. libbpf: bpf_object__reloc_code)
 */
static bool
take_relocation(struct elf *e, const GElf_Rel *rel)
{
	u64 pc = rel->r_offset / 8;
	GElf_Sym sym;

	if (pc >= e->cnt || GELF_R_TYPE(rel->r_info) != R_BPF_CALL || !e->symbols ||
	    !gelf_getsym(e->symbols, (int)GELF_R_SYM(rel->r_info), &sym) ||
	    sym.st_shndx != e->code_idx || !is_local_call(&e->insns[pc]))
		return false;
	e->targets[pc] = (s64)(sym.st_value / 8) + e->insns[pc].imm + 1;
	return true;
}

/* False: it refers to something else. */
static bool
take_relocations(struct elf *e)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	GElf_Rel rel;

	while ((scn = elf_nextscn(e->elf, scn))) {
		Elf_Data *data;

		if (!gelf_getshdr(scn, &sh) || sh.sh_info != e->code_idx ||
		    (sh.sh_type != SHT_REL && sh.sh_type != SHT_RELA) || !sh.sh_size)
			continue;
		data = sh.sh_type == SHT_REL ? elf_getdata(scn, NULL) : NULL;
		if (!data)
			return false;
		for (int i = 0; gelf_getrel(data, i, &rel); i++)
			if (!take_relocation(e, &rel))
				return false;
	}
	return true;
}

/* Where a slot goes: main first, then what was before it, and what is behind it stays. */
static s64
moved(const struct elf *e, s64 slot)
{
	if (slot < e->main)
		return slot + e->size;
	return slot < (s64)e->main + e->size ? slot - e->main : slot;
}

static int
link_section(const struct elf *e, struct plugin_job *job, struct xb_err *err)
{
	job->insns = calloc(e->cnt, sizeof(*job->insns));
	if (!job->insns)
		return xb_err_errno(err, ENOMEM, "program");
	job->insn_cnt = e->cnt;
	for (u32 pc = 0; pc < e->cnt; pc++) {
		struct bpf_insn *to = &job->insns[moved(e, pc)];
		s64 target = e->targets[pc];

		*to = e->insns[pc];
		if (!is_local_call(to))
			continue;
		if (target == NO_TARGET)
			target = (s64)pc + 1 + to->imm;
		if (target < 0 || target >= e->cnt)
			return xb_err_set(
			        err, XB_ERR_LOAD,
			        "insn %u: a call to %lld, which is outside of the section", pc,
			        (long long)target);
		to->imm = (s32)(moved(e, target) - moved(e, pc) - 1);
	}
	return 0;
}

static int
read_section(struct elf *e, struct plugin_job *job, struct xb_err *err)
{
	Elf_Data *data = elf_getdata(e->code, NULL);
	bool own;

	if (!data || !data->d_buf || data->d_size % sizeof(*e->insns))
		return xb_err_set(err, XB_ERR_LOAD,
		                  "section '%s': expected instructions of 8 bytes each",
		                  section_name(e, e->code));
	e->cnt = (u32)(data->d_size / sizeof(*e->insns));
	e->insns = malloc(data->d_size);
	e->targets = malloc(e->cnt * sizeof(*e->targets));
	if (!e->insns || !e->targets)
		return xb_err_errno(err, ENOMEM, "program");
	memcpy(e->insns, data->d_buf, data->d_size);
	for (u32 i = 0; i < e->cnt; i++)
		e->targets[i] = NO_TARGET;
	find_symbols(e);
	find_main(e);
	if (e->functions > 1 && !e->has_main)
		return xb_err_set(err, XB_ERR_LOAD, "no function 'main' in section '%s'",
		                  section_name(e, e->code));
	own = take_relocations(e);
	if (own && (e->functions <= 1 || !e->is_xdp))
		return link_section(e, job, err);
	if (e->functions > 1 && !e->is_xdp)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "main is one of several functions in .text, and refers to more "
		                  "than these; libbpf links it in section 'xdp' alone");
	return 0;
}

int
plugin_read_elf(struct plugin_job *job, struct xb_err *err)
{
	struct elf e = { 0 };
	int rc;

	if (xb_elf_check(job->image, job->image_bytes, err) != 0)
		return -1;
	elf_version(EV_CURRENT);
	e.elf = elf_memory((char *)job->image, job->image_bytes);
	if (!e.elf)
		return xb_err_set(err, XB_ERR_LOAD, "ELF file: %s", elf_errmsg(-1));
	if (elf_getshdrstrndx(e.elf, &e.names) == 0)
		find_code(&e);
	if (e.code) {
		job->packet |= e.is_xdp;
		rc = read_section(&e, job, err);
	} else {
		rc = xb_err_set(err, XB_ERR_LOAD, "no program in section 'xdp' or '.text'");
	}
	free(e.targets);
	free(e.insns);
	elf_end(e.elf);
	return rc;
}
