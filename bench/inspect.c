/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/inspect.h"

#include "bench/file.h"
#include "bench/refused.h"
#include "bench/say.h"
#include "bench/worker.h"
#include "emu/helper.h"
#include "emu/json.h"
#include "emu/kfunc.h"
#include "emu/sk_msg.h"
#include "emu/sock_ops.h"
#include "lib/object.h"
#include "skb/skb.h"
#include "xdp/xdp.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OBJECT_MAX_BYTES ((size_t)256 << 20)

struct inspector {
	const struct xb_opts *cli;
	struct xb_file file;
	struct xb_emu *emu;
	struct xb_object *object;
	struct xb_err load_err; /* kind NONE: it loads */
};

#define MAX_KFUNCS 32

/* One program, as loaded if it was, else as in the file. */
struct program {
	const struct bpf_program *bpf;
	struct xb_bpf_prog *prog; /* NULL: not loaded */
	const struct bpf_insn *insns;
	size_t insn_cnt;
	u32 type;
	const char *type_name;
	bool emulated;                   /* the type can be run */
	bool helpers[XB_EMU_HELPER_MAX]; /* by number: is called */
	u32 unknown_helper;              /* one beyond the table, or 0 */
	u32 kfunc_calls;
	const char *kfuncs[MAX_KFUNCS]; /* names of the first that are called, each once */
	u32 kfunc_cnt;
};

/* A kernel function that the program calls; one that was not found has no name. */
static void
add_kfunc(const struct inspector *in, struct program *p, u32 btf_id)
{
	const char *name = p->prog && btf_id ? xb_kfunc_name(in->emu, btf_id) : NULL;
	u32 i = 0;

	p->kfunc_calls++;
	if (!name)
		return;
	while (i < p->kfunc_cnt && strcmp(p->kfuncs[i], name) != 0)
		i++;
	if (i < MAX_KFUNCS && i == p->kfunc_cnt)
		p->kfuncs[p->kfunc_cnt++] = name;
}

static void
scan_calls(const struct inspector *in, struct program *p)
{
	for (size_t i = 0; i < p->insn_cnt; i++) {
		const struct bpf_insn *insn = &p->insns[i];
		u32 id = (u32)insn->imm;

		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW)) {
			i++;
			continue;
		}
		if (insn->code != (BPF_JMP | BPF_CALL))
			continue;
		if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
			add_kfunc(in, p, id);
		else if (insn->src_reg == 0 && id < XB_EMU_HELPER_MAX)
			p->helpers[id] = true;
		else if (insn->src_reg == 0 && !xb_helper_is_unresolved(id))
			p->unknown_helper = id;
	}
}

static void
look_at(const struct inspector *in, const struct bpf_program *bpf, struct program *p)
{
	const struct xb_prog_type *ops;

	*p = (struct program){ .bpf = bpf, .prog = xb_object_prog(in->object, bpf) };
	p->type = bpf_program__type(bpf);
	p->type_name = xb_prog_type_name(p->type);
	if (!p->type_name)
		p->type_name = "unknown";
	ops = p->type < XB_ARRAY_SIZE(in->emu->prog_types) ? in->emu->prog_types[p->type] : NULL;
	p->emulated = ops && (ops->test_run || ops->ctx_access);
	p->insns = p->prog ? p->prog->insns : bpf_program__insns(bpf);
	p->insn_cnt = p->prog ? p->prog->insn_cnt : bpf_program__insn_cnt(bpf);
	scan_calls(in, p);
}

static bool
is_emulated(const struct inspector *in, const struct program *p, u32 helper)
{
	return xb_helper_find(in->emu, helper, p->type) != NULL;
}

static bool
has_kfunc(const struct inspector *in, const struct program *p, const char *name)
{
	return xb_kfunc_find(in->emu, name, p->type) != NULL;
}

static const char *
helper_name(u32 id, char buf[32])
{
	const char *name = xb_helper_name(id);

	if (name)
		return name;
	snprintf(buf, 32, "#%u", id);
	return buf;
}

/* The function that the instruction is in. */
static const char *
func_at(const struct program *p, size_t pc)
{
	return p->prog ? xb_prog_func_name(p->prog->vm, (u32)pc) : bpf_program__name(p->bpf);
}

static const struct xb_line *
line_at(const struct program *p, size_t pc)
{
	return p->prog ? xb_prog_line(p->prog->vm, (u32)pc) : NULL;
}

static void
print_warnings(const struct program *p)
{
	char text[XB_REFUSED_BYTES];

	for (size_t pc = 0; (pc = xb_refused_next(p->insns, p->insn_cnt, pc, text)) < p->insn_cnt;
	     pc++) {
		const struct xb_line *line = line_at(p, pc);

		printf("  warning: insn %zu (%s", pc, func_at(p, pc));
		if (line)
			printf(", %s:%u", line->file, line->line);
		printf("): %s\n", text);
	}
}

static void
print_program(const struct inspector *in, const struct program *p)
{
	const char *sep = "", *attach = xb_object_attach_name(p->bpf);
	char buf[32];

	printf("\nprogram %s\n  section %s, type %s (%s), ", bpf_program__name(p->bpf),
	       bpf_program__section_name(p->bpf), p->type_name,
	       p->emulated ? "emulated" : "not emulated");
	if (attach)
		printf("attach type %s, ", attach);
	printf("%zu instructions\n", p->insn_cnt);
	printf("  helpers: ");
	for (u32 id = 0; id < XB_EMU_HELPER_MAX; id++) {
		if (!p->helpers[id])
			continue;
		printf("%s%s%s", sep, helper_name(id, buf),
		       is_emulated(in, p, id) ? "" : " (not emulated)");
		sep = ", ";
	}
	if (p->unknown_helper)
		printf("%s%u (not emulated)", sep, p->unknown_helper);
	else if (!*sep)
		printf("none");
	printf("\n");
	if (p->kfunc_calls) {
		printf("  kfunc calls: %u", p->kfunc_calls);
		for (u32 i = 0; i < p->kfunc_cnt; i++)
			printf("%s%s%s", i ? ", " : ": ", p->kfuncs[i],
			       has_kfunc(in, p, p->kfuncs[i]) ? "" : " (not emulated)");
		printf("%s\n", p->kfunc_cnt ? "" : " (not emulated)");
	}
	for (u32 i = 0; p->prog && i < p->prog->map_cnt; i++)
		printf("%s%s%s",
		       i ? ", " : "  maps: ", xb_object_map_name(in->object, p->prog->maps[i]),
		       i + 1 < p->prog->map_cnt ? "" : "\n");
	print_warnings(p);
}

static void
print_disasm(const struct xb_bpf_prog *prog)
{
	const struct xb_line *last = NULL;
	const char *last_func = "";
	char text[256];
	u32 cnt;

	xb_prog_insns(prog->vm, &cnt);
	for (u32 pc = 0; pc < cnt;) {
		const struct xb_line *line = xb_prog_line(prog->vm, pc);
		const char *func = xb_prog_func_name(prog->vm, pc);
		u32 slots = xb_prog_disasm(prog->vm, pc, text, sizeof(text));

		if (strcmp(func, last_func))
			printf("\n%s:\n", func);
		if (line && line != last)
			printf("; %s%s(%s:%u)\n", line->text, line->text[0] ? " " : "", line->file,
			       line->line);
		printf("%6u: %s\n", pc, text);
		last = line;
		last_func = func;
		pc += slots ? slots : 1;
	}
}

static void
print_map(const struct bpf_map *map)
{
	u32 type = bpf_map__type(map);
	const char *name = xb_map_type_name(type);

	printf("\nmap %s\n  type %s (%s), key %u bytes, value %u bytes, %u entries\n",
	       bpf_map__name(map), name ? name : "unknown",
	       xb_map_ops_of(type) ? "emulated" : "not emulated", bpf_map__key_size(map),
	       bpf_map__value_size(map), bpf_map__max_entries(map));
}

static bool
is_asked_for(const struct inspector *in, const struct bpf_program *bpf)
{
	return !in->cli->prog || in->object->chosen == bpf;
}

static void
print_text(const struct inspector *in)
{
	const struct bpf_object *bpf = in->object->bpf;
	struct bpf_program *prog;
	struct bpf_map *map;
	struct program p;

	printf("%s: ", in->file.name);
	if (in->load_err.kind == XB_ERR_NONE)
		printf("can be run\n");
	else
		printf("cannot be run: %s\n", in->load_err.msg);
	bpf_object__for_each_program(prog, bpf)
	{
		if (!is_asked_for(in, prog))
			continue;
		look_at(in, prog, &p);
		print_program(in, &p);
		if (in->cli->disasm && p.prog)
			print_disasm(p.prog);
	}
	bpf_object__for_each_map(map, bpf) print_map(map);
}

static void
write_disasm(struct xb_json *j, const struct xb_bpf_prog *prog)
{
	char text[256];
	u32 cnt;

	xb_prog_insns(prog->vm, &cnt);
	xb_json_open_array(j, "disasm");
	for (u32 pc = 0; pc < cnt;) {
		const struct xb_line *line = xb_prog_line(prog->vm, pc);
		u32 slots = xb_prog_disasm(prog->vm, pc, text, sizeof(text));

		xb_json_open_object(j, NULL);
		xb_json_u64(j, "insn", pc);
		xb_json_string(j, "text", text);
		xb_json_string(j, "func", xb_prog_func_name(prog->vm, pc));
		if (line) {
			xb_json_string(j, "file", line->file);
			xb_json_u64(j, "line", line->line);
		}
		xb_json_close_object(j);
		pc += slots ? slots : 1;
	}
	xb_json_close_array(j);
}

static void
write_helpers(struct xb_json *j, const struct inspector *in, const struct program *p)
{
	char buf[32];

	xb_json_open_array(j, "helpers");
	for (u32 id = 0; id < XB_EMU_HELPER_MAX; id++) {
		if (!p->helpers[id])
			continue;
		xb_json_open_object(j, NULL);
		xb_json_u64(j, "id", id);
		xb_json_string(j, "name", helper_name(id, buf));
		xb_json_bool(j, "emulated", is_emulated(in, p, id));
		xb_json_close_object(j);
	}
	if (p->unknown_helper) {
		xb_json_open_object(j, NULL);
		xb_json_u64(j, "id", p->unknown_helper);
		xb_json_bool(j, "emulated", false);
		xb_json_close_object(j);
	}
	xb_json_close_array(j);
}

static void
write_kfuncs(struct xb_json *j, const struct inspector *in, const struct program *p)
{
	xb_json_open_array(j, "kfuncs");
	for (u32 i = 0; i < p->kfunc_cnt; i++) {
		xb_json_open_object(j, NULL);
		xb_json_string(j, "name", p->kfuncs[i]);
		xb_json_bool(j, "emulated", has_kfunc(in, p, p->kfuncs[i]));
		xb_json_close_object(j);
	}
	xb_json_close_array(j);
}

static void
write_warnings(struct xb_json *j, const struct program *p)
{
	char text[XB_REFUSED_BYTES];

	xb_json_open_array(j, "warnings");
	for (size_t pc = 0; (pc = xb_refused_next(p->insns, p->insn_cnt, pc, text)) < p->insn_cnt;
	     pc++) {
		const struct xb_line *line = line_at(p, pc);

		xb_json_open_object(j, NULL);
		xb_json_u64(j, "insn", pc);
		xb_json_string(j, "func", func_at(p, pc));
		if (line) {
			xb_json_string(j, "file", line->file);
			xb_json_u64(j, "line", line->line);
		}
		xb_json_string(j, "message", text);
		xb_json_close_object(j);
	}
	xb_json_close_array(j);
}

static void
write_program(struct xb_json *j, const struct inspector *in, const struct program *p)
{
	const char *attach = xb_object_attach_name(p->bpf);

	xb_json_open_object(j, NULL);
	xb_json_string(j, "name", bpf_program__name(p->bpf));
	xb_json_string(j, "section", bpf_program__section_name(p->bpf));
	xb_json_string(j, "prog_type", p->type_name);
	if (attach)
		xb_json_string(j, "attach_type", attach);
	xb_json_bool(j, "emulated", p->emulated);
	xb_json_bool(j, "loaded", p->prog != NULL);
	xb_json_u64(j, "insns", p->insn_cnt);
	write_helpers(j, in, p);
	xb_json_u64(j, "kfunc_calls", p->kfunc_calls);
	write_kfuncs(j, in, p);
	xb_json_open_array(j, "maps");
	for (u32 i = 0; p->prog && i < p->prog->map_cnt; i++)
		xb_json_string(j, NULL, xb_object_map_name(in->object, p->prog->maps[i]));
	xb_json_close_array(j);
	write_warnings(j, p);
	if (in->cli->disasm && p->prog)
		write_disasm(j, p->prog);
	xb_json_close_object(j);
}

static void
write_map(struct xb_json *j, const struct bpf_map *map)
{
	u32 type = bpf_map__type(map);
	const char *name = xb_map_type_name(type);

	xb_json_open_object(j, NULL);
	xb_json_string(j, "name", bpf_map__name(map));
	xb_json_string(j, "map_type", name ? name : "unknown");
	xb_json_bool(j, "emulated", xb_map_ops_of(type) != NULL);
	xb_json_u64(j, "key_size", bpf_map__key_size(map));
	xb_json_u64(j, "value_size", bpf_map__value_size(map));
	xb_json_u64(j, "max_entries", bpf_map__max_entries(map));
	xb_json_close_object(j);
}

static int
print_json(const struct inspector *in, struct xb_err *err)
{
	const struct xb_file out = { .name = "standard output", .fd = STDOUT_FILENO };
	struct bpf_program *prog;
	struct bpf_map *map;
	struct program p;
	struct xb_json j;
	int rc;

	if (xb_json_init(&j, out.fd, out.name, err) != 0)
		return -1;
	xb_json_open_object(&j, NULL);
	xb_json_string(&j, "file", in->file.name);
	xb_json_bool(&j, "loads", in->load_err.kind == XB_ERR_NONE);
	if (in->load_err.kind != XB_ERR_NONE)
		xb_json_string(&j, "error", in->load_err.msg);
	xb_json_open_array(&j, "programs");
	bpf_object__for_each_program(prog, in->object->bpf)
	{
		if (!is_asked_for(in, prog))
			continue;
		look_at(in, prog, &p);
		write_program(&j, in, &p);
	}
	xb_json_close_array(&j);
	xb_json_open_array(&j, "maps");
	bpf_object__for_each_map(map, in->object->bpf) write_map(&j, map);
	xb_json_close_array(&j);
	xb_json_close_object(&j);
	xb_json_newline(&j);
	rc = xb_json_flush(&j, err);
	xb_json_fini(&j);
	return rc;
}

/* Whether there is a program to run. */
static bool
any_loaded(const struct inspector *in)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, in->object->bpf)
	{
		if (xb_object_prog(in->object, prog))
			return true;
	}
	return false;
}

static int
inspect(struct inspector *in, const struct xb_object_opts *opts, struct xb_err *err)
{
	in->object = xb_object_open(in->emu, opts, err);
	if (!in->object)
		return -1;
	if (opts->prog && xb_object_choose(in->object, err) != 0)
		return -1;
	if (xb_object_load(in->object, &in->load_err) != 0 && in->cli->disasm) {
		*err = in->load_err;
		return -1;
	}
	if (in->load_err.kind == XB_ERR_NONE && !any_loaded(in))
		xb_err_set(&in->load_err, XB_ERR_LOAD, "no XDP or TC program");
	if (in->cli->json_out)
		return print_json(in, err);
	print_text(in);
	return 0;
}

static int
work(const struct xb_worker *worker, void *arg)
{
	struct inspector *in = arg;
	struct xb_object_opts opts = { .path = in->file.name,
		                       .prog = in->cli->prog,
		                       .type = in->cli->type,
		                       .frags = in->cli->frags,
		                       .print = in->cli->verbose ? xb_say_text : NULL };
	const struct xb_emu_opts emu_opts = { .cpu_cnt = 1, .pin_dir = in->cli->pin_dir };
	struct xb_err err = XB_ERR_INIT;
	void *image;
	int code = XB_EXIT_OK;

	(void)worker;
	image = xb_file_read_all(&in->file, OBJECT_MAX_BYTES, &opts.bytes, &err);
	if (!image)
		return xb_say_error(&err);
	opts.image = image;
	in->emu = xb_emu_new(&emu_opts, &err);
	if (!in->emu) {
		free(image);
		return xb_say_error(&err);
	}
	xb_sock_ops_register(in->emu);
	xb_xdp_register(in->emu);
	xb_sk_msg_register(in->emu);
	xb_skb_register(in->emu);
	if (inspect(in, &opts, &err) != 0) {
		xb_err_prefix(&err, "%s", in->file.name);
		code = xb_say_error(&err);
	}
	xb_object_free(in->object);
	xb_emu_free(in->emu);
	free(image);
	return code;
}

int
xb_inspect_main(const struct xb_opts *cli)
{
	struct inspector in = { .cli = cli };
	struct xb_err err = XB_ERR_INIT;
	int code;

	if (xb_file_open_read(&in.file, cli->object, &err) != 0)
		return xb_say_error(&err);
	code = xb_worker_run(in.file.name, work, &in);
	xb_file_close(&in.file);
	return code;
}
