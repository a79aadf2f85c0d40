/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf_prog.c - what BTF says of a program: its functions and the source line of each instruction.
 */
#include "emu/btf.h"
#include "emu/log.h"
#include "emu/prog.h"
#include "emu/user.h"

#include <bpf/btf.h>
#include <errno.h>
#include <limits.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REC_BYTES      252u /* cf. kernel/bpf/verifier.c: MAX_FUNCINFO_REC_SIZE */
#define MIN_FUNC_REC_BYTES 8u
#define LINE_OF(col)       ((col) >> 10) /* struct bpf_line_info.line_col: line, column */
#define COL_OF(col)        ((col)&0x3ff)

/* An array of records in the caller's memory, whose size need not be ours. */
struct records {
	u64 user;
	u32 cnt, bytes; /* of one, as the caller has them */
	u32 own_bytes;  /* of one, as we have them */
	const char *what;
};

/*
 * Copies the records into a new array, cut or filled with zeros. -E2BIG where a record has
 * something behind what we know; *caller_bytes is then what we know, so that a loader can try
 * again.
 */
static int
copy_records(const struct records *r, __u32 *caller_bytes, void **copy, struct xb_log *log)
{
	u32 part = r->bytes < r->own_bytes ? r->bytes : r->own_bytes;
	u8 *own = calloc(r->cnt, r->own_bytes);

	if (own == NULL)
		return -ENOMEM;
	for (u32 i = 0; i < r->cnt; i++) {
		u64 at = r->user + (u64)i * r->bytes;
		int rc = xb_user_tail_zero(at, r->own_bytes, r->bytes);

		if (rc == -E2BIG) {
			xb_log_printf(log, "nonzero tailing record in %s", r->what);
			*caller_bytes = part;
		}
		if (rc == 0)
			rc = xb_user_read(own + (size_t)i * r->own_bytes, at, part);
		if (rc) {
			free(own);
			return rc;
		}
	}
	*copy = own;
	return 0;
}

/*
 * Marks the first slot of each function: slot 0, and what calls and BPF_PSEUDO_FUNC name
 * (cf. kernel/bpf/verifier.c: add_subprog_and_kfunc). Returns how many there are.
 */
static u32
mark_starts(const struct xb_bpf_prog *prog, u8 *starts)
{
	u32 cnt = 1;

	starts[0] = 1;
	for (u32 i = 0; i < prog->insn_cnt; i++) {
		const struct bpf_insn *in = &prog->insns[i];
		bool calls = in->code == (BPF_JMP | BPF_CALL) && in->src_reg == BPF_PSEUDO_CALL;
		bool loads = in->code == (BPF_LD | BPF_IMM | BPF_DW);
		s64 at = (s64)i + 1 + in->imm;

		if (loads)
			i++;
		if (!calls && !(loads && in->src_reg == BPF_PSEUDO_FUNC))
			continue;
		if (at < 0 || at >= prog->insn_cnt || starts[at])
			continue;
		starts[at] = 1;
		cnt++;
	}
	return cnt;
}

/* One function record: its place follows `prev`, and it is of a function. */
static int
check_func(const struct xb_bpf_prog *prog, u32 i, const u8 *starts, struct xb_log *log)
{
	const struct bpf_func_info *f = &prog->func_info[i];
	const struct btf_type *t = btf__type_by_id(prog->btf->btf, f->type_id);

	if (i == 0 && f->insn_off) {
		xb_log_printf(log, "nonzero insn_off %u for the first func info record",
		              f->insn_off);
		return -EINVAL;
	}
	if (i && f->insn_off <= prog->func_info[i - 1].insn_off) {
		xb_log_printf(
		        log, "same or smaller insn offset (%u) than previous func info record (%u)",
		        f->insn_off, prog->func_info[i - 1].insn_off);
		return -EINVAL;
	}
	if (f->insn_off >= prog->insn_cnt || !starts[f->insn_off]) {
		xb_log_printf(
		        log, "func_info BTF section doesn't match subprog layout in BPF program\n");
		return -EINVAL;
	}
	if (t == NULL || !btf_is_func(t)) {
		xb_log_printf(log, "invalid type id %u in func info", f->type_id);
		return -EINVAL;
	}
	prog->funcs[i].pc = f->insn_off;
	prog->funcs[i].name = btf__name_by_offset(prog->btf->btf, t->name_off);
	return 0;
}

/* cf. kernel/bpf/verifier.c: check_btf_func */
static int
read_funcs(struct xb_bpf_prog *prog, union bpf_attr *attr, const u8 *starts, u32 start_cnt,
           struct xb_log *log)
{
	const struct records recs = {
		.user = attr->func_info,
		.cnt = attr->func_info_cnt,
		.bytes = attr->func_info_rec_size,
		.own_bytes = sizeof(struct bpf_func_info),
		.what = "func info",
	};
	void *copy;
	int rc;

	if (recs.cnt == 0)
		return 0;
	if (recs.bytes < MIN_FUNC_REC_BYTES || recs.bytes > MAX_REC_BYTES || recs.bytes % 4) {
		xb_log_printf(log, "invalid func info rec size %u\n", recs.bytes);
		return -EINVAL;
	}
	if (recs.cnt != start_cnt) {
		xb_log_printf(log,
		              "number of funcs in func_info doesn't match number of subprogs\n");
		return -EINVAL;
	}
	rc = copy_records(&recs, &attr->func_info_rec_size, &copy, log);
	if (rc)
		return rc;
	prog->func_info = copy;
	prog->func_info_cnt = recs.cnt;
	prog->funcs = calloc(recs.cnt, sizeof(prog->funcs[0]));
	if (prog->funcs == NULL)
		return -ENOMEM;
	prog->func_cnt = recs.cnt;
	for (u32 i = 0; rc == 0 && i < recs.cnt; i++)
		rc = check_func(prog, i, starts, log);
	return rc;
}

/* One line record. `missing` counts the functions whose first line is still to come. */
static int
check_line(struct xb_bpf_prog *prog, u32 i, struct xb_log *log)
{
	const struct bpf_line_info *l = &prog->line_info[i];
	const char *text = btf__name_by_offset(prog->btf->btf, l->line_off);
	const char *file = btf__name_by_offset(prog->btf->btf, l->file_name_off);

	if (l->insn_off >= prog->insn_cnt ||
	    (i && l->insn_off <= prog->line_info[i - 1].insn_off)) {
		xb_log_printf(
		        log, "Invalid line_info[%u].insn_off:%u (prev_offset:%u prog->len:%u)\n", i,
		        l->insn_off, i ? prog->line_info[i - 1].insn_off : 0, prog->insn_cnt);
		return -EINVAL;
	}
	if (prog->insns[l->insn_off].code == 0) {
		xb_log_printf(log, "Invalid insn code at line_info[%u].insn_off\n", i);
		return -EINVAL;
	}
	if (text == NULL || file == NULL) {
		xb_log_printf(log, "Invalid line_info[%u].line_off or .file_name_off\n", i);
		return -EINVAL;
	}
	prog->lines[i] = (struct xb_line){
		.pc = l->insn_off,
		.line = LINE_OF(l->line_col),
		.col = COL_OF(l->line_col),
		.file = file,
		.text = text + strspn(text, " \t"),
	};
	return 0;
}

/* Each function has a line of its own at its first instruction. */
static int
check_line_starts(const struct xb_bpf_prog *prog, const u8 *starts, u32 start_cnt,
                  struct xb_log *log)
{
	u32 seen = 0, next = 0;

	for (u32 i = 0; i < prog->line_cnt; i++) {
		for (; next < prog->lines[i].pc; next++)
			if (starts[next])
				goto missing;
		seen += starts[next++];
	}
	if (seen == start_cnt)
		return 0;
missing:
	xb_log_printf(log, "missing bpf_line_info for func#%u\n", seen);
	return -EINVAL;
}

/* cf. kernel/bpf/verifier.c: check_btf_line */
static int
read_lines(struct xb_bpf_prog *prog, union bpf_attr *attr, const u8 *starts, u32 start_cnt,
           struct xb_log *log)
{
	const struct records recs = {
		.user = attr->line_info,
		.cnt = attr->line_info_cnt,
		.bytes = attr->line_info_rec_size,
		.own_bytes = sizeof(struct bpf_line_info),
		.what = "line_info",
	};
	void *copy;
	int rc;

	if (recs.cnt == 0)
		return 0;
	if (recs.cnt > INT_MAX / sizeof(struct bpf_line_info) || recs.bytes < recs.own_bytes ||
	    recs.bytes > MAX_REC_BYTES || recs.bytes % 4)
		return -EINVAL;
	/* Strictly increasing slots: more than there are is wrong, and not worth the memory. */
	if (recs.cnt > prog->insn_cnt) {
		xb_log_printf(log, "more line_info than instructions\n");
		return -EINVAL;
	}
	rc = copy_records(&recs, &attr->line_info_rec_size, &copy, log);
	if (rc)
		return rc;
	prog->line_info = copy;
	prog->line_info_cnt = recs.cnt;
	prog->lines = calloc(recs.cnt, sizeof(prog->lines[0]));
	if (prog->lines == NULL)
		return -ENOMEM;
	prog->line_cnt = recs.cnt;
	for (u32 i = 0; rc == 0 && i < recs.cnt; i++)
		rc = check_line(prog, i, log);
	return rc ? rc : check_line_starts(prog, starts, start_cnt, log);
}

int
xb_btf_prog_info(struct xb_bpf_prog *prog, union bpf_attr *attr, struct xb_log *log)
{
	struct xb_obj *obj;
	u32 start_cnt;
	u8 *starts;
	int rc;

	if (attr->func_info_cnt == 0 && attr->line_info_cnt == 0)
		return 0;
	rc = xb_obj_by_fd(prog->emu, (int)attr->prog_btf_fd, XB_OBJ_BTF, &obj);
	if (rc)
		return rc;
	prog->btf = XB_CONTAINER_OF(obj, struct xb_btf, obj);
	starts = calloc(prog->insn_cnt, 1);
	if (starts == NULL)
		return -ENOMEM;
	start_cnt = mark_starts(prog, starts);
	rc = read_funcs(prog, attr, starts, start_cnt, log);
	if (rc == 0)
		rc = read_lines(prog, attr, starts, start_cnt, log);
	free(starts);
	return rc;
}
