/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes with contexts, of each type: what the run finds and leaves, and what does not fit.
 */
#include "tests/lib/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
#define XDP(members)     "{\"type\":\"xdp_md\",\"ctx\":{" members "}}"
#define SKB(members)     "{\"type\":\"sk_buff\",\"ctx\":{" members "}}"
#define GENERIC(members) "{\"type\":\"generic\",\"ctx\":{" members "}}"
#define BLOCK(value)     "\"memory\":[{\"name\":\"b\",\"type\":\"block\",\"value\":{\"value\":\"" value "\",\"byteorder\":\"le\"}}]"
#define R1_BLOCK(value)  GENERIC("\"registers\":{\"r1\":\"b\"}," BLOCK(value))
#define PACKET           "\"packet_hex\":\"0200000000010200000000020800450000\""
#define ZEROS192         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
/* clang-format on */

static const uint8_t packet[17] = "\x02\0\0\0\0\1\2\0\0\0\0\2\x08\0\x45";

/* Adds 1 to the first byte, which it returns. */
#define COUNT                                                                                      \
	XB_LDX_MEM(BPF_W, 2, 1, 0), XB_LDX_MEM(BPF_B, 0, 2, 0), XB_ALU64_IMM(BPF_ADD, 0, 1),       \
	        XB_STX_MEM(BPF_B, 2, 0, 0), XB_EXIT()
#define COUNT_SKB                                                                                  \
	XB_MOV64_REG(6, 1), XB_MOV64_IMM(2, 0), XB_CALL(BPF_FUNC_skb_pull_data),                   \
	        XB_LDX_MEM(BPF_W, 2, 6, 76), XB_LDX_MEM(BPF_B, 0, 2, 0),                           \
	        XB_ALU64_IMM(BPF_ADD, 0, 1), XB_STX_MEM(BPF_B, 2, 0, 0), XB_EXIT()

static struct xb_process *
process(struct xb_machine *m, struct xb_program *prog, const struct xb_context *c)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p = xb_process_new(m, prog, c, NULL, &err);

	if (!p)
		fail_msg("%s", err.msg);
	return p;
}

/* A context that the run left, read again. */
static struct xb_context *
saved(struct xb_process *p)
{
	struct xb_err err = XB_ERR_INIT;
	char *text = xb_process_save_context(p, &err);
	struct xb_context *c;

	if (!text)
		fail_msg("%s", err.msg);
	c = kit_context(text);
	free(text);
	return c;
}

/* Runs, saves, and goes on with what was saved: the packet counts, and the context does not. */
static void
check_packets(uint32_t type, const char *json, const struct bpf_insn *insns, uint32_t cnt)
{
	struct xb_machine *m = kit_linux();
	struct xb_program *prog = kit_typed(m, type, insns, cnt);
	struct xb_context *c = kit_context(json), *next;
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p = process(m, prog, c);
	const uint8_t *data;
	uint8_t expected[17];
	size_t bytes = 99;

	memcpy(expected, packet, sizeof(packet));
	for (uint8_t i = 1; i <= 3; i++) {
		assert_false(xb_process_packet(p, &data, &bytes));
		assert_null(xb_process_save_context(p, &err));
		assert_string_equal(err.msg, "the process is not over");
		KIT_EXPECT_EXIT(2u + i, kit_run(p));
		assert_true(xb_process_packet(p, &data, &bytes));
		assert_int_equal(bytes, sizeof(packet));
		expected[0] = (uint8_t)(2 + i);
		assert_memory_equal(data, expected, bytes);
		assert_int_equal(xb_process_reset(p, &err), 0);
		assert_false(xb_process_packet(p, &data, &bytes));
		while (xb_process_step(p) == XB_PROCESS_RUNNING)
			assert_false(xb_process_packet(p, &data, &bytes));
		KIT_EXPECT_EXIT(2u + i, kit_out(p));
		next = saved(p);
		xb_process_free(p);
		xb_context_free(c);
		c = next;
		p = process(m, prog, c);
	}
	xb_process_free(p);
	xb_context_free(c);
	xb_machine_free(m);
}

static void
test_packets(void **state)
{
	(void)state;
	check_packets(BPF_PROG_TYPE_XDP, XDP(PACKET), KIT_INSNS(COUNT));
	check_packets(BPF_PROG_TYPE_SCHED_CLS, SKB(PACKET), KIT_INSNS(COUNT_SKB));
}

/* After a fault the packet is as it was. */
static void
test_fault(void **state)
{
	struct xb_machine *m = kit_linux();
	struct xb_context *c = kit_context(XDP(PACKET));
	struct xb_process *p =
	        process(m,
	                KIT_PROGRAM(m, XB_LDX_MEM(BPF_W, 2, 1, 0), XB_ST_MEM(BPF_B, 2, 0, 77),
	                            XB_LDX_MEM(BPF_B, 0, 2, 17), XB_EXIT()),
	                c);
	struct xb_context *after;
	const uint8_t *data;
	size_t bytes;

	(void)state;
	KIT_EXPECT_FAULT(OOB_READ, "1 byte past the end of packet (17 bytes)", kit_run(p));
	assert_true(xb_process_packet(p, &data, &bytes));
	assert_int_equal(bytes, 17);
	assert_memory_equal(data, packet, 17);
	after = saved(p);
	assert_string_equal(xb_context_type(after), "xdp_md");
	xb_context_free(after);
	xb_process_free(p);
	xb_context_free(c);
	xb_machine_free(m);
}

/* Contexts that do not fit. */
static void
test_refused(void **state)
{
	static const struct {
		const char *name;
		uint32_t type;
		const char *json, *error;
	} rows[] = {
		{ "xdp_md for TC", BPF_PROG_TYPE_SCHED_CLS, XDP(PACKET),
		  "xdp_md is no context of sched_cls programs" },
		{ "sk_buff for XDP", BPF_PROG_TYPE_XDP, SKB(PACKET),
		  "sk_buff is no context of xdp programs" },
		{ "nothing for XDP", BPF_PROG_TYPE_XDP, GENERIC("\"registers\":{}"),
		  "registers: r1: a program of type xdp looks at a context of 20 bytes" },
		{ "too little for XDP", BPF_PROG_TYPE_XDP, R1_BLOCK("AAAA"),
		  "registers: r1: a program of type xdp looks at a context of 20 bytes" },
		{ "no headroom", BPF_PROG_TYPE_XDP,
		  XDP(PACKET ",\"headroom\":8,\"data_meta\":\"00000000\""),
		  "data_meta: 4 bytes do not fit: a headroom of 8 has room for 0" },
		{ "calls alone", BPF_PROG_TYPE_XDP,
		  "{\"type\":\"captured\",\"ctx\":{\"helperCalls\":{}}}",
		  "there is no \"subContext\" to run" },
	};
	struct xb_machine *m = kit_linux(), *own = kit_machine(NULL);
	struct xb_program *own_prog = KIT_PROGRAM(own, XB_MOV64_IMM(0, 1), XB_EXIT());
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		print_message("%s\n", rows[i].name);
		c = kit_context(rows[i].json);
		assert_null(xb_process_new(
		        m, kit_typed(m, rows[i].type, KIT_INSNS(XB_MOV64_IMM(0, 1), XB_EXIT())), c,
		        NULL, &err));
		assert_string_equal(err.msg, rows[i].error);
		xb_context_free(c);
	}
	c = kit_context(XDP(PACKET));
	assert_null(xb_process_new(own, own_prog, c, NULL, &err));
	assert_string_equal(err.msg, "xdp_md is a context of Linux's programs");
	xb_context_free(c);
	c = kit_context(SKB(PACKET));
	assert_null(xb_process_new(own, own_prog, c, NULL, &err));
	assert_string_equal(err.msg, "sk_buff is a context of Linux's programs");
	xb_context_free(c);
	c = kit_context("{\"type\":\"captured\",\"ctx\":{\"helperCalls\":{}}}");
	assert_null(xb_process_new(own, own_prog, c, NULL, &err));
	assert_string_equal(err.msg, "captured is a context of Linux's programs");
	xb_context_free(c);
	xb_machine_free(m);
	xb_machine_free(own);
}

/* Registers and memory; blocks that the run wrote to are in what is saved. */
static void
test_generic(void **state)
{
	struct xb_machine *m = kit_linux();
	struct xb_context *c = kit_context(GENERIC(
	        "\"registers\":{\"r1\":\"b\",\"r2\":\"n\"},\"memory\":[{\"name\":\"b\","
	        "\"type\":\"block\",\"value\":{\"value\":\"AQIDBA==\",\"byteorder\":\"le\"}},"
	        "{\"name\":\"n\",\"type\":\"int\",\"value\":{\"value\":-2,\"size\":16}}]"));
	struct xb_program *prog =
	        kit_typed(m, BPF_PROG_TYPE_KPROBE,
	                  KIT_INSNS(XB_LDX_MEM(BPF_W, 0, 1, 0), XB_ALU64_REG(BPF_ADD, 0, 2),
	                            XB_STX_MEM(BPF_W, 1, 0, 0), XB_EXIT()));
	struct xb_process *p = process(m, prog, c);
	struct xb_context *after;
	struct xb_err err = XB_ERR_INIT;
	const uint8_t *data;
	uint64_t r2 = 0;
	size_t bytes;

	(void)state;
	assert_int_equal(xb_process_reg(p, 2, &r2), 0);
	assert_int_equal(r2, (uint64_t)-2);
	KIT_EXPECT_EXIT(0x040301ff, kit_run(p));
	assert_false(xb_process_packet(p, &data, &bytes));
	after = saved(p);
	assert_int_equal(xb_process_reset(p, &err), 0);
	KIT_EXPECT_EXIT(0x040301ff, kit_run(p));
	xb_process_free(p);
	p = process(m, prog, after);
	KIT_EXPECT_EXIT(0x040301fd, kit_run(p));
	assert_int_equal(xb_process_set_vcpu(p, 1, &err), 0);
	KIT_EXPECT_EXIT(0x040301fd, kit_run(p));
	xb_process_free(p);
	xb_context_free(after);
	xb_context_free(c);
	xb_machine_free(m);
}

/* A context that is memory alone has no packet that helpers could work on. */
static void
test_generic_helpers(void **state)
{
	static const struct {
		uint32_t type, helper;
	} rows[] = {
		{ BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_adjust_head },
		{ BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_adjust_tail },
		{ BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_get_buff_len },
		{ BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_skb_pull_data },
		{ BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_skb_vlan_pop },
		{ BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_skb_change_type },
		{ BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_get_hash_recalc },
		{ BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_csum_level },
		{ BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_get_socket_cookie },
		{ BPF_PROG_TYPE_CGROUP_SKB, BPF_FUNC_get_socket_uid },
		{ BPF_PROG_TYPE_LWT_XMIT, BPF_FUNC_skb_change_head },
	};
	struct xb_machine *m = kit_linux();
	struct xb_context *c = kit_context(R1_BLOCK(ZEROS192));
	struct xb_process *p;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		p = process(m,
		            kit_typed(m, rows[i].type,
		                      KIT_INSNS(XB_MOV64_IMM(2, 0), XB_MOV64_IMM(3, 0),
		                                XB_CALL((int)rows[i].helper), XB_EXIT())),
		            c);
		assert_int_equal(kit_run(p).kind, XB_FAULT_NOT_EMULATED);
		xb_process_free(p);
	}
	xb_context_free(c);
	xb_machine_free(m);
}

/* On a machine of one's own: there may be a part that every run has. */
static void
test_generic_own(void **state)
{
	const struct bpf_insn insns[] = { XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT() };
	const struct xb_program_opts opts = {
		.size = sizeof(opts), .insns = insns, .insn_cnt = 2, .ctx_bytes = 4
	};
	struct xb_machine *m = kit_machine(NULL);
	struct xb_context *fits = kit_context(R1_BLOCK("AQIDBA==")),
	                  *short_one = kit_context(R1_BLOCK("AQID"));
	struct xb_err err = XB_ERR_INIT;
	struct xb_program *prog = xb_machine_add_program(m, &opts, &err);
	struct xb_process *p = process(m, prog, fits);

	(void)state;
	KIT_EXPECT_EXIT(0x04030201, kit_run(p));
	xb_process_free(p);
	assert_null(xb_process_new(m, prog, short_one, NULL, &err));
	assert_string_equal(err.msg, "registers: r1: a program of type this machine's looks at a "
	                             "context of 4 bytes");
	p = process(m, KIT_PROGRAM(m, XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT()), short_one);
	assert_int_equal(kit_run(p).kind, XB_FAULT_OOB_READ);
	xb_process_free(p);
	xb_context_free(fits);
	xb_context_free(short_one);
	xb_machine_free(m);
}

/* Recorded calls. */
struct notes {
	struct xb_process *process;
	uint32_t cnt;
	char text[200];
};

static void
note(void *arg, struct xb_process *process, const char *text)
{
	struct notes *n = arg;

	n->process = process;
	n->cnt++;
	snprintf(n->text, sizeof(n->text), "%s", text);
}

#define CAPTURED                                                                                   \
	"{\"type\":\"captured\",\"ctx\":{\"subContext\":" XDP(                                     \
	        PACKET) ",\"helperCalls\":{"                                                       \
	                "\"5\":[{\"results\":[{\"reg\":0,\"value\":1234}]}],"                      \
	                "\"28\":[{\"params\":[{\"reg\":5,\"value\":9}],\"results\":[{\"reg\":0,"   \
	                "\"value\":-7}]}]}}}"

/* ktime_get_ns() + csum_diff(0, 0, 0, 0, 4), and once more ktime_get_ns() where there is more. */
static struct xb_process *
captured(struct xb_machine *m, const struct xb_context *c, struct xb_process_opts opts, bool more)
{
	struct xb_program *prog = KIT_PROGRAM(
	        m, XB_CALL(BPF_FUNC_ktime_get_ns), XB_MOV64_REG(7, 0), XB_MOV64_IMM(1, 0),
	        XB_MOV64_IMM(2, 0), XB_MOV64_IMM(3, 0), XB_MOV64_IMM(4, 0), XB_MOV64_IMM(5, 4),
	        XB_CALL(BPF_FUNC_csum_diff), XB_ALU64_REG(BPF_ADD, 7, 0), XB_MOV64_IMM(8, more),
	        XB_JMP_IMM(BPF_JEQ, 8, 0, 1), XB_CALL(BPF_FUNC_ktime_get_ns), XB_MOV64_REG(0, 7),
	        XB_EXIT());
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p;

	opts.size = sizeof(opts);
	p = xb_process_new(m, prog, c, &opts, &err);
	if (!p)
		fail_msg("%s", err.msg);
	return p;
}

static void
test_captured(void **state)
{
	struct xb_machine *m = kit_linux();
	struct xb_context *c = kit_context(CAPTURED), *after;
	struct xb_process_opts opts = { .note = note };
	struct xb_err err = XB_ERR_INIT;
	struct notes notes = { .cnt = 0 };
	struct xb_process *p;
	const uint8_t *data;
	size_t bytes;

	(void)state;
	opts.arg = &notes;
	p = captured(m, c, opts, false);
	for (uint32_t i = 1; i <= 2; i++) { /* afresh each time */
		KIT_EXPECT_EXIT(1227, kit_run(p));
		assert_int_equal(notes.cnt, i);
		assert_ptr_equal(notes.process, p);
		assert_string_equal(
		        notes.text,
		        "bpf_csum_diff: recorded call 1 has 0x9 in r5, the program 0x4");
		assert_true(xb_process_packet(p, &data, &bytes));
		assert_int_equal(bytes, 17);
		after = saved(p);
		assert_string_equal(xb_context_type(after), "captured");
		assert_string_equal(xb_context_type(xb_context_sub(after)), "xdp_md");
		xb_context_free(after);
		assert_int_equal(xb_process_reset(p, &err), 0);
	}
	xb_process_step(p);
	xb_process_step(p); /* in the midst of it */
	assert_int_equal(xb_process_set_vcpu(p, 1, &err), 0);
	KIT_EXPECT_EXIT(1227, kit_run(p));
	xb_process_free(p);

	p = captured(m, c, (struct xb_process_opts){ .strict_calls = true }, false);
	KIT_EXPECT_FAULT(BAD_CALL, "bpf_csum_diff: recorded call 1 has 0x9 in r5, the program 0x4",
	                 kit_run(p));
	xb_process_free(p);
	p = captured(m, c, (struct xb_process_opts){ .note = NULL }, true);
	KIT_EXPECT_FAULT(NOT_EMULATED,
	                 "bpf_ktime_get_ns: call 2 of it is not in the recording, which has 1, and "
	                 "calls beyond it are not to be emulated",
	                 kit_run(p));
	xb_process_free(p);
	p = captured(m, c, (struct xb_process_opts){ .emulate_calls = true }, true);
	KIT_EXPECT_EXIT(1227, kit_run(p));
	xb_process_free(p);
	xb_context_free(c);
	xb_machine_free(m);
}

/* It needs an emulator that was told. */
static void
test_unwatched(void **state)
{
	const struct xb_linux_opts opts = { .size = sizeof(opts) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine *m = kit_machine(xb_linux_emulator(xb_linux_new(&opts, &err)));
	struct xb_context *c = kit_context(CAPTURED);

	(void)state;
	assert_null(
	        xb_process_new(m, KIT_PROGRAM(m, XB_MOV64_IMM(0, 1), XB_EXIT()), c, NULL, &err));
	assert_string_equal(err.msg, "calls of programs are not watched: the emulator's option "
	                             "watch_calls is not set");
	xb_context_free(c);
	xb_machine_free(m);
}

/* A type of the user's: "ctx" is a number; memory that holds it, and R1 to R3. */
struct own {
	uint64_t number;
	uint32_t loads, cleanups;
	bool fails;
	uint32_t *freed;
};

static uint32_t freed;

static void *
own_read(const char *json, size_t bytes, struct xb_err *err)
{
	struct own *o = calloc(1, sizeof(*o));

	(void)bytes;
	(void)err;
	o->number = strtoull(json, NULL, 10);
	o->freed = &freed;
	return o;
}

static int
own_load(void *state, struct xb_process *process, void **loaded, struct xb_err *err)
{
	const struct xb_memory_opts opts = { .size = sizeof(opts),
		                             .name = "number",
		                             .bytes = 8,
		                             .access = XB_ACCESS_READ | XB_ACCESS_WRITE };
	struct xb_machine *m = xb_process_machine(process);
	uint64_t *gaddr = malloc(sizeof(*gaddr)), r1 = 5;
	struct own *o = state;

	if (o->fails) {
		free(gaddr);
		return xb_err_set(err, XB_ERR_SYSTEM, "it fails");
	}
	o->loads++;
	assert_int_equal(xb_machine_map(m, &opts, gaddr, err), 0);
	assert_int_equal(xb_machine_write(m, *gaddr, &o->number, 8, err), 0);
	assert_int_equal(xb_process_reg(process, 1, &r1), 0);
	assert_int_equal(r1, 0);
	assert_int_equal(xb_process_set_reg(process, 1, *gaddr), 0);
	assert_int_equal(xb_process_set_reg(process, 2, 22), 0);
	assert_int_equal(xb_process_set_reg(process, 3, 33), 0);
	/* Not for it to run. */
	assert_int_equal(xb_process_run(process, NULL), XB_PROCESS_READY);
	assert_int_equal(xb_process_step(process), XB_PROCESS_READY);
	assert_int_equal(xb_process_reset(process, err), -1);
	*loaded = gaddr;
	return 0;
}

static void
own_cleanup(void *state, struct xb_process *process, void *loaded)
{
	struct xb_err err = XB_ERR_INIT;
	struct own *o = state;

	o->cleanups++;
	assert_int_equal(xb_machine_unmap(xb_process_machine(process), *(uint64_t *)loaded, &err),
	                 0);
	free(loaded);
}

static char *
own_write(void *state, struct xb_process *process, void *loaded, struct xb_err *err)
{
	const struct own *o = state;
	uint64_t number = o->number;
	char text[32];

	if (process)
		assert_int_equal(xb_machine_read(xb_process_machine(process), *(uint64_t *)loaded,
		                                 &number, 8, err),
		                 0);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return strdup(text);
}

static void
own_free(void *state)
{
	struct own *o = state;

	assert_int_equal(o->loads, o->cleanups);
	++*o->freed;
	free(o);
}

static struct xb_context_registry *
registry_of(struct xb_context_type type)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_context_registry *r = xb_context_registry_new(&err);

	type.size = sizeof(type);
	assert_int_equal(xb_context_register(r, &type, &err), 0);
	return r;
}

static const struct xb_context_type own_type = {
	.name = "number",
	.read = own_read,
	.load = own_load,
	.cleanup = own_cleanup,
	.write = own_write,
	.free = own_free,
};

static void
check_user(struct xb_machine *m, uint32_t type)
{
	static const char json[] = "{\"type\":\"number\",\"ctx\":40}";
	struct xb_context_registry *r = registry_of(own_type);
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = xb_context_parse(r, json, sizeof(json) - 1, &err);
	struct xb_program *prog = kit_typed(
	        m, type,
	        KIT_INSNS(XB_LDX_MEM(BPF_W, 0, 1, 0), XB_ALU64_REG(BPF_ADD, 0, 2),
	                  XB_STX_MEM(BPF_W, 1, 0, 0), XB_LDX_MEM(BPF_DW, 4, 1, 0), XB_EXIT()));
	struct xb_process *p = process(m, prog, c), *q = process(m, prog, c);
	uint64_t value;
	char *text;

	freed = 0;
	assert_int_equal(xb_process_reg(p, 3, &value), 0);
	assert_int_equal(value, 33);
	KIT_EXPECT_EXIT(62, kit_run(p));
	text = xb_process_save_context(p, &err);
	assert_non_null(text);
	assert_non_null(strstr(text, "62"));
	free(text);
	text = xb_context_print(c, NULL, &err);
	assert_non_null(strstr(text, "40"));
	free(text);
	assert_int_equal(xb_process_reset(p, &err), 0);
	KIT_EXPECT_EXIT(62, kit_run(p));
	xb_process_step(q);
	assert_int_equal(xb_process_set_vcpu(q, 0, &err), 0);
	KIT_EXPECT_EXIT(62, kit_run(q));
	xb_process_free(p);
	xb_process_free(q);
	xb_context_free(c);
	assert_int_equal(freed, 2); /* what was read back to be printed, and c */
	xb_context_registry_free(r);
}

static void
test_user(void **state)
{
	struct xb_machine *m = kit_machine(NULL);

	(void)state;
	check_user(m, 0);
	xb_machine_free(m);
	m = kit_linux();
	check_user(m, BPF_PROG_TYPE_KPROBE);
	check_user(m, BPF_PROG_TYPE_CGROUP_SKB);
	xb_machine_free(m);
}

/* R1 leads anywhere, whatever the program's type was proved to have there. */
static int
wild_load(void *state, struct xb_process *process, void **loaded, struct xb_err *err)
{
	const struct own *o = state;

	(void)err;
	*loaded = NULL;
	return o->number ? xb_process_set_reg(process, 1, o->number) : 0;
}

static void
test_user_wild(void **state)
{
	static const char *const jsons[] = { "{\"type\":\"wild\",\"ctx\":0}",
		                             "{\"type\":\"wild\",\"ctx\":99999999999999}" };
	struct xb_context_registry *r = registry_of((struct xb_context_type){
	        .name = "wild", .read = own_read, .load = wild_load, .free = own_free });
	struct xb_machine *m = kit_linux();
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	for (int i = 0; i < 4; i++) {
		const char *json = jsons[i / 2];
		struct xb_context *c = xb_context_parse(r, json, strlen(json), &err);
		struct xb_process *p =
		        process(m,
		                i % 2 ? KIT_PROGRAM(m, XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT())
		                      : KIT_PROGRAM(m, XB_MOV64_IMM(2, 0),
		                                    XB_CALL(BPF_FUNC_xdp_adjust_head), XB_EXIT()),
		                c);

		assert_int_equal(xb_process_run(p, NULL), XB_PROCESS_FAULTED);
		assert_null(xb_process_save_context(p, &err));
		assert_string_equal(err.msg, "contexts of type 'wild' cannot be written");
		xb_process_free(p);
		xb_context_free(c);
	}
	xb_context_registry_free(r);
	xb_machine_free(m);
}

static struct own *last_own;

static void *
own_read_kept(const char *json, size_t bytes, struct xb_err *err)
{
	last_own = own_read(json, bytes, err);
	return last_own;
}

/* A context that cannot be loaded afresh leaves a process that does not run. */
static void
test_user_fails(void **state)
{
	static const char json[] = "{\"type\":\"number\",\"ctx\":1}";
	struct xb_context_type type = own_type;
	struct xb_context_registry *r;
	struct xb_machine *m = kit_machine(NULL);
	struct xb_program *prog = KIT_PROGRAM(m, XB_LDX_MEM(BPF_DW, 0, 1, 0), XB_EXIT());
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c;
	struct xb_process *p;

	(void)state;
	type.read = own_read_kept;
	r = registry_of(type);
	c = xb_context_parse(r, json, sizeof(json) - 1, &err);
	last_own->fails = true;
	assert_null(xb_process_new(m, prog, c, NULL, &err));
	assert_string_equal(err.msg, "it fails");
	last_own->fails = false;
	p = process(m, prog, c);
	KIT_EXPECT_EXIT(1, kit_run(p));
	for (int i = 0; i < 2; i++) {
		last_own->fails = true;
		assert_int_equal(i ? xb_process_set_vcpu(p, 0, &err) : xb_process_reset(p, &err),
		                 -1);
		assert_string_equal(err.msg, "it fails");
		KIT_EXPECT_FAULT(BAD_CONTEXT, "the context was not loaded: it fails", kit_run(p));
		assert_int_equal(xb_process_step(p), XB_PROCESS_FAULTED);
		assert_int_equal(xb_process_frame_cnt(p), 1);
		assert_null(xb_process_save_context(p, &err));
		assert_string_equal(err.msg, "the context was not loaded");
		last_own->fails = false;
		assert_int_equal(xb_process_reset(p, &err), 0);
		KIT_EXPECT_EXIT(1, kit_run(p));
	}
	xb_process_free(p);
	xb_context_free(c);
	xb_context_registry_free(r);
	xb_machine_free(m);
}

/* A type that is for reading alone; and a process that has no context. */
static void
test_cannot(void **state)
{
	static const char json[] = "{\"type\":\"text\",\"ctx\":1}";
	struct xb_context_registry *r = registry_of(
	        (struct xb_context_type){ .name = "text", .read = own_read, .free = own_free });
	struct xb_machine *m = kit_machine(NULL);
	struct xb_program *prog = KIT_PROGRAM(m, XB_MOV64_IMM(0, 0), XB_EXIT());
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = xb_context_parse(r, json, sizeof(json) - 1, &err);
	struct xb_process *p = kit_process(m, prog);
	const uint8_t *data;
	size_t bytes;

	(void)state;
	assert_null(xb_process_new(m, prog, c, NULL, &err));
	assert_string_equal(err.msg, "contexts of type 'text' cannot be run");
	KIT_EXPECT_EXIT(0, kit_run(p));
	assert_false(xb_process_packet(p, &data, &bytes));
	assert_null(xb_process_save_context(p, &err));
	assert_string_equal(err.msg, "the process has no context");
	xb_process_free(p);
	xb_context_free(c);
	xb_context_registry_free(r);
	xb_machine_free(m);
}

/* Moved to another virtual CPU, with each kind of context. */
static void
test_vcpu(void **state)
{
	static const struct {
		uint32_t type;
		const char *json;
	} rows[] = {
		{ BPF_PROG_TYPE_XDP, XDP(PACKET) },
		{ BPF_PROG_TYPE_SCHED_CLS, SKB(PACKET) },
		{ BPF_PROG_TYPE_KPROBE, GENERIC("\"registers\":{}") },
		{ BPF_PROG_TYPE_XDP, "{\"type\":\"captured\",\"ctx\":{\"subContext\":" XDP(
		                             PACKET) ",\"helperCalls\":{\"8\":[{\"results\":[{"
		                                     "\"reg\":0,\"value\":5}]}]}}}" },
	};
	struct xb_machine *m = kit_linux();
	struct xb_err err = XB_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct xb_context *c = kit_context(rows[i].json);
		struct xb_program *prog =
		        kit_typed(m, rows[i].type,
		                  KIT_INSNS(XB_CALL(BPF_FUNC_get_smp_processor_id), XB_EXIT()));
		struct xb_process *p = process(m, prog, c);

		for (uint32_t cpu = 2; cpu-- > 0;) {
			xb_process_step(p);
			assert_int_equal(xb_process_set_vcpu(p, cpu, &err), 0);
			assert_int_equal(xb_process_vcpu(p), cpu);
			KIT_EXPECT_EXIT(i == 3 ? 5 : cpu, kit_run(p));
			assert_int_equal(xb_process_reset(p, &err), 0);
		}
		xb_process_free(p);
		xb_context_free(c);
	}
	xb_machine_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_generic),
		cmocka_unit_test(test_generic_helpers),
		cmocka_unit_test(test_generic_own),
		cmocka_unit_test(test_captured),
		cmocka_unit_test(test_unwatched),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_user_wild),
		cmocka_unit_test(test_user_fails),
		cmocka_unit_test(test_cannot),
		cmocka_unit_test(test_vcpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
