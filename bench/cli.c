/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/cli.h"

#include "emu/emu.h"
#include "vm/vm.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ON(command) (1u << XB_COMMAND_##command)
#define ON_ALL      (ON(RUN) | ON(INSPECT) | ON(LIST))
#define FIELD(name) offsetof(struct xb_opts, name)

enum option_kind {
	OPTION_FLAG,   /* sets a bool */
	OPTION_STRING, /* keeps the argument */
	OPTION_U32,    /* a number from min to max */
	OPTION_U64,
	OPTION_CALL,  /* set() does it */
	OPTION_MAYBE, /* as CALL, but the argument may be left out: --name or --name=ARG */
	OPTION_LATER, /* belongs to CLI, not in this version */
};

struct option_row {
	char letter; /* 0: none */
	enum option_kind kind;
	u32 commands;     /* ON() bits */
	const char *name; /* without the dashes */
	const char *arg;  /* what help calls the argument; NULL: takes none */
	const char *help; /* NULL: not shown */
	size_t off;
	u64 min, max;
	int (*set)(struct xb_opts *opts, const char *arg, struct xb_err *err);
};

static int
bad_value(const char *arg, const char *expected, struct xb_err *err)
{
	return xb_err_set(err, XB_ERR_USAGE, "'%s': expected %s", arg, expected);
}

static bool
parse_u64(const char *text, u64 *value)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return errno == 0 && *end == 0;
}

static int
set_number(u64 *value, const char *arg, u64 min, u64 max, struct xb_err *err)
{
	u64 v;

	if (!parse_u64(arg, &v))
		return bad_value(arg, "a number", err);
	if (v < min || v > max)
		return xb_err_set(err, XB_ERR_USAGE, "%s: expected a number from %llu to %llu", arg,
		                  (unsigned long long)min, (unsigned long long)max);
	*value = v;
	return 0;
}

static int
set_format(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	if (strcmp(arg, "pcap") && strcmp(arg, "pcapng"))
		return bad_value(arg, "pcap or pcapng", err);
	opts->write_pcap = !strcmp(arg, "pcap");
	return 0;
}

static int
set_unmatched(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	if (strcmp(arg, "pass") && strcmp(arg, "drop"))
		return bad_value(arg, "pass or drop", err);
	opts->unmatched_drop = !strcmp(arg, "drop");
	return 0;
}

static int
set_type(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	if (!strcmp(arg, "tc") || !strcmp(arg, "tcx"))
		return xb_err_set(err, XB_ERR_USAGE,
		                  "'%s': TC programs are not available in this version", arg);
	if (strcmp(arg, "xdp"))
		return bad_value(arg, "xdp", err);
	opts->type = arg;
	return 0;
}

static int
set_emit(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	static const struct {
		const char *name;
		u32 emit;
	} rows[] = {
		{ "all", XB_EMIT_EXIT },
		{ "forwarded", XB_EMIT_FORWARDED },
		{ "entry,exit", XB_EMIT_ENTRY | XB_EMIT_EXIT },
		{ "exit,entry", XB_EMIT_ENTRY | XB_EMIT_EXIT },
		{ "entry", XB_EMIT_ENTRY },
		{ "exit", XB_EMIT_EXIT },
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (!strcmp(arg, rows[i].name)) {
			opts->emit = rows[i].emit;
			return 0;
		}
	return bad_value(arg, "all, forwarded, or entry,exit", err);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
set_meta(struct xb_opts *opts, const char *hex, struct xb_err *err)
{
	size_t digits = strlen(hex);

	if (digits % 8 || digits / 2 > XB_OPTS_MAX_META)
		return xb_err_set(
		        err, XB_ERR_USAGE,
		        "data_meta: expected hex digits for a multiple of 4 bytes, at most %d",
		        XB_OPTS_MAX_META);
	for (size_t i = 0; i < digits / 2; i++) {
		int hi = hex_digit(hex[2 * i]), lo = hex_digit(hex[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return bad_value(hex, "hex digits for data_meta", err);
		opts->meta[i] = (u8)(hi << 4 | lo);
	}
	opts->meta_bytes = (u32)(digits / 2);
	return 0;
}

static int
set_ctx_field(struct xb_opts *opts, const char *key, const char *value, struct xb_err *err)
{
	u64 v = 0;

	if (!strcmp(key, "data_meta"))
		return set_meta(opts, value, err);
	if (strcmp(key, "ingress_ifindex") && strcmp(key, "rx_queue_index"))
		return xb_err_set(
		        err, XB_ERR_USAGE,
		        "'%s': no field of XDP contexts that can be set (ingress_ifindex, "
		        "rx_queue_index, data_meta)",
		        key);
	if (set_number(&v, value, 0, UINT32_MAX, err) != 0)
		return xb_err_prefix(err, "%s", key);
	if (!strcmp(key, "ingress_ifindex")) {
		opts->ingress_ifindex = (u32)v;
		return 0;
	}
	opts->has_queue = true;
	opts->rx_queue_index = (u32)v;
	return 0;
}

static int
set_ctx(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	char *copy = strdup(arg), *rest = copy, *field;
	int rc = 0;

	if (!copy)
		return xb_err_errno(err, ENOMEM, "--ctx");
	while (rc == 0 && (field = strsep(&rest, ","))) {
		char *value = strchr(field, '=');

		if (!value) {
			rc = bad_value(field, "NAME=VALUE", err);
			break;
		}
		*value++ = 0;
		rc = set_ctx_field(opts, field, value, err);
	}
	free(copy);
	return rc;
}

static int
add_map(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	if (!strchr(arg, '=') || arg[0] == '=' || arg[0] == '[')
		return bad_value(arg, "NAME=FILE or NAME[KEY]=VALUE", err);
	if (opts->map_cnt == XB_OPTS_MAX_MAPS)
		return xb_err_set(err, XB_ERR_USAGE, "given more than %d times", XB_OPTS_MAX_MAPS);
	opts->maps[opts->map_cnt++] = arg;
	return 0;
}

static int
set_dump_maps(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	(void)err;
	opts->dump_maps = true;
	opts->dump_maps_file = arg && strcmp(arg, "-") ? arg : NULL;
	return 0;
}

static int
set_clock(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	if (!strcmp(arg, "capture")) {
		opts->clock = XB_CLOCK_CAPTURE;
	} else if (!strcmp(arg, "wall")) {
		opts->clock = XB_CLOCK_WALL;
	} else if (parse_u64(arg, &opts->clock_ns)) {
		opts->clock = XB_CLOCK_FIXED;
	} else {
		return bad_value(arg, "capture, wall, or nanoseconds", err);
	}
	return 0;
}

static int
set_linktype(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	if (strcmp(arg, "strict") && strcmp(arg, "convert"))
		return bad_value(arg, "strict or convert", err);
	opts->linktype_strict = !strcmp(arg, "strict");
	return 0;
}

static int
set_faults(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	if (strcmp(arg, "count") && strcmp(arg, "fail"))
		return bad_value(arg, "count or fail", err);
	opts->faults_count = !strcmp(arg, "count");
	return 0;
}

static int
set_engine(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	(void)opts;
	if (!strcmp(arg, "jit") || !strcmp(arg, "kernel"))
		return xb_err_set(err, XB_ERR_USAGE, "'%s' is not available in this version", arg);
	if (strcmp(arg, "auto") && strcmp(arg, "interp"))
		return bad_value(arg, "auto or interp", err);
	return 0;
}

static int
set_cpus(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	u64 v = 0;

	if (set_number(&v, arg, 1, XB_EMU_MAX_CPUS, err) != 0)
		return -1;
	if (v > 1)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "%s: more than one CPU is not available in this version", arg);
	opts->cpus = (u32)v;
	return 0;
}

#define FLAG(on, ltr, nm, field, text)                                                             \
	{                                                                                          \
		.letter = (ltr), .kind = OPTION_FLAG, .commands = (on), .name = (nm),              \
		.off = FIELD(field), .help = (text)                                                \
	}
#define STRING(on, ltr, nm, argname, field, text)                                                  \
	{                                                                                          \
		.letter = (ltr), .kind = OPTION_STRING, .commands = (on), .name = (nm),            \
		.arg = (argname), .off = FIELD(field), .help = (text)                              \
	}
#define CALL(on, ltr, nm, argname, fn, text)                                                       \
	{                                                                                          \
		.letter = (ltr), .kind = OPTION_CALL, .commands = (on), .name = (nm),              \
		.arg = (argname), .set = (fn), .help = (text)                                      \
	}
#define NUMBER(on, ltr, width, nm, field, lo, hi, text)                                            \
	{                                                                                          \
		.letter = (ltr), .kind = OPTION_##width, .commands = (on), .name = (nm),           \
		.arg = "N", .off = FIELD(field), .min = (lo), .max = (hi), .help = (text)          \
	}
#define LATER(nm, argname)                                                                         \
	{                                                                                          \
		.kind = OPTION_LATER, .commands = ON(RUN), .name = (nm), .arg = (argname)          \
	}

/* clang-format off */
static const struct option_row option_rows[] = {
	STRING(ON(RUN), 'r', "read", "FILE", read, "capture in: pcap or pcapng, plain, gzip or zstd"),
	STRING(ON(RUN), 'w', "write", "FILE", write,
	       "capture out; %v in the name: a file per verdict, %i: one per egress interface"),
	CALL(ON(RUN), 'F', "format", "pcap|pcapng", set_format, "format of -w; default pcapng"),
	STRING(ON(RUN) | ON(INSPECT), 'p', "prog", "NAME", prog,
	       "program, by function name, section or pin name"),
	CALL(ON(RUN) | ON(INSPECT), 0, "type", "xdp", set_type,
	     "program type, where the section name does not tell"),
	STRING(ON(RUN), 'f', "filter", "EXPR", filter,
	       "tcpdump expression: only these packets go through the program"),
	CALL(ON(RUN), 0, "unmatched", "pass|drop", set_unmatched,
	     "what becomes of the others in -w; default pass"),
	NUMBER(ON(RUN), 'c', U64, "count", count, 1, UINT64_MAX, "stop after N packets"),
	NUMBER(ON(RUN), 0, U64, "skip", skip, 0, UINT64_MAX, "skip the first N packets"),
	NUMBER(ON(RUN), 0, U64, "repeat", repeat, 1, UINT64_MAX, "replay the capture N times"),
	CALL(ON(RUN), 0, "emit", "WHICH", set_emit,
	     "packets for -w: all (default), forwarded, or entry,exit"),
	CALL(ON(RUN), 0, "ctx", "K=V,...", set_ctx,
	     "context: ingress_ifindex, rx_queue_index, data_meta (hex)"),
	CALL(ON(RUN), 0, "map", "NAME=FILE", add_map,
	     "initial contents of a map in bpftool's JSON; or one element: 'NAME[KEY]=VALUE'"),
	{ .kind = OPTION_MAYBE, .commands = ON(RUN), .name = "dump-maps", .arg = "FILE",
	  .set = set_dump_maps, .help = "contents of all maps at the end, as JSON lines" },
	STRING(ON(RUN), 0, "json", "FILE", json,
	       "one JSON object a line: packets, then maps, then the summary"),
	FLAG(ON(INSPECT) | ON(LIST), 0, "json", json_out, "as JSON"),
	FLAG(ON(RUN), 0, "no-data", no_data, "leave packet bytes out of --json"),
	FLAG(ON(RUN), 0, "no-events", no_events, "no reader on ring buffers and perf event arrays"),
	CALL(ON(RUN), 0, "engine", "auto|interp", set_engine, "how programs are executed"),
	CALL(ON(RUN), 0, "cpus", "N", set_cpus, "virtual CPUs"),
	CALL(ON(RUN), 0, "clock", "capture|wall|NS", set_clock,
	     "what bpf_ktime_get_ns follows; default the capture's timestamps"),
	NUMBER(ON(RUN), 0, U64, "seed", seed, 0, UINT64_MAX, "of random numbers; default 1"),
	NUMBER(ON(RUN), 0, U64, "max-insns", max_insns, 1, UINT64_MAX >> 1,
	       "instructions per packet before the run is stopped"),
	CALL(ON(RUN), 0, "linktype", "convert|strict", set_linktype,
	     "link types other than Ethernet: make up a header (default), or refuse"),
	FLAG(ON(RUN) | ON(INSPECT), 0, "frags", frags, "load XDP programs as SEC(\"xdp.frags\")"),
	NUMBER(ON(RUN), 0, U32, "headroom", headroom, 40, 3520, "bytes before the packet; default 256"),
	NUMBER(ON(RUN), 0, U32, "mtu", mtu, 68, 3500,
	       "frames longer than this and 18 bytes continue in fragments"),
	STRING(ON(RUN) | ON(INSPECT), 0, "pin-dir", "DIR", pin_dir,
	       "directory that stands for bpffs; default: pins are kept in memory"),
	CALL(ON(RUN), 0, "faults", "fail|count", set_faults, "count: a fault does not make exit code 4"),
	FLAG(ON(INSPECT), 0, "disasm", disasm, "instructions with source lines"),
	FLAG(ON(RUN), 0, "trace", trace, "a line for each packet, with what bpf_printk said"),
	FLAG(ON(RUN), 0, "no-progress", no_progress, "no progress bar"),
	FLAG(ON_ALL, 'q', "quiet", quiet, "no summary, no notes"),
	FLAG(ON_ALL, 'v', "verbose", verbose, "more: libbpf's messages, every fault"),
	FLAG(ON_ALL, 'h', "help", help, "this text"),
	FLAG(ON_ALL, 'V', "version", version, "the version"),
	LATER("ctx-file", "FILE"),
	LATER("world", "FILE"),
	LATER("rxvlan-offload", "on|off"),
	LATER("expect", "FILE"),
	LATER("junit-xml", "FILE"),
	LATER("tap", NULL),
	LATER("regen", NULL),
};
/* clang-format on */

static const struct {
	const char *name;
	const char *args;
	const char *help; /* NULL: not in this version */
} commands[] = {
	[XB_COMMAND_RUN] = { "run", "-r FILE [-w FILE] [options] prog.o",
	                     "replay a capture through a program (the default)" },
	[XB_COMMAND_INSPECT] = { "inspect", "[options] prog.o",
	                         "programs, maps and helpers of an object, and which are "
	                         "emulated" },
	[XB_COMMAND_LIST] = { "list", "[options] helpers|maps|progs|kfuncs",
	                      "what the emulator knows" },
	{ "check", NULL, NULL },
	{ "diff", NULL, NULL },
	{ "fuzz", NULL, NULL },
	{ "exec", NULL, NULL },
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

	for (size_t i = 0; i < XB_ARRAY_SIZE(option_rows); i++) {
		const struct option_row *row = &option_rows[i];
		u32 d;

		if (!(row->commands & (1u << command)) || row->kind == OPTION_LATER)
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
apply(struct xb_opts *opts, const struct option_row *row, const char *arg, struct xb_err *err)
{
	void *field = (char *)opts + row->off;
	u64 v = 0;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_STRING:
		*(const char **)field = arg;
		return 0;
	case OPTION_U32:
		if (set_number(&v, arg, row->min, row->max, err) != 0)
			return -1;
		*(u32 *)field = (u32)v;
		return 0;
	case OPTION_U64:
		return set_number(field, arg, row->min, row->max, err);
	case OPTION_CALL:
	case OPTION_MAYBE:
		return row->set(opts, arg, err);
	case OPTION_LATER:
		return xb_err_set(err, XB_ERR_USAGE, "not available in this version");
	}
	return -1;
}

static int
apply_named(struct xb_opts *opts, const struct option_row *row, const char *arg, struct xb_err *err)
{
	return apply(opts, row, arg, err) == 0 ? 0 : xb_err_prefix(err, "--%s", row->name);
}

/* argv[*i] is "--name" or "--name=arg". */
static int
parse_long(struct xb_opts *opts, int argc, char **argv, int *i, struct xb_err *err)
{
	const char *text = argv[*i] + 2, *equal = strchr(text, '=');
	size_t len = equal ? (size_t)(equal - text) : strlen(text);
	const char *arg = equal ? equal + 1 : NULL;
	const struct option_row *row = NULL;
	char name[64];

	for (size_t k = 0; k < XB_ARRAY_SIZE(option_rows); k++)
		if (option_rows[k].commands & (1u << opts->command) &&
		    strlen(option_rows[k].name) == len && !memcmp(option_rows[k].name, text, len))
			row = &option_rows[k];
	if (!row) {
		snprintf(name, sizeof(name), "%.*s", (int)(len < 63 ? len : 63), text);
		return unknown_option(opts->command, name, err);
	}
	if (arg && !row->arg)
		return xb_err_set(err, XB_ERR_USAGE, "--%s: takes no argument", row->name);
	if (!arg && row->arg && row->kind != OPTION_MAYBE && row->kind != OPTION_LATER) {
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
		const struct option_row *row = NULL;
		const char *arg = NULL;

		for (size_t k = 0; k < XB_ARRAY_SIZE(option_rows); k++)
			if (option_rows[k].letter == *p &&
			    option_rows[k].commands & (1u << opts->command))
				row = &option_rows[k];
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
	if (opts->command == XB_COMMAND_RUN)
		for (size_t i = 0; i < XB_ARRAY_SIZE(commands); i++)
			if (distance(opts->object, commands[i].name) <= 2 &&
			    !strchr(opts->object, '.'))
				return xb_err_set(err, XB_ERR_USAGE,
				                  "'%.64s': no such subcommand; did you mean '%s'?",
				                  opts->object, commands[i].name);
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
check_run(const struct xb_opts *opts, struct xb_err *err)
{
	u32 stdins = 0, stdouts = 0;

	if (!opts->read)
		return xb_err_set(err, XB_ERR_USAGE, "no capture to read: name one with -r FILE");
	stdins = (u32)!strcmp(opts->read, "-") + (u32)!strcmp(opts->object, "-");
	for (u32 i = 0; i < opts->map_cnt; i++)
		if (!strchr(opts->maps[i], '[') && !strcmp(strchr(opts->maps[i], '='), "=-"))
			stdins++;
	if (stdins > 1)
		return xb_err_set(err, XB_ERR_USAGE, "standard input is asked for more than once");
	stdouts += opts->write && !strcmp(opts->write, "-");
	stdouts += opts->json && !strcmp(opts->json, "-");
	stdouts += opts->dump_maps && !opts->dump_maps_file;
	if (stdouts > 1)
		return xb_err_set(err, XB_ERR_USAGE, "standard output is asked for more than once");
	return 0;
}

static int
check(const struct xb_opts *opts, struct xb_err *err)
{
	if (!opts->object && opts->command == XB_COMMAND_LIST)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "list: expected helpers, maps, progs or kfuncs");
	if (!opts->object)
		return xb_err_set(err, XB_ERR_USAGE, "no object file given; see xdpbench --help");
	return opts->command == XB_COMMAND_RUN ? check_run(opts, err) : 0;
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
		.ingress_ifindex = 1,
		.seed = 1,
		.max_insns = XB_VM_MAX_INSNS,
		.cpus = 1,
	};
	used = parse_command(opts, argc, argv, err);
	if (used < 0)
		return -1;
	for (int i = 1 + used; i < argc; i++) {
		const char *arg = argv[i];
		int rc;

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
help_option(FILE *to, const struct option_row *row)
{
	char left[64];
	int len = 0;

	len += snprintf(left, sizeof(left), row->letter ? "-%c, " : "    ", row->letter);
	len += snprintf(left + len, sizeof(left) - (size_t)len, "--%s", row->name);
	if (row->arg)
		snprintf(left + len, sizeof(left) - (size_t)len,
		         row->kind == OPTION_MAYBE ? "[=%s]" : " %s", row->arg);
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
	for (size_t i = 0; i < XB_ARRAY_SIZE(option_rows); i++)
		if (option_rows[i].help && option_rows[i].commands & (1u << command))
			help_option(to, &option_rows[i]);
	fprintf(to, "\nsubcommands:\n");
	for (size_t i = 0; i < XB_ARRAY_SIZE(commands); i++)
		if (commands[i].help)
			fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(to, "\nexit codes: 0 fine, 1 a comparison failed, 2 usage or a file, 3 the object "
	            "cannot be "
	            "loaded,\n4 a program faulted, 130 interrupted\n");
}
