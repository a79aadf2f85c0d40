/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/option.h"

#include "emu/value.h"
#include "emu/emu.h"
#include "vm/vm.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ON(command) (1u << XB_COMMAND_##command)
#define ON_ALL      (ON(RUN) | ON(INSPECT) | ON(LIST) | ON(DIFF))
#define ON_EACH     (ON_ALL | ON(EXEC))
#define ON_RUNS     (ON(RUN) | ON(DIFF))
#define FIELD(name) offsetof(struct xb_opts, name)

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
	*value = strtoull(text, &end, xb_value_base(text));
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
	if (strcmp(arg, "xdp") && strcmp(arg, "tc") && strcmp(arg, "tcx"))
		return bad_value(arg, "xdp, tc or tcx", err);
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
set_ctx(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	return xb_ctx_parse(&opts->ctx, arg, err);
}

static int
set_captured(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	static const struct {
		const char *name;
		bool strict, emulate;
	} rows[] = {
		{ "strict", true, false },
		{ "emulate", false, true },
		{ "strict,emulate", true, true },
		{ "emulate,strict", true, true },
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (!strcmp(arg, rows[i].name)) {
			opts->captured_strict |= rows[i].strict;
			opts->captured_emulate |= rows[i].emulate;
			return 0;
		}
	return bad_value(arg, "strict, emulate, or strict,emulate", err);
}

static int
set_stage(struct xb_opts *opts, enum xb_stage_kind kind, const char *arg, struct xb_err *err)
{
	if (!*arg || *arg == ':' || arg[strlen(arg) - 1] == ':')
		return bad_value(arg, "FILE or FILE:PROGRAM", err);
	if (opts->stages[kind])
		return xb_err_set(err, XB_ERR_USAGE, "given more than once");
	opts->stages[kind] = arg;
	opts->staged = true;
	return 0;
}

static int
set_stage_xdp(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	return set_stage(opts, XB_STAGE_XDP, arg, err);
}

static int
set_stage_tc(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	return set_stage(opts, XB_STAGE_TC, arg, err);
}

static int
set_stage_egress(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	return set_stage(opts, XB_STAGE_TC_EGRESS, arg, err);
}

static int
set_tc_mode(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	for (u32 i = 0; i < XB_TC_MODE_CNT; i++)
		if (!strcmp(arg, xb_tc_mode_name((enum xb_tc_mode)i))) {
			opts->tc_mode = (enum xb_tc_mode)i;
			opts->has_tc_mode = true;
			return 0;
		}
	return bad_value(arg, "direct-action, classifier, action, tcx or netkit", err);
}

static int
set_rxvlan_offload(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	if (strcmp(arg, "on") && strcmp(arg, "off"))
		return bad_value(arg, "on or off", err);
	opts->rxvlan_offload = !strcmp(arg, "on");
	return 0;
}

static int
add_map(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	const char *end = arg + strcspn(arg, "[=@");
	bool whole = *end == '@' ? end[1] : strchr(end, '=') != NULL;

	if (end == arg || !whole)
		return bad_value(arg, "NAME=FILE, NAME[KEY]=VALUE, NAME@PIN or NAME@id:NUMBER",
		                 err);
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
	opts->has_clock = true;
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
set_exec_clock(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	if (!strcmp(arg, "capture"))
		return bad_value(arg, "wall, or nanoseconds", err);
	return set_clock(opts, arg, err);
}

static int
set_report(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	(void)err;
	opts->report = true;
	opts->report_file = arg;
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
	if (!strcmp(arg, "jit"))
		return xb_err_set(err, XB_ERR_USAGE, "'%s' is not available in this version", arg);
	if (strcmp(arg, "auto") && strcmp(arg, "interp") && strcmp(arg, "kernel"))
		return bad_value(arg, "auto, interp or kernel", err);
	opts->engine = !strcmp(arg, "kernel") ? XB_ENGINE_KERNEL : XB_ENGINE_INTERP;
	return 0;
}

static int
set_cpus(struct xb_opts *opts, const char *arg, struct xb_err *err)
{
	u64 v = 0;

	if (set_number(&v, arg, 1, XB_EMU_MAX_CPUS, err) != 0)
		return -1;
	opts->cpus = (u32)v;
	return 0;
}

#define FLAG(on, ltr, nm, field, text)                                                             \
	{                                                                                          \
		.letter = (ltr), .kind = XB_OPTION_FLAG, .commands = (on), .name = (nm),           \
		.off = FIELD(field), .help = (text)                                                \
	}
#define STRING(on, ltr, nm, argname, field, text)                                                  \
	{                                                                                          \
		.letter = (ltr), .kind = XB_OPTION_STRING, .commands = (on), .name = (nm),         \
		.arg = (argname), .off = FIELD(field), .help = (text)                              \
	}
#define CALL(on, ltr, nm, argname, fn, text)                                                       \
	{                                                                                          \
		.letter = (ltr), .kind = XB_OPTION_CALL, .commands = (on), .name = (nm),           \
		.arg = (argname), .set = (fn), .help = (text)                                      \
	}
#define NUMBER(on, ltr, width, nm, field, lo, hi, text)                                            \
	{                                                                                          \
		.letter = (ltr), .kind = XB_OPTION_##width, .commands = (on), .name = (nm),        \
		.arg = "N", .off = FIELD(field), .min = (lo), .max = (hi), .help = (text)          \
	}
#define LATER(nm, argname)                                                                         \
	{                                                                                          \
		.kind = XB_OPTION_LATER, .commands = ON(RUN), .name = (nm), .arg = (argname)       \
	}

/* clang-format off */
const struct xb_option xb_options[] = {
	STRING(ON_RUNS, 'r', "read", "FILE", read, "capture in: pcap or pcapng, plain, gzip or zstd"),
	STRING(ON(RUN), 'w', "write", "FILE", write,
	       "capture out; %v in the name: a file per verdict, %i: one per egress interface"),
	CALL(ON(RUN), 'F', "format", "pcap|pcapng", set_format, "format of -w; default pcapng"),
	STRING(ON_RUNS | ON(INSPECT), 'p', "prog", "NAME", prog,
	       "program, by function name, section or pin name"),
	CALL(ON_RUNS | ON(INSPECT), 0, "type", "xdp|tc|tcx", set_type,
	     "program type, where the section name does not tell"),
	CALL(ON(RUN), 0, "xdp", "FILE[:NAME]", set_stage_xdp,
	     "in place of an object: the XDP program that packets come to first"),
	CALL(ON(RUN), 0, "tc", "FILE[:NAME]", set_stage_tc,
	     "the TC program for what XDP passes, with the sk_buff that the stack makes of it"),
	CALL(ON(RUN), 0, "tc-egress", "FILE[:NAME]", set_stage_egress,
	     "the TC program of the interfaces that TC redirects to"),
	CALL(ON(RUN), 0, "tc-mode", "MODE", set_tc_mode,
	     "what TC return values mean: direct-action, classifier, action, tcx or netkit"),
	STRING(ON_RUNS, 'f', "filter", "EXPR", filter,
	       "tcpdump expression: only these packets go through the program"),
	CALL(ON(RUN), 0, "unmatched", "pass|drop", set_unmatched,
	     "what becomes of the others in -w; default pass"),
	NUMBER(ON_RUNS, 'c', U64, "count", count, 1, UINT64_MAX, "stop after N packets"),
	NUMBER(ON_RUNS, 0, U64, "skip", skip, 0, UINT64_MAX, "skip the first N packets"),
	NUMBER(ON_RUNS, 0, U64, "repeat", repeat, 1, UINT64_MAX, "replay the capture N times"),
	CALL(ON(RUN), 0, "emit", "WHICH", set_emit,
	     "packets for -w: all (default), forwarded, or entry,exit"),
	CALL(ON_RUNS, 0, "ctx", "K=V,...", set_ctx,
	     "context fields by their uapi names: mark=7,cb[0]=1,data_meta=0a0b0c0d"),
	STRING(ON(RUN), 0, "ctx-file", "FILE", ctx_file,
	       "a context in JSON: without -r that is what is run; with it, what packets start from"),
	STRING(ON(RUN), 0, "save-ctx", "DIR", save_ctx,
	       "write the context of each packet to DIR/N.json, for --ctx-file"),
	STRING(ON(RUN), 0, "record", "FILE", record,
	       "write the first packet's context with the calls of helpers, for --ctx-file"),
	CALL(ON(RUN), 0, "captured", "strict,emulate", set_captured,
	     "recorded calls: a difference is a fault; calls that are not recorded are made"),
	STRING(ON(RUN) | ON(EXEC), 0, "world", "FILE", world,
	       "the network around in JSON: interfaces, routes, neighbours, sockets, ..."),
	STRING(ON(RUN), 0, "world-from", "DIR", world_from,
	       "the same from files that ip -j, ss, ... wrote on a live machine"),
	CALL(ON(RUN), 0, "rxvlan-offload", "on|off", set_rxvlan_offload,
	     "TC: outer VLAN tag in vlan_tci (on), or in the packet (off, the default)"),
	CALL(ON_RUNS, 0, "map", "NAME=FILE", add_map,
	     "initial contents of a map in bpftool's JSON; or one element: 'NAME[KEY]=VALUE'; or a "
	     "map of the kernel's in its place: NAME@PIN, NAME@id:NUMBER"),
	{ .kind = XB_OPTION_MAYBE, .commands = ON(RUN), .name = "dump-maps", .arg = "FILE",
	  .set = set_dump_maps, .help = "contents of all maps at the end, as JSON lines" },
	STRING(ON_RUNS, 0, "json", "FILE", json,
	       "one JSON object a line: packets, then maps, then the summary"),
	FLAG(ON(INSPECT) | ON(LIST), 0, "json", json_out, "as JSON"),
	FLAG(ON(RUN), 0, "no-data", no_data, "leave packet bytes out of --json"),
	FLAG(ON_RUNS, 0, "no-events", no_events, "no reader on ring buffers and perf event arrays"),
	CALL(ON(RUN), 0, "engine", "auto|interp|kernel", set_engine,
	     "how programs are executed; kernel: by the running kernel's BPF_PROG_TEST_RUN"),
	CALL(ON(RUN), 0, "cpus", "N", set_cpus, "run on N virtual CPUs at a time, packets by flow"),
	CALL(ON(RUN), 0, "clock", "capture|wall|NS", set_clock,
	     "what bpf_ktime_get_ns follows; default the capture's timestamps"),
	NUMBER(ON_RUNS | ON(EXEC), 0, U64, "seed", seed, 0, UINT64_MAX, "of random numbers; default 1"),
	CALL(ON(EXEC), 0, "clock", "wall|NS", set_exec_clock,
	     "what bpf_ktime_get_ns follows; default the host's time"),
	{ .kind = XB_OPTION_MAYBE, .commands = ON(EXEC), .name = "report", .arg = "FILE",
	  .set = set_report, .help = "what the command needed and is not emulated, at its end" },
	NUMBER(ON_RUNS, 0, U64, "max-insns", max_insns, 1, UINT64_MAX >> 1,
	       "instructions per packet before the run is stopped"),
	CALL(ON_RUNS, 0, "linktype", "convert|strict", set_linktype,
	     "link types other than Ethernet: make up a header (default), or refuse"),
	FLAG(ON_RUNS | ON(INSPECT), 0, "frags", frags, "load XDP programs as SEC(\"xdp.frags\")"),
	NUMBER(ON(RUN), 0, U32, "headroom", headroom, XB_OPTS_MIN_HEADROOM, 3520,
	       "bytes before the packet; default 256"),
	NUMBER(ON(RUN), 0, U32, "mtu", mtu, 68, 3500,
	       "frames longer than this and 18 bytes continue in fragments"),
	STRING(ON(RUN) | ON(INSPECT), 0, "pin-dir", "DIR", pin_dir,
	       "directory that stands for bpffs; default: pins are kept in memory"),
	CALL(ON(RUN), 0, "faults", "fail|count", set_faults, "count: a fault does not make exit code 4"),
	FLAG(ON(RUN), 0, "no-lint", no_lint, "do not check whether programs leave checksums and lengths right"),
	FLAG(ON(RUN), 0, "strict", strict, "exit code 1 where one is wrong that was right before the program"),
	FLAG(ON(RUN) | ON(INSPECT), 0, "verify", verify,
	     "load the programs into the running kernel, and print what its verifier says; nothing is run"),
	FLAG(ON(INSPECT), 0, "disasm", disasm, "instructions with source lines"),
	FLAG(ON(RUN), 0, "trace", trace, "a line for each packet, with what bpf_printk said"),
	FLAG(ON_RUNS, 0, "no-progress", no_progress, "no progress bar"),
	FLAG(ON_ALL, 'q', "quiet", quiet, "no summary, no notes"),
	FLAG(ON_ALL, 'v', "verbose", verbose, "more: libbpf's messages, every fault"),
	FLAG(ON_EACH, 'h', "help", help, "this text"),
	FLAG(ON_EACH, 'V', "version", version, "the version"),
	LATER("expect", "FILE"),
	LATER("junit-xml", "FILE"),
	LATER("tap", NULL),
	LATER("regen", NULL),
};
/* clang-format on */

const size_t xb_options_cnt = XB_ARRAY_SIZE(xb_options);

int
xb_option_apply(struct xb_opts *opts, const struct xb_option *row, const char *arg,
                struct xb_err *err)
{
	void *field = (char *)opts + row->off;
	u64 v = 0;

	switch (row->kind) {
	case XB_OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case XB_OPTION_STRING:
		/* An empty filter takes all packets, as with tcpdump. */
		if (!*arg && row->off != FIELD(filter))
			return bad_value(arg, row->arg, err);
		*(const char **)field = arg;
		return 0;
	case XB_OPTION_U32:
		if (set_number(&v, arg, row->min, row->max, err) != 0)
			return -1;
		*(u32 *)field = (u32)v;
		return 0;
	case XB_OPTION_U64:
		return set_number(field, arg, row->min, row->max, err);
	case XB_OPTION_CALL:
	case XB_OPTION_MAYBE:
		return row->set(opts, arg, err);
	case XB_OPTION_LATER:
		return xb_err_set(err, XB_ERR_USAGE, "not available in this version");
	}
	return -1;
}
