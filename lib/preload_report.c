/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload_report.c - the first of its kind is written at once, so that it is there whatever becomes
 * of the process; how many more there were, when it ends.
 */
#include "lib/preload_report.h"

#include "emu/helper.h"
#include "emu/kfunc.h"
#include "emu/map.h"
#include "emu/prog.h"
#include "emu/user.h"
#include "lib/preload_priv.h"
#include "vm/proc.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_MOST  512u
#define LINE_BYTES 400u

struct row {
	enum preload_lacks kind;
	int errnum;
	u32 more; /* than what was written */
	char what[300];
};

static struct {
	struct xb_lock lock;
	bool looked; /* for the descriptor */
	int fd;      /* -1: nobody asked */
	pid_t pid;   /* whose counts these are */
	struct row rows[ROWS_MOST];
	u32 cnt;
} report = { .fd = -1 };

#define NAME(id, text) [PRELOAD_LACKS_##id] = (text),
static const char *const kinds[] = { PRELOAD_LACKS(NAME) };
#undef NAME

/* The descriptor that exec left open, if it still is what it was. */
static int
find_fd(void)
{
	const char *text = getenv(PRELOAD_ENV_REPORT);
	unsigned long long dev, ino;
	struct stat st;
	int fd;

	if (!text || sscanf(text, "%d:%llu:%llu", &fd, &dev, &ino) != 3)
		return -1;
	return fstat(fd, &st) == 0 && st.st_dev == dev && st.st_ino == ino ? fd : -1;
}

static void
write_row(const struct row *row, u32 cnt)
{
	char line[LINE_BYTES];
	int n = snprintf(line, sizeof(line), "%s\t%s\t%d\t%u\n", kinds[row->kind], row->what,
	                 row->errnum, cnt);

	if (n > 0 && (size_t)n < sizeof(line) && write(report.fd, line, (size_t)n) != n)
		report.fd = -1;
}

/* A forked child counts from nothing. */
static void
own_counts(void)
{
	if (report.pid == getpid())
		return;
	report.pid = getpid();
	for (u32 i = 0; i < report.cnt; i++)
		report.rows[i].more = 0;
}

/* One line, whatever was in it. */
static void
clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ')
			*text = ' ';
}

static void
count(const struct row *new)
{
	u32 i = 0;

	own_counts();
	while (i < report.cnt &&
	       (report.rows[i].kind != new->kind || report.rows[i].errnum != new->errnum ||
	        strcmp(report.rows[i].what, new->what) != 0))
		i++;
	if (i < report.cnt) {
		report.rows[i].more++;
		return;
	}
	write_row(new, 1);
	if (report.cnt < ROWS_MOST)
		report.rows[report.cnt++] = *new;
}

void
preload_report(enum preload_lacks kind, int errnum, const char *fmt, ...)
{
	struct row row = { .kind = kind, .errnum = errnum };
	int before = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(row.what, sizeof(row.what), fmt, ap);
	va_end(ap);
	clean(row.what);
	xb_lock_take(&report.lock);
	if (!report.looked)
		report.fd = find_fd();
	report.looked = true;
	if (report.fd >= 0)
		count(&row);
	xb_lock_give(&report.lock);
	errno = before;
}

__attribute__((destructor)) static void
write_counts(void)
{
	own_counts();
	for (u32 i = 0; report.fd >= 0 && i < report.cnt; i++)
		if (report.rows[i].more)
			write_row(&report.rows[i], report.rows[i].more);
}

/* Where it was: function, and line of the source if it is known. */
void
preload_report_fault(void *arg, struct xb_proc *proc)
{
	const struct xb_fault *f = &proc->fault;
	const struct xb_bpf_prog *prog = xb_prog_user(f->prog);
	const struct xb_line *line = xb_prog_line(f->prog, f->pc);

	(void)arg;
	if (line)
		preload_report(PRELOAD_LACKS_FAULT, 0, "%s: insn %u (%s:%u): %s: %s",
		               prog->func_name, f->pc, line->file, line->line,
		               xb_fault_kind_name(f->kind), f->message);
	else
		preload_report(PRELOAD_LACKS_FAULT, 0, "%s: insn %u: %s: %s", prog->func_name,
		               f->pc, xb_fault_kind_name(f->kind), f->message);
}

/* A call of the program that cannot be loaded. What other types have, Linux may refuse to this. */
static void
report_call(struct xb_emu *emu, const struct bpf_insn *insn, u32 prog_type, int errnum)
{
	const char *name, *type = xb_prog_type_name(prog_type);

	if (insn->code != (BPF_JMP | BPF_CALL))
		return;
	if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL && insn->imm) {
		name = insn->off ? NULL : xb_kfunc_name(emu, (u32)insn->imm);
		if (insn->off)
			preload_report(PRELOAD_LACKS_KFUNC, errnum, "of a module, in %s", type);
		else if (name && !xb_kfunc_find(emu, name, ~0u))
			preload_report(PRELOAD_LACKS_KFUNC, errnum, "%s, in %s", name, type);
	} else if (insn->src_reg == 0) {
		name = xb_helper_name((u32)insn->imm);
		if (name && !xb_helper_find(emu, (u32)insn->imm, ~0u))
			preload_report(PRELOAD_LACKS_HELPER, errnum, "bpf_%s, in %s", name, type);
	}
}

static void
report_prog_load(struct xb_emu *emu, const union bpf_attr *attr, int errnum)
{
	const char *type = xb_prog_type_name(attr->prog_type);
	struct bpf_insn insn;

	if (!type || attr->prog_type == BPF_PROG_TYPE_UNSPEC)
		return;
	if (attr->prog_type >= XB_ARRAY_SIZE(emu->prog_types) ||
	    !emu->prog_types[attr->prog_type]) {
		preload_report(PRELOAD_LACKS_PROG_TYPE, errnum, "%s", type);
		return;
	}
	for (u32 i = 0; i < attr->insn_cnt; i++) {
		if (xb_user_read(&insn, attr->insns + i * sizeof(insn), sizeof(insn)))
			return;
		report_call(emu, &insn, attr->prog_type, errnum);
	}
}

/* Types that the kernel test-runs (cf. struct bpf_prog_ops: test_run). */
#define TEST_RUNS                                                                                  \
	(XB_PROG_TYPE_BIT(BPF_PROG_TYPE_RAW_TRACEPOINT) |                                          \
	 XB_PROG_TYPE_BIT(BPF_PROG_TYPE_TRACING) | XB_PROG_TYPE_BIT(BPF_PROG_TYPE_STRUCT_OPS) |    \
	 XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SYSCALL) | XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SK_LOOKUP))

static const struct xb_bpf_prog *
prog_of(struct xb_emu *emu, u32 fd)
{
	struct xb_obj *obj = preload_obj(emu, (int)fd);

	return obj && obj->kind == XB_OBJ_PROG ? XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj)
	                                       : NULL;
}

static void
report_test_run(struct xb_emu *emu, const union bpf_attr *attr, int errnum)
{
	const struct xb_bpf_prog *prog = prog_of(emu, attr->test.prog_fd);

	if (prog && errnum == XB_ENOTSUPP && XB_PROG_TYPE_BIT(prog->type) & TEST_RUNS)
		preload_report(PRELOAD_LACKS_TEST_RUN, errnum, "%s", xb_prog_type_name(prog->type));
}

static void
report_attach(int cmd, u32 attach_type, const struct xb_bpf_prog *prog, int errnum)
{
	const char *type = libbpf_bpf_attach_type_str((enum bpf_attach_type)attach_type);
	const char *of = prog ? xb_prog_type_name(prog->type) : NULL;

	preload_report(PRELOAD_LACKS_ATTACH, errnum, "%s%s%s (%s)", type ? type : "unknown",
	               of ? " of " : "", of ? of : "", xb_emu_cmd_name(cmd));
}

/* Links of types that the emulator has may be refused for good reasons. */
static void
report_link(struct xb_emu *emu, const union bpf_attr *attr, int errnum)
{
	const struct xb_bpf_prog *prog = prog_of(emu, attr->link_create.prog_fd);

	if (!prog || errnum == EBADF || prog->type == BPF_PROG_TYPE_EXT ||
	    prog->type == BPF_PROG_TYPE_XDP || prog->type == BPF_PROG_TYPE_SCHED_CLS)
		return;
	report_attach(BPF_LINK_CREATE, attr->link_create.attach_type, prog, errnum);
}

static void
report_raw_tracepoint(struct xb_emu *emu, const union bpf_attr *attr, int errnum)
{
	const struct xb_bpf_prog *prog = prog_of(emu, attr->raw_tracepoint.prog_fd);
	char name[64] = "";

	if (!prog || prog->type == BPF_PROG_TYPE_EXT)
		return;
	if (attr->raw_tracepoint.name)
		xb_user_str(name, attr->raw_tracepoint.name, sizeof(name));
	preload_report(PRELOAD_LACKS_ATTACH, errnum, "%s%s%s (RAW_TRACEPOINT_OPEN)",
	               xb_prog_type_name(prog->type), name[0] ? " " : "", name);
}

static void
report_cmd(struct xb_emu *emu, int cmd, int errnum)
{
	const char *name = xb_emu_cmd_name(cmd);

	if (!name)
		preload_report(PRELOAD_LACKS_CMD, errnum, "number %d", cmd);
	else if (emu->missing_cmds >> cmd & 1)
		preload_report(PRELOAD_LACKS_CMD, errnum, "%s", name);
}

void
preload_report_bpf(struct xb_emu *emu, int cmd, const union bpf_attr *attr, u32 bytes, int errnum)
{
	union bpf_attr own;

	memset(&own, 0, sizeof(own));
	if (xb_user_read(&own, (uintptr_t)attr, bytes < sizeof(own) ? bytes : sizeof(own)))
		return;
	switch (cmd) {
	case BPF_MAP_CREATE:
		if (!xb_map_ops_of(own.map_type) && xb_map_type_name(own.map_type))
			preload_report(PRELOAD_LACKS_MAP_TYPE, errnum, "%s",
			               xb_map_type_name(own.map_type));
		break;
	case BPF_PROG_LOAD:
		report_prog_load(emu, &own, errnum);
		break;
	case BPF_PROG_TEST_RUN:
		report_test_run(emu, &own, errnum);
		break;
	case BPF_PROG_ATTACH:
	case BPF_PROG_DETACH:
		report_attach(cmd, own.attach_type, prog_of(emu, own.attach_bpf_fd), errnum);
		break;
	case BPF_LINK_CREATE:
		report_link(emu, &own, errnum);
		break;
	case BPF_RAW_TRACEPOINT_OPEN:
		report_raw_tracepoint(emu, &own, errnum);
		break;
	default:
		report_cmd(emu, cmd, errnum);
	}
}
