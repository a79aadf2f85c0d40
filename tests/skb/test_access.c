/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_access.c - where TC programs may load from and store to in struct __sk_buff and struct
 * bpf_sock, and with which widths.
 *
 * A table has a row for each field. From the rows follows what is expected of every offset, width
 * and kind of access, in and around the structure; all of it is tried. cf. net/core/filter.c:
 * tc_cls_act_is_valid_access, bpf_skb_is_valid_access, bpf_sock_common_is_valid_access,
 * bpf_sock_is_valid_access.
 */
#include "tests/insns.h"
#include "vm/types.h"

#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#define MAX_INSNS 16
#define MARGIN    16 /* bytes tried before and after a structure */

/* Around the linker's --wrap, which leads syscall() to the emulator. */
long __real_syscall(long nr, ...);

enum parts {
	NONE,  /* nothing */
	WHOLE, /* all of the field at once */
	FIRST, /* 1, 2 or 4 bytes at its beginning */
	PARTS, /* whatever lies inside of it and is aligned to its own size */
};

struct field {
	const char *name;
	u32 off, bytes;
	enum parts load, store;
	bool pointer; /* loads give an address: none with sign */
};

#define SKB(field, ...)                                                                            \
	{                                                                                          \
#field, offsetof(struct __sk_buff, field), sizeof(((struct __sk_buff *)0)->field), \
		        __VA_ARGS__                                                                \
	}
#define SOCK(field, ...)                                                                           \
	{                                                                                          \
#field, offsetof(struct bpf_sock, field), sizeof(((struct bpf_sock *)0)->field),   \
		        __VA_ARGS__                                                                \
	}
#define TSTAMP_TYPE_END (offsetof(struct __sk_buff, tstamp_type) + 1)
#define DST_PORT_END    (offsetof(struct bpf_sock, dst_port) + 2)

/* clang-format off */
/* Field			load	store	pointer */
static const struct field skb_fields[] = {
	SKB(len,		PARTS,	NONE,	false),
	SKB(pkt_type,		PARTS,	NONE,	false),
	SKB(mark,		PARTS,	WHOLE,	false),
	SKB(queue_mapping,	PARTS,	WHOLE,	false),
	SKB(protocol,		PARTS,	NONE,	false),
	SKB(vlan_present,	PARTS,	NONE,	false),
	SKB(vlan_tci,		PARTS,	NONE,	false),
	SKB(vlan_proto,		PARTS,	NONE,	false),
	SKB(priority,		PARTS,	WHOLE,	false),
	SKB(ingress_ifindex,	PARTS,	NONE,	false),
	SKB(ifindex,		PARTS,	NONE,	false),
	SKB(tc_index,		PARTS,	WHOLE,	false),
	SKB(cb,			PARTS,	PARTS,	false),
	SKB(hash,		PARTS,	NONE,	false),
	SKB(tc_classid,		PARTS,	WHOLE,	false),
	SKB(data,		WHOLE,	NONE,	true),
	SKB(data_end,		WHOLE,	NONE,	true),
	SKB(napi_id,		PARTS,	NONE,	false),
	SKB(family,		NONE,	NONE,	false),
	SKB(remote_ip4,		NONE,	NONE,	false),
	SKB(local_ip4,		NONE,	NONE,	false),
	SKB(remote_ip6,		NONE,	NONE,	false),
	SKB(local_ip6,		NONE,	NONE,	false),
	SKB(remote_port,	NONE,	NONE,	false),
	SKB(local_port,		NONE,	NONE,	false),
	SKB(data_meta,		WHOLE,	NONE,	true),
	SKB(flow_keys,		NONE,	NONE,	true),
	SKB(tstamp,		WHOLE,	WHOLE,	false),
	SKB(wire_len,		PARTS,	NONE,	false),
	SKB(gso_segs,		PARTS,	NONE,	false),
	SKB(sk,			WHOLE,	NONE,	true),
	SKB(gso_size,		PARTS,	NONE,	false),
	SKB(tstamp_type,	WHOLE,	NONE,	false),
	{ "padding", TSTAMP_TYPE_END, 3, NONE, NONE, false },
	SKB(hwtstamp,		WHOLE,	NONE,	false),
};

/* skb->sk as it is found: what every kind of socket has, half-made ones too. */
static const struct field sock_common_fields[] = {
	SOCK(bound_dev_if,	WHOLE,	NONE,	false),
	SOCK(family,		FIRST,	NONE,	false),
	SOCK(type,		NONE,	NONE,	false),
	SOCK(protocol,		NONE,	NONE,	false),
	SOCK(mark,		NONE,	NONE,	false),
	SOCK(priority,		NONE,	NONE,	false),
	SOCK(src_ip4,		PARTS,	NONE,	false),
	SOCK(src_ip6[0],	PARTS,	NONE,	false),
	SOCK(src_ip6[1],	PARTS,	NONE,	false),
	SOCK(src_ip6[2],	PARTS,	NONE,	false),
	SOCK(src_ip6[3],	PARTS,	NONE,	false),
	SOCK(src_port,		FIRST,	NONE,	false),
	SOCK(dst_port,		PARTS,	NONE,	false),
	{ "padding", DST_PORT_END, 2, NONE, NONE, false },
	/* It had 32 bits once; programs of then still load them. */
	{ "dst_port, padded", offsetof(struct bpf_sock, dst_port), 4, WHOLE, NONE, false },
	SOCK(dst_ip4,		PARTS,	NONE,	false),
	SOCK(dst_ip6[0],	PARTS,	NONE,	false),
	SOCK(dst_ip6[1],	PARTS,	NONE,	false),
	SOCK(dst_ip6[2],	PARTS,	NONE,	false),
	SOCK(dst_ip6[3],	PARTS,	NONE,	false),
	SOCK(state,		FIRST,	NONE,	false),
	SOCK(rx_queue_mapping,	FIRST,	NONE,	false),
};

/* What bpf_sk_fullsock() adds; the rest is as above. */
static const struct field sock_full_fields[] = {
	SOCK(type,		FIRST,	NONE,	false),
	SOCK(protocol,		FIRST,	NONE,	false),
	SOCK(mark,		WHOLE,	NONE,	false),
	SOCK(priority,		WHOLE,	NONE,	false),
};

#define LOAD_SK		XB_LDX_MEM(BPF_DW, 1, 1, offsetof(struct __sk_buff, sk))
#define LEAVE_IF_0(reg)	XB_JMP_IMM(BPF_JNE, reg, 0, 2), XB_MOV64_IMM(0, 0), XB_EXIT()

/* Structures, and how a program comes by one: its address goes to R6. */
static const struct area {
	const char *name;
	u32 bytes;
	struct { const struct field *fields; u32 cnt; } lists[2]; /* what any row of any allows */
	struct bpf_insn prefix[10]; /* up to the first of code 0 */
} areas[] = {
	{ "__sk_buff", sizeof(struct __sk_buff), { { skb_fields, XB_ARRAY_SIZE(skb_fields) } },
	  { XB_MOV64_REG(6, 1) } },
	{ "sk", sizeof(struct bpf_sock),
	  { { sock_common_fields, XB_ARRAY_SIZE(sock_common_fields) } },
	  { LOAD_SK, LEAVE_IF_0(1), XB_MOV64_REG(6, 1) } },
	{ "full sk", sizeof(struct bpf_sock),
	  { { sock_common_fields, XB_ARRAY_SIZE(sock_common_fields) },
	    { sock_full_fields, XB_ARRAY_SIZE(sock_full_fields) } },
	  { LOAD_SK, LEAVE_IF_0(1), XB_CALL(BPF_FUNC_sk_fullsock), LEAVE_IF_0(0),
	    XB_MOV64_REG(6, 0) } },
};
/* Where everything is allowed: says which kinds and programs there are at all. */
static const struct area stack = {
	"stack", 8, .prefix = { XB_ST_MEM(BPF_DW, 10, -8, 0), XB_MOV64_REG(6, 10) }
};

/* Kinds of access: the class and mode of the instruction. */
static const struct kind {
	const char *name;
	u8 code;
	bool store, sign;
} kinds[] = {
	{ "LDX",	BPF_LDX | BPF_MEM,	false,	false },
	{ "LDX, signed", BPF_LDX | BPF_MEMSX,	false,	true },
	{ "STX",	BPF_STX | BPF_MEM,	true,	false },
	{ "ST",		BPF_ST | BPF_MEM,	true,	false },
};

static const struct type {
	const char *name;
	u32 prog_type, attach_type;
} types[] = {
	{ "sched_cls",		BPF_PROG_TYPE_SCHED_CLS,	0 },
	{ "sched_act",		BPF_PROG_TYPE_SCHED_ACT,	0 },
	{ "tcx/ingress",	BPF_PROG_TYPE_SCHED_CLS,	46 },
	{ "tcx/egress",		BPF_PROG_TYPE_SCHED_CLS,	47 },
};
/* clang-format on */

struct attempt {
	const struct area *area;
	const struct kind *kind;
	const struct type *type;
	s32 off;
	u32 bytes;
};

struct verdict {
	bool allowed;
	bool other;      /* it failed for something that is not the access */
	char text[4096]; /* why not */
};

/* Who is asked. */
struct side {
	const char *name;
	bool (*open)(void); /* false, and said so: not to be had here */
	void (*ask)(const struct type *type, const struct bpf_insn *insns, u32 cnt,
	            struct verdict *verdict);
	bool names_field; /* the text of a refusal has the field's name in it */
};

static long
load(const struct type *type, const struct bpf_insn *insns, u32 cnt, char *log, u32 log_bytes)
{
	union bpf_attr attr = { .prog_type = type->prog_type };
	long fd;

	attr.expected_attach_type = type->attach_type;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = cnt;
	attr.license = (uintptr_t) "GPL";
	attr.log_buf = (uintptr_t)log;
	attr.log_size = log_bytes;
	attr.log_level = 1;
	log[0] = 0;
	fd = __real_syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}

static bool
kernel_open(void)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 0), XB_EXIT() };
	char log[256];
	long fd = load(&types[0], insns, XB_ARRAY_SIZE(insns), log, sizeof(log));

	if (fd < 0) {
		print_message("skipped: bpf(2) not permitted\n");
		return false;
	}
	close((int)fd);
	return true;
}

/* The verifier's opinion, without a run. */
static void
kernel_ask(const struct type *type, const struct bpf_insn *insns, u32 cnt, struct verdict *verdict)
{
	long fd = load(type, insns, cnt, verdict->text, sizeof(verdict->text));

	verdict->allowed = fd >= 0;
	verdict->other = fd < 0 && fd != -EACCES;
	if (fd >= 0)
		close((int)fd);
}

static const struct side sides[] = {
	{ "kernel", kernel_open, kernel_ask, false },
};

static u8
size_code(u32 bytes)
{
	static const u8 codes[] = { [1] = BPF_B, [2] = BPF_H, [4] = BPF_W, [8] = BPF_DW };

	return codes[bytes];
}

static void
ask(const struct side *side, const struct attempt *a, struct verdict *verdict)
{
	const struct kind *kind = a->kind;
	struct bpf_insn insns[MAX_INSNS];
	u32 cnt = 0;

	while (a->area->prefix[cnt].code) {
		insns[cnt] = a->area->prefix[cnt];
		cnt++;
	}
	insns[cnt++] = XB_MOV64_IMM(2, 0);
	insns[cnt++] =
	        XB_INSN(kind->code | size_code(a->bytes), kind->store ? 6 : 0,
	                kind->store ? (kind->code == (BPF_STX | BPF_MEM) ? 2 : 0) : 6, a->off, 0);
	insns[cnt++] = XB_MOV64_IMM(0, 0);
	insns[cnt++] = XB_EXIT();
	side->ask(a->type, insns, cnt, verdict);
}

static bool
field_allows(const struct field *f, const struct attempt *a)
{
	enum parts parts = a->kind->store ? f->store : f->load;
	u32 off = (u32)a->off;

	if (a->off < 0 || (a->kind->sign && f->pointer))
		return false;
	switch (parts) {
	case NONE:
		return false;
	case WHOLE:
		return off == f->off && a->bytes == f->bytes;
	case FIRST:
		return off == f->off && a->bytes <= f->bytes;
	case PARTS:
		return off % a->bytes == 0 && off >= f->off && off + a->bytes <= f->off + f->bytes;
	}
	return false;
}

/* What is expected, and what the first byte lies in: the first such field, or the structure. */
static bool
allowed(const struct attempt *a, const char **name)
{
	bool yes = false;
	u32 i, k;

	*name = NULL;
	for (k = 0; k < XB_ARRAY_SIZE(a->area->lists); k++)
		for (i = 0; i < a->area->lists[k].cnt; i++) {
			const struct field *f = &a->area->lists[k].fields[i];

			if (!*name && a->off >= (s32)f->off && a->off < (s32)(f->off + f->bytes))
				*name = f->name;
			yes |= field_allows(f, a);
		}
	if (!*name)
		*name = a->area->name;
	return yes;
}

static void
check(const struct side *side, const struct attempt *a)
{
	struct verdict verdict = { 0 };
	const char *name;
	bool expected = allowed(a, &name);

	ask(side, a, &verdict);
	if (verdict.allowed != expected || verdict.other)
		fail_msg("%s: %s of %u bytes at %d of %s (%s): the %s %s it\n%s", a->type->name,
		         a->kind->name, a->bytes, a->off, a->area->name, name, side->name,
		         verdict.allowed ? "allows" : "refuses", verdict.text);
	if (!expected && side->names_field && !strstr(verdict.text, name))
		fail_msg("%s: %s of %u bytes at %d of %s: '%s' does not name %s", a->type->name,
		         a->kind->name, a->bytes, a->off, a->area->name, verdict.text, name);
}

/* Old kernels lack the TCX attach types, or loads with sign. */
static bool
is_known(const struct side *side, const struct type *type, const struct kind *kind)
{
	const struct attempt a = { &stack, kind, type, -8, 4 };
	struct verdict verdict = { 0 };

	ask(side, &a, &verdict);
	if (!verdict.allowed)
		print_message("skipped: %s: the %s does not know %s\n", type->name, side->name,
		              kind->name);
	return verdict.allowed;
}

static void
check_area(const struct side *side, const struct area *area)
{
	const s32 end = (s32)area->bytes + MARGIN;
	u32 t, k;

	for (t = 0; t < XB_ARRAY_SIZE(types); t++)
		for (k = 0; k < XB_ARRAY_SIZE(kinds); k++) {
			struct attempt a = { area, &kinds[k], &types[t], 0, 0 };
			u32 most = kinds[k].sign ? 4 : 8;

			if (!is_known(side, a.type, a.kind))
				continue;
			for (a.off = -MARGIN; a.off < end; a.off++)
				for (a.bytes = 1; a.bytes <= most; a.bytes *= 2)
					check(side, &a);
		}
}

static void
test_areas(void **state)
{
	u32 i, k;

	(void)state;
	for (k = 0; k < XB_ARRAY_SIZE(sides); k++) {
		if (!sides[k].open())
			continue;
		for (i = 0; i < XB_ARRAY_SIZE(areas); i++)
			check_area(&sides[k], &areas[i]);
	}
}

/* No byte of __sk_buff without its row, and none in two. */
static void
test_cover(void **state)
{
	u32 i, off = 0;

	(void)state;
	for (i = 0; i < XB_ARRAY_SIZE(skb_fields); i++) {
		if (skb_fields[i].off != off)
			fail_msg("%s: at %u, expected at %u", skb_fields[i].name, skb_fields[i].off,
			         off);
		off += skb_fields[i].bytes;
	}
	assert_int_equal(off, sizeof(struct __sk_buff));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cover),
		cmocka_unit_test(test_areas),
	};

	return cmocka_run_group_tests_name("skb access", tests, NULL, NULL);
}
