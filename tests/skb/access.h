/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * access.h - where programs may load from and store to in struct __sk_buff and struct bpf_sock,
 * and with which widths, as tables.
 *
 * From a row for each field follows what is expected of every offset, width and kind of access. cf.
 * net/core/filter.c: tc_cls_act_is_valid_access, bpf_skb_is_valid_access,
 * bpf_sock_common_is_valid_access, bpf_sock_is_valid_access.
 */
#ifndef XB_TESTS_SKB_ACCESS_H
#define XB_TESTS_SKB_ACCESS_H

#include "vm/types.h"

#include <linux/bpf.h>
#include <stddef.h>

#define ACCESS_AREAS     3
#define ACCESS_KINDS     16
#define ACCESS_TYPES     14
#define ACCESS_WAYS      4
#define ACCESS_MAX_INSNS 24
#define ACCESS_NO_FIELD  "no field there" /* the name of what lies between fields */

enum access_parts {
	NONE,  /* nothing */
	WHOLE, /* all of the field at once */
	FIRST, /* 1, 2 or 4 bytes at its beginning */
	PARTS, /* whatever lies inside of it and is aligned to its own size */
};

/* Program types that have the same rules. */
enum access_view {
	VIEW_TC,
	VIEW_FILTER,
	VIEW_CGROUP,
	VIEW_LWT,
	VIEW_FLOW,
	VIEW_STREAM,
	VIEW_CNT,
};

struct access_field {
	const char *name;
	u32 off, bytes;
	enum access_parts load[VIEW_CNT], store[VIEW_CNT];
	bool pointer; /* loads give an address: none with sign */
};

/* Structures, and how a program comes by one: its address goes to R6. */
struct access_area {
	const char *name;
	u32 bytes;
	struct {
		const struct access_field *fields;
		u32 cnt;
	} lists[2];                 /* what any row of any allows */
	struct bpf_insn prefix[10]; /* up to the first of code 0 */
	u32 views;                  /* who can come by it: bit 1 << VIEW_* */
};

/* Kinds of access: the instruction but for its size. */
struct access_kind {
	const char *name;
	u8 code;
	s32 imm;
	u32 least, most; /* bytes */
	enum { LOADS = 1, SIGN = 2 } flags;
};

struct access_type {
	const char *name;
	u32 prog_type, attach_type;
	enum access_view view;
};

/* What becomes of R6 before the access, through another register. */
struct access_way {
	const char *name;
	u32 reg;
	struct bpf_insn insns[6]; /* up to the first of code 0 */
};

struct access {
	const struct access_area *area;
	const struct access_kind *kind;
	const struct access_type *type;
	const struct access_way *way;
	s32 off;
	u32 bytes;
};

extern const struct access_area access_areas[ACCESS_AREAS]; /* the first: __sk_buff */
extern const struct access_kind access_kinds[ACCESS_KINDS];
extern const struct access_type access_types[ACCESS_TYPES];
extern const struct access_way access_ways[ACCESS_WAYS];
/* Where everything is allowed: says which kinds and programs there are at all. */
extern const struct access_area access_stack;

u8 access_size_code(u32 bytes);

/* The instruction: of memory at base + off, from or to register `other`. */
struct bpf_insn access_insn(const struct access_kind *kind, u32 base, u32 other, s32 off,
                            u32 bytes);

/* The program that does it, of up to ACCESS_MAX_INSNS; returns how many. */
u32 access_prog(const struct access *a, struct bpf_insn *insns);

/* Whether Linux allows it, and the field that the first byte lies in. */
bool access_allowed(const struct access *a, const struct access_field **field);

#endif
