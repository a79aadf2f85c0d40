/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opts.h - what the command line asked for, as cli.c leaves it: checked, with defaults filled in.
 *
 * Strings point into argv.
 */
#ifndef XB_BENCH_OPTS_H
#define XB_BENCH_OPTS_H

#include "bench/ctx.h"
#include "skb/verdict.h"
#include "vm/types.h"

enum xb_command {
	XB_COMMAND_RUN,
	XB_COMMAND_INSPECT,
	XB_COMMAND_LIST,
	XB_COMMAND_EXEC,
	XB_COMMAND_DIFF,
	XB_COMMAND_CNT,
};

/* Which packets go to -w; bits. */
enum xb_emit {
	XB_EMIT_ENTRY = 1 << 0,     /* as they came in */
	XB_EMIT_EXIT = 1 << 1,      /* as they left the program */
	XB_EMIT_FORWARDED = 1 << 2, /* without those dropped, a copy for each interface reached */
};

/* What runs programs. */
enum xb_engine { XB_ENGINE_INTERP, XB_ENGINE_KERNEL };

enum xb_clock_kind { XB_CLOCK_CAPTURE, XB_CLOCK_WALL, XB_CLOCK_FIXED };

enum xb_list_what { XB_LIST_HELPERS, XB_LIST_MAPS, XB_LIST_PROGS, XB_LIST_KFUNCS };

#define XB_OPTS_MAX_MAPS     256
#define XB_OPTS_MIN_HEADROOM 40  /* what Linux keeps for itself: no metadata there */
#define XB_OPTS_HEADROOM     256 /* the default */

struct xb_opts {
	enum xb_command command;
	bool help, version;

	const char *object;               /* path of the object file; NULL with `staged` */
	const char *prog;                 /* -p, or NULL */
	bool staged;                      /* --xdp, --tc, --tc-egress in place of an object: */
	const char *stages[XB_STAGE_CNT]; /* "FILE" or "FILE:PROGRAM"; NULL: no such stage */
	const char *type;                 /* --type, or NULL */
	const char *pin_dir;

	const char *read;
	const char *write; /* or NULL */
	bool write_pcap;   /* -F pcap */
	u32 emit;          /* enum xb_emit */
	const char *filter;
	bool unmatched_drop;
	u64 count; /* 0: all */
	u64 skip, repeat;
	bool linktype_strict;

	struct xb_ctx_fields ctx;
	struct xb_context *context;     /* what ctx_file had, or NULL; the owner's to free */
	const char *ctx_file;           /* or NULL */
	bool bare;                      /* it is run without a packet: a program of any type */
	bool captured_strict;           /* calls that differ from their recording are faults */
	bool captured_emulate;          /* those that it does not have are made */
	const char *save_ctx;           /* directory for a context per packet, or NULL */
	const char *record;             /* file for a captured context, or NULL */
	const char *world, *world_from; /* a file; a directory; or NULL */
	bool rxvlan_offload;
	bool has_tc_mode;
	enum xb_tc_mode tc_mode;

	const char *maps[XB_OPTS_MAX_MAPS]; /* --map, as given */
	u32 map_cnt;
	bool dump_maps;
	const char *dump_maps_file; /* NULL: standard output */
	const char *json;           /* run: file, or NULL */
	bool json_out;              /* inspect, list: as JSON */
	bool no_data, no_events;

	enum xb_engine engine;
	bool has_clock; /* it was said which: */
	enum xb_clock_kind clock;
	u64 clock_ns;
	u64 seed, max_insns;
	u32 cpus;
	bool frags;
	u32 headroom, mtu; /* 0: default */

	bool faults_count; /* faults do not make the exit code 4 */
	bool no_lint;      /* checksums and lengths are not looked at */
	bool strict;       /* what the lint finds makes the exit code 1 */
	bool quiet, verbose, trace, no_progress;

	bool report;               /* exec: say what was missing */
	const char *report_file;   /* NULL: standard error */
	char *const *command_argv; /* exec: ends with NULL */

	bool disasm;
	bool verify; /* ask the kernel's verifier, and run nothing */
	enum xb_list_what list;
};

#endif
