/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/cli.h"

#include "bench/mapinit.h"
#include "bench/option.h"
#include "vm/vm.h"

#include <string.h>

static const struct {
	const char *name;
	const char *args;
	const char *help; /* NULL: not in this version */
} commands[] = {
	[XB_COMMAND_RUN] = { "run",
	                     "-r FILE [-w FILE] [options] prog.o | --xdp A.o --tc B.o "
	                     "--tc-egress C.o | --ctx-file FILE [options] prog.o",
	                     "replay a capture through a program (the default)" },
	[XB_COMMAND_INSPECT] = { "inspect", "[options] prog.o",
	                         "programs, maps and helpers of an object, and which are "
	                         "emulated" },
	[XB_COMMAND_LIST] = { "list", "[options] helpers|maps|progs|kfuncs",
	                      "what the emulator knows" },
	[XB_COMMAND_EXEC] = { "exec", "[options] [--] COMMAND [ARGUMENT...]",
	                      "run a command with the emulator in place of the kernel's bpf(2)" },
	[XB_COMMAND_DIFF] = { "diff", "-r FILE [options] prog.o",
	                      "run packets in the emulator and in the running kernel, and "
	                      "compare" },
	{ "check", NULL, NULL },
	{ "fuzz", NULL, NULL },
};

/* Edit distance, for "did you mean"; names are cut at 31 characters. */
static u32
distance(const char *a, const char *b)
{
	u32 row[32], n = (u32)strnlen(b, 31);

	for (u32 j = 0; j <= n; j++)
		row[j] = j;
	for (u32 i = 1; a[i - 1]; i++) {
		u32 diag = row[0];

		row[0] = i;
		for (u32 j = 1; j <= n; j++) {
			u32 cost = diag + (a[i - 1] != b[j - 1]);

			diag = row[j];
			if (cost > row[j] + 1)
				cost = row[j] + 1;
			if (cost > row[j - 1] + 1)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[n];
}

static int
unknown_option(enum xb_command command, const char *name, struct xb_err *err)
{
	const char *best = NULL;
	u32 best_distance = 4;

	for (size_t i = 0; i < xb_options_cnt; i++) {
		const struct xb_option *row = &xb_options[i];
		u32 d;

		if (!(row->commands & (1u << command)) || row->kind == XB_OPTION_LATER)
			continue;
		d = distance(name, row->name);
		if (d < best_distance && d < strlen(row->name)) {
			best_distance = d;
			best = row->name;
		}
	}
	if (best)
		return xb_err_set(err, XB_ERR_USAGE, "--%.64s: no such option; did you mean --%s?",
		                  name, best);
	return xb_err_set(err, XB_ERR_USAGE,
	                  "--%.64s: no such option of '%s'; see xdpbench %s --help", name,
	                  commands[command].name, commands[command].name);
}

static int
apply_named(struct xb_opts *opts, const struct xb_option *row, const char *arg, struct xb_err *err)
{
	return xb_option_apply(opts, row, arg, err) == 0 ? 0
	                                                 : xb_err_prefix(err, "--%s", row->name);
}

/* argv[*i] is "--name" or "--name=arg". */
static int
parse_long(struct xb_opts *opts, int argc, char **argv, int *i, struct xb_err *err)
{
	const char *text = argv[*i] + 2, *equal = strchr(text, '=');
	size_t len = equal ? (size_t)(equal - text) : strlen(text);
	const char *arg = equal ? equal + 1 : NULL;
	const struct xb_option *row = NULL;
	char name[64];

	for (size_t k = 0; k < xb_options_cnt; k++)
		if (xb_options[k].commands & (1u << opts->command) &&
		    strlen(xb_options[k].name) == len && !memcmp(xb_options[k].name, text, len))
			row = &xb_options[k];
	if (!row) {
		snprintf(name, sizeof(name), "%.*s", (int)(len < 63 ? len : 63), text);
		return unknown_option(opts->command, name, err);
	}
	if (arg && !row->arg)
		return xb_err_set(err, XB_ERR_USAGE, "--%s: takes no argument", row->name);
	if (!arg && row->arg && row->kind != XB_OPTION_MAYBE && row->kind != XB_OPTION_LATER) {
		if (++*i >= argc)
			return xb_err_set(err, XB_ERR_USAGE, "--%s: needs %s", row->name, row->arg);
		arg = argv[*i];
	}
	return apply_named(opts, row, arg, err);
}

/* argv[*i] is "-x", "-xARG", "-x ARG", or several letters without arguments. */
static int
parse_short(struct xb_opts *opts, int argc, char **argv, int *i, struct xb_err *err)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		const struct xb_option *row = NULL;
		const char *arg = NULL;

		for (size_t k = 0; k < xb_options_cnt; k++)
			if (xb_options[k].letter == *p &&
			    xb_options[k].commands & (1u << opts->command))
				row = &xb_options[k];
		if (!row)
			return xb_err_set(err, XB_ERR_USAGE,
			                  "-%c: no such option of '%s'; see xdpbench %s --help", *p,
			                  commands[opts->command].name,
			                  commands[opts->command].name);
		if (!row->arg) {
			if (apply_named(opts, row, NULL, err) != 0)
				return -1;
			continue;
		}
		arg = p[1] ? p + 1 : NULL;
		if (!arg && ++*i >= argc)
			return xb_err_set(err, XB_ERR_USAGE, "-%c: needs %s", *p, row->arg);
		return apply_named(opts, row, arg ? arg : argv[*i], err);
	}
	return 0;
}

static int
set_list(struct xb_opts *opts, const char *what, struct xb_err *err)
{
	static const char *const names[] = {
		[XB_LIST_HELPERS] = "helpers",
		[XB_LIST_MAPS] = "maps",
		[XB_LIST_PROGS] = "progs",
		[XB_LIST_KFUNCS] = "kfuncs",
	};

	for (u32 i = 0; i < XB_ARRAY_SIZE(names); i++)
		if (!strcmp(what, names[i])) {
			opts->list = (enum xb_list_what)i;
			return 0;
		}
	return xb_err_set(err, XB_ERR_USAGE,
	                  "list: '%.64s': expected helpers, maps, progs or kfuncs", what);
}

static int
add_file(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	if (!opts->object) {
		opts->object = arg;
		return opts->command == XB_COMMAND_LIST ? set_list(opts, arg, err) : 0;
	}
	for (size_t i = 0; opts->command == XB_COMMAND_RUN && i < XB_ARRAY_SIZE(commands); i++) {
		if (!strcmp(opts->object, commands[i].name))
			return xb_err_set(err, XB_ERR_USAGE,
			                  "'%s': subcommands stand before options",
			                  commands[i].name);
		if (distance(opts->object, commands[i].name) <= 2 && !strchr(opts->object, '.'))
			return xb_err_set(err, XB_ERR_USAGE,
			                  "'%.64s': no such subcommand; did you mean '%s'?",
			                  opts->object, commands[i].name);
	}
	return xb_err_set(err, XB_ERR_USAGE, "'%.128s': one argument too many after '%.128s'", arg,
	                  opts->object);
}

/* Takes the subcommand off the front, if there is one. Returns arguments used or -1. */
static int
parse_command(struct xb_opts *opts, int argc, char **argv, struct xb_err *err)
{
	for (u32 i = 0; argc > 1 && i < XB_ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		if (!commands[i].help)
			return xb_err_set(err, XB_ERR_USAGE, "%s: not available in this version",
			                  argv[1]);
		opts->command = (enum xb_command)i;
		return 1;
	}
	return 0;
}

static int
check_headroom(const struct xb_opts *opts, struct xb_err *err)
{
	u32 headroom = opts->headroom ? opts->headroom : XB_OPTS_HEADROOM;

	if (headroom % 8)
		return xb_err_set(err, XB_ERR_USAGE, "--headroom: %u: expected a multiple of 8",
		                  headroom);
	return 0;
}

/* Either one object, or stages; a world may have them. */
static int
check_objects(const struct xb_opts *opts, struct xb_err *err)
{
	if (opts->object && opts->staged)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "'%.128s': an object beside --xdp, --tc or --tc-egress",
		                  opts->object);
	if (opts->staged && opts->prog)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "--prog: with --xdp, --tc or --tc-egress say FILE:NAME");
	if (!opts->object && !opts->staged && !opts->world && !opts->world_from)
		return xb_err_set(err, XB_ERR_USAGE, "no object file given; see xdpbench --help");
	return 0;
}

/* "-", or "-:PROGRAM" */
static bool
is_stdin(const char *stage)
{
	return stage[0] == '-' && (!stage[1] || stage[1] == ':');
}

/* An option, and whether it is there. */
struct given {
	bool given;
	const char *option;
};

/* What the kernel's test run has no room for. */
static int
check_kernel(const struct xb_opts *opts, struct xb_err *err)
{
	bool diff = opts->command == XB_COMMAND_DIFF;
	const struct given rows[] = {
		{ opts->cpus > 1, "cpus" },
		{ opts->staged, "xdp, --tc and --tc-egress" },
		{ opts->world != NULL, "world" },
		{ opts->world_from != NULL, "world-from" },
		{ opts->ctx_file != NULL, "ctx-file" },
		{ opts->save_ctx != NULL, "save-ctx" },
		{ opts->record != NULL, "record" },
		{ opts->rxvlan_offload, "rxvlan-offload" },
		{ opts->headroom != 0, "headroom" },
		{ opts->mtu != 0, "mtu" },
		{ opts->pin_dir != NULL, "pin-dir" },
		{ opts->has_clock, "clock" },
		{ opts->seed != 1 && !diff, "seed" },
		{ opts->max_insns != XB_VM_MAX_INSNS && !diff, "max-insns" },
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (rows[i].given)
			return xb_err_set(err, XB_ERR_USAGE, "--%s: not with --engine kernel",
			                  rows[i].option);
	for (u32 i = 0; i < opts->map_cnt; i++)
		if (opts->maps[i][strcspn(opts->maps[i], "[=@")] == '@')
			return xb_err_set(err, XB_ERR_USAGE, "--map: %.128s: not with %s",
			                  opts->maps[i], diff ? "diff" : "--engine kernel");
	return 0;
}

static int
check_run(const struct xb_opts *opts, struct xb_err *err)
{
	u32 stdins = 0, stdouts = 0;

	if (check_objects(opts, err) != 0 ||
	    (opts->engine == XB_ENGINE_KERNEL && check_kernel(opts, err) != 0))
		return -1;
	if (opts->strict && opts->no_lint)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "--strict: is about the checks that --no-lint leaves out");
	if (opts->world && opts->world_from)
		return xb_err_set(err, XB_ERR_USAGE, "--world: there is --world-from too");
	if (opts->cpus > 1 && (opts->record || opts->save_ctx))
		return xb_err_set(err, XB_ERR_USAGE, "--%s: one packet at a time: without --cpus",
		                  opts->record ? "record" : "save-ctx");
	if (!opts->read && !opts->ctx_file)
		return xb_err_set(err, XB_ERR_USAGE, "no capture to read: name one with -r FILE");
	if (!opts->read && opts->cpus > 1)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "--cpus: a context without a capture is one run");
	stdins = (u32)(opts->read && !strcmp(opts->read, "-"));
	stdins += opts->object && !strcmp(opts->object, "-");
	stdins += opts->ctx_file && !strcmp(opts->ctx_file, "-");
	stdins += opts->world && !strcmp(opts->world, "-");
	for (u32 i = 0; i < XB_STAGE_CNT; i++)
		stdins += opts->stages[i] && is_stdin(opts->stages[i]);
	for (u32 i = 0; i < opts->map_cnt; i++)
		if (xb_mapinit_is_file(opts->maps[i]) && !strcmp(strchr(opts->maps[i], '='), "=-"))
			stdins++;
	if (stdins > 1)
		return xb_err_set(err, XB_ERR_USAGE, "standard input is asked for more than once");
	stdouts += opts->write && !strcmp(opts->write, "-");
	stdouts += opts->json && !strcmp(opts->json, "-");
	stdouts += opts->record && !strcmp(opts->record, "-");
	stdouts += opts->dump_maps && !opts->dump_maps_file;
	if (stdouts > 1)
		return xb_err_set(err, XB_ERR_USAGE, "standard output is asked for more than once");
	return check_headroom(opts, err);
}

/* Nothing is run: what is about packets has no place. */
static int
check_verify(const struct xb_opts *opts, struct xb_err *err)
{
	const struct given rows[] = {
		{ opts->read != NULL, "read" }, { opts->write != NULL, "write" },
		{ opts->json != NULL, "json" }, { opts->dump_maps, "dump-maps" },
		{ opts->map_cnt != 0, "map" },  { opts->ctx_file != NULL, "ctx-file" },
		{ opts->disasm, "disasm" },     { opts->trace, "trace" },
	};

	if (!opts->object)
		return xb_err_set(err, XB_ERR_USAGE, "--verify: no object file given");
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (rows[i].given)
			return xb_err_set(err, XB_ERR_USAGE, "--%s: not with --verify",
			                  rows[i].option);
	return 0;
}

static int
check_exec(const struct xb_opts *opts, struct xb_err *err)
{
	if (!opts->command_argv)
		return xb_err_set(err, XB_ERR_USAGE, "exec: no command given");
	if (opts->world && !strcmp(opts->world, "-"))
		return xb_err_set(err, XB_ERR_USAGE,
		                  "--world: standard input is the command's: name a file");
	return 0;
}

static int
check(const struct xb_opts *opts, struct xb_err *err)
{
	bool runs = opts->command == XB_COMMAND_RUN || opts->command == XB_COMMAND_DIFF;

	if (opts->command == XB_COMMAND_EXEC)
		return check_exec(opts, err);
	if (!opts->object && opts->command == XB_COMMAND_LIST)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "list: expected helpers, maps, progs or kfuncs");
	if (!opts->object && !runs)
		return xb_err_set(err, XB_ERR_USAGE, "no object file given; see xdpbench --help");
	if (opts->verify)
		return check_verify(opts, err);
	return runs ? check_run(opts, err) : 0;
}

/* Whether a command stands here, or behind it. */
static bool
ends_options(const char *arg)
{
	return arg[0] != '-' || !strcmp(arg, "--");
}

int
xb_cli_parse(struct xb_opts *opts, int argc, char **argv, struct xb_err *err)
{
	bool options_end = false;
	int used;

	*opts = (struct xb_opts){
		.command = XB_COMMAND_RUN,
		.emit = XB_EMIT_EXIT,
		.repeat = 1,
		.seed = 1,
		.max_insns = XB_VM_MAX_INSNS,
		.cpus = 1,
	};
	used = parse_command(opts, argc, argv, err);
	if (used < 0)
		return -1;
	if (opts->command == XB_COMMAND_DIFF) {
		opts->engine = XB_ENGINE_KERNEL;
		opts->clock = XB_CLOCK_WALL;
		opts->no_lint = true;
	}
	for (int i = 1 + used; i < argc; i++) {
		const char *arg = argv[i];
		int rc;

		if (opts->command == XB_COMMAND_EXEC && ends_options(arg)) {
			i += !strcmp(arg, "--");
			opts->command_argv = i < argc ? &argv[i] : NULL;
			break;
		}
		if (options_end || arg[0] != '-' || arg[1] == 0)
			rc = add_file(opts, arg, err);
		else if (!strcmp(arg, "--"))
			rc = 0, options_end = true;
		else if (arg[1] == '-')
			rc = parse_long(opts, argc, argv, &i, err);
		else
			rc = parse_short(opts, argc, argv, &i, err);
		if (rc != 0)
			return -1;
		if (opts->help || opts->version)
			return 0;
	}
	return check(opts, err);
}

static void
help_option(FILE *to, const struct xb_option *row)
{
	char left[64];
	int len = 0;

	len += snprintf(left, sizeof(left), row->letter ? "-%c, " : "    ", row->letter);
	len += snprintf(left + len, sizeof(left) - (size_t)len, "--%s", row->name);
	if (row->arg)
		snprintf(left + len, sizeof(left) - (size_t)len,
		         row->kind == XB_OPTION_MAYBE ? "[=%s]" : " %s", row->arg);
	fprintf(to, "  %-28s %s\n", left, row->help);
}

void
xb_cli_help(FILE *to, enum xb_command command)
{
	fprintf(to, "usage: xdpbench %s%s%s\n\n",
	        command == XB_COMMAND_RUN ? "" : commands[command].name,
	        command == XB_COMMAND_RUN ? "" : " ", commands[command].args);
	fprintf(to, "%s.\nEvery FILE may be - for standard input or output.\n\n",
	        commands[command].help);
	for (size_t i = 0; i < xb_options_cnt; i++)
		if (xb_options[i].help && xb_options[i].commands & (1u << command))
			help_option(to, &xb_options[i]);
	fprintf(to, "\nsubcommands:\n");
	for (size_t i = 0; i < XB_ARRAY_SIZE(commands); i++)
		if (commands[i].help)
			fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(to, "\nexit codes: 0 fine, 1 a check failed, 2 usage or a file, 3 the object "
	            "cannot be "
	            "loaded,\n4 a program faulted, 130 interrupted\n");
}
