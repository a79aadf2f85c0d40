/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts in processes: what programs find, what they leave, and that it can be run again.
 */
#define XB_INSN_BRACES
#include "lib/bind.h"
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "vm/mem_host.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <linux/pkt_cls.h>

#define XDP(members)     "{\"type\":\"xdp_md\",\"ctx\":{" members "}}"
#define SKB(members)     "{\"type\":\"sk_buff\",\"ctx\":{" members "}}"
#define GENERIC(members) "{\"type\":\"generic\",\"ctx\":{" members "}}"
#define PACKET           "\"packet_hex\":\"0200000000010200000000020800450000\""
#define PACKET_BASE64    "AgAAAAABAgAAAAACCABFAAA="

#define PROG(...)                                                                                  \
	.insns = (const struct bpf_insn[]){ __VA_ARGS__ },                                         \
	.insn_cnt = sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn)

struct row {
	const char *name, *json;
	const struct bpf_insn *insns;
	u32 insn_cnt;
	u32 type, attach_type; /* of the program; 0: XDP */
	u64 r0;
	const char *fault; /* in place of it: a part of its message */
	const char *error; /* it cannot even be bound */
	const char *after; /* the context after the run, or NULL: not looked at */
};

/* R0 of a helper with the context and a number. */
#define CTX_CALL(helper, n) XB_MOV64_IMM(2, n), XB_CALL(BPF_FUNC_##helper), XB_EXIT()
#define EINVAL_R0           (u64)(s64) - 22
#define LOAD(size, off)     XB_LDX_MEM(size, 0, 1, off), XB_EXIT()
#define OF(id)              .type = BPF_PROG_TYPE_##id
#define FLOW_KEYS(off)      XB_LDX_MEM(BPF_DW, 1, 1, 144), LOAD(BPF_H, off)

/* clang-format off */
#define BLOCK(name, value) "{\"name\":\"" name "\",\"type\":\"block\",\"value\":{\"value\":\"" value "\",\"byteorder\":\"le\"}}"
#define INT(name, value, size) "{\"name\":\"" name "\",\"type\":\"int\",\"value\":{\"value\":" value ",\"size\":" size "}}"
#define PTR(name, memory, offset, size) "{\"name\":\"" name "\",\"type\":\"ptr\",\"value\":{\"memory\":\"" memory "\",\"offset\":" offset ",\"size\":" size "}}"
#define STRUCT(name, fields) "{\"name\":\"" name "\",\"type\":\"struct\",\"value\":[" fields "]}"
#define FIELD(name, memory) "{\"name\":\"" name "\",\"memory\":\"" memory "\"}"
#define ZEROS24 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

#define BIG GENERIC("\"registers\":{\"r1\":\"b\"},\"memory\":[{\"name\":\"b\",\"type\":\"block\",\"value\":{\"value\":\"AQIDBAUGBwg=\",\"byteorder\":\"be\"}}]")

static const struct row rows[] = {
	/* xdp_md */
	{ .name = "xdp: packet", .json = XDP(PACKET), PROG(XB_LDX_MEM(BPF_W, 2, 1, 0), XB_LDX_MEM(BPF_W, 3, 1, 4), XB_MOV64_REG(0, 3), XB_ALU64_REG(BPF_SUB, 0, 2), XB_EXIT()),
	  .r0 = 17, .after = XDP("\"packet\":\"" PACKET_BASE64 "\",\"headroom\":256") },
	{ .name = "xdp: no packet", .json = XDP(""), PROG(XB_LDX_MEM(BPF_W, 2, 1, 0), LOAD(BPF_W, 4)), .r0 = 0x11000 + 0x100, .fault = NULL, .after = XDP("\"packet\":\"\",\"headroom\":256") },
	{ .name = "xdp: ingress_ifidx", .json = XDP("\"ingress_ifidx\":7"), PROG(LOAD(BPF_W, 12)), .r0 = 7 },
	{ .name = "xdp: ingress_ifidx, not said", .json = XDP(""), PROG(LOAD(BPF_W, 12)), .r0 = 1 },
	{ .name = "xdp: rx_queue_idx", .json = XDP("\"rx_queue_idx\":9"), PROG(LOAD(BPF_W, 16)), .r0 = 9 },
	{ .name = "xdp: egress_ifidx", .json = XDP("\"egress_ifidx\":5"), PROG(LOAD(BPF_W, 20)), .attach_type = BPF_XDP_DEVMAP, .r0 = 5 },
	{ .name = "xdp: data_meta", .json = XDP(PACKET ",\"data_meta\":\"01020304\""), PROG(XB_LDX_MEM(BPF_W, 1, 1, 8), LOAD(BPF_W, 0)), .r0 = 0x04030201 },
	{ .name = "xdp: headroom enough", .json = XDP(PACKET ",\"headroom\":44"), PROG(CTX_CALL(xdp_adjust_head, -4)), .r0 = 0,
	  .after = XDP("\"packet\":\"AAAAAAIAAAAAAQIAAAAAAggARQAA\",\"headroom\":40") },
	{ .name = "xdp: headroom too short", .json = XDP(PACKET ",\"headroom\":43"), PROG(CTX_CALL(xdp_adjust_head, -4)), .r0 = EINVAL_R0 },
	{ .name = "xdp: no headroom", .json = XDP(PACKET ",\"headroom\":0"), PROG(CTX_CALL(xdp_adjust_head, -1)), .r0 = EINVAL_R0 },
	{ .name = "xdp: headroom for metadata", .json = XDP(PACKET ",\"headroom\":48"), PROG(CTX_CALL(xdp_adjust_meta, -8)), .r0 = 0 },
	{ .name = "xdp: no headroom for metadata", .json = XDP(PACKET ",\"headroom\":44"), PROG(CTX_CALL(xdp_adjust_meta, -8)), .r0 = EINVAL_R0 },
	{ .name = "xdp: metadata beyond the headroom", .json = XDP("\"data_meta\":\"01020304\",\"headroom\":43"), PROG(LOAD(BPF_W, 0)),
	  .error = "data_meta: 4 bytes do not fit: a headroom of 43 has room for 3" },
	{ .name = "xdp: tailroom enough", .json = XDP(PACKET ",\"tailroom\":4"), PROG(CTX_CALL(xdp_adjust_tail, 4)), .r0 = 0,
	  .after = XDP("\"packet\":\"AgAAAAABAgAAAAACCABFAAAAAAAA\",\"headroom\":256,\"tailroom\":0") },
	{ .name = "xdp: tailroom too short", .json = XDP(PACKET ",\"tailroom\":3"), PROG(CTX_CALL(xdp_adjust_tail, 4)), .r0 = EINVAL_R0 },
	{ .name = "xdp: tailroom, not said", .json = XDP(PACKET), PROG(CTX_CALL(xdp_adjust_tail, 3503)), .r0 = 0 },
	{ .name = "xdp: tailroom beyond the page", .json = XDP(PACKET ",\"tailroom\":3504"), PROG(LOAD(BPF_W, 0)),
	  .error = "tailroom: 3504 bytes do not fit: behind a headroom of 256 and a packet of 17 the page has 3503" },
	{ .name = "xdp: after a fault", .json = XDP(PACKET), PROG(XB_LDX_MEM(BPF_W, 2, 1, 0), XB_ST_MEM(BPF_B, 2, 0, 9), XB_LDX_MEM(BPF_B, 0, 2, 17), XB_EXIT()),
	  .fault = "1 byte past the end of packet", .after = XDP("\"packet\":\"" PACKET_BASE64 "\",\"headroom\":256") },
	{ .name = "xdp_md for TC", .json = XDP(PACKET), PROG(LOAD(BPF_W, 0)), OF(SCHED_CLS), .error = "xdp_md is no context of sched_cls programs" },

	/* sk_buff */
	{ .name = "skb: mark", .json = SKB(PACKET ",\"mark\":7"), PROG(XB_LDX_MEM(BPF_W, 0, 1, 8), XB_ST_MEM(BPF_W, 1, 8, 5), XB_ST_MEM(BPF_W, 1, 52, 3), XB_EXIT()), OF(SCHED_CLS), .r0 = 7,
	  .after = SKB("\"packet\":\"" PACKET_BASE64 "\",\"mark\":5,\"ifindex\":1,\"cb[1]\":3,\"pkt_type\":3,\"protocol\":8") },
	{ .name = "skb: ifindex", .json = SKB(PACKET ",\"dev\":{\"ifIndex\":3}"), PROG(LOAD(BPF_W, 40)), OF(SCHED_CLS), .r0 = 3 },
	{ .name = "skb: packet shorter than said", .json = SKB(PACKET ",\"wire_len\":16"), PROG(LOAD(BPF_W, 0)), OF(SCHED_CLS), .error = "wire_len: 16 is less than the 17 bytes of the packet" },
	{ .name = "skb: socket", .json = SKB(PACKET ",\"sock\":{\"family\":10,\"mark\":9}"), PROG(XB_LDX_MEM(BPF_DW, 1, 1, 168), LOAD(BPF_W, 4)), OF(SCHED_CLS), .r0 = 10 },
	{ .name = "skb: from the network header on", .json = SKB(PACKET), PROG(LOAD(BPF_W, 0)), OF(SOCKET_FILTER), .r0 = 3,
	  .after = SKB("\"packet\":\"" PACKET_BASE64 "\",\"ifindex\":1,\"pkt_type\":3,\"protocol\":8") },
	{ .name = "flow keys", .json = SKB(PACKET ",\"flowKeys\":{\"thoff\":16,\"ipProto\":6}"), PROG(FLOW_KEYS(2)), OF(FLOW_DISSECTOR), .r0 = 16 },
	{ .name = "flow keys, not said", .json = SKB(PACKET ",\"flowKeys\":{\"ipProto\":6}"), PROG(FLOW_KEYS(2)), OF(FLOW_DISSECTOR), .r0 = 14 },
	{ .name = "sk_buff for XDP", .json = SKB(PACKET), PROG(LOAD(BPF_W, 0)), .error = "sk_buff is no context of xdp programs" },

	/* generic */
	{ .name = "generic: an int", .json = GENERIC("\"registers\":{\"r1\":\"i\"},\"memory\":[" INT("i", "-2", "8") "]"), PROG(XB_MOV64_REG(0, 1), XB_EXIT()), OF(KPROBE), .r0 = (u64)-2 },
	{ .name = "generic: five registers", .json = GENERIC("\"registers\":{\"r1\":\"i\",\"r2\":\"j\",\"r3\":\"i\",\"r4\":\"i\",\"r5\":\"j\"},\"memory\":[" INT("i", "1", "64") "," INT("j", "16", "64") "]"),
	  PROG(XB_MOV64_REG(0, 1), XB_ALU64_REG(BPF_ADD, 0, 2), XB_ALU64_REG(BPF_ADD, 0, 3), XB_ALU64_REG(BPF_ADD, 0, 4), XB_ALU64_REG(BPF_ADD, 0, 5), XB_EXIT()), OF(RAW_TRACEPOINT), .r0 = 35 },
	{ .name = "generic: no register", .json = GENERIC(""), PROG(XB_MOV64_REG(0, 1), XB_EXIT()), OF(PERF_EVENT), .r0 = 0 },
	{ .name = "generic: struct, pointer, block",
	  .json = GENERIC("\"registers\":{\"r1\":\"s\"},\"memory\":[" BLOCK("b", "AQIDBAUGBwg=") "," PTR("p", "b", "4", "64") "," INT("i", "258", "16") "," STRUCT("s", FIELD("x", "i") "," FIELD("y", "p") "," FIELD("z", "p")) "]"),
	  /* Loads through y, stores into the block, changes x, moves z on by one. */
	  PROG(XB_LDX_MEM(BPF_H, 0, 1, 0), XB_LDX_MEM(BPF_DW, 2, 1, 2), XB_LDX_MEM(BPF_B, 3, 2, 0), XB_ALU64_REG(BPF_ADD, 0, 3), XB_ST_MEM(BPF_B, 2, -4, 9), XB_ST_MEM(BPF_H, 1, 0, 7), XB_ALU64_IMM(BPF_ADD, 2, 1), XB_STX_MEM(BPF_DW, 1, 2, 10), XB_EXIT()),
	  OF(TRACEPOINT), .r0 = 258 + 5,
	  .after = GENERIC("\"registers\":{\"r1\":\"s\"},\"memory\":[" BLOCK("b", "CQIDBAUGBwg=") "," PTR("p", "b", "4", "64") "," INT("i", "258", "16") "," STRUCT("s", FIELD("x", "s.x") "," FIELD("y", "p") "," FIELD("z", "s.z")) "," INT("s.x", "7", "16") "," PTR("s.z", "b", "5", "64") "],\"emulator\":{}") },
	{ .name = "generic: pointer of 32 bits", .json = GENERIC("\"registers\":{\"r1\":\"s\"},\"memory\":[" BLOCK("b", "AQI=") "," PTR("p", "b", "1", "32") "," STRUCT("s", FIELD("x", "p")) "]"),
	  PROG(XB_LDX_MEM(BPF_W, 1, 1, 0), LOAD(BPF_B, 0)), OF(CGROUP_SOCK_ADDR), .r0 = 2 },
	{ .name = "generic: past the end", .json = GENERIC("\"registers\":{\"r1\":\"b\"},\"memory\":[" BLOCK("b", "AQIDBA==") "]"), PROG(LOAD(BPF_B, 4)), OF(KPROBE),
	  .fault = "1 byte past the end of memory 'b' (4 bytes)" },
	{ .name = "generic: an empty block", .json = GENERIC("\"registers\":{\"r1\":\"b\"},\"memory\":[" BLOCK("b", "") "]"), PROG(LOAD(BPF_B, 0)), OF(LSM), .fault = "memory" },
	{ .name = "generic: for XDP", .json = GENERIC("\"registers\":{\"r1\":\"b\"},\"memory\":[" BLOCK("b", ZEROS24) "]"), PROG(LOAD(BPF_W, 16)), .r0 = 0 },
	{ .name = "generic: for XDP, too short", .json = GENERIC("\"registers\":{\"r1\":\"b\"},\"memory\":[" BLOCK("b", "AAAA") "]"), PROG(LOAD(BPF_W, 0)),
	  .error = "registers: r1: a program of type xdp looks at a context of 20 bytes" },
	{ .name = "generic: for XDP, no memory", .json = GENERIC("\"registers\":{\"r1\":\"i\"},\"memory\":[" INT("i", "5", "64") "]"), PROG(LOAD(BPF_W, 0)),
	  .error = "registers: r1: a program of type xdp looks at a context of 20 bytes" },
	{ .name = "generic: XDP's helpers have nothing to work on", .json = GENERIC("\"registers\":{\"r1\":\"b\"},\"memory\":[" BLOCK("b", ZEROS24) "]"), PROG(CTX_CALL(xdp_adjust_head, 0)),
	  .fault = "bpf_xdp_adjust_head works on what the context stands for, and this one is memory alone" },
	{ .name = "generic: redirect neither", .json = GENERIC("\"registers\":{\"r1\":\"b\"},\"memory\":[" BLOCK("b", ZEROS24) "]"), PROG(XB_MOV64_IMM(1, 1), CTX_CALL(redirect, 0)), .fault = "bpf_redirect works on" },
	{ .name = "generic: load from a packet", .json = GENERIC("\"registers\":{\"r1\":\"b\"},\"memory\":[" BLOCK("b", ZEROS24 ZEROS24 ZEROS24 ZEROS24 ZEROS24 ZEROS24 ZEROS24 ZEROS24) "]"),
	  PROG(XB_MOV64_REG(6, 1), XB_LD_ABS(BPF_W, 0), XB_EXIT()), OF(SOCKET_FILTER), .fault = "a load from the packet, and the context is memory alone" },
	{ .name = "generic: beyond a __sk_buff", .json = GENERIC("\"registers\":{\"r1\":\"b\"},\"memory\":[" BLOCK("b", ZEROS24 ZEROS24 ZEROS24 ZEROS24 ZEROS24 ZEROS24 ZEROS24 ZEROS24) "]"),
	  PROG(LOAD(BPF_W, 192)), OF(SCHED_CLS), .fault = "past the end of memory 'b'" },
	{ .name = "generic: big-endian", .json = BIG,
	  PROG(XB_LDX_MEM(BPF_H, 0, 1, 0), XB_LDX_MEM(BPF_W, 2, 1, 0), XB_ALU64_REG(BPF_ADD, 0, 2), XB_ST_MEM(BPF_W, 1, 4, 0x01020304), XB_LDX_MEM(BPF_B, 2, 1, 7), XB_ALU64_REG(BPF_ADD, 0, 2), XB_EXIT()),
	  OF(KPROBE), .r0 = 0x0102 + 0x01020304 + 4,
	  .after = GENERIC("\"registers\":{\"r1\":\"b\"},\"memory\":[{\"name\":\"b\",\"type\":\"block\",\"value\":{\"value\":\"AQIDBAECAwQ=\",\"byteorder\":\"be\"}}],\"emulator\":{}") },
	{ .name = "generic: past the end, big-endian", .json = BIG, PROG(LOAD(BPF_W, 5)), OF(KPROBE), .fault = "past the end of memory 'b' (8 bytes)" },

	/* captured */
	{ .name = "captured: a helper that reads the machine", .json = "{\"type\":\"captured\",\"ctx\":{\"subContext\":" GENERIC("") ",\"helperCalls\":{\"14\":[{\"results\":[{\"reg\":0,\"value\":77}]}]}}}",
	  PROG(XB_CALL(BPF_FUNC_get_current_pid_tgid), XB_EXIT()), OF(KPROBE), .r0 = 77 },
	{ .name = "captured: one that is emulated", .json = "{\"type\":\"captured\",\"ctx\":{\"subContext\":" XDP(PACKET) ",\"helperCalls\":{\"5\":[{\"results\":[{\"reg\":0,\"value\":5}]},{\"results\":[{\"reg\":0,\"value\":9}]}]}}}",
	  PROG(XB_CALL(BPF_FUNC_ktime_get_ns), XB_MOV64_REG(6, 0), XB_CALL(BPF_FUNC_ktime_get_ns), XB_ALU64_REG(BPF_SUB, 0, 6), XB_EXIT()), .r0 = 4 },
	{ .name = "captured: beyond the recording", .json = "{\"type\":\"captured\",\"ctx\":{\"subContext\":" XDP(PACKET) ",\"helperCalls\":{\"5\":[]}}}",
	  PROG(XB_CALL(BPF_FUNC_ktime_get_ns), XB_EXIT()), .fault = "bpf_ktime_get_ns: call 1 of it is not in the recording, which has 0" },
	{ .name = "captured: no sub-context", .json = "{\"type\":\"captured\",\"ctx\":{\"helperCalls\":{}}}", PROG(XB_MOV64_IMM(0, 0), XB_EXIT()), .error = "there is no \"subContext\" to run" },
};
/* clang-format on */

static void
register_types(struct xb_emu *emu)
{
	xb_xdp_register(emu);
	xb_skb_register(emu);
	xb_bound_register_types(emu);
	emu->watch = true;
}

static struct xb_context *
parse(const char *json)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = xb_context_parse(NULL, json, strlen(json), &err);

	if (!c)
		fail_msg("%s: %s", json, err.msg);
	return c;
}

static struct xb_bpf_prog *
load(const struct backend *b, const struct row *row)
{
	const struct backend_prog prog = { .insns = row->insns,
		                           .insn_cnt = row->insn_cnt,
		                           .type = row->type,
		                           .attach_type = row->attach_type };
	int fd = backend_prog(b, &prog);
	struct xb_bpf_prog *loaded = backend_emu_prog(b, fd);

	close(fd);
	return loaded;
}

static u32
region_cnt(const struct xb_emu *emu)
{
	struct xb_mem_info info = { .region_gaddr = 0 };
	u64 from = 0;
	u32 cnt = 0;

	for (; xb_mem_next_region(emu->mem, from, &info); cnt++)
		from = info.region_gaddr + 1;
	return cnt;
}

static bool
complain(const struct row *row, const char *what, const char *got, const char *expected)
{
	print_error("row '%s': %s: %s\n  expected: %s\n", row->name, what, got, expected);
	return false;
}

static bool
check_after(const struct row *row, struct xb_bound *bound)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = xb_bound_save(bound, &err);
	size_t bytes = 0;
	char *text = c ? xb_context_print(c, &bytes, &err) : NULL;
	bool ok;

	if (!text)
		return complain(row, "not saved", err.msg, "");
	text[bytes - 1] = 0;
	ok = !row->after || !strcmp(text, row->after);
	if (!ok)
		complain(row, "after", text, row->after);
	xb_context_free(parse(text)); /* loads again */
	xb_context_free(c);
	free(text);
	return ok;
}

static bool
check_out(const struct row *row, const struct xb_bound_out *out)
{
	char got[32];

	if (out->fault)
		return (row->fault && strstr(out->fault->message, row->fault)) ||
		       complain(row, "fault", out->fault->message,
		                row->fault ? row->fault : "none");
	snprintf(got, sizeof(got), "0x%llx", (unsigned long long)out->r0);
	if (row->fault)
		return complain(row, "R0", got, row->fault);
	/* Where the rows cannot know the address. */
	return out->r0 == row->r0 || (row->type == 0 && row->r0 >= 0x10000 && out->r0 >= 0x10000) ||
	       complain(row, "R0", got, "");
}

/* Twice, as nothing of a run may be left for the next. */
static bool
check_row(const struct backend *b, const struct row *row)
{
	struct xb_context *c = parse(row->json);
	const struct xb_bound_opts opts = {
		.context = c, .emu = b->emu, .prog = load(b, row), .playback = { .strict = true }
	};
	u32 before = region_cnt(b->emu);
	struct xb_err err = XB_ERR_INIT;
	struct xb_bound *bound = xb_bound_new(&opts, &err);
	struct xb_bound_out out;
	bool ok = true;

	if (!bound)
		ok = (row->error && !strcmp(row->error, err.msg)) ||
		     complain(row, "error", err.msg, row->error ? row->error : "none");
	else if (row->error)
		ok = complain(row, "error", "none", row->error);
	for (u32 i = 0; bound && ok && i < 2; i++) {
		assert_int_equal(xb_bound_run(bound, &out, &err), 0);
		ok = check_out(row, &out) && check_after(row, bound);
	}
	xb_bound_free(bound);
	xb_context_free(c);
	if (region_cnt(b->emu) != before)
		ok = complain(row, "memory", "is left", "none");
	return ok;
}

static void
test_rows(void **state)
{
	struct backend b;
	u32 failed = 0;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		backend_open_emu(&b, register_types);
		failed += !check_row(&b, &rows[i]);
		backend_close(&b);
	}
	assert_int_equal(failed, 0);
}

/* clang-format off */
static const struct row goes_on_row = { PROG(XB_LDX_MEM(BPF_W, 2, 1, 0), XB_LDX_MEM(BPF_B, 0, 2, 0), XB_ALU64_IMM(BPF_ADD, 0, 1), XB_STX_MEM(BPF_B, 2, 0, 0), XB_EXIT()) };
static const struct row captured_row = { PROG( XB_MOV64_IMM(2, 8), XB_MOV64_REG(3, 1), XB_MOV64_REG(1, 10), XB_ALU64_IMM(BPF_ADD, 1, -8), XB_CALL(BPF_FUNC_probe_read_kernel), XB_CALL(BPF_FUNC_ktime_get_ns), XB_LDX_MEM(BPF_DW, 0, 10, -8), XB_EXIT()) };
static const struct row user_row = { PROG(XB_MOV64_IMM(0, 6), XB_EXIT()), OF(KPROBE) };
/* clang-format on */

/* A context that a run left is where the next one goes on. */
static void
test_goes_on(void **state)
{
	struct xb_context *c = parse(XDP(PACKET));
	struct xb_err err = XB_ERR_INIT;
	struct backend b;

	(void)state;
	backend_open_emu(&b, register_types);
	for (u32 i = 0; i < 3; i++) {
		const struct xb_bound_opts opts = { .context = c,
			                            .emu = b.emu,
			                            .prog = load(&b, &goes_on_row) };
		struct xb_bound *bound = xb_bound_new(&opts, &err);
		struct xb_bound_out out;
		struct xb_context *next;

		assert_non_null(bound);
		assert_int_equal(xb_bound_run(bound, &out, &err), 0);
		assert_int_equal(out.r0, 3 + i);
		assert_int_equal(out.bytes, 17);
		assert_int_equal(out.data[0], 3 + i);
		next = xb_bound_save(bound, &err);
		assert_non_null(next);
		xb_bound_free(bound);
		xb_context_free(c);
		c = next;
	}
	xb_context_free(c);
	backend_close(&b);
}

/* What differs from the recording: a warning, or a fault. */
struct heard {
	u32 cnt;
	char text[256];
};

static void
hear(void *arg, struct xb_proc *proc, const char *text)
{
	struct heard *heard = arg;

	(void)proc;
	heard->cnt++;
	snprintf(heard->text, sizeof(heard->text), "%s", text);
}

static void
run_captured(const struct xb_playback_opts *playback, struct xb_bound_out *out, char *fault)
{
	struct xb_context *c = parse("{\"type\":\"captured\",\"ctx\":{\"subContext\":" XDP(
	        "") ",\"helperCalls\":{\"113\":[{\"params\":[{\"reg\":2,\"value\":4}],\"results\":["
	            "{\"reg\":0,\"value\":0},{\"reg\":1,\"value\":\"AQIDBAUGBwg=\"}]}]}}}");
	struct xb_err err = XB_ERR_INIT;
	struct xb_bound_opts opts = { .context = c, .playback = *playback };
	struct xb_bound *bound;
	struct backend b;

	backend_open_emu(&b, register_types);
	opts.emu = b.emu;
	opts.prog = load(&b, &captured_row);
	bound = xb_bound_new(&opts, &err);
	assert_non_null(bound);
	assert_int_equal(xb_bound_run(bound, out, &err), 0);
	snprintf(fault, 256, "%s", out->fault ? out->fault->message : "");
	xb_bound_free(bound);
	xb_context_free(c);
	backend_close(&b);
}

static void
test_differs(void **state)
{
	struct heard heard = { 0 };
	struct xb_playback_opts opts = { .note = hear, .arg = &heard, .emulate = true };
	struct xb_bound_out out;
	char fault[256];

	(void)state;
	run_captured(&opts, &out, fault);
	assert_string_equal(fault, "");
	assert_int_equal(out.r0, 0x0807060504030201);
	assert_int_equal(heard.cnt, 1);
	assert_string_equal(
	        heard.text,
	        "bpf_probe_read_kernel: recorded call 1 has 0x4 in r2, the program 0x8");
	opts.emulate = false;
	run_captured(&opts, &out, fault);
	assert_non_null(strstr(fault, "bpf_ktime_get_ns: call 1 of it is not in the recording"));
	opts.strict = true;
	run_captured(&opts, &out, fault);
	assert_string_equal(fault, heard.text);
	assert_int_equal(heard.cnt, 2);
}

/* A type of a user's own: what is loaded is cleaned up, once. */
struct counts {
	u32 loaded, cleaned, freed;
	bool fails;
};

static struct counts counts;

static void *
user_read(const char *json, size_t bytes, struct xb_err *err)
{
	(void)json;
	(void)bytes;
	(void)err;
	return &counts;
}

static int
user_load(void *state, struct xb_process *process, void **loaded, struct xb_err *err)
{
	struct counts *c = state;

	(void)process;
	if (c->fails)
		return xb_err_set(err, XB_ERR_USAGE, "it fails");
	*loaded = &c->loaded;
	c->loaded++;
	return 0;
}

static void
user_cleanup(void *state, struct xb_process *process, void *loaded)
{
	struct counts *c = state;

	(void)process;
	assert_ptr_equal(loaded, &c->loaded);
	c->cleaned++;
}

static void
user_free(void *state)
{
	struct counts *c = state;

	c->freed++;
}

static void
test_user(void **state)
{
	static const char json[] = "{\"type\":\"own\",\"ctx\":null}";
	const struct xb_context_type type = { .size = sizeof(type),
		                              .name = "own",
		                              .read = user_read,
		                              .load = user_load,
		                              .cleanup = user_cleanup,
		                              .free = user_free };
	struct xb_err err = XB_ERR_INIT;
	struct xb_context_registry *registry = xb_context_registry_new(&err);
	struct xb_bound_opts opts = { 0 };
	struct xb_bound_out out;
	struct xb_bound *bound;
	struct xb_context *c;
	struct backend b;

	(void)state;
	backend_open_emu(&b, register_types);
	assert_int_equal(xb_context_register(registry, &type, &err), 0);
	c = xb_context_parse(registry, json, sizeof(json) - 1, &err);
	assert_non_null(c);
	opts = (struct xb_bound_opts){ .context = c, .emu = b.emu, .prog = load(&b, &user_row) };
	bound = xb_bound_new(&opts, &err);
	assert_non_null(bound);
	assert_int_equal(xb_bound_run(bound, &out, &err), 0);
	assert_int_equal(out.r0, 6);
	assert_int_equal(xb_bound_run(bound, &out, &err), 0);
	assert_int_equal(counts.loaded, 2);
	assert_int_equal(counts.cleaned, 1);
	assert_null(xb_bound_save(bound, &err));
	assert_string_equal(err.msg, "contexts of type 'own' cannot be written");
	counts.fails = true;
	assert_int_equal(xb_bound_run(bound, &out, &err), -1);
	assert_string_equal(err.msg, "it fails");
	xb_bound_free(bound);
	assert_int_equal(counts.cleaned, 2);
	xb_context_free(c);
	assert_int_equal(counts.freed, 1);
	xb_context_registry_free(registry);
	backend_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_differs),
		cmocka_unit_test(test_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
