/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/elfcheck.h"

#include <elf.h>
#include <linux/bpf.h>
#include <string.h>

#ifndef EM_BPF
#define EM_BPF 247
#endif

static int
refuse(struct xb_err *err, const char *what)
{
	return xb_err_set(err, XB_ERR_LOAD, "%s", what);
}

static const char *
machine_name(u16 machine)
{
	static const struct {
		u16 machine;
		const char *name;
	} rows[] = {
		{ EM_X86_64, "x86-64" },   { EM_386, "i386" },     { EM_AARCH64, "AArch64" },
		{ EM_ARM, "ARM" },         { EM_RISCV, "RISC-V" }, { EM_S390, "s390" },
		{ EM_PPC64, "PowerPC64" },
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (rows[i].machine == machine)
			return rows[i].name;
	return NULL;
}

static int
check_header(const Elf64_Ehdr *eh, struct xb_err *err)
{
	const char *name = machine_name(eh->e_machine);

	if (eh->e_ident[EI_CLASS] != ELFCLASS64)
		return refuse(err, "not a BPF object: a 32-bit ELF file");
	if (eh->e_ident[EI_DATA] == ELFDATA2MSB)
		return refuse(err,
		              "big-endian BPF objects cannot run here; compile with -target bpfel");
	if (eh->e_machine != EM_BPF && name)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "ELF file for %s, not for BPF; compile with -target bpf", name);
	if (eh->e_machine != EM_BPF)
		return xb_err_set(err, XB_ERR_LOAD, "ELF file for machine %u, not for BPF (%d)",
		                  eh->e_machine, EM_BPF);
	if (eh->e_type != ET_REL)
		return refuse(
		        err,
		        "not a relocatable ELF file; expected what clang -c -target bpf makes");
	return 0;
}

static Elf64_Shdr
section_at(const u8 *image, const Elf64_Ehdr *eh, u32 idx)
{
	Elf64_Shdr sh;

	memcpy(&sh, image + eh->e_shoff + idx * sizeof(sh), sizeof(sh));
	return sh;
}

static bool
is_code(const Elf64_Shdr *sh)
{
	return sh->sh_type == SHT_PROGBITS && sh->sh_flags & SHF_EXECINSTR && sh->sh_size > 0;
}

static bool
is_text(const u8 *image, const Elf64_Ehdr *eh, const Elf64_Shdr *sh)
{
	static const char name[] = ".text";
	Elf64_Shdr names;

	if (eh->e_shstrndx >= eh->e_shnum)
		return false;
	names = section_at(image, eh, eh->e_shstrndx);
	return names.sh_type != SHT_NOBITS && sh->sh_name < names.sh_size &&
	       names.sh_size - sh->sh_name >= sizeof(name) &&
	       memcmp(image + names.sh_offset + sh->sh_name, name, sizeof(name)) == 0;
}

static u32
calls_in(const u8 *image, const Elf64_Shdr *sh)
{
	struct bpf_insn insn;
	u32 cnt = 0;

	for (u64 off = 0; sh->sh_size - off >= sizeof(insn); off += sizeof(insn)) {
		memcpy(&insn, image + sh->sh_offset + off, sizeof(insn));
		cnt += insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == BPF_PSEUDO_CALL;
	}
	return cnt;
}

static bool
has_relocations(const u8 *image, const Elf64_Ehdr *eh, u32 idx)
{
	for (u32 i = 0; i < eh->e_shnum; i++) {
		Elf64_Shdr sh = section_at(image, eh, i);

		if (sh.sh_type == SHT_REL && sh.sh_info == idx && sh.sh_size >= sizeof(Elf64_Rel))
			return true;
	}
	return false;
}

/*
 * What calls functions, which are in .text, has relocations that say so. Where it has none, libbpf
 * before 1.3 frees memory twice, after the second call.
 */
static int
check_calls(const u8 *image, const Elf64_Ehdr *eh, struct xb_err *err)
{
	for (u32 i = 0; i < eh->e_shnum; i++) {
		Elf64_Shdr sh = section_at(image, eh, i);

		if (is_code(&sh) && !is_text(image, eh, &sh) && calls_in(image, &sh) > 1 &&
		    !has_relocations(image, eh, i))
			return xb_err_set(err, XB_ERR_LOAD,
			                  "section %u calls functions, but has no relocations", i);
	}
	return 0;
}

int
xb_elf_check(const u8 *image, size_t bytes, struct xb_err *err)
{
	bool code = false;
	Elf64_Ehdr eh;

	if (bytes == 0)
		return refuse(err, "empty file, expected a BPF object");
	if (bytes < SELFMAG || memcmp(image, ELFMAG, SELFMAG) != 0)
		return refuse(err, "not an ELF file");
	if (bytes < sizeof(eh))
		return refuse(err, "ELF file is cut short in its header");
	memcpy(&eh, image, sizeof(eh));
	if (check_header(&eh, err) != 0)
		return -1;
	if (eh.e_shoff > bytes || eh.e_shentsize != sizeof(Elf64_Shdr) ||
	    (bytes - eh.e_shoff) / sizeof(Elf64_Shdr) < eh.e_shnum)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "ELF file is cut short: %u section headers at byte %llu, file "
		                  "has %zu bytes",
		                  eh.e_shnum, (unsigned long long)eh.e_shoff, bytes);
	for (u32 i = 0; i < eh.e_shnum; i++) {
		Elf64_Shdr sh = section_at(image, &eh, i);

		if (sh.sh_type == SHT_NOBITS || sh.sh_type == SHT_NULL)
			continue;
		if (sh.sh_offset > bytes || sh.sh_size > bytes - sh.sh_offset)
			return xb_err_set(
			        err, XB_ERR_LOAD,
			        "ELF file is cut short: section %u ends at byte %llu, file has %zu",
			        i, (unsigned long long)(sh.sh_offset + sh.sh_size), bytes);
		code |= is_code(&sh);
	}
	return code ? check_calls(image, &eh, err) : refuse(err, "no program section in it");
}
