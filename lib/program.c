/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs as the machine's owner knows them: what the inner ones are called, and where they are.
 */
#include "lib/lib_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct xb_program *
lib_program_new(struct xb_machine *machine, const char *name, struct xb_err *err)
{
	struct xb_program *p = calloc(1, sizeof(*p));

	if (!p) {
		xb_err_errno(err, ENOMEM, "program");
		return NULL;
	}
	p->machine = machine;
	snprintf(p->name, sizeof(p->name), "%s", name ? name : "");
	return p;
}

void
lib_program_append(struct xb_program *program)
{
	struct xb_machine *machine = program->machine;
	struct xb_program **link = &machine->programs;

	pthread_mutex_lock(&machine->lock);
	while (*link)
		link = &(*link)->next;
	__atomic_store_n(link, program, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&machine->lock);
}

void
lib_program_remove(struct xb_program *program)
{
	struct xb_machine *machine = program->machine;
	struct xb_program **link = &machine->programs;

	pthread_mutex_lock(&machine->lock);
	while (*link != program)
		link = &(*link)->next;
	__atomic_store_n(link, program->next, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&machine->lock);
	free(program);
}

struct xb_program *
lib_program_of(struct xb_machine *machine, const struct xb_prog *prog)
{
	const struct lib_emulator_kind *kind = machine->emulator->kind;
	struct xb_program *p;

	pthread_mutex_lock(&machine->lock);
	p = machine->programs;
	while (p && !kind->is_of(p, prog))
		p = p->next;
	if (!p && kind->adopt)
		p = kind->adopt(machine->emulator, prog);
	pthread_mutex_unlock(&machine->lock);
	return p;
}

static int
check_opts(const struct xb_program_opts *o, struct xb_err *err)
{
	if (!o->insns)
		return xb_err_set(err, XB_ERR_USAGE, "no instructions");
	if (o->insn_cnt == 0 || o->insn_cnt > XB_PROG_MAX_INSNS)
		return xb_err_set(err, XB_ERR_LOAD, "%u instructions; 1 to %u are allowed",
		                  o->insn_cnt, XB_PROG_MAX_INSNS);
	return 0;
}

static int
load(struct xb_program *p, const struct xb_program_opts *o, struct xb_err *err)
{
	struct xb_emulator *emulator = p->machine->emulator;

	if (check_opts(o, err) != 0)
		return -1;
	p->type = o->type;
	return emulator->kind->load(emulator, p, o, err);
}

struct xb_program *
xb_machine_add_program(struct xb_machine *machine, const struct xb_program_opts *opts,
                       struct xb_err *err)
{
	struct xb_program_opts o;
	struct xb_program *p;

	if (lib_opts_copy(&o, sizeof(o), opts, "program", err) != 0)
		return NULL;
	p = lib_program_new(machine, o.name, err);
	if (!p)
		return NULL;
	if (load(p, &o, err) != 0) {
		xb_err_prefix(err, "program '%s'", p->name);
		free(p);
		return NULL;
	}
	lib_program_append(p);
	return p;
}

struct xb_program *
xb_machine_next_program(const struct xb_machine *machine, const struct xb_program *prev)
{
	return __atomic_load_n(prev ? &prev->next : &machine->programs, __ATOMIC_ACQUIRE);
}

struct xb_program *
xb_machine_find_program(const struct xb_machine *machine, const char *name)
{
	struct xb_program *p = NULL;

	while ((p = xb_machine_next_program(machine, p)) != NULL)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

const char *
xb_program_name(const struct xb_program *program)
{
	return program->name;
}

uint32_t
xb_program_type(const struct xb_program *program)
{
	return program->type;
}

const struct bpf_insn *
xb_program_insns(const struct xb_program *program, uint32_t *cnt)
{
	return xb_prog_insns(lib_prog(program), cnt);
}

void
xb_program_source(const struct xb_program *program, uint32_t insn, struct xb_source_line *source)
{
	const struct xb_line *line = NULL;
	u32 cnt;

	if (xb_prog_insns(lib_prog(program), &cnt) && insn < cnt)
		line = xb_prog_line(lib_prog(program), insn);
	*source = (struct xb_source_line){
		.function = xb_prog_func_name(lib_prog(program), insn),
		.text = "",
	};
	if (!line)
		return;
	source->file = line->file;
	source->text = line->text;
	source->line = line->line;
	source->col = line->col;
}

uint32_t
xb_program_disasm(const struct xb_program *program, uint32_t insn, char *buf, size_t bytes)
{
	u32 cnt;

	xb_prog_insns(lib_prog(program), &cnt);
	return insn < cnt ? xb_prog_disasm(lib_prog(program), insn, buf, bytes) : 0;
}
