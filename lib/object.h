/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object.h - a BPF object file in the emulator, or in the running kernel: opened and loaded by
 * libbpf, one of its programs chosen.
 *
 * libbpf prints what it has to say; here that is gathered, so an error is one sentence that names
 * the program, the instruction and its source line. All XDP and TC programs are loaded, or all of
 * the chosen one's other type: it may call them through a program array.
 */
#ifndef XB_LIB_OBJECT_H
#define XB_LIB_OBJECT_H

#include "emu/emu.h"
#include "emu/map.h"
#include "emu/prog.h"
#include "skb/verdict.h"

#include <bpf/libbpf.h>

/* For what kind of place on a packet's way a program is wanted. */
enum xb_object_want {
	XB_WANT_ANY,
	XB_WANT_XDP,
	XB_WANT_TC,
	XB_WANT_BARE, /* of no packet: of any type, with a context that is memory alone */
	XB_WANT_SKB,  /* of no device: socket filters, cgroup_skb, LWT, flow dissectors */
};

struct xb_object_opts {
	const char *path;  /* for messages and the names of maps */
	const void *image; /* kept by the caller as long as the object */
	size_t bytes;
	const char *prog; /* -p, or NULL */
	const char *type; /* --type: "xdp", "tc", "tcx"; or NULL */
	enum xb_object_want want;
	bool all;                        /* load programs of all types */
	bool frags;                      /* load XDP programs with BPF_F_XDP_HAS_FRAGS */
	void (*print)(const char *text); /* what libbpf says, as it says it; or NULL */
	bool alone;                      /* load no program but the chosen one */
	/* Or none of these, by name; kept by the caller until the program is chosen. */
	char *const *without;
	u32 without_cnt;
};

/* A map of the object, as the emulator has it. */
struct xb_object_map {
	struct xb_map *map;
	const char *name; /* as in the source; the emulator's own is cut at 15 characters */
};

struct xb_object {
	struct xb_emu *emu; /* borrowed; NULL: it is the kernel's, see xb_object_open() */
	struct xb_object_opts opts;
	void *converted; /* the image with maps in BTF, where it had legacy ones; owned */
	struct bpf_object *bpf;
	libbpf_print_fn_t print_before; /* whoever libbpf's messages went to, and go to again */
	struct bpf_program *chosen;
	struct xb_bpf_prog *prog;   /* the chosen one, when loaded */
	char *other_failed;         /* see xb_object_load(); owned */
	struct xb_object_map *maps; /* those that were made, when loaded */
	u32 map_cnt;
	char *said; /* libbpf's warnings, one a line */
	size_t said_bytes;
	char *load_log; /* of the last BPF_PROG_LOAD or BPF_BTF_LOAD, of log_bytes */
	u32 log_bytes;
	bool refused; /* the kernel's verifier has refused a program, and the log says why */
};

/*
 * Reads the object. Programs whose section does not tell their type get it from the section's name
 * or opts->type.
 *
 * Without an emulator it is loaded into the running kernel. Then `maps` and `prog` stay empty, as
 * do xb_object_prog() and xb_object_map(): all that there is are the descriptors that libbpf has.
 * Nothing is pinned.
 */
struct xb_object *xb_object_open(struct xb_emu *emu, const struct xb_object_opts *opts,
                                 struct xb_err *err);

/*
 * Picks the program to run: the one named (function, section, pin), else the only one there is of
 * the kind that is wanted. The error lists what there is. XB_ERR_USAGE where the name is wrong or
 * missing or of a program of the other kind, XB_ERR_LOAD where there is none.
 */
int xb_object_choose(struct xb_object *o, struct xb_err *err);

/*
 * How the chosen program, one on sk_buffs, is attached, as far as its type and section or --type
 * tell; links of tcx and netkit have fewer verdicts than TC's other programs.
 */
enum xb_tc_mode xb_object_tc_mode(const struct xb_object *o);

/* The expected attach type of an XDP or TC program, as bpftool calls it; NULL: none. */
const char *xb_object_attach_name(const struct bpf_program *prog);

/*
 * Before the load: maps are those of `other`, an object of the same file that is loaded, as they
 * are where one object is loaded and several of its programs are attached. XB_ERR_LOAD.
 */
int xb_object_share_maps(struct xb_object *o, const struct xb_object *other, struct xb_err *err);

/*
 * Loads maps and programs into the emulator, once. XB_ERR_LOAD. Where it was not the chosen program
 * that could not be loaded, o->other_failed is the name of the one that it was; a new object
 * without that one, or with opts.alone, may do.
 */
int xb_object_load(struct xb_object *o, struct xb_err *err);

/* NULL is allowed. */
void xb_object_free(struct xb_object *o);

/* What the emulator holds of libbpf's program or map; NULL where it was not loaded. */
struct xb_bpf_prog *xb_object_prog(const struct xb_object *o, const struct bpf_program *prog);
struct xb_map *xb_object_map(const struct xb_object *o, const struct bpf_map *map);

/* Whether the map is one of the object's. */
bool xb_object_has_map(const struct xb_object *o, const struct xb_map *map);

/* Whether the program is one of the object's. */
bool xb_object_has_prog(const struct xb_object *o, const struct xb_prog *prog);

/* The full name of a map that the emulator hands out. */
const char *xb_object_map_name(const struct xb_object *o, const struct xb_map *map);

/* By name, as in the source. NULL: there is none. */
struct bpf_program *xb_object_find_prog(const struct xb_object *o, const char *name);
struct bpf_map *xb_object_find_map(const struct xb_object *o, const char *name);

#endif
