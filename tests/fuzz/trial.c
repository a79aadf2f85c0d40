/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/trial.h"

#include "tests/insns.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
rig_open(struct rig *rig, bool kernel, u32 job)
{
	for (u32 i = 0; i < MACHINE_CNT; i++)
		machine_open(&rig->machines[i], (enum machine_kind)i);
	memset(&rig->kernel, 0, sizeof(rig->kernel));
	rig->kernel.job = job;
	xb_insn_index_init(&rig->index);
	rig->has_kernel = kernel && side_open(&rig->kernel);
}

void
rig_close(struct rig *rig)
{
	for (u32 i = 0; i < MACHINE_CNT; i++)
		machine_close(&rig->machines[i]);
	if (rig->has_kernel)
		side_close(&rig->kernel);
}

XB_PRINTF(3, 4)
static void
differs(struct verdict *v, const char *between, const char *fmt, ...)
{
	va_list args;

	v->between = between;
	va_start(args, fmt);
	vsnprintf(v->text, sizeof(v->text), fmt, args);
	va_end(args);
}

/* A program as it is loaded everywhere. */
struct loaded {
	long fd[MACHINE_CNT], kernel;
};

static void
load_machines(const struct rig *rig, const struct program *p, struct loaded *l)
{
	for (u32 i = 0; i < MACHINE_CNT; i++)
		l->fd[i] = side_load(&rig->machines[i].side, p, NULL, 0);
}

static void
unload_machines(const struct rig *rig, const struct loaded *l)
{
	for (u32 i = 0; i < MACHINE_CNT; i++)
		if (l->fd[i] >= 0)
			side_unload(&rig->machines[i].side, (int)l->fd[i]);
}

/* Machines as they are at the start: then all addresses are the same again. */
static void
run_afresh(struct rig *rig, const struct engine *e, const struct program *p, struct verdict *v,
           struct outcome *out)
{
	struct machine *m = &rig->machines[e->machine];
	long fd;

	machine_close(m);
	machine_open(m, e->machine);
	fd = side_load(&m->side, p, NULL, 0);
	engine_run(m, e, p, &v->use, (int)fd, &rig->inputs[v->input], out);
	side_unload(&m->side, (int)fd);
}

/*
 * Elements of a hash come from where others went, so that a pointer to one is a number that depends
 * on the runs before: only a difference that is still there without them is one.
 */
static bool
confirmed(struct rig *rig, const struct engine *e, const struct program *p, struct loaded *l,
          struct verdict *v, char *text, u32 bytes)
{
	unload_machines(rig, l);
	run_afresh(rig, &fuzz_engines[0], p, v, &rig->outcomes[0]);
	run_afresh(rig, e, p, v, &rig->outcomes[1]);
	load_machines(rig, p, l);
	return outcome_differs(&rig->outcomes[0], &rig->outcomes[1], text, bytes) != NULL;
}

/* One engine against the first, whose outcome is there. */
static void
try_engine(struct rig *rig, const struct engine *e, const struct program *p, struct loaded *l,
           struct verdict *v)
{
	struct outcome *first = &rig->outcomes[0], *out = &rig->outcomes[1];
	char text[500];

	engine_run(&rig->machines[e->machine], e, p, &v->use, (int)l->fd[e->machine],
	           &rig->inputs[v->input], out);
	if (out->fault != XB_FAULT_UNINIT && (!outcome_differs(first, out, text, sizeof(text)) ||
	                                      !confirmed(rig, e, p, l, v, text, sizeof(text))))
		return;
	if (out->fault == XB_FAULT_UNINIT) {
		v->uninit = true;
		if (l->kernel >= 0)
			differs(v, e->name, "the kernel accepts what reads %s, at %u", out->message,
			        out->pc);
		return;
	}
	differs(v, e->name, "%s and %s: %s", fuzz_engines[0].name, e->name, text);
}

static void
try_kernel(struct rig *rig, const struct program *p, const struct loaded *l, struct verdict *v)
{
	const struct outcome *first = &rig->outcomes[0];
	const struct input *in = &rig->inputs[v->input];
	char text[500];

	if (first->fault == XB_FAULT_BUDGET)
		return;
	if (first->status == XB_RUN_FAULT) {
		differs(v, "kernel", "the kernel accepts what faults at %u: %s", first->pc,
		        first->message);
		return;
	}
	side_run(&rig->machines[0].side, p, (int)l->fd[0], v->use.maps, in, &rig->seen[0]);
	side_run(&rig->kernel, p, (int)l->kernel, v->use.maps, in, &rig->seen[1]);
	if (seen_differs(&rig->seen[0], &rig->seen[1], text, sizeof(text)))
		differs(v, "kernel", "emulator and kernel: %s", text);
}

static void
try_input(struct rig *rig, const struct program *p, struct loaded *l, struct verdict *v)
{
	engine_run(&rig->machines[0], &fuzz_engines[0], p, &v->use, (int)l->fd[0],
	           &rig->inputs[v->input], &rig->outcomes[0]);
	if (rig->outcomes[0].status == XB_RUN_FAULT)
		v->faults++;
	for (u32 i = 1; i < fuzz_engine_cnt && !v->between; i++)
		if (!fuzz_engines[i].faulty || rig->faulty)
			try_engine(rig, &fuzz_engines[i], p, l, v);
	if (l->kernel >= 0 && !v->between)
		try_kernel(rig, p, l, v);
}

static void
load_all(struct rig *rig, const struct program *p, struct loaded *l, struct verdict *v)
{
	load_machines(rig, p, l);
	v->loaded = l->fd[0] >= 0;
	v->asked = rig->has_kernel && !p->wild;
	l->kernel = v->asked ? side_load(&rig->kernel, p, NULL, 0) : -EPERM;
	v->accepted = l->kernel >= 0;
	v->refusal = v->accepted ? 0 : (int)l->kernel;
	for (u32 i = 1; i < MACHINE_CNT; i++)
		if ((l->fd[i] >= 0) != v->loaded)
			differs(v, "load", "loaded by one machine alone");
	if (v->accepted && !v->loaded) {
		side_load(&rig->machines[0].side, p, rig->log, sizeof(rig->log));
		differs(v, "load", "the kernel accepts it, the emulator does not: %.400s",
		        rig->log);
	}
}

static void
try_all(struct rig *rig, const struct program *p, struct verdict *v)
{
	struct loaded l;

	*v = (struct verdict){ .use = program_use(p) };
	program_inputs(p->seed, p->type, rig->inputs);
	load_all(rig, p, &l, v);
	for (u32 i = 0; i < PROGRAM_INPUTS && v->loaded && !v->between; i++) {
		v->input = i;
		try_input(rig, p, &l, v);
	}
	unload_machines(rig, &l);
	if (l.kernel >= 0)
		side_unload(&rig->kernel, (int)l.kernel);
}

/* Sees to R0's upper half itself, behind each 32-bit cmpxchg; false: there is none. */
static bool
extend_cmpxchg(struct program *p)
{
	bool any = false;

	for (u32 pc = 0; pc < p->cnt; pc++) {
		const struct bpf_insn *insn = &p->insns[pc];

		if (program_is_wide(insn)) {
			pc++;
		} else if (insn->code == (BPF_STX | BPF_ATOMIC | BPF_W) &&
		           insn->imm == BPF_CMPXCHG) {
			program_insert(p, pc++, XB_MOV32_REG(0, 0));
			any = true;
		}
	}
	return any;
}

/* Runs it in the emulator, as a test run. */
static bool
emulate(struct rig *rig, const struct program *p, u32 input, struct seen *seen)
{
	const struct side *s = &rig->machines[0].side;
	long fd = side_load(s, p, NULL, 0);

	if (fd < 0)
		return false;
	side_run(s, p, (int)fd, program_use(p).maps, &rig->inputs[input], seen);
	side_unload(s, (int)fd);
	return true;
}

/*
 * Linux's verifier leaves out the zero extension of R0 where it thinks that nobody looks at the
 * upper half, and is wrong at times. Programs that do it themselves show no difference then, and
 * the emulator sees none between the two.
 */
static bool
is_missing_extension(struct rig *rig, const struct program *p, u32 input)
{
	struct program extended = *p;
	struct verdict v;
	char text[200];

	if (!extend_cmpxchg(&extended))
		return false;
	try_all(rig, &extended, &v);
	return v.accepted && !v.between && emulate(rig, p, input, &rig->seen[0]) &&
	       emulate(rig, &extended, input, &rig->seen[1]) &&
	       !seen_differs(&rig->seen[0], &rig->seen[1], text, sizeof(text));
}

void
trial_run(struct rig *rig, const struct program *p, struct verdict *v)
{
	try_all(rig, p, v);
	if (!v->between || strcmp(v->between, "kernel") != 0)
		return;
	if (is_missing_extension(rig, p, v->input))
		v->known = "upper half of R0 after a 32-bit cmpxchg";
	try_all(rig, p, &(struct verdict){ 0 }); /* so that the rig holds this one's outcome */
}

/* Lines of the log that give no reason. */
static bool
is_detail(const char *line)
{
	static const char *const starts[] = { "processed ", "verification ",
		                              "cur state:", "old state:" };

	for (u32 i = 0; i < XB_ARRAY_SIZE(starts); i++)
		if (strncmp(line, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* The last that gives one. */
static char *
last_line(char *log)
{
	char *line = NULL, *save = NULL;

	for (char *next = strtok_r(log, "\n", &save); next; next = strtok_r(NULL, "\n", &save))
		if (!is_detail(next))
			line = next;
	return line;
}

const char *
trial_reason(struct rig *rig, const struct program *p)
{
	long fd = side_load(&rig->kernel, p, rig->log, sizeof(rig->log));
	char *line = last_line(rig->log), *to = rig->log;

	if (fd >= 0) {
		side_unload(&rig->kernel, (int)fd);
		return "accepted the second time";
	}
	if (!line)
		return strerror((int)-fd);
	for (const char *from = line; *from; from++)
		if (!isdigit((unsigned char)*from))
			*to++ = *from;
		else if (to == rig->log || to[-1] != '#')
			*to++ = '#';
	*to = '\0';
	return rig->log;
}
