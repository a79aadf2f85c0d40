/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opts.h - what the command line asked for, as cli.c leaves it: checked, with defaults filled in.
 *
 * Strings point into argv.
 */
#ifndef XB_BENCH_OPTS_H
#define XB_BENCH_OPTS_H

#include "vm/types.h"

enum xb_command { XB_COMMAND_RUN, XB_COMMAND_INSPECT, XB_COMMAND_LIST, XB_COMMAND_CNT };

/* Which packets go to -w; bits. */
enum xb_emit {
	XB_EMIT_ENTRY = 1 << 0,     /* as they came in */
	XB_EMIT_EXIT = 1 << 1,      /* as they left the program */
	XB_EMIT_FORWARDED = 1 << 2, /* without those dropped, a copy for each interface reached */
};

enum xb_clock_kind { XB_CLOCK_CAPTURE, XB_CLOCK_WALL, XB_CLOCK_FIXED };

enum xb_list_what { XB_LIST_HELPERS, XB_LIST_MAPS, XB_LIST_PROGS, XB_LIST_KFUNCS };

#define XB_OPTS_MAX_MAPS     256
#define XB_OPTS_MAX_META     216 /* bytes of metadata that fit before a packet */
#define XB_OPTS_MIN_HEADROOM 40  /* what Linux keeps for itself: no metadata there */
#define XB_OPTS_HEADROOM     256 /* the default */

struct xb_opts {
	enum xb_command command;
	bool help, version;

	const char *object; /* path of the object file */
	const char *prog;   /* -p, or NULL */
	const char *type;   /* --type, or NULL */
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

	u32 ingress_ifindex;
	bool has_queue;
	u32 rx_queue_index;
	u8 meta[XB_OPTS_MAX_META];
	u32 meta_bytes;

	const char *maps[XB_OPTS_MAX_MAPS]; /* --map, as given */
	u32 map_cnt;
	bool dump_maps;
	const char *dump_maps_file; /* NULL: standard output */
	const char *json;           /* run: file, or NULL */
	bool json_out;              /* inspect, list: as JSON */
	bool no_data, no_events;

	enum xb_clock_kind clock;
	u64 clock_ns;
	u64 seed, max_insns;
	u32 cpus;
	bool frags;
	u32 headroom, mtu; /* 0: default */

	bool faults_count; /* faults do not make the exit code 4 */
	bool quiet, verbose, trace, no_progress;

	bool disasm;
	enum xb_list_what list;
};

#endif
