/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process_view.c - what can be asked of a process: where it is, registers and frames, and what came
 * of its run.
 */
#include "lib/process_priv.h"

#include <stdlib.h>

enum xb_process_status
xb_process_status(const struct xb_process *p)
{
	return p->status;
}

struct xb_program *
xb_process_program(const struct xb_process *p)
{
	return p->program;
}

/* What is there is of an earlier run. */
static bool
is_untouched(const struct xb_process *p)
{
	return p->status == XB_PROCESS_READY && !p->busy;
}

struct xb_program *
xb_process_current_program(const struct xb_process *p)
{
	return is_untouched(p) ? p->program : lib_program_of(p->machine, p->proc->prog);
}

uint64_t
xb_process_insns(const struct xb_process *p)
{
	return is_untouched(p) ? 0 : p->proc->insns;
}

uint32_t
xb_process_pc(const struct xb_process *p)
{
	return is_untouched(p) ? 0 : p->proc->pc;
}

int
xb_process_reg(struct xb_process *p, uint32_t reg, uint64_t *value)
{
	if (reg > BPF_REG_10)
		return -1;
	lib_process_begin(p);
	*value = p->proc->r[reg];
	return 0;
}

int
xb_process_set_reg(struct xb_process *p, uint32_t reg, uint64_t value)
{
	/* Of a program in the midst of a call more is known than it could find out. */
	if (reg >= BPF_REG_10 || (p->busy && !p->in_insn))
		return -1;
	lib_process_begin(p);
	xb_proc_set_reg(p->proc, reg, value);
	return 0;
}

uint32_t
xb_process_frame_cnt(struct xb_process *p)
{
	lib_process_begin(p);
	return p->proc->depth + 1;
}

int
xb_process_frame(struct xb_process *p, uint32_t frame, struct xb_stack_frame *info)
{
	struct xb_frame_info f;

	lib_process_begin(p);
	if (frame > p->proc->depth || !xb_proc_frame(p->proc, p->proc->depth - frame, &f))
		return -1;
	*info = (struct xb_stack_frame){
		.top = f.gaddr + f.bytes,
		.bytes = f.bytes,
		.program = lib_program_of(p->machine, f.prog),
		.pc = f.pc,
		.function = xb_prog_func_name(f.prog, f.pc),
	};
	return 0;
}

uint64_t
xb_process_result(const struct xb_process *p)
{
	return p->proc->r[0];
}

bool
xb_process_fault(const struct xb_process *p, struct xb_fault_info *info)
{
	const struct xb_fault *f = &p->proc->fault;
	const struct xb_line *line;

	if (p->status != XB_PROCESS_FAULTED)
		return false;
	line = xb_prog_line(f->prog, f->pc);
	*info = (struct xb_fault_info){
		.kind = f->kind,
		.message = f->message,
		.pc = f->pc,
		.program = xb_prog_name(f->prog),
		.function = xb_prog_func_name(f->prog, f->pc),
		.gaddr = f->gaddr,
		.bytes = f->bytes,
		.object = f->object,
	};
	if (!line)
		return true;
	info->file = line->file;
	info->line = line->line;
	info->col = line->col;
	return true;
}

bool
xb_process_packet(struct xb_process *p, const uint8_t **data, size_t *bytes)
{
	if (!lib_process_is_over(p) || !p->out.data)
		return false;
	*data = p->out.data;
	*bytes = p->out.bytes;
	return true;
}

char *
xb_process_save_context(struct xb_process *p, struct xb_err *err)
{
	struct xb_context *c;
	char *text;

	if (!p->bound || !lib_process_is_over(p) || p->spoilt) {
		xb_err_set(err, XB_ERR_USAGE,
		           !p->bound                 ? "the process has no context"
		           : !lib_process_is_over(p) ? "the process is not over"
		                                     : "the context was not loaded");
		return NULL;
	}
	c = xb_bound_save(p->bound, err);
	if (!c)
		return NULL;
	text = xb_context_print(c, NULL, err);
	xb_context_free(c);
	return text;
}

struct xb_machine *
xb_process_machine(const struct xb_process *p)
{
	return p->machine;
}
