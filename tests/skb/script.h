/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script.h - programs as lists of steps, and what both backends make of them.
 *
 * A script becomes a program that does its steps in order, keeps the result of each, and then every
 * field of __sk_buff that programs of its type may read; the others are 0. It returns its verdict,
 * or what its last step did.
 *
 * A step that finds no socket or no packet byte where it wants one is skipped: its result is
 * SCRIPT_SKIPPED. One that ends the program (LD_ABS past the end, a tail call) leaves its own and
 * all later results at SCRIPT_UNREACHED, the fields at zero, and `done` at 0.
 */
#ifndef XB_TESTS_SKB_SCRIPT_H
#define XB_TESTS_SKB_SCRIPT_H

#include "tests/skb/maps.h"

#include <stddef.h>

#define SCRIPT_STEPS 12
#define SCRIPT_BUF   8192 /* bytes of the buffer: a pattern, or what a row sets */
#define SCRIPT_STACK 64   /* bytes that STACK() points at */

#define SCRIPT_SKIPPED   0x5c1bbed05c1bbed0ll
#define SCRIPT_UNREACHED 0x4e4f74e4e4f74e40ll
#define SCRIPT_LAST      (1ll << 32) /* verdict: the result of the last step */

/* What a helper is given. One that a row leaves out is 0. */
enum arg_kind {
	ARG_IMM,    /* the value */
	ARG_CTX,    /* the context */
	ARG_BUF,    /* the buffer, from an offset on */
	ARG_STACK,  /* the stack: a copy of the buffer's first SCRIPT_STACK bytes, put back
	               afterwards */
	ARG_MAP,    /* a map of maps.h */
	ARG_RESULT, /* of an earlier step: a number, or the pointer that its helper returned */
	ARG_SK,     /* skb->sk */
};

struct arg {
	enum arg_kind kind;
	s64 value;
};

/* clang-format off */
#define IMM(v)     { ARG_IMM, (s64)(v) }
#define CTX        { ARG_CTX, 0 }
#define BUF(off)   { ARG_BUF, off }
#define STACK(off) { ARG_STACK, off }
#define MAP(name)  { ARG_MAP, name }
#define RES(step)  { ARG_RESULT, step }
#define SK         { ARG_SK, 0 }
/* clang-format on */

enum step_op {
	OP_END, /* of the steps */
	OP_CALL,
	OP_CTX_LD,
	OP_CTX_LDSX,
	OP_CTX_ST,
	OP_CTX_ST_IMM,
	OP_PKT_LD,
	OP_PKT_ST,
	OP_META_LD,
	OP_META_ST,
	OP_SK_LD,
	OP_FULL_LD,
	OP_PTR_LD,
	OP_BUF_LD,
	OP_LD_ABS,
	OP_LD_IND,
	OP_CNT
};

struct step {
	enum step_op op;
	u32 func; /* BPF_FUNC_* */
	struct arg args[5];
	u32 bytes, step;
	s64 off, value;

	s64 want;    /* the result, on either backend */
	bool any;    /* no value is expected, but both backends have the same */
	bool unlike; /* nor that: it is another each time */
};

/*
 * Steps, as a row writes them: { CALL(...), .want = ... }. `bytes` are 1, 2, 4, 8 as the kernel
 * permits them; numbers are the machine's, little-endian ones.
 */

/* CALL(skb_load_bytes, CTX, IMM(0), BUF(0), IMM(14)). Result: R0; of a pointer, if it is set. */
#define CALL(name, ...) .op = OP_CALL, .func = BPF_FUNC_##name, .args = { __VA_ARGS__ }
/* CTX_LD(mark), the whole field; CTX_LD_AT(offset, bytes). */
#define CTX_LD(field)                                                                              \
	.op = OP_CTX_LD, .off = offsetof(struct __sk_buff, field),                                 \
	.bytes = sizeof(((struct __sk_buff *)0)->field)
#define CTX_LD_AT(o, n) .op = OP_CTX_LD, .off = (o), .bytes = (n)
/* With sign. */
#define CTX_LDSX_AT(o, n) .op = OP_CTX_LDSX, .off = (o), .bytes = (n)
/* CTX_ST(mark, 7). Result: 0. */
#define CTX_ST(field, v)                                                                           \
	.op = OP_CTX_ST, .off = offsetof(struct __sk_buff, field),                                 \
	.bytes = sizeof(((struct __sk_buff *)0)->field), .value = (s64)(v)
#define CTX_ST_AT(o, n, v) .op = OP_CTX_ST, .off = (o), .bytes = (n), .value = (s64)(v)
/* The instruction's own number, of 32 bits with sign. */
#define CTX_ST_IMM_AT(o, n, v) .op = OP_CTX_ST_IMM, .off = (o), .bytes = (n), .value = (s64)(v)
/* The packet from skb->data on, in the linear part; of metadata, from data_meta on. */
#define PKT_LD(o, n)     .op = OP_PKT_LD, .off = (o), .bytes = (n)
#define PKT_ST(o, n, v)  .op = OP_PKT_ST, .off = (o), .bytes = (n), .value = (s64)(v)
#define META_LD(o, n)    .op = OP_META_LD, .off = (o), .bytes = (n)
#define META_ST(o, n, v) .op = OP_META_ST, .off = (o), .bytes = (n), .value = (s64)(v)
/* Fields of struct bpf_sock: of skb->sk, and of bpf_sk_fullsock(skb->sk). */
#define SK_LD(field)                                                                               \
	.op = OP_SK_LD, .off = offsetof(struct bpf_sock, field),                                   \
	.bytes = sizeof(((struct bpf_sock *)0)->field)
#define FULL_LD(field)                                                                             \
	.op = OP_FULL_LD, .off = offsetof(struct bpf_sock, field),                                 \
	.bytes = sizeof(((struct bpf_sock *)0)->field)
/* What the pointer that an earlier step's helper returned points at. */
#define PTR_LD(s, o, n) .op = OP_PTR_LD, .step = (s), .off = (o), .bytes = (n)
/* The buffer. */
#define BUF_LD(o, n) .op = OP_BUF_LD, .off = (o), .bytes = (n)
/* LD_ABS; LD_IND of a register with `index`. */
#define LD_ABS(n, o)        .op = OP_LD_ABS, .off = (o), .bytes = (n)
#define LD_IND(n, index, o) .op = OP_LD_IND, .value = (index), .off = (o), .bytes = (n)

#define ANY    .any = true
#define UNLIKE .unlike = true

/* What is kept of __sk_buff at the end: X(name, field). */
#define SCRIPT_FIELDS(X)                                                                           \
	X(len, len)                                                                                \
	X(pkt_type, pkt_type)                                                                      \
	X(mark, mark)                                                                              \
	X(queue_mapping, queue_mapping)                                                            \
	X(protocol, protocol)                                                                      \
	X(vlan_present, vlan_present)                                                              \
	X(vlan_tci, vlan_tci)                                                                      \
	X(vlan_proto, vlan_proto)                                                                  \
	X(priority, priority)                                                                      \
	X(ingress_ifindex, ingress_ifindex)                                                        \
	X(ifindex, ifindex)                                                                        \
	X(tc_index, tc_index)                                                                      \
	X(cb0, cb[0])                                                                              \
	X(cb1, cb[1])                                                                              \
	X(cb2, cb[2])                                                                              \
	X(cb3, cb[3])                                                                              \
	X(cb4, cb[4])                                                                              \
	X(hash, hash)                                                                              \
	X(tc_classid, tc_classid)                                                                  \
	X(napi_id, napi_id)                                                                        \
	X(family, family)                                                                          \
	X(remote_ip4, remote_ip4)                                                                  \
	X(local_ip4, local_ip4)                                                                    \
	X(remote_ip6_0, remote_ip6[0])                                                             \
	X(remote_ip6_3, remote_ip6[3])                                                             \
	X(local_ip6_0, local_ip6[0])                                                               \
	X(local_ip6_3, local_ip6[3])                                                               \
	X(remote_port, remote_port)                                                                \
	X(local_port, local_port)                                                                  \
	X(tstamp, tstamp)                                                                          \
	X(wire_len, wire_len)                                                                      \
	X(gso_segs, gso_segs)                                                                      \
	X(gso_size, gso_size)                                                                      \
	X(hwtstamp, hwtstamp)

enum script_field {
#define X(name, field) FIELD_##name,
	SCRIPT_FIELDS(X)
#undef X
	/* clang-format off */
	FIELD_tstamp_type, /* 0 where the script says plain_tstamp */
	FIELD_linear,      /* data_end - data */
	FIELD_meta,        /* data - data_meta */
	FIELD_has_sk,      /* sk != NULL */
	/* clang-format on */
	FIELD_CNT
};

const char *script_field_name(u32 field);

struct script {
	u32 type, attach_type; /* of the program; 0: sched_cls */
	bool proprietary;      /* its licence is not compatible with the GPL */
	s64 verdict;           /* or SCRIPT_LAST */
	/*
	 * The program does not read tstamp_type, and so is given tstamp as one that knows nothing
	 * of it (cf. net/core/filter.c: tc_cls_act_is_valid_access, tstamp_type_access).
	 */
	bool plain_tstamp;
	struct step steps[SCRIPT_STEPS];
};

/* What a program keeps in its map, in front of the buffer. */
struct script_kept {
	u64 results[SCRIPT_STEPS];
	u64 fields[FIELD_CNT];
	u64 done; /* it came to its end */
};

/* Makes the map that a program keeps it in. */
int script_open(const struct backend *b);

/* Loads the program: a descriptor, or -errno and the verifier's words. */
long script_load(struct maps *maps, int kept, const struct script *script, char *text, u32 bytes);

/* Sets the buffer to a pattern that starts with `preset`; reads what is kept and the buffer. */
void script_reset(const struct backend *b, int map, const void *preset, u32 bytes);
void script_read(const struct backend *b, int map, struct script_kept *kept, u8 *buf);

/* The byte of the pattern at an offset of the buffer. */
u8 script_pattern(u32 off);

/* The number of steps; "step 2 (skb_load_bytes)", into text. */
u32 script_cnt(const struct script *script);
const char *script_step_name(const struct script *script, u32 i, char *text, u32 bytes);

#endif
