/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_input.c - from hex digits to instructions.
 */
#include "bench/plugin_priv.h"

#include <ctype.h>
#include <errno.h>
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

int
plugin_take_insns(struct plugin_job *job, const u8 *data, size_t bytes, struct xb_err *err)
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
	if (elf) {
		job->image = data;
		job->image_bytes = bytes;
		rc = plugin_read_elf(job, err);
	} else {
		rc = plugin_take_insns(job, data, bytes, err);
		free(data);
	}
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
